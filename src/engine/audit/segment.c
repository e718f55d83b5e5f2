/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of index segments.  Runs in commands and in the engine child; the files are ours, but may
 * be damaged, cut off or somebody else's: nothing is believed before its sum was checked, and every
 * offset is checked besides.
 */
#include "engine/audit/segment.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/audit/segwrite.h"

#define NAME_PREFIX "seg-"

static uint32_t load32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* ---- Names ---- */

void segment_name(uint32_t base, uint32_t n_chunks, char ret[SEGMENT_NAME_MAX])
{
    snprintf(ret, SEGMENT_NAME_MAX, NAME_PREFIX "%08x-%08x", base, base + n_chunks);
}

static bool hex32(struct str s, uint32_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
            return false;
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = v;
    return s.n == 8;
}

bool segment_name_read(struct str name, uint32_t *ret_base, uint32_t *ret_n)
{
    uint32_t to;
    size_t at = sizeof NAME_PREFIX - 1;
    if (name.n != at + 17 || !str_starts(name, STR(NAME_PREFIX)) || name.p[at + 8] != '-' ||
        !hex32(str_sub(name, at, 8), ret_base) || !hex32(str_sub(name, at + 9, 8), &to) ||
        to < *ret_base)
        return false;
    *ret_n = to - *ret_base;
    return true;
}

/* ---- Opening ---- */

static enum rc damaged(struct err *e, const char *how)
{
    return err_set(e, RC_INVALID, "a file of the index is damaged: %s", how);
}

static enum rc map_file(int dirfd, const char *name, struct segment *s, struct err *e)
{
    AUTO(fd) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return err_set(e, RC_NOTFOUND, "a file of the index is gone");
    if (fd < 0 && errno == ELOOP)
        return damaged(e, "it is a link");
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "a file of the index");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > SEGMENT_FILE_MAX)
        return damaged(e, "it is no plain file of a size that can be");
    if ((uint64_t)st.st_size < SEGMENT_TRAILER)
        return damaged(e, "it is cut off");
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return err_errno(e, RC_IO, "a file of the index");
    s->map = p;
    s->size = (size_t)st.st_size;
    return RC_OK;
}

static enum rc read_trailer(struct segment *s, uint64_t *ret_sums, struct err *e)
{
    const unsigned char *t = s->map + s->size - SEGMENT_TRAILER, *p = t + 8;
    if (memcmp(t, "vndaudit", 8) != 0 ||
        load64(t + SEGMENT_TRAILER - 8) != segment_sum(t, SEGMENT_TRAILER - 8))
        return damaged(e, "it is cut off or its end was changed");
    if ((load64(p) & UINT32_MAX) != SEGMENT_VERSION)
        return err_set(e, RC_CONFLICT, "a file of the index is of another version");
    if (load64(p) >> 32 != s->id_len)
        return damaged(e, "its ids are of another kind than the repository's");
    s->base = load32(p + 8);
    s->n_chunks = load32(p + 12);
    s->n_blobs = load32(p + 16);
    s->n_trees = load32(p + 20);
    s->n_terms = load64(p + 24);
    s->n_postings = load64(p + 32);
    if (load64(p + 40) > 31)
        return damaged(e, "its directory cannot be that large");
    s->dir_bits = (unsigned)load64(p + 40);
    p += 48;
    for (size_t i = 0; i < PART_COUNT; i++, p += 16) {
        s->at[i] = load64(p);
        s->len[i] = load64(p + 8);
    }
    *ret_sums = load64(p);
    s->uid = load64(p + 8);
    return RC_OK;
}

