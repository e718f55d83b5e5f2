/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes out of a commit's message what would be the announcement of a flaw.
 * Runs in core; pure.
 * Input: messages of strangers and of the team.
 */
#include "desk/scrub.h"

#include "base/utf8.h"

#define NEUTRAL  "an error"
#define SUBJECT  "Correct an error"
#define WHAT_MAX 200 /* bytes of what was taken out that are shown */

static const char why_number[] = "number of a vulnerability or of a case",
                  why_word[] = "says that it is a vulnerability, or how it is used",
                  why_left[] = "only led to what was taken out";

/* ---- what gives it away ---- */

/* At the begin of a word; '*': the word may go on. */
static const char *const tell_tales[] = {
    "0-day*",
    "0day*",
    "abus*",
    "adversar*",
    "advisory",
    "advisories",
    "arbitrary code",
    "arbitrary file",
    "arbitrary memory",
    "attack*",
    "auth bypass*",
    "authentication bypass*",
    "authorization bypass*",
    "backdoor*",
    "buffer over-read*",
    "buffer overflow*",
    "buffer overrun*",
    "buffer overread*",
    "bypass",
    "bypassing",
    "code execution",
    "command injection*",
    "crash poc*",
    "crafted",
    "cross site scripting",
    "cross-site scripting",
    "csrf",
    "cve",
    "cves",
    "cvss*",
    "cwe",
    "denial of service",
    "denial-of-service",
    "directory traversal*",
    "disclosure",
    "dos",
    "double free*",
    "double-free*",
    "embargo*",
    "escalation of privilege*",
    "exfiltrat*",
    "exploit*",
    "hacker*",
    "heap corruption*",
    "heap overflow*",
    "heap-buffer-overflow*",
    "heap buffer overflow*",
    "hijack*",
    "information leak*",
    "infoleak*",
    "injection*",
    "integer overflow*",
    "leak of memory contents",
    "local root",
    "malicious*",
    "malformed",
    "memory corruption*",
    "memory disclosure*",
    "null pointer dereference*",
    "oob",
    "out of bounds",
    "out-of-bounds",
    "overflow*",
    "path traversal*",
    "penetration test*",
    "pentest*",
    "poc",
    "privilege escalation*",
    "proof of concept*",
    "proof-of-concept*",
    "pwn*",
    "race to root",
    "ransom*",
    "rce",
    "remote code execution*",
    "remote root",
    "request forgery",
    "request smuggling",
    "rooted",
    "security*",
    "shellcode*",
    "spoof*",
    "sql injection*",
    "sqli",
    "ssrf",
    "stack overflow*",
    "stack buffer overflow*",
    "stack-buffer-overflow*",
    "threat*",
    "traversal",
    "type confusion*",
    "uaf",
    "unauthenticated",
    "unauthorised",
    "unauthorized",
    "uninitialised memory",
    "uninitialized memory",
    "unsafe deserialization*",
    "untrusted",
    "use after free*",
    "use-after-free*",
    "vuln*",
    "weaponi*",
    "xss",
    "xxe",
    "zero day*",
    "zero-day*",
    "zeroday*",
};

/* Letters in front of a number; digits, then blocks of letters and digits behind '-' or ':'. */
static const char *const numbers[] = {
    "cve-", "can-", "ghsa-",  "cwe-",     "euvd-", "vu#",  "dsa-",   "dla-",    "rhsa-",   "usn-",
    "zdi-", "osv-", "pysec-", "rustsec-", "go-20", "xsa-", "talos-", "bsi-cb-", "certfr-", "jvn#",
};

static bool is_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool begins(struct str s, size_t at)
{
    return at == 0 || !is_word(s.p[at - 1]);
}

/* Length of the word of the list that stands there, 0: none. */
static size_t word_at(struct str s, size_t at)
{
    size_t best = 0;
    if (!begins(s, at))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(tell_tales); i++) {
        struct str w = str_c(tell_tales[i]);
        bool open = w.p[w.n - 1] == '*';
        w.n -= open;
        size_t end = at + w.n;
        if (end > s.n || !str_eq_nocase(str_sub(s, at, w.n), w))
            continue;
        while (open && end < s.n && is_word(s.p[end]))
            end++;
        if ((end == s.n || !is_word(s.p[end])) && end - at > best)
            best = end - at;
    }
    return best;
}

