/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copies and reverts of a fix, for whoever reads JSON.  Runs in the engine child and in
 * commands.
 */
#include "engine/affected/fixes.h"

static void put_commit(json_t *o, const char *key, const struct history *h, uint32_t commit)
{
    char hex[GIT_OID_HEX + 1];
    if (commit != GRAPH_NONE)
        json_put_str(o, key, graph_hex(h->graph, commit, hex));
}

static json_t *list_json(const struct history *h, const struct equivalent *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        put_commit(o, "commit", h, v[i].commit);
        put_commit(o, "of", h, v[i].of);
        json_put_str(o, "rule", str_c(v[i].rule));
        json_object_set_new(o, "weight", json_real(v[i].weight));
        json_put_str(o, "why", v[i].why);
        json_array_append_new(list, o);
    }
    return list;
}

json_t *fixes_json(const struct history *h, const struct fixes *f)
{
    json_t *groups = json_array();
    for (size_t i = 0; i < f->n_groups; i++) {
        json_t *o = json_object();
        const struct fix_found *g = &f->groups[i];
        json_object_set_new(o, "fixed_by", list_json(h, g->equivalents, g->n_equivalents));
        json_object_set_new(o, "reverts", list_json(h, g->reverts, g->n_reverts));
        json_array_append_new(groups, o);
    }
    return groups;
}
