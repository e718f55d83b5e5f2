/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of delivery reports: fields, kinds, what is not guessed, limits.
 */
#include "mime/rules_test.h"

#include "base/utf8.h"
#include "mime/dsn.h"

static struct dsn_result read_one(struct arena *a, const struct dsn_input *in)
{
    struct dsn_result r;
    struct err e = ERR_INIT;
    assert_int_equal(dsn_read(a, in, &r, &e), RC_OK);
    return r;
}

static struct dsn_result status(struct arena *a, const char *text)
{
    struct dsn_input in = {.delivery_status = str_c(text)};
    return read_one(a, &in);
}

static void test_fields_of_rfc3464(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct dsn_result r = status(a, "Reporting-MTA: dns; mx\r\n\r\n"
                                    "Final-Recipient: rfc822; b@final.example\r\n"
                                    "Original-Recipient: RFC822;<a@orig.example>\r\n"
                                    "Action: Failed (no)\r\nStatus: 5.1.1 (x)\r\n"
                                    "Diagnostic-Code: smtp; 550\r\n  5.1.1 gone\r\n\r\n"
                                    "Final-Recipient: rfc822;c@d.example\r\nAction: delayed\r\n"
                                    "Status: 4.4.1\r\n\r\n"
                                    "Final-Recipient: rfc822;A@orig.example\r\nAction: failed\r\n");
    assert_int_equal(r.kind, DSN_BOUNCE);
    assert_int_equal(r.n_recipients, 2);
    assert_true(str_eq(r.recipients[0].addr, STR("a@orig.example")));
    assert_true(str_eq(r.recipients[0].final, STR("b@final.example")));
    assert_true(str_eq(r.recipients[0].status, STR("5.1.1")));
    assert_true(str_eq(r.recipients[0].diagnostic, STR("550 5.1.1 gone")));
    assert_true(r.recipients[1].temporary && r.recipients[1].action == DSN_DELAYED);
    assert_false(r.guessed || r.cut);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum dsn_kind kind;
    } t[] = {
        {"Final-Recipient: rfc822;a@b.example\nAction: delayed\n", DSN_DELAY},
        {"Final-Recipient: rfc822;a@b.example\nAction: delivered\n", DSN_SUCCESS},
        {"Final-Recipient: rfc822;a@b.example\nAction: relayed\n", DSN_SUCCESS},
        {"Final-Recipient: rfc822;a@b.example\nAction: expanded\n", DSN_SUCCESS},
        {"Final-Recipient: rfc822;a@b.example\nAction: own\nStatus: 2.0.0\n", DSN_SUCCESS},
        {"Final-Recipient: rfc822;a@b.example\nAction: own\nStatus: 4.0.0\n", DSN_DELAY},
        {"Final-Recipient: rfc822;a@b.example\n", DSN_BOUNCE},
        {"Final-Recipient: x400; /S=a/\nAction: failed\n", DSN_BOUNCE},
        {"Reporting-MTA: dns; x\n", DSN_NONE},
        {"", DSN_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(arena) struct arena *a = arena_new(8u << 20);
        struct dsn_result r = status(a, t[i].text);
        if (r.kind != t[i].kind)
            fail_msg("%s: %s", t[i].text, dsn_kind_name(r.kind));
    }
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct dsn_input in = {.content_type = STR("multipart/report; report-type=feedback-report")};
    assert_int_equal(read_one(a, &in).kind, DSN_ARF);
    in = (struct dsn_input){.disposition = STR("Original-Message-ID: <m@x>\nDisposition: y\n")};
    struct dsn_result r = read_one(a, &in);
    assert_int_equal(r.kind, DSN_MDN);
    assert_true(str_eq(r.original_mid, STR("m@x")));
}

static void test_original_mid(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    const struct hfield irt = {STR("In-Reply-To"), STR("<c@x>")};
    struct str text = STR("gone:\n\n> Message-Id: <b@x>\n");
    struct dsn_input in = {
        .delivery_status = STR("Final-Recipient: rfc822;a@b.example\n"),
        .fields = &irt,
        .n_fields = 1,
    };
    assert_true(str_eq(read_one(a, &in).original_mid, STR("c@x")));
    in.texts = &text;
    in.n_texts = 1;
    assert_true(str_eq(read_one(a, &in).original_mid, STR("b@x")));
    in.returned = STR("\nSubject: x\r\nMESSAGE-ID:\r\n <a@x>\r\n\r\nMessage-ID: <no@x>\n");
    assert_true(str_eq(read_one(a, &in).original_mid, STR("a@x")));
    in.returned = STR("Message-ID: <a b@x>\n");
    assert_true(str_eq(read_one(a, &in).original_mid, STR("b@x")));
}

static void guess(const char *from, const char *subject, const char *text, const char *want)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    /* A block of its own size, so that a read behind its end shows. */
    AUTO(mem) char *copy = mem_alloc(strlen(text) + 1);
    memcpy(copy, text, strlen(text));
    struct str t = str_of(copy, strlen(text));
    struct dsn_input in = {
        .from = str_c(from), .subject = str_c(subject), .texts = &t, .n_texts = 1};
    AUTO(buf) struct buf got = BUF_INIT(10000);
    struct dsn_result r = read_one(a, &in);
    for (size_t i = 0; i < r.n_recipients; i++)
        buf_addf(&got, "%s%.*s %s %.*s", i ? "; " : "", STR_ARG(r.recipients[i].addr),
                 dsn_action_name(r.recipients[i].action), STR_ARG(r.recipients[i].status));
    assert_string_equal(buf_c(&got), want);
    assert_true(r.guessed == (r.n_recipients > 0));
}

