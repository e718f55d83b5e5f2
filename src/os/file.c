/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files, durable and bounded.  Runs in every role that may touch a disk; paths are our own,
 * contents are not looked at.
 */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/fault.h"

#define READ_STEP     65536
#define TMP_RANDOM    12
#define MEMFD_SEALED  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define TMP_NAME_SIZE (sizeof FILE_TMP_PREFIX + 2 * TMP_RANDOM)

static enum rc rc_of_errno(void)
{
    switch (errno) {
    case ENOENT:
        return RC_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return RC_DENIED;
    case EEXIST:
        return RC_CONFLICT;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
        return RC_LIMIT;
    case EPIPE:
        return RC_CLOSED;
    default:
        return RC_IO;
    }
}

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
    if (os_fault(OS_OPEN))
        return -1;
    return openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY, mode);
}

static int sync_fd(int fd)
{
    return os_fault(OS_FSYNC) ? -1 : fsync(fd);
}

enum rc fd_read_all(int fd, size_t max, struct buf *b, struct err *e)
{
    size_t start = b->n;
    enum rc rc = RC_OK;
    while (rc == RC_OK) {
        char step[READ_STEP];
        ssize_t n = read(fd, step, sizeof step);
        if (n == 0)
            return RC_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_errno(e, rc_of_errno(), "cannot read");
        else if ((size_t)n > max - (b->n - start) || (size_t)n > b->max - b->n)
            rc = err_set(e, RC_LIMIT, "more than %zu bytes to read", max);
        else
            buf_add(b, str_of(step, (size_t)n));
    }
    buf_cut(b, start);
    return rc;
}

enum rc file_read(int dirfd, const char *path, size_t max, struct buf *b, struct err *e)
{
    AUTO(fd) int fd = open_at(dirfd, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, rc_of_errno(), "cannot open %s", path);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, RC_INVALID, "%s is not a file", path);
    if (fd_read_all(fd, max, b, e) != RC_OK)
        return err_prefix(e, "%s: ", path);
    return RC_OK;
}

enum rc fd_write_all(int fd, struct str s, struct err *e)
{
    while (s.n > 0) {
        ssize_t n = os_fault(OS_WRITE) ? -1 : write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, rc_of_errno(), "cannot write");
        s = str_sub(s, (size_t)n, s.n);
    }
    return RC_OK;
}

static void tmp_name(char ret_name[TMP_NAME_SIZE])
{
    unsigned char r[TMP_RANDOM];
    random_bytes(r, sizeof r);
    memcpy(ret_name, FILE_TMP_PREFIX, sizeof FILE_TMP_PREFIX);
    hex_put(ret_name + sizeof FILE_TMP_PREFIX - 1, r, sizeof r);
    ret_name[TMP_NAME_SIZE - 1] = '\0';
}

/* Writes s to a new, synced file; what could not be finished is removed. */
static enum rc write_tmp(int dirfd, const char *tmp, struct str s, mode_t mode, struct err *e)
{
    AUTO(fd) int fd = open_at(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, rc_of_errno(), "cannot make a temporary file");
    enum rc rc = RC_OK;
    if (fchmod(fd, mode) != 0)
        rc = err_errno(e, rc_of_errno(), "cannot set the mode");
    if (rc == RC_OK)
        rc = fd_write_all(fd, s, e);
    if (rc == RC_OK && sync_fd(fd) != 0)
        rc = err_errno(e, rc_of_errno(), "cannot sync");
    /* Some file systems (NFS) report a full disk only here. */
    if (close(fd_take(&fd)) != 0 && rc == RC_OK)
        rc = err_errno(e, rc_of_errno(), "cannot close");
    if (rc != RC_OK)
        unlinkat(dirfd, tmp, 0);
    return rc;
}

enum rc dir_sync(int dirfd, struct err *e)
{
    if (sync_fd(dirfd) != 0)
        return err_errno(e, rc_of_errno(), "cannot sync the folder");
    return RC_OK;
}

