/* SPDX-License-Identifier: Apache-2.0 */
/* The backports of a case, with made-up answers of the engines, on both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hex.h"
#include "desk/affected.h"
#include "desk/backport.h"
#include "desk/cmd.h"
#include "desk/erase.h"
#include "desk/job.h"
#include "desk/sshsig.h"
#include "desk/testing.h"
#include "desk/vcase.h"
#include "desk/view.h"
#include "store/task.h"

static bool on_pg;

static int begin(void **state)
{
    test_desk_begin(state, on_pg,
                    "[mail]\nnotices = off\n[project]\nrepository = /srv/git/app.git\n"
                    "maintained = main, rel-2, rel-1\n",
                    "alice bob");
    return 0;
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

static struct str fact(struct test_desk *t, int64_t id)
{
    return test_text(t,
                     arena_strf(t->a, "SELECT facts FROM vcase WHERE id = %lld", (long long)id).p);
}

/* The facts of the lines: "lines/fixes/waived". */
static void facts_are(struct test_desk *t, int64_t id, int lines, int fixes, int waived)
{
    AUTO(json) json_t *j = json_loads(fact(t, id).p, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(j, "lines")), lines);
    assert_int_equal(json_integer_value(json_object_get(j, "fixes")), fixes);
    assert_int_equal(json_integer_value(json_object_get(j, "waived")), waived);
}

/* ---- what the engine says ---- */

#define PATCH                                                                                      \
    "From bb Mon Sep 17 00:00:00 2001\nFrom: A Dev <a@dev.example>\n"                              \
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: [PATCH] Fix a heap overflow (CVE-2026-1)\n\n"  \
    "Long.\n---\n a.c | 2 +-\n\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n"   \
    "+b\n"

static json_t *line_said(const char *onto, const char *verdict, const char *id)
{
    char tree[8], made[8], tip[8], other[8];
    snprintf(tree, sizeof tree, "a%s", id);
    snprintf(made, sizeof made, "b%s", id);
    snprintf(tip, sizeof tip, "c%s", id);
    snprintf(other, sizeof other, "d%s", id);
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:[{s:s, s:s, s:s}], s:[{s:s, s:s}],"
                  " s:[{s:s, s:s, s:[s], s:s, s:s}], s:s, s:s, s:s,"
                  " s:[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}], s:i}",
                  "onto", onto, "commit", tip, "source", "fix", "verdict", verdict, "why",
                  "it was tried", "rules", "tok", "obligations", "id", "O1", "result", "pass",
                  "detail", "", "left_out", "path", "CHANGES", "class", "doc", "candidates", "tree",
                  other, "source", "fix", "rules", "ins-ins", "why", "the other order", "diff",
                  "--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+c\n", "message",
                  "Fix a heap overflow (CVE-2026-1)\n\nLong.\n\n(cherry picked from commit f00d)\n",
                  "diff", "--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n", "patch", PATCH, "files",
                  "path", "a.c", "class", "code", "how", "merged", "state", "decided", "path",
                  "t/a.t", "class", "test", "how", "taken", "state", "decided", "ms", 3);
    assert_non_null(j);
    bool none = strcmp(verdict, "needs-person") == 0;
    if (!none) {
        json_object_set_new(j, "tree", json_string(tree));
        json_object_set_new(j, "made", json_string(made));
    }
    return j;
}

static json_t *answer_of(size_t n, json_t **lines)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, lines[i]);
    json_t *j = json_pack("{s:[{s:s, s:s, s:s, s:s}], s:o, s:[s]}", "fix", "commit", "f00d",
                          "subject", "Fix a heap overflow (CVE-2026-1)", "author", "A Dev", "date",
                          "2026-01-01T00:00:00Z", "lines", list, "notes", "a note");
    assert_non_null(j);
    return j;
}
#define ANSWER(...)                                                                                \
    answer_of(sizeof((json_t *[]){__VA_ARGS__}) / sizeof(json_t *), (json_t *[]){__VA_ARGS__})

/* What core does: claim, ask, and take the answer in; RC_NOTFOUND: nothing is asked any more. */
struct asked {
    json_t *args, *in;
};
static void asked_release(struct asked *k)
{
    json_decref(k->args);
    json_decref(k->in);
    *k = (struct asked){NULL, NULL};
}

static enum rc answer_with(struct test_desk *t, const char *kind, json_t *answer,
                           struct asked *ret_k)
{
    const char *const kinds[] = {kind, NULL};
    struct task_claim want = {.max = 1, .lease_us = 60000000, .kinds = kinds};
    struct task *task;
    struct err why = ERR_INIT;
    struct desk_ask q = DESK_ASK_INIT;
    struct asked k = {NULL, NULL};
    AUTO(json) json_t *j = answer;
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
    assert_string_equal(q.engine, kind);
    T_OK(json_parse(buf_str(&q.args), DESK_ASK_ARGS_MAX, "args", &k.args, e));
    if (q.input.n)
        T_OK(json_parse(buf_str(&q.input), DESK_ASK_INPUT_MAX, "input", &k.in, e));
    desk_ask_release(&q);
    if (j && !json_object_get(j, "nth"))
        json_object_set(j, "nth", json_object_get(k.args, "nth"));
    enum rc rc = RC_OK;
    if (j) {
        T_OK(json_write(&text, j, e));
        rc = desk_job_answer(&t->d, task->kind, task->subject, buf_str(&text), &why);
    }
    if (j == NULL || rc != RC_OK)
        T_OK(desk_job_failed(&t->d, task->kind, task->subject,
                             j ? str_c(why.msg) : STR("it did not work"), e));
    if (ret_k)
        *ret_k = k;
    else
        asked_release(&k);
    return rc;
}

static enum rc answer(struct test_desk *t, json_t *j)
{
    return answer_with(t, BACKPORT_JOB, j, NULL);
}

static bool job_waits(struct test_desk *t, const char *kind)
{
    return test_count(t, arena_strf(t->a,
                                    "SELECT count(*) FROM task WHERE kind = '%s' AND state ="
                                    " 'ready'",
                                    kind)
                             .p) > 0;
}

static void ask(struct test_desk *t, int64_t id, const char *fix)
{
    struct actor alice = test_actor(t, "alice");
    struct backport_ask q = {id, str_c(fix), STR_NONE};
    T_OK(backport_ask(&t->d, &alice, &q, e));
}

