/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories as pages and commands show them.
 * Runs in core.
 * Input: rows of our own; names as reporters gave them.
 */
#include "desk/advisory_inside.h"
#include "desk/view_inside.h"

/* ---- one, for the team ---- */

static enum rc revisions_of(struct desk *d, struct arena *a, int64_t id, struct view_advisory *v,
                            struct revision_row *ret_last, struct revision_row *ret_public,
                            struct err *e)
{
    struct revision_row *r;
    size_t n;
    TRY(ops_revision_list(d->db, a, id, &r, &n, e));
    v->revisions = arena_array(a, n + 1, sizeof(*v->revisions));
    TRY(arena_ok(a, "revisions", e));
    for (size_t i = 0; i < n; i++) {
        struct view_revision *w = &v->revisions[i];
        *w = (struct view_revision){.nth = r[i].nth,
                                    .created_us = r[i].created_us,
                                    .approved_us = r[i].approved_us,
                                    .published_us = r[i].published_us,
                                    .title = r[i].title,
                                    .body = r[i].body,
                                    .change = r[i].summary,
                                    .author = r[i].author,
                                    .approver = r[i].approver};
        TRY(revision_content(a, &r[i], &w->c, e));
        *ret_last = r[i];
        if (r[i].published_us)
            *ret_public = r[i];
    }
    v->n_revisions = n;
    return RC_OK;
}

static enum rc credits_of(struct desk *d, struct arena *a, struct view_advisory *v, struct err *e)
{
    struct credit_row *k;
    size_t n;
    TRY(ops_credit_list(d->db, a, v->case_id, &k, &n, e));
    v->credits = arena_array(a, n + 1, sizeof(*v->credits));
    TRY(arena_ok(a, "credits", e));
    for (size_t i = 0; i < n; i++) {
        v->credits[i] =
            (struct view_credit){k[i].id,   k[i].participant_id, k[i].changed_us, k[i].name,
                                 k[i].role, k[i].decision,       k[i].email};
        v->unasked = v->unasked || str_eq(k[i].decision, STR("unasked")) ||
                     str_eq(k[i].decision, STR("asked"));
    }
    v->n_credits = n;
    return RC_OK;
}

static enum rc mails_of(struct desk *d, struct arena *a, struct view_advisory *v, struct err *e)
{
    struct announcement_row *m;
    struct thread_row *t;
    size_t n;
    TRY(ops_announcements(d->db, a, v->case_id, &m, &n, e));
    v->mails = arena_array(a, n + 1, sizeof(*v->mails));
    TRY(arena_ok(a, "mails", e));
    for (size_t i = 0; i < n; i++)
        v->mails[i] =
            (struct view_mail){m[i].id, m[i].changed_us, m[i].rcpt, m[i].state, m[i].answer};
    v->n_mails = n;
    TRY(advisory_told(d, a, v->case_id, &t, &n, e));
    v->n_recipients = n + d->set->publish.announce_to.n;
    return RC_OK;
}

static bool same_credits(const struct adv_content *x, const struct adv_content *y)
{
    bool same = x->n_credits == y->n_credits;
    for (size_t i = 0; same && i < x->n_credits; i++)
        same = str_eq(x->credits[i].name, y->credits[i].name) &&
               str_eq(x->credits[i].role, y->credits[i].role);
    return same;
}

static bool holds_to_write(const struct adv_content *c)
{
    return str_find(c->body, STR(ADV_TO_WRITE)) != STR_NPOS ||
           str_find(c->summary, STR(ADV_TO_WRITE)) != STR_NPOS;
}

static enum rc who_may(struct desk *d, struct arena *a, const struct actor *who,
                       const struct revision_row *last, struct view_advisory *v, struct err *e)
{
    char name[ACTOR_NAME_MAX];
    bool other;
    actor_name(who, name);
    TRY(approver_exists(d, a, last->author_id, &other, e));
    bool mine = str_eq(last->author, str_c(name));
    v->alone = mine && !other;
    v->may_approve = str_eq(v->state, STR("draft")) && (!mine || !other);
    return RC_OK;
}

