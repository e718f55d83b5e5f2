/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of a case as it is shown.
 * Runs in core.
 * Input: answers of the engine that were checked when they came, and are checked again when read.
 */
#include "desk/advisory_inside.h"
#include "desk/affected_inside.h"
#include "desk/audit_inside.h"

/* ---- in a line ---- */

enum rc view_audit_line(struct desk *d, struct arena *a, int64_t case_id,
                        struct view_audit_line *ret, struct err *e)
{
    struct view_audit_line v = {.state = STR_NONE, .summary = STR_NONE};
    struct audit_row r;
    struct audit_sign_row s;
    *ret = v;
    enum rc rc = ops_audit_of_case(d->db, a, case_id, true, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    v.state = r.state;
    v.summary = r.summary;
    v.open = r.open;
    TRY(ops_audit_parts(d->db, case_id, &v.joined, e));
    rc = ops_audit_sign_now(d->db, a, r.id, &s, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    v.signed_off = rc == RC_OK;
    *ret = v;
    return RC_OK;
}

/* ---- the places ---- */

/* What other cases decided about the same content; the arena has room for the few that are shown.
 */
static void put_hint(struct arena *a, struct view_audit_hit *h, const struct audit_hint_row *r)
{
    bool far = h->h->at >= 0 && r->line_in >= 0 &&
               (h->h->at - r->line_in >= FIND_NEAR || r->line_in - h->h->at >= FIND_NEAR);
    if (!str_eq(h->h->chunk, r->chunk) || far || h->n_hints == AUDIT_HINTS)
        return;
    if (h->hints == NULL)
        h->hints = arena_array(a, AUDIT_HINTS, sizeof *h->hints);
    if (h->hints == NULL)
        return;
    struct view_audit_hint *to = &h->hints[h->n_hints++];
    *to = (struct view_audit_hint){
        .case_number = r->case_number, .reason = r->reason, .actor = r->actor, .at_us = r->at_us};
    (void)!audit_verdict_parse(r->verdict, &to->verdict);
}

static enum rc hints(struct desk *d, struct arena *a, int64_t audit_id, struct view_audit *v,
                     struct err *e)
{
    AUTO(json) json_t *keys = json_array();
    AUTO(buf) struct buf b = BUF_INIT(64 * 1024);
    struct audit_hint_row *r;
    size_t n;
    for (size_t i = 0; i < v->n_hits; i++)
        json_array_append_new(keys, json_str(v->hits[i].h->chunk));
    TRY(json_write(&b, keys, e));
    TRY(buf_ok(&b, "the keys of places", e));
    TRY(ops_audit_hints(d->db, a, audit_id, buf_str(&b), &r, &n, e));
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < v->n_hits; i++)
            put_hint(a, &v->hits[i], &r[k]);
    return RC_OK;
}

static enum rc decided(struct desk *d, struct arena *a, const struct actor *who,
                       const struct audit_hit_row *row, struct view_audit_hit *h, struct err *e)
{
    (void)!audit_verdict_parse(row->verdict, &h->verdict);
    h->reason = row->reason;
    h->actor = row->actor;
    h->at_us = row->at_us;
    h->signer = row->signer;
    h->signed_us = row->signed_us;
    h->alone = row->alone;
    h->part = h->verdict == AUDIT_SAME_FLAW ? row->id : 0;
    if (!str_eq(row->path, h->h->path) || !str_eq(row->repo, h->h->repo))
        h->was = audit_place(a, row->repo, row->path, row->line);
    bool may = false, alone = false;
    if (row->signer.n == 0)
        TRY(audit_may_sign(d, a, who, row, &may, &alone, e));
    h->may_sign = may;
    return RC_OK;
}

static enum rc places(struct desk *d, struct arena *a, const struct actor *who,
                      const struct audit_listing *l, struct view_audit *v, struct err *e)
{
    v->n_hits = l->r.n_hits;
    v->n_listed = l->n_listed;
    v->n_signed = l->n_signed;
    memcpy(v->count, l->count, sizeof v->count);
    v->hits = arena_array(a, v->n_hits + 1, sizeof *v->hits);
    TRY(arena_ok(a, "the places", e));
    for (size_t i = 0; i < v->n_hits; i++) {
        struct view_audit_hit *h = &v->hits[i];
        *h = (struct view_audit_hit){.h = &v->r.hits[i], .listed = l->listed[i]};
        h->reason = h->actor = h->was = h->signer = STR_NONE;
        h->key = audit_key(a, h->h->chunk, h->h->at);
        if (l->of[i])
            TRY(decided(d, a, who, l->of[i], h, e));
        v->may_sign = v->may_sign || (h->may_sign && h->listed);
    }
    return RC_OK;
}

/* ---- the dial ---- */

static enum rc dial(struct arena *a, int64_t cut, struct view_audit *v, struct err *e)
{
    v->expect = find_expect(&v->r, (double)cut / AUDIT_CUT_ONE);
    v->dial = arena_array(a, v->r.n_dial + 1, sizeof *v->dial);
    TRY(arena_ok(a, "the dial", e));
    for (size_t i = 0; i < v->r.n_dial; i++) {
        const struct find_cut *c = &v->r.dial[i];
        char text[AUDIT_CUT_TEXT];
        int64_t its = (int64_t)(c->cut * AUDIT_CUT_ONE); /* downwards: what has that score is in */
        audit_cut_write(its, text);
        v->dial[i] = (struct view_audit_cut){.cut = arena_str(a, str_c(text)),
                                             .recall = c->recall,
                                             .places = c->places,
                                             .here = find_above(&v->r, (double)its / AUDIT_CUT_ONE),
                                             .current = c == v->expect};
    }
    v->n_dial = v->r.n_dial;
    return RC_OK;
}

/* ---- places that joined ---- */

static const char *part_state(const struct view_audit_part *p)
{
    if (p->affected_state.n == 0)
        return "open";
    if (str_eq(p->affected_state, STR("failed")))
        return "no answer about releases";
    if (str_eq(p->affected_state, STR("asked")))
        return "releases are being looked through";
    bool none = str_starts(p->affected_summary, STR("no release is affected"));
    if (p->fix.n == 0)
        return none ? "no release has it" : "open, in releases";
    return none ? "not affected" : "fix named";
}

static struct str first_fix(struct arena *a, struct str question)
{
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(AUDIT_LINES_MAX);
    if (json_parse(question, AUDIT_QUESTION_MAX, "the question", &j, NULL) != RC_OK)
        return STR_NONE;
    const json_t *fix = json_object_get(j, "fix");
    for (size_t i = 0; i < json_array_size(fix); i++) {
        const json_t *group = json_array_get(fix, i);
        buf_adds(&b, i ? "\n" : "");
        for (size_t k = 0; k < json_array_size(group); k++) {
            const char *rev = json_string_value(json_array_get(group, k));
            buf_addf(&b, "%s%s", k ? " " : "", rev ? rev : "");
        }
    }
    return arena_str(a, buf_str(&b));
}

static enum rc parts(struct desk *d, struct arena *a, const struct audit_listing *l,
                     struct view_audit *v, struct err *e)
{
    struct affected_row *f;
    size_t n;
    TRY(ops_affected_parts(d->db, a, v->case_id, &f, &n, e));
    v->parts = arena_array(a, l->n_rows + 1, sizeof *v->parts);
    TRY(arena_ok(a, "the places that joined", e));
    for (size_t i = 0; i < l->n_rows; i++) {
        const struct audit_hit_row *row = &l->rows[i];
        if (!str_eq(row->verdict, STR("same_flaw")))
            continue;
        struct view_audit_part *p = &v->parts[v->n_parts++];
        *p = (struct view_audit_part){.part = row->id,
                                      .line = row->line,
                                      .at_us = row->at_us,
                                      .key = audit_key(a, row->chunk, row->line_in),
                                      .repo = row->repo,
                                      .path = row->path,
                                      .function = row->function,
                                      .reason = row->reason,
                                      .actor = row->actor};
        p->fix = p->affected_state = p->affected_summary = p->affected_progress =
            p->affected_failure = STR_NONE;
        for (size_t k = 0; k < l->r.n_hits; k++)
            p->there = p->there || (l->of[k] && l->of[k]->id == row->id);
        for (size_t k = 0; k < n; k++) {
            if (f[k].part != row->id)
                continue;
            p->answered_us = f[k].answered_us;
            p->fix = first_fix(a, f[k].question);
            p->affected_state = f[k].state;
            p->affected_summary = f[k].summary;
            p->affected_progress = f[k].progress;
            p->affected_failure = f[k].failure;
        }
        p->state = part_state(p);
    }
    return RC_OK;
}

enum rc view_audit_joined(struct desk *d, struct arena *a, int64_t case_id,
                          struct view_audit_part **ret, size_t *ret_n, struct err *e)
{
    struct view_audit v = {.case_id = case_id};
    struct audit_listing l = {.json = NULL}; /* of the answer nothing is wanted */
    struct audit_row row;
    *ret = NULL;
    *ret_n = 0;
    enum rc rc = ops_audit_of_case(d->db, a, case_id, true, &row, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_audit_hits(d->db, a, row.id, &l.rows, &l.n_rows, e));
    TRY(parts(d, a, &l, &v, e));
    *ret = v.parts;
    *ret_n = v.n_parts;
    return RC_OK;
}

/* ---- the record ---- */

static struct str counted(struct arena *a, const struct find_record *r)
{
    const struct {
        int64_t n;
        const char *one, *many;
    } what[] = {{r->repositories, "repository", "repositories"},
                {r->branches, "branch", "branches"},
                {r->files, "file", "files"},
                {r->lines, "line", "lines"}};
    AUTO(buf) struct buf b = BUF_INIT(400);
    for (size_t i = 0; i < ARRAY_LEN(what); i++)
        if (what[i].n)
            buf_addf(&b, "%s%lld %s", b.n ? ", " : "", (long long)what[i].n,
                     what[i].n == 1 ? what[i].one : what[i].many);
    return arena_str(a, buf_str(&b));
}

static enum rc searched(struct arena *a, const struct audit_run_row *row, struct view_audit_run *v,
                        struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct find_record r;
    v->searched = STR_NONE;
    if (row->searched.n == 0)
        return RC_OK;
    TRY(json_parse(row->searched, AUDIT_ANSWER_MAX, "the record of a search", &j, e));
    TRY(find_record_read(j, a, &r, e));
    v->searched = counted(a, &r);
    v->hits = json_integer_value(json_object_get(j, "found"));
    v->listed = json_integer_value(json_object_get(j, "listed"));
    v->not_searched = r.left_more;
    v->trees = r.trees;
    v->n_trees = r.n_trees;
    for (size_t i = 0; i < r.n_trees; i++) { /* what it borrows from goes */
        r.trees[i].repo = arena_str(a, r.trees[i].repo);
        r.trees[i].name = arena_str(a, r.trees[i].name);
        r.trees[i].commit = arena_str(a, r.trees[i].commit);
    }
    return RC_OK;
}

static enum rc record(struct desk *d, struct arena *a, int64_t audit_id, struct view_audit *v,
                      struct err *e)
{
    struct audit_run_row *r;
    struct audit_sign_row *s;
    char cut[AUDIT_CUT_TEXT];
    TRY(ops_audit_runs(d->db, a, audit_id, AUDIT_RUNS, &r, &v->n_runs, e));
    TRY(ops_audit_signs(d->db, a, audit_id, AUDIT_RUNS, &s, &v->n_signs, e));
    v->runs = arena_array(a, v->n_runs + 1, sizeof *v->runs);
    v->signs = arena_array(a, v->n_signs + 1, sizeof *v->signs);
    TRY(arena_ok(a, "the record", e));
    for (size_t i = 0; i < v->n_runs; i++) {
        struct view_audit_run *to = &v->runs[i];
        audit_cut_write(r[i].cut, cut);
        *to = (struct view_audit_run){.nth = r[i].nth,
                                      .asked_us = r[i].asked_us,
                                      .answered_us = r[i].answered_us,
                                      .state = r[i].state,
                                      .asked_by = r[i].asked_by,
                                      .failure = r[i].failure,
                                      .cut = arena_str(a, str_c(cut)),
                                      .question = audit_question_words(a, r[i].question)};
        TRY(searched(a, &r[i], to, e));
    }
    for (size_t i = 0; i < v->n_signs; i++) {
        AUTO(json) json_t *j = NULL;
        audit_cut_write(s[i].cut, cut);
        v->signs[i] = (struct view_audit_sign){.nth = s[i].nth,
                                               .at_us = s[i].at_us,
                                               .ended_us = s[i].ended_us,
                                               .signer = s[i].signer,
                                               .cut = arena_str(a, str_c(cut)),
                                               .digest = s[i].digest,
                                               .ended_why = s[i].ended_why,
                                               .alone = s[i].alone};
        TRY(json_parse(s[i].counts, 4096, "what was signed", &j, e));
        for (int k = AUDIT_SAME_FLAW; k < AUDIT_VERDICTS; k++)
            v->signs[i].count[k] =
                json_integer_value(json_object_get(j, audit_verdict_name((enum audit_verdict)k)));
    }
    v->signed_off = v->n_signs && v->signs[0].ended_us == 0;
    return RC_OK;
}

/* ---- the whole ---- */

static enum rc form(struct desk *d, struct arena *a, const struct audit_row *row,
                    struct view_audit *v, struct err *e)
{
    struct audit_ask f = {.case_id = v->case_id};
    f.fix = f.like = f.hunks = f.branches = f.repositories = f.limit = f.cut = f.rules = STR_NONE;
    struct str known;
    TRY(audit_fix_known(d, a, v->case_id, &known, e));
    if (row)
        TRY(audit_question_form(a, row->question, &f, e));
    else
        f.fix = known;
    v->fix = f.fix;
    v->like = f.like;
    v->hunks = f.hunks;
    v->branches = f.branches;
    v->repositories = f.repositories;
    v->rules = f.rules;
    v->limit = f.limit.n ? f.limit : arena_strf(a, "%d", AUDIT_LIMIT);
    v->cut = f.cut;
    v->fix_of_affected = known.n && str_eq(known, f.fix);
    const struct str_list *l = &d->set->project.repositories;
    struct str *names = arena_array(a, l->n + 1, sizeof *names), dir;
    TRY(arena_ok(a, "the repositories", e));
    for (size_t i = 0; i < l->n; i++)
        if (settings_repository(l->v[i], &names[v->n_known], &dir))
            v->n_known++;
    v->known = names;
    return RC_OK;
}

static enum rc answered(struct desk *d, struct arena *a, const struct actor *who,
                        const struct audit_row *row, struct view_audit *v, struct err *e)
{
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    char cut[AUDIT_CUT_TEXT];
    bool other;
    TRY(audit_listing_read(d, a, row, &l, e));
    v->r = l.r;
    TRY(places(d, a, who, &l, v, e));
    TRY(hints(d, a, row->id, v, e));
    TRY(dial(a, row->cut, v, e));
    TRY(parts(d, a, &l, v, e));
    audit_cut_write(row->cut, cut);
    v->cut = arena_str(a, str_c(cut));
    v->has = true;
    v->stale = !audit_current(row);
    if (!v->stale)
        audit_digest(row, &l, v->digest);
    TRY(approver_exists(d, a, who->account_id, &other, e));
    v->alone = !other;
    v->json = l.json; /* the record borrows from it */
    l.json = NULL;
    return RC_OK;
}

static void may_sign(const struct actor *who, const struct audit_row *row, struct view_audit *v)
{
    char name[ACTOR_NAME_MAX];
    actor_name(who, name);
    bool mine = v->n_listed > 0 || str_eq(row->asked_by, str_c(name));
    bool all = v->n_signed == (int64_t)v->n_listed; /* what is left is the audit as a whole */
    for (size_t i = 0; all && i < v->n_hits; i++)
        mine = mine && (!v->hits[i].listed || str_eq(v->hits[i].actor, str_c(name)));
    v->may_sign = v->has && !v->stale && !v->closed && !v->signed_off &&
                  (all ? !mine || v->alone : v->may_sign);
}

enum rc view_audit(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                   struct view_audit *ret, struct err *e)
{
    AUTO(view_audit) struct view_audit v = {.case_id = case_id, .now_us = desk_now(d)};
    struct case_row c;
    struct audit_row row;
    TRY(actor_needs_team(who, e));
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    v.case_number = c.number;
    v.case_title = c.title;
    v.closed = c.closed_us != 0 || c.joined_into != 0;
    v.repository = d->set->project.repository.n > 0;
    v.asked_by = v.progress = v.failure = v.summary = STR_NONE;
    enum rc rc = ops_audit_of_case(d->db, a, case_id, false, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    TRY(form(d, a, rc == RC_OK ? &row : NULL, &v, e));
    if (rc == RC_OK) {
        v.nth = row.answer_nth;
        v.asked = true;
        v.waits = str_eq(row.state, STR("asked"));
        v.failed = str_eq(row.state, STR("failed"));
        v.asked_us = row.asked_us;
        v.asked_by = row.asked_by;
        v.answered_us = row.answered_us;
        v.progress = row.progress;
        v.failure = row.failure;
        v.summary = row.summary;
        if (row.answer.n)
            TRY(answered(d, a, who, &row, &v, e));
        TRY(record(d, a, row.id, &v, e));
        may_sign(who, &row, &v);
    }
    TRY(arena_ok(a, "the audit", e));
    *ret = v;
    v.json = NULL;
    return RC_OK;
}

void view_audit_auto(struct view_audit *v)
{
    json_decref(v->json);
    v->json = NULL;
}
