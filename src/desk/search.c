/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search over cases and messages, and the task that indexes what was there before.
 * Runs in core.
 * Input: a person's query; texts of strangers out of our own tables.
 */
#include "desk/search.h"

#include "base/json.h"
#include "desk/view_inside.h"
#include "store/ops_search.h"
#include "store/task.h"

/* ---- finding ---- */

struct finder {
    struct desk *d;
    struct arena *a;
    struct search_query q;
    struct view_search *v;
};

static struct search_case *case_of(struct finder *f, int64_t case_id)
{
    for (size_t i = 0; i < f->v->n && case_id; i++)
        if (f->v->cases[i].case_id == case_id)
            return &f->v->cases[i];
    return &f->v->cases[f->v->n++];
}

static struct str who_of(const struct search_hit *h)
{
    if (h->author.n)
        return h->author;
    return h->from_name.n ? h->from_name : h->from_addr;
}

static enum rc place_of(struct finder *f, const struct search_hit *h, struct search_place *p,
                        struct err *e)
{
    struct str body = h->body, before, hit, after;
    AUTO(buf) struct buf b = BUF_INIT(4 * SEARCH_SNIPPET_MAX + SEARCH_WORD_MAX);
    TRY(view_without_way_back(f->d, f->a, &body, e));
    search_snippet(&f->q, body, SEARCH_SNIPPET_MAX, &b, &before, &hit, &after);
    TRY(buf_ok(&b, "a piece of a message", e));
    *p = (struct search_place){.message_id = h->message_id,
                               .at_us = h->at_us,
                               .who = who_of(h),
                               .direction = h->direction,
                               .state = h->state,
                               .subject = h->subject,
                               .before = arena_str(f->a, before),
                               .hit = arena_str(f->a, hit),
                               .after = arena_str(f->a, after)};
    return arena_ok(f->a, "what was found", e);
}

static enum rc add_hit(struct finder *f, const struct search_hit *h, struct err *e)
{
    bool held = str_eq(h->state, STR("held")) || str_eq(h->state, STR("quarantined"));
    struct search_case *c = case_of(f, held ? 0 : h->case_id);
    if (c->number.p == NULL)
        *c = (struct search_case){.case_id = held ? 0 : h->case_id,
                                  .number = held ? STR_NONE : h->number,
                                  .title = held ? h->subject : h->title,
                                  .closed = h->closed_us != 0};
    if (h->message_id == 0)
        return RC_OK;
    if (c->n_places == SEARCH_SHOWN_MAX) {
        c->more++;
        return RC_OK;
    }
    return place_of(f, h, &c->places[c->n_places++], e);
}

static enum rc find(struct finder *f, int64_t before, struct err *e)
{
    struct search_hit *cases = NULL, *messages = NULL;
    size_t n_cases = 0, n = 0;
    struct search_page page = {.before = before, .max = SEARCH_MESSAGES_MAX};
    if (before == 0)
        TRY(ops_search_cases(f->d->db, f->a, &f->q, SEARCH_CASES_MAX, &cases, &n_cases, e));
    TRY(ops_search_messages(f->d->db, f->a, &f->q, page, &messages, &n, e));
    f->v->cases = arena_array(f->a, n_cases + n + 1, sizeof *f->v->cases);
    TRY(arena_ok(f->a, "what was found", e));
    for (size_t i = 0; i < n_cases; i++)
        TRY(add_hit(f, &cases[i], e));
    for (size_t i = 0; i < n; i++)
        TRY(add_hit(f, &messages[i], e));
    f->v->next = n == SEARCH_MESSAGES_MAX ? messages[n - 1].message_id : 0;
    return RC_OK;
}

/* A number that was typed as people say it: in small letters. */
static struct str number_of(struct finder *f, struct str query)
{
    struct str s = arena_str(f->a, str_trim(query));
    int64_t id;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'a' && s.p[i] <= 'z')
            ((char *)s.p)[i] = (char)(s.p[i] - 'a' + 'A');
    bool ok = s.n > 0 && s.n <= VCASE_NUMBER_MAX && vcase_by_number(f->d, s, &id, NULL) == RC_OK;
    return ok ? s : STR_NONE;
}

enum rc view_search(struct desk *d, const struct actor *who, struct arena *a, struct str query,
                    int64_t before, struct view_search *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_search v = {.number = STR_NONE, .now_us = desk_now(d)};
    struct finder *f = arena_alloc(a, sizeof *f);
    TRY(actor_needs_team(who, e));
    TRY(arena_ok(a, "a search", e));
    f->d = d;
    f->a = a;
    f->v = &v;
    TRY(search_query_parse(query, &f->q, e));
    v.empty = f->q.n == 0;
    if (!v.empty) {
        TRY(view_begin(d, &tx, e));
        v.number = number_of(f, query);
        TRY(find(f, before, e));
    }
    *ret = v;
    return RC_OK;
}

/* ---- what was there before the index ---- */

static enum rc step_add(struct desk *d, bool cases, int64_t after, struct err *e)
{
    char key[64], arg[32];
    snprintf(arg, sizeof arg, "%c%lld", cases ? 'c' : 'm', (long long)after);
    snprintf(key, sizeof key, "index:%s", arg);
    struct task_new t = {.kind = "index",
                         .key = str_c(key),
                         .lane = LANE_ENGINES,
                         .arg = str_c(arg),
                         .fair = STR_NONE,
                         .again = true};
    return task_add(d->db, &t, NULL, e);
}

struct step {
    bool cases;
    int64_t after;
};

static enum rc index_one(struct desk *d, struct arena *a, bool cases, const struct search_source *s,
                         struct err *e)
{
    struct case_row c;
    if (!cases)
        return ops_search_message(d->db, s->id, s->a, s->b, e);
    TRY(ops_search_case(d->db, s->id, s->a, s->b, e));
    TRY(ops_case_get(d->db, a, s->id, &c, e));
    return case_keep_phase(d, &c, e);
}

static enum rc step_tx(struct desk *d, void *arg, struct err *e)
{
    const struct step *s = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct search_source *rows;
    size_t n;
    TRY(ops_search_source(d->db, a, s->cases, s->after, SEARCH_STEP, &rows, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(index_one(d, a, s->cases, &rows[i], e));
    if (n == SEARCH_STEP)
        return step_add(d, s->cases, rows[n - 1].id, e);
    return s->cases ? step_add(d, false, 0, e) : RC_OK;
}

enum rc search_index_step(struct desk *d, struct str arg, struct err *e)
{
    struct step s = {.cases = true};
    uint64_t after = 0;
    if (arg.n) {
        s.cases = arg.p[0] == 'c';
        TRY(num_parse(str_sub(arg, 1, arg.n), 0, INT64_MAX, "place in the index", &after, e));
        s.after = (int64_t)after;
    }
    return desk_run(d, step_tx, &s, e);
}

enum rc search_reindex(struct desk *d, struct err *e)
{
    return step_add(d, true, 0, e);
}
