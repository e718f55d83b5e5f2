/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diffs and conflicts as a stranger makes them: whatever they are, rows stay within the counts and
 * every line has its runs.  libFuzzer.
 */
#include "web/sides.h"

static void look(const struct code_line_view *l, bool gap)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_runs; i++)
        n += l->runs[i].text.n;
    BUG_ON(gap && n > 0);
    BUG_ON(l->sign == NULL || l->how == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    struct sides s;
    struct side_conflicts c;
    size_t rows = 0;
    sides_of_diff(a, str_of(data, size), &s);
    BUG_ON(s.n_files > SIDES_FILES);
    for (size_t i = 0; i < s.n_files; i++)
        for (size_t h = 0; h < s.files[i].n_hunks; h++) {
            const struct side_hunk_view *k = &s.files[i].hunks[h];
            rows += k->n_rows;
            for (size_t r = 0; r < k->n_rows; r++) {
                BUG_ON(k->rows[r].l_gap && k->rows[r].r_gap);
                look(&k->rows[r].l, k->rows[r].l_gap);
                look(&k->rows[r].r, k->rows[r].r_gap);
            }
        }
    BUG_ON(rows > SIDES_LINES);
    sides_of_conflict(a, STR("x.c"), str_of(data, size), &c);
    BUG_ON(c.n_regions > SIDES_REGIONS);
    return 0;
}
