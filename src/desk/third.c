/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports about software of somebody else: telling the reporter, asking him, sending it on.
 * Runs in core.
 * Input: texts and choices of the team and of a reporter with a session, checked here; the report
 * itself is a stranger's text and stays data.
 */
#include "desk/third.h"

#include "base/utf8.h"
#include "desk/components.h"
#include "desk/inside.h"
#include "desk/letter.h"
#include "desk/view_inside.h"
#include "mime/mail.h"
#include "store/ops_message.h"

const char *third_state_text(struct str state, bool heard)
{
    static const struct {
        const char *state, *text;
    } words[] = {
        {"told", "The reporter was told where it belongs"},
        {"asked", "The reporter was asked whether we may send it on"},
        {"consented", "The reporter agrees, by name"},
        {"unnamed", "The reporter agrees, without the name"},
        {"refused", "The reporter does not want us to send it on"},
        {"forwarded", "Sent to the maintainer, no answer yet"},
        {"closed", "Closed"},
    };
    if (heard && str_eq(state, STR("forwarded")))
        return "The maintainer has answered";
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(state, str_c(words[i].state)))
            return words[i].text;
    return "?";
}

enum rc third_answer_parse(struct str s, enum third_answer *ret, struct err *e)
{
    static const char *const names[] = {"named", "unnamed", "no"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(s, str_c(names[i]))) {
            *ret = (enum third_answer)i;
            return RC_OK;
        }
    return err_set(e, RC_INVALID, "the answer is one of named, unnamed, no");
}

/* ---- where it belongs ---- */

static const struct component *in_map(const struct desk *d, struct str name)
{
    for (size_t i = 0; d->components && i < d->components->n; i++)
        if (str_eq(d->components->v[i].name, name))
            return &d->components->v[i];
    return NULL;
}

/* The first word of a contact that is an address or a URL. */
static struct str word_of(struct str contact, bool url)
{
    struct str rest = contact, word;
    while (str_cut(&rest, ' ', &word)) {
        bool is_url = str_starts(word, STR("https://")) || str_starts(word, STR("http://"));
        if (url ? is_url : mail_addr_ok(word))
            return word;
    }
    return STR_NONE;
}

static bool is_date(struct str s)
{
    bool ok = s.n == 10;
    for (size_t i = 0; ok && i < s.n; i++)
        ok = i == 4 || i == 7 ? s.p[i] == '-' : s.p[i] >= '0' && s.p[i] <= '9';
    return ok;
}

/* What was typed wins over the map, so that an old entry can be put right for this once. */
static void fill_from_map(const struct desk *d, struct arena *a, struct third_new *n)
{
    const struct component *c = in_map(d, n->component);
    if (c == NULL || n->email.n || n->url.n)
        return;
    n->email = word_of(c->contact, false);
    n->url = word_of(c->contact, true);
    if (n->maintainer.n == 0)
        n->maintainer = c->upstream.n ? c->upstream : c->name;
    if (n->source.n == 0)
        n->source = c->source.n ? c->source
                                : arena_strf(a, "component map, line %u%s", c->line,
                                             c->seen ? "" : " (not checked)");
    if (n->source_date.n == 0)
        n->source_date = c->date;
}

static enum rc check(const struct third_new *n, struct err *e)
{
    TRY(desk_check_line(n->component, DESK_NAME_MAX, "the component", e));
    TRY(desk_check_line(n->maintainer, DESK_NAME_MAX, "the maintainer", e));
    if (n->email.n == 0 && n->url.n == 0)
        return err_set(e, RC_INVALID,
                       "no contact of this component is known: give an address or a page");
    if (n->email.n && (!mail_addr_ok(n->email) || !letter_can_go(n->email)))
        return err_set(e, RC_INVALID, "the maintainer's address is not a mail address");
    if (n->url.n) {
        TRY(desk_check_line(n->url, THIRD_URL_MAX, "the page", e));
        if (!str_starts(n->url, STR("https://")) && !str_starts(n->url, STR("http://")))
            return err_set(e, RC_INVALID, "the page begins with https:// or http://");
    }
    TRY(desk_check_line(n->source, THIRD_SOURCE_MAX, "where the contact was found", e));
    if (!is_date(n->source_date))
        return err_set(e, RC_INVALID, "the day of the contact is written YYYY-MM-DD");
    return RC_OK;
}

