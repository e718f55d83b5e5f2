/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that this core serves and follows: the newest revision in the store.  Runs in core.
 * A revision is a text that a person edited or merged; it is read by the careful reader of
 * desk/policy.h all the same.
 */
#include "base/log.h"
#include "desk/proposal.h"
#include "os/clock.h"
#include "serve/core.h"
#include "web/route.h"

#define TEXT_ARENA (1u << 20)

/* Reads and renders first; only what went well replaces what is served. */
static enum rc follow(struct core *c, int64_t revision, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA + TEXT_ARENA);
    const struct policy *p = NULL;
    struct str text = STR_NONE;
    if (revision > 0) {
        TRY(policy_revision_text(&c->desk, a, revision, &text, e));
        TRY(policy_parse(a, text, &p, e));
    }
    TRY(web_set_policy(c->web, text, revision, e));
    arena_free(c->policy_arena);
    c->policy_arena = TAKE(a);
    c->desk.policy = c->policy = p;
    log_event(LOG_INFO_, "policy", "revision=%lld", (long long)revision);
    return RC_OK;
}

void core_policy_follow(struct core *c)
{
    struct err e = ERR_INIT;
    int64_t now = clock_mono_us(), last;
    if (now < c->policy_at_us)
        return;
    c->policy_at_us = now + CORE_POLICY_US;
    if (policy_revision_now(&c->desk, &last, &e) != RC_OK || last == c->policy_revision)
        return; /* the store is away: said elsewhere */
    enum rc rc = follow(c, last, &e);
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "policy-not-followed", "revision=%lld code=%s", (long long)last,
                  rc_name(rc));
    if (rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT)
        c->policy_revision = last; /* a text that cannot be read will not be better next time */
}

enum rc core_policy_open(struct core *c, struct err *e)
{
    bool new;
    TRY(policy_take_file(&c->desk, c->policy_file, &new, e));
    if (new)
        log_event(LOG_INFO_, "policy-file", "taken=yes");
    TRY(policy_order_commit(&c->desk, e));
    TRY(policy_revision_now(&c->desk, &c->policy_revision, e));
    return follow(c, c->policy_revision, e);
}
