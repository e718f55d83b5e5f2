/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a unified diff, and a file with conflicts, for the page of a backport.  Runs in core.  Both
 * are made of a stranger's code: any bytes, lengths that are checked here; the templates escape.
 */
#include "web/sides.h"

#include <string.h>

#include "base/buf.h"
#include "web/beside.h"

#define WORDS_MAX 48 /* of a line that are compared for marks */

/* A line of a hunk. */
struct dline {
    char sign; /* ' ', '-', '+'; '\\': no line end */
    uint32_t old_no, new_no;
    struct str text;
    const struct str *marks;
    size_t n_marks;
};

struct reader {
    struct arena *a;
    struct str rest, line;
    struct sides *out;
    size_t room;         /* lines that may still be shown */
    struct dline *lines; /* of the hunk at hand, SIDES_LINES of them */
    size_t n;
    struct str old_path;
};

/* ---- the words that changed ---- */

static bool in_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t words_of(struct str s, struct str *words)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < WORDS_MAX;) {
        size_t from = i;
        while (i < s.n && in_word(s.p[i]))
            i++;
        if (i > from)
            words[n++] = str_sub(s, from, i - from);
        else
            i++;
    }
    return n;
}

static bool among(struct str word, const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(words[i], word))
            return true;
    return false;
}

/* Words of x that y has not. */
static void mark_words(struct arena *a, struct dline *x, const struct str *mine, size_t n,
                       const struct str *theirs, size_t n_theirs)
{
    struct str *marks = arena_array(a, n + 1, sizeof *marks);
    for (size_t i = 0; marks && i < n; i++)
        if (!among(mine[i], theirs, n_theirs) && !among(mine[i], marks, x->n_marks))
            marks[x->n_marks++] = mine[i];
    x->marks = marks;
}

static void mark_pair(struct arena *a, struct dline *x, struct dline *y)
{
    struct str of_x[WORDS_MAX], of_y[WORDS_MAX];
    size_t n_x = words_of(x->text, of_x), n_y = words_of(y->text, of_y);
    mark_words(a, x, of_x, n_x, of_y, n_y);
    mark_words(a, y, of_y, n_y, of_x, n_x);
}

/* ---- rows of a hunk ---- */

static const struct code_line_view no_line = {.sign = "", .how = "gap"};

/* Lines from..from+n_del were replaced by the n_add behind them. */
struct change {
    size_t from, n_del, n_add;
};

static void add_row(struct side_hunk_view *h, const struct code_line_view *l,
                    const struct code_line_view *r, bool same)
{
    h->rows[h->n_rows++] = (struct side_row_view){.l = l ? *l : no_line,
                                                  .r = r ? *r : no_line,
                                                  .l_gap = l == NULL,
                                                  .r_gap = r == NULL,
                                                  .same = same};
}

/* Which line stands beside which; marks what differs in those that are alike. */
static struct beside_row *pair(struct arena *a, struct dline *lines, const struct change *c,
                               size_t *ret_n)
{
    struct str *old = arena_array(a, c->n_del + 1, sizeof *old);
    struct str *new = arena_array(a, c->n_add + 1, sizeof *new);
    struct beside_row *rows = NULL;
    *ret_n = 0;
    if (old == NULL || new == NULL || c->n_del > BESIDE_LINES_MAX || c->n_add > BESIDE_LINES_MAX)
        return NULL;
    for (size_t i = 0; i < c->n_del; i++)
        old[i] = lines[c->from + i].text;
    for (size_t i = 0; i < c->n_add; i++)
        new[i] = lines[c->from + c->n_del + i].text;
    (void)beside(a, &(struct beside_text){old, c->n_del, 0},
                 &(struct beside_text){new, c->n_add, 0}, &rows, ret_n);
    for (size_t i = 0; i < *ret_n; i++)
        if (rows[i].how == BESIDE_LIKE)
            mark_pair(a, &lines[c->from + rows[i].a], &lines[c->from + c->n_del + rows[i].b]);
    return rows;
}

