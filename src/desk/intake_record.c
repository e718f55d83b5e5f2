/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parse child's record as rows: message, attachments, sealed raw bytes.
 * Runs in core.
 * Input: the record, re-checked by mail_decode; the hash that makes two deliveries one message.
 */
#include "base/hash.h"
#include "base/hex.h"
#include "desk/intake_inside.h"

#define BODY_MAX (4 * MAIL_TEXT_MAX)
#define REFS_MAX (64 * 1024)

static void hash_field(struct sha256_ctx *c, struct str s)
{
    unsigned char n[8];
    for (int i = 0; i < 8; i++)
        n[i] = (unsigned char)((uint64_t)s.n >> (56 - 8 * i));
    sha256_add(c, str_of(n, sizeof(n)));
    sha256_add(c, s);
}

/* Message-ID and content: the same mail by two ways, whatever its trace fields say. */
static struct str dedupe(struct arena *a, const struct mail *m)
{
    unsigned char out[SHA256_LEN];
    struct sha256_ctx c;
    sha256_init(&c);
    hash_field(&c, m->message_id);
    hash_field(&c, str_c(m->content_sha256));
    hash_field(&c, m->from.addr);
    hash_field(&c, m->subject);
    /* Without an id two short mails of one person could be alike: then the date tells. */
    if (m->message_id.n == 0)
        hash_field(&c, str_of(&m->date_us, sizeof(m->date_us)));
    sha256_end(&c, out);
    return arena_str(a, str_of(out, sizeof(out)));
}

/* The text, and the texts of forwarded mails behind it. */
static enum rc body(struct arena *a, const struct mail *m, struct str *ret, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BODY_MAX);
    buf_add(&b, m->text);
    for (size_t i = 0; i < m->forwarded.n; i++) {
        const struct mail_forwarded *f = &m->forwarded.p[i];
        buf_addf(&b, "%s----- Forwarded message -----\nFrom: %.*s <%.*s>\nSubject: %.*s\n\n",
                 b.n > 0 ? "\n" : "", STR_ARG(f->from.name), STR_ARG(f->from.addr),
                 STR_ARG(f->subject));
        buf_add(&b, f->text);
        buf_adds(&b, "\n----- End of forwarded message -----\n");
    }
    TRY(buf_ok(&b, "text of the mail", e));
    *ret = arena_str(a, buf_str(&b));
    return RC_OK;
}

static enum rc facts(struct arena *a, const struct mail *m, enum autoreply_why why, struct str *ret,
                     struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(64 * 1024);
    char text[SHA256_HEX];
    unsigned char hash[SHA256_LEN];
    sha256(m->text, hash);
    hex_put(text, hash, sizeof(hash));
    AUTO(json)
    json_t *j = json_pack("{s:s, s:s, s:I}", "autoreply", autoreply_why_name(why), "text_sha256",
                          text, "size", (json_int_t)m->size);
    if (m->crypto != MAIL_CRYPTO_NONE)
        json_object_set_new(j, "crypto", json_string(mail_crypto_name(m->crypto)));
    if (m->text_source == MAIL_TEXT_HTML)
        json_object_set_new(j, "html", json_true());
    if (m->truncated)
        json_object_set_new(j, "truncated", json_true());
    if (m->forwarded.n > 0)
        json_object_set_new(j, "forwarded", json_integer((json_int_t)m->forwarded.n));
    if (m->automatic.submitted == SUBMITTED_AUTO)
        json_object_set_new(j, "automatic", json_true());
    if (m->report.kind != DSN_NONE)
        json_object_set_new(j, "report", json_string(dsn_kind_name(m->report.kind)));
    json_t *warnings = json_object();
    for (int i = 0; i < MAIL_WARN_COUNT; i++)
        if (m->warnings[i])
            json_object_set_new(warnings, mail_warning_name((enum mail_warning)i),
                                json_integer(m->warnings[i]));
    json_object_set_new(j, "warnings", warnings);
    TRY(json_write(&b, j, e));
    *ret = arena_str(a, buf_str(&b));
    return RC_OK;
}

static struct str refs(struct arena *a, const struct mail *m)
{
    AUTO(buf) struct buf b = BUF_INIT(REFS_MAX);
    for (size_t i = 0; i < m->references.n; i++)
        buf_addf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(m->references.p[i]));
    for (size_t i = 0; i < m->in_reply_to.n; i++)
        buf_addf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(m->in_reply_to.p[i]));
    return arena_str(a, buf_str(&b));
}

enum rc intake_record(struct arena *a, const struct mail *m, const struct intake_env *env,
                      enum autoreply_why why, struct message_row *ret, struct err *e)
{
    struct message_row r = {.spool = env->spool,
                            .origin = env->origin,
                            .direction = STR("in"),
                            .state = STR("ok"),
                            .hold_reason = STR_NONE,
                            .from_name = m->from.name,
                            .from_addr = address_canon(a, m->from.addr),
                            .return_path = address_canon(a, env->return_path),
                            .subject = m->subject,
                            .mid = m->message_id,
                            .refs = refs(a, m),
                            .trust = STR("none"),
                            .ack = STR_NONE,
                            .date_us = m->has_date ? m->date_us : 0,
                            .received_us = env->received_us,
                            .dedupe = dedupe(a, m)};
    TRY(body(a, m, &r.body, e));
    TRY(facts(a, m, why, &r.facts, e));
    *ret = r;
    return arena_ok(a, "the record of a mail", e);
}

enum rc intake_attachments(struct desk *d, const struct mail *m, int64_t message_id, struct err *e)
{
    for (size_t i = 0; i < m->attachments.n; i++) {
        const struct mail_attachment *t = &m->attachments.p[i];
        struct attachment_row r = {.message_id = message_id,
                                   .part = t->part,
                                   .size = t->size,
                                   .name = t->name,
                                   .type = t->type,
                                   .sha256 = str_c(t->sha256),
                                   .damaged = t->damaged};
        TRY(ops_attachment_insert(d->db, &r, e));
    }
    return RC_OK;
}

enum rc intake_blob_add(struct desk *d, const struct intake_blob *blob, int64_t *ret_id,
                        struct err *e)
{
    *ret_id = 0;
    if (blob->name.n == 0)
        return RC_OK;
    struct blob_row b = {.size = blob->size,
                         .purpose = STR("mail"),
                         .name = blob->name,
                         .key_wrapped = blob->wrapped};
    return blob_add(d->db, &b, ret_id, e);
}
