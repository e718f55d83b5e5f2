/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up rights, in the order in which each step still has what it needs.  Runs once in every
 * role, before the first byte of a stranger; its input is the role's own table of rights.
 */
#include "os/sandbox_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

bool sandbox_is_sanitizer_build(void)
{
    return SANDBOX_SANITIZER;
}

/* Collects the words of a summary. */
static void say(char to[SANDBOX_TEXT_MAX], const char *fmt, ...) PRINTF(2, 3);
static void say(char to[SANDBOX_TEXT_MAX], const char *fmt, ...)
{
    size_t n = strlen(to);
    if (n > 0 && n + 1 < SANDBOX_TEXT_MAX) {
        to[n++] = ',';
        to[n] = '\0';
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(to + n, SANDBOX_TEXT_MAX - n, fmt, ap);
    va_end(ap);
}

static enum rc check_rules(const struct sandbox_rules *r, struct err *e)
{
    if (r->npaths > SANDBOX_PATHS_MAX || r->nkeep > SANDBOX_KEEP_MAX ||
        r->nconnect > SANDBOX_PORTS_MAX)
        return err_set(e, RC_INTERNAL, "more rights than the table holds");
    if (r->mounts && (r->npaths > 0 || r->unknown != SANDBOX_OPEN))
        return err_set(e, RC_INTERNAL, "mounts and rights that forbid them");
    if (r->no_network && (r->calls & SANDBOX_C_INET))
        return err_set(e, RC_INTERNAL, "no network and calls for it");
    /* Landlock, capabilities and seccomp bind only the calling thread. */
    if (!SANDBOX_SANITIZER && unshare(CLONE_THREAD) != 0 && errno == EINVAL)
        return err_set(e, RC_INTERNAL, "a thread was started before the sandbox");
    return RC_OK;
}

static int cmp_int(const void *a, const void *b)
{
    int x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Closes everything above 2 that is not kept. */
static enum rc close_fds(const struct sandbox_rules *r, struct err *e)
{
    if (r->keep_all_fds || SANDBOX_SANITIZER)
        return RC_OK;
    int keep[SANDBOX_KEEP_MAX];
    memcpy(keep, r->keep, sizeof keep);
    qsort(keep, r->nkeep, sizeof keep[0], cmp_int);
    unsigned from = 3;
    for (size_t i = 0; i < r->nkeep; i++) {
        if (keep[i] < (int)from)
            continue;
        if (keep[i] > (int)from && close_range(from, (unsigned)keep[i] - 1, 0) != 0)
            return err_errno(e, RC_IO, "cannot close descriptors");
        from = (unsigned)keep[i] + 1;
    }
    if (close_range(from, ~0U, 0) != 0)
        return err_errno(e, RC_IO, "cannot close descriptors");
    return RC_OK;
}

/* True when no packet can leave, not even to this machine: by a namespace without interfaces that
 * are up, or because no such socket can be made. */
static bool network_is_empty(void)
{
    AUTO(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EPERM || errno == EACCES || errno == EAFNOSUPPORT || errno == ENOSYS;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(9),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    return connect(fd, (struct sockaddr *)&a, sizeof a) != 0 && errno == ENETUNREACH;
}

static bool write_text(const char *path, const char *text)
{
    AUTO(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A user namespace lends the right to make a network namespace; the user stays himself in it. */
static bool leave_network_as_user(void)
{
    unsigned uid = getuid(), gid = getgid();
    /* The files below belong to root while the process is not dumpable. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    char map[64];
    bool ok = write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
    ok = write_text("/proc/self/uid_map", map) && ok;
    snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
    ok = write_text("/proc/self/gid_map", map) && ok;
    /* Unmapped, it would still be confined; only ids would show as nobody. */
    (void)ok;
    return true;
}

static enum rc change_user(const struct sandbox_rules *r, struct sandbox_summary *s, struct err *e)
{
    if (geteuid() != 0) {
        say(s->got, "uid");
        return RC_OK;
    }
    if (r->uid == 0) {
        /* The settings say so; root keeps no capability here. */
        say(s->got, "root");
        return RC_OK;
    }
    if (setgroups(0, NULL) != 0 || setresgid(r->gid, r->gid, r->gid) != 0 ||
        setresuid(r->uid, r->uid, r->uid) != 0)
        return err_errno(e, RC_IO, "cannot become user %u", (unsigned)r->uid);
    if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || getuid() != r->uid || getegid() != r->gid)
        return err_set(e, RC_IO, "still root after becoming user %u", (unsigned)r->uid);
    say(s->got, "uid");
    return RC_OK;
}

/* The network namespace before the user is changed where we are root, by a user namespace after it
 * where not. */
static enum rc leave_network(const struct sandbox_rules *r, struct sandbox_summary *s,
                             struct err *e)
{
    bool done = !r->no_network || network_is_empty();
    if (!done && geteuid() == 0)
        done = unshare(CLONE_NEWNET) == 0;
    TRY(change_user(r, s, e));
    if (!done)
        done = leave_network_as_user();
    if (!r->no_network)
        return RC_OK;
    /* Proved, not believed. */
    if (done && network_is_empty())
        say(s->got, "netns");
    else
        say(s->missing, "netns (no namespace allowed)");
    return RC_OK;
}

static enum rc drop_caps(const struct sandbox_rules *r, struct sandbox_summary *s, struct err *e)
{
    /* Where root stays root, bubblewrap's namespace has to map the machine's root, and that needs
     * this one (user_namespaces(7)).  Files that it could mark gain nothing by it: the bounding set
     * holds no other, and exec gives nothing new. */
    bool map_root = r->mounts && geteuid() == 0;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!(map_root && cap == CAP_SETFCAP) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 &&
            errno != EPERM)
            return err_errno(e, RC_IO, "cannot drop capability %d", cap);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct keep[2];
    memset(keep, 0, sizeof keep);
    if (map_root)
        keep[0].effective = keep[0].permitted = UINT32_C(1) << CAP_SETFCAP;
    if (syscall(SYS_capset, &h, keep) != 0)
        return err_errno(e, RC_IO, "cannot drop capabilities");
    say(s->got, "caps");
    return RC_OK;
}

static enum rc set_limit(int which, const char *name, uint64_t value, struct err *e)
{
    if (value == 0)
        return RC_OK;
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)which, &r) != 0)
        return err_errno(e, RC_IO, "cannot read the limit %s", name);
    /* Never up: a lower limit from outside stays. */
    if (value < r.rlim_max)
        r.rlim_max = value;
    r.rlim_cur = r.rlim_max;
    if (setrlimit((__rlimit_resource_t)which, &r) != 0)
        return err_errno(e, RC_IO, "cannot set the limit %s", name);
    return RC_OK;
}

