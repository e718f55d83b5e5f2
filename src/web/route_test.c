/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes over a stand-in for the rules: who gets in, what a form becomes, what is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "testing/bench.h"
#include "web/multipart.h"

static const char *const staff_paths[] = {"/",
                                          "/?show=all",
                                          "/case/DEMO-2025-0012",
                                          "/case/DEMO-2025-9999",
                                          "/held",
                                          "/held/301",
                                          "/search?q=XSS",
                                          "/case/DEMO-2025-0012/message/101/part/2",
                                          "/held/message/301/part/0",
                                          "/nothing"};

static void nobody_sees_the_team_without_a_session(void **state)
{
    struct bench *t = *state;
    static const char *const cookies[] = {"", "desk=wrong", REPORTER, "desk=" STUB_REPORTER,
                                          TEAM "; " TEAM};
    for (size_t c = 0; c < ARRAY_LEN(cookies); c++) {
        for (size_t i = 0; i < ARRAY_LEN(staff_paths); i++) {
            assert_int_equal(get(t, true, staff_paths[i], cookies[c]), 403);
            HAS(t, "Please sign in");
            LACKS(t, "XSS");
            assert_false(t->r.download.wanted);
            assert_int_equal(post(t, true, staff_paths[i], cookies[c], "csrf=" STUB_CSRF), 403);
        }
    }
    assert_int_equal(stub.cmds, 0);
}

static void no_page_of_the_team_is_on_the_public_side(void **state)
{
    struct bench *t = *state;
    static const char *const cookies[] = {"", TEAM, REPORTER, "report=" STUB_TEAM};
    for (size_t c = 0; c < ARRAY_LEN(cookies); c++) {
        for (size_t i = 2; i < ARRAY_LEN(staff_paths); i++) {
            assert_int_equal(get(t, false, staff_paths[i], cookies[c]), 404);
            LACKS(t, "XSS");
        }
        assert_int_equal(get(t, false, "/signin/" STUB_LINK, cookies[c]), 404);
    }
}

static void nobody_sees_a_report_without_its_session(void **state)
{
    struct bench *t = *state;
    static const char *const paths[] = {"/report", "/report/message/101/part/2", "/report/answer"};
    static const char *const cookies[] = {"", "report=wrong", "report=" STUB_TEAM, TEAM};
    for (size_t c = 0; c < ARRAY_LEN(cookies); c++) {
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
            assert_int_equal(get(t, false, paths[i], cookies[c]), 404);
            LACKS(t, "quarantine");
            assert_false(t->r.download.wanted);
            assert_int_equal(post(t, false, paths[i], cookies[c], "csrf=" STUB_CSRF "&text=x"),
                             404);
        }
    }
    assert_int_equal(stub.cmds, 0);
}

static void every_form_needs_the_token(void **state)
{
    struct bench *t = *state;
    static const char *const forms[] = {"reply", "note",  "assign", "set",   "rm",   "em",    "cs",
                                        "fact",  "close", "join",   "split", "move", "invite"};
    static const char *const bodies[] = {"text=x", "text=x&csrf=", "text=x&csrf=wrong",
                                         "text=x&csrf=" STUB_CSRF "x",
                                         "csrf="
                                         "csrf-of-sessioX"};
    for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
            char path[100];
            snprintf(path, sizeof path, "/case/DEMO-2025-0012/%s", forms[i]);
            assert_int_equal(post(t, true, path, TEAM, bodies[b]), 403);
        }
        assert_int_equal(post(t, true, "/held/301/release", TEAM, bodies[b]), 403);
        assert_int_equal(post(t, true, "/signout", TEAM, bodies[b]), 403);
        assert_int_equal(post(t, false, "/report/answer", REPORTER, bodies[b]), 403);
        assert_int_equal(post(t, false, "/report/leave", REPORTER, bodies[b]), 403);
    }
    assert_int_equal(stub.cmds, 0);
    assert_int_equal(stub.ended, 0);
}

