/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acknowledging and sending.  Runs in core; what net reports of a server's words is untrusted text.
 */
#include "base/log.h"
#include "base/when.h"
#include "desk/ack.h"
#include "desk/reply.h"
#include "os/file.h"
#include "serve/core.h"
#include "store/blob.h"
#include "store/checkpoint.h"
#include "store/outbox.h"

#define OUTBOX_ARENA (OUTBOX_BYTES_MAX + (1u << 20))
#define APART_US     US_PER_S /* between mails that were lost together */

/* Every event gets its place in the log, then the log as it is gets signed. */
static enum rc log_signed(struct core *c, struct checkpoint *ret_cp, struct err *e)
{
    int n = 0;
    do {
        enum rc rc = log_sequence(c->db, LOG_BATCH_MAX, &n, e);
        if (rc == RC_BUSY || rc == RC_CONFLICT)
            break; /* another core does it just now */
        TRY(rc);
    } while (n == LOG_BATCH_MAX);
    return checkpoint_make(c->db, c->desk.calls.sign, c, ret_cp, e);
}

void core_acknowledge(struct core *c, const struct task *t)
{
    struct err e = ERR_INIT;
    struct checkpoint cp = {.size = 0};
    int64_t outbox = 0;
    enum rc rc = log_signed(c, &cp, &e);
    if (rc == RC_OK) {
        struct ack_log log = {.size = cp.size, .root = str_of(cp.root.b, sizeof cp.root.b)};
        rc = ack_run(&c->desk, t->subject, &log, &outbox, &e);
    }
    if (rc == RC_OK)
        log_event(LOG_INFO_, "acknowledged", "message=%lld outbox=%lld checkpoint=%lld",
                  (long long)t->subject, (long long)outbox, (long long)cp.size);
    core_task_end(c, t, rc, &e);
}

static struct sending *sending_find(struct core *c, int64_t outbox)
{
    for (size_t i = 0; i < CORE_OUTBOX_MAX; i++)
        if (c->sending[i].outbox == outbox)
            return &c->sending[i];
    return NULL;
}

/* What is passed on was never part of a case: its key is the inbox's. */
static enum rc open_blob(struct core *c, int64_t id, int *ret_fd, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024);
    struct blob_row b;
    TRY(blob_get(c->db, a, id, &b, e));
    struct blob_ask s = {STR(DESK_SCOPE_INBOX), STR_NONE, b.purpose, b.name, b.key_wrapped};
    return core_keys_blob_open(c, &s, ret_fd, e);
}

static enum rc submit(struct core *c, const struct outbox *o, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    AUTO(fd) int fd = -1;
    struct chan *net = role_find(&c->role, ROLE_NET);
    if (net == NULL)
        return err_set(e, RC_BUSY, "net is not there yet");
    TRY(o->blob_id ? open_blob(c, o->blob_id, &fd, e) : memfd_of(o->bytes, "outgoing", &fd, e));
    wire_put_submit(&b, &(struct wire_submit){.outbox = (uint64_t)o->id,
                                              .attempt = (uint32_t)o->attempt,
                                              .hop = o->next_hop,
                                              .env_from = o->env_from,
                                              .rcpt = o->rcpt});
    enum rc rc = role_send(&c->role, net, WIRE_SUBMIT, 0, &b, fd_take(&fd), e);
    return rc == RC_CLOSED ? err_set(e, RC_BUSY, "net went away") : rc;
}

void core_outbox_start(struct core *c, const struct task *t)
{
    AUTO(arena) struct arena *a = arena_new(OUTBOX_ARENA);
    struct err e = ERR_INIT;
    struct outbox o;
    struct sending *s = sending_find(c, 0);
    enum rc rc = s ? outbox_start(c->db, a, t->subject, t->attempt, &o, &e)
                   : err_set(&e, RC_BUSY, "too many mails with net");
    bool to_send = rc == RC_OK && (o.state == OUTBOX_READY || o.state == OUTBOX_UNKNOWN);
    if (to_send) {
        o.attempt = t->attempt;
        rc = submit(c, &o, &e);
    }
    if (rc == RC_OK && to_send)
        *s = (struct sending){.outbox = o.id, .task_id = t->id, .attempt = t->attempt};
    else
        core_task_end(c, t, rc, &e);
}

