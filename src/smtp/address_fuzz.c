/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a path: what is accepted is bounded, holds no controls, and its canonical text
 * reads back as the same address.
 */
#include <string.h>

#include "base/utf8.h"
#include "smtp/address.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

static void check(const struct smtp_addr *a, unsigned flags)
{
    struct smtp_addr again;
    struct str text = smtp_addr_text(a);
    BUG_ON(!utf8_valid(text) || text.n > SMTP_TEXT_MAX || strlen(a->text) != text.n);
    for (size_t i = 0; i < text.n; i++)
        BUG_ON((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f);
    if (text.n == 0)
        return;
    BUG_ON(smtp_mailbox_parse(text, flags | SMTP_ADDR_LONG_LOCAL, &again, NULL) != RC_OK &&
           text.n <= SMTP_PATH_MAX - 2);
    if (text.n > SMTP_PATH_MAX - 2)
        return;
    BUG_ON(!str_eq(smtp_addr_text(&again), text));
    BUG_ON(!str_eq(smtp_addr_local(&again), smtp_addr_local(a)));
    BUG_ON(!str_eq(smtp_addr_domain(&again), smtp_addr_domain(a)));
}

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
    struct smtp_addr a, ours;
    struct str rest, tag;
    if (n < 1 || n > 4096)
        return 0;
    struct str in = str_of(p + 1, n - 1);
    unsigned flags = p[0] & 0xf;
    BUG_ON(smtp_mailbox_parse(STR("a@b.example"), 0, &ours, NULL) != RC_OK);
    if (smtp_path_parse(in, flags, &a, &rest, NULL) == RC_OK) {
        check(&a, flags);
        BUG_ON(rest.n > in.n);
        (void)smtp_addr_is_relay(&a);
        if (smtp_addr_is_ours(&a, &ours, &tag))
            BUG_ON(ascii_lower(a.local[0]) != 'a' || strcmp(a.domain, "b.example") != 0);
    }
    if (smtp_mailbox_parse(in, flags, &a, NULL) == RC_OK)
        check(&a, flags);
    return 0;
}
