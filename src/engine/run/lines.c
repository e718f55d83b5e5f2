/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that tests write (results.h).  Runs in the engine child; every line is a stranger's.  Each
 * reader takes a line or leaves it to the next one; none can fail.
 */
#include "base/arena.h"
#include "engine/run/results.h"

#define WORD_MAX 20 /* bytes of a word that says how a test ended */

/* ---- Small readers: each cuts something off the front of *s ---- */

static bool take(struct str *s, struct str word)
{
    if (!str_starts(*s, word))
        return false;
    *s = str_sub(*s, word.n, s->n);
    return true;
}

static size_t take_spaces(struct str *s)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t'))
        n++;
    *s = str_sub(*s, n, s->n);
    return n;
}

static bool take_number(struct str *s)
{
    size_t n = 0;
    while (n < s->n && ascii_is_digit(s->p[n]))
        n++;
    *s = str_sub(*s, n, s->n);
    return n > 0;
}

/* Without a trailing "(0.05s)", "(12 ms)", "(0.01 sec)", "[ 12%]". */
static struct str without_time(struct str s)
{
    s = str_trim(s);
    for (;;) {
        char open = 0;
        if (str_ends(s, STR(")")))
            open = '(';
        else if (str_ends(s, STR("]")))
            open = '[';
        size_t at = open ? str_rchr(s, open) : STR_NPOS;
        if (at == STR_NPOS || at == 0)
            return s;
        struct str in = str_trim(str_sub(s, at + 1, s.n - at - 2));
        if (in.n == 0 || !ascii_is_digit(in.p[0]))
            return s;
        while (in.n && (ascii_is_digit(in.p[0]) || in.p[0] == '.' || in.p[0] == ','))
            in = str_sub(in, 1, in.n);
        in = str_trim(in);
        static const char *const units[] = {"s", "ms", "sec", "seconds", "us", "%", "min", "m"};
        bool unit = false;
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
            unit = unit || str_eq(in, str_c(units[i]));
        if (!unit)
            return s;
        s = str_trim(str_sub(s, 0, at));
    }
}

struct word {
    const char *word;
    enum result_state state;
};

static bool word_state(struct str word, const struct word *list, enum result_state *ret)
{
    for (; list->word; list++) {
        if (str_eq(word, str_c(list->word))) {
            *ret = list->state;
            return true;
        }
    }
    return false;
}

/* ---- TAP ---- */

static bool tap(struct results *r, struct str s)
{
    struct str whole = s;
    enum result_state state = take(&s, STR("not ok")) ? RESULT_FAIL : RESULT_PASS;
    if (state == RESULT_PASS && !take(&s, STR("ok")))
        return false;
    if (s.n > 0 && s.p[0] != ' ')
        return false;
    take_spaces(&s);
    struct str rest = s;
    bool number = take_number(&rest) && (rest.n == 0 || rest.p[0] == ' ');
    struct str name = number ? rest : s;
    take_spaces(&name);
    if (take(&name, STR("- ")))
        take_spaces(&name);
    size_t hash = str_find(name, STR("# "));
    if (hash != STR_NPOS) {
        struct str why = str_trim(str_sub(name, hash + 2, name.n));
        bool excused = str_starts_nocase(why, STR("skip")) ||
                       (state == RESULT_FAIL && str_starts_nocase(why, STR("todo")));
        if (excused)
            state = RESULT_SKIP;
        name = str_sub(name, 0, hash);
    }
    name = without_time(name);
    if (name.n == 0 && number) { /* only numbered */
        name = str_sub(whole, 0, (size_t)(rest.p - whole.p));
        (void)take(&name, STR("not "));
    }
    results_put(r, name, state);
    return name.n > 0;
}

