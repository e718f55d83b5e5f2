/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markdown to safe HTML on md4c's parser.  Runs in core for the project's own policy, and is
 * written as if the text were hostile: later a stranger's words go through it.
 *
 * The one place outside the templates that writes tags, because their nesting is the text's own.
 * Every tag is a name out of this file; every value goes through web/html.h.
 */
#include "web/markdown.h"

#include <md4c.h>

#include "base/utf8.h"
#include "desk/policy.h"

struct md {
    struct buf *out; /* where text goes now: page or heading */
    struct buf *page;
    struct buf heading; /* the heading being read, as HTML */
    struct buf plain;   /* and as words, for its anchor */
    bool in_heading;
    unsigned in_picture; /* depth: inside, only the words count */
    bool link_open[16];  /* whether the link at this depth was allowed */
    unsigned links;
    struct buf slugs; /* "\nslug\n" of all headings so far */
    unsigned headings;
};

static void open_tag(struct buf *out, const char *name)
{
    buf_addf(out, "<%s>", name);
}

static void close_tag(struct buf *out, const char *name)
{
    buf_addf(out, "</%s>", name);
}

static void add_attr(struct buf *out, const char *name, struct str value)
{
    buf_addf(out, " %s=\"", name);
    html_attr(out, value);
    buf_addc(out, '"');
}

/* ---- entities ---- */

