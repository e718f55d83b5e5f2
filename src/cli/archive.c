/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a backup.  Runs in `vulndesk backup` and `vulndesk restore`; a backup that is read
 * may have been damaged or changed, so its manifest is read strictly and every file is compared.
 */
#include "cli/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "os/file.h"

#define FIRST_LINE "vulndesk backup 1"
#define PIECE      (1u << 20)
#define NAMES_MAX  (64u << 20)

void archive_auto(struct archive *a)
{
    fd_auto(&a->dirfd);
    buf_release(&a->manifest);
}

static void dirp_auto(DIR **d)
{
    if (*d)
        closedir(*d);
}

static enum rc list_open(int dirfd, const char *path, DIR **ret_d, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(dir_open(dirfd, path, &fd, e));
    *ret_d = fdopendir(fd);
    if (*ret_d == NULL)
        return err_errno(e, RC_IO, "listing %s", path);
    (void)fd_take(&fd);
    return RC_OK;
}

enum rc archive_room(int dirfd, int64_t bytes, struct err *e)
{
    struct statvfs v;
    if (fstatvfs(dirfd, &v) != 0)
        return err_errno(e, RC_IO, "the free space of the disk");
    int64_t free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    if (free_bytes - ARCHIVE_RESERVE < bytes)
        return err_set(e, RC_LIMIT, "the disk has %lld MB free, %lld MB are needed",
                       (long long)(free_bytes >> 20), (long long)((bytes + ARCHIVE_RESERVE) >> 20));
    return RC_OK;
}

/* ------------------------------------------------------------------ walking */

static bool dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Names of a folder, each with a NUL behind, sorted downwards. */
static int downwards(const void *a, const void *b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

struct names {
    struct buf text;
    const char **v;
    size_t n;
};

static void names_auto(struct names *l)
{
    buf_release(&l->text);
    free(l->v);
}

static enum rc names_read(int dirfd, const char *path, struct names *l, struct err *e)
{
    AUTO(dirp) DIR *d = NULL;
    TRY(list_open(dirfd, path, &d, e));
    for (const struct dirent *one; (one = readdir(d)) != NULL;) {
        if (dot(one->d_name))
            continue;
        buf_adds(&l->text, one->d_name);
        buf_addc(&l->text, '\0');
        l->n++;
    }
    TRY(buf_ok(&l->text, "the names of a folder", e));
    l->v = mem_zalloc((l->n + 1) * sizeof *l->v);
    const char *p = l->text.p;
    for (size_t i = 0; i < l->n; i++, p += strlen(p) + 1)
        l->v[i] = p;
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, downwards);
    return RC_OK;
}

struct visit {
    enum rc (*file)(void *arg, int dirfd, const char *name, const char *path, const struct stat *st,
                    struct err *e);
    void *arg;
};

