/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a mailed patch from a mail about one.  Runs in the parse child; its input is hostile.
 */
#include "mime/parse_patch.h"

#include "base/utf8.h"

/* "From 0123...cdef Mon Sep 17 00:00:00 2001": how format-patch begins. */
static bool is_from_line(struct str s)
{
    if (!str_starts(s, STR("From ")) || s.n < 46)
        return false;
    for (size_t i = 5; i < 45; i++)
        if (!ascii_is_digit(s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'f'))
            return false;
    return s.p[45] == ' ';
}

/* "[PATCH v2 1/3] ..." */
static bool is_patch_subject(struct str s)
{
    size_t end = str_chr(s, ']');
    return str_starts(s, STR("[")) && end != STR_NPOS &&
           str_find(str_sub(s, 0, end), STR("PATCH")) != STR_NPOS;
}

/* Cuts the headers that format-patch writes off a text; *ret_subject is the one line of Subject. */
static struct str without_headers(struct str s, struct buf *ret_subject)
{
    struct str rest = s, line;
    bool subject = false;
    if (!is_from_line(s))
        return s;
    (void)str_line(&rest, &line);
    while (str_line(&rest, &line) && line.n > 0) {
        bool more = line.p[0] == ' ' || line.p[0] == '\t';
        if (str_starts(line, STR("Subject: "))) {
            buf_add(ret_subject, str_sub(line, 9, line.n));
            subject = true;
        } else if (more && subject) {
            buf_add(ret_subject, line);
        } else {
            subject = false;
        }
    }
    return rest;
}

static bool has_end_of_message(struct str before)
{
    return str_starts(before, STR("---\n")) || str_find(before, STR("\n---\n")) != STR_NPOS;
}

/* A message in MIME words is not decoded here: then the mail's subject counts. */
static struct str plain_subject(struct arena *a, const struct buf *b)
{
    AUTO(buf) struct buf clean = BUF_INIT(4 * MAIL_SUBJECT_MAX);
    if (str_find(buf_str(b), STR("=?")) != STR_NPOS)
        return STR_NONE;
    utf8_clean_line(&clean, buf_str(b));
    return arena_str(a, utf8_clip(str_trim(buf_str(&clean)), MAIL_SUBJECT_MAX));
}

void parse_patch(struct arena *a, struct str attached, struct mail *m)
{
    AUTO(buf) struct buf subject = BUF_INIT(4 * MAIL_SUBJECT_MAX);
    AUTO(buf) struct buf file = BUF_INIT(4 * MAIL_PATCH_PATH_MAX);
    AUTO(buf) struct buf notes = BUF_INIT(MAIL_TEXT_MAX);
    struct err ignored = ERR_INIT;
    struct patch p;
    bool is_attached = attached.n > 0;
    struct str text = is_attached ? attached : m->text;
    if (!is_attached && (m->text_source != MAIL_TEXT_PLAIN || m->truncated))
        return;
    if (patch_read(text, &p, &ignored) != RC_OK || p.refused || p.n_files != 1 || p.behind.n > 0 ||
        p.hunks.n == 0)
        return;
    bool formal =
        is_from_line(text) || is_patch_subject(m->subject) || has_end_of_message(p.before);
    if (!formal)
        return;
    utf8_clean_line(&file, p.files[0]);
    if (!str_eq(buf_str(&file), p.files[0]) || file.n > MAIL_PATCH_PATH_MAX)
        return;
    m->patch = (struct mail_patch){
        .found = true,
        .attached = is_attached,
        .file = arena_str(a, buf_str(&file)),
        .diff = arena_str(a, p.diff),
        .message = arena_str(a, str_trim(without_headers(patch_message(&p), &subject))),
        .subject = plain_subject(a, &subject),
    };
    patch_notes(&p, &notes);
    if (str_trim(buf_str(&notes)).n > 0) /* no part of the commit, but to be read by who decides */
        m->patch.message = utf8_clip(arena_strf(a, "%.*s\n---\n%.*s", STR_ARG(m->patch.message),
                                                STR_ARG(str_trim(buf_str(&notes)))),
                                     MAIL_TEXT_MAX);
    if (is_attached && str_trim(m->text).n > 0) /* what the mail says about its attachment */
        m->patch.message = utf8_clip(
            arena_strf(a, "%.*s\n\n%.*s", STR_ARG(m->patch.message), STR_ARG(str_trim(m->text))),
            MAIL_TEXT_MAX);
}
