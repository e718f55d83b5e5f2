/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people decide about proposals, and how they look at them.
 * Runs in core.
 * Input: arguments of team members; the proposal's texts are a stranger's.
 */
#include "base/utf8.h"
#include "base/when.h"
#include "desk/intake_inside.h"
#include "desk/letter.h"
#include "desk/proposal_inside.h"
#include "store/ops_people.h"

struct decide {
    const struct actor *who;
    int64_t id, revision_id;
    struct str reason;
    char *number; /* of the case it becomes */
};

static enum rc load_open(struct desk *d, struct arena *a, int64_t id, struct proposal_row *ret,
                         struct err *e)
{
    TRY(ops_proposal_get(d->db, a, id, ret, e));
    if (!str_eq(ret->state, STR("open")))
        return err_set(e, RC_INVALID, "this proposal is decided already (%.*s)",
                       STR_ARG(ret->state));
    return RC_OK;
}

static enum rc decided(struct desk *d, const struct decide *k, struct proposal_row *p,
                       const char *state, const char *event, struct err *e)
{
    p->state = str_c(state);
    p->account_id = k->who->account_id;
    p->reason = k->reason;
    p->decided_us = desk_now(d);
    TRY(ops_proposal_decide(d->db, p, e));
    return desk_event(
        d, k->who, 0, event,
        json_pack("{s:I, s:o}", "proposal", (json_int_t)p->id, "reason", json_str(k->reason)), e);
}

/* ---- merge ---- */

/* Who merges: an account, or the desk for the command line. */
static enum rc merger(struct desk *d, struct arena *a, const struct actor *who,
                      struct str *ret_name, struct str *ret_email, struct err *e)
{
    struct account_row r;
    *ret_name = d->set->desk.name;
    *ret_email = d->set->desk.contact.n ? d->set->desk.contact.v[0] : STR_NONE;
    if (who->account_id == 0)
        return RC_OK;
    TRY(ops_account_get(d->db, a, who->account_id, &r, e));
    *ret_name = r.name;
    *ret_email = r.email;
    return RC_OK;
}

static struct str author_name(const struct proposal_row *p)
{
    return p->author_name.n    ? p->author_name
           : p->author_email.n ? p->author_email
                               : STR("Anonymous");
}

/* As git has it: what is written behind a line "---" is for who decides, not for the history. */
static struct str committed(struct str explanation)
{
    struct str rest = explanation, line;
    size_t end = 0;
    while (str_line(&rest, &line) && !str_eq(line, STR("---")))
        end = explanation.n - rest.n;
    return str_trim(str_sub(explanation, 0, end));
}

static enum rc merge_tx(struct desk *d, void *arg, struct err *e)
{
    const struct decide *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row p;
    struct policyrev_row now;
    struct str name, email;
    int64_t last;
    TRY(load_open(d, a, k->id, &p, e));
    TRY(ops_policyrev_last(d->db, &last, e));
    if (last == 0 || p.applies != APPLIES_YES || p.revision_id != last)
        return err_set(e, RC_INVALID,
                       p.applies == APPLIES_NO
                           ? "the proposal does not apply to the policy as it is now"
                           : "the policy moved; the proposal is being tried again");
    if (k->revision_id != last)
        return err_set(e, RC_INVALID, "the policy moved since you looked; look at it again");
    TRY(ops_policyrev_get(d->db, a, last, &now, e));
    if (!str_eq(now.text, p.base_text))
        return err_set(e, RC_INVALID, "the proposal was made for another text; look at it again");
    TRY(merger(d, a, k->who, &name, &email, e));
    struct str why = committed(p.explanation);
    struct policyrev_row r = {
        .text = p.new_text,
        .source = STR("proposal"),
        .proposal_id = p.id,
        .author_name = author_name(&p),
        .author_email = p.author_email,
        .authored_us = p.created_us,
        .committer_name = name,
        .committer_email = email,
        .message = arena_strf(a, "%.*s\n\n%.*s%sReviewed-by: %.*s <%.*s>\n", STR_ARG(p.subject),
                              STR_ARG(why), why.n ? "\n\n" : "", STR_ARG(name), STR_ARG(email)),
    };
    TRY(arena_ok(a, "the message of a commit", e));
    TRY(decided(d, k, &p, "merged", "policy.merged", e));
    TRY(policy_add_revision(d, k->who, &r, e));
    return proposal_tell(d, k->who, &p, TEXT_PROPOSAL_MERGED, STR_NONE, e);
}

