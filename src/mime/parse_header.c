/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans header blocks.  Runs in the parse child on hostile bytes; linear, bounded before anything
 * is interpreted.
 */
#include "mime/parse_header.h"

#include <string.h>

void warn(struct warnings w, enum mail_warning what)
{
    if (w.n[what] < MAIL_COUNT_MAX)
        w.n[what]++;
}

/* Fields that the record is made from; bit i of `seen` says that known[i] was kept. */
static const char *const known[] = {
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "sender",
    "reply-to",
    "return-path",
    "content-type",
    "mime-version",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "auto-submitted",
    "precedence",
    "list-id",
    "x-loop",
    "x-auto-response-suppress",
    "authentication-results",
    "x-spam-flag",
    "x-spam-status",
    "x-failed-recipients",
};

static size_t known_index(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq_nocase(name, str_c(known[i])))
            return i;
    return STR_NPOS;
}

/* Length of the field name in front of ':' (RFC 5322 2.2: printable, no space); 0: not a field.
 * Space in front of the colon is common enough to be taken. */
static size_t name_length(struct str line)
{
    size_t i = 0;
    while (i < line.n && line.p[i] > ' ' && line.p[i] < 0x7f && line.p[i] != ':')
        i++;
    size_t n = i;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return i < line.n && line.p[i] == ':' ? n : 0;
}

/* The line at `at` without its end; *ret_next is behind the LF. */
static struct str line_at(struct str raw, size_t at, size_t *ret_next)
{
    const char *lf = memchr(raw.p + at, '\n', raw.n - at);
    size_t end = lf ? (size_t)(lf - raw.p) : raw.n;
    *ret_next = lf ? end + 1 : raw.n;
    if (end > at && raw.p[end - 1] == '\r')
        end--;
    return str_sub(raw, at, end - at);
}

/* End of the field that starts at `at`: behind its last continuation line. */
static size_t field_end(struct str raw, size_t at)
{
    size_t next;
    line_at(raw, at, &next);
    while (next < raw.n && (raw.p[next] == ' ' || raw.p[next] == '\t'))
        line_at(raw, next, &next);
    return next;
}

struct scan {
    struct arena *a;
    struct header *h;
    struct warnings w;
    size_t cap, bytes, max;
    uint32_t seen;
};
_Static_assert(ARRAY_LEN(known) <= 32, "one bit each");

static void scan_keep(struct scan *s, struct str name, struct str value)
{
    size_t k = known_index(name);
    bool first = k != STR_NPOS && (s->seen & 1u << k) == 0;
    if (str_eq_nocase(name, STR("received")))
        s->h->received++;
    if (!first && (s->h->n >= s->max || s->bytes + value.n > HEADER_BLOCK_MAX)) {
        warn(s->w, MAIL_WARN_HEADER_CUT);
        return;
    }
    if (value.n > HEADER_FIELD_MAX) {
        warn(s->w, MAIL_WARN_HEADER_CUT);
        value = str_sub(value, 0, HEADER_FIELD_MAX);
    }
    if (s->h->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct hfield *f = arena_array(s->a, cap, sizeof *f);
        if (f == NULL)
            return;
        if (s->h->n)
            memcpy(f, s->h->f, s->h->n * sizeof *f);
        s->h->f = f;
        s->cap = cap;
    }
    s->h->f[s->h->n++] = (struct hfield){name, value};
    if (first)
        s->seen |= 1u << k;
    else
        s->bytes += value.n;
}

/* Where the first header line starts. */
static size_t scan_start(struct str raw, struct warnings w)
{
    size_t at = 0, next;
    while (at < raw.n && raw.p[at] == '\0')
        at++;
    if (at > 0)
        warn(w, MAIL_WARN_BAD_HEADER);
    if (at == raw.n)
        return 0;
    struct str line = line_at(raw, at, &next);
    if ((str_starts(line, STR("From ")) || str_starts(line, STR(">From "))) &&
        name_length(line) == 0)
        return next;
    return at;
}

enum rc header_scan(struct arena *a, struct str raw, bool is_message, struct warnings w,
                    struct header *ret_h, struct err *e)
{
    struct header h = {NULL, 0, 0, 0};
    struct scan s = {a, &h, w, 0, 0, is_message ? HEADER_FIELDS_MAX : HEADER_PART_FIELDS_MAX, 0};
    size_t at = is_message && raw.n > 0 ? scan_start(raw, w) : 0;
    while (at < raw.n) {
        size_t next;
        struct str line = line_at(raw, at, &next);
        if (line.n == 0) {
            at = next;
            break;
        }
        size_t name = name_length(line);
        if (name == 0) {
            size_t after;
            warn(w, MAIL_WARN_BAD_HEADER);
            if (next >= raw.n || h.n == 0 || name_length(line_at(raw, next, &after)) == 0)
                break;
            at = next;
            continue;
        }
        size_t end = field_end(raw, at);
        struct str field = str_sub(raw, at, end - at);
        size_t colon = str_chr(field, ':');
        if (colon != name)
            warn(w, MAIL_WARN_BAD_HEADER);
        scan_keep(&s, str_sub(field, 0, name), str_trim(str_sub(field, colon + 1, field.n)));
        at = end;
    }
    h.body = at;
    *ret_h = h;
    return arena_ok(a, "the header of a mail", e);
}

struct str header_get(const struct header *h, const char *name)
{
    const struct hfield *f = hfield_find(h->f, h->n, name);
    return f ? f->value : STR_NONE;
}

size_t header_count(const struct header *h, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        n += str_eq_nocase(h->f[i].name, str_c(name));
    return n;
}
