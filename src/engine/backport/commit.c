/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit of a candidate.  Runs in the engine child; the original is a stranger's: what of it
 * could end a header line does not get into ours.
 */
#include "engine/backport/commit.h"

#include <string.h>

#include "base/utf8.h"
#include "base/when.h"

#define NOTE_KEY  "Backport-notes: "
#define LINES_MAX 100000 /* of a message that are looked at */

/* ---- People ---- */

static void add_clean(struct buf *b, struct str s)
{
    size_t before = b->n;
    s = str_trim(str_sub(s, 0, GIT_PERSON_MAX));
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '<' && s.p[i] != '>' && (unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f)
            buf_addc(b, s.p[i]);
    if (b->n == before)
        buf_adds(b, "unknown");
}

static bool is_zone(struct str s)
{
    bool ok = s.n == 5 && (s.p[0] == '+' || s.p[0] == '-');
    for (size_t i = 1; ok && i < s.n; i++)
        ok = ascii_is_digit(s.p[i]);
    return ok;
}

/* "NAME <EMAIL> SECONDS ZONE" of the original, made anew so that nothing else is in it. */
static void add_author(struct buf *b, struct str line)
{
    size_t open = str_chr(line, '<'), close = str_rchr(line, '>');
    struct str name = str_sub(line, 0, open == STR_NPOS ? line.n : open), email = STR_NONE;
    struct str zone = STR("+0000"), rest = STR_NONE;
    if (open != STR_NPOS && close != STR_NPOS && close > open) {
        email = str_sub(line, open + 1, close - open - 1);
        rest = str_trim(str_sub(line, close + 1, line.n));
    }
    size_t space = str_rchr(rest, ' ');
    if (space != STR_NPOS && is_zone(str_sub(rest, space + 1, rest.n)))
        zone = str_sub(rest, space + 1, rest.n);
    buf_adds(b, "author ");
    add_clean(b, name);
    buf_adds(b, " <");
    add_clean(b, email);
    buf_addf(b, "> %lld %.*s\n", (long long)object_date_s(line), STR_ARG(zone));
}

/* ---- The message ---- */

/* "Key: value", "(cherry picked from ...)" or the rest of such a line. */
static bool is_trailer(struct str line)
{
    size_t i = 0;
    if (str_starts(line, STR("(cherry picked from commit ")))
        return true;
    while (i < line.n && (ascii_is_alnum(line.p[i]) || line.p[i] == '-'))
        i++;
    return i > 0 && i + 1 < line.n && line.p[i] == ':' && line.p[i + 1] == ' ';
}

/* Is the last paragraph of trailers alone?  A message of one paragraph has none: that is the
 * subject. */
static bool ends_in_trailers(struct str message)
{
    struct str rest = message, line;
    bool trailers = false, blank = false, first = true;
    size_t n = 0;
    while (str_cut(&rest, '\n', &line)) {
        if (n++ == LINES_MAX)
            return false;
        if (str_trim(line).n == 0) {
            blank = true;
            continue;
        }
        if (blank)
            first = false;
        trailers = blank ? is_trailer(line)
                         : trailers && (is_trailer(line) || line.p[0] == ' ' || line.p[0] == '\t');
        blank = false;
    }
    return trailers && !first;
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static void add_note(struct buf *b, struct str note)
{
    note = utf8_clip(note, COMMIT_NOTE_MAX);
    while (note.n > 0 && is_blank(note.p[0]))
        note = str_sub(note, 1, note.n);
    while (note.n > 0 && is_blank(note.p[note.n - 1]))
        note.n--;
    if (note.n == 0)
        return;
    buf_adds(b, NOTE_KEY);
    for (size_t i = 0; i < note.n; i++)
        buf_addc(b, is_blank(note.p[i]) ? ' ' : note.p[i]);
    buf_addc(b, '\n');
}

static struct str message_of(struct str body)
{
    size_t end = str_find(body, STR("\n\n"));
    struct str m = end == STR_NPOS ? STR_NONE : str_sub(body, end + 2, body.n);
    m = str_sub(m, 0, str_chr(m, '\0'));
    while (m.n > 0 && ascii_is_space(m.p[m.n - 1]))
        m.n--;
    return m;
}

static enum rc add_message(const struct commit_ask *ask, struct str body, struct buf *b,
                           struct err *e)
{
    struct str m = message_of(body);
    if (ask->n > COMMIT_NOTES_MAX)
        return err_set(e, RC_LIMIT, "a commit has at most %d notes", COMMIT_NOTES_MAX);
    if (m.n > 0)
        buf_add(b, m);
    else
        buf_adds(b, "(no message)");
    buf_adds(b, ends_in_trailers(m) ? "\n" : "\n\n");
    buf_addf(b, "(cherry picked from commit %s)\n", ask->original);
    for (size_t i = 0; i < ask->n; i++)
        add_note(b, ask->notes[i]);
    return buf_ok(b, "the message of a commit", e);
}

static enum rc read_original(struct bp_store *s, const struct commit_ask *ask, struct object *ret_o,
                             struct err *e)
{
    if (!git_oid_ok(str_c(ask->original)) || !git_oid_ok(str_c(ask->tree)) ||
        !git_oid_ok(str_c(ask->parent)))
        return err_set(e, RC_INVALID, "a commit needs full ids");
    TRY(objects_read(bp_objects(s), str_c(ask->original), COMMIT_BODY_MAX, ret_o, e));
    if (ret_o->type != OBJECT_COMMIT)
        return err_set(e, RC_INVALID, "%.12s is no commit", ask->original);
    return RC_OK;
}

enum rc commit_message(struct bp_store *s, const struct commit_ask *ask, struct buf *ret_message,
                       struct err *e)
{
    struct object o;
    TRY(read_original(s, ask, &o, e));
    return add_message(ask, o.body, ret_message, e);
}

enum rc commit_make(struct bp_store *s, const struct commit_ask *ask, char ret_oid[GIT_OID_HEX + 1],
                    struct err *e)
{
    struct object o;
    struct str author = STR_NONE, encoding;
    AUTO(buf) struct buf b = BUF_INIT(COMMIT_BODY_MAX + 64u * 1024);
    TRY(read_original(s, ask, &o, e));
    buf_addf(&b, "tree %s\nparent %s\n", ask->tree, ask->parent);
    (void)object_header(o.body, "author", 0, &author);
    add_author(&b, author);
    buf_adds(&b, "committer ");
    add_clean(&b, ask->committer.name);
    buf_adds(&b, " <");
    add_clean(&b, ask->committer.email);
    buf_addf(&b, "> %lld +0000\n", (long long)(ask->committer.at_us / US_PER_S));
    /* The bytes of the message are kept, so what they mean is too. */
    if (object_header(o.body, "encoding", 0, &encoding) && encoding.n < 64) {
        buf_adds(&b, "encoding ");
        add_clean(&b, encoding);
        buf_addc(&b, '\n');
    }
    buf_addc(&b, '\n');
    TRY(add_message(ask, o.body, &b, e));
    return bp_write(s, OBJECT_COMMIT, buf_str(&b), ret_oid, e);
}
