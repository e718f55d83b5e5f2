/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spool record to a case.  Runs in core.  The record's bytes are opened by keys, read by a
 * parse child of the worker, and come back as JSON, which is checked as if a stranger had written
 * it; core never looks at the mail itself.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "desk/intake.h"
#include "desk/webform.h"
#include "mime/mail.h"
#include "os/file.h"
#include "serve/core.h"
#include "smtp/envelope.h"
#include "smtp/spool.h"
#include "store/task.h"

#define SCAN_MAX      256 /* new records made tasks in one transaction */
#define DIED          "the parser died: "
#define ENVELOPE_ROOM (1u << 20)

static uint64_t name_hash(const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return h | 1;
}

/* Where a name is remembered; NULL when it needs no look: seen a while ago, or no record. */
static uint64_t *scan_slot(struct core *c, const char *name, uint64_t *ret_hash)
{
    uint64_t h = name_hash(name), *slot = &c->spool_seen[h % CORE_SPOOL_SEEN];
    *ret_hash = h;
    return *slot == h || !spool_id_valid(str_c(name)) ? NULL : slot;
}

static enum rc scan_one(struct core *c, const char *name, struct err *e)
{
    char key[SPOOL_ID_LEN + 16];
    snprintf(key, sizeof key, "intake:%.*s", SPOOL_ID_LEN, name);
    /* Again: the power may have failed before the removal of a record was on disk, or before this
     * core came to it; taking it in once more finds its message and removes it. */
    struct task_new t = {
        .kind = "intake", .key = str_c(key), .lane = LANE_MAIL, .arg = str_c(name), .again = true};
    return task_add(c->db, &t, NULL, e);
}

enum rc core_spool_scan(struct core *c, struct err *e)
{
    int fd = openat(c->spool_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return err_errno(e, RC_IO, "listing the spool");
    }
    AUTO(tx) struct tx tx = TX_INIT;
    enum rc rc = RC_OK;
    int added = 0;
    int64_t depth = 0;
    for (struct dirent *d; rc == RC_OK && added < SCAN_MAX && (d = readdir(dir)) != NULL;) {
        uint64_t hash, *slot = scan_slot(c, d->d_name, &hash);
        depth += spool_id_valid(str_c(d->d_name));
        if (slot == NULL)
            continue;
        if (tx.level == 0)
            rc = tx_begin(c->db, &tx, e);
        if (rc == RC_OK)
            rc = scan_one(c, d->d_name, e);
        *slot = hash;
        added++;
    }
    closedir(dir);
    c->desk.spool_depth = depth;
    if (rc == RC_OK && tx.level != 0)
        rc = tx_commit(&tx, e);
    if (rc != RC_OK)
        memset(c->spool_seen, 0, sizeof c->spool_seen);
    return rc;
}

void core_blob_drop(struct core *c, const char *name)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    struct err e = ERR_INIT;
    struct chan *keys = role_find(&c->role, ROLE_KEYS);
    wire_put_blob_drop(&b, &(struct wire_blob_drop){str_c(name)});
    if (keys == NULL || role_send(&c->role, keys, WIRE_BLOB_DROP, 0, &b, -1, &e) != RC_OK)
        log_event(LOG_WARN_, "orphan", "blob=%s", name);
}

struct ticket *core_ticket_new(struct core *c, bool download)
{
    size_t used = 0, limit = download ? CORE_DOWNLOADS_MAX : CORE_INTAKE_MAX;
    struct ticket *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++) {
        if (c->tickets[i].number == 0)
            found = &c->tickets[i];
        else
            used += c->tickets[i].download == download;
    }
    if (found == NULL || used >= limit)
        return NULL;
    *found = (struct ticket){.number = ++c->last_ticket, .download = download};
    return found;
}

struct ticket *core_ticket_find(struct core *c, uint64_t number)
{
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++)
        if (number != 0 && c->tickets[i].number == number)
            return &c->tickets[i];
    return NULL;
}

void core_ticket_free(struct ticket *t)
{
    buf_release(&t->envelope);
    buf_release(&t->key);
    *t = (struct ticket){.number = 0};
}

enum rc core_parse(struct core *c, const struct ticket *t, uint32_t part, int fd, struct err *e)
{
    AUTO(fd) int raw = fd;
    AUTO(buf) struct buf b = BUF_INIT(64);
    struct chan *worker = role_find(&c->role, ROLE_WORKER);
    if (worker == NULL)
        return err_set(e, RC_BUSY, "the worker is not there yet");
    wire_put_parse(&b, &(struct wire_parse){t->number, part});
    enum rc rc = role_send(&c->role, worker, WIRE_PARSE, 0, &b, fd_take(&raw), e);
    return rc == RC_CLOSED ? err_set(e, RC_BUSY, "the worker went away") : rc;
}

