/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the bundle of a backport: another clone of the project takes it, it holds one
 * branch on the line's tip, and nothing is written to the repository.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "engine/backport/picktesting.h"
#include "engine/backport/release.h"
#include "os/file.h"

#define AUTHOR "A U Thor <author@example.org> 1700000000 +0130"
#define REF    "refs/heads/vulndesk/EX-2026-0001/release"

static const struct file plain_base[] = {{"f", NULL, TEN}, NO_MORE};
static const struct file plain_fix[] = {{"f", NULL, TEN_FIX}, NO_MORE};
static const struct file plain_release[] = {{"f", NULL, TEN_REL}, NO_MORE};

static char scratch[TESTREPO_PATH];

/* A repository, and a candidate among the objects of case 1. */
static void candidate(const char *format, char tree[GIT_OID_HEX + 1], char made[GIT_OID_HEX + 1],
                      char parent[GIT_OID_HEX + 1])
{
    AUTO(buf) struct buf path = BUF_INIT(300);
    struct err e = ERR_INIT;
    struct bench d;
    struct pick p;
    char original[GIT_OID_HEX + 1];
    testrepo_path(top, "scratch", scratch);
    buf_addf(&path, "%s/case-1/objects", scratch);
    assert_int_equal(str_copy(results, sizeof results, buf_str(&path), "path", &e), RC_OK);
    make_in(&d, format, plain_base, plain_fix, plain_release);
    pick(&d, &p);
    id_of("fix", original);
    id_of("release", parent);
    const struct commit_ask ask = {
        original, p.tree, parent, {STR("desk"), STR("desk@example.org"), 1}, NULL, 0};
    assert_int_equal(commit_make(d.store, &ask, made, &e), RC_OK);
    assert_int_equal(bp_flush(d.store, &e), RC_OK);
    assert_int_equal(str_copy(tree, GIT_OID_HEX + 1, str_c(p.tree), "tree", &e), RC_OK);
    close_bench(&d);
}

static enum rc run(json_t *input, json_t **ret, struct err *e)
{
    AUTO(json) json_t *args = json_pack("{s:i, s:i}", "nth", 7, "case", 1);
    AUTO(json) json_t *in = input;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    assert_int_equal(json_write(&b, in, e), RC_OK);
    const struct engine_job j = {
        .scratch = scratch, .mirror = repo, .args = args, .input = buf_str(&b)};
    return engine_backport_release(&j, ret, e);
}

static const char *member(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    assert_non_null(s);
    return s;
}

static void object_text(char *text, size_t size, const char *tree, const char *parent)
{
    snprintf(text, size,
             "tree %s\nparent %s\nauthor " AUTHOR "\ncommitter D <d@example.org> 1700000500 +0000\n"
             "gpgsig -----BEGIN\n -----END\n\nf: read once\n",
             tree, parent);
}

static void a_clone_takes_it(const char *format, const char *magic)
{
    char tree[GIT_OID_HEX + 1], made[GIT_OID_HEX + 1], parent[GIT_OID_HEX + 1], text[2000];
    char clone[TESTREPO_PATH], file[TESTREPO_PATH], said[TESTREPO_SAID], before[TESTREPO_SAID];
    AUTO(json) json_t *author = NULL, *out = NULL;
    AUTO(buf) struct buf bundle = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    candidate(format, tree, made, parent);
    testrepo_said(repo, (const char *const[]){"count-objects", "-v", NULL}, before);
    assert_int_equal(run(json_pack("{s:s}", "commit", made), &author, &e), RC_OK);
    assert_string_equal(member(author, "author"), AUTHOR);
    assert_int_equal(json_integer_value(json_object_get(author, "nth")), 7);
    object_text(text, sizeof text, tree, parent);
    if (run(json_pack("{s:s, s:s, s:s}", "object", text, "parent", parent, "ref", REF), &out, &e) !=
        RC_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(base64_get(&bundle, str_c(member(out, "bundle")), "bundle", &e), RC_OK);
    assert_true(str_starts(buf_str(&bundle), str_c(magic)));
    testrepo_path(top, "clone", clone);
    testrepo_path(top, "line.bundle", file);
    assert_int_equal(file_write_sync(AT_FDCWD, file, buf_str(&bundle), 0600, &e), RC_OK);
    /* Whoever has the line has what it wants; whoever has not is told so. */
    testrepo_init(clone, format);
    assert_false(testrepo_try(clone, (const char *const[]){"fetch", "-q", file, REF, NULL}));
    TESTREPO(clone, "fetch", "-q", repo, "release");
    TESTREPO(clone, "fetch", "-q", file, REF ":" REF);
    testrepo_said(clone, (const char *const[]){"rev-parse", REF, NULL}, said);
    assert_string_equal(said, member(out, "commit"));
    testrepo_said(clone, (const char *const[]){"show", REF ":f", NULL}, said);
    assert_string_equal(said, "1\n2\nfix\n4\n5\n6\n7\n8\nrelease\n10");
    testrepo_said(clone, (const char *const[]){"cat-file", "commit", REF, NULL}, said);
    assert_memory_equal(said, text, strlen(text) - 1);
    TESTREPO(clone, "fsck", "--strict");
    testrepo_said(repo, (const char *const[]){"count-objects", "-v", NULL}, said);
    assert_string_equal(said, before);
    assert_false(testrepo_try(repo, (const char *const[]){"rev-parse", "-q", REF, NULL}));
}

static void test_a_clone_takes_it(void **state)
{
    (void)state;
    a_clone_takes_it("sha1", "# v2 git bundle\n-");
}

static void test_with_ids_of_sha256_too(void **state)
{
    (void)state;
    a_clone_takes_it("sha256", "# v3 git bundle\n@object-format=sha256\n-");
}

static void test_what_does_not_fit_is_refused(void **state)
{
    char tree[GIT_OID_HEX + 1], made[GIT_OID_HEX + 1], parent[GIT_OID_HEX + 1], text[2000];
    static const char *const refs[] = {"vulndesk/x", "refs/tags/x", "refs/heads/a..b",
                                       "refs/heads/a\nb", "refs/heads/"};
    json_t *out = NULL;
    struct err e = ERR_INIT;
    (void)state;
    candidate("sha1", tree, made, parent);
    object_text(text, sizeof text, tree, parent);
    for (size_t i = 0; i < ARRAY_LEN(refs); i++)
        assert_int_equal(
            run(json_pack("{s:s, s:s, s:s}", "object", text, "parent", parent, "ref", refs[i]),
                &out, &e),
            RC_INVALID);
    /* Another parent than it has, and a tree that is not here. */
    assert_int_equal(
        run(json_pack("{s:s, s:s, s:s}", "object", text, "parent", made, "ref", REF), &out, &e),
        RC_INVALID);
    object_text(text, sizeof text, "4b825dc642cb6eb9a060e54bf8d69288fbee4905", parent);
    assert_int_equal(
        run(json_pack("{s:s, s:s, s:s}", "object", text, "parent", parent, "ref", REF), &out, &e),
        RC_NOTFOUND);
    assert_int_equal(run(json_pack("{s:s}", "commit", "HEAD"), &out, &e), RC_INVALID);
    assert_int_equal(run(json_pack("{s:s}", "commit", tree), &out, &e), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_clone_takes_it, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(test_with_ids_of_sha256_too, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_refused, bench_up, bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
