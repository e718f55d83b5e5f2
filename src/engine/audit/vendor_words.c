/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions and names in the text of strangers.  Runs in commands and in the engine child; pure, and
 * every byte may be anything.
 */
#include "engine/audit/vendor_words.h"

#include <string.h>

#define KEY_MAX 64 /* letters and digits of a name that are compared */

bool vendor_line(struct vendor_lines *l, struct str *ret_line)
{
    if (l->rest.n == 0 || l->no >= VENDOR_LINES_MAX)
        return false;
    size_t end = str_chr(l->rest, '\n');
    struct str line = str_sub(l->rest, 0, end);
    l->rest = end == STR_NPOS ? STR_NONE : str_sub(l->rest, end + 1, l->rest.n);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    *ret_line = str_sub(line, 0, VENDOR_LINE_MAX);
    l->no++;
    return true;
}

/* ---- Versions ---- */

/* What may stand behind a dot after the numbers: 1.0.RELEASE, 2.1.dev3; but not 1.2.x or 1.2.js. */
static bool tail_word(struct str s)
{
    static const char *const words[] = {"release", "final", "ga",     "dev", "post", "rc",
                                        "alpha",   "beta",  "stable", "pre", "sp"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str w = str_c(words[i]);
        if (!str_starts_nocase(s, w))
            continue;
        size_t n = w.n;
        while (n < s.n && ascii_is_digit(s.p[n]))
            n++;
        return n == s.n || !ascii_is_alnum(s.p[n]);
    }
    return false;
}

static bool suffix_char(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '+' || c == '~' || c == '_' || c == '.';
}

static size_t digits(struct str s, size_t at, bool *any)
{
    while (at < s.n && ascii_is_digit(s.p[at])) {
        *any |= s.p[at] != '0';
        at++;
    }
    return at;
}

/* Length of the numbers with dots between them that s begins with; *dots of them, *any not 0. */
static size_t numbers(struct str s, size_t *dots, bool *any)
{
    size_t at = digits(s, 0, any);
    *dots = 0;
    while (at && at + 1 < s.n && s.p[at] == '.' && ascii_is_digit(s.p[at + 1])) {
        at = digits(s, at + 1, any);
        ++*dots;
    }
    return at;
}

static struct str without_v(struct str s)
{
    bool v = s.n > 1 && (s.p[0] == 'v' || s.p[0] == 'V') && ascii_is_digit(s.p[1]);
    return v ? str_sub(s, 1, s.n) : s;
}

/* v0.0.0-20190924025748-f65c72e2690d: a commit by its date and id, where there was no release. */
static bool commit_version(struct str s)
{
    if (s.n < 28 || s.p[s.n - 13] != '-' || (s.p[s.n - 28] != '-' && s.p[s.n - 28] != '.'))
        return false;
    for (size_t i = s.n - 27; i < s.n; i++)
        if (i < s.n - 13 ? !ascii_is_digit(s.p[i]) : i > s.n - 13 && !ascii_is_alnum(s.p[i]))
            return false;
    return true;
}

bool vendor_version(struct str s, bool bare, struct str *ret)
{
    size_t dots;
    bool any = false;
    s = without_v(s);
    size_t at = numbers(s, &dots, &any);
    if (at == 0 || (dots == 0 && (!bare || at < s.n)) || s.n > VENDOR_VERSION_MAX)
        return false;
    if (!any && !commit_version(s))
        return false;
    if (at < s.n && s.p[at] == '.' && !tail_word(str_sub(s, at + 1, s.n)))
        return false;
    /* A letter right behind the numbers: 1.0.2k, 1.1rc3, 2.0b1; more than a few are a word. */
    size_t letters = 0;
    for (size_t i = at; i < s.n && ascii_is_alpha(s.p[i]); i++)
        letters++;
    if (letters > 8)
        return false;
    for (size_t i = at; i < s.n; i++)
        if (!suffix_char(s.p[i]))
            return false;
    if (!ascii_is_alnum(s.p[s.n - 1]))
        return false;
    /* What git describe writes for the tagged commit itself: 5.3.0-0-g0. */
    size_t zero = str_find(s, STR("-0-g"));
    struct str before;
    *ret = s;
    if (zero != STR_NPOS && zero >= at && vendor_version(str_sub(s, 0, zero), bare, &before))
        *ret = before;
    return true;
}

bool vendor_version_begins(struct str s, struct str *ret)
{
    size_t n = 0;
    while (n < s.n && n <= VENDOR_VERSION_MAX && suffix_char(s.p[n]))
        n++;
    while (n && !ascii_is_alnum(s.p[n - 1]))
        n--;
    return vendor_version(str_sub(s, 0, n), false, ret);
}

