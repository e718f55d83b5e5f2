/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: which system calls a role can make.  Runs in every confined role, once; its input is the
 * role's own table of rights.
 */
#include "os/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

/* Names that the library does not know on this system or architecture are skipped: an unknown call
 * cannot be made by accident, and the default meets it. */

/* What every process does, the parse child included. */
static const char *const base[] = {"read",
                                   "write",
                                   "readv",
                                   "writev",
                                   "close",
                                   "lseek",
                                   "fstat",
                                   "munmap",
                                   "mremap",
                                   "brk",
                                   "madvise",
                                   "rt_sigreturn",
                                   "rt_sigprocmask",
                                   "rt_sigaction",
                                   "sigaltstack",
                                   "exit",
                                   "exit_group",
                                   "futex",
                                   "clock_gettime",
                                   "clock_getres",
                                   "gettimeofday",
                                   "time",
                                   "nanosleep",
                                   "clock_nanosleep",
                                   "getrandom",
                                   "poll",
                                   "ppoll",
                                   "restart_syscall",
                                   "sched_yield",
                                   "getpid",
                                   "gettid",
                                   "sysinfo",
                                   "set_robust_list",
                                   "rseq",
                                   "sched_getaffinity",
                                   "getuid",
                                   "geteuid",
                                   "getgid",
                                   "getegid",
                                   NULL};

static const char *const ipc[] = {"pread64",
                                  "pwrite64",
                                  "preadv",
                                  "pwritev",
                                  "recvfrom",
                                  "recvmsg",
                                  "recvmmsg",
                                  "sendto",
                                  "sendmsg",
                                  "sendmmsg",
                                  "shutdown",
                                  "getsockopt",
                                  "setsockopt",
                                  "getsockname",
                                  "getpeername",
                                  "dup",
                                  "dup2",
                                  "dup3",
                                  "fcntl",
                                  "epoll_create",
                                  "epoll_create1",
                                  "epoll_ctl",
                                  "epoll_wait",
                                  "epoll_pwait",
                                  "epoll_pwait2",
                                  "select",
                                  "pselect6",
                                  "eventfd2",
                                  "pipe",
                                  "pipe2",
                                  "timerfd_create",
                                  "timerfd_settime",
                                  "timerfd_gettime",
                                  "signalfd4",
                                  "memfd_create",
                                  "ftruncate",
                                  "getppid",
                                  "getgroups",
                                  "getresuid",
                                  "getresgid",
                                  "uname",
                                  "getrusage",
                                  "times",
                                  "getrlimit",
                                  "rt_sigtimedwait",
                                  "rt_sigpending",
                                  "rt_sigsuspend",
                                  "pause",
                                  "alarm",
                                  "setitimer",
                                  "getitimer",
                                  "membarrier",
                                  "getcpu",
                                  "mlock",
                                  "mlock2",
                                  "munlock",
                                  "mincore",
                                  "msync",
                                  "close_range",
                                  "get_robust_list",
                                  "set_tid_address",
                                  "sched_getparam",
                                  "sched_getscheduler",
                                  "sched_get_priority_min",
                                  "sched_get_priority_max",
                                  "getpgrp",
                                  "getpgid",
                                  "getsid",
                                  NULL};

static const char *const files[] = {
    "stat",      "lstat",      "newfstatat",      "statx",     "access", "faccessat", "faccessat2",
    "readlink",  "readlinkat", "getcwd",          "chdir",     "fchdir", "getdents",  "getdents64",
    "fadvise64", "sendfile",   "copy_file_range", "splice",    "statfs", "fstatfs",   "umask",
    "readahead", "getxattr",   "fgetxattr",       "lgetxattr", NULL};

/* Not among these: chmod, chown, attributes and truncate by path, which Landlock does not see
 * (truncate from ABI 3 on). */
static const char *const change[] = {
    "creat",     "mkdir",           "mkdirat",   "rmdir",  "rename",  "renameat",  "renameat2",
    "unlink",    "unlinkat",        "link",      "linkat", "symlink", "symlinkat", "fsync",
    "fdatasync", "sync_file_range", "fallocate", "flock",  "fchmod",  "utimensat", "futimesat",
    NULL};

static const char *const accept_calls[] = {"accept", "accept4", NULL};
static const char *const connect_calls[] = {"connect", "socketpair", NULL};
static const char *const bind_calls[] = {"bind", "listen", NULL};
static const char *const thread_calls[] = {"sched_setaffinity", "sched_setscheduler",
                                           "sched_setattr", NULL};

