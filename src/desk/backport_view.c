/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backports of a case as they are shown.
 * Runs in core.
 * Input: answers of the engine that were checked when they came, and are checked again when read.
 */
#include "base/utf8.h"
#include "desk/affected_inside.h"
#include "desk/audit_inside.h"
#include "desk/backport_inside.h"
#include "engine/backport/runs.h"

/* ---- in a line ---- */

enum rc view_backport_sum(struct desk *d, struct arena *a, int64_t case_id,
                          struct view_backport_sum *ret, struct err *e)
{
    struct view_backport_sum v = {.state = STR_NONE, .summary = STR_NONE};
    struct backport_row r;
    struct case_row c;
    AUTO(json) json_t *facts = NULL;
    *ret = v;
    enum rc rc = ops_backport_of_case(d->db, a, case_id, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    TRY(json_parse(c.facts, 64 * 1024, "facts of the case", &facts, e));
    v.state = r.state;
    v.summary = r.summary;
    v.lines = json_integer_value(json_object_get(facts, fact_name(FACT_LINES)));
    v.waived = json_integer_value(json_object_get(facts, fact_name(FACT_WAIVED)));
    v.ready = json_integer_value(json_object_get(facts, fact_name(FACT_FIXES))) + v.waived;
    *ret = v;
    return RC_OK;
}

/* ---- runs of tests ---- */

static const char *own_words(struct str own)
{
    static const struct {
        const char *name, *words;
    } all[] = {{"not-run", "not run"},
               {"proved", "fails before, passes after"},
               {"not-shown", "passes before too: it shows nothing"},
               {"unbuilt", "cannot be built without the fix: it shows nothing"}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (str_eq(own, str_c(all[i].name)))
            return all[i].words;
    return "";
}

static struct str *copied(struct arena *a, const struct runs_names *n)
{
    struct str *v = arena_array(a, n->n + 1, sizeof *v);
    for (size_t i = 0; v && i < n->n; i++)
        v[i] = arena_str(a, n->v[i]);
    return v;
}

static enum rc run_view(struct arena *a, const struct run_row *r,
                        const struct backport_line_row *line, struct view_backport_run *v,
                        struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct runs_tests t;
    *v = (struct view_backport_run){.id = r->id,
                                    .asked_us = r->asked_us,
                                    .ended_us = r->ended_us,
                                    .state = r->state,
                                    .result = r->result,
                                    .why = r->why,
                                    .asked_by = r->asked_by,
                                    .progress = r->progress,
                                    .commit = r->made,
                                    .own = STR_NONE,
                                    .has_log = r->log_blob != 0,
                                    .of_settled = line->made.n && str_eq(line->made, r->made)};
    if (r->answer.n == 0)
        return RC_OK;
    TRY(json_parse(r->answer, BACKPORT_ANSWER_MAX, "the answer of tests", &j, e));
    TRY(runs_tests_read(j, a, &t, e));
    v->before_built = t.base.built;
    v->after_built = t.candidate.built;
    v->before_ran = t.base.passed + t.base.failed;
    v->before_failed = t.base.failed;
    v->after_ran = t.candidate.passed + t.candidate.failed;
    v->after_failed = t.candidate.failed;
    v->fresh = copied(a, &t.fresh);
    v->n_fresh = v->fresh ? t.fresh.n : 0;
    v->missing = copied(a, &t.missing);
    v->n_missing = v->missing ? t.missing.n : 0;
    v->unsteady = copied(a, &t.unsteady);
    v->n_unsteady = v->unsteady ? t.unsteady.n : 0;
    v->own = str_c(own_words(t.own));
    return RC_OK;
}

static enum rc runs_of(struct arena *a, const struct run_row *runs, size_t n,
                       const struct backport_line_row *line, struct view_backport_line *v,
                       struct err *e)
{
    v->runs = arena_array(a, BACKPORT_RUNS + 1, sizeof *v->runs);
    TRY(arena_ok(a, "the runs", e));
    for (size_t i = 0; i < n && v->n_runs < BACKPORT_RUNS; i++)
        if (runs[i].line_id == line->id)
            TRY(run_view(a, &runs[i], line, &v->runs[v->n_runs++], e));
    return RC_OK;
}

/* ---- a line ---- */

static const char *open_state(const struct view_backport_line *v)
{
    if (v->edit_waits)
        return "being taken in";
    if (v->waits)
        return "under way";
    if (v->failed || !v->has)
        return "no answer";
    switch (v->r->verdict) {
    case PORT_ALREADY:
    case PORT_NOT_AFFECTED:
        return "ready";
    case PORT_CLEAN:
    case PORT_RESOLVED:
        return "to be accepted";
    case PORT_PROPOSED:
        return "to be looked at";
    default:
        return "needs a person";
    }
}

static const char *state_of(const struct view_backport_line *v, const struct standing *s)
{
    if (s->decision == BACKPORT_OPEN)
        return open_state(v);
    if (s->decision == BACKPORT_WAIVED)
        return "waived";
    if (s->ready)
        return "ready";
    if (s->runs)
        return "tests run";
    if (str_eq(str_c(s->result), STR("fail")))
        return "tests fail";
    return *s->result ? "tests say nothing" : "not tested";
}

static const char *next_of(const struct view_backport_line *v, const struct standing *s)
{
    if (s->ready || v->waits || v->edit_waits || s->runs)
        return "";
    if (s->decision == BACKPORT_OPEN) {
        if (!v->has)
            return "ask again, upload the change, or waive the line";
        if (v->r->verdict == PORT_NEEDS_PERSON)
            return v->r->n_candidates
                       ? "choose a candidate, or settle the conflict and upload the change"
                       : "settle the conflict and upload the change";
        return v->r->verdict == PORT_PROPOSED ? "look at it, then accept it or upload another"
                                              : "accept it";
    }
    if (str_eq(str_c(s->result), STR("fail")))
        return "upload another change, or waive the line";
    if (*s->result)
        return "say why it counts without tests";
    return v->tests_known ? "run its tests" : "say why it counts without tests";
}

static enum rc records(struct desk *d, struct arena *a, const struct backport_row *row,
                       const struct backport_line_row *r, struct view_backport *v,
                       struct view_backport_line *to, struct err *e)
{
    json_t *j = NULL;
    struct port_line *p;
    to->message.text = STR_NONE;
    if (r->record.n == 0)
        return RC_OK;
    TRY(json_parse(r->record, BACKPORT_ANSWER_MAX, "the answer", &j, e));
    json_array_append_new(v->json, j);
    p = &v->r.lines[v->r.n_lines];
    TRY(port_line_read(j, a, p, e));
    v->r.n_lines++;
    to->r = p;
    to->has = true;
    to->stale = r->nth != row->nth && backport_decision_of(r) == BACKPORT_OPEN;
    to->from_neighbour =
        p->source.n && !str_eq(p->source, STR("fix")) && !str_eq(p->source, STR("edited"));
    return p->message.n ? backport_message_of(d, a, row, p, &to->message, e) : RC_OK;
}

static void from_row(const struct backport_line_row *r, struct view_backport_line *v)
{
    v->id = r->id;
    v->nth = r->nth;
    v->name = r->name;
    v->onto = r->onto;
    v->waits = str_eq(r->state, STR("asked")) && r->decision.n == 0;
    v->failed = str_eq(r->state, STR("failed"));
    v->failure = r->failure;
    v->decision = backport_decision_of(r);
    v->reason = r->reason;
    v->actor = r->actor;
    v->at_us = r->decided_us;
    v->tree = r->tree;
    v->commit = r->made;
    v->has_patch = r->blob_id != 0;
    v->edit_waits = str_eq(r->edit_state, STR("asked"));
    v->edit_failure = r->edit_failure;
    v->untested_reason = r->untested;
    v->untested_by = r->untested_by;
    v->untested_us = r->untested_us;
}

struct seeing {
    const struct backport_row *row;
    const struct run_row *runs;
    size_t n_runs;
    const struct view_mline *reg;
    size_t n_reg;
};

static enum rc line_view(struct desk *d, struct arena *a, const struct seeing *k,
                         const struct backport_line_row *r, struct view_backport *v, struct err *e)
{
    struct view_backport_line *to = &v->of[v->n_of++];
    struct standing s = backport_standing(r, k->runs, k->n_runs);
    from_row(r, to);
    for (size_t i = 0; i < k->n_reg; i++)
        if (str_eq(k->reg[i].name, r->name)) {
            to->until_us = k->reg[i].until_us;
            to->tests_known = k->reg[i].tests.n > 0;
        }
    TRY(records(d, a, k->row, r, v, to, e));
    TRY(runs_of(a, k->runs, k->n_runs, r, to, e));
    for (size_t i = 0; s.counted && i < to->n_runs; i++)
        if (to->runs[i].id == s.counted->id)
            to->tested = &to->runs[i];
    to->ready = s.ready;
    to->state = state_of(to, &s);
    to->next = next_of(to, &s);
    bool open = !v->closed && !to->edit_waits;
    bool settled = s.decision == BACKPORT_ACCEPTED || s.decision == BACKPORT_EDITED;
    to->may_accept = open && to->has && !to->waits && !to->failed && to->r->tree.n &&
                     s.decision == BACKPORT_OPEN && !backport_is_free(to->r->verdict);
    to->may_test = open && to->tests_known && !s.runs && (settled || to->may_accept);
    to->may_release = open && settled && s.ready && r->made.n;
    to->may_untested = open && settled && !s.runs && (*s.result == '\0' || s.result[0] == 'u');
    v->n_ready += s.ready;
    v->n_waived += s.decision == BACKPORT_WAIVED;
    return RC_OK;
}

/* ---- lines that nobody asks about ---- */

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

static bool same_lane(const struct rec_lane *l, const struct view_mline *m)
{
    return str_eq(l->name, m->name) || (m->branch.n && str_eq(l->name, m->branch));
}

/* Whether the newest of a line is affected, as far as the case's affected versions say. */
static enum known is_affected(const struct record *rec, const struct view_mline *m)
{
    for (size_t i = 0; rec && i < rec->n_lanes; i++) {
        const struct rec_lane *l = &rec->lanes[i];
        if (!same_lane(l, m))
            continue;
        enum rec_status s = l->has_tip ? l->tip : REC_UNKNOWN;
        if (!l->has_tip && l->n)
            s = rec->releases[l->at[l->n - 1]].status;
        return s == REC_AFFECTED ? KNOWN_YES : s == REC_UNKNOWN ? KNOWN_NOT : KNOWN_NO;
    }
    for (size_t i = 0; rec && m->tags.n && i < rec->n_releases; i++)
        if (str_eq(rec->releases[i].tag, m->tip))
            return rec->releases[i].status == REC_AFFECTED  ? KNOWN_YES
                   : rec->releases[i].status == REC_UNKNOWN ? KNOWN_NOT
                                                            : KNOWN_NO;
    return KNOWN_NOT;
}

static enum rc others(struct desk *d, struct arena *a, const struct seeing *k,
                      struct view_backport *v, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(arena) struct arena *big = arena_new(REC_ARENA);
    struct affected_row row;
    struct record rec;
    const struct record *has = NULL;
    enum rc rc = affected_row_of(d, a, (struct affected_key){v->case_id, 0}, false, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (rc == RC_OK && row.answer.n) {
        TRY(json_parse(row.answer, BACKPORT_ANSWER_MAX, "the affected versions", &j, e));
        TRY(record_read(j, big, &rec, e));
        has = &rec;
    }
    v->others = arena_array(a, k->n_reg + 1, sizeof *v->others);
    TRY(arena_ok(a, "the lines", e));
    for (size_t i = 0; i < k->n_reg; i++) {
        const struct view_mline *m = &k->reg[i];
        bool asked = false;
        for (size_t n = 0; n < v->n_of; n++)
            asked = asked || str_eq(v->of[n].name, m->name);
        if (asked)
            continue;
        enum known known = is_affected(has, m);
        v->others[v->n_others++] = (struct view_backport_other){
            .name = m->name,
            .tip = m->tip,
            .maintained = m->maintained,
            .affected = known == KNOWN_YES,
            .words = m->maintained        ? "maintained, not asked about"
                     : known == KNOWN_YES ? "not fixed, not maintained"
                     : known == KNOWN_NO  ? "not affected, not maintained"
                                          : "not maintained, not known whether it is affected"};
    }
    return RC_OK;
}

/* ---- reproducers ---- */

static struct str status_of(struct desk *d, const struct record *rec, const struct runs_row *row)
{
    (void)d;
    if (rec == NULL)
        return STR_NONE;
    if (row->line)
        for (size_t i = 0; i < rec->n_lanes; i++)
            if (rec->lanes[i].has_tip && str_eq(rec->lanes[i].name, row->name))
                return str_c(rec_status_name(rec->lanes[i].tip));
    size_t at = record_tag(rec, row->name);
    return at < rec->n_releases ? str_c(rec_status_name(rec->releases[at].status)) : STR_NONE;
}

/* A crash where nothing is affected, or none where it is. */
static bool differs(struct str result, struct str affected)
{
    bool crashes = str_eq(result, STR("crashes")), fine = str_eq(result, STR("fine"));
    bool yes = str_eq(affected, str_c(rec_status_name(REC_AFFECTED))),
         no = str_eq(affected, str_c(rec_status_name(REC_FIXED))) ||
              str_eq(affected, str_c(rec_status_name(REC_NOT_AFFECTED)));
    return (crashes && no) || (fine && yes);
}

static enum rc matrix_view(struct desk *d, struct arena *a, const struct run_row *r,
                           const struct record *rec, struct view_matrix *v, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct runs_matrix m;
    *v = (struct view_matrix){.id = r->id,
                              .asked_us = r->asked_us,
                              .ended_us = r->ended_us,
                              .state = r->state,
                              .why = r->why,
                              .asked_by = r->asked_by,
                              .progress = r->progress,
                              .first_bad = STR_NONE,
                              .last_good = STR_NONE,
                              .has_log = r->log_blob != 0};
    if (r->answer.n == 0)
        return RC_OK;
    TRY(json_parse(r->answer, BACKPORT_ANSWER_MAX, "the answer of a run", &j, e));
    TRY(runs_matrix_read(j, a, &m, e));
    v->rows = arena_array(a, m.n_rows + 1, sizeof *v->rows);
    TRY(arena_ok(a, "the trees", e));
    for (; v->n_rows < m.n_rows; v->n_rows++) {
        const struct runs_row *from = &m.rows[v->n_rows];
        struct str affected = status_of(d, rec, from);
        bool off = differs(from->result, affected);
        v->rows[v->n_rows] = (struct view_matrix_row){.name = arena_str(a, from->name),
                                                      .commit = arena_str(a, from->commit),
                                                      .line = from->line,
                                                      .result = arena_str(a, from->result),
                                                      .affected = affected,
                                                      .differs = off,
                                                      .why = arena_str(a, from->why)};
        v->n_differs += off;
    }
    v->first_bad = arena_str(a, m.first_bad);
    v->last_good = arena_str(a, m.last_good);
    return RC_OK;
}

static void script_text(struct desk *d, struct arena *a, const struct reproducer_row *r,
                        struct view_reproducer *v)
{
    AUTO(buf) struct buf bytes = BUF_INIT(REPRODUCER_MAX);
    AUTO(buf) struct buf clean = BUF_INIT(4 * REPRODUCER_MAX);
    v->text = STR_NONE;
    if (r->blob_id == 0 || sealed_read(d, a, r->blob_id, &bytes, NULL) != RC_OK)
        return;
    v->binary = !utf8_valid(buf_str(&bytes)) || str_chr(buf_str(&bytes), '\0') != STR_NPOS;
    if (v->binary)
        return;
    utf8_clean(&clean, buf_str(&bytes));
    v->text = arena_str(a, buf_str(&clean));
}

static enum rc script_view(struct desk *d, struct arena *a, const struct seeing *k,
                           const struct reproducer_row *r, const struct record *rec, bool closed,
                           struct view_reproducer *v, struct err *e)
{
    bool approved = r->approved.n && str_eq(r->approved, r->sha256) && r->revoked_us == 0;
    bool waits = false;
    *v = (struct view_reproducer){.id = r->id,
                                  .added_us = r->added_us,
                                  .approved_us = approved ? r->approved_us : 0,
                                  .revoked_us = r->revoked_us,
                                  .name = r->name,
                                  .source = r->source,
                                  .added_by = r->added_by,
                                  .approved_by = approved ? r->approved_by : STR_NONE,
                                  .revoked_by = r->revoked_by,
                                  .revoked_why = r->revoked_why,
                                  .sha256 = r->sha256,
                                  .size = r->size};
    script_text(d, a, r, v);
    v->runs = arena_array(a, BACKPORT_RUNS + 1, sizeof *v->runs);
    TRY(arena_ok(a, "the runs", e));
    for (size_t i = 0; i < k->n_runs && v->n_runs < BACKPORT_RUNS; i++) {
        if (k->runs[i].reproducer_id != r->id)
            continue;
        waits = waits || str_eq(k->runs[i].state, STR("asked"));
        TRY(matrix_view(d, a, &k->runs[i], rec, &v->runs[v->n_runs++], e));
    }
    v->may_approve = !closed && !approved && r->blob_id;
    v->may_run = !closed && approved && !waits;
    return RC_OK;
}

static enum rc scripts(struct desk *d, struct arena *a, const struct seeing *k,
                       struct view_backport *v, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(arena) struct arena *big = arena_new(REC_ARENA);
    struct reproducer_row *r;
    struct affected_row row;
    struct record rec;
    const struct record *has = NULL;
    size_t n;
    TRY(ops_reproducers(d->db, a, v->case_id, &r, &n, e));
    v->scripts = arena_array(a, n + 1, sizeof *v->scripts);
    TRY(arena_ok(a, "the scripts", e));
    if (n == 0)
        return RC_OK;
    enum rc rc = affected_row_of(d, a, (struct affected_key){v->case_id, 0}, false, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (rc == RC_OK && row.answer.n) {
        TRY(json_parse(row.answer, BACKPORT_ANSWER_MAX, "the affected versions", &j, e));
        TRY(record_read(j, big, &rec, e));
        has = &rec;
    }
    for (; v->n_scripts < n; v->n_scripts++)
        TRY(script_view(d, a, k, &r[v->n_scripts], has, v->closed, &v->scripts[v->n_scripts], e));
    return RC_OK;
}

/* ---- the whole ---- */

static enum rc form(struct desk *d, struct arena *a, const struct backport_row *row,
                    struct view_backport *v, struct err *e)
{
    struct backport_ask f = {.fix = STR_NONE, .lines = STR_NONE};
    struct str known;
    TRY(audit_fix_known(d, a, v->case_id, &known, e));
    f.fix = known;
    if (row)
        TRY(backport_question_form(a, row->question, &f, e));
    v->fix = f.fix;
    v->lines = f.lines;
    v->fix_of_affected = known.n && str_eq(known, f.fix);
    return RC_OK;
}

static enum rc head(struct arena *a, const struct backport_row *row, struct view_backport *v,
                    struct err *e)
{
    json_t *j = NULL;
    if (row->head.n == 0)
        return RC_OK;
    TRY(json_parse(row->head, BACKPORT_ANSWER_MAX, "the answer", &j, e));
    json_array_append_new(v->json, j);
    return port_head_read(j, a, &v->r, e);
}

static enum rc asked(struct desk *d, struct arena *a, struct seeing *k, struct view_backport *v,
                     struct err *e)
{
    const struct backport_row *row = k->row;
    struct backport_line_row *lines;
    size_t n;
    v->nth = row->answer_nth;
    v->asked = true;
    v->waits = str_eq(row->state, STR("asked"));
    v->failed = str_eq(row->state, STR("failed"));
    v->asked_us = row->asked_us;
    v->asked_by = row->asked_by;
    v->answered_us = row->answered_us;
    v->progress = row->progress;
    v->failure = row->failure;
    v->summary = row->summary;
    v->message = row->message;
    TRY(ops_backport_lines(d->db, a, row->id, false, &lines, &n, e));
    v->json = json_array();
    TRY(head(a, row, v, e));
    v->r.lines = arena_array(a, n + 1, sizeof *v->r.lines);
    v->of = arena_array(a, n + 1, sizeof *v->of);
    TRY(arena_ok(a, "the lines", e));
    for (size_t i = 0; i < n; i++)
        if (lines[i].wanted)
            TRY(line_view(d, a, k, &lines[i], v, e));
    return view_backport_releases(d, a, row->id, v, e);
}

enum rc view_backport(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_backport *ret, struct err *e)
{
    AUTO(view_backport) struct view_backport v = {.case_id = case_id, .now_us = desk_now(d)};
    struct case_row c;
    struct backport_row row;
    struct view_mline *reg;
    struct run_row *runs;
    struct seeing k = {.row = &row};
    TRY(actor_needs_team(who, e));
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    v.case_number = c.number;
    v.case_title = c.title;
    v.closed = c.closed_us != 0 || c.joined_into != 0;
    v.is_public = (cs_parse(c.cs) & CS_P) != 0;
    v.repository = d->set->project.repository.n > 0;
    v.asked_by = v.progress = v.failure = v.summary = v.message = STR_NONE;
    TRY(lines_now(d, a, &reg, &k.n_reg, e));
    TRY(ops_runs(d->db, a, case_id, BACKPORT_LINES * BACKPORT_RUNS, &runs, &k.n_runs, e));
    k.reg = reg;
    k.runs = runs;
    enum rc rc = ops_backport_of_case(d->db, a, case_id, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    TRY(form(d, a, rc == RC_OK ? &row : NULL, &v, e));
    if (rc == RC_OK)
        TRY(asked(d, a, &k, &v, e));
    TRY(others(d, a, &k, &v, e));
    TRY(scripts(d, a, &k, &v, e));
    TRY(arena_ok(a, "the backports", e));
    *ret = v;
    v.json = NULL;
    return RC_OK;
}

void view_backport_auto(struct view_backport *v)
{
    json_decref(v->json);
    v->json = NULL;
}

/* ---- bytes ---- */

enum rc view_backport_patch(struct desk *d, const struct actor *who, int64_t case_id,
                            struct str line, struct buf *b, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf patch = BUF_INIT(PORT_PATCH_MAX);
    struct backport_row row;
    struct backport_line_row *rows, *r;
    struct port_line p;
    struct scrubbed message;
    size_t n;
    TRY(actor_needs_team(who, e));
    TRY(ops_backport_of_case(d->db, a, case_id, &row, e));
    TRY(ops_backport_lines(d->db, a, row.id, false, &rows, &n, e));
    TRY(backport_line_find(rows, n, line, &r, e));
    if (r->blob_id == 0)
        return err_set(e, RC_NOTFOUND, "nothing is kept of this line");
    TRY(sealed_read(d, a, r->blob_id, &patch, e));
    TRY(backport_record_of(a, r, &j, &p, e));
    TRY(backport_message_of(d, a, &row, &p, &message, e));
    return backport_mail_with(buf_str(&patch), message.text, b, e);
}

enum rc view_backport_log(struct desk *d, const struct actor *who, int64_t case_id, int64_t run,
                          struct buf *b, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct run_row r;
    TRY(actor_needs_team(who, e));
    TRY(ops_run_get(d->db, a, run, &r, e));
    if (r.case_id != case_id || r.log_blob == 0)
        return err_set(e, RC_NOTFOUND, "the case has no such log");
    return sealed_read(d, a, r.log_blob, b, e);
}

enum rc view_reproducer_bytes(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                              struct buf *b, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct reproducer_row r;
    TRY(actor_needs_team(who, e));
    TRY(ops_reproducer_get(d->db, a, case_id, id, &r, e));
    if (r.blob_id == 0)
        return err_set(e, RC_NOTFOUND, "this script was erased");
    return sealed_read(d, a, r.blob_id, b, e);
}
