/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read model of one case.
 * Runs in core.
 * Input: an id that a team member asks for.
 */
#include "base/when.h"
#include "desk/affected.h"
#include "desk/audit.h"
#include "desk/draft.h"
#include "desk/view_inside.h"
#include "store/ops_erase.h"
#include "store/ops_draft.h"
#include "store/ops_queue.h"

static enum rc facts_of(struct arena *a, const json_t *facts, struct view_case *v, struct err *e)
{
    v->facts = arena_array(a, FACT_COUNT + 1, sizeof(*v->facts));
    TRY(arena_ok(a, "facts", e));
    for (int f = 0; f < FACT_COUNT; f++) {
        const json_t *value = json_object_get(facts, fact_name((enum fact)f));
        if (!value)
            continue;
        struct str text = json_is_false(value) ? STR("no") : STR("yes");
        if (json_is_string(value))
            text = arena_str(a, str_c(json_string_value(value)));
        else if (json_is_integer(value) && f == FACT_RELEASE) {
            AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
            when_human(&b, json_integer_value(value));
            text = arena_str(a, buf_str(&b));
        } else if (json_is_integer(value))
            text = arena_strf(a, "%lld", (long long)json_integer_value(value));
        v->facts[v->n_facts++] = (struct view_fact){str_c(fact_name((enum fact)f)), text};
    }
    return RC_OK;
}

static enum rc people_of(struct desk *d, struct arena *a, struct view_case *v, struct err *e)
{
    struct participant_row *p;
    size_t n;
    TRY(ops_participant_list(d->db, a, v->id, &p, &n, e));
    v->participants = arena_array(a, n + 1, sizeof(*v->participants));
    TRY(arena_ok(a, "participants", e));
    for (size_t i = 0; i < n; i++)
        v->participants[i] =
            (struct view_participant){.id = p[i].id,
                                      .joined_us = p[i].joined_us,
                                      .role = p[i].role,
                                      .name = p[i].name,
                                      .email = p[i].email,
                                      .rm = p[i].rm,
                                      .rm_word = str_c(rm_word(p[i].rm.n ? p[i].rm.p[0] : 'S')),
                                      .ours = p[i].ours};
    v->n_participants = n;
    return RC_OK;
}

/* Where a message of the case is shown. */
static struct view_message *place(struct view_case *v, const struct view_message *m,
                                  const size_t *room)
{
    if (str_eq(m->direction, STR("note")))
        return &v->notes[v->n_notes++];
    if (!str_eq(m->state, STR("ok")) && !str_eq(m->state, STR("bounce")))
        return &v->held[v->n_held++];
    for (size_t i = 0; i < v->n_threads; i++)
        if (v->threads[i].id == m->thread_id && v->threads[i].n_messages < room[i])
            return &v->threads[i].messages[v->threads[i].n_messages++];
    return NULL;
}

static size_t count_of(const struct view_message *m, size_t n, int64_t thread_id)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += m[i].thread_id == thread_id;
    return k;
}

static enum rc threads_of(struct desk *d, struct arena *a, struct view_case *v, struct err *e)
{
    struct thread_row *t;
    struct view_message *m;
    size_t n, nm;
    TRY(ops_thread_list(d->db, a, v->id, &t, &n, e));
    struct message_query q = {.which = MESSAGES_CASE,
                              .id = v->id,
                              .state = STR_NONE,
                              .max = VIEW_MESSAGES_MAX,
                              .newest_first = true};
    TRY(view_messages(d, a, &q, &m, &nm, &v->more, e));
    v->threads = arena_array(a, n + 1, sizeof(*v->threads));
    v->notes = arena_array(a, nm + 1, sizeof(*v->notes));
    v->held = arena_array(a, nm + 1, sizeof(*v->held));
    size_t *room = arena_array(a, n + 1, sizeof(*room));
    TRY(arena_ok(a, "messages", e));
    v->n_threads = n;
    for (size_t i = 0; i < n; i++) {
        view_thread_head(&t[i], &v->threads[i]);
        room[i] = count_of(m, nm, t[i].id);
        v->threads[i].messages = arena_array(a, room[i] + 1, sizeof(*m));
        TRY(arena_ok(a, "messages", e));
    }
    for (size_t i = nm; i-- > 0;) {
        struct view_message *at = place(v, &m[i], room);
        if (at)
            *at = m[i];
    }
    return RC_OK;
}

