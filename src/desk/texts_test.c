/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that a team may change, and the signed receipt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "desk/receipt.h"
#include "desk/texts.h"
#include "os/file.h"

static void checks(void **state)
{
    static const struct {
        const char *text, *say;
    } bad[] = {
        {"Hello {{nobody}}\n", "acknowledgement.txt line 1: unknown field {{nobody}}"},
        {"a\n{{number\n", "acknowledgement.txt line 2: \"{{\" without \"}}\""},
        {"{{?receipt}}\nx\n", "acknowledgement.txt line 1: the block is never closed"},
        {"x\n{{/receipt}}\n", "acknowledgement.txt line 2: end of a block that is not open"},
        {"{{?receipt}}\n{{?way_back}}\n",
         "acknowledgement.txt line 2: block inside the block of line 1"},
        {"{{?what}}\n{{/what}}\n", "acknowledgement.txt line 1: unknown field {{what}}"},
        {"  \n", "acknowledgement.txt is empty"},
        {"\xff\n", "acknowledgement.txt is not UTF-8 text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(text_check(TEXT_ACKNOWLEDGEMENT, str_c(bad[i].text), &e), RC_INVALID);
        if (!str_starts(str_c(e.msg), str_c(bad[i].say)))
            fail_msg("%s instead of %s", e.msg, bad[i].say);
    }
}

static void renders(void **state)
{
    char dir[] = "/tmp/vulndesk-texts-XXXXXX", path[100];
    struct err e = ERR_INIT;
    AUTO(texts) struct texts *t = NULL;
    AUTO(buf) struct buf b = BUF_INIT(TEXT_RENDER_MAX);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/reply.txt", dir);
    struct str text = STR("{{# for people }}\n{{?name}}\n{{name}} says:\n{{/name}}\n\n\n"
                          "{{text}}\n{{number}}\n");
    assert_int_equal(file_write_sync(AT_FDCWD, path, text, 0600, &e), RC_OK);
    assert_int_equal(texts_load(str_c(dir), &t, &e), RC_OK);
    struct text_value v[] = {{"text", STR("one\n\n\ntwo {{number}}")}, {"number", STR("N-1")}};
    assert_int_equal(texts_render(t, TEXT_REPLY, v, 2, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "one\n\n\ntwo {{number}}\nN-1\n");
    /* A broken replacement is refused at loading, and an absent folder is too. */
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR("{{broken}}\n"), 0600, &e), RC_OK);
    AUTO(texts) struct texts *no = NULL;
    assert_int_equal(texts_load(str_c(dir), &no, &e), RC_INVALID);
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR_NONE, 0600, &e), RC_OK);
    assert_int_equal(texts_load(str_c(dir), &no, &e), RC_INVALID);
    unlink(path);
    rmdir(dir);
    assert_int_equal(texts_load(str_c(dir), &no, &e), RC_NOTFOUND);
}

static void make(struct buf *out, const unsigned char sk[64])
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf text = BUF_INIT(RECEIPT_MAX);
    unsigned char sig[64];
    struct receipt r = {.desk = STR("0123abcd"),
                        .number = STR("EX-2026-0001"),
                        .key_id = STR("k1"),
                        .received_us = INT64_C(1795600000000000),
                        .has_mid = true,
                        .n_files = 2,
                        .files = 2,
                        .log_size = 7};
    r.files_list[1].size = 12345;
    r.files_list[1].sha256[0] = 0xab;
    assert_int_equal(receipt_text(&text, &r, &e), RC_OK);
    crypto_sign_detached(sig, NULL, (const unsigned char *)text.p, text.n, sk);
    assert_int_equal(receipt_wrap(out, buf_str(&text), str_of(sig, sizeof(sig)), &e), RC_OK);
}

static void receipt(void **state)
{
    unsigned char pk[32], sk[64];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(RECEIPT_MAX), lines = BUF_INIT(RECEIPT_MAX);
    AUTO(buf) struct buf quoted = BUF_INIT(RECEIPT_MAX);
    struct receipt *r = mem_zalloc(sizeof(*r));
    crypto_sign_keypair(pk, sk);
    make(&b, sk);
    assert_int_equal(receipt_verify(buf_str(&b), pk, &lines, r, &e), RC_OK);
    assert_int_equal(r->n_files, 2);
    assert_int_equal(r->files_list[1].size, 12345);
    assert_int_equal(r->log_size, 7);
    /* As a mail program shows it in an answer. */
    struct str rest = buf_str(&b), line;
    buf_adds(&quoted, "Look:\r\n");
    while (str_line(&rest, &line))
        buf_addf(&quoted, "> > %.*s  \r\n", STR_ARG(line));
    assert_int_equal(receipt_verify(buf_str(&quoted), pk, &lines, r, &e), RC_OK);
    /* Every single changed byte between the markers is noticed. */
    size_t begin = str_find(buf_str(&b), STR("version")),
           end = str_find(buf_str(&b), STR("\n-----END"));
    for (size_t i = begin; i < end; i++) {
        char was = b.p[i];
        b.p[i] = was == 'a' ? 'b' : 'a';
        if (b.p[i] != was && receipt_verify(buf_str(&b), pk, &lines, r, &e) == RC_OK)
            fail_msg("a change at byte %zu went unnoticed", i);
        b.p[i] = was;
    }
    /* Another key; cut short at each byte. */
    pk[0] ^= 1;
    assert_int_equal(receipt_verify(buf_str(&b), pk, &lines, r, &e), RC_DENIED);
    pk[0] ^= 1;
    for (size_t n = 0; n + 2 < b.n; n++)
        assert_int_equal(receipt_verify(str_sub(buf_str(&b), 0, n), pk, &lines, r, &e), RC_INVALID);
    free(r);
}

int main(void)
{
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks),
        cmocka_unit_test(renders),
        cmocka_unit_test(receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
