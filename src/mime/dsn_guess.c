/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounces by their wording: Postfix, Exim, qmail, Sendmail, Exchange, GroupWise and others write
 * (or wrote) free text.  Runs in the parse child on hostile text; each text is cut to DSN_TEXT_MAX
 * and DSN_LINES_MAX first, phrases are searched once each.
 *
 * A report by a person must not be taken for a bounce, so nothing is guessed unless the mail looks
 * like one from a mail server, and then only addresses in the place of a recipient count: right
 * behind a phrase, or alone at the start of a line below one.
 */
#include "mime/dsn_guess.h"

#include <string.h>

#include "base/buf.h"
#include "mime/autoreply.h"

/* ---- does it look like one? ---- */

static bool has_any(struct str s, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (str_find_nocase(s, str_c(list[i])) != STR_NPOS)
            return true;
    return false;
}

static bool is_from_server(struct str from)
{
    static const char *const names[] = {"mail delivery",        "delivery subsystem",
                                        "delivery system",      "postmaster",
                                        "mailer-daemon",        "mail system",
                                        "system administrator", "mdaemon",
                                        "mailer daemon",        NULL};
    struct str addr = hfield_addr(from);
    return autoreply_sender_of(addr) == SENDER_DAEMON || str_starts_nocase(addr, STR("ndr@")) ||
           has_any(str_sub(from, 0, 1000), names);
}

static bool is_server_subject(struct str subject)
{
    static const char *const words[] = {"undeliver",
                                        "undelivered",
                                        "non-delivery",
                                        "nondelivery",
                                        "delivery fail",
                                        "delivery report",
                                        "delivery status",
                                        "delivery notification",
                                        "delivery problem",
                                        "delivery error",
                                        "delivery warning",
                                        "delivery delay",
                                        "delivery has",
                                        "failure notice",
                                        "failure delivery",
                                        "returned mail",
                                        "returned to send",
                                        "returning message",
                                        "mail delivery",
                                        "not be delivered",
                                        "not delivered",
                                        "not yet been del",
                                        "mail failed",
                                        "failed mail",
                                        "failed delivery",
                                        "message delayed",
                                        "delayed mail",
                                        "mail system error",
                                        "mail error",
                                        "processing error",
                                        "user unknown",
                                        "unknown user",
                                        "unzustellbar",
                                        "nicht zugestellt",
                                        "zustellung fehl",
                                        "non remis",
                                        "non distribu",
                                        "no entregado",
                                        "message status",
                                        "warning: message",
                                        NULL};
    return has_any(str_sub(subject, 0, 2000), words);
}

bool dsn_from_server(const struct dsn_input *in)
{
    const struct hfield *path = hfield_find(in->fields, in->n_fields, "Return-Path");
    if (path && str_eq(str_trim(path->value), STR("<>")))
        return true;
    return str_eq_nocase(hfield_main(in->content_type), STR("multipart/report")) ||
           is_from_server(in->from) || is_server_subject(in->subject);
}

/* ---- the text ---- */

/* Lower case with runs of white space as one space, and where each byte came from. */
struct flat {
    char *p;
    uint32_t *from;
    size_t n;
};

static void flat_auto(struct flat *f)
{
    free(f->p);
    free(f->from);
}

static void flat_of(struct str text, struct flat *ret_f)
{
    struct flat f = {mem_alloc(text.n + 1), mem_alloc((text.n + 1) * sizeof(uint32_t)), 0};
    for (size_t i = 0; i < text.n; i++) {
        bool space = ascii_is_space(text.p[i]);
        if (space && (f.n == 0 || f.p[f.n - 1] == ' '))
            continue;
        f.from[f.n] = (uint32_t)i;
        f.p[f.n++] = space ? ' ' : ascii_lower(text.p[i]);
    }
    *ret_f = f;
}

/* Where the mail server's own words end and the returned mail begins. */
static bool is_end(struct str line)
{
    static const char *const marks[] = {"message follows",
                                        "message headers follow",
                                        "header follows",
                                        "mail follows",
                                        "copy of the message",
                                        "copy of the original",
                                        "copy of the first",
                                        "copy of your message",
                                        "below this line",
                                        "below the next line",
                                        "unsent message",
                                        "forwarded message",
                                        "of returned message",
                                        "returned message:",
                                        "original message is following",
                                        "original message fol",
                                        "message text follows",
                                        "message reads",
                                        "mensaje original",
                                        "undelivered message you sent",
                                        "message body suppressed",
                                        "message as received",
                                        NULL};
    static const char *const fields[] = {"received:", "return-path:", "dkim-signature:", NULL};
    for (size_t i = 0; fields[i]; i++)
        if (str_starts_nocase(line, str_c(fields[i])))
            return true;
    return has_any(str_sub(line, 0, 200), marks);
}

