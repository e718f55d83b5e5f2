/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of desk/settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/settings.h"
#include "os/file.h"

#define LEAST                                                                                      \
    "[desk]\nname = Example\nprefix = EX\ncontact = sec@example.org\n[policy]\nfile = "            \
    "SECURITY.md\n"

static enum rc parse(const char *text, struct buf *report, struct settings **ret_s, struct err *e)
{
    return settings_parse(str_c(text), STR("a.conf"), STR("/etc/desk"), report, ret_s, e);
}

static void test_defaults(void **state)
{
    (void)state;
    AUTO(settings) struct settings *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(parse(LEAST, NULL, &s, &e), RC_OK);
    assert_string_equal(s->desk.data_dir.p, "/etc/desk/data");
    assert_string_equal(s->store.url.p, "sqlite:/etc/desk/data/db/desk.db");
    assert_int_equal(s->listen.smtp.n, 1);
    assert_string_equal(s->listen.smtp.v[0].p, "127.0.0.1:2525");
    assert_string_equal(s->listen.lmtp.v[0].p, "unix:/etc/desk/data/run/lmtp.sock");
    assert_string_equal(s->listen.cli.p, "unix:/etc/desk/data/run/cli.sock");
    assert_string_equal(s->mail.from.p, "sec@example.org");
    assert_string_equal(s->mail.bounce_address.p, "sec@example.org");
    assert_string_equal(s->policy.file.p, "/etc/desk/SECURITY.md");
    assert_true(s->mail.max_size == 25 * 1024 * 1024 && s->mail.outgoing == OUTGOING_OFF);
    assert_true(s->mail.ack_rate_count == 10 && s->mail.ack_rate_us == US_PER_H);
    assert_true(s->mail.submission_tls == TLS_REQUIRE && s->sandbox.mode == SANDBOX_REQUIRE);
    assert_true(!s->policy.acknowledge && !s->policy.detail && !s->policy.update);
    assert_true(s->policy.default_embargo_us == 0 && s->policy.update_every_us == 14 * US_PER_DAY);
    assert_true(s->project.tag_pattern.n == 0 && s->project.maintained.n == 0);
    assert_int_equal(s->mail.spam_headers.n, 3);
}

