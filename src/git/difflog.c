/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the output of `git diff-tree --stdin`: one commit at a time, into slices.  Runs in commands
 * and in the engine child; messages, names and lines are a stranger's bytes.
 */
#include "git/difflog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "git/name.h"
#include "os/file.h"

/* No line of a patch begins with NUL, and no message holds one. */
#define MARK "\0\0"
#define FORMAT                                                                                     \
    "--format=%x00%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%B%x00" /* and a line end */
#define FIELDS     7
#define READ_SIZE  (256u << 10)
#define ARENA_MAX  (1u << 30)
#define CUT_KEEP   (DIFFLOG_COMMIT_MAX / 2)
#define ARGS_FIXED 20

struct str diff_file_path(const struct diff_file *f)
{
    return f->new_path.n ? f->new_path : f->old_path;
}

/* ---- One commit ---- */

static int64_t seconds(struct str s)
{
    uint64_t n;
    struct err e;
    return num_parse(s, 0, INT64_MAX / US_PER_S, "date", &n, &e) == RC_OK ? (int64_t)n * US_PER_S
                                                                          : 0;
}

static bool read_header(struct str *rest, struct diff_commit *c)
{
    struct str f[FIELDS];
    if (rest->n < 2 || memcmp(rest->p, MARK, 2) != 0)
        return false;
    *rest = str_sub(*rest, 2, rest->n);
    for (size_t i = 0; i < FIELDS; i++) {
        size_t nul = str_chr(*rest, '\0');
        if (nul == STR_NPOS)
            return false;
        f[i] = str_sub(*rest, 0, nul);
        *rest = str_sub(*rest, nul + 1, rest->n);
    }
    if (!git_oid_ok(f[0]))
        return false;
    c->id = f[0];
    c->parents = f[1];
    c->author = f[2];
    c->email = f[3];
    c->author_us = seconds(f[4]);
    c->commit_us = seconds(f[5]);
    c->message = str_sub(f[6], 0, DIFFLOG_MESSAGE_MAX);
    struct str m = c->message;
    (void)str_line(&m, &c->subject);
    while (rest->n && rest->p[0] == '\n')
        *rest = str_sub(*rest, 1, rest->n);
    return true;
}

static int octal(struct str s, size_t at)
{
    if (at + 3 > s.n)
        return -1;
    int v = 0;
    for (size_t i = at; i < at + 3; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return -1;
        v = v * 8 + (s.p[i] - '0');
    }
    return v;
}

static char unescape(char c)
{
    static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : '\0';
}

/* git quotes a path with special bytes as C does ("a\tb", "\303\244"). */
static struct str unquote(struct str s, struct arena *a)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return s;
    s = str_sub(s, 1, s.n - 2);
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        if (s.p[i] != '\\' || i + 1 == s.n) {
            out[n++] = s.p[i];
            continue;
        }
        int v = octal(s, i + 1);
        if (v >= 0) {
            out[n++] = (char)v;
            i += 3;
        } else {
            out[n++] = unescape(s.p[++i]);
        }
    }
    return out ? str_of(out, n) : STR_NONE;
}

/* ":100644 100644 OLD NEW M<tab>path" */
static bool read_raw(struct str line, struct arena *a, struct diff_file *f)
{
    size_t tab = str_chr(line, '\t');
    if (line.n < 2 || line.p[0] != ':' || tab == STR_NPOS || tab < 2)
        return false;
    struct str head = str_sub(line, 0, tab), path = unquote(str_sub(line, tab + 1, line.n), a);
    size_t space = str_rchr(head, ' ');
    if (space == STR_NPOS || space + 1 >= head.n)
        return false;
    f->status = head.p[space + 1];
    f->old_path = f->status == 'A' ? STR_NONE : path;
    f->new_path = f->status == 'D' ? STR_NONE : path;
    return path.n > 0;
}

static size_t count_lines(struct str s)
{
    size_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; s.n && p < end; n++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
    }
    return n;
}

