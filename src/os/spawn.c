/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes.  Runs in the supervisor, in worker, engine and keys; program and arguments are
 * our own, what a child writes is bounded and not looked at.
 */
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"
#include "os/sandbox.h"
#include "os/sandbox_impl.h"

#define READ_STEP 65536
/* Reads of one turn: one while it runs, so that no writer keeps us from looking at the clock; at
 * its end enough for what a pipe can hold. */
#define READS_RUNNING 1
#define READS_AT_END  32

/* What the child could not do, told through a pipe that closes on exec. */
enum step { STEP_LIMITS, STEP_FDS, STEP_CWD, STEP_CONFINE, STEP_EXEC };
struct failure {
    enum step step;
    int error;
};

static const char *const step_text[] = {
    [STEP_LIMITS] = "cannot set limits of a child",
    [STEP_FDS] = "cannot hand descriptors to a child",
    [STEP_CWD] = "cannot enter the folder of a child",
    [STEP_CONFINE] = "this machine cannot confine a child as wanted",
    [STEP_EXEC] = "cannot execute",
};

enum rc spawn_add_fd(struct spawn *s, int from, int to, struct err *e)
{
    if (s->nfds == SPAWN_FDS_MAX)
        return err_set(e, RC_LIMIT, "more than %d descriptors for a child", SPAWN_FDS_MAX);
    s->fds[s->nfds++] = (struct spawn_fd){.from = from, .to = to};
    return RC_OK;
}

/* From here to the exec only async-signal-safe calls, and nothing that changes memory for good: the
 * child may be a copy of a process with threads of a library, or share its memory. */
_Noreturn static void child_fail(int report_fd, enum step step)
{
    struct failure f = {.step = step, .error = errno};
    ssize_t n = write(report_fd, &f, sizeof f);
    _exit(n == sizeof f ? 127 : 126);
}

static void child_signals(void)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &dfl, NULL); /* KILL, STOP and libc's own refuse; that is fine */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool set_limit(int which, uint64_t value)
{
    struct rlimit r = {.rlim_cur = value, .rlim_max = value};
    return value == 0 || setrlimit((__rlimit_resource_t)which, &r) == 0;
}

static bool child_limits(const struct spawn_limits *l)
{
    /* The shadow memory of a sanitizer takes terabytes of addresses. */
    return set_limit(RLIMIT_CPU, l->cpu_s) &&
           set_limit(RLIMIT_AS, SANDBOX_SANITIZER ? 0 : l->as_bytes) &&
           set_limit(RLIMIT_FSIZE, l->fsize_bytes) && set_limit(RLIMIT_NOFILE, l->nofile) &&
           set_limit(RLIMIT_NPROC, l->nproc);
}

/* Every source goes above all targets first, so that no target overwrites a source still needed. */
static bool child_fds(const struct spawn *s, int *report_fd)
{
    struct spawn_fd map[SPAWN_FDS_MAX + 3] = {{s->in, 0}, {s->out, 1}, {s->err, 2}};
    size_t n = 3;
    int above = 3;
    for (size_t i = 0; i < s->nfds; i++) {
        map[n++] = s->fds[i];
        if (s->fds[i].to >= above)
            above = s->fds[i].to + 1;
    }
    for (size_t i = 0; i < n; i++) {
        int from = map[i].from;
        if (from < 0 && i < 3)
            from = open("/dev/null", i == 0 ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
        map[i].from = fcntl(from, F_DUPFD_CLOEXEC, above);
        if (map[i].from < 0)
            return false;
    }
    int report = fcntl(*report_fd, F_DUPFD_CLOEXEC, above);
    if (report < 0)
        return false;
    *report_fd = report;
    /* Nothing of ours leaks, even what a library opened without the flag. */
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (dup2(map[i].from, map[i].to) < 0)
            return false;
    return true;
}

static bool child_confine(const struct sandbox_rules *rules)
{
    struct sandbox_rules r = *rules;
    struct sandbox_summary got;
    struct err e = ERR_INIT;
    r.keep_all_fds = true; /* they are chosen already; the report's closes itself */
    if (sandbox_apply(&r, &got, &e) == RC_OK)
        return true;
    errno = EPERM;
    return false;
}

_Noreturn static void child_main(const struct spawn *s, int report_fd, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126); /* it died before it could be watched */
    child_signals();
    if (!child_fds(s, &report_fd))
        child_fail(report_fd, STEP_FDS);
    if (s->cwd != NULL && chdir(s->cwd) != 0)
        child_fail(report_fd, STEP_CWD);
    if (!child_limits(&s->limits))
        child_fail(report_fd, STEP_LIMITS);
    if (s->confine != NULL && !child_confine(s->confine))
        child_fail(report_fd, STEP_CONFINE);
    static char *const no_env[] = {NULL};
    char *const *argv = (char *const *)(uintptr_t)s->argv;
    char *const *envp = s->envp ? (char *const *)(uintptr_t)s->envp : no_env;
    execve(s->path, argv, envp);
    child_fail(report_fd, STEP_EXEC);
}

