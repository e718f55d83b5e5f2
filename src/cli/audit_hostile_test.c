/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of `vulndesk audit` on repositories that mean harm: each of them holds one honest place
 * with the flaw that is found all the same, and what was not searched is said.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/audit.h"
#include "cli/testing.h"
#include "engine/audit/hunks.h"
#include "os/file.h"

#define RUN(...) clitest_run(audit_main, "audit", (const char *const[]){__VA_ARGS__, NULL})
#define MANY     (1u << 20)  /* bytes, tokens: as many as a searched file can have */
#define LARGE    (11u << 20) /* bytes of a file that is not searched */

/* ---- Files ---- */

static void put(const char *path, struct str text)
{
    struct err e = ERR_INIT;
    char name[2 * TESTREPO_PATH];
    int n = snprintf(name, sizeof name, "%s/%s", clitest.repo, path);
    assert_true(n > 0 && (size_t)n < sizeof name);
    char *slash = strrchr(name, '/');
    *slash = '\0';
    assert_int_equal(dir_make(AT_FDCWD, name, 0700, &e), RC_OK);
    *slash = '/';
    FILE *f = fopen(name, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

static void put_link(const char *path, const char *to)
{
    char name[2 * TESTREPO_PATH];
    snprintf(name, sizeof name, "%s/%s", clitest.repo, path);
    assert_int_equal(symlink(to, name), 0);
}

static void save(void)
{
    TESTREPO(clitest.repo, "add", "-A", "-f");
    TESTREPO(clitest.repo, "commit", "-q", "--allow-empty", "-m", "x");
}

/* The same bytes again and again, up to n. */
static void put_again(const char *path, const char *head, const char *again, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * LARGE);
    buf_adds(&b, head);
    while (b.n < n)
        buf_adds(&b, again);
    put(path, buf_str(&b));
}

static void show(struct buf *b, const char *what, bool checked)
{
    buf_addf(b, "int show_%s(struct session *s, const char *name)\n{\n", what);
    buf_adds(b, "    struct record *r = table_lookup(s->table, name);\n");
    if (checked)
        buf_adds(b, "    if (!session_may(s, r))\n        return DENIED;\n");
    buf_addf(b, "    page_write_%s(s->page, r->value, r->length);\n    return DONE;\n}\n", what);
}

/* One place is mended in "fix", another, in honest.c, is not. */
static void make_honest(void)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    testrepo_init(clitest.repo, "sha1");
    show(&b, "one", false);
    put("one.c", buf_str(&b));
    buf_reset(&b);
    for (int i = 0; i < 30; i++)
        buf_addf(&b, "long other_%d(long a)\n{\n    return a * %d;\n}\n\n", i, i);
    put("other.c", buf_str(&b));
    show(&b, "two", false);
    put("honest.c", buf_str(&b));
    save();
    buf_reset(&b);
    show(&b, "one", true);
    put("one.c", buf_str(&b));
    save();
    TESTREPO(clitest.repo, "tag", "fix");
}

/* ---- Answers ---- */

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static const char *why_not(const json_t *answer, const char *path)
{
    const json_t *l = json_object_get(answer, "not_searched");
    for (size_t i = 0; i < json_array_size(l); i++)
        if (strcmp(text(json_array_get(l, i), "path"), path) == 0)
            return text(json_array_get(l, i), "why");
    return "";
}

static void assert_honest_found(const json_t *a)
{
    const json_t *hits = json_object_get(a, "hits");
    for (size_t i = 0; i < json_array_size(hits) && i < 3; i++)
        if (strcmp(text(json_array_get(hits, i), "path"), "honest.c") == 0)
            return;
    fail_msg("honest.c is not among the first three of %zu places", json_array_size(hits));
}

/* Asks from the fix, searching what was saved last. */
static json_t *ask(const char *cache)
{
    if (RUN("--repo", clitest.repo, "--cache", cache, "--fix", "fix", "--at", "HEAD", "--json"))
        fail_msg("%s", buf_c(&clitest.err));
    json_t *a = clitest_line(0);
    assert_honest_found(a);
    return a;
}

