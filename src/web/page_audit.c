/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of an audit: the dial, the list, what joined the case, the sign-off and the record. Runs
 * in core.  What came out of a stranger's repository is escaped by the templates.
 */
#include "web/page_audit.h"

#include "web/templates.h"

static const struct {
    const char *name, *label, *empty;
} shows[AUDIT_SHOWS] = {
    [AUDIT_SHOW_ALL] = {"", "All", "No place is above the cut."},
    [AUDIT_SHOW_OPEN] = {"open", "To judge", "Every place on the list is judged."},
    [AUDIT_SHOW_SAME] = {"same", "Same flaw", "No place is the same flaw so far."},
    [AUDIT_SHOW_SAFE] = {"safe", "Safe", "No place is safe so far."},
    [AUDIT_SHOW_UNSURE] = {"unsure", "Unsure", "Nobody is unsure about a place."},
    [AUDIT_SHOW_SIGN] = {"sign", "To sign", "There is nothing that you can sign."},
};

bool audit_show_parse(struct str s, enum audit_show *ret)
{
    for (size_t i = 0; i < AUDIT_SHOWS; i++) {
        if (!str_eq(s, str_c(shows[i].name)))
            continue;
        *ret = (enum audit_show)i;
        return true;
    }
    return false;
}

static bool in_list(const struct view_audit_hit *k, enum audit_show show)
{
    static const enum audit_verdict verdicts[AUDIT_SHOWS] = {[AUDIT_SHOW_OPEN] = AUDIT_OPEN,
                                                             [AUDIT_SHOW_SAME] = AUDIT_SAME_FLAW,
                                                             [AUDIT_SHOW_SAFE] = AUDIT_SAFE,
                                                             [AUDIT_SHOW_UNSURE] = AUDIT_UNSURE};
    if (!k->listed)
        return false;
    if (show == AUDIT_SHOW_SIGN)
        return k->may_sign;
    return show == AUDIT_SHOW_ALL || k->verdict == verdicts[show];
}

static size_t count_of(const struct view_audit *v, enum audit_show show)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_hits; i++)
        n += in_list(&v->hits[i], show);
    return n;
}

/* "210,388 lines" */
static struct str counted(const struct maker *m, int64_t n, const char *one, const char *many)
{
    char digits[32];
    AUTO(buf) struct buf b = BUF_INIT(200);
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < len; i++) {
        buf_addc(&b, digits[i]);
        if (digits[i] != '-' && i + 1 < len && (len - i - 1) % 3 == 0)
            buf_addc(&b, ',');
    }
    buf_addf(&b, " %s", n == 1 ? one : many);
    return arena_str(m->a, buf_str(&b));
}

/* ---- the dial ---- */

static long long rounded(double x)
{
    return (long long)(x + .5);
}

static struct str places_words(const struct maker *m, double places)
{
    long long n = rounded(places);
    if (n < 1)
        return STR("less than one place");
    return arena_strf(m->a, "about %lld place%s", n, n == 1 ? "" : "s");
}

static void dial_fill(const struct maker *m, const struct view_audit *v, struct page_audit *p)
{
    p->dial = arena_array(m->a, v->n_dial + 1, sizeof *p->dial);
    for (size_t i = 0; p->dial && i < v->n_dial; i++) {
        const struct view_audit_cut *c = &v->dial[i];
        p->dial[p->n_dial++] =
            (struct audit_cut_view){.cut = c->cut,
                                    .label = arena_strf(m->a, "%lld %%", rounded(c->recall * 100)),
                                    .expect = places_words(m, c->places),
                                    .here = arena_strf(m->a, "%zu here", c->here),
                                    .current = c->current};
    }
    if (v->expect)
        p->expect = arena_strf(m->a, "%.*s to read for %lld %% of known siblings",
                               STR_ARG(places_words(m, v->expect->places)),
                               rounded(v->expect->recall * 100));
    p->above = arena_strf(m->a, "%zu of the %zu places that were found are on the list (cut %.*s).",
                          v->n_listed, v->n_hits, STR_ARG(v->cut));
}

/* ---- the list ---- */

static struct str list_path(const struct maker *m, const struct view_audit *v, enum audit_show show,
                            size_t from)
{
    AUTO(buf) struct buf b = BUF_INIT(400);
    buf_addf(&b, "/case/%.*s/audit", STR_ARG(v->case_number));
    if (show != AUDIT_SHOW_ALL)
        buf_addf(&b, "?show=%s", shows[show].name);
    if (from)
        buf_addf(&b, "%cfrom=%zu", show != AUDIT_SHOW_ALL ? '&' : '?', from);
    return arena_str(m->a, buf_str(&b));
}

