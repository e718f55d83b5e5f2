/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_SCOPE_H
#define VULNDESK_ENGINE_BACKPORT_SCOPE_H

#include "base/arena.h"
#include "engine/backport/file.h"
#include "engine/backport/ident.h"
#include "git/objects.h"

/*
 * What a file of a tree can see: the files it includes, and whether a name stands anywhere in the
 * tree.  Reads trees and blobs as they are needed, nearest first, keeps what it read for the next
 * question of the run, and what it learned about blobs in a file of the cache folder.
 */
#define SCOPE_BLOB_MAX    (4u << 20)   /* larger files count as unknown */
#define SCOPE_TREE_MAX    (16u << 20)  /* bytes of one folder */
#define SCOPE_DEPTH_MAX   64u          /* folders in folders */
#define SCOPE_FILES_MAX   200000u      /* of one tree */
#define SCOPE_MISSING_MAX 1000u        /* names of included files that are not there */
#define SCOPE_CLOSURE_MAX 3000u        /* files that one file includes, all told */
#define SCOPE_READ_MAX    (400u << 20) /* bytes of blobs read in one run */

struct scope;
/* cache: folder of this repository for what is to be kept (git_cache_make), NULL: nothing is.
 * objects stays the caller's and outlives the scope. */
enum rc scope_open(struct objects *objects, const char *cache, struct scope **ret_s, struct err *e)
    WARN_UNUSED;
/* Writes what it learned; a cache that cannot be written is no error. */
void scope_close(struct scope *s); /* NULL is fine */
void scope_auto(struct scope **s);

/* Before each question.  hash_len: bytes of an object id.  Forgets what was kept of trees when that
 * has become much. */
void scope_begin(struct scope *s, size_t hash_len);

/* A tree, with the files of a candidate laid over it (their side made) or without. */
struct scope_view {
    struct str tree; /* full hex id */
    const struct bp_file *files;
    const struct ident_set *const *sets; /* of each file's side made; NULL: unknown */
    size_t n;
};
struct scope_blob {
    char oid[GIT_OID_HEX + 1];
    const struct bp_file *file; /* laid over: its text is made.text */
    const struct ident_set *set;
};
/* The words of a text that is no object yet, kept like those of scope_words; NULL: unknown. */
const struct ident_set *scope_words_text(struct scope *s, struct str text, enum lang lang);
/* Is there a file of this path? */
bool scope_has(struct scope *s, const struct scope_view *v, struct str path,
               struct scope_blob *ret_b);
/* Its words; NULL: unknown (missing, too large, no text, over SCOPE_READ_MAX). The set is kept
 * until the scope is closed. */
const struct ident_set *scope_words(struct scope *s, const struct scope_blob *b, struct str path);
/* Its text, in the arena. RC_NOTFOUND: missing or no text; RC_LIMIT: larger than SCOPE_BLOB_MAX. */
enum rc scope_text(struct scope *s, const struct scope_blob *b, struct arena *a,
                   struct str *ret_text, struct err *e) WARN_UNUSED;

/* What one file includes, found step by step. */
struct scope_seen {
    const struct scope_view *view;
    struct scope_item *items;
    size_t n, cap, expanded;
    /* What is included and the tree does not have, headers of systems among it, as hashes of its
     * names; of all that was read so far. */
    uint64_t *missing;
    size_t n_missing, cap_missing;
};
void scope_seen_start(struct scope_seen *c, struct scope *s, const struct scope_view *v,
                      struct str path, const struct ident_set *own);
void scope_seen_release(struct scope_seen *c);
void scope_seen_auto(struct scope_seen *c);
/* Does any of them hold the name (want: IDENT_USED, or IDENT_DECLARED)?  ret_path (may be NULL):
 * the first one that does, kept as long as c. */
bool scope_sees(struct scope *s, struct scope_seen *c, uint32_t hash, enum ident_has want,
                struct str *ret_path);
/* Does the first one include something that cannot be found there, and could be from the second, or
 * is not asked for by it? */
bool scope_misses_more(struct scope *s, struct scope_seen *c, struct scope_seen *than);
/* Where in the view the file is that path includes as "reach" of this kind; false: nowhere. */
bool scope_reach(struct scope *s, const struct scope_view *v, struct str path, char kind,
                 struct str reach, struct arena *a, struct str *ret_path);

/* Does a file of the view whose name (without folders) is that of path hold the name? */
bool scope_moved(struct scope *s, const struct scope_view *v, struct str path, uint32_t hash,
                 enum ident_has want, struct arena *a, struct str *ret_path);

/* Is there any file of this name (without folders)? True, too, when the tree cannot be listed. */
bool scope_named(struct scope *s, const struct scope_view *v, struct str name);
/* A file of the folder whose name begins with `begin`, no digit behind it, and is not `but`. */
bool scope_begins(struct scope *s, const struct scope_view *v, struct str dir, struct str begin,
                  struct str but, struct arena *a, struct str *ret_path);

/* Does any file of the tree, of a language whose names reach this one, hold the name?  1 yes, 0
 * no, -1 unknown.  near: the files of its folder come first.  ret_path as above, in the arena. */
int scope_anywhere(struct scope *s, const struct scope_view *v, struct str near, enum lang lang,
                   uint32_t hash, enum ident_has want, struct arena *a, struct str *ret_path);

#endif