static void forms_become_verbs(void **state)
{
    struct bench *t = *state;
    static const struct {
        const char *form, *body, *verb, *args;
    } all[] = {
        {"reply", "thread=2&text=a%0D%0Ab&wait=1", "case.reply",
         "{\"text\":\"a\\nb\",\"wait\":true,\"thread\":2}"},
        {"note", "text=n", "case.note", "{\"case\":\"DEMO-2025-0012\",\"text\":\"n\"}"},
        {"assign", "login=tove&reason=r", "case.assign",
         "{\"case\":\"DEMO-2025-0012\",\"login\":\"tove\",\"reason\":\"r\"}"},
        {"set", "title=t&severity=low", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"title\":\"t\",\"severity\":\"low\"}"},
        {"rm", "rm=A&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"rm\":\"A\",\"reason\":\"r\"}"},
        {"em", "em=revise&until=2026-03-01T12%3A30&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"em\":\"revise\",\"reason\":\"r\","
         "\"until\":\"2026-03-01T12:30:00Z\"}"},
        {"cs", "cs=F&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"cs\":\"F\",\"reason\":\"r\"}"},
        {"fact", "fact=lines&value=3&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"fact\":\"lines\",\"value\":3,\"reason\":\"r\"}"},
        {"fact", "fact=acknowledged&value=Yes&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"fact\":\"acknowledged\",\"value\":true,\"reason\":\"r\"}"},
        {"fact", "fact=cve&value=&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"fact\":\"cve\",\"value\":null,\"reason\":\"r\"}"},
        {"fact", "fact=release_us&value=2026-03-01+12:30&reason=r", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"fact\":\"release_us\",\"value\":1772368200000000,"
         "\"reason\":\"r\"}"},
        {"close", "exit=spam&reason=r&do=close", "case.close",
         "{\"case\":\"DEMO-2025-0012\",\"exit\":\"spam\",\"reason\":\"r\"}"},
        {"close", "exit=&reason=r&do=close", "case.close",
         "{\"case\":\"DEMO-2025-0012\",\"reason\":\"r\"}"},
        {"close", "exit=duplicate&reason=r&do=exit", "case.set",
         "{\"case\":\"DEMO-2025-0012\",\"exit\":\"duplicate\",\"reason\":\"r\"}"},
        {"join", "case=DEMO-2025-0011&reason=r", "case.join",
         "{\"into\":\"DEMO-2025-0012\",\"case\":\"DEMO-2025-0011\",\"reason\":\"r\"}"},
        {"split", "thread=2&title=t&reason=r", "case.split",
         "{\"title\":\"t\",\"reason\":\"r\",\"thread\":2}"},
        {"move", "thread=2&to=DEMO-2025-0011&reason=r", "case.move",
         "{\"to\":\"DEMO-2025-0011\",\"reason\":\"r\",\"thread\":2}"},
        {"invite", "role=vendor&name=n&email=e%40x.example", "case.invite",
         "{\"case\":\"DEMO-2025-0012\",\"role\":\"vendor\",\"name\":\"n\","
         "\"email\":\"e@x.example\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char path[100], body[500];
        snprintf(path, sizeof path, "/case/DEMO-2025-0012/%s", all[i].form);
        snprintf(body, sizeof body, "csrf=" STUB_CSRF "&%s", all[i].body);
        assert_int_equal(post(t, true, path, TEAM, body), 303);
        assert_string_equal(stub.verb, all[i].verb);
        assert_string_equal(stub.args, all[i].args);
        assert_int_equal(stub.by, ACTOR_HANDLER);
        char to[100];
        bool wrote = i < 2; /* a reply, a note: to what was written */
        snprintf(to, sizeof to, "/case/DEMO-2025-0012?done=%s%s", all[i].form,
                 wrote ? "#message-104" : "");
        assert_string_equal(buf_c(&t->r.location), to);
    }
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012?done=note", TEAM), 200);
    HAS(t, "The note is kept.");
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012?done=%3Cb%3E", TEAM), 200);
    LACKS(t, "class=\"flash");
}

static void what_was_typed_is_still_there_after_a_failure(void **state)
{
    struct bench *t = *state;
    stub.fail = RC_CONFLICT;
    assert_int_equal(post(t, true, "/case/DEMO-2025-0012/reply", TEAM,
                          "csrf=" STUB_CSRF "&thread=2&wait=1&text=%3C%2Ftextarea%3E+long+words"),
                     rc_http(RC_CONFLICT));
    HAS(t, "Not sent yet");
    HAS(t, "name=\"text\" value=\"&lt;/textarea&gt; long words\">");
    HAS(t, "name=\"wait\" value=\"1\">");
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, true, "/case/DEMO-2025-0012/reply", TEAM,
                          "csrf=" STUB_CSRF "&thread=2&wait=1&text=%3C%2Ftextarea%3E+long+words"),
                     rc_http(RC_INVALID));
    HAS(t, "the rules say no");
    HAS(t, "aria-describedby=\"kept-2\">&lt;/textarea&gt; long words</textarea>");
    HAS(t, "name=\"wait\" value=\"1\" checked>");
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/note", TEAM, "csrf=" STUB_CSRF "&text=a+note"),
        rc_http(RC_INVALID));
    HAS(t, "aria-describedby=\"kept-note\">a note</textarea>");
    /* Of another session, or of none: nothing is done, the words are there. */
    stub.cmds = 0;
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/reply", TEAM, "csrf=old&thread=2&text=my+words"), 403);
    HAS(t, "aria-describedby=\"kept-2\">my words</textarea>");
    assert_int_equal(post(t, true, "/case/DEMO-2025-0012/reply", "", "csrf=old&text=my+words"),
                     403);
    HAS(t, "readonly>my words</textarea>");
    HAS(t, "Please sign in");
    assert_int_equal(stub.cmds, 0);
    stub.fail = RC_CONFLICT;
    assert_int_equal(post(t, true, "/case/DEMO-2025-0012/assign", TEAM,
                          "csrf=" STUB_CSRF "&login=tove&reason=my+%22reason%22"),
                     rc_http(RC_CONFLICT));
    HAS(t, "<option value=\"tove\" selected>");
    HAS(t, "value=\"my &quot;reason&quot;\"");
    HAS(t, "<details open>");
    assert_int_equal(
        post(t, true, "/held/301/release", TEAM, "csrf=" STUB_CSRF "&number=N1&reason=typed"),
        rc_http(RC_CONFLICT));
    HAS(t, "value=\"N1\"");
    HAS(t, "value=\"typed\"");
    assert_int_equal(post(t, false, "/report/answer", REPORTER,
                          "csrf=" STUB_CSRF "&token=" STUB_TOKEN "-answer&text=typed"),
                     rc_http(RC_CONFLICT));
    HAS(t, ">typed</textarea>");
    /* A number that is none never reaches the rules, and the words stay as well. */
    unsigned before = stub.cmds;
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/reply", TEAM, "csrf=" STUB_CSRF "&thread=x&text=typed"),
        rc_http(RC_INVALID));
    assert_int_equal(stub.cmds, before);
}

static void a_reply_is_shown_before_it_is_sent(void **state)
{
    struct bench *t = *state;
    const char *const path = "/case/DEMO-2025-0012/reply";
    assert_int_equal(post(t, true, path, TEAM,
                          "csrf=" STUB_CSRF "&thread=2&newest=201&wait=1&do=preview&text=a%0D%0Ab"),
                     200);
    assert_string_equal(stub.verb, "case.draft"); /* kept, and not sent */
    HAS(t, "Before it is sent");
    HAS(t, "mira@research.example");
    HAS(t, "Re: [DEMO-2025-0012] XSS");
    HAS(t, ">a\nb\n-- \nAda</div>");
    HAS(t, "name=\"text\" value=\"a\nb\">");
    HAS(t, "name=\"newest\" value=\"201\">");
    HAS(t, "name=\"wait\" value=\"1\">");
    /* Back to the form, with what was typed as a draft. */
    assert_int_equal(
        post(t, true, path, TEAM, "csrf=" STUB_CSRF "&thread=2&wait=1&do=write&text=x"), 303);
    assert_string_equal(stub.verb, "case.draft");
    assert_string_equal(buf_c(&t->r.location),
                        "/case/DEMO-2025-0012?write=1&wait=1&thread=2#write-2");
    /* A name of a text to start from that is none goes nowhere. */
    assert_int_equal(post(t, true, path, TEAM,
                          "csrf=" STUB_CSRF "&thread=2&do=template&template=%0D%0Ax&text=x"),
                     303);
    assert_string_equal(buf_c(&t->r.location), "/case/DEMO-2025-0012?write=1&thread=2#write-2");
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/note", TEAM, "csrf=" STUB_CSRF "&do=draft&text=x"),
        303);
    assert_string_equal(buf_c(&t->r.location), "/case/DEMO-2025-0012?done=draft#note-form");
    /* The script's save: a line of plain text. */
    assert_int_equal(post(t, true, "/case/DEMO-2025-0012/draft", TEAM,
                          "csrf=" STUB_CSRF "&thread=2&token=f00&text=x"),
                     200);
    assert_string_equal(
        stub.args, "{\"case\":\"DEMO-2025-0012\",\"text\":\"x\",\"token\":\"f00\",\"thread\":2}");
    assert_string_equal(t->r.content_type, "text/plain; charset=utf-8");
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/reply", TEAM), 404);
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/undo", TEAM), 404);
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/undo", TEAM, "csrf=" STUB_CSRF "&message=104"), 303);
    assert_string_equal(stub.verb, "case.undo");
    assert_string_equal(stub.args, "{\"message\":104}");
    assert_int_equal(
        post(t, true, "/case/DEMO-2025-0012/hurry", TEAM, "csrf=" STUB_CSRF "&message=104"), 303);
    assert_string_equal(stub.verb, "case.hurry");
}

