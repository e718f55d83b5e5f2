/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line differences.  Runs in core; the texts may be a stranger's: sizes are bounded, every byte of
 * a line is only copied.
 */
#include "desk/diff.h"

struct side {
    struct str *line;
    size_t n;
};

static enum rc split(struct arena *a, struct str s, struct side *ret, struct err *e)
{
    size_t n = 0;
    struct str rest = s, line;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    if (n > DIFF_LINES)
        return err_set(e, RC_LIMIT, "a text has more than %d lines", DIFF_LINES);
    ret->line = arena_array(a, n + 2, sizeof *ret->line);
    TRY(arena_ok(a, "the lines of a text", e));
    ret->n = 0;
    while (str_cut(&rest, '\n', &line))
        ret->line[ret->n++] = line;
    return RC_OK;
}

/* The way back through the furthest points of each step, marking what goes and what comes. */
struct path {
    int *v; /* rows of 2 * DIFF_EDITS + 3 furthest points, one for each step */
    int steps;
};
#define ROW   (2 * (size_t)DIFF_EDITS + 3)
#define AT(d) ((size_t)((d) + DIFF_EDITS + 1))

/* Steps until both ends are reached; -1: more than DIFF_EDITS. */
static int forward(const struct side *o, const struct side *n, int *v, size_t rows)
{
    int on = (int)o->n, nn = (int)n->n;
    for (int d = 0; (size_t)d < rows; d++) {
        int *row = v + (size_t)d * ROW;
        const int *before = d > 0 ? row - ROW : row;
        for (int k = -d; k <= d; k += 2) {
            int x = 0;
            if (d > 0)
                x = k == -d || (k != d && before[AT(k - 1)] < before[AT(k + 1)])
                        ? before[AT(k + 1)]
                        : before[AT(k - 1)] + 1;
            int y = x - k;
            while (x < on && y < nn && str_eq(o->line[x], n->line[y])) {
                x++;
                y++;
            }
            row[AT(k)] = x;
            if (x >= on && y >= nn)
                return d;
        }
    }
    return -1;
}

static void backward(const struct side *o, const struct side *n, const int *v, int d, bool *goes,
                     bool *comes)
{
    int x = (int)o->n, y = (int)n->n;
    for (; d > 0; d--) {
        const int *before = v + (size_t)(d - 1) * ROW;
        int k = x - y;
        bool down = k == -d || (k != d && before[AT(k - 1)] < before[AT(k + 1)]);
        int from_k = down ? k + 1 : k - 1;
        x = before[AT(from_k)];
        y = x - from_k;
        if (down)
            comes[y] = true;
        else
            goes[x] = true;
    }
}

/* How many steps are worth their memory: few for short texts. */
static size_t rows_for(const struct side *o, const struct side *n)
{
    size_t most = o->n + n->n + 1;
    return most < DIFF_EDITS ? most : DIFF_EDITS;
}

static enum rc mark(struct arena *a, const struct side *o, const struct side *n, bool *goes,
                    bool *comes, struct err *e)
{
    size_t rows = rows_for(o, n);
    int *v = mem_zalloc(rows * ROW * sizeof *v);
    int d = forward(o, n, v, rows);
    if (d >= 0) {
        backward(o, n, v, d, goes, comes);
    } else {
        memset(goes, true, o->n);
        memset(comes, true, n->n);
    }
    free(v);
    return arena_ok(a, "a difference", e);
}

struct writer {
    struct arena *a;
    const struct side *o, *n;
    const bool *goes, *comes;
    struct diff *d;
    size_t x, y; /* next line of either side */
};

static void put(struct writer *w, char op, struct str text, size_t old, size_t new)
{
    w->d->lines[w->d->n++] = (struct diff_line){op, text, (unsigned)old, (unsigned)new};
}

static bool changed_here(const struct writer *w, size_t x, size_t y)
{
    return (x < w->o->n && w->goes[x]) || (y < w->n->n && w->comes[y]);
}

/* Equal lines from here; at most DIFF_CTX * 2 + 1 are counted. */
static size_t equal_run(const struct writer *w, size_t x, size_t y)
{
    size_t n = 0;
    while (n <= 2 * DIFF_CTX && x + n < w->o->n && y + n < w->n->n &&
           !changed_here(w, x + n, y + n))
        n++;
    return n;
}

