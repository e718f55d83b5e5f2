/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator against every line of the security.txt corpus.  Signatures are not verified here:
 * of the signed files the frame is checked, and a file whose only fault is its signature must come
 * out as "framed, not verified".
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/json.h"
#include "base/when.h"
#include "os/file.h"
#include "web/securitytxt.h"

#define FOLDER "standards/security-txt/"

struct count {
    unsigned right, wrong, unverified;
};

static struct str text_of(const json_t *o, const char *key)
{
    const char *c = json_string_value(json_object_get(o, key));
    return str_c(c ? c : "");
}

static void check(int dir, const json_t *t, int64_t now_us, struct count *n)
{
    char path[300];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(SECURITYTXT_MAX);
    struct str file = text_of(t, "file");
    snprintf(path, sizeof path, FOLDER "%.*s", STR_ARG(file));
    if (file_read(dir, path, SECURITYTXT_MAX, &b, &e) != RC_OK) {
        printf("%s: %s\n", path, e.msg);
        n->wrong++;
        return;
    }
    struct securitytxt_report r = {0};
    bool ok = securitytxt_check(buf_str(&b), now_us, text_of(t, "retrieved_from"), &r, &e) == RC_OK;
    bool want = json_is_true(json_object_get(t, "valid"));
    bool want_warning = json_is_true(json_object_get(t, "warn"));
    bool is_signed = json_object_get(t, "signature") != NULL;
    if (str_eq(text_of(t, "signature"), STR("bad"))) {
        /* Only the keys role could tell; what we say must not be "valid" without that word. */
        want = true;
        n->unverified++;
    }
    bool agrees = ok == want && (!ok || ((r.warnings > 0) == want_warning &&
                                         (r.is_signed == SECURITYTXT_FRAMED) == is_signed));
    if (!agrees)
        printf("%.*s: valid %d (wanted %d), warnings %u: %s%s\n", STR_ARG(file), ok, want,
               r.warnings, ok ? r.first_warning : "", ok ? "" : e.msg);
    *(agrees ? &n->right : &n->wrong) += 1;
}

int main(void)
{
    const char *shared = getenv("VULNDESK_SHARED");
    struct err e = ERR_INIT;
    AUTO(fd) int dir = open(shared ? shared : "../shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(buf) struct buf text = BUF_INIT(1 << 20);
    AUTO(json) json_t *j = NULL;
    if (dir < 0 || file_read(dir, FOLDER "manifest.json", 1 << 20, &text, &e) != RC_OK) {
        printf("SKIP securitytxt-corpus: the corpus standards/security-txt is not here\n");
        return 77;
    }
    json_t *tests;
    struct str now;
    int64_t now_us;
    if (json_parse(buf_str(&text), 1 << 20, "manifest", &j, &e) != RC_OK ||
        json_get_array(j, "tests", 1000, &tests, &e) != RC_OK ||
        json_get_str(j, "now", 64, &now, &e) != RC_OK ||
        when_parse_rfc3339(now, &now_us, &e) != RC_OK) {
        printf("%s\n", e.msg);
        return 1;
    }
    struct count n = {0};
    for (size_t i = 0; i < json_array_size(tests); i++)
        check(dir, json_array_get(tests, i), now_us, &n);
    printf("%u right, %u wrong; of %u a bad signature was only seen as not verified\n", n.right,
           n.wrong, n.unverified);
    return n.wrong || n.right == 0;
}
