/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises and times in the sentences of a policy.  Runs in commands and in core; the text may be a
 * stranger's proposal.
 *
 * A rule is a set of word lists that must all be met in one sentence.  A phrase in a clause that
 * negates or asks the reader for something does not count.  A time belongs to the promise in whose
 * clause it stands; where that is not clear, to none.
 */
#include <string.h>

#include "base/when.h"
#include "desk/policy_doc.h"

#define LISTS     3
#define TRIES_MAX 8 /* places of one phrase in one sentence */

struct rule {
    enum policy_promise_kind kind;
    /* The first list holds the phrases that carry the promise, the others must occur too. */
    const char *const *all[LISTS];
    const char *const *none; /* not in the same sentence */
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct rule rules[] = {
    {PROMISE_ACKNOWLEDGE,
     {WORDS("acknowledge your", "acknowledge receipt", "acknowledge the receipt", "acknowledge it",
            "acknowledge all", "acknowledge each", "acknowledge every", "acknowledge the report",
            "acknowledge report", "acknowledge new", "acknowledge any", "acknowledge a ",
            "acknowledgement", "acknowledgment", "acknowledges ", "be acknowledged",
            "confirm receipt", "confirm the receipt", "confirming receipt",
            "confirmation of receipt", "confirm that we have received", "initial response",
            "first response", "initial reply within", "respond to your", "respond to all",
            "respond to new", "receive a response", "receive an initial", "get a response",
            "get back to you", "eingang bestätigen", "bestätigen den eingang",
            "bestätigen wir den eingang", "eingang ihrer meldung", "eingangsbestätigung"),
      WORDS("report", "email", "e-mail", "mail", "submission", "message", "receipt", "response",
            "within", "meldung", "eingang", "disclosure", "issue", "vulnerabilit")},
     WORDS("acknowledge your contribution", "acknowledge your effort", "acknowledgments page",
           "acknowledgements page", "acknowledgments section", "acknowledgements section",
           "hall of fame", "acknowledge the reporter", "acknowledge the finder",
           "public acknowledg")},
    {PROMISE_DETAIL,
     {WORDS("detailed response", "detailed reply", "detailed answer", "detailed follow-up",
            "detailed assessment", "more detailed", "indicating the next steps",
            "outlining the next steps", "with the next steps", "with next steps",
            "assessment of the report", "our evaluation of the report", "our assessment",
            "ausführliche antwort", "ausführlichere antwort", "nächsten schritte")},
     NULL},
    {PROMISE_UPDATE,
     {WORDS("keep you informed", "keep you updated", "keep you up to date", "keep you up-to-date",
            "keep the reporter informed", "keep the reporter updated", "keep reporters informed",
            "keep reporters updated", "keep you in the loop", "kept informed", "kept up to date",
            "be informed of the progress", "informed about the progress",
            "informed of our progress", "inform you of the progress", "updates on the progress",
            "update you on", "updates on our progress", "regular updates", "progress updates",
            "progress update", "status updates", "status update", "an update every",
            "updates every", "updates at least every", "update at least every",
            "auf dem laufenden")},
     NULL},
    {PROMISE_HANDLER,
     {WORDS("primary handler", "assign it to a", "assigned to a", "assign a handler",
            "assign a primary", "incident lead", "case owner", "a coordinator will",
            "single point of contact", "a member of the team will be assigned",
            "wird einer person zugewiesen", "fest zugeordnet")},
     NULL},
    {PROMISE_AFFECTED,
     {WORDS("affected version", "affected release", "versions affected", "releases affected",
            "versions are affected", "releases are affected", "betroffene version",
            "betroffenen version", "affected branches"),
      WORDS("determine", "identify", "find out", "check which", "investigate", "verify", "assess",
            "establish", "ermitteln", "bestimmen", "feststellen")},
     NULL},
    {PROMISE_AUDIT,
     {WORDS("similar problem", "similar issue", "similar bug", "similar vulnerabilit",
            "similar flaw", "related vulnerabilit", "variants of", "variant analysis",
            "ähnliche probleme", "ähnlichen problemen", "ähnlichen fehlern", "ähnliche fehler"),
      WORDS("audit", "search", "look for", "find", "review", "check", "hunt", "such", "prüf")},
     NULL},
    {PROMISE_FIXES,
     {WORDS("releases still under maintenance", "versions still under maintenance",
            "branches still under maintenance", "all maintained", "all supported", "each supported",
            "each maintained", "every supported", "every maintained", "all currently supported",
            "all currently maintained", "all releases still", "all versions still",
            "alle gepflegten", "alle unterstützten"),
      WORDS("fix", "patch", "backport", "prepare", "provide", "behebung", "korrektur")},
     NULL},
    {PROMISE_THIRD_PARTY,
     {WORDS("third-party", "third party", "upstream project", "drittanbieter", "dritter"),
      WORDS("report", "vulnerabilit", "security", "meld"),
      WORDS("maintain", "upstream", "vendor", "author", "owner", "betreuer", "projekt")},
     NULL},
    {PROMISE_CREDIT,
     {WORDS("acknowledge your contribution", "acknowledge your effort", "acknowledge the reporter",
            "acknowledge the finder", "acknowledge reporters", "publicly acknowledge",
            "public acknowledg", "acknowledgments page", "acknowledgements page",
            "acknowledgments section", "acknowledgements section", "hall of fame", "credit you",
            "credit to", "credit the", "credit reporters", "credit researchers", "credit for",
            "be credited", "will credit", "give credit", "receive credit", "publicly thank",
            "namentlich", "danken ihnen öffentlich")},
     WORDS("credit card")},
    {PROMISE_ANNOUNCE,
     {WORDS("full announcement", "public announcement", "announce the", "be announced",
            "will announce", "publish a security advisory", "publish an advisory",
            "publish a github security advisory", "publish the advisory",
            "publish security advisories", "release a security advisory", "release an advisory",
            "issue a security advisory", "issue an advisory", "advisory will be published",
            "advisories are published", "disclose it publicly", "publicly disclose the",
            "will be publicly disclosed", "sicherheitshinweis", "bekanntgabe",
            "veröffentlichen wir")},
     NULL},
    {PROMISE_COMMENTS,
     {WORDS("pull request", "pull-request", "merge request", "merge-request"),
      WORDS("suggestion", "improve", "comment", "feedback", "propose", "vorschl", "verbesser",
            "changes to"),
      WORDS("policy", "process", "this document", "this page", "this file", "dokument",
            "richtlinie")},
     NULL},
};

/* ---- Times ---- */

static bool word_number(struct str w, uint64_t *ret_n)
{
    static const struct {
        const char *word;
        unsigned n;
    } words[] = {{"a", 1},      {"an", 1},      {"one", 1},     {"two", 2},       {"three", 3},
                 {"four", 4},   {"five", 5},    {"six", 6},     {"seven", 7},     {"eight", 8},
                 {"nine", 9},   {"ten", 10},    {"twelve", 12}, {"fourteen", 14}, {"thirty", 30},
                 {"sixty", 60}, {"ninety", 90}, {"einem", 1},   {"einer", 1},     {"zwei", 2},
                 {"drei", 3},   {"vier", 4},    {"fünf", 5},    {"sieben", 7},    {"zehn", 10}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(w, str_c(words[i].word))) {
            *ret_n = words[i].n;
            return true;
        }
    struct err e;
    return num_parse(w, 1, 1000, "n", ret_n, &e) == RC_OK;
}

static bool unit_of(struct str w, int64_t *ret_us)
{
    static const struct {
        const char *word;
        int64_t us;
    } units[] = {{"h", US_PER_H},
                 {"hr", US_PER_H},
                 {"hrs", US_PER_H},
                 {"hour", US_PER_H},
                 {"hours", US_PER_H},
                 {"stunde", US_PER_H},
                 {"stunden", US_PER_H},
                 {"day", US_PER_DAY},
                 {"days", US_PER_DAY},
                 {"workdays", US_PER_DAY},
                 {"tag", US_PER_DAY},
                 {"tage", US_PER_DAY},
                 {"tagen", US_PER_DAY},
                 {"werktag", US_PER_DAY},
                 {"werktage", US_PER_DAY},
                 {"werktagen", US_PER_DAY},
                 {"week", 7 * US_PER_DAY},
                 {"weeks", 7 * US_PER_DAY},
                 {"woche", 7 * US_PER_DAY},
                 {"wochen", 7 * US_PER_DAY},
                 {"month", 30 * US_PER_DAY},
                 {"months", 30 * US_PER_DAY},
                 {"monat", 30 * US_PER_DAY},
                 {"monaten", 30 * US_PER_DAY}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eq(w, str_c(units[i].word))) {
            *ret_us = units[i].us;
            return true;
        }
    return false;
}

static bool word_byte(char c)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* The next word at or behind *at, over spaces, hyphens and "(two)"; *at moves behind it. */
static struct str next_word(struct str s, size_t *at)
{
    size_t i = *at;
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '-' || s.p[i] == '/'))
        i++;
    if (i < s.n && s.p[i] == '(') {
        size_t close = str_chr(str_sub(s, i, 20), ')');
        if (close != STR_NPOS)
            i += close + 1;
        while (i < s.n && s.p[i] == ' ')
            i++;
    }
    size_t from = i;
    while (i < s.n && word_byte(s.p[i]))
        i++;
    *at = i;
    return str_sub(s, from, i - from);
}

