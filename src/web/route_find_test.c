/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages below a case that show what engines found: affected versions, similar problems.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "testing/affected_stub.h"
#include "testing/audit_stub.h"
#include "testing/bench.h"
#include "web/fixture_audit.h"
#include "web/page_audit.h"

#define AFFECTED "/case/DEMO-2025-0012/affected"

static void affected_versions_of_a_hostile_history(void **state)
{
    struct bench *t = *state;
    static uint32_t both[] = {0, 1};
    static struct rec_why why = {.rule = {"<i>", 3}, .path = {STUB_HOSTILE, 20}, .line = 3};
    static struct rec_release releases[2];
    static struct rec_candidate candidates[2];
    static struct map_run run = {.first = 0, .last = 1, .n = 2};
    static struct view_decision decision;
    releases[0] = (struct rec_release){
        .tag = STR(STUB_HOSTILE), .status = REC_AFFECTED, .counts = true, .ev = &why, .n_ev = 1};
    releases[1] = (struct rec_release){.tag = STR("v2"), .status = REC_FIXED, .counts = true};
    candidates[0] = candidates[1] = (struct rec_candidate){.affected = both,
                                                           .n_affected = 2,
                                                           .differs = both,
                                                           .n_differs = 2,
                                                           .why = &why,
                                                           .n_why = 1};
    decision = (struct view_decision){STR(STUB_HOSTILE), STR("fixed"), STR(STUB_HOSTILE),
                                      STR("handler:ada"), FIXTURE_NOW};
    stub_affected = (struct view_affected){
        .repository = true,
        .asked = true,
        .has = true,
        .nth = 5,
        .chosen = 1,
        .summary = STR(STUB_HOSTILE),
        .svg = STR("<svg></svg>"),
        .decisions = &decision,
        .n_decisions = 1,
        .runs = &run,
        .n_runs = 1,
        .r = {.releases = releases, .n_releases = 2, .candidates = candidates, .n_candidates = 2}};
    assert_int_equal(get(t, true, AFFECTED, TEAM), 200);
    LACKS(t, "<script>alert");
    LACKS(t, "<img src=x");
    LACKS(t, "<i>");
    HAS(t, "<svg></svg>");
    HAS(t, "id=\"r-0\"");
    HAS(t, "Choose candidate 2");
    LACKS(t, "Choose candidate 1"); /* that one is chosen */
    HAS(t, "action=\"/case/DEMO-2026-0002/affected/choose");
    assert_int_equal(get(t, true, AFFECTED "/part/3", TEAM), 200);
    HAS(t, "action=\"/case/DEMO-2026-0002/affected/part/3/choose");
    assert_int_equal(get(t, true, AFFECTED "/part/3/releases", TEAM), 200);
    assert_int_equal(get(t, true, AFFECTED "/part/x", TEAM), 404);
    assert_int_equal(get(t, true, AFFECTED "/part/", TEAM), 404);
    /* Nothing to do on a closed case, and nothing to ask without a repository. */
    stub_affected.closed = true;
    assert_int_equal(get(t, true, AFFECTED, TEAM), 200);
    LACKS(t, AFFECTED "/");
    stub_affected = (struct view_affected){.repository = false};
    assert_int_equal(get(t, true, AFFECTED, TEAM), 200);
    HAS(t, "No repository is configured");
    LACKS(t, AFFECTED "/");
    assert_int_equal(get(t, true, AFFECTED, ""), 403);
}