/* Depth is bounded, so is the stack. */
static enum rc walk(int dirfd, const char *name, const char *path, int depth, const struct visit *v,
                    struct err *e)
{
    AUTO(names) struct names l = {.text = BUF_INIT(NAMES_MAX)};
    AUTO(fd) int fd = -1;
    if (depth > ARCHIVE_DEPTH_MAX)
        return err_set(e, RC_LIMIT, "more than %d folders inside each other", ARCHIVE_DEPTH_MAX);
    TRY(dir_open(dirfd, name, &fd, e));
    TRY(names_read(fd, ".", &l, e));
    for (size_t i = 0; i < l.n; i++) {
        char sub[FILE_PATH_MAX];
        struct stat st;
        if (snprintf(sub, sizeof sub, "%s/%s", path, l.v[i]) >= (int)sizeof sub)
            return err_set(e, RC_LIMIT, "a path is too long");
        if (fstatat(fd, l.v[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue; /* vanished */
        enum rc rc = RC_OK;
        if (S_ISDIR(st.st_mode))
            rc = walk(fd, l.v[i], sub, depth + 1, v, e);
        else if (S_ISREG(st.st_mode) && strncmp(l.v[i], FILE_TMP_PREFIX, strlen(FILE_TMP_PREFIX)))
            rc = v->file(v->arg, fd, l.v[i], sub, &st, e);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            return rc;
    }
    return RC_OK;
}

static enum rc weigh_file(void *arg, int dirfd, const char *name, const char *path,
                          const struct stat *st, struct err *e)
{
    *(int64_t *)arg += st->st_size;
    return RC_OK;
}

enum rc archive_weigh(int dirfd, const char *path, int64_t *ret_bytes, struct err *e)
{
    *ret_bytes = 0;
    enum rc rc = walk(dirfd, path, path, 0, &(struct visit){weigh_file, ret_bytes}, e);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* ------------------------------------------------------------------ copying */

static enum rc make_parents(int dirfd, const char *path, struct err *e)
{
    size_t slash = str_rchr(str_c(path), '/');
    char parent[FILE_PATH_MAX];
    if (slash == STR_NPOS)
        return RC_OK;
    TRY(str_copy(parent, sizeof parent, str_of(path, slash), "a path", e));
    return dir_make(dirfd, parent, 0700, e);
}

/* `to` is new; to < 0 only reads. */
static enum rc pump(int from, int to, struct archive_file *f, struct err *e)
{
    AUTO(mem) char *piece = mem_alloc(PIECE);
    struct sha256_ctx c;
    enum rc rc = RC_OK;
    sha256_init(&c);
    f->size = 0;
    for (;;) {
        ssize_t n = read(from, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_errno(e, RC_IO, "reading a file");
        if (n <= 0)
            break;
        sha256_add(&c, str_of(piece, (size_t)n));
        f->size += n;
        rc = to < 0 ? RC_OK : fd_write_all(to, str_of(piece, (size_t)n), e);
        if (rc != RC_OK)
            break;
    }
    sha256_end(&c, f->sha256);
    return rc;
}

static enum rc open_from(int dirfd, const char *path, int *ret_fd, mode_t *ret_mode, struct err *e)
{
    struct stat st;
    AUTO(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, errno == ENOENT ? RC_NOTFOUND : RC_IO, "%s", path);
    if (fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, RC_INVALID, "%s is not a regular file", path);
    *ret_mode = st.st_mode & 0777;
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

static enum rc open_to(int dirfd, const char *path, mode_t mode, int *ret_fd, struct err *e)
{
    TRY(make_parents(dirfd, path, e));
    AUTO(fd)
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno == EEXIST ? RC_CONFLICT : RC_IO, "%s", path);
    if (fchmod(fd, mode) != 0)
        return err_errno(e, RC_IO, "%s", path);
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

/* ------------------------------------------------------------------ writing */

enum rc archive_create(struct archive *a, const char *dir, struct err *e)
{
    AUTO(names) struct names l = {.text = BUF_INIT(NAMES_MAX)};
    TRY(dir_make(AT_FDCWD, dir, 0700, e));
    TRY(dir_open(AT_FDCWD, dir, &a->dirfd, e));
    TRY(names_read(a->dirfd, ".", &l, e));
    if (l.n > 0)
        return err_set(e, RC_CONFLICT, "%s is not empty; nothing is overwritten", dir);
    if (fchmod(a->dirfd, 0700) != 0)
        return err_errno(e, RC_IO, "%s", dir);
    buf_adds(&a->manifest, FIRST_LINE "\n");
    return RC_OK;
}

void archive_fact(struct archive *a, const char *name, struct str value)
{
    buf_addf(&a->manifest, "%s %.*s\n", name, STR_ARG(value));
}

void archive_missing(struct archive *a, struct str name)
{
    archive_fact(a, "missing", name);
    a->missing++;
}

static enum rc add_line(struct archive *a, const char *path, const struct archive_file *f,
                        struct err *e)
{
    char hex[SHA256_HEX];
    struct str p = str_c(path);
    if (!utf8_is_clean(p) || str_chr(p, '\n') != STR_NPOS)
        return err_set(e, RC_INVALID, "a file's name is not plain text");
    hex_put(hex, f->sha256, sizeof f->sha256);
    buf_addf(&a->manifest, "file %s %lld %o %s\n", hex, (long long)f->size, (unsigned)f->mode,
             path);
    a->files++;
    a->bytes += f->size;
    return buf_ok(&a->manifest, "the manifest", e);
}

enum rc archive_add(struct archive *a, int dirfd, const char *from, const char *to, struct err *e)
{
    struct archive_file f;
    AUTO(fd) int in = -1, out = -1;
    TRY(open_from(dirfd, from, &in, &f.mode, e));
    TRY(open_to(a->dirfd, to, 0600, &out, e));
    TRY(pump(in, out, &f, e));
    return add_line(a, to, &f, e);
}

enum rc archive_made(struct archive *a, const char *path, struct err *e)
{
    struct archive_file f;
    AUTO(fd) int in = -1;
    TRY(open_from(a->dirfd, path, &in, &f.mode, e));
    TRY(pump(in, -1, &f, e));
    return add_line(a, path, &f, e);
}

struct tree {
    struct archive *a;
};

static enum rc add_one(void *arg, int dirfd, const char *name, const char *path,
                       const struct stat *st, struct err *e)
{
    struct tree *t = arg;
    return archive_add(t->a, dirfd, name, path, e);
}

enum rc archive_add_tree(struct archive *a, int dirfd, const char *from, const char *to,
                         struct err *e)
{
    struct tree t = {a};
    return walk(dirfd, from, to, 0, &(struct visit){add_one, &t}, e);
}

enum rc archive_finish(struct archive *a, struct err *e)
{
    unsigned char digest[SHA256_LEN];
    char hex[SHA256_HEX];
    sha256(buf_str(&a->manifest), digest);
    hex_put(hex, digest, sizeof digest);
    buf_addf(&a->manifest, "end %lld %s\n", (long long)a->files, hex);
    TRY(buf_ok(&a->manifest, "the manifest", e));
    /* One sync for all files instead of one for each: a desk has many small ones. */
    if (syncfs(a->dirfd) != 0)
        return err_errno(e, RC_IO, "syncing the backup");
    return file_write_sync(a->dirfd, ARCHIVE_MANIFEST, buf_str(&a->manifest), 0600, e);
}

/* ------------------------------------------------------------------ reading */

static enum rc bad(struct err *e, const char *why)
{
    return err_set(e, RC_INVALID, "the manifest %s: this is not a backup as it was written", why);
}

static enum rc check_end(const struct archive *a, struct err *e)
{
    struct str all = buf_str(&a->manifest), rest, word, count = STR_NONE;
    unsigned char said[SHA256_LEN], is[SHA256_LEN];
    uint64_t n;
    if (!str_starts(all, STR(FIRST_LINE "\n")) || !str_ends(all, STR("\n")))
        return bad(e, "does not begin or end as one");
    size_t at = str_rchr(str_sub(all, 0, all.n - 1), '\n') + 1;
    rest = str_sub(all, at, all.n - at - 1);
    if (!str_cut(&rest, ' ', &word) || !str_eq(word, STR("end")) || !str_cut(&rest, ' ', &count) ||
        hex_get(rest, said, sizeof said, "hash", NULL) != RC_OK ||
        num_parse(count, 0, INT64_MAX, "count", &n, NULL) != RC_OK)
        return bad(e, "has no end");
    sha256(str_sub(all, 0, at), is);
    if (memcmp(said, is, sizeof is) != 0)
        return bad(e, "was changed");
    return RC_OK;
}

enum rc archive_open(struct archive *a, const char *dir, struct err *e)
{
    TRY(dir_open(AT_FDCWD, dir, &a->dirfd, e));
    enum rc rc = file_read(a->dirfd, ARCHIVE_MANIFEST, ARCHIVE_MANIFEST_MAX, &a->manifest, e);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_INVALID,
                       "%s has no manifest: it is no backup, or one that was not finished", dir);
    TRY(rc);
    TRY(check_end(a, e));
    struct str rest = buf_str(&a->manifest), line;
    while (str_line(&rest, &line))
        a->missing += str_starts(line, STR("missing "));
    return RC_OK;
}

struct str archive_value(const struct archive *a, const char *name)
{
    struct str rest = buf_str(&a->manifest), line, word;
    while (str_line(&rest, &line))
        if (str_cut(&line, ' ', &word) && str_eq(word, str_c(name)))
            return line;
    return STR_NONE;
}

/* Inside the folder it is copied to, whatever somebody wrote into the manifest. */
static bool path_ok(struct str path)
{
    struct str rest = path, part;
    if (path.n == 0 || path.n >= FILE_PATH_MAX || !utf8_is_clean(path))
        return false;
    while (str_cut(&rest, '/', &part))
        if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
            return false;
    return path.p[path.n - 1] != '/';
}

static enum rc read_file_line(struct str line, struct archive_file *f, struct err *e)
{
    struct str hash, size, mode;
    uint64_t n, m = 0;
    if (!str_cut(&line, ' ', &hash) || !str_cut(&line, ' ', &size) || !str_cut(&line, ' ', &mode))
        return bad(e, "has a line that is cut");
    TRY(hex_get(hash, f->sha256, sizeof f->sha256, "a hash of the manifest", e));
    TRY(num_parse(size, 0, INT64_MAX, "a size of the manifest", &n, e));
    for (size_t i = 0; i < mode.n; i++) {
        if (mode.p[i] < '0' || mode.p[i] > '7' || mode.n > 4)
            return bad(e, "has a mode that is none");
        m = m * 8 + (uint64_t)(mode.p[i] - '0');
    }
    if (!path_ok(line))
        return bad(e, "names a path that leads elsewhere");
    f->size = (int64_t)n;
    f->mode = (mode_t)(m & 0777);
    f->path = line;
    return RC_OK;
}

enum rc archive_next(const struct archive *a, size_t *at, struct archive_file *ret_f, struct err *e)
{
    struct str all = buf_str(&a->manifest), rest = str_sub(all, *at, all.n), line, word;
    while (str_line(&rest, &line)) {
        *at = all.n - rest.n;
        if (str_cut(&line, ' ', &word) && str_eq(word, STR("file")))
            return read_file_line(line, ret_f, e);
    }
    return RC_NOTFOUND;
}

enum rc archive_take(const struct archive *a, const struct archive_file *f, int dirfd,
                     const char *to, struct err *e)
{
    struct archive_file is;
    char from[FILE_PATH_MAX];
    AUTO(fd) int in = -1, out = -1;
    TRY(str_copy(from, sizeof from, f->path, "a path", e));
    if (open_from(a->dirfd, from, &in, &is.mode, e) != RC_OK)
        return err_prefix(e, "the backup lacks a file of its manifest: ");
    TRY(open_to(dirfd, to, f->mode, &out, e));
    TRY(pump(in, out, &is, e));
    if (is.size != f->size || memcmp(is.sha256, f->sha256, sizeof is.sha256) != 0)
        return err_set(e, RC_INVALID, "%s is not as it was backed up", from);
    return RC_OK;
}

enum rc archive_read(const struct archive *a, const char *path, struct buf *b, struct err *e)
{
    struct archive_file f;
    size_t at = 0;
    enum rc rc;
    while ((rc = archive_next(a, &at, &f, e)) == RC_OK) {
        unsigned char is[SHA256_LEN];
        if (!str_eq(f.path, str_c(path)))
            continue;
        TRY(file_read(a->dirfd, path, b->max, b, e));
        sha256(buf_str(b), is);
        if (memcmp(is, f.sha256, sizeof is) != 0)
            return err_set(e, RC_INVALID, "%s is not as it was backed up", path);
        return RC_OK;
    }
    return rc == RC_NOTFOUND ? err_set(e, RC_INVALID, "the backup has no %s", path) : rc;
}
