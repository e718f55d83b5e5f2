/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_NOTICE_H
#define VULNDESK_DESK_NOTICE_H

#include "desk/desk.h"

/*
 * The team is told by mail that something happened: kind, number, link.  Never a word of a case:
 * no title, subject, name or text of anybody outside the team.
 *
 * Who: the case's primary handler, and everybody whose account says `team` (`mine`: only of own
 * cases; `none`: nothing).  What belongs to no case goes to those who said `team`, or where nobody
 * who is there did, to `mine` too.  Never to who caused it, nor to who is away or switched off.
 *
 * How often: one of a kind about a case within mail.notice_pause for each person; what happens
 * meanwhile follows in one mail when it is over (of what is held: NOTICE_HELD_US, and only while
 * something waits).  Beyond NOTICE_HOUR_MAX mails an hour a person gets one that says so, and no
 * other until the hour is over.
 *
 * An answer goes to an address with a secret of that account, case and kind, and becomes a note on
 * the case (desk/intake.h).  Nothing that comes back to it, a bounce least of all, makes a notice.
 */
#define NOTICE_HELD_US    (60 * INT64_C(60000000))   /* between two about what is held */
#define NOTICE_HOUR_MAX   20                         /* to one person */
#define NOTICE_NEAR_US    (24 * INT64_C(3600000000)) /* a promise is near its end: at most so long */
#define NOTICE_NEAR_SHARE 4 /* before it, and at most this part of the whole time */

enum notice_kind {
    NOTICE_REPORT,    /* a new case */
    NOTICE_REPLY,     /* a participant wrote */
    NOTICE_NEAR,      /* a promised time is near its end */
    NOTICE_ESCALATED, /* it was missed */
    NOTICE_HANDOVER,  /* another primary handler */
    NOTICE_FAILED,    /* a mail of ours could not be delivered */
    NOTICE_HELD,      /* something waits for a person */
    NOTICE_ADVISORY,  /* an advisory waits for a second person */
    NOTICE_AUDIT,     /* an audit waits for a second person */
    NOTICE_PROPOSAL,  /* a change of the policy is proposed */
    NOTICE_MANY,      /* there is more than is written about */
    NOTICE_KINDS
};
const char *notice_kind_name(enum notice_kind k);

/* Orders a notice about a case (0 = none), inside the caller's transaction; the mails are written
 * by a task after it.  Nothing when mail.notices or mail.outgoing is off. */
enum rc notice_team(struct desk *d, const struct actor *who, enum notice_kind k, int64_t case_id,
                    struct err *e) WARN_UNUSED;
/* The same for what desk_event tells of; called by it. */
enum rc notice_of_event(struct desk *d, const struct actor *who, int64_t case_id, const char *event,
                        const json_t *payload, struct err *e) WARN_UNUSED;
/* Looks at a clock again shortly before it is due. */
enum rc notice_near(struct desk *d, int64_t clock_id, int64_t started_us, int64_t due_us,
                    struct err *e) WARN_UNUSED;

/* Task "notice": decides whom to tell, writes the mails; or one that follows; or looks at a clock.
 * Own transaction. */
enum rc notice_run(struct desk *d, int64_t subject, struct str arg, struct err *e) WARN_UNUSED;

/*
 * What a person wrote in an answer to a notice: without quoted lines, the line that announces
 * them, the original below and the signature.  All of it when nothing else is there.
 */
struct str notice_answer(struct arena *a, struct str text);

#endif
