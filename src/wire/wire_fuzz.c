/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target of the message decoders: the first byte is the type, the rest the body.
 */
#include "wire/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct err e = ERR_INIT;
    if (n > 0 && wire_check(p[0], str_of(p + 1, n - 1), &e) != RC_OK)
        BUG_ON(e.msg[0] == '\0');
    return 0;
}
