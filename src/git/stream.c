/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many objects by one git child that is fed and read at the same time.  Runs in the engine child
 * and in commands; what git answers is a stranger's bytes, its frame is checked.
 */
#include "git/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#define HEAD_MAX  200u
#define STEP      (256u * 1024) /* bytes of one read: they are still in the cache when used */
#define ASK_BATCH 1024          /* ids written in one go */

struct object_stream {
    struct git *git;
    struct child child;
    int to, from;
    size_t id_len, max;
    char *in; /* what came: in[at .. end), of cap bytes */
    size_t at, end, cap;
    struct buf ask; /* what git is to be told yet, from asked on */
    size_t asked;
    size_t restarts;
};

/* One call of stream_run. */
struct run {
    const unsigned char *const *ids;
    size_t n, told, done;
    bool flushed;
};

static void stop(struct object_stream *s)
{
    fd_auto(&s->to);
    fd_auto(&s->from);
    s->to = s->from = -1;
    child_kill(&s->child);
    s->at = s->end = s->asked = 0;
    buf_reset(&s->ask);
}

static enum rc start(struct object_stream *s, struct err *e)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int in_read = in[0];
    s->to = in[1];
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int out_write = out[1];
    s->from = out[0];
    (void)fcntl(s->from, F_SETPIPE_SZ, 1 << 20); /* fewer turns; the default does as well */
    if (fcntl(s->to, F_SETFL, O_NONBLOCK) != 0)
        return err_errno(e, RC_IO, "a pipe to git");
    const char *const args[] = {"cat-file", "--batch-command", "--buffer", NULL};
    return git_start(s->git, args, in_read, out_write, &s->child, e);
}

enum rc stream_open(struct git *g, size_t max, struct object_stream **ret_s, struct err *e)
{
    AUTO(stream) struct object_stream *s = mem_zalloc(sizeof *s);
    s->git = g;
    s->child = (struct child)CHILD_INIT;
    s->to = s->from = -1;
    s->max = max;
    s->id_len = strcmp(git_object_format(g), "sha256") == 0 ? SHA256_LEN : SHA1_LEN;
    s->cap = 2 * STEP;
    s->in = mem_alloc(s->cap);
    buf_init(&s->ask, (size_t)ASK_BATCH * (GIT_OID_HEX + 12));
    *ret_s = TAKE(s);
    return RC_OK;
}

void stream_close(struct object_stream *s)
{
    if (s == NULL)
        return;
    stop(s);
    buf_release(&s->ask);
    free(s->in);
    free(s);
}

void stream_auto(struct object_stream **s)
{
    stream_close(*s);
}

/* ---- Talking ---- */

/* The next questions into s->ask, when the last ones are written. */
static void fill_ask(struct object_stream *s, struct run *r)
{
    if (s->asked < s->ask.n)
        return;
    buf_reset(&s->ask);
    s->asked = 0;
    size_t to = r->n - r->told > ASK_BATCH ? r->told + ASK_BATCH : r->n;
    for (; r->told < to; r->told++) {
        buf_adds(&s->ask, "contents ");
        hex_add(&s->ask, str_of(r->ids[r->told], s->id_len));
        buf_addc(&s->ask, '\n');
    }
    if (r->told == r->n && !r->flushed) {
        buf_adds(&s->ask, "flush\n");
        r->flushed = true;
    }
}

/* As much as the pipe takes; a git that is gone shows when its answers end. */
static enum rc tell(struct object_stream *s, struct run *r, struct err *e)
{
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    enum rc rc = RC_OK;
    for (;;) {
        fill_ask(s, r);
        if (s->asked == s->ask.n)
            break;
        ssize_t n = write(s->to, s->ask.p + s->asked, s->ask.n - s->asked);
        if (n > 0)
            s->asked += (size_t)n;
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno == EAGAIN)
            break;
        else {
            rc = RC_CLOSED;
            break;
        }
    }
    sigaction(SIGPIPE, &old, NULL);
    return rc == RC_OK ? RC_OK : err_set(e, rc, "git ended");
}

static bool to_tell(const struct object_stream *s, const struct run *r)
{
    return s->asked < s->ask.n || r->told < r->n || !r->flushed;
}

/* Room for `need` bytes from s->at on. */
static void make_room(struct object_stream *s, size_t need)
{
    if (s->at == s->end)
        s->at = s->end = 0;
    if (s->cap - s->at >= need && s->cap - s->end >= STEP)
        return;
    memmove(s->in, s->in + s->at, s->end - s->at);
    s->end -= s->at;
    s->at = 0;
    if (s->cap < need + STEP) {
        s->cap = need + STEP;
        s->in = mem_realloc(s->in, s->cap);
    }
}

