/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_KEYGEN_H
#define VULNDESK_DESK_KEYGEN_H

#include "base/buf.h"

/*
 * The desk's keys, made once by `vulndesk init`.  Files, each its raw bytes in lower-case hex and a
 * newline:
 *   DATA/keys/master.key   32 bytes; wraps the keys of cases (store/seal.h)      mode 0600
 *   DATA/keys/intake.key   32 bytes; X25519 secret that opens the spool          mode 0600
 *   DATA/keys/sign.key     64 bytes; Ed25519 secret of receipts and checkpoints  mode 0600
 *   DATA/intake.pub        32 bytes; what smtpd and ingest seal to               mode 0644
 *   DATA/sign.pub          32 bytes; published for whoever verifies a receipt    mode 0644
 * Only the keys role reads DATA/keys (mode 0700) while the desk runs.
 */
#define KEYGEN_MASTER_LEN 32
#define KEYGEN_INTAKE_LEN 32
#define KEYGEN_SIGN_LEN   32 /* public */
#define KEYGEN_SECRET_LEN 64 /* Ed25519 secret, seed and public key */

/* Makes all of them; RC_CONFLICT when one is there already (nothing is overwritten). */
enum rc keygen_make(const char *data_dir, struct err *e) WARN_UNUSED;
/* True when every file is there. */
bool keygen_done(const char *data_dir);

enum rc keygen_intake_public(const char *data_dir, unsigned char ret[KEYGEN_INTAKE_LEN],
                             struct err *e) WARN_UNUSED;
enum rc keygen_sign_public(const char *data_dir, unsigned char ret[KEYGEN_SIGN_LEN], struct err *e)
    WARN_UNUSED;

/* The secrets, for the keys role alone. */
struct keygen_secrets {
    unsigned char master[KEYGEN_MASTER_LEN];
    unsigned char intake[KEYGEN_INTAKE_LEN];
    unsigned char intake_public[KEYGEN_INTAKE_LEN];
    unsigned char sign[KEYGEN_SECRET_LEN];
};
enum rc keygen_load(const char *data_dir, struct keygen_secrets *ret_s, struct err *e) WARN_UNUSED;

/* Overwrites them. */
void keygen_wipe(struct keygen_secrets *s);
/* Signs text with the secrets at arg (struct keygen_secrets), as struct desk_calls has it: for
 * commands that work while no desk runs. */
enum rc keygen_signer(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_key_id,
                      struct err *e) WARN_UNUSED;

/* Printable id of a signing key: the first 16 hex digits of the SHA-256 of its public bytes. */
#define KEYGEN_ID_LEN 16
void keygen_id(const unsigned char pub[KEYGEN_SIGN_LEN], char ret_id[KEYGEN_ID_LEN + 1]);

#endif
