/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the index and its views: the same trees give the same view, whatever happened to
 * the cache before.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/audit/chunk.h"
#include "engine/audit/index_inside.h"
#include "engine/audit/view.h"
#include "git/testing.h"
#include "os/file.h"

#define STREAM_MAX (64u << 20)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], cache[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "cache", cache);
    return 0;
}

/* git costs more than what is tested here: it is opened once for each repository. */
static struct git *git;
static struct objects *objects;

static void close_git(void)
{
    objects_close(objects);
    git_close(git);
    objects = NULL;
    git = NULL;
}

static void need_git(void)
{
    struct err e = ERR_INIT;
    if (git == NULL &&
        (git_open(repo, top, &git, &e) != RC_OK || objects_open(git, &objects, &e) != RC_OK))
        fail_msg("%s", e.msg);
}

static int remove_folder(void **state)
{
    (void)state;
    close_git();
    return testrepo_folder_remove(top);
}

/* ---- Repositories ---- */

/* Streams for git fast-import. */
static void commit_begin(struct buf *b, const char *branch)
{
    buf_addf(b, "commit refs/heads/%s\ncommitter C <c@example.org> 0 +0000\ndata 0\n", branch);
}

static void file_add(struct buf *b, const char *mode, const char *path, struct str text)
{
    buf_addf(b, "M %s inline %s\ndata %zu\n", mode, path, text.n);
    buf_add(b, text);
    buf_addc(b, '\n');
}

/* A file of made-up C: number decides what it is, edition changes a few lines of it. */
static void program(struct buf *b, int number, int edition)
{
    buf_addf(b, "#include \"p%d.h\"\n\n", number % 7);
    for (int f = 0; f < 3 + number % 5; f++) {
        buf_addf(b, "/* function %d */\nint f%d_%d(struct s *a, size_t n)\n{\n", f, number, f);
        for (int i = 0; i < 6 + (number * 5 + f) % 13; i++)
            buf_addf(b, "    if (a->x%d > n)\n        return err_%d(\"word%d of it\", 0x%d);\n",
                     (number + i) % 50, f, i % 9, 1000 + i);
        if (edition % 5 == f)
            buf_addf(b, "    check_%d(a, n);\n", edition);
        buf_adds(b, "    return 0;\n}\n\n");
    }
}

static void add_program(struct buf *b, const char *path, int number, int edition)
{
    AUTO(buf) struct buf text = BUF_INIT(1 << 20);
    program(&text, number, edition);
    file_add(b, "644", path, buf_str(&text));
}

/* Branches b0, b1, ...: each has most of its files in common with the one before. */
static void make_branches(const char *format, int branches, int files)
{
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    char path[100], name[20];
    for (int k = 0; k < branches; k++) {
        snprintf(name, sizeof name, "b%d", k);
        commit_begin(&b, name);
        for (int i = 0; i < files; i++) {
            snprintf(path, sizeof path, "dir%d/sub%d/file%d.c", i % 3, i % 5, i);
            add_program(&b, path, i, i % 4 == k % 4 ? k : 0);
        }
        snprintf(path, sizeof path, "only/%d.py", k);
        file_add(&b, "644", path, STR("def f(a):\n    return a.b\n"));
    }
    testrepo_init(repo, format);
    testrepo_import(repo, buf_c(&b));
}

static void id_of(const char *rev, char ret[TESTREPO_SAID])
{
    struct err e = ERR_INIT;
    struct object o;
    need_git();
    if (objects_info(objects, str_c(rev), &o, &e) != RC_OK)
        fail_msg("%s: %s", rev, e.msg);
    assert_int_equal(str_copy(ret, TESTREPO_SAID, str_c(o.oid), "an id", &e), RC_OK);
}

static void write_object(const char *type, struct str bytes, char ret[TESTREPO_SAID])
{
    struct err e = ERR_INIT;
    char path[TESTREPO_PATH];
    testrepo_path(top, "object", path);
    assert_int_equal(file_write_sync(AT_FDCWD, path, bytes, 0600, &e), RC_OK);
    testrepo_said(repo,
                  (const char *const[]){"hash-object", "-w", "--literally", "-t", type, path, NULL},
                  ret);
}

/* ---- The index of that repository ---- */

struct open {
    struct audit_index *ix;
};

