/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moment of publication, planned or now; corrections and withdrawal; the mails that go out.
 * Runs in core, also as task "publish".
 * Input: rows of our own; what people wrote was checked when it was written.
 */
#include <inttypes.h>

#include "base/when.h"
#include "desk/advisory_inside.h"
#include "desk/letter.h"
#include "publish/text.h"
#include "store/ops_message.h"
#include "store/outbox.h"
#include "store/task.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

/* ---- what is said ---- */

static enum rc changes_of(struct desk *d, struct arena *a, int64_t id, struct adv_doc *doc,
                          struct err *e)
{
    struct revision_row *v;
    size_t n;
    bool first = true;
    TRY(ops_revision_list(d->db, a, id, &v, &n, e));
    doc->changes = arena_array(a, n + 1, sizeof(*doc->changes));
    TRY(arena_ok(a, "changes", e));
    for (size_t i = 0; i < n; i++) {
        if (v[i].published_us == 0)
            continue;
        if (!first)
            doc->changes[doc->n_changes++] = (struct adv_change){v[i].published_us, v[i].summary};
        first = false;
    }
    return RC_OK;
}

enum rc advisory_doc(struct desk *d, struct arena *a, const struct advisory_row *r,
                     const struct adv_content *c, struct adv_doc *ret, struct err *e)
{
    const struct settings *s = d->set;
    struct adv_doc doc = {.c = *c,
                          .number = r->number,
                          .osv_id = arena_strf(a, "x_%.*s", STR_ARG(r->number)),
                          .desk = s->desk.name,
                          .product = s->project.name,
                          .ecosystem = s->publish.ecosystem,
                          .package = s->publish.package,
                          .purl = s->publish.purl,
                          .url = STR_NONE,
                          .feed_url = STR_NONE,
                          .published_us = r->published_us,
                          .modified_us = r->modified_us,
                          .withdrawn_us = r->withdrawn_us,
                          .withdrawn_reason = r->withdrawn_reason};
    if (s->desk.base_url.n) {
        doc.url =
            arena_strf(a, "%.*s/advisories/%.*s", STR_ARG(s->desk.base_url), STR_ARG(r->number));
        doc.feed_url = arena_strf(a, "%.*s/advisories.atom", STR_ARG(s->desk.base_url));
    }
    if (r->id)
        TRY(changes_of(d, a, r->id, &doc, e));
    TRY(arena_ok(a, "the advisory", e));
    *ret = doc;
    return RC_OK;
}

/* ---- mails ---- */

enum rc advisory_told(struct desk *d, struct arena *a, int64_t case_id, struct thread_row **ret,
                      size_t *ret_n, struct err *e)
{
    struct thread_row *t;
    size_t n, kept = 0;
    TRY(ops_thread_list(d->db, a, case_id, &t, &n, e));
    for (size_t i = 0; i < n; i++) {
        /* Somebody may have written from an address that no mail can go to: that must not keep the
         * others, and the publication itself, waiting. */
        bool again = !letter_can_go(t[i].email);
        for (size_t k = 0; k < kept; k++)
            again = again || address_same(t[k].email, t[i].email);
        if (!again)
            t[kept++] = t[i];
    }
    *ret = t;
    *ret_n = kept;
    return RC_OK;
}

struct announce {
    const struct actor *who;
    const struct adv_doc *doc;
    struct str text, subject, number, change;
    int64_t case_id;
};

static enum rc announce_one(struct desk *d, struct arena *a, const struct announce *n,
                            const struct thread_row *t, struct str to, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    int64_t message, outbox;
    bool url = n->doc->url.n > 0;
    struct text_value v[] = {
        {"desk", d->set->desk.name},
        {"number", n->doc->number},
        {"text", n->text},
        {"url", n->doc->url},
        {"osv", url ? arena_strf(a, "%.*s.json", STR_ARG(n->doc->url)) : STR_NONE},
        {"feed", n->doc->feed_url},
        {"change", n->doc->withdrawn_us ? STR_NONE : n->change},
        {"withdrawn", n->doc->withdrawn_us ? STR("yes") : STR_NONE},
        {"reporter", t && n->change.n == 0 && !n->doc->withdrawn_us ? STR("yes") : STR_NONE},
        {"contact", d->set->desk.contact.v[0]}};
    TRY(texts_render(d->texts, TEXT_ANNOUNCEMENT, v, ARRAY_LEN(v), &text, e));
    struct letter l = {.kind = OUTBOX_ANNOUNCEMENT,
                       .t = t,
                       .case_id = n->case_id,
                       .number = n->number,
                       .to_name = t ? t->name : STR_NONE,
                       .to = to,
                       .subject = n->subject,
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .author_id = n->who->account_id};
    return letter_put(d, n->who, &l, &message, &outbox, e);
}

