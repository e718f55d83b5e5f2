/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of core: opens the store, listens to its peers, looks for what is due.  Runs in core;
 * everything it reads is a typed message or a row of its own database.
 */
#include "serve/core.h"

#include <fcntl.h>
#include <malloc.h>
#include <sodium.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/when.h"
#include "desk/erase.h"
#include "desk/keygen.h"
#include "desk/canned.h"
#include "desk/texts.h"
#include "desk/throttle.h"
#include "desk/webform.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/roles.h"
#include "smtp/spool.h"
#include "store/migrate.h"
#include "store/task.h"
#include "web/route.h"

#define STORE_WAIT_MS 500 /* between tries to open the store */
#define FORGET_US     (10 * US_PER_S)
#define TASK_KEPT_US  (30 * US_PER_DAY)
#define SWEEP_MAX     10000

static enum rc on_frame(struct role_ctx *r, struct chan *from, struct frame *f, struct err *e)
{
    struct core *c = r->ctx;
    AUTO(fd) int fd = fd_take(&f->fd);
    struct wire_parsed parsed;
    struct wire_job_done job;
    struct wire_job_progress progress;
    struct wire_may_hand_over may;
    struct wire_submitted submitted;
    struct wire_mailbox_at at;
    struct wire_fetched fetched;
    switch (f->type) {
    case WIRE_SPOOLED:
        c->look_now = true;
        return RC_OK;
    case WIRE_PARSED:
        TRY(wire_get_parsed(f->body, &parsed, e));
        core_parsed(c, &parsed, fd_take(&fd));
        return RC_OK;
    case WIRE_JOB_DONE:
        TRY(wire_get_job_done(f->body, &job, e));
        core_job_done(c, &job, fd_take(&fd));
        return RC_OK;
    case WIRE_JOB_PROGRESS:
        TRY(wire_get_job_progress(f->body, &progress, e));
        core_job_progress(c, &progress);
        return RC_OK;
    case WIRE_MAY_HAND_OVER:
        TRY(wire_get_may_hand_over(f->body, &may, e));
        return core_may_hand_over(c, from, &may, e);
    case WIRE_SUBMITTED:
        TRY(wire_get_submitted(f->body, &submitted, e));
        core_submitted(c, &submitted);
        return RC_OK;
    case WIRE_MAILBOX_AT:
        TRY(wire_get_mailbox_at(f->body, &at, e));
        return core_mailbox_at(c, from, &at, e);
    case WIRE_FETCHED:
        TRY(wire_get_fetched(f->body, &fetched, e));
        return core_fetched(c, from, &fetched, fd, e);
    case WIRE_HTTP_REQUEST:
        return core_http(c, from, f, e);
    case WIRE_HTTP_GONE:
        core_stream_gone(c, from, f->id);
        return RC_OK;
    case WIRE_COMMAND:
        return core_command(c, from, f, e);
    case WIRE_SPOOL_OPENED:
    case WIRE_CASE_KEY_IS:
    case WIRE_BLOB_OPENED:
    case WIRE_BLOB_REWRAPPED:
    case WIRE_SIGNED_BY:
        return RC_OK; /* late: the question was given up */
    default:
        return err_set(e, RC_INVALID, "an unexpected message from %s", role_name(from->peer));
    }
}

static void on_lost(struct role_ctx *r, struct chan *gone)
{
    struct core *c = r->ctx;
    core_asker_lost(c, gone);
    if (gone->peer == ROLE_WORKER) {
        core_worker_lost(c);
        core_jobs_lost(c, ROLE_WORKER);
    }
    if (gone->peer == ROLE_RUNNER)
        core_jobs_lost(c, ROLE_RUNNER);
    if (gone->peer == ROLE_NET)
        core_net_lost(c);
}

static enum rc take_settings(struct core *c, struct err *e)
{
    struct str text, file, dir, key;
    TRY(role_text(&c->role, "settings", &text, e));
    TRY(role_text(&c->role, "file", &file, e));
    TRY(role_text(&c->role, "dir", &dir, e));
    TRY(role_text(&c->role, "policy", &c->policy_file, e));
    TRY(role_text(&c->role, "sign_key", &key, e));
    TRY(hex_get(key, c->sign_key, sizeof c->sign_key, "signing key", e));
    keygen_id(c->sign_key, c->sign_id);
    TRY(settings_parse(text, file, dir, NULL, &c->set, e));
    TRY(texts_load(c->set->desk.templates, &c->texts, e));
    TRY(canned_load(c->set->desk.canned, &c->canned, e));
    struct str map, name = c->set->project.components;
    if (name.n == 0)
        return RC_OK;
    c->components_arena = arena_new(COMPONENTS_ARENA);
    TRY(role_text(&c->role, "components", &map, e));
    TRY(components_parse(c->components_arena, map, name.p, &c->components, e));
    return RC_OK;
}

/*
 * The store may come later than we do (a database server that starts with the machine), so it is
 * waited for; meanwhile the spool takes the mail.
 */
static enum rc open_store(struct core *c, struct err *e)
{
    for (bool said = false;; said = true) {
        int applied = 0;
        enum rc rc = db_open(c->set->store.url.p, &c->db, e);
        if (rc == RC_OK)
            rc = migrate_run(c->db, &applied, e);
        if (rc == RC_OK) {
            log_event(LOG_INFO_, "store", "kind=%s migrated=%d",
                      db_is_pg(c->db) ? "postgresql" : "sqlite", applied);
            return RC_OK;
        }
        db_close(c->db);
        c->db = NULL;
        if (rc != RC_BUSY && rc != RC_IO)
            return rc;
        if (!said)
            log_event(LOG_WARN_, "store-away", "code=%s why=\"%s\"", rc_name(rc), e->msg);
        role_wait(&c->role, STORE_WAIT_MS); /* peers' messages need the store: they wait too */
        if (c->role.stop)
            return err_set(e, RC_CLOSED, "stopped while waiting for the store");
    }
}