/* The part of text that is looked at. */
static struct str own_words(struct str text)
{
    struct str rest = str_sub(text, 0, DSN_TEXT_MAX), line;
    const char *start = rest.p;
    for (size_t n = 0; n < DSN_LINES_MAX && rest.n > 0; n++) {
        const char *at = rest.p;
        str_line(&rest, &line);
        if (is_end(str_trim(line)))
            return str_of(start, (size_t)(at - start));
    }
    return str_of(start, rest.n ? (size_t)(rest.p - start) : str_sub(text, 0, DSN_TEXT_MAX).n);
}

/* ---- addresses ---- */

static bool is_addr_char(char c)
{
    return (unsigned char)c >= 0x80 || ascii_is_alnum(c) ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~.@", c));
}

/*
 * The address at the very start of s, quotes and brackets passed over; *ret_len is the end of it
 * with its closing marks.  Empty when there is none.
 */
static struct str addr_at(struct str s, size_t *ret_len)
{
    static const char *const labels[] = {
        "smtp:", "rfc822;", "mailto:", "recipient:", "failed recipient:", "recipient address:",
        "to:",   NULL};
    /* Marks, a label and an address; no more, however many labels follow each other. */
    s = str_sub(s, 0, 2 * DSN_ADDR_MAX);
    size_t at = 0;
    for (bool again = true; again;) {
        again = false;
        while (at < s.n && strchr(" \t*\"'<[(-", s.p[at]) && s.p[at])
            at++;
        for (size_t i = 0; labels[i]; i++) {
            if (str_starts_nocase(str_sub(s, at, s.n), str_c(labels[i]))) {
                at += strlen(labels[i]);
                again = true;
            }
        }
    }
    size_t end = at;
    while (end < s.n && is_addr_char(s.p[end]))
        end++;
    struct str addr = str_sub(s, at, end - at);
    /* A sentence's end or a quote belongs to the text. */
    while (addr.n > 0 && strchr(".'-/", addr.p[addr.n - 1]))
        addr.n--;
    if (end < s.n && strchr(">])\"", s.p[end]))
        end++;
    *ret_len = end;
    return dsn_is_addr(addr) ? addr : STR_NONE;
}

static size_t indent(struct str line)
{
    size_t n = 0;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
        n++;
    return n;
}

/* What the server says about the recipient: from behind the address to the end of the paragraph. */
static struct str words_behind(struct str rest)
{
    size_t n = 0;
    while (n < rest.n && n < 2 * DSN_DIAG_MAX) {
        if (rest.p[n] == '\n' && n > 0) {
            struct str line, more = str_sub(rest, n + 1, rest.n);
            if (!str_line(&more, &line) || str_trim(line).n == 0)
                break;
        }
        n++;
    }
    struct str words = str_trim(str_sub(rest, 0, n));
    while (words.n > 0 && strchr(":.)>] -", words.p[0]))
        words = str_sub(words, 1, words.n);
    return words;
}

static void add(struct dsn_list *l, struct str addr, struct str behind, bool temporary)
{
    struct str diagnostic = words_behind(behind);
    struct dsn_recipient r = {
        .addr = addr,
        .final = STR_NONE,
        .action = temporary ? DSN_DELAYED : DSN_FAILED,
        .status = dsn_status_in(diagnostic),
        .temporary = temporary,
        .diagnostic = diagnostic,
    };
    dsn_list_add(l, &r);
}

/* ---- phrases ---- */

/* Below a line with one of these, recipients stand at the start of lines; they may also follow
 * directly. */
static const char *const above[] = {"following address",
                                    "following recipient",
                                    "following user",
                                    "following destination",
                                    "following e-mail",
                                    "following email",
                                    "failed address",
                                    "could not be delivered",
                                    "cannot be delivered",
                                    "can not be delivered",
                                    "couldn't be delivered",
                                    "unable to deliver",
                                    "not able to deliver",
                                    "n't able to deliver",
                                    "not been delivered",
                                    "not yet been delivered",
                                    "was not delivered",
                                    "not delivered to",
                                    "could not deliver",
                                    "couldn't deliver",
                                    "did not reach",
                                    "fatal errors",
                                    "undeliverable",
                                    "delivery notifications",
                                    "attempting to deliver",
                                    "could not be reached",
                                    "can't be delivered",
                                    "cannot deliver",
                                    "failed to deliver",
                                    "delivery failed",
                                    "delivery to",
                                    "nicht zugestellt werden",
                                    "nicht zustellen",
                                    "pas pu etre delivre",
                                    "no pudo ser entregado",
                                    "non-fatal errors",
                                    "no se pudo entregar",
                                    "undelivered to",
                                    "delivery error",
                                    "not be sent to",
                                    NULL};
