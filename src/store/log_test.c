/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events, the log, checkpoints and verify, on both back ends: what was done is proved, what was
 * tampered with is named.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/file.h"
#include "store/blob.h"
#include "store/chain.h"
#include "store/testing.h"
#include "store/verify.h"

static bool pg;
static unsigned char pub[crypto_sign_PUBLICKEYBYTES], sec[crypto_sign_SECRETKEYBYTES];

struct fixture {
    struct test_db t;
    struct db *db;
    int64_t a, b; /* cases */
    int blobs;
    char first[200]; /* what verify told first */
    struct verify_counts c;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    test_db_init(&f->t, pg);
    f->db = test_db_open(&f->t, true);
    f->a = test_case(f->db, "TEST-2026-0001");
    f->b = test_case(f->db, "TEST-2026-0002");
    char path[100];
    snprintf(path, sizeof path, "%s/blobs", f->t.dir);
    T_OK(dir_make(AT_FDCWD, path, 0700, e));
    T_OK(dir_open(AT_FDCWD, path, &f->blobs, e));
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(pub, sec);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close(f->blobs);
    db_close(f->db);
    test_db_release(&f->t);
    free(f);
    return 0;
}

static enum rc sign(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_key_id,
                    struct err *e)
{
    unsigned char sig[crypto_sign_BYTES];
    crypto_sign_detached(sig, NULL, (const unsigned char *)text.p, text.n, sec);
    buf_add(ret_sig, str_of(sig, sizeof sig));
    buf_adds(ret_key_id, "testkey");
    return RC_OK;
}

static enum rc append(struct db *db, int64_t chain, const char *kind, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    AUTO(json) json_t *p = json_pack("{s:s}", "why", "a test \xc3\xa4");
    TRY(tx_begin(db, &tx, e));
    TRY(event_append(db, chain, kind, "machine", p, e));
    return tx_commit(&tx, e);
}

static void tell(void *arg, const struct verify_bad *bad)
{
    struct fixture *f = arg;
    if (f->first[0] == '\0')
        snprintf(f->first, sizeof f->first, "%s: %s: %s", verify_what_name(bad->what), bad->row,
                 bad->why);
}

static void verify(struct fixture *f)
{
    struct verify_opts o = {.blob_dirfd = f->blobs, .pub_key = pub, .tell = tell, .arg = f};
    f->first[0] = '\0';
    T_OK(verify_run(f->db, &o, &f->c, e));
}

static int sequence(struct db *db, int max)
{
    int n = -1;
    T_OK(log_sequence(db, max, &n, e));
    return n;
}

/* Five events on a, three on b, two of the desk, all in the log, one checkpoint at 4, one at 10. */
static void fill(struct fixture *f)
{
    struct checkpoint c;
    for (int i = 0; i < 5; i++)
        T_OK(append(f->db, f->a, "note", e));
    assert_int_equal(sequence(f->db, 4), 4);
    T_OK(checkpoint_make(f->db, sign, NULL, &c, e));
    assert_int_equal(c.size, 4);
    for (int i = 0; i < 3; i++)
        T_OK(append(f->db, f->b, "note", e));
    T_OK(append(f->db, 0, "started", e));
    T_OK(append(f->db, 0, "account", e));
    assert_int_equal(sequence(f->db, 100), 6);
    assert_int_equal(sequence(f->db, 100), 0);
    T_OK(checkpoint_make(f->db, sign, NULL, &c, e));
    assert_int_equal(c.size, 10);
}

static void a_whole_store_is_clean(void **state)
{
    struct fixture *f = *state;
    verify(f);
    assert_int_equal(f->c.bad, 0); /* empty */
    fill(f);
    char name[SHA256_HEX];
    int64_t id;
    T_OK(blob_put(f->blobs, STR("sealed"), name, e));
    struct blob_row row = {.case_id = f->a,
                           .size = 3,
                           .purpose = STR("mail"),
                           .name = str_c(name),
                           .key_wrapped = STR("key")};
    T_OK(blob_add(f->db, &row, &id, e));
    T_OK(append(f->db, f->a, "late", e)); /* not sequenced yet */
    T_OK(event_shred(f->db, f->a, 2, e));
    T_RC(RC_NOTFOUND, event_shred(f->db, f->a, 99, e));
    verify(f);
    assert_string_equal(f->first, "");
    assert_int_equal(f->c.bad, 0);
    assert_int_equal(f->c.chains, 3);
    assert_int_equal(f->c.events, 11);
    assert_int_equal(f->c.shredded, 1);
    assert_int_equal(f->c.leaves, 10);
    assert_int_equal(f->c.unsequenced, 1);
    assert_int_equal(f->c.checkpoints, 2);
    assert_int_equal(f->c.blobs, 1);
    assert_int_equal(f->c.orphans + f->c.strange, 0);
}

