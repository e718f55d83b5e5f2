/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_BACKPORT_H
#define VULNDESK_CLI_BACKPORT_H

/* The command that carries a fix to the release lines of a repository; its exit code. */
int backport_main(int argc, char **argv);

#endif
