/* SPDX-License-Identifier: Apache-2.0 */
/* Advisories: revisions, approval by a second person, the moment of publication, credits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/when.h"
#include "desk/advisory.h"
#include "desk/cmd.h"
#include "desk/people.h"
#include "desk/replay.h"
#include "desk/testing.h"
#include "desk/vcase.h"
#include "desk/view.h"
#include "store/outbox.h"
#include "store/task.h"

static bool on_pg;

static const char conf[] =
    "[publish]\nannounce_to = a@lists.example, b@lists.example\n"
    "ecosystem = PyPI\npackage = parser\n[project]\nname = Parser\n[mail]\noutgoing = on\n";

static int begin(void **state)
{
    return test_desk_begin(state, on_pg, conf, "alice");
}

/* An accepted case with an embargo. */
static int64_t a_case(struct test_desk *t, const struct actor *who)
{
    struct test_mail tm = {.from = "f@reporter.example", .mid = "r1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    AUTO(json) json_t *scoped = json_string(">= 2.4, < 2.6.1; every nightly");
    AUTO(json) json_t *cve = json_string("CVE-2026-12345");
    test_sent(t, test_acknowledge(t, r.message_id));
    T_OK(vcase_rm(&t->d, who, r.case_id, 'V', STR("seen"), e));
    T_OK(vcase_rm(&t->d, who, r.case_id, 'A', STR("ours"), e));
    T_OK(vcase_severity(&t->d, who, r.case_id, STR("high"), e));
    T_OK(vcase_fact(&t->d, who, r.case_id, FACT_SCOPED, scoped, STR("by the tags"), e));
    T_OK(vcase_fact(&t->d, who, r.case_id, FACT_CVE, cve, STR("given"), e));
    T_OK(vcase_em(&t->d, who, r.case_id, EM_PROPOSE, t->now_us + 30 * US_PER_DAY, STR("s"), e));
    T_OK(vcase_em(&t->d, who, r.case_id, EM_ACCEPT, 0, STR("s"), e));
    return r.case_id;
}

static const struct str body = STR("## Impact\n\nBad.\n"), summary = STR("A hole.");

static int64_t written(struct test_desk *t, const struct actor *who, int64_t id)
{
    struct advisory_edit n = {
        .case_id = id, .summary = &summary, .body = &body, .change = STR_NONE};
    int64_t revision;
    T_OK(advisory_edit(&t->d, who, &n, &revision, e));
    return revision;
}

static int64_t retitled(struct test_desk *t, const struct actor *who, int64_t id, const char *title,
                        const char *change)
{
    struct str s = str_c(title);
    struct advisory_edit n = {.case_id = id, .title = &s, .change = str_c(change)};
    int64_t revision;
    T_OK(advisory_edit(&t->d, who, &n, &revision, e));
    return revision;
}

static struct view_advisory seen(struct test_desk *t, const struct actor *who, int64_t id)
{
    struct view_advisory v;
    T_OK(view_advisory(&t->d, who, t->a, id, &v, e));
    return v;
}

#define NUMBER STR("EX-SA-2026-0001")

/* Nothing to be seen from outside, and not told from what never was. */
static void is_hidden(struct test_desk *t)
{
    struct adv_doc d, *all;
    struct err e1 = ERR_INIT, e2 = ERR_INIT;
    size_t n;
    assert_int_equal(view_public_advisory(&t->d, t->a, NUMBER, &d, &e1), RC_NOTFOUND);
    assert_int_equal(view_public_advisory(&t->d, t->a, STR("EX-SA-1999-0042"), &d, &e2),
                     RC_NOTFOUND);
    assert_string_equal(e1.msg, e2.msg);
    T_OK(view_public_advisories(&t->d, t->a, &all, &n, e));
    assert_int_equal(n, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM advisory WHERE number IS NOT NULL"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 0);
}

static struct adv_doc shown(struct test_desk *t)
{
    struct adv_doc d;
    T_OK(view_public_advisory(&t->d, t->a, NUMBER, &d, e));
    return d;
}

static void the_first_revision_comes_from_the_case(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice), revision;
    struct view_advisory v = seen(t, &alice, id);
    assert_int_equal(v.revision, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM advisory"), 0);
    assert_true(str_eq(v.doc.c.severity, STR("high")));
    assert_true(v.doc.c.n_affected == 1 && str_eq(v.doc.c.affected[0], STR(">= 2.4, < 2.6.1")));
    assert_true(v.doc.c.n_fixed == 1 && str_eq(v.doc.c.fixed[0], STR("2.6.1")));
    assert_true(v.doc.c.n_cves == 1);
    assert_true(str_find(v.doc.c.body, STR("every nightly")) != STR_NPOS);
    assert_int_equal(v.doc.c.n_timeline, 3);
    assert_true(str_eq(v.doc.c.timeline[0].text, STR("Reported")) &&
                str_eq(v.doc.c.timeline[1].text, STR("Acknowledged")) &&
                str_eq(v.doc.c.timeline[2].text, STR("Confirmed")));
    struct advisory_edit n = {.case_id = id, .change = STR_NONE};
    T_OK(advisory_edit(&t->d, &alice, &n, &revision, e));
    assert_int_equal(revision, 1);
    v = seen(t, &alice, id);
    assert_true(v.to_write && v.unasked && v.n_credits == 1);
    T_RC(RC_INVALID, advisory_approve(&t->d, &alice, id, 1, e)); /* places to fill in are left */
    T_RC(RC_INVALID, advisory_edit(&t->d, &alice, &n, &revision, e)); /* nothing is changed */
    is_hidden(t);
}

static void a_second_person_approves_and_an_edit_asks_again(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice), revision;
    test_account(t, "bob", 1);
    struct actor bob = test_actor(t, "bob");
    assert_int_equal(written(t, &alice, id), 1);
    assert_false(seen(t, &alice, id).may_approve);
    assert_true(seen(t, &bob, id).may_approve);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'notice' AND arg LIKE"
                                   " '%advisory%'"),
                     1);
    T_RC(RC_DENIED, advisory_approve(&t->d, &alice, id, 1, e));
    T_RC(RC_INVALID, advisory_publish(&t->d, &bob, id, 1, 0, e));
    T_OK(advisory_approve(&t->d, &bob, id, 1, e));
    T_RC(RC_INVALID, advisory_approve(&t->d, &bob, id, 1, e));
    struct case_row c;
    T_OK(ops_case_get(t->d.db, t->a, id, &c, e));
    assert_true(str_find(c.facts, STR("\"handler:bob\"")) != STR_NPOS);
    /* bob edits: what alice has not seen is not approved, and he wrote it. */
    assert_int_equal(retitled(t, &bob, id, "Another title", ""), 2);
    T_RC(RC_INVALID, advisory_publish(&t->d, &alice, id, 1, 0, e));
    T_RC(RC_INVALID, advisory_publish(&t->d, &alice, id, 2, 0, e));
    T_RC(RC_DENIED, advisory_approve(&t->d, &bob, id, 2, e));
    T_RC(RC_INVALID, advisory_approve(&t->d, &alice, id, 1, e));
    T_OK(advisory_approve(&t->d, &alice, id, 2, e));
    /* Two in one text: the later save says so. */
    struct str title = STR("Mine");
    struct advisory_edit stale = {.case_id = id, .base = 1, .title = &title, .change = STR_NONE};
    T_RC(RC_INVALID, advisory_edit(&t->d, &alice, &stale, &revision, e));
    struct actor reporter = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = 1};
    T_RC(RC_DENIED, advisory_publish(&t->d, &reporter, id, 2, 0, e));
    T_RC(RC_DENIED, advisory_edit(&t->d, &reporter, &stale, &revision, e));
    is_hidden(t);
}