enum rc core_may_hand_over(struct core *c, struct chan *net, const struct wire_may_hand_over *m,
                           struct err *e)
{
    struct err why = ERR_INIT;
    enum rc rc = outbox_hand_over(c->db, (int64_t)m->outbox, m->attempt, &why);
    log_event(LOG_INFO_, "handing-over", "outbox=%llu attempt=%u code=%s",
              (unsigned long long)m->outbox, m->attempt, rc_name(rc));
    AUTO(buf) struct buf b = BUF_INIT(64);
    wire_put_hand_over(&b, &(struct wire_hand_over){m->outbox, m->attempt, rc == RC_OK});
    return role_send(&c->role, net, WIRE_HAND_OVER, 0, &b, -1, e);
}

struct ending {
    int64_t outbox, attempt;
    const struct outbox_result *result;
    enum outbox_state state;
};

/* The row's state and what it means for its case (event, clocks, "acknowledged") go together. */
static enum rc end_and_tell(struct desk *d, void *arg, struct err *e)
{
    struct ending *x = arg;
    TRY(outbox_end(d->db, x->outbox, x->attempt, x->result, &x->state, e));
    bool over = x->state == OUTBOX_SENT || x->state == OUTBOX_FAILED || x->state == OUTBOX_UNKNOWN;
    return over ? desk_mail_ended(d, x->outbox, e) : RC_OK;
}

static void ended(struct core *c, int64_t outbox, int64_t attempt, const struct outbox_result *r)
{
    struct err e = ERR_INIT;
    struct ending x = {outbox, attempt, r, OUTBOX_READY};
    enum rc rc = desk_run(&c->desk, end_and_tell, &x, &e);
    enum outbox_state state = x.state;
    log_event(LOG_INFO_, "outbox", "outbox=%lld attempt=%lld state=%s code=%d result=%s",
              (long long)outbox, (long long)attempt, outbox_state_name(state), r->code,
              rc_name(rc));
    struct sending *s = sending_find(c, outbox);
    if (s && s->attempt == attempt)
        *s = (struct sending){.outbox = 0};
    c->look_now = true;
}

void core_submitted(struct core *c, const struct wire_submitted *m)
{
    static const enum outbox_end end[] = {[WIRE_SENT] = OUTBOX_END_SENT,
                                          [WIRE_FAILED] = OUTBOX_END_REFUSED,
                                          [WIRE_LATER] = OUTBOX_END_TEMPORARY,
                                          [WIRE_UNKNOWN] = OUTBOX_END_NO_ANSWER};
    struct outbox_result r = {.end = m->outcome < ARRAY_LEN(end) ? end[m->outcome]
                                                                 : OUTBOX_END_NO_ANSWER,
                              .code = (int)(m->code % 1000),
                              .answer = m->answer};
    ended(c, (int64_t)m->outbox, m->attempt, &r);
}

/*
 * Whether a mail was handed over is asked of its row, not of our memory: with several cores net may
 * have asked another one, and what was handed over must not become ready again, uncounted.  A mail
 * that brings net down meets it alone in the end, because those lost together come back apart.
 */
void core_net_lost(struct core *c)
{
    struct outbox_result lost = {.end = OUTBOX_END_LOST,
                                 .answer = STR("the program that sends mail was restarted")};
    size_t n = 0;
    for (size_t i = 0; i < CORE_OUTBOX_MAX; i++)
        n += c->sending[i].outbox != 0;
    for (size_t i = 0; i < CORE_OUTBOX_MAX; i++) {
        if (c->sending[i].outbox == 0)
            continue;
        lost.apart_us += n > 1 ? APART_US : 0;
        ended(c, c->sending[i].outbox, c->sending[i].attempt, &lost);
    }
}