static void tabs_fill(const struct maker *m, const struct view_audit *v, enum audit_show show,
                      struct page_audit *p)
{
    p->tabs = arena_array(m->a, AUDIT_SHOWS, sizeof *p->tabs);
    for (size_t i = 0; p->tabs && i < AUDIT_SHOWS; i++) {
        enum audit_show s = (enum audit_show)i;
        size_t n = count_of(v, s);
        if (s == AUDIT_SHOW_SIGN && n == 0 && show != s)
            continue;
        p->tabs[p->n_tabs++] = (struct tab_view){.label = shows[i].label,
                                                 .href = list_path(m, v, s, 0).p,
                                                 .count = (int64_t)n,
                                                 .has_count = true,
                                                 .current = s == show};
    }
}

static void list_fill(const struct maker *m, const struct view_audit *v,
                      const struct audit_asked *asked, struct page_audit *p)
{
    size_t all = count_of(v, asked->show), seen = 0;
    size_t from = asked->from < all ? asked->from : 0;
    from -= from % AUDIT_PAGE;
    p->places = arena_array(m->a, AUDIT_PAGE, sizeof *p->places);
    for (size_t i = 0; p->places && i < v->n_hits && p->n_places < AUDIT_PAGE; i++) {
        if (!in_list(&v->hits[i], asked->show) || seen++ < from)
            continue;
        audit_place_fill(m, v, i, false, asked, &p->places[p->n_places]);
        p->places[p->n_places++].csrf = p->frame.csrf;
    }
    p->show = str_c(shows[asked->show].name);
    p->from = arena_strf(m->a, "%zu", from);
    p->empty = shows[asked->show].empty;
    if (from)
        p->first = list_path(m, v, asked->show, from - AUDIT_PAGE);
    if (from + p->n_places < all)
        p->next = list_path(m, v, asked->show, from + AUDIT_PAGE);
    if (all > AUDIT_PAGE)
        p->range = arena_strf(m->a, "%zu to %zu of %zu", from + 1, from + p->n_places, all);
}

static void verdicts_fill(const struct maker *m, const struct audit_asked *asked,
                          struct page_audit *p)
{
    struct str typed = STR_NONE;
    if (asked->draft.form) {
        typed = http_form_get(asked->draft.typed, "verdict");
        p->f_reason = http_form_get(asked->draft.typed, "reason");
    }
    p->verdicts = arena_array(m->a, AUDIT_VERDICTS, sizeof *p->verdicts);
    for (int i = AUDIT_SAFE; p->verdicts && i != AUDIT_OPEN; i = i == AUDIT_SAFE ? AUDIT_SAME_FLAW
                                                                 : i == AUDIT_SAME_FLAW
                                                                     ? AUDIT_UNSURE
                                                                     : AUDIT_OPEN) {
        enum audit_verdict d = (enum audit_verdict)i;
        p->verdicts[p->n_verdicts++] =
            (struct option_view){str_c(audit_verdict_name(d)), str_c(audit_verdict_words(d)),
                                 str_eq(typed, str_c(audit_verdict_name(d)))};
    }
}

/* ---- what joined ---- */

static void parts_fill(const struct maker *m, const struct view_audit *v,
                       const struct audit_asked *asked, struct page_audit *p)
{
    bool again = asked->draft.form && strcmp(asked->draft.form, "fix") == 0;
    struct str typed_part = again ? http_form_get(asked->draft.typed, "part") : STR_NONE;
    p->parts = arena_array(m->a, v->n_parts + 1, sizeof *p->parts);
    for (size_t i = 0; p->parts && i < v->n_parts; i++) {
        const struct view_audit_part *k = &v->parts[i];
        struct audit_part_view *t = &p->parts[p->n_parts++];
        bool mine = again && str_eq(typed_part, arena_strf(m->a, "%lld", (long long)k->part));
        bool waits = str_eq(k->affected_state, STR("asked"));
        bool failed = str_eq(k->affected_state, STR("failed"));
        *t = (struct audit_part_view){.part = k->part,
                                      .title = audit_title(m, k->repo, k->path, k->line),
                                      .key = k->key,
                                      .number = v->case_number,
                                      .csrf = p->frame.csrf,
                                      .function = k->function,
                                      .reason = k->reason,
                                      .who = audit_actor_words(k->actor),
                                      .state = str_c(k->state),
                                      .kind = waits    ? "calm"
                                              : failed ? "warn"
                                                       : "",
                                      .summary = k->affected_summary,
                                      .failure = failed ? k->affected_failure : STR_NONE,
                                      .progress = waits ? k->affected_progress : STR_NONE,
                                      .fix =
                                          mine ? http_form_get(asked->draft.typed, "fix") : k->fix,
                                      .at = time_view_of(m, k->at_us),
                                      .answered = time_view_of(m, k->answered_us),
                                      .gone = !k->there,
                                      .can_ask = !v->closed && v->repository,
                                      .open = mine};
    }
}