static void open_index(struct open *o, const char *folder)
{
    struct err e = ERR_INIT;
    *o = (struct open){0};
    need_git();
    if (index_open(git, objects, folder, &o->ix, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

static void close_index(struct open *o)
{
    index_close(o->ix);
}

#define REVS_MAX 40
static struct view *open_view(struct open *o, const char *const *revs)
{
    static char hex[REVS_MAX][TESTREPO_SAID];
    struct str trees[REVS_MAX];
    size_t n = 0;
    struct view *v = NULL;
    struct err e = ERR_INIT;
    for (; revs[n]; n++) {
        id_of(revs[n], hex[n]);
        trees[n] = str_c(hex[n]);
    }
    if (view_open(o->ix, trees, n, &v, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return v;
}
#define VIEW(o, ...) open_view(o, (const char *const[]){__VA_ARGS__, NULL})

/* ---- What a view says, as one number ---- */

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* All terms of the view's files, each once. */
static size_t all_terms(struct view *v, uint32_t **ret)
{
    AUTO(tokens) struct tokens t = {0};
    struct lexer_stop stop;
    struct err e = ERR_INIT;
    size_t n = 0, cap = 0, keep = 0;
    uint32_t *all = NULL;
    for (uint32_t f = 0; f < v->n_files; f++) {
        struct str text;
        assert_int_equal(view_text(v, f, &text, &e), RC_OK);
        assert_int_equal(text.n, v->files[f].bytes);
        lexer_run(v->files[f].lang, text, 0, &t, &stop);
        if (cap < n + 2 * t.n + 1) {
            cap = 2 * (n + 2 * t.n + 1);
            all = mem_realloc(all, cap * sizeof *all);
        }
        const struct token *before = NULL;
        for (size_t i = 0; i < t.n; i++) {
            if (!term_takes(&t.v[i]))
                continue;
            n += term_single(&t.v[i], &all[n]);
            if (before)
                n += term_pair(before, &t.v[i], &all[n]);
            before = &t.v[i];
        }
    }
    qsort(all, n, sizeof *all, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[keep++] = all[i];
    *ret = all;
    return keep;
}

static uint64_t mixed(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t dump_terms(struct view *v, const uint32_t *terms, size_t n)
{
    uint64_t h = 7;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < n; i++) {
        const uint32_t *chunks;
        size_t count;
        uint32_t df;
        if (view_postings(v, terms[i], &chunks, &count, &e) != RC_OK)
            fail_msg("%s", e.msg);
        for (size_t k = 0; k < count; k++) {
            assert_true(chunks[k] < v->n_chunks && (k == 0 || chunks[k] > chunks[k - 1]));
            h = mixed(h, chunks[k]);
        }
        assert_int_equal(view_df(v, terms[i], &df, &e), RC_OK);
        assert_int_equal(df, count);
    }
    return h;
}

static uint64_t dump(struct view *v)
{
    uint64_t h = mixed(v->n_files, v->n_chunks);
    for (uint32_t f = 0; f < v->n_files; f++) {
        const struct view_file *x = &v->files[f];
        uint32_t line = 1;
        h = mixed(mixed(mixed(h, hash64(x->path)), x->lines), x->lang);
        h = mixed(h, hash64(str_of(x->id, view_id_len(v))));
        for (size_t t = 0; t < v->n_trees; t++)
            h = mixed(h, view_has(v, f, t));
        for (uint32_t r = x->first; r < x->first + x->n; r++) {
            struct view_chunk c;
            bool here = false;
            view_chunk(v, v->refs[r], &c);
            assert_int_equal(v->ref_line[r], line);
            line += c.n_lines;
            h = mixed(mixed(h, v->refs[r]), c.key);
            for (size_t p = 0; p < c.n_places; p++)
                here = here || (c.places[p].file == f && c.places[p].line == v->ref_line[r]);
            assert_true(here);
        }
        assert_int_equal(line, x->lines + 1);
    }
    for (size_t i = 0; i < v->n_skips; i++)
        h = mixed(mixed(h, hash64(v->skips[i].path)), v->skips[i].why);
    AUTO(mem) uint32_t *terms = NULL;
    size_t n = all_terms(v, &terms);
    return mixed(h, dump_terms(v, terms, n));
}

/* The dump of these revisions from a cache of their own. */
static uint64_t fresh(const char *const *revs)
{
    struct open o;
    open_index(&o, NULL);
    struct view *v = open_view(&o, revs);
    uint64_t h = dump(v);
    assert_int_equal(index_notes(o.ix).n, 0);
    view_close(v);
    close_index(&o);
    return h;
}
#define FRESH(...) fresh((const char *const[]){__VA_ARGS__, NULL})

/* ---- Tests ---- */

/* Every list of the view, made again from the texts by hand. */
static void lists_are_those_of_the_texts(void **state)
{
    make_branches(*state, 1, 40);
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "b0");
    AUTO(tokens) struct tokens t = {0};
    AUTO(chunks) struct chunks c = {0};
    struct lexer_stop stop;
    struct err e = ERR_INIT;
    assert_int_equal(v->n_files, 41);
    assert_int_equal(v->n_skips, 0);
    assert_int_equal(view_find(v, STR("dir1/sub1/file1.c")) < v->n_files, true);
    assert_int_equal(view_find(v, STR("dir1/sub1/file1.d")), UINT32_MAX);
    assert_int_equal(v->files[view_find(v, STR("only/0.py"))].lang, LANG_PYTHON);
    size_t refs = 0;
    for (uint32_t f = 0; f < v->n_files; f++) {
        struct str text;
        const struct view_file *x = &v->files[f];
        assert_int_equal(view_text(v, f, &text, &e), RC_OK);
        lexer_run(x->lang, text, 0, &t, &stop);
        chunks_cut(x->lang, text, &t, x->lines, &c);
        assert_int_equal(c.n, x->n);
        refs += c.n;
        for (size_t i = 0; i < c.n; i++) {
            struct view_chunk is;
            uint32_t number = v->refs[x->first + i], term;
            view_chunk(v, number, &is);
            assert_int_equal(is.key, c.v[i].key);
            assert_int_equal(is.lang, x->lang);
            for (uint32_t k = c.v[i].first; k < c.v[i].first + c.v[i].n; k++) {
                const uint32_t *list;
                size_t n;
                if (!term_single(&t.v[k], &term))
                    continue;
                assert_int_equal(view_postings(v, term, &list, &n, &e), RC_OK);
                assert_non_null(bsearch(&number, list, n, sizeof number, by_value));
            }
        }
    }
    assert_int_equal(refs, v->n_refs);
    assert_true(v->n_chunks < v->n_refs || v->n_chunks == v->n_refs);
    const uint32_t *list;
    size_t n;
    assert_int_equal(view_postings(v, token_hash(STR("nowhere")), &list, &n, &e), RC_OK);
    assert_int_equal(n, 0);
    view_close(v);
    close_index(&o);
}

/* Whatever else is indexed, and in which order: the same view; and nothing is read twice. */
static void order_does_not_matter(void **state)
{
    (void)state;
    make_branches("sha1", 4, 30);
    uint64_t one = FRESH("b2"), many = FRESH("b1", "b2", "b3");
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    for (size_t k = 0; k < ARRAY_LEN(orders); k++) {
        char folder[TESTREPO_PATH + 10], rev[4];
        struct open o;
        struct index_stats s, after;
        snprintf(folder, sizeof folder, "%s%zu", cache, k);
        for (size_t i = 0; i < 4; i++) {
            open_index(&o, folder);
            snprintf(rev, sizeof rev, "b%d", orders[k][i]);
            struct view *v = VIEW(&o, rev);
            if (orders[k][i] == 2)
                assert_int_equal(dump(v), one);
            view_close(v);
            close_index(&o);
        }
        open_index(&o, folder);
        index_stats(o.ix, &s);
        struct view *v = VIEW(&o, "b1", "b2", "b3");
        assert_int_equal(dump(v), many);
        view_close(v);
        v = VIEW(&o, "b2^{tree}");
        assert_int_equal(dump(v), one);
        index_stats(o.ix, &after);
        assert_int_equal(after.read_blobs, 0);
        assert_int_equal(after.chunks, s.chunks);
        assert_int_equal(after.segments, s.segments);
        view_close(v);
        close_index(&o);
    }
}

static void several_trees_at_once(void **state)
{
    (void)state;
    make_branches("sha1", 3, 8);
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "b0", "b1", "b2", "b1");
    size_t only = 0, shared = 0;
    assert_int_equal(v->n_trees, 4);
    for (uint32_t f = 0; f < v->n_files; f++) {
        unsigned in = 0;
        for (size_t t = 0; t < 4; t++)
            in += view_has(v, f, t);
        assert_int_equal(view_has(v, f, 1), view_has(v, f, 3));
        assert_false(view_has(v, f, 4));
        only += in == 1;
        shared += in == 4;
        if (f > 0)
            assert_true(str_cmp(v->files[f - 1].path, v->files[f].path) <= 0);
    }
    assert_true(only > 0 && shared > 0);
    uint32_t f = view_find(v, STR("only/1.py"));
    assert_false(view_has(v, f, 0));
    assert_true(view_has(v, f, 1));
    view_close(v);
    close_index(&o);
}

/* The index grows under an open view, its segments are merged: its numbers stay. */
static void growth_under_a_view(void **state)
{
    (void)state;
    char rev[4];
    struct open o;
    AUTO(mem) uint32_t *terms = NULL;
    make_branches("sha1", 6, 12);
    open_index(&o, cache);
    struct view *v = VIEW(&o, "b3");
    size_t n = all_terms(v, &terms);
    uint64_t all = dump(v), lists = dump_terms(v, terms, n);
    assert_int_equal(all, FRESH("b3"));
    for (int k = 0; k < 6; k++) {
        snprintf(rev, sizeof rev, "b%d", k);
        view_close(VIEW(&o, rev));
        assert_int_equal(dump_terms(v, terms, n), lists);
    }
    assert_int_equal(dump(v), all);
    view_close(v);
    close_index(&o);
}

/* How many segments there are; the first one's name. */
static size_t segments(const char *folder, char ret[600])
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *x; (x = readdir(d));)
        if (strncmp(x->d_name, "seg-", 4) == 0 && n++ == 0)
            snprintf(ret, 600, "%s/%s", folder, x->d_name);
    closedir(d);
    return n;
}

static void flip(const char *path, size_t at)
{
    char c;
    AUTO(fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
}

/* Before it is opened: the damaged file is said once and made anew. */
static void damage_is_repaired(void **state)
{
    (void)state;
    char path[600] = "";
    struct stat st;
    struct open o;
    make_branches("sha1", 1, 12);
    uint64_t want = FRESH("b0");
    open_index(&o, cache);
    view_close(VIEW(&o, "b0"));
    close_index(&o);
    assert_int_equal(segments(cache, path), 1);
    assert_int_equal(stat(path, &st), 0);
    size_t size = (size_t)st.st_size, said = 0;
    for (size_t i = 0; i < 24; i++) {
        size_t at = i * 7919 % size;
        if (i % 3 == 0)
            assert_int_equal(truncate(path, (off_t)at), 0);
        else
            flip(path, at);
        open_index(&o, cache);
        struct view *v = VIEW(&o, "b0");
        assert_int_equal(dump(v), want);
        if (index_notes(o.ix).n) {
            said++;
            assert_true(str_find(index_notes(o.ix), STR("damaged")) != STR_NPOS);
            assert_int_equal(str_chr(index_notes(o.ix), '\n'), STR_NPOS);
        }
        view_close(v);
        close_index(&o);
        assert_int_equal(segments(cache, path), 1);
        open_index(&o, cache); /* and it is whole again */
        v = VIEW(&o, "b0");
        assert_int_equal(dump(v), want);
        assert_int_equal(index_notes(o.ix).n, 0);
        view_close(v);
        close_index(&o);
    }
    assert_int_equal(said, 24);
}

/* While a view is open: its numbers stay what they are. */
static void damage_under_a_view(void **state)
{
    (void)state;
    char path[600] = "";
    struct stat st;
    struct open o;
    AUTO(mem) uint32_t *terms = NULL;
    make_branches("sha1", 2, 400);
    open_index(&o, cache);
    view_close(VIEW(&o, "b1")); /* numbers of the index are not those of the view */
    struct view *v = VIEW(&o, "b0");
    size_t n = all_terms(v, &terms);
    const struct view_file *files = v->files;
    segments(cache, path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 60000); /* so that lists of terms were not read yet */
    uint64_t want = FRESH("b0");
    flip(path, 100);
    flip(path, 20000);
    uint64_t lists = dump_terms(v, terms, n);
    assert_true(str_find(index_notes(o.ix), STR("damaged")) != STR_NPOS);
    assert_ptr_equal(v->files, files);
    assert_int_equal(dump(v), want);
    assert_int_equal(dump_terms(v, terms, n), lists);
    view_close(v);
    close_index(&o);
}

static void skips_have_reasons(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    AUTO(mem) char *large = mem_alloc(AUDIT_BLOB_MAX + 1);
    AUTO(mem) char *dense = mem_alloc(5000);
    char binary[TESTREPO_SAID];
    memset(large, '\n', AUDIT_BLOB_MAX + 1);
    for (size_t i = 0; i < 5000; i++)
        dense[i] = "f(x);"[i % 5];
    testrepo_init(repo, *state);
    write_object("blob", str_of("int\0a;", 6), binary);
    commit_begin(&b, "master");
    file_add(&b, "644", "a.c", STR("int a;\n"));
    file_add(&b, "755", "b.sh", STR("echo $a\n"));
    buf_addf(&b, "M 644 %s binary.c\n", binary);
    file_add(&b, "644", "dense.js", str_of(dense, 5000));
    file_add(&b, "120000", "dir/link.c", STR("../dir"));
    file_add(&b, "120000", "dir/loop", STR("loop"));
    file_add(&b, "644", "empty.c", STR(""));
    file_add(&b, "644", "exact.c", str_of(large, AUDIT_BLOB_MAX));
    file_add(&b, "644", "large.c", str_of(large, AUDIT_BLOB_MAX + 1));
    file_add(&b, "644", "lfs.c",
             STR("version https://git-lfs.github.com/spec/v1\noid sha256:"
                 "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"));
    file_add(&b, "644", "picture.PNG", STR("GIF89a\n"));
    file_add(&b, "644", "read.md", STR("#!/bin/sh\n"));
    file_add(&b, "644", "script", STR("#!/bin/sh\necho a\n"));
    file_add(&b, "644", "unknown.zzz", STR("what is this\n"));
    buf_addf(&b, "M 160000 %.*s sub\n", strcmp(*state, "sha256") ? 40 : 64,
             "0123456789012345678901234567890123456789012345678901234567890123");
    testrepo_import(repo, buf_c(&b));
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "master");
    static const struct {
        const char *path;
        enum audit_skip why;
    } want[] = {{"binary.c", SKIP_BINARY},    {"dense.js", SKIP_DENSE}, {"dir/link.c", SKIP_LINK},
                {"dir/loop", SKIP_LINK},      {"large.c", SKIP_LARGE},  {"lfs.c", SKIP_LFS},
                {"picture.PNG", SKIP_BINARY}, {"read.md", SKIP_LANG},   {"sub", SKIP_SUBMODULE},
                {"unknown.zzz", SKIP_LANG}};
    for (size_t i = 0; i < v->n_skips && i < ARRAY_LEN(want); i++) {
        assert_true(str_eq(v->skips[i].path, str_c(want[i].path)));
        assert_int_equal(v->skips[i].why, want[i].why);
        assert_string_not_equal(audit_skip_text(want[i].why), "not searched");
    }
    assert_int_equal(v->n_skips, ARRAY_LEN(want));
    assert_int_equal(v->n_files, 5);
    assert_int_equal(v->files[view_find(v, STR("script"))].lang, LANG_SHELL);
    assert_int_equal(v->files[view_find(v, STR("empty.c"))].n, 0);
    view_close(v);
    close_index(&o);
}

/* One content under names of two languages: two things. */
static void the_name_decides_too(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    commit_begin(&b, "master");
    file_add(&b, "644", "a.c", STR("a # b\n"));
    file_add(&b, "644", "b.py", STR("a # b\n"));
    file_add(&b, "644", "c", STR("a # b\n"));
    testrepo_init(repo, "sha1");
    testrepo_import(repo, buf_c(&b));
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "master");
    uint32_t df;
    struct err e = ERR_INIT;
    assert_int_equal(v->n_files, 2);
    assert_int_equal(v->n_skips, 1);
    assert_int_equal(v->n_chunks, 2);
    assert_int_equal(view_df(v, token_hash(STR("a")), &df, &e), RC_OK);
    assert_int_equal(df, 2);
    assert_int_equal(view_df(v, token_hash(STR("b")), &df, &e), RC_OK);
    assert_int_equal(df, 1); /* a comment in the other */
    view_close(v);
    close_index(&o);
}

static void lost_objects_are_said(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID], tree[TESTREPO_SAID];
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a.c", "int a;\n", 1);
    testrepo_commit(repo, "b.c", "int b;\n", 1);
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    commit_begin(&b, "other");
    file_add(&b, "644", "dir/c.c", STR("int c;\n"));
    file_add(&b, "644", "d.c", STR("int d;\n"));
    TESTREPO(repo, "config", "fastimport.unpackLimit", "100");
    testrepo_import(repo, buf_c(&b));
    id_of("master:b.c", blob);
    id_of("other:dir", tree);
    testrepo_lose(repo, blob);
    testrepo_lose(repo, tree);
    close_git();
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "master", "other");
    assert_int_equal(v->n_files, 2);
    assert_int_equal(v->n_skips, 2);
    assert_true(str_eq(v->skips[0].path, STR("b.c")));
    assert_int_equal(v->skips[0].why, SKIP_MISSING);
    assert_true(str_eq(v->skips[1].path, STR("dir")));
    assert_int_equal(v->skips[1].why, SKIP_MISSING);
    view_close(v);
    close_index(&o);
    /* It comes back: a fetch. */
    testrepo_commit(repo, "again.c", "int b;\n", 2);
    open_index(&o, cache);
    v = VIEW(&o, "master~1", "master");
    assert_int_equal(v->n_skips, 0);
    assert_int_equal(v->n_files, 3);
    struct err e = ERR_INIT;
    struct view *none = NULL;
    assert_int_equal(view_open(o.ix, (struct str[]){str_c(tree)}, 1, &none, &e), RC_NOTFOUND);
    assert_int_equal(view_open(o.ix, (struct str[]){STR("HEAD")}, 1, &none, &e), RC_INVALID);
    assert_int_equal(view_open(o.ix, NULL, 0, &none, &e), RC_INVALID);
    view_close(v);
    close_index(&o);
}

