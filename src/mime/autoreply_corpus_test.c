/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays standards/mail/auto-reply: who is answered, at which address, with which fields.
 */
#include "mime/rules_test.h"

#include "mime/autoreply.h"

#define DIR "standards/mail/auto-reply"

static void test_manifest(void **state)
{
    (void)state;
    static const struct str ours[] = {{"security@desk.example", 21}};
    AUTO(json) json_t *all = corpus_json(DIR "/manifest.json");
    json_t *one;
    size_t i;
    assert_true(json_array_size(all) >= 22);
    json_array_foreach(all, i, one)
    {
        AUTO(arena) struct arena *a = arena_new(1u << 20);
        AUTO(buf) struct buf path = BUF_INIT(1000);
        AUTO(buf) struct buf raw = BUF_INIT(TEST_FILE_MAX);
        struct hfield f[100];
        size_t n;
        struct autoreply_facts facts;
        struct err e = ERR_INIT;
        buf_addf(&path, DIR "/%.*s", STR_ARG(js(one, "file")));
        corpus_read(buf_c(&path), &raw);
        split_header(buf_str(&raw), f, ARRAY_LEN(f), &n);
        assert_int_equal(autoreply_scan(a, f, n, NULL, &facts, &e), RC_OK);
        bool state_needed = json_is_true(json_object_get(one, "needs_state"));
        struct autoreply_ask ask = {
            .facts = &facts, .ours = ours, .n_ours = 1, .recent_case = state_needed ? 1 : 0};
        enum autoreply_why why = autoreply_decide(&ask);
        if ((why == AUTOREPLY_SEND) != json_is_true(json_object_get(one, "auto_reply")))
            fail_msg("%s: %s", buf_c(&path), autoreply_why_name(why));
        if (state_needed) {
            assert_int_equal(why, AUTOREPLY_RATE_CASE);
            ask.recent_case = 0;
            assert_int_equal(autoreply_decide(&ask), AUTOREPLY_SEND);
        }
        if (js(one, "reply_to_address").n > 0)
            assert_true(str_eq(facts.return_path, js(one, "reply_to_address")));
        struct str want = js(json_object_get(one, "reply_headers"), "Auto-Submitted");
        if (want.n > 0) {
            struct hfield h[AUTOREPLY_HEADERS];
            autoreply_headers(ours[0], h);
            assert_true(str_eq(hfield_find(h, AUTOREPLY_HEADERS, "auto-submitted")->value, want));
            assert_true(str_eq(hfield_find(h, AUTOREPLY_HEADERS, "x-loop")->value, ours[0]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest),
    };
    if (!corpus_there(DIR))
        return corpus_skip("autoreply-corpus");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
