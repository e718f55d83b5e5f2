/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people write: replies, notes, a reporter's own words on the page; links sent by mail; what
 * became of the mails that left.
 * Runs in core.
 * Input: texts of team members and of a reporter with a session, checked here.
 */
#include "desk/reply.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "base/when.h"
#include "desk/clock.h"
#include "desk/intake_inside.h"
#include "desk/letter.h"
#include "mime/mail.h"
#include "mime/subject.h"
#include "store/ops_draft.h"
#include "store/ops_message.h"
#include "store/ops_people.h"
#include "store/outbox.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

/* The reporter's subject is echoed only to an address that has been proven. */
static enum rc subject_of(struct desk *d, struct arena *a, const struct thread_row *t,
                          const struct case_row *c, struct str *ret, struct str *ret_mid,
                          struct err *e)
{
    struct message_row last;
    enum rc rc = ops_message_last_in(d->db, a, t->id, &last, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    *ret_mid = rc == RC_OK ? last.mid : STR_NONE;
    *ret = arena_strf(a, "[%.*s] Your report", STR_ARG(c->number));
    if (rc != RC_OK || str_eq(last.trust, STR("none")))
        return RC_OK;
    struct subject s;
    TRY(subject_read(a, t->subject, &s, e));
    if (s.base.n > 0)
        *ret = arena_strf(a, "Re: [%.*s] %.*s", STR_ARG(c->number),
                          STR_ARG(utf8_clip(s.base, DESK_TITLE_MAX)));
    return RC_OK;
}

static enum rc author(struct desk *d, struct arena *a, const struct actor *who, struct str *ret,
                      struct err *e)
{
    struct account_row r;
    *ret = STR_NONE;
    if (who->account_id == 0)
        return RC_OK;
    TRY(ops_account_get(d->db, a, who->account_id, &r, e));
    *ret = r.name;
    return RC_OK;
}

static enum rc render(struct desk *d, const struct case_row *c, struct str text, struct str name,
                      struct buf *out, struct err *e)
{
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c->number},
                             {"text", text},
                             {"name", name},
                             {"contact", d->set->desk.contact.v[0]}};
    return texts_render(d->texts, TEXT_REPLY, v, ARRAY_LEN(v), out, e);
}

/* An anonymous reporter reads it on the page of the report: there is no mail to wait for. */
static enum rc read_on_page(struct desk *d, struct arena *a, const struct thread_row *t,
                            struct err *e)
{
    TRY(clock_answered(d, t->case_id, t->id, true, e));
    return case_acknowledged(d, a, t->case_id, "the answer is on the reporter's page", e);
}

struct reply {
    const struct actor *who;
    const struct reply_new *n;
    int64_t message;
    bool changed; /* something came into the thread meanwhile */
};

/* What the mail is made of. */
struct composed {
    struct thread_row t;
    struct open_case oc;
    struct str subject, in_reply_to, text;
};

static enum rc compose(struct desk *d, struct arena *a, const struct actor *who,
                       const struct reply_new *n, struct composed *ret, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    struct str name;
    TRY(ops_thread_get(d->db, a, n->thread_id, &ret->t, e));
    TRY(case_load(d, a, ret->t.case_id, &ret->oc, e));
    TRY(subject_of(d, a, &ret->t, &ret->oc.c, &ret->subject, &ret->in_reply_to, e));
    TRY(author(d, a, who, &name, e));
    TRY(render(d, &ret->oc.c, n->text, name, &text, e));
    ret->text = arena_str(a, buf_str(&text));
    return arena_ok(a, "the reply", e);
}

/* 32 bytes that say which form of whom it was; empty without a token. */
static struct str form_dedupe(const struct actor *who, struct str token, unsigned char hash[32])
{
    AUTO(buf) struct buf b = BUF_INIT(FORM_TOKEN_MAX + 64);
    if (token.n == 0)
        return STR_NONE;
    buf_addf(&b, "form %lld %.*s", (long long)who->account_id, STR_ARG(token));
    sha256(buf_str(&b), hash);
    return str_of(hash, 32);
}

