/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of a case's backports and of the register of lines: what they say, what they never let
 * through, and which form becomes what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "testing/backport_stub.h"
#include "testing/bench.h"
#include "web/fixture_backport.h"
#include "web/multipart.h"

#define PORT "/case/DEMO-2025-0012/backport"

static struct arena *with_fixture(void)
{
    struct arena *a = arena_new(16u << 20);
    fixture_backport(a, &stub_backport);
    fixture_lines(a, &stub_lines);
    stub_sent = (struct stub_sent){.fail = RC_OK};
    return a;
}

static void assert_tame(struct bench *t)
{
    LACKS(t, "<script>alert");
    LACKS(t, "<img src=x");
    LACKS(t, "<i>is");
    LACKS(t, "<b>3.1");
    LACKS(t, "<b>name");
    LACKS(t, "<b>buffers");
    LACKS(t, "<b>exploit");
}

static void the_lines_of_a_case(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(get(t, true, PORT, TEAM), 200);
    assert_tame(t);
    HAS(t, "3 of 7 lines ready");
    HAS(t, "aria-label=\"The fix on the maintained lines: 3 of 7 ready\"");
    HAS(t, "href=\"#line-2\"");
    HAS(t, "id=\"line-2\"");
    HAS(t, "picked from 3.1");
    LACKS(t, "Sign what is ready"); /* it is out already */
    stub_backport.of[0].release.given_us = 0;
    assert_int_equal(get(t, true, PORT, TEAM), 200);
    HAS(t, "Sign what is ready");
    assert_tame(t);
    HAS(t, "1 check failed, 2 files left out");
    HAS(t, "not fixed, not maintained");
    HAS(t, "href=\"" PORT "/line/4\"");
    HAS(t, "href=\"" PORT "/reproducer/31\"");
    HAS(t, "1 crashes, 1 does not, 2 say nothing, 1 differs from the affected versions");
    LACKS(t, "Run all tests that are due"); /* both that could were run */
    stub_backport.of[0].tested = NULL;
    assert_int_equal(get(t, true, PORT, TEAM), 200);
    HAS(t, "Run all tests that are due");
    /* Nothing can be done on a closed case. */
    stub_backport.closed = true;
    assert_int_equal(get(t, true, PORT, TEAM), 200);
    LACKS(t, "action=\"" PORT "/test");
    LACKS(t, "action=\"" PORT "/ask");
    LACKS(t, "action=\"" PORT "/script");
    assert_int_equal(get(t, true, PORT, ""), 403);
    assert_int_equal(get(t, true, PORT "/burn", TEAM), 404);
    stub_backport = (struct view_backport){.case_number = STR("DEMO-2025-0012")};
    assert_int_equal(get(t, true, PORT, TEAM), 200);
    HAS(t, "No repository is configured");
    LACKS(t, "<svg");
}

