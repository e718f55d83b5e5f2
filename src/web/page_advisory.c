/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages about advisories: the team's, the public one, the lists.  Runs in core.  The Markdown is a
 * team member's, names are a reporter's; the templates escape everything, markdown.c its part.
 */
#include "web/page_advisory.h"

#include "base/when.h"
#include "desk/vcase.h"
#include "web/markdown.h"
#include "web/page_affected.h"
#include "web/templates.h"

/* ---- the document ---- */

static struct str day_of(const struct maker *m, int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return STR_NONE;
    when_rfc3339(&b, at_us);
    return arena_str(m->a, str_sub(buf_str(&b), 0, 10));
}

static struct str iso_of(const struct maker *m, int64_t at_us)
{
    return time_view_of(m, at_us).iso;
}

static void lines_fill(const struct maker *m, const struct adv_doc *d, struct advisory_doc_view *v)
{
    const struct adv_content *c = &d->c;
    v->timeline = arena_array(m->a, c->n_timeline + 1, sizeof *v->timeline);
    v->credits = arena_array(m->a, c->n_credits + 1, sizeof *v->credits);
    v->changes = arena_array(m->a, d->n_changes + 1, sizeof *v->changes);
    if (!v->timeline || !v->credits || !v->changes)
        return;
    for (size_t i = 0; i < c->n_timeline; i++)
        v->timeline[v->n_timeline++] =
            (struct adv_line_view){c->timeline[i].date, c->timeline[i].text};
    v->timeline[v->n_timeline++] =
        (struct adv_line_view){day_of(m, d->published_us), STR("Published")};
    for (size_t i = 0; i < c->n_credits; i++)
        v->credits[v->n_credits++] = (struct adv_line_view){c->credits[i].role, c->credits[i].name};
    for (size_t i = 0; i < d->n_changes; i++)
        v->changes[v->n_changes++] =
            (struct adv_line_view){day_of(m, d->changes[i].at_us), d->changes[i].text};
}

/* html and picture must outlive the page. */
static enum rc doc_of(const struct maker *m, const struct adv_doc *d, struct buf *html,
                      struct view_picture *picture, struct advisory_doc_view *ret, struct err *e)
{
    const struct adv_content *c = &d->c;
    struct advisory_doc_view v = {
        .number = d->number.n ? d->number : STR("number given at publication"),
        .title = c->title,
        .summary = c->summary,
        .severity = c->severity,
        .cvss = c->cvss,
        .product = d->product,
        .cves = c->cves,
        .n_cves = c->n_cves,
        .affected = c->affected,
        .n_affected = c->n_affected,
        .fixed = c->fixed,
        .n_fixed = c->n_fixed,
        .refs = c->refs,
        .n_refs = c->n_refs,
        .published = day_of(m, d->published_us),
        .published_iso = iso_of(m, d->published_us),
        .withdrawn = day_of(m, d->withdrawn_us),
        .reason = d->withdrawn_reason,
    };
    if (d->modified_us != d->published_us) {
        v.modified = day_of(m, d->modified_us);
        v.modified_iso = iso_of(m, d->modified_us);
    }
    lines_fill(m, d, &v);
    TRY(markdown_render(c->body, html, &v.body, e));
    TRY(view_picture(m->a, c->picture, picture, e));
    picture_fill(m, picture, &v.picture);
    *ret = v;
    return RC_OK;
}

enum rc page_advisory_public_write(const struct maker *m, struct page_frame frame,
                                   const struct adv_doc *d, struct buf *out, struct err *e)
{
    AUTO(buf) struct buf html = BUF_INIT(MARKDOWN_OUT_MAX);
    AUTO(view_picture) struct view_picture picture = {.json = NULL};
    struct page_advisory_public p = {.frame = frame};
    p.frame.title = arena_strf(m->a, "%.*s: %.*s", STR_ARG(d->number), STR_ARG(d->c.title));
    p.frame.open = p.frame.listed = p.frame.at_advisories = true;
    TRY(doc_of(m, d, &html, &picture, &p.doc, e));
    p.doc.osv = arena_strf(m->a, "/advisories/%.*s.json", STR_ARG(d->number));
    p.doc.feed = STR("/advisories.atom");
    tpl_advisory_public(out, &p);
    return RC_OK;
}

