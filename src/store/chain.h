/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_CHAIN_H
#define VULNDESK_STORE_CHAIN_H

#include "base/hash.h"
#include "base/json.h"
#include "store/db.h"

/*
 * Events: every change of a case appends to the case's chain, changes of the desk itself to chain
 * 0.  What is hashed is stored as it was hashed, so that nothing has to be rebuilt to check it:
 *
 *   bytes = field*, each field = length (4 bytes, big endian) and that many bytes; in this order
 *     "vulndesk event v1"      domain tag and version of this layout
 *     desk                     the desk's random id (meta "desk")
 *     chain                    8 bytes, big endian: id of the case, 0 for the desk
 *     seq                      8 bytes: 1, 2, 3, ... without gaps
 *     previous head            32 bytes; 0 bytes for the first event
 *     at_us                    8 bytes: microseconds since 1970 by the database's clock
 *     kind                     text
 *     actor                    text
 *     commitment               32 bytes: SHA-256 of field("vulndesk payload v1") field(salt)
 *                              field(payload)
 *   head = SHA-256(bytes)
 *
 * The salt has 32 random bytes, so that a payload that was shredded cannot be guessed from its
 * commitment, and the chain stays whole.  kind and actor are never shredded: no case content there.
 */
#define EVENT_KIND_MAX    64           /* bytes */
#define EVENT_ACTOR_MAX   64           /* bytes */
#define EVENT_PAYLOAD_MAX (256 * 1024) /* bytes of its JSON text */
#define EVENT_BYTES_MAX   1024         /* bytes of what is hashed */
#define EVENT_SALT_LEN    32

/*
 * Appends one event.  Runs inside the transaction of the change it tells of (RC_INTERNAL without
 * one).  The append is a compare-and-append on (seq, head): when two do it at once, one gets
 * RC_CONFLICT or RC_BUSY and does its whole unit of work again.  payload (borrowed, NULL is an
 * empty object) is stored as compact JSON.  RC_NOTFOUND: no such case.
 */
enum rc event_append(struct db *db, int64_t chain, const char *kind, const char *actor,
                     const json_t *payload, struct err *e) WARN_UNUSED;

/* The same only when the chain still has `seq` events: for a page that shows a case and changes it
 * by what was shown.  RC_CONFLICT otherwise (which spoils nothing). */
enum rc event_append_at(struct db *db, int64_t chain, int64_t seq, const char *kind,
                        const char *actor, const json_t *payload, struct err *e) WARN_UNUSED;

/* Events that a chain has so far; RC_NOTFOUND: no such case. */
enum rc event_seq(struct db *db, int64_t chain, int64_t *ret_seq, struct err *e) WARN_UNUSED;

/* Forgets payload and salt of one event, for good.  RC_NOTFOUND: no such event. */
enum rc event_shred(struct db *db, int64_t chain, int64_t seq, struct err *e) WARN_UNUSED;

/* The fields of stored bytes; strs borrow from them.  RC_INVALID: not this layout. */
struct event_fields {
    struct str desk, prev, kind, actor, commitment;
    int64_t chain, seq, at_us;
};
enum rc event_decode(struct str bytes, struct event_fields *ret_f, struct err *e) WARN_UNUSED;
void event_encode(struct buf *b, const struct event_fields *f);
void event_commitment(struct str salt, struct str payload, unsigned char ret[SHA256_LEN]);

#endif