static enum rc announce(struct desk *d, struct arena *a, struct announce *n, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(ADV_TEXT_MAX);
    struct thread_row *t;
    struct case_row c;
    size_t n_told;
    const struct str_list *lists = &d->set->publish.announce_to;
    TRY(adv_text(n->doc, &text, e));
    TRY(ops_case_get(d->db, a, n->case_id, &c, e));
    n->text = buf_str(&text);
    n->number = c.number;
    n->subject = arena_strf(a, "[%.*s] %s%.*s", STR_ARG(n->doc->number),
                            n->doc->withdrawn_us ? "Withdrawn: "
                            : n->change.n        ? "Correction: "
                                                 : "",
                            STR_ARG(n->doc->c.title));
    TRY(advisory_told(d, a, n->case_id, &t, &n_told, e));
    for (size_t i = 0; i < n_told; i++)
        TRY(announce_one(d, a, n, &t[i], t[i].email, e));
    for (size_t i = 0; i < lists->n; i++)
        TRY(announce_one(d, a, n, NULL, lists->v[i], e));
    return RC_OK;
}

/* ---- the moment ---- */

/* The case is public knowledge now: P, which ends an embargo, and what the phase asks for. */
static enum rc case_public(struct desk *d, struct arena *a, const struct actor *who,
                           const struct advisory_row *r, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(json) json_t *yes = json_true();
    AUTO(json) json_t *now = json_integer((json_int_t)desk_now(d));
    struct open_case oc;
    struct str reason = arena_strf(a, "advisory %.*s was published", STR_ARG(r->number));
    TRY(case_load(d, a, r->case_id, &oc, e));
    if (oc.c.closed_us)
        return RC_OK;
    if (!(oc.v.cs & CS_P))
        TRY(vcase_cs(d, who, r->case_id, CS_P, reason, e));
    TRY(json_parse(oc.c.facts, 64 * 1024, "facts of the case", &facts, e));
    if (!json_equal(json_object_get(facts, fact_name(FACT_RELEASE)), now))
        TRY(vcase_fact(d, who, r->case_id, FACT_RELEASE, now, reason, e));
    if (!json_is_true(json_object_get(facts, fact_name(FACT_FORMATS_OUT))))
        TRY(vcase_fact(d, who, r->case_id, FACT_FORMATS_OUT, yes, reason, e));
    return RC_OK;
}

static enum rc give_number(struct desk *d, struct arena *a, struct advisory_row *r, struct err *e)
{
    struct civil day;
    int64_t last;
    char number[ADVISORY_NUMBER_MAX];
    when_civil(desk_now(d), &day);
    TRY(ops_advisory_last_nth(d->db, day.year, &last, e));
    advisory_number(number, d->set->desk.prefix, day.year, last + 1);
    r->year = day.year;
    r->nth = last + 1;
    r->number = arena_str(a, str_c(number));
    return arena_ok(a, "the number", e);
}

/* r and v become public.  The names that were decided are frozen into the revision. */
static enum rc make_public(struct desk *d, struct arena *a, const struct actor *who,
                           struct advisory_row *r, struct revision_row *v, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(buf) struct buf text = BUF_INIT(ADV_FACTS_MAX);
    struct adv_content c;
    struct adv_doc doc;
    bool first = r->published_us == 0;
    TRY(revision_content(a, v, &c, e));
    TRY(credits_named(d, a, r->case_id, &c, e));
    facts = adv_facts_json(&c);
    TRY(json_write(&text, facts, e));
    v->facts = buf_str(&text);
    v->published_us = desk_now(d);
    if (r->number.n == 0)
        TRY(give_number(d, a, r, e));
    if (first)
        r->published_us = v->published_us;
    r->modified_us = v->published_us;
    r->planned_us = 0;
    r->state = STR("published");
    TRY(ops_revision_update(d->db, v, e));
    TRY(ops_advisory_update(d->db, r, e));
    TRY(desk_event(
        d, who, r->case_id, "advisory.published",
        json_pack("{s:o, s:I}", "number", json_str(r->number), "revision", (json_int_t)v->nth), e));
    if (first)
        TRY(case_public(d, a, who, r, e));
    TRY(advisory_doc(d, a, r, &c, &doc, e));
    struct announce n = {
        .who = who, .doc = &doc, .case_id = r->case_id, .change = first ? STR_NONE : v->summary};
    return announce(d, a, &n, e);
}