static int64_t asked_case(struct test_desk *t, const char *mid)
{
    int64_t id = a_case(t, mid);
    ask(t, id, "f00d");
    assert_int_equal(
        answer(t, ANSWER(line_said("main", "already", "30"), line_said("rel-2", "clean", "20"),
                         line_said("rel-1", "proposed", "10"))),
        RC_OK);
    return id;
}

static void look(struct test_desk *t, const char *login, int64_t id, struct view_backport *ret)
{
    struct actor who = test_actor(t, login);
    T_OK(view_backport(&t->d, &who, t->a, id, ret, e));
}

struct act {
    const char *line, *act, *tree, *reason;
};
static enum rc settle_as(struct test_desk *t, const char *login, int64_t id, int64_t nth,
                         const struct act *x)
{
    struct actor who = test_actor(t, login);
    struct backport_settle n = {
        id, nth, str_c(x->line), str_c(x->act), str_c(x->tree), str_c(x->reason)};
    struct err why = ERR_INIT;
    return backport_settle(&t->d, &who, &n, &why);
}

/* On the answer that is there now. */
static enum rc settle(struct test_desk *t, int64_t id, const char *line, const char *act,
                      const char *tree, const char *reason)
{
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    int64_t nth = 0;
    look(t, "alice", id, &v);
    for (size_t i = 0; i < v.n_of; i++)
        if (str_eq(v.of[i].name, str_c(line)))
            nth = v.of[i].nth;
    return settle_as(t, "alice", id, nth, &(struct act){line, act, tree, reason});
}

static const struct view_backport_line *of(const struct view_backport *v, const char *name)
{
    for (size_t i = 0; i < v->n_of; i++)
        if (str_eq(v->of[i].name, str_c(name)))
            return &v->of[i];
    fail_msg("no line %s", name);
    return NULL;
}

/* ---- the question and its answer ---- */

static void test_every_maintained_line_is_asked_for(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), reporter = {.kind = ACTOR_REPORTER};
    int64_t id = a_case(t, "first@x.example");
    struct err why = ERR_INIT;
    struct backport_ask q = {id, STR_NONE, STR_NONE};
    struct affected_ask known = {id, 0, STR("f1 copy-of-f1\nf2"), STR_NONE, STR_NONE};
    struct asked k;
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    assert_int_equal(backport_ask(&t->d, &alice, &q, &why), RC_INVALID); /* no fix */
    assert_int_equal(backport_ask(&t->d, &reporter, &q, &why), RC_DENIED);
    assert_int_equal(view_backport(&t->d, &reporter, t->a, id, &v, &why), RC_DENIED);
    assert_int_equal(backport_again(&t->d, &alice, id, &why), RC_NOTFOUND);
    T_OK(affected_ask(&t->d, &alice, &known, e));
    look(t, "alice", id, &v);
    assert_string_equal(v.fix.p, "f1\nf2");
    assert_true(v.fix_of_affected && !v.asked && v.n_others == 3);
    T_OK(backport_ask(&t->d, &alice, &q, e));
    look(t, "alice", id, &then);
    assert_true(then.waits && then.n_of == 3 && then.of[0].waits && !then.of[0].has);
    assert_true(then.n_others == 0 && !then.of[0].ready);
    assert_string_equal(then.of[1].state, "under way");
    assert_int_equal(answer_with(t, BACKPORT_JOB, NULL, &k), RC_OK);
    AUTO(buf) struct buf in = BUF_INIT(4096);
    T_OK(json_write(&in, k.in, e));
    assert_string_equal(buf_c(&in),
                        "{\"question\":{\"fix\":[\"f1\",\"f2\"],\"onto\":[\"main\",\"rel-2\","
                        "\"rel-1\"],\"settled\":[]}}");
    assert_true(json_integer_value(json_object_get(k.args, "case")) > 0);
    asked_release(&k);
}

static void test_an_answer_is_stored_line_by_line(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    struct view_backport_sum sum;
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    look(t, "bob", id, &v);
    assert_true(v.asked && !v.waits && !v.failed && v.n_of == 3 && v.r.n_lines == 3);
    assert_string_equal(v.summary.p, "1 of 3 lines ready");
    assert_true(v.r.n_fix == 1 && v.r.n_notes == 1);
    const struct view_backport_line *l = of(&v, "main");
    assert_true(l->ready && !l->may_accept && str_eq(str_c(l->state), STR("ready")));
    l = of(&v, "rel-2");
    assert_true(l->has && l->r->verdict == PORT_CLEAN && l->may_accept && !l->ready && !l->stale);
    assert_string_equal(l->state, "to be accepted");
    assert_string_equal(l->message.text.p,
                        "Fix an error\n\nLong.\n\n(cherry picked from commit f00d)\n");
    assert_int_equal(l->message.n_taken, 2);
    l = of(&v, "rel-1");
    assert_true(l->r->verdict == PORT_PROPOSED && l->r->n_candidates == 1);
    assert_string_equal(l->next, "look at it, then accept it or upload another");
    T_OK(view_backport_sum(&t->d, t->a, id, &sum, e));
    assert_true(sum.lines == 3 && sum.ready == 1 && sum.waived == 0);
    facts_are(t, id, 3, 1, 0);
    assert_int_equal(events(t, "backport.asked"), 1);
    assert_int_equal(events(t, "backport.answered"), 1);
}

/* ---- settling ---- */

