/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copies of other software in one tree, for measuring and for reading by eye.
 *
 * vendor_client REPO COMMIT [NAME [SISTER-NAME SISTER-REPO]...]: a line each, path TAB name TAB
 * version TAB how; then the counts and the processor's time.
 */
#include <stdio.h>
#include <time.h>

#include "engine/audit/vendor_sister.h"

#define ARENA_MAX (2048ull << 20)

static int run(int argc, char **argv)
{
    AUTO(arena) struct arena *a = arena_new(ARENA_MAX);
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    struct vendor_files files;
    struct vendor v;
    struct err e = ERR_INIT;
    if (git_open(argv[1], NULL, &g, &e) != RC_OK || objects_open(g, &o, &e) != RC_OK ||
        vendor_list_tree(o, str_c(argv[2]), a, &files, &e) != RC_OK) {
        fprintf(stderr, "vendor_client: %s\n", e.msg);
        return 1;
    }
    double listed = (double)clock() / CLOCKS_PER_SEC;
    if (vendor_find(o, &files, str_c(argc > 3 ? argv[3] : ""), a, &v, &e) != RC_OK) {
        fprintf(stderr, "vendor_client: %s\n", e.msg);
        return 1;
    }
    for (int i = 4; i + 1 < argc; i += 2) {
        AUTO(git) struct git *sg = NULL;
        AUTO(objects) struct objects *so = NULL;
        if (git_open(argv[i + 1], NULL, &sg, &e) != RC_OK || objects_open(sg, &so, &e) != RC_OK) {
            fprintf(stderr, "vendor_client: %s\n", e.msg);
            return 1;
        }
        struct vendor_sister s = {.name = str_c(argv[i]), .git = sg, .objects = so};
        if (vendor_sisters(&files, &s, 1, a, &v, &e) != RC_OK) {
            fprintf(stderr, "vendor_client: %s\n", e.msg);
            return 1;
        }
    }
    size_t told = 0;
    for (size_t i = 0; i < v.n; i++) {
        const struct vendor_entry *x = &v.all[i];
        told += x->version.n > 0;
        printf("%.*s\t%.*s\t%.*s\t%.*s\n", STR_ARG(x->path), STR_ARG(x->name), STR_ARG(x->version),
               STR_ARG(x->how));
    }
    for (size_t i = 0; i < v.n_notes; i++)
        printf("# %.*s\n", STR_ARG(v.notes[i]));
    printf("# %zu files, %zu copies, %zu versions, %.3f s to list, %.3f s to find\n", files.n, v.n,
           told, listed, (double)clock() / CLOCKS_PER_SEC - listed);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: vendor_client REPO COMMIT [NAME [SISTER-NAME SISTER-REPO]...]\n");
        return 2;
    }
    return run(argc, argv);
}
