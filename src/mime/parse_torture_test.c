/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The torture corpus: each "must" of its manifest as an assertion, each mail in a child with 2 s of
 * processor time and (without sanitizers) 256 MB.  And the corpora that only ask for a record.
 */
#include "mime/corpus_test.h"

#include <string.h>

#define DIR_ "standards/mail/torture"

/* What a mail must come to; NULL and 0 where nothing is said. */
struct must {
    const char *file;
    const char *text;       /* whole text */
    const char *attachment; /* name of the one attachment */
    int parts;              /* number of entities, -1: not checked */
    int warning;            /* enum mail_warning that must be set, -1: none asked */
};
#define NO_WARN (-1)

static const struct must musts[] = {
    {"nesting-600.eml", NULL, NULL, MAIL_NEST_MAX + 1, MAIL_WARN_NEST_CUT},
    {"parts-20000.eml", NULL, NULL, MAIL_PARTS_MAX, MAIL_WARN_PARTS_CUT},
    {"headers-20000.eml", "body\n", NULL, 1, MAIL_WARN_HEADER_CUT},
    {"header-512KiB.eml", "body\n", NULL, 1, MAIL_WARN_HEADER_CUT},
    {"header-folded-50000.eml", "body\n", NULL, 1, MAIL_WARN_HEADER_CUT},
    {"boundary-empty.eml", "--\n\nx\n----\n", NULL, 1, MAIL_WARN_NO_BOUNDARY},
    /* The outer multipart has one part, a multipart with one part. */
    {"boundary-prefix-of-other.eml", "inner", NULL, 3, NO_WARN},
    {"boundary-in-base64-part.eml", "--b\n\nfake\n--b--\n", NULL, 2, NO_WARN},
    {"nul-bytes.eml", "bodymore\n", NULL, 1, MAIL_WARN_NUL},
    {"filename-traversal.eml", "body", "x", 3, MAIL_WARN_NAME_CHANGED},
    {"filename-backslash.eml", "body", "x.dll", 3, MAIL_WARN_NAME_CHANGED},
    {"filename-rtl-override.eml", "body", "invoicefdp.exe", 3, MAIL_WARN_NAME_CHANGED},
    {"filename-crlf.eml", "body", "a Set-Cookie_ x=y", 3, MAIL_WARN_NAME_CHANGED},
    {"filename-conflict.eml", "body", "evil.html", 3, NO_WARN},
    {"filename-html-svg.eml", "body", "x.svg", 3, NO_WARN},
    {"encoded-word-split-utf8.eml", "body\n", NULL, 1, NO_WARN},
    {"charset-utf7-html.eml", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-\n", NULL, 1,
     MAIL_WARN_UNKNOWN_CHARSET},
    {"overlong-utf8.eml", NULL, NULL, 1, MAIL_WARN_BAD_CHARSET},
    {"base64-garbage.eml", "", "part-0.bin", 1, MAIL_WARN_BAD_ENCODING},
    {"base64-no-newline-1MiB.eml", "", "part-0.bin", 1, NO_WARN},
    {"qp-broken.eml", NULL, NULL, 1, MAIL_WARN_BAD_ENCODING},
    {"cte-unknown.eml", "raw\n", NULL, 1, MAIL_WARN_UNKNOWN_ENCODING},
    {"cte-on-multipart.eml", "LS1iDQoNCnBhcnQNCi0tYi0tDQo=\n", NULL, 1, MAIL_WARN_NO_BOUNDARY},
    {"duplicate-headers.eml", "<b>x</b>\n", NULL, 1, MAIL_WARN_MANY_FROM},
    {"header-with-space-before-colon.eml", "body\n", NULL, 1, MAIL_WARN_MANY_FROM},
    {"headers-only-no-body.eml", "", NULL, 1, NO_WARN},
    {"html-mutation-xss.eml", NULL, NULL, 1, NO_WARN},
    {"partial-message.eml", "", "part-0.bin", 1, MAIL_WARN_PARTIAL},
    {"external-body.eml", "", "part-0.bin", 1, MAIL_WARN_EXTERNAL},
    {"address-groups.eml", "body\n", NULL, 1, NO_WARN},
    {"address-10000.eml", "body\n", NULL, 1, MAIL_WARN_LIST_CUT},
    {"latin1-raw-header.eml",
     "gr\xc3\xb6\xc3\x9f"
     "er\n",
     NULL, 1, NO_WARN},
    {"date-year-99999.eml", "body\n", NULL, 1, MAIL_WARN_BAD_DATE},
    {"message-id-odd.eml", "body\n", NULL, 1, MAIL_WARN_BAD_ID},
    {"bare-cr-lf-mix.eml", "body\nline\n", NULL, 1, MAIL_WARN_BARE_CR},
    {"attachment-empty-zip.eml", "", "b.zip", 1, NO_WARN},
};