static size_t block_end(struct str s, size_t at)
{
    while (at < s.n && (ascii_is_alnum(s.p[at]) || ((s.p[at] == '-' || s.p[at] == ':') &&
                                                    at + 1 < s.n && ascii_is_alnum(s.p[at + 1]))))
        at++;
    return at;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_digit(s.p[i]))
            return true;
    return false;
}

/* Length of the number that stands there. */
static size_t number_at(struct str s, size_t at, struct str prefix)
{
    if (!begins(s, at))
        return 0;
    for (size_t i = 0; i <= ARRAY_LEN(numbers); i++) {
        struct str w = i < ARRAY_LEN(numbers) ? str_c(numbers[i]) : prefix;
        size_t end = at + w.n;
        if (w.n == 0 || end >= s.n || !str_eq_nocase(str_sub(s, at, w.n), w))
            continue;
        if (i == ARRAY_LEN(numbers) && s.p[end++] != '-')
            continue;
        size_t to = block_end(s, end);
        if (to > end && has_digit(str_sub(s, end, to - end)))
            return to - at;
    }
    return 0;
}

/* ---- units ---- */

struct scrub {
    struct arena *a;
    struct str prefix;
    struct scrubbed *out;
    size_t line; /* of what is looked at */
};

static void take(struct scrub *k, struct str what, const char *why)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * WHAT_MAX + 8);
    if (str_trim(what).n == 0)
        return;
    if (k->out->n_taken == SCRUB_TAKEN) {
        k->out->more++;
        return;
    }
    utf8_clean_line(&b, utf8_clip(str_trim(what), WHAT_MAX));
    k->out->taken[k->out->n_taken++] =
        (struct scrub_taken){arena_str(k->a, buf_str(&b)), why, k->line};
}

static bool has_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (word_at(s, i))
            return true;
    return false;
}

static bool has_number(const struct scrub *k, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (number_at(s, i, k->prefix))
            return true;
    return false;
}

/* The token around a number that is a link goes with it. */
static void around(struct str s, size_t *from, size_t *to)
{
    size_t a = *from, b = *to;
    while (a > 0 && !ascii_is_space(s.p[a - 1]))
        a--;
    while (b < s.n && !ascii_is_space(s.p[b]))
        b++;
    if (str_find(str_sub(s, a, b - a), STR("://")) == STR_NPOS)
        return;
    *from = a;
    *to = b;
}

static bool is_lead(struct str w)
{
    static const char *const leads[] = {"fixes", "fix",   "fixed", "for", "see",      "addresses",
                                        "ref",   "refs",  "aka",   "and", "resolves", "closes",
                                        "bug",   "issue", "also",  "as",  "in",       "this",
                                        "is",    "it",    "id",    "ids", "the"};
    while (w.n && !ascii_is_alnum(w.p[w.n - 1]))
        w.n--;
    for (size_t i = 0; i < ARRAY_LEN(leads); i++)
        if (str_eq_nocase(w, str_c(leads[i])))
            return true;
    return w.n == 0;
}

/* Nothing but words that led to a number. */
static bool is_bare(struct str s)
{
    struct str word;
    while (str_cut(&s, ' ', &word))
        if (str_trim(word).n && !is_lead(str_trim(word)))
            return false;
    return true;
}

/* What brackets and words in front lead to a number, and commas between two. */
static void cut_back(struct buf *b)
{
    for (;;) {
        while (b->n && (b->p[b->n - 1] == ' ' || b->p[b->n - 1] == ',' || b->p[b->n - 1] == '/'))
            buf_cut(b, b->n - 1);
        size_t from = b->n;
        while (from > 0 && !ascii_is_space(b->p[from - 1]) &&
               str_chr(STR("(["), b->p[from - 1]) == STR_NPOS)
            from--;
        struct str word = str_of(b->p ? b->p + from : "", b->n - from);
        static const char *const back[] = {"fixes",  "for",  "see",  "aka",  "and",
                                           "fixes:", "see:", "ref:", "refs:"};
        bool goes = false;
        for (size_t i = 0; i < ARRAY_LEN(back); i++)
            goes = goes || str_eq_nocase(word, str_c(back[i]));
        if (!goes)
            return;
        buf_cut(b, from);
    }
}

