/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_RULES_TEST_H
#define VULNDESK_MIME_RULES_TEST_H

/* What the tests of the mail rules share; test programs only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "mime/hfield.h"

#define TEST_FILE_MAX (8u << 20)

/* A file of the shared corpora ("standards/mail/..."); false when the directory is not there. A
 * file that is missing in a directory that is there fails the test. */
bool corpus_there(const char *dir);
void corpus_read(const char *path, struct buf *ret_b);
json_t *corpus_json(const char *path);
/* Prints the one line that says why and returns 77. */
int corpus_skip(const char *test);

/* Text of a JSON member, "" when absent. */
struct str js(const json_t *obj, const char *key);

/* Splits the header of a mail into fields; returns the body. */
struct str split_header(struct str raw, struct hfield *ret_f, size_t max, size_t *ret_n);

#endif
