/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_TEXT_H
#define VULNDESK_ENGINE_AFFECTED_TEXT_H

#include "git/objects.h"

/*
 * Files of the history as lines whose white space does not count, each blob read once; which line
 * of one is which line of another; how alike two lines are.
 */
#define TEXT_MAX       (4u << 20)  /* bytes of a file that is looked at */
#define TEXT_KEEP      (24u << 20) /* bytes of files that are kept while they may be asked again */
#define TEXT_LINE_MAX  400         /* bytes of a line that are compared for likeness */
#define TEXT_FUNCS_MAX 20000       /* functions of a file */
#define TEXT_LIKENESS  0.75        /* from here on a line is an older form of another */

struct text_line {
    uint32_t at, len; /* in the body, without the line's end */
    uint32_t dense;   /* bytes that are not white space */
    uint64_t hash;    /* of those */
};
struct text_func {
    struct str name;
    uint32_t from, to; /* lines, from 0, inclusive */
};
struct text {
    char oid[GIT_OID_HEX + 1];
    struct str body;
    struct text_line *lines;
    size_t n;
    struct text_func *funcs; /* in their order; of languages with a head at the left margin */
    size_t n_funcs;
};

struct textpool;
struct textpool *textpool_new(struct objects *o);
void textpool_free(struct textpool *t); /* NULL is fine */
void textpool_auto(struct textpool **t);

/*
 * The file at path in the tree of the commit (full hex id).  Valid until textpool_trim.
 * RC_NOTFOUND: no such file, or its object is not here (the same to us); RC_LIMIT: too large.
 */
enum rc textpool_get(struct textpool *t, struct str commit, struct str path,
                     const struct text **ret, struct err *e) WARN_UNUSED;
/* The blob with this id. */
enum rc textpool_blob(struct textpool *t, struct str oid, const struct text **ret, struct err *e)
    WARN_UNUSED;
/* Forgets the files that were not asked for longest, down to TEXT_KEEP. */
void textpool_trim(struct textpool *t);
/* Blobs that were read so far. */
size_t textpool_reads(const struct textpool *t);

static inline struct str text_line_at(const struct text *t, size_t i)
{
    return str_of(t->body.p + t->lines[i].at, t->lines[i].len);
}
/* Hash of a line as text_line.hash has it. */
uint64_t text_hash(struct str line, uint32_t *ret_dense);
/* The function around a line (from 0), NULL when there is none. */
const struct text_func *text_func_at(const struct text *t, size_t line);
const struct text_func *text_func_named(const struct text *t, struct str name);

/* ret_old[i]: the line of `old` that line i of `now` is, -1 = it is new. Order is kept. */
enum rc text_match(const struct text *old, const struct text *now, int32_t *ret_old, struct err *e)
    WARN_UNUSED;

/* 0..1: twice the bytes in common runs by the bytes of both, white space left out. */
double line_likeness(struct str a, struct str b);

#endif
