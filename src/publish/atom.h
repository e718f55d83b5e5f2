/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_PUBLISH_ATOM_H
#define VULNDESK_PUBLISH_ATOM_H

#include "base/buf.h"

/*
 * The feed of advisories (RFC 4287).  Ids are UUIDs made of the desk's random id and the number, so
 * they stay when the desk moves to another address; updated changes with each revision.
 */
#define ATOM_TYPE    "application/atom+xml"
#define ATOM_ENTRIES 50                /* newest change first */
#define ATOM_MAX     (8 * 1024 * 1024) /* bytes of a feed */

struct atom_entry {
    struct str number, title, url, osv_url;
    struct str summary; /* text */
    struct str html;    /* the page's text as HTML, may be empty */
    struct str severity;
    bool withdrawn;
    int64_t published_us, updated_us;
};
struct atom_feed {
    struct str desk_id; /* random, of the store */
    struct str title, author, self_url, site_url;
    int64_t updated_us; /* of a feed without entries */
    const struct atom_entry *entries;
    size_t n_entries;
};
enum rc atom_write(const struct atom_feed *f, struct buf *out, struct err *e) WARN_UNUSED;

#endif
