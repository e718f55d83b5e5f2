/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's end of core's local socket.  Runs as the user who typed the command; core is
 * trusted.
 */
#include "cli/client.h"

#include <unistd.h>

#include "os/sock.h"
#include "wire/chan.h"

static void chan_auto(struct chan *c)
{
    if (c->fd >= 0)
        chan_close(c);
}

static enum rc ask(const struct settings *set, const char *verb, const json_t *args,
                   json_t **ret_answer, int *ret_fd, struct err *e)
{
    AUTO(fd) int fd = -1;
    if (sock_connect(set->listen.cli, CLIENT_TIMEOUT_MS, &fd, e) != RC_OK)
        return err_prefix(e, "no desk is running with this configuration (vulndesk serve): ");
    AUTO(chan) struct chan c = {.fd = -1};
    TRY(chan_init(&c, fd_take(&fd), ROLE_CLI, ROLE_CORE, e));
    AUTO(buf) struct buf text = BUF_INIT(WIRE_JSON_MAX), b = BUF_INIT(WIRE_JSON_MAX + 1000);
    TRY(json_write(&text, args, e));
    wire_put_command(&b, &(struct wire_command){str_c(verb), buf_str(&text)});
    struct frame f;
    TRY(chan_call(&c, WIRE_COMMAND, &b, -1, WIRE_RESULT, CLIENT_TIMEOUT_MS, &f, e));
    AUTO(fd) int file = f.fd;
    struct wire_result m;
    TRY(wire_get_result(f.body, &m, e));
    if (m.rc != RC_OK)
        return err_set(e, m.rc < RC_COUNT ? (enum rc)m.rc : RC_INTERNAL, "%.*s", STR_ARG(m.why));
    if (ret_fd)
        *ret_fd = fd_take(&file);
    if (ret_answer)
        return json_parse(m.json, WIRE_JSON_MAX, "the desk's answer", ret_answer, e);
    return RC_OK;
}

enum rc client_call(const struct settings *set, const char *verb, const json_t *args,
                    json_t **ret_answer, struct err *e)
{
    return ask(set, verb, args, ret_answer, NULL, e);
}

enum rc client_fetch(const struct settings *set, const char *verb, const json_t *args, int *ret_fd,
                     struct err *e)
{
    int fd = -1;
    TRY(ask(set, verb, args, NULL, &fd, e));
    if (fd < 0)
        return err_set(e, RC_INTERNAL, "the desk answered without the file");
    *ret_fd = fd;
    return RC_OK;
}
