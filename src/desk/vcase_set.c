/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a case: its three machines, facts, side exits, title, severity, handler, the end.
 * Runs in core.
 * Input: arguments of team members, checked here; each change is one transaction with its event.
 */
#include "base/utf8.h"
#include "desk/clock.h"
#include "desk/inside.h"
#include "store/ops_people.h"
#include "store/ops_search.h"

enum set_what { SET_RM, SET_RM_OF, SET_EM, SET_CS, SET_FACT, SET_EXIT, SET_WORD, SET_HANDLER };

/* One change, in whatever kind. */
struct set {
    enum set_what what;
    const struct actor *who;
    int64_t id; /* of the case, or of the participant */
    char rm;
    enum em_act act;
    int64_t until_us;
    enum cs_bit bit;
    enum fact fact;
    const json_t *value;
    enum side_exit exit;
    bool severity;   /* SET_WORD: severity, else title */
    struct str text; /* word or login */
    struct str reason;
};

static enum rc reason_check(struct str reason, struct err *e)
{
    return desk_check_text(reason, DESK_REASON_MAX, "the reason", e);
}

static enum rc tell_rm(struct desk *d, const struct set *s, int64_t case_id, int64_t participant,
                       char from, char to, struct err *e)
{
    char f[2] = {from, '\0'}, t[2] = {to, '\0'};
    return desk_event(d, s->who, case_id, "case.rm",
                      json_pack("{s:I, s:s, s:s, s:o}", "participant", (json_int_t)participant,
                                "from", f, "to", t, "reason", json_str(s->reason)),
                      e);
}

static enum rc store_rm(struct desk *d, const struct set *s, struct open_case *oc, char to,
                        struct err *e)
{
    char from = oc->v.rm, word[2] = {to, '\0'};
    TRY(vstate_rm(&oc->v, to, e));
    TRY(ops_participant_set_rm(d->db, oc->ours.id, str_c(word), e));
    return tell_rm(d, s, oc->c.id, oc->ours.id, from, to, e);
}

/* The row's copy of the machines; em and cs must outlive the store. */
struct words {
    char em[2], cs[CS_LEN + 1];
};
static void put_words(struct open_case *oc, struct words *w)
{
    w->em[0] = oc->v.em;
    w->em[1] = '\0';
    cs_text(oc->v.cs, w->cs);
    oc->c.em = str_c(w->em);
    oc->c.cs = str_c(w->cs);
    if (oc->v.em == 'N' || oc->v.em == 'X') {
        oc->c.em_until_us = 0;
        oc->c.em_offer_us = 0;
    }
}

static enum rc tell_em(struct desk *d, const struct set *s, const struct open_case *oc, char from,
                       const char *act, struct err *e)
{
    char f[2] = {from, '\0'}, t[2] = {oc->v.em, '\0'};
    return desk_event(d, s->who, oc->c.id, "case.em",
                      json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "act", act, "from", f, "to", t,
                                "until_us", (json_int_t)oc->c.em_until_us, "offer_us",
                                (json_int_t)oc->c.em_offer_us, "reason", json_str(s->reason)),
                      e);
}

/* Of an offer and a standing end: what becomes of them. */
static enum rc em_times(struct desk *d, struct set *s, struct open_case *oc, char from,
                        struct err *e)
{
    bool offers = s->act == EM_PROPOSE || s->act == EM_COUNTER || s->act == EM_REVISE;
    if (offers && s->until_us <= desk_now(d))
        return err_set(e, RC_INVALID, "the embargo needs an end in the future (date and time)");
    if (!offers && s->until_us != 0)
        return err_set(e, RC_INVALID, "only propose, counter and revise name an end");
    if (offers && (from == 'N' || from == 'P'))
        oc->c.em_until_us = s->until_us;
    else if (offers)
        oc->c.em_offer_us = s->until_us;
    else if (from == 'R') {
        if (s->act == EM_ACCEPT)
            oc->c.em_until_us = oc->c.em_offer_us;
        oc->c.em_offer_us = 0;
    }
    return RC_OK;
}

