/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query pipeline of the audit: from seeds to ranked places.  Runs in the engine child and in
 * commands; the seeds and all files are a stranger's text.
 */
#include "engine/audit/rank_inside.h"

#include <stdlib.h>
#include <string.h>

#include "engine/audit/retrieve.h"

/* A place with less of the pattern's votes is none. */
#define VOTES_LEAST 0.01F
/* Near the own place of a seed, a place whose lines are less like the changed ones is none. */
#define NEAR_WORDS 0.25F

/* Files to be read, in that order, and by which patterns each is looked at. */
struct reading {
    uint32_t file;
    uint32_t patterns; /* bits */
};
struct readings {
    struct reading *v;
    size_t n;
    uint32_t *at; /* of each file: index + 1 */
};

static void readings_auto(struct readings *r)
{
    free(r->v);
    free(r->at);
}

static void ranking_auto(struct ranking *r)
{
    free(r->found);
}

static void want(struct readings *r, uint32_t file, size_t pattern)
{
    if (r->at[file] == 0) {
        r->v[r->n] = (struct reading){.file = file};
        r->at[file] = (uint32_t)++r->n;
    }
    r->v[r->at[file] - 1].patterns |= UINT32_C(1) << pattern;
}

/* The files of the best pieces of one pattern, as far as the budget goes. */
static enum rc choose_for(struct ranking *r, size_t pattern, float *scratch, struct pieces *pieces,
                          struct readings *out, struct err *e)
{
    uint64_t bytes = 0, most = RANK_BYTES_MAX / r->n_patterns;
    size_t files = 0;
    TRY(retrieve_pieces(r->v, &r->terms, &r->patterns[pattern], scratch, pieces, e));
    for (size_t i = 0; i < pieces->n; i++) {
        uint32_t f = pieces->v[i].file;
        if (out->at[f] == 0) {
            if (files == RANK_FILES_MAX / r->n_patterns + 1 || bytes + r->v->files[f].bytes > most)
                continue;
            bytes += r->v->files[f].bytes;
            files++;
        }
        want(out, f, pattern);
    }
    return RC_OK;
}

/* Which files are read: the seeds' own and those of the best pieces. */
static enum rc choose(struct ranking *r, struct readings *out, struct err *e)
{
    const struct view *v = r->v;
    out->at = mem_zalloc((v->n_files + 1) * sizeof *out->at);
    out->v =
        mem_alloc((RANK_FILES_MAX + r->n_patterns * (HOME_FILES_MAX + 1) + 1) * sizeof *out->v);
    AUTO(mem) float *scratch = mem_table((v->n_chunks + 1) * sizeof *scratch);
    AUTO(pieces) struct pieces pieces = {0};
    for (size_t k = 0; k < r->n_patterns; k++) {
        uint32_t own = view_find(v, r->patterns[k].seed->path);
        for (size_t i = 0; i < HOME_FILES_MAX && own < v->n_files; i++, own++) {
            if (!str_eq(v->files[own].path, r->patterns[k].seed->path))
                break;
            want(out, own, k);
        }
    }
    for (size_t k = 0; k < r->n_patterns; k++)
        TRY(choose_for(r, k, scratch, &pieces, out, e));
    return RC_OK;
}

/* The best places so far of one pattern, by what the votes and the path say: a heap with the least
 * of them first. */
struct best {
    float v[RANK_SPOTS_MAX];
    size_t n;
};

static bool among_best(struct best *b, float prior)
{
    size_t i = 0;
    if (b->n < RANK_SPOTS_MAX) {
        i = b->n++;
        for (; i > 0 && b->v[(i - 1) / 2] > prior; i = (i - 1) / 2)
            b->v[i] = b->v[(i - 1) / 2];
        b->v[i] = prior;
        return true;
    }
    if (prior <= b->v[0])
        return false;
    for (size_t k = 1; k < b->n; k = 2 * i + 1) {
        k += k + 1 < b->n && b->v[k + 1] < b->v[k];
        if (b->v[k] >= prior)
            break;
        b->v[i] = b->v[k];
        i = k;
    }
    b->v[i] = prior;
    return true;
}

struct reader {
    struct ranking *r;
    struct witness w;
    struct voter *voter;
    struct aligner *aligner;
    struct surveyor *surveyor;
    struct spots spots;
    struct best *best; /* of each pattern */
    bool *has;         /* of each term: stands it in the file? */
};

