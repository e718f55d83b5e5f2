/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affected versions of a case: questions, choices, decisions, and the job that answers.
 * Runs in core.
 * Input: forms and commands of the team, hostile; the engine's answer, a stranger's text.
 */
#include "base/utf8.h"
#include "desk/affected_inside.h"
#include "desk/vcase.h"
#include "store/ops_audit.h"
#include "desk/job.h"

#define ANSWER_MAX   (16u << 20)
#define QUESTION_MAX (64 * 1024)
#define WHY_MAX      500

static const struct actor machine = ACTOR_INIT_MACHINE;

/* ---- the question ---- */

static bool is_break(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* Words of a line; what a word is, the engine says. */
static enum rc words(struct str line, json_t *to, const char *what, struct err *e)
{
    for (size_t i = 0, from = 0; i <= line.n; i++) {
        if (i < line.n && !is_break(line.p[i]))
            continue;
        struct str word = str_sub(line, from, i - from);
        from = i + 1;
        if (word.n == 0)
            continue;
        if (word.n > AFFECTED_REV_MAX || json_array_size(to) == AFFECTED_REVS)
            return err_set(e, RC_LIMIT, "%s: too long, or too many", what);
        json_array_append_new(to, json_str(word));
    }
    return RC_OK;
}

static enum rc field(struct str text, bool groups, json_t *to, const char *what, struct err *e)
{
    struct str line;
    if (text.n > AFFECTED_LINES_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "%s: not plain text, or too long", what);
    while (str_line(&text, &line)) {
        AUTO(json) json_t *own = json_array();
        line = str_trim(line);
        if (line.n == 0)
            continue;
        TRY(words(line, groups ? own : to, what, e));
        if (groups && json_array_size(own) > 0)
            json_array_append(to, own);
        if (json_array_size(to) > (groups ? AFFECTED_GROUPS : AFFECTED_REVS))
            return err_set(e, RC_LIMIT, "%s: too many lines", what);
    }
    return RC_OK;
}

/* Each line of `at` is one place, whose path may have spaces. */
static enum rc places(struct str text, json_t *to, struct err *e)
{
    struct str line;
    if (text.n > AFFECTED_LINES_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "the places: not plain text, or too long");
    while (str_line(&text, &line)) {
        line = str_trim(line);
        if (line.n > 4 * AFFECTED_REV_MAX || json_array_size(to) == AFFECTED_REVS)
            return err_set(e, RC_LIMIT, "the places: too long, or too many");
        if (line.n)
            json_array_append_new(to, json_str(line));
    }
    return RC_OK;
}

static enum rc question_make(const struct affected_ask *q, struct buf *ret, struct err *e)
{
    AUTO(json) json_t *fix = json_array();
    AUTO(json) json_t *in = json_array();
    AUTO(json) json_t *at = json_array();
    AUTO(json) json_t *j = json_object();
    TRY(field(q->fix, true, fix, "the fix", e));
    TRY(field(q->introduced, false, in, "the introducing commits", e));
    TRY(places(q->at, at, e));
    if (json_array_size(fix) + json_array_size(in) + json_array_size(at) == 0)
        return err_set(e, RC_INVALID, "name a fix, an introducing commit or a place in the code");
    json_object_set(j, "fix", fix);
    json_object_set(j, "introduced", in);
    json_object_set(j, "at", at);
    TRY(json_write(ret, j, e));
    return buf_ok(ret, "the question", e);
}

/* ---- changes ---- */

static enum rc asked_again(struct desk *d, struct affected_row *r, struct err *e)
{
    r->nth++;
    r->state = STR("asked");
    r->asked_us = desk_now(d);
    TRY(ops_affected_ask(d->db, r, e));
    return desk_job_order(d, r->part ? AFFECTED_PART_JOB : AFFECTED_JOB, r->id, r->nth, e);
}

static enum rc open_case_of(struct desk *d, struct arena *a, int64_t case_id, struct err *e)
{
    struct open_case oc;
    return case_load_open(d, a, case_id, &oc, e);
}

static enum rc repository_there(const struct desk *d, struct err *e)
{
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    return RC_OK;
}

struct change {
    const struct actor *who;
    const struct affected_ask *ask;
    const struct affected_decide *decide;
    struct affected_key of;
    int64_t nth, candidate;
    struct str question;
};

enum rc affected_row_of(struct desk *d, struct arena *a, struct affected_key of,
                        bool without_answer, struct affected_row *ret, struct err *e)
{
    ret->case_id = of.case_id;
    ret->part = of.part;
    return ops_affected_of(d->db, a, without_answer, ret, e);
}

/* An open case, and a place of it that joined. */
static enum rc part_there(struct desk *d, struct arena *a, struct affected_key of, struct err *e)
{
    struct audit_hit_row hit;
    TRY(open_case_of(d, a, of.case_id, e));
    return of.part ? ops_audit_part(d->db, a, of.case_id, of.part, &hit, e) : RC_OK;
}

/* Events of a part name it. */
static enum rc tell(struct desk *d, const struct change *k, const char *kind, json_t *payload,
                    struct err *e)
{
    json_t *p = payload ? payload : json_object();
    if (k->of.part)
        json_put_int(p, "part", k->of.part);
    return desk_event(d, k->who, k->of.case_id, kind, p, e);
}

static enum rc ask_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *j = NULL;
    struct affected_row r;
    TRY(part_there(d, a, k->of, e));
    TRY(json_parse(k->question, QUESTION_MAX, "the question", &j, e));
    enum rc rc = affected_row_of(d, a, k->of, true, &r, e);
    if (rc == RC_NOTFOUND) {
        r = (struct affected_row){.case_id = k->of.case_id,
                                  .part = k->of.part,
                                  .question = k->question,
                                  .nth = 0,
                                  .state = STR("asked"),
                                  .chosen = STR_NONE,
                                  .chosen_by = STR_NONE,
                                  .asked_us = desk_now(d)};
        rc = ops_affected_insert(d->db, &r, &r.id, e);
    }
    TRY(rc);
    r.question = k->question;
    r.chosen = r.chosen_by = STR_NONE;
    r.chosen_us = 0;
    TRY(asked_again(d, &r, e));
    return tell(d, k, "affected.asked", TAKE(j), e);
}

