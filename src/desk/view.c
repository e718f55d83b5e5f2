/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read models: the queue, what is held, a reporter's own thread, the raw bytes of a message.
 * Runs in core.
 * Input: ids of requests, checked against what the asker may see.
 */
#include "desk/view.h"

#include "base/when.h"
#include "desk/advisory.h"
#include "desk/clock.h"
#include "desk/people.h"
#include "desk/view_inside.h"
#include "store/ops_route.h"

#define SECRET_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

enum rc view_begin(struct desk *d, struct tx *tx, struct err *e)
{
    return db_in_tx(d->db) ? RC_OK : tx_begin_read(d->db, tx, e);
}

/* ---- pieces ---- */

enum rc view_phase(struct arena *a, const struct case_row *c, char rm, struct str *ret_text,
                   struct str *ret_name, json_t **ret_facts, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(buf) struct buf b = BUF_INIT(256);
    TRY(json_parse(c->facts, 64 * 1024, "facts of the case", &facts, e));
    struct phase_in in = {.rm = rm,
                          .cs = cs_parse(c->cs),
                          .has_handler = c->handler_id != 0,
                          .has_severity = c->severity.n > 0,
                          .facts = facts};
    phase_text(&in, &b);
    *ret_text = arena_str(a, buf_str(&b));
    *ret_name = str_c(phase_name(phase_of(&in)));
    if (ret_facts)
        *ret_facts = TAKE(facts);
    return RC_OK;
}

void view_clock_fill(const struct desk *d, const struct clock_row *c, int64_t now_us,
                     struct view_clock *v)
{
    *v = (struct view_clock){.id = c->id,
                             .thread_id = c->thread_id,
                             .started_us = c->started_us,
                             .due_us = c->due_us,
                             .paused_us = c->paused_us,
                             .met_us = c->met_us,
                             .kind = c->kind,
                             .source = c->source,
                             .state = c->state,
                             .words = STR_NONE};
    v->overdue = (str_eq(c->state, STR("missed")) && c->met_us == 0) ||
                 (str_eq(c->state, STR("running")) && c->due_us < now_us);
    for (int k = 0; k < CLOCK_KINDS && str_eq(c->source, STR("policy")); k++)
        if (str_eq(c->kind, str_c(clock_kind_name((enum clock_kind)k))))
            v->words = clock_limit_of(d, (enum clock_kind)k).words;
}

static void attachments_fill(struct arena *a, const struct attachment_row *t, size_t n,
                             struct view_message *v)
{
    v->attachments = arena_array(a, n + 1, sizeof(*v->attachments));
    for (size_t i = 0; v->attachments && i < n; i++)
        v->attachments[i] = (struct view_attachment){.id = t[i].id,
                                                     .part = t[i].part,
                                                     .size = t[i].size,
                                                     .name = t[i].name,
                                                     .type = t[i].type,
                                                     .sha256 = t[i].sha256,
                                                     .damaged = t[i].damaged};
    v->n_attachments = v->attachments ? n : 0;
}

static void mails_fill(struct arena *a, const struct mail_row *m, size_t n, struct view_message *v)
{
    v->outbox = arena_array(a, n + 1, sizeof(*v->outbox));
    for (size_t i = 0; v->outbox && i < n; i++)
        v->outbox[i] = (struct view_outbox){.id = m[i].id,
                                            .attempt = m[i].attempt,
                                            .code = m[i].code,
                                            .doubles = m[i].doubles,
                                            .created_us = m[i].created_us,
                                            .changed_us = m[i].changed_us,
                                            .due_us = m[i].due_us,
                                            .kind = m[i].kind,
                                            .rcpt = m[i].rcpt,
                                            .state = m[i].state,
                                            .answer = m[i].answer};
    v->n_outbox = v->outbox ? n : 0;
}

/*
 * The way back is its reporter's alone: whoever reads the case, or a mail that quotes our
 * acknowledgement, could open the page in the reporter's name.  The raw mail keeps it.
 */
