/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of engine/audit/vendor_sister: a library with tags and programs that copied it.  Tests
 * only.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/audit/vendor_sister.h"
#include "git/testing.h"
#include "os/file.h"

#define ARENA_MAX (64u << 20)

static char top[TESTREPO_TOP], lib[TESTREPO_PATH], app[TESTREPO_PATH];

static void put(const char *repo, const char *path, const char *text)
{
    struct err e = ERR_INIT;
    char name[2 * TESTREPO_PATH];
    int n = snprintf(name, sizeof name, "%s/%s", repo, path);
    assert_true(n > 0 && (size_t)n < sizeof name);
    char *slash = strrchr(name, '/');
    *slash = '\0';
    assert_int_equal(dir_make(AT_FDCWD, name, 0700, &e), RC_OK);
    *slash = '/';
    FILE *f = fopen(name, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* All that was put becomes one commit. */
static void save(const char *repo)
{
    TESTREPO(repo, "add", "-A", "-f");
    TESTREPO(repo, "commit", "-q", "--allow-empty", "-m", "x");
}

/* Text of a program file that no other has. */
static const char *text(const char *name, int version)
{
    static char room[300];
    snprintf(room, sizeof room, "/* %s */\nint %s_%d(void)\n{\n    return %d;\n}\n", name, name,
             version, version);
    return room;
}

/* a.c changes in each tag, b.c in v1.1, c.c and d.c never; v1.2 and its preview are the same but
 * for the list of changes. */
static int make_library(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "lib", lib);
    testrepo_path(top, "app", app);
    testrepo_init(lib, "sha1");
    testrepo_init(app, "sha1");
    put(lib, "src/b.c", text("b", 1));
    put(lib, "src/c.c", text("c", 1));
    put(lib, "src/d.c", text("d", 1));
    put(lib, "src/a.c", text("a", 10));
    save(lib);
    TESTREPO(lib, "tag", "v1.0");
    put(lib, "src/b.c", text("b", 2));
    put(lib, "src/a.c", text("a", 11));
    save(lib);
    TESTREPO(lib, "tag", "v1.1");
    put(lib, "src/a.c", text("a", 12));
    save(lib);
    TESTREPO(lib, "tag", "v1.2-rc1");
    put(lib, "CHANGES", "out now\n");
    save(lib);
    TESTREPO(lib, "tag", "v1.2");
    put(lib, "vendor/other/other.c", text("other", 1));
    put(lib, "src/a.c", text("a", 13));
    save(lib);
    TESTREPO(lib, "tag", "v1.3");
    for (int i = 0; i < 40; i++) {
        char path[40], name[20];
        snprintf(path, sizeof path, "own/own%d.c", i);
        snprintf(name, sizeof name, "own%d", i);
        put(app, path, text(name, i));
    }
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

struct found {
    struct git *git, *sister_git;
    struct objects *objects, *sister_objects;
    struct arena *arena;
    struct vendor_files files;
    struct vendor v;
};

static void found_auto(struct found *f)
{
    objects_close(f->objects);
    objects_close(f->sister_objects);
    git_close(f->git);
    git_close(f->sister_git);
    arena_free(f->arena);
}

static void find_saved(struct found *f, const char *repo, const char *sister, const char *name)
{
    struct err e = ERR_INIT;
    char head[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, head);
    *f = (struct found){.arena = arena_new(ARENA_MAX)};
    assert_int_equal(git_open(repo, top, &f->git, &e), RC_OK);
    assert_int_equal(objects_open(f->git, &f->objects, &e), RC_OK);
    assert_int_equal(git_open(sister, top, &f->sister_git, &e), RC_OK);
    assert_int_equal(objects_open(f->sister_git, &f->sister_objects, &e), RC_OK);
    assert_int_equal(vendor_list_tree(f->objects, str_c(head), f->arena, &f->files, &e), RC_OK);
    assert_int_equal(vendor_find(f->objects, &f->files, STR(""), f->arena, &f->v, &e), RC_OK);
    struct vendor_sister s = {
        .name = str_c(name), .git = f->sister_git, .objects = f->sister_objects};
    if (vendor_sisters(&f->files, &s, 1, f->arena, &f->v, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

static void find(struct found *f, const char *repo, const char *sister, const char *name)
{
    save(repo);
    find_saved(f, repo, sister, name);
}

static void assert_copy(const struct found *f, const char *path, const char *name,
                        const char *version, const char *how)
{
    const struct vendor_entry *x = vendor_at(&f->v, str_c(path));
    if (x == NULL)
        fail_msg("%s is no copy", path);
    if (!str_eq(x->name, str_c(name)) || !str_eq(x->version, str_c(version)) ||
        !str_eq(x->how, str_c(how)))
        fail_msg("%s: %.*s %.*s: %.*s", path, STR_ARG(x->name), STR_ARG(x->version),
                 STR_ARG(x->how));
}

static void the_same_files_tell_the_tag(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/a.c", text("a", 11));
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/c.c", text("c", 1));
    put(app, "deps/thing/COPYING", "Copyright 2020 Other People\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/c.c", "thing", "1.1",
                "all 3 program files of it are the same in thing: the tag v1.1");
    assert_null(vendor_at(&f.v, STR("own/own1.c")));
    assert_int_equal(f.v.n_notes, 0);
}

/* What is the same in a release and its preview is the release. */
static void a_preview_counts_only_alone(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/a.c", text("a", 12));
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/README", "x\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/a.c", "thing", "1.2",
                "all 2 program files of it are the same in thing: the tag v1.2");
}

static void what_several_tags_have_is_a_range(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/d.c", text("d", 1));
    put(app, "deps/thing/README", "x\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/b.c", "thing", "1.1 to 1.3",
                "all 2 program files of it are the same in thing: 3 tags, v1.1 to v1.3");
}

static void local_changes_are_said(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/a.c", text("a", 11));
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/c.c", text("c", 99));
    put(app, "deps/thing/glue.c", text("glue", 1));
    put(app, "deps/thing/README", "x\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/c.c", "thing", "1.1",
                "nearest: 2 of 4 program files are the same in thing: the tag v1.1; changed here: "
                "c.c; only here: 1");
}

/* Its own words and its content contradict each other, and the content is no proof. */
static void a_contradiction_is_no_version(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/a.c", text("a", 11));
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/c.c", text("c", 99));
    put(app, "deps/thing/VERSION", "1.0.9\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/c.c", "thing", "",
                "nearest: 2 of 3 program files are the same in thing: the tag v1.1; changed here: "
                "c.c; but deps/thing/VERSION line 1 says 1.0.9");
}

/* A range, and the copy says which of it: that one. */
static void own_words_choose_from_a_range(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/thing/b.c", text("b", 2));
    put(app, "deps/thing/d.c", text("d", 1));
    put(app, "deps/thing/VERSION", "1.2\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/thing/b.c", "thing", "1.2",
                "deps/thing/VERSION line 1; all 2 program files of it are the same in thing: 3 "
                "tags, v1.1 to v1.3");
}

/* Nothing says that it is a copy, but the content; and the library is not one of its user. */
static void an_unmarked_copy_is_found_one_way(void **state)
{
    AUTO(found) struct found f = {.git = NULL}, back = {.git = NULL};
    (void)state;
    put(app, "net/taken/a.c", text("a", 12));
    put(app, "net/taken/b.c", text("b", 2));
    put(app, "net/taken/c.c", text("c", 1));
    put(app, "net/near.c", text("near", 1));
    save(app);
    TESTREPO(app, "tag", "7.0");
    find(&f, app, lib, "thing");
    assert_copy(&f, "net/taken/c.c", "thing", "1.2",
                "all 3 program files of it are the same in thing: the tag v1.2");
    assert_null(vendor_at(&f.v, STR("net/near.c")));
    find(&back, lib, app, "app");
    assert_null(vendor_at(&back.v, STR("src/c.c")));
}

/* A submodule is told by its commit; its name by .gitmodules. */
static void a_submodule_is_at_a_tag(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    char id[TESTREPO_SAID], line[TESTREPO_SAID + 40];
    (void)state;
    testrepo_said(lib, (const char *const[]){"rev-parse", "v1.1", NULL}, id);
    put(app, ".gitmodules",
        "[submodule \"x\"]\n\tpath = other\n\turl = https://example.org/other.git\n"
        "[submodule \"y\"]\n\tpath = sub/here\n\turl = git@example.org:org/thing.git\n");
    save(app);
    snprintf(line, sizeof line, "160000,%s,sub/here", id);
    TESTREPO(app, "update-index", "--add", "--cacheinfo", line);
    TESTREPO(app, "commit", "-q", "-m", "x");
    find_saved(&f, app, lib, "thing");
    char how[TESTREPO_SAID + 300];
    snprintf(how, sizeof how,
             "a submodule, at commit %s; it is not searched; that is the tag v1.1 of thing", id);
    assert_copy(&f, "sub/here", "thing", "1.1", how);
    assert_int_equal(f.v.n, 1);
}

/* Both have copied it from a third: neither is its source. */
static void copies_of_a_third_are_nobodys(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put(app, "deps/other/other.c", text("other", 1));
    put(app, "deps/other/README", "x\n");
    find(&f, app, lib, "thing");
    assert_copy(&f, "deps/other/other.c", "other", "", "in deps/; no version is told there");
}

static void a_fork_is_no_copy(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    char fork[TESTREPO_PATH];
    (void)state;
    testrepo_path(top, "fork", fork);
    TESTREPO(top, "clone", "-q", lib, fork);
    put(fork, "src/a.c", text("a", 77));
    find(&f, fork, lib, "thing");
    assert_null(vendor_at(&f.v, STR("src/c.c")));
    assert_int_equal(f.v.n_notes, 1);
}

/* Folders in which the same folder stands twice, over and over: 2^60 paths of few objects. */
static void a_folder_of_folders_ends(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    AUTO(buf) struct buf line = BUF_INIT(1000);
    char id[TESTREPO_SAID];
    (void)state;
    testrepo_said(lib, (const char *const[]){"rev-parse", "HEAD:vendor/other", NULL}, id);
    for (int i = 0; i < 60; i++) {
        char path[TESTREPO_PATH + 20];
        buf_reset(&line);
        buf_addf(&line, "%s/.git/level", lib);
        snprintf(path, sizeof path, "%s", buf_c(&line));
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        fprintf(out, "040000 tree %s\tx\n040000 tree %s\ty\n", id, id);
        assert_int_equal(fclose(out), 0);
        char made[TESTREPO_SAID];
        const char *const sh[] = {"-c", "alias.m=!git mktree < .git/level", "m", NULL};
        testrepo_said(lib, sh, made);
        memcpy(id, made, sizeof id);
    }
    char commit[TESTREPO_SAID];
    testrepo_said(lib, (const char *const[]){"commit-tree", "-m", "x", id, NULL}, commit);
    TESTREPO(lib, "tag", "v9.9", commit);
    put(app, "deps/thing/c.c", text("c", 1));
    put(app, "deps/thing/README", "x\n");
    find(&f, app, lib, "thing");
    assert_non_null(vendor_at(&f.v, STR("deps/thing/c.c")));

    struct vendor_files files;
    struct err e = ERR_INIT;
    AUTO(arena) struct arena *a = arena_new(1u << 30);
    assert_int_equal(vendor_list_tree(f.sister_objects, str_c(commit), a, &files, &e), RC_OK);
    assert_true(files.cut);
}

int main(void)
{
#define ONE(f) cmocka_unit_test_setup_teardown(f, make_library, remove_folder)
    const struct CMUnitTest tests[] = {
        ONE(the_same_files_tell_the_tag),       ONE(a_preview_counts_only_alone),
        ONE(what_several_tags_have_is_a_range), ONE(local_changes_are_said),
        ONE(a_contradiction_is_no_version),     ONE(own_words_choose_from_a_range),
        ONE(an_unmarked_copy_is_found_one_way), ONE(a_submodule_is_at_a_tag),
        ONE(copies_of_a_third_are_nobodys),     ONE(a_fork_is_no_copy),
        ONE(a_folder_of_folders_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
