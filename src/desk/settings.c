/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads vulndesk.conf by the table of settings.  Runs in the supervisor and in commands; the file
 * is the administrator's own.
 */
#include "desk/settings.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ini.h"
#include "desk/settings_private.h"
#include "os/file.h"

#define SETTINGS_ARENA (4u << 20)

_Static_assert(sizeof(enum tls_use) == sizeof(int) && sizeof(enum sandbox_mode) == sizeof(int) &&
                   sizeof(enum mail_outgoing) == sizeof(int),
               "SET_ENUM writes an int");

/* The file while it is read, and what was wrong with it. */
struct load {
    struct settings *s;
    struct str file, dir;
    unsigned *line_of;
    struct str *text_of;
    struct buf *report; /* or NULL */
    size_t problems;
    struct err first;
};

static void problem(struct load *l, unsigned line, const char *what)
{
    struct err e = ERR_INIT;
    if (line > 0)
        (void)err_set(&e, RC_INVALID, "%.*s:%u: %s", STR_ARG(l->file), line, what);
    else
        (void)err_set(&e, RC_INVALID, "%.*s: %s", STR_ARG(l->file), what);
    if (l->problems++ == 0)
        l->first = e;
    if (l->report && l->problems <= SETTINGS_PROBLEMS)
        buf_addf(l->report, "%s\n", e.msg);
}

static void problem_with(struct load *l, unsigned line, const struct setting *row, const char *what)
{
    char text[ERR_MSG_MAX];
    snprintf(text, sizeof text, "%s.%s: %s", row->section, row->key, what);
    problem(l, line, text);
}

static bool section_known(struct str section)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (str_eq(section, str_c(settings_table[i].row.section)))
            return true;
    return false;
}

static void read_entry(struct load *l, const struct ini_entry *en)
{
    char text[200];
    const struct setting_full *f = settings_find(en->section, en->key);
    if (f == NULL && section_known(en->section)) {
        snprintf(text, sizeof text, "[%.*s] has no key \"%.*s\"", STR_ARG(en->section),
                 STR_ARG(en->key));
        problem(l, en->line, text);
        return;
    }
    if (f == NULL) {
        snprintf(text, sizeof text, "there is no section [%.*s] (key \"%.*s\")",
                 STR_ARG(en->section), STR_ARG(en->key));
        problem(l, en->line, text);
        return;
    }
    size_t row = (size_t)(f - settings_table);
    if (l->line_of[row] != 0) {
        snprintf(text, sizeof text, "it was set in line %u already", l->line_of[row]);
        problem_with(l, en->line, &f->row, text);
        return;
    }
    l->line_of[row] = en->line;
    struct err e = ERR_INIT;
    struct reading r = {.s = l->s, .dir = l->dir, .value = en->value};
    if (setting_read(f, &r, &l->text_of[row], &e) != RC_OK)
        problem_with(l, en->line, &f->row, e.msg);
}

static void read_lines(struct load *l, struct str text)
{
    struct ini i;
    struct err e = ERR_INIT;
    ini_init(&i, text);
    for (;;) {
        struct ini_entry en;
        enum rc rc = ini_next(&i, &en, &e);
        if (rc == RC_NOTFOUND)
            return;
        if (rc == RC_OK)
            read_entry(l, &en);
        else
            problem(l, i.line, e.msg);
    }
}

/* "{data_dir}", "{contact}", "{from}" in a default. Rows above are settled already. */
static struct str expand(struct load *l, const char *def)
{
    const struct {
        const char *word;
        struct str value;
    } words[] = {
        {"{data_dir}", l->s->desk.data_dir},
        {"{contact}", l->s->desk.contact.n ? l->s->desk.contact.v[0] : STR_NONE},
        {"{from}", l->s->mail.from},
    };
    struct str d = str_c(def);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t at = str_find(d, str_c(words[i].word));
        if (at != STR_NPOS)
            return arena_strf(l->s->arena, "%.*s%.*s%s", (int)at, d.p, STR_ARG(words[i].value),
                              d.p + at + strlen(words[i].word));
    }
    return d;
}

static void fill_defaults(struct load *l)
{
    for (size_t k = 0; k < settings_table_n; k++) {
        const struct setting_full *f = &settings_table[k];
        if (l->line_of[k] != 0)
            continue;
        if (f->row.required) {
            problem_with(l, 0, &f->row, "it must be set");
            continue;
        }
        struct err e = ERR_INIT;
        struct reading r = {.s = l->s, .dir = l->dir, .value = expand(l, f->row.def)};
        bool derived = strchr(f->row.def, '{') && r.value.n == 0;
        /* What a default derives from was wrong and is reported already. */
        if (!derived && setting_read(f, &r, &l->text_of[k], &e) != RC_OK)
            problem_with(l, 0, &f->row, e.msg);
    }
}

static unsigned line_of(const struct load *l, const char *section, const char *key)
{
    return l->line_of[settings_find(str_c(section), str_c(key)) - settings_table];
}

