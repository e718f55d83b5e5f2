/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, URLs and key fingerprints in a policy.  Runs in commands and in core; the text may be
 * a stranger's proposal.  Each search to the left and right is bounded by the length of an address.
 */
#include <string.h>

#include "base/utf8.h"
#include "desk/policy_doc.h"

#define LOCAL_MAX  64
#define DOMAIN_MAX 253
#define NEAR_MAX   300 /* bytes to either side that count as the same line */

/* One block with character references decoded, and where they were. */
struct scan {
    struct doc *d;
    struct policy *p;
    const struct block *block;
    struct buf text, lower;
    unsigned *line_at;
    bool *entity_at;
};

static void scan_release(struct scan *sc)
{
    buf_release(&sc->text);
    buf_release(&sc->lower);
    free(sc->line_at);
    free(sc->entity_at);
}

static void scan_auto(struct scan *sc)
{
    scan_release(sc);
}

static void scan_put(struct scan *sc, char c, unsigned line, bool entity)
{
    sc->line_at[sc->text.n] = line;
    sc->entity_at[sc->text.n] = entity;
    buf_addc(&sc->text, c);
    buf_addc(&sc->lower, ascii_lower(c));
}

static void scan_init(struct scan *sc, struct doc *d, struct policy *p, const struct block *b)
{
    struct str raw = doc_raw(d, b);
    *sc = (struct scan){.d = d, .p = p, .block = b};
    buf_init(&sc->text, raw.n + 1);
    buf_init(&sc->lower, raw.n + 1);
    sc->line_at = mem_zalloc((raw.n + 1) * sizeof *sc->line_at);
    sc->entity_at = mem_zalloc((raw.n + 1) * sizeof *sc->entity_at);
    unsigned line = b->line;
    for (size_t i = 0; i < raw.n;) {
        uint32_t cp;
        size_t n = raw.p[i] == '&' ? entity_at(str_sub(raw, i, raw.n), &cp) : 0;
        if (n > 0 && cp < 0x80) {
            scan_put(sc, (char)cp, line, true);
            i += n;
            continue;
        }
        if (raw.p[i] != '\\' || i + 1 == raw.n || ascii_is_alnum(raw.p[i + 1]))
            scan_put(sc, raw.p[i] == '\t' ? ' ' : raw.p[i], line, false);
        line += raw.p[i] == '\n';
        i++;
    }
}

/* ---- Addresses ---- */

static bool local_byte(char c)
{
    return ascii_is_alnum(c) || memchr("._+-", c, 4) != NULL;
}

static size_t local_before(struct str s, size_t at)
{
    size_t from = at;
    while (from > 0 && at - from < LOCAL_MAX && local_byte(s.p[from - 1]))
        from--;
    while (from < at && memchr(".-_+", s.p[from], 4))
        from++;
    return from;
}

/* Ways to write a dot and an at sign; longest first where one begins another. */
static const char *const dots[] = {
    "[dot]",     " [dot] ", "(dot)",     " (dot) ", " dot ", "{dot}", " {dot} ", "[punkt]",
    " [punkt] ", "(punkt)", " (punkt) ", " punkt ", "[.]",   "-dot-", "_dot_",   "."};
static const char *const ats[] = {" [at] ", "[at]", " (at) ", "(at)", " {at} ", "{at}",
                                  " <at> ", "<at>", " [ät] ", "[ät]", " (ät) ", "(ät)",
                                  " [@] ",  "[@]",  " (@) ",  "(@)",  " @ ",    "_at_",
                                  "-at-",   " ät ", " at ",   "@"};

static size_t token_at(struct str lower, size_t at, const char *const *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(str_sub(lower, at, lower.n), str_c(tokens[i])))
            return strlen(tokens[i]);
    return 0;
}

