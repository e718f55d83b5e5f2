/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of the output of tests, and how two runs compare. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/run/results.h"

/* "+name", "-name", "~name" each: passed, failed, skipped; in their order, one a line. */
static void said(const struct results *r, struct buf *b)
{
    static const char signs[] = {[RESULT_SKIP] = '~', [RESULT_PASS] = '+', [RESULT_FAIL] = '-'};
    for (size_t i = 0; i < results_count(r); i++) {
        const struct result *x = results_at(r, i);
        buf_addf(b, "%c%.*s\n", signs[x->state], STR_ARG(x->name));
    }
}

static void check(const char *output, const char *want)
{
    AUTO(results) struct results *r = results_new();
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    results_feed(r, str_c(output));
    results_end(r);
    said(r, &b);
    if (strcmp(buf_c(&b), want) != 0)
        fail_msg("of\n%s\nwas read\n%s\nnot\n%s", output, buf_c(&b), want);
}

static void test_tap(void **state)
{
    (void)state;
    check("TAP version 13\n1..6\nok 1 - reads a file\nnot ok 2 - writes a file\n  # failed at x\n"
          "ok 3 # SKIP no network\nnot ok 4 later # TODO not yet\nok 5\nnot ok 6\n"
          "    ok 1 - a part (0.03s)\nok a name without a number\nokay this is none\nokular\n",
          "+reads a file\n-writes a file\n~ok 3\n~later\n+ok 5\n-ok 6\n+a part\n"
          "+a name without a number\n");
    check("t/a.t ........ ok\nt/b.t .. Failed 1/3 subtests \nt/c.t .. skipped: no\n"
          "t/d.t .. ok    123 ms\nt/e.t .. Dubious, test returned 2\n",
          "+t/a.t\n-t/b.t\n~t/c.t\n+t/d.t\n-t/e.t\n");
}

static void test_words_in_front(void **state)
{
    (void)state;
    check("PASS: tests/a.sh\nFAIL: tests/b.sh\nXFAIL: c\nXPASS: d\nSKIP: e\n"
          "ERROR: tests/f.sh - exited with status 99\nUNRESOLVED: g.exp: start\n"
          "# TOTAL: 6\n# PASS:  1\n",
          "+tests/a.sh\n-tests/b.sh\n~c\n-d\n~e\n-tests/f.sh - exited with status 99\n"
          "-g.exp: start\n");
    check("PASS name one\nFAIL name two\nFAILED (failures=2)\nPASSED 3 tests\nPASS\nFAIL\n"
          "FAILURE x\n        PASS [   0.003s] crate tests::a\n        FAIL [   0.010s] crate "
          "tests::b\n",
          "+name one\n-name two\n+crate tests::a\n-crate tests::b\n");
    check("[ok]: SET works (3 ms)\n[err]: GET works in tests/a.tcl\n[ignore]: slow\n"
          "[exception]: Executing test client\n[info]: nothing\n",
          "+SET works\n-GET works in tests/a.tcl\n~slow\n-Executing test client\n");
    check("[==========] Running 2 test(s).\n[ RUN      ] test_a\n[       OK ] test_a\n"
          "[ RUN      ] S.b\n[  FAILED  ] S.b (12 ms)\n[  SKIPPED ] S.c\n[  PASSED  ] 1 test(s).\n"
          "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] S.b\n",
          "+test_a\n-S.b\n~S.c\n");
}

static void test_ctest_and_meson(void **state)
{
    (void)state;
    check("    Start 1: a\n1/5 Test #1: a ................   Passed    0.01 sec\n"
          "2/5 Test  #2: b.c ..............***Failed    0.00 sec\n"
          "3/5 Test  #3: d ................***Timeout  10.01 sec\n"
          "4/5 Test  #4: e ................***Exception: SegFault  0.10 sec\n"
          "5/5 Test  #5: f ................***Not Run (Disabled)   0.00 sec\n"
          "50% tests passed, 3 tests failed out of 5\n",
          "+a\n-b.c\n-d\n-e\n~f\n");
    check("1/5 suite - first test          OK              0.05s\n"
          " 2/5 proj:unit / second         FAIL            0.10s   exit status 1\n"
          " 3/5 third OK and more          SKIP            0.01s\n"
          " 4/5 fourth                     TIMEOUT        30.01s   killed by signal 15\n"
          " 5/5 fifth                      EXPECTEDFAIL    0.01s\n"
          "[3/9] Compiling C object a.o\nOk:                 1\n",
          "+suite - first test\n-proj:unit / second\n~third OK and more\n-fourth\n~fifth\n");
}