bool vendor_version_agrees(struct str a, struct str b)
{
    struct str s = a.n < b.n ? a : b, l = a.n < b.n ? b : a;
    return str_starts(l, s) && (l.n == s.n || !ascii_is_digit(l.p[s.n]) || s.n == 0);
}

bool vendor_name_version(struct str s, struct str *ret_name, struct str *ret_version)
{
    for (size_t i = 1; i + 1 < s.n; i++) {
        char c = s.p[i - 1], d = s.p[i];
        bool begins = ascii_is_digit(d) || ((d == 'v' || d == 'V') && ascii_is_digit(s.p[i + 1]));
        if ((c != '-' && c != '_' && c != '.') || !begins || i < 2)
            continue;
        if (!vendor_version(str_sub(s, i, s.n), false, ret_version))
            continue;
        *ret_name = str_sub(s, 0, i - 1);
        return ascii_is_alnum(ret_name->p[ret_name->n - 1]);
    }
    return false;
}

bool vendor_name_commit(struct str s, struct str *ret_name, struct str *ret_commit)
{
    size_t dash = str_rchr(s, '-'), n_digits = 0, n_letters = 0;
    if (dash == STR_NPOS || dash == 0)
        return false;
    struct str hex = str_sub(s, dash + 1, s.n);
    for (size_t i = 0; i < hex.n; i++) {
        n_digits += ascii_is_digit(hex.p[i]);
        n_letters += hex.p[i] >= 'a' && hex.p[i] <= 'f';
    }
    if (hex.n < 7 || hex.n > 40 || n_digits == 0 || n_letters == 0 || n_digits + n_letters != hex.n)
        return false;
    *ret_name = str_sub(s, 0, dash);
    *ret_commit = hex;
    return true;
}

/* ---- Names ---- */

bool vendor_name_ok(struct str s)
{
    bool letter = false;
    if (s.n == 0 || s.n > VENDOR_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        letter |= ascii_is_alpha(s.p[i]);
        if (!ascii_is_alnum(s.p[i]) && memchr("@/._+- ~", s.p[i], 8) == NULL)
            return false;
    }
    return letter && str_find(s, STR("..")) == STR_NPOS;
}

static struct str drop_end(struct str s, const char *end)
{
    struct str w = str_c(end);
    return s.n > w.n && str_ends(s, w) ? str_sub(s, 0, s.n - w.n) : s;
}

/* Letters and digits in lower case, without an owner, "lib" and ".js". */
static struct str name_key(struct str s, char room[KEY_MAX])
{
    size_t n = 0, slash = str_rchr(s, '/');
    if (slash != STR_NPOS)
        s = str_sub(s, slash + 1, s.n);
    static const char *const ends[] = {".js", "-js", ".css", ".hpp", ".h", ".c", ".py", ".php"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        s = drop_end(s, ends[i]);
    for (size_t i = 0; i < s.n && n < KEY_MAX; i++)
        if (ascii_is_alnum(s.p[i]))
            room[n++] = ascii_lower(s.p[i]);
    struct str k = str_of(room, n);
    if (k.n > 3 && str_starts(k, STR("lib")))
        k = str_sub(k, 3, k.n);
    return drop_end(k, "lib");
}

static struct str without_digits(struct str k)
{
    size_t n = k.n;
    while (n && ascii_is_digit(k.p[n - 1]))
        n--;
    return str_sub(k, 0, n);
}

bool vendor_name_same(struct str a, struct str b)
{
    char ra[KEY_MAX], rb[KEY_MAX];
    struct str x = name_key(a, ra), y = name_key(b, rb);
    if (x.n == 0 || y.n == 0)
        return false;
    if (str_eq(x, y))
        return true;
    struct str xs = without_digits(x), ys = without_digits(y);
    return (xs.n > 1 && str_eq(xs, y)) || (ys.n > 1 && str_eq(x, ys));
}

static bool clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] > 0x7e)
            return false;
    return true;
}

bool vendor_put_name(struct vendor_said *to, struct str s)
{
    s = str_trim(s);
    if (s.n == 0 || s.n > VENDOR_NAME_MAX || !clean(s))
        return false;
    memcpy(to->name, s.p, s.n);
    to->name[s.n] = '\0';
    return true;
}

bool vendor_put_version(struct vendor_said *to, struct str s, uint32_t line)
{
    if (s.n == 0 || s.n > VENDOR_VERSION_MAX || !clean(s))
        return false;
    memcpy(to->version, s.p, s.n);
    to->version[s.n] = '\0';
    to->line = line;
    return true;
}

/* ---- Lines that say both ---- */

