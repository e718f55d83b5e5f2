/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_PATCH_H
#define VULNDESK_BASE_PATCH_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Finds a unified diff in a text and says what it would do, without applying it: which files, and
 * whether it is more than a change of lines (a new file, a mode, a rename, binary).  Hunks are
 * counted by their headers, as git-apply(1) does; what does not add up is damaged.  Pure, one pass,
 * bounded, nothing is copied.
 */
#define PATCH_MAX       (768 * 1024) /* bytes of a text that is looked at */
#define PATCH_FILES_MAX 8            /* files; one more and the patch is refused */
#define PATCH_HUNKS_MAX 2000
#define PATCH_PATH_MAX  500 /* bytes of a file's name */

struct patch {
    struct str before; /* text in front: the message of the commit */
    struct str diff;   /* from its first header line to its last hunk line */
    struct str behind; /* text after it, without the signature of git ("-- \n2.39.5") */
    /* Names without "a/" and "b/" as they were written: a path trick is a name like any other here.
     */
    struct str files[PATCH_FILES_MAX];
    size_t n_files;
    struct str hunks; /* of the only file, "@@" lines and theirs; empty with several files */
    size_t n_hunks;
    const char *refused; /* why it is more than a change of lines; NULL: it is not */
};

/* RC_NOTFOUND: no diff in it.  RC_INVALID: there is one and it is damaged.  RC_LIMIT: too large. */
enum rc patch_read(struct str text, struct patch *ret_p, struct err *e) WARN_UNUSED;

/* The message in front of a patch without git's "---" line and diffstat. */
struct str patch_message(const struct patch *p);
/* What a person wrote between that line and the diff, the diffstat left out; appended to b. */
void patch_notes(const struct patch *p, struct buf *b);

#endif