static void test_an_accepted_line_is_what_older_ones_start_from(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    struct asked k;
    struct err why = ERR_INIT;
    AUTO(buf) struct buf patch = BUF_INIT(PORT_PATCH_MAX);
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-2", "accept", "beef", ""), RC_INVALID); /* why? */
    assert_int_equal(settle(t, id, "rel-2", "accept", "beef", "so"), RC_CONFLICT);
    assert_int_equal(settle(t, id, "rel-9", "accept", "a20", ""), RC_NOTFOUND);
    assert_int_equal(settle(t, id, "main", "accept", "a30", ""), RC_INVALID); /* has it already */
    assert_int_equal(settle(t, id, "rel-2", "merge", "a20", ""), RC_INVALID);
    assert_int_equal(settle_as(t, "alice", id, 7, &(struct act){"rel-2", "accept", "a20", ""}),
                     RC_CONFLICT);
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    look(t, "bob", id, &v);
    const struct view_backport_line *l = of(&v, "rel-2");
    assert_true(l->decision == BACKPORT_ACCEPTED && l->has_patch && !l->ready && !l->may_accept);
    assert_string_equal(l->actor.p, "handler:alice");
    assert_string_equal(l->commit.p, "b20");
    assert_string_equal(l->state, "not tested");
    assert_true(of(&v, "rel-1")->waits && v.waits && !of(&v, "main")->waits);
    T_OK(view_backport_patch(&t->d, &alice, id, STR("rel-2"), &patch, e));
    assert_null(strstr(buf_c(&patch), "CVE"));
    assert_null(strstr(buf_c(&patch), "overflow"));
    assert_non_null(strstr(buf_c(&patch), "Subject: [PATCH] Fix an error\n"));
    assert_non_null(strstr(buf_c(&patch), "(cherry picked from commit f00d)\n---\n a.c | 2"));
    assert_true(str_starts(buf_str(&patch), STR("From bb Mon")));
    assert_int_equal(view_backport_patch(&t->d, &alice, id, STR("rel-1"), &patch, &why),
                     RC_NOTFOUND);
    /* Only the older one is asked for again, and told what is settled. */
    json_t *again = line_said("rel-1", "clean", "11");
    json_object_set_new(again, "source", json_string("rel-2"));
    assert_int_equal(answer_with(t, BACKPORT_JOB, ANSWER(again), &k), RC_OK);
    AUTO(buf) struct buf in = BUF_INIT(4096);
    T_OK(json_write(&in, k.in, e));
    assert_string_equal(buf_c(&in), "{\"question\":{\"fix\":[\"f00d\"],\"onto\":[\"rel-1\"],"
                                    "\"settled\":[{\"onto\":\"rel-2\",\"commit\":\"b20\"}]}}");
    asked_release(&k);
    look(t, "bob", id, &then);
    assert_true(of(&then, "rel-1")->from_neighbour && of(&then, "rel-2")->has);
    assert_string_equal(then.of[0].name.p, "main"); /* the order stays */
    assert_string_equal(then.of[2].name.p, "rel-1");
    assert_int_equal(events(t, "backport.settled"), 1);
    facts_are(t, id, 3, 1, 0);
}

static void test_what_is_not_proven_needs_a_reason(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-1", "accept", "a10", ""), RC_INVALID);
    assert_int_equal(settle(t, id, "rel-1", "waive", "", ""), RC_INVALID);
    assert_int_equal(settle(t, id, "rel-1", "accept", "a10", "read it twice"), RC_OK);
    assert_int_equal(settle(t, id, "rel-2", "waive", "", "its users are gone"), RC_OK);
    look(t, "bob", id, &v);
    assert_true(of(&v, "rel-2")->decision == BACKPORT_WAIVED && of(&v, "rel-2")->ready);
    assert_string_equal(of(&v, "rel-2")->reason.p, "its users are gone");
    assert_true(v.n_ready == 2 && v.n_waived == 1 && !v.waits);
    assert_string_equal(v.summary.p, "2 of 3 lines ready, 1 waived");
    facts_are(t, id, 3, 1, 1);
}

static void test_a_line_that_is_opened_again_is_open(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-2", "reopen", "", ""), RC_CONFLICT);
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    assert_int_equal(answer(t, ANSWER(line_said("rel-1", "clean", "11"))), RC_OK);
    assert_int_equal(settle(t, id, "rel-2", "reopen", "", "too early"), RC_OK);
    look(t, "alice", id, &v);
    assert_true(of(&v, "rel-2")->decision == BACKPORT_OPEN && of(&v, "rel-2")->may_accept);
    assert_true(!of(&v, "rel-2")->has_patch && of(&v, "rel-1")->waits);
    assert_true(job_waits(t, ERASE_BLOB_TASK)); /* its patch goes */
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob WHERE purpose = 'patch'"), 0);
    assert_int_equal(events(t, "backport.unsettled"), 1);
    facts_are(t, id, 3, 1, 0);
}

static void test_an_upload_becomes_the_backport(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    struct err why = ERR_INIT;
    struct asked k;
    struct backport_edit n = {id, STR("rel-1"), STR("not a patch"), STR_NONE};
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    AUTO(view_backport) struct view_backport last = {.nth = 0};
    assert_int_equal(backport_edit(&t->d, &alice, &n, &why), RC_INVALID);
    n.bytes = STR("diff --git a/a b/a\n\377\n");
    assert_int_equal(backport_edit(&t->d, &alice, &n, &why), RC_INVALID);
    n.bytes = STR(PATCH);
    n.reason = STR("by hand");
    T_OK(backport_edit(&t->d, &alice, &n, e));
    look(t, "bob", id, &v);
    assert_true(of(&v, "rel-1")->edit_waits && !of(&v, "rel-1")->may_accept);
    assert_string_equal(of(&v, "rel-1")->state, "being taken in");
    /* It does not apply: the reason is told, the line stays as it is. */
    assert_int_equal(answer_with(t, BACKPORT_EDIT_JOB, NULL, &k), RC_OK);
    assert_string_equal(json_string_value(json_object_get(k.in, "patch")), PATCH);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(k.in, "question"), "onto")), "rel-1");
    asked_release(&k);
    look(t, "bob", id, &then);
    assert_string_equal(of(&then, "rel-1")->edit_failure.p, "it did not work");
    assert_true(of(&then, "rel-1")->decision == BACKPORT_OPEN && of(&then, "rel-1")->may_accept);
    /* A bundle. */
    n.bytes = STR("# v2 git bundle\n\001\002\377");
    T_OK(backport_edit(&t->d, &alice, &n, e));
    json_t *line = line_said("rel-1", "resolved", "19");
    json_object_set_new(line, "rules", json_pack("[s]", "edited"));
    assert_int_equal(answer_with(t, BACKPORT_EDIT_JOB, json_pack("{s:o}", "line", line), &k),
                     RC_OK);
    assert_string_equal(json_string_value(json_object_get(k.in, "bundle")),
                        "IyB2MiBnaXQgYnVuZGxlCgEC/w==");
    asked_release(&k);
    look(t, "bob", id, &last);
    const struct view_backport_line *l = of(&last, "rel-1");
    assert_true(l->decision == BACKPORT_EDITED && l->has_patch && !l->edit_waits);
    assert_true(l->edit_failure.n == 0 && str_eq(l->actor, STR("handler:alice")));
    assert_string_equal(l->commit.p, "b19");
    assert_string_equal(l->reason.p, "by hand");
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob WHERE purpose = 'patch'"), 1);
    /* Opened again, the engine is asked for its own once more. */
    assert_int_equal(settle(t, id, "rel-1", "reopen", "", ""), RC_OK);
    assert_int_equal(answer(t, ANSWER(line_said("rel-1", "proposed", "10"))), RC_OK);
}

