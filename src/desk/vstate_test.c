/* SPDX-License-Identifier: Apache-2.0 */
/* The machines of a case against their tables, exhaustively; phases and facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "desk/phase.h"
#include "desk/vstate.h"

static bool listed(const char *const *list, char from, char to)
{
    for (; *list; list++)
        if ((*list)[0] == from && (*list)[1] == to)
            return true;
    return false;
}

static void rm_table(void **state)
{
    static const char *const legal[] = {"SR", "RI", "RV", "IV", "VA", "VD",
                                        "AD", "DA", "AC", "DC", "IC", NULL};
    for (const char *f = RM_STATES; *f; f++)
        for (const char *t = RM_STATES; *t; t++)
            assert_int_equal(rm_legal(*f, *t), listed(legal, *f, *t));
}

static void em_table(void **state)
{
    static const char *const next[EM_ACTS] = {
        [EM_PROPOSE] = "NP",  [EM_COUNTER] = "PPRR", [EM_REJECT] = "PNRA",
        [EM_ACCEPT] = "PARA", [EM_REVISE] = "AR",    [EM_TERMINATE] = "AXRX",
    };
    for (int act = 0; act < EM_ACTS; act++) {
        for (const char *f = EM_STATES; *f; f++) {
            char want = 0;
            for (const char *p = next[act]; *p; p += 2)
                if (p[0] == *f)
                    want = p[1];
            assert_int_equal(em_next(*f, (enum em_act)act), want);
        }
    }
}

static void cs_states(void **state)
{
    int valid = 0;
    for (unsigned cs = 0; cs < 64; cs++) {
        char text[CS_LEN + 1];
        cs_text(cs, text);
        assert_int_equal(cs_parse(str_c(text)), cs);
        valid += cs_valid(cs);
    }
    /* VFD chains: none, V, VF, VFD; P X A: without P 4x2 (x needs p), with P only where V. */
    assert_int_equal(valid, 4 * 2 + 3 * 2 * 2);
}

static bool same(struct vstate a, struct vstate b)
{
    return a.rm == b.rm && a.em == b.em && a.cs == b.cs;
}

/* Every consistent state times every move: legal exactly where the rules say, and nothing else
 * changes. */
static void guards(void **state)
{
    for (const char *rm = RM_STATES; *rm; rm++) {
        for (const char *em = EM_STATES; *em; em++) {
            for (unsigned cs = 0; cs < 64; cs++) {
                struct vstate s = {*rm, *em, cs};
                if (!cs_valid(cs))
                    continue;
                for (const char *to = RM_STATES; *to; to++) {
                    struct vstate n = s;
                    bool ok = rm_legal(*rm, *to) && !(*to == 'C' && (*em == 'A' || *em == 'R'));
                    assert_int_equal(vstate_rm(&n, *to, NULL) == RC_OK, ok);
                    struct vstate want = {ok ? *to : *rm, *em, cs};
                    assert_true(same(n, want));
                }
                for (int act = 0; act < EM_ACTS; act++) {
                    struct vstate n = s;
                    char to = em_next(*em, (enum em_act)act);
                    bool starts = act == EM_PROPOSE || (act == EM_ACCEPT && *em == 'P');
                    bool barred = !strchr("RVA", *rm) || (cs & (CS_P | CS_X | CS_A | CS_F));
                    bool ok = to && !(starts && barred);
                    assert_int_equal(vstate_em(&n, (enum em_act)act, NULL) == RC_OK, ok);
                    struct vstate want = {*rm, ok ? to : *em, cs};
                    assert_true(same(n, want));
                }
                for (unsigned bit = 1; bit < 64; bit <<= 1) {
                    struct vstate n = s;
                    bool ok = !(cs & bit);
                    if (bit == CS_F)
                        ok = ok && *rm == 'A' && (cs & CS_V);
                    if (bit == CS_D)
                        ok = ok && *rm == 'A' && (cs & CS_F);
                    assert_int_equal(vstate_cs(&n, (enum cs_bit)bit, NULL) == RC_OK, ok);
                    struct vstate want = s;
                    if (ok) {
                        want.cs |= bit;
                        if (bit == CS_X)
                            want.cs |= CS_P;
                        if (want.cs & CS_P)
                            want.cs |= CS_V;
                        if (bit == CS_P || bit == CS_X)
                            want.em = *em == 'A' || *em == 'R' ? 'X' : *em == 'P' ? 'N' : *em;
                    }
                    assert_true(same(n, want));
                    assert_true(cs_valid(n.cs));
                }
            }
        }
    }
}

