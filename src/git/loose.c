/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single objects in git's form.  Runs in the engine child, into folders of ours; the bytes may be a
 * stranger's.
 */
#include "git/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#define HEAD_SIZE   32    /* "commit 18446744073709551615" and NUL */
#define STORED_MAX  65535 /* bytes of one stored block (RFC 1951, 3.2.4) */
#define ADLER_MOD   65521u
#define ADLER_STEPS 5552 /* bytes until the sums could overflow (RFC 1950, 8.2) */

size_t loose_hash_len(const char *object_format)
{
    return strcmp(object_format, "sha256") == 0 ? SHA256_LEN : SHA1_LEN;
}

/* The object with its header, as it is hashed. */
static void whole(enum object_type type, struct str bytes, struct buf *b)
{
    static const char *const names[] = {"commit", "tree", "blob", "tag"};
    buf_init(b, bytes.n + HEAD_SIZE);
    (void)buf_room(b, bytes.n + HEAD_SIZE);
    buf_addf(b, "%s %zu", names[type], bytes.n);
    buf_addc(b, '\0');
    buf_add(b, bytes);
    BUG_ON(b->over);
}

static void name_of(struct str object, size_t hash_len, char ret_oid[GIT_OID_HEX + 1])
{
    unsigned char sum[SHA256_LEN];
    if (hash_len == SHA256_LEN)
        sha256(object, sum);
    else
        sha1(object, sum);
    hex_put(ret_oid, sum, hash_len);
}

void loose_id(enum object_type type, struct str bytes, size_t hash_len,
              char ret_oid[GIT_OID_HEX + 1])
{
    AUTO(buf) struct buf b;
    whole(type, bytes, &b);
    name_of(buf_str(&b), hash_len, ret_oid);
}

/* ---- The stream ---- */

static uint32_t adler32_of(struct str s)
{
    uint32_t a = 1, b = 0;
    for (size_t at = 0; at < s.n;) {
        size_t end = s.n - at > ADLER_STEPS ? at + ADLER_STEPS : s.n;
        for (; at < end; at++) {
            a += (unsigned char)s.p[at];
            b += a;
        }
        a %= ADLER_MOD;
        b %= ADLER_MOD;
    }
    return b << 16 | a;
}

void loose_stream(struct buf *z, struct str bytes)
{
    uint32_t sum = adler32_of(bytes);
    buf_addc(z, 0x78); /* deflate, a window of 32 KiB; the check bits of "fastest" */
    buf_addc(z, 0x01);
    do {
        struct str part = str_sub(bytes, 0, STORED_MAX);
        bytes = str_sub(bytes, part.n, bytes.n);
        buf_addc(z, bytes.n == 0); /* the last one? */
        buf_addc(z, (char)(part.n & 0xff));
        buf_addc(z, (char)(part.n >> 8));
        buf_addc(z, (char)(~part.n & 0xff));
        buf_addc(z, (char)(~part.n >> 8 & 0xff));
        buf_add(z, part);
    } while (bytes.n > 0);
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_addc(z, (char)(sum >> shift & 0xff));
}

/* ---- The file ---- */

static enum rc fail(struct err *e)
{
    return err_errno(e, errno == ENOSPC || errno == EDQUOT ? RC_LIMIT : RC_IO,
                     "an object could not be written");
}

/* Opens a new file in the folder of the object, which is made when it is missing. */
static enum rc create(int dirfd, const char *folder, const char *path, int *ret_fd, struct err *e)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dirfd, path, flags, 0444);
    if (fd < 0 && errno == ENOENT) {
        if (mkdirat(dirfd, folder, 0700) != 0 && errno != EEXIST)
            return fail(e);
        fd = openat(dirfd, path, flags, 0444);
    }
    if (fd < 0)
        return errno == EEXIST ? RC_CONFLICT : fail(e);
    *ret_fd = fd;
    return RC_OK;
}

