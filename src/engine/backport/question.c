/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading questions about backports.  Runs in the engine child and in commands; the text is a
 * person's.
 */
#include "engine/backport/question.h"

#include "git/revision.h"

struct reading {
    struct bp_store *s;
    struct arena *a;
};

/* A text, or a list of them: always as a list. */
static enum rc texts_of(const json_t *j, const char *key, size_t max, const json_t **ret_l,
                        json_t **ret_alone, struct err *e)
{
    const json_t *v = json_object_get(j, key);
    *ret_alone = json_is_string(v) ? json_pack("[O]", v) : NULL;
    *ret_l = *ret_alone ? *ret_alone : v;
    if (!json_is_array(*ret_l) || json_array_size(*ret_l) == 0)
        return err_set(e, RC_INVALID, "%s names no revision", key);
    if (json_array_size(*ret_l) > max)
        return err_set(e, RC_LIMIT, "%s names more than %zu revisions", key, max);
    return RC_OK;
}

static enum rc text_at(const json_t *list, size_t i, const char *key, struct str *ret_s,
                       struct err *e)
{
    const json_t *v = json_array_get(list, i);
    if (!json_is_string(v))
        return err_set(e, RC_INVALID, "%s holds something that is no text", key);
    *ret_s = str_of(json_string_value(v), json_string_length(v));
    return RC_OK;
}

static enum rc read_change(const struct reading *k, struct str rev, struct port_change *ret,
                           struct err *e)
{
    TRY(git_revision_up(bp_objects(k->s), rev, ret->commit, e));
    return bp_fix_trees(k->s, ret->commit, false, ret->base, ret->fix, e);
}

static enum rc read_fix(const struct reading *k, const json_t *j, struct port_question *q,
                        struct err *e)
{
    AUTO(json) json_t *alone = NULL;
    const json_t *l;
    TRY(texts_of(j, "fix", PORT_FIXES_MAX, &l, &alone, e));
    q->fix = arena_array(k->a, json_array_size(l), sizeof *q->fix);
    TRY(arena_ok(k->a, "the question", e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        struct str rev;
        TRY(text_at(l, i, "fix", &rev, e));
        TRY(read_change(k, rev, &q->fix[q->n_fix++], e));
    }
    return RC_OK;
}

static enum rc read_onto(const struct reading *k, const json_t *j, struct port_question *q,
                         struct err *e)
{
    AUTO(json) json_t *alone = NULL;
    const json_t *l;
    TRY(texts_of(j, "onto", PORT_ONTO_MAX, &l, &alone, e));
    q->onto = arena_array(k->a, json_array_size(l), sizeof *q->onto);
    TRY(arena_ok(k->a, "the question", e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        struct port_onto *o = &q->onto[q->n_onto++];
        struct str rev;
        TRY(text_at(l, i, "onto", &rev, e));
        TRY(git_revision_up(bp_objects(k->s), rev, o->commit, e));
        TRY(bp_tree_of(k->s, o->commit, o->tree, e));
        o->name = arena_str(k->a, rev);
    }
    return RC_OK;
}

static enum rc read_settled(const struct reading *k, const json_t *j, struct port_question *q,
                            struct err *e)
{
    json_t *l = NULL;
    const json_t *v = json_object_get(j, "settled");
    if (v == NULL || json_is_null(v))
        return RC_OK;
    TRY(json_get_array(j, "settled", PORT_SETTLED_MAX, &l, e));
    q->settled = arena_array(k->a, json_array_size(l) + 1, sizeof *q->settled);
    TRY(arena_ok(k->a, "the question", e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        struct port_settled *p = &q->settled[q->n_settled++];
        struct str onto, commit;
        TRY(json_get_str(json_array_get(l, i), "onto", GIT_NAME_MAX, &onto, e));
        TRY(json_get_str(json_array_get(l, i), "commit", GIT_NAME_MAX, &commit, e));
        TRY(read_change(k, commit, &p->change, e));
        p->onto = arena_str(k->a, onto);
    }
    return RC_OK;
}

enum rc port_question_of_json(struct bp_store *s, const json_t *j, struct arena *a,
                              struct port_question *ret_q, struct err *e)
{
    const struct reading k = {s, a};
    struct port_question q = {.n_fix = 0};
    if (!json_is_object(j))
        return err_set(e, RC_INVALID, "a question is an object");
    TRY(read_fix(&k, j, &q, e));
    TRY(read_onto(&k, j, &q, e));
    TRY(read_settled(&k, j, &q, e));
    TRY(arena_ok(a, "the question", e));
    *ret_q = q;
    return RC_OK;
}
