/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_INTAKE_H
#define VULNDESK_DESK_INTAKE_H

#include "desk/desk.h"
#include "desk/shared.h"
#include "desk/vcase.h"

/*
 * Where a mail becomes a case.  The parse child's record and the envelope come in, one transaction
 * decides and writes everything: message, case or thread, events, clocks, the task that
 * acknowledges.  Done again for the same spool record it changes nothing and gives the same result,
 * so core may be killed anywhere.
 *
 * What came by a form: the same record again or the same content as above; else it joins the
 * session's thread, or opens a case with its way back.  Anonymous (no address): no acknowledgement
 * is sent, the answer page was it.
 *
 * Everything else in this order (intake_decide, pure):
 *   1 the same spool record        the earlier result
 *   2 same Message-ID and content  duplicate of one message
 *   3 bounce, DSN, MDN             attached to the outgoing message it names; never answered
 *   4 our own mail come back       kept, discarded state; never answered
 *   5 the MTA calls it spam        visible under spam; not acknowledged, opens no case
 *   6 answers a notice of ours     a note on its case if it comes from whom the notice went to,
 *                                  else held; an automatic answer is discarded
 *   7 points at a case             joins it if it comes from that thread's participant, else held
 *   8 a patch of the policy alone  a proposal (desk/proposal.h)
 *   9 mail.shared, and no report   passed on, or left in its mailbox; held when nobody can tell
 *  10 else                         a new case
 *
 * Where the desk only watches an inbox (mail.outgoing = copy): what the team wrote itself goes into
 * the thread that it answers and meets its clocks, or is kept aside; and an answer of a participant
 * needs no secret, for none was ever sent.
 *
 * What is imported is a person's act (desk/intake_watch.c): conversations are joined by their
 * Message-IDs whoever wrote, nothing is answered, no clock runs.
 *
 * "Answers a notice": the secret tag of a notice (desk/notice.h) in a recipient (local+nTAG@), or,
 * where no participant writes to a thread, in a Message-ID among References and In-Reply-To.
 *
 * "Points at": a thread's tag in the recipient (local+TAG@) or in one of our Message-IDs among
 * References and In-Reply-To, a known Message-ID of a case, or [PREFIX-YYYY-NNNN] in the subject.
 * Never the subject's words.  "Comes from": the From address is the thread's participant and
 * (authserv-id configured) DMARC or an aligned DKIM passed, or (none configured) the thread's
 * secret tag came along.  A number that does not exist is held like one that does: nothing can be
 * learned.
 */
struct mail; /* mime/mail.h */

struct intake_env {
    struct str spool;        /* id of the spool record */
    struct str return_path;  /* of MAIL FROM, without <>, '' = null */
    const struct str *rcpts; /* of RCPT TO that we accepted */
    size_t n_rcpts;
    int64_t received_us; /* when the spool took it */
    /*
     * It came by a form, core's own mark proves it (desk/webform.h): then nothing in the mail is
     * looked at to find a thread, and no automatic answer, loop or spam is suspected.
     */
    bool web;
    struct str web_way;  /* hex SHA-256 of the secret of its way back */
    int64_t web_thread;  /* of the session that wrote it, 0 = a new report */
    struct str origin;   /* mail web imap import; empty = mail */
    struct str envelope; /* JSON of the spool record's envelope, kept with what may be passed on */
    bool close;          /* of an import: the case is closed when it is opened */
    bool path_unknown;   /* nobody told a return path: then nothing is acknowledged */
};
/* The sealed raw bytes, in scope DESK_SCOPE_INBOX. */
struct intake_blob {
    struct str name;    /* hex SHA-256 of the sealed bytes */
    struct str wrapped; /* its key */
    int64_t size;       /* of the plain bytes */
};

enum intake_kind {
    INTAKE_NEW,
    INTAKE_JOINED,
    INTAKE_HELD,
    INTAKE_SPAM,
    INTAKE_BOUNCE,
    INTAKE_LOOP,
    INTAKE_DUPLICATE,
    INTAKE_QUARANTINED,
    INTAKE_NOTE,      /* a team member's answer to a notice */
    INTAKE_DISCARDED, /* a program's */
    INTAKE_PROPOSAL,
    INTAKE_PASSED, /* no report: passed on (desk/shared.h) */
    INTAKE_LEFT,   /* no report: left in the mailbox */
    INTAKE_TEAM,   /* what the team itself wrote to a reporter, where we only watch */
    INTAKE_KINDS
};
const char *intake_kind_name(enum intake_kind k);

