/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about cases, held mail and people.  Runs as the user who typed them; the desk's answer
 * is trusted, but texts in it come from strangers, so they are shown without controls.
 */
#include "cli/verb.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/password.h"
#include "cli/show.h"
#include "cli/verb_table.h"
#include "os/file.h"

#define TEXT_MAX          (256u << 10)
#define PART_MAX          ((size_t)256 << 20)
#define ANSWER_MAX        ((size_t)64 << 20)
#define SEARCH_MAX        1024
#define PASSWORD_LINE_MAX 1024

static void usage(FILE *out, const char *group)
{
    fprintf(out, "usage: vulndesk %s VERB ... [--json] [--config FILE]\n\n", group);
    for (size_t i = 0; i < commands_n; i++)
        if (strcmp(commands[i].group, group) == 0)
            fprintf(out, "  %s %s\n        %s\n", commands[i].name, commands[i].usage,
                    commands[i].help);
}

static enum rc put_number(json_t *j, const char *key, const char *text, struct err *e)
{
    uint64_t n;
    TRY(num_parse(str_c(text), 0, INT64_MAX, key, &n, e));
    json_object_set_new(j, key, json_integer((json_int_t)n));
    return RC_OK;
}

static enum rc put_text(json_t *j, const char *key, struct str s, struct err *e)
{
    if (!utf8_valid(s))
        return err_set(e, RC_INVALID, "%s is not UTF-8", key);
    json_object_set_new(j, key, json_str(s));
    return RC_OK;
}

static enum rc put_body(json_t *j, const char *text, const char *file, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    if (text)
        return put_text(j, "text", str_c(text), e);
    if (file)
        TRY(file_read(AT_FDCWD, file, TEXT_MAX, &b, e));
    else
        TRY(fd_read_all(STDIN_FILENO, TEXT_MAX, &b, e));
    return put_text(j, "text", buf_str(&b), e);
}

static enum rc put_password(json_t *j, const char *login, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(PASSWORD_LINE_MAX);
    enum rc rc = password_ask(login, &b, e);
    if (rc == RC_OK)
        rc = put_text(j, "password", buf_str(&b), e);
    password_wipe(&b);
    return rc;
}

enum { A_CONFIG, A_JSON, A_TEXT, A_FILE, A_FIXED };

/* All words from the nth on, as one text. */
static enum rc put_rest(json_t *j, const char *key, const struct args *a, size_t nth, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SEARCH_MAX);
    for (size_t i = nth; i < a->n_words; i++)
        buf_addf(&b, "%s%s", i > nth ? " " : "", a->words[i]);
    TRY(buf_ok(&b, key, e));
    return put_text(j, key, buf_str(&b), e);
}

/* As many words as the command takes. */
static enum rc check_words(const struct command *c, const struct args *a, struct err *e)
{
    size_t n = 0;
    bool more = false;
    for (size_t i = 0; i < VERB_WORDS_MAX && c->words[i]; i++) {
        n += c->words[i][0] != '!';
        more = more || c->words[i][0] == '*';
    }
    if (a->n_words < n)
        return err_set(e, RC_INVALID, "a word is missing");
    return a->n_words == n || more ? RC_OK : err_set(e, RC_INVALID, "there are too many words");
}

static enum rc put_words(const struct command *c, const struct args *a, json_t *j, struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < VERB_WORDS_MAX && c->words[i]; i++) {
        const char *key = c->words[i];
        if (key[0] == '!')
            TRY(put_password(j, a->words[0], e));
        else if (key[0] == '*')
            TRY(put_rest(j, key + 1, a, n, e));
        else if (key[0] == '#')
            TRY(put_number(j, key + 1, a->words[n++], e));
        else
            TRY(put_text(j, key, str_c(a->words[n++]), e));
    }
    return RC_OK;
}

static enum rc make_args(const struct command *c, const struct args *a, json_t *j, struct err *e)
{
    const char *text = a->known[A_TEXT].value, *file = a->known[A_FILE].value;
    TRY(put_words(c, a, j, e));
    for (size_t i = 0; i < VERB_OPTIONS_MAX && c->options[i].name; i++) {
        const struct option *o = &c->options[i];
        const char *value = a->known[A_FIXED + i].value;
        if (value == NULL)
            continue;
        if (o->kind == OPT_FLAG)
            json_object_set_new(j, o->key, json_true());
        else if (o->kind == OPT_NUMBER)
            TRY(put_number(j, o->key, value, e));
        else
            TRY(put_text(j, o->key, str_c(value), e));
    }
    if (c->fetch && json_object_get(j, "part") == NULL)
        json_object_set_new(j, "part", json_integer(0));
    return c->text == TEXT_MUST || text || file ? put_body(j, text, file, e) : RC_OK;
}

