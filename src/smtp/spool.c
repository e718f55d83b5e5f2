/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of sealed spool records.  Runs in smtpd and in `ingest`; the mail is hostile, but nothing
 * here looks at it.  One chunk of each open record is held in memory, whatever the mail's size.
 */
#include "smtp/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "os/fault.h"
#include "smtp/spool_format.h"

struct spool {
    int tmp_fd, new_fd;
    int64_t reserve;
    unsigned char pk[SPOOL_KEY_LEN];
    spool_fault *fault;
    void *fault_arg;
    /* Ciphertext of the chunk being written; shared, as one chunk is written at a time. */
    unsigned char cipher[4 + SPOOL_ENVELOPE_MAX + SPOOL_STREAM_ADD];
};

struct spool_writer {
    struct spool *sp;
    int fd;
    bool finished;
    uint64_t size;
    struct buf chunk;
    crypto_secretstream_xchacha20poly1305_state stream;
    unsigned char ad[SPOOL_AD_LEN];
    char id[SPOOL_ID_LEN + 1];
};

/* True when a test wants this operation to fail; errno is set. */
static bool faulty(struct spool *sp, enum spool_op op)
{
    static const enum os_op kinds[] = {
        [SPOOL_OP_CREATE] = OS_OPEN,   [SPOOL_OP_WRITE] = OS_WRITE,   [SPOOL_OP_FSYNC] = OS_FSYNC,
        [SPOOL_OP_RENAME] = OS_RENAME, [SPOOL_OP_DIRSYNC] = OS_FSYNC,
    };
    int no = sp->fault ? sp->fault(sp->fault_arg, op) : 0;
    if (no == 0)
        return os_fault(kinds[op]);
    errno = no;
    return true;
}

static enum rc open_dir(int dirfd, const char *name, int *ret_fd, struct err *e)
{
    if (mkdirat(dirfd, name, SPOOL_DIR_MODE) == -1 && errno != EEXIST)
        return err_errno(e, RC_IO, "the spool directory %s/ cannot be made", name);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return err_errno(e, RC_IO, "the spool directory %s/ cannot be opened", name);
    *ret_fd = fd;
    return RC_OK;
}

enum rc spool_open(int dirfd, const unsigned char pk[SPOOL_KEY_LEN], struct spool **ret_sp,
                   struct err *e)
{
    if (sodium_init() < 0)
        return err_set(e, RC_INTERNAL, "libsodium does not start");
    AUTO(spool) struct spool *sp = mem_zalloc(sizeof *sp);
    sp->tmp_fd = sp->new_fd = -1;
    memcpy(sp->pk, pk, SPOOL_KEY_LEN);
    TRY(open_dir(dirfd, "tmp", &sp->tmp_fd, e));
    TRY(open_dir(dirfd, "new", &sp->new_fd, e));
    if (fsync(dirfd) == -1)
        return err_errno(e, RC_IO, "the spool directory cannot be synced");
    *ret_sp = TAKE(sp);
    return RC_OK;
}

void spool_free(struct spool *sp)
{
    if (sp == NULL)
        return;
    fd_auto(&sp->tmp_fd);
    fd_auto(&sp->new_fd);
    free(sp);
}

void spool_auto(struct spool **sp)
{
    spool_free(*sp);
}

void spool_set_fault(struct spool *sp, spool_fault *fn, void *arg)
{
    sp->fault = fn;
    sp->fault_arg = arg;
}

bool spool_id_valid(struct str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_is_digit(id.p[i]) && (id.p[i] < 'a' || id.p[i] > 'f'))
            return false;
    return id.n == SPOOL_ID_LEN;
}

