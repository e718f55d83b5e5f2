/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_MAIL_H
#define VULNDESK_MIME_MAIL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "mime/authres.h"
#include "mime/autoreply.h"
#include "mime/dsn.h"

/*
 * The typed record of one mail: all that crosses the border from the parse child to core.  The
 * child fills it (mime/parse.h) and writes it as JSON; core decodes the JSON strictly and believes
 * nothing: every length, count, number, enum and the border rule for text (base/utf8.h) is checked
 * again, unknown keys are refused.
 *
 * All memory lies in the arena given by the caller; nothing here is freed singly.  Texts are clean
 * UTF-8; fields called "line" hold no newline or tab.  An absent text is empty.
 */

/* Limits: what the child cuts to (with a warning) and what decode refuses beyond. */
#define MAIL_RAW_MAX        ((size_t)50 << 20) /* bytes of a raw mail */
#define MAIL_ARENA_MAX      ((size_t)24 << 20) /* arena of one record, for child and core */
#define MAIL_JSON_MAX       ((size_t)16 << 20) /* the encoded record */
#define MAIL_TEXT_MAX       ((size_t)1 << 20)  /* text, and all forwarded texts together */
#define MAIL_SUBJECT_MAX    998                /* RFC 5322 2.1.1: longest line */
#define MAIL_NAME_MAX       256                /* display name */
#define MAIL_ADDR_MAX       320                /* RFC 5321 4.5.3.1: 64 + @ + 255 */
#define MAIL_ID_MAX         250                /* message id without <> */
#define MAIL_REFS_MAX       100                /* ids of References; first and last ones stay */
#define MAIL_IRT_MAX        10                 /* ids of In-Reply-To */
#define MAIL_REPLY_TO_MAX   10
#define MAIL_RCPT_MAX       100 /* mailboxes kept of To and of Cc */
#define MAIL_LIST_ID_MAX    256
#define MAIL_PARTS_MAX      1000                /* entities looked at */
#define MAIL_NEST_MAX       100                 /* depth of entities */
#define MAIL_ATTACH_MAX     1000                /* attachments listed */
#define MAIL_FILE_NAME_MAX  200                 /* safe name */
#define MAIL_ORIG_NAME_MAX  500                 /* name as written, for showing only */
#define MAIL_TYPE_MAX       127                 /* type/subtype */
#define MAIL_FORWARDED_MAX  20                  /* opened message/rfc822 parts */
#define MAIL_AUTH_MAX       20                  /* Authentication-Results fields */
#define MAIL_AUTH_WORD_MAX  64                  /* method, result, property name */
#define MAIL_AUTH_VALUE_MAX 320                 /* authserv-id, property value */
#define MAIL_COUNT_MAX      1000000000          /* any counter */
#define MAIL_PATCH_MAX      ((size_t)768 << 10) /* bytes of a patch */
#define MAIL_PATCH_PATH_MAX 500                 /* name of the file it changes */

#define MAIL_LIST(type)                                                                            \
    struct {                                                                                       \
        type *p;                                                                                   \
        size_t n;                                                                                  \
    }

/* name is a line; addr obeys mail_addr_ok or is empty (unusable: never answered). */
struct mail_addr {
    struct str name, addr;
};
struct mail_addrs {
    struct mail_addr *p;
    size_t n;
};
struct mail_strs {
    struct str *p;
    size_t n;
};

enum mail_text_source {
    MAIL_TEXT_NONE,  /* no text part at all */
    MAIL_TEXT_PLAIN, /* every piece of text was text/plain */
    MAIL_TEXT_HTML,  /* at least one piece was converted from HTML */
    MAIL_TEXT_COUNT
};

/* What the structure claims; nothing is verified or decrypted here. */
enum mail_crypto {
    MAIL_CRYPTO_NONE,
    MAIL_CRYPTO_PGP_ENCRYPTED,        /* multipart/encrypted, RFC 3156 */
    MAIL_CRYPTO_PGP_INLINE_ENCRYPTED, /* armour in a text part */
    MAIL_CRYPTO_SMIME_ENCRYPTED,      /* application/pkcs7-mime, RFC 8551 */
    MAIL_CRYPTO_PGP_SIGNED,           /* multipart/signed or clear-signed text */
    MAIL_CRYPTO_SMIME_SIGNED,
    MAIL_CRYPTO_COUNT
};

/* What was wrong with the mail.  Shown on the case; counts, never content. */
enum mail_warning {
    MAIL_WARN_NEST_CUT,         /* nesting beyond MAIL_NEST_MAX not opened */
    MAIL_WARN_PARTS_CUT,        /* parts beyond MAIL_PARTS_MAX not looked at */
    MAIL_WARN_ATTACH_CUT,       /* attachments beyond MAIL_ATTACH_MAX not listed */
    MAIL_WARN_HEADER_CUT,       /* field or header block too large, field cut or dropped */
    MAIL_WARN_LIST_CUT,         /* more addresses, ids, ... than the record holds */
    MAIL_WARN_TEXT_CUT,         /* text longer than MAIL_TEXT_MAX */
    MAIL_WARN_BAD_HEADER,       /* line in a header block that is no field */
    MAIL_WARN_BAD_ENCODING,     /* damaged base64, quoted-printable or uuencode */
    MAIL_WARN_UNKNOWN_ENCODING, /* Content-Transfer-Encoding not known: kept raw */
    MAIL_WARN_UNKNOWN_CHARSET,  /* read as windows-1252 */
    MAIL_WARN_BAD_CHARSET,      /* bytes that the charset does not have: U+FFFD */
    MAIL_WARN_BAD_ADDRESS,      /* mailbox that cannot be answered */
    MAIL_WARN_BAD_DATE,
    MAIL_WARN_BAD_ID,          /* message id left out */
    MAIL_WARN_MANY_FROM,       /* several From fields or mailboxes */
    MAIL_WARN_DUPLICATE_FIELD, /* a field that may stand once stands twice; the first counts */
    MAIL_WARN_BARE_CR,         /* CR without LF */
    MAIL_WARN_BARE_LF,         /* LF without CR in a mail that has CRLF too */
    MAIL_WARN_NUL,             /* NUL bytes */
    MAIL_WARN_NO_BOUNDARY,     /* multipart without usable boundary, or boundary never found */
    MAIL_WARN_UNCLOSED,        /* multipart without its closing boundary */
    MAIL_WARN_PARTIAL,         /* message/partial, not reassembled */
    MAIL_WARN_EXTERNAL,        /* message/external-body, not fetched */
    MAIL_WARN_NAME_CHANGED,    /* a file name was made safe */
    MAIL_WARN_COUNT
};