/* ---- the sign-off ---- */

static struct str verdicts_words(const struct maker *m, const int64_t count[AUDIT_VERDICTS])
{
    AUTO(buf) struct buf b = BUF_INIT(400);
    for (int i = AUDIT_SAME_FLAW; i < AUDIT_VERDICTS; i++)
        if (count[i])
            buf_addf(&b, "%s%lld %s", b.n ? ", " : "", (long long)count[i],
                     audit_verdict_words((enum audit_verdict)i));
    if (count[AUDIT_OPEN])
        buf_addf(&b, "%s%lld not judged", b.n ? ", " : "", (long long)count[AUDIT_OPEN]);
    return b.n ? arena_str(m->a, buf_str(&b)) : STR("no place");
}

static void add_rest(struct buf *b, int64_t n, const char *words)
{
    if (n > 0)
        buf_addf(b, "%s%lld %s", b->n ? ", " : "", (long long)n, words);
}

static void signing_fill(const struct maker *m, const struct view_audit *v, struct page_audit *p)
{
    AUTO(buf) struct buf rest = BUF_INIT(400);
    int64_t mine[AUDIT_VERDICTS] = {0}, others = 0;
    for (size_t i = 0; i < v->n_hits; i++) {
        const struct view_audit_hit *k = &v->hits[i];
        if (!k->listed)
            continue;
        mine[k->verdict] += k->may_sign;
        others += !k->may_sign && k->signer.n == 0 &&
                  (k->verdict == AUDIT_SAME_FLAW || k->verdict == AUDIT_SAFE);
    }
    p->signs_what = mine[AUDIT_SAME_FLAW] || mine[AUDIT_SAFE] ? verdicts_words(m, mine)
                    : v->n_listed ? STR("that the list is whole; its places are signed already")
                                  : STR("that there is no place to judge");
    add_rest(&rest, v->count[AUDIT_OPEN], "to judge");
    add_rest(&rest, v->count[AUDIT_UNSURE], "unsure");
    add_rest(&rest, others, "for somebody else to sign");
    p->signs_rest = arena_str(m->a, buf_str(&rest));
    p->signs = arena_array(m->a, v->n_signs + 1, sizeof *p->signs);
    for (size_t i = 0; p->signs && i < v->n_signs; i++) {
        const struct view_audit_sign *s = &v->signs[i];
        p->signs[p->n_signs++] = (struct audit_sign_view){.who = audit_actor_words(s->signer),
                                                          .what = verdicts_words(m, s->count),
                                                          .cut = s->cut,
                                                          .digest = str_sub(s->digest, 0, 16),
                                                          .ended = s->ended_why,
                                                          .at = time_view_of(m, s->at_us),
                                                          .ended_at = time_view_of(m, s->ended_us),
                                                          .holds = s->ended_us == 0,
                                                          .alone = s->alone};
        p->may_unsign = p->may_unsign || s->ended_us == 0;
    }
    p->may_unsign = p->may_unsign && !v->closed;
}

/* ---- the record ---- */

static const char *run_state_words(struct str state)
{
    static const struct {
        const char *name, *words;
    } states[] = {{"asked", "under way"},
                  {"answered", "answered"},
                  {"failed", "no answer"},
                  {"replaced", "another question came before the answer"}};
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (str_eq(state, str_c(states[i].name)))
            return states[i].words;
    return "";
}

