/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_BACKPORT_H
#define VULNDESK_DESK_BACKPORT_H

#include "desk/desk.h"
#include "desk/lines.h"
#include "desk/scrub.h"
#include "engine/backport/record.h"

/*
 * The backports of a case: its fix is brought to every maintained line (desk/lines.h) by the engine
 * (engine/backport/); people settle each line, its tests are run, and the case says how many of
 * how many lines are ready.
 *
 * - Asking anew keeps what is settled.  A line that is settled is what the engine may start from
 *   for older lines; so when one is settled, or unsettled, all older ones that are open run again.
 * - Settled: the candidate was accepted; a patch or a bundle was uploaded in its place; or the line
 *   is waived, with a reason.  What is settled is kept as a patch of its own, sealed with the case.
 * - Ready: accepted or edited and its tests passed; or tests could not say anything and a person
 *   took that upon them with a reason; or waived; or the line has the fix already, or never had the
 *   flaw.  Untested is never ready by itself.  k of n lines is kept in the facts lines, fixes and
 *   waived of the case.
 * - A test run and a reproducer run in the sandbox of the worker (engine/run/); what they say and
 *   their logs stay with the case, the logs sealed.
 * - Released: the commit of a ready line, made anew at that moment by the desk itself, signed with
 *   its key and given out to the team as a bundle with one private branch; docs/decisions/0018. The
 *   team fetches it and pushes it where it belongs; the desk writes to no repository.
 * - A reproducer is hostile.  It runs only after a person of the team approved exactly these bytes:
 *   they say the SHA-256 of what they looked at.  No rule, no task and no import approves.
 * - Nothing of it leaves the desk by itself: not to the mirror, not to a mail, not to a
 *   reporter's page.  All of it is the team's to see; nobody else's.
 *
 * Events: backport.asked backport.answered backport.failed backport.settled backport.unsettled
 * backport.edited backport.edit_failed backport.tests_asked backport.tests_failed backport.tested
 * backport.untested_taken
 * backport.message backport.release_asked backport.released backport.release_failed
 * reproducer.added reproducer.approved reproducer.revoked reproducer.asked
 * reproducer.answered reproducer.failed.
 */
#define BACKPORT_JOB         "backport"       /* kinds of tasks, and of engines */
#define BACKPORT_EDIT_JOB    "backport-edit"  /* takes an uploaded change in */
#define BACKPORT_TESTS_JOB   "backport-tests" /* subject: a run */
#define REPRODUCE_JOB        "reproduce"
#define BACKPORT_RELEASE_JOB "backport-release" /* subject: a line */
#define BACKPORT_FORGET      "backport-forget"  /* removes the objects of a case: subject its id */
#define BACKPORT_FIELD_MAX   (16 * 1024)        /* bytes of a field of the form */
#define BACKPORT_REVS        PORT_FIX_MAX       /* commits of the fix */
#define BACKPORT_LINES       50                 /* lines of one case */
#define BACKPORT_EDIT_MAX    (256 * 1024)       /* bytes of an uploaded patch or bundle */
#define BACKPORT_RUNS        20                 /* test runs of a line that a page shows */
#define REPRODUCER_MAX       (64 * 1024)        /* bytes of a script */
#define REPRODUCERS_MAX      20                 /* of a case */
#define REPRODUCER_ROWS      500                /* trees of one run */
#define BACKPORT_LOG_MAX     (4u << 20)         /* bytes of a log that is kept */
#define BACKPORT_HASH        64                 /* hex digits */

enum backport_decision {
    BACKPORT_OPEN,
    BACKPORT_ACCEPTED, /* the candidate, or another one that was shown */
    BACKPORT_EDITED,   /* what a person uploaded */
    BACKPORT_WAIVED,
    BACKPORT_DECISIONS
};
const char *backport_decision_name(enum backport_decision v);  /* "accepted"; "" open */
const char *backport_decision_words(enum backport_decision v); /* "accepted", "not decided" */

/*
 *   fix    revisions; empty: the fix that the affected versions were asked with
 *   lines  names of the register; empty: all that are maintained
 */
struct backport_ask {
    int64_t case_id;
    struct str fix, lines;
};
enum rc backport_ask(struct desk *d, const struct actor *who, const struct backport_ask *q,
                     struct err *e) WARN_UNUSED;
