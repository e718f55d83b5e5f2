/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of a history.  Pure; runs in core and in the command.  The record was checked
 * (record.h), its texts are a stranger's all the same and are escaped here.
 */
#include "engine/affected/map.h"

#include <string.h>

#include "base/when.h"
#include "engine/svg.h"

#define LEFT        132 /* pixels: where the rows begin, their names before */
#define ROW         72
#define TOP         10
#define MARK_ROW    34
#define POINT_W     27
#define RUN_W       64
#define WIDTH_MIN   640
#define LETTER_W    6
#define TIP_H       40
#define LEGEND_H    26
#define LEGEND_TURN 560 /* it goes on in a second row behind that */
#define MARK_LANE   SIZE_MAX
#define KEEP_ALL    SIZE_MAX

enum kind { POINT, RUN, MIXED, TIP, INTRODUCED, FIX, BACKPORT, REVERT };

struct item {
    enum kind kind;
    size_t row;         /* MARK_LANE: the one of commits */
    const uint32_t *at; /* releases, n of them */
    size_t n;
    enum rec_status status;
    size_t count[REC_STATUSES];      /* MIXED */
    const struct rec_commit *commit; /* of INTRODUCED to REVERT */
    const struct rec_lane *lane;     /* of TIP */
    int64_t at_us;
    int x;
};

struct row {
    struct str name;
    const uint32_t *at;
    size_t n;
    const struct rec_lane *lane; /* NULL: several */
    int64_t *us;                 /* never falling */
    int y;
};

struct map {
    const struct record *r;
    const struct map_options *o;
    struct arena *a;
    struct buf *out;
    struct row *rows;
    size_t n_rows, more_lines; /* lines that are in no row */
    struct item *items;
    size_t n_items, room;
    bool marks_row;
    int width, height, axis_y;
};

/* ---- text ---- */

static void put_day(struct buf *b, int64_t at_us)
{
    AUTO(buf) struct buf t = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return;
    when_rfc3339(&t, at_us);
    buf_addf(b, ", %.10s", buf_c(&t));
}

static void put_why(struct buf *b, struct str rule, struct str why)
{
    if (rule.n || why.n)
        buf_adds(b, ". ");
    svg_text(b, rule, 40);
    if (rule.n && why.n)
        buf_adds(b, ": ");
    svg_text(b, why, MAP_TITLE / 2);
}

/* The two lines that a mark says. */
static void say_releases(const struct map *m, const struct item *i, struct buf *head,
                         struct buf *rest)
{
    const struct rec_release *f = &m->r->releases[i->at[0]];
    const struct rec_release *l = &m->r->releases[i->at[i->n - 1]];
    svg_name(head, f->tag, 60);
    if (i->n > 1) {
        buf_adds(head, " to ");
        svg_name(head, l->tag, 60);
        buf_addf(head, " (%zu releases)", i->n);
    } else {
        put_day(head, f->at_us);
    }
    buf_adds(head, ": ");
    if (i->kind != MIXED) {
        buf_adds(head, rec_status_words(i->status));
        put_why(rest, f->rule, f->why);
        if (f->confidence.n)
            buf_adds(rest, ". Confidence: ");
        svg_text(rest, f->confidence, 20);
        if (f->flagged)
            buf_adds(rest, ". Graph and content disagree");
        if (f->decided)
            buf_adds(rest, ". Decided by a person");
        return;
    }
    for (size_t s = 0, said = 0; s < REC_STATUSES; s++)
        if (i->count[s])
            buf_addf(head, "%s%zu %s", said++ ? ", " : "", i->count[s],
                     rec_status_words((enum rec_status)s));
}

static void say_tip(const struct item *i, struct buf *head)
{
    buf_adds(head, "branch ");
    svg_name(head, i->lane->name, 60);
    buf_adds(head, " at ");
    svg_text(head, str_sub(i->lane->tip_commit, 0, 12), 12);
    put_day(head, i->lane->tip_us);
    buf_addf(head, ": %s", rec_status_words(i->status));
}

static void say_commit(const struct item *i, struct buf *head, struct buf *rest)
{
    static const char *const what[] = {[INTRODUCED] = "introduced by ",
                                       [FIX] = "fixed by ",
                                       [BACKPORT] = "fix copied as ",
                                       [REVERT] = "fix taken back by "};
    const struct rec_commit *c = i->commit;
    buf_adds(head, what[i->kind]);
    svg_text(head, str_sub(c->commit, 0, 12), 12);
    put_day(head, c->at_us);
    if (c->of.n) {
        buf_adds(head, i->kind == REVERT ? ", a revert of " : ", a copy of ");
        svg_text(head, str_sub(c->of, 0, 12), 12);
    }
    put_why(rest, c->subject, c->why);
}

