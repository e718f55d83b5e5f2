/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of release tags: reading, matching, learning.  Runs in commands, core and the engines;
 * tag names come from strangers' repositories, patterns from settings.
 */
#include "git/tagpattern.h"

#include <stdlib.h>
#include <string.h>

#include "git/name.h"

static const struct {
    const char *word;
    int kind;
} tag_words[] = {
    {"{YYYY}", TAG_YEAR}, {"{MM}", TAG_MONTH}, {"{DD}", TAG_DAY},
    {"{N}", TAG_NUM},     {"{a}", TAG_LETTER},
};

static enum rc add_item(struct tag_pattern *p, struct tag_item item, struct err *e)
{
    if (p->n_items == TAG_PATTERN_ITEMS)
        return err_set(e, RC_INVALID, "the tag pattern has more than %d parts", TAG_PATTERN_ITEMS);
    struct tag_item *last = p->n_items ? &p->items[p->n_items - 1] : NULL;
    if (item.kind == TAG_LIT && last && last->kind == TAG_LIT && last->group == item.group) {
        last->len = (unsigned char)(last->len + item.len);
        return RC_OK;
    }
    if (item.kind == TAG_NUM && last && last->kind != TAG_LIT && last->kind != TAG_LETTER)
        return err_set(e, RC_INVALID, "the tag pattern needs something between two numbers");
    if (item.kind != TAG_LIT && ++p->n_values > TAG_VALUES)
        return err_set(e, RC_INVALID, "the tag pattern has more than %d values", TAG_VALUES);
    p->items[p->n_items++] = item;
    return RC_OK;
}

/* The word at text[at], or a literal byte; *at moves behind it. */
static enum rc read_item(struct tag_pattern *p, struct str text, unsigned char group, size_t *at,
                         struct err *e)
{
    struct str rest = str_sub(text, *at, text.n);
    for (size_t i = 0; i < ARRAY_LEN(tag_words); i++) {
        struct str word = str_c(tag_words[i].word);
        if (!str_starts(rest, word))
            continue;
        *at += word.n;
        struct tag_item item = {.group = group};
        item.kind = tag_words[i].kind;
        return add_item(p, item, e);
    }
    if (rest.p[0] == '{' || rest.p[0] == '}')
        return err_set(e, RC_INVALID, "the tag pattern knows {YYYY} {MM} {DD} {N} {a} only");
    struct tag_item lit = {.kind = TAG_LIT, .at = (unsigned char)*at, .len = 1, .group = group};
    (*at)++;
    return add_item(p, lit, e);
}

enum rc tag_pattern_parse(struct str text, struct tag_pattern *ret_p, struct err *e)
{
    struct tag_pattern p = {.n_items = 0};
    TRY(str_copy(p.text, sizeof p.text, text, "the tag pattern", e));
    bool open = false;
    size_t at = 0;
    while (at < text.n) {
        char c = text.p[at];
        if ((c == '[' && open) || (c == ']' && !open))
            return err_set(e, RC_INVALID, "the [ ] of the tag pattern do not pair");
        if (c == '[' && p.n_groups == TAG_PATTERN_GROUPS)
            return err_set(e, RC_INVALID, "the tag pattern has more than %d [ ]",
                           TAG_PATTERN_GROUPS);
        if (c == '[' || c == ']') {
            open = c == '[';
            p.n_groups += open;
            at++;
            continue;
        }
        if ((unsigned char)c <= 0x20 || c == 0x7f)
            return err_set(e, RC_INVALID, "the tag pattern holds a space or control");
        TRY(read_item(&p, text, open ? (unsigned char)p.n_groups : 0, &at, e));
    }
    if (open)
        return err_set(e, RC_INVALID, "the [ ] of the tag pattern do not pair");
    if (p.n_values == 0)
        return err_set(e, RC_INVALID, "the tag pattern holds no number, it would fit one tag only");
    *ret_p = p;
    return RC_OK;
}

