/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings for people and programs: `config show`, and the file that `init` writes.  Runs in
 * commands.
 */
#include <string.h>

#include "base/ini.h"
#include "desk/settings_private.h"

void settings_show(const struct settings *s, struct buf *b)
{
    const char *section = "";
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *row = &settings_table[i].row;
        if (strcmp(section, row->section) != 0) {
            buf_addf(b, "%s[%s]  # %s\n", i ? "\n" : "", row->section,
                     settings_section_help(row->section));
            section = row->section;
        }
        buf_addf(b, "%s = %.*s\n", row->key, STR_ARG(s->text_of[i]));
        if (s->line_of[i])
            buf_addf(b, "    # line %u; %s\n", s->line_of[i], row->help);
        else
            buf_addf(b, "    # default; %s\n", row->help);
    }
}

static json_t *json_of(const struct settings *s, size_t i)
{
    const struct setting_full *f = &settings_table[i];
    const void *member = (const char *)s + f->off;
    switch (f->row.type) {
    case SET_SIZE:
    case SET_INT:
        return json_integer(*(const int64_t *)member);
    case SET_SPAN:
        return *(const int64_t *)member ? json_integer(*(const int64_t *)member / 1000000)
                                        : json_null();
    case SET_BOOL:
        return json_boolean(*(const bool *)member);
    case SET_LIST:
    case SET_ADDRESSES:
    case SET_SOCKETS: {
        const struct str_list *l = member;
        json_t *a = json_array();
        for (size_t k = 0; k < l->n; k++)
            json_array_append_new(a, json_str(l->v[k]));
        return a;
    }
    default:
        return s->text_of[i].n ? json_str(s->text_of[i]) : json_null();
    }
}

json_t *settings_json(const struct settings *s)
{
    json_t *all = json_object(), *sections = json_object(), *section = NULL;
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *row = &settings_table[i].row;
        section = json_object_get(sections, row->section);
        if (section == NULL) {
            section = json_object();
            json_object_set_new(sections, row->section, section);
        }
        json_t *one = json_object();
        json_object_set_new(one, "value", json_of(s, i));
        json_object_set_new(one, "default", json_boolean(s->line_of[i] == 0));
        if (s->line_of[i])
            json_object_set_new(one, "line", json_integer(s->line_of[i]));
        json_object_set_new(section, row->key, one);
    }
    json_object_set_new(all, "file", json_str(s->file));
    json_object_set_new(all, "settings", sections);
    return all;
}

static const struct setting_value *value_for(const struct setting *row,
                                             const struct setting_value *set, size_t n)
{
    char name[2 * INI_NAME_MAX];
    snprintf(name, sizeof name, "%s.%s", row->section, row->key);
    for (size_t i = 0; i < n; i++)
        if (strcmp(set[i].name, name) == 0)
            return &set[i];
    return NULL;
}

static void write_comment(struct buf *b, struct str text)
{
    struct str line;
    while (str_line(&text, &line))
        buf_addf(b, "# %.*s\n", STR_ARG(line));
}

static void write_set(struct buf *b, const struct setting *row, const struct setting_value *v)
{
    AUTO(buf) struct buf bounds = BUF_INIT(200);
    settings_bounds(row, &bounds);
    buf_addf(b, "# %s", row->help);
    if (bounds.n > 0 && row->type != SET_LIST && row->type != SET_ADDRESSES &&
        row->type != SET_SOCKETS)
        buf_addf(b, " (%s)", buf_c(&bounds));
    buf_addc(b, '\n');
    if (v->note)
        write_comment(b, str_c(v->note));
    buf_addf(b, "%s = %.*s\n\n", row->key, STR_ARG(v->value));
}

/* The rows of one section, from *at on: first what is set, with its explanation, then the defaults,
 * a line each. */
static void write_section(struct buf *b, size_t *at, const struct setting_value *set, size_t n)
{
    const char *section = settings_table[*at].row.section;
    size_t first = *at, end = first, defaults = 0;
    while (end < settings_table_n && strcmp(settings_table[end].row.section, section) == 0)
        end++;
    buf_addf(b, "# ---- %s\n[%s]\n\n", settings_section_help(section), section);
    for (size_t i = first; i < end; i++) {
        const struct setting_value *v = value_for(&settings_table[i].row, set, n);
        if (v)
            write_set(b, &settings_table[i].row, v);
    }
    for (size_t i = first; i < end; i++) {
        const struct setting *row = &settings_table[i].row;
        if (value_for(row, set, n))
            continue;
        buf_addf(b, "#%s =%s%s\n", row->key, row->def[0] ? " " : "", row->def);
        defaults++;
    }
    if (defaults)
        buf_addc(b, '\n');
    *at = end;
}

/* A value that would be read back as something else must not be written. */
static enum rc value_ok(const struct setting_value *v, struct err *e)
{
    size_t dot = str_chr(str_c(v->name), '.');
    struct str name = str_c(v->name);
    if (dot == STR_NPOS ||
        settings_find(str_sub(name, 0, dot), str_sub(name, dot + 1, name.n)) == NULL)
        return err_set(e, RC_INVALID, "there is no setting \"%s\"", v->name);
    AUTO(buf) struct buf line = BUF_INIT(INI_LINE_MAX);
    buf_addf(&line, "[s]\nk = %.*s\n", STR_ARG(v->value));
    TRY(buf_ok(&line, v->name, e));
    struct ini i;
    struct ini_entry en;
    ini_init(&i, buf_str(&line));
    if (ini_next(&i, &en, e) != RC_OK || !str_eq(en.value, v->value) || i.rest.n > 0)
        return err_set(e, RC_INVALID, "%s: the value cannot be written into a line", v->name);
    return RC_OK;
}

enum rc settings_write(struct buf *b, const struct setting_value *set, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        TRY(value_ok(&set[i], e));
    for (size_t at = 0; at < settings_table_n;)
        write_section(b, &at, set, n);
    return buf_ok(b, "the configuration", e);
}