enum rc affected_ask(struct desk *d, const struct actor *who, const struct affected_ask *q,
                     struct err *e)
{
    AUTO(buf) struct buf question = BUF_INIT(QUESTION_MAX);
    struct change k = {.who = who, .of = {q->case_id, q->part}};
    TRY(actor_needs_team(who, e));
    TRY(repository_there(d, e));
    TRY(question_make(q, &question, e));
    k.question = buf_str(&question);
    return desk_run(d, ask_tx, &k, e);
}

static enum rc again_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct affected_row r;
    TRY(part_there(d, a, k->of, e));
    TRY(affected_row_of(d, a, k->of, true, &r, e));
    return asked_again(d, &r, e); /* no event: what is asked stays as it is */
}

enum rc affected_again(struct desk *d, const struct actor *who, struct affected_key of,
                       struct err *e)
{
    struct change k = {.who = who, .of = of};
    TRY(actor_needs_team(who, e));
    TRY(repository_there(d, e));
    return desk_run(d, again_tx, &k, e);
}

/* The tags of a candidate as they are kept, and the event that tells of it. */
static enum rc chosen_text(const struct record *r, const struct rec_candidate *c, struct buf *ret,
                           struct err *e)
{
    AUTO(json) json_t *tags = json_array();
    for (size_t i = 0; i < c->n_affected; i++)
        json_array_append_new(tags, json_str(r->releases[c->affected[i]].tag));
    TRY(json_write(ret, tags, e));
    return buf_ok(ret, "the choice", e);
}

