/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies a receipt, offline.  Runs as the user who typed it; the file is untrusted text.
 */
#include "cli/receipt.h"

#include <fcntl.h>
#include <sysexits.h>

#include "base/hex.h"
#include "cli/args.h"
#include "desk/keygen.h"
#include "desk/receipt.h"
#include "desk/settings.h"
#include "os/file.h"

#define KEY_FILE_MAX 4096

/* The first run of 64 hex digits in the file: the page of the key has words around it. */
static enum rc key_from_file(const char *file, unsigned char key[RECEIPT_KEY_LEN], struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(KEY_FILE_MAX);
    TRY(file_read(AT_FDCWD, file, KEY_FILE_MAX, &b, e));
    for (size_t i = 0; i + 2 * RECEIPT_KEY_LEN <= b.n; i++)
        if (hex_get(str_sub(buf_str(&b), i, 2 * RECEIPT_KEY_LEN), key, RECEIPT_KEY_LEN, "key",
                    NULL) == RC_OK)
            return RC_OK;
    return err_set(e, RC_INVALID, "%s holds no key of 64 hexadecimal digits", file);
}

static enum rc find_key(const struct arg *known, unsigned char key[RECEIPT_KEY_LEN], struct err *e)
{
    if (known[0].value)
        return key_from_file(known[0].value, key, e);
    AUTO(settings) struct settings *set = NULL;
    TRY(settings_load(known[1].value ? known[1].value : SETTINGS_FILE, NULL, &set, e));
    return keygen_sign_public(set->desk.data_dir.p, key, e);
}

static enum rc receipt_check(const char *file, const struct arg *known, struct err *e)
{
    unsigned char key[RECEIPT_KEY_LEN];
    struct receipt r;
    AUTO(buf) struct buf text = BUF_INIT(RECEIPT_MAX), lines = BUF_INIT(RECEIPT_MAX);
    TRY(find_key(known, key, e));
    TRY(file_read(AT_FDCWD, file, RECEIPT_MAX, &text, e));
    TRY(receipt_verify(buf_str(&text), key, &lines, &r, e));
    AUTO(buf) struct buf words = BUF_INIT(RECEIPT_MAX);
    receipt_explain(&r, &words);
    return fd_write_all(1, buf_str(&words), e);
}

int receipt_main(int argc, char **argv)
{
    struct arg known[] = {{.name = "--key"}, {.name = "--config"}};
    struct args a = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    if (args_parse(&a, argc, argv, &e) != RC_OK || a.n_words != 2 ||
        strcmp(a.words[0], "verify") != 0) {
        fprintf(stderr, "vulndesk receipt: %s\n", e.msg[0] ? e.msg : "verify what?");
        return EX_USAGE;
    }
    if (receipt_check(a.words[1], known, &e) == RC_OK)
        return 0;
    fprintf(stderr, "vulndesk receipt: %s\n", e.msg);
    return 1;
}
