/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One outgoing mail: headers, frozen bytes, outbox row, message row.
 * Runs in core.
 * Input: texts of ours and of team members; addresses on file, checked again by the writer.
 */
#include "desk/letter.h"

#include "base/when.h"
#include "desk/view_inside.h"
#include "mime/autoreply.h"
#include "store/ops_message.h"
#include "store/outbox.h"

#define BYTES_MAX (16u << 20)

void letter_link(struct str base, const char *path, const char *secret, struct buf *b)
{
    if (base.n > 0)
        buf_addf(b, "%.*s%s%s", STR_ARG(base), path, secret);
}

enum rc letter_way_back(struct desk *d, int64_t thread_id, struct buf *link, struct buf *until,
                        struct err *e)
{
    char secret[SECRET_SIZE];
    if (d->set->desk.base_url.n == 0)
        return RC_OK;
    TRY(way_back_issue(d, thread_id, secret, e));
    letter_link(d->set->desk.base_url, "/r/", secret, link);
    when_human(until, desk_now(d) + d->set->limits.way_back_us);
    return RC_OK;
}

bool letter_can_go(struct str to)
{
    return outmail_addr_ok(to, outmail_addr_utf8(to));
}

/* Replies come back to the thread's address, so that a bounce finds it without its Message-ID. */
static struct str env_from(const struct desk *d, const struct letter *l, struct str thread_addr)
{
    if (l->automatic && l->notice_tag.n == 0)
        return STR_NONE;
    struct str set = d->set->mail.bounce_address;
    return (l->t || l->notice_tag.n) && (set.n == 0 || address_ours(d, set)) ? thread_addr : set;
}

static enum rc write_bytes(struct desk *d, const struct letter *l, struct arena *a, struct str mid,
                           struct str reply_to, struct buf *out, struct err *e)
{
    struct str refs[OUTMAIL_REFS_MAX];
    struct hfield extra[AUTOREPLY_HEADERS];
    size_t n_refs = 0;
    if (l->t)
        TRY(ops_message_mids(d->db, a, l->t->id, refs, ARRAY_LEN(refs), &n_refs, e));
    struct str ours = d->set->desk.contact.v[0];
    autoreply_headers(ours, extra);
    /* RFC 3834 5: it answers nobody. */
    if (l->notice_tag.n)
        extra[0].value = STR("auto-generated");
    struct outmail_addr to = {l->to_name, l->to};
    struct outmail m = {
        .from = {d->set->desk.name, d->set->mail.from.n ? d->set->mail.from : ours},
        .to = &to,
        .n_to = 1,
        .reply_to = reply_to,
        .subject = l->subject,
        .date_us = desk_now(d),
        .message_id = mid,
        .in_reply_to = outmail_id_ok(l->in_reply_to) ? l->in_reply_to : STR_NONE,
        .references = refs,
        .n_references = n_refs,
        .extra = extra,
        .n_extra = l->automatic ? AUTOREPLY_HEADERS : 0,
        .text = l->text,
        .files = l->files,
        .n_files = l->n_files,
        .smtputf8 = outmail_addr_utf8(l->to) || outmail_addr_utf8(ours),
    };
    return outmail_write(&m, out, e);
}

static enum rc put_message(struct desk *d, const struct letter *l, struct str mid, struct str from,
                           int64_t *ret_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct str body = l->text;
    /* Of a secret only the hash is stored; the mail itself has it, until it is gone. */
    TRY(view_without_way_back(d, a, &body, e));
    struct message_row row = {.case_id = l->t->case_id,
                              .thread_id = l->t->id,
                              .author_id = l->author_id,
                              .received_us = desk_now(d),
                              .spool = STR_NONE,
                              .direction = l->automatic ? STR("auto") : STR("out"),
                              .state = STR("ok"),
                              .hold_reason = STR_NONE,
                              .from_name = d->set->desk.name,
                              .from_addr = d->set->desk.contact.v[0],
                              .return_path = from,
                              .subject = l->subject,
                              .mid = mid,
                              .refs = l->in_reply_to,
                              .trust = STR("none"),
                              .body = body,
                              .facts = l->facts.n ? l->facts : STR("{}"),
                              .ack = STR_NONE,
                              .dedupe = l->dedupe};
    return ops_message_insert(d->db, &row, ret_id, e);
}

enum rc letter_put(struct desk *d, const struct actor *who, const struct letter *l,
                   int64_t *ret_message, int64_t *ret_outbox, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf mid = BUF_INIT(OUTBOX_MID_MAX);
    AUTO(buf) struct buf reply_to = BUF_INIT(OUTBOX_ADDR_MAX);
    AUTO(buf) struct buf bytes = BUF_INIT(BYTES_MAX);
    char random[TAG_SIZE];
    int64_t message = 0, outbox = 0;
    /* Not even to be sent later: whoever switches sending on must not release old mail. */
    if (d->set->mail.outgoing == OUTGOING_COPY && l->to.n)
        return err_set(e, RC_DENIED,
                       "this desk only watches (mail.outgoing = copy): answer from your inbox");
    if (l->t) {
        thread_mid(d, l->number, l->t->tag, &mid);
        thread_address(d, l->t->tag, &reply_to);
    } else if (l->notice_tag.n) {
        notice_mid(d, l->notice_tag, &mid);
        notice_address(d, l->notice_tag, &reply_to);
    } else {
        tag_make(random);
        buf_addf(&mid, "desk.%s@%.*s", random, STR_ARG(d->set->mail.hostname));
    }
    TRY(buf_ok(&mid, "Message-ID", e));
    TRY(buf_ok(&reply_to, "address of the thread", e));
    if (l->to.n)
        TRY(write_bytes(d, l, a, buf_str(&mid), buf_str(&reply_to), &bytes, e));
    struct str from = env_from(d, l, buf_str(&reply_to));
    if (l->t)
        TRY(put_message(d, l, buf_str(&mid), from, &message, e));
    struct outbox_new o = {.kind = l->kind,
                           .case_id = l->t ? l->t->case_id : l->case_id,
                           .thread_id = l->t ? l->t->id : 0,
                           .message_id = message,
                           .mid = buf_str(&mid),
                           .env_from = from,
                           .rcpt = l->to,
                           .bytes = buf_str(&bytes),
                           .due_us = l->due_us,
                           .account_id = l->account_id};
    if (l->to.n)
        TRY(outbox_add(d->db, &o, &outbox, e));
    if (l->t)
        TRY(desk_event(d, who, l->t->case_id, "message.out",
                       json_pack("{s:I, s:I, s:s, s:I, s:s, s:s}", "message", (json_int_t)message,
                                 "thread", (json_int_t)l->t->id, "kind", l->kind, "outbox",
                                 (json_int_t)outbox, "direction", l->automatic ? "auto" : "out",
                                 "state", "ok"),
                       e));
    *ret_message = message;
    *ret_outbox = outbox;
    return RC_OK;
}