static struct change change_at(const struct dline *lines, size_t n, size_t from)
{
    struct change c = {.from = from};
    while (from + c.n_del < n && lines[from + c.n_del].sign == '-')
        c.n_del++;
    while (from + c.n_del + c.n_add < n && lines[from + c.n_del + c.n_add].sign == '+')
        c.n_add++;
    return c;
}

static void change_rows(const struct change *c, const struct beside_row *rows, size_t n,
                        const struct code_line_view *views, struct side_hunk_view *h)
{
    const struct code_line_view *old = views + c->from, *new = old + c->n_del;
    for (size_t i = 0; i < n; i++)
        add_row(h, rows[i].a == BESIDE_NONE ? NULL : &old[rows[i].a],
                rows[i].b == BESIDE_NONE ? NULL : &new[rows[i].b], false);
    /* Too many to be compared. */
    for (size_t i = 0; n == 0 && (i < c->n_del || i < c->n_add); i++)
        add_row(h, i < c->n_del ? &old[i] : NULL, i < c->n_add ? &new[i] : NULL, false);
}

static void code_of(const struct dline *d, struct code_in *in)
{
    bool add = d->sign == '+', del = d->sign == '-';
    *in = (struct code_in){.no = add ? d->new_no : d->old_no,
                           .side = add || del ? d->sign : ' ',
                           .sign = add               ? "+"
                                   : del             ? "-"
                                   : d->sign == '\\' ? "\\"
                                                     : " ",
                           .how = add               ? "add"
                                  : del             ? "del"
                                  : d->sign == '\\' ? "end"
                                                    : "",
                           .text = d->text,
                           .marks = d->marks,
                           .n_marks = d->n_marks};
}

struct paired {
    struct change c;
    struct beside_row *rows;
    size_t n;
};

/* At most CODE_LINES_MAX lines; they become rows of h. */
static void piece(struct arena *a, enum lang lang, struct dline *lines, size_t n,
                  struct side_hunk_view *h)
{
    struct code_line_view *views;
    size_t n_views, n_changes = 0;
    struct code_in *in = arena_array(a, n + 1, sizeof *in);
    struct paired *changes = arena_array(a, n + 1, sizeof *changes);
    if (in == NULL || changes == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        if (lines[i].sign != '-' && lines[i].sign != '+')
            continue;
        struct paired *p = &changes[n_changes++];
        p->c = change_at(lines, n, i);
        p->rows = pair(a, lines, &p->c, &p->n);
        i += p->c.n_del + p->c.n_add - 1;
    }
    for (size_t i = 0; i < n; i++)
        code_of(&lines[i], &in[i]);
    highlight(a, lang, in, n, &views, &n_views);
    if (n_views != n)
        return;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (k < n_changes && changes[k].c.from == i) {
            change_rows(&changes[k].c, changes[k].rows, changes[k].n, views, h);
            i += changes[k].c.n_del + changes[k].c.n_add - 1;
            k++;
            continue;
        }
        struct code_line_view right = views[i];
        right.no = lines[i].new_no;
        add_row(h, &views[i], &right, true);
    }
}

static void end_hunk(struct reader *r, struct side_file_view *f, struct str where)
{
    if (r->n == 0)
        return;
    struct side_hunk_view *h = &f->hunks[f->n_hunks];
    *h = (struct side_hunk_view){.where = where};
    h->rows = arena_array(r->a, r->n + 1, sizeof *h->rows);
    for (size_t i = 0; h->rows && i < r->n; i += CODE_LINES_MAX)
        piece(r->a, lang_of(f->path, STR_NONE), r->lines + i,
              r->n - i < CODE_LINES_MAX ? r->n - i : CODE_LINES_MAX, h);
    f->n_hunks++;
    r->n = 0;
}

/* ---- reading ---- */

static bool digits(struct str *s, uint64_t *ret)
{
    size_t n = 0;
    while (n < s->n && ascii_is_digit(s->p[n]))
        n++;
    if (num_parse(str_sub(*s, 0, n), 0, UINT32_MAX / 2, "a line", ret, NULL) != RC_OK)
        return false;
    *s = str_sub(*s, n, s->n);
    return true;
}

