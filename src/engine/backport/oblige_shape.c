/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O4, O5: where things stand, by brackets and blocks.  Runs in commands and in the engine child;
 * the texts are a stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

static char punct(const struct code *c, size_t i)
{
    return i < c->n && c->v[i].kind == TOKEN_PUNCT && c->v[i].len == 1 ? c->text.p[c->v[i].at]
                                                                       : '\0';
}

static bool braces(enum lang lang)
{
    switch (lang) {
    case LANG_C:
    case LANG_CPP:
    case LANG_OBJC:
    case LANG_GO:
    case LANG_JS:
    case LANG_TS:
    case LANG_PHP:
    case LANG_JAVA:
    case LANG_RUST:
        return true;
    default:
        return false;
    }
}

static struct obligation head_of(const struct piece *p, enum oblige_id id, enum oblige_why why,
                                 uint32_t line)
{
    return (struct obligation){.id = id,
                               .result = OBLIGE_FAIL,
                               .why = why,
                               .class = p->file->class,
                               .path = p->file->path,
                               .line = line};
}

/* ---- O5: balance ---- */

enum balance { BAL_ROUND, BAL_SQUARE, BAL_CURLY, BAL_IF, BAL_CONTINUED, BAL_COUNT };
struct balances {
    int of[BAL_COUNT];
};

static void count_brackets(const struct code *c, struct balances *b)
{
    for (size_t i = 0; i < c->n; i++) {
        switch (punct(c, i)) {
        case '(':
            b->of[BAL_ROUND]++;
            break;
        case ')':
            b->of[BAL_ROUND]--;
            break;
        case '[':
            b->of[BAL_SQUARE]++;
            break;
        case ']':
            b->of[BAL_SQUARE]--;
            break;
        case '{':
            b->of[BAL_CURLY]++;
            break;
        case '}':
            b->of[BAL_CURLY]--;
            break;
        case '#':
            if (code_is(c, i + 1, "if") || code_is(c, i + 1, "ifdef") ||
                code_is(c, i + 1, "ifndef"))
                b->of[BAL_IF]++;
            else if (code_is(c, i + 1, "endif"))
                b->of[BAL_IF]--;
            break;
        default:
            break;
        }
    }
}

/* Lines that are continued by an empty one: what follows is cut off from them. */
static uint32_t count_continued(const struct code *c, struct balances *b)
{
    struct str rest = c->text, line;
    bool open = false;
    uint32_t n = 0, last = 0;
    while (str_line(&rest, &line)) {
        n++;
        if (open && str_trim(line).n == 0) {
            b->of[BAL_CONTINUED]++;
            last = n;
        }
        open = line.n > 0 && line.p[line.n - 1] == '\\';
    }
    return last;
}

static void balance(struct oblige *o, const struct piece *p)
{
    static const char *const what[BAL_COUNT] = {"round brackets", "square brackets",
                                                "curly brackets", "conditionals (#if, #endif)",
                                                "lines that go on in the next one"};
    struct balances b[SIDE_COUNT] = {0};
    uint32_t line = 0;
    for (enum side k = SIDE_BASE; k < SIDE_COUNT; k++) {
        count_brackets(p->code[k], &b[k]);
        line = count_continued(p->code[k], &b[k]);
    }
    for (unsigned k = 0; k < BAL_COUNT; k++) {
        int fix = b[SIDE_FIX].of[k] - b[SIDE_BASE].of[k];
        int made = b[SIDE_MADE].of[k] - b[SIDE_RELEASE].of[k];
        if (made == fix || made == 0)
            continue;
        struct obligation head =
            head_of(p, OBLIGE_BALANCE, OBLIGE_WHY_BRACKET, k == BAL_CONTINUED ? line : 0);
        oblige_say(o, &head, "the %s of %.*s do not fit together as they did in the release",
                   what[k], STR_ARG(head.path));
    }
}

/* ---- O4: blocks ---- */

