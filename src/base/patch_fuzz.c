/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a text with a patch; what is found lies inside the text. */
#include "base/patch.h"

static void inside(struct str s, struct str text)
{
    if (s.n > 0)
        BUG_ON(s.p < text.p || s.p + s.n > text.p + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct patch p;
    AUTO(buf) struct buf notes = BUF_INIT(PATCH_MAX + 1);
    struct err e = ERR_INIT;
    struct str text = str_of(data, n);
    if (patch_read(text, &p, &e) != RC_OK)
        return 0;
    inside(p.before, text);
    inside(p.diff, text);
    inside(p.behind, text);
    inside(p.hunks, text);
    inside(patch_message(&p), text);
    patch_notes(&p, &notes);
    BUG_ON(notes.over || notes.n > text.n + 1);
    BUG_ON(p.n_files > PATCH_FILES_MAX || p.n_hunks > PATCH_HUNKS_MAX);
    for (size_t i = 0; i < p.n_files; i++)
        inside(p.files[i], text);
    return 0;
}