static void test_values(void **state)
{
    (void)state;
    AUTO(settings) struct settings *s = NULL;
    struct err e = ERR_INIT;
    struct str name, dir;
    const char *text =
        LEAST "default_embargo = 90d\nupdate_every = none\nacknowledge = yes\n"
              "[mail]\noutgoing = on\nmax_size = 1M\nack_rate = 3/2d\nspam_headers =\n"
              "submission_url = smtps://mail.example.org:465/\nfrom = desk@example.org\n"
              "[listen]\nsmtp = 0.0.0.0:25, [::]:25,unix:smtp.sock\npublic_http =\n"
              "[store]\nurl = postgresql://db.example/desk\n"
              "[sandbox]\nmode = best-effort\n"
              "[project]\ntag_pattern = {YYYY}-{MM}[{a}]\nmaintained = master, legacy\n"
              "repositories = docs=/srv/git/docs.git\n";
    if (parse(text, NULL, &s, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_true(s->policy.default_embargo_us == 90 * US_PER_DAY && s->policy.update_every_us == 0);
    assert_true(s->policy.acknowledge && s->mail.outgoing == OUTGOING_ON &&
                s->mail.max_size == 1 << 20);
    assert_true(s->mail.ack_rate_count == 3 && s->mail.ack_rate_us == 2 * US_PER_DAY);
    assert_int_equal(s->mail.spam_headers.n, 0);
    assert_string_equal(s->mail.submission_url.p, "smtps://mail.example.org:465");
    assert_string_equal(s->mail.bounce_address.p, "desk@example.org");
    assert_int_equal(s->listen.smtp.n, 3);
    assert_string_equal(s->listen.smtp.v[2].p, "unix:/etc/desk/smtp.sock");
    assert_true(s->listen.public_http.n == 0);
    assert_string_equal(s->store.url.p, "postgresql://db.example/desk");
    assert_int_equal(s->sandbox.mode, SANDBOX_BEST_EFFORT);
    assert_string_equal(s->project.maintained.v[1].p, "legacy");
    assert_true(settings_repository(s->project.repositories.v[0], &name, &dir));
    assert_true(str_eq(name, STR("docs")) && str_eq(dir, STR("/srv/git/docs.git")));
}

static void refused(const char *text, const char *want)
{
    struct settings *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(parse(text, NULL, &s, &e), RC_INVALID);
    assert_null(s);
    if (strstr(e.msg, want) == NULL)
        fail_msg("\"%s\" should say \"%s\"", e.msg, want);
}

static void test_errors_have_lines(void **state)
{
    (void)state;
    refused(LEAST "[nosuch]\na = 1\n", "a.conf:8: there is no section [nosuch]");
    refused(LEAST "nosuch = 1\n", "a.conf:7: [policy] has no key \"nosuch\"");
    refused(LEAST "file = b\n", "a.conf:7: policy.file: it was set in line 6 already");
    refused(LEAST "junk\n", "a.conf:7: neither");
    refused("[desk]\nname = x\n", "a.conf: desk.prefix: it must be set");
    const struct {
        const char *line, *want;
    } bad[] = {
        {"[mail]\nmax_size = 1K", "a.conf:8: mail.max_size: outside"},
        {"[mail]\nmax_size = 99999999999999G", "a.conf:8: mail.max_size: bytes"},
        {"[mail]\nmax_size = -5", "bytes, or with"},
        {"[mail]\noutgoing = yes", "a.conf:8: mail.outgoing: off, on or copy is wanted"},
        {"[mail]\ntrusted_hops = 16", "0 to 15"},
        {"[mail]\nfrom = nobody", "a mail address"},
        {"[mail]\nfrom = a b@example.org", "a mail address"},
        {"[mail]\nfrom = a@-x.org", "a mail address"},
        {"[mail]\nack_rate = 5", "count/duration"},
        {"[mail]\nack_rate = 0/1h", "1 to 1000"},
        {"[mail]\nhostname = a..b", "a host name"},
        {"[mail]\nspam_headers = X-Spam", "Name: value"},
        {"[mail]\nsubmission_url = http://x", "smtp|smtps"},
        {"[mail]\nsubmission_url = smtp://u:p@x", "no @"},
        {"[mail]\ntls_cert = a.pem", "a.conf:8: mail.tls_cert and mail.tls_key: both"},
        {"[mail]\nsubmission_user = u", "both or neither"},
        {"[mail]\nsubmission_user = u\nsubmission_password_file = p\nsubmission_tls = never",
         "a.conf:10: mail.submission_tls: never would send"},
        {"[mail]\nnext_hop = smtp://127.0.0.1:2525\nshared = yes", "our own listener"},
        {"[mail]\nnext_hop = smtp://mail.example", "only used with mail.shared"},
        {"[mail]\nnext_hop = lmtp://mail.example", "smtp|smtps"},
        {"[mail]\nno_report = X-Shop", "Name: value"},
        {"[imap]\nurl = imaps://mail.example", "imap.user and imap.password_file"},
        {"[imap]\nurl = imap://mail.example\nuser = u\npassword_file = p\ntls = never",
         "imap.tls: never would send"},
        {"[imap]\nurl = http://mail.example", "imap|imaps"},
        {"[imap]\npoll = 2h", "1s to 1h"},
        {"[listen]\nsmtp = localhost:25", "names are not looked up"},
        {"[listen]\nsmtp = 127.0.0.1:25,", ""},
        {"[listen]\nsmtp = 127.0.0.1:25, 127.0.0.1:25", "twice"},
        {"[listen]\nsmtp = 127.0.0.1:8080", "two listeners have the address"},
        {"[listen]\ncli = 127.0.0.1:1", "only unix:/path"},
        {"[listen]\nlmtp = unix:", "needs a path"},
        {"[store]\nurl = mysql://x", "sqlite:/path"},
        {"[store]\nurl = sqlite:desk.db", "absolute"},
        {"[sandbox]\nmode = off", "require or best-effort"},
        {"[roles]\ncores = 0", "1 to 16"},
        {"[project]\ntag_pattern = v{X}", "{YYYY}"},
        {"[project]\nmaintained = --all", "no name of a branch"},
        {"[project]\nrepositories = docs=docs.git", "NAME=/FOLDER"},
        {"[project]\nrepositories = /srv/git/docs.git", "NAME=/FOLDER"},
        {"[project]\nrepositories = -x=/srv/git/docs.git", "NAME=/FOLDER"},
        {"detail_within = soon", "a duration"},
        {"detail_within = 1s", "outside"},
        {"default_embargo = 9999d", "outside"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[1000];
        if (bad[i].want[0] == '\0')
            continue;
        snprintf(text, sizeof text, "%s%s\n", LEAST, bad[i].line);
        refused(text, bad[i].want);
    }
    refused("[desk]\nname = x\nprefix = mc\n", "a.conf:3: desk.prefix: only A-Z");
    refused("[desk]\nname = x\nprefix = 1A\n", "a letter first");
    refused("[desk]\ncontact =\n", "at least one");
}

static void test_all_problems_are_reported(void **state)
{
    (void)state;
    AUTO(buf) struct buf report = BUF_INIT(10000);
    struct settings *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(
        parse("x\n[desk]\nfoo = 1\nprefix = mc\ncontact = a@b.example\n", &report, &s, &e),
        RC_INVALID);
    assert_string_equal(buf_c(&report),
                        "a.conf:1: neither [section] nor \"key = value\" nor a # comment\n"
                        "a.conf:3: [desk] has no key \"foo\"\n"
                        "a.conf:4: desk.prefix: only A-Z and 0-9, a letter first, as in MC\n"
                        "a.conf: desk.name: it must be set\n"
                        "a.conf: policy.file: it must be set\n");
    assert_true(strncmp(e.msg, "a.conf:1:", 9) == 0);

    AUTO(buf) struct buf many = BUF_INIT(10000);
    AUTO(buf) struct buf long_report = BUF_INIT(100000);
    for (int i = 0; i < 200; i++)
        buf_adds(&many, "x\n");
    assert_int_equal(parse(buf_c(&many), &long_report, &s, &e), RC_INVALID);
    assert_non_null(strstr(buf_c(&long_report), "a.conf: and 154 more problems\n"));
}

static void test_long_socket_path(void **state)
{
    (void)state;
    AUTO(buf) struct buf text = BUF_INIT(10000);
    buf_adds(&text, "[desk]\ndata_dir = /");
    for (int i = 0; i < 100; i++)
        buf_addc(&text, 'd');
    buf_adds(&text, "\nname = E\nprefix = EX\ncontact = a@b.example\n[policy]\nfile = p\n");
    refused(buf_c(&text), "listen.lmtp: the socket's path is");
}

static void test_json_and_text_name_the_source(void **state)
{
    (void)state;
    AUTO(settings) struct settings *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(parse(LEAST "detail = yes\n", NULL, &s, &e), RC_OK);
    AUTO(json) json_t *j = settings_json(s);
    json_t *policy = json_object_get(json_object_get(j, "settings"), "policy");
    json_t *detail = json_object_get(policy, "detail");
    assert_true(json_is_true(json_object_get(detail, "value")));
    assert_true(json_is_false(json_object_get(detail, "default")));
    assert_int_equal(json_integer_value(json_object_get(detail, "line")), 7);
    json_t *embargo = json_object_get(policy, "default_embargo");
    assert_true(json_is_null(json_object_get(embargo, "value")));
    assert_true(json_is_true(json_object_get(embargo, "default")));
    assert_null(json_object_get(embargo, "line"));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(policy, "detail_within"), "value")),
        5 * 86400);
    size_t rows = 0;
    const char *key;
    json_t *section;
    json_object_foreach(json_object_get(j, "settings"), key, section) rows +=
        json_object_size(section);
    assert_int_equal(rows, settings_count());
    AUTO(buf) struct buf b = BUF_INIT(100000);
    settings_show(s, &b);
    assert_non_null(strstr(buf_c(&b), "detail = yes\n    # line 7;"));
    assert_non_null(strstr(buf_c(&b), "outgoing = off\n    # default;"));
}