/* The reporter's thread: the one given, or the only one. */
static enum rc reporter_thread(struct desk *d, struct arena *a, const struct third_new *n,
                               struct thread_row *ret, struct err *e)
{
    struct thread_row *t;
    size_t count, found = 0;
    TRY(ops_thread_list(d->db, a, n->case_id, &t, &count, e));
    for (size_t i = 0; i < count; i++) {
        bool reporter = str_eq(t[i].role, STR("reporter")) || str_eq(t[i].role, STR("finder"));
        if (n->thread_id ? t[i].id != n->thread_id : !reporter)
            continue;
        *ret = t[i];
        found++;
    }
    if (found == 1)
        return RC_OK;
    return err_set(e, RC_INVALID,
                   found ? "the case has several reporters: say which thread"
                         : "the case has no such thread");
}

static enum rc told_mail(struct desk *d, const struct actor *who, const struct third_new *n,
                         const struct thread_row *t, const struct case_row *c, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    int64_t message, outbox;
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c->number},
                             {"component", n->component},
                             {"maintainer", n->maintainer},
                             {"email", n->email},
                             {"url", n->url},
                             {"source", n->source},
                             {"source_date", n->source_date},
                             {"ask", n->ask ? STR("yes") : STR_NONE},
                             {"contact", d->set->desk.contact.v[0]}};
    TRY(texts_render(d->texts, TEXT_THIRD_TOLD, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = "reply",
                       .t = t,
                       .number = c->number,
                       .to_name = t->name,
                       .to = t->email,
                       .subject =
                           arena_strf(a, "[%.*s] Where your report belongs", STR_ARG(c->number)),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .author_id = who->account_id};
    return letter_put(d, who, &l, &message, &outbox, e);
}

/* A form that is sent twice must not write to the reporter twice. */
static enum rc told_before(struct desk *d, struct arena *a, const struct route_row *r,
                           struct err *e)
{
    struct route_row *all;
    size_t n;
    TRY(ops_route_list(d->db, a, r->case_id, &all, &n, e));
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].state, r->state) && str_eq(all[i].component, r->component) &&
            all[i].reporter_thread_id == r->reporter_thread_id)
            return err_set(e, RC_CONFLICT, "the reporter was %s this already: close that first",
                           str_eq(r->state, STR("asked")) ? "asked" : "told");
    return RC_OK;
}

struct tell {
    const struct actor *who;
    const struct third_new *n;
    int64_t route;
};

static enum rc tell_tx(struct desk *d, void *arg, struct err *e)
{
    struct tell *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct third_new n = *p->n;
    struct open_case oc;
    struct thread_row t;
    fill_from_map(d, a, &n);
    TRY(check(&n, e));
    if (n.ask && n.email.n == 0)
        return err_set(e, RC_INVALID,
                       "this maintainer has no mail address: the desk cannot send it on, only tell "
                       "the reporter the page");
    TRY(case_load_open(d, a, n.case_id, &oc, e));
    TRY(reporter_thread(d, a, &n, &t, e));
    struct route_row r = {.case_id = n.case_id,
                          .component = n.component,
                          .maintainer = n.maintainer,
                          .email = address_canon(a, n.email),
                          .url = n.url,
                          .source = n.source,
                          .source_date = n.source_date,
                          .state = n.ask ? STR("asked") : STR("told"),
                          .reporter_thread_id = t.id,
                          .account_id = p->who->account_id,
                          .created_us = desk_now(d)};
    TRY(told_before(d, a, &r, e));
    TRY(ops_route_insert(d->db, &r, &p->route, e));
    TRY(desk_event(d, p->who, n.case_id, n.ask ? "third.asked" : "third.told",
                   json_pack("{s:I, s:o, s:o, s:o, s:o}", "route", (json_int_t)p->route,
                             "component", json_str(n.component), "maintainer",
                             json_str(n.maintainer), "source", json_str(n.source), "source_date",
                             json_str(n.source_date)),
                   e));
    TRY(told_mail(d, p->who, &n, &t, &oc.c, e));
    return case_store(d, &oc.c, e);
}

