/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the writer of outgoing mail.  What it writes is read back by GMime, a parser of
 * other people, over random Unicode and the awkward cases by hand.
 */
#include "mime/rules_test.h"

#include <gmime/gmime.h>

#include "base/utf8.h"
#include "mime/writer.h"

#define OUT_MAX (8u << 20)

static const struct outmail_addr reporter = {{"P. Reporter", 11}, {"p@out.example", 13}};

static struct outmail simple(void)
{
    return (struct outmail){
        .from = {STR("Security desk"), STR("security@desk.example")},
        .to = &reporter,
        .n_to = 1,
        .subject = STR("[CVD-2026-0001] x"),
        .date_us = INT64_C(1795619280) * 1000000,
        .message_id = STR("m1@desk.example"),
        .text = STR("Hello\nworld"),
    };
}

static enum rc write_rc(const struct outmail *m)
{
    AUTO(buf) struct buf out = BUF_INIT(OUT_MAX);
    struct err e = ERR_INIT;
    enum rc rc = outmail_write(m, &out, &e);
    assert_true(rc == RC_OK || (out.n == 0 && e.msg[0] != '\0'));
    return rc;
}

/* CRLF only, no line over the limit, nothing but ASCII. */
static void assert_lines(struct str s)
{
    size_t column = 0;
    bool header = true;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        assert_true(c < 0x80 && c != 0);
        if (c == '\r') {
            assert_true(i + 1 < s.n && s.p[i + 1] == '\n');
        } else if (c == '\n') {
            assert_true(i > 0 && s.p[i - 1] == '\r');
            header = header && column > 0;
            column = 0;
        } else {
            column++;
            assert_true(column <= (header ? OUTMAIL_LINE_WANTED : OUTMAIL_LINE_MAX));
        }
    }
    assert_true(s.n > 1 && s.p[s.n - 1] == '\n');
}

static void test_exact_bytes(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = BUF_INIT(OUT_MAX);
    struct err e = ERR_INIT;
    struct outmail m = simple();
    const struct hfield extra[] = {{STR("Auto-Submitted"), STR("auto-replied")}};
    const struct str refs[] = {STR("a@x"), STR("not one"), STR("b@x")};
    m.in_reply_to = STR("b@x");
    m.references = refs;
    m.n_references = 3;
    m.extra = extra;
    m.n_extra = 1;
    assert_int_equal(outmail_write(&m, &out, &e), RC_OK);
    assert_string_equal(buf_c(&out), "Date: Wed, 25 Nov 2026 15:08:00 +0000\r\n"
                                     "From: Security desk <security@desk.example>\r\n"
                                     "To: \"P. Reporter\" <p@out.example>\r\n"
                                     "Subject: [CVD-2026-0001] x\r\n"
                                     "Message-ID: <m1@desk.example>\r\n"
                                     "In-Reply-To: <b@x>\r\n"
                                     "References: <a@x> <b@x>\r\n"
                                     "Auto-Submitted: auto-replied\r\n"
                                     "MIME-Version: 1.0\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Transfer-Encoding: 7bit\r\n"
                                     "\r\n"
                                     "Hello\r\nworld\r\n");
}

static void test_injection_is_refused(void **state)
{
    (void)state;
    static const char *const evil[] = {
        "a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x01", "a\x7f", "a\xff", "\xc2\x85",
        "a\xed\xa0\x80"};
    for (size_t i = 0; i <= ARRAY_LEN(evil); i++) {
        struct str v = i < ARRAY_LEN(evil) ? str_c(evil[i]) : str_of("a\0b", 3);
        struct outmail m = simple();
        m.subject = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m = simple();
        m.from.name = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m = simple();
        m.from.addr = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m = simple();
        m.reply_to = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m = simple();
        m.message_id = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m = simple();
        m.in_reply_to = v;
        assert_int_equal(write_rc(&m), RC_INVALID);
        const struct hfield value = {STR("X-Loop"), v}, name = {v, STR("x")};
        m = simple();
        m.n_extra = 1;
        m.extra = &value;
        assert_int_equal(write_rc(&m), RC_INVALID);
        m.extra = &name;
        assert_int_equal(write_rc(&m), RC_INVALID);
        struct outmail_file f = {.name = v, .bytes = STR("x")};
        m = simple();
        m.files = &f;
        m.n_files = 1;
        assert_int_equal(write_rc(&m), RC_INVALID);
        f = (struct outmail_file){.name = STR("x"), .type = v};
        assert_int_equal(write_rc(&m), RC_INVALID);
    }
}