static void event_order_and_limits(void **state)
{
    struct fixture *f = *state;
    int64_t seq;
    T_RC(RC_INTERNAL, event_append(f->db, f->a, "note", "machine", NULL, e)); /* no transaction */
    T_RC(RC_NOTFOUND, append(f->db, 999999, "note", e));
    T_RC(RC_LIMIT, append(f->db, f->a, "", e));
    T_OK(append(f->db, f->a, "note", e));
    T_OK(event_seq(f->db, f->a, &seq, e));
    assert_int_equal(seq, 1);
    T_OK(event_seq(f->db, 0, &seq, e));
    assert_int_equal(seq, 0);
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e));
    T_RC(RC_CONFLICT, event_append_at(f->db, f->a, 0, "note", "machine", NULL, e));
    T_OK(event_append_at(f->db, f->a, 1, "note", "machine", NULL, e));
    T_OK(tx_commit(&tx, e));
    verify(f);
    assert_int_equal(f->c.bad, 0);
    assert_int_equal(f->c.events, 2);
}

static void two_append_at_once_and_one_wins(void **state)
{
    struct fixture *f = *state;
    AUTO(db) struct db *other = test_db_open(&f->t, false);
    AUTO(tx) struct tx tx = TX_INIT;
    AUTO(tx) struct tx tx2 = TX_INIT;
    if (!pg) /* the second cannot even begin */
        return;
    int64_t seq;
    T_OK(tx_begin(f->db, &tx, e));
    T_OK(tx_begin(other, &tx2, e));
    T_OK(event_seq(other, f->a, &seq, e));
    T_OK(event_append(f->db, f->a, "one", "machine", NULL, e));
    T_OK(tx_commit(&tx, e));
    T_RC(RC_BUSY, event_append(other, f->a, "two", "machine", NULL, e));
    tx_rollback(&tx2);
    T_OK(append(other, f->a, "two", e));
    verify(f);
    assert_int_equal(f->c.bad, 0);
    assert_int_equal(f->c.events, 2);
}

/* Several processes append to one chain and sequence: nothing is lost, nothing forks. */
static void processes_share_one_chain(void **state)
{
    struct fixture *f = *state;
    enum { PROCESSES = 3, EACH = 20 };
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] > 0)
            continue;
        struct db *db = NULL;
        struct err e = ERR_INIT;
        int done = 0, n;
        if (db_open(f->t.url, &db, &e) != RC_OK)
            _exit(1);
        while (done < EACH) {
            enum rc rc = append(db, done % 3 ? f->a : 0, "note", &e);
            if (rc != RC_OK && rc != RC_BUSY && rc != RC_CONFLICT)
                _exit(2);
            done += rc == RC_OK;
            rc = log_sequence(db, 10, &n, &e);
            if (rc != RC_OK && rc != RC_BUSY && rc != RC_CONFLICT)
                _exit(3);
        }
        db_close(db);
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    while (sequence(f->db, 100) > 0)
        continue;
    verify(f);
    assert_string_equal(f->first, "");
    assert_int_equal(f->c.events, PROCESSES * EACH);
    assert_int_equal(f->c.leaves, PROCESSES * EACH);
}

static void proofs_come_from_the_database(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct merkle_source s = log_source(f->db);
    struct merkle_proof p;
    struct hash old, root;
    T_OK(merkle_root(&s, 4, &old, e));
    T_OK(merkle_root(&s, 10, &root, e));
    T_OK(merkle_consistency(&s, 4, 10, &p, e));
    assert_true(merkle_consistency_ok(4, &old, 10, &root, &p));
    int64_t leaf;
    T_OK(log_leaf(f->db, f->b, 2, &leaf, e));
    assert_int_equal(leaf, 6);
    T_OK(merkle_inclusion(&s, leaf, 10, &p, e));
    struct hash h;
    T_OK(s.node(s.arg, 0, leaf, &h, e));
    assert_true(merkle_inclusion_ok(&h, leaf, 10, &p, &root));
    T_RC(RC_NOTFOUND, log_leaf(f->db, f->b, 9, &leaf, e));
    T_OK(verify_checkpoint(f->db, 4, &old, e));
    T_OK(verify_checkpoint(f->db, 10, &root, e));
    T_RC(RC_CONFLICT, verify_checkpoint(f->db, 5, &old, e));
    T_RC(RC_NOTFOUND, verify_checkpoint(f->db, 11, &old, e));
}

