/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading questions about similar code.  Runs in the engine child and in commands; the text is a
 * person's.
 */
#include "engine/audit/question.h"

#include <fnmatch.h>

#include "git/revision.h"

#define FIXES_MAX   HUNKS_REVS
#define LIKE_MAX    50
#define PATTERN_MAX 250

struct reading {
    const struct repos *rs;
    const json_t *j;
    struct arena *a;
    struct audit_question *q;
};

static enum rc get_list(const json_t *j, const char *key, size_t max, json_t **ret_l, struct err *e)
{
    json_t *l = json_object_get(j, key);
    *ret_l = NULL;
    if (l == NULL || json_is_null(l))
        return RC_OK;
    return json_get_array(j, key, max, ret_l, e);
}

static enum rc get_text(const json_t *v, const char *what, struct str *ret_s, struct err *e)
{
    if (!json_is_string(v))
        return err_set(e, RC_INVALID, "%s holds something that is no text", what);
    *ret_s = str_of(json_string_value(v), json_string_length(v));
    return RC_OK;
}

/* The question's own "at", else HEAD. */
static struct str at_of(const json_t *j)
{
    const json_t *v = json_object_get(j, "at");
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : str_c("HEAD");
}

/* ---- The flaw ---- */

static enum rc read_fix(const struct reading *k, struct err *e)
{
    json_t *fix, *hunk;
    struct str ids[FIXES_MAX];
    struct place only[LIKE_MAX];
    TRY(get_list(k->j, "fix", FIXES_MAX, &fix, e));
    TRY(get_list(k->j, "hunk", LIKE_MAX, &hunk, e));
    size_t n = json_array_size(fix), n_only = json_array_size(hunk);
    for (size_t i = 0; i < n; i++) {
        char hex[GIT_OID_HEX + 1];
        struct str text;
        TRY(get_text(json_array_get(fix, i), "fix", &text, e));
        TRY(git_revision(k->rs->v[0].objects, text, hex, e));
        ids[i] = arena_str(k->a, str_c(hex));
    }
    for (size_t i = 0; i < n_only; i++) {
        struct str text;
        TRY(get_text(json_array_get(hunk, i), "hunk", &text, e));
        TRY(place_parse(text, &only[i], e));
    }
    TRY(arena_ok(k->a, "the question", e));
    if (n == 0 && n_only)
        return err_set(e, RC_INVALID, "hunk names parts of a fix, and there is none");
    return n ? hunks_of_commits(k->rs->v[0].git, ids, n, only, n_only, k->a, &k->q->flaw, e)
             : RC_OK;
}

static enum rc read_region(const struct reading *k, const json_t *v, struct err *e)
{
    struct place r;
    struct str at = at_of(k->j), text;
    char hex[GIT_OID_HEX + 1];
    if (json_is_object(v)) {
        int64_t from, to;
        TRY(json_get_str(v, "path", GIT_PATH_MAX, &r.path, e));
        TRY(json_get_int(v, "start", 1, HUNK_NUMBER_MAX, &from, e));
        TRY(json_get_int(v, "end", from, HUNK_NUMBER_MAX, &to, e));
        r.from = (uint32_t)from;
        r.to = (uint32_t)to;
        if (json_object_get(v, "at"))
            at = at_of(v);
        if (!git_path_ok(r.path))
            return err_set(e, RC_INVALID, "the path of a region is none");
    } else {
        TRY(get_text(v, "like", &text, e));
        TRY(place_parse(text, &r, e));
    }
    TRY(git_revision_up(k->rs->v[0].objects, at, hex, e));
    return hunks_of_region(k->rs->v[0].objects, str_c(hex), &r, k->a, &k->q->flaw, e);
}

static enum rc read_flaw(const struct reading *k, struct err *e)
{
    json_t *like, *v;
    size_t i;
    char hex[GIT_OID_HEX + 1];
    const json_t *seed = json_object_get(k->j, "seed");
    TRY(read_fix(k, e));
    TRY(get_list(k->j, "like", LIKE_MAX, &like, e));
    json_array_foreach(like, i, v) TRY(read_region(k, v, e));
    if (seed) {
        TRY(git_revision_up(k->rs->v[0].objects, at_of(k->j), hex, e));
        TRY(hunks_of_seed(k->rs->v[0].objects, str_c(hex), seed, k->a, &k->q->flaw, e));
    }
    if (k->q->flaw.n == 0)
        return err_set(e, RC_INVALID, "the question names no fix and no region");
    return RC_OK;
}

/* ---- Where ---- */

static enum rc add_tree(const struct reading *k, size_t repo, struct str name, const char *commit,
                        struct err *e)
{
    struct audit_tree *t = &k->q->trees[k->q->n_trees];
    if (k->q->n_trees == AUDIT_HEADS_MAX)
        return err_set(e, RC_LIMIT, "more than %d branches fit: narrow the pattern",
                       AUDIT_HEADS_MAX);
    *t = (struct audit_tree){.repo = repo, .name = arena_str(k->a, name)};
    (void)snprintf(t->commit, sizeof t->commit, "%s", commit);
    k->q->n_trees++;
    return RC_OK;
}

static bool have_tree(const struct reading *k, size_t repo, struct str name)
{
    for (size_t i = 0; i < k->q->n_trees; i++)
        if (k->q->trees[i].repo == repo && str_eq(k->q->trees[i].name, name))
            return true;
    return false;
}

