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

static void add_stream(struct buf *z, struct str object)
{
    uint32_t sum = adler32_of(object);
    buf_addc(z, 0x78); /* deflate, a window of 32 KiB; the check bits of "fastest" */
    buf_addc(z, 0x01);
    do {
        struct str part = str_sub(object, 0, STORED_MAX);
        object = str_sub(object, part.n, object.n);
        buf_addc(z, object.n == 0); /* the last one? */
        buf_addc(z, (char)(part.n & 0xff));
        buf_addc(z, (char)(part.n >> 8));
        buf_addc(z, (char)(~part.n & 0xff));
        buf_addc(z, (char)(~part.n >> 8 & 0xff));
        buf_add(z, part);
    } while (object.n > 0);
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

static enum rc write_kept(int dirfd, const char *folder, const char *path, struct str z,
                          struct err *e)
{
    AUTO(fd) int fd = -1;
    char tmp[GIT_OID_HEX + 32];
    snprintf(tmp, sizeof tmp, "%s/tmp_obj_%ld", folder, (long)getpid());
    (void)unlinkat(dirfd, tmp, 0); /* of a process that was killed */
    enum rc rc = create(dirfd, folder, tmp, &fd, e);
    if (rc == RC_CONFLICT)
        return err_set(e, RC_BUSY, "somebody else writes objects under our name");
    TRY(rc);
    if (fd_write_all(fd, z, e) != RC_OK || renameat(dirfd, tmp, dirfd, path) != 0) {
        rc = fail(e);
        (void)unlinkat(dirfd, tmp, 0);
        return rc;
    }
    return RC_OK;
}

enum rc loose_write(int objects_dirfd, enum loose_how how, enum object_type type, struct str bytes,
                    size_t hash_len, char ret_oid[GIT_OID_HEX + 1], struct err *e)
{
    AUTO(buf) struct buf object;
    char oid[GIT_OID_HEX + 1], folder[3], path[GIT_OID_HEX + 2];
    whole(type, bytes, &object);
    name_of(buf_str(&object), hash_len, oid);
    snprintf(folder, sizeof folder, "%.2s", oid);
    snprintf(path, sizeof path, "%s/%s", folder, oid + 2);
    if (faccessat(objects_dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        size_t most = object.n + 16 + 5 * (object.n / STORED_MAX + 1);
        AUTO(buf) struct buf z = BUF_INIT(most);
        (void)buf_room(&z, most);
        add_stream(&z, buf_str(&object));
        TRY(buf_ok(&z, "an object", e));
        if (how == LOOSE_SCRATCH)
            TRY(write_scratch(objects_dirfd, folder, path, buf_str(&z), e));
        else
            TRY(write_kept(objects_dirfd, folder, path, buf_str(&z), e));
    }
    memcpy(ret_oid, oid, sizeof oid);
    return RC_OK;
}
