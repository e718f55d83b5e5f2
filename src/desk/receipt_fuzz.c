/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile receipts and texts. */
#include "desk/receipt.h"
#include "desk/texts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[RECEIPT_KEY_LEN];
    AUTO(buf) struct buf lines = BUF_INIT(RECEIPT_MAX);
    struct receipt *r = mem_zalloc(sizeof(*r));
    struct err e = ERR_INIT;
    if (receipt_verify(str_of(data, size), key, &lines, r, &e) == RC_OK)
        abort(); /* nobody can sign for this key */
    for (int i = 0; i < TEXT_COUNT; i++)
        if (text_check((enum text_id)i, str_of(data, size), &e) == RC_OK && size > TEXT_FILE_MAX)
            abort();
    free(r);
    return 0;
}
