/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the candidate's commit: whose it is, what its message says, and that nothing of a
 * hostile original gets into a header.  Tests only.
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

#include "base/when.h"
#include "engine/backport/picktesting.h"

static const struct file plain_base[] = {{"f", NULL, TEN}, NO_MORE};
static const struct file plain_fix[] = {{"f", NULL, TEN_FIX}, NO_MORE};
static const struct file plain_release[] = {{"f", NULL, TEN_REL}, NO_MORE};

static struct git_person us;

/* The commit's bytes, in the arena. */
static struct str made(struct bench *d, const char *original, const struct str *notes, size_t n,
                       char oid[GIT_OID_HEX + 1])
{
    struct err e = ERR_INIT;
    struct object o;
    struct pick p;
    char parent[GIT_OID_HEX + 1];
    pick(d, &p);
    id_of("release", parent);
    const struct commit_ask ask = {original, p.tree, parent, us, notes, n};
    if (commit_make(d->store, &ask, oid, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(objects_read(bp_objects(d->store), str_c(oid), 1 << 20, &o, &e), RC_OK);
    assert_int_equal(o.type, OBJECT_COMMIT);
    return arena_str(d->arena, o.body);
}

static void test_commit(void **state)
{
    const struct str notes[] = {STR("left out tests/a (test)"), STR("rule\ntok\x01\n"), STR("  ")};
    struct bench d;
    char original[GIT_OID_HEX + 1], oid[GIT_OID_HEX + 1], again[GIT_OID_HEX + 1];
    char want[1000], release[GIT_OID_HEX + 1];
    struct pick p;
    make(&d, plain_base, plain_fix, plain_release);
    id_of("fix", original);
    id_of("release", release);
    struct str body = made(&d, original, notes, ARRAY_LEN(notes), oid);
    pick(&d, &p);
    snprintf(want, sizeof want,
             "tree %s\nparent %s\nauthor A U Thor <author@example.org> 1700000000 +0130\n"
             "committer Vuln Desk <desk@example.org> 1700000500 +0000\n\n"
             "fix\n\n(cherry picked from commit %s)\n"
             "Backport-notes: left out tests/a (test)\nBackport-notes: rule tok\n",
             p.tree, release, original);
    assert_string_equal(body.p, want);
    /* The same input, the same id. */
    (void)made(&d, original, notes, ARRAY_LEN(notes), again);
    assert_string_equal(oid, again);
    /* The objects of the candidate are all in the folder of results: another git finds them. */
    AUTO(git) struct git *g = NULL;
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    assert_int_equal(bp_flush(d.store, &e), RC_OK);
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(git_own_objects_make(g, &e), RC_OK);
    assert_int_equal(git_alternate_add(g, results, &e), RC_OK);
    const char *const fsck[] = {"fsck", "--strict", "--no-dangling", oid, NULL};
    assert_int_equal(git_run(g, fsck, STR_NONE, &out, &e), RC_OK);
    char name[GIT_OID_HEX + 10];
    snprintf(name, sizeof name, "%s:f", oid);
    const char *const text[] = {"cat-file", "blob", name, NULL};
    buf_reset(&out);
    assert_int_equal(git_run(g, text, STR_NONE, &out, &e), RC_OK);
    assert_string_equal(buf_c(&out), TEN_BOTH);
    close_bench(&d);
}

static void message_is(struct bench *d, const char *message, const char *want)
{
    struct err e = ERR_INIT;
    char oid[GIT_OID_HEX + 1], full[2000];
    AUTO(buf) struct buf b = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
    buf_addf(&b, "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n%s", d->fix, message);
    assert_int_equal(bp_scratch(d->store, OBJECT_COMMIT, buf_str(&b), oid, &e), RC_OK);
    const struct str note = STR("n");
    const struct commit_ask ask = {oid, d->fix, oid, us, &note, 1};
    assert_int_equal(commit_message(d->store, &ask, &got, &e), RC_OK);
    snprintf(full, sizeof full, "%s(cherry picked from commit %s)\nBackport-notes: n\n", want, oid);
    assert_string_equal(buf_c(&got), full);
}

static void test_messages(void **state)
{
    struct bench d;
    make(&d, plain_base, plain_fix, plain_release);
    message_is(&d, "subject", "subject\n\n");
    message_is(&d, "subject\n", "subject\n\n");
    message_is(&d, "fix: subject\n", "fix: subject\n\n"); /* no trailer, a subject */
    message_is(&d, "s\n\ntext\n\n\n", "s\n\ntext\n\n");
    message_is(&d, "s\n\nSigned-off-by: A <a>\n", "s\n\nSigned-off-by: A <a>\n");
    message_is(&d, "s\n\ntext\n\nFixes: 1\n two\n(cherry picked from commit 1)\n",
               "s\n\ntext\n\nFixes: 1\n two\n(cherry picked from commit 1)\n");
    message_is(&d, "s\n\nSo: yes\nbut no trailer\n", "s\n\nSo: yes\nbut no trailer\n\n");
    message_is(&d, "", "(no message)\n\n");
    message_is(&d, "\n\n", "(no message)\n\n");
    close_bench(&d);
}

static void test_hostile_original(void **state)
{
    static const struct {
        const char *author, *want;
    } bad[] = {
        {"author X> 1 +0000 <x@y> 12 +0000", "author X 1 +0000 <x@y> 12 +0000\n"},
        {"author <<<>>> 99999999999999999999 +9", "author unknown <unknown> 0 +0000\n"},
        {"author A\001B <a\tb> 7 -0800", "author AB <ab> 7 -0800\n"},
        {"author nobody", "author nobody <unknown> 0 +0000\n"},
        {"author  <> -5 +0000", "author unknown <unknown> 0 +0000\n"},
        {"author A <a> 7 +0000 tree 1", "author A <a> 7 +0000\n"},
        {"nobody at all", "author unknown <unknown> 0 +0000\n"},
    };
    struct bench d;
    char original[GIT_OID_HEX + 1], oid[GIT_OID_HEX + 1];
    struct err e = ERR_INIT;
    make(&d, plain_base, plain_fix, plain_release);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(buf) struct buf b = BUF_INIT(10000);
        buf_addf(&b,
                 "tree %s\n%s\ncommitter A <a> 1 +0000\ngpgsig -----BEGIN\n secret\n -----END\n"
                 "encoding ISO-8859-1\n\nsubj\xe4",
                 d.fix, bad[i].author);
        buf_addc(&b, '\0');
        buf_adds(&b, "hidden");
        assert_int_equal(bp_scratch(d.store, OBJECT_COMMIT, buf_str(&b), original, &e), RC_OK);
        struct str body = made(&d, original, NULL, 0, oid);
        assert_true(str_find(body, str_c(bad[i].want)) != STR_NPOS);
        assert_true(str_find(body, STR("gpgsig")) == STR_NPOS);
        assert_true(str_find(body, STR("hidden")) == STR_NPOS);
        assert_true(str_find(body, STR("\nencoding ISO-8859-1\n\nsubj\xe4\n\n(cherry")) !=
                    STR_NPOS);
        assert_true(str_chr(body, '\0') == STR_NPOS);
    }
    close_bench(&d);
}

static void test_refused(void **state)
{
    struct bench d;
    struct err e = ERR_INIT;
    char fix[GIT_OID_HEX + 1], oid[GIT_OID_HEX + 1] = "as before";
    struct str many[COMMIT_NOTES_MAX + 1];
    make(&d, plain_base, plain_fix, plain_release);
    id_of("fix", fix);
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = STR("n");
    const struct commit_ask bad[] = {
        {"HEAD", d.fix, fix, us, NULL, 0},
        {fix, "x", fix, us, NULL, 0},
        {fix, d.fix, "--all", us, NULL, 0},
        {d.fix, d.fix, fix, us, NULL, 0},
        {fix, d.fix, fix, us, many, ARRAY_LEN(many)},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        enum rc rc = commit_make(d.store, &bad[i], oid, &e);
        assert_int_equal(rc, i == 4 ? RC_LIMIT : RC_INVALID);
    }
    assert_string_equal(oid, "as before");
    close_bench(&d);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

int main(void)
{
    us = (struct git_person){STR("Vuln <Desk>"), STR("desk@example.org"),
                             INT64_C(1700000500) * US_PER_S};
    const struct CMUnitTest tests[] = {
        T(test_commit),
        T(test_messages),
        T(test_hostile_original),
        T(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
