/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_WRITE_H
#define VULNDESK_GIT_WRITE_H

#include "git/git.h"
#include "git/name.h"

/*
 * Writing into a repository of our own, never into somebody else's: objects by hash-object and
 * mktree, a branch by update-ref.  A commit is made of what the caller says and nothing else (no
 * clock, no configuration), so the same input has the same id on every machine.
 */
#define GIT_PERSON_MAX  400 /* bytes of a name or an address */
#define GIT_OID_SIZE    (GIT_OID_HEX + 1)
#define GIT_OWN_BRANCH  "main"
#define GIT_MESSAGE_MAX (512 * 1024)

/* An empty bare repository at dir, made when it is not there; fine when it is. */
enum rc git_make(const char *dir, struct err *e) WARN_UNUSED;

/* "<>", controls and line ends in a name or address are dropped, an empty one becomes "unknown". */
struct git_person {
    struct str name, email;
    int64_t at_us;
};
struct git_commit {
    struct str file, text; /* the tree: one plain file in its root */
    struct str parent;     /* full id; empty: none */
    struct git_person author, committer;
    struct str message;
};
enum rc git_blob_add(struct git *g, struct str bytes, char ret_oid[GIT_OID_SIZE], struct err *e)
    WARN_UNUSED;
/* Objects only; no branch moves. */
enum rc git_commit_add(struct git *g, const struct git_commit *c, char ret_oid[GIT_OID_SIZE],
                       struct err *e) WARN_UNUSED;
/* Points the branch at a commit that is there. */
enum rc git_branch_set(struct git *g, const char *branch, struct str oid, struct err *e)
    WARN_UNUSED;

#endif