/* ---- rows ---- */

static bool uniform(const struct record *r, const struct rec_lane *l)
{
    if (l->has_tip)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        const struct rec_release *k = &r->releases[l->at[i]];
        if (k->status != r->releases[l->at[0]].status || k->flagged || k->decided ||
            k->status == REC_AFFECTED)
            return false;
    }
    return true;
}

static bool add_row(struct map *m, struct str name, const struct rec_lane *l, const uint32_t *at,
                    size_t n)
{
    struct row *w = &m->rows[m->n_rows];
    *w = (struct row){.name = name, .at = at, .n = n, .lane = l};
    w->us = arena_array(m->a, n + 1, sizeof *w->us);
    for (size_t i = 0; w->us && i < n; i++) {
        int64_t us = m->r->releases[at[i]].at_us;
        w->us[i] = i && us < w->us[i - 1] ? w->us[i - 1] : us;
    }
    m->n_rows++;
    return w->us != NULL;
}

static int by_date(const void *x, const void *y, void *arg)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    const struct rec_release *r = arg;
    if (r[a].at_us != r[b].at_us)
        return r[a].at_us < r[b].at_us ? -1 : 1;
    return a == b ? 0 : a < b ? -1 : 1;
}

/* Rows that are all alike, or too many, become one at the end. */
static enum rc make_rows(struct map *m, struct err *e)
{
    const struct record *r = m->r;
    bool fold = r->n_lanes > MAP_LANES;
    bool *in = arena_array(m->a, r->n_lanes + 1, sizeof *in);
    uint32_t *others = arena_array(m->a, r->n_releases + 1, sizeof *others);
    size_t n = 0, kept = 0;
    m->rows = arena_array(m->a, MAP_LANES_MAX + r->n_lanes + 2, sizeof *m->rows);
    if (!in || !others || !m->rows)
        return err_set(e, RC_LIMIT, "the map needs too much memory");
    for (size_t i = 0; i < r->n_lanes; i++) {
        in[i] = !fold || (!uniform(r, &r->lanes[i]) && kept < MAP_LANES_MAX);
        kept += in[i];
    }
    for (size_t i = 0; fold && i < r->n_lanes && kept < MAP_LANES; i++) {
        kept += !in[r->n_lanes - 1 - i];
        in[r->n_lanes - 1 - i] = true;
    }
    for (size_t i = 0; i < r->n_lanes; i++) {
        const struct rec_lane *l = &r->lanes[i];
        if (in[i] && !add_row(m, l->name, l, l->at, l->n))
            return err_set(e, RC_LIMIT, "the map needs too much memory");
        m->more_lines += !in[i];
        for (size_t k = 0; !in[i] && k < l->n && n < r->n_releases; k++)
            others[n++] = l->at[k];
    }
    qsort_r(others, n, sizeof *others, by_date, r->releases);
    struct str name = arena_strf(m->a, "%zu more lines", m->more_lines);
    if (n > 0 && !add_row(m, name, NULL, others, n))
        return err_set(e, RC_LIMIT, "the map needs too much memory");
    return RC_OK;
}

/* ---- items ---- */

static bool alike(const struct record *r, uint32_t a, uint32_t b)
{
    const struct rec_release *x = &r->releases[a], *y = &r->releases[b];
    return x->status == y->status && x->flagged == y->flagged && x->decided == y->decided;
}

static size_t run_length(const struct record *r, const uint32_t *at, size_t n)
{
    size_t k = 1;
    while (k < n && alike(r, at[0], at[k]))
        k++;
    return k;
}

static void add_item(struct map *m, size_t row, size_t from, size_t n)
{
    const struct row *w = &m->rows[row];
    if (m->items && m->n_items < m->room)
        m->items[m->n_items] = (struct item){.kind = n > 1 ? RUN : POINT,
                                             .row = row,
                                             .at = w->at + from,
                                             .n = n,
                                             .status = m->r->releases[w->at[from]].status,
                                             .at_us = w->us[from]};
    m->n_items++;
}

