/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query pipeline of the audit: from seeds to ranked places.  Runs in the engine child and in
 * commands; the seeds and all files are a stranger's text.
 */
#include "engine/audit/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/audit/retrieve.h"

/* A place with less of the pattern's votes is none. */
#define VOTES_LEAST 0.01F
/* A place in the seed's file with so much of it is the seed's own. */
#define OWN_CHAIN 0.6F
/* Traits that are asked of the best place only when it has anything. */
#define BEST_LEAST 0.05F

struct found {
    struct spot spot;
    struct likeness like;
    struct str function; /* in the arena */
    uint32_t line;
    float traits[TRAIT_COUNT];
    float score;
    bool own;
};

struct ranking {
    struct view *v;
    struct arena *a;
    struct terms terms;
    struct pattern *patterns;
    size_t n_patterns;
    struct found *found;
    size_t n_found, cap_found;
};

/* A file that is to be read, and by which patterns it is looked at. */
struct reading {
    uint32_t file;
    uint32_t patterns; /* bits */
};

static void ranking_auto(struct ranking *r)
{
    free(r->found);
}

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

/* true when the file is new */
static bool want(struct readings *r, uint32_t file, size_t pattern)
{
    bool fresh = r->at[file] == 0;
    if (fresh) {
        r->v[r->n] = (struct reading){.file = file};
        r->at[file] = (uint32_t)++r->n;
    }
    r->v[r->at[file] - 1].patterns |= UINT32_C(1) << pattern;
    return fresh;
}

static int by_file(const void *a, const void *b)
{
    const struct reading *x = a, *y = b;
    return (x->file > y->file) - (x->file < y->file);
}

/* Which files are read: the seed's own and those of the best pieces, as far as the budget goes. */
static enum rc choose(struct ranking *r, struct readings *out, struct err *e)
{
    const struct view *v = r->v;
    out->at = mem_zalloc((v->n_files + 1) * sizeof *out->at);
    size_t most = r->n_patterns * (RANK_FILES_MAX + VIEW_TEXTS * 8);
    out->v = mem_alloc((most + 1) * sizeof *out->v);
    AUTO(mem) float *scratch = mem_alloc((v->n_chunks + 1) * sizeof *scratch);
    AUTO(pieces) struct pieces pieces = {0};
    for (size_t k = 0; k < r->n_patterns; k++) {
        const struct pattern *p = &r->patterns[k];
        uint32_t own = view_find(v, p->seed->path);
        for (size_t i = 0; own != UINT32_MAX && i < VIEW_TEXTS * 8; i++, own++) {
            if (own >= v->n_files || !str_eq(v->files[own].path, p->seed->path))
                break;
            want(out, own, k);
        }
        TRY(retrieve_pieces(r->v, &r->terms, p, scratch, &pieces, e));
        uint64_t bytes = 0;
        size_t files = 0;
        for (size_t i = 0; i < pieces.n; i++) {
            uint32_t f = pieces.v[i].file;
            if (out->at[f] == 0) {
                if (files == RANK_FILES_MAX || bytes + v->files[f].bytes > RANK_BYTES_MAX)
                    continue;
                bytes += v->files[f].bytes;
                files++;
            }
            want(out, f, k);
        }
    }
    qsort(out->v, out->n, sizeof *out->v, by_file);
    return RC_OK;
}

