/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_MAP_H
#define VULNDESK_ENGINE_BACKPORT_MAP_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * A fix and its way to every maintained line, as SVG: a row a line, newest first, with what became
 * of the backport, what a person decided, the tests, and whether the line is ready or what blocks
 * it.  Every state has a shape of its own and its word beside it, so that colours are not needed.
 * Pure; no script, nothing from outside, no ids.  Names are hostile, as svg.h has them.
 */
#define BP_MAP_MAX   400000 /* bytes of a picture, all of its names hostile; most have 1000 a row */
#define BP_MAP_LINES 40     /* rows; further lines are counted in one */
#define BP_MAP_NAME  20     /* letters of a line's name in the picture */
#define BP_MAP_WORDS 26     /* of what blocks it */

struct bp_map_line {
    struct str name;
    struct str source;   /* what was picked: "fix", or the name of a line; empty: nothing yet */
    struct str verdict;  /* its name in an answer (record.h), or "edited", "chosen": a person put it
                          * in place of what was picked; empty: the answer is under way */
    struct str decision; /* of a person: "accepted", "edited", "waived"; empty: none */
    struct str tests;    /* "pass", "fail", "untested", "running", "none" needed, "not-run" */
    struct str blocked;  /* what it waits for, in words; empty: nothing to say */
    bool ready;
};
struct bp_map {
    struct str fix, subject; /* short ids of the fix; what its commit says */
    const struct bp_map_line *lines;
    size_t n_lines;
};
struct bp_map_options {
    bool standalone;  /* a file of its own, styles in it; else the page brings them */
    const char *link; /* a line leads to LINKn, n its index: "#line-"; NULL: nowhere */
};

enum rc bp_map_draw(const struct bp_map *p, const struct bp_map_options *o, struct buf *out,
                    struct err *e) WARN_UNUSED;

#endif
