/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people decide about the lines of a case: accept, edit, waive, and taking that back.
 * Runs in core.
 * Input: forms and commands of the team, hostile; uploaded bytes are only kept here, a job in a
 * confined child reads them.
 */
#include "base/hex.h"
#include "base/utf8.h"
#include "desk/backport_inside.h"
#include "desk/job.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

struct settle {
    const struct actor *who;
    const struct backport_settle *n;
    char author[ACTOR_NAME_MAX];
};

/* A case's row and that of one of its lines, with its record. */
struct at_line {
    struct backport_row row;
    struct backport_line_row *line;
};

static enum rc find(struct desk *d, struct arena *a, int64_t case_id, struct str name,
                    struct at_line *ret, struct err *e)
{
    struct open_case oc;
    struct backport_line_row *rows;
    size_t n;
    TRY(case_load_open(d, a, case_id, &oc, e));
    TRY(ops_backport_of_case(d->db, a, case_id, &ret->row, e));
    TRY(ops_backport_lines(d->db, a, ret->row.id, false, &rows, &n, e));
    return backport_line_find(rows, n, name, &ret->line, e);
}

static enum rc tell(struct desk *d, const struct actor *who, const struct at_line *at,
                    const char *kind, struct err *e)
{
    const struct backport_line_row *r = at->line;
    json_t *p = json_object();
    json_put_str(p, "line", r->name);
    if (r->decision.n) {
        AUTO(buf) struct buf what = BUF_INIT(LINE_NAME_MAX + 100);
        buf_addf(&what, "%.*s: %.*s", STR_ARG(r->name), STR_ARG(r->decision));
        json_put_str(p, "what", buf_str(&what));
        json_put_str(p, "decision", r->decision);
    }
    if (r->tree.n)
        json_put_str(p, "tree", r->tree);
    if (r->made.n)
        json_put_str(p, "commit", r->made);
    if (r->reason.n)
        json_put_str(p, "reason", r->reason);
    return desk_event(d, who, at->row.case_id, kind, p, e);
}

/* Bytes that a job makes a commit of; tree: what has to come out, empty: whatever does. */
struct upload {
    const struct actor *who;
    const char *author;
    struct str bytes, reason, tree;
};

static enum rc take_in(struct desk *d, struct arena *a, struct at_line *at, const struct upload *u,
                       struct err *e)
{
    struct backport_line_row *r = at->line;
    int64_t old = r->edit_blob;
    TRY(sealed_put(d, a, at->row.case_id, SEALED_PATCH, u->bytes, &r->edit_blob, e));
    r->edit_state = STR("asked");
    r->edit_failure = STR_NONE;
    r->edit_reason = u->reason;
    r->edit_by = str_c(u->author);
    r->edit_account = u->who->account_id;
    r->edit_tree = u->tree;
    r->edit_nth++;
    TRY(ops_backport_line_edit(d->db, r, e));
    TRY(sealed_drop(d, a, old, e));
    TRY(desk_job_order(d, BACKPORT_EDIT_JOB, r->id, r->edit_nth, e));
    json_t *p = json_object();
    json_put_str(p, "line", r->name);
    if (u->tree.n)
        json_put_str(p, "tree", u->tree);
    json_put_int(p, "bytes", (int64_t)u->bytes.n);
    if (u->reason.n)
        json_put_str(p, "reason", u->reason);
    return desk_event(d, u->who, at->row.case_id, "backport.edited", p, e);
}

static void edit_over(struct backport_line_row *r)
{
    r->edit_state = r->edit_failure = r->edit_reason = r->edit_by = r->edit_tree = STR_NONE;
    r->edit_blob = r->edit_account = 0;
}