/* --- what more than one mail must obey --- */

static void no_markup(const char *file, struct str s)
{
    if (str_find_nocase(s, STR("<script")) != STR_NPOS ||
        str_find_nocase(s, STR("onerror")) != STR_NPOS)
        fail_msg("%s: text holds markup", file);
}

static void bounded(const struct mail *m)
{
    assert_true(m->parts <= MAIL_PARTS_MAX);
    assert_true(m->attachments.n <= MAIL_ATTACH_MAX);
    assert_true(m->to.n <= MAIL_RCPT_MAX && m->cc.n <= MAIL_RCPT_MAX);
    assert_true(m->text.n <= MAIL_TEXT_MAX);
    for (size_t i = 0; i < m->attachments.n; i++)
        assert_true(mail_file_name_ok(m->attachments.p[i].name));
}

/* Rules of single files that do not fit the table. */
static void special(const char *file, const struct mail *m, struct str raw)
{
    if (strcmp(file, "duplicate-headers.eml") == 0 ||
        strcmp(file, "header-with-space-before-colon.eml") == 0) {
        assert_int_equal(m->from_fields, 2);
        assert_true(str_eq(m->from.addr, STR("a@b.example")));
        assert_int_equal(m->proof, AUTHRES_NONE);
    } else if (strcmp(file, "base64-garbage.eml") == 0) {
        assert_true(m->attachments.p[0].damaged);
    } else if (strcmp(file, "base64-no-newline-1MiB.eml") == 0) {
        assert_int_equal(m->attachments.p[0].size, 786432);
        assert_false(m->attachments.p[0].damaged);
    } else if (strcmp(file, "attachment-empty-zip.eml") == 0) {
        assert_int_equal(m->attachments.p[0].size, 22);
        assert_true(str_eq(m->attachments.p[0].type, STR("application/zip")));
    } else if (strcmp(file, "message-id-odd.eml") == 0) {
        assert_true(str_eq(m->message_id, STR("second@b.example")));
    } else if (strcmp(file, "address-groups.eml") == 0) {
        assert_true(m->to.n > 0);
    } else if (strcmp(file, "date-year-99999.eml") == 0) {
        assert_false(m->has_date);
    } else if (strcmp(file, "encoded-word-split-utf8.eml") == 0) {
        /* Two halves of one character in two words of the same charset belong together. */
        assert_true(str_ends(m->subject, STR("\xc3\xbc")));
    } else if (strcmp(file, "bare-cr-lf-mix.eml") == 0) {
        assert_int_equal(m->size, raw.n);
        assert_true(m->warnings[MAIL_WARN_BARE_LF] > 0);
    } else if (strcmp(file, "latin1-raw-header.eml") == 0) {
        assert_true(str_eq(m->subject, STR("gr\xc3\xb6\xc3\x9f"
                                           "er")));
    }
}

static void check(const struct must *t)
{
    AUTO(buf) struct buf path = BUF_INIT(4096), raw = BUF_INIT(TEST_FILE_MAX);
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    const char *why = NULL;
    struct mail m;
    buf_addf(&path, "%s/%s", DIR_, t->file);
    corpus_read(buf_c(&path), &raw);
    if (!corpus_parse(a, buf_str(&raw), &m, &why))
        fail_msg("%s: %s", t->file, why);
    if (t->text && !str_eq(m.text, str_c(t->text)))
        fail_msg("%s: text is \"%.*s\"", t->file, STR_ARG(m.text));
    if (t->attachment &&
        (m.attachments.n != 1 || !str_eq(m.attachments.p[0].name, str_c(t->attachment))))
        fail_msg("%s: %zu attachments, or another name", t->file, m.attachments.n);
    if (t->parts >= 0 && m.parts != t->parts)
        fail_msg("%s: %d parts", t->file, (int)m.parts);
    if (t->warning >= 0 && m.warnings[t->warning] == 0)
        fail_msg("%s: no warning %s", t->file, mail_warning_name((enum mail_warning)t->warning));
    no_markup(t->file, m.text);
    no_markup(t->file, m.subject);
    bounded(&m);
    special(t->file, &m, buf_str(&raw));
}

