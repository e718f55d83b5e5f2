/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SSHSIG_H
#define VULNDESK_DESK_SSHSIG_H

#include "base/buf.h"

/*
 * Signatures in the form of OpenSSH (PROTOCOL.sshsig), which git takes for commits (gpg.format =
 * ssh): Ed25519, SHA-512.  What is signed begins with the letters "SSHSIG", so it can never be
 * taken for a receipt or a checkpoint, which the same key signs.
 *
 * Pure: whoever has the key signs (struct desk_calls); docs/decisions/0018.
 */
#define SSHSIG_KEY_LEN 32    /* bytes of a public key */
#define SSHSIG_SIG_LEN 64    /* of a signature */
#define SSHSIG_GIT     "git" /* namespace of what git signs */
#define SSHSIG_MAX     2048  /* bytes of each text here that has no message in it */

/* The bytes that the key has to sign for a message. */
enum rc sshsig_asked(const char *space, struct str message, struct buf *ret, struct err *e)
    WARN_UNUSED;
/* Are these such bytes, for commits?  Then they are no text, so no receipt and no checkpoint. */
bool sshsig_is_asked(struct str s);
/* A signature of those bytes, as ssh-keygen -Y sign writes it; it ends with a line end. */
enum rc sshsig_armor(const char *space, const unsigned char pub[SSHSIG_KEY_LEN], struct str sig,
                     struct buf *ret, struct err *e) WARN_UNUSED;
/* "ssh-ed25519 AAAA..." */
enum rc sshsig_public(const unsigned char pub[SSHSIG_KEY_LEN], struct buf *ret, struct err *e)
    WARN_UNUSED;
/* A line of git's gpg.ssh.allowedSignersFile; principal: a mail address, checked. */
enum rc sshsig_signer(const unsigned char pub[SSHSIG_KEY_LEN], struct str principal,
                      struct buf *ret, struct err *e) WARN_UNUSED;

/* A commit object without signature and with it; header: "gpgsig", or "gpgsig-sha256" where the
 * repository counts with SHA-256. */
enum rc sshsig_commit(struct str object, const char *header, struct str armor, struct buf *ret,
                      struct err *e) WARN_UNUSED;

#endif
