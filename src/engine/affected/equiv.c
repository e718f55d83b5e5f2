/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the copies and the reverts of given commits.  Runs in commands and in the engine child;
 * what commits say is a stranger's word: it is looked up and compared, never followed.
 */
#include "engine/affected/equiv.h"

#include <stdlib.h>
#include <string.h>

#include "engine/affected/equiv_rules.h"

#define ROUNDS          3  /* copies of copies of copies */
#define SUBJECT_OWN_MIN 12 /* bytes of a subject that can be somebody's own */
#define REVERT_SHARE    0.5

/* Bit i of a mask: the i-th given commit. */
struct cand {
    uint32_t row, commit;
    uint64_t files; /* touches a code file of that name */
    uint64_t copy, part, subject, date, vuln, pull, revert;
    uint64_t revert_named; /* of revert: by the id, not by the subject alone */
    bool picked;           /* by the reasons above, not by its files alone */
    int64_t far_us;        /* from the nearest given commit */
    struct change change;
    bool read;
};

struct search {
    struct history *h;
    const struct table *t;
    const struct fix_commit *f;
    size_t n;
    uint64_t all;
    const struct tagset *known;
    struct arena *a;
    uint64_t *before, *after; /* of each commit: given ones that it is before / behind, or is */
    uint64_t *path_mask;      /* of each path of the table */
    struct str paths[DIFFLOG_PATHS_MAX];
    size_t n_paths;
    bool whole;           /* too many paths to limit git to */
    struct change *given; /* the given ones, as git shows them limited to the same paths */
    size_t *twins;        /* of a given one: commits of its own line with its subject */
    struct cand *c;
    size_t n_c;
    struct equiv_found out;
    size_t pairs_max;
};

/* ---- Where the given commits are ---- */

static void mark_lines(struct search *s)
{
    const struct graph *g = s->h->graph;
    for (size_t i = 0; i < s->n; i++)
        if (s->f[i].commit != GRAPH_NONE)
            s->before[s->f[i].commit] = s->after[s->f[i].commit] |= UINT64_C(1) << i;
    for (uint32_t c = g->n; c-- > 0;)
        for (uint32_t p = g->parent_at[c]; s->before[c] && p < g->parent_at[c + 1]; p++)
            s->before[g->parent[p]] |= s->before[c];
    for (uint32_t c = 0; c < g->n; c++)
        for (uint32_t p = g->parent_at[c]; p < g->parent_at[c + 1]; p++)
            s->after[c] |= s->after[g->parent[p]];
}

/* ---- Which files ---- */

/* Given commits that have a file of this name. */
static uint64_t mask_of_path(const struct search *s, struct str path, bool *ret_same)
{
    struct str base = path_base(path);
    uint64_t mask = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->f[i].n_files; k++) {
            struct str p = diff_file_path(&s->f[i].files[k]);
            if (p.n < base.n || !str_eq(path_base(p), base))
                continue;
            mask |= UINT64_C(1) << i;
            *ret_same |= str_eq(p, path);
        }
    return mask;
}

struct path_choice {
    uint32_t number, touched; /* by so many commits */
    bool same;                /* a path of the fix itself, not only its name */
    uint64_t mask;
};

static int same_then_rare(const void *a, const void *b)
{
    const struct path_choice *x = a, *y = b;
    if (x->same != y->same)
        return x->same ? -1 : 1;
    if (x->touched != y->touched)
        return x->touched < y->touched ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Paths of the fix, those with the same name; of too many the ones that few commits touch. */
static enum rc choose_paths(struct search *s, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(HISTORY_MEMORY);
    uint32_t *touched = arena_array(tmp, s->t->n_paths + 1, sizeof *touched);
    struct path_choice *v = arena_array(tmp, s->t->n_paths + 1, sizeof *v);
    size_t n = 0;
    s->path_mask = arena_array(s->a, s->t->n_paths + 1, sizeof *s->path_mask);
    TRY(arena_ok(tmp, "the paths of the fix", e));
    TRY(arena_ok(s->a, "the paths of the fix", e));
    for (size_t i = 0; i < s->t->n_files; i++)
        touched[s->t->files[i]]++;
    for (uint32_t i = 0; i < s->t->n_paths; i++) {
        struct path_choice c = {.number = i, .touched = touched[i]};
        c.mask = mask_of_path(s, s->t->paths[i], &c.same);
        if (c.mask)
            v[n++] = c;
    }
    if (n)
        qsort(v, n, sizeof *v, same_then_rare);
    for (size_t i = 0; i < n && s->n_paths < DIFFLOG_PATHS_MAX; i++) {
        s->paths[s->n_paths++] = s->t->paths[v[i].number];
        s->path_mask[v[i].number] = v[i].mask;
    }
    return RC_OK;
}

static uint64_t mask_of_row(const struct search *s, const struct table_row *r)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < r->n_files; i++)
        mask |= s->path_mask[s->t->files[r->files_at + i]];
    return mask;
}