void core_intake_start(struct core *c, const struct task *t)
{
    struct err e = ERR_INIT;
    AUTO(spool_opened) struct spool_opened o = {.fd = -1};
    enum rc rc = core_keys_spool_open(c, t->arg, &o, &e);
    if (rc == RC_NOTFOUND) {
        /* The record goes only after its case is on disk: this task had been done. */
        core_task_end(c, t, RC_OK, &e);
        return;
    }
    struct ticket *k = rc == RC_OK ? core_ticket_new(c, false) : NULL;
    if (rc == RC_OK && k == NULL)
        rc = err_set(&e, RC_BUSY, "too many mails with the worker");
    if (rc == RC_OK)
        rc = str_copy(k->spool, sizeof k->spool, t->arg, "spool id", &e);
    if (rc == RC_OK) {
        k->task_id = t->id;
        k->attempt = t->attempt;
        k->died_before = str_starts(t->error, STR(DIED));
        snprintf(k->blob, sizeof k->blob, "%s", o.blob);
        k->size = o.size;
        k->envelope = o.envelope;
        k->key = o.key;
        o.envelope = o.key = (struct buf)BUF_INIT(0);
        rc = core_parse(c, k, WIRE_PARSE_RECORD, fd_take(&o.fd), &e);
    }
    if (rc == RC_OK)
        return;
    if (o.blob[0])
        core_blob_drop(c, o.blob);
    if (k)
        core_ticket_free(k);
    core_task_end(c, t, rc, &e);
}

static struct task task_of(const struct ticket *k)
{
    return (struct task){.id = k->task_id, .attempt = k->attempt, .kind = STR("intake")};
}

static enum rc read_record(struct arena *a, int fd, struct mail *ret_m, struct err *e)
{
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    TRY(memfd_check(fd, MAIL_JSON_MAX, e));
    TRY(fd_read_all(fd, MAIL_JSON_MAX, &json, e));
    return mail_decode(a, buf_str(&json), ret_m, e);
}

/* What only core may say of a record counts only with core's own mark: whoever else may write to
 * the spool could say it too. */
static enum rc believe(struct core *c, const struct smtp_envelope *v, struct intake_env *env,
                       struct err *e)
{
    const struct smtp_envelope_web *w = &v->web;
    if (w->mark.n == 0)
        return RC_OK;
    struct webform_mark_of of = {w->way, v->from, w->thread, v->received_us};
    enum rc rc = webform_mark_check(&c->desk, &of, w->mark, e);
    if (rc == RC_DENIED) {
        log_event(LOG_WARN_, "false-mark", "spool=%.*s", STR_ARG(env->spool));
        return RC_OK; /* a mail like any other */
    }
    TRY(rc);
    env->web = true;
    env->web_way = w->way;
    env->web_thread = w->thread;
    return RC_OK;
}

/* Nor does a mail that nobody imported become one that is believed and told to nobody: its task
 * waits for a person. */
static enum rc believe_import(struct core *c, const struct smtp_envelope *v,
                              const struct intake_env *env, struct err *e)
{
    enum rc rc = webform_import_check(&c->desk, v->web.mark, e);
    if (rc == RC_DENIED)
        log_event(LOG_WARN_, "false-mark", "spool=%.*s", STR_ARG(env->spool));
    return rc;
}

static enum rc intake_env(struct core *c, struct arena *a, const struct ticket *k,
                          struct intake_env *ret_env, struct err *e)
{
    struct smtp_envelope v;
    TRY(smtp_envelope_read(a, buf_str(&k->envelope), &v, e));
    struct str origin = STR("mail");
    if (str_eq(v.proto, STR("IMAP")))
        origin = STR("imap");
    bool close = str_eq(v.proto, STR("import-closed"));
    if (close || str_eq(v.proto, STR("import")))
        origin = STR("import");
    *ret_env = (struct intake_env){.spool = str_c(k->spool),
                                   .return_path = v.from,
                                   .rcpts = v.rcpts,
                                   .n_rcpts = v.n_rcpts,
                                   .received_us = v.received_us,
                                   .origin = origin,
                                   .close = close,
                                   .envelope = buf_str(&k->envelope),
                                   .path_unknown = !v.from_known};
    if (str_eq(origin, STR("import")))
        return believe_import(c, &v, ret_env, e);
    return believe(c, &v, ret_env, e);
}

/* A mailbox, or an MDA that tells no sender: then the field that the last MTA wrote counts
 * (RFC 5321 4.4), which it puts on top of whatever the sender wrote. */
