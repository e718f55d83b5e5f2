/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine child: takes its arguments, gives up its rights, runs one engine.  What it works on is
 * hostile; what it answers is checked by core like any stranger's text.
 */
#include "serve/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "desk/settings.h"
#include "engine/affected/whole.h"
#include "engine/audit/whole.h"
#include "engine/backport/edit.h"
#include "engine/backport/lines.h"
#include "engine/backport/release.h"
#include "engine/policy.h"
#include "engine/run/jobs.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/rights.h"
#include "wire/msg.h"

#define MIB (UINT64_C(1) << 20)

static const struct {
    struct engine_kind k;
    engine_fn run;
} kinds[] = {
    {{"policy-apply", ENGINE_TEMPORARY, NULL, 30 * US_PER_S, 1024 * MIB, false, false, 0},
     engine_policy_apply},
    {{"policy-commit", ENGINE_KEPT, "policy", 300 * US_PER_S, 1024 * MIB, false, false, 0},
     engine_policy_commit},
    /* The cache stays: what is known of each commit is worked out once. */
    {{"affected", ENGINE_KEPT, "affected", 900 * US_PER_S, 8192 * MIB, true, false, 0},
     engine_affected},
    /* What a tree's tests write is theirs; the sandbox has limits of its own (engine/run/box.h). */
    {{"backport-tests", ENGINE_RUN, NULL, 28800 * US_PER_S, 0, true, false, 4096 * MIB},
     engine_backport_tests},
    {{"reproduce", ENGINE_RUN, NULL, 28800 * US_PER_S, 0, true, false, 4096 * MIB},
     engine_reproduce},
    /* So does the index: only what is new since the last time is read. */
    {{"audit", ENGINE_KEPT, "audit", 1800 * US_PER_S, 12288 * MIB, true, true, 3072 * MIB},
     engine_audit},
    /* The objects of candidates stay, a folder for each case, until the case forgets them. */
    {{"backport", ENGINE_KEPT, "backport", 1800 * US_PER_S, 8192 * MIB, true, false, 0},
     engine_backport},
    {{"backport-edit", ENGINE_KEPT, "backport", 300 * US_PER_S, 8192 * MIB, true, false, 0},
     engine_backport_edit},
    {{"backport-release", ENGINE_KEPT, "backport", 300 * US_PER_S, 8192 * MIB, true, false, 0},
     engine_backport_release},
    {{"backport-forget", ENGINE_KEPT, "backport", 300 * US_PER_S, 1024 * MIB, false, false, 0},
     engine_backport_forget},
    {{"lines", ENGINE_TEMPORARY, NULL, 120 * US_PER_S, 2048 * MIB, true, false, 0}, engine_lines},
};

enum rc engine_kind_find(struct str kind, const struct engine_kind **ret_k, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(kind, str_c(kinds[i].k.kind))) {
            *ret_k = &kinds[i].k;
            return RC_OK;
        }
    }
    return err_set(e, RC_NOTFOUND, "no engine does such a job");
}

static enum rc confine(const struct engine_job *j, enum role role, struct err *e)
{
    static struct rights rights;
    struct rights_places places = {
        .data_dir = "/nonexistent", .scratch = j->scratch, .mirror = j->mirror};
    struct sandbox_summary got;
    for (size_t i = 0; i < j->n_others; i++)
        places.mirrors[places.n_mirrors++] = j->others[i].dir;
    TRY(rights_of(role, &places, &rights, e));
    rights.rules.keep[rights.rules.nkeep++] = ENGINE_PROGRESS_FD;
    return sandbox_apply(&rights.rules, &got, e);
}

struct progress {
    bool wanted; /* the descriptor was there from the start: else the number is somebody else's */
    int64_t next_us;
};

/* Nobody waits for these words: what the pipe does not take is lost. */
static void say_progress(void *arg, const char *what, size_t done, size_t all)
{
    struct progress *p = arg;
    int64_t now = clock_mono_us();
    char line[ENGINE_LINE_MAX];
    if (!p->wanted || now < p->next_us)
        return;
    p->next_us = now + ENGINE_PROGRESS_US;
    int n = all ? snprintf(line, sizeof line, "%s: %zu of %zu\n", what, done, all)
                : snprintf(line, sizeof line, "%s\n", what);
    if (n > 0 && (size_t)n < sizeof line)
        (void)!write(ENGINE_PROGRESS_FD, line, (size_t)n);
}

static enum rc run(engine_fn fn, enum role role, struct engine_job *j, struct err *e)
{
    AUTO(buf) struct buf args = BUF_INIT(WIRE_JOB_MAX);
    AUTO(buf) struct buf input = BUF_INIT(ENGINE_INPUT_MAX);
    AUTO(buf) struct buf out = BUF_INIT(ENGINE_ANSWER_MAX);
    AUTO(json) json_t *args_json = NULL;
    AUTO(json) json_t *answer = NULL;
    TRY(fd_read_all(ENGINE_ARGS_FD, WIRE_JOB_MAX, &args, e));
    close(ENGINE_ARGS_FD);
    TRY(fd_read_all(STDIN_FILENO, ENGINE_INPUT_MAX, &input, e));
    TRY(confine(j, role, e));
    TRY(json_parse(buf_str(&args), WIRE_JOB_MAX, "the job's arguments", &args_json, e));
    j->args = args_json;
    j->input = buf_str(&input);
    TRY(fn(j, &answer, e));
    TRY(json_write(&out, answer, e));
    return fd_write_all(STDOUT_FILENO, buf_str(&out), e);
}

/* NAME=FOLDER each, as the worker has them from the settings. */
static size_t take_others(int argc, char **argv, struct engine_repository *to)
{
    struct str dir;
    size_t n = 0;
    for (int i = 4; i < argc && n < ENGINE_REPOSITORIES; i++) {
        if (!settings_repository(str_c(argv[i]), &to[n].name, &dir))
            continue;
        to[n++].dir = dir.p;
    }
    return n;
}

int engine_main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    engine_fn fn = NULL;
    enum role role = ROLE_ENGINE;
    for (size_t i = 0; argc >= 3 && i < ARRAY_LEN(kinds); i++)
        if (strcmp(argv[1], kinds[i].k.kind) == 0) {
            fn = kinds[i].run;
            role = kinds[i].k.place == ENGINE_RUN ? ROLE_RUNNER : ROLE_ENGINE;
        }
    if (fn == NULL) {
        fprintf(stderr, "vulndesk role engine: no such job\n");
        return EX_USAGE;
    }
    struct engine_repository others[ENGINE_REPOSITORIES];
    struct progress progress = {.wanted = fcntl(ENGINE_PROGRESS_FD, F_GETFD) >= 0};
    struct engine_job j = {.scratch = argv[2],
                           .mirror = argc > 3 ? argv[3] : NULL,
                           .others = others,
                           .n_others = take_others(argc, argv, others),
                           .progress = say_progress,
                           .progress_arg = &progress};
    signal(SIGPIPE, SIG_IGN);
    enum rc rc = run(fn, role, &j, &e);
    if (rc != RC_OK) {
        log_event(LOG_WARN_, "engine", "kind=%s code=%s", argv[1], rc_name(rc));
        (void)!write(STDOUT_FILENO, e.msg, strlen(e.msg));
    }
    return rc_exit(rc);
}
