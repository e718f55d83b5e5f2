/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign program in bubblewrap.  Runs in the role runner; the program is hostile, its output is
 * bounded and not looked at.
 */
#include "os/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "os/clock.h"
#include "os/file.h"
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
    uint64_t wrote;
    void (*take)(void *arg, struct str bytes);
    void *take_arg;
    bool cut;
    int in, out, status_fd; /* our ends, -1 when done */
    int inside_fd;          /* of the first process inside; -1: not known yet */
    int64_t until_us;
};

/* Order matters: what is mounted later lies on top. */
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
                                      "3"};
static const char *const system_parts[] = {"/bin",
                                           "/sbin",
                                           "/lib",
                                           "/lib32",
                                           "/lib64",
                                           "/etc/ld.so.cache",
                                           "/etc/ld.so.conf",
                                           "/etc/ld.so.conf.d",
                                           "/etc/alternatives"};
/* Where bubblewrap is started as root, the program inside owns these, capabilities or not; and
 * bubblewrap covers them only where it finds their folders writable. */
static const char *const covered[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"};
/* Of a root filesystem: these are our own, or would hide ours. */
static const char *const not_of_root[] = {".", "..", "proc", "dev", "sys", "tmp", "work"};

#define ARGV_MAX                                                                                   \
    (ARRAY_LEN(shut_in) + 3 * (ARRAY_LEN(system_parts) + RUNNER_ROOT_MAX + RUNNER_BINDS_MAX) +     \
     60 + RUNNER_ARGS_MAX)
#define ARGV_BYTES ((RUNNER_ROOT_MAX + 4) * (size_t)(2 * FILE_PATH_MAX + 64))

struct argv {
    struct arena *arena; /* of the texts that are made for it */
    const char *v[ARGV_MAX + 1];
    size_t n;
};

static void add_arg(struct argv *a, const char *arg)
{
    BUG_ON(a->n == ARGV_MAX);
    a->v[a->n++] = arg;
}

static void add_three(struct argv *a, const char *option, const char *from, const char *to)
{
    add_arg(a, option);
    add_arg(a, from);
    add_arg(a, to);
}

/* A tmpfs that cannot take more than its share of memory. */
static void add_tmpfs(struct argv *a, uint64_t bytes, const char *at)
{
    add_arg(a, "--size");
    add_arg(a, arena_strf(a->arena, "%llu", (unsigned long long)bytes).p);
    add_arg(a, "--tmpfs");
    add_arg(a, at);
}

static void add_system(struct argv *a)
{
    add_three(a, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < ARRAY_LEN(system_parts); i++)
        add_three(a, "--ro-bind-try", system_parts[i], system_parts[i]);
}

static enum rc add_root_part(struct argv *a, int dir, const char *root, const char *name,
                             struct err *e)
{
    char link[FILE_PATH_MAX];
    struct stat st;
    for (size_t i = 0; i < ARRAY_LEN(not_of_root); i++)
        if (strcmp(name, not_of_root[i]) == 0)
            return RC_OK;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return err_errno(e, RC_IO, "a root filesystem");
    const char *to = arena_strf(a->arena, "/%s", name).p;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlinkat(dir, name, link, sizeof link);
        if (n <= 0 || (size_t)n == sizeof link)
            return err_set(e, RC_INVALID, "a link in a root filesystem cannot be read");
        add_three(a, "--symlink", arena_str(a->arena, str_of(link, (size_t)n)).p, to);
    } else if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) {
        add_three(a, "--ro-bind", arena_strf(a->arena, "%s/%s", root, name).p, to);
    }
    return RC_OK;
}

/* Its parts one by one: a mount point that it lacks could not be made in it. */
static enum rc add_root(struct argv *a, const char *root, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(dir_open(AT_FDCWD, root, &fd, e));
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    if (d == NULL) {
        fd_auto(&again);
        return err_errno(e, RC_IO, "a root filesystem");
    }
    enum rc rc = RC_OK;
    size_t n = 0;
    for (struct dirent *de; rc == RC_OK && (de = readdir(d)) != NULL;)
        rc = ++n > RUNNER_ROOT_MAX ? err_set(e, RC_LIMIT,
                                             "more than %d names in the top of a root "
                                             "filesystem",
                                             RUNNER_ROOT_MAX)
                                   : add_root_part(a, fd, root, de->d_name, e);
    closedir(d);
    return rc;
}

