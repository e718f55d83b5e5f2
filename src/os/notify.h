/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_NOTIFY_H
#define VULNDESK_OS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The protocol of sd_notify(3), for whoever supervises us (systemd, or anything else that sets
 * NOTIFY_SOCKET): datagrams of lines to an AF_UNIX socket, a path or an abstract name ("@...").
 * Nothing is sent and nothing fails when nobody asked for it.
 */
struct notify {
    bool on;
    int64_t watchdog_us; /* it wants to hear from us at least this often; 0 = does not */
    int64_t next_us;     /* of clock_mono_us: when to say so again */
};

/* From the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
struct notify notify_open(void);
/* "READY=1\nSTATUS=open": lines with \n between. */
void notify_say(const struct notify *n, const char *lines);
/* Alive; called in each turn of the main loop, says so twice in the time that is wanted. */
void notify_alive(struct notify *n);

#endif
