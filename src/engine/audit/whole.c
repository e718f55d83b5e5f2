/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers about similar code as JSON, and the engine job that makes them.  Runs in the engine child
 * and in commands; repositories are a stranger's.
 */
#include "engine/audit/whole.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/utf8.h"
#include "engine/audit/copies.h"
#include "engine/audit/dial.h"
#include "engine/audit/record.h"
#include "engine/audit/ruled.h"
#include "engine/audit/search.h"
#include "os/file.h"

#define JOB_MEMORY  (UINT64_C(2) << 30)
#define WORDS_MAX   FIND_WORDS_MAX
#define UNFIXED_MAX 50 /* places that are named */
#define CLEAN_GROWS 3  /* times: a byte that is no text becomes U+FFFD */

enum rc audit_cut_parse(struct str text, double *ret_cut, struct err *e)
{
    struct str whole = text, part = STR_NONE;
    uint64_t n = 0, fraction = 0;
    double scale = 1;
    size_t dot = str_chr(text, '.');
    if (dot != STR_NPOS) {
        whole = str_sub(text, 0, dot);
        part = str_sub(text, dot + 1, text.n);
    }
    if (part.n > 6 || (dot != STR_NPOS && part.n == 0))
        return err_set(e, RC_INVALID, "a cut is a number like 0.35");
    TRY(num_parse(whole, 0, AUDIT_CUT_MOST, "the cut", &n, e));
    if (part.n)
        TRY(num_parse(part, 0, 999999, "the cut", &fraction, e));
    for (size_t i = 0; i < part.n; i++)
        scale *= 10;
    *ret_cut = (double)n + (double)fraction / scale;
    return RC_OK;
}

enum rc audit_prepare(struct repos *rs, const struct audit_question *q, struct err *e)
{
    return search_prepare(rs, q, e);
}

/* ---- Parts of a hit ---- */

struct whole {
    struct repos *rs;
    const struct audit_question *q;
    struct search *s;
    struct arena *a;
    struct copies *copies; /* NULL in the short form */
};

static void put_repo(const struct whole *k, json_t *o, size_t repo)
{
    if (repo > 0)
        json_put_str(o, "repo", k->rs->v[repo].name);
}

static void put_real(json_t *o, const char *key, double x)
{
    json_object_set_new(o, key, json_real((double)(int64_t)(x * 1e4 + 0.5) / 1e4));
}

static bool has_text(const json_t *list, struct str s)
{
    size_t i;
    json_t *v;
    json_array_foreach(
        list, i, v) if (str_eq(str_of(json_string_value(v), json_string_length(v)), s)) return true;
    return false;
}

/* One line of clean text, as the readers of answers want it, of at most max bytes. */
static json_t *clean_json(struct str s, size_t max)
{
    AUTO(buf) struct buf b = BUF_INIT(CLEAN_GROWS * FIND_PATH_MAX + 1);
    utf8_clean_line(&b, str_sub(s, 0, s.n < max ? s.n : max));
    return json_str(utf8_clip(buf_str(&b), max));
}

/* A name that nothing is left of is still one. */
static void put_clean(json_t *o, const char *key, struct str s, size_t max)
{
    json_t *clean = clean_json(s, max);
    json_object_set_new(o, key, json_string_length(clean) ? clean : json_string("?"));
    if (json_string_length(clean) == 0)
        json_decref(clean);
}

static void put_path(json_t *o, struct str path)
{
    put_clean(o, "path", path, FIND_PATH_MAX);
}

/* Each once, in their order. */
static void add_once(json_t *list, struct str s)
{
    AUTO(json) json_t *clean = clean_json(s, FIND_LINE_MAX);
    if (json_array_size(list) < WORDS_MAX &&
        !has_text(list, str_of(json_string_value(clean), json_string_length(clean))))
        json_array_append(list, clean);
}

static json_t *matched_json(const struct search_hit *h)
{
    json_t *l = json_array();
    for (size_t i = 0; i < h->h.n_matched; i++)
        add_once(l, h->h.matched[i].text);
    return l;
}

static json_t *missing_json(const struct search_hit *h)
{
    json_t *l = json_array();
    for (size_t i = 0; i < h->h.n_missing; i++)
        add_once(l, h->h.missing[i]);
    return l;
}

