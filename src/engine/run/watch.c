/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run uses.  Runs in the engine child beside the sandbox; the processes and files that it
 * counts are hostile and change under its hands.
 */
#include "engine/run/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/clock.h"
#include "os/file.h"

#define PROC_PATH  64
#define STATM_MAX  256
#define STATUS_MAX 8192
#define BLOCK      512

static uint64_t free_bytes(int dir)
{
    struct statvfs s;
    return fstatvfs(dir, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : UINT64_MAX;
}

enum rc watch_init(struct watch *w, const struct watch_limits *limits, int dir, struct err *e)
{
    *w = (struct watch){.limits = *limits, .dir = dir};
    w->free_at_start = w->free_last = free_bytes(dir);
    if (w->free_at_start < WATCH_DISK_SPARE)
        return err_set(e, RC_LIMIT, "this machine has too little room on its disk for a test run");
    return RC_OK;
}

/* ---- Processes ---- */

/* What the link /proc/PID/ns/pid names, 0 when it cannot be read. */
static uint64_t space_of(const char *pid)
{
    char path[PROC_PATH], to[PROC_PATH];
    struct err e = ERR_INIT;
    uint64_t n = 0;
    snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
    ssize_t len = readlink(path, to, sizeof to);
    if (len <= 0 || (size_t)len == sizeof to)
        return 0;
    struct str s = str_of(to, (size_t)len);
    if (!str_starts(s, STR("pid:[")) || !str_ends(s, STR("]")))
        return 0;
    return num_parse(str_sub(s, 5, s.n - 6), 1, UINT64_MAX, "a number", &n, &e) == RC_OK ? n : 0;
}

static bool small_file(const char *path, struct buf *b)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *p = fd < 0 ? NULL : buf_room(b, b->max - b->n);
    ssize_t n = p ? read(fd, p, b->max - b->n) : -1;
    if (n <= 0)
        return false;
    buf_grown(b, (size_t)n);
    return true;
}

