/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_WITNESS_H
#define VULNDESK_ENGINE_AUDIT_WITNESS_H

#include "engine/audit/seed.h"

/*
 * One file of the searched trees, read for a closer look: its tokens, and where terms of the
 * seeds stand.  Reused from file to file.  Places are rows: lines that hold tokens, from 1.
 */
struct match {
    uint32_t term; /* in terms.v */
    uint32_t row;  /* of its last word */
};
struct witness {
    struct str text; /* borrowed */
    enum lang lang;
    struct tokens tokens;
    uint32_t n_rows;
    uint32_t *first; /* of row r: tokens.v[first[r - 1]] up to first[r] */
    size_t cap_first;
    struct match *matches; /* of terms of the seeds; ascending in row */
    size_t n_matches, cap_matches;
    uint32_t *term; /* of each token (words around homes too); TERM_NO: none */
    size_t cap_term;
    bool *hidden; /* of each row - 1: nothing there is alike to anything */
    size_t cap_hidden;
};
void witness_release(struct witness *w);
void witness_auto(struct witness *w);
void witness_read(struct witness *w, enum lang lang, struct str text, const struct terms *t);
/* The lines first..last count no more, until the next file is read. */
void witness_hide(struct witness *w, uint32_t first, uint32_t last);
static inline bool witness_hides(const struct witness *w, uint32_t row)
{
    return row >= 1 && row <= w->n_rows && w->hidden[row - 1];
}
/* Matches from row `from` on: index of the first. */
size_t witness_from(const struct witness *w, uint32_t from);
/* Tokens of a row; none for a row that there is not. */
static inline const struct token *witness_row(const struct witness *w, uint32_t row, size_t *ret_n)
{
    *ret_n = row >= 1 && row <= w->n_rows ? w->first[row] - w->first[row - 1] : 0;
    return *ret_n ? w->tokens.v + w->first[row - 1] : NULL;
}
/* The line of a row, that of the nearest one when there is none such; 1 in an empty file. */
uint32_t witness_line(const struct witness *w, uint32_t row);
/* The row of a line or the next one below it. */
uint32_t witness_row_of(const struct witness *w, uint32_t line);

/*
 * Name of the function that the row stands in, as far as layout and a few keywords tell; empty
 * when it stands in none or nobody can say.
 */
struct str witness_function(const struct witness *w, uint32_t row);

/*
 * A place where the change of a pattern would be, as the words around it vote: each word of the
 * file that the pattern has too votes for the row that lies as far from it as the change does in
 * the pattern, and less for rows near to that one (a triangle).  A term counts once.  Wide votes
 * stand lines put in or left out, close ones tell where.
 */
#define VOTE_WIDE  14
#define VOTE_CLOSE 3
#define SPOT_NEAR  10 /* lines; of two hits so near the better one stays */
#define SPOT_ROWS  5  /* the same for spots */
struct spot {
    uint32_t file, row;
    uint16_t pattern;
    float wide, close; /* shares of the pattern's weight, 0..1 */
    float prior;       /* both with what the path says: what comes first */
};
struct spots {
    struct spot *v;
    size_t n, cap;
};
void spots_release(struct spots *s);
void spots_auto(struct spots *s);

struct voter; /* scratch memory */
struct voter *voter_new(const struct terms *t);
void voter_free(struct voter *v);
void voter_auto(struct voter **v);
void voter_pattern(struct voter *v, const struct pattern *p);
/* Appends at most `most` spots whose shares are this at least together, row and shares filled in.
 */
void voter_spots(struct voter *v, const struct witness *w, size_t most, float least,
                 struct spots *out);

#endif