/* In the order of the question. */
static json_t *branches_json(const struct whole *k, const struct search_hit *h)
{
    json_t *l = json_array();
    for (size_t t = 0; t < k->q->n_trees; t++)
        for (size_t i = 0; i < h->n_places; i++)
            if (h->places[i].tree == t && !has_text(l, k->q->trees[t].name))
                json_array_append_new(l, json_str(k->q->trees[t].name));
    return l;
}

static const struct view_file *file_of(const struct whole *k, const struct search_hit *h)
{
    return &k->s->views[h->repo]->files[h->h.file];
}

static json_t *hit_json(const struct whole *k, const struct search_hit *h)
{
    json_t *o = json_object();
    put_repo(k, o, h->repo);
    put_path(o, file_of(k, h)->path);
    json_put_int(o, "start", h->h.start);
    json_put_int(o, "end", h->h.end);
    json_put_int(o, "line", h->h.line);
    put_real(o, "score", (double)h->h.score);
    json_object_set_new(o, "matched", matched_json(h));
    json_object_set_new(o, "missing", missing_json(h));
    json_object_set_new(o, "branches", branches_json(k, h));
    return o;
}

/* ---- The rest of a hit ---- */

static json_t *places_json(const struct whole *k, const struct search_hit *h)
{
    json_t *l = json_array();
    for (size_t i = 0; i < h->n_places; i++) {
        const struct search_place *p = &h->places[i];
        json_t *o = json_object();
        put_repo(k, o, k->q->trees[p->tree].repo);
        json_put_str(o, "branch", k->q->trees[p->tree].name);
        put_path(o, p->path);
        json_put_int(o, "line", p->line);
        json_array_append_new(l, o);
    }
    return l;
}

/* As much of a line as a page shows. */
static json_t *line_json(struct str line)
{
    return clean_json(line, FIND_LINE_MAX);
}

static enum rc put_code(const struct whole *k, const struct search_hit *h, json_t *o, struct err *e)
{
    struct str text, line;
    json_t *code = json_object(), *lines = json_array(), *marks = json_array(), *mark = NULL;
    uint32_t from = h->h.line > AUDIT_CODE_AROUND ? h->h.line - AUDIT_CODE_AROUND : 1;
    uint32_t to = h->h.end > h->h.line ? h->h.end : h->h.line, last = 0;
    json_object_set_new(o, "code", code);
    json_object_set_new(o, "marks", marks);
    json_put_int(code, "start", from);
    json_object_set_new(code, "lines", lines);
    to = to + AUDIT_CODE_AROUND < from + FIND_CODE_MAX ? to + AUDIT_CODE_AROUND
                                                       : from + FIND_CODE_MAX - 1;
    TRY(view_text(k->s->views[h->repo], h->h.file, &text, e));
    text = text_lines(text, from, to - from + 1);
    while (json_array_size(lines) < to - from + 1 && str_line(&text, &line))
        json_array_append_new(lines, line_json(line));
    to = from + (uint32_t)json_array_size(lines) - 1;
    for (size_t i = 0; i < h->h.n_matched; i++) {
        const struct hit_word *w = &h->h.matched[i];
        if (w->line < from || w->line > to || w->line < last)
            continue;
        if (mark == NULL || w->line != last) {
            mark = json_object();
            json_put_int(mark, "line", w->line);
            json_object_set_new(mark, "words", json_array());
            json_array_append_new(marks, mark);
            last = w->line;
        }
        add_once(json_object_get(mark, "words"), w->text);
    }
    return RC_OK;
}

/* ---- Copies of other software ---- */

static json_t *copy_json(const struct vendor_entry *x)
{
    json_t *o = json_object();
    json_put_str(o, "name", x->name);
    if (x->version.n)
        json_put_str(o, "version", x->version);
    else
        json_object_set_new(o, "version", json_null());
    json_put_str(o, "how", x->how);
    return o;
}

