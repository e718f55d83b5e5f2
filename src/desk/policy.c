/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading of a policy: title, sections with anchors, links, versions; the rest in
 * policy_find.c and policy_contact.c.  Runs in commands and in core; the text may be a stranger's
 * proposal.
 */
#include "desk/policy.h"

#include <string.h>

#include "base/utf8.h"
#include "desk/policy_doc.h"

/* ---- Anchors ---- */

static uint32_t lower_cp(uint32_t cp)
{
    if (cp >= 'A' && cp <= 'Z')
        return cp + 32;
    bool latin = cp >= 0xc0 && cp <= 0xde && cp != 0xd7;
    bool greek = cp >= 0x391 && cp <= 0x3a9 && cp != 0x3a2;
    bool cyrillic = cp >= 0x410 && cp <= 0x42f;
    if (latin || greek || cyrillic)
        return cp + 32;
    return cp >= 0x400 && cp <= 0x40f ? cp + 80 : cp;
}

/* Punctuation, symbols and pictures beyond ASCII, roughly: what is no letter. */
static bool symbol_cp(uint32_t cp)
{
    static const struct {
        uint32_t from, to;
    } no[] = {{0x80, 0xa9},     {0xab, 0xb4},       {0xb6, 0xb9},       {0xbb, 0xbf},
              {0xd7, 0xd7},     {0xf7, 0xf7},       {0x2000, 0x206f},   {0x20a0, 0x20cf},
              {0x2190, 0x2bff}, {0x3000, 0x3004},   {0x3008, 0x3020},   {0xe000, 0xf8ff},
              {0xfe00, 0xfe0f}, {0xfe10, 0xfe6f},   {0xff01, 0xff0f},   {0xff1a, 0xff20},
              {0xfff0, 0xffff}, {0x1f000, 0x1faff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (cp >= no[i].from && cp <= no[i].to)
            return true;
    return false;
}

void policy_slug(struct buf *b, struct str title)
{
    uint32_t cp;
    size_t n;
    title = str_trim(title);
    while (title.n > 0) {
        n = utf8_next(title, &cp);
        if (n == 0) {
            title = str_sub(title, 1, title.n);
            continue;
        }
        title = str_sub(title, n, title.n);
        if (cp == ' ')
            buf_addc(b, '-');
        else if (cp >= 0x80 ? !symbol_cp(cp) : ascii_is_alnum((char)cp) || cp == '-' || cp == '_')
            utf8_put(b, lower_cp(cp));
    }
}

static bool anchor_taken(const struct policy *p, struct str title_anchor, struct str anchor)
{
    if (title_anchor.n > 0 && str_eq(title_anchor, anchor))
        return true;
    for (size_t i = 0; i < p->n_sections; i++)
        if (str_eq(p->sections[i].anchor, anchor))
            return true;
    return false;
}

static struct str make_anchor(struct doc *d, const struct policy *p, struct str title_anchor,
                              struct str title)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * POLICY_MAX);
    policy_slug(&b, title);
    struct str anchor = arena_str(d->a, buf_str(&b));
    for (unsigned k = 1; anchor_taken(p, title_anchor, anchor) && k <= POLICY_SECTIONS; k++)
        anchor = arena_strf(d->a, "%s-%u", buf_c(&b), k);
    return anchor;
}

/* ---- Sections and links ---- */

static void find_sections(struct doc *d, struct policy *p, struct str *ret_title_anchor)
{
    struct str title_anchor = STR_NONE;
    p->sections = arena_array(d->a, POLICY_SECTIONS, sizeof *p->sections);
    for (size_t i = 0; p->sections && i < d->n_blocks; i++) {
        const struct block *b = &d->blocks[i];
        if (b->kind != BLOCK_HEADING || b->from == b->to)
            continue;
        struct str title = arena_str(d->a, doc_flat(d, b->from, b->to));
        struct str anchor = make_anchor(d, p, title_anchor, title);
        if (p->title.n == 0 && p->n_sections == 0) {
            p->title = title;
            title_anchor = anchor;
            continue;
        }
        if (p->n_sections == POLICY_SECTIONS) {
            p->truncated = true;
            break;
        }
        p->sections[p->n_sections++] =
            (struct policy_section){title, anchor, b->level, d->line_at[b->from]};
    }
    *ret_title_anchor = title_anchor;
}

static bool anchor_known(const struct policy *p, struct str title_anchor, struct str a)
{
    if (str_eq_nocase(title_anchor, a))
        return true;
    for (size_t i = 0; i < p->n_sections; i++)
        if (str_eq_nocase(p->sections[i].anchor, a))
            return true;
    return false;
}

