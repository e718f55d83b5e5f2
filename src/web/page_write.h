/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_WRITE_H
#define VULNDESK_WEB_PAGE_WRITE_H

#include "web/pages.h"
#include "web/views_write.h"

/* A fresh random token of one form (desk/reply.h). */
struct str form_token(const struct maker *m);

/*
 * What stands in the form of a thread, or of the note (t NULL): typed before an error, else the own
 * draft with the text to start from below it.
 */
struct writing_view writing_of(const struct maker *m, const struct view_case *c,
                               const struct view_thread *t, const struct case_extra *x);
/* Colleagues who write in this case just now. */
void writers_of(const struct maker *m, const struct view_case *c, struct writer_view **ret,
                size_t *ret_n);
void canned_options(const struct maker *m, const struct canned *c, struct option_view **ret,
                    size_t *ret_n);

#endif