/* prove: "t/a.t ........ ok", "t/b.t .. Failed 1/3 subtests", "t/c.t .. skipped: no" */
static bool prove(struct results *r, struct str s)
{
    size_t at = str_find(s, STR(" .."));
    if (at == STR_NPOS || at == 0 || str_chr(str_sub(s, 0, at), ' ') != STR_NPOS)
        return false;
    struct str how = str_sub(s, at + 1, s.n);
    while (how.n && how.p[0] == '.')
        how = str_sub(how, 1, how.n);
    how = str_trim(how);
    struct str name = str_sub(s, 0, at);
    if (str_eq(how, STR("ok")) || str_starts(how, STR("ok ")))
        results_put(r, name, RESULT_PASS);
    else if (str_starts(how, STR("skipped")))
        results_put(r, name, RESULT_SKIP);
    else if (str_starts(how, STR("Failed")) || str_starts(how, STR("Dubious")) ||
             str_starts(how, STR("No subtests run")))
        results_put(r, name, RESULT_FAIL);
    else
        return false;
    return true;
}

/* ---- A word in front ---- */

static const struct word front_words[] = {
    {"PASS", RESULT_PASS},     {"PASSED", RESULT_PASS},      {"FAIL", RESULT_FAIL},
    {"FAILED", RESULT_FAIL},   {"XFAIL", RESULT_SKIP},       {"XPASS", RESULT_FAIL},
    {"SKIP", RESULT_SKIP},     {"SKIPPED", RESULT_SKIP},     {"UNRESOLVED", RESULT_FAIL},
    {"UNTESTED", RESULT_SKIP}, {"UNSUPPORTED", RESULT_SKIP}, {"KFAIL", RESULT_SKIP},
    {"KPASS", RESULT_FAIL},    {"TIMEOUT", RESULT_FAIL},     {"FLAKY", RESULT_PASS},
    {NULL, RESULT_SKIP},
};

/* "FAILED a.py::test - AssertionError: ..." */
static struct str without_reason(struct str name)
{
    size_t colons = str_find(name, STR("::")), dash = str_find(name, STR(" - "));
    return colons != STR_NPOS && dash != STR_NPOS && dash > colons ? str_sub(name, 0, dash) : name;
}

/* "PASS: name", "FAIL name", "PASS [  0.003s] name" */
static bool front(struct results *r, struct str s)
{
    enum result_state state;
    size_t n = 0;
    while (n < s.n && n < WORD_MAX && s.p[n] >= 'A' && s.p[n] <= 'Z')
        n++;
    struct str word = str_sub(s, 0, n), name = str_sub(s, n, s.n);
    if (n == 0 || name.n == 0)
        return false;
    bool colon = take(&name, STR(":"));
    if (take_spaces(&name) == 0 || name.n == 0)
        return false;
    if (colon && str_eq(word, STR("ERROR"))) {
        results_weak(r, name);
        return true;
    }
    if (str_eq(word, STR("ERROR")) && str_find(name, STR(".py")) != STR_NPOS) { /* pytest's */
        results_put(r, str_sub(name, 0, str_find(name, STR(" - "))), RESULT_FAIL);
        return true;
    }
    if (!word_state(word, front_words, &state))
        return false;
    /* "FAILED (failures=2)", "PASSED 3 tests" are summaries. */
    if (!colon && (name.p[0] == '(' || ascii_is_digit(name.p[0])))
        return false;
    if (name.p[0] == '[') { /* how long it took */
        size_t close = str_chr(name, ']');
        struct str in = str_trim(str_sub(name, 1, close == STR_NPOS ? 0 : close - 1));
        if (in.n && ascii_is_digit(in.p[0]))
            name = str_sub(name, close + 1, name.n);
    }
    results_put(r, without_reason(without_time(name)), state);
    return true;
}

