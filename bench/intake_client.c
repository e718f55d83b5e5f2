/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures durable intake over LMTP.  A tool of bench/intake, not installed, trusts its arguments.
 *
 *   intake_client serve DIR              smtpd alone with its spool in DIR; prints its port; ends
 *                                        with its standard input
 *   intake_client send HOST:PORT RCPT CONNECTIONS MAIL...
 *                                        sends each file once, spread over the connections (a
 *                                        process each); prints seconds from first to last 250
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sock.h"
#include "serve/smtpd.h"

#define MAIL_MAX        (1 << 20)
#define CONNECTIONS_MAX 64
#define CONNECT_MS      5000

static _Noreturn void die(const char *what, const struct err *e)
{
    fprintf(stderr, "intake_client: %s%s%s\n", what, e ? ": " : "", e ? e->msg : "");
    exit(1);
}

/* ---- serve ---- */

static bool on_control(void *arg)
{
    char c;
    return read(STDIN_FILENO, &c, 1) <= 0;
}

static int serve(const char *dir)
{
    struct err e = ERR_INIT;
    unsigned char pk[SPOOL_KEY_LEN], sk[SPOOL_KEY_LEN];
    struct smtp_addr rcpt;
    AUTO(spool) struct spool *sp = NULL;
    AUTO(fd) int dirfd = -1;
    AUTO(fd) int listener = -1;
    uint16_t port = 0;
    if (sodium_init() < 0 || crypto_box_keypair(pk, sk) != 0)
        die("no keys", NULL);
    if (dir_open(AT_FDCWD, dir, &dirfd, &e) != RC_OK || spool_open(dirfd, pk, &sp, &e) != RC_OK ||
        sock_listen(STR("127.0.0.1:0"), &listener, &e) != RC_OK ||
        sock_port(listener, &port, &e) != RC_OK ||
        smtp_mailbox_parse(STR("security@desk.example"), 0, &rcpt, &e) != RC_OK)
        die("cannot serve", &e);
    const struct smtpd_listener listeners[] = {{listener, SMTP_MODE_LMTP}};
    const struct smtpd_settings set = {.hostname = "desk.example",
                                       .max_size = 50 << 20,
                                       .max_rcpts = SMTP_RCPTS_MIN,
                                       .recipients = &rcpt,
                                       .n_recipients = 1,
                                       .listeners = listeners,
                                       .n_listeners = 1,
                                       .spool = sp,
                                       .limits = SMTPD_LIMITS_DEFAULT};
    const struct smtpd_hooks hooks = {NULL, STDIN_FILENO, on_control, NULL};
    printf("%u\n", port);
    fflush(stdout);
    log_init("smtpd", LOG_WARN_);
    if (smtpd_run(&set, &hooks, &e) != RC_OK)
        die("smtpd", &e);
    return 0;
}

/* ---- send ---- */

struct client {
    int fd;
    struct buf in;
};

static void send_all(struct client *c, struct str s)
{
    struct err e = ERR_INIT;
    if (fd_write_all(c->fd, s, &e) != RC_OK)
        die("the server is gone", &e);
}

/* One whole reply; it must begin with this digit. */
static void want_reply(struct client *c, char digit)
{
    for (;;) {
        size_t lf = str_chr(buf_str(&c->in), '\n');
        if (lf != STR_NPOS && lf > 3) {
            bool last = c->in.p[3] == ' ', fine = c->in.p[0] == digit;
            if (!fine)
                fprintf(stderr, "reply: %.*s", (int)lf + 1, c->in.p);
            buf_drop(&c->in, lf + 1);
            if (!fine)
                die("a mail was not accepted", NULL);
            if (last)
                return;
            continue;
        }
        char part[4096];
        ssize_t n = recv(c->fd, part, sizeof part, 0);
        if (n <= 0)
            die("the server has closed", NULL);
        buf_add(&c->in, str_of(part, (size_t)n));
    }
}

/* The mail as it goes over the wire: CR LF, stuffed dots. */
static void wire_form(struct str mail, struct buf *b)
{
    struct str line;
    while (str_line(&mail, &line)) {
        if (line.n && line.p[0] == '.')
            buf_addc(b, '.');
        buf_add(b, line);
        buf_adds(b, "\r\n");
    }
    buf_adds(b, ".\r\n");
}

/* As Postfix's lmtp(8) does it: MAIL, RCPT and DATA in one write, then the mail. */
static void send_mail(struct client *c, const char *rcpt, const char *path)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf mail = BUF_INIT(MAIL_MAX), wire = BUF_INIT(2 * MAIL_MAX);
    AUTO(buf) struct buf envelope = BUF_INIT(2000);
    if (file_read(AT_FDCWD, path, MAIL_MAX, &mail, &e) != RC_OK)
        die("a mail cannot be read", &e);
    wire_form(buf_str(&mail), &wire);
    buf_addf(&envelope, "MAIL FROM:<reporter@finder.example>\r\nRCPT TO:<%s>\r\nDATA\r\n", rcpt);
    send_all(c, buf_str(&envelope));
    want_reply(c, '2');
    want_reply(c, '2');
    want_reply(c, '3');
    send_all(c, buf_str(&wire));
    want_reply(c, '2');
}

struct plan {
    const char *server, *rcpt;
    size_t connections, n_mails;
    char **mails;
};

static void run_client(const struct plan *p, size_t which, int ready, int go)
{
    struct err e = ERR_INIT;
    struct client c = {-1, BUF_INIT(65536)};
    char byte = 'r';
    if (sock_connect(str_c(p->server), CONNECT_MS, &c.fd, &e) != RC_OK)
        die("cannot connect", &e);
    want_reply(&c, '2');
    send_all(&c, STR("LHLO bench.example\r\n"));
    want_reply(&c, '2');
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
        die("no start", NULL);
    for (size_t i = which; i < p->n_mails; i += p->connections)
        send_mail(&c, p->rcpt, p->mails[i]);
    send_all(&c, STR("QUIT\r\n"));
    exit(0);
}

static int send_mails(const struct plan *p)
{
    int ready[2], go[2], status, bad = 0;
    if (pipe(ready) != 0 || pipe(go) != 0)
        die("pipe", NULL);
    for (size_t i = 0; i < p->connections; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork", NULL);
        if (pid == 0)
            run_client(p, i, ready[1], go[0]);
    }
    char bytes[CONNECTIONS_MAX] = "";
    close(ready[1]);
    for (size_t i = 0; i < p->connections; i++)
        if (read(ready[0], bytes, 1) != 1)
            die("a client did not get ready", NULL);
    int64_t start_us = clock_mono_us();
    if (write(go[1], bytes, p->connections) != (ssize_t)p->connections)
        die("no start", NULL);
    for (size_t i = 0; i < p->connections; i++)
        bad |= wait(&status) < 0 || status != 0;
    int64_t took_us = clock_mono_us() - start_us;
    if (bad)
        die("a client failed", NULL);
    printf("%.6f\n", (double)took_us / 1e6);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t connections;
    struct err e = ERR_INIT;
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc < 6 || strcmp(argv[1], "send") != 0)
        die("usage: serve DIR | send HOST:PORT RCPT CONNECTIONS MAIL...", NULL);
    if (num_parse(str_c(argv[4]), 1, CONNECTIONS_MAX, "CONNECTIONS", &connections, &e) != RC_OK)
        die("usage", &e);
    const struct plan p = {argv[2], argv[3], (size_t)connections, (size_t)argc - 5, argv + 5};
    return send_mails(&p);
}
