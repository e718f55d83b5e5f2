/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/graph, git/graphfile and git/graphwrite: the history as git has it, git's own
 * files, damaged and lying ones, and histories with holes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hex.h"
#include "git/graph.h"
#include "git/graphfile.h"
#include "git/graphwrite.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], scratch[TESTREPO_PATH], cache[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "scratch", scratch);
    testrepo_path(top, "cache", cache);
    return mkdir(scratch, 0700) || mkdir(cache, 0700);
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

struct opened {
    struct git *git;
    struct objects *objects;
    struct graph *graph;
};

static void opened_auto(struct opened *o)
{
    graph_close(o->graph);
    objects_close(o->objects);
    git_close(o->git);
}

static struct opened open_graph(const char *dir, const char *keep)
{
    struct opened o = {NULL};
    struct err e = ERR_INIT;
    if (git_open(dir, scratch, &o.git, &e) != RC_OK ||
        objects_open(o.git, &o.objects, &e) != RC_OK ||
        graph_open(o.git, o.objects, keep, &o.graph, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return o;
}

static uint32_t number(const struct graph *g, const char *rev)
{
    char id[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, id);
    return graph_find_hex(g, str_c(id));
}

/* A root, two lines, an octopus on top, and a root of its own. */
static void make_history(const char *format)
{
    testrepo_init(repo, format);
    testrepo_commit(repo, "a", "1\n", 1);
    TESTREPO(repo, "tag", "root");
    TESTREPO(repo, "checkout", "-q", "-b", "one");
    testrepo_commit(repo, "b", "1\n", 2);
    TESTREPO(repo, "checkout", "-q", "-b", "two", "root");
    testrepo_commit(repo, "c", "1\n", 3);
    TESTREPO(repo, "checkout", "-q", "master");
    testrepo_commit(repo, "a", "2\n", 4);
    TESTREPO(repo, "merge", "-q", "-m", "octopus", "one", "two");
    TESTREPO(repo, "checkout", "-q", "--orphan", "other");
    testrepo_commit(repo, "d", "1\n", 5);
    TESTREPO(repo, "checkout", "-q", "master");
}

static void check_history(const struct graph *g)
{
    uint32_t root = number(g, "root"), one = number(g, "one"), two = number(g, "two");
    uint32_t top_commit = number(g, "master"), base = number(g, "master^1");
    uint32_t other = number(g, "other");
    assert_int_equal(g->n, 6);
    assert_int_equal(g->parent_at[top_commit + 1] - g->parent_at[top_commit], 3);
    const uint32_t *p = g->parent + g->parent_at[top_commit];
    assert_int_equal(p[0], base);
    assert_int_equal(p[1], one);
    assert_int_equal(p[2], two);
    assert_int_equal(g->parent_at[root + 1] - g->parent_at[root], 0);
    assert_int_equal(graph_generation(g, root), 1);
    assert_int_equal(graph_generation(g, top_commit), 3);
    assert_int_equal(graph_date_s(g, two), 1704067200 + 3 * 86400);
    assert_true(graph_contains(g, root, top_commit));
    assert_true(graph_contains(g, two, top_commit));
    assert_false(graph_contains(g, one, two));
    assert_false(graph_contains(g, other, top_commit));
    assert_true(graph_contains(g, one, one));
    assert_false(graph_contains(g, top_commit, root));
    assert_int_equal(g->n_cut, 0);
    for (uint32_t c = 0; c < g->n; c++) {
        char hex[GIT_OID_HEX + 1];
        assert_int_equal(graph_find_hex(g, graph_hex(g, c, hex)), c);
    }
}

static void reads_a_history(void **state)
{
    make_history(*state);
    AUTO(opened) struct opened o = open_graph(repo, cache);
    check_history(o.graph);
    assert_string_equal(o.graph->note, "");
    /* From the cache it is the same; git takes the file for one of its own. */
    AUTO(opened) struct opened again = open_graph(repo, cache);
    check_history(again.graph);
    assert_int_equal(o.graph->n, again.graph->n);
    char from[200];
    snprintf(from, sizeof from, "%s/commit-graph", cache);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    char info[200];
    snprintf(info, sizeof info, "%s/.git/objects/info", repo);
    AUTO(fd) int fd = -1;
    assert_int_equal(file_read(AT_FDCWD, from, 1 << 20, &b, &e), RC_OK);
    assert_int_equal(dir_make(AT_FDCWD, info, 0700, &e), RC_OK);
    assert_int_equal(dir_open(AT_FDCWD, info, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "commit-graph", buf_str(&b), 0600, &e), RC_OK);
    TESTREPO(repo, "commit-graph", "verify");
}

static void sees_new_commits(void **state)
{
    (void)state;
    make_history("sha1");
    AUTO(opened) struct opened o = open_graph(repo, cache);
    testrepo_commit(repo, "a", "3\n", 9);
    AUTO(opened) struct opened later = open_graph(repo, cache);
    assert_int_equal(later.graph->n, 7);
    assert_int_equal(number(o.graph, "master"), GRAPH_NONE);
    assert_int_equal(number(later.graph, "master"), 6);
}

static void read_kept(const char *dir, struct buf *b)
{
    char path[200];
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "%s/commit-graph", dir);
    buf_reset(b);
    assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, b, &e), RC_OK);
}

