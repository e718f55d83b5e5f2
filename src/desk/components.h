/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_COMPONENTS_H
#define VULNDESK_DESK_COMPONENTS_H

#include "base/arena.h"
#include "base/str.h"

/*
 * The component and maintainer map: which parts the software is made of, whose they are, and whom
 * to tell.  Kept by hand, because contacts cannot be derived; each says whether it was seen and
 * when.  INI (base/ini.h), a section for each component:
 *     [NAME]
 *     relation = own | third-party | copied | patched | configured
 *     what     = one line
 *     paths    = path, path/      (in the repository, folders with a slash at the end)
 *     upstream = owner/name or URL
 *     version  = where its version is found
 *     contact  = address, URL or words; empty = none known
 *     source   = where the contact was read: URL or words
 *     seen     = yes | no         (yes: read at its source)
 *     date     = YYYY-MM-DD of that look
 * relation, what, seen and date must be there; contact and upstream too unless the relation is own.
 */
#define COMPONENTS_FILE_MAX (256 * 1024)
#define COMPONENTS_MAX      500
#define COMPONENTS_ARENA    (4u << 20) /* memory of one map */
#define COMPONENT_PATHS     40

enum relation {
    RELATION_OWN,
    RELATION_THIRD_PARTY,
    RELATION_COPIED,
    RELATION_PATCHED,
    RELATION_CONFIGURED
};
struct component {
    struct str name, what, upstream, version, contact, source, date;
    enum relation relation;
    struct str *paths;
    size_t n_paths;
    bool seen;
    unsigned line;
};
struct components {
    struct component *v;
    size_t n;
};

const char *relation_name(enum relation r);
/* Everything lives in a.  RC_INVALID: "FILE:LINE: ...". */
enum rc components_load(struct arena *a, const char *file, struct components *ret_c, struct err *e)
    WARN_UNUSED;
enum rc components_parse(struct arena *a, struct str text, const char *file,
                         struct components *ret_c, struct err *e) WARN_UNUSED;

#endif