static enum rc fetch(const struct settings *set, const struct command *c, const json_t *args,
                     struct err *e)
{
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf b = BUF_INIT(PART_MAX);
    TRY(client_fetch(set, c->verb, args, &fd, e));
    TRY(fd_read_all(fd, b.max, &b, e));
    return fd_write_all(STDOUT_FILENO, buf_str(&b), e);
}

/* Answers that are one thing for another program: written as it is. */
static const struct {
    const char *verb, *member;
    bool coded; /* in base64 */
} things[] = {{"backport.bundle", "bundle64", true}, {"backport.signers", "signers", false}};

static enum rc put_thing(const char *verb, const json_t *answer, bool *ret_is, struct buf *out,
                         struct err *e)
{
    *ret_is = false;
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        struct str s;
        if (strcmp(things[i].verb, verb) != 0)
            continue;
        *ret_is = true;
        TRY(json_get_str(answer, things[i].member, ANSWER_MAX, &s, e));
        if (things[i].coded)
            return base64_get(out, s, things[i].member, e);
        buf_add(out, s);
    }
    return RC_OK;
}

static enum rc run(const struct command *c, struct args *a, struct err *e)
{
    bool is_thing = false;
    AUTO(settings) struct settings *set = NULL;
    AUTO(json) json_t *args = json_object(), *answer = NULL;
    const char *file = a->known[A_CONFIG].value;
    TRY(settings_load(file ? file : SETTINGS_FILE, NULL, &set, e));
    TRY(make_args(c, a, args, e));
    if (c->fetch)
        return fetch(set, c, args, e);
    TRY(client_call(set, c->verb, args, &answer, e));
    AUTO(buf) struct buf out = BUF_INIT(ANSWER_MAX);
    if (!a->known[A_JSON].value)
        TRY(put_thing(c->verb, answer, &is_thing, &out, e));
    if (a->known[A_JSON].value) {
        TRY(json_write(&out, answer, e));
        buf_addc(&out, '\n');
    } else if (!is_thing) {
        show_answer(c->verb, answer, &out);
    }
    TRY(buf_ok(&out, "the answer", e));
    return fd_write_all(STDOUT_FILENO, buf_str(&out), e);
}

/* --text and --file are there only for verbs that take a text. */
static size_t known_args(const struct command *c, struct arg *known)
{
    size_t n = A_FIXED;
    known[A_CONFIG] = (struct arg){.name = "--config"};
    known[A_JSON] = (struct arg){.name = "--json", .flag = true};
    known[A_TEXT] = (struct arg){.name = c->text ? "--text" : ""};
    known[A_FILE] = (struct arg){.name = c->text ? "--file" : ""};
    for (size_t i = 0; i < VERB_OPTIONS_MAX && c->options[i].name; i++)
        known[n++] =
            (struct arg){.name = c->options[i].name, .flag = c->options[i].kind == OPT_FLAG};
    return n;
}

int verb_main(int argc, char **argv)
{
    const char *group = argv[0], *name = argc > 1 ? argv[1] : "";
    const struct command *c = command_find(group, name);
    if (c == NULL) {
        bool asked = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0;
        if (*name && !asked)
            fprintf(stderr, "vulndesk %s: there is no such verb\n", group);
        usage(asked ? stdout : stderr, group);
        return asked ? 0 : EX_USAGE;
    }
    struct arg known[A_FIXED + VERB_OPTIONS_MAX];
    struct args a = {.known = known, .n_known = known_args(c, known)};
    struct err e = ERR_INIT;
    if (args_parse(&a, argc - 1, argv + 1, &e) != RC_OK || check_words(c, &a, &e) != RC_OK) {
        fprintf(stderr, "vulndesk %s %s: %s\nusage: vulndesk %s %s %s\n", group, name, e.msg, group,
                name, c->usage);
        return EX_USAGE;
    }
    enum rc rc = run(c, &a, &e);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk %s %s: %s\n", group, name, e.msg);
    return rc_exit(rc);
}
