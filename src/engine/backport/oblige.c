/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The obligations of a candidate: reads its files once, asks each check, collects what they say.
 * Runs in commands and in the engine child; all texts and names are a stranger's.
 */
#include "engine/backport/oblige.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "engine/backport/oblige_inside.h"

const char *oblige_id_text(enum oblige_id id)
{
    static const char *const names[OBLIGE_ID_COUNT] = {"",   "O1", "O2", "O3", "O4",
                                                       "O5", "O6", "O7", "O8"};
    return (unsigned)id < OBLIGE_ID_COUNT ? names[id] : "";
}

const char *oblige_result_text(enum oblige_result r)
{
    return r == OBLIGE_PASS ? "pass" : r == OBLIGE_FAIL ? "fail" : "unknown";
}

/*
 * Which failures take a verdict down, measured on backports that people made: a plain pick is right
 * so often that only what would not build may, a merge of words needs every doubt.  Tests and
 * documents may stay behind in part, and that is said elsewhere.
 */
bool oblige_demotes(const struct obligation *o, bool clean)
{
    static const struct {
        bool clean, merged;
    } table[OBLIGE_WHY_COUNT] = {
        [OBLIGE_WHY_MORE] = {false, true},   [OBLIGE_WHY_LESS] = {false, true},
        [OBLIGE_WHY_MISSING] = {true, true}, [OBLIGE_WHY_UNSEEN] = {true, true},
        [OBLIGE_WHY_LOCAL] = {true, true},   [OBLIGE_WHY_FILE] = {true, true},
        [OBLIGE_WHY_CALL] = {true, true},    [OBLIGE_WHY_SIGNATURE] = {false, false},
        [OBLIGE_WHY_LEFT] = {false, true},   [OBLIGE_WHY_PLACE] = {false, false},
        [OBLIGE_WHY_DEAD] = {true, true},    [OBLIGE_WHY_BRACKET] = {false, true},
        [OBLIGE_WHY_LINE] = {false, true},   [OBLIGE_WHY_NUMBER] = {true, true},
    };
    if (o->result != OBLIGE_FAIL || (unsigned)o->why >= OBLIGE_WHY_COUNT ||
        (o->class != CLASS_CODE && o->why != OBLIGE_WHY_NUMBER))
        return false;
    return clean ? table[o->why].clean : table[o->why].merged;
}

void oblige_say(struct oblige *o, const struct obligation *head, const char *fmt, ...)
{
    char text[OBLIGE_DETAIL_MAX + 1];
    va_list ap;
    if (o->n_said == OBLIGE_SAID_MAX) {
        o->more = true;
        return;
    }
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    AUTO(buf) struct buf clean = BUF_INIT(4 * sizeof text);
    utf8_clean_line(&clean, utf8_clip(str_c(text), OBLIGE_DETAIL_MAX));
    struct obligation *s = &o->said[o->n_said++];
    *s = *head;
    s->path = arena_str(o->a, head->path);
    s->detail = arena_str(o->a, buf_str(&clean));
}

/* ---- The files ---- */

static const struct bp_side *side_of(const struct bp_file *f, enum side side)
{
    switch (side) {
    case SIDE_BASE:
        return &f->base;
    case SIDE_FIX:
        return &f->fix;
    case SIDE_RELEASE:
        return &f->release;
    default:
        return &f->made;
    }
}

static bool is_text(const struct bp_side *s)
{
    return s->mode == 0 || ((s->mode & TREE_MODE_TYPE) == TREE_MODE_FILE && !s->binary);
}

static bool same_side(const struct bp_side *x, const struct bp_side *y)
{
    return x->mode && y->mode && x->oid[0] && strcmp(x->oid, y->oid) == 0;
}

static bool side_text(struct oblige *o, const struct bp_side *s, struct str *ret)
{
    struct scope_blob b = {0};
    *ret = STR_NONE;
    if (s->mode == 0)
        return true;
    if (s->read) {
        *ret = s->text;
        return s->text.n <= OBLIGE_TEXT_MAX && !text_binary(s->text);
    }
    memcpy(b.oid, s->oid, sizeof b.oid);
    return scope_text(o->ask->scope, &b, o->a, ret, NULL) == RC_OK && ret->n <= OBLIGE_TEXT_MAX;
}

