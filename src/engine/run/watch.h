/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_WATCH_H
#define VULNDESK_ENGINE_RUN_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Looks several times a second at what runs in a sandbox: how many processes, how much memory they
 * hold together, how much lies in their folder, and whether this machine still has room.  It only
 * looks; the caller kills.  What a run can use between two looks is not prevented by it: single
 * files and single processes have limits of their own (box.h).
 */

#define WATCH_MS           100      /* from look to look */
#define WATCH_DEPTH        200u     /* folders in folders of the folder */
#define WATCH_FILES        2000000u /* names in it */
#define WATCH_DISK_SHARE   8        /* at most a 1/8 of the time goes into counting the folder */
#define WATCH_DISK_SPARE   (UINT64_C(512) << 20) /* bytes that the file system must have free */
#define WATCH_MEMORY_SPARE (UINT64_C(256) << 20) /* bytes that the machine must have available */

struct watch_limits { /* 0: no limit */
    uint64_t processes, memory_bytes, disk_bytes;
};

enum watch_found {
    WATCH_FINE,
    WATCH_PROCESSES,
    WATCH_MEMORY,
    WATCH_DISK,
    WATCH_NAMES,        /* too many or too deep to be counted */
    WATCH_MACHINE_DISK, /* the spare of this machine is touched, by whomever */
    WATCH_MACHINE_MEMORY
};

struct watch {
    struct watch_limits limits;
    int dir;                /* the folder, borrowed */
    uint64_t space;         /* the process namespace of the run, 0: not known yet */
    uint64_t free_at_start; /* bytes of the file system */
    uint64_t free_last;     /* when the folder was counted last */
    int64_t next_disk_us;
    /* The most that was seen. */
    uint64_t processes, memory_bytes, disk_bytes;
};

enum rc watch_init(struct watch *w, const struct watch_limits *limits, int dir, struct err *e)
    WARN_UNUSED;
/* first: any process of the run, by its number here; 0: not known yet. */
enum watch_found watch_look(struct watch *w, pid_t first);
/* The folder is counted once more, at the end. */
enum watch_found watch_folder(struct watch *w);
/* "more than 200 processes at once", for a person. */
void watch_words(const struct watch *w, enum watch_found found, char *to, size_t size);

/* Processes and threads of this user on this machine, for a limit that counts them all. */
uint64_t watch_tasks_of_user(uid_t uid);

#endif
