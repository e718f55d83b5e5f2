/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_TAGGED_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_TAGGED_H

#include "engine/audit/vendor_sister.h"

/*
 * Which of certain blobs are in which tag of a repository; every folder of all its tags is read
 * once.  For vendor_sister.c.
 */
struct tagged_ids {
    const unsigned char *const *all; /* raw ids, ascending, each once */
    size_t n, len;
};

struct tagged {
    struct git_ref *tags; /* oldest commit first */
    size_t n_tags;
    struct git_ref *all; /* tags, also when ids of another kind leave none to compare */
    size_t n_all;
    uint64_t *has;      /* n_tags rows of `words`: bit i = the tag holds id i */
    size_t words;       /* of a row */
    uint32_t *n_code;   /* program files of a tag */
    uint64_t *anywhere; /* a row: some tag holds id i */
    bool cut;           /* VENDOR_TREES_MAX or memory: later tags are as if empty */
};

/* Folders of a sister that hold copies themselves are left out. */
enum rc tagged_read(const struct vendor_sister *s, const struct tagged_ids *ids, struct arena *a,
                    struct tagged *ret, struct err *e) WARN_UNUSED;

static inline bool tagged_has(const struct tagged *t, size_t tag, size_t i)
{
    return t->has[tag * t->words + i / 64] >> (i % 64) & 1;
}

#endif
