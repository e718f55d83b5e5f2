/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the lexer is: reads the files named on stdin (one a line) into memory, runs over them
 * ROUNDS times and prints bytes per CPU second.  Not installed.
 *
 *   find DIR -name '*.[ch]' | build/src/syntax/lexer_speed [ROUNDS [punct]]
 */
#include "base/buf.h"
#include "syntax/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALL_MAX ((size_t)1 << 30)

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    uint64_t rounds = 3;
    struct err e = ERR_INIT;
    if (argc > 1 && num_parse(str_c(argv[1]), 1, 1000, "ROUNDS", &rounds, &e) != RC_OK)
        return 2;
    unsigned flags = argc > 2 ? 0 : LEXER_NO_PUNCT;
    AUTO(buf) struct buf all = BUF_INIT(ALL_MAX);
    static struct {
        size_t from, n;
        enum lang lang;
    } files[200000];
    size_t n_files = 0;
    char name[4096];
    while (n_files < ARRAY_LEN(files) && fgets(name, sizeof(name), stdin)) {
        name[strcspn(name, "\n")] = '\0';
        FILE *f = fopen(name, "rb");
        if (!f)
            continue;
        size_t from = all.n, n;
        char *room;
        while ((room = buf_room(&all, 65536)) && (n = fread(room, 1, 65536, f)) > 0)
            buf_grown(&all, n);
        fclose(f);
        struct str text = str_of(all.p + from, all.n - from);
        files[n_files].from = from;
        files[n_files].n = text.n;
        files[n_files++].lang = lang_of(str_c(name), text);
    }
    AUTO(tokens) struct tokens t = {0};
    struct lexer_stop stop;
    for (uint64_t r = 0; r < rounds; r++) {
        size_t bytes = 0, tokens = 0, lines = 0;
        double begin = cpu_seconds();
        for (size_t i = 0; i < n_files; i++) {
            if (files[i].lang == LANG_NONE)
                continue;
            lexer_run(files[i].lang, str_of(all.p + files[i].from, files[i].n), flags, &t, &stop);
            bytes += files[i].n;
            tokens += t.n;
            lines += stop.lines;
        }
        double s = cpu_seconds() - begin;
        printf("%zu files, %zu bytes, %zu lines, %zu tokens, %.3f CPU s: %.0f MB/s\n", n_files,
               bytes, lines, tokens, s, (double)bytes / 1e6 / s);
    }
    return 0;
}