static void test_values_that_are_not_ours_to_write(void **state)
{
    (void)state;
    static const char *const names[] = {"bcc",        "From",      "Content-Type", "MIME-Version",
                                        "Received",   "A B",       "A:",           "",
                                        "T\xc3\xa4g", "Resent-Bcc"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct hfield extra = {str_c(names[i]), STR("x")};
        struct outmail m = simple();
        m.extra = &extra;
        m.n_extra = 1;
        assert_int_equal(write_rc(&m), RC_INVALID);
    }
    static const char *const types[] = {
        "text", "/x", "x/", "a/b/c", "text/x; y=z", "message/rfc822", "multipart/mixed"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct outmail_file f = {.name = STR("x"), .type = str_c(types[i])};
        struct outmail m = simple();
        m.files = &f;
        m.n_files = 1;
        assert_int_equal(write_rc(&m), RC_INVALID);
    }
    struct outmail m = simple();
    m.text = STR("a\x1b[31m");
    assert_int_equal(write_rc(&m), RC_INVALID);
    m.text = STR("\xff");
    assert_int_equal(write_rc(&m), RC_INVALID);
}

static void test_addresses_and_ids(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b",           "a.b+c@d-e.example",    "\"a b\"@c.example",
                                       "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "o'x@b.example"};
    static const char *const wrong[] = {
        "",        "a",      "@b",         "a@",        ".a@b",  "a..b@c",   "a.@b",
        "a b@c",   "a@b c",  "a@b..c",     "a@.b",      "<a@b>", "a@b>,c@d", "\"a@b",
        "a@[x y]", "\"\"@b", "\"a\"b\"@c", "\"a\\\"@c", "a,b@c", "a@b_c",    "\xc3\xa4@b"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!outmail_addr_ok(str_c(good[i]), false))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (outmail_addr_ok(str_c(wrong[i]), false))
            fail_msg("taken: %s", wrong[i]);
    assert_true(outmail_addr_ok(STR("\xc3\xa4@b\xc3\xbc.example"), true));
    assert_false(outmail_addr_ok(STR("a\xe2\x80\xae@b.example"), true));
    assert_false(outmail_addr_ok(STR("a\xc2\x85@b.example"), true));
    assert_true(outmail_addr_utf8(STR("\xc3\xa4@b")) && !outmail_addr_utf8(STR("a@b")));
    assert_true(outmail_id_ok(STR("a.b@c")));
    static const char *const bad_id[] = {"", "a", "@a", "a@", "a@b@c", "a b@c", "a@b>", "<a@b"};
    for (size_t i = 0; i < ARRAY_LEN(bad_id); i++)
        assert_false(outmail_id_ok(str_c(bad_id[i])));
    struct outmail_addr to = {STR_NONE, STR("\xc3\xa4@b.example")};
    struct outmail m = simple();
    m.to = &to;
    assert_int_equal(write_rc(&m), RC_INVALID);
    m.smtputf8 = true;
    assert_int_equal(write_rc(&m), RC_OK);
}

static void test_limits_and_long_references(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    struct str refs[500];
    for (size_t i = 0; i < ARRAY_LEN(refs); i++)
        refs[i] = arena_strf(a, "r%zu@x", i);
    struct outmail m = simple();
    m.references = refs;
    m.n_references = ARRAY_LEN(refs);
    AUTO(buf) struct buf out = BUF_INIT(OUT_MAX);
    struct err e = ERR_INIT;
    assert_int_equal(outmail_write(&m, &out, &e), RC_OK);
    assert_lines(buf_str(&out));
    assert_true(str_find(buf_str(&out), STR("<r0@x>")) != STR_NPOS);
    assert_true(str_find(buf_str(&out), STR("<r1@x>")) == STR_NPOS);
    assert_true(str_find(buf_str(&out), STR("<r480@x>")) == STR_NPOS);
    assert_true(str_find(buf_str(&out), STR("<r481@x>")) != STR_NPOS);
    assert_true(str_find(buf_str(&out), STR("<r499@x>")) != STR_NPOS);
    m.n_to = OUTMAIL_TO_MAX + 1;
    assert_int_equal(write_rc(&m), RC_LIMIT);
    m = simple();
    m.n_files = OUTMAIL_FILES_MAX + 1;
    assert_int_equal(write_rc(&m), RC_LIMIT);
    m = simple();
    m.n_extra = OUTMAIL_EXTRA_MAX + 1;
    assert_int_equal(write_rc(&m), RC_LIMIT);
    m = simple();
    m.subject = str_of(mem_zalloc(OUTMAIL_TEXT_MAX + 1), OUTMAIL_TEXT_MAX + 1);
    assert_int_equal(write_rc(&m), RC_LIMIT);
    free((void *)(uintptr_t)m.subject.p);
    AUTO(buf) struct buf small = BUF_INIT(20);
    buf_adds(&small, "kept");
    m = simple();
    assert_int_equal(outmail_write(&m, &small, &e), RC_LIMIT);
    assert_string_equal(buf_c(&small), "kept");
}

