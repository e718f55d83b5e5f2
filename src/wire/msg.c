/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders, decoders and the rights table of the messages between roles.  Runs in every role; a
 * message is trusted no more than its sender, so each length is checked against what the field may
 * hold and against what the frame has left.
 */
#include "wire/msg.h"

#include "base/utf8.h"

static void put_u32(struct buf *b, uint32_t v)
{
    char c[4];
    for (int i = 0; i < 4; i++)
        c[i] = (char)(v >> (8 * i) & 0xff);
    buf_add(b, str_of(c, sizeof c));
}

static void put_u64(struct buf *b, uint64_t v)
{
    put_u32(b, (uint32_t)v);
    put_u32(b, (uint32_t)(v >> 32));
}

static void put_data(struct buf *b, struct str s)
{
    BUG_ON(s.n > UINT32_MAX);
    put_u32(b, (uint32_t)s.n);
    buf_add(b, s);
}

/* A text that breaks the border rule is our own mistake at the receiver's gate; the sender cleans,
 * so that one odd byte in a name cannot end a role. */
static void put_text(struct buf *b, struct str s)
{
    if (utf8_is_clean(s)) {
        put_data(b, s);
        return;
    }
    AUTO(buf) struct buf clean = BUF_INIT(3 * s.n);
    utf8_clean(&clean, s);
    put_data(b, buf_str(&clean));
}

static enum rc take(struct str *rest, size_t n, const char *what, struct str *ret, struct err *e)
{
    if (rest->n < n)
        return err_set(e, RC_INVALID, "message field %s: the message ends too early", what);
    *ret = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return RC_OK;
}

static enum rc get_u32(struct str *rest, size_t max, const char *what, uint32_t *ret, struct err *e)
{
    struct str s;
    TRY(take(rest, 4, what, &s, e));
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t)(unsigned char)s.p[i] << (8 * i);
    *ret = v;
    return RC_OK;
}

static enum rc get_u64(struct str *rest, size_t max, const char *what, uint64_t *ret, struct err *e)
{
    uint32_t lo = 0, hi = 0;
    TRY(get_u32(rest, 0, what, &lo, e));
    TRY(get_u32(rest, 0, what, &hi, e));
    *ret = (uint64_t)hi << 32 | lo;
    return RC_OK;
}

static enum rc get_data(struct str *rest, size_t max, const char *what, struct str *ret,
                        struct err *e)
{
    uint32_t n = 0;
    TRY(get_u32(rest, 0, what, &n, e));
    if (n > max)
        return err_set(e, RC_LIMIT, "message field %s: %u bytes, %zu are the limit", what, n, max);
    return take(rest, n, what, ret, e);
}

static enum rc get_text(struct str *rest, size_t max, const char *what, struct str *ret,
                        struct err *e)
{
    struct str s;
    TRY(get_data(rest, max, what, &s, e));
    if (!utf8_is_clean(s))
        return err_set(e, RC_INVALID, "message field %s: not clean UTF-8", what);
    *ret = s;
    return RC_OK;
}

#define PUT(kind, field, max) put_##kind(b, m->field);
#define GET(kind, field, max) TRY(get_##kind(&body, max, #field, &m.field, e));
#define M(TYPE, name, from, to, fd)                                                                \
    void wire_put_##name(struct buf *b, const struct wire_##name *m)                               \
    {                                                                                              \
        WIRE_FIELDS_##name(PUT)                                                                    \
    }                                                                                              \
    enum rc wire_get_##name(struct str body, struct wire_##name *ret_m, struct err *e)             \
    {                                                                                              \
        struct wire_##name m = {0};                                                                \
        WIRE_FIELDS_##name(GET) if (body.n != 0) return err_set(                                   \
            e, RC_INVALID, "message " #name ": %zu bytes too many", body.n);                       \
        *ret_m = m;                                                                                \
        return RC_OK;                                                                              \
    }
WIRE_MESSAGES(M)
#undef M

#define SIZE_u32(max)                4
#define SIZE_u64(max)                8
#define SIZE_text(max)               (4 + (size_t)(max))
#define SIZE_data(max)               (4 + (size_t)(max))
#define SIZE_FIELD(kind, field, max) +SIZE_##kind(max)

static const struct {
    const char *name;
    uint32_t from, to;
    enum wire_fd fd;
    size_t max;
} table[WIRE_TYPE_COUNT] = {[WIRE_NONE] = {"none", 0, 0, WIRE_NOFD, 0},
#define M(TYPE, name, from, to, fd)                                                                \
    [WIRE_##TYPE] = {#name, from, to, fd, 0 WIRE_FIELDS_##name(SIZE_FIELD)},
                            WIRE_MESSAGES(M)
#undef M
};

const char *wire_type_name(unsigned type)
{
    return type < WIRE_TYPE_COUNT ? table[type].name : "unknown";
}

size_t wire_body_max(unsigned type)
{
    return type < WIRE_TYPE_COUNT ? table[type].max : 0;
}

enum rc wire_may_send(unsigned type, enum role from, enum role to, bool with_fd, struct err *e)
{
    if (type == WIRE_NONE || type >= WIRE_TYPE_COUNT)
        return err_set(e, RC_DENIED, "a message of unknown type %u", type);
    if (!(table[type].from >> from & 1) || !(table[type].to >> to & 1))
        return err_set(e, RC_DENIED, "%s may not send %s to %s", role_name(from), table[type].name,
                       role_name(to));
    if (with_fd ? table[type].fd == WIRE_NOFD : table[type].fd == WIRE_FD)
        return err_set(e, RC_DENIED, "message %s %s a descriptor", table[type].name,
                       with_fd ? "may not carry" : "must carry");
    return RC_OK;
}

enum rc wire_check(unsigned type, struct str body, struct err *e)
{
    switch (type) {
#define M(TYPE, name, from, to, fd)                                                                \
    case WIRE_##TYPE: {                                                                            \
        struct wire_##name m;                                                                      \
        return wire_get_##name(body, &m, e);                                                       \
    }
        WIRE_MESSAGES(M)
#undef M
    default:
        return err_set(e, RC_INVALID, "a message of unknown type %u", type);
    }
}
