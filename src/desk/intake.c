/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a mail becomes a case.
 * Runs in core, as task "intake".
 * Input: the parse child's record (decoded strictly) and the envelope; all of it is a stranger's
 * claim, and only what is authenticated opens a thread.
 */
#include "desk/intake.h"

#include "base/utf8.h"
#include "desk/clock.h"
#include "desk/epoch.h"
#include "desk/intake_inside.h"
#include "desk/letter.h"
#include "desk/proposal_inside.h"
#include "store/task.h"

#define LOOP_REASON "our own mail came back"

static const struct actor machine = ACTOR_INIT_MACHINE;

const char *intake_kind_name(enum intake_kind k)
{
    static const char *const names[INTAKE_KINDS] = {
        [INTAKE_NEW] = "new",
        [INTAKE_JOINED] = "joined",
        [INTAKE_HELD] = "held",
        [INTAKE_SPAM] = "spam",
        [INTAKE_BOUNCE] = "bounce",
        [INTAKE_LOOP] = "loop",
        [INTAKE_DUPLICATE] = "duplicate",
        [INTAKE_QUARANTINED] = "quarantined",
        [INTAKE_NOTE] = "note",
        [INTAKE_DISCARDED] = "discarded",
        [INTAKE_PROPOSAL] = "proposal",
        [INTAKE_PASSED] = "passed",
        [INTAKE_LEFT] = "left",
        [INTAKE_TEAM] = "team",
    };
    return k < INTAKE_KINDS ? names[k] : "?";
}

static struct intake_verdict held(const char *why)
{
    return (struct intake_verdict){INTAKE_HELD, why};
}

static struct intake_verdict decide_notice(const struct intake_facts *f)
{
    if (!f->notice_known)
        return held("answers a notice that this desk does not know");
    if (f->automatic)
        return (struct intake_verdict){INTAKE_DISCARDED, "an automatic answer to a notice"};
    if (!f->own)
        return held("answers a notice, but does not come from the address that it went to");
    if (f->authserv && !f->authentic)
        return held("answers a notice, but neither DMARC nor DKIM proves its sender");
    return (struct intake_verdict){INTAKE_NOTE, ""};
}

static struct intake_verdict decide_none(const struct intake_facts *f)
{
    if (f->stays)
        return (struct intake_verdict){INTAKE_LEFT, "by the rules of this desk it is no report"};
    if (f->back)
        return held(SHARED_BACK);
    if (!f->hop)
        return held(SHARED_NO_HOP);
    return (struct intake_verdict){INTAKE_PASSED, "by the rules of this desk it is no report"};
}

static struct intake_verdict decide_shared(const struct intake_facts *f)
{
    if (f->report == SHARED_UNSURE)
        return held(SHARED_ASK);
    return f->report == SHARED_NONE ? decide_none(f) : (struct intake_verdict){INTAKE_NEW, ""};
}

/* What the team wrote itself, where we only watch. */
static struct intake_verdict decide_team(const struct intake_facts *f)
{
    if (f->point == POINT_NOTHING || !f->known)
        return (struct intake_verdict){INTAKE_DISCARDED,
                                       "the team's own mail; it answers nothing known here"};
    if (f->authserv && !f->authentic)
        return held("names the team as sender, but neither DMARC nor DKIM proves it");
    return (struct intake_verdict){INTAKE_TEAM, ""};
}