static enum rc drafts_of(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                         struct view_draft **ret, size_t *ret_n, struct err *e)
{
    struct draft_row *r;
    size_t n, k = 0;
    int64_t fresh = desk_now(d) - DRAFT_FRESH_US;
    TRY(ops_draft_list(d->db, a, case_id, who->account_id, &r, &n, e));
    struct view_draft *v = arena_array(a, n + 1, sizeof(*v));
    TRY(arena_ok(a, "drafts", e));
    for (size_t i = 0; i < n; i++) {
        bool own = r[i].account_id == who->account_id;
        if (own || r[i].changed_us > fresh)
            v[k++] = (struct view_draft){.thread_id = r[i].thread_id,
                                         .changed_us = r[i].changed_us,
                                         .name = r[i].name,
                                         .text = r[i].text,
                                         .own = own};
    }
    *ret = v;
    *ret_n = k;
    return RC_OK;
}

enum rc view_drafts(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                    struct view_draft **ret, size_t *ret_n, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    return drafts_of(d, who, a, case_id, ret, ret_n, e);
}

static enum rc clocks_of(struct desk *d, struct arena *a, struct view_case *v, struct err *e)
{
    struct clock_row *c;
    size_t n;
    TRY(ops_clock_list(d->db, a, v->id, 0, &c, &n, e));
    v->clocks = arena_array(a, n + 1, sizeof(*v->clocks));
    TRY(arena_ok(a, "clocks", e));
    for (size_t i = 0; i < n; i++)
        view_clock_fill(d, &c[i], v->now_us, &v->clocks[i]);
    v->n_clocks = n;
    return RC_OK;
}

/* ---- events in words ---- */

