/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over commits that are kept between questions.  Runs in the engine child and in commands;
 * everything in the repository is a stranger's: a history that is odd in any way is left to git.
 */
#include "engine/backport/past_memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/when.h"

#define BODY_MAX (1u << 20) /* bytes of a commit's own object */
#define WALK_MAX 200000     /* commits of one walk */
#define SLOP     5          /* as git: commits that are looked at when all seems said */
#define N_SLOTS  (1u << 16)

enum { HELD = 1, SEEN = 2, ADDED = 4, READ = 8, QUEUED = 16 }; /* HELD: by the given commit */

struct node {
    char id[GIT_OID_HEX + 1], tree[GIT_OID_HEX + 1];
    struct node *next; /* in its slot */
    struct node **parents;
    size_t n_parents;
    struct str parent_ids; /* apart by spaces */
    int64_t date_s;
    struct past_entry entry;
    bool known;
    /* Of one walk. */
    uint32_t walk, degree, nth;
    unsigned flags;
};

struct past_memory {
    struct bp_store *store;
    struct arena *a;
    struct node **slots;
    uint32_t walk;
    bool shallow;
};

/* ---- Kept commits ---- */

static bool is_shallow(struct bp_store *s)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/shallow", git_repo_dir(bp_git(s)));
    return n < 0 || (size_t)n >= sizeof path || access(path, F_OK) == 0;
}

void past_memory_open(struct bp_store *s, struct past_memory **ret_m)
{
    struct past_memory *m = mem_zalloc(sizeof *m);
    m->store = s;
    m->a = arena_new(PAST_MEMORY_MAX);
    m->slots = mem_zalloc(N_SLOTS * sizeof(struct node *));
    m->shallow = is_shallow(s);
    *ret_m = m;
}

void past_memory_close(struct past_memory *m)
{
    if (m == NULL)
        return;
    arena_free(m->a);
    free(m->slots);
    free(m);
}

void past_memory_auto(struct past_memory **m)
{
    past_memory_close(*m);
}

void past_memory_trim(struct past_memory *m)
{
    if (!arena_over(m->a))
        return;
    arena_free(m->a);
    m->a = arena_new(PAST_MEMORY_MAX);
    memset(m->slots, 0, N_SLOTS * sizeof(struct node *));
}

struct bp_store *past_memory_store(struct past_memory *m)
{
    return m->store;
}

/* NULL: the memory is full, or that is no id. */
static struct node *node_of(struct past_memory *m, struct str id)
{
    struct node **at = &m->slots[hash64(id) & (N_SLOTS - 1)];
    while (*at && !str_eq(str_c((*at)->id), id))
        at = &(*at)->next;
    if (*at == NULL && git_oid_ok(id)) {
        struct node *n = arena_alloc(m->a, sizeof *n);
        if (n == NULL)
            return NULL;
        memcpy(n->id, id.p, id.n);
        *at = n;
    }
    return *at;
}

static enum rc fill(struct past_memory *m, struct node *x, struct str body, struct err *e)
{
    struct str tree, id;
    AUTO(buf) struct buf ids = BUF_INIT(BODY_MAX);
    if (!past_entry_of_body(str_c(x->id), body, &x->entry) ||
        !object_header(body, "tree", 0, &tree) || !git_oid_ok(tree))
        return err_set(e, RC_INVALID, "a commit of this repository is damaged");
    memcpy(x->tree, tree.p, tree.n);
    x->date_s = x->entry.commit_us / US_PER_S;
    while (object_header(body, "parent", x->n_parents, &id)) {
        buf_addf(&ids, "%s%.*s", x->n_parents ? " " : "", STR_ARG(id));
        x->n_parents++;
    }
    x->parent_ids = arena_str(m->a, buf_str(&ids));
    x->parents = arena_array(m->a, x->n_parents + 1, sizeof(struct node *));
    struct str rest = x->parent_ids;
    for (size_t i = 0; x->parents && str_cut(&rest, ' ', &id); i++) {
        x->parents[i] = node_of(m, id);
        if (x->parents[i] == NULL)
            return err_set(e, RC_INVALID, "a commit of this repository is damaged");
    }
    x->known = !arena_over(m->a);
    return arena_ok(m->a, "the commits of the lines", e);
}

