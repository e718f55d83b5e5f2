/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the talk with the keys role.  Runs in core; keys is trusted with keys, its answers
 * are still checked like any message.
 */
#include <sodium.h>
#include <unistd.h>

#include "desk/keygen.h"
#include "os/file.h"
#include "serve/core.h"

/* One question, with a descriptor or -1, and its answer; a timeout or a restart of keys is "try
 * again later". */
struct question {
    enum wire_type type, want;
    const struct buf *body;
    int fd;
};
static enum rc ask_with(struct core *c, const struct question *q, struct frame *ret_f,
                        struct err *e)
{
    struct chan *keys = role_find(&c->role, ROLE_KEYS);
    AUTO(fd) int fd = q->fd;
    if (keys == NULL)
        return err_set(e, RC_BUSY, "the keys role is not there yet");
    enum rc rc = chan_call(keys, q->type, q->body, fd_take(&fd), q->want, CORE_KEYS_MS, ret_f, e);
    return rc == RC_CLOSED || rc == RC_TIMEOUT ? err_set(e, RC_BUSY, "the keys role went away")
                                               : rc;
}

static enum rc ask(struct core *c, enum wire_type type, const struct buf *body, enum wire_type want,
                   struct frame *ret_f, struct err *e)
{
    return ask_with(c, &(struct question){type, want, body, -1}, ret_f, e);
}

static enum rc refused(uint32_t rc, struct str why, struct err *e)
{
    enum rc known = rc < RC_COUNT ? (enum rc)rc : RC_INTERNAL;
    return known == RC_OK ? RC_OK : err_set(e, known, "%.*s", STR_ARG(why));
}

static enum rc call_new_case_key(void *arg, struct str scope, struct buf *ret_wrapped,
                                 struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1000);
    struct frame f;
    struct wire_case_key_is m;
    wire_put_case_key(&b, &(struct wire_case_key){scope});
    TRY(ask(arg, WIRE_CASE_KEY, &b, WIRE_CASE_KEY_IS, &f, e));
    TRY(wire_get_case_key_is(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    buf_add(ret_wrapped, m.key);
    return buf_ok(ret_wrapped, "a case key", e);
}

static enum rc call_rewrap(void *arg, const struct rewrap *r, struct buf *ret_wrapped,
                           struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(4000);
    struct frame f;
    struct wire_blob_rewrapped m;
    wire_put_blob_rewrap(&b, &(struct wire_blob_rewrap){.from_scope = r->from_scope,
                                                        .from_case_key = r->from_key,
                                                        .to_scope = r->to_scope,
                                                        .to_case_key = r->to_key,
                                                        .purpose = r->purpose,
                                                        .name = r->blob,
                                                        .key = r->wrapped});
    TRY(ask(arg, WIRE_BLOB_REWRAP, &b, WIRE_BLOB_REWRAPPED, &f, e));
    TRY(wire_get_blob_rewrapped(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    buf_add(ret_wrapped, m.key);
    return buf_ok(ret_wrapped, "a blob key", e);
}

/* The signature is checked here: a receipt that does not verify must never leave. */
static enum rc call_sign(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_key_id,
                         struct err *e)
{
    struct core *c = arg;
    AUTO(buf) struct buf b = BUF_INIT(WIRE_SIGN_MAX + 100);
    struct frame f;
    struct wire_signed_by m;
    wire_put_sign(&b, &(struct wire_sign){text});
    TRY(ask(c, WIRE_SIGN, &b, WIRE_SIGNED_BY, &f, e));
    TRY(wire_get_signed_by(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    if (m.signature.n != crypto_sign_BYTES || m.pubkey.n != sizeof c->sign_key ||
        memcmp(m.pubkey.p, c->sign_key, sizeof c->sign_key) != 0 ||
        crypto_sign_verify_detached((const unsigned char *)m.signature.p,
                                    (const unsigned char *)text.p, text.n, c->sign_key) != 0)
        return err_set(e, RC_INTERNAL, "keys signed with another key than the published one");
    buf_add(ret_sig, m.signature);
    buf_adds(ret_key_id, c->sign_id);
    return RC_OK;
}

void spool_opened_auto(struct spool_opened *o)
{
    buf_release(&o->envelope);
    buf_release(&o->key);
    fd_auto(&o->fd);
}

enum rc core_keys_spool_open(struct core *c, struct str id, struct spool_opened *ret_o,
                             struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1000);
    struct frame f;
    struct wire_spool_opened m;
    wire_put_spool_open(&b, &(struct wire_spool_open){id, STR(DESK_SCOPE_INBOX), STR_NONE});
    TRY(ask(c, WIRE_SPOOL_OPEN, &b, WIRE_SPOOL_OPENED, &f, e));
    AUTO(fd) int fd = f.fd;
    TRY(wire_get_spool_opened(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    if (fd < 0)
        return err_set(e, RC_INTERNAL, "keys opened a record without its bytes");
    TRY(str_copy(ret_o->blob, sizeof ret_o->blob, m.name, "blob name", e));
    buf_init(&ret_o->envelope, WIRE_SETUP_MAX);
    buf_init(&ret_o->key, WIRE_KEY_MAX);
    buf_add(&ret_o->envelope, m.envelope);
    buf_add(&ret_o->key, m.key);
    ret_o->size = (int64_t)m.size;
    ret_o->fd = fd_take(&fd);
    return RC_OK;
}

enum rc core_keys_blob_open(struct core *c, const struct blob_ask *s, int *ret_fd, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(4000);
    struct frame f;
    struct wire_blob_opened m;
    wire_put_blob_open(
        &b, &(struct wire_blob_open){s->scope, s->case_key, s->purpose, s->name, s->wrapped});
    TRY(ask(c, WIRE_BLOB_OPEN, &b, WIRE_BLOB_OPENED, &f, e));
    AUTO(fd) int fd = f.fd;
    TRY(wire_get_blob_opened(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    if (fd < 0)
        return err_set(e, RC_INTERNAL, "keys opened a blob without its bytes");
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

static enum rc call_blob_read(void *arg, const struct blob_ask *b, struct buf *ret, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(core_keys_blob_open(arg, b, &fd, e));
    return fd_read_all(fd, ret->max, ret, e);
}

static enum rc call_blob_seal(void *arg, const struct blob_seal *s, struct buf *ret_name,
                              struct buf *ret_wrapped, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    AUTO(fd) int fd = -1;
    struct frame f;
    struct wire_blob_sealed m;
    TRY(memfd_of(s->bytes, "seal", &fd, e));
    wire_put_blob_seal(&b, &(struct wire_blob_seal){s->scope, s->case_key, s->purpose});
    TRY(ask_with(arg, &(struct question){WIRE_BLOB_SEAL, WIRE_BLOB_SEALED, &b, fd_take(&fd)}, &f,
                 e));
    TRY(wire_get_blob_sealed(f.body, &m, e));
    TRY(refused(m.rc, m.why, e));
    if (m.size != s->bytes.n)
        return err_set(e, RC_INTERNAL, "keys sealed something else");
    buf_add(ret_name, m.name);
    buf_add(ret_wrapped, m.key);
    TRY(buf_ok(ret_name, "a blob's name", e));
    return buf_ok(ret_wrapped, "a blob key", e);
}

struct desk_calls core_keys_calls(struct core *c)
{
    return (struct desk_calls){.arg = c,
                               .new_case_key = call_new_case_key,
                               .rewrap = call_rewrap,
                               .blob_read = call_blob_read,
                               .blob_seal = call_blob_seal,
                               .sign = call_sign,
                               .spool = core_spool_form};
}
