/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_ADVISORY_H
#define VULNDESK_DESK_ADVISORY_H

#include "desk/desk.h"
#include "publish/advisory.h"

/*
 * The full announcement: an advisory on a case, written in revisions, approved by a second person,
 * published at one instant.
 *
 * - Every edit is a new revision; a revision is approved as it is, so an edit needs approval again.
 *   Whoever wrote the newest revision cannot approve it while another active account exists; who is
 *   alone may, and the event and the page say so.
 * - Publishing is one transaction: number, state, the named credits, the facts of the case (P, with
 *   it the end of an embargo; formats_out), the mails.  The public pages, the feed and the OSV
 *   document are made of these rows, so they appear together.  It is done at once or by the task
 *   "publish" at the planned time; a second run finds it done.
 * - Corrections are further revisions, published the same way; a withdrawal is the end, its page
 *   stays and says why.
 * - Before, nothing of it is public, not even a number.
 *
 * Events: advisory.drafted advisory.approved advisory.planned advisory.unplanned
 * advisory.published advisory.withdrawn advisory.mail_again advisory.mail_left credit.asked
 * credit.decided.
 */
#define ADVISORY_NUMBER_MAX 40  /* PREFIX-SA-YYYY-NNNN and its NUL */
#define ADVISORY_PUBLIC_MAX 500 /* of the public list */
#define ADVISORY_STAFF_MAX  500

/* A new revision; the first is prefilled from the case where a field of the form is not given.
 * base: the revision that was edited (0 = not said); RC_INVALID when there is a newer one. */
struct advisory_edit {
    int64_t case_id, base;
    const struct str *title, *summary, *severity, *cvss, *cve, *affected, *fixed, *references,
        *timeline, *body; /* NULL: as it was */
    struct str change;    /* what is new; wanted once it was published */
};
enum rc advisory_edit(struct desk *d, const struct actor *who, const struct advisory_edit *n,
                      int64_t *ret_revision, struct err *e) WARN_UNUSED;
/* The newest revision, which must be this one. */
enum rc advisory_approve(struct desk *d, const struct actor *who, int64_t case_id, int64_t revision,
                         struct err *e) WARN_UNUSED;
/* at_us 0: now.  Planning again replaces the plan. */
enum rc advisory_publish(struct desk *d, const struct actor *who, int64_t case_id, int64_t revision,
                         int64_t at_us, struct err *e) WARN_UNUSED;
enum rc advisory_unplan(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
    WARN_UNUSED;
enum rc advisory_withdraw(struct desk *d, const struct actor *who, int64_t case_id,
                          struct str reason, struct err *e) WARN_UNUSED;
/* The task: arg is "REVISION DUE"; nothing when the plan is another one by now. */
enum rc advisory_task(struct desk *d, int64_t advisory_id, struct str arg, struct err *e)
    WARN_UNUSED;

/* A mail whose fate nobody knows waits for a person: sent once more, or left. */
enum rc advisory_mail(struct desk *d, const struct actor *who, int64_t case_id, int64_t mail_id,
                      bool again, struct err *e) WARN_UNUSED;

/* ---- credits ---- */

/* Decisions: unasked asked named anonymous declined. */
struct credit_set {
    int64_t case_id;
    int64_t credit_id; /* 0: a new one, of nobody that takes part */
    struct str name, role, decision;
};
/* A member of the team records what somebody said. */
enum rc credit_set(struct desk *d, const struct actor *who, const struct credit_set *n,
                   struct err *e) WARN_UNUSED;
/* Asks a participant by mail; its page asks too. */
enum rc credit_ask(struct desk *d, const struct actor *who, int64_t case_id, int64_t credit_id,
                   struct err *e) WARN_UNUSED;
/* A reporter decides (session).  RC_CONFLICT: another name than the approved one, too late. */
enum rc credit_decide(struct desk *d, const struct actor *who, struct str decision, struct str name,
                      struct err *e) WARN_UNUSED;

/* ---- views ---- */

struct view_credit {
    int64_t id, participant_id, changed_us;
    struct str name, role, decision, email;
};
struct view_revision {
    int64_t nth, created_us, approved_us, published_us;
    struct str title, body, change, author, approver; /* as events name an actor */
    struct adv_content c;
};
struct view_mail {
    int64_t id, changed_us;
    struct str rcpt, state, answer;
};
struct view_advisory {
    int64_t case_id, revision; /* revision 0: none yet, doc is what the first would be */
    struct str case_number, case_title, state, number;
    int64_t planned_us, published_us, modified_us, withdrawn_us, now_us;
    struct str withdrawn_reason;
    struct adv_doc doc; /* of the newest revision, credits as they would be printed now */
    struct view_revision *revisions; /* oldest first */
    size_t n_revisions;
    struct view_credit *credits;
    size_t n_credits;
    struct view_mail *mails;
    size_t n_mails;
    bool may_approve;     /* who looks, the newest revision */
    bool alone;           /* nobody else could */
    bool unasked;         /* somebody was not asked, or did not answer yet */
    bool credits_changed; /* published, and printed otherwise than decided now */
    bool to_write;        /* a place to fill in is left */
    bool embargo;         /* one is active: publishing ends it */
    int64_t embargo_until_us;
    size_t n_recipients; /* mails that publishing sends */
};
/* Team. */
enum rc view_advisory(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_advisory *ret, struct err *e) WARN_UNUSED;

struct view_advisory_row {
    struct str case_number, case_title, state, number, title;
    int64_t planned_us, published_us, modified_us;
};
enum rc view_advisories(struct desk *d, const struct actor *who, struct arena *a,
                        struct view_advisory_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

/* What is public; anybody. RC_NOTFOUND alike for what is not yet and what never was. */
enum rc view_public_advisory(struct desk *d, struct arena *a, struct str number,
                             struct adv_doc *ret, struct err *e) WARN_UNUSED;
enum rc view_public_advisories(struct desk *d, struct arena *a, struct adv_doc **ret, size_t *ret_n,
                               struct err *e) WARN_UNUSED;

/* The credit question on a reporter's page: what is decided so far, "" where nothing is. */
enum rc view_reporter_credit(struct desk *d, const struct actor *who, struct arena *a,
                             struct view_credit *ret, struct err *e) WARN_UNUSED;

json_t *view_advisory_json(const struct view_advisory *v);

#endif
