/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays standards/mail/bounces: failed addresses and the temporary flag of every file.  The parts
 * are taken apart by GMime here, in the test only.
 */
#include "mime/rules_test.h"

#include <gmime/gmime.h>

#include "mime/dsn.h"

#define DIR "standards/mail/bounces"

struct pieces {
    struct arena *a;
    struct str texts[DSN_TEXTS_MAX], status, inner_status, returned, disposition, feedback;
    size_t n_texts;
};

static struct str bytes_of(struct arena *a, GMimeStream *mem)
{
    GByteArray *got = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
    return arena_str(a, str_of(got->data, got->len));
}

/* Markup as line ends: enough to read what these few HTML bounces say. */
static struct str tags_off(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '<') {
            while (i < s.n && s.p[i] != '>')
                i++;
            p[n++] = '\n';
        } else {
            p[n++] = s.p[i];
        }
    }
    return str_of(p, n);
}

static void take_inner(struct pieces *ps, GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    GMimeDataWrapper *w = g_mime_part_get_content(GMIME_PART(part));
    if (w == NULL || !g_mime_content_type_is_type(type, "message", "delivery-status"))
        return;
    GMimeStream *mem = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(w, mem);
    ps->inner_status = bytes_of(ps->a, mem);
    g_object_unref(mem);
}

static void take_part(struct pieces *ps, GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    GMimeStream *mem = g_mime_stream_mem_new();
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *msg = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        if (msg)
            g_mime_object_write_to_stream(GMIME_OBJECT(msg), NULL, mem);
    } else if (GMIME_IS_PART(part)) {
        GMimeDataWrapper *w = g_mime_part_get_content(GMIME_PART(part));
        if (w)
            g_mime_data_wrapper_write_to_stream(w, mem);
    }
    struct str s = bytes_of(ps->a, mem);
    g_object_unref(mem);
    if (g_mime_content_type_is_type(type, "message", "delivery-status"))
        ps->status = s;
    else if (g_mime_content_type_is_type(type, "message", "disposition-notification"))
        ps->disposition = s;
    else if (g_mime_content_type_is_type(type, "message", "feedback-report"))
        ps->feedback = s;
    else if (g_mime_content_type_is_type(type, "message", "rfc822") ||
             g_mime_content_type_is_type(type, "text", "rfc822-headers"))
        ps->returned = s;
    else if (g_mime_content_type_is_type(type, "text", "*") && ps->n_texts < DSN_TEXTS_MAX)
        ps->texts[ps->n_texts++] =
            g_mime_content_type_is_type(type, "text", "html") ? tags_off(ps->a, s) : s;
}

static void take_apart(struct pieces *ps, GMimeMessage *msg)
{
    GMimePartIter *it = g_mime_part_iter_new(GMIME_OBJECT(msg));
    struct str inside = STR_NONE;
    do {
        GMimeObject *part = g_mime_part_iter_get_current(it);
        AUTO(mem) char *path = g_mime_part_iter_get_path(it);
        if (part == NULL)
            continue;
        /* Parts of a returned message are not the server's words. */
        if (inside.n > 0 && path && str_starts(str_c(path), inside)) {
            if (GMIME_IS_PART(part))
                take_inner(ps, part);
            continue;
        }
        if (GMIME_IS_MESSAGE_PART(part) && path)
            inside = arena_strf(ps->a, "%s.", path);
        if (!GMIME_IS_MULTIPART(part))
            take_part(ps, part);
    } while (g_mime_part_iter_next(it));
    g_mime_part_iter_free(it);
}

static void read_file(struct str raw, struct arena *a, struct dsn_result *ret_r)
{
    struct hfield f[200];
    size_t n;
    struct err e = ERR_INIT;
    if (str_starts(raw, STR("From ")))
        raw = str_sub(raw, str_chr(raw, '\n') + 1, raw.n);
    split_header(raw, f, ARRAY_LEN(f), &n);
    GMimeStream *mem = g_mime_stream_mem_new_with_buffer(raw.p, raw.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(mem);
    GMimeMessage *msg = g_mime_parser_construct_message(parser, NULL);
    struct pieces ps = {.a = a};
    if (msg)
        take_apart(&ps, msg);
    const struct hfield *type = hfield_find(f, n, "Content-Type");
    const struct hfield *from = hfield_find(f, n, "From");
    const struct hfield *subject = hfield_find(f, n, "Subject");
    AUTO(mem) char *coded = str_dup(subject ? subject->value : STR_NONE);
    AUTO(mem) char *plain = g_mime_utils_header_decode_text(NULL, coded);
    struct dsn_input in = {
        .content_type = type ? type->value : STR_NONE,
        .from = from ? from->value : STR_NONE,
        .subject = str_c(plain),
        .fields = f,
        .n_fields = n,
        .texts = ps.texts,
        .n_texts = ps.n_texts,
        .delivery_status = ps.status,
        .inner_status = ps.inner_status,
        .disposition = ps.disposition,
        .feedback = ps.feedback,
        .returned = ps.returned,
    };
    assert_int_equal(dsn_read(a, &in, ret_r, &e), RC_OK);
    if (msg)
        g_object_unref(msg);
    g_object_unref(parser);
    g_object_unref(mem);
}

static bool has(const json_t *list, struct str addr)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_eq_nocase(str_c(json_string_value(json_array_get(list, i))), addr))
            return true;
    return false;
}