static void test_another_candidate_is_made_as_it_was_shown(void **state)
{
    struct test_desk *t = *state;
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-1", "accept", "d10", "that order"), RC_OK);
    /* Another tree comes out: that is not what was looked at. */
    assert_int_equal(answer_with(t, BACKPORT_EDIT_JOB,
                                 json_pack("{s:o}", "line", line_said("rel-1", "resolved", "18")),
                                 NULL),
                     RC_INVALID);
    look(t, "bob", id, &v);
    assert_true(of(&v, "rel-1")->decision == BACKPORT_OPEN && of(&v, "rel-1")->edit_failure.n > 0);
    assert_int_equal(settle(t, id, "rel-1", "accept", "d10", "that order"), RC_OK);
    json_t *line = line_said("rel-1", "resolved", "18");
    json_object_set_new(line, "tree", json_string("d10"));
    assert_int_equal(answer_with(t, BACKPORT_EDIT_JOB, json_pack("{s:o}", "line", line), NULL),
                     RC_OK);
    look(t, "bob", id, &then);
    assert_true(of(&then, "rel-1")->decision == BACKPORT_ACCEPTED);
    assert_string_equal(of(&then, "rel-1")->tree.p, "d10");
}

static void test_what_the_engine_says_is_checked(void **state)
{
    struct test_desk *t = *state;
    int64_t id = a_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    ask(t, id, "f00d");
    assert_int_equal(answer(t, ANSWER(line_said("main", "perfect", "30"))), RC_INVALID);
    look(t, "alice", id, &v);
    assert_true(v.failed && of(&v, "main")->failed && v.failure.n > 0);
    ask(t, id, "f00d");
    /* One line is missing, one was never asked for. */
    assert_int_equal(
        answer(t, ANSWER(line_said("rel-2", "clean", "20"), line_said("main", "already", "30"),
                         line_said("rel-77", "clean", "77"))),
        RC_OK);
    look(t, "alice", id, &then);
    assert_true(then.n_of == 3 && of(&then, "rel-1")->failed && !of(&then, "rel-1")->has);
    assert_string_equal(then.of[0].name.p, "rel-2"); /* the engine's order of these two */
    assert_string_equal(then.of[1].name.p, "main");
    assert_int_equal(events(t, "backport.failed"), 1);
}

static void test_another_fix_opens_everything_again(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    AUTO(view_backport) struct view_backport last = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    T_OK(backport_again(&t->d, &alice, id, e)); /* the same fix: what is settled stays */
    look(t, "alice", id, &v);
    assert_true(of(&v, "rel-2")->decision == BACKPORT_ACCEPTED && of(&v, "main")->waits);
    struct backport_ask some = {id, STR("f00d"), STR("rel-2, rel-1")};
    T_OK(backport_ask(&t->d, &alice, &some, e));
    look(t, "alice", id, &then);
    assert_true(then.n_of == 2 && then.n_others == 1);
    assert_string_equal(then.others[0].words, "maintained, not asked about");
    facts_are(t, id, 2, 0, 0);
    ask(t, id, "beef");
    look(t, "alice", id, &last);
    assert_true(last.n_of == 3 && of(&last, "rel-2")->decision == BACKPORT_OPEN);
    assert_true(!of(&last, "rel-2")->has && !of(&last, "rel-2")->has_patch);
    /* An answer to what was asked before comes to nothing. */
    assert_int_equal(answer(t, json_pack("{s:i, s:[]}", "nth", 1, "lines")), RC_OK);
    assert_int_equal(events(t, "backport.answered"), 1);
    struct err why = ERR_INIT;
    struct backport_ask bad = {id, STR("f00d"), STR("rel-99")};
    assert_int_equal(backport_ask(&t->d, &alice, &bad, &why), RC_INVALID);
}

/* ---- tests ---- */

static void with_tests(struct test_desk *t, const char *name)
{
    struct actor admin = actor_cli(0);
    int64_t id;
    struct line_edit n = {.name = str_c(name), .branch = str_c(name), .maintained = true};
    n.tags = n.until = n.reason = STR_NONE;
    n.build = STR("make");
    n.tests = STR("make check");
    n.root = STR("/srv/roots/app");
    T_OK(line_set(&t->d, &admin, &n, &id, e));
}

static json_t *ran(const char *result, const char *fresh)
{
    json_t *j = json_pack("{s:s, s:s, s:{s:b, s:i, s:i, s:i, s:s}, s:{s:b, s:i, s:i, s:i}, s:s}",
                          "tests", result, "why", "compared", "base", "built", 1, "seen", 3,
                          "passed", 2, "failed", 1, "log", "ok 1\nok 2\n", "candidate", "built", 1,
                          "seen", 3, "passed", 2, "failed", 1, "own", "proved");
    assert_non_null(j);
    if (*fresh)
        json_object_set_new(j, "new_failures", json_pack("{s:i, s:[s]}", "all", 1, "names", fresh));
    return j;
}

static int64_t tested_case(struct test_desk *t)
{
    with_tests(t, "rel-2");
    int64_t id = a_case(t, "first@x.example");
    ask(t, id, "f00d");
    assert_int_equal(answer(t, ANSWER(line_said("rel-2", "clean", "20"))), RC_OK);
    return id;
}

