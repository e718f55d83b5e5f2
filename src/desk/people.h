/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_PEOPLE_H
#define VULNDESK_DESK_PEOPLE_H

#include "desk/desk.h"

/*
 * The team: accounts, rotation, one-time sign-in links, sessions of the web.  Secrets are 128
 * random bits in base64url (22 characters); only their SHA-256 is stored.
 */
#define SECRET_LEN    22
#define SECRET_SIZE   (SECRET_LEN + 1)
#define PEOPLE_MAX    200
#define PEOPLE_WEIGHT 100 /* largest share in the rotation */

struct account {
    int64_t id;
    struct str login, name, email, role; /* role: handler, admin */
    struct str notify;                   /* what to be told of: team mine none (desk/notice.h) */
    int64_t weight;
    int64_t away_from_us, away_until_us; /* 0 = not set */
    bool active, away;                   /* away: at this moment */
};

struct account_new {
    struct str login, name, email, role;
    int64_t weight; /* 0..PEOPLE_WEIGHT */
};
/* Admin.  RC_CONFLICT when the login exists. */
enum rc people_add(struct desk *d, const struct actor *who, const struct account_new *n,
                   int64_t *ret_id, struct err *e) WARN_UNUSED;
enum rc people_list(struct desk *d, struct arena *a, struct account **ret, size_t *ret_n,
                    struct err *e) WARN_UNUSED;
enum rc people_by_login(struct desk *d, struct arena *a, struct str login, struct account *ret,
                        struct err *e) WARN_UNUSED;
/* Absence from..until (until 0 = back now).  Oneself or an admin. */
enum rc people_away(struct desk *d, const struct actor *who, struct str login, int64_t from_us,
                    int64_t until_us, struct err *e) WARN_UNUSED;

/*
 * Whose turn it is: smooth weighted round robin over those who are active, not away and weigh
 * more than 0; if all are away, over all active ones with a weight; else any active one.
 * `not_id` is left out where there is somebody else.  Inside a transaction.  RC_NOTFOUND: nobody.
 */
enum rc people_next(struct desk *d, int64_t not_id, int64_t *ret_id, struct err *e) WARN_UNUSED;

/* Whose turn it would be among those who are there, without taking it; 0 = nobody. */
enum rc people_peek(struct desk *d, int64_t not_id, int64_t *ret_id, struct err *e) WARN_UNUSED;

/* A one-time sign-in link for login; admin or the machine (init).  Good for limits.signin_link. */
enum rc people_signin(struct desk *d, const struct actor *who, struct str login,
                      char ret_secret[SECRET_SIZE], struct err *e) WARN_UNUSED;
/* The same by mail to the address of the account, for the page that asks for a link; answers RC_OK
 * in every case, so that nothing can be learned from it.  At most one each SIGNIN_MAIL_US. */
#define SIGNIN_MAIL_US (5 * US_PER_MIN)
enum rc people_signin_mail(struct desk *d, struct str login, struct err *e) WARN_UNUSED;
/* GET of the link: is it good?  Changes nothing.  RC_NOTFOUND: unknown, used or expired. */
enum rc people_signin_peek(struct desk *d, struct str secret, struct err *e) WARN_UNUSED;

#define CSRF_SIZE SECRET_SIZE
struct session_made {
    char secret[SECRET_SIZE]; /* the cookie */
    char csrf[CSRF_SIZE];     /* goes into each form */
    int64_t expires_us;
    bool no_password; /* of a team member's link: none is set yet */
};
/* POST of the link: trades it once for a session. */
enum rc people_signin_trade(struct desk *d, struct str secret, struct session_made *ret,
                            struct err *e) WARN_UNUSED;

/* Whose session a cookie is.  RC_NOTFOUND: unknown or expired, or the account is not active. */
struct session {
    int64_t id;
    struct actor actor; /* handler, admin or reporter */
    struct str name;    /* to be shown */
    struct str csrf;
    struct str how; /* link password */
    int64_t created_us, expires_us;
};
enum rc session_find(struct desk *d, struct arena *a, struct str secret, struct session *ret,
                     struct err *e) WARN_UNUSED;
enum rc session_end(struct desk *d, struct str secret, struct err *e) WARN_UNUSED;

/*
 * The reporter's way back without an account: a link that shows a button (peek), is traded once
 * for a cookie (trade), and when spent or expired can ask for a new one by mail to the address on
 * file (renew).  Each use is logged.
 */
enum way_back_state { WAY_GOOD, WAY_SPENT, WAY_EXPIRED, WAY_REVOKED };
/* Inside a transaction. */
enum rc way_back_issue(struct desk *d, int64_t thread_id, char ret_secret[SECRET_SIZE],
                       struct err *e) WARN_UNUSED;
/* RC_NOTFOUND: never existed.  Nothing about the case is told. */
enum rc way_back_peek(struct desk *d, struct str secret, enum way_back_state *ret, struct err *e)
    WARN_UNUSED;
/* RC_NOTFOUND: unknown; RC_DENIED: spent, expired or revoked.  Who left no address may press twice:
 * the browser drops the answer to the first press, and with it cookie and next link, the only ways.
 */
#define WAY_BACK_TWICE_US (10 * US_PER_S)
enum rc way_back_trade(struct desk *d, struct str secret, struct session_made *ret, struct err *e)
    WARN_UNUSED;
/* A spent or expired link orders a new one, mailed to the address on file; at most one each
 * WAY_BACK_RENEW_US.  Answers RC_OK in every case, so that nothing can be learned from it. */
#define WAY_BACK_RENEW_US (10 * US_PER_MIN)
#define WAY_SEEN_MAX      6 /* looks at the links of one thread written down in a minute */
enum rc way_back_renew(struct desk *d, struct str secret, struct err *e) WARN_UNUSED;
/* All links of a thread. */
enum rc way_back_revoke(struct desk *d, const struct actor *who, int64_t thread_id, struct err *e)
    WARN_UNUSED;

#endif
