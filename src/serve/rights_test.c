/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every role: a child takes the role's rights and tries each thing of one long list.  What the
 * role may do must work; all else must fail.  Each try has its twin: the same try by the same user
 * without the sandbox must succeed, or its failure inside would prove nothing.
 *
 * Runs as root (roles change to another user) and, with --as-user, as an ordinary user.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <pthread.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sock.h"
#include "os/spawn.h"
#include "serve/rights.h"

#define SKIPPED    77
#define NOBODY     65534
#define CONNECT_MS 3000

/* The world that all tries share; everything in it is open to every user, so that only the sandbox
 * can be what stops a try. */
static struct {
    char dir[64], data[96], mirror[96], other[96], scratch[96], outside[80], sock[100];
    int tcp, unix_fd, pair[2];
    uint16_t port;
    pid_t victim;
    int tmp_fd, new_fd; /* spool folders, opened before the sandbox as smtpd does */
} world;

static const char *in_world(const char *base, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return path;
}

static void put_file(const char *base, const char *name)
{
    struct err e = ERR_INIT;
    if (file_write_sync(AT_FDCWD, in_world(base, name), STR("hello\n"), 0666, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        exit(1);
    }
}

/* ---- the tries: 0 or an errno ---- */

static int open_result(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    char c;
    bool reads = (flags & (O_ACCMODE | O_DIRECTORY)) == O_RDONLY;
    int rc = reads && read(fd, &c, 1) < 0 ? errno : 0;
    close(fd);
    return rc;
}

static int try_db_open(void)
{
    return open_result(in_world(world.data, "db/plain.db"), O_RDWR);
}

static int sqlite_result(int rc)
{
    return rc == SQLITE_OK ? 0 : rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY ? EACCES : EIO;
}

static int try_sqlite(void)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(in_world(world.data, "db/desk.db"), &db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                          "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES(1);"
                          "PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM t; VACUUM;",
                          NULL, NULL, NULL);
    sqlite3_close(db);
    return sqlite_result(rc);
}

static int try_key_read(void)
{
    return open_result(in_world(world.data, "keys/master.key"), O_RDONLY);
}

static int try_key_write(void)
{
    return open_result(in_world(world.data, "keys/master.key"), O_WRONLY);
}

static int try_spool_read(void)
{
    return open_result(in_world(world.data, "spool/new/old"), O_RDONLY);
}

static int try_spool_list(void)
{
    return open_result(in_world(world.data, "spool/new"), O_RDONLY | O_DIRECTORY);
}

static int try_spool_change(void)
{
    return open_result(in_world(world.data, "spool/new/old"), O_WRONLY);
}

static int try_spool_remove(void)
{
    return unlink(in_world(world.data, "spool/new/old")) == 0 ? 0 : errno;
}

static int try_spool_add(void)
{
    struct err e = ERR_INIT;
    char name[32];
    snprintf(name, sizeof name, "n%d", (int)getpid());
    enum rc rc = file_add_sync(world.tmp_fd, world.new_fd, name, STR("sealed"), &e);
    return rc == RC_OK ? 0 : rc == RC_DENIED ? EACCES : errno;
}

