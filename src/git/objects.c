/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects by a git child that stays.  Runs in the engine child and in commands; what git answers is
 * a stranger's bytes, its frame is checked.
 */
#include "git/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

#define HEAD_MAX (OBJECT_NAME_MAX + 200)
#define STEP     (256 * 1024)

struct objects {
    struct git *git;
    struct child child;
    int to, from;
    struct buf in; /* what came and was not taken yet, from in_at on */
    size_t in_at;
    struct buf body;
};

static void stop(struct objects *o)
{
    fd_auto(&o->to);
    fd_auto(&o->from);
    o->to = o->from = -1;
    child_kill(&o->child);
    buf_reset(&o->in);
    o->in_at = 0;
}

static enum rc start(struct objects *o, struct err *e)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int in_read = in[0];
    o->to = in[1];
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int out_write = out[1];
    o->from = out[0];
    (void)fcntl(o->from, F_SETPIPE_SZ, 1 << 20); /* fewer turns; the default does as well */
    const char *const args[] = {"cat-file", "--batch-command", NULL};
    return git_start(o->git, args, in_read, out_write, &o->child, e);
}

enum rc objects_open(struct git *g, struct objects **ret_o, struct err *e)
{
    AUTO(objects) struct objects *o = mem_zalloc(sizeof *o);
    o->git = g;
    o->child = (struct child)CHILD_INIT;
    o->to = o->from = -1;
    buf_init(&o->in, STEP * 2);
    buf_init(&o->body, SIZE_MAX / 4);
    TRY(start(o, e));
    *ret_o = TAKE(o);
    return RC_OK;
}

void objects_close(struct objects *o)
{
    if (o == NULL)
        return;
    stop(o);
    buf_release(&o->in);
    buf_release(&o->body);
    free(o);
}

void objects_auto(struct objects **o)
{
    objects_close(*o);
}

/* ---- Talking ---- */

static struct str have(const struct objects *o)
{
    return str_sub(buf_str(&o->in), o->in_at, o->in.n);
}

/* More bytes into o->in; RC_CLOSED when git has ended. */
static enum rc more(struct objects *o, struct err *e)
{
    if (o->in_at == o->in.n) {
        buf_reset(&o->in);
        o->in_at = 0;
    } else if (o->in.n > STEP) {
        buf_drop(&o->in, o->in_at);
        o->in_at = 0;
    }
    struct pollfd p = {.fd = o->from, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, OBJECT_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return err_set(e, RC_TIMEOUT, "git took more than %d ms for an object", OBJECT_TIMEOUT_MS);
    char *room = buf_room(&o->in, STEP / 2);
    BUG_ON(room == NULL);
    ssize_t got;
    do
        got = read(o->from, room, STEP / 2);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return err_set(e, RC_CLOSED, "git ended");
    buf_grown(&o->in, (size_t)got);
    return RC_OK;
}

static enum rc ask(struct objects *o, const char *what, struct str name, struct err *e)
{
    AUTO(buf) struct buf line = BUF_INIT(HEAD_MAX);
    buf_addf(&line, "%s ", what);
    buf_add(&line, name);
    buf_addc(&line, '\n');
    TRY(buf_ok(&line, "the name of an object", e));
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    bool written = fd_write_all(o->to, buf_str(&line), NULL) == RC_OK;
    sigaction(SIGPIPE, &old, NULL);
    return written ? RC_OK : err_set(e, RC_CLOSED, "git ended");
}

/* The line of the answer; it stays valid until more(). */
static enum rc answer_line(struct objects *o, struct str *ret_line, struct err *e)
{
    for (;;) {
        struct str got = have(o);
        size_t end = str_chr(got, '\n');
        if (end != STR_NPOS) {
            *ret_line = str_sub(got, 0, end);
            o->in_at += end + 1;
            return RC_OK;
        }
        if (got.n > HEAD_MAX)
            return err_set(e, RC_IO, "git answers in a way that is not known");
        TRY(more(o, e));
    }
}

static bool read_type(struct str type, enum object_type *ret_t)
{
    static const char *const names[] = {"commit", "tree", "blob", "tag"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(type, str_c(names[i]))) {
            *ret_t = (enum object_type)i;
            return true;
        }
    }
    return false;
}

/* "ID TYPE SIZE", or a word why not at the end of the line. */
static enum rc read_answer(struct str line, struct object *ret, struct err *e)
{
    struct str rest = line, id, type, size;
    struct object o = {.size = 0};
    struct err none;
    if (str_cut(&rest, ' ', &id) && git_oid_ok(id) && str_cut(&rest, ' ', &type) &&
        read_type(type, &o.type) && str_cut(&rest, ' ', &size) && rest.n == 0 &&
        num_parse(size, 0, INT64_MAX, "size", &o.size, &none) == RC_OK) {
        memcpy(o.oid, id.p, id.n);
        o.body = STR_NONE;
        *ret = o;
        return RC_OK;
    }
    if (str_ends(line, STR(" ambiguous")))
        return err_set(e, RC_CONFLICT, "the name fits several objects");
    if (str_ends(line, STR(" missing")))
        return err_set(e, RC_NOTFOUND, "there is no such object in this repository");
    return err_set(e, RC_IO, "git answers in a way that is not known");
}

