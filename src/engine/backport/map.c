/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a fix on its way to the maintained lines.  Pure; runs in core and in the command.
 * Names and subjects are a stranger's and are escaped here.
 */
#include "engine/backport/map.h"

#include "engine/backport/record.h"
#include "engine/svg.h"

#define WIDTH    800 /* pixels */
#define NAME_X   12
#define BACK_X   204
#define PERSON_X 386
#define TESTS_X  500
#define READY_X  614
#define HEAD_Y   18
#define FIX_Y    48
#define ROW      46
#define WORD_DX  15 /* a word stands so far behind its mark */
#define RAIL_DX  24 /* the way from the fix down to the lines, before their marks */
#define NEAR_DX  14 /* the same from one line to another */
#define SUBJECT  70 /* letters */

enum shape {
    SHAPE_DONE, /* a ring with a tick */
    SHAPE_RULE, /* the same with six corners: settled by rules */
    SHAPE_ASK,  /* a broken square with a question mark */
    SHAPE_STOP, /* a full diamond with an exclamation mark */
    SHAPE_WAIT, /* a broken ring */
    SHAPE_SKIP  /* a small ring: nothing to do */
};

struct word {
    const char *name, *words;
    enum shape shape;
};
static const enum shape verdicts[PORT_VERDICTS] = {
    [PORT_ALREADY] = SHAPE_SKIP, [PORT_NOT_AFFECTED] = SHAPE_SKIP,
    [PORT_CLEAN] = SHAPE_DONE,   [PORT_RESOLVED] = SHAPE_RULE,
    [PORT_PROPOSED] = SHAPE_ASK, [PORT_NEEDS_PERSON] = SHAPE_STOP};
/* In place of a verdict, of what is no pick. */
static const struct word by_hand[] = {{"edited", "made by a person", SHAPE_DONE},
                                      {"chosen", "candidate chosen", SHAPE_DONE}};
static const struct word decisions[] = {{"accepted", "accepted", SHAPE_DONE},
                                        {"edited", "edited", SHAPE_DONE},
                                        {"waived", "waived", SHAPE_SKIP},
                                        {"", "not decided", SHAPE_WAIT}};
static const struct word tests[] = {
    {"pass", "pass", SHAPE_DONE},        {"fail", "fail", SHAPE_STOP},
    {"untested", "untested", SHAPE_ASK}, {"running", "running", SHAPE_WAIT},
    {"none", "not needed", SHAPE_SKIP},  {"not-run", "not run", SHAPE_WAIT},
    {"", "not run", SHAPE_WAIT}};
static const struct word nothing = {"", "not needed", SHAPE_SKIP};

static struct word word_of(const struct word *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_c(v[i].name)))
            return v[i];
    return (struct word){NULL, NULL, SHAPE_ASK};
}

/* The line has what it needs without a backport. */
static bool settled(struct str verdict)
{
    return str_eq(verdict, STR("already")) || str_eq(verdict, STR("not-affected"));
}

static struct word verdict_of(struct str s)
{
    enum port_verdict v;
    if (s.n == 0)
        return (struct word){NULL, "under way", SHAPE_WAIT};
    if (!port_verdict_parse(s, &v))
        return word_of(by_hand, ARRAY_LEN(by_hand), s);
    return (struct word){NULL, port_verdict_words(v), verdicts[v]};
}

static struct word decision_of(struct str s, struct str verdict)
{
    return s.n == 0 && settled(verdict) ? nothing : word_of(decisions, ARRAY_LEN(decisions), s);
}

static struct word tests_of(const struct bp_map_line *l)
{
    bool none = settled(l->verdict) || str_eq(l->decision, STR("waived"));
    bool said = l->tests.n && !str_eq(l->tests, STR("not-run"));
    return none && !said ? nothing : word_of(tests, ARRAY_LEN(tests), l->tests);
}

static struct str said(struct word w, struct str name)
{
    return w.words ? str_c(w.words) : name;
}

/* ---- marks ---- */

static void put_tick(struct buf *b, int x, int y)
{
    buf_addf(b, "<path class=\"map-t\" d=\"M%d %dl3 3 5-6\"/>", x - 4, y);
}