static void one_line_with_what_speaks_for_it_and_against_it(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    /* Side by side: what came and what went, in colours; a word that changed is marked. */
    assert_int_equal(get(t, true, PORT "/line/2", TEAM), 200);
    assert_tame(t);
    HAS(t, "The fix on 3.1");
    HAS(t, "the two changes touch different words of the same place");
    HAS(t, "class=\"l del\"");
    HAS(t, "class=\"r add\"");
    HAS(t, "class=\"l gap\"");
    HAS(t, "<mark>strcspn</mark>");
    HAS(t, "Accept this backport");
    HAS(t, "name=\"tree\" value=\"b1d3");
    HAS(t, "What holds (3)");
    HAS(t, "number of a vulnerability");
    HAS(t, "git -c merge.conflictStyle=zdiff3 cherry-pick -x 4f2c9a7be01d");
    HAS(t, "rel=\"prev\"");
    HAS(t, "enctype=\"multipart/form-data\"");
    /* Proposed: what fails comes first, and a reason is wanted; the other candidate is shown. */
    assert_int_equal(get(t, true, PORT "/line/3", TEAM), 200);
    assert_tame(t);
    HAS(t, "every name that comes in exists in this line");
    HAS(t, "src/name.c:119");
    HAS(t, "the backport of 3.1");
    HAS(t, "because it is only proposed");
    HAS(t, "Accept candidate 1");
    LACKS(t, "Candidate 2");
    HAS(t, "lines 121 to 122");
    HAS(t, "What was uploaded could not be taken.");
    HAS(t, "tests/name_long.sh");
    /* A conflict with its three sides, what it builds on, and both histories. */
    assert_int_equal(get(t, true, PORT "/line/4", TEAM), 200);
    assert_tame(t);
    HAS(t, "class=\"ours\"");
    HAS(t, "class=\"was\"");
    HAS(t, "class=\"theirs\"");
    HAS(t, "this line does not have");
    HAS(t, "name: copy bytes one by one");
    LACKS(t, "Accept this backport");
    HAS(t, "Waive this line");
    /* What all candidates have stands there once; a short one is not folded. */
    HAS(t, "<strong>In all of them</strong> 1 file<");
    HAS(t, "<span class=\"mono\">src/name.c</span> stays as the line has it.");
    HAS(t, "<details class=\"card cand\" open>");
    HAS(t, "<label for=\"c-reason-2\">Why candidate 2</label>");
    const char *once = strstr(buf_c(&t->r.body), "A name of 300 letters is refused.");
    assert_non_null(once);
    assert_null(strstr(once + 1, "A name of 300 letters is refused."));
    HAS(t, "has no command for the tests");
    /* Tests that fail with the fix alone have their names. */
    assert_int_equal(get(t, true, PORT "/line/5", TEAM), 200);
    assert_tame(t);
    HAS(t, "2 tests fail with the fix alone");
    HAS(t, "before: 38 ran, 1 failed; after: 38 ran, 3 failed");
    HAS(t, "Passed before, and are not run any more");
    HAS(t, "Failed once with the fix and passed once: <code>name_long</code>");
    HAS(t, "Take the decision back");
    HAS(t, "Run the tests again");
    assert_int_equal(get(t, true, PORT "/line/6", TEAM), 200);
    HAS(t, "Nothing to decide: the line has the fix.");
    assert_int_equal(get(t, true, PORT "/line/7", TEAM), 200);
    assert_tame(t);
    HAS(t, "ends next week");
    assert_int_equal(get(t, true, PORT "/line/8", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/line/x", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/line/", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/line/1/burn", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/line/2", ""), 403);
}

static void what_is_given_out(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(get(t, true, PORT "/line/1", TEAM), 200);
    assert_tame(t);
    HAS(t, "href=\"" PORT "/line/1/bundle\"");
    HAS(t, "git fetch DEMO-2025-0012-line-1.bundle refs/heads/vulndesk/DEMO-2025-0012/3.2");
    HAS(t, "Sign it again");
    LACKS(t, "With all of the message");
    /* No name of a branch but one of ours gets into a command. */
    stub_backport.of[0].release.branch = STR("refs/heads/x;reboot");
    stub_backport.of[0].release.failure = STR("<b>no");
    stub_backport.is_public = true;
    assert_int_equal(get(t, true, PORT "/line/1", TEAM), 200);
    LACKS(t, "git fetch");
    LACKS(t, "<b>no");
    HAS(t, "With all of the message");
    assert_int_equal(get(t, true, PORT "/line/2", TEAM), 200);
    LACKS(t, "The way out");
    assert_int_equal(get(t, true, PORT "/line/1/bundle", TEAM), 200);
    assert_string_equal(BODY(t), "bundle of 3.2");
    assert_string_equal(buf_c(&t->r.file_name), "DEMO-2025-0012-line-1.bundle");
    assert_int_equal(get(t, true, PORT "/line/1/bundle", ""), 403);
    assert_int_equal(get(t, true, PORT "/signers", TEAM), 200);
    assert_string_equal(BODY(t), "a signer");
    assert_int_equal(get(t, false, "/commit-signers", ""), 200);
    assert_string_equal(BODY(t), "a signer");
    assert_int_equal(get(t, false, "/commit-signers/x", ""), 404);
}

static void what_was_settled_in_its_place(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    struct port_line l = *stub_backport.of[1].r;
    l.source = STR("edited");
    l.why = STR("made by a person");
    l.diff = STR("diff --git a/x.yml b/x.yml\n--- a/x.yml\n+++ b/x.yml\n@@ -1 +1,5 @@\n"
                 "+<<<<<<< release\n v: 1\n+=======\n+v: 2\n+>>>>>>> fix\n");
    stub_backport.of[1].r = &l;
    stub_backport.of[1].decision = BACKPORT_EDITED;
    assert_int_equal(get(t, true, PORT "/line/2", TEAM), 200);
    HAS(t, "made by a person</span>");
    HAS(t, "nothing; this was uploaded");
    HAS(t, "The change that was uploaded");
    HAS(t, "A conflict was left in <span class=\"mono\">x.yml</span>.");
    /* Another candidate that a person chose is no upload. */
    stub_backport.of[1].decision = BACKPORT_ACCEPTED;
    l.diff = STR("diff --git a/x.yml b/x.yml\n--- a/x.yml\n+++ b/x.yml\n@@ -1 +1 @@\n"
                 "-v: 1\n+v: 2\n");
    assert_int_equal(get(t, true, PORT "/line/2", TEAM), 200);
    HAS(t, "a candidate was chosen</span>");
    HAS(t, "one of the candidates that were shown");
    HAS(t, "The candidate that was chosen");
    LACKS(t, "uploaded,");
    LACKS(t, "A conflict was left in");
    /* What all of them say of one line is said of it alone. */
    stub_lines.n_lines = stub_lines.n_maintained = 1;
    stub_lines.n_problems = 0;
    assert_int_equal(get(t, true, "/lines", TEAM), 200);
    HAS(t, "1 of 1 line is maintained");
}

