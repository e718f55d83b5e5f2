/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails that net fetched from a mailbox become spool records, and how far it got is kept.  Runs in
 * core; the bytes are hostile and not looked at.
 *
 * Nothing is lost: net asks for the next mail only after our answer, and that comes when the record
 * is durable.  Nothing is doubled: the record's id is made of mailbox, UIDVALIDITY and UID, so a
 * mail that comes again after a crash is the same record, before and after intake.
 */
#include "base/log.h"
#include "base/when.h"
#include "desk/intake.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/core.h"
#include "smtp/spool.h"
#include "store/ops_mailbox.h"

#define NAME_MAX_  1000
#define WHY_LARGE  "larger than this desk takes, or not to be fetched: it is still in the mailbox"
#define NUMBER_MAX UINT32_MAX /* RFC 3501 9: nz-number of 32 bits */

static void name_of(const struct core *c, struct buf *b)
{
    buf_addf(b, "%.*s %.*s", STR_ARG(c->set->imap.url), STR_ARG(c->set->imap.folder));
}

static enum rc position(struct core *c, const struct wire_mailbox_at *m, struct mailbox_row *ret,
                        struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(NAME_MAX_);
    name_of(c, &name);
    TRY(buf_ok(&name, "the mailbox's name", e));
    enum rc rc = ops_mailbox_get(c->db, buf_str(&name), ret, e);
    if (rc == RC_OK && ret->uidvalidity != (int64_t)m->uidvalidity) {
        /* Numbered anew: all is looked at again, what we have falls out by its content. */
        log_event(LOG_WARN_, "mailbox-renumbered", "uidvalidity=%lld", (long long)m->uidvalidity);
        ret->uid = 0;
        return RC_OK;
    }
    if (rc == RC_OK)
        ret->since_us = 0; /* the number says it all */
    if (rc != RC_NOTFOUND)
        return rc;
    *ret = (struct mailbox_row){.name = buf_str(&name), .uidvalidity = (int64_t)m->uidvalidity};
    if (!c->set->imap.old_mail) {
        /* INTERNALDATE knows whole seconds. */
        ret->since_us = clock_now_us() / US_PER_S * US_PER_S;
        ret->uid = m->uidnext > 0 ? (int64_t)m->uidnext - 1 : 0;
    }
    log_event(LOG_INFO_, "mailbox-new", "uidvalidity=%lld old_mail=%s left_up_to=%lld",
              (long long)m->uidvalidity, c->set->imap.old_mail ? "taken" : "left",
              (long long)ret->uid);
    TRY(ops_mailbox_put(c->db, ret, e));
    if (m->uidnext > 0)
        ret->since_us = 0;
    return RC_OK;
}

enum rc core_mailbox_at(struct core *c, struct chan *net, const struct wire_mailbox_at *m,
                        struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    struct mailbox_row row = {.uid = 0};
    struct err why = ERR_INIT;
    if (m->uidvalidity > NUMBER_MAX || m->uidnext > NUMBER_MAX)
        return err_set(e, RC_INVALID, "a number of a mailbox is out of range");
    enum rc rc = position(c, m, &row, &why);
    wire_put_mailbox_is(&b, &(struct wire_mailbox_is){.rc = rc,
                                                      .why = str_c(why.msg),
                                                      .uid = (uint64_t)row.uid,
                                                      .since_us = (uint64_t)row.since_us});
    return role_send(&c->role, net, WIRE_MAILBOX_IS, 0, &b, -1, e);
}

static void id_of(struct str name, const struct wire_fetched *m, char ret[SPOOL_ID_LEN + 1])
{
    AUTO(buf) struct buf b = BUF_INIT(NAME_MAX_ + 100);
    buf_addf(&b, "mailbox %.*s %llu %llu", STR_ARG(name), (unsigned long long)m->uidvalidity,
             (unsigned long long)m->uid);
    spool_id_of(buf_str(&b), ret);
}

static enum rc put(struct core *c, const struct wire_fetched *m, const char *id, int fd,
                   struct err *e)
{
    size_t max = (size_t)c->set->mail.max_size + (1u << 20);
    AUTO(buf) struct buf mail = BUF_INIT(max);
    TRY(memfd_check(fd, max, e));
    TRY(fd_read_all(fd, max, &mail, e));
    struct smtp_envelope v = {.rcpts = c->set->desk.contact.v,
                              .n_rcpts = 1,
                              .peer = STR("mailbox"),
                              .helo = STR_NONE,
                              .proto = STR("IMAP"),
                              .from = STR_NONE,
                              .tls = c->set->imap.tls == TLS_REQUIRE,
                              .received_us = clock_now_us(),
                              .declared_size = (int64_t)m->size};
    return core_spool_put(c, &v, id, buf_str(&mail), e);
}

/* Shown where what waits for a person is shown; nothing of it is here. */
static enum rc note_left(struct core *c, const struct wire_fetched *m, const char *id,
                         struct err *e)
{
    char why[200];
    struct intake_env env = {.spool = str_c(id),
                             .return_path = STR_NONE,
                             .rcpts = c->set->desk.contact.v,
                             .n_rcpts = 1,
                             .received_us = clock_now_us(),
                             .origin = STR("imap")};
    struct intake_blob none = {.name = STR_NONE};
    struct intake_result r;
    snprintf(why, sizeof why, WHY_LARGE " (UID %llu, %llu bytes)", (unsigned long long)m->uid,
             (unsigned long long)m->size);
    log_event(LOG_WARN_, "mailbox-left", "uid=%llu bytes=%llu", (unsigned long long)m->uid,
              (unsigned long long)m->size);
    return desk_quarantine(&c->desk, &env, &none, str_c(why), &r, e);
}

static enum rc take(struct core *c, const struct wire_fetched *m, int fd, struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(NAME_MAX_);
    struct mailbox_row row;
    char id[SPOOL_ID_LEN + 1];
    name_of(c, &name);
    id_of(buf_str(&name), m, id);
    TRY(ops_mailbox_get(c->db, buf_str(&name), &row, e));
    TRY(m->left ? note_left(c, m, id, e) : put(c, m, id, fd, e));
    row.uidvalidity = (int64_t)m->uidvalidity;
    row.uid = (int64_t)m->uid;
    TRY(ops_mailbox_put(c->db, &row, e));
    if (!m->left)
        log_event(LOG_INFO_, "mailbox-taken", "uid=%llu spool=%s bytes=%llu",
                  (unsigned long long)m->uid, id, (unsigned long long)m->size);
    return RC_OK;
}

enum rc core_fetched(struct core *c, struct chan *net, const struct wire_fetched *m, int fd,
                     struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2000);
    struct err why = ERR_INIT;
    bool numbers = m->uidvalidity > 0 && m->uidvalidity <= NUMBER_MAX && m->uid > 0 &&
                   m->uid <= NUMBER_MAX && m->size <= INT64_MAX;
    if (!numbers || (fd < 0) != (m->left != 0))
        return err_set(e, RC_INVALID, "a mail of a mailbox does not fit together");
    enum rc rc = take(c, m, fd, &why);
    if (rc != RC_OK)
        log_event(LOG_WARN_, "mailbox-not-taken", "uid=%llu code=%s why=\"%s\"",
                  (unsigned long long)m->uid, rc_name(rc), why.msg);
    wire_put_fetched_is(&b, &(struct wire_fetched_is){m->uid, rc, str_c(why.msg)});
    return role_send(&c->role, net, WIRE_FETCHED_IS, 0, &b, -1, e);
}
