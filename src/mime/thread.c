/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threading.  Runs in core over typed messages whose ids strangers chose: ids are sorted, not
 * hashed, circles are found by union-find, and nothing recurses, so no choice of ids is slow.
 */
#include "mime/thread.h"

#include <string.h>

/* A name in use: slot < n is the own id of a message, further ones are references in order. */
struct use {
    struct str id;
    size_t slot;
};

/* One kept node on its way to its place among its siblings. */
struct place {
    size_t node, parent, tie;
    int64_t date_us;
};

/* The subject of one root thread. */
struct topic {
    struct str subject;
    size_t order; /* place among the roots */
    size_t group;
};

struct work {
    struct arena *a;
    const struct thread_msg *m;
    size_t n;       /* messages */
    size_t n_nodes; /* nodes in use; room for n more */
    size_t n_refs;
    size_t *msg, *parent, *set; /* by node; set is the union-find forest */
    size_t *node_of, *ref_node; /* by message; by reference */
    size_t *first;              /* by node: earliest message below a placeholder at the root */
    bool *kept;
};

static int use_cmp(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int r = str_cmp(x->id, y->id);
    return r ? r : x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int place_cmp(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->date_us != y->date_us)
        return x->date_us < y->date_us ? -1 : 1;
    return x->tie < y->tie ? -1 : x->tie > y->tie;
}

static int topic_cmp(const void *a, const void *b)
{
    const struct topic *x = a, *y = b;
    size_t n = x->subject.n < y->subject.n ? x->subject.n : y->subject.n;
    for (size_t i = 0; i < n; i++) {
        char cx = ascii_lower(x->subject.p[i]), cy = ascii_lower(y->subject.p[i]);
        if (cx != cy)
            return (unsigned char)cx < (unsigned char)cy ? -1 : 1;
    }
    if (x->subject.n != y->subject.n)
        return x->subject.n < y->subject.n ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static enum rc work_init(struct work *w, struct err *e)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->m[i].n_refs > THREAD_REFS_MAX - w->n_refs)
            return err_set(e, RC_LIMIT, "threading: more than %d references", THREAD_REFS_MAX);
        w->n_refs += w->m[i].n_refs;
    }
    /* Each message and each reference is at most one node; joining by subject makes at most n. */
    size_t room = 2 * w->n + w->n_refs + 1;
    w->msg = arena_array(w->a, room, sizeof *w->msg);
    w->parent = arena_array(w->a, room, sizeof *w->parent);
    w->set = arena_array(w->a, room, sizeof *w->set);
    w->first = arena_array(w->a, room, sizeof *w->first);
    w->kept = arena_array(w->a, room, sizeof *w->kept);
    w->node_of = arena_array(w->a, w->n + 1, sizeof *w->node_of);
    w->ref_node = arena_array(w->a, w->n_refs + 1, sizeof *w->ref_node);
    return arena_ok(w->a, "threading", e);
}

static size_t node_new(struct work *w, size_t msg)
{
    size_t k = w->n_nodes++;
    w->msg[k] = msg;
    w->parent[k] = THREAD_NONE;
    w->set[k] = k;
    w->first[k] = THREAD_NONE;
    return k;
}

/* Gives each distinct id a node; the second message with an id, or one without, gets its own. */
static enum rc name_nodes(struct work *w, struct err *e)
{
    size_t n_use = 0, slot = w->n;
    struct use *use = arena_array(w->a, w->n + w->n_refs + 1, sizeof *use);
    TRY(arena_ok(w->a, "threading", e));
    for (size_t i = 0; i < w->n; i++)
        use[n_use++] = (struct use){w->m[i].id, i};
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->m[i].n_refs; k++)
            use[n_use++] = (struct use){w->m[i].refs[k], slot++};
    qsort(use, n_use, sizeof *use, use_cmp);
    for (size_t i = 0, node = THREAD_NONE; i < n_use; i++) {
        bool again = i > 0 && str_eq(use[i].id, use[i - 1].id);
        if (use[i].slot >= w->n) {
            if (use[i].id.n == 0) {
                w->ref_node[use[i].slot - w->n] = THREAD_NONE;
                continue;
            }
            if (!again)
                node = node_new(w, THREAD_NONE);
            w->ref_node[use[i].slot - w->n] = node;
        } else if (again || use[i].id.n == 0) {
            w->node_of[use[i].slot] = node_new(w, use[i].slot);
        } else {
            w->node_of[use[i].slot] = node = node_new(w, use[i].slot);
        }
    }
    return RC_OK;
}

static size_t set_of(struct work *w, size_t k)
{
    while (w->set[k] != k) {
        w->set[k] = w->set[w->set[k]];
        k = w->set[k];
    }
    return k;
}

/* child has no parent yet, so it is the top of its set: the same set means a circle. */
static void link_nodes(struct work *w, size_t parent, size_t child)
{
    size_t p = set_of(w, parent), c = set_of(w, child);
    if (p == c)
        return;
    w->set[c] = p;
    w->parent[child] = parent;
}

