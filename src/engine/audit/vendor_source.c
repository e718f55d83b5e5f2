/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads program text for what it says of its own version.  Runs in commands and in the engine
 * child; pure, one pass over the lines, and every byte may be anything.
 */
#include "engine/audit/vendor_source.h"

#include <string.h>

#define PARTS         3
#define CHANGES_LINES 60 /* of a list of changes that are looked at */
#define HOLDER_LINES  40 /* of a licence */

static size_t spaces(struct str s, size_t at)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    return at;
}

static bool ident_char(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* The text between quotes that begins at s; up to a line end written in it. ret_rest: behind. */
static bool quoted(struct str s, struct str *ret, struct str *ret_rest)
{
    if (s.n < 2 || (s.p[0] != '"' && s.p[0] != '\'' && s.p[0] != '`'))
        return false;
    size_t end = 1, stop = 0;
    while (end < s.n && s.p[end] != s.p[0]) {
        if (s.p[end] == '\\' && end + 1 < s.n) {
            if (!stop)
                stop = end;
            end++;
        }
        end++;
    }
    if (end >= s.n)
        return false;
    *ret = str_sub(s, 1, (stop ? stop : end) - 1);
    *ret_rest = str_sub(s, end + 1, s.n);
    return true;
}

/* "1.2.3", "Name 1.2.3", "Name, Version 1.2.3" */
static bool literal_version(struct str lit, struct str name, struct str *ret)
{
    struct str said, rest;
    lit = str_trim(lit);
    if (vendor_version(lit, false, ret))
        return true;
    return vendor_titled(lit, &said, ret, &rest) && vendor_name_same(said, name);
}

/* ---- Macros ---- */

enum part { PART_FULL = PARTS, PART_NONE };

static const struct {
    const char *end;
    uint8_t part;
} ends[] = {
    {"_VERSION", PART_FULL},
    {"_VERSION_STRING", PART_FULL},
    {"_VERSION_STR", PART_FULL},
    {"_VERSION_TEXT", PART_FULL},
    {"_VERSION_FULL", PART_FULL},
    {"_VERSION_NUMBER", PART_FULL},
    {"_VERSION_NAME", PART_FULL},
    {"_VER", PART_FULL},
    {"_VER_STRING", PART_FULL},
    {"_VER_STR", PART_FULL},
    {"_RELEASE", PART_FULL},
    {"_VERSTRING", PART_FULL},
    {"_VERSION_MAJOR", 0},
    {"_MAJOR_VERSION", 0},
    {"_VER_MAJOR", 0},
    {"_MAJOR", 0},
    {"_VERSION_MINOR", 1},
    {"_MINOR_VERSION", 1},
    {"_VER_MINOR", 1},
    {"_MINOR", 1},
    {"_VERSION_PATCH", 2},
    {"_PATCH_VERSION", 2},
    {"_VER_PATCH", 2},
    {"_PATCH", 2},
    {"_PATCHLEVEL", 2},
    {"_VERSION_PATCHLEVEL", 2},
    {"_VERSION_MICRO", 2},
    {"_MICRO_VERSION", 2},
    {"_VER_MICRO", 2},
    {"_MICRO", 2},
    {"_VERSION_REVISION", 2},
    {"_VER_REVISION", 2},
    {"_REVISION", 2},
    {"_VERSION_BUGFIX", 2},
    {"_VERSION_RELEASE", 2},
    {"_VERSION_SUBMINOR", 2},
    {"_VERSION_POINT", 2},
    {"_VERSION_BUILD", 2},
    {"_SUBMINOR_VERSION", 2},
};

/* Which part of a version this macro would be, and of what. */
static enum part macro_part(struct str ident, struct str *ret_of)
{
    size_t best = 0;
    enum part part = PART_NONE;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct str end = str_c(ends[i].end);
        if (end.n <= best || ident.n <= end.n || !str_ends(ident, end))
            continue;
        best = end.n;
        part = (enum part)ends[i].part;
        *ret_of = str_sub(ident, 0, ident.n - end.n);
    }
    return part;
}

struct macros {
    struct str full, part[PARTS];
    uint32_t line;
    bool torn;      /* parts contradict each other, or one is no plain number */
    bool full_torn; /* texts contradict each other */
};

