/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed bytes, by libsodium.  Runs in keys (and in tests); what is opened lay on a disk and may be
 * damaged or exchanged, which must be refused, never passed on.
 */
#include "store/seal.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/hex.h"
#include "os/file.h"

#define WRAP_VERSION 1
#define NONCE        crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define MAC          crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEADER       crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define ADDED        crypto_secretstream_xchacha20poly1305_ABYTES
#define TAG_MESSAGE  crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_FINAL    crypto_secretstream_xchacha20poly1305_TAG_FINAL
#define MAGIC_LEN    8
#define AD_MAX       512

static const char magic[MAGIC_LEN] = {'v', 'd', 'b', 'l', 'o', 'b', 0, 1};

_Static_assert(SEAL_WRAPPED_LEN == 1 + NONCE + SEAL_KEY_LEN + MAC, "layout of a wrapped key");
_Static_assert(SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key length");
_Static_assert(SEAL_KEY_LEN == crypto_secretstream_xchacha20poly1305_KEYBYTES, "key length");

/* A key on the stack, wiped at the end of the scope. */
struct key {
    unsigned char b[SEAL_KEY_LEN];
};
static void key_auto(struct key *k)
{
    sodium_memzero(k, sizeof *k);
}

static enum rc ready(struct err *e)
{
    return sodium_init() < 0 ? err_set(e, RC_INTERNAL, "libsodium does not start") : RC_OK;
}

static void field(struct buf *b, struct str s)
{
    unsigned char n[4] = {(unsigned char)(s.n >> 24), (unsigned char)(s.n >> 16),
                          (unsigned char)(s.n >> 8), (unsigned char)s.n};
    buf_add(b, str_of(n, sizeof n));
    buf_add(b, s);
}

/* ------------------------------------------------------------------ wrapped keys */

static void wrap(const struct key *with, struct str ad, const struct key *k,
                 unsigned char ret[SEAL_WRAPPED_LEN])
{
    ret[0] = WRAP_VERSION;
    randombytes_buf(ret + 1, NONCE);
    unsigned long long n;
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret + 1 + NONCE, &n, k->b, SEAL_KEY_LEN,
                                               (const unsigned char *)ad.p, ad.n, NULL, ret + 1,
                                               with->b);
    BUG_ON(n != SEAL_KEY_LEN + MAC);
}

static bool unwrap(const struct key *with, struct str ad, struct str wrapped, struct key *ret_k)
{
    const unsigned char *w = (const unsigned char *)wrapped.p;
    unsigned long long n;
    return wrapped.n == SEAL_WRAPPED_LEN && w[0] == WRAP_VERSION &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(
               ret_k->b, &n, NULL, w + 1 + NONCE, SEAL_KEY_LEN + MAC, (const unsigned char *)ad.p,
               ad.n, w + 1, with->b) == 0 &&
           n == SEAL_KEY_LEN;
}

static enum rc case_ad(struct buf *ad, struct str scope, struct err *e)
{
    if (scope.n == 0 || scope.n > SEAL_SCOPE_MAX)
        return err_set(e, RC_LIMIT, "a key scope has 1 to %d bytes", SEAL_SCOPE_MAX);
    field(ad, STR("vulndesk case key v1"));
    field(ad, scope);
    return buf_ok(ad, "associated data", e);
}

static enum rc blob_ad(struct buf *ad, const struct seal_place *p, struct str name, struct err *e)
{
    if (p->purpose.n == 0 || p->purpose.n > SEAL_PURPOSE_MAX)
        return err_set(e, RC_LIMIT, "a blob's purpose has 1 to %d bytes", SEAL_PURPOSE_MAX);
    if (name.n != SHA256_HEX - 1)
        return err_set(e, RC_INVALID, "a blob's name has %d digits", SHA256_HEX - 1);
    field(ad, STR("vulndesk blob key v1"));
    field(ad, p->scope);
    field(ad, p->purpose);
    field(ad, name);
    return buf_ok(ad, "associated data", e);
}

