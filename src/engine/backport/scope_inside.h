/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_SCOPE_INSIDE_H
#define VULNDESK_ENGINE_BACKPORT_SCOPE_INSIDE_H

#include "engine/backport/scope.h"

/* An object's raw id, zeros behind a short one. */
#define OID_RAW 32
struct oid {
    unsigned char b[OID_RAW];
};

/* From object ids to numbers from 0. */
struct oid_map {
    struct oid *keys;
    uint32_t *values; /* value + 1; 0: free */
    size_t n, cap;
};
#define OID_MAP_NONE UINT32_MAX
uint32_t oid_map_get(const struct oid_map *m, const struct oid *key);
void oid_map_set(struct oid_map *m, const struct oid *key, uint32_t value);
void oid_map_release(struct oid_map *m);

bool oid_of_hex(struct str hex, struct oid *ret);

struct node { /* of a folder */
    struct str name;
    struct oid id;
    uint32_t mode;
};
struct folder {
    struct node *nodes;
    size_t n;
};

struct words { /* of a blob */
    struct ident_set set;
    void *own; /* memory of the set, NULL: of the cache file */
    uint8_t lang;
    bool known, saved; /* saved: nothing to write */
    struct oid id;
};

struct listed_file {
    struct str path;
    struct oid id;
};
/* All files of a tree, in the order of the tree, and by the last part of their names. */
struct listing {
    struct oid tree;
    struct arena *arena;
    struct listed_file *files;
    size_t n, cap;
    uint32_t *by_name; /* first file + 1 of each slot */
    uint32_t *next;    /* of the same slot */
    size_t slots;
    bool whole;
};

#define SCOPE_LISTINGS 24u /* kept at once */
#define SCOPE_DIRS     64u /* folders in which includes were found */

struct scope {
    struct objects *objects;
    size_t hash_len;
    struct arena *arena; /* of trees */
    struct oid_map folder_of, words_of;
    struct folder *folders;
    size_t n_folders, cap_folders;
    struct words **words;
    size_t n_words, cap_words;
    struct listing *listings[SCOPE_LISTINGS];
    unsigned next_listing;
    struct str dirs[SCOPE_DIRS]; /* the latest first */
    size_t n_dirs;
    uint64_t read; /* bytes of blobs */
    struct code code;
    struct scope_cache *cache;
};

/* NULL: missing, damaged, too large. */
const struct folder *scope_folder(struct scope *s, const struct oid *id);
/* The folder of that path in a tree; "" is the tree itself. */
const struct folder *scope_folder_at(struct scope *s, struct str tree, struct str dir);
const struct node *folder_node(const struct folder *f, struct str name);
/* NULL when the tree is not here as a whole. */
const struct listing *scope_listing(struct scope *s, struct str tree);
size_t listing_slot(const struct listing *l, struct str name);
/* Forgets folders and listings when there are too many; never in the middle of a question. */
void scope_trees_trim(struct scope *s);
void scope_trees_release(struct scope *s);
const struct words *scope_words_of(struct scope *s, const struct oid *id, struct str path);

/* The kept part: a file of checked records, opened once, added to at the end of a run. */
struct scope_cache *scope_cache_open(const char *dir);
/* Fills w, whose id and language are set; then it is known as it was, and saved. */
void scope_cache_find(struct scope_cache *c, struct words *w);
void scope_cache_save(struct scope_cache *c, struct words *const *w, size_t n);
void scope_cache_close(struct scope_cache *c);

#endif
