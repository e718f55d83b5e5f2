/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backports of a case: the question, the job that answers, and what follows from a change.
 * Runs in core.
 * Input: forms and commands of the team, hostile; the engine's answer, a stranger's text.
 */
#include "desk/backport.h"

#include "base/utf8.h"
#include "desk/audit_inside.h"
#include "desk/backport_inside.h"
#include "desk/job.h"

#define REV_MAX 200 /* bytes of a revision */

static const struct actor machine = ACTOR_INIT_MACHINE;

static const char *const names[] = {"", "accepted", "edited", "waived"};

const char *backport_decision_name(enum backport_decision v)
{
    return v < BACKPORT_DECISIONS ? names[v] : "?";
}

const char *backport_decision_words(enum backport_decision v)
{
    return v == BACKPORT_OPEN ? "not decided" : backport_decision_name(v);
}

enum backport_decision backport_decision_of(const struct backport_line_row *r)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(r->decision, str_c(names[i])))
            return (enum backport_decision)i;
    return BACKPORT_OPEN;
}

enum rc backport_line_find(struct backport_line_row *rows, size_t n, struct str name,
                           struct backport_line_row **ret, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].wanted || !str_eq(rows[i].name, name))
            continue;
        *ret = &rows[i];
        return RC_OK;
    }
    return err_set(e, RC_NOTFOUND, "the case does not ask about such a line");
}

enum rc backport_record_of(struct arena *a, const struct backport_line_row *r, json_t **ret_j,
                           struct port_line *ret, struct err *e)
{
    if (r->record.n == 0)
        return err_set(e, RC_NOTFOUND, "there is no answer about that line yet");
    TRY(json_parse(r->record, BACKPORT_ANSWER_MAX, "the answer", ret_j, e));
    return port_line_read(*ret_j, a, ret, e);
}

/* ---- the question ---- */

static bool is_break(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\n';
}

static enum rc revisions(struct str text, json_t *to, struct err *e)
{
    if (text.n > BACKPORT_FIELD_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "the commits of the fix: not plain text, or too long");
    for (size_t i = 0, from = 0; i <= text.n; i++) {
        if (i < text.n && !is_break(text.p[i]))
            continue;
        struct str word = str_sub(text, from, i - from);
        from = i + 1;
        if (word.n == 0)
            continue;
        if (word.n > REV_MAX || json_array_size(to) == BACKPORT_REVS)
            return err_set(e, RC_LIMIT, "the commits of the fix: too long, or too many");
        json_array_append_new(to, json_str(word));
    }
    return RC_OK;
}

/* Names may hold spaces: one a line, or with commas between. */
static enum rc line_names(struct str text, json_t *to, struct err *e)
{
    struct str line, name;
    if (text.n > BACKPORT_FIELD_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "the lines: not plain text, or too long");
    while (str_line(&text, &line)) {
        while (str_cut(&line, ',', &name)) {
            name = str_trim(name);
            if (name.n == 0)
                continue;
            if (name.n > LINE_NAME_MAX || json_array_size(to) == BACKPORT_LINES)
                return err_set(e, RC_LIMIT, "the lines: too long, or too many");
            json_array_append_new(to, json_str(name));
        }
    }
    return RC_OK;
}

enum rc backport_question_make(struct desk *d, struct arena *a, const struct backport_ask *q,
                               struct buf *ret, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    json_t *fix = json_array(), *lines = json_array();
    struct str known = q->fix;
    json_object_set_new(j, "fix", fix);
    json_object_set_new(j, "lines", lines);
    if (str_trim(q->fix).n == 0)
        TRY(audit_fix_known(d, a, q->case_id, &known, e));
    TRY(revisions(known, fix, e));
    TRY(line_names(q->lines, lines, e));
    if (json_array_size(fix) == 0)
        return err_set(e, RC_INVALID, "name the commits of the fix");
    TRY(json_write(ret, j, e));
    return buf_ok(ret, "the question", e);
}

static struct str joined(struct arena *a, const json_t *list)
{
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_QUESTION_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));
        buf_addf(&b, "%s%s", i ? "\n" : "", s ? s : "");
    }
    return arena_str(a, buf_str(&b));
}

