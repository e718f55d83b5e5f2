/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_PASSWORD_H
#define VULNDESK_DESK_PASSWORD_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Passwords of the team: what may be one, and their Argon2id strings (libsodium, RFC 9106).
 * Length over rules about letters (NIST SP 800-63B 5.1.1.2): no composition, a list of the most
 * common ones refused.
 */
#define PASSWORD_MIN 10  /* characters */
#define PASSWORD_MAX 200 /* bytes */
/* Time 3, 19 MiB, one lane: 26 ms on one core.  Core has one loop, so tries are limited. */
#define PASSWORD_OPS 3
#define PASSWORD_MEM (19456u * 1024)

/* Whether pw may be the password of somebody with these names; RC_INVALID says why not. */
enum rc password_check(struct str pw, const struct str *names, size_t n, struct err *e) WARN_UNUSED;
/* The string to be stored.  RC_LIMIT when there is no memory for it. */
enum rc password_hash(struct arena *a, struct str pw, struct str *ret, struct err *e) WARN_UNUSED;
/* An empty hash (nobody, or no password) is no match and takes the same time.  ret_old: the string
 * was made with other costs and should be made anew; may be NULL. */
bool password_matches(struct str hash, struct str pw, bool *ret_old);

#endif
