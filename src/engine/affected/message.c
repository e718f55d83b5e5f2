/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads messages of commits for names of other commits.  Runs in commands and in the engine child;
 * messages are a stranger's text, and only ever compared.
 */
#include "engine/affected/message.h"

#include <string.h>

#include "base/hash.h"

#define SUBJECT_MAX 300 /* bytes of a subject that are looked at */
#define LINES_MAX   400 /* lines of a message that are looked at */
#define NEST_MAX    8   /* Revert "Revert "..."" */

static void put_number(struct named *n, uint64_t v)
{
    memset(n->key, 0, sizeof n->key);
    for (size_t i = 0; i < 8; i++)
        n->key[i] = (unsigned char)(v >> (8 * i));
}

uint64_t named_number(const struct named *n)
{
    uint64_t v = 0;
    for (size_t i = 8; i-- > 0;)
        v = v << 8 | n->key[i];
    return v;
}

static void add_number(struct message *m, enum named_kind kind, uint64_t v)
{
    struct named x = {.kind = (uint8_t)kind};
    put_number(&x, v);
    for (size_t i = 0; i < m->n; i++)
        if (m->named[i].kind == kind && named_number(&m->named[i]) == v)
            return;
    if (m->n < NAMED_MAX)
        m->named[m->n++] = x;
}

/* ---- Ids ---- */

static int hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool named_is(const struct named *n, const unsigned char *id)
{
    if (n->digits < NAMED_ID_MIN)
        return false;
    size_t whole = n->digits / 2;
    if (memcmp(n->key, id, whole) != 0)
        return false;
    return n->digits % 2 == 0 || n->key[whole] >> 4 == id[whole] >> 4;
}

static void add_id(struct message *m, enum named_kind kind, struct str hex)
{
    struct named x = {.kind = (uint8_t)kind};
    size_t digits = hex.n < 2 * NAMED_KEY_LEN ? hex.n : 2 * NAMED_KEY_LEN;
    x.digits = (uint8_t)digits;
    for (size_t i = 0; i < digits; i++)
        x.key[i / 2] |= (unsigned char)(hex_value(hex.p[i]) << (i % 2 ? 0 : 4));
    for (size_t i = 0; i < m->n; i++)
        if (m->named[i].digits == x.digits && memcmp(m->named[i].key, x.key, sizeof x.key) == 0) {
            if (m->named[i].kind == NAMED_MENTION)
                m->named[i].kind = x.kind;
            return;
        }
    if (m->n < NAMED_MAX)
        m->named[m->n++] = x;
}

static bool has(struct str s, const char *word)
{
    return str_find_nocase(s, str_c(word)) != STR_NPOS;
}

/* What the words around an id say it is. */
static enum named_kind kind_of(struct str before, struct str after)
{
    if (has(before, "revert") || has(before, "back out") || has(before, "backs out"))
        return NAMED_REVERT;
    bool copy = has(before, "cherry") || has(before, "backport") || has(before, "back-port") ||
                has(before, "picked from") || has(before, "upstream") || has(before, "port of") ||
                str_starts_nocase(str_trim(after), STR("upstream"));
    if (copy)
        return has(before, "partial") || has(before, "part of") ? NAMED_COPY_PART : NAMED_COPY;
    if (str_starts_nocase(str_trim(before), STR("fixes")) || has(before, "introduced") ||
        has(before, "regression") || has(before, "caused by") || has(before, "since commit"))
        return NAMED_FIXES;
    return NAMED_MENTION;
}

