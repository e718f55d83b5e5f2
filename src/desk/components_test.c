/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of desk/components.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/components.h"

#define GOOD                                                                                       \
    "[own-ui]\nrelation = own\nwhat = our pages\npaths = web/, install.sh\nseen = yes\n"           \
    "date = 2026-01-31\n"

static void test_reads(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct components c;
    struct err e = ERR_INIT;
    const char *text = GOOD "[cache]\nrelation = third-party\nwhat = cache\nupstream = acme/cache\n"
                            "contact =\nseen = no\ndate = 2026-01-31\n";
    if (components_parse(a, str_c(text), "c.ini", &c, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(c.n, 2);
    assert_true(c.v[0].relation == RELATION_OWN && c.v[0].n_paths == 2 && c.v[0].seen);
    assert_string_equal(c.v[0].paths[0].p, "web/");
    assert_string_equal(c.v[1].upstream.p, "acme/cache");
    assert_string_equal(relation_name(c.v[1].relation), "third-party");
    assert_true(!c.v[1].seen && c.v[1].contact.n == 0);
}

static void test_refuses(void **state)
{
    (void)state;
    const struct {
        const char *more, *want;
    } bad[] = {
        {"[x]\nrelation = ours\n", "c.ini:8: relation is"},
        {"[x]\nwhat = y\n", "[x] has no relation"},
        {"[x]\nrelation = third-party\nwhat = y\nseen = no\ndate = 2026-01-01\n", "no upstream"},
        {"[x]\nrelation = own\nwhat = y\nseen = maybe\n", "c.ini:10: seen is yes or no"},
        {"[x]\nrelation = own\nwhat = y\nseen = no\ndate = 2026-13-01\n", "c.ini:11: date"},
        {"[x]\npaths = ../etc\n", "c.ini:8: a path is relative"},
        {"[x]\ncolour = red\n", "c.ini:8: there is no key \"colour\""},
        {"[x]\nwhat = a\nwhat = b\n", "c.ini:9: what was set already"},
        {"[x]\nrelation = copied\nwhat = y\nupstream = u\ncontact =\nseen = yes\ndate = "
         "2026-01-01\n",
         "was seen, but has no contact"},
        {"nonsense\n", "c.ini:7: neither"},
        {"[y]\nrelation = own\nwhat = y\nseen = no\ndate = 2026-01-01\n[own-ui]\nwhat = z\n",
         "stands there twice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(arena) struct arena *a = arena_new(1 << 20);
        struct components c;
        struct err e = ERR_INIT;
        char text[1000];
        snprintf(text, sizeof text, "%s%s", GOOD, bad[i].more);
        assert_int_equal(components_parse(a, str_c(text), "c.ini", &c, &e), RC_INVALID);
        if (strstr(e.msg, bad[i].want) == NULL)
            fail_msg("\"%s\" should say \"%s\"", e.msg, bad[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
