/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for times, messages, clocks and phases.  Runs in core; texts of messages are hostile and
 * are passed on as they are, the templates escape them.
 */
#include "web/words.h"

#include "base/utf8.h"
#include "base/when.h"

#define WHEN_TEXT_MAX 64

typedef void (*when_fn)(struct buf *b, int64_t at_us);

static struct str when_str(const struct maker *m, when_fn fn, int64_t us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    fn(&b, us);
    return arena_str(m->a, buf_str(&b));
}

struct time_view time_view_of(const struct maker *m, int64_t at_us)
{
    struct time_view t = {.words = STR("never"), .exact = STR("never"), .iso = STR_NONE};
    if (at_us == 0)
        return t;
    t.exact = when_str(m, when_human, at_us);
    t.iso = when_str(m, when_rfc3339, at_us);
    int64_t diff = at_us - m->now_us;
    struct str span = when_str(m, when_span, diff);
    if (diff > -US_PER_MIN && diff < US_PER_MIN)
        t.words = STR("just now");
    else if (diff < 0)
        t.words = arena_strf(m->a, "%.*s ago", STR_ARG(span));
    else
        t.words = arena_strf(m->a, "in %.*s", STR_ARG(span));
    return t;
}

struct str clock_words(const struct maker *m, int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    when_rfc3339(&b, at_us);
    return arena_strf(m->a, "%.*s UTC", STR_ARG(str_sub(buf_str(&b), 11, 8)));
}

struct str size_words(const struct maker *m, int64_t bytes)
{
    if (bytes < 1000)
        return arena_strf(m->a, "%lld bytes", (long long)bytes);
    if (bytes < 1000000)
        return arena_strf(m->a, "%lld kB", (long long)((bytes + 500) / 1000));
    return arena_strf(m->a, "%lld.%lld MB", (long long)(bytes / 1000000),
                      (long long)(bytes / 100000 % 10));
}

/* ---- messages ---- */

static struct str trust_words(struct str trust)
{
    if (str_eq(trust, STR("dmarc")))
        return STR("sender verified (DMARC)");
    if (str_eq(trust, STR("dkim")))
        return STR("sender verified (DKIM)");
    if (str_eq(trust, STR("tag")))
        return STR("known by its private tag");
    return STR("sender not verified");
}

static struct str ack_words(const struct maker *m, struct str ack)
{
    if (str_eq(ack, STR("queued")))
        return STR("The acknowledgement is being written.");
    if (str_eq(ack, STR("sent")))
        return STR("Acknowledged.");
    if (str_starts(ack, STR("withheld: ")))
        return arena_strf(m->a, "Not acknowledged: %.*s.", STR_ARG(str_sub(ack, 10, ack.n)));
    return STR_NONE;
}

static bool is_quote(struct str line)
{
    return line.n > 0 && line.p[0] == '>';
}

/* The end of the run of lines that begins at `from` and is quoted or not as its first one is. */
static size_t run_end(struct str body, size_t from, int64_t *ret_lines, bool *ret_quoted)
{
    size_t at = from;
    int64_t lines = 0;
    bool quoted = false;
    while (at < body.n) {
        size_t lf = str_chr(str_sub(body, at, body.n), '\n');
        size_t end = lf == STR_NPOS ? body.n : at + lf + 1;
        bool q = is_quote(str_sub(body, at, end - at));
        if (lines == 0)
            quoted = q;
        else if (q != quoted)
            break;
        lines++;
        at = end;
    }
    *ret_lines = lines;
    *ret_quoted = quoted;
    return at;
}

static struct str without_last_lf(struct str s)
{
    while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
        s.n--;
    return s;
}

struct parts {
    const struct maker *m;
    struct body_view *at;
    size_t n, max;
};

static void part_add(struct parts *p, struct str text, struct str label)
{
    text = without_last_lf(text);
    if (text.n && p->n < p->max)
        p->at[p->n++] = (struct body_view){.text = text, .folded = label.n > 0, .label = label};
}