static void path_of_mail(const struct mail *m, struct intake_env *env)
{
    const struct autoreply_facts *f = &m->automatic;
    bool usable = f->has_return_path && (f->return_path.n == 0 || mail_addr_ok(f->return_path));
    if (!env->path_unknown || !usable)
        return;
    env->return_path = f->return_path;
    env->path_unknown = false;
}

/* The mail is a row now (or was before): the record has done its duty. */
static void taken_in(struct core *c, const struct ticket *k, const struct intake_result *r)
{
    struct err e = ERR_INIT;
    struct task t = task_of(k);
    log_event(LOG_INFO_, "taken-in",
              "spool=%s kind=%s case=%s message=%lld again=%d acknowledge=%s", k->spool,
              intake_kind_name(r->kind), r->number[0] ? r->number : "-", (long long)r->message_id,
              r->again, r->acknowledge ? "yes" : "no");
    core_wait_done(c, k->spool);
    if (!r->keep_blob)
        core_blob_drop(c, k->blob);
    /* Before the end of the task: whoever dies in between leaves a lease that runs out. */
    if (unlinkat(c->spool_fd, k->spool, 0) != 0)
        log_event(LOG_WARN_, "spool-not-removed", "spool=%s", k->spool);
    core_task_end(c, &t, RC_OK, &e);
    c->look_now = true;
}

/* A commit whose answer was lost with the store may have happened: then its row names the blob. */
static bool may_be_in(enum rc rc)
{
    return rc == RC_BUSY || rc == RC_IO || rc == RC_CLOSED || rc == RC_TIMEOUT;
}

static enum rc take_in(struct core *c, const struct ticket *k, int fd, const char *why,
                       struct intake_result *ret_r, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX + ENVELOPE_ROOM);
    struct intake_env env;
    struct intake_blob blob = {str_c(k->blob), buf_str(&k->key), k->size};
    struct mail *m = mem_zalloc(sizeof *m);
    enum rc rc = intake_env(c, a, k, &env, e);
    if (rc == RC_OK && why == NULL) {
        rc = read_record(a, fd, m, e);
        if (rc == RC_OK)
            path_of_mail(m, &env);
    }
    if (rc == RC_OK)
        rc = why ? desk_quarantine(&c->desk, &env, &blob, str_c(why), ret_r, e)
                 : desk_intake(&c->desk, m, &env, &blob, ret_r, e);
    free(m);
    return rc;
}

void core_parsed(struct core *c, const struct wire_parsed *m, int parsed_fd)
{
    AUTO(fd) int fd = parsed_fd;
    struct ticket *k = core_ticket_find(c, m->ticket);
    if (k == NULL)
        return; /* given up meanwhile */
    if (k->download) {
        core_download_done(c, k, m, fd_take(&fd));
        return;
    }
    struct err e = ERR_INIT;
    struct intake_result r = {.kind = INTAKE_NEW};
    struct task t = task_of(k);
    enum rc rc;
    if (m->outcome == WIRE_DONE && fd >= 0)
        rc = take_in(c, k, fd, NULL, &r, &e);
    else
        rc = err_set(&e, RC_INVALID, "%.*s", STR_ARG(m->why));
    bool unsure = may_be_in(rc);
    if (rc == RC_INVALID || rc == RC_LIMIT) {
        char why[ERR_MSG_MAX + 32];
        snprintf(why, sizeof why, DIED "%s", e.msg);
        log_event(LOG_WARN_, "parser-died", "spool=%s second=%d", k->spool, k->died_before);
        rc = k->died_before ? take_in(c, k, -1, why, &r, &e)
                            : err_set(&e, RC_IO, "%s", why); /* once more */
        unsure = k->died_before && may_be_in(rc);
    }
    if (rc == RC_OK) {
        taken_in(c, k, &r);
    } else {
        /* An orphan costs space, a missing blob is a lost mail. */
        if (unsure)
            log_event(LOG_WARN_, "orphan", "blob=%s", k->blob);
        else
            core_blob_drop(c, k->blob);
        core_task_end(c, &t, rc, &e);
    }
    core_ticket_free(k);
}

void core_worker_lost(struct core *c)
{
    struct err e = ERR_INIT;
    enum rc rc = err_set(&e, RC_BUSY, "the worker went away");
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++) {
        struct ticket *k = &c->tickets[i];
        if (k->number == 0)
            continue;
        if (k->download) {
            core_download_done(c, k, &(struct wire_parsed){.outcome = WIRE_REFUSED}, -1);
            continue;
        }
        struct task t = task_of(k);
        core_blob_drop(c, k->blob);
        core_task_end(c, &t, rc, &e);
        core_ticket_free(k);
    }
}