static int by_prior(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    if (x->prior != y->prior)
        return x->prior > y->prior ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void add_found(struct ranking *r, const struct spot *s, const struct likeness *l,
                      const struct witness *w)
{
    if (r->n_found == r->cap_found) {
        r->cap_found = r->cap_found * 2 + 256;
        r->found = mem_realloc(r->found, r->cap_found * sizeof *r->found);
    }
    r->found[r->n_found++] =
        (struct found){.spot = *s,
                       .like = *l,
                       .line = witness_line(w, l->row),
                       .function = arena_str(r->a, witness_function(w, l->row))};
}

/* Reads the files once and keeps the places of each pattern with the most votes. */
static enum rc read_files(struct ranking *r, const struct readings *files, struct spots *spots,
                          struct err *e)
{
    AUTO(witness) struct witness w = {0};
    AUTO(voter) struct voter *voter = voter_new(&r->terms);
    for (size_t i = 0; i < files->n; i++) {
        const struct view_file *f = &r->v->files[files->v[i].file];
        struct str text;
        enum rc rc = view_text(r->v, files->v[i].file, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        witness_read(&w, f->lang, text, &r->terms);
        for (size_t k = 0; k < r->n_patterns; k++) {
            if (!(files->v[i].patterns >> k & 1))
                continue;
            voter_pattern(voter, &r->patterns[k]);
            size_t from = spots[k].n;
            voter_spots(voter, &w, RANK_SPOTS_FILE, VOTES_LEAST, &spots[k]);
            for (size_t j = from; j < spots[k].n; j++) {
                struct spot *s = &spots[k].v[j];
                s->file = files->v[i].file;
                s->pattern = (uint16_t)k;
                s->prior = (s->wide + s->close) * path_prior(r->patterns[k].seed->path, f->path);
            }
        }
    }
    return RC_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->pattern != y->pattern)
        return x->pattern < y->pattern ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Compares the places that are left, file by file. */
static enum rc compare(struct ranking *r, struct spots *s, struct err *e)
{
    AUTO(witness) struct witness w = {0};
    AUTO(aligner) struct aligner *al = aligner_new(&r->terms);
    qsort(s->v, s->n, sizeof *s->v, by_place);
    uint32_t file = UINT32_MAX;
    size_t pattern = SIZE_MAX;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].file != file) {
            struct str text;
            file = s->v[i].file;
            TRY(view_text(r->v, file, &text, e));
            witness_read(&w, r->v->files[file].lang, text, &r->terms);
        }
        if (s->v[i].pattern != pattern) {
            pattern = s->v[i].pattern;
            aligner_pattern(al, &r->patterns[pattern]);
        }
        struct likeness l;
        aligner_at(al, &w, s->v[i].row, &l);
        add_found(r, &s->v[i], &l, &w);
    }
    return arena_ok(r->a, "places that are alike", e);
}

/* --- what speaks for a place --- */

static void weigh(struct ranking *r)
{
    float votes[RANK_PATTERNS_MAX] = {0}, chain[RANK_PATTERNS_MAX] = {0};
    for (size_t i = 0; i < r->n_found; i++) {
        const struct found *f = &r->found[i];
        if (f->own)
            continue;
        size_t k = f->spot.pattern;
        float both = f->spot.wide + f->spot.close;
        votes[k] = both > votes[k] ? both : votes[k];
        chain[k] = f->like.chain > chain[k] ? f->like.chain : chain[k];
    }
    for (size_t i = 0; i < r->n_found; i++) {
        struct found *f = &r->found[i];
        const struct pattern *p = &r->patterns[f->spot.pattern];
        const struct likeness *l = &f->like;
        struct str path = r->v->files[f->spot.file].path;
        float prior = path_prior(p->seed->path, path);
        float *t = f->traits;
        float v = votes[f->spot.pattern], c = chain[f->spot.pattern];
        t[TRAIT_WIDE] = f->spot.wide;
        t[TRAIT_CLOSE] = f->spot.close;
        t[TRAIT_VOTES_BEST] = v > BEST_LEAST ? (f->spot.wide + f->spot.close) / v : 0;
        t[TRAIT_CHAIN] = l->chain;
        t[TRAIT_CHAIN_BEST] = c > BEST_LEAST ? l->chain / c : 0;
        t[TRAIT_CHANGED] = l->changed > 0 ? l->changed : 0;
        t[TRAIT_BEFORE] = l->before > 0 ? l->before : 0;
        t[TRAIT_AFTER] = l->after > 0 ? l->after : 0;
        t[TRAIT_NEAR] = l->near > 0 ? l->near : 0;
        t[TRAIT_WORDS] = l->words > 0 ? l->words : 0;
        t[TRAIT_SHAPE] = l->shape > 0 ? l->shape : 0;
        t[TRAIT_FRESH] = l->fresh > 0 ? l->fresh : 0;
        t[TRAIT_WEIGHT] = logf(1 + l->weight);
        t[TRAIT_FILE] = prior > 1.5F;
        t[TRAIT_FOLDER] = prior > 1.0F;
        t[TRAIT_PATH] = names_alike(p->seed->path, path);
        t[TRAIT_FUNCTION] = names_alike(p->seed->function, f->function);
        t[TRAIT_SAME_FUNCTION] =
            prior > 1.5F && f->function.n && str_eq(p->seed->function, f->function);
        t[TRAIT_ONLY_ADDED] = p->n_changed_old == 0;
        f->score = score_of(t);
    }
}