struct intake_result {
    enum intake_kind kind;
    bool again;                 /* this spool record had been taken in before */
    int64_t message_id;         /* of a duplicate: the first one */
    int64_t case_id, thread_id; /* 0 = none */
    char number[VCASE_NUMBER_MAX];
    bool acknowledge; /* a task "acknowledge" was made */
    bool keep_blob;   /* false: no row names the blob, it can go */
};

/*
 * RC_BUSY: try again later (keys away, nobody to handle); RC_INVALID: the record contradicts itself
 * (a mistake of the parse child: quarantine it).
 */
enum rc desk_intake(struct desk *d, const struct mail *m, const struct intake_env *env,
                    const struct intake_blob *blob, struct intake_result *ret, struct err *e)
    WARN_UNUSED;

/* A mail whose parser died twice: kept raw, visible, never acknowledged.  reason: for people. */
enum rc desk_quarantine(struct desk *d, const struct intake_env *env,
                        const struct intake_blob *blob, struct str reason,
                        struct intake_result *ret, struct err *e) WARN_UNUSED;

/*
 * A person decides about what is held, quarantined or spam.
 * release: into the case `number`'s thread of that sender (made if missing), or as a new case when
 * number is empty.  discard: state discarded, kept for the record.
 * A message must be in one of those three states, else RC_CONFLICT.
 */
enum rc held_release(struct desk *d, const struct actor *who, int64_t message_id, struct str number,
                     struct str reason, struct intake_result *ret, struct err *e) WARN_UNUSED;
/* Many at once, with one reason: discarded, or put among the spam (which a held or quarantined one
 * can still become).  What does not wait any more is left as it is; *ret_done counts the others. */
#define HELD_MANY_MAX 100
struct held_many {
    const int64_t *ids;
    size_t n;
    bool spam;
    struct str reason;
};
enum rc held_decide_many(struct desk *d, const struct actor *who, const struct held_many *m,
                         size_t *ret_done, struct err *e) WARN_UNUSED;
enum rc held_discard(struct desk *d, const struct actor *who, int64_t message_id, struct str reason,
                     struct err *e) WARN_UNUSED;

/* ---- the pure decision, for the table test ---- */
enum intake_point { POINT_NOTHING, POINT_TAG, POINT_MID, POINT_NUMBER };
struct intake_facts {
    bool dup, bounce, loop, spam;
    bool notice;             /* it answers a notice */
    bool notice_known;       /* one of ours, about a case */
    bool own;                /* From is the address that the notice went to */
    bool automatic;          /* a program wrote it (RFC 3834) */
    bool team;               /* From is an address of the team */
    bool proposal;           /* a patch of the policy and nothing else */
    bool about_proposal;     /* answers a mail of ours about a proposal */
    enum intake_point point; /* the strongest pointer found */
    bool known;              /* it names a thread or case of ours */
    bool participant;        /* From is that thread's participant (of a case: has a thread there) */
    bool tag_came;           /* that thread's own secret tag came along */
    bool authserv;           /* an authserv-id is configured */
    bool authentic;          /* DMARC or aligned DKIM pass, by that authserv-id */
    bool shared;             /* a contact address is a general mailbox */
    enum shared_verdict report; /* then: is it one? */
    bool bounce_ours;           /* the report is about a mail of ours */
    bool stays;                 /* it lies in a mailbox: left there, not passed on */
    bool hop;                   /* there is a next hop */
    bool back;                  /* it went through this desk before */
    bool watching;              /* mail.outgoing = copy */
    bool ours;                  /* From is a contact address or one of the team */
    bool to_us;                 /* addressed to a contact address */
};
struct intake_verdict {
    enum intake_kind kind;
    const char *hold; /* reason for people, "" unless held or discarded */
};
struct intake_verdict intake_decide(const struct intake_facts *f);

#endif
