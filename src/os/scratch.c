/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders that go with their process.  Runs in commands; /tmp and /dev/shm are everybody's: nothing
 * is followed, and what is not the user's own is left alone.
 */
#include "os/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "os/file.h"

#define PLACE  "/tmp"
#define MEMORY "/dev/shm"
#define RANDOM 6 /* of mkdtemp */

/* The lock on a folder, -1: somebody has it, or it is none of ours. */
static int lock_of(int top, const char *name)
{
    struct stat st;
    int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
                    st.st_mtime > time(NULL) - SCRATCH_YOUNG_S || flock(fd, LOCK_EX | LOCK_NB))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Removes what others left that are no more; best effort. */
static void sweep(const char *place, const char *prefix)
{
    size_t len = strlen(prefix), seen = 0, swept = 0;
    struct dirent *d;
    AUTO(fd) int top = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = opendir(place);
    while (list && top >= 0 && swept < SCRATCH_SWEPT && seen < SCRATCH_SEEN &&
           (d = readdir(list)) != NULL) {
        seen++;
        if (strncmp(d->d_name, prefix, len) != 0 || strlen(d->d_name) != len + RANDOM)
            continue;
        AUTO(fd) int lock = lock_of(top, d->d_name);
        struct err e = ERR_INIT;
        if (lock >= 0)
            swept += dir_remove(top, d->d_name, &e) == RC_OK;
    }
    if (list)
        closedir(list);
}

static enum rc make_in(const char *place, const char *name, struct scratch *ret_s, struct err *e)
{
    char prefix[SCRATCH_NAME_MAX + 16];
    AUTO(scratch) struct scratch s = SCRATCH_INIT;
    BUG_ON(strlen(name) > SCRATCH_NAME_MAX);
    (void)snprintf(prefix, sizeof prefix, "vulndesk-%s-", name);
    sweep(place, prefix);
    AUTO(mem) char *path = NULL;
    if (asprintf(&path, "%s/%sXXXXXX", place, prefix) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    if (mkdtemp(path) == NULL)
        return err_errno(e, RC_IO, "a folder in %s could not be made", place);
    s.path = TAKE(path);
    TRY(dir_open(AT_FDCWD, s.path, &s.lock, e));
    if (flock(s.lock, LOCK_EX | LOCK_NB) != 0)
        return err_errno(e, RC_IO, "%s cannot be locked", s.path);
    *ret_s = s;
    s = (struct scratch)SCRATCH_INIT;
    return RC_OK;
}

enum rc scratch_make(const char *name, struct scratch *ret_s, struct err *e)
{
    return make_in(PLACE, name, ret_s, e);
}

enum rc scratch_make_quick(const char *name, struct scratch *ret_s, struct err *e)
{
    struct statfs fs;
    bool quick = statfs(MEMORY, &fs) == 0 && fs.f_type == TMPFS_MAGIC &&
                 access(MEMORY, W_OK | X_OK) == 0 &&
                 (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= SCRATCH_ROOM;
    return make_in(quick ? MEMORY : PLACE, name, ret_s, e);
}

void scratch_remove(struct scratch *s)
{
    struct err e = ERR_INIT;
    if (s->path)
        (void)!dir_remove(AT_FDCWD, s->path, &e);
    free(s->path);
    fd_auto(&s->lock);
    *s = (struct scratch)SCRATCH_INIT;
}

void scratch_auto(struct scratch *s)
{
    scratch_remove(s);
}
