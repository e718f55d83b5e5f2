/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a mail into its tree of entities.  Runs in the parse child on hostile bytes; iterative:
 * a stack of entities still to be looked at, never more than MAIL_PARTS_MAX in all.
 */
#include "mime/parse_entity.h"

#include <string.h>

struct work {
    struct arena *a;
    struct warnings w;
    struct entity **all, **stack;
    size_t n, waiting;
    size_t budget;      /* bytes that may still be searched */
    size_t decode_left; /* bytes of decoded messages that may still be kept */
};

static bool is_eol(struct str s, size_t i)
{
    return i >= s.n || s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == ' ' || s.p[i] == '\t';
}

/*
 * Next line of s at or behind `from` that starts with needle (without its leading LF) and is a
 * delimiter; STR_NPOS when there is none.  Text behind white space on that line is ignored
 * (RFC 2046 5.1.1).
 */
static size_t find_delimiter(struct str s, size_t from, struct str needle, bool *ret_close)
{
    while (from < s.n) {
        size_t at;
        struct str bare = str_sub(needle, 1, needle.n);
        if (from == 0 && str_starts(s, bare)) {
            at = 0;
        } else {
            size_t back = from > 0 ? from - 1 : 0;
            const char *hit = memmem(s.p + back, s.n - back, needle.p, needle.n);
            if (hit == NULL)
                return STR_NPOS;
            at = (size_t)(hit - s.p) + 1;
        }
        size_t end = at + bare.n;
        bool close = end + 1 < s.n && s.p[end] == '-' && s.p[end + 1] == '-';
        if (is_eol(s, end) || (close && is_eol(s, end + 2))) {
            *ret_close = close;
            return at;
        }
        from = end;
    }
    return STR_NPOS;
}

/* Where the line break in front of the delimiter at `at` starts: it belongs to the delimiter. */
static size_t before_delimiter(struct str s, size_t from, size_t at)
{
    if (at > from && s.p[at - 1] == '\n')
        at--;
    if (at > from && s.p[at - 1] == '\r')
        at--;
    return at;
}

static size_t behind_line(struct str s, size_t at)
{
    const char *lf = memchr(s.p + at, '\n', s.n - at);
    return lf ? (size_t)(lf - s.p) + 1 : s.n;
}

static struct entity *add_child(struct work *k, struct entity *parent, struct str raw)
{
    if (k->n + k->waiting >= MAIL_PARTS_MAX) {
        warn(k->w, MAIL_WARN_PARTS_CUT);
        return NULL;
    }
    struct entity *c = arena_alloc(k->a, sizeof *c);
    if (c == NULL)
        return NULL;
    c->parent = parent;
    c->depth = parent ? parent->depth + 1 : 0;
    c->body = raw;
    k->waiting++;
    return c;
}

/* Pays for a search through n bytes. */
static bool pay(struct work *k, size_t n)
{
    if (n > k->budget) {
        warn(k->w, MAIL_WARN_NEST_CUT);
        return false;
    }
    k->budget -= n;
    return true;
}

static struct str needle_of(struct work *k, struct str boundary)
{
    return arena_strf(k->a, "\n--%.*s", STR_ARG(boundary));
}

/* Parts of a multipart, linked in order. */
static void split(struct work *k, struct entity *m, struct str boundary)
{
    bool close = false;
    struct entity **tail = &m->first;
    struct str needle = needle_of(k, boundary);
    size_t at = find_delimiter(m->body, 0, needle, &close);
    /* A boundary may not end in a space (RFC 2046 5.1.1); when it does, the spaces may be gone. */
    if (at == STR_NPOS && boundary.p[boundary.n - 1] == ' ' && pay(k, m->body.n)) {
        needle = needle_of(k, str_trim(boundary));
        at = find_delimiter(m->body, 0, needle, &close);
    }
    if (at == STR_NPOS)
        warn(k->w, MAIL_WARN_NO_BOUNDARY);
    while (at != STR_NPOS && !close) {
        size_t from = behind_line(m->body, at);
        at = find_delimiter(m->body, from, needle, &close);
        size_t end = at == STR_NPOS ? m->body.n : before_delimiter(m->body, from, at);
        if (at == STR_NPOS)
            warn(k->w, MAIL_WARN_UNCLOSED);
        /* A delimiter as the very last line opens nothing. */
        if (at == STR_NPOS && from >= m->body.n)
            break;
        *tail = add_child(k, m, str_sub(m->body, from, end > from ? end - from : 0));
        if (*tail == NULL)
            break;
        tail = &(*tail)->next;
    }
}

