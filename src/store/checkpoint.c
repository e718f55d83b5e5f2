/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of all events and signed statements about it.  Runs in core (which hands the text to keys
 * for the signature) and in verify; a note to be read may come from anybody.
 */
#include "store/checkpoint.h"

#include <inttypes.h>

#include "base/hex.h"
#include "base/when.h"

static const struct sql sql_unsequenced = {
    "log_unsequenced", "SELECT id, bytes FROM event WHERE leaf IS NULL ORDER BY id LIMIT $1", NULL};
static const struct sql sql_place = {
    "log_place", "UPDATE event SET leaf = $2 WHERE id = $1 AND leaf IS NULL", NULL};
/* Level 0 has a node for each leaf: its number of rows without counting them. */
static const struct sql sql_size = {
    "log_size", "SELECT CAST(coalesce(max(idx) + 1, 0) AS BIGINT) FROM lognode WHERE level = 0",
    NULL};
static const struct sql sql_node = {"log_node",
                                    "SELECT hash FROM lognode WHERE level = $1 AND idx = $2", NULL};
static const struct sql sql_node_add = {"log_node_add",
                                        "INSERT INTO lognode (level, idx, hash) VALUES ($1,$2,$3)"
                                        " ON CONFLICT (level, idx) DO NOTHING",
                                        NULL};
static const struct sql sql_leaf = {
    "log_leaf", "SELECT leaf FROM event WHERE chain = $1 AND seq = $2 AND leaf IS NOT NULL", NULL};
static const struct sql sql_desk = {"log_desk", "SELECT value FROM meta WHERE key = 'desk'", NULL};
static const struct sql sql_last = {
    "checkpoint_last", "SELECT size, root, at_us, note FROM checkpoint ORDER BY id DESC LIMIT 1",
    NULL};
static const struct sql sql_add = {
    "checkpoint_add", "INSERT INTO checkpoint (size, root, at_us, note) VALUES ($1,$2,$3,$4)",
    NULL};

/* ------------------------------------------------------------------ the log */

static enum rc node_get(void *arg, int level, int64_t idx, struct hash *ret_h, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(arg, &sql_node, DB_ARGS(DB_I(level), DB_I(idx)), &r, e));
    struct str h = rows_next(r) ? row_blob(r, 0) : STR_NONE;
    if (h.n != SHA256_LEN)
        return err_set(e, RC_NOTFOUND, "node %d/%" PRId64 " of the log is missing", level, idx);
    memcpy(ret_h->b, h.p, SHA256_LEN);
    return RC_OK;
}

static enum rc node_put(void *arg, int level, int64_t idx, const struct hash *h, struct err *e)
{
    /* A node that exists was written by another core since our snapshot. */
    return db_run_one(arg, &sql_node_add,
                      DB_ARGS(DB_I(level), DB_I(idx), DB_B(str_of(h->b, SHA256_LEN))), "the log",
                      e);
}

struct merkle_source log_source(struct db *db)
{
    return (struct merkle_source){node_get, db};
}

enum rc log_size(struct db *db, int64_t *ret_size, struct err *e)
{
    return db_one_i64(db, &sql_size, DB_NOARGS, ret_size, e);
}

enum rc log_sequence(struct db *db, int max, int *ret_n, struct err *e)
{
    if (max < 1 || max > LOG_BATCH_MAX)
        return err_set(e, RC_INVALID, "1 to %d events are sequenced at once", LOG_BATCH_MAX);
    AUTO(tx) struct tx tx = TX_INIT;
    AUTO(rows) struct rows *r = NULL;
    struct merkle_source s = log_source(db);
    struct merkle_edge m;
    int64_t size;
    int n = 0;
    TRY(tx_begin(db, &tx, e));
    TRY(db_query(db, &sql_unsequenced, DB_ARGS(DB_I(max)), &r, e));
    if (rows_count(r) == 0) {
        *ret_n = 0;
        return RC_OK;
    }
    TRY(log_size(db, &size, e));
    TRY(merkle_edge_load(&s, size, &m, e));
    while (rows_next(r)) {
        struct hash leaf;
        merkle_leaf(row_blob(r, 1), &leaf);
        TRY(db_run_one(db, &sql_place, DB_ARGS(DB_I(row_i64(r, 0)), DB_I(m.size)), "the log", e));
        TRY(merkle_append(&m, &leaf, node_put, db, e));
        n++;
    }
    TRY(rows_rc(r, e));
    TRY(tx_commit(&tx, e));
    *ret_n = n;
    return RC_OK;
}

