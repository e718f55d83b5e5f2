/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_TABLE_H
#define VULNDESK_ENGINE_AFFECTED_TABLE_H

#include "engine/affected/history.h"
#include "engine/affected/message.h"

/*
 * What every non-merge commit below a tag or branch says and which files it touches: made by one
 * walk of git over the history, kept in a file of the cache folder, and brought up to date with the
 * commits that came since.  It answers "who could be a copy of this?" without git.
 *
 * The file is ours: a checksum covers it, and one that is damaged, of another version or of another
 * repository is made anew.  Commits stand in it by their ids, so that it outlives a renumbering.
 */
#define TABLE_FILE     "changes"
#define TABLE_FILE_MAX (UINT64_C(1) << 30)
#define TABLE_ROWS_MAX 20000000
#define TABLE_FILES    4000 /* files of one commit that are kept */

enum {
    TABLE_REVERTS = 1, /* message.reverts */
    TABLE_AGAIN = 2,   /* message.again */
    TABLE_MISSING = 4, /* its objects are not all here: files are not known */
    TABLE_MANY = 8,    /* files were left out */
};

struct table_row {
    unsigned char id[32]; /* zeros behind a shorter one */
    int64_t author_us, commit_us;
    uint64_t subject, author; /* hashes; author: the name, without case */
    uint32_t named_at, files_at;
    uint32_t n_files;
    uint8_t n_named, flags, subject_len, spare;
};

struct table {
    const struct table_row *rows;
    size_t n;
    const struct named *named;
    size_t n_named;
    const uint32_t *files; /* numbers of paths */
    size_t n_files;
    const struct str *paths;
    size_t n_paths;
    const uint32_t *commit; /* of a row: its number in the graph, GRAPH_NONE: no longer there */
    const uint32_t *row;    /* of a commit, UINT32_MAX: none (a merge, or below no tag or branch) */
    size_t made;            /* rows that were made by this opening */
    bool kept;              /* and are in the cache now */
    struct table_inside *in;
};
#define TABLE_NONE UINT32_MAX

/* Takes what the cache has, reads what is missing from git, writes it back. A cache that cannot be
 * written costs time, not the answer. */
enum rc table_open(struct history *h, struct table **ret_t, struct err *e) WARN_UNUSED;
/* The history's own, opened at the first call. */
enum rc history_table(struct history *h, const struct table **ret_t, struct err *e) WARN_UNUSED;
void table_close(struct table *t); /* NULL is fine */
void table_auto(struct table **t);

/* Hash of an author's name as the rows have it. */
uint64_t table_author(struct str name);

static inline const struct named *table_named(const struct table *t, const struct table_row *r)
{
    return t->named + r->named_at;
}

#endif