/* The message that this form has made already; 0: none. */
static enum rc made_before(struct desk *d, struct arena *a, struct str dedupe, int64_t *ret_id,
                           struct err *e)
{
    struct message_row row;
    *ret_id = 0;
    if (dedupe.n == 0)
        return RC_OK;
    enum rc rc = ops_message_by_dedupe(d->db, a, dedupe, &row, e);
    if (rc == RC_OK)
        *ret_id = row.id;
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc form_sent(struct desk *d, struct arena *a, const struct actor *who, struct str token,
                  int64_t *ret_message, struct err *e)
{
    unsigned char hash[32];
    return made_before(d, a, form_dedupe(who, token, hash), ret_message, e);
}

static enum rc newest_check(struct desk *d, struct reply *p, struct err *e)
{
    int64_t newest;
    if (!p->n->check_newest)
        return RC_OK;
    TRY(ops_message_newest(d->db, p->n->thread_id, &newest, e));
    p->changed = newest != p->n->newest;
    return p->changed ? err_set(e, RC_INVALID, "something was written here meanwhile") : RC_OK;
}

static enum rc drop_draft(struct desk *d, const struct actor *who, int64_t case_id,
                          int64_t thread_id, struct err *e)
{
    const struct draft_row key = {
        .account_id = who->account_id, .case_id = case_id, .thread_id = thread_id};
    return who->account_id ? ops_draft_drop(d->db, &key, e) : RC_OK;
}

/* facts of a reply that makes us wait: what its undoing has to put back. */
static struct str waits_facts(struct arena *a, const struct composed *m)
{
    return arena_strf(a, "{\"wait\":true,\"waited_us\":%lld}", (long long)m->t.waiting_us);
}

static enum rc reply_tx(struct desk *d, void *arg, struct err *e)
{
    struct reply *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    unsigned char hash[32];
    struct composed m;
    int64_t outbox, undo = d->set->mail.undo_us;
    struct str dedupe = form_dedupe(p->who, p->n->token, hash);
    p->changed = false;
    TRY(made_before(d, a, dedupe, &p->message, e));
    if (p->message)
        return RC_OK;
    TRY(compose(d, a, p->who, p->n, &m, e));
    TRY(newest_check(d, p, e));
    bool wait = p->n->wait && !m.oc.c.closed_us;
    struct letter l = {.kind = "reply",
                       .t = &m.t,
                       .number = m.oc.c.number,
                       .to_name = m.t.name,
                       .to = m.t.email,
                       .subject = m.subject,
                       .text = m.text,
                       .in_reply_to = m.in_reply_to,
                       .author_id = p->who->account_id,
                       .due_us = undo ? desk_now(d) + undo : 0,
                       .facts = wait ? waits_facts(a, &m) : STR_NONE,
                       .dedupe = dedupe};
    TRY(letter_put(d, p->who, &l, &p->message, &outbox, e));
    if (outbox == 0)
        TRY(read_on_page(d, a, &m.t, e));
    if (wait) {
        TRY(ops_thread_set_waiting(d->db, m.t.id, desk_now(d), e));
        TRY(clock_pause(d, m.t.case_id, m.t.id, e));
    }
    TRY(drop_draft(d, p->who, m.t.case_id, m.t.id, e));
    TRY(ops_case_get(d->db, a, m.t.case_id, &m.oc.c, e)); /* read_on_page changes it */
    return case_store(d, &m.oc.c, e);
}

enum rc reply_send(struct desk *d, const struct actor *who, const struct reply_new *r,
                   int64_t *ret_message, struct err *e)
{
    struct reply p = {.who = who, .n = r};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(r->text, DESK_TEXT_MAX, "the text", e));
    if (r->token.n > FORM_TOKEN_MAX)
        return err_set(e, RC_LIMIT, "the form's token is too long");
    enum rc rc = desk_run(d, reply_tx, &p, e);
    if (rc != RC_OK && p.changed)
        return err_set(e, RC_CONFLICT, "something was written here since you began");
    TRY(rc);
    *ret_message = p.message;
    return RC_OK;
}