enum rc backport_question_form(struct arena *a, struct str question, struct backport_ask *ret,
                               struct err *e)
{
    AUTO(json) json_t *j = NULL;
    TRY(json_parse(question, BACKPORT_QUESTION_MAX, "the question", &j, e));
    ret->fix = joined(a, json_object_get(j, "fix"));
    ret->lines = joined(a, json_object_get(j, "lines"));
    return arena_ok(a, "the question", e);
}

/* ---- lines of the register become lines of the case ---- */

static bool is_named(const json_t *list, struct str name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_eq(name, str_c(json_string_value(json_array_get(list, i)))))
            return true;
    return false;
}

struct wanted {
    struct view_mline *v;
    size_t n;
};

/* Those that were named, else all that are maintained. */
static enum rc want(struct desk *d, struct arena *a, const json_t *question, struct wanted *ret,
                    struct err *e)
{
    const json_t *asked = json_object_get(question, "lines");
    struct view_mline *all;
    size_t n, named = json_array_size(asked);
    struct wanted w = {.n = 0};
    TRY(lines_now(d, a, &all, &n, e));
    w.v = arena_array(a, n + 1, sizeof *w.v);
    TRY(arena_ok(a, "the lines", e));
    for (size_t i = 0; i < n; i++)
        if (named ? is_named(asked, all[i].name) : all[i].maintained)
            w.v[w.n++] = all[i];
    if (w.n < named)
        return err_set(e, RC_INVALID, "the register has no such line");
    if (w.n == 0)
        return err_set(e, RC_INVALID,
                       "the register of lines is empty: fill it, or set [project] maintained");
    if (w.n > BACKPORT_LINES)
        return err_set(e, RC_LIMIT, "more than %d lines: name some of them", BACKPORT_LINES);
    for (size_t i = 0; i < w.n; i++)
        if (w.v[i].tip.n == 0)
            return err_set(e, RC_INVALID,
                           "of one line it is not known which release is its newest: have the "
                           "register filled");
    *ret = w;
    return RC_OK;
}

bool backport_is_free(enum port_verdict v)
{
    return v == PORT_ALREADY || v == PORT_NOT_AFFECTED;
}

/* New lines come in, lines that nobody asks for any more stay behind; what is open is asked for. */
static enum rc sync_lines(struct desk *d, struct arena *a, int64_t backport_id,
                          const struct wanted *w, size_t *ret_open, struct err *e)
{
    struct backport_line_row *rows;
    size_t n, open = 0;
    TRY(ops_backport_lines(d->db, a, backport_id, true, &rows, &n, e));
    for (size_t i = 0; i < n; i++)
        rows[i].wanted = false;
    for (size_t k = 0; k < w->n; k++) {
        struct backport_line_row *r = NULL;
        for (size_t i = 0; i < n && !r; i++)
            if (str_eq(rows[i].name, w->v[k].name))
                r = &rows[i];
        if (r == NULL) {
            struct backport_line_row fresh = {.backport_id = backport_id,
                                              .name = w->v[k].name,
                                              .onto = w->v[k].tip,
                                              .place = (int64_t)k,
                                              .wanted = true};
            TRY(ops_backport_line_insert(d->db, &fresh, &fresh.id, e));
            open++;
            continue;
        }
        r->wanted = true;
        r->place = (int64_t)k;
        if (backport_decision_of(r) == BACKPORT_OPEN) {
            r->onto = w->v[k].tip;
            r->state = STR("asked");
            r->failure = STR_NONE;
            open++;
        }
    }
    for (size_t i = 0; i < n; i++)
        TRY(ops_backport_line_ask(d->db, &rows[i], e));
    *ret_open = open;
    return RC_OK;
}

/* ---- asking ---- */

struct change {
    const struct actor *who;
    int64_t case_id;
    const struct backport_ask *ask; /* NULL: the same again */
    char author[ACTOR_NAME_MAX];
};

static enum rc asked(struct desk *d, const struct change *k, struct backport_row *r, struct err *e)
{
    r->nth++;
    r->state = STR("asked");
    r->failure = STR_NONE;
    if (k->author[0]) {
        r->asked_by = str_c(k->author);
        r->asked_us = desk_now(d);
    }
    TRY(ops_backport_update(d->db, r, e));
    return desk_job_order(d, BACKPORT_JOB, r->id, r->nth, e);
}