static bool entity_number(struct str s, uint32_t *ret_cp)
{
    /* "&#123;" or "&#x7B;", at most 7 digits by CommonMark */
    uint32_t cp = 0;
    bool hex = s.n > 3 && (s.p[2] == 'x' || s.p[2] == 'X');
    size_t from = hex ? 3 : 2;
    if (s.n < from + 2 || s.n > from + 8 || s.p[1] != '#')
        return false;
    for (size_t i = from; i + 1 < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        if (ascii_is_digit(c))
            cp = cp * (hex ? 16 : 10) + (uint32_t)(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            cp = cp * 16 + (uint32_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret_cp = cp;
    return true;
}

/* Decodes the entities that occur in practice; any other stays as it was written. */
static void entity_decode(struct buf *out, struct str s)
{
    static const struct {
        struct str name;
        uint32_t cp;
    } named[] = {{{"&amp;", 5}, '&'},       {{"&lt;", 4}, '<'},       {{"&gt;", 4}, '>'},
                 {{"&quot;", 6}, '"'},      {{"&apos;", 6}, '\''},    {{"&nbsp;", 6}, 0xa0},
                 {{"&copy;", 6}, 0xa9},     {{"&ndash;", 7}, 0x2013}, {{"&mdash;", 7}, 0x2014},
                 {{"&hellip;", 8}, 0x2026}, {{"&commat;", 8}, '@'},   {{"&period;", 8}, '.'}};
    uint32_t cp;
    if (entity_number(s, &cp)) {
        utf8_put(out, cp ? cp : 0xfffd);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (str_eq(s, named[i].name)) {
            utf8_put(out, named[i].cp);
            return;
        }
    }
    buf_add(out, s);
}

static void attribute_decode(struct buf *out, const MD_ATTRIBUTE *a)
{
    if (a->text == NULL || a->size == 0)
        return;
    for (unsigned i = 0; a->substr_offsets[i] < a->size; i++) {
        struct str s =
            str_of(a->text + a->substr_offsets[i], a->substr_offsets[i + 1] - a->substr_offsets[i]);
        if (a->substr_types[i] == MD_TEXT_ENTITY)
            entity_decode(out, s);
        else if (a->substr_types[i] == MD_TEXT_NORMAL)
            buf_add(out, s);
    }
}

/* ---- blocks ---- */

static void heading_begin(struct md *m)
{
    buf_reset(&m->heading);
    buf_reset(&m->plain);
    m->in_heading = true;
    m->out = &m->heading;
}

/* GitHub: the slug, and "-1", "-2" after one that was there before. */
static void heading_anchor(struct md *m, struct buf *slug)
{
    policy_slug(slug, buf_str(&m->plain));
    AUTO(buf) struct buf key = BUF_INIT(MARKDOWN_IN_MAX + 16);
    size_t base = slug->n;
    for (unsigned nth = 0; nth <= MARKDOWN_HEADINGS; nth++) {
        buf_cut(slug, base);
        if (nth)
            buf_addf(slug, "-%u", nth);
        buf_reset(&key);
        buf_addf(&key, "\n%s\n", buf_c(slug));
        if (str_find(buf_str(&m->slugs), buf_str(&key)) == STR_NPOS)
            break;
    }
    buf_add(&m->slugs, buf_str(&key));
}

static void heading_end(struct md *m, unsigned level)
{
    AUTO(buf) struct buf slug = BUF_INIT(MARKDOWN_IN_MAX);
    m->in_heading = false;
    m->out = m->page;
    buf_addf(m->page, "<h%u", level);
    if (m->headings < MARKDOWN_HEADINGS) {
        m->headings++;
        heading_anchor(m, &slug);
        if (slug.n)
            add_attr(m->page, "id", buf_str(&slug));
    }
    buf_addc(m->page, '>');
    buf_add(m->page, buf_str(&m->heading));
    buf_addf(m->page, "</h%u>\n", level);
}

static const char *block_name(MD_BLOCKTYPE type)
{
    switch (type) {
    case MD_BLOCK_QUOTE:
        return "blockquote";
    case MD_BLOCK_UL:
        return "ul";
    case MD_BLOCK_OL:
        return "ol";
    case MD_BLOCK_LI:
        return "li";
    case MD_BLOCK_P:
        return "p";
    case MD_BLOCK_TABLE:
        return "table";
    case MD_BLOCK_THEAD:
        return "thead";
    case MD_BLOCK_TBODY:
        return "tbody";
    case MD_BLOCK_TR:
        return "tr";
    case MD_BLOCK_TH:
        return "th";
    case MD_BLOCK_TD:
        return "td";
    default:
        return NULL;
    }
}

static void item_mark(struct md *m, const MD_BLOCK_LI_DETAIL *li)
{
    if (!li->is_task)
        return;
    bool done = li->task_mark == 'x' || li->task_mark == 'X';
    buf_adds(m->out, done ? "\xe2\x98\x91 " : "\xe2\x98\x90 ");
}

static int on_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct md *m = user;
    const char *name = block_name(type);
    if (type == MD_BLOCK_H) {
        heading_begin(m);
    } else if (type == MD_BLOCK_HR) {
        open_tag(m->out, "hr");
    } else if (type == MD_BLOCK_CODE) {
        open_tag(m->out, "pre");
        open_tag(m->out, "code");
    } else if (type == MD_BLOCK_OL && ((MD_BLOCK_OL_DETAIL *)detail)->start != 1) {
        buf_addf(m->out, "<ol start=\"%u\">", ((MD_BLOCK_OL_DETAIL *)detail)->start);
    } else if (name) {
        if (type == MD_BLOCK_TABLE)
            buf_adds(m->out, "<div class=\"scroll\">");
        open_tag(m->out, name);
    }
    if (type == MD_BLOCK_LI)
        item_mark(m, detail);
    return m->page->over ? -1 : 0;
}

static int on_block_end(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct md *m = user;
    const char *name = block_name(type);
    if (type == MD_BLOCK_H) {
        heading_end(m, ((MD_BLOCK_H_DETAIL *)detail)->level);
    } else if (type == MD_BLOCK_CODE) {
        close_tag(m->out, "code");
        close_tag(m->out, "pre");
    } else if (name) {
        close_tag(m->out, name);
        if (type == MD_BLOCK_TABLE)
            close_tag(m->out, "div");
    }
    buf_addc(m->out, '\n');
    return m->page->over ? -1 : 0;
}

/* ---- spans ---- */

/* Opens the link when its URL is one we write; the words stay in any case. */
static bool link_begin(struct md *m, const MD_ATTRIBUTE *href)
{
    AUTO(buf) struct buf url = BUF_INIT(MARKDOWN_IN_MAX);
    attribute_decode(&url, href);
    if (url.over || !url_allowed(buf_str(&url)))
        return false;
    buf_adds(m->out, "<a href=\"");
    html_url(m->out, buf_str(&url));
    buf_addc(m->out, '"');
    char first = buf_c(&url)[0];
    if (first != '#' && first != '/' && first != '?')
        add_attr(m->out, "rel", STR("noopener noreferrer nofollow"));
    buf_addc(m->out, '>');
    return true;
}

static const char *span_name(MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM:
        return "em";
    case MD_SPAN_STRONG:
        return "strong";
    case MD_SPAN_CODE:
        return "code";
    case MD_SPAN_DEL:
        return "del";
    default:
        return NULL;
    }
}

static bool is_link(MD_SPANTYPE type)
{
    return type == MD_SPAN_A || type == MD_SPAN_IMG;
}

static int on_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct md *m = user;
    if (is_link(type)) {
        const MD_ATTRIBUTE *href = type == MD_SPAN_A ? &((MD_SPAN_A_DETAIL *)detail)->href
                                                     : &((MD_SPAN_IMG_DETAIL *)detail)->src;
        /* HTML has no link in a link; a picture in one is only its words. */
        bool allowed = m->links == 0 && link_begin(m, href);
        if (m->links < ARRAY_LEN(m->link_open))
            m->link_open[m->links] = allowed;
        m->links++;
        if (type == MD_SPAN_IMG) {
            m->in_picture++;
            buf_adds(m->out, "[picture: ");
        }
    } else if (span_name(type) && m->in_picture == 0) {
        open_tag(m->out, span_name(type));
    }
    return m->page->over ? -1 : 0;
}

