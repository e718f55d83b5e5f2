/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of origins, tagset and the division into four parts: reverts of the introducing
 * commit, its copies, and fixes as AND of ORs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "engine/affected/affected.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* A commit with a message of its own, and a tag on it. */
static void commit(const char *path, const char *text, int day, const char *message,
                   const char *tag)
{
    testrepo_commit(repo, path, text, day);
    TESTREPO(repo, "commit", "-q", "--amend", "-m", message);
    TESTREPO(repo, "tag", tag);
}

static void add_names(struct buf *b, const struct history *h, const struct tagset *s)
{
    for (size_t t = tagset_next(s, 0); t < s->n; t = tagset_next(s, t + 1))
        buf_addf(b, "%.*s ", STR_ARG(h->tags[t].name));
}

/* affected | fixed | unknown | flagged */
static void answer_is(const char *question, const char *want)
{
    AUTO(history) struct history *h = NULL;
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct history_options o = {.scratch = top};
    struct question q;
    struct answer w;
    struct err e = ERR_INIT;
    assert_int_equal(json_parse(str_c(question), 10000, "x", &j, &e), RC_OK);
    if (history_open(repo, &o, &h, &e) != RC_OK || question_of_json(h, j, a, &q, &e) != RC_OK ||
        affected_answer(h, &q, a, &w, &e) != RC_OK)
        fail_msg("%s", e.msg);
    add_names(&b, h, &w.affected);
    buf_adds(&b, "| ");
    add_names(&b, h, &w.fixed);
    buf_adds(&b, "| ");
    add_names(&b, h, &w.unknown);
    buf_adds(&b, "| ");
    add_names(&b, h, &w.flagged);
    assert_string_equal(buf_c(&b), want);
    /* The four parts are all there is, and do not meet. */
    struct tagset all = tagset_copy(a, &w.affected);
    size_t n = tagset_count(&w.affected) + tagset_count(&w.fixed) + tagset_count(&w.unknown) +
               tagset_count(&w.not_affected);
    tagset_or(&all, &w.fixed);
    tagset_or(&all, &w.unknown);
    tagset_or(&all, &w.not_affected);
    assert_true(tagset_eq(&all, &q.counts));
    assert_int_equal(n, tagset_count(&q.counts));
}

static void a_revert_takes_the_flaw_out(void **state)
{
    (void)state;
    char said[TESTREPO_SAID], message[TESTREPO_SAID + 100];
    testrepo_init(repo, "sha1");
    commit("a.c", "int one;\n", 1, "begin", "v1.0");
    commit("a.c", "int one;\nint bad;\n", 2, "cache: keep what was read", "v1.1");
    commit("b.c", "int other;\n", 3, "other work", "v1.2");
    testrepo_said(repo, (const char *const[]){"rev-parse", "v1.1", NULL}, said);
    snprintf(message, sizeof message,
             "Revert \"cache: keep what was read\"\n\nThis reverts commit %s.", said);
    commit("a.c", "int one;\n", 4, message, "v1.3");
    commit("b.c", "int other, more;\n", 5, "more work", "v1.4");
    commit("a.c", "int one;\nint bad, again;\n", 6, "cache: keep what was read", "v1.5");
    answer_is("{\"introduced\":[\"v1.1\"]}", "v1.1 v1.2 v1.5 | | | ");
    /* Without the landing anew. */
    TESTREPO(repo, "tag", "-d", "v1.5");
    answer_is("{\"introduced\":[\"v1.1\"]}", "v1.1 v1.2 | | | ");
}

/* It says so, and takes back another file than the introducing commit's. */
static void half_a_revert_is_none(void **state)
{
    (void)state;
    char said[TESTREPO_SAID], message[TESTREPO_SAID + 100];
    testrepo_init(repo, "sha1");
    commit("b.c", "int two;\n", 1, "begin", "v1.0");
    commit("a.c", "int bad;\n", 2, "add a cache", "v1.1");
    testrepo_said(repo, (const char *const[]){"rev-parse", "v1.1", NULL}, said);
    snprintf(message, sizeof message, "undo the noise of it\n\nThis reverts commit %s.", said);
    commit("b.c", "int three;\n", 3, message, "v1.2");
    answer_is("{\"introduced\":[\"v1.1\"]}", "v1.1 v1.2 | | | ");
}

