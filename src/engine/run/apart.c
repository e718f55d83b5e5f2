/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A confined child without a program of its own.  Runs in the engine child of a test run and in
 * commands; the function is ours, what it reads is a stranger's.
 */
#include "engine/run/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/spawn.h"

#define APART_NOFILE 1024
#define APART_CPU_S  1800

struct report {
    enum rc rc;
    char words[ERR_MSG_MAX];
};

/* The system's programs, for git; nothing else of the machine. */
static void rights(const struct apart *a, int keep, struct sandbox_rules *ret)
{
    static const struct sandbox_path system[] = {
        {"/usr", SANDBOX_READ | SANDBOX_EXEC},
        {"/bin", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/lib", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/lib64", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/etc/ld.so.cache", SANDBOX_READ | SANDBOX_MAYBE},
        {"/dev/null", SANDBOX_READ | SANDBOX_WRITE},
        {"/dev/urandom", SANDBOX_READ | SANDBOX_MAYBE},
    };
    *ret = (struct sandbox_rules){
        .name = "a test run's helper",
        .calls = SANDBOX_C_SPAWN,
        .unknown = SANDBOX_OPEN,
        .no_network = true,
        .keep = {keep},
        .nkeep = 1,
        .limits = {.nofile = APART_NOFILE, .cpu_s = APART_CPU_S},
    };
    memcpy(ret->paths, system, sizeof system);
    ret->npaths = ARRAY_LEN(system);
    for (size_t i = 0; i < ARRAY_LEN(a->read) && a->read[i]; i++)
        ret->paths[ret->npaths++] = (struct sandbox_path){a->read[i], SANDBOX_READ};
    for (size_t i = 0; i < ARRAY_LEN(a->write) && a->write[i]; i++)
        ret->paths[ret->npaths++] = (struct sandbox_path){a->write[i], SANDBOX_RW | SANDBOX_LINKS};
}

_Noreturn static void child_main(const struct apart *a, int fd, pid_t parent)
{
    struct sandbox_rules rules;
    struct sandbox_summary got;
    struct report r = {.rc = RC_OK};
    struct err e = ERR_INIT;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it died before it could be watched */
    rights(a, fd, &rules);
    r.rc = sandbox_apply(&rules, &got, &e);
    if (r.rc == RC_OK)
        r.rc = a->fn(a->arg, &e);
    snprintf(r.words, sizeof r.words, "%s", e.msg);
    bool ok = fd_write_all(fd, str_of(&r, sizeof r), &e) == RC_OK &&
              fd_write_all(fd, str_of(a->out, a->out_size), &e) == RC_OK;
    _exit(!ok);
}

/* Everything it has to say, and the end of its side. */
static enum rc listen_to(int fd, int64_t until_us, struct buf *b, struct err *e)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char step[4096];
        int n = poll(&p, 1, clock_left_ms(until_us));
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return err_set(e, RC_TIMEOUT, "it took too long to lay out the files");
        ssize_t got = n < 0 ? -1 : read(fd, step, sizeof step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, RC_IO, "cannot hear a helper");
        if (got == 0)
            return RC_OK;
        buf_add(b, str_of(step, (size_t)got));
    }
}

enum rc apart_run(const struct apart *a, struct err *e)
{
    int fd[2];
    struct report r;
    AUTO(buf) struct buf b = BUF_INIT(sizeof r + APART_OUT_MAX);
    AUTO(child) struct child c = CHILD_INIT;
    if (a->out_size > APART_OUT_MAX)
        return err_set(e, RC_INTERNAL, "too much for a helper to answer");
    if (pipe2(fd, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int ours = fd[0];
    AUTO(fd) int theirs = fd[1];
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return err_errno(e, RC_LIMIT, "cannot start a process");
    if (pid == 0)
        child_main(a, theirs, parent);
    setpgid(pid, pid); /* the child does the same; whoever is first */
    fd_auto(&theirs);
    c = (struct child){.pid = pid, .pidfd = pidfd_open(pid, 0)};
    if (c.pidfd < 0)
        return err_errno(e, RC_LIMIT, "cannot watch a child");
    TRY(listen_to(ours, clock_mono_us() + a->timeout_ms * INT64_C(1000), &b, e));
    if (b.n != sizeof r + a->out_size)
        return err_set(e, RC_IO, "a helper died");
    memcpy(&r, b.p, sizeof r);
    if (a->out_size)
        memcpy(a->out, b.p + sizeof r, a->out_size);
    r.words[sizeof r.words - 1] = '\0';
    return r.rc == RC_OK ? RC_OK : err_set(e, r.rc, "%s", r.words);
}