enum rc reply_compose(struct desk *d, const struct actor *who, struct arena *a,
                      const struct reply_new *r, struct reply_mail *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct composed m;
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(r->text, DESK_TEXT_MAX, "the text", e));
    TRY(tx_begin_read(d->db, &tx, e));
    TRY(compose(d, a, who, r, &m, e));
    *ret = (struct reply_mail){.to_name = m.t.name,
                               .to = m.t.email,
                               .from_name = d->set->desk.name,
                               .from = d->set->mail.from.n ? d->set->mail.from
                                                           : d->set->desk.contact.v[0],
                               .subject = m.subject,
                               .text = m.text};
    return RC_OK;
}

/* ---- second thoughts ---- */

struct second {
    const struct actor *who;
    int64_t message_id;
};

static enum rc too_late(struct err *e)
{
    return err_set(e, RC_INVALID, "it is too late: this reply is on its way");
}

/* The mail of a reply that still waits for its time. */
static enum rc waiting_mail(struct desk *d, struct arena *a, int64_t message_id,
                            struct message_row *ret_m, struct mail_row *ret_mail, struct err *e)
{
    struct mail_row *mails;
    size_t n;
    TRY(ops_message_get(d->db, a, message_id, ret_m, e));
    TRY(ops_mail_of_message(d->db, a, message_id, &mails, &n, e));
    if (!str_eq(ret_m->direction, STR("out")) || n != 1)
        return err_set(e, RC_INVALID, "this is not a reply of ours");
    /* Pressed twice: the second answer is the one that is read. */
    if (str_eq(ret_m->state, STR("cancelled")))
        return err_set(e, RC_INVALID, "this reply was undone already: nothing was sent");
    if (!str_eq(mails[0].state, STR("ready")) || mails[0].due_us <= desk_now(d))
        return too_late(e);
    *ret_mail = mails[0];
    return RC_OK;
}

/* What the person wrote, without what the template put around it; all of it when the template is
 * another one by now. */
static struct str typed_text(struct desk *d, struct arena *a, const struct message_row *m,
                             const struct case_row *c, struct err *e)
{
    AUTO(buf) struct buf around = BUF_INIT(TEXT_RENDER_MAX);
    const struct str mark = STR("\x01");
    if (render(d, c, mark, m->author, &around, e) != RC_OK)
        return m->body;
    struct str all = buf_str(&around);
    size_t at = str_find(all, mark);
    if (at == STR_NPOS)
        return m->body;
    struct str before = str_sub(all, 0, at), after = str_sub(all, at + 1, all.n);
    if (m->body.n < before.n + after.n || !str_starts(m->body, before) || !str_ends(m->body, after))
        return m->body;
    return arena_str(a, str_sub(m->body, before.n, m->body.n - before.n - after.n));
}

/* Back where it came from, before what was typed since. */
static enum rc back_to_draft(struct desk *d, struct arena *a, const struct second *s,
                             const struct message_row *m, const struct case_row *c, struct err *e)
{
    struct draft_row now, key = {.account_id = m->author_id ? m->author_id : s->who->account_id,
                                 .case_id = m->case_id,
                                 .thread_id = m->thread_id,
                                 .changed_us = desk_now(d)};
    if (key.account_id == 0)
        return RC_OK;
    key.text = typed_text(d, a, m, c, e);
    enum rc rc = ops_draft_get(d->db, a, &key, &now, e);
    if (rc == RC_OK && now.text.n)
        key.text = arena_strf(a, "%.*s\n\n%.*s", STR_ARG(key.text), STR_ARG(now.text));
    else if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    return ops_draft_put(d->db, &key, e);
}

/* We wait again since when we did before. */
static enum rc unwait(struct desk *d, const struct message_row *m, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    TRY(json_parse(m->facts, 64 * 1024, "facts of a message", &facts, e));
    if (!json_is_true(json_object_get(facts, "wait")))
        return RC_OK;
    int64_t waited = json_integer_value(json_object_get(facts, "waited_us"));
    TRY(ops_thread_set_waiting(d->db, m->thread_id, waited, e));
    return waited ? RC_OK : clock_resume(d, m->case_id, m->thread_id, e);
}

