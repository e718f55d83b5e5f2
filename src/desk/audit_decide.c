/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people decide about the places of an audit, and the second person's signature.
 * Runs in core.
 * Input: forms and commands of the team, hostile; keys of places are looked up in the answer.
 */
#include "desk/advisory_inside.h"
#include "desk/affected_inside.h"
#include "desk/audit_inside.h"
#include "desk/notice.h"

struct decide {
    const struct actor *who;
    const struct audit_decide *n;
    char author[ACTOR_NAME_MAX];
    /* Of the event: */
    json_t *places;
    struct str first;
    size_t done;
};

/* ---- which place ---- */

struct chosen {
    struct audit_hit_row row; /* as it is, or would be */
    bool there;               /* somebody decided about it before */
};

static bool same_content(const struct find_hit *h, struct str chunk, int64_t line_in)
{
    return str_eq(h->chunk, chunk) && h->at == line_in;
}

/* A place of the answer, else one that was decided about; RC_NOTFOUND. */
static enum rc place_of(const struct audit_listing *l, struct str key, struct chosen *ret,
                        struct err *e)
{
    struct str chunk;
    int64_t line_in;
    if (!audit_key_parse(key, &chunk, &line_in))
        return err_set(e, RC_INVALID, "that is no key of a place");
    for (size_t i = 0; i < l->r.n_hits; i++) {
        const struct find_hit *h = &l->r.hits[i];
        if (!same_content(h, chunk, line_in))
            continue;
        *ret = (struct chosen){.there = l->of[i] != NULL};
        ret->row =
            l->of[i] ? *l->of[i] : (struct audit_hit_row){.chunk = h->chunk, .line_in = h->at};
        ret->row.repo = h->repo;
        ret->row.path = h->path;
        ret->row.line = h->line;
        ret->row.function = h->function;
        return RC_OK;
    }
    for (size_t i = 0; i < l->n_rows; i++) {
        const struct audit_hit_row *r = &l->rows[i];
        if (!str_eq(r->chunk, chunk) || r->line_in != line_in)
            continue;
        *ret = (struct chosen){.row = *r, .there = r->verdict.n > 0};
        return RC_OK;
    }
    return err_set(e, RC_NOTFOUND, "the answer has no such place");
}

/* ---- decisions ---- */

static enum rc tell_part(struct desk *d, struct arena *a, const struct decide *k, int64_t case_id,
                         const char *kind, const struct audit_hit_row *row, struct err *e)
{
    json_t *p = json_object();
    json_put_int(p, "part", row->id);
    json_put_str(p, "what", audit_place(a, row->repo, row->path, row->line));
    if (k->n->reason.n)
        json_put_str(p, "reason", k->n->reason);
    return desk_event(d, k->who, case_id, kind, p, e);
}

static enum rc decide_one(struct desk *d, struct arena *a, struct decide *k,
                          const struct audit_row *audit, struct chosen *c, struct err *e)
{
    enum audit_verdict v = k->n->verdict;
    bool joined = c->there && str_eq(c->row.verdict, STR("same_flaw"));
    if (v == AUDIT_OPEN && !c->there)
        return err_set(e, RC_NOTFOUND, "nobody decided about that place");
    c->row.verdict = str_c(audit_verdict_name(v));
    c->row.reason = k->n->reason;
    c->row.actor = str_c(k->author);
    c->row.account_id = k->who->account_id;
    c->row.at_us = desk_now(d);
    TRY(ops_audit_hit_put(d->db, audit->id, &c->row, &c->row.id, e));
    struct str what = audit_place(a, c->row.repo, c->row.path, c->row.line);
    TRY(arena_ok(a, "the places", e));
    if (k->done++ == 0)
        k->first = what;
    json_array_append_new(k->places, json_str(what));
    if (v == AUDIT_SAME_FLAW && !joined)
        return tell_part(d, a, k, audit->case_id, "audit.joined", &c->row, e);
    if (v != AUDIT_SAME_FLAW && joined)
        return tell_part(d, a, k, audit->case_id, "audit.left", &c->row, e);
    return RC_OK;
}

