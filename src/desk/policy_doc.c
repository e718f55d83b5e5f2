/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a Markdown text into blocks and sentences.  Runs in commands and in core; the text is the
 * project's own policy, or a proposal for one by a stranger.  One pass over lines, one over bytes,
 * every search forward is bounded.
 */
#include "desk/policy_doc.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define LINK_TEXT_MAX 600  /* bytes between [ and ] */
#define LINK_URL_MAX  2000 /* bytes between ( and ) */
#define TAG_MAX       2000 /* bytes between < and > */
#define ITEMS_BACK    50   /* items looked back for the one above */

struct str doc_flat(const struct doc *d, size_t from, size_t to)
{
    return str_sub(buf_str(&d->flat), from, to - from);
}

struct str doc_lower(const struct doc *d, size_t from, size_t to)
{
    return str_sub(buf_str(&d->lower), from, to - from);
}

struct str doc_raw(const struct doc *d, const struct block *b)
{
    return str_sub(buf_str(&d->text), b->raw_from, b->raw_to - b->raw_from);
}

struct str doc_section_lower(const struct doc *d, const struct block *b)
{
    if (b->section == SIZE_MAX)
        return STR_NONE;
    const struct block *h = &d->blocks[b->section];
    return doc_lower(d, h->from, h->to);
}

bool any_of(struct str lower, const char *const *words, size_t *ret_at)
{
    for (size_t i = 0; words[i]; i++) {
        size_t at = str_find(lower, str_c(words[i]));
        if (at == STR_NPOS)
            continue;
        if (ret_at)
            *ret_at = at;
        return true;
    }
    return false;
}

size_t entity_at(struct str s, uint32_t *ret_cp)
{
    static const struct {
        const char *name;
        uint32_t cp;
    } names[] = {{"&commat;", '@'}, {"&period;", '.'}, {"&amp;", '&'},  {"&lt;", '<'},
                 {"&gt;", '>'},     {"&quot;", '"'},   {"&nbsp;", ' '}, {"&hyphen;", '-'}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_starts(s, str_c(names[i].name))) {
            *ret_cp = names[i].cp;
            return strlen(names[i].name);
        }
    if (!str_starts(s, STR("&#")))
        return 0;
    bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
    uint32_t cp = 0;
    size_t i = hex ? 3 : 2, first = i;
    for (; i < s.n && i < first + 7; i++) {
        char c = ascii_lower(s.p[i]);
        if (ascii_is_digit(c))
            cp = cp * (hex ? 16 : 10) + (uint32_t)(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            cp = cp * 16 + (uint32_t)(c - 'a' + 10);
        else
            break;
    }
    bool shown = (cp >= 0x20 && cp < 0x7f) || (cp > 0x9f && cp <= 0x10ffff);
    if (i == first || i >= s.n || s.p[i] != ';' || !shown)
        return 0;
    *ret_cp = cp;
    return i + 1;
}

/* ---- Comments ---- */

/* <!-- ... --> become spaces; line ends stay. */
static void blank_comments(struct buf *b)
{
    size_t at = 0;
    for (;;) {
        size_t from = str_find(str_sub(buf_str(b), at, b->n), STR("<!--"));
        if (from == STR_NPOS)
            return;
        from += at;
        size_t len = str_find(str_sub(buf_str(b), from + 4, b->n), STR("-->"));
        size_t to = len == STR_NPOS ? b->n : from + 4 + len + 3;
        for (size_t i = from; i < to; i++)
            if (b->p[i] != '\n')
                b->p[i] = ' ';
        at = to;
    }
}

/* ---- Lines ---- */

struct lines {
    struct doc *d;
    struct block *open; /* the block that lines are added to, or NULL */
    size_t section, lead;
    bool fenced, table;
    char fence;
};

static void block_close(struct lines *l)
{
    l->open = NULL;
}

static void block_open(struct lines *l, enum block_kind kind, size_t from, size_t to, unsigned line)
{
    struct doc *d = l->d;
    l->open = NULL;
    if (d->n_blocks == DOC_BLOCKS) {
        d->truncated = true;
        return;
    }
    struct block *b = &d->blocks[d->n_blocks++];
    *b = (struct block){.kind = kind,
                        .raw_from = from,
                        .raw_to = to,
                        .line = line,
                        .last_line = line,
                        .section = l->section,
                        .lead = kind == BLOCK_ITEM ? l->lead : SIZE_MAX};
    if (kind == BLOCK_PARAGRAPH)
        l->lead = d->n_blocks - 1;
    if (kind == BLOCK_HEADING) {
        b->section = SIZE_MAX;
        l->section = d->n_blocks - 1;
        l->lead = SIZE_MAX;
    }
    l->open = b;
}

static size_t indent_of(struct str line)
{
    size_t i = 0;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return i;
}

/* Bytes of "- ", "* ", "12. " after the indent, 0 if the line is no list item. */
static size_t item_mark(struct str s)
{
    size_t i = 0;
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '*' || s.p[0] == '+')) {
        i = 1;
    } else {
        while (i < s.n && i < 9 && ascii_is_digit(s.p[i]))
            i++;
        if (i == 0 || i >= s.n || (s.p[i] != '.' && s.p[i] != ')'))
            return 0;
        i++;
    }
    return i < s.n && (s.p[i] == ' ' || s.p[i] == '\t') ? i + 1 : 0;
}

