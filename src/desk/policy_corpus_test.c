/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Corpus test: the founding policy gives its contact, its three sections with their anchors, and
 * each of its promises with its words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/policy.h"
#include "os/file.h"

static char path[4096];

static void promised(const struct policy *p, enum policy_promise_kind k, unsigned from, unsigned to,
                     const char *words)
{
    const struct policy_promise *pr = &p->promises[k];
    if (!pr->found)
        fail_msg("%s was not found", policy_promise_name(k));
    assert_int_equal(pr->line_start, from);
    assert_int_equal(pr->line_end, to);
    if (strstr(pr->words.p, words) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", pr->words.p, words);
    assert_true(pr->within_us == 0);
}

static void test_founding_policy(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(POLICY_MAX);
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    struct err e = ERR_INIT;
    const struct policy *p = NULL;
    assert_int_equal(file_read(AT_FDCWD, path, POLICY_MAX, &b, &e), RC_OK);
    assert_int_equal(policy_parse(a, buf_str(&b), &p, &e), RC_OK);
    assert_string_equal(p->project.p, "mailcow: dockerized");
    assert_int_equal(p->n_contacts, 1);
    assert_string_equal(p->contacts[0].address.p, "info@servercow.de");
    assert_true(p->contacts[0].line == 18 && p->contacts[0].how == POLICY_SPELLED &&
                p->contacts[0].reporting);
    const char *anchors[] = {"reporting-a-vulnerability", "disclosure-policy",
                             "comments-on-this-policy"};
    assert_int_equal(p->n_sections, 3);
    assert_int_equal(p->n_links, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(p->sections[i].anchor.p, anchors[i]);
        assert_string_equal(p->links[i].anchor.p, anchors[i]);
        assert_true(p->links[i].ok);
    }
    promised(p, PROMISE_ACKNOWLEDGE, 20, 22, "will acknowledge your email as soon as possible");
    promised(p, PROMISE_DETAIL, 20, 22, "a more detailed response afterwards");
    promised(p, PROMISE_UPDATE, 22, 24, "will endeavor to keep you informed");
    promised(p, PROMISE_HANDLER, 31, 32, "assign it to a primary handler.");
    promised(p, PROMISE_AFFECTED, 35, 35,
             "Confirm the problem and determine the affected versions.");
    promised(p, PROMISE_AUDIT, 36, 36, "Audit code to find any potential similar problems.");
    promised(p, PROMISE_FIXES, 37, 37, "Prepare fixes for all releases still under maintenance.");
    promised(p, PROMISE_THIRD_PARTY, 26, 27, "third-party modules to the person or team");
    promised(p, PROMISE_CREDIT, 13, 14, "make every effort to acknowledge your contributions.");
    promised(p, PROMISE_ANNOUNCE, 22, 24, "full announcement");
    promised(p, PROMISE_COMMENTS, 41, 42, "please submit a pull request.");
    assert_true(p->n_urls == 0 && p->n_versions == 0 && p->embargo_us == 0 &&
                p->fingerprint.n == 0 && !p->truncated);
}

int main(void)
{
    const char *shared = getenv("VULNDESK_SHARED");
    snprintf(path, sizeof path, "%s/policy/mailcow-SECURITY.md", shared ? shared : "../shared");
    if (access(path, R_OK) != 0) {
        printf("SKIP policy-founding: the founding policy is not in VULNDESK_SHARED\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_founding_policy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
