/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hostile program in a sandbox, watched.  Runs in the engine child of a test run and in
 * commands; its output is a stranger's.
 */
#include "engine/run/box.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "engine/run/watch.h"
#include "os/clock.h"
#include "os/file.h"

#define WORDS_KEPT 2000 /* bytes of bubblewrap's words when it fails */
#define NPROC_OWN  8    /* bubblewrap's own processes */
#define US_A_MS    1000

const char *box_state_name(enum box_state s)
{
    static const char *const names[] = {
        [BOX_ENDED] = "ended",        [BOX_TIME] = "time",
        [BOX_FULL_OUTPUT] = "output", [BOX_FULL_PROCESSES] = "processes",
        [BOX_FULL_MEMORY] = "memory", [BOX_FULL_DISK] = "disk",
        [BOX_MACHINE] = "machine",    [BOX_STOPPED] = "stopped",
        [BOX_REFUSED] = "refused"};
    return names[s];
}

/* ---- The log ---- */

void box_log_init(struct box_log *l, size_t head, size_t tail)
{
    *l = (struct box_log){.total = 0};
    buf_init(&l->head, head);
    buf_init(&l->tail, tail);
}

void box_log_release(struct box_log *l)
{
    buf_release(&l->head);
    buf_release(&l->tail);
}

void box_log_auto(struct box_log *l)
{
    box_log_release(l);
}

void box_log_add(struct box_log *l, struct str s)
{
    size_t room = l->head.max - l->head.n, n = s.n < room ? s.n : room;
    l->total += s.n;
    buf_add(&l->head, str_sub(s, 0, n));
    s = str_sub(s, n, s.n);
    if (s.n > l->tail.max)
        s = str_sub(s, s.n - l->tail.max, s.n);
    n = l->tail.max - l->tail.n;
    n = s.n < n ? s.n : n;
    buf_add(&l->tail, str_sub(s, 0, n));
    s = str_sub(s, n, s.n);
    while (s.n > 0) { /* full: round and round */
        n = l->tail.max - l->tail_at;
        n = s.n < n ? s.n : n;
        memcpy(l->tail.p + l->tail_at, s.p, n);
        l->tail_at = (l->tail_at + n) % l->tail.max;
        s = str_sub(s, n, s.n);
    }
}

void box_log_text(const struct box_log *l, struct buf *to)
{
    uint64_t kept = l->head.n + l->tail.n;
    buf_add(to, buf_str(&l->head));
    if (l->total > kept)
        buf_addf(to, "\n[... %llu bytes left out ...]\n", (unsigned long long)(l->total - kept));
    buf_add(to, str_sub(buf_str(&l->tail), l->tail_at, l->tail.n));
    buf_add(to, str_sub(buf_str(&l->tail), 0, l->tail_at));
}

/* ---- The run ---- */

struct box {
    const struct box_ask *ask;
    struct box_limits limits;
    struct watch watch;
    uint64_t wrote;
};

static void take_output(void *arg, struct str bytes)
{
    struct box *b = arg;
    uint64_t room = b->limits.output_bytes > b->wrote ? b->limits.output_bytes - b->wrote : 0;
    b->wrote += bytes.n;
    if (bytes.n > room)
        bytes = str_sub(bytes, 0, (size_t)room);
    if (b->ask->log)
        box_log_add(b->ask->log, bytes);
    if (b->ask->take)
        b->ask->take(b->ask->arg, bytes);
}

static uint64_t or_default(uint64_t v, uint64_t otherwise)
{
    return v ? v : otherwise;
}

static enum rc take_limits(struct box *b, struct err *e)
{
    const struct box_limits *l = &b->ask->limits;
    b->limits = (struct box_limits){
        .wall_ms = l->wall_ms ? l->wall_ms : BOX_WALL_MS,
        .cpu_s = or_default(l->cpu_s, BOX_CPU_S),
        .processes = or_default(l->processes, BOX_PROCESSES),
        .memory_bytes = or_default(l->memory_bytes, BOX_MEMORY),
        .as_bytes = l->as_bytes,
        .file_bytes = or_default(l->file_bytes, BOX_FILE),
        .disk_bytes = or_default(l->disk_bytes, BOX_DISK),
        .output_bytes = or_default(l->output_bytes, BOX_OUTPUT),
    };
    if (b->limits.wall_ms < 0 || b->limits.wall_ms > BOX_WALL_MS_MOST)
        return err_set(e, RC_INVALID, "a run may take at most %d minutes",
                       BOX_WALL_MS_MOST / 60000);
    return RC_OK;
}

static enum box_state state_of(enum watch_found found)
{
    switch (found) {
    case WATCH_PROCESSES:
        return BOX_FULL_PROCESSES;
    case WATCH_MEMORY:
        return BOX_FULL_MEMORY;
    case WATCH_DISK:
    case WATCH_NAMES:
        return BOX_FULL_DISK;
    default:
        return BOX_MACHINE;
    }
}

static void say(struct box_told *t, enum box_state state, const char *why)
{
    t->state = state;
    snprintf(t->why, sizeof t->why, "%s", why);
}