/* The text without numbers. */
static struct str without_numbers(struct scrub *k, struct str s)
{
    AUTO(buf) struct buf b = BUF_INIT(s.n + 1);
    for (size_t i = 0; i < s.n;) {
        size_t n = number_at(s, i, k->prefix);
        if (n == 0) {
            buf_addc(&b, s.p[i++]);
            continue;
        }
        size_t from = i, to = i + n;
        around(s, &from, &to);
        take(k, str_sub(s, from, to - from), why_number);
        buf_cut(&b, b.n - (i - from < b.n ? i - from : b.n));
        cut_back(&b);
        bool open = b.n && (b.p[b.n - 1] == '(' || b.p[b.n - 1] == '[');
        if (open && to < s.n && (s.p[to] == ')' || s.p[to] == ']')) {
            buf_cut(&b, b.n - 1);
            to++;
            cut_back(&b);
        }
        if (b.n == 0 || b.p[b.n - 1] == '\n')
            while (to < s.n && (s.p[to] == ':' || s.p[to] == ',' || s.p[to] == ' '))
                to++;
        i = to;
    }
    return arena_str(k->a, buf_str(&b));
}

/* ---- the subject ---- */

static struct str subject(struct scrub *k, struct str s)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * s.n + 100);
    struct str text = has_number(k, s) ? without_numbers(k, s) : s;
    size_t found = 0;
    for (size_t i = 0; i < text.n;) {
        size_t n = word_at(text, i), end = i + n;
        if (n == 0) {
            buf_addc(&b, text.p[i++]);
            continue;
        }
        for (;;) { /* "heap overflow exploit": one thing */
            size_t next = end;
            while (next < text.n && (text.p[next] == ' ' || text.p[next] == '-'))
                next++;
            size_t more = next > end ? word_at(text, next) : 0;
            if (more == 0)
                break;
            end = next + more;
        }
        take(k, str_sub(text, i, end - i), why_word);
        static const char *const articles[] = {"a ", "an ", "the ", "possible ", "potential "};
        for (size_t x = 0; x < ARRAY_LEN(articles); x++) {
            struct str art = str_c(articles[x]);
            if (b.n >= art.n && str_eq_nocase(str_of(b.p + b.n - art.n, art.n), art) &&
                (b.n == art.n || b.p[b.n - art.n - 1] == ' '))
                buf_cut(&b, b.n - art.n);
        }
        buf_adds(&b, NEUTRAL);
        found++;
        i = end;
    }
    struct str made = str_trim(arena_str(k->a, buf_str(&b)));
    if (found > 1 || is_bare(made) || has_word(made))
        return STR(SUBJECT);
    return made;
}

/* ---- the body ---- */

/* "Signed-off-by: A <a@b>", "(cherry picked from commit 1234)": who and what, never why. */
static bool is_kept(struct str line)
{
    size_t colon = str_chr(line, ':');
    if (str_starts(line, STR("(cherry picked from commit ")) ||
        str_starts(line, STR("Backport-notes:")) || str_starts(line, STR("Change-Id:")))
        return true;
    return colon != STR_NPOS && colon > 3 &&
           str_eq_nocase(str_sub(line, colon - 3, 3), STR("-by")) &&
           str_chr(str_sub(line, 0, colon), ' ') == STR_NPOS;
}

/* A line that stands for itself: an item of a list, a trailer, code, a quotation. */
static bool is_single(struct str line)
{
    size_t colon = str_chr(line, ':');
    struct str key = str_sub(line, 0, colon);
    if (line.n && str_chr(STR(" \t-*>#|"), line.p[0]) != STR_NPOS)
        return true;
    return colon != STR_NPOS && key.n > 1 && str_chr(key, ' ') == STR_NPOS && colon + 1 < line.n &&
           line.p[colon + 1] == ' ';
}

/* One sentence or line: as it is, without its numbers, or not at all. */
static struct str unit(struct scrub *k, struct str s)
{
    if (has_word(s)) {
        take(k, s, why_word);
        return STR_NONE;
    }
    if (!has_number(k, s))
        return s;
    struct str rest = without_numbers(k, s);
    if (!is_bare(str_trim(rest)))
        return rest;
    take(k, rest, why_left);
    return STR_NONE;
}

