/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer about similar code read back.  Runs in core; the JSON is a child's that worked on a
 * stranger's repository, and hostile.
 */
#include "engine/audit/record.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "engine/fields.h"

/* ---- fields ---- */

/* A text that has to be there, on one line. */
static enum rc name(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    TRY(field_text(o, key, max, ret, e));
    if (ret->n == 0 || str_chr(*ret, '\n') != STR_NPOS)
        return err_set(e, RC_INVALID, "the answer has an empty or broken \"%s\"", key);
    return RC_OK;
}

/* Missing is otherwise. */
static enum rc number(const json_t *o, const char *key, int64_t otherwise, int64_t *ret,
                      struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = otherwise;
    if (v == NULL || json_is_null(v))
        return RC_OK;
    return json_get_int(o, key, otherwise < 0 ? otherwise : 0, INT64_C(1) << 53, ret, e);
}

static enum rc line_no(const json_t *o, const char *key, int64_t *ret, struct err *e)
{
    return json_get_int(o, key, 1, INT32_MAX, ret, e);
}

/* Missing is 0. */
static enum rc real(const json_t *o, const char *key, double max, double *ret, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = 0;
    if (v == NULL || json_is_null(v))
        return RC_OK;
    double x = json_number_value(v);
    if (!json_is_number(v) || !isfinite(x) || x < 0 || x > max)
        return err_set(e, RC_INVALID, "the answer's \"%s\" is no number in its bounds", key);
    *ret = x;
    return RC_OK;
}

static enum rc hex(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    return field_hex(o, key, max, "hex text", ret, e);
}

struct bounds {
    size_t count, bytes;
};

static enum rc texts(const json_t *o, const char *key, struct bounds most, struct arena *a,
                     struct str **ret, size_t *ret_n, struct err *e)
{
    json_t *l;
    struct str *s = NULL;
    TRY(field_list(o, key, most.count, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *s, &s, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *v = json_array_get(l, i);
        s[i] = str_of(json_string_value(v), json_string_length(v));
        if (!json_is_string(v) || s[i].n > most.bytes || !utf8_is_clean(s[i]))
            return err_set(e, RC_INVALID, "the answer's \"%s\" is no list of texts", key);
    }
    *ret = s;
    *ret_n = json_array_size(l);
    return RC_OK;
}

static enum rc lines(const json_t *o, const char *key, struct bounds most, struct arena *a,
                     struct str **ret, size_t *ret_n, struct err *e)
{
    TRY(texts(o, key, most, a, ret, ret_n, e));
    for (size_t i = 0; i < *ret_n; i++)
        if (str_chr((*ret)[i], '\n') != STR_NPOS)
            return err_set(e, RC_INVALID, "the answer's \"%s\" has a line that is several", key);
    return RC_OK;
}

/* ---- what was searched, and with what ---- */

static enum rc trees(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l;
    TRY(field_list(j, "at", FIND_TREES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->trees, &r->trees, e));
    for (; r->n_trees < json_array_size(l); r->n_trees++) {
        const json_t *o = json_array_get(l, r->n_trees);
        struct find_tree *t = &r->trees[r->n_trees];
        TRY(field_text(o, "repo", FIND_NAME_MAX, &t->repo, e));
        TRY(name(o, "name", FIND_NAME_MAX, &t->name, e));
        TRY(hex(o, "commit", 64, &t->commit, e));
    }
    return RC_OK;
}

static enum rc seed_line(const json_t *o, struct find_seed_line *t, struct err *e)
{
    struct str sign;
    TRY(json_get_str(o, "sign", 1, &sign, e));
    if (sign.n != 1 || str_chr(STR(" -+"), sign.p[0]) == STR_NPOS)
        return err_set(e, RC_INVALID, "the answer has a line of a change of no kind");
    t->sign = sign.p[0];
    TRY(number(o, "old", 0, &t->old_no, e));
    TRY(number(o, "new", 0, &t->new_no, e));
    TRY(field_text(o, "text", FIND_LINE_MAX, &t->text, e));
    if (str_chr(t->text, '\n') != STR_NPOS)
        return err_set(e, RC_INVALID, "the answer has a line that is several");
    return RC_OK;
}

static enum rc seeds(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l, *own;
    TRY(field_list(j, "seeds", FIND_SEEDS_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->seeds, &r->seeds, e));
    for (; r->n_seeds < json_array_size(l); r->n_seeds++) {
        const json_t *o = json_array_get(l, r->n_seeds);
        struct find_seed *s = &r->seeds[r->n_seeds];
        TRY(hex(o, "fix", 64, &s->fix, e));
        TRY(name(o, "path", FIND_PATH_MAX, &s->path, e));
        TRY(number(o, "start", 0, &s->start, e));
        TRY(number(o, "end", 0, &s->end, e));
        TRY(field_list(o, "lines", FIND_LINES_MAX, &own, e));
        TRY(field_room(a, json_array_size(own), sizeof *s->lines, &s->lines, e));
        for (; s->n_lines < json_array_size(own); s->n_lines++)
            TRY(seed_line(json_array_get(own, s->n_lines), &s->lines[s->n_lines], e));
    }
    return RC_OK;
}

/* ---- hits ---- */

static enum rc places(const json_t *o, struct arena *a, struct find_hit *h, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "places", FIND_PLACES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *h->places, &h->places, e));
    for (; h->n_places < json_array_size(l); h->n_places++) {
        const json_t *v = json_array_get(l, h->n_places);
        struct find_place *p = &h->places[h->n_places];
        TRY(field_text(v, "repo", FIND_NAME_MAX, &p->repo, e));
        TRY(name(v, "branch", FIND_NAME_MAX, &p->branch, e));
        TRY(name(v, "path", FIND_PATH_MAX, &p->path, e));
        TRY(line_no(v, "line", &p->line, e));
    }
    return RC_OK;
}