static bool check(const char *name, const json_t *want)
{
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    AUTO(buf) struct buf path = BUF_INIT(1000);
    AUTO(buf) struct buf raw = BUF_INIT(TEST_FILE_MAX);
    struct dsn_result r;
    buf_addf(&path, DIR "/%s", name);
    corpus_read(buf_c(&path), &raw);
    read_file(buf_str(&raw), a, &r);
    /* null: need not be recognised, must not hurt. */
    if (json_is_null(want))
        return true;
    const json_t *failed = json_object_get(want, "failed");
    bool temporary = json_is_true(json_object_get(want, "temporary"));
    bool ok = r.n_recipients == json_array_size(failed);
    for (size_t i = 0; i < r.n_recipients; i++)
        ok = ok && has(failed, r.recipients[i].addr) && r.recipients[i].temporary == temporary;
    if (json_array_size(failed) > 0)
        ok = ok && r.kind == (temporary ? DSN_DELAY : DSN_BOUNCE);
    if (!ok) {
        print_error("%s: kind %s, %zu recipients:", name, dsn_kind_name(r.kind), r.n_recipients);
        for (size_t i = 0; i < r.n_recipients; i++)
            print_error(" %.*s%s", STR_ARG(r.recipients[i].addr),
                        r.recipients[i].temporary ? " (temporary)" : "");
        print_error("\n");
    }
    return ok;
}

static void test_every_file(void **state)
{
    (void)state;
    AUTO(json) json_t *all = corpus_json(DIR "/expected.json");
    const char *name;
    json_t *want;
    size_t wrong = 0;
    assert_true(json_object_size(all) >= 70);
    json_object_foreach(all, name, want)
    {
        wrong += !check(name, want);
    }
    assert_int_equal(wrong, 0);
}

/* No mail of the other corpora that a person wrote is taken for a bounce. */
static void test_reports_of_people_are_not_bounces(void **state)
{
    (void)state;
    static const char *const files[] = {
        "standards/mail/auto-reply/plain.eml",
        "standards/mail/auto-reply/reply-to-third-party.eml",
        "standards/mail/auto-reply/precedence-first-class.eml",
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(arena) struct arena *a = arena_new(64u << 20);
        AUTO(buf) struct buf raw = BUF_INIT(TEST_FILE_MAX);
        struct dsn_result r;
        corpus_read(files[i], &raw);
        read_file(buf_str(&raw), a, &r);
        assert_int_equal(r.kind, DSN_NONE);
    }
}

static void test_reports_of_the_auto_reply_set(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum dsn_kind kind;
    } t[] = {{"dsn.eml", DSN_BOUNCE}, {"mdn.eml", DSN_MDN}, {"feedback-report.eml", DSN_ARF}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(arena) struct arena *a = arena_new(64u << 20);
        AUTO(buf) struct buf path = BUF_INIT(1000);
        AUTO(buf) struct buf raw = BUF_INIT(TEST_FILE_MAX);
        struct dsn_result r;
        buf_addf(&path, "standards/mail/auto-reply/%s", t[i].file);
        corpus_read(buf_c(&path), &raw);
        read_file(buf_str(&raw), a, &r);
        assert_int_equal(r.kind, t[i].kind);
        if (t[i].kind == DSN_BOUNCE) {
            assert_int_equal(r.n_recipients, 1);
            assert_true(str_eq(r.recipients[0].addr, STR("x@y.example")));
            assert_true(str_eq(r.recipients[0].status, STR("5.1.1")));
            assert_false(r.recipients[0].temporary || r.guessed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file),
        cmocka_unit_test(test_reports_of_people_are_not_bounces),
        cmocka_unit_test(test_reports_of_the_auto_reply_set),
    };
    if (!corpus_there(DIR))
        return corpus_skip("dsn-corpus");
    g_mime_init();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    g_mime_shutdown();
    return rc;
}