/* What was settled was settled for another fix. */
static enum rc forget_fix(struct desk *d, struct arena *a, int64_t backport_id, struct err *e)
{
    struct backport_line_row *rows;
    size_t n;
    TRY(ops_backport_lines(d->db, a, backport_id, true, &rows, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct backport_line_row *r = &rows[i];
        int64_t blob = r->blob_id, edit = r->edit_blob;
        r->decision = r->reason = r->actor = r->tree = r->made = r->base = STR_NONE;
        r->edit_state = r->edit_failure = r->edit_reason = r->edit_by = STR_NONE;
        r->untested = r->untested_by = r->failure = r->record = r->verdict = STR_NONE;
        r->account_id = r->decided_us = r->blob_id = r->edit_blob = r->edit_account =
            r->untested_us = r->nth = 0;
        r->state = STR("asked");
        TRY(ops_backport_line_settle(d->db, r, e));
        TRY(ops_backport_line_edit(d->db, r, e));
        TRY(ops_backport_line_untested(d->db, r, e));
        TRY(ops_backport_line_answer(d->db, r, e));
        TRY(ops_runs_cancel(d->db, r->id, 0, desk_now(d), e));
        TRY(sealed_drop(d, a, blob, e));
        TRY(sealed_drop(d, a, edit, e));
    }
    return RC_OK;
}

static bool same_fix(struct str x, struct str y)
{
    AUTO(json) json_t *j = NULL;
    AUTO(json) json_t *k = NULL;
    return json_parse(x, BACKPORT_QUESTION_MAX, "", &j, NULL) == RC_OK &&
           json_parse(y, BACKPORT_QUESTION_MAX, "", &k, NULL) == RC_OK &&
           json_equal(json_object_get(j, "fix"), json_object_get(k, "fix"));
}

static enum rc question_row(struct desk *d, struct arena *a, const struct change *k,
                            struct str question, struct backport_row *ret, struct err *e)
{
    struct backport_row r;
    enum rc rc = ops_backport_of_case(d->db, a, k->case_id, &r, e);
    if (rc == RC_NOTFOUND) {
        r = (struct backport_row){.case_id = k->case_id,
                                  .question = question,
                                  .asked_by = STR_NONE,
                                  .asked_us = desk_now(d)};
        r.state = r.progress = r.failure = r.head = r.message = r.summary = STR_NONE;
        rc = ops_backport_insert(d->db, &r, &r.id, e);
    }
    TRY(rc);
    if (!same_fix(r.question, question)) {
        TRY(forget_fix(d, a, r.id, e));
        r.head = r.message = STR_NONE;
        r.answer_nth = r.answered_us = 0;
    }
    r.question = question;
    *ret = r;
    return RC_OK;
}

static enum rc ask_tx(struct desk *d, void *arg, struct err *e)
{
    struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf question = BUF_INIT(BACKPORT_QUESTION_MAX);
    AUTO(json) json_t *j = NULL;
    struct open_case oc;
    struct backport_row r;
    struct wanted w = {.n = 0};
    size_t open;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    if (k->ask) {
        TRY(backport_question_make(d, a, k->ask, &question, e));
    } else {
        TRY(ops_backport_of_case(d->db, a, k->case_id, &r, e));
        buf_add(&question, r.question);
    }
    TRY(json_parse(buf_str(&question), BACKPORT_QUESTION_MAX, "the question", &j, e));
    TRY(want(d, a, j, &w, e));
    TRY(question_row(d, a, k, buf_str(&question), &r, e));
    TRY(sync_lines(d, a, r.id, &w, &open, e));
    if (open == 0)
        return err_set(e, RC_CONFLICT, "every line is settled: reopen one to have it done again");
    TRY(asked(d, k, &r, e));
    TRY(backport_count(d, a, k->who, r.id, "the backports of the case were asked for", e));
    json_t *p = json_copy(j);
    json_t *list = json_array();
    for (size_t i = 0; i < w.n; i++)
        json_array_append_new(list, json_str(w.v[i].name));
    json_object_set_new(p, "lines", list);
    if (k->ask == NULL)
        json_put_bool(p, "again", true);
    return desk_event(d, k->who, k->case_id, "backport.asked", p, e);
}

static enum rc repository_there(const struct desk *d, struct err *e)
{
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    return RC_OK;
}

static enum rc ask(struct desk *d, struct change *k, struct err *e)
{
    TRY(actor_needs_team(k->who, e));
    TRY(repository_there(d, e));
    actor_name(k->who, k->author);
    return desk_run(d, ask_tx, k, e);
}

enum rc backport_ask(struct desk *d, const struct actor *who, const struct backport_ask *q,
                     struct err *e)
{
    struct change k = {.who = who, .case_id = q->case_id, .ask = q};
    return ask(d, &k, e);
}

enum rc backport_again(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    struct change k = {.who = who, .case_id = case_id};
    return ask(d, &k, e);
}

enum rc backport_rerun(struct desk *d, struct arena *a, const struct actor *who,
                       struct backport_row *row, int64_t place, struct err *e)
{
    struct change k = {.who = who, .case_id = row->case_id};
    struct backport_line_row *rows;
    size_t n, open = 0;
    TRY(ops_backport_lines(d->db, a, row->id, true, &rows, &n, e));
    for (size_t i = 0; i < n; i++) {
        enum port_verdict v;
        if (!rows[i].wanted || rows[i].place <= place ||
            backport_decision_of(&rows[i]) != BACKPORT_OPEN)
            continue;
        if (port_verdict_parse(rows[i].verdict, &v) && backport_is_free(v))
            continue; /* nothing that is settled elsewhere changes that */
        rows[i].state = STR("asked");
        rows[i].failure = STR_NONE;
        TRY(ops_backport_line_ask(d->db, &rows[i], e));
        open++;
    }
    return open ? asked(d, &k, row, e) : RC_OK;
}

/* ---- the job ---- */

/* What the engine may start from besides the fix. */
static json_t *settled(const struct backport_line_row *rows, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        enum backport_decision v = backport_decision_of(&rows[i]);
        if (!rows[i].wanted || rows[i].made.n == 0 ||
            (v != BACKPORT_ACCEPTED && v != BACKPORT_EDITED))
            continue;
        json_t *o = json_object();
        json_put_str(o, "onto", rows[i].onto);
        json_put_str(o, "commit", rows[i].made);
        json_array_append_new(list, o);
    }
    return list;
}