/* The code around, and the words in it that match; a mark outside of the code is refused. */
static enum rc code(const json_t *o, struct arena *a, struct find_hit *h, struct err *e)
{
    static const struct bounds code_most = {FIND_CODE_MAX, FIND_LINE_MAX},
                               word_most = {FIND_WORDS_MAX, FIND_LINE_MAX};
    json_t *l;
    const json_t *c = json_object_get(o, "code");
    if (c && !json_is_null(c)) {
        TRY(line_no(c, "start", &h->code_start, e));
        TRY(lines(c, "lines", code_most, a, &h->code, &h->n_code, e));
    }
    TRY(field_list(o, "marks", FIND_CODE_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *h->marks, &h->marks, e));
    for (; h->n_marks < json_array_size(l); h->n_marks++) {
        const json_t *v = json_array_get(l, h->n_marks);
        struct find_mark *m = &h->marks[h->n_marks];
        TRY(line_no(v, "line", &m->line, e));
        if (m->line < h->code_start || m->line >= h->code_start + (int64_t)h->n_code)
            return err_set(e, RC_INVALID, "the answer marks a line that it does not show");
        TRY(lines(v, "words", word_most, a, &m->words, &m->n_words, e));
    }
    return RC_OK;
}

static enum rc vendored(const json_t *o, struct find_hit *h, struct err *e)
{
    const json_t *v = json_object_get(o, "vendored");
    if (v == NULL || json_is_null(v))
        return RC_OK;
    TRY(name(v, "name", FIND_NAME_MAX, &h->vendored, e));
    TRY(field_text(v, "version", FIND_NAME_MAX, &h->vendored_version, e));
    return field_text(v, "how", FIND_TEXT_MAX, &h->vendored_how, e);
}

static enum rc where(const json_t *o, struct find_hit *h, struct err *e)
{
    TRY(field_text(o, "repo", FIND_NAME_MAX, &h->repo, e));
    TRY(name(o, "path", FIND_PATH_MAX, &h->path, e));
    TRY(line_no(o, "start", &h->start, e));
    TRY(line_no(o, "end", &h->end, e));
    TRY(line_no(o, "line", &h->line, e));
    if (h->start > h->end || h->line < h->start || h->line > h->end)
        return err_set(e, RC_INVALID, "the answer has a place whose lines are in no order");
    TRY(hex(o, "chunk", FIND_CHUNK_LEN, &h->chunk, e));
    if (h->chunk.n != FIND_CHUNK_LEN)
        return err_set(e, RC_INVALID, "the answer has a place without the key of its content");
    TRY(number(o, "line_in", -1, &h->at, e));
    return RC_OK;
}

static enum rc hit(const json_t *o, struct arena *a, struct find_hit *h, struct err *e)
{
    static const struct bounds words = {FIND_WORDS_MAX, FIND_NAME_MAX},
                               branches = {FIND_TREES_MAX, FIND_NAME_MAX};
    TRY(where(o, h, e));
    TRY(real(o, "score", 1e6, &h->score, e));
    TRY(real(o, "fixed", 1, &h->fixed, e));
    TRY(field_text(o, "function", FIND_NAME_MAX, &h->function, e));
    TRY(field_text(o, "lang", 64, &h->lang, e));
    TRY(field_text(o, "rule", FIND_NAME_MAX, &h->rule, e));
    TRY(texts(o, "matched", words, a, &h->matched, &h->n_matched, e));
    TRY(texts(o, "missing", words, a, &h->missing, &h->n_missing, e));
    TRY(texts(o, "branches", branches, a, &h->branches, &h->n_branches, e));
    TRY(places(o, a, h, e));
    TRY(code(o, a, h, e));
    return vendored(o, h, e);
}

static bool better(const struct find_hit *x, const struct find_hit *y)
{
    return x->score >= y->score;
}

static enum rc hits(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l;
    TRY(json_get_array(j, "hits", FIND_HITS_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->hits, &r->hits, e));
    for (; r->n_hits < json_array_size(l); r->n_hits++) {
        struct find_hit *h = &r->hits[r->n_hits];
        TRY(hit(json_array_get(l, r->n_hits), a, h, e));
        if (r->n_hits && !better(h - 1, h))
            return err_set(e, RC_INVALID, "the answer's places are not best first");
    }
    return RC_OK;
}

/* ---- the rest ---- */