static void open_multipart(struct work *k, struct entity *m)
{
    struct str boundary = header_param_exact(&m->type, "boundary");
    if (str_trim(boundary).n == 0 || boundary.n > ENTITY_BOUNDARY_MAX) {
        warn(k->w, MAIL_WARN_NO_BOUNDARY);
        return;
    }
    if (!pay(k, m->body.n))
        return;
    m->multipart = true;
    split(k, m, boundary);
}

struct fill {
    char *p;
    size_t n, max;
};

static bool fill_sink(void *ctx, struct str piece)
{
    struct fill *f = ctx;
    if (piece.n > f->max - f->n)
        return false;
    memcpy(f->p + f->n, piece.p, piece.n);
    f->n += piece.n;
    return true;
}

/* RFC 2046 5.2.1 forbids to encode a message/rfc822; mailers do it all the same. */
static void open_message(struct work *k, struct entity *m)
{
    struct str inner = m->body;
    if (m->cte == CTE_BASE64 || m->cte == CTE_QP || m->cte == CTE_UU) {
        size_t room = m->cte == CTE_QP ? m->body.n : m->body.n / 4 * 3 + 3;
        if (room > k->decode_left) {
            warn(k->w, MAIL_WARN_NEST_CUT);
            return;
        }
        struct fill f = {arena_alloc(k->a, room + 1), 0, room};
        if (f.p == NULL)
            return;
        k->decode_left -= room;
        decode_body(m->cte, m->body, fill_sink, &f);
        inner = str_of(f.p, f.n);
    }
    m->first = add_child(k, m, inner);
    m->message = m->first != NULL;
}

static bool is_opened_message(struct str mime)
{
    return str_eq(mime, STR("message/rfc822")) || str_eq(mime, STR("message/global")) ||
           str_eq(mime, STR("message/news"));
}

static enum rc look(struct work *k, struct entity *x, struct err *e)
{
    bool starts_message = x->parent == NULL || x->parent->message;
    struct str raw = x->body;
    TRY(header_scan(k->a, raw, starts_message, k->w, &x->h, e));
    x->body = str_sub(raw, x->h.body, raw.n);
    x->type = header_typed(k->a, header_get(&x->h, "content-type"), true, k->w);
    x->disposition = header_typed(k->a, header_get(&x->h, "content-disposition"), false, k->w);
    x->cte = decode_cte_of(header_get(&x->h, "content-transfer-encoding"));
    x->mime = x->type.word;
    if (x->mime.n == 0) {
        bool digest = x->parent && str_eq(x->parent->mime, STR("multipart/digest"));
        x->mime = digest ? STR("message/rfc822") : STR("text/plain");
    }
    bool multi = str_starts(x->mime, STR("multipart/"));
    if (x->cte == CTE_UNKNOWN && !multi)
        warn(k->w, MAIL_WARN_UNKNOWN_ENCODING);
    if (str_eq(x->mime, STR("message/partial")))
        warn(k->w, MAIL_WARN_PARTIAL);
    if (str_eq(x->mime, STR("message/external-body")))
        warn(k->w, MAIL_WARN_EXTERNAL);
    if (!multi && !is_opened_message(x->mime))
        return RC_OK;
    if (x->depth >= MAIL_NEST_MAX) {
        warn(k->w, MAIL_WARN_NEST_CUT);
        return RC_OK;
    }
    if (multi)
        open_multipart(k, x);
    else
        open_message(k, x);
    return RC_OK;
}

/* Children go on the stack so that the first one is on top. */
static void push_children(struct work *k, struct entity *x, size_t *top)
{
    size_t from = *top;
    for (struct entity *c = x->first; c; c = c->next)
        k->stack[(*top)++] = c;
    for (size_t i = from, j = *top; i + 1 < j; i++) {
        j--;
        struct entity *t = k->stack[i];
        k->stack[i] = k->stack[j];
        k->stack[j] = t;
    }
}

enum rc entity_tree(struct arena *a, struct str raw, struct warnings w, struct tree *ret_t,
                    struct err *e)
{
    struct work k = {a, w, NULL, NULL, 0, 0, 0, ENTITY_DECODE_MAX};
    k.budget = raw.n * ENTITY_SCAN_FACTOR + ENTITY_SCAN_EXTRA;
    k.all = arena_array(a, MAIL_PARTS_MAX, sizeof(struct entity *));
    k.stack = arena_array(a, MAIL_PARTS_MAX, sizeof(struct entity *));
    struct entity *root = add_child(&k, NULL, raw);
    TRY(arena_ok(a, "the parts of a mail", e));
    size_t top = 0;
    k.stack[top++] = root;
    while (top > 0) {
        struct entity *x = k.stack[--top];
        k.waiting--;
        x->number = (int64_t)k.n;
        k.all[k.n++] = x;
        TRY(look(&k, x, e));
        push_children(&k, x, &top);
    }
    *ret_t = (struct tree){k.all, k.n};
    return arena_ok(a, "the parts of a mail", e);
}
