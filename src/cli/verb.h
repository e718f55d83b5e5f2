/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_VERB_H
#define VULNDESK_CLI_VERB_H

/*
 * `vulndesk GROUP VERB ...`: commands to the running desk, listed in cli/verb_table.c; argv[0] is
 * the group.  Words and options become the arguments of a verb of desk/cmd.h; the answer is shown
 * for people, or with --json as it came.  --config FILE names the desk (default vulndesk.conf).
 * Exit codes of sysexits(3); 64 for usage.
 */
int verb_main(int argc, char **argv);

#endif
