/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fix points at.  Runs in the engine child and in commands; diffs and files are a
 * stranger's.
 */
#include "engine/affected/marks.h"

#include <stdlib.h>
#include <string.h>

/* What a line is worth: it tells less where a flaw is when it declares, bumps or only names. */
#define WEIGHT_HEADER   0.3 /* header and build files */
#define WEIGHT_DECLARES 0.4
#define WEIGHT_MACRO    0.3
#define WEIGHT_NUMBER   0.2 /* a line that changes in its digits only */

#define NEARBY_MAX 2000 /* lines that the nearest are chosen from */
#define FAR_NONE   UINT32_MAX

struct builder {
    struct history *h;
    struct textpool *texts;
    struct arena *a;
    struct marks m;
    const struct fix_commit *fix;
    size_t index; /* of the fix */
    const struct diff_file *file;
    const struct text *before; /* the file before the fix */
    size_t in_file;            /* marks of this file */
    uint32_t *far;             /* of its lines: to the nearest change, FAR_NONE: out of reach */
    struct nearby *nearby;     /* NEARBY_MAX of them, in no order */
    size_t n_nearby;
};

/* ---- What a line says ---- */

static bool starts_word(struct str s, const char *word)
{
    size_t n = strlen(word);
    return str_starts(s, str_c(word)) && (s.n == n || !(ascii_is_alnum(s.p[n]) || s.p[n] == '_'));
}

static bool is_macro(struct str line)
{
    static const char *const words[] = {"include", "define", "if",     "ifdef", "ifndef", "else",
                                        "endif",   "undef",  "pragma", "error", "elif"};
    struct str s = str_trim(line);
    if (s.n == 0 || s.p[0] != '#')
        return false;
    s = str_trim(str_sub(s, 1, s.n));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (starts_word(s, words[i]))
            return true;
    return false;
}

static bool says_something(struct str line)
{
    char room[TEXT_LINE_MAX];
    struct str cut = str_sub(line, 0, sizeof room), s = str_trim(line);
    if (s.n > 0 && s.p[0] == '#' && !is_macro(line) && (s.n == 1 || ascii_is_space(s.p[1])))
        return false; /* a comment of a script */
    if (str_starts(s, STR("--")) || str_starts(s, STR("<!--")) || starts_word(s, "goto") ||
        str_eq(s, STR("#endif")) || str_eq(s, STR("#else")))
        return false;
    return line_speaks(str_of(room, line_squeeze(cut, room)));
}

/* "type name;", "type *a, b = 0;" and the like. */
static bool declares(struct str line)
{
    struct str s = str_trim(line), rest = s;
    if (!str_ends(s, STR(";")) || starts_word(s, "return") || starts_word(s, "goto") ||
        starts_word(s, "delete") || starts_word(s, "echo") || starts_word(s, "throw"))
        return false;
    size_t words = 0;
    bool value = false;
    for (size_t i = 0; i < rest.n;) {
        char c = rest.p[i];
        if (ascii_is_alpha(c) || c == '_') {
            words += !value;
            while (i < rest.n && (ascii_is_alnum(rest.p[i]) || rest.p[i] == '_'))
                i++;
            continue;
        }
        if (c == '=')
            value = true;
        else if (c == ',')
            value = false;
        else if (c == '[' || c == ']' || c == '*' || c == ';' || c == '.' || ascii_is_digit(c) ||
                 ascii_is_space(c))
            ;
        else
            return false;
        if (c == '=' && words < 2)
            return false;
        i++;
    }
    return words >= 2;
}

static bool same_but_digits(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    bool digits = false;
    while (i < a.n || k < b.n) {
        bool da = i < a.n && ascii_is_digit(a.p[i]), db = k < b.n && ascii_is_digit(b.p[k]);
        if (da || db) {
            digits = true;
            while (i < a.n && ascii_is_digit(a.p[i]))
                i++;
            while (k < b.n && ascii_is_digit(b.p[k]))
                k++;
            if (da != db)
                return false;
        } else if (i < a.n && ascii_is_space(a.p[i])) {
            i++;
        } else if (k < b.n && ascii_is_space(b.p[k])) {
            k++;
        } else if (i < a.n && k < b.n && a.p[i] == b.p[k]) {
            i++;
            k++;
        } else {
            return false;
        }
    }
    return digits;
}

static bool bumped(const struct diff_file *f, struct str line)
{
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->hunks[i].n; k++)
            if (f->hunks[i].lines[k].sign == '+' &&
                same_but_digits(line, f->hunks[i].lines[k].text))
                return true;
    return false;
}

