/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The acknowledgement of a report.
 * Runs in core, as task "acknowledge".
 * Input: the message's row; nothing that its sender chose is put into the answer but the
 * Message-ID, bounded and checked, which threads it.
 */
#include "desk/ack.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "desk/clock.h"
#include "desk/letter.h"
#include "desk/receipt.h"
#include "mime/autoreply.h"
#include "store/ops_message.h"

#define WRAP 72 /* columns of what is quoted from the policy */

static const struct actor machine = ACTOR_INIT_MACHINE;

/* "  * words words" wrapped between words. */
static void add_item(struct buf *b, struct str words)
{
    size_t column = 4;
    struct str rest = words, word;
    bool first = true;
    buf_adds(b, "  * ");
    while (str_cut(&rest, ' ', &word)) {
        if (word.n == 0)
            continue;
        if (!first && column + 1 + word.n > WRAP) {
            buf_adds(b, "\n    ");
            column = 4;
        } else if (!first) {
            buf_addc(b, ' ');
            column++;
        }
        buf_add(b, word);
        column += word.n;
        first = false;
    }
    buf_addc(b, '\n');
}

/* What the policy promises, in its own words, each sentence once. */
static void promises(const struct desk *d, struct buf *b)
{
    static const enum policy_promise_kind kinds[] = {
        PROMISE_ACKNOWLEDGE, PROMISE_DETAIL, PROMISE_UPDATE,   PROMISE_HANDLER, PROMISE_AFFECTED,
        PROMISE_AUDIT,       PROMISE_FIXES,  PROMISE_ANNOUNCE, PROMISE_CREDIT};
    const bool off[PROMISE_COUNT] = {[PROMISE_ACKNOWLEDGE] = !d->set->policy.acknowledge,
                                     [PROMISE_DETAIL] = !d->set->policy.detail,
                                     [PROMISE_UPDATE] = !d->set->policy.update};
    for (size_t i = 0; d->policy && i < ARRAY_LEN(kinds); i++) {
        const struct policy_promise *p = &d->policy->promises[kinds[i]];
        bool said = false;
        for (size_t k = 0; k < i; k++)
            said = said || (d->policy->promises[kinds[k]].found && !off[kinds[k]] &&
                            str_eq(d->policy->promises[kinds[k]].words, p->words));
        if (p->found && !off[kinds[i]] && !said)
            add_item(b, p->words);
    }
}

/* Times that the policy does not state are the team's own, and only of what is promised at all. */
static void team_times(const struct desk *d, struct buf *b)
{
    struct clock_limit detail = clock_limit_of(d, CLOCK_DETAIL);
    struct clock_limit update = clock_limit_of(d, CLOCK_UPDATE);
    if (detail.promised && !detail.by_policy && detail.within_us > 0) {
        buf_adds(b, "  * a detailed answer within ");
        when_span(b, detail.within_us);
        buf_addc(b, '\n');
    }
    if (update.promised && !update.by_policy && update.within_us > 0) {
        buf_adds(b, "  * news at least every ");
        when_span(b, update.within_us);
        buf_addc(b, '\n');
    }
}

struct ack_parts {
    struct str number, way_back, way_back_until, receipt;
    int64_t received_us;
    bool encrypted;
};

static enum rc render(const struct desk *d, const struct ack_parts *p, struct buf *out,
                      struct err *e)
{
    AUTO(buf) struct buf received = BUF_INIT(WHEN_TEXT_MAX);
    AUTO(buf) struct buf says = BUF_INIT(32 * 1024);
    AUTO(buf) struct buf times = BUF_INIT(1024);
    AUTO(buf) struct buf policy = BUF_INIT(1024);
    when_human(&received, p->received_us);
    promises(d, &says);
    team_times(d, &times);
    if (d->policy)
        letter_link(d->set->desk.base_url, "/", "", &policy);
    TRY(buf_ok(&says, "promises of the policy", e));
    struct text_value v[] = {
        {"desk", d->set->desk.name},
        {"number", p->number},
        {"received", buf_str(&received)},
        {"encrypted", p->encrypted ? STR("yes") : STR_NONE},
        {"promises", str_trim(buf_str(&says)).n ? buf_str(&says) : STR_NONE},
        {"team_times", buf_str(&times)},
        {"policy_url", buf_str(&policy)},
        {"way_back", p->way_back},
        {"way_back_until", p->way_back_until},
        {"receipt", p->receipt},
        {"contact", d->set->desk.contact.n ? d->set->desk.contact.v[0] : STR_NONE},
    };
    return texts_render(d->texts, TEXT_ACKNOWLEDGEMENT, v, ARRAY_LEN(v), out, e);
}