static void runs_fill(const struct maker *m, const struct view_audit *v, struct page_audit *p)
{
    p->runs = arena_array(m->a, v->n_runs + 1, sizeof *p->runs);
    for (size_t i = 0; p->runs && i < v->n_runs; i++) {
        const struct view_audit_run *k = &v->runs[i];
        struct audit_run_view *r = &p->runs[p->n_runs++];
        bool has = k->answered_us && k->failure.n == 0;
        *r = (struct audit_run_view){.nth = k->nth,
                                     .who = audit_actor_words(k->asked_by),
                                     .question = k->question,
                                     .searched = has ? k->searched : k->failure,
                                     .state = str_c(run_state_words(k->state)),
                                     .cut = k->cut,
                                     .asked = time_view_of(m, k->asked_us),
                                     .answered = time_view_of(m, k->answered_us)};
        if (has)
            r->found =
                arena_strf(m->a, "%lld found, %lld on the list, %lld files not searched",
                           (long long)k->hits, (long long)k->listed, (long long)k->not_searched);
        r->trees = arena_array(m->a, k->n_trees + 1, sizeof *r->trees);
        for (size_t t = 0; r->trees && t < k->n_trees; t++)
            r->trees[r->n_trees++] = (struct audit_tree_view){k->trees[t].repo, k->trees[t].name,
                                                              str_sub(k->trees[t].commit, 0, 12)};
    }
}

/* "14 files were not searched", empty: none. */
static struct str left_words(const struct maker *m, const struct find_record *r)
{
    int64_t all = (int64_t)r->n_left + r->left_more;
    if (all == 0)
        return STR_NONE;
    return arena_strf(m->a, "%s not searched", counted(m, all, "file was", "files were").p);
}

/* The reasons, with how many files each has; what is beyond AUDIT_REASONS is one. */
static void reasons_fill(const struct maker *m, const struct find_record *r, struct page_audit *p)
{
    struct str whys[AUDIT_REASONS];
    int64_t counts[AUDIT_REASONS] = {0}, others = r->left_more;
    size_t n = 0;
    for (size_t i = 0; i < r->n_left; i++) {
        size_t k = 0;
        while (k < n && !str_eq(whys[k], r->left[i].why))
            k++;
        if (k == n && n < AUDIT_REASONS)
            whys[n++] = r->left[i].why;
        if (k < AUDIT_REASONS)
            counts[k]++;
        else
            others++;
    }
    p->reasons = arena_array(m->a, AUDIT_REASONS + 1, sizeof *p->reasons);
    for (size_t k = 0; p->reasons && k < n; k++)
        p->reasons[p->n_reasons++] =
            (struct audit_reason_view){counted(m, counts[k], "file", "files"), whys[k]};
    if (p->reasons && others)
        p->reasons[p->n_reasons++] =
            (struct audit_reason_view){counted(m, others, "more", "more"), STR("other reasons")};
    p->not_searched_words = left_words(m, r);
}

static void record_fill(const struct maker *m, const struct view_audit *v, struct page_audit *p)
{
    const struct find_record *r = &v->r;
    p->searched = arena_strf(
        m->a, "%s, %s, %s, %s of code", counted(m, r->repositories, "repository", "repositories").p,
        counted(m, r->branches, "branch", "branches").p, counted(m, r->files, "file", "files").p,
        counted(m, r->lines, "line", "lines").p);
    reasons_fill(m, r, p);
    p->vendored = arena_array(m->a, r->n_vendored + 1, sizeof *p->vendored);
    for (size_t i = 0; p->vendored && i < r->n_vendored; i++)
        p->vendored[p->n_vendored++] = (struct audit_vendored_view){
            r->vendored[i].path, r->vendored[i].name, r->vendored[i].version, r->vendored[i].how};
    p->rules = arena_array(m->a, r->n_rules + 1, sizeof *p->rules);
    for (size_t i = 0; p->rules && i < r->n_rules; i++)
        p->rules[p->n_rules++] =
            (struct audit_rule_view){r->rules[i].name, r->rules[i].tool, r->rules[i].status,
                                     counted(m, r->rules[i].hits, "place", "places")};
    p->notes = r->notes;
    p->n_notes = r->n_notes;
}

/* ---- the question ---- */