/* Its last words when it could not be shut in or started. */
static void refused(const struct runner *r, const struct err *why, struct box_told *t)
{
    AUTO(buf) struct buf b = BUF_INIT(sizeof t->why - ERR_MSG_MAX - 3);
    struct str words = r ? str_trim(runner_output(r, NULL)) : STR_NONE;
    utf8_clean_line(&b, str_sub(words, 0, b.max / 3));
    t->state = BOX_REFUSED;
    snprintf(t->why, sizeof t->why, "%s%s%s", why->msg, b.n ? ": " : "", buf_c(&b));
}

/* Has it used up something?  Then *t says so. */
static bool over(struct box *b, const struct runner *r, int64_t start_us, struct box_told *t)
{
    char words[BOX_WHY_MAX];
    int64_t ms = (clock_mono_us() - start_us) / US_A_MS;
    if (b->wrote > b->limits.output_bytes) {
        snprintf(words, sizeof words, "it wrote more than %llu bytes",
                 (unsigned long long)b->limits.output_bytes);
        say(t, BOX_FULL_OUTPUT, words);
        return true;
    }
    enum watch_found found = watch_look(&b->watch, runner_inside(r));
    if (found != WATCH_FINE) {
        watch_words(&b->watch, found, words, sizeof words);
        say(t, state_of(found), words);
        return true;
    }
    if (b->ask->go_on && !b->ask->go_on(b->ask->arg, ms)) {
        say(t, BOX_STOPPED, "it was stopped");
        return true;
    }
    return false;
}

static enum rc attend(struct box *b, struct runner *r, struct box_told *t, struct err *e)
{
    enum runner_state state = RUNNER_RUNNING;
    int64_t start_us = clock_mono_us();
    char words[BOX_WHY_MAX];
    while (state == RUNNER_RUNNING) {
        struct err own = ERR_INIT;
        enum rc rc = runner_poll(r, WATCH_MS, &state, &own);
        if (rc == RC_DENIED) {
            refused(r, &own, t);
            return RC_OK;
        }
        if (rc != RC_OK)
            return err_set(e, rc, "%s", own.msg);
        if (state == RUNNER_RUNNING && over(b, r, start_us, t)) {
            runner_kill(r);
            return RC_OK;
        }
    }
    if (state == RUNNER_TIMEOUT) {
        snprintf(words, sizeof words, "it took more than %d s", b->limits.wall_ms / 1000);
        say(t, BOX_TIME, words);
        return RC_OK;
    }
    struct child_end end = runner_end(r);
    t->state = BOX_ENDED;
    t->code = end.killed ? 128 + end.code : end.code;
    /* Between the last look and its end. */
    if (b->wrote > b->limits.output_bytes)
        say(t, BOX_FULL_OUTPUT, "it wrote more than it may");
    else if (watch_folder(&b->watch) == WATCH_DISK)
        say(t, BOX_FULL_DISK, "it wrote more into its folder than it may");
    return RC_OK;
}

static void job_of(struct box *b, struct runner_job *j)
{
    static const char *const env[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
        "/bin",
        "HOME=/tmp",
        "TMPDIR=/tmp",
        "LANG=C.UTF-8",
        "LC_ALL=C.UTF-8",
        "TZ=UTC",
        "CI=true",
        "TERM=dumb",
        NULL};
    *j = (struct runner_job){.argv = b->ask->argv,
                             .envp = env,
                             .dir = b->ask->dir,
                             .root = b->ask->root,
                             .nbinds = b->ask->nbinds,
                             .output_max = WORDS_KEPT,
                             .take = take_output,
                             .take_arg = b,
                             .timeout_ms = b->limits.wall_ms};
    for (size_t i = 0; i < b->ask->nbinds; i++)
        j->binds[i] = b->ask->binds[i];
    j->limits = (struct spawn_limits){.cpu_s = b->limits.cpu_s,
                                      .as_bytes = b->limits.as_bytes,
                                      .fsize_bytes = b->limits.file_bytes,
                                      .nproc = watch_tasks_of_user(getuid()) + NPROC_OWN +
                                               b->limits.processes};
}

enum rc box_run(const struct box_ask *ask, struct box_told *ret_told, struct err *e)
{
    AUTO(mem) struct box *b = mem_zalloc(sizeof *b);
    AUTO(runner) struct runner *r = NULL;
    AUTO(fd) int dir = -1;
    struct box_told t = {.state = BOX_REFUSED};
    struct runner_job j;
    struct err own = ERR_INIT;
    b->ask = ask;
    if (ask->nbinds > ARRAY_LEN(ask->binds))
        return err_set(e, RC_INTERNAL, "too much to show to a program");
    TRY(take_limits(b, e));
    TRY(dir_open(AT_FDCWD, ask->dir, &dir, e));
    struct watch_limits w = {b->limits.processes, b->limits.memory_bytes, b->limits.disk_bytes};
    TRY(watch_init(&b->watch, &w, dir, e));
    job_of(b, &j);
    int64_t start_us = clock_mono_us();
    enum rc rc = runner_start(&j, &r, &own);
    if (rc == RC_NOTFOUND)
        err_set(&own, rc, "bubblewrap is not installed");
    if (rc != RC_OK)
        refused(NULL, &own, &t);
    else
        TRY(attend(b, r, &t, e));
    t.wall_ms = (clock_mono_us() - start_us) / US_A_MS;
    t.output_bytes = b->wrote;
    t.disk_bytes = b->watch.disk_bytes;
    t.memory_bytes = b->watch.memory_bytes;
    t.processes = b->watch.processes;
    *ret_told = t;
    return RC_OK;
}