static enum rc check_parts(const struct segment *s, uint64_t sums, struct err *e)
{
    uint64_t end = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (s->at[i] != end || s->len[i] > SEGMENT_FILE_MAX)
            return damaged(e, "its parts do not follow each other");
        end += s->len[i];
    }
    uint64_t blocks = (end + SEGMENT_BLOCK - 1) / SEGMENT_BLOCK;
    if (sums != end || s->size != end + 8 * blocks + SEGMENT_TRAILER)
        return damaged(e, "it is cut off");
    if ((uint64_t)s->base + s->n_chunks > UINT32_MAX || s->len[PART_TERMS] > UINT32_MAX ||
        s->len[PART_DIR] != 4 * ((UINT64_C(1) << s->dir_bits) + 1) ||
        s->len[PART_KEYS] != 8 * (uint64_t)s->n_chunks ||
        s->len[PART_META] != 2 * (uint64_t)s->n_chunks ||
        s->len[PART_BLOBS] != SEGMENT_BLOB_SIZE(s->id_len) * (uint64_t)s->n_blobs ||
        s->len[PART_TREES] != SEGMENT_TREE_SIZE(s->id_len) * (uint64_t)s->n_trees ||
        s->len[PART_ROOTS] % s->id_len != 0)
        return damaged(e, "its parts are not of the size that they should be");
    if (segment_sum(s->map + end, (size_t)(8 * blocks)) != s->uid)
        return damaged(e, "its sums were changed");
    return RC_OK;
}

enum rc segment_open(int dirfd, const char *name, size_t id_len, struct segment **ret_s,
                     struct err *e)
{
    AUTO(segment) struct segment *s = mem_zalloc(sizeof *s);
    uint64_t sums = 0;
    uint32_t base, n;
    s->id_len = id_len;
    TRY(map_file(dirfd, name, s, e));
    TRY(read_trailer(s, &sums, e));
    TRY(check_parts(s, sums, e));
    if (!segment_name_read(str_c(name), &base, &n) || base != s->base || n != s->n_chunks)
        return damaged(e, "it has the name of another one");
    s->seen = mem_zalloc((s->size / SEGMENT_BLOCK / 64 + 1) * sizeof *s->seen);
    *ret_s = TAKE(s);
    return RC_OK;
}

void segment_close(struct segment *s)
{
    if (s == NULL)
        return;
    if (s->map)
        (void)munmap((void *)(uintptr_t)s->map, s->size);
    free(s->seen);
    free(s);
}

void segment_auto(struct segment **s)
{
    segment_close(*s);
}

/* ---- Bytes ---- */

static bool check_block(struct segment *s, uint64_t block)
{
    uint64_t end = s->at[PART_COUNT - 1] + s->len[PART_COUNT - 1];
    uint64_t from = block * SEGMENT_BLOCK;
    uint64_t n = end - from < SEGMENT_BLOCK ? end - from : SEGMENT_BLOCK;
    if (segment_sum(s->map + from, (size_t)n) != load64(s->map + end + 8 * block)) {
        s->bad = true;
        return false;
    }
    s->seen[block / 64] |= UINT64_C(1) << block % 64;
    return true;
}

const unsigned char *segment_bytes(struct segment *s, enum segment_part part, uint64_t at,
                                   uint64_t n)
{
    if (s->bad || at > s->len[part] || n > s->len[part] - at) {
        s->bad = true;
        return NULL;
    }
    uint64_t from = s->at[part] + at;
    for (uint64_t b = from / SEGMENT_BLOCK; n > 0 && b <= (from + n - 1) / SEGMENT_BLOCK; b++)
        if ((s->seen[b / 64] >> b % 64 & 1) == 0 && !check_block(s, b))
            return NULL;
    return s->map + from;
}

bool segment_check(struct segment *s, enum segment_part part)
{
    return segment_bytes(s, part, 0, s->len[part]) != NULL;
}

/* A varint of at most 5 bytes (10 for 64 bits) below end; NULL: there is none. */
static const unsigned char *varint(const unsigned char *p, const unsigned char *end,
                                   uint64_t *ret_v)
{
    uint64_t v = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        unsigned char c = *p++;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *ret_v = v;
            return p;
        }
    }
    return NULL;
}

/* ---- Blobs and trees ---- */