static void reader_auto(struct reader *d)
{
    witness_release(&d->w);
    voter_free(d->voter);
    aligner_free(d->aligner);
    surveyor_free(d->surveyor);
    spots_release(&d->spots);
    free(d->best);
    free(d->has);
}

static void compare(struct reader *d, const struct spot *s, float file_weight)
{
    struct ranking *r = d->r;
    if (r->n_found == r->cap_found) {
        r->cap_found = r->cap_found * 2 + 256;
        r->found = mem_realloc(r->found, r->cap_found * sizeof *r->found);
    }
    struct found *f = &r->found[r->n_found++];
    *f =
        (struct found){.spot = *s, .line = witness_line(&d->w, s->row), .file_weight = file_weight};
    aligner_at(d->aligner, &d->w, s->row, &f->like);
    surveyor_at(d->surveyor, &r->homes[s->pattern], &d->w, s->row, &f->around);
    f->function = arena_str(r->a, witness_function(&d->w, s->row));
}

static float weight_in(const struct reader *d, const struct pattern *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->n_terms; i++)
        if (d->has[p->terms[i].term])
            sum += (double)p->terms[i].weight;
    return p->weight > 0 ? (float)(sum / p->weight) : 0;
}

/* The places of one pattern in the file that was read. */
static void look(struct reader *d, uint32_t file, size_t pattern)
{
    const struct pattern *p = &d->r->patterns[pattern];
    float prior = path_prior(p->seed->path, d->r->v->files[file].path);
    float file_weight = weight_in(d, p);
    d->spots.n = 0;
    voter_pattern(d->voter, p);
    voter_spots(d->voter, &d->w, RANK_SPOTS_FILE, VOTES_LEAST, &d->spots);
    aligner_pattern(d->aligner, p);
    for (size_t i = 0; i < d->spots.n; i++) {
        struct spot *s = &d->spots.v[i];
        s->file = file;
        s->pattern = (uint16_t)pattern;
        s->prior = (s->wide + s->close) * prior;
        if (among_best(&d->best[pattern], s->prior))
            compare(d, s, file_weight);
    }
}

/* Where the fix stands says nothing about places near it. */
static void hide_own(const struct ranking *r, struct witness *w, uint32_t file)
{
    for (size_t k = 0; k < r->n_patterns; k++) {
        const struct home_place *p = home_in(&r->homes[k], file);
        if (p)
            witness_hide(w, p->line, p->end);
    }
}

static enum rc read_files(struct ranking *r, const struct readings *files, struct err *e)
{
    AUTO(reader)
    struct reader d = {.r = r,
                       .voter = voter_new(&r->terms),
                       .aligner = aligner_new(&r->terms),
                       .surveyor = surveyor_new(&r->terms),
                       .best = mem_zalloc(r->n_patterns * sizeof *d.best),
                       .has = mem_alloc(r->terms.n + 1)};
    for (size_t i = 0; i < files->n; i++) {
        uint32_t file = files->v[i].file;
        struct str text;
        enum rc rc = view_text(r->v, file, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        witness_read(&d.w, r->v->files[file].lang, text, &r->terms);
        hide_own(r, &d.w, file);
        memset(d.has, 0, r->terms.n);
        for (size_t k = 0; k < d.w.n_matches; k++)
            d.has[d.w.matches[k].term] = true;
        for (size_t k = 0; k < r->n_patterns; k++)
            if (files->v[i].patterns >> k & 1)
                look(&d, file, k);
    }
    return arena_ok(r->a, "places that are alike", e);
}

/* --- hits --- */

static int by_found(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->spot.file != y->spot.file)
        return x->spot.file < y->spot.file ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->spot.pattern > y->spot.pattern) - (x->spot.pattern < y->spot.pattern);
}

static bool near_lines(uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= SPOT_NEAR;
}

/* Is there a better hit at this place, or in the same piece elsewhere? */
static bool taken(const struct ranking *r, const struct hits *h, const struct found *f,
                  uint32_t chunk)
{
    for (size_t i = 0; i < h->n; i++) {
        bool same_path = str_eq(r->v->files[h->v[i].file].path, r->v->files[f->spot.file].path);
        if (same_path && h->v[i].file == f->spot.file && near_lines(h->v[i].line, f->line))
            return true;
        if (h->v[i].file != f->spot.file && chunk != UINT32_MAX && h->v[i].chunk == chunk)
            return true;
    }
    return false;
}