/* A kept file brought up to date is byte for byte the one that is made of nothing. */
static void new_commits_are_added(void **state)
{
    (void)state;
    char fresh[110];
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    make_history("sha1");
    TESTREPO(repo, "tag", "-a", "-m", "x", "inner", "one");
    TESTREPO(repo, "tag", "-a", "-m", "x", "outer", "inner");
    TESTREPO(repo, "tag", "-d", "inner");
    TESTREPO(repo, "branch", "-D", "-q", "one");
    for (int step = 0; step < 6; step++) {
        if (step == 1) /* more on a line */
            testrepo_commit(repo, "a", "more", 20);
        if (step == 2) /* commits that go */
            TESTREPO(repo, "branch", "-D", "-q", "other");
        if (step == 3)
            TESTREPO(repo, "reset", "-q", "--hard", "HEAD~2");
        if (step == 4) { /* objects too */
            TESTREPO(repo, "reflog", "expire", "--expire=now", "--all");
            TESTREPO(repo, "gc", "-q", "--prune=now");
            testrepo_commit(repo, "a", "anew", 21);
        }
        if (step == 5) { /* a tag is all that holds a commit, and a note is none */
            testrepo_commit(repo, "a", "tagged", 22);
            TESTREPO(repo, "tag", "-a", "-m", "x", "last");
            TESTREPO(repo, "notes", "add", "-m", "note");
            TESTREPO(repo, "reset", "-q", "--hard", "HEAD~1");
        }
        snprintf(fresh, sizeof fresh, "%s/fresh%d", top, step);
        assert_int_equal(mkdir(fresh, 0700), 0);
        AUTO(opened) struct opened o = open_graph(repo, cache);
        AUTO(opened) struct opened f = open_graph(repo, fresh);
        read_kept(cache, &a);
        read_kept(fresh, &b);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        assert_int_not_equal(number(o.graph, "outer^{commit}"), GRAPH_NONE);
    }
}

/* ---- git's own files ---- */

