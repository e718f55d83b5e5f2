/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_MAP_H
#define VULNDESK_ENGINE_AFFECTED_MAP_H

#include "base/buf.h"
#include "engine/affected/record.h"

/*
 * A map of the history as SVG: a row for each maintained line or release series, its releases as
 * points in the order of time, with the introducing commits, the fixes and their copies.  What a
 * release is has a colour and a shape of its own, so that it can be read without colours.  Runs of
 * releases that are alike become one mark with their number, as much as is needed: however many
 * tags there are, the picture stays readable and below the limit.  Pure; no script, nothing from
 * outside, no ids (a page may hold several).  Names of tags are hostile: escaped, cut, and
 * characters that hide or reorder text are shown by name.
 */
#define MAP_MAX       100000 /* bytes of a picture */
#define MAP_ITEMS     90     /* marks that are aimed at */
#define MAP_LANES     12     /* rows; of more, those that are all alike become one */
#define MAP_LANES_MAX 24     /* of still more, the rest become one */
#define MAP_MARKS     24     /* commits that are marked */
#define MAP_LABEL     16     /* letters of a name in the picture */
#define MAP_TITLE     400    /* bytes of what a mark says */

struct map_options {
    bool standalone;  /* a file of its own, styles in it; else the page brings them */
    const char *link; /* a release leads to LINKn, n its index: "#r-"; NULL: nowhere */
};

enum rc map_draw(const struct record *r, const struct map_options *o, struct arena *a,
                 struct buf *out, struct err *e) WARN_UNUSED;

/* The same data as rows of a table: neighbours of a line that are alike; n = 0: a branch's tip. */
struct map_run {
    struct str lane;
    uint32_t first, last; /* indexes of releases */
    size_t n;
    enum rec_status status;
    bool flagged, decided;
};
enum rc map_runs(const struct record *r, struct arena *a, struct map_run **ret, size_t *ret_n,
                 struct err *e) WARN_UNUSED;

#endif