enum rc proposal_merge(struct desk *d, const struct actor *who, int64_t id, int64_t revision_id,
                       struct err *e)
{
    struct decide k = {.who = who, .id = id, .revision_id = revision_id, .reason = STR_NONE};
    TRY(actor_needs_team(who, e));
    return desk_run(d, merge_tx, &k, e);
}

/* ---- reject, answer ---- */

static enum rc reject_tx(struct desk *d, void *arg, struct err *e)
{
    const struct decide *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row p;
    TRY(load_open(d, a, k->id, &p, e));
    TRY(decided(d, k, &p, "rejected", "policy.rejected", e));
    return proposal_tell(d, k->who, &p, TEXT_PROPOSAL_REJECTED, k->reason, e);
}

enum rc proposal_reject(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                        struct err *e)
{
    struct decide k = {.who = who, .id = id, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, reject_tx, &k, e);
}

static enum rc answer_tx(struct desk *d, void *arg, struct err *e)
{
    const struct decide *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row p;
    TRY(ops_proposal_get(d->db, a, k->id, &p, e));
    if (!letter_can_go(p.reply_to))
        return err_set(e, RC_INVALID, "the author gave no address that can be answered");
    TRY(desk_event(d, k->who, 0, "policy.answered",
                   json_pack("{s:I}", "proposal", (json_int_t)p.id), e));
    return proposal_tell(d, k->who, &p, TEXT_PROPOSAL_ANSWER, k->reason, e);
}

enum rc proposal_answer(struct desk *d, const struct actor *who, int64_t id, struct str text,
                        struct err *e)
{
    struct decide k = {.who = who, .id = id, .reason = text};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(text, DESK_TEXT_MAX, "the answer", e));
    return desk_run(d, answer_tx, &k, e);
}

/* ---- it is a report ---- */

/* A proposal of the form is no message yet: its words become one. */
static enum rc form_message(struct desk *d, struct arena *a, const struct proposal_row *p,
                            struct message_row *row, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(DESK_TEXT_MAX + 2 * PROPOSAL_TEXT_MAX);
    struct diff diff;
    TRY(diff_texts(a, p->base_text, p->new_text, &diff, e));
    buf_addf(&b, "%.*s\n\n", STR_ARG(p->explanation));
    diff_unified(&diff, policy_file_name(d), &b);
    TRY(buf_ok(&b, "the text of the proposal", e));
    *row = (struct message_row){.spool = STR_NONE,
                                .direction = STR("in"),
                                .state = STR("ok"),
                                .hold_reason = STR_NONE,
                                .from_name = p->author_name,
                                .from_addr = p->author_email,
                                .return_path = p->author_email,
                                .subject = p->subject,
                                .mid = STR_NONE,
                                .refs = STR_NONE,
                                .trust = STR("none"),
                                .body = arena_str(a, buf_str(&b)),
                                .facts = STR("{}"),
                                .ack = STR_NONE,
                                .dedupe = STR_NONE,
                                .received_us = p->created_us};
    TRY(arena_ok(a, "the text of the proposal", e));
    return ops_message_insert(d->db, row, &row->id, e);
}

static enum rc case_tx(struct desk *d, void *arg, struct err *e)
{
    const struct decide *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row p;
    struct message_row row;
    struct intake_result r = {.kind = INTAKE_NEW};
    enum autoreply_why why = AUTOREPLY_SEND;
    TRY(load_open(d, a, k->id, &p, e));
    if (p.message_id) {
        TRY(ops_message_get(d->db, a, p.message_id, &row, e));
        TRY(intake_why_then(&row, &why, e));
    } else {
        TRY(form_message(d, a, &p, &row, e));
        why = p.author_email.n ? AUTOREPLY_SEND : AUTOREPLY_NO_PATH;
    }
    row.hold_reason = k->reason;
    TRY(intake_open(d, k->who, &row, why, &r, e));
    p.case_id = r.case_id;
    TRY(decided(d, k, &p, "case", "policy.case", e));
    return str_copy(k->number, VCASE_NUMBER_MAX, str_c(r.number), "case number", e);
}

enum rc proposal_to_case(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                         char *ret_number, struct err *e)
{
    struct decide k = {.who = who, .id = id, .reason = reason, .number = ret_number};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, case_tx, &k, e);
}

/* ---- looking ---- */

static enum rc fill_view(struct desk *d, struct arena *a, struct view_proposal *v, struct err *e)
{
    const struct policy *old = NULL, *new = NULL;
    TRY(diff_texts(a, v->p.base_text, v->p.new_text, &v->diff, e));
    v->has_diff = v->diff.n > 0;
    /* Two readings at most, and theirs is the largest arena of a page. */
    TRY(policy_parse(a, v->p.base_text, &old, e));
    TRY(policy_parse(a, v->p.new_text, &new, e));
    return behaviour_diff(a, d->set, old, new, &v->behaviour, &v->n_behaviour, e);
}

