/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: Authentication-Results values, and the choice of ours among a header's fields.
 */
#include "mime/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    struct err e = ERR_INIT;
    struct authres *r;
    struct str s = str_of(data, n);
    if (authres_parse(a, s, &r, &e) == RC_OK)
        for (size_t i = 0; i < r->n_results; i++)
            BUG_ON(r->results[i].method.n == 0 || r->results[i].result.n == 0);
    struct hfield f[64];
    size_t k = 0;
    while (k < ARRAY_LEN(f) && hfield_cut(&s, &f[k])) {
        (void)hfield_addr(f[k].value);
        (void)hfield_param(f[k].value, "report-type");
        k++;
    }
    struct authres_border b = {STR("mx.desk.example"), 1, true};
    struct authres_verdict v;
    if (authres_judge(a, f, k, &b, STR("v.example"), &v, &e) == RC_OK)
        BUG_ON(v.n_trusted > k);
    return 0;
}
