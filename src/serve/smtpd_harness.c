/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtpd in a child process, and clients for it.  Runs in tests only.
 */
#include "serve/smtpd_harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "os/file.h"
#include "os/sock.h"

#define MAIL_MAX (8 << 20)

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "harness: %s (errno %d)\n", what, errno);
    abort();
}

static int on_op(void *arg, enum spool_op op)
{
    struct harness_shared *s = arg;
    int n = s->operations++;
    s->dir_syncs += op == SPOOL_OP_DIRSYNC;
    if (s->fail_at < 0 || n < s->fail_at || n >= s->fail_at + s->fail_times)
        return 0;
    if (s->fail_errno == 0)
        raise(SIGKILL);
    return s->fail_errno;
}

void harness_init(struct harness *h)
{
    *h = (struct harness){.control = -1, .ids = -1};
    snprintf(h->path, sizeof h->path, "/tmp/vulndesk-smtpd-XXXXXX");
    must(mkdtemp(h->path) != NULL, "mkdtemp");
    must(dir_open(AT_FDCWD, h->path, &h->dirfd, NULL) == RC_OK, "dir_open");
    must(sodium_init() >= 0, "sodium_init");
    crypto_box_keypair(h->pk, h->key.secret);
    h->shared =
        mmap(NULL, sizeof *h->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(h->shared != MAP_FAILED, "mmap");
    h->shared->fail_at = -1;
    h->shared->fail_times = 1;
    must(smtp_mailbox_parse(STR("security@desk.example"), 0, &h->recipients[0], NULL) == RC_OK,
         "recipient");
    for (int mode = 0; mode < 2; mode++) {
        int fd;
        must(sock_listen(STR("127.0.0.1:0"), &fd, NULL) == RC_OK, "listen");
        must(sock_port(fd, &h->port[mode], NULL) == RC_OK, "port");
        h->listeners[mode] = (struct smtpd_listener){fd, (enum smtp_mode)mode};
    }
    h->settings = (struct smtpd_settings){.hostname = "desk.example",
                                          .max_size = 1 << 20,
                                          .max_rcpts = SMTP_RCPTS_MIN,
                                          .recipients = h->recipients,
                                          .n_recipients = 1,
                                          .listeners = h->listeners,
                                          .n_listeners = 2,
                                          .limits = SMTPD_LIMITS_DEFAULT};
}

struct child {
    int control, ids;
};

static bool on_control(void *arg)
{
    return true;
}

static void on_spooled(void *arg, const char *id)
{
    struct child *c = arg;
    char line[SPOOL_ID_LEN + 2];
    snprintf(line, sizeof line, "%s\n", id);
    must(write(c->ids, line, strlen(line)) == (ssize_t)strlen(line), "ids");
}

static int run_child(struct harness *h, int control, int ids)
{
    struct child c = {control, ids};
    struct err e = ERR_INIT;
    AUTO(spool) struct spool *sp = NULL;
    const struct smtpd_hooks hooks = {&c, control, on_control, on_spooled};
    log_init("smtpd", LOG_ERROR_);
    must(spool_open(h->dirfd, h->pk, &sp, &e) == RC_OK, "spool_open");
    spool_set_fault(sp, on_op, h->shared);
    h->settings.spool = sp;
    enum rc rc = smtpd_run(&h->settings, &hooks, &e);
    if (rc != RC_OK)
        fprintf(stderr, "smtpd: %s\n", e.msg);
    smtpd_tls_free(h->settings.tls);
    return rc == RC_OK ? 0 : 1;
}

void harness_start(struct harness *h)
{
    int control[2], ids[2];
    must(sock_pair(control, NULL) == RC_OK && pipe(ids) == 0, "pair");
    fflush(NULL);
    h->pid = fork();
    must(h->pid >= 0, "fork");
    if (h->pid == 0) {
        close(control[0]);
        close(ids[0]);
        exit(run_child(h, control[1], ids[1]));
    }
    close(control[1]);
    close(ids[1]);
    h->control = control[0];
    h->ids = ids[0];
}

void harness_reap(struct harness *h)
{
    int status;
    must(waitpid(h->pid, &status, 0) == h->pid, "waitpid");
    h->pid = 0;
    must((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
             (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL),
         "smtpd did not end cleanly");
    fd_auto(&h->control);
    fd_auto(&h->ids);
    h->control = h->ids = -1;
}

void harness_stop(struct harness *h)
{
    must(write(h->control, "x", 1) == 1, "control");
    harness_reap(h);
}

void harness_end(struct harness *h)
{
    for (int mode = 0; mode < 2; mode++)
        close(h->listeners[mode].fd);
    close(h->dirfd);
    must(dir_remove(AT_FDCWD, h->path, NULL) == RC_OK, "dir_remove");
    munmap(h->shared, sizeof *h->shared);
}

int harness_connect(struct harness *h, enum smtp_mode mode)
{
    char spec[64];
    int fd;
    const struct timeval wait = {HARNESS_WAIT_S, 0};
    snprintf(spec, sizeof spec, "127.0.0.1:%u", h->port[mode]);
    must(sock_connect(str_c(spec), HARNESS_WAIT_S * 1000, &fd, NULL) == RC_OK, "connect");
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0, "SO_RCVTIMEO");
    must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0, "SO_SNDTIMEO");
    return fd;
}