static enum rc check_spawn(const struct spawn *s, struct err *e)
{
    if (s->path == NULL || s->path[0] != '/' || s->argv == NULL || s->argv[0] == NULL)
        return err_set(e, RC_INTERNAL, "a child needs an absolute path and arguments");
    if (s->nfds > SPAWN_FDS_MAX)
        return err_set(e, RC_INTERNAL, "too many descriptors for a child");
    for (size_t i = 0; i < s->nfds; i++) {
        if (s->fds[i].from < 0 || s->fds[i].to < 3)
            return err_set(e, RC_INTERNAL, "a child's extra descriptors start at 3");
        /* Here, before a pipe of ours takes the number of a closed one. */
        if (fcntl(s->fds[i].from, F_GETFD) < 0)
            return err_errno(e, RC_INTERNAL, "a descriptor for a child");
    }
    return RC_OK;
}

/* Whether the exec came through. */
static enum rc read_report(int fd, const char *path, struct err *e)
{
    struct failure f;
    ssize_t n;
    do
        n = read(fd, &f, sizeof f);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return RC_OK;
    if (n != sizeof f || (unsigned)f.step >= ARRAY_LEN(step_text))
        return err_set(e, RC_IO, "a child died before it could start");
    errno = f.error;
    enum rc rc = f.error == ENOENT || f.error == ENOTDIR                       ? RC_NOTFOUND
                 : f.error == EACCES || f.error == EPERM                       ? RC_DENIED
                 : f.error == EMFILE || f.error == ENOMEM || f.error == EAGAIN ? RC_LIMIT
                                                                               : RC_IO;
    return err_errno(e, rc, "%s: %s", step_text[f.step], path);
}

/* ---- Two ways to a child ---- */

#define BORROW_STACK (256u << 10) /* bytes of stack for the child's steps to the exec */

struct borrower {
    const struct spawn *s;
    int report_fd;
    pid_t parent;
};

static int borrower_main(void *arg)
{
    const struct borrower *b = arg;
    child_main(b->s, b->report_fd, b->parent);
}

/*
 * The child borrows our memory until its exec, and we wait that long (vfork(2), with a stack of its
 * own): nothing has to be copied, which takes milliseconds for a process of some hundred megabytes.
 * No handler of ours may run in it meanwhile.
 */
static pid_t borrow(const struct borrower *b)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE;
    char *stack = mmap(NULL, BORROW_STACK, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (stack == MAP_FAILED)
        return -1;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = clone(borrower_main, stack + BORROW_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD,
                      (void *)(uintptr_t)b);
    int why = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    munmap(stack, BORROW_STACK);
    errno = why;
    return pid;
}

/* One that is confined gets a copy: what confines it may be of the memory, too.  Sanitizers know
 * the stacks of a process, and a borrowed one is none of them. */
