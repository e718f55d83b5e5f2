/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erases closed cases.
 * Runs in core.
 * Input: ids and reasons of the team; our own rows.
 */
#include "desk/erase.h"

#include "desk/backport_inside.h"
#include "desk/inside.h"
#include "store/ops_erase.h"
#include "store/task.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

struct erase {
    const struct actor *who;
    int64_t case_id;
    struct str reason;
};

static enum rc check(struct desk *d, int64_t case_id, struct err *e)
{
    struct erase_state s;
    TRY(ops_erase_state(d->db, case_id, &s, e));
    if (s.erased_us)
        return err_set(e, RC_CONFLICT, "this case was erased already");
    if (s.joined_into)
        return err_set(e, RC_CONFLICT,
                       "this case was joined into another one: that one can be erased");
    if (!s.closed_us)
        return err_set(e, RC_CONFLICT, "this case is open: only closed cases can be erased");
    if (s.clocks > 0)
        return err_set(e, RC_CONFLICT, "this case still has a clock that runs or waits");
    if (s.mails > 0)
        return err_set(e, RC_CONFLICT, "this case has mail that has not come to its end");
    if (s.approved > 0)
        return err_set(e, RC_CONFLICT, "this case has an advisory that is to be published");
    return RC_OK;
}

static enum rc add_task(struct desk *d, const char *kind, const char *key, struct str arg,
                        int64_t subject, struct err *e)
{
    struct task_new t = {.kind = kind,
                         .key = str_c(key),
                         .lane = LANE_CLOCKS,
                         .subject = subject,
                         .arg = arg,
                         .fair = STR_NONE,
                         .again = true};
    return task_add(d->db, &t, NULL, e);
}

/* Files go after the commit, each by a task of its own: a crash in between leaves none behind. */
static enum rc drop_files(struct desk *d, struct arena *a, int64_t case_id, struct err *e)
{
    struct str *name;
    size_t n;
    TRY(ops_erase_blobs(d->db, a, case_id, &name, &n, e));
    for (size_t i = 0; i < n; i++) {
        char key[TASK_KEY_MAX];
        snprintf(key, sizeof key, ERASE_BLOB_TASK ":%.*s", STR_ARG(name[i]));
        TRY(add_task(d, ERASE_BLOB_TASK, key, name[i], 0, e));
    }
    return RC_OK;
}

#define MOVES_MAX 100 /* cases that a thread has come through */

struct forget {
    struct arena *a;
    struct str address;
    int64_t seen[MOVES_MAX]; /* each is looked at once, however often it went to and fro */
    size_t n_seen;
};
static enum rc forget_sources(struct desk *d, struct forget *f, int64_t case_id, struct err *e);

/* That address in the chains of a case and of those that were joined into it, unless somebody of it
 * takes part there still (then it is content of that case); and where its threads came from. */
static enum rc forget_in(struct desk *d, struct forget *f, int64_t from, struct err *e)
{
    struct str *theirs;
    size_t n, n_group;
    int64_t *group, changed;
    for (size_t i = 0; i < f->n_seen; i++)
        if (f->seen[i] == from)
            return RC_OK;
    if (f->n_seen == MOVES_MAX)
        return RC_OK;
    f->seen[f->n_seen++] = from;
    TRY(ops_erase_addresses(d->db, f->a, from, &theirs, &n, e));
    for (size_t i = 0; i < n; i++)
        if (str_eq(f->address, theirs[i]))
            return RC_OK;
    TRY(ops_erase_group(d->db, f->a, from, &group, &n_group, e));
    for (size_t i = 0; i < n_group; i++) {
        /* The events that name the sources may hold the address themselves. */
        TRY(forget_sources(d, f, group[i], e));
        TRY(ops_erase_elsewhere(d->db, group[i], f->address, &changed, e));
    }
    return RC_OK;
}

/* A thread that was moved here left its reporter's address in the events of its first case. */
static enum rc forget_sources(struct desk *d, struct forget *f, int64_t case_id, struct err *e)
{
    struct str *moved;
    size_t n;
    TRY(ops_erase_moved_in(d->db, f->a, case_id, &moved, &n, e));
    for (size_t i = 0; i < n; i++) {
        AUTO(json) json_t *j = NULL;
        struct str number;
        int64_t from;
        TRY(json_parse(moved[i], 1 << 20, "an event", &j, e));
        TRY(json_get_str(j, "number", VCASE_NUMBER_MAX, &number, e));
        TRY(vcase_by_number(d, number, &from, e));
        if (from != case_id)
            TRY(forget_in(d, f, from, e));
    }
    return RC_OK;
}

static enum rc forget_elsewhere(struct desk *d, struct arena *a, int64_t case_id, struct err *e)
{
    struct str *mine;
    size_t n;
    TRY(ops_erase_addresses(d->db, a, case_id, &mine, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(forget_sources(d, &(struct forget){.a = a, .address = mine[i]}, case_id, e));
    return RC_OK;
}

static enum rc erase_tx(struct desk *d, void *arg, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    const struct erase *x = arg;
    int64_t *id, now = desk_now(d);
    size_t n;
    char key[64];
    TRY(check(d, x->case_id, e));
    TRY(ops_erase_group(d->db, a, x->case_id, &id, &n, e));
    for (size_t i = 0; i < n; i++) {
        TRY(forget_elsewhere(d, a, id[i], e));
        TRY(backport_erase(d, a, id[i], e));
        TRY(drop_files(d, a, id[i], e));
        TRY(ops_erase_case(d->db, id[i], now, e));
    }
    snprintf(key, sizeof key, "compact:%lld", (long long)x->case_id);
    TRY(add_task(d, "compact", key, STR_NONE, x->case_id, e));
    return desk_event(
        d, x->who, x->case_id, "case.erased",
        json_pack("{s:o, s:I}", "reason", json_str(x->reason), "cases", (json_int_t)n), e);
}

enum rc case_erase(struct desk *d, const struct actor *who, int64_t case_id, struct str reason,
                   struct err *e)
{
    struct erase x = {who, case_id, reason};
    TRY(actor_needs_admin(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, erase_tx, &x, e);
}

/* ---- retention ---- */

struct due {
    int64_t n;
};

static enum rc due_tx(struct desk *d, void *arg, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct due *x = arg;
    int64_t *id;
    size_t n;
    TRY(ops_erase_due(d->db, a, desk_now(d) - d->set->retention.closed_after_us, ERASE_BATCH, &id,
                      &n, e));
    for (size_t i = 0; i < n; i++) {
        char key[64];
        snprintf(key, sizeof key, "erase:%lld", (long long)id[i]);
        TRY(add_task(d, "erase", key, STR_NONE, id[i], e));
    }
    x->n = (int64_t)n;
    return RC_OK;
}

enum rc erase_due(struct desk *d, int64_t *ret_n, struct err *e)
{
    struct due x = {0};
    if (d->set->retention.closed_after_us > 0)
        TRY(desk_run(d, due_tx, &x, e));
    *ret_n = x.n;
    return RC_OK;
}

enum rc erase_run(struct desk *d, int64_t case_id, struct err *e)
{
    struct err why = ERR_INIT;
    struct erase x = {&machine, case_id,
                      STR("closed for longer than the setting retention.closed_after")};
    /* What stands in the way today may not do so at the next look. */
    if (check(d, case_id, &why) == RC_CONFLICT)
        return RC_OK;
    return desk_run(d, erase_tx, &x, e);
}

enum rc erase_compact(struct desk *d, struct err *e)
{
    return ops_erase_compact(d->db, e);
}
