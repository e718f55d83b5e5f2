/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the fix side: what messages say, what makes a copy, the table's file, reverts and
 * content, on small histories.  Tests only.
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

#include "engine/affected/equiv_rules.h"
#include "engine/affected/fixes.h"
#include "engine/affected/present.h"
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
    return mkdir(cache, 0700);
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* ---- Messages ---- */

static struct message said(const char *text)
{
    struct message m;
    message_read(str_c(text), &m);
    return m;
}

#define ID1 "1234567890abcdef1234567890abcdef12345678"
#define ID2 "abcdef1234567890abcdef1234567890abcdef12"

static void first_name_is(const char *text, enum named_kind kind, const char *hex)
{
    struct message m = said(text);
    unsigned char id[20];
    for (size_t i = 0; i < sizeof id; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        unsigned v = 0;
        assert_int_equal(sscanf(pair, "%2x", &v), 1);
        id[i] = (unsigned char)v;
    }
    if (m.n == 0)
        fail_msg("nothing is named in: %s", text);
    if (m.named[0].kind != kind)
        fail_msg("kind %d in: %s", m.named[0].kind, text);
    assert_true(named_is(&m.named[0], id));
    id[2] ^= 1;
    assert_false(named_is(&m.named[0], id));
}

static void test_messages_name_other_commits(void **state)
{
    (void)state;
    first_name_is("x\n\n(cherry picked from commit " ID1 ")\n", NAMED_COPY, ID1);
    first_name_is("x\n\ncommit " ID1 " upstream.\n", NAMED_COPY, ID1);
    first_name_is("x\n\n[ Upstream commit " ID1 " ]\n", NAMED_COPY, ID1);
    first_name_is("x\n\nBackport of 1234567890ab.\n", NAMED_COPY, ID1);
    first_name_is("x\n\nPartial backport of 1234567890ab.\n", NAMED_COPY_PART, ID1);
    first_name_is("Revert \"x\"\n\nThis reverts commit " ID2 ".\n", NAMED_REVERT, ID2);
    first_name_is("Revert \"x\"\n\nThis reverts commit\n" ID2 ".\n", NAMED_REVERT, ID2);
    first_name_is("x\n\nFixes: 1234567 (\"y\")\n", NAMED_FIXES, ID1);
    first_name_is("x\n\nSee 1234567890ab for more.\n", NAMED_MENTION, ID1);
    /* A word that is no id: no digit, or too short. */
    assert_int_equal(said("x 20240101 y").n, 0);
    assert_int_equal(said("defaced facade\n\nbeefed 12ab\n").n, 0);
    assert_int_equal(said("x\n\nMerge r1234, r56 from trunk:\n").n, 2);
    assert_int_equal(said("Merge r1234 from trunk: y").named[0].kind, NAMED_SVN_COPY);
    struct message svn = said("x\n\ngit-svn-id: https://svn.example.org/a/trunk@1879591 13f79535");
    assert_int_equal(svn.n, 1);
    assert_int_equal(svn.named[0].kind, NAMED_SVN_SELF);
    assert_true(named_number(&svn.named[0]) == 1879591);
    assert_int_equal(said("x (#77)").named[0].kind, NAMED_PULL);
    assert_int_equal(said("x\n\nCVE-2024-12345").named[0].kind, NAMED_VULN);
}

