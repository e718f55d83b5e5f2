/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_VIEW_H
#define VULNDESK_DESK_VIEW_H

#include "desk/audit.h"
#include "desk/backport.h"
#include "desk/desk.h"
#include "desk/phase.h"
#include "desk/vcase.h"
#include "store/ops_queue.h"

/*
 * Read models for pages and the command line.  Everything lives in the caller's arena; texts carry
 * a NUL.  Each call is one consistent snapshot.  Texts from outside are clean UTF-8 but hostile in
 * meaning: pages escape them.  Permission: team, but the reporter's view, which holds one
 * thread and no more.  *_us 0 = not set.
 */
#define VIEW_ROWS_MAX     500 /* rows of a queue or a held list; `more` says that there are others */
#define VIEW_EVENTS_MAX   2000
#define VIEW_MESSAGES_MAX 2000

struct view_clock {
    int64_t id, thread_id, started_us, due_us, paused_us, met_us;
    struct str kind, source, state; /* store/sql/0001.sql, table clock */
    struct str words;               /* the policy's sentence when source is policy, else empty */
    bool overdue;
};

struct view_queue_row {
    int64_t id;
    struct str number, title;
    struct str phase;      /* "Fix 2/3" */
    struct str phase_name; /* "fixing" */
    struct str exit;       /* text of the side exit, empty = none */
    struct str handler;    /* login */
    struct str handler_name;
    struct str severity;
    struct str rm, em, cs;
    int64_t opened_us, changed_us, closed_us;
    int64_t last_in_us;     /* newest message from outside */
    int64_t last_out_us;    /* newest reply of ours */
    bool needs_answer;      /* the newest one is from outside */
    bool waiting;           /* we wait for a participant */
    int64_t escalated;      /* 0, ESCALATED_NEXT, ESCALATED_TEAM */
    int64_t held;           /* messages held that point here */
    int64_t failed;         /* mails that could not be delivered */
    int64_t unread;         /* messages and notes that the asker was not shown */
    struct view_clock next; /* running clock that is due first; id 0 = none */
};

enum queue_which { QUEUE_OPEN, QUEUE_MINE, QUEUE_CLOSED, QUEUE_ALL };
#define QUEUE_AFTER_MAX 64 /* bytes of a place to go on from */
struct queue_query {
    enum queue_which which;
    struct str handler;     /* login; empty = any; not with QUEUE_MINE */
    struct str phase;       /* name as of phase_name(), empty = any */
    struct str severity;    /* a word, QUEUE_UNRATED, or empty = any */
    enum queue_state state; /* store/ops_queue.h; unread is the asker's */
    struct str after;       /* view_queue.next of the page before, or empty */
    size_t max;             /* rows, 0 or more than VIEW_ROWS_MAX: that many */
};
struct view_queue {
    struct view_queue_row *rows;
    size_t n;
    bool more;
    struct str next; /* where the next page goes on; empty = there is none */
    int64_t now_us;
    int64_t open, mine, overdue, held; /* counts for the page's head; held: with quarantine */
};
/*
 * Order: open ones by the clock that is due first, then those that no clock runs for by age; closed
 * ones and all of them the newest first.  RC_INVALID: a word of the query is none that is known.
 * A page goes on where the one before ended, whatever came meanwhile.
 */
enum rc view_queue(struct desk *d, const struct actor *who, struct arena *a,
                   const struct queue_query *q, struct view_queue *ret, struct err *e) WARN_UNUSED;

/* For the head of every page of the team: messages that wait for a person, at most
 * VIEW_WAITING_MAX, and whether there are more. */
#define VIEW_WAITING_MAX 99
enum rc view_waiting(struct desk *d, const struct actor *who, int64_t *ret_n, bool *ret_more,
                     struct err *e) WARN_UNUSED;
/* The account was shown the case as it is now.  Writes only when something new was there; nothing
 * for the command line. */
