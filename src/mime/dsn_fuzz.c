/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: delivery reports.  The first byte says which pieces the rest is.
 */
#include "mime/dsn.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(32u << 20);
    struct err e = ERR_INIT;
    struct dsn_result r;
    struct str all = str_of(data, n), rest = str_sub(all, 1, n);
    unsigned how = n > 0 ? data[0] : 0;
    struct hfield f[32];
    size_t k = 0;
    struct str header = rest;
    while (k < ARRAY_LEN(f) && hfield_cut(&header, &f[k]))
        k++;
    struct dsn_input in = {
        .content_type = how & 1 ? rest : STR("multipart/report; report-type=delivery-status"),
        .from = how & 2 ? rest : STR("MAILER-DAEMON@aol.com"),
        .subject = STR("failure notice"),
        .fields = how & 4 ? f : NULL,
        .n_fields = how & 4 ? k : 0,
        .texts = &rest,
        .n_texts = 1,
        .delivery_status = how & 8 ? rest : STR_NONE,
        .inner_status = how & 16 ? rest : STR_NONE,
        .disposition = how & 32 ? rest : STR_NONE,
        .returned = how & 64 ? rest : STR_NONE,
    };
    if (dsn_read(a, &in, &r, &e) != RC_OK)
        return 0;
    BUG_ON(!utf8_is_clean(r.original_mid) || r.n_recipients > DSN_RECIPIENTS_MAX);
    for (size_t i = 0; i < r.n_recipients; i++) {
        BUG_ON(!utf8_is_clean(r.recipients[i].addr) || !utf8_is_clean(r.recipients[i].diagnostic));
        BUG_ON(r.recipients[i].addr.n == 0 || r.recipients[i].diagnostic.n > DSN_DIAG_MAX);
        BUG_ON(str_chr(r.recipients[i].diagnostic, '\n') != STR_NPOS);
    }
    return 0;
}