/* Where the first lines of a text end that are shown at once. */
static size_t head_end(struct str text)
{
    size_t at = 0;
    for (int i = 0; i < WORDS_HEAD_LINES && at < WORDS_HEAD_BYTES; i++) {
        size_t lf = str_chr(str_sub(text, at, text.n), '\n');
        if (lf == STR_NPOS || at + lf + 1 > WORDS_HEAD_BYTES)
            break;
        at += lf + 1;
    }
    return at ? at : utf8_clip(text, WORDS_HEAD_BYTES).n;
}

static int64_t lines_in(struct str text)
{
    int64_t n = 1;
    for (size_t i = 0; i + 1 < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* A run of somebody's own words; what is long shows its begin. */
static void text_add(struct parts *p, struct str text)
{
    text = without_last_lf(text);
    if (text.n <= WORDS_LONG_BYTES && lines_in(text) <= WORDS_LONG_LINES) {
        part_add(p, text, STR_NONE);
        return;
    }
    size_t head = head_end(text);
    struct str rest = str_sub(text, head, text.n);
    part_add(p, str_sub(text, 0, head), STR_NONE);
    part_add(
        p, rest,
        lines_in(rest) > 1
            ? arena_strf(p->m->a, "The other %lld lines", (long long)lines_in(rest))
            : arena_strf(p->m->a, "The rest, %.*s", STR_ARG(size_words(p->m, (int64_t)rest.n))));
}

/* Runs of lines; short quotes stay with the text around them. */
static void body_parts(const struct maker *m, struct str body, struct message_view *to)
{
    struct parts p = {.m = m, .at = arena_array(m->a, WORDS_BODY_PARTS, sizeof *p.at)};
    size_t at = 0, text_from = 0, max = m->body_max ? m->body_max : WORDS_BODY_MAX;
    if (p.at == NULL)
        return;
    p.max = WORDS_BODY_PARTS;
    if (body.n > max) {
        to->full = size_words(m, (int64_t)body.n);
        body = utf8_clip(body, max);
    }
    while (at < body.n && p.n + 5 < p.max) {
        int64_t lines;
        bool quoted;
        size_t end = run_end(body, at, &lines, &quoted);
        if (quoted && lines >= WORDS_FOLD_LINES) {
            text_add(&p, str_sub(body, text_from, at - text_from));
            part_add(&p, str_sub(body, at, end - at),
                     arena_strf(m->a, "%lld quoted lines", (long long)lines));
            text_from = end;
        }
        at = end;
    }
    text_add(&p, str_sub(body, text_from, body.n));
    to->bodies = p.at;
    to->n_bodies = p.n;
}

/* The first words that are not quoted, in one line. */
static struct str gist_of(const struct maker *m, struct str body)
{
    struct str rest = body, line, out = STR_NONE;
    while (out.n == 0 && str_line(&rest, &line)) {
        struct str s = str_trim(line);
        if (!is_quote(s) && s.n > 12)
            out = s;
    }
    out = out.n ? out : str_trim(utf8_clip(body, WORDS_GIST));
    bool cut = out.n > WORDS_GIST;
    return cut ? arena_strf(m->a, "%.*s…", STR_ARG(utf8_clip(out, WORDS_GIST))) : out;
}

static struct str outbox_words(const struct maker *m, const struct view_outbox *o)
{
    if (str_eq(o->state, STR("sent")))
        return STR("Handed to the mail server");
    if (str_eq(o->state, STR("failed")))
        return arena_strf(m->a, "Not delivered to %.*s", STR_ARG(o->rcpt));
    if (str_eq(o->state, STR("unknown")))
        return STR("Handed over, but the server's answer was lost");
    if (str_eq(o->state, STR("parked")))
        return STR("Not sent, waits for a person");
    if (o->attempt > 0)
        return arena_strf(m->a, "On its way, try %lld", (long long)o->attempt);
    return STR("On its way");
}

/* A reply in its minute says when it goes; there is nothing else to say about it. */
static bool undo_of(const struct maker *m, const struct view_message *v, struct message_view *to)
{
    to->may_undo = view_may_undo(v, m->now_us);
    if (!to->may_undo)
        return false;
    to->goes_us = v->outbox[0].due_us;
    to->goes_at = clock_words(m, to->goes_us);
    return true;
}

static void outbox_of(const struct maker *m, const struct view_message *v, struct message_view *to)
{
    if (undo_of(m, v, to))
        return;
    to->outs = arena_array(m->a, v->n_outbox, sizeof *to->outs);
    if (to->outs == NULL)
        return;
    to->n_outs = v->n_outbox;
    for (size_t i = 0; i < v->n_outbox; i++) {
        const struct view_outbox *o = &v->outbox[i];
        bool sent = str_eq(o->state, STR("sent"));
        to->outs[i] = (struct outbox_view){
            .words = outbox_words(m, o),
            .answer = sent ? STR_NONE : o->answer,
            .at = time_view_of(m, o->changed_us),
            .failed = str_eq(o->state, STR("failed")) || str_eq(o->state, STR("parked")),
            .waiting = str_eq(o->state, STR("ready")) || str_eq(o->state, STR("handing_over")),
        };
    }
}

static void attachments_of(const struct maker *m, const struct view_message *v,
                           struct message_view *to)
{
    to->attachments = arena_array(m->a, v->n_attachments, sizeof *to->attachments);
    if (to->attachments == NULL)
        return;
    to->n_attachments = v->n_attachments > WORDS_FILES + 2 ? WORDS_FILES : v->n_attachments;
    to->others = to->attachments + to->n_attachments;
    to->n_others = v->n_attachments - to->n_attachments;
    for (size_t i = 0; i < v->n_attachments; i++) {
        const struct view_attachment *a = &v->attachments[i];
        to->attachments[i] = (struct attachment_view){
            .name = a->name.n ? a->name : STR("(without a name)"),
            .type = a->type,
            .size = size_words(m, a->size),
            .sha256 = a->sha256,
            .part = a->part,
            .damaged = a->damaged,
        };
    }
}

struct message_view message_view_of(const struct maker *m, const struct view_message *v,
                                    struct str base)
{
    struct message_view t = {
        .id = v->id,
        .base = base,
        .subject = v->subject,
        .at = time_view_of(m, v->received_us),
        .in = str_eq(v->direction, STR("in")),
        .out = str_eq(v->direction, STR("out")),
        .automatic = str_eq(v->direction, STR("auto")),
        .note = str_eq(v->direction, STR("note")),
        .encrypted = v->encrypted,
        .truncated = v->truncated,
        .raw = v->blob_id != 0,
    };
    if (t.in) {
        t.who = v->from_name.n ? v->from_name : v->from_addr;
        t.addr = v->from_name.n ? v->from_addr : STR_NONE;
        t.trust = trust_words(v->trust);
        t.verified = v->trust.n > 0 && !str_eq(v->trust, STR("none"));
        t.ack = ack_words(m, v->ack);
    } else {
        t.who = v->author.n ? v->author : m->desk;
    }
    if (t.who.n == 0)
        t.who = STR("(nobody named)");
    if (!str_eq(v->state, STR("ok")))
        t.held = v->hold_reason;
    t.gist = gist_of(m, v->body);
    body_parts(m, v->body, &t);
    attachments_of(m, v, &t);
    outbox_of(m, v, &t);
    return t;
}

struct message_view *message_views_of(const struct maker *m, const struct view_message *v, size_t n,
                                      struct str base)
{
    struct message_view *t = arena_array(m->a, n, sizeof *t);
    for (size_t i = 0; t && i < n; i++)
        t[i] = message_view_of(m, &v[i], base);
    return t;
}

const char *held_state_words(struct str state)
{
    static const struct {
        const char *state, *words;
    } table[] = {{"held", "Held"},        {"quarantined", "Quarantine"},  {"spam", "Spam"},
                 {"bounce", "Bounce"},    {"discarded", "Discarded"},     {"ok", "Let in"},
                 {"passed", "Passed on"}, {"left", "Left in the mailbox"}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_eq(state, str_c(table[i].state)))
            return table[i].words;
    return "Unknown";
}

/* ---- clocks and phases ---- */

const char *clock_kind_words(struct str kind)
{
    if (str_eq(kind, STR("acknowledge")))
        return "Acknowledgement";
    if (str_eq(kind, STR("detail")))
        return "Detailed answer";
    if (str_eq(kind, STR("update")))
        return "Update";
    return "Promise";
}

struct clock_view clock_view_of(const struct maker *m, const struct view_clock *v)
{
    struct clock_view t = {
        .what = str_c(clock_kind_words(v->kind)),
        .words = v->words,
        .source = str_eq(v->source, STR("policy")) ? STR("the policy's time")
                                                   : STR("the team's own time"),
        .overdue = v->overdue,
        .running = str_eq(v->state, STR("running")),
        .met = str_eq(v->state, STR("met")),
        .due = time_view_of(m, v->due_us),
    };
    if (t.met) {
        t.state = STR("kept");
        t.due = time_view_of(m, v->met_us);
    } else if (str_eq(v->state, STR("missed")) || v->overdue) {
        t.state = STR("missed, was due");
        t.overdue = true;
    } else if (str_eq(v->state, STR("paused"))) {
        t.state = STR("stands still, was due");
    } else if (str_eq(v->state, STR("waiting"))) {
        t.state = STR("restored, waits for a person; due");
    } else {
        t.state = STR("due");
    }
    return t;
}

void clock_views_of(const struct maker *m, const struct view_clock *v, size_t n, int64_t thread_id,
                    struct clock_view **ret, size_t *ret_n)
{
    struct clock_view *t = arena_array(m->a, n, sizeof *t);
    size_t k = 0;
    for (size_t i = 0; t && i < n; i++) {
        bool mine = thread_id == 0 || v[i].thread_id == thread_id;
        if (mine && !str_eq(v[i].state, STR("cancelled")))
            t[k++] = clock_view_of(m, &v[i]);
    }
    *ret = t;
    *ret_n = k;
}

static const char *const step_words[PHASE_COUNT] = {
    [PHASE_RECEIVED] = "Received",   [PHASE_ACKNOWLEDGED] = "Acknowledged",
    [PHASE_ASSIGNED] = "Assigned",   [PHASE_CONFIRMED] = "Confirmed",
    [PHASE_ACCEPTED] = "Accepted",   [PHASE_SCOPED] = "Scoped",
    [PHASE_AUDITED] = "Audited",     [PHASE_FIXING] = "Fixing",
    [PHASE_FIX_READY] = "Fix ready", [PHASE_SCHEDULED] = "Scheduled",
    [PHASE_PUBLISHED] = "Published", [PHASE_POST_RELEASE] = "Follow-up",
    [PHASE_CLOSED] = "Closed"};

void steps_of(const struct maker *m, struct str phase_now, struct step_view **ret, size_t *ret_n)
{
    struct step_view *t = arena_array(m->a, PHASE_COUNT, sizeof *t);
    size_t now = 0;
    for (size_t i = 0; i < PHASE_COUNT; i++)
        if (str_eq(phase_now, str_c(phase_name((enum phase)i))))
            now = i;
    for (size_t i = 0; t && i < PHASE_COUNT; i++)
        t[i] = (struct step_view){
            .name = step_words[i],
            .done = i < now,
            .current = i == now,
        };
    *ret = t;
    *ret_n = t ? PHASE_COUNT : 0;
}
