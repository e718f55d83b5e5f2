/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of files and of edits, compared.  Runs in the engine child and in commands; the texts are a
 * stranger's.
 */
#include "engine/backport/locate_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/affected/change.h"
#include "engine/affected/text.h"

#define LINE_BYTES 4096 /* of a line that are compared */
#define HELD       0.6  /* of an edit's lines */
#define ROOM_LINES 12   /* that may stand between an edit's lines, beside twice their number */

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t line_key(struct str line)
{
    char room[LINE_BYTES + 1];
    return hash64(str_of(room, line_squeeze(str_sub(line, 0, LINE_BYTES), room)));
}

enum rc lines_make(struct str text, struct arena *a, struct lines *ret, struct err *e)
{
    char room[LINE_BYTES + 1];
    size_t max = 1;
    for (size_t i = 0; i < text.n; i++)
        max += text.p[i] == '\n';
    *ret = (struct lines){.v = arena_array(a, max + 1, sizeof *ret->v),
                          .sorted = arena_array(a, max + 1, sizeof *ret->sorted)};
    TRY(arena_ok(a, "the lines of a file", e));
    struct str rest = text, line;
    while (ret->n < max && str_line(&rest, &line)) {
        struct str dense = str_of(room, line_squeeze(str_sub(line, 0, LINE_BYTES), room));
        struct line l = {.text = line, .hash = hash64(dense), .speaks = line_speaks(dense)};
        ret->v[ret->n++] = l;
        if (l.speaks)
            ret->sorted[ret->n_sorted++] = l.hash;
    }
    if (ret->n_sorted)
        qsort(ret->sorted, ret->n_sorted, sizeof *ret->sorted, by_hash);
    return RC_OK;
}

double lines_alike(const struct lines *x, const struct lines *y)
{
    size_t i = 0, k = 0, both = 0, most = x->n_sorted > y->n_sorted ? x->n_sorted : y->n_sorted;
    while (i < x->n_sorted && k < y->n_sorted) {
        uint64_t a = x->sorted[i], b = y->sorted[k];
        both += a == b;
        i += a <= b;
        k += b <= a;
    }
    return most ? (double)both / (double)most : 0;
}

/* ---- Edits ---- */

static void edit_add(struct edit *x, const struct lines *old, size_t line)
{
    if (x->n == EDIT_LINES_MAX || !old->v[line].speaks)
        return;
    x->lines[x->n] = (uint32_t)line;
    x->hash[x->n++] = old->v[line].hash;
}

static void edit_make(const struct lines *old, size_t from, size_t to, struct edit *x)
{
    size_t first = from, seen = 0;
    *x = (struct edit){.from = (uint32_t)from, .to = (uint32_t)to};
    while (first > 0 && seen < EDIT_AROUND && from - first < 4 * EDIT_AROUND)
        seen += old->v[--first].speaks;
    for (size_t i = first; i < to; i++)
        edit_add(x, old, i);
    seen = 0;
    for (size_t i = to; i < old->n && seen < EDIT_AROUND && i - to < 4 * EDIT_AROUND; i++) {
        seen += old->v[i].speaks;
        edit_add(x, old, i);
    }
    memcpy(x->sorted, x->hash, sizeof x->sorted);
    if (x->n)
        qsort(x->sorted, x->n, sizeof *x->sorted, by_hash);
    for (size_t i = 0; i < x->n; i++)
        if (i == 0 || x->sorted[i] != x->sorted[i - 1])
            x->sorted[x->n_sorted++] = x->sorted[i];
}

static struct text as_text(const struct lines *x, struct text_line *room)
{
    struct text t = {.lines = room, .n = x->n};
    for (size_t i = 0; i < x->n; i++)
        room[i] = (struct text_line){.len = (uint32_t)x->v[i].text.n,
                                     .dense = x->v[i].speaks ? 16 : 1,
                                     .hash = x->v[i].hash};
    return t;
}

enum rc edits_make(const struct lines *old, const struct lines *now, struct arena *a,
                   struct edits *ret, struct err *e)
{
    struct text_line *room = arena_array(a, old->n + now->n + 2, sizeof *room);
    int32_t *map = arena_array(a, now->n + 1, sizeof *map);
    *ret = (struct edits){.v = arena_array(a, EDITS_MAX, sizeof *ret->v)};
    TRY(arena_ok(a, "the edits of a file", e));
    struct text x = as_text(old, room), y = as_text(now, room + old->n + 1);
    TRY(text_match(&x, &y, map, e));
    /* Between two lines that stay lies what is replaced; the end counts as a line that stays. */
    size_t at = 0, fresh = 0;
    for (size_t i = 0; i <= now->n && ret->n < EDITS_MAX; i++) {
        if (i < now->n && map[i] < 0) {
            fresh++;
            continue;
        }
        size_t stays = i < now->n ? (size_t)map[i] : old->n;
        if (stays > at || fresh)
            edit_make(old, at, stays, &ret->v[ret->n++]);
        at = stays + 1;
        fresh = 0;
    }
    return RC_OK;
}

void edits_without(struct edits *s, bool (*out)(const void *ctx, uint64_t hash), const void *ctx)
{
    for (size_t i = 0; i < s->n; i++) {
        struct edit *x = &s->v[i];
        size_t kept = 0;
        for (size_t k = 0; k < x->n_sorted; k++)
            if (!out(ctx, x->sorted[k]))
                x->sorted[kept++] = x->sorted[k];
        x->n_sorted = kept < 2 ? 0 : kept;
    }
}

/* ---- How much of them is there ---- */

/* Most different lines of the edit that stand close together in x. */
static size_t most_close(const struct edit *d, const struct lines *x)
{
    size_t room = 2 * d->n + ROOM_LINES, best = 0, n = 0, from = 0;
    uint32_t seen[EDIT_LINES_MAX] = {0};
    for (size_t i = 0; i < x->n && best < d->n_sorted; i++) {
        if (i - from >= room) {
            const uint64_t *old =
                bsearch(&x->v[from].hash, d->sorted, d->n_sorted, sizeof *d->sorted, by_hash);
            if (old && --seen[old - d->sorted] == 0)
                n--;
            from++;
        }
        const uint64_t *hit =
            bsearch(&x->v[i].hash, d->sorted, d->n_sorted, sizeof *d->sorted, by_hash);
        if (hit && seen[hit - d->sorted]++ == 0)
            n++;
        best = n > best ? n : best;
    }
    return best;
}

void edits_held(const struct edits *s, const struct lines *x, size_t *ret_held, double *ret_share)
{
    size_t all = 0, there = 0;
    *ret_held = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t n = s->v[i].n_sorted ? most_close(&s->v[i], x) : 0;
        all += s->v[i].n_sorted;
        there += n;
        *ret_held += n > 0 && (double)n >= HELD * (double)s->v[i].n_sorted;
    }
    *ret_share = all ? (double)there / (double)all : 0;
}

double edits_most(const struct edits *s, const struct lines *x)
{
    double most = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t all = s->v[i].n_sorted;
        double part = all ? (double)most_close(&s->v[i], x) / (double)all : 0;
        most = part > most ? part : most;
    }
    return most;
}
