/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_ALIGN_H
#define VULNDESK_ENGINE_AUDIT_ALIGN_H

#include "engine/audit/site.h"

/*
 * How alike a place is to the lines of a pattern: the best order-keeping assignment of the
 * pattern's lines to lines of the file (a line's worth is what the words of the two have in
 * common), and the changed lines word by word.
 */
#define ALIGN_SLACK 8   /* rows that a line may stand away from its place */
#define ALIGN_ROWS  96  /* rows of a pattern that are looked at, the change among the first */
#define ALIGN_COLS  112 /* rows of a window */

struct likeness {
    float chain;                  /* share of the pattern's weight that is there, in order */
    float changed, before, after; /* the same of these lines alone; -1: the pattern has none */
    float near;                   /* of lines at most 2 from the change */
    float words, shape;           /* changed lines: the same words; the same build (any names) */
    float site;                   /* the words around each point of the change */
    float fresh;                  /* share of what only the fixed side has; -1: nothing */
    float weight;                 /* of what was found, absolute */
    float rarest;                 /* idf of the rarest word near the change that is there too */
    float rarest_share;           /* of the rarest one that the pattern has */
};

struct aligner; /* scratch memory */
/* For terms of the seeds. */
struct aligner *aligner_new(const struct terms *t);
void aligner_free(struct aligner *a);
void aligner_auto(struct aligner **a);
void aligner_pattern(struct aligner *a, const struct pattern *p);
void aligner_at(struct aligner *a, const struct witness *w, uint32_t row, struct likeness *ret);

#endif
