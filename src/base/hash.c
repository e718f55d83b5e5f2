/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, SHA-512, SHA-1, HMAC and random bytes, by OpenSSL and the kernel.  Runs in every role.
 */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

void sha256(struct str s, unsigned char ret[SHA256_LEN])
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_add(&c, s);
    sha256_end(&c, ret);
}

void sha256_init(struct sha256_ctx *c)
{
    c->evp = EVP_MD_CTX_new();
    BUG_ON(c->evp == NULL);
    BUG_ON(EVP_DigestInit_ex(c->evp, EVP_sha256(), NULL) != 1);
}

void sha256_add(struct sha256_ctx *c, struct str s)
{
    BUG_ON(EVP_DigestUpdate(c->evp, s.p, s.n) != 1);
}

void sha256_end(struct sha256_ctx *c, unsigned char ret[SHA256_LEN])
{
    unsigned int n = 0;
    BUG_ON(EVP_DigestFinal_ex(c->evp, ret, &n) != 1 || n != SHA256_LEN);
    EVP_MD_CTX_free(c->evp);
    c->evp = NULL;
}

void sha512(struct str s, unsigned char ret[SHA512_LEN])
{
    unsigned n = 0;
    BUG_ON(EVP_Digest(s.p, s.n, ret, &n, EVP_sha512(), NULL) != 1 || n != SHA512_LEN);
}

void sha1(struct str s, unsigned char ret[SHA1_LEN])
{
    unsigned int n = 0;
    BUG_ON(EVP_Digest(s.p, s.n, ret, &n, EVP_sha1(), NULL) != 1 || n != SHA1_LEN);
}

/* FNV-1a, and the finaliser of MurmurHash3 against its weak low bits. */
uint64_t hash64(struct str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

void hmac_sha256(struct str key, struct str s, unsigned char ret[SHA256_LEN])
{
    unsigned int n = SHA256_LEN;
    BUG_ON(HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)s.p, s.n, ret, &n) == NULL);
}

void random_bytes(void *p, size_t n)
{
    unsigned char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n > 256 ? 256 : n, 0);
        BUG_ON(got <= 0);
        at += got;
        n -= (size_t)got;
    }
}

bool same_secret(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
