/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of a case: questions, the cut, the job that answers, and what follows from a change.
 * Runs in core.
 * Input: forms and commands of the team, hostile; the engine's answer, a stranger's text.
 */
#include "desk/audit.h"

#include "base/hash.h"
#include "base/hex.h"
#include "desk/audit_inside.h"
#include "desk/job.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

static const char *const names[] = {"", "same_flaw", "safe", "unsure"};
static const char *const says[] = {"not decided", "same flaw", "safe", "unsure"};

const char *audit_verdict_name(enum audit_verdict v)
{
    return names[v];
}

const char *audit_verdict_words(enum audit_verdict v)
{
    return says[v];
}

bool audit_verdict_parse(struct str s, enum audit_verdict *ret_v)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(s, str_c(names[i]))) {
            *ret_v = (enum audit_verdict)i;
            return true;
        }
    }
    return false;
}

/* ---- answer and decisions together ---- */

void audit_listing_auto(struct audit_listing *l)
{
    json_decref(l->json);
    l->json = NULL;
}

struct str audit_key(struct arena *a, struct str chunk, int64_t line_in)
{
    return line_in < 0 ? arena_str(a, chunk)
                       : arena_strf(a, "%.*s.%lld", STR_ARG(chunk), (long long)line_in);
}

bool audit_key_parse(struct str key, struct str *ret_chunk, int64_t *ret_line_in)
{
    size_t dot = str_chr(key, '.');
    struct str chunk = str_sub(key, 0, dot);
    uint64_t line = 0;
    bool ok = chunk.n == FIND_CHUNK_LEN;
    for (size_t i = 0; ok && i < chunk.n; i++)
        ok = ascii_is_digit(chunk.p[i]) || (chunk.p[i] >= 'a' && chunk.p[i] <= 'f');
    *ret_line_in = -1;
    if (ok && dot != STR_NPOS) {
        ok = num_parse(str_sub(key, dot + 1, key.n), 0, INT32_MAX, "line", &line, NULL) == RC_OK;
        *ret_line_in = (int64_t)line;
    }
    *ret_chunk = chunk;
    return ok;
}

struct str audit_place(struct arena *a, struct str repo, struct str path, int64_t line)
{
    return arena_strf(a, "%.*s%s%.*s:%lld", STR_ARG(repo), repo.n ? ": " : "", STR_ARG(path),
                      (long long)line);
}

/* How far a decision is from a place of the same content; -1: it is about another one. */
static int64_t distance(const struct find_hit *h, const struct audit_hit_row *row)
{
    if (row->verdict.n == 0 || !str_eq(h->chunk, row->chunk))
        return -1;
    if (h->at < 0 || row->line_in < 0)
        return 0;
    int64_t far = h->at < row->line_in ? row->line_in - h->at : h->at - row->line_in;
    return far < FIND_NEAR ? far : -1;
}

/* Another place of the same file that the decision fits better. */
static bool fits_another(const struct find_record *r, const struct find_hit *h,
                         const struct audit_hit_row *row, int64_t far)
{
    for (size_t i = 0; i < r->n_hits; i++) {
        const struct find_hit *x = &r->hits[i];
        if (x == h || !str_eq(x->chunk, h->chunk) || !str_eq(x->path, h->path) ||
            !str_eq(x->repo, h->repo))
            continue;
        int64_t its = distance(x, row);
        if (its >= 0 && (its < far || (its == far && x < h)))
            return true;
    }
    return false;
}

static struct audit_hit_row *decision(const struct audit_listing *l, const struct find_hit *h)
{
    struct audit_hit_row *best = NULL;
    int64_t best_far = 0;
    for (size_t i = 0; i < l->n_rows; i++) {
        int64_t far = distance(h, &l->rows[i]);
        if (far < 0 || (best && far >= best_far) || fits_another(&l->r, h, &l->rows[i], far))
            continue;
        best = &l->rows[i];
        best_far = far;
    }
    return best;
}

/* What a person wrote a rule for is looked at, however little it looks like the flaw. */
static bool is_worth(const struct find_hit *h, int64_t cut)
{
    return h->rule.n > 0 || h->score >= (double)cut / AUDIT_CUT_ONE;
}