static size_t lines_in(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Sentences of running text, which may go over lines. */
static void sentences(struct scrub *k, struct str text, struct buf *b)
{
    for (size_t from = 0, i = 0; i < text.n; i++) {
        bool stop = text.p[i] == '.' || text.p[i] == '!' || text.p[i] == '?';
        bool last = i + 1 == text.n;
        if (!last && !(stop && ascii_is_space(text.p[i + 1])))
            continue;
        size_t to = i + 1;
        while (to < text.n && ascii_is_space(text.p[to]))
            to++;
        struct str s = str_sub(text, from, to - from), kept = unit(k, s);
        k->line += lines_in(s);
        buf_add(b, kept);
        if (kept.n == 0 && b->n && b->p[b->n - 1] == ' ' && to == text.n)
            buf_cut(b, b->n - 1);
        from = to;
        i = to - 1;
    }
    if (text.n && b->n && b->p[b->n - 1] != '\n')
        buf_addc(b, '\n');
}

/* The line that begins there; *ret_next: where the one behind it does. */
static struct str line_at(struct str text, size_t at, size_t *ret_next)
{
    size_t n = str_chr(str_sub(text, at, text.n), '\n');
    *ret_next = n == STR_NPOS ? text.n : at + n + 1;
    return str_sub(text, at, n == STR_NPOS ? text.n : n);
}

/* Where the lines end that begin there and are one running text. */
static size_t running_end(struct str text, size_t at)
{
    size_t next;
    while (at < text.n) {
        struct str line = line_at(text, at, &next);
        if (str_trim(line).n == 0 || is_single(line) || is_kept(line))
            break;
        at = next;
    }
    return at;
}

static void one_line(struct scrub *k, struct str line, struct buf *b)
{
    struct str s = !is_kept(line)        ? unit(k, line)
                   : has_number(k, line) ? without_numbers(k, line)
                                         : line;
    k->line++;
    buf_add(b, s);
    buf_adds(b, s.n ? "\n" : "");
}

static void body(struct scrub *k, struct str text, struct buf *b)
{
    for (size_t at = 0, next; at < text.n; at = next) {
        struct str line = line_at(text, at, &next);
        if (str_trim(line).n == 0) {
            if (b->n && !(b->n > 1 && b->p[b->n - 1] == '\n' && b->p[b->n - 2] == '\n'))
                buf_addc(b, '\n');
            k->line++;
        } else if (is_kept(line) || is_single(line)) {
            one_line(k, line, b);
        } else {
            next = running_end(text, at);
            sentences(k, str_sub(text, at, next - at), b);
        }
    }
}

/* Whatever the rules above let through. */
static void last_look(struct scrub *k, struct str text, struct buf *b)
{
    struct str line;
    bool first = true;
    k->line = 0;
    while (str_line(&text, &line)) {
        bool bad = has_number(k, line) || (!is_kept(line) && has_word(line));
        if (bad)
            take(k, line, why_word);
        buf_add(b, !bad ? line : first ? STR(SUBJECT) : STR_NONE);
        if (!bad || first)
            buf_addc(b, '\n');
        first = false;
    }
}

enum rc scrub_message(struct arena *a, struct str text, struct str prefix, struct scrubbed *ret,
                      struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * SCRUB_TEXT_MAX);
    AUTO(buf) struct buf whole = BUF_INIT(2 * SCRUB_TEXT_MAX);
    struct scrubbed s = {.taken = arena_array(a, SCRUB_TAKEN, sizeof(struct scrub_taken))};
    struct scrub k = {.a = a, .prefix = prefix, .out = &s, .line = 1};
    struct str rest = text, first = STR_NONE;
    if (text.n > SCRUB_TEXT_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "the message is too long, or not plain text");
    TRY(arena_ok(a, "a message", e));
    str_line(&rest, &first);
    buf_add(&b, str_trim(first).n ? subject(&k, str_trim(first)) : STR_NONE);
    buf_addc(&b, '\n');
    k.line = 2;
    body(&k, rest, &b);
    last_look(&k, buf_str(&b), &whole);
    while (whole.n > 1 && whole.p[whole.n - 1] == '\n' && whole.p[whole.n - 2] == '\n')
        buf_cut(&whole, whole.n - 1);
    TRY(buf_ok(&whole, "a message", e));
    s.text = arena_str(a, buf_str(&whole));
    *ret = s;
    return arena_ok(a, "a message", e);
}