static enum rc parse_names(struct str rest, struct arena *a, struct diff_commit *c, struct err *e)
{
    struct str line;
    size_t lines = count_lines(rest);
    if (lines > DIFFLOG_FILES_MAX) {
        lines = DIFFLOG_FILES_MAX;
        c->cut = true;
    }
    struct diff_file *files = arena_array(a, lines + 1, sizeof *files);
    if (files == NULL)
        return arena_ok(a, "the files of a commit", e);
    while (c->n < lines && str_cut(&rest, '\n', &line)) {
        if (line.n == 0)
            continue;
        if (!read_raw(line, a, &files[c->n]))
            return err_set(e, RC_INVALID, "git printed a line that is no name of a changed file");
        c->n++;
    }
    c->files = files;
    return RC_OK;
}

/* What is being read of a patch. */
struct patch {
    struct arena *a;
    struct diff_file *files;
    size_t n_files, files_max;
    struct diff_hunk *hunks;
    size_t n_hunks, hunks_max;
    struct diff_line *lines;
    size_t n_lines, lines_max;
    uint32_t old_left, new_left; /* lines that the hunk still has */
};

static bool number(struct str *s, uint32_t *ret_n)
{
    size_t digits = 0;
    uint64_t v;
    struct err e;
    while (digits < s->n && ascii_is_digit(s->p[digits]))
        digits++;
    if (num_parse(str_sub(*s, 0, digits), 0, INT32_MAX, "line", &v, &e) != RC_OK)
        return false;
    *ret_n = (uint32_t)v;
    *s = str_sub(*s, digits, s->n);
    return true;
}

static bool skip(struct str *s, struct str what)
{
    if (!str_starts(*s, what))
        return false;
    *s = str_sub(*s, what.n, s->n);
    return true;
}

/* "@@ -1,2 +3,4 @@ func"; a missing count is 1. */
static bool read_hunk_head(struct str line, struct diff_hunk *h)
{
    h->old_n = h->new_n = 1;
    if (!skip(&line, STR("@@ -")) || !number(&line, &h->old_start))
        return false;
    if (skip(&line, STR(",")) && !number(&line, &h->old_n))
        return false;
    if (!skip(&line, STR(" +")) || !number(&line, &h->new_start))
        return false;
    if (skip(&line, STR(",")) && !number(&line, &h->new_n))
        return false;
    if (!skip(&line, STR(" @@")))
        return false;
    h->func = str_trim(line);
    return true;
}

/* "a/path" or /dev/null behind "--- " and "+++ ". git ends a name with a tab when it has spaces. */
static struct str side(struct str s, struct arena *a)
{
    if (s.n && s.p[s.n - 1] == '\t')
        s.n--;
    s = unquote(s, a);
    if (str_eq(s, STR("/dev/null")) || s.n < 3)
        return STR_NONE;
    return str_sub(s, 2, s.n);
}

/* The two equal names of "diff --git a/X b/X", for a file without lines (binary, mode only). */
static struct str name_of_git_line(struct str s, struct arena *a)
{
    if (s.n && s.p[0] == '"') {
        size_t end = 1;
        while (end < s.n && s.p[end] != '"')
            end += s.p[end] == '\\' ? 2 : 1;
        return side(str_sub(s, 0, end + 1), a);
    }
    return s.n < 5 ? STR_NONE : str_sub(s, 2, (s.n - 5) / 2);
}

static void start_file(struct patch *p, struct str line)
{
    struct diff_file *f = &p->files[p->n_files++];
    struct str name = name_of_git_line(str_sub(line, 11, line.n), p->a);
    *f = (struct diff_file){.old_path = name, .new_path = name, .status = 'M'};
    f->hunks = &p->hunks[p->n_hunks];
}

static void header_line(struct patch *p, struct diff_file *f, struct str line)
{
    if (str_starts(line, STR("--- ")))
        f->old_path = side(str_sub(line, 4, line.n), p->a);
    else if (str_starts(line, STR("+++ ")))
        f->new_path = side(str_sub(line, 4, line.n), p->a);
    else if (str_starts(line, STR("new file "))) {
        f->old_path = STR_NONE;
        f->status = 'A';
    } else if (str_starts(line, STR("deleted file "))) {
        f->new_path = STR_NONE;
        f->status = 'D';
    } else if (str_starts(line, STR("Binary files "))) {
        f->binary = true;
    }
}

