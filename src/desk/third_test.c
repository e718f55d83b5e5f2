/* SPDX-License-Identifier: Apache-2.0 */
/* Reports about software of somebody else: telling, asking, sending on; both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "desk/cmd.h"
#include "desk/components.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/third.h"
#include "desk/vcase.h"

static bool on_pg;

#define MAP                                                                                        \
    "[parser]\nrelation = third-party\nwhat = the parser\nupstream = example/parser\n"             \
    "contact = security@parser.example (OpenPGP) or https://parser.example/report\n"               \
    "source = https://parser.example/SECURITY.md\nseen = yes\ndate = 2026-08-05\n"                 \
    "[forge]\nrelation = third-party\nwhat = w\nupstream = example/forge\n"                        \
    "contact = https://forge.example/new\nseen = no\ndate = 2026-08-05\n"                          \
    "[silent]\nrelation = third-party\nwhat = w\nupstream = example/silent\ncontact =\n"           \
    "seen = no\ndate = 2026-08-05\n"

static int begin(void **state)
{
    test_desk_begin(state, on_pg, "", "alice");
    struct test_desk *t = *state;
    struct components *c = arena_alloc(t->a, sizeof *c);
    T_OK(components_parse(t->a, STR(MAP), "map", c, e));
    t->d.components = c;
    return 0;
}

static struct intake_result report(struct test_desk *t)
{
    struct test_mail tm = {.from = "f@reporter.example",
                           .subject = "SUBJECT-WORD overflow",
                           .mid = "r@reporter.example",
                           .text = "TEXT-WORD\nsteps\n"};
    return test_mail_in(t, &tm);
}

/* The bytes of the newest mail to an address. */
static struct str mail_to(struct test_desk *t, const char *rcpt)
{
    return test_text(t, arena_strf(t->a,
                                   on_pg ? "SELECT convert_from(bytes, 'UTF8') FROM outbox"
                                           " WHERE rcpt = '%s' ORDER BY id DESC LIMIT 1"
                                         : "SELECT CAST(bytes AS TEXT) FROM outbox"
                                           " WHERE rcpt = '%s' ORDER BY id DESC LIMIT 1",
                                   rcpt)
                            .p);
}

static bool says(struct str mail, const char *words)
{
    return str_find(mail, str_c(words)) != STR_NPOS;
}

static struct actor reporter_of(const struct intake_result *r)
{
    return (struct actor){
        .kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = r->thread_id, .participant_id = 2};
}

static void accept_case(struct test_desk *t, const struct actor *who, int64_t id)
{
    T_OK(vcase_rm(&t->d, who, id, 'V', STR("seen in their code"), e));
    T_OK(vcase_rm(&t->d, who, id, 'A', STR("it concerns our users"), e));
}