static void macro_put(struct macros *m, enum part part, struct str value, uint32_t line)
{
    struct str *at = part == PART_FULL ? &m->full : &m->part[part];
    if (part == PART_FULL && at->n && vendor_version_agrees(*at, value)) {
        if (value.n > at->n) {
            *at = value;
            m->line = line;
        }
        return;
    }
    if (at->n && !str_eq(*at, value)) {
        *(part == PART_FULL ? &m->full_torn : &m->torn) = true;
        return;
    }
    *at = value;
    if (part == PART_FULL || (part == 0 && m->full.n == 0))
        m->line = line;
}

static bool only_comment(struct str s)
{
    s = str_trim(s);
    return s.n == 0 || str_starts(s, STR("/*")) || str_starts(s, STR("//"));
}

static void macro_line(struct macros *m, struct str line, struct str name, uint32_t no)
{
    size_t at = spaces(line, 0);
    if (at >= line.n || line.p[at] != '#')
        return;
    at = spaces(line, at + 1);
    if (!str_starts(str_sub(line, at, line.n), STR("define")))
        return;
    size_t from = spaces(line, at + 6);
    if (from == at + 6)
        return;
    at = from;
    while (at < line.n && ident_char(line.p[at]))
        at++;
    struct str ident = str_sub(line, from, at - from), of = STR_NONE, lit, rest, version;
    enum part part = macro_part(ident, &of);
    if (part == PART_NONE || !vendor_name_same(of, name))
        return;
    struct str value = str_trim(str_sub(line, at, line.n));
    while (value.n && value.p[0] == '(' && value.p[value.n - 1] == ')')
        value = str_trim(str_sub(value, 1, value.n - 2));
    if (quoted(value, &lit, &rest)) {
        if (part == PART_FULL) {
            if (only_comment(rest) && literal_version(lit, name, &version))
                macro_put(m, PART_FULL, version, no);
        } else if (lit.n && lit.n < 6 && ascii_is_digit(lit.p[0])) {
            macro_put(m, part, lit, no);
        }
        return;
    }
    size_t n = 0;
    while (n < value.n && ascii_is_digit(value.p[n]))
        n++;
    if (part == PART_FULL)
        return; /* 2080, 0x1310, OTHER_MACRO: a number for the compiler */
    if (n && n < 6 && only_comment(str_sub(value, n, value.n)))
        macro_put(m, part, str_sub(value, 0, n), no);
    else
        m->torn |= value.n != 0;
}

bool vendor_macros(struct str text, struct str name, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct macros m = {.full = STR_NONE};
    struct str line;
    while (vendor_line(&l, &line))
        macro_line(&m, line, name, l.no);
    if (m.full_torn || (m.full.n == 0 && m.torn))
        return false;
    char room[VENDOR_VERSION_MAX];
    size_t n = 0;
    bool parts = m.part[0].n && m.part[1].n && !m.torn;
    for (size_t i = 0; parts && i < PARTS && m.part[i].n; i++) {
        if (i)
            room[n++] = '.';
        memcpy(room + n, m.part[i].p, m.part[i].n);
        n += m.part[i].n;
    }
    struct str built = str_of(room, n), version = m.full;
    if (parts && m.full.n == 0)
        version = built;
    else if (parts && !vendor_version_agrees(built, m.full))
        return false;
    return vendor_version(version, false, &version) && vendor_put_version(ret, version, m.line) &&
           vendor_put_name(ret, name);
}

/* ---- Assignments ---- */

static bool keyword(struct str w)
{
    static const char *const words[] = {"const",  "public", "static",      "final",   "var",
                                        "let",    "our",    "my",          "export",  "def",
                                        "String", "string", "str",         "private", "protected",
                                        "char",   "*",      "std::string", "use",     "constexpr"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(w, str_c(words[i])))
            return true;
    return false;
}

/* Is this name one of a version: VERSION, __version__, $VERSION, NAME_VERSION, Name.version? */
static bool version_ident(struct str w, struct str name)
{
    while (w.n && (w.p[0] == '$' || w.p[0] == '_' || w.p[0] == '*'))
        w = str_sub(w, 1, w.n);
    while (w.n && (w.p[w.n - 1] == '_' || w.p[w.n - 1] == ']' || w.p[w.n - 1] == '['))
        w.n--;
    size_t at = str_find_nocase(w, STR("version"));
    if (at == STR_NPOS || at + 7 != w.n)
        return false;
    struct str of = str_sub(w, 0, at);
    while (of.n && !ascii_is_alnum(of.p[of.n - 1]))
        of.n--;
    if (of.n == 0 || str_eq(of, STR("self")) || str_eq(of, STR("exports")) ||
        str_eq(of, STR("module.exports")))
        return true;
    size_t dot = str_rchr(of, '.');
    return vendor_name_same(dot == STR_NPOS ? of : str_sub(of, dot + 1, of.n), name);
}

