/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_HOME_H
#define VULNDESK_ENGINE_AUDIT_HOME_H

#include "engine/audit/align.h"
#include "engine/audit/view.h"

/*
 * Where a seed's own place stands in the searched trees, fixed there or not: the place of its file
 * that is most like it, and of equal ones the nearest to its old line.  Places that resemble the
 * code around it, beyond the lines of the hunk, are likelier to need the same fix.
 */
#define HOME_FILES_MAX 64u   /* versions of the seed's file in the view */
#define HOME_WORDS_MAX 1500u /* different words around the own places of one seed */
#define HOME_ROWS      40u   /* around a place, within its function */

struct home_place {
    uint32_t file, line, end;
    float fixed; /* 0..1: share of what the fix added that is there; < 0: it adds nothing */
};
struct home {
    struct home_place places[HOME_FILES_MAX]; /* by file */
    size_t n;
    struct str function; /* in the arena; empty: not known */
    const float *around; /* of each term: idf when it stands around; NULL: none does */
    size_t n_around;     /* terms that there were then */
    double all, norm;    /* sums of them and of their squares */
};

/*
 * Finds the homes of all patterns, which must have their weights, and adds the words around them to
 * the terms.  Errors of the view; RC_LIMIT.
 */
enum rc homes_find(struct view *v, struct terms *t, const struct pattern *p, size_t n,
                   struct arena *a, struct home *ret, struct err *e) WARN_UNUSED;
/* The own place in this file, NULL: none. */
const struct home_place *home_in(const struct home *h, uint32_t file);

/* Rows around a row, at most HOME_ROWS on either side, within the function as far as layout tells.
 */
void rows_around(const struct witness *w, uint32_t row, uint32_t *ret_from, uint32_t *ret_to);

/* How much the words around a row have in common with those around the home. */
struct surroundings {
    float share, cosine; /* 0..1 */
};
struct surveyor; /* scratch memory */
struct surveyor *surveyor_new(const struct terms *t);
void surveyor_free(struct surveyor *s);
void surveyor_auto(struct surveyor **s);
void surveyor_at(struct surveyor *s, const struct home *h, const struct witness *w, uint32_t row,
                 struct surroundings *ret);

#endif
