/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_LOCATE_INSIDE_H
#define VULNDESK_ENGINE_BACKPORT_LOCATE_INSIDE_H

#include "base/arena.h"

/*
 * Texts as lines whose white space does not count, the places that a fix edits, and how much of
 * them another text has.  Pure; parts of locate.c, nobody else includes it.
 */
#define EDIT_AROUND    3  /* lines on both sides of an edit that speak and belong to it */
#define EDIT_LINES_MAX 60 /* lines of one edit */
#define EDITS_MAX      200

struct line {
    struct str text;
    uint64_t hash; /* without white space */
    bool speaks;   /* says something about what the program does */
};
struct lines {
    struct line *v;
    size_t n;
    uint64_t *sorted; /* hashes of the lines that speak */
    size_t n_sorted;
};
/* Hash of a line without its white space. */
uint64_t line_key(struct str line);
enum rc lines_make(struct str text, struct arena *a, struct lines *ret, struct err *e) WARN_UNUSED;
/* 0..1: the lines that speak and both have, of the longer one. */
double lines_alike(const struct lines *x, const struct lines *y);

/* A run of changed lines, as the lines of the old text that it replaces and those around it. */
struct edit {
    uint32_t lines[EDIT_LINES_MAX]; /* that speak, in their order */
    uint64_t hash[EDIT_LINES_MAX];
    uint64_t sorted[EDIT_LINES_MAX]; /* the same, each once */
    size_t n, n_sorted;
    uint32_t from, to; /* of the old text: what is replaced, to is behind it */
};
struct edits {
    struct edit *v;
    size_t n;
};
enum rc edits_make(const struct lines *old, const struct lines *now, struct arena *a,
                   struct edits *ret, struct err *e) WARN_UNUSED;
/* Takes lines out of all edits; an edit with less than two left has none. */
void edits_without(struct edits *s, bool (*out)(const void *ctx, uint64_t hash), const void *ctx);
/*
 * How many of the edits have most of their lines close together in x, and the part of all the
 * edits' lines that is there.
 */
void edits_held(const struct edits *s, const struct lines *x, size_t *ret_held, double *ret_share);
/* The largest part of one edit's lines that stands close together in x. */
double edits_most(const struct edits *s, const struct lines *x);

#endif
