/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for the lines of a fix in the files of a commit.  Runs in commands and in the engine child;
 * files are a stranger's bytes, and only ever cut into lines and hashed.
 */
#include "engine/affected/present.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LINE_BYTES   4096
#define FUNC_WHOLE   78 /* bytes of git's words behind @@: longer ones are cut */
#define CONTEXT_SOME 0.6
#define HASH_LATER   UINT64_C(1) /* no hash of a line without a sign is odd */
#define TREE_MAX     (8u << 20)  /* bytes of a folder */
#define SEEN_MAX     100000      /* distinct files that are remembered */

/* A file's lines, squeezed and hashed. */
struct lines {
    struct str text;
    uint64_t *hash; /* 0: says nothing */
    uint32_t *at;   /* offset of the line */
    size_t n;
};

struct spot {
    struct str func;       /* squeezed, "" = the whole file */
    uint64_t *come, *gone; /* strong lines, each once */
    size_t n_come, n_gone;
    uint64_t *context;
    size_t n_context;
    size_t come_bytes; /* of the longest new line */
};

struct seen {
    char oid[GIT_OID_HEX + 1];
    enum present_state state;
    bool proof;
    uint32_t line;
};

struct file {
    struct str paths[2 + PRESENT_ELSEWHERE];
    size_t n_paths;
    struct spot *places;
    size_t n_places;
    struct seen *seen;
    size_t n_seen, seen_max;
};

struct present {
    struct history *h;
    struct arena *a;
    struct file files[PRESENT_FILES];
    size_t n_files;
};

/* ---- Lines of a file ---- */

static enum rc lines_of(struct str text, struct arena *a, struct lines *ret, struct err *e)
{
    struct lines l = {.text = text};
    size_t n = 1;
    for (const char *p = text.p, *end = text.p + text.n; text.n && p < end; n++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
    }
    l.hash = arena_array(a, n + 1, sizeof *l.hash);
    l.at = arena_array(a, n + 1, sizeof *l.at);
    TRY(arena_ok(a, "the lines of a file", e));
    struct str rest = text, line;
    while (str_cut(&rest, '\n', &line)) {
        l.at[l.n] = (uint32_t)(line.p - text.p);
        l.hash[l.n++] = HASH_LATER;
    }
    l.at[l.n] = (uint32_t)text.n;
    *ret = l;
    return RC_OK;
}

static struct str line_at(const struct lines *l, size_t i)
{
    return str_sub(l->text, l->at[i], l->at[i + 1] - l->at[i]);
}

/* Most lines of a file are in none of the functions that are looked at. */
static void hash_lines(const struct lines *l, size_t from, size_t to)
{
    char room[LINE_BYTES + 1];
    for (size_t i = from; i < to; i++) {
        if (l->hash[i] != HASH_LATER)
            continue;
        struct str line = str_sub(line_at(l, i), 0, LINE_BYTES);
        struct str s = str_of(room, line_squeeze(line, room));
        l->hash[i] = line_speaks(s) ? line_hash(' ', s) : 0;
    }
}

static size_t count_in(const struct lines *l, size_t from, size_t to, uint64_t hash)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++)
        n += l->hash[i] == hash;
    return n;
}

/* ---- Functions ---- */

static bool name_char(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$';
}

/* Where git would see a function begin: a name in the first column, and no label. */
static bool opens(struct str line)
{
    if (line.n == 0 || !name_char(line.p[0]) || ascii_is_digit(line.p[0]))
        return false;
    struct str t = str_trim(line);
    return t.p[t.n - 1] != ':' || str_chr(t, '(') != STR_NPOS || str_chr(t, ' ') != STR_NPOS;
}

/* Its end: a brace in the first column, or the next name there behind indented lines. */
static size_t end_of(const struct lines *l, size_t from)
{
    bool inside = false, brace = false;
    for (size_t i = from + 1; i < l->n; i++) {
        struct str line = line_at(l, i);
        char first = line.n ? line.p[0] : '\n';
        brace |= first == '{';
        inside |= first == ' ' || first == '\t';
        if (first == '}')
            return i + 1;
        if (inside && !brace && opens(line))
            return i;
    }
    return l->n;
}