/* Writes a new record and moves it over an old one. */
static int try_spool_replace(void)
{
    int fd = openat(world.tmp_fd, "mine", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    close(fd);
    return renameat(world.tmp_fd, "mine", world.new_fd, "old") == 0 ? 0 : errno;
}

static int try_blob_read(void)
{
    return open_result(in_world(world.data, "blobs/b"), O_RDONLY);
}

static int try_blob_write(void)
{
    struct err e = ERR_INIT;
    enum rc rc =
        file_write_sync(AT_FDCWD, in_world(world.data, "blobs/b"), STR("sealed"), 0666, &e);
    return rc == RC_OK ? 0 : rc == RC_DENIED ? EACCES : errno;
}

static int try_passwd(void)
{
    return open_result("/etc/passwd", O_RDONLY);
}

static int try_outside_read(void)
{
    return open_result(in_world(world.outside, "file"), O_RDONLY);
}

static int try_outside_write(void)
{
    return open_result(in_world(world.outside, "file"), O_WRONLY);
}

static int try_outside_make(void)
{
    return open_result(in_world(world.outside, "made"), O_WRONLY | O_CREAT);
}

/* A cut while opening for reading only, and by path: writes that an old Landlock overlooks. */
static int try_outside_cut(void)
{
    return open_result(in_world(world.outside, "file"), O_RDONLY | O_TRUNC);
}

static int try_outside_truncate(void)
{
    return truncate(in_world(world.outside, "file"), 1) == 0 ? 0 : errno;
}

static int try_outside_chmod(void)
{
    return chmod(in_world(world.outside, "file"), 0666) == 0 ? 0 : errno;
}

static int try_mirror_read(void)
{
    int rc = open_result(in_world(world.mirror, "HEAD"), O_RDONLY);
    return rc || !*world.other ? rc : open_result(in_world(world.other, "HEAD"), O_RDONLY);
}

static int try_mirror_write(void)
{
    return open_result(in_world(world.mirror, "HEAD"), O_WRONLY);
}

static int try_scratch(void)
{
    return open_result(in_world(world.scratch, "made"), O_RDWR | O_CREAT);
}

static int try_tcp(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(world.port),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int rc = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static int try_udp(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(9),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int rc = sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof a) == 1 ? 0 : errno;
    close(fd);
    return rc;
}

static int try_unix(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", world.sock);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int rc = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static int try_listen(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int rc = bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

/* By name, as net does it: a resolver's thread, a connection. */
static int try_curl(void)
{
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%u/", world.port);
    CURL *c = curl_easy_init();
    if (c == NULL)
        return ENOMEM;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)CONNECT_MS);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_cleanup(c);
    return rc == CURLE_OK ? 0 : rc == CURLE_COULDNT_RESOLVE_HOST ? EACCES : EPERM;
}

/* The first connection that waits on a handed listener. */
static int try_accept(void)
{
    struct err e = ERR_INIT;
    int fd;
    enum rc rc = sock_accept(world.tcp, &fd, NULL, &e);
    if (rc != RC_OK)
        return errno;
    close(fd);
    return 0;
}

/* Bytes and a descriptor over a handed socket. */
static int try_handed(void)
{
    struct err e = ERR_INIT;
    size_t n;
    int pipe_fd[2];
    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return errno;
    struct sock_fds fds = {.fd = {pipe_fd[0]}, .n = 1}, got = {.n = 0};
    AUTO(buf) struct buf b = BUF_INIT(10);
    bool ok = sock_send_fds(world.pair[0], STR("x"), &fds, &n, &e) == RC_OK &&
              sock_recv_fds(world.pair[1], 10, &b, &got, &e) == RC_OK && got.n == 1;
    return ok ? 0 : errno;
}

static int try_memfd(void)
{
    struct err e = ERR_INIT;
    int fd;
    return memfd_of(STR("raw"), "raw", &fd, &e) == RC_OK ? 0 : errno;
}

static int try_exec_true(void)
{
    char *const argv[] = {"true", NULL};
    execv("/bin/true", argv);
    return errno;
}

static int try_exec_self(void)
{
    char *const argv[] = {"rights_test", "--hello", NULL};
    char *const envp[] = {NULL};
    execve("/proc/self/exe", argv, envp);
    return errno;
}

static int try_exec_git(void)
{
    char *const argv[] = {"git", "--version", NULL};
    char *const envp[] = {NULL};
    execve("/usr/bin/git", argv, envp);
    return errno;
}

/* A program that never was a file. */
static int try_exec_memory(void)
{
    int fd = memfd_create("program", 0);
    if (fd < 0 || write(fd, "#!/bin/true\n", 12) != 12)
        return errno;
    char *const argv[] = {"program", NULL};
    syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
    return errno;
}

