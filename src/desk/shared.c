/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is a report and what is not, where a contact address is a general mailbox.
 * Runs in core.
 * Input: facts of the parse child, texts of strangers (only searched), the envelope that smtpd
 * wrote.
 */
#include "desk/shared.h"

#include "desk/intake_inside.h"
#include "store/outbox.h"

#define ENVELOPE_MAX (64 * 1024)
#define RCPTS_MAX    1000

static const struct actor machine = ACTOR_INIT_MACHINE;

enum shared_verdict shared_decide(const struct shared_facts *f)
{
    if (f->rule)
        return SHARED_NONE;
    if (f->security)
        return SHARED_REPORT;
    if (f->list || f->automatic)
        return SHARED_NONE;
    return f->words ? SHARED_REPORT : SHARED_UNSURE;
}

static bool is_word(char c)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80 || c == '_';
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* The word at s.p[at]: its end, or 0. */
static size_t match(struct str s, size_t at, struct str word)
{
    size_t k = at;
    for (size_t i = 0; i < word.n; i++) {
        if (k >= s.n)
            return 0;
        if (blank(word.p[i])) {
            if (!blank(s.p[k]))
                return 0;
            while (k < s.n && k - at < 2 * word.n && blank(s.p[k]))
                k++;
        } else if (ascii_lower(s.p[k++]) != ascii_lower(word.p[i])) {
            return 0;
        }
    }
    return k;
}

static bool has_word(struct str s, struct str word)
{
    char first = ascii_lower(word.p[0]);
    for (size_t at = 0; at < s.n; at++) {
        if (ascii_lower(s.p[at]) != first || (at > 0 && is_word(s.p[at - 1])))
            continue;
        size_t end = match(s, at, word);
        if (end > 0 && (end == s.n || !is_word(s.p[end])))
            return true;
    }
    return false;
}

bool shared_words(const struct str_list *words, struct str s)
{
    for (size_t i = 0; i < words->n; i++)
        if (words->v[i].n > 0 && has_word(s, words->v[i]))
            return true;
    return false;
}

bool shared_security_address(struct str addr)
{
    size_t at = str_rchr(addr, '@');
    struct str local = str_sub(addr, 0, at == STR_NPOS ? 0 : at), first, rest = local;
    return str_cut(&rest, '+', &first) &&
           (str_eq_nocase(first, STR("security")) || str_eq_nocase(rest, STR("security")));
}

static bool security_rcpt(const struct mail *m, const struct intake_env *env)
{
    for (size_t i = 0; i < env->n_rcpts; i++)
        if (shared_security_address(env->rcpts[i]))
            return true;
    /* Whoever polls a mailbox knows no recipients. */
    for (size_t i = 0; i < m->to.n; i++)
        if (shared_security_address(m->to.p[i].addr))
            return true;
    for (size_t i = 0; i < m->cc.n; i++)
        if (shared_security_address(m->cc.p[i].addr))
            return true;
    return false;
}

enum shared_verdict intake_shared(const struct desk *d, const struct mail *m,
                                  const struct intake_env *env)
{
    const struct autoreply_facts *a = &m->automatic;
    const struct str_list *words = &d->set->mail.report_words;
    struct shared_facts f = {
        .rule = m->no_report,
        .list = a->list || a->precedence == PRECEDENCE_BULK || a->precedence == PRECEDENCE_JUNK ||
                a->precedence == PRECEDENCE_LIST,
        .automatic = a->submitted == SUBMITTED_AUTO || a->responder || a->report != REPORT_NONE ||
                     m->report.kind != DSN_NONE,
        .security = security_rcpt(m, env),
        .words = shared_words(words, m->subject) || shared_words(words, m->text)};
    return shared_decide(&f);
}

/* ---- passing on ---- */

/* To one recipient, unless it went there already. */
static enum rc pass_to(struct desk *d, struct arena *a, const struct message_row *row,
                       struct str from, struct str rcpt, struct err *e)
{
    struct mail_row *sent;
    size_t n;
    int64_t id;
    char random[TAG_SIZE];
    TRY(ops_mail_of_message(d->db, a, row->id, &sent, &n, e));
    for (size_t i = 0; i < n; i++)
        if (str_eq(sent[i].kind, STR(OUTBOX_PASS)) && str_eq(sent[i].rcpt, rcpt) &&
            !str_eq(sent[i].state, STR("failed")))
            return RC_OK;
    tag_make(random);
    struct outbox_new o = {
        .kind = OUTBOX_PASS,
        .message_id = row->id,
        .mid = arena_strf(a, "pass.%s@%.*s", random, STR_ARG(d->set->mail.hostname)),
        .env_from = from,
        .rcpt = rcpt,
        .bytes = STR_NONE,
        .blob_id = row->blob_id,
        .next_hop = true};
    return outbox_add(d->db, &o, &id, e);
}

