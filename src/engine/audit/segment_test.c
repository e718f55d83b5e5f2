/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of segments: what was written is read, nothing damaged is believed, and of pieces:
 * they depend on what stands there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/audit/chunk.h"
#include "engine/audit/postings.h"
#include "git/testing.h"
#include "os/file.h"

#define ID 20

static char top[TESTREPO_TOP];
static int dir = -1;

static int make_folder(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    return testrepo_folder(top) != 0 || dir_open(AT_FDCWD, top, &dir, &e) != RC_OK ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    close(dir);
    return testrepo_folder_remove(top);
}

static uint32_t next(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8 ^ *x << 11;
}

/* ---- Segments ---- */

/* Postings of a made-up segment: `terms` terms in `chunks` pieces from base on. */
struct made {
    uint32_t base, chunks, blobs, trees;
    struct pair {
        uint32_t term, chunk;
    } * v;
    size_t n;
};

static int by_pair(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    if (a->term != b->term)
        return a->term < b->term ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

/* Few terms are in many pieces, many in few; all bits of a term are used. */
static void make_pairs(struct made *m, uint32_t per_chunk, uint32_t terms, uint32_t seed)
{
    uint32_t x = seed;
    m->v = mem_alloc((size_t)m->chunks * per_chunk * sizeof *m->v);
    for (uint32_t c = 0; c < m->chunks; c++) {
        size_t from = m->n;
        for (uint32_t i = 0; i < per_chunk; i++) {
            uint32_t t = next(&x) % (next(&x) % terms + 1), at = 0;
            t = t == 7 ? UINT32_MAX : t * 0x9e3779b1u;
            while (from + at < m->n && m->v[from + at].term != t)
                at++;
            if (from + at == m->n)
                m->v[m->n++] = (struct pair){t, c};
        }
    }
}

static void id_of(uint32_t i, unsigned char id[ID])
{
    memset(id, (int)(i >> 8), ID);
    id[0] = (unsigned char)(i >> 8);
    id[1] = (unsigned char)i;
}

static void write_rest(const struct made *m, struct segwrite *w)
{
    unsigned char id[ID];
    AUTO(buf) struct buf refs = BUF_INIT(1 << 24);
    segwrite_part(w, PART_KEYS);
    for (uint32_t i = 0; i < m->chunks; i++)
        segwrite_add(w, &(uint64_t){i * UINT64_C(0x123456789) + 1}, 8);
    segwrite_part(w, PART_META);
    for (uint32_t i = 0; i < m->chunks; i++)
        segwrite_add(w, (unsigned char[]){LANG_C, (unsigned char)(i % 40 + 1)}, 2);
    segwrite_part(w, PART_BLOBS);
    for (uint32_t i = 0; i < m->blobs; i++) {
        uint32_t list[3] = {m->base + i % m->chunks, m->base + (i + 1) % m->chunks,
                            m->base ? i % m->base : 0};
        struct segment_blob b = {
            .id = id, .class = LANG_C, .lang = LANG_CPP, .bytes = i, .lines = 9};
        id_of(i, id);
        b.refs = (uint32_t)refs.n;
        segwrite_refs(&refs, m->base, list, i % 4);
        segwrite_blob(w, &b);
    }
    segwrite_part(w, PART_REFS);
    segwrite_add(w, refs.p, refs.n);
    segwrite_part(w, PART_TREES);
    for (uint32_t i = 0; i < m->trees; i++) {
        id_of(i, id);
        segwrite_tree(w, id, 3 * i, 3);
    }
    segwrite_part(w, PART_TREE_BYTES);
    for (uint32_t i = 0; i < m->trees; i++)
        segwrite_add(w, "abc", 3);
    segwrite_part(w, PART_ROOTS);
    id_of(7, id);
    segwrite_add(w, id, ID);
}

static void write_made(struct made *m, char name[SEGMENT_NAME_MAX])
{
    struct postings *p = postings_new();
    AUTO(segwrite) struct segwrite *w = NULL;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < m->n; i++)
        postings_add(p, m->v[i].term, m->v[i].chunk);
    assert_int_equal(postings_count(p), m->n);
    struct segwrite_head head = {
        .base = m->base, .n_chunks = m->chunks, .id_len = ID, .postings = m->n};
    assert_int_equal(segwrite_new(dir, &head, &w, &e), RC_OK);
    postings_write(p, m->base, w);
    segwrite_terms_end(w);
    write_rest(m, w);
    assert_int_equal(segwrite_end(w, m->blobs, m->trees, &e), RC_OK);
    segment_name(m->base, m->chunks, name);
    postings_free(p);
    qsort(m->v, m->n, sizeof *m->v, by_pair);
}

