/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and sizes of the index of one repository, for bench/audit-index.  Prints one JSON object.
 *
 * audit_client REPO CACHE TREE...: indexes these trees or commits (full ids) and opens a view of
 * them.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/audit/view.h"
#include "syntax/lexer.h"
#include "os/clock.h"

#define TREES_MAX 64
#define ASKED     1000

static double cpu_s(void)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec +
                    children.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec + children.ru_utime.tv_usec +
                    children.ru_stime.tv_usec) /
               1e6;
}

static double own_s(void)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

static int failed(const struct err *e)
{
    fprintf(stderr, "audit_client: %s\n", e->msg);
    return 1;
}

/* Lists of many terms, spread over all that there can be. */
static enum rc ask(struct view *v, uint64_t *ret_sum, struct err *e)
{
    const uint32_t *chunks;
    size_t n;
    uint32_t df;
    for (uint32_t i = 0; i < ASKED; i++) {
        TRY(view_postings(v, i * 4294967u + token_hash(STR("return")), &chunks, &n, e));
        for (size_t k = 0; k < n; k++)
            *ret_sum += chunks[k];
        TRY(view_df(v, i * 4294967u + token_hash(STR("return")), &df, e));
        if (df != n)
            return err_set(e, RC_INTERNAL, "a list of %zu is said to have %u", n, df);
    }
    return RC_OK;
}

static int run(const char *repo, const char *cache, const struct str *trees, size_t n)
{
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    AUTO(audit_index) struct audit_index *ix = NULL;
    AUTO(view) struct view *v = NULL;
    struct err e = ERR_INIT;
    struct index_stats stats;
    struct rusage usage;
    uint64_t sum = 0;
    if (git_open(repo, NULL, &g, &e) != RC_OK || objects_open(g, &o, &e) != RC_OK)
        return failed(&e);
    double from = cpu_s(), own = own_s();
    if (index_open(g, o, cache, &ix, &e) != RC_OK ||
        index_add(ix, trees, n, NULL, NULL, &e) != RC_OK)
        return failed(&e);
    double own_add = own_s() - own;
    double add = cpu_s() - from;
    getrusage(RUSAGE_SELF, &usage);
    from = cpu_s();
    if (view_open(ix, trees, n, &v, &e) != RC_OK)
        return failed(&e);
    double open = cpu_s() - from;
    from = cpu_s();
    if (ask(v, &sum, &e) != RC_OK)
        return failed(&e);
    double asked = cpu_s() - from;
    index_stats(ix, &stats);
    printf("{\"add_s\": %.3f, \"own_s\": %.3f, \"view_s\": %.3f, \"ask_us\": %.2f, "
           "\"peak_kb\": %ld, \"files\": %zu, \"skipped\": %zu, \"lines\": %llu, \"bytes\": %llu, "
           "\"chunks\": %u, \"refs\": %zu, \"index_bytes\": %llu, \"segments\": %zu, "
           "\"terms\": %llu, \"postings\": %llu, \"read_blobs\": %zu, \"read_bytes\": %llu, "
           "\"new_chunks\": %zu, \"sum\": %llu}\n",
           add, own_add, open, asked * 1e6 / ASKED, usage.ru_maxrss, v->n_files, v->n_skips,
           (unsigned long long)v->lines, (unsigned long long)v->bytes, v->n_chunks, v->n_refs,
           (unsigned long long)stats.file_bytes, stats.segments, (unsigned long long)stats.terms,
           (unsigned long long)stats.postings, stats.read_blobs,
           (unsigned long long)stats.read_bytes, stats.new_chunks, (unsigned long long)sum);
    return 0;
}

int main(int argc, char **argv)
{
    struct str trees[TREES_MAX];
    size_t n = 0;
    for (int i = 3; i < argc && n < TREES_MAX; i++)
        trees[n++] = str_c(argv[i]);
    if (n == 0) {
        fprintf(stderr, "usage: audit_client REPO CACHE TREE...\n");
        return 2;
    }
    return run(argv[1], strcmp(argv[2], "-") ? argv[2] : NULL, trees, n);
}