enum rc log_leaf(struct db *db, int64_t chain, int64_t seq, int64_t *ret_leaf, struct err *e)
{
    return db_one_i64(db, &sql_leaf, DB_ARGS(DB_I(chain), DB_I(seq)), ret_leaf, e);
}

/* ------------------------------------------------------------------ the text */

void checkpoint_text(struct buf *b, struct str origin, const struct checkpoint *c)
{
    buf_addf(b, "vulndesk checkpoint v1\norigin %.*s\nsize %" PRId64 "\nroot ", STR_ARG(origin),
             c->size);
    base64_add(b, str_of(c->root.b, SHA256_LEN));
    buf_adds(b, "\ntime ");
    when_rfc3339(b, c->at_us);
    buf_adds(b, "\n");
}

static enum rc bad_note(struct err *e)
{
    return err_set(e, RC_INVALID, "not a checkpoint of version 1");
}

/* One line "name value" with its LF. */
static bool line(struct str *rest, struct str name, struct str *ret_value)
{
    size_t end = str_chr(*rest, '\n');
    struct str l = str_sub(*rest, 0, end == STR_NPOS ? 0 : end);
    if (!str_starts(l, name) || l.n <= name.n + 1 || l.p[name.n] != ' ')
        return false;
    *ret_value = str_sub(l, name.n + 1, l.n);
    *rest = str_sub(*rest, end + 1, rest->n);
    return true;
}

static bool bytes_of(struct str text, void *ret, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(256);
    if (base64_get(&b, text, "base64", NULL) != RC_OK || b.n != n)
        return false;
    memcpy(ret, b.p, n);
    return true;
}

enum rc checkpoint_parse(struct str note, struct checkpoint_note *ret_n, struct err *e)
{
    static const struct str head = {"vulndesk checkpoint v1\n", 23};
    struct checkpoint_note n = {.text = STR_NONE};
    struct str rest = str_sub(note, head.n, note.n), size, root, time, sig;
    uint64_t leaves;
    if (note.n > CHECKPOINT_TEXT_MAX || !str_starts(note, head))
        return bad_note(e);
    if (!line(&rest, STR("origin"), &n.origin) || !line(&rest, STR("size"), &size) ||
        !line(&rest, STR("root"), &root) || !line(&rest, STR("time"), &time))
        return bad_note(e);
    n.text = str_sub(note, 0, note.n - rest.n);
    if (!line(&rest, STR("key"), &n.key_id) || !line(&rest, STR("signature"), &sig) || rest.n > 0)
        return bad_note(e);
    if (num_parse(size, 1, INT64_C(1) << (MERKLE_LEVELS - 1), "size", &leaves, NULL) != RC_OK ||
        !bytes_of(root, n.c.root.b, SHA256_LEN) || !bytes_of(sig, n.sig, sizeof n.sig) ||
        when_parse_rfc3339(time, &n.c.at_us, NULL) != RC_OK)
        return bad_note(e);
    n.c.size = (int64_t)leaves;
    /* One statement has one text: what we would have written, byte for byte. */
    AUTO(buf) struct buf again = BUF_INIT(CHECKPOINT_TEXT_MAX);
    checkpoint_text(&again, n.origin, &n.c);
    if (!str_eq(buf_str(&again), n.text))
        return bad_note(e);
    *ret_n = n;
    return RC_OK;
}