/* "-12,7" to two numbers; without a comma the second is 1. */
static bool range(struct str *s, char sign, uint64_t *at, uint64_t *n)
{
    *n = 1;
    if (s->n == 0 || s->p[0] != sign)
        return false;
    *s = str_sub(*s, 1, s->n);
    if (!digits(s, at))
        return false;
    if (s->n == 0 || s->p[0] != ',')
        return true;
    *s = str_sub(*s, 1, s->n);
    return digits(s, n);
}

struct hunk_head {
    uint64_t old_at, old_n, new_at, new_n;
    struct str in; /* function that git names */
};

static bool hunk_head(struct str line, struct hunk_head *h)
{
    if (!str_starts(line, STR("@@ ")))
        return false;
    struct str s = str_sub(line, 3, line.n);
    if (!range(&s, '-', &h->old_at, &h->old_n) || !str_starts(s, STR(" ")))
        return false;
    s = str_sub(s, 1, s.n);
    if (!range(&s, '+', &h->new_at, &h->new_n) || !str_starts(s, STR(" @@")))
        return false;
    h->in = str_trim(str_sub(s, 3, s.n));
    return true;
}

static struct str where_of(struct arena *a, const struct hunk_head *h)
{
    unsigned long long first = h->new_n ? h->new_at : h->old_at;
    unsigned long long n = h->new_n ? h->new_n : h->old_n;
    struct str in = str_sub(h->in, 0, 120);
    return arena_strf(a, "line%s %llu%s%.0llu%s%.*s", n > 1 ? "s" : "", first, n > 1 ? " to " : "",
                      n > 1 ? first + n - 1 : 0, in.n ? ", in " : "", STR_ARG(in));
}

/* "a/NAME\tdate" to NAME; /dev/null to nothing. */
static struct str name_of(struct str s)
{
    size_t tab = str_chr(s, '\t');
    s = str_trim(str_sub(s, 0, tab));
    if (str_eq(s, STR("/dev/null")))
        return STR_NONE;
    return str_starts(s, STR("a/")) || str_starts(s, STR("b/")) ? str_sub(s, 2, s.n) : s;
}

static bool next_line(struct reader *r)
{
    struct str all = r->rest;
    if (all.n == 0)
        return false;
    size_t n = str_chr(all, '\n');
    r->line = str_sub(all, 0, n);
    r->rest = n == STR_NPOS ? STR_NONE : str_sub(all, n + 1, all.n);
    return true;
}

/* The lines of a hunk as its head counts them; stops where they do not add up. */
static void read_hunk(struct reader *r, struct side_file_view *f, const struct hunk_head *h)
{
    uint64_t old_left = h->old_n, new_left = h->new_n;
    uint32_t old_no = (uint32_t)h->old_at, new_no = (uint32_t)h->new_at;
    struct str before;
    while (before = r->rest, next_line(r)) {
        char sign = r->line.n ? r->line.p[0] : ' ';
        bool in_old = sign == ' ' || sign == '-', in_new = sign == ' ' || sign == '+';
        bool end = sign == '\\';
        if ((!in_old && !in_new && !end) || (in_old && old_left == 0) ||
            (in_new && new_left == 0)) {
            r->rest = before;
            break;
        }
        f->added += sign == '+';
        f->removed += sign == '-';
        old_left -= in_old;
        new_left -= in_new;
        if (r->room == 0) {
            r->out->cut = true;
        } else {
            r->room--;
            r->lines[r->n++] =
                (struct dline){.sign = sign,
                               .old_no = in_old ? old_no : 0,
                               .new_no = in_new ? new_no : 0,
                               .text = end ? STR("no line end at the end of the file")
                                           : str_sub(r->line, 1, r->line.n)};
        }
        old_no += in_old;
        new_no += in_new;
    }
    end_hunk(r, f, where_of(r->a, h));
}

