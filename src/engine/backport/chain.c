/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of release lines by the versions in their names.
 */
#include "engine/backport/chain.h"

#define PARTS_MAX 8

/* The numbers of a name: "release/1.10" has 1 and 10.  An id has none. */
struct version {
    uint64_t v[PARTS_MAX];
    size_t n;
};

static struct version version_of(struct str name)
{
    struct version r = {.n = 0};
    bool in = false;
    if (git_oid_ok(name))
        return r;
    for (size_t i = 0; i < name.n; i++) {
        bool digit = ascii_is_digit(name.p[i]);
        if (digit && !in && r.n == PARTS_MAX)
            break;
        if (digit && !in)
            r.v[r.n++] = 0;
        if (digit && r.v[r.n - 1] < UINT64_MAX / 100)
            r.v[r.n - 1] = r.v[r.n - 1] * 10 + (uint64_t)(name.p[i] - '0');
        in = digit;
    }
    return r;
}

static int version_cmp(const struct version *a, const struct version *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->v[i] != b->v[i])
            return a->v[i] < b->v[i] ? -1 : 1;
    return a->n < b->n ? -1 : a->n > b->n;
}

void chain_order(const struct port_question *q, size_t *order)
{
    struct version v[PORT_ONTO_MAX];
    bool all = true;
    for (size_t i = 0; i < q->n_onto; i++) {
        order[i] = i;
        v[i] = version_of(q->onto[i].name);
        all = all && v[i].n > 0;
    }
    for (size_t i = 1; all && i < q->n_onto; i++) { /* few, and equal ones keep their order */
        size_t at = i, line = order[i];
        for (; at > 0 && version_cmp(&v[order[at - 1]], &v[line]) < 0; at--)
            order[at] = order[at - 1];
        order[at] = line;
    }
}

/* Is a nearer to the line than b? */
static bool nearer(const struct version *line, const struct version *a, const struct version *b)
{
    bool a_newer = version_cmp(a, line) > 0, b_newer = version_cmp(b, line) > 0;
    if (a_newer != b_newer)
        return a_newer;
    return a_newer ? version_cmp(a, b) < 0 : version_cmp(a, b) > 0;
}

size_t chain_sources(struct str onto, const struct port_source *sources, size_t n,
                     const struct port_source **order)
{
    const struct version line = version_of(onto);
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const struct version mine = version_of(sources[i].onto);
        size_t at = found;
        if (str_eq(sources[i].onto, onto))
            continue;
        for (; at > 0; at--) {
            const struct version before = version_of(order[at - 1]->onto);
            if (line.n == 0 || mine.n == 0 || before.n == 0 || !nearer(&line, &mine, &before))
                break;
            order[at] = order[at - 1];
        }
        order[at] = &sources[i];
        found++;
    }
    return found;
}
