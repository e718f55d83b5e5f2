/* SPDX-License-Identifier: Apache-2.0 */
/* The shared corpus of threading and hijack cases: what its desk_rule lines ask for, by intake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>

#include "desk/testing.h"
#include "os/file.h"

#define CORPUS_MAX (1 << 20)

static const char *str_in(const json_t *j, const char *key, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : otherwise;
}

static struct intake_result take(struct test_desk *t, const json_t *m, const char *from)
{
    struct test_mail tm = {.from = str_in(m, "from", from),
                           .mid = str_in(m, "id", ""),
                           .text = arena_strf(t->a, "text of %s\n", str_in(m, "id", "")).p,
                           .subject = str_in(m, "subject", NULL),
                           .ref = json_string_value(json_array_get(json_object_get(m, "refs"), 0))};
    return test_mail_in(t, &tm);
}

/* Two reports with one subject are two cases. */
static void by_subject(const json_t *one)
{
    struct test_desk t;
    const json_t *messages = json_object_get(one, "messages");
    test_desk_init(&t, false, "");
    test_account(&t, "alice", 1);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        struct intake_result r = take(&t, json_array_get(messages, i),
                                      i ? "second@reporter.example" : "first@reporter.example");
        assert_int_equal(r.kind, INTAKE_NEW);
    }
    assert_int_equal(test_count(&t, "SELECT count(*) FROM vcase"),
                     (int64_t)json_array_size(messages));
    test_desk_release(&t);
}

/* A stranger who references a case's message is held, and nothing is sent to him. */
static void hijack(const json_t *one)
{
    struct test_desk t;
    const json_t *made = json_object_get(one, "case"), *messages = json_object_get(one, "messages");
    test_desk_init(&t, false, "");
    test_account(&t, "alice", 1);
    struct test_mail first = {
        .from = json_string_value(json_array_get(json_object_get(made, "participants"), 0)),
        .mid = json_string_value(json_array_get(json_object_get(made, "message_ids"), 0)),
        .text = "a report\n"};
    struct intake_result r = test_mail_in(&t, &first);
    test_acknowledge(&t, r.message_id);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        struct intake_result h = take(&t, json_array_get(messages, i), "x@evil.example");
        assert_int_equal(h.kind, INTAKE_HELD);
        assert_int_equal(h.thread_id, 0);
        assert_false(h.acknowledge);
    }
    assert_int_equal(test_count(&t, "SELECT count(*) FROM outbox"), 1);
    assert_int_equal(test_count(&t, "SELECT count(*) FROM outbox WHERE rcpt LIKE '%evil%'"), 0);
    test_desk_release(&t);
}

static json_t *corpus;

static void rules(void **state)
{
    size_t i, done = 0;
    json_t *one;
    json_array_foreach(corpus, i, one)
    {
        if (!json_object_get(one, "desk_rule"))
            continue;
        done++;
        if (json_object_get(one, "case"))
            hijack(one);
        else
            by_subject(one);
    }
    assert_true(done >= 2);
}

int main(void)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf text = BUF_INIT(CORPUS_MAX + 1);
    char path[FILE_PATH_MAX];
    const char *shared = getenv("VULNDESK_SHARED");
    snprintf(path, sizeof(path), "%s/standards/mail/jwz/threads.json",
             shared ? shared : "../shared");
    if (file_read(AT_FDCWD, path, CORPUS_MAX, &text, &e) != RC_OK) {
        printf("SKIP desk-threads: %s\n", e.msg);
        return 77;
    }
    corpus = json_loadb(text.p, text.n, 0, NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(corpus);
    return failed;
}