static size_t more_files(const struct search *s, const struct table_row *r, size_t i)
{
    size_t n = 0;
    for (uint32_t k = 0; k < r->n_files; k++) {
        uint32_t p = s->t->files[r->files_at + k];
        n += !(s->path_mask[p] >> i & 1) && path_is_code(s->t->paths[p]);
    }
    return n;
}

/* ---- What the messages say ---- */

static size_t count_kind(const struct named *v, size_t n, enum named_kind kind)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += v[i].kind == kind;
    return k;
}

static bool same_id(const struct named *a, const struct named *b)
{
    uint8_t digits = a->digits < b->digits ? a->digits : b->digits;
    struct named cut = *a;
    cut.digits = digits;
    return digits >= NAMED_ID_MIN && named_is(&cut, b->key);
}

/* What name x of the one says about given commit f. */
static void one_name(struct cand *c, const struct fix_commit *f, uint64_t bit,
                     const struct named *x)
{
    bool is = x->digits && named_is(x, f->id);
    switch ((enum named_kind)x->kind) {
    case NAMED_COPY:
        c->copy |= is ? bit : 0;
        break;
    case NAMED_COPY_PART:
        c->part |= is ? bit : 0;
        break;
    case NAMED_REVERT:
        c->revert |= is ? bit : 0;
        c->revert_named |= is ? bit : 0;
        break;
    default:
        break;
    }
    for (size_t k = 0; k < f->said.n; k++) {
        const struct named *y = &f->said.named[k];
        bool number = x->digits == 0 && y->digits == 0 && named_number(x) == named_number(y);
        if (x->kind == NAMED_COPY && y->kind == NAMED_COPY && same_id(x, y) &&
            count_kind(f->said.named, f->said.n, NAMED_COPY) == 1)
            c->copy |= bit;
        if (!number)
            continue;
        bool one = count_kind(f->said.named, f->said.n, NAMED_SVN_COPY) == 1;
        if ((x->kind == NAMED_SVN_COPY && y->kind == NAMED_SVN_SELF) ||
            (x->kind == NAMED_SVN_SELF && y->kind == NAMED_SVN_COPY && one) ||
            (x->kind == NAMED_SVN_COPY && y->kind == NAMED_SVN_COPY && one))
            c->copy |= c->files & bit;
        if (x->kind == NAMED_SVN_SELF && y->kind == NAMED_SVN_COPY && !one)
            c->part |= c->files & bit;
        if (x->kind == NAMED_SVN_REVERT && y->kind == NAMED_SVN_SELF)
            c->revert |= bit;
        if (x->kind == NAMED_VULN && y->kind == NAMED_VULN)
            c->vuln |= bit;
        if (x->kind == NAMED_PULL && y->kind == NAMED_PULL)
            c->pull |= bit;
    }
}

/* The given one names this one as what it copies. */
static void named_by_given(struct cand *c, const struct fix_commit *f, uint64_t bit,
                           const struct table_row *r)
{
    bool one = count_kind(f->said.named, f->said.n, NAMED_COPY) == 1;
    for (size_t k = 0; k < f->said.n; k++)
        if (f->said.named[k].kind == NAMED_COPY && named_is(&f->said.named[k], r->id)) {
            c->copy |= one ? bit : 0;
            c->part |= one ? 0 : bit;
        }
}

