/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the introduced side: lines matched and likened, traced through renames, merges and
 * older forms, and the candidates on small histories.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/affected/affected.h"
#include "engine/affected/blame.h"
#include "engine/affected/rank.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], cache[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "cache", cache);
    testrepo_init(repo, "sha1");
    return mkdir(cache, 0700);
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static void tag(const char *name)
{
    TESTREPO(repo, "tag", name);
}

static struct history *open_history(void)
{
    struct history *h = NULL;
    struct history_options o = {.cache = cache, .pattern = "v{N}.{N}"};
    struct err e = ERR_INIT;
    if (history_open(repo, &o, &h, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return h;
}

/* ---- Lines ---- */

static struct text text_of(const char *body, struct text_line *lines)
{
    struct text t = {.body = str_c(body), .lines = lines};
    struct str rest = t.body, line;
    while (str_line(&rest, &line)) {
        struct text_line *l = &lines[t.n++];
        l->at = (uint32_t)(line.p - body);
        l->len = (uint32_t)line.n;
        l->hash = text_hash(line, &l->dense);
    }
    return t;
}

static void match_is(const char *old, const char *now, const int32_t *want, size_t n)
{
    struct text_line a[64], b[64];
    int32_t got[64];
    struct err e = ERR_INIT;
    struct text x = text_of(old, a), y = text_of(now, b);
    assert_int_equal(y.n, n);
    assert_int_equal(text_match(&x, &y, got, &e), RC_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

static void test_lines_are_matched(void **state)
{
    (void)state;
    match_is("a\nb\nc\n", "a\nb\nc\n", (int32_t[]){0, 1, 2}, 3);
    match_is("a\nb\nc\n", "a\nx\nc\n", (int32_t[]){0, -1, 2}, 3);
    match_is("", "a\nb\n", (int32_t[]){-1, -1}, 2);
    /* White space does not count; order is kept; what stands twice is matched in the gaps. */
    match_is("if (a)\n  b;\n", "  if(a)\n\tb;\n", (int32_t[]){0, 1}, 2);
    match_is("u\n}\nv\n}\nw\n", "x\n}\nv\ny\n}\nw\n", (int32_t[]){-1, 1, 2, -1, 3, 4}, 6);
    match_is("a\nb\nc\nd\n", "c\nd\na\nb\n", (int32_t[]){-1, -1, 0, 1}, 4);
    match_is("p\np\nq\n", "p\nq\n", (int32_t[]){0, 2}, 2);
}

static void test_lines_are_likened(void **state)
{
    (void)state;
    assert_true(line_likeness(STR("  len = strlen(s);"), STR("len=strlen(s);")) == 1);
    assert_true(line_likeness(STR("len = strlen(s);"), STR("len = strlen(str);")) > 0.8);
    assert_true(line_likeness(STR("len = strlen(s);"), STR("return -1;")) < TEXT_LIKENESS);
    assert_true(line_likeness(STR(""), STR("a")) == 0);
    char big[2000];
    memset(big, 'x', sizeof big);
    assert_true(line_likeness(str_of(big, sizeof big), str_of(big, sizeof big)) == 1);
}

/* ---- Blame ---- */

static void traced_by(const char *rev, struct blame_ask ask, struct blame_chain *ret)
{
    AUTO(history) struct history *h = open_history();
    AUTO(textpool) struct textpool *pool = textpool_new(h->objects);
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    const struct table *t;
    struct revision r;
    struct err e = ERR_INIT;
    if (history_table(h, &t, &e) != RC_OK || history_revision(h, str_c(rev), &r, &e) != RC_OK)
        fail_msg("%s", e.msg);
    ask.commit = r.commit;
    if (blame_trace(h, t, pool, &ask, 1, a, ret, &e) != RC_OK)
        fail_msg("%s", e.msg);
    /* Commits are numbered oldest first, here one a day. */
    for (size_t i = 0; i < ret->n; i++)
        ret->steps[i].commit =
            (uint32_t)((graph_date_s(h->graph, ret->steps[i].commit) - 1704067200) / 86400);
}

static void traced(const char *rev, const char *path, uint32_t line, struct blame_chain *ret)
{
    traced_by(rev, (struct blame_ask){.path = str_c(path), .line = line}, ret);
}

static void test_a_line_is_traced_through_its_forms_and_names(void **state)
{
    (void)state;
    testrepo_commit(repo, "old.c",
                    "int f(int n)\n{\n    copy(to, from, n);\n    end();\n    x();\n}\n", 1);
    testrepo_commit(repo, "other.c", "int g;\n", 2);
    testrepo_commit(
        repo, "old.c",
        "int f(int n)\n{\n    begin();\n    copy(to, from, n);\n    end();\n    x();\n}\n", 3);
    TESTREPO(repo, "mv", "old.c", "new.c");
    testrepo_commit(repo, "other.c", "int g = 1;\n", 4);
    testrepo_commit(
        repo, "new.c",
        "int f(int n)\n{\n    begin();\n    copy(to, from, n + 1);\n    end();\n    x();\n}\n", 5);
    for (int i = 6; i < 40; i++) { /* many that do not touch the line */
        char text[200];
        snprintf(text, sizeof text,
                 "int f(int n)\n{\n    begin();\n        copy(to, from, n + 1);\n    end();\n    "
                 "x(%d);\n}\n",
                 i);
        testrepo_commit(repo, "new.c", text, i);
    }
    struct blame_chain c;
    traced("master", "new.c", 4, &c);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.steps[0].commit, 5);
    assert_int_equal(c.steps[1].commit, 1);
    assert_false(c.open);
    traced_by("master", (struct blame_ask){.path = STR("new.c"), .line = 4, .once = true}, &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.steps[0].commit, 5);
    traced("master", "new.c", 3, &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.steps[0].commit, 3);
}

static void test_a_line_is_traced_through_merges(void **state)
{
    (void)state;
    testrepo_commit(repo, "a.c", "one();\ntwo();\nthree();\nfour();\nfive();\nsix();\n", 1);
    TESTREPO(repo, "branch", "side");
    testrepo_commit(repo, "a.c",
                    "one();\ntwo();\nthree();\nfour();\nfive();\nsix();\nmain_line(7);\n", 2);
    TESTREPO(repo, "checkout", "-q", "side");
    testrepo_commit(repo, "a.c",
                    "from_the_side(1);\none();\ntwo();\nthree();\nfour();\nfive();\nsix();\n", 3);
    TESTREPO(repo, "checkout", "-q", "master");
    TESTREPO(repo, "merge", "-q", "--no-ff", "-m", "Merge side", "side");
    struct blame_chain c;
    traced("master", "a.c", 1, &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.steps[0].commit, 3);
    traced("master", "a.c", 8, &c);
    assert_int_equal(c.steps[0].commit, 2);
    traced("master", "a.c", 3, &c);
    assert_int_equal(c.steps[0].commit, 1);
}

/* ---- Ranking ---- */

static void test_agreement_decides_between_single_clues(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct tagset open = tagset_all(a, 10), early = tagset_all(a, 10), late = tagset_new(a, 10);
    struct proposals p;
    struct err e = ERR_INIT;
    assert_int_equal(proposals_init(&p, &open, a, &e), RC_OK);
    tagset_unset(&early, 0);
    tagset_set(&late, 9);
    proposal_of(&p, &late)->share[CLUE_NAME_AROUND] = 1;
    struct proposal *x = proposal_of(&p, &early);
    x->share[CLUE_REMOVED_OLDEST] = 1;
    x->share[CLUE_REMOVED_LAST] = 1;
    x->share[CLUE_NEARBY] = 0.5;
    assert_ptr_equal(proposal_of(&p, &early), x); /* each set once */
    struct tagset none = tagset_new(a, 10);
    assert_null(proposal_of(&p, &none));
    assert_int_equal(proposals_rank(&p, &e), RC_OK);
    assert_int_equal(p.n, 2);
    assert_true(tagset_eq(&p.v[0].affected, &early));
    assert_true(p.v[0].score > p.v[1].score);
}

static void test_many_kinds_tell_more_than_a_sure_one(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct tagset open = tagset_all(a, 10), early = tagset_all(a, 10), late = tagset_new(a, 10);
    struct proposals p;
    struct err e = ERR_INIT;
    assert_int_equal(proposals_init(&p, &open, a, &e), RC_OK);
    tagset_set(&late, 9);
    struct proposal *one = proposal_of(&p, &late), *many = proposal_of(&p, &early);
    one->share[CLUE_NEARBY] = 1;
    one->share[CLUE_NEARBY_CLOSE] = 0.4;
    many->share[CLUE_NEARBY_CLOSE] = 0.4;
    many->share[CLUE_NEARBY_ALL] = 0.4;
    many->share[CLUE_NAME_AROUND] = 0.4;
    many->share[CLUE_NAME_ADDED] = 0.4;
    assert_int_equal(proposals_rank(&p, &e), RC_OK);
    assert_true(tagset_eq(&p.v[0].affected, &early));
}

static void test_sets_of_one_weak_kind_do_not_fill_the_list(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct tagset open = tagset_all(a, 10);
    struct proposals p;
    const struct proposal *shown[4];
    struct err e = ERR_INIT;
    assert_int_equal(proposals_init(&p, &open, a, &e), RC_OK);
    for (size_t i = 0; i < 6; i++) {
        struct tagset one = tagset_new(a, 10);
        tagset_set(&one, i);
        struct proposal *x = proposal_of(&p, &one);
        x->share[CLUE_NEARBY] = 1 - (double)i / 10; /* 0 to 3: nothing else */
        if (i >= 4) {
            x->share[CLUE_NEARBY] = 0;
            x->share[CLUE_NAME_ADDED] = 0.01 * (double)(6 - i);
        }
    }
    assert_int_equal(proposals_rank(&p, &e), RC_OK);
    assert_int_equal(proposals_choose(&p, shown, 4), 4);
    assert_true(tagset_has(&shown[0]->affected, 0));
    assert_true(tagset_has(&shown[1]->affected, 1)); /* there is room */
    assert_true(tagset_has(&shown[2]->affected, 4));
    assert_true(tagset_has(&shown[3]->affected, 5));
    assert_int_equal(proposals_choose(&p, shown, 2), 2);
    assert_true(tagset_has(&shown[1]->affected, 4));
}

static void test_weights_count_less_among_many_proposals(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct tagset open = tagset_all(a, 40), heavy = tagset_new(a, 40), two = tagset_new(a, 40);
    struct proposals p;
    struct err e = ERR_INIT;
    assert_int_equal(proposals_init(&p, &open, a, &e), RC_OK);
    tagset_set(&heavy, 38);
    tagset_set(&two, 39);
    struct proposal *x = proposal_of(&p, &heavy), *y = proposal_of(&p, &two);
    x->share[CLUE_REMOVED_OLDEST] = 1;
    y->share[CLUE_LINES_HALF] = 1; /* two kinds that the weights hold for little */
    y->share[CLUE_GONE_HALF] = 1;
    assert_true(proposals_trust(&p) == 1);
    assert_int_equal(proposals_rank(&p, &e), RC_OK);
    assert_true(tagset_eq(&p.v[0].affected, &heavy));
    p.only_added = true;
    assert_true(proposals_trust(&p) < 1 && proposals_trust(&p) > 0);
    p.only_added = false;
    double before = 1;
    for (size_t i = 0; i < 18; i++) {
        struct tagset other = tagset_new(a, 40);
        tagset_set(&other, i);
        assert_non_null(proposal_of(&p, &other));
        assert_true(proposals_trust(&p) <= before);
        before = proposals_trust(&p);
    }
    assert_true(before == 0);
    assert_int_equal(proposals_rank(&p, &e), RC_OK);
    assert_true(tagset_eq(&p.v[0].affected, &two));
}

/* ---- Candidates ---- */

#define BAD                                                                                        \
    "int parse(const char *s, size_t n)\n{\n    char room[64];\n    memcpy(room, s, n);\n    "     \
    "return check(room);\n}\n"
#define GOOD                                                                                       \
    "int parse(const char *s, size_t n)\n{\n    char room[64];\n    memcpy(room, s, n < 64 ? n : " \
    "64);\n    return check(room);\n}\n"
#define NONE "int other(void)\n{\n    return 1;\n}\n"

static struct answer ask(struct history *h, struct arena *a, const char *question)
{
    AUTO(json) json_t *j = NULL;
    struct question q;
    struct answer w;
    struct err e = ERR_INIT;
    if (json_parse(str_c(question), 10000, "x", &j, &e) != RC_OK ||
        question_of_json(h, j, a, &q, &e) != RC_OK || affected_answer(h, &q, a, &w, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return w;
}

static void add_names(const struct history *h, const struct tagset *tags, struct buf *b)
{
    for (size_t t = tagset_next(tags, 0); t < h->n_tags; t = tagset_next(tags, t + 1))
        buf_addf(b, "%.*s ", STR_ARG(h->tags[t].name));
}

static void affected_are(const char *question, const char *want)
{
    AUTO(history) struct history *h = open_history();
    AUTO(arena) struct arena *a = arena_new(256u << 20);
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct answer w = ask(h, a, question);
    add_names(h, &w.affected, &b);
    assert_string_equal(buf_c(&b), want);
    assert_true(w.n_candidates >= 1 && w.n_candidates <= CANDIDATES_MAX);
    for (size_t i = 0; i < w.n_candidates; i++) {
        assert_true(w.candidates[i].n_why > 0);
        assert_true(i == 0 || w.candidates[i].score <= w.candidates[i - 1].score);
        for (size_t k = 0; k < i; k++)
            assert_false(tagset_eq(&w.candidates[i].affected, &w.candidates[k].affected));
    }
}

static void unknown_are(const char *question, const char *want)
{
    AUTO(history) struct history *h = open_history();
    AUTO(arena) struct arena *a = arena_new(256u << 20);
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct answer w = ask(h, a, question);
    add_names(h, &w.unknown, &b);
    assert_string_equal(buf_c(&b), want);
}

static void rule_is(const char *question, const char *name, const char *want)
{
    AUTO(history) struct history *h = open_history();
    AUTO(arena) struct arena *a = arena_new(256u << 20);
    struct answer w = ask(h, a, question);
    size_t t = history_tag(h, str_c(name));
    assert_string_equal(w.tags[t].why.rule, want);
}

static void make_releases(void)
{
    testrepo_commit(repo, "a.c", NONE, 1);
    tag("v1.0");
    testrepo_commit(repo, "a.c", NONE BAD, 2);
    tag("v1.1");
    testrepo_commit(repo, "b.c", NONE, 3);
    tag("v1.2");
    testrepo_commit(repo, "a.c", NONE GOOD, 4);
    tag("v1.3");
}

static void test_the_removed_line_tells_since_when(void **state)
{
    (void)state;
    make_releases();
    affected_are("{\"fix\":[\"v1.3\"]}", "v1.1 v1.2 ");
}

static void test_a_copy_on_another_branch_counts(void **state)
{
    (void)state;
    make_releases();
    TESTREPO(repo, "checkout", "-q", "-b", "old", "v1.0");
    testrepo_commit(repo, "c.c", NONE, 5);
    tag("v0.1");
    testrepo_commit(repo, "a.c", "/* here too */\n" NONE BAD, 6);
    tag("v0.2");
    affected_are("{\"fix\":[\"v1.3\"]}", "v0.2 v1.1 v1.2 ");
    rule_is("{\"fix\":[\"v1.3\"]}", "v1.1", "introduced");
    rule_is("{\"fix\":[\"v1.3\"]}", "v0.2", "content");
}

static void test_a_fix_that_only_adds(void **state)
{
    (void)state;
    testrepo_commit(repo, "a.c", NONE, 1);
    tag("v1.0");
    testrepo_commit(repo, "a.c", NONE BAD, 2);
    tag("v1.1");
    testrepo_commit(repo, "a.c",
                    NONE
                    "int parse(const char *s, size_t n)\n{\n    char room[64];\n    if (n > 64)\n  "
                    "      return -1;\n    memcpy(room, s, n);\n    return check(room);\n}\n",
                    3);
    tag("v1.2");
    affected_are("{\"fix\":[\"v1.2\"]}", "v1.1 ");
}

/* The lines that the fix takes away came later than the function with the flaw. */
static void test_who_brought_the_function_is_among_the_answers(void **state)
{
    (void)state;
    static const char *const parts[] = {"    open_it(s);\n    take_all(s, n);\n    close_it(s);\n",
                                        "    log_first(s);\n", "    log_other(s);\n"};
    char text[600];
    testrepo_commit(repo, "a.c", NONE, 1);
    tag("v1.0");
    snprintf(text, sizeof text, NONE "int parse(char *s)\n{\n%s}\n", parts[0]);
    testrepo_commit(repo, "a.c", text, 2);
    tag("v1.1");
    snprintf(text, sizeof text, NONE "int parse(char *s)\n{\n%s%s}\n", parts[1], parts[0]);
    testrepo_commit(repo, "a.c", text, 3);
    tag("v1.2");
    snprintf(text, sizeof text, NONE "int parse(char *s)\n{\n%s%s}\n", parts[2], parts[0]);
    testrepo_commit(repo, "a.c", text, 4);
    tag("v1.3");
    AUTO(history) struct history *h = open_history();
    AUTO(arena) struct arena *a = arena_new(256u << 20);
    struct answer w = ask(h, a, "{\"fix\":[\"v1.3\"]}");
    bool found = false;
    for (size_t i = 0; i < w.n_candidates; i++) {
        AUTO(buf) struct buf b = BUF_INIT(1000);
        add_names(h, &w.candidates[i].affected, &b);
        for (size_t k = 0; k < w.candidates[i].n_why && strcmp(buf_c(&b), "v1.1 v1.2 ") == 0; k++)
            found |= str_eq(w.candidates[i].why[k].why,
                            STR("brought lines near those that the fix changes"));
    }
    assert_true(found);
}

static void test_lines_may_be_named(void **state)
{
    (void)state;
    make_releases();
    /* The fix changes parse(); the lines that are named are older. */
    affected_are("{\"fix\":[\"v1.3\"],\"at\":[\"a.c:1-3\"]}", "v1.0 v1.1 v1.2 ");
    affected_are("{\"fix\":[\"v1.3\"],\"at\":[\"a.c:8\"]}", "v1.1 v1.2 ");
}

static void test_a_fix_that_brings_its_file(void **state)
{
    (void)state;
    testrepo_commit(repo, "a.c", NONE, 1);
    tag("v1.0");
    testrepo_commit(repo, "guard.c", BAD, 2);
    tag("v1.1");
    affected_are("{\"fix\":[\"v1.1\"]}", "v1.0 ");
}

static void test_a_repository_with_other_ids(void **state)
{
    (void)state;
    snprintf(repo, sizeof repo, "%s/sha256", top);
    testrepo_init(repo, "sha256");
    make_releases();
    affected_are("{\"fix\":[\"v1.3\"]}", "v1.1 v1.2 ");
}

static void test_a_lost_file_is_no_failure(void **state)
{
    (void)state;
    char id[TESTREPO_SAID];
    testrepo_commit(repo, "a.c", NONE "/* first */\n" BAD, 1);
    tag("v1.0");
    testrepo_commit(repo, "a.c", NONE BAD, 2);
    tag("v1.1");
    testrepo_commit(repo, "a.c", NONE GOOD, 3);
    tag("v1.2");
    testrepo_said(repo, (const char *const[]){"rev-parse", "v1.0:a.c", NULL}, id);
    testrepo_lose(repo, id);
    affected_are("{\"fix\":[\"v1.2\"]}", "v1.1 ");
    unknown_are("{\"fix\":[\"v1.2\"]}", "v1.0 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_matched),
        cmocka_unit_test(test_lines_are_likened),
        TEST(test_a_line_is_traced_through_its_forms_and_names),
        TEST(test_a_line_is_traced_through_merges),
        cmocka_unit_test(test_agreement_decides_between_single_clues),
        cmocka_unit_test(test_many_kinds_tell_more_than_a_sure_one),
        cmocka_unit_test(test_sets_of_one_weak_kind_do_not_fill_the_list),
        cmocka_unit_test(test_weights_count_less_among_many_proposals),
        TEST(test_the_removed_line_tells_since_when),
        TEST(test_a_copy_on_another_branch_counts),
        TEST(test_a_fix_that_only_adds),
        TEST(test_who_brought_the_function_is_among_the_answers),
        TEST(test_lines_may_be_named),
        TEST(test_a_fix_that_brings_its_file),
        TEST(test_a_repository_with_other_ids),
        TEST(test_a_lost_file_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