/* "48 hours", "48h", "24-48 hours", "3 working days", "two (2) business days" at s.p[from]. */
static bool span_at(struct str s, size_t from, struct span_found *ret_s)
{
    size_t at = from;
    struct str w = next_word(s, &at), number = w;
    uint64_t n;
    int64_t unit;
    size_t digits = 0;
    while (digits < w.n && ascii_is_digit(w.p[digits]))
        digits++;
    bool joined = digits > 0 && digits < w.n; /* 48h */
    if (joined)
        number = str_sub(w, 0, digits);
    if (!word_number(number, &n))
        return false;
    struct span_found f = {.from = from};
    w = joined ? str_sub(w, digits, w.n) : next_word(s, &at);
    /* The upper end of "24-48 hours", "3 to 5 days". */
    size_t back = at;
    if (str_eq(w, STR("to")) || str_eq(w, STR("bis")))
        w = next_word(s, &at);
    uint64_t upper;
    if (w.n > 0 && ascii_is_digit(w.p[0]) && word_number(w, &upper) && upper >= n) {
        n = upper;
        w = next_word(s, &at);
    } else if (back != at) {
        return false;
    }
    if (str_eq(w, STR("working")) || str_eq(w, STR("business")) || str_eq(w, STR("calendar")) ||
        str_eq(w, STR("full"))) {
        f.working_days = w.p[0] == 'w' || w.p[0] == 'b';
        w = next_word(s, &at);
    }
    if (!unit_of(w, &unit))
        return false;
    f.working_days = f.working_days || str_starts(w, STR("werktag")) || str_eq(w, STR("workdays"));
    f.us = (int64_t)n * unit;
    f.to = at;
    *ret_s = f;
    return true;
}

