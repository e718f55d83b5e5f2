/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of history and question: which tags hold which commit, which names are revisions, and
 * that bad repositories give clear messages or "may be".
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

#include "engine/affected/order.h"
#include "engine/affected/question.h"
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

static struct history *open_with(const char *dir, const char *pattern, uint64_t reach_max)
{
    struct history *h = NULL;
    struct err e = ERR_INIT;
    struct history_options o = {
        .scratch = top, .cache = cache, .pattern = pattern, .reach_max = reach_max};
    if (history_open(dir, &o, &h, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return h;
}

static struct history *open_history(const char *dir)
{
    return open_with(dir, NULL, 0);
}

/* The names of the tags that hold a revision, a space behind each. */
static void reach_of(struct history *h, const char *rev, struct buf *b)
{
    struct revision r;
    struct err e = ERR_INIT;
    buf_reset(b);
    if (history_revision(h, str_c(rev), &r, &e) != RC_OK)
        fail_msg("%s", e.msg);
    struct tagset s = tagset_of(h->a, history_reach(h, r.commit), h->n_tags);
    for (size_t t = tagset_next(&s, 0); t < s.n; t = tagset_next(&s, t + 1))
        buf_addf(b, "%.*s ", STR_ARG(h->tags[t].name));
}

/* A line of releases, a maintained branch beside it, and a root of its own. */
static void make_releases(const char *format)
{
    testrepo_init(repo, format);
    testrepo_commit(repo, "a", "1\n", 1);
    TESTREPO(repo, "tag", "v1.0.0");
    testrepo_commit(repo, "a", "2\n", 2);
    TESTREPO(repo, "tag", "-a", "-m", "x", "v1.1.0");
    TESTREPO(repo, "branch", "old");
    testrepo_commit(repo, "a", "3\n", 3);
    TESTREPO(repo, "tag", "v2.0.0-rc1");
    testrepo_commit(repo, "a", "4\n", 4);
    TESTREPO(repo, "tag", "-a", "-m", "x", "inner", "HEAD");
    TESTREPO(repo, "tag", "-a", "-m", "of a tag", "v2.0.0", "inner");
    TESTREPO(repo, "tag", "-d", "inner");
    TESTREPO(repo, "checkout", "-q", "old");
    testrepo_commit(repo, "b", "1\n", 5);
    TESTREPO(repo, "tag", "v1.1.1");
    TESTREPO(repo, "checkout", "-q", "--orphan", "other");
    testrepo_commit(repo, "c", "1\n", 6);
    TESTREPO(repo, "tag", "v0.9.0");
    TESTREPO(repo, "checkout", "-q", "master");
}

static void knows_which_tags_hold_what(void **state)
{
    make_releases(*state);
    /* With rows of all commits, and one at a time. */
    for (uint64_t max = 0; max < 2; max++) {
        AUTO(history) struct history *h = open_with(repo, NULL, max);
        AUTO(buf) struct buf b = BUF_INIT(1000);
        reach_of(h, "v1.0.0", &b);
        assert_string_equal(buf_c(&b), "v1.0.0 v1.1.0 v1.1.1 v2.0.0-rc1 v2.0.0 ");
        reach_of(h, "v1.1.0", &b);
        assert_string_equal(buf_c(&b), "v1.1.0 v1.1.1 v2.0.0-rc1 v2.0.0 ");
        reach_of(h, "v1.1.1", &b);
        assert_string_equal(buf_c(&b), "v1.1.1 ");
        reach_of(h, "refs/heads/other", &b);
        assert_string_equal(buf_c(&b), "v0.9.0 ");
        reach_of(h, "master", &b);
        assert_string_equal(buf_c(&b), "v2.0.0 ");
        assert_int_equal(tagset_count(&h->counts), 5);
        assert_false(h->tags[history_tag(h, STR("v2.0.0-rc1"))].counts);
        assert_true(h->tags[history_tag(h, STR("v2.0.0"))].annotated);
        assert_int_equal(history_tag(h, STR("inner")), h->n_tags);
        assert_int_equal(h->note.n, 0);
    }
}

static void leaves_out_tags_of_no_commit(void **state)
{
    (void)state;
    make_releases("sha1");
    TESTREPO(repo, "tag", "v3.0.0", "HEAD^{tree}");
    TESTREPO(repo, "tag", "-a", "-m", "x", "v3.0.1", "HEAD:a");
    AUTO(history) struct history *h = open_history(repo);
    assert_int_equal(h->n_left_out, 2);
    assert_int_equal(history_tag(h, STR("v3.0.0")), h->n_tags);
    assert_non_null(strstr(h->note.p, "2 tags are of no commit"));
}

static enum rc revision_rc(struct history *h, const char *rev, struct err *e)
{
    struct revision r;
    return history_revision(h, str_c(rev), &r, e);
}

static void refuses_what_is_no_revision(void **state)
{
    (void)state;
    make_releases("sha1");
    TESTREPO(repo, "branch", "v1.0.0", "master");
    TESTREPO(repo, "tag", "tree", "HEAD^{tree}");
    AUTO(history) struct history *h = open_history(repo);
    struct err e = ERR_INIT;
    static const char *const never[] = {
        "--all", "-n1", "--output=/tmp/x", "HEAD~1", "a..b", "HEAD:a",   "@{1}",
        "",      "a b", "HEAD^{/x}",       ":/x",    "a\nb", "\xff\xfe", "--help"};
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        assert_int_equal(revision_rc(h, never[i], &e), RC_INVALID);
        assert_non_null(strstr(e.msg, "no name of a revision"));
    }
    assert_int_equal(revision_rc(h, "no-such", &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "no-such is not in this repository"));
    assert_int_equal(revision_rc(h, "0123456789012345678901234567890123456789", &e), RC_NOTFOUND);
    assert_int_equal(revision_rc(h, "tree", &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "is no commit"));
    assert_int_equal(revision_rc(h, "v1.0.0", &e), RC_CONFLICT);
    assert_non_null(strstr(e.msg, "ambiguous"));
    assert_int_equal(revision_rc(h, "refs/tags/v1.0.0", &e), RC_OK);
    assert_int_equal(revision_rc(h, "HEAD", &e), RC_OK);
}

/* n commits in a line, each with its number as content. */
static void import_line(size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(16u << 20);
    for (size_t i = 0; i < n; i++)
        buf_addf(&b,
                 "commit refs/heads/master\ncommitter C <c@example.org> %zu +0000\n"
                 "data 1\nx\nM 100644 inline a\ndata %d\n%06zu\n",
                 1700000000 + i, 6, i);
    testrepo_import(repo, buf_c(&b));
}

static void knows_short_and_ambiguous_ids(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    import_line(1500);
    AUTO(history) struct history *h = open_history(repo);
    struct err e = ERR_INIT;
    struct revision r;
    bool met[65536] = {false}, tried = false;
    for (uint32_t c = 0; c < h->graph->n; c++) {
        char hex[GIT_OID_HEX + 1];
        struct str full = graph_hex(h->graph, c, hex);
        if (c % 500 == 0) {
            assert_int_equal(history_revision(h, str_sub(full, 0, 16), &r, &e), RC_OK);
            assert_int_equal(r.commit, c);
        }
        const unsigned char *id = graph_id(h->graph, c);
        bool *seen = &met[id[0] * 256 + id[1]];
        if (*seen && !tried) {
            tried = true;
            assert_int_equal(history_revision(h, str_sub(full, 0, 4), &r, &e), RC_CONFLICT);
            assert_non_null(strstr(e.msg, "ambiguous: several commits begin so"));
        }
        *seen = true;
    }
    assert_true(tried);
}

static void takes_ten_thousand_tags(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    import_line(2500);
    char path[200];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(4u << 20);
    {
        AUTO(history) struct history *h = open_history(repo);
        char hex[GIT_OID_HEX + 1];
        for (uint32_t i = 0; i < 10000; i++)
            buf_addf(&b, "%s refs/tags/v1.%u.%u\n", graph_hex(h->graph, i / 4, hex).p, i / 100,
                     i % 100);
    }
    snprintf(path, sizeof path, "%s/.git/packed-refs", repo);
    assert_int_equal(file_write_sync(AT_FDCWD, path, buf_str(&b), 0644, &e), RC_OK);
    AUTO(history) struct history *h = open_history(repo);
    assert_int_equal(h->n_tags, 10000);
    assert_int_equal(tagset_count(&h->counts), 10000);
    struct tagset s = tagset_of(h->a, history_reach(h, 1000), h->n_tags);
    assert_int_equal(tagset_count(&s), 6000);
    assert_true(tagset_has(&s, history_tag(h, STR("v1.40.0"))));
    assert_false(tagset_has(&s, history_tag(h, STR("v1.39.99"))));
}

/* ---- What is missing ---- */

static void hidden_of(struct history *h, const char *rev, struct buf *b)
{
    struct revision r;
    struct err e = ERR_INIT;
    struct tagset s = tagset_new(h->a, h->n_tags);
    buf_reset(b);
    assert_int_equal(history_revision(h, str_c(rev), &r, &e), RC_OK);
    history_hidden(h, r.commit, &s);
    for (size_t t = tagset_next(&s, 0); t < s.n; t = tagset_next(&s, t + 1))
        buf_addf(b, "%.*s ", STR_ARG(h->tags[t].name));
}

static void only_what_may_be_behind_a_hole_is_unknown(void **state)
{
    (void)state;
    make_releases("sha1");
    char lost[TESTREPO_SAID];
    /* The commit of v2.0.0-rc1, between v1.1.0 and v2.0.0. */
    testrepo_said(repo, (const char *const[]){"rev-parse", "v2.0.0-rc1", NULL}, lost);
    TESTREPO(repo, "tag", "-d", "v2.0.0-rc1");
    testrepo_lose(repo, lost);
    AUTO(history) struct history *h = open_history(repo);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    assert_non_null(strstr(h->note.p, "1 commits have parents that are missing here"));
    hidden_of(h, "v1.1.0", &b); /* it may be an ancestor of the lost one */
    assert_string_equal(buf_c(&b), "v2.0.0 ");
    hidden_of(h, "v1.1.1", &b);
    assert_string_equal(buf_c(&b), "v2.0.0 ");
    hidden_of(h, "v2.0.0", &b); /* it is above the hole */
    assert_string_equal(buf_c(&b), "");
    struct str why = history_missing(h, history_tag(h, STR("v2.0.0")));
    assert_true(str_find(why, str_c(lost)) != STR_NPOS);
    assert_int_equal(history_missing(h, history_tag(h, STR("v1.1.1"))).n, 0);
}

static void a_tag_of_a_missing_commit_has_a_trouble(void **state)
{
    (void)state;
    make_releases("sha1");
    char lost[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", "v1.1.1", NULL}, lost);
    TESTREPO(repo, "branch", "-D", "-q", "old");
    testrepo_lose(repo, lost);
    AUTO(history) struct history *h = open_history(repo);
    size_t t = history_tag(h, STR("v1.1.1"));
    assert_true(t < h->n_tags);
    assert_true(h->tags[t].counts);
    assert_int_equal(h->tags[t].commit, GRAPH_NONE);
    assert_true(str_find(h->tags[t].trouble, str_c(lost)) != STR_NPOS);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    reach_of(h, "v1.0.0", &b);
    assert_string_equal(buf_c(&b), "v1.0.0 v1.1.0 v2.0.0-rc1 v2.0.0 ");
}

static void a_shallow_clone_knows_what_it_has(void **state)
{
    (void)state;
    char url[200], clone[200];
    make_releases("sha1");
    snprintf(url, sizeof url, "file://%s", repo);
    snprintf(clone, sizeof clone, "%s/clone", top);
    TESTREPO(top, "clone", "-q", "--depth", "2", url, clone);
    TESTREPO(clone, "fetch", "-q", "--depth", "1", "origin", "tag", "v1.1.1");
    AUTO(history) struct history *h = open_history(clone);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    assert_non_null(strstr(h->note.p, "shallow"));
    hidden_of(h, "v2.0.0", &b); /* v1.1.1 may hold it for all that is known here */
    assert_string_equal(buf_c(&b), "v1.1.1 ");
    struct err e = ERR_INIT;
    assert_int_equal(revision_rc(h, "v1.0.0", &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "shallow clone"));
}

static void missing_blobs_do_not_matter(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID];
    make_releases("sha1");
    testrepo_said(repo, (const char *const[]){"rev-parse", "v1.0.0:a", NULL}, blob);
    testrepo_lose(repo, blob);
    TESTREPO(repo, "config", "extensions.partialClone", "origin");
    TESTREPO(repo, "config", "core.repositoryFormatVersion", "1");
    AUTO(history) struct history *h = open_history(repo);
    assert_int_equal(h->note.n, 0);
    assert_int_equal(h->n_tags, 6);
}

static void nothing_of_the_repository_runs(void **state)
{
    (void)state;
    make_releases("sha1");
    testrepo_commit(repo, ".gitattributes", "* diff=trap filter=trap\n", 8);
    testrepo_traps(repo, top);
    (void)testrepo_trapped(top);
    AUTO(history) struct history *h = open_history(repo);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    reach_of(h, "v1.1.0", &b);
    assert_int_equal(h->n_tags, 6);
    assert_false(testrepo_trapped(top));
}

static void a_repository_without_tags_is_fine(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "1\n", 1);
    AUTO(history) struct history *h = open_history(repo);
    assert_int_equal(h->n_tags, 0);
    assert_true(tagset_empty(&h->counts));
    (void)history_reach(h, 0);
}