static void test_written_file_is_read_back(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(100000);
    struct err e = ERR_INIT;
    const struct setting_value set[] = {
        {"desk.name", STR("mail \xC3\xA4 \"x\" # y"), "two\nlines"},
        {"desk.prefix", STR("EX"), NULL},
        {"desk.contact", STR("a@b.example, c@d.example"), NULL},
        {"policy.file", STR("SECURITY.md"), "line 3"},
    };
    assert_int_equal(settings_write(&b, set, ARRAY_LEN(set), &e), RC_OK);
    AUTO(settings) struct settings *s = NULL;
    if (parse(buf_c(&b), NULL, &s, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(s->desk.name.p, "mail \xC3\xA4 \"x\" # y");
    assert_int_equal(s->desk.contact.n, 2);
    assert_non_null(strstr(buf_c(&b), "# two\n# lines\nname = "));
    /* Every commented default can be switched on as it stands, but those that derive. */
    AUTO(buf) struct buf on = BUF_INIT(100000);
    struct str rest = buf_str(&b), line;
    while (str_line(&rest, &line)) {
        bool row =
            line.n > 1 && line.p[0] == '#' && line.p[1] != ' ' && str_chr(line, '{') == STR_NPOS;
        if (row)
            line = str_sub(line, 1, line.n);
        buf_add(&on, line);
        buf_addc(&on, '\n');
    }
    AUTO(settings) struct settings *s2 = NULL;
    if (parse(buf_c(&on), NULL, &s2, &e) != RC_OK)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < settings_count(); i++)
        assert_true(str_eq(s->text_of[i], s2->text_of[i]));

    buf_reset(&b);
    const struct setting_value wrong[] = {{"desk.nope", STR("x"), NULL}};
    assert_int_equal(settings_write(&b, wrong, 1, &e), RC_INVALID);
    const struct setting_value lines[] = {{"desk.name", STR("x\n[mail]\noutgoing = on"), NULL}};
    assert_int_equal(settings_write(&b, lines, 1, &e), RC_INVALID);
    const struct setting_value spaces[] = {{"desk.name", STR(" x"), NULL}};
    assert_int_equal(settings_write(&b, spaces, 1, &e), RC_INVALID);
}

static void test_load_reads_a_file(void **state)
{
    (void)state;
    char dir[] = "/tmp/settings-test-XXXXXX", file[64];
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/v.conf", dir);
    struct err e = ERR_INIT;
    AUTO(settings) struct settings *s = NULL;
    assert_int_equal(settings_load(file, NULL, &s, &e), RC_NOTFOUND);
    assert_int_equal(file_write_sync(AT_FDCWD, file, STR(LEAST), 0600, &e), RC_OK);
    assert_int_equal(settings_load(file, NULL, &s, &e), RC_OK);
    assert_true(str_starts(s->desk.data_dir, str_c(dir)));
    AUTO(buf) struct buf big = BUF_INIT(SETTINGS_FILE_MAX + 100);
    while (big.n <= SETTINGS_FILE_MAX)
        buf_adds(&big, "# comment\n");
    assert_int_equal(file_write_sync(AT_FDCWD, file, buf_str(&big), 0600, &e), RC_OK);
    AUTO(settings) struct settings *none = NULL;
    assert_int_equal(settings_load(file, NULL, &none, &e), RC_LIMIT);
    assert_int_equal(dir_remove(AT_FDCWD, dir, &e), RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors_have_lines),
        cmocka_unit_test(test_all_problems_are_reported),
        cmocka_unit_test(test_long_socket_path),
        cmocka_unit_test(test_json_and_text_name_the_source),
        cmocka_unit_test(test_written_file_is_read_back),
        cmocka_unit_test(test_load_reads_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