/* ---- read back ---- */

static uint32_t seed;
static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* Up to max code points from several scripts, with runs of spaces and what headers treat apart. */
static void random_text(struct buf *b, uint32_t max, bool lines)
{
    static const char *const odd[] = {" ",    "  ", "=?", "?=", "\"", "\\",
                                      ",",    "<",  ">",  ";",  "(",  "=",
                                      "'",    "%",  "@",  ".",  "_",  "=?utf-8?q?x?=",
                                      "From "};
    for (uint32_t n = next_random(max + 1); n > 0; n--) {
        uint32_t cp;
        switch (next_random(lines ? 7 : 6)) {
        case 0:
        case 1:
            cp = 'a' + next_random(26);
            break;
        case 2:
            buf_adds(b, odd[next_random(ARRAY_LEN(odd))]);
            continue;
        case 3:
            cp = 0xc0 + next_random(0x300);
            break;
        case 4:
            cp = 0x4e00 + next_random(0x2000);
            break;
        case 5:
            cp = 0x1f300 + next_random(0x200);
            break;
        default:
            buf_adds(b, next_random(2) ? "\n" : "\r\n");
            continue;
        }
        utf8_put(b, cp);
    }
}

/* Line ends as LF, one at the end: what the text is for a reader. */
static void as_read(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\r')
            buf_addc(out, s.p[i]);
    if (out->n > 0 && out->p[out->n - 1] != '\n')
        buf_addc(out, '\n');
}

static GMimeMessage *parse(struct str raw)
{
    GMimeStream *mem = g_mime_stream_mem_new_with_buffer(raw.p, raw.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(mem);
    GMimeMessage *msg = g_mime_parser_construct_message(parser, NULL);
    assert_non_null(msg);
    g_object_unref(parser);
    g_object_unref(mem);
    return msg;
}

static void part_bytes(GMimeObject *part, struct buf *out)
{
    GMimeStream *mem = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), mem);
    GByteArray *got = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
    buf_add(out, str_of(got->data, got->len));
    g_object_unref(mem);
}

static void same_text(GMimeObject *part, struct str text)
{
    AUTO(buf) struct buf raw = BUF_INIT(OUT_MAX);
    AUTO(buf) struct buf got = BUF_INIT(OUT_MAX);
    AUTO(buf) struct buf want = BUF_INIT(OUT_MAX);
    part_bytes(part, &raw);
    as_read(&got, buf_str(&raw));
    as_read(&want, text);
    assert_string_equal(buf_c(&got), buf_c(&want));
}

static void round_trip(const struct outmail *m)
{
    AUTO(buf) struct buf out = BUF_INIT(OUT_MAX);
    struct err e = ERR_INIT;
    if (outmail_write(m, &out, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_lines(buf_str(&out));
    GMimeMessage *msg = parse(buf_str(&out));
    const char *subject = g_mime_message_get_subject(msg);
    /* GMime trims what it decodes. */
    if (!str_eq(str_trim(str_c(subject)), str_trim(m->subject)))
        fail_msg("subject \"%s\", wanted \"%.*s\"", subject, STR_ARG(m->subject));
    InternetAddressList *to = g_mime_message_get_addresses(msg, GMIME_ADDRESS_TYPE_TO);
    assert_int_equal(internet_address_list_length(to), 1);
    InternetAddress *one = internet_address_list_get_address(to, 0);
    const char *name = internet_address_get_name(one);
    if (!str_eq(str_trim(str_c(name)), str_trim(m->to[0].name)))
        fail_msg("name \"%s\", wanted \"%.*s\"", name, STR_ARG(m->to[0].name));
    assert_true(INTERNET_ADDRESS_IS_MAILBOX(one));
    const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
    assert_true(str_eq(str_c(addr), m->to[0].addr));
    GMimeObject *top = g_mime_message_get_mime_part(msg);
    if (m->n_files == 0) {
        same_text(top, m->text);
    } else {
        assert_true(GMIME_IS_MULTIPART(top));
        assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(top)), 1 + m->n_files);
        same_text(g_mime_multipart_get_part(GMIME_MULTIPART(top), 0), m->text);
        for (size_t i = 0; i < m->n_files; i++) {
            GMimeObject *part = g_mime_multipart_get_part(GMIME_MULTIPART(top), (int)i + 1);
            AUTO(buf) struct buf got = BUF_INIT(OUT_MAX);
            part_bytes(part, &got);
            assert_true(str_eq(buf_str(&got), m->files[i].bytes));
            const char *file = g_mime_part_get_filename(GMIME_PART(part));
            if (!str_eq(str_c(file), m->files[i].name))
                fail_msg("file \"%s\", wanted \"%.*s\"", file, STR_ARG(m->files[i].name));
        }
    }
    g_object_unref(msg);
}

