/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks a tar (POSIX.1-2017 pax, ustar, GNU's long names).  Runs in a confined child; the archive
 * is the team's, but read as if it were a stranger's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "engine/run/root.h"
#include "os/file.h"

#define BLOCK     512u
#define COPY_STEP (64u << 10)
#define PART_MAX  255

/* Places of a header's fields. */
enum {
    F_NAME = 0,
    F_MODE = 100,
    F_SIZE = 124,
    F_SUM = 148,
    F_TYPE = 156,
    F_LINK = 157,
    F_MAGIC = 257,
    F_PREFIX = 345,
    F_PREFIX_LEN = 155,
    F_NAME_LEN = 100
};

struct untar {
    int tar, top;
    struct buf long_name, long_link; /* of the next entry */
    uint64_t long_size;
    bool has_size;
    uint64_t files, bytes;
};

static void untar_auto(struct untar *u)
{
    buf_release(&u->long_name);
    buf_release(&u->long_link);
}

static enum rc damaged(struct err *e)
{
    return err_set(e, RC_INVALID, "the archive is damaged, cut off or compressed");
}

/* Exactly n bytes; *ret_end: nothing is left. */
static enum rc read_exactly(int fd, void *to, size_t n, bool *ret_end, struct err *e)
{
    size_t have = 0;
    *ret_end = false;
    while (have < n) {
        ssize_t got = read(fd, (char *)to + have, n - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, RC_IO, "cannot read the archive");
        if (got == 0) {
            *ret_end = have == 0;
            return have == 0 ? RC_OK : damaged(e);
        }
        have += (size_t)got;
    }
    return RC_OK;
}

static bool octal(const char *p, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;
    if ((unsigned char)p[0] == 0x80) { /* GNU: a large number, big-endian */
        for (i = 1; i < n; i++) {
            if (v >> 56)
                return false;
            v = v << 8 | (unsigned char)p[i];
        }
        *ret = v;
        return true;
    }
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
        if (v >> 60)
            return false;
        v = v << 3 | (uint64_t)(p[i] - '0');
    }
    *ret = v;
    return i == n || p[i] == ' ' || p[i] == '\0';
}

static bool sum_is_right(const char h[BLOCK])
{
    uint64_t want, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= F_SUM && i < F_SUM + 8 ? ' ' : (unsigned char)h[i];
    return octal(h + F_SUM, 8, &want) && want == sum;
}

static bool is_zero(const char h[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        if (h[i] != 0)
            return false;
    return true;
}

static struct str field(const char *p, size_t n)
{
    return str_of(p, strnlen(p, n));
}

/* The rest of the last block of a body. */
static enum rc skip_padding(struct untar *u, uint64_t size, struct err *e)
{
    char rest[BLOCK];
    bool end;
    size_t n = (BLOCK - size % BLOCK) % BLOCK;
    TRY(read_exactly(u->tar, rest, n, &end, e));
    return n > 0 && end ? damaged(e) : RC_OK;
}

static enum rc copy_body(struct untar *u, int fd, uint64_t size, struct err *e)
{
    AUTO(mem) char *step = mem_alloc(COPY_STEP);
    bool end;
    for (uint64_t left = size; left > 0;) {
        size_t n = left < COPY_STEP ? (size_t)left : COPY_STEP;
        TRY(read_exactly(u->tar, step, n, &end, e));
        if (end)
            return damaged(e);
        if (fd >= 0)
            TRY(fd_write_all(fd, str_of(step, n), e));
        left -= n;
    }
    return skip_padding(u, size, e);
}

/* ---- Paths ---- */

/* The next part that counts: neither "" nor ".". */
static bool next_part(struct str *rest, struct str *ret_part)
{
    while (str_cut(rest, '/', ret_part))
        if (ret_part->n > 0 && !str_eq(*ret_part, STR(".")))
            return true;
    return false;
}

static bool path_ok(struct str path)
{
    struct str rest = path, part;
    unsigned depth = 0;
    if (path.n == 0 || path.n > ROOT_NAME_MAX || path.p[0] == '/' ||
        str_chr(path, '\0') != STR_NPOS)
        return false;
    while (next_part(&rest, &part))
        if (str_eq(part, STR("..")) || part.n > PART_MAX || ++depth > ROOT_DEPTH_MAX)
            return false;
    return true;
}

/* The folder that a path lies in and its last part; missing folders are made.  *ret_name is empty
 * for the top itself. */
static enum rc find_place(struct untar *u, struct str path, int *ret_fd,
                          char ret_name[PART_MAX + 1], struct err *e)
{
    struct str rest = path, part, next;
    AUTO(fd) int at = fcntl(u->top, F_DUPFD_CLOEXEC, 3);
    ret_name[0] = '\0';
    bool more = next_part(&rest, &part);
    while (more && at >= 0) {
        TRY(str_copy(ret_name, PART_MAX + 1, part, "a name in the archive", e));
        more = next_part(&rest, &next);
        part = next;
        if (!more)
            break;
        if (mkdirat(at, ret_name, 0755) != 0 && errno != EEXIST)
            return err_errno(e, RC_IO, "cannot make a folder of the archive");
        int down = openat(at, ret_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (down < 0)
            return err_set(e, RC_INVALID,
                           "the archive has a path that leads through a link or a file");
        fd_auto(&at);
        at = down;
    }
    if (at < 0)
        return err_errno(e, RC_LIMIT, "the archive");
    *ret_fd = fd_take(&at);
    return RC_OK;
}

/* Ours are seen instead of these, so they may hold what they like. */
static bool is_left_out(struct str path)
{
    static const char *const tops[] = {"dev", "proc", "sys"};
    struct str part;
    if (!next_part(&path, &part))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(tops); i++)
        if (str_eq(part, str_c(tops[i])))
            return true;
    return false;
}

/* ---- Entries ---- */

struct entry {
    struct str name, link;
    char type;
    mode_t mode;
    uint64_t size;
};

static enum rc cannot_make(struct err *e)
{
    return err_errno(e, errno == ENOSPC || errno == EDQUOT ? RC_LIMIT : RC_IO,
                     "cannot unpack the archive");
}

static enum rc make_dir(int at, const char *name, mode_t mode, struct err *e)
{
    if (name[0] == '\0')
        return RC_OK;
    if (mkdirat(at, name, 0700) != 0 && errno != EEXIST)
        return cannot_make(e);
    AUTO(fd) int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, RC_INVALID, "the archive has a folder where something else was");
    return fchmod(fd, (mode & 0777) | 0700) == 0 ? RC_OK : cannot_make(e);
}

