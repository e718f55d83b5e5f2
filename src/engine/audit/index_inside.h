/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_INDEX_INSIDE_H
#define VULNDESK_ENGINE_AUDIT_INDEX_INSIDE_H

#include "engine/audit/index.h"
#include "engine/audit/segment.h"

/*
 * What the parts of the index (index.c, walk.c, add.c, merge.c) and the view share; nobody else
 * includes this.
 */
#define NOTES_MAX    4096
#define LOCK_WAIT_MS 600000 /* for another process that writes */

/* Objects by id (and class): where they stand. */
struct idmap_slot {
    uint32_t seg; /* number of the segment + 1; 0: empty, IDMAP_NEW: in the list of new ones */
    uint32_t i;
    uint32_t tag; /* of the hash: most others are told apart without a look at their id */
};
#define IDMAP_NEW UINT32_MAX
struct idmap {
    struct idmap_slot *v;
    size_t n, cap; /* cap: a power of two, 0: not made yet */
};

/* Trees that were read and are in no segment yet. */
struct new_tree {
    unsigned char id[SEGMENT_ID_MAX];
    size_t at, n; /* in new_bytes */
};

struct audit_index {
    struct git *git;
    struct objects *objects;
    size_t id_len;
    int dirfd, lock;       /* lock: -1 when not held */
    bool temporary;        /* the folder is in git's own one */
    uint64_t seed;         /* of the tables: nobody can choose ids that meet in them */
    struct segment **segs; /* by base, disjoint */
    size_t n_segs;
    /* Counts what made numbers of pieces mean something else or be gone: damage. */
    uint64_t epoch;
    uint64_t changes;  /* of segs */
    uint64_t kept_min; /* AUDIT_KEPT_MIN; less in tests */
    struct idmap blobs, trees;
    struct new_tree *new_trees;
    size_t n_new_trees, cap_new_trees;
    struct buf new_bytes;
    unsigned char (*whole)[SEGMENT_ID_MAX]; /* trees known to be all here */
    size_t n_whole;
    index_progress_fn progress;
    void *progress_arg;
    struct buf notes;
    struct index_stats stats;
};

/* ---- index.c ---- */

void index_note(struct audit_index *ix, const char *text);
/* Waits for the folder's lock. */
enum rc index_lock(struct audit_index *ix, struct err *e) WARN_UNUSED;
void index_unlock(struct audit_index *ix);
/* Opens the segments that are in the folder now; those that are damaged are left out, and removed
 * when the lock is held. */
enum rc index_load(struct audit_index *ix, struct err *e) WARN_UNUSED;
/* Goes on in a folder of its own, empty. */
enum rc index_temporary(struct audit_index *ix, struct err *e) WARN_UNUSED;
/* Removes all segments; with the lock held. */
enum rc index_wipe(struct audit_index *ix, struct err *e) WARN_UNUSED;
/* Leaves out and removes segments that were found bad; true if there were. */
bool index_drop_bad(struct audit_index *ix);
/* The segment that holds this piece, NULL: none. */
struct segment *index_segment(const struct audit_index *ix, uint32_t chunk);
/* First number after all pieces. */
uint32_t index_end(const struct audit_index *ix);

/* Was a segment lost that others may refer to? */
bool index_has_gaps(const struct audit_index *ix);
/* The blob's record; false: not known, or its pieces are not all here, or damaged (s->bad). */
bool index_blob(struct audit_index *ix, const unsigned char *id, uint32_t class,
                struct segment **ret_s, struct segment_blob *ret);
/* Soon index_blob will be asked for it: of many, some before and then again fewer before. */
void index_blob_soon(struct audit_index *ix, const unsigned char *id, uint32_t class, bool again);
/* The bytes of a tree; valid until trees are added or segments change. */
bool index_tree(struct audit_index *ix, const unsigned char *id, struct str *ret_bytes);
void index_tree_add(struct audit_index *ix, const unsigned char *id, struct str bytes);
void index_maps_drop(struct audit_index *ix);
uint64_t index_id_hash(const struct audit_index *ix, const unsigned char *id, uint32_t class);

/* ---- merge.c ---- */

/* Makes one segment of several small ones while there are too many; with the lock held. */
enum rc index_merge(struct audit_index *ix, struct err *e) WARN_UNUSED;

/* ---- walk.c ---- */

struct walk_entry {
    struct str path; /* valid during the call */
    const unsigned char *id;
    uint32_t mode;
    enum audit_skip skip; /* SKIP_NONE: a plain file */
};
typedef enum rc (*walk_fn)(void *ctx, const struct walk_entry *w, struct err *e);
/*
 * All files of a tree in the order of their paths as git has it, and what is not searched whatever
 * is in it.  once: a set of trees that are walked once each only (NULL: all).
 */
struct walk_seen {
    unsigned char (*v)[SEGMENT_ID_MAX];
    size_t n, cap; /* cap: a power of two */
};
void walk_seen_release(struct walk_seen *s);
void walk_seen_auto(struct walk_seen *s);
/* False when it was in it already. */
bool walk_seen_add(const struct audit_index *ix, struct walk_seen *s, const unsigned char *id);
enum rc walk(struct audit_index *ix, const unsigned char *root, struct walk_seen *once, walk_fn fn,
             void *ctx, struct err *e) WARN_UNUSED;

/* The tree of a tree or commit (full hex id), raw. */
enum rc walk_root(struct audit_index *ix, struct str hex, unsigned char ret[SEGMENT_ID_MAX],
                  struct err *e) WARN_UNUSED;

/* A hash of a file's name without its folders: with the content it decides the language. */
uint32_t index_class(struct str path);

#endif
