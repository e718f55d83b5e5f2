/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of texts and of queries for the search.  Runs in core; pure.
 * Input: hostile texts of mails and queries of people; bounded by the limits of the header.
 */
#include "store/search_words.h"

#include "base/utf8.h"

/* ---- characters ---- */

struct range {
    uint32_t from, to;
};

/* Beyond ASCII: controls, punctuation, symbols, full-width punctuation. */
static bool is_mark(uint32_t cp)
{
    static const struct range marks[] = {
        {0x80, 0xa9},     {0xab, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},
        {0xbf, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x206f}, {0x2190, 0x2bff},
        {0x3000, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030}, {0xfe10, 0xfe6f}, {0xff00, 0xff0f},
        {0xff1a, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0xfffd, 0xffff},
    };
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (cp >= marks[i].from && cp <= marks[i].to)
            return true;
    return false;
}

static bool is_word(uint32_t cp)
{
    return cp < 0x80 ? ascii_is_alnum((char)cp) : !is_mark(cp);
}

/* Of the scripts whose letters come in pairs side by side or at a fixed distance. */
static uint32_t fold_latin(uint32_t cp)
{
    if (cp == 0x130)
        return 'i';
    if (cp == 0x178)
        return 0xff;
    bool odd = (cp >= 0x139 && cp <= 0x148) || cp >= 0x179;
    if (cp == 0x138 || cp == 0x149 || cp == 0x17f)
        return cp;
    return (cp & 1) == (odd ? 1u : 0u) ? cp + 1 : cp;
}

static uint32_t fold(uint32_t cp)
{
    if (cp < 0x80)
        return (uint32_t)(unsigned char)ascii_lower((char)cp);
    if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7)
        return cp + 32;
    if (cp >= 0x100 && cp <= 0x17f)
        return fold_latin(cp);
    if (cp >= 0x391 && cp <= 0x3a9)
        return cp + 32;
    if (cp == 0x386)
        return 0x3ac;
    if (cp >= 0x388 && cp <= 0x38a)
        return cp + 37;
    if (cp == 0x3c2)
        return 0x3c3;
    if (cp >= 0x410 && cp <= 0x42f)
        return cp + 32;
    if (cp >= 0x400 && cp <= 0x40f)
        return cp + 80;
    return cp;
}

/* Without a buffer of its own: it runs for every character of every mail.  At most four bytes. */
static size_t put(char *dst, uint32_t cp)
{
    if (cp < 0x80) {
        dst[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        dst[i] = (char)(0x80 | (cp & 0x3f));
    dst[0] = (char)((n == 2 ? 0xc0u : n == 3 ? 0xe0u : 0xf0u) | cp);
    return n;
}

/* ---- words ---- */

/* A byte that is no UTF-8 (of a text that was cut) is a mark. */
static size_t next(struct str s, size_t at, uint32_t *ret_cp)
{
    size_t step = utf8_next(str_sub(s, at, s.n), ret_cp);
    if (step)
        return step;
    *ret_cp = 0xfffd;
    return 1;
}

bool search_word(struct str *rest, char dst[SEARCH_WORD_SIZE], struct str *ret_word,
                 struct str *ret_raw)
{
    struct str s = *rest;
    uint32_t cp;
    size_t at = 0, n = 0;
    while (at < s.n) {
        size_t step = next(s, at, &cp);
        if (is_word(cp))
            break;
        at += step;
    }
    size_t begin = at;
    while (at < s.n && n < SEARCH_WORD_MAX) {
        size_t step = next(s, at, &cp);
        if (!is_word(cp))
            break;
        n += put(dst + n, fold(cp));
        at += step;
    }
    *rest = str_sub(s, at, s.n);
    if (at == begin)
        return false;
    dst[n] = '\0';
    *ret_word = str_of(dst, n);
    *ret_raw = str_sub(s, begin, at - begin);
    return true;
}

void search_words_plain(struct buf *b, struct str s)
{
    char text[SEARCH_WORD_SIZE];
    struct str word, raw;
    while (search_word(&s, text, &word, &raw)) {
        if (b->n)
            buf_addc(b, ' ');
        buf_add(b, word);
    }
}

void search_words_vector(struct buf *b, struct str s, const char *weight, unsigned *pos)
{
    char text[SEARCH_WORD_SIZE];
    struct str word, raw;
    while (search_word(&s, text, &word, &raw)) {
        if (*pos < SEARCH_POS_MAX)
            ++*pos;
        buf_addf(b, "%s%.*s:%u%s", b->n ? " " : "", STR_ARG(word), *pos, weight);
    }
}

/* ---- queries ---- */

static enum rc add_run(struct search_query *q, struct str run, bool joined, struct err *e)
{
    char text[SEARCH_WORD_SIZE];
    struct str word, raw;
    for (bool first = !joined; search_word(&run, text, &word, &raw); first = false) {
        if (q->n == SEARCH_TERMS_MAX)
            return err_set(e, RC_LIMIT, "a search has at most %d words", SEARCH_TERMS_MAX);
        struct search_term *t = &q->terms[q->n++];
        memcpy(t->text, text, sizeof t->text);
        t->word = str_of(t->text, word.n);
        t->follows = !first;
        t->begins = false;
    }
    return RC_OK;
}

enum rc search_query_parse(struct str s, struct search_query *ret_q, struct err *e)
{
    struct str rest = str_trim(s), part;
    bool quoted = false, last_quoted = false;
    ret_q->n = 0;
    if (rest.n > SEARCH_QUERY_MAX)
        return err_set(e, RC_LIMIT, "a search has at most %d bytes", SEARCH_QUERY_MAX);
    for (; str_cut(&rest, '"', &part); quoted = !quoted) {
        if (quoted) {
            TRY(add_run(ret_q, part, false, e));
            last_quoted = true;
            continue;
        }
        while (part.n) {
            size_t n = 0;
            while (n < part.n && !ascii_is_space(part.p[n]))
                n++;
            size_t before = ret_q->n;
            TRY(add_run(ret_q, str_sub(part, 0, n), false, e));
            last_quoted = last_quoted && ret_q->n == before;
            part = str_sub(part, n + (n < part.n), part.n);
        }
    }
    if (ret_q->n && !last_quoted) {
        struct search_term *last = &ret_q->terms[ret_q->n - 1];
        last->begins = last->word.n >= SEARCH_PREFIX_MIN;
    }
    return RC_OK;
}

/* Words hold no quotes, so nothing can break out of these. */
void search_query_fts5(const struct search_query *q, struct buf *b)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct search_term *t = &q->terms[i];
        bool open = i + 1 < q->n && q->terms[i + 1].follows;
        buf_addf(b, "%s%.*s%s",
                 t->follows ? " "
                 : i        ? " AND \""
                            : "\"",
                 STR_ARG(t->word),
                 open        ? ""
                 : t->begins ? "\" *"
                             : "\"");
    }
}

