/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages about proposals to the policy.  Runs in core; every text of a proposal is a stranger's and
 * is escaped, cut to what a page can hold, and never rendered as Markdown here.
 */
#include "web/page_policy.h"

#include "base/utf8.h"
#include "web/templates.h"
#include "web/views_policy.h"

static const struct {
    const char *state, *label, *href, *empty;
} lists[] = {
    {"open", "Open", "/policy",
     "Nothing is proposed. A patch of the policy by mail, or the form on "
     "the public page, brings a proposal here."},
    {"merged", "Merged", "/policy?state=merged", "Nothing was merged yet."},
    {"rejected", "Rejected", "/policy?state=rejected", "Nothing was rejected."},
    {"case", "Became a case", "/policy?state=case", "None of them was a report."},
};

const char *proposals_state_known(struct str state)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (str_eq(state, str_c(lists[i].state)))
            return lists[i].state;
    return NULL;
}

/* ---- rows of differences ---- */

struct rows {
    struct diff_row_view *v;
    size_t n, bytes;
    bool more;
};

static const char *kind_of(char op)
{
    return op == '+' ? "add" : op == '-' ? "del" : op == '@' ? "hunk" : "ctx";
}

static bool room(const struct maker *m, struct rows *r)
{
    if (r->v == NULL) {
        r->v = arena_array(m->a, PAGE_DIFF_LINES, sizeof *r->v);
        if (r->v == NULL)
            return false;
    }
    r->more = r->n == PAGE_DIFF_LINES || r->bytes > PAGE_DIFF_BYTES;
    return !r->more;
}

static struct str clipped(const struct maker *m, struct str s)
{
    return s.n <= PAGE_DIFF_LINE
               ? s
               : arena_strf(m->a, "%.*s [...]", STR_ARG(utf8_clip(s, PAGE_DIFF_LINE)));
}

static void rows_of_diff(const struct maker *m, const struct diff *d, struct rows *r)
{
    for (size_t i = 0; i < d->n && room(m, r); i++) {
        const struct diff_line *l = &d->lines[i];
        struct str text = clipped(m, l->text);
        r->v[r->n++] = (struct diff_row_view){
            kind_of(l->op), l->op == '@' ? text : arena_strf(m->a, "%c%.*s", l->op, STR_ARG(text))};
        r->bytes += text.n;
    }
}

/* A patch that did not apply is shown as it came; its first letter says what a line is. */
static void rows_of_patch(const struct maker *m, struct str patch, struct rows *r)
{
    struct str rest = patch, line;
    while (str_line(&rest, &line) && room(m, r)) {
        bool name = str_starts(line, STR("---")) || str_starts(line, STR("+++")) ||
                    str_starts(line, STR("diff ")) || str_starts(line, STR("index "));
        struct str text = clipped(m, line);
        r->v[r->n++] = (struct diff_row_view){name ? "hunk" : kind_of(line.n ? line.p[0] : ' '),
                                              text.n ? text : STR(" ")};
        r->bytes += text.n;
    }
}

/* ---- the team's pages ---- */

static void state_of(const struct proposal_row *p, struct proposal_view *v)
{
    bool open = str_eq(p->state, STR("open"));
    v->is_decided = !open;
    v->did = "";
    if (open) {
        v->state = p->applies == APPLIES_YES  ? "open"
                   : p->applies == APPLIES_NO ? "does not apply"
                                              : "being tried";
        v->chip = p->applies == APPLIES_NO ? "warn" : "calm";
    } else if (str_eq(p->state, STR("merged"))) {
        v->state = "merged";
        v->did = "Merged";
        v->chip = "ok";
    } else if (str_eq(p->state, STR("case"))) {
        v->state = "became a case";
        v->did = "Made a case";
        v->chip = "strong";
    } else {
        v->state = "rejected";
        v->did = "Rejected";
        v->chip = "bad";
    }
}

static struct proposal_view view_of(const struct maker *m, const struct proposal_row *p)
{
    struct proposal_view v = {
        .id = p->id,
        .subject = p->subject,
        .author = p->author_name.n ? p->author_name : STR("somebody who gave no name"),
        .email = p->author_email,
        .why = p->why,
        .reason = p->reason,
        .decided_by = p->decided_by,
        .case_number = p->case_number,
        .at = time_view_of(m, p->created_us),
    };
    state_of(p, &v);
    if (v.is_decided)
        v.decided = time_view_of(m, p->decided_us);
    return v;
}

static const char *source_words(struct str source)
{
    return str_eq(source, STR("file")) ? "taken from the configured file" : "a merged proposal";
}

