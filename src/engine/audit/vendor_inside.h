/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_INSIDE_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_INSIDE_H

#include "engine/audit/vendor.h"
#include "engine/audit/vendor_words.h"

/*
 * What vendor.c (where are copies), vendor_evidence.c (what are they) and vendor_own.c share.
 */
struct vendor_walk {
    struct objects *o;
    struct arena *a;
    const struct vendor_files *files;
    struct str own;       /* what the repository calls itself, or "" */
    struct str own_words; /* licences and authors at the top: whose software it is */
    struct vendor *out;
    size_t reads;
    uint64_t bytes;
    bool full; /* VENDOR_READS_MAX or VENDOR_BYTES_MAX was reached, and said */
};

/* Files lo .. hi - 1 are what lies below the folder path. */
struct vendor_range {
    struct str path;
    size_t lo, hi;
};
struct vendor_range vendor_below(const struct vendor_files *f, struct str folder);
/* Index of the file at this path, SIZE_MAX: none. */
size_t vendor_file_at(const struct vendor_files *f, struct str path);
/* The next file that lies directly in the folder, from *at on; advances *at. */
bool vendor_direct(const struct vendor_files *f, const struct vendor_range *r, size_t *at,
                   size_t *ret_i);

/* Bytes of file i; RC_NOTFOUND when it is missing, too large, a link, or a limit was reached.
 * Valid until the next one. */
enum rc vendor_bytes(struct vendor_walk *w, size_t i, struct str *ret, struct err *e) WARN_UNUSED;

struct str vendor_base(struct str path); /* behind the last slash */
/* The lines of a text in which its first comment stands, if there is one. */
struct str vendor_head(struct str text);
struct str vendor_stem(struct str base); /* without its ending: png.h -> png, x.min.js -> x */
bool vendor_is_code(struct str base);    /* by its ending: text of a program */
bool vendor_is_licence(struct str base);
bool vendor_holds_copies(struct str name); /* "vendor", "deps", ...: a folder of copies */
bool vendor_holds_some(struct str name);   /* "lib", "compat", ...: one with some, often */

/*
 * Is the holder of this licence or comment somebody else than whose software the repository is?
 * False when nothing is known of either.
 */
bool vendor_foreign(const struct vendor_walk *w, struct str text);
/* Does one of the first few program files in the range name somebody else in its first comment? */
enum rc vendor_foreign_code(struct vendor_walk *w, const struct vendor_range *r, bool *ret_foreign,
                            struct err *e) WARN_UNUSED;
/* Does it name a holder, and one of ours? */
bool vendor_ours(const struct vendor_walk *w, struct str text);
enum rc vendor_own_words(struct vendor_walk *w, struct err *e) WARN_UNUSED;
bool vendor_own_name(const struct vendor_walk *w, struct str name);

/*
 * What the folder says of itself.  name: of the folder, a version in it taken off and told.  why:
 * how it was recognised, for a copy whose version cannot be told.
 */
enum rc vendor_folder_says(struct vendor_walk *w, const struct vendor_range *r, struct str why,
                           struct vendor_entry *ret, struct err *e) WARN_UNUSED;
/* The same of one file; false in *ret_known: it says nothing that makes it a copy.  strong: it lies
 * in a folder of copies. weak: in one that holds some as a rule. */
enum rc vendor_file_says(struct vendor_walk *w, size_t i, bool strong, bool weak,
                         struct vendor_entry *ret, bool *ret_known, struct err *e) WARN_UNUSED;

#endif