enum block {
    BLOCK_TOP,
    BLOCK_IF,
    BLOCK_ELSE,
    BLOCK_LOOP,
    BLOCK_SWITCH,
    BLOCK_TRY,
    BLOCK_TYPE,
    BLOCK_FUNCTION,
    BLOCK_OTHER,
    BLOCK_LIST,
    BLOCK_COUNT
};
static const char *const block_names[BLOCK_COUNT] = {"no block", "an if", "an else", "a loop",
                                                     "a switch", "a try", "a type",  "a function",
                                                     "a block",  "a list"};

#define BLOCKS_ASKED 1u /* innermost blocks that have to be alike: further out they may differ */

struct blocks {
    enum block v[BLOCKS_ASKED];
    unsigned n;
};

static void blocks_add(struct blocks *b, enum block kind)
{
    if (b->n < BLOCKS_ASKED)
        b->v[b->n++] = kind;
}

static enum block keyword_block(const struct code *c, size_t i)
{
    static const struct {
        const char *word;
        enum block kind;
    } table[] = {{"if", BLOCK_IF},         {"elif", BLOCK_IF},       {"elseif", BLOCK_IF},
                 {"else", BLOCK_ELSE},     {"for", BLOCK_LOOP},      {"foreach", BLOCK_LOOP},
                 {"while", BLOCK_LOOP},    {"do", BLOCK_LOOP},       {"switch", BLOCK_SWITCH},
                 {"select", BLOCK_SWITCH}, {"match", BLOCK_SWITCH},  {"try", BLOCK_TRY},
                 {"catch", BLOCK_TRY},     {"except", BLOCK_TRY},    {"finally", BLOCK_TRY},
                 {"with", BLOCK_TRY},      {"class", BLOCK_TYPE},    {"struct", BLOCK_TYPE},
                 {"union", BLOCK_TYPE},    {"enum", BLOCK_TYPE},     {"interface", BLOCK_TYPE},
                 {"def", BLOCK_FUNCTION},  {"func", BLOCK_FUNCTION}, {"function", BLOCK_FUNCTION}};
    for (size_t k = 0; k < ARRAY_LEN(table); k++) {
        if (code_is(c, i, table[k].word))
            return table[k].kind;
    }
    return BLOCK_OTHER;
}

/* The block that the bracket at i opens: by the words of its head. */
static enum block bracket_block(const struct code *c, size_t i)
{
    if (punct(c, i) != '{')
        return BLOCK_LIST;
    enum block kind = BLOCK_OTHER;
    bool call = false;
    size_t k = i;
    for (unsigned left = 80; k > 0 && left > 0; left--) {
        k--;
        if (c->open[k] == c->open[i] &&
            (punct(c, k) == ';' || punct(c, k) == '{' || punct(c, k) == '}'))
            break;
        if (c->open[k] != c->open[i])
            continue;
        enum block here = keyword_block(c, k);
        if (here == BLOCK_IF && kind == BLOCK_ELSE)
            return BLOCK_ELSE;
        if (here == BLOCK_FUNCTION || here == BLOCK_TYPE)
            return call ? BLOCK_FUNCTION : here;
        if (here != BLOCK_OTHER)
            return here;
        if (punct(c, k) == '=' || code_is(c, k, "return"))
            return BLOCK_LIST;
        call = call || punct(c, k) == ')';
    }
    return call ? BLOCK_FUNCTION : kind;
}

/* The control word whose only statement, without brackets, begins at token i. */
static enum block bare_block(const struct code *c, size_t i)
{
    if (i == 0)
        return BLOCK_OTHER;
    if (code_is(c, i - 1, "else") || code_is(c, i - 1, "do"))
        return keyword_block(c, i - 1);
    if (punct(c, i - 1) != ')')
        return BLOCK_OTHER;
    size_t k = i - 1;
    while (k > 0 && !(punct(c, k) == '(' && c->open[k] == c->open[i - 1]))
        k--;
    enum block kind = k > 0 ? keyword_block(c, k - 1) : BLOCK_OTHER;
    return kind == BLOCK_IF || kind == BLOCK_LOOP ? kind : BLOCK_OTHER;
}