static void says_what_is_no_repository(void **state)
{
    (void)state;
    struct history *h = NULL;
    struct history_options o = {.scratch = top};
    struct err e = ERR_INIT;
    assert_int_equal(history_open(top, &o, &h, &e), RC_NOTFOUND);
    assert_int_equal(history_open("/nonexistent", &o, &h, &e), RC_NOTFOUND);
    o.pattern = "v{N}.{Q}";
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "1\n", 1);
    assert_int_equal(history_open(repo, &o, &h, &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "tag pattern"));
}

/* ---- Questions ---- */

static enum rc ask(struct history *h, struct arena *a, const char *text, struct question *q,
                   struct err *e)
{
    AUTO(json) json_t *j = NULL;
    assert_int_equal(json_parse(str_c(text), 10000, "x", &j, e), RC_OK);
    return question_of_json(h, j, a, q, e);
}

static void reads_questions(void **state)
{
    (void)state;
    make_releases("sha1");
    AUTO(history) struct history *h = open_history(repo);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct question q;
    struct err e = ERR_INIT;
    assert_int_equal(ask(h, a, "{\"fix\":[\"v1.1.0\",\"v1.1.1\"]}", &q, &e), RC_OK);
    assert_int_equal(q.n_groups, 1);
    assert_int_equal(q.groups[0].n, 2);
    assert_int_equal(ask(h, a, "{\"fix\":[[\"v1.1.0\",\"v1.1.1\"],[\"master\"]],\"x\":1}", &q, &e),
                     RC_OK);
    assert_int_equal(q.n_groups, 2);
    assert_int_equal(q.groups[1].n, 1);
    assert_int_equal(tagset_count(&q.counts), 5);
    assert_int_equal(ask(h, a,
                         "{\"fix\":[\"master\"],\"introduced\":[\"v1.0.0\"],"
                         "\"at\":[\"src/a:b.c:10-20\",\"x:7\"],\"tags\":[\"v1.0.0\",\"v9\"]}",
                         &q, &e),
                     RC_OK);
    assert_int_equal(q.n_introduced, 1);
    assert_int_equal(q.n_at, 2);
    assert_true(str_eq(q.at[0].path, STR("src/a:b.c")));
    assert_int_equal(q.at[0].to, 20);
    assert_int_equal(q.at[1].to, 7);
    assert_int_equal(tagset_count(&q.counts), 1);
    assert_int_equal(q.n_strange, 1);
    static const char *const bad[] = {"[]",
                                      "{}",
                                      "{\"fix\":[]}",
                                      "{\"fix\":\"master\"}",
                                      "{\"fix\":[1]}",
                                      "{\"fix\":[[]]}",
                                      "{\"fix\":[\"--all\"]}",
                                      "{\"fix\":[\"master\"],\"introduced\":\"x\"}",
                                      "{\"fix\":[\"master\"],\"tags\":[1]}",
                                      "{\"fix\":[\"master\"],\"at\":[\"a\"]}",
                                      "{\"fix\":[\"master\"],\"at\":[\"../a:1-2\"]}",
                                      "{\"fix\":[\"master\"],\"at\":[\"a:0-2\"]}",
                                      "{\"fix\":[\"master\"],\"at\":[\"a:5-2\"]}",
                                      "{\"fix\":[\"master\"],\"at\":[7]}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(ask(h, a, bad[i], &q, &e), RC_INVALID);
    assert_int_equal(ask(h, a, "{\"fix\":[\"nothing\"]}", &q, &e), RC_NOTFOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"knows_which_tags_hold_what sha1", knows_which_tags_hold_what, make_folder, remove_folder,
         (char[]){"sha1"}},
        {"knows_which_tags_hold_what sha256", knows_which_tags_hold_what, make_folder,
         remove_folder, (char[]){"sha256"}},
        TEST(leaves_out_tags_of_no_commit),
        TEST(refuses_what_is_no_revision),
        TEST(knows_short_and_ambiguous_ids),
        TEST(takes_ten_thousand_tags),
        TEST(only_what_may_be_behind_a_hole_is_unknown),
        TEST(a_tag_of_a_missing_commit_has_a_trouble),
        TEST(a_shallow_clone_knows_what_it_has),
        TEST(missing_blobs_do_not_matter),
        TEST(nothing_of_the_repository_runs),
        TEST(a_repository_without_tags_is_fine),
        TEST(says_what_is_no_repository),
        TEST(reads_questions),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