struct publish {
    const struct actor *who;
    int64_t case_id, revision, at_us;
};

/* The newest revision, approved and not yet public, is the one that is meant. */
static enum rc ready(struct desk *d, struct arena *a, const struct publish *p,
                     struct advisory_row *r, struct revision_row *v, struct err *e)
{
    TRY(ops_advisory_of_case(d->db, a, p->case_id, r, e));
    if (r->withdrawn_us)
        return err_set(e, RC_INVALID, "this advisory is withdrawn, which is its end");
    if (p->revision != r->revision)
        return err_set(e, RC_INVALID, "there is a newer revision, %lld: look at it first",
                       (long long)r->revision);
    TRY(ops_revision_get(d->db, a, r->id, r->revision, v, e));
    if (v->published_us)
        return err_set(e, RC_INVALID, "this revision is published already");
    if (!v->approved_us)
        return err_set(e, RC_INVALID, "this revision is not approved");
    return RC_OK;
}

static enum rc plan(struct desk *d, struct arena *a, const struct publish *p,
                    struct advisory_row *r, struct err *e)
{
    AUTO(json) json_t *at = json_integer((json_int_t)p->at_us);
    struct case_row c;
    if (p->at_us <= desk_now(d))
        return err_set(e, RC_INVALID, "the time of publication is in the past");
    struct str arg = arena_strf(a, "%" PRId64 " %" PRId64, r->revision, p->at_us);
    struct task_new t = {.kind = "publish",
                         .key = arena_strf(a, "publish:%" PRId64 ":%" PRId64 ":%" PRId64, r->id,
                                           r->revision, p->at_us),
                         .lane = LANE_CLOCKS,
                         .subject = r->id,
                         .arg = arg,
                         .fair = STR_NONE,
                         .due_us = p->at_us,
                         .again = true};
    TRY(task_add(d->db, &t, NULL, e));
    r->planned_us = p->at_us;
    TRY(ops_advisory_update(d->db, r, e));
    TRY(desk_event(
        d, p->who, r->case_id, "advisory.planned",
        json_pack("{s:I, s:I}", "revision", (json_int_t)r->revision, "at_us", (json_int_t)p->at_us),
        e));
    TRY(ops_case_get(d->db, a, r->case_id, &c, e));
    if (r->published_us || c.closed_us)
        return RC_OK;
    return vcase_fact(d, p->who, r->case_id, FACT_RELEASE, at, STR("the publication is planned"),
                      e);
}

static enum rc publish_tx(struct desk *d, void *arg, struct err *e)
{
    struct publish *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct advisory_row r;
    struct revision_row v;
    TRY(ready(d, a, p, &r, &v, e));
    return p->at_us ? plan(d, a, p, &r, e) : make_public(d, a, p->who, &r, &v, e);
}

enum rc advisory_publish(struct desk *d, const struct actor *who, int64_t case_id, int64_t revision,
                         int64_t at_us, struct err *e)
{
    struct publish p = {who, case_id, revision, at_us};
    TRY(actor_needs_team(who, e));
    return desk_run(d, publish_tx, &p, e);
}

static enum rc unplan_tx(struct desk *d, void *arg, struct err *e)
{
    struct publish *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *none = json_null();
    struct advisory_row r;
    struct case_row c;
    TRY(ops_advisory_of_case(d->db, a, p->case_id, &r, e));
    if (r.planned_us == 0)
        return err_set(e, RC_INVALID, "no publication is planned");
    r.planned_us = 0;
    TRY(ops_advisory_update(d->db, &r, e));
    TRY(desk_event(d, p->who, r.case_id, "advisory.unplanned", NULL, e));
    TRY(ops_case_get(d->db, a, r.case_id, &c, e));
    if (r.published_us || c.closed_us)
        return RC_OK;
    return vcase_fact(d, p->who, r.case_id, FACT_RELEASE, none, STR("the plan was taken back"), e);
}

enum rc advisory_unplan(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    struct publish p = {who, case_id, 0, 0};
    TRY(actor_needs_team(who, e));
    return desk_run(d, unplan_tx, &p, e);
}