/* The seed's own places: in its file, the one most alike, nearest to where it was. */
static void mark_own(struct ranking *r)
{
    for (size_t k = 0; k < r->n_patterns; k++) {
        const struct seed *s = r->patterns[k].seed;
        uint32_t last = UINT32_MAX;
        struct found *best = NULL;
        for (size_t i = 0; i <= r->n_found; i++) {
            struct found *f = &r->found[i];
            if (best && (i == r->n_found || f->spot.file != last)) {
                best->own = true;
                best = NULL;
            }
            if (i == r->n_found || f->spot.pattern != k)
                continue;
            last = f->spot.file;
            if (!str_eq(r->v->files[last].path, s->path) || f->like.chain < OWN_CHAIN)
                continue;
            uint32_t far = f->line > s->start ? f->line - s->start : s->start - f->line;
            uint32_t best_far = !best                   ? 0
                                : best->line > s->start ? best->line - s->start
                                                        : s->start - best->line;
            float mine = f->like.chain + (f->like.fresh > 0 ? f->like.fresh * 0.2F : 0);
            float theirs =
                !best ? 0 : best->like.chain + (best->like.fresh > 0 ? best->like.fresh * 0.2F : 0);
            if (!best || mine > theirs + 0.02F || (mine > theirs - 0.02F && far < best_far))
                best = f;
        }
    }
}

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

static uint32_t chunk_at(const struct view *v, uint32_t file, uint32_t line)
{
    const struct view_file *f = &v->files[file];
    uint32_t i = f->first;
    while (i + 1 < f->first + f->n && v->ref_line[i + 1] <= line)
        i++;
    return f->n ? v->refs[i] : UINT32_MAX;
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

static bool at_own(const struct ranking *r, const struct found *f)
{
    if (f->own)
        return true;
    for (size_t i = 0; i < r->n_found; i++)
        if (r->found[i].own && r->found[i].spot.file == f->spot.file &&
            near_lines(r->found[i].line, f->line))
            return true;
    return false;
}

static enum rc collect(struct ranking *r, size_t limit, double cut, struct hits *ret, struct err *e)
{
    qsort(r->found, r->n_found, sizeof *r->found, by_found);
    *ret = (struct hits){.v = arena_array(r->a, limit ? limit : 1, sizeof *ret->v)};
    TRY(arena_ok(r->a, "hits", e));
    for (size_t i = 0; i < r->n_found && ret->n < limit; i++) {
        const struct found *f = &r->found[i];
        if ((double)f->score < cut)
            break;
        uint32_t chunk = chunk_at(r->v, f->spot.file, f->line);
        if (at_own(r, f) || taken(r, ret, f, chunk))
            continue;
        const struct pattern *p = &r->patterns[f->spot.pattern];
        struct hit *h = &ret->v[ret->n++];
        uint32_t line = f->line, below = p->n_changed_old ? p->n_changed_old - 1 : 0;
        uint32_t lines = r->v->files[f->spot.file].lines;
        *h = (struct hit){.file = f->spot.file,
                          .start = line,
                          .end = line + below > lines ? lines : line + below,
                          .line = line,
                          .score = f->score,
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

enum rc rank_run(struct view *v, const struct seed *seeds, size_t n, size_t limit, double cut,
                 struct arena *a, struct hits *ret_hits, struct err *e)
{
    AUTO(ranking) struct ranking r = {.v = v, .a = a};
    n = n < RANK_PATTERNS_MAX ? n : RANK_PATTERNS_MAX;
    limit = limit < RANK_HITS_MAX ? limit : RANK_HITS_MAX;
    r.n_patterns = n;
    r.patterns = arena_array(a, n ? n : 1, sizeof *r.patterns);
    TRY(arena_ok(a, "seeds", e));
    TRY(patterns_read(seeds, n, a, &r.terms, r.patterns, e));
    TRY(retrieve_count(v, &r.terms, e));
    patterns_weigh(&r.terms, r.patterns, n, v->n_chunks);
    AUTO(readings) struct readings files = {0};
    TRY(choose(&r, &files, e));
    struct spots spots[RANK_PATTERNS_MAX] = {{0}};
    AUTO(spots) struct spots all = {0};
    enum rc rc = read_files(&r, &files, spots, e);
    for (size_t k = 0; k < n; k++) {
        if (spots[k].n)
            qsort(spots[k].v, spots[k].n, sizeof *spots[k].v, by_prior);
        size_t keep = spots[k].n < RANK_SPOTS_MAX ? spots[k].n : RANK_SPOTS_MAX;
        all.v = mem_realloc(all.v, (all.n + keep + 1) * sizeof *all.v);
        if (keep)
            memcpy(all.v + all.n, spots[k].v, keep * sizeof *all.v);
        all.n += keep;
        spots_release(&spots[k]);
    }
    TRY(rc);
    TRY(compare(&r, &all, e));
    mark_own(&r);
    weigh(&r);
    return collect(&r, limit, cut, ret_hits, e);
}
