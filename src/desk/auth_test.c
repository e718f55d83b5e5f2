/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords, sign-in with its limits, the own account, what administrators do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/when.h"
#include "desk/auth.h"
#include "desk/testing.h"
#include "store/ops_people.h"

static bool on_pg;
static const struct actor machine = ACTOR_INIT_MACHINE;

#define GOOD "violet anchor seven"

static int begin(void **state)
{
    return test_desk_begin(state, on_pg, "[mail]\noutgoing = on\n", "alice bob");
}

static enum rc try_in(struct test_desk *t, const char *login, const char *password,
                      const char *client, struct session_made *ret)
{
    struct err e = ERR_INIT;
    struct session_made made;
    int64_t wait;
    struct auth_try a = {str_c(login), str_c(password), str_c(client)};
    return auth_signin(&t->d, &a, ret ? ret : &made, &wait, &e);
}

static int64_t events(struct test_desk *t, const char *kind)
{
    return test_count(
        t, arena_strf(t->a, "SELECT count(*) FROM event WHERE chain = 0 AND kind = '%s'", kind).p);
}

/* A session by link of somebody, as the page knows it. */
static struct session link_session(struct test_desk *t, const char *login, const char **ret_secret)
{
    char secret[SECRET_SIZE];
    struct session_made made;
    struct session s;
    T_OK(people_signin(&t->d, &machine, str_c(login), secret, e));
    T_OK(people_signin_trade(&t->d, str_c(secret), &made, e));
    const char *kept = arena_str(t->a, str_c(made.secret)).p;
    T_OK(session_find(&t->d, t->a, str_c(kept), &s, e));
    if (ret_secret)
        *ret_secret = kept;
    return s;
}

static bool alive(struct test_desk *t, const char *secret)
{
    struct session s;
    struct err e = ERR_INIT;
    return session_find(&t->d, t->a, str_c(secret), &s, &e) == RC_OK;
}

/* ---- passwords ---- */

static void rules(void **state)
{
    (void)state;
    static const struct {
        const char *pw;
        bool ok;
    } cases[] = {
        {GOOD, true},
        {"", false},
        {"short pass", true}, /* ten */
        {"ninechars", false},
        {"öäüßöäüßé", false}, /* nine characters, whatever their bytes */
        {"öäüßöbüßéx", true},
        {"Password123", false},
        {"qwertyuiop", false},
        {"aaaaaaaaaaaa", false},
        {"abcabcabcabc", false},
        {"robin@desk.example", false},
        {"ROBIN EXAMPLE", false},
        {"two\nlines here", false},
        {"tab\tis not nice", true},
    };
    const struct str names[] = {STR("robin"), STR("Robin Example"), STR("robin@desk.example")};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        enum rc rc = password_check(str_c(cases[i].pw), names, ARRAY_LEN(names), &e);
        if ((rc == RC_OK) != cases[i].ok)
            fail_msg("%s: %s", cases[i].pw, rc_name(rc));
        if (rc != RC_OK)
            assert_true(strstr(e.msg, cases[i].pw) == NULL || cases[i].pw[0] == '\0');
    }
    char longest[PASSWORD_MAX + 2];
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = (char)('a' + (i * 7 + i / 26) % 26);
    struct err e = ERR_INIT;
    assert_int_equal(password_check(str_of(longest, PASSWORD_MAX), names, 3, &e), RC_OK);
    assert_int_equal(password_check(str_of(longest, PASSWORD_MAX + 1), names, 3, &e), RC_INVALID);
}

