/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often strangers may make us do something.
 * Runs in core.
 * Input: keys out of requests (addresses of clients, logins as typed); only their bytes count.
 */
#include "desk/throttle.h"

#include <arpa/inet.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "store/ops_throttle.h"

/* A key of any length and any bytes as one that the table takes. */
static struct str key_of(struct str key, char dst[SHA256_HEX])
{
    bool plain = key.n <= THROTTLE_KEY_MAX;
    for (size_t i = 0; plain && i < key.n; i++)
        plain = key.p[i] > 0x20 && key.p[i] < 0x7f;
    if (plain)
        return key;
    unsigned char hash[SHA256_LEN];
    sha256(key, hash);
    hex_put(dst, hash, sizeof hash);
    return str_c(dst);
}

static struct throttle verdict(const struct throttle_rule *rule, const struct throttle_row *row,
                               int64_t now_us, bool counted)
{
    int64_t used = row->count;
    struct throttle t = {.allowed = counted ? used <= rule->max : used < rule->max};
    t.left = used < rule->max ? rule->max - used : 0;
    t.wait_us = t.allowed ? 0 : row->from_us + rule->window_us - now_us;
    return t;
}

enum rc throttle_take(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e)
{
    BUG_ON(rule->window_us > THROTTLE_WINDOW_MAX);
    char hex[SHA256_HEX];
    struct throttle_row row = {.count = 0};
    int64_t now = desk_now(d);
    struct str k = key_of(key, hex);
    enum rc rc = ops_throttle_get(d->db, str_c(rule->what), k, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    /* Refusing costs no write to the disk, else it would be the cheaper way to keep us busy. */
    bool over = row.count > rule->max && row.from_us > now - rule->window_us && row.from_us <= now;
    if (!over)
        TRY(ops_throttle_add(d->db, str_c(rule->what), k, now, rule->window_us, &row, e));
    *ret = verdict(rule, &row, now, true);
    return RC_OK;
}

enum rc throttle_peek(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e)
{
    char hex[SHA256_HEX];
    struct throttle_row row = {.count = 0};
    int64_t now = desk_now(d);
    enum rc rc = ops_throttle_get(d->db, str_c(rule->what), key_of(key, hex), &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (row.from_us <= now - rule->window_us || row.from_us > now)
        row = (struct throttle_row){.from_us = now};
    *ret = verdict(rule, &row, now, false);
    return RC_OK;
}

enum rc throttle_clear(struct desk *d, const struct throttle_rule *rule, struct str key,
                       struct err *e)
{
    char hex[SHA256_HEX];
    return ops_throttle_clear(d->db, str_c(rule->what), key_of(key, hex), e);
}

enum rc throttle_sweep(struct desk *d, int64_t *ret_n, struct err *e)
{
    return ops_throttle_sweep(d->db, desk_now(d) - THROTTLE_WINDOW_MAX, ret_n, e);
}

struct str throttle_client(struct arena *a, struct str client)
{
    char text[INET6_ADDRSTRLEN], out[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    if (str_copy(text, sizeof text, client, "address", NULL) != RC_OK ||
        inet_pton(AF_INET6, text, &addr) != 1)
        return client;
    if (IN6_IS_ADDR_V4MAPPED(&addr))
        return inet_ntop(AF_INET, &addr.s6_addr[12], out, sizeof out) ? arena_str(a, str_c(out))
                                                                      : client;
    memset(&addr.s6_addr[8], 0, 8);
    if (inet_ntop(AF_INET6, &addr, out, sizeof out) == NULL)
        return client;
    return arena_strf(a, "%s/64", out);
}
