/* SPDX-License-Identifier: Apache-2.0 */
/* The audit of a case, with made-up answers of the engine, on both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "desk/affected.h"
#include "desk/audit.h"
#include "desk/cmd.h"
#include "desk/erase.h"
#include "desk/job.h"
#include "desk/testing.h"
#include "desk/vcase.h"
#include "desk/view.h"
#include "store/task.h"

static bool on_pg;

static int begin_with(void **state, const char *logins)
{
    test_desk_begin(state, on_pg,
                    "[mail]\nnotices = off\n[project]\nrepository = /srv/git/app.git\n"
                    "repositories = docs=/srv/git/docs.git\nmaintained = main, stable\n",
                    logins);
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, "alice bob carol");
}

static int begin_alone(void **state)
{
    return begin_with(state, "alice");
}

static int64_t a_case(struct test_desk *t, const char *mid)
{
    struct test_mail m = {.from = "f@finder.example",
                          .subject = "a copy is too long",
                          .text = "look at src/a.c",
                          .mid = mid};
    return test_mail_in(t, &m).case_id;
}

static int64_t events(struct test_desk *t, const char *kind)
{
    return test_count(t, arena_strf(t->a, "SELECT count(*) FROM event WHERE kind = '%s'", kind).p);
}

/* ---- what the engine says ---- */

struct place {
    const char *chunk, *path;
    int line, line_in;
    double score;
};
static const struct place three[] = {{"00000000000000a1", "src/a.c", 40, 4, 0.9},
                                     {"00000000000000b2", "src/b.c", 100, 6, 0.6},
                                     {"00000000000000c3", "src/c.c", 7, -1, 0.2}};

static json_t *hit(const struct place *p)
{
    json_t *h = json_pack(
        "{s:s, s:i, s:i, s:i, s:f, s:[s], s:[s], s:[s], s:[{s:s, s:s, s:i}], s:s, s:f, s:s,"
        " s:{s:i, s:[s, s]}, s:[{s:i, s:[s]}]}",
        "path", p->path, "start", p->line, "end", p->line + 1, "line", p->line, "score", p->score,
        "matched", "copy", "missing", "at_most", "branches", "main", "places", "branch", "main",
        "path", p->path, "line", p->line, "chunk", p->chunk, "fixed", 0.0, "lang", "c", "code",
        "start", p->line, "lines", "copy(into, from);", "}", "marks", "line", p->line, "words",
        "copy");
    assert_non_null(h);
    if (p->line_in >= 0)
        json_object_set_new(h, "line_in", json_integer(p->line_in));
    return h;
}

static json_t *answer_of(const struct place *p, size_t n, const char *commit)
{
    json_t *j = json_pack(
        "{s:[{s:s, s:s}], s:[{s:s, s:s, s:i, s:i, s:[{s:s, s:i, s:s}]}], s:i, s:f,"
        " s:[{s:f, s:f, s:f}, {s:f, s:f, s:f}, {s:f, s:f, s:f}],"
        " s:{s:i, s:i, s:i, s:i}, s:[{s:s, s:s}], s:i}",
        "at", "name", "main", "commit", commit, "seeds", "fix", "1234abcd", "path", "src/x.c",
        "start", 3, "end", 4, "lines", "sign", "-", "old", 3, "text", "copy(a, b);", "limit", 100,
        "cut", 0.0, "dial", "cut", 0.1, "recall", 0.9, "places", 20.0, "cut", 0.8, "recall", 0.5,
        "places", 2.0, "cut", 0.5, "recall", 0.7, "places", 5.0, "searched", "repositories", 1,
        "branches", 1, "files", 12, "lines", 900, "not_searched", "path", "big.bin", "why",
        "binary", "not_searched_more", 3);
    assert_non_null(j);
    json_t *hits = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(hits, hit(&p[i]));
    json_object_set_new(j, "hits", hits);
    return j;
}

/* What core does: claim, ask, and take the answer in; RC_NOTFOUND: nothing is asked any more. */
static enum rc answer_with(struct test_desk *t, const char *kind, json_t *answer)
{
    const char *const kinds[] = {kind, NULL};
    struct task_claim want = {.max = 1, .lease_us = 60000000, .kinds = kinds};
    struct task *task;
    struct err why = ERR_INIT;
    struct desk_ask q = DESK_ASK_INIT;
    AUTO(json) json_t *j = answer;
    AUTO(json) json_t *args = NULL;
    AUTO(buf) struct buf text = BUF_INIT(16u << 20);
    int n = 0;
    T_OK(task_claim(t->d.db, t->a, &want, &task, &n, e));
    assert_int_equal(n, 1);
    T_OK(desk_job_ask(&t->d, task->kind, task->subject, &q, e));
    T_OK(task_done(t->d.db, task->id, task->attempt, e));
    if (q.engine == NULL) {
        desk_ask_release(&q);
        return RC_NOTFOUND;
    }
    T_OK(json_parse(buf_str(&q.args), DESK_ASK_ARGS_MAX, "args", &args, e));
    if (!json_object_get(j, "nth"))
        json_object_set(j, "nth", json_object_get(args, "nth"));
    T_OK(json_write(&text, j, e));
    enum rc rc = desk_job_answer(&t->d, task->kind, task->subject, buf_str(&text), &why);
    if (rc != RC_OK)
        T_OK(desk_job_failed(&t->d, task->kind, task->subject, str_c(why.msg), e));
    desk_ask_release(&q);
    return rc;
}

