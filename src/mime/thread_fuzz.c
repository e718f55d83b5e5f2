/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: threading.  Each run of bytes up to a NUL is a message: its id, then references.
 */
#include "mime/thread.h"

#define MESSAGES 200
#define REFS     2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena) struct arena *a = arena_new(4u << 20);
    struct thread_msg m[MESSAGES];
    struct str refs[REFS], rest = str_of(data, n), one;
    size_t n_msg = 0, n_refs = 0, depth = 0, count = 0;
    struct thread_forest f;
    struct err e = ERR_INIT;
    while (n_msg < MESSAGES && str_cut(&rest, '\0', &one)) {
        struct thread_msg *k = &m[n_msg++];
        *k = (struct thread_msg){.id = str_sub(one, 0, 1), .refs = &refs[n_refs]};
        k->base_subject = str_sub(one, 1, 1);
        k->reply = one.n % 2 == 1;
        k->date_us = one.n > 2 ? one.p[2] : 0;
        for (size_t i = 3; i < one.n && n_refs < REFS; i++, k->n_refs++)
            refs[n_refs++] = str_sub(one, i, 1);
    }
    for (int by_subject = 0; by_subject < 2; by_subject++) {
        count = depth = 0;
        if (thread_build(a, m, n_msg, by_subject, &f, &e) != RC_OK)
            return 0;
        for (size_t k = f.first_root; k != THREAD_NONE; k = thread_next(&f, k, &depth)) {
            BUG_ON(depth > f.n_nodes);
            count += f.nodes[k].msg != THREAD_NONE;
            BUG_ON(f.nodes[k].msg == THREAD_NONE && f.nodes[k].first_child == THREAD_NONE);
        }
        BUG_ON(count != n_msg);
    }
    return 0;
}
