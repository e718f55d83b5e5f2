/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories on their way: what the first revision says, edits, approval, who is to be named.
 * Runs in core.
 * Input: a team member's or a reporter's form; texts of reporters stay what they are, one line.
 */
#include "base/utf8.h"
#include "base/when.h"
#include "desk/advisory_inside.h"
#include "desk/affected.h"
#include "desk/letter.h"
#include "desk/notice.h"
#include "store/ops_message.h"
#include "store/ops_people.h"
#include "store/ops_view.h"

void advisory_number(char dst[ADVISORY_NUMBER_MAX], struct str prefix, int year, int64_t nth)
{
    snprintf(dst, ADVISORY_NUMBER_MAX, "%.*s-SA-%04d-%04lld", STR_ARG(prefix), year,
             (long long)nth);
}

enum rc revision_content(struct arena *a, const struct revision_row *r, struct adv_content *ret,
                         struct err *e)
{
    struct adv_content c = {.title = r->title, .body = r->body};
    TRY(adv_facts_parse(a, r->facts, &c, e));
    c.picture = r->picture;
    *ret = c;
    return RC_OK;
}

/* ---- the first revision ---- */

#define PREFILL_BODY                                                                               \
    "## Impact\n\n" ADV_TO_WRITE " what an attacker can do, and what it takes)\n\n"                \
    "## What to do\n\n" ADV_TO_WRITE " the version to update to, and what helps who cannot)\n\n"   \
    "## Details\n\n" ADV_TO_WRITE " where the fault is and how the fix ends it)\n"

/* When something first happened, by the events; 0 = not. */
struct moments {
    int64_t acknowledged, confirmed, fixed, deployed;
};

static bool payload_is(const json_t *j, const char *key, const char *value)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s && strcmp(s, value) == 0;
}

static void first(int64_t *at, int64_t at_us)
{
    if (*at == 0 || at_us < *at)
        *at = at_us;
}

static void moment_of(struct moments *m, const struct event_row *r, int64_t ours)
{
    AUTO(json) json_t *j = NULL;
    if (r->payload.n == 0 || json_parse(r->payload, 1 << 20, "event", &j, NULL) != RC_OK)
        return;
    if (str_eq(r->kind, STR("mail.sent")) && payload_is(j, "kind", "acknowledgement"))
        first(&m->acknowledged, r->at_us);
    if (str_eq(r->kind, STR("case.rm")) && payload_is(j, "to", "V") &&
        json_integer_value(json_object_get(j, "participant")) == ours)
        first(&m->confirmed, r->at_us);
    const char *to = json_string_value(json_object_get(j, "to"));
    if (!str_eq(r->kind, STR("case.cs")) || to == NULL)
        return;
    if (strchr(to, 'F'))
        first(&m->fixed, r->at_us);
    if (strchr(to, 'D'))
        first(&m->deployed, r->at_us);
}

static void add_day(struct buf *b, int64_t at_us, const char *words)
{
    AUTO(buf) struct buf day = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return;
    when_rfc3339(&day, at_us);
    buf_addf(b, "%.10s %s\n", buf_c(&day), words);
}

static enum rc timeline(struct desk *d, struct arena *a, const struct open_case *oc,
                        struct str *ret, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1024);
    struct event_row *r;
    struct moments m = {0, 0, 0, 0};
    size_t n;
    TRY(ops_event_list(d->db, a, oc->c.id, 2000, &r, &n, e));
    for (size_t i = 0; i < n; i++)
        moment_of(&m, &r[i], oc->ours.id);
    add_day(&b, oc->c.opened_us, "Reported");
    add_day(&b, m.acknowledged, "Acknowledged");
    add_day(&b, m.confirmed, "Confirmed");
    add_day(&b, m.fixed, "Fix ready");
    add_day(&b, m.deployed, "Fix released");
    *ret = arena_str(a, buf_str(&b));
    return RC_OK;
}

/* The fact "affected versions" is free text: lines that are ranges are taken over, and their upper
 * ends are the fixed versions; the rest goes where a person sees it. */
