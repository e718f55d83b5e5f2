/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the tests of the mail rules: corpora read in place, a header splitter.
 */
#include "mime/rules_test.h"

#include <sys/stat.h>

static const char *shared_dir(void)
{
    const char *dir = getenv("VULNDESK_SHARED");
    return dir && dir[0] ? dir : "../shared";
}

bool corpus_there(const char *dir)
{
    AUTO(buf) struct buf path = BUF_INIT(4096);
    struct stat st;
    buf_addf(&path, "%s/%s", shared_dir(), dir);
    return stat(buf_c(&path), &st) == 0 && S_ISDIR(st.st_mode);
}

int corpus_skip(const char *test)
{
    printf("SKIP %s: the shared corpora are not at \"%s\" (set VULNDESK_SHARED)\n", test,
           shared_dir());
    return 77;
}

void corpus_read(const char *name, struct buf *ret_b)
{
    AUTO(buf) struct buf path = BUF_INIT(4096);
    buf_addf(&path, "%s/%s", shared_dir(), name);
    FILE *f = fopen(buf_c(&path), "rb");
    if (f == NULL)
        fail_msg("%s cannot be opened", buf_c(&path));
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(ret_b, str_of(chunk, n));
    fclose(f);
    assert_false(ret_b->over);
}

json_t *corpus_json(const char *path)
{
    AUTO(buf) struct buf b = BUF_INIT(TEST_FILE_MAX);
    struct err e = ERR_INIT;
    json_t *j = NULL;
    corpus_read(path, &b);
    if (json_parse(buf_str(&b), TEST_FILE_MAX, path, &j, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return j;
}

struct str js(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR_NONE;
}

struct str split_header(struct str raw, struct hfield *ret_f, size_t max, size_t *ret_n)
{
    size_t n = 0;
    while (n < max && hfield_cut(&raw, &ret_f[n]))
        n++;
    *ret_n = n;
    return raw;
}