static bool is_header(struct str path)
{
    struct str base = path_base(path);
    return str_ends(path, STR(".h")) || str_ends(path, STR(".hpp")) || str_ends(path, STR(".hh")) ||
           str_starts_nocase(base, STR("makefile")) || str_starts_nocase(base, STR("configure")) ||
           str_starts(base, STR("CMakeLists"));
}

static double weight_of(const struct builder *b, struct str line)
{
    double w = 1;
    if (is_header(b->file->old_path))
        w *= WEIGHT_HEADER;
    if (declares(line))
        w *= WEIGHT_DECLARES;
    if (is_macro(line))
        w *= bumped(b->file, line) ? WEIGHT_MACRO * WEIGHT_NUMBER : WEIGHT_MACRO;
    return w;
}

/* ---- Gathering ---- */

static bool list_add(struct str *list, size_t *n, size_t max, struct str s, struct arena *a)
{
    for (size_t i = 0; i < *n; i++)
        if (str_eq(list[i], s))
            return false;
    if (*n == max)
        return false;
    list[(*n)++] = arena_str(a, s);
    return true;
}

static bool dull_name(struct str s)
{
    static const char *const words[] = {
        "char",    "const",    "void",   "unsigned", "static",   "long",   "short",     "size_t",
        "return",  "struct",   "else",   "while",    "sizeof",   "NULL",   "true",      "false",
        "TRUE",    "FALSE",    "break",  "case",     "default",  "double", "float",     "this",
        "self",    "function", "array",  "isset",    "empty",    "string", "switch",    "continue",
        "extern",  "enum",     "union",  "typedef",  "register", "inline", "volatile",  "public",
        "private", "class",    "global", "echo",     "foreach",  "elseif", "require",   "include",
        "import",  "from",     "None",   "True",     "False",    "goto",   "protected", "extends"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(s, str_c(words[i])))
            return true;
    return false;
}

static void add_names(struct builder *b, enum name_of kind, struct str line)
{
    for (size_t i = 0; i < line.n;) {
        if (!(ascii_is_alpha(line.p[i]) || line.p[i] == '_')) {
            i++;
            continue;
        }
        size_t from = i;
        while (i < line.n && (ascii_is_alnum(line.p[i]) || line.p[i] == '_'))
            i++;
        struct str name = str_sub(line, from, i - from);
        if (name.n >= MARKS_NAME_MIN && !dull_name(name))
            (void)list_add(b->m.names[kind], &b->m.n_names[kind], MARKS_NAMES_MAX, name, b->a);
    }
}

static void add_mark(struct builder *b, size_t line, bool removed)
{
    struct str text = text_line_at(b->before, line);
    const struct text_func *f = text_func_at(b->before, line);
    uint64_t hash = b->before->lines[line].hash;
    for (size_t i = 0; i < b->m.n; i++) {
        uint32_t dense;
        struct mark *m = &b->m.v[i];
        if (!str_eq(m->path, b->file->old_path))
            continue;
        if (m->fix == b->index ? m->line == line + 1 : text_hash(m->text, &dense) == hash) {
            m->removed |= removed && m->fix == b->index;
            return;
        }
    }
    if (b->m.n == MARKS_MAX || b->in_file == MARKS_FILE_MAX)
        return;
    b->in_file++;
    b->m.v[b->m.n++] = (struct mark){.removed = removed,
                                     .path = b->file->old_path,
                                     .line = (uint32_t)line + 1,
                                     .text = arena_str(b->a, str_sub(text, 0, TEXT_LINE_MAX)),
                                     .func = f ? arena_str(b->a, f->name) : STR_NONE,
                                     .weight = weight_of(b, text),
                                     .fix = b->index};
}

/* The nearest lines that say something before and behind a place where lines were added. */
static void add_neighbours(struct builder *b, size_t at)
{
    size_t i = at;
    for (size_t k = 0; i > 0 && k < MARKS_NEAR; k++)
        if (says_something(text_line_at(b->before, --i))) {
            add_mark(b, i, false);
            break;
        }
    for (size_t k = 0; at + k < b->before->n && k < MARKS_NEAR; k++)
        if (says_something(text_line_at(b->before, at + k))) {
            add_mark(b, at + k, false);
            break;
        }
}

static void add_line(struct builder *b, struct str line, bool removed)
{
    uint32_t dense;
    if (b->m.n_lines < MARKS_LINES_MAX && says_something(line))
        b->m.lines[b->m.n_lines++] =
            (struct mark_line){.hash = text_hash(line, &dense), .removed = removed};
}