static void versions(struct str scoped, struct buf *affected, struct buf *fixed, struct buf *rest)
{
    struct str all = scoped, line;
    while (str_line(&all, &line)) {
        struct str part;
        while (str_cut(&line, ';', &part)) {
            struct adv_range r;
            part = str_trim(part);
            if (part.n == 0)
                continue;
            bool known = adv_range_parse(part, &r, NULL) == RC_OK;
            buf_add(known ? affected : rest, part);
            buf_addc(known ? affected : rest, '\n');
            if (known && r.fixed.n)
                buf_addf(fixed, "%.*s\n", STR_ARG(r.fixed));
        }
    }
}

static struct str fact_text(const json_t *facts, enum fact f)
{
    const char *s = json_string_value(json_object_get(facts, fact_name(f)));
    return s ? str_c(s) : STR_NONE;
}

enum rc advisory_prefill(struct desk *d, struct arena *a, int64_t case_id, struct adv_content *ret,
                         struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(buf) struct buf affected = BUF_INIT(ADV_LIST_MAX * ADV_LINE_MAX + FACT_TEXT_MAX);
    AUTO(buf) struct buf fixed = BUF_INIT(ADV_LIST_MAX * ADV_LINE_MAX + FACT_TEXT_MAX);
    AUTO(buf) struct buf rest = BUF_INIT(FACT_TEXT_MAX + 64);
    AUTO(buf) struct buf body = BUF_INIT(ADV_BODY_MAX);
    struct open_case oc;
    TRY(case_load(d, a, case_id, &oc, e));
    TRY(json_parse(oc.c.facts, 64 * 1024, "facts of the case", &facts, e));
    /* What the history says goes before what somebody noted down. */
    TRY(affected_versions(d, a, case_id, &affected, &fixed, e));
    if (affected.n == 0)
        versions(fact_text(facts, FACT_SCOPED), &affected, &fixed, &rest);
    buf_adds(&body, PREFILL_BODY);
    if (rest.n)
        buf_addf(&body, "\n## Affected versions\n\n%.*s", STR_ARG(buf_str(&rest)));
    struct str title = utf8_clip(oc.c.title, ADV_TITLE_MAX);
    struct adv_form f = {.title = title.n ? title : STR("(no title)"),
                         .summary =
                             STR(ADV_TO_WRITE " the fault and its effect in a sentence or two)"),
                         .severity = oc.c.severity,
                         .cvss = STR_NONE,
                         .cve = fact_text(facts, FACT_CVE),
                         .affected = buf_str(&affected),
                         .fixed = buf_str(&fixed),
                         .references = STR_NONE,
                         .body = buf_str(&body)};
    TRY(timeline(d, a, &oc, &f.timeline, e));
    return adv_form_read(a, &f, ret, e);
}

/* ---- editing ---- */

static bool to_write(const struct revision_row *v)
{
    return str_find(v->body, STR(ADV_TO_WRITE)) != STR_NPOS ||
           str_find(v->facts, STR(ADV_TO_WRITE)) != STR_NPOS;
}

struct edit {
    const struct actor *who;
    const struct advisory_edit *n;
    int64_t revision;
};

static enum rc content_of(struct desk *d, struct arena *a, const struct advisory_edit *n,
                          const struct adv_content *before, struct adv_content *ret, struct err *e)
{
    struct adv_form f;
    adv_form_fill(a, before, &f);
    const struct {
        const struct str *from;
        struct str *to;
    } fields[] = {{n->title, &f.title},       {n->summary, &f.summary},
                  {n->severity, &f.severity}, {n->cvss, &f.cvss},
                  {n->cve, &f.cve},           {n->affected, &f.affected},
                  {n->fixed, &f.fixed},       {n->references, &f.references},
                  {n->timeline, &f.timeline}, {n->body, &f.body}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].from)
            *fields[i].to = *fields[i].from;
    return adv_form_read(a, &f, ret, e);
}

