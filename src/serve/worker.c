/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One confined child for each mail, attachment or engine job.  Runs in the roles worker and runner;
 * it never looks at the bytes itself: the child reads one memory file and writes another.
 */
#include "serve/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/when.h"
#include "mime/parse.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/spawn.h"
#include "serve/engine.h"
#include "serve/role.h"
#include "serve/roles.h"
#include "smtp/envelope.h"

#define RECORD_ARGS_MAX 128
#define SPAM_RULE_MAX   400
#define JOB_PREFIX      "job-"                /* folders of jobs, which are removed with them */
#define RUN_PREFIX      "run-"                /* those of the runner */
#define OUTPUT_MAX      ((uint64_t)128 << 20) /* bytes that a child may write */

struct item {
    uint64_t ticket;
    uint32_t part; /* WORKER_RECORD or a part's number */
    unsigned core;
    int in, out;
    struct child child;
    int64_t deadline_us;
    /* of an engine job: */
    const struct engine_kind *job; /* NULL: a mail or attachment */
    int args;                      /* memory file */
    int progress;                  /* read end of its pipe */
    char *scratch;                 /* its folder, owned */
};

struct worker {
    struct role_ctx role;
    struct item running[WORKER_CHILDREN_MAX + WORKER_JOBS_MAX];
    size_t running_count;
    struct item queue[WORKER_QUEUE_MAX];
    size_t queue_count;
    int64_t time_us, memory;
    char engine_dir[FILE_PATH_MAX];
    const char *mirror;   /* the project's repository, NULL: none */
    const json_t *others; /* NAME=FOLDER of further ones */
    /* Arguments of the child, made once from the settings. */
    char max_size[24], received[24], spam[PARSE_SPAM_MAX][SPAM_RULE_MAX],
        no_report[PARSE_SPAM_MAX][SPAM_RULE_MAX];
    const char *record_argv[RECORD_ARGS_MAX];
    size_t record_argc;
};

static void answer(struct worker *w, const struct item *it, enum wire_outcome outcome,
                   const char *why, int fd)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    struct err e = ERR_INIT;
    static const char *const name[] = {"done", "crashed", "timeout", "limit", "refused"};
    log_event(outcome == WIRE_DONE ? LOG_INFO_ : LOG_WARN_, it->job ? it->job->kind : "parsed",
              "ticket=%llu outcome=%s", (unsigned long long)it->ticket, name[outcome]);
    enum wire_type type = it->job ? WIRE_JOB_DONE : WIRE_PARSED;
    if (it->job)
        wire_put_job_done(&b, &(struct wire_job_done){it->ticket, outcome, str_c(why)});
    else
        wire_put_parsed(&b, &(struct wire_parsed){it->ticket, outcome, str_c(why)});
    for (size_t i = 0; i < w->role.peer_count; i++) {
        struct chan *c = &w->role.peers[i]->chan;
        if (c->peer != ROLE_CORE || c->peer_index != it->core || !chan_open(c))
            continue;
        if (role_send(&w->role, c, type, 0, &b, fd, &e) != RC_OK)
            log_event(LOG_WARN_, "core-away", "ticket=%llu", (unsigned long long)it->ticket);
        return;
    }
    if (fd >= 0)
        close(fd); /* that core is gone; its task's lease runs out and another takes it */
}

static void item_close(struct item *it)
{
    struct err e = ERR_INIT;
    fd_auto(&it->in);
    fd_auto(&it->out);
    fd_auto(&it->args);
    fd_auto(&it->progress);
    if (it->scratch && it->job->place != ENGINE_KEPT &&
        dir_remove(AT_FDCWD, it->scratch, &e) != RC_OK)
        log_event(LOG_WARN_, "scratch-left", "kind=%s code=%s", it->job->kind, rc_name(e.rc));
    free(TAKE(it->scratch));
}