static void the_whole_text_of_a_message_is_plain_text(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/201/text", TEAM), 200);
    assert_string_equal(t->r.content_type, "text/plain; charset=utf-8");
    assert_true(str_starts(buf_str(&t->r.body), STR("I found XSS in quarantine")));
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/201/text/x", TEAM), 404);
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/999/text", TEAM), 404);
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/201/text", ""), 403);
}

static void a_link_is_shown_by_get_and_spent_by_post(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/signin/" STUB_LINK, ""), 200);
    HAS(t, "<form method=\"post\" action=\"/signin/" STUB_LINK "\">");
    assert_int_equal(get(t, false, "/r/" STUB_LINK, ""), 200);
    HAS(t, "Open my report");
    assert_int_equal(stub.traded, 0);
    assert_int_equal(t->r.set_cookie.n, 0);
    assert_int_equal(post(t, true, "/signin/" STUB_LINK, "", ""), 303);
    assert_string_equal(buf_c(&t->r.set_cookie), "desk=" STUB_TEAM "; Path=/; Max-Age=3600; "
                                                 "HttpOnly; SameSite=Strict");
    assert_int_equal(post(t, false, "/r/" STUB_LINK, "", ""), 303);
    assert_string_equal(buf_c(&t->r.location), "/report");
    assert_int_equal(stub.traded, 2);
    t->set.desk.staff_url = STR("https://staff.example");
    assert_int_equal(post(t, true, "/signin/" STUB_LINK, "", ""), 303);
    assert_string_equal(buf_c(&t->r.set_cookie), "__Host-desk=" STUB_TEAM "; Path=/; Max-Age=3600; "
                                                 "HttpOnly; SameSite=Strict; Secure");
    /* Over https a cookie without the prefix counts for nothing. */
    assert_int_equal(get(t, true, "/", TEAM), 403);
    assert_int_equal(get(t, true, "/", "__Host-" TEAM), 200);
}

static void signing_in_with_a_password(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/signin", ""), 200);
    HAS(t, "<form class=\"form\" method=\"post\" action=\"/signin\">");
    LACKS(t, "Mail me"); /* nothing is sent by this desk */
    t->set.mail.outgoing = true;
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012", ""), 403);
    HAS(t, "name=\"to\" value=\"/case/DEMO-2025-0012\"");
    HAS(t, "Mail me a sign-in link");
    assert_int_equal(post(t, true, "/signin", "", "login=ada&password=wrong&to=%2Fheld"), 403);
    HAS(t, "Login or password is wrong.");
    HAS(t, "value=\"ada\"");
    HAS(t, "value=\"/held\"");
    LACKS(t, "wrong\""); /* what was typed as password is not shown again */
    assert_int_equal(t->r.set_cookie.n, 0);
    static const struct {
        const char *to, *place;
    } ways[] = {{"", "/"},
                {"&to=%2Fheld", "/held"},
                {"&to=%2F%2Fevil.example", "/"},
                {"&to=%2F%5Cevil.example", "/"},
                {"&to=https%3A%2F%2Fevil.example", "/"},
                {"&to=%2Fx%0D%0ASet-Cookie:x", "/"},
                {"&to=%2Fsignout", "/"}};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        char form[200];
        snprintf(form, sizeof form, "login=ada&password=violet+anchor+seven%s", ways[i].to);
        assert_int_equal(post(t, true, "/signin", "", form), 303);
        assert_string_equal(buf_c(&t->r.location), ways[i].place);
        assert_true(str_starts(buf_str(&t->r.set_cookie), STR("desk=" STUB_TEAM ";")));
    }
    stub.wait_us = INT64_C(61000000);
    assert_int_equal(post(t, true, "/signin", "", "login=ada&password=violet+anchor+seven"), 429);
    HAS(t, "Please wait 2 minutes, or have a link mailed to you.");
    stub.wait_us = 0;
    assert_int_equal(post(t, true, "/signin", "", "login=ada&do=link"), 200);
    HAS(t, "If the desk knows that login");
    assert_int_equal(stub.ordered, 1);
    assert_int_equal(get(t, true, "/signin", TEAM), 303);
    assert_int_equal(get(t, false, "/signin", ""), 404);
    assert_int_equal(post(t, false, "/signin", "", "login=ada&password=violet+anchor+seven"), 404);
}

