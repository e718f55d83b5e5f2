/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals to the policy: how they come, what becomes of them.
 * Runs in core.
 * Input: the parse child's record of a patch, a public form, the engine's answers: strangers' texts
 * all of them; decisions of team members.
 */
#include "base/utf8.h"
#include "desk/intake_inside.h"
#include "desk/letter.h"
#include "desk/notice.h"
#include "desk/proposal_inside.h"
#include "desk/webform.h"
#include "store/ops_people.h"
#include "desk/job.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

enum rc proposal_order_apply(struct desk *d, int64_t id, int64_t revision_id, struct err *e)
{
    return desk_job_order(d, PROPOSAL_APPLY, id, revision_id, e);
}

static enum rc told(struct desk *d, const struct actor *who, const char *kind, int64_t id,
                    struct err *e)
{
    return desk_event(d, who, 0, kind, json_pack("{s:I}", "proposal", (json_int_t)id), e);
}

/* ---- letters ---- */

enum rc proposal_tell(struct desk *d, const struct actor *who, const struct proposal_row *p,
                      enum text_id text, struct str words, struct err *e)
{
    AUTO(buf) struct buf body = BUF_INIT(TEXT_RENDER_MAX);
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf id = BUF_INIT(32);
    char subject[128];
    int64_t message, outbox;
    /* A decision is not held up by an address that cannot be written to. */
    if (!letter_can_go(p->reply_to))
        return RC_OK;
    letter_link(d->set->desk.base_url, "/", "", &link);
    buf_addf(&id, "%lld", (long long)p->id);
    struct text_value v[] = {
        {"desk", d->set->desk.name},
        {"id", buf_str(&id)},
        {"text", words},
        {"policy_url", buf_str(&link)},
        {"contact", d->set->desk.contact.n ? d->set->desk.contact.v[0] : STR_NONE},
    };
    TRY(texts_render(d->texts, text, v, ARRAY_LEN(v), &body, e));
    snprintf(subject, sizeof(subject), "Your proposal %lld to our security policy",
             (long long)p->id);
    struct letter l = {.kind = PROPOSAL_MAIL,
                       .number = STR_NONE,
                       .to_name = STR_NONE,
                       .to = p->reply_to,
                       .subject = str_c(subject),
                       .text = buf_str(&body),
                       .in_reply_to = p->reply_mid,
                       .automatic = who->kind == ACTOR_MACHINE,
                       .author_id = who->account_id};
    return letter_put(d, who, &l, &message, &outbox, e);
}

/* ---- by mail ---- */

bool proposal_in_mail(const struct desk *d, const struct mail *m)
{
    const struct mail_patch *p = &m->patch;
    if (!p->found || !d->policy || !policy_is_file(d, p->file))
        return false;
    /* The patch is all there is: no other file, nothing hidden, nothing cut. */
    size_t files = m->attachments.n - (p->attached && m->attachments.n > 0 ? 1 : 0);
    return files == 0 && m->forwarded.n == 0 && !m->truncated && m->crypto == MAIL_CRYPTO_NONE &&
           p->diff.n <= PROPOSAL_PATCH_MAX;
}

enum rc proposal_room(struct desk *d, bool *ret, struct err *e)
{
    int64_t open;
    TRY(ops_proposal_count(d->db, STR("open"), &open, e));
    *ret = open < PROPOSAL_OPEN_MAX;
    return RC_OK;
}

static enum rc names_ours(struct desk *d, struct arena *a, const struct mail_strs *ids, bool *ret,
                          struct err *e)
{
    for (size_t i = 0; i < ids->n && !*ret; i++) {
        struct mail_row mail;
        enum rc rc = ops_mail_by_mid(d->db, a, ids->p[i], &mail, e);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            return rc;
        *ret = rc == RC_OK && str_eq(mail.kind, STR(PROPOSAL_MAIL));
    }
    return RC_OK;
}

enum rc proposal_answered(struct desk *d, struct arena *a, const struct mail *m, bool *ret,
                          struct err *e)
{
    bool yes = false;
    TRY(names_ours(d, a, &m->in_reply_to, &yes, e));
    TRY(names_ours(d, a, &m->references, &yes, e));
    *ret = yes;
    return RC_OK;
}

