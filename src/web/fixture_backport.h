/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_FIXTURE_BACKPORT_H
#define VULNDESK_WEB_FIXTURE_BACKPORT_H

#include "desk/backport.h"

/* Invented backports and an invented register, for the preview and the tests of the pages. */
void fixture_backport(struct arena *a, struct view_backport *v);
void fixture_lines(struct arena *a, struct view_lines *v);

#endif