static void read_row(const struct search *s, const struct table_row *r, struct cand *c)
{
    const struct named *names = table_named(s->t, r);
    bool reverts = r->flags & TABLE_REVERTS;
    c->files = mask_of_row(s, r);
    for (size_t i = 0; i < s->n; i++) {
        const struct fix_commit *f = &s->f[i];
        uint64_t bit = UINT64_C(1) << i;
        for (size_t k = 0; k < r->n_named; k++)
            one_name(c, f, bit, &names[k]);
        named_by_given(c, f, bit, r);
        if (f->said.subject && r->subject == f->said.subject) {
            c->subject |= reverts == f->said.reverts ? bit : 0;
            /* The other way round takes it back, when it came later on the same line. */
            c->revert |= reverts != f->said.reverts && c->files & bit ? bit : 0;
        }
        if (f->author_us && r->author_us == f->author_us)
            c->date |= bit;
    }
}

/* ---- Who is looked at ---- */

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* Given commits than which the row is not much older. */
static uint64_t not_too_old(const struct search *s, const struct table_row *r, int64_t *ret_far)
{
    uint64_t mask = 0;
    *ret_far = INT64_MAX;
    for (size_t i = 0; i < s->n; i++) {
        const struct fix_commit *f = &s->f[i];
        int64_t at = f->author_us && f->author_us < f->commit_us ? f->author_us : f->commit_us;
        int64_t far = distance(r->commit_us, at);
        if (r->commit_us >= at - EQUIV_OLDER_US)
            mask |= UINT64_C(1) << i;
        *ret_far = far < *ret_far ? far : *ret_far;
    }
    return mask;
}

/* Could it change what is known: in a tag that does not hold the fix, or on a branch only? */
static bool matters(const struct search *s, uint32_t commit)
{
    struct tagset in = {.w = (uint64_t *)(uintptr_t)history_reach(s->h, commit), .n = s->h->n_tags};
    return tagset_empty(&in) || !tagset_within(&in, s->known);
}

static bool consider(struct search *s, size_t row, struct cand *c)
{
    const struct table_row *r = &s->t->rows[row];
    uint32_t commit = s->t->commit[row];
    if (commit == GRAPH_NONE)
        return false;
    uint64_t before = s->before[commit], after = s->after[commit], both = before | after;
    *c = (struct cand){.row = (uint32_t)row, .commit = commit};
    if (before & after) /* one of the given ones */
        return false;
    read_row(s, r, c);
    uint64_t recent = not_too_old(s, r, &c->far_us);
    /* Reverts lie behind what they take back, or on another line; copies on another line.  What
     * has the subject and lies behind may bring a reverted one back. */
    c->revert &= ~before;
    c->copy &= ~both;
    c->part &= ~both;
    c->date &= ~both;
    uint64_t again = r->flags & TABLE_AGAIN ? after : 0;
    c->subject &= ~both | again;
    c->picked = c->revert || c->copy || c->part || c->date || c->subject;
    uint64_t by_files = c->files & recent & ~both;
    /* Nobody knows which files it touches: it is asked for, and found to be unreadable. */
    if (r->flags & TABLE_MISSING)
        by_files = recent & ~both;
    return c->picked || (by_files && matters(s, commit));
}

static int picked_then_near(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    if (x->picked != y->picked)
        return x->picked ? -1 : 1;
    if (x->far_us != y->far_us)
        return x->far_us < y->far_us ? -1 : 1;
    return x->commit < y->commit ? -1 : x->commit > y->commit;
}

static int by_commit(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    return x->commit < y->commit ? -1 : x->commit > y->commit;
}

static enum rc choose_candidates(struct search *s, struct err *e)
{
    size_t max = 0;
    struct cand c;
    for (size_t i = 0; i < s->t->n; i++)
        max += consider(s, i, &c);
    s->c = arena_array(s->a, max + 1, sizeof *s->c);
    TRY(arena_ok(s->a, "the commits to compare", e));
    for (size_t i = 0; i < s->t->n; i++)
        if (consider(s, i, &s->c[s->n_c]))
            s->n_c++;
    if (s->n_c > EQUIV_CANDIDATES_MAX) {
        qsort(s->c, s->n_c, sizeof *s->c, picked_then_near);
        s->n_c = EQUIV_CANDIDATES_MAX;
        s->out.cut = true;
    }
    qsort(s->c, s->n_c, sizeof *s->c, by_commit);
    return RC_OK;
}

