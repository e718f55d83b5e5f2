/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mime4j corpus: part tree, kinds of bodies and decoded bytes against its *_decoded.xml.
 */
#include "mime/corpus_test.h"

#include <string.h>

static const struct corpus_exception exceptions[] = {
    {"testmsgs/basic-plain-with-bad-header-separator.msg",
     "a line that is no field ends the header and is text: mime4j loses what stands before the "
     "next empty line"},
    {"testmsgs/malformedHeader-noheader.msg", "the same: a mail without header is all text"},
    {"testmsgs/malformedHeaderStartsBody-noheader.msg", "the same, in mime4j's other mode"},
    {"testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg",
     "a line that is no field is passed over when a field follows"},
    {"mimetools/hdr-fakeout.msg", "a header that is not closed: the line that is no field is text"},
    {"mimetools/multi-frag.msg",
     "letters behind the base64 are in its alphabet: kept as data, and the part marked damaged"},
};

/* --- what the XML says: "m[x[p[t:file]p[b:file]]]" --- */

static struct str attribute_of(struct str line, struct str key)
{
    size_t at = str_find(line, key);
    if (at == STR_NPOS)
        return STR_NONE;
    struct str rest = str_sub(line, at + key.n, line.n);
    return str_sub(rest, 0, str_chr(rest, '"'));
}

static void expected(struct buf *out, struct str xml)
{
    static const struct {
        const char *line, *out;
    } marks[] = {
        {"<message>", "m["},   {"</message>", "]"},   {"<multipart>", "x["},
        {"</multipart>", "]"}, {"<body-part>", "p["}, {"</body-part>", "]"},
    };
    struct str line;
    while (str_line(&xml, &line)) {
        for (size_t i = 0; i < ARRAY_LEN(marks); i++)
            if (str_eq(line, str_c(marks[i].line)))
                buf_adds(out, marks[i].out);
        bool text = str_starts(line, STR("<text-body name="));
        if (text || str_starts(line, STR("<binary-body name="))) {
            buf_adds(out, text ? "t:" : "b:");
            buf_add(out, attribute_of(line, STR("name=\"")));
        }
    }
}

/* --- what we found, and the bytes of each leaf against its file --- */

/* In a mail with bare LF mime4j writes CRLF where quoted-printable has a line end. */
static bool same_bytes(struct str have, struct str want, bool bare_lf)
{
    AUTO(buf) struct buf b = BUF_INIT(TEST_FILE_MAX);
    struct str line, rest = want;
    if (str_eq(have, want))
        return true;
    while (bare_lf && str_line(&rest, &line)) {
        buf_add(&b, line);
        buf_addc(&b, '\n');
    }
    return bare_lf && str_eq(have, buf_str(&b));
}

struct check {
    bool bare_lf;
    const char *stem; /* of the files with decoded bytes */
    struct buf tree;
    size_t bytes_differ;
};

static void leaf(struct check *c, const struct entity *x, const char *place)
{
    bool text = str_starts(x->mime, STR("text/")) || str_starts(x->mime, STR("message/"));
    AUTO(buf)
    struct buf name = BUF_INIT(4096), bytes = BUF_INIT(TEST_FILE_MAX),
               want = BUF_INIT(TEST_FILE_MAX);
    bool cut;
    buf_addf(&name, "%s_decoded%s.%s", c->stem, place, text ? "txt" : "bin");
    const char *base = strrchr(buf_c(&name), '/') + 1;
    buf_addf(&c->tree, "%s%s", text ? "t:" : "b:", base);
    decode_to_buf(x->cte, x->body, &bytes, &cut);
    /* A few decoded files are not in the set; whether the XML names them, the tree says. */
    if (!corpus_has(buf_c(&name)))
        return;
    corpus_read(buf_c(&name), &want);
    if (!same_bytes(buf_str(&bytes), buf_str(&want), c->bare_lf)) {
        printf("  %s: %zu bytes, expected %zu\n", base, bytes.n, want.n);
        c->bytes_differ++;
    }
}