static void ask_for_people(void)
{
    if (RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--at", "HEAD"))
        fail_msg("%s", buf_c(&clitest.err));
    assert_non_null(strstr(buf_c(&clitest.out), "honest.c"));
    for (size_t i = 0; i < clitest.out.n; i++) /* nothing that steers a terminal */
        assert_true((unsigned char)clitest.out.p[i] >= 0x20 || clitest.out.p[i] == '\n' ||
                    clitest.out.p[i] == '\t');
}

/* ---- Tests ---- */

static void long_lines_and_many_tokens(void **state)
{
    (void)state;
    make_honest();
    put_again("endless.c", "int x;", "y", LARGE);
    put_again("endless.js", "f(", "a,", LARGE);
    put_again("large.c", "", "int x;\n", LARGE);
    put_again("oneline.c", "int x = 1", " + a", 2 * MANY - 100);
    put_again("tokens.c", "", "a\nb\nc\n", MANY);
    put_again("brackets.c", "", "((((((((((\n", MANY);
    put_again("blank.c", "", "\n", 2 * MANY - 100);
    put_again("same.c", "", "    struct record *r = table_lookup(s->table, name);\n",
              2 * MANY - 100);
    put_again("deep.html", "", "<div>\n", MANY);
    put_again("deep.php", "", "<?php if (a) { ?>\n", MANY);
    put_again("deep.yaml", "", "- - - - - - - -\n", MANY);
    put_again("keys.sql", "", "select * from a where b = 'c'\n", MANY);
    save();
    AUTO(json) json_t *a = ask(clitest.cache);
    assert_string_not_equal(why_not(a, "endless.c"), "");
    assert_string_not_equal(why_not(a, "endless.js"), "");
    assert_non_null(strstr(why_not(a, "large.c"), "larger than"));
    assert_string_not_equal(why_not(a, "oneline.c"), "");
    assert_string_equal(why_not(a, "tokens.c"), "");
    assert_string_equal(why_not(a, "same.c"), "");
}

static void what_never_ends(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * MANY);
    (void)state;
    make_honest();
    put_again("string.c", "char *s = \"", "never closed\n", MANY);
    put_again("comment.c", "/* ", "never closed /* \n", MANY);
    put_again("raw.cc", "auto s = R\"abcdefghijklmno(", ")abcdefghijklmn\"\n", MANY);
    put_again("quotes.js", "", "`${`${`${\n", MANY);
    put_again("regex.js", "", "a = /[/\n", MANY);
    put_again("triple.py", "", "\"\"\" '''\n", MANY);
    put_again("pod.pl", "=pod\n\n", "never cut\n", MANY);
    put_again("quote.pl", "", "q{ q( q[ q<\n", MANY);
    put_again("rust.rs", "", "/* r####\"\n", MANY);
    put_again("long.lua", "--[====[\n", "]===] [[ ]=]\n", MANY);
    put_again("here.rb", "", "x(<<~A, <<-B, <<C)\n", MANY);
    put_again("markup.html", "<script>\n", "<!-- <script> </scrip> --\n", MANY);
    put_again("attribute.html", "", "<a b=\"<?php echo \"\n", MANY);
    buf_adds(&b, "#!/bin/sh\n");
    for (int i = 0; b.n < MANY; i++)
        buf_addf(&b, "cat <<E%d <<'F%d' <<-G%d $(cat <<H%d\n", i, i, i, i);
    put("here.sh", buf_str(&b));
    buf_reset(&b);
    buf_adds(&b, "<?php\n");
    for (int i = 0; b.n < MANY; i++)
        buf_addf(&b, "$a = <<<E%d\n {$b[<<<'F%d'\n", i, i);
    put("here.php", buf_str(&b));
    save();
    json_decref(ask(clitest.cache));
}

static void bytes_that_are_no_text(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * MANY);
    (void)state;
    make_honest();
    put("nul.c", STR("int a;\0int b;\n"));
    for (size_t i = 0; i < 300000; i++)
        buf_addc(&b, (char)(i * 2654435761u >> 13));
    put("noise.c", buf_str(&b));
    put("utf16.c", STR("\xff\xfei\0n\0t\0 \0a\0;\0\n\0"));
    put("latin.c", STR("/* \xe9t\xe9 */ int \xe9;\n"));
    put("controls.c", STR("int a; \x1b[31m \x07 \x9b 5m\n"));
    put("overlong.py", STR("x = '\xc0\xaf\xf5\x80\x80\x80\xed\xa0\x80'\n"));
    put("returns.c", STR("int a;\rint b;\r\r\n\rint c;"));
    put("bidi.c", STR("/* \xe2\x80\xae */ int a;\n"));
    /* Bad bytes right in a place that is found. */
    buf_reset(&b);
    show(&b, "\xff\xfe\x1b[2Jthree", false);
    put("bad.c", buf_str(&b));
    save();
    AUTO(json) json_t *a = ask(clitest.cache);
    assert_string_equal(why_not(a, "nul.c"), "binary");
    assert_string_equal(why_not(a, "utf16.c"), "binary");
    for (size_t i = 0; i < clitest.out.n; i++)
        assert_true((unsigned char)clitest.out.p[i] >= 0x20 || clitest.out.p[i] == '\n');
    ask_for_people();
}

