/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root filesystems of the team.  Runs in the engine child of a test run and in commands; the place
 * comes from the register of lines, which administrators write.
 */
#include "engine/run/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "engine/run/apart.h"
#include "os/file.h"

#define KEY_MAX 40
#define PART    ".part-" /* not whole yet */

/* Is b the folder a, or in it? */
static bool holds(const char *a, const char *b)
{
    size_t n = strlen(a);
    while (n > 0 && a[n - 1] == '/')
        n--;
    return strncmp(a, b, n) == 0 && (b[n] == '/' || b[n] == '\0');
}

static enum rc open_folder(const char *real, const char *kept_from, struct err *e)
{
    char own[PATH_MAX];
    struct stat st;
    AUTO(fd) int fd = -1;
    if (kept_from && realpath(kept_from, own) == NULL)
        return err_errno(e, RC_IO, "the desk's own folder");
    if (kept_from && (holds(real, own) || holds(own, real)))
        return err_set(e, RC_DENIED, "a root filesystem that holds, or lies in, the desk's data");
    TRY(dir_open(AT_FDCWD, real, &fd, e));
    if (fstatat(fd, "usr", &st, 0) != 0 && fstatat(fd, "bin", &st, 0) != 0)
        return err_set(e, RC_INVALID, "a folder without usr and bin is no root filesystem");
    return RC_OK;
}

/* ---- A tar ---- */

struct unpack {
    const char *tar, *dir;
};

static enum rc unpack(void *arg, struct err *e)
{
    const struct unpack *u = arg;
    AUTO(fd) int fd = -1;
    AUTO(fd) int tar = open(u->tar, O_RDONLY | O_CLOEXEC);
    if (tar < 0)
        return err_errno(e, RC_IO, "the archive of a root filesystem");
    TRY(dir_open(AT_FDCWD, u->dir, &fd, e));
    return root_unpack(tar, fd, e);
}

/* Holds a folder; somebody may remove it between its opening and the lock. */
static bool hold(int cache, const char *key, int *ret_hold)
{
    struct stat a, b;
    AUTO(fd) int fd = openat(cache, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_SH) != 0 || fstat(fd, &a) != 0 ||
        fstatat(cache, key, &b, AT_SYMLINK_NOFOLLOW) != 0 || a.st_ino != b.st_ino)
        return false;
    futimens(fd, NULL); /* used now; where it fails, another one goes first */
    *ret_hold = fd_take(&fd);
    return true;
}

static bool older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Removes, when there are too many, the one that was not used longest and that nobody holds. */
static void make_room(int cache)
{
    char oldest[NAME_MAX + 1] = "";
    struct timespec when = {0};
    size_t n = 0;
    struct err e = ERR_INIT;
    int again = openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    for (struct dirent *de; d && (de = readdir(d)) != NULL;) {
        struct stat st;
        bool part = strncmp(de->d_name, PART, strlen(PART)) == 0;
        if (de->d_name[0] == '.' && !part)
            continue;
        n += !part;
        AUTO(fd)
        int fd = openat(cache, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
            continue;
        if (part) { /* of one that was killed while it unpacked */
            (void)!dir_remove(cache, de->d_name, &e);
            continue;
        }
        if (oldest[0] && !older(&st.st_mtim, &when))
            continue;
        when = st.st_mtim;
        snprintf(oldest, sizeof oldest, "%s", de->d_name);
    }
    if (d)
        closedir(d);
    else
        fd_auto(&again);
    if (n < ROOTS_KEPT || oldest[0] == '\0')
        return;
    AUTO(fd) int fd = openat(cache, oldest, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)!dir_remove(cache, oldest, &e);
}

static enum rc open_tar(const char *real, const struct stat *st, const char *cache, char *ret_dir,
                        size_t size, int *ret_hold, struct err *e)
{
    char folder[PATH_MAX], key[KEY_MAX], part[PATH_MAX + KEY_MAX];
    AUTO(buf) struct buf id = BUF_INIT(PATH_MAX + 100);
    AUTO(fd) int fd = -1;
    int n = snprintf(folder, sizeof folder, "%s/" ROOTS_FOLDER, cache);
    if (n < 0 || (size_t)n + KEY_MAX >= size)
        return err_set(e, RC_LIMIT, "the path of the scratch folder is too long");
    TRY(dir_make(AT_FDCWD, folder, 0700, e));
    TRY(dir_open(AT_FDCWD, folder, &fd, e));
    buf_addf(&id, "%s %lld %lld.%09ld", real, (long long)st->st_size, (long long)st->st_mtim.tv_sec,
             st->st_mtim.tv_nsec);
    snprintf(key, sizeof key, "%016llx", (unsigned long long)hash64(buf_str(&id)));
    snprintf(ret_dir, size, "%s/%s", folder, key);
    if (hold(fd, key, ret_hold))
        return RC_OK;
    make_room(fd);
    snprintf(part, sizeof part, "%s/" PART "XXXXXX", folder);
    if (mkdtemp(part) == NULL)
        return err_errno(e, RC_IO, "a folder for a root filesystem");
    AUTO(fd) int own = -1;
    TRY(dir_open(AT_FDCWD, part, &own, e));
    if (flock(own, LOCK_SH) != 0)
        return err_errno(e, RC_IO, "a folder for a root filesystem");
    struct unpack u = {.tar = real, .dir = part};
    struct apart a = {
        .read = {real}, .write = {part}, .fn = unpack, .arg = &u, .timeout_ms = ROOT_TIME_MS};
    enum rc rc = apart_run(&a, e);
    if (rc == RC_OK && rename(part, ret_dir) != 0 && errno != EEXIST && errno != ENOTEMPTY)
        rc = err_errno(e, RC_IO, "keeping a root filesystem");
    if (rc == RC_OK && !hold(fd, key, ret_hold))
        rc = err_set(e, RC_BUSY, "a root filesystem was removed by somebody else");
    struct err left = ERR_INIT;
    (void)!dir_remove(AT_FDCWD, part, &left); /* not there when all went well */
    return rc;
}

enum rc root_open(const char *place, const char *cache, const char *kept_from, char *ret_dir,
                  size_t dir_size, int *ret_hold, struct err *e)
{
    char real[PATH_MAX];
    struct stat st;
    *ret_hold = -1;
    if (place[0] != '/')
        return err_set(e, RC_INVALID, "a root filesystem is named by its absolute path");
    if (realpath(place, real) == NULL || stat(real, &st) != 0)
        return err_errno(e, errno == ENOENT ? RC_NOTFOUND : RC_IO, "the root filesystem %s", place);
    if (S_ISREG(st.st_mode))
        return open_tar(real, &st, cache, ret_dir, dir_size, ret_hold, e);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, RC_INVALID, "a root filesystem is a folder or a tar");
    TRY(open_folder(real, kept_from, e));
    return str_copy(ret_dir, dir_size, str_c(real), "the path of a root filesystem", e);
}