static enum rc know(struct past_memory *m, struct node *x, struct err *e)
{
    struct object o;
    if (x == NULL)
        return err_set(e, RC_INVALID, "that is no full id of a commit");
    if (x->known)
        return RC_OK;
    x->n_parents = 0;
    TRY(objects_read(bp_objects(m->store), str_c(x->id), BODY_MAX, &o, e));
    if (o.type != OBJECT_COMMIT)
        return err_set(e, RC_INVALID, "that is no full id of a commit");
    return fill(m, x, arena_str(m->a, o.body), e);
}

enum rc past_memory_trees(struct past_memory *m, struct str commit, char ret_base[GIT_OID_HEX + 1],
                          char ret_tree[GIT_OID_HEX + 1], struct err *e)
{
    struct node *x = node_of(m, commit);
    TRY(know(m, x, e));
    if (x->n_parents)
        TRY(know(m, x->parents[0], e));
    const char *base = x->n_parents ? x->parents[0]->tree : bp_empty_tree(m->store);
    memcpy(ret_base, base, strlen(base) + 1);
    memcpy(ret_tree, x->tree, sizeof x->tree);
    return RC_OK;
}

/* ---- The walk, as git's limit_list() has it ---- */

struct walking {
    struct past_memory *m;
    int64_t since_s;
    struct node **queue; /* a heap, the newest first, of one date the first come */
    size_t n_queue, cap_queue;
    size_t open; /* in the queue and not HELD */
    struct node **list;
    size_t n_list, cap_list;
    struct node **stack;
    size_t n_stack, cap_stack;
    uint32_t nth;
    size_t read;
    bool failed;
};

static void push(struct node ***v, size_t *n, size_t *cap, struct node *x)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 64;
        *v = mem_realloc(*v, *cap * sizeof(struct node *));
    }
    (*v)[(*n)++] = x;
}

static bool before(const struct node *x, const struct node *y)
{
    return x->date_s != y->date_s ? x->date_s > y->date_s : x->nth < y->nth;
}

static void enqueue(struct walking *w, struct node *x)
{
    x->flags |= SEEN | QUEUED;
    x->nth = w->nth++;
    w->failed |= w->nth > WALK_MAX;
    w->open += !(x->flags & HELD);
    push(&w->queue, &w->n_queue, &w->cap_queue, x);
    for (size_t i = w->n_queue - 1; i > 0 && before(x, w->queue[(i - 1) / 2]); i = (i - 1) / 2) {
        w->queue[i] = w->queue[(i - 1) / 2];
        w->queue[(i - 1) / 2] = x;
    }
}

static struct node *dequeue(struct walking *w)
{
    struct node *top = w->queue[0], *x = w->queue[--w->n_queue];
    size_t i = 0, k;
    while ((k = 2 * i + 1) < w->n_queue) {
        k += k + 1 < w->n_queue && before(w->queue[k + 1], w->queue[k]);
        if (!before(w->queue[k], x))
            break;
        w->queue[i] = w->queue[k];
        i = k;
    }
    w->queue[i] = x;
    top->flags &= ~(unsigned)QUEUED;
    w->open -= !(top->flags & HELD);
    return top;
}

/* What an earlier walk left in it is gone. */
static struct node *fresh(struct walking *w, struct node *x)
{
    if (x->walk != w->m->walk) {
        x->walk = w->m->walk;
        x->flags = 0;
        x->degree = 0;
    }
    return x;
}

static bool read_node(struct walking *w, struct node *x)
{
    struct err none = ERR_INIT;
    w->read += !x->known;
    x->flags |= READ;
    return w->read <= PAST_READ_MAX && know(w->m, x, &none) == RC_OK;
}

static void hold(struct walking *w, struct node *x)
{
    w->open -= (x->flags & (HELD | QUEUED)) == QUEUED;
    x->flags |= HELD;
}

/* What is known in this walk to be below it is held too. */
static void hold_parents(struct walking *w, struct node *x)
{
    w->n_stack = 0;
    push(&w->stack, &w->n_stack, &w->cap_stack, x);
    while (w->n_stack) {
        struct node *of = w->stack[--w->n_stack];
        for (size_t i = 0; of->flags & READ && of->known && i < of->n_parents; i++) {
            struct node *p = fresh(w, of->parents[i]);
            if (p->flags & HELD)
                continue;
            hold(w, p);
            push(&w->stack, &w->n_stack, &w->cap_stack, p);
        }
    }
}