static struct str subject_of(struct arena *a, struct str s)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * MAIL_SUBJECT_MAX);
    utf8_clean_line(&b, s);
    s = str_trim(buf_str(&b));
    size_t end = str_chr(s, ']');
    if (str_starts(s, STR("[")) && end != STR_NPOS) /* "[PATCH v2 1/2]" */
        s = str_trim(str_sub(s, end + 1, s.n));
    s = str_trim(utf8_clip(s, PROPOSAL_SUBJECT_MAX));
    return s.n ? arena_str(a, s) : STR("(without a subject)");
}

enum rc proposal_take(struct desk *d, const struct mail *m, const struct message_row *row,
                      enum autoreply_why why, int64_t *ret_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    int64_t last;
    struct proposal_row p = {
        .applies = APPLIES_UNKNOWN,
        .subject = subject_of(a, m->patch.subject.n ? m->patch.subject : m->subject),
        .explanation = utf8_clip(m->patch.message, PROPOSAL_WHY_MAX),
        .author_name = utf8_clip(row->from_name, DESK_NAME_MAX),
        .author_email = row->from_addr,
        .reply_to = why == AUTOREPLY_SEND ? row->from_addr : STR_NONE,
        .reply_mid = row->mid,
        .base_text = STR_NONE,
        .new_text = STR_NONE,
        .patch = m->patch.diff,
        .message_id = row->id,
        .created_us = row->received_us,
    };
    TRY(ops_policyrev_last(d->db, &last, e));
    TRY(ops_proposal_insert(d->db, &p, &p.id, e));
    TRY(proposal_order_apply(d, p.id, last, e));
    TRY(told(d, &machine, "policy.proposed", p.id, e));
    TRY(notice_team(d, &machine, NOTICE_PROPOSAL, 0, e));
    *ret_id = p.id;
    /* RFC 3834 4: a program answers the return path, which is what the rate counts; whom From names
     * is written to by people only. */
    if (p.reply_to.n)
        p.reply_to = row->return_path;
    return proposal_tell(d, &machine, &p, TEXT_PROPOSAL_RECEIVED, STR_NONE, e);
}

/* ---- by the form ---- */

static enum rc form_check(const struct proposal_form *f, struct err *e)
{
    TRY(desk_check_text(f->text, PROPOSAL_TEXT_MAX, "the policy", e));
    TRY(desk_check_text(f->explanation, PROPOSAL_WHY_MAX, "the explanation", e));
    TRY(desk_check_line(f->subject, PROPOSAL_SUBJECT_MAX, "the title of the proposal", e));
    if (f->name.n > 0)
        TRY(desk_check_line(f->name, DESK_NAME_MAX, "the name", e));
    if (f->email.n > 0 && !webform_address_ok(f->email))
        return err_set(e, RC_INVALID, "the mail address is none; leave it empty or correct it");
    return RC_OK;
}

/* A browser sends no line end at the end of a text area that had one. */
static struct str with_end(struct arena *a, struct str text)
{
    return text.n > 0 && text.p[text.n - 1] == '\n' ? text : arena_strf(a, "%.*s\n", STR_ARG(text));
}

enum rc proposal_preview(struct desk *d, struct arena *a, const struct proposal_form *f,
                         struct diff *ret_d, struct err *e)
{
    struct str base;
    TRY(form_check(f, e));
    if (f->base_id <= 0 || policy_revision_text(d, a, f->base_id, &base, e) != RC_OK)
        return err_set(e, RC_INVALID, "the form is too old; open the page anew");
    TRY(diff_texts(a, base, with_end(a, f->text), ret_d, e));
    return ret_d->n > 0 ? RC_OK : err_set(e, RC_INVALID, "nothing in the policy is changed");
}

struct formed {
    const struct proposal_form *f;
    int64_t id;
};