static int try_fork(void)
{
    pid_t pid = fork();
    if (pid < 0)
        return errno;
    if (pid == 0)
        _exit(0);
    int status;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : ECHILD;
}

static int try_ptrace(void)
{
    return ptrace(PTRACE_SEIZE, world.victim, NULL, NULL) == 0 ? 0 : errno;
}

static int try_peek(void)
{
    char to[8];
    struct iovec mine = {to, sizeof to}, theirs = {&world, sizeof to};
    return process_vm_readv(world.victim, &mine, 1, &theirs, 1, 0) == sizeof to ? 0 : errno;
}

static int try_signal(void)
{
    return kill(world.victim, SIGCONT) == 0 ? 0 : errno;
}

static int try_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int try_wx(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int try_io_uring(void)
{
    struct io_uring_params p;
    memset(&p, 0, sizeof p);
    return syscall(SYS_io_uring_setup, 1, &p) >= 0 ? 0 : errno;
}

static int try_keyring(void)
{
    return syscall(SYS_keyctl, 0 /* get id */, -3 /* session */, 0) >= 0 ? 0 : errno;
}

static int try_time(void)
{
    struct timespec ts;
    return clock_gettime(CLOCK_REALTIME, &ts) == 0 && nanosleep(&(struct timespec){0, 1}, NULL) == 0
               ? 0
               : errno;
}

/* Converters are loaded before the sandbox and work in it. */
static iconv_t converter = (iconv_t)-1;

static int try_iconv(void)
{
    char in[] = "\xe4\x82", out[16];
    char *from = in, *to = out;
    size_t n = 2, room = sizeof out;
    return iconv(converter, &from, &n, &to, &room) != (size_t)-1 ? 0 : errno;
}

static int try_memory(void)
{
    void *p = malloc((size_t)8 << 20);
    if (p == NULL)
        return ENOMEM;
    memset(p, 1, (size_t)8 << 20);
    free(p);
    return 0;
}

enum need {
    TWIN = 0,       /* the twin must succeed here */
    TWIN_MAYBE = 1, /* some machines forbid it to everybody: then it proves nothing, said aloud */
};

#define TRIES(X)                                                                                   \
    X(db_open, TWIN)                                                                               \
    X(sqlite, TWIN)                                                                                \
    X(key_read, TWIN)                                                                              \
    X(key_write, TWIN)                                                                             \
    X(spool_read, TWIN)                                                                            \
    X(spool_list, TWIN)                                                                            \
    X(spool_change, TWIN)                                                                          \
    X(spool_remove, TWIN)                                                                          \
    X(spool_add, TWIN)                                                                             \
    X(spool_replace, TWIN)                                                                         \
    X(blob_read, TWIN)                                                                             \
    X(blob_write, TWIN)                                                                            \
    X(passwd, TWIN)                                                                                \
    X(outside_read, TWIN)                                                                          \
    X(outside_write, TWIN)                                                                         \
    X(outside_make, TWIN)                                                                          \
    X(outside_cut, TWIN)                                                                           \
    X(outside_truncate, TWIN)                                                                      \
    X(outside_chmod, TWIN)                                                                         \
    X(mirror_read, TWIN)                                                                           \
    X(mirror_write, TWIN)                                                                          \
    X(scratch, TWIN)                                                                               \
    X(tcp, TWIN)                                                                                   \
    X(udp, TWIN)                                                                                   \
    X(unix, TWIN)                                                                                  \
    X(listen, TWIN)                                                                                \
    X(curl, TWIN)                                                                                  \
    X(accept, TWIN)                                                                                \
    X(handed, TWIN)                                                                                \
    X(memfd, TWIN)                                                                                 \
    X(exec_true, TWIN)                                                                             \
    X(exec_self, TWIN)                                                                             \
    X(exec_git, TWIN_MAYBE)                                                                        \
    X(exec_memory, TWIN)                                                                           \
    X(fork, TWIN)                                                                                  \
    X(ptrace, TWIN)                                                                                \
    X(peek, TWIN)                                                                                  \
    X(signal, TWIN)                                                                                \
    X(namespace, TWIN_MAYBE)                                                                       \
    X(wx, TWIN_MAYBE)                                                                              \
    X(io_uring, TWIN_MAYBE)                                                                        \
    X(keyring, TWIN_MAYBE)                                                                         \
    X(time, TWIN)                                                                                  \
    X(iconv, TWIN)                                                                                 \
    X(memory, TWIN)

enum try_id {
#define X(name, need) T_##name,
    TRIES(X)
#undef X
        T_COUNT
};

static const struct {
    const char *name;
    int (*run)(void);
    enum need need;
} tries[T_COUNT] = {
#define X(name, need) {#name, try_##name, need},
    TRIES(X)
#undef X
};

#define MAY(name) (UINT64_C(1) << T_##name)

/* What every role may do. */
#define ALL_MAY     (MAY(time) | MAY(iconv) | MAY(memory))
#define HANDED_MAY  (ALL_MAY | MAY(handed) | MAY(memfd))
#define CHILDREN_OF (MAY(mirror_read) | MAY(scratch) | MAY(exec_git) | MAY(fork))

static const struct {
    enum role role;
    bool pg_unix;
    uint64_t may;
} roles[] = {
    {ROLE_SMTPD, false, HANDED_MAY | MAY(spool_add) | MAY(accept)},
    {ROLE_HTTPD_PUBLIC, false, HANDED_MAY | MAY(accept)},
    {ROLE_HTTPD_STAFF, false, HANDED_MAY | MAY(accept)},
    {ROLE_CORE, false,
     HANDED_MAY | MAY(accept) | MAY(db_open) | MAY(sqlite) | MAY(spool_list) | MAY(spool_remove) |
         MAY(spool_add) | MAY(spool_replace)},
    {ROLE_CORE, true,
     HANDED_MAY | MAY(accept) | MAY(db_open) | MAY(sqlite) | MAY(spool_list) | MAY(spool_remove) |
         MAY(spool_add) | MAY(spool_replace) | MAY(passwd) | MAY(unix)},
    {ROLE_KEYS, false,
     HANDED_MAY | MAY(key_read) | MAY(spool_read) | MAY(spool_list) | MAY(blob_read) |
         MAY(blob_write)},
    {ROLE_NET, false, HANDED_MAY | MAY(tcp) | MAY(udp) | MAY(curl)},
    {ROLE_WORKER, false, HANDED_MAY | MAY(exec_self) | CHILDREN_OF},
    {ROLE_PARSE, false, ALL_MAY},
    {ROLE_ENGINE, false, HANDED_MAY | CHILDREN_OF | MAY(accept) | MAY(wx)},
};

/* ---- running a try ---- */

/* What must not depend on the try before: files back in place, one connection waiting. */
static void prepare(enum try_id id)
{
    static const char *const removed[] = {"made"};
    put_file(world.data, "spool/new/old");
    put_file(world.outside, "file");
    /* Only an owner may change a mode. */
    assert_true(geteuid() != 0 || chown(in_world(world.outside, "file"), NOBODY, NOBODY) == 0);
    for (size_t i = 0; i < ARRAY_LEN(removed); i++) {
        unlink(in_world(world.outside, removed[i]));
        unlink(in_world(world.scratch, removed[i]));
    }
    unlink(in_world(world.data, "spool/tmp/mine"));
    /* So that neither user is stopped by what the other made. */
    static const char *const made[] = {"db/desk.db", "db/desk.db-wal", "db/desk.db-shm", "blobs/b"};
    for (size_t i = 0; i < ARRAY_LEN(made); i++)
        unlink(in_world(world.data, made[i]));
    put_file(world.data, "blobs/b");
    int fd;
    while ((fd = accept4(world.tcp, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
    while ((fd = accept4(world.unix_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
    if (id == T_accept) {
        int rc = try_tcp();
        assert_int_equal(rc, 0);
    }
}

static void fill_rights(enum role role, bool pg_unix, struct rights *r)
{
    struct err e = ERR_INIT;
    struct rights_places p = {.data_dir = world.data,
                              .pg_unix = pg_unix,
                              .mirror = world.mirror,
                              .mirrors = {world.other},
                              .n_mirrors = 1,
                              .scratch = world.scratch};
    if (rights_of(role, &p, r, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        _exit(250);
    }
    static const int *const keep[] = {&world.tcp, &world.pair[0], &world.pair[1], &world.tmp_fd,
                                      &world.new_fd};
    for (size_t i = 0; i < ARRAY_LEN(keep); i++)
        r->rules.keep[r->rules.nkeep++] = *keep[i];
    r->rules.uid = r->rules.gid = geteuid() == 0 ? NOBODY : 0;
    r->rules.require = true;
}

static void confine(enum role role, bool pg_unix)
{
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    fill_rights(role, pg_unix, &r);
    if (sandbox_apply(&r.rules, &s, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        _exit(251);
    }
}

static void be_nobody(void)
{
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(252);
    /* As an exec would leave it. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void warm(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    sqlite3_initialize();
    converter = iconv_open("UTF-8", "GB18030");
    if (converter == (iconv_t)-1)
        _exit(253);
}

/* The wait status of a child that tries; role < 0 is the twin outside. */
static int run_try(enum try_id id, int role, bool pg_unix)
{
    prepare(id);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        warm();
        if (role >= 0)
            confine((enum role)role, pg_unix);
        else
            be_nobody();
        _exit(tries[id].run() & 0xff);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static const char *status_text(int status)
{
    static char text[100];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, sizeof text, "%s (%d)",
                 WEXITSTATUS(status) ? strerror(WEXITSTATUS(status)) : "success",
                 WEXITSTATUS(status));
    return text;
}

/* A refusal, and not some other mishap. */
static bool is_refused(enum role role, enum try_id id, int status)
{
    if (role == ROLE_PARSE)
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    if (!WIFEXITED(status))
        return false;
    switch (WEXITSTATUS(status)) {
    case EACCES:
    case EPERM:
    case ENOSYS:
    case ENETUNREACH:
        return true;
    case EXDEV: /* Landlock's answer to a rename that may not be */
        return id == T_spool_replace || id == T_spool_add;
    default:
        return false;
    }
}

/* Signals to strangers of the same user are Landlock's business only since ABI 6. */
static bool cannot_be_stopped(enum role role, enum try_id id)
{
    return id == T_signal && (role == ROLE_WORKER || role == ROLE_ENGINE) && geteuid() != 0 &&
           sandbox_landlock_abi() < 6;
}

static bool twin_ok[T_COUNT];

static void test_every_try_succeeds_outside(void **state)
{
    (void)state;
    int bad = 0;
    for (int id = 0; id < T_COUNT; id++) {
        int status = run_try((enum try_id)id, -1, false);
        twin_ok[id] = status == 0;
        if (status == 0)
            continue;
        bool fine = tries[id].need == TWIN_MAYBE;
        printf("%s outside the sandbox: %s: %s\n", tries[id].name, status_text(status),
               fine ? "SKIP inside, it would prove nothing" : "FAILED");
        bad += !fine;
    }
    assert_int_equal(bad, 0);
}

static void test_role(void **state)
{
    size_t i = (size_t)(uintptr_t)*state;
    enum role role = roles[i].role;
    int bad = 0;
    for (int id = 0; id < T_COUNT; id++) {
        bool may = (roles[i].may >> id) & 1;
        if (!twin_ok[id] || cannot_be_stopped(role, (enum try_id)id)) {
            printf("SKIP %s tries %s: not provable here\n", role_name(role), tries[id].name);
            continue;
        }
        int status = run_try((enum try_id)id, (int)role, roles[i].pg_unix);
        bool fine = may ? status == 0 : is_refused(role, (enum try_id)id, status);
        if (!fine)
            printf("%s%s %s %s: %s\n", role_name(role), roles[i].pg_unix ? " (PostgreSQL)" : "",
                   may ? "may" : "may not", tries[id].name, status_text(status));
        bad += !fine;
    }
    assert_int_equal(bad, 0);
}

/* ---- more than one try ---- */

static int in_child(void (*fn)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fn();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #cond, errno);                   \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* What no try shows: the state that the process is left in. */
static void state_of_smtpd(void)
{
    int leak = fcntl(world.tcp, F_DUPFD, 40);
    CHECK(leak >= 40);
    setenv("SECRET", "1", 1);
    confine(ROLE_SMTPD, false);
    extern char **environ;
    CHECK(environ == NULL || environ[0] == NULL);
    CHECK(fcntl(leak, F_GETFD) == -1 && errno == EBADF);
    CHECK(fcntl(world.tcp, F_GETFD) >= 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 0);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    CHECK(geteuid() != 0 && getegid() != 0 && getgroups(0, NULL) >= 0);
    struct rlimit l;
    CHECK(getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_max == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max == 4096);
    CHECK(setresuid(0, 0, 0) == -1);
    CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1);
    /* Its memory has an end. */
    CHECK(malloc((size_t)3 << 30) == NULL);
}

static void test_state_after(void **state)
{
    (void)state;
    assert_int_equal(in_child(state_of_smtpd), 0);
}

/* The tie to the parent survives the change of user. */
static void state_of_tie(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    confine(ROLE_KEYS, false);
    int sig = 0;
    CHECK(prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) == 0 && sig == SIGKILL);
}

static void test_parent_death_signal_stays(void **state)
{
    (void)state;
    assert_int_equal(in_child(state_of_tie), 0);
}

/* A worker starts a parse child, which confines itself further: reads, answers, then tries. */
static void run_self(const char *what, struct child_end *ret_end, struct buf *out)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {"rights_test", what, world.data, world.mirror, world.scratch, NULL};
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = argv;
    s.err = 2;
    struct spawn_io io = {.in = STR("hostile bytes"), .out = out, .timeout_ms = 20000};
    if (spawn_run(&s, &io, ret_end, &e) != RC_OK) {
        fprintf(stderr, "%s: %s\n", what, e.msg);
        _exit(1);
    }
}

static void worker_with_children(void)
{
    AUTO(buf) struct buf out = BUF_INIT(1000);
    struct child_end end;
    confine(ROLE_WORKER, false);
    run_self("--parse", &end, &out);
    CHECK(child_end_ok(&end));
    CHECK(str_eq(buf_str(&out), STR("13 bytes")));
    run_self("--parse-opens", &end, &out);
    CHECK(end.killed && end.code == SIGSYS);
    buf_reset(&out);
    run_self("--engine", &end, &out);
    CHECK(child_end_ok(&end));
}

static void test_children_of_worker(void **state)
{
    (void)state;
    assert_int_equal(in_child(worker_with_children), 0);
}

static void *wait_for_ever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void start_thread_then_confine(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    fill_rights(ROLE_SMTPD, false, &r);
    _exit(sandbox_apply(&r.rules, &s, &e) == RC_INTERNAL ? 0 : 1);
}

static void missing_path(void)
{
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    fill_rights(ROLE_KEYS, false, &r);
    r.rules.paths[0].path = "/nonexistent/keys";
    CHECK(sandbox_apply(&r.rules, &s, &e) == RC_INVALID);
    CHECK(strstr(e.msg, "/nonexistent/keys") != NULL && strstr(e.msg, "keys") != NULL);
}

/* Where no user is configured root stays root, but in name only. */
static void root_stays_root_but_powerless(void)
{
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    if (geteuid() != 0)
        return;
    fill_rights(ROLE_KEYS, false, &r);
    r.rules.uid = r.rules.gid = 0;
    CHECK(sandbox_apply(&r.rules, &s, &e) == RC_OK);
    CHECK(strstr(s.got, "root") != NULL && strstr(s.got, "caps") != NULL);
    CHECK(setresuid(NOBODY, NOBODY, NOBODY) == -1);
    CHECK(try_passwd() == EACCES);
    CHECK(try_key_read() == 0);
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    assert_int_equal(in_child(missing_path), 0);
    assert_int_equal(in_child(root_stays_root_but_powerless), 0);
}

static void test_no_sandbox_beside_threads(void **state)
{
    (void)state;
    assert_int_equal(in_child(start_thread_then_confine), 0);
}

static void test_roles_without_table(void **state)
{
    (void)state;
    static struct rights r;
    struct err e = ERR_INIT;
    struct rights_places p = {.data_dir = "/x"};
    assert_int_equal(rights_of(ROLE_SUPERVISOR, &p, &r, &e), RC_DENIED);
    assert_int_equal(rights_of(ROLE_CLI, &p, &r, &e), RC_DENIED);
    assert_int_equal(rights_of((enum role)999, &p, &r, &e), RC_DENIED);
}

/* Only the ports that the settings name: an open listener on another one is out of reach. */
static void net_with_ports(void)
{
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    struct rights_places p = {.data_dir = world.data, .net_ports = {25, 587}, .net_port_count = 2};
    CHECK(rights_of(ROLE_NET, &p, &r, &e) == RC_OK);
    r.rules.uid = r.rules.gid = geteuid() == 0 ? NOBODY : 0;
    CHECK(sandbox_apply(&r.rules, &s, &e) == RC_OK);
    CHECK(try_tcp() == EACCES);
}

static void test_net_ports(void **state)
{
    (void)state;
    if (sandbox_landlock_abi() < 4) {
        printf("SKIP ports of net: Landlock before ABI 4\n");
        return;
    }
    assert_int_equal(in_child(net_with_ports), 0);
}

/* ---- start ---- */

static void make_victim(void)
{
    fflush(NULL);
    world.victim = fork();
    assert_true(world.victim >= 0);
    if (world.victim != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    be_nobody();
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    for (;;)
        pause();
}

static void make_dir(const char *path)
{
    struct err e = ERR_INIT;
    assert_int_equal(dir_make(AT_FDCWD, path, 0777, &e), RC_OK);
}

static int make_world(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const char *const parts[] = {"spool/tmp", "spool/new", "blobs", "keys", "db", "run"};
    umask(0);
    snprintf(world.dir, sizeof world.dir, "/tmp/vulndesk-rights-XXXXXX");
    assert_non_null(mkdtemp(world.dir));
    assert_int_equal(chmod(world.dir, 0777), 0);
    snprintf(world.data, sizeof world.data, "%s/data", world.dir);
    snprintf(world.mirror, sizeof world.mirror, "%s/mirror", world.dir);
    snprintf(world.other, sizeof world.other, "%s/other", world.dir);
    snprintf(world.scratch, sizeof world.scratch, "%s/scratch", world.dir);
    snprintf(world.outside, sizeof world.outside, "%s/outside", world.dir);
    snprintf(world.sock, sizeof world.sock, "%s/outside/sock", world.dir);
    make_dir(world.mirror);
    make_dir(world.other);
    make_dir(world.scratch);
    make_dir(world.outside);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        make_dir(in_world(world.data, parts[i]));
    put_file(world.data, "db/plain.db");
    put_file(world.data, "keys/master.key");
    put_file(world.mirror, "HEAD");
    put_file(world.other, "HEAD");
    assert_int_equal(dir_open(AT_FDCWD, in_world(world.data, "spool/tmp"), &world.tmp_fd, &e),
                     RC_OK);
    assert_int_equal(dir_open(AT_FDCWD, in_world(world.data, "spool/new"), &world.new_fd, &e),
                     RC_OK);
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &world.tcp, &e), RC_OK);
    assert_int_equal(sock_port(world.tcp, &world.port, &e), RC_OK);
    char spec[128];
    snprintf(spec, sizeof spec, "unix:%s", world.sock);
    assert_int_equal(sock_listen(str_c(spec), &world.unix_fd, &e), RC_OK);
    assert_int_equal(chmod(world.sock, 0666), 0);
    assert_int_equal(sock_pair(world.pair, &e), RC_OK);
    make_victim();
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    kill(world.victim, SIGKILL);
    waitpid(world.victim, NULL, 0);
    assert_int_equal(dir_remove(AT_FDCWD, world.dir, &e), RC_OK);
    return 0;
}

/* The other lives of this binary, started by a confined worker. */
static int other_life(int argc, char **argv)
{
    if (strcmp(argv[1], "--hello") == 0)
        return 0;
    static struct rights r;
    struct sandbox_summary s;
    struct err e = ERR_INIT;
    enum role role = strcmp(argv[1], "--engine") == 0 ? ROLE_ENGINE : ROLE_PARSE;
    if (argc != 5)
        return 2;
    struct rights_places p = {.data_dir = argv[2], .mirror = argv[3], .scratch = argv[4]};
    snprintf(world.mirror, sizeof world.mirror, "%s", argv[3]);
    snprintf(world.scratch, sizeof world.scratch, "%s", argv[4]);
    if (rights_of(role, &p, &r, &e) != RC_OK)
        return 3;
    r.rules.require = true;
    if (sandbox_apply(&r.rules, &s, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return 4;
    }
    if (role == ROLE_ENGINE)
        return try_mirror_read() == 0 && try_scratch() == 0 && try_mirror_write() == EACCES &&
                       try_passwd() == EACCES && try_fork() == 0 && try_tcp() == EPERM
                   ? 0
                   : 5;
    char in[100];
    ssize_t n = read(0, in, sizeof in);
    printf("%zd bytes", n);
    fflush(stdout);
    if (strcmp(argv[1], "--parse-opens") == 0)
        return try_passwd();
    return 0;
}

/* Says what this machine cannot do; RC_OK when all of it is there. */
static int probe(void)
{
    if (sandbox_is_sanitizer_build()) {
        printf("SKIP rights: a build with a sanitizer cannot confine; the plain build tests it\n");
        return SKIPPED;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_rules r = {.name = "probe", .calls = SANDBOX_C_IPC, .no_network = true};
        r.uid = r.gid = NOBODY;
        struct sandbox_summary s;
        struct err e = ERR_INIT;
        if (sandbox_apply(&r, &s, &e) != RC_OK)
            dprintf(2, "%s\n", e.msg);
        else if (s.missing[0] == '\0')
            _exit(0);
        else
            dprintf(1, "SKIP rights: this machine does not offer: %s\n", s.missing);
        _exit(SKIPPED);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 1;
    if (WEXITSTATUS(status) == 0)
        return 0;
    const char *ci = getenv("VULNDESK_CI");
    if (ci != NULL && strcmp(ci, "1") == 0) {
        fprintf(stderr, "rights: missing, and VULNDESK_CI=1 does not allow to skip\n");
        return 1;
    }
    return SKIPPED;
}

/* A fresh start as an ordinary user, when root. */
static void restart_as_user(char *self)
{
    if (geteuid() != 0)
        return;
    be_nobody();
    char *const argv[] = {self, NULL};
    execv("/proc/self/exe", argv);
    _exit(254);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--as-user") == 0)
        restart_as_user(argv[0]);
    else if (argc > 1)
        return other_life(argc, argv);
    int rc = probe();
    if (rc != 0)
        return rc;
    struct CMUnitTest tests[ARRAY_LEN(roles) + 8];
    size_t n = 0;
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_try_succeeds_outside);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        tests[n++] = (struct CMUnitTest){.name = role_name(roles[i].role),
                                         .test_func = test_role,
                                         .initial_state = (void *)(uintptr_t)i};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_state_after);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_parent_death_signal_stays);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_children_of_worker);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refusals_say_why);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_sandbox_beside_threads);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_roles_without_table);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_net_ports);
    return _cmocka_run_group_tests("rights", tests, n, make_world, end_world);
}
