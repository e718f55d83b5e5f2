/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/stream: many objects in order, and that no object stops the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hex.h"
#include "git/stream.h"
#include "git/testing.h"
#include "os/file.h"

#define MAX       1000
#define FILES_MAX 3000

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* Raw ids of what is asked for. */
struct ids {
    unsigned char raw[FILES_MAX][32];
    const unsigned char *v[FILES_MAX];
    size_t n;
};

static void add_id(struct ids *ids, const char *rev)
{
    char hex[TESTREPO_SAID];
    struct err e = ERR_INIT;
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, hex);
    assert_int_equal(hex_get(str_c(hex), ids->raw[ids->n], strlen(hex) / 2, "id", &e), RC_OK);
    ids->v[ids->n] = ids->raw[ids->n];
    ids->n++;
}

/* What came, one letter each: b(lob), t(ree), c(ommit), -(missing), L(arge). */
struct seen {
    char kinds[FILES_MAX + 1];
    size_t n;
    struct buf text;
    size_t stop_at;
};

static enum rc note(void *ctx, size_t nth, const struct object *o, struct err *e)
{
    struct seen *s = ctx;
    assert_int_equal(nth, s->n);
    if (s->stop_at && s->n + 1 == s->stop_at)
        return err_set(e, RC_LIMIT, "enough");
    s->kinds[s->n++] = o == NULL ? '-' : o->size > MAX ? 'L' : "ctbx"[o->type];
    if (o && o->type == OBJECT_BLOB)
        buf_add(&s->text, o->body);
    if (o && o->size <= MAX)
        assert_int_equal(o->size, o->body.n);
    if (o && o->size > MAX)
        assert_int_equal(o->body.n, 0);
    return RC_OK;
}

static void big_file(const char *name, size_t n, char fill)
{
    AUTO(mem) char *text = mem_alloc(n + 1);
    memset(text, fill, n);
    text[n] = '\0';
    testrepo_commit(repo, name, text, 1);
}

static void reads_in_order(void **state)
{
    testrepo_init(repo, *state);
    testrepo_commit(repo, "a", "one\n", 1);
    testrepo_commit(repo, "b", "two\n", 2);
    testrepo_commit(repo, "empty", "", 2);
    big_file("l", MAX + 1, 'x');
    big_file("huge", STREAM_SKIP_MAX + 1, 'y');
    AUTO(mem) struct ids *ids = mem_zalloc(sizeof *ids);
    static const char *const revs[] = {"HEAD:b",    "HEAD^{tree}", "HEAD:l",     "HEAD:a", "HEAD",
                                       "HEAD:huge", "HEAD:a",      "HEAD:empty", "HEAD:b"};
    for (size_t i = 0; i < ARRAY_LEN(revs); i++)
        add_id(ids, revs[i]);
    memset(ids->raw[ids->n], 0x5a, 32);
    ids->v[ids->n] = ids->raw[ids->n];
    ids->n++;
    add_id(ids, "HEAD:a");

    AUTO(git) struct git *g = NULL;
    AUTO(stream) struct object_stream *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(stream_open(g, MAX, &s, &e), RC_OK);
    for (int turn = 0; turn < 3; turn++) { /* one child for all of them */
        struct seen seen = {.text = BUF_INIT(1000)};
        assert_int_equal(stream_run(s, ids->v, ids->n, note, &seen, &e), RC_OK);
        assert_string_equal(seen.kinds, "btLbcLbbb-b");
        assert_string_equal(buf_c(&seen.text), "two\none\none\ntwo\none\n");
        buf_release(&seen.text);
    }
    assert_int_equal(stream_run(s, ids->v, 0, note, NULL, &e), RC_OK);

    struct seen seen = {.text = BUF_INIT(1000), .stop_at = 4};
    assert_int_equal(stream_run(s, ids->v, ids->n, note, &seen, &e), RC_LIMIT);
    assert_string_equal(e.msg, "enough");
    assert_int_equal(seen.n, 3);
    buf_release(&seen.text);
}