static enum rc set_limits(const struct sandbox_limits *l, struct sandbox_summary *s, struct err *e)
{
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return err_errno(e, RC_IO, "cannot forbid core dumps");
    TRY(set_limit(RLIMIT_CPU, "of processor time", l->cpu_s, e));
    TRY(set_limit(RLIMIT_NOFILE, "of descriptors", l->nofile, e));
    TRY(set_limit(RLIMIT_FSIZE, "of file size", l->fsize_bytes, e));
    TRY(set_limit(RLIMIT_NPROC, "of processes", l->nproc, e));
    TRY(set_limit(RLIMIT_STACK, "of stack", l->stack_bytes, e));
    /* The shadow memory of a sanitizer takes terabytes of addresses. */
    if (!SANDBOX_SANITIZER)
        TRY(set_limit(RLIMIT_AS, "of memory", l->as_bytes, e));
    say(s->got, "rlimit");
    return RC_OK;
}

static enum rc confine(const struct sandbox_rules *r, struct sandbox_summary *s, struct err *e)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_errno(e, RC_IO, "cannot give up new privileges");
    if (SANDBOX_SANITIZER) {
        TRY(set_limits(&r->limits, s, e));
        say(s->missing, "landlock (sanitizer),seccomp (sanitizer)");
        return RC_OK;
    }
    int abi = 0;
    if (!r->mounts)
        TRY(landlock_apply(r, &abi, e));
    if (r->mounts)
        say(s->got, "mounts");
    else if (abi > 0)
        say(s->got, "landlock:%d", abi);
    else
        say(s->missing, "landlock (kernel without it)");
    TRY(set_limits(&r->limits, s, e));
    bool filtered;
    TRY(seccomp_apply(r, &filtered, e));
    if (filtered)
        say(s->got, "seccomp");
    else
        say(s->missing, "seccomp (kernel without it)");
    return RC_OK;
}

static enum rc apply(const struct sandbox_rules *r, struct sandbox_summary *s, struct err *e)
{
    TRY(check_rules(r, e));
    /* libc reads the time zone once, now, and not when the files are out of reach. */
    tzset();
    if (clearenv() != 0)
        return err_set(e, RC_IO, "cannot empty the environment");
    TRY(close_fds(r, e));
    int pdeathsig = 0;
    prctl(PR_GET_PDEATHSIG, &pdeathsig, 0, 0, 0);
    TRY(leave_network(r, s, e));
    TRY(drop_caps(r, s, e));
    /* The kernel forgets it when the user or the capabilities change. */
    if (pdeathsig != 0 && prctl(PR_SET_PDEATHSIG, pdeathsig, 0, 0, 0) != 0)
        return err_errno(e, RC_IO, "cannot tie itself to its parent");
    if (!SANDBOX_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_errno(e, RC_IO, "cannot forbid dumps of memory");
    TRY(confine(r, s, e));
    if (r->require && s->missing[0] != '\0' && !SANDBOX_SANITIZER)
        return err_set(e, RC_DENIED,
                       "this machine does not offer: %s; sandbox = require forbids "
                       "to run without",
                       s->missing);
    return RC_OK;
}

enum rc sandbox_apply(const struct sandbox_rules *rules, struct sandbox_summary *ret_summary,
                      struct err *e)
{
    struct sandbox_summary s = {.got = "", .missing = ""};
    if (apply(rules, &s, e) != RC_OK)
        return err_prefix(e, "sandbox of %s: ", rules->name);
    *ret_summary = s;
    return RC_OK;
}
