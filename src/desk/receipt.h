/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_RECEIPT_H
#define VULNDESK_DESK_RECEIPT_H

#include "base/buf.h"

/*
 * The signed receipt of a report: text lines that a reporter can check with the desk's public key
 * and recompute from the own mail.  Between the two marker lines, each "name: value" and LF (a mail
 * program's CRLF, quoting "> " and trailing spaces are forgiven):
 *
 *   -----BEGIN VULNDESK RECEIPT-----
 *   version: 1
 *   desk: HEX            the desk's random id
 *   case: MC-2026-0001
 *   received: 2026-11-25T15:08:00Z
 *   message-id: HEX      SHA-256 of the Message-ID without <>, or "none"
 *   text: HEX            SHA-256 of the decoded text
 *   attachments: N       how many came
 *   attachment: HEX SIZE SHA-256 and bytes of each, decoded, in order (the first 100)
 *   checkpoint: SIZE HEX or "none"
 *   key: ID
 *   signature: BASE64    Ed25519 over all lines before, "version" to "key", each with LF
 *   -----END VULNDESK RECEIPT-----
 */
#define RECEIPT_MAX         (64 * 1024) /* bytes of the whole text around it */
#define RECEIPT_LINE_MAX    200
#define RECEIPT_ATTACHMENTS 100
#define RECEIPT_KEY_LEN     32 /* Ed25519 public key */
#define RECEIPT_SIG_LEN     64

struct receipt_file {
    unsigned char sha256[32];
    int64_t size;
};
struct receipt {
    struct str desk, number, key_id; /* key_id: printable */
    int64_t received_us;             /* whole seconds are kept */
    bool has_mid;
    unsigned char mid[32], text[32];
    struct receipt_file files_list[RECEIPT_ATTACHMENTS];
    size_t n_files;
    int64_t files;    /* how many came; n_files are listed */
    int64_t log_size; /* 0 = none */
    unsigned char log_root[32];
};

/* The lines that are signed. */
enum rc receipt_text(struct buf *b, const struct receipt *r, struct err *e) WARN_UNUSED;
/* Those lines with markers and signature around them. */
enum rc receipt_wrap(struct buf *b, struct str text, struct str sig, struct err *e) WARN_UNUSED;

/*
 * Reads the first receipt in text (a whole mail may be around it) and checks the signature.  Pure.
 * The strs of *ret borrow from `lines`, which gets the signed text.  RC_INVALID: not well-formed;
 * RC_DENIED: well-formed, but the signature is not by this key.
 */
enum rc receipt_verify(struct str text, const unsigned char key[RECEIPT_KEY_LEN], struct buf *lines,
                       struct receipt *ret, struct err *e) WARN_UNUSED;
/* What a good receipt proves, for people. */
void receipt_explain(const struct receipt *r, struct buf *b);

#endif
