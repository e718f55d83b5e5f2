/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: the first byte chooses the language and the flags, the rest is the text; tokens and
 * spans lie inside it in order, and a second run says the same. */
#include "syntax/lexer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    enum lang lang = (enum lang)(data[0] % LANG_COUNT);
    unsigned flags = data[1] % 4;
    struct str text = str_of(data + 2, n - 2);
    AUTO(tokens) struct tokens t = {0}, again = {0};
    AUTO(spans) struct spans s = {0};
    struct lexer_stop stop, stop2;
    lexer_run(lang, text, flags, &t, &stop);
    uint32_t end = 0, line = 1;
    for (size_t i = 0; i < t.n; i++) {
        const struct token *k = &t.v[i];
        BUG_ON(k->at < end || k->len == 0 || k->at + k->len > text.n || k->line < line);
        BUG_ON((flags & LEXER_NO_PUNCT) && k->kind == TOKEN_PUNCT);
        end = k->at + k->len;
        line = k->line;
    }
    BUG_ON(line > stop.lines + 1);
    lexer_run(lang, text, flags, &again, &stop2);
    BUG_ON(t.n != again.n || stop.lines != stop2.lines || stop.cut != stop2.cut);
    BUG_ON(t.n > 0 && memcmp(t.v, again.v, t.n * sizeof(*t.v)) != 0);
    lexer_spans(lang, text, &s);
    end = 0;
    for (size_t i = 0; i < s.n; i++) {
        BUG_ON(s.v[i].at < end || s.v[i].len == 0 || s.v[i].at + s.v[i].len > text.n);
        end = s.v[i].at + s.v[i].len;
    }
    (void)lang_of(text, text);
    (void)text_lfs_pointer(text);
    return 0;
}