static enum rc set_em(struct desk *d, struct set *s, struct open_case *oc, struct err *e)
{
    struct words w;
    char from = oc->v.em;
    TRY(vstate_em(&oc->v, s->act, e));
    TRY(em_times(d, s, oc, from, e));
    put_words(oc, &w);
    TRY(case_store(d, &oc->c, e));
    return tell_em(d, s, oc, from, em_act_name(s->act), e);
}

static enum rc set_cs(struct desk *d, struct set *s, struct open_case *oc, struct err *e)
{
    struct words w;
    char from[CS_LEN + 1], em = oc->v.em;
    cs_text(oc->v.cs, from);
    TRY(vstate_cs(&oc->v, s->bit, e));
    put_words(oc, &w);
    TRY(case_store(d, &oc->c, e));
    TRY(desk_event(
        d, s->who, oc->c.id, "case.cs",
        json_pack("{s:s, s:s, s:o}", "from", from, "to", w.cs, "reason", json_str(s->reason)), e));
    return em == oc->v.em ? RC_OK : tell_em(d, s, oc, em, "forced", e);
}

static enum rc set_fact(struct desk *d, struct set *s, struct open_case *oc, struct err *e)
{
    AUTO(json) json_t *facts = NULL;
    AUTO(buf) struct buf text = BUF_INIT(64 * 1024);
    TRY(json_parse(oc->c.facts, 64 * 1024, "facts of the case", &facts, e));
    const char *author = json_string_value(json_object_get(facts, fact_name(FACT_ADVISORY_BY)));
    if (s->fact == FACT_ADVISORY_APPROVED && json_is_string(s->value)) {
        if (!author)
            return err_set(e, RC_INVALID, "there is no advisory draft to approve (advisory_by)");
        if (str_eq(str_c(author), str_c(json_string_value(s->value))))
            return err_set(e, RC_INVALID, "a second person approves the advisory, not its author");
    }
    TRY(fact_put(facts, s->fact, s->value, e));
    TRY(json_write(&text, facts, e));
    oc->c.facts = buf_str(&text);
    TRY(case_store(d, &oc->c, e));
    return desk_event(d, s->who, oc->c.id, "case.fact",
                      json_pack("{s:s, s:o, s:o}", "fact", fact_name(s->fact), "value",
                                json_deep_copy(s->value), "reason", json_str(s->reason)),
                      e);
}

static enum rc set_exit(struct desk *d, const struct set *s, struct open_case *oc, struct err *e)
{
    oc->c.exit = str_c(exit_name(s->exit));
    oc->c.exit_reason = s->exit == EXIT_NONE ? STR_NONE : s->reason;
    TRY(case_store(d, &oc->c, e));
    return desk_event(
        d, s->who, oc->c.id, "case.exit",
        json_pack("{s:s, s:o}", "exit", exit_name(s->exit), "reason", json_str(s->reason)), e);
}

static enum rc set_word(struct desk *d, const struct set *s, struct open_case *oc, struct err *e)
{
    if (str_eq(s->severity ? oc->c.severity : oc->c.title, s->text))
        return RC_OK; /* a form sends title and severity; only what is new is a change */
    if (s->severity)
        oc->c.severity = s->text;
    else
        oc->c.title = s->text;
    TRY(case_store(d, &oc->c, e));
    if (!s->severity)
        TRY(ops_search_case(d->db, oc->c.id, oc->c.number, oc->c.title, e));
    return desk_event(d, s->who, oc->c.id, s->severity ? "case.severity" : "case.title",
                      json_pack("{s:o}", "value", json_str(s->text)), e);
}