static void checkpoints_are_signed_texts(void **state)
{
    struct fixture *f = *state;
    struct checkpoint c, last;
    struct checkpoint_note n;
    AUTO(buf) struct buf note = BUF_INIT(CHECKPOINT_TEXT_MAX);
    T_RC(RC_NOTFOUND, checkpoint_make(f->db, sign, NULL, &c, e));
    T_RC(RC_NOTFOUND, checkpoint_last(f->db, &c, NULL, e));
    fill(f);
    T_OK(checkpoint_make(f->db, sign, NULL, &c, e)); /* nothing new: the same one */
    T_OK(checkpoint_last(f->db, &last, &note, e));
    assert_int_equal(last.size, 10);
    T_OK(verify_note(buf_str(&note), pub, &n, e));
    assert_int_equal(n.c.size, 10);
    assert_memory_equal(&n.c.root, &c.root, sizeof c.root);
    assert_true(str_eq(n.key_id, STR("testkey")));
    for (size_t i = 0; i < note.n; i++) { /* no byte may change */
        char was = note.p[i];
        note.p[i] = was == '1' ? '2' : '1';
        enum rc rc = verify_note(buf_str(&note), pub, &n, NULL);
        bool in_key_id = str_find(buf_str(&note), STR("\nkey ")) < i &&
                         i < str_find(buf_str(&note), STR("\nsignature "));
        if (!in_key_id) /* the printable id is a hint, not signed */
            assert_int_not_equal(rc, RC_OK);
        note.p[i] = was;
    }
    T_RC(RC_INVALID, checkpoint_parse(str_sub(buf_str(&note), 0, note.n - 1), &n, e));
    buf_addc(&note, '\n');
    T_RC(RC_INVALID, checkpoint_parse(buf_str(&note), &n, e));
    T_RC(RC_INVALID, checkpoint_parse(STR_NONE, &n, e));
}