bool span_find(struct str lower, size_t from, struct span_found *ret_s)
{
    for (size_t i = from; i < lower.n; i++) {
        bool begins = word_byte(lower.p[i]) && (i == 0 || !word_byte(lower.p[i - 1]));
        if (begins && span_at(lower, i, ret_s))
            return true;
    }
    return false;
}

/* ---- Clauses ---- */

/* "within 48 hours": the words before a span that bound it; where they begin, or STR_NPOS. */
static size_t bound_before(struct str s, size_t at)
{
    static const char *const words[] = {"within",
                                        "within at most",
                                        "in",
                                        "in under",
                                        "in less than",
                                        "after",
                                        "every",
                                        "at most",
                                        "at most every",
                                        "at least every",
                                        "no later than",
                                        "not later than",
                                        "up to",
                                        "less than",
                                        "under",
                                        "maximum of",
                                        "within a maximum of",
                                        "every other",
                                        "within the next",
                                        "within about",
                                        "within approximately",
                                        "innerhalb von",
                                        "binnen",
                                        "alle",
                                        "spätestens nach",
                                        "at least once every",
                                        "at least once",
                                        "once",
                                        "once every"};
    struct str before = str_sub(s, 0, at);
    while (before.n > 0 && before.p[before.n - 1] == ' ')
        before.n--;
    size_t best = STR_NPOS;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str w = str_c(words[i]);
        if (!str_ends(before, w))
            continue;
        size_t from = before.n - w.n;
        if ((from == 0 || !word_byte(before.p[from - 1])) && (best == STR_NPOS || from < best))
            best = from;
    }
    return best;
}