static void forms_of_affected_versions_become_verbs(void **state)
{
    struct bench *t = *state;
    static const struct {
        const char *form, *fields, *verb, *args;
    } forms[] = {
        {"ask", "&fix=a+b%0D%0Ac&introduced=&at=", "affected.ask", "\"fix\":\"a b\\nc\""},
        {"again", "", "affected.again", "\"case\":"},
        {"keep", "", "affected.keep", "\"case\":"},
        {"choose", "&candidate=2&answer=5", "affected.choose", "\"candidate\":2,\"answer\":5"},
        {"unchoose", "", "affected.choose", "\"case\":"},
        {"decide", "&tag=v1&status=fixed&reason=so", "affected.decide", "\"status\":\"fixed\""},
        {"undecide", "&tag=v1", "affected.decide", "\"tag\":\"v1\""},
        {"part/3/choose", "&candidate=2&answer=5", "affected.choose", "\"part\":3,\"candidate\":2"},
    };
    char path[100], body[200];
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        snprintf(path, sizeof path, AFFECTED "/%s", forms[i].form);
        snprintf(body, sizeof body, "csrf=" STUB_CSRF "%s", forms[i].fields);
        stub.cmds = 0;
        assert_int_equal(post(t, true, path, TEAM, body + strlen("csrf=" STUB_CSRF "")), 403);
        assert_int_equal(stub.cmds, 0);
        assert_int_equal(post(t, true, path, TEAM, body), 303);
        assert_string_equal(stub.verb, forms[i].verb);
        if (strstr(stub.args, forms[i].args) == NULL)
            fail_msg("%s: %s", forms[i].form, stub.args);
    }
    assert_int_equal(post(t, true, AFFECTED "/choose", TEAM, "csrf=" STUB_CSRF "&candidate=x"),
                     400);
    assert_int_equal(post(t, true, AFFECTED "/burn", TEAM, "csrf=" STUB_CSRF), 404);
    /* What was typed is there after a refusal. */
    stub_affected = (struct view_affected){.repository = true};
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, true, AFFECTED "/ask", TEAM, "csrf=" STUB_CSRF "&fix=%3Cabc%3E"), 400);
    HAS(t, ">&lt;abc&gt;</textarea>");
    stub.fail = RC_OK;
}

#define AUDIT "/case/DEMO-2025-0012/audit"

static void an_audit_of_hostile_code(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    fixture_audit(a, &stub_audit);
    assert_int_equal(get(t, true, AUDIT, TEAM), 200);
    LACKS(t, "<script>alert");
    LACKS(t, "<img src=x");
    /* Of ours only signs and numbers stand in <b> and <i>. */
    for (char c = 'a'; c <= 'z'; c++) {
        const char bold[] = {'<', 'b', '>', c, 0}, slanted[] = {'<', 'i', '>', c, 0};
        LACKS(t, bold);
        LACKS(t, slanted);
    }
    HAS(t, "&lt;/pre&gt;&lt;</span><mark class=\"c\">script</mark>");
    HAS(t, "<span class=\"trick\">U+202E</span>");
    HAS(t, "<span class=\"del\"><i>121</i><i>-</i>");
    HAS(t, "<mark>escape_html</mark>");
    HAS(t, "bout 7 places to read for 70 % of known siblings");
    HAS(t, "210,388 lines of code. 14 files were not searched.");
    HAS(t, "You sign: <strong>1 same flaw</strong>");
    HAS(t, "Before the audit is signed off: 4 to judge, 1 unsure.");
    HAS(t, "libold&lt;/i&gt; 1.2.&lt;i&gt;3&lt;/i&gt;, known by its version file");
    /* Nothing to do on a closed case. */
    stub_audit.closed = true;
    assert_int_equal(get(t, true, AUDIT, TEAM), 200);
    LACKS(t, "method=\"post\" action=\"/case/DEMO-2025-0012/audit/ask");
    LACKS(t, "name=\"only\"");
    LACKS(t, "Sign it");
    stub_audit = (struct view_audit){.repository = false};
    assert_int_equal(get(t, true, AUDIT, TEAM), 200);
    HAS(t, "No repository is configured");
    LACKS(t, AUDIT "/");
    stub_audit = (struct view_audit){.repository = true, .asked = true, .waits = true};
    assert_int_equal(get(t, true, AUDIT, TEAM), 200);
    HAS(t, "The code is being searched");
    assert_int_equal(get(t, true, AUDIT, ""), 403);
}

static void a_case_names_what_joined_it(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012", TEAM), 200);
    HAS(t, "<a href=\"" AUDIT "\">9 places: 2 same flaw, 7 safe, signed off</a>");
    HAS(t, "href=\"" AUDIT "#part-7\">web/inc/log_view.php:216</a>");
    HAS(t, "<a href=\"" AFFECTED "/part/7\">2025-07 to 2025-09 (3 releases)</a>");
    HAS(t, "portal: &lt;b&gt;lib&lt;/b&gt;.php:3");
}