static void names_links_and_other_repositories(void **state)
{
    char id[TESTREPO_SAID], line[3 * TESTREPO_SAID];
    (void)state;
    make_honest();
    put_link("loop", "loop");
    put_link("here", ".");
    put_link("up.c", "../../../../../../etc/passwd");
    put_link("a.c", "b.c");
    put_link("b.c", "a.c");
    put("large.bin.c", STR("version https://git-lfs.github.com/spec/v1\noid sha256:"
                           "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
                           "size 12345\n"));
    put("-rf", STR("int a;\n"));
    put("--output=x.c", STR("int a;\n"));
    put("new\nline.c", STR("int a;\n"));
    put("tab\tand \x1b[31m.c", STR("int a;\n"));
    put("bad\xff\xfe.c", STR("int a;\n"));
    put("\xe2\x80\xaerev.c", STR("int a;\n"));
    put("deps/\"quoted\"/VERSION", STR("1.2.3\n"));
    put("deps/\"quoted\"/x.c", STR("int a;\n"));
    save();
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "HEAD", NULL}, id);
    snprintf(line, sizeof line, "160000,%s,sub", id);
    TESTREPO(clitest.repo, "update-index", "--add", "--cacheinfo", line);
    TESTREPO(clitest.repo, "commit", "-q", "-m", "a submodule");
    AUTO(json) json_t *a = ask(clitest.cache);
    assert_string_equal(why_not(a, "loop"), "a symbolic link");
    assert_string_equal(why_not(a, "up.c"), "a symbolic link");
    assert_string_equal(why_not(a, "a.c"), "a symbolic link");
    assert_non_null(strstr(why_not(a, "large.bin.c"), "LFS"));
    assert_string_not_equal(why_not(a, "sub"), "");
    ask_for_people();
}

static void objects_that_are_not_there(void **state)
{
    char blob[TESTREPO_SAID], tree[TESTREPO_SAID];
    (void)state;
    make_honest();
    put("lost.c", STR("int lost;\n"));
    put("gone/a.c", STR("int gone;\n"));
    put("vendor/thing/VERSION", STR("1.2.3\n"));
    put("vendor/thing/thing.c", STR("int thing;\n"));
    save();
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "HEAD:lost.c", NULL}, blob);
    testrepo_lose(clitest.repo, blob);
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "HEAD:gone", NULL}, tree);
    testrepo_lose(clitest.repo, tree);
    testrepo_said(clitest.repo,
                  (const char *const[]){"rev-parse", "HEAD:vendor/thing/VERSION", NULL}, blob);
    testrepo_lose(clitest.repo, blob);
    AUTO(json) json_t *a = ask(clitest.cache);
    assert_string_not_equal(why_not(a, "lost.c"), "");
    assert_string_not_equal(why_not(a, "gone"), "");
    const json_t *copies = json_object_get(a, "vendored");
    assert_int_equal(json_array_size(copies), 1);
    assert_true(json_is_null(json_object_get(json_array_get(copies, 0), "version")));
}