static void test_go(void **state)
{
    (void)state;
    check("=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n    --- FAIL: TestB/sub "
          "(0.01s)\n"
          "--- FAIL: TestB (0.02s)\n--- SKIP: TestC (0.00s)\nFAIL\nFAIL\texample.org/x\t0.012s\n"
          "ok  \texample.org/y\t0.034s\nok  \texample.org/e\t0.034s [no tests to run]\n"
          "?   \texample.org/z\t[no test files]\nFAIL\texample.org/w [build failed]\n",
          "+TestA\n-TestB/sub\n-TestB\n~TestC\n-package example.org/x\n+package example.org/y\n"
          "~package example.org/e\n-package example.org/w\n");
}

static void test_python_and_rust(void **state)
{
    (void)state;
    check("tests/test_a.py::test_x PASSED                     [ 12%]\n"
          "tests/test_a.py::test_y[1-2 3] FAILED              [ 25%]\n"
          "tests/test_a.py::test_z SKIPPED (no network)       [ 37%]\n"
          "[gw1] [ 50%] PASSED tests/test_b.py::test_w \n"
          "=== short test summary info ===\n"
          "FAILED tests/test_a.py::test_y[1-2 3] - AssertionError: no\n"
          "ERROR tests/test_c.py - ImportError: no\n"
          "=== 1 failed, 2 passed, 1 skipped, 1 error in 0.12s ===\n",
          "+tests/test_a.py::test_x\n-tests/test_a.py::test_y[1-2 3]\n~tests/test_a.py::test_z\n"
          "+tests/test_b.py::test_w\n-tests/test_c.py\n");
    check("test_a (tests.T) ... ok\ntest_b (tests.T) ... FAIL\ntest_c (tests.T) ... skipped 'no'\n"
          "test_d (tests.T) ... expected failure\nRan 4 tests in 0.001s\n",
          "+test_a (tests.T)\n-test_b (tests.T)\n~test_c (tests.T)\n~test_d (tests.T)\n");
    check("running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... ignored\n"
          "test result: FAILED. 1 passed; 1 failed; 1 ignored\n",
          "+a::b\n-a::c\n~a::d\n");
}

static void test_others(void **state)
{
    (void)state;
    check("  \xe2\x9c\x93 adds (5 ms)\n  \xe2\x9c\x95 subtracts\n", "+adds\n-subtracts\n");
    check(
        "Tests run: 5, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.1 s -- in org.x.A\n"
        "[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.2 s <<< FAILURE!"
        " -- in org.x.B\n",
        "+org.x.A\n-org.x.B\n");
    check("\x1b[32mPASS\x1b[0m: green\r\nworking\rPASS: last\n", "+green\n+last\n");
    check("gcc -c a.c\nchecking for x... yes\nmake: *** [all] Error 1\n\n\n", "");
}

static struct result_sums sums_of(const char *output)
{
    AUTO(results) struct results *r = results_new();
    results_feed(r, str_c(output));
    results_end(r);
    return results_sums(r);
}

static void test_what_counts_as_seen(void **state)
{
    (void)state;
    assert_int_equal(sums_of("hello\n").seen, 0);
    assert_int_equal(sums_of("ERROR: cannot find the compiler\n").seen, 0);
    assert_int_equal(sums_of("SKIP: a\nok 1 # skip all\n").seen, 0);
    assert_int_equal(sums_of("PASS: a\n").seen, 1);
    /* Tests that are only counted. */
    struct result_sums s = sums_of("tests/a.py ..F [100%]\nFAILED tests/a.py::x - no\n"
                                   "= 1 failed, 2 passed in 0.1s =\n");
    assert_int_equal(s.seen, 3);
    assert_int_equal(s.passed, 2);
    assert_int_equal(s.failed, 1);
}

static void test_pieces_and_long_lines(void **state)
{
    (void)state;
    AUTO(results) struct results *r = results_new();
    AUTO(buf) struct buf b = BUF_INIT(1 << 16), long_line = BUF_INIT(1 << 20);
    static const char text[] = "PASS: one\r\nFAIL: two\nPASS: three";
    for (size_t i = 0; i < sizeof text - 1; i++)
        results_feed(r, str_of(text + i, 1));
    results_end(r);
    said(r, &b);
    assert_string_equal(buf_c(&b), "+one\n-two\n+three\n");
    /* What lies behind the part that is looked at does not become a line of its own. */
    buf_adds(&long_line, "PASS: ");
    for (int i = 0; i < 100000; i++)
        buf_adds(&long_line, "x ");
    buf_adds(&long_line, "FAIL: no\nPASS: next\n");
    AUTO(results) struct results *l = results_new();
    results_feed(l, buf_str(&long_line));
    results_end(l);
    assert_int_equal(results_count(l), 2);
    assert_true(results_at(l, 0)->name.n <= RESULTS_NAME_MAX);
    assert_non_null(results_find(l, STR("next")));
}