/* The name before the first bracket of a function's head, or STR_NONE. */
static struct str name_in(struct str head)
{
    size_t open = str_chr(head, '(');
    if (open == STR_NPOS || open == 0)
        return STR_NONE;
    size_t from = open;
    while (from > 0 && name_char(head.p[from - 1]))
        from--;
    return str_sub(head, from, open - from);
}

static bool head_is(struct str line, struct str func, struct str name)
{
    char room[LINE_BYTES + 1];
    struct str s = str_of(room, line_squeeze(str_sub(line, 0, LINE_BYTES), room));
    if (name.n == 0)
        return func.n >= FUNC_WHOLE / 2 ? str_starts(s, func) : str_eq(s, func);
    if (s.n && s.p[s.n - 1] == ';')
        return false; /* a declaration */
    struct str found = name_in(s);
    /* "staticintname(" has lost the space before the name. */
    return str_ends(found, name);
}

/* The function's lines; false when it is not there. An empty func is the whole file. */
static bool find_func(const struct lines *l, struct str func, size_t *ret_from, size_t *ret_to)
{
    *ret_from = 0;
    *ret_to = l->n;
    if (func.n == 0)
        return true;
    struct str name = name_in(func);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < l->n; i++) {
            struct str line = line_at(l, i);
            if (line.n == 0 || line.p[0] != func.p[0] || !opens(line))
                if (pass == 0 || !opens(line))
                    continue;
            if (!head_is(line, func, pass == 0 ? STR_NONE : name))
                continue;
            if (pass == 1 && name.n == 0)
                return false;
            *ret_from = i;
            *ret_to = end_of(l, i);
            return true;
        }
    return false;
}

/* ---- Places of a fix ---- */

static bool known(const uint64_t *v, size_t n, uint64_t x)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == x)
            return true;
    return false;
}

struct sides {
    struct lines before, after;
};

/* The lines of the hunks of one function (all of the file's when func is empty) that tell before
 * from after. */
static enum rc spot_make(const struct diff_file *f, struct str func, bool whole,
                         const struct sides *s, struct arena *a, struct spot *ret, struct err *e)
{
    struct spot p = {.func = whole ? STR_NONE : func};
    char room[LINE_BYTES + 1];
    size_t bf, bt, af, at, n = 0;
    bool there = find_func(&s->before, p.func, &bf, &bt) && find_func(&s->after, p.func, &af, &at);
    for (size_t i = 0; i < f->n; i++)
        n += f->hunks[i].n;
    if (there) {
        hash_lines(&s->before, bf, bt);
        hash_lines(&s->after, af, at);
    }
    p.come = arena_array(a, n + 1, sizeof *p.come);
    p.gone = arena_array(a, n + 1, sizeof *p.gone);
    p.context = arena_array(a, n + 1, sizeof *p.context);
    TRY(arena_ok(a, "the lines of the fix", e));
    for (size_t i = 0; there && i < f->n; i++) {
        const struct diff_hunk *h = &f->hunks[i];
        char head[LINE_BYTES + 1];
        struct str own = str_of(head, line_squeeze(str_sub(h->func, 0, LINE_BYTES), head));
        if (!str_eq(own, func))
            continue;
        for (size_t k = 0; k < h->n; k++) {
            struct str line = str_sub(h->lines[k].text, 0, LINE_BYTES);
            struct str t = str_of(room, line_squeeze(line, room));
            if (!line_speaks(t))
                continue;
            uint64_t x = line_hash(' ', t);
            size_t in_before = count_in(&s->before, bf, bt, x);
            size_t in_after = count_in(&s->after, af, at, x);
            char sign = h->lines[k].sign;
            if (sign == '+' && in_before == 0 && in_after && !known(p.come, p.n_come, x)) {
                p.come[p.n_come++] = x;
                p.come_bytes = t.n > p.come_bytes ? t.n : p.come_bytes;
            } else if (sign == '-' && in_after == 0 && in_before && !known(p.gone, p.n_gone, x)) {
                p.gone[p.n_gone++] = x;
            } else if (sign == ' ' && in_after && !known(p.context, p.n_context, x)) {
                p.context[p.n_context++] = x;
            }
        }
    }
    *ret = p;
    return RC_OK;
}

