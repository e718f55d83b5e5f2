/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading questions.  Runs in the engine child and in commands; the text is a person's.
 */
#include "engine/affected/question.h"

#include "git/name.h"

enum rc place_parse(struct str text, struct place *ret_p, struct err *e)
{
    size_t colon = str_rchr(text, ':');
    if (colon == STR_NPOS || !git_path_ok(str_sub(text, 0, colon)))
        return err_set(e, RC_INVALID, "a place is written PATH:START-END");
    struct str lines = str_sub(text, colon + 1, text.n), first;
    uint64_t from, to;
    if (!str_cut(&lines, '-', &first))
        return err_set(e, RC_INVALID, "a place is written PATH:START-END");
    TRY(num_parse(first, 1, QUESTION_LINES_MAX, "the first line of a place", &from, e));
    to = from;
    if (lines.n)
        TRY(num_parse(lines, from, QUESTION_LINES_MAX, "the last line of a place", &to, e));
    *ret_p =
        (struct place){.path = str_sub(text, 0, colon), .from = (uint32_t)from, .to = (uint32_t)to};
    return RC_OK;
}

/* ---- From JSON ---- */

static enum rc read_revisions(struct history *h, const json_t *list, const char *what,
                              struct arena *a, struct fix_group *ret_g, struct err *e)
{
    size_t n = json_array_size(list);
    if (n == 0 || n > QUESTION_REVS)
        return err_set(e, RC_INVALID, "%s needs 1 to %d revisions", what, QUESTION_REVS);
    struct fix_group g = {.revs = arena_array(a, n, sizeof *g.revs)};
    TRY(arena_ok(a, "the question", e));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_string(v))
            return err_set(e, RC_INVALID, "%s holds something that is no text", what);
        struct str text = str_of(json_string_value(v), json_string_length(v));
        TRY(history_revision(h, text, &g.revs[g.n++], e));
    }
    *ret_g = g;
    return RC_OK;
}

static bool is_nested(const json_t *list)
{
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v) if (json_is_array(v)) return true;
    return false;
}

/* A flat list is one group of alternatives, in a nested one every member is a group. */
static enum rc read_fix(struct history *h, const json_t *list, struct arena *a, struct question *q,
                        struct err *e)
{
    if (list && !json_is_array(list))
        return err_set(e, RC_INVALID, "fix is a list of revisions");
    if (json_array_size(list) == 0)
        return RC_OK;
    size_t n = is_nested(list) ? json_array_size(list) : 1;
    if (n > QUESTION_GROUPS)
        return err_set(e, RC_LIMIT, "more than %d groups of fixes", QUESTION_GROUPS);
    q->groups = arena_array(a, n, sizeof *q->groups);
    TRY(arena_ok(a, "the question", e));
    for (size_t i = 0; i < n; i++) {
        const json_t *member = n == 1 && !is_nested(list) ? list : json_array_get(list, i);
        AUTO(json) json_t *alone = NULL;
        if (json_is_string(member))
            alone = json_pack("[O]", member);
        TRY(read_revisions(h, alone ? alone : member, "fix", a, &q->groups[i], e));
        q->n_groups++;
    }
    return RC_OK;
}

static enum rc read_places(const json_t *list, struct arena *a, struct question *q, struct err *e)
{
    size_t n = json_array_size(list);
    if (n > QUESTION_PLACES)
        return err_set(e, RC_LIMIT, "more than %d places", QUESTION_PLACES);
    q->at = arena_array(a, n + 1, sizeof *q->at);
    TRY(arena_ok(a, "the question", e));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        struct str text = str_c(json_string_value(v));
        TRY(place_parse(arena_str(a, text), &q->at[q->n_at++], e));
    }
    return RC_OK;
}

/* A named tag that is not there is no reason to refuse the others: it is unknown. */
static enum rc read_tags(struct history *h, const json_t *list, struct arena *a, struct question *q,
                         struct err *e)
{
    size_t n = json_array_size(list);
    q->counts = tagset_new(a, h->n_tags);
    q->strange = arena_array(a, n + 1, sizeof *q->strange);
    TRY(arena_ok(a, "the question", e));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_string(v))
            return err_set(e, RC_INVALID, "tags holds something that is no text");
        struct str name = str_of(json_string_value(v), json_string_length(v));
        size_t t = history_tag(h, name);
        if (t < h->n_tags)
            tagset_set(&q->counts, t);
        else
            q->strange[q->n_strange++] = arena_str(a, name);
    }
    return arena_ok(a, "the question", e);
}

enum rc question_of_json(struct history *h, const json_t *j, struct arena *a,
                         struct question *ret_q, struct err *e)
{
    struct question q = {.counts = h->counts};
    if (!json_is_object(j))
        return err_set(e, RC_INVALID, "a question is an object");
    TRY(read_fix(h, json_object_get(j, "fix"), a, &q, e));
    const json_t *introduced = json_object_get(j, "introduced");
    const json_t *at = json_object_get(j, "at"), *tags = json_object_get(j, "tags");
    if ((introduced && !json_is_array(introduced)) || (at && !json_is_array(at)) ||
        (tags && !json_is_array(tags)))
        return err_set(e, RC_INVALID, "introduced, at and tags are lists");
    if (json_array_size(introduced) > 0) {
        struct fix_group g;
        TRY(read_revisions(h, introduced, "introduced", a, &g, e));
        q.introduced = g.revs;
        q.n_introduced = g.n;
    }
    TRY(read_places(at, a, &q, e));
    if (tags)
        TRY(read_tags(h, tags, a, &q, e));
    if (q.n_groups == 0 && q.n_introduced == 0 && q.n_at == 0)
        return err_set(e, RC_INVALID, "the question names no fix, no introducing commit, no place");
    *ret_q = q;
    return RC_OK;
}
