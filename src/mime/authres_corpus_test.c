/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays standards/mail/auth-results: every value and every trust case.
 */
#include "mime/rules_test.h"

#include "mime/authres.h"

#define DIR "standards/mail/auth-results"

static void same_results(const struct authres *r, const json_t *want, const char *header)
{
    const json_t *list = json_object_get(want, "results"), *one;
    size_t i;
    if (!str_eq(r->authserv_id, js(want, "authserv_id")) || r->n_results != json_array_size(list) ||
        r->version != (unsigned)json_integer_value(json_object_get(want, "version")))
        fail_msg("%s: id, version or number of results", header);
    json_array_foreach(list, i, one)
    {
        const struct authres_result *got = &r->results[i];
        json_t *props = json_object_get(one, "props");
        assert_true(str_eq(got->method, js(one, "method")));
        assert_true(str_eq(got->result, js(one, "result")));
        assert_true(str_eq(got->reason, js(one, "reason")));
        assert_int_equal(got->n_props, json_object_size(props));
        for (size_t k = 0; k < got->n_props; k++) {
            AUTO(buf) struct buf key = BUF_INIT(1000);
            buf_addf(&key, "%.*s.%.*s", STR_ARG(got->props[k].ptype),
                     STR_ARG(got->props[k].property));
            assert_true(str_eq(js(props, buf_c(&key)), got->props[k].value));
        }
    }
}

static void test_parse(void **state)
{
    (void)state;
    AUTO(json) json_t *all = corpus_json(DIR "/parse.json");
    json_t *one;
    size_t i;
    assert_true(json_array_size(all) >= 16);
    json_array_foreach(all, i, one)
    {
        AUTO(arena) struct arena *a = arena_new(1u << 20);
        struct err e = ERR_INIT;
        struct authres *r = NULL;
        struct str header = js(one, "header");
        const json_t *want = json_object_get(one, "expect");
        enum rc rc = authres_parse(a, header, &r, &e);
        struct str error = js(want, "error"), ignore = js(want, "ignore");
        if (error.n > 0) {
            assert_int_equal(rc, RC_INVALID);
            if (str_find(str_c(e.msg), error) == STR_NPOS)
                fail_msg("%s: says %s", header.p, e.msg);
        } else if (ignore.n > 0) {
            assert_int_equal(rc, RC_NOTFOUND);
            assert_true(str_find(str_c(e.msg), ignore) != STR_NPOS);
        } else if (js(want, "either").n > 0) {
            assert_true(rc == RC_INVALID ||
                        (rc == RC_OK && r->n_results == 1 && r->results[0].n_props == 0));
        } else {
            if (rc != RC_OK)
                fail_msg("%s: %s", header.p, e.msg);
            same_results(r, want, header.p);
        }
    }
}

/* The cases list the Authentication-Results fields only; the trace around them is written here as
 * the note of each case says: our two hops on top, and an outside hop above the second field when
 * the note ("trace") says that it stands below one. */
static void test_trust(void **state)
{
    (void)state;
    AUTO(json) json_t *all = corpus_json(DIR "/trust.json");
    json_t *one;
    size_t i, k;
    assert_true(json_array_size(all) >= 4);
    json_array_foreach(all, i, one)
    {
        for (int above = 0; above < 2; above++) {
            const json_t *headers = json_object_get(one, "headers");
            const json_t *want = json_object_get(json_object_get(one, "expect"), "trusted");
            struct hfield f[16];
            size_t n = 0, index[8], number[16];
            f[n++] = (struct hfield){STR("Received"), STR("by our smtpd")};
            if (!above)
                f[n++] = (struct hfield){STR("Received"), STR("by mx.desk.example")};
            for (k = 0; k < json_array_size(headers); k++) {
                if (k == 1 && js(one, "trace").n > 0) {
                    if (above)
                        f[n++] = (struct hfield){STR("Received"), STR("by mx.desk.example")};
                    f[n++] = (struct hfield){STR("Received"), STR("by outside.example")};
                }
                const char *v = json_string_value(json_array_get(headers, k));
                number[n] = k;
                f[n++] = (struct hfield){STR("Authentication-Results"), str_c(v)};
            }
            f[n++] = (struct hfield){STR("Received"), STR("by mx.desk.example")};
            struct authres_border b = {js(one, "our_authserv_id"), 2, !above};
            size_t got = authres_trusted(f, n, &b, index, 8);
            assert_int_equal(got, json_array_size(want));
            for (k = 0; k < got; k++)
                assert_int_equal(number[index[k]],
                                 (size_t)json_integer_value(json_array_get(want, k)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_trust),
    };
    if (!corpus_there(DIR))
        return corpus_skip("authres-corpus");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