static void test_tests_are_ordered_and_decide(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = tested_case(t);
    struct asked k;
    struct err why = ERR_INIT;
    AUTO(buf) struct buf log = BUF_INIT(BACKPORT_LOG_MAX);
    AUTO(buf) struct buf in = BUF_INIT(4096);
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    AUTO(view_backport) struct view_backport last = {.nth = 0};
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    look(t, "bob", id, &v);
    assert_string_equal(of(&v, "rel-2")->state, "tests run");
    assert_true(of(&v, "rel-2")->n_runs == 1 && !of(&v, "rel-2")->may_test);
    assert_int_equal(backport_test(&t->d, &alice, id, STR("rel-2"), &why), RC_CONFLICT);
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("fail", "t/b.t 3"), &k), RC_OK);
    T_OK(json_write(&in, k.args, e));
    assert_string_equal(buf_c(&in), "{\"base\":\"c20\",\"candidate\":\"b20\",\"build\":\"make\","
                                    "\"tests\":\"make check\",\"root\":\"/srv/roots/app\","
                                    "\"own\":[\"t/a.t\"],\"nth\":1,\"case\":1}");
    asked_release(&k);
    look(t, "bob", id, &then);
    const struct view_backport_line *l = of(&then, "rel-2");
    assert_true(!l->ready && l->tested && str_eq(l->tested->result, STR("fail")));
    assert_true(l->tested->n_fresh == 1 && str_eq(l->tested->fresh[0], STR("t/b.t 3")));
    assert_string_equal(l->tested->own.p, "fails before, passes after");
    assert_string_equal(l->state, "tests fail");
    assert_int_equal(backport_untested(&t->d, &alice, id, STR("rel-2"), STR("trust me"), &why),
                     RC_CONFLICT); /* a failure cannot be talked away */
    T_OK(view_backport_log(&t->d, &alice, id, l->tested->id, &log, e));
    assert_string_equal(buf_c(&log), "== base\nok 1\nok 2\n");
    assert_int_equal(test_count(t, "SELECT count(*) FROM sandbox_run WHERE answer LIKE '%ok 1%'"),
                     0);
    T_OK(backport_test(&t->d, &alice, id, STR("rel-2"), e));
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", ""), NULL), RC_OK);
    look(t, "bob", id, &last);
    assert_true(of(&last, "rel-2")->ready && last.n_ready == 1);
    assert_string_equal(last.summary.p, "1 of 1 line ready");
    facts_are(t, id, 1, 1, 0);
    assert_int_equal(events(t, "backport.tested"), 2);
    /* What passes and fails newly is a lie. */
    T_OK(backport_test(&t->d, &alice, id, STR("rel-2"), e));
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", "t/b.t 3"), NULL), RC_INVALID);
}

static void test_untested_is_never_ready_by_itself(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = tested_case(t);
    struct err why = ERR_INIT;
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    assert_int_equal(backport_untested(&t->d, &alice, id, STR("rel-2"), STR("so"), &why),
                     RC_CONFLICT); /* not settled */
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("untested", ""), NULL), RC_OK);
    look(t, "bob", id, &v);
    assert_true(!of(&v, "rel-2")->ready && of(&v, "rel-2")->may_untested);
    assert_string_equal(of(&v, "rel-2")->state, "tests say nothing");
    T_OK(backport_untested(&t->d, &alice, id, STR("rel-2"), STR("built it at home"), e));
    look(t, "bob", id, &then);
    assert_true(of(&then, "rel-2")->ready);
    assert_string_equal(of(&then, "rel-2")->untested_reason.p, "built it at home");
    T_OK(backport_untested(&t->d, &alice, id, STR("rel-2"), STR_NONE, e));
    facts_are(t, id, 1, 0, 0);
    /* Another candidate: what was said about the first is gone. */
    T_OK(backport_untested(&t->d, &alice, id, STR("rel-2"), STR("built it at home"), e));
    assert_int_equal(settle(t, id, "rel-2", "reopen", "", ""), RC_OK);
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    facts_are(t, id, 1, 0, 0);
}

/* ---- given out ---- */

/* A line that is settled and ready. */
static int64_t ready_case(struct test_desk *t)
{
    int64_t id = tested_case(t);
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", ""), NULL), RC_OK);
    return id;
}

static enum rc release(struct test_desk *t, int64_t id, const char *line, bool entire)
{
    struct actor alice = test_actor(t, "alice");
    struct backport_release n = {id, str_c(line), entire};
    struct err why = ERR_INIT;
    return backport_release(&t->d, &alice, &n, &why);
}

static json_t *author_said(const char *author)
{
    return json_pack("{s:s}", "author", author);
}
#define AUTHOR "A Dev <a@dev.example> 1767225600 +0100"

/* What the engine does with the commit of the second step; odd: in another bundle. */
static json_t *bundle_said(struct test_desk *t, const json_t *in, const char *odd)
{
    AUTO(buf) struct buf b = BUF_INIT(64 << 10);
    AUTO(buf) struct buf coded = BUF_INIT(64 << 10);
    struct str object = str_c(json_string_value(json_object_get(in, "object")));
    unsigned char digest[SHA1_LEN];
    char id[2 * SHA1_LEN + 1];
    buf_addf(&b, "commit %zu", object.n);
    buf_addc(&b, '\0');
    buf_add(&b, object);
    sha1(buf_str(&b), digest);
    hex_put(id, digest, sizeof digest);
    id[2 * SHA1_LEN] = '\0';
    buf_reset(&b);
    buf_addf(&b, "# v2 git bundle\n-%s \n%s %s%s\n\nPACK...",
             json_string_value(json_object_get(in, "parent")), id,
             json_string_value(json_object_get(in, "ref")), odd);
    base64_add(&coded, buf_str(&b));
    (void)t;
    return json_pack("{s:s, s:s}", "commit", id, "bundle", buf_c(&coded));
}

/* The question of the second step, looked at without answering it. */
static json_t *second_step(struct test_desk *t)
{
    struct desk_ask q = DESK_ASK_INIT;
    json_t *in = NULL;
    int64_t line = test_count(t, "SELECT line_id FROM backport_release");
    T_OK(desk_job_ask(&t->d, STR(BACKPORT_RELEASE_JOB), line, &q, e));
    T_OK(json_parse(buf_str(&q.input), DESK_ASK_INPUT_MAX, "input", &in, e));
    desk_ask_release(&q);
    return in;
}