/* A recipient follows directly. */
static const char *const before[] = {"intended recipient",  "attempts:",
                                     "unknown user",        "user unknown",
                                     "delivery userid",     "mailbox is full",
                                     "quota violation for", "addressed to",
                                     "was addressed,",      "failed recipient",
                                     "expanded from",       "email to this address",
                                     "no such user",        "unknown recipient",
                                     "no such recipient",   "user not found",
                                     "invalid recipient",   "unknown address",
                                     "over quota",          "recipient unknown",
                                     "original address",    "reached our local address",
                                     "pas pu etre delivre", NULL};
/* Words that may stand between a phrase and the recipient. */
static const char *const between[] = {
    "to",   "the",       "a",     "your",  "message",   "mail",       "email",   "e-mail",
    "for",  "following", "user",  "users", "recipient", "recipients", "address", "addresses",
    "this", "is",        "local", "be",    "delivered", "(s)",        "es",      "s",
    "(es)", ":",         ",",     "-",     NULL};
static const char *const waiting[] = {
    "not yet been delivered", "has been delayed", "is delayed",           "been postponed",
    "will continue",          "warning only",     "just a warning",       "be retried",
    "still being retried",    "advisory-only",    "non-fatal errors",     "attempts will",
    "delivery is delayed",    "keep trying",      "wird weiter versucht", NULL};

static bool starts_word(struct str s, struct str word)
{
    if (!str_starts(s, word))
        return false;
    bool letters = ascii_is_alpha(word.p[word.n - 1]);
    /* "user" of "user@example.com" is not the word. */
    return !letters || s.n == word.n || (s.p[word.n] && strchr(" :,(<\"'", s.p[word.n]));
}

#define BETWEEN_MAX 200
/* Passes over connecting words of a flat text. */
static size_t pass_between(struct str s)
{
    size_t at = 0;
    /* A sentence at most: some phrases are made of these words alone, and may be repeated. */
    s = str_sub(s, 0, BETWEEN_MAX);
    for (bool again = true; again;) {
        again = false;
        while (at < s.n && s.p[at] == ' ')
            at++;
        for (size_t i = 0; !again && between[i]; i++) {
            struct str word = str_c(between[i]);
            if (starts_word(str_sub(s, at, s.n), word)) {
                at += word.n;
                again = true;
            }
        }
    }
    return at;
}

struct scan {
    struct str text;
    struct flat flat;
    struct dsn_list *l;
    bool temporary;
};

static struct str from_flat(const struct scan *s, size_t at)
{
    return at < s->flat.n ? str_sub(s->text, s->flat.from[at], s->text.n) : STR_NONE;
}

/* A recipient right behind the phrase that ends at flat offset `at`. */
static void take_behind(struct scan *s, size_t at)
{
    struct str flat = str_of(s->flat.p, s->flat.n);
    /* "delivered to" may be the rest of a longer word: "address(es)". */
    struct str rest = from_flat(s, at + pass_between(str_sub(flat, at, flat.n)));
    size_t len;
    struct str addr = addr_at(rest, &len);
    if (addr.n > 0)
        add(s->l, addr, str_sub(rest, len, rest.n), s->temporary);
}

/* Each place of each phrase; returns the first offset behind one, or STR_NPOS. */
static size_t each_phrase(struct scan *s, const char *const *list)
{
    struct str flat = str_of(s->flat.p, s->flat.n);
    size_t first = STR_NPOS;
    for (size_t i = 0; list[i]; i++) {
        struct str phrase = str_c(list[i]);
        size_t at = 0, found;
        while ((found = str_find(str_sub(flat, at, flat.n), phrase)) != STR_NPOS) {
            at += found + phrase.n;
            if (first == STR_NPOS || at < first)
                first = at;
            take_behind(s, at);
        }
    }
    return first;
}