static enum rc undo_tx(struct desk *d, void *arg, struct err *e)
{
    struct second *s = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row m;
    struct mail_row mail;
    struct open_case oc;
    TRY(waiting_mail(d, a, s->message_id, &m, &mail, e));
    TRY(case_load(d, a, m.case_id, &oc, e));
    TRY(outbox_cancel(d->db, mail.id, e));
    TRY(ops_message_cancel(d->db, m.id, e));
    TRY(unwait(d, &m, e));
    TRY(back_to_draft(d, a, s, &m, &oc.c, e));
    TRY(case_store(d, &oc.c, e));
    return desk_event(d, s->who, m.case_id, "reply.undone",
                      json_pack("{s:I, s:I, s:I}", "message", (json_int_t)m.id, "thread",
                                (json_int_t)m.thread_id, "outbox", (json_int_t)mail.id),
                      e);
}

enum rc reply_undo(struct desk *d, const struct actor *who, int64_t message_id, struct err *e)
{
    struct second s = {.who = who, .message_id = message_id};
    TRY(actor_needs_team(who, e));
    return desk_run(d, undo_tx, &s, e);
}

static enum rc hurry_tx(struct desk *d, void *arg, struct err *e)
{
    struct second *s = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row m;
    struct mail_row mail;
    TRY(waiting_mail(d, a, s->message_id, &m, &mail, e));
    return outbox_hurry(d->db, mail.id, e);
}

enum rc reply_hurry(struct desk *d, const struct actor *who, int64_t message_id, struct err *e)
{
    struct second s = {.who = who, .message_id = message_id};
    TRY(actor_needs_team(who, e));
    return desk_run(d, hurry_tx, &s, e);
}

/* ---- notes ---- */

struct words {
    const struct actor *who;
    int64_t case_id;
    struct str text, token;
    int64_t message;
};

static struct message_row words_row(struct desk *d, const struct words *p)
{
    return (struct message_row){.case_id = p->case_id,
                                .author_id = p->who->account_id,
                                .received_us = desk_now(d),
                                .spool = STR_NONE,
                                .state = STR("ok"),
                                .hold_reason = STR_NONE,
                                .from_name = STR_NONE,
                                .from_addr = STR_NONE,
                                .return_path = STR_NONE,
                                .subject = STR_NONE,
                                .mid = STR_NONE,
                                .refs = STR_NONE,
                                .trust = STR("none"),
                                .body = p->text,
                                .facts = STR("{}"),
                                .ack = STR_NONE,
                                .dedupe = STR_NONE};
}

static enum rc note_tx(struct desk *d, void *arg, struct err *e)
{
    struct words *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    unsigned char hash[32];
    struct case_row c;
    struct str dedupe = form_dedupe(p->who, p->token, hash);
    TRY(made_before(d, a, dedupe, &p->message, e));
    if (p->message)
        return RC_OK;
    TRY(ops_case_get(d->db, a, p->case_id, &c, e));
    struct message_row row = words_row(d, p);
    row.direction = STR("note");
    row.dedupe = dedupe;
    TRY(ops_message_insert(d->db, &row, &p->message, e));
    TRY(drop_draft(d, p->who, p->case_id, 0, e));
    TRY(case_store(d, &c, e));
    return desk_event(d, p->who, p->case_id, "note.added",
                      json_pack("{s:I}", "message", (json_int_t)p->message), e);
}

enum rc note_add_once(struct desk *d, const struct actor *who, int64_t case_id, struct str text,
                      struct str token, int64_t *ret_message, struct err *e)
{
    struct words p = {.who = who, .case_id = case_id, .text = text, .token = token};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(text, DESK_TEXT_MAX, "the note", e));
    if (token.n > FORM_TOKEN_MAX)
        return err_set(e, RC_LIMIT, "the form's token is too long");
    TRY(desk_run(d, note_tx, &p, e));
    *ret_message = p.message;
    return RC_OK;
}