static void test_subjects_survive_the_way_to_another_branch(void **state)
{
    (void)state;
    static const char *const same[] = {
        "Fix overflow in parser",
        "fix  overflow in parser.",
        "[7.0] Fix overflow in parser",
        "Fix overflow in parser (#123)",
        "Backport: Fix overflow in parser",
        "Merge of r12, r13: fix overflow in parser.",
        "[backport] Fix overflow in parser [7.0]",
        "Fix overflow in parser {CVE-2024-12345}",
    };
    for (size_t i = 1; i < ARRAY_LEN(same); i++)
        if (said(same[0]).subject != said(same[i]).subject)
            fail_msg("another subject: %s", same[i]);
    assert_true(said(same[0]).subject != said("[net] Fix overflow in parser").subject);
    struct message back = said("Revert \"Fix overflow in parser\"");
    assert_true(back.subject == said(same[0]).subject && back.reverts && !back.again);
    struct message again = said("Revert \"Revert \"Fix overflow in parser\"\"");
    assert_true(again.subject == said(same[0]).subject && !again.reverts && again.again);
    again = said("Reapply \"Fix overflow in parser\"");
    assert_true(again.subject == said(same[0]).subject && !again.reverts && again.again);
    assert_true(said("").subject == 0 && said("\n\n").subject == 0);
}

/* ---- Rules ---- */

static void test_rules(void **state)
{
    (void)state;
    struct equiv_facts f = {.file = true, .given = 10, .other = 10, .common = 6};
    assert_string_equal(equiv_judge(&f).rule, "lines");
    f.other = 100; /* a sweeping commit: two-sided */
    assert_null(equiv_judge(&f).rule);
    f.common = 10;
    assert_string_equal(equiv_judge(&f).rule, "contains");
    f = (struct equiv_facts){.file = true, .given = 2, .other = 2, .common = 1};
    assert_null(equiv_judge(&f).rule);
    f.common = 2;
    assert_string_equal(equiv_judge(&f).rule, "lines");
    f.file = false; /* two equal lines in some other file are chance */
    assert_null(equiv_judge(&f).rule);
    f = (struct equiv_facts){.file = true, .given = 10, .subject = true, .own_subject = true};
    assert_null(equiv_judge(&f).rule);
    f.author = true;
    assert_string_equal(equiv_judge(&f).rule, "subject");
    f.own_subject = false; /* "update version" by the same person */
    assert_null(equiv_judge(&f).rule);
    f = (struct equiv_facts){.copy = true};
    assert_string_equal(equiv_judge(&f).rule, "named");
    f = (struct equiv_facts){.vuln = true, .file = true, .given = 2, .other = 2, .common = 1};
    assert_null(equiv_judge(&f).rule);
}

static void test_paths_in_which_a_flaw_can_be(void **state)
{
    (void)state;
    static const char *const code[] = {"a.c",        "lib/url.c", "Makefile",
                                       "Dockerfile", "x/y.php",   "data/web/index.html.twig",
                                       "src/doc.c",  "T.java"};
    static const char *const none[] = {"CHANGES",        "README.md",   "docs/a.c",
                                       "tests/unit/a.c", "x/ChangeLog", "00-RELEASENOTES",
                                       "NEWS",           "man/a.1"};
    for (size_t i = 0; i < ARRAY_LEN(code); i++)
        if (!path_is_code(str_c(code[i])))
            fail_msg("%s is code", code[i]);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        if (path_is_code(str_c(none[i])))
            fail_msg("%s is no code", none[i]);
}

/* ---- Histories ---- */

#define HEAD   "#include <a.h>\n\nint f(const char *p, int n)\n{\n    int i;\n    char b[10];\n\n"
#define BAD    "    for (i = 0; i < n; i++)\n        b[i] = p[i];\n"
#define GOOD   "    for (i = 0; i < n && i < (int)sizeof b; i++)\n        b[i] = p[i];\n"
#define TAIL   "    return b[0] + other(n);\n}\n\nint g(void)\n{\n    return 0;\n}\n"
#define BEFORE HEAD BAD TAIL
#define AFTER  HEAD GOOD TAIL

static void put(const char *path, const char *text, int day, const char *message)
{
    testrepo_commit(repo, path, text, day);
    TESTREPO(repo, "commit", "-q", "--amend", "-m", message);
}

