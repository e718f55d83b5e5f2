/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blobs are in which tag of a repository.  Runs in commands and in the engine child; the
 * repository is a stranger's: folders that are missing or damaged count as empty.
 */
#include "engine/audit/vendor_tagged.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/audit/vendor_inside.h"

#define NODES_FIRST 1024
#define NONE        UINT32_MAX

/* A folder, known by its id: which of the ids lie in it and which folders. */
struct node {
    unsigned char id[GIT_OID_HEX / 2];
    uint32_t first_hit, n_hits; /* in hits */
    uint32_t first_kid, n_kids; /* in kids: numbers of nodes */
    uint32_t n_code;            /* program files, folders in it included */
    bool done, any;             /* any: it or a folder in it has a hit */
    uint32_t marked;            /* for this tag already, from 1: one folder may stand in many */
};

struct list32 {
    uint32_t *p;
    size_t n, cap;
};

struct frame {
    uint32_t node;
    size_t kid;
};

struct reader {
    struct objects *o;
    const struct tagged_ids *ids;
    struct node *nodes;
    size_t n, cap, reads;
    uint32_t *table; /* hash of ids -> node + 1 */
    size_t slots;
    struct list32 hits, kids;
    bool cut;
};

static void reader_auto(struct reader *r)
{
    free(r->nodes);
    free(r->table);
    free(r->hits.p);
    free(r->kids.p);
}

static void push32(struct list32 *l, uint32_t v)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : NODES_FIRST;
        l->p = mem_realloc(l->p, l->cap * sizeof *l->p);
    }
    l->p[l->n++] = v;
}

static size_t slot_of(const struct reader *r, const unsigned char *id)
{
    size_t at = hash64(str_of(id, r->ids->len)) & (r->slots - 1);
    while (r->table[at] && memcmp(r->nodes[r->table[at] - 1].id, id, r->ids->len) != 0)
        at = (at + 1) & (r->slots - 1);
    return at;
}

static void grow_table(struct reader *r)
{
    free(r->table);
    r->slots = r->slots ? 2 * r->slots : 4 * NODES_FIRST;
    r->table = mem_zalloc(r->slots * sizeof *r->table);
    for (size_t i = 0; i < r->n; i++)
        r->table[slot_of(r, r->nodes[i].id)] = (uint32_t)i + 1;
}

/* The number of the folder with this id, a new one when it was not seen; NONE: too many. */
static uint32_t node_of(struct reader *r, const unsigned char *id)
{
    if (2 * (r->n + 1) > r->slots)
        grow_table(r);
    size_t slot = slot_of(r, id);
    if (r->table[slot])
        return r->table[slot] - 1;
    if (r->n == VENDOR_TREES_MAX) {
        r->cut = true;
        return NONE;
    }
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : NODES_FIRST;
        r->nodes = mem_realloc(r->nodes, r->cap * sizeof *r->nodes);
    }
    r->nodes[r->n] = (struct node){.done = false};
    memcpy(r->nodes[r->n].id, id, r->ids->len);
    r->table[slot] = (uint32_t)++r->n;
    return (uint32_t)(r->n - 1);
}

static size_t id_at(const struct tagged_ids *ids, const unsigned char *id)
{
    size_t lo = 0, hi = ids->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = memcmp(ids->all[mid], id, ids->len);
        if (c == 0)
            return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return SIZE_MAX;
}

/* Reads the folder itself: its files that are asked for, and which folders it has. */
static enum rc read_node(struct reader *r, uint32_t number, struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    struct object got;
    struct tree_entry t;
    hex_put(hex, r->nodes[number].id, r->ids->len);
    r->nodes[number].first_hit = (uint32_t)r->hits.n;
    r->nodes[number].first_kid = (uint32_t)r->kids.n;
    enum rc rc = objects_read(r->o, str_c(hex), VENDOR_TREE_MAX, &got, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || (rc == RC_OK && got.type != OBJECT_TREE))
        return RC_OK;
    TRY(rc);
    struct str rest = got.body;
    while (tree_next(&rest, r->ids->len, &t)) {
        if ((t.mode & TREE_MODE_TYPE) == TREE_MODE_DIR && !vendor_holds_copies(t.name)) {
            uint32_t kid = node_of(r, t.id);
            if (kid != NONE)
                push32(&r->kids, kid);
        } else if ((t.mode & TREE_MODE_TYPE) == TREE_MODE_FILE && vendor_is_code(t.name)) {
            size_t i = id_at(r->ids, t.id);
            r->nodes[number].n_code++;
            if (i != SIZE_MAX)
                push32(&r->hits, (uint32_t)i);
        }
    }
    r->nodes[number].n_hits = (uint32_t)r->hits.n - r->nodes[number].first_hit;
    r->nodes[number].n_kids = (uint32_t)r->kids.n - r->nodes[number].first_kid;
    r->nodes[number].any = r->nodes[number].n_hits > 0;
    return RC_OK;
}

/* The folder and all below it, each once; a folder cannot hold itself, but a forged list of folders
 * may be deep: those below VENDOR_DEPTH_MAX count as empty. */