enum rc third_tell(struct desk *d, const struct actor *who, const struct third_new *n,
                   int64_t *ret_route, struct err *e)
{
    struct tell p = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    TRY(desk_run(d, tell_tx, &p, e));
    *ret_route = p.route;
    return RC_OK;
}

/* ---- his consent ---- */

struct consent {
    const struct actor *who;
    int64_t route;
    enum third_answer answer;
    struct str reason;
};

static enum rc consent_tx(struct desk *d, void *arg, struct err *e)
{
    static const char *const to[] = {
        [THIRD_NAMED] = "consented", [THIRD_UNNAMED] = "unnamed", [THIRD_NO] = "refused"};
    const struct consent *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct route_row r;
    struct open_case oc;
    TRY(p->route ? ops_route_get(d->db, a, p->route, &r, e)
                 : ops_route_asked(d->db, a, p->who->thread_id, &r, e));
    TRY(case_load_open(d, a, r.case_id, &oc, e));
    if (!str_eq(r.state, STR("asked")))
        return err_set(e, RC_CONFLICT, "nobody waits for an answer to this any more");
    TRY(ops_route_state(d->db, &r, to[p->answer], desk_now(d), e));
    TRY(desk_event(d, p->who, r.case_id, "third.consent",
                   json_pack("{s:I, s:s, s:o}", "route", (json_int_t)r.id, "state", to[p->answer],
                             "reason", json_str(p->reason)),
                   e));
    return case_store(d, &oc.c, e);
}

enum rc third_consent(struct desk *d, const struct actor *who, int64_t route_id,
                      enum third_answer answer, struct str reason, struct err *e)
{
    struct consent p = {.who = who, .route = route_id, .answer = answer, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, consent_tx, &p, e);
}

enum rc third_consent_own(struct desk *d, const struct actor *who, enum third_answer answer,
                          struct err *e)
{
    struct consent p = {.who = who, .answer = answer, .reason = STR("answered on his own page")};
    if (who->kind != ACTOR_REPORTER || who->thread_id == 0)
        return err_set(e, RC_DENIED, "only the reporter answers here");
    return desk_run(d, consent_tx, &p, e);
}

/* ---- sending it on ---- */

struct forward {
    const struct actor *who;
    int64_t route;
    struct str note;
};

/* The first mail of the reporter, which is the report. */
static enum rc report_of(struct desk *d, struct arena *a, int64_t thread_id,
                         struct message_row *ret, struct err *e)
{
    struct message_row *m;
    size_t n;
    struct message_query q = {
        .which = MESSAGES_THREAD, .id = thread_id, .state = STR_NONE, .max = 200};
    TRY(ops_message_list(d->db, a, &q, &m, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(m[i].direction, STR("in")))
            continue;
        *ret = m[i];
        return RC_OK;
    }
    return err_set(e, RC_INVALID, "the reporter's thread has no message to send on");
}

/* His mail as it came, for him who is named. */
static enum rc original(struct desk *d, struct arena *a, const struct case_row *c,
                        const struct message_row *m, struct buf *ret, struct err *e)
{
    struct blob_row b;
    if (m->blob_id == 0)
        return RC_OK; /* written on his page: the text is all there is */
    TRY(blob_get(d->db, a, m->blob_id, &b, e));
    if (b.size > (int64_t)THIRD_MAIL_MAX)
        return err_set(e, RC_LIMIT,
                       "the report is too large to be sent along; send it without the name, or by "
                       "hand");
    const struct blob_ask ask = {.scope = c->scope,
                                 .case_key = c->key_wrapped,
                                 .purpose = b.purpose,
                                 .name = b.name,
                                 .wrapped = b.key_wrapped};
    return d->calls.blob_read(d->calls.arg, &ask, ret, e);
}