static void the_own_account(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/account", ""), 403);
    assert_int_equal(get(t, true, "/account", TEAM), 200);
    HAS(t, "value=\"mine\" checked");
    HAS(t, "Current password");
    HAS(t, "Sign out everywhere else");
    assert_int_equal(post(t, true, "/account/password", TEAM, "old=x"), 403); /* no CSRF token */
    assert_int_equal(stub.changed, 0);
    assert_int_equal(post(t, true, "/account/password", TEAM,
                          "csrf=" STUB_CSRF "&old=violet+anchor+seven&new=amber+lantern+nine"
                          "&again=amber+lantern+eight"),
                     400);
    HAS(t, "not the same");
    LACKS(t, "lantern");
    assert_int_equal(post(t, true, "/account/password", TEAM,
                          "csrf=" STUB_CSRF "&old=wrong&new=amber+lantern+nine"
                          "&again=amber+lantern+nine"),
                     403);
    LACKS(t, "lantern");
    assert_int_equal(post(t, true, "/account/password", TEAM,
                          "csrf=" STUB_CSRF "&old=violet+anchor+seven&new=amber+lantern+nine"
                          "&again=amber+lantern+nine"),
                     303);
    assert_int_equal(stub.changed, 1);
    assert_string_equal(buf_c(&t->r.location), "/account?done=password");
    assert_int_equal(post(t, true, "/account/notices", TEAM, "csrf=" STUB_CSRF "&what=none"), 303);
    assert_string_equal(stub.verb, "user.notify");
    assert_string_equal(stub.args, "{\"what\":\"none\",\"login\":\"ada\"}");
    assert_int_equal(post(t, true, "/account/away", TEAM, "csrf=" STUB_CSRF "&from=&until="), 400);
    assert_int_equal(
        post(t, true, "/account/away", TEAM, "csrf=" STUB_CSRF "&until=2026-12-24T12:00"), 303);
    assert_string_equal(stub.args, "{\"until\":\"2026-12-24T12:00:00Z\",\"login\":\"ada\"}");
    assert_int_equal(post(t, true, "/account/away", TEAM, "csrf=" STUB_CSRF "&until=tomorrow"),
                     400);
    HAS(t, "value=\"tomorrow\"");
    assert_int_equal(post(t, true, "/account/back", TEAM, "csrf=" STUB_CSRF), 303);
    assert_string_equal(stub.args, "{\"login\":\"ada\"}");
    assert_int_equal(post(t, true, "/account/leave", TEAM, "csrf=" STUB_CSRF "&which=others"), 303);
    assert_int_equal(t->r.set_cookie.n, 0);
    assert_int_equal(post(t, true, "/account/leave", TEAM, "csrf=" STUB_CSRF "&which=all"), 303);
    assert_true(str_starts(buf_str(&t->r.set_cookie), STR("desk=;")));
    assert_int_equal(stub.ended, 3);
    assert_int_equal(get(t, true, "/account/password", TEAM), 404);
    assert_int_equal(post(t, true, "/account/nothing", TEAM, "csrf=" STUB_CSRF), 404);
}

static void a_spent_link_offers_a_new_one(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/r/" STUB_SPENT, ""), 200);
    HAS(t, "Mail me a new link");
    HAS(t, "action=\"/r/" STUB_SPENT "/renew\"");
    assert_int_equal(post(t, false, "/r/" STUB_SPENT, "", ""), 303);
    assert_string_equal(buf_c(&t->r.location), "/r/" STUB_SPENT);
    assert_int_equal(t->r.set_cookie.n, 0);
    assert_int_equal(post(t, false, "/r/" STUB_SPENT "/renew", "", ""), 200);
    assert_int_equal(stub.renewed, 1);
    assert_int_equal(get(t, false, "/r/unknown-link-22-letter", ""), 404);
    assert_int_equal(get(t, false, "/r/short", ""), 404);
    assert_int_equal(get(t, false, "/r/" STUB_LINK "/x", ""), 404);
}

static void a_case_that_was_shown_is_read(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/", TEAM), 200);
    assert_int_equal(stub.seen, 0);
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012", TEAM), 200);
    assert_int_equal(stub.seen, 12);
}

static void the_queue_is_filtered_by_its_address(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/?state=unread&severity=high&handler=ada&phase=fixing", TEAM),
                     200);
    HAS(t, "value=\"unread\" selected");
    HAS(t, "value=\"high\" selected");
    HAS(t, "value=\"fixing\" selected");
    HAS(t, "href=\"/\">Clear");
    assert_int_equal(get(t, true, "/?state=nonsense", TEAM), 400);
}

static void a_search_shows_places_and_jumps_to_a_number(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/search", TEAM), 200);
    LACKS(t, "Nothing found");
    assert_int_equal(get(t, true, "/search?q=quarantine", TEAM), 200);
    HAS(t, "<mark>quarantine</mark>");
    HAS(t, "/case/DEMO-2025-0012#message-101");
    HAS(t, "href=\"/held/301\"");
    HAS(t, "/search?q=quarantine&amp;before=99");
    assert_int_equal(get(t, true, "/search?q=DEMO-2025-0012", TEAM), 303);
    assert_string_equal(buf_c(&t->r.location), "/case/DEMO-2025-0012");
    assert_int_equal(get(t, true, "/search?q=x&before=-1", TEAM), 400);
}

static void parts_are_downloads_of_the_own_messages(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/101/part/2", TEAM), 200);
    assert_true(t->r.download.wanted);
    assert_int_equal(t->r.download.message_id, 101);
    assert_int_equal(t->r.download.part, 2);
    assert_string_equal(buf_c(&t->r.file_name), "quarantine-xss.png");
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012/message/101/part/0", TEAM), 200);
    assert_string_equal(buf_c(&t->r.file_name), "message-101.eml");
    assert_int_equal(get(t, true, "/held/message/301/part/0", TEAM), 200);
    assert_true(t->r.download.wanted);
    assert_int_equal(get(t, false, "/report/message/101/part/2", REPORTER), 200);
    assert_true(t->r.download.wanted);
    static const char *const none[] = {"/case/DEMO-2025-0012/message/101/part/9",
                                       "/case/DEMO-2025-0012/message/999/part/0",
                                       "/case/DEMO-2025-0012/message/102/part/0",
                                       "/case/DEMO-2025-0012/message/x/part/0",
                                       "/case/DEMO-2025-0012/message/101/part/2/x",
                                       "/case/DEMO-2025-0012/message/101",
                                       "/held/message/999/part/0"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(get(t, true, none[i], TEAM), 404);
        assert_false(t->r.download.wanted);
    }
    /* Another reporter's message, and the raw mail with our server's fields. */
    assert_int_equal(get(t, false, "/report/message/201/part/0", REPORTER), 404);
    assert_int_equal(get(t, false, "/report/message/101/part/0", REPORTER), 404);
}