static json_t *chosen_payload(const struct record *r, const struct rec_candidate *c, int64_t nth)
{
    json_t *j = json_object();
    json_put_int(j, "candidate", nth);
    if (c->n_affected) {
        json_put_str(j, "first", r->releases[c->affected[0]].tag);
        json_put_str(j, "last", r->releases[c->affected[c->n_affected - 1]].tag);
    }
    json_put_int(j, "releases", (int64_t)c->n_affected);
    for (size_t i = 0; i < c->n_why && i < 1; i++) {
        json_put_str(j, "rule", c->why[i].rule);
        json_put_str(j, "commit", c->why[i].commit);
    }
    return j;
}

static enum rc choose_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    AUTO(buf) struct buf chosen = BUF_INIT(ANSWER_MAX);
    AUTO(json) json_t *j = NULL;
    struct affected_row r;
    struct record rec;
    char author[ACTOR_NAME_MAX];
    TRY(part_there(d, a, k->of, e));
    TRY(affected_row_of(d, a, k->of, false, &r, e));
    if (k->candidate == 0) {
        if (r.chosen.n == 0)
            return RC_OK;
        r.chosen = r.chosen_by = STR_NONE;
        r.chosen_us = 0;
        TRY(asked_again(d, &r, e));
        return tell(d, k, "affected.unchosen", NULL, e);
    }
    if (r.answer.n == 0 || r.answer_nth != k->nth)
        return err_set(e, RC_CONFLICT, "there is a newer answer: look at it first");
    TRY(json_parse(r.answer, ANSWER_MAX, "the answer", &j, e));
    TRY(record_read(j, a, &rec, e));
    if (k->candidate < 0 || (size_t)k->candidate > rec.n_candidates)
        return err_set(e, RC_NOTFOUND, "there is no such candidate");
    const struct rec_candidate *c = &rec.candidates[k->candidate - 1];
    TRY(chosen_text(&rec, c, &chosen, e));
    actor_name(k->who, author);
    r.chosen = buf_str(&chosen);
    r.chosen_by = str_c(author);
    r.chosen_us = desk_now(d);
    TRY(asked_again(d, &r, e));
    return tell(d, k, "affected.chosen", chosen_payload(&rec, c, k->candidate), e);
}

enum rc affected_choose(struct desk *d, const struct actor *who, struct affected_key of,
                        int64_t nth, int64_t candidate, struct err *e)
{
    struct change k = {.who = who, .of = of, .nth = nth, .candidate = candidate};
    TRY(actor_needs_team(who, e));
    return desk_run(d, choose_tx, &k, e);
}

/* A release of the answer that is there. */
static enum rc tag_there(struct arena *a, const struct affected_row *r, struct str tag,
                         struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct record rec;
    if (r->answer.n == 0)
        return err_set(e, RC_CONFLICT, "there is no answer yet that could be corrected");
    TRY(json_parse(r->answer, ANSWER_MAX, "the answer", &j, e));
    TRY(record_read(j, a, &rec, e));
    if (record_tag(&rec, tag) == rec.n_releases)
        return err_set(e, RC_NOTFOUND, "the answer has no release of that name");
    return RC_OK;
}