static enum rc insert_revision(struct desk *d, struct edit *p, const struct advisory_row *r,
                               const struct adv_content *c, struct err *e)
{
    AUTO(json) json_t *facts = adv_facts_json(c);
    AUTO(buf) struct buf text = BUF_INIT(ADV_FACTS_MAX);
    char author[ACTOR_NAME_MAX];
    actor_name(p->who, author);
    TRY(json_write(&text, facts, e));
    struct revision_row row = {.advisory_id = r->id,
                               .nth = r->revision,
                               .author_id = p->who->account_id,
                               .created_us = desk_now(d),
                               .title = c->title,
                               .body = c->body,
                               .facts = buf_str(&text),
                               .picture = c->picture,
                               .summary = p->n->change,
                               .author = str_c(author)};
    TRY(ops_revision_insert(d->db, &row, e));
    return desk_event(d, p->who, r->case_id, "advisory.drafted",
                      json_pack("{s:I}", "revision", (json_int_t)r->revision), e);
}

static bool same_content(const struct adv_content *x, const struct adv_content *y)
{
    AUTO(json) json_t *a = adv_facts_json(x);
    AUTO(json) json_t *b = adv_facts_json(y);
    return str_eq(x->title, y->title) && str_eq(x->body, y->body) &&
           str_eq(x->picture, y->picture) && json_equal(a, b);
}

static enum rc edit_more(struct desk *d, struct arena *a, struct edit *p, struct advisory_row *r,
                         struct err *e)
{
    struct revision_row last;
    struct adv_content before, after;
    TRY(ops_revision_get(d->db, a, r->id, r->revision, &last, e));
    TRY(revision_content(a, &last, &before, e));
    before.n_credits = 0;
    if (r->withdrawn_us)
        return err_set(e, RC_INVALID, "this advisory is withdrawn, which is its end");
    if (p->n->base && p->n->base != r->revision)
        return err_set(e, RC_INVALID,
                       "somebody saved revision %lld meanwhile: look at it and save again",
                       (long long)r->revision);
    TRY(content_of(d, a, p->n, &before, &after, e));
    TRY(affected_picture(d, a, r->case_id, &after.picture, e));
    if (after.picture.n == 0)
        after.picture = before.picture;
    if (same_content(&before, &after))
        return err_set(e, RC_INVALID, "nothing is changed");
    if (r->published_us && p->n->change.n == 0)
        return err_set(e, RC_INVALID, "a correction says what it changes");
    r->revision++;
    TRY(insert_revision(d, p, r, &after, e));
    if (r->planned_us)
        TRY(desk_event(d, p->who, r->case_id, "advisory.unplanned",
                       json_pack("{s:s}", "reason", "it was edited"), e));
    r->planned_us = 0;
    r->state = STR("draft");
    return ops_advisory_update(d->db, r, e);
}

static enum rc edit_first(struct desk *d, struct arena *a, struct edit *p, struct advisory_row *r,
                          struct err *e)
{
    struct adv_content before, after;
    *r = (struct advisory_row){.case_id = p->n->case_id, .state = STR("draft"), .revision = 1};
    TRY(advisory_prefill(d, a, p->n->case_id, &before, e));
    TRY(content_of(d, a, p->n, &before, &after, e));
    TRY(affected_picture(d, a, r->case_id, &after.picture, e));
    TRY(ops_advisory_insert(d->db, r, &r->id, e));
    TRY(credits_make(d, a, p->n->case_id, e));
    return insert_revision(d, p, r, &after, e);
}

/* Whoever could approve hears of it once nothing is left to be written. */
static enum rc ask_second(struct desk *d, struct arena *a, const struct edit *p,
                          const struct advisory_row *r, struct err *e)
{
    struct revision_row v;
    bool other;
    TRY(ops_revision_get(d->db, a, r->id, r->revision, &v, e));
    TRY(approver_exists(d, a, p->who->account_id, &other, e));
    if (!other || to_write(&v))
        return RC_OK;
    return notice_team(d, p->who, NOTICE_ADVISORY, r->case_id, e);
}