static enum rc job_scratch(const struct worker *w, struct item *it, struct err *e)
{
    bool kept = it->job->place == ENGINE_KEPT;
    AUTO(mem) char *path = NULL;
    const char *own = w->role.self == ROLE_RUNNER ? RUN_PREFIX "XXXXXX" : JOB_PREFIX "XXXXXX";
    if (asprintf(&path, "%s/%s", w->engine_dir, kept ? it->job->kept : own) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    if (kept)
        TRY(dir_make(AT_FDCWD, path, 0700, e));
    else if (mkdtemp(path) == NULL)
        return err_errno(e, RC_IO, "a folder for a job");
    it->scratch = TAKE(path);
    return RC_OK;
}

static enum rc progress_pipe(struct item *it, int *ret_write, struct err *e)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_errno(e, RC_IO, "a pipe for a job");
    it->progress = p[0];
    *ret_write = p[1];
    return RC_OK;
}

static enum rc job_start(struct worker *w, struct item *it, struct err *e)
{
    const struct engine_kind *k = it->job;
    TRY(job_scratch(w, it, e));
    const char *argv[ENGINE_ARGV_MAX] = {"vulndesk", "role",      "engine",
                                         k->kind,    it->scratch, k->mirror ? w->mirror : NULL};
    for (size_t i = 0; argv[5] && k->others && i < json_array_size(w->others); i++)
        argv[6 + i] = json_string_value(json_array_get(w->others, i));
    AUTO(fd) int says = -1;
    TRY(memfd_new("answer", &it->out, e));
    TRY(progress_pipe(it, &says, e));
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = argv;
    s.in = it->in;
    s.out = it->out;
    s.err = STDERR_FILENO;
    s.limits = (struct spawn_limits){.cpu_s = (uint64_t)(k->time_us / US_PER_S) + 1,
                                     .as_bytes = sandbox_is_sanitizer_build() ? 0 : k->as_bytes,
                                     .fsize_bytes = k->file_bytes ? k->file_bytes : OUTPUT_MAX};
    TRY(spawn_add_fd(&s, it->args, ENGINE_ARGS_FD, e));
    TRY(spawn_add_fd(&s, says, ENGINE_PROGRESS_FD, e));
    it->deadline_us = clock_mono_us() + k->time_us;
    return spawn_start(&s, &it->child, e);
}

static enum rc item_start(struct worker *w, struct item *it, struct err *e)
{
    char part[16];
    snprintf(part, sizeof part, "%u", it->part);
    if (it->job)
        return job_start(w, it, e);
    const char *const one[] = {"vulndesk", "role",        "parse",     "--part",
                               part,       "--max-bytes", w->max_size, NULL};
    TRY(memfd_new("parsed", &it->out, e));
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = it->part == WIRE_PARSE_RECORD ? w->record_argv : one;
    s.in = it->in;
    s.out = it->out;
    s.err = STDERR_FILENO;
    s.limits =
        (struct spawn_limits){.cpu_s = (uint64_t)(w->time_us / US_PER_S) + 1,
                              .as_bytes = sandbox_is_sanitizer_build() ? 0 : (uint64_t)w->memory,
                              .fsize_bytes = OUTPUT_MAX};
    it->deadline_us = clock_mono_us() + w->time_us;
    return spawn_start(&s, &it->child, e);
}

static void on_child(struct role_ctx *r, int fd);

static void tell_core(struct worker *w, const struct item *it, struct str line)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    AUTO(buf) struct buf what = BUF_INIT(WIRE_WHY_MAX);
    struct err e = ERR_INIT;
    utf8_clean_line(&what, str_sub(line, 0, ENGINE_LINE_MAX));
    wire_put_job_progress(&b, &(struct wire_job_progress){it->ticket, buf_str(&what)});
    for (size_t i = 0; i < w->role.peer_count; i++) {
        struct chan *c = &w->role.peers[i]->chan;
        if (c->peer == ROLE_CORE && c->peer_index == it->core && chan_open(c) &&
            role_send(&w->role, c, WIRE_JOB_PROGRESS, 0, &b, -1, &e) != RC_OK)
            log_event(LOG_WARN_, "core-away", "ticket=%llu", (unsigned long long)it->ticket);
    }
}

