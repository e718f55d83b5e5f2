/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_SHOW_H
#define VULNDESK_CLI_SHOW_H

#include "base/json.h"

/*
 * An answer of the desk for people: lists of objects as lines, objects as "name  value" lines,
 * texts indented.  verb is that of desk/cmd.h.
 */
void show_answer(const char *verb, const json_t *answer, struct buf *out);

#endif
