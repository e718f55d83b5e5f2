/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question of an audit: from the form to JSON and back.
 * Runs in core.
 * Input: forms and commands of the team, hostile.
 */
#include "base/utf8.h"
#include "desk/affected_inside.h"
#include "desk/audit_inside.h"

#define REV_MAX   200 /* bytes of a revision, a pattern, a name */
#define PLACE_MAX 1024

/* ---- cuts ---- */

enum rc audit_cut_read(struct str text, int64_t *ret, struct err *e)
{
    static const char *const what = "the cut";
    uint64_t whole = 0, part = 0;
    size_t dot = str_chr(text, '.');
    struct str before = str_sub(text, 0, dot), after = STR_NONE;
    if (dot != STR_NPOS)
        after = str_sub(text, dot + 1, text.n);
    if (before.n == 0 && after.n == 0)
        return err_set(e, RC_INVALID, "the cut is a number such as 0.35");
    if (before.n)
        TRY(num_parse(before, 0, AUDIT_CUT_MAX / AUDIT_CUT_ONE, what, &whole, e));
    if (after.n > 18)
        return err_set(e, RC_INVALID, "the cut has too many digits");
    for (size_t i = 0; i < after.n; i++)
        if (!ascii_is_digit(after.p[i]))
            return err_set(e, RC_INVALID, "the cut is a number such as 0.35");
    for (size_t i = 0; i < 3; i++)
        part = part * 10 + (i < after.n ? (uint64_t)(after.p[i] - '0') : 0);
    if (whole * AUDIT_CUT_ONE + part > AUDIT_CUT_MAX)
        return err_set(e, RC_INVALID, "the cut is at most %d", AUDIT_CUT_MAX / AUDIT_CUT_ONE);
    *ret = (int64_t)(whole * AUDIT_CUT_ONE + part);
    return RC_OK;
}

void audit_cut_write(int64_t cut, char ret[AUDIT_CUT_TEXT])
{
    int n = snprintf(ret, AUDIT_CUT_TEXT, "%lld.%03lld", (long long)(cut / AUDIT_CUT_ONE),
                     (long long)(cut % AUDIT_CUT_ONE));
    while (n > 0 && ret[n - 1] == '0')
        ret[--n] = '\0';
    if (n > 0 && ret[n - 1] == '.')
        ret[--n] = '\0';
}

/* ---- fields ---- */

static enum rc checked(struct str text, const char *what, struct err *e)
{
    if (text.n > AUDIT_LINES_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "%s: not plain text, or too long", what);
    return RC_OK;
}

static bool is_break(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\n';
}

struct field {
    const char *key, *what; /* of the JSON; for people */
    size_t most;
};

/* What a word is, the engine says. */
static enum rc words(struct str text, const struct field *f, json_t *j, struct err *e)
{
    json_t *to = json_array();
    json_object_set_new(j, f->key, to);
    TRY(checked(text, f->what, e));
    for (size_t i = 0, from = 0; i <= text.n; i++) {
        if (i < text.n && !is_break(text.p[i]))
            continue;
        struct str word = str_sub(text, from, i - from);
        from = i + 1;
        if (word.n == 0)
            continue;
        if (word.n > REV_MAX || json_array_size(to) == f->most)
            return err_set(e, RC_LIMIT, "%s: too long, or too many", f->what);
        json_array_append_new(to, json_str(word));
    }
    return RC_OK;
}