static enum rc decide_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    const struct affected_decide *n = k->decide;
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    struct affected_row r;
    struct affected_tag_row *have;
    size_t n_have;
    char author[ACTOR_NAME_MAX];
    bool back = n->status.n == 0;
    enum rec_status s;
    TRY(part_there(d, a, k->of, e));
    TRY(affected_row_of(d, a, k->of, false, &r, e));
    TRY(ops_affected_tags(d->db, a, &r, &have, &n_have, e));
    if (back)
        TRY(ops_affected_tag_drop(d->db, &r, n->tag, e));
    else
        TRY(tag_there(a, &r, n->tag, e));
    if (!back && n_have >= AFFECTED_DECIDED)
        return err_set(e, RC_LIMIT, "so many releases are decided by hand already");
    actor_name(k->who, author);
    if (!back)
        TRY(ops_affected_tag_put(
            d->db, &r,
            &(struct affected_tag_row){n->tag, n->status, n->reason, str_c(author), desk_now(d)},
            e));
    TRY(asked_again(d, &r, e));
    json_t *p = json_object();
    json_put_str(p, "release", n->tag);
    if (!back)
        json_put_str(p, "status", n->status);
    if (!back && rec_status_parse(n->status, &s))
        json_put_str(p, "what", arena_strf(a, "%.*s is %s", STR_ARG(n->tag), rec_status_words(s)));
    if (n->reason.n)
        json_put_str(p, "reason", n->reason);
    return tell(d, k, back ? "affected.undecided" : "affected.decided", p, e);
}

enum rc affected_decide(struct desk *d, const struct actor *who, const struct affected_decide *n,
                        struct err *e)
{
    struct change k = {.who = who, .of = {n->case_id, n->part}, .decide = n};
    enum rec_status s;
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(n->tag, REC_NAME_MAX, "the release", e));
    if (n->status.n && !rec_status_parse(n->status, &s))
        return err_set(e, RC_INVALID, "a status is affected, fixed, not_affected or unknown");
    if (n->status.n || n->reason.n)
        TRY(desk_check_text(n->reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, decide_tx, &k, e);
}

/* ---- the job ---- */

/* What people decided, for the engine. */
static enum rc put_decided(struct desk *d, struct arena *a, const struct affected_row *r,
                           json_t *in, struct err *e)
{
    json_t *decided = json_object(), *chosen = NULL;
    struct affected_tag_row *t;
    size_t n;
    json_object_set_new(in, "decided", decided);
    TRY(ops_affected_tags(d->db, a, r, &t, &n, e));
    for (size_t i = 0; i < n; i++)
        json_object_set_new(decided, t[i].tag.p, json_str(t[i].status));
    if (r->chosen.n)
        TRY(json_parse(r->chosen, ANSWER_MAX, "the choice", &chosen, e));
    json_object_set_new(in, "chosen", chosen ? chosen : json_null());
    return RC_OK;
}

/* One that was erased meanwhile asks nothing. */
static enum rc row_there(struct desk *d, struct arena *a, bool is_part, int64_t id,
                         struct affected_row *ret, struct err *e)
{
    enum rc rc = ops_affected_get(d->db, a, is_part, id, ret, e);
    if (rc != RC_NOTFOUND)
        return rc;
    *ret = (struct affected_row){.id = id, .state = STR("erased")};
    return RC_OK;
}

static enum rc job_ask(struct desk *d, bool is_part, int64_t subject, struct desk_ask *q,
                       struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    AUTO(json) json_t *in = json_object();
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *question = NULL;
    json_t *branches = json_array();
    struct affected_row r;
    json_object_set_new(args, "branches", branches);
    TRY(row_there(d, a, is_part, subject, &r, e));
    if (!str_eq(r.state, STR("asked")))
        return RC_OK;
    TRY(json_parse(r.question, QUESTION_MAX, "the question", &question, e));
    TRY(put_decided(d, a, &r, in, e));
    json_object_set(in, "question", question);
    json_put_int(args, "nth", r.nth);
    json_put_str(args, "pattern", d->set->project.tag_pattern);
    for (size_t i = 0; i < d->set->project.maintained.n && i < 12; i++)
        json_array_append_new(branches, json_str(d->set->project.maintained.v[i]));
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = AFFECTED_JOB;
    return RC_OK;
}

enum rc affected_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    return job_ask(d, false, subject, q, e);
}

enum rc affected_part_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    return job_ask(d, true, subject, q, e);
}

struct answered {
    bool is_part;
    int64_t id, nth;
    const json_t *answer;
    struct str text, summary, why;
    const struct record *r;
};