static enum rc tell_decided(struct desk *d, struct arena *a, struct decide *k, int64_t case_id,
                            struct err *e)
{
    enum audit_verdict v = k->n->verdict;
    json_t *p = json_object();
    struct str more = k->done > 1 ? arena_strf(a, " and %zu more", k->done - 1) : STR_NONE;
    if (v != AUDIT_OPEN)
        json_put_str(p, "verdict", str_c(audit_verdict_name(v)));
    json_put_str(p, "what",
                 v == AUDIT_OPEN ? arena_strf(a, "%.*s%.*s", STR_ARG(k->first), STR_ARG(more))
                                 : arena_strf(a, "%.*s%.*s: %s", STR_ARG(k->first), STR_ARG(more),
                                              audit_verdict_words(v)));
    json_object_set(p, "places", k->places);
    if (k->n->reason.n)
        json_put_str(p, "reason", k->n->reason);
    return desk_event(d, k->who, case_id, v == AUDIT_OPEN ? "audit.undecided" : "audit.decided", p,
                      e);
}

static enum rc decide_keys(struct desk *d, struct arena *a, struct decide *k,
                           const struct audit_row *audit, const struct audit_listing *l,
                           struct err *e)
{
    struct str rest = str_trim(k->n->keys), key;
    size_t have = 0;
    for (size_t i = 0; i < l->n_rows; i++)
        have += l->rows[i].verdict.n > 0;
    for (; str_cut(&rest, ' ', &key); rest = str_trim(rest)) {
        struct chosen c;
        if (k->done == FIND_HITS_MAX || have + k->done >= AUDIT_DECIDED)
            return err_set(e, RC_LIMIT, "so many places are decided about already");
        TRY(place_of(l, key, &c, e));
        TRY(decide_one(d, a, k, audit, &c, e));
    }
    return k->done ? RC_OK : err_set(e, RC_INVALID, "choose at least one place");
}

/* Whoever could sign hears of it once nothing is left to be decided. */
static enum rc ask_second(struct desk *d, struct arena *a, const struct decide *k, int64_t audit_id,
                          struct err *e)
{
    struct audit_row row;
    struct audit_hit_row *rows;
    size_t n;
    bool waits = false, other;
    TRY(ops_audit_get(d->db, a, audit_id, true, &row, e));
    TRY(ops_audit_hits(d->db, a, audit_id, &rows, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(rows[i].verdict, str_c(audit_verdict_name(AUDIT_UNSURE))))
            return RC_OK;
        waits = waits || (rows[i].verdict.n && !rows[i].signer.n);
    }
    if (row.open || !waits)
        return RC_OK;
    TRY(approver_exists(d, a, k->who->account_id, &other, e));
    return other ? notice_team(d, k->who, NOTICE_AUDIT, row.case_id, e) : RC_OK;
}

static enum rc decide_tx(struct desk *d, void *arg, struct err *e)
{
    struct decide *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * FIND_ARENA);
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    AUTO(json) json_t *places = json_array();
    struct open_case oc;
    struct audit_row audit;
    k->places = places;
    k->done = 0;
    TRY(case_load_open(d, a, k->n->case_id, &oc, e));
    TRY(ops_audit_of_case(d->db, a, k->n->case_id, false, &audit, e));
    TRY(audit_listing_read(d, a, &audit, &l, e));
    TRY(decide_keys(d, a, k, &audit, &l, e));
    TRY(tell_decided(d, a, k, audit.case_id, e));
    TRY(audit_settle(d, a, k->who, audit.id, "a decision changed", e));
    return ask_second(d, a, k, audit.id, e);
}