/* Small segments do not pile up, and what was merged says the same. */
static void many_small_additions(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    char rev[30], path[600];
    struct open o;
    size_t most = 0;
    for (int k = 0; k < 30; k++) {
        commit_begin(&b, "master");
        snprintf(path, sizeof path, "d%d/f%d.c", k % 4, k);
        add_program(&b, path, k, k);
        add_program(&b, "same.c", 3, k);
    }
    testrepo_init(repo, "sha1");
    testrepo_import(repo, buf_c(&b));
    for (int k = 29; k >= 0; k--) {
        open_index(&o, cache);
        snprintf(rev, sizeof rev, "master~%d", k);
        view_close(VIEW(&o, rev));
        close_index(&o);
        size_t n = segments(cache, path);
        most = n > most ? n : most;
    }
    assert_in_range(most, 2, 8);
    for (int k = 0; k < 30; k += 11) {
        open_index(&o, cache);
        snprintf(rev, sizeof rev, "master~%d", k);
        struct view *v = VIEW(&o, rev);
        assert_int_equal(dump(v), FRESH(rev));
        view_close(v);
        close_index(&o);
    }
}

/* Processes that add at the same time wait for each other and lose nothing. */
static void several_processes(void **state)
{
    (void)state;
    make_branches("sha1", 6, 25);
    pid_t pids[6];
    for (int k = 0; k < 6; k++) {
        pids[k] = fork();
        assert_true(pids[k] >= 0);
        if (pids[k] == 0) {
            struct open o;
            char rev[4];
            git = NULL; /* its pipes are the parent's */
            objects = NULL;
            for (int i = 0; i < 3; i++) {
                open_index(&o, cache);
                snprintf(rev, sizeof rev, "b%d", (k + i * 2) % 6);
                view_close(VIEW(&o, rev));
                close_index(&o);
            }
            _exit(0);
        }
    }
    for (int k = 0; k < 6; k++) {
        int status;
        assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct open o;
    struct index_stats s;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "b0", "b1", "b2", "b3", "b4", "b5");
    index_stats(o.ix, &s);
    assert_int_equal(s.read_blobs, 0);
    assert_int_equal(index_notes(o.ix).n, 0);
    assert_int_equal(dump(v), FRESH("b0", "b1", "b2", "b3", "b4", "b5"));
    view_close(v);
    close_index(&o);
}

