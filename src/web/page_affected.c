/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of the affected versions.  Runs in core.  Names of tags, subjects and reasons come out
 * of a stranger's repository; the template escapes them, the map is escaped where it is drawn.
 */
#include "web/page_affected.h"

#include "base/when.h"
#include "web/templates.h"

static const struct {
    const char *name, *words, *kind;
} statuses[] = {
    [REC_AFFECTED] = {"affected", "affected", "bad"},
    [REC_FIXED] = {"fixed", "fixed", "ok"},
    [REC_NOT_AFFECTED] = {"not_affected", "not affected", "calm"},
    [REC_UNKNOWN] = {"unknown", "unknown", "warn"},
};

static struct str day_of(const struct maker *m, int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return STR_NONE;
    when_rfc3339(&b, at_us);
    return arena_str(m->a, str_sub(buf_str(&b), 0, 10));
}

static struct str shorted(struct str commit)
{
    return str_sub(commit, 0, 12);
}

static struct str place_of(const struct maker *m, const struct rec_why *w)
{
    if (w->path.n == 0)
        return STR_NONE;
    return w->line ? arena_strf(m->a, "%.*s:%lld", STR_ARG(w->path), (long long)w->line) : w->path;
}

static struct str actor_words(struct str actor)
{
    if (str_starts(actor, STR("handler:")))
        return str_sub(actor, 8, actor.n);
    return str_starts(actor, STR("cli:")) ? STR("the command line") : actor;
}

static struct str how_many(const struct maker *m, size_t n)
{
    return arena_strf(m->a, "%zu release%s", n, n == 1 ? "" : "s");
}

/* ---- what both tables have ---- */

static struct aff_run_view *runs_of(const struct maker *m, const struct record *r,
                                    const struct map_run *runs, size_t n, size_t *ret_n)
{
    size_t most = n < AFFECTED_ROWS_MAX ? n : AFFECTED_ROWS_MAX;
    struct aff_run_view *v = arena_array(m->a, most + 1, sizeof *v);
    for (size_t i = 0; v && i < most; i++) {
        v[i] = (struct aff_run_view){.lane = runs[i].lane.n ? runs[i].lane : STR("releases"),
                                     .status = statuses[runs[i].status].words,
                                     .kind = statuses[runs[i].status].kind,
                                     .flagged = runs[i].flagged,
                                     .decided = runs[i].decided,
                                     .is_tip = runs[i].n == 0};
        if (runs[i].n == 0)
            continue;
        v[i].first = r->releases[runs[i].first].tag;
        v[i].last = runs[i].n > 1 ? r->releases[runs[i].last].tag : STR_NONE;
        v[i].count = runs[i].n > 1 ? how_many(m, runs[i].n) : STR_NONE;
    }
    *ret_n = v ? most : 0;
    return v;
}

void picture_fill(const struct maker *m, const struct view_picture *p, struct picture_view *ret)
{
    *ret = (struct picture_view){.map = {p->svg}};
    ret->runs = runs_of(m, &p->r, p->runs, p->n_runs, &ret->n_runs);
}

/* ---- the page ---- */

static size_t counted(const struct record *r)
{
    size_t n = 0;
    for (size_t s = 0; s < REC_STATUSES; s++)
        n += r->count[s];
    return n;
}

static void releases_fill(const struct maker *m, const struct record *r, struct page_affected *p)
{
    size_t seen = 0;
    p->releases = arena_array(m->a, AFFECTED_ROWS_MAX + 1, sizeof *p->releases);
    /* Newest first: the boundary that matters is mostly near the end. */
    for (size_t i = r->n_releases; p->releases && i > 0; i--) {
        const struct rec_release *k = &r->releases[i - 1];
        struct rec_why none = {.line = 0};
        const struct rec_why *w = k->n_ev ? &k->ev[0] : &none;
        if (!k->counts || seen++ >= AFFECTED_ROWS_MAX)
            continue;
        p->releases[p->n_releases++] =
            (struct aff_release_view){.id = (uint32_t)(i - 1),
                                      .tag = k->tag,
                                      .day = day_of(m, k->at_us),
                                      .series = k->series,
                                      .rule = k->rule,
                                      .why = k->why,
                                      .commit = shorted(w->commit),
                                      .of = shorted(w->of),
                                      .place = place_of(m, w),
                                      .confidence = k->confidence,
                                      .status = statuses[k->status].words,
                                      .kind = statuses[k->status].kind,
                                      .flagged = k->flagged,
                                      .decided = k->decided};
    }
    if (seen > p->n_releases)
        p->more_releases =
            arena_strf(m->a, "The newest %zu of %zu are shown.", p->n_releases, seen);
}