/* The line as if nobody had decided: what was kept of it goes. */
static enum rc clear(struct desk *d, struct arena *a, struct backport_line_row *r, struct err *e)
{
    int64_t blob = r->blob_id;
    r->decision = r->reason = r->actor = r->tree = r->made = r->base = STR_NONE;
    r->account_id = r->decided_us = r->blob_id = 0;
    TRY(ops_backport_line_settle(d->db, r, e));
    r->untested = r->untested_by = STR_NONE;
    r->untested_us = 0;
    TRY(ops_backport_line_untested(d->db, r, e));
    if (r->edit_state.n) {
        int64_t upload = r->edit_blob;
        edit_over(r);
        TRY(ops_backport_line_edit(d->db, r, e));
        TRY(sealed_drop(d, a, upload, e));
    }
    TRY(backport_release_end(d, a, r->id, e));
    return sealed_drop(d, a, blob, e);
}

struct made {
    const char *decision;
    struct str reason, tree, made, base, patch;
    struct str actor;
    int64_t account_id;
};

/* Settled with something that can be built on. */
static enum rc settle_with(struct desk *d, struct arena *a, const struct actor *who,
                           struct at_line *at, const struct made *m, struct err *e)
{
    struct backport_line_row *r = at->line;
    bool ordered;
    TRY(clear(d, a, r, e));
    r->decision = str_c(m->decision);
    r->reason = m->reason;
    r->actor = m->actor;
    r->account_id = m->account_id;
    r->decided_us = desk_now(d);
    r->tree = m->tree;
    r->made = m->made;
    r->base = m->base;
    if (m->patch.n)
        TRY(sealed_put(d, a, at->row.case_id, SEALED_PATCH, m->patch, &r->blob_id, e));
    TRY(ops_backport_line_settle(d->db, r, e));
    TRY(tell(d, who, at, "backport.settled", e));
    TRY(backport_order_tests(d, a, who, &at->row, r, &ordered, e));
    TRY(backport_rerun(d, a, who, &at->row, r->place, e));
    return backport_count(d, a, who, at->row.id, "a line was settled", e);
}

/* ---- accept, waive, reopen ---- */

/* Another candidate that was shown: a job makes the commit out of its difference, and the tree has
 * to come out that was looked at. */
static enum rc accept_other(struct desk *d, struct arena *a, const struct settle *k,
                            struct at_line *at, const struct port_line *p, struct err *e)
{
    for (size_t i = 0; i < p->n_candidates; i++) {
        const struct port_candidate *c = &p->candidates[i];
        if (!str_eq(c->tree, k->n->tree))
            continue;
        if (c->diff.n == 0 || c->diff.n > BACKPORT_EDIT_MAX)
            return err_set(e, RC_INVALID, "that candidate cannot be taken as it is: upload it");
        struct upload u = {k->who, k->author, c->diff, str_trim(k->n->reason), c->tree};
        return take_in(d, a, at, &u, e);
    }
    return err_set(e, RC_CONFLICT, "the answer about this line has no such candidate");
}

static enum rc accept_line(struct desk *d, struct arena *a, const struct settle *k,
                           struct at_line *at, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct backport_line_row *r = at->line;
    struct port_line p;
    struct made m = {.decision = backport_decision_name(BACKPORT_ACCEPTED),
                     .reason = str_trim(k->n->reason),
                     .actor = str_c(k->author),
                     .account_id = k->who->account_id};
    if (!str_eq(r->state, STR("answered")) || r->nth != k->n->nth)
        return err_set(e, RC_CONFLICT, "there is another answer about this line: look at it first");
    TRY(backport_record_of(a, r, &j, &p, e));
    if (backport_is_free(p.verdict))
        return err_set(e, RC_INVALID, "nothing has to be done for this line");
    bool own = p.tree.n && str_eq(p.tree, k->n->tree);
    if (m.reason.n == 0 && (!own || p.verdict == PORT_PROPOSED))
        return err_set(e, RC_INVALID, "say why this one is right: nothing proves it");
    if (!own)
        return accept_other(d, a, k, at, &p, e);
    if (p.made.n == 0)
        return err_set(e, RC_INVALID, "the candidate has no commit: ask again");
    m.tree = p.tree;
    m.made = p.made;
    m.patch = p.patch;
    m.base = p.commit;
    return settle_with(d, a, k->who, at, &m, e);
}