enum rc audit_decide(struct desk *d, const struct actor *who, const struct audit_decide *n,
                     struct err *e)
{
    struct decide k = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    if (n->verdict == AUDIT_SAFE || n->reason.n)
        TRY(desk_check_text(n->reason, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.author);
    return desk_run(d, decide_tx, &k, e);
}

/* ---- signatures ---- */

enum rc audit_may_sign(struct desk *d, struct arena *a, const struct actor *who,
                       const struct audit_hit_row *row, bool *ret_may, bool *ret_alone,
                       struct err *e)
{
    char name[ACTOR_NAME_MAX];
    bool other = false,
         good = str_eq(row->verdict, STR("same_flaw")) || str_eq(row->verdict, STR("safe"));
    actor_name(who, name);
    bool mine = str_eq(row->actor, str_c(name));
    if (mine)
        TRY(approver_exists(d, a, who->account_id, &other, e));
    *ret_alone = mine && !other;
    *ret_may = good && (!mine || !other) && who->kind != ACTOR_MACHINE;
    return RC_OK;
}

struct sign {
    const struct actor *who;
    int64_t case_id, open;
    struct str digest, reason;
    char name[ACTOR_NAME_MAX];
    size_t done;
    bool alone; /* somebody signs what they decided */
};

static enum rc sign_hits(struct desk *d, struct arena *a, struct sign *k, struct audit_listing *l,
                         struct err *e)
{
    for (size_t i = 0; i < l->r.n_hits; i++) {
        struct audit_hit_row *row = l->of[i];
        bool may = false, alone = false;
        if (!l->listed[i] || (row && row->signer.n))
            continue;
        if (row)
            TRY(audit_may_sign(d, a, k->who, row, &may, &alone, e));
        if (!may) {
            k->open++;
            continue;
        }
        row->signer = str_c(k->name);
        row->signed_us = desk_now(d);
        row->alone = alone;
        k->alone = k->alone || alone;
        k->done++;
        TRY(ops_audit_hit_sign(d->db, row, e));
    }
    return RC_OK;
}

/* Who decided everything, or asked where nothing was found, is not the second person. */
static enum rc may_end(struct desk *d, struct arena *a, struct sign *k, const struct audit_row *row,
                       const struct audit_listing *l, struct err *e)
{
    bool mine = true, other;
    for (size_t i = 0; i < l->r.n_hits; i++)
        mine = mine && (!l->listed[i] || str_eq(l->of[i]->actor, str_c(k->name)));
    if (l->n_listed == 0)
        mine = str_eq(row->asked_by, str_c(k->name));
    if (!mine)
        return RC_OK;
    TRY(approver_exists(d, a, k->who->account_id, &other, e));
    if (other)
        return err_set(e, RC_DENIED, "a second person signs an audit, not who decided");
    k->alone = true;
    return RC_OK;
}

static json_t *counts(const struct audit_listing *l)
{
    json_t *j = json_object();
    for (int v = AUDIT_SAME_FLAW; v < AUDIT_VERDICTS; v++)
        json_put_int(j, audit_verdict_name((enum audit_verdict)v), l->count[v]);
    return j;
}

/* Everything on the list is signed: so is the audit. */
static enum rc sign_off(struct desk *d, struct arena *a, struct sign *k,
                        const struct audit_row *row, const struct audit_listing *l, struct err *e)
{
    AUTO(json) json_t *j = counts(l);
    AUTO(buf) struct buf b = BUF_INIT(400);
    struct audit_sign_row now;
    enum rc rc = ops_audit_sign_now(d->db, a, row->id, &now, e);
    if (rc == RC_OK)
        return err_set(e, RC_CONFLICT, "the audit is signed off already");
    if (rc != RC_NOTFOUND)
        return rc;
    TRY(may_end(d, a, k, row, l, e));
    TRY(json_write(&b, j, e));
    struct audit_sign_row s = {.nth = row->answer_nth,
                               .cut = row->cut,
                               .at_us = desk_now(d),
                               .digest = k->digest,
                               .counts = buf_str(&b),
                               .signer = str_c(k->name),
                               .alone = k->alone};
    TRY(ops_audit_sign_add(d->db, row->id, &s, e));
    struct str said =
        k->alone ? arena_strf(a, "%s (nobody else was there)", k->name) : str_c(k->name);
    return fact_keep(d, k->who, row->case_id, FACT_AUDITED, json_str(said),
                     "the audit for similar code was signed off", e);
}

static enum rc sign_tx(struct desk *d, void *arg, struct err *e)
{
    struct sign *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * FIND_ARENA);
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    struct open_case oc;
    struct audit_row row;
    char digest[AUDIT_DIGEST + 1];
    k->open = 0;
    k->done = 0;
    k->alone = false;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_audit_of_case(d->db, a, k->case_id, false, &row, e));
    if (!audit_current(&row))
        return err_set(e, RC_CONFLICT, "wait for the answer: nothing can be signed before");
    TRY(audit_listing_read(d, a, &row, &l, e));
    audit_digest(&row, &l, digest);
    if (!str_eq(k->digest, str_c(digest)))
        return err_set(e, RC_CONFLICT, "something changed meanwhile: look at it again, then sign");
    TRY(sign_hits(d, a, k, &l, e));
    if (k->open == 0)
        TRY(sign_off(d, a, k, &row, &l, e));
    else if (k->done == 0)
        return err_set(e, RC_DENIED,
                       "there is nothing that you may sign: a second person signs what is decided, "
                       "and an unsure place has to be decided first");
    json_t *p = counts(&l);
    char cut[AUDIT_CUT_TEXT];
    audit_cut_write(row.cut, cut);
    json_put_str(p, "what",
                 k->open ? arena_strf(a, "%zu place%s", k->done, k->done == 1 ? "" : "s")
                         : STR("all of it"));
    json_put_int(p, "answer", row.answer_nth);
    json_put_str(p, "cut", str_c(cut));
    json_put_str(p, "digest", k->digest);
    json_put_int(p, "signed", (int64_t)k->done);
    json_put_int(p, "open", k->open);
    json_put_bool(p, "alone", k->alone);
    return desk_event(d, k->who, k->case_id, "audit.signed", p, e);
}