/* master: v1.0 flawed, v1.1 fixed ("fix" names the commit); branch old from v1.0. */
static void start(void)
{
    testrepo_init(repo, "sha1");
    put("a.c", BEFORE, 0, "first");
    TESTREPO(repo, "tag", "v1.0.0");
    TESTREPO(repo, "branch", "old");
    put("b.c", "int b;\n", 1, "something else");
    put("a.c", AFTER, 2, "Bound the copy in f");
    TESTREPO(repo, "tag", "fix");
    TESTREPO(repo, "tag", "v1.1.0");
    TESTREPO(repo, "checkout", "-q", "old");
}

struct asked {
    struct history *h;
    struct arena *a;
    struct fixes f;
};

static struct asked ask(const char *const *revs, size_t n, bool and)
{
    struct asked w = {.a = arena_new(1u << 28)};
    struct history_options o = {.cache = cache, .pattern = "v{N}.{N}.{N}"};
    struct err e = ERR_INIT;
    if (history_open(repo, &o, &w.h, &e) != RC_OK)
        fail_msg("%s", e.msg);
    struct revision r[8];
    struct fix_group g[8];
    for (size_t i = 0; i < n; i++) {
        if (history_revision(w.h, str_c(revs[i]), &r[i], &e) != RC_OK)
            fail_msg("%s: %s", revs[i], e.msg);
        g[i] = (struct fix_group){and? &r[i] : r, and? 1 : n};
    }
    struct question q = {.groups = g, .n_groups = and? n : 1, .counts = w.h->counts};
    if (fixes_find(w.h, &q, w.a, &w.f, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return w;
}

static void done(struct asked *w)
{
    history_close(w->h);
    arena_free(w->a);
}

/* "fixed rule", "flagged", ... of a tag. */
static void tag_is(const struct asked *w, const char *tag, bool fixed, const char *rule)
{
    size_t t = history_tag(w->h, str_c(tag));
    assert_true(t < w->h->n_tags);
    if (tagset_has(&w->f.fixed, t) != fixed)
        fail_msg("%s is %sfixed (%s)", tag, fixed ? "not " : "", w->f.why[t].rule);
    if (rule)
        assert_string_equal(w->f.why[t].rule, rule);
}

static bool flagged(const struct asked *w, const char *tag)
{
    return tagset_has(&w->f.flagged, history_tag(w->h, str_c(tag)));
}

#define FIX_ONLY (const char *const[]){"fix"}, 1, false

static void test_copies_are_found_by_what_they_change(void **state)
{
    (void)state;
    start();
    put("a.c", "/* old */\n" AFTER, 5, "maintenance: bounds");
    TESTREPO(repo, "tag", "v1.0.1");
    put("c.c", "int c;\n", 6, "more");
    TESTREPO(repo, "tag", "v1.0.2");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.0.0", false, NULL);
    tag_is(&w, "v1.0.1", true, "lines");
    tag_is(&w, "v1.0.2", true, "lines");
    tag_is(&w, "v1.1.0", true, "graph");
    assert_int_equal(w.f.groups[0].n_equivalents, 1);
    assert_true(tagset_empty(&w.f.flagged) && tagset_empty(&w.f.unknown));
    done(&w);
}

static void test_a_cherry_pick_is_found_by_its_patch_or_name(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "cherry-pick", "fix");
    TESTREPO(repo, "tag", "v1.0.1");
    TESTREPO(repo, "checkout", "-q", "-b", "older", "v1.0.0");
    put("z.c", "int z;\n", 3, "start of a line");
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    TESTREPO(repo, "tag", "v0.9.1");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.0.1", true, "patch-id");
    tag_is(&w, "v0.9.1", true, "named");
    done(&w);
}

static void test_a_branch_without_a_tag_counts_too(void **state)
{
    (void)state;
    start();
    put("a.c", AFTER, 5, "legacy: bounds");
    struct asked w = ask(FIX_ONLY);
    assert_int_equal(w.f.groups[0].n_equivalents, 1);
    tag_is(&w, "v1.0.0", false, NULL);
    done(&w);
}

static void test_a_mass_indent_is_no_copy(void **state)
{
    (void)state;
    start();
    put("a.c", HEAD "        for (i = 0; i < n; i++)\n            b[i] = p[i];\n" TAIL, 5,
        "Indent by eight");
    TESTREPO(repo, "tag", "v1.0.1");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.0.1", false, NULL);
    assert_int_equal(w.f.groups[0].n_equivalents, 0);
    done(&w);
}

static void test_reverts_cancel_and_come_back(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "checkout", "-q", "master");
    TESTREPO(repo, "revert", "--no-edit", "fix");
    TESTREPO(repo, "tag", "v1.2.0");
    TESTREPO(repo, "revert", "--no-edit", "HEAD");
    TESTREPO(repo, "tag", "v1.3.0");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.1.0", true, "graph");
    tag_is(&w, "v1.2.0", false, "reverted");
    tag_is(&w, "v1.3.0", true, NULL);
    assert_true(tagset_empty(&w.f.flagged));
    assert_int_equal(w.f.groups[0].n_reverts, 1);
    done(&w);
}

