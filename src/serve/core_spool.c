/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that comes by other ways than smtpd (a mailbox, a web form) becomes a spool record like any
 * other, so that one intake decides about all.  Runs in core; the mail is hostile and not looked
 * at.
 */
#include <fcntl.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/core.h"
#include "smtp/spool.h"

enum rc core_spool_open(struct core *c, struct err *e)
{
    struct str hex;
    unsigned char pk[SPOOL_KEY_LEN];
    char path[FILE_PATH_MAX];
    TRY(role_text(&c->role, "intake_key", &hex, e));
    TRY(hex_get(hex, pk, sizeof pk, "intake key", e));
    snprintf(path, sizeof path, "%s/spool", c->set->desk.data_dir.p);
    TRY(dir_open(AT_FDCWD, path, &c->spool_dir, e));
    return spool_open(c->spool_dir, pk, &c->spool, e);
}

static const char *eol_of(struct str s)
{
    size_t lf = str_chr(s, '\n');
    return lf != STR_NPOS && (lf == 0 || s.p[lf - 1] != '\r') ? "\n" : "\r\n";
}

enum rc core_spool_put(struct core *c, const struct smtp_envelope *v, const char *id,
                       struct str mail, struct err *e)
{
    AUTO(buf) struct buf trace = BUF_INIT(SMTP_TRACE_MAX);
    struct spool_writer *w = NULL;
    TRY(id ? spool_begin_as(c->spool, v, id, &w, e)
           : spool_begin(c->spool, v, clock_now_us(), &w, e));
    smtp_trace_add(&trace, v, c->set->mail.hostname.p, spool_writer_id(w), eol_of(mail));
    enum rc rc = buf_ok(&trace, "the trace header", e);
    if (rc == RC_OK)
        rc = spool_write(w, buf_str(&trace), e);
    if (rc == RC_OK)
        rc = spool_write(w, mail, e);
    if (rc == RC_OK)
        rc = spool_finish(w, e);
    if (rc != RC_OK) {
        spool_abort(w);
        return rc;
    }
    TRY(spool_commit(c->spool, &w, 1, &rc, e));
    c->look_now = true;
    return RC_OK;
}

enum rc core_spool_form(void *arg, const struct spool_put *s, struct buf *ret_id, struct err *e)
{
    unsigned char random[16];
    char id[SPOOL_ID_LEN + 1];
    random_bytes(random, sizeof random);
    spool_id_of(str_of(random, sizeof random), id);
    struct smtp_envelope v = {.from = s->from,
                              .from_known = true,
                              .rcpts = &s->rcpt,
                              .n_rcpts = 1,
                              .peer = STR("local"),
                              .helo = STR_NONE,
                              .proto = STR("HTTP"),
                              .received_us = s->received_us,
                              .web = {.mark = s->mark, .way = s->way, .thread = s->thread}};
    TRY(core_spool_put(arg, &v, id, s->raw, e));
    buf_adds(ret_id, id);
    return buf_ok(ret_id, "id of a record", e);
}