void client_send(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
            return; /* the server has closed; what it said is looked at by the reader */
        must(n > 0, "send");
        s = str_sub(s, (size_t)n, s.n);
    }
}

/* One line without its end; false at the end of the stream. */
static bool read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t got = recv(fd, &c, 1, 0);
        if (got == 0 || (got == -1 && errno == ECONNRESET))
            return false;
        must(got == 1, "a reply did not come in time");
        if (c == '\n')
            break;
        must(n + 1 < size, "a reply line is too long");
        line[n++] = c;
    }
    must(n > 0 && line[n - 1] == '\r', "a reply line does not end with CR LF");
    line[n - 1] = '\0';
    return true;
}

const char *client_reply(int fd)
{
    static char text[8192];
    char line[1024];
    size_t n = 0;
    do {
        if (!read_line(fd, line, sizeof line))
            return "";
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", line);
        must(n < sizeof text && strlen(line) >= 4, "a strange reply");
    } while (line[3] == '-');
    return text;
}

const char *client_expect(int fd, const char *code)
{
    const char *text = client_reply(fd);
    if (code[0] == '\0' ? text[0] != '\0' : strncmp(text, code, strlen(code)) != 0) {
        fprintf(stderr, "harness: want \"%s\", got \"%s\"\n", code, text);
        abort();
    }
    return text;
}

void client_rest(int fd, struct buf *b)
{
    for (;;) {
        char part[4096];
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n == 0 || (n == -1 && errno == ECONNRESET))
            return;
        must(n > 0, "the connection did not end in time");
        buf_add(b, str_of(part, (size_t)n));
    }
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int only_ids(const struct dirent *d)
{
    return spool_id_valid(str_c(d->d_name));
}

static size_t list(struct harness *h, const char *dir, size_t at, char ret_id[SPOOL_ID_LEN + 1])
{
    struct dirent **names;
    int n = scandirat(h->dirfd, dir, &names, only_ids, by_name);
    must(n >= 0, "scandirat");
    for (int i = 0; i < n; i++) {
        if (ret_id && (size_t)i == at)
            memcpy(ret_id, names[i]->d_name, SPOOL_ID_LEN + 1);
        free(names[i]);
    }
    free(names);
    return (size_t)n;
}

size_t harness_count(struct harness *h, const char *dir)
{
    return list(h, dir, 0, NULL);
}

/* Drops Return-Path and Received, four or five lines of ours. */
static void drop_trace(struct buf *b)
{
    struct str rest = buf_str(b), line;
    must(str_starts(rest, STR("Return-Path: <")), "the trace header is missing");
    while (str_line(&rest, &line))
        if (line.n && line.p[0] == '\t' && str_ends(line, STR(" +0000")))
            break;
    buf_drop(b, b->n - rest.n);
}

enum rc harness_mail(struct harness *h, const char *id, struct buf *b)
{
    char path[100];
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct spool_mail m = {.arena = a};
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "new/%s", id);
    AUTO(fd) int fd = openat(h->dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return RC_NOTFOUND;
    AUTO(fd) int out = memfd_create("mail", MFD_CLOEXEC);
    TRY(spool_read(fd, &h->key, id, out, MAIL_MAX, &m, &e));
    must(lseek(out, 0, SEEK_SET) == 0, "lseek");
    buf_reset(b);
    TRY(fd_read_all(out, MAIL_MAX, b, &e));
    drop_trace(b);
    return RC_OK;
}

void harness_mail_at(struct harness *h, size_t i, struct buf *b)
{
    char id[SPOOL_ID_LEN + 1] = "";
    must(i < list(h, "new", i, id), "no such mail");
    must(harness_mail(h, id, b) == RC_OK, "a record cannot be opened");
}
