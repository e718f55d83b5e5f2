/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_CLOCK_H
#define VULNDESK_DESK_CLOCK_H

#include "desk/desk.h"

/*
 * Promises and what becomes of them, for each thread: `acknowledge` (that the report arrived),
 * `detail` (the first answer by a person), `update` (kept informed; starts again with each).
 * The time limit is the policy's where the policy states one (source "policy"), else the team's own
 * setting (source "team"); where neither gives one there is no clock.
 * Times are microseconds.  All run inside the caller's transaction but clock_fire.
 *
 * Events: clock.started clock.met clock.missed clock.paused clock.resumed clock.cancelled
 * clock.waits clock.goes_on case.escalated.
 */
enum clock_kind { CLOCK_ACKNOWLEDGE, CLOCK_DETAIL, CLOCK_UPDATE, CLOCK_KINDS };
const char *clock_kind_name(enum clock_kind k);

/* The limit for this kind: span 0 = none.  Pure. */
struct clock_limit {
    int64_t within_us;
    bool by_policy;   /* else the team's own time */
    bool promised;    /* the policy promises the thing itself, with or without a time */
    struct str words; /* the policy's sentence, empty = none */
};
struct clock_limit clock_limit_of(const struct desk *d, enum clock_kind k);

/* The three clocks of a thread, counted from started_us. */
enum rc clock_start_all(struct desk *d, int64_t case_id, int64_t thread_id, int64_t started_us,
                        struct err *e) WARN_UNUSED;
/* Something reached the reporter.  by_person: a reply, meets detail and update and starts the next
 * update; else an acknowledgement. */
enum rc clock_answered(struct desk *d, int64_t case_id, int64_t thread_id, bool by_person,
                       struct err *e) WARN_UNUSED;
/* We wait for the participant: running clocks stand still; and go on with what was left. */
enum rc clock_pause(struct desk *d, int64_t case_id, int64_t thread_id, struct err *e) WARN_UNUSED;
enum rc clock_resume(struct desk *d, int64_t case_id, int64_t thread_id, struct err *e) WARN_UNUSED;
/* The case ends: nothing runs any more. */
enum rc clock_cancel(struct desk *d, int64_t case_id, struct err *e) WARN_UNUSED;

/* A new epoch (desk/epoch.h): what ran waits for a person, and goes on with its old time limit,
 * since the reporter was promised that one.  Meanwhile it can be met and cancelled.  ret_n: how
 * many. */
enum rc clock_hold_all(struct desk *d, int64_t *ret_n, struct err *e) WARN_UNUSED;
enum rc clock_let_go_all(struct desk *d, const struct actor *who, int64_t *ret_n, struct err *e)
    WARN_UNUSED;

/*
 * Task "clock" (subject: the clock).  If it still runs and is due it is missed, and the case is
 * escalated: level 1 to the next handler in turn as well (who becomes the handler when the present
 * one is away), level 2 to the whole team.  If it was put off meanwhile, its new task already
 * exists.  Own transaction; doing it twice changes nothing.
 */
#define ESCALATED_NEXT 1
#define ESCALATED_TEAM 2
enum rc clock_fire(struct desk *d, int64_t clock_id, struct err *e) WARN_UNUSED;

#endif