/* Everything that a segment says, as one number; false: it was found damaged. */
static bool read_all(struct segment *s, uint64_t *ret)
{
    AUTO(mem) uint32_t *list = mem_alloc(((size_t)s->n_chunks + 2) * sizeof *list);
    struct segment_terms t;
    struct segment_list l;
    int more = 1;
    uint64_t h = s->base;
    segment_terms(s, &t);
    while ((more = segment_term(&t, &l)) > 0) {
        int64_t n = segment_list(s, &l, list);
        if (n < 0)
            return false;
        h = h * 31 + l.term;
        for (int64_t i = 0; i < n; i++) {
            assert_in_range(list[i], s->base, (uint64_t)s->base + s->n_chunks - 1);
            h = h * 31 + list[i];
        }
        if (segment_find(s, l.term, &l) != 1 && !s->bad)
            return false;
    }
    if (more < 0)
        return false;
    for (uint32_t i = 0; i < s->n_blobs; i++) {
        struct segment_blob b;
        struct segment_runs runs;
        uint32_t first, n;
        if (!segment_blob(s, i, &b) || !segment_refs(s, &b, &runs))
            return false;
        h = h * 31 + b.bytes + b.lines + b.class + b.lang + b.skip + b.id[1];
        while ((more = segment_run(&runs, &first, &n)) > 0)
            h = (h * 31 + first) * 31 + n;
        if (more < 0)
            return false;
    }
    for (uint32_t i = 0; i < s->n_trees; i++) {
        const unsigned char *id;
        struct str bytes;
        if (!segment_tree(s, i, &id, &bytes))
            return false;
        h = h * 31 + bytes.n + (unsigned char)bytes.p[0] + id[1];
    }
    for (unsigned part = PART_KEYS; part <= PART_ROOTS; part++)
        if (!segment_check(s, part))
            return false;
    *ret = h;
    return !s->bad;
}

/* Every term of the segment and some that are not in it, each by itself. */
static void check_made(const struct made *m, struct segment *s)
{
    AUTO(mem) uint32_t *list = mem_alloc(((size_t)s->n_chunks + 2) * sizeof *list);
    struct segment_list l;
    uint64_t terms = 0;
    for (size_t i = 0, to; i < m->n; i = to, terms++) {
        for (to = i; to < m->n && m->v[to].term == m->v[i].term;)
            to++;
        assert_int_equal(segment_find(s, m->v[i].term, &l), 1);
        assert_int_equal(segment_list(s, &l, list), to - i);
        for (size_t k = i; k < to; k++)
            assert_int_equal(list[k - i], m->base + m->v[k].chunk);
        uint32_t other = m->v[i].term + 1;
        if (other && (to == m->n || m->v[to].term != other))
            assert_int_equal(segment_find(s, other, &l), 0);
    }
    assert_int_equal(s->n_terms, terms);
    assert_int_equal(s->n_postings, m->n);
    assert_false(s->bad);
}

static void writes_and_reads(void **state)
{
    static const struct {
        uint32_t base, chunks, per_chunk, terms;
    } cases[] = {{0, 1, 1, 1},          {5, 1, 30, 100},    {0, 3, 0, 1},
                 {100, 300, 40, 2000},  {1, 5000, 30, 500}, {7, 20000, 8, 100000},
                 {0, 6000, 60, 1000000}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct made m = {
            .base = cases[i].base, .chunks = cases[i].chunks, .blobs = 300, .trees = 9};
        char name[SEGMENT_NAME_MAX];
        struct err e = ERR_INIT;
        AUTO(segment) struct segment *s = NULL;
        uint64_t all;
        make_pairs(&m, cases[i].per_chunk, cases[i].terms, (uint32_t)i);
        write_made(&m, name);
        assert_int_equal(segment_open(dir, name, ID, &s, &e), RC_OK);
        check_made(&m, s);
        unsigned char id[ID];
        id_of(7, id);
        assert_true(segment_root(s, id));
        id_of(8, id);
        assert_false(segment_root(s, id));
        assert_true(read_all(s, &all));
        assert_null(segment_bytes(s, PART_TREE_BYTES, 0, 28));
        free(m.v);
    }
}

/* A piece far behind the one before of its bucket, and a bucket that is full. */
static void far_and_full(void **state)
{
    (void)state;
    struct made m = {.chunks = 3000000, .blobs = 1};
    char name[SEGMENT_NAME_MAX];
    struct err e = ERR_INIT;
    AUTO(segment) struct segment *s = NULL;
    m.v = mem_alloc(40 * sizeof *m.v);
    for (uint32_t i = 0; i < 40; i++)
        m.v[m.n++] = (struct pair){.term = i % 3 ? 5 : 0xfffffff0u + i % 7, .chunk = i * 70001};
    write_made(&m, name);
    assert_int_equal(segment_open(dir, name, ID, &s, &e), RC_OK);
    check_made(&m, s);
    free(m.v);

    struct postings *p = postings_new();
    for (uint32_t i = 0; i < POSTINGS_BUCKET_MAX; i++) {
        assert_false(postings_full(p));
        postings_add(p, 77, i);
    }
    assert_true(postings_full(p));
    postings_reset(p);
    assert_false(postings_full(p));
    assert_int_equal(postings_count(p), 0);
    postings_free(p);
}

