/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mail-parser corpus: part tree, addresses, dates and ids of whole mails, and its vectors of
 * single header values.  Its other details are that parser's own.
 */
#include "mime/corpus_test.h"

#include <string.h>

#include "base/when.h"

#define OUTER_ENDS "the delimiter of the outer multipart ends the inner one (RFC 2046 5.1.2)"
#define FIRST_TYPE "of two Content-Type fields the first counts, as for every field"
static const struct corpus_exception exceptions[] = {
    {"malformed/000.eml", "parts whose header is not closed are listed as empty parts"},
    {"malformed/001.eml", OUTER_ENDS},
    {"malformed/003.eml", OUTER_ENDS},
    {"malformed/004.eml", "a line that only starts with the boundary is no delimiter"},
    {"malformed/008.eml", OUTER_ENDS},
    {"malformed/011.eml", OUTER_ENDS},
    {"malformed/012.eml", OUTER_ENDS},
    {"malformed/016.eml", OUTER_ENDS},
    {"malformed/020.eml", FIRST_TYPE},
    {"malformed/021.eml", FIRST_TYPE},
    {"malformed/022.eml", "message/rfc822 is opened even when what is in it has no header"},
    {"thirdparty/015.eml", "a delimiter also ends a forwarded message in the middle of its header"},
};

/* --- the part tree: "x[t,b,m[t]]" --- */

static const json_t *body_of(const json_t *mail, size_t i)
{
    return json_object_get(json_array_get(json_object_get(mail, "parts"), i), "body");
}

/* Recursion: the depth is that of the corpus' own files. */
static void expected_tree(struct buf *out, const json_t *mail, size_t i, int depth)
{
    const json_t *body = body_of(mail, i), *v;
    assert_true(depth < 50);
    if ((v = json_object_get(body, "Multipart")) != NULL) {
        buf_adds(out, "x[");
        for (size_t k = 0; k < json_array_size(v); k++)
            expected_tree(out, mail, (size_t)json_integer_value(json_array_get(v, k)), depth + 1);
        buf_adds(out, "]");
    } else if ((v = json_object_get(body, "Message")) != NULL) {
        buf_adds(out, "m[");
        expected_tree(out, v, 0, depth + 1);
        buf_adds(out, "]");
    } else {
        bool text = json_object_get(body, "Text") || json_object_get(body, "Html");
        buf_adds(out, text ? "t" : "b");
    }
}

static void found_tree(struct buf *out, const struct entity *x)
{
    if (x->message) {
        buf_adds(out, "m[");
        found_tree(out, x->first);
        buf_adds(out, "]");
    } else if (x->multipart && x->first) {
        buf_adds(out, "x[");
        for (const struct entity *c = x->first; c; c = c->next)
            found_tree(out, c);
        buf_adds(out, "]");
    } else {
        /* A multipart in which no part was found is read as text here as there. */
        bool text = x->multipart || str_starts(x->mime, STR("text/"));
        buf_adds(out, text ? "t" : "b");
    }
}

/* --- values --- */

/* The root's field of that name, the first one; NULL when absent. */
static const json_t *field_value(const json_t *mail, const char *name)
{
    const json_t *h = json_object_get(json_array_get(json_object_get(mail, "parts"), 0), "headers");
    for (size_t i = 0; i < json_array_size(h); i++) {
        const json_t *f = json_array_get(h, i);
        if (str_eq(js(f, "name"), str_c(name)))
            return json_object_get(f, "value");
    }
    return NULL;
}

/* The usable addresses of {"List": [...]} or {"Group": [...]}, one a line, in lower case. */
static void list_addrs(struct buf *out, const json_t *list, bool names)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *m = json_array_get(list, i);
        struct str addr = js(m, "address");
        if (!mail_addr_ok(addr))
            continue;
        for (size_t k = 0; k < addr.n; k++)
            buf_addc(out, ascii_lower(addr.p[k]));
        if (names)
            buf_addf(out, " %.*s", STR_ARG(str_trim(js(m, "name"))));
        buf_addc(out, '\n');
    }
}

static void expected_addrs(struct buf *out, const json_t *v, bool names)
{
    const json_t *groups = json_object_get(v, "Group");
    list_addrs(out, json_object_get(v, "List"), names);
    for (size_t i = 0; i < json_array_size(groups); i++)
        list_addrs(out, json_object_get(json_array_get(groups, i), "addresses"), names);
}

static void found_addrs(struct buf *out, const struct mail_addr *p, size_t n, bool names)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i].addr.n == 0)
            continue;
        for (size_t k = 0; k < p[i].addr.n; k++)
            buf_addc(out, ascii_lower(p[i].addr.p[k]));
        if (names)
            buf_addf(out, " %.*s", STR_ARG(p[i].name));
        buf_addc(out, '\n');
    }
}