static void count(struct audit_listing *l, int64_t cut)
{
    for (size_t i = 0; i < l->r.n_hits; i++) {
        const struct audit_hit_row *row = l->of[i];
        enum audit_verdict v = AUDIT_OPEN;
        l->listed[i] = row || is_worth(&l->r.hits[i], cut);
        if (!l->listed[i])
            continue;
        if (row)
            (void)!audit_verdict_parse(row->verdict, &v);
        l->n_listed++;
        l->count[v]++;
        l->n_signed += row && row->signer.n > 0;
    }
}

enum rc audit_listing_read(struct desk *d, struct arena *a, const struct audit_row *row,
                           struct audit_listing *ret, struct err *e)
{
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    if (row->answer.n == 0)
        return err_set(e, RC_CONFLICT, "there is no answer yet");
    TRY(json_parse(row->answer, AUDIT_ANSWER_MAX, "the answer", &l.json, e));
    TRY(find_record_read(l.json, a, &l.r, e));
    TRY(ops_audit_hits(d->db, a, row->id, &l.rows, &l.n_rows, e));
    l.of = arena_array(a, l.r.n_hits + 1, sizeof(struct audit_hit_row *));
    l.listed = arena_array(a, l.r.n_hits + 1, sizeof *l.listed);
    TRY(arena_ok(a, "the places", e));
    for (size_t i = 0; i < l.r.n_hits; i++)
        l.of[i] = decision(&l, &l.r.hits[i]);
    count(&l, row->cut);
    *ret = l;
    l.json = NULL;
    return RC_OK;
}

bool audit_current(const struct audit_row *row)
{
    return row->answer.n > 0 && row->answer_nth == row->nth;
}

static void say_str(struct sha256_ctx *c, struct str s)
{
    char n[32];
    snprintf(n, sizeof n, "%zu:", s.n);
    sha256_add(c, str_c(n));
    sha256_add(c, s);
}

static void say_int(struct sha256_ctx *c, int64_t v)
{
    char n[32];
    snprintf(n, sizeof n, "%lld;", (long long)v);
    sha256_add(c, str_c(n));
}

/*
 * The question, the cut, the commits that were searched, and of each place on the list its content
 * and who decided what about it, and why.
 */
void audit_digest(const struct audit_row *row, const struct audit_listing *l,
                  char ret[AUDIT_DIGEST + 1])
{
    struct sha256_ctx c;
    unsigned char sum[SHA256_LEN];
    sha256_init(&c);
    say_str(&c, row->question);
    say_int(&c, row->cut);
    for (size_t i = 0; i < l->r.n_trees; i++) {
        say_str(&c, l->r.trees[i].repo);
        say_str(&c, l->r.trees[i].name);
        say_str(&c, l->r.trees[i].commit);
    }
    for (size_t i = 0; i < l->r.n_hits; i++) {
        const struct audit_hit_row *k = l->of[i];
        if (!l->listed[i])
            continue;
        say_str(&c, l->r.hits[i].repo);
        say_str(&c, l->r.hits[i].path);
        say_str(&c, l->r.hits[i].chunk);
        say_int(&c, l->r.hits[i].at);
        say_str(&c, k ? k->verdict : STR_NONE);
        say_str(&c, k ? k->reason : STR_NONE);
        say_str(&c, k ? k->actor : STR_NONE);
    }
    sha256_end(&c, sum);
    hex_put(ret, sum, sizeof sum);
}

/* ---- what follows from a change ---- */

enum rc audit_end_sign(struct desk *d, struct arena *a, const struct actor *who,
                       const struct audit_row *row, const char *why, struct err *e)
{
    struct audit_sign_row s;
    enum rc rc = ops_audit_sign_now(d->db, a, row->id, &s, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_audit_sign_end(d->db, s.id, desk_now(d), str_c(why), e));
    json_t *p = json_object();
    json_put_int(p, "answer", s.nth);
    json_put_str(p, "digest", s.digest);
    json_put_str(p, "reason", str_c(why));
    TRY(desk_event(d, who, row->case_id, "audit.unsigned", p, e));
    return fact_keep(d, who, row->case_id, FACT_AUDITED, json_null(), why, e);
}

