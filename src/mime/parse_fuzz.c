/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any bytes as a mail must give a record that decode takes.
 */
#include "mime/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX), *b = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    struct err e = ERR_INIT;
    struct parse_opts o;
    struct mail m, back;
    parse_child_warm();
    parse_opts_init(&o);
    o.border.authserv_id = STR("mx.desk.example");
    BUG_ON(parse_mail(a, str_of(data, n), &o, &m, &e) != RC_OK);
    BUG_ON(mail_encode(&json, &m, &e) != RC_OK);
    BUG_ON(mail_decode(b, buf_str(&json), &back, &e) != RC_OK);
    return 0;
}
