/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in by a form: into the spool, out of it, and what is believed of it; on both back
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/view.h"
#include "desk/webform.h"

static bool on_pg;

static int begin(void **state)
{
    return test_desk_begin(
        state, on_pg,
        "acknowledge = yes\ndetail = yes\nacknowledge_within = 1d\ndetail_within = "
        "3d\n",
        "alice");
}

static struct webform_token token_of(struct test_desk *t, const char *purpose)
{
    char text[WEBFORM_TOKEN_SIZE];
    struct webform_token token;
    T_OK(webform_token_make(&t->d, purpose, text, e));
    T_OK(webform_token_read(&t->d, purpose, str_c(text), &token, e));
    return token;
}

static struct webform_report report_of(const char *address)
{
    return (struct webform_report){.title = STR("Secret words of a stranger"),
                                   .description = STR("It falls over."),
                                   .steps = STR("1. push"),
                                   .version = STR("1.4"),
                                   .name = STR_NONE,
                                   .address = str_c(address)};
}

static enum rc send(struct test_desk *t, const struct webform_report *r,
                    const struct webform_token *token)
{
    char id[WEBFORM_ID_MAX + 1];
    struct err e = ERR_INIT;
    return webform_report(&t->d, r, token, id, &e);
}

/* Field of the composed mail. */
static struct str field(struct test_desk *t, const char *name)
{
    struct str rest = t->put.raw, line;
    while (str_line(&rest, &line) && line.n > 0)
        if (str_starts_nocase(line, str_c(name)))
            return arena_str(t->a, str_trim(str_sub(line, strlen(name), line.n)));
    return STR_NONE;
}

static struct str mid(struct test_desk *t)
{
    struct str s = field(t, "Message-ID:");
    return arena_str(t->a, str_sub(s, 1, s.n - 2));
}

/* The record as the parse child would describe it, and what core believes of its envelope. */
static struct intake_result take_in(struct test_desk *t, bool believed)
{
    struct intake_result r;
    struct mail *m = mem_zalloc(sizeof(*m));
    bool anonymous = t->put.from.n == 0;
    struct test_mail tm = {.from = anonymous ? "anonymous@web-form.invalid"
                                             : arena_str(t->a, t->put.from).p,
                           .subject = "Secret words of a stranger",
                           .text = arena_strf(t->a, "%.*s", STR_ARG(t->put.raw)).p,
                           .mid = mid(t).p};
    test_mail_make(t, &tm, m);
    m->from.name = STR_NONE;
    char spool[32], name[SHA256_HEX];
    unsigned char hash[32];
    snprintf(spool, sizeof spool, "form-%d", t->spool++);
    sha256(str_c(spool), hash);
    hex_put(name, hash, sizeof hash);
    struct str rcpt = t->put.rcpt;
    struct intake_env env = {.spool = arena_str(t->a, str_c(spool)),
                             .return_path = t->put.from,
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->put.received_us,
                             .web = believed,
                             .web_way = t->put.way,
                             .web_thread = t->put.thread};
    struct intake_blob blob = {arena_str(t->a, str_c(name)), arena_strf(t->a, "inbox/%s", name),
                               m->size};
    T_OK(desk_intake(&t->d, m, &env, &blob, &r, e));
    free(m);
    return r;
}

static struct actor session_of(struct test_desk *t, const char *secret)
{
    struct session_made made;
    struct session s;
    T_OK(way_back_trade(&t->d, str_c(secret), &made, e));
    T_OK(session_find(&t->d, t->a, str_c(made.secret), &s, e));
    return s.actor;
}

static enum webform_wait waits(struct test_desk *t, const char *secret)
{
    enum webform_wait w;
    T_OK(webform_waits(&t->d, str_c(secret), &w, e));
    return w;
}

