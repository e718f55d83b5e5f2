/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in for desk/backport.h and desk/lines.h in tests of the pages and in the preview.  Not
 * part of the program.
 */
#include "backport_stub.h"

#include <stdio.h>
#include <string.h>

#include "web/fixture.h"

struct view_backport stub_backport;
struct view_lines stub_lines;
struct stub_sent stub_sent;

static void keep(char *to, size_t size, struct str s)
{
    snprintf(to, size, "%.*s", STR_ARG(s));
}

enum rc view_backport(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_backport *ret, struct err *e)
{
    (void)d, (void)who, (void)case_id;
    *ret = stub_backport;
    return arena_ok(a, "it", e);
}

void view_backport_auto(struct view_backport *v)
{
    (void)v;
}

json_t *view_backport_json(const struct view_backport *v)
{
    json_t *j = json_object();
    json_put_int(j, "lines", (int64_t)v->n_of);
    return j;
}

enum rc view_backport_patch(struct desk *d, const struct actor *who, int64_t case_id,
                            struct str line, struct buf *b, struct err *e)
{
    (void)d, (void)who, (void)case_id;
    if (stub_sent.fail != RC_OK)
        return err_set(e, stub_sent.fail, "no");
    buf_addf(b, "patch of %.*s", STR_ARG(line));
    return RC_OK;
}

enum rc view_backport_bundle(struct desk *d, const struct actor *who, int64_t case_id,
                             struct str line, struct buf *b, struct err *e)
{
    (void)d, (void)who, (void)case_id;
    if (stub_sent.fail != RC_OK)
        return err_set(e, stub_sent.fail, "no");
    buf_addf(b, "bundle of %.*s", STR_ARG(line));
    return RC_OK;
}

enum rc backport_signers(struct desk *d, struct buf *b, struct err *e)
{
    (void)d;
    buf_adds(b, "a signer");
    return buf_ok(b, "a signer", e);
}

enum rc view_backport_log(struct desk *d, const struct actor *who, int64_t case_id, int64_t run,
                          struct buf *b, struct err *e)
{
    (void)d, (void)who, (void)case_id;
    if (stub_sent.fail != RC_OK)
        return err_set(e, stub_sent.fail, "no");
    buf_addf(b, "log of %lld", (long long)run);
    return RC_OK;
}

enum rc view_reproducer_bytes(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                              struct buf *b, struct err *e)
{
    return view_backport_log(d, who, case_id, id, b, e);
}

enum rc backport_edit(struct desk *d, const struct actor *who, const struct backport_edit *n,
                      struct err *e)
{
    (void)d, (void)who;
    keep(stub_sent.call, sizeof stub_sent.call, STR("edit"));
    keep(stub_sent.line, sizeof stub_sent.line, n->line);
    keep(stub_sent.reason, sizeof stub_sent.reason, n->reason);
    keep(stub_sent.bytes, sizeof stub_sent.bytes, n->bytes);
    return stub_sent.fail == RC_OK ? RC_OK : err_set(e, stub_sent.fail, "it is neither");
}

enum rc reproducer_add(struct desk *d, const struct actor *who, const struct reproducer_add *n,
                       int64_t *ret_id, struct err *e)
{
    (void)d, (void)who;
    keep(stub_sent.call, sizeof stub_sent.call, STR("add"));
    keep(stub_sent.name, sizeof stub_sent.name, n->name);
    keep(stub_sent.bytes, sizeof stub_sent.bytes, n->bytes);
    *ret_id = 33;
    return stub_sent.fail == RC_OK ? RC_OK : err_set(e, stub_sent.fail, "too large");
}

const char *backport_decision_name(enum backport_decision v)
{
    static const char *const names[BACKPORT_DECISIONS] = {"", "accepted", "edited", "waived"};
    return names[v];
}

const char *backport_decision_words(enum backport_decision v)
{
    return v == BACKPORT_OPEN ? "not decided" : backport_decision_name(v);
}

enum rc view_lines(struct desk *d, const struct actor *who, struct arena *a, struct view_lines *ret,
                   struct err *e)
{
    (void)d, (void)who;
    *ret = stub_lines;
    return arena_ok(a, "it", e);
}