static struct str why_words(const struct maker *m, const struct rec_why *w)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * REC_TEXT_MAX);
    buf_add(&b, w->why.n ? w->why : w->rule);
    if (w->commit.n)
        buf_addf(&b, " (%.*s)", STR_ARG(shorted(w->commit)));
    if (w->path.n)
        buf_addf(&b, ", %.*s", STR_ARG(place_of(m, w)));
    return arena_str(m->a, buf_str(&b));
}

static void candidate_fill(const struct maker *m, const struct record *r,
                           const struct rec_candidate *c, struct aff_candidate_view *v)
{
    v->none = c->n_affected == 0;
    v->count = how_many(m, c->n_affected);
    if (c->n_affected) {
        v->first = r->releases[c->affected[0]].tag;
        v->last = r->releases[c->affected[c->n_affected - 1]].tag;
    }
    v->why = arena_array(m->a, c->n_why + 1, sizeof *v->why);
    v->differs = arena_array(m->a, AFFECTED_DIFFERS + 1, sizeof *v->differs);
    for (size_t i = 0; v->why && i < c->n_why; i++)
        v->why[v->n_why++] = why_words(m, &c->why[i]);
    for (size_t i = 0; v->differs && i < c->n_differs && i < AFFECTED_DIFFERS; i++)
        v->differs[v->n_differs++] = r->releases[c->differs[i]].tag;
    if (c->n_differs > AFFECTED_DIFFERS)
        v->more = arena_strf(m->a, "and %zu more", c->n_differs - AFFECTED_DIFFERS);
}

static void candidates_fill(const struct maker *m, const struct view_affected *v,
                            struct page_affected *p)
{
    p->candidates = arena_array(m->a, v->r.n_candidates + 1, sizeof *p->candidates);
    for (size_t i = 0; p->candidates && i < v->r.n_candidates; i++) {
        struct aff_candidate_view *k = &p->candidates[p->n_candidates++];
        k->nth = (int64_t)i + 1;
        k->is_first = i == 0;
        k->chosen = v->chosen == k->nth;
        candidate_fill(m, &v->r, &v->r.candidates[i], k);
    }
    p->any_chosen = v->chosen_us != 0;
    p->chosen_by = actor_words(v->chosen_by);
}

static void commits_fill(const struct maker *m, const struct record *r, struct page_affected *p)
{
    size_t fixes = r->n_introduced, reverts = fixes + r->n_fixes, n = reverts + r->n_reverts;
    p->commits = arena_array(m->a, n + 1, sizeof *p->commits);
    for (size_t i = 0; p->commits && i < n && i < AFFECTED_ROWS_MAX; i++) {
        const struct rec_commit *c = i < fixes     ? &r->introduced[i]
                                     : i < reverts ? &r->fixes[i - fixes]
                                                   : &r->reverts[i - reverts];
        p->commits[p->n_commits++] =
            (struct aff_commit_view){.what = i < fixes      ? "introduced by"
                                             : i >= reverts ? "fix taken back by"
                                             : c->of.n      ? "fix copied as"
                                                            : "fixed by",
                                     .commit = shorted(c->commit),
                                     .of = i < reverts ? shorted(c->of) : STR_NONE,
                                     .day = day_of(m, c->at_us),
                                     .subject = c->subject,
                                     .why = c->why};
    }
}

static void ranges_fill(const struct maker *m, const struct view_affected *v,
                        struct page_affected *p)
{
    const struct record *r = &v->r;
    AUTO(buf) struct buf lines = BUF_INIT(1 << 20);
    AUTO(buf) struct buf vers = BUF_INIT(1 << 20);
    p->ranges = arena_array(m->a, r->n_ranges + 1, sizeof *p->ranges);
    for (size_t i = 0; p->ranges && i < r->n_ranges; i++)
        p->ranges[p->n_ranges++] =
            (struct aff_range_view){r->ranges[i].series,
                                    r->ranges[i].from,
                                    r->ranges[i].to,
                                    r->ranges[i].fixed,
                                    str_eq(r->ranges[i].from, r->ranges[i].to),
                                    r->ranges[i].from_start};
    for (size_t i = 0; i < r->n_lines; i++)
        buf_addf(&lines, "%.*s\n", STR_ARG(r->lines[i]));
    for (size_t i = 0; i < r->n_vers; i++)
        buf_addf(&vers, "%.*s\n", STR_ARG(r->vers[i]));
    p->lines = arena_str(m->a, buf_str(&lines));
    p->vers = arena_str(m->a, buf_str(&vers));
    p->osv = v->osv;
    p->cve = v->cve;
}

