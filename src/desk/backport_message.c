/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message of a line's commit, and the commit as a mail with that message.
 * Runs in core; pure but for the settings.
 * Input: messages and patches of the engine, a stranger's; messages of the team.
 */
#include "desk/backport_inside.h"

/* What the engine says in the message for machines and for whoever reads the history. */
static bool is_trailer(struct str line)
{
    return str_starts(line, STR("(cherry picked from commit ")) ||
           str_starts(line, STR("(cherry-picked from commit ")) ||
           str_starts(line, STR("Backport-notes:"));
}

static void add_trailers(struct str message, struct buf *b)
{
    struct str line;
    bool first = true;
    while (str_line(&message, &line)) {
        if (!is_trailer(line))
            continue;
        buf_adds(b, first ? "\n" : "");
        buf_add(b, line);
        buf_addc(b, '\n');
        first = false;
    }
}

/* As it would stand without the scrubber; empty: only of a line without a message. */
static enum rc whole(const struct backport_row *row, const struct port_line *line, struct buf *b,
                     struct err *e)
{
    if (row->message.n == 0) {
        buf_add(b, line->message);
    } else {
        buf_add(b, str_trim(row->message));
        buf_addc(b, '\n');
        add_trailers(line->message, b);
    }
    return buf_ok(b, "the message", e);
}

enum rc backport_message_entire(struct arena *a, const struct backport_row *row,
                                const struct port_line *line, struct str *ret, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SCRUB_TEXT_MAX);
    TRY(whole(row, line, &b, e));
    *ret = arena_str(a, buf_str(&b));
    return arena_ok(a, "the message", e);
}

enum rc backport_message_of(struct desk *d, struct arena *a, const struct backport_row *row,
                            const struct port_line *line, struct scrubbed *ret, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SCRUB_TEXT_MAX);
    TRY(whole(row, line, &b, e));
    return scrub_message(a, buf_str(&b), d->set->desk.prefix, ret, e);
}

/* "From", "From:" and "Date:" of the head. */
static void add_head(struct str head, struct buf *b)
{
    struct str line;
    bool keep = false;
    while (str_line(&head, &line)) {
        bool goes_on = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        if (!goes_on)
            keep = str_starts(line, STR("From ")) || str_starts_nocase(line, STR("From:")) ||
                   str_starts_nocase(line, STR("Date:"));
        if (!keep)
            continue;
        buf_add(b, line);
        buf_addc(b, '\n');
    }
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* git takes the line "---" for the end of the message, and "diff -", "Index: " for a patch. */
static void add_body(struct str text, struct buf *b)
{
    struct str line;
    while (str_line(&text, &line)) {
        bool clash = str_starts(line, STR("---")) || str_starts(line, STR("diff -")) ||
                     str_starts(line, STR("Index: ")) || str_starts(line, STR("From "));
        buf_adds(b, clash ? " " : "");
        buf_add(b, line);
        buf_addc(b, '\n');
    }
}

enum rc backport_mail_with(struct str patch, struct str message, struct buf *ret, struct err *e)
{
    size_t head_end = str_find(patch, STR("\n\n"));
    size_t rest = str_find(patch, STR("\n---\n")), diff = str_find(patch, STR("\n\ndiff --git "));
    bool bare = diff < rest; /* git leaves the line out where no statistics follow */
    rest = bare ? diff + 1 : rest;
    if (head_end == STR_NPOS || rest == STR_NPOS || rest < head_end)
        return err_set(e, RC_INVALID, "what is kept of this line is no commit as a mail");
    struct str subject = STR_NONE;
    str_line(&message, &subject);
    add_head(str_sub(patch, 0, head_end + 1), ret);
    buf_adds(ret, "Subject: [PATCH] ");
    buf_add(ret, str_trim(subject));
    buf_addc(ret, '\n');
    buf_adds(ret, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
                  "Content-Transfer-Encoding: ");
    buf_adds(ret, is_plain(patch) && is_plain(message) ? "7bit\n\n" : "8bit\n\n");
    add_body(str_trim(message), ret);
    buf_adds(ret, bare ? "---\n" : "");
    buf_add(ret, str_sub(patch, rest + 1, patch.n));
    return buf_ok(ret, "a commit as a mail", e);
}
