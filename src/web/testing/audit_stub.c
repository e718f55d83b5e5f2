/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in for desk/audit.h in tests of the pages and in the preview.  Not part of the program.
 */
#include "audit_stub.h"

#include "web/fixture.h"

struct view_audit stub_audit;

enum rc view_audit(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                   struct view_audit *ret, struct err *e)
{
    (void)d, (void)case_id;
    (void)who;
    *ret = stub_audit;
    ret->case_number = STR("DEMO-2025-0012");
    ret->case_title = STR("A title & more");
    ret->now_us = FIXTURE_NOW;
    return arena_ok(a, "it", e);
}

void view_audit_auto(struct view_audit *v)
{
    (void)v;
}

json_t *view_audit_json(const struct view_audit *v)
{
    json_t *j = json_object();
    json_put_int(j, "places", (int64_t)v->n_hits);
    return j;
}

void view_audit_csv(const struct view_audit *v, struct buf *b)
{
    buf_addf(b, "place\r\n%zu\r\n", v->n_hits);
}

static const char *const names[AUDIT_VERDICTS] = {"", "same_flaw", "safe", "unsure"};

const char *audit_verdict_name(enum audit_verdict v)
{
    return names[v];
}

const char *audit_verdict_words(enum audit_verdict v)
{
    static const char *const words[AUDIT_VERDICTS] = {"", "same flaw", "safe", "unsure"};
    return words[v];
}

bool audit_verdict_parse(struct str s, enum audit_verdict *ret_v)
{
    for (size_t i = 0; i < AUDIT_VERDICTS; i++) {
        if (!str_eq(s, str_c(names[i])))
            continue;
        *ret_v = (enum audit_verdict)i;
        return true;
    }
    return false;
}
