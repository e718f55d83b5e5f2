/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_SIDES_H
#define VULNDESK_WEB_SIDES_H

#include "web/highlight.h"

/*
 * A unified diff side by side: before on the left, after on the right, in colours, the words that
 * changed are marked.  And the conflicts of a file that git would leave for a person (zdiff3), each
 * with a few lines around it.  Pure; the texts are a stranger's: whatever does not look like a diff
 * is passed over, and all is bounded.
 */
#define SIDES_FILES   200  /* files of one diff; the rest is counted */
#define SIDES_LINES   3000 /* lines of one diff in all; then the rest is left out */
#define SIDES_AROUND  5    /* lines before and after a conflict */
#define SIDES_REGIONS 60   /* conflicts of one file */

/* A row: the same line on both sides, or what was beside what came, or one of them alone. */
struct side_row_view {
    struct code_line_view l, r;
    bool l_gap, r_gap; /* there is nothing on that side */
    bool same;         /* context: both sides say the same */
};
struct side_hunk_view {
    struct str where; /* "lines 12 to 30, in f(x)" */
    struct side_row_view *rows;
    size_t n_rows;
};
struct side_file_view {
    struct str path;
    struct str note; /* "new file", "renamed from x", "binary"; empty: nothing */
    int64_t added, removed;
    struct side_hunk_view *hunks;
    size_t n_hunks;
};
struct sides {
    struct side_file_view *files;
    size_t n_files;
    bool cut; /* there is more of it than is here */
};
/* No files when the arena is full. */
void sides_of_diff(struct arena *a, struct str diff, struct sides *ret);

/* A conflict: lines with "<<<<<<<" to ">>>>>>>" and some around. */
struct side_conflict_view {
    struct str where; /* "line 120" */
    struct code_line_view *lines;
    size_t n_lines;
};
struct side_conflicts {
    struct side_conflict_view *regions;
    size_t n_regions;
    bool cut;
};
void sides_of_conflict(struct arena *a, struct str path, struct str text,
                       struct side_conflicts *ret);

#endif