static void an_anonymous_report(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    enum way_back_state way;
    char next[SECRET_SIZE];
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    assert_int_equal(send(t, &r, &token), RC_OK);
    assert_int_equal(waits(t, token.secret), WEBFORM_FILING);
    assert_true(str_eq(field(t, "From:"), STR("anonymous@web-form.invalid")) ||
                str_eq(field(t, "From:"), STR("<anonymous@web-form.invalid>")));
    struct intake_result in = take_in(t, true);
    assert_int_equal(in.kind, INTAKE_NEW);
    assert_false(in.acknowledge);
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    assert_int_equal(test_count(t, "SELECT count(*) FROM participant WHERE email = ''"
                                   " AND ours = 0"),
                     1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE origin = 'web'"
                                   " AND from_addr = '' AND state = 'ok'"),
                     1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE kind = 'acknowledge'"
                                   " AND state = 'met'"),
                     1);
    T_OK(way_back_peek(&t->d, str_c(token.secret), &way, e));
    assert_int_equal(way, WAY_GOOD);
    bool mails = true;
    T_OK(webform_can_mail(&t->d, str_c(token.secret), &mails, e));
    assert_false(mails);
    struct actor who = session_of(t, token.secret);
    assert_int_equal(who.thread_id, in.thread_id);
    T_OK(webform_next_link(&t->d, &who, next, e));
    /* Pressed twice: the second answer has a session and a link, too, for a moment. */
    struct session_made made;
    t->now_us += WAY_BACK_TWICE_US - 1;
    T_OK(way_back_peek(&t->d, str_c(token.secret), &way, e));
    assert_int_equal(way, WAY_SPENT);
    assert_int_equal(session_of(t, token.secret).thread_id, in.thread_id);
    t->now_us += 1;
    T_RC(RC_DENIED, way_back_trade(&t->d, str_c(token.secret), &made, e));
    assert_int_equal(session_of(t, next).thread_id, in.thread_id);
}

static void an_answer_to_an_anonymous_one_is_on_its_page(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    struct actor alice = test_actor(t, "alice");
    struct view_reporter page;
    int64_t message;
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct intake_result in = take_in(t, true);
    struct reply_new reply = {.thread_id = in.thread_id, .text = STR("We are looking.")};
    T_OK(reply_send(&t->d, &alice, &reply, &message, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE kind = 'detail'"
                                   " AND state = 'met'"),
                     1);
    struct actor who = session_of(t, token.secret);
    T_OK(view_reporter(&t->d, &who, t->a, &page, e));
    assert_true(page.anonymous);
    assert_int_equal(page.thread.n_messages, 2);
}

static void a_report_with_an_address_is_acknowledged_without_its_words(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("Some.Body@Reporter.example");
    r.name = STR("Some Body");
    char next[SECRET_SIZE];
    assert_int_equal(send(t, &r, &token), RC_OK);
    assert_non_null(strstr(arena_str(t->a, t->put.raw).p, "It falls over."));
    struct intake_result in = take_in(t, true);
    assert_true(in.acknowledge);
    test_sent(t, test_acknowledge(t, in.message_id));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 1);
    struct str bytes = test_text(t, "SELECT body FROM message WHERE direction = 'auto'");
    assert_true(bytes.n > 0);
    assert_int_equal(str_find(bytes, STR("Secret words")), STR_NPOS);
    assert_int_equal(str_find(bytes, STR("Some Body")), STR_NPOS);
    bool mails = false;
    T_OK(webform_can_mail(&t->d, str_c(token.secret), &mails, e));
    assert_true(mails);
    struct actor who = session_of(t, token.secret);
    T_RC(RC_NOTFOUND, webform_next_link(&t->d, &who, next, e));
}

static void a_form_sent_twice_is_one_report(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct str first = t->put.way;
    struct intake_result in = take_in(t, true);
    assert_int_equal(send(t, &r, &token), RC_OK);
    assert_true(str_eq(t->put.way, first)); /* the same link */
    assert_int_equal(take_in(t, true).kind, INTAKE_DUPLICATE);
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    /* Sent again with other words: nothing is lost, and it stays one conversation. */
    r.description = STR("It falls over, and it burns.");
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct intake_result more = take_in(t, true);
    assert_int_equal(more.kind, INTAKE_JOINED);
    assert_int_equal(more.thread_id, in.thread_id);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM way_back"), 1);
}