/* What a correction says about itself is part of what is approved. */
static enum rc pending_change(struct arena *a, const struct revision_row *last, struct adv_doc *doc,
                              struct err *e)
{
    if (last->published_us || doc->published_us == 0)
        return RC_OK;
    struct adv_change *all = arena_array(a, doc->n_changes + 1, sizeof(*all));
    TRY(arena_ok(a, "changes", e));
    for (size_t i = 0; i < doc->n_changes; i++)
        all[i] = doc->changes[i];
    all[doc->n_changes++] = (struct adv_change){0, last->summary};
    doc->changes = all;
    return RC_OK;
}

static enum rc existing(struct desk *d, struct arena *a, const struct actor *who,
                        const struct advisory_row *r, struct view_advisory *v, struct err *e)
{
    struct revision_row last = {.nth = 0}, open = {.nth = 0};
    struct adv_content c, printed;
    v->revision = r->revision;
    v->state = r->state;
    v->number = r->number;
    v->planned_us = r->planned_us;
    v->published_us = r->published_us;
    v->modified_us = r->modified_us;
    v->withdrawn_us = r->withdrawn_us;
    v->withdrawn_reason = r->withdrawn_reason;
    TRY(revisions_of(d, a, r->id, v, &last, &open, e));
    if (last.nth == 0)
        return err_set(e, RC_INTERNAL, "an advisory without a revision");
    TRY(revision_content(a, &last, &c, e));
    if (!last.published_us)
        TRY(credits_named(d, a, r->case_id, &c, e));
    v->to_write = holds_to_write(&c);
    if (open.nth) {
        TRY(revision_content(a, &open, &printed, e));
        struct adv_content now = printed;
        TRY(credits_named(d, a, r->case_id, &now, e));
        v->credits_changed = !same_credits(&printed, &now);
    }
    TRY(who_may(d, a, who, &last, v, e));
    TRY(advisory_doc(d, a, r, &c, &v->doc, e));
    return pending_change(a, &last, &v->doc, e);
}

enum rc view_advisory(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_advisory *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_advisory v = {.case_id = case_id,
                              .now_us = desk_now(d),
                              .state = STR_NONE,
                              .number = STR_NONE,
                              .withdrawn_reason = STR_NONE};
    struct advisory_row r = {.number = STR_NONE, .withdrawn_reason = STR_NONE};
    struct open_case oc;
    struct adv_content c;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    TRY(case_load(d, a, case_id, &oc, e));
    v.case_number = oc.c.number;
    v.case_title = oc.c.title;
    v.embargo = oc.v.em == 'A' || oc.v.em == 'R';
    v.embargo_until_us = oc.c.em_until_us;
    TRY(credits_of(d, a, &v, e));
    TRY(mails_of(d, a, &v, e));
    enum rc rc = ops_advisory_of_case(d->db, a, case_id, &r, e);
    if (rc == RC_NOTFOUND) {
        TRY(advisory_prefill(d, a, case_id, &c, e));
        r = (struct advisory_row){.number = STR_NONE, .withdrawn_reason = STR_NONE};
        TRY(advisory_doc(d, a, &r, &c, &v.doc, e));
    } else {
        TRY(rc);
        TRY(existing(d, a, who, &r, &v, e));
    }
    TRY(arena_ok(a, "the advisory", e));
    *ret = v;
    return RC_OK;
}

/* ---- lists ---- */