/* Of each run of releases that are alike, `keep` at both ends stay points of their own. */
static void row_items(struct map *m, size_t row, size_t keep)
{
    const struct row *w = &m->rows[row];
    for (size_t i = 0; i < w->n;) {
        size_t n = run_length(m->r, w->at + i, w->n - i), middle = 0;
        if (keep != KEEP_ALL && n > 2 * keep + 1)
            middle = n - 2 * keep;
        size_t before = middle ? keep : n;
        for (size_t k = 0; k < before; k++)
            add_item(m, row, i + k, 1);
        if (middle)
            add_item(m, row, i + keep, middle);
        for (size_t k = before + middle; k < n; k++)
            add_item(m, row, i + k, 1);
        i += n;
    }
}

/* Still too many: neighbours become one mark, whatever they are. */
static void row_mixed(struct map *m, size_t row, size_t most)
{
    const struct row *w = &m->rows[row];
    size_t each = (w->n + most - 1) / most;
    for (size_t i = 0; i < w->n; i += each) {
        size_t n = w->n - i < each ? w->n - i : each, at = m->n_items;
        add_item(m, row, i, n);
        if (!m->items || at >= m->room || run_length(m->r, w->at + i, n) == n)
            continue;
        m->items[at].kind = MIXED;
        for (size_t k = 0; k < n; k++)
            m->items[at].count[m->r->releases[w->at[i + k]].status]++;
    }
}

static void all_items(struct map *m, size_t keep, size_t most)
{
    m->n_items = 0;
    for (size_t i = 0; i < m->n_rows; i++) {
        bool others = m->more_lines && i + 1 == m->n_rows;
        if (most)
            row_mixed(m, i, most);
        else
            row_items(m, i, others ? 0 : keep);
    }
}

static size_t row_of(const struct map *m, struct str lane)
{
    for (size_t i = 0; lane.n && i < m->n_rows; i++)
        if (str_eq(m->rows[i].name, lane))
            return i;
    return MARK_LANE;
}

static void add_tips(struct map *m)
{
    for (size_t i = 0; i < m->n_rows && m->n_items < m->room; i++) {
        const struct rec_lane *l = m->rows[i].lane;
        int64_t last = m->rows[i].n ? m->rows[i].us[m->rows[i].n - 1] : 0;
        if (l && l->has_tip)
            m->items[m->n_items++] = (struct item){.kind = TIP,
                                                   .row = i,
                                                   .lane = l,
                                                   .status = l->tip,
                                                   .at_us = l->tip_us > last ? l->tip_us : last};
    }
}

static void add_marks(struct map *m, const struct rec_commit *c, size_t n, enum kind kind)
{
    for (size_t i = 0; i < n && i < MAP_MARKS && m->n_items < m->room; i++) {
        size_t row = row_of(m, c[i].lane);
        enum kind k = kind == FIX && c[i].of.n ? BACKPORT : kind;
        if (c[i].at_us == 0)
            continue;
        m->marks_row = m->marks_row || row == MARK_LANE;
        m->items[m->n_items++] =
            (struct item){.kind = k, .row = row, .commit = &c[i], .at_us = c[i].at_us};
    }
}

static enum rc make_items(struct map *m, size_t aim, struct err *e)
{
    static const size_t keep[] = {KEEP_ALL, 5, 3, 2, 1, 0};
    size_t most = 0, i = 0;
    m->items = NULL;
    for (; i < ARRAY_LEN(keep); i++) {
        all_items(m, keep[i], 0);
        if (m->n_items <= aim)
            break;
    }
    if (i == ARRAY_LEN(keep)) {
        i--;
        most = m->n_items > 2 * aim ? 1 + aim / (m->n_rows + 1) : 0;
        all_items(m, 0, most);
    }
    m->room = m->n_items + 3 * (size_t)MAP_MARKS + m->n_rows;
    m->items = arena_array(m->a, m->room + 1, sizeof *m->items);
    if (m->items == NULL)
        return err_set(e, RC_LIMIT, "the map needs too much memory");
    all_items(m, keep[i], most);
    m->marks_row = false;
    add_tips(m);
    add_marks(m, m->r->introduced, m->r->n_introduced, INTRODUCED);
    add_marks(m, m->r->fixes, m->r->n_fixes, FIX);
    add_marks(m, m->r->reverts, m->r->n_reverts, REVERT);
    return RC_OK;
}

/* ---- places ---- */

static int earlier(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    bool am = a->commit != NULL, bm = b->commit != NULL;
    if (am != bm)
        return am ? -1 : 1; /* a commit is before the release that holds it */
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return a->at == b->at ? 0 : a->at < b->at ? -1 : 1;
}

static int item_width(const struct item *i)
{
    return i->kind == RUN || i->kind == MIXED ? RUN_W : POINT_W;
}

