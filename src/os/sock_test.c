/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of os/sock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"
#include "os/sock.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/vulndesk-sock-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(os_fault_set(STR_NONE, &e), RC_OK);
    return dir_remove(AT_FDCWD, dir, &e) == RC_OK ? 0 : -1;
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void test_addresses(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const char *const good[] = {"127.0.0.1:2525", "0.0.0.0:0", "[::1]:65535", "[::]:25",
                                       "unix:/run/x.sock"};
    static const char *const bad[] = {"",
                                      "2525",
                                      ":25",
                                      "localhost:25",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:1x",
                                      "127.1:25",
                                      "::1:25",
                                      "[127.0.0.1]:25",
                                      "[::1]25",
                                      "[]:25",
                                      "[::1%lo]:25",
                                      " 127.0.0.1:25",
                                      "unix:",
                                      "unix:relative",
                                      "unix:/012345678901234567890123456789012345678901234567890"
                                      "12345678901234567890123456789012345678901234567890123456"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(sock_check(str_c(good[i]), &e), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (sock_check(str_c(bad[i]), &e) == RC_OK)
            fail_msg("%s was taken", bad[i]);
    assert_int_not_equal(sock_check(STR("unix:/a\0b"), &e), RC_OK);
    int fd = -1;
    assert_int_equal(sock_listen(STR("localhost:25"), &fd, &e), RC_INVALID);
    assert_int_equal(fd, -1);
}

static void check_tcp(const char *any, const char *form, const char *peer_addr)
{
    struct err e = ERR_INIT;
    AUTO(fd) int l = -1;
    AUTO(fd) int c = -1;
    AUTO(fd) int s = -1;
    uint16_t port = 0;
    struct sock_peer peer;
    assert_int_equal(sock_listen(str_c(any), &l, &e), RC_OK);
    assert_int_equal(sock_port(l, &port, &e), RC_OK);
    assert_true(port > 0);
    assert_int_equal(sock_accept(l, &s, &peer, &e), RC_BUSY);
    char spec[64];
    snprintf(spec, sizeof spec, form, port);
    int again = -1;
    assert_int_equal(sock_listen(str_c(spec), &again, &e), RC_CONFLICT);
    assert_non_null(strstr(e.msg, spec));
    assert_int_equal(sock_connect(str_c(spec), 2000, &c, &e), RC_OK);
    assert_int_equal(fcntl(c, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(sock_accept(l, &s, &peer, &e), RC_OK);
    assert_false(peer.local);
    assert_string_equal(peer.addr, peer_addr);
    uint16_t from = 0;
    assert_int_equal(sock_port(c, &from, &e), RC_OK);
    assert_int_equal(peer.port, from);
    assert_int_equal(fcntl(s, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(fcntl(s, F_GETFD) & fcntl(l, F_GETFD) & fcntl(c, F_GETFD), FD_CLOEXEC);
    fd_auto(&l);
    int none = -1;
    assert_int_equal(sock_connect(str_c(spec), 2000, &none, &e), RC_CLOSED);
}

static void test_tcp(void **state)
{
    (void)state;
    int before = count_fds();
    check_tcp("127.0.0.1:0", "127.0.0.1:%u", "127.0.0.1");
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool six = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    if (six)
        check_tcp("[::1]:0", "[::1]:%u", "::1");
    else
        print_message("SKIP IPv6: this machine has none\n");
    assert_int_equal(count_fds(), before);
}

static void test_unix(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char spec[100], path[90];
    snprintf(path, sizeof path, "%s/s", dir);
    snprintf(spec, sizeof spec, "unix:%s", path);
    int before = count_fds();
    {
        AUTO(fd) int l = -1;
        AUTO(fd) int c = -1;
        AUTO(fd) int s = -1;
        struct sock_peer peer;
        struct stat st;
        int none = -1;
        assert_int_equal(sock_connect(str_c(spec), 2000, &none, &e), RC_CLOSED);
        mode_t old = umask(0177);
        assert_int_equal(sock_listen(str_c(spec), &l, &e), RC_OK);
        umask(old);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0660);
        /* A live one stays. */
        assert_int_equal(sock_listen(str_c(spec), &none, &e), RC_CONFLICT);
        assert_int_equal(sock_connect(str_c(spec), 2000, &c, &e), RC_OK);
        /* The probe of the second listener is the first in the queue. */
        assert_int_equal(sock_accept(l, &s, &peer, &e), RC_OK);
        fd_auto(&s);
        assert_int_equal(sock_accept(l, &s, &peer, &e), RC_OK);
        assert_true(peer.local);
        assert_string_equal(peer.addr, "local");
        uid_t uid = 12345;
        assert_int_equal(sock_peer_uid(s, &uid, &e), RC_OK);
        assert_int_equal(uid, geteuid());
        uint16_t port;
        assert_int_equal(sock_port(l, &port, &e), RC_INVALID);
    }
    /* A dead one goes. */
    AUTO(fd) int l = -1;
    assert_int_equal(sock_listen(str_c(spec), &l, &e), RC_OK);
    fd_auto(&l);
    assert_int_equal(unlink(path), 0);
    /* What is no socket stays. */
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR("mine"), 0600, &e), RC_OK);
    assert_int_equal(sock_listen(str_c(spec), &l, &e), RC_CONFLICT);
    AUTO(buf) struct buf b = BUF_INIT(10);
    assert_int_equal(file_read(AT_FDCWD, path, 10, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "mine");
    assert_int_equal(count_fds(), before);
}

static void test_descriptors_travel(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int before = count_fds();
    int pair[2], memfd = -1;
    size_t n = 0;
    assert_int_equal(sock_pair(pair, &e), RC_OK);
    assert_int_equal(memfd_of(STR("payload"), "test", &memfd, &e), RC_OK);
    struct sock_fds out = {.fd = {memfd, memfd}, .n = 2};
    assert_int_equal(sock_send_fds(pair[0], STR("hello"), &out, &n, &e), RC_OK);
    assert_int_equal(n, 5);
    close(memfd);
    {
        AUTO(buf) struct buf b = BUF_INIT(100);
        AUTO(sock_fds) struct sock_fds in = {.n = 0};
        assert_int_equal(sock_recv_fds(pair[1], 2, &b, &in, &e), RC_OK);
        assert_string_equal(buf_c(&b), "he");
        assert_int_equal(in.n, 2);
        assert_int_equal(fcntl(in.fd[0], F_GETFD), FD_CLOEXEC);
        assert_int_equal(sock_recv_fds(pair[1], 100, &b, &in, &e), RC_OK);
        assert_string_equal(buf_c(&b), "hello");
        assert_int_equal(in.n, 2);
        AUTO(fd) int got = sock_fds_take(&in);
        assert_int_equal(in.n, 1);
        AUTO(buf) struct buf payload = BUF_INIT(100);
        assert_int_equal(fd_read_all(got, 100, &payload, &e), RC_OK);
        assert_string_equal(buf_c(&payload), "payload");
    }
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(count_fds(), before);
}

/* A sender that is not ours packs more descriptors than we take. */
static void test_too_many_descriptors(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int before = count_fds();
    int pair[2];
    size_t n;
    assert_int_equal(sock_pair(pair, &e), RC_OK);
    struct sock_fds many = {.n = SOCK_FDS_MAX + 1};
    assert_int_equal(sock_send_fds(pair[0], STR("x"), &many, &n, &e), RC_INTERNAL);
    int fds[SOCK_FDS_MAX + 4];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        fds[i] = pair[0];
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof fds)];
    } c;
    memset(&c, 0, sizeof c);
    struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof c.room};
    c.h.cmsg_level = SOL_SOCKET;
    c.h.cmsg_type = SCM_RIGHTS;
    c.h.cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(&c.h), fds, sizeof fds);
    assert_int_equal(sendmsg(pair[0], &m, 0), 1);
    AUTO(buf) struct buf b = BUF_INIT(10);
    struct sock_fds in = {.n = 0};
    assert_int_equal(sock_recv_fds(pair[1], 10, &b, &in, &e), RC_LIMIT);
    assert_int_equal(in.n, 0);
    /* Two messages that together bring too many. */
    struct sock_fds most = {.n = SOCK_FDS_MAX};
    for (size_t i = 0; i < most.n; i++)
        most.fd[i] = pair[0];
    assert_int_equal(sock_send_fds(pair[0], STR("a"), &most, &n, &e), RC_OK);
    assert_int_equal(sock_send_fds(pair[0], STR("b"), &most, &n, &e), RC_OK);
    assert_int_equal(sock_recv_fds(pair[1], 1, &b, &in, &e), RC_OK);
    assert_int_equal(in.n, SOCK_FDS_MAX);
    assert_int_equal(sock_recv_fds(pair[1], 1, &b, &in, &e), RC_LIMIT);
    assert_int_equal(in.n, 0);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(count_fds(), before);
}