/* Microseconds of their date object; false when it is none or outside of what a record holds. */
static bool expected_date(const json_t *d, int64_t *ret_us)
{
    if (!json_is_object(d) || json_object_get(d, "year") == NULL)
        return false;
    struct civil c = {0};
    c.year = (int)json_integer_value(json_object_get(d, "year"));
    c.month = (int)json_integer_value(json_object_get(d, "month"));
    c.day = (int)json_integer_value(json_object_get(d, "day"));
    c.hour = (int)json_integer_value(json_object_get(d, "hour"));
    c.minute = (int)json_integer_value(json_object_get(d, "minute"));
    c.second = (int)json_integer_value(json_object_get(d, "second"));
    int64_t off = json_integer_value(json_object_get(d, "tz_hour")) * US_PER_H +
                  json_integer_value(json_object_get(d, "tz_minute")) * US_PER_MIN;
    if (c.year < 1970)
        return false;
    *ret_us =
        when_from_civil(&c) + (json_is_true(json_object_get(d, "tz_before_gmt")) ? off : -off);
    return true;
}

static bool same_text(const char *what, struct str have, struct str want)
{
    if (str_eq(have, want))
        return true;
    printf("  %s: found \"%.*s\", expected \"%.*s\"\n", what, STR_ARG(have), STR_ARG(want));
    return false;
}

static bool same_addrs(const json_t *mail, const char *field, const struct mail_addr *p, size_t n)
{
    AUTO(buf) struct buf have = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    const json_t *v = json_object_get(field_value(mail, field), "Address");
    expected_addrs(&want, v, false);
    found_addrs(&have, p, n, false);
    return same_text(field, buf_str(&have), buf_str(&want));
}

static bool same_date(const json_t *mail, const struct mail *m)
{
    int64_t us = 0;
    const json_t *v = json_object_get(field_value(mail, "date"), "DateTime");
    bool has = expected_date(v, &us);
    if (has == m->has_date && (!has || us == m->date_us))
        return true;
    printf("  date: found %d %lld, expected %d %lld\n", m->has_date, (long long)m->date_us, has,
           (long long)us);
    return false;
}

static bool same_id(const json_t *mail, const struct mail *m)
{
    const json_t *v = field_value(mail, "message_id");
    struct str want = js(v, "Text");
    const json_t *list = json_object_get(v, "TextList");
    if (json_array_size(list) > 0)
        want = str_c(json_string_value(json_array_get(list, 0)));
    return same_text("message_id", m->message_id, mail_id_ok(want) ? want : STR_NONE);
}

/* True when the mail agrees in all that is compared. */
static bool agrees(const char *path)
{
    AUTO(buf)
    struct buf raw = BUF_INIT(TEST_FILE_MAX), json_path = BUF_INIT(4096), want = BUF_INIT(65536),
               have = BUF_INIT(65536);
    AUTO(arena) struct arena *a = arena_new(PARSE_TREE_MAX);
    AUTO(json) json_t *mail = NULL;
    uint32_t counts[MAIL_WARN_COUNT] = {0};
    const char *why = NULL;
    struct err e = ERR_INIT;
    struct tree t;
    struct mail m;
    buf_add(&json_path, str_sub(str_c(path), 0, strlen(path) - strlen("eml")));
    buf_adds(&json_path, "json");
    corpus_read(path, &raw);
    mail = corpus_json_nul(buf_c(&json_path));
    if (!corpus_parse(a, buf_str(&raw), &m, &why)) {
        printf("  %s\n", why);
        return false;
    }
    assert_int_equal(entity_tree(a, buf_str(&raw), (struct warnings){counts}, &t, &e), RC_OK);
    expected_tree(&want, mail, 0, 0);
    found_tree(&have, t.all[0]);
    bool same = same_text("tree", buf_str(&have), buf_str(&want));
    same = same_addrs(mail, "from", &m.from, 1) && same;
    same = same_addrs(mail, "to", m.to.p, m.to.n) && same;
    same = same_addrs(mail, "cc", m.cc.p, m.cc.n) && same;
    same = same_addrs(mail, "reply_to", m.reply_to.p, m.reply_to.n) && same;
    same = same_date(mail, &m) && same;
    return same_id(mail, &m) && same;
}

