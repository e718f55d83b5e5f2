/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports in JUnit's XML (https://github.com/testmoapp/junitxml, as many tools write it).  Runs in
 * the engine child; the file is a stranger's.  Only tags are looked at, one after the other;
 * nothing is expanded but the five named and the numbered characters.
 */
#include "base/utf8.h"
#include "engine/run/results.h"

#define VALUE_MAX (4 * RESULTS_NAME_MAX)

struct xml {
    struct str rest;
    struct buf *name; /* of the test that is open */
    bool open;
    enum result_state state;
};

/* Cuts up to and with `end` off; false when it is not there. */
static bool skip_to(struct str *rest, struct str end)
{
    size_t at = str_find(*rest, end);
    if (at == STR_NPOS)
        return false;
    *rest = str_sub(*rest, at + end.n, rest->n);
    return true;
}

static bool name_char(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '_' || c == ':' || c == '.';
}

static struct str take_name(struct str *s)
{
    size_t n = 0;
    while (n < s->n && name_char(s->p[n]))
        n++;
    struct str name = str_sub(*s, 0, n);
    *s = str_sub(*s, n, s->n);
    return name;
}

static void take_space(struct str *s)
{
    while (s->n && ascii_is_space(s->p[0]))
        *s = str_sub(*s, 1, s->n);
}

/* "&#65;", "&amp;" at the front of s: the length, and the character. */
static size_t entity(struct str s, uint32_t *ret_cp)
{
    static const struct {
        const char *text;
        char c;
    } named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (str_starts(s, str_c(named[i].text))) {
            *ret_cp = (unsigned char)named[i].c;
            return strlen(named[i].text);
        }
    }
    size_t end = str_chr(str_sub(s, 0, 12), ';');
    if (!str_starts(s, STR("&#")) || end == STR_NPOS)
        return 0;
    bool hex = s.n > 2 && s.p[2] == 'x';
    uint32_t cp = 0;
    if (end == (hex ? 3 : 2))
        return 0;
    for (size_t i = hex ? 3 : 2; i < end; i++) {
        char c = ascii_lower(s.p[i]);
        bool letter = hex && c >= 'a' && c <= 'f';
        if (!ascii_is_digit(c) && !letter)
            return 0;
        cp = cp * (hex ? 16 : 10) + (uint32_t)(letter ? c - 'a' + 10 : c - '0');
        if (cp > 0x10ffff)
            return 0;
    }
    *ret_cp = cp;
    return end + 1;
}

static void decode(struct str s, struct buf *to)
{
    while (s.n) {
        uint32_t cp;
        size_t n = s.p[0] == '&' ? entity(s, &cp) : 0;
        if (n)
            utf8_put(to, cp);
        else
            buf_addc(to, s.p[0]);
        s = str_sub(s, n ? n : 1, s.n);
    }
}

/* The end of a tag that starts at s: quoted values may hold '>'.  STR_NPOS: cut off. */
static size_t tag_end(struct str s)
{
    char quote = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (quote)
            quote = s.p[i] == quote ? 0 : quote;
        else if (s.p[i] == '"' || s.p[i] == '\'')
            quote = s.p[i];
        else if (s.p[i] == '>')
            return i;
    }
    return STR_NPOS;
}

/* "classname" and "name" make the name of a test. */
static void take_attributes(struct str tag, struct buf *ret_name)
{
    AUTO(buf) struct buf class = BUF_INIT(VALUE_MAX);
    AUTO(buf) struct buf name = BUF_INIT(VALUE_MAX);
    while (tag.n) {
        take_space(&tag);
        struct str key = take_name(&tag);
        take_space(&tag);
        if (key.n == 0 || tag.n == 0 || tag.p[0] != '=')
            break;
        tag = str_sub(tag, 1, tag.n);
        take_space(&tag);
        char quote = tag.n ? tag.p[0] : 0;
        if (quote != '"' && quote != '\'')
            break;
        tag = str_sub(tag, 1, tag.n);
        size_t end = str_chr(tag, quote);
        struct str value = str_sub(str_sub(tag, 0, end), 0, RESULTS_NAME_MAX);
        if (str_eq(key, STR("classname")))
            decode(value, &class);
        else if (str_eq(key, STR("name")))
            decode(value, &name);
        tag = end == STR_NPOS ? STR_NONE : str_sub(tag, end + 1, tag.n);
    }
    buf_reset(ret_name);
    if (class.n) {
        buf_add(ret_name, buf_str(&class));
        buf_addc(ret_name, '.');
    }
    buf_add(ret_name, buf_str(&name));
}

static void close_test(struct xml *x, struct results *r)
{
    if (x->open)
        results_put(r, buf_str(x->name), x->state);
    x->open = false;
}

static void tag(struct xml *x, struct str t, struct results *r)
{
    bool closing = t.n && t.p[0] == '/', empty = str_ends(t, STR("/"));
    if (closing)
        t = str_sub(t, 1, t.n);
    struct str name = take_name(&t);
    if (str_eq(name, STR("testcase"))) {
        close_test(x, r);
        if (closing)
            return;
        take_attributes(t, x->name);
        x->open = true;
        x->state = RESULT_PASS;
        if (empty)
            close_test(x, r);
    } else if (closing || !x->open) {
        return;
    } else if (str_eq(name, STR("failure")) || str_eq(name, STR("error"))) {
        x->state = RESULT_FAIL;
    } else if (str_eq(name, STR("skipped")) && x->state == RESULT_PASS) {
        x->state = RESULT_SKIP;
    }
}

/* What is no tag: comments, quoted text, declarations.  False: cut off. */
static bool skip_other(struct str *rest, bool *ret_tag)
{
    *ret_tag = false;
    if (str_starts(*rest, STR("<!--")))
        return skip_to(rest, STR("-->"));
    if (str_starts(*rest, STR("<![CDATA[")))
        return skip_to(rest, STR("]]>"));
    if (str_starts(*rest, STR("<?")))
        return skip_to(rest, STR("?>"));
    *ret_tag = true;
    return true;
}

enum rc results_xml(struct results *r, struct str text, struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(3 * VALUE_MAX);
    struct xml x = {.rest = text, .name = &name, .state = RESULT_PASS};
    bool any = false;
    if (text.n > RESULTS_XML_MAX)
        return err_set(e, RC_LIMIT, "a report is larger than %u bytes", RESULTS_XML_MAX);
    for (;;) {
        bool is_tag;
        size_t at = str_chr(x.rest, '<'), end;
        if (at == STR_NPOS)
            break;
        x.rest = str_sub(x.rest, at, x.rest.n);
        if (!skip_other(&x.rest, &is_tag))
            return err_set(e, RC_INVALID, "a report is cut off");
        if (!is_tag)
            continue;
        end = tag_end(x.rest);
        if (end == STR_NPOS)
            return err_set(e, RC_INVALID, "a report is cut off");
        tag(&x, str_sub(x.rest, 1, end - 1), r);
        any = true;
        x.rest = str_sub(x.rest, end + 1, x.rest.n);
    }
    return any && !x.open ? RC_OK : err_set(e, RC_INVALID, "a report is no XML, or is cut off");
}
