/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_OBLIGE_H
#define VULNDESK_ENGINE_BACKPORT_OBLIGE_H

#include "engine/backport/scope.h"

/*
 * What a candidate owes before anybody calls it a backport: checks of the finished files against
 * the fix and the release, by their tokens and by the names that the release has.  A check can only
 * take trust away, never give it.
 *
 *   O1 nothing came or went that the fix does not bring or take
 *   O2 names, files and parameters that came in exist in this release and can be seen where they
 *      are used
 *   O3 names that the fix removes everywhere are gone
 *   O4 what came in stands in the same kind of block as in the fix
 *   O5 brackets and conditionals are as balanced as before
 *   O6 lines that the fix deletes are gone
 *   O8 new files with a running number do not take one that is not theirs
 *
 * (O7, picking again, is the picker's.)  "unknown" where the language is none of those that are
 * read here, or something could not be read: never a failure.
 */
#define OBLIGE_FILES_MAX  400u       /* of one fix; the others are unknown */
#define OBLIGE_TEXT_MAX   (4u << 20) /* bytes of one side of a file */
#define OBLIGE_NAMES_MAX  400u       /* names that come in with one file */
#define OBLIGE_SAID_MAX   60u        /* obligations of one result */
#define OBLIGE_DETAIL_MAX 300u       /* bytes of a sentence */

enum oblige_id {
    OBLIGE_CONTAINED = 1,
    OBLIGE_NAMES = 2,
    OBLIGE_GONE_NAMES = 3,
    OBLIGE_BLOCKS = 4,
    OBLIGE_BALANCE = 5,
    OBLIGE_GONE_LINES = 6,
    OBLIGE_AGAIN = 7,
    OBLIGE_NUMBERS = 8,
    OBLIGE_ID_COUNT
};
enum oblige_result { OBLIGE_PASS, OBLIGE_FAIL, OBLIGE_UNKNOWN };

/* What exactly failed: it decides whether the verdict falls. */
enum oblige_why {
    OBLIGE_WHY_NONE,
    OBLIGE_WHY_MORE,      /* O1: more came or went than the fix says */
    OBLIGE_WHY_LESS,      /* O1: less */
    OBLIGE_WHY_MISSING,   /* O2: nothing in the release has the name */
    OBLIGE_WHY_UNSEEN,    /* O2: the release has it, this file does not see it */
    OBLIGE_WHY_LOCAL,     /* O2: a local name of the fix's function that this function lacks */
    OBLIGE_WHY_FILE,      /* O2: a file or module that is not there */
    OBLIGE_WHY_CALL,      /* O2: arguments that do not fit the release's parameters */
    OBLIGE_WHY_SIGNATURE, /* O2: the parameters are others than before the fix */
    OBLIGE_WHY_LEFT,      /* O3 */
    OBLIGE_WHY_PLACE,     /* O4: in a block of another kind */
    OBLIGE_WHY_DEAD,      /* O4: what can never run */
    OBLIGE_WHY_BRACKET,   /* O5 */
    OBLIGE_WHY_LINE,      /* O6 */
    OBLIGE_WHY_NUMBER,    /* O8 */
    OBLIGE_WHY_COUNT
};

struct obligation {
    enum oblige_id id;
    enum oblige_result result;
    enum oblige_why why;
    enum file_class class; /* of the file */
    struct str path;       /* "" : of the whole */
    uint32_t line;         /* of the candidate's file, from 1; 0: none */
    struct str detail;     /* a sentence for a person */
};
struct obligations {
    struct obligation *v; /* each id at least once, ascending; in the arena */
    size_t n;
    bool more; /* there was more to say than OBLIGE_SAID_MAX */
};
/* "O1" ... "O8"; "pass", "fail", "unknown" */
const char *oblige_id_text(enum oblige_id id);
const char *oblige_result_text(enum oblige_result r);

struct oblige_ask {
    struct scope *scope;
    /* full hex ids */
    struct str base_tree, fix_tree, release_tree;
    /* All paths that the fix changes; side made as the candidate has it (release's where it was
     * left out).  Texts that are not read are read here. */
    const struct bp_file *files;
    size_t n;
    bool clean; /* a plain pick without conflict */
};
/* Strings live in the arena.  RC_LIMIT: the arena is full. */
enum rc oblige_run(const struct oblige_ask *ask, struct arena *a, struct obligations *ret,
                   struct err *e) WARN_UNUSED;

/* Does this one take the verdict down: from clean or resolved to proposed? */
bool oblige_demotes(const struct obligation *o, bool clean);

#endif
