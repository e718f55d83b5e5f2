/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning a tag pattern from a repository's tags.  Runs in `vulndesk init`; names are a
 * stranger's.
 *
 * Each name is reduced to a shape: a run of digits becomes one mark, a single lower-case letter
 * behind the last digits another.  The shapes that are beginnings of one another form a chain
 * ("2026-03" and "2026-03b"); the chain with most names wins, its longer members give the [ ]
 * parts.  Whether a number is a year, month or day is decided last, when all names agree.
 */
#include "git/tagpattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "git/name.h"

#define SHAPE_NUM    '\x01'
#define SHAPE_LETTER '\x02'
/* A shape joins a chain when it has at least this share of it: a stray tag makes no rule. */
#define LEARN_SHARE 50 /* one in 50 */
#define LEARN_SMALL 10 /* below so many names every one counts */

static const char *const preview_words[] = {"rc",   "alpha",    "beta",     "pre",
                                            "dev",  "snapshot", "preview",  "nightly",
                                            "test", "canary",   "milestone"};

/* "1.2b3", "3.0a1": a letter of its own between two numbers. */
static bool letter_between(struct str name, size_t i)
{
    char c = ascii_lower(name.p[i]);
    return (c == 'a' || c == 'b') && ascii_is_digit(name.p[i - 1]) && i + 1 < name.n &&
           ascii_is_digit(name.p[i + 1]);
}

bool tag_is_preview(struct str name)
{
    bool digit = false;
    for (size_t i = 0; i < name.n; i++) {
        digit = digit || ascii_is_digit(name.p[i]);
        if (!digit || !ascii_is_alpha(name.p[i]) || ascii_is_alpha(name.p[i - 1]))
            continue;
        if (letter_between(name, i))
            return true;
        struct str rest = str_sub(name, i, name.n);
        for (size_t k = 0; k < ARRAY_LEN(preview_words); k++)
            if (str_starts_nocase(rest, str_c(preview_words[k])))
                return true;
    }
    return false;
}

struct shape {
    char text[TAG_PATTERN_MAX + 1];
    size_t count;
};

/* False when the name has no digit or cannot be written as a pattern. */
static bool shape_of(struct str name, struct shape *ret_s)
{
    struct shape s = {.count = 1};
    size_t n = 0, nums = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (n == TAG_PATTERN_MAX || memchr("{}[]", c, 4) != NULL || (unsigned char)c <= 0x20)
            return false;
        bool after_digit = i > 0 && ascii_is_digit(name.p[i - 1]);
        if (ascii_is_digit(c)) {
            if (after_digit)
                continue;
            nums++;
            c = SHAPE_NUM;
        } else if (after_digit && i + 1 == name.n && c >= 'a' && c <= 'z') {
            c = SHAPE_LETTER;
        }
        s.text[n++] = c;
    }
    if (nums == 0 || nums > TAG_VALUES - 1)
        return false;
    *ret_s = s;
    return true;
}

static int shape_order(const void *a, const void *b)
{
    return strcmp(((const struct shape *)a)->text, ((const struct shape *)b)->text);
}

/* Sorts, merges equal ones; returns how many are left. */
static size_t shapes_count(struct shape *s, size_t n)
{
    if (n == 0)
        return 0;
    qsort(s, n, sizeof *s, shape_order);
    size_t k = 0;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(s[k].text, s[i].text) == 0)
            s[k].count++;
        else
            s[++k] = s[i];
    }
    return k + 1;
}

static bool shape_begins(const struct shape *a, const struct shape *b)
{
    return str_starts(str_c(b->text), str_c(a->text));
}

struct chain {
    const struct shape *member[TAG_PATTERN_GROUPS + 1]; /* shortest first */
    size_t n, names;
};

/* All shapes that begin `top`; sorted order puts them before it, the shortest first. */
static void chain_collect(const struct shape *s, size_t top, size_t least, struct chain *ret_c)
{
    struct chain c = {.n = 0};
    for (size_t i = 0; i <= top; i++) {
        if (!shape_begins(&s[i], &s[top]) || s[i].count < least)
            continue;
        if (c.n == ARRAY_LEN(c.member)) {
            c.names -= c.member[0]->count;
            memmove(c.member, c.member + 1, (c.n - 1) * sizeof c.member[0]);
            c.n--;
        }
        c.member[c.n++] = &s[i];
        c.names += s[i].count;
    }
    *ret_c = c;
}