/* Only the newest line counts. */
static void on_progress(struct role_ctx *r, int fd)
{
    struct worker *w = r->ctx;
    char text[4096];
    ssize_t n = read(fd, text, sizeof text);
    for (size_t i = 0; i < w->running_count; i++) {
        struct item *it = &w->running[i];
        struct str rest = str_of(text, n > 0 ? (size_t)n : 0), line, last = STR_NONE;
        if (it->progress != fd)
            continue;
        while (str_line(&rest, &line))
            last = line;
        if (last.n)
            tell_core(w, it, last);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            role_unwatch_fd(r, fd);
            fd_auto(&it->progress);
        }
        return;
    }
    role_unwatch_fd(r, fd);
}

/* Mails and jobs do not wait for each other, and a kept folder has one user at a time. */
static bool may_start(const struct worker *w, const struct item *it)
{
    size_t same = 0;
    for (size_t i = 0; i < w->running_count; i++) {
        const struct item *r = &w->running[i];
        same += (r->job != NULL) == (it->job != NULL);
        if (it->job && it->job->place == ENGINE_KEPT && r->job == it->job)
            return false;
    }
    return same < (it->job ? WORKER_JOBS_MAX : WORKER_CHILDREN_MAX);
}

static void unwatch_progress(struct worker *w, const struct item *it)
{
    if (it->progress >= 0)
        role_unwatch_fd(&w->role, it->progress);
}

static void start_one(struct worker *w, struct item *it)
{
    struct err e = ERR_INIT;
    enum rc rc = item_start(w, it, &e);
    if (rc == RC_OK)
        rc = role_watch_fd(&w->role, it->child.pidfd, on_child, &e);
    if (rc == RC_OK && it->progress >= 0)
        rc = role_watch_fd(&w->role, it->progress, on_progress, &e);
    if (rc == RC_OK) {
        w->running[w->running_count++] = *it;
        return;
    }
    child_kill(&it->child);
    answer(w, it, WIRE_REFUSED, e.msg, -1);
    item_close(it);
}

static void start_next(struct worker *w)
{
    for (size_t i = 0; i < w->queue_count;) {
        struct item it = w->queue[i];
        if (!may_start(w, &it)) {
            i++;
            continue;
        }
        memmove(w->queue + i, w->queue + i + 1, (--w->queue_count - i) * sizeof w->queue[0]);
        start_one(w, &it);
    }
}

/* The words of a job that failed: its one line, cleaned. */
static void job_words(const struct item *it, const struct child_end *end, struct buf *b)
{
    AUTO(buf) struct buf raw = BUF_INIT(WORKER_JOB_SAYS);
    char *p = buf_room(&raw, WORKER_JOB_SAYS);
    ssize_t n = p && !end->killed ? pread(it->out, p, WORKER_JOB_SAYS, 0) : -1;
    if (n > 0)
        utf8_clean_line(b, str_of(p, (size_t)n));
    if (b->n == 0)
        child_end_describe(end, b);
}

/* The child is gone: what it wrote counts only when it said that it is whole. */
static void finish(struct worker *w, struct item *it, const struct child_end *end)
{
    AUTO(buf) struct buf why = BUF_INIT(4 * WORKER_JOB_SAYS);
    struct err e = ERR_INIT;
    if (it->job)
        job_words(it, end, &why);
    else
        child_end_describe(end, &why);
    if (!child_end_ok(end)) {
        answer(w, it, end->killed ? WIRE_CRASHED : WIRE_REFUSED, buf_c(&why), -1);
    } else if (memfd_seal(it->out, &e) != RC_OK) {
        answer(w, it, WIRE_REFUSED, e.msg, -1);
    } else {
        answer(w, it, WIRE_DONE, "", fd_take(&it->out));
    }
    item_close(it);
}

static void on_child(struct role_ctx *r, int fd)
{
    struct worker *w = r->ctx;
    for (size_t i = 0; i < w->running_count; i++) {
        struct item it = w->running[i];
        struct child_end end;
        struct err e = ERR_INIT;
        if (it.child.pidfd != fd)
            continue;
        role_unwatch_fd(r, fd);
        unwatch_progress(w, &it);
        w->running[i] = w->running[--w->running_count];
        if (child_wait(&it.child, 0, &end, &e) == RC_OK) {
            finish(w, &it, &end);
        } else {
            child_kill(&it.child);
            answer(w, &it, WIRE_REFUSED, e.msg, -1);
            item_close(&it);
        }
        break;
    }
    start_next(w);
}

