/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_STORE_H
#define VULNDESK_ENGINE_BACKPORT_STORE_H

#include "engine/backport/file.h"
#include "git/git.h"
#include "git/loose.h"
#include "git/objects.h"

/*
 * The private object store of one run.  The repository is an alternate of it and nothing is ever
 * written there.  All that is made goes into the git directory that struct git owns and ends with
 * it; what makes up a candidate (blobs, trees, commits) also goes into the folder of results when
 * there is one.
 */
#define BP_TREE_MAX    (64u << 20)   /* bytes of one tree object */
#define BP_BLOB_MAX    (64u << 20)   /* bytes of a file whose text is read */
#define BP_CACHE_MAX   (256u << 20)  /* bytes of texts and trees that are kept between operations */
#define BP_HELD_MAX    (2048u << 20) /* and within one */
#define BP_PENDING_MAX (64u << 20)   /* bytes that wait for bp_flush */
#define BP_DEPTH_MAX   128u          /* folders of a path */

struct bp_store;

/*
 * results: an existing folder in the form of git's objects, NULL = none.  From here on git (and
 * every child of it that is started later) sees the store's objects too.  g outlives the store.
 */
enum rc bp_store_open(struct git *g, const char *results, struct bp_store **ret_s, struct err *e)
    WARN_UNUSED;
void bp_store_close(struct bp_store *s); /* NULL is fine */
void bp_store_auto(struct bp_store **s);

struct git *bp_git(struct bp_store *s);
/* Objects of the repository and of the store.  A child that was opened before the store does not
 * see the latter. */
struct objects *bp_objects(struct bp_store *s);
size_t bp_hash_len(const struct bp_store *s); /* bytes of an id */
/* The tree without entries, whether the repository has it or not. */
const char *bp_empty_tree(const struct bp_store *s);

/*
 * A blob's bytes, with NUL behind them in the arena.  RC_NOTFOUND: it is missing or damaged, the
 * history is incomplete; RC_LIMIT: larger than BP_BLOB_MAX; RC_INVALID: no blob.
 */
enum rc bp_text(struct bp_store *s, const char *oid, struct arena *a, struct str *ret_text,
                struct err *e) WARN_UNUSED;
/* Fills text, read and binary of a side that has a blob; nothing to do for others. */
enum rc bp_side_read(struct bp_store *s, struct bp_side *side, struct arena *a, struct err *e)
    WARN_UNUSED;

/* An object of a candidate; fine when it is there.  Every git child of ours sees it at once; in
 * the folder of results it is after bp_flush. */
enum rc bp_write(struct bp_store *s, enum object_type type, struct str bytes,
                 char ret_oid[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;
/* Everything that bp_write and bp_keep got goes into the results, as one pack.  At the end of a
 * run, and by itself when that is more than BP_PENDING_MAX; bp_store_close does it too, but nobody
 * hears when it fails there. */
enum rc bp_flush(struct bp_store *s, struct err *e) WARN_UNUSED;
/* A throw-away object. */
enum rc bp_scratch(struct bp_store *s, enum object_type type, struct str bytes,
                   char ret_oid[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;
/* The same in a file that had another one before (git/loose.h). */
enum rc bp_reuse(struct bp_store *s, struct loose_file *f, enum object_type type, struct str bytes,
                 struct err *e) WARN_UNUSED;
/* A blob that git made on the way is part of a candidate: it goes into the results. */
enum rc bp_keep(struct bp_store *s, const char *oid, struct err *e) WARN_UNUSED;

/* One folder.  Entries in git's order (a folder's name counts as if it ended in '/'), modes as git
 * understands them (git reads 0100664 as 0100644). */
struct bp_tree {
    const struct tree_entry *v;
    size_t n;
};
/*
 * tree: full hex id; the answer is valid until bp_trim.  RC_NOTFOUND: missing or damaged, the
 * history is incomplete; RC_INVALID: no tree, or one whose entries are not in order.
 */
enum rc bp_tree(struct bp_store *s, const char *tree, const struct bp_tree **ret_t, struct err *e)
    WARN_UNUSED;
/* The entry of that name, folder or not; NULL when there is none. */
const struct tree_entry *bp_tree_find(const struct bp_tree *t, struct str name);
/* <0, 0, >0 in git's order. */
int bp_entry_cmp(const struct tree_entry *a, const struct tree_entry *b);

/* What stands at path in a tree (full hex id); mode 0 when there is nothing. The text is not read.
 */
enum rc bp_look(struct bp_store *s, const char *tree, struct str path, struct bp_side *ret,
                struct err *e) WARN_UNUSED;
/* The tree of a commit (full hex id); a tree's id is its own. */
enum rc bp_tree_of(struct bp_store *s, const char *commit, char ret_tree[GIT_OID_HEX + 1],
                   struct err *e) WARN_UNUSED;

/*
 * The trees of a fix: of its first parent and of itself.  A root has the empty tree before it.
 * RC_INVALID: a merge (unless merges), of which nobody knows what the fix in it is.
 */
enum rc bp_fix_trees(struct bp_store *s, const char *commit, bool merges,
                     char ret_base[GIT_OID_HEX + 1], char ret_fix[GIT_OID_HEX + 1], struct err *e)
    WARN_UNUSED;

/* Between two operations: forgets texts and trees when they are more than BP_CACHE_MAX. */
void bp_trim(struct bp_store *s);

#endif