static enum rc answer(struct test_desk *t, const struct place *p, size_t n, const char *commit)
{
    return answer_with(t, AUDIT_JOB, answer_of(p, n, commit));
}

static void ask(struct test_desk *t, int64_t id, const char *fix)
{
    struct actor alice = test_actor(t, "alice");
    struct audit_ask q = {.case_id = id, .fix = str_c(fix)};
    T_OK(audit_ask(&t->d, &alice, &q, e));
}

static int64_t asked_case(struct test_desk *t, const char *mid)
{
    int64_t id = a_case(t, mid);
    ask(t, id, "1234abcd");
    assert_int_equal(answer(t, three, 3, "aaaa"), RC_OK);
    return id;
}

static void look(struct test_desk *t, const char *login, int64_t id, struct view_audit *ret)
{
    struct actor who = test_actor(t, login);
    T_OK(view_audit(&t->d, &who, t->a, id, ret, e));
}

static enum rc decide(struct test_desk *t, const char *login, int64_t id, const char *keys,
                      enum audit_verdict v, const char *reason)
{
    struct actor who = test_actor(t, login);
    struct audit_decide n = {id, str_c(keys), v, str_c(reason)};
    struct err why = ERR_INIT;
    return audit_decide(&t->d, &who, &n, &why);
}

static enum rc sign_as(struct test_desk *t, const char *login, int64_t id, const char *digest,
                       int64_t *ret_open)
{
    struct actor who = test_actor(t, login);
    struct err why = ERR_INIT;
    return audit_sign(&t->d, &who, id, str_c(digest), ret_open, &why);
}

/* As it is now. */
static enum rc sign(struct test_desk *t, const char *login, int64_t id)
{
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    int64_t open;
    look(t, login, id, &v);
    enum rc rc = sign_as(t, login, id, v.digest, &open);
    assert_int_equal(rc == RC_OK, v.may_sign);
    return rc;
}

#define A "00000000000000a1.4"
#define B "00000000000000b2.6"
#define C "00000000000000c3"

/* ---- the question ---- */

static void test_a_question_begins_with_what_is_known(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), reporter = {.kind = ACTOR_REPORTER};
    int64_t id = a_case(t, "first@x.example");
    struct err why = ERR_INIT;
    struct audit_ask q = {.case_id = id};
    struct affected_ask known = {id, 0, STR("f1 copy-of-f1\nf2"), STR_NONE, STR_NONE};
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(view_audit) struct view_audit then = {.nth = 0};
    assert_int_equal(audit_ask(&t->d, &alice, &q, &why), RC_INVALID); /* no fix, no region */
    assert_int_equal(audit_ask(&t->d, &reporter, &q, &why), RC_DENIED);
    assert_int_equal(audit_again(&t->d, &alice, id, &why), RC_NOTFOUND);
    T_OK(affected_ask(&t->d, &alice, &known, e));
    look(t, "alice", id, &v);
    assert_string_equal(v.fix.p, "f1\nf2");
    assert_true(v.fix_of_affected && !v.asked && !v.may_sign);
    T_OK(audit_ask(&t->d, &alice, &q, e));
    assert_string_equal(
        test_text(t, "SELECT question FROM audit").p,
        "{\"fix\":[\"f1\",\"f2\"],\"like\":[],\"hunk\":[],\"branches\":[],\"repositories\":[],"
        "\"limit\":100}");
    q.like = STR("src/a b.c:10-20 at v1.0\n\n src/c.c:7");
    q.fix = q.hunks = STR_NONE;
    q.branches = STR("main, rel-*");
    q.repositories = STR("docs");
    q.limit = STR("20");
    q.cut = STR("0.25");
    q.rules = STR("id: x\nrule:\n  pattern: copy($A)\n# rule: long copies\n@@ @@\n* copy(...)");
    T_OK(audit_ask(&t->d, &alice, &q, e));
    look(t, "alice", id, &then);
    assert_true(then.waits && then.fix.n == 0 && !then.fix_of_affected);
    assert_string_equal(then.like.p, "src/a b.c:10-20 at v1.0\nsrc/c.c:7-7 at HEAD");
    assert_string_equal(then.branches.p, "main rel-*");
    assert_string_equal(then.repositories.p, "docs");
    assert_true(str_eq(then.limit, STR("20")) && str_eq(then.cut, STR("0.25")));
    assert_int_equal(then.n_runs, 2);
    assert_string_equal(then.runs[1].state.p, "replaced");
    assert_string_equal(then.runs[0].question.p,
                        "like src/a b.c:10-20 at v1.0, src/c.c:7-7 at HEAD; branches main, rel-*; "
                        "repositories docs; rules rule 1, long copies");
    assert_string_equal(then.rules.p, "# rule: rule 1\nid: x\nrule:\n  pattern: copy($A)\n"
                                      "# rule: long copies\n@@ @@\n* copy(...)\n");
    assert_int_equal(events(t, "audit.asked"), 2);
    static const struct audit_ask bad[] = {{.like = {"src/a.c", 7}},
                                           {.like = {"src/a.c:9-3", 11}},
                                           {.like = {"src/a.c:0", 9}},
                                           {.fix = {"f\001", 2}},
                                           {.fix = {"f", 1}, .limit = {"0", 1}},
                                           {.fix = {"f", 1}, .cut = {"a", 1}},
                                           {.fix = {"f", 1}, .cut = {"1.2.3", 5}},
                                           {.fix = {"f", 1}, .repositories = {"other", 5}},
                                           {.like = {"a:1", 3}, .hunks = {"a:1-2", 5}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct audit_ask b = bad[i];
        b.case_id = id;
        if (i == 8) /* hunks of the fix that is known */
            continue;
        assert_int_equal(audit_ask(&t->d, &alice, &b, &why), RC_INVALID);
    }
}

