/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the store against itself.  Runs in the command line tool on a database that may have been
 * tampered with: nothing read from it is believed before it was recomputed.
 */
#include "store/verify.h"

#include <inttypes.h>
#include <sodium.h>
#include <unistd.h>

#include "base/hex.h"
#include "store/blob.h"
#include "store/chain.h"

#define PAGE     500 /* rows read at once; their bytes stay far below DB_RESULT_MAX */
#define PAGE_SQL "500"

static const struct sql sql_desk = {
    "verify_desk", "SELECT key, value FROM meta WHERE key IN ('desk', 'chain') ORDER BY key", NULL};
static const struct sql sql_events = {
    "verify_events",
    "SELECT id, chain, seq, at_us, kind, actor, bytes, head, payload, salt FROM event"
    " WHERE chain > $1 OR (chain = $1 AND seq > $2) ORDER BY chain, seq LIMIT " PAGE_SQL,
    NULL};
static const struct sql sql_cases = {
    "verify_cases",
    "SELECT c.id, c.chain_seq, c.chain_head,"
    " (SELECT max(seq) FROM event WHERE chain = c.id),"
    " (SELECT head FROM event WHERE chain = c.id AND seq = c.chain_seq)"
    " FROM vcase c WHERE c.id > $1 ORDER BY c.id LIMIT " PAGE_SQL,
    NULL};
static const struct sql sql_desk_head = {
    "verify_desk_head", "SELECT seq, head FROM event WHERE chain = 0 ORDER BY seq DESC LIMIT 1",
    NULL};
static const struct sql sql_homeless = {
    "verify_homeless",
    "SELECT id, chain, seq FROM event WHERE chain <> 0"
    " AND NOT EXISTS (SELECT 1 FROM vcase c WHERE c.id = event.chain) ORDER BY id LIMIT " PAGE_SQL,
    NULL};
static const struct sql sql_leaves = {
    "verify_leaves",
    "SELECT id, chain, seq, leaf, bytes FROM event WHERE leaf > $1 ORDER BY leaf LIMIT " PAGE_SQL,
    NULL};
static const struct sql sql_unsequenced = {
    "verify_unsequenced", "SELECT CAST(count(*) AS BIGINT) FROM event WHERE leaf IS NULL", NULL};
static const struct sql sql_node = {"verify_node",
                                    "SELECT hash FROM lognode WHERE level = $1 AND idx = $2", NULL};
static const struct sql sql_nodes = {"verify_nodes", "SELECT CAST(count(*) AS BIGINT) FROM lognode",
                                     NULL};
static const struct sql sql_checkpoints = {
    "verify_checkpoints",
    "SELECT id, size, root, at_us, note FROM checkpoint WHERE size > $1 OR (size = $1 AND id > $2)"
    " ORDER BY size, id LIMIT " PAGE_SQL,
    NULL};
static const struct sql sql_blobs = {
    "verify_blobs", "SELECT id, name FROM blob WHERE id > $1 ORDER BY id LIMIT " PAGE_SQL, NULL};

static const char *const what_names[] = {"chain", "log", "checkpoint", "blob", "orphan"};

const char *verify_what_name(enum verify_what w)
{
    return (unsigned)w < ARRAY_LEN(what_names) ? what_names[w] : "?";
}

struct run {
    struct db *db;
    const struct verify_opts *o;
    struct verify_counts c;
    int64_t told[ARRAY_LEN(what_names)];
    char desk[128], head[128]; /* of meta */
};

static void tell(struct run *v, enum verify_what what, const char *row, const char *why)
{
    if (what != VERIFY_ORPHAN)
        v->c.bad++;
    if (v->o->tell && v->told[what]++ < VERIFY_TELL_MAX)
        v->o->tell(v->o->arg, &(struct verify_bad){what, row, why});
}