static void test_mails(void **state)
{
    (void)state;
    static const char *const dirs[] = {"mail-parser/malformed", "mail-parser/rfc",
                                       "mail-parser/thirdparty"};
    size_t passed = 0, excused = 0, differ = 0;
    for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
        struct corpus_list l;
        corpus_list(dirs[d], ".eml", &l);
        for (size_t i = 0; i < l.n; i++) {
            const char *why = corpus_excused(exceptions, ARRAY_LEN(exceptions), l.path[i]);
            bool same = agrees(l.path[i]);
            passed += same;
            excused += !same && why != NULL;
            differ += !same && why == NULL;
            if (!same)
                printf("%s %s: %s\n", why ? "known" : "DIFFERS", l.path[i], why ? why : "");
            if (same && why)
                fail_msg("%s agrees: take it off the exceptions", l.path[i]);
        }
        corpus_list_release(&l);
    }
    printf("mail-parser: %zu agree, %zu known exceptions, %zu differ\n", passed, excused, differ);
    assert_int_equal(differ, 0);
}

/* --- vectors of header values; an exception names the vector by its index --- */

static void vectors(const char *file, const struct corpus_exception *list, size_t n_list,
                    bool (*agree)(struct arena *a, struct str header, const json_t *expected))
{
    AUTO(json) json_t *all = corpus_json(file);
    size_t passed = 0, excused = 0, differ = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
        const json_t *v = json_array_get(all, i);
        char name[24];
        snprintf(name, sizeof name, "#%zu", i);
        const char *why = NULL;
        for (size_t k = 0; k < n_list; k++)
            if (strcmp(list[k].file, name) == 0)
                why = list[k].why;
        bool same = agree(a, js(v, "header"), json_object_get(v, "expected"));
        passed += same;
        excused += !same && why != NULL;
        differ += !same && why == NULL;
        if (!same)
            printf("%s %s %s \"%.*s\": %s\n", why ? "known" : "DIFFERS", file, name,
                   STR_ARG(str_trim(js(v, "header"))), why ? why : "");
        if (same && why)
            fail_msg("%s %s agrees: take it off the exceptions", file, name);
    }
    printf("%s: %zu agree, %zu known exceptions, %zu differ\n", file, passed, excused, differ);
    assert_int_equal(differ, 0);
}

static uint32_t counts[MAIL_WARN_COUNT];

/* Their vectors may hold what follows the field; a field ends at a line end without a fold. */
static struct str only_field(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n' && (i + 1 >= s.n || (s.p[i + 1] != ' ' && s.p[i + 1] != '\t')))
            return str_sub(s, 0, i);
    return s;
}

static bool agree_date(struct arena *a, struct str header, const json_t *expected)
{
    int64_t want = 0, have = 0;
    bool w = expected_date(expected, &want);
    bool h = header_date(a, only_field(header), &have, (struct warnings){counts});
    return w == h && want == have;
}

static bool agree_address(struct arena *a, struct str header, const json_t *expected)
{
    AUTO(buf) struct buf have = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    size_t total;
    struct mail_addrs l =
        header_addrs(a, only_field(header), MAIL_RCPT_MAX, &total, (struct warnings){counts});
    expected_addrs(&want, expected, true);
    found_addrs(&have, l.p, l.n, true);
    return same_text("addresses", buf_str(&have), buf_str(&want));
}

static bool agree_id(struct arena *a, struct str header, const json_t *expected)
{
    struct mail_strs ids = header_ids(a, only_field(header), 10, (struct warnings){counts});
    if (ids.n != json_array_size(expected))
        return false;
    for (size_t i = 0; i < ids.n; i++)
        if (!str_eq(ids.p[i], str_c(json_string_value(json_array_get(expected, i)))))
            return false;
    return true;
}

#define COMMENTS "comments are not added to the name"
static void test_vectors(void **state)
{
    (void)state;
    static const struct corpus_exception dates[] = {
        {"#7", "a month in digits is not guessed"},
        {"#8", "a comment that is not closed hides the time only, not the day"},
        {"#16", "EST5EDT is no zone of RFC 5322 and read as UTC"},
    };
    static const struct corpus_exception addresses[] = {
        {"#2", COMMENTS},
        {"#3", "a fold inside of a quoted pair in a comment: no address is found"},
        {"#4", COMMENTS},
        {"#7", "route and spaces inside of an address are removed, theirs keeps them"},
        {"#8", "comment and spaces inside of an address are removed, theirs keeps them"},
        {"#15", COMMENTS},
        {"#36", COMMENTS},
    };
    static const struct corpus_exception ids[] = {
        {"#3", "an id with spaces or comments in it is left out"},
        {"#6", "a word without <> and without @ is no id"},
    };
    parse_child_warm();
    vectors("standards/mail/mail-parser/headers/date.json", dates, ARRAY_LEN(dates), agree_date);
    vectors("standards/mail/mail-parser/headers/address.json", addresses, ARRAY_LEN(addresses),
            agree_address);
    vectors("standards/mail/mail-parser/headers/id.json", ids, ARRAY_LEN(ids), agree_id);
}

int main(void)
{
    if (!corpus_there("standards/mail/mail-parser"))
        return corpus_skip("mime-parse-mailparser");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mails),
                                       cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
