/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_SANDBOX_H
#define VULNDESK_OS_SANDBOX_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * Gives up rights, for good, in the process that calls it and in all it starts: user, environment,
 * descriptors, resource limits, files (Landlock), network (a namespace of its own, Landlock),
 * system calls (seccomp).  Called once, single-threaded, after everything is open that must be
 * opened with more rights, and before the first byte of a stranger is read.
 */

#define SANDBOX_PATHS_MAX 48
#define SANDBOX_KEEP_MAX  32
#define SANDBOX_PORTS_MAX 16
#define SANDBOX_LANDLOCK  2 /* oldest ABI that counts as present */

/* What may be done with a path and all below it. */
enum sandbox_right {
    SANDBOX_READ = 1,      /* read files, list folders */
    SANDBOX_WRITE = 2,     /* open for writing, cut */
    SANDBOX_CREATE = 4,    /* make regular files; moving one in also needs SANDBOX_MOVE */
    SANDBOX_REMOVE = 8,    /* remove files; replace one by a rename; move one away */
    SANDBOX_DIRS = 16,     /* make and remove folders */
    SANDBOX_MOVE = 32,     /* link and rename between folders */
    SANDBOX_EXEC = 64,     /* execute */
    SANDBOX_SOCKETS = 128, /* make, and remove with SANDBOX_REMOVE, unix sockets */
    SANDBOX_LINKS = 256,   /* make symbolic links */
    SANDBOX_LIST = 512,    /* list folders, without reading files */
    SANDBOX_MAYBE = 1024,  /* a path that is not there is no error */
};
#define SANDBOX_RW                                                                                 \
    (SANDBOX_READ | SANDBOX_WRITE | SANDBOX_CREATE | SANDBOX_REMOVE | SANDBOX_DIRS | SANDBOX_MOVE)

struct sandbox_path {
    const char *path; /* borrowed until sandbox_apply returns */
    unsigned rights;
};

/* Groups of system calls on top of what every process needs (memory, reading, writing, polling,
 * time, signals to itself). */
enum sandbox_calls {
    SANDBOX_C_IPC = 1,    /* sockets it was handed, descriptors, epoll, pipes, memory files */
    SANDBOX_C_FILES = 2,  /* open and look at files, list folders */
    SANDBOX_C_CHANGE = 4, /* make, rename, remove, sync, lock, cut files */
    SANDBOX_C_ACCEPT = 8, /* accept connections on handed sockets */
    SANDBOX_C_UNIX = 16,  /* make AF_UNIX sockets and connect them */
    SANDBOX_C_INET = 32,  /* make AF_INET/6 sockets and connect them; netlink to list addresses */
    SANDBOX_C_BIND = 64,  /* bind and listen */
    SANDBOX_C_THREADS = 128, /* threads of libraries */
    SANDBOX_C_SPAWN = 256,   /* fork, execve, wait, kill, and what children need to confine
                              * themselves further */
    SANDBOX_C_LOAD = 512,    /* load libraries; without it no memory can be made executable */
};

enum sandbox_unknown {
    SANDBOX_ENOSYS, /* a call that is not allowed fails; dangerous ones with EPERM */
    SANDBOX_KILL,   /* a call that is not allowed ends the process (SIGSYS) */
    SANDBOX_OPEN,   /* no allow-list: dangerous calls fail with EPERM, all others work.  For what
                     * runs programs of others (git) */
};

struct sandbox_limits { /* setrlimit(2); 0 = leave */
    uint64_t as_bytes, cpu_s, nofile, fsize_bytes, nproc, stack_bytes;
};

struct sandbox_rules {
    const char *name; /* of the role, for messages */
    struct sandbox_path paths[SANDBOX_PATHS_MAX];
    size_t npaths;
    unsigned calls;
    enum sandbox_unknown unknown;
    /* It starts programs in bubblewrap: Landlock would forbid the mounts, so there is none, and
     * calls for namespaces, mounts and debugging stay; what concerns the whole machine goes.  Not
     * together with paths, and only with SANDBOX_OPEN. */
    bool mounts;
    bool no_network;                     /* a network namespace of its own, with nothing in it */
    uint16_t connect[SANDBOX_PORTS_MAX]; /* TCP ports it may connect to where Landlock can say so
                                          * (ABI 4); nconnect 0 with SANDBOX_C_INET = any port */
    size_t nconnect;
    int keep[SANDBOX_KEEP_MAX]; /* descriptors above 2 that stay open */
    size_t nkeep;
    bool keep_all_fds; /* none is closed */
    struct sandbox_limits limits;
    uid_t uid; /* 0 = stay (as root: without capabilities); used only when root */
    gid_t gid;
    bool require; /* what is missing is an error */
};

/* What a process got, for the log: "uid,caps,netns,landlock:7,rlimit,seccomp". */
#define SANDBOX_TEXT_MAX 256
struct sandbox_summary {
    char got[SANDBOX_TEXT_MAX];
    char missing[SANDBOX_TEXT_MAX]; /* "" or a list of the same words, with reasons in () */
};

/*
 * Gives the rights up.  With rules->require RC_DENIED names what the machine does not offer; the
 * process is then half confined and must end.  Without, ret_summary->missing says it.  RC_INVALID
 * (a path that is not there), RC_IO, RC_INTERNAL (rules that contradict themselves) in either mode.
 * Builds with AddressSanitizer get no seccomp, Landlock, address space limit or closing of
 * descriptors; missing says "sanitizer", and that is no error even with require.
 */
enum rc sandbox_apply(const struct sandbox_rules *rules, struct sandbox_summary *ret_summary,
                      struct err *e) WARN_UNUSED;

/* True in builds where sandbox_apply cannot confine. */
bool sandbox_is_sanitizer_build(void);
/* The Landlock ABI of this kernel, 0 when there is none. */
int sandbox_landlock_abi(void);

#endif