static bool start_hunk(struct patch *p, struct diff_file *f, struct str line)
{
    struct diff_hunk *h = &p->hunks[p->n_hunks];
    if (!read_hunk_head(line, h))
        return false;
    h->lines = &p->lines[p->n_lines];
    p->old_left = h->old_n;
    p->new_left = h->new_n;
    p->n_hunks++;
    f->n++;
    return true;
}

static bool hunk_line(struct patch *p, struct str line)
{
    char sign = line.n ? line.p[0] : ' ';
    if (sign == '\\')
        return true;
    if (sign != ' ' && sign != '-' && sign != '+')
        return false;
    if ((sign != '+' && p->old_left == 0) || (sign != '-' && p->new_left == 0))
        return false;
    p->old_left -= sign != '+';
    p->new_left -= sign != '-';
    p->lines[p->n_lines++] = (struct diff_line){sign, str_sub(line, 1, line.n)};
    p->hunks[p->n_hunks - 1].n++;
    return true;
}

/* One pass that counts, so that the arrays are made once. */
static void count_parts(struct str text, size_t *ret_files, size_t *ret_hunks, size_t *ret_lines)
{
    struct str rest = text, line;
    *ret_files = *ret_hunks = *ret_lines = 0;
    while (str_cut(&rest, '\n', &line)) {
        ++*ret_lines;
        *ret_files += str_starts(line, STR("diff --git "));
        *ret_hunks += str_starts(line, STR("@@ -"));
    }
}

static bool patch_line(struct patch *p, struct str line)
{
    struct diff_file *f = p->n_files ? &p->files[p->n_files - 1] : NULL;
    if (p->old_left || p->new_left)
        return hunk_line(p, line);
    if (str_starts(line, STR("diff --git "))) {
        start_file(p, line);
        return true;
    }
    if (f == NULL)
        return line.n == 0;
    if (str_starts(line, STR("@@ -")))
        return start_hunk(p, f, line);
    if (f->n == 0)
        header_line(p, f, line);
    return true;
}

static enum rc parse_patch(struct str rest, struct arena *a, struct diff_commit *c, struct err *e)
{
    struct patch p = {.a = a};
    struct str line;
    count_parts(rest, &p.files_max, &p.hunks_max, &p.lines_max);
    if (p.files_max > DIFFLOG_FILES_MAX || p.lines_max > DIFFLOG_LINES_MAX) {
        c->cut = true;
        return RC_OK;
    }
    p.files = arena_array(a, p.files_max + 1, sizeof *p.files);
    p.hunks = arena_array(a, p.hunks_max + 1, sizeof *p.hunks);
    p.lines = arena_array(a, p.lines_max + 1, sizeof *p.lines);
    TRY(arena_ok(a, "the patch of a commit", e));
    c->patch = rest;
    while (str_cut(&rest, '\n', &line)) {
        if (patch_line(&p, line))
            continue;
        if (!c->cut)
            return err_set(e, RC_INVALID, "git printed a line that belongs to no patch");
        break;
    }
    if ((p.old_left || p.new_left) && !c->cut)
        return err_set(e, RC_INVALID, "git's patch ends in the middle");
    c->files = p.files;
    c->n = p.n_files;
    return RC_OK;
}

enum rc difflog_parse(struct str text, struct arena *a, struct diff_commit *ret_c, struct err *e)
{
    struct diff_commit c = {.cut = ret_c->cut};
    if (!read_header(&text, &c))
        return err_set(e, RC_INVALID, "git printed no commit where one should be");
    if (text.n && text.p[0] == ':')
        TRY(parse_names(text, a, &c, e));
    else if (text.n)
        TRY(parse_patch(text, a, &c, e));
    TRY(arena_ok(a, "a commit", e));
    *ret_c = c;
    return RC_OK;
}

/* ---- The stream ---- */

struct run {
    struct git *g;
    const struct difflog_ask *ask;
    difflog_fn fn;
    void *ctx;
    size_t done; /* ids that are behind us */
    struct buf in;
    bool cut; /* the commit at the front is too large: its rest is dropped */
};

