/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder over files: ladder_client < LIST, one line each
 * "CLASS\tPATH\tBASE\tFIX\tRELEASE\tOUT", with names of files behind PATH ("-" for none).  Writes
 * OUT (the text), OUT.1 ... (alternatives) and, to stdout,
 * "STATE\tRULES\tREGIONS\tALTERNATIVES\tALREADY\tMICROSECONDS" for each line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/backport/ladder.h"

static char *slurp(const char *name, size_t *ret_n)
{
    *ret_n = 0;
    FILE *f = strcmp(name, "-") == 0 ? NULL : fopen(name, "rb");
    if (f == NULL)
        return mem_zalloc(1);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *p = mem_alloc((size_t)n + 1);
    *ret_n = fread(p, 1, (size_t)n, f);
    fclose(f);
    return p;
}

static void spill(const char *name, unsigned which, struct str s)
{
    char path[4096];
    if (strcmp(name, "-") == 0)
        return;
    if (which == 0)
        snprintf(path, sizeof path, "%s", name);
    else
        snprintf(path, sizeof path, "%s.%u", name, which);
    FILE *f = fopen(path, "wb");
    if (f != NULL) {
        fwrite(s.p, 1, s.n, f);
        fclose(f);
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void one(char *field[5])
{
    struct ladder_ask ask = {.path = str_c(field[0])};
    struct ladder_out out;
    struct err e = ERR_INIT;
    AUTO(mem) char *base = slurp(field[1], &ask.base.n);
    AUTO(mem) char *fix = slurp(field[2], &ask.fix.n);
    AUTO(mem) char *release = slurp(field[3], &ask.release.n);
    AUTO(arena)
    struct arena *arena = arena_new(LADDER_ARENA_FACTOR * (ask.base.n + ask.fix.n + ask.release.n) +
                                    LADDER_ARENA_MORE);
    bool already = false;
    ask.base.p = base;
    ask.fix.p = fix;
    ask.release.p = release;
    ask.class = file_class_of(ask.path);
    ask.lang = lang_of(ask.path, str_sub(ask.fix, 0, LANG_HEAD));
    double t = now_us();
    if (ladder_empty(&ask, arena, &already, &e) != RC_OK)
        printf("error %s\t", e.msg);
    struct ladder_share share = {0};
    if (ladder_share(&ask, &share, &e) != RC_OK)
        printf("error %s\t", e.msg);
    double t_empty = now_us();
    if (ladder_run(&ask, arena, &out, &e) != RC_OK) {
        printf("error %s\t\t\t0\t%d\t%.0f\n", e.msg, already, now_us() - t);
        return;
    }
    printf("%s%s\t", ladder_state_name(out.state), out.left_out ? " left-out" : "");
    for (uint32_t i = 0; i < out.n_rules; i++)
        printf("%s%s", i > 0 ? " " : "", out.rules[i]);
    printf("\t");
    for (uint32_t i = 0; i < out.n_regions; i++) {
        const struct ladder_region *g = &out.regions[i];
        printf("%s%s:%s:%u+%u,%u+%u,%u+%u", i > 0 ? " " : "", ladder_state_name(g->state), g->rule,
               g->base.from, g->base.n, g->fix.from, g->fix.n, g->release.from, g->release.n);
    }
    printf("\t%u\t%d\t%.0f\t%.0f\t%lu %lu %lu %lu\n", out.n_alternatives, already,
           now_us() - t_empty, t_empty - t, share.comes, share.there, share.goes, share.gone);
    spill(field[4], 0, out.text);
    for (uint32_t i = 0; i < out.n_alternatives; i++)
        spill(field[4], i + 1, out.alternatives[i].text);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, stdin) > 0) {
        char *field[5], *save = NULL;
        int n = 0;
        line[strcspn(line, "\n")] = '\0';
        for (char *p = strtok_r(line, "\t", &save); p != NULL && n < 5;
             p = strtok_r(NULL, "\t", &save))
            field[n++] = p;
        if (n == 5)
            one(field);
        fflush(stdout);
    }
    free(line);
    return 0;
}
