/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PICKTESTING_H
#define VULNDESK_ENGINE_BACKPORT_PICKTESTING_H

/*
 * A repository with a base, a fix and a release, for tests of picks.  Failures end the test.
 */
#include "engine/backport/commit.h"
#include "engine/backport/pick.h"
#include "git/testing.h"

struct file {
    const char *path, *mode, *text; /* mode NULL: a plain file; 160000: text is an id */
};
#define NO_MORE                                                                                    \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

extern char top[TESTREPO_TOP], repo[TESTREPO_PATH], results[TESTREPO_PATH];
int bench_up(void **state);
int bench_down(void **state);

struct bench {
    struct git *git;
    struct bp_store *store;
    struct picker p;
    struct arena *arena;
    char base[GIT_OID_HEX + 1], fix[GIT_OID_HEX + 1], release[GIT_OID_HEX + 1]; /* trees */
};
/* A commit in the form of fast-import. */
void add_commit(struct buf *b, const char *branch, const char *from, const struct file *files);
/* With the branches base, and fix and release on top of it. */
void make_in(struct bench *d, const char *format, const struct file *base, const struct file *fix,
             const struct file *release);
void make(struct bench *d, const struct file *base, const struct file *fix,
          const struct file *release);
/* For a repository that is there. */
void open_bench(struct bench *d);
void close_bench(struct bench *d);
void look_up(struct bench *d);
void id_of(const char *rev, char ret[GIT_OID_HEX + 1]);

enum rc try_pick(struct bench *d, struct pick *ret, struct err *e);
void pick(struct bench *d, struct pick *ret);
/* The same verdict and tree as git's own for these branches. */
void same_as_git(const struct pick *got, const char *release, const char *fix);
const struct bp_file *file_at(const struct pick *p, const char *fix_path);
/* text NULL: nothing is there. */
void text_is(struct bench *d, const char *tree, const char *path, const char *text);

#define TEN      "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
#define TEN_FIX  "1\n2\nfix\n4\n5\n6\n7\n8\n9\n10\n"
#define TEN_REL  "1\n2\n3\n4\n5\n6\n7\n8\nrelease\n10\n"
#define TEN_BOTH "1\n2\nfix\n4\n5\n6\n7\n8\nrelease\n10\n"
#define TEN_HIT  "1\n2\nrelease\n4\n5\n6\n7\n8\n9\n10\n"

#endif
