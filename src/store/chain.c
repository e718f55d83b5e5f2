/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events and their chains.  Runs in core and in verify; kinds and actors are ours, payloads may
 * hold strangers' text, which is hashed and stored as it is.
 */
#include "store/chain.h"

#include <inttypes.h>

#include "base/hex.h"

#define EVENT_TAG      "vulndesk event v1"
#define COMMITMENT_TAG "vulndesk payload v1"
#define META_MAX       128 /* bytes of a value of meta that is read here */

static const struct sql sql_case_head = {
    "chain_head", "SELECT chain_seq, chain_head FROM vcase WHERE id = $1", NULL};
static const struct sql sql_case_set = {"chain_set",
                                        "UPDATE vcase SET chain_seq = $2, chain_head = $3"
                                        " WHERE id = $1 AND chain_seq = $4 AND chain_head = $5",
                                        NULL};
static const struct sql sql_meta = {"chain_meta", "SELECT value FROM meta WHERE key = $1", NULL};
static const struct sql sql_meta_set = {
    "chain_meta_set", "UPDATE meta SET value = $2 WHERE key = $1 AND value = $3", NULL};
static const struct sql sql_event_add = {
    "event_add",
    "INSERT INTO event (chain, seq, at_us, kind, actor, bytes, head, payload, salt)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) ON CONFLICT (chain, seq) DO NOTHING",
    NULL};
static const struct sql sql_shred = {
    "event_shred", "UPDATE event SET payload = NULL, salt = NULL WHERE chain = $1 AND seq = $2",
    NULL};

/* ------------------------------------------------------------------ the layout */

static void field(struct buf *b, struct str s)
{
    unsigned char n[4] = {(unsigned char)(s.n >> 24), (unsigned char)(s.n >> 16),
                          (unsigned char)(s.n >> 8), (unsigned char)s.n};
    buf_add(b, str_of(n, sizeof n));
    buf_add(b, s);
}

static void field_i64(struct buf *b, int64_t v)
{
    unsigned char n[8];
    for (size_t i = 0; i < sizeof n; i++)
        n[i] = (unsigned char)((uint64_t)v >> (56 - 8 * i));
    field(b, str_of(n, sizeof n));
}

void event_encode(struct buf *b, const struct event_fields *f)
{
    field(b, STR(EVENT_TAG));
    field(b, f->desk);
    field_i64(b, f->chain);
    field_i64(b, f->seq);
    field(b, f->prev);
    field_i64(b, f->at_us);
    field(b, f->kind);
    field(b, f->actor);
    field(b, f->commitment);
}

static bool take(struct str *rest, struct str *ret)
{
    if (rest->n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > rest->n - 4)
        return false;
    *ret = str_sub(*rest, 4, n);
    *rest = str_sub(*rest, 4 + n, rest->n);
    return true;
}

static bool take_i64(struct str *rest, int64_t *ret)
{
    struct str s;
    if (!take(rest, &s) || s.n != 8)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | (unsigned char)s.p[i];
    *ret = (int64_t)v;
    return true;
}

enum rc event_decode(struct str bytes, struct event_fields *ret_f, struct err *e)
{
    struct event_fields f;
    struct str tag;
    bool ok = take(&bytes, &tag) && str_eq(tag, STR(EVENT_TAG)) && take(&bytes, &f.desk) &&
              take_i64(&bytes, &f.chain) && take_i64(&bytes, &f.seq) && take(&bytes, &f.prev) &&
              take_i64(&bytes, &f.at_us) && take(&bytes, &f.kind) && take(&bytes, &f.actor) &&
              take(&bytes, &f.commitment) && bytes.n == 0;
    if (!ok)
        return err_set(e, RC_INVALID, "the bytes of an event are not in the layout of version 1");
    *ret_f = f;
    return RC_OK;
}

void event_commitment(struct str salt, struct str payload, unsigned char ret[SHA256_LEN])
{
    AUTO(buf) struct buf b = BUF_INIT(EVENT_PAYLOAD_MAX + 256);
    field(&b, STR(COMMITMENT_TAG));
    field(&b, salt);
    field(&b, payload);
    /* A payload beyond its limit cannot have been written by us: the hash will not match. */
    sha256(buf_str(&b), ret);
}

/* ------------------------------------------------------------------ heads */

struct head {
    int64_t seq;
    char hash[SHA256_LEN];
    size_t n;            /* 0 or 32 */
    char meta[META_MAX]; /* chain 0: the value as it was */
};

static enum rc head_bad(int64_t chain, struct err *e)
{
    return err_set(e, RC_INTERNAL, "the head of chain %" PRId64 " is damaged: run verify", chain);
}

static enum rc meta_get(struct db *db, const char *key, char ret[META_MAX], struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_meta, DB_ARGS(DB_T(str_c(key))), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "the desk has no \"%s\" yet: migrate the database", key);
    return str_copy(ret, META_MAX, row_str(r, 0), key, e);
}

/* Chain 0 has no case; its head is the meta row "chain": "SEQ HEX". */
static enum rc desk_head(struct db *db, struct head *ret_h, struct err *e)
{
    struct head h = {0};
    TRY(meta_get(db, "chain", h.meta, e));
    struct str rest = str_c(h.meta), seq = STR_NONE;
    uint64_t n;
    (void)str_cut(&rest, ' ', &seq);
    if (num_parse(seq, 0, INT64_MAX - 1, "seq", &n, NULL) != RC_OK)
        return head_bad(0, e);
    h.seq = (int64_t)n;
    h.n = h.seq ? SHA256_LEN : 0;
    if (h.n && hex_get(rest, h.hash, SHA256_LEN, "head", NULL) != RC_OK)
        return head_bad(0, e);
    *ret_h = h;
    return RC_OK;
}

