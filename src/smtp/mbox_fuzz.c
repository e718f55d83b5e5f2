/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as an mbox: every octet but the separators is in exactly one mail, and what is put
 * together again in the same way is cut in the same way.
 */
#include "smtp/mbox.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
    struct mbox m;
    struct mbox_mail mail;
    struct mbox_ids ids;
    struct err e = ERR_INIT;
    const char *last = (const char *)p;
    size_t mails = 0, again = 0;
    AUTO(buf) struct buf file = BUF_INIT(1 << 20);
    AUTO(buf) struct buf text = BUF_INIT(1 << 20);
    if (n > 65536 || mbox_begin(str_of(p, n), &m, &e) != RC_OK)
        return 0;
    while (mbox_next(&m, &mail)) {
        BUG_ON(mail.raw.n > 0 && mail.raw.p < last);
        last = mail.raw.p + mail.raw.n;
        BUG_ON(last > (const char *)p + n);
        mbox_ids(mail.raw, &ids);
        buf_reset(&text);
        mbox_unquote(&text, mail.raw);
        BUG_ON(text.n > mail.raw.n);
        buf_adds(&file, "From a@b Thu Jan  1 00:00:00 1970\n");
        buf_add(&file, mail.raw);
        buf_adds(&file, "\n\n");
        mails++;
    }
    BUG_ON(mails == 0 || file.over);
    BUG_ON(mbox_begin(buf_str(&file), &m, &e) != RC_OK);
    while (mbox_next(&m, &mail))
        again++;
    BUG_ON(again < mails);
    return 0;
}
