/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_FILE_H
#define VULNDESK_ENGINE_BACKPORT_FILE_H

#include "engine/backport/class.h"
#include "git/name.h"
#include "syntax/lang.h"

/*
 * One file of a fix on its way to a release line: as it was before the fix, as the fix left it, as
 * the release has it, and as the candidate makes it.
 */
struct bp_side {
    uint32_t mode;             /* as in a tree (git/objects.h); 0: there is no such file */
    char oid[GIT_OID_HEX + 1]; /* full hex id, "" with mode 0 */
    struct str text;           /* of a blob, when it was read */
    bool read, binary;
};

enum bp_how {
    BP_SAME,       /* the release has the fix's version already */
    BP_TAKEN,      /* the release had the file as it was before the fix: the fix's version */
    BP_MERGED,     /* git's merge of the texts, without conflict */
    BP_CONFLICT,   /* git's merge has a conflict, and so it stays */
    BP_LADDER,     /* settled token by token (ladder.h) */
    BP_ABSENT,     /* the fix changes a file that the release lacks */
    BP_GONE,       /* the fix deletes a file that the release has changed */
    BP_ADDED_BOTH, /* both brought a file of this name, with other contents */
    BP_ODD,        /* modes, links, submodules or binaries that do not fit */
    BP_LOCATED,    /* the release has the text elsewhere (locate.h) */
    BP_LEFT_OUT    /* not carried over, and said so */
};

struct ladder_name;
struct bp_file {
    struct str path;     /* in the release */
    struct str fix_path; /* in the fix; another one when the release has the file elsewhere */
    bool fix_renamed; /* by the fix, to fix_path, and in conflict: base and release are at path */
    enum file_class class;
    enum lang lang;
    struct bp_side base, fix, release, made;
    enum bp_how how;
    const struct ladder_name *names; /* names of the release in place of the fix's (ladder.h) */
    size_t n_names;
};

#endif