/* A part of a longer word is none: "Al" is not in "also". */
static bool is_whole(struct str text, size_t at, size_t n)
{
    bool before = at > 0 && ascii_is_alnum(text.p[at - 1]);
    bool behind = at + n < text.n && ascii_is_alnum(text.p[at + n]);
    return !before && !behind;
}

static enum rc leave_out(struct arena *a, struct str what, struct str *text, struct err *e)
{
    static const char instead[] = "(left out)";
    AUTO(buf) struct buf b = BUF_INIT(text->n * sizeof instead + 1);
    struct str rest = *text;
    if (what.n < 2)
        return RC_OK;
    for (size_t at; (at = str_find_nocase(rest, what)) != STR_NPOS;) {
        bool whole = is_whole(rest, at, what.n);
        buf_add(&b, str_sub(rest, 0, whole ? at : at + what.n));
        buf_adds(&b, whole ? instead : "");
        rest = str_sub(rest, at + what.n, rest.n);
    }
    buf_add(&b, rest);
    TRY(buf_ok(&b, "the report", e));
    *text = arena_str(a, buf_str(&b));
    return arena_ok(a, "the report", e);
}

/* Who is not to be named signed the text all the same: name and address go, as far as they are the
 * ones on file. */
static enum rc unname(struct arena *a, const struct thread_row *who, struct str *text,
                      struct err *e)
{
    TRY(leave_out(a, who->email, text, e));
    return leave_out(a, who->name, text, e);
}

static enum rc forward_mail(struct desk *d, const struct forward *p, const struct route_row *r,
                            const struct case_row *c, const struct thread_row *to, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    AUTO(buf) struct buf mail = BUF_INIT(THIRD_MAIL_MAX);
    struct message_row m = {.id = 0};
    struct thread_row from;
    int64_t message, outbox;
    bool named = str_eq(r->state, STR("consented"));
    TRY(ops_thread_get(d->db, a, r->reporter_thread_id, &from, e));
    TRY(report_of(d, a, from.id, &m, e));
    size_t written = m.body.n;
    TRY(view_without_way_back(d, a, &m.body, e));
    /* Nor does the mail as it came go along when it quotes our link to the reporter's page. */
    if (named && m.body.n == written)
        TRY(original(d, a, c, &m, &mail, e));
    if (!named)
        TRY(unname(a, &from, &m.body, e));
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c->number},
                             {"component", r->component},
                             {"maintainer", r->maintainer},
                             {"reporter", named ? from.name : STR_NONE},
                             {"reporter_email", named ? from.email : STR_NONE},
                             {"attached", mail.n ? STR("yes") : STR_NONE},
                             {"note", p->note},
                             {"report", utf8_clip(m.body, THIRD_QUOTE_MAX)},
                             {"contact", d->set->desk.contact.v[0]}};
    TRY(texts_render(d->texts, TEXT_THIRD_FORWARD, v, ARRAY_LEN(v), &text, e));
    const struct outmail_file file = {
        .name = STR("report.eml"), .type = STR_NONE, .bytes = buf_str(&mail)};
    struct letter l = {.kind = "reply",
                       .t = to,
                       .number = c->number,
                       .to_name = to->name,
                       .to = to->email,
                       .subject = arena_strf(a, "[%.*s] Vulnerability report about %.*s",
                                             STR_ARG(c->number), STR_ARG(r->component)),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .files = &file,
                       .n_files = mail.n ? 1 : 0,
                       .author_id = p->who->account_id};
    return letter_put(d, p->who, &l, &message, &outbox, e);
}