/* Whatever byte changes or is cut off: it is said, or nothing that was read is another. */
static void no_damage_is_believed(void **state)
{
    (void)state;
    struct made m = {.base = 3, .chunks = 40, .blobs = 20, .trees = 4};
    char name[SEGMENT_NAME_MAX];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf file = BUF_INIT(1 << 20);
    AUTO(segment) struct segment *good = NULL;
    uint64_t all, other;
    make_pairs(&m, 12, 60, 1);
    write_made(&m, name);
    assert_int_equal(segment_open(dir, name, ID, &good, &e), RC_OK);
    assert_true(read_all(good, &all));
    assert_int_equal(file_read(dir, name, 1 << 20, &file, &e), RC_OK);
    assert_in_range(file.n, 1500, 8000);
    for (size_t i = 0; i < 2 * file.n; i++) {
        AUTO(fd) int fd = -1;
        AUTO(segment) struct segment *s = NULL;
        bool cut = i >= file.n;
        size_t at = cut ? i - file.n : i;
        assert_int_equal(unlinkat(dir, name, 0), 0);
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        file.p[at] ^= (char)(cut ? 0 : 1 << at % 8);
        assert_int_equal(fd_write_all(fd, str_sub(buf_str(&file), 0, cut ? at : file.n), &e),
                         RC_OK);
        file.p[at] ^= (char)(cut ? 0 : 1 << at % 8);
        enum rc rc = segment_open(dir, name, ID, &s, &e);
        if (rc == RC_OK) {
            assert_false(cut);
            assert_false(read_all(s, &other));
        } else {
            assert_int_equal(rc, RC_INVALID);
        }
    }
    free(m.v);
}

/* Bytes that never were a segment of ours, with all sums right, are still no way out of the file.
 */
static void other_kinds_are_refused(void **state)
{
    (void)state;
    struct made m = {.base = 0, .chunks = 4, .blobs = 2};
    char name[SEGMENT_NAME_MAX];
    struct err e = ERR_INIT;
    struct segment *s = NULL;
    make_pairs(&m, 4, 9, 1);
    write_made(&m, name);
    assert_int_equal(segment_open(dir, name, 32, &s, &e), RC_INVALID);
    assert_int_equal(segment_open(dir, "seg-none", ID, &s, &e), RC_NOTFOUND);
    assert_int_equal(renameat(dir, name, dir, "seg-00000001-00000005"), 0);
    assert_int_equal(segment_open(dir, "seg-00000001-00000005", ID, &s, &e), RC_INVALID);
    assert_int_equal(symlinkat("seg-00000001-00000005", dir, name), 0);
    assert_int_not_equal(segment_open(dir, name, ID, &s, &e), RC_OK);
    uint32_t base, n;
    assert_true(segment_name_read(STR("seg-00000001-00000005"), &base, &n));
    assert_int_equal(base, 1);
    assert_int_equal(n, 4);
    static const char *const bad[] = {"seg-00000005-00000001",  "seg-0000000g-00000005", "seg-1-5",
                                      "seg-00000001-000000055", "seg-00000001_00000005", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(segment_name_read(str_c(bad[i]), &base, &n));
    free(m.v);
}

/* ---- Pieces ---- */

static void cut(const char *text, struct tokens *t, struct chunks *c)
{
    struct lexer_stop stop;
    uint32_t lines = 0, line = 1;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    lexer_run(LANG_C, str_c(text), 0, t, &stop);
    chunks_cut(LANG_C, str_c(text), t, lines, c);
    for (size_t i = 0; i < c->n; i++) { /* they cover all lines */
        assert_int_equal(c->v[i].line, line);
        assert_in_range(c->v[i].n_lines, 1, CHUNK_SPAN_MAX);
        assert_int_not_equal(c->v[i].key, 0);
        line += c->v[i].n_lines;
        for (uint32_t k = c->v[i].first; k < c->v[i].first + c->v[i].n; k++)
            assert_in_range(t->v[k].line, c->v[i].line, line - 1);
    }
    assert_int_equal(line, lines + 1);
}

/* A program of so many functions. */
static void program(struct buf *b, int functions, const char *extra, int extra_at)
{
    for (int i = 0; i < functions; i++) {
        buf_addf(b, "static int f%d(int a)\n{\n", i);
        for (int k = 0; k < 5 + i % 23; k++)
            buf_addf(b, "    a += g%d(h%d, \"x\");\n", k * 7 + i, k);
        if (i == extra_at)
            buf_adds(b, extra);
        buf_adds(b, "    return a;\n}\n\n");
    }
}

static size_t shared(const struct chunks *a, const struct chunks *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n && !found; k++)
            found = a->v[i].key == b->v[k].key;
        n += found;
    }
    return n;
}