/* Columns in the order of time; rows share one when it is about the same time. */
static void place(struct map *m)
{
    qsort(m->items, m->n_items, sizeof *m->items, earlier);
    int64_t span = m->n_items ? m->items[m->n_items - 1].at_us - m->items[0].at_us : 0;
    int x = LEFT;
    for (size_t i = 0; i < m->n_items;) {
        size_t n = 0;
        int w = 0;
        for (bool free_row = true; i + n < m->n_items; n++) {
            const struct item *k = &m->items[i + n];
            for (size_t p = 0; p < n; p++)
                free_row = free_row && m->items[i + p].row != k->row;
            bool other = (k->commit != NULL) != (m->items[i].commit != NULL);
            if (!free_row || other || (n && k->at_us - m->items[i].at_us > span / 40))
                break;
            w = item_width(k) > w ? item_width(k) : w;
        }
        for (size_t k = 0; k < n; k++)
            m->items[i + k].x = x + w / 2;
        x += w;
        i += n;
    }
    m->width = x + MAP_LABEL * LETTER_W; /* the last label leans out */
    if (m->width < WIDTH_MIN)
        m->width = WIDTH_MIN;
    int y = TOP + (m->marks_row ? MARK_ROW : 0);
    for (size_t i = 0; i < m->n_rows; i++, y += ROW)
        m->rows[i].y = y + ROW - 14;
    m->axis_y = y + 6;
    m->height = m->axis_y + 20 + TIP_H + 2 * LEGEND_H;
}

/* ---- drawing ---- */

static void put_shape(struct buf *b, enum rec_status s, int x, int y)
{
    switch (s) {
    case REC_AFFECTED:
        buf_addf(b, "<path class=\"map-a\" d=\"M%d %dl8 8-8 8-8-8z\"/>", x, y - 8);
        return;
    case REC_FIXED:
        buf_addf(b, "<circle class=\"map-f\" cx=\"%d\" cy=\"%d\" r=\"7\"/>", x, y);
        buf_addf(b, "<path class=\"map-t\" d=\"M%d %dl3 3 5-6\"/>", x - 4, y);
        return;
    case REC_NOT_AFFECTED:
        buf_addf(b, "<circle class=\"map-n\" cx=\"%d\" cy=\"%d\" r=\"4\"/>", x, y);
        return;
    default:
        buf_addf(b,
                 "<rect class=\"map-u\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>"
                 "<text class=\"map-q\" x=\"%d\" y=\"%d\">?</text>",
                 x - 7, y - 7, x, y + 4);
        return;
    }
}

static void put_mark(struct buf *b, enum kind kind, int x, int y)
{
    static const char letter[] = {
        [INTRODUCED] = 'I', [FIX] = 'F', [BACKPORT] = 'B', [REVERT] = 'R'};
    if (kind == INTRODUCED)
        buf_addf(b, "<path class=\"map-i\" d=\"M%d %dh20l-10 18z\"/>", x - 10, y - 9);
    else
        buf_addf(b, "<path class=\"map-x%s\" d=\"M%d %dh12l6 9-6 9h-12l-6-9z\"/>",
                 kind == BACKPORT || kind == REVERT ? " map-b" : "", x - 6, y - 9);
    buf_addf(b, "<text class=\"%s\" x=\"%d\" y=\"%d\">%c</text>",
             kind == INTRODUCED ? "map-w" : "map-q", x, y + (kind == INTRODUCED ? 3 : 4),
             letter[kind]);
}

/* Shown at the foot of the picture while the mark is pointed at or has the focus. */
static void put_tip(const struct map *m, int x, const struct buf *head, const struct buf *rest)
{
    size_t longest = head->n > rest->n ? head->n : rest->n;
    int w = (int)longest * LETTER_W, y = m->axis_y + 22;
    int left = x - w / 2 > 4 ? x - w / 2 : 4;
    if (left + w > m->width)
        left = m->width - w > 4 ? m->width - w : 4;
    buf_addf(m->out,
             "<g class=\"map-tip\" aria-hidden=\"true\"><rect x=\"0\" y=\"%d\" width=\"%d\" "
             "height=\"%d\"/><text x=\"%d\" y=\"%d\">",
             y, m->width, TIP_H, left, y + 16);
    buf_add(m->out, buf_str(head));
    buf_addf(m->out, "</text><text x=\"%d\" y=\"%d\">", left, y + 32);
    buf_add(m->out, str_starts(buf_str(rest), STR(". ")) ? str_sub(buf_str(rest), 2, rest->n)
                                                         : buf_str(rest));
    buf_adds(m->out, "</text></g>");
}