void page_advisories_public_write(const struct maker *m, struct page_frame frame,
                                  const struct adv_doc *d, size_t n, struct buf *out)
{
    struct page_advisories p = {.frame = frame};
    p.frame.title = STR("Security advisories");
    p.frame.open = p.frame.listed = p.frame.at_advisories = true;
    p.rows = arena_array(m->a, n + 1, sizeof *p.rows);
    p.n_rows = p.rows ? n : 0;
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i] = (struct advisory_row_view){
            .number = d[i].number,
            .title = d[i].c.title,
            .severity = d[i].c.severity,
            .href = arena_strf(m->a, "/advisories/%.*s", STR_ARG(d[i].number)),
            .date = day_of(m, d[i].published_us),
            .date_iso = iso_of(m, d[i].published_us),
            .changed = d[i].n_changes > 0,
            .withdrawn = d[i].withdrawn_us != 0,
        };
    tpl_advisories_public(out, &p);
}

void page_reporter_credit_write(struct page_frame frame, struct str chosen, struct str name,
                                struct buf *out)
{
    struct page_reporter_credit p = {.frame = frame,
                                     .name = name,
                                     .named = str_eq(chosen, STR("named")),
                                     .anonymous = str_eq(chosen, STR("anonymous")),
                                     .declined = str_eq(chosen, STR("declined"))};
    p.frame.title = STR("How shall we name you?");
    p.decided = p.named || p.anonymous || p.declined;
    tpl_reporter_credit(out, &p);
}

/* ---- the team's list ---- */

void page_advisories_write(const struct maker *m, struct page_frame frame,
                           const struct view_advisory_row *r, size_t n, struct buf *out)
{
    struct page_advisories p = {.frame = frame};
    p.frame.title = STR("Advisories");
    p.frame.at_advisories = true;
    p.rows = arena_array(m->a, n + 1, sizeof *p.rows);
    p.n_rows = p.rows ? n : 0;
    for (size_t i = 0; i < p.n_rows; i++) {
        struct advisory_row_view *v = &p.rows[i];
        bool corrected = r[i].modified_us != r[i].published_us;
        *v = (struct advisory_row_view){
            .number = r[i].number,
            .title = r[i].title,
            .state = r[i].state,
            .case_number = r[i].case_number,
            .href = arena_strf(m->a, "/case/%.*s/advisory", STR_ARG(r[i].case_number)),
            .at_what = "",
            .withdrawn = str_eq(r[i].state, STR("withdrawn")),
        };
        if (r[i].published_us && !str_eq(r[i].state, STR("published")) && !v->withdrawn)
            v->state = str_eq(r[i].state, STR("draft")) ? STR("public, correction in draft")
                                                        : STR("public, correction approved");
        if (r[i].planned_us) {
            v->at_what = "planned";
            v->at = time_view_of(m, r[i].planned_us);
        } else if (r[i].published_us) {
            v->at_what = corrected ? "changed" : "published";
            v->at = time_view_of(m, r[i].modified_us);
        }
    }
    tpl_advisories(out, &p);
}

/* ---- the team's page ---- */

/* "handler:robin" -> "robin" */
static struct str actor_words(struct str actor)
{
    if (str_starts(actor, STR("handler:")))
        return str_sub(actor, 8, actor.n);
    return str_starts(actor, STR("cli:")) ? STR("command line") : actor;
}

static struct option_view *options(const struct maker *m, const char *const *words, struct str now,
                                   size_t *ret_n)
{
    size_t n = 0;
    while (words[n])
        n++;
    struct option_view *v = arena_array(m->a, n + 1, sizeof *v);
    for (size_t i = 0; v && i < n; i++)
        v[i] = (struct option_view){str_c(words[i]), str_c(words[i]), str_eq(now, str_c(words[i]))};
    *ret_n = v ? n : 0;
    return v;
}

