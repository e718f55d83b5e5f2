/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs.  Runs in the engine child, into folders of ours; the bytes may be a stranger's.
 */
#include "git/packwrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "git/loose.h"
#include "os/file.h"

#define ITEM_ROOM 32 /* bytes of an object's head in the pack, at most */
#define CRC_POLY  0xedb88320u

struct entry {
    uint32_t at, crc; /* where in the pack, and the sum of its bytes there */
};

static void add32(struct buf *b, uint32_t n)
{
    const unsigned char v[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                (unsigned char)(n >> 8), (unsigned char)n};
    buf_add(b, str_of(v, sizeof v));
}

/* CRC-32 as zlib and gzip have it (RFC 1952, 8), four bits at a time. */
static uint32_t crc32_of(struct str s)
{
    uint32_t table[16], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t c = i;
        for (int k = 0; k < 4; k++)
            c = c & 1 ? c >> 1 ^ CRC_POLY : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned char)s.p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static void add_sum(struct buf *b, struct str of, size_t hash_len)
{
    unsigned char sum[SHA256_LEN];
    if (hash_len == SHA256_LEN)
        sha256(of, sum);
    else
        sha1(of, sum);
    buf_add(b, str_of(sum, hash_len));
}

static void add_item(struct buf *b, const struct pack_item *item)
{
    static const unsigned types[] = {1, 2, 3, 4}; /* commit, tree, blob, tag */
    size_t size = item->bytes.n;
    unsigned char c = (unsigned char)(types[item->type] << 4 | (size & 15));
    for (size >>= 4; size > 0; size >>= 7) {
        buf_addc(b, (char)(c | 0x80));
        c = size & 0x7f;
    }
    buf_addc(b, (char)c);
    loose_stream(b, item->bytes);
}

static enum rc make_pack(const struct pack_item *items, size_t n, size_t hash_len, struct buf *pack,
                         struct entry *ret_entries, struct err *e)
{
    buf_adds(pack, "PACK");
    add32(pack, 2);
    add32(pack, (uint32_t)n);
    for (size_t i = 0; i < n && !pack->over; i++) {
        size_t at = pack->n;
        add_item(pack, &items[i]);
        ret_entries[i] =
            (struct entry){(uint32_t)at, crc32_of(str_sub(buf_str(pack), at, pack->n))};
    }
    TRY(buf_ok(pack, "a pack", e));
    add_sum(pack, buf_str(pack), hash_len);
    return buf_ok(pack, "a pack", e);
}

static enum rc make_index(const struct pack_item *items, size_t n, size_t hash_len, struct str pack,
                          const struct entry *entries, struct buf *index, struct err *e)
{
    size_t at = 0;
    buf_add(index, STR("\377tOc"));
    add32(index, 2);
    for (unsigned first = 0; first < 256; first++) {
        while (at < n && items[at].id[0] <= first)
            at++;
        add32(index, (uint32_t)at);
    }
    for (size_t i = 0; i < n; i++)
        buf_add(index, str_of(items[i].id, hash_len));
    for (size_t i = 0; i < n; i++)
        add32(index, entries[i].crc);
    for (size_t i = 0; i < n; i++)
        add32(index, entries[i].at);
    buf_add(index, str_sub(pack, pack.n - hash_len, hash_len));
    add_sum(index, buf_str(index), hash_len);
    return buf_ok(index, "the index of a pack", e);
}

static int by_id(const void *a, const void *b)
{
    const struct pack_item *x = a, *y = b;
    return memcmp(x->id, y->id, sizeof x->id);
}

enum rc pack_write(int objects_dirfd, size_t hash_len, struct pack_item *items, size_t n,
                   struct err *e)
{
    char sum[GIT_OID_HEX + 1], name[GIT_OID_HEX + 20];
    size_t room = 1000;
    AUTO(fd) int fd = -1;
    AUTO(mem) struct entry *entries = mem_alloc((n + 1) * sizeof *entries);
    if (n == 0)
        return RC_OK;
    if (n > PACK_OBJECTS_MAX)
        return err_set(e, RC_LIMIT, "a pack has at most %u objects", PACK_OBJECTS_MAX);
    qsort(items, n, sizeof *items, by_id);
    for (size_t i = 0; i < n && room <= PACK_BYTES_MAX; i++)
        room += items[i].bytes.n + items[i].bytes.n / 1000 + ITEM_ROOM;
    AUTO(buf) struct buf pack = BUF_INIT(room < PACK_BYTES_MAX ? room : PACK_BYTES_MAX);
    AUTO(buf) struct buf index = BUF_INIT(2000 + n * (hash_len + 8));
    (void)buf_room(&pack, pack.max);
    TRY(make_pack(items, n, hash_len, &pack, entries, e));
    TRY(make_index(items, n, hash_len, buf_str(&pack), entries, &index, e));
    hex_put(sum, pack.p + pack.n - hash_len, hash_len);
    TRY(dir_make(objects_dirfd, "pack", 0700, e));
    TRY(dir_open(objects_dirfd, "pack", &fd, e));
    snprintf(name, sizeof name, "pack-%s.pack", sum);
    TRY(file_write_sync(fd, name, buf_str(&pack), 0444, e));
    snprintf(name, sizeof name, "pack-%s.idx", sum);
    return file_write_sync(fd, name, buf_str(&index), 0444, e);
}