static enum rc forwarded_mail(struct desk *d, const struct actor *who, const struct route_row *r,
                              const struct case_row *c, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    struct thread_row t;
    int64_t message, outbox;
    TRY(ops_thread_get(d->db, a, r->reporter_thread_id, &t, e));
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c->number},
                             {"component", r->component},
                             {"maintainer", r->maintainer},
                             {"named", str_eq(r->state, STR("consented")) ? STR("yes") : STR_NONE}};
    TRY(texts_render(d->texts, TEXT_THIRD_FORWARDED, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = "reply",
                       .t = &t,
                       .number = c->number,
                       .to_name = t.name,
                       .to = t.email,
                       .subject =
                           arena_strf(a, "[%.*s] Your report was sent on", STR_ARG(c->number)),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .author_id = who->account_id};
    return letter_put(d, who, &l, &message, &outbox, e);
}

static enum rc forward_tx(struct desk *d, void *arg, struct err *e)
{
    const struct forward *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct route_row r;
    struct open_case oc;
    struct thread_row to;
    int64_t participant, thread;
    TRY(ops_route_get(d->db, a, p->route, &r, e));
    TRY(case_load_open(d, a, r.case_id, &oc, e));
    if (!str_eq(r.state, STR("consented")) && !str_eq(r.state, STR("unnamed")))
        return err_set(e, RC_INVALID,
                       "it is sent on only with the reporter's consent, and only once");
    if (oc.v.rm != 'A')
        return err_set(e, RC_INVALID,
                       "a report is sent on to others only after it was accepted (A)");
    struct participant_new n = {.case_id = r.case_id,
                                .role = STR("vendor"),
                                .name = r.maintainer,
                                .email = r.email,
                                .rm = 'S',
                                .subject =
                                    arena_strf(a, "Report about %.*s", STR_ARG(r.component))};
    TRY(vcase_add_participant(d, p->who, &n, &participant, &thread, e));
    TRY(ops_thread_get(d->db, a, thread, &to, e));
    TRY(ops_route_participant(d->db, r.id, participant, e));
    TRY(ops_route_state(d->db, &r, "forwarded", desk_now(d), e));
    TRY(desk_event(d, p->who, r.case_id, "third.forwarded",
                   json_pack("{s:I, s:o, s:o, s:I}", "route", (json_int_t)r.id, "component",
                             json_str(r.component), "maintainer", json_str(r.maintainer),
                             "participant", (json_int_t)participant),
                   e));
    TRY(forward_mail(d, p, &r, &oc.c, &to, e));
    TRY(forwarded_mail(d, p->who, &r, &oc.c, e));
    return case_store(d, &oc.c, e);
}

enum rc third_forward(struct desk *d, const struct actor *who, int64_t route_id, struct str note,
                      struct err *e)
{
    struct forward p = {.who = who, .route = route_id, .note = note};
    TRY(actor_needs_team(who, e));
    if (note.n)
        TRY(desk_check_text(note, DESK_TEXT_MAX, "the words for the maintainer", e));
    return desk_run(d, forward_tx, &p, e);
}

static enum rc close_tx(struct desk *d, void *arg, struct err *e)
{
    const struct forward *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct route_row r;
    struct open_case oc;
    TRY(ops_route_get(d->db, a, p->route, &r, e));
    TRY(case_load(d, a, r.case_id, &oc, e));
    if (str_eq(r.state, STR("closed")))
        return err_set(e, RC_CONFLICT, "it is closed already");
    TRY(ops_route_state(d->db, &r, "closed", desk_now(d), e));
    TRY(desk_event(d, p->who, r.case_id, "third.closed",
                   json_pack("{s:I, s:o, s:o}", "route", (json_int_t)r.id, "component",
                             json_str(r.component), "reason", json_str(p->note)),
                   e));
    return case_store(d, &oc.c, e);
}

enum rc third_close(struct desk *d, const struct actor *who, int64_t route_id, struct str reason,
                    struct err *e)
{
    struct forward p = {.who = who, .route = route_id, .note = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, close_tx, &p, e);
}