static void an_answer_joins_its_session(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    char id[WEBFORM_ID_MAX + 1];
    bool opens = true;
    int64_t filing;
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct intake_result in = take_in(t, true);
    struct actor who = session_of(t, token.secret);
    struct webform_file proof = {STR("proof.bin"), STR_NONE, STR("\x01\x02\x03")};
    struct webform_answer a = {.who = &who, .text = STR_NONE, .files = {NULL, 0}};
    token = token_of(t, WEBFORM_ANSWER);
    T_RC(RC_INVALID, webform_answer(&t->d, &a, &token, id, &opens, e)); /* nothing at all */
    a.files = (struct webform_files){&proof, 1};
    T_OK(webform_answer(&t->d, &a, &token, id, &opens, e));
    assert_false(opens);
    assert_int_equal(t->put.thread, in.thread_id);
    T_OK(webform_filing(&t->d, in.thread_id, &filing, e));
    assert_int_equal(filing, 1);
    struct intake_result more = take_in(t, true);
    assert_int_equal(more.kind, INTAKE_JOINED);
    assert_int_equal(more.thread_id, in.thread_id);
    T_OK(webform_filing(&t->d, in.thread_id, &filing, e));
    assert_int_equal(filing, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE trust = 'tag'"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM way_back"), 1); /* no link of its own */
    static const struct actor machine = ACTOR_INIT_MACHINE;
    a.who = &machine;
    T_RC(RC_DENIED, webform_answer(&t->d, &a, &token, id, &opens, e));
}

/* An imported mail is believed and may close a case, so its mark is no form's and not guessed. */
static void only_administrators_import(void **state)
{
    struct test_desk *t = *state;
    struct actor admin = {.kind = ACTOR_ADMIN, .login = STR("root")};
    struct actor handler = {.kind = ACTOR_HANDLER, .login = STR("bob"), .account_id = 1};
    struct webform_mark_of nothing = {STR_NONE, STR_NONE, 0, 0};
    char mark[WEBFORM_MARK_SIZE], other[WEBFORM_MARK_SIZE];
    T_RC(RC_DENIED, webform_import_mark(&t->d, &handler, mark, e));
    T_OK(webform_import_mark(&t->d, &admin, mark, e));
    T_OK(webform_import_check(&t->d, str_c(mark), e));
    T_OK(webform_mark(&t->d, &nothing, other, e));
    T_RC(RC_DENIED, webform_import_check(&t->d, str_c(other), e));
    T_RC(RC_DENIED, webform_mark_check(&t->d, &nothing, str_c(mark), e));
    T_RC(RC_DENIED, webform_import_check(&t->d, STR_NONE, e));
    mark[0] ^= 1;
    T_RC(RC_DENIED, webform_import_check(&t->d, str_c(mark), e));
}

/* Whoever may write to the spool may write such an envelope too; without core's mark it says
 * nothing, and with one of another record neither. */
static void only_cores_own_mark_is_believed(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("f@reporter.example");
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct webform_mark_of m = {t->put.way, t->put.from, t->put.thread, t->put.received_us}, w;
    T_OK(webform_mark_check(&t->d, &m, t->put.mark, e));
    w = m, w.thread = 1;
    T_RC(RC_DENIED, webform_mark_check(&t->d, &w, t->put.mark, e));
    w = m, w.from = STR_NONE;
    T_RC(RC_DENIED, webform_mark_check(&t->d, &w, t->put.mark, e));
    w = m, w.received_us++;
    T_RC(RC_DENIED, webform_mark_check(&t->d, &w, t->put.mark, e));
    w = m, w.way = STR_NONE;
    T_RC(RC_DENIED, webform_mark_check(&t->d, &w, t->put.mark, e));
    T_RC(RC_DENIED, webform_mark_check(&t->d, &m, STR_NONE, e));
    T_RC(RC_DENIED, webform_mark_check(&t->d, &m, str_sub(t->put.mark, 0, 63), e));
    take_in(t, true);
    /* An answer whose mark was not believed is a mail like any other: it joins nothing. */
    struct actor who = session_of(t, token.secret);
    char id[WEBFORM_ID_MAX + 1];
    bool opens;
    struct webform_answer a = {.who = &who, .text = STR("words")};
    token = token_of(t, WEBFORM_ANSWER);
    T_OK(webform_answer(&t->d, &a, &token, id, &opens, e));
    t->put.from = STR("evil@reporter.example");
    assert_int_equal(take_in(t, false).kind, INTAKE_NEW);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 2);
}

