/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mail from standard input into the spool, for MDAs.  Runs in `vulndesk ingest`; the mail is
 * hostile and not looked at but for a first "From " line and the kind of its first line end.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "smtp/spool.h"

/* The longest "From " line that is known as one. */
#define FROM_LINE_MAX 2048

struct source {
    int fd;
    bool ended;
    struct buf b;
};

static void source_auto(struct source *src)
{
    buf_release(&src->b);
}

/* Reads until the buffer holds want octets or the input ended. */
static enum rc fill(struct source *src, size_t want, struct err *e)
{
    while (src->b.n < want && !src->ended) {
        char *room = buf_room(&src->b, want - src->b.n);
        ssize_t n = read(src->fd, room, want - src->b.n);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return err_errno(e, RC_IO, "standard input cannot be read");
        src->ended = n == 0;
        buf_grown(&src->b, (size_t)n);
    }
    return RC_OK;
}

static void drop_from_line(struct buf *b)
{
    struct str head = str_sub(buf_str(b), 0, FROM_LINE_MAX);
    size_t lf = str_chr(head, '\n');
    if (str_starts(head, STR("From ")) && lf != STR_NPOS)
        buf_drop(b, lf + 1);
}

static const char *eol_of(struct str s)
{
    size_t lf = str_chr(s, '\n');
    return lf != STR_NPOS && (lf == 0 || s.p[lf - 1] != '\r') ? "\n" : "\r\n";
}

/* Reads what is left, so that the MTA that feeds us does not meet a closed pipe before our exit
 * code. */
static void drain(struct source *src)
{
    do
        buf_reset(&src->b);
    while (fill(src, SPOOL_CHUNK, NULL) == RC_OK && src->b.n > 0);
}

/* The rest of the input into the record. */
static enum rc copy(struct source *src, struct spool_writer *w, uint64_t max, struct err *e)
{
    uint64_t size = 0;
    while (src->b.n > 0) {
        size += src->b.n;
        if (size > max)
            return err_set(e, RC_LIMIT, "the mail is larger than %llu octets",
                           (unsigned long long)max);
        TRY(spool_write(w, buf_str(&src->b), e));
        buf_reset(&src->b);
        TRY(fill(src, SPOOL_CHUNK, e));
    }
    return RC_OK;
}

static enum rc record(const struct spool_ingest *in, const struct smtp_envelope *v,
                      struct source *src, struct spool_writer *w, struct err *e)
{
    AUTO(buf) struct buf trace = BUF_INIT(SMTP_TRACE_MAX);
    smtp_trace_add(&trace, v, in->hostname, spool_writer_id(w), eol_of(buf_str(&src->b)));
    TRY(buf_ok(&trace, "the trace header", e));
    TRY(spool_write(w, buf_str(&trace), e));
    TRY(copy(src, w, in->max_size, e));
    return spool_finish(w, e);
}

enum rc spool_ingest(const struct spool_ingest *in, struct smtp_envelope *v, int in_fd,
                     char ret_id[SPOOL_ID_LEN + 1], struct err *e)
{
    AUTO(source) struct source src = {.fd = in_fd, .b = BUF_INIT(SPOOL_CHUNK)};
    struct spool_writer *w = NULL;
    TRY(fill(&src, SPOOL_CHUNK, e));
    drop_from_line(&src.b);
    if (src.b.n == 0)
        return err_set(e, RC_INVALID, "there is no mail on standard input");
    v->peer = STR("stdin");
    v->proto = STR("ingest");
    v->received_us = in->now_us;
    TRY(spool_begin(in->spool, v, in->now_us, &w, e));
    char id[SPOOL_ID_LEN + 1];
    memcpy(id, spool_writer_id(w), sizeof id);
    enum rc rc = record(in, v, &src, w, e);
    if (rc != RC_OK) {
        spool_abort(w);
        drain(&src);
        return rc;
    }
    TRY(spool_commit(in->spool, &w, 1, &rc, e));
    memcpy(ret_id, id, sizeof id);
    return RC_OK;
}

int spool_ingest_exit(enum rc rc)
{
    switch (rc) {
    case RC_OK:
        return EX_OK;
    case RC_LIMIT:
    case RC_INVALID:
        return EX_DATAERR;
    case RC_NOTFOUND:
        return EX_NOUSER;
    default:
        return EX_TEMPFAIL;
    }
}
