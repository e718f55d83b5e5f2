/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any three texts up the ladder: nothing outside of them is read, the ranges fit, and the same
 * texts give the same answer.  The first byte chooses language and class, "\n--\n" cuts the rest.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_regions(const struct ladder_ask *ask, const struct ladder_out *o)
{
    struct book *b = book_new();
    struct text_lines l[4] = {0};
    const struct str text[] = {ask->base, ask->fix, ask->release, o->text};
    for (int i = 0; i < 4; i++)
        BUG_ON(text_lines_read(b, text[i], false, LADDER_LINES_MAX, &l[i], NULL) != RC_OK);
    for (uint32_t i = 0; i < o->n_regions && !o->left_out; i++) {
        const struct ladder_region *r = &o->regions[i];
        BUG_ON(r->rule == NULL || r->why == NULL);
        BUG_ON(r->base.from - 1 + r->base.n > l[0].n || r->fix.from - 1 + r->fix.n > l[1].n ||
               r->release.from - 1 + r->release.n > l[2].n ||
               r->made.from - 1 + r->made.n > l[3].n + 1);
    }
    for (int i = 0; i < 4; i++)
        text_lines_auto(&l[i]);
    book_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum lang langs[] = {LANG_C, LANG_PYTHON, LANG_YAML, LANG_NONE};
    if (size < 1 || size > 1 << 16)
        return 0;
    struct str rest = str_of(data + 1, size - 1), part[3] = {STR_NONE, STR_NONE, STR_NONE};
    for (int i = 0; i < 3; i++) {
        size_t at = str_find(rest, STR("\n--\n"));
        part[i] = at == STR_NPOS ? rest : str_sub(rest, 0, at + 1);
        rest = at == STR_NPOS ? STR_NONE : str_sub(rest, at + 4, rest.n);
    }
    struct ladder_ask ask = {.lang = langs[data[0] % 4],
                             .class = (enum file_class)(data[0] / 4 % 4),
                             .base = part[0],
                             .fix = part[1],
                             .release = part[2]};
    AUTO(arena)
    struct arena *arena = arena_new(LADDER_ARENA_FACTOR * size + LADDER_ARENA_MORE);
    struct ladder_out a, b;
    struct err e = ERR_INIT;
    bool already;
    if (ladder_run(&ask, arena, &a, &e) != RC_OK)
        return 0;
    check_regions(&ask, &a);
    BUG_ON(ladder_run(&ask, arena, &b, &e) != RC_OK || !str_eq(a.text, b.text));
    BUG_ON(ladder_empty(&ask, arena, &already, &e) != RC_OK);
    BUG_ON(already && str_eq(ask.base, ask.fix));
    return 0;
}
