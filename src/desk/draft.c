/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of replies and notes.
 * Runs in core.
 * Input: texts of team members, checked here.
 */
#include "desk/draft.h"

#include "desk/inside.h"
#include "desk/reply.h"
#include "store/ops_draft.h"

struct keep {
    const struct actor *who;
    const struct draft_new *n;
    bool kept;
};

static enum rc keep_tx(struct desk *d, void *arg, struct err *e)
{
    struct keep *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    int64_t sent;
    struct draft_row row = {.account_id = k->who->account_id,
                            .case_id = k->n->case_id,
                            .thread_id = k->n->thread_id,
                            .changed_us = desk_now(d),
                            .text = k->n->text};
    k->kept = false;
    if (row.thread_id) {
        TRY(ops_thread_get(d->db, a, row.thread_id, &t, e));
        if (t.case_id != row.case_id)
            return err_set(e, RC_NOTFOUND, "the case has no such thread");
    }
    /* A browser that saves every few seconds may be late by one. */
    TRY(form_sent(d, a, k->who, k->n->token, &sent, e));
    if (sent)
        return RC_OK;
    if (str_trim(row.text).n == 0)
        return ops_draft_drop(d->db, &row, e);
    k->kept = true;
    return ops_draft_put(d->db, &row, e);
}

enum rc draft_keep(struct desk *d, const struct actor *who, const struct draft_new *n,
                   bool *ret_kept, struct err *e)
{
    struct keep k = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    if (who->account_id == 0)
        return err_set(e, RC_DENIED, "only an account has drafts");
    if (n->token.n > FORM_TOKEN_MAX)
        return err_set(e, RC_LIMIT, "the form's token is too long");
    if (str_trim(n->text).n)
        TRY(desk_check_text(n->text, DESK_TEXT_MAX, "the draft", e));
    TRY(desk_run(d, keep_tx, &k, e));
    *ret_kept = k.kept;
    return RC_OK;
}