/* A domain at s.p[at] with real or spelled dots, into dst; returns where it ends, 0 = none. */
static size_t domain_at(const struct scan *sc, size_t at, struct buf *dst, bool *ret_spelled)
{
    struct str s = buf_str(&sc->lower);
    size_t labels = 0, end = 0, label = 0;
    bool spelled = false, spelled_end = false;
    size_t i = at;
    while (i < s.n && i - at < DOMAIN_MAX) {
        size_t from = i;
        while (i < s.n &&
               (ascii_is_alnum(s.p[i]) || s.p[i] == '-' || (unsigned char)s.p[i] >= 0x80))
            i++;
        if (i == from || s.p[from] == '-' || i - from > 63)
            break;
        label = dst->n;
        buf_add(dst, str_sub(s, from, i - from));
        labels++;
        end = i;
        spelled_end = spelled;
        size_t n = token_at(s, i, dots, ARRAY_LEN(dots));
        if (n == 0 || i + n >= s.n || !ascii_is_alnum(s.p[i + n]))
            break;
        spelled = spelled || n > 1;
        buf_addc(dst, '.');
        i += n;
    }
    /* What follows a dot that ended the loop is not part of it. */
    while (dst->n > 0 && dst->p[dst->n - 1] == '.')
        buf_cut(dst, dst->n - 1);
    struct str top = str_sub(buf_str(dst), label, dst->n);
    bool ok = labels >= 2 && top.n >= 2 && buf_ok(dst, "domain", NULL) == RC_OK;
    for (size_t k = 0; ok && k < top.n; k++)
        ok = ascii_is_alpha(top.p[k]) || (unsigned char)top.p[k] >= 0x80;
    if (str_starts(top, STR("xn--")))
        ok = labels >= 2;
    static const char *const files[] = {"png", "jpg", "jpeg", "gif", "svg", "webp", "html", "txt"};
    for (size_t k = 0; k < ARRAY_LEN(files); k++)
        ok = ok && !str_eq(top, str_c(files[k]));
    *ret_spelled = spelled_end;
    return ok ? end : 0;
}

static struct str line_around(const struct scan *sc, size_t at)
{
    struct str s = buf_str(&sc->lower);
    size_t from = at, to = at;
    while (from > 0 && at - from < NEAR_MAX && s.p[from - 1] != '\n')
        from--;
    while (to < s.n && to - at < NEAR_MAX && s.p[to] != '\n')
        to++;
    return str_sub(s, from, to - from);
}

/* " at " between two words is an address only where nothing else makes sense. */
static bool bare_at_ok(const struct scan *sc, size_t from, size_t at, size_t end, bool dots_spelled)
{
    static const char *const not_a_name[] = {
        "us",        "found",     "available",     "hosted",     "look",        "team",
        "them",      "released",  "see",           "website",    "project",     "policy",
        "page",      "me",        "him",           "maintainer", "maintainers", "developers",
        "company",   "published", "located",       "site",       "it",          "this",
        "people",    "issues",    "form",          "tracker",    "here",        "program",
        "programme", "listed",    "documented",    "reported",   "reach",       "key",
        "is",        "staff",     "office",        "community",  "repository",  "online",
        "or",        "and",       "documentation", "details",    "information"};
    static const char *const mail[] = {"mail",   "contact", "write to", "send",
                                       "report", "schreib", NULL};
    struct str s = buf_str(&sc->lower), line = line_around(sc, from);
    struct str local = str_sub(s, from, at - from);
    for (size_t i = 0; i < ARRAY_LEN(not_a_name); i++)
        if (str_eq(local, str_c(not_a_name[i])))
            return false;
    if (end < s.n && (s.p[end] == '/' || s.p[end] == ':'))
        return false;
    /* Nothing else on the line but marks. */
    size_t rest = 0;
    for (size_t i = 0; i < line.n; i++)
        rest += ascii_is_alnum(line.p[i]);
    for (size_t i = from; i < end; i++)
        rest -= rest > 0 && ascii_is_alnum(s.p[i]);
    if (rest == 0 || dots_spelled)
        return true;
    size_t near = from > NEAR_MAX ? from - NEAR_MAX : 0;
    return any_of(str_sub(s, near, from - near), mail, NULL);
}