static const char *text_in(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static const struct event_words {
    const char *kind, *words;
    const char *a, *b; /* keys of the payload that are shown behind; of two: from a to b */
} event_words[] = {
    {"case.opened", "case opened, handler", "handler", NULL},
    {"case.rm", "the report is now", "to", NULL},
    {"case.em", "the embargo is now", "to", NULL},
    {"case.cs", "it is now true:", "to", NULL},
    {"case.fact", "fact recorded:", "fact", NULL},
    {"case.exit", "side exit", "exit", NULL},
    {"case.title", "title is now", "value", NULL},
    {"case.severity", "severity", "value", NULL},
    {"case.handler", "handed over", "from", "to"},
    {"case.escalated", "escalated: a promised time ran out,", "clock", NULL},
    {"case.closed", "case closed", NULL, NULL},
    {"case.joined_into", "joined into", "number", NULL},
    {"case.absorbed", "took in", "number", NULL},
    {"case.linked", "linked with", "number", NULL},
    {"participant.added", "participant added:", "role", NULL},
    {"thread.opened", "thread opened", NULL, NULL},
    {"thread.moved_out", "thread moved to", "number", NULL},
    {"thread.moved_in", "thread came from", "number", NULL},
    {"message.in", "message received", NULL, NULL},
    {"message.out", "mail written:", "kind", NULL},
    {"message.held", "message held:", "reason", NULL},
    {"message.passed", "no report, passed on:", "reason", NULL},
    {"message.left", "no report, left in the mailbox:", "reason", NULL},
    {"message.discarded", "message discarded", NULL, NULL},
    {"message.spam", "message put among the spam", NULL, NULL},
    {"note.added", "note added", NULL, NULL},
    {"reply.undone", "a reply was undone before it went out", NULL, NULL},
    {"ack.queued", "acknowledgement ordered", NULL, NULL},
    {"ack.withheld", "no acknowledgement:", "why", NULL},
    {"clock.started", "clock started:", "kind", NULL},
    {"clock.met", "promise met:", "kind", NULL},
    {"clock.missed", "promise missed:", "kind", NULL},
    {"clock.paused", "clock paused:", "kind", NULL},
    {"clock.resumed", "clock goes on:", "kind", NULL},
    {"clock.cancelled", "clock cancelled:", "kind", NULL},
    {"clock.waits", "restored from a backup, clock waits for a person:", "kind", NULL},
    {"clock.goes_on", "clock goes on, by a person:", "kind", NULL},
    {"case.erased", "content erased", NULL, NULL},
    {"waiting.sent", "what waited is done now:", "kind", NULL},
    {"waiting.dropped", "what waited was dropped:", "kind", NULL},
    {"affected.asked", "affected versions: asked", NULL, NULL},
    {"affected.answered", "affected versions found:", "summary", NULL},
    {"affected.failed", "affected versions could not be found", NULL, NULL},
    {"affected.chosen", "affected versions chosen:", "first", "last"},
    {"affected.unchosen", "affected versions: the choice was taken back", NULL, NULL},
    {"affected.decided", "affected versions, by hand:", "what", NULL},
    {"affected.undecided", "affected versions: no longer by hand:", "release", NULL},
    {"audit.asked", "similar code: search asked for", NULL, NULL},
    {"audit.answered", "similar code:", "summary", NULL},
    {"audit.failed", "similar code could not be searched for", NULL, NULL},
    {"audit.cut", "similar code: the cut was changed", "from", "to"},
    {"audit.decided", "similar code:", "what", NULL},
    {"audit.undecided", "similar code, decision taken back:", "what", NULL},
    {"audit.joined", "the same flaw, joined the case:", "what", NULL},
    {"audit.left", "no longer the same flaw:", "what", NULL},
    {"audit.signed", "similar code, signed:", "what", NULL},
    {"audit.unsigned", "similar code, no longer signed", NULL, NULL},
    {"backport.asked", "backports: asked for", NULL, NULL},
    {"backport.answered", "backports:", "summary", NULL},
    {"backport.failed", "backports could not be prepared", NULL, NULL},
    {"backport.settled", "backport of line", "what", NULL},
    {"backport.unsettled", "backport opened again:", "line", NULL},
    {"backport.edited", "change uploaded for line", "line", NULL},
    {"backport.edit_failed", "the uploaded change was not taken in, line", "line", NULL},
    {"backport.tests_asked", "tests ordered for line", "line", NULL},
    {"backport.tests_failed", "tests could not be run", NULL, NULL},
    {"backport.tested", "tests of line", "what", NULL},
    {"backport.untested_taken", "without tests, line", "line", NULL},
    {"backport.message", "the message of the commits was changed", NULL, NULL},
    {"backport.release_asked", "bundle ordered for line", "line", NULL},
    {"backport.released", "signed commit given out,", "what", NULL},
    {"backport.release_failed", "no bundle could be made for line", "line", NULL},
    {"reproducer.added", "script added, not approved:", "what", NULL},
    {"reproducer.approved", "script approved to run in the sandbox:", "what", NULL},
    {"reproducer.revoked", "script may not run any more:", "what", NULL},
    {"reproducer.asked", "script ordered to run:", "what", NULL},
    {"reproducer.answered", "script ran:", "what", NULL},
    {"reproducer.failed", "script could not be run", NULL, NULL},
    {"advisory.drafted", "advisory written", NULL, NULL},
    {"advisory.approved", "advisory approved", NULL, NULL},
    {"advisory.planned", "publication of the advisory planned", NULL, NULL},
    {"advisory.unplanned", "publication no longer planned", NULL, NULL},
    {"advisory.published", "advisory published:", "number", NULL},
    {"advisory.withdrawn", "advisory withdrawn:", "number", NULL},
    {"advisory.mail_again", "announcement sent once more", NULL, NULL},
    {"advisory.mail_left", "announcement not sent once more", NULL, NULL},
    {"credit.asked", "asked how to be named", NULL, NULL},
    {"credit.decided", "credit:", "decision", NULL},
    {"mail.sent", "mail sent:", "kind", NULL},
    {"mail.failed", "mail failed:", "answer", NULL},
    {"mail.unknown", "mail, outcome unknown:", "kind", NULL},
    {"mail.report", "delivery report:", "report", NULL},
    {"third.told", "reporter told whose software it is:", "component", NULL},
    {"third.asked", "reporter told and asked whether to send it on:", "component", NULL},
    {"third.consent", "reporter on sending it on:", "state", NULL},
    {"third.forwarded", "report sent on to the maintainer of", "component", NULL},
    {"third.closed", "third-party report closed:", "component", NULL},
    {"way_back.revoked", "links of the reporter taken back", NULL, NULL},
};

/* States are letters in the events and words on a page. */
static const char *state_words(const char *kind, const json_t *j, const char *value)
{
    struct str k = str_c(kind);
    if (str_eq(k, STR("case.rm")) && *value)
        return rm_word(*value);
    if (str_eq(k, STR("case.em")) && *value)
        return em_word(*value);
    if (!str_eq(k, STR("case.cs")))
        return value;
    unsigned fresh = cs_parse(str_c(value)) & ~cs_parse(str_c(text_in(j, "from")));
    for (unsigned bit = CS_V; bit <= CS_A; bit <<= 1)
        if (fresh & bit)
            return cs_bit_word((enum cs_bit)bit);
    return value;
}

static const struct event_words *words_of(struct str kind)
{
    for (size_t i = 0; i < ARRAY_LEN(event_words); i++)
        if (str_eq(kind, str_c(event_words[i].kind)))
            return &event_words[i];
    return NULL;
}

/* Most entries say nothing but their kind: those need no look into their payload. */
struct str view_event_text(struct arena *a, struct str kind, struct str payload)
{
    AUTO(json) json_t *j = NULL;
    const struct event_words *w = words_of(kind);
    if (w == NULL || payload.n == 0)
        return kind;
    if (w->a == NULL && str_find(payload, STR("\"reason\"")) == STR_NPOS)
        return str_c(w->words);
    if (json_parse(payload, 1 << 20, "event", &j, NULL) != RC_OK)
        return kind;
    const char *x = w->a ? text_in(j, w->a) : "";
    const char *lead = *x && w->b ? " from " : *x ? " " : "";
    x = state_words(w->kind, j, x);
    const char *y = w->b ? text_in(j, w->b) : "";
    const char *reason = text_in(j, "reason");
    bool said = w->a && str_eq(str_c(w->a), STR("reason"));
    return arena_strf(a, "%s%s%s%s%s%s%s", w->words, lead, x, *y ? " to " : "", y,
                      *reason && !said ? ": " : "", said ? "" : reason);
}

static enum rc events_of(struct desk *d, struct arena *a, struct view_case *v, struct err *e)
{
    struct event_row *r;
    size_t n;
    TRY(ops_event_list(d->db, a, v->id, VIEW_EVENTS_MAX, &r, &n, e));
    v->events = arena_array(a, n + 1, sizeof(*v->events));
    TRY(arena_ok(a, "events", e));
    for (size_t i = 0; i < n; i++)
        v->events[i] = (struct view_event){.id = r[i].id,
                                           .seq = r[i].seq,
                                           .at_us = r[i].at_us,
                                           .kind = r[i].kind,
                                           .actor = r[i].actor,
                                           .payload = r[i].payload,
                                           .number = r[i].number.n ? r[i].number : v->number};
    v->n_events = n;
    v->more = v->more || n == VIEW_EVENTS_MAX;
    return RC_OK;
}

/* ---- the whole ---- */

static enum rc head_of(struct desk *d, struct arena *a, struct view_case *v, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    struct open_case oc;
    struct account *people;
    size_t n;
    enum side_exit x;
    TRY(case_load(d, a, v->id, &oc, e));
    TRY(exit_parse(oc.c.exit, &x, e));
    v->number = oc.c.number;
    v->title = oc.c.title;
    v->severity = oc.c.severity;
    v->exit = str_c(exit_text(x));
    v->exit_name = oc.c.exit;
    v->exit_reason = oc.c.exit_reason;
    v->rm = oc.ours.rm;
    v->rm_word = str_c(rm_word(oc.v.rm));
    v->em = oc.c.em;
    v->em_word = str_c(em_word(oc.v.em));
    v->cs = oc.c.cs;
    v->embargo_until_us = oc.c.em_until_us;
    v->should_end_embargo = vstate_should_end_embargo(&oc.v);
    v->opened_us = oc.c.opened_us;
    v->changed_us = oc.c.changed_us;
    v->closed_us = oc.c.closed_us;
    v->escalated = oc.c.escalated;
    v->joined_into = STR_NONE;
    TRY(ops_erased(d->db, a, v->id, &v->erased_us, &v->erased_by, e));
    TRY(view_phase(a, &oc.c, oc.v.rm, &v->phase, &v->phase_name, &facts, e));
    TRY(facts_of(a, facts, v, e));
    TRY(people_list(d, a, &people, &n, e));
    v->people = people;
    v->n_people = n;
    v->handler = v->handler_name = STR_NONE;
    for (size_t i = 0; i < n; i++) {
        if (people[i].id != oc.c.handler_id)
            continue;
        v->handler = people[i].login;
        v->handler_name = people[i].name;
    }
    if (oc.c.joined_into) {
        struct case_row into;
        TRY(ops_case_get(d->db, a, oc.c.joined_into, &into, e));
        v->joined_into = into.number;
    }
    return ops_alias_list(d->db, a, v->id, &v->aliases, &v->n_aliases, e);
}

enum rc view_case(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                  struct view_case *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_case v = {.id = case_id, .now_us = desk_now(d)};
    int64_t newest = 0;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    TRY(head_of(d, a, &v, e));
    TRY(people_of(d, a, &v, e));
    TRY(threads_of(d, a, &v, e));
    TRY(drafts_of(d, who, a, v.id, &v.drafts, &v.n_drafts, e));
    if (who->account_id)
        TRY(ops_seen_get(d->db, who->account_id, case_id, &newest, &v.seen, e));
    TRY(clocks_of(d, a, &v, e));
    TRY(events_of(d, a, &v, e));
    TRY(view_audit_line(d, a, case_id, &v.audit, e));
    TRY(view_backport_sum(d, a, case_id, &v.backport, e));
    if (v.audit.joined)
        TRY(view_audit_joined(d, a, case_id, &v.parts, &v.n_parts, e));
    TRY(view_affected_line(d, a, case_id, &v.affected_state, &v.affected_summary, e));
    TRY(arena_ok(a, "the case", e));
    v.unseen = newest > v.seen;
    *ret = v;
    return RC_OK;
}