bool segment_blob(struct segment *s, uint32_t i, struct segment_blob *ret)
{
    size_t size = SEGMENT_BLOB_SIZE(s->id_len);
    const unsigned char *p = segment_bytes(s, PART_BLOBS, (uint64_t)i * size, size);
    if (p == NULL)
        return false;
    const unsigned char *q = p + s->id_len;
    *ret = (struct segment_blob){.id = p,
                                 .class = load32(q),
                                 .lang = q[4],
                                 .skip = q[5],
                                 .bytes = load32(q + 8),
                                 .lines = load32(q + 12),
                                 .refs = load32(q + 16)};
    return true;
}

bool segment_tree(struct segment *s, uint32_t i, const unsigned char **ret_id,
                  struct str *ret_bytes)
{
    size_t size = SEGMENT_TREE_SIZE(s->id_len);
    const unsigned char *p = segment_bytes(s, PART_TREES, (uint64_t)i * size, size);
    if (p == NULL)
        return false;
    uint32_t n = load32(p + s->id_len + 4);
    const unsigned char *bytes = segment_bytes(s, PART_TREE_BYTES, load32(p + s->id_len), n);
    if (bytes == NULL)
        return false;
    *ret_id = p;
    *ret_bytes = str_of(bytes, n);
    return true;
}

bool segment_root(struct segment *s, const unsigned char *id)
{
    const unsigned char *p = segment_bytes(s, PART_ROOTS, 0, s->len[PART_ROOTS]);
    for (uint64_t at = 0; p && at < s->len[PART_ROOTS]; at += s->id_len)
        if (memcmp(p + at, id, s->id_len) == 0)
            return true;
    return false;
}

/* A varint of PART_REFS. */
static bool ref_varint(struct segment *s, uint64_t *at, uint64_t *ret_v)
{
    uint64_t left = *at <= s->len[PART_REFS] ? s->len[PART_REFS] - *at : 0;
    uint64_t n = left < 10 ? left : 10;
    const unsigned char *p = segment_bytes(s, PART_REFS, *at, n);
    const unsigned char *next = p ? varint(p, p + n, ret_v) : NULL;
    if (next == NULL) {
        s->bad = true;
        return false;
    }
    *at += (uint64_t)(next - p);
    return true;
}

bool segment_refs(struct segment *s, const struct segment_blob *b, struct segment_runs *ret)
{
    uint64_t n, at = b->refs;
    if (!ref_varint(s, &at, &n))
        return false;
    if (n > s->len[PART_REFS]) {
        s->bad = true;
        return false;
    }
    *ret = (struct segment_runs){.s = s, .at = at, .left = (uint32_t)n, .next = s->base};
    return true;
}

int segment_run(struct segment_runs *r, uint32_t *ret_first, uint32_t *ret_n)
{
    uint64_t d, n;
    if (r->left == 0)
        return 0;
    if (!ref_varint(r->s, &r->at, &d) || !ref_varint(r->s, &r->at, &n))
        return -1;
    int64_t delta = (int64_t)(d >> 1) ^ -(int64_t)(d & 1);
    int64_t first, end;
    if (__builtin_add_overflow((int64_t)r->next, delta, &first) || first < 0 ||
        __builtin_add_overflow(first, (int64_t)(n & INT64_MAX), &end) ||
        end >= (int64_t)r->s->base + r->s->n_chunks) {
        r->s->bad = true;
        return -1;
    }
    r->left--;
    r->next = (uint32_t)end + 1;
    *ret_first = (uint32_t)first;
    *ret_n = (uint32_t)n + 1;
    return 1;
}

/* ---- Terms ---- */

