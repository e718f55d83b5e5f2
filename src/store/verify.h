/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_VERIFY_H
#define VULNDESK_STORE_VERIFY_H

#include "store/checkpoint.h"

/*
 * Checks the whole store against itself, without any key but the public one: for `vulndesk verify`.
 * Reads only; on a live desk what was added meanwhile is left out (one reading transaction).
 *
 * Chains: seq without gaps from 1, each event's previous head, its bytes against its columns, its
 * head, its payload against the commitment, and the head that the case remembers.  Log: leaves
 * without gaps, the tree rebuilt from the events, every stored node, every checkpoint's root and
 * signature.  Blobs: a file for each row, its bytes have its name; files without a row are told
 * as orphans, which is no damage.
 */
enum verify_what { VERIFY_CHAIN, VERIFY_LOG, VERIFY_CHECKPOINT, VERIFY_BLOB, VERIFY_ORPHAN };
const char *verify_what_name(enum verify_what w);

#define VERIFY_TELL_MAX 100 /* rows told of each kind; the rest is counted */

struct verify_bad {
    enum verify_what what;
    const char *row; /* "event 17 (chain 3, seq 5)", "blob 4", ... */
    const char *why;
};
struct verify_opts {
    int blob_dirfd;               /* -1: the blobs are not checked */
    const unsigned char *pub_key; /* 32 bytes, Ed25519; NULL: signatures are not checked */
    /* Told in order of discovery, the first one is the first bad row; may be NULL. */
    void (*tell)(void *arg, const struct verify_bad *bad);
    void *arg;
};
struct verify_counts {
    int64_t chains, events, shredded; /* shredded: events without payload */
    int64_t leaves, unsequenced, checkpoints;
    int64_t blobs, orphans, strange; /* strange: other files in the blob folder */
    int64_t bad;                     /* orphans and strange files are not bad */
};
/* RC_OK: all was checked, ret_c->bad says with what result; another rc: it could not be checked. */
enum rc verify_run(struct db *db, const struct verify_opts *o, struct verify_counts *ret_c,
                   struct err *e) WARN_UNUSED;

/*
 * Does the log of now continue the log of that size and root (of a receipt or a checkpoint note)?
 * The root is rebuilt from the events themselves.  RC_OK: yes.  RC_CONFLICT: no, history was
 * changed; RC_NOTFOUND: the log is shorter than that.
 */
enum rc verify_checkpoint(struct db *db, int64_t size, const struct hash *root, struct err *e)
    WARN_UNUSED;
/* A note's signature; RC_DENIED. */
enum rc verify_note(struct str note, const unsigned char pub_key[32], struct checkpoint_note *ret_n,
                    struct err *e) WARN_UNUSED;

#endif
