/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of engine/audit/hunks: seeds of a batch, regions, what commits changed.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/audit/hunks.h"
#include "git/testing.h"

#define TEXT_MAX (1u << 16)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], head[TESTREPO_SAID], before[TESTREPO_SAID];
static struct git *git;
static struct objects *objects;
static struct arena *arena;

/* Lines "word 1" to "word n", the given ones replaced. */
static void lines_text(struct buf *b, const char *word, int n, int changed, const char *instead)
{
    for (int i = 1; i <= n; i++)
        if (i == changed)
            buf_adds(b, instead);
        else
            buf_addf(b, "%s %d\n", word, i);
}

static void commit(const char *path, const char *word, int changed, const char *instead, int day)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    lines_text(&b, word, 60, changed, instead);
    buf_addc(&b, '\0');
    testrepo_commit(repo, path, b.p, day);
}

static int make_all(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_init(repo, "sha1");
    commit("a.c", "one", 0, "", 1);
    commit("b.c", "two", 0, "", 2);
    commit("a.md", "three", 0, "", 3);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, before);
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    lines_text(&b, "one", 60, 30, "mended\nand checked\n");
    buf_addc(&b, '\0');
    char path[TESTREPO_PATH + 8];
    snprintf(path, sizeof path, "%s/a.c", repo);
    FILE *f = fopen(path, "we");
    if (f == NULL || fputs(b.p, f) < 0 || fclose(f) != 0)
        return -1;
    TESTREPO(repo, "add", "a.c");
    commit("a.md", "three", 5, "told\n", 4);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, head);
    return git_open(repo, NULL, &git, &e) == RC_OK && objects_open(git, &objects, &e) == RC_OK ? 0
                                                                                               : -1;
}

static int remove_all(void **state)
{
    (void)state;
    objects_close(objects);
    git_close(git);
    return testrepo_folder_remove(top);
}

static int new_arena(void **state)
{
    (void)state;
    arena = arena_new(1u << 20);
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void the_fix_is_read_with_its_surroundings(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    struct str id = str_c(head);
    (void)state;
    assert_int_equal(hunks_of_commits(git, &id, 1, NULL, 0, arena, &hs, &e), RC_OK);
    assert_int_equal(hs.n, 1); /* documentation is left out */
    const struct hunk *h = &hs.v[0];
    assert_true(str_eq(h->path, str_c("a.c")));
    assert_true(str_eq(h->fix, id));
    assert_int_equal(h->old_start, 20);
    assert_int_equal(h->new_start, 20);
    assert_int_equal(h->n, HUNKS_CONTEXT + 1 + 2 + HUNKS_CONTEXT);
    assert_int_equal(h->lines[HUNKS_CONTEXT].sign, '-');
    assert_true(str_eq(h->lines[HUNKS_CONTEXT].text, str_c("one 30")));
    assert_int_equal(h->lines[HUNKS_CONTEXT + 2].sign, '+');
    assert_true(str_eq(h->lines[HUNKS_CONTEXT + 2].text, str_c("and checked")));
}

/* No other file takes its place, and nobody is told that nothing was changed. */
static void a_change_that_is_too_large(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    char large[TESTREPO_SAID], path[TESTREPO_PATH + 8];
    (void)state;
    for (int i = 0; i <= HUNK_LINES_MAX; i++)
        buf_addf(&b, "word %d\n", i);
    snprintf(path, sizeof path, "%s/b.c", repo);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(buf_c(&b), f) >= 0 && fclose(f) == 0);
    TESTREPO(repo, "add", "b.c");
    commit("a.md", "three", 7, "told again\n", 5);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, large);
    struct str id = str_c(large);
    assert_int_equal(hunks_of_commits(git, &id, 1, NULL, 0, arena, &hs, &e), RC_LIMIT);
    assert_non_null(strstr(e.msg, "too much"));
    assert_int_equal(hs.n, 0);
    assert_int_equal(hs.left_out, 1);
}

static void only_hunks_that_were_named(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    struct str id = str_c(head);
    struct place in = {str_c("a.c"), 31, 31}, out = {str_c("a.c"), 40, 50};
    (void)state;
    assert_int_equal(hunks_of_commits(git, &id, 1, &in, 1, arena, &hs, &e), RC_OK);
    assert_int_equal(hs.n, 1);
    assert_int_equal(hunks_of_commits(git, &id, 1, &out, 1, arena, &hs, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "no hunk"));
}