/* Commits of the given one's own line that have its subject: then the subject says little. */
static enum rc count_twins(struct search *s, struct err *e)
{
    s->twins = arena_array(s->a, s->n + 1, sizeof *s->twins);
    TRY(arena_ok(s->a, "the commits of the fix", e));
    for (size_t i = 0; i < s->t->n; i++) {
        const struct table_row *r = &s->t->rows[i];
        uint32_t commit = s->t->commit[i];
        uint64_t on = commit == GRAPH_NONE ? 0 : s->before[commit] ^ s->after[commit];
        for (size_t k = 0; on && k < s->n; k++)
            s->twins[k] += (on >> k & 1) && r->subject == s->f[k].said.subject &&
                           r->author_us != s->f[k].author_us && /* the same, picked twice */
                           !(r->flags & (TABLE_REVERTS | TABLE_AGAIN));
    }
    return RC_OK;
}

/* ---- Their changes ---- */

struct reading {
    struct search *s;
    size_t at; /* candidates come in their order */
    bool sha256_repo;
};

static enum rc read_change(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct reading *r = ctx;
    struct search *s = r->s;
    uint32_t commit = graph_find_hex(s->h->graph, c->id);
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(str_c(s->f[i].rev->hex), c->id))
            return change_make(c, true, r->sha256_repo, s->a, &s->given[i], e);
    while (r->at < s->n_c && s->c[r->at].commit != commit)
        r->at++;
    if (r->at == s->n_c)
        return err_set(e, RC_INTERNAL, "a commit came that was not asked for");
    s->c[r->at].read = true;
    return change_make(c, true, r->sha256_repo, s->a, &s->c[r->at].change, e);
}

static enum rc note_unreadable(struct search *s, const bool *missing, const uint32_t *commits,
                               size_t n, struct err *e)
{
    s->out.unreadable = arena_array(s->a, n + s->n_c + 1, sizeof *s->out.unreadable);
    TRY(arena_ok(s->a, "the commits that cannot be read", e));
    for (size_t i = 0; i < n; i++)
        if (missing[i] && commits[i] != GRAPH_NONE)
            s->out.unreadable[s->out.n_unreadable++] = commits[i];
    return RC_OK;
}

static enum rc read_changes(struct search *s, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(HISTORY_MEMORY);
    struct str *ids = arena_array(tmp, s->n_c + s->n + 1, sizeof *ids);
    uint32_t *commits = arena_array(tmp, s->n_c + s->n + 1, sizeof *commits);
    bool *missing = arena_array(tmp, s->n_c + s->n + 1, sizeof *missing);
    char(*hex)[GIT_OID_HEX + 1] = arena_array(tmp, s->n_c + 1, sizeof *hex);
    s->given = arena_array(s->a, s->n + 1, sizeof *s->given);
    TRY(arena_ok(tmp, "the commits to compare", e));
    TRY(arena_ok(s->a, "the commits to compare", e));
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!s->f[i].missing) {
            commits[n] = s->f[i].commit;
            ids[n++] = str_c(s->f[i].rev->hex);
        }
    for (size_t i = 0; i < s->n_c; i++)
        if (s->c[i].files || s->t->rows[s->c[i].row].flags & TABLE_MISSING) {
            commits[n] = s->c[i].commit;
            ids[n++] = graph_hex(s->h->graph, s->c[i].commit, hex[i]);
        }
    struct reading r = {.s = s, .sha256_repo = s->h->graph->hash_len == 32};
    struct difflog_ask ask = {.ids = ids, .n = n, .patch = true};
    ask.paths = s->paths;
    ask.n_paths = s->n_paths;
    s->out.compared = n;
    TRY(difflog_run(s->h->git, &ask, read_change, &r, missing, e));
    return note_unreadable(s, missing, commits, n, e);
}

/* ---- Judging ---- */

static enum rc pair_add(struct search *s, struct equiv_pair p, struct err *e)
{
    for (size_t i = 0; i < s->out.n; i++)
        if (s->out.pairs[i].commit == p.commit && s->out.pairs[i].of == p.of &&
            s->out.pairs[i].revert == p.revert)
            return RC_OK;
    if (s->out.n == s->pairs_max) {
        size_t max = 2 * s->pairs_max + 64;
        struct equiv_pair *v = arena_array(s->a, max, sizeof *v);
        if (v == NULL)
            return arena_ok(s->a, "the copies of the fix", e);
        if (s->out.n)
            memcpy(v, s->out.pairs, s->out.n * sizeof *v);
        s->out.pairs = v;
        s->pairs_max = max;
    }
    s->out.pairs[s->out.n++] = p;
    return RC_OK;
}

