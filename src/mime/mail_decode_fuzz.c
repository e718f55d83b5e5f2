/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: what decode takes, encode writes and decode takes again.
 */
#include "mime/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX), *b = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    struct err e = ERR_INIT;
    struct mail m, again;
    if (mail_decode(a, str_of(data, n), &m, &e) != RC_OK)
        return 0;
    BUG_ON(mail_encode(&json, &m, &e) != RC_OK);
    BUG_ON(mail_decode(b, buf_str(&json), &again, &e) != RC_OK);
    return 0;
}