static enum rc make_argv(const struct runner_job *job, struct argv *a, struct err *e)
{
    size_t own = 0;
    if (job->nbinds > RUNNER_BINDS_MAX || job->dir == NULL || job->argv == NULL)
        return err_set(e, RC_INTERNAL, "a job for the runner needs a folder and arguments");
    while (job->argv[own] != NULL)
        if (++own > RUNNER_ARGS_MAX)
            return err_set(e, RC_LIMIT, "more than %d arguments to run", RUNNER_ARGS_MAX);
    if (own == 0)
        return err_set(e, RC_INTERNAL, "nothing to run");
    uint64_t tmp = job->tmp_bytes ? job->tmp_bytes : RUNNER_TMP_BYTES;
    for (size_t i = 0; i < ARRAY_LEN(shut_in); i++)
        add_arg(a, shut_in[i]);
    if (job->root)
        TRY(add_root(a, job->root, e));
    else
        add_system(a);
    const char *const own_parts[] = {"--proc", "/proc", "--dev", "/dev"};
    for (size_t i = 0; i < ARRAY_LEN(own_parts); i++)
        add_arg(a, own_parts[i]);
    for (size_t i = 0; i < ARRAY_LEN(covered); i++)
        add_three(a, "--ro-bind-try", covered[i], covered[i]);
    add_tmpfs(a, tmp, "/dev/shm");
    add_tmpfs(a, tmp, "/tmp");
    for (size_t i = 0; i < job->nbinds; i++)
        add_three(a, "--ro-bind", job->binds[i].from, job->binds[i].to);
    add_three(a, "--bind", job->dir, RUNNER_WORK);
    /* These are tmpfs of bubblewrap's own, without a size. */
    const char *const last[] = {"--remount-ro", "/dev", "--remount-ro", "/", "--chdir",
                                RUNNER_WORK,    "--"};
    for (size_t i = 0; i < ARRAY_LEN(last); i++)
        add_arg(a, last[i]);
    for (size_t i = 0; i < own; i++)
        add_arg(a, job->argv[i]);
    a->v[a->n] = NULL;
    return arena_ok(a->arena, "the arguments of a program to run", e);
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
    AUTO(arena) struct arena *arena = arena_new(ARGV_BYTES);
    AUTO(mem) struct argv *argv = mem_zalloc(sizeof *argv);
    argv->arena = arena;
    TRY(make_argv(job, argv, e));
    AUTO(fd) int in = -1;
    AUTO(fd) int out = -1;
    AUTO(fd) int status = -1;
    TRY(make_pipe(&r->in, &in, true, e));
    TRY(make_pipe(&r->out, &out, false, e));
    TRY(make_pipe(&r->status_fd, &status, false, e));
    struct spawn s = SPAWN_INIT;
    s.path = RUNNER_BWRAP;
    s.argv = argv->v;
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
    r->in = r->out = r->status_fd = r->inside_fd = -1;
    buf_init(&r->input, job->input.n);
    buf_init(&r->output, job->output_max);
    buf_init(&r->status, STATUS_MAX);
    buf_add(&r->input, job->input);
    r->take = job->take;
    r->take_arg = job->take_arg;
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

/* Reads at most `reads` times what is there; what does not fit is dropped.  r: hand it on too. */
static void drain(int *fd, struct buf *b, int reads, struct runner *r)
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
        if (r == NULL)
            continue;
        r->cut = r->cut || take < (size_t)n;
        r->wrote += (uint64_t)n;
        if (r->take)
            r->take(r->take_arg, str_of(step, (size_t)n));
    }
}

static void drain_all(struct runner *r, int reads)
{
    drain(&r->out, &r->output, reads, r);
    drain(&r->status_fd, &r->status, reads, NULL);
    pid_t inside = r->inside_fd < 0 ? runner_inside(r) : 0;
    if (inside > 0)
        r->inside_fd = pidfd_open(inside, 0);
}

/* bubblewrap's end is noticed before that of its namespace, whose first process is the last. */
static void let_die(struct runner *r)
{
    struct pollfd p = {.fd = r->inside_fd, .events = POLLIN};
    int64_t until_us = clock_mono_us() + RUNNER_DIE_MS * INT64_C(1000);
    while (r->inside_fd >= 0 && poll(&p, 1, clock_left_ms(until_us)) < 0 && errno == EINTR)
        ;
    fd_auto(&r->inside_fd);
}

static void stop(struct runner *r, enum runner_state why)
{
    child_kill(&r->child);
    drain_all(r, READS_AT_END);
    let_die(r);
    r->state = why;
}

/* bubblewrap tells an exit code only when it had come so far as to start the program. */
static enum rc ended(struct runner *r, struct err *e)
{
    child_signal(&r->child, SIGKILL);
    drain_all(r, READS_AT_END);
    TRY(child_wait(&r->child, -1, &r->end, e));
    let_die(r);
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

uint64_t runner_wrote(const struct runner *r)
{
    return r->wrote;
}

pid_t runner_inside(const struct runner *r)
{
    static const struct str key = {"\"child-pid\":", 12};
    struct err e = ERR_INIT;
    uint64_t pid = 0;
    size_t at = str_find(buf_str(&r->status), key), n = 0;
    if (at == STR_NPOS)
        return 0;
    struct str rest = str_trim(str_sub(buf_str(&r->status), at + key.n, 20));
    while (n < rest.n && ascii_is_digit(rest.p[n]))
        n++;
    bool ok = num_parse(str_sub(rest, 0, n), 2, INT32_MAX, "a process", &pid, &e) == RC_OK;
    return ok ? (pid_t)pid : 0;
}

void runner_free(struct runner *r)
{
    if (r == NULL)
        return;
    if (r->child.pid > 0)
        stop(r, RUNNER_KILLED);
    fd_auto(&r->in);
    fd_auto(&r->out);
    fd_auto(&r->status_fd);
    fd_auto(&r->inside_fd);
    buf_release(&r->input);
    buf_release(&r->output);
    buf_release(&r->status);
    free(r);
}

void runner_auto(struct runner **r)
{
    runner_free(*r);
}