static enum rc waive(struct desk *d, struct arena *a, const struct settle *k, struct at_line *at,
                     struct err *e)
{
    struct backport_line_row *r = at->line;
    bool was_made = r->made.n > 0;
    TRY(clear(d, a, r, e));
    TRY(ops_runs_cancel(d->db, r->id, 0, desk_now(d), e));
    r->decision = str_c(backport_decision_name(BACKPORT_WAIVED));
    r->reason = k->n->reason;
    r->actor = str_c(k->author);
    r->account_id = k->who->account_id;
    r->decided_us = desk_now(d);
    TRY(ops_backport_line_settle(d->db, r, e));
    TRY(tell(d, k->who, at, "backport.settled", e));
    if (was_made)
        TRY(backport_rerun(d, a, k->who, &at->row, r->place, e));
    return backport_count(d, a, k->who, at->row.id, "a line was waived", e);
}

/* The record tells of what was taken in, no longer of the engine's candidate. */
static bool is_edited(struct arena *a, const struct backport_line_row *r)
{
    AUTO(json) json_t *j = NULL;
    struct port_line p;
    if (backport_record_of(a, r, &j, &p, NULL) != RC_OK)
        return false;
    for (size_t i = 0; i < p.n_rules; i++)
        if (str_eq(p.rules[i], STR("edited")))
            return true;
    return false;
}

/* An answer that was replaced by an upload is asked for again. */
static enum rc reopen(struct desk *d, struct arena *a, const struct settle *k, struct at_line *at,
                      struct err *e)
{
    struct backport_line_row *r = at->line;
    enum backport_decision was = backport_decision_of(r);
    if (was == BACKPORT_OPEN)
        return err_set(e, RC_CONFLICT, "nobody has decided about this line");
    bool again = was == BACKPORT_EDITED || r->record.n == 0 || is_edited(a, r);
    TRY(clear(d, a, r, e));
    TRY(ops_runs_cancel(d->db, r->id, 0, desk_now(d), e));
    r->reason = k->n->reason;
    TRY(tell(d, k->who, at, "backport.unsettled", e));
    TRY(backport_rerun(d, a, k->who, &at->row, again ? r->place - 1 : r->place, e));
    return backport_count(d, a, k->who, at->row.id, "a line was opened again", e);
}

static enum rc settle_tx(struct desk *d, void *arg, struct err *e)
{
    const struct settle *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct at_line at;
    TRY(find(d, a, k->n->case_id, k->n->line, &at, e));
    if (str_eq(k->n->act, STR("accept")))
        return accept_line(d, a, k, &at, e);
    if (str_eq(k->n->act, STR("waive")))
        return waive(d, a, k, &at, e);
    return reopen(d, a, k, &at, e);
}