enum rc view_advisories(struct desk *d, const struct actor *who, struct arena *a,
                        struct view_advisory_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct advisory_row *r;
    size_t n;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    TRY(ops_advisory_list(d->db, a, false, ADVISORY_STAFF_MAX, &r, &n, e));
    struct view_advisory_row *v = arena_array(a, n + 1, sizeof(*v));
    TRY(arena_ok(a, "advisories", e));
    for (size_t i = 0; i < n; i++) {
        struct revision_row last;
        TRY(ops_revision_get(d->db, a, r[i].id, r[i].revision, &last, e));
        v[i] = (struct view_advisory_row){.case_number = r[i].case_number,
                                          .case_title = r[i].case_title,
                                          .state = r[i].state,
                                          .number = r[i].number,
                                          .title = last.title,
                                          .planned_us = r[i].planned_us,
                                          .published_us = r[i].published_us,
                                          .modified_us = r[i].modified_us};
    }
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

static enum rc public_doc(struct desk *d, struct arena *a, const struct advisory_row *r,
                          struct adv_doc *ret, struct err *e)
{
    struct revision_row v;
    struct adv_content c;
    TRY(ops_revision_get(d->db, a, r->id, 0, &v, e));
    TRY(revision_content(a, &v, &c, e));
    return advisory_doc(d, a, r, &c, ret, e);
}

enum rc view_public_advisory(struct desk *d, struct arena *a, struct str number,
                             struct adv_doc *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct advisory_row r;
    TRY(view_begin(d, &tx, e));
    TRY(ops_advisory_by_number(d->db, a, number, &r, e));
    return public_doc(d, a, &r, ret, e);
}

enum rc view_public_advisories(struct desk *d, struct arena *a, struct adv_doc **ret, size_t *ret_n,
                               struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct advisory_row *r;
    size_t n;
    TRY(view_begin(d, &tx, e));
    TRY(ops_advisory_list(d->db, a, true, ADVISORY_PUBLIC_MAX, &r, &n, e));
    struct adv_doc *v = arena_array(a, n + 1, sizeof(*v));
    TRY(arena_ok(a, "advisories", e));
    for (size_t i = 0; i < n; i++)
        TRY(public_doc(d, a, &r[i], &v[i], e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

/* ---- JSON ---- */

static json_t *revision_json(const struct view_revision *r)
{
    json_t *j = json_object();
    json_put_int(j, "revision", r->nth);
    json_put_time(j, "written", r->created_us);
    json_put_str(j, "author", r->author);
    json_put_str(j, "change", r->change);
    json_put_time(j, "approved", r->approved_us);
    json_put_str(j, "approver", r->approver);
    json_put_time(j, "published", r->published_us);
    return j;
}

json_t *view_advisory_json(const struct view_advisory *v)
{
    json_t *j = json_object(), *list = json_array();
    json_put_str(j, "case", v->case_number);
    json_put_int(j, "revision", v->revision);
    json_put_str(j, "state", v->revision ? v->state : STR("none"));
    json_put_str(j, "number", v->number);
    json_put_time(j, "planned", v->planned_us);
    json_put_time(j, "published", v->published_us);
    json_put_time(j, "modified", v->modified_us);
    json_put_time(j, "withdrawn", v->withdrawn_us);
    json_put_str(j, "withdrawn_reason", v->withdrawn_reason);
    json_put_str(j, "title", v->doc.c.title);
    json_object_set_new(j, "facts", adv_facts_json(&v->doc.c));
    json_put_str(j, "body", v->doc.c.body);
    for (size_t i = 0; i < v->n_credits; i++)
        json_array_append_new(
            list, json_pack("{s:I, s:o, s:o, s:o}", "credit", (json_int_t)v->credits[i].id, "name",
                            json_str(v->credits[i].name), "role", json_str(v->credits[i].role),
                            "decision", json_str(v->credits[i].decision)));
    json_object_set_new(j, "credits", list);
    list = json_array();
    for (size_t i = 0; i < v->n_revisions; i++)
        json_array_append_new(list, revision_json(&v->revisions[i]));
    json_object_set_new(j, "revisions", list);
    list = json_array();
    for (size_t i = 0; i < v->n_mails; i++)
        json_array_append_new(list, json_pack("{s:I, s:o, s:o}", "mail", (json_int_t)v->mails[i].id,
                                              "to", json_str(v->mails[i].rcpt), "state",
                                              json_str(v->mails[i].state)));
    json_object_set_new(j, "mails", list);
    return j;
}
