/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_DESK_H
#define VULNDESK_DESK_DESK_H

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "desk/policy.h"
#include "desk/settings.h"

/*
 * What every rule of the desk needs: the database, the configuration, the policy, the texts, and
 * the few things only other roles can do.  One per core process, filled by the role (or a test),
 * borrowed by every function of desk/.
 */
struct db;
struct components; /* desk/components.h */
struct texts;
struct canned;

#define DESK_TEXT_MAX   (256 * 1024) /* bytes of a reply or a note */
#define DESK_TITLE_MAX  300          /* bytes of a case's title */
#define DESK_REASON_MAX 2000         /* bytes of a reason */
#define DESK_NAME_MAX   200          /* bytes of a person's name */
#define DESK_ADDR_MAX   320          /* bytes of a mail address */
#define DESK_LOGIN_MAX  32           /* a-z 0-9 . _ -, a letter first */
#define DESK_TRIES      12          /* a unit of work that met another one is done again so often */
#define DESK_ARENA      (64u << 20) /* memory of one unit of work */

/* A key or blob key moves from one scope to another; all fields are borrowed.  A scope is "inbox"
 * (case key empty: the keys role's own) or the random scope of a case with its wrapped key. */
struct rewrap {
    struct str from_scope, from_key;
    struct str to_scope, to_key;
    struct str purpose; /* of the blob: "mail" or "upload" */
    struct str blob;    /* its name */
    struct str wrapped; /* the blob's key, wrapped for from_scope */
};
#define DESK_SCOPE_INBOX "inbox"
/* New bytes of a case, to be sealed; purpose: as in desk/sealed.h. */
struct blob_seal {
    struct str scope, case_key;
    struct str purpose, bytes;
};
/* A blob to be read; scope, key and name as above. */
struct blob_ask {
    struct str scope, case_key;
    struct str purpose, name, wrapped;
};

/*
 * Done by the keys role on core's behalf.  They may be called inside a transaction and must not
 * touch the database.  RC_BUSY from any of them undoes the unit of work; it is tried again later.
 */
struct spool_put {
    struct str raw;       /* the message, RFC 5322 */
    struct str from;      /* of its sender, empty: unknown */
    struct str rcpt;      /* an address of ours */
    struct str mark, way; /* smtp/envelope.h */
    int64_t thread, received_us;
};
#define SPOOL_PUT_ID_MAX 64 /* letters of a record's id */
struct desk_calls {
    void *arg;
    /* A fresh random key for the scope, wrapped by the master key. */
    enum rc (*new_case_key)(void *arg, struct str scope, struct buf *ret_wrapped, struct err *e);
    /* The blob's key wrapped for the new scope. */
    enum rc (*rewrap)(void *arg, const struct rewrap *r, struct buf *ret_wrapped, struct err *e);
    /* The plain bytes; RC_LIMIT when they do not fit. */
    enum rc (*blob_read)(void *arg, const struct blob_ask *b, struct buf *ret, struct err *e);
    /* The bytes as a new blob, durable when this returns RC_OK: its name and its wrapped key.  A
     * blob that gets no row is collected later. */
    enum rc (*blob_seal)(void *arg, const struct blob_seal *b, struct buf *ret_name,
                         struct buf *ret_wrapped, struct err *e);
    /* Ed25519 signature (64 bytes) of text by the desk's key; ret_key_id is its printable id. */
    enum rc (*sign)(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_key_id,
                    struct err *e);
    /* A sealed record in the spool, as durable as a mail that was answered with 250 when this
     * returns RC_OK.  Not inside a transaction: it cannot be undone. */
    enum rc (*spool)(void *arg, const struct spool_put *s, struct buf *ret_id, struct err *e);
};

struct desk {
    struct db *db;
    const struct settings *set;
    const struct policy *policy;         /* NULL: none configured, then nothing is promised */
    const struct texts *texts;           /* desk/texts.h */
    const struct components *components; /* NULL: no map is configured */
    const struct canned *canned;         /* desk/canned.h; NULL: none */
    struct desk_calls calls;
    const unsigned char *sign_key; /* public bytes of the key of calls.sign (desk/keygen.h); NULL:
                                      nobody signs */
    bool quiet;               /* while an old mailbox is imported: nobody is told of what happens */
    struct str metrics_token; /* empty: none */
    int64_t spool_depth;      /* records seen at the last look; kept by core */
    int64_t started_us;       /* clock_mono_us of the process's start; 0: not known */
};

/* Who does something.  Every operation checks; the machine may do what rules say, a handler may
 * work on every case, an admin also manages people, a reporter sees one thread. */
enum actor_kind { ACTOR_MACHINE, ACTOR_HANDLER, ACTOR_ADMIN, ACTOR_REPORTER };
struct actor {
    enum actor_kind kind;
    int64_t account_id; /* handler, admin; 0 = the command line */
    struct str login;   /* "" for the command line */
    int64_t uid;        /* of the command line's user */
    int64_t thread_id;  /* reporter */
    int64_t participant_id;
};
#define ACTOR_INIT_MACHINE                                                                         \
    {                                                                                              \
        .kind = ACTOR_MACHINE, .login = { "", 0 }                                                  \
    }
/* The command line of a local user, checked by core with the socket's peer credentials: an admin
 * that signs as "cli:UID". */
struct actor actor_cli(int64_t uid);
/* "machine", "handler:LOGIN", "reporter:PARTICIPANT", "cli:UID" into dst (for events). */
#define ACTOR_NAME_MAX 64
void actor_name(const struct actor *a, char dst[ACTOR_NAME_MAX]);
/* RC_DENIED unless a handler, an admin or the machine / an admin. */
enum rc actor_needs_team(const struct actor *a, struct err *e) WARN_UNUSED;
enum rc actor_needs_admin(const struct actor *a, struct err *e) WARN_UNUSED;

/*
 * Runs fn in one transaction, and again (up to DESK_TRIES) when it met another one: fn must do all
 * its reading inside and change nothing outside but its own result, which it sets from scratch.
 */
typedef enum rc (*desk_fn)(struct desk *d, void *arg, struct err *e);
enum rc desk_run(struct desk *d, desk_fn fn, void *arg, struct err *e) WARN_UNUSED;

/* The database's clock. */
int64_t desk_now(struct desk *d);

/* The desk's random id, made with the store. */
enum rc desk_id(struct desk *d, struct arena *a, struct str *ret_id, struct err *e) WARN_UNUSED;

/*
 * An event on a case's chain (case_id 0: the desk's own chain).  payload is consumed, whatever the
 * result; NULL is an empty object.  Must run inside the transaction of the change it tells of.
 */
enum rc desk_event(struct desk *d, const struct actor *who, int64_t case_id, const char *kind,
                   json_t *payload, struct err *e) WARN_UNUSED;

/* Arguments for people: line = one line of clean text; text = clean text with line ends;
 * both 1..max bytes unless may_be_empty. */
enum rc desk_check_line(struct str s, size_t max, const char *what, struct err *e) WARN_UNUSED;
enum rc desk_check_text(struct str s, size_t max, const char *what, struct err *e) WARN_UNUSED;

/*
 * Tasks of this folder.  Called by core's task runner with the
 * lease held, outside a transaction; RC_OK = done.  "acknowledge" needs the log sequenced before
 * and its checkpoint handed in by desk/ack.h instead, so it does not come here.  RC_INVALID for a
 * kind that is not ours.
 */
extern const char *const desk_task_kinds[]; /* a NULL at the end */
enum rc desk_task_run(struct desk *d, struct str kind, int64_t subject, struct str arg,
                      struct err *e) WARN_UNUSED;

#endif
