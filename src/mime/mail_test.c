/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mail record: what is written is read back, what is not of its form is refused.
 */
#include "mime/rules_test.h"

#include <string.h>

#include "mime/mail.h"

static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void fill(struct mail *m, struct mail_attachment *at, struct mail_forwarded *f,
                 struct str *refs, struct mail_addr *to)
{
    memset(m, 0, sizeof *m);
    m->size = 812;
    memcpy(m->sha256, hash, SHA256_HEX);
    memcpy(m->content_sha256, hash, SHA256_HEX);
    m->parts = 3;
    m->from = (struct mail_addr){STR("J\xc3\xb6rg"), STR("joe@reporter.example")};
    m->from_fields = m->from_mailboxes = 1;
    *to = (struct mail_addr){STR(""), STR("security@desk.example")};
    m->to.p = to;
    m->to.n = 1;
    m->subject = STR("Overflow in parser");
    m->message_id = STR("1@reporter.example");
    *refs = STR("0@desk.example");
    m->references.p = refs;
    m->references.n = 1;
    m->has_date = true;
    m->date_us = INT64_C(1767225600000000);
    m->automatic.has_return_path = true;
    m->automatic.return_path = STR("joe@reporter.example");
    m->automatic.loops[0] = STR("desk.example");
    m->automatic.n_loops = 1;
    m->proof = AUTHRES_DMARC;
    m->report.kind = DSN_NONE;
    m->text = STR("It crashes.\n");
    m->text_source = MAIL_TEXT_PLAIN;
    *at = (struct mail_attachment){.part = 2,
                                   .name = STR("poc.c"),
                                   .orig_name = STR("../poc.c"),
                                   .type = STR("text/x-csrc"),
                                   .size = 12,
                                   .damaged = true,
                                   .content_id = STR("a@b")};
    memcpy(at->sha256, hash, SHA256_HEX);
    m->attachments.p = at;
    m->attachments.n = 1;
    *f = (struct mail_forwarded){.part = 1, .depth = 1, .text = STR("inner\n"), .returned = true};
    m->forwarded.p = f;
    m->forwarded.n = 1;
    m->warnings[MAIL_WARN_NAME_CHANGED] = 1;
}

static void encoded(struct buf *b)
{
    struct mail m;
    struct mail_attachment at;
    struct mail_forwarded f;
    struct str refs;
    struct mail_addr to;
    struct err e = ERR_INIT;
    fill(&m, &at, &f, &refs, &to);
    assert_int_equal(mail_encode(b, &m, &e), RC_OK);
}

static void test_round_trip(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(MAIL_JSON_MAX), again = BUF_INIT(MAIL_JSON_MAX);
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct err e = ERR_INIT;
    struct mail m;
    encoded(&b);
    assert_int_equal(mail_decode(a, buf_str(&b), &m, &e), RC_OK);
    assert_true(str_eq(m.from.addr, STR("joe@reporter.example")));
    assert_true(str_eq(m.from.name, STR("J\xc3\xb6rg")));
    assert_true(m.has_date && m.date_us == INT64_C(1767225600000000));
    assert_int_equal(m.proof, AUTHRES_DMARC);
    assert_int_equal(m.automatic.n_loops, 1);
    assert_true(str_eq(m.automatic.loops[0], STR("desk.example")));
    assert_true(m.attachments.n == 1 && m.attachments.p[0].damaged);
    assert_true(m.forwarded.n == 1 && m.forwarded.p[0].returned && !m.forwarded.p[0].has_date);
    assert_int_equal(m.warnings[MAIL_WARN_NAME_CHANGED], 1);
    assert_int_equal(mail_encode(&again, &m, &e), RC_OK);
    assert_true(str_eq(buf_str(&b), buf_str(&again)));
}

