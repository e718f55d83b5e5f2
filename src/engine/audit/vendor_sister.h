/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_SISTER_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_SISTER_H

#include "engine/audit/vendor.h"

/*
 * Copies of other repositories of the same organisation: the files of a copy that are the very same
 * (object ids) as those of a tag there say which version it is, and what was changed here.
 *
 * For each copy the tag that has most of its program files.  All of them: that is the version;
 * some: the nearest one, and what differs is said; the same number in several tags: from the first
 * to the last of them.  Previews count only where no release fits as well.
 */
#define VENDOR_TAGS_MAX  3000    /* tags of a sister, the newest */
#define VENDOR_TREES_MAX 100000u /* folders of a sister's tags that are read, each once */
#define VENDOR_SHARE_MIN 5       /* at least 1/5 of a copy's files must be the sister's */
#define VENDOR_KEPT_MIN                                                                            \
    5 /* a folder that nothing else calls a copy: at least 1/5 of the                              \
         sister's files must be here, or it might be the other way */

struct vendor_sister {
    struct str name; /* what people call it */
    struct git *git;
    struct objects *objects;
};

/*
 * v: from vendor_find of the same files; entries that a sister explains better are replaced, copies
 * without any other sign are added.  RC_IO, RC_TIMEOUT of git, RC_LIMIT of the arena.
 */
enum rc vendor_sisters(const struct vendor_files *files, const struct vendor_sister *sisters,
                       size_t n, struct arena *a, struct vendor *v, struct err *e) WARN_UNUSED;

#endif
