/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role "keys": opens spool records, seals and opens blobs, signs.  It holds the private keys
 * and nothing else: no database, no network.  Questions come from core alone and are typed; what
 * lies in the spool was written by smtpd and is hostile until its seal is checked.
 */
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "desk/keygen.h"
#include "desk/sshsig.h"
#include "os/file.h"
#include "serve/role.h"
#include "serve/roles.h"
#include "smtp/spool.h"
#include "store/blob.h"
#include "store/seal.h"

#define KEYS_PLAIN_MAX ((uint64_t)256 << 20) /* plain bytes of one record or blob */

struct keys {
    struct role_ctx role;
    struct keygen_secrets s;
    int spool_fd, blobs_fd; /* spool/new and blobs */
};

/* Plain bytes from memory into a new blob, on disk and synced when this returns. */
static enum rc seal_memory(struct keys *k, const struct seal_place *p, int plain,
                           struct sealed *ret_b, struct err *e)
{
    AUTO(blob_tmp) struct blob_tmp tmp = BLOB_TMP_INIT;
    TRY(blob_tmp_open(k->blobs_fd, &tmp, e));
    TRY(seal_fd(k->s.master, p, plain, tmp.fd, ret_b, e));
    return blob_tmp_keep(&tmp, str_c(ret_b->name), e);
}

struct opened {
    struct arena *arena;
    struct buf envelope;
    struct sealed blob;
    int fd;
};