static void brace_blocks(const struct code *c, size_t i, struct blocks *b)
{
    enum block bare = bare_block(c, i);
    if (bare != BLOCK_OTHER)
        blocks_add(b, bare);
    for (size_t k = c->open[i]; k < c->n && b->n < BLOCKS_ASKED; k = c->open[k])
        blocks_add(b, bracket_block(c, k));
}

static size_t indent_of(const struct code *c, size_t i)
{
    size_t n = 0, at = c->v[i].at;
    while (at > 0 && c->text.p[at - 1] != '\n') {
        at--;
        n = c->text.p[at] == '\t' ? n + 8 : n + 1;
    }
    return n;
}

static void indent_blocks(const struct code *c, size_t i, struct blocks *b)
{
    size_t least = indent_of(c, i);
    if (c->open[i] < c->n)
        blocks_add(b, BLOCK_LIST);
    for (size_t k = i; k > 0 && least > 0 && b->n < BLOCKS_ASKED;) {
        k--;
        if ((k > 0 && c->v[k - 1].line == c->v[k].line) || c->open[k] < c->n)
            continue;
        size_t indent = indent_of(c, k);
        if (indent < least) {
            least = indent;
            blocks_add(b, keyword_block(c, code_is(c, k, "async") ? k + 1 : k));
        }
    }
}

static void blocks_of(const struct code *c, size_t i, struct blocks *b)
{
    memset(b, 0, sizeof *b); /* BLOCK_TOP */
    if (c->lang == LANG_PYTHON)
        indent_blocks(c, i, b);
    else
        brace_blocks(c, i, b);
}

#define LINES_ASKED 400u

struct new_line {
    uint64_t hash;
    size_t at; /* its first token */
    bool used;
};

/* The lines that came, with a word in them. */
static size_t new_lines(const struct code *c, const struct line_marks *m, struct new_line *v)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n && n < LINES_ASKED;) {
        size_t from = i;
        uint64_t h = 0;
        bool word = false;
        for (; i < c->n && c->v[i].line == c->v[from].line; i++) {
            h = (h ^ c->v[i].hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
            word = word || c->v[i].kind == TOKEN_WORD;
        }
        if (word && line_marked(m, c->v[from].line) && punct(c, from) != '#')
            v[n++] = (struct new_line){.hash = h, .at = from};
    }
    return n;
}

static size_t line_like(struct new_line *v, size_t n, uint64_t hash)
{
    for (size_t k = 0; k < n; k++) {
        if (!v[k].used && v[k].hash == hash) {
            v[k].used = true;
            return k;
        }
    }
    return n;
}

static bool same_blocks(struct oblige *o, const struct piece *p, size_t at, const struct code *c,
                        size_t other, const char *where)
{
    const struct code *made = p->code[SIDE_MADE];
    struct blocks x, y;
    blocks_of(made, at, &x);
    blocks_of(c, other, &y);
    if (x.v[0] == y.v[0])
        return true;
    struct obligation head = head_of(p, OBLIGE_BLOCKS, OBLIGE_WHY_PLACE, made->v[at].line);
    oblige_say(o, &head, "%.*s:%u stands in %s here and in %s %s", STR_ARG(head.path), head.line,
               block_names[x.v[0]], block_names[y.v[0]], where);
    return false;
}

