/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign program in bubblewrap.  Runs in the role runner; the program is hostile, its output is
 * bounded and not looked at.
 */
#include "os/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"

#define STATUS_FD  3
#define STATUS_MAX 4096
#define READ_STEP  65536
/* What a pipe can still hold when the program has ended. */
#define READS_AT_END  32
#define READS_RUNNING 1

struct runner {
    struct child child;
    enum runner_state state;
    struct child_end end;
    struct buf input, output, status;
    size_t fed;
    bool cut;
    int in, out, status_fd; /* our ends, -1 when done */
    int64_t until_us;
};

static const char *const shut_in[] = {"bwrap",
                                      "--unshare-all",
                                      "--unshare-user",
                                      "--disable-userns",
                                      "--uid",
                                      "65534",
                                      "--gid",
                                      "65534",
                                      "--cap-drop",
                                      "ALL",
                                      "--die-with-parent",
                                      "--new-session",
                                      "--json-status-fd",
                                      "3",
                                      "--ro-bind",
                                      "/usr",
                                      "/usr",
                                      "--proc",
                                      "/proc",
                                      "--dev",
                                      "/dev",
                                      "--tmpfs",
                                      "/tmp"};
static const char *const system_parts[] = {"/bin",
                                           "/sbin",
                                           "/lib",
                                           "/lib32",
                                           "/lib64",
                                           "/etc/ld.so.cache",
                                           "/etc/ld.so.conf",
                                           "/etc/ld.so.conf.d",
                                           "/etc/alternatives"};

#define ARGV_MAX                                                                                   \
    (ARRAY_LEN(shut_in) + 3 * (ARRAY_LEN(system_parts) + RUNNER_BINDS_MAX + 1) + 3 +               \
     RUNNER_ARGS_MAX + 1)

