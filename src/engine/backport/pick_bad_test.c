/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's repository may hold, picked: merges and roots, binaries, links, submodules,
 * odd names and modes, missing and damaged objects, traps.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "engine/backport/picktesting.h"
#include "os/file.h"

static const struct file plain_base[] = {{"f", NULL, TEN}, NO_MORE};
static const struct file plain_fix[] = {{"f", NULL, TEN_FIX}, NO_MORE};
static const struct file plain_release[] = {{"f", NULL, TEN_REL}, NO_MORE};

/* ---- Which commits ---- */

static void test_merge_commit(void **state)
{
    const struct file side[] = {{"f", NULL, TEN}, {"side", NULL, "s\n"}, NO_MORE};
    struct bench d;
    struct err e = ERR_INIT;
    char id[GIT_OID_HEX + 1], base[GIT_OID_HEX + 1] = "", fix[GIT_OID_HEX + 1] = "";
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    make(&d, plain_base, plain_fix, plain_release);
    add_commit(&b, "side", "base", side);
    testrepo_import(repo, buf_c(&b));
    TESTREPO(repo, "checkout", "-q", "fix");
    TESTREPO(repo, "merge", "-q", "--no-ff", "-m", "merge", "side");
    id_of("fix", id);
    assert_int_equal(bp_fix_trees(d.store, id, false, base, fix, &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "is a merge"));
    assert_string_equal(base, "");
    /* As a whole, when somebody asks for that: what it brought to its first parent. */
    struct pick p;
    assert_int_equal(bp_fix_trees(d.store, id, true, d.base, d.fix, &e), RC_OK);
    pick(&d, &p);
    assert_true(p.clean);
    assert_int_equal(p.n, 1);
    text_is(&d, p.tree, "side", "s\n");
    text_is(&d, p.tree, "f", TEN_REL);
    close_bench(&d);
}