static void piece_read(struct oblige *o, struct piece *p)
{
    const struct bp_file *f = p->file;
    enum lang lang = f->lang ? f->lang : lang_of(f->path, STR_NONE);
    p->readable = true;
    for (enum side k = SIDE_BASE; k < SIDE_COUNT; k++) {
        const struct bp_side *s = side_of(f, k);
        struct str text;
        for (enum side j = SIDE_BASE; j < k && p->code[k] == NULL; j++) {
            if (same_side(side_of(f, j), s)) {
                p->code[k] = p->code[j];
                p->set[k] = p->set[j];
            }
        }
        if (p->code[k])
            continue;
        if (!is_text(s) || !side_text(o, s, &text)) {
            p->readable = false;
            text = STR_NONE;
        }
        code_read(&p->own[k], lang, text);
        p->code[k] = &p->own[k];
        if (s->mode == 0)
            continue;
        if (s->oid[0]) {
            struct scope_blob b = {0};
            memcpy(b.oid, s->oid, sizeof b.oid);
            p->set[k] = scope_words(o->ask->scope, &b, f->path);
        } else {
            p->set[k] = scope_words_text(o->ask->scope, text, lang);
        }
    }
}

static void piece_marks(struct oblige *o, struct piece *p)
{
    const struct bp_file *f = p->file;
    lines_compare(p->code[SIDE_BASE]->text, p->code[SIDE_FIX]->text, o->a, &p->fix_gone,
                  &p->fix_new);
    if (same_side(&f->base, &f->release) && same_side(&f->fix, &f->made)) {
        p->made_gone = p->fix_gone;
        p->made_new = p->fix_new;
        return;
    }
    lines_compare(p->code[SIDE_RELEASE]->text, p->code[SIDE_MADE]->text, o->a, &p->made_gone,
                  &p->made_new);
}

static void pieces_read(struct oblige *o)
{
    const struct oblige_ask *ask = o->ask;
    for (size_t i = 0; i < o->n; i++) {
        struct piece *p = &o->pieces[i];
        p->file = &ask->files[i];
        piece_read(o, p);
        if (p->readable)
            piece_marks(o, p);
        else
            o->unknown |= 1u << OBLIGE_CONTAINED | 1u << OBLIGE_NAMES | 1u << OBLIGE_GONE_LINES;
        o->made_sets[i] = p->file->made.mode ? p->set[SIDE_MADE] : NULL;
    }
    o->base = (struct scope_view){.tree = ask->base_tree};
    o->fix = (struct scope_view){.tree = ask->fix_tree};
    o->release = (struct scope_view){.tree = ask->release_tree};
    o->made = (struct scope_view){
        .tree = ask->release_tree, .files = ask->files, .sets = o->made_sets, .n = o->n};
}

static void pieces_release(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        for (enum side k = SIDE_BASE; k < SIDE_COUNT; k++)
            code_release(&o->pieces[i].own[k]);
    }
}

/* ---- The result ---- */

/* A line for each id: its failures, else that it passed or is not known. */
static void collect(struct oblige *o, struct obligations *ret)
{
    ret->v = arena_array(o->a, o->n_said + OBLIGE_ID_COUNT, sizeof *ret->v);
    ret->n = 0;
    ret->more = o->more;
    for (unsigned id = OBLIGE_CONTAINED; ret->v && id < OBLIGE_ID_COUNT; id++) {
        size_t before = ret->n;
        if (id == OBLIGE_AGAIN)
            continue;
        for (size_t i = 0; i < o->n_said; i++) {
            if (o->said[i].id == id)
                ret->v[ret->n++] = o->said[i];
        }
        if (ret->n > before)
            continue;
        bool unknown = o->unknown & 1u << id;
        ret->v[ret->n++] = (struct obligation){
            .id = id,
            .result = unknown ? OBLIGE_UNKNOWN : OBLIGE_PASS,
            .path = STR_NONE,
            .detail = unknown ? STR("not every file could be checked") : STR_NONE};
    }
}

enum rc oblige_run(const struct oblige_ask *ask, struct arena *a, struct obligations *ret,
                   struct err *e)
{
    struct oblige o = {.ask = ask, .a = a};
    *ret = (struct obligations){0};
    o.n = ask->n < OBLIGE_FILES_MAX ? ask->n : OBLIGE_FILES_MAX;
    o.pieces = arena_array(a, o.n + 1, sizeof *o.pieces);
    o.made_sets = arena_array(a, o.n + 1, sizeof *o.made_sets);
    o.said = arena_array(a, OBLIGE_SAID_MAX, sizeof *o.said);
    if (!o.pieces || !o.made_sets || !o.said)
        return arena_ok(a, "the obligations of a candidate", e);
    if (o.n < ask->n)
        o.unknown = ~0u;
    scope_begin(ask->scope, ask->release_tree.n / 2);
    pieces_read(&o);
    oblige_tokens(&o);
    oblige_names(&o);
    oblige_files(&o);
    oblige_shape(&o);
    oblige_numbers(&o);
    collect(&o, ret);
    pieces_release(&o);
    return arena_ok(a, "the obligations of a candidate", e);
}
