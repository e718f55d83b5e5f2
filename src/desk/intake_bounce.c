/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery reports, attached to the outgoing mail they tell of; never answered.
 * Runs in core.
 * Input: the parse child's reading of a report.  Anybody can forge one, but only with the random
 * Message-ID or tag of our mail; the worst it can do is to show a delivery as failed.
 */
#include "base/utf8.h"
#include "desk/intake_inside.h"
#include "store/outbox.h"

enum rc intake_bounced_mail(struct desk *d, struct arena *a, const struct mail *m,
                            const struct intake_env *env, struct mail_row *ret, struct err *e)
{
    if (m->report.original_mid.n > 0) {
        enum rc rc = ops_mail_by_mid(d->db, a, m->report.original_mid, ret, e);
        if (rc != RC_NOTFOUND)
            return rc;
    }
    for (size_t i = 0; i < m->in_reply_to.n; i++) {
        enum rc rc = ops_mail_by_mid(d->db, a, m->in_reply_to.p[i], ret, e);
        if (rc != RC_NOTFOUND)
            return rc;
    }
    /* Whoever polls a mailbox sees no envelope: then the field tells. */
    for (size_t i = 0; i < m->to.n; i++) {
        struct thread_row t;
        struct str tag = address_tag(d, m->to.p[i].addr);
        if (tag.n > 0 && ops_thread_by_tag(d->db, a, tag, &t, e) == RC_OK)
            return ops_mail_last(d->db, a, t.id, ret, e);
    }
    for (size_t i = 0; i < env->n_rcpts; i++) {
        struct thread_row t;
        struct str tag = address_tag(d, env->rcpts[i]);
        if (tag.n == 0 || ops_thread_by_tag(d->db, a, tag, &t, e) != RC_OK)
            continue;
        return ops_mail_last(d->db, a, t.id, ret, e);
    }
    return err_set(e, RC_NOTFOUND, "no mail of ours is meant");
}

/* The recipient of the report that is our mail's; the only one otherwise. */
static const struct dsn_recipient *recipient_of(const struct dsn_result *r,
                                                const struct mail_row *mail)
{
    for (size_t i = 0; i < r->n_recipients; i++)
        if (address_same(r->recipients[i].addr, mail->rcpt) ||
            address_same(r->recipients[i].final, mail->rcpt))
            return &r->recipients[i];
    return r->n_recipients == 1 ? &r->recipients[0] : NULL;
}

enum rc intake_bounce(struct desk *d, struct arena *a, const struct mail *m,
                      const struct mail_row *mail, struct message_row *row, struct err *e)
{
    static const struct actor machine = ACTOR_INIT_MACHINE;
    const struct dsn_recipient *r = recipient_of(&m->report, mail);
    struct str words = STR("the report does not name a reason");
    if (r && (r->status.n > 0 || r->diagnostic.n > 0))
        words = arena_strf(a, "%.*s %.*s", STR_ARG(r->status), STR_ARG(r->diagnostic));
    words = utf8_clip(words, OUTBOX_ANSWER_MAX);
    bool failed = m->report.kind == DSN_BOUNCE && !(r && (r->temporary || r->action != DSN_FAILED));
    if (failed && !str_eq(mail->state, STR("failed")))
        TRY(ops_mail_bounced(d->db, mail->id, 0, words, desk_now(d), e));
    if (mail->case_id == 0)
        return RC_OK;
    return desk_event(d, &machine, mail->case_id, failed ? "mail.failed" : "mail.report",
                      json_pack("{s:I, s:I, s:s, s:o}", "outbox", (json_int_t)mail->id, "message",
                                (json_int_t)row->id, "report", dsn_kind_name(m->report.kind),
                                "answer", json_str(words)),
                      e);
}