static const char *decision_words(struct str decision)
{
    static const struct {
        const char *decision, *words;
    } known[] = {{"unasked", "not asked"},
                 {"asked", "asked, no answer yet"},
                 {"named", "is named"},
                 {"anonymous", "anonymous"},
                 {"declined", "no credit"}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(decision, str_c(known[i].decision)))
            return known[i].words;
    return "?";
}

static void credits_fill(const struct maker *m, const struct view_advisory *v,
                         struct page_advisory *p)
{
    static const char *const decisions[] = {"named", "anonymous", "declined",
                                            "asked", "unasked",   NULL};
    p->credits = arena_array(m->a, v->n_credits + 1, sizeof *p->credits);
    p->n_credits = p->credits ? v->n_credits : 0;
    for (size_t i = 0; i < p->n_credits; i++) {
        const struct view_credit *k = &v->credits[i];
        struct adv_credit_view *w = &p->credits[i];
        *w = (struct adv_credit_view){
            .id = k->id,
            .name = k->name,
            .email = k->email,
            .decision = str_c(decision_words(k->decision)),
            .role = k->role,
            .has_email = k->email.n > 0,
            .asked = !str_eq(k->decision, STR("unasked")),
        };
        w->waiting = !w->asked || str_eq(k->decision, STR("asked"));
        w->settled = !w->waiting;
        w->roles = options(m, adv_roles, k->role, &w->n_roles);
        w->decisions = options(m, decisions, k->decision, &w->n_decisions);
        for (size_t j = 0; j < w->n_decisions; j++)
            w->decisions[j].label = str_c(decision_words(w->decisions[j].value));
    }
    p->roles = options(m, adv_roles, STR("finder"), &p->n_roles);
}

static void history_fill(const struct maker *m, const struct view_advisory *v,
                         struct page_advisory *p)
{
    p->revisions = arena_array(m->a, v->n_revisions + 1, sizeof *p->revisions);
    p->n_revisions = p->revisions ? v->n_revisions : 0;
    for (size_t i = 0; i < p->n_revisions; i++) {
        const struct view_revision *r = &v->revisions[v->n_revisions - 1 - i];
        p->revisions[i] = (struct adv_revision_view){
            .nth = r->nth,
            .at = time_view_of(m, r->created_us),
            .author = actor_words(r->author),
            .approver = actor_words(r->approver),
            .change = r->change,
            .state = r->published_us  ? STR("published")
                     : r->approved_us ? STR("approved")
                                      : STR("draft"),
        };
    }
}

static void mails_fill(const struct maker *m, const struct view_advisory *v,
                       struct page_advisory *p)
{
    static const struct {
        const char *state, *words;
    } known[] = {{"ready", "on its way"},  {"handing_over", "on its way"},
                 {"sent", "delivered"},    {"failed", "refused"},
                 {"unknown", "not known"}, {"parked", "delivered or not, nobody knows"}};
    p->mails = arena_array(m->a, v->n_mails + 1, sizeof *p->mails);
    p->n_mails = p->mails ? v->n_mails : 0;
    for (size_t i = 0; i < p->n_mails; i++) {
        const struct view_mail *x = &v->mails[i];
        struct adv_mail_view *w = &p->mails[i];
        *w = (struct adv_mail_view){.id = x->id,
                                    .parked = str_eq(x->state, STR("parked")),
                                    .to = x->rcpt,
                                    .state = x->state,
                                    .bad = str_eq(x->state, STR("failed")) ||
                                           str_eq(x->state, STR("parked")),
                                    .at = time_view_of(m, x->changed_us)};
        if (w->bad)
            w->answer = x->answer;
        for (size_t j = 0; j < ARRAY_LEN(known); j++)
            if (str_eq(x->state, str_c(known[j].state)))
                w->state = str_c(known[j].words);
    }
}

static void severities_fill(const struct maker *m, struct str now, struct page_advisory *p)
{
    static const char *const words[] = {"", "low", "medium", "high", "critical", NULL};
    p->severities = options(m, words, now, &p->n_severities);
    if (p->n_severities)
        p->severities[0].label = STR("not rated");
}

