/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a team member wrote in an answer to a notice, without what the mail program put around it.
 * Runs in core.
 * Input: text of a mail, clean UTF-8 and a stranger's until the sender is proven; only cut here.
 */
#include "desk/notice.h"

/* The mark of a signature, and of an original below. */
static bool ends_here(struct str line)
{
    static const char *const marks[] = {"-----Original Message-----",
                                        "----- Original Message -----",
                                        "________________________________"};
    if (str_eq(line, STR("-- ")) || str_eq(line, STR("--")))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (str_starts(str_trim(line), str_c(marks[i])))
            return true;
    return false;
}

/* "On Tue ... wrote:", "Am ... schrieb ...:" right above what is quoted, perhaps in two lines. */
static bool announces(struct str line)
{
    struct str s = str_trim(line);
    return s.n > 0 && s.p[s.n - 1] == ':';
}

static bool quoted(struct str line)
{
    return line.n > 0 && line.p[0] == '>';
}

/* Where the paragraph that ends before `end` begins. */
static size_t last_paragraph(struct str b)
{
    size_t at = b.n;
    while (at > 1 && !(b.p[at - 1] == '\n' && b.p[at - 2] == '\n'))
        at--;
    return at > 1 ? at : 0;
}

static void drop_announcement(struct buf *b)
{
    struct str s = buf_str(b);
    while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
        s.n--;
    size_t at = last_paragraph(s);
    struct str para = str_sub(s, at, s.n);
    size_t lines = 1;
    for (size_t i = 0; i < para.n; i++)
        lines += para.p[i] == '\n';
    if (announces(para) && lines <= 3)
        b->n = at;
}

struct str notice_answer(struct arena *a, struct str text)
{
    AUTO(buf) struct buf b = BUF_INIT(text.n + 2);
    struct str rest = text, line;
    bool in_quote = false;
    while (str_line(&rest, &line) && !ends_here(line)) {
        if (quoted(line)) {
            if (!in_quote)
                drop_announcement(&b);
            in_quote = true;
            continue;
        }
        in_quote = in_quote && str_trim(line).n == 0;
        if (in_quote)
            continue;
        buf_add(&b, line);
        buf_addc(&b, '\n');
    }
    struct str said = str_trim(buf_str(&b));
    return arena_str(a, said.n ? said : str_trim(text));
}
