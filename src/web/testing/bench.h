/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_BENCH_H
#define VULNDESK_WEB_TESTING_BENCH_H

#include "testing/desk_stub.h"
#include "web/fixture.h"
#include "web/route.h"

/* What the tests of routes share: a desk of stand-ins, requests to it, its answers. */
#define UNUSED __attribute__((unused))

#define TEAM     "desk=" STUB_TEAM
#define REPORTER "report=" STUB_REPORTER
#define FORM     "application/x-www-form-urlencoded"

struct bench {
    struct settings set;
    struct desk desk;
    struct web *w;
    struct http_response r;
    struct str contacts[1];
};

UNUSED static int setup(void **state)
{
    struct bench *t = mem_zalloc(sizeof *t);
    struct err e = ERR_INIT;
    char key[WEB_KEY_LEN] = {'\x01'};
    t->contacts[0] = STR("security@desk.example");
    t->set.desk.name = STR("Demo");
    t->set.desk.base_url = STR("http://127.0.0.1:1");
    t->set.desk.staff_url = STR("http://127.0.0.1:2");
    t->set.mail.max_size = t->set.limits.http_body = 25 << 20;
    t->set.desk.contact = (struct str_list){t->contacts, 1};
    t->desk.set = &t->set;
    stub = (struct stub){.fail = RC_OK};
    http_response_init(&t->r);
    assert_int_equal(web_new(&t->desk, fixture_policy, str_of(key, sizeof key), &t->w, &e), RC_OK);
    *state = t;
    return 0;
}

UNUSED static int teardown(void **state)
{
    struct bench *t = *state;
    http_response_release(&t->r);
    web_free(t->w);
    free(t);
    return 0;
}

UNUSED static int send_it(struct bench *t, struct http_request q)
{
    http_response_release(&t->r);
    http_response_init(&t->r);
    web_handle(t->w, &q, &t->r);
    return t->r.status;
}

UNUSED static int get(struct bench *t, bool staff, const char *path, const char *cookie)
{
    const char *mark = strchr(path, '?');
    return send_it(
        t, (struct http_request){.staff = staff,
                                 .method = HTTP_GET,
                                 .path = mark ? str_of(path, (size_t)(mark - path)) : str_c(path),
                                 .query = mark ? str_c(mark + 1) : STR_NONE,
                                 .cookie = str_c(cookie)});
}

UNUSED static int post(struct bench *t, bool staff, const char *path, const char *cookie,
                       const char *body)
{
    return send_it(t, (struct http_request){.staff = staff,
                                            .method = HTTP_POST,
                                            .path = str_c(path),
                                            .cookie = str_c(cookie),
                                            .content_type = STR(FORM),
                                            .body = str_c(body)});
}

#define BODY(t)     buf_c(&(t)->r.body)
#define HAS(t, s)   assert_non_null(strstr(BODY(t), s))
#define LACKS(t, s) assert_null(strstr(BODY(t), s))

#endif