static void measure_none(struct builder *b)
{
    b->far = mem_alloc((b->before->n + 1) * sizeof *b->far);
    memset(b->far, 0xff, b->before->n * sizeof *b->far);
}

/* The lines around a run of `old` lines at `at`, of the same function. */
static void measure(struct builder *b, size_t at, size_t old)
{
    const struct text_func *f = text_func_at(b->before, at);
    size_t from = at > MARKS_NEARBY_FAR ? at - MARKS_NEARBY_FAR : 0;
    size_t to = at + old + MARKS_NEARBY_FAR;
    if (f && from < f->from)
        from = f->from;
    if (f && to > f->to + 1)
        to = f->to + 1;
    for (size_t i = from; i < to && i < b->before->n; i++) {
        size_t far = i < at ? at - i : i < at + old ? 0 : i + 1 - at - old;
        if (far < b->far[i])
            b->far[i] = (uint32_t)far;
    }
}

static void add_nearby(struct builder *b)
{
    for (size_t i = 0; i < b->before->n && b->n_nearby < NEARBY_MAX; i++)
        if (b->far[i] != FAR_NONE && says_something(text_line_at(b->before, i)))
            b->nearby[b->n_nearby++] = (struct nearby){.path = b->file->old_path,
                                                       .line = (uint32_t)i + 1,
                                                       .far = b->far[i],
                                                       .fix = b->index};
    free(b->far);
    b->far = NULL;
}