static enum rc make_file(struct untar *u, int at, const char *name, const struct entry *x,
                         struct err *e)
{
    AUTO(fd) int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot_make(e);
    TRY(copy_body(u, fd, x->size, e));
    return fchmod(fd, (x->mode & 0777) | 0400) == 0 ? RC_OK : cannot_make(e);
}

static enum rc make_hard_link(struct untar *u, int at, const char *name, struct str to,
                              struct err *e)
{
    char old[PART_MAX + 1];
    AUTO(fd) int from = -1;
    struct stat st;
    if (!path_ok(to))
        return err_set(e, RC_INVALID, "the archive has a hard link that leads out of it");
    TRY(find_place(u, to, &from, old, e));
    if (fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return err_set(e, RC_INVALID, "the archive has a hard link to nothing in it");
    return linkat(from, old, at, name, 0) == 0 ? RC_OK : cannot_make(e);
}

static enum rc make_link(int at, const char *name, struct str to, struct err *e)
{
    char text[ROOT_NAME_MAX];
    if (to.n == 0 || str_copy(text, sizeof text, to, "a link", e) != RC_OK)
        return err_set(e, RC_INVALID, "the archive has a link to nothing");
    return symlinkat(text, at, name) == 0 ? RC_OK : cannot_make(e);
}

static enum rc put_entry(struct untar *u, const struct entry *x, struct err *e)
{
    char name[PART_MAX + 1];
    AUTO(fd) int at = -1;
    if (++u->files > ROOT_FILES_MAX || (u->bytes += x->size) > ROOT_BYTES_MAX)
        return err_set(e, RC_LIMIT,
                       "the archive has more files or bytes than a root filesystem may");
    if (!path_ok(x->name))
        return err_set(e, RC_INVALID, "the archive has a path that is absolute or leads out of it");
    if (is_left_out(x->name))
        return copy_body(u, -1, x->size, e);
    TRY(find_place(u, x->name, &at, name, e));
    if (x->type == '5')
        return make_dir(at, name, x->mode, e);
    if (name[0] == '\0')
        return err_set(e, RC_INVALID, "the archive has something else than a folder for its top");
    /* A later one of the same name counts. */
    if (unlinkat(at, name, 0) != 0 && errno != ENOENT)
        return err_set(e, RC_INVALID, "the archive has a file where a folder was");
    switch (x->type) {
    case '0':
    case '\0':
    case '7':
        return make_file(u, at, name, x, e);
    case '1':
        return make_hard_link(u, at, name, x->link, e);
    case '2':
        return make_link(at, name, x->link, e);
    default:
        return err_set(e, RC_INVALID, "the archive has a device, or something that is no file");
    }
}

/* ---- What stands in front of an entry ---- */

static enum rc read_text(struct untar *u, uint64_t size, struct buf *b, struct err *e)
{
    bool end;
    buf_reset(b);
    char *to = size <= ROOT_LONG_MAX ? buf_room(b, (size_t)size) : NULL;
    if (to == NULL)
        return err_set(e, RC_LIMIT, "the archive has a name that is too long");
    TRY(read_exactly(u->tar, to, (size_t)size, &end, e));
    if (end && size > 0)
        return damaged(e);
    buf_grown(b, (size_t)size);
    return skip_padding(u, size, e);
}

/* Records "LENGTH KEY=VALUE\n" of a pax header. */
static enum rc read_pax(struct untar *u, uint64_t size, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(ROOT_LONG_MAX);
    TRY(read_text(u, size, &b, e));
    struct str rest = buf_str(&b);
    while (rest.n > 0) {
        struct err own;
        uint64_t n;
        size_t space = str_chr(rest, ' ');
        if (space == STR_NPOS ||
            num_parse(str_sub(rest, 0, space), space + 3, rest.n, "a length", &n, &own) != RC_OK)
            return damaged(e);
        struct str record = str_sub(rest, space + 1, (size_t)n - space - 2);
        rest = str_sub(rest, (size_t)n, rest.n);
        size_t eq = str_chr(record, '=');
        struct str key = str_sub(record, 0, eq), value = str_sub(record, eq + 1, record.n);
        if (eq == STR_NPOS)
            return damaged(e);
        if (str_eq(key, STR("path"))) {
            buf_reset(&u->long_name);
            buf_add(&u->long_name, value);
        } else if (str_eq(key, STR("linkpath"))) {
            buf_reset(&u->long_link);
            buf_add(&u->long_link, value);
        } else if (str_eq(key, STR("size"))) {
            if (num_parse(value, 0, ROOT_BYTES_MAX, "a size", &u->long_size, &own) != RC_OK)
                return damaged(e);
            u->has_size = true;
        } else if (str_starts(key, STR("GNU.sparse"))) {
            return err_set(e, RC_INVALID, "the archive has sparse files; make it without them");
        }
    }
    return RC_OK;
}

/* GNU's own long names end with NUL. */
static enum rc read_long(struct untar *u, uint64_t size, struct buf *b, struct err *e)
{
    TRY(read_text(u, size, b, e));
    buf_cut(b, strnlen(buf_c(b), b->n));
    return RC_OK;
}

static enum rc take_entry(struct untar *u, const char h[BLOCK], struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(2 * ROOT_NAME_MAX);
    uint64_t mode, size;
    struct entry x = {.type = h[F_TYPE]};
    if (!octal(h + F_MODE, 8, &mode) || !octal(h + F_SIZE, 12, &size))
        return damaged(e);
    if (x.type == 'g')
        return copy_body(u, -1, size, e);
    if (x.type == 'x')
        return read_pax(u, size, e);
    if (x.type == 'L')
        return read_long(u, size, &u->long_name, e);
    if (x.type == 'K')
        return read_long(u, size, &u->long_link, e);
    struct str prefix = field(h + F_PREFIX, F_PREFIX_LEN);
    if (memcmp(h + F_MAGIC, "ustar\0", 6) == 0 && prefix.n) {
        buf_add(&name, prefix);
        buf_addc(&name, '/');
    }
    buf_add(&name, field(h + F_NAME, F_NAME_LEN));
    x.name = u->long_name.n ? buf_str(&u->long_name) : buf_str(&name);
    x.link = u->long_link.n ? buf_str(&u->long_link) : field(h + F_LINK, F_NAME_LEN);
    x.mode = (mode_t)(mode & 07777);
    bool body = x.type == '0' || x.type == '\0' || x.type == '7';
    x.size = !body ? 0 : u->has_size ? u->long_size : size;
    if ((x.type == '0' || x.type == '\0') && str_ends(x.name, STR("/")))
        x.type = '5'; /* of very old archives */
    TRY(put_entry(u, &x, e));
    buf_reset(&u->long_name);
    buf_reset(&u->long_link);
    u->has_size = false;
    return RC_OK;
}

enum rc root_unpack(int tar, int dirfd, struct err *e)
{
    AUTO(untar) struct untar u = {.tar = tar, .top = dirfd};
    char h[BLOCK];
    bool end;
    buf_init(&u.long_name, ROOT_LONG_MAX);
    buf_init(&u.long_link, ROOT_LONG_MAX);
    for (bool any = false;; any = true) {
        TRY(read_exactly(tar, h, sizeof h, &end, e));
        if (end || is_zero(h))
            return any ? RC_OK : damaged(e);
        if (!sum_is_right(h))
            return damaged(e);
        TRY(take_entry(&u, h, e));
    }
}
