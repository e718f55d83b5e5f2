/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_TESTING_H
#define VULNDESK_GIT_TESTING_H

/*
 * Repositories for tests.  Failures end the test.
 */
#include <stdbool.h>

#define TESTREPO_ARGS 16

/* A folder of the test's own in top, whose place below /tmp it writes there, and that with all that
 * is in it removed again; 0 or -1, as a setup of cmocka answers.  The name of a thing in it. */
#define TESTREPO_TOP  64
#define TESTREPO_PATH 100
int testrepo_folder(char top[TESTREPO_TOP]);
int testrepo_folder_remove(const char *top);
void testrepo_path(const char *top, const char *name, char ret[TESTREPO_PATH]);

/* Makes an empty repository in dir (which must not exist), first branch "master". */
void testrepo_init(const char *dir, const char *object_format);
/* Runs git in dir with a fixed author, date and no configuration but the repository's own; the
 * arguments end with NULL.  True when it left with 0. */
bool testrepo_try(const char *dir, const char *const *args);
void testrepo_git(const char *dir, const char *const *args);
#define TESTREPO(dir, ...) testrepo_git(dir, (const char *const[]){__VA_ARGS__, NULL})
/* Feeds a stream to git fast-import: many commits at once. */
void testrepo_import(const char *dir, const char *stream);
/* What git prints, without the line end; ret has TESTREPO_SAID bytes. */
#define TESTREPO_SAID 2000
void testrepo_said(const char *dir, const char *const *args, char ret[TESTREPO_SAID]);
/* Removes a loose object, its hex id. */
void testrepo_lose(const char *dir, const char *id);
/* Writes a file into dir and commits it; day counts from 2024-01-01. */
void testrepo_commit(const char *dir, const char *path, const char *text, int day);
/* Sets everything in the repository's configuration that could run a program or fetch, to a trap in
 * the folder top that leaves a mark there; "* diff=trap filter=trap" in .gitattributes uses more of
 * it. */
void testrepo_traps(const char *dir, const char *top);
/* Was there a mark?  It is taken away. */
bool testrepo_trapped(const char *top);
/* A lightweight tag at HEAD for each name, each on a commit of its own. Ends with NULL. */
void testrepo_tags(const char *dir, const char *const *names);

#endif