static enum rc make_argv(const struct runner_job *job, const char *argv[ARGV_MAX], struct err *e)
{
    size_t n = 0, own = 0;
    if (job->nbinds > RUNNER_BINDS_MAX || job->dir == NULL || job->argv == NULL)
        return err_set(e, RC_INTERNAL, "a job for the runner needs a folder and arguments");
    while (job->argv[own] != NULL)
        if (++own > RUNNER_ARGS_MAX)
            return err_set(e, RC_LIMIT, "more than %d arguments to run", RUNNER_ARGS_MAX);
    if (own == 0)
        return err_set(e, RC_INTERNAL, "nothing to run");
    for (size_t i = 0; i < ARRAY_LEN(shut_in); i++)
        argv[n++] = shut_in[i];
    for (size_t i = 0; i < ARRAY_LEN(system_parts); i++) {
        argv[n++] = "--ro-bind-try";
        argv[n++] = system_parts[i];
        argv[n++] = system_parts[i];
    }
    for (size_t i = 0; i < job->nbinds; i++) {
        argv[n++] = "--ro-bind";
        argv[n++] = job->binds[i].from;
        argv[n++] = job->binds[i].to;
    }
    const char *const work[] = {"--bind", job->dir, RUNNER_WORK, "--chdir", RUNNER_WORK, "--"};
    for (size_t i = 0; i < ARRAY_LEN(work); i++)
        argv[n++] = work[i];
    for (size_t i = 0; i < own; i++)
        argv[n++] = job->argv[i];
    argv[n] = NULL;
    return RC_OK;
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

static enum rc start(struct runner *r, const struct runner_job *job, struct err *e)
{
    static const char *const plain[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" RUNNER_WORK,
                                        "LANG=C.UTF-8", NULL};
    const char *argv[ARGV_MAX];
    TRY(make_argv(job, argv, e));
    AUTO(fd) int in = -1;
    AUTO(fd) int out = -1;
    AUTO(fd) int status = -1;
    TRY(make_pipe(&r->in, &in, true, e));
    TRY(make_pipe(&r->out, &out, false, e));
    TRY(make_pipe(&r->status_fd, &status, false, e));
    struct spawn s = SPAWN_INIT;
    s.path = RUNNER_BWRAP;
    s.argv = argv;
    s.envp = job->envp ? job->envp : plain;
    s.in = in;
    s.out = out;
    s.err = out;
    s.limits = job->limits;
    TRY(spawn_add_fd(&s, status, STATUS_FD, e));
    return spawn_start(&s, &r->child, e);
}

enum rc runner_start(const struct runner_job *job, struct runner **ret_runner, struct err *e)
{
    AUTO(runner) struct runner *r = mem_zalloc(sizeof *r);
    r->child = (struct child)CHILD_INIT;
    r->in = r->out = r->status_fd = -1;
    buf_init(&r->input, job->input.n);
    buf_init(&r->output, job->output_max);
    buf_init(&r->status, STATUS_MAX);
    buf_add(&r->input, job->input);
    r->until_us = clock_mono_us() + (int64_t)job->timeout_ms * 1000;
    TRY(start(r, job, e));
    *ret_runner = TAKE(r);
    return RC_OK;
}

/* Writes what the pipe takes; a program that does not want its input is no error. */
static void feed(struct runner *r)
{
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    bool more = true;
    while (more && r->fed < r->input.n) {
        ssize_t n = write(r->in, r->input.p + r->fed, r->input.n - r->fed);
        if (n >= 0)
            r->fed += (size_t)n;
        else if (errno == EAGAIN)
            more = false;
        else if (errno != EINTR)
            r->fed = r->input.n;
    }
    sigaction(SIGPIPE, &old, NULL);
    if (r->fed == r->input.n)
        fd_auto(&r->in);
}

/* Reads at most `reads` times what is there; what does not fit is dropped. */
static void drain(int *fd, struct buf *b, int reads, bool *ret_cut)
{
    while (*fd >= 0 && reads-- > 0) {
        char step[READ_STEP];
        ssize_t n = read(*fd, step, sizeof step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            fd_auto(fd);
            return;
        }
        size_t room = b->max - b->n, take = (size_t)n < room ? (size_t)n : room;
        buf_add(b, str_of(step, take));
        *ret_cut = *ret_cut || take < (size_t)n;
    }
}

static void drain_all(struct runner *r, int reads)
{
    bool ignored = false;
    drain(&r->out, &r->output, reads, &r->cut);
    drain(&r->status_fd, &r->status, reads, &ignored);
}

static void stop(struct runner *r, enum runner_state why)
{
    child_kill(&r->child);
    drain_all(r, READS_AT_END);
    r->state = why;
}

/* bubblewrap tells an exit code only when it had come so far as to start the program. */
static enum rc ended(struct runner *r, struct err *e)
{
    child_signal(&r->child, SIGKILL);
    drain_all(r, READS_AT_END);
    TRY(child_wait(&r->child, -1, &r->end, e));
    r->state = RUNNER_ENDED;
    if (str_find(buf_str(&r->status), STR("\"exit-code\"")) != STR_NPOS)
        return RC_OK;
    r->state = RUNNER_KILLED;
    return err_set(e, RC_DENIED, "bubblewrap could not shut the program in or not start it");
}

enum rc runner_poll(struct runner *r, int wait_ms, enum runner_state *ret_state, struct err *e)
{
    int64_t back_us = clock_mono_us() + (int64_t)wait_ms * 1000;
    while (r->state == RUNNER_RUNNING) {
        int64_t now_us = clock_mono_us();
        if (now_us >= r->until_us) {
            stop(r, RUNNER_TIMEOUT);
            break;
        }
        int64_t next_us = back_us < r->until_us ? back_us : r->until_us;
        struct pollfd f[] = {{.fd = r->child.pidfd, .events = POLLIN},
                             {.fd = r->in, .events = POLLOUT},
                             {.fd = r->out, .events = POLLIN},
                             {.fd = r->status_fd, .events = POLLIN}};
        int n = poll(f, ARRAY_LEN(f), clock_left_ms(next_us));
        if (n < 0 && errno != EINTR)
            return err_errno(e, RC_IO, "cannot wait for a program");
        if (n > 0 && f[1].revents)
            feed(r);
        if (n > 0 && f[0].revents)
            TRY(ended(r, e));
        else
            drain_all(r, READS_RUNNING);
        if (clock_mono_us() >= back_us)
            break;
    }
    *ret_state = r->state;
    return RC_OK;
}

void runner_kill(struct runner *r)
{
    if (r->state == RUNNER_RUNNING)
        stop(r, RUNNER_KILLED);
}

struct child_end runner_end(const struct runner *r)
{
    return r->end;
}

struct str runner_output(const struct runner *r, bool *ret_cut)
{
    if (ret_cut != NULL)
        *ret_cut = r->cut;
    return buf_str(&r->output);
}

void runner_free(struct runner *r)
{
    if (r == NULL)
        return;
    child_kill(&r->child);
    fd_auto(&r->in);
    fd_auto(&r->out);
    fd_auto(&r->status_fd);
    buf_release(&r->input);
    buf_release(&r->output);
    buf_release(&r->status);
    free(r);
}

void runner_auto(struct runner **r)
{
    runner_free(*r);
}