/* The same again: a repaired mirror, a branch that moved. */
enum rc backport_again(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
    WARN_UNUSED;

/*
 * What becomes of one line.  nth: the answer that was looked at (view_backport_line.nth);
 * RC_CONFLICT: there is another one by now.
 *   accept  tree: of the candidate that was looked at, the line's own or another one
 *   waive   the reason is wanted
 *   reopen  takes the decision back
 */
struct backport_settle {
    int64_t case_id, nth;
    struct str line;   /* its name */
    struct str act;    /* accept waive reopen */
    struct str tree;   /* accept */
    struct str reason; /* accept: of one that is proposed it is wanted too */
};
enum rc backport_settle(struct desk *d, const struct actor *who, const struct backport_settle *n,
                        struct err *e) WARN_UNUSED;
/* An uploaded change of that line: a patch (git format-patch, or a plain unified diff), or a bundle
 * (git bundle) whose only head becomes the candidate.  It is settled when the job has taken it in;
 * RC_INVALID: it is neither. */
struct backport_edit {
    int64_t case_id;
    struct str line, bytes, reason;
};
enum rc backport_edit(struct desk *d, const struct actor *who, const struct backport_edit *n,
                      struct err *e) WARN_UNUSED;
/* The message of the fix's commits on all lines, in place of the engine's; empty: that again.  It
 * is scrubbed like the engine's. */
enum rc backport_message(struct desk *d, const struct actor *who, int64_t case_id,
                         struct str message, struct err *e) WARN_UNUSED;

/* Orders the tests of a settled line, or of all that want them (line empty). */
enum rc backport_test(struct desk *d, const struct actor *who, int64_t case_id, struct str line,
                      struct err *e) WARN_UNUSED;
/* The line counts although its tests said nothing; reason empty: takes that back. */
enum rc backport_untested(struct desk *d, const struct actor *who, int64_t case_id, struct str line,
                          struct str reason, struct err *e) WARN_UNUSED;

/*
 * The signed commits of ready lines, each as a bundle with a private branch.
 *   line    its name: made anew each time; empty: all that are ready and not given out yet
 *   entire  the message with what the scrubber takes out of it; RC_CONFLICT before it is public
 */
struct backport_release {
    int64_t case_id;
    struct str line;
    bool entire;
};
enum rc backport_release(struct desk *d, const struct actor *who, const struct backport_release *n,
                         struct err *e) WARN_UNUSED;
/* Who signs, for git's gpg.ssh.allowedSignersFile: anybody may know. */
enum rc backport_signers(struct desk *d, struct buf *b, struct err *e) WARN_UNUSED;

/* A script; it does not run.  *ret_id. */
struct reproducer_add {
    int64_t case_id;
    struct str name, bytes, source; /* source: where it comes from, a line; may be empty */
};
enum rc reproducer_add(struct desk *d, const struct actor *who, const struct reproducer_add *n,
                       int64_t *ret_id, struct err *e) WARN_UNUSED;
/* A person of the team: exactly these bytes may run.  RC_CONFLICT: the hash is not theirs. */
enum rc reproducer_approve(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                           struct str sha256, struct err *e) WARN_UNUSED;
/* It may not run any more; what waits is cancelled. */
enum rc reproducer_revoke(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                          struct str reason, struct err *e) WARN_UNUSED;
/* On every maintained line, and by bisection over the tags.  RC_DENIED: nobody approved it. */
enum rc reproducer_run(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                       struct err *e) WARN_UNUSED;

/* ---- views ---- */

struct view_backport_run {          /* of tests */
    int64_t id, asked_us, ended_us; /* ended_us 0: it waits or runs */
    struct str state;               /* asked answered failed */
    struct str result;              /* pass fail untested; empty: no answer */
    struct str why;                 /* a sentence */
    struct str asked_by, progress, commit;
    bool before_built, after_built;
    int64_t before_ran, before_failed, after_ran, after_failed; /* tests that were seen */
    struct str *fresh; /* names of tests that fail with the candidate alone */
    size_t n_fresh;
    struct str *missing; /* passed before, are not run any more */
    size_t n_missing;
    struct str *unsteady; /* of the fresh ones: passed when they were run again */
    size_t n_unsteady;
    struct str own;  /* of the fix's own test: "fails before, passes after"; empty: not carried */
    bool has_log;    /* view_backport_log */
    bool of_settled; /* it ran on what is settled now */
};
struct view_release {
    const char *state; /* "" none, asked signed given failed */
    struct str failure, commit, branch, asked_by;
    int64_t asked_us, given_us;
    bool waits, entire;
};
struct view_backport_line {
    int64_t id, nth, until_us, at_us; /* nth: of its answer; at_us: of the decision */
    struct str name, onto;            /* the register's; what was asked for */
    bool waits, failed;               /* an answer is under way; there is none */
    struct str failure;
    bool has, stale;           /* an answer; it is for the question before */
    const struct port_line *r; /* NULL: has is false */
    struct scrubbed message;   /* of the commit, without what gives it away */
    enum backport_decision decision;
    struct str reason, actor;
    struct str tree, commit;        /* settled: what holds */
    bool has_patch;                 /* view_backport_patch */
    bool from_neighbour;            /* r->source is the backport of another line */
    bool edit_waits;                /* an upload, or another candidate, is being taken in */
    struct str edit_failure;        /* why the last one was not; empty: none */
    struct view_backport_run *runs; /* newest first */
    size_t n_runs;
    const struct view_backport_run *tested;  /* the newest that counts for what is settled; NULL */
    struct str untested_reason, untested_by; /* somebody took it upon them; empty: nobody */
    int64_t untested_us;
    bool tests_known; /* the register has a command for it */
    bool ready;
    const char *state; /* for people: "ready", "waived", "tests run", "to be looked at" ... */
    const char *next;  /* what a person does next; "" nothing */
    struct view_release release; /* of what is settled now */
    bool may_accept, may_test, may_untested, may_release;
};
/* A line that the case does not ask about. */
struct view_backport_other {
    struct str name, tip;
    bool maintained;
    bool affected;     /* a release of it is, as far as the affected versions say */
    const char *words; /* "not fixed, not maintained" ... */
};
/* One tree of a reproducer's run. */
struct view_matrix_row {
    struct str name, commit;
    bool line;           /* a maintained line's tip; else a release */
    struct str result;   /* crashes fine no-build timeout not-run */
    struct str affected; /* what the affected versions say of it: affected fixed ...; empty */
    bool differs;        /* the two do not agree */
    struct str why;
};
struct view_matrix {
    int64_t id, asked_us, ended_us;
    struct str state, why, asked_by, progress; /* state: asked answered failed */
    struct view_matrix_row *rows;
    size_t n_rows, n_differs;
    struct str first_bad, last_good; /* of the bisection; empty: none */
    bool has_log;
};
struct view_reproducer {
    int64_t id, added_us, approved_us, revoked_us; /* 0: not */
    struct str name, source, added_by, approved_by, revoked_by, revoked_why;
    struct str sha256; /* hex */
    int64_t size;
    struct str text; /* its bytes as clean text; empty where keys could not be asked */
    bool binary;     /* they are no text: look at them elsewhere */
    bool may_approve, may_run;
    struct view_matrix *runs; /* newest first */
    size_t n_runs;
};
struct view_backport {
    int64_t case_id, nth, now_us, asked_us, answered_us;
    struct str case_number, case_title, asked_by;
    bool repository;           /* one is configured */
    bool closed;               /* nothing is asked any more */
    bool is_public;            /* what the flaw is may be said */
    bool asked, waits, failed; /* there is a question; an answer is under way; there is none */
    struct str progress, failure, summary; /* "2 of 3 lines ready" */
    struct str fix, lines;                 /* the form: as it was asked, else the defaults */
    bool fix_of_affected;
    struct port_record r;          /* fix, notes; lines: those of which there is an answer */
    struct view_backport_line *of; /* newest first */
    size_t n_of;
    size_t n_ready, n_waived; /* ready: the waived ones too */
    struct view_backport_other *others;
    size_t n_others;
    struct str message; /* written by a person; empty: the engine's */
    struct view_reproducer *scripts;
    size_t n_scripts;
    json_t *json; /* owned: the answers, from which r borrows */
};
void view_backport_auto(struct view_backport *v);
/* Team.  AUTO(view_backport) struct view_backport v = {.nth = 0}; */
enum rc view_backport(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_backport *ret, struct err *e) WARN_UNUSED;
json_t *view_backport_json(const struct view_backport *v);

/* What was settled for a line, as a mail that git am takes, with the scrubbed message.  Team;
 * RC_NOTFOUND: nothing. */
enum rc view_backport_patch(struct desk *d, const struct actor *who, int64_t case_id,
                            struct str line, struct buf *b, struct err *e) WARN_UNUSED;
/* The bundle of a released line, bytes.  Team; RC_NOTFOUND: none was given out. */
enum rc view_backport_bundle(struct desk *d, const struct actor *who, int64_t case_id,
                             struct str line, struct buf *b, struct err *e) WARN_UNUSED;
/* The log of a test run or of a reproducer's run, bytes. */
enum rc view_backport_log(struct desk *d, const struct actor *who, int64_t case_id, int64_t run,
                          struct buf *b, struct err *e) WARN_UNUSED;
/* A script, bytes. */
enum rc view_reproducer_bytes(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                              struct buf *b, struct err *e) WARN_UNUSED;

/* The line on the page of the case: empty state when nothing was asked. */
struct view_backport_sum {
    struct str state, summary; /* asked answered failed; "2 of 3 lines ready" */
    int64_t lines, ready, waived;
};
enum rc view_backport_sum(struct desk *d, struct arena *a, int64_t case_id,
                          struct view_backport_sum *ret, struct err *e) WARN_UNUSED;

#endif