/* Delivers one commit and moves `done` behind it. */
static enum rc deliver(struct run *r, struct str text, bool cut, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(ARENA_MAX);
    struct diff_commit c = {.cut = cut};
    TRY(difflog_parse(text, a, &c, e));
    size_t at = r->done;
    while (at < r->ask->n && !str_eq(r->ask->ids[at], c.id))
        at++;
    if (at == r->ask->n)
        return err_set(e, RC_INVALID, "git showed a commit that was not asked for");
    r->done = at + 1;
    return r->fn(r->ctx, &c, e);
}

/* Where the next commit begins, from at on. */
static size_t next_mark(const struct buf *b, size_t at)
{
    const char *p = b->n > at ? memmem(b->p + at, b->n - at, "\n" MARK, 3) : NULL;
    return p ? (size_t)(p - b->p) + 1 : STR_NPOS;
}

/* Delivers each whole commit of the buffer; the last one is whole at the end of the stream only. */
static enum rc take_whole(struct run *r, size_t scan, struct err *e)
{
    size_t front = 0, mark;
    while ((mark = next_mark(&r->in, scan)) != STR_NPOS) {
        TRY(deliver(r, str_of(r->in.p + front, mark - front), r->cut, e));
        r->cut = false;
        front = scan = mark;
    }
    buf_drop(&r->in, front);
    if (r->in.n > DIFFLOG_COMMIT_MAX) {
        /* Its header and first files stay, and the last bytes: they may begin the next mark. */
        r->cut = true;
        const char *lf = memrchr(r->in.p, '\n', CUT_KEEP);
        char last[3] = {' ', r->in.p[r->in.n - 2], r->in.p[r->in.n - 1]};
        buf_cut(&r->in, lf ? (size_t)(lf - r->in.p) + 1 : CUT_KEEP);
        buf_add(&r->in, str_of(last, sizeof last));
    }
    return RC_OK;
}

static enum rc read_some(struct run *r, int fd, bool *ret_end, struct err *e)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n = poll(&p, 1, DIFFLOG_SILENCE_MS);
    if (n == 0)
        return err_set(e, RC_TIMEOUT, "git said nothing for %d s", DIFFLOG_SILENCE_MS / 1000);
    char *room = buf_room(&r->in, READ_SIZE);
    if (room == NULL)
        return err_set(e, RC_LIMIT, "a commit is too large");
    ssize_t got = read(fd, room, READ_SIZE);
    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return err_errno(e, RC_IO, "reading from git failed");
    size_t before = r->in.n;
    if (got > 0)
        buf_grown(&r->in, (size_t)got);
    *ret_end = got == 0;
    return got > 0 ? take_whole(r, before > 2 ? before - 2 : 0, e) : RC_OK;
}

static enum rc start_git(struct run *r, size_t from, size_t to, struct child *ret_c, int *ret_fd,
                         struct err *e)
{
    const char *args[ARGS_FIXED + DIFFLOG_PATHS_MAX + 2] = {"diff-tree",
                                                            "--stdin",
                                                            "--diff-merges=first-parent",
                                                            "--root",
                                                            "-r",
                                                            "--no-renames",
                                                            "--no-color",
                                                            "--no-ext-diff",
                                                            "--no-textconv",
                                                            "--always",
                                                            FORMAT};
    size_t n = 11;
    AUTO(buf) struct buf in = BUF_INIT((size_t)DIFFLOG_IDS_MAX * (GIT_OID_HEX + 1));
    AUTO(fd) int feed = -1;
    AUTO(fd) int out_r = -1;
    AUTO(fd) int out_w = -1;
    int fds[2];
    args[n++] = r->ask->patch ? "--patch" : "--raw";
    args[n++] = r->ask->patch ? "--full-index" : "--no-abbrev";
    char context[24];
    if (r->ask->patch && r->ask->context) {
        unsigned most = DIFFLOG_CONTEXT_MAX, want = r->ask->context;
        (void)snprintf(context, sizeof context, "--unified=%u", want < most ? want : most);
        args[n++] = context;
    }
    args[n++] = "--";
    AUTO(buf) struct buf names = BUF_INIT(DIFFLOG_PATHS_MAX * (GIT_PATH_MAX + 1));
    for (size_t i = 0; i < r->ask->n_paths; i++) {
        buf_add(&names, r->ask->paths[i]);
        buf_addc(&names, '\0');
    }
    TRY(buf_ok(&names, "the list of paths", e));
    for (size_t at = 0; at < names.n; at += strlen(names.p + at) + 1)
        args[n++] = names.p + at;
    for (size_t i = from; i < to; i++)
        buf_addf(&in, "%.*s\n", STR_ARG(r->ask->ids[i]));
    TRY(buf_ok(&in, "the list of commits", e));
    TRY(memfd_of(buf_str(&in), "commits", &feed, e));
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_errno(e, RC_IO, "a pipe for git could not be made");
    out_r = fds[0];
    out_w = fds[1];
    (void)fcntl(out_r, F_SETPIPE_SZ, READ_SIZE);
    TRY(git_start(r->g, args, feed, out_w, ret_c, e));
    *ret_fd = fd_take(&out_r);
    return RC_OK;
}

