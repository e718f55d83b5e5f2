/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that a team may change: loading, checking, filling in.
 * Runs in core and in `config check`.
 * Input: files of the team (checked when loaded); values are clean text of our own making.
 */
#include "desk/texts.h"

#include <fcntl.h>

#include "base/utf8.h"
#include "desk/texts_built_in.h"
#include "os/file.h"

#define FIELDS_MAX     12
#define FIELD_NAME_MAX 32

static const struct {
    const char *name;
    const char *fields[FIELDS_MAX + 1];
} known[TEXT_COUNT] = {
    [TEXT_ACKNOWLEDGEMENT] = {"acknowledgement",
                              {"desk", "number", "received", "encrypted", "promises", "team_times",
                               "policy_url", "way_back", "way_back_until", "receipt", "contact"}},
    [TEXT_REPLY] = {"reply", {"desk", "number", "text", "name", "contact"}},
    [TEXT_WAY_BACK] = {"way-back", {"desk", "number", "way_back", "way_back_until", "contact"}},
    [TEXT_SIGNIN] = {"sign-in", {"desk", "name", "link", "until"}},
    [TEXT_THIRD_TOLD] = {"third-party-told",
                         {"desk", "number", "component", "maintainer", "email", "url", "source",
                          "source_date", "ask", "contact"}},
    [TEXT_THIRD_FORWARD] = {"third-party-forward",
                            {"desk", "number", "component", "maintainer", "reporter",
                             "reporter_email", "attached", "note", "report", "contact"}},
    [TEXT_THIRD_FORWARDED] = {"third-party-forwarded",
                              {"desk", "number", "component", "maintainer", "named", "contact"}},
    [TEXT_NOTICE] = {"notice", {"desk", "name", "what", "number", "yours", "link", "account"}},
    [TEXT_ANNOUNCEMENT] = {"announcement",
                           {"desk", "number", "text", "url", "feed", "osv", "change", "withdrawn",
                            "reporter", "contact"}},
    [TEXT_CREDIT] = {"credit", {"desk", "number", "way_back", "way_back_until", "contact"}},
    [TEXT_PROPOSAL_RECEIVED] = {"proposal-received", {"desk", "id", "policy_url", "contact"}},
    [TEXT_PROPOSAL_MERGED] = {"proposal-merged", {"desk", "id", "policy_url", "contact"}},
    [TEXT_PROPOSAL_REJECTED] = {"proposal-rejected", {"desk", "id", "text", "contact"}},
    [TEXT_PROPOSAL_ANSWER] = {"proposal-answer", {"desk", "id", "text", "contact"}},
};

struct texts {
    char *text[TEXT_COUNT];
};

const char *text_name(enum text_id id)
{
    return id < TEXT_COUNT ? known[id].name : "?";
}

void text_fields(enum text_id id, struct buf *b)
{
    buf_addf(b, "%s knows", known[id].name);
    for (int i = 0; known[id].fields[i]; i++)
        buf_addf(b, " {{%s}}", known[id].fields[i]);
}

static int field_index(enum text_id id, struct str name)
{
    for (int i = 0; known[id].fields[i]; i++)
        if (str_eq(name, str_c(known[id].fields[i])))
            return i;
    return -1;
}

enum line_kind { LINE_TEXT, LINE_COMMENT, LINE_OPEN, LINE_CLOSE };

/* What a whole line says; *ret_field is set for open and close. */
static enum line_kind line_kind(struct str line, struct str *ret_field)
{
    struct str s = str_trim(line);
    if (str_starts(line, STR("{{#")))
        return LINE_COMMENT;
    if (s.n < 6 || !str_starts(s, STR("{{")) || !str_ends(s, STR("}}")))
        return LINE_TEXT;
    *ret_field = str_sub(s, 3, s.n - 5);
    if (s.p[2] == '?')
        return LINE_OPEN;
    return s.p[2] == '/' ? LINE_CLOSE : LINE_TEXT;
}

/* Cuts the next "{{field}}" off *rest: the text before it goes to *ret_before. False: none left. */
static bool next_field(struct str *rest, struct str *ret_before, struct str *ret_field)
{
    size_t at = str_find(*rest, STR("{{"));
    if (at == STR_NPOS)
        return false;
    *ret_before = str_sub(*rest, 0, at);
    struct str after = str_sub(*rest, at + 2, rest->n);
    size_t end = str_find(after, STR("}}"));
    if (end == STR_NPOS)
        return false;
    *ret_field = str_sub(after, 0, end);
    *rest = str_sub(after, end + 2, after.n);
    return true;
}

static enum rc unknown_field(enum text_id id, struct str field, unsigned line, struct err *e)
{
    AUTO(buf) struct buf list = BUF_INIT(ERR_MSG_MAX);
    text_fields(id, &list);
    struct str shown =
        utf8_valid(field) && utf8_is_clean(field) ? utf8_clip(field, FIELD_NAME_MAX) : STR("?");
    return err_set(e, RC_INVALID, "%s.txt line %u: unknown field {{%.*s}}; %s", known[id].name,
                   line, STR_ARG(shown), buf_c(&list));
}

static enum rc line_check(enum text_id id, struct str line, unsigned nth, struct err *e)
{
    struct str before, field;
    while (next_field(&line, &before, &field))
        if (field_index(id, field) < 0)
            return unknown_field(id, field, nth, e);
    if (str_find(line, STR("{{")) != STR_NPOS)
        return err_set(e, RC_INVALID, "%s.txt line %u: \"{{\" without \"}}\"", known[id].name, nth);
    return RC_OK;
}