static void hashes(void **state)
{
    struct test_desk *t = *state;
    struct str h, other;
    bool old = true;
    T_OK(password_hash(t->a, STR(GOOD), &h, e));
    T_OK(password_hash(t->a, STR(GOOD), &other, e));
    assert_false(str_eq(h, other)); /* salted */
    assert_true(str_starts(h, STR("$argon2id$v=19$m=19456,t=3,p=1$")));
    assert_true(password_matches(h, STR(GOOD), &old));
    assert_false(old);
    assert_false(password_matches(h, STR("violet anchor eight"), NULL));
    assert_false(password_matches(h, STR_NONE, NULL));
    assert_false(password_matches(STR_NONE, STR(GOOD), NULL));
    assert_false(password_matches(STR_NONE, STR_NONE, NULL));
    assert_false(password_matches(STR("nonsense"), STR(GOOD), NULL));
    char cheap[crypto_pwhash_STRBYTES];
    assert_int_equal(crypto_pwhash_str(cheap, GOOD, strlen(GOOD), 1, 8192), 0);
    assert_true(password_matches(str_c(cheap), STR(GOOD), &old));
    assert_true(old);
}

/* ---- signing in ---- */

static void with_password(void **state)
{
    struct test_desk *t = *state;
    struct session_made made;
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_DENIED); /* none set */
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", &made), RC_OK);
    assert_true(alive(t, made.secret));
    assert_int_equal(try_in(t, " Alice ", GOOD, "192.0.2.1", NULL), RC_OK); /* as phones write */
    assert_int_equal(try_in(t, "alice", "violet anchor eight", "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(try_in(t, "alice", "", "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(try_in(t, "bob", GOOD, "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(try_in(t, "nobody", GOOD, "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(events(t, "signin.used"), 2);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE payload LIKE '%violet%' OR"
                                   " payload LIKE '%argon%'"),
                     0);
    assert_true(str_starts(test_text(t, "SELECT password FROM account WHERE login = 'alice'"),
                           STR("$argon2id$")));
    /* A string of other costs is made anew on the way in. */
    char cheap[crypto_pwhash_STRBYTES];
    assert_int_equal(crypto_pwhash_str(cheap, GOOD, strlen(GOOD), 1, 8192), 0);
    struct account_row r;
    T_OK(ops_account_by_login(t->d.db, t->a, STR("alice"), &r, e));
    T_OK(ops_account_set_password(t->d.db, r.id, str_c(cheap), e));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_OK);
    assert_true(str_starts(test_text(t, "SELECT password FROM account WHERE login = 'alice'"),
                           STR("$argon2id$v=19$m=19456,t=3,")));
}

