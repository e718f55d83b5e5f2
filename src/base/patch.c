/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads unified diffs.  Runs in the parse child and in the engine child; its input is hostile.
 */
#include "base/patch.h"

enum place { OUTSIDE, HEADER, BODY };

struct reader {
    struct patch *p;
    struct str text, rest;
    size_t at, next; /* of the current line; behind it */
    struct str line;
    enum place place;
    bool seen;             /* a diff has begun */
    bool named;            /* this file's name is known */
    uint64_t old_n, new_n; /* lines that the hunk still wants */
    size_t begin, end;     /* of the diff */
    size_t hunks_at;
};

static bool next_line(struct reader *r)
{
    struct str all = r->rest;
    if (all.n == 0)
        return false;
    r->at = (size_t)(all.p - r->text.p);
    size_t n = str_chr(all, '\n');
    r->line = str_sub(all, 0, n == STR_NPOS ? all.n : n);
    size_t used = n == STR_NPOS ? all.n : n + 1;
    r->rest = str_sub(all, used, all.n);
    r->next = r->at + used;
    if (r->line.n > 0 && r->line.p[r->line.n - 1] == '\r')
        r->line.n--;
    return true;
}

static void refuse(struct reader *r, const char *why)
{
    if (r->p->refused == NULL)
        r->p->refused = why;
}

/* "a/NAME\tdate" to NAME. */
static struct str name_of(struct str s)
{
    size_t tab = str_chr(s, '\t');
    s = str_trim(str_sub(s, 0, tab == STR_NPOS ? s.n : tab));
    if (str_starts(s, STR("a/")) || str_starts(s, STR("b/")))
        s = str_sub(s, 2, s.n);
    return s;
}

static void add_name(struct reader *r, struct str name)
{
    struct patch *p = r->p;
    if (name.n == 0 || name.n > PATCH_PATH_MAX || name.p[0] == '"') {
        refuse(r, "has a file name that is not plain");
        return;
    }
    for (size_t i = 0; i < p->n_files; i++)
        if (str_eq(p->files[i], name))
            return;
    if (p->n_files == PATCH_FILES_MAX)
        refuse(r, "changes many files");
    else
        p->files[p->n_files++] = name;
}

static bool num(struct str *s, uint64_t *ret)
{
    size_t n = 0;
    struct err e;
    while (n < s->n && ascii_is_digit(s->p[n]))
        n++;
    if (num_parse(str_sub(*s, 0, n), 0, PATCH_MAX, "line", ret, &e) != RC_OK)
        return false;
    *s = str_sub(*s, n, s->n);
    return true;
}

/* "-12,3" or "-12". */
static bool range(struct str *s, char sign, uint64_t *ret_n)
{
    uint64_t from;
    *ret_n = 1;
    if (s->n == 0 || s->p[0] != sign)
        return false;
    *s = str_sub(*s, 1, s->n);
    if (!num(s, &from))
        return false;
    if (s->n > 0 && s->p[0] == ',') {
        *s = str_sub(*s, 1, s->n);
        return num(s, ret_n);
    }
    return true;
}

static bool hunk_header(struct reader *r)
{
    struct str s = r->line;
    if (!str_starts(s, STR("@@ ")))
        return false;
    s = str_sub(s, 3, s.n);
    if (!range(&s, '-', &r->old_n) || !str_starts(s, STR(" ")))
        return false;
    s = str_sub(s, 1, s.n);
    return range(&s, '+', &r->new_n) && str_starts(s, STR(" @@"));
}

