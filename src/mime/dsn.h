/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_DSN_H
#define VULNDESK_MIME_DSN_H

#include "mime/hfield.h"

/*
 * Delivery reports: message/delivery-status (RFC 3464, RFC 6533), and the wording of mail servers
 * that write something else.  Disposition notifications (RFC 8098) and complaints (RFC 5965) are
 * recognised as kinds.  Pure; runs in the parse child on hostile text.
 */
#define DSN_RECIPIENTS_MAX 1000   /* more are dropped and `cut` is set */
#define DSN_TEXT_MAX       262144 /* bytes looked at of each text */
#define DSN_TEXTS_MAX      16     /* text parts looked at */
#define DSN_LINES_MAX      4000   /* lines looked at of each text */
#define DSN_ADDR_MAX       320
#define DSN_DIAG_MAX       1000 /* bytes of a diagnostic text kept */
#define DSN_FIELDS_MAX     64   /* fields read of one group */

struct dsn_input {
    struct str content_type; /* value of the top Content-Type field */
    struct str from;         /* value of From, encoded words decoded or not */
    struct str subject;
    const struct hfield
        *fields; /* the header, for X-Failed-Recipients and In-Reply-To; may be NULL */
    size_t n_fields;
    const struct str *texts; /* text/plain parts (HTML as text) in their order, decoded */
    size_t n_texts;
    struct str delivery_status; /* body of message/(global-)delivery-status, empty when absent */
    /* The same from inside an attached message (servers that wrap their own reports); counts only
     * when the mail itself looks like one from a mail server, since people forward bounces too. */
    struct str inner_status;
    struct str disposition; /* body of message/disposition-notification */
    struct str feedback;    /* body of message/feedback-report */
    struct str returned;    /* text of the returned message or of its header */
};

enum dsn_kind {
    DSN_NONE,
    DSN_BOUNCE,  /* at least one recipient failed for good */
    DSN_DELAY,   /* not yet delivered, still trying */
    DSN_SUCCESS, /* delivered, relayed or expanded */
    DSN_MDN,
    DSN_ARF,
    DSN_KIND_COUNT
};
enum dsn_action {
    DSN_FAILED,
    DSN_DELAYED,
    DSN_DELIVERED,
    DSN_RELAYED,
    DSN_EXPANDED,
    DSN_ACTION_COUNT
};
const char *dsn_kind_name(enum dsn_kind k);     /* "bounce" */
const char *dsn_action_name(enum dsn_action a); /* "failed" */
bool dsn_kind_of(struct str name, enum dsn_kind *ret_k);
bool dsn_action_of(struct str name, enum dsn_action *ret_a);

struct dsn_recipient {
    struct str addr;  /* Original-Recipient if it is an address, else Final-Recipient */
    struct str final; /* Final-Recipient, "" when the report is not RFC 3464 */
    enum dsn_action action;
    struct str status;     /* "5.1.1" or "" */
    bool temporary;        /* delayed: the server still tries; a failure after 4.x.x is final */
    struct str diagnostic; /* the server's words, one line */
};

/* All texts lie in the arena and are clean UTF-8 of one line. */
struct dsn_result {
    enum dsn_kind kind;
    struct dsn_recipient *recipients; /* unique by address (without case), in order of the report */
    size_t n_recipients;
    bool cut;                /* over DSN_RECIPIENTS_MAX */
    bool guessed;            /* found by wording, not by RFC 3464 */
    struct str original_mid; /* Message-ID of the returned mail without <>, "" when unknown */
};

/* RC_LIMIT when the arena is full; otherwise always RC_OK (kind none is an answer). */
enum rc dsn_read(struct arena *a, const struct dsn_input *in, struct dsn_result *ret_r,
                 struct err *e) WARN_UNUSED;

#endif