/* What git says of a file before its hunks. */
static void head_line(struct reader *r, struct side_file_view *f)
{
    static const struct {
        const char *begins, *note;
        bool rest;
    } notes[] = {{"new file mode 120000", "new link", false},
                 {"new file mode 160000", "new submodule", false},
                 {"new file", "new file", false},
                 {"deleted file", "deleted", false},
                 {"rename from ", "renamed from ", true},
                 {"copy from ", "copied from ", true},
                 {"old mode ", "mode was ", true},
                 {"Binary files ", "binary, not shown", false},
                 {"GIT binary patch", "binary, not shown", false}};
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        struct str begins = str_c(notes[i].begins);
        if (!str_starts(r->line, begins))
            continue;
        struct str more = notes[i].rest ? str_sub(r->line, begins.n, 300) : STR_NONE;
        f->note = arena_strf(r->a, "%.*s%s%s%.*s", STR_ARG(f->note), f->note.n ? ", " : "",
                             notes[i].note, STR_ARG(more));
        return;
    }
}

static size_t count_hunks(struct str rest)
{
    struct str line;
    size_t n = 0;
    while (str_cut(&rest, '\n', &line)) {
        if (str_starts(line, STR("diff --git ")))
            break;
        n += str_starts(line, STR("@@ "));
    }
    return n;
}

static struct side_file_view *begin_file(struct reader *r, struct str path)
{
    struct sides *s = r->out;
    if (s->n_files == SIDES_FILES) {
        s->cut = true;
        return NULL;
    }
    struct side_file_view *f = &s->files[s->n_files];
    *f = (struct side_file_view){.path = path};
    f->hunks = arena_array(r->a, count_hunks(r->rest) + 1, sizeof *f->hunks);
    if (f->hunks == NULL)
        return NULL;
    s->n_files++;
    return f;
}

/* "diff --git a/X b/X": the half behind " b/"; what "+++" says is better and comes later. */
static struct str git_name(struct str line)
{
    struct str s = str_sub(line, 11, line.n), best = s;
    for (size_t from = 0, at; (at = str_find(str_sub(s, from, s.n), STR(" b/"))) != STR_NPOS;) {
        from += at + 3;
        best = str_sub(s, from, s.n);
        if (2 * best.n + 5 == s.n) /* both names are the same: that is it */
            break;
    }
    return best;
}

void sides_of_diff(struct arena *a, struct str diff, struct sides *ret)
{
    struct reader r = {.a = a, .rest = diff, .out = ret, .room = SIDES_LINES};
    struct side_file_view *f = NULL;
    struct hunk_head h;
    bool named = false; /* by a "diff --git" line, its "+++" is still to come */
    *ret = (struct sides){.n_files = 0};
    ret->files = arena_array(a, SIDES_FILES, sizeof *ret->files);
    r.lines = arena_array(a, SIDES_LINES, sizeof *r.lines);
    if (ret->files == NULL || r.lines == NULL)
        return;
    while (!arena_over(a) && next_line(&r)) {
        if (str_starts(r.line, STR("diff --git "))) {
            f = begin_file(&r, git_name(r.line));
            named = true;
        } else if (str_starts(r.line, STR("--- "))) {
            r.old_path = name_of(str_sub(r.line, 4, r.line.n));
        } else if (str_starts(r.line, STR("+++ "))) {
            struct str path = name_of(str_sub(r.line, 4, r.line.n));
            path = path.n ? path : r.old_path;
            if (!named)
                f = begin_file(&r, path);
            else if (f && path.n)
                f->path = path;
            named = false;
        } else if (f && hunk_head(r.line, &h)) {
            read_hunk(&r, f, &h);
        } else if (f) {
            head_line(&r, f);
        }
    }
    if (arena_over(a))
        ret->n_files = 0;
}

/* ---- conflicts ---- */

enum part { PART_NONE, PART_RELEASE, PART_BASE, PART_FIX };