static void words_on_a_closed_case_open_a_new_one(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    struct actor alice = test_actor(t, "alice");
    char id[WEBFORM_ID_MAX + 1];
    bool opens = false;
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct intake_result in = take_in(t, true);
    struct actor who = session_of(t, token.secret);
    T_OK(vcase_close(&t->d, &alice, in.case_id, EXIT_NOT_REPRODUCIBLE, STR("tried"), e));
    struct webform_answer a = {.who = &who, .text = STR("but look")};
    token = token_of(t, WEBFORM_ANSWER);
    T_OK(webform_answer(&t->d, &a, &token, id, &opens, e));
    assert_true(opens);
    struct intake_result more = take_in(t, true);
    assert_int_equal(more.kind, INTAKE_NEW);
    assert_true(more.case_id != in.case_id);
    assert_int_equal(session_of(t, token.secret).thread_id, more.thread_id);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'case.linked'"), 2);
}

static void quarantined(struct test_desk *t, struct intake_result *ret)
{
    struct str rcpt = t->put.rcpt;
    char spool[32];
    snprintf(spool, sizeof spool, "form-%d", t->spool++);
    struct intake_env env = {.spool = arena_str(t->a, str_c(spool)),
                             .return_path = t->put.from,
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->put.received_us,
                             .web = true,
                             .web_way = t->put.way,
                             .web_thread = t->put.thread};
    struct intake_blob blob = {STR_NONE, STR_NONE, 0};
    T_OK(desk_quarantine(&t->d, &env, &blob, STR("the parser died"), ret, e));
}

static void a_person_decides_about_what_cannot_be_read(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct webform_report r = report_of("");
    struct intake_result in, rel;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    assert_int_equal(send(t, &r, &token), RC_OK);
    quarantined(t, &in);
    t->now_us += 2 * WEBFORM_PENDING_US;
    assert_int_equal(waits(t, token.secret), WEBFORM_HELD);
    T_OK(held_release(&t->d, &alice, in.message_id, STR_NONE, STR("looks real"), &rel, e));
    assert_int_equal(session_of(t, token.secret).thread_id, rel.thread_id);
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    token = token_of(t, WEBFORM_REPORT);
    assert_int_equal(send(t, &r, &token), RC_OK);
    quarantined(t, &in);
    T_OK(held_discard(&t->d, &alice, in.message_id, STR("noise"), e));
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
}