enum rc audit_sign(struct desk *d, const struct actor *who, int64_t case_id, struct str digest,
                   int64_t *ret_open, struct err *e)
{
    struct sign k = {.who = who, .case_id = case_id, .digest = digest};
    TRY(actor_needs_team(who, e));
    actor_name(who, k.name);
    TRY(desk_run(d, sign_tx, &k, e));
    *ret_open = k.open;
    return RC_OK;
}

static enum rc unsign_tx(struct desk *d, void *arg, struct err *e)
{
    struct sign *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf why = BUF_INIT(DESK_REASON_MAX + 1);
    struct open_case oc;
    struct audit_row row;
    struct audit_hit_row *rows;
    struct audit_sign_row now;
    size_t n;
    k->done = 0;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_audit_of_case(d->db, a, k->case_id, true, &row, e));
    TRY(ops_audit_hits(d->db, a, row.id, &rows, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(rows[i].signer, str_c(k->name)))
            continue;
        rows[i].signer = STR_NONE;
        rows[i].signed_us = 0;
        rows[i].alone = false;
        k->done++;
        TRY(ops_audit_hit_sign(d->db, &rows[i], e));
    }
    buf_add(&why, k->reason);
    enum rc rc = ops_audit_sign_now(d->db, a, row.id, &now, e);
    if (rc == RC_OK)
        return audit_end_sign(d, a, k->who, &row, buf_c(&why), e);
    if (rc != RC_NOTFOUND)
        return rc;
    if (k->done == 0)
        return err_set(e, RC_CONFLICT, "there is no signature that you could take back");
    json_t *p = json_object();
    json_put_int(p, "places", (int64_t)k->done);
    json_put_str(p, "reason", k->reason);
    return desk_event(d, k->who, k->case_id, "audit.unsigned", p, e);
}

enum rc audit_unsign(struct desk *d, const struct actor *who, int64_t case_id, struct str reason,
                     struct err *e)
{
    struct sign k = {.who = who, .case_id = case_id, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.name);
    return desk_run(d, unsign_tx, &k, e);
}

/* ---- a place that joined the case ---- */

/* Where the place stands in the newest answer, in the project's own repository. */
static enum rc part_lines(struct desk *d, struct arena *a, int64_t case_id, int64_t part,
                          struct str *ret, struct err *e)
{
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    struct audit_row row;
    struct audit_hit_row hit;
    TRY(ops_audit_part(d->db, a, case_id, part, &hit, e));
    if (hit.repo.n)
        return err_set(e, RC_INVALID,
                       "the place is in another repository: its releases are not "
                       "those of this project");
    *ret = audit_place(a, STR_NONE, hit.path, hit.line);
    TRY(ops_audit_of_case(d->db, a, case_id, false, &row, e));
    if (row.answer.n == 0)
        return RC_OK;
    TRY(audit_listing_read(d, a, &row, &l, e));
    for (size_t i = 0; i < l.r.n_hits; i++)
        if (l.of[i] && l.of[i]->id == part)
            *ret = arena_strf(a, "%.*s:%lld-%lld", STR_ARG(l.r.hits[i].path),
                              (long long)l.r.hits[i].start, (long long)l.r.hits[i].end);
    return arena_ok(a, "the place", e);
}

enum rc audit_part_fix(struct desk *d, const struct actor *who, const struct audit_part *n,
                       struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    struct affected_ask q = {.case_id = n->case_id,
                             .part = n->part,
                             .fix = n->fix,
                             .introduced = STR_NONE,
                             .at = STR_NONE};
    TRY(actor_needs_team(who, e));
    TRY(part_lines(d, a, n->case_id, n->part, &q.at, e));
    if (str_trim(n->fix).n)
        q.at = STR_NONE; /* the fix shows what was wrong, and where */
    return affected_ask(d, who, &q, e);
}
