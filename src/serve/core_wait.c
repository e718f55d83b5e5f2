/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that wait for a spool record to be taken in, so that a reporter sees the new message on
 * the page and not only that it will be there.  Runs in core; nobody is kept for longer than
 * CORE_WAIT_MS, and the loop goes on meanwhile.
 */
#include "base/log.h"
#include "os/clock.h"
#include "serve/core.h"
#include "store/ops_message.h"
#include "web/http.h"

bool core_wait_add(struct core *c, struct chan *to, uint32_t request, const struct http_response *r)
{
    for (size_t i = 0; i < ARRAY_LEN(c->waits); i++) {
        struct core_wait *w = &c->waits[i];
        if (w->to)
            continue;
        if (str_copy(w->location, sizeof w->location, buf_str(&r->location), "location", NULL) !=
                RC_OK ||
            str_copy(w->spool, sizeof w->spool, str_c(r->wait), "spool id", NULL) != RC_OK)
            return false;
        w->to = to;
        w->request = request;
        w->status = r->status;
        w->done = false;
        w->until_us = clock_mono_us() + CORE_WAIT_MS * INT64_C(1000);
        return true;
    }
    return false;
}

void core_wait_done(struct core *c, const char *spool)
{
    for (size_t i = 0; i < ARRAY_LEN(c->waits); i++)
        if (c->waits[i].to && strcmp(c->waits[i].spool, spool) == 0)
            c->waits[i].done = true;
}

/* Another core may have taken it in. */
static bool is_in(struct core *c, const struct core_wait *w)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row;
    struct err e = ERR_INIT;
    return w->done || ops_message_by_spool(c->db, a, str_c(w->spool), &row, &e) == RC_OK;
}

static void let_go(struct core *c, struct core_wait *w)
{
    struct err e = ERR_INIT;
    AUTO(http_response) struct http_response r;
    http_response_init(&r);
    r.status = w->status;
    buf_adds(&r.location, w->location);
    if (core_answer_http(c, w->to, w->request, &r, -1, &e) != RC_OK)
        log_event(LOG_WARN_, "not-answered", "code=%s", rc_name(e.rc));
    w->to = NULL;
}

void core_waits_run(struct core *c)
{
    int64_t now = clock_mono_us();
    bool look = now >= c->waits_at_us;
    for (size_t i = 0; i < ARRAY_LEN(c->waits); i++) {
        struct core_wait *w = &c->waits[i];
        if (w->to && (w->done || now >= w->until_us || (look && is_in(c, w))))
            let_go(c, w);
    }
    if (look)
        c->waits_at_us = now + CORE_WAIT_LOOK_US;
}

void core_waits_lost(struct core *c, const struct chan *from)
{
    for (size_t i = 0; i < ARRAY_LEN(c->waits); i++)
        if (c->waits[i].to == from)
            c->waits[i].to = NULL;
}