static int by_cut(const void *x, const void *y)
{
    double a = ((const struct find_cut *)x)->cut, b = ((const struct find_cut *)y)->cut;
    return a < b ? 1 : a > b ? -1 : 0;
}

static enum rc dial(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l;
    TRY(field_list(j, "dial", FIND_DIAL_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->dial, &r->dial, e));
    for (; r->n_dial < json_array_size(l); r->n_dial++) {
        const json_t *o = json_array_get(l, r->n_dial);
        struct find_cut *c = &r->dial[r->n_dial];
        TRY(real(o, "cut", 1e3, &c->cut, e));
        TRY(real(o, "recall", 1, &c->recall, e));
        TRY(real(o, "places", 1e9, &c->places, e));
    }
    if (r->n_dial)
        qsort(r->dial, r->n_dial, sizeof *r->dial, by_cut);
    return RC_OK;
}

static enum rc searched(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    const struct {
        const char *key;
        int64_t *to;
    } counts[] = {{"repositories", &r->repositories},
                  {"branches", &r->branches},
                  {"files", &r->files},
                  {"lines", &r->lines},
                  {"chunks", &r->chunks},
                  {"bytes", &r->bytes}};
    json_t *l;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        TRY(number(json_object_get(j, "searched"), counts[i].key, 0, counts[i].to, e));
    TRY(field_list(j, "not_searched", FIND_LEFT_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->left, &r->left, e));
    for (; r->n_left < json_array_size(l); r->n_left++) {
        const json_t *o = json_array_get(l, r->n_left);
        struct find_left *f = &r->left[r->n_left];
        TRY(field_text(o, "repo", FIND_NAME_MAX, &f->repo, e));
        TRY(field_text(o, "path", FIND_PATH_MAX, &f->path, e));
        TRY(name(o, "why", FIND_TEXT_MAX, &f->why, e));
    }
    return number(j, "not_searched_more", 0, &r->left_more, e);
}

static enum rc copies(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l;
    TRY(field_list(j, "vendored", FIND_VENDORED_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->vendored, &r->vendored, e));
    for (; r->n_vendored < json_array_size(l); r->n_vendored++) {
        const json_t *o = json_array_get(l, r->n_vendored);
        struct find_copy *c = &r->vendored[r->n_vendored];
        TRY(field_text(o, "repo", FIND_NAME_MAX, &c->repo, e));
        TRY(name(o, "path", FIND_PATH_MAX, &c->path, e));
        TRY(name(o, "name", FIND_NAME_MAX, &c->name, e));
        TRY(field_text(o, "version", FIND_NAME_MAX, &c->version, e));
        TRY(field_text(o, "how", FIND_TEXT_MAX, &c->how, e));
    }
    return RC_OK;
}

static enum rc rules(const json_t *j, struct arena *a, struct find_record *r, struct err *e)
{
    json_t *l;
    TRY(field_list(j, "rules", FIND_RULES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->rules, &r->rules, e));
    for (; r->n_rules < json_array_size(l); r->n_rules++) {
        const json_t *o = json_array_get(l, r->n_rules);
        struct find_rule *k = &r->rules[r->n_rules];
        TRY(name(o, "name", FIND_NAME_MAX, &k->name, e));
        TRY(field_text(o, "tool", FIND_NAME_MAX, &k->tool, e));
        TRY(field_text(o, "status", FIND_TEXT_MAX, &k->status, e));
        TRY(number(o, "hits", 0, &k->hits, e));
    }
    return RC_OK;
}

static enum rc whole(const json_t *j, struct arena *a, struct find_record *ret, struct err *e)
{
    static const struct bounds notes = {FIND_NOTES_MAX, FIND_TEXT_MAX};
    struct find_record r = {.n_hits = 0};
    TRY(trees(j, a, &r, e));
    TRY(seeds(j, a, &r, e));
    TRY(hits(j, a, &r, e));
    TRY(number(j, "limit", 0, &r.limit, e));
    TRY(real(j, "cut", 1e3, &r.cut, e));
    TRY(dial(j, a, &r, e));
    TRY(searched(j, a, &r, e));
    TRY(copies(j, a, &r, e));
    TRY(rules(j, a, &r, e));
    TRY(texts(j, "notes", notes, a, &r.notes, &r.n_notes, e));
    *ret = r;
    return RC_OK;
}

enum rc find_record_read(const json_t *j, struct arena *a, struct find_record *ret, struct err *e)
{
    enum rc rc = whole(j, a, ret, e);
    if (rc == RC_NOTFOUND) /* of a field: nothing that a caller could look for */
        return err_set(e, RC_INVALID, "the answer lacks a part that has to be there");
    return rc;
}

size_t find_above(const struct find_record *r, double cut)
{
    size_t n = 0;
    while (n < r->n_hits && r->hits[n].score >= cut)
        n++;
    return n;
}

const struct find_cut *find_expect(const struct find_record *r, double cut)
{
    const struct find_cut *best = NULL;
    for (size_t i = 0; i < r->n_dial; i++)
        if (best == NULL || fabs(r->dial[i].cut - cut) < fabs(best->cut - cut))
            best = &r->dial[i];
    return best;
}