static void who_is_alone_may_approve_and_it_is_said(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice);
    written(t, &alice, id);
    struct view_advisory v = seen(t, &alice, id);
    assert_true(v.may_approve && v.alone);
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    struct case_row c;
    T_OK(ops_case_get(t->d.db, t->a, id, &c, e));
    assert_true(str_find(c.facts, STR("nobody else was there")) != STR_NPOS);
    T_OK(advisory_publish(&t->d, &alice, id, 1, 0, e));
    assert_true(str_eq(shown(t).c.title, STR("A hole")));
}

static void publishing_is_one_instant(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice);
    struct case_row c;
    written(t, &alice, id);
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    is_hidden(t);
    t->now_us += US_PER_H;
    T_OK(advisory_publish(&t->d, &alice, id, 1, 0, e));
    struct adv_doc d = shown(t);
    assert_int_equal(d.published_us, t->now_us);
    assert_int_equal(d.modified_us, t->now_us);
    assert_true(str_eq(d.osv_id, STR("x_EX-SA-2026-0001")));
    assert_int_equal(d.c.n_credits, 0); /* nobody decided to be named */
    T_OK(ops_case_get(t->d.db, t->a, id, &c, e));
    assert_true(str_eq(c.em, STR("X")) && c.cs.p[3] == 'P');
    assert_true(str_find(c.facts, STR("\"formats_out\":true")) != STR_NPOS);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 3);
    assert_int_equal(test_count(t, "SELECT count(DISTINCT rcpt) FROM outbox"
                                   " WHERE kind = 'announcement'"),
                     3);
    T_RC(RC_INVALID, advisory_publish(&t->d, &alice, id, 1, 0, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 3);
    /* Another case's gets the next number. */
    struct test_mail tm = {
        .from = "g@reporter.example", .mid = "r2@reporter.example", .text = "Another.\n"};
    int64_t other = test_mail_in(t, &tm).case_id;
    written(t, &alice, other);
    T_OK(advisory_approve(&t->d, &alice, other, 1, e));
    T_OK(advisory_publish(&t->d, &alice, other, 1, 0, e));
    assert_true(str_eq(seen(t, &alice, other).number, STR("EX-SA-2026-0002")));
}

