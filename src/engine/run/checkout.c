/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees as files.  Runs in a confined child of a test run (apart.c); trees and their names are a
 * stranger's.
 */
#include "engine/run/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "engine/run/apart.h"
#include "os/file.h"

#define SHA1_BYTES   20
#define SHA256_BYTES 32
#define MODE_LINK    0120000u
#define MODE_MODULE  0160000u

bool checkout_name_ok(struct str name)
{
    if (name.n == 0 || name.n > CHECKOUT_NAME_MAX || str_eq(name, STR(".")) ||
        str_eq(name, STR("..")))
        return false;
    if (str_eq_nocase(name, STR(".git")) || str_eq_nocase(name, STR("git~1")))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '/' || name.p[i] == '\0' || name.p[i] == '\n')
            return false;
    return true;
}

/* A folder that is being filled. */
struct level {
    int fd;
    char *body;
    struct str rest;
};

struct walk {
    struct objects *o;
    size_t hash_len;
    struct timespec times[2];
    struct level levels[CHECKOUT_DEPTH_MAX];
    size_t depth;
    struct checkout_told told;
    size_t names;
};

static void walk_auto(struct walk *w)
{
    while (w->depth > 0) {
        struct level *l = &w->levels[--w->depth];
        fd_auto(&l->fd);
        free(l->body);
    }
}

static enum rc missing(enum rc rc, struct err *e)
{
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_NOTFOUND,
                       "the history is incomplete: an object of the tree is not in the repository");
    return rc;
}

static enum rc cannot_write(struct err *e)
{
    if (errno == EEXIST)
        return err_set(e, RC_INVALID, "a folder of the tree has a name twice");
    return err_errno(e, errno == ENOSPC || errno == EDQUOT ? RC_LIMIT : RC_IO,
                     "cannot lay out a file of the tree");
}

/* Opens the tree object of this name and goes down into it; takes the descriptor. */
static enum rc enter(struct walk *w, struct str name, int fd, struct err *e)
{
    AUTO(fd) int own = fd;
    struct object tree;
    if (w->depth == CHECKOUT_DEPTH_MAX)
        return err_set(e, RC_LIMIT, "the tree has folders more than %u deep", CHECKOUT_DEPTH_MAX);
    enum rc rc = objects_read(w->o, name, CHECKOUT_TREE_MAX, &tree, e);
    TRY(missing(rc, e));
    if (tree.type != OBJECT_TREE)
        return err_set(e, RC_INVALID, "a folder of the tree is none");
    struct level *l = &w->levels[w->depth++];
    l->fd = fd_take(&own);
    l->body = str_dup(tree.body);
    l->rest = str_of(l->body, tree.body.n);
    return RC_OK;
}

static enum rc put_file(int dirfd, const char *name, uint32_t mode, struct str body,
                        const struct timespec times[2], struct err *e)
{
    AUTO(fd)
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot_write(e);
    TRY(fd_write_all(fd, body, e));
    if (fchmod(fd, mode & 0111 ? 0755 : 0644) != 0 || futimens(fd, times) != 0)
        return cannot_write(e);
    return RC_OK;
}

static enum rc put_link(int dirfd, const char *name, struct str body,
                        const struct timespec times[2], struct err *e)
{
    char to[CHECKOUT_LINK_MAX + 1];
    if (body.n == 0 || str_copy(to, sizeof to, body, "a link", e) != RC_OK)
        return err_set(e, RC_INVALID, "a link of the tree leads nowhere");
    if (symlinkat(to, dirfd, name) != 0 || utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) != 0)
        return cannot_write(e);
    return RC_OK;
}

static enum rc put_blob(struct walk *w, int dirfd, const char *name, const struct tree_entry *t,
                        struct str oid, struct err *e)
{
    struct object o;
    bool link = (t->mode & TREE_MODE_TYPE) == MODE_LINK;
    enum rc rc = objects_read(w->o, oid, link ? CHECKOUT_LINK_MAX : CHECKOUT_FILE_MAX, &o, e);
    if (rc == RC_LIMIT)
        return err_set(e, RC_LIMIT, "the tree has a file that is larger than %llu bytes",
                       (unsigned long long)CHECKOUT_FILE_MAX);
    TRY(missing(rc, e));
    if (o.type != OBJECT_BLOB)
        return err_set(e, RC_INVALID, "a file of the tree is none");
    w->told.bytes += o.body.n;
    if (w->told.bytes > CHECKOUT_BYTES_MAX)
        return err_set(e, RC_LIMIT, "the tree has more than %llu bytes",
                       (unsigned long long)CHECKOUT_BYTES_MAX);
    if (link) {
        w->told.links++;
        return put_link(dirfd, name, o.body, w->times, e);
    }
    w->told.files++;
    return put_file(dirfd, name, t->mode, o.body, w->times, e);
}

static enum rc make_folder(int dirfd, const char *name, int *ret_fd, struct err *e)
{
    if (mkdirat(dirfd, name, 0755) != 0)
        return cannot_write(e);
    *ret_fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? cannot_write(e) : RC_OK;
}

