/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads manifests and lists of packages.  Runs in commands and in the engine child; pure, and every
 * byte may be anything.
 */
#include "engine/audit/vendor_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define JSON_MAX    (8u << 20) /* bytes of a manifest or list in JSON */
#define HEADERS_MAX 200        /* lines of headers */
#define CALL_MAX    2000       /* bytes of project(...), AC_INIT(...) */
#define PLAIN_MAX   200        /* bytes of a file that holds a version alone */

/* ---- Which file is what ---- */

static const struct {
    const char *name;
    enum vendor_manifest kind;
} names[] = {
    {"package.json", MANIFEST_JSON},       {"bower.json", MANIFEST_JSON},
    {".bower.json", MANIFEST_JSON},        {"composer.json", MANIFEST_JSON},
    {"component.json", MANIFEST_JSON},     {"meta.json", MANIFEST_JSON},
    {"vcpkg.json", MANIFEST_JSON},         {"library.json", MANIFEST_JSON},
    {"cargo.toml", MANIFEST_CARGO},        {"pyproject.toml", MANIFEST_PYPROJECT},
    {"setup.cfg", MANIFEST_SETUP_CFG},     {"setup.py", MANIFEST_SETUP_PY},
    {"pkg-info", MANIFEST_HEADERS},        {"metadata", MANIFEST_HEADERS},
    {"readme.chromium", MANIFEST_HEADERS}, {"meta.yml", MANIFEST_YAML},
    {"pubspec.yaml", MANIFEST_YAML},       {"library.properties", MANIFEST_PROPERTIES},
    {"version", MANIFEST_PLAIN},           {"version.txt", MANIFEST_PLAIN},
    {".version", MANIFEST_PLAIN},          {"cmakelists.txt", MANIFEST_CMAKE},
    {"configure.ac", MANIFEST_AUTOCONF},   {"configure.in", MANIFEST_AUTOCONF},
    {"meson.build", MANIFEST_MESON},       {".gitrepo", MANIFEST_SUBREPO},
};

enum vendor_manifest vendor_manifest_of(struct str base)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(base, str_c(names[i].name)))
            return names[i].kind;
    if (str_ends(base, STR(".gemspec")) || str_ends(base, STR(".rockspec")) ||
        str_ends(base, STR(".podspec")))
        return MANIFEST_SPEC;
    return MANIFEST_NONE;
}