/* The desk's key signed what the commit is without the signature. */
static void signature_holds(struct test_desk *t, const char *object, const char *plain)
{
    AUTO(buf) struct buf asked = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf armor = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf whole = BUF_INIT(1 << 20);
    AUTO(buf) struct buf key = BUF_INIT(100);
    AUTO(buf) struct buf sig = BUF_INIT(SSHSIG_SIG_LEN);
    T_OK(sshsig_asked(SSHSIG_GIT, str_c(plain), &asked, e));
    T_OK(t->d.calls.sign(t, buf_str(&asked), &sig, &key, e));
    T_OK(sshsig_armor(SSHSIG_GIT, t->pk, buf_str(&sig), &armor, e));
    T_OK(sshsig_commit(str_c(plain), "gpgsig", buf_str(&armor), &whole, e));
    assert_string_equal(object, buf_c(&whole));
}

static void test_a_ready_line_is_given_out_signed(void **state)
{
    struct test_desk *t = *state;
    struct actor bob = test_actor(t, "bob");
    AUTO(buf) struct buf bundle = BUF_INIT(1 << 20);
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(json) json_t *in = NULL;
    struct asked k;
    char plain[1000];
    int64_t id = ready_case(t);
    assert_int_equal(release(t, id, "", false), RC_OK);
    assert_int_equal(release(t, id, "rel-2", false), RC_CONFLICT); /* it is under way */
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), &k), RC_OK);
    assert_string_equal(json_string_value(json_object_get(k.in, "commit")), "b20");
    asked_release(&k);
    in = second_step(t);
    snprintf(plain, sizeof plain,
             "tree a20\nparent c20\nauthor " AUTHOR "\n"
             "committer Example Desk <security@desk.example> %lld +0000\n\n"
             "Fix an error\n\nLong.\n\n(cherry picked from commit f00d)\n",
             (long long)(t->now_us / 1000000));
    signature_holds(t, json_string_value(json_object_get(in, "object")), plain);
    assert_string_equal(json_string_value(json_object_get(in, "ref")),
                        "refs/heads/vulndesk/EX-2026-0001/rel-2");
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, bundle_said(t, in, ""), NULL), RC_OK);
    look(t, "bob", id, &v);
    assert_string_equal(of(&v, "rel-2")->release.state, "given");
    assert_int_equal(of(&v, "rel-2")->release.commit.n, 2 * SHA1_LEN);
    T_OK(view_backport_bundle(&t->d, &bob, id, STR("rel-2"), &bundle, e));
    assert_true(str_starts(buf_str(&bundle), STR("# v2 git bundle\n-c20 \n")));
    assert_int_equal(events(t, "backport.released"), 1);
    /* All that is ready is out; one line by name again is a commit of now. */
    assert_int_equal(release(t, id, "", false), RC_CONFLICT);
    assert_int_equal(release(t, id, "rel-2", false), RC_OK);
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob WHERE purpose = 'bundle'"), 0);
}

static void test_what_is_not_ready_is_not_given_out(void **state)
{
    struct test_desk *t = *state;
    struct actor cli = actor_cli(0), nobody = {.kind = ACTOR_REPORTER},
                 machine = ACTOR_INIT_MACHINE;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct err why = ERR_INIT;
    int64_t id = tested_case(t);
    struct backport_release n = {id, STR("rel-2"), false};
    assert_int_equal(release(t, id, "rel-2", false), RC_CONFLICT);
    assert_int_equal(release(t, id, "", false), RC_CONFLICT);
    assert_int_equal(release(t, id, "no-such", false), RC_NOTFOUND);
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    assert_int_equal(release(t, id, "rel-2", false), RC_CONFLICT); /* not tested */
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", ""), NULL), RC_OK);
    assert_int_equal(backport_release(&t->d, &nobody, &n, &why), RC_DENIED);
    assert_int_equal(backport_release(&t->d, &machine, &n, &why), RC_DENIED);
    assert_int_equal(view_backport_bundle(&t->d, &cli, id, STR("rel-2"), &b, &why), RC_NOTFOUND);
    /* The message in full only when all is public. */
    assert_int_equal(release(t, id, "rel-2", true), RC_CONFLICT);
    T_OK(vcase_cs(&t->d, &cli, id, CS_P, STR("somebody told"), e));
    assert_int_equal(release(t, id, "rel-2", true), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), NULL), RC_OK);
    AUTO(json) json_t *in = second_step(t);
    assert_non_null(strstr(json_string_value(json_object_get(in, "object")),
                           "\n\nFix a heap overflow (CVE-2026-1)\n"));
    assert_int_equal(view_backport_bundle(&t->d, &nobody, id, STR("rel-2"), &b, &why), RC_DENIED);
}

static void test_what_the_engine_says_of_a_release_is_checked(void **state)
{
    struct test_desk *t = *state;
    static const char *const odd[] = {"A Dev <a@dev.example> 1 +0100\ngpgsig x",
                                      "A Dev <a@dev.example>",
                                      "A Dev a@dev.example 1 +0100",
                                      "A <b> <a@dev.example> 1 +0100",
                                      "A Dev <a@dev.example> 1x +0100",
                                      "A Dev <a@dev.example> 1 +01000",
                                      "A Dev <a@dev.example> 1234567890123 +0100",
                                      ""};
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(json) json_t *in = NULL;
    int64_t id = ready_case(t);
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        assert_int_equal(release(t, id, "", false), RC_OK);
        assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(odd[i]), NULL),
                         RC_INVALID);
    }
    assert_int_equal(events(t, "backport.release_failed"), ARRAY_LEN(odd));
    /* A bundle with another branch. */
    assert_int_equal(release(t, id, "", false), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), NULL), RC_OK);
    in = second_step(t);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, bundle_said(t, in, "x"), NULL),
                     RC_INVALID);
    look(t, "alice", id, &v);
    assert_string_equal(of(&v, "rel-2")->release.state, "failed");
    assert_true(of(&v, "rel-2")->release.failure.n && of(&v, "rel-2")->may_release);
    assert_int_equal(events(t, "backport.released"), 0);
}

static void test_a_release_goes_with_its_case(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    int64_t from = ready_case(t), to = a_case(t, "second@x.example");
    assert_int_equal(release(t, from, "", false), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), NULL), RC_OK);
    AUTO(json) json_t *in = second_step(t);
    /* Joined while it is made: the bundle is the other case's. */
    T_OK(vcase_join(&t->d, &alice, to, from, STR("the same report"), e));
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, bundle_said(t, in, ""), NULL), RC_OK);
    T_OK(view_backport_bundle(&t->d, &alice, to, STR("rel-2"), &b, e));
    assert_int_equal(test_count(t, arena_strf(t->a,
                                              "SELECT count(*) FROM blob WHERE purpose = 'bundle'"
                                              " AND case_id = %lld",
                                              (long long)to)
                                       .p),
                     1);
}