static enum rc put_entry(struct walk *w, const struct tree_entry *t, struct err *e)
{
    char name[CHECKOUT_NAME_MAX + 1], hex[GIT_OID_HEX + 1];
    int dirfd = w->levels[w->depth - 1].fd;
    AUTO(fd) int fd = -1;
    if (++w->names > CHECKOUT_FILES_MAX)
        return err_set(e, RC_LIMIT, "the tree has more than %u files", CHECKOUT_FILES_MAX);
    if (!checkout_name_ok(t->name))
        return err_set(e, RC_INVALID, "the tree has a file name that may not be");
    TRY(str_copy(name, sizeof name, t->name, "a name", e));
    hex_put(hex, t->id, w->hash_len);
    switch (t->mode & TREE_MODE_TYPE) {
    case TREE_MODE_DIR:
        TRY(make_folder(dirfd, name, &fd, e));
        w->told.folders++;
        return enter(w, str_c(hex), fd_take(&fd), e);
    case MODE_MODULE:
        w->told.submodules++;
        return make_folder(dirfd, name, &fd, e);
    case TREE_MODE_FILE:
    case MODE_LINK:
        return put_blob(w, dirfd, name, t, str_c(hex), e);
    default:
        return err_set(e, RC_INVALID, "the tree has something that is neither file nor folder");
    }
}

/* Up again; the folder gets its time last, when nothing changes it any more. */
static enum rc leave(struct walk *w, struct err *e)
{
    struct level *l = &w->levels[w->depth - 1];
    if (l->rest.n > 0)
        return err_set(e, RC_INVALID, "a folder of the tree is damaged");
    if (futimens(l->fd, w->times) != 0)
        return cannot_write(e);
    fd_auto(&l->fd);
    free(TAKE(l->body));
    w->depth--;
    return RC_OK;
}

static enum rc tree_name(struct str tree, char ret[GIT_OID_HEX + 10], struct err *e)
{
    if (!git_oid_ok(tree))
        return err_set(e, RC_INVALID, "a tree is named by its full id");
    snprintf(ret, GIT_OID_HEX + 10, "%.*s^{tree}", STR_ARG(tree));
    return RC_OK;
}

enum rc checkout_tree(struct objects *o, size_t hash_len, struct str tree, int dirfd,
                      int64_t mtime_s, struct checkout_told *ret_told, struct err *e)
{
    AUTO(walk) struct walk w = {.o = o, .hash_len = hash_len};
    char name[GIT_OID_HEX + 10];
    TRY(tree_name(tree, name, e));
    for (size_t i = 0; i < ARRAY_LEN(w.times); i++)
        w.times[i].tv_sec = mtime_s;
    int top = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    if (top < 0)
        return cannot_write(e);
    TRY(enter(&w, str_c(name), top, e));
    while (w.depth > 0) {
        struct tree_entry t;
        if (tree_next(&w.levels[w.depth - 1].rest, hash_len, &t))
            TRY(put_entry(&w, &t, e));
        else
            TRY(leave(&w, e));
    }
    *ret_told = w.told;
    return RC_OK;
}

/* ---- One path ---- */

/* The folder that path lies in, made where it is missing when it is to hold something; *ret_name is
 * the rest.  *ret_fd is -1 when there is no such folder. */
static enum rc find_folder(int dirfd, struct str path, bool make, int *ret_fd, struct str *ret_name,
                           struct err *e)
{
    char name[CHECKOUT_NAME_MAX + 1];
    struct str rest = path, part;
    AUTO(fd) int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    if (at < 0)
        return cannot_write(e);
    while (str_cut(&rest, '/', &part)) {
        if (!checkout_name_ok(part))
            return err_set(e, RC_INVALID, "a path that may not be");
        if (rest.n == 0) {
            *ret_name = part;
            *ret_fd = fd_take(&at);
            return RC_OK;
        }
        TRY(str_copy(name, sizeof name, part, "a name", e));
        if (make && mkdirat(at, name, 0755) != 0 && errno != EEXIST)
            return cannot_write(e);
        int down = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (down < 0 && !make && errno == ENOENT) {
            *ret_fd = -1;
            return RC_OK;
        }
        if (down < 0)
            return err_set(e, RC_INVALID, "something else than a folder is in the way of a path");
        fd_auto(&at);
        at = down;
    }
    return err_set(e, RC_INVALID, "a path that may not be");
}

