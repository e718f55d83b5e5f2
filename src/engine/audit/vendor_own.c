/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose software the repository is, reading of its files within limits, and what names of files
 * tell.  Runs in commands and in the engine child; all of it is a stranger's text.
 */
#include <string.h>

#include "base/hex.h"
#include "engine/audit/vendor_inside.h"
#include "engine/audit/vendor_manifest.h"
#include "engine/audit/vendor_source.h"

#define OWN_FILE_MAX  (64u << 10) /* bytes of a file at the top */
#define OWN_WORDS_MAX (512u << 10)
#define ASKED_MAX     8 /* program files of a folder whose owner is looked for */

/* ---- Names of files ---- */

struct str vendor_base(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

struct str vendor_stem(struct str base)
{
    static const char *const inner[] = {".min", ".bundle", ".slim",  ".pack",
                                        ".umd", ".module", ".class", ".prod"};
    size_t dot = str_rchr(base, '.');
    if (dot == STR_NPOS || dot == 0)
        return base;
    struct str stem = str_sub(base, 0, dot);
    for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
        struct str w = str_c(inner[i]);
        if (stem.n > w.n && str_ends(stem, w)) {
            stem.n -= w.n;
            i = SIZE_MAX; /* from the top again; the stem gets shorter each time */
        }
    }
    return stem;
}

bool vendor_is_code(struct str base)
{
    static const char *const ends[] = {
        ".c",   ".h",   ".cc", ".cpp", ".cxx",   ".hpp",  ".hh",  ".js",  ".mjs",   ".ts",
        ".css", ".php", ".py", ".pl",  ".pm",    ".rb",   ".go",  ".rs",  ".lua",   ".java",
        ".sh",  ".inc", ".cs", ".m",   ".tsx",   ".jsx",  ".s",   ".asm", ".swift", ".kt",
        ".S",   ".y",   ".l",  ".sql", ".scala", ".twig", ".vue", ".cjs", ".erl",   ".hs",
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (str_ends(base, str_c(ends[i])))
            return true;
    return false;
}

bool vendor_is_licence(struct str base)
{
    static const char *const starts[] = {"license", "licence", "copying", "copyright"};
    if (vendor_is_code(base))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts_nocase(base, str_c(starts[i])))
            return true;
    return false;
}

/* ---- Reading ---- */

enum rc vendor_bytes(struct vendor_walk *w, size_t i, struct str *ret, struct err *e)
{
    const struct vendor_file *f = &w->files->all[i];
    char hex[GIT_OID_HEX + 1];
    struct object got;
    if ((f->mode & TREE_MODE_TYPE) != TREE_MODE_FILE)
        return RC_NOTFOUND;
    if (w->reads >= VENDOR_READS_MAX || w->bytes >= VENDOR_BYTES_MAX) {
        if (!w->full)
            vendor_note(w->out, w->a,
                        STR("copies of other software: too many files, the versions of some were "
                            "not looked for"));
        w->full = true;
        return RC_NOTFOUND;
    }
    w->reads++;
    hex_put(hex, f->id, w->files->id_len);
    enum rc rc = objects_read(w->o, str_c(hex), VENDOR_FILE_MAX, &got, e);
    if (rc == RC_LIMIT || (rc == RC_OK && got.type != OBJECT_BLOB))
        return RC_NOTFOUND;
    TRY(rc);
    w->bytes += got.body.n;
    *ret = got.body;
    return RC_OK;
}

/* ---- Whose it is ---- */

static bool tells_owner(struct str base)
{
    static const char *const starts[] = {"notice", "authors", "maintainers", "contributors",
                                         "credits"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts_nocase(base, str_c(starts[i])))
            return true;
    return vendor_is_licence(base);
}

enum rc vendor_own_words(struct vendor_walk *w, struct err *e)
{
    AUTO(buf) struct buf words = BUF_INIT(OWN_WORDS_MAX);
    struct vendor_range top = {.hi = w->files->n};
    size_t at = 0, i;
    while (vendor_direct(w->files, &top, &at, &i)) {
        struct str base = w->files->all[i].path, text;
        struct vendor_said said;
        enum vendor_manifest kind = vendor_manifest_of(base);
        bool named = kind == MANIFEST_JSON || kind == MANIFEST_CARGO || kind == MANIFEST_PYPROJECT;
        if (!tells_owner(base) && !named)
            continue;
        enum rc rc = vendor_bytes(w, i, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        if (tells_owner(base)) {
            buf_add(&words, str_sub(text, 0, OWN_FILE_MAX));
            buf_addc(&words, '\n');
        } else if (w->own.n == 0 && vendor_manifest_read(kind, text, &said) && said.name[0]) {
            w->own = arena_str(w->a, str_c(said.name));
        }
    }
    w->own_words = arena_str(w->a, buf_str(&words));
    return RC_OK;
}

bool vendor_own_name(const struct vendor_walk *w, struct str name)
{
    return w->own.n && vendor_name_same(w->own, name);
}

/* The first two words of a holder, without what stands around them. */
static struct str short_holder(struct str s)
{
    size_t n = 0, words = 0;
    while (n < s.n && words < 2) {
        while (n < s.n && s.p[n] != ' ' && s.p[n] != ',' && s.p[n] != '<' && s.p[n] != '(')
            n++;
        words++;
        if (n < s.n && s.p[n] != ' ')
            break;
        if (words < 2 && n < s.n)
            n++;
    }
    return str_trim(str_sub(s, 0, n));
}

bool vendor_foreign(const struct vendor_walk *w, struct str text)
{
    struct str holder;
    if (w->own_words.n == 0 || !vendor_holder(text, &holder))
        return false;
    holder = short_holder(holder);
    return holder.n > 2 && str_find_nocase(w->own_words, holder) == STR_NPOS;
}

struct str vendor_head(struct str text)
{
    struct vendor_lines l = {.rest = text};
    struct str line;
    while (l.no < VENDOR_HEAD_LINES && vendor_line(&l, &line)) {
    }
    return str_sub(text, 0, text.n - l.rest.n);
}

enum rc vendor_foreign_code(struct vendor_walk *w, const struct vendor_range *r, bool *ret_foreign,
                            struct err *e)
{
    size_t asked = 0;
    *ret_foreign = false;
    for (size_t i = r->lo; i < r->hi && asked < ASKED_MAX && !*ret_foreign; i++) {
        struct str text;
        if (!vendor_is_code(vendor_base(w->files->all[i].path)))
            continue;
        asked++;
        enum rc rc = vendor_bytes(w, i, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        *ret_foreign = vendor_foreign(w, vendor_head(text));
    }
    return RC_OK;
}

bool vendor_ours(const struct vendor_walk *w, struct str text)
{
    struct str holder;
    if (!vendor_holder(text, &holder))
        return false;
    holder = short_holder(holder);
    return holder.n > 2 && str_find_nocase(w->own_words, holder) != STR_NPOS;
}
