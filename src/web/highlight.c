/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts lines of code into runs for the page of an audit.  Runs in core.  The lines come out of a
 * stranger's repository: any bytes, and lengths that are checked here; the templates escape.
 */
#include "web/highlight.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "syntax/lexer.h"

#define TEXT_MAX (CODE_LINES_MAX * (CODE_LINE_MAX + 1) + 16)

enum look { LOOK_NONE, LOOK_KEYWORD, LOOK_STRING, LOOK_COMMENT, LOOK_NUMBER };
static const char *const look_names[] = {"", "k", "s", "c", "n"};
static const uint8_t look_of_span[] = {[SPAN_COMMENT] = LOOK_COMMENT,
                                       [SPAN_STRING] = LOOK_STRING,
                                       [SPAN_NUMBER] = LOOK_NUMBER,
                                       [SPAN_KEYWORD] = LOOK_KEYWORD};

struct work {
    struct arena *a;
    enum lang lang;
    const struct code_in *in;
    size_t n;
    uint8_t *looks[CODE_LINES_MAX]; /* one for each byte of a line */
};

static struct str shown(const struct code_in *in)
{
    return in->text.n > CODE_LINE_MAX ? utf8_clip(in->text, CODE_LINE_MAX) : in->text;
}

/* A piece of PHP without its opening tag would be read as the text of a page. */
static struct str lead_in(enum lang lang, struct str text)
{
    size_t open = str_find(text, STR("<?")), close = str_find(text, STR("?>"));
    struct str t = str_trim(text);
    if (lang != LANG_PHP || open < close || (close == STR_NPOS && str_starts(t, STR("<"))))
        return STR_NONE;
    return STR("<?php ");
}

static bool is_of(const struct code_in *in, bool after)
{
    return in->side == ' ' || in->side == (after ? '+' : '-');
}

/* Reads the lines of one side as a text.  Lines of both sides get their looks from before. */
static void read_side(struct work *w, bool after)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    AUTO(spans) struct spans spans = {.v = NULL};
    for (size_t i = 0; i < w->n; i++) {
        if (!is_of(&w->in[i], after))
            continue;
        buf_add(&b, shown(&w->in[i]));
        buf_addc(&b, '\n');
    }
    struct str lead = lead_in(w->lang, buf_str(&b));
    AUTO(buf) struct buf text = BUF_INIT(TEXT_MAX);
    buf_add(&text, lead);
    buf_add(&text, buf_str(&b));
    lexer_spans(w->lang, buf_str(&text), &spans);
    size_t at = lead.n, k = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (!is_of(&w->in[i], after))
            continue;
        size_t n = shown(&w->in[i]).n;
        bool mine = !after || w->in[i].side == '+';
        while (k < spans.n && (size_t)spans.v[k].at + spans.v[k].len <= at)
            k++;
        for (size_t s = k; mine && s < spans.n && spans.v[s].at < at + n; s++) {
            size_t from = spans.v[s].at > at ? spans.v[s].at - at : 0;
            size_t to = (size_t)spans.v[s].at + spans.v[s].len - at;
            for (size_t c = from; c < to && c < n; c++)
                w->looks[i][c] = look_of_span[spans.v[s].kind];
        }
        at += n + 1;
    }
}

static bool in_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static void mark_word(struct str line, struct str word, bool *marks)
{
    size_t from = 0, at;
    while (word.n && (at = str_find(str_sub(line, from, line.n), word)) != STR_NPOS) {
        size_t p = from + at, end = p + word.n;
        bool alone = (p == 0 || !in_word(line.p[p - 1]) || !in_word(line.p[p])) &&
                     (end == line.n || !in_word(line.p[end]) || !in_word(line.p[end - 1]));
        for (size_t c = p; alone && c < end; c++)
            marks[c] = true;
        from = end;
    }
}

/* Bytes of white space that all lines have in common; a blank line does not count. */
static size_t common_space(const struct code_in *in, size_t n)
{
    struct str first = STR_NONE;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct str t = in[i].text;
        size_t k = 0;
        if (str_trim(t).n == 0)
            continue;
        while (k < t.n && (t.p[k] == ' ' || t.p[k] == '\t') &&
               (!any || (k < first.n && t.p[k] == first.p[k])))
            k++;
        first = str_sub(t, 0, k);
        any = true;
    }
    return first.n;
}

static void cut_line(struct work *w, size_t i, size_t from, struct code_line_view *v)
{
    bool marks[CODE_LINE_MAX] = {false};
    struct str line = shown(&w->in[i]);
    const uint8_t *look = w->looks[i];
    bool cut = line.n < w->in[i].text.n;
    for (size_t m = 0; m < w->in[i].n_marks && m < CODE_MARKS_MAX; m++)
        mark_word(line, w->in[i].marks[m], marks);
    *v = (struct code_line_view){.no = w->in[i].no, .sign = w->in[i].sign, .how = w->in[i].how};
    v->runs = arena_array(w->a, line.n + 2, sizeof *v->runs);
    for (size_t at = from < line.n ? from : line.n; v->runs && at < line.n;) {
        size_t end = at + 1;
        /* What continues a character goes with it. */
        while (end < line.n && (((unsigned char)line.p[end] & 0xc0) == 0x80 ||
                                (look[end] == look[at] && marks[end] == marks[at])))
            end++;
        v->runs[v->n_runs++] =
            (struct code_run_view){look_names[look[at]], marks[at], str_sub(line, at, end - at)};
        at = end;
    }
    if (cut && v->runs)
        v->runs[v->n_runs++] = (struct code_run_view){"", false, STR(" ...")};
}

void highlight(struct arena *a, enum lang lang, const struct code_in *in, size_t n,
               struct code_line_view **ret, size_t *ret_n)
{
    struct work w = {.a = a, .lang = lang, .in = in, .n = n < CODE_LINES_MAX ? n : CODE_LINES_MAX};
    bool any_added = false;
    *ret_n = 0;
    *ret = arena_array(a, w.n + 1, sizeof **ret);
    for (size_t i = 0; i < w.n; i++) {
        any_added = any_added || in[i].side == '+';
        w.looks[i] = arena_alloc(a, CODE_LINE_MAX + 1);
        if (w.looks[i] == NULL || *ret == NULL)
            return;
    }
    read_side(&w, false);
    if (any_added)
        read_side(&w, true);
    size_t from = common_space(in, w.n);
    for (size_t i = 0; i < w.n; i++)
        cut_line(&w, i, from, &(*ret)[i]);
    *ret_n = arena_over(a) ? 0 : w.n;
}
