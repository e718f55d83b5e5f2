/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of commits in the form of OpenSSH.
 * Runs in core and in commands; pure.
 * Input: messages that the desk made itself.
 */
#include "desk/sshsig.h"

#include <string.h>

#include "base/hash.h"
#include "base/hex.h"

#define MAGIC   "SSHSIG"
#define VERSION 1
#define KIND    "ssh-ed25519"
#define HASH    "sha512"
#define WIDTH   70 /* letters of a line, as ssh-keygen has them */

/* ---- strings on the wire: RFC 4251, section 5 ---- */

static void add_u32(struct buf *b, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_addc(b, (char)(n >> shift & 0xff));
}

static void add_string(struct buf *b, struct str s)
{
    add_u32(b, s.n);
    buf_add(b, s);
}

static void add_key(struct buf *b, const unsigned char pub[SSHSIG_KEY_LEN])
{
    add_string(b, STR(KIND));
    add_string(b, str_of(pub, SSHSIG_KEY_LEN));
}

/* ---- the parts ---- */

enum rc sshsig_asked(const char *space, struct str message, struct buf *ret, struct err *e)
{
    unsigned char digest[SHA512_LEN];
    sha512(message, digest);
    buf_adds(ret, MAGIC);
    add_string(ret, str_c(space));
    add_string(ret, STR_NONE); /* reserved */
    add_string(ret, STR(HASH));
    add_string(ret, str_of(digest, sizeof digest));
    return buf_ok(ret, "what is signed", e);
}

bool sshsig_is_asked(struct str s)
{
    AUTO(buf) struct buf head = BUF_INIT(SSHSIG_MAX);
    buf_adds(&head, MAGIC);
    add_string(&head, STR(SSHSIG_GIT));
    add_string(&head, STR_NONE);
    add_string(&head, STR(HASH));
    add_u32(&head, SHA512_LEN);
    return s.n == head.n + SHA512_LEN && str_starts(s, buf_str(&head));
}

enum rc sshsig_armor(const char *space, const unsigned char pub[SSHSIG_KEY_LEN], struct str sig,
                     struct buf *ret, struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf signature = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf blob = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf text = BUF_INIT(SSHSIG_MAX);
    if (sig.n != SSHSIG_SIG_LEN)
        return err_set(e, RC_INVALID, "a signature has %d bytes", SSHSIG_SIG_LEN);
    add_key(&key, pub);
    add_string(&signature, STR(KIND));
    add_string(&signature, sig);
    buf_adds(&blob, MAGIC);
    add_u32(&blob, VERSION);
    add_string(&blob, buf_str(&key));
    add_string(&blob, str_c(space));
    add_string(&blob, STR_NONE); /* reserved */
    add_string(&blob, STR(HASH));
    add_string(&blob, buf_str(&signature));
    TRY(buf_ok(&blob, "a signature", e));
    base64_add(&text, buf_str(&blob));
    TRY(buf_ok(&text, "a signature", e));
    buf_adds(ret, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t at = 0; at < text.n; at += WIDTH) {
        buf_add(ret, str_sub(buf_str(&text), at, WIDTH));
        buf_addc(ret, '\n');
    }
    buf_adds(ret, "-----END SSH SIGNATURE-----\n");
    return buf_ok(ret, "a signature", e);
}

enum rc sshsig_public(const unsigned char pub[SSHSIG_KEY_LEN], struct buf *ret, struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(SSHSIG_MAX);
    add_key(&key, pub);
    buf_adds(ret, KIND " ");
    base64_add(ret, buf_str(&key));
    return buf_ok(ret, "a key", e);
}

enum rc sshsig_signer(const unsigned char pub[SSHSIG_KEY_LEN], struct str principal,
                      struct buf *ret, struct err *e)
{
    /* A list of patterns stands there: an address that is one would allow others. */
    for (size_t i = 0; i < principal.n; i++)
        if ((unsigned char)principal.p[i] <= ' ' || strchr("\"*?!,#", principal.p[i]))
            return err_set(e, RC_INVALID, "an address with that letter cannot be a signer");
    if (principal.n == 0)
        return err_set(e, RC_INVALID, "a signer has an address");
    buf_add(ret, principal);
    buf_adds(ret, " namespaces=\"" SSHSIG_GIT "\" ");
    TRY(sshsig_public(pub, ret, e));
    buf_addc(ret, '\n');
    return buf_ok(ret, "a signer", e);
}

/* ---- in a commit ---- */

enum rc sshsig_commit(struct str object, const char *header, struct str armor, struct buf *ret,
                      struct err *e)
{
    size_t end = str_find(object, STR("\n\n"));
    struct str line;
    bool first = true;
    if (end == STR_NPOS)
        return err_set(e, RC_INVALID, "a commit without an end of its head");
    buf_add(ret, str_sub(object, 0, end + 1));
    while (str_line(&armor, &line)) {
        buf_adds(ret, first ? header : "");
        buf_addc(ret, ' ');
        buf_add(ret, line);
        buf_addc(ret, '\n');
        first = false;
    }
    buf_add(ret, str_sub(object, end + 1, object.n));
    return buf_ok(ret, "a commit", e);
}