static bool word_char(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* Every run of hexadecimal digits that can be an id. */
static void read_ids(struct message *m, struct str line, struct str line_before)
{
    for (size_t i = 0; i < line.n;) {
        if (!word_char(line.p[i])) {
            i++;
            continue;
        }
        size_t end = i;
        bool hex = true, digit = false, letter = false;
        for (; end < line.n && word_char(line.p[end]); end++) {
            hex &= hex_value(line.p[end]) >= 0;
            digit |= ascii_is_digit(line.p[end]);
            letter |= ascii_is_alpha(line.p[end]);
        }
        size_t n = end - i;
        if (hex && digit && n >= NAMED_ID_MIN && (n <= 40 || n == 64)) {
            struct str before = str_sub(line, 0, i);
            /* "This reverts commit" may end the line before. */
            if (str_trim(before).n == 0)
                before = line_before;
            enum named_kind kind = kind_of(before, str_sub(line, end, line.n));
            if (letter || kind != NAMED_MENTION) /* a number or a date */
                add_id(m, kind, str_sub(line, i, n));
        }
        i = end;
    }
}

/* ---- Numbers ---- */

/* The digits at s's beginning; 0 when there are none or too many. */
static uint64_t number_at(struct str s, size_t *ret_len)
{
    uint64_t v = 0;
    size_t n = 0;
    while (n < s.n && n < 10 && ascii_is_digit(s.p[n]))
        v = v * 10 + (uint64_t)(s.p[n++] - '0');
    *ret_len = n;
    return n && n < 10 && (n == s.n || !word_char(s.p[n])) ? v : 0;
}

/* "Merge r1234, r1235 from trunk", "Revert r99", "Merge of r1". */
static void read_revisions(struct message *m, struct str line)
{
    struct str t = str_trim(line);
    enum named_kind kind = NAMED_NONE;
    if (str_starts_nocase(t, STR("revert")) || str_starts_nocase(t, STR("back out")))
        kind = NAMED_SVN_REVERT;
    else if (str_starts_nocase(t, STR("merge")) || str_starts_nocase(t, STR("backport")) ||
             str_starts_nocase(t, STR("cherry")))
        kind = NAMED_SVN_COPY;
    for (size_t i = 0; kind && i + 1 < t.n; i++) {
        size_t len;
        if (t.p[i] != 'r' || (i && word_char(t.p[i - 1])))
            continue;
        uint64_t v = number_at(str_sub(t, i + 1, t.n), &len);
        if (v && len >= 2)
            add_number(m, kind, v);
    }
    if (str_starts(t, STR("git-svn-id: "))) {
        size_t at = str_rchr(t, '@'), len;
        uint64_t v = at == STR_NPOS ? 0 : number_at(str_sub(t, at + 1, t.n), &len);
        if (v)
            add_number(m, NAMED_SVN_SELF, v);
    }
}

static void read_pulls(struct message *m, struct str line)
{
    static const char *const marks[] = {"(#", "/pull/", "/merge_requests/", "PR #", "GH-"};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        size_t at = str_find(line, str_c(marks[i])), len;
        if (at == STR_NPOS)
            continue;
        uint64_t v = number_at(str_sub(line, at + strlen(marks[i]), line.n), &len);
        if (v)
            add_number(m, NAMED_PULL, v);
    }
}

/* CVE-YYYY-NNNN and GHSA-xxxx-xxxx-xxxx. */
static void read_vulns(struct message *m, struct str line)
{
    struct str rest = line;
    size_t at;
    while ((at = str_find_nocase(rest, STR("CVE-"))) != STR_NPOS) {
        size_t n = 4;
        rest = str_sub(rest, at, rest.n);
        while (n < rest.n && (ascii_is_digit(rest.p[n]) || rest.p[n] == '-'))
            n++;
        if (n >= 13)
            add_number(m, NAMED_VULN, hash64(str_sub(rest, 4, n - 4)));
        rest = str_sub(rest, n, rest.n);
    }
    at = str_find_nocase(line, STR("GHSA-"));
    if (at != STR_NPOS && line.n - at >= 19)
        add_number(m, NAMED_VULN, hash64(str_sub(line, at + 5, 14)));
}

/* ---- Subject ---- */

static struct str drop_front(struct str s, size_t n)
{
    return str_trim(str_sub(s, n, s.n));
}

/* "[7.0]", "[backport]": names of a branch; but "[area]" is a part of the subject. */
static bool branch_tag(struct str inside)
{
    bool digit = false;
    for (size_t i = 0; i < inside.n; i++)
        digit |= ascii_is_digit(inside.p[i]);
    return digit || has(inside, "backport") || has(inside, "stable") || has(inside, "upstream") ||
           str_eq_nocase(inside, STR("patch"));
}

