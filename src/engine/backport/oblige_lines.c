/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines differ (Myers 1986: an O(ND) difference algorithm), bounded.  Runs in commands and
 * in the engine child; the texts are a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/backport/oblige_inside.h"

#define LINES_EDITS 600 /* lines that differ; beyond that all lines between the ends differ */

struct hashed {
    uint64_t *v;
    size_t n;
};

static void hash_lines(struct str text, struct arena *a, struct hashed *ret)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    ret->v = arena_array(a, n, sizeof *ret->v);
    struct str line;
    while (ret->v && ret->n < n && str_line(&text, &line))
        ret->v[ret->n++] = hash64(str_trim(line));
}

struct edit {
    const uint64_t *a, *b;
    int n, m;
    bool *gone, *came;
};

/* Round r has the furthest points of the diagonals -r, -r + 2 ... r, one behind the other. */
static int *round_at(int *rounds, int r)
{
    return rounds + (size_t)r * (size_t)(r + 1) / 2;
}

static int furthest_x(const int *round, int r, int k)
{
    return round[(k + r) / 2];
}

/* The path back from the furthest points of each round. */
static void walk_back(const struct edit *d, int *rounds, int last)
{
    int x = d->n, y = d->m;
    for (int r = last; r > 0; r--) {
        const int *v = round_at(rounds, r - 1);
        int k = x - y;
        bool down =
            k == -r || (k != r && furthest_x(v, r - 1, k - 1) < furthest_x(v, r - 1, k + 1));
        int from = furthest_x(v, r - 1, down ? k + 1 : k - 1);
        int from_y = from - (down ? k + 1 : k - 1);
        if (down)
            d->came[from_y] = true;
        else
            d->gone[from] = true;
        x = from;
        y = from_y;
    }
}

static bool shortest(const struct edit *d)
{
    int most = d->n + d->m < LINES_EDITS ? d->n + d->m : LINES_EDITS;
    size_t points = ((size_t)most + 1) * ((size_t)most + 2) / 2;
    AUTO(mem) int *rounds = mem_alloc(points * sizeof *rounds);
    for (int r = 0; r <= most; r++) {
        int *v = round_at(rounds, r);
        const int *before = r ? round_at(rounds, r - 1) : v;
        for (int k = -r; k <= r; k += 2) {
            int left = r > 0 && k > -r ? furthest_x(before, r - 1, k - 1) : -1;
            int right = r > 0 && k < r ? furthest_x(before, r - 1, k + 1) : -1;
            int x = r == 0 ? 0 : left < right || k == -r ? right : left + 1;
            int y = x - k;
            while (x < d->n && y < d->m && y >= 0 && d->a[x] == d->b[y]) {
                x++;
                y++;
            }
            v[(k + r) / 2] = x;
            if (x == d->n && y == d->m) {
                walk_back(d, rounds, r);
                return true;
            }
        }
    }
    return false;
}

void lines_compare(struct str old, struct str new, struct arena *a, struct line_marks *ret_gone,
                   struct line_marks *ret_new)
{
    struct hashed x = {0}, y = {0};
    hash_lines(old, a, &x);
    hash_lines(new, a, &y);
    *ret_gone = (struct line_marks){.v = arena_alloc(a, x.n + 2), .n = x.n + 1};
    *ret_new = (struct line_marks){.v = arena_alloc(a, y.n + 2), .n = y.n + 1};
    if (!ret_gone->v || !ret_new->v) {
        ret_gone->n = ret_new->n = 0;
        return;
    }
    size_t head = 0, tail = 0;
    while (head < x.n && head < y.n && x.v[head] == y.v[head])
        head++;
    while (tail < x.n - head && tail < y.n - head && x.v[x.n - 1 - tail] == y.v[y.n - 1 - tail])
        tail++;
    struct edit d = {.a = x.v + head,
                     .b = y.v + head,
                     .n = (int)(x.n - head - tail),
                     .m = (int)(y.n - head - tail),
                     .gone = ret_gone->v + head + 1,
                     .came = ret_new->v + head + 1};
    if (d.n == 0 || d.m == 0 || !shortest(&d)) {
        memset(d.gone, 1, (size_t)d.n);
        memset(d.came, 1, (size_t)d.m);
    }
    for (size_t i = 0; i < ret_gone->n; i++)
        ret_gone->marked += ret_gone->v[i];
    for (size_t i = 0; i < ret_new->n; i++)
        ret_new->marked += ret_new->v[i];
}
