/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords: rules and Argon2id.
 * Runs in core.
 * Input: what somebody typed, hostile and bounded; strings of our own store.
 */
#include "desk/password.h"

#include <sodium.h>

#include "base/utf8.h"

/* Of a random password that nobody knows; checked in place of the one that is not there. */
#define NOBODY                                                                                     \
    "$argon2id$v=19$m=19456,t=3,p=1$Vg24QT6l1qGDDdwiojLpAg$"                                       \
    "Ku0EzuLBRA4Vi3YhmgcZappcTB6crZzID/gKZGMAFyw"

/* Those of ten characters and more that stand on top of published lists of what people use, and
 * what a team of this trade would think of first. Compared without case. */
static const char *const common[] = {
    "0123456789",
    "1234567890",
    "12345678900",
    "12345678910",
    "123456789a",
    "1234567891",
    "123123123123",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghij",
    "abcdefghijk",
    "administrator",
    "adminadmin",
    "admin12345",
    "admin123456",
    "asdfghjkl1",
    "asdfghjkl;",
    "baseball123",
    "basketball",
    "butterfly1",
    "changeme123",
    "changemenow",
    "chocolate1",
    "computer123",
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "dragon12345",
    "football123",
    "football12",
    "iloveyou123",
    "iloveyou12",
    "iloveyou1234",
    "letmein123",
    "letmein1234",
    "liverpool1",
    "manchester",
    "michelle12",
    "monkey12345",
    "mypassword",
    "mypassword1",
    "p@ssw0rd123",
    "p@ssword123",
    "passw0rd123",
    "password00",
    "password01",
    "password10",
    "password11",
    "password12",
    "password123",
    "password1234",
    "password12345",
    "password!!",
    "password1!",
    "passwordpassword",
    "princess12",
    "princess123",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwerty12345",
    "qwerty123456",
    "qwertyuiop",
    "qwertyuiop1",
    "qwertyuiop[]",
    "qwertyuiopasdfghjkl",
    "qwertz12345",
    "qwertzuiop",
    "secret12345",
    "secretsecret",
    "security12",
    "security123",
    "security1234",
    "starwars12",
    "sunshine12",
    "sunshine123",
    "superman12",
    "superman123",
    "test123456",
    "testtesttest",
    "trustno1trustno1",
    "vulndesk123",
    "vulnerability",
    "welcome123",
    "welcome1234",
    "whatever12",
    "zaq12wsxcde3",
    "zxcvbnm123",
    "zxcvbnm,./",
};

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t at = 0, k; at < s.n; at += k ? k : 1, n++) {
        uint32_t cp;
        k = utf8_next(str_sub(s, at, s.n), &cp);
    }
    return n;
}

/* One piece of at most four bytes over and over. */
static bool repeats(struct str s)
{
    for (size_t period = 1; period <= 4; period++) {
        size_t i = period;
        while (i < s.n && s.p[i] == s.p[i - period])
            i++;
        if (i >= s.n)
            return true;
    }
    return false;
}

enum rc password_check(struct str pw, const struct str *names, size_t n, struct err *e)
{
    if (pw.n > PASSWORD_MAX)
        return err_set(e, RC_INVALID, "the password is longer than %d bytes", PASSWORD_MAX);
    if (!utf8_is_clean(pw) || str_chr(pw, '\n') != STR_NPOS)
        return err_set(e, RC_INVALID, "the password is not one line of plain text");
    if (characters(pw) < PASSWORD_MIN)
        return err_set(e, RC_INVALID,
                       "the password is too short: it takes %d characters or more; a few words do "
                       "well",
                       PASSWORD_MIN);
    for (size_t i = 0; i < n; i++)
        if (names[i].n > 0 && str_eq_nocase(pw, names[i]))
            return err_set(e, RC_INVALID, "the password is your own name or address");
    bool known = repeats(pw);
    for (size_t i = 0; !known && i < ARRAY_LEN(common); i++)
        known = str_eq_nocase(pw, str_c(common[i]));
    if (known)
        return err_set(
            e, RC_INVALID,
            "this password is one of the first that anybody would try; take another one");
    return RC_OK;
}

enum rc password_hash(struct arena *a, struct str pw, struct str *ret, struct err *e)
{
    char text[crypto_pwhash_STRBYTES];
    if (pw.n > PASSWORD_MAX)
        return err_set(e, RC_INVALID, "the password is longer than %d bytes", PASSWORD_MAX);
    if (crypto_pwhash_str(text, pw.p, pw.n, PASSWORD_OPS, PASSWORD_MEM) != 0)
        return err_set(e, RC_LIMIT, "not enough memory for a password");
    *ret = arena_str(a, str_c(text));
    return arena_ok(a, "a password", e);
}

bool password_matches(struct str hash, struct str pw, bool *ret_old)
{
    char text[crypto_pwhash_STRBYTES];
    bool real = hash.n > 0 && hash.n < sizeof text && pw.n > 0 && pw.n <= PASSWORD_MAX;
    struct str against = real ? hash : STR(NOBODY);
    memcpy(text, against.p, against.n);
    memset(text + against.n, 0, sizeof text - against.n);
    bool ok = crypto_pwhash_str_verify(text, pw.p ? pw.p : "", real ? pw.n : 0) == 0;
    if (ret_old)
        *ret_old = ok && crypto_pwhash_str_needs_rehash(text, PASSWORD_OPS, PASSWORD_MEM) != 0;
    return ok && real;
}