static bool assigned_line(struct str line, struct str name, struct str *ret)
{
    struct str s = str_trim(line), word = STR_NONE, lit, rest;
    bool found = false;
    for (size_t i = 0; i < 7 && s.n && !found; i++) {
        size_t n = 0;
        while (n < s.n && (ident_char(s.p[n]) || memchr("$.*[]", s.p[n], 5)))
            n++;
        word = str_sub(s, 0, n);
        s = str_sub(s, spaces(s, n), s.n);
        found = version_ident(word, name);
        if (!found && !keyword(word))
            return false;
    }
    if (!found)
        return false;
    /* A type between: "Version string = ", "version: str = " */
    if (s.n && s.p[0] == ':' && !(s.n > 1 && s.p[1] == '='))
        s = str_sub(s, spaces(s, 1), s.n);
    size_t n = 0;
    while (n < s.n && ident_char(s.p[n]))
        n++;
    if (n && keyword(str_sub(s, 0, n)))
        s = str_sub(s, spaces(s, n), s.n);
    bool eq = s.n && s.p[0] == '=';
    if (s.n > 1 && s.p[0] == ':' && s.p[1] == '=') {
        eq = true;
        s = str_sub(s, 1, s.n);
    }
    if (!eq || (s.n > 1 && s.p[1] == '='))
        return false;
    s = str_sub(s, 1, s.n);
    if (s.n && s.p[0] == '>')
        s = str_sub(s, 1, s.n);
    s = str_sub(s, spaces(s, 0), s.n);
    if (!quoted(s, &lit, &rest))
        return false;
    rest = str_trim(rest);
    while (rest.n && (rest.p[0] == ';' || rest.p[0] == ',' || rest.p[0] == ')'))
        rest = str_trim(str_sub(rest, 1, rest.n));
    bool ends_here = only_comment(rest) || rest.p[0] == '#' || str_starts(rest, STR("--"));
    return ends_here && literal_version(lit, name, ret);
}

bool vendor_assigned(struct str text, struct str name, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line, version, best = STR_NONE;
    uint32_t no = 0;
    while (vendor_line(&l, &line)) {
        if (str_find_nocase(line, STR("version")) == STR_NPOS ||
            !assigned_line(line, name, &version))
            continue;
        if (best.n && !vendor_version_agrees(best, version))
            return false;
        if (version.n > best.n) {
            best = version;
            no = l.no;
        }
    }
    return best.n && vendor_put_version(ret, best, no) && vendor_put_name(ret, name);
}

/* ---- Comments ---- */

/* The line without the signs that make it a comment; *ret_sign: there were some. */
static struct str uncommented(struct str line, bool *ret_sign)
{
    size_t at = 0;
    while (at < line.n && memchr("/*!#;-% \t", line.p[at], 9))
        at++;
    struct str head = str_trim(str_sub(line, 0, at));
    *ret_sign = head.n > 0;
    line = str_trim(str_sub(line, at, line.n));
    size_t end = str_find(line, STR("*/"));
    return str_trim(end == STR_NPOS ? line : str_sub(line, 0, end));
}

static bool before_comment(struct str line)
{
    static const char *const starts[] = {
        "#!", "<?", "@charset", "'use strict'", "\"use strict\"", "\xef\xbb\xbf"};
    line = str_trim(line);
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts(line, str_c(starts[i])))
            return true;
    return line.n == 0;
}

static bool speaks_of_origin(struct str line)
{
    static const char *const words[] = {"license", "licence", "copyright",
                                        "(c)",     "http://", "https://"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_find_nocase(line, str_c(words[i])) != STR_NPOS)
            return true;
    return false;
}

bool vendor_comment(struct str text, struct vendor_said *ret, bool *ret_kept)
{
    struct vendor_lines l = {.rest = text};
    struct str line, name, version, rest;
    struct vendor_said plain = {.name = ""};
    bool open = false, block = false, titled = false;
    *ret_kept = false;
    while (l.no < VENDOR_HEAD_LINES && vendor_line(&l, &line)) {
        bool sign;
        struct str raw = str_trim(line);
        if (!open && before_comment(line) && !str_starts(raw, STR("\xef\xbb\xbf/")))
            continue;
        if (!open && str_starts(raw, STR("\xef\xbb\xbf")))
            raw = str_sub(raw, 3, raw.n);
        struct str said = uncommented(raw, &sign);
        if (!open && !sign)
            break;
        open = true;
        if (str_starts(raw, STR("/*"))) {
            block = true;
            *ret_kept |= str_starts(raw, STR("/*!"));
        }
        if (!block && !sign)
            break;
        *ret_kept |= speaks_of_origin(said);
        if (!titled && vendor_titled(said, &name, &version, &rest)) {
            titled = vendor_put_version(ret, version, l.no) && vendor_put_name(ret, name);
        } else if (!plain.version[0] && vendor_version_line(said, &version)) {
            (void)vendor_put_version(&plain, version, l.no);
        }
        if (block && str_find(raw, STR("*/")) != STR_NPOS)
            break;
    }
    if (titled)
        return true;
    if (plain.version[0])
        *ret = plain;
    return plain.version[0] != '\0';
}