/* Exactly n digits at s[*at], or with n == 0 all that are there (at most 9). */
static bool take_digits(struct str s, size_t *at, size_t n, int32_t *ret_v)
{
    int32_t v = 0;
    size_t k = 0;
    while (*at + k < s.n && ascii_is_digit(s.p[*at + k]) && (n == 0 || k < n)) {
        if (k == 9)
            return false;
        v = v * 10 + (s.p[*at + k] - '0');
        k++;
    }
    if (k == 0 || (n != 0 && k != n))
        return false;
    *at += k;
    *ret_v = v;
    return true;
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static bool match_literal(struct str have, struct str want, bool loose)
{
    if (have.n < want.n)
        return false;
    for (size_t i = 0; i < want.n; i++)
        if (have.p[i] != want.p[i] &&
            !(loose && is_separator(have.p[i]) && is_separator(want.p[i])))
            return false;
    return true;
}

struct matching {
    const struct tag_pattern *p;
    struct str name;
    bool loose;
};

static bool match_item(const struct matching *m, const struct tag_item *it, size_t *at,
                       int32_t *ret_v)
{
    struct str s = m->name;
    switch (it->kind) {
    case TAG_LIT:
        if (!match_literal(str_sub(s, *at, s.n), str_of(m->p->text + it->at, it->len), m->loose))
            return false;
        *at += it->len;
        return true;
    case TAG_YEAR:
        return take_digits(s, at, 4, ret_v) && *ret_v >= 1970 && *ret_v <= 2099;
    case TAG_MONTH:
        return take_digits(s, at, 2, ret_v) && *ret_v >= 1 && *ret_v <= 12;
    case TAG_DAY:
        return take_digits(s, at, 2, ret_v) && *ret_v >= 1 && *ret_v <= 31;
    case TAG_NUM:
        return take_digits(s, at, 0, ret_v);
    case TAG_LETTER:
        if (*at >= s.n || s.p[*at] < 'a' || s.p[*at] > 'z')
            return false;
        *ret_v = s.p[(*at)++] - 'a' + 1;
        if (s.p[*at - 1] == 'z' && *at < s.n && s.p[*at] >= 'a' && s.p[*at] <= 'z')
            *ret_v += s.p[(*at)++] - 'a' + 1;
        return true;
    }
    return false;
}

/* Matches with the groups whose bit is set in `with` (group 1 = highest bit in use). */
static bool match_with(const struct matching *m, unsigned with, struct tag_version *ret_v)
{
    const struct tag_pattern *p = m->p;
    struct tag_version v = {.n = 0};
    size_t at = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        const struct tag_item *it = &p->items[i];
        bool here = it->group == 0 || (with >> (p->n_groups - it->group) & 1);
        int32_t value = -1;
        if (here && !match_item(m, it, &at, &value))
            return false;
        if (it->kind != TAG_LIT)
            v.v[v.n++] = here ? value : -1;
    }
    if (at != m->name.n)
        return false;
    *ret_v = v;
    return true;
}

static bool match_any(const struct matching *m, struct tag_version *ret_v)
{
    if (m->name.n > GIT_NAME_MAX)
        return false;
    for (unsigned with = 1U << m->p->n_groups; with-- > 0;)
        if (match_with(m, with, ret_v))
            return true;
    return false;
}

bool tag_pattern_match(const struct tag_pattern *p, struct str name, struct tag_version *ret_v)
{
    struct matching m = {.p = p, .name = name};
    return match_any(&m, ret_v);
}

bool tag_pattern_match_loose(const struct tag_pattern *p, struct str name,
                             struct tag_version *ret_v)
{
    struct matching m = {.p = p, .name = name, .loose = true};
    return match_any(&m, ret_v);
}

int tag_version_cmp(const struct tag_version *a, const struct tag_version *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->v[i] != b->v[i])
            return a->v[i] < b->v[i] ? -1 : 1;
    return 0;
}
