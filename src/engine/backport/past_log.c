/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the newer commits of release lines by one walk.  Runs in the engine child and in
 * commands; messages and names are a stranger's text and only ever compared.
 */
#include "engine/backport/past_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/when.h"
#include "engine/affected/table.h"
#include "engine/backport/past_memory.h"

#define FORMAT "--format=tformat:%H%x00%P%x00%an%x00%at%x00%ct%x00%B%x00" /* and a line end */
#define FIELDS 6

void past_log_release(struct past_log *l)
{
    free(l->v);
    free(l->slots);
    free(l->by_id);
    buf_release(&l->text);
    *l = (struct past_log){.n = 0};
}

static size_t slot_of(const struct past_log *l, struct str id)
{
    size_t at = hash64(id) & (l->n_slots - 1);
    while (l->slots[at] && !str_eq(l->v[l->slots[at] - 1].id, id))
        at = (at + 1) & (l->n_slots - 1);
    return at;
}

const struct past_entry *past_log_find(const struct past_log *l, struct str id)
{
    uint32_t at = l->n_slots ? l->slots[slot_of(l, id)] : 0;
    return at ? &l->v[at - 1] : NULL;
}

static void index_entries(struct past_log *l)
{
    free(l->slots);
    for (l->n_slots = 64; l->n_slots < 2 * l->n + 2;)
        l->n_slots *= 2;
    l->slots = mem_zalloc(l->n_slots * sizeof *l->slots);
    for (size_t i = 0; i < l->n; i++)
        l->slots[slot_of(l, l->v[i].id)] = (uint32_t)i + 1;
}

static int by_id(const void *a, const void *b, void *entries)
{
    const struct past_entry *v = entries;
    return str_cmp(v[*(const uint32_t *)a].id, v[*(const uint32_t *)b].id);
}

static void sort_entries(struct past_log *l)
{
    l->by_id = mem_alloc((l->n + 1) * sizeof *l->by_id);
    for (size_t i = 0; i < l->n; i++)
        l->by_id[i] = (uint32_t)i;
    qsort_r(l->by_id, l->n, sizeof *l->by_id, by_id, l->v);
}

bool past_id_bytes(struct str hex, unsigned char ret[GIT_OID_HEX / 2])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i + 1 < hex.n && i / 2 < GIT_OID_HEX / 2; i += 2) {
        const char *hi = memchr(digits, hex.p[i], 16), *lo = memchr(digits, hex.p[i + 1], 16);
        if (hi == NULL || lo == NULL)
            return false;
        ret[i / 2] = (unsigned char)((hi - digits) << 4 | (lo - digits));
    }
    return hex.n >= 2 * (size_t)NAMED_KEY_LEN;
}

const struct past_entry *past_log_named(const struct past_log *l, const struct named *n)
{
    char hex[2 * NAMED_KEY_LEN + 1];
    if (n->digits < NAMED_ID_MIN || n->digits > 2 * NAMED_KEY_LEN)
        return NULL;
    for (size_t i = 0; i < NAMED_KEY_LEN; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", n->key[i]);
    struct str want = str_of(hex, n->digits);
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(l->v[l->by_id[mid]].id, want) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == l->n || !str_starts(l->v[l->by_id[lo]].id, want))
        return NULL;
    if (lo + 1 < l->n && str_starts(l->v[l->by_id[lo + 1]].id, want))
        return NULL;
    return &l->v[l->by_id[lo]];
}

static int64_t date_us(struct str s)
{
    uint64_t n = 0;
    return num_parse(s, 0, INT64_MAX / US_PER_S, "date", &n, NULL) == RC_OK ? (int64_t)n * US_PER_S
                                                                            : 0;
}

/* ---- One commit's bytes ---- */

bool past_entry_of_body(struct str id, struct str body, struct past_entry *ret)
{
    struct str author, committer, parent;
    struct past_entry x = {.id = id};
    if (!object_header(body, "author", 0, &author) ||
        !object_header(body, "committer", 0, &committer))
        return false;
    size_t end = str_find(body, STR("\n\n")), name = str_find(author, STR(" <"));
    x.message = end == STR_NPOS ? STR_NONE : str_sub(body, end + 2, body.n);
    x.author = table_author(str_sub(author, 0, name == STR_NPOS ? 0 : name));
    x.author_us = object_date_s(author) * US_PER_S;
    x.commit_us = object_date_s(committer) * US_PER_S;
    x.merge = object_header(body, "parent", 1, &parent);
    message_read(x.message, &x.said);
    *ret = x;
    return true;
}

/* ---- The walk ---- */

static enum rc run_git(const struct past_ask *ask, uint64_t lines, int64_t since_s, struct buf *out,
                       struct err *e)
{
    char since[40], most[40];
    AUTO(buf) struct buf in = BUF_INIT((PAST_ONTO_MAX + 1) * (GIT_OID_HEX + 2));
    (void)snprintf(since, sizeof since, "--max-age=%lld", (long long)since_s);
    (void)snprintf(most, sizeof most, "--max-count=%d", PAST_COMMITS_MAX);
    for (size_t i = 0; i < ask->n_onto; i++)
        if (lines >> i & 1)
            buf_addf(&in, "%.*s\n", STR_ARG(ask->onto[i]));
    buf_addf(&in, "^%.*s\n", STR_ARG(ask->fix));
    TRY(buf_ok(&in, "the list of lines", e));
    const char *const args[] = {"log",        "--stdin",    "--topo-order",    "--reverse",
                                "--no-color", "--no-notes", "--no-decorate",   since,
                                most,         FORMAT,       "--encoding=none", "--no-mailmap",
                                "--no-patch", NULL};
    return git_run(ask->git, args, buf_str(&in), out, e);
}

