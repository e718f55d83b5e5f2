/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of commits without what would be the announcement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/scrub.h"

static void is(const char *text, const char *want, size_t taken)
{
    AUTO(arena) struct arena *a = arena_new(4u << 20);
    struct err e = ERR_INIT;
    struct scrubbed s;
    assert_int_equal(scrub_message(a, str_c(text), STR("EX"), &s, &e), RC_OK);
    assert_string_equal(s.text.p, want);
    if (s.n_taken != taken) {
        for (size_t i = 0; i < s.n_taken; i++)
            print_error("%zu: %s\n", s.taken[i].line, s.taken[i].what.p);
        fail_msg("taken out: %zu of \"%s\"", s.n_taken, text);
    }
}

static void test_an_innocent_message_stays(void **state)
{
    (void)state;
    is("parser: read the length once\n", "parser: read the length once\n", 0);
    is("parser: read the length once\n\nIt was read twice.  The second one may differ.\n\n"
       "Signed-off-by: A Dev <a@dev.example>\n(cherry picked from commit 0123abcd)\n",
       "parser: read the length once\n\nIt was read twice.  The second one may differ.\n\n"
       "Signed-off-by: A Dev <a@dev.example>\n(cherry picked from commit 0123abcd)\n",
       0);
    is("Do this on dosage; discover expose\n", "Do this on dosage; discover expose\n", 0);
    is("", "\n", 0);
}

static void test_numbers_go_from_the_subject(void **state)
{
    (void)state;
    is("CVE-2026-12345: read the length once\n", "read the length once\n", 1);
    is("read the length once (CVE-2026-12345)\n", "read the length once\n", 1);
    is("read the length once (fixes cve-2026-12345, CVE-2026-12346)\n", "read the length once\n",
       2);
    is("Fix EX-2026-0007\n", "Correct an error\n", 1);
    is("read it once, GHSA-abcd-1234-efgh\n", "read it once\n", 1);
}

static void test_words_become_a_neutral_one(void **state)
{
    (void)state;
    is("Fix a heap buffer overflow in parse_len()\n", "Fix an error in parse_len()\n", 1);
    is("Fix possible security vulnerability in parse_len()\n", "Fix an error in parse_len()\n", 1);
    is("Stop attackers from exploiting the parser\n", "Correct an error\n", 2);
    is("Use-After-Free in x\n", "an error in x\n", 1);
}

static void test_sentences_of_the_body_go(void **state)
{
    (void)state;
    is("parser: read once\n\nThe length was read twice. A malicious client could\n"
       "change it and run arbitrary code. Read it once.\n",
       "parser: read once\n\nThe length was read twice. Read it once.\n", 1);
    is("parser: read once\n\nFixes: CVE-2026-1234\nReported-by: B <b@x.example>\n",
       "parser: read once\n\nReported-by: B <b@x.example>\n", 1);
    is("parser: read once\n\n- exploit: ./poc.sh\n- read once\n",
       "parser: read once\n\n- read once\n", 1);
    is("parser: read once\n\nSee https://x.example/security/advisories/GHSA-abcd-1234-efgh for "
       "it.\n",
       "parser: read once\n", 1);
    is("parser: read once\n\nSee https://x.example/b/GHSA-abcd-1234-efgh and the code.\n",
       "parser: read once\n\nand the code.\n", 1);
}

static void test_trailers_of_people_and_commits_stay(void **state)
{
    (void)state;
    is("a\n\nReviewed-by: Attack Smith <attack@x.example>\n"
       "(cherry picked from commit 0123456789abcdef)\nBackport-notes: left out tests/security.t\n",
       "a\n\nReviewed-by: Attack Smith <attack@x.example>\n"
       "(cherry picked from commit 0123456789abcdef)\nBackport-notes: left out tests/security.t\n",
       0);
}

static void test_what_came_out_is_listed_with_its_line(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(4u << 20);
    AUTO(buf) struct buf long_one = BUF_INIT(SCRUB_TEXT_MAX + 10);
    struct err e = ERR_INIT;
    struct scrubbed s;
    assert_int_equal(scrub_message(a, STR("a\n\nb.\nThis is an exploit.\nc.\n"), STR("EX"), &s, &e),
                     RC_OK);
    assert_int_equal(s.n_taken, 1);
    assert_int_equal(s.taken[0].line, 4);
    assert_string_equal(s.taken[0].what.p, "This is an exploit.");
    for (int i = 0; i < 1000; i++)
        buf_adds(&long_one, "- an exploit\n");
    assert_int_equal(scrub_message(a, buf_str(&long_one), STR("EX"), &s, &e), RC_OK);
    assert_int_equal(s.n_taken, SCRUB_TAKEN);
    assert_int_equal(s.more, 1000 - SCRUB_TAKEN);
    while (!long_one.over)
        buf_adds(&long_one, "- an exploit\n");
    assert_int_equal(scrub_message(a, str_of(long_one.p, SCRUB_TEXT_MAX + 1), STR("EX"), &s, &e),
                     RC_INVALID);
    assert_int_equal(scrub_message(a, STR("a\001"), STR("EX"), &s, &e), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_innocent_message_stays),
        cmocka_unit_test(test_numbers_go_from_the_subject),
        cmocka_unit_test(test_words_become_a_neutral_one),
        cmocka_unit_test(test_sentences_of_the_body_go),
        cmocka_unit_test(test_trailers_of_people_and_commits_stay),
        cmocka_unit_test(test_what_came_out_is_listed_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