static void test_the_job_asks_for_every_branch_and_any_cut(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, "first@x.example");
    struct desk_ask q = DESK_ASK_INIT;
    struct audit_ask ask1 = {.case_id = id, .fix = STR("1234"), .cut = STR("0.5")};
    T_OK(audit_ask(&t->d, &alice, &ask1, e));
    T_OK(desk_job_ask(&t->d, STR(AUDIT_JOB), test_count(t, "SELECT id FROM audit"), &q, e));
    assert_string_equal(q.engine, "audit");
    assert_string_equal(buf_c(&q.args), "{\"nth\":1,\"branches\":[\"main\",\"stable\"]}");
    assert_non_null(strstr(buf_c(&q.input), "\"branches\":[\"main\",\"stable\"]"));
    assert_non_null(strstr(buf_c(&q.input), "\"cut\":0.0"));
    desk_ask_release(&q);
}

/* ---- the answer ---- */

static void test_an_answer_is_listed_as_far_as_it_is_worth(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    struct view_audit_line line;
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(view_audit) struct view_audit all = {.nth = 0};
    AUTO(view_audit) struct view_audit ruled = {.nth = 0};
    look(t, "alice", id, &v);
    assert_true(v.has && !v.waits && !v.failed && !v.stale);
    assert_int_equal(v.n_hits, 3);
    assert_int_equal(v.n_listed, 2); /* the dial says 0.5 for seven of ten */
    assert_string_equal(v.cut.p, "0.5");
    assert_string_equal(v.hits[0].key.p, A);
    assert_string_equal(v.hits[2].key.p, C);
    assert_int_equal(v.n_dial, 3);
    assert_string_equal(v.dial[0].cut.p, "0.8");
    assert_true(v.dial[1].current && v.dial[1].here == 2 && v.expect->recall == 0.7);
    assert_string_equal(v.summary.p, "2 places: 2 not decided");
    assert_int_equal(v.runs[0].not_searched, 4);
    assert_string_equal(v.runs[0].searched.p, "1 repository, 1 branch, 12 files, 900 lines");
    assert_string_equal(v.runs[0].trees[0].commit.p, "aaaa");
    T_OK(audit_cut(&t->d, &alice, id, STR("0.1"), e));
    look(t, "alice", id, &all);
    assert_int_equal(all.n_listed, 3);
    assert_int_equal(all.nth, v.nth);
    assert_string_not_equal(all.digest, v.digest);
    T_OK(view_audit_line(&t->d, t->a, id, &line, e));
    assert_string_equal(line.state.p, "answered");
    assert_true(line.open == 3 && line.joined == 0 && !line.signed_off);
    assert_int_equal(events(t, "audit.cut"), 1);
    assert_int_equal(events(t, "audit.answered"), 1);
    /* What a rule found is on the list, whatever its score. */
    T_OK(audit_cut(&t->d, &alice, id, STR("0.5"), e));
    T_OK(audit_again(&t->d, &alice, id, e));
    json_t *j = answer_of(three, 3, "aaaa");
    json_object_set_new(json_array_get(json_object_get(j, "hits"), 2), "rule", json_string("r1"));
    assert_int_equal(answer_with(t, AUDIT_JOB, j), RC_OK);
    look(t, "alice", id, &ruled);
    assert_true(ruled.n_listed == 3 && ruled.hits[2].listed && ruled.runs[0].listed == 3);
}