/* Mode and id of a path, by git: cat-file knows no modes. */
static enum rc look_up(struct objects *o, struct str tree, struct str path, struct walk *w,
                       struct tree_entry *ret_t, char ret_hex[GIT_OID_HEX + 1], struct err *e)
{
    struct str rest = path, part, id = tree;
    AUTO(mem) char *body = NULL;
    char name[GIT_OID_HEX + 10];
    TRY(tree_name(id, name, e));
    while (str_cut(&rest, '/', &part)) {
        struct object t;
        enum rc rc = objects_read(o, str_c(name), CHECKOUT_TREE_MAX, &t, e);
        TRY(missing(rc, e));
        if (t.type != OBJECT_TREE)
            return err_set(e, RC_NOTFOUND, "no such path");
        free(TAKE(body));
        body = str_dup(t.body);
        struct str entries = str_of(body, t.body.n);
        bool found = false;
        while (!found && tree_next(&entries, w->hash_len, ret_t))
            found = str_eq(ret_t->name, part);
        if (!found)
            return err_set(e, RC_CONFLICT, "no such path");
        hex_put(ret_hex, ret_t->id, w->hash_len);
        if (rest.n && (ret_t->mode & TREE_MODE_TYPE) != TREE_MODE_DIR)
            return err_set(e, RC_CONFLICT, "no such path");
        snprintf(name, sizeof name, "%s", ret_hex);
    }
    return RC_OK;
}

enum rc checkout_path(struct objects *o, struct str tree, struct str path, int dirfd,
                      int64_t mtime_s, struct err *e)
{
    AUTO(walk) struct walk w = {.o = o, .hash_len = tree.n / 2};
    AUTO(fd) int fd = -1;
    char hex[GIT_OID_HEX + 1], name[CHECKOUT_NAME_MAX + 1];
    struct tree_entry t = {.mode = 0};
    struct str last = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(w.times); i++)
        w.times[i].tv_sec = mtime_s;
    if (!git_path_ok(path))
        return err_set(e, RC_INVALID, "a path that may not be");
    enum rc rc = look_up(o, tree, path, &w, &t, hex, e);
    bool gone = rc == RC_CONFLICT;
    if (!gone)
        TRY(rc);
    TRY(find_folder(dirfd, path, !gone, &fd, &last, e));
    if (fd < 0)
        return RC_OK;
    TRY(str_copy(name, sizeof name, last, "a name", e));
    uint32_t type = t.mode & TREE_MODE_TYPE;
    if (!gone && type != TREE_MODE_FILE && type != MODE_LINK)
        return err_set(e, RC_INVALID, "a path that is no file");
    if (unlinkat(fd, name, 0) != 0 && errno != ENOENT)
        return err_set(e, RC_INVALID, "something else than a file is in the way of a path");
    return gone ? RC_OK : put_blob(&w, fd, name, &t, str_c(hex), e);
}

/* ---- In a child ---- */

struct apart_checkout {
    const struct checkout_ask *ask;
    struct checkout_told told;
};

/* Adds a folder of objects to those that git looks in. */
static enum rc add_objects(struct git *g, const char *dir, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(3 * FILE_PATH_MAX);
    AUTO(fd) int fd = -1;
    char info[FILE_PATH_MAX];
    TRY(git_own_objects_make(g, e));
    int n = snprintf(info, sizeof info, "%s/info", git_own_objects(g));
    if (n < 0 || (size_t)n >= sizeof info || strchr(dir, '\n'))
        return err_set(e, RC_INVALID, "the path of a folder of objects");
    TRY(dir_open(AT_FDCWD, info, &fd, e));
    TRY(file_read(fd, "alternates", FILE_PATH_MAX, &b, e));
    buf_addf(&b, "%s\n", dir);
    TRY(buf_ok(&b, "the folders of objects", e));
    return file_write_sync(fd, "alternates", buf_str(&b), 0600, e);
}

static enum rc lay_out(void *arg, struct err *e)
{
    struct apart_checkout *c = arg;
    const struct checkout_ask *ask = c->ask;
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    AUTO(fd) int fd = -1;
    TRY(git_open(ask->repository, ask->scratch, &g, e));
    if (ask->objects)
        TRY(add_objects(g, ask->objects, e));
    TRY(objects_open(g, &o, e));
    TRY(dir_open(AT_FDCWD, ask->dir, &fd, e));
    size_t len = strcmp(git_object_format(g), "sha256") == 0 ? SHA256_BYTES : SHA1_BYTES;
    if (ask->tree.n != 2 * len || (ask->other.n && ask->other.n != 2 * len))
        return err_set(e, RC_INVALID, "an id of another length than the repository's");
    TRY(checkout_tree(o, len, ask->tree, fd, ask->mtime_s, &c->told, e));
    for (size_t i = 0; ask->other.n && i < ask->n_paths; i++)
        TRY(checkout_path(o, ask->other, ask->paths[i], fd, ask->mtime_s, e));
    return RC_OK;
}

enum rc checkout_run(const struct checkout_ask *ask, struct checkout_told *ret_told, struct err *e)
{
    struct apart_checkout c = {.ask = ask};
    if (ask->n_paths > CHECKOUT_PATHS_MAX)
        return err_set(e, RC_LIMIT, "more than %u files to lay over a tree", CHECKOUT_PATHS_MAX);
    struct apart a = {.read = {ask->repository, ask->objects},
                      .write = {ask->scratch},
                      .fn = lay_out,
                      .arg = &c,
                      .out = &c.told,
                      .out_size = sizeof c.told,
                      .timeout_ms = CHECKOUT_TIME_MS};
    TRY(apart_run(&a, e));
    *ret_told = c.told;
    return RC_OK;
}