static void hostile_words_are_inert_on_every_page(void **state)
{
    struct bench *t = *state;
    static const struct {
        bool staff;
        const char *path, *cookie;
    } paths[] = {{true, "/", TEAM},
                 {true, "/case/DEMO-2025-0012", TEAM},
                 {true, "/case/DEMO-2025-0012/history", TEAM},
                 {true, "/case/DEMO-2025-0012/third-party", TEAM},
                 {true, "/case/DEMO-2025-0012/advisory", TEAM},
                 {true, "/case/DEMO-2025-0012/advisory/revision/2", TEAM},
                 {true, "/held", TEAM},
                 {true, "/held/301", TEAM},
                 {true, "/search?q=%3Cscript%3E\"><img+src=x", TEAM},
                 {true, "/advisories", TEAM},
                 {true, "/policy", TEAM},
                 {true, "/policy/1", TEAM},
                 {true, "/account", TEAM},
                 {false, "/report", REPORTER},
                 {false, "/report/credit", REPORTER},
                 {false, "/advisories", ""},
                 {false, "/advisories/" STUB_ADVISORY, ""}};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (get(t, paths[i].staff, paths[i].path, paths[i].cookie) != 200)
            fail_msg("%s is %d", paths[i].path, t->r.status);
        /* Ours are files of their own, named in the head. */
        for (const char *at = BODY(t); (at = strstr(at, "<script")) != NULL; at++)
            assert_memory_equal(at, "<script src=\"/static/", 21);
        LACKS(t, "<img src=x");
        /* What is edited is edited as it is; everything else shows the mark by its name. */
        for (const char *at = BODY(t); (at = strstr(at, "\xe2\x80\xae")) != NULL; at++) {
            const char *tag = at;
            while (*tag != '<')
                tag--;
            assert_memory_equal(tag, "<input ", 7);
        }
        LACKS(t, "style=");
        LACKS(t, "src=\"http");
        LACKS(t, "href=\"javascript");
    }
    assert_int_equal(get(t, true, "/case/DEMO-2025-0012", TEAM), 200);
    HAS(t, "550 5.7.1 &lt;mira@research.example&gt;: Recipient address rejected");
    HAS(t, "&lt;/strong&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
}

static void a_reporter_sees_nothing_of_the_team(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/report", REPORTER), 200);
    HAS(t, "We could confirm the problem");
    LACKS(t, "same helper");     /* a note */
    LACKS(t, "Not delivered");   /* what our server said */
    LACKS(t, "sender verified"); /* how we judged them */
    LACKS(t, "part/0");          /* raw mail */
    LACKS(t, "Tove");
    LACKS(t, "own time"); /* what the policy does not promise is not promised */
    HAS(t, "acknowledge your email as soon as possible");
    assert_int_equal(post(t, false, "/report/leave", REPORTER, "csrf=" STUB_CSRF), 303);
    assert_int_equal(stub.ended, 1);
    assert_non_null(strstr(buf_c(&t->r.set_cookie), "report=; Path=/; Max-Age=0;"));
}

static void public_pages_need_nothing(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/", ""), 200);
    HAS(t, "<h2 id=\"reporting-a-vulnerability\">");
    HAS(t, "href=\"mailto:security@desk.example\"");
    assert_true(t->r.cacheable);
    assert_int_equal(get(t, false, "/.well-known/security.txt", ""), 200);
    HAS(t, "Contact: mailto:security@desk.example\n");
    assert_string_equal(t->r.content_type, "text/plain; charset=utf-8");
    assert_int_equal(get(t, false, "/receipt-key", ""), 200);
    assert_string_equal(BODY(t),
                        "0100000000000000000000000000000000000000000000000000000000000000\n");
    assert_int_equal(get(t, false, "/healthz", ""), 200);
    assert_int_equal(get(t, true, "/healthz", ""), 200);
    assert_int_equal(get(t, false, "/nothing", ""), 404);
    assert_int_equal(get(t, false, "/%2e%2e/etc", ""), 404);
    assert_int_equal(post(t, false, "/", "", ""), 404);
}

/* ---- forms with files ---- */

struct sent {
    const char *name, *value, *file; /* file: not NULL, and value are its bytes */
};

/* A form as httpd hands it over. */
static int post_parts(struct bench *t, const char *path, const char *cookie, const struct sent *all,
                      size_t n, bool cut)
{
    struct multipart *m = mem_zalloc(sizeof *m);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < n; i++)
        m->parts[m->n++] = (struct multipart_part){.name = str_c(all[i].name),
                                                   .file_name = str_c(all[i].file),
                                                   .type = STR_NONE,
                                                   .bytes = str_c(all[i].value),
                                                   .is_file = all[i].file != NULL};
    m->cut = cut;
    m->files_over = n > 0 && strcmp(all[0].name, "over") == 0 ? 180 : 0;
    multipart_write(&b, m);
    free(m);
    return send_it(t, (struct http_request){.method = HTTP_POST,
                                            .path = str_c(path),
                                            .cookie = str_c(cookie),
                                            .client = STR("192.0.2.1"),
                                            .parts = true,
                                            .body = buf_str(&b)});
}

static const struct sent good[] = {{"token", STUB_TOKEN "-report", NULL},
                                   {"title", "A <b>hole</b>", NULL},
                                   {"description", "It\r\nfalls", NULL},
                                   {"name", "", NULL},
                                   {"address", "", NULL},
                                   {"website", "", NULL},
                                   {"files", "\x01\x02", "C:\\proof.bin"}};

static void a_report_by_form_gives_a_link(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/new", ""), 200);
    HAS(t, "name=\"token\" value=\"" STUB_TOKEN "-report\"");
    HAS(t, "enctype=\"multipart/form-data\"");
    stub.age_us = WEBFORM_FILL_US;
    assert_int_equal(post_parts(t, "/new", "", good, ARRAY_LEN(good), false), 200);
    HAS(t, "http://127.0.0.1:1/r/" STUB_LINK);
    HAS(t, "the only way to our answers");
    assert_int_equal(stub.taken, 1);
    assert_int_equal(stub.counted, 2); /* for the client and for all */
    assert_string_equal(stub.args, "A <b>hole</b>||");
    assert_int_equal(stub.files, 1);
    assert_int_equal(stub.bytes, 2);
    assert_string_equal(stub.file, "proof.bin");
    struct sent named[ARRAY_LEN(good)];
    memcpy(named, good, sizeof named);
    named[4].value = "f@reporter.example";
    assert_int_equal(post_parts(t, "/new", "", named, ARRAY_LEN(named), false), 200);
    LACKS(t, "the only way to our answers");
    LACKS(t, "on the way to the address"); /* nothing is sent by this desk */
    t->set.mail.outgoing = true;
    assert_int_equal(post_parts(t, "/new", "", named, ARRAY_LEN(named), false), 200);
    HAS(t, "on the way to the address");
}