static size_t changed_lines(const struct diff_file *f, struct str func)
{
    char room[LINE_BYTES + 1];
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct diff_hunk *h = &f->hunks[i];
        struct str own = str_of(room, line_squeeze(str_sub(h->func, 0, LINE_BYTES), room));
        for (size_t k = 0; str_eq(own, func) && k < h->n; k++) {
            char line[LINE_BYTES + 1];
            struct str t =
                str_of(line, line_squeeze(str_sub(h->lines[k].text, 0, LINE_BYTES), line));
            n += h->lines[k].sign != ' ' && line_speaks(t);
        }
    }
    return n;
}

/* git names the function before a hunk: a change of the head itself, or a new function, lies
 * outside of it.  Then the whole file is looked at. */
static enum rc spot_best(const struct diff_file *f, struct str func, const struct sides *s,
                         struct arena *a, struct spot *ret, struct err *e)
{
    size_t changed = changed_lines(f, func);
    TRY(spot_make(f, func, false, s, a, ret, e));
    if (2 * (ret->n_come + ret->n_gone) >= changed && ret->n_come + ret->n_gone > 0)
        return RC_OK;
    struct spot whole;
    TRY(spot_make(f, func, true, s, a, &whole, e));
    if (whole.n_come + whole.n_gone > ret->n_come + ret->n_gone)
        *ret = whole;
    return RC_OK;
}

static enum rc file_places(const struct diff_file *f, const struct sides *s, struct arena *a,
                           struct file *to, struct err *e)
{
    char room[LINE_BYTES + 1];
    struct str *done = arena_array(a, f->n + 1, sizeof *done);
    size_t n_done = 0;
    to->places = arena_array(a, f->n + 1, sizeof *to->places);
    TRY(arena_ok(a, "the places of the fix", e));
    for (size_t i = 0; i < f->n && to->n_places < PRESENT_PLACES; i++) {
        size_t len = line_squeeze(str_sub(f->hunks[i].func, 0, LINE_BYTES), room);
        struct str func = arena_str(a, str_of(room, len));
        bool twice = false;
        for (size_t k = 0; k < n_done; k++)
            twice |= str_eq(done[k], func);
        if (twice)
            continue;
        done[n_done++] = func;
        struct spot *p = &to->places[to->n_places];
        TRY(spot_best(f, func, s, a, p, e));
        to->n_places += p->n_come + p->n_gone > 0;
    }
    return RC_OK;
}

static enum rc read_lines(struct history *h, struct str commit, struct str path, struct arena *a,
                          struct lines *ret, struct err *e)
{
    struct object o;
    TRY(objects_file(h->objects, commit, path, PRESENT_FILE_MAX, &o, e));
    return lines_of(arena_str(a, o.body), a, ret, e);
}

static size_t same_tail(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[a.n - 1 - n] == b.p[b.n - 1 - n])
        n++;
    return n;
}

static bool has_path(const struct file *f, struct str path)
{
    for (size_t i = 0; i < f->n_paths; i++)
        if (str_eq(f->paths[i], path))
            return true;
    return false;
}

static void find_paths(const struct table *t, const struct diff_file *d, struct file *f)
{
    if (d->new_path.n)
        f->paths[f->n_paths++] = d->new_path;
    if (d->old_path.n && !has_path(f, d->old_path))
        f->paths[f->n_paths++] = d->old_path;
    struct str base = path_base(f->paths[0]);
    for (size_t k = 0; t && k < PRESENT_ELSEWHERE; k++) {
        struct str best = STR_NONE;
        for (size_t i = 0; i < t->n_paths; i++) {
            struct str p = t->paths[i];
            if (str_eq(path_base(p), base) && !has_path(f, p) &&
                (best.n == 0 || same_tail(p, f->paths[0]) > same_tail(best, f->paths[0])))
                best = p;
        }
        if (best.n == 0)
            return;
        f->paths[f->n_paths++] = best;
    }
}

static enum rc file_make(struct present *p, const struct table *t, const struct fix_commit *f,
                         const struct diff_file *d, struct err *e)
{
    struct file file = {.n_paths = 0};
    struct sides s;
    if (d->binary || d->n == 0 || d->old_path.n == 0 || d->new_path.n == 0 || f->parent.n == 0)
        return RC_OK;
    AUTO(arena) struct arena *tmp = arena_new(16 * (size_t)PRESENT_FILE_MAX);
    enum rc rc = read_lines(p->h, f->parent, d->old_path, tmp, &s.before, e);
    if (rc == RC_OK)
        rc = read_lines(p->h, str_c(f->rev->hex), d->new_path, tmp, &s.after, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID)
        return RC_OK;
    TRY(rc);
    TRY(file_places(d, &s, p->a, &file, e));
    if (file.n_places == 0)
        return RC_OK;
    find_paths(t, d, &file);
    p->files[p->n_files++] = file;
    return arena_ok(p->a, "the files of the fix", e);
}