static void test_musts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(musts); i++)
        check(&musts[i]);
    printf("torture: %zu mails\n", ARRAY_LEN(musts));
}

/* The manifest names nothing that the table above leaves out. */
static void test_manifest(void **state)
{
    (void)state;
    AUTO(json) json_t *all = corpus_json(DIR_ "/manifest.json");
    for (size_t i = 0; i < json_array_size(all); i++) {
        struct str file = js(json_array_get(all, i), "file");
        bool found = false;
        for (size_t k = 0; k < ARRAY_LEN(musts); k++)
            found = found || str_eq(file, str_c(musts[k].file));
        if (!found)
            fail_msg("no assertion for %.*s", STR_ARG(file));
    }
    assert_true(json_array_size(all) > 0);
}

/* iconv opens files; in the sandbox that would be the end of the child. */
static void test_every_charset_in_the_sandbox(void **state)
{
    (void)state;
    static const char *const names[] = {"utf-8",        "us-ascii",
                                        "iso-8859-1",   "iso-8859-2",
                                        "iso-8859-5",   "iso-8859-6",
                                        "iso-8859-7",   "iso-8859-8",
                                        "iso-8859-9",   "iso-8859-15",
                                        "cp1250",       "windows-1251",
                                        "windows-1252", "cp1253",
                                        "cp1254",       "cp1255",
                                        "cp1256",       "cp1257",
                                        "cp1258",       "koi8-r",
                                        "koi8-u",       "macintosh",
                                        "ibm437",       "cp850",
                                        "ibm866",       "tis-620",
                                        "big5",         "big5-hkscs",
                                        "gb2312",       "gbk",
                                        "gb18030",      "euc-jp",
                                        "shift_jis",    "cp932",
                                        "iso-2022-jp",  "euc-kr",
                                        "iso-2022-kr",  "cp949",
                                        "euc-tw",       "utf-16",
                                        "utf-16le",     "utf-32be",
                                        "viscii",       "utf-7",
                                        "cp037",        "ebcdic-us",
                                        "hz-gb-2312",   "iso-ir-99",
                                        "johab",        "tscii",
                                        "utf-7-imap",   "x-mac-thai",
                                        "UNICODE",      "../../evil",
                                        "ISO-8859-2",   "Shift-JIS",
                                        "Windows-1252", "KOI8-R//TRANSLIT",
                                        "utf8//IGNORE"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(buf) struct buf raw = BUF_INIT(65536);
        AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
        const char *why = NULL, *n = names[i];
        struct mail m;
        buf_addf(
            &raw,
            "From: =?%s?q?=A4=A2?= <a@b.example>\nSubject: =?%s?b?pKI=?= \xa4\xa2\n"
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
            "Content-Type: text/plain; charset=\"%s\"\n\n\xa4\xa2 text\n--b\n"
            "Content-Type: a/b; name*=%s''%%A4%%A2\n"
            "Content-Disposition: attachment; filename*0*=%s'en'%%A4%%A2; filename=\"=?%s?q?a?=\""
            "\n\nx\n--b--\n",
            n, n, n, n, n, n);
        if (!corpus_parse(a, buf_str(&raw), &m, &why))
            fail_msg("%s: %s", n, why);
        assert_true(str_eq(m.from.addr, STR("a@b.example")));
        assert_int_equal(m.attachments.n, 1);
    }
}

static void test_others(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *ending;
    } sets[] = {
        {"python-email", ".txt"},
        {"enmime/mail", ".raw"},
        {"enmime/parts", ".raw"},
        {"enmime/low-quality", ".raw"},
        {"spoofing", ".eml"},
        {"pgp-mime", ".eml"},
        {"smime", ".eml"},
        {"bounces", ".txt"},
        {"header-protection", ".eml"},
        {"auto-reply", ".eml"},
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        corpus_each(sets[i].dir, sets[i].ending);
}

int main(void)
{
    if (!corpus_there(DIR_))
        return corpus_skip("mime-parse-torture");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_musts), cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_every_charset_in_the_sandbox), cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
