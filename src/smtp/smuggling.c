/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the corpus of smuggling streams and judges outcomes.  Runs in tests only.
 */
#include "smtp/smuggling.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"

#define STREAM_MAX     (1 << 20)
#define SMUGGLED       "<smuggled@vendor.example>"
#define SECURITY_RCPTS 100

void outcome_init(struct outcome *o)
{
    *o = (struct outcome){.replies = BUF_INIT(STREAM_MAX)};
    for (size_t i = 0; i < ARRAY_LEN(o->mails); i++)
        buf_init(&o->mails[i], STREAM_MAX);
}

void outcome_auto(struct outcome *o)
{
    buf_release(&o->replies);
    for (size_t i = 0; i < ARRAY_LEN(o->mails); i++)
        buf_release(&o->mails[i]);
}

static _Noreturn void fail_stream(const struct stream *s, const char *why, const struct outcome *o)
{
    fprintf(stderr, "%.*s: %s; %zu mails, replies:\n%s", STR_ARG(s->name), why, o->n_mails,
            buf_c(&o->replies));
    abort();
}

size_t smuggling_each(const char *test, smuggling_run *run, void *arg)
{
    const char *shared = getenv("VULNDESK_SHARED");
    char path[FILE_PATH_MAX];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf text = BUF_INIT(STREAM_MAX);
    AUTO(json) json_t *list = NULL;
    AUTO(fd) int dir = -1;
    snprintf(path, sizeof path, "%s/standards/mail/smtp-smuggling", shared ? shared : "../shared");
    if (dir_open(AT_FDCWD, path, &dir, &e) != RC_OK) {
        printf("SKIP %s: the corpus is not there (VULNDESK_SHARED)\n", test);
        exit(77);
    }
    if (file_read(dir, "manifest.json", STREAM_MAX, &text, &e) != RC_OK ||
        json_parse(buf_str(&text), STREAM_MAX, "manifest.json", &list, &e) != RC_OK) {
        fprintf(stderr, "%s: %s\n", test, e.msg);
        abort();
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *file = json_string_value(json_object_get(one, "file"));
        AUTO(buf) struct buf octets = BUF_INIT(STREAM_MAX);
        if (file == NULL || file_read(dir, file, STREAM_MAX, &octets, &e) != RC_OK) {
            fprintf(stderr, "%s: entry %zu of the manifest: %s\n", test, i, e.msg);
            abort();
        }
        const struct stream s = {str_c(file), octets, json_object_get(one, "expect")};
        run(arg, &s);
    }
    return json_array_size(list);
}

/* Every reply of the server but greeting and EHLO: true when one of these codes is among them. */
static bool has_reply(const struct outcome *o, const char *a, const char *b)
{
    struct str rest = buf_str(&o->replies), line;
    while (str_line(&rest, &line))
        if (str_starts(line, str_c(a)) || str_starts(line, str_c(b)))
            return true;
    return false;
}

static size_t count_replies(const struct outcome *o, const char *code)
{
    size_t n = 0;
    struct str rest = buf_str(&o->replies), line;
    while (str_line(&rest, &line))
        n += str_starts(line, str_c(code));
    return n;
}

static void check_counts(const struct stream *s, const struct outcome *o)
{
    int64_t n;
    if (json_get_int(s->expect, "messages", 0, 8, &n, NULL) == RC_OK && o->n_mails != (size_t)n)
        fail_stream(s, "another number of mails than expected", o);
    if (json_get_int(s->expect, "max_messages", 0, 8, &n, NULL) == RC_OK && o->n_mails > (size_t)n)
        fail_stream(s, "more mails than allowed", o);
    if (json_object_get(s->expect, "never") == NULL)
        return;
    for (size_t i = 0; i < o->n_mails; i++) {
        /* The second mail may lie inside the first; never may it begin one. */
        struct str mail = buf_str(&o->mails[i]);
        size_t outer = str_find(mail, STR("<outer@sender.example>"));
        size_t smuggled = str_find(mail, STR(SMUGGLED));
        if (smuggled != STR_NPOS && (outer == STR_NPOS || smuggled < outer))
            fail_stream(s, "the smuggled mail came in as its own", o);
    }
}

static void check_reply(const struct stream *s, const struct outcome *o)
{
    struct str want;
    if (json_get_str(s->expect, "reply", 100, &want, NULL) == RC_OK) {
        char a[4] = "", b[4] = "";
        if (sscanf(want.p, "%3[0-9] or %3[0-9]", a, b) != 2)
            fail_stream(s, "a kind of reply the test does not know", o);
        if (!has_reply(o, a, b))
            fail_stream(s, "the expected reply is missing", o);
    }
    if (json_get_str(s->expect, "reply_to_rcpt", 100, &want, NULL) == RC_OK &&
        !has_reply(o, "550", "553"))
        fail_stream(s, "the recipient was not refused", o);
}

/* Expectations that stand in a note, in words. */
static void check_notes(const struct stream *s, const struct outcome *o)
{
    if (str_eq(s->name, STR("recipients-101.bin"))) {
        if (count_replies(o, "250 2.1.5") < SECURITY_RCPTS || has_reply(o, "50", "55"))
            fail_stream(s, "fewer than 100 recipients, or 5xx after them", o);
    } else if (str_eq(s->name, STR("source-route.bin"))) {
        if (o->n_mails != 0)
            fail_stream(s, "relayed", o);
    } else if (str_eq(s->name, STR("smtputf8.bin"))) {
        if (o->n_mails != 1 ||
            str_find(buf_str(&o->mails[0]), STR("j\xc3\xbcrgen@b\xc3\xbc")) == STR_NPOS)
            fail_stream(s, "the UTF-8 header is not kept", o);
    }
}

void smuggling_check(const struct stream *s, const struct outcome *o)
{
    struct str tail;
    check_counts(s, o);
    check_reply(s, o);
    check_notes(s, o);
    if (json_get_str(s->expect, "body_ends_with", 1000, &tail, NULL) == RC_OK &&
        !str_ends(buf_str(&o->mails[0]), tail))
        fail_stream(s, "the body ends otherwise", o);
}