void page_proposals_write(const struct maker *m, struct page_frame frame,
                          const struct proposals_in *in, struct buf *out)
{
    struct page_proposals p = {.frame = frame,
                               .has_policy = in->has_policy,
                               .public_url = in->public_url,
                               .revision = in->now.id,
                               .commit = str_sub(in->now.commit_id, 0, 12),
                               .source = source_words(in->now.source)};
    p.frame.title = STR("Policy");
    p.frame.at_policy = true;
    if (in->has_policy)
        p.since = time_view_of(m, in->now.at_us);
    p.tabs = arena_array(m->a, ARRAY_LEN(lists), sizeof *p.tabs);
    p.n_tabs = p.tabs ? ARRAY_LEN(lists) : 0;
    for (size_t i = 0; i < p.n_tabs; i++) {
        bool current = str_eq(in->state, str_c(lists[i].state));
        p.tabs[i] = (struct tab_view){.label = lists[i].label,
                                      .href = lists[i].href,
                                      .current = current,
                                      .has_count = i == 0 && in->open > 0,
                                      .count = in->open};
        if (current)
            p.empty = lists[i].empty;
    }
    p.rows = arena_array(m->a, in->n + 1, sizeof *p.rows);
    p.n_rows = p.rows ? in->n : 0;
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i] = view_of(m, &in->rows[i]);
    tpl_proposals(out, &p);
}

static void behaviour_of(const struct maker *m, const struct view_proposal *v,
                         struct page_proposal *p)
{
    static const struct {
        char op;
        const char *kind, *word;
    } words[] = {{'+', "ok", "new"},
                 {'-', "bad", "gone"},
                 {'~', "calm", "changed"},
                 {'!', "warn", "look"},
                 {' ', "", "same"}};
    p->behaviour = arena_array(m->a, v->n_behaviour + 1, sizeof *p->behaviour);
    p->n_behaviour = p->behaviour ? v->n_behaviour : 0;
    for (size_t i = 0; i < p->n_behaviour; i++) {
        const struct behaviour *b = &v->behaviour[i];
        p->behaviour[i] = (struct behaviour_view){"", "", b->says, b->desk};
        for (size_t k = 0; k < ARRAY_LEN(words); k++)
            if (words[k].op == b->op) {
                p->behaviour[i].kind = words[k].kind;
                p->behaviour[i].word = words[k].word;
            }
    }
}

void page_proposal_write(const struct maker *m, struct page_frame frame,
                         const struct view_proposal *v, const struct draft *draft, struct buf *out)
{
    struct rows rows = {.v = NULL};
    struct page_proposal p = {
        .frame = frame,
        .p = view_of(m, &v->p),
        .explanation = v->p.explanation,
        .is_open = str_eq(v->p.state, STR("open")),
        .is_ready = v->ready,
        .is_stale = v->stale,
        .is_tried = v->p.applies != APPLIES_UNKNOWN,
        .has_diff = v->has_diff,
        .can_answer = v->p.reply_to.n > 0,
        .added = v->diff.added,
        .removed = v->diff.removed,
        .revision = v->p.revision_id,
    };
    p.frame.title = v->p.subject;
    p.frame.at_policy = true;
    if (v->has_diff)
        rows_of_diff(m, &v->diff, &rows);
    else
        rows_of_patch(m, v->p.patch, &rows);
    p.lines = rows.v;
    p.n_lines = rows.n;
    p.more = rows.more;
    behaviour_of(m, v, &p);
    if (draft->form && strcmp(draft->form, "reject") == 0)
        p.f_reject = http_form_get(draft->typed, "reason");
    else if (draft->form && strcmp(draft->form, "case") == 0)
        p.f_case = http_form_get(draft->typed, "reason");
    else if (draft->form && strcmp(draft->form, "answer") == 0)
        p.f_text = http_form_get(draft->typed, "text");
    tpl_proposal(out, &p);
}

/* ---- the public form ---- */

void page_propose_write(const struct maker *m, struct page_frame frame, const struct propose_in *in,
                        struct buf *out)
{
    struct rows rows = {.v = NULL};
    struct page_propose p = {
        .frame = frame,
        .base = in->base,
        .text = in->text,
        .subject = in->subject,
        .explanation = in->explanation,
        .name = in->name,
        .email = in->email,
        .is_preview = in->preview != NULL,
        .is_sent = in->sent > 0,
        .number = in->sent,
    };
    p.frame.title = STR("Propose a change");
    p.frame.open = true;
    p.frame.at_policy = true;
    if (in->preview)
        rows_of_diff(m, in->preview, &rows);
    p.lines = rows.v;
    p.n_lines = rows.n;
    p.more = rows.more;
    tpl_propose(out, &p);
}