static enum rc edit_tx(struct desk *d, void *arg, struct err *e)
{
    struct edit *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct advisory_row r;
    char author[ACTOR_NAME_MAX];
    enum rc rc = ops_advisory_of_case(d->db, a, p->n->case_id, &r, e);
    if (rc == RC_NOTFOUND)
        rc = edit_first(d, a, p, &r, e);
    else if (rc == RC_OK)
        rc = edit_more(d, a, p, &r, e);
    TRY(rc);
    p->revision = r.revision;
    TRY(ask_second(d, a, p, &r, e));
    if (r.published_us)
        return RC_OK;
    /* The approval goes before the author, who may be another one now. */
    actor_name(p->who, author);
    TRY(fact_keep(d, p->who, r.case_id, FACT_ADVISORY_APPROVED, json_null(),
                  "the advisory was edited", e));
    return fact_keep(d, p->who, r.case_id, FACT_ADVISORY_BY, json_string(author),
                     "the advisory was written", e);
}

enum rc advisory_edit(struct desk *d, const struct actor *who, const struct advisory_edit *n,
                      int64_t *ret_revision, struct err *e)
{
    struct edit p = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    if (n->change.n)
        TRY(desk_check_line(n->change, ADV_CHANGE_MAX, "what is new", e));
    TRY(desk_run(d, edit_tx, &p, e));
    *ret_revision = p.revision;
    return RC_OK;
}

/* ---- approval ---- */

enum rc approver_exists(struct desk *d, struct arena *a, int64_t author_id, bool *ret,
                        struct err *e)
{
    struct account_row *r;
    size_t n;
    *ret = false;
    TRY(ops_account_list(d->db, a, &r, &n, e));
    for (size_t i = 0; i < n; i++)
        *ret = *ret || (r[i].active && r[i].id != author_id);
    return RC_OK;
}

struct approve {
    const struct actor *who;
    int64_t case_id, revision;
};

static enum rc approve_check(struct desk *d, struct arena *a, const struct revision_row *v,
                             struct str name, bool *ret_alone, struct err *e)
{
    bool other;
    if (v->approved_us || v->published_us)
        return err_set(e, RC_INVALID, "this revision is approved already");
    if (to_write(v))
        return err_set(e, RC_INVALID, "the text still says \"%s ...\" somewhere", ADV_TO_WRITE);
    TRY(approver_exists(d, a, v->author_id, &other, e));
    *ret_alone = str_eq(v->author, name);
    if (*ret_alone && other)
        return err_set(e, RC_DENIED, "a second person approves the advisory, not who wrote it");
    return RC_OK;
}

static enum rc approve_tx(struct desk *d, void *arg, struct err *e)
{
    struct approve *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct advisory_row r;
    struct revision_row v;
    char name[ACTOR_NAME_MAX];
    bool alone;
    actor_name(p->who, name);
    TRY(ops_advisory_of_case(d->db, a, p->case_id, &r, e));
    if (r.withdrawn_us)
        return err_set(e, RC_INVALID, "this advisory is withdrawn, which is its end");
    if (p->revision != r.revision)
        return err_set(e, RC_INVALID, "there is a newer revision, %lld: look at it first",
                       (long long)r.revision);
    TRY(ops_revision_get(d->db, a, r.id, r.revision, &v, e));
    TRY(approve_check(d, a, &v, str_c(name), &alone, e));
    v.approver = str_c(name);
    v.approver_id = p->who->account_id;
    v.approved_us = desk_now(d);
    r.state = STR("approved");
    TRY(ops_revision_update(d->db, &v, e));
    TRY(ops_advisory_update(d->db, &r, e));
    TRY(desk_event(d, p->who, r.case_id, "advisory.approved",
                   json_pack("{s:I, s:b}", "revision", (json_int_t)r.revision, "alone", (int)alone),
                   e));
    if (r.published_us)
        return RC_OK;
    struct str said = alone ? arena_strf(a, "%s (nobody else was there)", name) : str_c(name);
    return fact_keep(d, p->who, r.case_id, FACT_ADVISORY_APPROVED, json_str(said),
                     "the advisory was read and approved", e);
}

