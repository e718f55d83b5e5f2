/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O2: files that come in by name (an include, an import, a source in a list of a build) are there.
 * Only what the fix's tree has is asked for in the candidate's.  Runs in commands and in the engine
 * child; all texts and names are a stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

#define FILES_ASKED 200u /* of one file */

static void say(struct oblige *o, const struct piece *p, uint32_t line, struct str name,
                struct str detail)
{
    struct obligation head = {.id = OBLIGE_NAMES,
                              .result = OBLIGE_FAIL,
                              .why = OBLIGE_WHY_FILE,
                              .class = p->file->class,
                              .path = p->file->path,
                              .line = line};
    oblige_say(o, &head, "%.*s:%u names %.*s, %.*s", STR_ARG(head.path), line, STR_ARG(name),
               STR_ARG(detail));
}

static struct str last_part(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

/* ---- Includes and imports ---- */

static bool reached_before(const struct piece *p, char kind, struct str path)
{
    struct str rest = p->set[SIDE_RELEASE] ? p->set[SIDE_RELEASE]->reaches : STR_NONE, known;
    char as;
    while (ident_reach(&rest, &as, &known)) {
        if (as == kind && str_eq(known, path))
            return true;
    }
    return false;
}

static uint32_t line_of(const struct code *c, struct str path)
{
    struct str rest = c->text, line;
    uint32_t n = 0;
    while (str_line(&rest, &line)) {
        n++;
        if (str_find(line, path) != STR_NPOS)
            return n;
    }
    return 0;
}

static void reaches(struct oblige *o, const struct piece *p)
{
    struct scope *s = o->ask->scope;
    struct str rest = p->set[SIDE_MADE] ? p->set[SIDE_MADE]->reaches : STR_NONE, path, there, here;
    char kind;
    for (unsigned n = 0; n < FILES_ASKED && ident_reach(&rest, &kind, &path); n++) {
        uint32_t line = line_of(p->code[SIDE_MADE], path);
        if (reached_before(p, kind, path) || !line_marked(&p->made_new, line) ||
            !scope_reach(s, &o->fix, p->file->fix_path, kind, path, o->a, &there) ||
            scope_reach(s, &o->made, p->file->path, kind, path, o->a, &here) ||
            scope_named(s, &o->made, last_part(there)))
            continue;
        say(o, p, line, path,
            arena_strf(o->a, "which this release does not have; for the fix it is %.*s",
                       STR_ARG(there)));
    }
}

/* "from module import name": the module's file has the name for the fix and not here. */
static void python_import(struct oblige *o, const struct piece *p, size_t from, size_t import)
{
    const struct code *c = p->code[SIDE_MADE];
    struct scope *s = o->ask->scope;
    struct str there, here;
    struct scope_blob x, y;
    size_t end = c->v[import - 1].at + c->v[import - 1].len, at = c->v[from + 1].at;
    struct str module = str_sub(c->text, at, end - at);
    if (!scope_reach(s, &o->fix, p->file->fix_path, 'm', module, o->a, &there) ||
        !scope_reach(s, &o->made, p->file->path, 'm', module, o->a, &here) ||
        !scope_has(s, &o->fix, there, &x) || !scope_has(s, &o->made, here, &y))
        return;
    const struct ident_set *old = scope_words(s, &y, here), *new = scope_words(s, &x, there);
    if (!old || !new)
        return;
    bool many = code_is(c, import + 1, "(");
    for (size_t i = import + 1; i < c->n && (many || c->v[i].line == c->v[from].line); i++) {
        if (many && code_is(c, i, ")"))
            return;
        uint32_t hash = c->v[i].hash;
        if (!code_name(c, i) || code_is(c, i - 1, "as") ||
            !line_marked(&p->made_new, c->v[i].line) || ident_find(old, hash) != IDENT_NO ||
            ident_find(new, hash) != IDENT_DECLARED)
            continue;
        say(o, p, c->v[i].line, code_token(c, i),
            arena_strf(o->a, "which %.*s does not have in this release", STR_ARG(here)));
    }
}

static void python_imports(struct oblige *o, const struct piece *p)
{
    const struct code *c = p->code[SIDE_MADE];
    for (size_t i = 0; i + 2 < c->n; i++) {
        if (!code_is(c, i, "from") || (i > 0 && c->v[i - 1].line == c->v[i].line))
            continue;
        size_t k = i + 1;
        while (k < c->n && c->v[k].line == c->v[i].line && !code_is(c, k, "import"))
            k++;
        if (k < c->n && code_is(c, k, "import") && k > i + 1)
            python_import(o, p, i, k);
    }
}

/* ---- Lists of sources ---- */

static bool build_list(enum lang lang, struct str path)
{
    return lang == LANG_MAKE || lang == LANG_CMAKE || str_eq(last_part(path), STR("meson.build")) ||
           str_eq(last_part(path), STR("Makefile.am"));
}

static bool source_name(struct str w)
{
    static const char *const endings[] = {".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".S"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (w.n > strlen(endings[i]) && str_ends(w, str_c(endings[i])))
            return w.p[0] != '.' && w.p[0] != '/';
    }
    return false;
}

static void sources_line(struct oblige *o, const struct piece *p, struct str line, uint32_t n)
{
    struct scope *s = o->ask->scope;
    size_t slash = str_rchr(p->file->path, '/');
    for (size_t i = 0; i < line.n;) {
        size_t from = i;
        while (i < line.n && (ascii_is_alnum(line.p[i]) || strchr("_./+-", line.p[i])))
            i++;
        struct str w = str_sub(line, from, i - from);
        i += i == from;
        struct scope_blob b;
        if (!source_name(w))
            continue;
        struct str path = slash == STR_NPOS ? w
                                            : arena_strf(o->a, "%.*s/%.*s", (int)slash,
                                                         p->file->path.p, STR_ARG(w));
        if (scope_has(s, &o->fix, path, &b) && !scope_has(s, &o->made, path, &b))
            say(o, p, n, w, STR("which this release does not have"));
    }
}

static void sources(struct oblige *o, const struct piece *p)
{
    struct str rest = p->code[SIDE_MADE]->text, line;
    unsigned asked = 0;
    for (uint32_t n = 1; asked < FILES_ASKED && str_line(&rest, &line); n++) {
        if (!line_marked(&p->made_new, n))
            continue;
        asked++;
        sources_line(o, p, line, n);
    }
}

void oblige_files(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct piece *p = &o->pieces[i];
        if (!p->readable || p->made_new.marked == 0 || p->file->how == BP_LEFT_OUT ||
            p->file->made.mode == 0)
            continue;
        if (build_list(p->code[SIDE_MADE]->lang, p->file->path))
            sources(o, p);
        else
            reaches(o, p);
        if (p->code[SIDE_MADE]->lang == LANG_PYTHON)
            python_imports(o, p);
    }
}