/* Everything that is known comes from the map, with its source and day. */
static void told(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct actor reporter = reporter_of(&r);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser")};
    int64_t route;
    T_RC(RC_DENIED, third_tell(&t->d, &reporter, &n, &route, e));
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    struct str mail = mail_to(t, "f@reporter.example");
    assert_true(says(mail, "security@parser.example"));
    assert_true(says(mail, "https://parser.example/report"));
    assert_true(says(mail, "https://parser.example/SECURITY.md, 2026-08-05"));
    assert_false(says(mail, "we send your report to them"));
    /* The form sent twice: one mail. */
    T_RC(RC_CONFLICT, third_tell(&t->d, &alice, &n, &route, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 1);
    T_RC(RC_CONFLICT, third_consent(&t->d, &alice, route, THIRD_NAMED, STR("x"), e));
    T_RC(RC_INVALID, third_forward(&t->d, &alice, route, STR_NONE, e));
}

static void refusals(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct third_new n = {.case_id = r.case_id, .component = STR("silent")};
    int64_t route;
    T_RC(RC_INVALID, third_tell(&t->d, &alice, &n, &route, e)); /* no contact */
    n.component = STR("forge");
    n.ask = true;
    T_RC(RC_INVALID, third_tell(&t->d, &alice, &n, &route, e)); /* a page cannot be written to */
    n.ask = false;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    assert_true(says(test_text(t, "SELECT source FROM route"), "not checked"));
    struct third_new typed = {.case_id = r.case_id,
                              .component = STR("other"),
                              .maintainer = STR("Other people"),
                              .email = STR("nobody"),
                              .source = STR("their page"),
                              .source_date = STR("2026-11-25")};
    T_RC(RC_INVALID, third_tell(&t->d, &alice, &typed, &route, e));
    typed.email = STR("sec@other.example");
    typed.source_date = STR("yesterday");
    T_RC(RC_INVALID, third_tell(&t->d, &alice, &typed, &route, e));
    typed.source_date = STR("2026-11-25");
    typed.url = STR("javascript:alert(1)");
    T_RC(RC_INVALID, third_tell(&t->d, &alice, &typed, &route, e));
    typed.url = STR_NONE;
    T_OK(third_tell(&t->d, &alice, &typed, &route, e));
    typed.ask = true; /* told by now, and asked later */
    T_OK(third_tell(&t->d, &alice, &typed, &route, e));
    T_RC(RC_CONFLICT, third_tell(&t->d, &alice, &typed, &route, e));
    /* Nor is anybody invited twice. */
    int64_t who, thread;
    T_OK(participant_add(&t->d, &alice, r.case_id, STR("finder"), STR("Mira"),
                         STR("mira@x.example"), &who, &thread, e));
    T_RC(RC_CONFLICT, participant_add(&t->d, &alice, r.case_id, STR("finder"), STR("M."),
                                      STR("Mira@X.example"), &who, &thread, e));
    T_RC(RC_INVALID, participant_add(&t->d, &alice, r.case_id, STR("finder"), STR("M."),
                                     STR("mira@a_b.example"), &who, &thread, e));
}

static void forwarded_by_name(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct actor reporter = reporter_of(&r);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser"), .ask = true};
    int64_t route;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    T_RC(RC_INVALID, third_forward(&t->d, &alice, route, STR_NONE, e)); /* not agreed yet */
    T_OK(third_consent_own(&t->d, &reporter, THIRD_NAMED, e));
    T_RC(RC_NOTFOUND, third_consent_own(&t->d, &reporter, THIRD_NO, e));
    T_RC(RC_INVALID, third_forward(&t->d, &alice, route, STR_NONE, e)); /* not accepted yet */
    accept_case(t, &alice, r.case_id);
    T_OK(third_forward(&t->d, &alice, route, STR("We see it from 1.4 on."), e));
    struct str mail = mail_to(t, "security@parser.example");
    assert_true(says(mail, "TEXT-WORD"));
    assert_true(says(mail, "We see it from 1.4 on."));
    assert_true(says(mail, "f@reporter.example"));
    assert_true(says(mail, "report.eml"));
    assert_true(says(mail_to(t, "f@reporter.example"), "has gone to"));
    T_RC(RC_INVALID, third_forward(&t->d, &alice, route, STR_NONE, e)); /* once */
    /* The answer finds its thread by the tag, and is told as such. */
    struct str tag = test_text(t, "SELECT tag FROM thread ORDER BY id DESC LIMIT 1");
    struct test_mail answer = {.from = "security@parser.example",
                               .mid = "a@parser.example",
                               .text = "We have it.\n",
                               .rcpt =
                                   arena_strf(t->a, "security+%.*s@desk.example", STR_ARG(tag)).p};
    assert_int_equal(test_mail_in(t, &answer).kind, INTAKE_JOINED);
    struct route_row *list;
    size_t count;
    T_OK(ops_route_list(t->d.db, t->a, r.case_id, &list, &count, e));
    assert_int_equal(count, 1);
    assert_true(list[0].heard);
    assert_string_equal(third_state_text(list[0].state, list[0].heard),
                        "The maintainer has answered");
    T_OK(third_close(&t->d, &alice, route, STR("fixed in 1.5"), e));
    T_RC(RC_CONFLICT, third_close(&t->d, &alice, route, STR("again"), e));
}

/* Who did not agree to be named is not: neither name nor address, nor the mail that has them. */
static void forwarded_without_name(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser"), .ask = true};
    int64_t route;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    T_RC(RC_INVALID, third_consent(&t->d, &alice, route, THIRD_UNNAMED, STR(" "), e));
    T_OK(third_consent(&t->d, &alice, route, THIRD_UNNAMED, STR("by mail"), e));
    accept_case(t, &alice, r.case_id);
    T_OK(third_forward(&t->d, &alice, route, STR_NONE, e));
    struct str mail = mail_to(t, "security@parser.example");
    assert_true(says(mail, "TEXT-WORD"));
    assert_false(says(mail, "reporter.example"));
    assert_false(says(mail, "report.eml"));
    assert_false(says(mail, "SUBJECT-WORD"));
    assert_false(says(mail_to(t, "f@reporter.example"), "Your name and address went along"));
}

/* A report that quotes our acknowledgement does not hand the reporter's page to the maintainer. */
static void the_way_back_stays(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct test_mail tm = {.from = "f@reporter.example",
                           .mid = "q@reporter.example",
                           .text = arena_strf(t->a,
                                              "It is back.\n> the page of your report:\n"
                                              "> %.*s/r/abcdefghijklmnopqrstuv\n> bye\n",
                                              STR_ARG(t->d.set->desk.base_url))
                                       .p};
    assert_true(t->d.set->desk.base_url.n > 0);
    struct intake_result r = test_mail_in(t, &tm);
    struct actor reporter = reporter_of(&r);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser"), .ask = true};
    int64_t route;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    T_OK(third_consent_own(&t->d, &reporter, THIRD_NAMED, e));
    accept_case(t, &alice, r.case_id);
    T_OK(third_forward(&t->d, &alice, route, STR_NONE, e));
    struct str mail = mail_to(t, "security@parser.example");
    assert_true(says(mail, "It is back."));
    assert_true(says(mail, "> bye"));
    assert_false(says(mail, "abcdefghijklmnopqrstuv"));
    assert_false(says(mail, "report.eml"));
}

/* Whoever signs and is not to be named is not: as far as the desk knows name and address. */
static void the_signature_stays(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct test_mail tm = {.from = "al@reporter.example",
                           .mid = "s@reporter.example",
                           .text =
                               "I, AL, also saw val overflow.\n-- \nAl <AL@Reporter.example>\n"};
    struct mail m;
    test_mail_make(t, &tm, &m);
    m.from.name = STR("Al");
    struct intake_result r = test_record_in(t, &m, &tm);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser"), .ask = true};
    int64_t route;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    T_OK(third_consent(&t->d, &alice, route, THIRD_UNNAMED, STR("by mail"), e));
    accept_case(t, &alice, r.case_id);
    T_OK(third_forward(&t->d, &alice, route, STR_NONE, e));
    struct str mail = mail_to(t, "security@parser.example");
    assert_true(says(mail, "I, (left out), also saw val overflow."));
    assert_true(says(mail, "(left out) <(left out)>"));
}

static void refused(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct actor reporter = reporter_of(&r);
    struct third_new n = {.case_id = r.case_id, .component = STR("parser"), .ask = true};
    int64_t route;
    T_OK(third_tell(&t->d, &alice, &n, &route, e));
    T_OK(third_consent_own(&t->d, &reporter, THIRD_NO, e));
    accept_case(t, &alice, r.case_id);
    T_RC(RC_INVALID, third_forward(&t->d, &alice, route, STR_NONE, e));
    assert_int_equal(
        test_count(t, "SELECT count(*) FROM outbox WHERE rcpt = 'security@parser.example'"), 0);
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(told),
        DESK_TEST(refusals),
        DESK_TEST(forwarded_by_name),
        DESK_TEST(forwarded_without_name),
        DESK_TEST(the_way_back_stays),
        DESK_TEST(the_signature_stays),
        DESK_TEST(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