static void put_shape(struct buf *b, enum shape s, int x, int y)
{
    switch (s) {
    case SHAPE_DONE:
        buf_addf(b, "<circle class=\"map-f\" cx=\"%d\" cy=\"%d\" r=\"8\"/>", x, y);
        put_tick(b, x, y);
        return;
    case SHAPE_RULE:
        buf_addf(b, "<path class=\"map-x\" d=\"M%d %dh10l6 9-6 9h-10l-6-9z\"/>", x - 5, y - 9);
        put_tick(b, x, y);
        return;
    case SHAPE_ASK:
        buf_addf(b,
                 "<rect class=\"map-u\" x=\"%d\" y=\"%d\" width=\"16\" height=\"16\"/>"
                 "<text class=\"map-q\" x=\"%d\" y=\"%d\">?</text>",
                 x - 8, y - 8, x, y + 4);
        return;
    case SHAPE_STOP:
        buf_addf(b,
                 "<path class=\"map-a\" d=\"M%d %dl10 10-10 10-10-10z\"/>"
                 "<text class=\"map-w\" x=\"%d\" y=\"%d\">!</text>",
                 x, y - 10, x, y + 4);
        return;
    case SHAPE_WAIT:
        buf_addf(b, "<circle class=\"map-n map-b\" cx=\"%d\" cy=\"%d\" r=\"8\"/>", x, y);
        return;
    case SHAPE_SKIP:
        buf_addf(b, "<circle class=\"map-n\" cx=\"%d\" cy=\"%d\" r=\"4\"/>", x, y);
        return;
    }
}

static void put_words(struct buf *b, const char *class, int x, int y, struct str s, size_t max)
{
    buf_adds(b, "<text");
    if (*class)
        buf_addf(b, " class=\"%s\"", class);
    buf_addf(b, " x=\"%d\" y=\"%d\">", x, y);
    svg_text(b, s, max);
    buf_adds(b, "</text>\n"); /* apart, for who hears it */
}

static void put_mark(struct buf *b, enum shape s, int x, int y, struct str words)
{
    put_shape(b, s, x, y);
    put_words(b, "", x + WORD_DX, y + 4, words, BP_MAP_WORDS);
}

/* ---- rows ---- */

static int row_y(size_t i)
{
    return FIX_Y + ROW * ((int)i + 1);
}

static size_t shown(const struct bp_map *p)
{
    return p->n_lines < BP_MAP_LINES ? p->n_lines : BP_MAP_LINES;
}

static size_t ready_of(const struct bp_map *p, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < p->n_lines; i++)
        n += p->lines[i].ready;
    return n;
}

/* The line whose backport was picked; n_lines: the fix itself, or none of the picture. */
static size_t source_of(const struct bp_map *p, size_t line)
{
    struct str source = p->lines[line].source;
    for (size_t i = 0; i < shown(p) && source.n; i++)
        if (i != line && str_eq(p->lines[i].name, source))
            return i;
    return p->n_lines;
}

static void put_source(const struct bp_map *p, size_t line, struct buf *b)
{
    size_t from = source_of(p, line);
    int y = row_y(line);
    if (p->lines[line].source.n == 0)
        return;
    if (from == p->n_lines) {
        buf_addf(b, "<path class=\"map-v\" d=\"M%d %dh-14V%dh12\"/>", BACK_X - 10, FIX_Y, y);
        return;
    }
    bool down = from < line;
    int y0 = row_y(from) + (down ? 10 : -10), y1 = y + (down ? -10 : 10);
    buf_addf(b, "<path class=\"map-v map-b\" d=\"M%d %dL%d %dV%dL%d %d\"/>", BACK_X - 4, y0,
             BACK_X - NEAR_DX, y0 + (down ? 6 : -6), y1 - (down ? 6 : -6), BACK_X - 4, y1);
}

/* What is said of a line in one sentence, for who cannot see the picture. */
static void put_said(const struct bp_map *p, size_t line, struct buf *b)
{
    const struct bp_map_line *l = &p->lines[line];
    svg_name(b, l->name, 60);
    buf_adds(b, ": ");
    svg_text(b, said(verdict_of(l->verdict), l->verdict), 40);
    if (source_of(p, line) != p->n_lines) {
        buf_adds(b, ", picked from ");
        svg_name(b, l->source, 60);
    }
    buf_adds(b, "; decision: ");
    svg_text(b, said(decision_of(l->decision, l->verdict), l->decision), 40);
    buf_adds(b, "; tests: ");
    svg_text(b, said(tests_of(l), l->tests), 40);
    buf_adds(b, l->ready ? "; ready" : "; not ready");
    if (l->blocked.n) {
        buf_adds(b, ": ");
        svg_text(b, l->blocked, 100);
    }
}