/* "12 places to look at: 1 same flaw, 4 safe, 7 not decided" */
static void summary(const struct audit_listing *l, struct buf *b)
{
    static const enum audit_verdict order[] = {AUDIT_SAME_FLAW, AUDIT_SAFE, AUDIT_UNSURE,
                                               AUDIT_OPEN};
    const char *sep = ": ";
    if (l->n_listed == 0) {
        buf_adds(b, "no place on the list");
        return;
    }
    buf_addf(b, "%zu place%s", l->n_listed, l->n_listed == 1 ? "" : "s");
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (l->count[order[i]] == 0)
            continue;
        buf_addf(b, "%s%lld %s", sep, (long long)l->count[order[i]], says[order[i]]);
        sep = ", ";
    }
}

enum rc audit_settle(struct desk *d, struct arena *a, const struct actor *who, int64_t audit_id,
                     const char *why, struct err *e)
{
    AUTO(audit_listing) struct audit_listing l = {.json = NULL};
    AUTO(buf) struct buf line = BUF_INIT(400);
    struct audit_row row;
    struct audit_sign_row s;
    char digest[AUDIT_DIGEST + 1];
    TRY(ops_audit_get(d->db, a, audit_id, false, &row, e));
    if (row.answer.n == 0)
        return RC_OK;
    TRY(audit_listing_read(d, a, &row, &l, e));
    summary(&l, &line);
    row.summary = buf_str(&line);
    row.open = l.count[AUDIT_OPEN];
    TRY(ops_audit_list(d->db, &row, e));
    enum rc rc = ops_audit_sign_now(d->db, a, row.id, &s, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    /* Another question has ended it already: this answer is to the one that was signed. */
    audit_digest(&row, &l, digest);
    bool holds = str_eq(s.digest, str_c(digest)) && l.n_signed == (int64_t)l.n_listed;
    return holds ? RC_OK : audit_end_sign(d, a, who, &row, why, e);
}

enum rc audit_move(struct desk *d, struct arena *a, const struct actor *who, int64_t from_case,
                   int64_t to_case, struct err *e)
{
    struct audit_row row, other;
    enum rc rc = ops_audit_of_case(d->db, a, from_case, true, &row, e);
    if (rc != RC_OK)
        return rc == RC_NOTFOUND ? RC_OK : rc;
    rc = ops_audit_of_case(d->db, a, to_case, true, &other, e);
    if (rc != RC_NOTFOUND)
        return rc;
    TRY(audit_end_sign(d, a, who, &row, "the case was joined into another one", e));
    return ops_audit_move(d->db, from_case, to_case, e);
}

/* ---- asking ---- */

struct change {
    const struct actor *who;
    int64_t case_id, cut;
    bool has_cut;
    struct str question;
    const struct audit_ask *ask;
};

/* One more question: its row of the record, its job. */
static enum rc asked(struct desk *d, const struct change *k, struct audit_row *r, struct err *e)
{
    char author[ACTOR_NAME_MAX];
    actor_name(k->who, author);
    r->nth++;
    r->asked_us = desk_now(d);
    r->asked_by = str_c(author);
    TRY(ops_audit_ask(d->db, r, e));
    struct audit_run_row run = {.nth = r->nth,
                                .cut = r->cut,
                                .asked_us = r->asked_us,
                                .question = r->question,
                                .asked_by = r->asked_by};
    TRY(ops_audit_run_add(d->db, r->id, &run, e));
    return desk_job_order(d, AUDIT_JOB, r->id, r->nth, e);
}

static enum rc first_row(struct desk *d, const struct change *k, struct audit_row *ret,
                         struct err *e)
{
    *ret = (struct audit_row){.case_id = k->case_id,
                              .question = k->question,
                              .asked_by = STR_NONE,
                              .asked_us = desk_now(d)};
    return ops_audit_insert(d->db, ret, &ret->id, e);
}

static enum rc repository_there(const struct desk *d, struct err *e)
{
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    return RC_OK;
}

static enum rc ask_tx(struct desk *d, void *arg, struct err *e)
{
    struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf question = BUF_INIT(AUDIT_QUESTION_MAX);
    AUTO(json) json_t *j = NULL;
    struct open_case oc;
    struct audit_row r;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(audit_question_make(d, a, k->ask, &question, e));
    k->question = buf_str(&question);
    TRY(json_parse(k->question, AUDIT_QUESTION_MAX, "the question", &j, e));
    enum rc rc = ops_audit_of_case(d->db, a, k->case_id, true, &r, e);
    if (rc == RC_NOTFOUND)
        rc = first_row(d, k, &r, e);
    TRY(rc);
    bool same = str_eq(r.question, k->question);
    r.question = k->question;
    const json_t *cut = json_object_get(j, "cut");
    if (cut)
        r.cut = (int64_t)(json_number_value(cut) * AUDIT_CUT_ONE + 0.5);
    if (!same)
        TRY(audit_end_sign(d, a, k->who, &r, "something else was asked", e));
    TRY(asked(d, k, &r, e));
    if (cut)
        TRY(audit_settle(d, a, k->who, r.id, "the cut was changed", e));
    return desk_event(d, k->who, k->case_id, "audit.asked", TAKE(j), e);
}

enum rc audit_ask(struct desk *d, const struct actor *who, const struct audit_ask *q, struct err *e)
{
    struct change k = {.who = who, .case_id = q->case_id, .ask = q};
    TRY(actor_needs_team(who, e));
    TRY(repository_there(d, e));
    return desk_run(d, ask_tx, &k, e);
}

static enum rc again_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    struct audit_row r;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_audit_of_case(d->db, a, k->case_id, true, &r, e));
    TRY(asked(d, k, &r, e));
    return desk_event(d, k->who, k->case_id, "audit.asked", json_pack("{s:b}", "again", 1), e);
}