static void test_what_the_engine_says_is_checked(void **state)
{
    struct test_desk *t = *state;
    int64_t id = a_case(t, "first@x.example");
    static const char *const lies[] = {
        "{\"hits\":[{}]}",
        "{\"hits\":[{\"path\":\"a\",\"start\":5,\"end\":4,\"line\":5,\"score\":1,"
        "\"chunk\":\"00000000000000a1\"}]}",
        "{\"hits\":[{\"path\":\"a\",\"start\":1,\"end\":4,\"line\":1,\"score\":1,\"chunk\":\"xyz\"}"
        "]}",
        "{\"hits\":[{\"path\":\"a\\nb\",\"start\":1,\"end\":4,\"line\":1,\"score\":1,"
        "\"chunk\":\"00000000000000a1\"}]}",
        "{\"hits\":[{\"path\":\"a\\u0007\",\"start\":1,\"end\":4,\"line\":1,\"score\":1,"
        "\"chunk\":\"00000000000000a1\"}]}",
        "{\"hits\":[{\"path\":\"a\",\"start\":1,\"end\":4,\"line\":1,\"score\":-1,"
        "\"chunk\":\"00000000000000a1\"}]}",
        "{\"hits\":[{\"path\":\"a\",\"start\":1,\"end\":4,\"line\":1,\"score\":1,"
        "\"chunk\":\"00000000000000a1\",\"marks\":[{\"line\":9,\"words\":[]}]}]}",
        "{\"hits\":[{\"path\":\"a\",\"start\":1,\"end\":4,\"line\":1,\"score\":1,"
        "\"chunk\":\"00000000000000a1\"},{\"path\":\"b\",\"start\":1,\"end\":4,\"line\":1,"
        "\"score\":2,\"chunk\":\"00000000000000a1\"}]}",
        "{\"hits\":{}}",
        "{}",
        "{\"hits\":[],\"dial\":[{\"cut\":0,\"recall\":2,\"places\":0}]}",
        "{\"hits\":[],\"seeds\":[{\"path\":\"a\",\"lines\":[{\"sign\":\"x\",\"text\":\"\"}]}]}",
        "{\"hits\":[],\"at\":[{\"name\":\"\"}]}",
        "{\"hits\":[],\"not_searched\":[{\"path\":\"a\"}]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        AUTO(view_audit) struct view_audit v = {.nth = 0};
        ask(t, id, "1234abcd");
        if (answer_with(t, AUDIT_JOB, json_loads(lies[i], 0, NULL)) != RC_INVALID)
            fail_msg("taken: %s", lies[i]);
        look(t, "alice", id, &v);
        assert_true(v.failed && !v.has && v.failure.n > 0);
        assert_string_equal(v.runs[0].state.p, "failed");
    }
    assert_int_equal(events(t, "audit.failed"), ARRAY_LEN(lies));
    ask(t, id, "1234abcd");
    ask(t, id, "1234abce");
    json_t *old = answer_of(three, 3, "aaaa");
    json_object_set_new(old, "nth", json_integer(1));
    assert_int_equal(answer_with(t, AUDIT_JOB, old), RC_OK); /* to an older question: not taken */
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    look(t, "alice", id, &v);
    assert_true(v.waits && !v.has);
}

/* ---- decisions ---- */

static void test_a_decision_follows_the_content(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    struct err why = ERR_INIT;
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(view_audit) struct view_audit moved = {.nth = 0};
    AUTO(view_audit) struct view_audit back = {.nth = 0};
    assert_int_equal(decide(t, "alice", id, B, AUDIT_SAFE, ""), RC_INVALID); /* why? */
    assert_int_equal(decide(t, "alice", id, "00000000000000ff", AUDIT_UNSURE, ""), RC_NOTFOUND);
    assert_int_equal(decide(t, "alice", id, "nonsense", AUDIT_UNSURE, ""), RC_INVALID);
    assert_int_equal(decide(t, "alice", id, " ", AUDIT_UNSURE, ""), RC_INVALID);
    assert_int_equal(decide(t, "alice", id, B " " C " 00000000000000ff", AUDIT_UNSURE, ""),
                     RC_NOTFOUND); /* all or nothing */
    assert_int_equal(test_count(t, "SELECT count(*) FROM audit_hit"), 0);
    assert_int_equal(decide(t, "alice", id, B " " C, AUDIT_SAFE, "the length is checked before"),
                     RC_OK);
    look(t, "alice", id, &v);
    assert_int_equal(v.n_listed, 3); /* what was decided stays on the list */
    assert_int_equal(v.count[AUDIT_SAFE], 2);
    assert_string_equal(v.hits[1].actor.p, "handler:alice");
    assert_string_equal(v.summary.p, "3 places: 2 safe, 1 not decided");
    /* A later run: one file moved and its lines shifted, another place of the same file is new. */
    static const struct place later[] = {{"00000000000000a1", "src/a.c", 40, 4, 0.9},
                                         {"00000000000000b2", "lib/b2.c", 230, 8, 0.6},
                                         {"00000000000000b2", "lib/b2.c", 244, 22, 0.55},
                                         {"00000000000000d4", "src/c.c", 7, -1, 0.51}};
    T_OK(audit_again(&t->d, &alice, id, e));
    assert_int_equal(answer(t, later, 4, "bbbb"), RC_OK);
    look(t, "bob", id, &moved);
    assert_int_equal(moved.hits[1].verdict, AUDIT_SAFE);
    assert_string_equal(moved.hits[1].was.p, "src/b.c:100");
    assert_int_equal(moved.hits[2].verdict, AUDIT_OPEN); /* fourteen lines on: another place */
    assert_int_equal(moved.hits[3].verdict, AUDIT_OPEN); /* the code changed */
    assert_int_equal(moved.n_listed, 4);
    /* Minds are changed by the place as it is shown now, and by one that is not shown any more. */
    assert_int_equal(decide(t, "bob", id, "00000000000000b2.8", AUDIT_OPEN, ""), RC_OK);
    assert_int_equal(decide(t, "bob", id, C, AUDIT_OPEN, ""), RC_OK);
    assert_int_equal(decide(t, "bob", id, C, AUDIT_OPEN, ""), RC_NOTFOUND);
    look(t, "bob", id, &back);
    assert_int_equal(back.count[AUDIT_OPEN], 4);
    assert_int_equal(events(t, "audit.decided"), 1);
    assert_int_equal(events(t, "audit.undecided"), 2);
    T_OK(vcase_close(&t->d, &alice, id, EXIT_NOT_A_VULNERABILITY, STR("no"), e));
    assert_int_equal(decide(t, "alice", id, A, AUDIT_UNSURE, ""), RC_INVALID);
    assert_int_equal(audit_again(&t->d, &alice, id, &why), RC_INVALID);
    assert_int_equal(audit_cut(&t->d, &alice, id, STR("0"), &why), RC_INVALID);
}