enum rc backport_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *in = json_object();
    AUTO(json) json_t *args = json_object();
    json_t *question = NULL, *onto = json_array();
    struct backport_row r;
    struct backport_line_row *rows;
    size_t n;
    TRY(ops_backport_get(d->db, a, subject, &r, e));
    TRY(ops_backport_lines(d->db, a, r.id, true, &rows, &n, e));
    if (!str_eq(r.state, STR("asked"))) {
        json_decref(onto);
        return RC_OK;
    }
    for (size_t i = 0; i < n; i++)
        if (rows[i].wanted && str_eq(rows[i].state, STR("asked")))
            json_array_append_new(onto, json_str(rows[i].onto));
    enum rc rc = json_parse(r.question, BACKPORT_QUESTION_MAX, "the question", &question, e);
    if (rc != RC_OK) {
        json_decref(onto);
        return rc;
    }
    json_object_set_new(in, "question", question);
    json_object_del(question, "lines");
    json_object_set_new(question, "onto", onto);
    json_object_set_new(question, "settled", settled(rows, n));
    json_put_int(args, "nth", r.nth);
    json_put_int(args, "case", r.id);
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = BACKPORT_JOB;
    return RC_OK;
}

struct answered {
    int64_t id, nth;
    const json_t *answer;
    const struct port_record *r;
    struct str why;
};

static const struct port_line *said_of(const struct answered *k, struct str onto, size_t *ret_at)
{
    for (size_t i = 0; i < k->r->n_lines; i++) {
        if (!str_eq(k->r->lines[i].onto, onto))
            continue;
        *ret_at = i;
        return &k->r->lines[i];
    }
    return NULL;
}

/* The answer's order is the order of the lines: the places of those that it is about are dealt out
 * anew among them. */
static void order_lines(const struct answered *k, struct backport_line_row *rows, size_t n)
{
    int64_t places[BACKPORT_LINES];
    size_t m = 0, at;
    for (size_t i = 0; i < n && m < BACKPORT_LINES; i++)
        if (rows[i].wanted && str_eq(rows[i].state, STR("asked")) && said_of(k, rows[i].onto, &at))
            places[m++] = rows[i].place; /* rows come in the order of their places */
    m = 0;
    for (size_t p = 0; p < k->r->n_lines; p++)
        for (size_t i = 0; i < n; i++)
            if (rows[i].wanted && str_eq(rows[i].state, STR("asked")) && m < BACKPORT_LINES &&
                str_eq(rows[i].onto, k->r->lines[p].onto)) {
                rows[i].place = places[m++];
                break;
            }
}