enum rc advisory_approve(struct desk *d, const struct actor *who, int64_t case_id, int64_t revision,
                         struct err *e)
{
    struct approve p = {who, case_id, revision};
    TRY(actor_needs_team(who, e));
    return desk_run(d, approve_tx, &p, e);
}

/* ---- credits ---- */

static bool finder(struct str role)
{
    return str_eq(role, STR("reporter")) || str_eq(role, STR("finder"));
}

static struct credit_row credit_of_participant(const struct participant_row *p, int64_t now_us)
{
    return (struct credit_row){.case_id = p->case_id,
                               .participant_id = p->id,
                               .changed_us = now_us,
                               .name = p->name,
                               .role = p->role,
                               .decision = STR("unasked"),
                               .email = p->email};
}

enum rc credits_make(struct desk *d, struct arena *a, int64_t case_id, struct err *e)
{
    struct participant_row *p;
    size_t n;
    TRY(ops_participant_list(d->db, a, case_id, &p, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct credit_row k;
        int64_t id;
        if (p[i].ours || !finder(p[i].role))
            continue;
        enum rc rc = ops_credit_of(d->db, a, p[i].id, &k, e);
        if (rc == RC_OK)
            continue;
        if (rc != RC_NOTFOUND)
            return rc;
        k = credit_of_participant(&p[i], desk_now(d));
        TRY(ops_credit_insert(d->db, &k, &id, e));
    }
    return RC_OK;
}

enum rc credits_named(struct desk *d, struct arena *a, int64_t case_id, struct adv_content *c,
                      struct err *e)
{
    struct credit_row *k;
    size_t n;
    TRY(ops_credit_list(d->db, a, case_id, &k, &n, e));
    c->credits = arena_array(a, n + 1, sizeof(*c->credits));
    TRY(arena_ok(a, "credits", e));
    c->n_credits = 0;
    for (size_t i = 0; i < n && c->n_credits < ADV_LIST_MAX; i++) {
        struct adv_credit one = {k[i].name, k[i].role};
        if (str_eq(k[i].decision, STR("anonymous")))
            one.name = STR("Anonymous");
        else if (!str_eq(k[i].decision, STR("named")))
            continue;
        c->credits[c->n_credits++] = one;
    }
    return RC_OK;
}

static enum rc credit_check(struct str decision, struct str name, struct err *e)
{
    static const char *const words[] = {"unasked", "asked", "named", "anonymous", "declined"};
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        known = known || str_eq(decision, str_c(words[i]));
    if (!known)
        return err_set(e, RC_INVALID,
                       "the decision is unasked, asked, named, anonymous or declined");
    if (name.n || str_eq(decision, STR("named")))
        TRY(desk_check_line(name, ADV_NAME_MAX, "the name", e));
    return RC_OK;
}

static enum rc credit_tell(struct desk *d, const struct actor *who, int64_t case_id,
                           const struct credit_row *k, struct err *e)
{
    struct case_row c;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    bool asked = str_eq(k->decision, STR("asked"));
    TRY(desk_event(d, who, case_id, asked ? "credit.asked" : "credit.decided",
                   json_pack("{s:I, s:o, s:o}", "credit", (json_int_t)k->id, "decision",
                             json_str(k->decision), "name", json_str(k->name)),
                   e));
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    return case_store(d, &c, e);
}

struct set_credit {
    const struct actor *who;
    const struct credit_set *n;
};

static enum rc credit_find(struct desk *d, struct arena *a, int64_t case_id, int64_t id,
                           struct credit_row *ret, struct err *e)
{
    struct credit_row *k;
    size_t n;
    TRY(ops_credit_list(d->db, a, case_id, &k, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (k[i].id == id) {
            *ret = k[i];
            return RC_OK;
        }
    }
    return err_set(e, RC_NOTFOUND, "the case has no such credit");
}

/* A form that is sent twice must not thank twice. */
static enum rc credit_is_new(struct desk *d, struct arena *a, const struct credit_row *n,
                             struct err *e)
{
    struct credit_row *k;
    size_t count;
    TRY(ops_credit_list(d->db, a, n->case_id, &k, &count, e));
    for (size_t i = 0; i < count; i++)
        if (k[i].participant_id == 0 && str_eq(k[i].name, n->name) && str_eq(k[i].role, n->role))
            return err_set(e, RC_CONFLICT, "this name is on the list already, with this role");
    return RC_OK;
}

static enum rc credit_set_tx(struct desk *d, void *arg, struct err *e)
{
    struct set_credit *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct credit_row k = {.case_id = p->n->case_id, .email = STR_NONE};
    if (p->n->credit_id)
        TRY(credit_find(d, a, p->n->case_id, p->n->credit_id, &k, e));
    k.name = p->n->name;
    k.role = p->n->role;
    k.decision = p->n->decision;
    k.changed_us = desk_now(d);
    if (k.id == 0)
        TRY(credit_is_new(d, a, &k, e));
    if (k.id == 0)
        TRY(ops_credit_insert(d->db, &k, &k.id, e));
    else
        TRY(ops_credit_update(d->db, &k, e));
    return credit_tell(d, p->who, p->n->case_id, &k, e);
}

enum rc credit_set(struct desk *d, const struct actor *who, const struct credit_set *n,
                   struct err *e)
{
    struct set_credit p = {who, n};
    TRY(actor_needs_team(who, e));
    TRY(credit_check(n->decision, n->name, e));
    if (!adv_role_ok(n->role))
        return err_set(e, RC_INVALID, "the role is finder, reporter, analyst, coordinator, ...");
    if (n->credit_id == 0 && n->name.n == 0)
        return err_set(e, RC_INVALID, "the name is empty");
    return desk_run(d, credit_set_tx, &p, e);
}

/* ---- asking ---- */

struct ask {
    const struct actor *who;
    int64_t case_id, credit_id;
};

static enum rc ask_letter(struct desk *d, struct arena *a, const struct ask *p,
                          const struct thread_row *t, struct err *e)
{
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf until = BUF_INIT(WHEN_TEXT_MAX);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    struct case_row c;
    int64_t message, outbox;
    TRY(ops_case_get(d->db, a, p->case_id, &c, e));
    TRY(letter_way_back(d, t->id, &link, &until, e));
    struct text_value v[] = {{"desk", d->set->desk.name},
                             {"number", c.number},
                             {"way_back", buf_str(&link)},
                             {"way_back_until", buf_str(&until)},
                             {"contact", d->set->desk.contact.v[0]}};
    TRY(texts_render(d->texts, TEXT_CREDIT, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = "reply",
                       .t = t,
                       .number = c.number,
                       .to_name = t->name,
                       .to = t->email,
                       .subject = arena_strf(a, "[%.*s] How shall we name you?", STR_ARG(c.number)),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .author_id = p->who->account_id};
    return letter_put(d, p->who, &l, &message, &outbox, e);
}

static enum rc ask_tx(struct desk *d, void *arg, struct err *e)
{
    struct ask *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct credit_row k;
    struct thread_row *t;
    size_t n, i = 0;
    TRY(credit_find(d, a, p->case_id, p->credit_id, &k, e));
    TRY(ops_thread_list(d->db, a, p->case_id, &t, &n, e));
    while (i < n && (k.participant_id == 0 || t[i].participant_id != k.participant_id))
        i++;
    if (i == n || t[i].email.n == 0)
        return err_set(e, RC_INVALID, "nobody of the case with a mail address: ask elsewhere");
    TRY(ask_letter(d, a, p, &t[i], e));
    /* Who decided already keeps that until the answer. */
    if (!str_eq(k.decision, STR("unasked")))
        return RC_OK;
    k.decision = STR("asked");
    k.changed_us = desk_now(d);
    TRY(ops_credit_update(d->db, &k, e));
    return credit_tell(d, p->who, p->case_id, &k, e);
}

enum rc credit_ask(struct desk *d, const struct actor *who, int64_t case_id, int64_t credit_id,
                   struct err *e)
{
    struct ask p = {who, case_id, credit_id};
    TRY(actor_needs_team(who, e));
    return desk_run(d, ask_tx, &p, e);
}

/* ---- a reporter decides ---- */

struct decide {
    const struct actor *who;
    struct str decision, name;
};

/* Approved, and not public yet: at a planned time it is printed without anybody looking again. */
static enum rc is_frozen(struct desk *d, struct arena *a, int64_t case_id, bool *ret, struct err *e)
{
    struct advisory_row r;
    struct revision_row v;
    *ret = false;
    enum rc rc = ops_advisory_of_case(d->db, a, case_id, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_revision_get(d->db, a, r.id, r.revision, &v, e));
    *ret = v.approved_us && !v.published_us;
    return RC_OK;
}

/* A stranger's words are printed in our name only after somebody read them; not to be named is
 * heard at any time. */
static enum rc may_name(struct desk *d, struct arena *a, const struct credit_row *k,
                        const struct decide *p, struct err *e)
{
    bool frozen;
    if (!str_eq(p->decision, STR("named")) ||
        (str_eq(k->decision, STR("named")) && str_eq(k->name, p->name)))
        return RC_OK;
    TRY(is_frozen(d, a, k->case_id, &frozen, e));
    return frozen ? err_set(e, RC_CONFLICT,
                            "the text is approved already and about to be published: please write "
                            "to us how to name you, on the page of your report")
                  : RC_OK;
}

static enum rc decide_tx(struct desk *d, void *arg, struct err *e)
{
    struct decide *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    struct participant_row who;
    struct credit_row k;
    TRY(ops_thread_get(d->db, a, p->who->thread_id, &t, e));
    TRY(ops_participant_get(d->db, a, t.participant_id, &who, e));
    if (!finder(who.role))
        return err_set(e, RC_DENIED, "only who reported or found something is asked");
    enum rc rc = ops_credit_of(d->db, a, who.id, &k, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (rc == RC_NOTFOUND) {
        k = credit_of_participant(&who, desk_now(d));
        TRY(ops_credit_insert(d->db, &k, &k.id, e));
    }
    TRY(may_name(d, a, &k, p, e));
    k.decision = p->decision;
    if (str_eq(p->decision, STR("named")))
        k.name = p->name;
    k.changed_us = desk_now(d);
    TRY(ops_credit_update(d->db, &k, e));
    return credit_tell(d, p->who, t.case_id, &k, e);
}

enum rc credit_decide(struct desk *d, const struct actor *who, struct str decision, struct str name,
                      struct err *e)
{
    struct decide p = {who, decision, str_trim(name)};
    if (who->kind != ACTOR_REPORTER || who->thread_id == 0)
        return err_set(e, RC_DENIED, "only the reporter decides here");
    if (!str_eq(decision, STR("named")) && !str_eq(decision, STR("anonymous")) &&
        !str_eq(decision, STR("declined")))
        return err_set(e, RC_INVALID, "choose one of the three answers");
    TRY(credit_check(decision, str_eq(decision, STR("named")) ? p.name : STR_NONE, e));
    return desk_run(d, decide_tx, &p, e);
}

enum rc view_reporter_credit(struct desk *d, const struct actor *who, struct arena *a,
                             struct view_credit *ret, struct err *e)
{
    struct thread_row t;
    struct participant_row p;
    struct credit_row k;
    if (who->kind != ACTOR_REPORTER || who->thread_id == 0)
        return err_set(e, RC_DENIED, "only a reporter is asked");
    TRY(ops_thread_get(d->db, a, who->thread_id, &t, e));
    TRY(ops_participant_get(d->db, a, t.participant_id, &p, e));
    if (!finder(p.role))
        return err_set(e, RC_NOTFOUND, "nobody to be asked");
    enum rc rc = ops_credit_of(d->db, a, p.id, &k, e);
    if (rc == RC_NOTFOUND)
        k = credit_of_participant(&p, 0);
    else if (rc != RC_OK)
        return rc;
    *ret = (struct view_credit){k.id, p.id, k.changed_us, k.name, k.role, k.decision, p.email};
    return RC_OK;
}