static bool same_patch(const struct change *a, const struct change *b)
{
    return a->has_patch_id && b->has_patch_id &&
           memcmp(a->patch_id, b->patch_id, sizeof a->patch_id) == 0;
}

static struct equiv_facts facts_of(const struct search *s, const struct cand *c, size_t i)
{
    const struct table_row *r = &s->t->rows[c->row];
    const struct fix_commit *f = &s->f[i];
    uint64_t bit = UINT64_C(1) << i;
    struct equiv_facts x = {
        .copy = c->copy & bit,
        .copy_part = c->part & bit,
        .subject = c->subject & bit,
        .own_subject = f->said.subject_len >= SUBJECT_OWN_MIN && s->twins[i] == 0,
        .author = r->author == f->author,
        .date = c->date & bit,
        .file = c->files & bit,
        .vuln = c->vuln & bit,
        .pull = c->pull & bit,
        .more_files = more_files(s, r, i),
    };
    if (c->read) {
        x.given = s->given[i].n;
        x.other = c->change.n;
        x.common = change_common(&s->given[i], &c->change);
        x.patch_id = same_patch(&s->given[i], &c->change) && x.more_files == 0;
    }
    return x;
}

static enum rc judge_copy(struct search *s, const struct cand *c, size_t i, struct err *e)
{
    struct equiv_facts x = facts_of(s, c, i);
    struct equiv_verdict v = equiv_judge(&x);
    if (v.rule == NULL)
        return RC_OK;
    struct equiv_pair p = {c->commit, i, v.rule, v.weight, equiv_why(&x, &v, s->a), false};
    return pair_add(s, p, e);
}

static enum rc judge_revert(struct search *s, const struct cand *c, size_t i, struct err *e)
{
    size_t back = c->read ? change_inverse(&s->given[i], &c->change) : 0, all = s->given[i].n;
    bool named = c->revert_named >> i & 1;
    if (c->read && c->change.n && back == 0 && !named)
        return RC_OK; /* of something else with that subject */
    /* One that names what it takes back may do it in other lines: moved ones, or what became of
     * them. */
    double least = named ? REVERT_SHARE / 2 : REVERT_SHARE;
    bool whole =
        !c->read || all == 0 || (named && back == 0) || (double)back >= least * (double)all;
    struct str why = c->read && back
                         ? arena_strf(s->a, "takes %zu of %zu lines of the fix back", back, all)
                         : STR("its message says that it takes the fix back");
    struct equiv_pair p = {c->commit, i, "revert", whole ? 1.0 : 0.5, why, true};
    return pair_add(s, p, e);
}

/* A commit that holds several of the given ones: each nearly whole, and little else. */
static enum rc judge_sum(struct search *s, const struct cand *c, const struct change *sum,
                         struct err *e)
{
    uint64_t held = 0;
    size_t n_held = 0, common = c->read ? change_common(sum, &c->change) : 0;
    if (common < EQUIV_HELD_LINES || (double)common < EQUIV_SHARE * (double)c->change.n)
        return RC_OK;
    uint64_t both = s->before[c->commit] | s->after[c->commit];
    for (size_t i = 0; i < s->n; i++) {
        size_t in = change_common(&s->given[i], &c->change);
        if (s->given[i].n && !(both >> i & 1) && (double)in >= 0.8 * (double)s->given[i].n) {
            held |= UINT64_C(1) << i;
            n_held++;
        }
    }
    for (size_t i = 0; n_held > 1 && i < s->n; i++) {
        if (!(held >> i & 1))
            continue;
        struct str why = arena_strf(s->a, "holds %zu of the given commits in one", n_held);
        TRY(pair_add(s, (struct equiv_pair){c->commit, i, "sum", 0.9, why, false}, e));
    }
    return RC_OK;
}

