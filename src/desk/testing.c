/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk for tests.  Runs in the tests only.
 */
#include "desk/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "desk/ack.h"
#include "desk/people.h"
#include "desk/replay.h"
#include "desk/reply.h"
#include "store/outbox.h"

static enum rc fake_case_key(void *arg, struct str scope, struct buf *ret, struct err *e)
{
    struct test_desk *t = arg;
    if (t->keys_away)
        return err_set(e, RC_BUSY, "keys are away");
    buf_addf(ret, "key of %.*s", STR_ARG(scope));
    return RC_OK;
}

/* A wrapped blob key here is "SCOPE/NAME": moving it shows every mistake. */
static enum rc fake_rewrap(void *arg, const struct rewrap *r, struct buf *ret, struct err *e)
{
    struct test_desk *t = arg;
    char want[300];
    if (t->keys_away)
        return err_set(e, RC_BUSY, "keys are away");
    snprintf(want, sizeof(want), "%.*s/%.*s", STR_ARG(r->from_scope), STR_ARG(r->blob));
    if (!str_eq(r->wrapped, str_c(want)))
        fail_msg("a blob key is wrapped for another scope than its row says");
    snprintf(want, sizeof(want), "key of %.*s", STR_ARG(r->to_scope));
    if (!str_eq(r->to_key, str_c(want)))
        fail_msg("the case key does not fit its scope");
    buf_addf(ret, "%.*s/%.*s", STR_ARG(r->to_scope), STR_ARG(r->blob));
    return RC_OK;
}

struct test_blob {
    struct str name, purpose, bytes;
    struct test_blob *next;
};

static enum rc fake_blob_seal(void *arg, const struct blob_seal *b, struct buf *ret_name,
                              struct buf *ret_wrapped, struct err *e)
{
    struct test_desk *t = arg;
    struct test_blob *blob = arena_alloc(t->a, sizeof *blob);
    char want[300], name[SHA256_HEX];
    unsigned char hash[32];
    if (t->keys_away)
        return err_set(e, RC_BUSY, "keys are away");
    snprintf(want, sizeof(want), "key of %.*s", STR_ARG(b->scope));
    if (!str_eq(b->case_key, str_c(want)))
        fail_msg("the case key does not fit its scope");
    snprintf(want, sizeof(want), "sealed %d", ++t->n_sealed);
    sha256(str_c(want), hash);
    hex_put(name, hash, sizeof(hash));
    *blob = (struct test_blob){arena_str(t->a, str_c(name)), arena_str(t->a, b->purpose),
                               arena_str(t->a, b->bytes), t->sealed};
    t->sealed = blob;
    buf_adds(ret_name, name);
    buf_addf(ret_wrapped, "%.*s/%s", STR_ARG(b->scope), name);
    return RC_OK;
}

/* The bytes of a blob that was not sealed here are its name. */
static enum rc fake_blob_read(void *arg, const struct blob_ask *b, struct buf *ret, struct err *e)
{
    struct test_desk *t = arg;
    char want[300];
    if (t->keys_away)
        return err_set(e, RC_BUSY, "keys are away");
    snprintf(want, sizeof(want), "%.*s/%.*s", STR_ARG(b->scope), STR_ARG(b->name));
    if (!str_eq(b->wrapped, str_c(want)))
        fail_msg("a blob is read with the key of another scope");
    for (const struct test_blob *s = t->sealed; s; s = s->next) {
        if (!str_eq(s->name, b->name))
            continue;
        if (!str_eq(s->purpose, b->purpose))
            fail_msg("a blob is read for another purpose than it was sealed for");
        buf_add(ret, s->bytes);
        return buf_ok(ret, "a blob", e);
    }
    buf_addf(ret, "raw bytes of %.*s", STR_ARG(b->name));
    return RC_OK;
}

static enum rc fake_sign(void *arg, struct str text, struct buf *ret_sig, struct buf *ret_id,
                         struct err *e)
{
    struct test_desk *t = arg;
    unsigned char sig[64];
    if (t->keys_away)
        return err_set(e, RC_BUSY, "keys are away");
    crypto_sign_detached(sig, NULL, (const unsigned char *)text.p, text.n, t->sk);
    buf_add(ret_sig, str_of(sig, sizeof(sig)));
    buf_adds(ret_id, "test-key");
    return RC_OK;
}