enum rc dir_open(int dirfd, const char *path, int *ret_fd, struct err *e)
{
    int fd = open_at(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return err_errno(e, rc_of_errno(), "cannot open the folder %s", path);
    *ret_fd = fd;
    return RC_OK;
}

/* Opens the folder of path and points *ret_base at its last part. */
static enum rc open_parent(int dirfd, const char *path, int *ret_fd, const char **ret_base,
                           struct err *e)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    if (*base == '\0' || strlen(path) >= FILE_PATH_MAX)
        return err_set(e, RC_INVALID, "not a file's path");
    AUTO(mem)
    char *dir = slash == NULL   ? mem_strndup(".", 1)
                : slash == path ? mem_strndup("/", 1)
                                : mem_strndup(path, (size_t)(slash - path));
    TRY(dir_open(dirfd, dir, ret_fd, e));
    *ret_base = base;
    return RC_OK;
}

enum rc file_write_sync(int dirfd, const char *path, struct str s, mode_t mode, struct err *e)
{
    AUTO(fd) int parent = -1;
    const char *base = path;
    TRY(open_parent(dirfd, path, &parent, &base, e));
    char tmp[TMP_NAME_SIZE];
    tmp_name(tmp);
    if (write_tmp(parent, tmp, s, mode, e) != RC_OK)
        return err_prefix(e, "%s: ", path);
    if (os_fault(OS_RENAME) || renameat(parent, tmp, parent, base) != 0) {
        enum rc rc = err_errno(e, rc_of_errno(), "%s: cannot rename into place", path);
        unlinkat(parent, tmp, 0);
        return rc;
    }
    return dir_sync(parent, e);
}

/* rename that never replaces; by link(2) where the file system has no such rename. */
static int move_new(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    if (os_fault(OS_RENAME))
        return -1;
    if (renameat2(from_dirfd, from, to_dirfd, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(from_dirfd, from, to_dirfd, to, 0) != 0)
        return -1;
    unlinkat(from_dirfd, from, 0);
    return 0;
}

enum rc file_add_sync(int tmp_dirfd, int dirfd, const char *name, struct str s, struct err *e)
{
    if (*name == '\0' || strchr(name, '/') != NULL || str_starts(str_c(name), STR(".")))
        return err_set(e, RC_INVALID, "not a name for a file to add");
    char tmp[TMP_NAME_SIZE];
    tmp_name(tmp);
    TRY(write_tmp(tmp_dirfd, tmp, s, FILE_ADD_MODE, e));
    if (move_new(tmp_dirfd, tmp, dirfd, name) != 0) {
        enum rc rc = err_errno(e, rc_of_errno(), "cannot move a new file into place");
        unlinkat(tmp_dirfd, tmp, 0);
        return rc;
    }
    return dir_sync(dirfd, e);
}

enum rc file_remove_sync(int dirfd, const char *path, struct err *e)
{
    AUTO(fd) int parent = -1;
    const char *base = path;
    TRY(open_parent(dirfd, path, &parent, &base, e));
    if (unlinkat(parent, base, 0) != 0)
        return err_errno(e, rc_of_errno(), "cannot remove %s", path);
    return dir_sync(parent, e);
}

static enum rc make_one(int dirfd, const char *path, mode_t mode, struct err *e)
{
    if (mkdirat(dirfd, path, mode) == 0)
        return RC_OK;
    if (errno != EEXIST)
        return err_errno(e, rc_of_errno(), "cannot make the folder %s", path);
    struct stat st;
    if (fstatat(dirfd, path, &st, 0) != 0 || !S_ISDIR(st.st_mode))
        return err_set(e, RC_CONFLICT, "%s is in the way: not a folder", path);
    return RC_OK;
}

enum rc dir_make(int dirfd, const char *path, mode_t mode, struct err *e)
{
    size_t n = strlen(path);
    if (n == 0 || n >= FILE_PATH_MAX)
        return err_set(e, RC_INVALID, "not a folder's path");
    AUTO(mem) char *part = mem_strndup(path, n);
    for (size_t i = 1; i < n; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        TRY(make_one(dirfd, part, mode, e));
        part[i] = '/';
    }
    return make_one(dirfd, part, mode, e);
}

/* Permission to empty a folder that its maker may have closed to us. */
static void open_up(int dirfd, const char *name)
{
    /* Where it fails, the open that follows says so. */
    if (fchmodat(dirfd, name, 0700, 0) != 0)
        return;
}

/*
 * One pass over the folder at dir: files go, each subfolder moves up into top under a new name, so
 * that depth costs neither stack nor descriptors.  With dir == top subfolders are emptied in turn.
 */
static enum rc empty_dir(int top, int dir, bool *ret_any, struct err *e)
{
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    if (d == NULL) {
        enum rc rc = err_errno(e, rc_of_errno(), "cannot list a folder");
        fd_auto(&again);
        return rc;
    }
    enum rc rc = RC_OK;
    struct dirent *de;
    while (rc == RC_OK && (de = readdir(d)) != NULL) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (unlinkat(dir, de->d_name, 0) == 0)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            rc = err_errno(e, rc_of_errno(), "cannot remove a file");
            break;
        }
        *ret_any = true;
        open_up(dir, de->d_name);
        char name[TMP_NAME_SIZE];
        tmp_name(name);
        if (dir != top && renameat(dir, de->d_name, top, name) != 0)
            rc = err_errno(e, rc_of_errno(), "cannot move a folder");
        if (dir != top)
            continue;
        AUTO(fd) int sub = openat(top, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool any = false;
        if (sub < 0)
            rc = err_errno(e, rc_of_errno(), "cannot open a folder");
        else
            rc = empty_dir(top, sub, &any, e);
        if (rc == RC_OK && unlinkat(top, de->d_name, AT_REMOVEDIR) != 0)
            rc = err_errno(e, rc_of_errno(), "cannot remove a folder");
    }
    closedir(d);
    return rc;
}

