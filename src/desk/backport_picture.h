/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_BACKPORT_PICTURE_H
#define VULNDESK_DESK_BACKPORT_PICTURE_H

#include "desk/backport.h"

/* The lines of a case as a picture (engine/backport/map.h); pure. */
#define BACKPORT_PICTURE_MAX 400000 /* bytes */

/* standalone: a file of its own; else a line leads to "#line-N", N its index.  Appends to out. */
enum rc backport_picture(struct arena *a, const struct view_backport *v, bool standalone,
                         struct buf *out, struct err *e) WARN_UNUSED;

/* What the tests of a line say: "running", "pass", "fail", "untested", "not-run", or "none": the
 * line needs none. */
const char *backport_tests_name(const struct view_backport_line *l);
/* The line has what it needs without a backport. */
bool backport_needs_none(const struct view_backport_line *l);

#endif
