/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any text as the message of a commit; no number of a vulnerability is left in it. */
#include <strings.h>

#include "base/utf8.h"
#include "desk/scrub.h"

/* "CVE-2026-1234", in any case, as a word. */
static bool has_number(struct str s)
{
    for (size_t i = 0; i + 9 < s.n; i++)
        if (strncasecmp(s.p + i, "CVE-", 4) == 0 && ascii_is_digit(s.p[i + 4]) &&
            ascii_is_digit(s.p[i + 5]) && ascii_is_digit(s.p[i + 6]) &&
            ascii_is_digit(s.p[i + 7]) && s.p[i + 8] == '-' && ascii_is_digit(s.p[i + 9]) &&
            (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\n' || s.p[i - 1] == '('))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(UINT64_C(64) << 20);
    struct scrubbed s;
    struct err e = ERR_INIT;
    enum rc rc = scrub_message(a, str_of(data, n), STR("EX"), &s, &e);
    if (rc != RC_OK)
        return 0;
    BUG_ON(!utf8_is_clean(s.text) || s.n_taken > SCRUB_TAKEN);
    for (size_t i = 0; i < s.n_taken; i++) {
        BUG_ON(s.taken[i].line == 0 || s.taken[i].why == NULL);
        BUG_ON(str_chr(s.taken[i].what, '\n') != STR_NPOS);
    }
    BUG_ON(s.more == 0 && has_number(s.text));
    return 0;
}
