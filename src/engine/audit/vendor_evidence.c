/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a copy is called and which version it is, from the files in it.  Runs in commands and in the
 * engine child; the files are a stranger's, and lies in them give at worst a wrong name.
 */
#include <string.h>

#include "engine/audit/vendor_inside.h"
#include "engine/audit/vendor_manifest.h"
#include "engine/audit/vendor_source.h"

#define FACTS_MAX 64
#define DEPTH_MAX 4 /* folders below a copy in which its version is looked for */

enum rank { RANK_PROSE = 1, RANK_WORDS, RANK_MANIFEST };

struct fact {
    enum rank rank;
    struct str version, path;
    uint32_t line;
};

struct facts {
    struct fact all[FACTS_MAX];
    size_t n, reads;
    struct str name;   /* of the folder */
    struct str called; /* by its manifest, or "" */
};

static void add_fact(struct vendor_walk *w, struct facts *f, enum rank rank, struct str path,
                     const struct vendor_said *said)
{
    if (f->n == FACTS_MAX || !said->version[0])
        return;
    f->all[f->n++] = (struct fact){.rank = rank,
                                   .version = arena_str(w->a, str_c(said->version)),
                                   .path = path,
                                   .line = said->line};
}

/* ---- Which files ---- */

static bool stem_tells(struct str stem, struct str name)
{
    static const char *const stems[] = {"__init__",  "_version", "version",
                                        "__about__", "versions", "config"};
    for (size_t i = 0; i < ARRAY_LEN(stems); i++)
        if (str_eq_nocase(stem, str_c(stems[i])))
            return true;
    return vendor_name_same(stem, name) || str_find_nocase(stem, STR("vers")) != STR_NPOS;
}

static bool is_header(struct str base)
{
    return str_ends(base, STR(".h")) || str_ends(base, STR(".hpp")) || str_ends(base, STR(".hh"));
}

static bool is_readme(struct str base)
{
    return str_starts_nocase(base, STR("readme"));
}

static bool is_changes(struct str base)
{
    static const char *const starts[] = {"change", "news", "history", "release"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts_nocase(base, str_c(starts[i])))
            return str_chr(base, '.') == STR_NPOS || str_ends(base, STR(".md")) ||
                   str_ends(base, STR(".txt")) || str_ends(base, STR(".rst")) ||
                   str_ends(base, STR(".markdown"));
    return false;
}

static size_t depth_below(struct str path, struct str folder)
{
    size_t depth = 0;
    for (size_t i = folder.n + 1; i < path.n; i++)
        depth += path.p[i] == '/';
    return depth;
}

/* ---- What one file says ---- */

/* A manifest speaks for the folder that it lies in; one of a build system may be an own one around
 * the copy, so it has to call it by its name. */
static void from_manifest(struct vendor_walk *w, struct facts *f, enum vendor_manifest kind,
                          struct str path, struct str text)
{
    struct vendor_said said;
    if (!vendor_manifest_read(kind, text, &said))
        return;
    bool build = kind == MANIFEST_CMAKE || kind == MANIFEST_AUTOCONF || kind == MANIFEST_MESON;
    bool same = said.name[0] && vendor_name_same(str_c(said.name), f->name);
    if (build && !same)
        return;
    bool package = kind == MANIFEST_JSON || kind == MANIFEST_CARGO || kind == MANIFEST_HEADERS;
    if (said.name[0] && (package || (same && !build)) && f->called.n == 0)
        f->called = arena_str(w->a, str_c(said.name));
    add_fact(w, f, RANK_MANIFEST, path, &said);
}