/* "Your message to ADDR has reached / could not be delivered". */
static void your_message_to(struct scan *s)
{
    struct str flat = str_of(s->flat.p, s->flat.n);
    size_t at = 0, found;
    while ((found = str_find(str_sub(flat, at, flat.n), STR("your message to"))) != STR_NPOS) {
        at += found + 15;
        size_t len, start = at + (at < flat.n && flat.p[at] == ':');
        start += start < flat.n && flat.p[start] == ' ';
        struct str addr = addr_at(from_flat(s, start), &len);
        struct str behind = str_sub(flat, start + addr.n, addr.n + 80);
        if (addr.n > 0 && (str_find(behind, STR("deliver")) != STR_NPOS ||
                           str_find(behind, STR("reached")) != STR_NPOS))
            add(s->l, addr, STR_NONE, s->temporary);
    }
}

/* AOL named the mailbox only: "screenname" at the domain that reports. */
static void lone_mailbox(struct scan *s, struct str line, struct str domain)
{
    struct str word = str_trim(line);
    if (indent(line) == 0 || word.n == 0 || word.n > 64 || domain.n == 0)
        return;
    for (size_t i = 0; i < word.n; i++)
        if (!ascii_is_alnum(word.p[i]) && strchr("._-", word.p[i]) == NULL)
            return;
    AUTO(buf) struct buf b = BUF_INIT(DSN_ADDR_MAX);
    buf_addf(&b, "%.*s@", STR_ARG(word));
    for (size_t i = 0; i < domain.n; i++)
        buf_addc(&b, ascii_lower(domain.p[i]));
    add(s->l, buf_str(&b), STR_NONE, s->temporary);
}

static bool is_aol(struct str domain)
{
    return str_eq_nocase(domain, STR("aol.com"));
}

/* What stands in text behind the first len bytes of line, a line of it. */
static struct str behind_in(struct str text, struct str line, size_t len)
{
    return str_sub(text, (size_t)(line.p - text.p) + len, text.n);
}

/* Recipients at the start of lines, all with the indentation of the first. */
static void take_below(struct scan *s, size_t at, struct str domain)
{
    const struct str text = from_flat(s, at);
    struct str rest = text, line;
    size_t first = STR_NPOS;
    str_line(&rest, &line);
    while (str_line(&rest, &line)) {
        size_t len;
        struct str addr = addr_at(line, &len);
        if (addr.n == 0) {
            if (is_aol(domain) && s->l->n == 0)
                lone_mailbox(s, line, domain);
            continue;
        }
        if (first == STR_NPOS)
            first = indent(line);
        if (indent(line) != first)
            continue;
        add(s->l, addr, behind_in(text, line, len), s->temporary);
    }
}

/* Without any phrase above it: "ADDR - no such user here.", or that on the next line. */
static void take_lone_lines(struct scan *s)
{
    static const char *const says[] = {
        "no such user", "user unknown", "unknown user", "not exist", "mailbox full",
        "quota",        "unknown host", "no mailbox",   "not found", NULL};
    struct str rest = s->text, line;
    while (str_line(&rest, &line)) {
        size_t len;
        struct str addr = addr_at(line, &len);
        struct str words = behind_in(s->text, line, len);
        if (addr.n > 0 && has_any(words_behind(words), says))
            add(s->l, addr, words, s->temporary);
    }
}

static void guess_text(struct str text, struct str domain, struct dsn_list *l)
{
    struct scan s = {.text = own_words(text), .l = l};
    AUTO(flat) struct flat f;
    flat_of(s.text, &f);
    s.flat = f;
    s.temporary = has_any(str_of(f.p, f.n), waiting);
    each_phrase(&s, before);
    your_message_to(&s);
    size_t first = each_phrase(&s, above);
    if (first != STR_NPOS)
        take_below(&s, first, domain);
    if (l->n == 0)
        take_lone_lines(&s);
}

void dsn_guess(const struct dsn_input *in, struct dsn_list *l)
{
    /* Exim names them in a field of its own. */
    for (size_t i = 0; i < in->n_fields; i++) {
        struct str rest = in->fields[i].value, one;
        if (!str_eq_nocase(in->fields[i].name, STR("X-Failed-Recipients")))
            continue;
        while (str_cut(&rest, ',', &one))
            add(l, hfield_addr(str_trim(one)), STR_NONE, false);
    }
    if (l->n > 0 || !dsn_from_server(in))
        return;
    struct str from = hfield_addr(in->from);
    size_t at = str_rchr(from, '@');
    struct str domain = at == STR_NPOS ? STR_NONE : str_sub(from, at + 1, from.n);
    for (size_t i = 0; i < in->n_texts && i < DSN_TEXTS_MAX && l->n == 0; i++)
        guess_text(in->texts[i], domain, l);
}