/* More questions than a pipe holds, more answers than a pipe holds. */
static void many_objects(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    AUTO(buf) struct buf b = BUF_INIT(1 << 24);
    buf_adds(&b, "commit refs/heads/master\ncommitter C <c@example.org> 0 +0000\ndata 0\n");
    for (int i = 0; i < FILES_MAX; i++)
        buf_addf(&b, "M 644 inline f%d\ndata 800\n%0800d\n", i, i);
    testrepo_import(repo, buf_c(&b));
    AUTO(mem) struct ids *ids = mem_zalloc(sizeof *ids);
    AUTO(buf) struct buf tree = BUF_INIT(1 << 20);
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    AUTO(stream) struct object_stream *s = NULL;
    struct err e = ERR_INIT;
    struct object got;
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(objects_open(g, &o, &e), RC_OK);
    assert_int_equal(objects_read(o, STR("master^{tree}"), 1 << 20, &got, &e), RC_OK);
    buf_add(&tree, got.body);
    struct str rest = buf_str(&tree);
    struct tree_entry t;
    while (tree_next(&rest, 20, &t))
        ids->v[ids->n++] = t.id;
    assert_int_equal(ids->n, FILES_MAX);
    assert_int_equal(stream_open(g, MAX, &s, &e), RC_OK);
    struct seen seen = {.text = BUF_INIT(1 << 24)};
    assert_int_equal(stream_run(s, ids->v, ids->n, note, &seen, &e), RC_OK);
    assert_int_equal(seen.n, FILES_MAX);
    assert_int_equal(seen.text.n, FILES_MAX * 800);
    assert_null(strchr(seen.kinds, '-'));
    buf_release(&seen.text);
}

/* nonsense: no zlib stream at all, git calls it missing; else one that ends in nonsense: git dies.
 */
static void damage(const char *rev, bool nonsense)
{
    char id[TESTREPO_SAID], path[2300];
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, id);
    snprintf(path, sizeof path, "%s/.git/objects/%.2s", repo, id);
    assert_int_equal(dir_open(AT_FDCWD, path, &fd, &e), RC_OK);
    assert_int_equal(file_read(fd, id + 2, b.max, &b, &e), RC_OK);
    testrepo_lose(repo, id);
    if (nonsense)
        memset(b.p, 'x', b.n);
    else
        memset(b.p + b.n * 3 / 4, 'x', b.n / 4);
    assert_int_equal(file_write_sync(fd, id + 2, buf_str(&b), 0444, &e), RC_OK);
}

/* Bytes that do not compress. */
static void noise(char ret[MAX])
{
    uint32_t x = 1;
    for (int i = 0; i < MAX - 1; i++) {
        x = x * 1664525u + 1013904223u;
        ret[i] = (char)('!' + (x >> 24) % 90);
    }
    ret[MAX - 1] = '\0';
}

static void damage_is_one_answer(void **state)
{
    const bool *nonsense = *state;
    char text[MAX];
    noise(text);
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "one\n", 1);
    testrepo_commit(repo, "b", text, 2);
    testrepo_commit(repo, "c", "three\n", 2);
    AUTO(mem) struct ids *ids = mem_zalloc(sizeof *ids);
    static const char *const revs[] = {"HEAD:a", "HEAD:b", "HEAD:c", "HEAD:b", "HEAD:c", "HEAD:b"};
    for (size_t i = 0; i < ARRAY_LEN(revs); i++)
        add_id(ids, revs[i]);
    damage("HEAD:b", *nonsense);
    AUTO(git) struct git *g = NULL;
    AUTO(stream) struct object_stream *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(stream_open(g, MAX, &s, &e), RC_OK);
    struct seen seen = {.text = BUF_INIT(1000)};
    assert_int_equal(stream_run(s, ids->v, ids->n, note, &seen, &e), RC_OK);
    assert_string_equal(seen.kinds, "b-b-b-");
    assert_string_equal(buf_c(&seen.text), "one\nthree\nthree\n");
    buf_release(&seen.text);
}

/* Whoever damages everything does not make us start git for ever. */
static void restarts_are_bounded(void **state)
{
    (void)state;
    char text[MAX];
    noise(text);
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "one\n", 1);
    testrepo_commit(repo, "b", text, 2);
    AUTO(mem) struct ids *ids = mem_zalloc(sizeof *ids);
    add_id(ids, "HEAD:b");
    for (ids->n = 1; ids->n < STREAM_RESTARTS_MAX + 50; ids->n++)
        ids->v[ids->n] = ids->v[0];
    add_id(ids, "HEAD:a");
    damage("HEAD:b", false);
    AUTO(git) struct git *g = NULL;
    AUTO(stream) struct object_stream *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(stream_open(g, MAX, &s, &e), RC_OK);
    struct seen seen = {.text = BUF_INIT(1000)};
    assert_int_equal(stream_run(s, ids->v, ids->n, note, &seen, &e), RC_OK);
    assert_int_equal(seen.n, ids->n);
    assert_int_equal(strspn(seen.kinds, "-"), ids->n);
    buf_release(&seen.text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"reads_in_order sha1", reads_in_order, make_folder, remove_folder, (char[]){"sha1"}},
        {"reads_in_order sha256", reads_in_order, make_folder, remove_folder, (char[]){"sha256"}},
        TEST(many_objects),
        {"damage_is_one_answer: missing", damage_is_one_answer, make_folder, remove_folder,
         (bool[]){true}},
        {"damage_is_one_answer: git dies", damage_is_one_answer, make_folder, remove_folder,
         (bool[]){false}},
        TEST(restarts_are_bounded),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