/* Whatever is wrong, what was typed is in the form again. */
static void a_form_that_is_not_taken_keeps_what_was_typed(void **state)
{
    struct bench *t = *state;
    static const struct {
        const char *field, *value, *says;
        int64_t age_us;
        bool cut, throttled;
        int status;
    } rows[] = {
        {"website", "http://spam.example", "to stay empty", WEBFORM_FILL_US, false, false, 400},
        {"token", "made-up", "too long", WEBFORM_FILL_US, false, false, 400},
        {"token", NULL, "sooner than a person", 0, false, false, 400},
        {"token", NULL, "too long", WEBFORM_LIFE_US + 1, false, false, 400},
        {"token", NULL, "too large", WEBFORM_FILL_US, true, false, 413},
        {"token", NULL, "in 2 minutes", WEBFORM_FILL_US, false, true, 429},
        {"over", "x", "You chose 181 files", WEBFORM_FILL_US, false, false, 413},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sent f[ARRAY_LEN(good) + 1];
        size_t n = 0;
        if (strcmp(rows[i].field, "over") == 0)
            f[n++] = (struct sent){"over", "x", NULL};
        for (size_t k = 0; k < ARRAY_LEN(good); k++, n++) {
            f[n] = good[k];
            if (rows[i].value && strcmp(f[n].name, rows[i].field) == 0)
                f[n].value = rows[i].value;
        }
        stub.age_us = rows[i].age_us;
        stub.throttled = rows[i].throttled;
        assert_int_equal(post_parts(t, "/new", "", f, n, rows[i].cut), rows[i].status);
        HAS(t, rows[i].says);
        HAS(t, "value=\"A &lt;b&gt;hole&lt;/b&gt;\"");
        HAS(t, ">It\nfalls</textarea>");
        HAS(t, "Files have to be chosen again");
        HAS(t, "name=\"website\" type=\"text\" tabindex=\"-1\" autocomplete=\"off\" value=\"\"");
        LACKS(t, "/r/");
    }
    assert_int_equal(stub.taken, 0);
    assert_int_equal(stub.counted, 0); /* nobody is locked out for correcting a form */
    stub.throttled = false;
    stub.age_us = WEBFORM_FILL_US;
    stub.fail = RC_INVALID;
    assert_int_equal(post_parts(t, "/new", "", good, ARRAY_LEN(good), false), 400);
    HAS(t, "the rules say no");
    stub.fail = RC_IO;
    assert_int_equal(post_parts(t, "/new", "", good, ARRAY_LEN(good), false), 500);
    HAS(t, "It was not your doing");
    LACKS(t, "the rules say no");
    HAS(t, ">It\nfalls</textarea>");
}

static void an_answer_by_form_waits_for_its_record(void **state)
{
    struct bench *t = *state;
    struct sent f[] = {{"csrf", STUB_CSRF, NULL},
                       {"token", STUB_TOKEN "-answer", NULL},
                       {"text", "here it is", NULL},
                       {"files", "proof", "p.txt"}};
    assert_int_equal(post_parts(t, "/report/answer", REPORTER, f, ARRAY_LEN(f), false), 303);
    assert_string_equal(buf_c(&t->r.location), "/report?done=1#write");
    assert_string_equal(t->r.wait, STUB_SPOOL);
    assert_string_equal(stub.args, "here it is");
    assert_int_equal(stub.by, ACTOR_REPORTER);
    assert_int_equal(stub.files, 1);
    stub.filing = 1;
    assert_int_equal(get(t, false, "/report?done=1", REPORTER), 200);
    HAS(t, "is being filed");
    HAS(t, "http-equiv=\"refresh\"");
    stub.filing = 0;
    assert_int_equal(get(t, false, "/report", REPORTER), 200);
    LACKS(t, "http-equiv=\"refresh\"");
    /* On a closed case it opens a new one, and this is the only page that says where. */
    stub.closed = true;
    assert_int_equal(post_parts(t, "/report/answer", REPORTER, f, ARRAY_LEN(f), false), 200);
    HAS(t, "/r/" STUB_LINK);
    /* Not taken: the text is still there. */
    assert_int_equal(post_parts(t, "/report/answer", REPORTER, f, ARRAY_LEN(f), true), 413);
    HAS(t, ">here it is</textarea>");
    HAS(t, "Files have to be chosen again");
    /* Without its session, or without its token, nothing. */
    stub.taken = 0;
    assert_int_equal(post_parts(t, "/report/answer", "", f, ARRAY_LEN(f), false), 404);
    f[0].value = "wrong";
    assert_int_equal(post_parts(t, "/report/answer", REPORTER, f, ARRAY_LEN(f), false), 403);
    assert_int_equal(stub.taken, 0);
    /* Elsewhere a form that was too large is refused. */
    assert_int_equal(post_parts(t, "/report/leave", REPORTER, f, ARRAY_LEN(f), true), 413);
}

static void who_left_no_address_gets_the_next_link(void **state)
{
    struct bench *t = *state;
    stub.anonymous = true;
    assert_int_equal(post(t, false, "/r/" STUB_LINK, "", ""), 200);
    HAS(t, "http://127.0.0.1:1/r/" STUB_NEXT);
    assert_non_null(strstr(buf_c(&t->r.set_cookie), "report="));
    assert_int_equal(get(t, false, "/r/" STUB_SPENT, ""), 200);
    HAS(t, "we cannot send you another link");
    LACKS(t, "<button");
    assert_int_equal(post(t, false, "/report/link", REPORTER, "csrf=" STUB_CSRF), 200);
    HAS(t, "/r/" STUB_NEXT);
    stub.throttled = true;
    assert_int_equal(post(t, false, "/report/link", REPORTER, "csrf=" STUB_CSRF), 429);
    stub.throttled = stub.anonymous = false;
    assert_int_equal(post(t, false, "/r/" STUB_LINK, "", ""), 303);
    assert_int_equal(post(t, false, "/report/link", REPORTER, "csrf=" STUB_CSRF), 404);
}

