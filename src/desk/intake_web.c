/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came by a form of ours: a report, or an answer from a reporter's page.
 * Runs in core, inside the transaction of desk_intake.
 * Input: the parse child's record of a mail that core itself composed out of a stranger's words;
 * the thread and the way back are core's own, proven by its mark.
 */
#include "base/hex.h"
#include "desk/clock.h"
#include "desk/intake_inside.h"
#include "store/ops_people.h"
#include "store/ops_webform.h"

#define HASH_LEN 32

static const struct actor machine = ACTOR_INIT_MACHINE;

/* The hash of a web record's way back; false without. */
static bool way_hash(const struct intake_env *env, unsigned char ret[HASH_LEN])
{
    return env->web && hex_get(env->web_way, ret, HASH_LEN, "way back", NULL) == RC_OK;
}

/* The link becomes a way back; nothing when it is one already. */
static enum rc way_open(struct desk *d, struct str hash, int64_t thread_id, struct err *e)
{
    struct way_row there;
    int64_t now = desk_now(d);
    enum rc rc = ops_way_get(d->db, hash, &there, e);
    if (rc != RC_NOTFOUND)
        return rc;
    struct way_row w = {
        .thread_id = thread_id, .created_us = now, .expires_us = now + d->set->limits.way_back_us};
    return ops_way_insert(d->db, &w, hash, e);
}

enum rc intake_web_done(struct desk *d, const struct intake_env *env, struct err *e)
{
    unsigned char hash[HASH_LEN];
    return way_hash(env, hash) ? ops_web_pending_drop(d->db, str_of(hash, sizeof hash), e) : RC_OK;
}

enum rc intake_web_held(struct desk *d, const struct intake_env *env, int64_t message_id,
                        struct err *e)
{
    unsigned char hash[HASH_LEN];
    return way_hash(env, hash)
               ? ops_web_pending_hold(d->db, str_of(hash, sizeof hash), message_id, e)
               : RC_OK;
}

enum rc intake_web_released(struct desk *d, int64_t message_id, int64_t thread_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(4096);
    struct str hash;
    enum rc rc = ops_web_pending_of(d->db, a, message_id, &hash, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    if (thread_id)
        TRY(way_open(d, hash, thread_id, e));
    return ops_web_pending_drop(d->db, hash, e);
}

/* Nobody can be written to: what the answer page said was the acknowledgement. */
static enum rc anonymous(struct desk *d, struct arena *a, const struct intake_result *r,
                         struct err *e)
{
    TRY(clock_answered(d, r->case_id, r->thread_id, false, e));
    return case_acknowledged(d, a, r->case_id, "an anonymous report: its form was answered", e);
}

static enum rc opened(struct desk *d, struct arena *a, const struct message_row *row,
                      struct str hash, const struct intake_result *r, struct err *e)
{
    TRY(way_open(d, hash, r->thread_id, e));
    return row->from_addr.n ? RC_OK : anonymous(d, a, r, e);
}

/* A further message of a thread: of its session, or the same form sent again with other words. */
static enum rc further(struct desk *d, struct arena *a, struct message_row *row, int64_t thread_id,
                       struct str hash, enum autoreply_why why, struct intake_result *ret,
                       struct err *e)
{
    struct thread_row t;
    struct case_row c;
    TRY(ops_thread_get(d->db, a, thread_id, &t, e));
    TRY(ops_case_get(d->db, a, t.case_id, &c, e));
    row->trust = STR("tag");
    row->from_name = t.name;
    row->from_addr = t.email;
    row->subject = t.subject;
    TRY(ops_message_insert(d->db, row, &row->id, e));
    ret->message_id = row->id;
    if (c.closed_us) {
        TRY(intake_reopen(d, row, c.id, why, ret, e));
        return opened(d, a, row, hash, ret, e);
    }
    struct actor who = {.kind = ACTOR_REPORTER,
                        .login = STR_NONE,
                        .thread_id = t.id,
                        .participant_id = t.participant_id};
    TRY(intake_join(d, &who, row, &t, true, e));
    ret->kind = INTAKE_JOINED;
    ret->case_id = row->case_id;
    ret->thread_id = row->thread_id;
    return RC_OK;
}

enum rc intake_web(struct desk *d, struct arena *a, const struct intake_env *env,
                   struct message_row *row, enum autoreply_why why, struct intake_result *ret,
                   struct err *e)
{
    unsigned char raw[HASH_LEN];
    struct way_row way = {.thread_id = 0};
    if (!way_hash(env, raw))
        return err_set(e, RC_INVALID, "a record of a form without its way back");
    struct str hash = str_of(raw, sizeof raw);
    enum rc rc = ops_way_get(d->db, hash, &way, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    row->origin = STR("web");
    /* The From of the composed mail stands for nobody when no address was given. */
    if (row->return_path.n == 0)
        row->from_addr = STR_NONE;
    int64_t thread = env->web_thread ? env->web_thread : way.thread_id;
    if (thread) {
        TRY(further(d, a, row, thread, hash, why, ret, e));
    } else {
        TRY(ops_message_insert(d->db, row, &row->id, e));
        ret->message_id = row->id;
        TRY(intake_open(d, &machine, row, why, ret, e));
        TRY(opened(d, a, row, hash, ret, e));
    }
    return intake_web_done(d, env, e);
}