struct name {
    char text[120];
};
static struct name event_name(int64_t id, int64_t chain, int64_t seq)
{
    struct name n;
    snprintf(n.text, sizeof n.text, "event %" PRId64 " (chain %" PRId64 ", seq %" PRId64 ")", id,
             chain, seq);
    return n;
}

/* ------------------------------------------------------------------ chains */

/* Where the walk is. */
struct walk {
    int64_t chain, seq;
    unsigned char head[SHA256_LEN];
};

/* NULL when the event is as it should be, else what is wrong with it. */
static const char *event_wrong(struct run *v, struct rows *r, const struct walk *w)
{
    struct event_fields f;
    struct str bytes = row_blob(r, 6), head = row_blob(r, 7);
    unsigned char digest[SHA256_LEN];
    if (row_i64(r, 2) != w->seq + 1)
        return "the events between this one and the one before it are missing";
    sha256(bytes, digest);
    if (!str_eq(head, str_of(digest, sizeof digest)))
        return "its hash is not the hash of its bytes";
    if (event_decode(bytes, &f, NULL) != RC_OK)
        return "its bytes are not in the layout of version 1";
    if (!str_eq(f.desk, str_c(v->desk)))
        return "it was made by another desk";
    if (f.chain != row_i64(r, 1) || f.seq != row_i64(r, 2))
        return "its bytes name another place";
    if (f.at_us != row_i64(r, 3) || !str_eq(f.kind, row_str(r, 4)) ||
        !str_eq(f.actor, row_str(r, 5)))
        return "its time, kind or actor is not what was hashed";
    if (!str_eq(f.prev, w->seq ? str_of(w->head, SHA256_LEN) : STR_NONE))
        return "it does not continue the event before it";
    if (row_null(r, 8) != row_null(r, 9))
        return "it has a payload without salt, or salt without payload";
    if (row_null(r, 8))
        return NULL;
    event_commitment(row_blob(r, 9), row_str(r, 8), digest);
    return str_eq(f.commitment, str_of(digest, sizeof digest)) ? NULL : "its payload was changed";
}

static enum rc walk_page(struct run *v, struct walk *w, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(v->db, &sql_events, DB_ARGS(DB_I(w->chain), DB_I(w->seq)), &r, e));
    while (rows_next(r)) {
        int64_t chain = row_i64(r, 1);
        if (chain != w->chain || w->seq == 0)
            v->c.chains++;
        if (chain != w->chain)
            *w = (struct walk){.chain = chain, .seq = 0};
        const char *why = event_wrong(v, r, w);
        if (why)
            tell(v, VERIFY_CHAIN, event_name(row_i64(r, 0), chain, row_i64(r, 2)).text, why);
        v->c.events++;
        v->c.shredded += row_null(r, 8);
        w->seq = row_i64(r, 2);
        struct str head = row_blob(r, 7);
        memset(w->head, 0, sizeof w->head);
        if (head.n == SHA256_LEN)
            memcpy(w->head, head.p, SHA256_LEN);
    }
    *ret_n = rows_count(r);
    return rows_rc(r, e);
}

static enum rc check_cases(struct run *v, struct err *e)
{
    int64_t after = 0;
    for (;;) {
        AUTO(rows) struct rows *r = NULL;
        TRY(db_query(v->db, &sql_cases, DB_ARGS(DB_I(after)), &r, e));
        while (rows_next(r)) {
            char row[64];
            after = row_i64(r, 0);
            snprintf(row, sizeof row, "case %" PRId64, after);
            if (row_i64(r, 1) != row_i64(r, 3))
                tell(v, VERIFY_CHAIN, row, "it remembers another number of events than there are");
            else if (row_i64(r, 1) && !str_eq(row_blob(r, 2), row_blob(r, 4)))
                tell(v, VERIFY_CHAIN, row, "its newest event is not the one it remembers");
        }
        TRY(rows_rc(r, e));
        if (rows_count(r) < PAGE)
            return RC_OK;
    }
}

