/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VIEW_H
#define VULNDESK_ENGINE_AUDIT_VIEW_H

#include "engine/audit/index.h"

/*
 * One tree, or several of them (branches) at once, as the index has them.  Everything in it is
 * numbered by what stands in these trees alone: files by path and id, pieces by where they stand
 * first.  So the same trees give the same view, whatever else the index holds.
 */
struct view_file {
    struct str path;         /* any bytes but NUL, LF and what git_path_ok refuses */
    const unsigned char *id; /* raw blob id, view_id_len bytes */
    uint32_t bytes, lines;
    uint32_t first, n; /* its pieces from the top: refs[first .. first + n) */
    uint8_t lang;      /* enum lang */
};

struct view_skip {
    struct str path;
    enum audit_skip why;
};

/* A piece stands in this file from this line on (from 1). */
struct view_place {
    uint32_t file, line;
};

struct view {
    size_t n_trees;
    const struct view_file *files; /* each path and blob once; by path (bytes), then id */
    size_t n_files;
    const struct view_skip *skips; /* what is not searched, by path, then reason; each once */
    size_t n_skips;
    const uint32_t *refs; /* numbers of pieces */
    const uint32_t *ref_line;
    size_t n_refs;
    uint32_t n_chunks;     /* different pieces, 0 .. n_chunks - 1 */
    uint64_t bytes, lines; /* of the files, each once */
    struct view_inside *in;
};

/* The index stays the caller's and outlives the view; what it lacks of these trees is added
 * (index_add, its errors). Trees or commits by full hex id. */
enum rc view_open(struct audit_index *ix, const struct str *trees, size_t n, struct view **ret_v,
                  struct err *e) WARN_UNUSED;
void view_close(struct view *v); /* NULL is fine */
void view_auto(struct view **v);

/* Is it one of just these trees, in this order? */
bool view_is_of(const struct view *v, const struct str *trees, size_t n);
size_t view_id_len(const struct view *v);
/* Does tree number t (as given to view_open) hold this file with this content? */
bool view_has(const struct view *v, uint32_t file, size_t tree);
/* First file of this path, UINT32_MAX: none.  Those of other branches follow it. */
uint32_t view_find(const struct view *v, struct str path);

struct view_chunk {
    uint64_t key; /* of the content: the same in every repository and branch (chunk.h) */
    uint32_t n_lines;
    uint8_t lang;                    /* enum lang */
    const struct view_place *places; /* by file, then line */
    size_t n_places;                 /* at least 1 */
};
/* The piece that a line of a file stands in, UINT32_MAX when the file has none. */
uint32_t view_chunk_at(const struct view *v, uint32_t file, uint32_t line);
/* chunk < n_chunks. */
void view_chunk(const struct view *v, uint32_t chunk, struct view_chunk *ret);

/*
 * Pieces of this view that hold the term, ascending, each once; an empty list when there is none.
 * Valid until the next call of view_postings or view_df.  The files of the index are read here: one
 * that is found damaged is made anew (that takes its time, and index_notes says so).
 */
enum rc view_postings(struct view *v, uint32_t term, const uint32_t **ret_chunks, size_t *ret_n,
                      struct err *e) WARN_UNUSED;
/* How many. */
enum rc view_df(struct view *v, uint32_t term, uint32_t *ret_n, struct err *e) WARN_UNUSED;

/* The bytes of a file; valid until VIEW_TEXTS - 1 other files were asked for. RC_NOTFOUND: lost
 * since it was indexed. */
#define VIEW_TEXTS 8
enum rc view_text(struct view *v, uint32_t file, struct str *ret_text, struct err *e) WARN_UNUSED;
/* Text of the file's lines from line on, n of them or fewer at its end. */
struct str text_lines(struct str text, uint32_t line, uint32_t n);

#endif