enum rc present_make(struct history *h, const struct table *t, const struct fix_commit *f,
                     struct arena *a, struct present **ret_p, struct err *e)
{
    struct present *p = arena_alloc(a, sizeof *p);
    if (p == NULL)
        return arena_ok(a, "the places of the fix", e);
    p->h = h;
    p->a = a;
    for (size_t i = 0; i < f->n_files && p->n_files < PRESENT_FILES; i++)
        TRY(file_make(p, t, f, &f->files[i], e));
    *ret_p = p->n_files ? p : NULL;
    return RC_OK;
}

/* ---- Looking ---- */

static size_t hits(const struct lines *l, size_t from, size_t to, const uint64_t *v, size_t n,
                   size_t *ret_first)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = from; k < to; k++)
            if (l->hash[k] == v[i]) {
                if (found++ == 0)
                    *ret_first = k;
                break;
            }
    return found;
}

static enum present_state look_at_place(const struct spot *p, const struct lines *l,
                                        size_t *ret_line)
{
    size_t from, to, line = 0;
    if (!find_func(l, p->func, &from, &to))
        return PRESENT_NOT_FOUND;
    hash_lines(l, from, to);
    *ret_line = from;
    size_t come = hits(l, from, to, p->come, p->n_come, ret_line);
    size_t gone = hits(l, from, to, p->gone, p->n_gone, &line);
    size_t context = hits(l, from, to, p->context, p->n_context, &line);
    bool around = (double)context >= CONTEXT_SOME * (double)p->n_context;
    if (p->n_come && come == p->n_come && gone == 0)
        return PRESENT_FIXED;
    if (come == 0 && gone == p->n_gone && (p->n_gone || around))
        return PRESENT_VULNERABLE;
    return PRESENT_MIXED;
}

static enum present_state add_state(enum present_state all, enum present_state one)
{
    if (one == PRESENT_NOT_FOUND || all == one)
        return all;
    return all == PRESENT_NOT_FOUND ? one : PRESENT_MIXED;
}

static struct seen look_at_file(const struct file *f, const struct lines *l)
{
    struct seen s = {.state = PRESENT_NOT_FOUND};
    size_t new_lines = 0, longest = 0, old_lines = 0;
    for (size_t i = 0; i < f->n_places; i++) {
        size_t line = 0;
        enum present_state one = look_at_place(&f->places[i], l, &line);
        if (one == PRESENT_FIXED) {
            new_lines += f->places[i].n_come;
            longest = f->places[i].come_bytes > longest ? f->places[i].come_bytes : longest;
        }
        old_lines += one == PRESENT_VULNERABLE ? f->places[i].n_gone : 0;
        if (one != PRESENT_NOT_FOUND && s.line == 0)
            s.line = (uint32_t)line + 1;
        s.state = add_state(s.state, one);
    }
    s.proof = (s.state == PRESENT_FIXED && (new_lines > 1 || longest >= PRESENT_TEXT_ALONE)) ||
              (s.state == PRESENT_VULNERABLE && old_lines > 0);
    return s;
}

static enum rc remember(struct present *p, struct file *f, const struct seen *s, struct err *e)
{
    if (f->n_seen == f->seen_max) {
        size_t max = 2 * f->seen_max + 32;
        struct seen *v = arena_array(p->a, max, sizeof *v);
        if (v == NULL)
            return arena_ok(p->a, "the files that were looked at", e);
        if (f->n_seen)
            memcpy(v, f->seen, f->n_seen * sizeof *v);
        f->seen = v;
        f->seen_max = max;
    }
    if (f->n_seen < SEEN_MAX)
        f->seen[f->n_seen++] = *s;
    return RC_OK;
}

/* git says "missing" to a path that is not there and to one whose object is not: the folder tells.
 */
