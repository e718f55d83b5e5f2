/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_AFFECTED_H
#define VULNDESK_CLI_AFFECTED_H

/*
 * `vulndesk affected`: which releases of a repository hold a flaw.  Exit code 0 when it was
 * answered, EX_USAGE, or that of the failure; with --batch 0 when every line was answered, errors
 * included, 1 when the batch cannot be read.
 */
int affected_main(int argc, char **argv);

#endif