static enum rc take_line(struct desk *d, const struct answered *k, struct backport_line_row *r,
                         json_t *told, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_ANSWER_MAX);
    size_t at = 0;
    const struct port_line *p = said_of(k, r->onto, &at);
    if (p == NULL) {
        r->state = STR("failed");
        r->failure = STR("the answer says nothing about this line");
        return ops_backport_line_ask(d->db, r, e);
    }
    TRY(json_write(&b, json_array_get(json_object_get(k->answer, "lines"), at), e));
    TRY(buf_ok(&b, "the answer about a line", e));
    r->nth = k->nth;
    r->state = STR("answered");
    r->failure = STR_NONE;
    r->record = buf_str(&b);
    r->verdict = str_c(port_verdict_name(p->verdict));
    json_t *o = json_object();
    json_put_str(o, "line", r->name);
    json_put_str(o, "verdict", str_c(port_verdict_name(p->verdict)));
    json_array_append_new(told, o);
    return ops_backport_line_answer(d->db, r, e);
}

static enum rc head_of(const json_t *answer, struct buf *b, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    static const char *const keys[] = {"fix", "notes"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (json_object_get(answer, keys[i]))
            json_object_set(j, keys[i], json_object_get(answer, keys[i]));
    TRY(json_write(b, j, e));
    return buf_ok(b, "the answer", e);
}

static enum rc answer_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(buf) struct buf head = BUF_INIT(BACKPORT_ANSWER_MAX);
    AUTO(json) json_t *told = json_array();
    struct backport_row r;
    struct backport_line_row *rows;
    size_t n;
    TRY(ops_backport_get(d->db, a, k->id, &r, e));
    if (r.nth != k->nth || !str_eq(r.state, STR("asked")))
        return RC_OK; /* asked anew meanwhile: that job is under way */
    TRY(head_of(k->answer, &head, e));
    TRY(ops_backport_lines(d->db, a, r.id, true, &rows, &n, e));
    order_lines(k, rows, n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].wanted && str_eq(rows[i].state, STR("asked")))
            TRY(take_line(d, k, &rows[i], told, e));
    r.state = STR("answered");
    r.failure = STR_NONE;
    r.head = buf_str(&head);
    r.answer_nth = k->nth;
    r.answered_us = desk_now(d);
    TRY(ops_backport_update(d->db, &r, e));
    TRY(backport_count(d, a, &machine, r.id, "the backports of the case were prepared", e));
    TRY(ops_backport_get(d->db, a, k->id, &r, e));
    json_t *p = json_object();
    json_put_str(p, "summary", r.summary);
    json_object_set(p, "lines", told);
    return desk_event(d, &machine, r.case_id, "backport.answered", p, e);
}

enum rc backport_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    struct port_record rec;
    struct answered k = {.id = subject, .answer = answer, .r = &rec};
    TRY(json_get_int(answer, "nth", 0, INT64_MAX, &k.nth, e));
    TRY(port_record_read(answer, a, &rec, e));
    return desk_run(d, answer_tx, &k, e);
}

enum rc backport_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                              struct err *e)
{
    return ops_backport_progress(d->db, subject, what, ret_case, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct backport_row r;
    struct backport_line_row *rows;
    size_t n;
    TRY(ops_backport_get(d->db, a, k->id, &r, e));
    if (!str_eq(r.state, STR("asked")))
        return RC_OK;
    TRY(ops_backport_lines(d->db, a, r.id, true, &rows, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].wanted || !str_eq(rows[i].state, STR("asked")))
            continue;
        rows[i].state = STR("failed");
        rows[i].failure = k->why;
        TRY(ops_backport_line_ask(d->db, &rows[i], e));
    }
    r.state = STR("failed");
    r.failure = k->why;
    TRY(ops_backport_update(d->db, &r, e));
    TRY(backport_count(d, a, &machine, r.id, "the backports could not be prepared", e));
    return desk_event(d, &machine, r.case_id, "backport.failed", NULL, e);
}

enum rc backport_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct answered k = {.id = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}
