/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SEGMENT_H
#define VULNDESK_ENGINE_AUDIT_SEGMENT_H

#include "base/buf.h"

/*
 * One file of the index, written once under a temporary name and renamed: a run of consecutive
 * pieces [base, base + n_chunks) with their keys, the terms that they hold, and the blobs and trees
 * that were read with them.  Numbers of pieces never change and never mean another piece; a blob
 * refers to pieces of its own segment or of earlier ones.
 *
 * On the disk, all numbers little-endian:
 *
 *   terms      ascending: varint of the distance to the term before (to the first possible one at
 *              the begin of a row of the directory), then varint v; v & 3 = 0: one piece, v >> 2;
 *              1: two, v >> 2 and varint of the distance; 2: v >> 2 bytes of varints, the first
 *              piece and then the distances
 *   directory  u32 x (2^dir_bits + 1): where terms with these first bits begin
 *   keys       u64 x n_chunks
 *   meta       (u8 language, u8 lines) x n_chunks; 0, 0: no such piece
 *   blobs      by id, then by class: id, u32 class (a hash of the file's name), u8 language,
 *              u8 reason to skip, u16 0, u32 bytes, u32 lines, u32 where its refs begin
 *   refs       varint number of runs; each: varint of the zigzagged distance of its first piece to
 *              the end of the run before (of the first one: to base), varint of its length - 1
 *   trees      by id: id, u32 where, u32 bytes; then their bytes as git has them
 *   roots      ids of trees that were here as a whole, with all of their files, when it was written
 *   sums       u64 for each SEGMENT_BLOCK bytes before them
 *   trailer    SEGMENT_TRAILER bytes: what is where, sum of the sums, sum of the trailer
 *
 * A block's sum is checked before anything in it is believed; everything is bounds-checked besides.
 * Segment files hold no secrets and are no defence against somebody who can write to the cache.
 */
/* Whoever changes what lexer, cutter or terms make of a text counts up as well. */
#define SEGMENT_VERSION  3u
#define SEGMENT_BLOCK    16384u
#define SEGMENT_TRAILER  256u
#define SEGMENT_NAME_MAX 32
#define SEGMENT_FILE_MAX (UINT64_C(3) << 30)
#define SEGMENT_ID_MAX   32

enum segment_part {
    PART_TERMS,
    PART_DIR,
    PART_KEYS,
    PART_META,
    PART_BLOBS,
    PART_REFS,
    PART_TREES,
    PART_TREE_BYTES,
    PART_ROOTS,
    PART_COUNT
};

struct segment {
    const unsigned char *map;
    size_t size;
    uint64_t at[PART_COUNT], len[PART_COUNT];
    uint64_t uid; /* of the content */
    uint32_t base, n_chunks, n_blobs, n_trees;
    uint64_t n_terms, n_postings;
    unsigned dir_bits;
    size_t id_len;
    uint64_t *seen; /* a bit for each block: its sum was checked */
    bool bad;       /* something in it was found damaged */
};

/* "seg-BASE-END" in hexadecimal. */
void segment_name(uint32_t base, uint32_t n_chunks, char ret[SEGMENT_NAME_MAX]);
bool segment_name_read(struct str name, uint32_t *ret_base, uint32_t *ret_n);

/* RC_NOTFOUND: no such file; RC_INVALID: damaged, cut off, or of another kind of ids; RC_CONFLICT:
 * of another version. */
enum rc segment_open(int dirfd, const char *name, size_t id_len, struct segment **ret_s,
                     struct err *e) WARN_UNUSED;
void segment_close(struct segment *s); /* NULL is fine */
void segment_auto(struct segment **s);

/* n bytes at this offset of a part, checked; NULL when they are damaged or not in it: then s->bad
 * is set. */
const unsigned char *segment_bytes(struct segment *s, enum segment_part part, uint64_t at,
                                   uint64_t n);
/* A whole part. */
bool segment_check(struct segment *s, enum segment_part part);

struct segment_blob {
    const unsigned char *id;
    uint32_t class; /* hash of the file's name */
    uint8_t lang, skip;
    uint32_t bytes, lines, refs;
};
/* Size of a record of PART_BLOBS and of PART_TREES. */
#define SEGMENT_BLOB_SIZE(id_len) ((id_len) + 20)
#define SEGMENT_TREE_SIZE(id_len) ((id_len) + 8)

/* The ith blob, the ith tree, by id; false: damaged (s->bad). */
bool segment_blob(struct segment *s, uint32_t i, struct segment_blob *ret);
bool segment_tree(struct segment *s, uint32_t i, const unsigned char **ret_id,
                  struct str *ret_bytes);

/* Is this one of its roots? False, too, when it is damaged (s->bad). */
bool segment_root(struct segment *s, const unsigned char *id);

/* Runs of pieces of a blob, from segment_refs on. */
struct segment_runs {
    struct segment *s;
    uint64_t at;
    uint32_t left;
    uint32_t next;
};
bool segment_refs(struct segment *s, const struct segment_blob *b, struct segment_runs *ret);
/* The next run; 1, 0 at the end, -1: damaged (s->bad). */
int segment_run(struct segment_runs *r, uint32_t *ret_first, uint32_t *ret_n);

/* The postings of one term; at most df of them. */
struct segment_list {
    uint32_t term;
    const unsigned char *p, *end; /* kind 2 */
    unsigned kind;
    uint32_t first, second;
};
/* 1: found; 0: not there; -1: damaged (s->bad). */
int segment_find(struct segment *s, uint32_t term, struct segment_list *ret);
/*
 * The pieces (numbers of the whole index) into ret, which has room for n_chunks of the segment; -1:
 * damaged.
 */
int64_t segment_list(struct segment *s, const struct segment_list *l, uint32_t *ret);

/* How many it has, without reading them one by one. */
uint64_t segment_count(const struct segment_list *l);

/* All terms, ascending. */
struct segment_terms {
    struct segment *s;
    uint64_t at;
    uint32_t row, term;
};
void segment_terms(struct segment *s, struct segment_terms *ret);
/* 1, 0 at the end, -1: damaged. */
int segment_term(struct segment_terms *t, struct segment_list *ret);

#endif