static enum rc read_below(struct reader *r, uint32_t top, struct err *e)
{
    struct frame stack[VENDOR_DEPTH_MAX] = {{.node = top}};
    size_t depth = 1;
    if (r->nodes[top].done)
        return RC_OK;
    TRY(read_node(r, top, e));
    while (depth) {
        struct frame *f = &stack[depth - 1];
        struct node *n = &r->nodes[f->node];
        if (f->kid < n->n_kids) {
            uint32_t kid = r->kids.p[n->first_kid + f->kid];
            if (!r->nodes[kid].done && depth < VENDOR_DEPTH_MAX) {
                TRY(read_node(r, kid, e));
                stack[depth++] = (struct frame){.node = kid};
            } else {
                f->kid++;
            }
            continue;
        }
        for (size_t i = 0; i < n->n_kids; i++) {
            const struct node *k = &r->nodes[r->kids.p[n->first_kid + i]];
            n->any |= k->any;
            n->n_code += k->n_code < UINT32_MAX / 2 - n->n_code ? k->n_code : 0;
        }
        n->done = true;
        depth--;
        if (depth)
            stack[depth - 1].kid++;
    }
    return RC_OK;
}

static void mark(struct reader *r, uint32_t top, uint32_t tag, uint64_t *row)
{
    struct frame stack[VENDOR_DEPTH_MAX + 1] = {{.node = top}};
    size_t depth = 1;
    while (depth) {
        struct frame *f = &stack[depth - 1];
        const struct node *n = &r->nodes[f->node];
        if (f->kid == 0)
            for (size_t i = 0; i < n->n_hits; i++) {
                uint32_t hit = r->hits.p[n->first_hit + i];
                row[hit / 64] |= 1ull << (hit % 64);
            }
        if (f->kid == n->n_kids || depth > VENDOR_DEPTH_MAX) {
            depth--;
            continue;
        }
        uint32_t kid = r->kids.p[n->first_kid + f->kid++];
        bool wanted = r->nodes[kid].any && r->nodes[kid].marked != tag + 1;
        r->nodes[kid].marked = tag + 1;
        if (wanted && depth <= VENDOR_DEPTH_MAX)
            stack[depth++] = (struct frame){.node = kid};
    }
}

/* The top folder of a commit, raw. */
static enum rc top_of(struct reader *r, struct str commit, unsigned char *ret_id, struct err *e)
{
    struct object got;
    struct str tree;
    struct err why = ERR_INIT;
    TRY(objects_read(r->o, commit, VENDOR_TREE_MAX, &got, e));
    if (got.type != OBJECT_COMMIT || !object_header(got.body, "tree", 0, &tree))
        return RC_NOTFOUND;
    return hex_get(tree, ret_id, r->ids->len, "tree", &why) == RC_OK ? RC_OK : RC_NOTFOUND;
}

static enum rc read_tag(struct reader *r, struct tagged *t, size_t tag, struct err *e)
{
    unsigned char id[GIT_OID_HEX / 2];
    enum rc rc = top_of(r, t->tags[tag].commit, id, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT)
        return RC_OK;
    TRY(rc);
    uint32_t top = node_of(r, id);
    if (top == NONE)
        return RC_OK;
    TRY(read_below(r, top, e));
    t->n_code[tag] = r->nodes[top].n_code;
    uint64_t *row = t->has + tag * t->words;
    mark(r, top, (uint32_t)tag, row);
    for (size_t i = 0; i < t->words; i++)
        t->anywhere[i] |= row[i];
    return RC_OK;
}

enum rc tagged_read(const struct vendor_sister *s, const struct tagged_ids *ids, struct arena *a,
                    struct tagged *ret, struct err *e)
{
    AUTO(reader) struct reader r = {.o = s->objects, .ids = ids};
    struct tagged t = {.words = ids->n / 64 + 1};
    size_t left_out;
    TRY(git_tags(s->git, a, &t.tags, &t.n_tags, &left_out, e));
    if (t.n_tags > VENDOR_TAGS_MAX) {
        t.tags += t.n_tags - VENDOR_TAGS_MAX;
        t.n_tags = VENDOR_TAGS_MAX;
        t.cut = true;
    }
    t.all = t.tags;
    t.n_all = t.n_tags;
    t.has = arena_array(a, t.n_tags ? t.n_tags * t.words : 1, sizeof *t.has);
    t.n_code = arena_array(a, t.n_tags ? t.n_tags : 1, sizeof *t.n_code);
    t.anywhere = arena_array(a, t.words, sizeof *t.anywhere);
    TRY(arena_ok(a, "tags of a sister repository", e));
    if (ids->n == 0)
        t.n_tags = 0;
    bool same = strcmp(git_object_format(s->git), "sha1") == 0 ? ids->len == 20 : ids->len == 32;
    if (!same)
        t.n_tags = 0; /* ids of another kind say nothing */
    for (size_t i = t.n_tags; i-- > 0;)
        TRY(read_tag(&r, &t, i, e));
    t.cut |= r.cut;
    *ret = t;
    return RC_OK;
}
