/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O2: calls that come in fit the parameters that the release's function has.  A function is looked
 * at only where the file that declares it is another one than for the fix.  Runs in commands and in
 * the engine child; all texts are a stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

#define CALL_TOKENS    2000u /* of one call or list of parameters */
#define MANY           1000u /* parameters: any number */
#define DECLARATIONS   8u    /* of one name in one file */
#define PARAMETERS     40u
#define SIGNATURE_TEXT 120u

struct params {
    unsigned least, most;
    uint32_t names[PARAMETERS]; /* of Python */
    unsigned n_names;
    bool any_name;   /* takes keywords of any name */
    bool list;       /* ends with "..." */
    uint64_t types;  /* all of it but the names */
    struct str text; /* in brackets */
};
struct signatures {
    struct params v[DECLARATIONS];
    unsigned n;
    bool odd; /* one that could not be read */
};

static char punct(const struct code *c, size_t i)
{
    return i < c->n && c->v[i].kind == TOKEN_PUNCT && c->v[i].len == 1 ? c->text.p[c->v[i].at]
                                                                       : '\0';
}

static bool c_family(enum lang lang)
{
    return ident_lang_same(lang, LANG_C);
}

/* Commas directly inside of the bracket at open, up to its end. */
static unsigned commas(const struct code *c, size_t open, size_t end)
{
    unsigned n = 0;
    for (size_t i = open + 1; i < end; i++)
        n += punct(c, i) == ',' && c->open[i] == open;
    return n;
}

static struct str between(const struct code *c, size_t open, size_t end)
{
    size_t from = c->v[open].at, to = c->v[end].at + 1u;
    return str_sub(c->text, from, to - from < SIGNATURE_TEXT ? to - from : SIGNATURE_TEXT);
}

