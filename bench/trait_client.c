/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks for each place that an audit finds, for bench/audit-weights.
 *
 * trait_client REPO CACHE < BATCH: the names of the traits, then for each question a line "= ID",
 * or "= ID ! MESSAGE", and one for each place: PATH, line, score and traits between tabs.  Of the
 * places behind the first MANY only every FEWth is told.
 */
#include <stdio.h>

#include "base/json.h"
#include "engine/audit/search.h"

#define LINE_MAX_BYTES (4u << 20)
#define MEMORY         (UINT64_C(1) << 30)
#define MANY           300
#define FEW            8

static enum rc answer(struct repos *rs, const json_t *j, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    struct audit_question q;
    struct search s = {0};
    TRY(audit_question_of_json(rs, j, a, &q, e));
    q.limit = RANK_HITS_MAX;
    TRY(search_prepare(rs, &q, e));
    TRY(search_run(rs, &q, a, &s, e));
    printf("= %s\n", json_string_value(json_object_get(j, "id")));
    for (size_t i = 0; i < s.n_hits; i++) {
        const struct hit *h = &s.hits[i].h;
        struct str path = s.views[0]->files[h->file].path;
        if ((i >= MANY && i % FEW) || str_chr(path, '\n') != STR_NPOS)
            continue;
        printf("%.*s\t%u\t%.6g", STR_ARG(path), h->line, (double)h->score);
        for (size_t t = 0; t < TRAIT_COUNT; t++)
            printf("\t%.5g", (double)h->traits[t]);
        putchar('\n');
    }
    return RC_OK;
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    AUTO(repos) struct repos *rs = NULL;
    struct err e = ERR_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: trait_client REPO CACHE < BATCH\n");
        return 2;
    }
    struct str dir = str_c(argv[1]);
    struct repos_options o = {.dirs = &dir, .names = &dir, .n = 1, .cache = argv[2]};
    if (repos_open(&o, &rs, &e) != RC_OK) {
        fprintf(stderr, "trait_client: %s\n", e.msg);
        return 1;
    }
    for (size_t t = 0; t < TRAIT_COUNT; t++)
        printf("%s%s", t ? "\t" : "", trait_name((enum trait)t));
    putchar('\n');
    while (fgets(line, sizeof line, stdin)) {
        AUTO(json) json_t *j = NULL;
        struct err why = ERR_INIT;
        if (json_parse(str_c(line), sizeof line, "the line", &j, &why) != RC_OK ||
            answer(rs, j, &why) != RC_OK)
            printf("= %s ! %s\n", json_string_value(json_object_get(j, "id")), why.msg);
    }
    return 0;
}