enum rc ack_preview(const struct desk *d, struct buf *ret_text, struct err *e)
{
    struct ack_parts p = {.number = STR("DESK-2026-0001"),
                          .way_back = STR("https://desk.example/r/EXAMPLE"),
                          .way_back_until = STR("2026-12-31 12:00 UTC"),
                          .receipt = STR("(signed receipt)"),
                          .received_us = INT64_C(1795600000000000),
                          .encrypted = true};
    return render(d, &p, ret_text, e);
}

/* ---- the receipt ---- */

static enum rc text_hash(const struct message_row *m, unsigned char ret[SHA256_LEN], struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    struct str hex = STR_NONE;
    TRY(json_parse(m->facts, 64 * 1024, "facts of a message", &facts, e));
    if (json_get_str(facts, "text_sha256", 64, &hex, NULL) == RC_OK)
        return hex_get(hex, ret, SHA256_LEN, "hash of the text", e);
    sha256(m->body, ret);
    return RC_OK;
}

static enum rc receipt_fill(struct desk *d, struct arena *a, const struct message_row *m,
                            const struct ack_log *log, struct receipt *r, struct err *e)
{
    struct attachment_row *t;
    size_t n;
    TRY(desk_id(d, a, &r->desk, e));
    r->received_us = m->received_us;
    r->has_mid = m->mid.n > 0;
    sha256(m->mid, r->mid);
    TRY(text_hash(m, r->text, e));
    TRY(ops_attachment_list(d->db, a, m->id, &t, &n, e));
    r->files = (int64_t)n;
    for (; r->n_files < n && r->n_files < RECEIPT_ATTACHMENTS; r->n_files++) {
        struct receipt_file *f = &r->files_list[r->n_files];
        TRY(hex_get(t[r->n_files].sha256, f->sha256, SHA256_LEN, "hash of an attachment", e));
        f->size = t[r->n_files].size;
    }
    if (log && log->size > 0 && log->root.n == sizeof(r->log_root)) {
        r->log_size = log->size;
        memcpy(r->log_root, log->root.p, sizeof(r->log_root));
    }
    return RC_OK;
}

/* The key's id comes with a signature, so a first one over nothing learns it. */
static enum rc make_receipt(struct desk *d, struct arena *a, const struct message_row *m,
                            struct str number, const struct ack_log *log, struct buf *out,
                            struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(RECEIPT_MAX);
    AUTO(buf) struct buf sig = BUF_INIT(RECEIPT_SIG_LEN);
    AUTO(buf) struct buf key_id = BUF_INIT(128);
    AUTO(buf) struct buf same_id = BUF_INIT(128);
    AUTO(buf) struct buf probe = BUF_INIT(RECEIPT_SIG_LEN);
    struct receipt *r = arena_alloc(a, sizeof(*r));
    TRY(arena_ok(a, "the receipt", e));
    if (!d->calls.sign)
        return RC_OK;
    TRY(d->calls.sign(d->calls.arg, STR("vulndesk key id"), &probe, &key_id, e));
    TRY(receipt_fill(d, a, m, log, r, e));
    r->number = number;
    r->key_id = buf_str(&key_id);
    TRY(receipt_text(&text, r, e));
    TRY(d->calls.sign(d->calls.arg, buf_str(&text), &sig, &same_id, e));
    if (!str_eq(buf_str(&same_id), buf_str(&key_id)))
        return err_set(e, RC_BUSY, "the desk's key changed in between");
    return receipt_wrap(out, buf_str(&text), buf_str(&sig), e);
}

