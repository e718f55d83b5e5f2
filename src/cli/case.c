/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about cases, held mail and people.  Runs as the user who typed them; the desk's answer
 * is trusted, but texts in it come from strangers, so they are shown without controls.
 */
#include "cli/case.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/password.h"
#include "cli/show.h"
#include "os/file.h"

#define TEXT_MAX          (256u << 10)
#define OPTIONS_MAX       10
#define PASSWORD_LINE_MAX 1024
#define WORDS_MAX         2

enum option_kind { OPT_TEXT, OPT_NUMBER, OPT_FLAG };
struct option {
    const char *name, *key; /* "--to", "login" */
    enum option_kind kind;
};

struct command {
    const char *group, *name, *verb;
    const char *words[WORDS_MAX]; /* keys of the words, in order; a leading '#' means a number, '!'
                                     what is asked for */
    struct option options[OPTIONS_MAX];
    bool text;  /* takes --text, --file or standard input */
    bool fetch; /* the answer is bytes */
    const char *usage;
};

#define REASON                                                                                     \
    {                                                                                              \
        "--reason", "reason", OPT_TEXT                                                             \
    }

static const struct command commands[] = {
    {"case",
     "list",
     "case.list",
     {NULL},
     {{"--which", "which", OPT_TEXT}},
     false,
     false,
     "[--which open|mine|closed|all]"},
    {"case",
     "search",
     "case.search",
     {"q"},
     {{"--before", "before", OPT_NUMBER}},
     false,
     false,
     "WORDS [--before ID]"},
    {"case", "show", "case.show", {"case"}, {{NULL}}, false, false, "NUMBER"},
    {"case",
     "reply",
     "case.reply",
     {"case"},
     {{"--thread", "thread", OPT_NUMBER}, {"--wait", "wait", OPT_FLAG}},
     true,
     false,
     "NUMBER [--thread ID] [--wait] [--text TEXT | --file FILE]"},
    {"case", "undo", "case.undo", {"#message"}, {{NULL}}, false, false, "MESSAGE"},
    {"case", "send-now", "case.hurry", {"#message"}, {{NULL}}, false, false, "MESSAGE"},
    {"case",
     "note",
     "case.note",
     {"case"},
     {{NULL}},
     true,
     false,
     "NUMBER [--text TEXT | --file FILE]"},
    {"case",
     "assign",
     "case.assign",
     {"case"},
     {{"--to", "login", OPT_TEXT}, REASON},
     false,
     false,
     "NUMBER --to LOGIN --reason TEXT"},
    {"case",
     "set",
     "case.set",
     {"case"},
     {{"--title", "title", OPT_TEXT},
      {"--severity", "severity", OPT_TEXT},
      {"--rm", "rm", OPT_TEXT},
      {"--em", "em", OPT_TEXT},
      {"--until", "until", OPT_TEXT},
      {"--cs", "cs", OPT_TEXT},
      {"--fact", "fact", OPT_TEXT},
      {"--value", "value", OPT_TEXT},
      {"--exit", "exit", OPT_TEXT},
      REASON},
     false,
     false,
     "NUMBER [--title T] [--severity S] [--rm S] [--em E [--until TIME]] [--cs F]\n"
     "                 [--fact F --value V] [--exit E] [--reason TEXT]"},
    {"case",
     "join",
     "case.join",
     {"into", "case"},
     {REASON},
     false,
     false,
     "INTO NUMBER --reason TEXT"},
    {"case",
     "split",
     "case.split",
     {"#thread"},
     {{"--title", "title", OPT_TEXT}, REASON},
     false,
     false,
     "THREAD --title TEXT --reason TEXT"},
    {"case",
     "move",
     "case.move",
     {"#thread", "to"},
     {REASON},
     false,
     false,
     "THREAD NUMBER --reason TEXT"},
    {"case",
     "close",
     "case.close",
     {"case"},
     {{"--exit", "exit", OPT_TEXT}, REASON},
     false,
     false,
     "NUMBER [--exit EXIT] --reason TEXT"},
    {"case", "erase", "case.erase", {"case"}, {REASON}, false, false, "NUMBER --reason TEXT"},
    {"case",
     "raw",
     "message.fetch",
     {"#message"},
     {{"--part", "part", OPT_NUMBER}},
     false,
     true,
     "MESSAGE [--part N]"},
    {"third-party", "contacts", "third.contacts", {NULL}, {{NULL}}, false, false, ""},
    {"third-party", "list", "third.list", {"case"}, {{NULL}}, false, false, "NUMBER"},
    {"third-party",
     "tell",
     "third.tell",
     {"case", "component"},
     {{"--thread", "thread", OPT_NUMBER},
      {"--maintainer", "maintainer", OPT_TEXT},
      {"--email", "email", OPT_TEXT},
      {"--url", "url", OPT_TEXT},
      {"--source", "source", OPT_TEXT},
      {"--date", "source_date", OPT_TEXT},
      {"--ask", "ask", OPT_FLAG}},
     false,
     false,
     "NUMBER COMPONENT [--thread ID] [--maintainer NAME] [--email ADDRESS] [--url URL]\n"
     "                 [--source TEXT] [--date YYYY-MM-DD] [--ask]"},
    {"third-party",
     "consent",
     "third.consent",
     {"#route"},
     {{"--answer", "answer", OPT_TEXT}, REASON},
     false,
     false,
     "ROUTE --answer named|unnamed|no --reason TEXT"},
    {"third-party",
     "forward",
     "third.forward",
     {"#route"},
     {{"--note", "note", OPT_TEXT}},
     false,
     false,
     "ROUTE [--note TEXT]"},
    {"third-party",
     "close",
     "third.close",
     {"#route"},
     {REASON},
     false,
     false,
     "ROUTE --reason TEXT"},
    {"quarantine",
     "list",
     "quarantine.list",
     {NULL},
     {{"--state", "state", OPT_TEXT}},
     false,
     false,
     "[--state held|quarantined|spam]"},
    {"quarantine", "show", "quarantine.show", {"#message"}, {{NULL}}, false, false, "MESSAGE"},
    {"quarantine",
     "release",
     "quarantine.release",
     {"#message"},
     {{"--case", "number", OPT_TEXT}, REASON},
     false,
     false,
     "MESSAGE [--case NUMBER] --reason TEXT"},
    {"quarantine",
     "pass",
     "quarantine.pass",
     {"#message"},
     {REASON},
     false,
     false,
     "MESSAGE --reason TEXT"},
    {"quarantine",
     "discard",
     "quarantine.discard",
     {"#message"},
     {REASON},
     false,
     false,
     "MESSAGE --reason TEXT"},
    {"quarantine",
     "raw",
     "message.fetch",
     {"#message"},
     {{"--part", "part", OPT_NUMBER}},
     false,
     true,
     "MESSAGE [--part N]"},
    {"advisory", "list", "advisory.list", {NULL}, {{NULL}}, false, false, ""},
    {"advisory", "show", "advisory.show", {"case"}, {{NULL}}, false, false, "NUMBER"},
    {"advisory",
     "edit",
     "advisory.edit",
     {"case"},
     {{"--title", "title", OPT_TEXT},
      {"--summary", "summary", OPT_TEXT},
      {"--severity", "severity", OPT_TEXT},
      {"--cvss", "cvss", OPT_TEXT},
      {"--cve", "cve", OPT_TEXT},
      {"--affected", "affected", OPT_TEXT},
      {"--fixed", "fixed", OPT_TEXT},
      {"--references", "references", OPT_TEXT},
      {"--timeline", "timeline", OPT_TEXT},
      {"--change", "change", OPT_TEXT}},
     false,
     false,
     "NUMBER [--title T] [--summary T] [--severity S] [--cvss V] [--cve LINES]\n"
     "                    [--affected LINES] [--fixed LINES] [--references LINES]\n"
     "                    [--timeline LINES] [--change T] [--text TEXT | --file FILE]"},
    {"advisory",
     "approve",
     "advisory.approve",
     {"case"},
     {{"--revision", "revision", OPT_NUMBER}},
     false,
     false,
     "NUMBER --revision N"},
    {"advisory",
     "publish",
     "advisory.publish",
     {"case"},
     {{"--revision", "revision", OPT_NUMBER}, {"--at", "at", OPT_TEXT}},
     false,
     false,
     "NUMBER --revision N [--at TIME]"},
    {"advisory", "unplan", "advisory.unplan", {"case"}, {{NULL}}, false, false, "NUMBER"},
    {"advisory",
     "withdraw",
     "advisory.withdraw",
     {"case"},
     {REASON},
     false,
     false,
     "NUMBER --reason TEXT"},
    {"advisory",
     "ask",
     "advisory.ask",
     {"case", "#credit"},
     {{NULL}},
     false,
     false,
     "NUMBER CREDIT"},
    {"advisory",
     "mail",
     "advisory.mail",
     {"case", "#mail"},
     {{"--do", "do", OPT_TEXT}},
     false,
     false,
     "NUMBER MAIL --do again|leave"},
    {"advisory",
     "credit",
     "advisory.credit",
     {"case"},
     {{"--credit", "credit", OPT_NUMBER},
      {"--name", "name", OPT_TEXT},
      {"--role", "role", OPT_TEXT},
      {"--decision", "decision", OPT_TEXT}},
     false,
     false,
     "NUMBER [--credit N] --role ROLE --decision named|anonymous|declined [--name NAME]"},
    {"policy",
     "list",
     "policy.list",
     {NULL},
     {{"--state", "state", OPT_TEXT}},
     false,
     false,
     "[--state open|merged|rejected|case]"},
    {"policy", "show", "policy.show", {"#proposal"}, {{NULL}}, false, false, "PROPOSAL"},
    {"policy",
     "merge",
     "policy.merge",
     {"#proposal"},
     {{"--revision", "revision", OPT_NUMBER}},
     false,
     false,
     "PROPOSAL [--revision N]"},
    {"policy",
     "reject",
     "policy.reject",
     {"#proposal"},
     {REASON},
     false,
     false,
     "PROPOSAL --reason TEXT"},
    {"policy",
     "answer",
     "policy.answer",
     {"#proposal"},
     {{NULL}},
     true,
     false,
     "PROPOSAL [--text TEXT | --file FILE]"},
    {"policy",
     "case",
     "policy.case",
     {"#proposal"},
     {REASON},
     false,
     false,
     "PROPOSAL --reason TEXT"},
    {"policy",
     "export",
     "policy.export",
     {NULL},
     {{"--proposal", "proposal", OPT_NUMBER}},
     false,
     false,
     "[--proposal N]"},
    {"user", "list", "user.list", {NULL}, {{NULL}}, false, false, ""},
    {"user",
     "add",
     "user.add",
     {"login"},
     {{"--name", "name", OPT_TEXT},
      {"--email", "email", OPT_TEXT},
      {"--role", "role", OPT_TEXT},
      {"--weight", "weight", OPT_NUMBER}},
     false,
     false,
     "LOGIN --name NAME --email ADDRESS --role handler|admin [--weight N]"},
    {"user", "signin", "user.signin", {"login"}, {{NULL}}, false, false, "LOGIN"},
    {"user", "reset", "user.reset", {"login"}, {{NULL}}, false, false, "LOGIN"},
    {"user", "passwd", "user.passwd", {"login", "!password"}, {{NULL}}, false, false, "LOGIN"},
    {"user", "on", "user.on", {"login"}, {{NULL}}, false, false, "LOGIN"},
    {"user", "off", "user.off", {"login"}, {{NULL}}, false, false, "LOGIN"},
    {"user",
     "notify",
     "user.notify",
     {"login", "what"},
     {{NULL}},
     false,
     false,
     "LOGIN team|mine|none"},
    {"user",
     "away",
     "user.away",
     {"login"},
     {{"--from", "from", OPT_TEXT}, {"--until", "until", OPT_TEXT}},
     false,
     false,
     "LOGIN [--from TIME] [--until TIME]"},
    {"waiting", "list", "waiting.list", {NULL}, {{NULL}}, false, false, ""},
    {"waiting",
     "send",
     "waiting.send",
     {NULL},
     {{"--task", "task", OPT_NUMBER}, {"--kind", "kind", OPT_TEXT}},
     false,
     false,
     "--task NUMBER | --kind KIND"},
    {"waiting",
     "drop",
     "waiting.drop",
     {NULL},
     {{"--task", "task", OPT_NUMBER}, {"--kind", "kind", OPT_TEXT}, REASON},
     false,
     false,
     "--task NUMBER | --kind KIND, --reason TEXT"},
    {"waiting", "clocks", "waiting.clocks", {NULL}, {{NULL}}, false, false, ""},
};

