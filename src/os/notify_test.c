/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager hears: at a path, at an abstract name, and how often. */
#include "os/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int manager(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void hears(int fd, const char *want)
{
    char got[200];
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    got[n] = '\0';
    assert_string_equal(got, want);
}

static void hears_nothing(int fd)
{
    char got[200];
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), -1);
}

static void it_is_heard_at_a_path_and_at_an_abstract_name(void **state)
{
    char path[64], name[64];
    snprintf(path, sizeof path, "/tmp/vulndesk-notify-%d", (int)getpid());
    snprintf(name, sizeof name, "@vulndesk-notify-%d", (int)getpid());
    const char *const both[] = {path, name};
    for (size_t i = 0; i < 2; i++) {
        int fd = manager(both[i]);
        struct notify n = notify_open();
        assert_true(n.on);
        notify_say(&n, "READY=1\nSTATUS=open");
        hears(fd, "READY=1\nSTATUS=open");
        hears_nothing(fd);
        close(fd);
        notify_say(&n, "STOPPING=1"); /* nobody listens: nothing happens */
    }
    unlink(path);
}

static void the_watchdog_hears_twice_in_its_time(void **state)
{
    char name[64], pid[16];
    snprintf(name, sizeof name, "@vulndesk-watchdog-%d", (int)getpid());
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    int fd = manager(name);
    setenv("WATCHDOG_USEC", "3600000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    struct notify n = notify_open();
    assert_int_equal(n.watchdog_us, 3600000000);
    notify_alive(&n);
    notify_alive(&n);
    hears(fd, "WATCHDOG=1");
    hears_nothing(fd);
    n.next_us -= n.watchdog_us / 2;
    notify_alive(&n);
    hears(fd, "WATCHDOG=1");
    setenv("WATCHDOG_PID", "1", 1); /* meant for somebody else */
    assert_int_equal(notify_open().watchdog_us, 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "soon", 1);
    assert_int_equal(notify_open().watchdog_us, 0);
    unsetenv("WATCHDOG_USEC");
    close(fd);
}

static void without_a_manager_nothing_is_said(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_open().on);
    static const char *const bad[] = {"", "@", "relative", "vsock:2:1234"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_false(notify_open().on);
    }
    char longer[200];
    memset(longer, 'a', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    setenv("NOTIFY_SOCKET", longer, 1);
    struct notify n = notify_open();
    assert_false(n.on);
    notify_say(&n, "READY=1");
    notify_alive(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_heard_at_a_path_and_at_an_abstract_name),
        cmocka_unit_test(the_watchdog_hears_twice_in_its_time),
        cmocka_unit_test(without_a_manager_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