static void put_line(const struct bp_map *p, const struct bp_map_options *o, size_t line,
                     struct buf *b)
{
    const struct bp_map_line *l = &p->lines[line];
    struct word back = verdict_of(l->verdict), person = decision_of(l->decision, l->verdict);
    struct word run = tests_of(l);
    int y = row_y(line);
    if (o->link) {
        /* Its words are what it is called. */
        buf_addf(b, "<a class=\"map-o\" href=\"%s%zu\">", o->link, line);
    } else {
        buf_adds(b, "<g class=\"map-o\" role=\"img\" aria-label=\"");
        put_said(p, line, b);
        buf_adds(b, "\"><title>");
        put_said(p, line, b);
        buf_adds(b, "</title>");
    }
    buf_addf(b, "<rect class=\"map-hit\" x=\"2\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
             y - ROW / 2 + 1, WIDTH - 4, ROW - 2);
    put_words(b, "map-s", NAME_X, y + 4, l->name, BP_MAP_NAME);
    put_mark(b, back.shape, BACK_X, y, said(back, l->verdict));
    if (source_of(p, line) != p->n_lines) {
        AUTO(buf) struct buf from = BUF_INIT(4096);
        buf_adds(&from, "from ");
        buf_add(&from, l->source);
        put_words(b, "map-g", BACK_X + WORD_DX, y + 17, buf_str(&from), BP_MAP_NAME);
    }
    put_mark(b, person.shape, PERSON_X, y, said(person, l->decision));
    put_mark(b, run.shape, TESTS_X, y, said(run, l->tests));
    if (l->ready)
        put_mark(b, SHAPE_DONE, READY_X, y, STR("ready"));
    else
        put_mark(b, l->blocked.n ? SHAPE_STOP : SHAPE_WAIT, READY_X, y,
                 l->blocked.n ? l->blocked : STR("not yet"));
    buf_adds(b, o->link ? "</a>" : "</g>");
}

static void put_fix(const struct bp_map *p, struct buf *b)
{
    AUTO(buf) struct buf words = BUF_INIT(1 << 16);
    buf_addf(b, "<path class=\"map-x\" d=\"M%d %dh12l6 9-6 9h-12l-6-9z\"/>", BACK_X - 6, FIX_Y - 9);
    put_words(b, "map-q", BACK_X, FIX_Y + 4, STR("F"), 1);
    put_words(b, "map-s", NAME_X, FIX_Y + 4, STR("the fix"), BP_MAP_NAME);
    buf_add(&words, str_sub(p->fix, 0, 60));
    if (p->subject.n)
        buf_adds(&words, ": ");
    buf_add(&words, str_sub(p->subject, 0, 1000));
    put_words(b, "", BACK_X + WORD_DX + 2, FIX_Y + 4, buf_str(&words), SUBJECT);
}

static void put_heads(struct buf *b)
{
    static const struct {
        const char *words;
        int x;
    } heads[] = {{"Line", NAME_X},
                 {"Backport", BACK_X - 8},
                 {"Decision", PERSON_X - 8},
                 {"Tests", TESTS_X - 8},
                 {"Ready", READY_X - 8}};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        put_words(b, "map-g", heads[i].x, HEAD_Y, str_c(heads[i].words), 20);
}

static void put_rules(const struct bp_map *p, struct buf *b)
{
    for (size_t i = 0; i < shown(p); i++)
        buf_addf(b, "<path class=\"map-y\" d=\"M%d %dH%d\"/>", NAME_X, row_y(i) - ROW / 2,
                 WIDTH - NAME_X);
}

static void put_more(const struct bp_map *p, struct buf *b)
{
    AUTO(buf) struct buf words = BUF_INIT(200);
    size_t more = p->n_lines - shown(p);
    if (more == 0)
        return;
    buf_addf(&words, "%zu more line%s, %zu ready", more, more == 1 ? "" : "s",
             ready_of(p, shown(p)));
    put_words(b, "map-g", NAME_X, row_y(shown(p)) + 4, buf_str(&words), 60);
}

enum rc bp_map_draw(const struct bp_map *p, const struct bp_map_options *o, struct buf *out,
                    struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    size_t rows = shown(p) + (shown(p) < p->n_lines);
    int height = FIX_Y + ROW * (int)rows + ROW / 2 + 6;
    buf_addf(&b,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map\" width=\"%d\" height=\"%d\" "
             "viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"The fix on the maintained lines: "
             "%zu of %zu ready\"><desc>A row for each maintained line: its backport, what was "
             "decided, its tests, whether it is ready.</desc>",
             WIDTH, height, WIDTH, height, ready_of(p, 0), p->n_lines);
    if (o->standalone)
        buf_adds(&b, svg_styles);
    put_heads(&b);
    put_rules(p, &b);
    for (size_t i = 0; i < shown(p); i++)
        put_source(p, i, &b);
    put_fix(p, &b);
    for (size_t i = 0; i < shown(p); i++)
        put_line(p, o, i, &b);
    put_more(p, &b);
    buf_adds(&b, o->standalone ? "</svg>\n" : "</svg>");
    TRY(buf_ok(&b, "the picture of the lines", e));
    buf_add(out, buf_str(&b));
    return buf_ok(out, "the picture of the lines", e);
}
