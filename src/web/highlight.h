/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_HIGHLIGHT_H
#define VULNDESK_WEB_HIGHLIGHT_H

#include "base/arena.h"
#include "syntax/lang.h"

/*
 * Lines of code as runs that look different, for the templates: those escape each run, so that no
 * HTML is made here.  The colours come from syntax/lexer.h; a piece out of the middle of a file is
 * read as far as it makes sense.
 */
#define CODE_LINES_MAX 400  /* what is beyond is left out */
#define CODE_LINE_MAX  1000 /* bytes of a line; the rest becomes "..." */
#define CODE_MARKS_MAX 64   /* words of a line that are marked */

/* Borrowed. */
struct code_in {
    uint32_t no;      /* 0: it has no number */
    char side;        /* ' ' before and after the change, '-' only before it, '+' only after */
    const char *sign; /* before the text, as it is shown: "-", "+", " " */
    const char *how;  /* class of the line; "": none */
    struct str text;
    const struct str *marks; /* words to be marked, where they stand alone */
    size_t n_marks;
};
struct code_run_view {
    const char *look; /* class: "k" keyword, "s" string, "c" comment, "n" number, "" all else */
    bool mark;
    struct str text;
};
struct code_line_view {
    uint32_t no;
    const char *sign, *how;
    struct code_run_view *runs;
    size_t n_runs;
};

/*
 * What was before the change and what came after are read as two texts: what a removed line opens
 * does not run on into an added one.  Space that all lines begin with is dropped.  No lines when
 * the arena is full.
 */
void highlight(struct arena *a, enum lang lang, const struct code_in *in, size_t n,
               struct code_line_view **ret, size_t *ret_n);

#endif