static enum rc form_tx(struct desk *d, void *arg, struct err *e)
{
    struct formed *k = arg;
    const struct proposal_form *f = k->f;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct diff diff;
    int64_t last;
    bool room;
    TRY(proposal_room(d, &room, e));
    if (!room)
        return err_set(e, RC_LIMIT, "too many proposals are open; please come back later");
    TRY(proposal_preview(d, a, f, &diff, e));
    struct proposal_row p = {.applies = APPLIES_UNKNOWN,
                             .subject = f->subject,
                             .explanation = f->explanation,
                             .author_name = f->name,
                             .author_email = f->email,
                             .reply_to = f->email,
                             .reply_mid = STR_NONE,
                             .new_text = with_end(a, f->text),
                             .patch = STR_NONE,
                             .created_us = desk_now(d)};
    TRY(policy_revision_text(d, a, f->base_id, &p.base_text, e));
    /* The form may be sent twice. */
    enum rc rc = ops_proposal_same(d->db, &p, &k->id, e);
    if (rc != RC_NOTFOUND)
        return rc;
    TRY(ops_policyrev_last(d->db, &last, e));
    TRY(ops_proposal_insert(d->db, &p, &p.id, e));
    TRY(proposal_order_apply(d, p.id, last, e));
    k->id = p.id;
    TRY(notice_team(d, &machine, NOTICE_PROPOSAL, 0, e));
    /* No mail to the author at once: anybody may type anybody's address into a form. */
    return told(d, &machine, "policy.proposed", p.id, e);
}

enum rc proposal_from_form(struct desk *d, const struct proposal_form *f, int64_t *ret_id,
                           struct err *e)
{
    struct formed k = {.f = f};
    TRY(form_check(f, e));
    TRY(desk_run(d, form_tx, &k, e));
    *ret_id = k.id;
    return RC_OK;
}

/* ---- what it makes of the policy as it is now ---- */

static void put_bases(json_t *in, const struct policyrev_row *r, size_t n)
{
    json_t *bases = json_array();
    for (size_t i = n; i > 0; i--)
        json_array_append_new(bases, json_str(r[i - 1].text));
    json_object_set_new(in, "bases", bases);
}

enum rc proposal_apply_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *in = json_object();
    struct proposal_row p;
    struct policyrev_row *r;
    size_t n;
    TRY(ops_proposal_get(d->db, a, subject, &p, e));
    TRY(ops_policyrev_list(d->db, a, PROPOSAL_BASES, &r, &n, e));
    bool done = p.applies != APPLIES_UNKNOWN && n > 0 && p.revision_id == r[n - 1].id;
    if (!str_eq(p.state, STR("open")) || n == 0 || done)
        return RC_OK;
    put_bases(in, r, n);
    if (p.base_text.n > 0) {
        json_put_str(in, "base", p.base_text);
        json_put_str(in, "new", p.new_text);
    } else {
        json_put_str(in, "patch", p.patch);
    }
    buf_adds(&q->args, "{}");
    TRY(json_write(&q->input, in, e));
    q->engine = "policy-apply";
    return RC_OK;
}

struct applied {
    int64_t id;
    bool applies;
    struct str text, now, why;
};

/* The answer was made for the policy of its question; when that moved, another task is under way.
 */
static enum rc applied_tx(struct desk *d, void *arg, struct err *e)
{
    const struct applied *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row p;
    struct policyrev_row now;
    int64_t last;
    TRY(ops_proposal_get(d->db, a, k->id, &p, e));
    TRY(ops_policyrev_last(d->db, &last, e));
    if (!str_eq(p.state, STR("open")) || last == 0)
        return RC_OK;
    TRY(ops_policyrev_get(d->db, a, last, &now, e));
    if (!str_eq(now.text, k->now))
        return RC_OK;
    p.revision_id = last;
    p.applies = k->applies ? APPLIES_YES : APPLIES_NO;
    p.why = k->why;
    if (k->applies && str_eq(k->text, now.text)) {
        p.applies = APPLIES_NO;
        p.why = STR("the policy says this already");
    } else if (k->applies) {
        p.base_text = now.text;
        p.new_text = k->text;
    }
    return ops_proposal_applied(d->db, &p, e);
}

enum rc proposal_apply_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    struct applied k = {.id = subject};
    TRY(json_get_bool(answer, "applies", &k.applies, e));
    TRY(json_get_str(answer, "text", POLICY_MAX, &k.text, e));
    TRY(json_get_str(answer, "now", POLICY_MAX, &k.now, e));
    TRY(json_get_str(answer, "why", DESK_REASON_MAX, &k.why, e));
    if (!utf8_is_clean(k.text) || !utf8_is_clean(k.why))
        return err_set(e, RC_INVALID, "the engine's answer is not plain text");
    return desk_run(d, applied_tx, &k, e);
}