struct intake_verdict intake_decide(const struct intake_facts *f)
{
    struct intake_verdict v = {INTAKE_NEW, ""};
    if (f->dup)
        v.kind = INTAKE_DUPLICATE;
    else if (f->watching && f->ours && !f->bounce && (f->known || !f->to_us))
        v = decide_team(f);
    else if (f->bounce && f->shared && !f->bounce_ours)
        v = decide_none(f);
    else if (f->bounce)
        v.kind = INTAKE_BOUNCE;
    else if (f->loop)
        v.kind = INTAKE_LOOP;
    else if (f->spam)
        v.kind = INTAKE_SPAM;
    else if (f->notice)
        v = decide_notice(f);
    else if (f->point == POINT_NOTHING && f->proposal)
        v.kind = INTAKE_PROPOSAL;
    else if (f->point == POINT_NOTHING && f->about_proposal)
        v = held("answers a mail of ours about a proposal to the policy");
    else if (f->point == POINT_NOTHING && f->shared)
        v = decide_shared(f);
    else if (f->point == POINT_NOTHING)
        v.kind = INTAKE_NEW;
    else if (!f->known)
        v = held("quotes a case number that does not exist");
    else if (!f->participant && f->team)
        v = held("names a member of the team as sender: who writes to a reporter does it on the "
                 "page of the case");
    else if (!f->participant)
        v = held("points at a case, but does not come from the participant's address");
    else if (f->authserv && !f->authentic)
        v = held("names a participant as sender, but neither DMARC nor DKIM proves it");
    else if (!f->authserv && !f->tag_came && !f->watching)
        v = held("names a participant as sender, but does not carry the thread's secret");
    else
        v.kind = INTAKE_JOINED;
    return v;
}

/* ---- placing a message ---- */

enum rc intake_place(struct desk *d, const struct actor *who, struct message_row *row,
                     const char *event, struct str reason, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct case_row c;
    TRY(ops_case_get(d->db, a, row->case_id, &c, e));
    if (row->blob_id)
        TRY(blob_to_case(d, a, row->blob_id, &c, e));
    TRY(ops_message_place(d->db, row, e));
    TRY(case_store(d, &c, e));
    json_t *j = json_pack("{s:I, s:I, s:o, s:o, s:o}", "message", (json_int_t)row->id, "thread",
                          (json_int_t)row->thread_id, "direction", json_str(row->direction),
                          "state", json_str(row->state), "trust", json_str(row->trust));
    if (reason.n > 0)
        json_object_set_new(j, "reason", json_str(reason));
    return desk_event(d, who, row->case_id, event, j, e);
}

enum rc intake_join(struct desk *d, const struct actor *who, struct message_row *row,
                    const struct thread_row *t, bool person, struct err *e)
{
    row->case_id = t->case_id;
    row->thread_id = t->id;
    row->state = STR("ok");
    TRY(intake_place(d, who, row, "message.in", row->hold_reason, e));
    if (t->waiting_us == 0 || !person)
        return RC_OK;
    TRY(ops_thread_set_waiting(d->db, t->id, 0, e));
    return clock_resume(d, t->case_id, t->id, e);
}

/* ---- a new case ---- */

struct str intake_title(struct arena *a, struct str subject)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * MAIL_SUBJECT_MAX);
    utf8_clean_line(&b, subject);
    struct str s = str_trim(utf8_clip(str_trim(buf_str(&b)), DESK_TITLE_MAX));
    return s.n ? arena_str(a, s) : STR("(no subject)");
}

/* The default embargo of policy or settings counts as our proposal. */
static enum rc propose_embargo(struct desk *d, int64_t case_id, int64_t received_us, struct err *e)
{
    int64_t span = d->policy && d->policy->embargo_us ? d->policy->embargo_us
                                                      : d->set->policy.default_embargo_us;
    if (span <= 0)
        return RC_OK;
    return vcase_em(d, &machine, case_id, EM_PROPOSE, received_us + span,
                    STR("the default embargo of the desk"), e);
}

static enum rc queue_ack(struct desk *d, struct message_row *row, enum autoreply_why why,
                         struct intake_result *ret, struct err *e)
{
    if (why != AUTOREPLY_SEND)
        return desk_event(
            d, &machine, row->case_id, "ack.withheld",
            json_pack("{s:I, s:s}", "message", (json_int_t)row->id, "why", autoreply_why_name(why)),
            e);
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, "acknowledge:%lld", (long long)row->id);
    struct task_new t = {.kind = "acknowledge",
                         .key = buf_str(&key),
                         .lane = LANE_ACKNOWLEDGE,
                         .subject = row->id,
                         .arg = STR_NONE,
                         .fair = row->return_path};
    TRY(task_add(d->db, &t, NULL, e));
    TRY(epoch_hold_task(d, t.key, row->received_us, e));
    ret->acknowledge = true;
    return desk_event(d, &machine, row->case_id, "ack.queued",
                      json_pack("{s:I}", "message", (json_int_t)row->id), e);
}