static void decisions_fill(const struct maker *m, const struct view_affected *v,
                           struct page_affected *p)
{
    p->decisions = arena_array(m->a, v->n_decisions + 1, sizeof *p->decisions);
    for (size_t i = 0; p->decisions && i < v->n_decisions; i++) {
        const struct view_decision *d = &v->decisions[i];
        struct aff_decision_view *k = &p->decisions[p->n_decisions++];
        *k = (struct aff_decision_view){.tag = d->tag,
                                        .reason = d->reason,
                                        .who = actor_words(d->actor),
                                        .status = "",
                                        .kind = "",
                                        .at = time_view_of(m, d->at_us)};
        for (size_t s = 0; s < ARRAY_LEN(statuses); s++) {
            if (!str_eq(d->status, str_c(statuses[s].name)))
                continue;
            k->status = statuses[s].words;
            k->kind = statuses[s].kind;
        }
    }
}

static void forms_fill(const struct maker *m, const struct view_affected *v,
                       const struct draft *draft, struct page_affected *p)
{
    bool ask = draft->form && strcmp(draft->form, "ask") == 0;
    bool decide = draft->form && strcmp(draft->form, "decide") == 0;
    struct str status = STR_NONE;
    p->f_fix = ask ? http_form_get(draft->typed, "fix") : v->fix;
    p->f_introduced = ask ? http_form_get(draft->typed, "introduced") : v->introduced;
    p->f_at = ask ? http_form_get(draft->typed, "at") : v->at;
    p->f_tag = http_form_get(draft->typed, "tag"); /* also of a link: ?tag= */
    p->open_ask = ask || !v->has || v->failed;
    p->open_decide = decide || p->f_tag.n > 0;
    if (decide) {
        p->f_reason = http_form_get(draft->typed, "reason");
        status = http_form_get(draft->typed, "status");
    }
    p->statuses = arena_array(m->a, ARRAY_LEN(statuses) + 1, sizeof *p->statuses);
    for (size_t i = 0; p->statuses && i < ARRAY_LEN(statuses); i++)
        p->statuses[p->n_statuses++] =
            (struct option_view){str_c(statuses[i].name), str_c(statuses[i].words),
                                 str_eq(status, str_c(statuses[i].name))};
}

static struct str base_of(const struct maker *m, const struct view_affected *v)
{
    struct str base = arena_strf(m->a, "/case/%.*s/affected", STR_ARG(v->case_number));
    return v->part ? arena_strf(m->a, "%.*s/part/%lld", STR_ARG(base), (long long)v->part) : base;
}

void page_affected_write(const struct maker *m, struct page_frame frame,
                         const struct view_affected *v, const struct draft *draft, struct buf *out)
{
    struct page_affected p = {.frame = frame,
                              .number = v->case_number,
                              .title = v->case_title,
                              .base = base_of(m, v),
                              .is_part = v->part != 0,
                              .no_repository = !v->repository,
                              .closed = v->closed,
                              .can_ask = v->repository && !v->closed,
                              .asked = v->asked,
                              .waits = v->waits,
                              .may_keep = v->may_keep,
                              .failed = v->failed,
                              .has = v->has,
                              .stale = v->has && (v->waits || v->failed),
                              .progress = v->progress,
                              .failure = v->failure,
                              .summary = v->summary,
                              .answer = arena_strf(m->a, "%lld", (long long)v->nth),
                              .answered = time_view_of(m, v->answered_us)};
    p.frame.title = arena_strf(m->a, "Affected versions of %.*s", STR_ARG(v->case_number));
    p.frame.refresh = v->waits;
    forms_fill(m, v, draft, &p);
    decisions_fill(m, v, &p);
    if (v->has) {
        p.map.s = v->svg;
        p.runs = runs_of(m, &v->r, v->runs, v->n_runs, &p.n_runs);
        candidates_fill(m, v, &p);
        if (counted(&v->r) > AFFECTED_INLINE)
            p.elsewhere = how_many(m, counted(&v->r));
        else
            releases_fill(m, &v->r, &p);
        commits_fill(m, &v->r, &p);
        ranges_fill(m, v, &p);
        p.missing = v->r.missing;
        p.n_missing = v->r.n_missing;
        p.notes = v->r.notes;
        p.n_notes = v->r.n_notes;
    }
    tpl_affected(out, &p);
}

void page_affected_releases_write(const struct maker *m, struct page_frame frame,
                                  const struct view_affected *v, struct buf *out)
{
    struct page_affected p = {.frame = frame,
                              .number = v->case_number,
                              .title = v->case_title,
                              .base = base_of(m, v),
                              .is_part = v->part != 0,
                              .can_ask = v->repository && !v->closed,
                              .has = v->has,
                              .summary = v->summary};
    p.frame.title = arena_strf(m->a, "Releases and %.*s", STR_ARG(v->case_number));
    if (v->has)
        releases_fill(m, &v->r, &p);
    tpl_affected_releases(out, &p);
}
