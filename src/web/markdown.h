/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_MARKDOWN_H
#define VULNDESK_WEB_MARKDOWN_H

#include "web/html.h"

/*
 * Markdown (GitHub's dialect: tables, strikethrough, task lists, bare links) to HTML that is safe
 * to write into a page: raw HTML is shown as text, links only where url_allowed() says so, pictures
 * become links (a page loads nothing from elsewhere), characters that hide or reorder text are
 * shown.  Headings carry GitHub's anchors, "-1", "-2" for repeated ones.
 */
#define MARKDOWN_IN_MAX   262144
#define MARKDOWN_OUT_MAX  4194304
#define MARKDOWN_HEADINGS 500 /* with an anchor; further ones have none */

/* Appends to out and points *ret_h at it: out must outlive ret_h.  RC_LIMIT beyond the limits. */
enum rc markdown_render(struct str text, struct buf *out, struct html_safe *ret_h, struct err *e)
    WARN_UNUSED;

#endif