/* ---- the task ---- */

struct due {
    int64_t id, revision, due_us;
};

static enum rc task_tx(struct desk *d, void *arg, struct err *e)
{
    const struct due *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct advisory_row r;
    struct revision_row v;
    TRY(ops_advisory_get(d->db, a, p->id, &r, e));
    /* Published meanwhile, edited, planned anew or not at all: nothing is due any more. */
    if (r.planned_us != p->due_us || r.revision != p->revision || r.withdrawn_us)
        return RC_OK;
    TRY(ops_revision_get(d->db, a, r.id, r.revision, &v, e));
    if (v.published_us || !v.approved_us)
        return RC_OK;
    return make_public(d, a, &machine, &r, &v, e);
}

enum rc advisory_task(struct desk *d, int64_t advisory_id, struct str arg, struct err *e)
{
    struct str rest = arg, revision = STR_NONE;
    uint64_t nth, due;
    (void)str_cut(&rest, ' ', &revision);
    TRY(num_parse(revision, 1, INT64_MAX, "revision", &nth, e));
    TRY(num_parse(rest, 1, INT64_MAX, "time", &due, e));
    struct due p = {advisory_id, (int64_t)nth, (int64_t)due};
    return desk_run(d, task_tx, &p, e);
}

/* ---- a mail whose fate nobody knows ---- */

struct resend {
    const struct actor *who;
    int64_t case_id, mail_id;
    bool again;
};

static enum rc mail_tx(struct desk *d, void *arg, struct err *e)
{
    const struct resend *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct announcement_row *m;
    size_t n, i = 0;
    TRY(ops_announcements(d->db, a, p->case_id, &m, &n, e));
    while (i < n && m[i].id != p->mail_id)
        i++;
    if (i == n)
        return err_set(e, RC_NOTFOUND, "the advisory has no such mail");
    if (!str_eq(m[i].state, STR("parked")))
        return err_set(e, RC_INVALID, "this mail does not wait for a person");
    TRY(p->again ? outbox_resume(d->db, p->mail_id, e) : outbox_give_up(d->db, p->mail_id, e));
    return desk_event(d, p->who, p->case_id,
                      p->again ? "advisory.mail_again" : "advisory.mail_left",
                      json_pack("{s:I}", "outbox", (json_int_t)p->mail_id), e);
}

enum rc advisory_mail(struct desk *d, const struct actor *who, int64_t case_id, int64_t mail_id,
                      bool again, struct err *e)
{
    struct resend p = {who, case_id, mail_id, again};
    TRY(actor_needs_team(who, e));
    return desk_run(d, mail_tx, &p, e);
}

/* ---- withdrawal ---- */

struct withdraw {
    const struct actor *who;
    int64_t case_id;
    struct str reason;
};

static enum rc withdraw_tx(struct desk *d, void *arg, struct err *e)
{
    struct withdraw *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct advisory_row r;
    struct revision_row v;
    struct adv_content c;
    struct adv_doc doc;
    TRY(ops_advisory_of_case(d->db, a, p->case_id, &r, e));
    if (r.withdrawn_us)
        return err_set(e, RC_INVALID, "this advisory is withdrawn already");
    if (!r.published_us)
        return err_set(e, RC_INVALID, "only what was published can be withdrawn");
    r.withdrawn_us = r.modified_us = desk_now(d);
    r.withdrawn_reason = p->reason;
    r.planned_us = 0;
    r.state = STR("withdrawn");
    TRY(ops_advisory_update(d->db, &r, e));
    TRY(desk_event(
        d, p->who, r.case_id, "advisory.withdrawn",
        json_pack("{s:o, s:o}", "number", json_str(r.number), "reason", json_str(p->reason)), e));
    TRY(ops_revision_get(d->db, a, r.id, 0, &v, e));
    TRY(revision_content(a, &v, &c, e));
    TRY(advisory_doc(d, a, &r, &c, &doc, e));
    struct announce n = {.who = p->who, .doc = &doc, .case_id = r.case_id, .change = STR_NONE};
    return announce(d, a, &n, e);
}

enum rc advisory_withdraw(struct desk *d, const struct actor *who, int64_t case_id,
                          struct str reason, struct err *e)
{
    struct withdraw p = {who, case_id, reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(reason, ADV_CHANGE_MAX, "the reason", e));
    return desk_run(d, withdraw_tx, &p, e);
}
