/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of the history of one repository, for bench/reach.  Prints one JSON object.
 *
 * reach_client REPO CACHE [COMMIT...]: opens the repository, walks all commits for all tags, and
 * counts the tags that hold each COMMIT (which bench/reach compares with git's).
 */
#include <stdio.h>

#include "engine/affected/history.h"
#include "os/clock.h"

#define LOOKUPS 1000000

static double ms_since(int64_t from_us)
{
    return (double)(clock_mono_us() - from_us) / 1000;
}

/* Nanoseconds of one look-up, over commits far from each other. */
static double lookup_ns(struct history *h)
{
    uint64_t sum = 0;
    uint32_t c = 1;
    int64_t from = clock_mono_us();
    for (int i = 0; i < LOOKUPS; i++) {
        c = (c * 2654435761u + 12345) % h->graph->n;
        sum += history_reach(h, c)[0] & 1;
    }
    double ns = ms_since(from) * 1e6 / LOOKUPS;
    return sum > LOOKUPS ? 0 : ns;
}

static int run(int argc, char **argv)
{
    AUTO(history) struct history *h = NULL;
    struct err e = ERR_INIT;
    struct history_options o = {.cache = argv[2]};
    int64_t from = clock_mono_us();
    if (history_open(argv[1], &o, &h, &e) != RC_OK) {
        fprintf(stderr, "reach_client: %s\n", e.msg);
        return 1;
    }
    double open_ms = ms_since(from);
    from = clock_mono_us();
    (void)history_reach(h, 0);
    double reach_ms = ms_since(from);
    printf("{\"commits\": %u, \"tags\": %zu, \"open_ms\": %.3f, \"reach_ms\": %.3f, "
           "\"lookup_ns\": %.1f, \"counts\": [",
           h->graph->n, h->n_tags, open_ms, reach_ms, lookup_ns(h));
    for (int i = 3; i < argc; i++) {
        struct revision r;
        if (history_revision(h, str_c(argv[i]), &r, &e) != RC_OK || r.commit == GRAPH_NONE) {
            fprintf(stderr, "reach_client: %s\n", e.msg);
            return 1;
        }
        struct tagset s = tagset_of(h->a, history_reach(h, r.commit), h->n_tags);
        printf("%s%zu", i > 3 ? ", " : "", tagset_count(&s));
    }
    printf("]}\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: reach_client REPO CACHE [COMMIT...]\n");
        return 2;
    }
    return run(argc, argv);
}