static void remove_stale(struct spool *sp, const char *name, int64_t before_us, size_t *n)
{
    struct stat st;
    if (!spool_id_valid(str_c(name)) || fstatat(sp->tmp_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if ((int64_t)st.st_mtime * US_PER_S <= before_us && unlinkat(sp->tmp_fd, name, 0) == 0)
        (*n)++;
}

enum rc spool_clean(struct spool *sp, int64_t now_us, int min_age_s, size_t *ret_removed,
                    struct err *e)
{
    size_t n = 0;
    int fd = openat(sp->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        enum rc rc = err_errno(e, RC_IO, "the spool directory tmp/ cannot be read");
        fd_auto(&fd);
        return rc;
    }
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
        remove_stale(sp, d->d_name, now_us - min_age_s * US_PER_S, &n);
    closedir(dir);
    *ret_removed = n;
    return RC_OK;
}

/* All of p, whatever the kernel takes at once. */
static enum rc write_all(struct spool_writer *w, const unsigned char *p, size_t n, struct err *e)
{
    while (n > 0) {
        ssize_t done = faulty(w->sp, SPOOL_OP_WRITE) ? -1 : write(w->fd, p, n);
        if (done == -1 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_errno(e, RC_IO, "a spool record cannot be written");
        p += done;
        n -= (size_t)done;
    }
    return RC_OK;
}

static enum rc write_chunk(struct spool_writer *w, struct str plain, unsigned char tag,
                           struct err *e)
{
    unsigned char *out = w->sp->cipher;
    BUG_ON(plain.n > SPOOL_ENVELOPE_MAX);
    size_t n = plain.n + SPOOL_STREAM_ADD;
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(n >> (24 - 8 * i));
    crypto_secretstream_xchacha20poly1305_push(&w->stream, out + 4, NULL,
                                               (const unsigned char *)plain.p, plain.n, w->ad,
                                               sizeof w->ad, tag);
    return write_all(w, out, 4 + n, e);
}

static enum rc write_head(struct spool_writer *w, struct err *e)
{
    unsigned char head[SPOOL_HEAD_LEN], key[SPOOL_STREAM_KEY];
    unsigned char *p = head;
    memcpy(p, SPOOL_MAGIC, SPOOL_MAGIC_LEN);
    p += SPOOL_MAGIC_LEN;
    memcpy(p, w->id, SPOOL_ID_LEN);
    p += SPOOL_ID_LEN;
    crypto_secretstream_xchacha20poly1305_keygen(key);
    int bad = crypto_box_seal(p, key, sizeof key, w->sp->pk);
    p += SPOOL_SEALED_KEY;
    bad |= crypto_secretstream_xchacha20poly1305_init_push(&w->stream, p, key);
    sodium_memzero(key, sizeof key);
    if (bad)
        return err_set(e, RC_INTERNAL, "the intake public key cannot be used");
    return write_all(w, head, sizeof head, e);
}

static void make_id(int64_t now_us, char ret[SPOOL_ID_LEN + 1])
{
    unsigned char raw[SPOOL_ID_LEN / 2];
    for (int i = 0; i < 8; i++)
        raw[i] = (unsigned char)((uint64_t)now_us >> (56 - 8 * i));
    random_bytes(raw + 8, sizeof raw - 8);
    hex_put(ret, raw, sizeof raw);
    ret[SPOOL_ID_LEN] = '\0';
}

void spool_id_of(struct str what, char ret[SPOOL_ID_LEN + 1])
{
    unsigned char hash[SHA256_LEN];
    sha256(what, hash);
    hex_put(ret, hash, SPOOL_ID_LEN / 2);
    ret[SPOOL_ID_LEN] = '\0';
}

static enum rc begin(struct spool *sp, const struct smtp_envelope *v, const char *id,
                     struct spool_writer **ret_w, struct err *e)
{
    AUTO(buf) struct buf json = BUF_INIT(SPOOL_ENVELOPE_MAX);
    TRY(smtp_envelope_write(&json, v, e));
    struct spool_writer *w = mem_zalloc(sizeof *w);
    w->sp = sp;
    buf_init(&w->chunk, SPOOL_CHUNK);
    memcpy(w->id, id, sizeof w->id);
    spool_ad(w->id, w->ad);
    w->fd =
        faulty(sp, SPOOL_OP_CREATE)
            ? -1
            : openat(sp->tmp_fd, w->id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, SPOOL_FILE_MODE);
    enum rc rc = w->fd == -1 ? err_errno(e, RC_IO, "a spool record cannot be made") : RC_OK;
    if (rc == RC_OK)
        rc = write_head(w, e);
    if (rc == RC_OK)
        rc = write_chunk(w, buf_str(&json), SPOOL_TAG_ENVELOPE, e);
    if (rc != RC_OK) {
        spool_abort(w);
        return rc;
    }
    *ret_w = w;
    return RC_OK;
}

void spool_reserve(struct spool *sp, int64_t bytes)
{
    sp->reserve = bytes;
}

/* The last of the disk is left to the database, which cannot say "try again later". */
static enum rc check_reserve(const struct spool *sp, struct err *e)
{
    struct statvfs v;
    if (sp->reserve <= 0)
        return RC_OK;
    if (fstatvfs(sp->tmp_fd, &v) != 0)
        return err_errno(e, RC_IO, "the free space of the spool");
    if ((int64_t)v.f_bavail < sp->reserve / (int64_t)v.f_frsize)
        return err_set(e, RC_IO, "the disk of the spool has less free space than its reserve");
    return RC_OK;
}

enum rc spool_begin(struct spool *sp, const struct smtp_envelope *v, int64_t now_us,
                    struct spool_writer **ret_w, struct err *e)
{
    char id[SPOOL_ID_LEN + 1];
    TRY(check_reserve(sp, e));
    make_id(now_us, id);
    return begin(sp, v, id, ret_w, e);
}

enum rc spool_begin_as(struct spool *sp, const struct smtp_envelope *v, const char *id,
                       struct spool_writer **ret_w, struct err *e)
{
    BUG_ON(!spool_id_valid(str_c(id)));
    /* What a process that died left unfinished under this name. */
    if (unlinkat(sp->tmp_fd, id, 0) == -1 && errno != ENOENT)
        return err_errno(e, RC_IO, "a spool record cannot be made");
    return begin(sp, v, id, ret_w, e);
}

const char *spool_writer_id(const struct spool_writer *w)
{
    return w->id;
}

uint64_t spool_writer_size(const struct spool_writer *w)
{
    return w->size;
}

enum rc spool_write(struct spool_writer *w, struct str s, struct err *e)
{
    BUG_ON(w->finished);
    while (s.n > 0) {
        struct str part = str_sub(s, 0, SPOOL_CHUNK - w->chunk.n);
        buf_add(&w->chunk, part);
        s = str_sub(s, part.n, s.n);
        w->size += part.n;
        if (w->chunk.n < SPOOL_CHUNK)
            break;
        TRY(write_chunk(w, buf_str(&w->chunk), SPOOL_TAG_MAIL, e));
        buf_reset(&w->chunk);
    }
    return RC_OK;
}

enum rc spool_finish(struct spool_writer *w, struct err *e)
{
    BUG_ON(w->finished);
    TRY(write_chunk(w, buf_str(&w->chunk), SPOOL_TAG_FINAL, e));
    buf_release(&w->chunk);
    w->finished = true;
    return RC_OK;
}

static void writer_free(struct spool_writer *w)
{
    fd_auto(&w->fd);
    buf_release(&w->chunk);
    sodium_memzero(&w->stream, sizeof w->stream);
    free(w);
}

void spool_abort(struct spool_writer *w)
{
    if (w == NULL)
        return;
    if (w->fd != -1)
        unlinkat(w->sp->tmp_fd, w->id, 0);
    writer_free(w);
}

/* The file's octets are safe and it has its name in new/; the name is not safe yet. */
static enum rc settle(struct spool_writer *w, struct err *e)
{
    struct spool *sp = w->sp;
    BUG_ON(!w->finished);
    if (faulty(sp, SPOOL_OP_FSYNC) || fsync(w->fd) == -1)
        return err_errno(e, RC_IO, "a spool record cannot be synced");
    if (faulty(sp, SPOOL_OP_RENAME) || renameat(sp->tmp_fd, w->id, sp->new_fd, w->id) == -1)
        return err_errno(e, RC_IO, "a spool record cannot be moved to new/");
    return RC_OK;
}

static enum rc sync_new(struct spool *sp, struct err *e)
{
    if (faulty(sp, SPOOL_OP_DIRSYNC) || fsync(sp->new_fd) == -1)
        return err_errno(e, RC_IO, "the spool directory new/ cannot be synced");
    return RC_OK;
}

enum rc spool_commit(struct spool *sp, struct spool_writer **w, size_t n, enum rc *ret_each,
                     struct err *e)
{
    enum rc first = RC_OK;
    size_t settled = 0;
    BUG_ON(n > SPOOL_BATCH_MAX);
    /* Hands all files to the disk before the first fsync waits for its own. */
    for (size_t i = 0; n > 1 && i < n; i++)
        (void)sync_file_range(w[i]->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    for (size_t i = 0; i < n; i++) {
        ret_each[i] = settle(w[i], first == RC_OK ? e : NULL);
        if (ret_each[i] == RC_OK)
            settled++;
        else if (first == RC_OK)
            first = ret_each[i];
    }
    enum rc dir = settled ? sync_new(sp, first == RC_OK ? e : NULL) : RC_OK;
    if (first == RC_OK)
        first = dir;
    for (size_t i = 0; i < n; i++) {
        if (ret_each[i] != RC_OK) {
            spool_abort(w[i]);
            continue;
        }
        if (dir != RC_OK)
            unlinkat(sp->new_fd, w[i]->id, 0);
        ret_each[i] = dir;
        writer_free(w[i]);
    }
    return first;
}