static enum rc set_handler(struct desk *d, const struct set *s, struct open_case *oc, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row to;
    enum rc rc = ops_account_by_login(d->db, a, s->text, &to, e);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_INVALID, "nobody of the team has this login");
    TRY(rc);
    if (!to.active)
        return err_set(e, RC_INVALID, "this account is switched off");
    if (to.id == oc->c.handler_id)
        return err_set(e, RC_INVALID, "this person handles the case already");
    TRY(case_hand_over(d, s->who, &oc->c, to.id, s->reason, e));
    oc->c.escalated = 0;
    return case_store(d, &oc->c, e);
}

static enum rc set_rm_of(struct desk *d, const struct set *s, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct participant_row p;
    char to[2] = {s->rm, '\0'};
    TRY(ops_participant_get(d->db, a, s->id, &p, e));
    if (p.ours)
        return err_set(e, RC_INVALID, "this is the desk itself: set the state of the case");
    if (!rm_legal(p.rm.p[0], s->rm))
        return err_set(e, RC_INVALID, "a report that is %s cannot become %s", rm_word(p.rm.p[0]),
                       rm_word(s->rm));
    TRY(ops_participant_set_rm(d->db, p.id, str_c(to), e));
    return tell_rm(d, s, p.case_id, p.id, p.rm.p[0], s->rm, e);
}

static enum rc set_tx(struct desk *d, void *arg, struct err *e)
{
    struct set *s = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    if (s->what == SET_RM_OF)
        return set_rm_of(d, s, e);
    TRY(case_load_open(d, a, s->id, &oc, e));
    switch (s->what) {
    case SET_RM:
        TRY(store_rm(d, s, &oc, s->rm, e));
        return case_store(d, &oc.c, e);
    case SET_EM:
        return set_em(d, s, &oc, e);
    case SET_CS:
        return set_cs(d, s, &oc, e);
    case SET_FACT:
        return set_fact(d, s, &oc, e);
    case SET_EXIT:
        return set_exit(d, s, &oc, e);
    case SET_WORD:
        return set_word(d, s, &oc, e);
    case SET_HANDLER:
        return set_handler(d, s, &oc, e);
    case SET_RM_OF:
        break;
    }
    return err_set(e, RC_INTERNAL, "a change of no kind");
}

static enum rc run(struct desk *d, struct set *s, bool needs_reason, struct err *e)
{
    TRY(actor_needs_team(s->who, e));
    if (needs_reason)
        TRY(reason_check(s->reason, e));
    return desk_run(d, set_tx, s, e);
}

enum rc vcase_rm(struct desk *d, const struct actor *who, int64_t case_id, char to,
                 struct str reason, struct err *e)
{
    if (to == 'C')
        return err_set(e, RC_INVALID, "a case is closed with `case close`");
    struct set s = {.what = SET_RM, .who = who, .id = case_id, .rm = to, .reason = reason};
    return run(d, &s, true, e);
}

enum rc vcase_rm_of(struct desk *d, const struct actor *who, int64_t participant_id, char to,
                    struct str reason, struct err *e)
{
    struct set s = {
        .what = SET_RM_OF, .who = who, .id = participant_id, .rm = to, .reason = reason};
    return run(d, &s, true, e);
}

enum rc vcase_em(struct desk *d, const struct actor *who, int64_t case_id, enum em_act act,
                 int64_t until_us, struct str reason, struct err *e)
{
    struct set s = {.what = SET_EM,
                    .who = who,
                    .id = case_id,
                    .act = act,
                    .until_us = until_us,
                    .reason = reason};
    return run(d, &s, true, e);
}

enum rc vcase_cs(struct desk *d, const struct actor *who, int64_t case_id, enum cs_bit bit,
                 struct str reason, struct err *e)
{
    struct set s = {.what = SET_CS, .who = who, .id = case_id, .bit = bit, .reason = reason};
    return run(d, &s, true, e);
}