/* Each kind of tampering, and the first thing verify must say of it. */
static void tampering_is_named(void **state)
{
    static const struct {
        const char *sql, *want;
    } cases[] = {
        {"UPDATE event SET kind = 'other' WHERE seq = 3 AND chain <> 0", "seq 3): its time, kind"},
        {"UPDATE event SET actor = 'x' WHERE seq = 1 AND chain = 0", "(chain 0, seq 1): its time"},
        {"UPDATE event SET at_us = at_us + 1 WHERE seq = 5", "seq 5): its time, kind"},
        {"UPDATE event SET payload = '{}' WHERE seq = 2 AND chain = 0", "its payload was changed"},
        {"UPDATE event SET salt = NULL WHERE seq = 2 AND chain = 0", "payload without salt"},
        {"UPDATE event SET head = bytes WHERE seq = 4", "seq 4): its hash is not the hash"},
        {"UPDATE event SET bytes = head WHERE seq = 4", "seq 4): its hash is not the hash"},
        {"DELETE FROM event WHERE seq = 2 AND chain = 0", "case|meta chain"},
        {"DELETE FROM event WHERE seq = 4", "seq 5): the events between"},
        {"DELETE FROM event WHERE seq = 5", "it remembers another number of events"},
        {"UPDATE event SET chain = chain + 1000 WHERE seq = 1 AND chain <> 0", "missing"},
        {"UPDATE vcase SET chain_seq = 0 WHERE chain_seq = 5", "it remembers another number"},
        {"UPDATE vcase SET chain_head = key_wrapped WHERE chain_seq = 5", "not the one it"},
        {"UPDATE meta SET value = '0 ' WHERE key = 'chain'", "meta chain: the desk's newest"},
        {"UPDATE meta SET value = 'other' WHERE key = 'desk'", "it was made by another desk"},
        {"UPDATE event SET leaf = NULL WHERE leaf = 3", "leaf before it is missing"},
        {"UPDATE event SET leaf = leaf + 100 WHERE leaf >= 3", "leaf before it is missing"},
        {"UPDATE lognode SET hash = (SELECT hash FROM lognode WHERE level = 0 AND idx = 0)"
         " WHERE level = 1 AND idx = 1",
         "log node 1/1: it is not what the events give"},
        {"DELETE FROM lognode WHERE level = 3", "log node 3/0: it is missing"},
        {"INSERT INTO lognode (level, idx, hash) SELECT 20, 0, hash FROM lognode WHERE level = 3",
         "log nodes: there are more"},
        {"UPDATE checkpoint SET root = (SELECT hash FROM lognode WHERE level = 0 AND idx = 0)"
         " WHERE size = 4",
         "(size 4): its root is not what the events give"},
        {"UPDATE checkpoint SET note = replace(note, 'size 4', 'size 5') WHERE size = 4",
         "(size 4): its note says something else"},
        {"UPDATE checkpoint SET note = replace(note, 'signature ', 'signature A') WHERE size = 4",
         "(size 4): its note is not a checkpoint"},
        {"UPDATE checkpoint SET size = 11 WHERE size = 10", "(size 11): the log is shorter"},
        {"UPDATE checkpoint SET size = 0 WHERE size = 4", "checkpoint"},
    };
    struct fixture *f = *state;
    fill(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(tx) struct tx tx = TX_INIT;
        if (!pg)
            T_OK(db_script(f->db, STR("PRAGMA foreign_keys=OFF"), e));
        /* Tampered for good, so on a copy: the change is undone by its saved tables. */
        T_OK(db_script(f->db,
                       STR("DROP TABLE IF EXISTS k1; DROP TABLE IF EXISTS k2;"
                           "DROP TABLE IF EXISTS k3; DROP TABLE IF EXISTS k4;"
                           "DROP TABLE IF EXISTS k5; CREATE TABLE k1 AS SELECT * FROM event;"
                           "CREATE TABLE k2 AS SELECT * FROM lognode;"
                           "CREATE TABLE k3 AS SELECT * FROM checkpoint;"
                           "CREATE TABLE k4 AS SELECT * FROM meta;"
                           "CREATE TABLE k5 AS SELECT id, chain_seq, chain_head FROM vcase"),
                       e));
        T_OK(db_script(f->db, str_c(cases[i].sql), e));
        verify(f);
        struct str alt = str_c(cases[i].want), part;
        bool found = false;
        while (str_cut(&alt, '|', &part))
            found |= str_find(str_c(f->first), part) != STR_NPOS;
        if (!found || f->c.bad == 0)
            fail_msg("%s: verify said \"%s\"", cases[i].sql, f->first);
        T_OK(db_script(f->db,
                       STR("DELETE FROM event; INSERT INTO event SELECT * FROM k1;"
                           "DELETE FROM lognode; INSERT INTO lognode SELECT * FROM k2;"
                           "DELETE FROM checkpoint; INSERT INTO checkpoint SELECT * FROM k3;"
                           "DELETE FROM meta; INSERT INTO meta SELECT * FROM k4;"
                           "UPDATE vcase SET chain_seq = (SELECT chain_seq FROM k5"
                           " WHERE k5.id = vcase.id), chain_head = (SELECT chain_head FROM k5"
                           " WHERE k5.id = vcase.id)"),
                       e));
        verify(f);
        assert_string_equal(f->first, "");
    }
}

/* A history that was rewritten consistently, chain and log, is caught by an old checkpoint. */
static void rewritten_history_is_caught(void **state)
{
    struct fixture *f = *state;
    struct hash root;
    fill(f);
    struct merkle_source s = log_source(f->db);
    T_OK(merkle_root(&s, 4, &root, e));
    T_OK(db_script(f->db,
                   STR("DELETE FROM event; DELETE FROM lognode; DELETE FROM checkpoint;"
                       "UPDATE meta SET value = '0 ' WHERE key = 'chain';"
                       "UPDATE vcase SET chain_seq = 0, chain_head = key_wrapped"),
                   e));
    static const struct sql clear = {"clear", "UPDATE vcase SET chain_head = $1", NULL};
    T_OK(db_run(f->db, &clear, DB_ARGS(DB_B(STR_NONE)), NULL, e));
    fill(f);
    verify(f);
    assert_string_equal(f->first, "");
    T_RC(RC_CONFLICT, verify_checkpoint(f->db, 4, &root, e));
}