/* The JSON with one piece replaced must be refused, and nothing may be handed out. */
static void refuse(const char *piece, const char *instead)
{
    AUTO(buf) struct buf b = BUF_INIT(MAIL_JSON_MAX), bad = BUF_INIT(MAIL_JSON_MAX);
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct err e = ERR_INIT;
    struct mail m;
    memset(&m, 0x5a, sizeof m);
    encoded(&b);
    size_t at = str_find(buf_str(&b), str_c(piece));
    if (at == STR_NPOS)
        fail_msg("%s is not in the record", piece);
    buf_add(&bad, str_sub(buf_str(&b), 0, at));
    buf_adds(&bad, instead);
    buf_add(&bad, str_sub(buf_str(&b), at + strlen(piece), b.n));
    enum rc rc = mail_decode(a, buf_str(&bad), &m, &e);
    if (rc != RC_INVALID && rc != RC_LIMIT)
        fail_msg("%s -> %s was taken (%d)", piece, instead, (int)rc);
    assert_int_equal(m.size, INT64_C(0x5a5a5a5a5a5a5a5a));
    assert_true(e.msg[0] != '\0');
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("\"size\":812", "\"size\":-1");
    refuse("\"size\":812", "\"size\":812.0");
    refuse("\"size\":812", "\"size\":\"812\"");
    refuse("\"size\":812", "\"size\":99999999999");
    refuse("\"size\":812", "\"sizes\":812");
    refuse("\"size\":812", "\"size\":812,\"more\":1");
    refuse("\"size\":812,", "");
    refuse("\"size\":812", "\"size\":812,\"size\":812");
    refuse("\"spam\":false", "\"spam\":0");
    refuse("\"0123", "\"012G");
    refuse("\"0123", "\"012");
    refuse("\"0123", "\"012A");
    refuse("joe@reporter.example", "joe@@reporter.example");
    refuse("joe@reporter.example", "joe reporter.example");
    refuse("joe@reporter.example", "joe@reporter.example\\r\\nBcc: x@y");
    refuse("joe@reporter.example", "-joe@reporter.example");
    refuse("1@reporter.example", "1@reporter.example>");
    refuse("0@desk.example", "a b");
    refuse("Overflow in parser", "Overflow\\nin parser");
    refuse("Overflow in parser", "Overflow\\u0007in parser");
    refuse("It crashes.", "It\\u0000crashes.");
    refuse("It crashes.", "It \\u009b crashes.");
    refuse("\"text_source\":\"plain\"", "\"text_source\":\"none\"");
    refuse("\"text_source\":\"plain\"", "\"text_source\":\"word\"");
    refuse("\"poc.c\"", "\"../poc.c\"");
    refuse("\"poc.c\"", "\"\"");
    refuse("\"poc.c\"", "\"con.txt\"");
    refuse("text/x-csrc", "text/x csrc");
    refuse("text/x-csrc", "text");
    refuse("\"dmarc\"", "\"DMARC\"");
    refuse("\"name-changed\":1", "\"name-changed\":0");
    refuse("\"name-changed\":1", "\"name-changes\":1");
    refuse("\"date_us\":1767225600000000", "\"date_us\":false");
    refuse("\"date_us\":1767225600000000", "\"date_us\":-1");
    refuse("\"has_return_path\":true", "\"has_return_path\":false");
    refuse("\"to\":[", "\"to\":[null,");
    refuse("\"loops\":[\"desk.example\"]", "\"loops\":[1]");
    refuse("\"loops\":[\"desk.example\"]",
           "\"loops\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]");
}

/* Lists and texts one beyond their limit. */
static void test_limits(void **state)
{
    (void)state;
    AUTO(buf) struct buf many = BUF_INIT(MAIL_JSON_MAX);
    buf_adds(&many, "\"references\":[");
    for (int i = 0; i <= MAIL_REFS_MAX; i++)
        buf_addf(&many, "%s\"%d@x\"", i ? "," : "", i);
    buf_adds(&many, "]");
    refuse("\"references\":[\"0@desk.example\"]", buf_c(&many));
    AUTO(buf) struct buf text = BUF_INIT(MAIL_JSON_MAX);
    for (size_t i = 0; i <= MAIL_TEXT_MAX; i++)
        buf_addc(&text, 'x');
    refuse("It crashes.", buf_c(&text));
    buf_cut(&text, MAIL_SUBJECT_MAX + 1);
    refuse("Overflow in parser", buf_c(&text));
}

