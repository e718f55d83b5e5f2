/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as the answer of a tool, and as a rule. What is found lies in the batch.
 */
#include "engine/audit/rules_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct rules_batch b = {.n = 3, .file = {7, 8, 9}, .lines = {10, 1, 100}};
    static struct rule_hit hits[RULES_HITS_MAX];
    struct err e = ERR_INIT;
    struct str text = str_of(data, n);
    for (int i = 0; i < 2; i++) {
        struct rules_found f = {.v = hits, .rule = 1};
        enum rc rc = i ? rules_read_diff(text, &b, &f, &e) : rules_read_json(text, &b, &f, &e);
        BUG_ON(rc != RC_OK && rc != RC_INVALID && rc != RC_NOTFOUND && rc != RC_LIMIT);
        BUG_ON(f.n > RULES_HITS_MAX);
        for (size_t k = 0; k < f.n; k++)
            BUG_ON(hits[k].file < 7 || hits[k].file > 9 || hits[k].line < 1 ||
                   hits[k].line > hits[k].end || hits[k].end > b.lines[hits[k].file - 7]);
    }
    struct rule rule = {.name = STR("r"), .text = text};
    enum lang lang;
    (void)(rule_check(&rule, &lang, &e) == RC_OK);
    return 0;
}