/* In the order of the patterns, and of one pattern the one that was changed last first. */
static enum rc add_branches(const struct reading *k, size_t repo, const json_t *patterns,
                            struct err *e)
{
    struct git_ref *refs;
    size_t n, i;
    json_t *v;
    TRY(git_branches(k->rs->v[repo].git, k->a, &refs, &n, e));
    json_array_foreach(patterns, i, v)
    {
        const char *pattern = json_string_value(v);
        for (size_t b = n; pattern && b-- > 0;) {
            struct str name = arena_str(k->a, refs[b].name); /* ends with NUL */
            if (name.p && fnmatch(pattern, name.p, 0) == 0 && !have_tree(k, repo, name))
                TRY(add_tree(k, repo, name, arena_str(k->a, refs[b].commit).p, e));
        }
    }
    return RC_OK;
}

static enum rc add_repo(const struct reading *k, size_t repo, const json_t *patterns, struct err *e)
{
    size_t before = k->q->n_trees;
    char hex[GIT_OID_HEX + 1];
    struct str at = at_of(k->j);
    struct objects *o = k->rs->v[repo].objects;
    if (json_array_size(patterns) > 0)
        TRY(add_branches(k, repo, patterns, e));
    if (k->q->n_trees > before)
        return RC_OK;
    if (repo == 0 && json_array_size(patterns) > 0)
        return err_set(e, RC_NOTFOUND, "no branch fits what was asked for");
    struct err other = ERR_INIT;
    enum rc rc = git_revision_up(o, at, hex, repo == 0 ? e : &other);
    if (rc != RC_OK && repo > 0) {
        at = str_c("HEAD");
        rc = git_revision_up(o, at, hex, e);
    }
    if ((rc == RC_NOTFOUND || rc == RC_INVALID) && repo > 0) {
        k->q->empty[k->q->n_empty++] = repo;
        return RC_OK;
    }
    TRY(rc);
    return add_tree(k, repo, at, hex, e);
}

static bool wanted(const struct reading *k, size_t repo, const json_t *names)
{
    size_t i;
    json_t *v;
    if (repo == 0 || json_array_size(names) == 0)
        return true;
    json_array_foreach(names, i,
                       v) if (json_is_string(v) &&
                              str_eq(k->rs->v[repo].name, str_c(json_string_value(v)))) return true;
    return false;
}

static enum rc read_trees(const struct reading *k, struct err *e)
{
    json_t *patterns, *names, *v;
    size_t i;
    TRY(get_list(k->j, "branches", AUDIT_PATTERNS_MAX, &patterns, e));
    TRY(get_list(k->j, "repositories", REPOS_MAX, &names, e));
    json_array_foreach(patterns, i, v)
    {
        struct str s;
        TRY(get_text(v, "branches", &s, e));
        if (s.n == 0 || s.n > PATTERN_MAX)
            return err_set(e, RC_INVALID, "a pattern of branches has 1 to %d bytes", PATTERN_MAX);
    }
    k->q->trees = arena_array(k->a, AUDIT_HEADS_MAX, sizeof *k->q->trees);
    k->q->empty = arena_array(k->a, REPOS_MAX, sizeof *k->q->empty);
    TRY(arena_ok(k->a, "the question", e));
    for (i = 0; i < k->rs->n; i++)
        if (wanted(k, i, names))
            TRY(add_repo(k, i, patterns, e));
    return arena_ok(k->a, "the question", e);
}

/* ---- Rules ---- */

static enum rc read_rules(const struct reading *k, struct err *e)
{
    json_t *list, *v;
    size_t i;
    TRY(get_list(k->j, "rules", RULES_MAX, &list, e));
    k->q->rules = arena_array(k->a, json_array_size(list) + 1, sizeof *k->q->rules);
    TRY(arena_ok(k->a, "the question", e));
    json_array_foreach(list, i, v)
    {
        struct rule *r = &k->q->rules[k->q->n_rules++];
        TRY(json_get_str(v, "name", RULES_NAME_MAX, &r->name, e));
        TRY(json_get_str(v, "text", RULES_TEXT_MAX, &r->text, e));
        r->name = arena_str(k->a, r->name);
        r->text = arena_str(k->a, r->text);
    }
    return arena_ok(k->a, "the question", e);
}

enum rc audit_question_of_json(const struct repos *rs, const json_t *j, struct arena *a,
                               struct audit_question *ret_q, struct err *e)
{
    struct audit_question q = {.limit = AUDIT_HITS};
    struct reading k = {rs, j, a, &q};
    int64_t limit = AUDIT_HITS;
    const json_t *cut = json_object_get(j, "cut"), *at = json_object_get(j, "at");
    if (!json_is_object(j))
        return err_set(e, RC_INVALID, "a question is an object");
    if (at && !json_is_string(at))
        return err_set(e, RC_INVALID, "at is a revision");
    if (json_object_get(j, "limit"))
        TRY(json_get_int(j, "limit", 1, AUDIT_HITS_MAX, &limit, e));
    if (cut && !json_is_null(cut) && (!json_is_number(cut) || !(json_number_value(cut) >= 0)))
        return err_set(e, RC_INVALID, "cut is a number from 0 on");
    q.limit = (size_t)limit;
    q.cut = json_number_value(cut);
    TRY(read_flaw(&k, e));
    TRY(read_rules(&k, e));
    TRY(read_trees(&k, e));
    *ret_q = q;
    return RC_OK;
}