/* A large index of trees that nobody asks for any more begins anew; open views go on. */
static void old_trees_are_dropped(void **state)
{
    (void)state;
    char rev[30];
    struct open o;
    struct index_stats s;
    size_t most = 0;
    make_branches("sha1", 1, 3);
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    for (int k = 0; k < 30; k++) {
        commit_begin(&b, "master");
        add_program(&b, "same.c", k, k);
    }
    testrepo_import(repo, buf_c(&b));
    open_index(&o, cache);
    o.ix->kept_min = 2000;
    struct view *v = VIEW(&o, "b0");
    uint64_t want = dump(v);
    for (int k = 29; k >= 0; k--) {
        snprintf(rev, sizeof rev, "master~%d", k);
        view_close(VIEW(&o, rev));
        index_stats(o.ix, &s);
        most = s.blobs > most ? s.blobs : most;
    }
    assert_in_range(most, AUDIT_KEPT_TIMES, 2 * AUDIT_KEPT_TIMES + 4);
    assert_int_equal(dump(v), want);
    assert_int_equal(index_notes(o.ix).n, 0);
    view_close(v);
    close_index(&o);
}

/* What a writer left that was killed is removed; other files are not ours. */
static void left_overs(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    struct open o;
    struct stat st;
    make_branches("sha1", 2, 8);
    open_index(&o, cache);
    view_close(VIEW(&o, "b0"));
    assert_int_equal(dir_open(AT_FDCWD, cache, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, ".tmp-0011", STR("x"), 0600, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "other", STR("x"), 0600, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "seg-00000000-00000001", STR("x"), 0600, &e), RC_OK);
    view_close(VIEW(&o, "b1"));
    struct view *v = VIEW(&o, "b0", "b1");
    assert_int_equal(dump(v), FRESH("b0", "b1"));
    assert_int_equal(index_notes(o.ix).n, 0);
    assert_int_equal(fstatat(fd, "other", &st, 0), 0);
    assert_int_not_equal(fstatat(fd, ".tmp-0011", &st, 0), 0);
    assert_int_not_equal(fstatat(fd, "seg-00000000-00000001", &st, 0), 0);
    view_close(v);
    close_index(&o);
}

