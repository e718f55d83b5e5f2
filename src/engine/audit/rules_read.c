/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what the tools for structural rules answer.  Runs in the engine child; the tools read
 * strangers' files, so their words are trusted no further: numbers are checked against the batch.
 */
#include "engine/audit/rules_inside.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define OBJECT_MAX (1u << 20)

void rules_file_name(size_t i, const char *ending, char ret[RULES_FILE_NAME_MAX])
{
    snprintf(ret, RULES_FILE_NAME_MAX, "%06u.%s", (unsigned)i, ending);
}

/* "d/000012.c" to 12; folders in front do not count. */
static bool file_number(struct str name, const struct rules_batch *b, size_t *ret_i)
{
    struct err e = ERR_INIT;
    uint64_t n;
    size_t slash = str_rchr(name, '/');
    if (slash != STR_NPOS)
        name = str_sub(name, slash + 1, name.n);
    if (name.n < 8 || name.p[6] != '.' || b->n == 0 ||
        num_parse(str_sub(name, 0, 6), 0, b->n - 1, "a file", &n, &e) != RC_OK)
        return false;
    *ret_i = (size_t)n;
    return true;
}

/* Lines line..end of file number i of the batch. */
static enum rc found_add(struct rules_found *f, const struct rules_batch *b, size_t i,
                         struct rule_hit h, struct err *e)
{
    if (h.line < 1 || h.line > h.end || h.end > b->lines[i])
        return err_set(e, RC_INVALID, "it names lines that the file does not have");
    if (f->n >= RULES_HITS_MAX) {
        f->cut = true;
        return RC_OK;
    }
    h.rule = f->rule;
    h.file = b->file[i];
    f->v[f->n++] = h;
    return RC_OK;
}

/* {"line": N} of {"start"/"end"}, from 0 there. */
static enum rc place_line(const json_t *range, const char *key, uint32_t *ret_line, struct err *e)
{
    int64_t n;
    const json_t *place = json_object_get(range, key);
    if (!json_is_object(place))
        return err_set(e, RC_INVALID, "a match without a place");
    TRY(json_get_int(place, "line", 0, UINT32_MAX - 1, &n, e));
    *ret_line = (uint32_t)n + 1;
    return RC_OK;
}

static enum rc read_object(struct str line, const struct rules_batch *b, struct rules_found *found,
                           struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct str name;
    struct rule_hit h = {0};
    size_t i;
    TRY(json_parse(line, OBJECT_MAX, "a match", &j, e));
    if (!json_is_object(j))
        return err_set(e, RC_INVALID, "a match that is no object");
    TRY(json_get_str(j, "file", 256, &name, e));
    if (!file_number(name, b, &i))
        return err_set(e, RC_INVALID, "it names a file that it was not given");
    const json_t *range = json_object_get(j, "range");
    TRY(place_line(range, "start", &h.line, e));
    TRY(place_line(range, "end", &h.end, e));
    return found_add(found, b, i, h, e);
}

enum rc rules_read_json(struct str out, const struct rules_batch *b, struct rules_found *found,
                        struct err *e)
{
    struct str rest = out, line;
    while (str_line(&rest, &line)) {
        if (line.n == 0)
            continue;
        /* One match with the text of a huge file in it: its place is not worth that. */
        if (line.n > OBJECT_MAX) {
            found->cut = true;
            continue;
        }
        TRY(read_object(line, b, found, e));
    }
    return RC_OK;
}

/* "-3" or "-3,2" at the begin of s, which is cut there. */
static bool range_read(struct str *s, char sign, uint64_t *ret_at, uint64_t *ret_n)
{
    struct err e = ERR_INIT;
    struct str part, at;
    if (s->n == 0 || s->p[0] != sign)
        return false;
    *s = str_sub(*s, 1, s->n);
    if (!str_cut(s, ' ', &part) || !str_cut(&part, ',', &at))
        return false;
    *ret_n = 1;
    return num_parse(at, 0, UINT32_MAX, "a line", ret_at, &e) == RC_OK &&
           (part.n == 0 || num_parse(part, 0, UINT32_MAX, "lines", ret_n, &e) == RC_OK);
}

/* "@@ -2,3 +2,0 @@ ...": with -U 0 exactly the lines in question. */
static enum rc read_hunk(struct str line, const struct rules_batch *b, size_t i,
                         struct rules_found *found, uint64_t *ret_skip, struct err *e)
{
    uint64_t at, n, to, m;
    struct str rest = str_sub(line, 3, line.n);
    if (!range_read(&rest, '-', &at, &n) || !range_read(&rest, '+', &to, &m))
        return err_set(e, RC_INVALID, "a diff that is none");
    *ret_skip = n + m;
    if (n == 0) { /* lines added behind this one, or before the first */
        at = at > 0 ? at : 1;
        n = 1;
    }
    if (at > UINT32_MAX || at + n - 1 > UINT32_MAX)
        return err_set(e, RC_INVALID, "it names lines that the file does not have");
    struct rule_hit h = {.line = (uint32_t)at, .end = (uint32_t)(at + n - 1)};
    return found_add(found, b, i, h, e);
}

enum rc rules_read_diff(struct str out, const struct rules_batch *b, struct rules_found *found,
                        struct err *e)
{
    struct str rest = out, line;
    bool named = false;
    size_t i = 0;
    uint64_t skip = 0;
    while (str_line(&rest, &line)) {
        if (skip > 0) {
            skip--; /* a line of the file, whatever it looks like */
            if (line.n == 0 || (line.p[0] != '-' && line.p[0] != '+' && line.p[0] != '\\'))
                return err_set(e, RC_INVALID, "a diff that is none");
            skip += line.p[0] == '\\'; /* "\ No newline at end of file" counts for nothing */
        } else if (str_starts(line, STR("--- "))) {
            if (!file_number(str_sub(line, 4, line.n), b, &i))
                return err_set(e, RC_INVALID, "it names a file that it was not given");
            named = true;
        } else if (str_starts(line, STR("@@ -"))) {
            if (!named)
                return err_set(e, RC_INVALID, "a diff that is none");
            TRY(read_hunk(line, b, i, found, &skip, e));
        }
    }
    return RC_OK;
}
