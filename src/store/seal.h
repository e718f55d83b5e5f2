/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_SEAL_H
#define VULNDESK_STORE_SEAL_H

#include "base/buf.h"
#include "base/hash.h"

/*
 * Sealed bytes; used by the keys role alone, which holds the master key.  Three layers:
 *
 *   master key (file of the keys role)
 *   `- case key: random, wrapped by the master key for the case's scope
 *      `- blob key: random, wrapped by the case key for (scope, purpose, name of the blob)
 *         `- blob: secretstream with the purpose as associated data
 *
 * so that moving a blob between cases wraps a key again and leaves the bytes alone, and destroying
 * a case's key destroys its blobs.  The scope of a case is its random text; SEAL_SCOPE_INBOX stands
 * for what is not in a case yet: its key is derived from the master key and never stored.
 *
 * Wrapped key: version 1 (1 byte), nonce (24), XChaCha20-Poly1305 of the key (32 + 16); associated
 * data = field*, each with its length in 4 bytes, big endian: "vulndesk case key v1", scope; or
 * "vulndesk blob key v1", scope, purpose, name.
 * Blob: "vdblob" 0x00 0x01, header of crypto_secretstream_xchacha20poly1305 (24), chunks of 64 KiB
 * plain (17 bytes more sealed), all whole but the last, which is shorter, maybe empty, and carries
 * TAG_FINAL; associated data of each = "vulndesk blob v1" and the purpose as fields. Name of a
 * blob: lower-case hex SHA-256 of the sealed bytes.
 */
#define SEAL_KEY_LEN     32
#define SEAL_WRAPPED_LEN (1 + 24 + SEAL_KEY_LEN + 16)
#define SEAL_CHUNK       (64 * 1024)
#define SEAL_SCOPE_MAX   64
#define SEAL_PURPOSE_MAX 32
#define SEAL_PLAIN_MAX   (INT64_C(1) << 32) /* plain bytes of one blob */
#define SEAL_SCOPE_INBOX "inbox"

/* Where a blob belongs.  case_key is the wrapped key of the scope; empty for the inbox. */
struct seal_place {
    struct str scope, case_key, purpose;
};

/* A fresh key for a case, wrapped. */
enum rc seal_case_key(const unsigned char master[SEAL_KEY_LEN], struct str scope,
                      unsigned char ret_wrapped[SEAL_WRAPPED_LEN], struct err *e) WARN_UNUSED;

/* A new blob written piece by piece to fd (at its current offset). */
struct sealer;
struct sealed {
    char name[SHA256_HEX];
    unsigned char key[SEAL_WRAPPED_LEN];
    int64_t size; /* plain bytes */
};
enum rc sealer_new(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p, int fd,
                   struct sealer **ret_s, struct err *e) WARN_UNUSED;
enum rc sealer_add(struct sealer *s, struct str plain, struct err *e) WARN_UNUSED;
/* Writes the last chunk; the caller syncs and names the file. */
enum rc sealer_end(struct sealer *s, struct sealed *ret_b, struct err *e) WARN_UNUSED;
void sealer_free(struct sealer *s); /* wipes the keys; NULL is fine */
void sealer_auto(struct sealer **s);

/* All of in_fd from its current offset. */
enum rc seal_fd(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p, int in_fd,
                int out_fd, struct sealed *ret_b, struct err *e) WARN_UNUSED;

/* A stored blob: its name and its wrapped key. */
struct seal_blob {
    struct str name, key;
};
/*
 * Opens in_fd (at its current offset, to its end) and writes the plain bytes to out_fd.  RC_DENIED:
 * the key does not open for this scope, purpose and name; RC_INVALID: the bytes are damaged, cut
 * short, longer than they were, or another blob's.  What was written to out_fd before a failure
 * must be thrown away.  RC_LIMIT beyond max plain bytes.
 */
enum rc unseal_fd(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *p,
                  const struct seal_blob *b, int in_fd, int out_fd, int64_t max, int64_t *ret_size,
                  struct err *e) WARN_UNUSED;

/* The blob's key wrapped for another place; the purpose must be the same. */
enum rc seal_rewrap(const unsigned char master[SEAL_KEY_LEN], const struct seal_place *from,
                    const struct seal_place *to, const struct seal_blob *b,
                    unsigned char ret_wrapped[SEAL_WRAPPED_LEN], struct err *e) WARN_UNUSED;

#endif