static bool about_reporting(const struct scan *sc, size_t at)
{
    static const char *const sections[] = {"report", "contact", "vulnerab", "disclos",
                                           "melden", "meldung", "kontakt",  NULL};
    static const char *const near[] = {
        "report", "vulnerab", "security issue", "security problem", "sicherheit", "melde", NULL};
    static const char *const other[] = {"comment", "question",  "conduct", "feedback",
                                        "press",   "trademark", "frage",   NULL};
    struct str title = doc_section_lower(sc->d, sc->block);
    if (any_of(line_around(sc, at), near, NULL))
        return true;
    if (any_of(title, other, NULL))
        return false;
    size_t from = at > NEAR_MAX ? at - NEAR_MAX : 0;
    return any_of(title, sections, NULL) ||
           any_of(str_sub(buf_str(&sc->lower), from, 2 * NEAR_MAX), near, NULL);
}

static bool machine_address(struct str local)
{
    static const char *const words[] = {"noreply", "no-reply", "donotreply", "git", NULL};
    for (size_t i = 0; words[i]; i++)
        if (str_eq(local, str_c(words[i])))
            return true;
    return false;
}

static void add_contact(struct scan *sc, const struct policy_contact *c)
{
    struct policy *p = sc->p;
    for (size_t i = 0; i < p->n_contacts; i++)
        if (str_eq_nocase(p->contacts[i].address, c->address)) {
            p->contacts[i].reporting = p->contacts[i].reporting || c->reporting;
            return;
        }
    if (p->n_contacts == POLICY_CONTACTS)
        p->truncated = true;
    else
        p->contacts[p->n_contacts++] = *c;
}

static enum policy_how how_written(const struct scan *sc, size_t from, size_t end, bool spelled)
{
    struct str s = buf_str(&sc->lower);
    if (spelled)
        return POLICY_SPELLED;
    for (size_t i = from; i < end; i++)
        if (sc->entity_at[i])
            return POLICY_ENTITY;
    if (from >= 7 && str_starts(str_sub(s, from - 7, 7), STR("mailto:")))
        return POLICY_MAILTO;
    return POLICY_PLAIN;
}

/* An at sign of n bytes stands at `at`; returns where to go on. */
static size_t contact_at(struct scan *sc, size_t at, size_t n)
{
    struct str s = buf_str(&sc->lower), text = buf_str(&sc->text);
    struct str sign = str_trim(str_sub(s, at, n));
    bool bare = str_eq(sign, STR("at")) || str_eq(sign, STR("ät"));
    AUTO(buf) struct buf domain = BUF_INIT(DOMAIN_MAX);
    bool dots_spelled = false;
    size_t from = local_before(s, at), next = at + n;
    size_t end = domain_at(sc, next, &domain, &dots_spelled);
    if (from == at || end == 0)
        return at + 1;
    /* "//user:word@host" is no address. */
    if (from > 0 && memchr("/:", s.p[from - 1], 2) &&
        !(from >= 7 && str_starts(str_sub(s, from - 7, 7), STR("mailto:"))))
        return at + 1;
    if (bare && !bare_at_ok(sc, from, at, end, dots_spelled))
        return at + 1;
    if (machine_address(str_sub(s, from, at - from)))
        return end;
    struct policy_contact c = {.line = sc->line_at[from]};
    c.address = arena_strf(sc->d->a, "%.*s@%.*s", (int)(at - from), text.p + from,
                           STR_ARG(buf_str(&domain)));
    c.words = arena_str(sc->d->a, str_sub(text, from, end - from));
    c.how = how_written(sc, from, end, dots_spelled || !str_eq(str_sub(s, at, n), STR("@")));
    c.reporting = about_reporting(sc, from);
    add_contact(sc, &c);
    return end;
}

static void scan_addresses(struct scan *sc)
{
    struct str s = buf_str(&sc->lower);
    for (size_t i = 0; i < s.n;) {
        bool may = memchr(" [({<@_-", s.p[i], 8) != NULL;
        size_t n = may ? token_at(s, i, ats, ARRAY_LEN(ats)) : 0;
        i = n > 0 ? contact_at(sc, i, n) : i + 1;
    }
}

/* Those about reporting first, else in order. */
static void sort_contacts(struct policy *p)
{
    size_t front = 0;
    for (size_t i = 0; i < p->n_contacts; i++) {
        if (!p->contacts[i].reporting)
            continue;
        struct policy_contact c = p->contacts[i];
        memmove(&p->contacts[front + 1], &p->contacts[front], (i - front) * sizeof c);
        p->contacts[front++] = c;
    }
}