static enum rc chain_head(struct db *db, int64_t chain, struct head *ret_h, struct err *e)
{
    if (chain == 0)
        return desk_head(db, ret_h, e);
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_case_head, DB_ARGS(DB_I(chain)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such case");
    struct head h = {.seq = row_i64(r, 0)};
    struct str hash = row_blob(r, 1);
    TRY(rows_rc(r, e));
    if (h.seq < 0 || hash.n != (h.seq ? SHA256_LEN : 0))
        return head_bad(chain, e);
    h.n = hash.n;
    memcpy(h.hash, hash.p, hash.n);
    *ret_h = h;
    return RC_OK;
}

static enum rc head_set(struct db *db, int64_t chain, const struct head *old, struct str head,
                        struct err *e)
{
    if (chain != 0)
        return db_run_one(db, &sql_case_set,
                          DB_ARGS(DB_I(chain), DB_I(old->seq + 1), DB_B(head), DB_I(old->seq),
                                  DB_B(str_of(old->hash, old->n))),
                          "the case", e);
    char hex[SHA256_HEX], value[META_MAX];
    hex_put(hex, head.p, head.n);
    snprintf(value, sizeof value, "%" PRId64 " %s", old->seq + 1, hex);
    return db_run_one(db, &sql_meta_set,
                      DB_ARGS(DB_T(STR("chain")), DB_T(str_c(value)), DB_T(str_c(old->meta))),
                      "the desk", e);
}

/* ------------------------------------------------------------------ operations */

static enum rc append(struct db *db, int64_t chain, const struct head *h, struct event_fields *f,
                      const json_t *payload, struct err *e)
{
    unsigned char salt[EVENT_SALT_LEN], commitment[SHA256_LEN], head[SHA256_LEN];
    char desk[META_MAX];
    AUTO(buf) struct buf text = BUF_INIT(EVENT_PAYLOAD_MAX);
    AUTO(buf) struct buf bytes = BUF_INIT(EVENT_BYTES_MAX);
    if (payload)
        TRY(json_write(&text, payload, e));
    else
        buf_adds(&text, "{}");
    random_bytes(salt, sizeof salt);
    event_commitment(str_of(salt, sizeof salt), buf_str(&text), commitment);
    TRY(meta_get(db, "desk", desk, e));
    f->desk = str_c(desk);
    f->chain = chain;
    f->seq = h->seq + 1;
    f->prev = str_of(h->hash, h->n);
    f->at_us = db_now_us(db);
    f->commitment = str_of(commitment, sizeof commitment);
    event_encode(&bytes, f);
    TRY(buf_ok(&bytes, "the fixed part of an event", e));
    sha256(buf_str(&bytes), head);
    struct str head_s = str_of(head, sizeof head);
    TRY(head_set(db, chain, h, head_s, e));
    return db_run_one(db, &sql_event_add,
                      DB_ARGS(DB_I(chain), DB_I(f->seq), DB_I(f->at_us), DB_T(f->kind),
                              DB_T(f->actor), DB_B(buf_str(&bytes)), DB_B(head_s),
                              DB_T(buf_str(&text)), DB_B(str_of(salt, sizeof salt))),
                      "the chain of the case", e);
}

static enum rc append_checked(struct db *db, int64_t chain, int64_t seq, struct event_fields *f,
                              const json_t *payload, struct err *e)
{
    if (!db_in_tx(db))
        return err_set(e, RC_INTERNAL, "an event outside the transaction of its change");
    if (f->kind.n == 0 || f->kind.n > EVENT_KIND_MAX)
        return err_set(e, RC_LIMIT, "an event's kind has 1 to %d bytes", EVENT_KIND_MAX);
    if (f->actor.n == 0 || f->actor.n > EVENT_ACTOR_MAX)
        return err_set(e, RC_LIMIT, "an event's actor has 1 to %d bytes", EVENT_ACTOR_MAX);
    struct head h;
    TRY(chain_head(db, chain, &h, e));
    if (seq >= 0 && seq != h.seq)
        return err_set(e, RC_CONFLICT, "the case was changed by somebody else meanwhile");
    return append(db, chain, &h, f, payload, e);
}

enum rc event_append(struct db *db, int64_t chain, const char *kind, const char *actor,
                     const json_t *payload, struct err *e)
{
    struct event_fields f = {.kind = str_c(kind), .actor = str_c(actor)};
    return append_checked(db, chain, -1, &f, payload, e);
}

enum rc event_append_at(struct db *db, int64_t chain, int64_t seq, const char *kind,
                        const char *actor, const json_t *payload, struct err *e)
{
    struct event_fields f = {.kind = str_c(kind), .actor = str_c(actor)};
    if (seq < 0)
        return err_set(e, RC_INVALID, "a negative number of events");
    return append_checked(db, chain, seq, &f, payload, e);
}

enum rc event_seq(struct db *db, int64_t chain, int64_t *ret_seq, struct err *e)
{
    struct head h;
    TRY(chain_head(db, chain, &h, e));
    *ret_seq = h.seq;
    return RC_OK;
}

enum rc event_shred(struct db *db, int64_t chain, int64_t seq, struct err *e)
{
    int64_t changed;
    TRY(db_run(db, &sql_shred, DB_ARGS(DB_I(chain), DB_I(seq)), &changed, e));
    if (changed == 0)
        return err_set(e, RC_NOTFOUND, "there is no such event");
    return RC_OK;
}
