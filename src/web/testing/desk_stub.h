/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_DESK_STUB_H
#define VULNDESK_WEB_TESTING_DESK_STUB_H

#include "desk/auth.h"
#include "desk/cmd.h"
#include "desk/webform.h"
#include "web/fixture.h"

/* Stands in for the rules: remembers what it was asked, answers with the fixtures. */
#define STUB_ADVISORY "DEMO-SA-2026-0001"
#define STUB_TEAM     "team-secret-22-letters"
#define STUB_REPORTER "reporter-secret-22-let"
#define STUB_LINK     "good-link-of-22-letter"
#define STUB_SPENT    "spent-link-22-letters."
#define STUB_NEXT     "next-link-of-22-letter"
#define STUB_TOKEN    "form-token"
#define STUB_SPOOL    "spool-1"
#define STUB_PASSWORD "violet anchor seven"
#define STUB_CSRF     "csrf-of-session"
/* What strangers call themselves, their software and their findings. */
#define STUB_HOSTILE "\"'></textarea><script>alert(1)</script><img src=x>\xe2\x80\xae"

struct stub {
    char verb[64];      /* of the last desk_cmd */
    char args[4096];    /* its arguments as JSON */
    enum actor_kind by; /* who did it */
    enum rc fail;       /* what desk_cmd shall answer */
    unsigned cmds, renewed, ended, traded;
    int64_t seen; /* the case that was shown */
    /* of the forms: what came, and what to answer */
    unsigned taken, counted;
    size_t files, bytes;
    char file[256];
    int64_t age_us, filing;
    bool anonymous, closed, throttled;
    enum webform_wait waits;
    unsigned ordered, changed; /* links by mail, passwords */
    int64_t wait_us;           /* sign-in is locked so long */
    char client[64];           /* who tried */
};
extern struct stub stub;

#endif