/* Nothing tells a login that exists from one that does not. */
static void says_nothing(void **state)
{
    struct test_desk *t = *state;
    struct err known = ERR_INIT, unknown = ERR_INIT;
    struct session_made made;
    int64_t wait;
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    for (int i = 0; i <= AUTH_LOGIN_MAX; i++) {
        struct auth_try a = {STR("alice"), STR("wrong password"), STR("192.0.2.1")};
        struct auth_try b = {STR("zoe"), STR("wrong password"), STR("192.0.2.1")};
        enum rc x = auth_signin(&t->d, &a, &made, &wait, &known);
        enum rc y = auth_signin(&t->d, &b, &made, &wait, &unknown);
        assert_int_equal(x, y);
        assert_int_equal(x, i < AUTH_LOGIN_MAX ? RC_DENIED : RC_BUSY);
        assert_string_equal(known.msg, unknown.msg);
    }
    /* Both took the work of a password; what that is in time depends on the machine. */
    T_OK(auth_signin_mail(&t->d, STR("zoe"), STR("192.0.2.1"), e));
    T_OK(auth_signin_mail(&t->d, STR("alice"), STR("192.0.2.1"), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'signin'"), 1);
}

static void limits_of_a_login(void **state)
{
    struct test_desk *t = *state;
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    for (int i = 0; i < AUTH_LOGIN_MAX - 1; i++)
        assert_int_equal(try_in(t, "alice", "wrong password", "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.9", NULL), RC_OK); /* makes up for them */
    for (int i = 0; i < AUTH_LOGIN_MAX; i++)
        assert_int_equal(try_in(t, "alice", "wrong password", "192.0.2.2", NULL), RC_DENIED);
    assert_int_equal(events(t, "signin.blocked"), 1);
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.9", NULL), RC_BUSY);
    assert_int_equal(events(t, "signin.blocked"), 1);
    /* A link still gets in. */
    (void)link_session(t, "alice", NULL);
    t->now_us += AUTH_WINDOW_US + 1;
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.9", NULL), RC_OK);
}

static void limits_of_a_client(void **state)
{
    struct test_desk *t = *state;
    char login[20];
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    for (int i = 0; i < AUTH_CLIENT_MAX; i++) {
        snprintf(login, sizeof login, "guess%d", i);
        assert_int_equal(try_in(t, login, "wrong password", "2001:db8::1", NULL), RC_DENIED);
    }
    assert_int_equal(try_in(t, "alice", GOOD, "2001:db8::2", NULL), RC_BUSY); /* the same /64 */
    assert_int_equal(try_in(t, "alice", GOOD, "2001:db8:0:1::1", NULL), RC_OK);
    t->now_us += AUTH_WINDOW_US + 1;
    assert_int_equal(try_in(t, "alice", GOOD, "2001:db8::2", NULL), RC_OK);
}

static void switched_off(void **state)
{
    struct test_desk *t = *state;
    const char *secret;
    int64_t cases;
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    (void)link_session(t, "alice", &secret);
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    test_mail_in(t, &tm);
    struct actor bob = test_actor(t, "bob");
    T_RC(RC_DENIED, auth_switch(&t->d, &bob, STR("alice"), false, &cases, e));
    T_OK(auth_switch(&t->d, &machine, STR("alice"), false, &cases, e));
    assert_int_equal(cases, 1);
    assert_false(alive(t, secret));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_DENIED);
    T_RC(RC_INVALID, auth_switch(&t->d, &machine, STR("bob"), false, &cases, e));
    T_OK(auth_switch(&t->d, &machine, STR("alice"), true, &cases, e));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_OK);
    T_RC(RC_NOTFOUND, auth_switch(&t->d, &machine, STR("zoe"), false, &cases, e));
}

/* ---- the own account ---- */

static void change(void **state)
{
    struct test_desk *t = *state;
    const char *here, *elsewhere, *open_link;
    char link[SECRET_SIZE];
    struct auth_account me;
    (void)link_session(t, "alice", &elsewhere);
    struct session s = link_session(t, "alice", &here);
    T_OK(people_signin(&t->d, &machine, STR("alice"), link, e));
    open_link = link;
    T_OK(auth_account(&t->d, t->a, &s, &me, e));
    assert_true(me.fresh && !me.has_password && me.n_sessions == 2);
    assert_true(me.sessions[0].here && !me.sessions[1].here);
    assert_string_equal(me.notify.p, "team");
    /* Fresh by link: the old one is not asked for. */
    T_RC(RC_INVALID, auth_change(&t->d, &s, STR_NONE, STR("password123"), e));
    T_OK(auth_change(&t->d, &s, STR_NONE, STR(GOOD), e));
    assert_true(alive(t, here));
    assert_false(alive(t, elsewhere));
    T_RC(RC_NOTFOUND, people_signin_peek(&t->d, str_c(open_link), e));
    /* Later it is. */
    t->now_us += AUTH_FRESH_US;
    T_RC(RC_DENIED, auth_change(&t->d, &s, STR("wrong password"), STR("amber lantern nine"), e));
    T_RC(RC_DENIED, auth_change(&t->d, &s, STR_NONE, STR("amber lantern nine"), e));
    T_OK(auth_change(&t->d, &s, STR(GOOD), STR("amber lantern nine"), e));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_DENIED);
    assert_int_equal(try_in(t, "alice", "amber lantern nine", "192.0.2.1", NULL), RC_OK);
    assert_int_equal(events(t, "account.password"), 2);
    /* A session by password is never fresh, and guesses in it are counted too. */
    struct session_made made;
    struct session by_password;
    assert_int_equal(try_in(t, "alice", "amber lantern nine", "192.0.2.1", &made), RC_OK);
    T_OK(session_find(&t->d, t->a, str_c(made.secret), &by_password, e));
    for (int i = 0; i < AUTH_LOGIN_MAX; i++)
        T_RC(RC_DENIED, auth_change(&t->d, &by_password, STR("guess"), STR(GOOD), e));
    T_RC(RC_DENIED, auth_change(&t->d, &by_password, STR("amber lantern nine"), STR(GOOD), e));
}