static bool is_break(struct str s, size_t i, size_t *ret_len)
{
    static const char *const breaks[] = {", ", "; ", ": ", " and ", " but ", " und ", " – "};
    for (size_t k = 0; k < ARRAY_LEN(breaks); k++)
        if (str_starts(str_sub(s, i, s.n), str_c(breaks[k]))) {
            *ret_len = strlen(breaks[k]);
            return true;
        }
    return false;
}

/* The clause around s.p[at]. */
static void clause_at(struct str s, size_t at, size_t *ret_from, size_t *ret_to)
{
    size_t from = 0, to = s.n, len;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_break(s, i, &len))
            continue;
        if (i + len <= at)
            from = i + len;
        else if (i >= at) {
            to = i;
            break;
        }
    }
    *ret_from = from;
    *ret_to = to;
}

/* "not", "if you", "please" between the start of its clause and the phrase. */
static bool turned_down(struct str s, size_t at)
{
    static const char *const no[] = {
        " not ",     "n't ",      " cannot ",    " unable ",           " never ", " no ",
        " without ", " if you ",  " unless ",    " please ",           " nicht ", " kein",
        " may ask ", " ask you ", " until you ", " once you receive ", NULL};
    size_t from, to;
    clause_at(s, at, &from, &to);
    char text[400];
    size_t n = at - from;
    if (n > sizeof text - 3) {
        from = at - (sizeof text - 3);
        n = sizeof text - 3;
    }
    text[0] = ' ';
    memcpy(text + 1, s.p + from, n);
    text[n + 1] = ' ';
    return any_of(str_of(text, n + 2), no, NULL);
}

/* ---- Rules ---- */

/* Rules for the reader: "if you" and "please" belong to them. */
static bool asks_reader(enum policy_promise_kind k)
{
    return k == PROMISE_THIRD_PARTY || k == PROMISE_COMMENTS;
}

/* Where a phrase of the rule stands in the sentence, not turned down. */
static bool rule_at(const struct rule *r, struct str s, size_t *ret_at)
{
    for (size_t k = 1; k < LISTS && r->all[k]; k++)
        if (!any_of(s, r->all[k], NULL))
            return false;
    if (r->none && any_of(s, r->none, NULL))
        return false;
    for (size_t i = 0; r->all[0][i]; i++) {
        struct str phrase = str_c(r->all[0][i]);
        size_t from = 0;
        for (int tries = 0; tries < TRIES_MAX; tries++) {
            size_t at = str_find(str_sub(s, from, s.n), phrase);
            if (at == STR_NPOS)
                break;
            at += from;
            bool begins = at == 0 || !word_byte(s.p[at - 1]) || (unsigned char)phrase.p[0] >= 0x80;
            if (begins && (asks_reader(r->kind) || !turned_down(s, at))) {
                *ret_at = at;
                return true;
            }
            from = at + 1;
        }
    }
    return false;
}

static bool timed(enum policy_promise_kind k)
{
    return k == PROMISE_ACKNOWLEDGE || k == PROMISE_DETAIL || k == PROMISE_UPDATE;
}

/* How many of the promises with a time stand in s.p[from..to). */
static size_t timed_between(struct str s, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        size_t at;
        if (timed(rules[i].kind) && rule_at(&rules[i], s, &at) && at >= from && at < to)
            n++;
    }
    return n;
}

/* Which part of the sentence a time speaks of: its clause, or when that holds nothing but the time,
 * the next one with it. */
static void reach_of(struct str s, const struct span_found *f, size_t bound, size_t *ret_from,
                     size_t *ret_to)
{
    size_t from, to, more, next_to;
    clause_at(s, f->from, &from, &to);
    struct str before = str_trim(str_sub(s, from, bound > from ? bound - from : 0));
    struct str after = str_trim(str_sub(s, f->to, to > f->to ? to - f->to : 0));
    if (before.n < 4 && after.n < 4 && to < s.n) {
        size_t behind = to + 2 < s.n ? to + 2 : s.n;
        clause_at(s, behind, &more, &next_to);
        to = next_to;
    }
    *ret_from = from;
    *ret_to = to;
}