static void test_another_case_is_a_hint_and_nothing_more(void **state)
{
    struct test_desk *t = *state;
    int64_t first = asked_case(t, "first@x.example"), second;
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    assert_int_equal(decide(t, "alice", first, A, AUDIT_SAFE, "a constant"), RC_OK);
    assert_int_equal(decide(t, "alice", first, B, AUDIT_SAFE, "a constant too"), RC_OK);
    assert_int_equal(decide(t, "alice", first, B, AUDIT_OPEN, ""), RC_OK);
    second = asked_case(t, "second@x.example");
    look(t, "alice", second, &v);
    assert_int_equal(v.hits[0].verdict, AUDIT_OPEN);
    assert_int_equal(v.hits[0].n_hints, 1);
    assert_int_equal(v.hits[0].hints[0].verdict, AUDIT_SAFE);
    assert_string_equal(v.hits[0].hints[0].reason.p, "a constant");
    assert_true(v.hits[0].hints[0].case_number.n > 0);
    assert_int_equal(v.hits[1].n_hints, 0); /* taken back */
}

static void test_a_same_flaw_joins_the_case(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct err why = ERR_INIT;
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(view_audit) struct view_audit asked = {.nth = 0};
    AUTO(view_audit) struct view_audit fixed = {.nth = 0};
    AUTO(view_affected) struct view_affected own = {.nth = 0};
    assert_int_equal(decide(t, "alice", id, A, AUDIT_SAME_FLAW, ""), RC_OK);
    look(t, "alice", id, &v);
    assert_int_equal(v.n_parts, 1);
    assert_true(v.parts[0].there && v.parts[0].part == v.hits[0].part && v.parts[0].part > 0);
    assert_string_equal(v.parts[0].state, "open");
    struct audit_part n = {id, v.parts[0].part, STR_NONE}, none = {id, 999, STR_NONE};
    assert_int_equal(audit_part_fix(&t->d, &alice, &none, &why), RC_NOTFOUND);
    T_OK(audit_part_fix(&t->d, &alice, &n, e)); /* from its lines alone */
    assert_string_equal(test_text(t, "SELECT question FROM affected_part").p,
                        "{\"fix\":[],\"introduced\":[],\"at\":[\"src/a.c:40-41\"]}");
    look(t, "alice", id, &asked);
    assert_string_equal(asked.parts[0].state, "releases are being looked through");
    n.fix = STR("77ab 77ac");
    T_OK(audit_part_fix(&t->d, &alice, &n, e));
    assert_int_equal(answer_with(t, AFFECTED_PART_JOB, json_object()), RC_NOTFOUND);
    T_OK(audit_part_fix(&t->d, &alice, &n, e));
    assert_int_equal(
        answer_with(t, AFFECTED_PART_JOB, json_loads("{\"nth\":1,\"releases\":[]}", 0, NULL)),
        RC_OK);
    assert_int_equal(
        answer_with(t, AFFECTED_PART_JOB,
                    json_loads("{\"releases\":[{\"tag\":\"v1\",\"status\":\"affected\"}],"
                               "\"ranges\":[{\"from\":\"1\",\"to\":\"1\"}]}",
                               0, NULL)),
        RC_OK);
    look(t, "alice", id, &fixed);
    assert_string_equal(fixed.parts[0].state, "fix named");
    assert_string_equal(fixed.parts[0].fix.p, "77ab 77ac");
    assert_string_equal(fixed.parts[0].affected_summary.p, "1 (1 release)");
    T_OK(view_affected(&t->d, &alice, t->a, (struct affected_key){id, n.part}, &own, e));
    assert_true(own.has && !own.may_keep && own.r.n_releases == 1);
    /* The case's own affected versions are another question. */
    assert_int_equal(test_count(t, "SELECT count(*) FROM affected"), 0);
    struct affected_decide tag = {id, n.part, STR("v1"), STR("fixed"), STR("a vendor's patch")};
    T_OK(affected_decide(&t->d, &alice, &tag, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM affected_part_tag"), 1);
    assert_int_equal(decide(t, "bob", id, A, AUDIT_SAFE, "it cannot be reached"), RC_OK);
    assert_int_equal(audit_part_fix(&t->d, &alice, &n, &why), RC_NOTFOUND);
    assert_int_equal(events(t, "audit.joined"), 1);
    assert_int_equal(events(t, "audit.left"), 1);
    /* Once more the same flaw: its line is the one that it had. */
    assert_int_equal(decide(t, "bob", id, A, AUDIT_SAME_FLAW, ""), RC_OK);
    assert_int_equal(test_count(t, "SELECT id FROM audit_hit WHERE verdict = 'same_flaw'"), n.part);
}

/* ---- signatures ---- */

static struct str audited(struct test_desk *t)
{
    return test_text(t, "SELECT facts FROM vcase ORDER BY id LIMIT 1");
}

static void test_a_second_person_signs(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob");
    struct err why = ERR_INIT;
    int64_t id = asked_case(t, "first@x.example"), open;
    struct view_audit_line line;
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(view_audit) struct view_audit done = {.nth = 0};
    assert_int_equal(sign(t, "bob", id), RC_DENIED); /* nothing is decided */
    assert_int_equal(decide(t, "alice", id, A, AUDIT_SAME_FLAW, ""), RC_OK);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_UNSURE, ""), RC_OK);
    assert_int_equal(sign(t, "alice", id), RC_DENIED);
    look(t, "bob", id, &v);
    assert_true(v.may_sign && !v.alone);
    T_OK(audit_sign(&t->d, &bob, id, str_c(v.digest), &open, e));
    assert_int_equal(open, 1); /* the unsure one */
    assert_int_equal(decide(t, "bob", id, B, AUDIT_SAFE, "checked by the caller"), RC_OK);
    /* It is not what was looked at any more. */
    assert_int_equal(sign_as(t, "alice", id, v.digest, &open), RC_CONFLICT);
    assert_int_equal(sign(t, "bob", id), RC_DENIED);
    assert_true(str_find(audited(t), STR("audited")) == STR_NPOS);
    assert_int_equal(sign(t, "alice", id), RC_OK); /* each has signed the other's */
    assert_true(str_find(audited(t), STR("\"audited\":\"handler:alice\"")) != STR_NPOS);
    look(t, "bob", id, &done);
    assert_true(done.signed_off && !done.may_sign && done.n_signs == 1);
    assert_string_equal(done.signs[0].digest.p, done.digest);
    assert_int_equal(done.signs[0].count[AUDIT_SAFE], 1);
    assert_int_equal(sign(t, "carol", id), RC_CONFLICT);
    T_OK(view_audit_line(&t->d, t->a, id, &line, e));
    assert_true(line.signed_off && line.open == 0 && line.joined == 1);
    assert_int_equal(audit_unsign(&t->d, &alice, id, STR_NONE, &why), RC_INVALID);
    T_OK(audit_unsign(&t->d, &alice, id, STR("I looked at the wrong branch"), e));
    assert_int_equal(audit_unsign(&t->d, &alice, id, STR("again"), &why), RC_CONFLICT);
    assert_true(str_find(audited(t), STR("audited")) == STR_NPOS);
    assert_int_equal(sign(t, "carol", id), RC_OK);
    assert_int_equal(events(t, "audit.signed"), 3);
    assert_int_equal(events(t, "audit.unsigned"), 1);
}