/* place is "_1_2": how mime4j counts.  Recursion: the corpus is ours to choose, its depth small. */
static void render(struct check *c, const struct entity *x, const char *place)
{
    char inner[256];
    if (x->message) {
        buf_adds(&c->tree, "m[");
        snprintf(inner, sizeof inner, "%s_1", place);
        render(c, x->first, inner);
        buf_adds(&c->tree, "]");
    } else if (x->multipart) {
        int n = 0;
        buf_adds(&c->tree, "x[");
        for (const struct entity *p = x->first; p; p = p->next) {
            snprintf(inner, sizeof inner, "%s_%d", place, ++n);
            buf_adds(&c->tree, "p[");
            render(c, p, inner);
            buf_adds(&c->tree, "]");
        }
        buf_adds(&c->tree, "]");
    } else {
        leaf(c, x, place);
    }
}

/* True when the file agrees with mime4j. */
static bool agrees(const char *path)
{
    AUTO(buf)
    struct buf raw = BUF_INIT(TEST_FILE_MAX), xml = BUF_INIT(TEST_FILE_MAX), want = BUF_INIT(65536),
               xml_path = BUF_INIT(4096);
    AUTO(arena) struct arena *a = arena_new(PARSE_TREE_MAX);
    uint32_t counts[MAIL_WARN_COUNT] = {0};
    struct err e = ERR_INIT;
    struct tree t;
    AUTO(buf) struct buf stem = BUF_INIT(4096);
    buf_add(&stem, str_sub(str_c(path), 0, strlen(path) - strlen(".msg")));
    buf_addf(&xml_path, "%s_decoded.xml", buf_c(&stem));
    corpus_read(path, &raw);
    corpus_read(buf_c(&xml_path), &xml);
    expected(&want, buf_str(&xml));
    parse_child_warm();
    assert_int_equal(entity_tree(a, buf_str(&raw), (struct warnings){counts}, &t, &e), RC_OK);
    struct check c = {str_find(buf_str(&raw), STR("\r\n")) == STR_NPOS, buf_c(&stem),
                      BUF_INIT(65536), 0};
    buf_adds(&c.tree, "m[");
    render(&c, t.all[0], "_1");
    buf_adds(&c.tree, "]");
    bool same = str_eq(buf_str(&c.tree), buf_str(&want));
    if (!same)
        printf("  %s\n    expected %s\n    found    %s\n", path, buf_c(&want), buf_c(&c.tree));
    buf_release(&c.tree);
    return same && c.bytes_differ == 0;
}

static void test_trees(void **state)
{
    (void)state;
    static const char *const dirs[] = {"mime4j/testmsgs", "mime4j/mimetools"};
    size_t passed = 0, excused = 0, differ = 0;
    for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
        struct corpus_list l;
        corpus_list(dirs[d], ".msg", &l);
        for (size_t i = 0; i < l.n; i++) {
            const char *why = corpus_excused(exceptions, ARRAY_LEN(exceptions), l.path[i]);
            bool same = agrees(l.path[i]);
            passed += same;
            excused += !same && why != NULL;
            if (!same)
                printf("%s %s: %s\n", why ? "known" : "DIFFERS", l.path[i], why ? why : "");
            /* An exception that is none any more must go from the list. */
            if (same && why)
                fail_msg("%s agrees: take it off the exceptions", l.path[i]);
            differ += !same && why == NULL;
        }
        corpus_list_release(&l);
    }
    printf("mime4j: %zu agree, %zu known exceptions, %zu differ\n", passed, excused, differ);
    assert_int_equal(differ, 0);
}

static void test_records(void **state)
{
    (void)state;
    corpus_each("mime4j/testmsgs", ".msg");
    corpus_each("mime4j/mimetools", ".msg");
}

int main(void)
{
    if (!corpus_there("standards/mail/mime4j"))
        return corpus_skip("mime-parse-mime4j");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trees),
                                       cmocka_unit_test(test_records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