enum rc case_seen(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
    WARN_UNUSED;

struct view_attachment {
    int64_t id, part, size;
    struct str name, type, sha256;
    bool damaged;
};
struct view_outbox {
    int64_t id, attempt, code, doubles, created_us, changed_us;
    int64_t due_us;               /* it waits until then and can be undone */
    struct str kind, rcpt, state; /* ready handing_over sent failed unknown parked */
    struct str answer;            /* the server's words */
};
struct view_message {
    int64_t id, thread_id, blob_id, received_us, date_us;
    struct str direction, state, hold_reason; /* table message */
    struct str from_name, from_addr, return_path, subject, body, trust, mid;
    struct str author; /* name of the team member, empty if none */
    struct str ack;    /* in: "" none, "queued", "sent" = frozen, "withheld: why" */
    struct str facts;  /* JSON object */
    bool encrypted;    /* not readable yet */
    bool truncated;    /* limits were reached, the raw bytes have the rest */
    struct view_attachment *attachments;
    size_t n_attachments;
    struct view_outbox *outbox; /* of what went out */
    size_t n_outbox;
};
struct view_participant {
    int64_t id, joined_us;
    struct str role, name, email, rm, rm_word;
    bool ours;
};
struct view_thread {
    int64_t id, participant_id, waiting_us, created_us;
    struct str subject, name, email, role;
    struct view_message *messages; /* oldest first, in, out and auto */
    size_t n_messages;
};
struct view_event {
    int64_t id, seq, at_us;
    struct str kind, actor, payload; /* payload: JSON, empty after shredding */
    struct str number;               /* of the chain's case (a joined one's differs) */
};
/* One line for people. */
struct str view_event_text(struct arena *a, struct str kind, struct str payload);
struct view_fact {
    struct str name, value; /* value as text; "yes" or "no" where it is one of two */
};
/* What a member of the team is writing in a case. */
struct view_draft {
    int64_t thread_id, changed_us; /* thread 0: a note */
    struct str name;               /* of the account */
    struct str text;               /* only of one's own */
    bool own;
};
struct view_case {
    int64_t id;
    struct str number, title, severity;
    struct str phase, phase_name, exit, exit_name, exit_reason;
    struct str rm, rm_word, em, em_word, cs;
    int64_t embargo_until_us; /* proposed or active */
    bool should_end_embargo;
    struct str handler, handler_name;
    const struct account *people; /* the whole team (desk/people.h) */
    size_t n_people;
    bool unseen; /* something is newer than what the account was shown */
    int64_t opened_us, changed_us, closed_us, now_us, escalated;
    int64_t erased_us;                           /* 0: not */
    struct str erased_by;                        /* as actors of events are written */
    struct str affected_state, affected_summary; /* desk/affected.h; empty: nothing was asked */
    struct view_audit_line audit;                /* desk/audit.h */
    struct view_backport_sum backport;           /* desk/backport.h */
    struct view_audit_part *parts;               /* that joined the case */
    size_t n_parts;
    struct str joined_into; /* number of the case that this one became part of, empty = none */
    struct str *aliases;    /* numbers of cases joined into this one */
    size_t n_aliases;
    struct view_fact *facts;
    size_t n_facts;
    struct view_participant *participants;
    size_t n_participants;
    struct view_thread *threads;
    size_t n_threads;
    struct view_message *notes;
    size_t n_notes;
    struct view_message *held; /* messages that point here and wait for a person */
    size_t n_held;
    struct view_clock *clocks;
    size_t n_clocks;
    struct view_event *events; /* oldest first */
    size_t n_events;
    struct view_draft *drafts; /* one's own, and fresh ones of colleagues (desk/draft.h) */
    size_t n_drafts;
    int64_t seen; /* the newest message that the asker was shown before; 0: never here */
    bool more;    /* a limit cut something */
};
/* The drafts of a case alone, as in view_case. */
enum rc view_drafts(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                    struct view_draft **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* The newest message that a form of this thread has seen (desk/reply.h); 0 for none. */
static inline int64_t view_newest(const struct view_thread *t)
{
    int64_t newest = 0;
    for (size_t i = 0; i < t->n_messages; i++)
        newest = t->messages[i].id > newest ? t->messages[i].id : newest;
    return newest;
}
/* A reply in its minute: it goes out at outbox[0].due_us. */
static inline bool view_may_undo(const struct view_message *m, int64_t now_us)
{
    return str_eq(m->direction, STR("out")) && m->n_outbox == 1 && m->outbox[0].due_us > now_us &&
           str_eq(m->outbox[0].state, STR("ready"));
}
/* RC_NOTFOUND: no such case. */
enum rc view_case(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                  struct view_case *ret, struct err *e) WARN_UNUSED;

/* Held, quarantined, spam, unmatched bounces, discarded; newest first. */
struct view_held_row {
    struct view_message message; /* without body */
    struct str number;           /* of the case it points at, empty = none */
    bool can_pass;               /* "no report" passes it on, or leaves it (desk/shared.h) */
};
struct view_held {
    struct view_held_row *rows;
    size_t n;
    bool more, shared; /* shared: a general mailbox, so there is what was passed on or left */
    struct str next;   /* of a page: where the next one goes on, empty = there is none */
    int64_t now_us;
};
/* state: "held", "quarantined", "spam", "bounce", "discarded", "passed", "left", or "" = the first
 * three. */
enum rc view_held(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                  struct view_held *ret, struct err *e) WARN_UNUSED;
/* A page of it: state as above, but "" = held and quarantined, what still asks for a decision.
 * after: view_held.next of the page before, or empty.  max: 0 or more than VIEW_ROWS_MAX: that. */
struct held_query {
    struct str state, after;
    size_t max;
};
enum rc view_held_page(struct desk *d, const struct actor *who, struct arena *a,
                       const struct held_query *q, struct view_held *ret, struct err *e)
    WARN_UNUSED;
enum rc view_held_one(struct desk *d, const struct actor *who, struct arena *a, int64_t message_id,
                      struct view_held_row *ret, struct err *e) WARN_UNUSED;

/* What a reporter sees of the own thread: no names of handlers' logins, no notes, no other thread.
 */
struct view_reporter {
    int64_t case_id, thread_id, now_us, opened_us, closed_us;
    struct str number;
    struct str phase, exit, exit_reason; /* reason only of a side exit */
    struct str embargo;                  /* "active until 2026-..." or empty */
    bool anonymous;                      /* no address is on file */
    struct str credit; /* decision about being named (desk/advisory.h); empty: not one to ask */
    /* Somebody else's software: the open question whether we may send the report on, or empty. */
    struct str third_component, third_maintainer;
    struct view_thread thread; /* messages in, out, auto */
    struct view_clock *clocks;
    size_t n_clocks;
};
enum rc view_reporter(struct desk *d, const struct actor *who, struct arena *a,
                      struct view_reporter *ret, struct err *e) WARN_UNUSED;

/* A blob that a page wants to download: its row, after the permission check. */
struct view_blob {
    struct str name, wrapped, purpose;
    struct str scope, key; /* of its case, or DESK_SCOPE_INBOX and empty */
    int64_t size;
};
enum rc view_blob(struct desk *d, const struct actor *who, struct arena *a, int64_t message_id,
                  struct view_blob *ret, struct err *e) WARN_UNUSED;

/* New references; times are RFC 3339, missing ones null. */
json_t *view_queue_json(const struct view_queue *q);
json_t *view_case_json(const struct view_case *c);
json_t *view_held_json(const struct view_held *h);
json_t *view_held_row_json(const struct view_held_row *r, bool with_body);
json_t *view_message_json(const struct view_message *m);

#endif
