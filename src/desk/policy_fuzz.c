/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any bytes are read or refused, and what is read obeys the border rule and its
 * limits.
 */
#include "base/utf8.h"
#include "desk/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    struct err e = ERR_INIT;
    const struct policy *p = NULL;
    if (policy_parse(a, str_of(data, size), &p, &e) != RC_OK)
        return 0;
    for (size_t i = 0; i < p->n_contacts; i++)
        BUG_ON(!utf8_valid(p->contacts[i].address) || p->contacts[i].line > p->lines);
    for (int k = 0; k < PROMISE_COUNT; k++) {
        const struct policy_promise *pr = &p->promises[k];
        BUG_ON(pr->found && (pr->words.n == 0 || pr->line_start < 1 || pr->line_end > p->lines ||
                             pr->line_end < pr->line_start || !utf8_is_clean(pr->words)));
    }
    AUTO(json) json_t *j = policy_json(p);
    BUG_ON(j == NULL);
    return 0;
}
