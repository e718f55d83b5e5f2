/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_PASSWORD_H
#define VULNDESK_CLI_PASSWORD_H

#include "base/buf.h"

/*
 * A new password: on a terminal asked for twice without showing it, else the first line of
 * standard input.  Never an argument, which other users could see.  RC_INVALID: the two differ, or
 * there is none.  The caller wipes *b (password_wipe).
 */
enum rc password_ask(const char *login, struct buf *b, struct err *e) WARN_UNUSED;
void password_wipe(struct buf *b);

#endif