static void test_too_many(void **state)
{
    (void)state;
    AUTO(results) struct results *r = results_new();
    char line[40];
    for (unsigned i = 0; i < RESULTS_MAX + 10; i++) {
        int n = snprintf(line, sizeof line, "PASS: t%u\n", i);
        results_feed(r, str_of(line, (size_t)n));
    }
    assert_int_equal(results_count(r), RESULTS_MAX);
    assert_true(results_cut(r));
    assert_non_null(results_find(r, STR("t199999")));
    assert_null(results_find(r, STR("t200005")));
}

static void test_failed_once_is_failed(void **state)
{
    (void)state;
    check("PASS: a\nFAIL: a\nPASS: a\nFAIL: b\nPASS: b\n", "-a\n-b\n");
    check("PASS: bad \xff\x01name\n", "+bad \xef\xbf\xbdname\n");
}

static void check_xml(const char *text, enum rc want_rc, const char *want)
{
    AUTO(results) struct results *r = results_new();
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    struct err e = ERR_INIT;
    enum rc rc = results_xml(r, str_c(text), &e);
    said(r, &b);
    if (rc != want_rc || strcmp(buf_c(&b), want) != 0)
        fail_msg("%s: %s: %s", text, rc_name(rc), buf_c(&b));
}

static void test_reports(void **state)
{
    (void)state;
    check_xml(
        "<?xml version=\"1.0\"?>\n<!-- <testcase name='no'/> --><testsuites><testsuite name='s'>"
        "<testcase classname=\"a.B\" name=\"good\" time=\"0.1\"/>"
        "<testcase classname='a.B' name='bad'><failure message='x > y'>"
        "<![CDATA[<testcase name='no'/>]]></failure></testcase>"
        "<testcase name='err'><error/></testcase><testcase name='skip'><skipped/></testcase>"
        "<testcase name='a &lt;b&gt; &#65;&#x42; &amp; &bogus;'></testcase>"
        "<testcase name='out'><system-out>failure</system-out></testcase>"
        "</testsuite></testsuites>",
        RC_OK, "+a.B.good\n-a.B.bad\n-err\n~skip\n+a <b> AB & &bogus;\n+out\n");
    check_xml("<testsuite><failure/><testcase name='a'/></testsuite>", RC_OK, "+a\n");
    check_xml("", RC_INVALID, "");
    check_xml("no report", RC_INVALID, "");
    check_xml("<testsuite><testcase name='a'/><testcase name='b'>", RC_INVALID, "+a\n");
    check_xml("<testsuite><testcase name='a", RC_INVALID, "");
    check_xml("<testsuite><!-- ", RC_INVALID, "");
    check_xml("<testcase name='&#x110000;&#xffffffff;&#;'/>", RC_OK,
              "+&#x110000;&#xffffffff;&#;\n");
    check_xml("<!DOCTYPE x [<!ENTITY a 'b'>]><testcase name='&a;'/>", RC_OK, "+&a;\n");
}

static void test_two_runs(void **state)
{
    (void)state;
    AUTO(results) struct results *a = results_new();
    AUTO(results) struct results *b = results_new();
    struct comparison c;
    results_feed(a, STR("PASS: stays\nPASS: breaks\nFAIL: mended\nFAIL: still\nPASS: gone\n"
                        "SKIP: skipped\nFAIL: was\n"));
    results_feed(b, STR("PASS: stays\nFAIL: breaks\nPASS: mended\nFAIL: still\nFAIL: new\n"
                        "FAIL: skipped\nSKIP: was\n"));
    results_compare(a, b, &c);
    assert_int_equal(c.new_failures.all, 3);
    assert_true(str_eq(c.new_failures.name[0], STR("breaks")));
    assert_true(str_eq(c.new_failures.name[1], STR("new")));
    assert_true(str_eq(c.new_failures.name[2], STR("skipped")));
    assert_int_equal(c.mended.all, 1);
    assert_int_equal(c.still.all, 1);
    assert_int_equal(c.missing.all, 1);
    assert_true(str_eq(c.missing.name[0], STR("gone")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_words_in_front),
        cmocka_unit_test(test_ctest_and_meson),
        cmocka_unit_test(test_go),
        cmocka_unit_test(test_python_and_rust),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_what_counts_as_seen),
        cmocka_unit_test(test_pieces_and_long_lines),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_failed_once_is_failed),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_two_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