static void queue_parents(struct walking *w, struct node *x)
{
    if (x->flags & ADDED)
        return;
    x->flags |= ADDED;
    for (size_t i = 0; i < x->n_parents && !w->failed; i++) {
        struct node *p = fresh(w, x->parents[i]);
        if (x->flags & HELD)
            hold(w, p);
        if (!read_node(w, p)) {
            w->failed = true;
            return;
        }
        if (x->flags & HELD)
            hold_parents(w, p);
        if (!(p->flags & SEEN))
            enqueue(w, p);
    }
}

static void limit(struct walking *w)
{
    int64_t date = INT64_MAX;
    int slop = SLOP;
    while (w->n_queue && !w->failed) {
        struct node *x = dequeue(w);
        if (x->date_s < w->since_s)
            x->flags |= HELD;
        queue_parents(w, x);
        if (!(x->flags & HELD)) {
            date = x->date_s;
            push(&w->list, &w->n_list, &w->cap_list, x);
            continue;
        }
        hold_parents(w, x);
        if (w->n_queue == 0)
            break;
        slop = date <= w->queue[0]->date_s || w->open ? SLOP : slop - 1;
        if (slop == 0)
            break;
    }
}

/* Children before their parents; of several the last that became free. */
static void sort_list(struct walking *w)
{
    size_t n = 0;
    w->n_stack = 0;
    for (size_t i = 0; i < w->n_list; i++)
        w->list[i]->degree = 1;
    for (size_t i = 0; i < w->n_list; i++)
        for (size_t k = 0; k < w->list[i]->n_parents; k++) {
            struct node *p = fresh(w, w->list[i]->parents[k]);
            p->degree += p->degree > 0;
        }
    for (size_t i = w->n_list; i-- > 0;)
        if (w->list[i]->degree == 1)
            push(&w->stack, &w->n_stack, &w->cap_stack, w->list[i]);
    while (w->n_stack) {
        struct node *x = w->stack[--w->n_stack];
        for (size_t k = 0; k < x->n_parents; k++) {
            struct node *p = x->parents[k];
            if (p->degree && --p->degree == 1)
                push(&w->stack, &w->n_stack, &w->cap_stack, p);
        }
        x->degree = 0;
        w->list[n++] = x;
    }
    w->n_list = n;
}

static int newest_first(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    return before(x, y) ? -1 : before(y, x);
}

/* The lines and the given commit, which is held. */
static void begin(struct walking *w, const struct past_ask *ask)
{
    struct node *given = node_of(w->m, ask->fix);
    if (given == NULL) {
        w->failed = true;
        return;
    }
    fresh(w, given)->flags |= HELD;
    for (size_t i = 0; i <= ask->n_onto && !w->failed; i++) {
        struct node *x = i < ask->n_onto ? node_of(w->m, ask->onto[i]) : given;
        if (x == NULL || !read_node(w, fresh(w, x))) {
            w->failed = true;
        } else {
            if (x->flags & HELD)
                hold_parents(w, x);
            if (!(x->flags & SEEN))
                enqueue(w, x);
        }
    }
    if (w->n_queue) /* a sorted list is a heap too */
        qsort(w->queue, w->n_queue, sizeof(struct node *), newest_first);
}

static void give(struct walking *w, struct past_log *ret, struct str **ret_parents)
{
    size_t n = 0;
    struct past_log l = {.v = mem_zalloc((w->n_list + 1) * sizeof *l.v)};
    struct str *parents = mem_zalloc((w->n_list + 1) * sizeof *parents);
    struct node **kept = w->list;
    for (size_t i = 0; i < w->n_list && n < PAST_COMMITS_MAX; i++)
        if (!(w->list[i]->flags & HELD))
            kept[n++] = w->list[i];
    for (size_t i = n; i-- > 0;) {
        l.v[l.n] = kept[i]->entry;
        parents[l.n++] = kept[i]->parent_ids;
    }
    *ret = l;
    *ret_parents = parents;
}

bool past_memory_walk(struct past_memory *m, const struct past_ask *ask, int64_t since_s,
                      struct past_log *ret, struct str **ret_parents)
{
    struct walking w = {.m = m, .since_s = since_s, .failed = m->shallow};
    m->walk++;
    if (!w.failed)
        begin(&w, ask);
    limit(&w);
    sort_list(&w);
    if (!w.failed)
        give(&w, ret, ret_parents);
    free(w.queue);
    free(w.list);
    free(w.stack);
    return !w.failed;
}
