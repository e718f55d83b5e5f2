/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of index segments.  Runs in commands and in the engine child; what it is given is ours,
 * made from a stranger's text.
 */
#include "engine/audit/segwrite.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#define OUT_SIZE   (16u * SEGMENT_BLOCK)
#define ROW_TERMS  64 /* postings for each row of the directory */
#define DIR_BITS   20u
#define TMP_RANDOM 8
#define LIST_ONE   0u
#define LIST_TWO   1u
#define LIST_MANY  2u

struct segwrite {
    int dirfd, fd;
    struct segwrite_head head;
    char tmp[64];
    unsigned char *out; /* the block that is being filled, and those before it */
    size_t n_out;
    uint64_t done; /* bytes before out */
    uint64_t *sums;
    size_t n_sums, cap_sums;
    uint64_t at[PART_COUNT], len[PART_COUNT];
    enum segment_part part;
    unsigned dir_bits;
    uint32_t *dir;
    uint32_t rows; /* of dir that are known */
    uint32_t last; /* term */
    uint64_t n_terms, n_postings;
    struct buf list;
    bool failed, finished;
    int error; /* errno */
};

/* ---- Sums ---- */

static uint64_t mix64(uint64_t h)
{
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

uint64_t segment_sum(const unsigned char *p, size_t n)
{
    static const uint64_t mul = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t lane[4] = {n ^ mul, n + 1, n + 2, n + 3};
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        for (unsigned k = 0; k < 4; k++) {
            uint64_t h = lane[k] ^ load64(p + i + (size_t)8 * k);
            lane[k] = ((h << 29) | (h >> 35)) * mul;
        }
    }
    for (; i < n; i++)
        lane[i & 3] = (lane[i & 3] ^ p[i]) * mul;
    uint64_t h = 0;
    for (unsigned k = 0; k < 4; k++)
        h = mix64(h * mul + lane[k]);
    return h;
}

/* ---- Bytes ---- */

static void fail_with(struct segwrite *w, int error)
{
    if (!w->failed)
        w->error = error;
    w->failed = true;
}

static void write_out(struct segwrite *w, size_t n)
{
    size_t at = 0;
    while (at < n && !w->failed) {
        ssize_t got = write(w->fd, w->out + at, n - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail_with(w, errno);
        else
            at += (size_t)got;
    }
}

/* Sums of what is in out, which starts at a block, and off to the disk. */
static void flush(struct segwrite *w)
{
    for (size_t i = 0; i < w->n_out; i += SEGMENT_BLOCK) {
        if (w->n_sums == w->cap_sums) {
            w->cap_sums = w->cap_sums * 2 + 64;
            w->sums = mem_realloc(w->sums, w->cap_sums * sizeof *w->sums);
        }
        size_t n = w->n_out - i < SEGMENT_BLOCK ? w->n_out - i : SEGMENT_BLOCK;
        w->sums[w->n_sums++] = htole64(segment_sum(w->out + i, n));
    }
    write_out(w, w->n_out);
    w->done += w->n_out;
    w->n_out = 0;
}

void segwrite_add(struct segwrite *w, const void *p, size_t n)
{
    const unsigned char *from = p;
    w->len[w->part] += n;
    while (n > 0) {
        size_t room = OUT_SIZE - w->n_out, part = n < room ? n : room;
        memcpy(w->out + w->n_out, from, part);
        w->n_out += part;
        from += part;
        n -= part;
        if (w->n_out == OUT_SIZE)
            flush(w);
    }
}

static void add32(struct segwrite *w, uint32_t v)
{
    uint32_t le = htole32(v);
    segwrite_add(w, &le, sizeof le);
}

static size_t put_varint(unsigned char *p, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        p[n++] = (unsigned char)(v | 0x80);
    p[n++] = (unsigned char)v;
    return n;
}

static void buf_varint(struct buf *b, uint64_t v)
{
    unsigned char p[10];
    size_t n = put_varint(p, v);
    buf_add(b, str_of(p, n));
}

/* ---- Beginning ---- */

static unsigned dir_bits_for(uint64_t postings)
{
    unsigned bits = 0;
    while (bits < DIR_BITS && (postings / ROW_TERMS) >> bits > 1)
        bits++;
    return bits;
}

enum rc segwrite_new(int dirfd, const struct segwrite_head *head, struct segwrite **ret_w,
                     struct err *e)
{
    AUTO(segwrite) struct segwrite *w = mem_zalloc(sizeof *w);
    unsigned char r[TMP_RANDOM];
    w->fd = -1;
    w->dirfd = dirfd;
    w->head = *head;
    memcpy(w->tmp, FILE_TMP_PREFIX, sizeof FILE_TMP_PREFIX);
    random_bytes(r, sizeof r);
    hex_put(w->tmp + sizeof FILE_TMP_PREFIX - 1, r, sizeof r);
    int fd = openat(dirfd, w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno == EACCES ? RC_DENIED : RC_IO, "a file of the index");
    w->fd = fd;
    w->out = mem_alloc(OUT_SIZE);
    w->dir_bits = dir_bits_for(head->postings);
    w->dir = mem_alloc((((size_t)1 << w->dir_bits) + 1) * sizeof *w->dir);
    w->part = PART_TERMS;
    buf_init(&w->list, SIZE_MAX / 4);
    *ret_w = TAKE(w);
    return RC_OK;
}

void segwrite_free(struct segwrite *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0) {
        close(w->fd);
        if (!w->finished)
            (void)unlinkat(w->dirfd, w->tmp, 0);
    }
    free(w->out);
    free(w->sums);
    free(w->dir);
    buf_release(&w->list);
    free(w);
}

