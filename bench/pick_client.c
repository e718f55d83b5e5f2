/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks without anything around them, for bench/backport-pick.
 *
 * pick_client REPO [--scratch DIR] [--results DIR] [--prove] [--whole] < CASES: a line "ID RELEASE
 * FIX" each, the latter two full ids of commits.  Prints for each "ID VERDICT TREE whole|files N MS
 * AGAIN BACK HOWS": the verdict is clean, empty, conflict or the name of an error; MS is processor
 * time, that of the git children too.  --whole: git merges whole trees always (the peer, by the
 * same child).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/backport/pick.h"

#define MEMORY   (UINT64_C(2) << 30)
#define LINE_MAX 400

static double cpu_of(clockid_t id)
{
    struct timespec t;
    return clock_gettime(id, &t) == 0 ? (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 : 0;
}

/* Of this process and the children that run. */
static double cpu_ms(void)
{
    double ms = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
    char path[100], text[400];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    struct str rest = str_of(text, n), pid;
    while (str_cut(&rest, ' ', &pid)) {
        uint64_t id;
        clockid_t c;
        struct err none;
        if (num_parse(pid, 1, INT32_MAX, "pid", &id, &none) == RC_OK &&
            clock_getcpuclockid((pid_t)id, &c) == 0)
            ms += cpu_of(c);
    }
    return ms;
}

static const char *proof_name(enum pick_proof p)
{
    return p == PICK_PASS ? "pass" : p == PICK_FAIL ? "fail" : "unknown";
}

static enum rc whole(struct picker *p, const char *base, const char *fix, const char *release,
                     struct arena *a, struct pick *ret, struct err *e)
{
    struct ort_merge m;
    TRY(ort_trees(p->ort, base, fix, release, a, &m, e));
    *ret = (struct pick){.clean = m.clean, .whole = true};
    memcpy(ret->tree, m.tree, sizeof ret->tree);
    ret->empty = m.clean && strcmp(m.tree, release) == 0;
    return RC_OK;
}

static enum rc one(struct picker *p, char *onto, char *original, bool prove, bool all,
                   struct str id, struct err *e)
{
    static const char *const hows[] = {"same",   "taken",   "merged",  "conflict",
                                       "ladder", "absent",  "gone",    "added-both",
                                       "odd",    "located", "left-out"};
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    char base[GIT_OID_HEX + 1], fix[GIT_OID_HEX + 1], release[GIT_OID_HEX + 1];
    struct pick r;
    struct pick_proofs proofs = {PICK_PASS, PICK_PASS, PICK_PASS, STR_NONE, STR_NONE, STR_NONE};
    double start = cpu_ms();
    TRY(bp_tree_of(p->store, onto, release, e));
    TRY(bp_fix_trees(p->store, original, false, base, fix, e));
    if (all)
        TRY(whole(p, base, fix, release, a, &r, e));
    else
        TRY(pick_run(p, base, fix, release, a, &r, e));
    double ms = cpu_ms() - start;
    struct pick_claim claim = {release, r.tree, r.files, r.n, true};
    if (prove)
        TRY(pick_prove(p, &claim, a, &proofs, e));
    double proof_ms = cpu_ms() - start - ms;
    printf("%.*s %s %s %s %zu %.3f %.3f %s %s %s", STR_ARG(id),
           r.empty   ? "empty"
           : r.clean ? "clean"
                     : "conflict",
           r.tree, r.whole ? "whole" : "files", r.n, ms, proof_ms, proof_name(proofs.back),
           proof_name(proofs.again), proof_name(proofs.undo));
    for (size_t i = 0; i < r.n; i++)
        printf(" %s%s", hows[r.files[i].how],
               str_eq(r.files[i].path, r.files[i].fix_path) ? "" : "@");
    printf("\n");
    return RC_OK;
}

static int run(const char *repo, const char *scratch, const char *results, bool prove, bool all,
               struct err *e)
{
    AUTO(git) struct git *g = NULL;
    AUTO(bp_store) struct bp_store *s = NULL;
    AUTO(ort) struct ort *o = NULL;
    if (git_open(repo, scratch, &g, e) != RC_OK || bp_store_open(g, results, &s, e) != RC_OK ||
        ort_open(s, &o, e) != RC_OK)
        return 1;
    struct picker p = {s, o};
    char line[LINE_MAX];
    while (fgets(line, sizeof line, stdin)) {
        char onto[GIT_OID_HEX + 1], original[GIT_OID_HEX + 1];
        struct str rest = str_trim(str_c(line)), id, words[2];
        if (!str_cut(&rest, ' ', &id) || !str_cut(&rest, ' ', &words[0]) ||
            !str_cut(&rest, ' ', &words[1]) ||
            str_copy(onto, sizeof onto, words[0], "id", e) != RC_OK ||
            str_copy(original, sizeof original, words[1], "id", e) != RC_OK)
            return 1;
        enum rc rc = one(&p, onto, original, prove, all, id, e);
        if (rc != RC_OK)
            printf("%.*s %s - files 0 0 0 - - - %s\n", STR_ARG(id), rc_name(rc), e->msg);
        fflush(stdout);
    }
    return bp_flush(s, e) == RC_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *results = NULL, *scratch = NULL;
    bool prove = false, all = false;
    struct err e = ERR_INIT;
    for (int i = 2; i < argc; i++) {
        prove |= strcmp(argv[i], "--prove") == 0;
        all |= strcmp(argv[i], "--whole") == 0;
        if (strcmp(argv[i], "--results") == 0 && i + 1 < argc)
            results = argv[++i];
        else if (strcmp(argv[i], "--scratch") == 0 && i + 1 < argc)
            scratch = argv[++i];
    }
    if (argc < 2 || run(argv[1], scratch, results, prove, all, &e) != 0) {
        fprintf(stderr, "pick_client: %s\n", argc < 2 ? "REPO is missing" : e.msg);
        return 1;
    }
    return 0;
}
