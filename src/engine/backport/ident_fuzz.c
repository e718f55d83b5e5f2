/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any text in any language, its words, what it declares and what it reaches.  The
 * first byte chooses the language.
 */
#include <string.h>

#include "engine/backport/ident.h"

#define TEXT_MAX (1u << 16)

static void check_words(const struct code *c)
{
    AUTO(buf) struct buf words = BUF_INIT(64u << 20);
    AUTO(buf) struct buf reaches = BUF_INIT(64u << 20);
    ident_words(c, &words, &reaches);
    size_t n = words.n / sizeof(uint32_t);
    AUTO(mem) uint32_t *v = mem_alloc((n + 1) * sizeof *v);
    if (n > 0)
        memcpy(v, words.p, n * sizeof *v);
    const struct ident_set set = {v, n, buf_str(&reaches)};
    for (size_t i = 0; i < n; i++) {
        BUG_ON(i > 0 && v[i] < v[i - 1]);
        BUG_ON(ident_find(&set, v[i] & ~UINT32_C(1)) == IDENT_NO);
    }
    struct str rest = set.reaches, path;
    char kind;
    while (ident_reach(&rest, &kind, &path))
        BUG_ON(strchr("\"<mp", kind) == NULL || str_chr(path, '\n') != STR_NPOS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1 || n > TEXT_MAX)
        return 0;
    AUTO(code) struct code c = {0};
    code_read(&c, (enum lang)(data[0] % LANG_COUNT), str_of(data + 1, n - 1));
    for (size_t i = 0; i < c.n; i++) {
        BUG_ON(c.open[i] > c.n);
        (void)ident_declares(&c, i);
        size_t close = code_close(&c, i, IDENT_REACH);
        BUG_ON(close > c.n || (close < c.n && close < i));
        (void)code_member(&c, i);
    }
    BUG_ON(code_is(&c, c.n, "x") || code_name(&c, c.n));
    check_words(&c);
    return 0;
}
