/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a person: quarantine, and the decision about held messages.
 * Runs in core.
 * Input: arguments of team members; the message itself was written by desk/intake.c.
 */
#include "desk/clock.h"
#include "desk/intake_inside.h"
#include "desk/notice.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

struct quarantine {
    const struct intake_env *env;
    const struct intake_blob *blob;
    struct str reason;
    struct intake_result r;
};

static enum rc quarantine_tx(struct desk *d, void *arg, struct err *e)
{
    struct quarantine *q = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row;
    q->r = (struct intake_result){.kind = INTAKE_QUARANTINED, .keep_blob = q->blob->name.n > 0};
    enum rc rc = ops_message_by_spool(d->db, a, q->env->spool, &row, e);
    if (rc == RC_OK) {
        q->r.again = true;
        q->r.message_id = row.id;
        struct blob_row b = {.name = STR_NONE};
        if (row.blob_id)
            TRY(blob_get(d->db, a, row.blob_id, &b, e));
        q->r.keep_blob = b.name.n > 0 && str_eq(b.name, q->blob->name);
        return RC_OK;
    }
    if (rc != RC_NOTFOUND)
        return rc;
    row = (struct message_row){.spool = q->env->spool,
                               .envelope = q->env->envelope,
                               .direction = STR("in"),
                               .state = STR("quarantined"),
                               .hold_reason = q->reason,
                               .from_name = STR_NONE,
                               .from_addr = STR_NONE,
                               .return_path = address_canon(a, q->env->return_path),
                               .subject = STR_NONE,
                               .mid = STR_NONE,
                               .refs = STR_NONE,
                               .trust = STR("none"),
                               .body = STR_NONE,
                               .facts = STR("{}"),
                               .ack = STR_NONE,
                               .received_us = q->env->received_us};
    TRY(intake_blob_add(d, q->blob, &row.blob_id, e));
    row.origin = q->env->web ? STR("web") : q->env->origin;
    TRY(ops_message_insert(d->db, &row, &q->r.message_id, e));
    TRY(intake_web_held(d, q->env, q->r.message_id, e));
    return desk_event(d, &machine, 0, "message.quarantined",
                      json_pack("{s:I}", "message", (json_int_t)q->r.message_id), e);
}

enum rc desk_quarantine(struct desk *d, const struct intake_env *env,
                        const struct intake_blob *blob, struct str reason,
                        struct intake_result *ret, struct err *e)
{
    struct quarantine q = {.env = env, .blob = blob, .reason = reason};
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    TRY(desk_run(d, quarantine_tx, &q, e));
    *ret = q.r;
    return RC_OK;
}

/* ---- a person decides ---- */

struct decide {
    const struct actor *who;
    int64_t message_id;
    struct str number, reason;
    struct intake_result r;
};

static enum rc load(struct desk *d, struct arena *a, const struct decide *p,
                    struct message_row *ret, struct err *e)
{
    TRY(ops_message_get(d->db, a, p->message_id, ret, e));
    if (!str_eq(ret->state, STR("held")) && !str_eq(ret->state, STR("quarantined")) &&
        !str_eq(ret->state, STR("spam")))
        return err_set(e, RC_INVALID, "this message does not wait for a decision");
    return RC_OK;
}