static void test_the_team_hears_when_all_is_decided(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    static const char told[] =
        "SELECT count(*) FROM task WHERE kind = 'notice' AND arg LIKE 'audit %'";
    t->set->mail.notices = true;
    t->set->mail.outgoing = OUTGOING_ON;
    assert_int_equal(decide(t, "alice", id, A, AUDIT_SAFE, "a constant"), RC_OK);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_UNSURE, ""), RC_OK);
    assert_int_equal(test_count(t, told), 0);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_SAFE, "a constant"), RC_OK);
    assert_int_equal(test_count(t, told), 1);
}

static void signed_off(struct test_desk *t, int64_t id)
{
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    look(t, "bob", id, &v);
    if (!v.signed_off)
        assert_int_equal(sign(t, "bob", id), RC_OK);
    assert_true(str_find(audited(t), STR("audited")) != STR_NPOS);
}

static void not_any_more(struct test_desk *t, int64_t id, const char *why)
{
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    look(t, "bob", id, &v);
    assert_false(v.signed_off);
    assert_string_equal(v.signs[0].ended_why.p, why);
    assert_true(str_find(audited(t), STR("audited")) == STR_NPOS);
}

static void test_a_signature_holds_for_what_was_signed(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    static const struct place more[] = {{"00000000000000e5", "src/e.c", 4, 4, 0.95},
                                        {"00000000000000a1", "src/a.c", 40, 4, 0.9},
                                        {"00000000000000b2", "src/b.c", 100, 6, 0.6}};
    assert_int_equal(decide(t, "alice", id, A " " B, AUDIT_SAFE, "constants"), RC_OK);
    signed_off(t, id);
    /* The same places in the same commits are what was signed. */
    T_OK(audit_again(&t->d, &alice, id, e));
    assert_int_equal(answer(t, three, 3, "aaaa"), RC_OK);
    signed_off(t, id);
    assert_int_equal(events(t, "audit.unsigned"), 0);
    /* Another commit is not, although nothing new was found in it. */
    T_OK(audit_again(&t->d, &alice, id, e));
    assert_int_equal(answer(t, three, 3, "cccc"), RC_OK);
    not_any_more(t, id, "a newer answer is another one");
    signed_off(t, id); /* one look, one signature */
    T_OK(audit_cut(&t->d, &alice, id, STR("0.1"), e));
    not_any_more(t, id, "the cut was changed");
    T_OK(audit_cut(&t->d, &alice, id, STR("0.5"), e));
    signed_off(t, id);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_SAFE, "constants, and short ones"), RC_OK);
    not_any_more(t, id, "a decision changed");
    signed_off(t, id);
    ask(t, id, "9999");
    not_any_more(t, id, "something else was asked");
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    look(t, "bob", id, &v);
    assert_true(v.stale && v.digest[0] == '\0' && !v.may_sign);
    assert_int_equal(answer(t, more, 3, "cccc"), RC_OK);
    assert_int_equal(sign(t, "bob", id), RC_DENIED); /* the new one is not decided */
    assert_int_equal(decide(t, "alice", id, "00000000000000e5.4", AUDIT_SAFE, "too"), RC_OK);
    signed_off(t, id);
}

