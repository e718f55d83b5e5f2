/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_ERROR_PAGE_H
#define VULNDESK_WEB_ERROR_PAGE_H

#include "base/buf.h"

/* "Not found" for 404; never NULL. */
const char *http_status_words(int status);
/* A whole page about a failure, without anything that only core knows. */
void error_page(struct buf *out, int status, struct str why);

#endif