/* One process over ids from..to; ret_ok: git left with 0 and everything it printed is delivered. */
static enum rc run_once(struct run *r, size_t from, size_t to, bool *ret_ok, struct err *e)
{
    AUTO(child) struct child c = CHILD_INIT;
    AUTO(fd) int fd = -1;
    struct child_end end;
    bool at_end = false;
    TRY(start_git(r, from, to, &c, &fd, e));
    buf_reset(&r->in);
    r->cut = false;
    while (!at_end)
        TRY(read_some(r, fd, &at_end, e));
    TRY(child_wait(&c, DIFFLOG_SILENCE_MS, &end, e));
    *ret_ok = child_end_ok(&end);
    if (*ret_ok && r->in.n)
        TRY(deliver(r, buf_str(&r->in), r->cut, e));
    return RC_OK;
}

/*
 * git died, of the commit that comes next or, when that one was printed but not ended, of the one
 * behind it: alone it tells.
 */
static enum rc step_over(struct run *r, bool *ret_missing, size_t *bad, struct err *e)
{
    size_t at = r->done;
    bool ok;
    TRY(run_once(r, at, at + 1, &ok, e));
    r->done = at + 1;
    if (ok)
        return RC_OK;
    if (ret_missing)
        ret_missing[at] = true;
    if (++*bad > DIFFLOG_RESTARTS)
        return err_set(e, RC_LIMIT, "more than %d commits have missing objects", DIFFLOG_RESTARTS);
    return RC_OK;
}

static enum rc check_ask(const struct difflog_ask *ask, struct err *e)
{
    if (ask->n_paths > DIFFLOG_PATHS_MAX || ask->n > DIFFLOG_IDS_MAX)
        return err_set(e, RC_LIMIT, "more than %d paths or %d commits", DIFFLOG_PATHS_MAX,
                       DIFFLOG_IDS_MAX);
    for (size_t i = 0; i < ask->n; i++)
        if (!git_oid_ok(ask->ids[i]))
            return err_set(e, RC_INVALID, "that is no id of a commit");
    for (size_t i = 0; i < ask->n_paths; i++)
        if (!git_path_ok(ask->paths[i]))
            return err_set(e, RC_INVALID, "that is no path of a file");
    return RC_OK;
}

static enum rc run_all(struct run *r, bool *ret_missing, struct err *e)
{
    size_t bad = 0;
    while (r->done < r->ask->n) {
        bool ok;
        TRY(run_once(r, r->done, r->ask->n, &ok, e));
        if (ok)
            return RC_OK;
        if (r->done < r->ask->n)
            TRY(step_over(r, ret_missing, &bad, e));
    }
    return RC_OK;
}

enum rc difflog_run(struct git *g, const struct difflog_ask *ask, difflog_fn fn, void *ctx,
                    bool *ret_missing, struct err *e)
{
    TRY(check_ask(ask, e));
    struct run r = {.g = g, .ask = ask, .fn = fn, .ctx = ctx};
    buf_init(&r.in, DIFFLOG_COMMIT_MAX + 2 * READ_SIZE);
    enum rc rc = run_all(&r, ret_missing, e);
    buf_release(&r.in);
    return rc;
}
