/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_CLIENT_H
#define VULNDESK_CLI_CLIENT_H

#include "base/json.h"
#include "desk/settings.h"

/*
 * A command to the running desk over core's local socket (listen.cli).  Who may use the socket is
 * decided by core from the peer's user id; verbs and arguments are those of desk/cmd.h.
 */
#define CLIENT_TIMEOUT_MS 60000

/* RC_CLOSED with a hint when no desk runs; otherwise the desk's own result. New reference. */
enum rc client_call(const struct settings *set, const char *verb, const json_t *args,
                    json_t **ret_answer, struct err *e) WARN_UNUSED;
/* The same for an answer that is bytes: *ret_fd is a memory file at offset 0, the caller's. */
enum rc client_fetch(const struct settings *set, const char *verb, const json_t *args, int *ret_fd,
                     struct err *e) WARN_UNUSED;

#endif