static enum rc check_desk_head(struct run *v, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    char want[128] = "0 ", hex[SHA256_HEX];
    TRY(db_query(v->db, &sql_desk_head, DB_NOARGS, &r, e));
    if (rows_next(r)) {
        struct str head = row_blob(r, 1);
        hex_put(hex, head.p, head.n == SHA256_LEN ? SHA256_LEN : 0);
        snprintf(want, sizeof want, "%" PRId64 " %s", row_i64(r, 0), hex);
    }
    if (!str_eq(str_c(want), str_c(v->head)))
        tell(v, VERIFY_CHAIN, "meta chain", "the desk's newest event is not the one it remembers");
    return rows_rc(r, e);
}

static enum rc check_chains(struct run *v, struct err *e)
{
    struct walk w = {.chain = -1};
    size_t n;
    do
        TRY(walk_page(v, &w, &n, e));
    while (n == PAGE);
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(v->db, &sql_homeless, DB_NOARGS, &r, e));
    while (rows_next(r))
        tell(v, VERIFY_CHAIN, event_name(row_i64(r, 0), row_i64(r, 1), row_i64(r, 2)).text,
             "its case does not exist");
    TRY(rows_rc(r, e));
    TRY(check_cases(v, e));
    return check_desk_head(v, e);
}

/* ------------------------------------------------------------------ the log */

struct rebuilt {
    struct run *v;
    struct merkle_edge m;
    int64_t nodes;
    struct rows *points; /* checkpoints by size, a page of them, standing on the next one */
    int64_t point_size, point_id;
    bool more;
};

static enum rc check_node(void *arg, int level, int64_t idx, const struct hash *h, struct err *e)
{
    struct rebuilt *b = arg;
    AUTO(rows) struct rows *r = NULL;
    b->nodes++;
    TRY(db_query(b->v->db, &sql_node, DB_ARGS(DB_I(level), DB_I(idx)), &r, e));
    struct str have = rows_next(r) ? row_blob(r, 0) : STR_NONE;
    if (!str_eq(have, str_of(h->b, SHA256_LEN))) {
        char row[64];
        snprintf(row, sizeof row, "log node %d/%" PRId64, level, idx);
        tell(b->v, VERIFY_LOG, row, have.n ? "it is not what the events give" : "it is missing");
    }
    return rows_rc(r, e);
}

/* Moves to the next checkpoint in the order of sizes. */
static enum rc next_point(struct rebuilt *b, struct err *e)
{
    if (b->points == NULL || !rows_next(b->points)) {
        rows_free(b->points);
        b->points = NULL;
        TRY(db_query(b->v->db, &sql_checkpoints, DB_ARGS(DB_I(b->point_size), DB_I(b->point_id)),
                     &b->points, e));
        b->more = rows_next(b->points);
    }
    if (!b->more)
        return RC_OK;
    b->point_id = row_i64(b->points, 0);
    b->point_size = row_i64(b->points, 1);
    return rows_rc(b->points, e);
}

static const char *point_wrong(struct rebuilt *b, const struct hash *root)
{
    struct checkpoint_note n;
    struct str stored = row_blob(b->points, 2), note = row_str(b->points, 4);
    if (root == NULL)
        return "the log is shorter than it says";
    if (!str_eq(stored, str_of(root->b, SHA256_LEN)))
        return "its root is not what the events give";
    if (checkpoint_parse(note, &n, NULL) != RC_OK)
        return "its note is not a checkpoint of version 1";
    if (n.c.size != row_i64(b->points, 1) || n.c.at_us != row_i64(b->points, 3) ||
        memcmp(n.c.root.b, root->b, SHA256_LEN) != 0)
        return "its note says something else than its row";
    if (!str_eq(n.origin, str_c(b->v->desk)))
        return "its note is of another desk";
    if (b->v->o->pub_key && verify_note(note, b->v->o->pub_key, &n, NULL) != RC_OK)
        return "its signature is not by the desk's key";
    return NULL;
}