static json_t *vendored_json(const struct whole *k)
{
    json_t *l = json_array();
    for (size_t t = 0; t < k->q->n_trees; t++) {
        size_t repo = k->q->trees[t].repo;
        if (t > 0 && k->q->trees[t - 1].repo == repo)
            continue; /* the first of a repository stands for the others */
        const struct vendor *v = copies_of(k->copies, t);
        for (size_t i = 0; i < v->n && json_array_size(l) < FIND_VENDORED_MAX; i++) {
            json_t *o = copy_json(&v->all[i]);
            put_repo(k, o, repo);
            put_path(o, v->all[i].path);
            json_array_append_new(l, o);
        }
    }
    return l;
}

static void put_vendored(const struct whole *k, const struct search_hit *h, json_t *o)
{
    if (h->n_places == 0)
        return;
    const struct search_place *p = &h->places[0];
    const struct vendor_entry *x = vendor_at(copies_of(k->copies, p->tree), p->path);
    if (x)
        json_object_set_new(o, "vendored", copy_json(x));
}

/* Lines from the first of the piece to the place. */
static int64_t line_in_piece(const struct whole *k, const struct search_hit *h)
{
    const struct view *v = k->s->views[h->repo];
    struct view_chunk c;
    if (h->h.chunk >= v->n_chunks)
        return -1;
    view_chunk(v, h->h.chunk, &c);
    for (size_t i = c.n_places; i-- > 0;)
        if (c.places[i].file == h->h.file && c.places[i].line <= h->h.line)
            return (int64_t)h->h.line - c.places[i].line;
    return -1;
}

static enum rc whole_hit(const struct whole *k, const struct search_hit *h, json_t **ret_o,
                         struct err *e)
{
    AUTO(json) json_t *o = hit_json(k, h);
    char key[FIND_CHUNK_LEN + 1];
    (void)snprintf(key, sizeof key, "%016" PRIx64, h->h.key);
    json_object_set_new(o, "places", places_json(k, h));
    json_put_str(o, "chunk", str_c(key));
    json_put_int(o, "line_in", line_in_piece(k, h));
    if (h->h.function.n)
        put_clean(o, "function", h->h.function, FIND_NAME_MAX);
    if (h->rule.n)
        json_put_str(o, "rule", h->rule);
    put_real(o, "fixed", (double)h->h.fixed);
    json_put_str(o, "lang", str_c(lang_name(file_of(k, h)->lang)));
    put_vendored(k, h, o);
    TRY(put_code(k, h, o, e));
    *ret_o = TAKE(o);
    return RC_OK;
}

/* ---- The rest of the answer ---- */

static json_t *not_searched_json(const struct whole *k, size_t *ret_more)
{
    json_t *l = json_array();
    *ret_more = 0;
    for (size_t r = 0; r < k->rs->n; r++) {
        const struct view *v = k->s->views[r];
        for (size_t i = 0; v && i < v->n_skips; i++) {
            if (json_array_size(l) == FIND_LEFT_MAX) {
                ++*ret_more;
                continue;
            }
            json_t *o = json_object();
            put_repo(k, o, r);
            put_path(o, v->skips[i].path);
            json_put_str(o, "why", str_c(audit_skip_text(v->skips[i].why)));
            json_array_append_new(l, o);
        }
    }
    return l;
}

static json_t *at_json(const struct whole *k)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->q->n_trees; i++) {
        json_t *o = json_object();
        if (k->rs->v[k->q->trees[i].repo].name.n)
            json_put_str(o, "repo", k->rs->v[k->q->trees[i].repo].name);
        json_put_str(o, "name", k->q->trees[i].name);
        json_put_str(o, "commit", str_c(k->q->trees[i].commit));
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *seed_json(const struct seed *s, struct str fix)
{
    json_t *o = json_object(), *lines = json_array();
    if (fix.n)
        json_put_str(o, "fix", fix);
    put_path(o, s->path);
    json_put_int(o, "start", s->start);
    json_put_int(o, "end", s->end);
    for (size_t i = 0; i < s->n_lines && i < FIND_LINES_MAX; i++) {
        const struct seed_line *l = &s->lines[i];
        json_t *v = json_object();
        json_put_str(v, "sign", str_of(&l->sign, 1));
        if (l->line_old)
            json_put_int(v, "old", l->line_old);
        if (l->line_new)
            json_put_int(v, "new", l->line_new);
        json_object_set_new(v, "text", line_json(l->text));
        json_array_append_new(lines, v);
    }
    json_object_set_new(o, "lines", lines);
    return o;
}

static json_t *seeds_json(const struct whole *k)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->s->n_seeds && i < FIND_SEEDS_MAX; i++)
        json_array_append_new(l, seed_json(&k->s->seeds[i], k->s->fixes[i]));
    return l;
}