static int on_span_end(MD_SPANTYPE type, void *detail, void *user)
{
    struct md *m = user;
    (void)detail;
    if (is_link(type)) {
        if (type == MD_SPAN_IMG) {
            buf_addc(m->out, ']');
            m->in_picture--;
        }
        m->links--;
        if (m->links < ARRAY_LEN(m->link_open) && m->link_open[m->links])
            close_tag(m->out, "a");
    } else if (span_name(type) && m->in_picture == 0) {
        close_tag(m->out, span_name(type));
    }
    return m->page->over ? -1 : 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user)
{
    struct md *m = user;
    AUTO(buf) struct buf decoded = BUF_INIT(64);
    struct str s = str_of(text, size);
    if (type == MD_TEXT_BR) {
        open_tag(m->out, "br");
        return 0;
    }
    if (type == MD_TEXT_SOFTBR) {
        s = STR("\n");
    } else if (type == MD_TEXT_NULLCHAR) {
        s = STR("\xef\xbf\xbd");
    } else if (type == MD_TEXT_ENTITY) {
        entity_decode(&decoded, s);
        if (!decoded.over)
            s = buf_str(&decoded);
    }
    html_text(m->out, s);
    if (m->in_heading)
        buf_add(&m->plain, s);
    return m->page->over ? -1 : 0;
}

enum rc markdown_render(struct str text, struct buf *out, struct html_safe *ret_h, struct err *e)
{
    if (text.n > MARKDOWN_IN_MAX)
        return err_set(e, RC_LIMIT, "the text is longer than %d bytes", MARKDOWN_IN_MAX);
    AUTO(buf) struct buf page = BUF_INIT(MARKDOWN_OUT_MAX);
    struct md m = {.out = &page, .page = &page};
    buf_init(&m.heading, MARKDOWN_OUT_MAX);
    buf_init(&m.plain, MARKDOWN_IN_MAX);
    buf_init(&m.slugs, 2 * MARKDOWN_IN_MAX);
    MD_PARSER parser = {
        .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
        .enter_block = on_block,
        .leave_block = on_block_end,
        .enter_span = on_span,
        .leave_span = on_span_end,
        .text = on_text,
    };
    int failed = md_parse(text.n ? text.p : "", (MD_SIZE)text.n, &parser, &m);
    buf_release(&m.heading);
    buf_release(&m.plain);
    buf_release(&m.slugs);
    TRY(buf_ok(&page, "the rendered text", e));
    if (failed)
        return err_set(e, RC_INTERNAL, "the text could not be rendered");
    size_t from = out->n;
    buf_add(out, buf_str(&page));
    TRY(buf_ok(out, "the rendered text", e));
    ret_h->s = str_sub(buf_str(out), from, page.n);
    return RC_OK;
}