/* Whoever reports from an address that no mail can go to does not keep the publication waiting, nor
 * the acknowledgement being tried for ever. */
static void an_address_that_cannot_be_written_to_holds_nothing_up(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct test_mail tm = {.from = "f@a_b.example", .mid = "r1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    assert_false(r.acknowledge);
    assert_true(str_starts(test_text(t, "SELECT ack FROM message"), STR("withheld: ")));
    written(t, &alice, r.case_id);
    T_OK(advisory_approve(&t->d, &alice, r.case_id, 1, e));
    assert_int_equal(seen(t, &alice, r.case_id).n_recipients, 2); /* the lists */
    T_OK(advisory_publish(&t->d, &alice, r.case_id, 1, 0, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 2);
}

static void a_correction_is_a_revision_and_a_withdrawal_the_end(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice), first = t->now_us, revision;
    written(t, &alice, id);
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    T_RC(RC_INVALID, advisory_withdraw(&t->d, &alice, id, STR("no"), e));
    T_OK(advisory_publish(&t->d, &alice, id, 1, 0, e));
    struct str title = STR("A larger hole");
    struct advisory_edit n = {.case_id = id, .title = &title, .change = STR_NONE};
    T_RC(RC_INVALID, advisory_edit(&t->d, &alice, &n, &revision, e)); /* says not what is new */
    t->now_us += US_PER_DAY;
    retitled(t, &alice, id, "A larger hole", "It is larger.");
    assert_true(str_eq(shown(t).c.title, STR("A hole")));
    assert_int_equal(shown(t).n_changes, 0);
    T_OK(advisory_approve(&t->d, &alice, id, 2, e));
    assert_true(str_eq(shown(t).c.title, STR("A hole")));
    T_OK(advisory_publish(&t->d, &alice, id, 2, 0, e));
    struct adv_doc d = shown(t);
    assert_true(str_eq(d.c.title, STR("A larger hole")));
    assert_int_equal(d.published_us, first);
    assert_int_equal(d.modified_us, t->now_us);
    assert_true(d.n_changes == 1 && str_eq(d.changes[0].text, STR("It is larger.")));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 6);
    t->now_us += US_PER_DAY;
    T_OK(advisory_withdraw(&t->d, &alice, id, STR("It was none."), e));
    d = shown(t);
    assert_int_equal(d.withdrawn_us, t->now_us);
    assert_int_equal(d.modified_us, t->now_us);
    assert_true(str_eq(d.withdrawn_reason, STR("It was none.")));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 9);
    T_RC(RC_INVALID, advisory_withdraw(&t->d, &alice, id, STR("again"), e));
    T_RC(RC_INVALID, advisory_edit(&t->d, &alice, &n, &revision, e));
}

static void run_task(struct test_desk *t, int64_t revision, int64_t due_us)
{
    struct str arg = arena_strf(t->a, "%lld %lld", (long long)revision, (long long)due_us);
    T_OK(desk_task_run(&t->d, STR("publish"), 1, arg, e));
}