enum rc audit_again(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    struct change k = {.who = who, .case_id = case_id};
    TRY(actor_needs_team(who, e));
    TRY(repository_there(d, e));
    return desk_run(d, again_tx, &k, e);
}

static enum rc cut_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    struct open_case oc;
    struct audit_row r;
    char from[AUDIT_CUT_TEXT], to[AUDIT_CUT_TEXT];
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_audit_of_case(d->db, a, k->case_id, false, &r, e));
    if (r.answer.n == 0)
        return err_set(e, RC_CONFLICT, "there is no answer yet");
    if (r.cut == k->cut)
        return RC_OK;
    audit_cut_write(r.cut, from);
    audit_cut_write(k->cut, to);
    r.cut = k->cut;
    TRY(ops_audit_list(d->db, &r, e));
    TRY(audit_settle(d, a, k->who, r.id, "the cut was changed", e));
    return desk_event(d, k->who, k->case_id, "audit.cut",
                      json_pack("{s:s, s:s}", "from", from, "to", to), e);
}

enum rc audit_cut(struct desk *d, const struct actor *who, int64_t case_id, struct str cut,
                  struct err *e)
{
    struct change k = {.who = who, .case_id = case_id};
    TRY(actor_needs_team(who, e));
    TRY(audit_cut_read(str_trim(cut), &k.cut, e));
    return desk_run(d, cut_tx, &k, e);
}

/* ---- the job ---- */

static json_t *maintained(const struct desk *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->set->project.maintained.n && i < AUDIT_PATTERNS; i++)
        json_array_append_new(list, json_str(d->set->project.maintained.v[i]));
    return list;
}

/* The cut is the desk's: the answer holds what any cut may list.  Decisions of places that the list
 * was too short for are not lost. */
enum rc audit_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *in = json_object();
    AUTO(json) json_t *args = json_object();
    json_t *question = NULL;
    struct audit_row r;
    TRY(ops_audit_get(d->db, a, subject, true, &r, e));
    if (!str_eq(r.state, STR("asked")))
        return RC_OK;
    TRY(json_parse(r.question, AUDIT_QUESTION_MAX, "the question", &question, e));
    json_object_set_new(in, "question", question);
    json_object_set_new(question, "cut", json_real(0));
    if (json_array_size(json_object_get(question, "branches")) == 0)
        json_object_set_new(question, "branches", maintained(d));
    json_put_int(args, "nth", r.nth);
    json_object_set(args, "branches", json_object_get(question, "branches"));
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = AUDIT_JOB;
    return RC_OK;
}

struct answered {
    int64_t id, nth;
    const json_t *answer;
    struct str text, why;
    const struct find_record *r;
};

