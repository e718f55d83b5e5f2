/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the pick: verdicts and trees beside those of git itself, renames, the tree writer,
 * the proofs.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backport/picktesting.h"

/* ---- File by file ---- */

static void clean_pick_in(const char *format)
{
    const struct file base[] = {{"a", NULL, "a\n"},      {"d/e/taken", NULL, TEN},
                                {"d/merged", NULL, TEN}, {"d/same", NULL, TEN},
                                {"old", NULL, "old\n"},  NO_MORE};
    const struct file fix[] = {{"a", NULL, "a\n"},          {"d/e/taken", NULL, TEN_FIX},
                               {"d/merged", NULL, TEN_FIX}, {"d/same", NULL, TEN_FIX},
                               {"d/new", NULL, "new\n"},    NO_MORE};
    const struct file release[] = {{"a", NULL, "b\n"},
                                   {"d/e/taken", NULL, TEN},
                                   {"d/merged", NULL, TEN_REL},
                                   {"d/same", NULL, TEN_FIX},
                                   {"old", NULL, "old\n"},
                                   {"z", NULL, "z\n"},
                                   NO_MORE};
    struct bench d;
    struct pick p;
    make_in(&d, format, base, fix, release);
    pick(&d, &p);
    assert_true(p.clean && !p.empty && !p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 5);
    assert_int_equal(file_at(&p, "d/e/taken")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "d/merged")->how, BP_MERGED);
    assert_int_equal(file_at(&p, "d/same")->how, BP_SAME);
    assert_int_equal(file_at(&p, "d/new")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "old")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "old")->made.mode, 0);
    text_is(&d, p.tree, "d/merged", TEN_BOTH);
    text_is(&d, p.tree, "d/new", "new\n");
    text_is(&d, p.tree, "old", NULL);
    text_is(&d, p.tree, "a", "b\n");
    close_bench(&d);
}

static void test_clean(void **state)
{
    clean_pick_in("sha1");
}

static void test_clean_sha256(void **state)
{
    clean_pick_in("sha256");
}

static const struct file plain_base[] = {{"f", NULL, TEN}, NO_MORE};
static const struct file plain_fix[] = {{"f", NULL, TEN_FIX}, NO_MORE};
static const struct file plain_release[] = {{"f", NULL, TEN_REL}, NO_MORE};