/* The last record is kept for the test to look at and to take in. */
static enum rc fake_spool(void *arg, const struct spool_put *s, struct buf *ret_id, struct err *e)
{
    struct test_desk *t = arg;
    if (t->disk_full)
        return err_set(e, RC_IO, "no space left");
    t->put = *s;
    t->put.raw = arena_str(t->a, s->raw);
    t->put.from = arena_str(t->a, s->from);
    t->put.rcpt = arena_str(t->a, s->rcpt);
    t->put.mark = arena_str(t->a, s->mark);
    t->put.way = arena_str(t->a, s->way);
    buf_addf(ret_id, "spool-%d", ++t->spool);
    return RC_OK;
}

void test_desk_init(struct test_desk *t, bool pg, const char *extra)
{
    char conf[4000];
    memset(t, 0, sizeof(*t));
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(t->pk, t->sk);
    t->now_us = TEST_NOW_US;
    t->a = arena_new(64u << 20);
    test_db_init(&t->tdb, pg);
    t->d.db = test_db_open(&t->tdb, true);
    db_fake_clock(t->d.db, &t->now_us);
    snprintf(conf, sizeof(conf),
             "[desk]\nname = Example Desk\nprefix = EX\nbase_url = https://desk.example\n"
             "staff_url = https://staff.desk.example\ncontact = security@desk.example\n"
             "data_dir = /nowhere\n[mail]\nhostname = mx.desk.example\n[policy]\n"
             "file = /nowhere/SECURITY.md\n%s",
             extra);
    T_OK(settings_parse(str_c(conf), STR("test.conf"), STR("/nowhere"), NULL, &t->set, e));
    T_OK(texts_load(STR_NONE, &t->texts, e));
    t->set->mail.undo_us = 0; /* tests of the undoing set it */
    t->d.set = t->set;
    t->d.texts = t->texts;
    t->d.sign_key = t->pk;
    t->d.calls = (struct desk_calls){.arg = t,
                                     .new_case_key = fake_case_key,
                                     .rewrap = fake_rewrap,
                                     .blob_read = fake_blob_read,
                                     .blob_seal = fake_blob_seal,
                                     .sign = fake_sign,
                                     .spool = fake_spool};
}

void test_desk_release(struct test_desk *t)
{
    db_close(t->d.db);
    test_db_release(&t->tdb);
    settings_free(t->set);
    texts_free(t->texts);
    arena_free(t->a);
}

int test_desk_begin(void **state, bool pg, const char *extra, const char *logins)
{
    struct test_desk *t = mem_zalloc(sizeof *t);
    struct str rest = str_c(logins), login;
    test_desk_init(t, pg, extra);
    while (rest.n) {
        str_cut(&rest, ' ', &login);
        test_account(t, arena_str(t->a, login).p, 1);
    }
    *state = t;
    return 0;
}

int test_desk_end(void **state)
{
    struct test_desk *t = *state;
    T_OK(replay_check(&t->d, e));
    test_desk_release(t);
    free(t);
    return 0;
}

int64_t test_account(struct test_desk *t, const char *login, int64_t weight)
{
    static const struct actor machine = ACTOR_INIT_MACHINE;
    int64_t id;
    struct account_new n = {str_c(login), arena_strf(t->a, "Name of %s", login),
                            arena_strf(t->a, "%s@team.example", login), STR("handler"), weight};
    T_OK(people_add(&t->d, &machine, &n, &id, e));
    return id;
}

struct actor test_actor(struct test_desk *t, const char *login)
{
    struct account c;
    T_OK(people_by_login(&t->d, t->a, str_c(login), &c, e));
    return (struct actor){.kind = ACTOR_HANDLER, .account_id = c.id, .login = c.login};
}