static json_t *searched_json(const struct whole *k)
{
    json_t *o = json_object();
    uint64_t repos = 0, files = 0, lines = 0, chunks = 0, bytes = 0;
    for (size_t r = 0; r < k->rs->n; r++) {
        const struct view *v = k->s->views[r];
        if (v == NULL)
            continue;
        repos++;
        files += v->n_files;
        lines += v->lines;
        chunks += v->n_chunks;
        bytes += v->bytes;
    }
    json_put_int(o, "repositories", (int64_t)repos);
    json_put_int(o, "branches", (int64_t)k->q->n_trees);
    json_put_int(o, "files", (int64_t)files);
    json_put_int(o, "lines", (int64_t)lines);
    json_put_int(o, "chunks", (int64_t)chunks);
    json_put_int(o, "bytes", (int64_t)bytes);
    return o;
}

static json_t *notes_json(const struct whole *k)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->s->n_unfixed && i < UNFIXED_MAX; i++) {
        const struct search_place *p = &k->s->unfixed[i];
        json_array_append_new(
            l, json_str(arena_strf(k->a, "the fix itself is missing on %.*s: %.*s:%u",
                                   STR_ARG(k->q->trees[p->tree].name), STR_ARG(p->path), p->line)));
    }
    size_t left_out = k->s->seeds_left_out + k->q->flaw.left_out;
    for (size_t r = 0; r < k->rs->n; r++) {
        struct str rest = index_notes(k->rs->v[r].index), line;
        while (str_line(&rest, &line))
            if (json_array_size(l) < FIND_NOTES_MAX - 1)
                json_array_append_new(l, json_str(line));
    }
    for (size_t i = 0; i < k->rs->n_left_out; i++)
        json_array_append_new(l, clean_json(k->rs->left_out[i], FIND_LINE_MAX));
    for (size_t i = 0; i < k->q->n_empty; i++)
        json_array_append_new(
            l, json_str(arena_strf(k->a, "%.*s has no commit that can be read, it was not searched",
                                   STR_ARG(k->rs->v[k->q->empty[i]].name))));
    for (size_t t = 0; t < k->q->n_trees; t++)
        for (size_t i = 0; k->copies->known[t] && i < k->copies->of[t].n_notes; i++)
            if (json_array_size(l) < FIND_NOTES_MAX - 1)
                json_array_append_new(l, json_str(k->copies->of[t].notes[i]));
    if (left_out)
        json_array_append_new(
            l,
            json_str(arena_strf(k->a,
                                "%zu hunks of what was named are not looked for: no program text, "
                                "or too many",
                                left_out)));
    return l;
}

static json_t *dial_json(void)
{
    json_t *l = json_array();
    for (size_t i = 0; i < n_dial_rows; i++) {
        json_t *o = json_object();
        put_real(o, "cut", dial_rows[i].cut);
        put_real(o, "recall", dial_rows[i].recall);
        put_real(o, "places", dial_rows[i].places);
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *rules_json(const struct whole *k, const struct ruled *r)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->q->n_rules; i++) {
        json_t *o = json_object();
        const struct rule_told *t = &r->told[i];
        json_put_str(o, "name", k->q->rules[i].name);
        json_put_str(o, "tool", str_c(rule_tool_name(t->tool)));
        json_put_str(
            o, "status",
            t->words.n ? arena_strf(k->a, "%s: %.*s", rule_state_name(t->state), STR_ARG(t->words))
                       : str_c(rule_state_name(t->state)));
        json_put_int(o, "hits", (int64_t)r->hits[i]);
        json_array_append_new(l, o);
    }
    return l;
}

/* ---- The answers ---- */

static enum rc put_hits(const struct whole *k, bool all, json_t *to, struct err *e)
{
    json_t *l = json_array();
    json_object_set_new(to, "hits", l);
    for (size_t i = 0; i < k->s->n_hits; i++) {
        json_t *o = NULL;
        if (all)
            TRY(whole_hit(k, &k->s->hits[i], &o, e));
        else
            o = hit_json(k, &k->s->hits[i]);
        json_array_append_new(l, o);
    }
    return RC_OK;
}