static size_t times(struct bench *t, const char *what)
{
    size_t n = 0;
    for (const char *p = BODY(t); (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static void lists_and_pages_of_an_audit(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    fixture_audit(a, &stub_audit);
    assert_int_equal(get(t, true, AUDIT, TEAM), 200);
    assert_int_equal(times(t, "<article"), AUDIT_PAGE);
    HAS(t, "href=\"" AUDIT "?from=6\" rel=\"next\"");
    assert_int_equal(get(t, true, AUDIT "?from=6", TEAM), 200);
    assert_int_equal(times(t, "<article"), 1);
    HAS(t, "href=\"" AUDIT "\" rel=\"prev\"");
    HAS(t, "7 to 7 of 7");
    assert_int_equal(get(t, true, AUDIT "?show=open", TEAM), 200);
    assert_int_equal(times(t, "<article"), 4);
    assert_int_equal(get(t, true, AUDIT "?show=sign", TEAM), 200);
    assert_int_equal(times(t, "<article"), 1);
    assert_int_equal(get(t, true, AUDIT "?show=all", TEAM), 404);
    assert_int_equal(get(t, true, AUDIT "?from=x", TEAM), 404);
    assert_int_equal(get(t, true, AUDIT "?from=400", TEAM), 200);
    assert_int_equal(times(t, "<article"), AUDIT_PAGE);
    /* A place of its own has all that the answer holds; also one that is below the cut. */
    assert_int_equal(get(t, true, AUDIT "/place/00112233445566a0.0", TEAM), 200);
    HAS(t, "<i>226</i>");
    LACKS(t, "More of this file");
    assert_int_equal(get(t, true, AUDIT "/place/00112233445566a8.2", TEAM), 200);
    LACKS(t, "rel=\"next\"");
    assert_int_equal(get(t, true, AUDIT "/place/00112233445566a8.3", TEAM), 404);
    assert_int_equal(get(t, true, AUDIT "/not-searched", TEAM), 200);
    HAS(t, "14 files were not searched; the first 3 have their names here");
    HAS(t, "web/js/&lt;i&gt;bundle&lt;/i&gt;.min.js");
    HAS(t, "<td data-label=\"Why\">binary</td>");
    assert_int_equal(get(t, true, AUDIT "/export.json", TEAM), 200);
    assert_string_equal(t->r.content_type, "application/json; charset=utf-8");
    assert_string_equal(buf_c(&t->r.file_name), "audit-DEMO-2025-0012.json");
    HAS(t, "\"places\":9");
    assert_int_equal(get(t, true, AUDIT "/export.csv", TEAM), 200);
    assert_string_equal(t->r.content_type, "text/csv; charset=utf-8");
    assert_int_equal(get(t, true, AUDIT "/export.xml", TEAM), 404);
    assert_int_equal(get(t, true, AUDIT "/export.csv", ""), 403);
}

#define KEY(n) "00112233445566a" n

static void forms_of_an_audit_become_verbs(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    static const struct {
        const char *form, *fields, *verb, *args, *to;
        int cmds;
    } forms[] = {
        {"ask", "&fix=a+b&like=&hunks=&branches=m*&repositories=&limit=20&cut=0.5", "audit.ask",
         "\"branches\":\"m*\"", "?done=audit-ask", 1},
        {"again", "", "audit.again", "\"case\":", "?done=audit-again", 1},
        {"cut", "&cut=0.6&show=open", "audit.cut", "\"cut\":\"0.6\"", "?done=audit-cut&show=open",
         1},
        {"sign", "&digest=ab", "audit.sign", "\"digest\":\"ab\"", "?done=audit-sign", 1},
        {"unsign", "&reason=no", "audit.unsign", "\"reason\":\"no\"", "?done=audit-unsign", 1},
        {"fix", "&part=3&fix=abc", "audit.fix", "\"part\":3", "?done=audit-fix", 1},
        /* One place: then on to the next one. */
        {"decide",
         "&show=open&from=6&v-" KEY("1.1") "=safe&r-" KEY("1.1") "=so+it+is&r-" KEY(
             "2.2") "=x&only=" KEY("1.1"),
         "audit.decide", "\"keys\":\"" KEY("1.1") "\",\"verdict\":\"safe\",\"reason\":\"so it is\"",
         "?done=audit-decide&show=open&from=6#p-" KEY("2.2"), 1},
        /* All that have a button pressed. */
        {"decide",
         "&v-" KEY("1.1") "=unsure&r-" KEY("1.1") "=&r-" KEY("2.2") "=&v-" KEY(
             "3.0") "=same_flaw&r-" KEY("3.0") "=&do=each",
         "audit.decide", "\"keys\":\"" KEY("3.0") "\",\"verdict\":\"same_flaw\"",
         "?done=audit-decide", 2},
        /* Those that are ticked. */
        {"decide",
         "&tick=" KEY("1.1") "&tick=" KEY("3.0") "&r-" KEY(
             "1.1") "=&verdict=safe&reason=constant&do=ticked",
         "audit.decide",
         "\"keys\":\"" KEY("1.1") " " KEY("3.0") "\",\"verdict\":\"safe\",\"reason\":\"constant\"",
         "?done=audit-decide", 1},
        {"decide", "&back=" KEY("1.1"), "audit.decide", "\"verdict\":\"\"",
         "?done=audit-undecide#p-" KEY("1.1"), 1},
        {"decide", "&own=1&v-" KEY("1.1") "=unsure&r-" KEY("1.1") "=&only=" KEY("1.1"),
         "audit.decide", "\"verdict\":\"unsure\"", "/place/" KEY("1.1") "?done=audit-decide", 1},
    };
    char path[100], body[400], to[200];
    fixture_audit(a, &stub_audit);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        snprintf(path, sizeof path, AUDIT "/%s", forms[i].form);
        snprintf(body, sizeof body, "csrf=" STUB_CSRF "%s", forms[i].fields);
        snprintf(to, sizeof to, AUDIT "%s", forms[i].to);
        stub.cmds = 0;
        assert_int_equal(post(t, true, path, TEAM, body + strlen("csrf=" STUB_CSRF "")), 403);
        assert_int_equal(stub.cmds, 0);
        assert_int_equal(post(t, true, path, TEAM, body), 303);
        assert_string_equal(stub.verb, forms[i].verb);
        assert_int_equal(stub.cmds, forms[i].cmds);
        assert_string_equal(buf_c(&t->r.location), to);
        if (strstr(stub.args, forms[i].args) == NULL)
            fail_msg("%s: %s", forms[i].form, stub.args);
    }
    stub.cmds = 0;
    assert_int_equal(post(t, true, AUDIT "/decide", TEAM, "csrf=" STUB_CSRF "&do=each&r-x=y"), 400);
    HAS(t, "choose what the place is");
    assert_int_equal(post(t, true, AUDIT "/decide", TEAM, "csrf=" STUB_CSRF "&do=ticked"), 400);
    HAS(t, "tick the places");
    assert_int_equal(post(t, true, AUDIT "/fix", TEAM, "csrf=" STUB_CSRF "&part=x"), 400);
    assert_int_equal(post(t, true, AUDIT "/burn", TEAM, "csrf=" STUB_CSRF), 404);
    assert_int_equal(stub.cmds, 0);
    /* What was typed is there after a refusal. */
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, true, AUDIT "/decide", TEAM,
                          "csrf=" STUB_CSRF
                          "&tick=" KEY("3.0") "&v-" KEY("1.1") "=safe&r-" KEY("1.1") "=%3Cabc%3E"),
                     400);
    HAS(t, "value=\"&lt;abc&gt;\"");
    HAS(t, "name=\"v-" KEY("1.1") "\" value=\"safe\" checked");
    HAS(t, "value=\"" KEY("3.0") "\" checked");
    assert_int_equal(post(t, true, AUDIT "/ask", TEAM, "csrf=" STUB_CSRF "&fix=%3Cabc%3E"), 400);
    HAS(t, ">&lt;abc&gt;</textarea>");
    stub.fail = RC_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(affected_versions_of_a_hostile_history, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_of_affected_versions_become_verbs, setup, teardown),
        cmocka_unit_test_setup_teardown(an_audit_of_hostile_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_names_what_joined_it, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_and_pages_of_an_audit, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_of_an_audit_become_verbs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
