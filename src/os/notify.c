/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager how we are.  Runs in the supervisor; the environment is of who started
 * us.
 */
#include "os/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "os/clock.h"

/* Length of the address, 0 when there is none that can be one. */
static socklen_t address(struct sockaddr_un *a)
{
    struct str name = str_c(getenv("NOTIFY_SOCKET"));
    bool ok = name.n > 1 && name.n < sizeof a->sun_path && (name.p[0] == '/' || name.p[0] == '@');
    if (!ok)
        return 0;
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(a->sun_path, name.p, name.n);
    if (name.p[0] == '@')
        a->sun_path[0] = '\0'; /* abstract: no file, and no NUL at its end */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.n);
}

struct notify notify_open(void)
{
    struct sockaddr_un a;
    struct notify n = {.on = address(&a) > 0};
    struct str usec = str_c(getenv("WATCHDOG_USEC")), pid = str_c(getenv("WATCHDOG_PID"));
    uint64_t us, who;
    if (!n.on || num_parse(usec, 1, INT64_MAX, "WATCHDOG_USEC", &us, NULL) != RC_OK)
        return n;
    if (pid.n > 0 && (num_parse(pid, 1, INT32_MAX, "WATCHDOG_PID", &who, NULL) != RC_OK ||
                      (pid_t)who != getpid()))
        return n;
    n.watchdog_us = (int64_t)us;
    return n;
}

void notify_say(const struct notify *n, const char *lines)
{
    struct sockaddr_un a;
    socklen_t len = address(&a);
    if (!n->on || len == 0)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&a,
                  len);
    close(fd);
}

void notify_alive(struct notify *n)
{
    int64_t now = clock_mono_us();
    if (n->watchdog_us == 0 || now < n->next_us)
        return;
    notify_say(n, "WATCHDOG=1");
    n->next_us = now + n->watchdog_us / 2;
}
