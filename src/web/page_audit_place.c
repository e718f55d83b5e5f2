/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One place of an audit: its code beside the original, why it is on the list, what was decided.
 * Runs in core.  Code, paths and words come out of a stranger's repository; the templates escape
 * them.
 */
#include "web/page_audit.h"

#include "web/beside.h"
#include "web/words.h"

struct str audit_actor_words(struct str actor)
{
    if (str_starts(actor, STR("handler:")))
        return str_sub(actor, 8, actor.n);
    return str_starts(actor, STR("cli:")) ? STR("the command line") : actor;
}

const char *audit_verdict_kind(enum audit_verdict v)
{
    static const char *const kinds[AUDIT_VERDICTS] = {[AUDIT_OPEN] = "calm",
                                                      [AUDIT_SAME_FLAW] = "bad",
                                                      [AUDIT_SAFE] = "ok",
                                                      [AUDIT_UNSURE] = "warn"};
    return kinds[v];
}

struct str audit_title(const struct maker *m, struct str repo, struct str path, int64_t line)
{
    return arena_strf(m->a, "%.*s%s%.*s:%lld", STR_ARG(repo), repo.n ? ": " : "", STR_ARG(path),
                      (long long)line);
}

/* ---- the code of the place and the original ---- */

/* A run of lines of something longer. */
struct window {
    size_t from, n;
};

static struct window window_of(const struct find_hit *h, bool whole)
{
    int64_t at = h->line - h->code_start;
    if (whole || at < 0 || (size_t)at >= h->n_code)
        return (struct window){0, h->n_code};
    size_t line = (size_t)at, from = line > AUDIT_BEFORE ? line - AUDIT_BEFORE : 0;
    size_t end = line + AUDIT_AFTER + 1 < h->n_code ? line + AUDIT_AFTER + 1 : h->n_code;
    return (struct window){from, end - from};
}

/* The lines around one change, from a line on; changes that are close to each other are one.  Of a
 * marked region all of it.  n 0: there is no further change. */
static struct window change_of(const struct find_seed *s, size_t from, bool whole)
{
    size_t around = whole ? AUDIT_CONTEXT_WHOLE : AUDIT_CONTEXT;
    size_t most = whole ? FIND_LINES_MAX : AUDIT_THERE;
    size_t first = from, last, end;
    while (first < s->n_lines && s->lines[first].sign == ' ')
        first++;
    if (first == s->n_lines)
        return from ? (struct window){s->n_lines, 0}
                    : (struct window){0, s->n_lines < most ? s->n_lines : most};
    last = first;
    for (size_t i = first; i < s->n_lines && i <= last + 2 * AUDIT_CONTEXT; i++)
        last = s->lines[i].sign == ' ' ? last : i;
    end = last + around + 1 < s->n_lines ? last + around + 1 : s->n_lines;
    first = first > around ? first - around : 0;
    return (struct window){first, end - first < most ? end - first : most};
}

/* The first line behind a change: where the next one is looked for. */
static size_t behind(const struct find_seed *s, struct window w)
{
    size_t at = w.from + w.n;
    while (at > w.from && s->lines[at - 1].sign == ' ')
        at--;
    return at > w.from ? at : w.from + w.n;
}

struct pairing {
    const struct find_hit *h;
    const struct find_seed *s;
    struct window here, there;
    struct beside_row *rows;
    size_t n;
    double alike;
};

static size_t first_change(const struct find_seed *s, struct window w)
{
    size_t i = w.from;
    while (i < w.from + w.n && s->lines[i].sign == ' ')
        i++;
    return i < w.from + w.n ? i - w.from : w.n / 2;
}

static void pair(const struct maker *m, struct pairing *p)
{
    struct str *lines = arena_array(m->a, p->there.n + 1, sizeof *lines);
    int64_t at = p->h->line - p->h->code_start - (int64_t)p->here.from;
    struct beside_text here = {p->h->code + p->here.from, p->here.n, at > 0 ? (size_t)at : 0};
    struct beside_text there = {lines, p->there.n, p->s ? first_change(p->s, p->there) : 0};
    for (size_t i = 0; lines && i < p->there.n; i++)
        lines[i] = p->s->lines[p->there.from + i].text;
    if (lines)
        p->alike = beside(m->a, &here, &there, &p->rows, &p->n);
}

/* The change that the place is most like; the first of equals. */
static struct pairing best_pairing(const struct maker *m, const struct find_record *r,
                                   const struct find_hit *h, bool whole)
{
    struct pairing best = {.s = NULL};
    size_t looked = 0;
    for (size_t i = 0; i < r->n_seeds; i++) {
        const struct find_seed *s = &r->seeds[i];
        struct window w = change_of(s, 0, whole);
        for (; w.n && looked < AUDIT_SEEDS; w = change_of(s, behind(s, w), whole)) {
            struct pairing p = {.h = h, .s = s, .here = window_of(h, whole), .there = w};
            looked++;
            pair(m, &p);
            if (best.s == NULL || p.alike > best.alike)
                best = p;
        }
    }
    return best;
}