static bool chain_best(const struct shape *s, size_t n, size_t names, struct chain *ret_c)
{
    struct chain best = {.n = 0};
    size_t least = names < LEARN_SMALL ? 1 : 2;
    if (names / LEARN_SHARE > least)
        least = names / LEARN_SHARE;
    for (size_t top = 0; top < n; top++) {
        /* A strange repository may have as many shapes as tags: only what could win is joined. */
        if (s[top].count < least)
            continue;
        struct chain c;
        chain_collect(s, top, least, &c);
        if (c.names > best.names)
            best = c;
    }
    if (best.n == 0)
        return false;
    *ret_c = best;
    return true;
}

/* What all names agree on for the numbers of the chain, by position. */
struct slots {
    bool year[TAG_VALUES], two[TAG_VALUES], month[TAG_VALUES], day[TAG_VALUES];
};

static void slots_see(struct slots *sl, struct str name)
{
    size_t k = 0;
    for (size_t i = 0; i < name.n && k < TAG_VALUES;) {
        if (!ascii_is_digit(name.p[i])) {
            i++;
            continue;
        }
        size_t from = i;
        long v = 0;
        while (i < name.n && ascii_is_digit(name.p[i])) {
            v = v > 100000 ? v : v * 10 + (name.p[i] - '0');
            i++;
        }
        sl->year[k] = sl->year[k] && i - from == 4 && v >= 1970 && v <= 2099;
        sl->two[k] = sl->two[k] && i - from == 2;
        sl->month[k] = sl->month[k] && v >= 1 && v <= 12;
        sl->day[k] = sl->day[k] && v >= 1 && v <= 31;
        k++;
    }
}

static const char *slot_word(const struct slots *sl, size_t k)
{
    if (k == 0 && sl->year[0])
        return "{YYYY}";
    if (k == 1 && sl->year[0] && sl->two[1] && sl->month[1])
        return "{MM}";
    if (k == 2 && sl->year[0] && sl->two[1] && sl->month[1] && sl->two[2] && sl->day[2])
        return "{DD}";
    return "{N}";
}

static void chain_write(const struct chain *c, const struct slots *sl, struct buf *b)
{
    size_t k = 0, at = 0;
    for (size_t m = 0; m < c->n; m++) {
        const char *text = c->member[m]->text;
        if (m > 0)
            buf_addc(b, '[');
        for (; text[at] != '\0'; at++) {
            if (text[at] == SHAPE_NUM)
                buf_adds(b, slot_word(sl, k++));
            else if (text[at] == SHAPE_LETTER)
                buf_adds(b, "{a}");
            else
                buf_addc(b, text[at]);
        }
        if (m > 0)
            buf_addc(b, ']');
    }
}

static bool chain_has(const struct chain *c, const struct shape *s)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->member[i]->text, s->text) == 0)
            return true;
    return false;
}

static void learned_count(struct tag_learned *l, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tag_version v;
        if (tag_pattern_match(&l->pattern, names[i], &v))
            l->matched++;
        else if (tag_is_preview(names[i]))
            l->preview++;
        else
            l->other++;
    }
}

enum rc tag_pattern_learn(const struct str *names, size_t n, struct tag_learned *ret_l,
                          struct err *e)
{
    if (n > TAG_LEARN_MAX) {
        names += n - TAG_LEARN_MAX;
        n = TAG_LEARN_MAX;
    }
    AUTO(mem) struct shape *shapes = mem_zalloc((n + 1) * sizeof *shapes);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!tag_is_preview(names[i]) && shape_of(names[i], &shapes[k]))
            k++;
    size_t seen = k;
    k = shapes_count(shapes, k);
    struct chain c;
    if (!chain_best(shapes, k, seen, &c))
        return err_set(e, RC_NOTFOUND, "no common scheme among %zu tags", n);

    struct slots sl;
    memset(&sl, 1, sizeof sl);
    for (size_t i = 0; i < n; i++) {
        struct shape s;
        if (!tag_is_preview(names[i]) && shape_of(names[i], &s) && chain_has(&c, &s))
            slots_see(&sl, names[i]);
    }
    AUTO(buf) struct buf b = BUF_INIT(4 * TAG_PATTERN_MAX);
    chain_write(&c, &sl, &b);
    struct tag_learned l = {.matched = 0};
    TRY(buf_ok(&b, "the tag pattern", e));
    if (tag_pattern_parse(buf_str(&b), &l.pattern, e) != RC_OK)
        return err_set(e, RC_NOTFOUND, "the scheme of the tags is too long for a pattern");
    learned_count(&l, names, n);
    *ret_l = l;
    return RC_OK;
}