static void link_all(struct work *w)
{
    size_t at = 0;
    for (size_t i = 0; i < w->n; at += w->m[i++].n_refs) {
        size_t k = w->m[i].n_refs;
        while (k > 0 && w->ref_node[at + k - 1] == THREAD_NONE)
            k--;
        if (k > 0)
            link_nodes(w, w->ref_node[at + k - 1], w->node_of[i]);
    }
    at = 0;
    for (size_t i = 0; i < w->n; at += w->m[i++].n_refs) {
        size_t before = THREAD_NONE;
        for (size_t k = 0; k < w->m[i].n_refs; k++) {
            size_t node = w->ref_node[at + k];
            if (node == THREAD_NONE)
                continue;
            if (before != THREAD_NONE && w->parent[node] == THREAD_NONE)
                link_nodes(w, before, node);
            before = node;
        }
    }
}

/* Nodes in an order in which parents come before their children. */
static enum rc top_down(struct work *w, size_t **ret_order, struct err *e)
{
    size_t n = w->n_nodes, head = 0, tail = 0;
    size_t *child = arena_array(w->a, n + 1, sizeof *child);
    size_t *next = arena_array(w->a, n + 1, sizeof *next);
    size_t *order = arena_array(w->a, n + 1, sizeof *order);
    TRY(arena_ok(w->a, "threading", e));
    for (size_t k = 0; k < n; k++)
        child[k] = THREAD_NONE;
    for (size_t k = 0; k < n; k++) {
        if (w->parent[k] == THREAD_NONE) {
            order[tail++] = k;
        } else {
            next[k] = child[w->parent[k]];
            child[w->parent[k]] = k;
        }
    }
    while (head < tail)
        for (size_t k = child[order[head++]]; k != THREAD_NONE; k = next[k])
            order[tail++] = k;
    BUG_ON(tail != n);
    *ret_order = order;
    return RC_OK;
}

static bool earlier(const struct work *w, size_t a, size_t b)
{
    if (w->m[a].date_us != w->m[b].date_us)
        return w->m[a].date_us < w->m[b].date_us;
    return a < b;
}

/* Removes the placeholders that show nothing (RFC 5256 step 3). */
static enum rc prune(struct work *w, struct err *e)
{
    size_t *order, n = w->n_nodes;
    size_t *count = arena_array(w->a, n + 1, sizeof *count);
    size_t *up = arena_array(w->a, n + 1, sizeof *up);
    TRY(arena_ok(w->a, "threading", e));
    TRY(top_down(w, &order, e));
    for (size_t i = 0; i < n; i++) {
        size_t k = order[i], p = w->parent[k];
        /* Nearest ancestor that is a message or stands at the root. */
        up[k] = p == THREAD_NONE || w->msg[p] != THREAD_NONE || up[p] == THREAD_NONE ? p : up[p];
        w->kept[k] = w->msg[k] != THREAD_NONE;
        if (w->kept[k] && up[k] != THREAD_NONE) {
            size_t *first = &w->first[up[k]];
            count[up[k]]++;
            if (*first == THREAD_NONE || earlier(w, w->msg[k], *first))
                *first = w->msg[k];
        }
    }
    for (size_t k = 0; k < n; k++) {
        bool lone = up[k] != THREAD_NONE && w->msg[up[k]] == THREAD_NONE && count[up[k]] < 2;
        w->parent[k] = !w->kept[k] || lone ? THREAD_NONE : up[k];
    }
    for (size_t k = 0; k < n; k++)
        if (w->kept[k] && w->parent[k] != THREAD_NONE)
            w->kept[w->parent[k]] = true;
    return RC_OK;
}

/* The message that stands for a node: itself, or the first below a placeholder. */
static size_t face(const struct work *w, size_t node)
{
    return w->msg[node] != THREAD_NONE ? w->msg[node] : w->first[node];
}

static enum rc sorted_places(struct work *w, struct place **ret_p, size_t *ret_n, struct err *e)
{
    size_t n = 0;
    struct place *p = arena_array(w->a, w->n_nodes + 1, sizeof *p);
    TRY(arena_ok(w->a, "threading", e));
    for (size_t k = 0; k < w->n_nodes; k++) {
        if (!w->kept[k])
            continue;
        size_t m = face(w, k);
        p[n++] = (struct place){k, w->parent[k], m, w->m[m].date_us};
    }
    qsort(p, n, sizeof *p, place_cmp);
    *ret_p = p;
    *ret_n = n;
    return RC_OK;
}

/* One pair of RFC 5256 step 5.C; *table is the thread kept for the subject. */
static void join(struct work *w, size_t *table, size_t node, size_t *moved)
{
    bool t_dummy = w->msg[*table] == THREAD_NONE, dummy = w->msg[node] == THREAD_NONE;
    if (t_dummy && dummy) {
        moved[node] = *table;
        w->kept[node] = false;
        return;
    }
    if (!t_dummy && !(w->m[w->msg[node]].reply && !w->m[w->msg[*table]].reply)) {
        size_t both = node_new(w, THREAD_NONE);
        w->kept[both] = true;
        w->first[both] = w->msg[*table];
        w->parent[*table] = both;
        *table = both;
        t_dummy = true;
    }
    w->parent[node] = *table;
    if (t_dummy && earlier(w, w->msg[node], w->first[*table]))
        w->first[*table] = w->msg[node];
}

