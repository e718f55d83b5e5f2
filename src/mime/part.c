/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parse child's main: one raw mail on standard input, one answer on standard output.  Its input
 * is hostile; its arguments come from the worker.
 */
#include "mime/parse.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "mime/text_charset.h"
#include "os/file.h"

void parse_child_warm(void)
{
    g_mime_init();
    charset_warm();
    /* Each first use that loads something, once: the words of addresses, dates, parameters. */
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    static const char sample[] =
        "From: =?utf-8?q?A?= <a@example.org>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n"
        "Content-Type: text/plain; charset=koi8-r; name*=iso-8859-1''a\nSubject: =?koi8-r?q?=D0?=\n"
        "\n\xd0\n";
    struct parse_opts o;
    struct mail m;
    struct err e = ERR_INIT;
    parse_opts_init(&o);
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    BUG_ON(parse_mail(a, str_of(sample, sizeof sample - 1), &o, &m, &e) != RC_OK);
    /* jansson opens /dev/urandom for its hash seed. */
    BUG_ON(mail_encode(&json, &m, &e) != RC_OK);
}

struct args {
    struct parse_opts opts;
    struct str envelope;
    bool record, part;
    uint64_t number, max;
};

static int usage(const char *what)
{
    fprintf(stderr, "parse: %s; see vulndesk(1), \"role parse\"\n", what);
    return EX_USAGE;
}

static bool add_rule(struct parse_spam *rules, size_t *n, struct str rule)
{
    size_t eq = str_chr(rule, '=');
    if (eq == STR_NPOS || eq == 0 || *n == PARSE_SPAM_MAX)
        return false;
    rules[(*n)++] = (struct parse_spam){str_sub(rule, 0, eq), str_sub(rule, eq + 1, rule.n)};
    return true;
}

/* One option that takes a value; false when the value is wrong or the option unknown. */
static bool option(struct args *a, struct str name, struct str value)
{
    struct err e = ERR_INIT;
    uint64_t n = 0;
    if (str_eq(name, STR("--part"))) {
        a->part = true;
        return num_parse(value, 0, MAIL_PARTS_MAX, "part", &a->number, &e) == RC_OK;
    }
    if (str_eq(name, STR("--max-bytes"))) {
        if (num_parse(value, 1, INT64_MAX, "size", &n, &e) != RC_OK)
            return false;
        a->max = n < MAIL_RAW_MAX ? n : MAIL_RAW_MAX;
        return true;
    }
    if (str_eq(name, STR("--received"))) {
        if (num_parse(value, 0, AUTOREPLY_HOPS_MAX, "hops", &n, &e) != RC_OK)
            return false;
        a->opts.border.received = (size_t)n;
        return true;
    }
    if (str_eq(name, STR("--authserv-id"))) {
        a->opts.border.authserv_id = value;
        return true;
    }
    if (str_eq(name, STR("--envelope-from"))) {
        a->envelope = value;
        a->opts.envelope_from = &a->envelope;
        return true;
    }
    if (str_eq(name, STR("--hostname"))) {
        a->opts.hostname = value;
        return true;
    }
    if (str_eq(name, STR("--no-report")))
        return add_rule(a->opts.no_report, &a->opts.n_no_report, value);
    return str_eq(name, STR("--spam")) && add_rule(a->opts.spam, &a->opts.n_spam, value);
}

static bool args_read(struct args *a, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        struct str name = str_c(argv[i]);
        if (str_eq(name, STR("--record")))
            a->record = true;
        else if (str_eq(name, STR("--above-border-only")))
            a->opts.border.below_border = false;
        else if (i + 1 >= argc || !option(a, name, str_c(argv[++i])))
            return false;
    }
    return a->record != a->part;
}

static int fail(const struct err *e)
{
    fprintf(stderr, "parse: %s\n", e->msg);
    return rc_exit(e->rc);
}

static int record(const struct args *a, struct str raw, struct err *e)
{
    AUTO(arena) struct arena *arena = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    struct mail m;
    if (parse_mail(arena, raw, &a->opts, &m, e) != RC_OK || mail_encode(&json, &m, e) != RC_OK ||
        fd_write_all(STDOUT_FILENO, buf_str(&json), e) != RC_OK)
        return fail(e);
    return EX_OK;
}

struct writer {
    struct err *e;
    enum rc rc;
};

static bool write_piece(void *ctx, struct str piece)
{
    struct writer *w = ctx;
    w->rc = fd_write_all(STDOUT_FILENO, piece, w->e);
    return w->rc == RC_OK;
}

static int part(const struct args *a, struct str raw, struct err *e)
{
    struct writer w = {e, RC_OK};
    if (parse_part(raw, (int64_t)a->number, write_piece, &w, e) != RC_OK || w.rc != RC_OK)
        return fail(e);
    return EX_OK;
}

int parse_child_main(int argc, char **argv)
{
    struct args a = {.max = MAIL_RAW_MAX};
    struct err e = ERR_INIT;
    parse_opts_init(&a.opts);
    if (!args_read(&a, argc, argv))
        return usage("--record or --part N, and known options with their values, are wanted");
    AUTO(buf) struct buf raw = BUF_INIT(a.max);
    if (fd_read_all(STDIN_FILENO, a.max, &raw, &e) != RC_OK)
        return fail(&e);
    return a.record ? record(&a, buf_str(&raw), &e) : part(&a, buf_str(&raw), &e);
}
