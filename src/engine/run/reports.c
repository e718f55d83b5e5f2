/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of a test run in the folder that it ran in.  Runs in the engine child; the folder is a
 * stranger's.
 */
#include "engine/run/reports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/name.h"
#include "os/file.h"

#define NAME_MAX_BYTES 255

struct reports {
    struct results *results; /* NULL: remove */
    size_t files;
    uint64_t bytes;
    bool stuck; /* something could not be removed */
};

static void read_one(struct reports *r, int at, const char *name)
{
    AUTO(buf) struct buf b = BUF_INIT(RESULTS_XML_MAX);
    AUTO(fd) int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    struct err e = ERR_INIT;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    r->bytes += (uint64_t)st.st_size;
    bool over = ++r->files > REPORTS_FILES_MAX || r->bytes > REPORTS_BYTES_MAX;
    if (over || fd_read_all(fd, RESULTS_XML_MAX, &b, &e) != RC_OK ||
        results_xml(r->results, buf_str(&b), &e) != RC_OK) {
        AUTO(buf) struct buf words = BUF_INIT(NAME_MAX_BYTES + 100);
        buf_addf(&words, "the report %s cannot be read", name);
        results_put(r->results, buf_str(&words), RESULT_FAIL);
    }
}

static void one(struct reports *r, int at, const char *name)
{
    if (r->results)
        read_one(r, at, name);
    else if (unlinkat(at, name, 0) != 0 && errno != ENOENT)
        r->stuck = true;
}

static void folder(struct reports *r, int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    for (struct dirent *de; d && (de = readdir(d)) != NULL;)
        if (str_ends(str_c(de->d_name), STR(".xml")))
            one(r, fd, de->d_name);
    if (d)
        closedir(d);
    else
        fd_auto(&again);
}

/* Down to the last part without going through a link. */
static void place(struct reports *r, int top, struct str path)
{
    char name[NAME_MAX_BYTES + 1];
    struct str part;
    struct err e = ERR_INIT;
    AUTO(fd) int at = fcntl(top, F_DUPFD_CLOEXEC, 3);
    while (at >= 0 && str_cut(&path, '/', &part)) {
        if (str_copy(name, sizeof name, part, "a name", &e) != RC_OK)
            return;
        int down = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (path.n == 0 && down < 0 && errno != ENOENT)
            one(r, at, name);
        else if (path.n == 0 && down >= 0)
            folder(r, down);
        fd_auto(&at);
        at = down;
    }
}

static enum rc each(const char *dir, const struct str *names, size_t n, struct reports *r,
                    struct err *e)
{
    AUTO(fd) int top = -1;
    TRY(dir_open(AT_FDCWD, dir, &top, e));
    for (size_t i = 0; i < n; i++)
        if (git_path_ok(names[i]))
            place(r, top, names[i]);
    return RC_OK;
}

enum rc reports_remove(const char *dir, const struct str *names, size_t n, struct err *e)
{
    struct reports r = {.results = NULL};
    TRY(each(dir, names, n, &r, e));
    return r.stuck ? err_set(e, RC_INVALID, "a report in the tree is in the way") : RC_OK;
}

void reports_read(const char *dir, const struct str *names, size_t n, struct results *results)
{
    struct reports r = {.results = results};
    struct err e = ERR_INIT;
    (void)!each(dir, names, n, &r, &e);
}