static void what_can_be_taken_home(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(get(t, true, PORT "/line/1/patch", TEAM), 200);
    assert_string_equal(BODY(t), "patch of 3.2");
    assert_string_equal(buf_c(&t->r.file_name), "DEMO-2025-0012-line-1.patch");
    assert_int_equal(get(t, true, PORT "/log/11", TEAM), 200);
    assert_string_equal(BODY(t), "log of 11");
    assert_true(t->r.file_name.n > 0); /* never shown in the browser */
    assert_int_equal(get(t, true, PORT "/reproducer/31/bytes", TEAM), 200);
    assert_string_equal(t->r.content_type, "application/octet-stream");
    assert_int_equal(get(t, true, PORT "/lines.svg", TEAM), 200);
    HAS(t, "<style>");
    LACKS(t, "href");
    assert_int_equal(get(t, true, PORT "/export.json", TEAM), 200);
    HAS(t, "\"lines\":7");
    stub_sent.fail = RC_NOTFOUND;
    assert_int_equal(get(t, true, PORT "/log/11", TEAM), 404);
    assert_int_equal(t->r.file_name.n, 0);
    assert_int_equal(get(t, true, PORT "/line/1/patch", TEAM), 404);
    assert_int_equal(t->r.file_name.n, 0);
    assert_int_equal(get(t, true, PORT "/log/x", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/line/1/patch", ""), 403);
    assert_int_equal(get(t, true, PORT "/log/11", ""), 403);
    assert_int_equal(get(t, true, PORT "/reproducer/31/bytes", ""), 403);
}

static void scripts_are_read_before_they_run(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(get(t, true, PORT "/reproducer/31", TEAM), 200);
    assert_tame(t);
    HAS(t, "Run it on every line");
    HAS(t, "Take the approval back");
    HAS(t, "differs");
    HAS(t, "v2.6.0");
    LACKS(t, "I have read it");
    assert_int_equal(get(t, true, PORT "/reproducer/32", TEAM), 200);
    assert_tame(t);
    HAS(t, "These bytes are no text.");
    HAS(t, "I have read it, it may run");
    HAS(t, "name=\"sha256\" value=\"ff112233");
    LACKS(t, "Run it on every line");
    assert_int_equal(get(t, true, PORT "/reproducer/33", TEAM), 404);
    assert_int_equal(get(t, true, PORT "/reproducer/31", ""), 403);
}

static void forms_become_verbs(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    static const struct {
        const char *form, *fields, *verb, *args, *see;
    } forms[] = {
        {PORT "/ask", "&fix=abc+def&lines=3.1", "backport.ask",
         "{\"case\":\"DEMO-2025-0012\",\"fix\":\"abc def\",\"lines\":\"3.1\"}",
         PORT "?done=backport-ask"},
        {PORT "/again", "", "backport.again", "{\"case\":\"DEMO-2025-0012\"}",
         PORT "?done=backport-again"},
        {PORT "/accept", "&line=3.1&at=2&answer=4&tree=b1d3&reason=looks+good", "backport.accept",
         "\"answer\":4", PORT "/line/2?done=backport-accept"},
        {PORT "/waive", "&line=3.1&at=2&answer=4&reason=ends", "backport.waive", "\"answer\":4",
         PORT "/line/2?done=backport-waive"},
        {PORT "/reopen", "&line=3.1&at=2&answer=4", "backport.reopen", "\"answer\":4",
         PORT "/line/2?done=backport-reopen"},
        {PORT "/message", "&message=parse%3A+check", "backport.message",
         "\"message\":\"parse: check\"", PORT "?done=backport-message"},
        {PORT "/test", "", "backport.test", "\"line\":\"\"", PORT "?done=backport-test"},
        {PORT "/test", "&line=3.1&at=2", "backport.test", "\"line\":\"3.1\"",
         PORT "/line/2?done=backport-test"},
        {PORT "/release", "", "backport.release", "\"entire\":false",
         PORT "?done=backport-release"},
        {PORT "/release", "&line=3.1&at=2&entire=yes", "backport.release", "\"entire\":true",
         PORT "/line/2?done=backport-release"},
        {PORT "/untested", "&line=3.1&at=2&reason=docs", "backport.untested", "\"reason\":\"docs\"",
         PORT "/line/2?done=backport-untested"},
        {PORT "/tested", "&line=3.1&at=2&reason=docs", "backport.untested",
         "{\"case\":\"DEMO-2025-0012\",\"line\":\"3.1\"}", PORT "/line/2?done=backport-tested"},
        {PORT "/approve", "&reproducer=32&sha256=ff11", "reproducer.approve", "\"sha256\":\"ff11\"",
         PORT "/reproducer/32?done=backport-approve"},
        {PORT "/revoke", "&reproducer=31&reason=no", "reproducer.revoke", "\"reason\":\"no\"",
         PORT "/reproducer/31?done=backport-revoke"},
        {PORT "/run", "&reproducer=31", "reproducer.run", "\"reproducer\":31",
         PORT "/reproducer/31?done=backport-run"},
        {"/lines/set",
         "&line=1&name=3.2&branch=b&tags=&until=2027-01-01&tests=make&root=&maintained=1",
         "line.set", "\"maintained\":true", "/lines?done=lines-set"},
        {"/lines/set", "&line=0&name=3.3&branch=b", "line.set", "\"maintained\":false",
         "/lines?done=lines-set"},
        {"/lines/remove", "&line=1&reason=gone", "line.remove", "\"line\":1",
         "/lines?done=lines-remove"},
        {"/lines/fill", "", "line.fill", "{}", "/lines?done=lines-fill"},
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        char body[500];
        snprintf(body, sizeof body, "csrf=" STUB_CSRF "%s", forms[i].fields);
        stub.verb[0] = '\0';
        assert_int_equal(post(t, true, forms[i].form, TEAM, body + strlen("csrf=" STUB_CSRF)), 403);
        assert_string_equal(stub.verb, "");
        assert_int_equal(post(t, true, forms[i].form, TEAM, body), 303);
        assert_string_equal(stub.verb, forms[i].verb);
        if (strstr(stub.args, forms[i].args) == NULL)
            fail_msg("%s: %s", forms[i].form, stub.args);
        assert_string_equal(buf_c(&t->r.location), forms[i].see);
        assert_int_equal(post(t, true, forms[i].form, "", body), 403);
    }
    assert_int_equal(post(t, true, PORT "/burn", TEAM, "csrf=" STUB_CSRF), 404);
    assert_int_equal(post(t, true, "/lines/burn", TEAM, "csrf=" STUB_CSRF), 404);
}

static void what_is_refused_comes_back(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, true, PORT "/ask", TEAM, "csrf=" STUB_CSRF "&fix=%3Cno%3E"), 400);
    HAS(t, "&lt;no&gt;");
    HAS(t, "Not done.");
    assert_int_equal(post(t, true, PORT "/waive", TEAM,
                          "csrf=" STUB_CSRF "&line=2.9-lts&at=4&answer=1&reason=%3Cend%3E"),
                     400);
    HAS(t, "The fix on 2.9-lts");
    HAS(t, "value=\"&lt;end&gt;\"");
    assert_int_equal(post(t, true, PORT "/accept", TEAM, "csrf=" STUB_CSRF "&at=4&answer=x"), 400);
    HAS(t, "The fix on 2.9-lts");
    assert_int_equal(post(t, true, PORT "/untested", TEAM, "csrf=" STUB_CSRF "&line=2.8&at=5"),
                     400);
    HAS(t, "say why it counts without tests");
    assert_int_equal(
        post(t, true, PORT "/revoke", TEAM, "csrf=" STUB_CSRF "&reproducer=31&reason=no"), 400);
    HAS(t, "crash.sh");
    assert_int_equal(
        post(t, true, "/lines/set", TEAM, "csrf=" STUB_CSRF "&line=2&name=%3Cb%3E&tests=%22"), 400);
    HAS(t, "value=\"&lt;b&gt;\"");
    assert_int_equal(post(t, true, "/lines/set", TEAM, "csrf=" STUB_CSRF "&line=0&name=fresh"),
                     400);
    HAS(t, "value=\"fresh\"");
}

