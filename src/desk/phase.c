/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The derived phase, the closed list of facts, the side exits.
 * Runs in core; pure.
 * Input: facts out of our own table; values of team members, checked by fact_put.
 */
#include "desk/phase.h"

#include "base/utf8.h"
#include "desk/vstate.h"

static const struct {
    const char *name;
    enum fact_type type;
    int64_t max; /* of a number */
} facts[FACT_COUNT] = {
    [FACT_ACKNOWLEDGED] = {"acknowledged", FACT_BOOL, 0},
    [FACT_EVIDENCE] = {"evidence", FACT_TEXT, 0},
    [FACT_SCOPED] = {"scoped", FACT_TEXT, 0},
    [FACT_AUDITED] = {"audited", FACT_TEXT, 0},
    [FACT_LINES] = {"lines", FACT_NUMBER, 1000},
    [FACT_FIXES] = {"fixes", FACT_NUMBER, 1000},
    [FACT_WAIVED] = {"waived", FACT_NUMBER, 1000},
    [FACT_CVE] = {"cve", FACT_TEXT, 0},
    [FACT_RELEASE] = {"release_us", FACT_NUMBER, INT64_C(253402300799000000)},
    [FACT_ADVISORY_BY] = {"advisory_by", FACT_TEXT, 0},
    [FACT_ADVISORY_APPROVED] = {"advisory_approved", FACT_TEXT, 0},
    [FACT_FORMATS_OUT] = {"formats_out", FACT_BOOL, 0},
    [FACT_POST_RELEASE] = {"post_release", FACT_BOOL, 0},
};

const char *fact_name(enum fact f)
{
    return f < FACT_COUNT ? facts[f].name : "?";
}

enum fact_type fact_kind(enum fact f)
{
    BUG_ON(f >= FACT_COUNT);
    return facts[f].type;
}

enum rc fact_parse(struct str name, enum fact *ret_f, struct err *e)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        if (str_eq(name, str_c(facts[i].name))) {
            *ret_f = (enum fact)i;
            return RC_OK;
        }
    }
    return err_set(e, RC_INVALID, "unknown fact; the manual lists the known ones");
}

static enum rc cve_check(struct str s, struct err *e)
{
    bool ok = str_starts(s, STR("CVE-")) && s.n >= 13 && s.n <= 20 && s.p[8] == '-';
    for (size_t i = 4; ok && i < s.n; i++)
        ok = i == 8 || ascii_is_digit(s.p[i]);
    return ok ? RC_OK : err_set(e, RC_INVALID, "fact cve: not of the form CVE-YYYY-NNNN");
}

static enum rc text_value_check(enum fact f, const json_t *value, struct err *e)
{
    if (!json_is_string(value))
        return err_set(e, RC_INVALID, "fact %s: a text is wanted", facts[f].name);
    struct str s = str_of(json_string_value(value), json_string_length(value));
    if (s.n == 0 || s.n > FACT_TEXT_MAX || !utf8_is_clean(s))
        return err_set(e, RC_INVALID, "fact %s: 1 to %d bytes of text are wanted", facts[f].name,
                       FACT_TEXT_MAX);
    return f == FACT_CVE ? cve_check(s, e) : RC_OK;
}

static enum rc value_check(enum fact f, const json_t *value, struct err *e)
{
    switch (facts[f].type) {
    case FACT_BOOL:
        if (!json_is_boolean(value))
            return err_set(e, RC_INVALID, "fact %s: true or false is wanted", facts[f].name);
        return RC_OK;
    case FACT_NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > facts[f].max)
            return err_set(e, RC_INVALID, "fact %s: a number from 0 to %lld is wanted",
                           facts[f].name, (long long)facts[f].max);
        return RC_OK;
    case FACT_TEXT:
        return text_value_check(f, value, e);
    }
    return err_set(e, RC_INTERNAL, "fact of no type");
}

static int64_t number_of(const json_t *obj, enum fact f)
{
    return json_integer_value(json_object_get(obj, facts[f].name));
}

/* What belongs together: k of n lines. */
static enum rc lines_check(const json_t *obj, struct err *e)
{
    if (number_of(obj, FACT_FIXES) + number_of(obj, FACT_WAIVED) > number_of(obj, FACT_LINES))
        return err_set(e, RC_INVALID, "more lines fixed and waived than there are lines");
    return RC_OK;
}

enum rc fact_put(json_t *obj, enum fact f, const json_t *value, struct err *e)
{
    BUG_ON(f >= FACT_COUNT);
    AUTO(json) json_t *next = json_copy(obj);
    if (json_is_null(value) || json_is_false(value)) {
        if (json_is_false(value) && facts[f].type != FACT_BOOL)
            return value_check(f, value, e);
        json_object_del(next, facts[f].name);
    } else {
        TRY(value_check(f, value, e));
        json_object_set_new(next, facts[f].name, json_deep_copy(value));
    }
    TRY(lines_check(next, e));
    json_object_clear(obj);
    json_object_update(obj, next);
    return RC_OK;
}