static void a_plan_is_kept_changed_and_dropped(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice), at = t->now_us + US_PER_H, later = at + US_PER_H;
    written(t, &alice, id);
    T_RC(RC_INVALID, advisory_publish(&t->d, &alice, id, 1, at, e)); /* not approved */
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    T_RC(RC_INVALID, advisory_publish(&t->d, &alice, id, 1, t->now_us, e));
    T_RC(RC_INVALID, advisory_unplan(&t->d, &alice, id, e));
    T_OK(advisory_publish(&t->d, &alice, id, 1, at, e));
    T_OK(advisory_publish(&t->d, &alice, id, 1, later, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'publish'"), 2);
    t->now_us = at;
    run_task(t, 1, at); /* of the plan that was changed */
    is_hidden(t);
    T_OK(advisory_unplan(&t->d, &alice, id, e));
    run_task(t, 1, later);
    is_hidden(t);
    T_OK(advisory_publish(&t->d, &alice, id, 1, later, e));
    retitled(t, &alice, id, "Edited", "");
    run_task(t, 1, later);
    is_hidden(t);
    T_OK(advisory_approve(&t->d, &alice, id, 2, e));
    T_OK(advisory_publish(&t->d, &alice, id, 2, later + 1, e));
    t->now_us = later + 1;
    run_task(t, 2, later + 1);
    run_task(t, 2, later + 1);
    assert_true(str_eq(shown(t).c.title, STR("Edited")));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"), 3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'advisory.published'"),
                     1);
}

static void only_who_decided_so_is_named(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice);
    struct actor reporter = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = 1};
    struct view_credit k;
    T_OK(view_reporter_credit(&t->d, &reporter, t->a, &k, e));
    assert_true(str_eq(k.decision, STR("unasked")));
    written(t, &alice, id);
    k = seen(t, &alice, id).credits[0];
    T_OK(credit_ask(&t->d, &alice, id, k.id, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE rcpt = 'f@reporter.example'"),
                     2);
    T_OK(view_reporter_credit(&t->d, &reporter, t->a, &k, e));
    assert_true(str_eq(k.decision, STR("asked")));
    T_RC(RC_INVALID, credit_decide(&t->d, &reporter, STR("named"), STR(" "), e));
    T_RC(RC_INVALID, credit_decide(&t->d, &reporter, STR("named"), STR("two\nlines"), e));
    T_RC(RC_INVALID, credit_decide(&t->d, &reporter, STR("unasked"), STR("x"), e));
    T_RC(RC_DENIED, credit_decide(&t->d, &alice, STR("named"), STR("x"), e));
    T_OK(credit_decide(&t->d, &reporter, STR("named"), STR("Finn"), e));
    struct credit_set n = {.case_id = id,
                           .name = STR("Kim"),
                           .role = STR("remediation developer"),
                           .decision = STR("anonymous")};
    T_OK(credit_set(&t->d, &alice, &n, e));
    T_RC(RC_CONFLICT, credit_set(&t->d, &alice, &n, e)); /* the form sent twice */
    n.role = STR("king");
    T_RC(RC_INVALID, credit_set(&t->d, &alice, &n, e));
    n.credit_id = 4711;
    n.role = STR("finder");
    T_RC(RC_NOTFOUND, credit_set(&t->d, &alice, &n, e));
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    /* Nobody would read these words before they are printed in our name. */
    T_RC(RC_CONFLICT, credit_decide(&t->d, &reporter, STR("named"), STR("Buy at x.example"), e));
    T_OK(credit_decide(&t->d, &reporter, STR("named"), STR("Finn"), e));
    T_OK(advisory_publish(&t->d, &alice, id, 1, 0, e));
    struct adv_doc d = shown(t);
    assert_int_equal(d.c.n_credits, 2);
    assert_true(str_eq(d.c.credits[0].name, STR("Finn")));
    assert_true(str_eq(d.c.credits[1].name, STR("Anonymous")));
    /* What is printed stays until a correction; the team is told that it should come. */
    T_OK(credit_decide(&t->d, &reporter, STR("declined"), STR_NONE, e));
    assert_int_equal(shown(t).c.n_credits, 2);
    assert_true(seen(t, &alice, id).credits_changed);
    retitled(t, &alice, id, "A hole, again", "A credit is removed.");
    T_OK(advisory_approve(&t->d, &alice, id, 2, e));
    T_OK(advisory_publish(&t->d, &alice, id, 2, 0, e));
    assert_int_equal(shown(t).c.n_credits, 1);
    assert_false(seen(t, &alice, id).credits_changed);
}

