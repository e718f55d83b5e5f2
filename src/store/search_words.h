/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_SEARCH_WORDS_H
#define VULNDESK_STORE_SEARCH_WORDS_H

#include "base/buf.h"

/*
 * What counts as a word for the search, on both back ends alike: a run of ASCII letters and digits
 * and of characters beyond ASCII that are no punctuation, in lower case (ASCII, Latin, Greek and
 * Cyrillic letters).  No stemming, no stop words, accents count.  "src/name.c" is three words, so
 * each of them finds it, and so does the whole, as neighbours.
 */
#define SEARCH_WORD_MAX 64 /* bytes; a longer run is cut into pieces of that length */
#define SEARCH_BODY_MAX                                                                            \
    (64 * 1024)              /* bytes of one body that are indexed; the rest is not found          \
                              */
#define SEARCH_POS_MAX 16383 /* PostgreSQL's highest position of a word */

/* The next word of *rest in lower case into dst (SEARCH_WORD_MAX + 4 bytes), where it stands in
 * the text as *ret_raw; false when there is none.  *rest is advanced. */
#define SEARCH_WORD_SIZE (SEARCH_WORD_MAX + 4)
bool search_word(struct str *rest, char dst[SEARCH_WORD_SIZE], struct str *ret_word,
                 struct str *ret_raw);

/* All words of s, a space between: the text for FTS5. */
void search_words_plain(struct buf *b, struct str s);
/* "word:1A word:2 ..." for PostgreSQL's tsvector; positions go on from *pos.  weight: "A" or "". */
void search_words_vector(struct buf *b, struct str s, const char *weight, unsigned *pos);

/*
 * A query of a person.  Words are joined by and; what stands in double quotes, and the pieces of
 * one blank-separated run ("src/name.c"), are neighbours in that order; the last word may be the
 * begin of one when it has at least SEARCH_PREFIX_MIN bytes, unless it stands in quotes.  Never a
 * syntax error: everything that is no word is dropped.
 */
#define SEARCH_QUERY_MAX  200 /* bytes of a query */
#define SEARCH_TERMS_MAX  16  /* words of a query; more are RC_LIMIT */
#define SEARCH_PREFIX_MIN 3
struct search_query {
    struct search_term {
        char text[SEARCH_WORD_SIZE];
        struct str word;
        bool follows; /* directly behind the one before */
        bool begins;  /* the begin of a word is enough */
    } terms[SEARCH_TERMS_MAX];
    size_t n;
};
/* RC_LIMIT: too long or too many words.  A query without a word has n 0. */
enum rc search_query_parse(struct str s, struct search_query *ret_q, struct err *e) WARN_UNUSED;
/* The same for FTS5's MATCH, and for PostgreSQL's tsquery. */
void search_query_fts5(const struct search_query *q, struct buf *b);
void search_query_ts(const struct search_query *q, struct buf *b);

/*
 * A piece of text around the first place where the longest word of the query stands (else any of
 * them), with those of the query directly behind it, at most about max bytes around, on one line;
 * *ret_hit is where in it, of length 0 when nothing matches (then it is the begin).
 */
void search_snippet(const struct search_query *q, struct str text, size_t max, struct buf *ret_text,
                    struct str *ret_before, struct str *ret_hit, struct str *ret_after);

#endif