enum rc facts_check(const json_t *obj, struct err *e)
{
    if (!json_is_object(obj))
        return err_set(e, RC_INVALID, "the facts are not an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)obj, key, value)
    {
        enum fact f = 0;
        TRY(fact_parse(str_c(key), &f, e));
        TRY(value_check(f, value, e));
    }
    return lines_check(obj, e);
}

static bool has(const struct phase_in *in, enum fact f)
{
    const json_t *v = json_object_get(in->facts, facts[f].name);
    return json_is_true(v) || json_string_length(v) > 0 || json_integer_value(v) > 0;
}

static bool holds(const struct phase_in *in, enum phase p)
{
    switch (p) {
    case PHASE_RECEIVED:
        return true;
    case PHASE_ACKNOWLEDGED:
        return has(in, FACT_ACKNOWLEDGED);
    case PHASE_ASSIGNED:
        return in->has_handler;
    case PHASE_CONFIRMED:
        return (in->rm == 'V' || in->rm == 'A' || in->rm == 'D') && has(in, FACT_EVIDENCE);
    case PHASE_ACCEPTED:
        return in->rm == 'A' && in->has_severity;
    case PHASE_SCOPED:
        return has(in, FACT_SCOPED);
    case PHASE_AUDITED:
        return has(in, FACT_AUDITED);
    case PHASE_FIXING:
        return has(in, FACT_LINES);
    case PHASE_FIX_READY:
        return number_of(in->facts, FACT_FIXES) + number_of(in->facts, FACT_WAIVED) ==
                   number_of(in->facts, FACT_LINES) &&
               has(in, FACT_CVE);
    case PHASE_SCHEDULED:
        return has(in, FACT_RELEASE) && has(in, FACT_ADVISORY_APPROVED);
    case PHASE_PUBLISHED:
        return (in->cs & CS_P) && has(in, FACT_FORMATS_OUT);
    case PHASE_POST_RELEASE:
        return has(in, FACT_POST_RELEASE);
    case PHASE_CLOSED:
    case PHASE_COUNT:
        break;
    }
    return false;
}

enum phase phase_of(const struct phase_in *in)
{
    if (in->rm == 'C')
        return PHASE_CLOSED;
    enum phase p = PHASE_RECEIVED;
    while (holds(in, p + 1))
        p++;
    return p;
}

static const struct {
    const char *name, *text;
} phases[PHASE_COUNT] = {
    [PHASE_RECEIVED] = {"received", "Received"},
    [PHASE_ACKNOWLEDGED] = {"acknowledged", "Acknowledged"},
    [PHASE_ASSIGNED] = {"assigned", "Assigned"},
    [PHASE_CONFIRMED] = {"confirmed", "Confirmed"},
    [PHASE_ACCEPTED] = {"accepted", "Accepted"},
    [PHASE_SCOPED] = {"scoped", "Scoped"},
    [PHASE_AUDITED] = {"audited", "Audited"},
    [PHASE_FIXING] = {"fixing", "Fix"},
    [PHASE_FIX_READY] = {"fix-ready", "Fix ready"},
    [PHASE_SCHEDULED] = {"scheduled", "Scheduled"},
    [PHASE_PUBLISHED] = {"published", "Published"},
    [PHASE_POST_RELEASE] = {"post-release", "Post-release"},
    [PHASE_CLOSED] = {"closed", "Closed"},
};

const char *phase_name(enum phase p)
{
    return p < PHASE_COUNT ? phases[p].name : "?";
}

void phase_text(const struct phase_in *in, struct buf *b)
{
    enum phase p = phase_of(in);
    buf_adds(b, phases[p].text);
    if (p == PHASE_FIXING)
        buf_addf(b, " %lld/%lld",
                 (long long)(number_of(in->facts, FACT_FIXES) + number_of(in->facts, FACT_WAIVED)),
                 (long long)number_of(in->facts, FACT_LINES));
}

static const struct {
    const char *name, *text;
} exits[EXIT_COUNT] = {
    [EXIT_NONE] = {"", ""},
    [EXIT_NEEDS_INFORMATION] = {"needs-information", "Needs information"},
    [EXIT_NOT_REPRODUCIBLE] = {"not-reproducible", "Not reproducible"},
    [EXIT_NOT_A_VULNERABILITY] = {"not-a-vulnerability", "Not a vulnerability"},
    [EXIT_UNSUPPORTED_VERSION] = {"unsupported-version", "Unsupported version"},
    [EXIT_DUPLICATE] = {"duplicate", "Duplicate"},
    [EXIT_ROUTED] = {"routed", "Routed to its maintainer"},
    [EXIT_WITHDRAWN] = {"withdrawn", "Withdrawn"},
    [EXIT_SPAM] = {"spam", "Spam"},
};

const char *exit_name(enum side_exit x)
{
    return x < EXIT_COUNT ? exits[x].name : "?";
}

const char *exit_text(enum side_exit x)
{
    return x < EXIT_COUNT ? exits[x].text : "?";
}

enum rc exit_parse(struct str s, enum side_exit *ret_x, struct err *e)
{
    for (int i = 0; i < EXIT_COUNT; i++) {
        if (str_eq(s, str_c(exits[i].name))) {
            *ret_x = (enum side_exit)i;
            return RC_OK;
        }
    }
    return err_set(e, RC_INVALID,
                   "unknown side exit; one of needs-information, not-reproducible, "
                   "not-a-vulnerability, unsupported-version, duplicate, routed, withdrawn, spam");
}