static struct str base_of(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

enum vendor_list vendor_list_of(struct str path)
{
    struct str base = base_of(path);
    if (str_eq(base, STR("installed.json")) && (str_ends(path, STR("/composer/installed.json")) ||
                                                str_eq(path, STR("composer/installed.json"))))
        return LIST_COMPOSER;
    if (str_eq(base, STR("modules.txt")))
        return LIST_GO;
    return str_eq(base, STR("vendor.txt")) ? LIST_PIP : LIST_NONE;
}

/* ---- One line "key = value" ---- */

static struct str skip_space(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_sub(s, 1, s.n);
    return s;
}

/* A value as it stands: in quotes, or up to a comment or the end. */
static bool value_of(struct str s, struct str *ret)
{
    s = skip_space(s);
    if (s.n && (s.p[0] == '"' || s.p[0] == '\'')) {
        size_t end = str_chr(str_sub(s, 1, s.n), s.p[0]);
        if (end == STR_NPOS)
            return false;
        *ret = str_sub(s, 1, end);
        return true;
    }
    size_t end = str_chr(s, '#');
    if (end != STR_NPOS)
        s = str_sub(s, 0, end);
    s = str_trim(s);
    while (s.n && (s.p[s.n - 1] == ',' || s.p[s.n - 1] == ';'))
        s = str_trim(str_sub(s, 0, s.n - 1));
    *ret = s;
    return s.n > 0;
}

static bool line_value(struct str line, const char *key, const char *signs, struct str *ret)
{
    struct str k = str_c(key), s = skip_space(line);
    if (!str_starts_nocase(s, k))
        return false;
    s = skip_space(str_sub(s, k.n, s.n));
    if (s.n == 0 || strchr(signs, s.p[0]) == NULL || s.p[0] == '\0')
        return false;
    if (s.n > 1 && (s.p[1] == '=' || s.p[1] == '>'))
        return false;
    return value_of(str_sub(s, 1, s.n), ret);
}

/* The first name and the first version count; the version must be one to be told. */
static void take(struct vendor_said *to, struct str line, const char *const keys[2],
                 const char *signs, uint32_t no)
{
    struct str v;
    if (!to->name[0] && line_value(line, keys[0], signs, &v) && vendor_name_ok(v))
        (void)vendor_put_name(to, v);
    else if (!to->version[0] && line_value(line, keys[1], signs, &v) && vendor_version(v, true, &v))
        (void)vendor_put_version(to, v, no);
}

static const char *const plain_keys[2] = {"name", "version"};

static bool said_something(const struct vendor_said *s)
{
    return s->name[0] || s->version[0];
}

/* ---- Formats of lines ---- */

static bool read_sections(struct str text, const char *const *sections, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    bool in = false;
    while (vendor_line(&l, &line)) {
        struct str s = str_trim(line);
        if (s.n && s.p[0] == '[') {
            in = false;
            for (size_t i = 0; sections[i]; i++)
                in |= str_eq(s, str_c(sections[i]));
        } else if (in) {
            take(ret, line, plain_keys, "=:", l.no);
        }
    }
    return said_something(ret);
}

static bool read_headers(struct str text, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (l.no < HEADERS_MAX && vendor_line(&l, &line))
        take(ret, line, plain_keys, ":=", l.no);
    return said_something(ret);
}

static bool read_top_keys(struct str text, const char *signs, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (vendor_line(&l, &line))
        if (line.n && ascii_is_alpha(line.p[0]))
            take(ret, line, plain_keys, signs, l.no);
    return said_something(ret);
}

/* s.name = "x", spec.version = '1.2'; package = "x", version = "1.2-1" */
static bool read_spec(struct str text, struct vendor_said *ret)
{
    static const char *const rock[2] = {"package", "version"};
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (vendor_line(&l, &line)) {
        struct str s = skip_space(line);
        size_t dot = str_chr(s, '.'), eq = str_chr(s, '=');
        bool quoted = str_chr(s, '"') != STR_NPOS || str_chr(s, '\'') != STR_NPOS;
        if (!quoted)
            continue;
        if (dot != STR_NPOS && eq != STR_NPOS && dot < eq)
            take(ret, str_sub(s, dot + 1, s.n), plain_keys, "=", l.no);
        else
            take(ret, s, rock, "=", l.no);
    }
    return said_something(ret);
}

static bool read_setup_py(struct str text, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (vendor_line(&l, &line)) {
        struct str s = skip_space(line);
        if (str_starts(s, STR("setup(")))
            s = str_sub(s, 6, s.n);
        size_t eq = str_chr(s, '=');
        struct str v = eq == STR_NPOS ? STR_NONE : skip_space(str_sub(s, eq + 1, s.n));
        if (v.n && (v.p[0] == '"' || v.p[0] == '\''))
            take(ret, s, plain_keys, "=", l.no);
    }
    return said_something(ret);
}

/* The version alone, "name 1.2.3", "version = 1.2"; nothing more than a few lines. */
static bool read_plain(struct str text, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line, version, name, rest;
    if (text.n > PLAIN_MAX)
        return false;
    while (vendor_line(&l, &line)) {
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (vendor_version(line, false, &version) || (line_value(line, "version", "=:", &version) &&
                                                      vendor_version(version, false, &version)))
            return vendor_put_version(ret, version, l.no);
        return vendor_titled(line, &name, &version, &rest) && str_trim(rest).n == 0 &&
               vendor_put_version(ret, version, l.no) && vendor_put_name(ret, name);
    }
    return false;
}

struct str vendor_url_name(struct str s)
{
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    size_t colon = str_rchr(s, ':');
    s = base_of(s);
    if (colon != STR_NPOS && str_chr(s, ':') != STR_NPOS)
        s = str_sub(s, str_rchr(s, ':') + 1, s.n);
    if (s.n > 4 && str_ends(s, STR(".git")))
        s.n -= 4;
    return s;
}

bool vendor_module_url(struct str text, struct str path, struct str *ret_url)
{
    struct vendor_lines l = {.rest = text};
    struct str line, v, url = STR_NONE;
    bool here = false;
    while (vendor_line(&l, &line)) {
        if (skip_space(line).n && skip_space(line).p[0] == '[') {
            if (here && url.n)
                break;
            here = false;
            url = STR_NONE;
        } else if (line_value(line, "path", "=", &v)) {
            here = str_eq(v, path);
        } else if (line_value(line, "url", "=", &v)) {
            url = v;
        }
    }
    *ret_url = url;
    return here && url.n > 0;
}

/* Where it came from, as git-subrepo writes it. */
static bool read_subrepo(struct str text, struct vendor_said *ret)
{
    struct vendor_lines l = {.rest = text};
    struct str line, v;
    while (vendor_line(&l, &line)) {
        if (!line_value(line, "remote", "=", &v))
            continue;
        v = vendor_url_name(v);
        ret->line = l.no;
        return vendor_name_ok(v) && vendor_put_name(ret, v);
    }
    return false;
}

/* ---- Calls of build systems ---- */

/* What stands between the brackets of the first call of this name at the begin of a line. */
static bool call_of(struct str text, const char *name, struct str *ret, uint32_t *ret_line)
{
    struct vendor_lines l = {.rest = text};
    struct str line, call = str_c(name);
    while (vendor_line(&l, &line)) {
        struct str s = skip_space(line);
        if (!str_starts_nocase(s, call))
            continue;
        s = skip_space(str_sub(s, call.n, s.n));
        if (s.n == 0 || s.p[0] != '(')
            continue;
        struct str all = str_of(s.p + 1, (size_t)(text.p + text.n - (s.p + 1)));
        all = str_sub(all, 0, CALL_MAX);
        size_t end = str_chr(all, ')');
        if (end == STR_NPOS)
            return false;
        *ret = str_sub(all, 0, end);
        *ret_line = l.no;
        return true;
    }
    return false;
}

static struct str unquoted(struct str s)
{
    s = str_trim(s);
    while (s.n > 1 && ((s.p[0] == '[' && s.p[s.n - 1] == ']') ||
                       ((s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])))
        s = str_trim(str_sub(s, 1, s.n - 2));
    return s;
}

/* project(NAME VERSION 1.2.3 LANGUAGES C) */
static bool read_cmake(struct str text, struct vendor_said *ret)
{
    struct str args, name = STR_NONE, word, version;
    uint32_t line;
    bool next = false;
    if (!call_of(text, "project", &args, &line))
        return false;
    for (size_t i = 0; i < 40 && args.n; i++) {
        args = str_trim(args);
        size_t n = 0;
        while (n < args.n && !ascii_is_space(args.p[n]))
            n++;
        word = unquoted(str_sub(args, 0, n));
        args = str_sub(args, n, args.n);
        if (i == 0)
            name = word;
        else if (next && vendor_version(word, true, &version))
            (void)vendor_put_version(ret, version, line);
        next = str_eq(word, STR("VERSION"));
    }
    if (vendor_name_ok(name))
        (void)vendor_put_name(ret, name);
    return said_something(ret);
}

/* AC_INIT([name], [1.2.3], ...) */
static bool read_autoconf(struct str text, struct vendor_said *ret)
{
    struct str args, name, version;
    uint32_t line;
    if (!call_of(text, "AC_INIT", &args, &line) || !str_cut(&args, ',', &name) ||
        !str_cut(&args, ',', &version))
        return false;
    name = unquoted(name);
    version = unquoted(version);
    if (vendor_name_ok(name))
        (void)vendor_put_name(ret, name);
    if (vendor_version(version, false, &version))
        (void)vendor_put_version(ret, version, line);
    return said_something(ret);
}

/* project('name', 'c', version : '1.2.3') */
static bool read_meson(struct str text, struct vendor_said *ret)
{
    struct str args, part, v;
    uint32_t line;
    bool first = true;
    if (!call_of(text, "project", &args, &line))
        return false;
    while (str_cut(&args, ',', &part)) {
        part = str_trim(part);
        if (first && vendor_name_ok(unquoted(part)))
            (void)vendor_put_name(ret, unquoted(part));
        first = false;
        if (line_value(part, "version", ":", &v) && vendor_version(v, false, &v))
            (void)vendor_put_version(ret, v, line);
    }
    return said_something(ret);
}

/* ---- JSON ---- */

/* Line of the first `"version"` of a text that is known to be JSON with a version at its top: good
 * enough to open the file there. */
static uint32_t line_of_version(struct str text, const char *version)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (vendor_line(&l, &line))
        if (str_find(line, STR("\"version\"")) != STR_NPOS &&
            str_find(line, str_c(version)) != STR_NPOS)
            return l.no;
    return 0;
}