enum rc intake_open(struct desk *d, const struct actor *who, struct message_row *row,
                    enum autoreply_why why, struct intake_result *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct vcase_made made;
    struct vcase_new n = {.title = intake_title(a, row->subject), .opened_us = row->received_us};
    int64_t participant;
    TRY(vcase_open(d, who, &n, &made, e));
    /* Whoever sends a report on has accepted it: RM A (Vultron). */
    struct participant_new p = {.case_id = made.id,
                                .role = STR("reporter"),
                                .name = utf8_clip(row->from_name, DESK_NAME_MAX),
                                .email = row->from_addr,
                                .rm = 'A',
                                .subject = row->subject};
    TRY(vcase_add_participant(d, who, &p, &participant, &row->thread_id, e));
    row->case_id = made.id;
    row->state = STR("ok");
    row->ack = why == AUTOREPLY_SEND ? STR("queued")
                                     : arena_strf(a, "withheld: %s", autoreply_why_text(why));
    TRY(intake_place(d, who, row, "message.in", row->hold_reason, e));
    TRY(clock_start_all(d, made.id, row->thread_id, row->received_us, e));
    TRY(propose_embargo(d, made.id, row->received_us, e));
    TRY(queue_ack(d, row, why, ret, e));
    row->ack = STR_NONE;
    ret->kind = INTAKE_NEW;
    ret->case_id = made.id;
    ret->thread_id = row->thread_id;
    memcpy(ret->number, made.number, sizeof(ret->number));
    return RC_OK;
}

/* ---- the transaction ---- */

struct intake {
    const struct mail *m;
    const struct intake_env *env;
    const struct intake_blob *blob;
    struct intake_result r;
    bool apart; /* the same mail as an earlier one, for other recipients */
};

static enum rc why_of(struct desk *d, struct arena *a, const struct intake *in,
                      enum autoreply_why *ret, struct err *e)
{
    struct autoreply_facts f = in->m->automatic;
    struct str path = address_canon(a, in->env->return_path);
    int64_t recent;
    f.has_return_path = !in->env->path_unknown;
    f.return_path = path;
    /* An acknowledgement that cannot be written would be tried for ever, and nobody told. */
    f.has_return_path = f.has_return_path && (path.n == 0 || letter_can_go(path));
    f.from = in->m->from.addr;
    TRY(ops_message_acks(d->db, path, desk_now(d) - d->set->mail.ack_rate_us, &recent, e));
    struct autoreply_ask ask = {.facts = &f,
                                .ours = d->set->desk.contact.v,
                                .n_ours = d->set->desk.contact.n,
                                .recent_address = (unsigned)(recent > 1000000 ? 1000000 : recent),
                                .recent_max = (unsigned)d->set->mail.ack_rate_count};
    if (str_eq(in->env->origin, STR("import")))
        *ret = AUTOREPLY_IMPORTED;
    else if (d->set->mail.outgoing == OUTGOING_COPY)
        *ret = AUTOREPLY_WATCHING;
    else
        *ret = in->env->web && path.n == 0 ? AUTOREPLY_ANONYMOUS : autoreply_decide(&ask);
    return RC_OK;
}

