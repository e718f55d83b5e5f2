/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any JSON as an answer about backports, as a line of one and as its head.  What is
 * taken is within its bounds, and every text that a page shows is clean.
 */
#include "base/utf8.h"
#include "engine/backport/record.h"

static void check_line(const struct port_line *l)
{
    BUG_ON(l->verdict >= PORT_VERDICTS || l->n_files > PORT_FILES_MAX);
    BUG_ON(l->n_rules > PORT_RULES_MAX || l->n_duties > PORT_DUTIES_MAX);
    BUG_ON(l->n_left > PORT_LEFT_MAX || l->n_candidates > PORT_CANDIDATES);
    BUG_ON(l->n_needs > PORT_NEEDS_MAX || l->n_past > PORT_HISTORY_MAX);
    BUG_ON(l->onto.n > PORT_NAME_MAX || !utf8_is_clean(l->onto) || !utf8_is_clean(l->why));
    BUG_ON(l->diff.n > PORT_DIFF_MAX || !utf8_is_clean(l->diff) || l->patch.n > PORT_PATCH_MAX);
    for (size_t i = 0; i < l->n_duties; i++)
        BUG_ON(l->duties[i].result >= PORT_RESULTS || !utf8_is_clean(l->duties[i].detail));
    for (size_t i = 0; i < l->n_files; i++) {
        const struct port_file *f = &l->files[i];
        BUG_ON(f->state >= PORT_STATES || f->n_regions > PORT_REGIONS_MAX);
        BUG_ON(f->path.n > PORT_PATH_MAX || !utf8_is_clean(f->path));
        BUG_ON(f->conflict.n > PORT_CONFLICT_MAX || !utf8_is_clean(f->conflict));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(json) json_t *j = json_loadb((const char *)data, n, JSON_DECODE_ANY, NULL);
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    struct port_record r;
    struct port_line l;
    struct err e = ERR_INIT;
    if (j == NULL)
        return 0;
    if (port_record_read(j, a, &r, &e) == RC_OK) {
        BUG_ON(r.n_fix > PORT_FIX_MAX || r.n_lines > PORT_LINES_MAX || r.n_notes > PORT_NOTES_MAX);
        for (size_t i = 0; i < r.n_lines; i++)
            check_line(&r.lines[i]);
    }
    if (port_head_read(j, a, &r, &e) == RC_OK)
        BUG_ON(r.n_fix > PORT_FIX_MAX || r.n_notes > PORT_NOTES_MAX);
    if (port_line_read(j, a, &l, &e) == RC_OK)
        check_line(&l);
    return 0;
}