static void a_link_works_before_its_report_is_a_case(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/r/unknown-link-22-letter", ""), 404);
    stub.waits = WEBFORM_FILING;
    assert_int_equal(get(t, false, "/r/unknown-link-22-letter", ""), 200);
    HAS(t, "is being filed");
    HAS(t, "http-equiv=\"refresh\"");
    stub.waits = WEBFORM_HELD;
    assert_int_equal(get(t, false, "/r/unknown-link-22-letter", ""), 200);
    HAS(t, "A person looks at your report first");
    LACKS(t, "http-equiv=\"refresh\"");
}

/* The whole answer but its length, which the body has. */
static struct str answer(struct bench *t, const char *path, struct arena *a)
{
    int status = get(t, false, path, "");
    return arena_strf(a, "%d %s %d %s %s %s", status, t->r.content_type, t->r.cacheable,
                      buf_c(&t->r.set_cookie), buf_c(&t->r.location), BODY(t));
}

static void what_is_not_public_answers_like_what_never_was(void **state)
{
    struct bench *t = *state;
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    static const char *const same[] = {"/advisories/DEMO-SA-2026-0002",
                                       "/advisories/DEMO-SA-2026-0002.json",
                                       "/advisories/demo-sa-2026-0001",
                                       "/advisories/1",
                                       "/advisories/DEMO-SA-2026-0001/edit",
                                       "/advisories/DEMO-SA-2026-0001.json.json",
                                       "/advisories.atom/x",
                                       "/case/DEMO-2025-0012/advisory",
                                       "/advisories/x"};
    struct str never = answer(t, "/nothing-of-that-name", a);
    assert_true(str_starts(never, STR("404 ")));
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (!str_eq(answer(t, same[i], a), never))
            fail_msg("%s is told from nothing", same[i]);
    assert_int_equal(post(t, false, "/advisories", "", ""), 404);
    assert_int_equal(post(t, false, "/advisories/" STUB_ADVISORY, "", ""), 404);
}

static void a_published_advisory_is_a_page_a_document_and_an_entry(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/advisories/" STUB_ADVISORY, ""), 200);
    HAS(t, "A &lt;b&gt;bold&lt;/b&gt; hole");
    HAS(t, "Zo &lt;i&gt;");
    LACKS(t, "<script");
    assert_true(t->r.cacheable && t->r.body.n < 20000);
    assert_int_equal(get(t, false, "/advisories", ""), 200);
    HAS(t, "href=\"/advisories/" STUB_ADVISORY "\"");
    assert_int_equal(get(t, false, "/advisories/" STUB_ADVISORY ".json", ""), 200);
    assert_string_equal(t->r.content_type, "application/json; charset=utf-8");
    HAS(t, "\"id\":\"x_" STUB_ADVISORY "\"");
    assert_int_equal(get(t, false, "/advisories.atom", ""), 200);
    assert_string_equal(t->r.content_type, "application/atom+xml; charset=utf-8");
    HAS(t, "A &lt;b&gt;bold&lt;/b&gt; hole");
    LACKS(t, "<script");
}

#define ADVISORY "/case/DEMO-2025-0012/advisory"

static void forms_of_an_advisory_become_verbs(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, true, ADVISORY, TEAM), 200);
    HAS(t, "Approve revision 2");
    LACKS(t, "<script>alert");
    LACKS(t, "<u>");
    assert_int_equal(get(t, true, ADVISORY, ""), 403);
    assert_int_equal(post(t, true, ADVISORY "/approve", TEAM, "revision=2"), 403);
    stub.cmds = 0;
    assert_int_equal(post(t, true, ADVISORY "/approve", TEAM, "csrf=" STUB_CSRF "&revision=2"),
                     303);
    assert_string_equal(stub.verb, "advisory.approve");
    assert_int_equal(post(t, true, ADVISORY "/plan", TEAM,
                          "csrf=" STUB_CSRF "&revision=2&at=2026-12-01T14%3A00"),
                     303);
    assert_string_equal(stub.verb, "advisory.publish");
    assert_non_null(strstr(stub.args, "\"at\":\"2026-12-01T14:00:00Z\""));
    assert_int_equal(post(t, true, ADVISORY "/plan", TEAM, "csrf=" STUB_CSRF "&revision=2&at=soon"),
                     400);
    assert_int_equal(post(t, true, ADVISORY "/burn", TEAM, "csrf=" STUB_CSRF), 404);
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, true, ADVISORY "/edit", TEAM,
                          "csrf=" STUB_CSRF "&whole=1&revision=2&title=My+%3Ctitle%3E&text=My+text"
                          "&affected=all"),
                     400);
    HAS(t, "value=\"My &lt;title&gt;\"");
    HAS(t, ">My text</textarea>");
    stub.fail = RC_OK;
    assert_int_equal(get(t, true, ADVISORY "/revision/2", TEAM), 200);
    HAS(t, "<span class=\"del\">-Old</span>");
    HAS(t, "<span class=\"add\">+A &lt;b&gt;bold&lt;/b&gt; hole</span>");
    HAS(t, "<span class=\"ctx\"> Same</span>");
    assert_int_equal(get(t, true, ADVISORY "/revision/3", TEAM), 404);
    assert_int_equal(get(t, true, "/advisories", TEAM), 200);
}

static void a_reporter_says_how_to_be_named(void **state)
{
    struct bench *t = *state;
    assert_int_equal(get(t, false, "/report/credit", ""), 404);
    assert_int_equal(get(t, false, "/report/credit", REPORTER), 200);
    HAS(t, "value=\"Kim\"");
    assert_int_equal(post(t, false, "/report/credit", REPORTER, "decision=named&name=X"), 403);
    assert_int_equal(
        post(t, false, "/report/credit", REPORTER, "csrf=" STUB_CSRF "&decision=named&name=Kim+K."),
        303);
    assert_string_equal(stub.verb, "reporter.credit");
    stub.fail = RC_INVALID;
    assert_int_equal(post(t, false, "/report/credit", REPORTER,
                          "csrf=" STUB_CSRF "&decision=named&name=K+%22+K"),
                     400);
    HAS(t, "value=\"K &quot; K\"");
}