enum rc seal_case_key(const unsigned char master[SEAL_KEY_LEN], struct str scope,
                      unsigned char ret_wrapped[SEAL_WRAPPED_LEN], struct err *e)
{
    AUTO(buf) struct buf ad = BUF_INIT(AD_MAX);
    AUTO(key) struct key with, k;
    TRY(ready(e));
    TRY(case_ad(&ad, scope, e));
    if (str_eq(scope, STR(SEAL_SCOPE_INBOX)))
        return err_set(e, RC_INVALID, "the inbox has no key of its own");
    memcpy(with.b, master, SEAL_KEY_LEN);
    randombytes_buf(k.b, sizeof k.b);
    wrap(&with, buf_str(&ad), &k, ret_wrapped);
    return RC_OK;
}

/* The key that blob keys of this place are wrapped with. */
static enum rc place_key(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p,
                         struct key *ret_k, struct err *e)
{
    AUTO(buf) struct buf ad = BUF_INIT(AD_MAX);
    AUTO(key) struct key with;
    TRY(ready(e));
    TRY(case_ad(&ad, p->scope, e));
    memcpy(with.b, master, SEAL_KEY_LEN);
    if (str_eq(p->scope, STR(SEAL_SCOPE_INBOX))) {
        if (p->case_key.n > 0)
            return err_set(e, RC_INVALID, "the inbox has no key of its own");
        hmac_sha256(str_of(with.b, SEAL_KEY_LEN), STR("vulndesk inbox key v1"), ret_k->b);
        return RC_OK;
    }
    if (!unwrap(&with, buf_str(&ad), p->case_key, ret_k))
        return err_set(e, RC_DENIED, "the key of the case does not open for its scope");
    return RC_OK;
}

enum rc seal_rewrap(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *from,
                    const struct seal_place *to, const struct seal_blob *b,
                    unsigned char ret_wrapped[SEAL_WRAPPED_LEN], struct err *e)
{
    AUTO(buf) struct buf from_ad = BUF_INIT(AD_MAX);
    AUTO(buf) struct buf to_ad = BUF_INIT(AD_MAX);
    AUTO(key) struct key from_key, to_key, k;
    if (!str_eq(from->purpose, to->purpose))
        return err_set(e, RC_INVALID, "a blob keeps its purpose when it moves");
    TRY(place_key(master, from, &from_key, e));
    TRY(place_key(master, to, &to_key, e));
    TRY(blob_ad(&from_ad, from, b->name, e));
    TRY(blob_ad(&to_ad, to, b->name, e));
    if (!unwrap(&from_key, buf_str(&from_ad), b->key, &k))
        return err_set(e, RC_DENIED, "the key of the blob does not open for this case and purpose");
    wrap(&to_key, buf_str(&to_ad), &k, ret_wrapped);
    return RC_OK;
}

/* ------------------------------------------------------------------ sealing */

struct sealer {
    crypto_secretstream_xchacha20poly1305_state stream;
    struct key place, blob;
    struct sha256_ctx hash;
    struct buf ad;        /* of each chunk */
    struct seal_place at; /* points into texts */
    struct buf texts;
    int fd;
    int64_t size;
    size_t n;
    bool ended;
    unsigned char plain[SEAL_CHUNK], sealed[SEAL_CHUNK + ADDED];
};

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    if (s->hash.evp) {
        unsigned char ignored[SHA256_LEN];
        sha256_end(&s->hash, ignored);
    }
    buf_release(&s->ad);
    buf_release(&s->texts);
    sodium_memzero(s, sizeof *s);
    free(s);
}

void sealer_auto(struct sealer **s)
{
    sealer_free(*s);
    *s = NULL;
}

static void stream_ad(struct buf *ad, struct str purpose)
{
    field(ad, STR("vulndesk blob v1"));
    field(ad, purpose);
}

static enum rc put(struct sealer *s, struct str bytes, struct err *e)
{
    sha256_add(&s->hash, bytes);
    return fd_write_all(s->fd, bytes, e);
}