/* One hunk that begins with up to DIFF_CTX equal lines before (x, y). */
static void hunk(struct writer *w)
{
    size_t lead = w->x < DIFF_CTX ? w->x : DIFF_CTX, head = w->d->n;
    size_t x0 = w->x - lead, y0 = w->y - lead;
    put(w, '@', STR_NONE, 0, 0);
    for (size_t i = 0; i < lead; i++)
        put(w, ' ', w->o->line[x0 + i], x0 + i + 1, y0 + i + 1);
    for (;;) {
        for (; w->x < w->o->n && w->goes[w->x]; w->x++, w->d->removed++)
            put(w, '-', w->o->line[w->x], w->x + 1, 0);
        for (; w->y < w->n->n && w->comes[w->y]; w->y++, w->d->added++)
            put(w, '+', w->n->line[w->y], 0, w->y + 1);
        size_t run = equal_run(w, w->x, w->y);
        bool more = run <= 2 * DIFF_CTX && changed_here(w, w->x + run, w->y + run);
        size_t show = more || run < DIFF_CTX ? run : DIFF_CTX;
        for (size_t i = 0; i < show; i++, w->x++, w->y++)
            put(w, ' ', w->o->line[w->x], w->x + 1, w->y + 1);
        if (!more)
            break;
    }
    size_t old_n = w->x - x0, new_n = w->y - y0;
    w->d->lines[head].text = arena_strf(w->a, "@@ -%zu,%zu +%zu,%zu @@", x0 + (old_n > 0), old_n,
                                        y0 + (new_n > 0), new_n);
}

static void write_hunks(struct writer *w)
{
    while (w->x < w->o->n || w->y < w->n->n) {
        if (changed_here(w, w->x, w->y)) {
            hunk(w);
        } else {
            w->x++;
            w->y++;
        }
    }
}

static bool no_end(struct str s)
{
    return s.n > 0 && s.p[s.n - 1] != '\n';
}

enum rc diff_texts(struct arena *a, struct str old, struct str new, struct diff *ret_d,
                   struct err *e)
{
    struct side o, n;
    struct diff d = {.old_no_end = no_end(old), .new_no_end = no_end(new)};
    TRY(split(a, old, &o, e));
    TRY(split(a, new, &n, e));
    bool *goes = arena_array(a, o.n + 1, sizeof *goes);
    bool *comes = arena_array(a, n.n + 1, sizeof *comes);
    /* Each line at most once, an "@@" for each change at most. */
    d.lines = arena_array(a, 2 * (o.n + n.n) + 2, sizeof *d.lines);
    TRY(arena_ok(a, "a difference", e));
    TRY(mark(a, &o, &n, goes, comes, e));
    struct writer w = {.a = a, .o = &o, .n = &n, .goes = goes, .comes = comes, .d = &d};
    /* A last line that only lost or got its end is a change. */
    if (d.old_no_end != d.new_no_end && o.n > 0 && n.n > 0 && !goes[o.n - 1] && !comes[n.n - 1])
        goes[o.n - 1] = comes[n.n - 1] = true;
    write_hunks(&w);
    TRY(arena_ok(a, "a difference", e));
    *ret_d = d;
    return RC_OK;
}

void diff_unified(const struct diff *d, struct str file, struct buf *b)
{
    if (d->n == 0)
        return;
    unsigned last_old = 0, last_new = 0;
    for (size_t i = 0; i < d->n; i++) {
        last_old = d->lines[i].old > last_old ? d->lines[i].old : last_old;
        last_new = d->lines[i].new > last_new ? d->lines[i].new : last_new;
    }
    buf_addf(b, "--- a/%.*s\n+++ b/%.*s\n", STR_ARG(file), STR_ARG(file));
    for (size_t i = 0; i < d->n; i++) {
        const struct diff_line *l = &d->lines[i];
        if (l->op != '@')
            buf_addc(b, l->op);
        buf_add(b, l->text);
        buf_addc(b, '\n');
        bool old_end = d->old_no_end && l->op == '-' && l->old == last_old;
        bool new_end = d->new_no_end && l->op == '+' && l->new == last_new;
        if (old_end || new_end)
            buf_adds(b, "\\ No newline at end of file\n");
    }
}