/* A line that came stands where the fix has it; one that only moved, where it was. */
static void blocks(struct oblige *o, const struct piece *p)
{
    struct new_line *v[3];
    size_t n[3];
    const enum side sides[3] = {SIDE_MADE, SIDE_FIX, SIDE_RELEASE};
    const struct line_marks *marks[3] = {&p->made_new, &p->fix_new, &p->made_gone};
    for (unsigned k = 0; k < 3; k++) {
        v[k] = arena_array(o->a, LINES_ASKED, sizeof *v[k]);
        if (v[k] == NULL)
            return;
        n[k] = new_lines(p->code[sides[k]], marks[k], v[k]);
    }
    for (size_t i = 0; i < n[0]; i++) {
        size_t at = line_like(v[1], n[1], v[0][i].hash);
        size_t was = at == n[1] ? line_like(v[2], n[2], v[0][i].hash) : n[2];
        if (at < n[1] &&
            !same_blocks(o, p, v[0][i].at, p->code[SIDE_FIX], v[1][at].at, "in the fix"))
            return; /* one a file tells enough */
        if (was < n[2] &&
            !same_blocks(o, p, v[0][i].at, p->code[SIDE_RELEASE], v[2][was].at, "in the release"))
            return;
    }
}

static bool leaves_block(const struct code *c, size_t i)
{
    switch (c->text.p[c->v[i].at]) {
    case 'r':
        return code_is(c, i, "return");
    case 'b':
        return code_is(c, i, "break");
    case 'c':
        return code_is(c, i, "continue");
    case 'g':
        return code_is(c, i, "goto");
    default:
        return false;
    }
}

/* Statements that can never run: behind a return, break, continue or goto of the same block. */
static unsigned dead_statements(const struct code *c, const struct line_marks *m,
                                uint32_t *ret_line)
{
    unsigned n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!leaves_block(c, i))
            continue;
        if (bare_block(c, i) != BLOCK_OTHER || (i > 0 && punct(c, i - 1) == '#'))
            continue;
        size_t end = i + 1;
        while (end < c->n && !(punct(c, end) == ';' && c->open[end] == c->open[i]) &&
               punct(c, end) != '#')
            end++;
        size_t next = end + 1;
        if (next >= c->n || c->open[next] != c->open[i] || punct(c, next) == '#' ||
            punct(c, next) == '}' || code_is(c, next, "case") || code_is(c, next, "default") ||
            code_is(c, next, "else") || punct(c, next + 1) == ':' || punct(c, next) == ';')
            continue;
        n++;
        for (uint32_t l = c->v[i].line - 1; l <= c->v[next].line + 1; l++) {
            if (line_marked(m, l))
                *ret_line = c->v[next].line;
        }
    }
    return n;
}

static void dead(struct oblige *o, const struct piece *p)
{
    struct line_marks none = {0};
    uint32_t line = 0;
    unsigned made = dead_statements(p->code[SIDE_MADE], &p->made_new, &line);
    if (line == 0) /* as nearly always */
        return;
    unsigned release = dead_statements(p->code[SIDE_RELEASE], &none, &(uint32_t){0});
    unsigned fix = dead_statements(p->code[SIDE_FIX], &none, &(uint32_t){0});
    unsigned base = dead_statements(p->code[SIDE_BASE], &none, &(uint32_t){0});
    if (made <= release || made + base <= release + fix)
        return;
    struct obligation head = head_of(p, OBLIGE_BLOCKS, OBLIGE_WHY_DEAD, line);
    oblige_say(o, &head,
               "%.*s:%u can never run: it stands right behind a statement that leaves the "
               "block",
               STR_ARG(head.path), line);
}

void oblige_shape(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct piece *p = &o->pieces[i];
        if (!p->readable || p->file->how == BP_LEFT_OUT || p->made_new.marked == 0)
            continue;
        if (p->code[SIDE_BASE] == p->code[SIDE_RELEASE] && p->code[SIDE_FIX] == p->code[SIDE_MADE])
            continue; /* the fix's own file */
        balance(o, p);
        if (p->file->class != CLASS_CODE)
            continue;
        if (braces(p->code[SIDE_MADE]->lang))
            dead(o, p);
        if (braces(p->code[SIDE_MADE]->lang) || p->code[SIDE_MADE]->lang == LANG_PYTHON)
            blocks(o, p);
        else
            o->unknown |= 1u << OBLIGE_BLOCKS;
    }
}
