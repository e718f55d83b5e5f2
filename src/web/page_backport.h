/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_BACKPORT_H
#define VULNDESK_WEB_PAGE_BACKPORT_H

#include "desk/backport.h"
#include "web/pages.h"
#include "web/views_backport.h"

/* The pages of a case's backports and of the register of lines; pure, as pages.h. */
#define BACKPORT_CONFLICTS 20 /* files whose conflicts are shown */
#define BACKPORT_NAMES     30 /* tests that are named */
#define BACKPORT_ROWS      500

/* draft: a form that was not taken, and where: key is the line's name or the script's id. */
void page_backport_write(const struct maker *m, struct page_frame frame,
                         const struct view_backport *v, const struct draft *draft, struct buf *out);
/* nth: of v->of. */
void page_backport_line_write(const struct maker *m, struct page_frame frame,
                              const struct view_backport *v, size_t nth, const struct draft *draft,
                              struct buf *out);
/* nth: of v->scripts. */
void page_backport_script_write(const struct maker *m, struct page_frame frame,
                                const struct view_backport *v, size_t nth,
                                const struct draft *draft, struct buf *out);
void page_lines_write(const struct maker *m, struct page_frame frame, const struct view_lines *v,
                      struct buf *out);
/* One line to be changed; l NULL: a new one. */
void page_mline_write(const struct maker *m, struct page_frame frame, const struct view_lines *v,
                      const struct view_mline *l, const struct draft *draft, struct buf *out);

/* ---- page_backport.c, for page_backport_line.c ---- */

void port_row_fill(const struct maker *m, const struct view_backport *v, size_t nth,
                   struct port_row_view *ret);
void port_script_fill(const struct maker *m, const struct view_reproducer *s,
                      struct port_script_view *ret);
/* What stands there is no pick: a person made it. */
bool port_uploaded(const struct view_backport_line *l);
/* "2026-01-24"; empty for 0. */
struct str port_day(const struct maker *m, int64_t at_us);
/* What had been typed into a field of that form, when it is the one that was not taken. */
struct str port_typed(const struct draft *d, const char *form, const char *name);
bool port_open(const struct draft *d, const char *form);

#endif
