/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the commands init and config as a person runs them: what they write, what they refuse,
 * that nothing is left behind after a failure, that the profile given as argument is accepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"
#include "cli/init.h"
#include "desk/components.h"
#include "desk/keygen.h"
#include "git/testing.h"
#include "os/file.h"
#include "store/db.h"

static const char *profile;
static char top[64], repo[100], policy[100], desk[100], conf[120], out_file[100];

static const char policy_text[] =
    "# Security at Petrel\n\n## Reporting\n\nReport to security at petrel.example.\n"
    "We will acknowledge your report and send a more detailed response within 5 days.\n";

static void in_top(char *dst, size_t size, const char *name)
{
    int n = snprintf(dst, size, "%s/%s", top, name);
    assert_true(n > 0 && (size_t)n < size);
}

static int make_folder(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    snprintf(top, sizeof top, "/tmp/init-test-XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    in_top(repo, sizeof repo, "repo");
    in_top(policy, sizeof policy, "POLICY.md");
    in_top(desk, sizeof desk, "desk");
    in_top(conf, sizeof conf, "desk/vulndesk.conf");
    in_top(out_file, sizeof out_file, "out");
    return file_write_sync(AT_FDCWD, policy, str_c(policy_text), 0644, &e) == RC_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

/* Runs a command with standard output and error in a file; what it printed is added to b. */
static int run(int (*main_of)(int, char **), const char *const *words, struct buf *b)
{
    char *argv[20] = {NULL};
    int argc = 0;
    struct err e = ERR_INIT;
    for (; words[argc]; argc++)
        argv[argc] = str_dup(str_c(words[argc]));
    fflush(NULL);
    AUTO(fd) int old_out = dup(1);
    AUTO(fd) int old_err = dup(2);
    AUTO(fd) int file = open(out_file, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    assert_true(old_out >= 0 && old_err >= 0 && file >= 0);
    assert_true(dup2(file, 1) == 1 && dup2(file, 2) == 2);
    int code = main_of(argc, argv);
    fflush(NULL);
    assert_true(dup2(old_out, 1) == 1 && dup2(old_err, 2) == 2);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    assert_int_equal(file_read(AT_FDCWD, out_file, 1 << 20, b, &e), RC_OK);
    return code;
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void has(const struct buf *b, const char *text)
{
    if (strstr(buf_c(b), text) == NULL)
        fail_msg("\"%s\" is missing in\n%s", text, buf_c(b));
}

static void mode_is(const char *name, mode_t mode)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", desk, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

/* How many people the desk has. */
static size_t people(void)
{
    AUTO(settings) struct settings *s = NULL;
    AUTO(db) struct db *db = NULL;
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct err e = ERR_INIT;
    struct account *list;
    size_t n = 0;
    assert_int_equal(settings_load(conf, NULL, &s, &e), RC_OK);
    assert_int_equal(db_open_readonly(s->store.url.p, &db, &e), RC_OK);
    struct desk d = {.db = db, .set = s};
    if (people_list(&d, a, &list, &n, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return n;
}

static void test_a_policy_and_a_repository_give_a_desk(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(buf) struct buf copy = BUF_INIT(POLICY_MAX);
    struct err e = ERR_INIT;
    testrepo_init(repo, "sha1");
    testrepo_tags(repo, (const char *const[]){"v1.0.0", "v1.0.1", NULL});
    int code = run(init_main,
                   WORDS("init", "--policy", policy, "--repo", repo, "--dir", desk, "--handler",
                         "Jane Doe <Jane.Doe@petrel.example>", "--maintained", "master"),
                   &b);
    if (code != 0)
        fail_msg("%s", buf_c(&b));
    has(&b, "security@petrel.example (line 5, \"security at petrel.example\")");
    has(&b, "2 follow v{N}.{N}.{N}");
    has(&b, "login jane.doe");
    has(&b, "http://127.0.0.1:8081/signin/");
    has(&b, "Outgoing mail is off");

    AUTO(settings) struct settings *s = NULL;
    assert_int_equal(settings_load(conf, NULL, &s, &e), RC_OK);
    assert_string_equal(s->desk.contact.v[0].p, "security@petrel.example");
    assert_string_equal(s->project.tag_pattern.p, "v{N}.{N}.{N}");
    assert_string_equal(s->project.maintained.v[0].p, "master");
    assert_true(s->policy.acknowledge && s->policy.detail && !s->policy.update);
    assert_true(s->mail.outgoing == OUTGOING_OFF);
    assert_true(keygen_done(s->desk.data_dir.p));
    mode_is("data/keys", 0700);
    mode_is("data/keys/master.key", 0600);
    mode_is("data/keys/sign.key", 0600);
    mode_is("data/keys/intake.key", 0600);
    mode_is("data/db", 0700);
    mode_is("data", 0711);
    assert_int_equal(file_read(AT_FDCWD, s->policy.file.p, POLICY_MAX, &copy, &e), RC_OK);
    assert_string_equal(buf_c(&copy), policy_text);
    assert_int_equal(people(), 1);

    /* The secret is printed and nowhere else. */
    const char *link = strstr(buf_c(&b), "/signin/") + 8;
    AUTO(buf) struct buf raw = BUF_INIT(16 << 20);
    assert_int_equal(file_read(AT_FDCWD, s->store.url.p + 7, 16 << 20, &raw, &e), RC_OK);
    assert_true(str_find(buf_str(&raw), str_of(link, SECRET_LEN)) == STR_NPOS);

    buf_reset(&b);
    assert_int_equal(run(config_main, WORDS("config", "check", "--config", conf), &b), 0);
    has(&b, "vulndesk.conf: good");
    buf_reset(&b);
    assert_int_equal(run(config_main, WORDS("config", "show", "--config", conf, "--json"), &b), 0);
    AUTO(json) json_t *j = NULL;
    assert_int_equal(json_parse(buf_str(&b), 1 << 20, "show", &j, &e), RC_OK);

    /* Nothing is overwritten. */
    buf_reset(&b);
    assert_int_equal(
        run(init_main,
            WORDS("init", "--policy", policy, "--dir", desk, "--handler", "A <a@b.example>"), &b),
        73);
    has(&b, "overwrites nothing");
    assert_int_equal(people(), 1);
}

static void test_a_failure_leaves_nothing(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    const struct {
        const char *option, *value, *want;
    } bad[] = {
        {"--prefix", "p-1", "desk.prefix"},
        {"--repo", "/nonexistent", "/nonexistent"},
        {"--store", "sqlite:/nonexistent/desk.db", "nonexistent"},
        {"--login", "Not A Login", "login"},
        {"--maintained", "--all", "no name of a branch"},
        {"--contact", "nobody", "a mail address"},
        {"--nonsense", "x", "unknown option"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        buf_reset(&b);
        int code = run(init_main,
                       WORDS("init", "--policy", policy, "--dir", desk, "--handler",
                             "A <a@b.example>", bad[i].option, bad[i].value),
                       &b);
        if (code == 0)
            fail_msg("%s %s is taken:\n%s", bad[i].option, bad[i].value, buf_c(&b));
        if (strcmp(bad[i].option, "--store") != 0)
            has(&b, bad[i].want);
        if (access(desk, F_OK) == 0)
            fail_msg("%s %s leaves the folder", bad[i].option, bad[i].value);
    }
    buf_reset(&b);
    assert_int_equal(run(init_main, WORDS("init", "--policy", policy), &b), 64);
    assert_int_equal(
        run(init_main, WORDS("init", "--policy", policy, "--handler", "a@b.example"), &b),
        rc_exit(RC_INVALID));
}

static void write_conf(const char *text)
{
    struct err e = ERR_INIT;
    assert_int_equal(dir_make(AT_FDCWD, desk, 0755, &e), RC_OK);
    assert_int_equal(file_write_sync(AT_FDCWD, conf, str_c(text), 0644, &e), RC_OK);
}

static void test_check_finds_what_is_wrong(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    write_conf("[desk]\nname = x\nprefix = XX\ncontact = a@b.example\ntemplates = /nonexistent\n"
               "[policy]\nfile = none.md\n[mail]\ntls_cert = c.pem\ntls_key = k.pem\n"
               "[project]\nrepository = none\ncomponents = none.ini\n"
               "[listen]\nsmtp = 192.0.2.1:25\n");
    assert_int_equal(run(config_main, WORDS("config", "check", "--config", conf), &b), 1);
    const char *want[] = {"error: desk.data_dir",      "error: policy.file",
                          "error: desk.templates",     "error: listen.smtp",
                          "error: mail.tls_cert",      "error: mail.tls_key",
                          "error: project.repository", "error: project.components"};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        has(&b, want[i]);
    buf_reset(&b);
    write_conf("[desk]\nnothing = 1\n");
    assert_int_equal(run(config_main, WORDS("config", "check", "--config", conf, "--json"), &b), 1);
    has(&b, "vulndesk.conf:2: [desk] has no key");
    buf_reset(&b);
    assert_int_equal(run(config_main, WORDS("config", "check", "--config", "/nonexistent"), &b),
                     rc_exit(RC_NOTFOUND));
    assert_int_equal(run(config_main, WORDS("config", "burn"), &b), 64);
}

/* The profile is a configuration that the desk of `init` accepts in place of its own. */
static void test_the_profile_is_accepted(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(buf) struct buf text = BUF_INIT(1 << 20);
    AUTO(arena) struct arena *a = arena_new(1 << 22);
    struct components c;
    char path[400];
    struct err e = ERR_INIT;
    assert_int_equal(
        run(init_main,
            WORDS("init", "--policy", policy, "--dir", desk, "--handler", "A <a@b.example>"), &b),
        0);
    snprintf(path, sizeof path, "%s/vulndesk.conf", profile);
    assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &e), RC_OK);
    write_conf(buf_c(&text));
    buf_reset(&text);
    snprintf(path, sizeof path, "%s/components.ini", profile);
    assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &e), RC_OK);
    if (components_parse(a, buf_str(&text), "components.ini", &c, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_true(c.n > 20);
    snprintf(path, sizeof path, "%s/components.ini", desk);
    assert_int_equal(file_write_sync(AT_FDCWD, path, buf_str(&text), 0644, &e), RC_OK);
    buf_reset(&b);
    if (run(config_main, WORDS("config", "check", "--config", conf), &b) != 0)
        fail_msg("%s", buf_c(&b));
    has(&b, "mail.outgoing: off");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: init_test PROFILE-FOLDER\n");
        return 64;
    }
    profile = argv[1];
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_policy_and_a_repository_give_a_desk),
        IN_FOLDER(test_a_failure_leaves_nothing),
        IN_FOLDER(test_check_finds_what_is_wrong),
        IN_FOLDER(test_the_profile_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