/* A random name without what the writer replaces, and not empty. */
static void random_file_name(struct buf *b)
{
    AUTO(buf) struct buf raw = BUF_INIT(OUT_MAX);
    random_text(&raw, 80, false);
    buf_addc(b, 'n');
    for (size_t i = 0; i < raw.n; i++)
        if (strchr("\\:/", raw.p[i]) == NULL)
            buf_addc(b, raw.p[i]);
    buf_addc(b, 'n');
}

static void test_random_unicode_comes_back(void **state)
{
    (void)state;
    for (seed = 1; seed < 400u << 20; seed += 1u << 20) {
        uint32_t start = seed;
        AUTO(buf) struct buf subject = BUF_INIT(OUT_MAX);
        AUTO(buf) struct buf name = BUF_INIT(OUT_MAX);
        AUTO(buf) struct buf text = BUF_INIT(OUT_MAX);
        AUTO(buf) struct buf file = BUF_INIT(OUT_MAX);
        random_text(&subject, 120, false);
        random_text(&name, 60, false);
        random_text(&text, 2000, true);
        random_file_name(&file);
        struct outmail_addr to = {buf_str(&name), STR("p@out.example")};
        struct outmail_file f[2] = {
            {.name = buf_str(&file), .bytes = buf_str(&text)},
            {.name = STR("a b.patch"), .type = STR("text/x-patch"), .bytes = STR("\0\xff\r\n")}};
        struct outmail m = simple();
        m.subject = buf_str(&subject);
        m.to = &to;
        m.text = buf_str(&text);
        m.files = f;
        m.n_files = next_random(3);
        round_trip(&m);
        seed = start;
    }
}

static void test_awkward_values_come_back(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         " ",
                                         "a ",
                                         " a",
                                         "a  b",
                                         "a\tb",
                                         "=?utf-8?q?x?=",
                                         "\"",
                                         "\\",
                                         "a\\",
                                         "a,b <c@d>",
                                         "\xf0\x9f\x90\x9e",
                                         "Re: \xc3\xa4",
                                         "(c)",
                                         ".",
                                         "a\"b"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct outmail_addr to = {str_c(values[i]), STR("p@out.example")};
        struct outmail m = simple();
        m.subject = str_c(values[i]);
        m.to = &to;
        m.text = STR(".\r\n..\r\nFrom x\n=\n \n\ttrailing \t\n\xc3\xa4 \n");
        round_trip(&m);
    }
    AUTO(buf) struct buf line = BUF_INIT(OUT_MAX);
    for (int i = 0; i < 1200; i++)
        buf_addc(&line, 'x');
    struct outmail m = simple();
    m.text = buf_str(&line);
    round_trip(&m);
    m.subject = str_sub(buf_str(&line), 0, 1000);
    round_trip(&m);
    m.text = STR_NONE;
    round_trip(&m);
}

static void test_file_names_lead_nowhere(void **state)
{
    (void)state;
    static const char *const t[][2] = {{"../../etc/passwd", ".._.._etc_passwd"},
                                       {"..", ".._"},
                                       {"", "_"},
                                       {"a\\b:c", "a_b_c"},
                                       {"x\xe2\x80\xaegpj.exe", "x_gpj.exe"}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct outmail_file f = {.name = str_c(t[i][0]), .bytes = STR("x")};
        struct outmail m = simple();
        m.files = &f;
        m.n_files = 1;
        AUTO(buf) struct buf out = BUF_INIT(OUT_MAX);
        AUTO(buf) struct buf want = BUF_INIT(1000);
        struct err e = ERR_INIT;
        assert_int_equal(outmail_write(&m, &out, &e), RC_OK);
        buf_addf(&want, "filename=\"%s\"\r\n", t[i][1]);
        assert_true(str_find(buf_str(&out), buf_str(&want)) != STR_NPOS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_bytes),
        cmocka_unit_test(test_injection_is_refused),
        cmocka_unit_test(test_values_that_are_not_ours_to_write),
        cmocka_unit_test(test_addresses_and_ids),
        cmocka_unit_test(test_limits_and_long_references),
        cmocka_unit_test(test_random_unicode_comes_back),
        cmocka_unit_test(test_awkward_values_come_back),
        cmocka_unit_test(test_file_names_lead_nowhere),
    };
    g_mime_init();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    g_mime_shutdown();
    return rc;
}
