/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smuggling corpus over a loopback socket against smtpd_run() in a child process: each stream
 * in one write, and in small writes.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "serve/smtpd_harness.h"
#include "smtp/smuggling.h"

#define MAIL_MAX (8 << 20)

static void replay(const struct stream *s, size_t cut)
{
    struct harness h;
    AUTO(outcome) struct outcome o;
    const int on = 1;
    outcome_init(&o);
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t at = 0; at < s->octets.n; at += cut)
        client_send(fd, str_sub(buf_str(&s->octets), at, cut));
    shutdown(fd, SHUT_WR);
    client_rest(fd, &o.replies);
    harness_stop(&h);
    o.n_mails = harness_count(&h, "new");
    BUG_ON(o.n_mails > ARRAY_LEN(o.mails));
    for (size_t i = 0; i < o.n_mails; i++)
        harness_mail_at(&h, i, &o.mails[i]);
    harness_end(&h);
    smuggling_check(s, &o);
}

static void run(void *arg, const struct stream *s)
{
    const size_t cuts[] = {1 << 20, 1, 7};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++)
        replay(s, cuts[i]);
    (*(size_t *)arg)++;
}

int main(void)
{
    size_t n = 0;
    size_t all = smuggling_each("smtpd-smuggling", run, &n);
    BUG_ON(n != all || n == 0);
    printf("%zu streams over a socket, each in 3 cuts\n", n);
    return 0;
}