/* The second half is for children, which confine themselves after their exec. */
static const char *const spawn_calls[] = {"fork",
                                          "vfork",
                                          "execve",
                                          "execveat",
                                          "wait4",
                                          "waitid",
                                          "kill",
                                          "tgkill",
                                          "tkill",
                                          "setpgid",
                                          "setsid",
                                          "pidfd_open",
                                          "prctl",
                                          "prlimit64",
                                          "setrlimit",
                                          "arch_prctl",
                                          "pidfd_send_signal",
                                          "rt_sigqueueinfo",
                                          "seccomp",
                                          "landlock_create_ruleset",
                                          "landlock_add_rule",
                                          "landlock_restrict_self",
                                          "capget",
                                          "capset",
                                          "setgroups",
                                          "setresuid",
                                          "setresgid",
                                          "setuid",
                                          "setgid",
                                          "getpriority",
                                          "setpriority",
                                          "sched_getattr",
                                          NULL};

/* What only an attacker would want: EPERM even where everything else is allowed.  First what
 * concerns other processes and namespaces, which bubblewrap needs. */
static const char *const of_a_role[] = {"ptrace",
                                        "process_vm_readv",
                                        "process_vm_writev",
                                        "process_madvise",
                                        "kcmp",
                                        "pidfd_getfd",
                                        "mount",
                                        "umount2",
                                        "pivot_root",
                                        "chroot",
                                        "move_mount",
                                        "open_tree",
                                        "fsopen",
                                        "fsconfig",
                                        "fsmount",
                                        "fspick",
                                        "mount_setattr",
                                        "unshare",
                                        "setns",
                                        "name_to_handle_at",
                                        "personality",
                                        "sethostname",
                                        "setdomainname",
                                        "mknod",
                                        "mknodat",
                                        "fanotify_init",
                                        "vmsplice",
                                        "memfd_secret",
                                        "mbind",
                                        "set_mempolicy",
                                        NULL};

/* And what no namespace holds back; for those who start bubblewrap, and for all that runs in it,
 * too. */
static const char *const of_the_machine[] = {"bpf",
                                             "keyctl",
                                             "add_key",
                                             "request_key",
                                             "kexec_load",
                                             "kexec_file_load",
                                             "init_module",
                                             "finit_module",
                                             "delete_module",
                                             "create_module",
                                             "perf_event_open",
                                             "userfaultfd",
                                             "io_uring_setup",
                                             "io_uring_enter",
                                             "io_uring_register",
                                             "open_by_handle_at",
                                             "reboot",
                                             "swapon",
                                             "swapoff",
                                             "acct",
                                             "quotactl",
                                             "quotactl_fd",
                                             "iopl",
                                             "ioperm",
                                             "modify_ldt",
                                             "settimeofday",
                                             "clock_settime",
                                             "clock_adjtime",
                                             "adjtimex",
                                             "syslog",
                                             "vhangup",
                                             "lookup_dcookie",
                                             "nfsservctl",
                                             "uselib",
                                             "ustat",
                                             "sysfs",
                                             "_sysctl",
                                             "migrate_pages",
                                             "move_pages",
                                             NULL};

/* Changes by path that Landlock does not see (truncate: before ABI 3): refused to everybody. */
static const char *const unseen[] = {"chmod",     "fchmodat",    "fchmodat2",    "chown",
                                     "lchown",    "fchownat",    "truncate",     "setxattr",
                                     "lsetxattr", "removexattr", "lremovexattr", NULL};

/* Refused with EPERM, unless a group allowed them before. */
static const char *const refused[] = {"execve",
                                      "execveat",
                                      "fork",
                                      "vfork",
                                      "kill",
                                      "tgkill",
                                      "tkill",
                                      "setuid",
                                      "setgid",
                                      "setreuid",
                                      "setregid",
                                      "setresuid",
                                      "setresgid",
                                      "setgroups",
                                      "setfsuid",
                                      "setfsgid",
                                      "fchown",
                                      "fsetxattr",
                                      "fremovexattr",
                                      "bind",
                                      "listen",
                                      "connect",
                                      "accept",
                                      "accept4",
                                      "socketpair",
                                      "pidfd_send_signal",
                                      "rt_sigqueueinfo",
                                      "rt_tgsigqueueinfo",
                                      "capset",
                                      NULL};

/* The filter under construction; the first failure sticks. */
struct filter {
    scmp_filter_ctx ctx;
    enum sandbox_unknown unknown;
    int error;
    bool allowed[1024]; /* by number: a refusal never meets a call that a group allowed */
};