/* size bytes and a line end into o->body; with size over max they are read and dropped. */
static enum rc read_body(struct objects *o, uint64_t size, bool keep, struct err *e)
{
    uint64_t left = size + 1;
    buf_reset(&o->body);
    while (left > 0) {
        struct str got = have(o);
        if (got.n == 0) {
            TRY(more(o, e));
            continue;
        }
        struct str part = str_sub(got, 0, left);
        if (keep)
            buf_add(&o->body, part);
        o->in_at += part.n;
        left -= part.n;
    }
    if (keep)
        buf_cut(&o->body, size);
    return RC_OK;
}

static enum rc question(struct objects *o, struct str name, const size_t *max, struct object *ret,
                        struct err *e)
{
    struct str line;
    if (o->child.pid == 0)
        TRY(start(o, e));
    TRY(ask(o, max ? "contents" : "info", name, e));
    TRY(answer_line(o, &line, e));
    TRY(read_answer(line, ret, e));
    if (max == NULL)
        return RC_OK;
    bool keep = ret->size <= *max;
    TRY(read_body(o, ret->size, keep, e));
    if (!keep)
        return err_set(e, RC_LIMIT, "an object has %llu bytes, %zu are the limit",
                       (unsigned long long)ret->size, *max);
    ret->body = buf_str(&o->body);
    return RC_OK;
}

/* Git ends when it meets a damaged object: that is one question without an answer. */
static enum rc guarded(struct objects *o, struct str name, const size_t *max, struct object *ret,
                       struct err *e)
{
    if (name.n == 0 || name.n > OBJECT_NAME_MAX || str_chr(name, '\n') != STR_NPOS ||
        str_chr(name, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "that is no name of an object");
    enum rc rc = question(o, name, max, ret, e);
    if (rc == RC_CLOSED) {
        stop(o);
        return err_set(e, RC_NOTFOUND, "an object of this repository is damaged");
    }
    if (rc == RC_IO || rc == RC_TIMEOUT)
        stop(o);
    return rc;
}

enum rc objects_info(struct objects *o, struct str name, struct object *ret, struct err *e)
{
    return guarded(o, name, NULL, ret, e);
}

enum rc objects_read(struct objects *o, struct str name, size_t max, struct object *ret,
                     struct err *e)
{
    return guarded(o, name, &max, ret, e);
}

enum rc objects_file(struct objects *o, struct str tree, struct str path, size_t max,
                     struct object *ret, struct err *e)
{
    if (!git_oid_ok(tree) || !git_path_ok(path))
        return err_set(e, RC_INVALID, "that is no name of a file");
    AUTO(buf) struct buf name = BUF_INIT(OBJECT_NAME_MAX);
    buf_add(&name, tree);
    buf_addc(&name, ':');
    buf_add(&name, path);
    TRY(objects_read(o, buf_str(&name), max, ret, e));
    if (ret->type != OBJECT_BLOB)
        return err_set(e, RC_INVALID, "that is no file but a folder or submodule");
    return RC_OK;
}

/* ---- Reading them ---- */

bool tree_next(struct str *rest, size_t hash_len, struct tree_entry *ret_t)
{
    struct str s = *rest;
    size_t space = str_chr(s, ' ');
    if (space == STR_NPOS || space == 0 || space > 6)
        return false;
    struct tree_entry t = {.mode = 0};
    for (size_t i = 0; i < space; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return false;
        t.mode = t.mode * 8 + (uint32_t)(s.p[i] - '0');
    }
    s = str_sub(s, space + 1, s.n);
    size_t nul = str_chr(s, '\0');
    if (nul == STR_NPOS || nul == 0 || s.n - nul - 1 < hash_len)
        return false;
    t.name = str_sub(s, 0, nul);
    t.id = (const unsigned char *)s.p + nul + 1;
    *rest = str_sub(s, nul + 1 + hash_len, s.n);
    *ret_t = t;
    return true;
}

bool object_header(struct str body, const char *name, size_t i, struct str *ret_value)
{
    struct str rest = body, line, key = str_c(name);
    while (str_cut(&rest, '\n', &line) && line.n > 0) {
        if (!str_starts(line, key) || line.n <= key.n || line.p[key.n] != ' ')
            continue;
        if (i-- == 0) {
            *ret_value = str_sub(line, key.n + 1, line.n);
            return true;
        }
    }
    return false;
}

int64_t object_date_s(struct str person)
{
    size_t close = str_rchr(person, '>');
    struct str rest = str_trim(str_sub(person, close == STR_NPOS ? 0 : close + 1, person.n));
    size_t space = str_chr(rest, ' ');
    uint64_t n;
    struct err e;
    if (num_parse(str_sub(rest, 0, space == STR_NPOS ? rest.n : space), 0, INT64_MAX / 1000000,
                  "date", &n, &e) != RC_OK)
        return 0;
    return (int64_t)n;
}