static bool strip_front(struct str *s)
{
    static const char *const words[] = {
        "backport of ", "backport: ", "backport ", "cherry-pick: ", "cherry pick: ",
        "cherry-pick ", "re: ",       "merged ",   "fwd: ",         "*) "};
    if (s->n && (s->p[0] == '[' || s->p[0] == '(')) {
        size_t end = str_chr(*s, s->p[0] == '[' ? ']' : ')');
        if (end != STR_NPOS && branch_tag(str_sub(*s, 1, end - 1))) {
            *s = drop_front(*s, end + 1);
            return true;
        }
    }
    if (str_starts_nocase(*s, STR("merge")) || str_starts_nocase(*s, STR("backport r"))) {
        /* "Merge of r1, r2: words", "Merge r1 from trunk: words" */
        size_t colon = str_chr(*s, ':');
        struct message m = {.n = 0};
        read_revisions(&m, str_sub(*s, 0, colon == STR_NPOS ? s->n : colon));
        if (m.n) {
            *s = colon == STR_NPOS ? STR_NONE : drop_front(*s, colon + 1);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts_nocase(*s, str_c(words[i]))) {
            *s = drop_front(*s, strlen(words[i]));
            return true;
        }
    return false;
}

static bool strip_back(struct str *s)
{
    if (s->n == 0)
        return false;
    char last = s->p[s->n - 1];
    if (last == '.' || last == ':' || last == ',') {
        *s = str_trim(str_sub(*s, 0, s->n - 1));
        return true;
    }
    size_t open = last == ')'   ? str_rchr(*s, '(')
                  : last == ']' ? str_rchr(*s, '[')
                  : last == '}' ? str_rchr(*s, '{')
                                : STR_NPOS;
    if (open == STR_NPOS || open == 0)
        return false;
    struct str inside = str_sub(*s, open + 1, s->n - open - 2);
    if (!str_starts(inside, STR("#")) && !branch_tag(inside) && !has(inside, "cherry") &&
        !has(inside, "CVE-"))
        return false;
    *s = str_trim(str_sub(*s, 0, open));
    return true;
}

/* Takes "Revert "" and "Reapply "" off; the parity tells which of both it comes to. */
static struct str unwrap(struct str s, struct message *m)
{
    bool back = false, wrapped = false;
    for (int i = 0; i < NEST_MAX; i++) {
        size_t n = str_starts_nocase(s, STR("Revert \""))    ? 8
                   : str_starts_nocase(s, STR("Reapply \"")) ? 9
                   : str_starts_nocase(s, STR("Revert: "))   ? 8
                                                             : 0;
        if (n == 0)
            break;
        back = n == 9 ? back : !back;
        wrapped = true;
        s = str_sub(s, n, s.n);
        if (s.n && s.p[s.n - 1] == '"')
            s.n--;
    }
    m->reverts = wrapped && back;
    m->again = wrapped && !back;
    return s;
}

static void read_subject(struct message *m, struct str line)
{
    char low[SUBJECT_MAX];
    size_t n = 0;
    struct str s = unwrap(str_sub(str_trim(line), 0, SUBJECT_MAX), m);
    while (strip_front(&s) || strip_back(&s))
        ;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_space(s.p[i]))
            low[n++] = ascii_lower(s.p[i]);
        else if (n && low[n - 1] != ' ')
            low[n++] = ' ';
    }
    m->subject = n ? hash64(str_of(low, n)) : 0;
    m->subject_len = (uint8_t)(n < 255 ? n : 255);
}

void message_read(struct str message, struct message *ret_m)
{
    struct str rest = message, line, before = STR_NONE;
    bool first = true;
    *ret_m = (struct message){.subject = 0};
    for (int i = 0; i < LINES_MAX && str_line(&rest, &line); i++) {
        /* A subject that says only "Merge of r12:" is in the next line with words. */
        if (first && str_trim(line).n) {
            read_subject(ret_m, line);
            first = ret_m->subject == 0;
        }
        if (!str_starts(line, STR("git-svn-id: ")))
            read_ids(ret_m, line, before);
        read_revisions(ret_m, line);
        read_pulls(ret_m, line);
        read_vulns(ret_m, line);
        before = line;
    }
}