/* Its own memory: what is resident and not shared with files. */
static uint64_t memory_of(const char *pid)
{
    char path[PROC_PATH];
    AUTO(buf) struct buf b = BUF_INIT(STATM_MAX);
    struct err e = ERR_INIT;
    struct str rest, part;
    uint64_t v[3] = {0};
    snprintf(path, sizeof path, "/proc/%s/statm", pid);
    if (!small_file(path, &b))
        return 0;
    rest = buf_str(&b);
    for (size_t i = 0; i < ARRAY_LEN(v) && str_cut(&rest, ' ', &part); i++)
        if (num_parse(part, 0, UINT64_MAX, "a number", &v[i], &e) != RC_OK)
            return 0;
    return v[1] > v[2] ? (v[1] - v[2]) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

typedef void (*process_fn)(void *arg, const char *pid);

static void each_process(process_fn fn, void *arg)
{
    DIR *d = opendir("/proc");
    for (struct dirent *de; d && (de = readdir(d)) != NULL;)
        if (ascii_is_digit(de->d_name[0]) && strlen(de->d_name) < 20)
            fn(arg, de->d_name);
    if (d)
        closedir(d);
}

struct sum {
    uint64_t space, processes, memory;
};

static void add_process(void *arg, const char *pid)
{
    struct sum *s = arg;
    if (space_of(pid) != s->space)
        return;
    s->processes++;
    s->memory += memory_of(pid);
}

static enum watch_found look_at_processes(struct watch *w, pid_t first)
{
    char pid[24];
    if (w->space == 0 && first > 0) {
        snprintf(pid, sizeof pid, "%d", (int)first);
        w->space = space_of(pid);
    }
    if (w->space == 0 || w->space == space_of("self"))
        return WATCH_FINE;
    struct sum s = {.space = w->space};
    each_process(add_process, &s);
    if (s.processes > w->processes)
        w->processes = s.processes;
    if (s.memory > w->memory_bytes)
        w->memory_bytes = s.memory;
    if (w->limits.processes && s.processes > w->limits.processes)
        return WATCH_PROCESSES;
    if (w->limits.memory_bytes && s.memory > w->limits.memory_bytes)
        return WATCH_MEMORY;
    return WATCH_FINE;
}

/* The number behind "NAME:" in a text of /proc. */
static bool number_after(struct str text, struct str key, uint64_t *ret_n)
{
    struct err e = ERR_INIT;
    struct str line;
    while (str_line(&text, &line)) {
        if (!str_starts(line, key))
            continue;
        struct str v = str_trim(str_sub(line, key.n, line.n));
        size_t n = 0;
        while (n < v.n && ascii_is_digit(v.p[n]))
            n++;
        return num_parse(str_sub(v, 0, n), 0, UINT64_MAX / 1024, "a number", ret_n, &e) == RC_OK;
    }
    return false;
}

static bool machine_is_full(void)
{
    AUTO(buf) struct buf b = BUF_INIT(STATUS_MAX);
    uint64_t kib;
    return small_file("/proc/meminfo", &b) &&
           number_after(buf_str(&b), STR("MemAvailable:"), &kib) && kib * 1024 < WATCH_MEMORY_SPARE;
}

struct tasks {
    uid_t uid;
    uint64_t n;
};

static void add_tasks(void *arg, const char *pid)
{
    struct tasks *t = arg;
    char path[PROC_PATH];
    AUTO(buf) struct buf b = BUF_INIT(STATUS_MAX);
    uint64_t uid, threads;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    if (small_file(path, &b) && number_after(buf_str(&b), STR("Uid:"), &uid) && uid == t->uid &&
        number_after(buf_str(&b), STR("Threads:"), &threads))
        t->n += threads;
}

uint64_t watch_tasks_of_user(uid_t uid)
{
    struct tasks t = {.uid = uid};
    each_process(add_tasks, &t);
    return t.n;
}

/* ---- The folder ---- */

struct count {
    uint64_t bytes, names;
    bool unseen; /* something could not be looked into */
};

/* Adds one folder's entries up; *ret_down gets the next folder below that is to be counted. */
static bool count_dir(struct watch *w, DIR **levels, struct count *c)
{
    size_t depth = 1;
    while (depth > 0) {
        struct dirent *de = readdir(levels[depth - 1]);
        struct stat st;
        if (de == NULL) {
            closedir(levels[--depth]);
            continue;
        }
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        int at = dirfd(levels[depth - 1]);
        if (fstatat(at, de->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        c->bytes += (uint64_t)st.st_blocks * BLOCK;
        bool over = ++c->names > WATCH_FILES || (S_ISDIR(st.st_mode) && depth == WATCH_DEPTH) ||
                    (w->limits.disk_bytes && c->bytes > w->limits.disk_bytes);
        if (over) {
            while (depth > 0)
                closedir(levels[--depth]);
            return false;
        }
        if (!S_ISDIR(st.st_mode))
            continue;
        int fd = openat(at, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        levels[depth] = fd < 0 ? NULL : fdopendir(fd);
        if (levels[depth])
            depth++;
        else
            fd_auto(&fd);
        c->unseen = c->unseen || fd < 0;
    }
    return true;
}

enum watch_found watch_folder(struct watch *w)
{
    DIR *levels[WATCH_DEPTH];
    struct count c = {0};
    int top = openat(w->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    levels[0] = top < 0 ? NULL : fdopendir(top);
    if (levels[0] == NULL) {
        fd_auto(&top);
        return WATCH_FINE; /* it closed its own folder to us; the machine's room counts then */
    }
    bool whole = count_dir(w, levels, &c);
    /* What is in a closed folder is measured by what the file system has lost since the start. */
    uint64_t now = free_bytes(w->dir);
    if (c.unseen && now < w->free_at_start && w->free_at_start - now > c.bytes)
        c.bytes = w->free_at_start - now;
    if (c.bytes > w->disk_bytes)
        w->disk_bytes = c.bytes;
    w->free_last = now;
    if (w->limits.disk_bytes && c.bytes > w->limits.disk_bytes)
        return WATCH_DISK;
    return whole ? WATCH_FINE : WATCH_NAMES;
}

/* Counting a large folder takes a while: it waits its turn, but not when the disk fills quickly. */
static enum watch_found look_at_disk(struct watch *w)
{
    uint64_t now_free = free_bytes(w->dir);
    if (now_free < WATCH_DISK_SPARE)
        return WATCH_MACHINE_DISK;
    int64_t now = clock_mono_us();
    uint64_t lost = now_free < w->free_last ? w->free_last - now_free : 0;
    if (now < w->next_disk_us && (!w->limits.disk_bytes || lost < w->limits.disk_bytes / 4))
        return WATCH_FINE;
    enum watch_found found = watch_folder(w);
    w->next_disk_us = clock_mono_us() + (clock_mono_us() - now) * WATCH_DISK_SHARE;
    return found;
}

enum watch_found watch_look(struct watch *w, pid_t first)
{
    enum watch_found found = look_at_processes(w, first);
    if (found == WATCH_FINE && machine_is_full())
        found = WATCH_MACHINE_MEMORY;
    return found == WATCH_FINE ? look_at_disk(w) : found;
}

void watch_words(const struct watch *w, enum watch_found found, char *to, size_t size)
{
    const struct watch_limits *l = &w->limits;
    switch (found) {
    case WATCH_PROCESSES:
        snprintf(to, size, "more than %llu processes at once", (unsigned long long)l->processes);
        return;
    case WATCH_MEMORY:
        snprintf(to, size, "its processes held more than %llu bytes of memory",
                 (unsigned long long)l->memory_bytes);
        return;
    case WATCH_DISK:
        snprintf(to, size, "more than %llu bytes in its folder", (unsigned long long)l->disk_bytes);
        return;
    case WATCH_NAMES:
        snprintf(to, size, "more files in its folder, or deeper, than can be counted");
        return;
    case WATCH_MACHINE_DISK:
        snprintf(to, size, "the disk of this machine was nearly full");
        return;
    case WATCH_MACHINE_MEMORY:
        snprintf(to, size, "the memory of this machine was nearly used up");
        return;
    default:
        snprintf(to, size, "%s", "");
    }
}