static void test_nothing_found_is_signed_by_another_than_who_asked(void **state)
{
    struct test_desk *t = *state;
    int64_t id = a_case(t, "first@x.example");
    ask(t, id, "1234abcd");
    assert_int_equal(answer(t, three, 0, "aaaa"), RC_OK);
    assert_int_equal(sign(t, "alice", id), RC_DENIED);
    assert_int_equal(sign(t, "bob", id), RC_OK);
    assert_int_equal(test_count(t, "SELECT alone FROM audit_sign"), 0);
}

static void test_who_is_alone_may_sign_and_it_is_said(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    assert_int_equal(decide(t, "alice", id, A " " B, AUDIT_SAFE, "constants"), RC_OK);
    look(t, "alice", id, &v);
    assert_true(v.may_sign && v.alone);
    assert_int_equal(sign(t, "alice", id), RC_OK);
    assert_int_equal(test_count(t, "SELECT alone FROM audit_sign"), 1);
    assert_non_null(strstr(audited(t).p, "handler:alice (nobody else was there)"));
}

/* ---- around it ---- */

static void test_the_record_is_exported(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    AUTO(json) json_t *out = NULL;
    AUTO(json) json_t *csv = NULL;
    AUTO(json)
    json_t *args = json_pack("{s:s}", "case", test_text(t, "SELECT number FROM vcase").p);
    assert_int_equal(decide(t, "alice", id, A, AUDIT_SAFE, "=cmd|' /C calc'!A0 is \"quoted\""),
                     RC_OK);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_SAME_FLAW, ""), RC_OK);
    assert_int_equal(sign(t, "bob", id), RC_OK);
    T_OK(desk_cmd(&t->d, &alice, STR("audit.show"), args, &out, e));
    assert_true(json_is_true(json_object_get(out, "signed_off")));
    assert_int_equal(json_array_size(json_object_get(out, "hits")), 3);
    assert_int_equal(json_array_size(json_object_get(out, "runs")), 1);
    assert_int_equal(json_array_size(json_object_get(out, "joined")), 1);
    const json_t *s = json_array_get(json_object_get(out, "signatures"), 0);
    assert_string_equal(json_string_value(json_object_get(s, "signed_by")), "handler:bob");
    const json_t *h = json_array_get(json_object_get(out, "hits"), 0);
    assert_string_equal(json_string_value(json_object_get(h, "decided_by")), "handler:alice");
    assert_null(json_object_get(h, "code")); /* the record is no copy of the source */
    json_object_set_new(args, "format", json_string("csv"));
    T_OK(desk_cmd(&t->d, &alice, STR("audit.show"), args, &csv, e));
    const char *text = json_string_value(json_object_get(csv, "csv"));
    assert_non_null(strstr(text, "\"'=cmd|' /C calc'!A0 is \"\"quoted\"\"\""));
    assert_non_null(strstr(text, "\"src/b.c\",100,"));
    assert_non_null(strstr(text, "1 repository, 1 branch, 12 files, 900 lines"));
    assert_non_null(strstr(text, "\"handler:bob\""));
    assert_non_null(strstr(text, "\"big.bin\",\"binary\""));
}

static void test_the_case_tells_of_it(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    struct view_case v;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    assert_int_equal(decide(t, "alice", id, A " " B, AUDIT_SAFE, "constants"), RC_OK);
    assert_int_equal(sign(t, "bob", id), RC_OK);
    T_OK(view_case(&t->d, &alice, t->a, id, &v, e));
    assert_true(v.audit.signed_off);
    for (size_t i = 0; i < v.n_events; i++)
        if (str_starts(v.events[i].kind, STR("audit."))) {
            struct str s = view_event_text(t->a, v.events[i].kind, v.events[i].payload);
            buf_addf(&b, "%.*s\n", STR_ARG(s));
            assert_true(str_find(v.events[i].payload, STR("copy(")) == STR_NPOS); /* no code */
        }
    assert_string_equal(buf_c(&b), "similar code: search asked for\n"
                                   "similar code: 2 places: 2 not decided\n"
                                   "similar code: src/a.c:40 and 1 more: safe: constants\n"
                                   "similar code, signed: all of it\n");
}

