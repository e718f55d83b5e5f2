/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_AFFECTED_H
#define VULNDESK_DESK_AFFECTED_H

#include "desk/desk.h"
#include "engine/affected/map.h"
#include "engine/affected/record.h"

/*
 * The affected versions of a case: what is known of the fix and of where the flaw came from is put
 * to the engine (engine/affected/), which answers from the history of settings [project]
 * repository; people choose between candidates and decide about single releases.
 *
 * - Every change of the question and every decision orders the job anew, so that the ranges follow;
 *   an answer counts only when it is for the newest question.
 * - A choice and a decision hold at once: until the job comes back they are laid over the answer
 *   that is there.  A new question forgets the choice, never the decisions.
 * - The engine's answer is a stranger's text and is read by engine/affected/record.h; what it says
 *   about a release that a person decided about must be that decision.
 * - A question that fails (an unknown revision) is answered by its reason; nothing is tried again
 *   before somebody asks again.
 *
 * - A place that an audit found and that joined the case (desk/audit.h) is a part of it with a
 *   question and an answer of its own; part 0 is the case itself.  Only that one becomes the fact
 *   "affected versions" and begins an advisory.
 *
 * Events: affected.asked affected.answered affected.failed affected.chosen affected.unchosen
 * affected.decided affected.undecided.
 */
#define AFFECTED_JOB       "affected"      /* kind of its tasks and of its engine */
#define AFFECTED_PART_JOB  "affected-part" /* of the tasks of parts; the engine is the same */
#define AFFECTED_LINES_MAX (16 * 1024)     /* bytes of each field of the form */
#define AFFECTED_REV_MAX   200             /* bytes of a revision or a place */
#define AFFECTED_GROUPS    64              /* lines of fixes */
#define AFFECTED_REVS      200             /* revisions in one field */
#define AFFECTED_DECIDED   500             /* decisions of a case */
#define AFFECTED_PICTURE   (1024 * 1024)   /* bytes of what an advisory keeps */

/* A case's own flaw, or that of a part of it. */
struct affected_key {
    int64_t case_id, part;
};

/* Lines: of fix each is one thing that has to be there, its words are alternatives. */
struct affected_ask {
    int64_t case_id, part; /* RC_NOTFOUND: no such part of the case */
    struct str fix, introduced, at;
};
enum rc affected_ask(struct desk *d, const struct actor *who, const struct affected_ask *q,
                     struct err *e) WARN_UNUSED;
/* The same question again: new releases, a repaired mirror. */
enum rc affected_again(struct desk *d, const struct actor *who, struct affected_key of,
                       struct err *e) WARN_UNUSED;
/* nth: the answer that was looked at (view_affected.nth); RC_CONFLICT: there is another by now.
 * candidate counts from 1; 0 takes the choice back. */
enum rc affected_choose(struct desk *d, const struct actor *who, struct affected_key of,
                        int64_t nth, int64_t candidate, struct err *e) WARN_UNUSED;
/* status: affected fixed not_affected unknown, empty takes the decision back; the reason is wanted
 * for the former. */
struct affected_decide {
    int64_t case_id, part;
    struct str tag, status, reason;
};
enum rc affected_decide(struct desk *d, const struct actor *who, const struct affected_decide *n,
                        struct err *e) WARN_UNUSED;
/* The newest answer becomes the fact "affected versions" of the case (desk/phase.h).  RC_CONFLICT:
 * there is none yet, or there are candidates and nobody has chosen one. */
enum rc affected_keep(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
    WARN_UNUSED;

/* ---- views ---- */

struct view_decision {
    struct str tag, status, reason, actor;
    int64_t at_us;
};
struct view_affected {
    int64_t case_id, part, nth, now_us, asked_us, answered_us, chosen_us;
    struct str case_number, case_title;
    bool repository;           /* one is configured */
    bool closed;               /* nothing is asked any more */
    bool asked, waits, failed; /* there is a question; its answer is under way; there is none */
    bool has;                  /* an answer, perhaps to the question before */
    struct str progress, failure, summary;
    struct str fix, introduced, at; /* as the form has them */
    struct record r;                /* decisions and choice laid over it */
    int64_t chosen;                 /* candidate, from 1; 0 none */
    bool may_keep;                  /* affected_keep would do it */
    struct str chosen_by;
    struct view_decision *decisions;
    size_t n_decisions;
    struct map_run *runs;
    size_t n_runs;
    struct str svg, osv, cve; /* the picture, and formatted JSON */
    json_t *json;             /* owned: the answer, from which r borrows */
};
void view_affected_auto(struct view_affected *v);
/* Team.  AUTO(view_affected) struct view_affected v = {.nth = 0}; */
enum rc view_affected(struct desk *d, const struct actor *who, struct arena *a,
                      struct affected_key of, struct view_affected *ret, struct err *e) WARN_UNUSED;
json_t *view_affected_json(const struct view_affected *v);

/* The line on the page of the case: empty summary and state when nothing was asked. */
enum rc view_affected_line(struct desk *d, struct arena *a, int64_t case_id, struct str *ret_state,
                           struct str *ret_summary, struct err *e) WARN_UNUSED;

/* ---- advisories ---- */

/* Lines and versions of the newest answer that an advisory can take; a line an entry.  Nothing when
 * there is no answer to the newest question. */
enum rc affected_versions(struct desk *d, struct arena *a, int64_t case_id, struct buf *affected,
                          struct buf *fixed, struct err *e) WARN_UNUSED;
/* What a revision keeps of it: the releases and the commits, without evidence; empty: nothing. */
enum rc affected_picture(struct desk *d, struct arena *a, int64_t case_id, struct str *ret,
                         struct err *e) WARN_UNUSED;
/* And what is shown of that. */
struct view_picture {
    struct str svg;
    struct record r;
    struct map_run *runs;
    size_t n_runs;
    json_t *json; /* owned: AUTO(view_picture) */
};
enum rc view_picture(struct arena *a, struct str picture, struct view_picture *ret, struct err *e)
    WARN_UNUSED;
void view_picture_auto(struct view_picture *p);

#endif
