/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments in a place that does not fit: who changes nothing else has no quarrel.  Runs in the
 * engine child on strangers' texts.
 */
#include "engine/backport/ladder_inside.h"

/* Beginnings of comments that say something to a compiler, a build or a server. */
static bool speaks(const struct ladder_ask *ask, struct str comment)
{
    static const char *const heads[] = {
        "#!", "//go:", "// +build", "//export ", "# syntax=", "# escape=", "# -*-", "/*!", "/*+"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        if (str_starts(comment, str_c(heads[i])))
            return true;
    /* Text for the C compiler, in front of this line. */
    return ask->lang == LANG_GO && str_find(ask->fix, STR("import \"C\"")) != STR_NPOS;
}

static void read_spans(struct three *t)
{
    for (int s = 0; s < SIDES && !t->spanned; s++)
        lexer_spans(t->ask->lang, t->text[s], &t->spans[s]);
    t->spanned = true;
}

/* Both are in order. */
static bool mark_side(const struct three *t, struct place *p, enum side s)
{
    const struct spans *spans = &t->spans[s];
    struct words *w = &p->w[s];
    bool any = false;
    size_t k = 0;
    for (uint32_t i = 1; i + 1 < w->n; i++) {
        struct word *v = &w->v[i];
        while (k < spans->n && spans->v[k].at + spans->v[k].len <= v->at)
            k++;
        if (k == spans->n)
            break;
        const struct span *c = &spans->v[k];
        v->comment = c->kind == SPAN_COMMENT && v->at >= c->at &&
                     v->at + v->len <= c->at + c->len && v->kind != WORD_INDENT &&
                     !speaks(t->ask, str_sub(t->text[s], c->at, c->len));
        any |= v->comment;
    }
    /* The blanks in front of a line that is nothing else. */
    for (uint32_t i = w->n - 1; i-- > 1;)
        if (w->v[i].kind == WORD_INDENT)
            w->v[i].comment = w->v[i + 1].comment;
    return any;
}

bool edit_comments(const struct place *p, enum side s, const struct edit *e)
{
    for (uint32_t i = e->b0; i < e->b1; i++)
        if (!p->w[BASE].v[i].comment)
            return false;
    for (uint32_t i = e->x0; i < e->x1; i++)
        if (!p->w[s].v[i].comment)
            return false;
    return true;
}

bool place_comments(struct three *t, struct place *p)
{
    bool any = false;
    read_spans(t);
    for (int s = 0; s < SIDES; s++)
        any |= mark_side(t, p, s);
    if (any)
        place_shared(p);
    return any;
}