enum rc backport_settle(struct desk *d, const struct actor *who, const struct backport_settle *n,
                        struct err *e)
{
    static const char *const acts[] = {"accept", "waive", "reopen"};
    struct settle k = {.who = who, .n = n};
    bool known = false;
    TRY(actor_needs_team(who, e));
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        known = known || str_eq(n->act, str_c(acts[i]));
    if (!known)
        return err_set(e, RC_INVALID, "a line is settled by accept, waive or reopen");
    if (who->kind == ACTOR_MACHINE)
        return err_set(e, RC_DENIED, "a person settles a line");
    if (str_eq(n->act, STR("waive")) || str_trim(n->reason).n)
        TRY(desk_check_text(n->reason, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.author);
    return desk_run(d, settle_tx, &k, e);
}

/* ---- edit ---- */

struct edit {
    const struct actor *who;
    const struct backport_edit *n;
    char author[ACTOR_NAME_MAX];
};

static bool is_bundle(struct str s)
{
    return str_starts(s, STR("# v2 git bundle\n")) || str_starts(s, STR("# v3 git bundle\n"));
}

static bool is_patch(struct str s)
{
    bool hunks = str_find(s, STR("\n@@ ")) != STR_NPOS;
    bool git = str_starts(s, STR("diff --git ")) || str_find(s, STR("\ndiff --git ")) != STR_NPOS;
    bool plain = (str_starts(s, STR("--- ")) || str_find(s, STR("\n--- ")) != STR_NPOS) &&
                 str_find(s, STR("\n+++ ")) != STR_NPOS;
    return git || (plain && hunks);
}

static enum rc edit_tx(struct desk *d, void *arg, struct err *e)
{
    const struct edit *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct at_line at;
    TRY(find(d, a, k->n->case_id, k->n->line, &at, e));
    struct upload u = {k->who, k->author, k->n->bytes, str_trim(k->n->reason), STR_NONE};
    return take_in(d, a, &at, &u, e);
}

enum rc backport_edit(struct desk *d, const struct actor *who, const struct backport_edit *n,
                      struct err *e)
{
    struct edit k = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    if (who->kind == ACTOR_MACHINE)
        return err_set(e, RC_DENIED, "a person settles a line");
    if (n->bytes.n == 0 || n->bytes.n > BACKPORT_EDIT_MAX)
        return err_set(e, RC_LIMIT, "a patch or bundle has 1 to %d bytes", BACKPORT_EDIT_MAX);
    bool bundle = is_bundle(n->bytes);
    if (!bundle && !is_patch(n->bytes))
        return err_set(e, RC_INVALID,
                       "that is neither a patch (git format-patch, a unified diff) nor a git "
                       "bundle");
    if (!bundle && (!utf8_valid(n->bytes) || str_chr(n->bytes, '\0') != STR_NPOS))
        return err_set(e, RC_INVALID, "the patch is not UTF-8: upload a bundle");
    if (str_trim(n->reason).n)
        TRY(desk_check_text(n->reason, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.author);
    return desk_run(d, edit_tx, &k, e);
}

enum rc backport_edit_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(json) json_t *in = json_object();
    AUTO(json) json_t *args = json_object();
    AUTO(buf) struct buf bytes = BUF_INIT(BACKPORT_EDIT_MAX);
    AUTO(buf) struct buf coded = BUF_INIT(2 * BACKPORT_EDIT_MAX);
    json_t *question = NULL;
    struct backport_line_row r;
    struct backport_row row;
    TRY(ops_backport_line_get(d->db, a, subject, &r, e));
    if (!str_eq(r.edit_state, STR("asked")) || r.edit_blob == 0)
        return RC_OK;
    TRY(ops_backport_get(d->db, a, r.backport_id, &row, e));
    TRY(sealed_read(d, a, r.edit_blob, &bytes, e));
    TRY(json_parse(row.question, BACKPORT_QUESTION_MAX, "the question", &question, e));
    json_object_set_new(in, "question", question);
    json_object_del(question, "lines");
    json_put_str(question, "onto", r.onto);
    if (is_bundle(buf_str(&bytes))) {
        base64_add(&coded, buf_str(&bytes));
        TRY(buf_ok(&coded, "what was uploaded", e));
        json_put_str(in, "bundle", buf_str(&coded));
    } else {
        json_put_str(in, "patch", buf_str(&bytes));
    }
    json_put_int(args, "nth", r.edit_nth);
    json_put_int(args, "case", row.id);
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = BACKPORT_EDIT_JOB;
    return RC_OK;
}

struct edited {
    int64_t id, nth;
    const json_t *line;
    const struct port_line *p;
    struct str why;
};

static enum rc edited_tx(struct desk *d, void *arg, struct err *e)
{
    const struct edited *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_ANSWER_MAX);
    struct backport_line_row r;
    struct at_line at = {.line = &r};
    TRY(ops_backport_line_get(d->db, a, k->id, &r, e));
    if (!str_eq(r.edit_state, STR("asked")) || r.edit_nth != k->nth)
        return RC_OK; /* another upload, or somebody settled it otherwise */
    TRY(ops_backport_get(d->db, a, r.backport_id, &at.row, e));
    TRY(json_write(&b, k->line, e));
    TRY(buf_ok(&b, "the answer about a line", e));
    bool other = r.edit_tree.n > 0; /* a candidate that was shown */
    if (other && !str_eq(r.edit_tree, k->p->tree))
        return err_set(e, RC_INVALID,
                       "that candidate could not be made again as it was shown: upload it");
    struct made m = {.decision =
                         backport_decision_name(other ? BACKPORT_ACCEPTED : BACKPORT_EDITED),
                     .reason = r.edit_reason,
                     .tree = k->p->tree,
                     .made = k->p->made,
                     .base = k->p->commit,
                     .patch = k->p->patch,
                     .actor = r.edit_by,
                     .account_id = r.edit_account};
    int64_t blob = r.edit_blob;
    edit_over(&r);
    TRY(ops_backport_line_edit(d->db, &r, e));
    TRY(sealed_drop(d, a, blob, e));
    r.record = buf_str(&b);
    r.verdict = str_c(port_verdict_name(k->p->verdict));
    r.state = STR("answered");
    r.failure = STR_NONE;
    r.nth = at.row.nth;
    TRY(ops_backport_line_answer(d->db, &r, e));
    return settle_with(d, a, &machine, &at, &m, e);
}