enum rc audit_short_json(struct repos *rs, const struct audit_question *q, struct arena *a,
                         json_t **ret_j, struct err *e)
{
    struct search s = {.n_hits = 0};
    AUTO(json) json_t *j = json_object();
    struct whole k = {rs, q, &s, a, NULL};
    size_t more;
    TRY(search_run(rs, q, a, &s, e));
    TRY(put_hits(&k, false, j, e));
    json_object_set_new(j, "not_searched", not_searched_json(&k, &more));
    *ret_j = TAKE(j);
    return RC_OK;
}

enum rc audit_json(struct repos *rs, const struct audit_question *q, struct arena *a,
                   json_t **ret_j, struct err *e)
{
    struct search s = {.n_hits = 0};
    AUTO(json) json_t *j = json_object();
    struct copies copies;
    struct whole k = {rs, q, &s, a, &copies};
    struct ruled ruled;
    size_t more;
    TRY(copies_init(rs, q, a, &copies, e));
    TRY(search_prepare(rs, q, e));
    if (rs->options.progress)
        rs->options.progress(rs->options.progress_arg, "comparing places", 0, 0);
    TRY(search_run(rs, q, a, &s, e));
    TRY(rules_search(rs, q, AUDIT_HITS_MAX, a, &s, &ruled, e));
    json_object_set_new(j, "at", at_json(&k));
    json_object_set_new(j, "seeds", seeds_json(&k));
    TRY(put_hits(&k, true, j, e));
    json_put_int(j, "limit", (int64_t)q->limit);
    put_real(j, "cut", q->cut);
    json_object_set_new(j, "dial", dial_json());
    json_object_set_new(j, "searched", searched_json(&k));
    json_object_set_new(j, "not_searched", not_searched_json(&k, &more));
    json_put_int(j, "not_searched_more", (int64_t)more);
    json_object_set_new(j, "vendored", vendored_json(&k));
    json_object_set_new(j, "rules", rules_json(&k, &ruled));
    json_object_set_new(j, "notes", notes_json(&k));
    TRY(arena_ok(a, "the answer", e));
    *ret_j = TAKE(j);
    return RC_OK;
}

/* ---- The job ---- */

static enum rc job_options(const struct engine_job *j, struct arena *a, struct repos_options *ret_o,
                           struct err *e)
{
    struct str *dirs = arena_array(a, j->n_others + 1, sizeof *dirs);
    struct str *names = arena_array(a, j->n_others + 1, sizeof *names);
    struct str scratch = arena_strf(a, "%s/tmp", j->scratch);
    struct str cache = arena_strf(a, "%s/cache", j->scratch);
    TRY(arena_ok(a, "the job", e));
    dirs[0] = str_c(j->mirror);
    names[0] = STR_NONE;
    for (size_t i = 0; i < j->n_others; i++) {
        dirs[i + 1] = str_c(j->others[i].dir);
        names[i + 1] = j->others[i].name;
    }
    *ret_o = (struct repos_options){.dirs = dirs,
                                    .names = names,
                                    .n = j->n_others + 1,
                                    .lenient = true,
                                    .scratch = scratch.p,
                                    .cache = cache.p,
                                    .progress = j->progress,
                                    .progress_arg = j->progress_arg};
    (void)!dir_remove(AT_FDCWD, scratch.p, NULL); /* of a run that died */
    TRY(dir_make(AT_FDCWD, scratch.p, 0700, e));
    return dir_make(AT_FDCWD, cache.p, 0700, e);
}

enum rc engine_audit(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(JOB_MEMORY);
    AUTO(repos) struct repos *rs = NULL;
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = NULL;
    struct repos_options o;
    struct audit_question q;
    if (j->mirror == NULL)
        return err_set(e, RC_INVALID, "no repository is configured (project.repository)");
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &in, e));
    TRY(job_options(j, a, &o, e));
    TRY(repos_open(&o, &rs, e));
    TRY(audit_question_of_json(rs, json_object_get(in, "question"), a, &q, e));
    TRY(audit_json(rs, &q, a, &out, e));
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    *ret_answer = TAKE(out);
    return RC_OK;
}
