/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_WEBFORM_H
#define VULNDESK_DESK_WEBFORM_H

#include "base/when.h"
#include "desk/people.h"

/*
 * What comes in by a form: a stranger's report, and what a reporter with a session writes.  Both
 * are composed as a mail and put into the spool like any other (desk_calls.spool), durable before
 * the page answers; intake takes them in.  Beside the mail stands what only core may say: the
 * session's thread, the hash of a fresh way back; a mark under a key of the store proves that core
 * said it, for everybody who may write to the spool could write the same words.
 */
#define WEBFORM_TITLE_MAX  DESK_TITLE_MAX
#define WEBFORM_TEXT_MAX   200000 /* bytes of each of the long texts */
#define WEBFORM_SHORT_MAX  300    /* bytes of version or component */
#define WEBFORM_FILES_MAX  20
#define WEBFORM_NAME_MAX   255                   /* bytes of a file's name */
#define WEBFORM_FILL_US    (2 * US_PER_S)        /* no person fills in a form sooner */
#define WEBFORM_LIFE_US    (2 * US_PER_DAY)      /* an older form is to be sent once more */
#define WEBFORM_PENDING_US (INT64_C(3600000000)) /* a record's link says "being filed" so long */
#define WEBFORM_TOKEN_LEN  80
#define WEBFORM_TOKEN_SIZE (WEBFORM_TOKEN_LEN + 1)
#define WEBFORM_ID_MAX     64 /* a spool record's id */
#define WEBFORM_ANSWER     "answer"
#define WEBFORM_REPORT     "report"

/*
 * The token in a form: when it was made, random bits, and a mark, so that neither can be made up.
 * Its secret is that of the way back, so that a form that is sent twice gives one link and one
 * message.  purpose: WEBFORM_REPORT or WEBFORM_ANSWER.
 */
struct webform_token {
    int64_t age_us;
    char secret[SECRET_SIZE]; /* of the way back */
    char id[33];              /* of the message: hex */
};
enum rc webform_token_make(struct desk *d, const char *purpose, char ret[WEBFORM_TOKEN_SIZE],
                           struct err *e) WARN_UNUSED;
/* RC_INVALID: not one of ours, or of another form. */
enum rc webform_token_read(struct desk *d, const char *purpose, struct str token,
                           struct webform_token *ret, struct err *e) WARN_UNUSED;

/* An address out of a public form that may be written to. */
bool webform_address_ok(struct str address);

struct webform_file {
    struct str name, type, bytes;
};
struct webform_files {
    const struct webform_file *v;
    size_t n;
};

/* name and address may be empty: then the reporter is anonymous, and the link is the only way. */
struct webform_report {
    struct str title, description, steps, version, name, address;
    struct webform_files files;
};
/*
 * RC_INVALID, RC_LIMIT: with words for the person who typed it.  RC_OK: it lies in the spool for
 * good; ret_id is the record's.
 */
enum rc webform_report(struct desk *d, const struct webform_report *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       struct err *e) WARN_UNUSED;
/* who: a reporter's session.  ret_opens: the case is closed, so the words open a new one, and the
 * token's secret is the link to it. */
struct webform_answer {
    const struct actor *who;
    struct str text;
    struct webform_files files;
};
enum rc webform_answer(struct desk *d, const struct webform_answer *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       bool *ret_opens, struct err *e) WARN_UNUSED;

/* Whether a new link can be mailed to somebody when this one is spent; false for an unknown one. */
enum rc webform_can_mail(struct desk *d, struct str secret, bool *ret, struct err *e) WARN_UNUSED;
/*
 * The next link of an anonymous reporter with a session: each is good once, and nobody can mail
 * another.  RC_NOTFOUND: an address is on file, so links come by mail.
 */
enum rc webform_next_link(struct desk *d, const struct actor *who, char ret_secret[SECRET_SIZE],
                          struct err *e) WARN_UNUSED;

/* How the record of a link that is no way back yet waits. */
enum webform_wait {
    WEBFORM_UNKNOWN,
    WEBFORM_FILING, /* it is being taken in */
    WEBFORM_HELD,   /* a person has to look first */
};
enum rc webform_waits(struct desk *d, struct str secret, enum webform_wait *ret, struct err *e)
    WARN_UNUSED;
/* How many answers of a thread are being taken in. */
enum rc webform_filing(struct desk *d, int64_t thread_id, int64_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc webform_sweep(struct desk *d, struct err *e) WARN_UNUSED;

/* The mark of a record, hex. */
struct webform_mark_of {
    struct str way, from; /* hex hash of the way back; address in the envelope */
    int64_t thread, received_us;
};
#define WEBFORM_MARK_SIZE 65
enum rc webform_mark(struct desk *d, const struct webform_mark_of *m, char ret[WEBFORM_MARK_SIZE],
                     struct err *e) WARN_UNUSED;
/* RC_DENIED: core did not write that. */
enum rc webform_mark_check(struct desk *d, const struct webform_mark_of *m, struct str mark,
                           struct err *e) WARN_UNUSED;
/*
 * The mark of what an administrator imports: of a mail that is believed, joins cases quietly and
 * may close them.  The same for all: whoever may ask for it may import, and a record shows it to
 * nobody.
 */
enum rc webform_import_mark(struct desk *d, const struct actor *who, char ret[WEBFORM_MARK_SIZE],
                            struct err *e) WARN_UNUSED;
/* RC_DENIED: no administrator gave that. */
enum rc webform_import_check(struct desk *d, struct str mark, struct err *e) WARN_UNUSED;

#endif