static bool only_of(struct str s, const char *chars)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr(chars, s.p[i]) == NULL)
            return false;
    return s.n > 0;
}

/* |---|:--:| below a line with a bar. */
static bool is_table_rule(struct str s)
{
    return only_of(s, "|-: \t") && str_chr(s, '-') != STR_NPOS && str_chr(s, '|') != STR_NPOS;
}

static bool line_fence(struct lines *l, struct str s)
{
    if (!str_starts(s, STR("```")) && !str_starts(s, STR("~~~")))
        return false;
    if (l->fenced && s.p[0] != l->fence)
        return false;
    l->fenced = !l->fenced;
    l->fence = s.p[0];
    block_close(l);
    return true;
}

static bool line_heading(struct lines *l, struct str s, size_t at, unsigned line)
{
    size_t level = 0;
    while (level < s.n && s.p[level] == '#')
        level++;
    if (level == 0 || level > 6 || (level < s.n && s.p[level] != ' ' && s.p[level] != '\t'))
        return false;
    size_t end = s.n;
    while (end > level && (s.p[end - 1] == '#' || ascii_is_space(s.p[end - 1])))
        end--;
    /* "C#" keeps its mark: closing marks stand behind a space. */
    if (end < s.n && s.p[end] == '#' && end > level && !ascii_is_space(s.p[end]))
        while (end < s.n && s.p[end] == '#')
            end++;
    block_open(l, BLOCK_HEADING, at + level, at + end, line);
    if (l->open)
        l->open->level = (int)level;
    block_close(l);
    return true;
}

/* === or --- below a paragraph makes it a heading. */
static bool line_setext(struct lines *l, struct str s, unsigned line)
{
    struct block *b = l->open;
    if (b == NULL || b->kind != BLOCK_PARAGRAPH || s.n < 2 || !(only_of(s, "=") || only_of(s, "-")))
        return false;
    b->kind = BLOCK_HEADING;
    b->level = s.p[0] == '=' ? 1 : 2;
    b->section = SIZE_MAX;
    b->last_line = line;
    l->section = (size_t)(b - l->d->blocks);
    l->lead = SIZE_MAX;
    block_close(l);
    return true;
}

static bool line_table(struct lines *l, struct str s, size_t at, unsigned line)
{
    struct block *b = l->open;
    if (is_table_rule(s) && b && b->line == line - 1 &&
        str_chr(doc_raw(l->d, b), '|') != STR_NPOS) {
        b->kind = BLOCK_ROW;
        b->row_head = true;
        l->table = true;
        block_close(l);
        return true;
    }
    if (l->table && str_chr(s, '|') != STR_NPOS) {
        block_open(l, BLOCK_ROW, at, at + s.n, line);
        block_close(l);
        return true;
    }
    l->table = false;
    return false;
}

/* An item further to the right hangs below the last one further to the left. */
static void item_lead(struct doc *d, size_t indent)
{
    size_t me = d->n_blocks - 1;
    d->blocks[me].indent = indent;
    for (size_t i = me, n = 0; i-- > 0 && n < ITEMS_BACK && d->blocks[i].kind == BLOCK_ITEM; n++)
        if (d->blocks[i].indent < indent) {
            d->blocks[me].lead = i;
            return;
        }
}

static void line_read(struct lines *l, struct str whole, size_t at, unsigned line)
{
    size_t skip = indent_of(whole);
    struct str s = str_trim(whole);
    at += skip;
    if (line_fence(l, s))
        return;
    if (l->fenced) {
        block_open(l, BLOCK_CODE, at, at + s.n, line);
        block_close(l);
        return;
    }
    while (s.n > 0 && s.p[0] == '>') {
        size_t more = 1 + indent_of(str_sub(s, 1, s.n));
        s = str_sub(s, more, s.n);
        at += more;
    }
    if (s.n == 0) {
        l->table = false;
        block_close(l);
        return;
    }
    if (line_heading(l, s, at, line) || line_table(l, s, at, line) || line_setext(l, s, line))
        return;
    size_t mark = item_mark(s);
    if (mark > 0) {
        block_open(l, BLOCK_ITEM, at + mark, at + s.n, line);
        if (l->open)
            item_lead(l->d, skip);
    } else if (l->open == NULL)
        block_open(l, BLOCK_PARAGRAPH, at, at + s.n, line);
    else {
        l->open->raw_to = at + s.n;
        l->open->last_line = line;
    }
}

