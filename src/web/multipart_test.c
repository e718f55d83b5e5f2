/* SPDX-License-Identifier: Apache-2.0 */
/* Forms with files: what browsers send is read, anything else is refused, and nothing is lost on
 * the way to core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "web/multipart.h"

#define TYPE  "multipart/form-data; boundary="
#define HEAD  "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n"
#define GOOD  HEAD "\r\nx\r\n--b--\r\n"
#define WHOLE STR("b")

static enum rc parse(const char *body, struct multipart *m)
{
    return multipart_parse(str_c(body), WHOLE, false, m, NULL);
}

static void boundaries(void **state)
{
    (void)state;
    static const struct {
        const char *type, *boundary; /* NULL: refused */
        enum rc rc;
    } rows[] = {
        {TYPE "----WebKitFormBoundaryAbc", "----WebKitFormBoundaryAbc", RC_OK},
        {"Multipart/Form-Data;boundary=x", "x", RC_OK},
        {TYPE "\"a b:c\"", "a b:c", RC_OK},
        {TYPE "x; charset=utf-8", "x", RC_OK},
        {"application/x-www-form-urlencoded", NULL, RC_NOTFOUND},
        {"multipart/mixed; boundary=x", NULL, RC_NOTFOUND},
        {"", NULL, RC_NOTFOUND},
        {"multipart/form-data", NULL, RC_INVALID},
        {"multipart/form-data; boundary", NULL, RC_INVALID},
        {TYPE, NULL, RC_INVALID},
        {TYPE "\"\"", NULL, RC_INVALID},
        {TYPE "\"x", NULL, RC_INVALID},
        {TYPE "x; boundary=y", NULL, RC_INVALID}, /* two programs would read two bodies */
        {TYPE "x y", NULL, RC_INVALID},
        {TYPE "\"x \"", NULL, RC_INVALID},
        {TYPE "\"x\\\"y\"", NULL, RC_INVALID},
        {TYPE "\"x\" y", NULL, RC_INVALID},
        {TYPE "12345678901234567890123456789012345678901234567890123456789012345678901", NULL,
         RC_INVALID}, /* 71 */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str b = STR_NONE;
        if (multipart_boundary(str_c(rows[i].type), &b, NULL) != rows[i].rc)
            fail_msg("%s", rows[i].type);
        if (rows[i].boundary && !str_eq(b, str_c(rows[i].boundary)))
            fail_msg("%s", rows[i].type);
    }
}