static void a_copy_on_a_branch_is_pointed_at(void **state)
{
    (void)state;
    char said[TESTREPO_SAID], message[TESTREPO_SAID + 100];
    testrepo_init(repo, "sha1");
    commit("a.c", "int one;\n", 1, "begin", "v1.0");
    TESTREPO(repo, "branch", "old");
    commit("a.c", "int one;\nint bad;\n", 2, "add a cache", "v2.0");
    testrepo_said(repo, (const char *const[]){"rev-parse", "v2.0", NULL}, said);
    TESTREPO(repo, "checkout", "-q", "old");
    snprintf(message, sizeof message, "add a cache\n\n(cherry picked from commit %s)", said);
    commit("a.c", "int one;\nint bad;\n", 3, message, "v1.1");
    answer_is("{\"introduced\":[\"v2.0\"]}", "v2.0 | | | v1.1 ");
    answer_is("{\"introduced\":[\"v2.0\",\"v1.1\"]}", "v1.1 v2.0 | | | ");
}

static void all_groups_are_needed(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    commit("a.c", "int one;\nint bad;\n", 1, "begin", "v1.0");
    commit("a.c", "int one;\nint better;\n", 2, "check the length", "v1.1");
    commit("b.c", "int helper_of_it;\n", 3, "and its other half", "v1.2");
    commit("c.c", "int six;\n", 4, "go on", "v1.3");
    answer_is("{\"fix\":[[\"v1.1\"],[\"v1.2\"]],\"introduced\":[\"v1.0\"]}",
              "v1.0 v1.1 | v1.2 v1.3 | | ");
    answer_is("{\"fix\":[\"v1.1\",\"v1.2\"],\"introduced\":[\"v1.0\"]}",
              "v1.0 | v1.1 v1.2 v1.3 | | ");
    answer_is("{\"fix\":[\"v1.3\"],\"introduced\":[\"v1.2\"],\"tags\":[\"v1.0\",\"v1.2\"]}",
              "v1.2 | | | ");
}

static void sets_do_what_sets_do(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 200};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        AUTO(arena) struct arena *a = arena_new(1 << 20);
        size_t n = sizes[k], seen = 0;
        struct tagset all = tagset_all(a, n), even = tagset_new(a, n);
        for (size_t i = 0; i < n; i += 2)
            tagset_set(&even, i);
        assert_int_equal(tagset_count(&all), n);
        assert_int_equal(tagset_count(&even), (n + 1) / 2);
        assert_int_equal(tagset_count_and(&all, &even), (n + 1) / 2);
        assert_true(tagset_within(&even, &all));
        assert_int_equal(tagset_within(&all, &even), n < 2);
        for (size_t i = tagset_next(&even, 0); i < n; i = tagset_next(&even, i + 1))
            assert_int_equal(i, 2 * seen++);
        assert_int_equal(seen, (n + 1) / 2);
        struct tagset odd = tagset_copy(a, &all);
        tagset_andnot(&odd, &even);
        assert_false(tagset_meets(&odd, &even));
        assert_int_equal(tagset_count(&odd), n / 2);
        tagset_or(&odd, &even);
        assert_true(tagset_eq(&odd, &all));
        tagset_and(&odd, &even);
        assert_true(tagset_eq(&odd, &even));
        tagset_clear(&odd);
        assert_true(tagset_empty(&odd));
        if (n > 0) {
            tagset_unset(&all, n - 1);
            assert_false(tagset_has(&all, n - 1));
            assert_int_equal(tagset_next(&all, n - 1), n);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_revert_takes_the_flaw_out),      TEST(half_a_revert_is_none),
        TEST(a_copy_on_a_branch_is_pointed_at), TEST(all_groups_are_needed),
        cmocka_unit_test(sets_do_what_sets_do),
    };
    return cmocka_run_group_tests_name("origins", tests, NULL, NULL);
}