static bool socket_twice(const struct settings *s, const char **ret_what)
{
    struct str all[2 * SETTINGS_LIST_MAX + 3];
    size_t n = 0;
    for (size_t i = 0; i < s->listen.smtp.n; i++)
        all[n++] = s->listen.smtp.v[i];
    for (size_t i = 0; i < s->listen.lmtp.n; i++)
        all[n++] = s->listen.lmtp.v[i];
    all[n++] = s->listen.public_http;
    all[n++] = s->listen.staff_http;
    all[n++] = s->listen.cli;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (all[i].n > 0 && str_eq(all[i], all[k])) {
                *ret_what = all[i].p;
                return true;
            }
    return false;
}

static bool is_url_of(struct str url, struct str listener)
{
    size_t at = str_find(url, STR("://"));
    return at != STR_NPOS && str_eq(str_sub(url, at + 3, url.n), listener);
}

static void check_imap(struct load *l)
{
    const struct settings *s = l->s;
    if (s->imap.url.n == 0)
        return;
    if (s->imap.user.n == 0 || s->imap.password_file.n == 0)
        problem(l, line_of(l, "imap", "url"),
                "imap.url: imap.user and imap.password_file are needed too");
    if (s->imap.tls == TLS_NEVER && !str_starts(s->imap.url, STR("imaps://")) &&
        !str_starts(s->imap.url, STR("imap://127.")) &&
        !str_starts(s->imap.url, STR("imap://[::1]")))
        problem(l, line_of(l, "imap", "tls"), "imap.tls: never would send the password in clear");
}

static void check_shared(struct load *l)
{
    const struct settings *s = l->s;
    for (size_t i = 0; i < s->listen.smtp.n; i++)
        if (is_url_of(s->mail.next_hop, s->listen.smtp.v[i]))
            problem(l, line_of(l, "mail", "next_hop"),
                    "mail.next_hop: this is our own listener; the mail would go in circles");
    if (s->mail.next_hop.n > 0 && !s->mail.shared)
        problem(l, line_of(l, "mail", "next_hop"),
                "mail.next_hop: only used with mail.shared = yes");
}

/* What rows must agree about. Only asked when each row alone is right. */
static void check_together(struct load *l)
{
    const struct settings *s = l->s;
    const char *what;
    if ((s->mail.tls_cert.n > 0) != (s->mail.tls_key.n > 0))
        problem(l, line_of(l, "mail", s->mail.tls_cert.n ? "tls_cert" : "tls_key"),
                "mail.tls_cert and mail.tls_key: both or neither");
    if ((s->mail.submission_user.n > 0) != (s->mail.submission_password_file.n > 0))
        problem(l,
                line_of(l, "mail",
                        s->mail.submission_user.n ? "submission_user" : "submission_password_file"),
                "mail.submission_user and mail.submission_password_file: both or neither");
    if (s->mail.submission_tls == TLS_NEVER && s->mail.submission_user.n > 0 &&
        !str_starts(s->mail.submission_url, STR("smtps://")))
        problem(l, line_of(l, "mail", "submission_tls"),
                "mail.submission_tls: never would send the password in clear");
    check_imap(l);
    check_shared(l);
    if (socket_twice(s, &what)) {
        char text[200];
        snprintf(text, sizeof text, "two listeners have the address %.120s", what);
        problem(l, 0, text);
    }
}

enum rc settings_parse(struct str text, struct str file, struct str dir, struct buf *report,
                       struct settings **ret_s, struct err *e)
{
    if (text.n > SETTINGS_FILE_MAX)
        return err_set(e, RC_LIMIT, "%.*s is larger than %d bytes", STR_ARG(file),
                       SETTINGS_FILE_MAX);
    struct arena *a = arena_new(SETTINGS_ARENA);
    struct settings *s = arena_alloc(a, sizeof *s);
    struct load l = {.s = s, .report = report};
    s->arena = a;
    s->file = l.file = arena_str(a, file);
    l.dir = arena_str(a, dir);
    s->line_of = l.line_of = arena_array(a, settings_table_n, sizeof *l.line_of);
    s->text_of = l.text_of = arena_array(a, settings_table_n, sizeof *l.text_of);
    read_lines(&l, text);
    fill_defaults(&l);
    if (l.problems == 0)
        check_together(&l);
    if (l.problems == 0) {
        *ret_s = s;
        return RC_OK;
    }
    if (report && l.problems > SETTINGS_PROBLEMS)
        buf_addf(report, "%.*s: and %zu more problems\n", STR_ARG(l.file),
                 l.problems - SETTINGS_PROBLEMS);
    if (e)
        *e = l.first;
    arena_free(a);
    return RC_INVALID;
}

enum rc settings_load(const char *file, struct buf *report, struct settings **ret_s, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SETTINGS_FILE_MAX + 1);
    enum rc rc = file_read(AT_FDCWD, file, SETTINGS_FILE_MAX, &b, e);
    if (rc != RC_OK) {
        if (report && e)
            buf_addf(report, "%s\n", e->msg);
        return rc;
    }
    AUTO(mem) char *real = realpath(file, NULL);
    if (real == NULL)
        return err_errno(e, RC_IO, "%s", file);
    size_t slash = str_rchr(str_c(real), '/');
    struct str dir = slash == 0 ? STR("/") : str_of(real, slash);
    return settings_parse(buf_str(&b), str_c(file), dir, report, ret_s, e);
}

void settings_free(struct settings *s)
{
    if (s)
        arena_free(s->arena);
}

void settings_auto(struct settings **s)
{
    settings_free(*s);
}
