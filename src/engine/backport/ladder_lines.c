/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three texts put together by lines (diff3).  Runs in the engine child on strangers' texts; time
 * and memory are bounded by the limits of ladder.h.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

void three_auto(struct three *t)
{
    for (int s = 0; s < SIDES; s++) {
        text_lines_auto(&t->lines[s]);
        free(t->map[s]);
        spans_release(&t->spans[s]);
    }
    book_free(t->book);
    free(t->chunk);
}

struct str three_bytes(const struct three *t, enum side s, struct range lines)
{
    const uint32_t *at = t->lines[s].at;
    return str_sub(t->text[s], at[lines.from], at[lines.to] - at[lines.from]);
}

void three_put_fix(const struct three *t, struct str s, struct buf *out)
{
    struct str line;
    if (t->cr == CR_KEEP) {
        buf_add(out, s);
        return;
    }
    for (size_t lf; (lf = str_chr(s, '\n')) != STR_NPOS; s = str_sub(s, lf + 1, s.n)) {
        line = str_sub(s, 0, lf);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        buf_add(out, line);
        buf_add(out, t->cr == CR_ADD ? STR("\r\n") : STR("\n"));
    }
    buf_add(out, s);
}

static void chunk_add(struct three *t, struct chunk c)
{
    if (t->n_chunks == t->cap_chunks) {
        t->cap_chunks = t->cap_chunks == 0 ? 64 : 2 * t->cap_chunks;
        t->chunk = mem_realloc(t->chunk, t->cap_chunks * sizeof *t->chunk);
    }
    t->chunk[t->n_chunks++] = c;
}

static bool same_lines(const struct three *t, const struct chunk *c, enum side x, enum side y)
{
    uint32_t n = c->l[x].to - c->l[x].from;
    return n == c->l[y].to - c->l[y].from &&
           memcmp(t->lines[x].id + c->l[x].from, t->lines[y].id + c->l[y].from,
                  n * sizeof(uint32_t)) == 0;
}

static enum chunk_kind kind_of(const struct three *t, const struct chunk *c)
{
    bool fix = !same_lines(t, c, BASE, FIX), release = !same_lines(t, c, BASE, RELEASE);
    if (!fix)
        return release ? CHUNK_RELEASE : CHUNK_STABLE;
    if (!release)
        return CHUNK_FIX;
    return same_lines(t, c, FIX, RELEASE) ? CHUNK_BOTH : CHUNK_CONFLICT;
}

static void cut_chunks(struct three *t)
{
    uint32_t n = t->lines[BASE].n, b = 0, f = 0, r = 0;
    const uint32_t *fix = t->map[FIX], *release = t->map[RELEASE];
    while (b < n || f < t->lines[FIX].n || r < t->lines[RELEASE].n) {
        uint32_t k = 0;
        while (b + k < n && fix[b + k] == f + k && release[b + k] == r + k)
            k++;
        if (k > 0) {
            chunk_add(t, (struct chunk){CHUNK_STABLE, {{b, b + k}, {f, f + k}, {r, r + k}}});
            b += k;
            f += k;
            r += k;
            continue;
        }
        while (b + k < n && (fix[b + k] == ALIGN_NONE || release[b + k] == ALIGN_NONE))
            k++;
        struct chunk c = {CHUNK_STABLE,
                          {{b, b + k}, {f, t->lines[FIX].n}, {r, t->lines[RELEASE].n}}};
        if (b + k < n) {
            c.l[FIX].to = fix[b + k];
            c.l[RELEASE].to = release[b + k];
        }
        c.kind = kind_of(t, &c);
        chunk_add(t, c);
        b = c.l[BASE].to;
        f = c.l[FIX].to;
        r = c.l[RELEASE].to;
    }
}

/* True when at least one line ends in CR LF and none in a bare LF. */
static bool all_crlf(struct str s)
{
    bool any = false;
    for (size_t at = 0; at < s.n; at++) {
        const char *lf = memchr(s.p + at, '\n', s.n - at);
        if (lf == NULL)
            break;
        at = (size_t)(lf - s.p);
        if (at == 0 || s.p[at - 1] != '\r')
            return false;
        any = true;
    }
    return any;
}

static enum rc check_texts(const struct three *t, struct err *e)
{
    for (int s = 0; s < SIDES; s++) {
        if (t->text[s].n > LADDER_TEXT_MAX)
            return err_set(e, RC_LIMIT, "a text is longer than %u bytes", LADDER_TEXT_MAX);
        if (text_binary(t->text[s]))
            return err_set(e, RC_INVALID, "a text is binary");
    }
    return RC_OK;
}

enum rc three_read(const struct ladder_ask *ask, struct three *ret, struct err *e)
{
    struct three *t = ret;
    *t = (struct three){.ask = ask,
                        .text = {ask->base, ask->fix, ask->release},
                        .budget = LADDER_BUDGET,
                        .indent = words_by_indent(ask->lang, ask->path)};
    TRY(check_texts(t, e));
    t->book = book_new();
    if (all_crlf(ask->release) && str_find(ask->fix, STR("\r\n")) == STR_NPOS)
        t->cr = CR_ADD;
    else if (all_crlf(ask->fix) && str_find(ask->release, STR("\r\n")) == STR_NPOS)
        t->cr = CR_DROP;
    for (int s = 0; s < SIDES; s++)
        TRY(text_lines_read(t->book, t->text[s], t->cr != CR_KEEP, LADDER_LINES_MAX, &t->lines[s],
                            e));
    struct aligning how = {.ids = book_n(t->book), .budget = t->budget};
    for (int s = FIX; s <= RELEASE; s++) {
        t->map[s] = mem_alloc(((size_t)t->lines[BASE].n + 1) * sizeof(uint32_t));
        align_run(&how, t->lines[BASE].id, t->lines[BASE].n, t->lines[s].id, t->lines[s].n,
                  t->map[s]);
    }
    t->budget = how.budget;
    cut_chunks(t);
    return RC_OK;
}