/* ---- the task ---- */

struct ack {
    int64_t message_id;
    struct str number, receipt;
    int64_t outbox;
};

static enum rc put(struct desk *d, struct ack *k, const struct message_row *m,
                   const struct thread_row *t, struct err *e)
{
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf until = BUF_INIT(WHEN_TEXT_MAX);
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    char subject[128];
    int64_t message;
    TRY(letter_way_back(d, t->id, &link, &until, e));
    struct ack_parts p = {.number = k->number,
                          .way_back = buf_str(&link),
                          .way_back_until = buf_str(&until),
                          .receipt = k->receipt,
                          .received_us = m->received_us,
                          .encrypted = str_find(m->facts, STR("-encrypted\"")) != STR_NPOS};
    TRY(render(d, &p, &text, e));
    snprintf(subject, sizeof(subject), "[%.*s] We received your report", STR_ARG(k->number));
    struct letter l = {.kind = "acknowledgement",
                       .t = t,
                       .number = k->number,
                       .to_name = STR_NONE,
                       .to = m->return_path,
                       .subject = str_c(subject),
                       .text = buf_str(&text),
                       .in_reply_to = m->mid,
                       .automatic = true};
    return letter_put(d, &machine, &l, &message, &k->outbox, e);
}

static enum rc ack_tx(struct desk *d, void *arg, struct err *e)
{
    struct ack *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row m;
    struct thread_row t;
    struct case_row c;
    k->outbox = 0;
    TRY(ops_message_get(d->db, a, k->message_id, &m, e));
    if (str_eq(m.ack, STR("frozen"))) {
        struct mail_row mail;
        TRY(ops_mail_of_kind(d->db, a, m.thread_id, STR("acknowledgement"), &mail, e));
        k->outbox = mail.id;
        return RC_OK;
    }
    if (!str_eq(m.ack, STR("queued")) || !str_eq(m.state, STR("ok")) || m.thread_id == 0)
        return RC_OK;
    if (d->set->mail.outgoing == OUTGOING_COPY) {
        /* It was ordered before the desk was told to watch only. */
        m.ack = arena_strf(a, "withheld: %s", autoreply_why_text(AUTOREPLY_WATCHING));
        TRY(ops_message_place(d->db, &m, e));
        return desk_event(d, &machine, m.case_id, "ack.withheld",
                          json_pack("{s:I, s:s}", "message", (json_int_t)m.id, "why",
                                    autoreply_why_name(AUTOREPLY_WATCHING)),
                          e);
    }
    TRY(ops_case_get(d->db, a, m.case_id, &c, e));
    if (!str_eq(c.number, k->number))
        return err_set(e, RC_BUSY, "the case was joined meanwhile");
    TRY(ops_thread_get(d->db, a, m.thread_id, &t, e));
    TRY(put(d, k, &m, &t, e));
    m.ack = STR("frozen");
    return ops_message_place(d->db, &m, e);
}

enum rc ack_run(struct desk *d, int64_t message_id, const struct ack_log *log, int64_t *ret_outbox,
                struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf receipt = BUF_INIT(RECEIPT_MAX);
    struct message_row m;
    struct ack k = {.message_id = message_id, .number = STR_NONE};
    TRY(ops_message_get(d->db, a, message_id, &m, e));
    if (m.case_id && str_eq(m.ack, STR("queued"))) {
        struct case_row c;
        TRY(ops_case_get(d->db, a, m.case_id, &c, e));
        k.number = c.number;
        TRY(make_receipt(d, a, &m, k.number, log, &receipt, e));
    }
    k.receipt = buf_str(&receipt);
    TRY(desk_run(d, ack_tx, &k, e));
    *ret_outbox = k.outbox;
    return RC_OK;
}