static struct graph_file *theirs(size_t hash_len)
{
    char objects[200];
    struct graph_file *f = NULL;
    struct err e = ERR_INIT;
    snprintf(objects, sizeof objects, "%s/.git/objects", repo);
    if (graph_file_of(objects, hash_len, &f, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return f;
}

static void same_as_theirs(const struct graph *g, const struct graph_file *f)
{
    assert_int_equal(f->n, g->n);
    for (uint32_t c = 0; c < g->n; c++) {
        uint32_t at = graph_file_find(f, graph_id(g, c)), p[GRAPH_PARENTS];
        size_t n;
        struct graph_record r;
        struct err e = ERR_INIT;
        assert_int_not_equal(at, UINT32_MAX);
        graph_file_record(f, at, &r);
        assert_memory_equal(r.tree, graph_tree(g, c), g->hash_len);
        assert_int_equal(r.date_s, graph_date_s(g, c));
        assert_int_equal(r.generation, graph_generation(g, c));
        assert_int_equal(graph_file_parents(f, at, p, GRAPH_PARENTS, &n, &e), RC_OK);
        assert_int_equal(n, g->parent_at[c + 1] - g->parent_at[c]);
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(graph_file_id(f, p[i]), graph_id(g, g->parent[g->parent_at[c] + i]),
                                g->hash_len);
    }
}

static void reads_gits_file(void **state)
{
    make_history(*state);
    TESTREPO(repo, "commit-graph", "write", "--reachable", "--changed-paths");
    AUTO(opened) struct opened o = open_graph(repo, NULL);
    AUTO(graph_file) struct graph_file *f = theirs(o.graph->hash_len);
    same_as_theirs(o.graph, f);
}

static void reads_gits_chain(void **state)
{
    (void)state;
    make_history("sha1");
    TESTREPO(repo, "commit-graph", "write", "--reachable", "--split=no-merge");
    testrepo_commit(repo, "a", "3\n", 9);
    TESTREPO(repo, "commit-graph", "write", "--reachable", "--split=no-merge");
    testrepo_commit(repo, "a", "4\n", 10);
    TESTREPO(repo, "commit-graph", "write", "--reachable", "--split=no-merge");
    AUTO(opened) struct opened o = open_graph(repo, NULL);
    AUTO(graph_file) struct graph_file *f = theirs(20);
    assert_int_equal(f->n_layers, 3);
    same_as_theirs(o.graph, f);
}

/* ---- Damage ---- */

/* A commit-graph of a small history, in memory. */
static void small_file(struct buf *b)
{
    AUTO(graph_build) struct graph_build *g = graph_build_new(20);
    unsigned char id[20] = {0}, parents[60], tips[32] = {7};
    struct err e = ERR_INIT;
    for (unsigned i = 1; i <= 8; i++) {
        id[0] = (unsigned char)(i * 37);
        id[1] = (unsigned char)i;
        size_t n = i == 1 ? 0 : i % 4;
        if (n >= i)
            n = i - 1;
        memset(parents, 0, sizeof parents);
        for (size_t k = 0; k < n; k++) {
            parents[20 * k] = (unsigned char)((i - 1 - k) * 37);
            parents[20 * k + 1] = (unsigned char)(i - 1 - k);
        }
        assert_int_equal(graph_build_add(g, id, id, i, str_of(parents, 20 * n), &e), RC_OK);
    }
    memset(parents, 0xee, 20);
    id[1] = 99; /* one whose parent is not there */
    assert_int_equal(graph_build_add(g, id, id, 99, str_of(parents, 20), &e), RC_OK);
    assert_int_equal(graph_build_write(g, tips, b, &e), RC_OK);
}

/* Writes the bytes, opens them as a file, and reads all that can be asked for. */
static enum rc use_file(struct str bytes, struct err *e)
{
    AUTO(graph_file) struct graph_file *f = NULL;
    char path[200];
    AUTO(fd) int fd = -1;
    assert_int_equal(memfd_of(bytes, "graph", &fd, e), RC_OK);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    TRY(graph_file_open(path, 20, &f, e));
    uint32_t p[GRAPH_PARENTS], at;
    size_t n;
    const unsigned char *lost;
    struct graph_record r;
    for (uint32_t i = 0; i < f->n; i++) {
        graph_file_record(f, i, &r);
        (void)graph_file_find(f, graph_file_id(f, i));
        TRY(graph_file_parents(f, i, p, GRAPH_PARENTS, &n, e));
    }
    for (size_t i = 0; graph_file_cut(f, i, &at, &lost); i++)
        assert_true(at < f->n);
    return RC_OK;
}

static void fix_sum(struct buf *b)
{
    sha1(str_sub(buf_str(b), 0, b->n - 20), (unsigned char *)b->p + b->n - 20);
}

static void refuses_damaged_files(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    small_file(&b);
    assert_int_equal(use_file(buf_str(&b), &e), RC_OK);
    for (size_t n = 0; n < b.n; n++) {
        assert_int_equal(use_file(str_sub(buf_str(&b), 0, n), &e), RC_INVALID);
        assert_non_null(strstr(e.msg, "commit-graph file is damaged"));
    }
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x41;
        assert_int_equal(use_file(buf_str(&b), &e), RC_INVALID);
        b.p[i] ^= 0x41;
    }
}

/* With a right checksum: whatever it says, nothing outside of it is read (the sanitizer watches),
 * and most lies are found. */
static void survives_lying_files(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    size_t refused = 0;
    small_file(&b);
    for (size_t i = 0; i + 20 < b.n; i++) {
        char was = b.p[i];
        static const char put[] = {0, 1, 0x7f, (char)0x80, (char)0xff};
        for (size_t k = 0; k < sizeof put; k++) {
            b.p[i] = put[k];
            fix_sum(&b);
            refused += use_file(buf_str(&b), &e) == RC_INVALID;
        }
        b.p[i] = was;
    }
    assert_true(refused > b.n / 2);
}

static void damage_of_theirs_is_told(void **state)
{
    (void)state;
    make_history("sha1");
    TESTREPO(repo, "commit-graph", "write", "--reachable");
    char path[200];
    snprintf(path, sizeof path, "%s/.git/objects/info/commit-graph", repo);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 1000), 0);
    AUTO(opened) struct opened o = open_graph(repo, cache);
    check_history(o.graph);
    assert_non_null(strstr(o.graph->note, "commit-graph file is damaged"));
}

