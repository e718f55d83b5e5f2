/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_OBJECTS_H
#define VULNDESK_GIT_OBJECTS_H

#include "git/git.h"
#include "git/name.h"

/*
 * Objects of a repository by one long-lived `git cat-file --batch-command`: some ten microseconds a
 * question instead of a process each.  Nothing is ever fetched, replaced or filtered.  An object
 * that is missing or damaged is RC_NOTFOUND and does no harm to the next question; git is started
 * anew when it dies.
 */
#define OBJECT_TIMEOUT_MS 60000
#define OBJECT_NAME_MAX   (GIT_NAME_MAX + GIT_PATH_MAX + 20)

enum object_type { OBJECT_COMMIT, OBJECT_TREE, OBJECT_BLOB, OBJECT_TAG };

struct object {
    char oid[GIT_OID_HEX + 1];
    enum object_type type;
    uint64_t size;
    struct str body; /* objects_read: valid until the next question; else empty */
};

struct objects;

enum rc objects_open(struct git *g, struct objects **ret_o, struct err *e) WARN_UNUSED;
void objects_close(struct objects *o); /* NULL is fine */
void objects_auto(struct objects **o);

/*
 * name: a full id, "ID:PATH", or what else git understands; the caller answers for names that come
 * from people (git/name.h).  RC_NOTFOUND: no such object here (missing, damaged, or the path is not
 * in that tree); RC_CONFLICT: the name fits several objects; RC_INVALID: a name with a line end or
 * too long; RC_IO, RC_TIMEOUT: git failed.
 */
enum rc objects_info(struct objects *o, struct str name, struct object *ret, struct err *e)
    WARN_UNUSED;
/* With its content. RC_LIMIT: larger than max (ret is filled but for the body). */
enum rc objects_read(struct objects *o, struct str name, size_t max, struct object *ret,
                     struct err *e) WARN_UNUSED;
/* The blob at path in the tree of a commit or tree (full hex id); RC_INVALID: not a file. */
enum rc objects_file(struct objects *o, struct str tree, struct str path, size_t max,
                     struct object *ret, struct err *e) WARN_UNUSED;

struct tree_entry {
    uint32_t mode; /* 0100644, 0100755, 0120000 link, 0160000 submodule, 040000 tree */
    struct str name;
    const unsigned char *id; /* raw */
};
#define TREE_MODE_TYPE      0170000u
#define TREE_MODE_DIR       0040000u
#define TREE_MODE_FILE      0100000u
#define TREE_MODE_LINK      0120000u
#define TREE_MODE_SUBMODULE 0160000u
/* Cuts the first entry off the bytes of a tree. False at the end; *rest is not empty then when the
 * tree is damaged. */
bool tree_next(struct str *rest, size_t hash_len, struct tree_entry *ret_t);

/* Value of a header ("tree", "parent", "committer", "object", ...) of a commit's or tag's bytes,
 * the i-th of that name. */
bool object_header(struct str body, const char *name, size_t i, struct str *ret_value);
/* Seconds since 1970 at the end of an author's, committer's or tagger's line; 0 when there are
 * none. */
int64_t object_date_s(struct str person);

#endif