/* The sender's own thread in that case, made if missing. */
static enum rc thread_in(struct desk *d, struct arena *a, const struct decide *p, int64_t case_id,
                         const struct message_row *row, struct thread_row *ret, struct err *e)
{
    struct open_case oc;
    struct thread_row *t;
    size_t n;
    int64_t participant, thread;
    TRY(case_load_open(d, a, case_id, &oc, e));
    TRY(ops_thread_list(d->db, a, case_id, &t, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (address_same(row->from_addr, t[i].email)) {
            *ret = t[i];
            return RC_OK;
        }
    }
    struct participant_new np = {.case_id = case_id,
                                 .role = STR("reporter"),
                                 .name = row->from_name,
                                 .email = row->from_addr,
                                 .rm = 'A',
                                 .subject = row->subject};
    TRY(vcase_add_participant(d, p->who, &np, &participant, &thread, e));
    TRY(clock_start_all(d, case_id, thread, desk_now(d), e));
    return ops_thread_get(d->db, a, thread, ret, e);
}

/* What the rules said about an automatic answer when the mail came. */
enum rc intake_why_then(const struct message_row *row, enum autoreply_why *ret, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    struct str word = STR_NONE;
    *ret = AUTOREPLY_NO_PATH;
    TRY(json_parse(row->facts, 64 * 1024, "facts of a message", &facts, e));
    if (json_get_str(facts, "autoreply", 64, &word, NULL) != RC_OK)
        return RC_OK;
    for (int i = 0; i < AUTOREPLY_WHY_COUNT; i++)
        if (str_eq(word, str_c(autoreply_why_name((enum autoreply_why)i))))
            *ret = (enum autoreply_why)i;
    /* A person took it out of the spam. */
    if (*ret == AUTOREPLY_SPAM)
        *ret = AUTOREPLY_SEND;
    return RC_OK;
}

static enum rc release_tx(struct desk *d, void *arg, struct err *e)
{
    struct decide *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row;
    p->r = (struct intake_result){.message_id = p->message_id, .kind = INTAKE_JOINED};
    TRY(load(d, a, p, &row, e));
    p->r.keep_blob = row.blob_id != 0;
    row.hold_reason = p->reason;
    if (p->number.n == 0) {
        enum autoreply_why why;
        TRY(intake_why_then(&row, &why, e));
        TRY(intake_open(d, p->who, &row, why, &p->r, e));
        return intake_web_released(d, row.id, p->r.thread_id, e);
    }
    struct thread_row t;
    struct case_row c;
    TRY(vcase_by_number(d, p->number, &p->r.case_id, e));
    TRY(thread_in(d, a, p, p->r.case_id, &row, &t, e));
    p->r.thread_id = t.id;
    TRY(intake_join(d, p->who, &row, &t, true, e));
    TRY(intake_web_released(d, row.id, t.id, e));
    TRY(notice_team(d, p->who, NOTICE_REPLY, p->r.case_id, e));
    TRY(ops_case_get(d->db, a, p->r.case_id, &c, e));
    return str_copy(p->r.number, sizeof(p->r.number), c.number, "case number", e);
}

enum rc held_release(struct desk *d, const struct actor *who, int64_t message_id, struct str number,
                     struct str reason, struct intake_result *ret, struct err *e)
{
    struct decide p = {.who = who, .message_id = message_id, .number = number, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    TRY(desk_run(d, release_tx, &p, e));
    *ret = p.r;
    return RC_OK;
}

static enum rc put_away(struct desk *d, const struct decide *p, struct message_row *row, bool spam,
                        struct err *e)
{
    row->state = spam ? STR("spam") : STR("discarded");
    row->hold_reason = p->reason;
    TRY(ops_message_place(d->db, row, e));
    TRY(intake_web_released(d, row->id, 0, e));
    return desk_event(
        d, p->who, row->case_id, spam ? "message.spam" : "message.discarded",
        json_pack("{s:I, s:o}", "message", (json_int_t)row->id, "reason", json_str(p->reason)), e);
}

static enum rc discard_tx(struct desk *d, void *arg, struct err *e)
{
    struct decide *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row;
    TRY(load(d, a, p, &row, e));
    return put_away(d, p, &row, false, e);
}

struct many {
    const struct actor *who;
    const struct held_many *m;
    size_t done;
};

static enum rc many_tx(struct desk *d, void *arg, struct err *e)
{
    struct many *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    k->done = 0;
    for (size_t i = 0; i < k->m->n; i++) {
        struct decide p = {.who = k->who, .message_id = k->m->ids[i], .reason = k->m->reason};
        struct message_row row;
        enum rc rc = load(d, a, &p, &row, e);
        if (rc == RC_INVALID || rc == RC_NOTFOUND ||
            (rc == RC_OK && k->m->spam && str_eq(row.state, STR("spam"))))
            continue; /* somebody else was faster */
        TRY(rc);
        TRY(put_away(d, &p, &row, k->m->spam, e));
        k->done++;
    }
    return RC_OK;
}

enum rc held_decide_many(struct desk *d, const struct actor *who, const struct held_many *m,
                         size_t *ret_done, struct err *e)
{
    struct many k = {.who = who, .m = m};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(m->reason, DESK_REASON_MAX, "the reason", e));
    if (m->n == 0)
        return err_set(e, RC_INVALID, "no message was ticked");
    if (m->n > HELD_MANY_MAX)
        return err_set(e, RC_LIMIT, "at most %d messages are decided at once", HELD_MANY_MAX);
    TRY(desk_run(d, many_tx, &k, e));
    *ret_done = k.done;
    return RC_OK;
}

enum rc held_discard(struct desk *d, const struct actor *who, int64_t message_id, struct str reason,
                     struct err *e)
{
    struct decide p = {.who = who, .message_id = message_id, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, discard_tx, &p, e);
}