static void test_a_release_ends_with_its_decision(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct err why = ERR_INIT;
    int64_t id = ready_case(t);
    assert_int_equal(release(t, id, "", false), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), NULL), RC_OK);
    AUTO(json) json_t *in = second_step(t);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, bundle_said(t, in, ""), NULL), RC_OK);
    assert_int_equal(settle(t, id, "rel-2", "reopen", "", ""), RC_OK);
    assert_int_equal(view_backport_bundle(&t->d, &alice, id, STR("rel-2"), &b, &why), RC_NOTFOUND);
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob WHERE purpose = 'bundle'"), 0);
    /* While it is made, too: nothing comes of the answer. */
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", ""), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", ""), NULL), RC_OK);
    assert_int_equal(release(t, id, "", false), RC_OK);
    assert_int_equal(settle(t, id, "rel-2", "waive", "", "not worth it"), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, author_said(AUTHOR), NULL), RC_NOTFOUND);
    assert_int_equal(events(t, "backport.released"), 1);
}

/* ---- reproducers ---- */

static struct str hash_of(struct test_desk *t, const char *bytes)
{
    unsigned char sum[SHA256_LEN];
    char hex[SHA256_HEX];
    sha256(str_c(bytes), sum);
    hex_put(hex, sum, sizeof sum);
    return arena_str(t->a, str_c(hex));
}

static void test_a_script_runs_only_as_it_was_approved(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), machine = ACTOR_INIT_MACHINE,
                 reporter = {.kind = ACTOR_REPORTER};
    int64_t id = a_case(t, "first@x.example"), script;
    struct err why = ERR_INIT;
    struct asked k;
    struct reproducer_add n = {id, STR("crash.sh"), STR("#!/bin/sh\nexit 1\n"), STR("mail 3")};
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport then = {.nth = 0};
    assert_int_equal(reproducer_add(&t->d, &reporter, &n, &script, &why), RC_DENIED);
    T_OK(reproducer_add(&t->d, &alice, &n, &script, e));
    assert_int_equal(reproducer_add(&t->d, &alice, &n, &script, &why), RC_CONFLICT);
    struct str hash = hash_of(t, "#!/bin/sh\nexit 1\n");
    look(t, "alice", id, &v);
    assert_true(v.n_scripts == 1 && v.scripts[0].may_approve && !v.scripts[0].may_run);
    assert_string_equal(v.scripts[0].text.p, "#!/bin/sh\nexit 1\n");
    assert_string_equal(v.scripts[0].sha256.p, hash.p);
    assert_int_equal(reproducer_run(&t->d, &alice, id, script, &why), RC_DENIED);
    assert_int_equal(reproducer_approve(&t->d, &alice, id, script, STR("abc"), &why), RC_CONFLICT);
    assert_int_equal(reproducer_approve(&t->d, &machine, id, script, hash, &why), RC_DENIED);
    assert_int_equal(reproducer_approve(&t->d, &reporter, id, script, hash, &why), RC_DENIED);
    T_OK(reproducer_approve(&t->d, &alice, id, script, hash, e));
    assert_int_equal(reproducer_run(&t->d, &machine, id, script, &why), RC_DENIED);
    T_OK(reproducer_run(&t->d, &alice, id, script, e));
    json_t *m = json_pack("{s:[{s:s, s:s, s:s, s:s}], s:[{s:s, s:s, s:s}], s:s}", "trees", "name",
                          "main", "commit", "aa", "result", "crashes", "log", "boom\n", "tags",
                          "name", "v1", "commit", "bb", "result", "fine", "first_bad", "v2");
    assert_int_equal(answer_with(t, REPRODUCE_JOB, m, &k), RC_OK);
    assert_string_equal(json_string_value(json_object_get(k.in, "script")),
                        "IyEvYmluL3NoCmV4aXQgMQo=");
    assert_string_equal(json_string_value(json_object_get(k.args, "sha256")), hash.p);
    assert_int_equal(json_array_size(json_object_get(k.in, "trees")), 3);
    asked_release(&k);
    look(t, "alice", id, &then);
    const struct view_matrix *x = &then.scripts[0].runs[0];
    assert_true(then.scripts[0].n_runs == 1 && x->n_rows == 2 && x->has_log && x->rows[0].line);
    assert_string_equal(x->first_bad.p, "v2");
    assert_string_equal(then.scripts[0].approved_by.p, "handler:alice");
    /* Taken back: what was ordered does not run. */
    T_OK(reproducer_run(&t->d, &alice, id, script, e));
    T_OK(reproducer_revoke(&t->d, &alice, id, script, STR("it calls home"), e));
    assert_int_equal(answer_with(t, REPRODUCE_JOB, NULL, NULL), RC_NOTFOUND);
    assert_int_equal(reproducer_run(&t->d, &alice, id, script, &why), RC_DENIED);
    assert_int_equal(events(t, "reproducer.approved"), 1);
    assert_int_equal(events(t, "reproducer.revoked"), 1);
}

static void test_a_script_that_changed_does_not_run(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, "first@x.example"), script;
    struct reproducer_add n = {id, STR("crash.sh"), STR("exit 1\n"), STR_NONE};
    static const struct sql other = {"test_other",
                                     "UPDATE reproducer SET sha256 = $1, approved = $1", NULL};
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    T_OK(reproducer_add(&t->d, &alice, &n, &script, e));
    T_OK(reproducer_approve(&t->d, &alice, id, script, hash_of(t, "exit 1\n"), e));
    T_OK(reproducer_run(&t->d, &alice, id, script, e));
    T_OK(db_run(t->d.db, &other, DB_ARGS(DB_T(hash_of(t, "exit 2\n"))), NULL, e));
    assert_int_equal(answer_with(t, REPRODUCE_JOB, NULL, NULL), RC_NOTFOUND);
    look(t, "alice", id, &v);
    assert_string_equal(v.scripts[0].runs[0].state.p, "failed");
    assert_string_equal(v.scripts[0].runs[0].why.p, "the script is not the one that was approved");
}

