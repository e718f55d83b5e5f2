/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stable patch-ids, by git's definition (builtin/patch-id.c of git 2.39).  Runs in commands and in
 * the engine child; the patch is a stranger's text.
 */
#include "git/patchid.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

#define HEX_MAX 64

struct state {
    bool sha256_repo;
    unsigned char *sum;
    struct buf text; /* what the file at hand adds, without white space */
    int before, after;
    bool binary, any;
    char pre[HEX_MAX + 1], post[HEX_MAX + 1];
};

/* Sums the file's hash into the result, so that the order of files does not matter. */
static void flush(struct state *s)
{
    unsigned char h[PATCH_ID_MAX];
    size_t n = s->sha256_repo ? SHA256_LEN : SHA1_LEN;
    unsigned carry = 0;
    if (s->sha256_repo)
        sha256(buf_str(&s->text), h);
    else
        sha1(buf_str(&s->text), h);
    for (size_t i = 0; i < n; i++) {
        carry += s->sum[i] + h[i];
        s->sum[i] = (unsigned char)carry;
        carry >>= 8;
    }
    buf_reset(&s->text);
}

static void add_without_space(struct state *s, struct str line)
{
    char *room = buf_room(&s->text, line.n);
    size_t n = 0;
    for (size_t i = 0; room && i < line.n && line.p[i] != '\0'; i++)
        if (!ascii_is_space(line.p[i]))
            room[n++] = line.p[i];
    if (room)
        buf_grown(&s->text, n);
    s->any |= n > 0;
}

static void keep_hex(char dst[HEX_MAX + 1], struct str s)
{
    size_t n = s.n < HEX_MAX ? s.n : HEX_MAX;
    memcpy(dst, s.p, n);
    dst[n] = '\0';
}

static void index_line(struct state *s, struct str line)
{
    struct str ids = str_sub(line, 6, line.n);
    size_t dots = str_find(ids, STR("..")), space = str_chr(ids, ' ');
    if (dots == STR_NPOS)
        return;
    keep_hex(s->pre, str_sub(ids, 0, dots));
    keep_hex(s->post, str_sub(ids, dots + 2, (space == STR_NPOS ? ids.n : space) - dots - 2));
}

static int count_of(struct str *s, char before)
{
    size_t at = str_chr(*s, before), i;
    int n = 0;
    if (at == STR_NPOS)
        return 1;
    *s = str_sub(*s, at + 1, s->n);
    for (i = 0; i < s->n && ascii_is_digit(s->p[i]); i++)
        ;
    *s = str_sub(*s, i, s->n);
    if (s->n == 0 || s->p[0] != ',')
        return 1;
    for (i = 1; i < s->n && i < 10 && ascii_is_digit(s->p[i]); i++)
        n = n * 10 + (s->p[i] - '0');
    return n;
}

/* "Parsing diff header": true when the line is dealt with. */
static bool header_line(struct state *s, struct str line)
{
    if (str_starts(line, STR("GIT binary patch")) || str_starts(line, STR("Binary files"))) {
        s->binary = true;
        s->before = 0;
        buf_adds(&s->text, s->pre);
        buf_adds(&s->text, s->post);
        s->any = true;
        flush(s);
        return true;
    }
    if (str_starts(line, STR("index "))) {
        index_line(s, line);
        return true;
    }
    if (str_starts(line, STR("--- ")))
        s->before = s->after = 1;
    return false;
}

static bool between_hunks(struct state *s, struct str line)
{
    if (str_starts(line, STR("@@ -"))) {
        s->before = count_of(&line, '-');
        s->after = count_of(&line, '+');
        return true;
    }
    flush(s);
    s->before = s->after = -1;
    return false;
}

static void one_line(struct state *s, struct str line)
{
    if (line.n == 0 || str_starts(line, STR("\\ ")))
        return;
    if (s->before == -1 && header_line(s, line))
        return;
    if (s->binary) {
        if (!str_starts(line, STR("diff ")))
            return;
        s->binary = false;
        s->before = s->after = -1;
    } else if (s->before == 0 && s->after == 0 && between_hunks(s, line)) {
        return;
    }
    char sign = line.n ? line.p[0] : '\0';
    if (s->before != -1 || s->after != -1) {
        s->before -= sign == '-' || sign == ' ';
        s->after -= sign == '+' || sign == ' ';
    }
    add_without_space(s, line);
}

bool patch_id(struct str patch, bool sha256_repo, unsigned char ret[PATCH_ID_MAX])
{
    struct state s = {.sha256_repo = sha256_repo, .sum = ret, .before = -1, .after = -1};
    buf_init(&s.text, patch.n + 2 * HEX_MAX + 2);
    memset(ret, 0, PATCH_ID_MAX);
    struct str line;
    bool started = false;
    while (str_cut(&patch, '\n', &line)) {
        started |= str_starts(line, STR("diff "));
        if (started)
            one_line(&s, line);
    }
    flush(&s);
    if (!s.any)
        memset(ret, 0, PATCH_ID_MAX);
    bool any = s.any;
    buf_release(&s.text);
    return any;
}
