/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a spool record.  So that the fuzzer gets past the seal, the first octet may ask for
 * a record that is sealed properly around its octets: as envelope, or as chunks with wrong tags,
 * lengths and order.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "smtp/spool_format.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

static const char id[] = "0123456789abcdef0123456789abcdef";
static struct spool_key key;
static unsigned char pk[SPOOL_KEY_LEN];

static void add_chunk(struct buf *b, crypto_secretstream_xchacha20poly1305_state *st, struct str s,
                      unsigned char tag)
{
    unsigned char ad[SPOOL_AD_LEN], out[4096 + SPOOL_STREAM_ADD];
    size_t n = s.n + SPOOL_STREAM_ADD;
    const unsigned char len[4] = {0, 0, (unsigned char)(n >> 8), (unsigned char)n};
    spool_ad(id, ad);
    crypto_secretstream_xchacha20poly1305_push(st, out, NULL, (const unsigned char *)s.p, s.n, ad,
                                               sizeof ad, tag);
    buf_add(b, str_of(len, sizeof len));
    buf_add(b, str_of(out, n));
}

static void add_head(struct buf *b, crypto_secretstream_xchacha20poly1305_state *st)
{
    unsigned char head[SPOOL_HEAD_LEN] = SPOOL_MAGIC, secret[SPOOL_STREAM_KEY] = "k";
    unsigned char *sealed = head + SPOOL_MAGIC_LEN + SPOOL_ID_LEN;
    memcpy(head + SPOOL_MAGIC_LEN, id, SPOOL_ID_LEN);
    crypto_box_seal(sealed, secret, sizeof secret, pk);
    crypto_secretstream_xchacha20poly1305_init_push(st, sealed + SPOOL_SEALED_KEY, secret);
    buf_add(b, str_of(head, sizeof head));
}

/* Chunks of the input: tag octet, length octet, that many octets. */
static void seal_chunks(struct buf *b, struct str in)
{
    crypto_secretstream_xchacha20poly1305_state st;
    add_head(b, &st);
    while (in.n >= 2) {
        struct str part = str_sub(in, 2, (unsigned char)in.p[1]);
        add_chunk(b, &st, part, (unsigned char)in.p[0] & 3);
        in = str_sub(in, 2 + part.n, in.n);
    }
}

/* An envelope, then a mail, properly finished. */
static void seal_envelope(struct buf *b, struct str json)
{
    crypto_secretstream_xchacha20poly1305_state st;
    add_head(b, &st);
    add_chunk(b, &st, json, SPOOL_TAG_ENVELOPE);
    add_chunk(b, &st, STR("mail"), SPOOL_TAG_FINAL);
}

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
    static bool ready;
    if (!ready) {
        unsigned char seed[crypto_box_SEEDBYTES] = "seed";
        BUG_ON(sodium_init() < 0);
        crypto_box_seed_keypair(pk, key.secret, seed);
        ready = true;
    }
    if (n < 1 || n > 4000)
        return 0;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct str in = str_of(p + 1, n - 1);
    if (p[0] % 3 == 0)
        buf_add(&b, in);
    else if (p[0] % 3 == 1)
        seal_chunks(&b, in);
    else
        seal_envelope(&b, in);
    AUTO(fd) int fd = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
    BUG_ON(b.n && write(fd, b.p, b.n) != (ssize_t)b.n);
    lseek(fd, 0, SEEK_SET);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct spool_mail m = {.arena = a};
    struct err e = ERR_INIT;
    enum rc rc = spool_read(fd, &key, id, out, 1000, &m, &e);
    BUG_ON(rc != RC_OK && (e.msg[0] == '\0' || (rc != RC_INVALID && rc != RC_LIMIT)));
    BUG_ON(rc == RC_OK && lseek(out, 0, SEEK_END) != (off_t)m.size);
    return 0;
}