static void ask_fill(const struct view_audit *v, const struct audit_asked *asked,
                     struct page_audit *p)
{
    const struct {
        const char *name;
        struct str *to, had;
    } fields[] = {{"fix", &p->f_fix, v->fix},
                  {"like", &p->f_like, v->like},
                  {"hunks", &p->f_hunks, v->hunks},
                  {"branches", &p->f_branches, v->branches},
                  {"repositories", &p->f_repositories, v->repositories},
                  {"limit", &p->f_limit, v->limit},
                  {"cut", &p->f_cut, v->cut},
                  {"rules", &p->f_rules, v->rules}};
    bool again = asked->draft.form && strcmp(asked->draft.form, "ask") == 0;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i].to = again ? http_form_get(asked->draft.typed, fields[i].name) : fields[i].had;
    if (asked->draft.form && strcmp(asked->draft.form, "unsign") == 0)
        p->f_unsign = http_form_get(asked->draft.typed, "reason");
    p->open_ask = again || !v->has || v->failed;
    p->fix_of_affected = v->fix_of_affected;
    p->known = (struct str *)v->known;
    p->n_known = v->n_known;
}

void page_audit_write(const struct maker *m, struct page_frame frame, const struct view_audit *v,
                      const struct audit_asked *asked, struct buf *out)
{
    struct page_audit p = {.frame = frame,
                           .number = v->case_number,
                           .title = v->case_title,
                           .no_repository = !v->repository,
                           .closed = v->closed,
                           .can_ask = v->repository && !v->closed,
                           .asked = v->asked,
                           .waits = v->waits,
                           .failed = v->failed,
                           .has = v->has,
                           .stale = v->has && v->stale,
                           .signed_off = v->signed_off,
                           .may_sign = v->may_sign && !v->closed,
                           .alone = v->alone,
                           .progress = v->progress,
                           .failure = v->failure,
                           .summary = v->summary,
                           .digest = str_c(v->digest),
                           .digest_short = str_sub(str_c(v->digest), 0, 16),
                           .answered = time_view_of(m, v->answered_us)};
    p.frame.title = arena_strf(m->a, "Similar problems to %.*s", STR_ARG(v->case_number));
    p.frame.refresh = v->waits;
    p.frame.code = true;
    ask_fill(v, asked, &p);
    parts_fill(m, v, asked, &p);
    runs_fill(m, v, &p);
    if (v->has) {
        dial_fill(m, v, &p);
        tabs_fill(m, v, asked->show, &p);
        list_fill(m, v, asked, &p);
        verdicts_fill(m, asked, &p);
        signing_fill(m, v, &p);
        record_fill(m, v, &p);
    }
    tpl_audit(out, &p);
}

void page_audit_left_write(const struct maker *m, struct page_frame frame,
                           const struct view_audit *v, struct buf *out)
{
    const struct find_record *r = &v->r;
    struct page_audit_left p = {.frame = frame, .number = v->case_number, .title = v->case_title};
    p.frame.title = arena_strf(m->a, "Not searched for %.*s", STR_ARG(v->case_number));
    p.words = left_words(m, r);
    if (r->left_more)
        p.words = arena_strf(m->a, "%.*s; the first %zu have their names here", STR_ARG(p.words),
                             r->n_left);
    p.files = arena_array(m->a, r->n_left + 1, sizeof *p.files);
    for (size_t i = 0; p.files && i < r->n_left; i++)
        p.files[p.n_files++] = (struct audit_why_view){
            r->left[i].repo.n
                ? arena_strf(m->a, "%.*s: %.*s", STR_ARG(r->left[i].repo), STR_ARG(r->left[i].path))
                : r->left[i].path,
            r->left[i].why};
    tpl_audit_left(out, &p);
}

static struct str place_path(const struct maker *m, const struct view_audit *v, size_t nth)
{
    return arena_strf(m->a, "/case/%.*s/audit/place/%.*s", STR_ARG(v->case_number),
                      STR_ARG(v->hits[nth].key));
}

void page_audit_place_write(const struct maker *m, struct page_frame frame,
                            const struct view_audit *v, size_t nth, const struct audit_asked *asked,
                            struct buf *out)
{
    struct page_audit_place p = {.frame = frame, .number = v->case_number, .title = v->case_title};
    audit_place_fill(m, v, nth, true, asked, &p.place);
    p.place.csrf = frame.csrf;
    p.frame.code = true;
    p.frame.title =
        arena_strf(m->a, "%.*s and %.*s", STR_ARG(p.place.title), STR_ARG(v->case_number));
    for (size_t i = nth; i-- > 0 && p.before.n == 0;)
        if (v->hits[i].listed)
            p.before = place_path(m, v, i);
    for (size_t i = nth + 1; i < v->n_hits && p.after.n == 0; i++)
        if (v->hits[i].listed)
            p.after = place_path(m, v, i);
    tpl_audit_place_page(out, &p);
}