/* What the child writes must never be refused: encode cleans and cuts. */
static void test_encode_cleans(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(MAIL_JSON_MAX);
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m, back;
    struct mail_attachment at;
    struct mail_forwarded f;
    struct str refs;
    struct mail_addr to;
    struct err e = ERR_INIT;
    char *longer = mem_alloc(2000);
    memset(longer, 0xc3, 2000); /* not UTF-8, too long */
    fill(&m, &at, &f, &refs, &to);
    m.subject = str_of(longer, 2000);
    m.from.addr = STR("no address");
    m.automatic.from = STR("a\nb\x01");
    m.size = -5;
    m.text = STR("a\0b\x1b[31m");
    assert_int_equal(mail_encode(&b, &m, &e), RC_OK);
    free(longer);
    assert_int_equal(mail_decode(a, buf_str(&b), &back, &e), RC_OK);
    assert_true(back.subject.n <= MAIL_SUBJECT_MAX && back.from.addr.n == 0);
    assert_true(str_eq(back.text, STR("ab[31m")));
    assert_true(str_eq(back.automatic.from, STR("a b")));
}

static void test_names_agree(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(MAIL_JSON_MAX);
    encoded(&b);
    assert_true(str_find(buf_str(&b), str_c(authres_proof_name(AUTHRES_DMARC))) != STR_NPOS);
    assert_string_equal(mail_warning_name(MAIL_WARN_NAME_CHANGED), "name-changed");
    assert_string_equal(mail_warning_name(MAIL_WARN_COUNT), "?");
    assert_string_equal(mail_crypto_name(MAIL_CRYPTO_SMIME_SIGNED), "smime-signed");
    for (int i = 0; i < DSN_KIND_COUNT; i++) {
        AUTO(buf) struct buf one = BUF_INIT(MAIL_JSON_MAX), want = BUF_INIT(100);
        struct mail m;
        struct err e = ERR_INIT;
        memset(&m, 0, sizeof m);
        memcpy(m.sha256, hash, SHA256_HEX);
        memcpy(m.content_sha256, hash, SHA256_HEX);
        m.report.kind = (enum dsn_kind)i;
        assert_int_equal(mail_encode(&one, &m, &e), RC_OK);
        buf_addf(&want, "\"kind\":\"%s\"", dsn_kind_name((enum dsn_kind)i));
        assert_true(str_find(buf_str(&one), buf_str(&want)) != STR_NPOS);
    }
}

static void test_value_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b", "a.b+c@d.example", "user@[192.0.2.1]",
                                       "j\xc3\xb6rg@b\xc3\xbc.example"};
    static const char *const bad[] = {"",      "a",     "@b",      "a@",       "a b@c", "a@b>",
                                      "<a@b>", "a,b@c", "\"a\"@b", "a@b\r\nX", "a@[b",  "a]@b",
                                      "-x@b",  "a\\@b", "a@b;c",   "a\xff@b",  "a:b@c"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(mail_addr_ok(str_c(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (mail_addr_ok(str_c(bad[i])))
            fail_msg("taken: %s", bad[i]);
    static const char *const bad_names[] = {"",     ".",    "..",      ".htaccess",     "a/b",
                                            "a\\b", "con",  "CON.txt", "lpt1.c",        "a\tb",
                                            " a",   "a ",   "a.",      "-rf",           "nul .c",
                                            "a:b",  "a\nb", "a|b",     "a\xe2\x80\xae", "a\xff"};
    for (size_t i = 0; i < ARRAY_LEN(bad_names); i++)
        if (mail_file_name_ok(str_c(bad_names[i])))
            fail_msg("taken: %s", bad_names[i]);
    assert_true(mail_file_name_ok(STR("console.txt")) && mail_file_name_ok(STR("a.tar.gz")));
    assert_true(mail_id_ok(STR("a@b")) && mail_id_ok(STR("x")));
    assert_false(mail_id_ok(STR("a b")) || mail_id_ok(STR("")) || mail_id_ok(STR("a>")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_encode_cleans),
        cmocka_unit_test(test_names_agree), cmocka_unit_test(test_value_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