/* Kills what runs over its time; returns the time to the next deadline. */
static int reap_late(struct worker *w)
{
    int64_t now = clock_mono_us(), wait_ms = 1000;
    for (size_t i = 0; i < w->running_count;) {
        struct item it = w->running[i];
        int64_t left_ms = (it.deadline_us - now) / 1000 + 1;
        if (it.deadline_us > now) {
            wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
            i++;
            continue;
        }
        role_unwatch_fd(&w->role, it.child.pidfd);
        unwatch_progress(w, &it);
        w->running[i] = w->running[--w->running_count];
        child_kill(&it.child);
        answer(w, &it, WIRE_TIMEOUT, "the time for one item ran out", -1);
        item_close(&it);
    }
    start_next(w);
    return (int)wait_ms;
}

/* A foreign program never runs in the worker, nothing else in the runner. */
static bool is_ours(const struct worker *w, const struct engine_kind *k, struct err *e)
{
    if ((k->place == ENGINE_RUN) == (w->role.self == ROLE_RUNNER))
        return true;
    err_set(e, RC_DENIED, "this role does no such job");
    return false;
}

static enum rc read_job(struct worker *w, const struct frame *f, struct item *it, struct err *e)
{
    struct wire_job m;
    struct err why = ERR_INIT;
    TRY(wire_get_job(f->body, &m, e));
    static const struct engine_kind unknown = {.kind = "job"};
    it->ticket = m.ticket;
    it->job = &unknown;
    if (engine_kind_find(m.kind, &it->job, &why) != RC_OK || !is_ours(w, it->job, &why) ||
        memfd_of(m.args, "args", &it->args, &why) != RC_OK) {
        answer(w, it, WIRE_REFUSED, why.msg, -1);
        return RC_NOTFOUND;
    }
    return RC_OK;
}

static enum rc on_frame(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e)
{
    struct worker *w = r->ctx;
    AUTO(fd) int fd = fd_take(&f->fd);
    struct wire_parse m;
    struct item it = {.core = c->peer_index,
                      .in = -1,
                      .out = -1,
                      .args = -1,
                      .progress = -1,
                      .child = CHILD_INIT};
    if (f->type == WIRE_JOB) {
        enum rc rc = read_job(w, f, &it, e);
        if (rc != RC_OK)
            return rc == RC_NOTFOUND ? RC_OK : rc;
    } else if (f->type == WIRE_PARSE && w->role.self == ROLE_WORKER) {
        TRY(wire_get_parse(f->body, &m, e));
        it.ticket = m.ticket;
        it.part = m.part;
    } else {
        return err_set(e, RC_INVALID, "an unexpected message from %s", role_name(c->peer));
    }
    if (w->queue_count == WORKER_QUEUE_MAX) {
        answer(w, &it, WIRE_REFUSED, "the worker has too much to do", -1);
        item_close(&it);
        return RC_OK;
    }
    it.in = fd_take(&fd);
    w->queue[w->queue_count++] = it;
    start_next(w);
    return RC_OK;
}

static void record_arg(struct worker *w, const char *arg)
{
    BUG_ON(w->record_argc + 1 >= RECORD_ARGS_MAX);
    w->record_argv[w->record_argc++] = arg;
}

/* "Name: word" of the settings is "Name=word" for the child. */
static enum rc rule_args(struct worker *w, const char *key, const char *option,
                         char texts[PARSE_SPAM_MAX][SPAM_RULE_MAX], struct err *e)
{
    json_t *rules;
    TRY(json_get_array(w->role.setup, key, 1000, &rules, e));
    for (size_t i = 0; i < json_array_size(rules) && i < PARSE_SPAM_MAX; i++) {
        struct str rule = str_c(json_string_value(json_array_get(rules, i)));
        size_t colon = str_chr(rule, ':');
        if (colon == STR_NPOS)
            continue;
        snprintf(texts[i], SPAM_RULE_MAX, "%.*s=%.*s", STR_ARG(str_sub(rule, 0, colon)),
                 STR_ARG(str_trim(str_sub(rule, colon + 1, rule.n))));
        record_arg(w, option);
        record_arg(w, texts[i]);
    }
    return RC_OK;
}