static void read_time(struct doc *d, struct str s, size_t flat_at, size_t phrase,
                      struct policy_promise *pr)
{
    size_t from = 0;
    struct span_found f;
    bool alone = timed_between(s, 0, s.n) == 1;
    for (int tries = 0; tries < TRIES_MAX && span_find(s, from, &f); tries++) {
        from = f.to;
        size_t bound = bound_before(s, f.from), reach_from, reach_to;
        /* "a 48-hour response" needs no "within". */
        bool hyphen = f.from < f.to && str_chr(str_sub(s, f.from, f.to - f.from), '-') != STR_NPOS;
        if (bound == STR_NPOS && !hyphen)
            continue;
        if (bound == STR_NPOS)
            bound = f.from;
        reach_of(s, &f, bound, &reach_from, &reach_to);
        bool here = phrase >= reach_from && phrase < reach_to;
        if (!here && !(alone && timed_between(s, reach_from, reach_to) == 0))
            continue;
        pr->within_us = f.us;
        pr->working_days = f.working_days;
        pr->within_words = arena_str(d->a, doc_flat(d, flat_at + bound, flat_at + f.to));
        return;
    }
}

/* "Please include:" above a list. */
static bool asks_for(const struct doc *d, const struct block *lead)
{
    static const char *const ask[] = {"include",
                                      "provide us",
                                      "provide the",
                                      "please",
                                      "send us",
                                      "should contain",
                                      "following information",
                                      "enthalten",
                                      "bitte",
                                      NULL};
    struct str s = doc_lower(d, lead->from, lead->to);
    /* Its last sentence. */
    for (size_t i = s.n > 0 ? s.n - 1 : 0; i > 0; i--)
        if (s.p[i - 1] == '.' && s.p[i] == ' ') {
            s = str_sub(s, i, s.n);
            break;
        }
    return str_ends(s, STR(":")) && any_of(s, ask, NULL);
}

#define LEADS_UP 4 /* lists inside lists */

/* Lists of what a report should hold, tables and code promise nothing. */
static bool speaks_of_us(const struct doc *d, const struct sentence *st)
{
    const struct block *b = &d->blocks[st->block];
    if (b->kind == BLOCK_ROW || b->kind == BLOCK_CODE)
        return false;
    for (int up = 0; up < LEADS_UP && b->kind == BLOCK_ITEM && b->lead != SIZE_MAX; up++) {
        b = &d->blocks[b->lead];
        if (asks_for(d, b))
            return false;
    }
    return true;
}

static void take_promise(struct doc *d, const struct sentence *st, size_t phrase,
                         enum policy_promise_kind kind, struct policy_promise *old)
{
    struct str s = doc_lower(d, st->from, st->to);
    struct policy_promise pr = {.found = true};
    if (timed(kind))
        read_time(d, s, st->from, phrase, &pr);
    /* The first sentence counts; a later one only if it states the time. */
    if (old->found && (old->within_us != 0 || pr.within_us == 0))
        return;
    pr.words = arena_str(d->a, doc_flat(d, st->from, st->to));
    pr.line_start = d->line_at[st->from];
    pr.line_end = d->line_at[st->to - 1];
    *old = pr;
}

void policy_find_promises(struct doc *d, struct policy *p)
{
    for (size_t i = 0; i < d->n_sentences; i++) {
        const struct sentence *st = &d->sentences[i];
        if (!speaks_of_us(d, st))
            continue;
        struct str s = doc_lower(d, st->from, st->to);
        for (size_t k = 0; k < ARRAY_LEN(rules); k++) {
            size_t at;
            struct policy_promise *pr = &p->promises[rules[k].kind];
            if (!(pr->found && (pr->within_us || !timed(rules[k].kind))) &&
                rule_at(&rules[k], s, &at))
                take_promise(d, st, at, rules[k].kind, pr);
        }
    }
}

void policy_find_embargo(struct doc *d, struct policy *p)
{
    static const char *const words[] = {
        "embargo",        "disclos",       "publicly", "public release",
        "before publish", "veröffentlich", NULL};
    for (size_t i = 0; i < d->n_sentences; i++) {
        const struct sentence *st = &d->sentences[i];
        struct str s = doc_lower(d, st->from, st->to);
        struct span_found f;
        if (d->blocks[st->block].kind == BLOCK_CODE || !any_of(s, words, NULL))
            continue;
        size_t from = 0;
        while (span_find(s, from, &f) && f.us < 7 * US_PER_DAY)
            from = f.to;
        if (!span_find(s, from, &f))
            continue;
        p->embargo_us = f.us;
        p->embargo_words = arena_str(d->a, doc_flat(d, st->from, st->to));
        p->embargo_line = d->line_at[st->from];
        return;
    }
}