void policy_find_contacts(struct doc *d, struct policy *p)
{
    p->contacts = arena_array(d->a, POLICY_CONTACTS, sizeof *p->contacts);
    for (size_t i = 0; p->contacts && i < d->n_blocks; i++) {
        AUTO(scan) struct scan sc;
        scan_init(&sc, d, p, &d->blocks[i]);
        scan_addresses(&sc);
    }
    sort_contacts(p);
}

/* ---- URLs ---- */

static bool classify(struct str url, struct str around, enum policy_url_kind *ret_kind)
{
    static const char *const txt[] = {"security.txt", NULL};
    static const char *const private_report[] = {"/security/advisories", "confidential=true",
                                                 "issue[confidential]", "confidential]=true", NULL};
    static const char *const key[] = {".asc",       ".pgp",       ".gpg",       "keys.openpgp.org",
                                      "keyserver.", "openpgpkey", "keybase.io", "/pks/lookup",
                                      "pgp-key",    "pgp_key",    "gpg-key",    "pgpkey",
                                      NULL};
    static const char *const form[] = {"hackerone.com/",
                                       "bugcrowd.com/",
                                       "yeswehack.com/",
                                       "intigriti.com/",
                                       "huntr.com/",
                                       "huntr.dev/",
                                       "openbugbounty.org/",
                                       "immunefi.com/",
                                       "forms.gle/",
                                       "docs.google.com/forms",
                                       "report-a-vuln",
                                       "report-vuln",
                                       "report-security",
                                       "vulnerability-report",
                                       "security-report",
                                       "report_vuln",
                                       "/bounty",
                                       "bug-bounty",
                                       "bugbounty",
                                       NULL};
    static const char *const form_words[] = {
        "web form", "webform", "contact form", "report form", "reporting form", "formular", NULL};
    if (any_of(url, txt, NULL))
        *ret_kind = POLICY_URL_SECURITY_TXT;
    else if (any_of(url, private_report, NULL))
        *ret_kind = POLICY_URL_PRIVATE;
    else if (any_of(url, key, NULL))
        *ret_kind = POLICY_URL_KEY;
    else if (any_of(url, form, NULL) || any_of(around, form_words, NULL))
        *ret_kind = POLICY_URL_FORM;
    else
        return false;
    return true;
}

static void add_url(struct doc *d, struct policy *p, const struct policy_url *u)
{
    for (size_t i = 0; i < p->n_urls; i++)
        if (p->urls[i].kind == u->kind && (u->url.n == 0 || str_eq(p->urls[i].url, u->url)))
            return;
    if (p->n_urls == POLICY_URLS) {
        p->truncated = true;
        return;
    }
    p->urls[p->n_urls] = *u;
    p->urls[p->n_urls].url = arena_str(d->a, u->url);
    p->urls[p->n_urls++].words = arena_str(d->a, u->words);
}

static size_t url_end(struct str s, size_t from)
{
    size_t i = from;
    while (i < s.n && (unsigned char)s.p[i] > 0x20 && memchr(")>\"'`|<]\\", s.p[i], 9) == NULL)
        i++;
    while (i > from && memchr(".,;:!?*_", s.p[i - 1], 8) != NULL)
        i--;
    return i;
}

static void scan_urls(struct scan *sc)
{
    struct str s = buf_str(&sc->lower), text = buf_str(&sc->text);
    for (size_t i = 0; i < s.n; i++) {
        struct str rest = str_sub(s, i, s.n);
        if (s.p[i] != 'h' ||
            !(str_starts(rest, STR("https://")) || str_starts(rest, STR("http://"))))
            continue;
        size_t end = url_end(s, i);
        struct policy_url u = {.url = str_sub(text, i, end - i), .line = sc->line_at[i]};
        u.words = u.url;
        if (u.url.n <= 2000 && classify(str_sub(s, i, end - i), line_around(sc, i), &u.kind))
            add_url(sc->d, sc->p, &u);
        i = end > i ? end - 1 : i;
    }
}