void segwrite_auto(struct segwrite **w)
{
    segwrite_free(*w);
}

/* ---- Terms ---- */

/* Rows of the directory up to that of this term begin here. */
static void rows_to(struct segwrite *w, uint32_t row)
{
    for (; w->rows <= row; w->rows++) {
        w->dir[w->rows] = (uint32_t)w->len[PART_TERMS];
        w->last = w->dir_bits ? w->rows << (32 - w->dir_bits) : 0;
    }
}

static void add_many(struct segwrite *w, const uint32_t *chunks, size_t n)
{
    unsigned char p[10];
    buf_reset(&w->list);
    char *room = buf_room(&w->list, n * 5);
    BUG_ON(room == NULL);
    unsigned char *at = (unsigned char *)room;
    uint32_t last = w->head.base;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = chunks[i] - last;
        last = chunks[i];
        for (; v >= 0x80; v >>= 7)
            *at++ = (unsigned char)(v | 0x80);
        *at++ = (unsigned char)v;
    }
    size_t len = (size_t)(at - (unsigned char *)room);
    segwrite_add(w, p, put_varint(p, (uint64_t)len << 2 | LIST_MANY));
    segwrite_add(w, room, len);
}

void segwrite_term(struct segwrite *w, uint32_t term, const uint32_t *chunks, size_t n)
{
    unsigned char p[30];
    uint32_t row = w->dir_bits ? term >> (32 - w->dir_bits) : 0;
    BUG_ON(n == 0);
    if (w->rows <= row)
        rows_to(w, row);
    size_t len = put_varint(p, term - w->last);
    w->last = term;
    w->n_terms++;
    w->n_postings += n;
    uint64_t first = chunks[0] - w->head.base;
    if (n <= 2) {
        len += put_varint(p + len, first << 2 | (n == 1 ? LIST_ONE : LIST_TWO));
        if (n == 2)
            len += put_varint(p + len, chunks[1] - chunks[0]);
        segwrite_add(w, p, len);
        return;
    }
    segwrite_add(w, p, len);
    add_many(w, chunks, n);
}

void segwrite_terms_end(struct segwrite *w)
{
    size_t rows = ((size_t)1 << w->dir_bits) + 1;
    if (w->len[PART_TERMS] > UINT32_MAX)
        fail_with(w, EFBIG);
    while (w->rows < rows)
        w->dir[w->rows++] = (uint32_t)w->len[PART_TERMS];
    segwrite_part(w, PART_DIR);
    for (size_t i = 0; i < rows; i++)
        add32(w, w->dir[i]);
}

/* ---- Other parts ---- */

