/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of mime/parse_patch.c: which mails are patches, through the whole parser. */
#include "mime/rules_test.h"

#include "mime/parse.h"
#include "mime/parse_patch.h"

#define HEAD(subject)                                                                              \
    "From: Ada <ada@example.org>\r\nTo: security@desk.example\r\nSubject: " subject "\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n\r\n"
#define DIFF                                                                                       \
    "diff --git a/SECURITY.md b/SECURITY.md\r\nindex 1..2 100644\r\n--- a/SECURITY.md\r\n"         \
    "+++ b/SECURITY.md\r\n@@ -1,3 +1,3 @@\r\n # P\r\n-soon\r\n+in two days\r\n \r\n"
#define STAT "---\r\n SECURITY.md | 2 +-\r\n\r\n"
#define SIGN "-- \r\n2.39.5\r\n\r\n"

static struct mail_patch read_mail(struct arena *a, const char *raw)
{
    static struct mail m;
    struct parse_opts o;
    struct err e = ERR_INIT;
    parse_opts_init(&o);
    assert_int_equal(parse_mail(a, str_c(raw), &o, &m, &e), RC_OK);
    /* What the record says crosses the border unchanged. */
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    struct mail again;
    assert_int_equal(mail_encode(&json, &m, &e), RC_OK);
    assert_int_equal(mail_decode(a, buf_str(&json), &again, &e), RC_OK);
    assert_true(again.patch.found == m.patch.found && str_eq(again.patch.diff, m.patch.diff));
    return again.patch;
}

static void test_body(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(2 * MAIL_ARENA_MAX);
    struct mail_patch p = read_mail(a, HEAD("[PATCH] Say when") TEXT "Because.\r\n" STAT DIFF SIGN);
    assert_true(p.found && !p.attached);
    assert_true(str_eq(p.file, STR("SECURITY.md")));
    assert_true(str_eq(p.message, STR("Because.")));
    assert_true(str_ends(p.diff, STR("-soon\n+in two days\n \n")));
}

/* Whatever a person wrote is shown to who decides. */
static void test_notes(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(2 * MAIL_ARENA_MAX);
    struct mail_patch p = read_mail(a, HEAD("[PATCH] Say when") TEXT
                                    "Because.\r\n---\r\nname.c overflows, too.\r\n" STAT DIFF SIGN);
    assert_true(p.found);
    assert_true(str_eq(p.message, STR("Because.\n---\nname.c overflows, too.")));
}

static void test_attachment(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(2 * MAIL_ARENA_MAX);
    struct mail_patch p = read_mail(
        a, HEAD("a change") "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" TEXT
                            "Please see the patch.\r\n--x\r\nContent-Type: text/x-patch\r\n"
                            "Content-Disposition: attachment; filename=0001-say.patch\r\n\r\n"
                            "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001"
                            "\r\nFrom: Ada <ada@example.org>\r\nSubject: [PATCH] Say\r\n when\r\n"
                            "\r\nBecause.\r\n" STAT DIFF SIGN "--x--\r\n");
    assert_true(p.found && p.attached);
    assert_true(str_eq(p.subject, STR("[PATCH] Say when")));
    assert_true(str_starts(p.message, STR("Because.")));
    assert_true(str_ends(p.message, STR("Please see the patch.")));
}

static void test_not_a_patch(void **state)
{
    (void)state;
    static const char *const mails[] = {
        HEAD("a hole") TEXT "There is a hole.\r\n",
        HEAD("a hole") TEXT "The hole was made by this:\r\n" DIFF "and it is bad.\r\n",
        HEAD("a hole") TEXT "no message line\r\n" DIFF,
        HEAD("[PATCH] x") TEXT STAT DIFF "PS: there is also a hole in the login.\r\n",
        HEAD("[PATCH] x") "Content-Type: text/html\r\n\r\n<pre>" DIFF "</pre>",
        HEAD("[PATCH] x") TEXT STAT DIFF "diff --git a/evil.c b/evil.c\r\n--- a/evil.c\r\n"
                                         "+++ b/evil.c\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n",
        HEAD("[PATCH] x") TEXT STAT
        "diff --git a/S b/S\r\nnew file mode 120000\r\n--- /dev/null\r\n"
        "+++ b/S\r\n@@ -0,0 +1 @@\r\n+/etc/passwd\r\n",
        HEAD("[PATCH] x") TEXT STAT "diff --git a/S b/S\r\nrename from S\r\nrename to T\r\n",
        HEAD("[PATCH] x") TEXT STAT "--- a/S\r\n+++ b/S\r\n@@ -1,9 +1 @@\r\n-a\r\n+b\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
        AUTO(arena) struct arena *a = arena_new(2 * MAIL_ARENA_MAX);
        assert_false(read_mail(a, mails[i]).found);
    }
}

int main(void)
{
    parse_child_warm();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_attachment),
        cmocka_unit_test(test_not_a_patch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