static void test_a_joined_case_brings_its_audit_along(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t from = asked_case(t, "first@x.example"), to = a_case(t, "second@x.example"), third;
    struct affected_ask whole = {from, 0, STR("f1"), STR_NONE, STR_NONE};
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    assert_int_equal(decide(t, "alice", from, A, AUDIT_SAME_FLAW, ""), RC_OK);
    assert_int_equal(decide(t, "alice", from, B, AUDIT_SAFE, "a constant"), RC_OK);
    assert_int_equal(sign(t, "bob", from), RC_OK);
    struct audit_part n = {
        from, test_count(t, "SELECT id FROM audit_hit WHERE verdict = 'same_flaw'"), STR_NONE};
    T_OK(audit_part_fix(&t->d, &alice, &n, e));
    T_OK(affected_ask(&t->d, &alice, &whole, e));
    T_OK(vcase_join(&t->d, &alice, to, from, STR("the same report"), e));
    look(t, "carol", to, &v);
    assert_true(v.has && v.n_parts == 1 && v.n_signed == 2 && !v.signed_off);
    assert_string_equal(v.parts[0].affected_state.p, "asked");
    assert_string_equal(v.signs[0].ended_why.p, "the case was joined into another one");
    assert_true(v.fix_of_affected == false && str_eq(v.fix, STR("1234abcd")));
    assert_int_equal(test_count(t, arena_strf(t->a,
                                              "SELECT count(*) FROM affected WHERE case_id"
                                              " = %lld",
                                              (long long)to)
                                       .p),
                     1);
    assert_true(str_find(audited(t), STR("audited")) == STR_NPOS);
    assert_int_equal(sign(t, "carol", to), RC_OK); /* it is one look */
    /* A case that has one keeps its own. */
    third = asked_case(t, "third@x.example");
    T_OK(vcase_join(&t->d, &alice, to, third, STR("and again"), e));
    AUTO(view_audit) struct view_audit kept = {.nth = 0};
    look(t, "carol", to, &kept);
    assert_true(kept.signed_off && kept.n_runs == 1);
}

static void test_erased_is_erased_and_a_late_answer_brings_nothing_back(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), cli = actor_cli(0);
    int64_t id = asked_case(t, "first@x.example");
    struct view_audit_line line;
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    assert_int_equal(decide(t, "alice", id, A, AUDIT_SAME_FLAW, ""), RC_OK);
    assert_int_equal(decide(t, "alice", id, B, AUDIT_SAFE, "secret reason"), RC_OK);
    assert_int_equal(sign(t, "bob", id), RC_OK);
    struct audit_part n = {
        id, test_count(t, "SELECT id FROM audit_hit WHERE verdict = 'same_flaw'"), STR_NONE};
    T_OK(audit_part_fix(&t->d, &alice, &n, e));
    T_OK(audit_again(&t->d, &alice, id, e));
    T_OK(vcase_close(&t->d, &cli, id, EXIT_NOT_A_VULNERABILITY, STR("no"), e));
    T_OK(case_erase(&t->d, &cli, id, STR("asked for"), e));
    assert_int_equal(answer(t, three, 3, "aaaa"), RC_NOTFOUND);
    assert_int_equal(answer_with(t, AFFECTED_PART_JOB, json_object()), RC_NOTFOUND);
    T_OK(view_audit_line(&t->d, t->a, id, &line, e));
    assert_int_equal(line.summary.n, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM audit_hit"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM affected_part"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM audit WHERE answer <> ''"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM audit_run WHERE searched <> ''"), 0);
    look(t, "alice", id, &v); /* that it was searched, and by whom, is still told */
    assert_true(v.n_runs == 2 && !v.has);
    assert_string_equal(v.runs[0].asked_by.p, "handler:alice");
}

int main(int argc, char **argv)
{
    on_pg = argc > 1 && strcmp(argv[1], "pg") == 0;
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_a_question_begins_with_what_is_known),
        DESK_TEST(test_the_job_asks_for_every_branch_and_any_cut),
        DESK_TEST(test_an_answer_is_listed_as_far_as_it_is_worth),
        DESK_TEST(test_what_the_engine_says_is_checked),
        DESK_TEST(test_a_decision_follows_the_content),
        DESK_TEST(test_another_case_is_a_hint_and_nothing_more),
        DESK_TEST(test_a_same_flaw_joins_the_case),
        DESK_TEST(test_a_second_person_signs),
        DESK_TEST(test_the_team_hears_when_all_is_decided),
        DESK_TEST(test_a_signature_holds_for_what_was_signed),
        DESK_TEST(test_nothing_found_is_signed_by_another_than_who_asked),
        cmocka_unit_test_setup_teardown(test_who_is_alone_may_sign_and_it_is_said, begin_alone,
                                        test_desk_end),
        DESK_TEST(test_the_record_is_exported),
        DESK_TEST(test_the_case_tells_of_it),
        DESK_TEST(test_a_joined_case_brings_its_audit_along),
        DESK_TEST(test_erased_is_erased_and_a_late_answer_brings_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
