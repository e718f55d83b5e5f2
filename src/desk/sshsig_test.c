/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that OpenSSH and git take: byte for byte what ssh-keygen wrote with the same key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "desk/sshsig.h"

/* Of this test alone: ssh-keygen -t ed25519, and ssh-keygen -Y sign -n git of COMMIT. */
#define SECRET                                                                                     \
    "345a564ff859ba07ba98b9aada07004c38dbb354911faf7cd1050fc24ecce086"                             \
    "a9ec13c281f502376439d86768949e213444937f3ae698664d2b8c23ba9012fb"
#define PUBLIC "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKnsE8KB9QI3ZDnYZ2iUniE0RJN/OuaYZk0rjCO6kBL7"
#define HEAD                                                                                       \
    "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"                                              \
    "author A U Thor <author@example.org> 1700000000 +0100\n"                                      \
    "committer Example <security@example.org> 1700000001 +0000\n"
#define MESSAGE "\nname: check lengths\n"
#define COMMIT  HEAD MESSAGE
#define ARMOR                                                                                      \
    "-----BEGIN SSH SIGNATURE-----\n"                                                              \
    "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgqewTwoH1AjdkOdhnaJSeITREk3\n"                     \
    "865phmTSuMI7qQEvsAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n"                     \
    "AAAAQIVLY/TTbJ7YWmG37d6oRFqmXVhxy2whSC4u6kLQ2sB8KeJOi2ZaxyutUA9/fFRf7Y\n"                     \
    "dI+HZlYBCu0ZTLTWDN7Q4=\n"                                                                     \
    "-----END SSH SIGNATURE-----\n"

static unsigned char secret[crypto_sign_SECRETKEYBYTES];
static const unsigned char *const pub = secret + crypto_sign_SEEDBYTES;

static int load(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    return sodium_init() < 0 || hex_get(STR(SECRET), secret, sizeof secret, "key", &e) != RC_OK;
}

static void test_the_bytes_are_those_of_ssh_keygen(void **state)
{
    AUTO(buf) struct buf asked = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf armor = BUF_INIT(SSHSIG_MAX);
    struct err e = ERR_INIT;
    unsigned char sig[SSHSIG_SIG_LEN];
    (void)state;
    assert_int_equal(sshsig_asked(SSHSIG_GIT, STR(COMMIT), &asked, &e), RC_OK);
    crypto_sign_detached(sig, NULL, (const unsigned char *)asked.p, asked.n, secret);
    assert_int_equal(sshsig_armor(SSHSIG_GIT, pub, str_of(sig, sizeof sig), &armor, &e), RC_OK);
    assert_string_equal(buf_c(&armor), ARMOR);
}

static void test_what_is_signed_can_be_told_from_text(void **state)
{
    AUTO(buf) struct buf asked = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf other = BUF_INIT(SSHSIG_MAX);
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sshsig_asked(SSHSIG_GIT, STR(COMMIT), &asked, &e), RC_OK);
    assert_int_equal(sshsig_asked("file", STR(COMMIT), &other, &e), RC_OK);
    assert_true(sshsig_is_asked(buf_str(&asked)));
    assert_false(utf8_is_clean(buf_str(&asked)));
    assert_false(sshsig_is_asked(buf_str(&other)));
    assert_false(sshsig_is_asked(str_sub(buf_str(&asked), 0, asked.n - 1)));
    buf_addc(&asked, 'x');
    assert_false(sshsig_is_asked(buf_str(&asked)));
    assert_false(sshsig_is_asked(STR("SSHSIG")));
    assert_false(sshsig_is_asked(STR_NONE));
}

static void test_the_key_is_shown_as_ssh_has_it(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(SSHSIG_MAX);
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sshsig_public(pub, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), PUBLIC);
    buf_reset(&b);
    assert_int_equal(sshsig_signer(pub, STR("security@example.org"), &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "security@example.org namespaces=\"git\" " PUBLIC "\n");
}

static void test_an_address_that_is_a_pattern_is_refused(void **state)
{
    static const char *const odd[] = {"", "*", "a@b,c@d", "!a@b", "a b@c", "a@b\nc@d", "\"a\"@b"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        AUTO(buf) struct buf b = BUF_INIT(SSHSIG_MAX);
        struct err e = ERR_INIT;
        assert_int_equal(sshsig_signer(pub, str_c(odd[i]), &b, &e), RC_INVALID);
    }
}

static void test_a_commit_carries_it_behind_its_head(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * SSHSIG_MAX);
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sshsig_commit(STR(COMMIT), "gpgsig", STR("first\nsecond\n"), &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), HEAD "gpgsig first\n second\n" MESSAGE);
    assert_int_equal(sshsig_commit(STR(HEAD), "gpgsig", STR("first\n"), &b, &e), RC_INVALID);
}

static void test_a_short_signature_is_none(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(SSHSIG_MAX);
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sshsig_armor(SSHSIG_GIT, pub, STR("short"), &b, &e), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bytes_are_those_of_ssh_keygen),
        cmocka_unit_test(test_what_is_signed_can_be_told_from_text),
        cmocka_unit_test(test_the_key_is_shown_as_ssh_has_it),
        cmocka_unit_test(test_an_address_that_is_a_pattern_is_refused),
        cmocka_unit_test(test_a_commit_carries_it_behind_its_head),
        cmocka_unit_test(test_a_short_signature_is_none),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