enum rc sealer_new(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p, int fd,
                   struct sealer **ret_s, struct err *e)
{
    AUTO(sealer) struct sealer *s = mem_zalloc(sizeof *s);
    unsigned char header[HEADER];
    s->fd = fd;
    s->ad = (struct buf)BUF_INIT(AD_MAX);
    s->texts = (struct buf)BUF_INIT(SEAL_SCOPE_MAX + SEAL_PURPOSE_MAX);
    TRY(place_key(master, p, &s->place, e));
    if (p->purpose.n == 0 || p->purpose.n > SEAL_PURPOSE_MAX)
        return err_set(e, RC_LIMIT, "a blob's purpose has 1 to %d bytes", SEAL_PURPOSE_MAX);
    buf_add(&s->texts, p->scope);
    buf_add(&s->texts, p->purpose);
    s->at.scope = str_sub(buf_str(&s->texts), 0, p->scope.n);
    s->at.purpose = str_sub(buf_str(&s->texts), p->scope.n, p->purpose.n);
    stream_ad(&s->ad, p->purpose);
    randombytes_buf(s->blob.b, sizeof s->blob.b);
    crypto_secretstream_xchacha20poly1305_init_push(&s->stream, header, s->blob.b);
    sha256_init(&s->hash);
    TRY(put(s, str_of(magic, MAGIC_LEN), e));
    TRY(put(s, str_of(header, HEADER), e));
    *ret_s = TAKE(s);
    return RC_OK;
}

static enum rc chunk(struct sealer *s, unsigned char tag, struct err *e)
{
    unsigned long long n;
    crypto_secretstream_xchacha20poly1305_push(&s->stream, s->sealed, &n, s->plain, s->n,
                                               (const unsigned char *)s->ad.p, s->ad.n, tag);
    s->n = 0;
    return put(s, str_of(s->sealed, n), e);
}

enum rc sealer_add(struct sealer *s, struct str plain, struct err *e)
{
    if (s->ended)
        return err_set(e, RC_INTERNAL, "a blob that has ended");
    if ((int64_t)plain.n > SEAL_PLAIN_MAX - s->size)
        return err_set(e, RC_LIMIT, "a blob has at most 4 GiB");
    while (plain.n > 0) {
        /* Only when more follows: the last chunk has its own tag. */
        if (s->n == SEAL_CHUNK)
            TRY(chunk(s, TAG_MESSAGE, e));
        struct str part = str_sub(plain, 0, SEAL_CHUNK - s->n);
        memcpy(s->plain + s->n, part.p, part.n);
        s->n += part.n;
        s->size += (int64_t)part.n;
        plain = str_sub(plain, part.n, plain.n);
    }
    return RC_OK;
}

enum rc sealer_end(struct sealer *s, struct sealed *ret_b, struct err *e)
{
    if (s->ended)
        return err_set(e, RC_INTERNAL, "a blob that has ended");
    /* A full last chunk is followed by an empty one: every chunk before the final is whole, and
     * the final one is shorter. */
    if (s->n == SEAL_CHUNK)
        TRY(chunk(s, TAG_MESSAGE, e));
    TRY(chunk(s, TAG_FINAL, e));
    s->ended = true;
    unsigned char digest[SHA256_LEN];
    struct sealed b = {.size = s->size};
    sha256_end(&s->hash, digest);
    hex_put(b.name, digest, SHA256_LEN);
    AUTO(buf) struct buf ad = BUF_INIT(AD_MAX);
    TRY(blob_ad(&ad, &s->at, str_c(b.name), e));
    wrap(&s->place, buf_str(&ad), &s->blob, b.key);
    *ret_b = b;
    return RC_OK;
}

/* Fills buf from fd; fewer than n bytes only at the end. */
static enum rc read_full(int fd, unsigned char *p, size_t n, size_t *ret_n, struct err *e)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, p + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_errno(e, RC_IO, "a blob cannot be read");
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *ret_n = got;
    return RC_OK;
}

enum rc seal_fd(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p, int in_fd,
                int out_fd, struct sealed *ret_b, struct err *e)
{
    AUTO(sealer) struct sealer *s = NULL;
    AUTO(mem) unsigned char *piece = mem_alloc(SEAL_CHUNK);
    size_t n;
    TRY(sealer_new(master, p, out_fd, &s, e));
    do {
        TRY(read_full(in_fd, piece, SEAL_CHUNK, &n, e));
        TRY(sealer_add(s, str_of(piece, n), e));
    } while (n > 0);
    sodium_memzero(piece, SEAL_CHUNK);
    return sealer_end(s, ret_b, e);
}