/* Extended header lines that mean more than a change of lines (git-diff(1)). */
static void extended(struct reader *r)
{
    static const struct {
        const char *word, *why;
    } words[] = {
        {"old mode ", "changes the mode of a file"},
        {"new mode ", "changes the mode of a file"},
        {"deleted file mode ", "deletes a file"},
        {"new file mode ", "makes a file"},
        {"copy from ", "copies a file"},
        {"copy to ", "copies a file"},
        {"rename from ", "renames a file"},
        {"rename to ", "renames a file"},
        {"GIT binary patch", "changes a binary file"},
        {"Binary files ", "changes a binary file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts(r->line, str_c(words[i].word)))
            refuse(r, words[i].why);
    if (str_starts(r->line, STR("index ")) && str_find(r->line, STR(" ")) != STR_NPOS) {
        size_t sp = str_rchr(r->line, ' ');
        struct str mode = str_sub(r->line, sp + 1, r->line.n);
        if (sp > 5 && !str_eq(mode, STR("100644")) && !str_eq(mode, STR("100755")))
            refuse(r, "changes something that is no plain file");
    }
}

static bool next_is(const struct reader *r, struct str prefix)
{
    return str_starts(r->rest, prefix);
}

/* "--- a/x" with "+++ b/x" behind it. */
static bool names_begin(const struct reader *r)
{
    return str_starts(r->line, STR("--- ")) && next_is(r, STR("+++ "));
}

static void begin_file(struct reader *r)
{
    if (!r->seen)
        r->begin = r->at;
    else
        refuse(r, "has several parts");
    r->seen = true;
    r->named = false;
    r->place = HEADER;
    r->end = r->next;
}

static void take_names(struct reader *r)
{
    struct str old = name_of(str_sub(r->line, 4, r->line.n));
    if (r->named)
        refuse(r, "has several parts");
    (void)next_line(r);
    struct str new = name_of(str_sub(r->line, 4, r->line.n));
    if (str_eq(old, STR("/dev/null")))
        refuse(r, "makes a file");
    if (str_eq(new, STR("/dev/null")))
        refuse(r, "deletes a file");
    add_name(r, old);
    add_name(r, new);
    r->named = true;
    r->end = r->next;
}

static enum rc header_line(struct reader *r, struct err *e)
{
    if (str_starts(r->line, STR("diff --git "))) {
        begin_file(r);
    } else if (names_begin(r)) {
        take_names(r);
    } else if (hunk_header(r)) {
        if (!r->named)
            return err_set(e, RC_INVALID, "a hunk of the patch belongs to no file");
        if (++r->p->n_hunks > PATCH_HUNKS_MAX)
            return err_set(e, RC_LIMIT, "the patch has more than %d hunks", PATCH_HUNKS_MAX);
        if (r->hunks_at == 0)
            r->hunks_at = r->at;
        r->place = BODY;
        r->end = r->next;
    } else if (str_starts(r->line, STR("@@"))) {
        return err_set(e, RC_INVALID, "the header of a hunk is damaged");
    } else {
        extended(r);
        if (r->named || str_trim(r->line).n == 0)
            r->place = OUTSIDE;
        else
            r->end = r->next;
    }
    return RC_OK;
}

static enum rc body_line(struct reader *r, struct err *e)
{
    char c = r->line.n > 0 ? r->line.p[0] : ' '; /* mailers cut the blank of an empty line */
    bool old = c == ' ' || c == '-', new = c == ' ' || c == '+';
    if (c != '\\' && ((!old && !new) || (old && r->old_n == 0) || (new && r->new_n == 0)))
        return err_set(e, RC_INVALID, "a hunk of the patch does not add up");
    if (c != '\\') {
        r->old_n -= old;
        r->new_n -= new;
    }
    r->end = r->next;
    if (r->old_n == 0 && r->new_n == 0 && !next_is(r, STR("\\")))
        r->place = HEADER;
    return RC_OK;
}

static enum rc one_line(struct reader *r, struct err *e)
{
    switch (r->place) {
    case OUTSIDE:
        if (str_starts(r->line, STR("diff --git ")) || names_begin(r)) {
            begin_file(r);
            if (names_begin(r))
                take_names(r);
        }
        return RC_OK;
    case HEADER:
        return header_line(r, e);
    case BODY:
        return body_line(r, e);
    }
    return RC_OK;
}

/* What git puts under a patch is nobody's text. */
static struct str without_signature(struct str s)
{
    struct str t = str_trim(s);
    if (str_eq(t, STR("--")))
        return STR_NONE;
    if (str_starts(t, STR("-- \n")) && t.n < 80 &&
        str_chr(str_trim(str_sub(t, 4, t.n)), '\n') == STR_NPOS)
        return STR_NONE;
    return t;
}

enum rc patch_read(struct str text, struct patch *ret_p, struct err *e)
{
    struct patch p = {.before = STR_NONE, .diff = STR_NONE, .behind = STR_NONE, .hunks = STR_NONE};
    struct reader r = {.p = &p, .text = text, .rest = text, .place = OUTSIDE};
    if (text.n > PATCH_MAX)
        return err_set(e, RC_LIMIT, "the patch is longer than %d bytes", PATCH_MAX);
    while (next_line(&r))
        TRY(one_line(&r, e));
    if (!r.seen)
        return err_set(e, RC_NOTFOUND, "there is no patch");
    if (r.place == BODY)
        return err_set(e, RC_INVALID, "the last hunk of the patch is cut short");
    if (p.n_hunks == 0)
        refuse(&r, "changes no line");
    p.before = str_sub(text, 0, r.begin);
    p.diff = str_sub(text, r.begin, r.end - r.begin);
    p.behind = without_signature(str_sub(text, r.end, text.n));
    if (p.n_files == 1 && r.hunks_at > 0)
        p.hunks = str_sub(text, r.hunks_at, r.end - r.hunks_at);
    *ret_p = p;
    return RC_OK;
}

struct str patch_message(const struct patch *p)
{
    struct str rest = p->before, line;
    size_t end = 0;
    while (str_line(&rest, &line)) {
        if (str_eq(line, STR("---")))
            return str_trim(str_sub(p->before, 0, end));
        end = rest.n > 0 ? p->before.n - rest.n : p->before.n;
    }
    return str_trim(p->before);
}

/* " SECURITY.md | 2 +-" and " 1 file changed, 1 insertion(+)", with no words in them. */
static bool is_diffstat(struct str line)
{
    static const char end[] = " changed";
    size_t bar = str_rchr(line, '|'), words = str_find(line, str_c(end));
    if (!str_starts(line, STR(" ")))
        return false;
    if (bar == STR_NPOS)
        return words != STR_NPOS && line.n < 90 && ascii_is_digit(str_trim(line).p[0]);
    for (size_t i = bar + 1; i < line.n; i++)
        if (strchr("0123456789 +-", line.p[i]) == NULL || line.p[i] == '\0')
            return false;
    return true;
}

void patch_notes(const struct patch *p, struct buf *b)
{
    struct str rest = p->before, line;
    bool behind = false;
    size_t from = b->n;
    while (str_line(&rest, &line)) {
        bool mark = str_eq(line, STR("---"));
        if (behind && !mark && !is_diffstat(line) && (line.n > 0 || b->n > from)) {
            buf_add(b, line);
            buf_addc(b, '\n');
        }
        behind = behind || mark;
    }
}
