/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's keys.  Made by `vulndesk init`, loaded by the keys role; the files are our own.
 */
#include "desk/keygen.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#define KEY_FILE_MAX 200

static void key_path(char *dst, size_t size, const char *data_dir, const char *name)
{
    snprintf(dst, size, "%s/%s", data_dir, name);
}

static enum rc key_write(const char *data_dir, const char *name, const unsigned char *key, size_t n,
                         mode_t mode, struct err *e)
{
    char path[FILE_PATH_MAX], hex[2 * KEYGEN_SECRET_LEN + 2];
    key_path(path, sizeof path, data_dir, name);
    if (access(path, F_OK) == 0)
        return err_set(e, RC_CONFLICT, "%s exists already; a desk's keys are made once", name);
    hex_put(hex, key, n);
    hex[2 * n] = '\n';
    enum rc rc = file_write_sync(AT_FDCWD, path, str_of(hex, 2 * n + 1), mode, e);
    sodium_memzero(hex, sizeof hex);
    return rc;
}

static enum rc key_read(const char *data_dir, const char *name, unsigned char *ret, size_t n,
                        struct err *e)
{
    char path[FILE_PATH_MAX];
    AUTO(buf) struct buf b = BUF_INIT(KEY_FILE_MAX);
    key_path(path, sizeof path, data_dir, name);
    TRY(file_read(AT_FDCWD, path, KEY_FILE_MAX, &b, e));
    enum rc rc = hex_get(str_trim(buf_str(&b)), ret, n, name, e);
    if (b.p)
        sodium_memzero(b.p, b.n);
    return rc;
}

enum rc keygen_make(const char *data_dir, struct err *e)
{
    char path[FILE_PATH_MAX];
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    key_path(path, sizeof path, data_dir, "keys");
    TRY(dir_make(AT_FDCWD, path, 0700, e));
    unsigned char master[KEYGEN_MASTER_LEN], pk[32], sk[KEYGEN_SECRET_LEN];
    randombytes_buf(master, sizeof master);
    TRY(key_write(data_dir, "keys/master.key", master, sizeof master, 0600, e));
    crypto_box_keypair(pk, sk);
    TRY(key_write(data_dir, "keys/intake.key", sk, crypto_box_SECRETKEYBYTES, 0600, e));
    TRY(key_write(data_dir, "intake.pub", pk, KEYGEN_INTAKE_LEN, 0644, e));
    crypto_sign_keypair(pk, sk);
    TRY(key_write(data_dir, "keys/sign.key", sk, KEYGEN_SECRET_LEN, 0600, e));
    TRY(key_write(data_dir, "sign.pub", pk, KEYGEN_SIGN_LEN, 0644, e));
    sodium_memzero(master, sizeof master);
    sodium_memzero(sk, sizeof sk);
    return RC_OK;
}

bool keygen_done(const char *data_dir)
{
    static const char *const names[] = {"keys/master.key", "keys/intake.key", "keys/sign.key",
                                        "intake.pub", "sign.pub"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[FILE_PATH_MAX];
        key_path(path, sizeof path, data_dir, names[i]);
        if (access(path, F_OK) != 0)
            return false;
    }
    return true;
}

enum rc keygen_intake_public(const char *data_dir, unsigned char ret[KEYGEN_INTAKE_LEN],
                             struct err *e)
{
    return key_read(data_dir, "intake.pub", ret, KEYGEN_INTAKE_LEN, e);
}

enum rc keygen_sign_public(const char *data_dir, unsigned char ret[KEYGEN_SIGN_LEN], struct err *e)
{
    return key_read(data_dir, "sign.pub", ret, KEYGEN_SIGN_LEN, e);
}

enum rc keygen_load(const char *data_dir, struct keygen_secrets *ret_s, struct err *e)
{
    struct keygen_secrets s;
    TRY(key_read(data_dir, "keys/master.key", s.master, sizeof s.master, e));
    TRY(key_read(data_dir, "keys/intake.key", s.intake, sizeof s.intake, e));
    TRY(key_read(data_dir, "keys/sign.key", s.sign, sizeof s.sign, e));
    if (crypto_scalarmult_base(s.intake_public, s.intake) != 0)
        return err_set(e, RC_INVALID, "keys/intake.key is not a key");
    *ret_s = s;
    sodium_memzero(&s, sizeof s);
    return RC_OK;
}

void keygen_id(const unsigned char pub[KEYGEN_SIGN_LEN], char ret_id[KEYGEN_ID_LEN + 1])
{
    unsigned char d[SHA256_LEN];
    sha256(str_of(pub, KEYGEN_SIGN_LEN), d);
    hex_put(ret_id, d, KEYGEN_ID_LEN / 2);
}

void keygen_wipe(struct keygen_secrets *s)
{
    sodium_memzero(s, sizeof *s);
}

enum rc keygen_signer(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_key_id,
                      struct err *e)
{
    const struct keygen_secrets *s = arg;
    unsigned char sig[crypto_sign_BYTES];
    char id[KEYGEN_ID_LEN + 1];
    crypto_sign_detached(sig, NULL, (const unsigned char *)text.p, text.n, s->sign);
    keygen_id(s->sign + crypto_sign_SEEDBYTES, id); /* the secret ends with the public key */
    buf_add(ret_sig, str_of(sig, sizeof sig));
    buf_adds(ret_key_id, id);
    TRY(buf_ok(ret_sig, "a signature", e));
    return buf_ok(ret_key_id, "a key's id", e);
}