/* A fix that only moves a line: its revert may show the other line as the moved one. */
static void test_a_revert_is_known_by_the_id_it_names(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    put("a.c", "void f(void)\n{\n    first();\n    second();\n}\n", 0, "first");
    TESTREPO(repo, "tag", "v1.0.0");
    put("a.c", "void f(void)\n{\n    second();\n    first();\n}\n", 1, "Other way round");
    TESTREPO(repo, "tag", "fix");
    TESTREPO(repo, "tag", "v1.1.0");
    TESTREPO(repo, "revert", "--no-edit", "fix");
    TESTREPO(repo, "tag", "v1.2.0");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.1.0", true, "graph");
    tag_is(&w, "v1.2.0", false, "reverted");
    done(&w);
}

static void test_a_silent_revert_is_flagged(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "checkout", "-q", "master");
    put("a.c", BEFORE, 9, "Clean up");
    TESTREPO(repo, "tag", "v1.2.0");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.2.0", true, "graph");
    assert_true(flagged(&w, "v1.2.0"));
    assert_false(flagged(&w, "v1.1.0"));
    size_t t = history_tag(w.h, STR("v1.2.0"));
    assert_true(str_eq(w.f.why[t].path, STR("a.c")) && w.f.why[t].line > 0 && w.f.why[t].blob.n);
    done(&w);
}

static void test_content_proves_what_the_history_hides(void **state)
{
    (void)state;
    start();
    /* The whole line is imported anew: one root with everything in it. */
    TESTREPO(repo, "checkout", "-q", "--orphan", "import");
    put("a.c", AFTER, 9, "Import of the vendor's tree");
    TESTREPO(repo, "tag", "v2.0.0");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v2.0.0", true, "content");
    done(&w);
}

static void test_all_groups_are_needed_and_one_commit_may_hold_them(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "checkout", "-q", "master");
    put("a.c", HEAD "    if (p == NULL || n < 0 || other(0) == 7)\n        return -1;\n" GOOD TAIL,
        3, "Check the arguments of f");
    TESTREPO(repo, "tag", "follow");
    TESTREPO(repo, "tag", "v1.2.0");
    TESTREPO(repo, "checkout", "-q", "old");
    put("a.c",
        "/* x */\n" HEAD
        "    if (p == NULL || n < 0 || other(0) == 7)\n        return -1;\n" GOOD TAIL,
        5, "backports");
    TESTREPO(repo, "tag", "v1.0.1");
    struct asked w = ask((const char *const[]){"fix", "follow"}, 2, true);
    tag_is(&w, "v1.0.0", false, NULL);
    tag_is(&w, "v1.1.0", false, NULL);
    assert_true(tagset_has(&w.f.part, history_tag(w.h, STR("v1.1.0"))));
    tag_is(&w, "v1.2.0", true, "graph");
    tag_is(&w, "v1.0.1", true, NULL);
    done(&w);
    w = ask((const char *const[]){"fix", "follow"}, 2, false);
    tag_is(&w, "v1.1.0", true, "graph");
    done(&w);
}