/* All checkpoints of the size reached, or (root NULL) all that are left. */
static enum rc check_points(struct rebuilt *b, const struct hash *root, struct err *e)
{
    while (b->more && (root == NULL || b->point_size <= b->m.size)) {
        const char *why = point_wrong(b, b->point_size == b->m.size ? root : NULL);
        if (why) {
            char row[64];
            snprintf(row, sizeof row, "checkpoint %" PRId64 " (size %" PRId64 ")", b->point_id,
                     b->point_size);
            tell(b->v, VERIFY_CHECKPOINT, row, why);
        }
        b->v->c.checkpoints++;
        TRY(rows_rc(b->points, e));
        TRY(next_point(b, e));
    }
    return RC_OK;
}

static enum rc log_page(struct rebuilt *b, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    struct run *v = b->v;
    TRY(db_query(v->db, &sql_leaves, DB_ARGS(DB_I(b->m.size - 1)), &r, e));
    while (rows_next(r)) {
        struct hash leaf, root;
        if (row_i64(r, 3) != b->m.size) {
            tell(v, VERIFY_LOG, event_name(row_i64(r, 0), row_i64(r, 1), row_i64(r, 2)).text,
                 "the leaf before it is missing: the rest of the log was not checked");
            *ret_n = 0;
            return RC_OK;
        }
        merkle_leaf(row_blob(r, 4), &leaf);
        TRY(merkle_append(&b->m, &leaf, check_node, b, e));
        merkle_edge_root(&b->m, &root);
        TRY(check_points(b, &root, e));
    }
    *ret_n = rows_count(r);
    return rows_rc(r, e);
}

static enum rc rebuild(struct rebuilt *b, struct err *e)
{
    struct run *v = b->v;
    int64_t nodes;
    size_t n;
    TRY(next_point(b, e));
    do
        TRY(log_page(b, &n, e));
    while (n == PAGE);
    v->c.leaves = b->m.size;
    TRY(check_points(b, NULL, e));
    TRY(db_one_i64(v->db, &sql_nodes, DB_NOARGS, &nodes, e));
    if (nodes != b->nodes)
        tell(v, VERIFY_LOG, "log nodes", "there are more or fewer than the events give");
    return db_one_i64(v->db, &sql_unsequenced, DB_NOARGS, &v->c.unsequenced, e);
}

static enum rc check_log(struct run *v, struct err *e)
{
    struct rebuilt b = {.v = v, .point_size = -1};
    enum rc rc = rebuild(&b, e);
    rows_free(b.points);
    return rc;
}

/* ------------------------------------------------------------------ blobs */

/* NULL when the file is there and has its name. */
static const char *file_wrong(int dirfd, struct str name)
{
    AUTO(fd) int fd = -1;
    enum rc rc = blob_open(dirfd, name, &fd, NULL);
    if (rc == RC_NOTFOUND)
        return "its file is missing";
    if (rc != RC_OK)
        return "its file cannot be opened";
    AUTO(mem) unsigned char *piece = mem_alloc(64 * 1024);
    unsigned char digest[SHA256_LEN];
    char hex[SHA256_HEX];
    struct sha256_ctx c;
    ssize_t n;
    sha256_init(&c);
    while ((n = read(fd, piece, 64 * 1024)) > 0)
        sha256_add(&c, str_of(piece, (size_t)n));
    sha256_end(&c, digest);
    if (n < 0)
        return "its file cannot be read";
    hex_put(hex, digest, SHA256_LEN);
    return str_eq(name, str_c(hex)) ? NULL : "its file was changed";
}

static enum rc check_file(void *arg, struct str name, struct err *e)
{
    struct run *v = arg;
    bool orphan;
    TRY(blob_orphan(v->db, name, &orphan, e));
    if (!orphan)
        return RC_OK;
    char row[128];
    snprintf(row, sizeof row, "file %.*s", STR_ARG(name));
    v->c.orphans++;
    tell(v, VERIFY_ORPHAN, row, "no row of the database knows it");
    return RC_OK;
}