static int by_distance(const void *a, const void *b)
{
    const struct nearby *x = a, *y = b;
    if (x->far != y->far)
        return x->far < y->far ? -1 : 1;
    if (x->fix != y->fix)
        return x->fix < y->fix ? -1 : 1;
    int c = str_cmp(x->path, y->path);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

/* A run of - and + lines; at: the line before the fix that it begins with. */
static void take_run(struct builder *b, const struct diff_line *v, size_t n, size_t at)
{
    bool any = false;
    size_t line = at;
    for (size_t i = 0; i < n; i++) {
        if (v[i].sign == '+') {
            if (says_something(v[i].text))
                add_names(b, NAME_ADDED, v[i].text);
            continue;
        }
        if (line < b->before->n && says_something(v[i].text)) {
            any = true;
            add_mark(b, line, true);
            add_line(b, v[i].text, true);
            add_names(b, NAME_REMOVED, v[i].text);
        }
        line++;
    }
    const struct text_func *f = text_func_at(b->before, at);
    if (f)
        (void)list_add(b->m.funcs, &b->m.n_funcs, MARKS_NAMES_MAX, f->name, b->a);
    if (!any)
        add_neighbours(b, at);
    measure(b, at, line - at);
}

static void take_hunk(struct builder *b, const struct diff_hunk *h)
{
    /* Without old lines git names the line before. */
    size_t at = h->old_n ? h->old_start - 1 : h->old_start;
    for (size_t i = 0; i < h->n;) {
        if (h->lines[i].sign == ' ') {
            if (says_something(h->lines[i].text))
                add_names(b, NAME_AROUND, h->lines[i].text);
            add_line(b, h->lines[i].text, false);
            i++;
            at++;
            continue;
        }
        size_t from = i, old = 0;
        while (i < h->n && h->lines[i].sign != ' ')
            old += h->lines[i++].sign == '-';
        if (at <= b->before->n)
            take_run(b, h->lines + from, i - from, at);
        at += old;
    }
}

static enum rc take_file(struct builder *b, const struct diff_file *f, struct err *e)
{
    if (f->old_path.n == 0 || f->binary || f->n == 0)
        return RC_OK; /* the fix brought it */
    enum rc rc = textpool_get(b->texts, b->fix->parent, f->old_path, &b->before, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID)
        return RC_OK;
    TRY(rc);
    b->file = f;
    b->in_file = 0;
    (void)list_add(b->m.paths, &b->m.n_paths, MARKS_FIXES * MARKS_FILES, f->old_path, b->a);
    measure_none(b);
    for (size_t i = 0; i < f->n; i++)
        take_hunk(b, &f->hunks[i]);
    add_nearby(b);
    return RC_OK;
}

static enum rc take_fix(struct builder *b, const struct fix_commit *f, struct err *e)
{
    b->fix = f;
    b->m.parents[b->index] = graph_find_hex(b->h->graph, f->parent);
    size_t files = 0;
    for (size_t i = 0; i < f->n_files && files < MARKS_FILES; i++) {
        TRY(take_file(b, &f->files[i], e));
        files += f->files[i].old_path.n > 0;
    }
    return RC_OK;
}

/* ---- Places that somebody named ---- */

static void take_place(struct builder *b, const struct place *p)
{
    struct diff_file f = {.old_path = arena_str(b->a, p->path), .new_path = p->path};
    b->file = &f;
    b->in_file = 0;
    (void)list_add(b->m.paths, &b->m.n_paths, MARKS_FIXES * MARKS_FILES, p->path, b->a);
    measure_none(b);
    for (size_t i = p->from - 1; i < p->to && i < b->before->n; i++) {
        struct str line = text_line_at(b->before, i);
        if (!says_something(line))
            continue;
        add_mark(b, i, true);
        add_line(b, line, true);
        add_names(b, NAME_REMOVED, line);
        const struct text_func *fn = text_func_at(b->before, i);
        if (fn)
            (void)list_add(b->m.funcs, &b->m.n_funcs, MARKS_NAMES_MAX, fn->name, b->a);
        measure(b, i, 1);
    }
    add_nearby(b);
}

static enum rc take_places(struct builder *b, const struct question *q, struct str commit,
                           struct err *e)
{
    for (size_t i = 0; i < q->n_at; i++) {
        enum rc rc = textpool_get(b->texts, commit, q->at[i].path, &b->before, e);
        if (rc == RC_NOTFOUND)
            return err_set(e, rc, "the file of --at is not in the commit before the fix");
        TRY(rc);
        take_place(b, &q->at[i]);
    }
    return RC_OK;
}

/* The newest release. */
static uint32_t newest(const struct history *h)
{
    uint32_t c = GRAPH_NONE;
    int64_t at = INT64_MIN;
    for (size_t t = 0; t < h->n_tags; t++)
        if (tagset_has(&h->counts, t) && h->tags[t].commit != GRAPH_NONE &&
            h->tags[t].commit_us >= at) {
            c = h->tags[t].commit;
            at = h->tags[t].commit_us;
        }
    return c;
}

static enum rc take_all(struct builder *b, const struct question *q, const struct fix_commit *f,
                        size_t n, struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    if (q->n_at > 0) {
        uint32_t c = n > 0 && !f[0].missing ? graph_find_hex(b->h->graph, f[0].parent) : GRAPH_NONE;
        if (c == GRAPH_NONE)
            c = newest(b->h);
        b->m.n_fixes = 1;
        b->m.parents[0] = c;
        return c == GRAPH_NONE ? RC_OK : take_places(b, q, graph_hex(b->h->graph, c, hex), e);
    }
    for (size_t i = 0; i < n; i++)
        if (!f[i].missing && f[i].parent.n > 0) {
            TRY(take_fix(b, &f[i], e));
            b->m.n_fixes = ++b->index;
        }
    return RC_OK;
}

enum rc marks_find(struct history *h, struct textpool *texts, const struct question *q,
                   struct arena *a, struct marks *ret, struct err *e)
{
    const struct revision *revs[MARKS_FIXES];
    size_t n = 0, n_commits = 0;
    struct fix_commit *commits = NULL;
    struct builder b = {.h = h, .texts = texts, .a = a};
    for (size_t g = 0; g < q->n_groups; g++)
        for (size_t i = 0; i < q->groups[g].n && n < MARKS_FIXES; i++)
            revs[n++] = &q->groups[g].revs[i];
    b.nearby = arena_array(a, NEARBY_MAX, sizeof *b.nearby);
    b.m.v = arena_array(a, MARKS_MAX, sizeof *b.m.v);
    b.m.paths = arena_array(a, MARKS_FIXES * MARKS_FILES, sizeof *b.m.paths);
    b.m.funcs = arena_array(a, MARKS_NAMES_MAX, sizeof *b.m.funcs);
    b.m.lines = arena_array(a, MARKS_LINES_MAX, sizeof *b.m.lines);
    for (size_t k = 0; k < NAME_KINDS; k++)
        b.m.names[k] = arena_array(a, MARKS_NAMES_MAX, sizeof(struct str));
    TRY(arena_ok(a, "the lines of the fix", e));
    if (n > 0)
        TRY(fix_commits_read(h, revs, n, a, &commits, &n_commits, e));
    TRY(take_all(&b, q, commits, n_commits, e));
    for (size_t i = 0; i < b.m.n; i++)
        b.m.any_removed |= b.m.v[i].removed;
    if (b.n_nearby > 1)
        qsort(b.nearby, b.n_nearby, sizeof *b.nearby, by_distance);
    b.m.nearby = b.nearby;
    b.m.n_nearby = b.n_nearby < MARKS_NEARBY ? b.n_nearby : MARKS_NEARBY;
    *ret = b.m;
    return arena_ok(a, "the lines of the fix", e);
}