static int usage(const char *group)
{
    fprintf(stderr, "usage:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].group, group) == 0)
            fprintf(stderr, "  vulndesk %s %s %s\n", group, commands[i].name, commands[i].usage);
    fprintf(stderr, "each with [--json] [--config FILE]\n");
    return EX_USAGE;
}

static const struct command *find(const char *group, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].group, group) == 0 && strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
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

static enum rc make_args(const struct command *c, const struct args *a, json_t *j, struct err *e)
{
    for (size_t i = 0; i < WORDS_MAX && c->words[i]; i++) {
        const char *key = c->words[i];
        if (key[0] == '!') {
            TRY(put_password(j, a->words[0], e));
            continue;
        }
        if (i >= a->n_words)
            return err_set(e, RC_INVALID, "a word is missing: %s", c->usage);
        if (key[0] == '#')
            TRY(put_number(j, key + 1, a->words[i], e));
        else
            TRY(put_text(j, key, str_c(a->words[i]), e));
    }
    for (size_t i = 0; i < OPTIONS_MAX && c->options[i].name; i++) {
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
    bool given = a->known[A_TEXT].value || a->known[A_FILE].value;
    return c->text || given ? put_body(j, a->known[A_TEXT].value, a->known[A_FILE].value, e)
                            : RC_OK;
}

static enum rc fetch(const struct settings *set, const struct command *c, const json_t *args,
                     struct err *e)
{
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf b = BUF_INIT((size_t)256 << 20);
    TRY(client_fetch(set, c->verb, args, &fd, e));
    TRY(fd_read_all(fd, b.max, &b, e));
    return fd_write_all(STDOUT_FILENO, buf_str(&b), e);
}

static enum rc run(const struct command *c, struct args *a, struct err *e)
{
    AUTO(settings) struct settings *set = NULL;
    AUTO(json) json_t *args = json_object(), *answer = NULL;
    const char *file = a->known[A_CONFIG].value;
    TRY(settings_load(file ? file : SETTINGS_FILE, NULL, &set, e));
    TRY(make_args(c, a, args, e));
    if (c->fetch)
        return fetch(set, c, args, e);
    TRY(client_call(set, c->verb, args, &answer, e));
    AUTO(buf) struct buf out = BUF_INIT((size_t)64 << 20);
    if (a->known[A_JSON].value) {
        TRY(json_write(&out, answer, e));
        buf_addc(&out, '\n');
    } else {
        show_answer(c->verb, answer, &out);
    }
    TRY(buf_ok(&out, "the answer", e));
    return fd_write_all(STDOUT_FILENO, buf_str(&out), e);
}

static int group_main(const char *group, int argc, char **argv)
{
    const struct command *c = argc > 1 ? find(group, argv[1]) : NULL;
    if (c == NULL)
        return usage(group);
    struct arg known[A_FIXED + OPTIONS_MAX] = {[A_CONFIG] = {.name = "--config"},
                                               [A_JSON] = {.name = "--json", .flag = true},
                                               [A_TEXT] = {.name = "--text"},
                                               [A_FILE] = {.name = "--file"}};
    struct args a = {.known = known, .n_known = A_FIXED};
    for (size_t i = 0; i < OPTIONS_MAX && c->options[i].name; i++)
        known[a.n_known++] =
            (struct arg){.name = c->options[i].name, .flag = c->options[i].kind == OPT_FLAG};
    struct err e = ERR_INIT;
    if (args_parse(&a, argc - 1, argv + 1, &e) != RC_OK) {
        fprintf(stderr, "vulndesk %s %s: %s\n", group, c->name, e.msg);
        return usage(group);
    }
    enum rc rc = run(c, &a, &e);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk %s %s: %s\n", group, c->name, e.msg);
    return rc_exit(rc);
}

int case_main(int argc, char **argv)
{
    return group_main("case", argc, argv);
}

int quarantine_main(int argc, char **argv)
{
    return group_main("quarantine", argc, argv);
}

int waiting_main(int argc, char **argv)
{
    return group_main("waiting", argc, argv);
}

int user_main(int argc, char **argv)
{
    return group_main("user", argc, argv);
}

int third_party_main(int argc, char **argv)
{
    return group_main("third-party", argc, argv);
}

int advisory_main(int argc, char **argv)
{
    return group_main("advisory", argc, argv);
}

int policy_main(int argc, char **argv)
{
    return group_main("policy", argc, argv);
}