static enum rc check_blobs(struct run *v, struct err *e)
{
    int64_t after = 0;
    size_t n;
    do {
        AUTO(rows) struct rows *r = NULL;
        TRY(db_query(v->db, &sql_blobs, DB_ARGS(DB_I(after)), &r, e));
        while (rows_next(r)) {
            after = row_i64(r, 0);
            const char *why = file_wrong(v->o->blob_dirfd, row_str(r, 1));
            char row[64];
            snprintf(row, sizeof row, "blob %" PRId64, after);
            if (why)
                tell(v, VERIFY_BLOB, row, why);
            v->c.blobs++;
        }
        TRY(rows_rc(r, e));
        n = rows_count(r);
    } while (n == PAGE);
    return blob_each(v->o->blob_dirfd, check_file, v, &v->c.strange, e);
}

/* ------------------------------------------------------------------ all of it */

static enum rc load_desk(struct run *v, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(v->db, &sql_desk, DB_NOARGS, &r, e));
    if (rows_count(r) != 2)
        return err_set(e, RC_NOTFOUND, "the database holds no desk");
    (void)rows_next(r);
    TRY(str_copy(v->head, sizeof v->head, row_str(r, 1), "the head of the desk's chain", e));
    (void)rows_next(r);
    TRY(str_copy(v->desk, sizeof v->desk, row_str(r, 1), "the id of the desk", e));
    return rows_rc(r, e);
}

enum rc verify_run(struct db *db, const struct verify_opts *o, struct verify_counts *ret_c,
                   struct err *e)
{
    struct run v = {.db = db, .o = o};
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin_read(db, &tx, e));
    TRY(load_desk(&v, e));
    TRY(check_chains(&v, e));
    TRY(check_log(&v, e));
    if (o->blob_dirfd >= 0)
        TRY(check_blobs(&v, e));
    *ret_c = v.c;
    return RC_OK;
}

enum rc verify_checkpoint(struct db *db, int64_t size, const struct hash *root, struct err *e)
{
    struct merkle_edge m = {.size = 0};
    struct hash now;
    AUTO(tx) struct tx tx = TX_INIT;
    if (size < 0)
        return err_set(e, RC_INVALID, "not a size of the log");
    TRY(tx_begin_read(db, &tx, e));
    while (m.size < size) {
        AUTO(rows) struct rows *r = NULL;
        int64_t before = m.size;
        TRY(db_query(db, &sql_leaves, DB_ARGS(DB_I(m.size - 1)), &r, e));
        while (m.size < size && rows_next(r) && row_i64(r, 3) == m.size) {
            struct hash leaf;
            merkle_leaf(row_blob(r, 4), &leaf);
            TRY(merkle_append(&m, &leaf, NULL, NULL, e));
        }
        TRY(rows_rc(r, e));
        if (m.size == before)
            return err_set(e, RC_NOTFOUND,
                           "the log has %" PRId64 " leaves, the checkpoint speaks of %" PRId64,
                           m.size, size);
    }
    merkle_edge_root(&m, &now);
    if (memcmp(now.b, root->b, SHA256_LEN) != 0)
        return err_set(e, RC_CONFLICT,
                       "the first %" PRId64 " events are not those of the checkpoint: history was "
                       "changed",
                       size);
    return RC_OK;
}

enum rc verify_note(struct str note, const unsigned char pub_key[32], struct checkpoint_note *ret_n,
                    struct err *e)
{
    struct checkpoint_note n;
    TRY(checkpoint_parse(note, &n, e));
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    if (crypto_sign_verify_detached(n.sig, (const unsigned char *)n.text.p, n.text.n, pub_key) != 0)
        return err_set(e, RC_DENIED, "the signature of the checkpoint is not by the desk's key");
    *ret_n = n;
    return RC_OK;
}
