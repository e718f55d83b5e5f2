/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of sealed bytes and the rows that go with them.  Files are written in keys, rows in core;
 * names come from the database or from other roles and must be 64 hex digits before they touch a
 * path.
 */
#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "os/fault.h"
#include "os/file.h"
#include "store/ops_row.h"

#define NAME_LEN  (SHA256_HEX - 1)
#define PATH_MAX_ (3 + NAME_LEN + 1)
#define DIR_MODE  0750

static bool is_name(struct str name)
{
    if (name.n != NAME_LEN)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_digit(name.p[i]) && !(name.p[i] >= 'a' && name.p[i] <= 'f'))
            return false;
    return true;
}

static enum rc path_of(struct str name, char path[PATH_MAX_], struct err *e)
{
    if (!is_name(name))
        return err_set(e, RC_INVALID, "a blob's name is %d hexadecimal digits", NAME_LEN);
    snprintf(path, PATH_MAX_, "%.2s/%.*s", name.p, STR_ARG(name));
    return RC_OK;
}

static enum rc io(struct err *e, const char *what)
{
    if (errno == ENOENT)
        return err_set(e, RC_NOTFOUND, "%s: the blob is not there", what);
    if (errno == ENOSPC || errno == EDQUOT || errno == EMFILE || errno == ENFILE)
        return err_errno(e, RC_LIMIT, "%s", what);
    return err_errno(e, errno == EACCES || errno == EPERM ? RC_DENIED : RC_IO, "%s", what);
}

/* ------------------------------------------------------------------ files */

enum rc blob_tmp_open(int dirfd, struct blob_tmp *ret_t, struct err *e)
{
    struct blob_tmp t = BLOB_TMP_INIT;
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    random_bytes(random, sizeof random);
    hex_put(hex, random, sizeof random);
    snprintf(t.path, sizeof t.path, FILE_TMP_PREFIX "%s", hex);
    t.dirfd = dirfd;
    if (os_fault(OS_OPEN))
        return io(e, "a new blob cannot be made");
    t.fd = openat(dirfd, t.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t.fd < 0)
        return io(e, "a new blob cannot be made");
    *ret_t = t;
    return RC_OK;
}

void blob_tmp_auto(struct blob_tmp *t)
{
    if (t->fd < 0)
        return;
    close(t->fd);
    (void)unlinkat(t->dirfd, t->path, 0);
    *t = (struct blob_tmp)BLOB_TMP_INIT;
}

enum rc blob_tmp_keep(struct blob_tmp *t, struct str name, struct err *e)
{
    char path[PATH_MAX_], folder[3];
    TRY(path_of(name, path, e));
    memcpy(folder, path, 2);
    folder[2] = '\0';
    if (fchmod(t->fd, BLOB_MODE) != 0)
        return io(e, "a blob's mode");
    if (os_fault(OS_FSYNC) || fsync(t->fd) != 0)
        return io(e, "a blob cannot be synced");
    TRY(dir_make(t->dirfd, folder, DIR_MODE, e));
    TRY(dir_sync(t->dirfd, e));
    if (os_fault(OS_RENAME) || renameat(t->dirfd, t->path, t->dirfd, path) != 0)
        return io(e, "a blob cannot be named");
    close(t->fd);
    int dirfd = t->dirfd;
    *t = (struct blob_tmp)BLOB_TMP_INIT;
    AUTO(fd) int sub = -1;
    TRY(dir_open(dirfd, folder, &sub, e));
    return dir_sync(sub, e);
}

enum rc blob_put(int dirfd, struct str sealed, char ret_name[SHA256_HEX], struct err *e)
{
    unsigned char digest[SHA256_LEN];
    char name[SHA256_HEX];
    AUTO(blob_tmp) struct blob_tmp t = BLOB_TMP_INIT;
    sha256(sealed, digest);
    hex_put(name, digest, sizeof digest);
    TRY(blob_tmp_open(dirfd, &t, e));
    TRY(fd_write_all(t.fd, sealed, e));
    TRY(blob_tmp_keep(&t, str_c(name), e));
    memcpy(ret_name, name, sizeof name);
    return RC_OK;
}

