/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the copies of other software in a tree: by lists of packages, by folders that hold copies
 * by their name, by manifests that only an installed package has, by licences of somebody else, and
 * by what published files say in their first comment.  Runs in commands and in the engine child;
 * the tree is a stranger's.
 */
#include "engine/audit/vendor.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "engine/audit/vendor_inside.h"
#include "engine/audit/vendor_manifest.h"

#define NOTES_MAX  20
#define HOW_MAX    400 /* bytes of what is said */
#define SCOPES_MAX 4   /* folders between one of copies and a copy: host/owner/name */
#define MAIN_SHARE 2   /* a folder with more than 1/2 of all files is no copy by its licence */

/* ---- Ranges of files ---- */

/* First file whose path is not before `path` and, with after, not below it either. */
static size_t bound(const struct vendor_files *f, struct str folder, bool after)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        struct str p = f->all[mid].path, head = str_sub(p, 0, folder.n);
        int c = str_cmp(head, folder);
        if (c == 0 && p.n > folder.n) {
            int d = (unsigned char)p.p[folder.n] - '/';
            c = d ? d : (after ? -1 : 1);
        } else if (c == 0) {
            c = -1;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct vendor_range vendor_below(const struct vendor_files *f, struct str folder)
{
    if (folder.n == 0)
        return (struct vendor_range){.path = folder, .lo = 0, .hi = f->n};
    return (struct vendor_range){
        .path = folder, .lo = bound(f, folder, false), .hi = bound(f, folder, true)};
}

size_t vendor_file_at(const struct vendor_files *f, struct str path)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(f->all[mid].path, path);
        if (c == 0)
            return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return SIZE_MAX;
}

bool vendor_direct(const struct vendor_files *f, const struct vendor_range *r, size_t *at,
                   size_t *ret_i)
{
    size_t i = *at < r->lo ? r->lo : *at, from = r->path.n ? r->path.n + 1 : 0;
    while (i < r->hi) {
        struct str p = f->all[i].path, rest = str_sub(p, from, p.n);
        size_t slash = str_chr(rest, '/');
        if (slash == STR_NPOS) {
            *ret_i = i;
            *at = i + 1;
            return true;
        }
        size_t next = bound(f, str_sub(p, 0, from + slash), true);
        i = next > i ? next : i + 1;
    }
    *at = i;
    return false;
}

/* ---- The answer ---- */

static struct str said(struct arena *a, struct str s, size_t max)
{
    AUTO(buf) struct buf b = BUF_INIT(8 * HOW_MAX + GIT_PATH_MAX * 4);
    utf8_clean_line(&b, s);
    return arena_str(a, utf8_clip(buf_str(&b), max));
}

void vendor_note(struct vendor *v, struct arena *a, struct str text)
{
    if (v->notes == NULL)
        v->notes = arena_array(a, NOTES_MAX, sizeof *v->notes);
    if (v->notes && v->n_notes < NOTES_MAX)
        v->notes[v->n_notes++] = said(a, text, HOW_MAX);
}