static void form_fill(const struct maker *m, const struct view_advisory *v,
                      const struct draft *draft, struct page_advisory *p)
{
    struct adv_form f;
    adv_form_fill(m->a, &v->doc.c, &f);
    bool typed = draft->form && strcmp(draft->form, "edit") == 0;
    const struct {
        const char *name;
        struct str stored, *to;
    } fields[] = {{"title", f.title, &p->f_title},
                  {"summary", f.summary, &p->f_summary},
                  {"cvss", f.cvss, &p->f_cvss},
                  {"cve", f.cve, &p->f_cve},
                  {"affected", f.affected, &p->f_affected},
                  {"fixed", f.fixed, &p->f_fixed},
                  {"references", f.references, &p->f_references},
                  {"timeline", f.timeline, &p->f_timeline},
                  {"text", f.body, &p->f_body},
                  {"change", STR_NONE, &p->f_change}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i].to = typed ? http_form_get(draft->typed, fields[i].name) : fields[i].stored;
    severities_fill(m, typed ? http_form_get(draft->typed, "severity") : f.severity, p);
    if (draft->form && strcmp(draft->form, "plan") == 0)
        p->f_at = http_form_get(draft->typed, "at");
    if (draft->form && strcmp(draft->form, "withdraw") == 0)
        p->f_reason = http_form_get(draft->typed, "reason");
    p->open_edit = typed || (p->is_draft && !p->may_approve) || v->to_write;
    p->open_withdraw = p->f_reason.n > 0;
}

enum rc page_advisory_write(const struct maker *m, struct page_frame frame,
                            const struct view_advisory *v, const struct draft *draft,
                            struct buf *out, struct err *e)
{
    AUTO(buf) struct buf html = BUF_INIT(MARKDOWN_OUT_MAX);
    AUTO(view_picture) struct view_picture picture = {.json = NULL};
    struct page_advisory p = {.frame = frame,
                              .number = v->case_number,
                              .title = v->case_title,
                              .public_number = v->number,
                              .state = v->revision ? v->state : STR("not begun"),
                              .exists = v->revision > 0,
                              .is_public = v->published_us != 0,
                              .is_draft = str_eq(v->state, STR("draft")),
                              .is_approved = str_eq(v->state, STR("approved")),
                              .is_open_work =
                                  v->n_revisions && !v->revisions[v->n_revisions - 1].published_us,
                              .is_withdrawn = v->withdrawn_us != 0,
                              .is_planned = v->planned_us != 0,
                              .can_edit = v->withdrawn_us == 0,
                              .revision = v->revision,
                              .may_approve = v->may_approve,
                              .alone = v->alone,
                              .unasked = v->unasked && v->withdrawn_us == 0,
                              .credits_changed = v->credits_changed,
                              .to_write = v->to_write,
                              .embargo = v->embargo,
                              .embargo_until = time_view_of(m, v->embargo_until_us),
                              .planned = time_view_of(m, v->planned_us),
                              .recipients = (int64_t)v->n_recipients};
    p.frame.title = arena_strf(m->a, "Advisory of %.*s", STR_ARG(v->case_number));
    TRY(doc_of(m, &v->doc, &html, &picture, &p.doc, e));
    /* These pages lie on the public site, which is another one than the team's. */
    if (v->published_us && v->doc.url.n) {
        p.public_url = v->doc.url;
        p.doc.osv = arena_strf(m->a, "%.*s.json", STR_ARG(v->doc.url));
        p.doc.feed = v->doc.feed_url;
    }
    credits_fill(m, v, &p);
    history_fill(m, v, &p);
    mails_fill(m, v, &p);
    form_fill(m, v, draft, &p);
    tpl_advisory(out, &p);
    return RC_OK;
}

/* ---- one revision beside the one before ---- */

#define DIFF_LINES 1500 /* of each side; what is beyond is not compared */