enum rc note_add(struct desk *d, const struct actor *who, int64_t case_id, struct str text,
                 int64_t *ret_message, struct err *e)
{
    return note_add_once(d, who, case_id, text, STR_NONE, ret_message, e);
}

/* ---- participants ---- */

struct invite {
    const struct actor *who;
    struct participant_new n;
    int64_t participant, thread;
};

/* Nobody is two of the same kind: a form may be sent twice. */
static enum rc not_there(struct desk *d, struct arena *a, const struct participant_new *n,
                         struct err *e)
{
    struct participant_row *p;
    size_t count;
    TRY(ops_participant_list(d->db, a, n->case_id, &p, &count, e));
    for (size_t i = 0; i < count; i++)
        if (str_eq(p[i].role, n->role) && address_same(p[i].email, n->email))
            return err_set(e, RC_CONFLICT, "they take part in this case already");
    return RC_OK;
}

static enum rc invite_tx(struct desk *d, void *arg, struct err *e)
{
    struct invite *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    TRY(case_load_open(d, a, p->n.case_id, &oc, e));
    bool outside = str_eq(p->n.role, STR("vendor")) || str_eq(p->n.role, STR("coordinator"));
    if (outside && oc.v.rm != 'A')
        return err_set(e, RC_INVALID,
                       "a report is sent on to others only after it was accepted (A)");
    TRY(not_there(d, a, &p->n, e));
    p->n.subject = oc.c.title;
    TRY(vcase_add_participant(d, p->who, &p->n, &p->participant, &p->thread, e));
    return case_store(d, &oc.c, e);
}

enum rc participant_add(struct desk *d, const struct actor *who, int64_t case_id, struct str role,
                        struct str name, struct str email, int64_t *ret_participant,
                        int64_t *ret_thread, struct err *e)
{
    struct invite p = {
        .who = who,
        .n = {.case_id = case_id,
              .role = role,
              .name = name,
              .email = email,
              .rm = str_eq(role, STR("reporter")) || str_eq(role, STR("finder")) ? 'A' : 'S'}};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(name, DESK_NAME_MAX, "the name", e));
    if (!mail_addr_ok(email) || !letter_can_go(email) || address_ours(d, email))
        return err_set(e, RC_INVALID, "the mail address is not one of somebody else");
    TRY(desk_run(d, invite_tx, &p, e));
    *ret_participant = p.participant;
    *ret_thread = p.thread;
    return RC_OK;
}

/* ---- links by mail ---- */

static enum rc send_way_back(struct desk *d, struct arena *a, const struct thread_row *t,
                             struct err *e)
{
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf until = BUF_INIT(WHEN_TEXT_MAX);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    struct case_row c;
    int64_t message, outbox;
    TRY(ops_case_get(d->db, a, t->case_id, &c, e));
    TRY(letter_way_back(d, t->id, &link, &until, e));
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c.number},
                             {"way_back", buf_str(&link)},
                             {"way_back_until", buf_str(&until)},
                             {"contact", d->set->desk.contact.v[0]}};
    TRY(texts_render(d->texts, TEXT_WAY_BACK, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = "notice",
                       .t = t,
                       .number = c.number,
                       .to_name = STR_NONE,
                       .to = t->email,
                       .subject =
                           arena_strf(a, "[%.*s] A new link to your report", STR_ARG(c.number)),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .automatic = true};
    return letter_put(d, &machine, &l, &message, &outbox, e);
}

static enum rc renew_tx(struct desk *d, void *arg, struct err *e)
{
    const struct str *secret = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    unsigned char hash[32];
    struct way_row w;
    struct thread_row t;
    int64_t recent, now = desk_now(d);
    secret_hash(*secret, hash);
    enum rc rc = ops_way_get(d->db, str_of(hash, sizeof(hash)), &w, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_way_count(d->db, w.thread_id, STR("renewed"), now - WAY_BACK_RENEW_US, &recent, e));
    if (w.revoked_us || recent > 0)
        return RC_OK;
    TRY(ops_thread_get(d->db, a, w.thread_id, &t, e));
    if (t.email.n == 0 || d->set->desk.base_url.n == 0)
        return RC_OK;
    TRY(ops_way_log(d->db, w.id, now, STR("renewed"), e));
    return send_way_back(d, a, &t, e);
}