static void pieces_depend_on_what_is_there(void **state)
{
    (void)state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(buf) struct buf c = BUF_INIT(1 << 20);
    AUTO(tokens) struct tokens t = {0};
    AUTO(chunks) struct chunks ca = {0};
    AUTO(chunks) struct chunks cb = {0};
    AUTO(chunks) struct chunks cc = {0};
    program(&a, 60, "", 30);
    program(&b, 60, "    if (a > 5)\n        a = 5;\n", 30);
    cut(buf_c(&a), &t, &ca);
    assert_in_range(ca.n, 60, 400);
    cut(buf_c(&b), &t, &cb);
    assert_true(shared(&ca, &cb) + 3 >= ca.n); /* a change of two lines is one of a piece or two */
    assert_true(shared(&ca, &cb) < ca.n);

    /* Another indentation and other comments are none. */
    for (const char *p = buf_c(&b); *p; p++) {
        buf_addc(&c, *p == ' ' ? '\t' : *p);
        if (*p == '{')
            buf_adds(&c, " /* else */");
    }
    cut(buf_c(&c), &t, &cc);
    assert_int_equal(cc.n, cb.n);
    for (size_t i = 0; i < cc.n; i++)
        assert_int_equal(cc.v[i].key, cb.v[i].key);
}

static void odd_texts_are_cut(void **state)
{
    (void)state;
    AUTO(tokens) struct tokens t = {0};
    AUTO(chunks) struct chunks c = {0};
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    cut("", &t, &c);
    assert_int_equal(c.n, 0);
    cut("\n", &t, &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.v[0].n, 0);
    cut("int a;\n", &t, &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.v[0].n, 3);
    buf_adds(&b, "/*\n");
    for (int i = 0; i < 1000; i++)
        buf_adds(&b, " * words\n");
    buf_adds(&b, " */\nint a;\n");
    for (int i = 0; i < 300; i++)
        buf_adds(&b, "\n");
    for (int i = 0; i < 500; i++)
        buf_adds(&b, "x;\n"); /* all lines alike: the longest pieces, or the shortest */
    cut(buf_c(&b), &t, &c);
    for (size_t i = 0; i < c.n; i++)
        assert_true(c.v[i].n <= 2 * CHUNK_LINES_MAX + 3);
}

static void terms_of_tokens(void **state)
{
    (void)state;
    AUTO(tokens) struct tokens t = {0};
    struct lexer_stop stop;
    uint32_t a, b;
    lexer_run(LANG_C, STR("f(x, 12, 1234, \"say\");\n"), 0, &t, &stop);
    size_t f = 0, x = 0, small = 0, large = 0, say = 0;
    for (size_t i = 0; i < t.n; i++) {
        const struct token *k = &t.v[i];
        if (k->kind == TOKEN_WORD)
            *(k->at == 0 ? &f : &x) = i;
        if (k->kind == TOKEN_NUMBER)
            *(k->len == 2 ? &small : &large) = i;
        if (k->kind == TOKEN_STRING_WORD)
            say = i;
        assert_int_equal(term_takes(k), k->kind != TOKEN_PUNCT);
    }
    assert_true(term_single(&t.v[f], &a));
    assert_int_equal(a, token_hash(STR("f")));
    assert_false(term_single(&t.v[small], &a));
    assert_true(term_single(&t.v[large], &a));
    assert_true(term_single(&t.v[say], &a));
    assert_true(term_pair(&t.v[f], &t.v[x], &a));
    assert_true(term_pair(&t.v[x], &t.v[f], &b));
    assert_int_not_equal(a, b);
    assert_true(term_pair(&t.v[x], &t.v[small], &a));
    assert_false(term_pair(&t.v[small], &t.v[large], &a));
    assert_false(term_pair(&t.v[large], &t.v[say], &a));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_and_reads),
        TEST(far_and_full),
        TEST(no_damage_is_believed),
        TEST(other_kinds_are_refused),
        cmocka_unit_test(pieces_depend_on_what_is_there),
        cmocka_unit_test(odd_texts_are_cut),
        cmocka_unit_test(terms_of_tokens),
    };
    return cmocka_run_group_tests_name("audit-segment", tests, NULL, NULL);
}