/* What a person decided is what the answer must say. */
static enum rc decisions_hold(struct desk *d, struct arena *a, const struct answered *k,
                              const struct affected_row *of, struct err *e)
{
    struct affected_tag_row *t;
    size_t n;
    TRY(ops_affected_tags(d->db, a, of, &t, &n, e));
    for (size_t i = 0; i < n; i++) {
        size_t at = record_tag(k->r, t[i].tag);
        if (at < k->r->n_releases &&
            !str_eq(t[i].status, str_c(rec_status_name(k->r->releases[at].status))))
            return err_set(e, RC_INVALID, "the engine's answer is not what was decided");
    }
    return RC_OK;
}

static enum rc answer_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct affected_row r;
    TRY(row_there(d, a, k->is_part, k->id, &r, e));
    if (r.nth != k->nth)
        return RC_OK; /* asked anew meanwhile: that job is under way */
    TRY(decisions_hold(d, a, k, &r, e));
    r.state = STR("answered");
    r.failure = STR_NONE;
    r.answer = k->text;
    r.answer_nth = k->nth;
    r.summary = k->summary;
    r.answered_us = desk_now(d);
    TRY(ops_affected_answer(d->db, &r, e));
    json_t *p = json_object();
    json_put_str(p, "summary", k->summary);
    for (int s = 0; s < REC_STATUSES; s++)
        json_put_int(p, rec_status_name((enum rec_status)s), (int64_t)k->r->count[s]);
    if (r.part)
        json_put_int(p, "part", r.part);
    return desk_event(d, &machine, r.case_id, "affected.answered", p, e);
}

static enum rc job_answer(struct desk *d, bool is_part, int64_t subject, const json_t *answer,
                          struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    AUTO(buf) struct buf text = BUF_INIT(ANSWER_MAX);
    AUTO(buf) struct buf summary = BUF_INIT(4 * REC_NAME_MAX);
    struct record rec;
    struct answered k = {.is_part = is_part, .id = subject, .answer = answer, .r = &rec};
    TRY(json_get_int(answer, "nth", 0, INT64_MAX, &k.nth, e));
    TRY(record_read(answer, a, &rec, e));
    TRY(json_write(&text, answer, e));
    affected_summary(&rec, &summary);
    k.text = buf_str(&text);
    k.summary = utf8_clip(buf_str(&summary), WHY_MAX);
    return desk_run(d, answer_tx, &k, e);
}

enum rc affected_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    return job_answer(d, false, subject, answer, e);
}

enum rc affected_part_job_answer(struct desk *d, int64_t subject, const json_t *answer,
                                 struct err *e)
{
    return job_answer(d, true, subject, answer, e);
}

static enum rc job_progress(struct desk *d, bool is_part, int64_t subject, struct str what,
                            int64_t *ret_case, struct err *e)
{
    return ops_affected_progress(d->db, is_part, subject, what, ret_case, e);
}

enum rc affected_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                              struct err *e)
{
    return job_progress(d, false, subject, what, ret_case, e);
}

enum rc affected_part_job_progress(struct desk *d, int64_t subject, struct str what,
                                   int64_t *ret_case, struct err *e)
{
    return job_progress(d, true, subject, what, ret_case, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct affected_row r;
    TRY(row_there(d, a, k->is_part, k->id, &r, e));
    if (!str_eq(r.state, STR("asked")))
        return RC_OK;
    TRY(ops_affected_failed(d->db, &r, k->why, e));
    json_t *p = r.part ? json_object() : NULL;
    if (p)
        json_put_int(p, "part", r.part);
    return desk_event(d, &machine, r.case_id, "affected.failed", p, e);
}

static enum rc job_failed(struct desk *d, bool is_part, int64_t subject, struct str why,
                          struct err *e)
{
    struct answered k = {.is_part = is_part, .id = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}

enum rc affected_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    return job_failed(d, false, subject, why, e);
}

enum rc affected_part_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    return job_failed(d, true, subject, why, e);
}
