/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers as text.  Runs in the command's process; texts come from strangers and are cleaned of
 * controls, so that a mail cannot speak to the terminal.
 */
#include "cli/show.h"

#include "base/utf8.h"
#include "base/when.h"

#define SHOW_DEPTH_MAX 6
#define LIST_COLUMNS   8

static void indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_adds(out, "  ");
}

static bool is_time(const char *key)
{
    return str_ends(str_c(key), STR("_us"));
}

static void scalar(const char *key, const json_t *v, struct buf *out)
{
    if (json_is_string(v))
        utf8_clean_line(out, str_of(json_string_value(v), json_string_length(v)));
    else if (json_is_integer(v) && is_time(key) && json_integer_value(v) > 0)
        when_human(out, json_integer_value(v));
    else if (json_is_integer(v))
        buf_addf(out, "%lld", (long long)json_integer_value(v));
    else if (json_is_boolean(v))
        buf_adds(out, json_is_true(v) ? "yes" : "no");
    else
        buf_adds(out, "-");
}

static bool empty(const json_t *v)
{
    return json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0) ||
           (json_is_object(v) && json_object_size(v) == 0);
}

static void name_of(const char *key, struct buf *out)
{
    struct str s = str_c(key);
    if (is_time(key))
        s.n -= 3;
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, s.p[i] == '_' ? ' ' : s.p[i]);
}

/* A text of several lines stands below its name. */
static void long_text(const json_t *v, int depth, struct buf *out)
{
    struct str rest = str_of(json_string_value(v), json_string_length(v)), line;
    while (str_line(&rest, &line)) {
        indent(out, depth);
        utf8_clean(out, line);
        buf_addc(out, '\n');
    }
}

static void show_value(const char *key, const json_t *v, int depth, struct buf *out);

static void show_object(const json_t *obj, int depth, struct buf *out)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)obj, key, v) if (!empty(v)) show_value(key, v, depth, out);
}

static void show_value(const char *key, const json_t *v, int depth, struct buf *out)
{
    indent(out, depth);
    name_of(key, out);
    if (depth >= SHOW_DEPTH_MAX) {
        buf_adds(out, " ...\n");
    } else if (json_is_array(v)) {
        buf_addf(out, " (%zu)\n", json_array_size(v));
        for (size_t i = 0; i < json_array_size(v); i++) {
            const json_t *item = json_array_get(v, i);
            if (json_is_object(item)) {
                indent(out, depth + 1);
                buf_adds(out, "-\n");
                show_object(item, depth + 2, out);
            } else {
                indent(out, depth + 1);
                scalar(key, item, out);
                buf_addc(out, '\n');
            }
        }
    } else if (json_is_object(v)) {
        buf_addc(out, '\n');
        show_object(v, depth + 1, out);
    } else if (json_is_string(v) && str_chr(str_c(json_string_value(v)), '\n') != STR_NPOS) {
        buf_addc(out, '\n');
        long_text(v, depth + 1, out);
    } else {
        buf_adds(out, ": ");
        scalar(key, v, out);
        buf_addc(out, '\n');
    }
}

/* The columns of the lists that people look at most. */
static const struct {
    const char *verb, *list, *columns[LIST_COLUMNS];
} lists[] = {
    {"case.list", "cases", {"number", "phase", "handler", "opened", "title"}},
    {"case.search", "cases", {"number", "title"}},
    {"advisory.list", "advisories", {"number", "state", "case", "title"}},
    {"quarantine.list", "messages", {"id", "state", "received", "from", "subject", "hold_reason"}},
    {"policy.list", "proposals", {"proposal", "state", "applies", "at", "author", "subject"}},
    {"user.list", "users", {"login", "name", "email", "role", "weight"}},
};

static bool show_list(const char *verb, const json_t *answer, struct buf *out)
{
    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        const json_t *rows = json_object_get(answer, lists[k].list);
        if (strcmp(verb, lists[k].verb) != 0 || !json_is_array(rows))
            continue;
        for (size_t i = 0; i < json_array_size(rows); i++) {
            for (size_t c = 0; c < LIST_COLUMNS && lists[k].columns[c]; c++) {
                const char *key = lists[k].columns[c];
                if (c > 0)
                    buf_adds(out, "  ");
                scalar(key, json_object_get(json_array_get(rows, i), key), out);
            }
            buf_addc(out, '\n');
        }
        if (json_array_size(rows) == 0)
            buf_adds(out, "none\n");
        return true;
    }
    return false;
}

void show_answer(const char *verb, const json_t *answer, struct buf *out)
{
    if (json_is_true(json_object_get(answer, "ok")) && json_object_size(answer) == 1)
        buf_adds(out, "done\n");
    else if (strcmp(verb, "policy.export") == 0) /* for git am, as it is */
        long_text(json_object_get(answer, "patches"), 0, out);
    else if (json_object_get(answer, "csv")) /* for a file, as it is */
        utf8_clean(out, str_of(json_string_value(json_object_get(answer, "csv")),
                               json_string_length(json_object_get(answer, "csv"))));
    else if (!show_list(verb, answer, out))
        show_object(answer, 0, out);
}
