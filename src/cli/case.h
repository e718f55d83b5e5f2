/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_CASE_H
#define VULNDESK_CLI_CASE_H

/*
 * `vulndesk case|quarantine|third-party|policy|user VERB ...`: commands to the running desk.  Words
 * and options become the arguments of a verb of desk/cmd.h; the answer is shown for people, or with
 * --json as it came.
 * --config FILE names the desk (default vulndesk.conf).  Exit codes of sysexits(3); 64 for usage.
 */
int case_main(int argc, char **argv);
int advisory_main(int argc, char **argv);
int quarantine_main(int argc, char **argv);
int waiting_main(int argc, char **argv);
int user_main(int argc, char **argv);
int third_party_main(int argc, char **argv);
int policy_main(int argc, char **argv);

#endif