static void test_root(void **state)
{
    const struct file root[] = {{"new", NULL, "n\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    struct err e = ERR_INIT;
    char id[GIT_OID_HEX + 1];
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    make(&d, plain_base, plain_fix, plain_release);
    add_commit(&b, "root", NULL, root);
    testrepo_import(repo, buf_c(&b));
    id_of("root", id);
    assert_int_equal(bp_fix_trees(d.store, id, false, d.base, d.fix, &e), RC_OK);
    assert_string_equal(d.base, bp_empty_tree(d.store));
    pick(&d, &p);
    assert_true(p.clean);
    text_is(&d, p.tree, "new", "n\n");
    text_is(&d, p.tree, "f", TEN_REL);
    /* A root that brings a file which the release has in another form. */
    id_of("base", id);
    assert_int_equal(bp_fix_trees(d.store, id, false, d.base, d.fix, &e), RC_OK);
    pick(&d, &p);
    assert_false(p.clean);
    assert_int_equal(p.files[0].how, BP_ADDED_BOTH);
    close_bench(&d);
}

static void test_no_commit(void **state)
{
    struct bench d;
    struct err e = ERR_INIT;
    char base[GIT_OID_HEX + 1], fix[GIT_OID_HEX + 1];
    struct bp_side f;
    make(&d, plain_base, plain_fix, plain_release);
    assert_int_equal(bp_look(d.store, d.base, STR("f"), &f, &e), RC_OK);
    assert_int_equal(bp_fix_trees(d.store, "--all", false, base, fix, &e), RC_INVALID);
    assert_int_equal(bp_fix_trees(d.store, f.oid, false, base, fix, &e), RC_INVALID);
    assert_int_equal(
        bp_fix_trees(d.store, "0123456789012345678901234567890123456789", false, base, fix, &e),
        RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "the history is incomplete"));
    assert_int_equal(bp_tree_of(d.store, f.oid, base, &e), RC_INVALID);
    assert_int_equal(bp_tree_of(d.store, "HEAD", base, &e), RC_INVALID);
    close_bench(&d);
}

/* ---- Kinds of files ---- */

static const struct bp_file *pick_one(struct bench *d, const struct file *base,
                                      const struct file *fix, const struct file *release,
                                      struct pick *p)
{
    make(d, base, fix, release);
    pick(d, p);
    same_as_git(p, "release", "fix");
    assert_true(p->n >= 1);
    return &p->files[0];
}

/* Puts these bytes on top of a branch. */
static void commit_bytes(const char *branch, const char *path, struct str bytes)
{
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    TESTREPO(repo, "checkout", "-q", "-f", branch);
    assert_int_equal(dir_open(AT_FDCWD, repo, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, path, bytes, 0644, &e), RC_OK);
    TESTREPO(repo, "add", "--", path);
    TESTREPO(repo, "commit", "-q", "-m", "bytes");
}

static void test_binary(void **state)
{
    struct bench d;
    struct pick p;
    make(&d, plain_base, plain_fix, plain_release);
    commit_bytes("base", "f", str_of("\0\1\2\n", 4));
    commit_bytes("fix", "f", str_of("\0\1\3\n", 4));
    commit_bytes("release", "f", str_of("\0\1\4\n", 4));
    look_up(&d);
    pick(&d, &p);
    assert_false(p.clean);
    assert_int_equal(p.files[0].how, BP_ODD);
    assert_true(p.files[0].fix.binary);
    assert_string_equal(p.tree, d.release);
    /* Taken as it is when the release has it as before. */
    memcpy(d.release, d.base, sizeof d.release);
    pick(&d, &p);
    assert_true(p.clean);
    assert_string_equal(p.tree, d.fix);
    close_bench(&d);
}

#define SUB_1 "1111111111111111111111111111111111111111"
#define SUB_2 "2222222222222222222222222222222222222222"
#define SUB_3 "3333333333333333333333333333333333333333"

static void test_submodule(void **state)
{
    const struct file base[] = {{"m", "160000", SUB_1}, {"n", "160000", SUB_1}, NO_MORE};
    const struct file fix[] = {{"m", "160000", SUB_2}, {"n", "160000", SUB_2}, NO_MORE};
    const struct file release[] = {{"m", "160000", SUB_3}, {"n", "160000", SUB_1}, NO_MORE};
    struct bench d;
    struct pick p;
    assert_int_equal(pick_one(&d, base, fix, release, &p)->how, BP_ODD);
    assert_false(p.clean);
    assert_int_equal(file_at(&p, "n")->how, BP_TAKEN);
    assert_string_equal(file_at(&p, "n")->made.oid, SUB_2);
    assert_string_equal(file_at(&p, "m")->made.oid, SUB_3);
    close_bench(&d);
}

static void test_modes(void **state)
{
    const struct file base[] = {{"f", NULL, TEN}, {"g", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"f", "100755", TEN}, {"g", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {{"f", NULL, TEN_REL}, {"g", "100755", TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    const struct bp_file *f = pick_one(&d, base, fix, release, &p);
    assert_true(p.clean);
    assert_int_equal(f->made.mode, 0100755);
    assert_string_equal(f->made.oid, f->release.oid);
    assert_int_equal(file_at(&p, "g")->made.mode, 0100755);
    text_is(&d, p.tree, "g", TEN_BOTH);
    close_bench(&d);
}

static void test_crlf(void **state)
{
#define CRLF(c) "1\r\n2\r\n" c "\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n"
    const struct file base[] = {{"f", NULL, CRLF("3")}, {"g", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"f", NULL, CRLF("fix")}, {"g", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {
        {"f", NULL, CRLF("3") "more\r\n"}, {"g", NULL, CRLF("3") "10\r\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    const struct bp_file *f = pick_one(&d, base, fix, release, &p);
    assert_int_equal(f->how, BP_MERGED);
    assert_int_equal(file_at(&p, "g")->how, BP_CONFLICT);
    text_is(&d, p.tree, "f", CRLF("fix") "more\r\n");
    text_is(&d, p.tree, "g", CRLF("3") "10\r\n");
    close_bench(&d);
}

/* Links are names and nothing else: the one that leaves the tree is carried, never followed. */
static void test_links(void **state)
{
    const struct file base[] = {
        {"l", "120000", "a"}, {"m", "120000", "a"}, {"n", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"l", "120000", "../../../../etc/passwd"},
                               {"m", "120000", "b"},
                               {"n", "120000", "/etc/passwd"},
                               {"o", "120000", "/"},
                               NO_MORE};
    const struct file release[] = {
        {"l", "120000", "a"}, {"m", "120000", "c"}, {"n", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    const struct bp_file *l = pick_one(&d, base, fix, release, &p);
    assert_false(p.clean);
    assert_int_equal(l->how, BP_TAKEN);
    text_is(&d, p.tree, "l", "../../../../etc/passwd");
    text_is(&d, p.tree, "o", "/");
    assert_int_equal(file_at(&p, "m")->how, BP_ODD);
    assert_int_equal(file_at(&p, "n")->how, BP_ODD);
    text_is(&d, p.tree, "m", "c");
    text_is(&d, p.tree, "n", TEN_REL);
    /* A link to a folder is no folder. */
    text_is(&d, p.tree, "o/etc/passwd", NULL);
    close_bench(&d);
}

static void test_file_and_folder(void **state)
{
    const struct file base[] = {{"x", NULL, TEN}, {"y/a", NULL, TEN}, NO_MORE};
    const struct file fix[] = {
        {"new/a", NULL, "a\n"}, {"x/a", NULL, TEN_FIX}, {"y", NULL, "y\n"}, NO_MORE};
    const struct file release[] = {
        {"new", NULL, "n\n"}, {"x", NULL, TEN_REL}, {"y/a", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    (void)pick_one(&d, base, fix, release, &p);
    assert_true(!p.clean && p.whole);
    assert_int_equal(file_at(&p, "new/a")->how, BP_ODD);
    /* The release keeps what it has. */
    assert_string_equal(p.tree, d.release);
    close_bench(&d);
}

static void test_file_becomes_folder(void **state)
{
    const struct file base[] = {{"x", NULL, TEN}, {"y/a", NULL, TEN}, {"z", NULL, "z\n"}, NO_MORE};
    const struct file fix[] = {
        {"x/a", NULL, "a\n"}, {"y", NULL, "y\n"}, {"z", NULL, "z\n"}, NO_MORE};
    const struct file release[] = {
        {"x", NULL, TEN}, {"y/a", NULL, TEN}, {"z", NULL, "other\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    (void)pick_one(&d, base, fix, release, &p);
    assert_true(p.clean);
    text_is(&d, p.tree, "x/a", "a\n");
    text_is(&d, p.tree, "y", "y\n");
    text_is(&d, p.tree, "z", "other\n");
    close_bench(&d);
}

/* ---- Names ---- */

static void test_names(void **state)
{
    const struct file base[] = {{"a\nb", NULL, TEN},
                                {"-rf", NULL, TEN},
                                {"d \t/\"q\\", NULL, TEN},
                                {"\xff\xfe", NULL, TEN},
                                {":(top)", NULL, TEN},
                                {"x", NULL, TEN},
                                NO_MORE};
    const struct file fix[] = {{"a\nb", NULL, TEN_FIX},
                               {"-rf", NULL, TEN_FIX},
                               {"d \t/\"q\\", NULL, TEN_FIX},
                               {"\xff\xfe", NULL, TEN_FIX},
                               {":(top)", NULL, TEN_FIX},
                               {"00000000", NULL, "n\n"},
                               {"x", NULL, TEN},
                               NO_MORE};
    const struct file release[] = {{"a\nb", NULL, TEN_REL},
                                   {"-rf", NULL, TEN_REL},
                                   {"d \t/\"q\\", NULL, TEN_REL},
                                   {"\xff\xfe", NULL, TEN_REL},
                                   {":(top)", NULL, TEN_REL},
                                   {"x", NULL, TEN},
                                   NO_MORE};
    const struct file moved[] = {
        {"to\n/a\nb", NULL, TEN_REL}, {"-rf", NULL, TEN_HIT}, {"x", NULL, TEN}, NO_MORE};
    struct bench d;
    struct pick p;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    (void)pick_one(&d, base, fix, release, &p);
    assert_true(p.clean && !p.whole);
    text_is(&d, p.tree, "a\nb", TEN_BOTH);
    text_is(&d, p.tree, "d \t/\"q\\", TEN_BOTH);
    /* The same through git's own answer about whole trees. */
    add_commit(&b, "moved", "base", moved);
    testrepo_import(repo, buf_c(&b));
    id_of("moved^{tree}", d.release);
    pick(&d, &p);
    same_as_git(&p, "moved", "fix");
    assert_true(!p.clean && p.whole);
    assert_int_equal(file_at(&p, "a\nb")->how, BP_MERGED);
    assert_true(str_eq(file_at(&p, "a\nb")->path, STR("to\n/a\nb")));
    assert_int_equal(file_at(&p, "-rf")->how, BP_CONFLICT);
    assert_int_equal(file_at(&p, "\xff\xfe")->how, BP_ABSENT);
    text_is(&d, p.tree, "to\n/a\nb", TEN_BOTH);
    close_bench(&d);
}

/* ---- Objects that are not there ---- */

static void lose(const char *rev)
{
    char id[GIT_OID_HEX + 1];
    id_of(rev, id);
    testrepo_lose(repo, id);
}

static void test_missing(void **state)
{
    struct bench d;
    struct pick p;
    struct err e = ERR_INIT;
    testrepo_init(repo, "sha1");
    TESTREPO(repo, "checkout", "-q", "-b", "base");
    testrepo_commit(repo, "f", TEN, 0);
    TESTREPO(repo, "checkout", "-q", "-b", "fix");
    testrepo_commit(repo, "f", TEN_FIX, 1);
    TESTREPO(repo, "checkout", "-q", "-b", "release", "base");
    testrepo_commit(repo, "f", TEN_REL, 2);
    TESTREPO(repo, "checkout", "-q", "-b", "other", "base");
    testrepo_commit(repo, "f", "0\n" TEN, 3);
    TESTREPO(repo, "checkout", "-q", "-b", "lost", "base");
    testrepo_commit(repo, "f", "lost\n" TEN, 4);
    open_bench(&d);
    look_up(&d);
    /* The text of the release. */
    lose("release:f");
    assert_int_equal(try_pick(&d, &p, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "the history is incomplete"));
    /* That was this one: the next goes on with a new child. */
    id_of("other^{tree}", d.release);
    pick(&d, &p);
    same_as_git(&p, "other", "fix");
    assert_int_equal(p.files[0].how, BP_MERGED);
    /* A tree. */
    id_of("lost^{tree}", d.release);
    lose("lost^{tree}");
    assert_int_equal(try_pick(&d, &p, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "the history is incomplete"));
    /* The parent of the fix. */
    char id[GIT_OID_HEX + 1];
    id_of("fix", id);
    lose("base");
    assert_int_equal(bp_fix_trees(d.store, id, false, d.base, d.fix, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "the history is incomplete"));
    /* Nothing of it is needed when the release has the file as it was before: the fix's text is
     * taken by its name. */
    id_of("fix^{tree}", d.fix);
    memcpy(d.release, d.base, sizeof d.release);
    lose("fix:f");
    pick(&d, &p);
    assert_string_equal(p.tree, d.fix);
    struct str text;
    assert_int_equal(bp_text(d.store, p.files[0].fix.oid, d.arena, &text, &e), RC_NOTFOUND);
    close_bench(&d);
}

/* ---- Damaged trees ---- */

static void add_raw(struct buf *b, const char *mode, struct str name, const char *oid)
{
    unsigned char id[20];
    struct err e = ERR_INIT;
    assert_int_equal(hex_get(str_c(oid), id, sizeof id, "id", &e), RC_OK);
    buf_addf(b, "%s ", mode);
    buf_add(b, name);
    buf_addc(b, '\0');
    buf_add(b, str_of(id, sizeof id));
}

static enum rc pick_raw(struct bench *d, struct str tree, struct err *e)
{
    struct pick p;
    assert_int_equal(bp_scratch(d->store, OBJECT_TREE, tree, d->release, e), RC_OK);
    return try_pick(d, &p, e);
}

static void test_damaged_trees(void **state)
{
    struct bench d;
    struct err e = ERR_INIT;
    struct bp_side f;
    make(&d, plain_base, plain_fix, plain_release);
    assert_int_equal(bp_look(d.store, d.base, STR("f"), &f, &e), RC_OK);
    const struct {
        const char *modes[2];
        struct str names[2];
    } bad[] = {
        {{"100644", "100644"}, {STR("f"), STR("a")}}, /* not in order */
        {{"100644", "100644"}, {STR("f"), STR("f")}}, /* twice */
        {{"100644", "40000"}, {STR("f"), STR("f")}},  /* a file and a folder */
        {{"100644", NULL}, {STR(".."), STR("")}},     /* leaves the tree */
        {{"100644", NULL}, {STR("."), STR("")}},          {{"100644", NULL}, {STR("a/b"), STR("")}},
        {{"100644", "10064x"}, {STR("f"), STR("g")}}, /* no mode */
        {{"100644", "1006440000"}, {STR("f"), STR("g")}},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(buf) struct buf b = BUF_INIT(1000);
        for (size_t k = 0; k < 2 && bad[i].modes[k]; k++)
            add_raw(&b, bad[i].modes[k], bad[i].names[k], f.oid);
        assert_int_equal(pick_raw(&d, buf_str(&b), &e), RC_INVALID);
    }
    AUTO(buf) struct buf b = BUF_INIT(1000);
    add_raw(&b, "100644", STR("f"), f.oid);
    assert_int_equal(pick_raw(&d, str_sub(buf_str(&b), 0, b.n - 1), &e), RC_INVALID);
    /* Modes that old programs wrote are fine, and written as git writes them. */
    struct pick p;
    AUTO(buf) struct buf old = BUF_INIT(1000);
    add_raw(&old, "100664", STR("a"), f.oid);
    add_raw(&old, "100664", STR("f"), f.oid);
    assert_int_equal(pick_raw(&d, buf_str(&old), &e), RC_OK);
    pick(&d, &p);
    assert_true(p.clean);
    assert_int_equal(file_at(&p, "f")->release.mode, 0100644);
    /* A folder where a file should be, and the other way round. */
    memcpy(d.release, f.oid, sizeof d.release);
    assert_int_equal(try_pick(&d, &p, &e), RC_INVALID);
    close_bench(&d);
}

static void test_deep(void **state)
{
    struct bench d;
    struct err e = ERR_INIT;
    struct bp_side f, g;
    char trees[2][GIT_OID_HEX + 1];
    make(&d, plain_base, plain_fix, plain_release);
    assert_int_equal(bp_look(d.store, d.base, STR("f"), &f, &e), RC_OK);
    assert_int_equal(bp_look(d.store, d.fix, STR("f"), &g, &e), RC_OK);
    memcpy(trees[0], f.oid, sizeof f.oid);
    memcpy(trees[1], g.oid, sizeof g.oid);
    for (unsigned i = 0; i <= BP_DEPTH_MAX + 1; i++) {
        for (size_t k = 0; k < 2; k++) {
            AUTO(buf) struct buf b = BUF_INIT(1000);
            add_raw(&b, i == 0 ? "100644" : "40000", STR("a"), trees[k]);
            assert_int_equal(bp_scratch(d.store, OBJECT_TREE, buf_str(&b), trees[k], &e), RC_OK);
        }
    }
    struct pick p;
    memcpy(d.base, trees[0], sizeof d.base);
    memcpy(d.fix, trees[1], sizeof d.fix);
    assert_int_equal(try_pick(&d, &p, &e), RC_LIMIT);
    close_bench(&d);
}

/* ---- Size ---- */

static void test_million_lines(void **state)
{
    struct bench d;
    struct pick p;
    AUTO(buf) struct buf b = BUF_INIT(32u << 20);
    make(&d, plain_base, plain_fix, plain_release);
    for (unsigned i = 0; i < 1000000; i++)
        buf_addf(&b, "line %u\n", i % 1000);
    commit_bytes("base", "f", buf_str(&b));
    b.p[b.n - 2] = 'x';
    commit_bytes("fix", "f", buf_str(&b));
    b.p[b.n - 2] = '9';
    b.p[0] = 'L';
    commit_bytes("release", "f", buf_str(&b));
    look_up(&d);
    pick(&d, &p);
    assert_true(p.clean);
    assert_int_equal(p.files[0].how, BP_MERGED);
    assert_int_equal(pick_texts(&d.p, &p.files[0], d.arena, &(struct err)ERR_INIT), RC_OK);
    assert_int_equal(p.files[0].made.text.n, b.n);
    assert_int_equal(p.files[0].made.text.p[0], 'L');
    assert_int_equal(p.files[0].made.text.p[b.n - 2], 'x');
    close_bench(&d);
}

/* ---- Traps ---- */

static size_t seen_files;
static uint64_t seen_sum;

static int see(const char *path, const struct stat *st, int type, struct FTW *where)
{
    seen_files++;
    seen_sum += (uint64_t)st->st_size + (uint64_t)st->st_mtim.tv_nsec + (uint64_t)st->st_ino;
    return 0;
}

static void see_repo(void)
{
    seen_files = 0;
    seen_sum = 0;
    assert_int_equal(nftw(repo, see, 16, FTW_PHYS), 0);
}

/* Attributes that name merge drivers, filters and "union", and a configuration that gives them
 * programs: nothing of it counts, and nothing is written to the repository. */
static void test_traps(void **state)
{
    const struct file attributes[] = {{".gitattributes", NULL, "* merge=trap\n"}, NO_MORE};
    const struct file base[] = {
        {".gitattributes", NULL, "* merge=union\nf diff=trap filter=trap\n"},
        {"f", NULL, TEN},
        {"g", NULL, TEN},
        NO_MORE};
    const struct file fix[] = {{".gitattributes", NULL, "* merge=union\nf diff=trap filter=trap\n"},
                               {"f", NULL, TEN_FIX},
                               {"g", NULL, TEN_FIX},
                               NO_MORE};
    const struct file release[] = {{".gitattributes", NULL, "* -merge\ng merge=trap\n"},
                                   {"f", NULL, TEN_HIT},
                                   {"g", NULL, TEN_REL},
                                   NO_MORE};
    struct bench d;
    struct pick p;
    struct err e = ERR_INIT;
    char trap[120], info[TESTREPO_PATH + 40];
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    testrepo_init(repo, "sha1");
    add_commit(&b, "base", NULL, base);
    add_commit(&b, "fix", "base", fix);
    add_commit(&b, "release", "base", release);
    add_commit(&b, "master", NULL, attributes); /* HEAD */
    testrepo_import(repo, buf_c(&b));
    snprintf(trap, sizeof trap, "%s/trap %%O %%A %%B", top);
    TESTREPO(repo, "config", "merge.trap.driver", trap);
    TESTREPO(repo, "config", "merge.default", "trap");
    TESTREPO(repo, "config", "merge.renames", "false");
    TESTREPO(repo, "config", "attr.tree", "HEAD");
    snprintf(info, sizeof info, "%s/.git/info", repo);
    assert_int_equal(dir_make(AT_FDCWD, info, 0700, &e), RC_OK);
    assert_int_equal(dir_open(AT_FDCWD, info, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "attributes", STR("* merge=trap\n"), 0600, &e), RC_OK);
    char ids[3][GIT_OID_HEX + 1];
    id_of("base^{tree}", ids[0]);
    id_of("fix^{tree}", ids[1]);
    id_of("release^{tree}", ids[2]);
    testrepo_traps(repo, top);
    see_repo();
    size_t files = seen_files;
    uint64_t sum = seen_sum;
    open_bench(&d);
    memcpy(d.base, ids[0], sizeof d.base);
    memcpy(d.fix, ids[1], sizeof d.fix);
    memcpy(d.release, ids[2], sizeof d.release);
    pick(&d, &p);
    assert_false(p.clean);
    assert_int_equal(file_at(&p, "f")->how, BP_CONFLICT);
    assert_int_equal(file_at(&p, "g")->how, BP_MERGED);
    text_is(&d, p.tree, "g", TEN_BOTH);
    struct ort_merge m;
    assert_int_equal(ort_trees(d.p.ort, d.base, d.fix, d.release, d.arena, &m, &e), RC_OK);
    assert_int_equal(m.n, 1);
    assert_true(str_eq(m.conflicts[0], STR("f")));
    close_bench(&d);
    assert_false(testrepo_trapped(top));
    see_repo();
    assert_int_equal(seen_files, files);
    assert_int_equal(seen_sum, sum);
}

/* ---- The child ---- */

static pid_t find_child(const char *word)
{
    char path[100], text[400], line[400];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    struct str rest = str_of(text, n), pid;
    struct err e = ERR_INIT;
    uint64_t id = 0;
    while (str_cut(&rest, ' ', &pid)) {
        snprintf(path, sizeof path, "/proc/%.*s/cmdline", STR_ARG(pid));
        f = fopen(path, "re");
        assert_non_null(f);
        n = fread(line, 1, sizeof line, f);
        fclose(f);
        if (str_find(str_of(line, n), str_c(word)) != STR_NPOS)
            assert_int_equal(num_parse(pid, 1, INT32_MAX, "pid", &id, &e), RC_OK);
        if (id > 0)
            return (pid_t)id;
    }
    return 0;
}

static void test_killed(void **state)
{
    struct bench d;
    struct pick p;
    make(&d, plain_base, plain_fix, plain_release);
    pick(&d, &p);
    pid_t first = find_child("merge-tree");
    assert_true(first > 0);
    assert_int_equal(kill(first, SIGKILL), 0);
    pick(&d, &p);
    same_as_git(&p, "release", "fix");
    pid_t second = find_child("merge-tree");
    assert_true(second > 0 && second != first);
    close_bench(&d);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_merge_commit),
        T(test_root),
        T(test_no_commit),
        T(test_binary),
        T(test_submodule),
        T(test_modes),
        T(test_crlf),
        T(test_links),
        T(test_file_and_folder),
        T(test_file_becomes_folder),
        T(test_names),
        T(test_missing),
        T(test_damaged_trees),
        T(test_deep),
        T(test_million_lines),
        T(test_traps),
        T(test_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