static void read_lines(struct doc *d)
{
    struct lines l = {.d = d, .section = SIZE_MAX, .lead = SIZE_MAX};
    struct str rest = buf_str(&d->text), line;
    while (str_line(&rest, &line)) {
        d->lines++;
        line_read(&l, line, (size_t)(line.p - d->text.p), d->lines);
    }
}

/* ---- Marks inside a block ---- */

/* Where the flat text of a block is written. */
struct flat {
    struct doc *d;
    unsigned line;
};

static void put(struct flat *f, char c)
{
    struct buf *b = &f->d->flat;
    if (c == '\n' || c == '\t')
        c = ' ';
    if (c == ' ' && b->n > 0 && b->p[b->n - 1] == ' ')
        return;
    if (b->n < b->max) {
        f->d->line_at[b->n] = f->line;
        buf_addc(b, c);
    }
}

/* [text](url) and [text][ref]: where text ends, and how long the whole is; 0 = no link. */
static size_t link_at(struct str s, size_t *ret_text_end)
{
    struct str head = str_sub(s, 0, LINK_TEXT_MAX);
    size_t close = str_chr(head, ']');
    if (close == STR_NPOS || close + 1 >= s.n)
        return 0;
    char open = s.p[close + 1], end = open == '(' ? ')' : ']';
    if (open != '(' && open != '[')
        return 0;
    size_t len = str_chr(str_sub(s, close + 2, LINK_URL_MAX), end);
    if (len == STR_NPOS)
        return 0;
    *ret_text_end = close;
    return close + 2 + len + 1;
}

/* <tag ...> and </tag>, but not <a@b.example> or <https://...>: length, 0 = none. */
static size_t tag_at(struct str s)
{
    bool begins = s.n > 2 && (ascii_is_alpha(s.p[1]) || s.p[1] == '/' || s.p[1] == '!');
    if (!begins)
        return 0;
    size_t end = str_chr(str_sub(s, 0, TAG_MAX), '>');
    if (end == STR_NPOS)
        return 0;
    struct str inner = str_sub(s, 1, end - 1);
    size_t stop = 0;
    while (stop < inner.n && !ascii_is_space(inner.p[stop]))
        stop++;
    struct str name = str_sub(inner, 0, stop);
    if (str_chr(name, '@') != STR_NPOS || str_chr(name, ':') != STR_NPOS)
        return 0;
    return end + 1;
}

static bool is_mark(struct str s, size_t i)
{
    char c = s.p[i];
    bool word_before = i > 0 && ascii_is_alnum(s.p[i - 1]);
    bool word_after = i + 1 < s.n && ascii_is_alnum(s.p[i + 1]);
    if (c == '`')
        return true;
    if (c == '*')
        return !(i > 0 && s.p[i - 1] == ' ' && i + 1 < s.n && s.p[i + 1] == ' ');
    if (c == '_')
        return !(word_before && word_after);
    return c == '~' && ((i > 0 && s.p[i - 1] == '~') || (i + 1 < s.n && s.p[i + 1] == '~'));
}

/* One step: what stands at s.p[i]. Returns how many bytes it took; *link_end counts down. */
static size_t flatten_step(struct flat *f, struct str s, size_t i, size_t *skip_at, size_t *skip_to)
{
    struct str rest = str_sub(s, i, s.n);
    uint32_t cp;
    size_t n, text_end;
    if (i == *skip_at) {
        /* The "](url)" of a link; line ends inside still count. */
        for (size_t k = i; k < *skip_to; k++)
            f->line += s.p[k] == '\n';
        return *skip_to - i;
    }
    if (rest.p[0] == '\\' && rest.n > 1 && !ascii_is_alnum(rest.p[1]) && rest.p[1] != '\n') {
        put(f, rest.p[1]);
        return 2;
    }
    if (rest.p[0] == '&' && (n = entity_at(rest, &cp)) > 0) {
        AUTO(buf) struct buf one = BUF_INIT(8);
        utf8_put(&one, cp);
        for (size_t k = 0; k < one.n; k++)
            put(f, one.p[k]);
        return n;
    }
    if (rest.p[0] == '<' && (n = tag_at(rest)) > 0) {
        for (size_t k = 0; k < n; k++)
            f->line += rest.p[k] == '\n';
        put(f, ' ');
        return n;
    }
    if (rest.p[0] == '!' && rest.n > 1 && rest.p[1] == '[')
        return 1;
    if (rest.p[0] == '[' && (n = link_at(rest, &text_end)) > 0 && *skip_at == SIZE_MAX) {
        *skip_at = i + text_end;
        *skip_to = i + n;
        return 1;
    }
    if (!is_mark(s, i))
        put(f, rest.p[0]);
    f->line += rest.p[0] == '\n';
    return 1;
}