static void put_item(const struct map *m, const struct item *i)
{
    AUTO(buf) struct buf head = BUF_INIT(8 * MAP_TITLE);
    AUTO(buf) struct buf rest = BUF_INIT(8 * MAP_TITLE);
    struct buf *b = m->out;
    int y = i->row == MARK_LANE ? TOP + MARK_ROW / 2 : m->rows[i->row].y, x = i->x;
    bool link = m->o->link && i->n == 1;
    if (i->commit)
        say_commit(i, &head, &rest);
    else if (i->lane)
        say_tip(i, &head);
    else
        say_releases(m, i, &head, &rest);
    if (link)
        buf_addf(b, "<a class=\"map-o\" href=\"%s%u\" aria-label=\"", m->o->link, i->at[0]);
    else
        buf_adds(b, "<g class=\"map-o\" tabindex=\"0\" role=\"img\" aria-label=\"");
    buf_add(b, buf_str(&head));
    buf_add(b, buf_str(&rest));
    buf_adds(b, "\"><title>");
    buf_add(b, buf_str(&head));
    buf_add(b, buf_str(&rest));
    buf_adds(b, "</title>");
    buf_addf(b, "<rect class=\"map-hit\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"24\"/>",
             x - item_width(i) / 2 + 1, y - 12, item_width(i) - 2);
    if (i->commit) {
        put_mark(b, i->kind, x, y);
    } else if (i->lane) {
        put_shape(b, i->status, x, y);
        buf_addf(b, "<path class=\"map-e\" d=\"M%d %dv18\"/>", x + 12, y - 9);
    } else if (i->n == 1) {
        const struct rec_release *k = &m->r->releases[i->at[0]];
        put_shape(b, i->status, x, y);
        if (k->decided)
            buf_addf(b, "<path class=\"map-d\" d=\"M%d %dh16\"/>", x - 8, y + 12);
        buf_addf(b, "<text class=\"map-l\" transform=\"translate(%d %d)rotate(-36)\">", x + 2,
                 y - 12);
        if (k->flagged)
            buf_adds(b, "! ");
        svg_text(b, k->tag, MAP_LABEL);
        buf_adds(b, "</text>");
    } else {
        buf_addf(b,
                 "<rect class=\"map-p\" x=\"%d\" y=\"%d\" width=\"56\" height=\"22\" rx=\"11\"/>",
                 x - 28, y - 11);
        if (i->kind == MIXED)
            buf_addf(b, "<path class=\"map-m\" d=\"M%d %dh12v12z\"/>", x - 21, y - 6);
        else
            put_shape(b, i->status, x - 15, y);
        buf_addf(b, "<text class=\"map-c\" x=\"%d\" y=\"%d\">%zu</text>", x + 10, y + 4, i->n);
    }
    put_tip(m, x, &head, &rest);
    buf_adds(b, link ? "</a>" : "</g>");
}

static void put_rows(const struct map *m)
{
    struct buf *b = m->out;
    for (size_t r = 0; r < m->n_rows; r++) {
        int from = m->width, to = LEFT, y = m->rows[r].y;
        for (size_t i = 0; i < m->n_items; i++) {
            if (m->items[i].row != r)
                continue;
            from = m->items[i].x < from ? m->items[i].x : from;
            to = m->items[i].x > to ? m->items[i].x : to;
        }
        if (from <= to)
            buf_addf(b, "<path class=\"map-r\" d=\"M%d %dH%d\"/>", from, y, to);
        buf_addf(b, "<text class=\"map-s\" x=\"6\" y=\"%d\">", y + 4);
        svg_text(b, m->rows[r].name.n ? m->rows[r].name : STR("releases"), MAP_LABEL + 2);
        buf_adds(b, "</text>");
    }
}

static void put_axis(const struct map *m)
{
    int year = 0, last_x = -100;
    for (size_t i = 0; i < m->n_items; i++) {
        struct civil c;
        int x = m->items[i].x - item_width(&m->items[i]) / 2;
        if (m->items[i].at_us == 0)
            continue;
        when_civil(m->items[i].at_us, &c);
        if (c.year == year || x - last_x < 44)
            continue;
        year = c.year;
        last_x = x;
        buf_addf(m->out,
                 "<path class=\"map-y\" d=\"M%d %dV%d\"/>"
                 "<text class=\"map-g\" x=\"%d\" y=\"%d\">%d</text>",
                 x, TOP, m->axis_y, x + 3, m->axis_y + 12, year);
    }
}