static void test_states_of_a_stream(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int pair[2];
    size_t n;
    AUTO(buf) struct buf b = BUF_INIT(10);
    struct sock_fds in = {.n = 0};
    assert_int_equal(sock_pair(pair, &e), RC_OK);
    assert_int_equal(sock_nonblock(pair[0], &e), RC_OK);
    assert_int_equal(sock_nonblock(pair[1], &e), RC_OK);
    assert_int_equal(sock_recv_fds(pair[1], 10, &b, &in, &e), RC_BUSY);
    assert_int_equal(sock_send_fds(pair[0], STR_NONE, NULL, &n, &e), RC_INTERNAL);
    char block[4096];
    memset(block, 'x', sizeof block);
    enum rc rc;
    int sent = 0;
    while ((rc = sock_send_fds(pair[0], str_of(block, sizeof block), NULL, &n, &e)) == RC_OK)
        assert_true(++sent < 100000);
    assert_int_equal(rc, RC_BUSY);
    assert_int_equal(sock_recv_fds(pair[1], 100, &b, &in, &e), RC_OK);
    assert_int_equal(b.n, 10);
    assert_int_equal(sock_recv_fds(pair[1], 100, &b, &in, &e), RC_LIMIT);
    buf_reset(&b);
    assert_int_equal(os_fault_set(STR("write:1:EAGAIN"), &e), RC_OK);
    assert_int_equal(sock_send_fds(pair[1], STR("x"), NULL, &n, &e), RC_BUSY);
    close(pair[1]);
    /* No signal, an answer. */
    rc = sock_send_fds(pair[0], STR("x"), NULL, &n, &e);
    assert_int_equal(rc, RC_CLOSED);
    close(pair[0]);
    assert_int_equal(sock_pair(pair, &e), RC_OK);
    close(pair[0]);
    assert_int_equal(sock_recv_fds(pair[1], 10, &b, &in, &e), RC_CLOSED);
    close(pair[1]);
}

static void test_out_of_descriptors(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int l = -1;
    int fd = -1;
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &l, &e), RC_OK);
    assert_int_equal(os_fault_set(STR("open:1:EMFILE,open:2:EMFILE,open:3:EMFILE"), &e), RC_OK);
    assert_int_equal(sock_accept(l, &fd, NULL, &e), RC_LIMIT);
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &fd, &e), RC_LIMIT);
    int pair[2];
    assert_int_equal(sock_pair(pair, &e), RC_LIMIT);
    assert_int_equal(fd, -1);
    assert_int_equal(sock_accept(-1, &fd, NULL, &e), RC_INTERNAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
    const struct CMUnitTest tests[] = {
        T(test_addresses),
        T(test_tcp),
        T(test_unix),
        T(test_descriptors_travel),
        T(test_too_many_descriptors),
        T(test_states_of_a_stream),
        T(test_out_of_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
