/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_AUTH_H
#define VULNDESK_DESK_AUTH_H

#include "desk/password.h"
#include "desk/people.h"

/*
 * Signing in with a password, and what a member of the team does with the own account.
 *
 * Tries are counted (desk/throttle.h) for a login, for a client's address and for all together,
 * since each costs core 26 ms.  What is answered does not tell whether a login exists: the words
 * and the time are the same.  Who is locked out by somebody's tries still gets in with a link.
 * Each success, and the first time that a login is locked, is an event on the desk's own chain.
 */
#define AUTH_LOGIN_MAX  10 /* wrong passwords for one login ... */
#define AUTH_CLIENT_MAX 40 /* ... and from one address within AUTH_WINDOW_US */
#define AUTH_WINDOW_US  (15 * INT64_C(60000000))
#define AUTH_ALL_MAX    300 /* tries of everybody within AUTH_ALL_US: an eighth of a core */
#define AUTH_ALL_US     INT64_C(60000000)
#define AUTH_MAIL_MAX   10 /* links ordered from one address within AUTH_WINDOW_US */
/* So long after a sign-in by link the old password is not asked for. */
#define AUTH_FRESH_US (10 * INT64_C(60000000))

struct auth_try {
    struct str login, password;
    struct str client; /* numeric address */
};
/* RC_DENIED: wrong; RC_BUSY: too many tries, *ret_wait_us says how long to wait. */
enum rc auth_signin(struct desk *d, const struct auth_try *t, struct session_made *ret,
                    int64_t *ret_wait_us, struct err *e) WARN_UNUSED;
/* people_signin_mail with its own limit for a client. */
enum rc auth_signin_mail(struct desk *d, struct str login, struct str client, struct err *e)
    WARN_UNUSED;

/* The own account, as its page shows it. */
struct auth_session {
    int64_t created_us, expires_us;
    struct str how; /* link password */
    bool here;      /* the one that asks */
};
struct auth_account {
    struct account a;
    struct str notify; /* team mine none */
    bool has_password;
    bool fresh; /* the old password is not asked for */
    struct auth_session *sessions;
    size_t n_sessions;
};
enum rc auth_account(struct desk *d, struct arena *a, const struct session *s,
                     struct auth_account *ret, struct err *e) WARN_UNUSED;
/* A new password of one's own; all other sessions and open links end.  old: not looked at when
 * fresh.  RC_DENIED: the old one is wrong, or there is none and the sign-in is not fresh. */
enum rc auth_change(struct desk *d, const struct session *s, struct str old, struct str fresh_one,
                    struct err *e) WARN_UNUSED;
/* What to be told of: team mine none (desk/notice.h).  Oneself or an admin. */
enum rc auth_notify(struct desk *d, const struct actor *who, struct str login, struct str what,
                    struct err *e) WARN_UNUSED;
/* All sessions of oneself but this one (all: this one too). */
enum rc auth_leave(struct desk *d, const struct session *s, bool all, struct err *e) WARN_UNUSED;

/* By an admin.  passwd: sets a password, ends all sessions.  reset: takes the password away, ends
 * all sessions and links, and gives one new link.  switch: an account that is off cannot sign in,
 * gets no cases and no notices; *ret_cases: open cases that it still handles. */
enum rc auth_passwd(struct desk *d, const struct actor *who, struct str login, struct str password,
                    struct err *e) WARN_UNUSED;
enum rc auth_reset(struct desk *d, const struct actor *who, struct str login,
                   char ret_secret[SECRET_SIZE], struct err *e) WARN_UNUSED;
enum rc auth_switch(struct desk *d, const struct actor *who, struct str login, bool active,
                    int64_t *ret_cases, struct err *e) WARN_UNUSED;

#endif