static enum rc judge_all(struct search *s, struct err *e)
{
    const struct change **parts = arena_array(s->a, s->n + 1, sizeof *parts);
    TRY(arena_ok(s->a, "the commits of the fix", e));
    for (size_t i = 0; i < s->n; i++)
        parts[i] = &s->given[i];
    struct change sum = change_sum(parts, s->n, s->a);
    for (size_t k = 0; k < s->n_c; k++) {
        const struct cand *c = &s->c[k];
        uint64_t both = s->before[c->commit] | s->after[c->commit];
        uint64_t again = s->t->rows[c->row].flags & TABLE_AGAIN ? c->subject : 0;
        for (size_t i = 0; i < s->n; i++) {
            if (c->revert >> i & 1)
                TRY(judge_revert(s, c, i, e));
            else if (!(both >> i & 1) || (again >> i & 1))
                TRY(judge_copy(s, c, i, e));
        }
        if (s->n > 1)
            TRY(judge_sum(s, c, &sum, e));
    }
    return arena_ok(s->a, "the copies of the fix", e);
}

/* ---- Copies of copies, and their reverts ---- */

/* What row r says about the copy p: it copies it, it takes it back. */
static enum rc name_pair(struct search *s, const struct table_row *r, uint32_t commit,
                         const struct equiv_pair *p, struct err *e)
{
    const unsigned char *id = graph_id(s->h->graph, p->commit);
    const struct named *names = table_named(s->t, r);
    bool on_line = (s->before[commit] | s->after[commit]) >> p->of & 1;
    char hex[GIT_OID_HEX + 1];
    for (size_t k = 0; k < r->n_named; k++) {
        bool copy = names[k].kind == NAMED_COPY, revert = names[k].kind == NAMED_REVERT;
        if ((!copy && !revert) || !named_is(&names[k], id))
            continue;
        /* The revert of a revert brings the fix back, wherever it lies. */
        bool again = p->revert && revert;
        if ((copy && on_line && !p->revert) || (s->before[commit] >> p->of & 1))
            continue;
        struct str of = graph_hex(s->h->graph, p->commit, hex);
        struct equiv_pair q = {
            commit,    p->of,    again ? "again" : p->revert ? "revert" : "named",
            p->weight, STR_NONE, again ? false : p->revert || revert};
        if (revert && !again)
            q.rule = "revert";
        q.why = arena_strf(s->a, "its message says that it %s %.12s",
                           copy ? "copies" : "takes back", of.p);
        return pair_add(s, q, e);
    }
    return RC_OK;
}

static enum rc names_of_found(struct search *s, struct err *e)
{
    size_t from = 0;
    for (int round = 0; round < ROUNDS && from < s->out.n; round++) {
        size_t to = s->out.n;
        for (size_t i = 0; i < s->t->n; i++) {
            const struct table_row *r = &s->t->rows[i];
            uint32_t commit = s->t->commit[i];
            for (size_t p = from; r->n_named && commit != GRAPH_NONE && p < to; p++) {
                struct equiv_pair of = s->out.pairs[p];
                if (of.weight >= EQUIV_WEIGHT_MIN && of.commit != commit)
                    TRY(name_pair(s, r, commit, &of, e));
            }
        }
        from = to;
    }
    return arena_ok(s->a, "the copies of the fix", e);
}

static int by_of_and_weight(const void *a, const void *b)
{
    const struct equiv_pair *x = a, *y = b;
    if (x->of != y->of)
        return x->of < y->of ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->commit < y->commit ? -1 : x->commit > y->commit;
}

enum rc equiv_find(struct history *h, const struct table *t, const struct fix_commit *fixes,
                   size_t n, const struct tagset *known, struct arena *a, struct equiv_found *ret,
                   struct err *e)
{
    struct search s = {.h = h, .t = t, .f = fixes, .n = n, .known = known, .a = a};
    BUG_ON(n > EQUIV_FIXES_MAX);
    s.all = n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
    s.before = arena_array(a, (size_t)h->graph->n + 1, sizeof *s.before);
    s.after = arena_array(a, (size_t)h->graph->n + 1, sizeof *s.after);
    TRY(arena_ok(a, "the lines of the fix", e));
    mark_lines(&s);
    TRY(choose_paths(&s, e));
    TRY(count_twins(&s, e));
    TRY(choose_candidates(&s, e));
    TRY(read_changes(&s, e));
    TRY(judge_all(&s, e));
    TRY(names_of_found(&s, e));
    if (s.out.n)
        qsort(s.out.pairs, s.out.n, sizeof *s.out.pairs, by_of_and_weight);
    *ret = s.out;
    return RC_OK;
}