/* The parameters without their names: whatever they are called, the same call fits. */
static uint64_t types_of(const struct code *c, size_t open, size_t end)
{
    uint64_t h = 0;
    for (size_t i = open + 1; i < end; i++) {
        bool last = i + 1 == end || (punct(c, i + 1) == ',' && c->open[i + 1] == open);
        bool named = c->v[i].kind == TOKEN_WORD && i > open + 1 && punct(c, i - 1) != ',';
        if (!(last && named))
            h = (h ^ c->v[i].hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    }
    return h;
}

/* ---- Parameters ---- */

static bool c_params(const struct code *c, size_t name, size_t end, struct params *p)
{
    size_t open = name + 1;
    bool macro = name > 0 && code_is(c, name - 1, "define");
    if (macro && c->v[open].at != c->v[name].at + c->v[name].len)
        return false; /* a macro without parameters */
    p->most = end == open + 1 ? 0 : commas(c, open, end) + 1;
    if (!macro && end == open + 1) {
        p->most = c->lang == LANG_CPP ? 0 : MANY; /* "()" says nothing in C */
        return true;
    }
    if (!macro && end == open + 2 && code_is(c, open + 1, "void"))
        p->most = 0;
    p->least = p->most;
    for (size_t i = open + 1; i < end; i++) {
        if (code_is(c, i, "...")) {
            p->least = p->most - 1;
            p->most = MANY;
            p->list = true;
            break;
        }
        if (punct(c, i) == '=' && c->open[i] == open && p->least > 0)
            p->least--; /* has a default */
    }
    return true;
}

static bool python_params(const struct code *c, size_t name, size_t end, struct params *p)
{
    size_t open = name + 1;
    bool only_named = false;
    for (size_t i = open + 1; i < end;) {
        size_t next = i;
        bool fallback = false;
        while (next < end && !(punct(c, next) == ',' && c->open[next] == open)) {
            fallback = fallback || (punct(c, next) == '=' && c->open[next] == open);
            next++;
        }
        if (code_is(c, i, "**")) {
            p->any_name = true;
        } else if (punct(c, i) == '*') {
            only_named = true;
            if (next > i + 1)
                p->most = MANY;
        } else if (punct(c, i) != '/') {
            if (p->n_names < PARAMETERS)
                p->names[p->n_names++] = c->v[i].hash;
            else
                p->any_name = true;
            if (!only_named && p->most < MANY)
                p->most++;
            if (!only_named && !fallback)
                p->least++;
        }
        i = next + 1;
    }
    return true;
}

static bool go_params(const struct code *c, size_t name, size_t end, struct params *p)
{
    size_t open = name + 1;
    p->most = end == open + 1 ? 0 : commas(c, open, end) + (punct(c, end - 1) == ',' ? 0u : 1u);
    p->least = p->most;
    for (size_t i = open + 1; i < end; i++) {
        if (code_is(c, i, "...") && c->open[i] == open) {
            p->least = p->most - 1;
            p->most = MANY;
            p->list = true;
        }
    }
    return true;
}

static bool declaration(const struct code *c, size_t i)
{
    if (punct(c, i + 1) != '(' || !ident_declares(c, i))
        return false;
    if (c->lang == LANG_PYTHON)
        return i > 0 && code_is(c, i - 1, "def");
    if (c->lang == LANG_GO)
        return i > 0 && code_is(c, i - 1, "func");
    /* not inside of a function or of another list of parameters */
    return c->open[i] == c->n ||
           (c->lang == LANG_CPP && punct(c, c->open[i]) == '{' && !code_member(c, i));
}

static void read_signatures(const struct code *c, uint32_t hash, struct signatures *s)
{
    for (size_t i = 0; i + 1 < c->n; i++) {
        if (c->v[i].hash != hash || c->v[i].kind != TOKEN_WORD || !declaration(c, i))
            continue;
        size_t end = code_close(c, i + 1, CALL_TOKENS);
        struct params p = {0};
        bool read = end < c->n && s->n < DECLARATIONS;
        if (read && c_family(c->lang))
            read = c_params(c, i, end, &p);
        else if (read && c->lang == LANG_PYTHON)
            read = python_params(c, i, end, &p);
        else if (read)
            read = go_params(c, i, end, &p);
        if (!read) {
            s->odd = true;
            continue;
        }
        p.text = between(c, i + 1, end);
        p.types = types_of(c, i + 1, end);
        s->v[s->n++] = p;
    }
}

/* ---- Calls ---- */

struct call {
    unsigned n;
    uint32_t names[PARAMETERS]; /* keywords of Python */
    unsigned n_names;
    uint64_t hash; /* of the arguments */
    bool odd;      /* the number cannot be told */
};

static void read_call(const struct code *c, size_t name, struct call *call)
{
    size_t open = name + 1, end = code_close(c, open, CALL_TOKENS);
    memset(call, 0, sizeof *call);
    if (end == c->n) {
        call->odd = true;
        return;
    }
    bool last = punct(c, end - 1) == ',';
    call->n = end == open + 1 ? 0 : commas(c, open, end) + (last ? 0u : 1u);
    for (size_t i = open + 1; i < end; i++) {
        call->hash = (call->hash ^ c->v[i].hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
        if (punct(c, i) == '#' || code_is(c, i, "..."))
            call->odd = true;
        if (c->open[i] != open)
            continue;
        bool first = i == open + 1 || punct(c, i - 1) == ',';
        if (c->lang == LANG_PYTHON) {
            if (first && (punct(c, i) == '*' || code_is(c, i, "**")))
                call->odd = true;
            if (code_is(c, i, "for"))
                call->odd = true;
            if (first && punct(c, i + 1) == '=' && call->n_names < PARAMETERS)
                call->names[call->n_names++] = c->v[i].hash;
        }
    }
    if (c->lang == LANG_GO && call->n == 1 && punct(c, end - 1) == ')')
        call->odd = true; /* f(g()): g may have several results */
}

static bool fits(const struct call *call, const struct params *p)
{
    for (unsigned i = 0; i < call->n_names; i++) {
        bool known = p->any_name;
        for (unsigned k = 0; k < p->n_names && !known; k++)
            known = p->names[k] == call->names[i];
        if (!known)
            return false;
    }
    if (call->n_names)
        return call->n - call->n_names <= p->most;
    return call->n >= p->least && call->n <= p->most;
}

static bool fits_any(const struct call *call, const struct signatures *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (fits(call, &s->v[i]))
            return true;
    }
    return s->odd;
}

/* ---- Both sides ---- */

/* The signatures of the name in the file at path of a view. */
static void signatures_at(struct names *s, const struct scope_view *v, struct str path,
                          uint32_t hash, struct signatures *ret)
{
    struct scope_blob b;
    struct str text;
    struct scope *scope = s->o->ask->scope;
    if (!scope_has(scope, v, path, &b) || scope_text(scope, &b, s->o->a, &text, NULL) != RC_OK)
        return;
    AUTO(code) struct code c = {0};
    code_read(&c, s->made->lang, text);
    read_signatures(&c, hash, ret);
}

static bool declares(const struct ident_set *set, uint32_t hash)
{
    return set && ident_find(set, hash) == IDENT_DECLARED;
}

static bool same_file(struct names *s, struct str here, struct str there)
{
    struct scope_blob x, y;
    struct scope *scope = s->o->ask->scope;
    return scope_has(scope, &s->o->made, here, &x) && scope_has(scope, &s->o->fix, there, &y) &&
           strcmp(x.file ? x.file->made.oid : x.oid, y.oid) == 0;
}

/* The call of the same name on a line of the fix. */
static bool fix_call(const struct names *s, uint32_t hash, struct call *ret)
{
    for (size_t k = 0; k < s->fix->n; k++) {
        if (s->fix->v[k].hash == hash && s->fix->v[k].kind == TOKEN_WORD &&
            punct(s->fix, k + 1) == '(' && line_marked(&s->p->fix_new, s->fix->v[k].line) &&
            !ident_declares(s->fix, k)) {
            read_call(s->fix, k, ret);
            return !ret->odd;
        }
    }
    return false;
}

static void say(struct names *s, size_t i, const struct params *here, const struct params *there,
                bool fit)
{
    struct str name = code_token(s->made, i);
    struct obligation head = {.id = OBLIGE_NAMES,
                              .result = fit ? OBLIGE_UNKNOWN : OBLIGE_FAIL,
                              .why = fit ? OBLIGE_WHY_SIGNATURE : OBLIGE_WHY_CALL,
                              .class = s->p->file->class,
                              .path = s->p->file->path,
                              .line = s->made->v[i].line};
    oblige_say(s->o, &head,
               fit ? "%.*s is called in %.*s:%u; its parameters are %.*s here and %.*s for the fix"
                   : "%.*s is called in %.*s:%u with arguments that do not fit: its parameters are "
                     "%.*s here and %.*s for the fix",
               STR_ARG(name), STR_ARG(head.path), head.line, STR_ARG(here->text),
               STR_ARG(there->text));
}

static bool same_types(const struct signatures *x, const struct signatures *y)
{
    for (unsigned i = 0; i < x->n; i++) {
        for (unsigned k = 0; k < y->n; k++) {
            if (x->v[i].types == y->v[k].types)
                return true;
        }
    }
    return false;
}

void names_call(struct names *s, size_t i)
{
    uint32_t hash = s->made->v[i].hash;
    struct signatures here = {0}, there = {0};
    struct call call, meant;
    struct str here_path, there_path;
    bool c = c_family(s->made->lang);
    bool self = s->made->lang == LANG_PYTHON && code_is(s->made, i - 1, ".") && i > 1 &&
                code_is(s->made, i - 2, "self");
    if (punct(s->made, i + 1) != '(' || (code_member(s->made, i) && !self) ||
        (!c && s->made->lang != LANG_PYTHON && s->made->lang != LANG_GO) ||
        ident_declares(s->made, i))
        return;
    read_call(s->made, i, &call);
    if (call.odd || !fix_call(s, hash, &meant))
        return;
    if (declares(s->p->set[SIDE_MADE], hash))
        read_signatures(s->made, hash, &here);
    if (declares(s->p->set[SIDE_FIX], hash))
        read_signatures(s->fix, hash, &there);
    if (c && here.n == 0 && there.n == 0) {
        if (!names_made_sees(s, hash, IDENT_DECLARED, &here_path) ||
            !names_fix_sees(s, hash, IDENT_DECLARED, &there_path) ||
            same_file(s, here_path, there_path))
            return;
        signatures_at(s, &s->o->made, here_path, hash, &here);
        signatures_at(s, &s->o->fix, there_path, hash, &there);
    }
    if (here.n == 0 || there.n == 0 || here.odd || there.odd)
        return;
    if (self) {
        call.n++;
        meant.n++;
    }
    if (!fits_any(&meant, &there))
        return; /* not read as it is meant */
    /* one list for any number of arguments, and one for a fixed number, are not written alike */
    bool fit =
        fits_any(&call, &here) && (here.v[0].list == there.v[0].list || call.hash != meant.hash);
    if (!fit || !same_types(&here, &there))
        say(s, i, &here.v[0], &there.v[0], fit);
}
