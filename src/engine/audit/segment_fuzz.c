/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a segment, with all sums made right: nothing outside of them is read, and every
 * number that comes out is one that can be.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/audit/segwrite.h"
#include "os/file.h"

#define ID 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put64(char *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

static void use_terms(struct segment *s)
{
    uint32_t *list = mem_alloc(((size_t)s->n_chunks + 2) * sizeof *list);
    struct segment_terms t;
    struct segment_list l;
    segment_terms(s, &t);
    while (segment_term(&t, &l) > 0) {
        int64_t n = segment_list(s, &l, list);
        for (int64_t i = 0; i < n; i++)
            BUG_ON(list[i] < s->base || list[i] - s->base >= s->n_chunks ||
                   (i > 0 && list[i] <= list[i - 1]));
    }
    for (uint32_t i = 0; i < 64; i++)
        if (segment_find(s, i * 0x04000001u, &l) > 0)
            (void)segment_list(s, &l, list);
    free(list);
}

static void use_rest(struct segment *s)
{
    struct segment_blob b;
    struct segment_runs runs;
    const unsigned char *id;
    struct str bytes;
    uint32_t first, n;
    for (uint32_t i = 0; i < s->n_blobs && segment_blob(s, i, &b); i++) {
        if (!segment_refs(s, &b, &runs))
            break;
        while (segment_run(&runs, &first, &n) > 0)
            BUG_ON((uint64_t)first + n > (uint64_t)s->base + s->n_chunks);
    }
    volatile char sum = 0;
    for (uint32_t i = 0; i < s->n_trees && segment_tree(s, i, &id, &bytes); i++)
        for (size_t k = 0; k < bytes.n; k++)
            sum ^= bytes.p[k];
}

/* Fits what the trailer says of sizes to the file and makes its sums right. */
static void make_right(struct buf *b, size_t body, size_t blocks)
{
    char *sums = b->p + body, *t = sums + 8 * blocks;
    for (size_t i = 0; i < blocks; i++) {
        size_t from = i * SEGMENT_BLOCK, n = body - from;
        n = n < SEGMENT_BLOCK ? n : SEGMENT_BLOCK;
        put64(sums + 8 * i, segment_sum((unsigned char *)b->p + from, n));
    }
    memcpy(t, "vndaudit", 8);
    put64(t + 8, SEGMENT_VERSION | (uint64_t)ID << 32);
    put64(t + 56 + 16 * PART_COUNT, body);
    put64(t + 64 + 16 * PART_COUNT, segment_sum((unsigned char *)sums, 8 * blocks));
    put64(t + SEGMENT_TRAILER - 8, segment_sum((unsigned char *)t, SEGMENT_TRAILER - 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SEGMENT_TRAILER || size > 1 << 20)
        return 0;
    AUTO(fd) int dir = -1;
    AUTO(fd) int fd = -1;
    AUTO(segment) struct segment *s = NULL;
    AUTO(buf) struct buf b = BUF_INIT(2 << 20);
    struct err e = ERR_INIT;
    size_t body = size - SEGMENT_TRAILER, blocks = (body + SEGMENT_BLOCK - 1) / SEGMENT_BLOCK;
    char name[SEGMENT_NAME_MAX];
    uint32_t range[2];
    buf_add(&b, str_of(data, body));
    memset(buf_room(&b, 8 * blocks + 1), 0, 8 * blocks);
    buf_grown(&b, 8 * blocks);
    buf_add(&b, str_of(data + body, SEGMENT_TRAILER));
    make_right(&b, body, blocks);
    memcpy(range, b.p + b.n - SEGMENT_TRAILER + 16, sizeof range);
    segment_name(le32toh(range[0]), le32toh(range[1]), name);
    if (dir_open(AT_FDCWD, "/dev/shm", &dir, &e) != RC_OK)
        return 0;
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fd_write_all(fd, buf_str(&b), &e) != RC_OK)
        return 0;
    if (segment_open(dir, name, ID, &s, &e) == RC_OK) {
        use_terms(s);
        use_rest(s);
    }
    (void)unlinkat(dir, name, 0);
    return 0;
}