/* One entry at *p below end. */
static bool read_entry(struct segment *s, const unsigned char **p, const unsigned char *end,
                       struct segment_list *l)
{
    uint64_t d, v, second = 0;
    const unsigned char *q = varint(*p, end, &d);
    if (q)
        q = varint(q, end, &v);
    if (q == NULL || d > UINT32_MAX - l->term)
        return false;
    l->term += (uint32_t)d;
    l->kind = v & 3;
    v >>= 2;
    if (l->kind == 2) {
        if (v == 0 || v > (uint64_t)(end - q))
            return false;
        l->p = q;
        l->end = q + v;
        *p = l->end;
        return true;
    }
    if (l->kind == 1)
        q = varint(q, end, &second);
    if (q == NULL || l->kind == 3 || v >= s->n_chunks || second >= s->n_chunks - v ||
        (l->kind == 1 && second == 0))
        return false;
    l->first = s->base + (uint32_t)v;
    l->second = l->first + (uint32_t)second;
    *p = q;
    return true;
}

/* The bytes of a row of the directory. */
static const unsigned char *row_bytes(struct segment *s, uint32_t row, uint64_t *ret_n)
{
    const unsigned char *d = segment_bytes(s, PART_DIR, 4 * (uint64_t)row, 8);
    if (d == NULL)
        return NULL;
    uint32_t from = load32(d), to = load32(d + 4);
    if (to < from) {
        s->bad = true;
        return NULL;
    }
    *ret_n = to - from;
    return segment_bytes(s, PART_TERMS, from, to - from);
}

static uint32_t row_first(const struct segment *s, uint32_t row)
{
    return s->dir_bits ? row << (32 - s->dir_bits) : 0;
}

int segment_find(struct segment *s, uint32_t term, struct segment_list *ret)
{
    uint64_t n;
    uint32_t row = s->dir_bits ? term >> (32 - s->dir_bits) : 0;
    const unsigned char *p = row_bytes(s, row, &n), *end = p ? p + n : NULL;
    struct segment_list l = {.term = row_first(s, row)};
    if (p == NULL)
        return -1;
    while (p < end) {
        if (!read_entry(s, &p, end, &l)) {
            s->bad = true;
            return -1;
        }
        if (l.term == term) {
            *ret = l;
            return 1;
        }
        if (l.term > term)
            break;
    }
    return 0;
}

int64_t segment_list(struct segment *s, const struct segment_list *l, uint32_t *ret)
{
    if (l->kind < 2) {
        ret[0] = l->first;
        ret[1 * l->kind] = l->kind ? l->second : l->first;
        return l->kind + 1;
    }
    const unsigned char *p = l->p;
    uint64_t at = 0, v;
    int64_t n = 0;
    while (p < l->end) {
        if (*p < 0x80)
            v = *p++;
        else
            p = varint(p, l->end, &v);
        if (p == NULL || (v == 0 && n > 0) || v >= s->n_chunks - at) {
            s->bad = true;
            return -1;
        }
        at += v;
        ret[n++] = s->base + (uint32_t)at;
    }
    return n;
}

uint64_t segment_count(const struct segment_list *l)
{
    uint64_t n = 0;
    if (l->kind < 2)
        return l->kind + 1;
    for (const unsigned char *p = l->p; p < l->end; p++)
        n += *p < 0x80; /* the last byte of a varint */
    return n;
}

void segment_terms(struct segment *s, struct segment_terms *ret)
{
    *ret = (struct segment_terms){.s = s};
}

int segment_term(struct segment_terms *t, struct segment_list *ret)
{
    struct segment *s = t->s;
    uint64_t n;
    uint32_t rows = UINT32_C(1) << s->dir_bits;
    for (;; t->row++, t->at = 0) {
        if (t->row == rows)
            return 0;
        const unsigned char *p = row_bytes(s, t->row, &n);
        if (p == NULL)
            return -1;
        if (t->at == 0)
            t->term = row_first(s, t->row);
        if (t->at >= n)
            continue;
        const unsigned char *at = p + t->at;
        *ret = (struct segment_list){.term = t->term};
        if (!read_entry(s, &at, p + n, ret)) {
            s->bad = true;
            return -1;
        }
        t->at = (uint64_t)(at - p);
        t->term = ret->term;
        return 1;
    }
}