static void blobs_are_compared_with_files(void **state)
{
    struct fixture *f = *state;
    char name[3][SHA256_HEX], path[200];
    static const char *const bytes[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        int64_t id;
        T_OK(blob_put(f->blobs, str_c(bytes[i]), name[i], e));
        struct blob_row row = {
            .size = 3, .purpose = STR("mail"), .name = str_c(name[i]), .key_wrapped = STR("k")};
        if (i < 2)
            T_OK(blob_add(f->db, &row, &id, e));
        if (i == 0)
            T_RC(RC_CONFLICT, blob_add(f->db, &row, &id, e));
    }
    verify(f);
    assert_int_equal(f->c.bad, 0);
    assert_int_equal(f->c.orphans, 1);
    assert_non_null(strstr(f->first, name[2]));
    snprintf(path, sizeof path, "%.2s/%s", name[1], name[1]);
    T_OK(file_write_sync(f->blobs, path, STR("twO"), 0600, e));
    verify(f);
    assert_int_equal(f->c.bad, 1);
    assert_non_null(strstr(f->first, "its file was changed"));
    T_OK(blob_del(f->blobs, str_c(name[0]), e));
    verify(f);
    assert_int_equal(f->c.bad, 2);
    assert_non_null(strstr(f->first, "its file is missing"));
}

static void blob_rows_move_once(void **state)
{
    struct fixture *f = *state;
    AUTO(arena) struct arena *a = arena_new(100000);
    char name[SHA256_HEX];
    int64_t id;
    T_OK(blob_put(f->blobs, STR("x"), name, e));
    struct blob_row row = {
        .size = 1, .purpose = STR("mail"), .name = str_c(name), .key_wrapped = STR("k1")};
    T_OK(blob_add(f->db, &row, &id, e));
    T_OK(blob_move(f->db, id, 0, f->a, STR("k2"), e));
    T_RC(RC_CONFLICT, blob_move(f->db, id, 0, f->b, STR("k3"), e));
    T_OK(blob_by_name(f->db, a, str_c(name), &row, e));
    assert_int_equal(row.case_id, f->a);
    assert_true(str_eq(row.key_wrapped, STR("k2")));
    T_OK(blob_forget(f->db, id, e));
    T_RC(RC_NOTFOUND, blob_get(f->db, a, id, &row, e));
    T_RC(RC_NOTFOUND, blob_forget(f->db, id, e));
}

/* ------------------------------------------------------------------ killed at each commit */

struct killer {
    int left;
    bool after;
};

static void kill_there(void *arg, const char *point)
{
    struct killer *k = arg;
    bool after = strcmp(point, "committed") == 0;
    if (after == k->after && --k->left == 0)
        kill(getpid(), SIGKILL);
}

/* Appends, sequences, signs; killed at the n-th commit, before or after it. */
static void work_until_killed(struct fixture *f, struct killer k)
{
    struct db *db = NULL;
    struct checkpoint c;
    int n;
    if (db_open(f->t.url, &db, NULL) != RC_OK)
        _exit(1);
    db_hook(db, kill_there, &k);
    for (int i = 0; i < 4; i++) {
        if (append(db, i % 2 ? f->a : 0, "note", NULL) != RC_OK ||
            log_sequence(db, 2, &n, NULL) != RC_OK ||
            checkpoint_make(db, sign, NULL, &c, NULL) != RC_OK)
            _exit(2);
    }
    db_close(db);
    _exit(0); /* fewer commits than that */
}

static void killed_at_every_commit_it_is_whole(void **state)
{
    struct fixture *f = *state;
    int killed = 0;
    for (int left = 1; left <= 12; left++) {
        for (int after = 0; after < 2; after++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0)
                work_until_killed(f, (struct killer){left, after});
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) || status == 0);
            killed += WIFSIGNALED(status);
            verify(f);
            assert_string_equal(f->first, "");
            /* And the next one goes on from there. */
            T_OK(append(f->db, f->a, "after", e));
            (void)sequence(f->db, 100);
        }
    }
    assert_true(killed >= 12);
    verify(f);
    assert_string_equal(f->first, "");
}

int main(int argc, char **argv)
{
    pg = test_wants_pg(argc, argv);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_whole_store_is_clean),
        T(event_order_and_limits),
        T(two_append_at_once_and_one_wins),
        T(processes_share_one_chain),
        T(proofs_come_from_the_database),
        T(checkpoints_are_signed_texts),
        T(tampering_is_named),
        T(rewritten_history_is_caught),
        T(blobs_are_compared_with_files),
        T(blob_rows_move_once),
        T(killed_at_every_commit_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