/* A file that is whole, of the right refs, and turns the history round is not believed. */
static void lies_of_a_repository_do_not_count(void **state)
{
    (void)state;
    make_history("sha1");
    AUTO(graph_build) struct graph_build *b = graph_build_new(20);
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    unsigned char tips[32] = {0};
    char dir[200];
    {
        AUTO(opened) struct opened o = open_graph(repo, NULL);
        for (uint32_t c = 0; c < o.graph->n; c++) /* all are roots */
            assert_int_equal(
                graph_build_add(b, graph_id(o.graph, c), graph_tree(o.graph, c), 1, STR_NONE, &e),
                RC_OK);
    }
    assert_int_equal(graph_build_write(b, tips, &out, &e), RC_OK);
    snprintf(dir, sizeof dir, "%s/.git/objects/info", repo);
    assert_int_equal(dir_make(AT_FDCWD, dir, 0700, &e), RC_OK);
    assert_int_equal(dir_open(AT_FDCWD, dir, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "commit-graph", buf_str(&out), 0600, &e), RC_OK);
    AUTO(opened) struct opened o = open_graph(repo, cache);
    check_history(o.graph);
    /* And git, which may read ours, does not read theirs. */
    AUTO(buf) struct buf said = BUF_INIT(1000);
    const char *const args[] = {"rev-list", "--count", "master", NULL};
    assert_int_equal(git_run(o.git, args, STR_NONE, &said, &e), RC_OK);
    assert_string_equal(buf_c(&said), "5\n");
}

static void a_damaged_cache_is_made_anew(void **state)
{
    (void)state;
    make_history("sha1");
    {
        AUTO(opened) struct opened o = open_graph(repo, cache);
    }
    char path[200];
    snprintf(path, sizeof path, "%s/commit-graph", cache);
    assert_int_equal(truncate(path, 700), 0);
    AUTO(opened) struct opened o = open_graph(repo, cache);
    check_history(o.graph);
}

/* ---- Holes ---- */

static void walks_around_missing_commits(void **state)
{
    (void)state;
    make_history("sha1");
    char one[TESTREPO_SAID], lost[GIT_OID_HEX + 1];
    testrepo_said(repo, (const char *const[]){"rev-parse", "one", NULL}, one);
    TESTREPO(repo, "branch", "-D", "-q", "one");
    testrepo_lose(repo, one);
    AUTO(opened) struct opened o = open_graph(repo, NULL);
    const struct graph *g = o.graph;
    assert_int_equal(g->n, 5);
    assert_int_equal(g->n_cut, 1);
    assert_false(g->shallow);
    assert_int_equal(g->cut[0], number(g, "master"));
    assert_true(graph_is_cut(g, number(g, "master")));
    assert_false(graph_is_cut(g, number(g, "two")));
    assert_true(graph_lost_parent(g, number(g, "master"), lost));
    assert_string_equal(lost, one);
    assert_true(graph_contains(g, number(g, "two"), number(g, "master")));
}