/* The envelope as smtpd wrote it (smtp/envelope.h), with its own recipients. */
static enum rc pass_on(struct desk *d, struct arena *a, const struct message_row *row,
                       struct err *e)
{
    AUTO(json) json_t *j = NULL;
    json_t *rcpts;
    struct str from = STR_NONE;
    TRY(json_parse(row->envelope, ENVELOPE_MAX, "the envelope of a mail", &j, e));
    if (!json_is_null(json_object_get(j, "from")))
        TRY(json_get_str(j, "from", OUTBOX_ADDR_MAX, &from, e));
    TRY(json_get_array(j, "rcpts", RCPTS_MAX, &rcpts, e));
    if (json_array_size(rcpts) == 0)
        return err_set(e, RC_INVALID, "this mail has no recipients that it could be passed on to");
    for (size_t i = 0; i < json_array_size(rcpts); i++)
        TRY(pass_to(d, a, row, from, str_c(json_string_value(json_array_get(rcpts, i))), e));
    return RC_OK;
}

bool intake_stays(const struct desk *d, struct str origin)
{
    return str_eq(origin, STR("imap")) || d->set->mail.outgoing == OUTGOING_COPY;
}

enum rc intake_none(struct desk *d, const struct actor *who, struct message_row *row,
                    struct str reason, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    bool stays = intake_stays(d, row->origin);
    if (!stays)
        TRY(pass_on(d, a, row, e));
    row->state = stays ? STR("left") : STR("passed");
    row->hold_reason = reason;
    TRY(ops_message_place(d->db, row, e));
    return desk_event(
        d, who, 0, stays ? "message.left" : "message.passed",
        json_pack("{s:I, s:o}", "message", (json_int_t)row->id, "reason", json_str(reason)), e);
}

struct pass {
    const struct actor *who;
    int64_t message_id;
    struct str reason;
};

static enum rc pass_tx(struct desk *d, void *arg, struct err *e)
{
    struct pass *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row;
    TRY(ops_message_get(d->db, a, p->message_id, &row, e));
    if (!str_eq(row.state, STR("held")) && !str_eq(row.state, STR("quarantined")) &&
        !str_eq(row.state, STR("spam")))
        return err_set(e, RC_INVALID, "this message does not wait for a decision");
    if (row.case_id != 0)
        return err_set(e, RC_INVALID, "this message points at a case; release or discard it");
    if (str_eq(row.origin, STR("web")) || str_eq(row.origin, STR("import")))
        return err_set(e, RC_INVALID, "this message came by no mail that could be passed on");
    if (!intake_stays(d, row.origin)) {
        if (!d->set->mail.shared || d->set->mail.next_hop.n == 0)
            return err_set(e, RC_INVALID,
                           "there is no next hop (mail.shared and mail.next_hop); discard it");
        if (row.envelope.n == 0 || row.blob_id == 0)
            return err_set(e, RC_INVALID, "this mail's envelope was not kept; discard it");
    }
    return intake_none(d, p->who, &row, p->reason, e);
}

enum rc held_pass(struct desk *d, const struct actor *who, int64_t message_id, struct str reason,
                  struct err *e)
{
    struct pass p = {who, message_id, reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, pass_tx, &p, e);
}

enum rc shared_pass_ended(struct desk *d, struct arena *a, const struct mail_row *mail,
                          struct err *e)
{
    struct message_row row;
    TRY(ops_message_get(d->db, a, mail->message_id, &row, e));
    if (str_eq(mail->state, STR("sent")) || !str_eq(row.state, STR("passed")))
        return RC_OK;
    if (!str_eq(mail->state, STR("failed")))
        return RC_OK; /* tried again */
    row.state = STR("held");
    row.hold_reason = arena_strf(a, "it could not be passed on: %.*s", STR_ARG(mail->answer));
    TRY(ops_message_place(d->db, &row, e));
    return desk_event(d, &machine, 0, "message.held",
                      json_pack("{s:I, s:s}", "message", (json_int_t)row.id, "reason",
                                "it could not be passed on"),
                      e);
}
