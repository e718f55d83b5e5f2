/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the mbox splitter: which lines cut, what is given back, and hostile files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/when.h"
#include "smtp/mbox.h"

#define SEP "From a@b.example Wed Nov 25 10:00:00 2026\n"

static size_t cut(const char *text, struct mbox_mail *ret, size_t max)
{
    struct mbox m;
    struct err e = ERR_INIT;
    size_t n = 0;
    assert_int_equal(mbox_begin(str_c(text), &m, &e), RC_OK);
    while (n < max && mbox_next(&m, &ret[n]))
        n++;
    return n;
}

static void test_from_lines(void **state)
{
    static const struct {
        const char *line;
        bool cuts;
    } t[] = {
        {"From a@b.example Wed Nov 25 10:00:00 2026", true},
        {"From MAILER-DAEMON Fri Jul  8 12:08:34 2011", true},
        {"From a b c Wed Nov 25 10:00 2026", true},
        {"From - Wed Nov 25 10:00:00 2026 +0100", true},
        {"From a@b Wed Nov 25 10:00:00 MET 2026\r", true},
        {"From here on all is different", false},
        {"From 10:00 on", false},
        {"From the 2026 plan", false},
        {"From ", false},
        {"From: a@b 10:00:00 2026", false},
        {">From a@b.example Wed Nov 25 10:00:00 2026", false},
        {" From a@b.example Wed Nov 25 10:00:00 2026", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct mbox_mail mail[4];
        AUTO(buf) struct buf b = BUF_INIT(1000);
        buf_addf(&b, SEP "Subject: one\n\ntext\n\n%s\nSubject: two\n\nmore\n", t[i].line);
        assert_int_equal(cut(buf_c(&b), mail, 4), t[i].cuts ? 2 : 1);
        /* Not behind an empty line: always text. */
        buf_reset(&b);
        buf_addf(&b, SEP "Subject: one\n\ntext\n%s\nmore\n", t[i].line);
        assert_int_equal(cut(buf_c(&b), mail, 4), 1);
    }
}

static void test_mails_come_back(void **state)
{
    struct mbox_mail mail[4];
    size_t n = cut("\n" SEP "Subject: 1\n\n>From me\n>>From you\n>from\n\n" SEP
                   "Subject: 2\r\n\r\nlast\r\n\r\n" SEP,
                   mail, 4);
    assert_int_equal(n, 3);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    mbox_unquote(&b, mail[0].raw);
    assert_string_equal(buf_c(&b), "Subject: 1\n\nFrom me\n>From you\n>from\n");
    buf_reset(&b);
    mbox_unquote(&b, mail[1].raw);
    assert_string_equal(buf_c(&b), "Subject: 2\r\n\r\nlast\r\n");
    assert_int_equal(mail[2].raw.n, 0);
    assert_true(mail[0].from_us == INT64_C(1795600800) * US_PER_S);
}

static void test_no_mbox(void **state)
{
    static const char *const t[] = {"", "\n\n", "Subject: a mail alone\n\ntext\n", "From \n",
                                    "PK\003\004"};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct mbox m;
        struct err e = ERR_INIT;
        assert_int_equal(mbox_begin(str_c(t[i]), &m, &e), RC_INVALID);
    }
}

static void test_ids(void **state)
{
    struct mbox_ids a, b;
    mbox_ids(STR("Message-ID:\n <1@x>\nReferences: <0@x>\n\t<2@x> <open\nSubject: <9@x>\n\n"
                 "Message-ID: <8@x>\n"),
             &a);
    mbox_ids(STR("in-reply-to: <1@x>\n"), &b);
    assert_true(a.own != 0 && a.n_refs == 2 && b.own == 0 && b.n_refs == 1);
    assert_true(b.refs[0] == a.own && a.refs[0] != a.refs[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_lines),
        cmocka_unit_test(test_mails_come_back),
        cmocka_unit_test(test_no_mbox),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
