/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vulndesk config`: shows the settings, checks them and what they name.  Runs as the user who
 * typed it; the configuration is the administrator's own, the files it names may be strangers'.
 */
#include "cli/config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/args.h"
#include "desk/components.h"
#include "desk/keygen.h"
#include "desk/policy.h"
#include "desk/canned.h"
#include "desk/texts.h"
#include "git/git.h"
#include "git/tagpattern.h"
#include "os/file.h"
#include "os/sock.h"

#define CHECK_ARENA  (256u << 20)
#define PEM_MAX      (256 * 1024)
#define PASSWORD_MAX 4096
#define SHOW_MAX     (1u << 20)

static void add(struct findings *f, enum finding_level level, const char *setting, const char *fmt,
                ...) PRINTF(4, 5);

static void add(struct findings *f, enum finding_level level, const char *setting, const char *fmt,
                ...)
{
    char text[ERR_MSG_MAX + 200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->errors += level == FINDING_ERROR;
    if (f->n < CONFIG_FINDINGS)
        f->v[f->n++] = (struct finding){level, setting, arena_str(f->a, str_c(text))};
}

/* ---- Policy ---- */

static void check_promise(struct findings *f, const struct policy *p, bool said,
                          enum policy_promise_kind k, const char *setting)
{
    if (said && !p->promises[k].found)
        add(f, FINDING_NOTE, setting, "yes, but the policy was not found to promise it");
    if (!said && p->promises[k].found)
        add(f, FINDING_NOTE, setting, "no, but the policy promises it (line %u)",
            p->promises[k].line_start);
}

/* A team's clock that runs longer than the time the policy states. */
static void check_time(struct findings *f, const struct policy *p, int64_t us,
                       enum policy_promise_kind k, const char *setting)
{
    int64_t stated = p->promises[k].within_us;
    if (stated > 0 && (us == 0 || us > stated))
        add(f, FINDING_NOTE, setting, "longer than what the policy states in line %u: \"%s\"",
            p->promises[k].line_start, p->promises[k].within_words.p);
}

static void check_contacts(struct findings *f, const struct settings *s, const struct policy *p)
{
    for (size_t i = 0; i < p->n_contacts; i++) {
        bool ours = false;
        for (size_t k = 0; k < s->desk.contact.n; k++)
            ours = ours || str_eq_nocase(s->desk.contact.v[k], p->contacts[i].address);
        if (!ours && p->contacts[i].reporting)
            add(f, FINDING_NOTE, "desk.contact", "the policy's line %u names another address",
                p->contacts[i].line);
    }
}

static void check_policy(struct findings *f, const struct settings *s)
{
    AUTO(buf) struct buf b = BUF_INIT(POLICY_MAX);
    struct err e = ERR_INIT;
    const struct policy *p = NULL;
    if (file_read(AT_FDCWD, s->policy.file.p, POLICY_MAX, &b, &e) != RC_OK ||
        policy_parse(f->a, buf_str(&b), &p, &e) != RC_OK) {
        add(f, FINDING_ERROR, "policy.file", "%s", e.msg);
        return;
    }
    check_contacts(f, s, p);
    for (size_t i = 0; i < p->n_links; i++)
        if (!p->links[i].ok)
            add(f, FINDING_NOTE, "policy.file", "line %u links to #%s, which is no section",
                p->links[i].line, p->links[i].anchor.p);
    check_promise(f, p, s->policy.acknowledge, PROMISE_ACKNOWLEDGE, "policy.acknowledge");
    check_promise(f, p, s->policy.detail, PROMISE_DETAIL, "policy.detail");
    check_promise(f, p, s->policy.update, PROMISE_UPDATE, "policy.update");
    check_time(f, p, s->policy.acknowledge_within_us, PROMISE_ACKNOWLEDGE,
               "policy.acknowledge_within");
    check_time(f, p, s->policy.detail_within_us, PROMISE_DETAIL, "policy.detail_within");
    check_time(f, p, s->policy.update_every_us, PROMISE_UPDATE, "policy.update_every");
}

/* ---- Files ---- */

static void check_file(struct findings *f, struct str path, size_t max, const char *must_hold,
                       const char *setting)
{
    AUTO(buf) struct buf b = BUF_INIT(max);
    struct err e = ERR_INIT;
    if (path.n == 0)
        return;
    if (file_read(AT_FDCWD, path.p, max, &b, &e) != RC_OK)
        add(f, FINDING_ERROR, setting, "%s", e.msg);
    else if (str_find(buf_str(&b), str_c(must_hold)) == STR_NPOS)
        add(f, FINDING_ERROR, setting, "%s holds no %s", path.p, must_hold);
}

static void check_secret_mode(struct findings *f, struct str path, const char *setting)
{
    struct stat st;
    if (path.n > 0 && stat(path.p, &st) == 0 && (st.st_mode & 077) != 0)
        add(f, FINDING_NOTE, setting, "%s can be read by others than its owner", path.p);
}

static void check_password(struct findings *f, struct str path)
{
    AUTO(buf) struct buf b = BUF_INIT(PASSWORD_MAX);
    struct err e = ERR_INIT;
    struct str rest, line = STR_NONE;
    if (path.n == 0)
        return;
    if (file_read(AT_FDCWD, path.p, PASSWORD_MAX, &b, &e) != RC_OK) {
        add(f, FINDING_ERROR, "mail.submission_password_file", "%s", e.msg);
        return;
    }
    rest = buf_str(&b);
    if (!str_line(&rest, &line) || line.n == 0)
        add(f, FINDING_ERROR, "mail.submission_password_file", "%s: its first line is empty",
            path.p);
    check_secret_mode(f, path, "mail.submission_password_file");
}

static void check_data(struct findings *f, const struct settings *s)
{
    struct stat st;
    if (stat(s->desk.data_dir.p, &st) != 0 || !S_ISDIR(st.st_mode))
        add(f, FINDING_ERROR, "desk.data_dir", "%s is no folder; vulndesk init makes one",
            s->desk.data_dir.p);
    else if (!keygen_done(s->desk.data_dir.p))
        add(f, FINDING_ERROR, "desk.data_dir",
            "%s holds no complete set of keys; vulndesk init makes them", s->desk.data_dir.p);
}

static void check_texts(struct findings *f, const struct settings *s)
{
    AUTO(texts) struct texts *t = NULL;
    struct err e = ERR_INIT;
    if (texts_load(s->desk.templates, &t, &e) != RC_OK)
        add(f, FINDING_ERROR, "desk.templates", "%s", e.msg);
    AUTO(canned) struct canned *c = NULL;
    if (canned_load(s->desk.canned, &c, &e) != RC_OK)
        add(f, FINDING_ERROR, "desk.canned", "%s", e.msg);
}

static void check_mail(struct findings *f, const struct settings *s)
{
    check_file(f, s->mail.tls_cert, PEM_MAX, "-----BEGIN CERTIFICATE-----", "mail.tls_cert");
    check_file(f, s->mail.tls_key, PEM_MAX, "PRIVATE KEY-----", "mail.tls_key");
    check_file(f, s->mail.submission_ca, 16 * PEM_MAX, "-----BEGIN CERTIFICATE-----",
               "mail.submission_ca");
    check_secret_mode(f, s->mail.tls_key, "mail.tls_key");
    check_password(f, s->mail.submission_password_file);
    if (s->mail.outgoing == OUTGOING_COPY)
        add(f, FINDING_NOTE, "mail.outgoing",
            "copy: the desk only watches, nothing is sent or kept to be sent");
    if (s->mail.outgoing == OUTGOING_OFF)
        add(f, FINDING_NOTE, "mail.outgoing", "off: nothing is sent, the outbox only fills");
    else if (str_starts(s->desk.base_url, STR("http://127.")) ||
             str_starts(s->desk.base_url, STR("http://localhost")))
        add(f, FINDING_NOTE, "desk.base_url",
            "mail goes out, but its links lead to this machine only");
}

/* ---- Listeners ---- */

static void check_socket(struct findings *f, struct str spec, const char *setting)
{
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    if (spec.n == 0)
        return;
    if (str_starts(spec, STR("unix:"))) {
        /* Opening it would take it away from a desk that runs: only its folder is looked at. */
        AUTO(mem) char *dir = str_dup(str_sub(spec, 5, str_rchr(spec, '/') - 5));
        if (access(dir[0] ? dir : "/", F_OK) != 0)
            add(f, FINDING_NOTE, setting, "the folder of %s is not there yet", spec.p + 5);
        return;
    }
    enum rc rc = sock_listen(spec, &fd, &e);
    if (rc == RC_CONFLICT)
        add(f, FINDING_NOTE, setting, "%s is in use, by this desk if it runs", spec.p);
    else if (rc != RC_OK)
        add(f, FINDING_ERROR, setting, "%s", e.msg);
}

static void check_listeners(struct findings *f, const struct settings *s)
{
    for (size_t i = 0; i < s->listen.smtp.n; i++)
        check_socket(f, s->listen.smtp.v[i], "listen.smtp");
    for (size_t i = 0; i < s->listen.lmtp.n; i++)
        check_socket(f, s->listen.lmtp.v[i], "listen.lmtp");
    check_socket(f, s->listen.public_http, "listen.public_http");
    check_socket(f, s->listen.staff_http, "listen.staff_http");
    check_socket(f, s->listen.cli, "listen.cli");
    if (s->listen.smtp.n == 0 && s->listen.lmtp.n == 0)
        add(f, FINDING_NOTE, "listen.smtp",
            "no listener for mail: only vulndesk ingest takes reports");
}

/* ---- Project ---- */

static bool has_branch(const struct git_ref *b, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(b[i].name, name) || (str_starts(b[i].name, STR("origin/")) &&
                                        str_eq(str_sub(b[i].name, 7, b[i].name.n), name)))
            return true;
    return false;
}

static void check_tags(struct findings *f, const struct settings *s, const struct git_ref *tags,
                       size_t n)
{
    struct tag_pattern p;
    struct err e = ERR_INIT;
    size_t fit = 0;
    if (s->project.tag_pattern.n == 0) {
        add(f, FINDING_NOTE, "project.tag_pattern",
            "not set: which tags are releases is not known");
        return;
    }
    if (tag_pattern_parse(s->project.tag_pattern, &p, &e) != RC_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        struct tag_version v;
        fit += tag_pattern_match(&p, tags[i].name, &v);
    }
    if (fit == 0)
        add(f, FINDING_NOTE, "project.tag_pattern", "none of the %zu tags follows it", n);
}

static void check_repository(struct findings *f, const struct settings *s)
{
    AUTO(git) struct git *g = NULL;
    struct err e = ERR_INIT;
    struct git_ref *tags, *branches;
    size_t n_tags, n_branches;
    if (s->project.repository.n == 0) {
        add(f, FINDING_NOTE, "project.repository", "not set: nothing is known of the code");
        return;
    }
    if (git_open(s->project.repository.p, NULL, &g, &e) != RC_OK ||
        git_tags(g, f->a, &tags, &n_tags, NULL, &e) != RC_OK ||
        git_branches(g, f->a, &branches, &n_branches, &e) != RC_OK) {
        add(f, FINDING_ERROR, "project.repository", "%s", e.msg);
        return;
    }
    check_tags(f, s, tags, n_tags);
    if (s->project.maintained.n == 0)
        add(f, FINDING_NOTE, "project.maintained",
            "not set: which branches get fixes is not known");
    for (size_t i = 0; i < s->project.maintained.n; i++)
        if (!has_branch(branches, n_branches, s->project.maintained.v[i]))
            add(f, FINDING_ERROR, "project.maintained", "the repository has no branch %s",
                s->project.maintained.v[i].p);
}

static void check_components(struct findings *f, const struct settings *s)
{
    struct components c;
    struct err e = ERR_INIT;
    if (s->project.components.n > 0 &&
        components_load(f->a, s->project.components.p, &c, &e) != RC_OK)
        add(f, FINDING_ERROR, "project.components", "%s", e.msg);
}

void config_check(const struct settings *s, struct findings *f)
{
    check_data(f, s);
    check_policy(f, s);
    check_texts(f, s);
    check_listeners(f, s);
    check_mail(f, s);
    check_repository(f, s);
    check_components(f, s);
}

/* ---- The command ---- */

static void print_json(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(j);
}

/* "FILE:LINE: text" of the reader, split for JSON. */
static void json_problems(struct str report, json_t *list)
{
    struct str line;
    while (str_line(&report, &line)) {
        json_t *j = json_object();
        json_object_set_new(j, "level", json_string("error"));
        json_object_set_new(j, "text", json_str(line));
        json_array_append_new(list, j);
    }
}

static int check_bad_file(enum rc rc, const struct buf *report, bool json)
{
    if (!json) {
        fputs(buf_c(report), stderr);
    } else {
        json_t *j = json_object(), *list = json_array();
        json_problems(buf_str(report), list);
        json_object_set_new(j, "good", json_false());
        json_object_set_new(j, "findings", list);
        print_json(j);
    }
    return rc == RC_INVALID ? 1 : rc_exit(rc);
}

static int print_findings(const struct settings *s, const struct findings *f, bool json)
{
    static const char *const levels[] = {"note", "error"};
    json_t *list = json ? json_array() : NULL;
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->v[i];
        if (!json) {
            fprintf(x->level == FINDING_ERROR ? stderr : stdout, "%s: %s: %s: %s\n", s->file.p,
                    levels[x->level], x->setting, x->text.p);
            continue;
        }
        json_t *j = json_object();
        json_object_set_new(j, "level", json_string(levels[x->level]));
        json_object_set_new(j, "setting", json_string(x->setting));
        json_object_set_new(j, "text", json_str(x->text));
        json_array_append_new(list, j);
    }
    if (json) {
        json_t *j = json_object();
        json_object_set_new(j, "good", json_boolean(f->errors == 0));
        json_object_set_new(j, "findings", list);
        print_json(j);
    } else if (f->errors == 0) {
        printf("%s: good\n", s->file.p);
    }
    return f->errors == 0 ? 0 : 1;
}

static int run_check(const char *file, bool json)
{
    AUTO(buf) struct buf report = BUF_INIT(SETTINGS_PROBLEMS * (ERR_MSG_MAX + 1) + 1000);
    AUTO(settings) struct settings *s = NULL;
    AUTO(arena) struct arena *a = arena_new(CHECK_ARENA);
    struct err e = ERR_INIT;
    enum rc rc = settings_load(file, &report, &s, &e);
    if (rc != RC_OK)
        return check_bad_file(rc, &report, json);
    struct findings *f = arena_alloc(a, sizeof *f);
    BUG_ON(f == NULL);
    f->a = a;
    config_check(s, f);
    return print_findings(s, f, json);
}

static int run_show(const char *file, bool json)
{
    AUTO(buf) struct buf b = BUF_INIT(SHOW_MAX);
    AUTO(settings) struct settings *s = NULL;
    struct err e = ERR_INIT;
    enum rc rc = settings_load(file, NULL, &s, &e);
    if (rc != RC_OK) {
        fprintf(stderr, "vulndesk config: %s\n", e.msg);
        return rc == RC_INVALID ? 1 : rc_exit(rc);
    }
    if (json) {
        print_json(settings_json(s));
        return 0;
    }
    settings_show(s, &b);
    fputs(buf_c(&b), stdout);
    return 0;
}

int config_main(int argc, char **argv)
{
    struct arg known[] = {{.name = "--config"}, {.name = "--json", .flag = true}};
    struct args args = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    enum rc rc = args_parse(&args, argc, argv, &e);
    const char *word = args.n_words == 1 ? args.words[0] : "";
    bool check = strcmp(word, "check") == 0, show = strcmp(word, "show") == 0;
    if (rc != RC_OK || (!check && !show)) {
        fprintf(stderr, "vulndesk config: %s\n", e.msg[0] ? e.msg : "check or show");
        return EX_USAGE;
    }
    const char *file = known[0].value ? known[0].value : SETTINGS_FILE;
    bool json = known[1].value != NULL;
    return check ? run_check(file, json) : run_show(file, json);
}