void search_query_ts(const struct search_query *q, struct buf *b)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct search_term *t = &q->terms[i];
        bool open = i + 1 < q->n && q->terms[i + 1].follows;
        buf_addf(b, "%s'%.*s'%s%s",
                 t->follows ? " <-> "
                 : i        ? " & ("
                            : "(",
                 STR_ARG(t->word), t->begins ? ":*" : "", open ? "" : ")");
    }
}

/* ---- snippets ---- */

#define GAP_MAX 2 /* bytes between words that are marked as one hit */

static bool hits(const struct search_query *q, struct str word)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct search_term *t = &q->terms[i];
        if (t->begins ? str_starts(word, t->word) : str_eq(word, t->word))
            return true;
    }
    return false;
}

/* On one line; a run of blanks is one. */
static void add_line(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool blank = ascii_is_space(s.p[i]);
        if (!blank)
            buf_addc(b, s.p[i]);
        else if (b->n && b->p[b->n - 1] != ' ')
            buf_addc(b, ' ');
    }
}

/* At most max bytes of the end of s, from the begin of a character. */
static struct str clip_end(struct str s, size_t max)
{
    size_t from = s.n > max ? s.n - max : 0;
    while (from < s.n && from > 0 && ((unsigned char)s.p[from] & 0xc0) == 0x80)
        from++;
    return str_sub(s, from, s.n);
}

/* The first word that is the longest of the query, which says most; else the first that is any. */
static struct str first_hit(const struct search_query *q, struct str text)
{
    char folded[SEARCH_WORD_SIZE];
    struct search_query longest = {.n = 1};
    struct str rest = text, word, raw, any = str_sub(text, 0, 0);
    for (size_t i = 0; i < q->n; i++)
        if (i == 0 || q->terms[i].word.n > longest.terms[0].word.n)
            longest.terms[0] = q->terms[i];
    while (q->n && search_word(&rest, folded, &word, &raw)) {
        if (hits(&longest, word))
            return raw;
        if (any.n == 0 && hits(q, word))
            any = raw;
    }
    return any;
}

/* With the words of the query that stand directly behind. */
static struct str grown(const struct search_query *q, struct str text, struct str hit)
{
    char folded[SEARCH_WORD_SIZE];
    size_t end = (size_t)(hit.p - text.p) + hit.n;
    struct str rest = str_sub(text, end, text.n), word, raw;
    while (search_word(&rest, folded, &word, &raw) && hits(q, word) &&
           (size_t)(raw.p - text.p) <= end + GAP_MAX)
        end = (size_t)(raw.p - text.p) + raw.n;
    return str_sub(text, (size_t)(hit.p - text.p), end - (size_t)(hit.p - text.p));
}

void search_snippet(const struct search_query *q, struct str text, size_t max, struct buf *ret_text,
                    struct str *ret_before, struct str *ret_hit, struct str *ret_after)
{
    struct str hit = first_hit(q, text);
    size_t at = 0;
    if (hit.n) {
        hit = grown(q, text, hit);
        at = (size_t)(hit.p - text.p);
    }
    struct str before = clip_end(str_sub(text, 0, at), max / 3);
    struct str after = utf8_clip(str_sub(text, at + hit.n, text.n), max - before.n);
    if (before.n < at)
        buf_adds(ret_text, "\xe2\x80\xa6");
    add_line(ret_text, before);
    size_t from = ret_text->n;
    add_line(ret_text, hit);
    size_t to = ret_text->n;
    add_line(ret_text, after);
    if (at + hit.n + after.n < text.n)
        buf_adds(ret_text, "\xe2\x80\xa6");
    *ret_before = str_sub(buf_str(ret_text), 0, from);
    *ret_hit = str_sub(buf_str(ret_text), from, to - from);
    *ret_after = str_sub(buf_str(ret_text), to, ret_text->n);
}