enum rc dir_remove(int dirfd, const char *path, struct err *e)
{
    struct stat st;
    if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? RC_OK : err_errno(e, rc_of_errno(), "cannot look at %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, RC_INVALID, "%s is not a folder", path);
    open_up(dirfd, path);
    AUTO(fd) int top = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (top < 0)
        return err_errno(e, rc_of_errno(), "cannot open the folder %s", path);
    for (bool any = true; any;) {
        any = false;
        TRY(empty_dir(top, top, &any, e));
    }
    if (unlinkat(dirfd, path, AT_REMOVEDIR) != 0)
        return err_errno(e, rc_of_errno(), "cannot remove %s", path);
    return RC_OK;
}

enum rc memfd_new(const char *name, int *ret_fd, struct err *e)
{
    int fd = os_fault(OS_OPEN) ? -1 : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_errno(e, rc_of_errno(), "cannot make a memory file");
    *ret_fd = fd;
    return RC_OK;
}

enum rc memfd_seal(int fd, struct err *e)
{
    if (lseek(fd, 0, SEEK_SET) != 0 || fcntl(fd, F_ADD_SEALS, MEMFD_SEALED) != 0)
        return err_errno(e, RC_IO, "cannot seal a memory file");
    return RC_OK;
}

enum rc memfd_of(struct str s, const char *name, int *ret_fd, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(memfd_new(name, &fd, e));
    TRY(fd_write_all(fd, s, e));
    TRY(memfd_seal(fd, e));
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

enum rc memfd_check(int fd, size_t max, struct err *e)
{
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & MEMFD_SEALED) != MEMFD_SEALED)
        return err_set(e, RC_DENIED, "a handed descriptor is not a sealed memory file");
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "cannot look at a memory file");
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return err_set(e, RC_LIMIT, "a handed memory file has more than %zu bytes", max);
    return RC_OK;
}