enum rc view_proposal(struct desk *d, const struct actor *who, struct arena *a, int64_t id,
                      struct view_proposal *ret, struct err *e)
{
    struct view_proposal v = {.stale = false};
    int64_t last;
    TRY(actor_needs_team(who, e));
    TRY(ops_proposal_get(d->db, a, id, &v.p, e));
    TRY(ops_policyrev_last(d->db, &last, e));
    bool open = str_eq(v.p.state, STR("open"));
    v.ready = open && v.p.applies == APPLIES_YES && v.p.revision_id == last;
    v.stale = open && v.p.applies == APPLIES_NO;
    if (v.p.new_text.n > 0 && v.p.base_text.n > 0)
        TRY(fill_view(d, a, &v, e));
    *ret = v;
    return RC_OK;
}

enum rc view_proposals(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                       struct proposal_row **ret, size_t *ret_n, struct err *e)
{
    TRY(actor_needs_team(who, e));
    return ops_proposal_list(d->db, a, state, ret, ret_n, e);
}

enum rc proposals_open(struct desk *d, int64_t *ret_n, struct err *e)
{
    return ops_proposal_count(d->db, STR("open"), ret_n, e);
}

/* ---- out again ---- */

/* Where git (mailinfo.c) would see the begin of a patch, of another mail, or a field. */
static bool git_reads(struct str line)
{
    static const char *const begins[] = {"---",   "diff -",   "Index: ", "From ",
                                         "From:", "Subject:", "Date:",   "Content-"};
    bool found = str_find(line, STR("8<")) != STR_NPOS || str_find(line, STR(">8")) != STR_NPOS;
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct str b = str_c(begins[i]);
        found = found || str_eq_nocase(str_sub(line, 0, b.n), b);
    }
    return found;
}

/* The stranger's message, which was looked at as a text, must stay one: else it could bring changes
 * that nobody saw. */
static void export_message(struct str rest, struct buf *b)
{
    struct str line;
    while (str_line(&rest, &line))
        buf_addf(b, "%s%.*s\n", git_reads(line) ? "| " : "", STR_ARG(line));
}

/* A header of a mail in plain UTF-8, as git writes it with --no-encode-email-headers. */
static void export_one(struct desk *d, struct arena *a, const struct policyrev_row *before,
                       const struct policyrev_row *r, struct buf *b)
{
    struct diff diff;
    struct err e = ERR_INIT;
    struct str file = policy_file_name(d), rest = r->message, subject = STR_NONE;
    if (diff_texts(a, before->text, r->text, &diff, &e) != RC_OK)
        return;
    (void)str_line(&rest, &subject);
    static const char none[] = "0000000000000000000000000000000000000000";
    buf_addf(b, "From %.*s Mon Sep 17 00:00:00 2001\n", 40,
             r->commit_id.n >= 40 ? r->commit_id.p : none);
    buf_addf(b, "From: %.*s <%.*s>\nDate: ", STR_ARG(r->author_name), STR_ARG(r->author_email));
    when_rfc5322(b, r->authored_us);
    buf_addf(b, "\nSubject: [PATCH] %.*s\nMIME-Version: 1.0\n", STR_ARG(subject));
    buf_adds(b, "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n");
    export_message(str_trim(rest), b);
    buf_addf(b, "---\n %.*s | %zu %s\n\n", STR_ARG(file), diff.added + diff.removed,
             diff.added >= diff.removed ? "+" : "-");
    buf_addf(b, "diff --git a/%.*s b/%.*s\n", STR_ARG(file), STR_ARG(file));
    diff_unified(&diff, file, b);
    buf_adds(b, "-- \nvulndesk\n\n");
}

enum rc proposal_export(struct desk *d, const struct actor *who, int64_t id, struct buf *b,
                        struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct policyrev_row *r;
    size_t n, found = 0;
    TRY(actor_needs_team(who, e));
    TRY(ops_policyrev_list(d->db, a, 1000, &r, &n, e));
    for (size_t i = 1; i < n; i++) {
        if (r[i].proposal_id == 0 || (id && r[i].proposal_id != id))
            continue;
        export_one(d, a, &r[i - 1], &r[i], b);
        found++;
    }
    if (found == 0)
        return err_set(e, RC_NOTFOUND,
                       id ? "no merged proposal has that number" : "no proposal was merged yet");
    return buf_ok(b, "the patches", e);
}
