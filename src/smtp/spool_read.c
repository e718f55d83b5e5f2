/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens sealed spool records.  Runs in keys, the only role with the secret key; the record is
 * hostile until its last chunk proved itself, the mail inside is hostile for ever and not looked
 * at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "smtp/spool_format.h"

struct reader {
    int fd, out_fd;
    uint64_t max;
    crypto_secretstream_xchacha20poly1305_state stream;
    unsigned char ad[SPOOL_AD_LEN];
    unsigned char *cipher, *plain;
    size_t n_plain;
    unsigned char tag;
};

/* Up to n octets; fewer only at the end of the file. */
static enum rc read_some(int fd, unsigned char *p, size_t n, size_t *ret_n, struct err *e)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, p + have, n - have);
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            return err_errno(e, RC_IO, "a spool record cannot be read");
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *ret_n = have;
    return RC_OK;
}

static enum rc read_exact(int fd, unsigned char *p, size_t n, struct err *e)
{
    size_t got;
    TRY(read_some(fd, p, n, &got, e));
    if (got != n)
        return err_set(e, RC_INVALID, "the spool record is cut short");
    return RC_OK;
}

static enum rc write_out(int fd, const unsigned char *p, size_t n, struct err *e)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done == -1 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_errno(e, RC_IO, "the mail of a spool record cannot be handed on");
        p += done;
        n -= (size_t)done;
    }
    return RC_OK;
}

static enum rc read_head(struct reader *r, const struct spool_key *key, const char *id,
                         struct spool_mail *m, struct err *e)
{
    unsigned char head[SPOOL_HEAD_LEN], pk[SPOOL_KEY_LEN], stream_key[SPOOL_STREAM_KEY];
    size_t got;
    TRY(read_some(r->fd, head, sizeof head, &got, e));
    if (got < SPOOL_MAGIC_LEN || memcmp(head, SPOOL_MAGIC, SPOOL_MAGIC_LEN - 1) != 0)
        return err_set(e, RC_INVALID, "the file is not a spool record");
    if (head[SPOOL_MAGIC_LEN - 1] != SPOOL_MAGIC[SPOOL_MAGIC_LEN - 1])
        return err_set(e, RC_INVALID, "the spool record has format %d, this version reads %d",
                       head[SPOOL_MAGIC_LEN - 1], SPOOL_MAGIC[SPOOL_MAGIC_LEN - 1]);
    if (got < sizeof head)
        return err_set(e, RC_INVALID, "the spool record is cut short");
    const unsigned char *p = head + SPOOL_MAGIC_LEN;
    memcpy(m->id, p, SPOOL_ID_LEN);
    m->id[SPOOL_ID_LEN] = '\0';
    if (!spool_id_valid(str_of(p, SPOOL_ID_LEN)) || (id && strcmp(id, m->id) != 0))
        return err_set(e, RC_INVALID, "the spool record's id is not its name");
    p += SPOOL_ID_LEN;
    if (crypto_scalarmult_base(pk, key->secret) != 0 ||
        crypto_box_seal_open(stream_key, p, SPOOL_SEALED_KEY, pk, key->secret) != 0)
        return err_set(e, RC_INVALID, "the spool record is sealed to another key or damaged");
    p += SPOOL_SEALED_KEY;
    int bad = crypto_secretstream_xchacha20poly1305_init_pull(&r->stream, p, stream_key);
    sodium_memzero(stream_key, sizeof stream_key);
    if (bad)
        return err_set(e, RC_INVALID, "the spool record is damaged at its head");
    spool_ad(m->id, r->ad);
    return RC_OK;
}

/* The next chunk into r->plain; at most max octets of text. */
static enum rc read_chunk(struct reader *r, size_t max, struct err *e)
{
    unsigned char len[4];
    unsigned long long n_plain;
    TRY(read_exact(r->fd, len, sizeof len, e));
    size_t n = (size_t)len[0] << 24 | (size_t)len[1] << 16 | (size_t)len[2] << 8 | len[3];
    if (n < SPOOL_STREAM_ADD || n > max + SPOOL_STREAM_ADD)
        return err_set(e, RC_INVALID, "the spool record is damaged: a chunk of %zu octets", n);
    TRY(read_exact(r->fd, r->cipher, n, e));
    if (crypto_secretstream_xchacha20poly1305_pull(&r->stream, r->plain, &n_plain, &r->tag,
                                                   r->cipher, n, r->ad, sizeof r->ad) != 0)
        return err_set(e, RC_INVALID, "the spool record is damaged: a chunk is not authentic");
    r->n_plain = (size_t)n_plain;
    return RC_OK;
}

static enum rc read_mail(struct reader *r, struct spool_mail *m, struct err *e)
{
    do {
        TRY(read_chunk(r, SPOOL_CHUNK, e));
        if (r->tag != SPOOL_TAG_MAIL && r->tag != SPOOL_TAG_FINAL)
            return err_set(e, RC_INVALID, "the spool record is damaged: a chunk is out of place");
        if (r->n_plain > r->max - m->size)
            return err_set(e, RC_LIMIT, "the mail of a spool record is larger than %llu octets",
                           (unsigned long long)r->max);
        TRY(write_out(r->out_fd, r->plain, r->n_plain, e));
        m->size += r->n_plain;
    } while (r->tag != SPOOL_TAG_FINAL);
    size_t more;
    TRY(read_some(r->fd, r->cipher, 1, &more, e));
    if (more)
        return err_set(e, RC_INVALID, "the spool record is damaged: octets follow its end");
    return RC_OK;
}

static enum rc read_all(struct reader *r, struct spool_mail *m, struct err *e)
{
    TRY(read_chunk(r, SPOOL_ENVELOPE_MAX, e));
    if (r->tag != SPOOL_TAG_ENVELOPE)
        return err_set(e, RC_INVALID, "the spool record has no envelope");
    TRY(smtp_envelope_read(m->arena, str_of(r->plain, r->n_plain), &m->envelope, e));
    return read_mail(r, m, e);
}

enum rc spool_read(int fd, const struct spool_key *key, const char *id, int out_fd, uint64_t max,
                   struct spool_mail *m, struct err *e)
{
    struct reader r = {.fd = fd, .out_fd = out_fd, .max = max};
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    m->size = 0;
    TRY(read_head(&r, key, id, m, e));
    r.cipher = mem_alloc(SPOOL_ENVELOPE_MAX + SPOOL_STREAM_ADD);
    r.plain = mem_alloc(SPOOL_ENVELOPE_MAX);
    enum rc rc = read_all(&r, m, e);
    sodium_memzero(r.plain, SPOOL_ENVELOPE_MAX);
    sodium_memzero(&r.stream, sizeof r.stream);
    free(r.cipher);
    free(r.plain);
    return rc;
}