void test_mail_make(struct test_desk *t, const struct test_mail *tm, struct mail *m)
{
    unsigned char hash[32];
    memset(m, 0, sizeof(*m));
    m->from = (struct mail_addr){STR("Some Body"), str_c(tm->from)};
    m->from_fields = m->from_mailboxes = 1;
    m->sender = (struct mail_addr){STR_NONE, STR_NONE};
    m->subject = str_c(tm->subject ? tm->subject : "A hole");
    m->message_id = str_c(tm->mid ? tm->mid : "");
    m->text = str_c(tm->text ? tm->text : "Here is a hole.\n");
    m->list_id = STR_NONE;
    m->size = (int64_t)m->text.n;
    m->proof = tm->proof;
    m->has_date = true;
    m->date_us = t->now_us;
    m->report.original_mid = STR_NONE;
    m->text_source = MAIL_TEXT_PLAIN;
    sha256(m->text, hash);
    hex_put(m->sha256, hash, sizeof(hash));
    hex_put(m->content_sha256, hash, sizeof(hash));
    m->automatic.submitted_word = STR_NONE;
    m->automatic.from = m->from.addr;
    m->automatic.return_path = m->from.addr;
    if (tm->ref) {
        m->references.p = arena_array(t->a, 1, sizeof(struct str));
        m->references.p[0] = str_c(tm->ref);
        m->references.n = 1;
    }
}

struct intake_result test_record_in(struct test_desk *t, const struct mail *m,
                                    const struct test_mail *tm)
{
    struct intake_result r;
    char name[SHA256_HEX], spool[32];
    unsigned char hash[32];
    struct str rcpt = str_c(tm->rcpt ? tm->rcpt : "security@desk.example");
    snprintf(spool, sizeof(spool), "spool-%d", ++t->spool);
    sha256(str_c(spool), hash);
    hex_put(name, hash, sizeof(hash));
    struct intake_env env = {.spool = arena_str(t->a, str_c(tm->spool ? tm->spool : spool)),
                             .return_path = str_c(tm->path ? tm->path : tm->from),
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->now_us};
    struct intake_blob blob = {arena_str(t->a, str_c(name)), arena_strf(t->a, "inbox/%s", name),
                               m->size};
    T_OK(desk_intake(&t->d, m, &env, &blob, &r, e));
    return r;
}

struct intake_result test_mail_in(struct test_desk *t, const struct test_mail *tm)
{
    struct mail *m = mem_zalloc(sizeof(*m));
    test_mail_make(t, tm, m);
    struct intake_result r = test_record_in(t, m, tm);
    free(m);
    return r;
}

int64_t test_acknowledge(struct test_desk *t, int64_t message_id)
{
    int64_t outbox;
    struct ack_log log = {.size = 0, .root = STR_NONE};
    T_OK(ack_run(&t->d, message_id, &log, &outbox, e));
    return outbox;
}

void test_sent(struct test_desk *t, int64_t outbox_id)
{
    static const struct sql q = {"test_sent", "UPDATE outbox SET state = 'sent' WHERE id = $1",
                                 NULL};
    T_OK(db_run(t->d.db, &q, DB_ARGS(DB_I(outbox_id)), NULL, e));
    T_OK(db_begin(t->d.db, e));
    T_OK(desk_mail_ended(&t->d, outbox_id, e));
    T_OK(db_commit(t->d.db, e));
}

/* Prepared statements are found by their address, so each text gets one of its own. */
static const struct sql *sql_of(const char *text)
{
    static struct sql known[200];
    static size_t n;
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_c(known[i].text), str_c(text)))
            return &known[i];
    assert_true(n < ARRAY_LEN(known));
    known[n] = (struct sql){"test", str_dup(str_c(text)), NULL};
    return &known[n++];
}

int64_t test_count(struct test_desk *t, const char *sql_text)
{
    int64_t n = -1;
    T_OK(db_one_i64(t->d.db, sql_of(sql_text), DB_NOARGS, &n, e));
    return n;
}

struct str test_text(struct test_desk *t, const char *sql_text)
{
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(t->d.db, sql_of(sql_text), DB_NOARGS, &r, e));
    return rows_next(r) ? arena_str(t->a, row_str(r, 0)) : STR_NONE;
}