/* ---- what belongs to a case ---- */

static void test_a_message_of_ones_own_keeps_the_trailers(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = asked_case(t, "first@x.example");
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    T_OK(backport_message(&t->d, &alice, id, STR("Bound the copy\n\nAn attacker wins."), e));
    look(t, "alice", id, &v);
    assert_string_equal(of(&v, "rel-2")->message.text.p,
                        "Bound the copy\n\n(cherry picked from commit f00d)\n");
    assert_int_equal(of(&v, "rel-2")->message.n_taken, 1);
    assert_int_equal(events(t, "backport.message"), 1);
}

static void test_a_joined_case_brings_its_backports_along(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t from = asked_case(t, "first@x.example"), to = a_case(t, "second@x.example"), third;
    AUTO(buf) struct buf patch = BUF_INIT(PORT_PATCH_MAX);
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    AUTO(view_backport) struct view_backport kept = {.nth = 0};
    assert_int_equal(settle(t, from, "rel-2", "accept", "a20", ""), RC_OK);
    T_OK(vcase_join(&t->d, &alice, to, from, STR("the same report"), e));
    look(t, "bob", to, &v);
    assert_true(v.n_of == 3 && of(&v, "rel-2")->decision == BACKPORT_ACCEPTED);
    T_OK(view_backport_patch(&t->d, &alice, to, STR("rel-2"), &patch, e));
    facts_are(t, to, 3, 1, 0);
    assert_int_equal(answer(t, ANSWER(line_said("rel-1", "clean", "11"))), RC_OK);
    third = asked_case(t, "third@x.example");
    assert_int_equal(settle(t, third, "rel-2", "accept", "a20", ""), RC_OK);
    T_OK(vcase_join(&t->d, &alice, to, third, STR("and again"), e));
    look(t, "bob", to, &kept);
    assert_true(kept.n_of == 3 && of(&kept, "rel-1")->has);
}

static void test_erased_is_erased_and_a_late_answer_brings_nothing_back(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), cli = actor_cli(0);
    int64_t id = tested_case(t), other = asked_case(t, "second@x.example"), script;
    struct reproducer_add n = {id, STR("crash.sh"), STR("exit 1\n"), STR_NONE};
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    struct asked k;
    T_OK(reproducer_add(&t->d, &alice, &n, &script, e));
    T_OK(reproducer_approve(&t->d, &alice, id, script, hash_of(t, "exit 1\n"), e));
    T_OK(reproducer_run(&t->d, &alice, id, script, e));
    assert_int_equal(settle(t, id, "rel-2", "accept", "a20", "a secret reason"), RC_OK);
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, ran("pass", ""), NULL), RC_OK);
    assert_int_equal(release(t, id, "", false), RC_OK);
    T_OK(backport_test(&t->d, &alice, id, STR("rel-2"), e));
    assert_int_equal(settle(t, other, "rel-2", "accept", "a20", ""), RC_OK);
    T_OK(vcase_join(&t->d, &alice, id, other, STR("the same"), e)); /* keeps its own backports */
    T_OK(vcase_close(&t->d, &cli, id, EXIT_NOT_A_VULNERABILITY, STR("no"), e));
    T_OK(case_erase(&t->d, &cli, id, STR("asked for"), e));
    assert_int_equal(answer_with(t, BACKPORT_TESTS_JOB, NULL, NULL), RC_NOTFOUND);
    assert_int_equal(answer_with(t, REPRODUCE_JOB, NULL, NULL), RC_NOTFOUND);
    assert_int_equal(answer_with(t, BACKPORT_RELEASE_JOB, NULL, NULL), RC_NOTFOUND);
    static const char *const empty[] = {
        "SELECT count(*) FROM backport_release",
        "SELECT count(*) FROM backport_line",
        "SELECT count(*) FROM sandbox_run",
        "SELECT count(*) FROM reproducer",
        "SELECT count(*) FROM blob",
        "SELECT count(*) FROM backport WHERE question <> '{}' OR head <> '' OR message <> ''",
        "SELECT count(*) FROM event WHERE payload LIKE '%secret%'"};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        if (test_count(t, empty[i]) != 0)
            fail_msg("left: %s", empty[i]);
    /* The objects of both go too. */
    assert_int_equal(answer_with(t, BACKPORT_FORGET, json_object(), &k), RC_OK);
    assert_true(json_integer_value(json_object_get(k.args, "case")) > 0);
    asked_release(&k);
    assert_int_equal(answer_with(t, BACKPORT_FORGET, json_object(), NULL), RC_OK);
    look(t, "alice", id, &v);
    assert_true(v.n_of == 0 && v.n_scripts == 0 && v.asked);
}

int main(int argc, char **argv)
{
    on_pg = argc > 1 && strcmp(argv[1], "pg") == 0;
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_every_maintained_line_is_asked_for),
        DESK_TEST(test_an_answer_is_stored_line_by_line),
        DESK_TEST(test_an_accepted_line_is_what_older_ones_start_from),
        DESK_TEST(test_what_is_not_proven_needs_a_reason),
        DESK_TEST(test_a_line_that_is_opened_again_is_open),
        DESK_TEST(test_an_upload_becomes_the_backport),
        DESK_TEST(test_another_candidate_is_made_as_it_was_shown),
        DESK_TEST(test_what_the_engine_says_is_checked),
        DESK_TEST(test_another_fix_opens_everything_again),
        DESK_TEST(test_tests_are_ordered_and_decide),
        DESK_TEST(test_untested_is_never_ready_by_itself),
        DESK_TEST(test_a_ready_line_is_given_out_signed),
        DESK_TEST(test_what_is_not_ready_is_not_given_out),
        DESK_TEST(test_what_the_engine_says_of_a_release_is_checked),
        DESK_TEST(test_a_release_goes_with_its_case),
        DESK_TEST(test_a_release_ends_with_its_decision),
        DESK_TEST(test_a_script_runs_only_as_it_was_approved),
        DESK_TEST(test_a_script_that_changed_does_not_run),
        DESK_TEST(test_a_message_of_ones_own_keeps_the_trailers),
        DESK_TEST(test_a_joined_case_brings_its_backports_along),
        DESK_TEST(test_erased_is_erased_and_a_late_answer_brings_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