/* A bracket that comes again is no reason to look at it. */
static bool has_word(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (ascii_is_alnum(line.p[i]))
            return true;
    return false;
}

static const char *row_class(const struct beside_row *row, struct str line)
{
    if (row->how == BESIDE_APART || !has_word(line))
        return "";
    return row->how == BESIDE_SAME ? "same" : "like";
}

static void here_line(const struct pairing *p, const struct beside_row *row, struct code_in *in)
{
    static const char *const signs[] = {
        [BESIDE_APART] = " ", [BESIDE_LIKE] = "~", [BESIDE_SAME] = "="};
    *in = (struct code_in){.side = ' ', .sign = "", .how = "gap", .text = STR_NONE};
    if (row->a == BESIDE_NONE)
        return;
    size_t i = p->here.from + row->a;
    int64_t no = p->h->code_start + (int64_t)i;
    *in = (struct code_in){.no = (uint32_t)no,
                           .side = ' ',
                           .sign = str_trim(p->h->code[i]).n ? signs[row->how] : " ",
                           .how = no == p->h->line ? "at" : row_class(row, p->h->code[i]),
                           .text = p->h->code[i]};
    for (size_t k = 0; k < p->h->n_marks; k++) {
        if (p->h->marks[k].line != no)
            continue;
        in->marks = p->h->marks[k].words;
        in->n_marks = p->h->marks[k].n_words;
    }
}

static void there_line(const struct pairing *p, const struct beside_row *row, struct code_in *in)
{
    *in = (struct code_in){.side = ' ', .sign = "", .how = "gap", .text = STR_NONE};
    if (row->b == BESIDE_NONE)
        return;
    const struct find_seed_line *l = &p->s->lines[p->there.from + row->b];
    bool added = l->sign == '+', removed = l->sign == '-';
    *in = (struct code_in){.no = (uint32_t)(added || l->old_no == 0 ? l->new_no : l->old_no),
                           .side = l->sign,
                           .sign = added     ? "+"
                                   : removed ? "-"
                                             : " ",
                           .how = added     ? "add"
                                  : removed ? "del"
                                            : row_class(row, l->text),
                           .text = l->text};
    if (added) {
        in->marks = p->h->missing;
        in->n_marks = p->h->n_missing;
    }
}

static struct str lines_words(const struct maker *m, struct str path, int64_t start, size_t n)
{
    return arena_strf(m->a, "%.*s, lines %lld to %lld", STR_ARG(path), (long long)start,
                      (long long)start + (int64_t)n - 1);
}

static struct str original_name(const struct maker *m, const struct find_seed *s)
{
    if (s->fix.n)
        return arena_strf(m->a, "The original and its fix %.*s: %.*s",
                          STR_ARG(str_sub(s->fix, 0, 12)), STR_ARG(s->path));
    return arena_strf(m->a, "The original: %.*s",
                      STR_ARG(lines_words(m, s->path, s->start, (size_t)(s->end - s->start + 1))));
}

static void code_fill(const struct maker *m, const struct view_audit *v, const struct find_hit *h,
                      bool whole, struct audit_place_view *p)
{
    struct pairing best = best_pairing(m, &v->r, h, whole);
    if (best.s == NULL) {
        best.h = h;
        best.here = window_of(h, whole);
        pair(m, &best);
    }
    struct code_in *here = arena_array(m->a, best.n + 1, sizeof *here);
    struct code_in *there = arena_array(m->a, best.n + 1, sizeof *there);
    for (size_t i = 0; here && there && i < best.n; i++) {
        here_line(&best, &best.rows[i], &here[i]);
        if (best.s)
            there_line(&best, &best.rows[i], &there[i]);
    }
    if (here == NULL || there == NULL)
        return;
    highlight(m->a, lang_of(h->path, STR_NONE), here, best.n, &p->here.lines, &p->here.n_lines);
    p->here.name = lines_words(m, h->path, h->code_start + (int64_t)best.here.from, best.here.n);
    p->longer = !whole && best.here.n < h->n_code;
    if (best.s == NULL)
        return;
    highlight(m->a, lang_of(best.s->path, STR_NONE), there, best.n, &p->there.lines,
              &p->there.n_lines);
    p->there.name = original_name(m, best.s);
}

/* ---- words ---- */