static void from_code(struct vendor_walk *w, struct facts *f, struct str path, struct str text)
{
    struct vendor_said said = {.name = ""};
    struct str base = vendor_base(path);
    bool stem_same = vendor_name_same(vendor_stem(base), f->name), kept;
    text = str_sub(text, 0, VENDOR_SCAN_MAX);
    if (is_header(base) || str_ends(base, STR(".c"))) {
        if (vendor_macros(text, f->name, &said))
            add_fact(w, f, RANK_MANIFEST, path, &said);
    } else if (vendor_assigned(text, f->name, &said)) {
        add_fact(w, f, RANK_MANIFEST, path, &said);
    }
    said = (struct vendor_said){.name = ""};
    if (vendor_comment(text, &said, &kept) &&
        (said.name[0] ? vendor_name_same(str_c(said.name), f->name) : stem_same))
        add_fact(w, f, RANK_WORDS, path, &said);
}

static enum rc look_at(struct vendor_walk *w, struct facts *f, const struct vendor_range *r,
                       size_t i, struct err *e)
{
    struct str path = w->files->all[i].path, base = vendor_base(path), text;
    struct vendor_said said = {.name = ""};
    size_t depth = depth_below(path, r->path);
    enum vendor_manifest kind = depth == 0 ? vendor_manifest_of(base) : MANIFEST_NONE;
    bool prose = depth == 0 && (is_readme(base) || is_changes(base));
    bool code = vendor_is_code(base) && stem_tells(vendor_stem(base), f->name);
    if (kind == MANIFEST_NONE && !prose && !code)
        return RC_OK;
    if (f->reads++ >= VENDOR_COPY_READS)
        return RC_OK;
    enum rc rc = vendor_bytes(w, i, &text, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    if (kind != MANIFEST_NONE) {
        from_manifest(w, f, kind, path, text);
    } else if (prose) {
        bool told = is_readme(base) ? vendor_readme(text, &said) : vendor_changes(text, &said);
        bool same = !said.name[0] || vendor_name_same(str_c(said.name), f->name);
        if (told && same)
            add_fact(w, f, RANK_PROSE, path, &said);
    } else {
        from_code(w, f, path, text);
    }
    return RC_OK;
}

/* ---- What follows from it ---- */

static struct str at_line(struct arena *a, const struct fact *f)
{
    if (f->line == 0)
        return f->path;
    return arena_strf(a, "%.*s line %u", STR_ARG(f->path), f->line);
}

/* The fact that tells the most among those of the highest rank; all that are no prose must agree
 * with it. *ret_against: the first that does not. */
static const struct fact *best_fact(const struct facts *f, const struct fact **ret_against)
{
    const struct fact *best = NULL;
    *ret_against = NULL;
    for (size_t i = 0; i < f->n; i++) {
        const struct fact *x = &f->all[i];
        if (best == NULL || x->rank > best->rank ||
            (x->rank == best->rank && vendor_version_agrees(x->version, best->version) &&
             x->version.n > best->version.n))
            best = x;
    }
    for (size_t i = 0; best && i < f->n && !*ret_against; i++) {
        const struct fact *x = &f->all[i];
        bool counts = x->rank > RANK_PROSE || best->rank == RANK_PROSE;
        if (counts && !vendor_version_agrees(x->version, best->version))
            *ret_against = x;
    }
    return best;
}

static void conclude(struct vendor_walk *w, const struct facts *f, struct str why,
                     struct vendor_entry *ret)
{
    const struct fact *against, *best = best_fact(f, &against);
    ret->name = f->called.n ? f->called : f->name;
    ret->version = STR_NONE;
    if (best == NULL) {
        ret->how = arena_strf(w->a, "%.*s; no version is told there", STR_ARG(why));
    } else if (against) {
        struct str a = at_line(w->a, best), b = at_line(w->a, against);
        ret->how = arena_strf(w->a, "%.*s says %.*s, %.*s says %.*s", STR_ARG(a),
                              STR_ARG(best->version), STR_ARG(b), STR_ARG(against->version));
    } else {
        ret->version = best->version;
        ret->how = at_line(w->a, best);
    }
}

enum rc vendor_folder_says(struct vendor_walk *w, const struct vendor_range *r, struct str why,
                           struct vendor_entry *ret, struct err *e)
{
    struct facts f = {.name = vendor_base(r->path)};
    struct str name, version;
    *ret = (struct vendor_entry){.path = r->path, .folder = true};
    if (vendor_name_version(f.name, &name, &version)) {
        f.name = name;
        f.all[f.n++] = (struct fact){.rank = RANK_MANIFEST, .version = version, .path = r->path};
    } else if (vendor_name_commit(f.name, &name, &version)) {
        f.name = name;
        why = arena_strf(w->a, "commit %.*s by its name", STR_ARG(version));
    }
    for (size_t i = r->lo; i < r->hi && f.reads < VENDOR_COPY_READS; i++)
        if (depth_below(w->files->all[i].path, r->path) <= DEPTH_MAX)
            TRY(look_at(w, &f, r, i, e));
    conclude(w, &f, why, ret);
    return RC_OK;
}

/* ---- One file ---- */

/* "000-name-1.2.3.min.js": the number by which files are ordered is no part of the name. */
static struct str without_number(struct str stem)
{
    size_t n = 0;
    while (n < stem.n && ascii_is_digit(stem.p[n]))
        n++;
    return n && n + 1 < stem.n && (stem.p[n] == '-' || stem.p[n] == '_')
               ? str_sub(stem, n + 1, stem.n)
               : stem;
}

static bool for_browsers(struct str base)
{
    return str_ends(base, STR(".js")) || str_ends(base, STR(".css")) || str_ends(base, STR(".mjs"));
}

/* Published files for browsers begin with a comment that says what they are. */
static bool browser_file(struct vendor_walk *w, struct facts *f, struct str path, struct str text,
                         bool strong_or_weak)
{
    struct vendor_said said = {.name = ""};
    struct str base = vendor_base(path), name, version;
    bool kept, min = str_find(base, STR(".min.")) != STR_NPOS;
    bool told = vendor_comment(text, &said, &kept) && kept;
    f->name = without_number(vendor_stem(base));
    if (vendor_name_version(f->name, &name, &version)) {
        f->name = name;
        f->all[f->n++] = (struct fact){.rank = RANK_MANIFEST, .version = version, .path = path};
        if (!told && !min && !strong_or_weak)
            return false;
    } else if (!told || (!said.name[0] && !min && !strong_or_weak)) {
        return false;
    }
    if (told) {
        if (said.name[0])
            f->called = arena_str(w->a, str_c(said.name));
        add_fact(w, f, RANK_MANIFEST, path, &said);
    }
    return true;
}

static bool source_file(struct vendor_walk *w, struct facts *f, struct str path, struct str text,
                        bool strong)
{
    struct vendor_said said = {.name = ""};
    bool kept;
    f->name = vendor_stem(vendor_base(path));
    if (strong) {
        from_code(w, f, path, text);
        return f->n > 0 || vendor_foreign(w, vendor_head(text));
    }
    if (!vendor_comment(text, &said, &kept) || !kept ||
        (said.name[0] && !vendor_name_same(str_c(said.name), f->name)))
        return false;
    if (!vendor_foreign(w, vendor_head(text)))
        return false;
    add_fact(w, f, RANK_WORDS, path, &said);
    return f->n > 0;
}

enum rc vendor_file_says(struct vendor_walk *w, size_t i, bool strong, bool weak,
                         struct vendor_entry *ret, bool *ret_known, struct err *e)
{
    struct facts f = {.n = 0};
    struct str path = w->files->all[i].path, base = vendor_base(path), text;
    *ret_known = false;
    *ret = (struct vendor_entry){.path = path};
    if (!vendor_is_code(base) || (!for_browsers(base) && !strong && !weak))
        return RC_OK;
    enum rc rc = vendor_bytes(w, i, &text, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    text = str_sub(text, 0, VENDOR_SCAN_MAX);
    bool known = for_browsers(base) ? browser_file(w, &f, path, text, strong || weak)
                                    : source_file(w, &f, path, text, strong);
    conclude(w, &f, arena_strf(w->a, "%.*s names another owner", STR_ARG(path)), ret);
    *ret_known = known && !vendor_own_name(w, ret->name) && !vendor_ours(w, vendor_head(text));
    return RC_OK;
}