/* A form with a file, as httpd hands it on. */
static int send_file(struct bench *t, const char *path, const char *field, const char *bytes)
{
    AUTO(buf) struct buf body = BUF_INIT(1 << 16);
    struct multipart m = {.n = 0};
    const struct {
        const char *name, *value;
    } fields[] = {{"csrf", STUB_CSRF},
                  {"line", "3.1"},
                  {"at", "2"},
                  {"reason", "by hand"},
                  {"name", "crash.sh"}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].name, "at") == 0 && strcmp(field, "text") == 0)
            continue;
        m.parts[m.n++] =
            (struct multipart_part){.name = str_c(fields[i].name), .bytes = str_c(fields[i].value)};
    }
    if (bytes)
        m.parts[m.n++] = (struct multipart_part){.name = STR("file"),
                                                 .file_name = STR("x.patch"),
                                                 .type = STR("text/plain"),
                                                 .bytes = str_c(bytes),
                                                 .is_file = true};
    multipart_write(&body, &m);
    return send_it(t, (struct http_request){.staff = true,
                                            .method = HTTP_POST,
                                            .path = str_c(path),
                                            .cookie = STR(TEAM),
                                            .content_type = STR("multipart/form-data"),
                                            .body = buf_str(&body),
                                            .parts = true});
}