static enum rc make_args(struct worker *w, struct err *e)
{
    int64_t max_size, received;
    struct str authserv;
    TRY(role_int(&w->role, "max_size", &max_size, e));
    TRY(role_int(&w->role, "received", &received, e));
    TRY(role_text(&w->role, "authserv_id", &authserv, e));
    /* smtpd adds its trace header on top of what it was given. */
    snprintf(w->max_size, sizeof w->max_size, "%lld", (long long)(max_size + SMTP_TRACE_MAX));
    snprintf(w->received, sizeof w->received, "%lld", (long long)received);
    const char *const fixed[] = {"vulndesk", "role",        "parse",
                                 "--record", "--max-bytes", w->max_size};
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        record_arg(w, fixed[i]);
    if (authserv.n > 0) {
        const char *const trust[] = {"--authserv-id", authserv.p, "--received", w->received};
        for (size_t i = 0; i < ARRAY_LEN(trust); i++)
            record_arg(w, trust[i]);
    }
    struct str hostname;
    TRY(role_text(&w->role, "hostname", &hostname, e));
    record_arg(w, "--hostname");
    record_arg(w, hostname.p);
    TRY(rule_args(w, "spam", "--spam", w->spam, e));
    return rule_args(w, "no_report", "--no-report", w->no_report, e);
}

/* What jobs left behind that died with an earlier worker. */
static void clean_scratch(const struct worker *w)
{
    struct err e = ERR_INIT;
    const char *prefix = w->role.self == ROLE_RUNNER ? RUN_PREFIX : JOB_PREFIX;
    DIR *dir = opendir(w->engine_dir);
    for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
        char path[FILE_PATH_MAX + 300];
        snprintf(path, sizeof path, "%s/%s", w->engine_dir, d->d_name);
        if (strncmp(d->d_name, prefix, strlen(prefix)) == 0 &&
            dir_remove(AT_FDCWD, path, &e) != RC_OK)
            log_event(LOG_WARN_, "scratch-left", "code=%s", rc_name(e.rc));
    }
    if (dir)
        closedir(dir);
}

static enum rc worker_open(struct worker *w, enum role role, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame};
    struct str data, mirror;
    TRY(role_open(&w->role, role, &ops, w, e));
    TRY(role_text(&w->role, "data_dir", &data, e));
    TRY(role_text(&w->role, "mirror", &mirror, e));
    w->mirror = mirror.n ? mirror.p : NULL;
    w->others = json_object_get(w->role.setup, "mirrors");
    if (json_array_size(w->others) > ENGINE_ARGV_MAX - 7)
        return err_set(e, RC_INVALID, "more repositories than a job can read");
    snprintf(w->engine_dir, sizeof w->engine_dir, "%.*s/" ENGINE_FOLDER, STR_ARG(data));
    clean_scratch(w);
    TRY(role_int(&w->role, "parse_time_us", &w->time_us, e));
    TRY(role_int(&w->role, "parse_memory", &w->memory, e));
    TRY(make_args(w, e));
    return role_secure(&w->role, e);
}

int worker_main(enum role role)
{
    struct err e = ERR_INIT;
    struct worker *w = mem_zalloc(sizeof *w);
    enum rc rc = worker_open(w, role, &e);
    while (rc == RC_OK && !w->role.stop)
        role_pump(&w->role, reap_late(w));
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "start-failed", "why=\"%s\"", e.msg);
    for (size_t i = 0; i < w->running_count; i++) {
        child_kill(&w->running[i].child);
        item_close(&w->running[i]);
    }
    for (size_t i = 0; i < w->queue_count; i++)
        item_close(&w->queue[i]);
    role_close(&w->role);
    free(w);
    return rc_exit(rc);
}
