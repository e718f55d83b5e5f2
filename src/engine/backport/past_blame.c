/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and the commits that brought them.  Runs in the engine child and in commands; what git
 * prints of a stranger's history is checked and cleaned.
 */
#include "engine/backport/past_blame.h"

#include <string.h>

#include "base/utf8.h"
#include "base/when.h"

#define BODY_MAX  (1u << 20)
#define SHOWN_MAX 300 /* bytes of a subject or name that are shown */
#define ARGS_MAX  (2 * BLAME_RANGES_MAX + 16)

/* "ID OLD NEW [COUNT]" */
static bool head_of(struct str line, struct blamed *ret)
{
    struct str rest = line, id, old, now;
    uint64_t a, b;
    if (!str_cut(&rest, ' ', &id) || !git_oid_ok(id) || !str_cut(&rest, ' ', &old) ||
        !str_cut(&rest, ' ', &now) || num_parse(old, 1, UINT32_MAX, "line", &a, NULL) != RC_OK ||
        num_parse(now, 1, UINT32_MAX, "line", &b, NULL) != RC_OK)
        return false;
    *ret = (struct blamed){.line = (uint32_t)a, .now = (uint32_t)b, .path = STR_NONE};
    memcpy(ret->id, id.p, id.n);
    return true;
}

/* git quotes a name with odd bytes; such a name is not followed. */
static struct str name_of(struct str line, struct arena *a)
{
    return line.n && line.p[0] == '"' ? STR_NONE : arena_str(a, line);
}

static void take_lines(struct str out, struct arena *a, struct blamed *v, size_t *n, size_t max)
{
    struct str line;
    while (*n < max && str_cut(&out, '\n', &line)) {
        struct blamed *x = &v[*n];
        if (!head_of(line, x))
            continue;
        while (str_cut(&out, '\n', &line) && !(line.n && line.p[0] == '\t')) {
            if (str_starts(line, STR("filename ")))
                x->path = name_of(str_sub(line, 9, line.n), a);
            else if (str_eq(line, STR("boundary")))
                x->held = true;
        }
        ++*n;
    }
}

enum rc past_blame(struct git *git, struct str commit, struct str without, struct str path,
                   const struct line_range *ranges, size_t n, struct arena *a,
                   struct blamed **ret_lines, size_t *ret_n, struct err *e)
{
    const char *args[ARGS_MAX] = {"blame", "--line-porcelain", "-w", "-M", "-C", "-C"};
    size_t k = 6, max = 0;
    if (n > BLAME_RANGES_MAX || !git_oid_ok(commit) || (without.n && !git_oid_ok(without)) ||
        !git_path_ok(path))
        return err_set(e, RC_INVALID, "that is no file or place of a history");
    for (size_t i = 0; i < n; i++) {
        args[k++] = arena_strf(a, "-L%u,+%u", ranges[i].from, ranges[i].n).p;
        max += ranges[i].n;
    }
    args[k++] = arena_strf(a, "%.*s", STR_ARG(commit)).p;
    if (without.n)
        args[k++] = arena_strf(a, "^%.*s", STR_ARG(without)).p;
    args[k++] = "--";
    args[k++] = arena_str(a, path).p;
    AUTO(buf) struct buf out = BUF_INIT(BLAME_OUT_MAX);
    *ret_lines = arena_array(a, max + 1, sizeof **ret_lines);
    *ret_n = 0;
    TRY(arena_ok(a, "the lines of a place", e));
    enum rc rc = git_run(git, args, STR_NONE, &out, e);
    if (rc == RC_INVALID)
        return err_set(e, RC_NOTFOUND, "the history of these lines cannot be read here");
    TRY(rc);
    take_lines(buf_str(&out), a, *ret_lines, ret_n, max);
    return arena_ok(a, "the lines of a place", e);
}

static struct str clean(struct str s, struct arena *a)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * SHOWN_MAX);
    utf8_clean_line(&b, str_sub(s, 0, SHOWN_MAX));
    return arena_str(a, buf_str(&b));
}

enum rc past_commit_read(struct objects *objects, struct str id, struct arena *a,
                         struct past_commit *ret, struct err *e)
{
    struct object o;
    struct str author, message, line = STR_NONE;
    TRY(objects_read(objects, id, BODY_MAX, &o, e));
    if (o.type != OBJECT_COMMIT || !object_header(o.body, "author", 0, &author))
        return err_set(e, RC_INVALID, "that is no commit");
    *ret = (struct past_commit){.author_us = object_date_s(author) * US_PER_S, .path = STR_NONE};
    memcpy(ret->id, o.oid, sizeof ret->id);
    size_t end = str_find(o.body, STR("\n\n")), name = str_find(author, STR(" <"));
    message = end == STR_NPOS ? STR_NONE : str_sub(o.body, end + 2, o.body.n);
    while (line.n == 0 && str_line(&message, &line))
        line = str_trim(line);
    ret->subject = clean(line, a);
    ret->author = clean(str_sub(author, 0, name == STR_NPOS ? 0 : name), a);
    return arena_ok(a, "the commits of a place", e);
}