enum rc blob_open(int dirfd, struct str name, int *ret_fd, struct err *e)
{
    char path[PATH_MAX_];
    TRY(path_of(name, path, e));
    AUTO(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return io(e, "a blob cannot be opened");
    struct stat st;
    if (fstat(fd, &st) != 0)
        return io(e, "a blob cannot be opened");
    if (!S_ISREG(st.st_mode))
        return err_set(e, RC_INVALID, "a blob is not a regular file");
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

enum rc blob_del(int dirfd, struct str name, struct err *e)
{
    char path[PATH_MAX_];
    TRY(path_of(name, path, e));
    if (unlinkat(dirfd, path, 0) != 0)
        return io(e, "a blob cannot be removed");
    path[2] = '\0';
    AUTO(fd) int sub = -1;
    TRY(dir_open(dirfd, path, &sub, e));
    return dir_sync(sub, e);
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
    DIR *d = fdopendir(fd);
    if (d == NULL)
        return io(e, "the blob folder cannot be listed");
    (void)fd_take(&fd);
    *ret_d = d;
    return RC_OK;
}

static bool dot(const struct dirent *d)
{
    return strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
}

static enum rc each_in(int dirfd, const char *folder,
                       enum rc (*fn)(void *arg, struct str name, struct err *e), void *arg,
                       int64_t *strange, struct err *e)
{
    AUTO(dirp) DIR *list = NULL;
    TRY(list_open(dirfd, folder, &list, e));
    const struct dirent *d;
    while ((d = readdir(list)) != NULL) {
        struct str name = str_c(d->d_name);
        if (dot(d))
            continue;
        if (is_name(name) && str_starts(name, str_c(folder)))
            TRY(fn(arg, name, e));
        else
            (*strange)++;
    }
    return RC_OK;
}

enum rc blob_each_of(int dirfd, unsigned folder,
                     enum rc (*fn)(void *arg, struct str name, struct err *e), void *arg,
                     struct err *e)
{
    char name[3];
    int64_t strange = 0;
    snprintf(name, sizeof name, "%02x", folder % BLOB_FOLDERS);
    if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return RC_OK;
    return each_in(dirfd, name, fn, arg, &strange, e);
}

enum rc blob_each(int dirfd, enum rc (*fn)(void *arg, struct str name, struct err *e), void *arg,
                  int64_t *ret_strange, struct err *e)
{
    AUTO(dirp) DIR *list = NULL;
    int64_t strange = 0;
    TRY(list_open(dirfd, ".", &list, e));
    const struct dirent *d;
    while ((d = readdir(list)) != NULL) {
        struct stat st;
        if (dot(d))
            continue;
        if (strlen(d->d_name) == 2 && fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(st.st_mode))
            TRY(each_in(dirfd, d->d_name, fn, arg, &strange, e));
        else
            strange++;
    }
    if (ret_strange)
        *ret_strange = strange;
    return RC_OK;
}

/* ------------------------------------------------------------------ rows */

static const struct sql sql_add = {
    "blob_add",
    "INSERT INTO blob (case_id, purpose, name, key_wrapped, size, created_us)"
    " VALUES ($1,$2,$3,$4,$5,$6) RETURNING id",
    NULL};
static const struct sql sql_get = {
    "blob_get",
    "SELECT id, case_id, purpose, name, key_wrapped, size, created_us FROM blob WHERE id = $1",
    NULL};
static const struct sql sql_by_name = {
    "blob_by_name",
    "SELECT id, case_id, purpose, name, key_wrapped, size, created_us FROM blob WHERE name = $1",
    NULL};
static const struct sql sql_move = {"blob_move",
                                    "UPDATE blob SET case_id = $3, key_wrapped = $4"
                                    " WHERE id = $1 AND coalesce(case_id, 0) = $2",
                                    NULL};
static const struct sql sql_forget = {"blob_forget", "DELETE FROM blob WHERE id = $1", NULL};

enum rc blob_add(struct db *db, const struct blob_row *b, int64_t *ret_id, struct err *e)
{
    if (!is_name(b->name))
        return err_set(e, RC_INVALID, "a blob's name is %d hexadecimal digits", NAME_LEN);
    if (b->purpose.n == 0 || b->purpose.n > BLOB_PURPOSE_MAX)
        return err_set(e, RC_LIMIT, "a blob's purpose has 1 to %d bytes", BLOB_PURPOSE_MAX);
    return db_one_i64(db, &sql_add,
                      DB_ARGS(DB_I0(b->case_id), DB_T(b->purpose), DB_T(b->name),
                              DB_B(b->key_wrapped), DB_I(b->size), DB_I(db_now_us(db))),
                      ret_id, e);
}

static enum rc get(struct db *db, struct arena *a, const struct sql *sql, struct dbv by,
                   struct blob_row *ret_b, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, sql, DB_ARGS(by), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such blob");
    struct blob_row b = {.id = row_i64(r, 0),
                         .case_id = row_i64(r, 1),
                         .purpose = row_keep(a, r, 2),
                         .name = row_keep(a, r, 3),
                         .key_wrapped = row_keep_blob(a, r, 4),
                         .size = row_i64(r, 5),
                         .created_us = row_i64(r, 6)};
    TRY(rows_kept(r, a, e));
    *ret_b = b;
    return RC_OK;
}

enum rc blob_get(struct db *db, struct arena *a, int64_t id, struct blob_row *ret_b, struct err *e)
{
    return get(db, a, &sql_get, DB_I(id), ret_b, e);
}

enum rc blob_by_name(struct db *db, struct arena *a, struct str name, struct blob_row *ret_b,
                     struct err *e)
{
    return get(db, a, &sql_by_name, DB_T(name), ret_b, e);
}

enum rc blob_move(struct db *db, int64_t id, int64_t from, int64_t to, struct str key_wrapped,
                  struct err *e)
{
    return db_run_one(db, &sql_move, DB_ARGS(DB_I(id), DB_I(from), DB_I0(to), DB_B(key_wrapped)),
                      "the blob", e);
}

enum rc blob_forget(struct db *db, int64_t id, struct err *e)
{
    int64_t changed;
    TRY(db_run(db, &sql_forget, DB_ARGS(DB_I(id)), &changed, e));
    return changed ? RC_OK : err_set(e, RC_NOTFOUND, "there is no such blob");
}

enum rc blob_orphan(struct db *db, struct str name, bool *ret_orphan, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_by_name, DB_ARGS(DB_T(name)), &r, e));
    *ret_orphan = rows_count(r) == 0;
    return RC_OK;
}