static void elsewhere_fill(const struct maker *m, const struct find_hit *h,
                           struct audit_place_view *p)
{
    size_t most = h->n_places < AUDIT_ELSEWHERE ? h->n_places : AUDIT_ELSEWHERE;
    p->places = arena_array(m->a, most + 1, sizeof *p->places);
    for (size_t i = 0; p->places && i < h->n_places && p->n_places < most; i++) {
        const struct find_place *k = &h->places[i];
        if (k->line == h->line && str_eq(k->path, h->path) && str_eq(k->repo, h->repo))
            continue; /* the branches say that */
        p->places[p->n_places++] = (struct audit_at_view){k->repo, k->branch, k->path, k->line};
    }
}

static struct str vendored_words(const struct maker *m, const struct find_hit *h)
{
    if (h->vendored.n == 0)
        return STR_NONE;
    return arena_strf(
        m->a, "%.*s %.*s%s%.*s", STR_ARG(h->vendored),
        STR_ARG(h->vendored_version.n ? h->vendored_version : STR("of an unknown version")),
        h->vendored_how.n ? ", known by " : "", STR_ARG(h->vendored_how));
}

static struct str fixed_words(const struct maker *m, const struct find_hit *h)
{
    int share = (int)(h->fixed * 100 + .5);
    return share < 5 ? STR_NONE : arena_strf(m->a, "%d %% of the fix is there already", share);
}

static void hints_fill(const struct maker *m, const struct view_audit_hit *k,
                       struct audit_place_view *p)
{
    p->hints = arena_array(m->a, k->n_hints + 1, sizeof *p->hints);
    for (size_t i = 0; p->hints && i < k->n_hints; i++)
        p->hints[p->n_hints++] =
            (struct audit_hint_view){.number = k->hints[i].case_number,
                                     .reason = k->hints[i].reason,
                                     .who = audit_actor_words(k->hints[i].actor),
                                     .verdict = audit_verdict_words(k->hints[i].verdict),
                                     .kind = audit_verdict_kind(k->hints[i].verdict),
                                     .at = time_view_of(m, k->hints[i].at_us)};
}

/* What had been typed into the form of the place.  What was decided is not pressed in it: a place
 * that nobody touched must not be decided anew with the others. */
static void form_fill(const struct maker *m, const struct view_audit_hit *k,
                      const struct audit_asked *asked, struct audit_place_view *p)
{
    enum audit_verdict verdict = AUDIT_OPEN;
    if (asked->draft.form == NULL || strcmp(asked->draft.form, "decide") != 0)
        return;
    const char *pressed = arena_strf(m->a, AUDIT_F_VERDICT "%.*s", STR_ARG(k->key)).p;
    const char *reason = arena_strf(m->a, AUDIT_F_REASON "%.*s", STR_ARG(k->key)).p;
    if (!audit_verdict_parse(http_form_get(asked->draft.typed, pressed), &verdict))
        verdict = AUDIT_OPEN;
    p->f_reason = http_form_get(asked->draft.typed, reason);
    for (size_t i = 0; i < asked->n_ticked; i++)
        p->ticked = p->ticked || str_eq(asked->ticked[i], k->key);
    p->same = verdict == AUDIT_SAME_FLAW;
    p->safe = verdict == AUDIT_SAFE;
    p->unsure = verdict == AUDIT_UNSURE;
}

void audit_place_fill(const struct maker *m, const struct view_audit *v, size_t nth, bool whole,
                      const struct audit_asked *asked, struct audit_place_view *p)
{
    const struct view_audit_hit *k = &v->hits[nth];
    const struct find_hit *h = k->h;
    *p = (struct audit_place_view){
        .rank = (int64_t)nth + 1,
        .key = k->key,
        .number = v->case_number,
        .title = audit_title(m, h->repo, h->path, h->line),
        .function = h->function,
        .score = arena_strf(m->a, "%.2f", h->score),
        .fixed = fixed_words(m, h),
        .vendored = vendored_words(m, h),
        .rule = h->rule,
        .was = k->was,
        .branches = h->branches,
        .n_branches = h->n_branches,
        .matched = h->matched,
        .n_matched = h->n_matched,
        .missing = h->missing,
        .n_missing = h->n_missing,
        .verdict = k->verdict == AUDIT_OPEN ? "to judge" : audit_verdict_words(k->verdict),
        .kind = audit_verdict_kind(k->verdict),
        .is_open = k->verdict == AUDIT_OPEN,
        .is_alone = k->alone,
        .can_decide = !v->closed,
        .own_page = whole,
        .reason = k->reason,
        .who = audit_actor_words(k->actor),
        .signer = audit_actor_words(k->signer),
        .at = time_view_of(m, k->at_us),
        .signed_at = time_view_of(m, k->signed_us)};
    elsewhere_fill(m, h, p);
    hints_fill(m, k, p);
    form_fill(m, k, asked, p);
    code_fill(m, v, h, whole, p);
}