/* More bytes, and questions while there are some. RC_CLOSED when git has ended. */
static enum rc more(struct object_stream *s, struct run *r, size_t need, struct err *e)
{
    make_room(s, need);
    for (;;) {
        struct pollfd p[2] = {{.fd = s->from, .events = POLLIN},
                              {.fd = to_tell(s, r) ? s->to : -1, .events = POLLOUT}};
        int n = poll(p, 2, OBJECT_TIMEOUT_MS);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, RC_IO, "waiting for git");
        if (n == 0)
            return err_set(e, RC_TIMEOUT, "git took more than %d ms for an object",
                           OBJECT_TIMEOUT_MS);
        if (p[1].revents && tell(s, r, e) != RC_OK) {
            fd_auto(&s->to); /* what it had answered is still to be read */
            s->to = -1;
            r->told = r->n;
            r->flushed = true;
            s->asked = s->ask.n;
        }
        if (!p[0].revents)
            continue;
        ssize_t got = read(s->from, s->in + s->end, s->cap - s->end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(e, RC_CLOSED, "git ended");
        s->end += (size_t)got;
        return RC_OK;
    }
}

/* ---- One answer ---- */

static struct str have(const struct object_stream *s)
{
    return str_of(s->in + s->at, s->end - s->at);
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

static enum rc answer_line(struct object_stream *s, struct run *r, struct str *ret_line,
                           struct err *e)
{
    for (;;) {
        struct str got = have(s);
        size_t end = str_chr(got, '\n');
        if (end != STR_NPOS) {
            *ret_line = str_sub(got, 0, end);
            s->at += end + 1;
            return RC_OK;
        }
        if (got.n > HEAD_MAX)
            return err_set(e, RC_IO, "git answers in a way that is not known");
        TRY(more(s, r, HEAD_MAX, e));
    }
}

/* "ID TYPE SIZE", or a word why not at the end of the line: then ret_there is false. */
static enum rc read_head(struct str line, size_t id_len, struct object *ret, bool *ret_there,
                         struct err *e)
{
    struct str rest = line, id, type, size;
    struct object o = {.size = 0};
    struct err none;
    *ret_there = false;
    if (!str_cut(&rest, ' ', &id) || id.n != 2 * id_len || !str_cut(&rest, ' ', &type))
        return err_set(e, RC_IO, "git answers in a way that is not known");
    if (rest.n == 0 && str_eq(type, STR("missing")))
        return RC_OK;
    if (!read_type(type, &o.type) || !str_cut(&rest, ' ', &size) || rest.n > 0 ||
        num_parse(size, 0, INT64_MAX - 1, "size", &o.size, &none) != RC_OK)
        return err_set(e, RC_IO, "git answers in a way that is not known");
    *ret = o;
    *ret_there = true;
    return RC_OK;
}

static enum rc drop(struct object_stream *s, struct run *r, uint64_t n, struct err *e)
{
    while (n > 0) {
        size_t part = s->end - s->at < n ? s->end - s->at : (size_t)n;
        s->at += part;
        n -= part;
        if (n > 0)
            TRY(more(s, r, STEP, e));
    }
    return RC_OK;
}

/* RC_CLOSED: git gave up within this answer. *ret_restart: it shall be started anew behind it. */
static enum rc answer(struct object_stream *s, struct run *r, stream_fn fn, void *ctx,
                      bool *ret_restart, struct err *e)
{
    struct str line;
    struct object o;
    bool there;
    size_t nth = r->done;
    TRY(answer_line(s, r, &line, e));
    TRY(read_head(line, s->id_len, &o, &there, e));
    if (there && o.size > s->max) {
        if (o.size > STREAM_SKIP_MAX)
            *ret_restart = true;
        else
            TRY(drop(s, r, o.size + 1, e));
        o.body = STR_NONE;
    } else if (there) {
        while (s->end - s->at < o.size + 1)
            TRY(more(s, r, (size_t)o.size + 1, e));
        o.body = str_of(s->in + s->at, (size_t)o.size);
        s->at += (size_t)o.size + 1;
    }
    r->done++;
    /* A failure of the caller's must not look like one of git's. */
    enum rc rc = fn(ctx, nth, there ? &o : NULL, e);
    return rc == RC_CLOSED ? RC_IO : rc;
}

enum rc stream_run(struct object_stream *s, const unsigned char *const *ids, size_t n, stream_fn fn,
                   void *ctx, struct err *e)
{
    struct run r = {.ids = ids, .n = n};
    while (r.done < n) {
        if (s->restarts > STREAM_RESTARTS_MAX) {
            TRY(fn(ctx, r.done, NULL, e));
            r.done++;
            continue;
        }
        bool restart = false;
        if (s->child.pid == 0) {
            r.told = r.done;
            r.flushed = false;
            TRY(start(s, e));
        }
        enum rc rc = answer(s, &r, fn, ctx, &restart, e);
        if (rc == RC_CLOSED) { /* git ends when it meets a damaged object */
            stop(s);
            s->restarts++;
            TRY(fn(ctx, r.done, NULL, e));
            r.done++;
        } else if (rc != RC_OK) {
            stop(s);
            return rc;
        } else if (restart) {
            stop(s);
        }
    }
    return RC_OK;
}
