/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_TESTING_H
#define VULNDESK_CLI_TESTING_H

#include "base/json.h"
#include "git/testing.h"

/*
 * For tests of commands that need no desk: a folder with a repository, a cache and a batch; what a
 * command printed.  Failures end the test.
 */
#define CLITEST_OUT_MAX (4u << 20)
#define CLITEST_ARGS    24

struct clitest {
    char top[TESTREPO_TOP];
    char repo[TESTREPO_PATH], cache[TESTREPO_PATH], batch[TESTREPO_PATH];
    struct buf out, err;
};
extern struct clitest clitest;

/* Setup and teardown of cmocka. */
int clitest_make(void **state);
int clitest_remove(void **state);

/* Runs the command with its output into clitest.out and clitest.err; args end with NULL. */
int clitest_run(int (*command)(int argc, char **argv), const char *name, const char *const *args);

void clitest_write_batch(const char *text);
/* Line i of the output, a new reference. */
json_t *clitest_line(size_t i);
/* A list of names, a space behind each, is what is wanted. */
void clitest_list_is(const json_t *o, const char *key, const char *want);
/* Size and time of every file of the repository. */
void clitest_look(struct buf *b);

#endif
