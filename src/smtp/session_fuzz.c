/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a client's stream: whole and in cuts must give the same replies and mails, and no
 * mail may be taken for a recipient that is not ours.
 */
#include "smtp/session_driver.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

static void start(struct driver *d, unsigned char flags)
{
    driver_init(d, flags & 1 ? SMTP_MODE_LMTP : SMTP_MODE_SMTP);
    d->config.tls_offered = flags & 2;
    d->verdict = flags & 4 ? RC_IO : RC_OK;
    d->data_rc = flags & 8 ? RC_IO : RC_OK;
}

static void feed(struct driver *d, struct str in, size_t cut)
{
    for (int tls = 0; tls < 2; tls++) {
        driver_feed(d, in, cut);
        if (smtp_session_want(d->session) != SMTP_WANT_TLS)
            return;
        smtp_session_tls(d->session);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
    struct driver whole, cut;
    if (n < 2 || n > 4096)
        return 0;
    struct str in = str_of(p + 2, n - 2);
    start(&whole, p[0]);
    feed(&whole, in, n);
    start(&cut, p[0]);
    feed(&cut, in, 1 + p[1] % 40);
    BUG_ON(!str_eq(buf_str(&whole.replies), buf_str(&cut.replies)));
    BUG_ON(whole.n_mails != cut.n_mails);
    for (size_t i = 0; i < whole.n_mails; i++) {
        struct str text = buf_str(&whole.envelopes[i]);
        BUG_ON(!str_eq(buf_str(&whole.mails[i]), buf_str(&cut.mails[i])));
        BUG_ON(str_find_nocase(text, STR(" security")) == STR_NPOS &&
               str_find_nocase(text, STR(" postmaster")) == STR_NPOS);
    }
    driver_end(&whole);
    driver_end(&cut);
    return 0;
}