static void find_links(struct doc *d, struct policy *p, struct str title_anchor)
{
    p->links = arena_array(d->a, POLICY_LINKS, sizeof *p->links);
    struct str rest = buf_str(&d->text), line;
    for (unsigned n = 1; p->links && str_line(&rest, &line); n++) {
        for (;;) {
            size_t at = str_find(line, STR("](#"));
            if (at == STR_NPOS)
                break;
            struct str before = str_sub(line, 0, at), after = str_sub(line, at + 3, line.n);
            size_t open = str_rchr(before, '['), close = str_chr(after, ')');
            line = after;
            if (open == STR_NPOS || close == STR_NPOS)
                continue;
            if (p->n_links == POLICY_LINKS) {
                p->truncated = true;
                return;
            }
            struct policy_link *l = &p->links[p->n_links++];
            l->text = arena_str(d->a, str_sub(before, open + 1, before.n));
            l->anchor = arena_str(d->a, str_sub(after, 0, close));
            l->line = n;
            l->ok = anchor_known(p, title_anchor, l->anchor);
        }
    }
}

/* ---- Project ---- */

static bool project_name_ok(struct str s)
{
    static const char *const no[] = {"this",        "our",      "the",      "open source",
                                     "open-source", "security", "a",        "each",
                                     "following",   "your",     "upstream", "affected"};
    if (s.n < 2 || s.n > 60)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (str_eq_nocase(s, str_c(no[i])))
            return false;
    return str_chr(s, '.') == STR_NPOS && str_chr(s, ',') == STR_NPOS;
}

/* "Security Policy for X", "X Security Policy", "Security at X". */
static struct str project_from_title(struct str title)
{
    static const char *const heads[] = {
        "security policy for ",   "security policy of ", "security policies and procedures for ",
        "security policies for ", "security at ",        "security in "};
    static const char *const tails[] = {" security policy", " security policies",
                                        " security procedures", " security"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        if (str_starts_nocase(title, str_c(heads[i])))
            return str_trim(str_sub(title, strlen(heads[i]), title.n));
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        struct str t = str_c(tails[i]);
        if (title.n > t.n && str_eq_nocase(str_sub(title, title.n - t.n, t.n), t))
            return str_trim(str_sub(title, 0, title.n - t.n));
    }
    return STR_NONE;
}

/* "for the X project". */
static struct str project_from_sentence(const struct doc *d, const struct sentence *st)
{
    struct str s = doc_lower(d, st->from, st->to);
    size_t end = str_find(s, STR(" project"));
    if (end == STR_NPOS)
        return STR_NONE;
    size_t from = STR_NPOS, at = 0;
    for (;;) {
        size_t k = str_find(str_sub(s, at, end - at), STR("the "));
        if (k == STR_NPOS)
            break;
        from = at + k + 4;
        at = from;
    }
    return from == STR_NPOS ? STR_NONE : str_trim(doc_flat(d, st->from + from, st->from + end));
}

#define PROJECT_SENTENCES 10 /* an introduction is short */

static void find_project(struct doc *d, struct policy *p)
{
    struct str name = project_from_title(p->title);
    for (size_t i = 0; !project_name_ok(name) && i < d->n_sentences && i < PROJECT_SENTENCES; i++)
        name = project_from_sentence(d, &d->sentences[i]);
    if (project_name_ok(name))
        p->project = arena_str(d->a, name);
}

/* ---- Table of supported versions ---- */

struct columns {
    size_t version, status; /* SIZE_MAX = none */
};

static bool next_cell(struct str *rest, bool *first, struct str *ret_cell)
{
    struct str s = *rest;
    if (*first && str_starts(str_trim(s), STR("|"))) {
        s = str_trim(s);
        s = str_sub(s, 1, s.n);
    }
    *first = false;
    *rest = s;
    if (!str_cut(rest, '|', &s))
        return false;
    *ret_cell = str_trim(s);
    return true;
}

