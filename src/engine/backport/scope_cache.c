/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of blobs, kept from run to run in one file that only grows.  Runs in commands and in the
 * engine child.  The file is ours, but may be cut off, damaged or written by two at once: every
 * record has a sum, which is checked before the record is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "engine/backport/scope_inside.h"
#include "os/file.h"

/* Whoever changes what ident.c makes of a text counts up. */
#define CACHE_NAME      "backport-words-1"
#define CACHE_BYTES_MAX (512u << 20) /* a file that is larger is begun anew */
#define CACHE_ADD_MAX   (256u << 20) /* bytes added by one run */
#define RECORD_MAGIC    0x314f5742u

struct record { /* words and reaches follow, then zeros up to a multiple of 8 */
    uint32_t magic, words, reaches, lang_known;
    unsigned char id[OID_RAW];
    uint64_t sum; /* of all this with 0 here, and of what follows */
};

struct scope_cache {
    int dirfd;
    const unsigned char *map;
    size_t size, good; /* bytes up to which records follow each other */
    struct oid_map at; /* record / 8 */
};

static struct oid cache_key(const unsigned char id[OID_RAW], unsigned lang)
{
    struct oid key;
    memcpy(key.b, id, OID_RAW);
    key.b[OID_RAW - 1] ^= (unsigned char)lang;
    return key;
}

static size_t record_size(const struct record *r)
{
    uint64_t n = sizeof *r + (uint64_t)r->words * sizeof(uint32_t) + r->reaches;
    return n > CACHE_BYTES_MAX ? 0 : (size_t)((n + 7) & ~UINT64_C(7));
}

static uint64_t record_sum(const struct record *r, const void *body, size_t n)
{
    struct record head = *r;
    head.sum = 0;
    return hash64(str_of(&head, sizeof head)) ^ (hash64(str_of(body, n)) * 31 + n);
}

/* Where records are; what is in them is not looked at yet. */
static void records_walk(struct scope_cache *c)
{
    struct record r;
    while (c->good + sizeof r <= c->size) {
        memcpy(&r, c->map + c->good, sizeof r);
        size_t n = record_size(&r);
        if (r.magic != RECORD_MAGIC || n == 0 || n > c->size - c->good)
            return;
        struct oid key = cache_key(r.id, r.lang_known & 0xff);
        if (oid_map_get(&c->at, &key) == OID_MAP_NONE)
            oid_map_set(&c->at, &key, (uint32_t)(c->good / 8));
        c->good += n;
    }
}

struct scope_cache *scope_cache_open(const char *dir)
{
    AUTO(fd) int dirfd = -1;
    if (dir_open(AT_FDCWD, dir, &dirfd, NULL) != RC_OK)
        return NULL;
    struct scope_cache *c = mem_zalloc(sizeof *c);
    AUTO(fd) int fd = openat(dirfd, CACHE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    c->dirfd = fd_take(&dirfd);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
        st.st_size > CACHE_BYTES_MAX)
        return c;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return c;
    c->map = map;
    c->size = (size_t)st.st_size;
    records_walk(c);
    return c;
}

void scope_cache_find(struct scope_cache *c, struct words *w)
{
    struct record r;
    struct oid key = cache_key(w->id.b, w->lang);
    uint32_t at = oid_map_get(&c->at, &key);
    if (at == OID_MAP_NONE)
        return;
    const unsigned char *p = c->map + (size_t)at * 8;
    memcpy(&r, p, sizeof r);
    size_t n = record_size(&r) - sizeof r;
    if (record_sum(&r, p + sizeof r, n) != r.sum)
        return;
    w->set.words = (const uint32_t *)(const void *)(p + sizeof r);
    w->set.n = r.words;
    w->set.reaches = str_of(p + sizeof r + (size_t)r.words * sizeof(uint32_t), r.reaches);
    w->known = r.lang_known & 0x100;
    w->saved = true;
}

static void record_add(struct buf *b, const struct words *w)
{
    size_t n = w->set.n * sizeof(uint32_t) + w->set.reaches.n;
    struct record r = {.magic = RECORD_MAGIC,
                       .words = (uint32_t)w->set.n,
                       .reaches = (uint32_t)w->set.reaches.n,
                       .lang_known = w->lang | (w->known ? 0x100u : 0)};
    memcpy(r.id, w->id.b, OID_RAW);
    size_t from = b->n, whole = record_size(&r);
    buf_add(b, str_of(&r, sizeof r));
    buf_add(b, str_of(w->set.words, w->set.n * sizeof(uint32_t)));
    buf_add(b, w->set.reaches);
    while (!b->over && b->n - from < whole)
        buf_addc(b, '\0');
    if (b->over || n > whole) {
        buf_cut(b, from);
        return;
    }
    r.sum = record_sum(&r, b->p + from + sizeof r, whole - sizeof r);
    memcpy(b->p + from, &r, sizeof r);
}

/* Cut back to what is whole, then added to, while nobody else writes.  Readers have mapped what was
 * there: that part never changes, and a file is only made shorter behind it. */
static void append(struct scope_cache *c, struct str bytes)
{
    AUTO(fd)
    int fd =
        openat(c->dirfd, CACHE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    if (st.st_size > CACHE_BYTES_MAX - CACHE_ADD_MAX) {
        /* readers keep the old file */
        (void)unlinkat(c->dirfd, CACHE_NAME, 0);
        return;
    }
    /* somebody added since we read: ours go behind theirs */
    off_t end = (size_t)st.st_size == c->size ? (off_t)c->good : st.st_size;
    if (end % 8 != 0 || ftruncate(fd, end) != 0 || lseek(fd, end, SEEK_SET) != end)
        return;
    if (fd_write_all(fd, bytes, NULL) != RC_OK && ftruncate(fd, end) != 0)
        (void)unlinkat(c->dirfd, CACHE_NAME, 0);
}

void scope_cache_save(struct scope_cache *c, struct words *const *w, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(CACHE_ADD_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!w[i]->saved && !b.over)
            record_add(&b, w[i]);
    }
    if (b.n)
        append(c, buf_str(&b));
}

void scope_cache_close(struct scope_cache *c)
{
    if (c == NULL)
        return;
    if (c->map)
        (void)munmap((void *)(uintptr_t)c->map, c->size);
    close(c->dirfd);
    oid_map_release(&c->at);
    free(c);
}