static bool better_table(const struct work *w, size_t node, size_t table)
{
    if (w->msg[table] == THREAD_NONE)
        return false;
    return w->msg[node] == THREAD_NONE || (w->m[w->msg[table]].reply && !w->m[w->msg[node]].reply);
}

/* Joins root threads of the same base subject (RFC 5256 step 5). */
static enum rc join_subjects(struct work *w, struct err *e)
{
    struct place *p;
    size_t n, roots = 0, before = w->n_nodes;
    TRY(sorted_places(w, &p, &n, e));
    struct topic *topic = arena_array(w->a, n + 1, sizeof *topic);
    size_t *table = arena_array(w->a, n + 1, sizeof *table);
    size_t *group = arena_array(w->a, n + 1, sizeof *group);
    size_t *moved = arena_array(w->a, before + 1, sizeof *moved);
    TRY(arena_ok(w->a, "threading", e));
    /* Roots sort last: their parent is THREAD_NONE. */
    size_t start = n;
    while (start > 0 && p[start - 1].parent == THREAD_NONE)
        start--;
    for (size_t i = start; i < n; i++)
        topic[roots++] = (struct topic){w->m[p[i].tie].base_subject, i, 0};
    qsort(topic, roots, sizeof *topic, topic_cmp);
    for (size_t i = 0; i < roots; i++) {
        bool same = i > 0 && str_eq_nocase(topic[i].subject, topic[i - 1].subject);
        topic[i].group = same ? topic[i - 1].group : i;
        size_t node = p[topic[i].order].node, g = topic[i].group;
        group[topic[i].order] = topic[i].subject.n > 0 ? g : THREAD_NONE;
        if (!same || better_table(w, node, table[g]))
            table[g] = node;
    }
    for (size_t k = 0; k < before; k++)
        moved[k] = k;
    for (size_t i = start; i < n; i++)
        if (group[i] != THREAD_NONE && table[group[i]] != p[i].node &&
            w->parent[p[i].node] == THREAD_NONE)
            join(w, &table[group[i]], p[i].node, moved);
    for (size_t k = 0; k < before; k++)
        if (w->parent[k] != THREAD_NONE && w->parent[k] < before)
            w->parent[k] = moved[w->parent[k]];
    return RC_OK;
}

/* Children of merged placeholders may be earlier than the face chosen before. */
static void faces_again(struct work *w)
{
    for (size_t k = 0; k < w->n_nodes; k++) {
        size_t p = w->parent[k];
        if (w->kept[k] && p != THREAD_NONE && w->msg[p] == THREAD_NONE &&
            earlier(w, face(w, k), w->first[p]))
            w->first[p] = face(w, k);
    }
}

static enum rc build_forest(struct work *w, struct thread_forest *ret_f, struct err *e)
{
    struct place *p;
    size_t n;
    struct thread_forest f = {
        .n_nodes = w->n_nodes, .first_root = THREAD_NONE, .node_of = w->node_of};
    TRY(sorted_places(w, &p, &n, e));
    f.nodes = arena_array(w->a, w->n_nodes + 1, sizeof *f.nodes);
    TRY(arena_ok(w->a, "threading", e));
    for (size_t k = 0; k < w->n_nodes; k++)
        f.nodes[k] = (struct thread_node){w->msg[k], THREAD_NONE, THREAD_NONE, THREAD_NONE};
    for (size_t i = n; i > 0; i--) {
        const struct place *q = &p[i - 1];
        size_t *head = q->parent == THREAD_NONE ? &f.first_root : &f.nodes[q->parent].first_child;
        f.nodes[q->node].parent = q->parent;
        f.nodes[q->node].next = *head;
        *head = q->node;
    }
    *ret_f = f;
    return RC_OK;
}

enum rc thread_build(struct arena *a, const struct thread_msg *m, size_t n, bool by_subject,
                     struct thread_forest *ret_f, struct err *e)
{
    struct work w = {.a = a, .m = m, .n = n};
    if (n > THREAD_MESSAGES_MAX)
        return err_set(e, RC_LIMIT, "threading: more than %d messages", THREAD_MESSAGES_MAX);
    TRY(work_init(&w, e));
    TRY(name_nodes(&w, e));
    link_all(&w);
    TRY(prune(&w, e));
    if (by_subject) {
        TRY(join_subjects(&w, e));
        faces_again(&w);
    }
    return build_forest(&w, ret_f, e);
}

size_t thread_next(const struct thread_forest *f, size_t node, size_t *depth)
{
    if (f->nodes[node].first_child != THREAD_NONE) {
        ++*depth;
        return f->nodes[node].first_child;
    }
    while (node != THREAD_NONE && f->nodes[node].next == THREAD_NONE) {
        node = f->nodes[node].parent;
        --*depth;
    }
    return node == THREAD_NONE ? THREAD_NONE : f->nodes[node].next;
}