enum rc backport_edit_job_answer(struct desk *d, int64_t subject, const json_t *answer,
                                 struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    struct port_line p;
    struct edited k = {.id = subject, .line = json_object_get(answer, "line"), .p = &p};
    TRY(json_get_int(answer, "nth", 0, INT64_MAX, &k.nth, e));
    TRY(port_line_read(k.line, a, &p, e));
    if (p.tree.n == 0 || p.made.n == 0)
        return err_set(e, RC_INVALID, "the answer has no commit of what was uploaded");
    return desk_run(d, edited_tx, &k, e);
}

static enum rc edit_failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct edited *k = arg;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    struct backport_line_row r;
    struct backport_row row;
    TRY(ops_backport_line_get(d->db, a, k->id, &r, e));
    if (!str_eq(r.edit_state, STR("asked")))
        return RC_OK;
    TRY(ops_backport_get(d->db, a, r.backport_id, &row, e));
    int64_t blob = r.edit_blob;
    edit_over(&r);
    r.edit_state = STR("failed");
    r.edit_failure = k->why;
    TRY(ops_backport_line_edit(d->db, &r, e));
    TRY(sealed_drop(d, a, blob, e));
    json_t *p = json_object();
    json_put_str(p, "line", r.name);
    json_put_str(p, "reason", k->why);
    return desk_event(d, &machine, row.case_id, "backport.edit_failed", p, e);
}

enum rc backport_edit_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct edited k = {.id = subject, .why = why};
    return desk_run(d, edit_failed_tx, &k, e);
}

/* ---- without tests; the message ---- */

struct say {
    const struct actor *who;
    int64_t case_id;
    struct str line, text;
    char author[ACTOR_NAME_MAX];
};

