/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_SPOOL_H
#define VULNDESK_SMTP_SPOOL_H

#include "smtp/envelope.h"

/*
 * Sealed spool records: how a mail waits on disk between its 250 and its case.  The writer holds a
 * public key only, so it cannot read what it wrote yesterday; the keys role holds the secret one.
 *
 * One file per mail, spool/new/<id>:
 *
 *   octets  what
 *   8       "vdspool" and the version, 1
 *   32      the record's id, as in the file's name
 *   80      a random 32-octet key, sealed to the intake key (crypto_box_seal)
 *   24      header of crypto_secretstream_xchacha20poly1305
 *   then chunks: 4 octets length of the ciphertext (big-endian), ciphertext
 *
 * The first chunk is the envelope as JSON (tag PUSH), the others are the mail in pieces of
 * SPOOL_CHUNK octets (tag MESSAGE), the last one has tag FINAL and may be empty or short.  Every
 * chunk's additional data is "vulndesk spool 1" and the id, so that a record renamed, cut, joined
 * or extended is refused.
 *
 * Durability: a writer fills spool/tmp/<id>.  spool_commit() syncs the finished files, renames them
 * into spool/new/ and syncs that directory once for all.  Only then may anybody say 250.
 */
#define SPOOL_ID_LEN    32 /* 16 hexadecimal digits of microseconds, 16 random ones */
#define SPOOL_KEY_LEN   32
#define SPOOL_CHUNK     65536
#define SPOOL_BATCH_MAX 256  /* records in one spool_commit() */
#define SPOOL_FILE_MODE 0640 /* readers share the group, nobody else */
#define SPOOL_DIR_MODE  0750

struct spool;
struct spool_writer;

/* The operations at which a test may fail a spool or end the process. */
enum spool_op {
    SPOOL_OP_CREATE,
    SPOOL_OP_WRITE,
    SPOOL_OP_FSYNC,
    SPOOL_OP_RENAME,
    SPOOL_OP_DIRSYNC
};
/* Called before each operation; 0 lets it happen, an errno value makes it fail. */
typedef int spool_fault(void *arg, enum spool_op op);

/*
 * Opens the spool under the directory dirfd (borrowed, must stay open); makes tmp/ and new/ if
 * missing.  pk is the intake public key.  RC_IO.
 */
enum rc spool_open(int dirfd, const unsigned char pk[SPOOL_KEY_LEN], struct spool **ret_sp,
                   struct err *e) WARN_UNUSED;
void spool_free(struct spool *sp); /* NULL is fine; no writer may be left */
void spool_auto(struct spool **sp);
/* From now on spool_begin is RC_IO while the disk has less free space than this; 0 = no reserve. */
void spool_reserve(struct spool *sp, int64_t bytes);
void spool_set_fault(struct spool *sp, spool_fault *fn, void *arg);

/*
 * Removes what an earlier process left in tmp/: none of it was acknowledged.  Only for the one role
 * that owns the spool, at its start.  `ingest` runs beside it: files younger than min_age_s stay.
 */
#define SPOOL_STALE_S 3600
enum rc spool_clean(struct spool *sp, int64_t now_us, int min_age_s, size_t *ret_removed,
                    struct err *e) WARN_UNUSED;

/* Starts a record; the trace header is not added here.  RC_IO when the disk fails or is full. */
enum rc spool_begin(struct spool *sp, const struct smtp_envelope *v, int64_t now_us,
                    struct spool_writer **ret_w, struct err *e) WARN_UNUSED;
/* The same under a name of the caller's (spool_id_valid), for what may be brought twice: a record
 * of that name which waits already is replaced, one that was taken in is known by its id. */
enum rc spool_begin_as(struct spool *sp, const struct smtp_envelope *v, const char *id,
                       struct spool_writer **ret_w, struct err *e) WARN_UNUSED;
/* The name of what `what` tells apart: the same for the same words, SPOOL_ID_LEN digits. */
void spool_id_of(struct str what, char ret[SPOOL_ID_LEN + 1]);
/* The id, SPOOL_ID_LEN characters and NUL; valid as long as w is. */
const char *spool_writer_id(const struct spool_writer *w);
/* Octets of mail written so far. */
uint64_t spool_writer_size(const struct spool_writer *w);
enum rc spool_write(struct spool_writer *w, struct str s, struct err *e) WARN_UNUSED;
/* Writes the last chunk.  Not durable yet. */
enum rc spool_finish(struct spool_writer *w, struct err *e) WARN_UNUSED;
/* Removes the file and frees w.  NULL is fine. */
void spool_abort(struct spool_writer *w);

/*
 * Makes n finished records durable; frees all writers.  ret_each[i] is RC_OK exactly for those that
 * are in new/ and synced.  One that failed is removed again; when the directory's sync fails, all
 * of the batch fail and are removed, so that a sender's retry makes no second copy (should that
 * removal fail too, a copy may stay: nothing was acknowledged, and the same mail twice is one
 * message).  Returns the first failure and its text, or RC_OK.
 */
enum rc spool_commit(struct spool *sp, struct spool_writer **w, size_t n, enum rc *ret_each,
                     struct err *e) WARN_UNUSED;

/* A record opened.  Texts of the envelope are memory of `arena`. */
struct spool_mail {
    struct arena *arena; /* the caller's, set before the call */
    struct smtp_envelope envelope;
    uint64_t size; /* octets of mail */
    char id[SPOOL_ID_LEN + 1];
};
struct spool_key {
    unsigned char secret[SPOOL_KEY_LEN];
};

/*
 * Opens a record: fd is read from where it stands to its end.  id, unless NULL, is the name under
 * which it was found, and must be the one inside.  The
 * mail's octets go to out_fd, at most max of them, the rest to *m.  What was
 * written to out_fd is to be thrown away unless the result is RC_OK: only the last chunk proves
 * that the record is whole.
 * RC_INVALID: not a record, damaged, cut short, octets after the end, another id or key.
 * RC_LIMIT: the mail is larger than max.  RC_IO: reading or writing failed.
 */
enum rc spool_read(int fd, const struct spool_key *key, const char *id, int out_fd, uint64_t max,
                   struct spool_mail *m, struct err *e) WARN_UNUSED;
bool spool_id_valid(struct str id);

/*
 * `vulndesk ingest`: one mail from in_fd to the end of file, durable when RC_OK is returned.  A
 * leading "From " line (mbox, as MDAs of old write it) is dropped; every other octet is kept as it
 * is, line ends too.  v says what the arguments told; peer, proto and received_us are set here.
 * Empty input is RC_INVALID, more than max octets RC_LIMIT.
 */
struct spool_ingest {
    struct spool *spool;
    const char *hostname;
    uint64_t max_size;
    int64_t now_us;
};
enum rc spool_ingest(const struct spool_ingest *in, struct smtp_envelope *v, int in_fd,
                     char ret_id[SPOOL_ID_LEN + 1], struct err *e) WARN_UNUSED;
/*
 * The exit code for the calling MTA, of sysexits(3).  Every failure that may pass (disk, memory,
 * store) is EX_TEMPFAIL, because an MTA returns the mail to its sender for any other code.
 */
int spool_ingest_exit(enum rc rc);

#endif