/* ------------------------------------------------------------------ checkpoints */

enum rc checkpoint_last(struct db *db, struct checkpoint *ret_c, struct buf *ret_note,
                        struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_last, DB_NOARGS, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no checkpoint yet");
    struct checkpoint c = {.size = row_i64(r, 0), .at_us = row_i64(r, 2)};
    struct str root = row_blob(r, 1), note = row_str(r, 3);
    TRY(rows_rc(r, e));
    if (root.n != SHA256_LEN)
        return err_set(e, RC_INTERNAL, "the newest checkpoint is damaged: run verify");
    memcpy(c.root.b, root.p, SHA256_LEN);
    if (ret_note) {
        buf_add(ret_note, note);
        TRY(buf_ok(ret_note, "a checkpoint", e));
    }
    *ret_c = c;
    return RC_OK;
}

/* What to sign now: size, root and time in one snapshot. */
static enum rc state_now(struct db *db, struct checkpoint *ret_c, struct buf *ret_text,
                         struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    AUTO(rows) struct rows *r = NULL;
    struct checkpoint c = {.size = 0};
    struct merkle_source s = log_source(db);
    TRY(tx_begin_read(db, &tx, e));
    TRY(log_size(db, &c.size, e));
    if (c.size == 0)
        return err_set(e, RC_NOTFOUND, "the log is empty");
    TRY(merkle_root(&s, c.size, &c.root, e));
    /* Whole seconds, as the text has them. */
    c.at_us = db_now_us(db) / US_PER_S * US_PER_S;
    TRY(db_query(db, &sql_desk, DB_NOARGS, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "the desk has no id yet: migrate the database");
    checkpoint_text(ret_text, row_str(r, 0), &c);
    TRY(buf_ok(ret_text, "a checkpoint", e));
    *ret_c = c;
    return tx_commit(&tx, e);
}

static enum rc same_as_last(struct db *db, const struct checkpoint *now, bool *ret_same,
                            struct checkpoint *ret_c, struct err *e)
{
    struct checkpoint last;
    enum rc rc = checkpoint_last(db, &last, NULL, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    *ret_same =
        rc == RC_OK && last.size == now->size && memcmp(last.root.b, now->root.b, SHA256_LEN) == 0;
    if (*ret_same)
        *ret_c = last;
    return RC_OK;
}

enum rc checkpoint_make(struct db *db, checkpoint_sign sign, void *arg, struct checkpoint *ret_c,
                        struct err *e)
{
    struct checkpoint now;
    AUTO(buf) struct buf note = BUF_INIT(CHECKPOINT_TEXT_MAX);
    AUTO(buf) struct buf sig = BUF_INIT(CHECKPOINT_SIG_LEN);
    AUTO(buf) struct buf key = BUF_INIT(128);
    bool same;
    if (db_in_tx(db))
        return err_set(e, RC_INTERNAL, "a checkpoint is made outside transactions only");
    TRY(state_now(db, &now, &note, e));
    TRY(same_as_last(db, &now, &same, ret_c, e));
    if (same)
        return RC_OK;
    TRY(sign(arg, buf_str(&note), &sig, &key, e));
    if (sig.n != CHECKPOINT_SIG_LEN)
        return err_set(e, RC_INTERNAL, "a signature has %d bytes", CHECKPOINT_SIG_LEN);
    buf_addf(&note, "key %s\nsignature ", buf_c(&key));
    base64_add(&note, buf_str(&sig));
    buf_adds(&note, "\n");
    struct checkpoint_note check;
    TRY(buf_ok(&note, "a checkpoint", e));
    TRY(checkpoint_parse(buf_str(&note), &check, e));
    TRY(db_run(db, &sql_add,
               DB_ARGS(DB_I(now.size), DB_B(str_of(now.root.b, SHA256_LEN)), DB_I(now.at_us),
                       DB_T(buf_str(&note))),
               NULL, e));
    *ret_c = now;
    return RC_OK;
}
