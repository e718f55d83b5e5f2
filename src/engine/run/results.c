/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of a test run and their comparison.  Runs in the engine child; what it is fed is a
 * stranger's.
 */
#include "engine/run/results.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/utf8.h"

#define FIRST_SLOTS 1024
#define GROW        2

struct results {
    struct arena *arena;
    struct result *v;
    size_t n, cap;
    uint32_t *slots; /* index + 1 */
    size_t n_slots;
    struct buf line;
    bool line_cut; /* the rest of this line is not looked at */
    bool cut;
    uint64_t unnamed;
};

struct results *results_new(void)
{
    struct results *r = mem_zalloc(sizeof *r);
    r->arena = arena_new(RESULTS_BYTES);
    r->n_slots = FIRST_SLOTS;
    r->slots = mem_zalloc(r->n_slots * sizeof r->slots[0]);
    buf_init(&r->line, RESULTS_LINE_MAX);
    return r;
}

void results_free(struct results *r)
{
    if (r == NULL)
        return;
    arena_free(r->arena);
    buf_release(&r->line);
    free(r->v);
    free(r->slots);
    free(r);
}

void results_auto(struct results **r)
{
    results_free(*r);
}

/* The slot of a name, or the free one where it belongs. */
static size_t slot_of(const struct results *r, struct str name)
{
    size_t at = (size_t)hash64(name) & (r->n_slots - 1);
    while (r->slots[at] && !str_eq(r->v[r->slots[at] - 1].name, name))
        at = (at + 1) & (r->n_slots - 1);
    return at;
}

static void grow(struct results *r)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * GROW : FIRST_SLOTS / 2;
        r->v = mem_realloc(r->v, r->cap * sizeof r->v[0]);
    }
    if (r->n * GROW < r->n_slots)
        return;
    free(r->slots);
    r->n_slots *= GROW;
    r->slots = mem_zalloc(r->n_slots * sizeof r->slots[0]);
    for (size_t i = 0; i < r->n; i++)
        r->slots[slot_of(r, r->v[i].name)] = (uint32_t)(i + 1);
}

static void put(struct results *r, struct str raw, enum result_state state, bool seen)
{
    AUTO(buf) struct buf clean = BUF_INIT(4 * RESULTS_NAME_MAX);
    utf8_clean_line(&clean, str_sub(str_trim(raw), 0, RESULTS_NAME_MAX));
    struct str name = utf8_clip(str_trim(buf_str(&clean)), RESULTS_NAME_MAX);
    if (name.n == 0)
        return;
    size_t at = slot_of(r, name);
    if (r->slots[at]) {
        struct result *have = &r->v[r->slots[at] - 1];
        have->state = state > have->state ? state : have->state;
        have->seen = have->seen || seen;
        return;
    }
    struct str own = arena_str(r->arena, name);
    r->cut = r->cut || r->n == RESULTS_MAX || arena_over(r->arena);
    if (r->cut)
        return;
    grow(r);
    at = slot_of(r, name);
    r->v[r->n++] = (struct result){own, state, seen};
    r->slots[at] = (uint32_t)r->n;
}

void results_put(struct results *r, struct str name, enum result_state state)
{
    put(r, name, state, true);
}

void results_weak(struct results *r, struct str name)
{
    put(r, name, RESULT_FAIL, false);
}

void results_unnamed(struct results *r, uint64_t passed)
{
    r->unnamed += passed < RESULTS_MAX ? passed : RESULTS_MAX;
}

static void end_line(struct results *r)
{
    struct str line = buf_str(&r->line);
    while (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    /* What a terminal shows of "working\rdone" is the last part. */
    size_t cr = str_rchr(line, '\r');
    if (cr != STR_NPOS)
        line = str_sub(line, cr + 1, line.n);
    results_line(r, line);
    buf_reset(&r->line);
    r->line_cut = false;
}

void results_feed(struct results *r, struct str bytes)
{
    while (bytes.n > 0) {
        size_t nl = str_chr(bytes, '\n'), n = nl == STR_NPOS ? bytes.n : nl;
        size_t room = r->line.max - r->line.n, take = n < room ? n : room;
        if (!r->line_cut)
            buf_add(&r->line, str_sub(bytes, 0, take));
        r->line_cut = r->line_cut || take < n;
        if (nl == STR_NPOS)
            return;
        end_line(r);
        bytes = str_sub(bytes, nl + 1, bytes.n);
    }
}

void results_end(struct results *r)
{
    if (r->line.n > 0)
        end_line(r);
}

size_t results_count(const struct results *r)
{
    return r->n;
}

const struct result *results_at(const struct results *r, size_t i)
{
    BUG_ON(i >= r->n);
    return &r->v[i];
}

const struct result *results_find(const struct results *r, struct str name)
{
    size_t at = slot_of(r, name);
    return r->slots[at] ? &r->v[r->slots[at] - 1] : NULL;
}

bool results_cut(const struct results *r)
{
    return r->cut;
}

struct result_sums results_sums(const struct results *r)
{
    struct result_sums s = {0};
    for (size_t i = 0; i < r->n; i++) {
        s.seen += r->v[i].seen && r->v[i].state != RESULT_SKIP;
        s.passed += r->v[i].state == RESULT_PASS;
        s.failed += r->v[i].state == RESULT_FAIL;
        s.skipped += r->v[i].state == RESULT_SKIP;
    }
    /* A summary counts the named ones again. */
    if (r->unnamed > s.passed) {
        s.seen += r->unnamed - s.passed;
        s.passed = r->unnamed;
    }
    return s;
}

/* ---- Comparison ---- */

static void add(struct name_list *l, struct str name)
{
    if (l->n < COMPARE_NAMES)
        l->name[l->n++] = name;
    l->all++;
}

void results_compare(const struct results *before, const struct results *now,
                     struct comparison *ret)
{
    *ret = (struct comparison){.new_failures = {.n = 0}};
    for (size_t i = 0; i < now->n; i++) {
        const struct result *b = &now->v[i], *a = results_find(before, b->name);
        bool failed = a && a->state == RESULT_FAIL;
        if (b->state == RESULT_FAIL)
            add(failed ? &ret->still : &ret->new_failures, b->name);
        else if (b->state == RESULT_PASS && failed)
            add(&ret->mended, b->name);
    }
    for (size_t i = 0; i < before->n; i++) {
        const struct result *a = &before->v[i];
        if (a->state == RESULT_PASS && !results_find(now, a->name))
            add(&ret->missing, a->name);
    }
}
