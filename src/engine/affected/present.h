/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_PRESENT_H
#define VULNDESK_ENGINE_AFFECTED_PRESENT_H

#include "engine/affected/equiv.h"

/*
 * Is a fix really there?  Looks into the files of a commit, whatever its history says.
 *
 * A fix is cut into places: a function (or, where none is named, a file) with the lines that the
 * fix brought and that were not there before, and those it took away and that are gone behind it.
 * Only such lines count; a place without any is left out.  A place is fixed when all of its new
 * lines are in the function and none of the old ones, vulnerable when it is as it was before. Files
 * are found by path, then by name; equal files are looked at once.
 */
#define PRESENT_FILE_MAX   (8u << 20) /* bytes of a file that is looked at */
#define PRESENT_FILES      12         /* files of a fix that are looked at */
#define PRESENT_PLACES     64
#define PRESENT_ELSEWHERE  4  /* other paths with the file's name */
#define PRESENT_TEXT_ALONE 20 /* bytes of a single new line that can prove a fix */

enum present_state {
    PRESENT_NOT_FOUND, /* no such file or function */
    PRESENT_FIXED,
    PRESENT_VULNERABLE, /* as before the fix */
    PRESENT_MIXED,      /* neither, or not everywhere the same */
    PRESENT_UNKNOWN,    /* a file's object is not here */
};

struct present_answer {
    enum present_state state;
    bool proof;      /* fixed: by enough lines to say so without the history; vulnerable: by lines
                        that the fix takes away, not only by the lack of new ones */
    struct str path; /* of the first place that says so, "" = none */
    uint32_t line;   /* of it, from 1 */
    struct str blob; /* hex id, in the arena */
};

struct present;

/* RC_OK with NULL: the fix has no place that can be looked for. ret lives in the arena. */
enum rc present_make(struct history *h, const struct table *t, const struct fix_commit *f,
                     struct arena *a, struct present **ret_p, struct err *e) WARN_UNUSED;
/* commit: full hex id. */
enum rc present_at(struct present *p, struct str commit, struct present_answer *ret, struct err *e)
    WARN_UNUSED;

/* Is there a file at path in the commit whose object is not here?  To be asked when git does not
 * find it. */
bool present_lost(struct history *h, struct str commit, struct str path);

#endif