enum rc vcase_fact(struct desk *d, const struct actor *who, int64_t case_id, enum fact f,
                   const json_t *value, struct str reason, struct err *e)
{
    struct set s = {
        .what = SET_FACT, .who = who, .id = case_id, .fact = f, .value = value, .reason = reason};
    return run(d, &s, true, e);
}

enum rc fact_keep(struct desk *d, const struct actor *who, int64_t case_id, enum fact f,
                  json_t *value, const char *reason, struct err *e)
{
    AUTO(json) json_t *v = value;
    AUTO(json) json_t *facts = NULL;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    TRY(case_load(d, a, case_id, &oc, e));
    TRY(json_parse(oc.c.facts, 64 * 1024, "facts of the case", &facts, e));
    const json_t *now = json_object_get(facts, fact_name(f));
    bool same = now ? json_equal(now, v) : json_is_null(v);
    if (oc.c.closed_us || same)
        return RC_OK;
    return vcase_fact(d, who, case_id, f, v, str_c(reason), e);
}

enum rc vcase_exit(struct desk *d, const struct actor *who, int64_t case_id, enum side_exit x,
                   struct str reason, struct err *e)
{
    struct set s = {.what = SET_EXIT, .who = who, .id = case_id, .exit = x, .reason = reason};
    return run(d, &s, true, e);
}

enum rc vcase_title(struct desk *d, const struct actor *who, int64_t case_id, struct str title,
                    struct err *e)
{
    TRY(desk_check_line(title, DESK_TITLE_MAX, "the title", e));
    struct set s = {.what = SET_WORD, .who = who, .id = case_id, .text = title};
    return run(d, &s, false, e);
}

enum rc vcase_severity(struct desk *d, const struct actor *who, int64_t case_id, struct str word,
                       struct err *e)
{
    static const char *const words[] = {"", "critical", "high", "medium", "low"};
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        known = known || str_eq(word, str_c(words[i]));
    if (!known)
        return err_set(e, RC_INVALID, "the severity is critical, high, medium, low or empty");
    struct set s = {.what = SET_WORD, .who = who, .id = case_id, .text = word, .severity = true};
    return run(d, &s, false, e);
}

enum rc vcase_assign(struct desk *d, const struct actor *who, int64_t case_id, struct str login,
                     struct str reason, struct err *e)
{
    struct set s = {
        .what = SET_HANDLER, .who = who, .id = case_id, .text = login, .reason = reason};
    return run(d, &s, true, e);
}

/* ---- the end ---- */

/* The legal way to C from where we are; "" when there. */
static const char *way_to_closed(char rm)
{
    switch (rm) {
    case 'S':
        return "RIC";
    case 'R':
        return "IC";
    case 'V':
        return "DC";
    case 'I':
    case 'A':
    case 'D':
        return "C";
    default:
        return "";
    }
}

static enum rc close_tx(struct desk *d, void *arg, struct err *e)
{
    struct set *s = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    TRY(case_load_open(d, a, s->id, &oc, e));
    if (s->exit != EXIT_NONE)
        TRY(set_exit(d, s, &oc, e));
    if (oc.c.exit.n == 0 && oc.v.rm != 'A')
        return err_set(e, RC_INVALID,
                       "a case that was not accepted is closed by a side exit: say which");
    for (const char *p = way_to_closed(oc.v.rm); *p; p++)
        TRY(store_rm(d, s, &oc, *p, e));
    TRY(clock_cancel(d, oc.c.id, e));
    oc.c.closed_us = desk_now(d);
    TRY(case_store(d, &oc.c, e));
    return desk_event(d, s->who, oc.c.id, "case.closed",
                      json_pack("{s:o}", "reason", json_str(s->reason)), e);
}

enum rc vcase_close(struct desk *d, const struct actor *who, int64_t case_id, enum side_exit x,
                    struct str reason, struct err *e)
{
    struct set s = {.who = who, .id = case_id, .exit = x, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(reason_check(reason, e));
    return desk_run(d, close_tx, &s, e);
}