static enum rc spool_to_blob(struct keys *k, const struct wire_spool_open *m, struct opened *o,
                             struct err *e)
{
    char name[SPOOL_ID_LEN + 1];
    if (!spool_id_valid(m->id))
        return err_set(e, RC_INVALID, "that is no spool id");
    TRY(str_copy(name, sizeof name, m->id, "spool id", e));
    AUTO(fd) int record = openat(k->spool_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (record < 0)
        return err_errno(e, RC_NOTFOUND, "spool record");
    TRY(memfd_new("plain", &o->fd, e));
    struct spool_key key;
    memcpy(key.secret, k->s.intake, sizeof key.secret);
    struct spool_mail mail = {.arena = o->arena};
    enum rc rc = spool_read(record, &key, name, o->fd, KEYS_PLAIN_MAX, &mail, e);
    sodium_memzero(&key, sizeof key);
    TRY(rc);
    TRY(memfd_seal(o->fd, e));
    TRY(smtp_envelope_write(&o->envelope, &mail.envelope, e));
    struct seal_place place = {.scope = m->scope, .case_key = m->case_key, .purpose = STR("mail")};
    TRY(seal_memory(k, &place, o->fd, &o->blob, e));
    return lseek(o->fd, 0, SEEK_SET) == 0 ? RC_OK : err_errno(e, RC_IO, "a memory file");
}

static enum rc on_spool_open(struct keys *k, struct chan *c, const struct frame *f, struct err *e)
{
    struct wire_spool_open m;
    TRY(wire_get_spool_open(f->body, &m, e));
    AUTO(arena) struct arena *arena = arena_new(4u << 20);
    struct opened o = {.arena = arena, .envelope = BUF_INIT(WIRE_SETUP_MAX), .fd = -1};
    struct err why = ERR_INIT;
    enum rc rc = spool_to_blob(k, &m, &o, &why);
    AUTO(fd) int fd = o.fd;
    AUTO(buf) struct buf b = BUF_INIT(WIRE_SETUP_MAX + 4000);
    struct wire_spool_opened a = {.rc = rc, .why = str_c(rc == RC_OK ? "" : why.msg)};
    if (rc == RC_OK) {
        a.envelope = buf_str(&o.envelope);
        a.name = str_c(o.blob.name);
        a.key = str_of(o.blob.key, sizeof o.blob.key);
        a.size = (uint64_t)o.blob.size;
    }
    wire_put_spool_opened(&b, &a);
    buf_release(&o.envelope);
    return role_send(&k->role, c, WIRE_SPOOL_OPENED, f->id, &b, rc == RC_OK ? fd_take(&fd) : -1, e);
}

static enum rc on_case_key(struct keys *k, struct chan *c, const struct frame *f, struct err *e)
{
    struct wire_case_key m;
    TRY(wire_get_case_key(f->body, &m, e));
    unsigned char key[SEAL_WRAPPED_LEN];
    struct err why = ERR_INIT;
    enum rc rc = seal_case_key(k->s.master, m.scope, key, &why);
    AUTO(buf) struct buf b = BUF_INIT(2000);
    wire_put_case_key_is(
        &b, &(struct wire_case_key_is){rc, str_c(rc == RC_OK ? "" : why.msg),
                                       rc == RC_OK ? str_of(key, sizeof key) : STR_NONE});
    return role_send(&k->role, c, WIRE_CASE_KEY_IS, f->id, &b, -1, e);
}

static enum rc blob_to_memory(struct keys *k, const struct wire_blob_open *m, int *ret_fd,
                              int64_t *ret_size, struct err *e)
{
    AUTO(fd) int in = -1, out = -1;
    struct seal_place place = {.scope = m->scope, .case_key = m->case_key, .purpose = m->purpose};
    struct seal_blob blob = {m->name, m->key};
    TRY(blob_open(k->blobs_fd, m->name, &in, e));
    TRY(memfd_new("plain", &out, e));
    TRY(unseal_fd(k->s.master, &place, &blob, in, out, (int64_t)KEYS_PLAIN_MAX, ret_size, e));
    TRY(memfd_seal(out, e));
    *ret_fd = fd_take(&out);
    return RC_OK;
}

static enum rc on_blob_open(struct keys *k, struct chan *c, const struct frame *f, struct err *e)
{
    struct wire_blob_open m;
    TRY(wire_get_blob_open(f->body, &m, e));
    AUTO(fd) int fd = -1;
    int64_t size = 0;
    struct err why = ERR_INIT;
    enum rc rc = blob_to_memory(k, &m, &fd, &size, &why);
    AUTO(buf) struct buf b = BUF_INIT(2000);
    wire_put_blob_opened(
        &b, &(struct wire_blob_opened){rc, str_c(rc == RC_OK ? "" : why.msg), (uint64_t)size});
    return role_send(&k->role, c, WIRE_BLOB_OPENED, f->id, &b, fd_take(&fd), e);
}

static enum rc on_blob_rewrap(struct keys *k, struct chan *c, const struct frame *f, struct err *e)
{
    struct wire_blob_rewrap m;
    TRY(wire_get_blob_rewrap(f->body, &m, e));
    struct seal_place from = {m.from_scope, m.from_case_key, m.purpose};
    struct seal_place to = {m.to_scope, m.to_case_key, m.purpose};
    struct seal_blob blob = {m.name, m.key};
    unsigned char key[SEAL_WRAPPED_LEN];
    struct err why = ERR_INIT;
    enum rc rc = seal_rewrap(k->s.master, &from, &to, &blob, key, &why);
    AUTO(buf) struct buf b = BUF_INIT(2000);
    wire_put_blob_rewrapped(
        &b, &(struct wire_blob_rewrapped){rc, str_c(rc == RC_OK ? "" : why.msg),
                                          rc == RC_OK ? str_of(key, sizeof key) : STR_NONE});
    return role_send(&k->role, c, WIRE_BLOB_REWRAPPED, f->id, &b, -1, e);
}

/* What core wants kept with a case; the bytes lie in a memory file that nobody can change. */
static enum rc memory_to_blob(struct keys *k, const struct wire_blob_seal *m, int fd,
                              struct sealed *ret_b, struct err *e)
{
    struct seal_place place = {.scope = m->scope, .case_key = m->case_key, .purpose = m->purpose};
    if (str_eq(m->scope, STR(SEAL_SCOPE_INBOX)) || m->case_key.n == 0)
        return err_set(e, RC_INVALID, "only what belongs to a case is sealed");
    TRY(memfd_check(fd, KEYS_PLAIN_MAX, e));
    if (lseek(fd, 0, SEEK_SET) != 0)
        return err_errno(e, RC_IO, "a memory file");
    return seal_memory(k, &place, fd, ret_b, e);
}

static enum rc on_blob_seal(struct keys *k, struct chan *c, struct frame *f, struct err *e)
{
    struct wire_blob_seal m;
    AUTO(fd) int fd = fd_take(&f->fd);
    TRY(wire_get_blob_seal(f->body, &m, e));
    struct sealed blob;
    struct err why = ERR_INIT;
    enum rc rc = memory_to_blob(k, &m, fd, &blob, &why);
    AUTO(buf) struct buf b = BUF_INIT(4000);
    struct wire_blob_sealed a = {.rc = rc, .why = str_c(rc == RC_OK ? "" : why.msg)};
    if (rc == RC_OK) {
        a.name = str_c(blob.name);
        a.key = str_of(blob.key, sizeof blob.key);
        a.size = (uint64_t)blob.size;
    }
    wire_put_blob_sealed(&b, &a);
    return role_send(&k->role, c, WIRE_BLOB_SEALED, f->id, &b, -1, e);
}

static enum rc on_blob_drop(struct keys *k, const struct frame *f, struct err *e)
{
    struct wire_blob_drop m;
    struct err why = ERR_INIT;
    TRY(wire_get_blob_drop(f->body, &m, e));
    if (blob_del(k->blobs_fd, m.name, &why) != RC_OK && why.rc != RC_NOTFOUND)
        log_event(LOG_WARN_, "blob-not-dropped", "why=\"%s\"", why.msg);
    return RC_OK;
}

/* Receipts and checkpoints are text, a commit's signature is of bytes of its own form: what is
 * neither could be anything. */
static enum rc on_sign(struct keys *k, struct chan *c, const struct frame *f, struct err *e)
{
    struct wire_sign m;
    TRY(wire_get_sign(f->body, &m, e));
    if (!utf8_is_clean(m.text) && !sshsig_is_asked(m.text))
        return err_set(e, RC_INVALID, "neither text nor a commit is to be signed");
    unsigned char sig[crypto_sign_BYTES];
    crypto_sign_detached(sig, NULL, (const unsigned char *)m.text.p, m.text.n, k->s.sign);
    AUTO(buf) struct buf b = BUF_INIT(2000);
    const unsigned char *pub = k->s.sign + crypto_sign_SEEDBYTES; /* the secret ends with it */
    wire_put_signed_by(&b, &(struct wire_signed_by){RC_OK, STR_NONE, str_of(sig, sizeof sig),
                                                    str_of(pub, KEYGEN_SIGN_LEN)});
    return role_send(&k->role, c, WIRE_SIGNED_BY, f->id, &b, -1, e);
}

static enum rc on_frame(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e)
{
    struct keys *k = r->ctx;
    switch (f->type) {
    case WIRE_SPOOL_OPEN:
        return on_spool_open(k, c, f, e);
    case WIRE_CASE_KEY:
        return on_case_key(k, c, f, e);
    case WIRE_BLOB_OPEN:
        return on_blob_open(k, c, f, e);
    case WIRE_BLOB_REWRAP:
        return on_blob_rewrap(k, c, f, e);
    case WIRE_BLOB_SEAL:
        return on_blob_seal(k, c, f, e);
    case WIRE_BLOB_DROP:
        return on_blob_drop(k, f, e);
    case WIRE_SIGN:
        return on_sign(k, c, f, e);
    default:
        return err_set(e, RC_INVALID, "an unexpected message from %s", role_name(c->peer));
    }
}

static enum rc keys_open(struct keys *k, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame};
    struct str dir;
    char path[FILE_PATH_MAX];
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    TRY(role_open(&k->role, ROLE_KEYS, &ops, k, e));
    TRY(role_text(&k->role, "data_dir", &dir, e));
    TRY(keygen_load(dir.p, &k->s, e));
    snprintf(path, sizeof path, "%s/spool/new", dir.p);
    TRY(dir_open(AT_FDCWD, path, &k->spool_fd, e));
    snprintf(path, sizeof path, "%s/blobs", dir.p);
    TRY(dir_open(AT_FDCWD, path, &k->blobs_fd, e));
    return role_secure(&k->role, e);
}

int keys_main(void)
{
    struct err e = ERR_INIT;
    struct keys k = {.spool_fd = -1, .blobs_fd = -1};
    enum rc rc = keys_open(&k, &e);
    while (rc == RC_OK && !k.role.stop)
        role_pump(&k.role, -1);
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "start-failed", "why=\"%s\"", e.msg);
    sodium_memzero(&k.s, sizeof k.s);
    fd_auto(&k.spool_fd);
    fd_auto(&k.blobs_fd);
    role_close(&k.role);
    return rc_exit(rc);
}
