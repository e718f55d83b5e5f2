/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: subjects and tags.
 */
#include "mime/subject.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    struct err e = ERR_INIT;
    struct subject s, again;
    struct subject_tag t;
    BUG_ON(subject_read(a, str_of(data, n), &s, &e) != RC_OK);
    BUG_ON(!utf8_is_clean(s.text) || s.text.n > SUBJECT_MAX || s.base.n > s.text.n);
    BUG_ON(s.local.n > s.base.n);
    /* A base subject has no further leader; encoded words made by decoding are left alone. */
    if (str_find(s.base, STR("=?")) == STR_NPOS) {
        BUG_ON(subject_read(a, s.base, &again, &e) != RC_OK);
        BUG_ON(!str_eq(again.base, s.base));
    }
    if (subject_tag(s.text, STR_NONE, &t))
        BUG_ON(t.year < 1970 || t.number == 0 || t.prefix.n == 0);
    return 0;
}
