/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O2: names that come in exist in the release and can be seen where they are used.  The nearest
 * places are asked first, and the first one that has the name ends the search.  Runs in commands
 * and in the engine child; all texts and names are a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/oblige_inside.h"

static bool c_family(enum lang lang)
{
    return ident_lang_same(lang, LANG_C);
}

bool names_made_sees(struct names *s, uint32_t hash, enum ident_has want, struct str *ret_path)
{
    struct scope *scope = s->o->ask->scope;
    if (!s->sees_on)
        scope_seen_start(&s->sees, scope, &s->o->made, s->p->file->path, s->p->set[SIDE_MADE]);
    s->sees_on = true;
    return scope_sees(scope, &s->sees, hash, want, ret_path);
}

bool names_fix_sees(struct names *s, uint32_t hash, enum ident_has want, struct str *ret_path)
{
    struct scope *scope = s->o->ask->scope;
    if (!s->fix_sees_on)
        scope_seen_start(&s->fix_sees, scope, &s->o->fix, s->p->file->fix_path,
                         s->p->set[SIDE_FIX]);
    s->fix_sees_on = true;
    return scope_sees(scope, &s->fix_sees, hash, want, ret_path);
}

static void say(struct names *s, size_t i, enum oblige_why why, enum oblige_result result,
                struct str text)
{
    struct obligation head = {.id = OBLIGE_NAMES,
                              .result = result,
                              .why = why,
                              .class = s->p->file->class,
                              .path = s->p->file->path,
                              .line = s->made->v[i].line};
    struct str name = code_token(s->made, i);
    bool call = code_is(s->made, i + 1, "(");
    oblige_say(s->o, &head, "%.*s is %s in %.*s:%u %.*s", STR_ARG(name), call ? "called" : "used",
               STR_ARG(head.path), head.line, STR_ARG(text));
}

/* ---- Names of the whole program ---- */