/* "PATH:START-END" or "PATH:LINE". */
static enum rc region(struct str line, json_t **ret, struct err *e)
{
    size_t colon = str_rchr(line, ':');
    struct str path = str_sub(line, 0, colon), range = STR_NONE, from, to;
    uint64_t start = 0, end = 0;
    if (colon != STR_NPOS)
        range = str_sub(line, colon + 1, line.n);
    size_t dash = str_chr(range, '-');
    from = str_sub(range, 0, dash);
    to = dash == STR_NPOS ? from : str_sub(range, dash + 1, range.n);
    bool ok = path.n > 0 && path.n <= PLACE_MAX && colon != STR_NPOS &&
              num_parse(from, 1, INT32_MAX, "line", &start, NULL) == RC_OK &&
              num_parse(to, 1, INT32_MAX, "line", &end, NULL) == RC_OK && start <= end;
    if (!ok)
        return err_set(e, RC_INVALID, "a region is written PATH:START-END, its lines from 1");
    *ret = json_object();
    json_put_str(*ret, "path", path);
    json_put_int(*ret, "start", (int64_t)start);
    json_put_int(*ret, "end", (int64_t)end);
    return RC_OK;
}

/* The last " at " in front of a word. */
static struct str cut_at(struct str *line)
{
    static const struct str at = {" at ", 4};
    for (size_t i = line->n; i-- > 0;) {
        struct str rest = str_sub(*line, i, line->n);
        if (!str_starts(rest, at))
            continue;
        struct str rev = str_trim(str_sub(rest, at.n, rest.n));
        if (rev.n == 0 || str_chr(rev, ' ') != STR_NPOS)
            break;
        *line = str_trim(str_sub(*line, 0, i));
        return rev;
    }
    return STR_NONE;
}

static enum rc like(struct str text, json_t *j, struct err *e)
{
    json_t *to = json_array();
    struct str line;
    json_object_set_new(j, "like", to);
    TRY(checked(text, "the marked regions", e));
    while (str_line(&text, &line)) {
        AUTO(json) json_t *o = NULL;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        struct str at = cut_at(&line);
        if (at.n > REV_MAX || json_array_size(to) == AUDIT_PLACES)
            return err_set(e, RC_LIMIT, "the marked regions: too long, or too many");
        TRY(region(line, &o, e));
        json_put_str(o, "at", at.n ? at : STR("HEAD"));
        json_array_append(to, o);
    }
    return RC_OK;
}

/* Kept as they are written, once they were understood. */
static enum rc hunks(struct str text, json_t *j, struct err *e)
{
    json_t *to = json_array();
    struct str line;
    json_object_set_new(j, "hunk", to);
    TRY(checked(text, "the hunks", e));
    while (str_line(&text, &line)) {
        AUTO(json) json_t *o = NULL;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (json_array_size(to) == AUDIT_PLACES)
            return err_set(e, RC_LIMIT, "the hunks: too many");
        TRY(region(line, &o, e));
        json_array_append_new(to, json_str(line));
    }
    return RC_OK;
}

static bool is_known(const struct desk *d, struct str name)
{
    const struct str_list *l = &d->set->project.repositories;
    struct str have, dir;
    for (size_t i = 0; i < l->n; i++)
        if (settings_repository(l->v[i], &have, &dir) && str_eq(have, name))
            return true;
    return false;
}

static enum rc repositories(struct desk *d, struct str text, json_t *j, struct err *e)
{
    static const struct field f = {"repositories", "the repositories", AUDIT_PATTERNS};
    TRY(words(text, &f, j, e));
    const json_t *list = json_object_get(j, f.key);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!is_known(d, str_c(json_string_value(json_array_get(list, i)))))
            return err_set(e, RC_INVALID,
                           "the settings name no such repository: see [project] repositories");
    return RC_OK;
}

/* A line "# rule: NAME" begins a rule; what is in front of the first one has no name. */
static bool rule_begins(struct str line, struct str *ret_name)
{
    static const struct str mark = {"# rule:", 7};
    if (!str_starts(line, mark))
        return false;
    *ret_name = str_trim(str_sub(line, mark.n, line.n));
    return true;
}