/* Our own mail come back: our loop mark, our Message-ID, or an automatic mail in our name. */
static enum rc is_loop(struct desk *d, struct arena *a, const struct mail *m, bool *ret,
                       struct err *e)
{
    struct mail_row mail;
    *ret = m->automatic.hops_over ||
           (address_ours(d, m->from.addr) && m->automatic.submitted == SUBMITTED_AUTO);
    for (size_t i = 0; i < m->automatic.n_loops; i++)
        *ret = *ret || address_ours(d, m->automatic.loops[i]);
    if (*ret || m->message_id.n == 0)
        return RC_OK;
    enum rc rc = ops_mail_by_mid(d->db, a, m->message_id, &mail, e);
    *ret = rc == RC_OK;
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* A report found by wording alone counts only when it is about a mail of ours: else a person may
 * be writing about bounces. */
static enum rc is_bounce(struct desk *d, struct arena *a, const struct intake *in, bool *ret,
                         struct mail_row *ret_mail, struct err *e)
{
    *ret = false;
    if (in->m->report.kind == DSN_NONE)
        return RC_OK;
    enum rc rc = intake_bounced_mail(d, a, in->m, in->env, ret_mail, e);
    *ret = rc == RC_OK || (rc == RC_NOTFOUND && !in->m->report.guessed);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc number_of(struct desk *d, struct arena *a, struct intake_result *r, struct err *e)
{
    struct case_row c;
    r->number[0] = '\0';
    if (r->case_id == 0)
        return RC_OK;
    TRY(ops_case_get(d->db, a, r->case_id, &c, e));
    return str_copy(r->number, sizeof(r->number), c.number, "case number", e);
}

enum intake_kind intake_kind_of(const struct message_row *row)
{
    if (str_eq(row->state, STR("held")))
        return INTAKE_HELD;
    if (str_eq(row->state, STR("spam")))
        return INTAKE_SPAM;
    if (str_eq(row->state, STR("bounce")))
        return INTAKE_BOUNCE;
    if (str_eq(row->state, STR("quarantined")))
        return INTAKE_QUARANTINED;
    if (str_eq(row->state, STR("discarded")))
        return str_eq(row->hold_reason, STR(LOOP_REASON)) ? INTAKE_LOOP : INTAKE_DISCARDED;
    if (str_eq(row->state, STR("passed")))
        return INTAKE_PASSED;
    if (str_eq(row->state, STR("left")))
        return INTAKE_LEFT;
    if (str_eq(row->direction, STR("note")))
        return INTAKE_NOTE;
    if (str_eq(row->state, STR("proposal")))
        return INTAKE_PROPOSAL;
    if (!str_eq(row->direction, STR("in")))
        return INTAKE_TEAM;
    return row->ack.n > 0 ? INTAKE_NEW : INTAKE_JOINED;
}

/* The result for a message that is there already. */
static enum rc earlier(struct desk *d, struct arena *a, const struct message_row *row,
                       struct intake *in, struct err *e)
{
    struct intake_result *r = &in->r;
    r->message_id = row->id;
    r->case_id = row->case_id;
    r->thread_id = row->thread_id;
    r->acknowledge = str_eq(row->ack, STR("queued")) || str_eq(row->ack, STR("frozen"));
    if (row->blob_id) {
        struct blob_row b;
        TRY(blob_get(d->db, a, row->blob_id, &b, e));
        r->keep_blob = str_eq(b.name, in->blob->name);
    }
    return number_of(d, a, r, e);
}

/* No report: what it says is nobody's business here, so only its head is kept. */
static enum rc none(struct desk *d, struct message_row *row, struct intake *in,
                    struct intake_verdict v, struct err *e)
{
    row->body = STR_NONE;
    row->state = STR("ok");
    row->envelope = in->env->envelope;
    TRY(ops_message_insert(d->db, row, &row->id, e));
    in->r.message_id = row->id;
    return intake_none(d, &machine, row, str_c(v.hold), e);
}

/* Held, spam, bounce and loop: a row that opens nothing. */
static enum rc keep_aside(struct desk *d, struct message_row *row, struct intake *in,
                          struct intake_verdict v, struct err *e)
{
    static const char *const states[INTAKE_KINDS] = {[INTAKE_HELD] = "held",
                                                     [INTAKE_SPAM] = "spam",
                                                     [INTAKE_BOUNCE] = "bounce",
                                                     [INTAKE_LOOP] = "discarded",
                                                     [INTAKE_DISCARDED] = "discarded"};
    row->state = str_c(states[v.kind]);
    row->hold_reason = str_c(v.kind == INTAKE_LOOP ? LOOP_REASON : v.hold);
    if (v.kind == INTAKE_HELD || v.kind == INTAKE_SPAM)
        row->envelope = in->env->envelope; /* a person may pass it on */
    TRY(ops_message_insert(d->db, row, &row->id, e));
    in->r.message_id = row->id;
    in->r.case_id = row->case_id;
    in->r.thread_id = row->thread_id;
    if (v.kind != INTAKE_HELD)
        return RC_OK;
    return desk_event(d, &machine, row->case_id, "message.held",
                      json_pack("{s:I, s:s}", "message", (json_int_t)row->id, "reason", v.hold), e);
}

/* A reply to a closed case is a new report that is linked to it: nothing leaves C. */
enum rc intake_reopen(struct desk *d, struct message_row *row, int64_t old_case,
                      enum autoreply_why why, struct intake_result *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct case_row old;
    TRY(ops_case_get(d->db, a, old_case, &old, e));
    TRY(intake_open(d, &machine, row, why, ret, e));
    TRY(desk_event(d, &machine, old_case, "case.linked", json_pack("{s:s}", "number", ret->number),
                   e));
    return desk_event(d, &machine, ret->case_id, "case.linked",
                      json_pack("{s:o}", "number", json_str(old.number)), e);
}

static enum rc join(struct desk *d, struct arena *a, struct message_row *row,
                    const struct pointed *p, enum autoreply_why why, struct intake *in,
                    struct err *e)
{
    struct case_row c;
    TRY(ops_case_get(d->db, a, p->case_id, &c, e));
    if (c.closed_us)
        return intake_reopen(d, row, p->case_id, why, &in->r, e);
    struct actor who = {.kind = ACTOR_REPORTER,
                        .login = STR_NONE,
                        .thread_id = p->thread.id,
                        .participant_id = p->thread.participant_id};
    TRY(intake_join(d, &who, row, &p->thread, in->m->automatic.submitted != SUBMITTED_AUTO, e));
    in->r.case_id = row->case_id;
    in->r.thread_id = row->thread_id;
    return RC_OK;
}

/* A program's answer by every mark that there is; who writes by hand has none of them. */
static bool automatic(enum autoreply_why why)
{
    return why == AUTOREPLY_NULL_PATH || why == AUTOREPLY_AUTOMATIC || why == AUTOREPLY_REPORT ||
           why == AUTOREPLY_PRECEDENCE;
}

static struct str trust_of(const struct pointed *p, const struct mail *m)
{
    if (p->f.authentic)
        return str_c(authres_proof_name(m->proof));
    bool note = p->f.notice && p->f.notice_known && p->f.own;
    return (note || (p->f.participant && p->f.tag_came)) && !p->f.authserv ? STR("tag")
                                                                           : STR("none");
}

/* A mail of its own kind: it opens no case and waits for nobody's decision but the proposal's. */
static enum rc keep_proposal(struct desk *d, struct message_row *row, enum autoreply_why why,
                             struct intake *in, struct err *e)
{
    int64_t id;
    row->state = STR("proposal");
    row->ack = why == AUTOREPLY_SEND ? STR("frozen") : STR_NONE; /* counts for the rate */
    TRY(ops_message_insert(d->db, row, &row->id, e));
    in->r.message_id = row->id;
    return proposal_take(d, in->m, row, why, &id, e);
}

static enum rc store(struct desk *d, struct arena *a, struct intake *in, struct pointed *p,
                     const struct mail_row *bounced, struct err *e)
{
    enum autoreply_why why;
    struct message_row row;
    TRY(why_of(d, a, in, &why, e));
    p->f.automatic = automatic(why);
    p->f.bounce_ours = bounced->id != 0;
    struct intake_verdict v = intake_decide(&p->f);
    TRY(intake_record(a, in->m, in->env, why, &row, e));
    if (in->apart)
        row.dedupe = STR_NONE;
    if (v.kind != INTAKE_LEFT)
        TRY(intake_blob_add(d, in->blob, &row.blob_id, e));
    row.trust = trust_of(p, in->m);
    in->r.kind = v.kind;
    in->r.keep_blob = row.blob_id != 0;
    if (v.kind == INTAKE_HELD)
        row.case_id = p->case_id;
    if (v.kind == INTAKE_BOUNCE) {
        row.case_id = bounced->case_id;
        row.thread_id = bounced->thread_id;
    }
    if (v.kind == INTAKE_NEW || v.kind == INTAKE_JOINED) {
        TRY(ops_message_insert(d->db, &row, &row.id, e));
        in->r.message_id = row.id;
        if (v.kind == INTAKE_NEW)
            TRY(intake_open(d, &machine, &row, why, &in->r, e));
        else
            TRY(join(d, a, &row, p, why, in, e));
    } else if (v.kind == INTAKE_PASSED || v.kind == INTAKE_LEFT) {
        return none(d, &row, in, v, e);
    } else if (v.kind == INTAKE_TEAM) {
        row.direction = p->f.automatic ? STR("auto") : STR("out");
        TRY(ops_message_insert(d->db, &row, &row.id, e));
        in->r.message_id = row.id;
        TRY(intake_outgoing(d, &row, &p->thread, e));
        in->r.case_id = row.case_id;
        in->r.thread_id = row.thread_id;
    } else if (v.kind == INTAKE_NOTE) {
        TRY(intake_note(d, &row, p, e));
        in->r.message_id = row.id;
        in->r.case_id = row.case_id;
    } else if (v.kind == INTAKE_PROPOSAL) {
        TRY(keep_proposal(d, &row, why, in, e));
    } else {
        TRY(keep_aside(d, &row, in, v, e));
        if (v.kind == INTAKE_BOUNCE && bounced->id)
            TRY(intake_bounce(d, a, in->m, bounced, &row, e));
        if (v.kind == INTAKE_BOUNCE && row.case_id && row.blob_id)
            TRY(intake_place(d, &machine, &row, "message.in", STR_NONE, e));
    }
    TRY(intake_attachments(d, in->m, row.id, e));
    return number_of(d, a, &in->r, e);
}

/* The same for a mail of an old mailbox: its own date is when it came. */
static enum rc store_import(struct desk *d, struct arena *a, struct intake *in,
                            const struct mail_row *bounced, struct err *e)
{
    struct message_row row;
    struct intake_verdict v = {INTAKE_NEW, ""};
    TRY(intake_record(a, in->m, in->env, AUTOREPLY_IMPORTED, &row, e));
    TRY(intake_blob_add(d, in->blob, &row.blob_id, e));
    if (in->m->has_date && in->m->date_us > 0 && in->m->date_us < row.received_us)
        row.received_us = in->m->date_us;
    in->r.keep_blob = row.blob_id != 0;
    if (in->m->automatic.spam)
        v.kind = INTAKE_SPAM;
    else if (in->m->report.kind != DSN_NONE && bounced->id != 0)
        v.kind = INTAKE_BOUNCE;
    in->r.kind = v.kind;
    if (v.kind != INTAKE_NEW) {
        TRY(keep_aside(d, &row, in, v, e));
    } else {
        struct intake_facts f = {.ours = false};
        TRY(intake_watch_of(d, a, in->m, &f, e));
        if (f.ours)
            row.direction = in->m->automatic.submitted == SUBMITTED_AUTO ? STR("auto") : STR("out");
        TRY(ops_message_insert(d->db, &row, &row.id, e));
        in->r.message_id = row.id;
        TRY(intake_import(d, in->m, in->env, &row, &in->r, e));
    }
    TRY(intake_attachments(d, in->m, row.id, e));
    return number_of(d, a, &in->r, e);
}

/* The same for what a form brought. */
static enum rc store_web(struct desk *d, struct arena *a, struct intake *in, struct err *e)
{
    enum autoreply_why why;
    struct message_row row;
    TRY(why_of(d, a, in, &why, e));
    TRY(intake_record(a, in->m, in->env, why, &row, e));
    TRY(intake_blob_add(d, in->blob, &row.blob_id, e));
    in->r.keep_blob = row.blob_id != 0;
    TRY(intake_web(d, a, in->env, &row, why, &in->r, e));
    TRY(intake_attachments(d, in->m, in->r.message_id, e));
    return number_of(d, a, &in->r, e);
}

/* What is passed on reaches each of its recipients, also when it comes once for each. */
static bool apart(const struct desk *d, const struct intake *in, const struct message_row *first)
{
    bool mail = in->env->origin.n == 0 || str_eq(in->env->origin, STR("mail"));
    bool asked = str_eq(first->state, STR("held")) && str_eq(first->hold_reason, STR(SHARED_ASK));
    return d->set->mail.shared && mail && (asked || str_eq(first->state, STR("passed")));
}

/* What depends on how this desk is set up: a general mailbox, an inbox that is only watched. */
static enum rc set_up(struct desk *d, struct arena *a, const struct intake *in,
                      struct intake_facts *f, struct err *e)
{
    f->watching = d->set->mail.outgoing == OUTGOING_COPY;
    f->shared = d->set->mail.shared;
    f->stays = intake_stays(d, in->env->origin);
    f->hop = d->set->mail.next_hop.n > 0 && in->env->envelope.n > 0;
    f->back = in->m->own_received > 1;
    if (f->shared)
        f->report = intake_shared(d, in->m, in->env);
    return f->watching ? intake_watch_of(d, a, in->m, f, e) : RC_OK;
}

static enum rc intake_tx(struct desk *d, void *arg, struct err *e)
{
    struct intake *in = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct message_row row, probe;
    struct mail_row bounced = {.id = 0};
    struct pointed p;
    in->r = (struct intake_result){.kind = INTAKE_NEW};
    enum rc rc = ops_message_by_spool(d->db, a, in->env->spool, &row, e);
    if (rc == RC_OK) {
        in->r.again = true;
        in->r.kind = intake_kind_of(&row);
        return earlier(d, a, &row, in, e);
    }
    if (rc != RC_NOTFOUND)
        return rc;
    TRY(intake_record(a, in->m, in->env, AUTOREPLY_SEND, &probe, e));
    rc = ops_message_by_dedupe(d->db, a, probe.dedupe, &row, e);
    in->apart = rc == RC_OK && apart(d, in, &row);
    if (rc == RC_OK && !in->apart) {
        in->r.kind = INTAKE_DUPLICATE;
        TRY(earlier(d, a, &row, in, e));
        in->r.acknowledge = false;
        return intake_web_done(d, in->env, e);
    }
    if (rc != RC_NOTFOUND && !in->apart)
        return rc;
    if (in->env->web)
        return store_web(d, a, in, e);
    if (str_eq(in->env->origin, STR("import"))) {
        TRY(is_bounce(d, a, in, &p.f.bounce, &bounced, e));
        d->quiet = true;
        rc = store_import(d, a, in, &bounced, e);
        d->quiet = false;
        return rc;
    }
    TRY(intake_point_of(d, a, in->m, in->env, &p, e));
    TRY(intake_notice_of(d, a, in->m, in->env, &p, e));
    TRY(is_bounce(d, a, in, &p.f.bounce, &bounced, e));
    TRY(is_loop(d, a, in->m, &p.f.loop, e));
    p.f.spam = in->m->automatic.spam;
    /* Whoever only watches cannot answer a proposal: then a person reads it like any mail. */
    if (d->set->mail.outgoing != OUTGOING_COPY && proposal_in_mail(d, in->m))
        TRY(proposal_room(d, &p.f.proposal, e));
    TRY(proposal_answered(d, a, in->m, &p.f.about_proposal, e));
    TRY(set_up(d, a, in, &p.f, e));
    return store(d, a, in, &p, &bounced, e);
}

enum rc desk_intake(struct desk *d, const struct mail *m, const struct intake_env *env,
                    const struct intake_blob *blob, struct intake_result *ret, struct err *e)
{
    struct intake in = {.m = m, .env = env, .blob = blob};
    if (env->spool.n == 0)
        return err_set(e, RC_INVALID, "a mail without a spool id");
    if (env->return_path.n > 0 && !mail_addr_ok(env->return_path))
        return err_set(e, RC_INVALID, "the return path is not an address");
    TRY(desk_run(d, intake_tx, &in, e));
    *ret = in.r;
    return RC_OK;
}