static bool is_header(struct str path)
{
    static const char *const endings[] = {".h", ".hh", ".hpp", ".hxx", ".inc", ".inl"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (str_ends(path, str_c(endings[i])))
            return true;
    return false;
}

/*
 * A name that the fix's file sees in fix_path and the release's file does not see.  When the
 * release has it in a file of that name, or one of the files that lead there could not be found,
 * how it gets there is not for us to say.
 */
static void missing(struct names *s, size_t i, struct str fix_path)
{
    struct oblige *o = s->o;
    struct str where;
    uint32_t hash = s->made->v[i].hash;
    if (scope_moved(o->ask->scope, &o->made, fix_path, hash, IDENT_DECLARED, o->a, &where) &&
        (!str_eq(where, fix_path) || scope_misses_more(o->ask->scope, &s->sees, &s->fix_sees)))
        return;
    int got = scope_anywhere(o->ask->scope, &o->made, s->p->file->path, s->made->lang, hash,
                             IDENT_DECLARED, o->a, &where);
    if (got > 0 && is_header(s->p->file->path))
        return; /* those who include it may include that one before */
    if (got > 0)
        say(s, i, OBLIGE_WHY_UNSEEN, OBLIGE_FAIL,
            arena_strf(o->a,
                       "and stands in %.*s here, which this file does not include; for the "
                       "fix it comes from %.*s",
                       STR_ARG(where), STR_ARG(fix_path)));
    else if (got == 0)
        say(s, i, OBLIGE_WHY_MISSING, OBLIGE_FAIL,
            arena_strf(o->a,
                       "and nothing in this release defines it; for the fix it comes from "
                       "%.*s",
                       STR_ARG(fix_path)));
    else
        o->unknown |= 1u << OBLIGE_NAMES;
}

static bool same_name(const struct code *c, size_t i, uint32_t hash)
{
    return c->v[i].hash == hash && c->v[i].kind == TOKEN_WORD;
}

/* Is it declared outside of all functions, in this file? */
static bool declared_outside(const struct code *c, uint32_t hash)
{
    struct func f;
    for (size_t k = 0; k < c->n; k++) {
        if (same_name(c, k, hash) && ident_declares(c, k) && !code_is(c, c->open[k], "(") &&
            !code_function(c, k, &f))
            return true;
    }
    return false;
}

/* In C: of what this file and the fix's file see.  True: there is nothing more to ask. */
static bool by_includes(struct names *s, size_t i)
{
    uint32_t hash = s->made->v[i].hash;
    struct str where;
    if (names_made_sees(s, hash, IDENT_USED, NULL))
        return true;
    if (names_fix_sees(s, hash, IDENT_DECLARED, &where)) {
        missing(s, i, where);
        return true;
    }
    if (!code_member(s->made, i) && declared_outside(s->fix, hash)) {
        say(s, i, OBLIGE_WHY_UNSEEN, OBLIGE_FAIL,
            STR("and this file does not declare it; the fix's version of the file does"));
        return true;
    }
    return false;
}

static bool comes_with_fix(const struct names *s, uint32_t hash)
{
    const struct oblige *o = s->o;
    for (size_t k = 0; k < o->n; k++) {
        if (o->made_sets[k] && ident_find(o->made_sets[k], hash) == IDENT_DECLARED &&
            ident_lang_same(o->pieces[k].code[SIDE_MADE]->lang, s->made->lang))
            return true;
    }
    return false;
}

static void whole_program(struct names *s, size_t i)
{
    struct oblige *o = s->o;
    uint32_t hash = s->made->v[i].hash;
    struct str where;
    if (c_family(s->made->lang) && by_includes(s, i))
        return;
    if (comes_with_fix(s, hash))
        return;
    if (!c_family(s->made->lang) && !code_member(s->made, i) && s->p->set[SIDE_FIX] &&
        ident_find(s->p->set[SIDE_FIX], hash) == IDENT_DECLARED) {
        say(s, i, OBLIGE_WHY_UNSEEN, OBLIGE_FAIL,
            STR("and this file neither declares nor imports it; the fix's version does"));
        return;
    }
    int got = scope_anywhere(o->ask->scope, &o->release, s->p->file->path, s->made->lang, hash,
                             IDENT_USED, o->a, &where);
    if (got != 0) {
        if (got < 0)
            o->unknown |= 1u << OBLIGE_NAMES;
        return;
    }
    if (scope_anywhere(o->ask->scope, &o->fix, s->p->file->fix_path, s->made->lang, hash,
                       IDENT_DECLARED, o->a, &where) > 0)
        say(s, i, OBLIGE_WHY_MISSING, OBLIGE_FAIL,
            arena_strf(o->a,
                       "and nothing in this release defines it; for the fix it comes from "
                       "%.*s",
                       STR_ARG(where)));
}

/* ---- Names of the function ---- */

/* Is the name declared within these tokens, or a label there? */
static bool declared_within(const struct code *c, const struct func *f, uint32_t hash)
{
    for (size_t k = f->from; k <= f->to && k < c->n; k++) {
        /* C has no functions in functions: a macro without a semicolon stood before a call */
        if (same_name(c, k, hash) && !code_member(c, k) && ident_declares(c, k) &&
            !(c_family(c->lang) && code_is(c, k + 1, "(") && k != f->name))
            return true;
    }
    return false;
}

/* Does the function hold the name on a line that was there before? */
static bool stood_within(const struct names *s, const struct func *f, uint32_t hash)
{
    for (size_t k = f->from; k <= f->to && k < s->made->n; k++) {
        if (same_name(s->made, k, hash) && !code_member(s->made, k) &&
            !line_marked(&s->p->made_new, s->made->v[k].line))
            return true;
    }
    return false;
}

static void local(struct names *s, size_t i)
{
    struct func here, there;
    uint32_t hash = s->made->v[i].hash;
    if (!code_function(s->made, i, &here) || stood_within(s, &here, hash) ||
        declared_within(s->made, &here, hash))
        return;
    for (size_t k = 0; k < s->fix->n; k++) {
        if (!same_name(s->fix, k, hash) || !line_marked(&s->p->fix_new, s->fix->v[k].line) ||
            code_member(s->fix, k) || !code_function(s->fix, k, &there))
            continue;
        if (!declared_within(s->fix, &there, hash))
            return;
        if (declared_outside(s->made, hash))
            return;
        struct str in = here.name < s->made->n ? code_token(s->made, here.name) : STR("a function");
        say(s, i, OBLIGE_WHY_LOCAL, OBLIGE_FAIL,
            arena_strf(s->o->a, "in %.*s, which does not declare it; the fix's function does",
                       STR_ARG(in)));
        return;
    }
}

/* ---- All names of a file ---- */

static bool asked_before(struct names *s, uint32_t hash)
{
    for (size_t k = 0; k < s->n_asked; k++) {
        if (s->asked[k] == hash)
            return true;
    }
    if (s->n_asked == OBLIGE_NAMES_MAX) {
        s->o->unknown |= 1u << OBLIGE_NAMES;
        return true;
    }
    s->asked[s->n_asked++] = hash;
    return false;
}

/* A name that only asks whether it exists: of a conditional. */
static bool conditional(const struct code *c, size_t i)
{
    return c_family(c->lang) && i > 0 &&
           (code_is(c, i - 1, "ifdef") || code_is(c, i - 1, "ifndef") ||
            code_is(c, i - 1, "defined") || (i > 1 && code_is(c, i - 2, "defined")) ||
            code_is(c, i - 1, "undef") || code_is(c, i - 1, "include"));
}

/* The keyword of an argument: a parameter of what is called. */
static bool keyword(const struct code *c, size_t i)
{
    return c->lang == LANG_PYTHON && i > 0 && code_is(c, i + 1, "=") &&
           code_is(c, c->open[i], "(") && (code_is(c, i - 1, "(") || code_is(c, i - 1, ","));
}

static void file_names(struct oblige *o, const struct piece *p)
{
    struct names s = {.o = o, .p = p, .made = p->code[SIDE_MADE], .fix = p->code[SIDE_FIX]};
    bool whole = p->code[SIDE_FIX] == p->code[SIDE_MADE];
    for (size_t i = 0; i < s.made->n; i++) {
        if (!line_marked(&p->made_new, s.made->v[i].line) || !code_name(s.made, i) ||
            conditional(s.made, i) || keyword(s.made, i))
            continue;
        uint32_t hash = s.made->v[i].hash;
        enum ident_has stood =
            p->set[SIDE_RELEASE] ? ident_find(p->set[SIDE_RELEASE], hash) : IDENT_NO;
        if (asked_before(&s, hash))
            continue;
        if (!whole && !code_member(s.made, i))
            local(&s, i);
        names_call(&s, i);
        if (stood == IDENT_NO && p->set[SIDE_MADE] &&
            ident_find(p->set[SIDE_MADE], hash) != IDENT_DECLARED)
            whole_program(&s, i);
    }
    scope_seen_release(&s.sees);
    scope_seen_release(&s.fix_sees);
}

void oblige_names(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct piece *p = &o->pieces[i];
        if (!p->readable || p->file->class != CLASS_CODE || p->made_new.marked == 0 ||
            p->file->how == BP_LEFT_OUT || p->file->made.mode == 0)
            continue;
        if (ident_lang(p->code[SIDE_MADE]->lang))
            file_names(o, p);
        else
            o->unknown |= 1u << OBLIGE_NAMES;
    }
}