/*
 * At the own place of any of the seeds?  A place near it has the lines around it in common with it,
 * which says nothing: it must have lines like the changed ones themselves.
 */
static bool at_own(const struct ranking *r, const struct found *f)
{
    const struct pattern *own = &r->patterns[f->spot.pattern];
    bool like = own->n_changed_old > 0 && f->like.words >= NEAR_WORDS;
    for (size_t k = 0; k < r->n_patterns; k++) {
        const struct home_place *p = home_in(&r->homes[k], f->spot.file);
        if (p && f->line >= p->line && f->line <= p->end)
            return true;
        if (p && !like && f->line + SPOT_NEAR >= p->line && f->line <= p->end + SPOT_NEAR)
            return true;
    }
    return false;
}

static enum rc collect(struct ranking *r, size_t limit, double cut, struct hits *ret, struct err *e)
{
    if (r->n_found)
        qsort(r->found, r->n_found, sizeof *r->found, by_found);
    *ret = (struct hits){.v = arena_array(r->a, limit ? limit : 1, sizeof *ret->v)};
    TRY(arena_ok(r->a, "hits", e));
    float best = 0;
    for (size_t i = 0; i < r->n_found && ret->n < limit; i++) {
        const struct found *f = &r->found[i];
        uint32_t chunk = view_chunk_at(r->v, f->spot.file, f->line);
        if (at_own(r, f) || taken(r, ret, f, chunk))
            continue;
        best = ret->n ? best : f->score;
        float likely = score_likely(f->score, best, ret->n);
        if ((double)likely < cut)
            break;
        const struct pattern *p = &r->patterns[f->spot.pattern];
        struct hit *h = &ret->v[ret->n++];
        uint32_t line = f->line, below = p->n_changed_old ? p->n_changed_old - 1 : 0;
        uint32_t lines = r->v->files[f->spot.file].lines;
        *h = (struct hit){.file = f->spot.file,
                          .start = line,
                          .end = line + below > lines ? lines : line + below,
                          .line = line,
                          .score = likely,
                          .fixed = f->like.fresh > 0 ? f->like.fresh : 0,
                          .seed = f->spot.pattern,
                          .chunk = chunk,
                          .function = f->function};
        memcpy(h->traits, f->traits, sizeof h->traits);
        if (chunk != UINT32_MAX) {
            struct view_chunk c;
            view_chunk(r->v, chunk, &c);
            h->key = c.key;
        }
    }
    return RC_OK;
}

static enum rc tell_own(struct ranking *r, struct hits *ret, struct err *e)
{
    size_t n = 0;
    for (size_t k = 0; k < r->n_patterns; k++)
        n += r->homes[k].n;
    struct own_place *own = arena_array(r->a, n + 1, sizeof *own);
    TRY(arena_ok(r->a, "own places", e));
    for (size_t k = 0; k < r->n_patterns; k++)
        for (size_t i = 0; i < r->homes[k].n; i++) {
            const struct home_place *p = &r->homes[k].places[i];
            own[ret->n_own++] = (struct own_place){p->file, p->line, p->fixed};
        }
    ret->own = own;
    return RC_OK;
}

enum rc rank_run(struct view *v, const struct seed *seeds, size_t n, size_t limit, double cut,
                 struct arena *a, struct hits *ret_hits, struct err *e)
{
    AUTO(ranking) struct ranking r = {.v = v, .a = a};
    n = n < RANK_PATTERNS_MAX ? n : RANK_PATTERNS_MAX;
    limit = limit < RANK_HITS_MAX ? limit : RANK_HITS_MAX;
    r.n_patterns = n;
    r.patterns = arena_array(a, n ? n : 1, sizeof *r.patterns);
    r.homes = arena_array(a, n ? n : 1, sizeof *r.homes);
    TRY(arena_ok(a, "seeds", e));
    TRY(patterns_read(seeds, n, n * HOME_WORDS_MAX, a, &r.terms, r.patterns, e));
    TRY(retrieve_count(v, &r.terms, e));
    patterns_weigh(&r.terms, r.patterns, n, v->n_chunks);
    TRY(homes_find(v, &r.terms, r.patterns, n, a, r.homes, e));
    AUTO(readings) struct readings files = {0};
    TRY(choose(&r, &files, e));
    TRY(read_files(&r, &files, e));
    traits_fill(&r);
    TRY(collect(&r, limit, cut, ret_hits, e));
    TRY(tell_own(&r, ret_hits, e));
    return explain_hits(&r, ret_hits, e);
}