/* ------------------------------------------------------------------ opening */

struct opener {
    crypto_secretstream_xchacha20poly1305_state stream;
    struct key place, blob;
    struct sha256_ctx hash;
    struct buf ad;
    int in_fd, out_fd;
    int64_t size, max;
    unsigned char plain[SEAL_CHUNK], sealed[SEAL_CHUNK + ADDED];
};

static void opener_auto(struct opener **op)
{
    struct opener *o = *op;
    if (o == NULL)
        return;
    if (o->hash.evp) {
        unsigned char ignored[SHA256_LEN];
        sha256_end(&o->hash, ignored);
    }
    buf_release(&o->ad);
    sodium_memzero(o, sizeof *o);
    free(o);
}

static enum rc damaged(struct err *e)
{
    return err_set(e, RC_INVALID, "the sealed bytes of the blob are damaged or incomplete");
}

static enum rc open_begin(struct opener *o, struct err *e)
{
    unsigned char head[MAGIC_LEN + HEADER];
    size_t n;
    TRY(read_full(o->in_fd, head, sizeof head, &n, e));
    sha256_add(&o->hash, str_of(head, n));
    if (n != sizeof head || memcmp(head, magic, MAGIC_LEN) != 0 ||
        crypto_secretstream_xchacha20poly1305_init_pull(&o->stream, head + MAGIC_LEN, o->blob.b) !=
            0)
        return damaged(e);
    return RC_OK;
}

static enum rc open_chunk(struct opener *o, bool *ret_last, struct err *e)
{
    size_t n;
    unsigned long long got;
    unsigned char tag;
    TRY(read_full(o->in_fd, o->sealed, sizeof o->sealed, &n, e));
    sha256_add(&o->hash, str_of(o->sealed, n));
    if (n < ADDED ||
        crypto_secretstream_xchacha20poly1305_pull(&o->stream, o->plain, &got, &tag, o->sealed, n,
                                                   (const unsigned char *)o->ad.p, o->ad.n) != 0)
        return damaged(e);
    bool whole = n == sizeof o->sealed;
    if (tag != (whole ? TAG_MESSAGE : TAG_FINAL))
        return damaged(e);
    if ((int64_t)got > o->max - o->size)
        return err_set(e, RC_LIMIT, "the blob is larger than %lld bytes", (long long)o->max);
    o->size += (int64_t)got;
    *ret_last = !whole;
    return fd_write_all(o->out_fd, str_of(o->plain, got), e);
}

static enum rc open_all(struct opener *o, struct str name, struct err *e)
{
    bool last = false;
    TRY(open_begin(o, e));
    while (!last)
        TRY(open_chunk(o, &last, e));
    unsigned char extra;
    size_t n;
    TRY(read_full(o->in_fd, &extra, 1, &n, e));
    if (n != 0)
        return damaged(e);
    unsigned char digest[SHA256_LEN];
    char hex[SHA256_HEX];
    sha256_end(&o->hash, digest);
    hex_put(hex, digest, SHA256_LEN);
    return str_eq(name, str_c(hex)) ? RC_OK : damaged(e);
}

enum rc unseal_fd(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p,
                  const struct seal_blob *b, int in_fd, int out_fd, int64_t max, int64_t *ret_size,
                  struct err *e)
{
    AUTO(opener) struct opener *o = mem_zalloc(sizeof *o);
    AUTO(buf) struct buf ad = BUF_INIT(AD_MAX);
    o->ad = (struct buf)BUF_INIT(AD_MAX);
    o->in_fd = in_fd;
    o->out_fd = out_fd;
    o->max = max < SEAL_PLAIN_MAX ? max : SEAL_PLAIN_MAX;
    TRY(place_key(master, p, &o->place, e));
    TRY(blob_ad(&ad, p, b->name, e));
    if (!unwrap(&o->place, buf_str(&ad), b->key, &o->blob))
        return err_set(e, RC_DENIED, "the key of the blob does not open for this case and purpose");
    stream_ad(&o->ad, p->purpose);
    sha256_init(&o->hash);
    TRY(open_all(o, b->name, e));
    *ret_size = o->size;
    return RC_OK;
}