enum rc way_back_renew(struct desk *d, struct str secret, struct err *e)
{
    return secret_ok(secret) ? desk_run(d, renew_tx, &secret, e) : RC_OK;
}

static enum rc signin_mail_tx(struct desk *d, void *arg, struct err *e)
{
    const struct str *login = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf until = BUF_INIT(WHEN_TEXT_MAX);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    char secret[SECRET_SIZE];
    struct account_row r;
    int64_t recent, message, outbox, now = desk_now(d);
    enum rc rc = ops_account_by_login(d->db, a, *login, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_mail_count(d->db, STR("signin"), r.email, now - SIGNIN_MAIL_US, &recent, e));
    if (!r.active || recent > 0 || d->set->desk.staff_url.n == 0)
        return RC_OK;
    TRY(people_signin(d, &machine, *login, secret, e));
    letter_link(d->set->desk.staff_url, "/signin/", secret, &link);
    when_human(&until, now + d->set->limits.signin_link_us);
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"name", r.name},
                             {"link", buf_str(&link)},
                             {"until", buf_str(&until)}};
    TRY(texts_render(d->texts, TEXT_SIGNIN, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = "signin",
                       .number = STR_NONE,
                       .to_name = r.name,
                       .to = r.email,
                       .subject = STR("Your sign-in link"),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .automatic = true};
    return letter_put(d, &machine, &l, &message, &outbox, e);
}

enum rc people_signin_mail(struct desk *d, struct str login, struct err *e)
{
    return desk_run(d, signin_mail_tx, &login, e);
}

/* ---- what became of a mail ---- */

enum rc case_acknowledged(struct desk *d, struct arena *a, int64_t case_id, const char *reason,
                          struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(json) json_t *yes = json_true();
    AUTO(buf) struct buf text = BUF_INIT(64 * 1024);
    struct case_row c;
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    TRY(json_parse(c.facts, 64 * 1024, "facts of the case", &facts, e));
    if (json_is_true(json_object_get(facts, fact_name(FACT_ACKNOWLEDGED))))
        return RC_OK;
    TRY(fact_put(facts, FACT_ACKNOWLEDGED, yes, e));
    TRY(json_write(&text, facts, e));
    c.facts = buf_str(&text);
    TRY(case_store(d, &c, e));
    return desk_event(d, &machine, c.id, "case.fact",
                      json_pack("{s:s, s:b, s:s}", "fact", fact_name(FACT_ACKNOWLEDGED), "value", 1,
                                "reason", reason),
                      e);
}

enum rc desk_mail_ended(struct desk *d, int64_t outbox_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct mail_row m;
    TRY(ops_mail_get(d->db, a, outbox_id, &m, e));
    if (str_eq(m.kind, STR(OUTBOX_PASS)))
        return shared_pass_ended(d, a, &m, e);
    if (m.case_id == 0)
        return RC_OK;
    const char *event = str_eq(m.state, STR("sent"))     ? "mail.sent"
                        : str_eq(m.state, STR("failed")) ? "mail.failed"
                                                         : "mail.unknown";
    TRY(desk_event(d, &machine, m.case_id, event,
                   json_pack("{s:I, s:o, s:I, s:o}", "outbox", (json_int_t)m.id, "kind",
                             json_str(m.kind), "code", (json_int_t)m.code, "answer",
                             json_str(m.answer)),
                   e));
    /* An announcement is news to whoever reported. */
    bool reply = str_eq(m.kind, STR("reply")) || str_eq(m.kind, STR(OUTBOX_ANNOUNCEMENT));
    if (m.thread_id == 0)
        return RC_OK;
    if (!str_eq(m.state, STR("sent")) || (!reply && !str_eq(m.kind, STR("acknowledgement"))))
        return RC_OK;
    TRY(clock_answered(d, m.case_id, m.thread_id, reply, e));
    return case_acknowledged(d, a, m.case_id, "the mail was handed over", e);
}