static enum rc write_scratch(int dirfd, const char *folder, const char *path, struct str z,
                             struct err *e)
{
    AUTO(fd) int fd = -1;
    enum rc rc = create(dirfd, folder, path, &fd, e);
    if (rc == RC_CONFLICT)
        return RC_OK;
    TRY(rc);
    if (fd_write_all(fd, z, e) != RC_OK) {
        (void)unlinkat(dirfd, path, 0);
        return fail(e);
    }
    return RC_OK;
}

/* What the file of an object holds, and where it is. */
struct made {
    struct buf z;
    char oid[GIT_OID_HEX + 1], folder[3], path[GIT_OID_HEX + 2];
};

static void put_path(struct made *m)
{
    snprintf(m->folder, sizeof m->folder, "%.2s", m->oid);
    snprintf(m->path, sizeof m->path, "%s/%s", m->folder, m->oid + 2);
}

static bool is_there(int dirfd, const struct made *m)
{
    return faccessat(dirfd, m->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void pack(struct made *m, struct str object)
{
    size_t most = object.n + 16 + 5 * (object.n / STORED_MAX + 1);
    buf_init(&m->z, most);
    (void)buf_room(&m->z, most);
    loose_stream(&m->z, object);
    BUG_ON(m->z.over);
}

enum rc loose_write(int objects_dirfd, enum object_type type, struct str bytes, size_t hash_len,
                    char ret_oid[GIT_OID_HEX + 1], struct err *e)
{
    AUTO(buf) struct buf object;
    struct made m;
    whole(type, bytes, &object);
    name_of(buf_str(&object), hash_len, m.oid);
    put_path(&m);
    if (!is_there(objects_dirfd, &m)) {
        pack(&m, buf_str(&object));
        enum rc rc = write_scratch(objects_dirfd, m.folder, m.path, buf_str(&m.z), e);
        buf_release(&m.z);
        TRY(rc);
    }
    memcpy(ret_oid, m.oid, sizeof m.oid);
    return RC_OK;
}

/* ---- One file for many ---- */

static enum rc rewrite(int dirfd, struct loose_file *f, const struct made *m, struct err *e)
{
    char old[GIT_OID_HEX + 2];
    struct str z = buf_str(&m->z);
    snprintf(old, sizeof old, "%.2s/%s", f->oid, f->oid + 2);
    if (lseek(f->fd, 0, SEEK_SET) != 0 || fd_write_all(f->fd, z, e) != RC_OK ||
        ftruncate(f->fd, (off_t)z.n) != 0)
        return fail(e);
    if (renameat(dirfd, old, dirfd, m->path) == 0)
        return RC_OK;
    if (errno != ENOENT || (mkdirat(dirfd, m->folder, 0700) != 0 && errno != EEXIST) ||
        renameat(dirfd, old, dirfd, m->path) != 0)
        return fail(e);
    return RC_OK;
}

enum rc loose_reuse(int objects_dirfd, struct loose_file *f, enum object_type type,
                    struct str bytes, size_t hash_len, struct err *e)
{
    AUTO(buf) struct buf object;
    struct made m;
    whole(type, bytes, &object);
    name_of(buf_str(&object), hash_len, m.oid);
    put_path(&m);
    pack(&m, buf_str(&object));
    enum rc rc = f->fd >= 0 ? rewrite(objects_dirfd, f, &m, e)
                            : create(objects_dirfd, m.folder, m.path, &f->fd, e);
    if (rc == RC_CONFLICT)
        (void)err_set(e, rc, "a throw-away object is there already");
    if (rc == RC_OK && f->oid[0] == '\0' && fd_write_all(f->fd, buf_str(&m.z), e) != RC_OK)
        rc = fail(e);
    buf_release(&m.z);
    if (rc == RC_OK)
        memcpy(f->oid, m.oid, sizeof m.oid);
    else
        loose_file_close(f);
    return rc;
}

void loose_file_close(struct loose_file *f)
{
    fd_auto(&f->fd);
    *f = (struct loose_file)LOOSE_FILE_INIT;
}