static void an_announcement_of_unknown_fate_waits_for_a_person(void **state)
{
    static const char *const kinds[] = {"outbox", NULL};
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t, &alice);
    struct task *task;
    struct outbox o;
    int n;
    written(t, &alice, id);
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    T_OK(advisory_publish(&t->d, &alice, id, 1, 0, e));
    struct task_claim want = {.max = 20, .lease_us = US_PER_MIN, .kinds = kinds};
    T_OK(task_claim(t->d.db, t->a, &want, &task, &n, e));
    int parked = 0;
    for (int i = 0; i < n; i++) {
        T_OK(outbox_get(t->d.db, t->a, task[i].subject, &o, e));
        if (!str_eq(o.kind, STR(OUTBOX_ANNOUNCEMENT)))
            continue;
        T_OK(outbox_start(t->d.db, t->a, o.id, task[i].attempt, &o, e));
        T_OK(outbox_hand_over(t->d.db, o.id, task[i].attempt, e));
        parked++; /* and the core that did it dies here */
    }
    assert_int_equal(parked, 3);
    t->now_us += US_PER_H;
    T_OK(task_claim(t->d.db, t->a, &want, &task, &n, e));
    for (int i = 0; i < n; i++) {
        T_OK(outbox_get(t->d.db, t->a, task[i].subject, &o, e));
        if (str_eq(o.kind, STR(OUTBOX_ANNOUNCEMENT)))
            T_OK(outbox_start(t->d.db, t->a, o.id, task[i].attempt, &o, e));
    }
    struct view_advisory v = seen(t, &alice, id);
    assert_int_equal(v.n_mails, 3);
    for (size_t i = 0; i < v.n_mails; i++)
        assert_true(str_eq(v.mails[i].state, STR("parked")));
    T_RC(RC_NOTFOUND, advisory_mail(&t->d, &alice, id, 4711, true, e));
    T_OK(advisory_mail(&t->d, &alice, id, v.mails[0].id, true, e));
    T_OK(advisory_mail(&t->d, &alice, id, v.mails[1].id, false, e));
    T_RC(RC_INVALID, advisory_mail(&t->d, &alice, id, v.mails[1].id, true, e));
    v = seen(t, &alice, id);
    assert_true(str_eq(v.mails[0].state, STR("unknown")) &&
                str_eq(v.mails[1].state, STR("failed")));
}

