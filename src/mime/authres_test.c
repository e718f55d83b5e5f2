/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of Authentication-Results: limits, borders, alignment.
 */
#include "mime/rules_test.h"

#include "mime/authres.h"

static enum rc parse(struct arena *a, const char *v, struct authres **r)
{
    struct err e = ERR_INIT;
    return authres_parse(a, str_c(v), r, &e);
}

static void test_values_and_refusals(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    struct authres *r;
    assert_int_equal(parse(a, "\"a b\"; dkim/2=pass reason=x header.b=\"q\\\"z\" ;", &r), RC_OK);
    assert_true(str_eq(r->authserv_id, STR("a b")) && r->n_results == 1);
    assert_int_equal(r->results[0].version, 2);
    assert_true(str_eq(r->results[0].reason, STR("x")));
    assert_true(str_eq(r->results[0].props[0].value, STR("q\"z")));
    assert_int_equal(parse(a, "x; spf=pass smtp.mailfrom=\"a b\"@c.example", &r), RC_OK);
    assert_true(str_eq(r->results[0].props[0].value, STR("a b@c.example")));
    static const char *const wrong[] = {
        "",
        ";",
        "x",
        "x spf=pass",
        "x; spf=",
        "x; (",
        "x; =pass",
        "x; spf=p/",
        "x; spf=pass a",
        "x; spf=pass a.=b",
        "x; spf=pass .b=c",
        "x; none; spf=pass",
        "x; spf=pass reason=\"",
        "x; spf/y=pass",
        "x 1 1; none",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (parse(a, wrong[i], &r) != RC_INVALID)
            fail_msg("accepted: %s", wrong[i]);
    assert_int_equal(parse(a, "x 2; none", &r), RC_NOTFOUND);
}

static void test_limits(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(4u << 20);
    AUTO(buf) struct buf b = BUF_INIT(1u << 20);
    struct authres *r;
    buf_adds(&b, "x");
    for (int i = 0; i < AUTHRES_RESULTS_MAX; i++)
        buf_adds(&b, "; spf=pass");
    assert_int_equal(parse(a, buf_c(&b), &r), RC_OK);
    assert_int_equal(r->n_results, AUTHRES_RESULTS_MAX);
    buf_adds(&b, "; spf=pass");
    assert_int_equal(parse(a, buf_c(&b), &r), RC_LIMIT);
    buf_reset(&b);
    buf_adds(&b, "x; spf=pass");
    for (int i = 0; i <= AUTHRES_PROPS_MAX; i++)
        buf_adds(&b, " a.b=c");
    assert_int_equal(parse(a, buf_c(&b), &r), RC_LIMIT);
    buf_reset(&b);
    for (int i = 0; i <= AUTHRES_VALUE_MAX; i++)
        buf_addc(&b, '(');
    assert_int_equal(parse(a, buf_c(&b), &r), RC_LIMIT);
    AUTO(arena) struct arena *tiny = arena_new(64);
    assert_int_equal(parse(tiny, "x; spf=pass a.b=c", &r), RC_LIMIT);
}

#define AR(v)                                                                                      \
    {                                                                                              \
        {"Authentication-Results", 22},                                                            \
        {                                                                                          \
            v, sizeof(v) - 1                                                                       \
        }                                                                                          \
    }
#define RECEIVED                                                                                   \
    {                                                                                              \
        {"received", 8},                                                                           \
        {                                                                                          \
            "by x", 4                                                                              \
        }                                                                                          \
    }

static size_t trusted(const struct hfield *f, size_t n, size_t received, bool below, size_t *index)
{
    struct authres_border b = {STR("mx.desk.example"), received, below};
    return authres_trusted(f, n, &b, index, 8);
}

static void test_position_decides(void **state)
{
    (void)state;
    size_t index[8];
    const struct hfield above[] = {RECEIVED,
                                   AR("mx.desk.example; none"),
                                   AR("mx.desk.example; none"),
                                   RECEIVED,
                                   AR("mx.desk.example; dmarc=pass"),
                                   RECEIVED,
                                   AR("mx.desk.example; dmarc=pass")};
    assert_int_equal(trusted(above, 7, 2, true, index), 2);
    assert_true(index[0] == 1 && index[1] == 2);
    const struct hfield below[] = {RECEIVED,
                                   RECEIVED,
                                   AR("(c) \"MX.desk.example\" 1; none"),
                                   AR("mx.desk.example; dmarc=pass"),
                                   RECEIVED,
                                   AR("mx.desk.example; dmarc=pass")};
    assert_int_equal(trusted(below, 6, 2, true, index), 1);
    assert_int_equal(index[0], 2);
    assert_int_equal(trusted(below, 6, 2, false, index), 0);
    /* Fewer Received fields than our side adds: the mail did not come through the MTA. */
    assert_int_equal(trusted(above, 3, 2, true, index), 0);
    const struct hfield other[] = {AR("evil.mx.desk.example; none"),
                                   AR("mx.desk.example.evil; none"), AR("; none"),
                                   AR("(mx.desk.example"), RECEIVED};
    assert_int_equal(trusted(other, 5, 1, true, index), 0);
    struct authres_border nobody = {STR_NONE, 2, true};
    assert_int_equal(authres_trusted(above, 7, &nobody, index, 8), 0);
}

static enum authres_proof proof(const char *value, const char *from)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    const struct hfield f[] = {{STR("Authentication-Results"), str_c(value)},
                               {STR("Received"), STR("x")}};
    struct authres_border b = {STR("me"), 1, false};
    struct authres_verdict v;
    struct err e = ERR_INIT;
    assert_int_equal(authres_judge(a, f, 2, &b, str_c(from), &v, &e), RC_OK);
    assert_int_equal(v.n_trusted, 1);
    return v.proof;
}

static void test_alignment(void **state)
{
    (void)state;
    assert_int_equal(proof("me; dmarc=pass header.from=V.example.", "v.Example"), AUTHRES_DMARC);
    assert_int_equal(proof("me; dmarc=pass header.from=w.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dmarc=pass", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dmarc=pass header.from=a.v.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dkim=pass header.d=v.example", "v.example"), AUTHRES_DKIM);
    assert_int_equal(proof("me; dkim=pass header.d=v.example", "a.v.example"), AUTHRES_DKIM);
    assert_int_equal(proof("me; dkim=pass header.d=a.v.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dkim=pass header.d=example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dkim=pass header.d=v.example", "evilv.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dkim=fail header.d=v.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; dkim=pass header.i=@v.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(proof("me; spf=pass smtp.mailfrom=v.example", "v.example"), AUTHRES_NONE);
    assert_int_equal(
        proof("me; dmarc=fail header.from=v.example; dkim=pass header.d=v.example", "v.example"),
        AUTHRES_NONE);
    assert_int_equal(proof("me; dmarc=pass header.from=", ""), AUTHRES_NONE);
    assert_int_equal(proof("me; garbage", "v.example"), AUTHRES_NONE);
}

static void test_proof_names(void **state)
{
    (void)state;
    for (enum authres_proof p = AUTHRES_NONE; p <= AUTHRES_DMARC; p++) {
        enum authres_proof back = AUTHRES_NONE;
        assert_true(authres_proof_of(str_c(authres_proof_name(p)), &back) && back == p);
    }
    enum authres_proof p;
    assert_false(authres_proof_of(STR("spf"), &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_refusals), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_position_decides),    cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_proof_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
