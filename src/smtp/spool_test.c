/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of spool records, and the torture: each operation of a commit fails in turn, or the
 * process dies there; what was acknowledged must be whole in new/, what was not must not be half.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/when.h"
#include "os/file.h"
#include "smtp/spool_format.h"

#define NOW_US (INT64_C(1700000000) * US_PER_S)

struct place {
    char path[64];
    int dirfd;
    unsigned char pk[SPOOL_KEY_LEN];
    struct spool_key key;
    struct spool *sp;
};

static void place_open(struct place *p)
{
    struct err e = ERR_INIT;
    snprintf(p->path, sizeof p->path, "/tmp/vulndesk-spool-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->dirfd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->dirfd >= 0);
    assert_true(sodium_init() >= 0);
    crypto_box_keypair(p->pk, p->key.secret);
    assert_int_equal(spool_open(p->dirfd, p->pk, &p->sp, &e), RC_OK);
}

static void place_close(struct place *p)
{
    struct err e = ERR_INIT;
    spool_free(p->sp);
    close(p->dirfd);
    assert_int_equal(dir_remove(AT_FDCWD, p->path, &e), RC_OK);
}

static const struct str rcpts[] = {{"security@desk.example", 21}, {"security+x@desk.example", 23}};

static struct smtp_envelope an_envelope(void)
{
    return (struct smtp_envelope){.from = STR("a@sender.example"),
                                  .from_known = true,
                                  .rcpts = rcpts,
                                  .n_rcpts = 2,
                                  .peer = STR("2001:db8::1"),
                                  .helo = STR("client.example"),
                                  .proto = STR("ESMTPS"),
                                  .tls = true,
                                  .smtputf8 = false,
                                  .received_us = NOW_US,
                                  .declared_size = 4711};
}

/* A record of the mail in new/. */
static enum rc put(struct place *p, struct str mail, char ret_id[SPOOL_ID_LEN + 1])
{
    struct err e = ERR_INIT;
    struct smtp_envelope v = an_envelope();
    struct spool_writer *w;
    enum rc each;
    TRY(spool_begin(p->sp, &v, NOW_US, &w, &e));
    memcpy(ret_id, spool_writer_id(w), SPOOL_ID_LEN + 1);
    enum rc rc = spool_write(w, mail, &e);
    if (rc == RC_OK)
        rc = spool_finish(w, &e);
    if (rc != RC_OK) {
        spool_abort(w);
        return rc;
    }
    TRY(spool_commit(p->sp, &w, 1, &each, &e));
    assert_int_equal(each, RC_OK);
    return RC_OK;
}

struct opened {
    struct arena *arena;
    struct spool_mail mail;
    struct buf raw;
};

static void opened_auto(struct opened *o)
{
    arena_free(o->arena);
    buf_release(&o->raw);
}

static enum rc open_fd(const struct spool_key *key, int fd, const char *id, uint64_t max,
                       struct opened *ret, struct err *e)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    *ret = (struct opened){.arena = arena_new(1 << 20), .raw = BUF_INIT(64 << 20)};
    ret->mail.arena = ret->arena;
    enum rc rc = spool_read(fd, key, id, fileno(f), max, &ret->mail, e);
    if (rc == RC_OK) {
        assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
        rc = fd_read_all(fileno(f), 64 << 20, &ret->raw, e);
    }
    fclose(f);
    return rc;
}