/* A double click asks once; the question can be repeated later. */
static void the_question_is_sent_once(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob;
    int64_t id = a_case(t, &alice);
    test_account(t, "bob", 1);
    bob = test_actor(t, "bob");
    written(t, &alice, id);
    AUTO(json)
    json_t *args = json_pack("{s:s, s:I}", "case", "EX-2026-0001", "credit",
                             (json_int_t)seen(t, &alice, id).credits[0].id);
    AUTO(json) json_t *first = NULL, *none = NULL, *other = NULL, *later = NULL;
    T_OK(desk_cmd(&t->d, &alice, STR("advisory.ask"), args, &first, e));
    T_RC(RC_CONFLICT, desk_cmd(&t->d, &alice, STR("advisory.ask"), args, &none, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 1);
    T_OK(desk_cmd(&t->d, &bob, STR("advisory.ask"), args, &other, e));
    t->now_us += CMD_ONCE_US;
    T_OK(desk_cmd(&t->d, &alice, STR("advisory.ask"), args, &later, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 3);
}

static void commands_do_the_same(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), cli = actor_cli(1000);
    int64_t id = a_case(t, &alice);
    struct case_row c;
    T_OK(ops_case_get(t->d.db, t->a, id, &c, e));
    static const struct {
        const char *verb, *args;
        enum rc rc;
    } steps[] = {
        {"advisory.show", "", RC_OK},
        {"advisory.edit", ",\"text\":\"Bad.\",\"summary\":\"A hole.\"", RC_OK},
        {"advisory.edit", ",\"affected\":\"all\"", RC_INVALID},
        {"advisory.edit", ",\"colour\":\"red\"", RC_INVALID},
        {"advisory.approve", ",\"revision\":1", RC_DENIED}, /* alice is there */
        {"advisory.publish", ",\"revision\":1", RC_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        AUTO(buf) struct buf out = BUF_INIT(1 << 20);
        struct err e = ERR_INIT;
        struct str args =
            arena_strf(t->a, "{\"case\":\"%.*s\"%s}", STR_ARG(c.number), steps[i].args);
        enum rc rc = desk_cmd_text(&t->d, &cli, str_c(steps[i].verb), args, &out, &e);
        if (rc != steps[i].rc)
            fail_msg("%s %s: %s %s", steps[i].verb, steps[i].args, rc_name(rc), e.msg);
    }
    T_OK(advisory_approve(&t->d, &alice, id, 1, e));
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    struct str args = arena_strf(t->a, "{\"case\":\"%.*s\",\"revision\":1}", STR_ARG(c.number));
    T_OK(desk_cmd_text(&t->d, &cli, STR("advisory.publish"), args, &out, e));
    assert_true(str_find(buf_str(&out), NUMBER) != STR_NPOS);
}

static void it_goes_with_its_case_into_another(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct test_mail tm = {
        .from = "g@reporter.example", .mid = "r2@reporter.example", .text = "The same.\n"};
    int64_t id = test_mail_in(t, &tm).case_id, into = a_case(t, &alice);
    written(t, &alice, id);
    T_OK(vcase_join(&t->d, &alice, into, id, STR("the same"), e));
    struct view_advisory v = seen(t, &alice, into);
    assert_int_equal(v.revision, 1);
    assert_int_equal(v.n_credits, 1);
}

/* ---- killed around the commits ---- */

struct killer {
    int left;
};

static void kill_here(void *ctx, const char *point)
{
    struct killer *k = ctx;
    (void)point;
    if (k->left-- == 0)
        _exit(99);
}

static bool child_dies(struct test_desk *t, int nth, int64_t due_us)
{
    int status = -1;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct killer k = {nth};
        struct err e = ERR_INIT;
        struct str arg = arena_strf(t->a, "1 %lld", (long long)due_us);
        t->d.db = test_db_open(&t->tdb, false);
        db_fake_clock(t->d.db, &t->now_us);
        db_hook(t->d.db, kill_here, &k);
        _exit(desk_task_run(&t->d, STR("publish"), 1, arg, &e) == RC_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 99));
    return WEXITSTATUS(status) == 99;
}

static void killed_around_publication_it_comes_once(void **state)
{
    (void)state;
    bool dies = true;
    int points = 0;
    for (int nth = 0; dies; nth++) {
        struct test_desk t;
        test_desk_init(&t, on_pg, conf);
        test_account(&t, "alice", 1);
        struct actor alice = test_actor(&t, "alice");
        int64_t id = a_case(&t, &alice), at = t.now_us + US_PER_H;
        written(&t, &alice, id);
        T_OK(advisory_approve(&t.d, &alice, id, 1, e));
        T_OK(advisory_publish(&t.d, &alice, id, 1, at, e));
        t.now_us = at;
        dies = child_dies(&t, nth, at);
        points += dies;
        /* All of it or nothing is there; the lease runs out and it is done once more. */
        int64_t mails = test_count(&t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'");
        int64_t open = test_count(&t, "SELECT count(*) FROM advisory WHERE number IS NOT NULL");
        assert_true((mails == 0 && open == 0) || (mails == 3 && open == 1));
        run_task(&t, 1, at);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM outbox WHERE kind = 'announcement'"),
                         3);
        assert_int_equal(shown(&t).published_us, at);
        T_OK(replay_check(&t.d, e));
        test_desk_release(&t);
    }
    assert_true(points >= 2); /* before and after the one commit */
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(the_first_revision_comes_from_the_case),
        DESK_TEST(a_second_person_approves_and_an_edit_asks_again),
        DESK_TEST(who_is_alone_may_approve_and_it_is_said),
        DESK_TEST(publishing_is_one_instant),
        DESK_TEST(an_address_that_cannot_be_written_to_holds_nothing_up),
        DESK_TEST(a_correction_is_a_revision_and_a_withdrawal_the_end),
        DESK_TEST(a_plan_is_kept_changed_and_dropped),
        DESK_TEST(only_who_decided_so_is_named),
        DESK_TEST(an_announcement_of_unknown_fate_waits_for_a_person),
        DESK_TEST(the_question_is_sent_once),
        DESK_TEST(commands_do_the_same),
        DESK_TEST(it_goes_with_its_case_into_another),
        cmocka_unit_test(killed_around_publication_it_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