static void what_a_browser_sends(void **state)
{
    (void)state;
    struct multipart *m = mem_zalloc(sizeof *m);
    AUTO(buf) struct buf b = BUF_INIT(4096);
    buf_adds(&b, "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\none\r\ntwo\r\n"
                 "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\"\r\n"
                 "Content-Type: application/octet-stream\r\n\r\n\r\n"
                 "--b\r\ncontent-disposition:form-data;name=files;filename=\"C:\\dir\\p\xc3\xb6 "
                 "c%22.bin\"\r\nContent-Type: image/png; x=y\r\nX-Other: 1\r\n\r\n");
    buf_add(&b, str_of("\0\r\n--\r\n-b\r\n", 12));
    buf_adds(&b, "\r\n--b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\n");
    assert_int_equal(multipart_parse(buf_str(&b), WHOLE, false, m, NULL), RC_OK);
    assert_int_equal(m->n, 3); /* a file that was not chosen is none */
    assert_true(str_eq(m->parts[0].bytes, STR("one\r\ntwo")));
    assert_true(m->parts[1].is_file);
    assert_true(str_eq(m->parts[1].bytes, str_of("\0\r\n--\r\n-b\r\n", 12)));
    assert_true(str_eq(m->parts[1].type, STR("image/png")));
    assert_true(str_eq(m->parts[2].name, STR("empty")) && m->parts[2].bytes.n == 0);
    AUTO(buf) struct buf wire = BUF_INIT(4096);
    AUTO(http_form) struct http_form f = {.n_fields = 0};
    multipart_write(&wire, m);
    assert_int_equal(multipart_read(buf_str(&wire), &f, NULL), RC_OK);
    assert_int_equal(f.n_fields, 2);
    assert_true(str_eq(http_form_get(&f, "text"), STR("one\ntwo")));
    assert_int_equal(f.n_files, 1);
    assert_true(str_eq(f.files[0].name, STR("p\xc3\xb6 c%22.bin")));
    assert_true(str_eq(f.files[0].field, STR("files")));
    assert_true(str_eq(f.files[0].bytes, str_of("\0\r\n--\r\n-b\r\n", 12)));
    assert_false(f.cut);
    free(m);
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *why;
    } rows[] = {
        {"", "empty"},
        {"--b", "cut"},
        {"--b\r\n", "cut"},
        {"x\r\n" GOOD, "a preamble"},
        {"\r\n" GOOD, "an empty line first"},
        {GOOD "x", "an epilogue"},
        {GOOD "\r\n", "an epilogue of an empty line"},
        {HEAD "\r\nx\r\n--b\r\n", "no end"},
        {HEAD "\r\nx\r\n--b-\r\n", "half an end"},
        {HEAD "\r\nx\r\n--bb\r\n", "the boundary inside a line"},
        {HEAD "\r\nx\n--b--\r\n", "a bare line feed before the boundary"},
        {"--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--\n", "bare line feeds"},
        {HEAD "x", "no empty line"},
        {"--b\r\n\r\nx\r\n--b--\r\n", "no fields"},
        {"--b\r\nX: y\r\n\r\nx\r\n--b--\r\n", "no disposition"},
        {HEAD "Content-Disposition: form-data; name=\"c\"\r\n\r\nx\r\n--b--\r\n", "two of them"},
        {HEAD " folded\r\n\r\nx\r\n--b--\r\n", "a folded field"},
        {HEAD "Content-Type : text/plain\r\n\r\nx\r\n--b--\r\n", "a space before the colon"},
        {HEAD "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n", "two types"},
        {HEAD "Content-Transfer-Encoding: base64\r\n\r\nx\r\n--b--\r\n", "an encoding"},
        {HEAD "X: a\001b\r\n\r\nx\r\n--b--\r\n", "a control"},
        {"--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--\r\n", "attachment"},
        {"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "no name"},
        {"--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--\r\n", "empty name"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"; name=\"c\"\r\n\r\nx\r\n--b--\r\n",
         "two names"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"c\"; filename=\"d\"\r\n\r\n"
         "x\r\n--b--\r\n",
         "two file names"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"; "
         "filename*=UTF-8''c\r\n\r\nx\r\n--b--\r\n",
         "filename*"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\nx\r\n--b--\r\n",
         "a backslash before the quote"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--\r\n", "an open quote"},
    };
    struct multipart *m = mem_zalloc(sizeof *m);
    assert_int_equal(parse(GOOD, m), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (parse(rows[i].body, m) != RC_INVALID)
            fail_msg("taken: %s", rows[i].why);
    free(m);
}

static void add_part(struct buf *b, const char *file, size_t name_n, size_t value_n)
{
    buf_adds(b, "--b\r\nContent-Disposition: form-data; name=\"n\"");
    if (file) {
        buf_addf(b, "; filename=\"%s", file);
        for (size_t i = 0; i < name_n; i++)
            buf_addc(b, 'f');
        buf_addc(b, '"');
    }
    buf_adds(b, "\r\n\r\n");
    for (size_t i = 0; i < value_n; i++)
        buf_addc(b, 'v');
    buf_adds(b, "\r\n");
}

static enum rc many(struct multipart *m, const char *file, size_t parts, size_t name_n,
                    size_t value_n)
{
    AUTO(buf) struct buf b = BUF_INIT(2 << 20);
    for (size_t i = 0; i < parts; i++)
        add_part(&b, file, name_n, value_n);
    buf_adds(&b, "--b--\r\n");
    return multipart_parse(buf_str(&b), WHOLE, false, m, NULL);
}

static void limits(void **state)
{
    (void)state;
    struct multipart *m = mem_zalloc(sizeof *m);
    assert_int_equal(many(m, NULL, HTTP_FORM_FIELDS, 0, 1), RC_OK);
    assert_int_equal(m->n, HTTP_FORM_FIELDS);
    assert_int_equal(many(m, NULL, HTTP_FORM_FIELDS + 1, 0, 1), RC_LIMIT);
    assert_int_equal(many(m, NULL, 1, 0, HTTP_FORM_VALUE_MAX), RC_OK);
    assert_int_equal(many(m, NULL, 1, 0, HTTP_FORM_VALUE_MAX + 1), RC_LIMIT);
    assert_int_equal(many(m, "", 1, HTTP_FILE_NAME_MAX, 1), RC_OK);
    assert_int_equal(many(m, "", 1, HTTP_FILE_NAME_MAX + 1, 1), RC_LIMIT);
    assert_int_equal(many(m, "", 1, 2 * MULTIPART_HEAD_MAX, 1), RC_LIMIT);
    assert_int_equal(many(m, "x", HTTP_FORM_FILES, 0, 1), RC_OK);
    assert_int_equal(m->files_over, 0);
    /* Two hundred files: the form comes back and says how many were too many. */
    assert_int_equal(many(m, "x", 200, 0, 1), RC_OK);
    assert_int_equal(m->n, HTTP_FORM_FILES);
    assert_int_equal(m->files_over, 180);
    assert_int_equal(many(m, "x", MULTIPART_PARTS_MAX, 0, 1), RC_OK);
    assert_int_equal(many(m, "x", MULTIPART_PARTS_MAX + 1, 0, 1), RC_LIMIT);
    free(m);
}

/* A body that is too large is cut anywhere: what is whole before the cut is kept. */
static void a_cut_body_keeps_what_is_whole(void **state)
{
    (void)state;
    static const char body[] = HEAD "\r\nfirst\r\n" HEAD "\r\nsecond\r\n"
                                    "--b\r\nContent-Disposition: form-data; name=\"f\"; "
                                    "filename=\"f\"\r\n\r\nlong";
    struct multipart *m = mem_zalloc(sizeof *m);
    for (size_t n = 5; n < sizeof body; n++) {
        struct str s = str_of(body, n);
        assert_int_equal(multipart_parse(s, WHOLE, true, m, NULL), RC_OK);
        size_t first = strlen(HEAD "\r\nfirst\r\n--b"), second = 2 * first + 1 - strlen("--b");
        assert_int_equal(m->n, n >= second ? 2 : n >= first);
        assert_true(m->cut);
        assert_int_equal(multipart_parse(s, WHOLE, false, m, NULL), RC_INVALID);
    }
    free(m);
}

/* core believes httpd no more than its numbers: each byte of them wrong, each length cut. */
static void typed_parts_are_checked(void **state)
{
    (void)state;
    struct multipart *m = mem_zalloc(sizeof *m);
    AUTO(buf) struct buf b = BUF_INIT(4096);
    assert_int_equal(parse("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n"
                           "Content-Type: text/plain\r\n\r\nx\r\n" GOOD,
                           m),
                     RC_OK);
    multipart_write(&b, m);
    for (size_t n = 0; n < b.n; n++) {
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        assert_int_equal(multipart_read(str_of(b.p, n), &f, NULL), RC_INVALID);
    }
    for (size_t i = 0; i < b.n; i++) {
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        char was = b.p[i];
        b.p[i] = (char)(was ^ 0x80);
        if (multipart_read(buf_str(&b), &f, NULL) == RC_OK)
            for (size_t k = 0; k < f.n_fields; k++)
                assert_true(utf8_is_clean(f.fields[k].name) && utf8_is_clean(f.fields[k].value));
        b.p[i] = was;
    }
    buf_addc(&b, 'x');
    AUTO(http_form) struct http_form f = {.n_fields = 0};
    assert_int_equal(multipart_read(buf_str(&b), &f, NULL), RC_INVALID);
    free(m);
}

static void hostile_names_are_clean(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *kept;
    } rows[] = {
        {"../../etc/passwd", "passwd"},
        {"C:\\x\\y.txt", "y.txt"},
        {"a/", ""},
        {"\xff.bin", "\xef\xbf\xbd.bin"},
        {" a ", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct multipart *m = mem_zalloc(sizeof *m);
        AUTO(buf) struct buf b = BUF_INIT(4096);
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        m->parts[m->n++] = (struct multipart_part){.name = STR("f"),
                                                   .file_name = str_c(rows[i].sent),
                                                   .type = STR("text/html\r\nX: y"),
                                                   .bytes = STR("x"),
                                                   .is_file = true};
        multipart_write(&b, m);
        assert_int_equal(multipart_read(buf_str(&b), &f, NULL), RC_OK);
        assert_true(str_eq(f.files[0].name, str_c(rows[i].kept)));
        assert_int_equal(f.files[0].type.n, 0);
        free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries),
        cmocka_unit_test(what_a_browser_sends),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_cut_body_keeps_what_is_whole),
        cmocka_unit_test(typed_parts_are_checked),
        cmocka_unit_test(hostile_names_are_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
