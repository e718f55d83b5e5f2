/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as the output of tests, whole and in pieces, and as a report. */
#include "engine/run/results.h"

#define PIECE 7

static void check(const struct results *r)
{
    struct result_sums s = results_sums(r);
    BUG_ON(results_count(r) > RESULTS_MAX);
    for (size_t i = 0; i < results_count(r); i++) {
        const struct result *x = results_at(r, i);
        BUG_ON(x->name.n == 0 || x->name.n > RESULTS_NAME_MAX);
        BUG_ON(results_find(r, x->name) != x);
    }
    BUG_ON(s.failed + s.skipped > results_count(r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(results) struct results *whole = results_new();
    AUTO(results) struct results *pieces = results_new();
    AUTO(results) struct results *report = results_new();
    struct str text = str_of(data, n);
    struct comparison c;
    struct err e = ERR_INIT;
    results_feed(whole, text);
    results_end(whole);
    for (size_t i = 0; i < n; i += PIECE)
        results_feed(pieces, str_sub(text, i, PIECE));
    results_end(pieces);
    check(whole);
    /* However it comes, it says the same. */
    results_compare(whole, pieces, &c);
    BUG_ON(results_count(whole) != results_count(pieces) || c.missing.all || c.mended.all);
    (void)(results_xml(report, text, &e) == RC_OK);
    check(report);
    return 0;
}