struct mail_attachment {
    int64_t part;            /* number for `vulndesk role parse --part N`: depth first, root = 0 */
    struct str name;         /* safe file name, mail_file_name_ok */
    struct str orig_name;    /* as written, a line, for showing only; may be empty */
    struct str type;         /* "type/subtype", lower case */
    int64_t size;            /* decoded bytes */
    char sha256[SHA256_HEX]; /* of the decoded bytes */
    bool is_inline;          /* Content-Disposition: inline, or referenced by Content-ID */
    bool damaged;            /* the transfer encoding was broken */
    struct str content_id;   /* without <>, a line */
};

/* An opened message/rfc822 part. */
struct mail_forwarded {
    int64_t part;
    int64_t depth; /* 1 = directly in this mail */
    struct mail_addr from;
    struct str subject;
    bool has_date;
    int64_t date_us;
    struct str message_id;
    struct str text;
    bool truncated;
    bool returned; /* original that a delivery report sends back */
};

/*
 * One Authentication-Results field (RFC 8601), in the order of the header, top first.  Its texts
 * are cleaned and clipped.  `trusted` is the child's answer to authres_trusted with the settings it
 * was given; without settings nothing is trusted.
 */
struct mail_auth {
    struct authres r;
    int64_t received_above; /* Received fields above it: 0 = added by the last hop */
    bool trusted;
};

/*
 * A patch as `git format-patch` writes it, in the body or as the one attached file, that changes
 * lines of one plain file and nothing else; anything else is no patch here.  The name of the file
 * is what the sender wrote.
 */
struct mail_patch {
    bool found;
    bool attached;      /* else it is the body */
    struct str file;    /* without "a/" and "b/", a line */
    struct str diff;    /* clean text, from its first line to its last hunk line */
    struct str message; /* of the commit, without its subject */
    struct str subject; /* of the commit, a line; empty: the mail's own */
};

struct mail {
    int64_t size;            /* raw bytes */
    char sha256[SHA256_HEX]; /* of the raw bytes */
    /* Of "part TYPE SIZE SHA256\n" of every leaf in order: the same for two deliveries of one
     * mail whatever the trace fields say. */
    char content_sha256[SHA256_HEX];
    int64_t parts; /* entities seen */

    struct mail_addr from;               /* first mailbox of the first From */
    int64_t from_fields, from_mailboxes; /* exactly 1 each in an honest mail */
    struct mail_addr sender;
    struct mail_addrs reply_to, to, cc;

    struct str subject;
    struct str message_id;
    struct mail_strs in_reply_to, references;
    bool has_date;
    int64_t date_us;

    struct str list_id; /* content of List-Id, a line */
    /* For autoreply_decide; return path, X-Loop and the MTA's spam verdict are in here. */
    struct autoreply_facts automatic;
    MAIL_LIST(struct mail_auth) auth;
    enum authres_proof proof; /* what the trusted fields prove about from.addr's domain */
    int64_t received;         /* number of Received fields */
    int64_t own_received;     /* of these, written by this desk: 1, and more when it came back */
    bool no_report;           /* a field says so (mail.no_report) */

    struct dsn_result report; /* delivery report; kind DSN_NONE for ordinary mail */

    struct str text;
    enum mail_text_source text_source;
    bool truncated;
    enum mail_crypto crypto;
    MAIL_LIST(struct mail_attachment) attachments;
    MAIL_LIST(struct mail_forwarded) forwarded;
    struct mail_patch patch;
    uint32_t warnings[MAIL_WARN_COUNT];
};

/* Names in JSON and on pages: "nest-cut", "pgp-encrypted", ... Never NULL; "?" out of range. */
const char *mail_warning_name(enum mail_warning w);
const char *mail_crypto_name(enum mail_crypto c);

/* local@domain that can stand in an SMTP command and a header as it is: no space, control, quote,
 * bracket, comma, colon, semicolon or backslash, valid UTF-8, within MAIL_ADDR_MAX. */
bool mail_addr_ok(struct str s);
/* 1..MAIL_ID_MAX bytes, valid UTF-8, no space, control or <>. */
bool mail_id_ok(struct str s);
/* 1..MAIL_FILE_NAME_MAX bytes of clean UTF-8 with no / \ : * ? " < > | or direction trick, no
 * leading dot or space, no trailing dot or space, not reserved by Windows (CON, LPT1.txt, ...). */
bool mail_file_name_ok(struct str s);

/* Appends the record as one JSON object. */
enum rc mail_encode(struct buf *b, const struct mail *m, struct err *e) WARN_UNUSED;
/* Strict decode into a; *ret_m is set on success only.  RC_INVALID says which key. */
enum rc mail_decode(struct arena *a, struct str json, struct mail *ret_m, struct err *e)
    WARN_UNUSED;

#endif
