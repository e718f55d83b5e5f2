/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_SPAWN_H
#define VULNDESK_OS_SPAWN_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * Child processes, without a shell: an argument list, a chosen environment, chosen descriptors and
 * nothing else of ours.  Every child leads its own process group and dies with the process that
 * started it.  Signals are back at their defaults in the child, SIGPIPE included.
 */

#define SPAWN_SELF    "/proc/self/exe" /* our own binary, whatever happened to its file since */
#define SPAWN_FDS_MAX 16

/* Descriptor `from` of ours is number `to` (3 or above) in the child. */
struct spawn_fd {
    int from, to;
};

/* Limits of setrlimit(2); 0 = as ours. Each is set for soft and hard alike. */
struct spawn_limits {
    uint64_t cpu_s;    /* seconds of processor time; then SIGKILL */
    uint64_t as_bytes; /* address space; left alone in builds with a sanitizer */
    uint64_t fsize_bytes;
    uint64_t nofile;
    uint64_t nproc; /* of that user, machine-wide: no use for a shared user */
};

struct sandbox_rules;

struct spawn {
    const char *path;        /* absolute path of the program, or SPAWN_SELF */
    const char *const *argv; /* ends with NULL; argv[0] included */
    const char *const *envp; /* "NAME=value", ends with NULL; NULL = empty environment */
    const char *cwd;         /* NULL = ours */
    int in, out, err;        /* -1 = /dev/null; use SPAWN_INIT to begin with */
    struct spawn_fd fds[SPAWN_FDS_MAX];
    size_t nfds;
    struct spawn_limits limits;
    /* Applied in the child right before the program starts (os/sandbox.h): descriptors are chosen
     * here, so its keep list does not count.  Where it says require, nothing runs unconfined. */
    const struct sandbox_rules *confine;
};
#define SPAWN_INIT                                                                                 \
    {                                                                                              \
        .in = -1, .out = -1, .err = -1                                                             \
    }

struct child {
    pid_t pid; /* 0 = none */
    int pidfd; /* for poll(2): readable when the child has ended */
};
#define CHILD_INIT                                                                                 \
    {                                                                                              \
        .pid = 0, .pidfd = -1                                                                      \
    }

/* How a child ended. */
struct child_end {
    bool killed; /* by signal number code, else it left with exit code code */
    int code;
};
bool child_end_ok(const struct child_end *end); /* exit code 0 */
/* "exit code 1", "signal 9 (Killed)": for logs. */
void child_end_describe(const struct child_end *end, struct buf *b);

/* Adds a descriptor for the child; RC_LIMIT beyond SPAWN_FDS_MAX. */
enum rc spawn_add_fd(struct spawn *s, int from, int to, struct err *e) WARN_UNUSED;

/*
 * Starts the child; the caller keeps its own descriptors.  RC_NOTFOUND (no such program or folder),
 * RC_DENIED, RC_LIMIT (processes, memory, descriptors), RC_IO: then nothing runs.
 */
enum rc spawn_start(const struct spawn *s, struct child *ret_child, struct err *e) WARN_UNUSED;

/* Waits at most timeout_ms (-1 = for ever, 0 = only looks) for its end and reaps it, killing what
 * it left behind in its group; c is empty after RC_OK.  RC_TIMEOUT: it still runs. */
enum rc child_wait(struct child *c, int timeout_ms, struct child_end *ret_end, struct err *e)
    WARN_UNUSED;

/* A signal to the child's whole group. Fine when it has ended. */
void child_signal(const struct child *c, int sig);

/* SIGKILL to the group, then reaps. Fine on an empty c; c is empty afterwards. */
void child_kill(struct child *c);
/* AUTO(child) struct child c = CHILD_INIT; kills at the end of scope what was not waited for. */
void child_auto(struct child *c);

/* What spawn_run feeds and collects. */
struct spawn_io {
    struct str in;   /* for its stdin, unless spawn.in >= 0 */
    struct buf *out; /* its stdout is appended here up to out->max; NULL = as spawn.out says */
    struct buf *err; /* the same for stderr: what does not fit is dropped */
    int timeout_ms;  /* for all of it, -1 = none */
};

/*
 * Starts, feeds stdin while reading stdout (neither can block the other), waits.  A child that
 * does not read all of its input is no error; its end says what it thought.  RC_TIMEOUT, RC_LIMIT
 * (stdout larger than its buffer's maximum): the group is killed, out holds what came until then.
 * When the child has ended but something it started still holds the pipes, the group is killed and
 * what was written until then counts.
 */
enum rc spawn_run(const struct spawn *s, const struct spawn_io *io, struct child_end *ret_end,
                  struct err *e) WARN_UNUSED;

#endif