static enum rc untested_tx(struct desk *d, void *arg, struct err *e)
{
    const struct say *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct at_line at;
    struct run_row *runs;
    size_t n;
    TRY(find(d, a, k->case_id, k->line, &at, e));
    TRY(ops_runs_bare(d->db, a, k->case_id, BACKPORT_RUNS_MAX, &runs, &n, e));
    struct backport_line_row *r = at.line;
    struct standing s = backport_standing(r, runs, n);
    if (k->text.n && s.decision != BACKPORT_ACCEPTED && s.decision != BACKPORT_EDITED)
        return err_set(e, RC_CONFLICT, "settle the line first");
    if (k->text.n && (str_eq(str_c(s.result), STR("pass")) || str_eq(str_c(s.result), STR("fail"))))
        return err_set(e, RC_CONFLICT, "its tests said something: that counts");
    r->untested = k->text;
    r->untested_by = k->text.n ? str_c(k->author) : STR_NONE;
    r->untested_us = k->text.n ? desk_now(d) : 0;
    TRY(ops_backport_line_untested(d->db, r, e));
    json_t *p = json_object();
    json_put_str(p, "line", r->name);
    json_put_bool(p, "counts", k->text.n > 0);
    if (k->text.n)
        json_put_str(p, "reason", k->text);
    TRY(desk_event(d, k->who, k->case_id, "backport.untested_taken", p, e));
    return backport_count(d, a, k->who, at.row.id, "a line without tests", e);
}

enum rc backport_untested(struct desk *d, const struct actor *who, int64_t case_id, struct str line,
                          struct str reason, struct err *e)
{
    struct say k = {.who = who, .case_id = case_id, .line = line, .text = str_trim(reason)};
    TRY(actor_needs_team(who, e));
    if (who->kind == ACTOR_MACHINE)
        return err_set(e, RC_DENIED, "a person takes that upon them");
    if (k.text.n)
        TRY(desk_check_text(k.text, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.author);
    return desk_run(d, untested_tx, &k, e);
}

static enum rc message_tx(struct desk *d, void *arg, struct err *e)
{
    const struct say *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    struct backport_row r;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_backport_of_case(d->db, a, k->case_id, &r, e));
    if (str_eq(r.message, k->text))
        return RC_OK;
    r.message = k->text;
    TRY(ops_backport_message(d->db, &r, e));
    return desk_event(d, k->who, k->case_id, "backport.message",
                      json_pack("{s:b}", "own", k->text.n > 0), e);
}

enum rc backport_message(struct desk *d, const struct actor *who, int64_t case_id,
                         struct str message, struct err *e)
{
    struct say k = {.who = who, .case_id = case_id, .text = str_trim(message)};
    TRY(actor_needs_team(who, e));
    if (k.text.n)
        TRY(desk_check_text(k.text, SCRUB_TEXT_MAX, "the message", e));
    return desk_run(d, message_tx, &k, e);
}

/* ---- what belongs to a case goes with it ---- */

enum rc backport_move(struct desk *d, struct arena *a, const struct actor *who, int64_t from_case,
                      int64_t to_case, struct err *e)
{
    struct backport_row row, other;
    enum rc rc = ops_backport_of_case(d->db, a, from_case, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    bool has = rc == RC_OK;
    rc = ops_backport_of_case(d->db, a, to_case, &other, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    bool goes = has && rc == RC_NOTFOUND;
    TRY(ops_backport_move(d->db, from_case, to_case, goes, e));
    return goes ? backport_count(d, a, who, row.id, "a joined case brought its backports", e)
                : RC_OK;
}

enum rc backport_erase(struct desk *d, struct arena *a, int64_t case_id, struct err *e)
{
    struct backport_row row;
    enum rc rc = ops_backport_of_case(d->db, a, case_id, &row, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    return desk_job_order(d, BACKPORT_FORGET, row.id, 0, e);
}

enum rc backport_forget_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(json) json_t *args = json_object();
    (void)d;
    json_put_int(args, "case", subject);
    TRY(json_write(&q->args, args, e));
    q->engine = BACKPORT_FORGET;
    return RC_OK;
}

/* It is gone, or the job failed and is tried again. */
enum rc backport_forget_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    (void)d;
    (void)subject;
    return json_is_object(answer) ? RC_OK
                                  : err_set(e, RC_INVALID, "the answer of a job is no object");
}