static void first_password_needs_a_fresh_link(void **state)
{
    struct test_desk *t = *state;
    struct session s = link_session(t, "alice", NULL);
    t->now_us += AUTH_FRESH_US;
    T_RC(RC_DENIED, auth_change(&t->d, &s, STR_NONE, STR(GOOD), e));
}

static void sessions(void **state)
{
    struct test_desk *t = *state;
    const char *a, *b, *bobs;
    struct session one = link_session(t, "alice", &a);
    (void)link_session(t, "alice", &b);
    (void)link_session(t, "bob", &bobs);
    T_OK(auth_leave(&t->d, &one, false, e));
    assert_true(alive(t, a) && !alive(t, b) && alive(t, bobs));
    T_OK(auth_leave(&t->d, &one, true, e));
    assert_true(!alive(t, a) && alive(t, bobs));
}

static void notices(void **state)
{
    struct test_desk *t = *state;
    struct actor bob = test_actor(t, "bob");
    T_OK(auth_notify(&t->d, &bob, STR("bob"), STR("mine"), e));
    T_RC(RC_INVALID, auth_notify(&t->d, &bob, STR("bob"), STR("loud"), e));
    T_RC(RC_DENIED, auth_notify(&t->d, &bob, STR("alice"), STR("none"), e));
    T_OK(auth_notify(&t->d, &machine, STR("alice"), STR("none"), e));
    assert_string_equal(test_text(t, "SELECT notify FROM account WHERE login = 'bob'").p, "mine");
    assert_string_equal(test_text(t, "SELECT notify FROM account WHERE login = 'alice'").p, "none");
}

static void reset(void **state)
{
    struct test_desk *t = *state;
    const char *secret;
    char link[SECRET_SIZE];
    struct session_made made;
    T_OK(auth_passwd(&t->d, &machine, STR("alice"), STR(GOOD), e));
    (void)link_session(t, "alice", &secret);
    struct actor bob = test_actor(t, "bob");
    T_RC(RC_DENIED, auth_reset(&t->d, &bob, STR("alice"), link, e));
    T_RC(RC_DENIED, auth_passwd(&t->d, &bob, STR("alice"), STR(GOOD), e));
    T_RC(RC_INVALID, auth_passwd(&t->d, &machine, STR("alice"), STR("alice@team.example"), e));
    T_OK(auth_reset(&t->d, &machine, STR("alice"), link, e));
    assert_false(alive(t, secret));
    assert_int_equal(try_in(t, "alice", GOOD, "192.0.2.1", NULL), RC_DENIED);
    T_OK(people_signin_trade(&t->d, str_c(link), &made, e));
    assert_true(made.no_password);
    assert_true(alive(t, made.secret));
    assert_int_equal(events(t, "account.reset"), 1);
    T_RC(RC_NOTFOUND, auth_reset(&t->d, &machine, STR("zoe"), link, e));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        DESK_TEST(hashes),
        DESK_TEST(with_password),
        DESK_TEST(says_nothing),
        DESK_TEST(limits_of_a_login),
        DESK_TEST(limits_of_a_client),
        DESK_TEST(switched_off),
        DESK_TEST(change),
        DESK_TEST(first_password_needs_a_fresh_link),
        DESK_TEST(sessions),
        DESK_TEST(notices),
        DESK_TEST(reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