enum rc view_without_way_back(struct desk *d, struct arena *a, struct str *body, struct err *e)
{
    if (d->set->desk.base_url.n == 0)
        return RC_OK;
    struct str base = arena_strf(a, "%.*s/r/", STR_ARG(d->set->desk.base_url));
    TRY(arena_ok(a, "text of a message", e));
    AUTO(buf) struct buf b = BUF_INIT(body->n + 1); /* what takes its place is shorter */
    struct str rest = *body;
    for (size_t at; (at = str_find(rest, base)) != STR_NPOS;) {
        buf_add(&b, str_sub(rest, 0, at + base.n));
        rest = str_sub(rest, at + base.n, rest.n - at - base.n);
        size_t n = 0;
        while (n < rest.n && rest.p[n] && strchr(SECRET_CHARS, rest.p[n]) != NULL)
            n++;
        if (n >= SECRET_LEN) {
            buf_adds(&b, "(private)");
            rest = str_sub(rest, n, rest.n - n);
        }
    }
    if (rest.n == body->n)
        return RC_OK;
    buf_add(&b, rest);
    TRY(buf_ok(&b, "text of a message", e));
    *body = arena_str(a, buf_str(&b));
    return arena_ok(a, "text of a message", e);
}

static enum rc message_fill(struct desk *d, struct arena *a, const struct message_row *m,
                            struct view_message *v, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    *v = (struct view_message){.id = m->id,
                               .thread_id = m->thread_id,
                               .blob_id = m->blob_id,
                               .received_us = m->received_us,
                               .date_us = m->date_us,
                               .direction = m->direction,
                               .state = m->state,
                               .hold_reason = m->hold_reason,
                               .from_name = m->from_name,
                               .from_addr = m->from_addr,
                               .return_path = m->return_path,
                               .subject = m->subject,
                               .body = m->body,
                               .trust = m->trust,
                               .mid = m->mid,
                               .author = m->author,
                               .ack = m->ack,
                               .facts = m->facts};
    TRY(view_without_way_back(d, a, &v->body, e));
    if (str_eq(m->facts, STR("{}")))
        return RC_OK;
    TRY(json_parse(m->facts, 64 * 1024, "facts of a message", &facts, e));
    const char *crypto = json_string_value(json_object_get(facts, "crypto"));
    v->encrypted = crypto && str_ends(str_c(crypto), STR("encrypted"));
    v->truncated = json_is_true(json_object_get(facts, "truncated"));
    return RC_OK;
}

/* What hangs on the messages comes in one query each, ordered by message. */
static enum rc hangers_fill(struct desk *d, struct arena *a, struct view_message *v, size_t n,
                            struct err *e)
{
    AUTO(buf) struct buf ids = BUF_INIT(24 * n + 16);
    struct attachment_row *t;
    struct mail_row *m;
    size_t nt, nm;
    if (n == 0)
        return RC_OK;
    for (size_t i = 0; i < n; i++)
        buf_addf(&ids, "%c%lld", i ? ',' : '[', (long long)v[i].id);
    buf_addc(&ids, ']');
    TRY(ops_attachment_of_messages(d->db, a, buf_str(&ids), &t, &nt, e));
    TRY(ops_mail_of_messages(d->db, a, buf_str(&ids), &m, &nm, e));
    for (size_t i = 0; i < n; i++) {
        size_t from = 0, to = nt;
        while (from < nt && t[from].message_id != v[i].id)
            from++;
        for (to = from; to < nt && t[to].message_id == v[i].id;)
            to++;
        attachments_fill(a, t + from, to - from, &v[i]);
        for (from = 0; from < nm && m[from].message_id != v[i].id;)
            from++;
        for (to = from; to < nm && m[to].message_id == v[i].id;)
            to++;
        mails_fill(a, m + from, to - from, &v[i]);
    }
    return arena_ok(a, "messages", e);
}