static void what_is_not_durable_was_not_taken(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    struct webform_report r = report_of("");
    t->disk_full = true;
    assert_int_equal(send(t, &r, &token), RC_IO);
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    t->disk_full = false;
    assert_int_equal(send(t, &r, &token), RC_OK);
    /* A record that got lost with its disk does not make its link wait for ever. */
    t->now_us += WEBFORM_PENDING_US + 1;
    assert_int_equal(waits(t, token.secret), WEBFORM_UNKNOWN);
    t->now_us += US_PER_DAY;
    T_OK(webform_sweep(&t->d, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM web_pending"), 0);
}

/* Whatever the browser says that it is: a saved mail is a proof, too. */
static void a_file_of_any_type_is_taken(void **state)
{
    struct test_desk *t = *state;
    static const char *const types[] = {"message/rfc822", "multipart/related", "x", "a/b!c", "/",
                                        "text/x-patch"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct webform_token token = token_of(t, WEBFORM_REPORT);
        struct webform_report r = report_of("");
        struct webform_file file = {STR("sample.eml"), str_c(types[i]), STR("Subject: x\r\n\r\n")};
        r.files = (struct webform_files){&file, 1};
        assert_int_equal(send(t, &r, &token), RC_OK);
        const char *want = i + 1 < ARRAY_LEN(types) ? "Content-Type: application/octet-stream"
                                                    : "Content-Type: text/x-patch";
        assert_true(str_find(t->put.raw, str_c(want)) != STR_NPOS);
        assert_true(str_find(t->put.raw, STR("sample.eml")) != STR_NPOS);
    }
}

static void what_is_typed_is_checked(void **state)
{
    struct test_desk *t = *state;
    struct webform_token token = token_of(t, WEBFORM_REPORT);
    AUTO(buf) struct buf large = BUF_INIT(2 << 20);
    t->set->mail.max_size = 1 << 20;
    for (size_t i = 0; i < 1u << 20; i++)
        buf_addc(&large, 'x');
    struct webform_report r = report_of("");
    static const char *const bad[] = {"no address",
                                      "a@",
                                      "root@localhost",
                                      "a@[192.0.2.1]",
                                      "security@desk.example",
                                      "security+x@desk.example",
                                      "a@b.example\nBcc: c@d.example"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        r = report_of(bad[i]);
        assert_int_equal(send(t, &r, &token), RC_INVALID);
    }
    r = report_of(""), r.title = STR(" ");
    assert_int_equal(send(t, &r, &token), RC_INVALID);
    r = report_of(""), r.description = STR("\n \n");
    assert_int_equal(send(t, &r, &token), RC_INVALID);
    r = report_of(""), r.title = STR("a\r\nBcc: c@d.example");
    assert_int_equal(send(t, &r, &token), RC_INVALID);
    r = report_of(""), r.name = STR("a\nb");
    assert_int_equal(send(t, &r, &token), RC_INVALID);
    r = report_of(""), r.title = str_sub(buf_str(&large), 0, WEBFORM_TITLE_MAX + 1);
    assert_int_equal(send(t, &r, &token), RC_LIMIT);
    r = report_of(""), r.steps = str_sub(buf_str(&large), 0, WEBFORM_TEXT_MAX + 1);
    assert_int_equal(send(t, &r, &token), RC_LIMIT);
    /* As much as may be, on one line. */
    r = report_of(""), r.description = r.steps = str_sub(buf_str(&large), 0, WEBFORM_TEXT_MAX);
    assert_int_equal(send(t, &r, &token), RC_OK);
    struct webform_file files[WEBFORM_FILES_MAX + 1] = {{STR("a"), STR_NONE, buf_str(&large)}};
    r = report_of(""), r.files = (struct webform_files){files, 1};
    assert_int_equal(send(t, &r, &token), RC_LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        files[i] = (struct webform_file){STR("\xe2\x80\xae"
                                             "gpj.exe"),
                                         STR_NONE, STR("x")};
    r.files.n = ARRAY_LEN(files);
    assert_int_equal(send(t, &r, &token), RC_LIMIT);
    r.files.n = WEBFORM_FILES_MAX;
    assert_int_equal(send(t, &r, &token), RC_OK);
}

static void tokens_cannot_be_made_up(void **state)
{
    struct test_desk *t = *state;
    char text[WEBFORM_TOKEN_SIZE], other[WEBFORM_TOKEN_SIZE];
    struct webform_token a, b;
    T_OK(webform_token_make(&t->d, WEBFORM_REPORT, text, e));
    t->now_us += 5 * US_PER_S;
    T_OK(webform_token_read(&t->d, WEBFORM_REPORT, str_c(text), &a, e));
    assert_int_equal(a.age_us, 5 * US_PER_S);
    T_OK(webform_token_make(&t->d, WEBFORM_REPORT, other, e));
    T_OK(webform_token_read(&t->d, WEBFORM_REPORT, str_c(other), &b, e));
    assert_string_not_equal(a.secret, b.secret);
    assert_string_not_equal(a.id, b.id);
    T_RC(RC_INVALID, webform_token_read(&t->d, WEBFORM_ANSWER, str_c(text), &b, e));
    T_RC(RC_INVALID, webform_token_read(&t->d, WEBFORM_REPORT, STR_NONE, &b, e));
    for (size_t i = 0; i < WEBFORM_TOKEN_LEN; i++) {
        char was = text[i];
        text[i] = was == '0' ? '1' : '0';
        T_RC(RC_INVALID, webform_token_read(&t->d, WEBFORM_REPORT, str_c(text), &b, e));
        text[i] = was;
    }
    T_OK(webform_token_read(&t->d, WEBFORM_REPORT, str_c(text), &b, e));
    assert_string_equal(a.secret, b.secret);
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
#define T(f) DESK_TEST(f)
    const struct CMUnitTest tests[] = {
        T(an_anonymous_report),
        T(an_answer_to_an_anonymous_one_is_on_its_page),
        T(a_report_with_an_address_is_acknowledged_without_its_words),
        T(a_form_sent_twice_is_one_report),
        T(an_answer_joins_its_session),
        T(only_cores_own_mark_is_believed),
        T(only_administrators_import),
        T(words_on_a_closed_case_open_a_new_one),
        T(a_person_decides_about_what_cannot_be_read),
        T(what_is_not_durable_was_not_taken),
        T(a_file_of_any_type_is_taken),
        T(what_is_typed_is_checked),
        T(tokens_cannot_be_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