static void flatten(struct doc *d, struct block *b)
{
    struct str raw = doc_raw(d, b);
    struct flat f = {.d = d, .line = b->line};
    b->from = d->flat.n;
    size_t skip_at = SIZE_MAX, skip_to = 0;
    for (size_t i = 0; i < raw.n;) {
        bool at_skip = i == skip_at;
        i += flatten_step(&f, raw, i, &skip_at, &skip_to);
        if (at_skip)
            skip_at = SIZE_MAX;
    }
    b->to = d->flat.n;
    while (b->from < b->to && d->flat.p[b->from] == ' ')
        b->from++;
    while (b->to > b->from && d->flat.p[b->to - 1] == ' ')
        b->to--;
    put(&f, '\n');
}

/* ---- Sentences ---- */

static bool abbreviation(struct str before)
{
    static const char *const list[] = {"e.g", "i.e", "etc",  "vs",   "approx", "z.b",
                                       "d.h", "no",  "incl", "resp", "bzw",    "ca"};
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct str w = str_c(list[i]);
        if (before.n >= w.n && str_eq_nocase(str_sub(before, before.n - w.n, w.n), w) &&
            (before.n == w.n || !ascii_is_alnum(before.p[before.n - w.n - 1])))
            return true;
    }
    return false;
}

/* Does the sentence end behind s.p[i]? */
static bool sentence_ends(struct str s, size_t i)
{
    char c = s.p[i];
    if (i + 1 >= s.n)
        return true;
    if ((c != '.' && c != '!' && c != '?') || s.p[i + 1] != ' ')
        return false;
    return c != '.' || !abbreviation(str_sub(s, 0, i));
}

static void sentences_of(struct doc *d, size_t block)
{
    const struct block *b = &d->blocks[block];
    struct str s = doc_flat(d, b->from, b->to);
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!sentence_ends(s, i))
            continue;
        if (d->n_sentences == POLICY_SENTENCES) {
            d->truncated = true;
            return;
        }
        size_t start = b->from + from;
        while (start < b->from + i && d->flat.p[start] == ' ')
            start++;
        d->sentences[d->n_sentences++] =
            (struct sentence){.from = start, .to = b->from + i + 1, .block = block};
        from = i + 1;
    }
}

void doc_release(struct doc *d)
{
    buf_release(&d->text);
    buf_release(&d->flat);
    buf_release(&d->lower);
    free(d->line_at);
    free(d->blocks);
    free(d->sentences);
    *d = (struct doc){.a = NULL};
}

enum rc doc_read(struct doc *d, struct arena *a, struct str text, struct err *e)
{
    if (text.n > POLICY_MAX)
        return err_set(e, RC_LIMIT, "the policy is larger than %d bytes", POLICY_MAX);
    if (str_chr(text, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "the policy holds a NUL byte: it is no text");
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.n);
    *d = (struct doc){.a = a};
    /* An invalid byte becomes three. */
    buf_init(&d->text, 3 * POLICY_MAX + 1);
    utf8_clean(&d->text, text);
    blank_comments(&d->text);
    size_t most = d->text.n + DOC_BLOCKS + 1;
    buf_init(&d->flat, most);
    buf_init(&d->lower, most);
    d->line_at = mem_zalloc(most * sizeof *d->line_at);
    d->blocks = mem_zalloc(DOC_BLOCKS * sizeof *d->blocks);
    d->sentences = mem_zalloc(POLICY_SENTENCES * sizeof *d->sentences);
    read_lines(d);
    for (size_t i = 0; i < d->n_blocks; i++)
        flatten(d, &d->blocks[i]);
    for (size_t i = 0; i < d->flat.n; i++)
        buf_addc(&d->lower, ascii_lower(d->flat.p[i]));
    for (size_t i = 0; i < d->n_blocks; i++)
        if (d->blocks[i].kind != BLOCK_HEADING)
            sentences_of(d, i);
    return RC_OK;
}
