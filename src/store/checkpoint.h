/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_CHECKPOINT_H
#define VULNDESK_STORE_CHECKPOINT_H

#include "base/buf.h"
#include "store/db.h"
#include "store/merkle.h"

/*
 * All chains in one log, and signed statements about it.  An event gets its place ("leaf") after it
 * was committed, in the order of ids.  The leaf is the event's exact bytes (store/chain.h).
 *
 * A checkpoint is a text, each line ending with LF; the signature (Ed25519 by the desk's key) is
 * over the first five lines:
 *   vulndesk checkpoint v1
 *   origin DESK            the desk's random id
 *   size N                 leaves
 *   root BASE64            32 bytes
 *   time RFC3339           by the database's clock
 *   key ID                 printable id of the key
 *   signature BASE64       64 bytes
 */
#define CHECKPOINT_TEXT_MAX 2048
#define CHECKPOINT_SIG_LEN  64
#define LOG_BATCH_MAX       1000 /* leaves of one sequencing transaction */

/* Gives places to at most max (1..LOG_BATCH_MAX) events that have none, in a transaction of its own
 * (or as a unit of the caller's).  ret_n: how many got one; fewer than max means all have one.
 * RC_BUSY or RC_CONFLICT: another core does it just now, and that will do. */
enum rc log_sequence(struct db *db, int max, int *ret_n, struct err *e) WARN_UNUSED;
/* Leaves so far. */
enum rc log_size(struct db *db, int64_t *ret_size, struct err *e) WARN_UNUSED;
/* The nodes in the database, for merkle_root, merkle_inclusion, merkle_consistency. */
struct merkle_source log_source(struct db *db);
/* Leaf of an event; RC_NOTFOUND: no such event, or not sequenced yet. */
enum rc log_leaf(struct db *db, int64_t chain, int64_t seq, int64_t *ret_leaf, struct err *e)
    WARN_UNUSED;

struct checkpoint {
    int64_t size, at_us;
    struct hash root;
};
/* Signs text; ret_sig gets 64 bytes, ret_key_id a printable id without spaces.  Must not touch the
 * database. */
typedef enum rc (*checkpoint_sign)(void *arg, struct str text, struct buf *ret_sig,
                                   struct buf *ret_key_id, struct err *e);
/*
 * Signs the log as it is and stores the note; the newest checkpoint again when the log has not
 * grown since.  Sequence first.  An empty log has none: RC_NOTFOUND.  Not inside a transaction:
 * the signature is made between two of its own.
 */
enum rc checkpoint_make(struct db *db, checkpoint_sign sign, void *arg, struct checkpoint *ret_c,
                        struct err *e) WARN_UNUSED;
/* The newest; RC_NOTFOUND when there is none.  ret_note (may be NULL) gets its text. */
enum rc checkpoint_last(struct db *db, struct checkpoint *ret_c, struct buf *ret_note,
                        struct err *e) WARN_UNUSED;

/* The five signed lines. */
void checkpoint_text(struct buf *b, struct str origin, const struct checkpoint *c);
/* Reads a note strictly; strs borrow from it.  sig must have room for 64 bytes.  RC_INVALID. */
struct checkpoint_note {
    struct checkpoint c;
    struct str text; /* what is signed */
    struct str origin, key_id;
    unsigned char sig[CHECKPOINT_SIG_LEN];
};
enum rc checkpoint_parse(struct str note, struct checkpoint_note *ret_n, struct err *e) WARN_UNUSED;

#endif