/* "[ok]: name (5 ms)", "[       OK ] name", "[  FAILED  ] name" */
static bool bracket(struct results *r, struct str s)
{
    static const struct word words[] = {
        {"ok", RESULT_PASS},      {"OK", RESULT_PASS},        {"err", RESULT_FAIL},
        {"FAILED", RESULT_FAIL},  {"fail", RESULT_FAIL},      {"FAIL", RESULT_FAIL},
        {"failed", RESULT_FAIL},  {"PASS", RESULT_PASS},      {"pass", RESULT_PASS},
        {"SKIPPED", RESULT_SKIP}, {"skip", RESULT_SKIP},      {"ignore", RESULT_SKIP},
        {"SKIP", RESULT_SKIP},    {"exception", RESULT_FAIL}, {"ERROR", RESULT_FAIL},
        {NULL, RESULT_SKIP},
    };
    enum result_state state;
    size_t close = str_chr(s, ']');
    if (s.n == 0 || s.p[0] != '[' || close == STR_NPOS)
        return false;
    struct str word = str_trim(str_sub(s, 1, close - 1)), name = str_sub(s, close + 1, s.n);
    if (!word_state(word, words, &state))
        return false;
    take(&name, STR(":"));
    name = without_time(name);
    /* "[  FAILED  ] 2 tests, listed below:" */
    if (name.n && ascii_is_digit(name.p[0]) && str_find(name, STR(" test")) != STR_NPOS)
        return true;
    if (str_eq(word, STR("ERROR")))
        results_weak(r, name);
    else
        results_put(r, name, state);
    return true;
}

/* ---- go test ---- */

static bool go(struct results *r, struct str s)
{
    static const struct word dashes[] = {
        {"PASS", RESULT_PASS}, {"FAIL", RESULT_FAIL}, {"SKIP", RESULT_SKIP}, {NULL, RESULT_SKIP}};
    enum result_state state;
    struct str rest = s, part;
    if (take(&rest, STR("--- "))) {
        size_t colon = str_chr(rest, ':');
        if (colon == STR_NPOS || !word_state(str_sub(rest, 0, colon), dashes, &state))
            return false;
        results_put(r, without_time(str_sub(rest, colon + 1, rest.n)), state);
        return true;
    }
    /* "ok  \tpackage\t0.1s", "FAIL\tpackage [build failed]": the package as a whole. */
    bool ok = str_starts(s, STR("ok  \t"));
    if (!ok && !str_starts(s, STR("FAIL\t")))
        return false;
    rest = str_sub(s, 5, s.n);
    if (!str_cut(&rest, '\t', &part))
        return false;
    size_t space = str_chr(part, ' ');
    AUTO(buf) struct buf name = BUF_INIT(RESULTS_LINE_MAX);
    buf_addf(&name, "package %.*s", STR_ARG(str_sub(part, 0, space)));
    /* A package without tests is "ok" too, and no test. */
    if (ok && str_find(rest, STR("[no tests to run]")) != STR_NPOS)
        results_put(r, buf_str(&name), RESULT_SKIP);
    else
        results_put(r, buf_str(&name), ok ? RESULT_PASS : RESULT_FAIL);
    return true;
}

/* ---- A word at the end ---- */

static const struct word end_words[] = {
    {"ok", RESULT_PASS},
    {"OK", RESULT_PASS},
    {"PASS", RESULT_PASS},
    {"PASSED", RESULT_PASS},
    {"passed", RESULT_PASS},
    {"Passed", RESULT_PASS},
    {"FAIL", RESULT_FAIL},
    {"FAILED", RESULT_FAIL},
    {"failed", RESULT_FAIL},
    {"ERROR", RESULT_FAIL},
    {"Failed", RESULT_FAIL},
    {"TIMEOUT", RESULT_FAIL},
    {"XFAIL", RESULT_SKIP},
    {"XPASS", RESULT_FAIL},
    {"SKIP", RESULT_SKIP},
    {"SKIPPED", RESULT_SKIP},
    {"ignored", RESULT_SKIP},
    {"EXPECTEDFAIL", RESULT_SKIP},
    {"UNEXPECTEDPASS", RESULT_FAIL},
    {"INTERRUPT", RESULT_FAIL},
    {"Timeout", RESULT_FAIL},
    {"Skipped", RESULT_SKIP},
    {"Exception", RESULT_FAIL},
    {"Not", RESULT_FAIL},
    {NULL, RESULT_SKIP},
};

