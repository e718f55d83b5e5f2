/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_LOCATE_H
#define VULNDESK_ENGINE_BACKPORT_LOCATE_H

#include "engine/backport/file.h"
#include "git/objects.h"

/*
 * Where a release line has the text that a fix edits, when it is not under the file's name there:
 * the file was renamed or moved, the text was moved to another file, or the file was taken apart.
 * Looked for is first the same content, then a file of the same or another name that is alike, then
 * the lines around the edits in all files of the kind.  Text that is found by its lines is for a
 * person to look at; a file that keeps half of its lines is one that was renamed.
 *
 * The content of the tree is a stranger's; what a tree lists is kept for the next file.
 */
#define LOCATE_ENTRIES_MAX 400000      /* files of a tree */
#define LOCATE_TREES       4           /* lists that are kept */
#define LOCATE_FILE_MAX    (2u << 20)  /* bytes of a file that is compared */
#define LOCATE_READS_MAX   300         /* files of one question that are read and compared */
#define LOCATE_SCAN_BYTES  (96u << 20) /* bytes of all files of a kind that are looked into */
#define LOCATE_KEYS_MAX    1500        /* lines that are looked for in them */
#define LOCATE_ALIKE       0.5         /* part of the lines that a renamed file keeps */
#define LOCATE_HELD        0.6         /* part of the lines around the edits, for moved text */

struct locate;
/* git and objects stay the caller's and outlive it. */
enum rc locate_open(struct git *git, struct objects *objects, struct locate **ret_l, struct err *e)
    WARN_UNUSED;
void locate_close(struct locate *l); /* NULL is fine */
void locate_auto(struct locate **l);

enum locate_rule {
    LOCATE_NONE,
    LOCATE_EXACT,   /* the same content under another name */
    LOCATE_NAME,    /* a file of the same name in another folder, and alike */
    LOCATE_RENAMED, /* a file of another name, alike, that the fix's side does not have */
    LOCATE_LINES    /* the lines around the edits are in another file */
};
/* "", "exact", "name", "renamed", "lines" */
const char *locate_rule_name(enum locate_rule r);

struct locate_ask {
    struct str path;         /* of the file before the fix */
    struct str base, fix;    /* its text before and after; base is not empty */
    struct str base_oid;     /* full hex id of base */
    struct str base_tree;    /* root tree before the fix; what it has is no renamed file */
    struct str release_tree; /* root tree of the line */
};
struct locate_found {
    enum locate_rule rule; /* LOCATE_NONE: it is nowhere */
    struct str path;
    uint32_t mode;
    char oid[GIT_OID_HEX + 1];
    struct str text;    /* in the arena */
    double share;       /* of the lines that the rule looks at */
    size_t held, edits; /* places of the fix whose lines are there; all places */
    struct str why;     /* a sentence */
};
/* RC_NOTFOUND: a tree is not here. */
enum rc locate_run(struct locate *l, const struct locate_ask *ask, struct arena *a,
                   struct locate_found *ret, struct err *e) WARN_UNUSED;

/*
 * Is none of the text that the fix edits anywhere in the tree, the file's own name included?  True
 * only when every edit has lines that tell something and no file has even a part of them close
 * together (LOCATE_TRACE).
 */
#define LOCATE_TRACE 0.34
enum rc locate_absent(struct locate *l, const struct locate_ask *ask, bool *ret_absent,
                      struct err *e) WARN_UNUSED;

#endif
