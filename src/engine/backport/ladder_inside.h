/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_LADDER_INSIDE_H
#define VULNDESK_ENGINE_BACKPORT_LADDER_INSIDE_H

#include "base/buf.h"
#include "engine/backport/align.h"
#include "engine/backport/ladder.h"
#include "engine/backport/words.h"
#include "syntax/lexer.h"

/*
 * Inside of the ladder: the three texts by lines, the places where they do not fit, and each place
 * by words.
 */
enum side { BASE, FIX, RELEASE, SIDES };

/* Steps of alignment for one file (align.h). */
#define LADDER_BUDGET (48u << 20)

struct range {
    uint32_t from, to;
};

/* Runs of lines. */
enum chunk_kind {
    CHUNK_STABLE,  /* the same in all three */
    CHUNK_RELEASE, /* only the release changed it */
    CHUNK_FIX,     /* only the fix changed it */
    CHUNK_BOTH,    /* both changed it in the same way */
    CHUNK_CONFLICT
};
struct chunk {
    enum chunk_kind kind;
    struct range l[SIDES];
};

struct three {
    const struct ladder_ask *ask;
    struct str text[SIDES];
    struct book *book;
    struct text_lines lines[SIDES];
    uint32_t *map[SIDES]; /* of FIX and RELEASE: line of base -> line there */
    struct chunk *chunk;
    uint32_t n_chunks, cap_chunks;
    uint64_t budget;
    bool indent;
    struct spans spans[SIDES]; /* of the whole texts; read when they are first asked for */
    bool spanned;
    enum { CR_KEEP, CR_ADD, CR_DROP } cr; /* of lines that come from the fix */
};
enum rc three_read(const struct ladder_ask *ask, struct three *ret, struct err *e) WARN_UNUSED;
void three_auto(struct three *t);
struct str three_bytes(const struct three *t, enum side s, struct range lines);
/* Bytes of the fix as the release ends its lines. */
void three_put_fix(const struct three *t, struct str s, struct buf *out);

/* One place by words.  Words 0 and n-1 of each side are its edges. */
struct edit {
    uint32_t b0, b1; /* words of base that go */
    uint32_t x0, x1; /* words of the other side that come */
    bool drop;       /* of the fix: not carried over by WAY_EDITS */
};

enum way {
    WAY_RELEASE,      /* the release's side */
    WAY_FIX,          /* the fix's side */
    WAY_EDITS,        /* the edits of both, the fix's first where both begin */
    WAY_EDITS_RELEASE /* the same, the release's first */
};
#define WAYS_MAX 4

/* Edits that meet; a single one is a knot too. */
struct knot {
    struct range w[SIDES];         /* words */
    struct range e[SIDES];         /* edits of FIX and RELEASE */
    enum ladder_state state;       /* with way[0] */
    const char *rule, *why;        /* "" for an edit of one side */
    uint8_t way[WAYS_MAX], n_ways; /* best first */
};

struct place {
    const struct three *t;
    struct chunk c;
    struct book *book;
    struct words w[SIDES];
    uint32_t *ids[SIDES];
    uint32_t *map[SIDES];  /* of FIX and RELEASE: word of base -> word there */
    uint32_t *back[SIDES]; /* the other way round */
    struct edit *e[SIDES];
    uint32_t n_e[SIDES];
    struct knot *knot;
    uint32_t n_knots;
    bool shared_line;
    enum ladder_state state;
    const char *rule, *why;
};
void place_auto(struct place *p);
/* Words, alignment, edits, knots and shared_line.  RC_LIMIT: too large. */
enum rc place_read(struct three *t, const struct chunk *c, struct place *ret, struct err *e)
    WARN_UNUSED;
/* Chooses a way for each knot, a state and a rule for the place. */
void place_judge(struct place *p);
/* Marks the words that are comments, and sees anew which lines both sides change.  False: there are
 * none in what is changed. */
bool place_comments(struct three *t, struct place *p);
/* All that the edit takes and brings is comment. */
bool edit_comments(const struct place *p, enum side s, const struct edit *e);
/* Lines that both change, but for comments. */
void place_shared(struct place *p);
/* The place's texts before and after the fix with the release's names for theirs (one for one);
 * false: there are none.  They come behind those in names. */
struct names {
    struct ladder_name *v; /* LADDER_NAMES_MAX; n of them are there */
    uint32_t n;
};
bool place_rename(const struct place *p, struct buf *base, struct buf *fix, struct names *names);
/* The same for a whole file: names that the fix brings where the release has another one.  made: a
 * text that has them still; empty: any. */
bool three_rename(struct three *t, struct str made, struct buf *base, struct buf *fix,
                  struct names *names);
/* The place with these two texts, judged. */
enum rc place_again(struct three *t, const struct place *p, const struct buf *base,
                    const struct buf *fix, struct three *ret_t, struct place *ret, struct err *e)
    WARN_UNUSED;
/* How many different texts place_write has. */
unsigned place_ways(const struct place *p);
/* The text of the place; which: 0 the chosen ways, 1.. further ones. */
void place_write(const struct place *p, unsigned which, struct buf *out);

#endif
