/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_VCASE_H
#define VULNDESK_DESK_VCASE_H

#include "desk/desk.h"
#include "desk/phase.h"
#include "desk/vstate.h"

/*
 * A case and its changes.  Each change is one transaction with one event (or more, where a move
 * forces another).  All need a team member.  "case" is a C keyword, so the type is struct vcase.
 *
 * Events written here: case.opened case.rm case.em case.cs case.fact case.exit case.title
 * case.severity case.handler case.closed, participant.added.
 */
#define VCASE_NUMBER_MAX 32 /* PREFIX-YYYY-NNNN and its NUL */
#define VCASE_PER_YEAR   999999

/* "MC-2026-0001"; four digits at least. */
void vcase_number(char dst[VCASE_NUMBER_MAX], struct str prefix, int year, int64_t nth);
/* True when s is PREFIX-YYYY-N..N with that prefix (letters of either case). */
bool vcase_number_ok(struct str prefix, struct str s);
/* The first "[PREFIX-YYYY-NNNN]" in a subject, without brackets, or empty. */
struct str vcase_number_find(struct str prefix, struct str subject);
/* RC_NOTFOUND when there is none; a joined case's number finds the case it was joined into. */
enum rc vcase_by_number(struct desk *d, struct str number, int64_t *ret_id, struct err *e)
    WARN_UNUSED;

/*
 * A new case with the next number of the year (no gaps, whoever else opens one), its key, our own
 * participant (vendor, RM S->R, fact V) and a primary handler by rotation.  Inside a transaction.
 * RC_BUSY when nobody can be handler: the mail waits in the spool until somebody is there.
 */
struct vcase_new {
    struct str title;
    int64_t opened_us;
    int64_t handler_id; /* 0 = by rotation */
};
struct vcase_made {
    int64_t id;
    int64_t handler_id;
    char number[VCASE_NUMBER_MAX];
};
enum rc vcase_open(struct desk *d, const struct actor *who, const struct vcase_new *n,
                   struct vcase_made *ret, struct err *e) WARN_UNUSED;

/* Inside a transaction; adds a participant and its private thread with a fresh secret tag. */
struct participant_new {
    int64_t case_id;
    struct str role, name, email; /* role: reporter finder vendor coordinator observer */
    char rm;
    struct str subject; /* of the thread */
};
enum rc vcase_add_participant(struct desk *d, const struct actor *who,
                              const struct participant_new *p, int64_t *ret_participant,
                              int64_t *ret_thread, struct err *e) WARN_UNUSED;

/* Own transaction each; reason is mandatory where there is one. */
enum rc vcase_rm(struct desk *d, const struct actor *who, int64_t case_id, char to,
                 struct str reason, struct err *e) WARN_UNUSED;
/* The RM of another participant. */
enum rc vcase_rm_of(struct desk *d, const struct actor *who, int64_t participant_id, char to,
                    struct str reason, struct err *e) WARN_UNUSED;
/* until_us: end of the embargo, needed for propose, counter, revise (in the future). */
enum rc vcase_em(struct desk *d, const struct actor *who, int64_t case_id, enum em_act act,
                 int64_t until_us, struct str reason, struct err *e) WARN_UNUSED;
enum rc vcase_cs(struct desk *d, const struct actor *who, int64_t case_id, enum cs_bit bit,
                 struct str reason, struct err *e) WARN_UNUSED;
/* value: JSON of the fact's type, null unsets.  FACT_ADVISORY_APPROVED must not be the author. */
enum rc vcase_fact(struct desk *d, const struct actor *who, int64_t case_id, enum fact f,
                   const json_t *value, struct str reason, struct err *e) WARN_UNUSED;
/* EXIT_NONE takes an exit back. */
enum rc vcase_exit(struct desk *d, const struct actor *who, int64_t case_id, enum side_exit x,
                   struct str reason, struct err *e) WARN_UNUSED;
enum rc vcase_title(struct desk *d, const struct actor *who, int64_t case_id, struct str title,
                    struct err *e) WARN_UNUSED;
/* "" or one of critical high medium low. */
enum rc vcase_severity(struct desk *d, const struct actor *who, int64_t case_id, struct str s,
                       struct err *e) WARN_UNUSED;
/* Hand-over: exactly one handler before and after; reason is mandatory. */
enum rc vcase_assign(struct desk *d, const struct actor *who, int64_t case_id, struct str login,
                     struct str reason, struct err *e) WARN_UNUSED;
/*
 * RM -> C along legal moves (R,V,S first to where C is allowed), clocks cancelled.  Refused while
 * an embargo is active.  From anything but A a side exit is needed (set before or given here).
 */
enum rc vcase_close(struct desk *d, const struct actor *who, int64_t case_id, enum side_exit x,
                    struct str reason, struct err *e) WARN_UNUSED;

/*
 * Reports and cases move (desk/move.c).  Every reporter keeps the own private thread; keys of the
 * blobs are wrapped anew; both chains get an event.
 * join: everything of case b goes into a, b's number stays valid.  Refused while b's embargo is
 * active or when either is closed.
 */
enum rc vcase_join(struct desk *d, const struct actor *who, int64_t into_a, int64_t b,
                   struct str reason, struct err *e) WARN_UNUSED;
/* A thread becomes a case of its own; refused when it is the only one. */
enum rc vcase_split(struct desk *d, const struct actor *who, int64_t thread_id, struct str title,
                    struct str reason, struct vcase_made *ret, struct err *e) WARN_UNUSED;
/* A thread goes to another open case; refused when it is the only one of its case (join). */
enum rc vcase_move(struct desk *d, const struct actor *who, int64_t thread_id, int64_t to_case,
                   struct str reason, struct err *e) WARN_UNUSED;

#endif