static void test_wording(void **state)
{
    (void)state;
    const char *daemon = "MAILER-DAEMON@mx.example";
    guess(daemon, "", "I could not deliver to:\n\n<a@b.example>: 550 5.1.1 no\n  <x@y.example>\n",
          "a@b.example failed 5.1.1");
    guess(daemon, "", "could not be delivered to a@b.example", "a@b.example failed ");
    guess(daemon, "", "Not delivered to a@b.example. It will continue to try.",
          "a@b.example delayed ");
    guess(daemon, "", "The following addresses failed:\n  a@b.example\n  c@d.example\n",
          "a@b.example failed ; c@d.example failed ");
    guess(daemon, "", "a@b.example: user unknown", "a@b.example failed ");
    guess(daemon, "", "a@b.example\n", "");
    guess(daemon, "", "unable to deliver user@", "");
    guess("x@y.example", "Undelivered mail", "unable to deliver to a@b.example",
          "a@b.example failed ");
}

/* Reports of people quote bounces and addresses; none of that makes them one. */
static void test_people_are_not_servers(void **state)
{
    (void)state;
    const char *p = "Reporter <p@out.example>";
    guess(p, "XSS in webmail", "Mail could not be delivered to <a@b.example>:\n<a@b.example>", "");
    guess(p, "Re: [CVD-2026-0001] x", "> unable to deliver to a@b.example", "");
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct dsn_input in = {
        .from = str_c(p),
        .subject = STR("Bounce parser crashes"),
        .inner_status = STR("Final-Recipient: rfc822;a@b.example\nAction: failed\n"),
    };
    assert_int_equal(read_one(a, &in).kind, DSN_NONE);
    in.from = STR("postmaster@b.example");
    assert_int_equal(read_one(a, &in).kind, DSN_BOUNCE);
}

static void test_limits_and_clean_text(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    AUTO(buf) struct buf b = BUF_INIT(4u << 20);
    for (int i = 0; i < DSN_RECIPIENTS_MAX + 5; i++)
        buf_addf(&b, "Final-Recipient: rfc822;r%d@b.example\n\n", i);
    struct dsn_result r = status(a, buf_c(&b));
    assert_int_equal(r.n_recipients, DSN_RECIPIENTS_MAX);
    assert_true(r.cut);
    buf_reset(&b);
    buf_adds(&b, "Final-Recipient: rfc822;a@b.example\nDiagnostic-Code: smtp; \x01\xff");
    for (int i = 0; i < 5000; i++)
        buf_adds(&b, "\xc3\xa4");
    r = status(a, buf_c(&b));
    assert_int_equal(r.n_recipients, 1);
    assert_true(r.recipients[0].diagnostic.n <= DSN_DIAG_MAX);
    assert_true(utf8_is_clean(r.recipients[0].diagnostic));
    AUTO(arena) struct arena *tiny = arena_new(1000);
    struct dsn_input in = {.delivery_status = STR("x")};
    struct err e = ERR_INIT;
    assert_int_equal(dsn_read(tiny, &in, &r, &e), RC_LIMIT);
}

/* Phrases that lead into each other must not make reading quadratic. */
static void test_repeated_phrases_are_fast(void **state)
{
    (void)state;
    static const char *const words[] = {
        "email to this address ",
        "failed recipient: ",
        "following user to ",
        "attempts: a@b.example ",
        "your message to a@b.c ",
        "unable to deliver to\n",
        "delivery failed:\n<a@b.c>: x\n",
        "a@b.c no such user\n",
        "to:to:to:",
        "\n\n",
        "* * *",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO(arena) struct arena *a = arena_new(24u << 20);
        AUTO(buf) struct buf b = BUF_INIT(2 * DSN_TEXT_MAX);
        while (b.n < DSN_TEXT_MAX)
            buf_adds(&b, words[i]);
        struct str t = buf_str(&b);
        struct dsn_input in = {.from = STR("MAILER-DAEMON"), .texts = &t, .n_texts = 1};
        clock_t start = clock();
        read_one(a, &in);
        /* CPU seconds under sanitizers; the limit of a mail is two. */
        if (clock() - start > 2 * CLOCKS_PER_SEC)
            fail_msg("slow: %s", words[i]);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < DSN_KIND_COUNT; i++) {
        enum dsn_kind k = DSN_KIND_COUNT;
        assert_true(dsn_kind_of(str_c(dsn_kind_name((enum dsn_kind)i)), &k) && (int)k == i);
    }
    for (int i = 0; i < DSN_ACTION_COUNT; i++) {
        enum dsn_action k = DSN_ACTION_COUNT;
        assert_true(dsn_action_of(str_c(dsn_action_name((enum dsn_action)i)), &k) && (int)k == i);
    }
    enum dsn_kind k;
    enum dsn_action act;
    assert_false(dsn_kind_of(STR("x"), &k) || dsn_action_of(STR(""), &act));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_of_rfc3464),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_original_mid),
        cmocka_unit_test(test_wording),
        cmocka_unit_test(test_people_are_not_servers),
        cmocka_unit_test(test_limits_and_clean_text),
        cmocka_unit_test(test_repeated_phrases_are_fast),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