static void a_commit_that_is_not_here(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    struct str id = str_c("0123456789012345678901234567890123456789");
    (void)state;
    assert_int_equal(hunks_of_commits(git, &id, 1, NULL, 0, arena, &hs, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "012345678901"));
}

static void a_region_brings_what_is_around_it(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    struct place r;
    (void)state;
    assert_int_equal(place_parse(str_c("b.c:3-5"), &r, &e), RC_OK);
    assert_int_equal(hunks_of_region(objects, str_c(head), &r, arena, &hs, &e), RC_OK);
    assert_int_equal(hs.v[0].old_start, 1);
    assert_int_equal(hs.v[0].n, 15);
    assert_int_equal(hs.v[0].mark_from, 3);
    assert_int_equal(hs.v[0].mark_to, 5);
    assert_true(str_eq(hs.v[0].lines[14].text, str_c("two 15")));
    r.from = 61;
    r.to = 70;
    assert_int_equal(hunks_of_region(objects, str_c(head), &r, arena, &hs, &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "60 lines only"));
    r.path = str_c("none.c");
    assert_int_equal(hunks_of_region(objects, str_c(head), &r, arena, &hs, &e), RC_NOTFOUND);
}

static void regions_that_are_none(void **state)
{
    static const char *const bad[] = {"",         "a.c",     "a.c:", "a.c:0",    "a.c:5-4",
                                      "../a.c:1", "a.c:1-x", ":1-2", "a.c:1-2-3"};
    struct err e = ERR_INIT;
    struct place r;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(place_parse(str_c(bad[i]), &r, &e), RC_INVALID);
}

static enum rc read_seed(const char *text, struct hunks *hs, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    assert_int_equal(json_parse(str_c(text), TEXT_MAX, "the seed", &j, e), RC_OK);
    return hunks_of_seed(objects, str_c(before), j, arena, hs, e);
}

static void a_seed_of_a_batch(void **state)
{
    struct err e = ERR_INIT;
    struct hunks hs = {0};
    (void)state;
    assert_int_equal(read_seed("{\"path\":\"a.c\",\"start\":7,\"end\":7,\"hunks\":[{\"path\":"
                               "\"a.c\",\"old_start\":6,\"lines\":[\" x\",\"-y\",\"+z\",\" \"]}]}",
                               &hs, &e),
                     RC_OK);
    assert_int_equal(hs.n, 1);
    assert_int_equal(hs.v[0].n, 4);
    assert_int_equal(hs.v[0].lines[2].sign, '+');
    assert_true(str_eq(hs.v[0].lines[2].text, str_c("z")));
    assert_int_equal(hs.v[0].lines[3].text.n, 0);
    assert_int_equal(read_seed("{\"path\":\"b.c\",\"start\":58,\"end\":59}", &hs, &e), RC_OK);
    assert_int_equal(hs.n, 2);
    assert_int_equal(hs.v[1].mark_from, 58);
}

static void seeds_that_are_none(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"path\":\"a.c\",\"start\":1}",
        "{\"path\":\"a.c\",\"start\":-1,\"end\":1}",
        "{\"path\":\"a.c\",\"start\":1,\"end\":1,\"hunks\":7}",
        "{\"path\":\"a.c\",\"start\":1,\"end\":1,\"hunks\":[{}]}",
        "{\"path\":\"a.c\",\"start\":1,\"end\":1,\"hunks\":[{\"path\":\"a.c\",\"old_start\":1,"
        "\"lines\":[\"x\"]}]}",
        "{\"path\":\"a.c\",\"start\":1,\"end\":1,\"hunks\":[{\"path\":\"a.c\",\"old_start\":1,"
        "\"lines\":[\"\"]}]}",
        "{\"path\":\"a.c\",\"start\":1,\"end\":1,\"hunks\":[{\"path\":\"a.c\",\"old_start\":1,"
        "\"lines\":[3]}]}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        struct hunks hs = {0};
        assert_int_not_equal(read_seed(bad[i], &hs, &e), RC_OK);
        assert_string_not_equal(e.msg, "");
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, new_arena, end_arena)
    const struct CMUnitTest tests[] = {
        T(the_fix_is_read_with_its_surroundings),
        T(only_hunks_that_were_named),
        T(a_change_that_is_too_large),
        T(a_commit_that_is_not_here),
        T(a_region_brings_what_is_around_it),
        T(regions_that_are_none),
        T(a_seed_of_a_batch),
        T(seeds_that_are_none),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
