/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_TESTING_H
#define VULNDESK_ENGINE_RUN_TESTING_H

/*
 * For tests of what runs in a sandbox.  Tests only.
 */

/* As root no limit of processes holds and every file can be written: become nobody, as a role does.
 */
void testing_leave_root(void);
/* 0: bubblewrap works here. Else the exit code that ends the test, after saying so aloud: a skip,
 * or with VULNDESK_CI=1 a failure. */
int testing_probe(const char *test);

#endif