/* ---- Prose ---- */

bool vendor_readme(struct str text, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line, name, version, rest;
    while (l.no < 10 && vendor_line(&l, &line)) {
        line = str_trim(line);
        while (line.n && (line.p[0] == '#' || line.p[0] == '=' || line.p[0] == ' '))
            line = str_sub(line, 1, line.n);
        if (line.n == 0 || line.p[0] == '<' || line.p[0] == '!' || line.p[0] == '[')
            continue;
        if (str_starts_nocase(line, STR("readme for ")))
            line = str_sub(line, 11, line.n);
        if (str_starts_nocase(line, STR("this is ")))
            line = str_sub(line, 8, line.n);
        return vendor_titled(line, &name, &version, &rest) && str_trim(rest).n == 0 &&
               vendor_put_version(ret, version, l.no) && vendor_put_name(ret, name);
    }
    return false;
}

static bool has_year(struct str s)
{
    for (size_t i = 0; i + 4 <= s.n; i++) {
        bool year = (s.p[i] == '1' && s.p[i + 1] == '9') || (s.p[i] == '2' && s.p[i + 1] == '0');
        bool alone =
            (i == 0 || !ident_char(s.p[i - 1])) && (i + 4 == s.n || !ident_char(s.p[i + 4]));
        if (year && alone && ascii_is_digit(s.p[i + 2]) && ascii_is_digit(s.p[i + 3]))
            return true;
    }
    return false;
}

bool vendor_changes(struct str text, struct vendor_said *ret)
{
    static const char *const early[] = {"unreleased",   "xxxx",        "tbd",
                                        "not released", "development", "upcoming",
                                        "head",         "master",      "next"};
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (l.no < CHANGES_LINES && vendor_line(&l, &line)) {
        struct str s = str_trim(line), version;
        for (size_t i = 0; i < ARRAY_LEN(early); i++)
            if (str_find_nocase(s, str_c(early[i])) != STR_NPOS && (s.n < 40))
                return false;
        while (s.n && memchr("#*=-[ \t", s.p[0], 7))
            s = str_sub(s, 1, s.n);
        for (size_t i = 0; i < 3 && s.n; i++) {
            size_t n = 0;
            while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != ']' && s.p[n] != ',' &&
                   s.p[n] != ':' && s.p[n] != '(')
                n++;
            if (vendor_version(str_sub(s, 0, n), false, &version)) {
                return has_year(str_sub(s, n, s.n)) && vendor_put_version(ret, version, l.no);
            }
            s = str_sub(s, spaces(s, n), s.n);
        }
    }
    return false;
}

bool vendor_holder(struct str text, struct str *ret_holder)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (l.no < HOLDER_LINES && vendor_line(&l, &line)) {
        size_t at = str_find_nocase(line, STR("copyright"));
        bool sign = str_starts_nocase(str_trim(line), STR("(c)"));
        if (at == STR_NPOS && !sign)
            continue;
        struct str s = at == STR_NPOS ? str_trim(line) : str_sub(line, at + 9, line.n);
        bool year = has_year(s);
        while (s.n && !ascii_is_alpha(s.p[0]))
            s = str_sub(s, 1, s.n);
        if (str_starts_nocase(s, STR("c)")))
            s = str_sub(s, 2, s.n);
        while (s.n && !ascii_is_alpha(s.p[0]) && (unsigned char)s.p[0] < 0x80)
            s = str_sub(s, 1, s.n);
        if (str_starts_nocase(s, STR("by ")))
            s = str_sub(s, 3, s.n);
        s = str_trim(s);
        if (!year || str_starts_nocase(s, STR("Free Software Foundation")))
            continue;
        *ret_holder = s.n > 2 ? s : STR("somebody");
        return true;
    }
    return false;
}
