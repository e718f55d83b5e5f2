/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_H

#include "base/arena.h"
#include "git/objects.h"

/*
 * Which parts of a tree are copies of somebody else's software, what that is called and, where it
 * can be told, which version it is.  A wrong version is worse than none: two files that contradict
 * each other give none, and what is no copy by its folder, its manifest, its licence or its own
 * words is not mentioned at all.
 */
#define VENDOR_FILES_MAX   2000000u     /* files of a tree */
#define VENDOR_FOLDERS_MAX 400000u      /* folders of a tree: one may stand in many places */
#define VENDOR_TREE_MAX    (64u << 20)  /* bytes of one tree object */
#define VENDOR_DEPTH_MAX   64           /* folders in folders; deeper ones are left out */
#define VENDOR_ENTRIES_MAX 20000        /* copies of a tree */
#define VENDOR_READS_MAX   20000        /* files of a tree that are read */
#define VENDOR_FILE_MAX    (8u << 20)   /* bytes of a file that is read; larger ones are not */
#define VENDOR_BYTES_MAX   (512u << 20) /* bytes of all of them */
#define VENDOR_SCAN_MAX    (256u << 10) /* bytes of program text that are searched */
#define VENDOR_MODULES_MAX 2000         /* submodules of a tree */
#define VENDOR_COPY_READS  60           /* files of one copy that are read */

struct vendor_file {
    struct str path;
    const unsigned char *id; /* raw object id */
    uint32_t mode;           /* as struct tree_entry has it: files and links */
};
struct vendor_files {
    struct vendor_file *all; /* by path, as git orders them */
    size_t n;
    size_t id_len;               /* bytes of an id */
    struct vendor_file *modules; /* submodules: the id is that of a commit elsewhere */
    size_t n_modules;
    bool cut; /* VENDOR_FILES_MAX, _FOLDERS_MAX or _DEPTH_MAX: some are left out */
};

/* Files of a tree or commit (full hex id), into the arena. Missing folders are left out.  RC_LIMIT:
 * the arena is full. RC_NOTFOUND: no such tree. */
enum rc vendor_list_tree(struct objects *o, struct str tree, struct arena *a,
                         struct vendor_files *ret, struct err *e) WARN_UNUSED;

struct vendor_entry {
    struct str path; /* folder without a slash at its end, or file */
    bool folder;
    struct str name;    /* clean text, never "" */
    struct str version; /* "" = cannot be told */
    struct str how;     /* which file and line say so, or which tag; why there is no version */
    size_t same;        /* program files that a sister's tag has as well; 0 = none was asked */
};
struct vendor {
    struct vendor_entry *all; /* by path */
    size_t n;
    struct str *notes; /* what was not looked at: limits, files that are damaged */
    size_t n_notes;
};

/*
 * own: what the repository calls itself (or ""): not a copy.  Everything lives in the arena.
 * Objects that are missing are passed over.  Errors: RC_IO, RC_TIMEOUT of git, RC_LIMIT of the
 * arena.
 */
enum rc vendor_find(struct objects *o, const struct vendor_files *files, struct str own,
                    struct arena *a, struct vendor *ret, struct err *e) WARN_UNUSED;

/* The innermost copy that the path is or lies in; NULL: none that is known. */
const struct vendor_entry *vendor_at(const struct vendor *v, struct str path);

/* Puts an entry in, in place of one at the same path. For vendor_sister.c. */
enum rc vendor_put(struct vendor *v, const struct vendor_entry *entry, struct arena *a,
                   struct err *e) WARN_UNUSED;
void vendor_note(struct vendor *v, struct arena *a, struct str text);

#endif
