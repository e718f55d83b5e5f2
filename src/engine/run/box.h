/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_BOX_H
#define VULNDESK_ENGINE_RUN_BOX_H

#include "base/buf.h"
#include "os/runner.h"

/*
 * One program, once, in a sandbox (os/runner.h) with all its limits.  It and all it starts are
 * hostile: it may fork without end, fill its folder, write without end, wait for ever, leave
 * processes behind.  When this returns, nothing of it runs any more.
 *
 * How each limit is kept:
 *   wall time, output    counted here, then all is killed
 *   cpu, size of a file  by the kernel, for each process
 *   processes            by the kernel where the user is not root (RLIMIT_NPROC: what the user runs
 *                        besides plus these); and counted ten times a second (watch.h)
 *   memory               counted ten times a second; as_bytes for each process where it is wanted
 *   the folder           counted (watch.h); /tmp and /dev/shm are of limited size; nothing else
 *                        can be written to
 */

struct box_limits { /* 0: the default */
    int wall_ms;
    uint64_t cpu_s;        /* of each process */
    uint64_t processes;    /* at once, threads not counted */
    uint64_t memory_bytes; /* of all together */
    uint64_t as_bytes;     /* address space of each; the default is none: sanitizers, Go and Java
                            * reserve terabytes */
    uint64_t file_bytes;   /* of one file */
    uint64_t disk_bytes;   /* of its folder, with what was in it before */
    uint64_t output_bytes;
};
#define BOX_WALL_MS      1800000
#define BOX_CPU_S        3600u
#define BOX_PROCESSES    512u
#define BOX_MEMORY       (UINT64_C(4) << 30)
#define BOX_FILE         (UINT64_C(2) << 30)
#define BOX_DISK         (UINT64_C(10) << 30)
#define BOX_OUTPUT       (UINT64_C(256) << 20)
#define BOX_WALL_MS_MOST 14400000     /* the most that may be asked for */
#define BOX_LOG_HEAD     (48u << 10)  /* bytes of its output that are kept, */
#define BOX_LOG_TAIL     (144u << 10) /* from its beginning and its end */
#define BOX_WHY_MAX      (ERR_MSG_MAX + 400)

enum box_state {
    BOX_ENDED, /* by itself: told.code */
    BOX_TIME,  /* killed at a limit: */
    BOX_FULL_OUTPUT,
    BOX_FULL_PROCESSES,
    BOX_FULL_MEMORY,
    BOX_FULL_DISK,
    BOX_MACHINE, /* killed because this machine ran short of disk or memory: says nothing of it */
    BOX_STOPPED, /* killed because the caller wanted so */
    BOX_REFUSED  /* it never ran: this machine cannot shut it in, or there is no such program */
};
const char *box_state_name(enum box_state s); /* "ended", "time", "output", ... */

struct box_log {
    struct buf head, tail; /* tail: a ring once it is full */
    size_t tail_at;
    uint64_t total;
};

struct box_told {
    enum box_state state;
    int code;              /* 128 + n: a signal n */
    char why[BOX_WHY_MAX]; /* for a person; empty for BOX_ENDED */
    int64_t wall_ms;
    uint64_t output_bytes, disk_bytes, memory_bytes, processes; /* the most */
};

struct box_ask {
    const char *dir;  /* becomes RUNNER_WORK; what is in it stays there */
    const char *root; /* as runner_job.root */
    const char *const *argv;
    struct runner_bind binds[4];
    size_t nbinds;
    struct box_limits limits;
    struct box_log *log;                       /* NULL: none */
    void (*take)(void *arg, struct str bytes); /* its output, as it comes; may be NULL */
    bool (*go_on)(void *arg, int64_t ms); /* asked ten times a second; false: stop; may be NULL */
    void *arg;
};

/* RC_INVALID: limits that may not be asked for; RC_IO: the folder cannot be used.  Everything that
 * happened to the program is in *ret_told. */
enum rc box_run(const struct box_ask *ask, struct box_told *ret_told, struct err *e) WARN_UNUSED;

/* Keeps so many bytes of the beginning and of the end. */
void box_log_init(struct box_log *l, size_t head, size_t tail);
void box_log_release(struct box_log *l);
void box_log_auto(struct box_log *l);
void box_log_add(struct box_log *l, struct str bytes);
/* Head, a line that says how much was left out, tail; to be cleaned before anybody sees it. */
void box_log_text(const struct box_log *l, struct buf *to);

#endif