/* Every file of the cache, one after the other: cut off, empty, a bit turned, all zeros, gone. */
static void a_damaged_cache_is_made_anew(void **state)
{
    AUTO(buf) struct buf first = BUF_INIT(CLITEST_OUT_MAX);
    (void)state;
    make_honest();
    put("deps/thing/VERSION", STR("1.2.3\n"));
    put("deps/thing/thing.c", STR("int thing(void)\n{\n    return 1;\n}\n"));
    save();
    json_decref(ask(clitest.cache));
    buf_add(&first, buf_str(&clitest.out));
    static const char *const harm[] = {
        "truncate -s -1 \"$f\"",
        "truncate -s 7 \"$f\"",
        ": > \"$f\"",
        "n=$(stat -c %s \"$f\"); printf '\\377' | dd of=\"$f\" bs=1 seek=$((n / 2)) conv=notrunc",
        "n=$(stat -c %s \"$f\"); printf '\\377' | dd of=\"$f\" bs=1 seek=9 conv=notrunc",
        "n=$(stat -c %s \"$f\"); printf '\\001' | dd of=\"$f\" bs=1 seek=$((n - 2)) conv=notrunc",
        "n=$(stat -c %s \"$f\"); head -c $n /dev/zero > \"$f\"",
        "rm \"$f\"",
        "rm \"$f\"; ln -s /etc/passwd \"$f\"",
        "rm \"$f\"; mkdir \"$f\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(harm); i++) {
        AUTO(buf) struct buf command = BUF_INIT(4000);
        buf_addf(&command,
                 "alias.harm=!find %s -type f | while read f; do echo \"$f\"; (%s) 2> /dev/null; "
                 "done",
                 clitest.cache, harm[i]);
        char said[TESTREPO_SAID];
        testrepo_said(clitest.repo, (const char *const[]){"-c", buf_c(&command), "harm", NULL},
                      said);
        if (said[0] == '\0')
            fail_msg("nothing was harmed by %s", harm[i]);
        AUTO(json) json_t *a = ask(clitest.cache);
        AUTO(json) json_t *again = ask(clitest.cache);
        AUTO(json) json_t *was = NULL;
        /* It is said, once: then it is mended.  What is gone only costs time. */
        bool silent = str_eq(str_c(harm[i]), STR("rm \"$f\""));
        if ((json_array_size(json_object_get(a, "notes")) > 0) == silent)
            fail_msg("%s: %s", silent ? "said" : "not said", harm[i]);
        /* Something else in the place of the lock is not ours to take away. */
        bool stays = strstr(harm[i], "ln -s") || strstr(harm[i], "mkdir");
        if (!stays && json_array_size(json_object_get(again, "notes")) > 0)
            fail_msg("not mended: %s", harm[i]);
        struct err e = ERR_INIT;
        assert_int_equal(json_parse(buf_str(&first), CLITEST_OUT_MAX, "the first answer", &was, &e),
                         RC_OK);
        json_object_del(a, "notes");
        json_object_del(was, "notes");
        if (!json_equal(a, was))
            fail_msg("another answer after %s", harm[i]);
    }
}

/* A cache that cannot be: a file, a folder of somebody else. */
static void a_cache_that_cannot_be(void **state)
{
    (void)state;
    char file[TESTREPO_PATH];
    struct err e = ERR_INIT;
    make_honest();
    testrepo_path(clitest.top, "file", file);
    assert_int_equal(file_write_sync(AT_FDCWD, file, STR("x"), 0600, &e), RC_OK);
    assert_int_not_equal(RUN("--repo", clitest.repo, "--cache", file, "--fix", "fix"), 0);
    assert_int_equal(clitest.out.n, 0);
    assert_int_not_equal(clitest.err.n, 0);
}

/* Questions that make no sense, one a line; the last one does. */
static void a_batch_of_nonsense(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(LARGE);
    (void)state;
    make_honest();
    buf_adds(&b,
             "{\"id\":1,\"at\":\"fix\",\"seed\":{\"path\":\"../one.c\",\"start\":1,\"end\":2}}\n"
             "{\"id\":3,\"at\":\"fix\",\"seed\":{\"path\":\"one.c\",\"start\":-1,\"end\":2}}\n"
             "{\"id\":4,\"at\":\"fix\",\"seed\":{\"path\":\"one.c\",\"start\":1e300,\"end\":2}}\n"
             "{\"id\":5,\"at\":\"--all\",\"seed\":{\"path\":\"one.c\",\"start\":1,\"end\":2}}\n"
             "{\"id\":6,\"at\":\"fix\",\"seed\":{\"path\":\"one.c\",\"start\":1,\"end\":2,"
             "\"hunks\":[{\"path\":\"one.c\",\"old_start\":1,\"lines\":[\"no sign\"]}]}}\n"
             "{\"id\":7,\"id\":7,\"at\":\"fix\"}\n"
             "not json\n"
             "\"\xff\"\n");
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '[');
    buf_adds(&b, "\n{\"id\":\"last\",\"at\":\"fix\",\"seed\":{\"path\":\"honest.c\",\"start\":154,"
                 "\"end\":155}}\n");
    clitest_write_batch(buf_c(&b));
    (void)!RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch);
    for (size_t i = 0; i < 9; i++) {
        AUTO(json) json_t *a = clitest_line(i);
        if (!json_is_object(json_object_get(a, "error")))
            fail_msg("line %zu of the batch has no error", i + 1);
    }
    AUTO(json) json_t *last = clitest_line(9);
    assert_string_equal(text(last, "id"), "last");
    assert_null(json_object_get(last, "error"));
}