static void filter_auto(struct filter *f)
{
    if (f->ctx != NULL)
        seccomp_release(f->ctx);
}

static void add(struct filter *f, uint32_t action, const char *name, unsigned n,
                const struct scmp_arg_cmp *args)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR || nr < 0 || f->error != 0)
        return;
    /* The library refuses rules that repeat the default. */
    if (action == SCMP_ACT_ALLOW && f->unknown == SANDBOX_OPEN)
        return;
    if (action != SCMP_ACT_ALLOW && f->unknown == SANDBOX_KILL)
        return;
    if (nr < (int)ARRAY_LEN(f->allowed)) {
        if (action == SCMP_ACT_ALLOW)
            f->allowed[nr] = true;
        else if (n == 0 && f->allowed[nr])
            return;
    }
    int rc = seccomp_rule_add_array(f->ctx, action, nr, n, args);
    if (rc != 0)
        f->error = -rc;
}

static void add_if(struct filter *f, uint32_t action, const char *name, struct scmp_arg_cmp arg)
{
    add(f, action, name, 1, &arg);
}

static void add_list(struct filter *f, uint32_t action, const char *const *names)
{
    for (; *names != NULL; names++)
        add(f, action, *names, 0, NULL);
}

#define PERM SCMP_ACT_ERRNO(EPERM)

/* Memory: never writable and executable at once; never executable in roles that load no library
 * after they are confined. */
static void add_memory(struct filter *f, bool may_load)
{
    static const char *const names[] = {"mmap", "mprotect", "pkey_mprotect"};
    const uint64_t wx = PROT_WRITE | PROT_EXEC;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        add_if(f, SCMP_ACT_ALLOW, names[i], SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        add_if(f, may_load ? SCMP_ACT_ALLOW : PERM, names[i],
               SCMP_A2(SCMP_CMP_MASKED_EQ, wx, PROT_EXEC));
        add_if(f, PERM, names[i], SCMP_A2(SCMP_CMP_MASKED_EQ, wx, wx));
    }
}

/* Opening: cutting a file while opening it for reading is a write that Landlock before ABI 3 does
 * not see. */
static void add_open(struct filter *f)
{
    const uint64_t both = O_ACCMODE | O_TRUNC;
    add_if(f, SCMP_ACT_ALLOW, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, both, O_RDONLY));
    add_if(f, SCMP_ACT_ALLOW, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY));
    add_if(f, SCMP_ACT_ALLOW, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR));
    add_if(f, PERM, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, both, O_TRUNC));
    add_if(f, SCMP_ACT_ALLOW, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, both, O_RDONLY));
    add_if(f, SCMP_ACT_ALLOW, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY));
    add_if(f, SCMP_ACT_ALLOW, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR));
    add_if(f, PERM, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, both, O_TRUNC));
}

static void add_sockets(struct filter *f, unsigned calls)
{
    bool any = false;
    for (int family = 0; family < AF_MAX; family++) {
        bool ok = (family == AF_UNIX && (calls & SANDBOX_C_UNIX)) ||
                  ((family == AF_INET || family == AF_INET6 || family == AF_NETLINK) &&
                   (calls & SANDBOX_C_INET));
        any |= ok;
        if (!ok && (calls & (SANDBOX_C_UNIX | SANDBOX_C_INET)) == 0)
            continue;
        add_if(f, ok ? SCMP_ACT_ALLOW : PERM, "socket", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
    }
    if (any) {
        add_if(f, PERM, "socket", SCMP_A0(SCMP_CMP_GE, AF_MAX));
        add_list(f, SCMP_ACT_ALLOW, connect_calls);
    } else {
        add(f, PERM, "socket", 0, NULL);
    }
}

/* Signals to itself, for abort and raise. */
static void add_own_signals(struct filter *f)
{
    static const char *const names[] = {"kill", "tgkill"};
    scmp_datum_t self = (scmp_datum_t)getpid();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        add_if(f, SCMP_ACT_ALLOW, names[i], SCMP_A0(SCMP_CMP_EQ, self));
        add_if(f, PERM, names[i], SCMP_A0(SCMP_CMP_NE, self));
    }
}

static void add_prctl(struct filter *f)
{
    static const int options[] = {PR_SET_NAME,      PR_GET_NAME,         PR_GET_DUMPABLE,
                                  PR_SET_PDEATHSIG, PR_GET_PDEATHSIG,    PR_GET_SECCOMP,
                                  PR_SET_VMA,       PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        add_if(f, SCMP_ACT_ALLOW, "prctl",
               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)(unsigned)options[i]));
    add_if(f, SCMP_ACT_ALLOW, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0));
}