static bool read_json(struct str text, struct vendor_said *ret)
{
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    struct str s;
    if (json_parse(text, JSON_MAX, "manifest", &j, &e) != RC_OK || !json_is_object(j))
        return false;
    if (json_get_str(j, "name", VENDOR_NAME_MAX, &s, &e) == RC_OK && vendor_name_ok(s))
        (void)vendor_put_name(ret, s);
    if (json_get_str(j, "version", VENDOR_VERSION_MAX, &s, &e) == RC_OK &&
        vendor_version(s, true, &s) && vendor_put_version(ret, s, 0))
        ret->line = line_of_version(text, ret->version);
    return said_something(ret);
}

bool vendor_manifest_read(enum vendor_manifest kind, struct str text, struct vendor_said *ret)
{
    static const char *const cargo[] = {"[package]", NULL};
    static const char *const pyproject[] = {"[project]", "[tool.poetry]", NULL};
    static const char *const setup_cfg[] = {"[metadata]", NULL};
    *ret = (struct vendor_said){.name = ""};
    switch (kind) {
    case MANIFEST_JSON:
        return read_json(text, ret);
    case MANIFEST_CARGO:
        return read_sections(text, cargo, ret);
    case MANIFEST_PYPROJECT:
        return read_sections(text, pyproject, ret);
    case MANIFEST_SETUP_CFG:
        return read_sections(text, setup_cfg, ret);
    case MANIFEST_SETUP_PY:
        return read_setup_py(text, ret);
    case MANIFEST_HEADERS:
        return read_headers(text, ret);
    case MANIFEST_SPEC:
        return read_spec(text, ret);
    case MANIFEST_YAML:
        return read_top_keys(text, ":", ret);
    case MANIFEST_PROPERTIES:
        return read_top_keys(text, "=", ret);
    case MANIFEST_PLAIN:
        return read_plain(text, ret);
    case MANIFEST_CMAKE:
        return read_cmake(text, ret);
    case MANIFEST_AUTOCONF:
        return read_autoconf(text, ret);
    case MANIFEST_MESON:
        return read_meson(text, ret);
    case MANIFEST_SUBREPO:
        return read_subrepo(text, ret);
    case MANIFEST_NONE:
        break;
    }
    return false;
}