void segwrite_part(struct segwrite *w, enum segment_part part)
{
    BUG_ON(part < w->part);
    w->part = part;
    w->at[part] = w->done + w->n_out;
}

void segwrite_blob(struct segwrite *w, const struct segment_blob *b)
{
    const unsigned char small[4] = {b->lang, b->skip, 0, 0};
    segwrite_add(w, b->id, w->head.id_len);
    add32(w, b->class);
    segwrite_add(w, small, sizeof small);
    add32(w, b->bytes);
    add32(w, b->lines);
    add32(w, b->refs);
}

void segwrite_tree(struct segwrite *w, const unsigned char *id, uint32_t at, uint32_t n)
{
    segwrite_add(w, id, w->head.id_len);
    add32(w, at);
    add32(w, n);
}

void segwrite_refs(struct buf *b, uint32_t base, const uint32_t *chunks, size_t n)
{
    uint32_t runs = 0, next = base;
    for (size_t i = 0; i < n; i++)
        runs += i == 0 || chunks[i] != chunks[i - 1] + 1;
    buf_varint(b, runs);
    for (size_t i = 0; i < n;) {
        size_t len = 1;
        while (i + len < n && chunks[i + len] == chunks[i] + len)
            len++;
        int64_t d = (int64_t)chunks[i] - (int64_t)next;
        buf_varint(b, (uint64_t)d << 1 ^ (uint64_t)(d >> 63));
        buf_varint(b, len - 1);
        next = chunks[i] + (uint32_t)len;
        i += len;
    }
}

/* ---- Ending ---- */

static size_t put64(unsigned char *p, uint64_t v)
{
    uint64_t le = htole64(v);
    memcpy(p, &le, sizeof le);
    return sizeof le;
}

static void trailer(const struct segwrite *w, uint32_t n_blobs, uint32_t n_trees, uint64_t sums_at,
                    unsigned char t[SEGMENT_TRAILER])
{
    size_t n = 8;
    memset(t, 0, SEGMENT_TRAILER);
    memcpy(t, "vndaudit", 8);
    n += put64(t + n, SEGMENT_VERSION | (uint64_t)w->head.id_len << 32);
    n += put64(t + n, w->head.base | (uint64_t)w->head.n_chunks << 32);
    n += put64(t + n, n_blobs | (uint64_t)n_trees << 32);
    n += put64(t + n, w->n_terms);
    n += put64(t + n, w->n_postings);
    n += put64(t + n, w->dir_bits);
    for (size_t i = 0; i < PART_COUNT; i++) {
        n += put64(t + n, w->at[i]);
        n += put64(t + n, w->len[i]);
    }
    n += put64(t + n, sums_at);
    n += put64(t + n, segment_sum((const unsigned char *)w->sums, w->n_sums * sizeof *w->sums));
    BUG_ON(n > SEGMENT_TRAILER - 8);
    put64(t + SEGMENT_TRAILER - 8, segment_sum(t, SEGMENT_TRAILER - 8));
}

enum rc segwrite_end(struct segwrite *w, uint32_t n_blobs, uint32_t n_trees, struct err *e)
{
    unsigned char t[SEGMENT_TRAILER];
    char name[SEGMENT_NAME_MAX];
    flush(w);
    trailer(w, n_blobs, n_trees, w->done, t);
    for (size_t at = 0; at < w->n_sums * sizeof *w->sums;) {
        size_t n = w->n_sums * sizeof *w->sums - at;
        n = n < OUT_SIZE ? n : OUT_SIZE;
        memcpy(w->out, (const char *)w->sums + at, n);
        write_out(w, n);
        at += n;
    }
    memcpy(w->out, t, sizeof t);
    write_out(w, sizeof t);
    segment_name(w->head.base, w->head.n_chunks, name);
    if (!w->failed && renameat(w->dirfd, w->tmp, w->dirfd, name) != 0)
        fail_with(w, errno);
    if (w->failed) {
        errno = w->error;
        return err_errno(e, w->error == ENOSPC || w->error == EFBIG ? RC_LIMIT : RC_IO,
                         "a file of the index cannot be written");
    }
    w->finished = true;
    return RC_OK;
}