/* A session that is over, or a form of an earlier one: nothing is done, on no page, and what had
 * been typed is shown; but no password. */
static void what_was_typed_survives_the_end_of_a_session(void **state)
{
    struct bench *t = *state;
    static const struct {
        bool staff;
        const char *path, *body, *words[3];
    } rows[] = {
        {true,
         ADVISORY "/edit",
         "title=My+%3Cb%3E&summary=In+short&text=At+length",
         {"title:\nMy &lt;b&gt;", "summary:\nIn short", "text:\nAt length"}},
        {true, ADVISORY "/withdraw", "reason=It+was+none", {"readonly>It was none</textarea>"}},
        {true,
         "/case/DEMO-2025-0012/third-party/tell",
         "maintainer=Mira&source=Her+page",
         {"maintainer:\nMira", "source:\nHer page"}},
        {true, "/case/DEMO-2025-0012/assign", "login=tove&reason=Holiday", {"readonly>Holiday<"}},
        {true, "/policy/1/reject", "reason=No+%26+no", {"readonly>No &amp; no<"}},
        {true, "/held/301/release", "number=N1&reason=ours", {"readonly>ours<"}},
        {false, "/report/answer", "text=My+proof", {"readonly>My proof<"}},
        {false, "/report/credit", "decision=named&name=Kim+K.", {"readonly>Kim K.<"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *cookie = rows[i].staff ? TEAM : REPORTER;
        for (int out = 0; out < 2; out++) {
            assert_int_equal(post(t, rows[i].staff, rows[i].path, out ? "" : cookie, rows[i].body),
                             out && !rows[i].staff ? 404 : 403);
            for (size_t k = 0; k < 3 && rows[i].words[k]; k++)
                HAS(t, rows[i].words[k]);
            HAS(t, "nothing was sent");
            HAS(t, !out            ? "The form was too old</h1>"
                   : rows[i].staff ? "Please sign in</h1>"
                                   : "open your private link again");
        }
    }
    assert_int_equal(
        post(t, true, "/account/password", "", "old=hunter2&new=secret-one&again=secret-one"), 403);
    LACKS(t, "hunter2");
    LACKS(t, "secret-one");
    assert_int_equal(stub.cmds, 0);
    assert_int_equal(stub.taken, 0);
    assert_int_equal(stub.changed, 0);
}

/* The words of the store are for our log, on no page for somebody else; what was typed stays. */
static void a_failure_of_ours_is_not_told(void **state)
{
    struct bench *t = *state;
    static const struct {
        bool staff;
        const char *path, *body, *kept;
    } rows[] = {
        {true, "/case/DEMO-2025-0012/note", "text=typed", ">typed</textarea>"},
        {true, "/case/DEMO-2025-0012/assign", "login=tove&reason=typed", "value=\"typed\""},
        {true, ADVISORY "/edit", "whole=1&revision=2&title=typed&text=x", "value=\"typed\""},
        {true, "/held/301/release", "reason=typed", "value=\"typed\""},
        {false, "/report/answer", "token=" STUB_TOKEN "-answer&text=typed", ">typed</textarea>"},
        {false, "/report/credit", "decision=named&name=typed", "value=\"typed\""},
    };
    stub.fail = RC_IO;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char body[200];
        snprintf(body, sizeof body, "csrf=" STUB_CSRF "&%s", rows[i].body);
        assert_int_equal(
            post(t, rows[i].staff, rows[i].path, rows[i].staff ? TEAM : REPORTER, body), 500);
        LACKS(t, "the rules say no");
        HAS(t, "It was not your doing");
        HAS(t, rows[i].kept);
        assert_int_equal(t->r.failed.rc, RC_IO);
        assert_string_equal(t->r.failed.msg, "the rules say no");
    }
}

/* As much as a browser lets somebody type into the form, in letters of three bytes each. */
static void a_text_that_is_too_long_comes_back(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf text = BUF_INIT(HTTP_FORM_VALUE_MAX);
    for (int i = 0; i < 180000; i++)
        buf_adds(&text, "\xe2\x82\xac");
    struct sent f[] = {{"token", STUB_TOKEN "-report", NULL},
                       {"title", "A hole", NULL},
                       {"description", buf_c(&text), NULL}};
    stub.age_us = WEBFORM_FILL_US;
    stub.fail = RC_LIMIT;
    assert_int_equal(post_parts(t, "/new", "", f, ARRAY_LEN(f), false), 413);
    HAS(t, "the rules say no");
    assert_non_null(memmem(t->r.body.p, t->r.body.n, text.p, text.n));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nobody_sees_the_team_without_a_session),
        T(no_page_of_the_team_is_on_the_public_side),
        T(nobody_sees_a_report_without_its_session),
        T(every_form_needs_the_token),
        T(forms_become_verbs),
        T(what_was_typed_is_still_there_after_a_failure),
        T(what_was_typed_survives_the_end_of_a_session),
        T(a_failure_of_ours_is_not_told),
        T(a_text_that_is_too_long_comes_back),
        T(a_reply_is_shown_before_it_is_sent),
        T(the_whole_text_of_a_message_is_plain_text),
        T(signing_in_with_a_password),
        T(the_own_account),
        T(a_link_is_shown_by_get_and_spent_by_post),
        T(a_spent_link_offers_a_new_one),
        T(parts_are_downloads_of_the_own_messages),
        T(a_case_that_was_shown_is_read),
        T(the_queue_is_filtered_by_its_address),
        T(a_search_shows_places_and_jumps_to_a_number),
        T(hostile_words_are_inert_on_every_page),
        T(a_reporter_sees_nothing_of_the_team),
        T(public_pages_need_nothing),
        T(a_report_by_form_gives_a_link),
        T(a_form_that_is_not_taken_keeps_what_was_typed),
        T(an_answer_by_form_waits_for_its_record),
        T(who_left_no_address_gets_the_next_link),
        T(a_link_works_before_its_report_is_a_case),
        T(what_is_not_public_answers_like_what_never_was),
        T(a_published_advisory_is_a_page_a_document_and_an_entry),
        T(forms_of_an_advisory_become_verbs),
        T(a_reporter_says_how_to_be_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
