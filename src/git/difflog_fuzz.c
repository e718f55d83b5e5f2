/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what git prints of a commit: parsed within bounds, every slice inside of the text or
 * the arena, and the same patch has the same id.
 */
#include <stdint.h>
#include <string.h>

#include "git/difflog.h"
#include "git/patchid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t use(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (unsigned char)s.p[i];
    return n;
}

static size_t use_commit(const struct diff_commit *c)
{
    size_t n = use(c->id) + use(c->parents) + use(c->author) + use(c->email) + use(c->message);
    for (size_t i = 0; i < c->n; i++) {
        const struct diff_file *f = &c->files[i];
        n += use(f->old_path) + use(f->new_path) + use(diff_file_path(f));
        for (size_t k = 0; k < f->n; k++) {
            n += use(f->hunks[k].func);
            for (size_t l = 0; l < f->hunks[k].n; l++)
                n += use(f->hunks[k].lines[l].text);
        }
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] =
        "\0\0"
        "1111111111111111111111111111111111111111\0\0a\0b\0001\0002\0s\n\0\n";
    AUTO(buf) struct buf b = BUF_INIT(size + sizeof head);
    AUTO(arena) struct arena *a = arena_new(1u << 26);
    struct err e = ERR_INIT;
    /* Half of the inputs get a good header, so that what follows is reached. */
    if (size && data[0] & 1)
        buf_add(&b, str_of(head, sizeof head - 1));
    if (size)
        buf_add(&b, str_of(data + 1, size - 1));
    for (int cut = 0; cut < 2; cut++) {
        struct diff_commit c = {.cut = cut == 1};
        unsigned char one[PATCH_ID_MAX], two[PATCH_ID_MAX];
        if (difflog_parse(buf_str(&b), a, &c, &e) != RC_OK)
            continue;
        BUG_ON(use_commit(&c) == SIZE_MAX);
        BUG_ON(patch_id(c.patch, false, one) != patch_id(c.patch, false, two));
        BUG_ON(memcmp(one, two, sizeof one) != 0);
    }
    return 0;
}