static size_t place_of(const struct vendor *v, struct str path)
{
    size_t lo = 0, hi = v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(v->all[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static const struct vendor_entry *entry_at(const struct vendor *v, struct str path)
{
    size_t i = place_of(v, path);
    return i < v->n && str_eq(v->all[i].path, path) ? &v->all[i] : NULL;
}

enum rc vendor_put(struct vendor *v, const struct vendor_entry *entry, struct arena *a,
                   struct err *e)
{
    size_t i = place_of(v, entry->path);
    bool there = i < v->n && str_eq(v->all[i].path, entry->path);
    if (v->all == NULL)
        v->all = arena_array(a, VENDOR_ENTRIES_MAX, sizeof *v->all);
    TRY(arena_ok(a, "copies of other software", e));
    if (!there) {
        if (v->n == VENDOR_ENTRIES_MAX)
            return RC_OK;
        if (++v->n == VENDOR_ENTRIES_MAX)
            vendor_note(v, a, STR("too many copies of other software: some are left out"));
        memmove(v->all + i + 1, v->all + i, (v->n - 1 - i) * sizeof *v->all);
    }
    v->all[i] = *entry;
    v->all[i].path = arena_str(a, entry->path);
    v->all[i].name = said(a, entry->name, VENDOR_NAME_MAX);
    v->all[i].version = said(a, entry->version, 2 * VENDOR_VERSION_MAX + 10);
    v->all[i].how = said(a, entry->how, HOW_MAX);
    if (v->all[i].name.n == 0)
        v->all[i].name = STR("?");
    return arena_ok(a, "copies of other software", e);
}

const struct vendor_entry *vendor_at(const struct vendor *v, struct str path)
{
    const struct vendor_entry *found = entry_at(v, path);
    while (!found && path.n) {
        size_t slash = str_rchr(path, '/');
        if (slash == STR_NPOS)
            break;
        path = str_sub(path, 0, slash);
        found = entry_at(v, path);
        if (found && !found->folder)
            found = NULL;
    }
    return found;
}

/* ---- Lists of packages ---- */

/* folder/rel with "." and ".." taken out; false when it leaves the tree or names its top. */
static bool resolve(struct str folder, struct str rel, struct buf *b)
{
    struct str part;
    buf_reset(b);
    buf_add(b, folder);
    if (rel.n == 0 || rel.p[0] == '/' || str_chr(rel, '\0') != STR_NPOS)
        return false;
    while (str_cut(&rel, '/', &part)) {
        if (part.n == 0 || str_eq(part, STR(".")))
            continue;
        if (str_eq(part, STR(".."))) {
            if (b->n == 0)
                return false;
            size_t slash = str_rchr(buf_str(b), '/');
            buf_cut(b, slash == STR_NPOS ? 0 : slash);
            continue;
        }
        if (b->n)
            buf_addc(b, '/');
        buf_add(b, part);
    }
    return b->n && !b->over;
}

static enum rc listed(struct vendor_walk *w, struct str list, const struct vendor_package *p,
                      struct buf *path, struct err *e)
{
    size_t slash = str_rchr(list, '/');
    struct str folder = slash == STR_NPOS ? STR_NONE : str_sub(list, 0, slash);
    if (!resolve(folder, p->folder, path))
        return RC_OK;
    struct vendor_range r = vendor_below(w->files, buf_str(path));
    bool one_file = false;
    if (r.lo == r.hi) {
        buf_adds(path, ".py");
        one_file = vendor_file_at(w->files, buf_str(path)) != SIZE_MAX;
        if (!one_file || path->over)
            return RC_OK;
    }
    struct vendor_entry x = {.path = buf_str(path), .folder = !one_file, .name = p->name};
    x.version = p->version;
    x.how = p->line ? arena_strf(w->a, "%.*s line %u", STR_ARG(list), p->line) : list;
    if (p->note.n)
        x.how = arena_strf(w->a, "%.*s: %.*s", STR_ARG(x.how), STR_ARG(p->note));
    return vendor_put(w->out, &x, w->a, e);
}

static enum rc lists(struct vendor_walk *w, struct err *e)
{
    AUTO(buf) struct buf path = BUF_INIT(2 * GIT_PATH_MAX);
    for (size_t i = 0; i < w->files->n; i++) {
        struct str list = w->files->all[i].path, text;
        enum vendor_list kind = vendor_list_of(list);
        struct vendor_package *all = NULL;
        size_t n = 0;
        struct err why = ERR_INIT;
        if (kind == LIST_NONE)
            continue;
        enum rc rc = vendor_bytes(w, i, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        rc = vendor_list_read(kind, text, w->a, &all, &n, &why);
        if (rc != RC_OK)
            vendor_note(w->out, w->a, arena_strf(w->a, "%.*s: %s", STR_ARG(list), why.msg));
        for (size_t k = 0; k < n; k++)
            TRY(listed(w, list, &all[k], &path, e));
    }
    return arena_ok(w->a, "copies of other software", e);
}

/* ---- Submodules ---- */

/* They are other repositories and not searched, but known by the commit. */
static enum rc modules(struct vendor_walk *w, struct err *e)
{
    struct str text = STR_NONE, url;
    size_t at = vendor_file_at(w->files, STR(".gitmodules"));
    char hex[GIT_OID_HEX + 1];
    if (w->files->n_modules && at != SIZE_MAX) {
        enum rc rc = vendor_bytes(w, at, &text, e);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            return rc;
        text = arena_str(w->a, str_sub(text, 0, VENDOR_SCAN_MAX));
    }
    for (size_t i = 0; i < w->files->n_modules; i++) {
        const struct vendor_file *f = &w->files->modules[i];
        struct vendor_entry x = {.path = f->path, .folder = true, .name = vendor_base(f->path)};
        if (vendor_module_url(text, f->path, &url) && vendor_name_ok(vendor_url_name(url)))
            x.name = vendor_url_name(url);
        hex_put(hex, f->id, w->files->id_len);
        x.how = arena_strf(w->a, "a submodule, at commit %s; it is not searched", hex);
        TRY(vendor_put(w->out, &x, w->a, e));
    }
    return RC_OK;
}

/* ---- The walk ---- */

enum kind { KIND_PLAIN, KIND_COPIES, KIND_SOME, KIND_INSIDE };

struct place {
    enum kind kind;
    bool inside;  /* a copy around it */
    bool below;   /* a folder of copies around it */
    bool own_too; /* KIND_COPIES: holds_own_too */
    uint8_t scopes;
    size_t end; /* of the folder in the path */
};

static bool one_of(const char *const *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(s, str_c(list[i])))
            return true;
    return false;
}

/* Folders whose children are copies. */
bool vendor_holds_copies(struct str name)
{
    static const char *const names[] = {
        "vendor",        "vendors",       "vendored",     "_vendor",          "_vendored",
        "third_party",   "third-party",   "thirdparty",   "3rdparty",         "3rd-party",
        "3rd_party",     "third_parties", "deps",         "extern",           "external",
        "externals",     "bundled",       "node_modules", "bower_components", "subprojects",
        "jspm_packages", "imported",
    };
    return one_of(names, ARRAY_LEN(names), name);
}

/* Those of them that often hold parts of the project itself. */
static bool holds_own_too(struct str name)
{
    static const char *const names[] = {"deps",      "extern",      "external",
                                        "externals", "subprojects", "imported"};
    return one_of(names, ARRAY_LEN(names), name);
}

/* Folders among whose children there often are some. */
bool vendor_holds_some(struct str name)
{
    static const char *const names[] = {"lib",    "libs",         "contrib", "ext",     "libraries",
                                        "compat", "dependencies", "plugins", "modules", "addons"};
    return one_of(names, ARRAY_LEN(names), name);
}

/* Names that no software has: they say what is in the folder. */
static bool generic(struct str name)
{
    static const char *const names[] = {
        "src",     "source",    "include",    "includes",    "lib",         "libs",     "bin",
        "script",  "scripts",   "patches",    "patch",       "cmake",       "build",    "doc",
        "docs",    "test",      "tests",      "tools",       "licenses",    "license",  "config",
        "common",  "m4",        "misc",       "examples",    "example",     "data",     "cache",
        "assets",  "images",    "img",        "js",          "css",         "fonts",    "dist",
        "bundle",  "ruby",      "javascript", "javascripts", "stylesheets", "python",   "php",
        "perl",    "java",      "go",         "rust",        "c",           "cpp",      "styles",
        "sources", "static",    "share",      "etc",         "win32",       "windows",  "linux",
        "proto",   "workflows", "darwin",     "macos",       "unix",        "internal", "util",
        "utils",
    };
    bool edition = name.n > 1 && name.p[0] == 'v' && ascii_is_digit(name.p[1]); /* v1, v2alpha */
    return name.n == 0 || name.p[0] == '.' || edition || one_of(names, ARRAY_LEN(names), name);
}

static struct str child_of(struct str path, struct str folder, bool *ret_is_folder)
{
    struct str rest = str_sub(path, folder.n + 1, path.n);
    size_t slash = str_chr(rest, '/');
    *ret_is_folder = slash != STR_NPOS;
    return slash == STR_NPOS ? rest : str_sub(rest, 0, slash);
}

/* Between a folder of copies and the copies: a host, an owner, a scope; it has no files itself and
 * no folder that only a project has. */
static bool only_scopes(const struct vendor_files *f, const struct vendor_range *r)
{
    size_t i = r->lo;
    while (i < r->hi) {
        bool folder;
        struct str child = child_of(f->all[i].path, r->path, &folder);
        if (!folder || generic(child))
            return false;
        size_t end = (size_t)(child.p + child.n - f->all[i].path.p);
        size_t next = bound(f, str_sub(f->all[i].path, 0, end), true);
        i = next > i ? next : i + 1;
    }
    return true;
}

static bool has_code(const struct vendor_files *f, const struct vendor_range *r)
{
    for (size_t i = r->lo; i < r->hi; i++)
        if (vendor_is_code(vendor_base(f->all[i].path)))
            return true;
    return false;
}

/* What lies directly in a folder. */
struct contents {
    bool installed; /* a file that only an installed or copied package has */
    bool readme;
    size_t licence; /* file, SIZE_MAX = none */
};

static struct contents look(const struct vendor_files *f, const struct vendor_range *r)
{
    struct contents c = {.licence = SIZE_MAX};
    size_t at = r->lo, i;
    while (vendor_direct(f, r, &at, &i)) {
        struct str base = vendor_base(f->all[i].path);
        c.installed |= str_eq(base, STR(".bower.json")) || str_eq(base, STR(".gitrepo")) ||
                       str_eq(base, STR(".cargo-checksum.json")) ||
                       str_eq(base, STR("README.chromium"));
        c.readme |= str_starts_nocase(base, STR("readme"));
        if (c.licence == SIZE_MAX && vendor_is_licence(base))
            c.licence = i;
    }
    return c;
}

/* doubt: without a version it takes another owner in the files to believe it. */
static enum rc copy_at(struct vendor_walk *w, const struct vendor_range *r, struct str why,
                       bool doubt, bool *ret_copy, struct err *e)
{
    struct vendor_entry x;
    TRY(vendor_folder_says(w, r, why, &x, e));
    *ret_copy = !vendor_own_name(w, x.name);
    if (*ret_copy && doubt && x.version.n == 0)
        TRY(vendor_foreign_code(w, r, ret_copy, e));
    return *ret_copy ? vendor_put(w->out, &x, w->a, e) : RC_OK;
}

/* Does a copy that is known already lie below the folder? */
static bool known_below(const struct vendor *v, struct str folder)
{
    for (size_t i = place_of(v, folder); i < v->n && str_starts(v->all[i].path, folder); i++)
        if (v->all[i].path.n > folder.n && v->all[i].path.p[folder.n] == '/')
            return true;
    return false;
}

/* A Python package that was installed: its folder lies beside NAME-VERSION.dist-info. */
static enum rc dist_info(struct vendor_walk *w, const struct vendor_range *r, struct err *e)
{
    AUTO(buf) struct buf path = BUF_INIT(2 * GIT_PATH_MAX);
    struct vendor_said s;
    struct str text;
    static const char *const files[] = {"METADATA", "PKG-INFO"};
    for (size_t k = 0; k < ARRAY_LEN(files); k++) {
        buf_reset(&path);
        buf_addf(&path, "%.*s/%s", STR_ARG(r->path), files[k]);
        size_t i = vendor_file_at(w->files, buf_str(&path));
        if (i == SIZE_MAX)
            continue;
        enum rc rc = vendor_bytes(w, i, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        if (!vendor_manifest_read(MANIFEST_HEADERS, text, &s) || !s.name[0])
            continue;
        struct str list = arena_str(w->a, buf_str(&path));
        struct vendor_package p = {.name = str_c(s.name), .version = str_c(s.version)};
        p.note = STR_NONE;
        p.line = s.line;
        char folder[VENDOR_NAME_MAX + 1];
        size_t n = strlen(s.name);
        for (size_t c = 0; c <= n; c++) {
            char ch = ascii_lower(s.name[c]);
            folder[c] = (char)(ch == '-' || ch == '.' ? '_' : ch);
        }
        /* Relative to a file in this folder, as lists are. */
        p.folder = arena_strf(w->a, "../%s", folder);
        return listed(w, list, &p, &path, e);
    }
    return RC_OK;
}

/* name-1.2.3, name-e23f558: so a copy of one moment is called, hardly ever what one writes. */
static bool dated(struct str name)
{
    struct str s, t;
    return vendor_name_version(name, &s, &t) || vendor_name_commit(name, &s, &t);
}

static enum rc judge(struct vendor_walk *w, const struct place *up, const struct vendor_range *r,
                     struct place *now, struct err *e)
{
    struct str name = vendor_base(r->path), text;
    bool copy = false,
         npm = str_ends(str_sub(r->path, 0, r->path.n - name.n), STR("node_modules/"));
    if (entry_at(w->out, r->path)) {
        now->kind = KIND_INSIDE;
        return RC_OK;
    }
    if (str_ends(name, STR(".dist-info")) || (str_ends(name, STR(".egg-info")) && up->end))
        return dist_info(w, r, e);
    struct contents c = look(w->files, r);
    struct str parent = r->path.n > name.n ? str_sub(r->path, 0, r->path.n - name.n) : STR_NONE;
    if (c.installed && has_code(w->files, r)) {
        TRY(copy_at(w, r, STR("a package that was installed"), false, &copy, e));
    } else if (up->kind == KIND_COPIES && !generic(name)) {
        if (known_below(w->out, r->path) ||
            (up->scopes < SCOPES_MAX && !(npm && name.p[0] != '@') && only_scopes(w->files, r))) {
            now->kind = KIND_COPIES;
            now->own_too = up->own_too;
            now->scopes = (uint8_t)(up->scopes + 1);
            return RC_OK;
        }
        if (has_code(w->files, r))
            TRY(copy_at(w, r, arena_strf(w->a, "in %.*s", STR_ARG(parent)),
                        up->own_too && !c.readme && c.licence == SIZE_MAX, &copy, e));
    } else if (up->kind == KIND_COPIES) {
        now->kind = KIND_SOME;
    } else if (up->kind == KIND_SOME && !up->inside && dated(name) && has_code(w->files, r)) {
        TRY(copy_at(w, r, arena_strf(w->a, "in %.*s", STR_ARG(parent)), false, &copy, e));
    } else if (!up->inside && c.licence != SIZE_MAX &&
               (r->hi - r->lo) * MAIN_SHARE <= w->files->n && has_code(w->files, r)) {
        enum rc rc = vendor_bytes(w, c.licence, &text, e);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            return rc;
        struct str licence = w->files->all[c.licence].path;
        if (rc == RC_OK && vendor_foreign(w, text))
            TRY(copy_at(w, r, arena_strf(w->a, "%.*s names another owner", STR_ARG(licence)), false,
                        &copy, e));
    }
    if (copy)
        now->kind = KIND_INSIDE;
    return RC_OK;
}

static enum rc enter(struct vendor_walk *w, const struct place *up, struct str path,
                     struct place *now, struct err *e)
{
    struct str name = vendor_base(path);
    *now = (struct place){.kind = KIND_PLAIN, .inside = up->inside, .end = path.n};
    now->below = up->below || up->kind == KIND_COPIES;
    struct vendor_range r = vendor_below(w->files, path);
    bool gems = now->below && str_eq(name, STR("gems"));
    if ((vendor_holds_copies(name) || gems) && !entry_at(w->out, path)) {
        now->kind = KIND_COPIES;
        now->own_too = holds_own_too(name);
    } else {
        TRY(judge(w, up, &r, now, e));
    }
    if (now->kind == KIND_INSIDE)
        now->inside = true;
    else if (now->kind == KIND_PLAIN && vendor_holds_some(name) && !now->inside)
        now->kind = KIND_SOME;
    return RC_OK;
}

static enum rc visit_file(struct vendor_walk *w, size_t i, const struct place *in, struct err *e)
{
    struct vendor_entry x;
    bool known;
    if (in->inside || in->kind == KIND_INSIDE || entry_at(w->out, w->files->all[i].path))
        return RC_OK;
    TRY(vendor_file_says(w, i, in->kind == KIND_COPIES, in->kind == KIND_SOME, &x, &known, e));
    return known ? vendor_put(w->out, &x, w->a, e) : RC_OK;
}

static enum rc walk(struct vendor_walk *w, struct err *e)
{
    struct place stack[VENDOR_DEPTH_MAX + 1] = {{.kind = KIND_PLAIN}};
    size_t depth = 0;
    struct str last = STR_NONE;
    for (size_t i = 0; i < w->files->n; i++) {
        struct str path = w->files->all[i].path;
        while (depth &&
               !(stack[depth].end < path.n && path.p[stack[depth].end] == '/' &&
                 stack[depth].end <= last.n && memcmp(path.p, last.p, stack[depth].end) == 0))
            depth--;
        size_t from = depth ? stack[depth].end + 1 : 0, slash;
        while (depth < VENDOR_DEPTH_MAX &&
               (slash = str_chr(str_sub(path, from, path.n), '/')) != STR_NPOS) {
            TRY(enter(w, &stack[depth], str_sub(path, 0, from + slash), &stack[depth + 1], e));
            depth++;
            from += slash + 1;
        }
        last = path;
        TRY(visit_file(w, i, &stack[depth], e));
    }
    return RC_OK;
}

enum rc vendor_find(struct objects *o, const struct vendor_files *files, struct str own,
                    struct arena *a, struct vendor *ret, struct err *e)
{
    struct vendor_walk w = {.o = o, .a = a, .files = files, .own = own, .out = ret};
    *ret = (struct vendor){.n = 0};
    if (files->cut)
        vendor_note(ret, a,
                    STR("copies of other software: too many files or folders, some were "
                        "not looked at"));
    TRY(vendor_own_words(&w, e));
    TRY(lists(&w, e));
    TRY(modules(&w, e));
    TRY(walk(&w, e));
    return arena_ok(a, "copies of other software", e);
}
