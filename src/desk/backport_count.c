/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the lines of a case stand: which are ready, and what the case says of it.
 * Runs in core.
 * Input: our own rows.
 */
#include "desk/backport_inside.h"

/* The newest run of a line that tested what is settled, or what is proposed. */
static const struct run_row *run_for(const struct backport_line_row *r, const struct run_row *runs,
                                     size_t n, bool *ret_waits)
{
    const struct run_row *found = NULL;
    *ret_waits = false;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].line_id != r->id)
            continue;
        bool of_it = r->made.n && str_eq(runs[i].made, r->made);
        *ret_waits = *ret_waits || str_eq(runs[i].state, STR("asked"));
        if (!found && of_it && str_eq(runs[i].state, STR("answered")))
            found = &runs[i];
    }
    return found;
}

static const char *result_of(const struct run_row *run)
{
    static const char *const known[] = {"pass", "fail", "untested"};
    for (size_t i = 0; run && i < ARRAY_LEN(known); i++)
        if (str_eq(run->result, str_c(known[i])))
            return known[i];
    return "";
}

struct standing backport_standing(const struct backport_line_row *r, const struct run_row *runs,
                                  size_t n_runs)
{
    struct standing s = {.decision = backport_decision_of(r), .has = r->record.n > 0};
    enum port_verdict v;
    s.free =
        s.decision == BACKPORT_OPEN && port_verdict_parse(r->verdict, &v) && backport_is_free(v);
    s.counted = run_for(r, runs, n_runs, &s.runs);
    s.result = result_of(s.counted);
    bool pass = str_eq(str_c(s.result), STR("pass")), fail = str_eq(str_c(s.result), STR("fail"));
    s.ready = s.free || s.decision == BACKPORT_WAIVED ||
              (s.decision != BACKPORT_OPEN && (pass || (!fail && r->untested.n > 0)));
    return s;
}

static enum rc keep(struct desk *d, const struct actor *who, int64_t case_id, enum fact f,
                    int64_t n, const char *why, struct err *e)
{
    return fact_keep(d, who, case_id, f, json_integer((json_int_t)n), why, e);
}

static int64_t kept(const struct case_row *c, enum fact f)
{
    AUTO(json) json_t *j = NULL;
    if (json_parse(c->facts, 64 * 1024, "facts of the case", &j, NULL) != RC_OK)
        return 0;
    return json_integer_value(json_object_get(j, fact_name(f)));
}

struct counts {
    int64_t lines, fixes, waived;
};

/* No fact may say more than the one before allows: downwards first, then the number of lines, then
 * upwards. */
static enum rc keep_all(struct desk *d, struct arena *a, const struct actor *who, int64_t case_id,
                        const struct counts *n, const char *why, struct err *e)
{
    struct case_row c;
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    if (n->fixes < kept(&c, FACT_FIXES))
        TRY(keep(d, who, case_id, FACT_FIXES, n->fixes, why, e));
    if (n->waived < kept(&c, FACT_WAIVED))
        TRY(keep(d, who, case_id, FACT_WAIVED, n->waived, why, e));
    TRY(keep(d, who, case_id, FACT_LINES, n->lines, why, e));
    TRY(keep(d, who, case_id, FACT_FIXES, n->fixes, why, e));
    return keep(d, who, case_id, FACT_WAIVED, n->waived, why, e);
}

enum rc backport_count(struct desk *d, struct arena *a, const struct actor *who, int64_t id,
                       const char *why, struct err *e)
{
    struct backport_row row;
    struct backport_line_row *lines;
    struct run_row *runs;
    size_t n, n_runs;
    struct counts c = {0};
    TRY(ops_backport_get(d->db, a, id, &row, e));
    TRY(ops_backport_lines(d->db, a, id, true, &lines, &n, e));
    TRY(ops_runs_bare(d->db, a, row.case_id, BACKPORT_RUNS_MAX, &runs, &n_runs, e));
    for (size_t i = 0; i < n; i++) {
        if (!lines[i].wanted)
            continue;
        struct standing s = backport_standing(&lines[i], runs, n_runs);
        c.lines++;
        c.waived += s.decision == BACKPORT_WAIVED;
        c.fixes += s.ready && s.decision != BACKPORT_WAIVED;
    }
    row.summary = arena_strf(a, "%lld of %lld line%s ready", (long long)(c.fixes + c.waived),
                             (long long)c.lines, c.lines == 1 ? "" : "s");
    if (c.waived)
        row.summary = arena_strf(a, "%.*s, %lld waived", STR_ARG(row.summary), (long long)c.waived);
    TRY(ops_backport_sum(d->db, &row, e));
    return keep_all(d, a, who, row.case_id, &c, why, e);
}
