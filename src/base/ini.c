/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of INI text, one line at a time.  Runs where configuration is read (supervisor, commands);
 * the text is the administrator's own, but may be anything by mistake.
 */
#include "base/ini.h"

#include "base/utf8.h"

void ini_init(struct ini *i, struct str text)
{
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.n);
    *i = (struct ini){.rest = text, .section = STR_NONE, .line = 0};
}

static bool name_ok(struct str s, bool section)
{
    if (s.n == 0 || s.n > INI_NAME_MAX)
        return false;
    for (size_t k = 0; k < s.n; k++) {
        char c = s.p[k];
        if (ascii_is_alnum(c) || c == '_' || c == '-')
            continue;
        bool also = section && (c == '.' || c == '/' || c == ':' || c == '+' ||
                                (c == ' ' && s.p[k - 1] != ' '));
        if (!also)
            return false;
    }
    return true;
}

static enum rc line_ok(struct str line, struct err *e)
{
    if (line.n > INI_LINE_MAX)
        return err_set(e, RC_INVALID, "the line is longer than %d bytes", INI_LINE_MAX);
    if (!utf8_valid(line))
        return err_set(e, RC_INVALID, "the line is not UTF-8");
    if (!utf8_is_clean(line))
        return err_set(e, RC_INVALID, "the line holds a control character");
    return RC_OK;
}

static enum rc read_section(struct ini *i, struct str line, struct err *e)
{
    /* Whatever follows belongs to no section until one is named rightly. */
    i->section = STR_NONE;
    if (line.p[line.n - 1] != ']')
        return err_set(e, RC_INVALID, "a section is written [name], alone on its line");
    struct str name = str_trim(str_sub(line, 1, line.n - 2));
    if (!name_ok(name, true))
        return err_set(e, RC_INVALID,
                       "a section's name holds letters, digits and . _ - / : + only");
    i->section = name;
    return RC_OK;
}

static enum rc read_key(struct ini *i, struct str line, struct ini_entry *ret_entry, struct err *e)
{
    size_t eq = str_chr(line, '=');
    if (eq == STR_NPOS)
        return err_set(e, RC_INVALID, "neither [section] nor \"key = value\" nor a # comment");
    struct str key = str_trim(str_sub(line, 0, eq));
    if (!name_ok(key, false))
        return err_set(e, RC_INVALID, "a key holds letters, digits, _ and - only");
    if (i->section.n == 0)
        return err_set(e, RC_INVALID, "\"%.*s\" stands before any [section]", STR_ARG(key));
    *ret_entry = (struct ini_entry){.section = i->section,
                                    .key = key,
                                    .value = str_trim(str_sub(line, eq + 1, line.n)),
                                    .line = i->line};
    return RC_OK;
}

enum rc ini_next(struct ini *i, struct ini_entry *ret_entry, struct err *e)
{
    struct str line;
    while (str_line(&i->rest, &line)) {
        i->line++;
        TRY(line_ok(line, e));
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            TRY(read_section(i, line, e));
            continue;
        }
        return read_key(i, line, ret_entry, e);
    }
    return RC_NOTFOUND;
}