static void test_conflict(void **state)
{
    const struct file base[] = {{"f", NULL, TEN}, {"g", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"f", NULL, TEN_FIX}, {"g", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {{"f", NULL, TEN_HIT}, {"g", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && !p.empty && !p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 2);
    assert_int_equal(p.files[0].how, BP_CONFLICT);
    assert_string_equal(p.files[0].base.text.p, TEN);
    assert_string_equal(p.files[0].fix.text.p, TEN_FIX);
    assert_string_equal(p.files[0].release.text.p, TEN_HIT);
    /* The rest is there, and the file in conflict is as in the release. */
    text_is(&d, p.tree, "f", TEN_HIT);
    text_is(&d, p.tree, "g", TEN_BOTH);
    close_bench(&d);
}

static void test_empty(void **state)
{
    struct bench d;
    struct pick p;
    make(&d, plain_base, plain_fix, plain_fix);
    pick(&d, &p);
    assert_true(p.clean && p.empty);
    assert_int_equal(p.files[0].how, BP_SAME);
    assert_string_equal(p.tree, d.release);
    /* Also where it stands in another text. */
    memcpy(d.release, d.base, sizeof d.release);
    pick(&d, &p);
    assert_string_equal(p.tree, d.fix);
    assert_false(p.empty);
    close_bench(&d);
}

/* No change at all is a pick without files. */
static void test_nothing(void **state)
{
    struct bench d;
    struct pick p;
    make(&d, plain_base, plain_base, plain_release);
    pick(&d, &p);
    assert_true(p.clean && p.empty);
    assert_int_equal(p.n, 0);
    close_bench(&d);
}

static void test_added_both_and_gone(void **state)
{
    const struct file base[] = {{"gone", NULL, TEN}, {"x", NULL, "x\n"}, NO_MORE};
    const struct file fix[] = {{"new", NULL, "fix\n"}, {"x", NULL, "x\n"}, NO_MORE};
    const struct file release[] = {
        {"gone", NULL, TEN_REL}, {"new", NULL, "release\n"}, {"x", NULL, "x\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_false(p.clean);
    same_as_git(&p, "release", "fix");
    assert_int_equal(file_at(&p, "new")->how, BP_ADDED_BOTH);
    assert_int_equal(file_at(&p, "gone")->how, BP_GONE);
    text_is(&d, p.tree, "new", "release\n");
    text_is(&d, p.tree, "gone", TEN_REL);
    close_bench(&d);
}

/* ---- Renames ---- */

static void test_absent(void **state)
{
    const struct file base[] = {{"f", NULL, TEN}, {"g", NULL, "g\n"}, NO_MORE};
    const struct file fix[] = {{"f", NULL, TEN_FIX}, {"g", NULL, "fix\n"}, NO_MORE};
    const struct file release[] = {{"g", NULL, "g\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(file_at(&p, "f")->how, BP_ABSENT);
    assert_string_equal(file_at(&p, "f")->fix.text.p, TEN_FIX);
    assert_int_equal(file_at(&p, "g")->how, BP_TAKEN);
    text_is(&d, p.tree, "f", NULL);
    text_is(&d, p.tree, "g", "fix\n");
    close_bench(&d);
}

static void test_renamed_in_release(void **state)
{
    const struct file base[] = {{"src/f.c", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"src/f.c", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {{"lib/f.c", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 1);
    assert_int_equal(p.files[0].how, BP_MERGED);
    assert_true(str_eq(p.files[0].path, STR("lib/f.c")));
    assert_true(str_eq(p.files[0].fix_path, STR("src/f.c")));
    text_is(&d, p.tree, "lib/f.c", TEN_BOTH);
    text_is(&d, p.tree, "src/f.c", NULL);
    close_bench(&d);
}

static void test_renamed_with_conflict(void **state)
{
    const struct file base[] = {{"f.c", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"f.c", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {{"other.c", NULL, TEN_HIT}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 1);
    assert_int_equal(p.files[0].how, BP_CONFLICT);
    assert_true(str_eq(p.files[0].path, STR("other.c")));
    assert_string_equal(p.files[0].base.text.p, TEN);
    assert_string_equal(p.files[0].release.text.p, TEN_HIT);
    assert_string_equal(p.tree, d.release);
    close_bench(&d);
}

static void test_renamed_by_fix(void **state)
{
    const struct file base[] = {{"f.c", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"g.c", NULL, TEN_FIX}, NO_MORE};
    const struct file release[] = {{"f.c", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    text_is(&d, p.tree, "g.c", TEN_BOTH);
    text_is(&d, p.tree, "f.c", NULL);
    close_bench(&d);
}

/* The new name has a conflict: one file, shown where the release has it. */
static void test_renamed_by_fix_with_conflict(void **state)
{
    const struct file base[] = {{"f.c", NULL, TEN}, {"old/h.c", NULL, TEN_REL}, NO_MORE};
    const struct file fix[] = {{"g.c", NULL, TEN_FIX}, {"old/h.c", NULL, TEN_REL}, NO_MORE};
    const struct file release[] = {{"f.c", NULL, TEN_HIT}, {"old/h.c", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 1);
    const struct bp_file *f = file_at(&p, "g.c");
    assert_true(f->how == BP_CONFLICT && f->fix_renamed);
    assert_true(str_eq(f->path, STR("f.c")));
    assert_string_equal(f->base.text.p, TEN);
    assert_string_equal(f->fix.text.p, TEN_FIX);
    assert_string_equal(f->release.text.p, TEN_HIT);
    assert_string_equal(p.tree, d.release);
    close_bench(&d);
}

/* Several at once, and one that only goes: told apart by what they are called in their folders. */
static void test_renamed_by_fix_with_conflicts(void **state)
{
    const struct file base[] = {{"old/a.c", NULL, TEN},
                                {"old/b.c", NULL, "a\nb\nc\nd\ne\nf\ng\nh\n"},
                                {"x.c", NULL, "x\n"},
                                NO_MORE};
    const struct file fix[] = {
        {"now/a.c", NULL, TEN_FIX}, {"now/b.c", NULL, "a\nb\nfix\nd\ne\nf\ng\nh\n"}, NO_MORE};
    const struct file release[] = {{"old/a.c", NULL, TEN_HIT},
                                   {"old/b.c", NULL, "a\nb\nrelease\nd\ne\nf\ng\nh\n"},
                                   {"x.c", NULL, "changed\n"},
                                   NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 3);
    for (int i = 0; i < 2; i++) {
        const struct bp_file *f = file_at(&p, i ? "now/b.c" : "now/a.c");
        assert_true(f->how == BP_CONFLICT && f->fix_renamed);
        assert_true(str_eq(f->path, str_c(i ? "old/b.c" : "old/a.c")));
    }
    assert_int_equal(file_at(&p, "x.c")->how, BP_GONE);
    assert_string_equal(p.tree, d.release);
    close_bench(&d);
}

/* The release has the folder under another name, the fix adds a file to it: git asks where to. */
static void test_folder_renamed_in_release(void **state)
{
    const struct file base[] = {{"old/a", NULL, TEN}, {"old/b", NULL, TEN_REL}, NO_MORE};
    const struct file fix[] = {
        {"old/a", NULL, TEN}, {"old/b", NULL, TEN_REL}, {"old/new", NULL, "new\n"}, NO_MORE};
    const struct file release[] = {{"now/a", NULL, TEN}, {"now/b", NULL, TEN_REL}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(!p.clean && p.whole);
    same_as_git(&p, "release", "fix");
    assert_int_equal(p.n, 1);
    assert_int_equal(p.files[0].how, BP_LOCATED);
    assert_true(str_eq(p.files[0].path, STR("now/new")));
    text_is(&d, p.tree, "now/new", "new\n");
    close_bench(&d);
}

static void test_folder_renamed_by_fix(void **state)
{
    const struct file base[] = {{"old/a", NULL, TEN}, {"old/b", NULL, TEN_REL}, NO_MORE};
    const struct file fix[] = {{"now/a", NULL, TEN}, {"now/b", NULL, TEN_REL}, NO_MORE};
    const struct file release[] = {
        {"old/a", NULL, TEN}, {"old/b", NULL, TEN_REL}, {"old/more", NULL, "x\n"}, NO_MORE};
    struct bench d;
    struct pick p;
    make(&d, base, fix, release);
    pick(&d, &p);
    assert_true(p.whole);
    same_as_git(&p, "release", "fix");
    close_bench(&d);
}

/* ---- Any trees ---- */

static uint32_t dice_state;
static uint32_t dice(uint32_t n)
{
    dice_state = dice_state * 1664525u + 1013904223u;
    return (dice_state >> 8) % n;
}

#define RANDOM_FILES 12
#define RANDOM_LINES 12
#define RANDOM_CASES 60
#define RANDOM_TEXT  400

struct any {
    struct file f[RANDOM_FILES * 2 + 1];
    char path[RANDOM_FILES * 2][24], text[RANDOM_FILES * 2][RANDOM_TEXT];
    size_t n;
};

static void set_any(struct any *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->f[i] = (struct file){t->path[i], t->f[i].mode, t->text[i]};
    t->f[t->n] = (struct file)NO_MORE;
}

static void change_text(char text[RANDOM_TEXT])
{
    char old[RANDOM_TEXT];
    uint32_t at = dice(RANDOM_LINES), k = 0;
    snprintf(old, sizeof old, "%s", text);
    struct str rest = str_c(old), line;
    AUTO(buf) struct buf b = BUF_INIT(RANDOM_TEXT - 1);
    while (str_cut(&rest, '\n', &line)) {
        uint32_t what = k++ == at ? dice(3) : 3;
        if (what >= 1)
            buf_addf(&b, "%.*s%s\n", STR_ARG(line), what == 1 ? "+" : "");
        if (what == 2)
            buf_addf(&b, "new %u\n", dice(3));
    }
    if (!b.over)
        snprintf(text, RANDOM_TEXT, "%s", buf_c(&b));
}

static void random_base(struct any *t)
{
    memset(t, 0, sizeof *t);
    for (t->n = 0; t->n < RANDOM_FILES; t->n++) {
        AUTO(buf) struct buf b = BUF_INIT(RANDOM_TEXT - 1);
        static const char *const folders[] = {"", "a/", "a/b/", "c/"};
        snprintf(t->path[t->n], sizeof t->path[0], "%sf%zu", folders[dice(4)], t->n);
        for (uint32_t k = 0; k < RANDOM_LINES; k++)
            buf_addf(&b, "file %zu line %u\n", t->n, k);
        snprintf(t->text[t->n], RANDOM_TEXT, "%s", buf_c(&b));
    }
    set_any(t);
}

/* Some files change, go, come, move, or become something else. */
static void random_change(struct any *t, const struct any *from, uint32_t share)
{
    static const char *const folders[] = {"", "a/", "a/b/", "c/", "d/"};
    memset(t, 0, sizeof *t);
    bool move_c = dice(12) == 0;
    for (size_t i = 0; i < from->n; i++) {
        uint32_t what = dice(100) < share ? dice(12) : 12;
        size_t at = t->n;
        if (what == 0)
            continue;
        memcpy(t->text[at], from->text[i], RANDOM_TEXT);
        memcpy(t->path[at], from->path[i], sizeof t->path[0]);
        t->f[at].mode = from->f[i].mode;
        if (what == 1)
            snprintf(t->path[at], sizeof t->path[0], "%sf%zu", folders[dice(5)], i);
        else if (move_c && strncmp(t->path[at], "c/", 2) == 0)
            t->path[at][0] = 'e';
        if (what == 2)
            t->f[at].mode = "100755";
        if (what == 3)
            t->f[at].mode = "120000";
        if (what != 12)
            change_text(t->text[at]);
        t->n++;
    }
    for (uint32_t k = dice(3); k > 0 && t->n < RANDOM_FILES * 2; k--) {
        snprintf(t->path[t->n], sizeof t->path[0], "%sn%u", folders[dice(5)], 10 * k + dice(3));
        snprintf(t->text[t->n], RANDOM_TEXT, "new\n%u\n", dice(2));
        t->n++;
    }
    set_any(t);
}

static void test_any(void **state)
{
    struct bench d;
    AUTO(buf) struct buf b = BUF_INIT(64u << 20);
    static struct any base, fix, release;
    size_t clean = 0, whole = 0;
    dice_state = 2611;
    testrepo_init(repo, "sha1");
    for (uint32_t i = 0; i < RANDOM_CASES; i++) {
        char names[3][32];
        snprintf(names[0], sizeof names[0], "base%u", i);
        snprintf(names[1], sizeof names[1], "fix%u", i);
        snprintf(names[2], sizeof names[2], "release%u", i);
        random_base(&base);
        random_change(&fix, &base, 20);
        random_change(&release, &base, i % 3 == 0 ? 10 : 40);
        add_commit(&b, names[0], NULL, base.f);
        add_commit(&b, names[1], names[0], fix.f);
        add_commit(&b, names[2], names[0], release.f);
    }
    testrepo_import(repo, buf_c(&b));
    open_bench(&d);
    for (uint32_t i = 0; i < RANDOM_CASES; i++) {
        char rev[60], names[2][32];
        struct pick p;
        snprintf(rev, sizeof rev, "base%u^{tree}", i);
        id_of(rev, d.base);
        snprintf(rev, sizeof rev, "fix%u^{tree}", i);
        id_of(rev, d.fix);
        snprintf(rev, sizeof rev, "release%u^{tree}", i);
        id_of(rev, d.release);
        snprintf(names[0], sizeof names[0], "fix%u", i);
        snprintf(names[1], sizeof names[1], "release%u", i);
        pick(&d, &p);
        same_as_git(&p, names[1], names[0]);
        clean += p.clean;
        whole += p.whole;
    }
    /* There is something of everything. */
    assert_true(clean > RANDOM_CASES / 5 && clean < RANDOM_CASES * 4 / 5);
    assert_true(whole > RANDOM_CASES / 5 && whole < RANDOM_CASES * 4 / 5);
    close_bench(&d);
}

/* ---- Trees ---- */

static void test_tree(void **state)
{
    const struct file base[] = {{"a-b", NULL, "1"},   {"a.b", NULL, "2"}, {"a/x", NULL, "3"},
                                {"a/y/z", NULL, "4"}, {"b", NULL, "5"},   NO_MORE};
    const struct file fix[] = {
        {"a", NULL, "5"}, {"a-b", NULL, "1"}, {"b/c/d", NULL, "5"}, {"e", "100755", "5"}, NO_MORE};
    struct bench d;
    struct err e = ERR_INIT;
    struct bp_side five;
    char tree[GIT_OID_HEX + 1], none[GIT_OID_HEX + 1];
    make(&d, base, fix, base);
    assert_int_equal(bp_look(d.store, d.base, STR("b"), &five, &e), RC_OK);
    const struct pick_change all[] = {
        {STR("e"), 0100755, five.oid},     {STR("a/x"), 0, NULL},   {STR("a.b"), 0, NULL},
        {STR("a"), 0100644, five.oid},     {STR("a/y/z"), 0, NULL}, {STR("b"), 0, NULL},
        {STR("b/c/d"), 0100644, five.oid},
    };
    assert_int_equal(pick_tree(d.store, d.base, all, ARRAY_LEN(all), tree, &e), RC_OK);
    assert_string_equal(tree, d.fix);
    /* Nothing to do, or things that are so already. */
    const struct pick_change idle[] = {{STR("b"), 0100644, five.oid},
                                       {STR("a/no"), 0, NULL},
                                       {STR("no/no"), 0, NULL},
                                       {STR("a"), 0, NULL}};
    assert_int_equal(pick_tree(d.store, d.base, idle, ARRAY_LEN(idle), tree, &e), RC_OK);
    assert_string_equal(tree, d.base);
    /* A tree that becomes empty. */
    const struct pick_change gone[] = {{STR("a-b"), 0, NULL},
                                       {STR("a.b"), 0, NULL},
                                       {STR("a/x"), 0, NULL},
                                       {STR("a/y/z"), 0, NULL},
                                       {STR("b"), 0, NULL}};
    assert_int_equal(pick_tree(d.store, d.base, gone, ARRAY_LEN(gone), none, &e), RC_OK);
    assert_string_equal(none, bp_empty_tree(d.store));
    close_bench(&d);
}

static void test_tree_refuses(void **state)
{
    struct bench d;
    struct bp_side f;
    struct err e = ERR_INIT;
    char tree[GIT_OID_HEX + 1] = "as before";
    make(&d, plain_base, plain_fix, plain_release);
    assert_int_equal(bp_look(d.store, d.base, STR("f"), &f, &e), RC_OK);
    const struct str bad[] = {STR(""),     STR("/f"),  STR("a/"), STR("a//b"),       STR("../f"),
                              STR("a/.."), STR("./f"), STR("."),  str_of("a\0b", 3), STR("f/g")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct pick_change c = {bad[i], 0100644, f.oid};
        assert_int_equal(pick_tree(d.store, d.base, &c, 1, tree, &e), RC_INVALID);
    }
    const struct pick_change twice[] = {{STR("x"), 0100644, f.oid}, {STR("x"), 0, NULL}};
    assert_int_equal(pick_tree(d.store, d.base, twice, 2, tree, &e), RC_INVALID);
    const struct pick_change both[] = {{STR("x"), 0100644, f.oid}, {STR("x/y"), 0100644, f.oid}};
    assert_int_equal(pick_tree(d.store, d.base, both, 2, tree, &e), RC_INVALID);
    const struct pick_change folder = {STR("x"), 040000, f.oid};
    assert_int_equal(pick_tree(d.store, d.base, &folder, 1, tree, &e), RC_INVALID);
    const struct pick_change no_id = {STR("x"), 0100644, "12"};
    assert_int_equal(pick_tree(d.store, d.base, &no_id, 1, tree, &e), RC_INVALID);
    AUTO(buf) struct buf deep = BUF_INIT(4 * BP_DEPTH_MAX), wide = BUF_INIT(GIT_PATH_MAX + 2);
    for (unsigned i = 0; i <= BP_DEPTH_MAX; i++)
        buf_adds(&deep, i == BP_DEPTH_MAX ? "a" : "a/");
    while (wide.n <= GIT_PATH_MAX)
        buf_addc(&wide, 'a');
    const struct pick_change far = {buf_str(&deep), 0100644, f.oid};
    assert_int_equal(pick_tree(d.store, d.base, &far, 1, tree, &e), RC_LIMIT);
    const struct pick_change fat = {buf_str(&wide), 0100644, f.oid};
    assert_int_equal(pick_tree(d.store, d.base, &fat, 1, tree, &e), RC_LIMIT);
    assert_string_equal(tree, "as before");
    close_bench(&d);
}

/* ---- Proofs ---- */

static void prove(struct bench *d, struct pick *p, struct pick_proofs *ret)
{
    struct err e = ERR_INIT;
    const struct pick_claim claim = {d->release, p->tree, p->files, p->n, true};
    assert_int_equal(pick_prove(&d->p, &claim, d->arena, ret, &e), RC_OK);
}

static void test_proofs(void **state)
{
    const struct file base[] = {
        {"f", NULL, TEN}, {"gone", NULL, "x\n"}, {"same", NULL, TEN}, {"t", NULL, TEN}, NO_MORE};
    const struct file fix[] = {{"f", NULL, TEN_FIX},
                               {"new", NULL, "n\n"},
                               {"same", NULL, TEN_FIX},
                               {"t", NULL, TEN_FIX},
                               NO_MORE};
    const struct file release[] = {{"f", NULL, TEN_REL},
                                   {"gone", NULL, "x\n"},
                                   {"same", NULL, TEN_FIX},
                                   {"t", NULL, TEN},
                                   NO_MORE};
    struct bench d;
    struct pick p;
    struct pick_proofs r;
    struct err e = ERR_INIT;
    make(&d, base, fix, release);
    pick(&d, &p);
    prove(&d, &p, &r);
    assert_int_equal(r.again, PICK_PASS);
    assert_int_equal(r.undo, PICK_PASS);
    assert_int_equal(r.back, PICK_PASS);
    assert_int_equal(r.again_path.n, 0);
    /* A tree with something more in it, and one that lacks what the files say. */
    char right[GIT_OID_HEX + 1];
    memcpy(right, p.tree, sizeof right);
    const struct pick_change more = {STR("more"), 0100644, p.files[0].fix.oid};
    const struct pick_change less = {STR("new"), 0, NULL};
    assert_int_equal(pick_tree(d.store, right, &more, 1, p.tree, &e), RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.back, PICK_FAIL);
    assert_int_equal(pick_tree(d.store, right, &less, 1, p.tree, &e), RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.back, PICK_FAIL);
    assert_true(str_eq(r.back_path, STR("new")));
    assert_int_equal(r.again, PICK_PASS);
    memcpy(p.tree, right, sizeof right);
    /* A candidate that has something of its own: the way back does not end at the release. */
    struct bp_file *f = &p.files[0];
    assert_true(str_eq(f->path, STR("f")));
    assert_int_equal(bp_write(d.store, OBJECT_BLOB,
                              STR("1\n2\nfix\n4\n5\n6\nmore\n8\nrelease\n10\n"), f->made.oid, &e),
                     RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.again, PICK_PASS);
    assert_int_equal(r.undo, PICK_FAIL);
    assert_true(str_eq(r.undo_path, STR("f")));
    /* One that lacks the fix: picking changes it. */
    assert_int_equal(bp_write(d.store, OBJECT_BLOB, STR("0\n2\n3\n4\n5\n6\n7\n8\nrelease\n10\n"),
                              f->made.oid, &e),
                     RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.again, PICK_FAIL);
    assert_true(str_eq(r.again_path, STR("f")));
    /* One that git cannot merge with the fix any more. */
    assert_int_equal(
        bp_write(d.store, OBJECT_BLOB, STR("1\n2\nother\n4\n5\n6\n7\n8\n9\n10\n"), f->made.oid, &e),
        RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.again, PICK_UNKNOWN);
    /* What was left out does not count. */
    f->how = BP_LEFT_OUT;
    f->made = f->release;
    assert_int_equal(pick_tree_of(d.store, d.release, p.files, p.n, p.tree, &e), RC_OK);
    prove(&d, &p, &r);
    assert_int_equal(r.again, PICK_PASS);
    assert_int_equal(r.undo, PICK_PASS);
    assert_int_equal(r.back, PICK_PASS);
    close_bench(&d);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_clean),
        T(test_clean_sha256),
        T(test_conflict),
        T(test_empty),
        T(test_nothing),
        T(test_added_both_and_gone),
        T(test_absent),
        T(test_renamed_in_release),
        T(test_renamed_with_conflict),
        T(test_renamed_by_fix),
        T(test_renamed_by_fix_with_conflict),
        T(test_renamed_by_fix_with_conflicts),
        T(test_folder_renamed_in_release),
        T(test_folder_renamed_by_fix),
        T(test_any),
        T(test_tree),
        T(test_tree_refuses),
        T(test_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
