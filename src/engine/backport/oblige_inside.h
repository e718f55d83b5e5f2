/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_OBLIGE_INSIDE_H
#define VULNDESK_ENGINE_BACKPORT_OBLIGE_INSIDE_H

#include "engine/backport/ladder.h"
#include "engine/backport/oblige.h"

enum side { SIDE_BASE, SIDE_FIX, SIDE_RELEASE, SIDE_MADE, SIDE_COUNT };

/* Lines that one text has and the other has not. */
struct line_marks {
    bool *v; /* line from 1 */
    size_t n;
    size_t marked;
};

struct piece { /* a file of the fix */
    const struct bp_file *file;
    struct code own[SIDE_COUNT];
    const struct code *code[SIDE_COUNT]; /* of the same text: the same */
    const struct ident_set *set[SIDE_COUNT];
    uint32_t names[LADDER_NAMES_MAX];      /* hashes of the file's renamed names */
    bool readable;                         /* all sides that there are could be read as text */
    struct line_marks fix_new, fix_gone;   /* fix against base */
    struct line_marks made_new, made_gone; /* made against release */
};

struct oblige {
    const struct oblige_ask *ask;
    struct arena *a;
    struct piece *pieces;
    size_t n;
    const struct ident_set **made_sets;
    struct scope_view base, fix, release, made;
    struct obligation *said;
    size_t n_said;
    bool more;
    unsigned unknown; /* ids with something unknown, as bits */
};

/* A failure: kept, unless there are too many.  detail is printf-like and cut at OBLIGE_DETAIL_MAX.
 */
void oblige_say(struct oblige *o, const struct obligation *head, const char *fmt, ...) PRINTF(3, 4);

static inline bool line_marked(const struct line_marks *m, uint32_t line)
{
    return line < m->n && m->v[line];
}
/* Which lines of old went and which of new came; white space at their ends does not count. */
void lines_compare(struct str old, struct str new, struct arena *a, struct line_marks *ret_gone,
                   struct line_marks *ret_new);

/* What tokens say of functions and blocks (scope_code.c). */
struct func {
    size_t from, to; /* tokens: the first of its head, its closing bracket or last token */
    size_t name;     /* SIZE_MAX: none found */
};
/* The innermost function around token i; false: it stands outside of all. */
bool code_function(const struct code *c, size_t i, struct func *ret);

/* The names of one file on their way through O2. */
struct names {
    struct oblige *o;
    const struct piece *p;
    const struct code *made, *fix;
    struct scope_seen sees, fix_sees;
    bool sees_on, fix_sees_on;
    uint32_t asked[OBLIGE_NAMES_MAX];
    size_t n_asked;
};
/* Does what the candidate's file (the fix's file) includes hold the name? */
bool names_made_sees(struct names *s, uint32_t hash, enum ident_has want, struct str *ret_path);
bool names_fix_sees(struct names *s, uint32_t hash, enum ident_has want, struct str *ret_path);
/* The name at token i of the candidate is called, on a line that came: do the arguments fit? */
void names_call(struct names *s, size_t i);

/* The obligations. */
void oblige_names(struct oblige *o);
void oblige_files(struct oblige *o);   /* of O2 */
void oblige_tokens(struct oblige *o);  /* O1 O3 O6 */
void oblige_shape(struct oblige *o);   /* O4 O5 */
void oblige_numbers(struct oblige *o); /* O8 */

#endif