static enum rc open_spool(struct core *c, struct err *e)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/spool/new", c->set->desk.data_dir.p);
    return dir_open(AT_FDCWD, path, &c->spool_fd, e);
}

static enum rc open_desk(struct core *c, struct err *e)
{
    c->desk = (struct desk){.db = c->db,
                            .set = c->set,
                            .texts = c->texts,
                            .components = c->components_arena ? &c->components : NULL,
                            .canned = c->canned,
                            .calls = core_keys_calls(c),
                            .sign_key = c->sign_key,
                            .started_us = clock_mono_us()};
    if (c->set->metrics.token_file.n > 0)
        TRY(role_text(&c->role, "metrics_token", &c->desk.metrics_token, e));
    TRY(web_new(&c->desk, STR_NONE, str_of(c->sign_key, sizeof c->sign_key), &c->web, e));
    return core_policy_open(c, e);
}

static enum rc core_open(struct core *c, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame, .lost = on_lost};
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    TRY(role_open(&c->role, ROLE_CORE, &ops, c, e));
    TRY(take_settings(c, e));
    TRY(open_spool(c, e));
    TRY(core_sweep_open(c, e));
    TRY(core_spool_open(c, e));
    TRY(open_store(c, e));
    for (size_t i = 0; i < c->role.listener_count; i++)
        TRY(role_watch_fd(&c->role, c->role.listeners[i].fd, core_accept_cli, e));
    TRY(role_secure(&c->role, e));
    /* A server that only our lost rights could reach must be missed now, not at its first restart.
     */
    if (db_is_pg(c->db)) {
        db_close(c->db);
        TRY(open_store(c, e));
    }
    return open_desk(c, e);
}

/* Done tasks are forgotten after a while; their keys protect against doing work twice, and nothing
 * that old comes back. */
static void sweep(struct core *c)
{
    struct err e = ERR_INIT;
    int64_t n = 0;
    if (task_sweep(c->db, db_now_us(c->db) - TASK_KEPT_US, SWEEP_MAX, &n, &e) != RC_OK)
        log_event(LOG_WARN_, "not-swept", "code=%s", rc_name(e.rc));
    else if (n > 0)
        log_event(LOG_INFO_, "swept", "tasks=%lld", (long long)n);
    if (throttle_sweep(&c->desk, &n, &e) != RC_OK || webform_sweep(&c->desk, &e) != RC_OK)
        log_event(LOG_WARN_, "not-swept", "code=%s", rc_name(e.rc));
}

/* Cases whose time of keeping is over become tasks. */
static void retention(struct core *c)
{
    struct err e = ERR_INIT;
    int64_t n = 0;
    if (erase_due(&c->desk, &n, &e) != RC_OK)
        log_event(LOG_WARN_, "retention-failed", "code=%s", rc_name(e.rc));
    else if (n > 0)
        log_event(LOG_INFO_, "retention", "cases=%lld", (long long)n);
}

static void housekeeping(struct core *c)
{
    int64_t now = clock_mono_us();
    if (now >= c->sweep_at_us) {
        sweep(c);
        retention(c);
        c->sweep_at_us = now + US_PER_H;
    }
    if (now >= c->renew_at_us) {
        core_renew(c);
        c->renew_at_us = now + CORE_RENEW_US;
    }
    if (now >= c->forget_at_us) {
        memset(c->spool_seen, 0, sizeof c->spool_seen);
        c->forget_at_us = now + FORGET_US;
    }
}

/* What is due is looked for at every hint and every CORE_POLL_MS, not after every page. */
static void core_turn(struct core *c)
{
    struct err e = ERR_INIT;
    int64_t left_us = c->look_at_us - clock_mono_us();
    role_pump(&c->role, c->look_now || left_us <= 0 ? 0 : (int)((left_us + 999) / 1000));
    if (!c->look_now && clock_mono_us() < c->look_at_us)
        return;
    c->look_now = false;
    c->look_at_us = clock_mono_us() + CORE_POLL_MS * INT64_C(1000);
    if (core_spool_scan(c, &e) != RC_OK && !c->store_away)
        log_event(LOG_WARN_, "spool-not-listed", "code=%s", rc_name(e.rc));
    core_policy_follow(c);
    core_tasks_run(c);
    core_waits_run(c);
    core_streams_run(c);
    housekeeping(c);
    core_sweep_step(c);
}

/* A page is built in a few buffers of its size: given back to the system after each, they would be
 * cleared by the kernel again for the next. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

int core_main(void)
{
    struct err e = ERR_INIT;
    keep_memory();
    struct core *c = mem_zalloc(sizeof *c);
    c->spool_fd = c->spool_dir = c->blobs_fd = -1;
    enum rc rc = core_open(c, &e);
    while (rc == RC_OK && !c->role.stop)
        core_turn(c);
    if (rc != RC_OK && rc != RC_CLOSED)
        log_event(LOG_ERROR_, "start-failed", "why=\"%s\"", e.msg);
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++)
        core_ticket_free(&c->tickets[i]);
    web_free(c->web);
    db_close(c->db);
    texts_free(c->texts);
    canned_free(c->canned);
    arena_free(c->policy_arena);
    arena_free(c->components_arena);
    settings_free(c->set);
    spool_free(c->spool);
    fd_auto(&c->spool_dir);
    fd_auto(&c->spool_fd);
    fd_auto(&c->blobs_fd);
    role_close(&c->role);
    free(c);
    return rc_exit(rc);
}