/* A cache that cannot be used costs time, not the answer. */
static void no_folder(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct open o;
    char lock[TESTREPO_PATH + 10];
    make_branches("sha1", 1, 8);
    uint64_t want = FRESH("b0");
    assert_int_equal(file_write_sync(AT_FDCWD, cache, STR("a file"), 0600, &e), RC_OK);
    open_index(&o, cache);
    struct view *v = VIEW(&o, "b0");
    assert_int_equal(dump(v), want);
    assert_true(str_find(index_notes(o.ix), STR("cannot be used")) != STR_NPOS);
    view_close(v);
    close_index(&o);
    assert_int_equal(unlink(cache), 0);
    snprintf(lock, sizeof lock, "%s/lock", cache);
    assert_int_equal(dir_make(AT_FDCWD, lock, 0700, &e), RC_OK); /* a folder cannot be locked so */
    open_index(&o, cache);
    v = VIEW(&o, "b0");
    assert_int_equal(dump(v), want);
    assert_true(str_find(index_notes(o.ix), STR("cannot be written")) != STR_NPOS);
    view_close(v);
    close_index(&o);
}

static void ten_thousand_files(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(STREAM_MAX);
    char path[100], text[200];
    commit_begin(&b, "master");
    for (int i = 0; i < 10000; i++) {
        snprintf(path, sizeof path, "d%d/e%d/f%d.c", i % 10, i % 100, i);
        int n =
            snprintf(text, sizeof text, "int a%d(int b)\n{\n    return b + %d;\n}\n", i, i % 977);
        file_add(&b, "644", path, str_of(text, (size_t)n));
    }
    testrepo_init(repo, "sha1");
    testrepo_import(repo, buf_c(&b));
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, "master");
    uint32_t df;
    struct err e = ERR_INIT;
    assert_int_equal(v->n_files, 10000);
    assert_int_equal(v->n_chunks, 10000);
    assert_int_equal(view_df(v, token_hash(STR("return")), &df, &e), RC_OK);
    assert_int_equal(df, 10000);
    assert_int_equal(view_df(v, token_hash(STR("a9999")), &df, &e), RC_OK);
    assert_int_equal(df, 1);
    assert_int_equal(view_df(v, token_hash(STR("976")), &df, &e), RC_OK);
    assert_int_equal(df, 10);
    view_close(v);
    close_index(&o);
}

