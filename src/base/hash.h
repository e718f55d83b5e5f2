/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_HASH_H
#define VULNDESK_BASE_HASH_H

#include "base/str.h"

#define SHA256_LEN 32
#define SHA256_HEX (2 * SHA256_LEN + 1)

/* SHA-256 (FIPS 180-4) of one run of bytes. */
void sha256(struct str s, unsigned char ret[SHA256_LEN]);

/* SHA-256 in pieces. */
struct sha256_ctx {
    void *evp;
};
void sha256_init(struct sha256_ctx *c);
void sha256_add(struct sha256_ctx *c, struct str s);
/* Writes the digest and releases c; call exactly once after init. */
void sha256_end(struct sha256_ctx *c, unsigned char ret[SHA256_LEN]);

/* SHA-512 (FIPS 180-4), where a format asks for it. */
#define SHA512_LEN 64
void sha512(struct str s, unsigned char ret[SHA512_LEN]);

/* SHA-1 (FIPS 180-4), for git's checksums and nothing that has to resist anybody. */
#define SHA1_LEN 20
void sha1(struct str s, unsigned char ret[SHA1_LEN]);

/* A quick hash for tables, the same on every machine.  Whoever chooses the bytes can make two of
 * them meet: never for trust. */
uint64_t hash64(struct str s);

/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(struct str key, struct str s, unsigned char ret[SHA256_LEN]);

/* n random bytes of the kernel's generator. */
void random_bytes(void *p, size_t n);
/* Comparison whose time does not depend on the content. */
bool same_secret(const void *a, const void *b, size_t n);

#endif