static enum rc put_rule(json_t *to, struct str name, struct str text, struct err *e)
{
    char nth[32];
    if (str_trim(text).n == 0)
        return RC_OK;
    if (json_array_size(to) == AUDIT_RULES || name.n > REV_MAX / 2)
        return err_set(e, RC_LIMIT, "the rules: too many, or a name is too long");
    snprintf(nth, sizeof nth, "rule %zu", json_array_size(to) + 1);
    json_t *o = json_object();
    json_put_str(o, "name", name.n ? name : str_c(nth));
    json_put_str(o, "text", text);
    json_array_append_new(to, o);
    return RC_OK;
}

static enum rc rules(struct str text, json_t *j, struct err *e)
{
    AUTO(json) json_t *to = json_array();
    struct str rest = text, line, name = STR_NONE, own, next;
    const char *from = text.p;
    if (text.n > AUDIT_RULES_MAX || !utf8_is_clean(text))
        return err_set(e, RC_INVALID, "the rules: not plain text, or too long");
    while (str_line(&rest, &line)) {
        if (!rule_begins(line, &next))
            continue;
        own = str_of(from, (size_t)(line.p - from));
        TRY(put_rule(to, name, own, e));
        name = next;
        from = rest.n ? rest.p : text.p + text.n;
    }
    TRY(put_rule(to, name, str_of(from, (size_t)(text.p + text.n - from)), e));
    if (json_array_size(to))
        json_object_set(j, "rules", to);
    return RC_OK;
}

enum rc audit_fix_known(struct desk *d, struct arena *a, int64_t case_id, struct str *ret,
                        struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(AUDIT_LINES_MAX);
    struct affected_row r;
    *ret = STR_NONE;
    enum rc rc = affected_row_of(d, a, (struct affected_key){case_id, 0}, true, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(json_parse(r.question, AUDIT_QUESTION_MAX, "the question", &j, e));
    const json_t *fix = json_object_get(j, "fix");
    /* Of a group the first: the others are the same change on other branches. */
    for (size_t i = 0; i < json_array_size(fix); i++) {
        const json_t *v = json_array_get(fix, i);
        const json_t *one = json_is_array(v) ? json_array_get(v, 0) : v;
        if (json_is_string(one))
            buf_addf(&b, "%s%s", b.n ? "\n" : "", json_string_value(one));
    }
    *ret = b.over ? STR_NONE : arena_str(a, buf_str(&b));
    return RC_OK;
}

static bool empty(const json_t *j, const char *key)
{
    return json_array_size(json_object_get(j, key)) == 0;
}

static enum rc numbers(const struct audit_ask *q, json_t *j, struct err *e)
{
    uint64_t limit = AUDIT_LIMIT;
    int64_t cut;
    struct str l = str_trim(q->limit), c = str_trim(q->cut);
    if (l.n)
        TRY(num_parse(l, 1, FIND_HITS_MAX, "the limit", &limit, e));
    json_put_int(j, "limit", (int64_t)limit);
    if (c.n == 0)
        return RC_OK; /* the answer's dial says it */
    TRY(audit_cut_read(c, &cut, e));
    json_object_set_new(j, "cut", json_real((double)cut / AUDIT_CUT_ONE));
    return RC_OK;
}

enum rc audit_question_make(struct desk *d, struct arena *a, const struct audit_ask *q,
                            struct buf *ret, struct err *e)
{
    static const struct field fix = {"fix", "the commits of the fix", AUDIT_REVS},
                              branches = {"branches", "the branches", AUDIT_PATTERNS};
    AUTO(json) json_t *j = json_object();
    struct str known = q->fix;
    if (str_trim(q->fix).n == 0 && str_trim(q->like).n == 0)
        TRY(audit_fix_known(d, a, q->case_id, &known, e));
    TRY(words(known, &fix, j, e));
    TRY(like(q->like, j, e));
    TRY(hunks(q->hunks, j, e));
    TRY(words(q->branches, &branches, j, e));
    TRY(repositories(d, q->repositories, j, e));
    TRY(numbers(q, j, e));
    TRY(rules(q->rules, j, e));
    if (empty(j, "fix") && empty(j, "like"))
        return err_set(e, RC_INVALID,
                       "name the commits of the fix, or mark a region: PATH:START-END at REV");
    if (empty(j, "fix") && !empty(j, "hunk"))
        return err_set(e, RC_INVALID, "hunks are those of a fix: name its commits");
    TRY(json_write(ret, j, e));
    return buf_ok(ret, "the question", e);
}

/* ---- and back ---- */

static struct str joined(struct arena *a, const json_t *list, const char *between)
{
    AUTO(buf) struct buf b = BUF_INIT(AUDIT_QUESTION_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        buf_adds(&b, i ? between : "");
        if (json_is_string(v)) {
            buf_add(&b, str_of(json_string_value(v), json_string_length(v)));
            continue;
        }
        const json_t *path = json_object_get(v, "path"), *at = json_object_get(v, "at");
        const json_t *name = json_object_get(v, "name");
        if (name) {
            buf_adds(&b, json_string_value(name) ? json_string_value(name) : "");
            continue;
        }
        buf_addf(&b, "%s:%lld-%lld", json_string_value(path) ? json_string_value(path) : "",
                 (long long)json_integer_value(json_object_get(v, "start")),
                 (long long)json_integer_value(json_object_get(v, "end")));
        if (json_string_value(at))
            buf_addf(&b, " at %s", json_string_value(at));
    }
    return arena_str(a, buf_str(&b));
}

static struct str rules_text(struct arena *a, const json_t *list)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * AUDIT_RULES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(o, "name"));
        const char *text = json_string_value(json_object_get(o, "text"));
        buf_addf(&b, "# rule: %s\n%s", name ? name : "", text ? text : "");
        if (b.n && b.p[b.n - 1] != '\n')
            buf_addc(&b, '\n');
    }
    return arena_str(a, buf_str(&b));
}