/* ---- Trees that git would not make ---- */

static void entry(struct buf *b, const char *mode, struct str name, const char *hex)
{
    unsigned char id[20];
    struct err e = ERR_INIT;
    assert_int_equal(hex_get(str_c(hex), id, 20, "id", &e), RC_OK);
    buf_addf(b, "%s ", mode);
    buf_add(b, name);
    buf_addc(b, '\0');
    buf_add(b, str_of(id, 20));
}

static void hostile_trees(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(mem) char *longest = mem_alloc(70000);
    char blob[TESTREPO_SAID], tree[TESTREPO_SAID], sub[TESTREPO_SAID], root[TESTREPO_SAID];
    memset(longest, 'x', 70000);
    testrepo_init(repo, "sha1");
    write_object("blob", STR("int a;\n"), blob);
    write_object("blob", STR("int a; /* no tree */\n"), tree);
    entry(&b, "100644", STR("deep.c"), blob);
    write_object("tree", buf_str(&b), sub);
    buf_reset(&b);
    static const char *const names[] = {"..", ".", "a/b.c", "a\nb.c", "z.c", "y.c", "a.c", "a.c"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        entry(&b, "100644", str_c(names[i]), blob); /* not in order, one of them twice */
    entry(&b, "100644", str_of(longest, 70000), blob);
    entry(&b, "40000", STR("../../etc"), sub);
    entry(&b, "40000", STR(".."), sub);
    entry(&b, "40000", STR("ok"), sub);
    entry(&b, "40000", STR("blob"), tree);
    entry(&b, "100644", STR("tree.c"), sub);
    entry(&b, "20000", STR("device.c"), blob);
    entry(&b, "160000", STR("sub"), blob);
    entry(&b, "100644", STR("zero.c"), "0000000000000000000000000000000000000000");
    entry(&b, "40000", STR("zero"), "0000000000000000000000000000000000000000");
    write_object("tree", buf_str(&b), root);
    struct open o;
    open_index(&o, cache);
    struct view *v = VIEW(&o, root);
    assert_int_equal(v->n_files, 4);
    static const char *const good[] = {"a.c", "ok/deep.c", "y.c", "z.c"};
    for (size_t i = 0; i < 4; i++)
        assert_true(str_eq(v->files[i].path, str_c(good[i])));
    size_t paths = 0, missing = 0;
    for (size_t i = 0; i < v->n_skips; i++) {
        paths += v->skips[i].why == SKIP_PATH;
        missing += v->skips[i].why == SKIP_MISSING;
        assert_true(v->skips[i].path.n <= GIT_PATH_MAX + 1);
    }
    assert_int_equal(paths, 7);
    assert_int_equal(missing, 4);
    view_close(v);
    close_index(&o);
}

/* Ten folders that are the same one, and so on: a tree of more files than there are. */
static void a_bomb_of_trees(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    char id[TESTREPO_SAID], name[10];
    struct err e = ERR_INIT;
    struct view *v = NULL;
    struct open o;
    testrepo_init(repo, "sha1");
    write_object("blob", STR("int a;\n"), id);
    for (int level = 0; level < 10; level++) {
        buf_reset(&b);
        for (int i = 0; i < 10; i++) {
            snprintf(name, sizeof name, level ? "d%d" : "f%d.c", i);
            entry(&b, level ? "40000" : "100644", str_c(name), id);
        }
        write_object("tree", buf_str(&b), id);
    }
    open_index(&o, cache);
    assert_int_equal(index_add(o.ix, (struct str[]){str_c(id)}, 1, NULL, NULL, &e), RC_OK);
    assert_int_equal(view_open(o.ix, (struct str[]){str_c(id)}, 1, &v, &e), RC_LIMIT);
    close_index(&o);
}

static void lines_of_a_text(void **state)
{
    (void)state;
    struct str t = STR("a\nb\n\nd");
    assert_true(str_eq(text_lines(t, 1, 1), STR("a\n")));
    assert_true(str_eq(text_lines(t, 2, 2), STR("b\n\n")));
    assert_true(str_eq(text_lines(t, 4, 9), STR("d")));
    assert_int_equal(text_lines(t, 5, 1).n, 0);
    assert_int_equal(text_lines(t, 1, 0).n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
#define TEST_OF(f, k)                                                                              \
    {                                                                                              \
#f " " k, f, make_folder, remove_folder, (char[])                                          \
        {                                                                                          \
            k                                                                                      \
        }                                                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(lists_are_those_of_the_texts, "sha1"),
        TEST_OF(lists_are_those_of_the_texts, "sha256"),
        TEST(order_does_not_matter),
        TEST(several_trees_at_once),
        TEST(growth_under_a_view),
        TEST(damage_is_repaired),
        TEST(damage_under_a_view),
        TEST_OF(skips_have_reasons, "sha1"),
        TEST_OF(skips_have_reasons, "sha256"),
        TEST(the_name_decides_too),
        TEST(lost_objects_are_said),
        TEST(many_small_additions),
        TEST(several_processes),
        TEST(old_trees_are_dropped),
        TEST(left_overs),
        TEST(no_folder),
        TEST(ten_thousand_files),
        TEST(hostile_trees),
        TEST(a_bomb_of_trees),
        cmocka_unit_test(lines_of_a_text),
    };
    return cmocka_run_group_tests_name("audit-index", tests, NULL, NULL);
}