/* Words before a version that make it one of something else. */
static const char *const elsewhere[] = {
    "require",    "requires",  "required",   "needs",
    "since",      "based",     "compatible", "later",
    "higher",     "greater",   "least",      "depends",
    "deprecated", "license",   "licence",    "licensed",
    "licenced",   "gpl",       "lgpl",       "agpl",
    "mpl",        "bsd",       "apache",     "tested",
    "protocol",   "unicode",   "rfc",        "draft",
    "standard",   "for",       "from",       "with",
    "under",      "copyright", "ported",     "public",
    "use",        "using",     "of",         "in",
    "at",         "to",        "supports",   "support",
    "before",     "after",     "until",      "on",
    "by",         "if",        "see",        "added",
    "changed",    "fixed",     "the",        "this",
    "created",    "generated", "section",    "part",
    "was",        "is",        "are",        "and",
    "or",         "format",    "minimum",    "php",
    "python",     "node",      "c++",        "python3",
    "http",       "https",     "spec",       "specification",
    "step",       "example",   "chapter",    "figure",
    "table",      "author",    "date",       "modified",
    "updated",    "id",        "note",       "opensource",
    "wcag",       "level",
};

static bool says_elsewhere(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (str_eq_nocase(word, str_c(elsewhere[i])))
            return true;
    return false;
}

static bool version_word(struct str w)
{
    static const char *const words[] = {"version", "version:", "ver", "ver.",    "v",
                                        "v.",      "release",  "rev", "-version"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(w, str_c(words[i])))
            return true;
    return false;
}

static bool joins(struct str w)
{
    static const char *const words[] = {"-",          "--",     ":",   "|",      ",",   "library",
                                        "javascript", "plugin", "lib", "jquery", "css", "js"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(w, str_c(words[i])))
            return true;
    return false;
}

static struct str next_word(struct str *rest)
{
    struct str word;
    while (rest->n && ascii_is_space(rest->p[0]))
        *rest = str_sub(*rest, 1, rest->n);
    size_t n = 0;
    while (n < rest->n && !ascii_is_space(rest->p[n]))
        n++;
    word = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return word;
}

static struct str without_sign(struct str w)
{
    while (w.n && memchr(",:;|()[]\"'", w.p[w.n - 1], 10))
        w.n--;
    while (w.n && memchr("([\"'", w.p[0], 4))
        w = str_sub(w, 1, w.n);
    return w;
}

bool vendor_titled(struct str line, struct str *ret_name, struct str *ret_version,
                   struct str *ret_rest)
{
    struct str rest = str_trim(line), name = STR_NONE;
    size_t names = 0;
    bool said = false;
    for (size_t i = 0; i < 8; i++) {
        struct str raw = next_word(&rest), word = without_sign(raw), version;
        if (raw.n == 0)
            return false;
        bool marked = said || (word.n && (word.p[0] == 'v' || word.p[0] == 'V'));
        if (names && vendor_version_begins(word, &version) &&
            version.p + version.n == word.p + word.n &&
            (marked || str_chr(word, '.') != STR_NPOS)) {
            *ret_name = name;
            *ret_version = version;
            *ret_rest = rest;
            return vendor_name_ok(name);
        }
        if (version_word(raw) || version_word(word)) {
            said = true;
            continue;
        }
        if (joins(raw) && names)
            continue;
        if (said || names == 3 || word.n == 0 || says_elsewhere(word) ||
            !ascii_is_alnum(word.p[0]) || !vendor_name_ok(word))
            return false;
        name = names++ ? str_of(name.p, (size_t)(word.p + word.n - name.p)) : word;
    }
    return false;
}

bool vendor_version_line(struct str line, struct str *ret_version)
{
    struct str s = str_trim(line);
    if (s.n && s.p[0] == '@')
        s = str_sub(s, 1, s.n);
    if (!str_starts_nocase(s, STR("version")))
        return false;
    s = str_sub(s, 7, s.n);
    if (s.n == 0 || ascii_is_alnum(s.p[0]) || s.p[0] == '_')
        return false;
    while (s.n && (ascii_is_space(s.p[0]) || s.p[0] == ':' || s.p[0] == '-' || s.p[0] == '='))
        s = str_sub(s, 1, s.n);
    size_t n = 0;
    while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != ',' && s.p[n] != ';' && s.p[n] != '(')
        n++;
    struct str word = str_sub(s, 0, n);
    struct str after = str_trim(str_sub(s, n, s.n));
    /* "version 2 of the License", "version 1.2 or later" */
    struct str first = without_sign(next_word(&after));
    if (str_ends(word, STR(".")))
        word.n--;
    return vendor_version(word, false, ret_version) && !says_elsewhere(first);
}
