/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ran in the sandbox read back.  Runs in core; the JSON is a child's, the names in it were
 * written by a stranger's program.
 */
#include "engine/backport/runs.h"

#include "base/utf8.h"
#include "engine/fields.h"

static enum rc line(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    TRY(field_text(o, key, max, ret, e));
    if (str_chr(*ret, '\n') != STR_NPOS)
        return err_set(e, RC_INVALID, "the answer's \"%s\" is several lines", key);
    return RC_OK;
}

static enum rc choice(const json_t *o, const char *key, const char *words, struct str *ret,
                      struct err *e)
{
    struct str rest = str_c(words), word;
    TRY(line(o, key, 64, ret, e));
    while (str_cut(&rest, ' ', &word))
        if (str_eq(word, *ret))
            return RC_OK;
    return err_set(e, RC_INVALID, "the answer's \"%s\" is none that is known", key);
}

static enum rc number(const json_t *o, const char *key, int64_t *ret, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = 0;
    return v && !json_is_null(v) ? json_get_int(o, key, 0, INT64_C(1) << 53, ret, e) : RC_OK;
}

static enum rc yes(const json_t *o, const char *key, bool *ret, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = false;
    return v && !json_is_null(v) ? json_get_bool(o, key, ret, e) : RC_OK;
}

static enum rc names(const json_t *o, const char *key, struct arena *a, struct runs_names *ret,
                     struct err *e)
{
    const json_t *v = json_object_get(o, key);
    json_t *l = NULL;
    struct runs_names t = {.n = 0};
    if (v && !json_is_null(v))
        TRY(json_get_array(v, "names", RUNS_NAMES_MAX, &l, e));
    t.v = arena_array(a, json_array_size(l) + 1, sizeof *t.v);
    TRY(arena_ok(a, "the answer", e));
    for (; t.n < json_array_size(l); t.n++) {
        const json_t *s = json_array_get(l, t.n);
        t.v[t.n] = str_of(json_string_value(s), json_string_length(s));
        if (!json_is_string(s) || t.v[t.n].n > RUNS_NAME_MAX || !utf8_is_clean(t.v[t.n]) ||
            str_chr(t.v[t.n], '\n') != STR_NPOS)
            return err_set(e, RC_INVALID, "the answer's \"%s\" is no list of names", key);
    }
    *ret = t;
    return RC_OK;
}

/* Kept as a file, never shown as it is; what is too long for it is left out. */
static enum rc add_log(const json_t *o, const char *title, struct buf *b, struct err *e)
{
    const json_t *v = json_object_get(o, "log");
    struct str log = str_of(json_string_value(v), json_string_length(v));
    if (v == NULL || json_is_null(v))
        return RC_OK;
    if (!json_is_string(v) || !utf8_valid(log) || str_chr(log, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "the answer's \"log\" is no text");
    if (b->n + log.n + RUNS_NAME_MAX > RUNS_LOG_MAX)
        return RC_OK;
    buf_addf(b, "== %s\n", title);
    buf_add(b, log);
    buf_adds(b, log.n && log.p[log.n - 1] != '\n' ? "\n" : "");
    return RC_OK;
}

static enum rc side(const json_t *j, const char *key, struct runs_side *s, struct err *e)
{
    const json_t *o = json_object_get(j, key);
    TRY(yes(o, "built", &s->built, e));
    TRY(number(o, "seen", &s->seen, e));
    TRY(number(o, "passed", &s->passed, e));
    TRY(number(o, "failed", &s->failed, e));
    TRY(number(o, "skipped", &s->skipped, e));
    return number(o, "ms", &s->ms, e);
}

static enum rc tests(const json_t *j, struct arena *a, struct runs_tests *ret, struct err *e)
{
    static const char *const runs[] = {"base", "candidate", "again", "with_own"};
    AUTO(buf) struct buf log = BUF_INIT(RUNS_LOG_MAX);
    struct runs_tests t = {.own = STR_NONE};
    TRY(choice(j, "tests", "pass fail untested", &t.result, e));
    TRY(line(j, "why", RUNS_WHY_MAX, &t.why, e));
    if (json_object_get(j, "own"))
        TRY(choice(j, "own", "none not-run proved not-shown unbuilt", &t.own, e));
    TRY(side(j, "base", &t.base, e));
    TRY(side(j, "candidate", &t.candidate, e));
    TRY(names(j, "new_failures", a, &t.fresh, e));
    TRY(names(j, "mended", a, &t.mended, e));
    TRY(names(j, "missing", a, &t.missing, e));
    TRY(names(j, "unsteady", a, &t.unsteady, e));
    for (size_t i = 0; i < ARRAY_LEN(runs); i++)
        TRY(add_log(json_object_get(j, runs[i]), runs[i], &log, e));
    t.log = arena_str(a, buf_str(&log));
    TRY(arena_ok(a, "the answer", e));
    if (str_eq(t.result, STR("pass")) && t.fresh.n)
        return err_set(e, RC_INVALID, "the answer passes what fails newly");
    *ret = t;
    return RC_OK;
}

static enum rc lacks(enum rc rc, struct err *e)
{
    return rc == RC_NOTFOUND
               ? err_set(e, RC_INVALID, "the answer lacks a part that has to be there")
               : rc;
}

enum rc runs_tests_read(const json_t *j, struct arena *a, struct runs_tests *ret, struct err *e)
{
    return lacks(tests(j, a, ret, e), e);
}

static enum rc cells(const json_t *j, const char *key, bool lines, struct runs_matrix *m,
                     struct buf *log, struct err *e)
{
    json_t *l;
    TRY(json_get_array(j, key, RUNS_ROWS_MAX / 2, &l, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *o = json_array_get(l, i);
        struct runs_row *r = &m->rows[m->n_rows++];
        *r = (struct runs_row){.line = lines};
        TRY(line(o, "name", RUNS_NAME_MAX, &r->name, e));
        TRY(line(o, "commit", 64, &r->commit, e));
        TRY(choice(o, "result", "crashes fine no-build timeout not-run", &r->result, e));
        TRY(line(o, "why", RUNS_WHY_MAX, &r->why, e));
        if (r->name.n == 0)
            return err_set(e, RC_INVALID, "the answer has a tree without a name");
        TRY(add_log(o, r->name.p, log, e));
    }
    return RC_OK;
}

static enum rc matrix(const json_t *j, struct arena *a, struct runs_matrix *ret, struct err *e)
{
    AUTO(buf) struct buf log = BUF_INIT(RUNS_LOG_MAX);
    struct runs_matrix m = {.n_rows = 0};
    m.rows = arena_array(a, RUNS_ROWS_MAX, sizeof *m.rows);
    TRY(arena_ok(a, "the answer", e));
    TRY(cells(j, "trees", true, &m, &log, e));
    TRY(cells(j, "tags", false, &m, &log, e));
    TRY(line(j, "first_bad", RUNS_NAME_MAX, &m.first_bad, e));
    TRY(line(j, "last_good", RUNS_NAME_MAX, &m.last_good, e));
    TRY(line(j, "why", RUNS_WHY_MAX, &m.why, e));
    m.log = arena_str(a, buf_str(&log));
    *ret = m;
    return arena_ok(a, "the answer", e);
}

enum rc runs_matrix_read(const json_t *j, struct arena *a, struct runs_matrix *ret, struct err *e)
{
    return lacks(matrix(j, a, ret, e), e);
}
