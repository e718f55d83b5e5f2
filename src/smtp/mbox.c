/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts an mbox into its mails.  Runs in `vulndesk import`; the file is as hostile as the mails in
 * it: whatever it holds, a mail is never lost, at worst two are one.
 */
#include "smtp/mbox.h"

#include "base/when.h"

#define FROM "From "

/* The line at the front of s, its end included. */
static struct str line_at(struct str s)
{
    size_t lf = str_chr(s, '\n');
    return lf == STR_NPOS ? s : str_sub(s, 0, lf + 1);
}

static bool empty(struct str line)
{
    return line.n == 0 || line.p[0] == '\n' || (line.n == 2 && line.p[0] == '\r');
}

static bool two_digits(struct str s, size_t at, int *ret)
{
    uint64_t n;
    if (num_parse(str_sub(s, at, 2), 0, 99, "number", &n, NULL) != RC_OK)
        return false;
    *ret = (int)n;
    return true;
}

/* "Wed Nov 25 10:00:00 2026", a zone before or behind the year is passed over. */
static bool date_of(struct str words, int64_t *ret_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = {.month = 0};
    struct str rest = words, word;
    bool time = false;
    while (str_cut(&rest, ' ', &word)) {
        uint64_t n;
        for (int i = 0; i < 12 && word.n == 3; i++)
            if (str_eq_nocase(word, str_of(months + 3 * i, 3)))
                c.month = i + 1;
        if (word.n >= 5 && word.p[2] == ':' && two_digits(word, 0, &c.hour) &&
            two_digits(word, 3, &c.minute) && c.hour < 24 && c.minute < 60) {
            time = true;
            if (word.n < 8 || word.p[5] != ':' || !two_digits(word, 6, &c.second))
                c.second = 0;
        } else if (word.n == 4 && num_parse(word, 1970, 2100, "year", &n, NULL) == RC_OK) {
            c.year = (int)n;
        } else if (word.n <= 2 && c.day == 0 && num_parse(word, 1, 31, "day", &n, NULL) == RC_OK) {
            c.day = (int)n;
        }
    }
    if (c.month > 0 && c.day > 0 && c.year > 0 && time)
        *ret_us = when_from_civil(&c);
    return time && c.year > 0;
}

static bool from_line(struct str line, int64_t *ret_us)
{
    *ret_us = 0;
    struct str s = str_trim(line), rest = str_sub(s, sizeof FROM - 1, s.n), sender;
    if (!str_starts(line, STR(FROM)) || s.n < sizeof FROM || line.n > MBOX_FROM_MAX)
        return false;
    /* The sender may be missing or hold spaces; what counts is the date at the end. */
    size_t space = str_chr(rest, ' ');
    sender = str_sub(rest, 0, space);
    return sender.n > 0 && date_of(str_sub(rest, space, rest.n), ret_us);
}

enum rc mbox_begin(struct str file, struct mbox *ret_m, struct err *e)
{
    struct str rest = file, line;
    int64_t at;
    do {
        line = line_at(rest);
        if (!empty(line))
            break;
        rest = str_sub(rest, line.n, rest.n);
    } while (line.n > 0);
    if (!from_line(line, &at))
        return err_set(e, RC_INVALID, "this is no mbox: it does not begin with a \"From \" line");
    ret_m->rest = rest;
    return RC_OK;
}

/* Where the next mail's "From " line begins, or the end; s begins behind one. */
static size_t end_of(struct str s)
{
    bool after_empty = false;
    int64_t at;
    for (size_t pos = 0; pos < s.n;) {
        struct str line = line_at(str_sub(s, pos, s.n));
        if (after_empty && from_line(line, &at))
            return pos;
        after_empty = empty(line);
        pos += line.n;
    }
    return s.n;
}

bool mbox_next(struct mbox *m, struct mbox_mail *ret)
{
    if (m->rest.n == 0)
        return false;
    struct str line = line_at(m->rest);
    (void)from_line(line, &ret->from_us);
    struct str body = str_sub(m->rest, line.n, m->rest.n);
    size_t n = end_of(body);
    m->rest = str_sub(body, n, body.n);
    ret->raw = str_sub(body, 0, n);
    /* The empty line before the next mail is the file's, not the mail's. */
    if (str_ends(ret->raw, STR("\n\n")))
        ret->raw.n -= 1;
    else if (str_ends(ret->raw, STR("\n\r\n")))
        ret->raw.n -= 2;
    return true;
}

void mbox_unquote(struct buf *b, struct str raw)
{
    while (raw.n > 0) {
        struct str line = line_at(raw);
        size_t marks = 0;
        while (marks < line.n && line.p[marks] == '>')
            marks++;
        bool quoted = marks > 0 && str_starts(str_sub(line, marks, line.n), STR(FROM));
        buf_add(b, quoted ? str_sub(line, 1, line.n) : line);
        raw = str_sub(raw, line.n, raw.n);
    }
}

static uint64_t hash_of(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h | 1;
}

/* The next "<...>" in *rest. */
static bool next_id(struct str *rest, struct str *ret)
{
    size_t open = str_chr(*rest, '<');
    if (open == STR_NPOS)
        return false;
    struct str from = str_sub(*rest, open + 1, rest->n);
    size_t close = str_chr(from, '>');
    if (close == STR_NPOS)
        return false;
    *ret = str_sub(from, 0, close);
    *rest = str_sub(from, close + 1, from.n);
    return true;
}

void mbox_ids(struct str raw, struct mbox_ids *ret)
{
    struct str rest = str_sub(raw, 0, MBOX_HEAD_MAX);
    bool own = false, refs = false;
    *ret = (struct mbox_ids){.own = 0};
    while (rest.n > 0) {
        struct str line = line_at(rest), id;
        if (empty(line))
            return;
        rest = str_sub(rest, line.n, rest.n);
        if (line.p[0] != ' ' && line.p[0] != '\t') {
            own = str_starts_nocase(line, STR("message-id:"));
            refs = str_starts_nocase(line, STR("references:")) ||
                   str_starts_nocase(line, STR("in-reply-to:"));
        }
        while ((own || refs) && next_id(&line, &id)) {
            if (own && ret->own == 0)
                ret->own = hash_of(id);
            else if (refs && ret->n_refs < MBOX_IDS_MAX)
                ret->refs[ret->n_refs++] = hash_of(id);
        }
    }
}