enum rc text_check(enum text_id id, struct str text, struct err *e)
{
    if (text.n > TEXT_FILE_MAX)
        return err_set(e, RC_LIMIT, "%s.txt is larger than %d bytes", known[id].name,
                       TEXT_FILE_MAX);
    if (str_trim(text).n == 0)
        return err_set(e, RC_INVALID, "%s.txt is empty", known[id].name);
    if (!utf8_valid(text) || str_chr(text, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "%s.txt is not UTF-8 text", known[id].name);
    struct str rest = text, line, field = STR_NONE, open = STR_NONE;
    unsigned nth = 0, open_at = 0;
    while (str_line(&rest, &line)) {
        nth++;
        switch (line_kind(line, &field)) {
        case LINE_COMMENT:
            break;
        case LINE_OPEN:
            if (open_at)
                return err_set(e, RC_INVALID, "%s.txt line %u: block inside the block of line %u",
                               known[id].name, nth, open_at);
            if (field_index(id, field) < 0)
                return unknown_field(id, field, nth, e);
            open = field;
            open_at = nth;
            break;
        case LINE_CLOSE:
            if (!open_at || !str_eq(open, field))
                return err_set(e, RC_INVALID, "%s.txt line %u: end of a block that is not open",
                               known[id].name, nth);
            open_at = 0;
            break;
        case LINE_TEXT:
            TRY(line_check(id, line, nth, e));
            break;
        }
    }
    if (open_at)
        return err_set(e, RC_INVALID, "%s.txt line %u: the block is never closed", known[id].name,
                       open_at);
    return RC_OK;
}

static const char *built_in(const char *name)
{
    for (int i = 0; i < built_in_texts_count; i++)
        if (str_eq(str_c(name), str_c(built_in_texts[i].name)))
            return built_in_texts[i].text;
    return NULL;
}

static enum rc load_one(struct str dir, enum text_id id, char **ret_text, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_FILE_MAX + 1);
    bool found = false;
    if (dir.n > 0) {
        AUTO(buf) struct buf path = BUF_INIT(FILE_PATH_MAX);
        buf_addf(&path, "%.*s/%s.txt", STR_ARG(dir), known[id].name);
        TRY(buf_ok(&path, "path of a text", e));
        struct err mine = ERR_INIT;
        enum rc rc = file_read(AT_FDCWD, buf_c(&path), TEXT_FILE_MAX, &b, &mine);
        if (rc != RC_OK && rc != RC_NOTFOUND) {
            if (e)
                *e = mine;
            return rc;
        }
        found = rc == RC_OK;
    }
    if (!found) {
        const char *text = built_in(known[id].name);
        if (!text)
            return err_set(e, RC_INTERNAL, "no built-in text %s", known[id].name);
        buf_adds(&b, text);
    }
    TRY(text_check(id, buf_str(&b), e));
    size_t n;
    *ret_text = buf_take(&b, &n);
    return RC_OK;
}

enum rc texts_load(struct str dir, struct texts **ret_t, struct err *e)
{
    if (dir.n > 0) {
        AUTO(fd) int fd = -1;
        AUTO(mem) char *path = str_dup(dir);
        enum rc rc = dir_open(AT_FDCWD, path, &fd, e);
        if (rc != RC_OK)
            return err_prefix(e, "folder of the texts (desk.templates): ");
    }
    AUTO(texts) struct texts *t = mem_zalloc(sizeof(*t));
    for (int i = 0; i < TEXT_COUNT; i++)
        TRY(load_one(dir, (enum text_id)i, &t->text[i], e));
    *ret_t = TAKE(t);
    return RC_OK;
}

void texts_free(struct texts *t)
{
    if (!t)
        return;
    for (int i = 0; i < TEXT_COUNT; i++)
        free(t->text[i]);
    free(t);
}

void texts_auto(struct texts **t)
{
    texts_free(*t);
}

static struct str value_of(struct str field, const struct text_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(field, str_c(v[i].field)))
            return v[i].value;
    return STR_NONE;
}

/* One empty line at most, none at the start. */
static void add_line(struct buf *b, struct str line)
{
    if (line.n == 0 && (b->n == 0 || str_ends(buf_str(b), STR("\n\n"))))
        return;
    buf_add(b, line);
    buf_addc(b, '\n');
}

static void render_line(struct str line, const struct text_value *v, size_t n, struct buf *out)
{
    AUTO(buf) struct buf full = BUF_INIT(TEXT_RENDER_MAX);
    struct str before, field;
    while (next_field(&line, &before, &field)) {
        buf_add(&full, before);
        buf_add(&full, value_of(field, v, n));
    }
    buf_add(&full, line);
    if (full.over) {
        out->over = true;
        return;
    }
    /* What a person wrote stays as it is, empty lines included. */
    if (str_chr(buf_str(&full), '\n') == STR_NPOS) {
        add_line(out, buf_str(&full));
        return;
    }
    buf_add(out, buf_str(&full));
    if (!str_ends(buf_str(&full), STR("\n")))
        buf_addc(out, '\n');
}

enum rc texts_render(const struct texts *t, enum text_id id, const struct text_value *v, size_t n,
                     struct buf *b, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(TEXT_RENDER_MAX);
    struct str rest = str_c(t->text[id]), line, field = STR_NONE;
    bool hidden = false;
    while (str_line(&rest, &line)) {
        switch (line_kind(line, &field)) {
        case LINE_COMMENT:
            break;
        case LINE_OPEN:
            hidden = value_of(field, v, n).n == 0;
            break;
        case LINE_CLOSE:
            hidden = false;
            break;
        case LINE_TEXT:
            if (!hidden)
                render_line(line, v, n, &out);
            break;
        }
    }
    TRY(buf_ok(&out, "text of a mail", e));
    buf_add(b, buf_str(&out));
    return buf_ok(b, "text of a mail", e);
}