/* "3/17 Test  #3: name ......***Failed    0.02 sec" */
static bool ctest(struct results *r, struct str s)
{
    enum result_state state;
    if (!take_number(&s) || !take(&s, STR("/")) || !take_number(&s) || !take(&s, STR(" Test")))
        return false;
    take_spaces(&s);
    if (!take(&s, STR("#")) || !take_number(&s) || !take(&s, STR(":")))
        return false;
    size_t dots = str_find(s, STR(" .."));
    struct str how = dots == STR_NPOS ? STR_NONE : str_sub(s, dots + 1, s.n);
    while (how.n && (how.p[0] == '.' || how.p[0] == '*' || how.p[0] == ' '))
        how = str_sub(how, 1, how.n);
    size_t n = 0;
    while (n < how.n && ascii_is_alpha(how.p[n]))
        n++;
    if (!word_state(str_sub(how, 0, n), end_words, &state))
        return false;
    if (str_starts(how, STR("Not Run (Disabled)")))
        state = RESULT_SKIP;
    results_put(r, str_sub(s, 0, dots), state);
    return true;
}

/* "3/17 suite - name    OK    0.05s   2 subtests passed" */
static bool meson(struct results *r, struct str s)
{
    if (!take_number(&s) || !take(&s, STR("/")) || !take_number(&s) || take_spaces(&s) == 0)
        return false;
    for (size_t i = 1; i < s.n; i++) {
        enum result_state state;
        size_t n = 0;
        if (s.p[i - 1] != ' ')
            continue;
        while (i + n < s.n && s.p[i + n] >= 'A' && s.p[i + n] <= 'Z')
            n++;
        struct str after = str_sub(s, i + n, s.n);
        if (n == 0 || take_spaces(&after) == 0 || after.n == 0 || !ascii_is_digit(after.p[0]) ||
            !word_state(str_sub(s, i, n), end_words, &state))
            continue;
        size_t space = str_chr(after, ' ');
        if (!str_ends(str_sub(after, 0, space), STR("s")) &&
            !str_starts(str_sub(after, space, after.n), STR(" s")))
            continue;
        results_put(r, str_sub(s, 0, i), state);
        return true;
    }
    return false;
}

/* "a.py::test[x] PASSED   [ 12%]"; with several workers "[gw0] [ 1%] PASSED a.py::test" */
static bool pytest(struct results *r, struct str s)
{
    enum result_state state;
    if (str_find(s, STR("::")) == STR_NPOS)
        return false;
    if (take(&s, STR("[gw"))) {
        size_t close = str_find(s, STR("%] "));
        if (close == STR_NPOS)
            return false;
        return front(r, str_sub(s, close + 3, s.n));
    }
    /* "SKIPPED (reason)" */
    size_t skipped = str_find(s, STR(" SKIPPED ("));
    if (skipped != STR_NPOS) {
        results_put(r, str_sub(s, 0, skipped), RESULT_SKIP);
        return true;
    }
    s = without_time(s);
    size_t space = str_rchr(s, ' ');
    if (space == STR_NPOS || !word_state(str_sub(s, space + 1, s.n), end_words, &state))
        return false;
    results_put(r, str_sub(s, 0, space), state);
    return true;
}

/* "test_a (x.Y) ... ok", "test a::b ... FAILED", "name ... skipped 'why'" */
static bool dots(struct results *r, struct str s)
{
    enum result_state state = RESULT_SKIP;
    size_t at = str_find(s, STR(" ... "));
    if (at == STR_NPOS || at == 0)
        return false;
    struct str name = str_sub(s, 0, at), how = without_time(str_sub(s, at + 5, s.n));
    if (str_eq(how, STR("unexpected success")))
        state = RESULT_FAIL;
    else if (!str_starts(how, STR("skipped")) && !str_starts(how, STR("ignored,")) &&
             !str_eq(how, STR("expected failure")) && !word_state(how, end_words, &state))
        return false;
    (void)take(&name, STR("test "));
    results_put(r, name, state);
    return true;
}