static bool is_marker(struct str line, char c)
{
    for (size_t i = 0; i < 7; i++)
        if (i >= line.n || line.p[i] != c)
            return false;
    return line.n == 7 || line.p[7] == ' ';
}

/* The part that begins behind this line, when it is a marker. */
static bool marker(struct str line, enum part now, enum part *ret)
{
    if (now == PART_NONE && is_marker(line, '<'))
        *ret = PART_RELEASE;
    else if (now == PART_RELEASE && is_marker(line, '|'))
        *ret = PART_BASE;
    else if ((now == PART_RELEASE || now == PART_BASE) && is_marker(line, '='))
        *ret = PART_FIX;
    else if (now == PART_FIX && is_marker(line, '>'))
        *ret = PART_NONE;
    else
        return false;
    return true;
}

struct conflict_reader {
    struct arena *a;
    enum lang lang;
    struct code_in window[CODE_LINES_MAX]; /* of the region at hand, and what stands before it */
    size_t n;
    size_t after; /* lines behind a region that are still to be taken */
    bool has;     /* there is a region in the window */
    uint32_t at;
};

static void end_region(struct conflict_reader *r, struct side_conflicts *out)
{
    if (r->has && out->n_regions < SIDES_REGIONS) {
        struct side_conflict_view *v = &out->regions[out->n_regions++];
        v->where = arena_strf(r->a, "line %u", r->at);
        highlight(r->a, r->lang, r->window, r->n, &v->lines, &v->n_lines);
    } else if (r->has) {
        out->cut = true;
    }
    r->has = false;
    r->n = 0;
}

static void take(struct conflict_reader *r, struct side_conflicts *out, const struct code_in *in)
{
    if (r->n == CODE_LINES_MAX) {
        out->cut = true;
        return;
    }
    r->window[r->n++] = *in;
}

/* Lines outside of conflicts: the last ones before one, the first ones behind it. */
static void outside(struct conflict_reader *r, struct side_conflicts *out, const struct code_in *in)
{
    if (r->has && r->after == 0)
        end_region(r, out);
    if (r->has) {
        r->after--;
        take(r, out, in);
        return;
    }
    if (r->n == SIDES_AROUND)
        memmove(r->window, r->window + 1, (SIDES_AROUND - 1) * sizeof *r->window);
    else
        r->n++;
    r->window[r->n - 1] = *in;
}

void sides_of_conflict(struct arena *a, struct str path, struct str text,
                       struct side_conflicts *ret)
{
    static const char *const hows[] = {"", "ours", "was", "theirs"};
    static const char *const signs[] = {" ", "R", "B", "F"};
    static const char sides[] = {' ', '-', '-', '+'};
    struct conflict_reader *r = arena_alloc(a, sizeof *r);
    enum part part = PART_NONE, next = PART_NONE;
    struct str line;
    uint32_t no = 0;
    *ret = (struct side_conflicts){.n_regions = 0};
    ret->regions = arena_array(a, SIDES_REGIONS, sizeof *ret->regions);
    if (r == NULL || ret->regions == NULL)
        return;
    r->a = a;
    r->lang = lang_of(path, STR_NONE);
    while (str_line(&text, &line)) {
        bool mark = marker(line, part, &next);
        /* The numbers are those of the release's file. */
        no += !mark && (part == PART_NONE || part == PART_RELEASE);
        struct code_in in = {.no = !mark && part <= PART_RELEASE ? no : 0,
                             .side = sides[part],
                             .sign = mark ? "" : signs[part],
                             .how = mark ? "edge" : hows[part],
                             .text = line};
        if (mark && next == PART_RELEASE && part == PART_NONE) {
            if (!r->has)
                r->at = no + 1;
            r->has = true;
        }
        if (mark || part != PART_NONE)
            take(r, ret, &in);
        else
            outside(r, ret, &in);
        if (!mark)
            continue;
        part = next;
        r->after = SIDES_AROUND;
    }
    end_region(r, ret);
    if (arena_over(a))
        ret->n_regions = 0;
}