/* A further repository whose branch is a file: it is said, the others are searched. */
static void one_of_several_is_damaged(void **state)
{
    char other[TESTREPO_PATH], id[TESTREPO_SAID];
    AUTO(buf) struct buf b = BUF_INIT(TESTREPO_SAID);
    struct err e = ERR_INIT;
    (void)state;
    make_honest();
    testrepo_path(clitest.top, "other", other);
    testrepo_init(other, "sha1");
    testrepo_commit(other, "tool.c", "int tool;\n", 1);
    testrepo_said(other, (const char *const[]){"rev-parse", "HEAD:tool.c", NULL}, id);
    buf_addf(&b, "%s\n", id);
    char ref[TESTREPO_PATH + 30];
    snprintf(ref, sizeof ref, "%s/.git/refs/heads/master", other);
    assert_int_equal(file_write_sync(AT_FDCWD, ref, buf_str(&b), 0600, &e), RC_OK);
    if (RUN("--repo", clitest.repo, "--repo", other, "--fix", "fix", "--json"))
        fail_msg("%s", buf_c(&clitest.err));
    AUTO(json) json_t *a = clitest_line(0);
    assert_honest_found(a);
    const json_t *notes = json_object_get(a, "notes");
    const char *note = json_string_value(json_array_get(notes, 0));
    assert_non_null(note);
    assert_non_null(strstr(note, "other has no commit that can be read"));
}

static void add_question(struct buf *b, const char *path, int start, const struct buf *lines)
{
    buf_addf(b,
             "{\"id\":1,\"at\":\"fix\",\"seed\":{\"path\":\"one.c\",\"start\":1,\"end\":2,"
             "\"hunks\":[{\"path\":\"%s\",\"old_start\":%d,\"lines\":[",
             path, start);
    buf_add(b, buf_str(lines));
    buf_adds(b, "]}]}}\n");
}

/* What is looked for means harm, and most of it stands nowhere. */
static void odd_patterns(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(8 * MANY), l = BUF_INIT(4 * MANY);
    size_t n = 0;
    (void)state;
    make_honest();
    buf_adds(&l, "\"-");
    for (uint32_t i = 0; i < MANY; i++)
        buf_adds(&l, "no+");
    buf_adds(&l, "\"");
    add_question(&b, "one.c", 1, &l);
    buf_reset(&l);
    for (int i = 0; i < HUNK_LINES_MAX; i++)
        buf_addf(&l, "%s\"-int nowhere_%d;\"", i ? "," : "", i);
    add_question(&b, "one.c", 1, &l);
    buf_reset(&l);
    buf_adds(&l, "\"+if (!session_may(s, r))\",\"+    return DENIED;\"");
    add_question(&b, "one.c", HUNK_NUMBER_MAX, &l);
    buf_reset(&l);
    buf_adds(&l, "\"-foo table_lookup\"");
    add_question(&b, "one.sh", 1, &l);
    buf_reset(&l);
    buf_adds(&l, "\"-never closed \\\"\\\"\\\" '''\",\"-\\\"\\\"\\\"\"");
    add_question(&b, "x\\ny.py", 1, &l);
    clitest_write_batch(buf_c(&b));
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    for (size_t i = 0; i < 5; i++) {
        AUTO(json) json_t *a = clitest_line(i);
        if (json_object_get(a, "error"))
            fail_msg("question %zu: %s", i + 1, text(json_object_get(a, "error"), "message"));
        n += json_array_size(json_object_get(a, "hits"));
    }
    assert_int_equal(n, 0);
    /* Of a fix that took all away, nothing is left that is like it. */
    put("alone.js", STR("frobnicate(gadget, widget);\n"));
    save();
    put("alone.js", STR(""));
    save();
    assert_int_equal(RUN("--repo", clitest.repo, "--fix", "HEAD", "--json"), 0);
    AUTO(json) json_t *none = clitest_line(0);
    assert_int_equal(json_array_size(json_object_get(none, "hits")), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, clitest_make, clitest_remove)
    const struct CMUnitTest tests[] = {
        T(long_lines_and_many_tokens),
        T(what_never_ends),
        T(bytes_that_are_no_text),
        T(names_links_and_other_repositories),
        T(objects_that_are_not_there),
        T(a_damaged_cache_is_made_anew),
        T(a_cache_that_cannot_be),
        T(a_batch_of_nonsense),
        T(odd_patterns),
        T(one_of_several_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