struct side {
    struct str *v;
    size_t n;
    bool more;
};

static void side_text(const struct view_revision *r, struct arena *a, struct buf *b)
{
    struct adv_form f;
    adv_form_fill(a, &r->c, &f);
    const struct {
        const char *name;
        struct str text;
    } parts[] = {{"Title", r->title},      {"Summary", f.summary},
                 {"Severity", f.severity}, {"CVSS", f.cvss},
                 {"CVE", f.cve},           {"Affected versions", f.affected},
                 {"Fixed in", f.fixed},    {"References", f.references},
                 {"Timeline", f.timeline}, {"Text", r->body}};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].text.n)
            buf_addf(b, "%s:\n%.*s\n", parts[i].name, STR_ARG(str_trim(parts[i].text)));
}

static struct side side_of(const struct maker *m, const struct view_revision *r)
{
    AUTO(buf) struct buf b = BUF_INIT(ADV_FACTS_MAX);
    struct side s = {arena_array(m->a, DIFF_LINES, sizeof(struct str)), 0, false};
    side_text(r, m->a, &b);
    struct str rest = arena_str(m->a, buf_str(&b)), line;
    while (s.v && str_line(&rest, &line)) {
        s.more = s.n == DIFF_LINES;
        if (s.more)
            break;
        s.v[s.n++] = line;
    }
    return s;
}

static void diff_add(const struct maker *m, struct page_advisory_diff *p, const char *kind,
                     struct str line)
{
    char sign = kind[0] == 'a' ? '+' : kind[0] == 'd' ? '-' : ' ';
    p->lines[p->n_lines++] =
        (struct adv_diff_line){kind, arena_strf(m->a, "%c%.*s", sign, STR_ARG(line))};
}

/* The longest common run of lines, by the textbook: at most DIFF_LINES squared steps. */
static void diff_fill(const struct maker *m, const struct side *x, const struct side *y,
                      struct page_advisory_diff *p)
{
    size_t w = y->n + 1, i = 0, j = 0;
    uint16_t *t = arena_array(m->a, (x->n + 1) * w, sizeof *t);
    p->lines = arena_array(m->a, x->n + y->n + 1, sizeof *p->lines);
    if (!t || !p->lines)
        return;
    for (size_t k = x->n; k-- > 0;)
        for (size_t l = y->n; l-- > 0;) {
            uint16_t down = t[(k + 1) * w + l], right = t[k * w + l + 1];
            t[k * w + l] = str_eq(x->v[k], y->v[l]) ? (uint16_t)(t[(k + 1) * w + l + 1] + 1)
                           : down > right           ? down
                                                    : right;
        }
    while (i < x->n || j < y->n) {
        bool both = i < x->n && j < y->n;
        if (both && str_eq(x->v[i], y->v[j])) {
            diff_add(m, p, "ctx", x->v[i]);
            i++, j++;
        } else if (i < x->n && (j == y->n || t[(i + 1) * w + j] >= t[i * w + j + 1])) {
            diff_add(m, p, "del", x->v[i++]);
        } else {
            diff_add(m, p, "add", y->v[j++]);
        }
    }
}

void page_advisory_diff_write(const struct maker *m, struct page_frame frame,
                              const struct view_advisory *v, size_t at, struct buf *out)
{
    const struct view_revision *r = &v->revisions[at];
    struct page_advisory_diff p = {.frame = frame,
                                   .number = v->case_number,
                                   .nth = r->nth,
                                   .author = actor_words(r->author),
                                   .change = r->change,
                                   .at = time_view_of(m, r->created_us)};
    struct side x = {NULL, 0, false}, y = side_of(m, r);
    if (at > 0) {
        x = side_of(m, &v->revisions[at - 1]);
        p.before = v->revisions[at - 1].nth;
    }
    p.frame.title = arena_strf(m->a, "Advisory of %.*s, revision %lld", STR_ARG(v->case_number),
                               (long long)r->nth);
    p.more = x.more || y.more;
    diff_fill(m, &x, &y, &p);
    tpl_advisory_diff(out, &p);
}