/* ---- Lists ---- */

struct list {
    struct vendor_package *all;
    size_t n, cap;
    struct arena *arena;
    bool over;
};

static void list_auto(struct list *l)
{
    free(l->all);
}

static struct vendor_package *list_add(struct list *l, struct str name)
{
    if (l->n >= VENDOR_LIST_MAX) {
        l->over = true;
        return NULL;
    }
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->all = mem_realloc(l->all, l->cap * sizeof *l->all);
    }
    struct vendor_package *p = &l->all[l->n++];
    *p = (struct vendor_package){.name = arena_str(l->arena, name), .note = STR_NONE};
    return p;
}

static void composer_package(struct list *l, const json_t *o)
{
    struct err e = ERR_INIT;
    struct str name, s;
    if (!json_is_object(o) || json_get_str(o, "name", VENDOR_NAME_MAX, &name, &e) != RC_OK ||
        !vendor_name_ok(name))
        return;
    struct vendor_package *p = list_add(l, name);
    if (p == NULL)
        return;
    if (json_get_str(o, "version", VENDOR_VERSION_MAX, &s, &e) == RC_OK) {
        if (vendor_version(s, true, &s))
            p->version = arena_str(l->arena, s);
        else if (vendor_name_ok(s))
            p->note = arena_strf(l->arena, "branch %.*s", STR_ARG(s));
    }
    if (json_get_str(o, "install-path", 1000, &s, &e) == RC_OK)
        p->folder = arena_str(l->arena, s);
    else
        p->folder = arena_strf(l->arena, "../%.*s", STR_ARG(name));
}