enum rc view_message_fill(struct desk *d, struct arena *a, const struct message_row *m,
                          struct view_message *v, struct err *e)
{
    TRY(message_fill(d, a, m, v, e));
    return hangers_fill(d, a, v, 1, e);
}

enum rc view_messages(struct desk *d, struct arena *a, const struct message_query *q,
                      struct view_message **ret, size_t *ret_n, bool *ret_more, struct err *e)
{
    struct message_row *m;
    size_t n;
    TRY(ops_message_list(d->db, a, q, &m, &n, e));
    struct view_message *v = arena_array(a, n + 1, sizeof(*v));
    TRY(arena_ok(a, "messages", e));
    if (n == q->max)
        *ret_more = true;
    for (size_t i = 0; i < n; i++)
        TRY(message_fill(d, a, &m[i], &v[i], e));
    TRY(hangers_fill(d, a, v, n, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

void view_thread_head(const struct thread_row *t, struct view_thread *v)
{
    *v = (struct view_thread){.id = t->id,
                              .participant_id = t->participant_id,
                              .waiting_us = t->waiting_us,
                              .created_us = t->created_us,
                              .subject = t->subject,
                              .name = t->name,
                              .email = t->email,
                              .role = t->role};
}

enum rc view_thread_fill(struct desk *d, struct arena *a, const struct thread_row *t,
                         struct view_thread *v, bool *ret_more, struct err *e)
{
    view_thread_head(t, v);
    struct message_query q = {
        .which = MESSAGES_THREAD, .id = t->id, .state = STR_NONE, .max = VIEW_MESSAGES_MAX};
    return view_messages(d, a, &q, &v->messages, &v->n_messages, ret_more, e);
}

/* ---- held ---- */

static enum rc held_row(struct desk *d, struct arena *a, const struct message_row *m,
                        struct view_held_row *v, struct err *e)
{
    struct case_row c;
    v->number = STR_NONE;
    TRY(view_message_fill(d, a, m, &v->message, e));
    if (m->case_id == 0)
        return RC_OK;
    TRY(ops_case_get(d->db, a, m->case_id, &c, e));
    v->number = c.number;
    return RC_OK;
}

static bool held_state(struct str s)
{
    static const char *const states[] = {"",       "held",      "quarantined", "spam",
                                         "bounce", "discarded", "passed",      "left"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (str_eq(s, str_c(states[i])))
            return true;
    return false;
}

enum rc view_held(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                  struct view_held *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_held v = {.now_us = desk_now(d), .shared = d->set->mail.shared};
    struct message_row *m;
    size_t n;
    TRY(actor_needs_team(who, e));
    if (!held_state(state))
        return err_set(e, RC_INVALID,
                       "the state is one of held, quarantined, spam, bounce, discarded, "
                       "passed, left");
    TRY(view_begin(d, &tx, e));
    struct message_query q = {.which = state.n ? MESSAGES_STATE : MESSAGES_UNDECIDED,
                              .state = state,
                              .max = VIEW_ROWS_MAX + 1,
                              .newest_first = true};
    TRY(ops_message_list(d->db, a, &q, &m, &n, e));
    v.more = n > VIEW_ROWS_MAX;
    v.n = v.more ? VIEW_ROWS_MAX : n;
    v.rows = arena_array(a, v.n + 1, sizeof(*v.rows));
    TRY(arena_ok(a, "the held messages", e));
    for (size_t i = 0; i < v.n; i++) {
        m[i].body = STR_NONE;
        TRY(held_row(d, a, &m[i], &v.rows[i], e));
    }
    *ret = v;
    return RC_OK;
}

/* "RECEIVED.ID" */
static enum rc held_after(struct str after, struct held_page *p, struct err *e)
{
    struct str rest = after, us, id;
    uint64_t u, i;
    if (after.n == 0)
        return RC_OK;
    if (after.n > QUEUE_AFTER_MAX || !str_cut(&rest, '.', &us) || !str_cut(&rest, '.', &id) ||
        rest.n)
        return err_set(e, RC_INVALID, "the place in the list is none of ours");
    TRY(num_parse(us, 1, INT64_MAX, "place in the list", &u, e));
    TRY(num_parse(id, 1, INT64_MAX, "place in the list", &i, e));
    p->before_us = (int64_t)u;
    p->before_id = (int64_t)i;
    return RC_OK;
}

enum rc view_held_page(struct desk *d, const struct actor *who, struct arena *a,
                       const struct held_query *q, struct view_held *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_held v = {.now_us = desk_now(d), .next = STR_NONE, .shared = d->set->mail.shared};
    struct message_row *m;
    size_t n, max = q->max && q->max < VIEW_ROWS_MAX ? q->max : VIEW_ROWS_MAX;
    struct held_page page = {.state = q->state, .max = max + 1};
    TRY(actor_needs_team(who, e));
    if (!held_state(q->state))
        return err_set(e, RC_INVALID,
                       "the state is one of held, quarantined, spam, bounce, discarded, "
                       "passed, left");
    TRY(held_after(q->after, &page, e));
    TRY(view_begin(d, &tx, e));
    TRY(ops_message_held(d->db, a, &page, &m, &n, e));
    v.more = n > max;
    v.n = v.more ? max : n;
    v.rows = arena_array(a, v.n + 1, sizeof(*v.rows));
    TRY(arena_ok(a, "the held messages", e));
    for (size_t i = 0; i < v.n; i++)
        TRY(held_row(d, a, &m[i], &v.rows[i], e));
    if (v.more)
        v.next =
            arena_strf(a, "%lld.%lld", (long long)m[v.n - 1].received_us, (long long)m[v.n - 1].id);
    *ret = v;
    return arena_ok(a, "the held messages", e);
}

enum rc view_held_one(struct desk *d, const struct actor *who, struct arena *a, int64_t message_id,
                      struct view_held_row *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct message_row m;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    TRY(ops_message_get(d->db, a, message_id, &m, e));
    if (m.state.n == 0 || !held_state(m.state))
        return err_set(e, RC_NOTFOUND, "no such held message");
    bool waits = str_eq(m.state, STR("held")) || str_eq(m.state, STR("quarantined")) ||
                 str_eq(m.state, STR("spam"));
    TRY(held_row(d, a, &m, ret, e));
    ret->can_pass = d->set->mail.shared && waits && m.case_id == 0 &&
                    !str_eq(m.origin, STR("web")) && !str_eq(m.origin, STR("import"));
    return RC_OK;
}

/* ---- the reporter's page ---- */

/* The names of team members and the machine's remarks stay with the team, and so does a reply that
 * can still be undone. */
static void for_reporter(struct view_thread *t, int64_t now_us)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_messages; i++) {
        struct view_message *m = &t->messages[i];
        if (!str_eq(m->state, STR("ok")) || view_may_undo(m, now_us))
            continue;
        m->hold_reason = STR_NONE;
        m->facts = STR("{}");
        m->author = STR_NONE;
        m->n_outbox = 0;
        t->messages[n++] = *m;
    }
    t->n_messages = n;
}

static enum rc reporter_clocks(struct desk *d, struct arena *a, struct view_reporter *v,
                               struct err *e)
{
    struct clock_row *c;
    size_t n;
    TRY(ops_clock_list(d->db, a, v->case_id, v->thread_id, &c, &n, e));
    v->clocks = arena_array(a, n + 1, sizeof(*v->clocks));
    TRY(arena_ok(a, "the clocks", e));
    for (size_t i = 0; i < n; i++)
        view_clock_fill(d, &c[i], v->now_us, &v->clocks[i]);
    v->n_clocks = n;
    return RC_OK;
}

static enum rc reporter_credit(struct desk *d, const struct actor *who, struct arena *a,
                               struct view_reporter *v, struct err *e)
{
    struct view_credit k;
    v->credit = STR_NONE;
    enum rc rc = view_reporter_credit(d, who, a, &k, e);
    if (rc == RC_OK)
        v->credit = k.decision;
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc reporter_question(struct desk *d, struct arena *a, struct view_reporter *v,
                                 struct err *e)
{
    struct route_row r;
    enum rc rc = ops_route_asked(d->db, a, v->thread_id, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    v->third_component = r.component;
    v->third_maintainer = r.maintainer;
    return RC_OK;
}

enum rc view_reporter(struct desk *d, const struct actor *who, struct arena *a,
                      struct view_reporter *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    AUTO(buf) struct buf embargo = BUF_INIT(128);
    struct thread_row t;
    struct open_case oc;
    struct str name;
    enum side_exit x;
    bool more = false;
    if (who->kind != ACTOR_REPORTER || who->thread_id == 0)
        return err_set(e, RC_DENIED, "this page is the reporter's");
    TRY(view_begin(d, &tx, e));
    TRY(ops_thread_get(d->db, a, who->thread_id, &t, e));
    TRY(case_load(d, a, t.case_id, &oc, e));
    struct view_reporter v = {.case_id = t.case_id,
                              .thread_id = t.id,
                              .now_us = desk_now(d),
                              .opened_us = oc.c.opened_us,
                              .closed_us = oc.c.closed_us,
                              .number = oc.c.number,
                              .exit_reason = oc.c.exit_reason,
                              .anonymous = t.email.n == 0};
    TRY(exit_parse(oc.c.exit, &x, e));
    v.exit = str_c(exit_text(x));
    TRY(view_phase(a, &oc.c, oc.v.rm, &v.phase, &name, NULL, e));
    if (oc.v.em == 'A' || oc.v.em == 'R' || oc.v.em == 'P') {
        buf_adds(&embargo, oc.v.em == 'P' ? "proposed until " : "active until ");
        when_human(&embargo, oc.c.em_until_us);
    }
    v.embargo = arena_str(a, buf_str(&embargo));
    TRY(view_thread_fill(d, a, &t, &v.thread, &more, e));
    for_reporter(&v.thread, v.now_us);
    TRY(reporter_clocks(d, a, &v, e));
    TRY(reporter_credit(d, who, a, &v, e));
    TRY(reporter_question(d, a, &v, e));
    *ret = v;
    return RC_OK;
}

/* ---- raw bytes ---- */

enum rc view_blob(struct desk *d, const struct actor *who, struct arena *a, int64_t message_id,
                  struct view_blob *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct message_row m;
    struct blob_row b;
    TRY(view_begin(d, &tx, e));
    enum rc rc = ops_message_get(d->db, a, message_id, &m, e);
    bool theirs = rc == RC_OK && who->kind == ACTOR_REPORTER && m.thread_id == who->thread_id &&
                  str_eq(m.direction, STR("in")) && str_eq(m.state, STR("ok"));
    if (rc == RC_NOTFOUND || (rc == RC_OK && who->kind == ACTOR_REPORTER && !theirs) ||
        (rc == RC_OK && m.blob_id == 0))
        return err_set(e, RC_NOTFOUND, "no such message, or it has no raw bytes");
    TRY(rc);
    TRY(blob_get(d->db, a, m.blob_id, &b, e));
    struct view_blob v = {.name = b.name,
                          .wrapped = b.key_wrapped,
                          .purpose = b.purpose,
                          .scope = STR(DESK_SCOPE_INBOX),
                          .key = STR_NONE,
                          .size = b.size};
    if (b.case_id) {
        struct case_row c;
        TRY(ops_case_get(d->db, a, b.case_id, &c, e));
        v.scope = c.scope;
        v.key = c.key_wrapped;
    }
    *ret = v;
    return RC_OK;
}