static void test_a_fix_may_be_a_merge(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "checkout", "-q", "-b", "topic", "v1.0.0");
    put("d.c", "int d1(void)\n{\n    return strange(1);\n}\n", 5, "part one");
    put("e.c", "int e1(void)\n{\n    return strange(2);\n}\n", 6, "part two");
    TESTREPO(repo, "checkout", "-q", "master");
    TESTREPO(repo, "merge", "-q", "--no-ff", "-m", "Merge topic", "topic");
    TESTREPO(repo, "tag", "merge");
    TESTREPO(repo, "tag", "v1.2.0");
    TESTREPO(repo, "checkout", "-q", "old");
    TESTREPO(repo, "merge", "-q", "--no-ff", "-m", "Merge topic into old", "topic");
    TESTREPO(repo, "tag", "v1.0.1");
    struct asked w = ask((const char *const[]){"merge"}, 1, false);
    tag_is(&w, "v1.0.1", true, "merged");
    tag_is(&w, "v1.1.0", false, NULL);
    done(&w);
}

/* Removes a loose object of the repository. */
static void lose(const char *rev)
{
    AUTO(git) struct git *g = NULL;
    AUTO(buf) struct buf id = BUF_INIT(200);
    struct err e = ERR_INIT;
    char path[300];
    const char *const args[] = {"rev-parse", rev, NULL};
    assert_int_equal(git_open(repo, NULL, &g, &e), RC_OK);
    assert_int_equal(git_run(g, args, STR_NONE, &id, &e), RC_OK);
    struct str hex = str_trim(buf_str(&id));
    snprintf(path, sizeof path, "%s/.git/objects/%.2s/%.*s", repo, hex.p, (int)hex.n - 2,
             hex.p + 2);
    assert_int_equal(unlink(path), 0);
}

static bool unknown(const struct asked *w, const char *tag)
{
    return tagset_has(&w->f.unknown, history_tag(w->h, str_c(tag)));
}

static void test_a_missing_file_makes_its_tags_unknown_and_no_others(void **state)
{
    (void)state;
    start();
    put("a.c", AFTER "int h;\n", 5, "odd jobs");
    TESTREPO(repo, "tag", "v1.0.1");
    put("a.c", AFTER "int h, k;\n", 6, "more odd jobs");
    TESTREPO(repo, "tag", "v1.0.2");
    TESTREPO(repo, "checkout", "-q", "master");
    lose("v1.0.1:a.c");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.0.0", false, NULL);
    assert_false(unknown(&w, "v1.0.0"));
    assert_true(unknown(&w, "v1.0.1"));
    tag_is(&w, "v1.0.2", true, "content"); /* the file of that tag is there */
    tag_is(&w, "v1.1.0", true, "graph");
    assert_false(unknown(&w, "v1.1.0"));
    done(&w);
}

static void test_a_commit_without_its_tree_may_be_the_copy(void **state)
{
    (void)state;
    start();
    put("a.c", AFTER "int h;\n", 5, "odd jobs");
    TESTREPO(repo, "tag", "v1.0.1");
    TESTREPO(repo, "checkout", "-q", "master");
    lose("v1.0.1^{tree}");
    struct asked w = ask(FIX_ONLY);
    assert_true(unknown(&w, "v1.0.1"));
    assert_false(unknown(&w, "v1.0.0"));
    done(&w);
}

static void test_a_fix_that_is_missing_itself_is_known_by_the_graph(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "checkout", "-q", "old");
    lose("fix:a.c");
    struct asked w = ask(FIX_ONLY);
    tag_is(&w, "v1.1.0", true, "graph");
    tag_is(&w, "v1.0.0", false, NULL);
    assert_false(unknown(&w, "v1.0.0"));
    done(&w);
}

