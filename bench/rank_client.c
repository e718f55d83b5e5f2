/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proposals behind the candidates, with what speaks for each, for bench/affected-weights.
 *
 * rank_client REPO CACHE < BATCH: a line of JSON for each question: its id, the tags that are open,
 * and the proposals: their tags as a string of 0 and 1 in the order of the open ones, the clues
 * with their shares, the lines that a commit behind them brought, and the score that the ranking
 * gave.
 */
#include <stdio.h>

#include "base/json.h"
#include "engine/affected/propose.h"

#define LINE_MAX_BYTES (1u << 20)
#define MEMORY         (UINT64_C(2) << 30)

static json_t *proposal_json(const struct proposals *p, const struct proposal *x, struct arena *a)
{
    json_t *o = json_object(), *clues = json_object();
    char *bits = arena_alloc(a, x->affected.n + 1);
    size_t n = 0;
    for (size_t t = tagset_next(&p->open, 0); bits && t < p->open.n;
         t = tagset_next(&p->open, t + 1))
        bits[n++] = tagset_has(&x->affected, t) ? '1' : '0';
    json_put_str(o, "affected", str_of(bits, n));
    for (size_t c = 0; c < CLUE_KINDS; c++)
        if (x->share[c] > 0)
            json_object_set_new(clues, clue_name(c), json_real(x->share[c]));
    json_object_set_new(o, "clues", clues);
    if (x->has_net)
        json_object_set_new(o, "net", json_real(x->net));
    json_object_set_new(o, "score", json_real(x->score));
    return o;
}

static enum rc answer(struct history *h, const json_t *j, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    AUTO(json) json_t *out = json_object();
    AUTO(buf) struct buf b = BUF_INIT(256u << 20);
    struct question q;
    struct fixes f;
    struct proposals p;
    json_t *open = json_array(), *all = json_array();
    json_object_set_new(out, "open", open);
    json_object_set_new(out, "proposals", all);
    TRY(question_of_json(h, j, a, &q, e));
    TRY(fixes_find(h, &q, a, &f, e));
    TRY(propose(h, &q, &f, a, &p, e));
    TRY(proposals_rank(&p, e));
    json_object_set(out, "id", json_object_get(j, "id"));
    json_object_set_new(out, "trust", json_real(proposals_trust(&p)));
    for (size_t t = tagset_next(&p.open, 0); t < p.open.n; t = tagset_next(&p.open, t + 1))
        json_array_append_new(open, json_str(h->tags[t].name));
    for (size_t i = 0; i < p.n; i++)
        json_array_append_new(all, proposal_json(&p, &p.v[i], a));
    TRY(json_write(&b, out, e));
    printf("%.*s\n", STR_ARG(buf_str(&b)));
    return RC_OK;
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    AUTO(history) struct history *h = NULL;
    struct err e = ERR_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: rank_client REPO CACHE < BATCH\n");
        return 2;
    }
    struct history_options o = {.cache = argv[2]};
    if (history_open(argv[1], &o, &h, &e) != RC_OK) {
        fprintf(stderr, "rank_client: %s\n", e.msg);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        AUTO(json) json_t *j = NULL;
        enum rc rc = json_parse(str_c(line), sizeof line, "the line", &j, &e);
        if (rc != RC_OK || answer(h, j, &e) != RC_OK) {
            fprintf(stderr, "rank_client: %s\n", e.msg);
            return 1;
        }
    }
    return 0;
}