/* What the record keeps of an answer: not the places, but how much was searched for them. */
static enum rc searched(const struct answered *k, size_t listed, struct buf *b, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    static const char *const same[] = {"at", "searched"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (json_object_get(k->answer, same[i]))
            json_object_set(j, same[i], json_object_get(k->answer, same[i]));
    json_object_set_new(j, "hits", json_array());
    json_put_int(j, "found", (int64_t)k->r->n_hits);
    json_put_int(j, "listed", (int64_t)listed);
    json_put_int(j, "not_searched_more", (int64_t)k->r->n_left + k->r->left_more);
    TRY(json_write(b, j, e));
    return buf_ok(b, "the record of a search", e);
}

/* Nobody said a cut: the highest one with the recall that is worth it. */
static int64_t first_cut(const struct audit_row *r, const struct find_record *f)
{
    AUTO(json) json_t *q = NULL;
    if (r->answer_nth || json_parse(r->question, AUDIT_QUESTION_MAX, "", &q, NULL) != RC_OK ||
        json_object_get(q, "cut"))
        return r->cut;
    for (size_t i = 0; i < f->n_dial; i++)
        if (f->dial[i].recall >= AUDIT_WORTH)
            return (int64_t)(f->dial[i].cut * AUDIT_CUT_ONE);
    return 0;
}

static enum rc answer_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    AUTO(buf) struct buf kept = BUF_INIT(AUDIT_ANSWER_MAX);
    struct audit_row r;
    TRY(ops_audit_get(d->db, a, k->id, true, &r, e));
    if (r.nth != k->nth)
        return RC_OK; /* asked anew meanwhile: that job is under way */
    r.cut = first_cut(&r, k->r);
    r.answer = k->text;
    r.answer_nth = k->nth;
    r.answered_us = desk_now(d);
    TRY(ops_audit_answer(d->db, &r, e));
    TRY(ops_audit_list(d->db, &r, e));
    TRY(audit_settle(d, a, &machine, r.id, "a newer answer is another one", e));
    TRY(ops_audit_get(d->db, a, k->id, true, &r, e));
    size_t listed = 0;
    for (size_t i = 0; i < k->r->n_hits; i++)
        listed += is_worth(&k->r->hits[i], r.cut);
    TRY(searched(k, listed, &kept, e));
    struct audit_run_row run = {.nth = k->nth,
                                .answered_us = r.answered_us,
                                .state = STR("answered"),
                                .failure = STR_NONE,
                                .searched = buf_str(&kept)};
    TRY(ops_audit_run_end(d->db, r.id, &run, e));
    json_t *p = json_object();
    json_put_str(p, "summary", r.summary);
    json_put_int(p, "found", (int64_t)k->r->n_hits);
    json_put_int(p, "listed", (int64_t)listed);
    json_put_int(p, "files", k->r->files);
    json_put_int(p, "not_searched", (int64_t)k->r->n_left + k->r->left_more);
    return desk_event(d, &machine, r.case_id, "audit.answered", p, e);
}

enum rc audit_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    AUTO(buf) struct buf text = BUF_INIT(AUDIT_ANSWER_MAX);
    struct find_record rec;
    struct answered k = {.id = subject, .answer = answer, .r = &rec};
    TRY(json_get_int(answer, "nth", 0, INT64_MAX, &k.nth, e));
    TRY(find_record_read(answer, a, &rec, e));
    TRY(json_write(&text, answer, e));
    TRY(buf_ok(&text, "the answer", e));
    k.text = buf_str(&text);
    return desk_run(d, answer_tx, &k, e);
}

enum rc audit_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                           struct err *e)
{
    return ops_audit_progress(d->db, subject, what, ret_case, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct audit_row r;
    TRY(ops_audit_get(d->db, a, k->id, true, &r, e));
    if (!str_eq(r.state, STR("asked")))
        return RC_OK;
    struct audit_run_row run = {
        .nth = r.nth, .state = STR("failed"), .failure = k->why, .searched = STR_NONE};
    TRY(ops_audit_failed(d->db, k->id, k->why, e));
    TRY(ops_audit_run_end(d->db, k->id, &run, e));
    return desk_event(d, &machine, r.case_id, "audit.failed", NULL, e);
}

enum rc audit_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct answered k = {.id = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}