bool present_lost(struct history *h, struct str commit, struct str path)
{
    AUTO(buf) struct buf name = BUF_INIT(OBJECT_NAME_MAX);
    struct err none = ERR_INIT;
    struct object o;
    struct tree_entry t;
    struct str base = path_base(path);
    size_t dir = path.n > base.n ? path.n - base.n - 1 : 0;
    buf_addf(&name, "%.*s:%.*s", STR_ARG(commit), (int)dir, path.p);
    if (objects_read(h->objects, buf_str(&name), TREE_MAX, &o, &none) != RC_OK ||
        o.type != OBJECT_TREE)
        return false;
    struct str rest = o.body;
    while (tree_next(&rest, h->graph->hash_len, &t))
        if (str_eq(t.name, base))
            return (t.mode & TREE_MODE_TYPE) == TREE_MODE_FILE;
    return false;
}

/* The file in this commit: its blob's id; an empty path: not there, or ret_lost. */
static enum rc find_file(struct present *p, const struct file *f, struct str commit,
                         struct str *ret_path, struct object *ret_o, bool *ret_lost, struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(OBJECT_NAME_MAX);
    struct err none = ERR_INIT;
    *ret_path = STR_NONE;
    for (size_t i = 0; i < f->n_paths; i++) {
        buf_reset(&name);
        buf_addf(&name, "%.*s:%.*s", STR_ARG(commit), STR_ARG(f->paths[i]));
        enum rc rc = objects_info(p->h->objects, buf_str(&name), ret_o, &none);
        if (rc == RC_OK && ret_o->type == OBJECT_BLOB) {
            *ret_path = f->paths[i];
            return RC_OK;
        }
        if (rc != RC_OK && rc != RC_NOTFOUND && rc != RC_INVALID)
            return err_set(e, rc, "%s", none.msg);
        if (rc == RC_NOTFOUND && i == 0)
            *ret_lost = present_lost(p->h, commit, f->paths[i]);
    }
    return RC_OK;
}

static enum rc file_at(struct present *p, struct file *f, struct str commit, struct str *ret_path,
                       struct seen *ret_s, struct err *e)
{
    struct object o;
    bool is_lost = false;
    TRY(find_file(p, f, commit, ret_path, &o, &is_lost, e));
    *ret_s = (struct seen){.state = is_lost ? PRESENT_UNKNOWN : PRESENT_NOT_FOUND};
    if (ret_path->n == 0 || is_lost)
        return RC_OK;
    for (size_t i = f->n_seen; i-- > 0;)
        if (strcmp(f->seen[i].oid, o.oid) == 0) {
            *ret_s = f->seen[i];
            return RC_OK;
        }
    char oid[GIT_OID_HEX + 1];
    memcpy(oid, o.oid, sizeof oid);
    enum rc rc = objects_read(p->h->objects, str_c(oid), PRESENT_FILE_MAX, &o, e);
    if (rc == RC_NOTFOUND)
        ret_s->state = PRESENT_UNKNOWN;
    else if (rc == RC_LIMIT)
        ret_s->state = PRESENT_MIXED;
    else
        TRY(rc);
    if (rc == RC_OK) {
        AUTO(arena) struct arena *tmp = arena_new(16 * (size_t)PRESENT_FILE_MAX);
        struct lines l;
        TRY(lines_of(o.body, tmp, &l, e));
        *ret_s = look_at_file(f, &l);
    }
    memcpy(ret_s->oid, oid, sizeof oid);
    return remember(p, f, ret_s, e);
}

enum rc present_at(struct present *p, struct str commit, struct present_answer *ret, struct err *e)
{
    struct present_answer w = {.state = PRESENT_NOT_FOUND};
    bool unknown = false;
    for (size_t i = 0; i < p->n_files; i++) {
        struct seen s;
        struct str path;
        TRY(file_at(p, &p->files[i], commit, &path, &s, e));
        unknown |= s.state == PRESENT_UNKNOWN;
        if (s.state == PRESENT_UNKNOWN || s.state == PRESENT_NOT_FOUND)
            continue;
        if (w.path.n == 0) {
            w.path = path;
            w.line = s.line;
            w.blob = arena_str(p->a, str_c(s.oid));
        }
        w.proof |= s.proof;
        w.state = add_state(w.state, s.state);
    }
    w.proof &= w.state == PRESENT_FIXED || w.state == PRESENT_VULNERABLE;
    if (unknown)
        w.state = PRESENT_UNKNOWN;
    *ret = w;
    return arena_ok(p->a, "the files that were looked at", e);
}