static void files_are_taken(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(send_file(t, PORT "/edit", "patch", "--- a/x\n+++ b/x\n"), 303);
    assert_string_equal(stub_sent.call, "edit");
    assert_string_equal(stub_sent.line, "3.1");
    assert_string_equal(stub_sent.reason, "by hand");
    assert_string_equal(stub_sent.bytes, "--- a/x\n+++ b/x\n");
    assert_string_equal(buf_c(&t->r.location), PORT "/line/2?done=backport-edit");
    /* Nothing chosen and nothing pasted. */
    assert_int_equal(send_file(t, PORT "/edit", "patch", NULL), 400);
    HAS(t, "choose a file, or paste its text");
    HAS(t, "value=\"by hand\"");
    stub_sent.fail = RC_INVALID;
    assert_int_equal(send_file(t, PORT "/edit", "patch", "what"), 400);
    HAS(t, "it is neither");
    stub_sent.fail = RC_OK;
    assert_int_equal(send_file(t, PORT "/script", "text", "#!/bin/sh\n"), 303);
    assert_string_equal(stub_sent.call, "add");
    assert_string_equal(stub_sent.name, "crash.sh");
    assert_string_equal(buf_c(&t->r.location), PORT "/reproducer/33?done=backport-script");
    /* Pasted instead. */
    assert_int_equal(
        post(t, true, PORT "/edit", TEAM, "csrf=" STUB_CSRF "&line=3.1&at=2&patch=%2B%2B%2B"), 303);
    assert_string_equal(stub_sent.bytes, "+++");
}

static void the_register_of_lines(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = with_fixture();
    assert_int_equal(get(t, true, "/lines", TEAM), 200);
    assert_tame(t);
    HAS(t, "2 of 3 lines are maintained; 1 with a problem");
    HAS(t, "<code>make check</code>");
    HAS(t, "the settings and the policy do not agree");
    HAS(t, "Add a line");
    HAS(t, "href=\"/lines/2\"");
    assert_int_equal(get(t, true, "/lines/1", TEAM), 200);
    HAS(t, "value=\"make check\"");
    HAS(t, "Remove 3.2");
    assert_int_equal(get(t, true, "/lines/3", TEAM), 200);
    assert_tame(t);
    assert_int_equal(get(t, true, "/lines/new", TEAM), 200);
    HAS(t, "A new line");
    LACKS(t, "action=\"/lines/remove\"");
    assert_int_equal(get(t, true, "/lines/burn", TEAM), 404);
    assert_int_equal(get(t, true, "/lines/4", TEAM), 404);
    assert_int_equal(get(t, true, "/lines", ""), 403);
    stub_lines.may_write = false;
    assert_int_equal(get(t, true, "/lines", TEAM), 200);
    LACKS(t, "href=\"/lines/1\"");
    assert_int_equal(get(t, true, "/lines/1", TEAM), 200);
    LACKS(t, "action=\"/lines/set\"");
    assert_int_equal(get(t, true, "/lines", TEAM), 200);
    HAS(t, "Only an administrator writes lines");
    HAS(t, "action=\"/lines/fill\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_lines_of_a_case, setup, teardown),
        cmocka_unit_test_setup_teardown(one_line_with_what_speaks_for_it_and_against_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_given_out, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_settled_in_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_be_taken_home, setup, teardown),
        cmocka_unit_test_setup_teardown(scripts_are_read_before_they_run, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_become_verbs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(the_register_of_lines, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