static struct columns read_head(struct str row, struct str section)
{
    static const char *const version[] = {"version", "branch", "release", "series",
                                          "line",    "zweig",  NULL};
    static const char *const best[] = {"support", "status", "unterst", NULL};
    static const char *const status[] = {"support", "status",      "maint",   "fix", "secur",
                                         "eol",     "end of life", "unterst", NULL};
    static const char *const about[] = {"support", "version", "maint", "release", NULL};
    struct columns c = {SIZE_MAX, SIZE_MAX};
    struct str rest = row, cell;
    bool first = true, sure = false;
    size_t n = 0;
    for (; next_cell(&rest, &first, &cell); n++) {
        if (c.version == SIZE_MAX && any_of(cell, version, NULL))
            c.version = n;
        else if (any_of(cell, status, NULL) &&
                 (c.status == SIZE_MAX || (!sure && any_of(cell, best, NULL)))) {
            c.status = n;
            sure = any_of(cell, best, NULL);
        }
    }
    if (c.version != SIZE_MAX && c.status == SIZE_MAX && n >= 2 && any_of(section, about, NULL))
        c.status = c.version == 0 ? 1 : 0;
    return c;
}

static void read_status(struct str cell, struct policy_version *v)
{
    static const char *const no[] = {":x:",         "❌",
                                     "✗",           "✘",
                                     "unsupported", "not supported",
                                     "eol",         "end of life",
                                     "end-of-life", "unmaintained",
                                     "nein",        "not maintained",
                                     ":negative",   ":no_entry",
                                     "🚫",           ":heavy_multi",
                                     NULL};
    static const char *const yes[] = {":white_check_mark:",
                                      ":heavy_check_mark:",
                                      "✅",
                                      "✔",
                                      "✓",
                                      "☑",
                                      "yes",
                                      "supported",
                                      "maintained",
                                      "active",
                                      "current",
                                      "security",
                                      "critical",
                                      "lts",
                                      "latest",
                                      "ja",
                                      "stable",
                                      ":ballot",
                                      NULL};
    bool is_no = any_of(cell, no, NULL) || str_eq(cell, STR("no")) ||
                 str_starts(cell, STR("no ")) || str_eq(cell, STR("x")) || str_eq(cell, STR("-"));
    v->supported = !is_no && any_of(cell, yes, NULL);
    v->unclear = !is_no && !v->supported;
}

static void read_row(struct doc *d, struct policy *p, const struct block *b, struct columns c)
{
    struct policy_version v = {.line = b->line};
    struct str rest = doc_flat(d, b->from, b->to), cell, low = doc_lower(d, b->from, b->to), lcell;
    bool first = true, lfirst = true;
    for (size_t n = 0; next_cell(&rest, &first, &cell) && next_cell(&low, &lfirst, &lcell); n++) {
        if (n == c.version)
            v.version = arena_str(d->a, cell);
        if (n == c.status) {
            v.status = arena_str(d->a, cell);
            read_status(lcell, &v);
        }
    }
    if (v.version.n == 0)
        return;
    if (p->n_versions == POLICY_VERSIONS)
        p->truncated = true;
    else
        p->versions[p->n_versions++] = v;
}

void policy_find_versions(struct doc *d, struct policy *p)
{
    struct columns c = {SIZE_MAX, SIZE_MAX};
    p->versions = arena_array(d->a, POLICY_VERSIONS, sizeof *p->versions);
    for (size_t i = 0; p->versions && i < d->n_blocks; i++) {
        const struct block *b = &d->blocks[i];
        if (b->kind != BLOCK_ROW) {
            /* One table only: the first that speaks of versions. */
            if (p->n_versions > 0)
                return;
            c = (struct columns){SIZE_MAX, SIZE_MAX};
            continue;
        }
        if (b->row_head)
            c = read_head(doc_lower(d, b->from, b->to), doc_section_lower(d, b));
        else if (c.version != SIZE_MAX && c.status != SIZE_MAX)
            read_row(d, p, b, c);
    }
}

enum rc policy_parse(struct arena *a, struct str text, const struct policy **ret_p, struct err *e)
{
    AUTO(doc) struct doc d = {.a = a};
    struct str title_anchor;
    TRY(doc_read(&d, a, text, e));
    struct policy *p = arena_alloc(a, sizeof *p);
    if (p == NULL)
        return arena_ok(a, "the policy", e);
    p->lines = d.lines;
    find_sections(&d, p, &title_anchor);
    find_links(&d, p, title_anchor);
    find_project(&d, p);
    policy_find_contacts(&d, p);
    policy_find_urls(&d, p);
    policy_find_fingerprint(&d, p);
    policy_find_versions(&d, p);
    policy_find_promises(&d, p);
    policy_find_embargo(&d, p);
    p->truncated = p->truncated || d.truncated;
    TRY(arena_ok(a, "the policy", e));
    *ret_p = p;
    return RC_OK;
}
