/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_ACCOUNT_H
#define VULNDESK_WEB_VIEWS_ACCOUNT_H

#include "web/views.h"

/* What templates/signin.html and account.html see; as views.h. */
struct page_signin {
    struct page_frame frame;
    const char *lead;
    struct str refused; /* why the last try was not taken; empty = none */
    struct str login;   /* as typed */
    struct str to;      /* where they wanted to go */
    bool by_mail;       /* a link can be ordered */
    struct str again;   /* path to follow once more; empty = none */
};

struct session_view {
    struct str how;
    struct time_view since, until;
    bool here;
};
struct page_account {
    struct page_frame frame;
    struct str refused; /* why the last form was not taken; empty = none */
    struct str name, login, email, role;
    bool has_password, needs_old, locked; /* locked: a first password needs a fresh link */
    bool by_mail;
    struct str minimum;   /* "10" */
    bool all, mine, none; /* notices */
    bool notices;         /* the desk writes them at all */
    bool away, planned;   /* absent now, or later */
    struct time_view away_from, away_until;
    struct str from, until; /* typed before an error */
    struct session_view *sessions;
    size_t n_sessions;
    bool elsewhere; /* there is another session */
};

#endif