/* ---- Marks and summaries ---- */

/* mocha, jest: a mark in front. */
static bool marks(struct results *r, struct str s)
{
    static const struct word words[] = {
        {"\xe2\x9c\x93", RESULT_PASS}, {"\xe2\x9c\x94", RESULT_PASS},
        {"\xe2\x88\x9a", RESULT_PASS}, {"\xe2\x9c\x95", RESULT_FAIL},
        {"\xe2\x9c\x96", RESULT_FAIL}, {"\xe2\x9c\x97", RESULT_FAIL},
        {"\xe2\x9c\x98", RESULT_FAIL}, {NULL, RESULT_SKIP}};
    enum result_state state;
    if (!word_state(str_sub(s, 0, 3), words, &state) || s.n < 5 || s.p[3] != ' ')
        return false;
    results_put(r, without_time(str_sub(s, 4, s.n)), state);
    return true;
}

/* "==== 2 failed, 13 passed, 1 skipped in 0.12s ====" */
static bool summary(struct results *r, struct str s)
{
    while (s.n && s.p[0] == '=')
        s = str_sub(s, 1, s.n);
    s = str_trim(s);
    size_t at = str_find(s, STR(" passed"));
    if (at == STR_NPOS || str_find(s, STR(" in ")) == STR_NPOS || s.n == 0 ||
        !ascii_is_digit(s.p[0]))
        return false;
    size_t from = at;
    while (from > 0 && ascii_is_digit(s.p[from - 1]))
        from--;
    uint64_t n;
    struct err e;
    if (num_parse(str_sub(s, from, at - from), 1, RESULTS_MAX, "a number", &n, &e) == RC_OK)
        results_unnamed(r, n);
    return true;
}

/* "Tests run: 5, Failures: 0, Errors: 1, Skipped: 0, Time elapsed: 0.1 s -- in org.x.Y" */
static bool surefire(struct results *r, struct str s)
{
    size_t at = str_find(s, STR("Tests run: "));
    size_t in = str_find(s, STR(" in "));
    if (at == STR_NPOS || in == STR_NPOS || in < at || str_find(s, STR("Time elapsed")) == STR_NPOS)
        return false;
    bool good =
        str_find(s, STR("Failures: 0,")) != STR_NPOS && str_find(s, STR("Errors: 0,")) != STR_NPOS;
    bool none = str_find(s, STR("Tests run: 0,")) != STR_NPOS;
    enum result_state done = good ? RESULT_PASS : RESULT_FAIL;
    results_put(r, str_sub(s, in + 4, s.n), none ? RESULT_SKIP : done);
    return true;
}

/* Colours and other orders to a terminal. */
static struct str without_escapes(struct str s, char to[RESULTS_LINE_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < RESULTS_LINE_MAX; i++) {
        if (s.p[i] != '\x1b') {
            to[n++] = s.p[i];
            continue;
        }
        if (i + 1 < s.n && s.p[i + 1] == '[') {
            i += 2;
            while (i < s.n && !ascii_is_alpha(s.p[i]))
                i++;
        }
    }
    return str_of(to, n);
}

void results_line(struct results *r, struct str line)
{
    typedef bool (*reader)(struct results * r, struct str s);
    static const reader readers[] = {go,       ctest, meson,   tap,   dots,  pytest,
                                     surefire, front, bracket, marks, prove, summary};
    char clean[RESULTS_LINE_MAX];
    line = str_sub(line, 0, RESULTS_LINE_MAX);
    if (str_chr(line, '\x1b') != STR_NPOS)
        line = without_escapes(line, clean);
    while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    take_spaces(&line);
    for (size_t i = 0; line.n && i < ARRAY_LEN(readers); i++)
        if (readers[i](r, line))
            return;
}
