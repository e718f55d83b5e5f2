/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_LINES_H
#define VULNDESK_DESK_LINES_H

#include "desk/desk.h"

/*
 * The register of release lines: which ones get fixes, until when, how their tests are run.
 *
 * - A line is a branch, or the releases whose tags fit a pattern (git/tagpattern.h); then its
 *   newest release is what a fix is brought to.
 * - Filled from three sources, by a job that looks into the repository: the settings' [project]
 *   maintained, the policy's table of versions, and the release series that nobody speaks of, which
 *   are lines that are not maintained.  What a person wrote stays; what a source no longer says is
 *   not removed but is no longer maintained.
 * - Checked by the same job: the branch or a tag is there, what two sources say agrees; and at each
 *   look: a line whose end is over is not maintained, whatever its row says.
 * - "Not fixed, not maintained" is an answer: a line that is not maintained is never asked about in
 *   a case by itself, but the case says that it stays without a fix.
 * - The command of the tests and the root filesystem are what a sandbox runs and sees: only an
 *   administrator writes lines.  Anybody of the team may have the register filled and checked.
 *
 * Events, on the desk's own chain: line.added line.changed line.removed lines.asked lines.filled
 * lines.failed.
 */
#define LINES_JOB       "lines" /* kind of its task and of its engine */
#define LINES_MAX       500     /* in the register */
#define LINE_NAME_MAX   100     /* bytes */
#define LINE_BRANCH_MAX 200
#define LINE_TESTS_MAX  2000 /* bytes of a command */
#define LINE_ROOT_MAX   3000 /* bytes of a path */

/* Fields as a form has them. */
struct line_edit {
    int64_t id;                    /* 0: a new one */
    struct str name, branch, tags; /* exactly one of branch and tags */
    struct str until;              /* "2027-03-31" or RFC 3339, empty: no end is known */
    struct str build;              /* a command that builds it, a line; empty: nothing to do */
    bool keep_build;               /* it stays what it was */
    struct str tests;              /* a command for the shell of the root filesystem, a line */
    struct str root;               /* a folder or a tar, absolute; empty: the machine's own */
    bool maintained;
    struct str reason; /* may be empty */
};
/* Admin.  RC_CONFLICT: the name is taken. */
enum rc line_set(struct desk *d, const struct actor *who, const struct line_edit *n,
                 int64_t *ret_id, struct err *e) WARN_UNUSED;
enum rc line_remove(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                    struct err *e) WARN_UNUSED;
/* Team: fill and check. */
enum rc lines_look(struct desk *d, const struct actor *who, struct err *e) WARN_UNUSED;

struct view_mline {
    int64_t id, until_us, at_us, changed_us; /* until_us 0: not known; at_us: of the tip */
    struct str name, branch, tags, build, tests, root;
    struct str source;     /* person settings policy repository */
    struct str changed_by; /* as events name an actor */
    struct str tip;        /* what a fix is brought to: the branch, or the newest tag; empty: not
                              looked yet, or there is none */
    struct str commit;     /* of the tip when it was last looked */
    struct str problem;    /* what the last check found, a sentence; empty: nothing */
    bool written;          /* the row says maintained */
    bool over;             /* its end is over */
    bool maintained;       /* written and not over */
    const char *state;     /* "maintained", "maintained, 12 days left" is for the page: "ends soon",
                              "no longer maintained", "not maintained" */
};
#define LINE_SOON_US (60 * INT64_C(86400000000)) /* an end is near */
struct view_lines {
    struct view_mline *lines; /* maintained first, newest first */
    size_t n_lines, n_maintained, n_problems;
    bool repository; /* one is configured */
    bool waits, failed;
    struct str progress, failure, asked_by;
    int64_t asked_us, answered_us, now_us; /* 0: never */
    bool may_write;                        /* who looks is an administrator */
};
/* Team. */
enum rc view_lines(struct desk *d, const struct actor *who, struct arena *a, struct view_lines *ret,
                   struct err *e) WARN_UNUSED;
json_t *view_lines_json(const struct view_lines *v);

#endif