enum rc audit_question_form(struct arena *a, struct str question, struct audit_ask *ret,
                            struct err *e)
{
    AUTO(json) json_t *j = NULL;
    char cut[AUDIT_CUT_TEXT];
    TRY(json_parse(question, AUDIT_QUESTION_MAX, "the question", &j, e));
    const json_t *c = json_object_get(j, "cut"), *l = json_object_get(j, "limit");
    ret->fix = joined(a, json_object_get(j, "fix"), "\n");
    ret->like = joined(a, json_object_get(j, "like"), "\n");
    ret->hunks = joined(a, json_object_get(j, "hunk"), "\n");
    ret->branches = joined(a, json_object_get(j, "branches"), " ");
    ret->repositories = joined(a, json_object_get(j, "repositories"), " ");
    ret->rules = rules_text(a, json_object_get(j, "rules"));
    ret->limit = ret->cut = STR_NONE;
    if (json_is_integer(l))
        ret->limit = arena_strf(a, "%lld", (long long)json_integer_value(l));
    if (json_is_number(c)) {
        audit_cut_write((int64_t)(json_number_value(c) * AUDIT_CUT_ONE + 0.5), cut);
        ret->cut = arena_str(a, str_c(cut));
    }
    return arena_ok(a, "the question", e);
}

struct str audit_question_words(struct arena *a, struct str question)
{
    static const struct {
        const char *key, *words;
    } parts[] = {{"fix", "fix"},           {"hunk", "only hunks"},           {"like", "like"},
                 {"branches", "branches"}, {"repositories", "repositories"}, {"rules", "rules"}};
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(AUDIT_QUESTION_MAX);
    if (json_parse(question, AUDIT_QUESTION_MAX, "the question", &j, NULL) != RC_OK)
        return STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const json_t *list = json_object_get(j, parts[i].key);
        if (json_array_size(list) == 0)
            continue;
        struct str text = joined(a, list, ", ");
        buf_addf(&b, "%s%s %.*s", b.n ? "; " : "", parts[i].words, STR_ARG(text));
    }
    return arena_str(a, buf_str(&b));
}