static void put(json_t *facts, enum fact f, json_t *value)
{
    struct err e = ERR_INIT;
    if (fact_put(facts, f, value, &e) != RC_OK)
        fail_msg("%s", e.msg);
    json_decref(value);
}

static void phase_is(json_t *facts, char rm, unsigned cs, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(100);
    struct phase_in in = {rm, cs, true, true, facts};
    phase_text(&in, &b);
    assert_string_equal(buf_c(&b), want);
}

static void phases(void **state)
{
    AUTO(json) json_t *f = json_object();
    phase_is(f, 'R', CS_V, "Received");
    put(f, FACT_EVIDENCE, json_string("seen")); /* not cumulative yet */
    phase_is(f, 'A', CS_V, "Received");
    put(f, FACT_ACKNOWLEDGED, json_true());
    phase_is(f, 'R', CS_V, "Assigned");
    phase_is(f, 'V', CS_V, "Confirmed");
    phase_is(f, 'A', CS_V, "Accepted");
    put(f, FACT_SCOPED, json_string("1.0 to 1.4"));
    put(f, FACT_AUDITED, json_string("alice"));
    phase_is(f, 'A', CS_V, "Audited");
    put(f, FACT_LINES, json_integer(3));
    put(f, FACT_FIXES, json_integer(1));
    phase_is(f, 'A', CS_V, "Fix 1/3");
    put(f, FACT_FIXES, json_integer(2));
    put(f, FACT_WAIVED, json_integer(1));
    phase_is(f, 'A', CS_V, "Fix 3/3");
    put(f, FACT_CVE, json_string("CVE-2026-12345"));
    phase_is(f, 'A', CS_V | CS_F, "Fix ready");
    put(f, FACT_RELEASE, json_integer(1795600000000000));
    put(f, FACT_ADVISORY_APPROVED, json_string("bob"));
    phase_is(f, 'A', CS_V | CS_F, "Scheduled");
    put(f, FACT_FORMATS_OUT, json_true());
    phase_is(f, 'A', CS_V | CS_F, "Scheduled");
    phase_is(f, 'A', CS_V | CS_F | CS_P, "Published");
    put(f, FACT_POST_RELEASE, json_true());
    phase_is(f, 'A', CS_V | CS_F | CS_P, "Post-release");
    phase_is(f, 'C', CS_V | CS_F | CS_P, "Closed");
    put(f, FACT_EVIDENCE, json_null()); /* a correction moves the case back */
    phase_is(f, 'A', CS_V | CS_F | CS_P, "Assigned");
    assert_int_equal(facts_check(f, NULL), RC_OK);
}

static void facts_refused(void **state)
{
    static const struct {
        enum fact f;
        const char *json;
    } bad[] = {{FACT_ACKNOWLEDGED, "\"yes\""}, {FACT_EVIDENCE, "1"},
               {FACT_EVIDENCE, "\"\""},        {FACT_LINES, "-1"},
               {FACT_LINES, "1001"},           {FACT_FIXES, "4"},
               {FACT_CVE, "\"CVE-26-1\""},     {FACT_LINES, "false"}};
    AUTO(json) json_t *f = json_pack("{s:i}", "lines", 3);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(json) json_t *v = json_loads(bad[i].json, JSON_DECODE_ANY, NULL);
        assert_int_equal(fact_put(f, bad[i].f, v, NULL), RC_INVALID);
    }
    assert_int_equal(json_object_size(f), 1);
    AUTO(json) json_t *unknown = json_pack("{s:b}", "done", 1);
    assert_int_equal(facts_check(unknown, NULL), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rm_table), cmocka_unit_test(em_table), cmocka_unit_test(cs_states),
        cmocka_unit_test(guards),   cmocka_unit_test(phases),   cmocka_unit_test(facts_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
