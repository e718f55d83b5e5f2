/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_CANNED_H
#define VULNDESK_DESK_CANNED_H

#include "base/arena.h"

/*
 * Texts that a reply can start from.  A few are built in; each NAME.txt in the folder desk.canned
 * adds one or takes a built-in one's place.  The first line is the title, the rest the text;
 * {name} and {number} are filled in, all else stays as it is.  They are read when the desk starts.
 */
#define CANNED_MAX       64          /* texts */
#define CANNED_NAME_MAX  40          /* bytes: a-z 0-9 - */
#define CANNED_TITLE_MAX 100         /* bytes */
#define CANNED_FILE_MAX  (16 * 1024) /* bytes of one file */

struct canned_text {
    struct str name, title, text;
};
struct canned {
    struct arena *arena;
    struct canned_text *v; /* by title */
    size_t n;
};
/* A folder that does not exist (or "") gives the built-in ones.  RC_INVALID, RC_LIMIT name the file
 * that cannot be used. */
enum rc canned_load(struct str dir, struct canned **ret_c, struct err *e) WARN_UNUSED;
void canned_free(struct canned *c); /* NULL is fine */
void canned_auto(struct canned **c);
/* NULL: none of that name (or c is NULL). */
const struct canned_text *canned_find(const struct canned *c, struct str name);
/* The text for a person of that name; in the arena. */
struct str canned_fill(struct arena *a, const struct canned_text *t, struct str name,
                       struct str number);

#endif