static pid_t make_child(const struct borrower *b)
{
    if (b->s->confine == NULL && !SANDBOX_SANITIZER)
        return borrow(b);
    pid_t pid = fork();
    if (pid == 0)
        child_main(b->s, b->report_fd, b->parent);
    return pid;
}

enum rc spawn_start(const struct spawn *s, struct child *ret_child, struct err *e)
{
    TRY(check_spawn(s, e));
    int report[2];
    if (os_fault(OS_OPEN) || pipe2(report, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int report_in = report[0];
    AUTO(fd) int report_out = report[1];

    const struct borrower b = {.s = s, .report_fd = report_out, .parent = getpid()};
    pid_t pid = os_fault(OS_FORK) ? -1 : make_child(&b);
    if (pid < 0)
        return err_errno(e, RC_LIMIT, "cannot start a process");
    setpgid(pid, pid); /* the child does the same; whoever is first */
    close(fd_take(&report_out));

    struct child c = {.pid = pid, .pidfd = pidfd_open(pid, 0)};
    enum rc rc = c.pidfd < 0 ? err_errno(e, RC_LIMIT, "cannot watch a child")
                             : read_report(report_in, s->path, e);
    if (rc != RC_OK) {
        child_kill(&c);
        return rc;
    }
    *ret_child = c;
    return RC_OK;
}

void child_signal(const struct child *c, int sig)
{
    if (c->pid > 0)
        kill(-c->pid, sig);
}

/* Reaps an ended or dying child; its number is held by the zombie until here, so that the signal
 * before cannot hit a stranger. */
static void reap(struct child *c, struct child_end *ret_end)
{
    siginfo_t si = {.si_pid = 0};
    int rc;
    do
        rc = waitid(P_PID, (id_t)c->pid, &si, WEXITED);
    while (rc != 0 && errno == EINTR);
    BUG_ON(rc != 0);
    if (c->pidfd >= 0)
        close(c->pidfd);
    *c = (struct child)CHILD_INIT;
    *ret_end = (struct child_end){.killed = si.si_code != CLD_EXITED, .code = si.si_status};
}

/* Waits until the child has ended without reaping it. */
static enum rc wait_end(const struct child *c, int64_t until_us, struct err *e)
{
    struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, clock_left_ms(until_us));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(e, RC_IO, "cannot wait for a child");
    return n > 0 ? RC_OK : err_set(e, RC_TIMEOUT, "a child still runs");
}

static int64_t until_of(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : clock_mono_us() + (int64_t)timeout_ms * 1000;
}

enum rc child_wait(struct child *c, int timeout_ms, struct child_end *ret_end, struct err *e)
{
    if (c->pid <= 0)
        return err_set(e, RC_INTERNAL, "no child to wait for");
    TRY(wait_end(c, until_of(timeout_ms), e));
    child_signal(c, SIGKILL);
    reap(c, ret_end);
    return RC_OK;
}

void child_kill(struct child *c)
{
    if (c->pid <= 0)
        return;
    child_signal(c, SIGKILL);
    kill(c->pid, SIGKILL); /* should it have left its group */
    struct child_end end;
    reap(c, &end);
}

void child_auto(struct child *c)
{
    child_kill(c);
}

bool child_end_ok(const struct child_end *end)
{
    return !end->killed && end->code == 0;
}

void child_end_describe(const struct child_end *end, struct buf *b)
{
    if (end->killed)
        buf_addf(b, "signal %d (%s)", end->code, strsignal(end->code));
    else
        buf_addf(b, "exit code %d", end->code);
}

/* The three pipes of spawn_run: our ends, non-blocking, -1 when done. */
struct pipes {
    int in, out, err;
    struct str todo;
};

static void pipes_auto(struct pipes *p)
{
    fd_auto(&p->in);
    fd_auto(&p->out);
    fd_auto(&p->err);
}

static enum rc make_pipe(int *ours, int *theirs, bool we_write, struct err *e)
{
    int fd[2];
    if (os_fault(OS_OPEN) || pipe2(fd, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    *ours = fd[we_write];
    *theirs = fd[!we_write];
    if (fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
        return err_errno(e, RC_IO, "cannot prepare a pipe");
    return RC_OK;
}

/* Writes what the pipe takes; closes it at the end or when nobody reads. */
static void feed(struct pipes *p)
{
    while (p->todo.n > 0) {
        ssize_t n = write(p->in, p->todo.p, p->todo.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        p->todo = str_sub(p->todo, (size_t)n, p->todo.n);
    }
    fd_auto(&p->in);
}

/* Reads what is there; closes *fd at the end.  What does not fit is RC_LIMIT or, with b == drop,
 * lost. */
static enum rc drain(int *fd, struct buf *b, const struct buf *drop, int reads, struct err *e)
{
    while (*fd >= 0 && reads-- > 0) {
        char step[READ_STEP];
        ssize_t n = read(*fd, step, sizeof step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return RC_OK;
        if (n <= 0) {
            fd_auto(fd);
            return RC_OK;
        }
        size_t room = b->max - b->n;
        buf_add(b, str_of(step, (size_t)n < room ? (size_t)n : room));
        if ((size_t)n > room && b != drop)
            return err_set(e, RC_LIMIT, "a child wrote more than %zu bytes", b->max);
    }
    return RC_OK;
}

static enum rc pump(struct child *c, struct pipes *p, const struct spawn_io *io, struct err *e)
{
    int64_t until_us = until_of(io->timeout_ms);
    for (;;) {
        struct pollfd f[4] = {{.fd = c->pidfd, .events = POLLIN},
                              {.fd = p->in, .events = POLLOUT},
                              {.fd = p->out, .events = POLLIN},
                              {.fd = p->err, .events = POLLIN}};
        int n = poll(f, ARRAY_LEN(f), clock_left_ms(until_us));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, RC_IO, "cannot wait for a child");
        if (n == 0)
            return err_set(e, RC_TIMEOUT, "a child took more than %d ms", io->timeout_ms);
        if (f[1].revents)
            feed(p);
        bool ended = f[0].revents != 0;
        if (ended)
            child_signal(c, SIGKILL);
        int reads = ended ? READS_AT_END : READS_RUNNING;
        if (ended || f[2].revents)
            TRY(drain(&p->out, io->out, io->err, reads, e));
        if (ended || f[3].revents)
            TRY(drain(&p->err, io->err, io->err, reads, e));
        if (ended)
            return RC_OK;
        /* One that writes without pause must not outrun the limit. */
        if (until_us >= 0 && clock_left_ms(until_us) == 0)
            return err_set(e, RC_TIMEOUT, "a child took more than %d ms", io->timeout_ms);
    }
}

enum rc spawn_run(const struct spawn *s, const struct spawn_io *io, struct child_end *ret_end,
                  struct err *e)
{
    struct spawn with = *s;
    AUTO(pipes) struct pipes p = {.in = -1, .out = -1, .err = -1, .todo = io->in};
    AUTO(fd) int in = -1;
    AUTO(fd) int out = -1;
    AUTO(fd) int err = -1;
    if (s->in < 0) {
        TRY(make_pipe(&p.in, &in, true, e));
        with.in = in;
    }
    if (io->out != NULL) {
        TRY(make_pipe(&p.out, &out, false, e));
        with.out = out;
    }
    if (io->err != NULL) {
        TRY(make_pipe(&p.err, &err, false, e));
        with.err = err;
    }
    AUTO(child) struct child c = CHILD_INIT;
    TRY(spawn_start(&with, &c, e));
    fd_auto(&in);
    fd_auto(&out);
    fd_auto(&err);

    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    enum rc rc = pump(&c, &p, io, e);
    sigaction(SIGPIPE, &old, NULL);
    TRY(rc);
    reap(&c, ret_end);
    return RC_OK;
}
