/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_INIT_H
#define VULNDESK_CLI_INIT_H

#include "desk/people.h"

/*
 * `vulndesk init --policy FILE --handler "NAME <ADDRESS>" [--repo DIR] [--dir DIR] ...`: reads a
 * project's SECURITY.md and its repository and writes a working desk into DIR (default: vulndesk
 * in the current folder), which must be missing or empty:
 *     DIR/vulndesk.conf   complete and commented
 *     DIR/SECURITY.md     a copy of the policy
 *     DIR/data/           keys, the database with the first handler
 * and prints what it found, what it did not find, what is the team's own, and once the handler's
 * sign-in link.  When anything fails, what it made is taken away again.  Exit codes of sysexits(3).
 */
int init_main(int argc, char **argv);

/* "Jane Doe <jane@example.org>" into name, address and a login made of the address. */
struct init_person {
    struct str name, address; /* borrowed from text */
    char login[DESK_LOGIN_MAX + 1];
};
enum rc init_person(struct str text, struct init_person *ret_p, struct err *e) WARN_UNUSED;

#endif
