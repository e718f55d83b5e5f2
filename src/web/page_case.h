/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_CASE_H
#define VULNDESK_WEB_PAGE_CASE_H

#include "web/pages.h"

/* The forms of the case page: only moves that the case allows now are offered. */
void case_forms_fill(const struct maker *m, const struct view_case *c,
                     const struct case_extra *extra, struct page_case *p);

#endif
