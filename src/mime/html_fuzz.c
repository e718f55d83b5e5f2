/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: HTML, flowed text and file names.
 */
#include "mime/mail.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new((size_t)8 << 20);
    AUTO(buf) struct buf out = BUF_INIT(MAIL_TEXT_MAX);
    struct str s = str_of(data, n);
    bool changed;
    text_from_html(&out, s);
    buf_reset(&out);
    text_unflow(&out, s, true);
    BUG_ON(!mail_file_name_ok(text_file_name(a, s, 1, STR("text/plain"), &changed)));
    return 0;
}