/* "Use the 'Report a vulnerability' button", relative links to the advisories. */
static void private_reporting_words(struct doc *d, struct policy *p)
{
    static const char *const words[] = {"report a vulnerability button",
                                        "report a vulnerability\" button",
                                        "'report a vulnerability'",
                                        "\"report a vulnerability\"",
                                        "private vulnerability reporting",
                                        "privately report a",
                                        "privately reporting a",
                                        "github security advisor",
                                        "github's security advisor",
                                        "github's private",
                                        "github private",
                                        "private security advisor",
                                        "open a draft security",
                                        "draft security advisory",
                                        "confidential issue",
                                        "security tab",
                                        NULL};
    for (size_t i = 0; i < p->n_urls; i++)
        if (p->urls[i].kind == POLICY_URL_PRIVATE)
            return;
    for (size_t i = 0; i < d->n_sentences; i++) {
        const struct sentence *st = &d->sentences[i];
        static const char *const about[] = {"publish", "previous",  "announce",
                                            "past ",   "subscribe", NULL};
        struct str s = doc_lower(d, st->from, st->to);
        if (!any_of(s, words, NULL) || any_of(s, about, NULL))
            continue;
        struct policy_url u = {.kind = POLICY_URL_PRIVATE,
                               .words = doc_flat(d, st->from, st->to),
                               .line = d->line_at[st->from]};
        add_url(d, p, &u);
        return;
    }
}

void policy_find_urls(struct doc *d, struct policy *p)
{
    p->urls = arena_array(d->a, POLICY_URLS, sizeof *p->urls);
    if (p->urls == NULL)
        return;
    for (size_t i = 0; i < d->n_blocks; i++) {
        AUTO(scan) struct scan sc;
        scan_init(&sc, d, p, &d->blocks[i]);
        scan_urls(&sc);
    }
    private_reporting_words(d, p);
}

/* ---- Fingerprint ---- */

static bool hex_digit(char c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* 40 or 64 digits at s.p[at], in one run or in groups of equal length with spaces or colons. */
static bool fingerprint_at(struct str s, size_t at, char ret[65])
{
    size_t n = 0, i = at, group = 0, first = 0;
    while (i < s.n && n < 65) {
        if (hex_digit(s.p[i])) {
            if (n == 64)
                return false;
            ret[n++] = ascii_is_digit(s.p[i]) ? s.p[i] : (char)(ascii_lower(s.p[i]) - 32);
            group++;
            i++;
            continue;
        }
        bool gap = memchr(" :\n", s.p[i], 3) != NULL && n < 64;
        first = first ? first : group;
        if (!gap || group != first || first < 2)
            break;
        while (i < s.n && memchr(" :\n", s.p[i], 3) != NULL)
            i++;
        if (i >= s.n || !hex_digit(s.p[i]))
            break;
        group = 0;
    }
    bool ends = i >= s.n || !ascii_is_alnum(s.p[i]);
    ret[n <= 64 ? n : 64] = '\0';
    return (n == 40 || n == 64) && ends && (first == 0 || group == first);
}

void policy_find_fingerprint(struct doc *d, struct policy *p)
{
    static const char *const words[] = {"fingerprint", "pgp", "gpg", "fingerabdruck", NULL};
    for (size_t i = 0; i < d->n_blocks; i++) {
        const struct block *b = &d->blocks[i], *prev = i > 0 ? &d->blocks[i - 1] : b;
        if (!any_of(doc_lower(d, b->from, b->to), words, NULL) &&
            !any_of(doc_lower(d, prev->from, prev->to), words, NULL) &&
            !any_of(doc_section_lower(d, b), words, NULL))
            continue;
        struct str s = doc_flat(d, b->from, b->to);
        for (size_t k = 0; k < s.n; k++) {
            char fpr[65];
            size_t at = k;
            bool begins = hex_digit(s.p[k]) && (k == 0 || !ascii_is_alnum(s.p[k - 1]));
            if (begins && str_starts(str_sub(s, k, s.n), STR("0x")))
                at = k + 2;
            if (!begins || !fingerprint_at(s, at, fpr))
                continue;
            p->fingerprint = arena_str(d->a, str_c(fpr));
            p->fingerprint_line = d->line_at[b->from + k];
            return;
        }
    }
}