static void test_a_copy_of_a_copy_is_found_through_its_source(void **state)
{
    (void)state;
    start();
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    TESTREPO(repo, "tag", "copy");
    TESTREPO(repo, "tag", "v1.0.1");
    TESTREPO(repo, "checkout", "-q", "-b", "older", "v1.0.0");
    put("z.c", "int z;\n", 3, "start of a line");
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    TESTREPO(repo, "tag", "v0.9.1");
    struct asked w = ask((const char *const[]){"copy"}, 1, false);
    tag_is(&w, "v1.1.0", true, "named");
    tag_is(&w, "v0.9.1", true, NULL);
    tag_is(&w, "v1.0.0", false, NULL);
    done(&w);
}

/* ---- The table's file ---- */

static struct table *open_table(struct history **ret_h)
{
    struct history_options o = {.cache = cache, .pattern = "v{N}.{N}.{N}"};
    struct table *t = NULL;
    struct err e = ERR_INIT;
    if (history_open(repo, &o, ret_h, &e) != RC_OK || table_open(*ret_h, &t, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return t;
}

static void made_is(size_t made, size_t rows)
{
    struct history *h = NULL;
    struct table *t = open_table(&h);
    assert_int_equal(t->made, made);
    assert_int_equal(t->n, rows);
    assert_true(t->kept);
    for (size_t i = 0; i < t->n; i++)
        assert_int_equal(t->row[t->commit[i]], i);
    table_close(t);
    history_close(h);
}

static void test_the_table_grows_and_mends_itself(void **state)
{
    (void)state;
    start();
    made_is(3, 3);
    made_is(0, 3);
    put("a.c", AFTER, 5, "more");
    made_is(1, 4);
    /* One byte in the middle, then a cut file. */
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    struct history *h = NULL;
    table_close(open_table(&h));
    assert_int_equal(dir_open(AT_FDCWD, h->cache, &fd, &e), RC_OK);
    history_close(h);
    assert_int_equal(file_read(fd, TABLE_FILE, 1 << 20, &b, &e), RC_OK);
    b.p[b.n / 2] ^= 1;
    assert_int_equal(file_write_sync(fd, TABLE_FILE, buf_str(&b), 0600, &e), RC_OK);
    made_is(4, 4);
    b.p[b.n / 2] ^= 1;
    for (size_t cut = 0; cut < b.n; cut += b.n / 7) {
        assert_int_equal(file_write_sync(fd, TABLE_FILE, str_sub(buf_str(&b), 0, cut), 0600, &e),
                         RC_OK);
        made_is(4, 4);
    }
    made_is(0, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_name_other_commits),
        cmocka_unit_test(test_subjects_survive_the_way_to_another_branch),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_paths_in_which_a_flaw_can_be),
        TEST(test_copies_are_found_by_what_they_change),
        TEST(test_a_cherry_pick_is_found_by_its_patch_or_name),
        TEST(test_a_branch_without_a_tag_counts_too),
        TEST(test_a_mass_indent_is_no_copy),
        TEST(test_reverts_cancel_and_come_back),
        TEST(test_a_revert_is_known_by_the_id_it_names),
        TEST(test_a_silent_revert_is_flagged),
        TEST(test_content_proves_what_the_history_hides),
        TEST(test_all_groups_are_needed_and_one_commit_may_hold_them),
        TEST(test_a_fix_may_be_a_merge),
        TEST(test_a_missing_file_makes_its_tags_unknown_and_no_others),
        TEST(test_a_commit_without_its_tree_may_be_the_copy),
        TEST(test_a_fix_that_is_missing_itself_is_known_by_the_graph),
        TEST(test_a_copy_of_a_copy_is_found_through_its_source),
        TEST(test_the_table_grows_and_mends_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