static void put_legend(const struct map *m)
{
    int x = 16, y = m->axis_y + 20 + TIP_H + LEGEND_H / 2;
    struct buf *b = m->out;
    buf_adds(b, "<g aria-hidden=\"true\">");
    for (size_t i = 0; i < REC_STATUSES; i++) {
        put_shape(b, (enum rec_status)i, x, y);
        buf_addf(b, "<text class=\"map-k\" x=\"%d\" y=\"%d\">%s</text>", x + 14, y + 4,
                 rec_status_words((enum rec_status)i));
        x += 34 + (int)strlen(rec_status_words((enum rec_status)i)) * 7;
    }
    static const char *const marks[] = {[INTRODUCED] = "introducing commit",
                                        [FIX] = "fix",
                                        [BACKPORT] = "its copy",
                                        [REVERT] = "its revert"};
    enum kind last = m->r->n_reverts ? REVERT : BACKPORT;
    for (enum kind k = INTRODUCED; k <= last; k++) {
        if (k == INTRODUCED) {
            x = 16;
            y += LEGEND_H;
        }
        put_mark(b, k, x, y);
        buf_addf(b, "<text class=\"map-k\" x=\"%d\" y=\"%d\">%s</text>", x + 18, y + 4, marks[k]);
        x += 40 + (int)strlen(marks[k]) * 7;
    }
    buf_adds(b, "</g>");
}

static void put_desc(const struct map *m)
{
    struct buf *b = m->out;
    const size_t *n = m->r->count;
    buf_adds(b, "<title>Which releases are affected</title><desc>");
    buf_addf(b,
             "Releases in the order of time, a row for each line. %zu affected, %zu fixed, %zu "
             "not affected, %zu unknown.</desc>",
             n[REC_AFFECTED], n[REC_FIXED], n[REC_NOT_AFFECTED], n[REC_UNKNOWN]);
}

static void draw(const struct map *m)
{
    struct buf *b = m->out;
    buf_addf(b,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map\" width=\"%d\" height=\"%d\" "
             "viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"Which releases are affected\">",
             m->width, m->height, m->width, m->height);
    put_desc(m);
    if (m->o->standalone)
        buf_adds(b, svg_styles);
    put_axis(m);
    put_rows(m);
    for (size_t i = 0; i < m->n_items; i++)
        put_item(m, &m->items[i]);
    put_legend(m);
    buf_adds(b, m->o->standalone ? "</svg>\n" : "</svg>");
}

enum rc map_draw(const struct record *r, const struct map_options *o, struct arena *a,
                 struct buf *out, struct err *e)
{
    static const size_t aims[] = {MAP_ITEMS, MAP_ITEMS / 2, MAP_ITEMS / 4};
    struct map m = {.r = r, .o = o, .a = a};
    TRY(make_rows(&m, e));
    for (size_t i = 0; i < ARRAY_LEN(aims); i++) {
        AUTO(buf) struct buf b = BUF_INIT(MAP_MAX);
        m.out = &b;
        TRY(make_items(&m, aims[i], e));
        place(&m);
        draw(&m);
        if (b.over)
            continue;
        buf_add(out, buf_str(&b));
        return buf_ok(out, "the map", e);
    }
    return err_set(e, RC_LIMIT, "the map is too large");
}

enum rc map_runs(const struct record *r, struct arena *a, struct map_run **ret, size_t *ret_n,
                 struct err *e)
{
    size_t all = 0, n = 0;
    for (size_t i = 0; i < r->n_lanes; i++)
        all += r->lanes[i].n + r->lanes[i].has_tip;
    struct map_run *v = arena_array(a, all + 1, sizeof *v);
    if (v == NULL)
        return err_set(e, RC_LIMIT, "the table needs too much memory");
    for (size_t i = 0; i < r->n_lanes; i++) {
        const struct rec_lane *l = &r->lanes[i];
        for (size_t k = 0, len; k < l->n; k += len) {
            const struct rec_release *f = &r->releases[l->at[k]];
            len = run_length(r, l->at + k, l->n - k);
            v[n++] = (struct map_run){l->name,   l->at[k],   l->at[k + len - 1], len,
                                      f->status, f->flagged, f->decided};
        }
        if (l->has_tip)
            v[n++] = (struct map_run){.lane = l->name, .status = l->tip};
    }
    *ret = v;
    *ret_n = n;
    return RC_OK;
}
