/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a body of a form with files as httpd takes it apart, and the typed parts as core
 * reads them.  The first byte picks which and whether the body is cut.
 */
#include "base/utf8.h"
#include "web/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct http_form *f)
{
    BUG_ON(f->n_fields > HTTP_FORM_FIELDS || f->n_files > HTTP_FORM_FILES);
    for (size_t i = 0; i < f->n_fields; i++)
        BUG_ON(!utf8_is_clean(f->fields[i].name) || !utf8_is_clean(f->fields[i].value));
    for (size_t i = 0; i < f->n_files; i++)
        BUG_ON(!utf8_is_clean(f->files[i].name) || str_chr(f->files[i].name, '/') != STR_NPOS ||
               str_chr(f->files[i].name, '\n') != STR_NPOS);
}

/* What the parser takes, the reader takes, and no byte of a file is lost. */
static void fuzz_body(struct str body, bool cut)
{
    struct multipart *m = mem_zalloc(sizeof *m);
    if (multipart_parse(body, STR("b"), cut, m, NULL) == RC_OK) {
        AUTO(buf) struct buf wire = BUF_INIT(body.n + 65536);
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        size_t bytes = 0, read = 0;
        multipart_write(&wire, m);
        BUG_ON(multipart_read(buf_str(&wire), &f, NULL) != RC_OK);
        check(&f);
        for (size_t i = 0; i < m->n; i++)
            bytes += m->parts[i].is_file ? m->parts[i].bytes.n : 0;
        for (size_t i = 0; i < f.n_files; i++)
            read += f.files[i].bytes.n;
        BUG_ON(bytes != read);
    }
    free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str s = str_of(data + 1, n - 1), boundary;
    if (data[0] % 4 == 3) {
        if (multipart_boundary(s, &boundary, NULL) == RC_OK)
            BUG_ON(boundary.n == 0 || boundary.n > MULTIPART_BOUNDARY_MAX);
    } else if (data[0] % 4 == 2) {
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        if (multipart_read(s, &f, NULL) == RC_OK)
            check(&f);
    } else {
        fuzz_body(s, data[0] % 4 == 1);
    }
    return 0;
}