static enum rc open_id(struct place *p, const char *id, struct opened *ret, struct err *e)
{
    char path[100];
    snprintf(path, sizeof path, "new/%s", id);
    AUTO(fd) int fd = openat(p->dirfd, path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return open_fd(&p->key, fd, id, UINT64_MAX, ret, e);
}

static size_t count_files(struct place *p, const char *dir)
{
    size_t n = 0;
    int fd = openat(p->dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(fd);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* ---- records ---- */

static void test_sizes_around_a_chunk_come_back(void **state)
{
    (void)state;
    struct place p;
    place_open(&p);
    const size_t sizes[] = {0,
                            1,
                            4096,
                            SPOOL_CHUNK - 1,
                            SPOOL_CHUNK,
                            SPOOL_CHUNK + 1,
                            3 * SPOOL_CHUNK,
                            3 * SPOOL_CHUNK + 17};
    char *mail = mem_alloc(4 * SPOOL_CHUNK);
    random_bytes(mail, 4 * SPOOL_CHUNK);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char id[SPOOL_ID_LEN + 1];
        struct err e = ERR_INIT;
        AUTO(opened) struct opened o = {0};
        assert_int_equal(put(&p, str_of(mail, sizes[i]), id), RC_OK);
        assert_int_equal(open_id(&p, id, &o, &e), RC_OK);
        assert_true(str_eq(buf_str(&o.raw), str_of(mail, sizes[i])));
        assert_int_equal(o.mail.size, sizes[i]);
        assert_string_equal(o.mail.id, id);
    }
    free(mail);
    place_close(&p);
}

static void test_the_envelope_comes_back(void **state)
{
    (void)state;
    struct place p;
    char id[SPOOL_ID_LEN + 1];
    struct err e = ERR_INIT;
    AUTO(opened) struct opened o = {0};
    place_open(&p);
    assert_int_equal(put(&p, STR("x"), id), RC_OK);
    assert_int_equal(open_id(&p, id, &o, &e), RC_OK);
    const struct smtp_envelope *v = &o.mail.envelope, want = an_envelope();
    assert_true(str_eq(v->from, want.from) && v->from_known);
    assert_int_equal(v->n_rcpts, 2);
    assert_true(str_eq(v->rcpts[0], rcpts[0]) && str_eq(v->rcpts[1], rcpts[1]));
    assert_true(str_eq(v->peer, want.peer) && str_eq(v->helo, want.helo));
    assert_true(str_eq(v->proto, want.proto) && v->tls && !v->smtputf8);
    assert_true(v->received_us == NOW_US && v->declared_size == 4711);
    place_close(&p);
}

static void test_ids_sort_by_time(void **state)
{
    (void)state;
    struct place p;
    place_open(&p);
    struct smtp_envelope v = an_envelope();
    struct spool_writer *a, *b;
    assert_int_equal(spool_begin(p.sp, &v, NOW_US, &a, NULL), RC_OK);
    assert_int_equal(spool_begin(p.sp, &v, NOW_US + 1, &b, NULL), RC_OK);
    assert_true(strcmp(spool_writer_id(a), spool_writer_id(b)) < 0);
    assert_true(spool_id_valid(str_c(spool_writer_id(a))));
    assert_false(spool_id_valid(STR("../x")));
    spool_abort(a);
    spool_abort(b);
    assert_int_equal(count_files(&p, "tmp"), 0);
    place_close(&p);
}

/* The record's octets in memory, and a check of a changed copy of them. */
static void load(struct place *p, const char *id, struct buf *b)
{
    char path[100];
    snprintf(path, sizeof path, "new/%s", id);
    assert_int_equal(file_read(p->dirfd, path, 1 << 20, b, NULL), RC_OK);
}

static enum rc open_octets(struct place *p, struct str octets, const char *id, struct err *e)
{
    AUTO(opened) struct opened o = {0};
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(fwrite(octets.p, 1, octets.n, f), octets.n);
    fflush(f);
    rewind(f);
    enum rc rc = open_fd(&p->key, fileno(f), id, UINT64_MAX, &o, e);
    fclose(f);
    return rc;
}

static void test_every_cut_and_every_changed_octet_is_refused(void **state)
{
    (void)state;
    struct place p;
    char id[SPOOL_ID_LEN + 1];
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    place_open(&p);
    assert_int_equal(put(&p, STR("a mail\r\n"), id), RC_OK);
    load(&p, id, &b);
    assert_int_equal(open_octets(&p, buf_str(&b), id, NULL), RC_OK);
    for (size_t n = 0; n < b.n; n++) {
        struct err e = ERR_INIT;
        assert_int_equal(open_octets(&p, str_sub(buf_str(&b), 0, n), id, &e), RC_INVALID);
        assert_true(e.msg[0] != '\0');
    }
    for (size_t i = 0; i < b.n; i++) {
        struct err e = ERR_INIT;
        b.p[i] ^= 0x20;
        assert_int_equal(open_octets(&p, buf_str(&b), id, &e), RC_INVALID);
        assert_true(e.msg[0] != '\0');
        b.p[i] ^= 0x20;
    }
    buf_addc(&b, 'x');
    assert_int_equal(open_octets(&p, buf_str(&b), id, NULL), RC_INVALID);
    place_close(&p);
}

static void test_cut_between_chunks_is_refused(void **state)
{
    (void)state;
    struct place p;
    char id[SPOOL_ID_LEN + 1];
    AUTO(buf) struct buf b = BUF_INIT(1 << 20), mail = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    place_open(&p);
    for (size_t i = 0; i < 2 * SPOOL_CHUNK; i++)
        buf_addc(&mail, 'm');
    assert_int_equal(put(&p, buf_str(&mail), id), RC_OK);
    load(&p, id, &b);
    const size_t last = 4 + SPOOL_STREAM_ADD, chunk = last + SPOOL_CHUNK;
    assert_int_equal(open_octets(&p, str_sub(buf_str(&b), 0, b.n - last), id, &e), RC_INVALID);
    assert_string_equal(e.msg, "the spool record is cut short");
    /* The two chunks of mail change places. */
    char *first = b.p + b.n - last - 2 * chunk, *hold = mem_strndup(first, chunk);
    memmove(first, first + chunk, chunk);
    memcpy(first + chunk, hold, chunk);
    free(hold);
    assert_int_equal(open_octets(&p, buf_str(&b), id, &e), RC_INVALID);
    place_close(&p);
}

static void test_other_name_key_version_and_limit(void **state)
{
    (void)state;
    struct place p;
    char id[SPOOL_ID_LEN + 1], other[SPOOL_ID_LEN + 1];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    place_open(&p);
    assert_int_equal(put(&p, STR("12345"), id), RC_OK);
    assert_int_equal(put(&p, STR("12345"), other), RC_OK);
    load(&p, id, &b);
    assert_int_equal(open_octets(&p, buf_str(&b), other, &e), RC_INVALID);
    assert_string_equal(e.msg, "the spool record's id is not its name");
    b.p[SPOOL_MAGIC_LEN - 1] = 2;
    assert_int_equal(open_octets(&p, buf_str(&b), id, &e), RC_INVALID);
    assert_string_equal(e.msg, "the spool record has format 2, this version reads 1");
    char path[100];
    snprintf(path, sizeof path, "new/%s", id);
    AUTO(fd) int fd = openat(p.dirfd, path, O_RDONLY | O_CLOEXEC);
    AUTO(opened) struct opened o = {0}, o2 = {0};
    assert_int_equal(open_fd(&p.key, fd, id, 4, &o, &e), RC_LIMIT);
    crypto_box_keypair(p.pk, p.key.secret);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(open_fd(&p.key, fd, id, 5, &o2, &e), RC_INVALID);
    assert_string_equal(e.msg, "the spool record is sealed to another key or damaged");
    place_close(&p);
}

static void test_a_named_record_is_one_record(void **state)
{
    struct place p;
    struct err e = ERR_INIT;
    struct smtp_envelope v = an_envelope();
    char id[SPOOL_ID_LEN + 1], other[SPOOL_ID_LEN + 1];
    place_open(&p);
    spool_id_of(STR("imaps://mail.example INBOX 7 12"), id);
    spool_id_of(STR("imaps://mail.example INBOX 7 13"), other);
    assert_true(spool_id_valid(str_c(id)) && strcmp(id, other) != 0);
    /* Left in tmp/ by one that died; then brought twice. */
    int fd = openat(p.dirfd, "tmp", O_RDONLY | O_DIRECTORY), left;
    assert_true((left = openat(fd, id, O_WRONLY | O_CREAT, 0600)) >= 0);
    close(left);
    close(fd);
    for (int i = 0; i < 2; i++) {
        struct spool_writer *w;
        enum rc each;
        assert_int_equal(spool_begin_as(p.sp, &v, id, &w, &e), RC_OK);
        assert_int_equal(spool_write(w, STR("Subject: one\r\n\r\n"), &e), RC_OK);
        assert_int_equal(spool_finish(w, &e), RC_OK);
        assert_int_equal(spool_commit(p.sp, &w, 1, &each, &e), RC_OK);
    }
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    load(&p, id, &b);
    assert_true(b.n > 0);
    place_close(&p);
}

static void test_stale_files_are_cleaned(void **state)
{
    (void)state;
    struct place p;
    size_t removed = 99;
    struct err e = ERR_INIT;
    place_open(&p);
    struct stat st;
    AUTO(fd)
    int young = openat(p.dirfd, "tmp/0123456789abcdef0123456789abcdee",
                       O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    AUTO(fd) int alien = openat(p.dirfd, "tmp/README", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(fstat(young, &st), 0);
    int64_t now_us = (int64_t)st.st_mtime * US_PER_S;
    assert_int_equal(spool_clean(p.sp, now_us, SPOOL_STALE_S, &removed, &e), RC_OK);
    assert_int_equal(removed, 0);
    now_us += (SPOOL_STALE_S + 1) * US_PER_S;
    assert_int_equal(spool_clean(p.sp, now_us, SPOOL_STALE_S, &removed, &e), RC_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(count_files(&p, "tmp"), 1);
    place_close(&p);
}

static void test_trace_header(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(SMTP_TRACE_MAX);
    struct smtp_envelope v = an_envelope();
    smtp_trace_add(&b, &v, "desk.example", "ID", "\r\n");
    assert_string_equal(buf_c(&b), "Return-Path: <a@sender.example>\r\n"
                                   "Received: from client.example ([IPv6:2001:db8::1])\r\n"
                                   "\tby desk.example with ESMTPS id ID;\r\n"
                                   "\tTue, 14 Nov 2023 22:13:20 +0000\r\n");
    buf_reset(&b);
    v.n_rcpts = 1;
    v.from = STR_NONE;
    v.helo = STR_NONE;
    v.peer = STR("local");
    smtp_trace_add(&b, &v, "desk.example", "ID", "\n");
    assert_string_equal(buf_c(&b), "Return-Path: <>\n"
                                   "Received: from unknown (local)\n"
                                   "\tby desk.example with ESMTPS id ID\n"
                                   "\tfor <security@desk.example>;\n"
                                   "\tTue, 14 Nov 2023 22:13:20 +0000\n");
}

static void test_envelope_json_is_strict(void **state)
{
    (void)state;
    AUTO(buf) struct buf good = BUF_INIT(10000);
    struct smtp_envelope v = an_envelope(), got;
    assert_int_equal(smtp_envelope_write(&good, &v, NULL), RC_OK);
    const char *bad[] = {
        "",
        "[]",
        "{}",
        "{\"from\":1}",
        "{\"from\":\"a\",\"rcpts\":[1],\"peer\":\"\",\"helo\":\"\",\"tls\":true,\"proto\":\"x\","
        "\"received_us\":1,\"size\":0,\"smtputf8\":false}",
        "{\"from\":\"a\\nb\",\"rcpts\":[],\"peer\":\"\",\"helo\":\"\",\"tls\":true,"
        "\"proto\":\"x\",\"received_us\":1,\"size\":0,\"smtputf8\":false}",
        "{\"from\":\"a\",\"rcpts\":[],\"peer\":\"\",\"helo\":\"\",\"tls\":true,\"proto\":\"x\","
        "\"received_us\":-1,\"size\":0,\"smtputf8\":false}"};
    AUTO(arena) struct arena *a = arena_new(100000);
    assert_int_equal(smtp_envelope_read(a, buf_str(&good), &got, NULL), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(smtp_envelope_read(a, str_c(bad[i]), &got, NULL), RC_INVALID);
}

/* ---- faults ---- */

struct fault {
    int left;   /* operations before the fault */
    int error;  /* errno, or 0: die */
    int passed; /* operations seen */
};

static int on_op(void *arg, enum spool_op op)
{
    struct fault *f = arg;
    f->passed++;
    if (f->left-- != 0)
        return 0;
    if (f->error == 0)
        raise(SIGKILL);
    return f->error;
}

#define BATCH 3
static struct str batch_mail(size_t i)
{
    static char text[BATCH][2 * SPOOL_CHUNK];
    memset(text[i], 'a' + (int)i, sizeof text[i]);
    return str_of(text[i], i == 1 ? sizeof text[i] : 100 + i);
}

/* Three mails in one batch; ret_ok[i] tells whether the i-th may be acknowledged as ids[i]. */
static void put_batch(struct place *p, char ids[BATCH][SPOOL_ID_LEN + 1], bool ret_ok[BATCH])
{
    struct spool_writer *w[BATCH];
    size_t which[BATCH], n = 0;
    enum rc each[BATCH];
    struct err e = ERR_INIT;
    struct smtp_envelope v = an_envelope();
    memset(ret_ok, 0, BATCH * sizeof *ret_ok);
    for (size_t i = 0; i < BATCH; i++) {
        if (spool_begin(p->sp, &v, NOW_US, &w[n], &e) != RC_OK)
            continue;
        memcpy(ids[i], spool_writer_id(w[n]), SPOOL_ID_LEN + 1);
        if (spool_write(w[n], batch_mail(i), &e) != RC_OK || spool_finish(w[n], &e) != RC_OK) {
            spool_abort(w[n]);
            continue;
        }
        which[n++] = i;
    }
    enum rc rc = spool_commit(p->sp, w, n, each, &e);
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        ret_ok[which[i]] = each[i] == RC_OK;
        all &= each[i] == RC_OK;
    }
    assert_int_equal(rc == RC_OK, all);
}

static void check_whole(struct place *p, const char *id, size_t i)
{
    struct err e = ERR_INIT;
    AUTO(opened) struct opened o = {0};
    assert_int_equal(open_id(p, id, &o, &e), RC_OK);
    assert_true(str_eq(buf_str(&o.raw), batch_mail(i)));
}

static void test_each_failing_operation(void **state)
{
    (void)state;
    const int errors[] = {EIO, ENOSPC};
    int faults = 0;
    for (size_t k = 0; k < ARRAY_LEN(errors); k++) {
        bool all = false;
        for (int n = 0; !all; n++) {
            struct place p;
            struct fault f = {.left = n, .error = errors[k]};
            char ids[BATCH][SPOOL_ID_LEN + 1];
            bool ok[BATCH];
            size_t acknowledged = 0;
            place_open(&p);
            spool_set_fault(p.sp, on_op, &f);
            put_batch(&p, ids, ok);
            for (size_t i = 0; i < BATCH; i++) {
                if (ok[i])
                    check_whole(&p, ids[i], i);
                acknowledged += ok[i];
            }
            assert_int_equal(count_files(&p, "tmp"), 0);
            assert_int_equal(count_files(&p, "new"), acknowledged);
            all = f.left >= 0;
            assert_true(all == (acknowledged == BATCH));
            faults += !all;
            place_close(&p);
        }
    }
    assert_in_range(faults, 30, 200);
}

static int count_operations(void)
{
    struct place p;
    struct fault f = {.left = -1};
    char ids[BATCH][SPOOL_ID_LEN + 1];
    bool ok[BATCH];
    place_open(&p);
    spool_set_fault(p.sp, on_op, &f);
    put_batch(&p, ids, ok);
    place_close(&p);
    return f.passed;
}

/* Puts batches; writes each id that it may acknowledge to out; dies at the n-th operation. */
static void doomed_child(struct place *p, int n, int out)
{
    struct fault f = {.left = n, .error = 0};
    char ids[BATCH][SPOOL_ID_LEN + 1];
    bool ok[BATCH];
    spool_set_fault(p->sp, on_op, &f);
    for (int round = 0; round < 2; round++) {
        put_batch(p, ids, ok);
        for (size_t i = 0; i < BATCH; i++) {
            char line[SPOOL_ID_LEN + 2];
            snprintf(line, sizeof line, "%zu%s", i, ids[i]);
            if (ok[i] && write(out, line, sizeof line - 1) != sizeof line - 1)
                _exit(1);
        }
    }
    _exit(0);
}

static void test_death_at_each_operation(void **state)
{
    (void)state;
    int operations = count_operations();
    assert_in_range(operations, 16, 100);
    for (int n = 0; n < 2 * operations; n++) {
        struct place p;
        int pipes[2], status;
        AUTO(buf) struct buf acknowledged = BUF_INIT(10000);
        place_open(&p);
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            doomed_child(&p, n, pipes[1]);
        close(pipes[1]);
        assert_int_equal(fd_read_all(pipes[0], 10000, &acknowledged, NULL), RC_OK);
        close(pipes[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        const size_t line = SPOOL_ID_LEN + 1;
        assert_int_equal(acknowledged.n, n < operations ? 0 : BATCH * line);
        for (size_t at = 0; at < acknowledged.n; at += line) {
            char id[SPOOL_ID_LEN + 1] = "";
            memcpy(id, acknowledged.p + at + 1, SPOOL_ID_LEN);
            check_whole(&p, id, (size_t)(acknowledged.p[at] - '0'));
        }
        place_close(&p);
    }
}

/* ---- ingest ---- */

static enum rc ingest(struct place *p, struct str mail, uint64_t max, struct opened *ret)
{
    FILE *f = tmpfile();
    struct err e = ERR_INIT;
    char id[SPOOL_ID_LEN + 1];
    struct smtp_envelope v = {.rcpts = rcpts, .n_rcpts = 1};
    const struct spool_ingest in = {p->sp, "desk.example", max, NOW_US};
    assert_non_null(f);
    assert_int_equal(fwrite(mail.p, 1, mail.n, f), mail.n);
    fflush(f);
    rewind(f);
    enum rc rc = spool_ingest(&in, &v, fileno(f), id, &e);
    /* Read to its end, whatever became of it. */
    char more;
    assert_int_equal(read(fileno(f), &more, 1), 0);
    fclose(f);
    return rc == RC_OK ? open_id(p, id, ret, &e) : rc;
}

static void test_ingest_keeps_octets_but_the_from_line(void **state)
{
    (void)state;
    struct place p;
    place_open(&p);
    const struct {
        struct str in, out;
        const char *eol;
    } cases[] = {
        {STR("From a@b Mon Jan 1\nSubject: x\n\nFrom here\n"), STR("Subject: x\n\nFrom here\n"),
         "\n"},
        {STR("From a@b Mon Jan 1\r\nSubject: x\r\n\r\nb\n"), STR("Subject: x\r\n\r\nb\n"), "\r\n"},
        {STR("Subject: x\n\n\0.\n.\r\n"), STR("Subject: x\n\n\0.\n.\r\n"), "\n"},
        {STR("From: a@b"), STR("From: a@b"), "\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(opened) struct opened o = {0};
        AUTO(buf) struct buf want = BUF_INIT(10000);
        assert_int_equal(ingest(&p, cases[i].in, 10000, &o), RC_OK);
        assert_false(o.mail.envelope.from_known);
        assert_true(str_eq(o.mail.envelope.peer, STR("stdin")));
        smtp_trace_add(&want, &o.mail.envelope, "desk.example", o.mail.id, cases[i].eol);
        buf_add(&want, cases[i].out);
        assert_true(str_eq(buf_str(&o.raw), buf_str(&want)));
    }
    place_close(&p);
}

static void test_ingest_limits_and_exit_codes(void **state)
{
    (void)state;
    struct place p;
    place_open(&p);
    AUTO(buf) struct buf mail = BUF_INIT(1 << 20);
    for (size_t i = 0; i < 3 * SPOOL_CHUNK; i++)
        buf_addc(&mail, 'm');
    AUTO(opened) struct opened o = {0};
    assert_int_equal(ingest(&p, STR(""), 10, &o), RC_INVALID);
    assert_int_equal(ingest(&p, STR("From x\n"), 10, &o), RC_INVALID);
    assert_int_equal(ingest(&p, buf_str(&mail), mail.n - 1, &o), RC_LIMIT);
    struct fault f = {.left = 5, .error = ENOSPC};
    spool_set_fault(p.sp, on_op, &f);
    assert_int_equal(ingest(&p, buf_str(&mail), mail.n, &o), RC_IO);
    assert_int_equal(count_files(&p, "tmp") + count_files(&p, "new"), 0);
    assert_int_equal(ingest(&p, buf_str(&mail), mail.n, &o), RC_OK);
    assert_int_equal(spool_ingest_exit(RC_OK), 0);
    assert_int_equal(spool_ingest_exit(RC_LIMIT), EX_DATAERR);
    assert_int_equal(spool_ingest_exit(RC_IO), EX_TEMPFAIL);
    assert_int_equal(spool_ingest_exit(RC_INTERNAL), EX_TEMPFAIL);
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_around_a_chunk_come_back),
        cmocka_unit_test(test_the_envelope_comes_back),
        cmocka_unit_test(test_ids_sort_by_time),
        cmocka_unit_test(test_every_cut_and_every_changed_octet_is_refused),
        cmocka_unit_test(test_cut_between_chunks_is_refused),
        cmocka_unit_test(test_other_name_key_version_and_limit),
        cmocka_unit_test(test_a_named_record_is_one_record),
        cmocka_unit_test(test_stale_files_are_cleaned),
        cmocka_unit_test(test_trace_header),
        cmocka_unit_test(test_envelope_json_is_strict),
        cmocka_unit_test(test_each_failing_operation),
        cmocka_unit_test(test_death_at_each_operation),
        cmocka_unit_test(test_ingest_keeps_octets_but_the_from_line),
        cmocka_unit_test(test_ingest_limits_and_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
