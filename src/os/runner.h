/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_RUNNER_H
#define VULNDESK_OS_RUNNER_H

#include "os/spawn.h"

/*
 * Runs a foreign program (a project's tests, a reporter's reproducer) once, away from everything:
 * its own namespaces by bubblewrap, no network, no capabilities, the system's programs read-only,
 * one throw-away folder to write in.  Its caller must not be confined by Landlock, which forbids
 * mounts. Three operations, so that another back end (a microVM, another host) can stand behind
 * them.
 */

#define RUNNER_ARGS_MAX  64
#define RUNNER_BINDS_MAX 16
#define RUNNER_BWRAP     "/usr/bin/bwrap"
/* Where the throw-away folder appears inside. */
#define RUNNER_WORK "/work"
/* Bytes of /tmp and of /dev/shm, which are memory; nothing else but the throw-away folder can be
 * written to. */
#define RUNNER_TMP_BYTES (UINT64_C(256) << 20)
#define RUNNER_ROOT_MAX  64 /* names in the top folder of a root filesystem */

struct runner_bind {
    const char *from, *to; /* read-only */
};

struct runner_job {
    const char *const *argv; /* program as seen inside, ends with NULL */
    const char *const *envp; /* NULL = PATH, HOME and LANG only */
    const char *dir;         /* the throw-away folder on our side; exists, empty or prepared */
    struct runner_bind binds[RUNNER_BINDS_MAX];
    size_t nbinds;
    /* A folder whose parts are seen read-only as /usr, /etc, /lib, ... instead of this machine's
     * programs; its proc, dev, sys, tmp and work are not.  NULL: this machine's. */
    const char *root;
    uint64_t tmp_bytes;                        /* 0: RUNNER_TMP_BYTES */
    struct str input;                          /* its stdin; copied */
    size_t output_max;                         /* stdout and stderr together; the rest is dropped */
    void (*take)(void *arg, struct str bytes); /* gets all of it as it comes; NULL: nobody */
    void *take_arg;
    int timeout_ms;             /* wall time, then it is killed */
    struct spawn_limits limits; /* for each of its processes */
};

enum runner_state { RUNNER_RUNNING, RUNNER_ENDED, RUNNER_TIMEOUT, RUNNER_KILLED };

struct runner;

/* RC_NOTFOUND when bubblewrap is not installed. */
enum rc runner_start(const struct runner_job *job, struct runner **ret_runner, struct err *e)
    WARN_UNUSED;
#define RUNNER_DIE_MS 10000 /* that is waited for the last process inside to be gone */
/* Waits at most wait_ms for news, moves input and output, and says how it stands.  RC_DENIED when
 * bubblewrap could not shut the program in (a machine without user namespaces, a folder that is not
 * there) or not start it; what it said is in runner_output.  Nothing ran then.  Once it stands
 * anywhere but at RUNNER_RUNNING, no process of it is left. */
enum rc runner_poll(struct runner *r, int wait_ms, enum runner_state *ret_state, struct err *e)
    WARN_UNUSED;
/* Ends it with all it started. Fine when it has ended. */
void runner_kill(struct runner *r);
/* After RUNNER_ENDED: how.  A program that a signal n killed has exit code 128 + n. */
struct child_end runner_end(const struct runner *r);
/* What it wrote so far, borrowed; *ret_cut (may be NULL) says that more was dropped. */
struct str runner_output(const struct runner *r, bool *ret_cut);
uint64_t runner_wrote(const struct runner *r); /* bytes, all of it */
/* The first process inside, by its number here; 0: none yet, or not known. */
pid_t runner_inside(const struct runner *r);
/* Kills when it still runs. The throw-away folder is the caller's to remove (dir_remove). */
void runner_free(struct runner *r);
/* AUTO(runner) struct runner *r = NULL; */
void runner_auto(struct runner **r);

#endif
