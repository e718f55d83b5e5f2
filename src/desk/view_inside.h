/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_VIEW_INSIDE_H
#define VULNDESK_DESK_VIEW_INSIDE_H

#include "desk/inside.h"
#include "desk/view.h"
#include "store/ops_clock.h"
#include "store/ops_message.h"
#include "store/ops_view.h"

/* Pieces of the read models, for view.c and view_case.c. */

/* A snapshot, unless a transaction is open already. */
enum rc view_begin(struct desk *d, struct tx *tx, struct err *e) WARN_UNUSED;
/* The secret of a way back, where the text quotes one, is taken out. */
enum rc view_without_way_back(struct desk *d, struct arena *a, struct str *body, struct err *e)
    WARN_UNUSED;
/* ret_facts (may be NULL): a new reference. */
enum rc view_phase(struct arena *a, const struct case_row *c, char rm, struct str *ret_text,
                   struct str *ret_name, json_t **ret_facts, struct err *e) WARN_UNUSED;
void view_clock_fill(const struct desk *d, const struct clock_row *c, int64_t now_us,
                     struct view_clock *v);
enum rc view_message_fill(struct desk *d, struct arena *a, const struct message_row *m,
                          struct view_message *v, struct err *e) WARN_UNUSED;
/* *ret_more is set (never cleared) when the limit of q was reached. */
enum rc view_messages(struct desk *d, struct arena *a, const struct message_query *q,
                      struct view_message **ret, size_t *ret_n, bool *ret_more, struct err *e)
    WARN_UNUSED;
void view_thread_head(const struct thread_row *t, struct view_thread *v); /* without messages */
enum rc view_thread_fill(struct desk *d, struct arena *a, const struct thread_row *t,
                         struct view_thread *v, bool *ret_more, struct err *e) WARN_UNUSED;

#endif