static void add_clone(struct filter *f, unsigned calls)
{
    static const uint64_t spaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    if (calls & SANDBOX_C_SPAWN)
        add_if(f, SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
    else if (calls & SANDBOX_C_THREADS)
        add_if(f, SCMP_ACT_ALLOW, "clone",
               SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES | CLONE_THREAD, CLONE_THREAD));
    else
        add(f, PERM, "clone", 0, NULL);
    if (calls & (SANDBOX_C_SPAWN | SANDBOX_C_THREADS))
        for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
            add_if(f, PERM, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i]));
    /* Its flags lie in memory, where no filter can look; libc falls back to clone. */
    if (f->unknown == SANDBOX_OPEN)
        add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

static void add_all(struct filter *f, unsigned calls)
{
    add_list(f, SCMP_ACT_ALLOW, base);
    if (f->unknown != SANDBOX_OPEN)
        add_memory(f, (calls & (SANDBOX_C_LOAD | SANDBOX_C_SPAWN)) != 0);
    add_if(f, SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, TCGETS));
    if (calls & SANDBOX_C_FILES) {
        add_list(f, SCMP_ACT_ALLOW, files);
        add_open(f);
    } else {
        /* fstat of libc 2.33 to 2.38. */
        add_if(f, SCMP_ACT_ALLOW, "newfstatat", SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
    }
    if (calls & SANDBOX_C_IPC) {
        add_list(f, SCMP_ACT_ALLOW, ipc);
        add_if(f, SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO));
        add_if(f, SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD));
    }
    if (calls & SANDBOX_C_CHANGE)
        add_list(f, SCMP_ACT_ALLOW, change);
    if (calls & SANDBOX_C_ACCEPT)
        add_list(f, SCMP_ACT_ALLOW, accept_calls);
    if (calls & SANDBOX_C_BIND)
        add_list(f, SCMP_ACT_ALLOW, bind_calls);
    if (calls & SANDBOX_C_THREADS)
        add_list(f, SCMP_ACT_ALLOW, thread_calls);
    if (calls & SANDBOX_C_SPAWN) {
        add_list(f, SCMP_ACT_ALLOW, spawn_calls);
        /* Children ask with it whether they have threads. */
        add_if(f, SCMP_ACT_ALLOW, "unshare", SCMP_A0(SCMP_CMP_EQ, CLONE_THREAD));
        add_if(f, PERM, "unshare", SCMP_A0(SCMP_CMP_NE, CLONE_THREAD));
    } else if (f->unknown != SANDBOX_OPEN) {
        add_own_signals(f);
        add_prctl(f);
    }
    add_sockets(f, calls);
    add_clone(f, calls);
    add_list(f, PERM, of_a_role);
    add_list(f, PERM, of_the_machine);
    add_list(f, PERM, unseen);
    if (f->unknown != SANDBOX_OPEN)
        add_list(f, PERM, refused);
    else if ((calls & SANDBOX_C_SPAWN) == 0)
        add(f, PERM, "execve", 0, NULL);
}

enum rc seccomp_apply(const struct sandbox_rules *rules, bool *ret_done, struct err *e)
{
    uint32_t otherwise = rules->unknown == SANDBOX_KILL   ? SCMP_ACT_KILL_PROCESS
                         : rules->unknown == SANDBOX_OPEN ? SCMP_ACT_ALLOW
                                                          : SCMP_ACT_ERRNO(ENOSYS);
    AUTO(filter) struct filter f = {.ctx = seccomp_init(otherwise), .unknown = rules->unknown};
    if (f.ctx == NULL)
        return err_set(e, RC_IO, "seccomp: cannot make a filter");
    f.error = -seccomp_attr_set(f.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rules->mounts)
        add_list(&f, PERM, of_the_machine);
    else
        add_all(&f, rules->calls);
    if (f.error != 0) {
        errno = f.error;
        return err_errno(e, RC_INTERNAL, "seccomp: cannot make a filter");
    }
    int rc = seccomp_load(f.ctx);
    if (rc == -EINVAL || rc == -ENOSYS) {
        *ret_done = false;
        return RC_OK;
    }
    if (rc != 0) {
        errno = -rc;
        return err_errno(e, RC_IO, "seccomp: cannot load the filter");
    }
    *ret_done = true;
    return RC_OK;
}