static void knows_shallow_ends(void **state)
{
    (void)state;
    char clone[200], url[200], lost[GIT_OID_HEX + 1];
    make_history("sha1");
    testrepo_commit(repo, "a", "3\n", 9);
    snprintf(clone, sizeof clone, "%s/clone", top);
    snprintf(url, sizeof url, "file://%s", repo);
    TESTREPO(top, "clone", "-q", "--depth", "2", url, clone);
    AUTO(opened) struct opened o = open_graph(clone, NULL);
    assert_int_equal(o.graph->n, 2);
    assert_int_equal(o.graph->n_cut, 1);
    assert_true(o.graph->shallow);
    assert_int_equal(o.graph->cut[0], number(o.graph, "master^"));
    assert_false(graph_lost_parent(o.graph, o.graph->cut[0], lost));
}

static void grafts_and_replacements_do_not_count(void **state)
{
    (void)state;
    char ids[TESTREPO_SAID], path[200];
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    make_history("sha1");
    testrepo_said(repo, (const char *const[]){"rev-parse", "master", NULL}, ids);
    snprintf(path, sizeof path, "%s/.git/info", repo);
    assert_int_equal(dir_open(AT_FDCWD, path, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "grafts", str_c(ids), 0600, &e), RC_OK);
    char one[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", "one", NULL}, one);
    TESTREPO(repo, "replace", "--graft", one);
    AUTO(opened) struct opened o = open_graph(repo, NULL);
    /* The git that the test asks would heed them. */
    assert_int_equal(unlinkat(fd, "grafts", 0), 0);
    TESTREPO(repo, "replace", "-d", one);
    check_history(o.graph);
}

static void reads_borrowed_objects(void **state)
{
    (void)state;
    char clone[200], third[200], list[300];
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    make_history("sha1");
    snprintf(clone, sizeof clone, "%s/clone", top);
    TESTREPO(top, "clone", "-q", "--shared", repo, clone);
    snprintf(list, sizeof list, "%s/.git/objects/info", clone);
    assert_int_equal(dir_open(AT_FDCWD, list, &fd, &e), RC_OK);
    /* By a relative path, and from there on to a third. */
    assert_int_equal(
        file_write_sync(fd, "alternates", STR("../../../repo/.git/objects\n"), 0600, &e), RC_OK);
    snprintf(third, sizeof third, "%s/third", top);
    TESTREPO(top, "clone", "-q", "--bare", "--shared", clone, third);
    AUTO(opened) struct opened o = open_graph(third, NULL);
    assert_int_equal(number(o.graph, "master"), o.graph->n - 1);
}

static void an_empty_repository_has_no_commits(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    AUTO(opened) struct opened o = open_graph(repo, cache);
    assert_int_equal(o.graph->n, 0);
    assert_int_equal(graph_find_hex(o.graph, STR("0123456789012345678901234567890123456789")),
                     GRAPH_NONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
#define TEST_WITH(f, s)                                                                            \
    {                                                                                              \
#f " " s, f, make_folder_keep, remove_folder, (void *)(uintptr_t)s                         \
    }

/* cmocka hands the initial state to the setup, which must leave it. */
static int make_folder_keep(void **state)
{
    return make_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH(reads_a_history, "sha1"),
        TEST_WITH(reads_a_history, "sha256"),
        TEST(sees_new_commits),
        TEST(new_commits_are_added),
        TEST_WITH(reads_gits_file, "sha1"),
        TEST_WITH(reads_gits_file, "sha256"),
        TEST(reads_gits_chain),
        TEST(refuses_damaged_files),
        TEST(survives_lying_files),
        TEST(damage_of_theirs_is_told),
        TEST(lies_of_a_repository_do_not_count),
        TEST(a_damaged_cache_is_made_anew),
        TEST(walks_around_missing_commits),
        TEST(knows_shallow_ends),
        TEST(grafts_and_replacements_do_not_count),
        TEST(reads_borrowed_objects),
        TEST(an_empty_repository_has_no_commits),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