/* {"packages": [...]} of today, or the list alone of composer 1. */
static enum rc read_composer(struct str text, struct list *l, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    TRY(json_parse(text, JSON_MAX, "installed.json", &j, e));
    const json_t *a = json_is_array(j) ? j : json_object_get(j, "packages");
    if (!json_is_array(a))
        return err_set(e, RC_INVALID, "installed.json holds no list of packages");
    for (size_t i = 0; i < json_array_size(a); i++)
        composer_package(l, json_array_get(a, i));
    return RC_OK;
}

/* "# module v1.2.3", "# module v1.2.3 => other v1.2.4", "# module v1.2.3 => ./folder" */
static void read_go(struct str text, struct list *l)
{
    struct vendor_lines lines = {.rest = text};
    struct str line, name, version, arrow, other, v;
    while (vendor_line(&lines, &line)) {
        if (!str_starts(line, STR("# ")))
            continue;
        struct str rest = str_sub(line, 2, line.n);
        other = STR_NONE;
        version = STR_NONE;
        if (!str_cut(&rest, ' ', &name) || !vendor_name_ok(name))
            continue;
        (void)str_cut(&rest, ' ', &version);
        if (str_eq(version, STR("=>"))) {
            other = rest;
            version = STR_NONE;
        } else if (str_cut(&rest, ' ', &arrow) && str_eq(arrow, STR("=>"))) {
            other = rest;
        }
        struct vendor_package *p = list_add(l, name);
        if (p == NULL)
            return;
        p->folder = p->name;
        p->line = lines.no;
        if (other.n) {
            struct str what = STR_NONE;
            (void)str_cut(&other, ' ', &what);
            version = other;
            if (vendor_name_ok(what))
                p->note = arena_strf(l->arena, "replaced by %.*s", STR_ARG(what));
        }
        if (vendor_version(str_trim(version), false, &v))
            p->version = arena_str(l->arena, v);
    }
}

/* The folder of a Python package: lower case, "_" for what cannot stand in a module's name. */
static struct str module_name(struct arena *a, struct str name)
{
    char room[VENDOR_NAME_MAX];
    size_t n = name.n < sizeof room ? name.n : sizeof room;
    for (size_t i = 0; i < n; i++) {
        char c = ascii_lower(name.p[i]);
        room[i] = (char)(c == '-' || c == '.' ? '_' : c);
    }
    return arena_str(a, str_of(room, n));
}

static void read_pip(struct str text, struct list *l)
{
    struct vendor_lines lines = {.rest = text};
    struct str line, version;
    while (vendor_line(&lines, &line)) {
        line = str_trim(line);
        size_t end = 0, eq = str_find(line, STR("=="));
        if (eq == STR_NPOS || line.p[0] == '#')
            continue;
        struct str name = str_trim(str_sub(line, 0, eq)), s = str_sub(line, eq + 2, line.n);
        while (end < s.n && !ascii_is_space(s.p[end]) && s.p[end] != ';' && s.p[end] != '#')
            end++;
        if (!vendor_name_ok(name) || !vendor_version(str_sub(s, 0, end), true, &version))
            continue;
        struct vendor_package *p = list_add(l, name);
        if (p == NULL)
            return;
        p->folder = module_name(l->arena, name);
        p->version = arena_str(l->arena, version);
        p->line = lines.no;
    }
}

enum rc vendor_list_read(enum vendor_list kind, struct str text, struct arena *a,
                         struct vendor_package **ret, size_t *ret_n, struct err *e)
{
    AUTO(list) struct list l = {.arena = a};
    switch (kind) {
    case LIST_COMPOSER:
        TRY(read_composer(text, &l, e));
        break;
    case LIST_GO:
        read_go(text, &l);
        break;
    case LIST_PIP:
        read_pip(text, &l);
        break;
    case LIST_NONE:
        return err_set(e, RC_INVALID, "no list of packages");
    }
    *ret = arena_array(a, l.n ? l.n : 1, sizeof **ret);
    TRY(arena_ok(a, "list of packages", e));
    if (l.n)
        memcpy(*ret, l.all, l.n * sizeof *l.all);
    *ret_n = l.n;
    return l.over ? err_set(e, RC_LIMIT, "more than %d packages", VENDOR_LIST_MAX) : RC_OK;
}
