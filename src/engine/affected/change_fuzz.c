/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a message and as a patch: what is read stays in its limits, and counting lines in
 * common is symmetric and never more than there are.
 */
#include <stdint.h>
#include <string.h>

#include "engine/affected/change.h"
#include "engine/affected/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_patch(struct str text, struct arena *a, struct change *ret)
{
    static const char head[] =
        "\0\0"
        "1111111111111111111111111111111111111111\0\0a\0b\0001\0002\0s\n\0\n";
    AUTO(buf) struct buf b = BUF_INIT(text.n + sizeof head);
    struct diff_commit c = {.cut = true};
    struct err e = ERR_INIT;
    buf_add(&b, str_of(head, sizeof head - 1));
    buf_add(&b, text);
    return difflog_parse(buf_str(&b), a, &c, &e) == RC_OK &&
           change_make(&c, text.n % 2, text.n % 3 == 0, a, ret, &e) == RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m;
    struct change one, two;
    struct str text = str_of(data, size);
    AUTO(arena) struct arena *a = arena_new(1u << 26);
    message_read(text, &m);
    BUG_ON(m.n > NAMED_MAX);
    for (size_t i = 0; i < m.n; i++)
        BUG_ON(m.named[i].digits > 2 * NAMED_KEY_LEN || m.named[i].kind == NAMED_NONE);
    if (!read_patch(str_sub(text, 0, size / 2), a, &one) ||
        !read_patch(str_sub(text, size / 2, size), a, &two))
        return 0;
    size_t common = change_common(&one, &two), back = change_inverse(&one, &two);
    BUG_ON(common > one.n || common > two.n || common != change_common(&two, &one));
    BUG_ON(back > one.n || back != change_inverse(&two, &one));
    const struct change *both[] = {&one, &two};
    struct change sum = change_sum(both, 2, a);
    BUG_ON(sum.n != one.n + two.n || change_common(&sum, &one) != one.n);
    return 0;
}
