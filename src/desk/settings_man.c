/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps man/vulndesk.conf.5 true to the table of settings.  A tool of the build, run by hand and as
 * a test:
 *     settings_man PAGE           rewrites the part between the two marks
 *     settings_man --check PAGE   exit 1 when that part is not what the table says
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "desk/settings.h"
#include "os/file.h"

#define MARK_BEGIN ".\\\" Settings: written by settings_man from the table, do not edit.\n"
#define MARK_END   ".\\\" End of settings.\n"
#define PAGE_MAX   (256 * 1024)

/* Text for mdoc: a line may not begin with a control character, a backslash is written out. */
static void add_text(struct buf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            buf_adds(b, "\\e");
        else
            buf_addc(b, *p);
    }
}

/* mdoc wants each sentence on a line of its own. */
static void add_sentences(struct buf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        bool ends = p[0] == '.' && p[1] == ' ';
        buf_addc(b, *p);
        if (ends)
            buf_addc(b, '\n');
        p += ends;
    }
}

static void add_row(struct buf *b, const struct setting *row)
{
    AUTO(buf) struct buf bounds = BUF_INIT(200);
    settings_bounds(row, &bounds);
    buf_addf(b, ".It Va %s No ( %s )\n", row->key, settings_type_name(row->type));
    buf_addc(b,
             row->help[0] >= 'a' && row->help[0] <= 'z' ? (char)(row->help[0] - 32) : row->help[0]);
    add_text(b, row->help + 1);
    buf_adds(b, ".\n");
    if (bounds.n > 0)
        buf_addf(b, "Bounds: %s.\n", buf_c(&bounds));
    if (row->required)
        buf_adds(b, "It must be set.\n");
    else if (row->def[0] == '\0')
        buf_adds(b, "Default: empty.\n");
    else {
        buf_adds(b, "Default:\n.Dl ");
        add_text(b, row->def);
        buf_addc(b, '\n');
    }
}

static void add_settings(struct buf *b)
{
    const char *section = "";
    for (size_t i = 0; i < settings_count(); i++) {
        const struct setting *row = settings_row(i);
        if (strcmp(section, row->section) != 0) {
            if (section[0])
                buf_adds(b, ".El\n");
            section = row->section;
            buf_addf(b, ".Ss [%s]\n", section);
            add_sentences(b, settings_section_help(section));
            buf_adds(b, "\n.Bl -tag -width Ds\n");
        }
        add_row(b, row);
    }
    buf_adds(b, ".El\n");
}

static enum rc split(struct str page, struct str *ret_head, struct str *ret_body,
                     struct str *ret_tail, struct err *e)
{
    size_t from = str_find(page, STR(MARK_BEGIN)), to = str_find(page, STR(MARK_END));
    if (from == STR_NPOS || to == STR_NPOS || to < from)
        return err_set(e, RC_INVALID, "the page does not hold the two marks of this tool");
    from += sizeof MARK_BEGIN - 1;
    *ret_head = str_sub(page, 0, from);
    *ret_body = str_sub(page, from, to - from);
    *ret_tail = str_sub(page, to, page.n);
    return RC_OK;
}

static enum rc run(const char *path, bool check, struct err *e)
{
    AUTO(buf) struct buf page = BUF_INIT(PAGE_MAX);
    AUTO(buf) struct buf fresh = BUF_INIT(PAGE_MAX);
    AUTO(buf) struct buf out = BUF_INIT(PAGE_MAX);
    struct str head, body, tail;
    TRY(file_read(AT_FDCWD, path, PAGE_MAX, &page, e));
    TRY(split(buf_str(&page), &head, &body, &tail, e));
    add_settings(&fresh);
    TRY(buf_ok(&fresh, "the settings", e));
    if (str_eq(body, buf_str(&fresh)))
        return RC_OK;
    if (check)
        return err_set(e, RC_CONFLICT,
                       "%s does not say what the table of settings says; run settings_man on it",
                       path);
    buf_add(&out, head);
    buf_add(&out, buf_str(&fresh));
    buf_add(&out, tail);
    TRY(buf_ok(&out, "the page", e));
    return file_write_sync(AT_FDCWD, path, buf_str(&out), 0644, e);
}

int main(int argc, char **argv)
{
    bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
    struct err e = ERR_INIT;
    if (argc != 2 && !check) {
        fprintf(stderr, "usage: settings_man [--check] PAGE\n");
        return 64;
    }
    if (run(argv[argc - 1], check, &e) == RC_OK)
        return 0;
    fprintf(stderr, "settings_man: %s\n", e.msg);
    return 1;
}