/* The next commit of git's answer; false at its end. */
static bool next_entry(struct str *rest, struct past_entry *ret, struct str *ret_parents)
{
    struct str field[FIELDS];
    if (rest->n && rest->p[0] == '\n')
        *rest = str_sub(*rest, 1, rest->n);
    for (size_t i = 0; i < FIELDS; i++) {
        size_t end = str_chr(*rest, '\0');
        if (end == STR_NPOS)
            return false;
        field[i] = str_sub(*rest, 0, end);
        *rest = str_sub(*rest, end + 1, rest->n);
    }
    *ret = (struct past_entry){.id = field[0],
                               .message = field[5],
                               .author = table_author(field[2]),
                               .author_us = date_us(field[3]),
                               .commit_us = date_us(field[4]),
                               .merge = str_chr(field[1], ' ') != STR_NPOS};
    *ret_parents = field[1];
    return git_oid_ok(field[0]);
}

static size_t count_entries(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\0';
    return n / FIELDS;
}

/* Which lines hold an entry: its children come behind it, so from the last one down. */
static void mark_lines(const struct past_ask *ask, struct past_log *l, const struct str *parents)
{
    for (size_t i = 0; i < ask->n_onto; i++) {
        uint32_t at = l->n ? l->slots[slot_of(l, ask->onto[i])] : 0;
        if (at)
            l->v[at - 1].on |= UINT64_C(1) << i;
        if (str_eq(ask->onto[i], ask->fix))
            l->holds |= UINT64_C(1) << i;
    }
    for (size_t i = l->n; i-- > 0;) {
        struct str rest = parents[i], id;
        if (rest.n == 0)
            l->unknown |= l->v[i].on; /* the history ends here, after the date */
        while (str_cut(&rest, ' ', &id)) {
            if (str_eq(id, ask->fix))
                l->holds |= l->v[i].on;
            uint32_t at = l->slots[slot_of(l, id)];
            if (at)
                l->v[at - 1].on |= l->v[i].on;
        }
    }
}

static void finish(const struct past_ask *ask, struct past_log *l, struct str *parents)
{
    index_entries(l);
    sort_entries(l);
    mark_lines(ask, l, parents);
    free(parents);
}

static void take_entries(const struct past_ask *ask, struct past_log *l)
{
    struct str rest = buf_str(&l->text);
    size_t max = count_entries(rest);
    struct str *parents = mem_zalloc((max + 1) * sizeof *parents);
    l->v = mem_zalloc((max + 1) * sizeof *l->v);
    while (l->n < max && next_entry(&rest, &l->v[l->n], &parents[l->n])) {
        message_read(l->v[l->n].message, &l->v[l->n].said);
        l->n++;
    }
    finish(ask, l, parents);
}

/* A line that git cannot walk must not take the others with it. */
static enum rc find_bad_lines(const struct past_ask *ask, int64_t since_s, uint64_t *ret_good,
                              struct err *e)
{
    *ret_good = 0;
    for (size_t i = 0; i < ask->n_onto; i++) {
        AUTO(buf) struct buf out = BUF_INIT(GIT_OUT_MAX);
        enum rc rc = run_git(ask, UINT64_C(1) << i, since_s, &out, e);
        if (rc == RC_OK)
            *ret_good |= UINT64_C(1) << i;
        else if (rc != RC_INVALID && rc != RC_LIMIT && rc != RC_TIMEOUT)
            return rc;
    }
    return RC_OK;
}

static enum rc ask_git(const struct past_ask *ask, int64_t since_s, struct past_log *ret,
                       struct err *e)
{
    uint64_t all = ask->n_onto == 64 ? UINT64_MAX : (UINT64_C(1) << ask->n_onto) - 1, good = all;
    struct past_log l = {.n = 0};
    buf_init(&l.text, GIT_OUT_MAX);
    enum rc rc = run_git(ask, all, since_s, &l.text, e);
    if (rc == RC_INVALID || rc == RC_LIMIT || rc == RC_TIMEOUT) {
        buf_reset(&l.text);
        l.text.over = false;
        rc = find_bad_lines(ask, since_s, &good, e);
        if (rc == RC_OK && good)
            rc = run_git(ask, good, since_s, &l.text, e);
        if (rc == RC_LIMIT) { /* all together are too long */
            buf_reset(&l.text);
            l.text.over = false;
            good = 0;
            rc = RC_OK;
        }
    }
    if (rc != RC_OK) {
        buf_release(&l.text);
        return rc;
    }
    take_entries(ask, &l);
    l.unknown |= all & ~good;
    *ret = l;
    return RC_OK;
}

enum rc past_log_read(const struct past_ask *ask, int64_t since_s, struct past_log *ret,
                      struct err *e)
{
    struct str *parents;
    struct past_log l = {.n = 0};
    if (ask->memory && past_memory_walk(ask->memory, ask, since_s, &l, &parents))
        finish(ask, &l, parents);
    else
        TRY(ask_git(ask, since_s, &l, e));
    if (l.n >= PAST_COMMITS_MAX)
        l.unknown = ask->n_onto == 64 ? UINT64_MAX : (UINT64_C(1) << ask->n_onto) - 1;
    *ret = l;
    return RC_OK;
}