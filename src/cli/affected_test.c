/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of `vulndesk affected`: the table, the batch with its errors, exit codes, and that the
 * repository stays as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/affected.h"
#include "git/testing.h"
#include "os/file.h"
#include "os/spawn.h"

#define OUT_MAX (4u << 20)

static char top[64], repo[100], cache[100], batch[100], out_path[100], err_path[100];
static struct buf out, err;

static int make_folder(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/affected-test-XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    snprintf(repo, sizeof repo, "%s/repo", top);
    snprintf(cache, sizeof cache, "%s/cache", top);
    snprintf(batch, sizeof batch, "%s/batch", top);
    snprintf(out_path, sizeof out_path, "%s/out", top);
    snprintf(err_path, sizeof err_path, "%s/err", top);
    buf_init(&out, OUT_MAX);
    buf_init(&err, OUT_MAX);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    buf_release(&out);
    buf_release(&err);
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

/* Runs the command with its output into files; what it wrote is in out and err. */
static int run(const char *const *args)
{
    char *argv[20] = {(char[]){"affected"}};
    int argc = 1;
    struct err e = ERR_INIT;
    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
    fflush(stdout);
    fflush(stderr);
    AUTO(fd) int was_out = dup(STDOUT_FILENO);
    AUTO(fd) int was_err = dup(STDERR_FILENO);
    AUTO(fd) int to_out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    AUTO(fd) int to_err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(to_out >= 0 && to_err >= 0);
    dup2(to_out, STDOUT_FILENO);
    dup2(to_err, STDERR_FILENO);
    int code = affected_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(was_out, STDOUT_FILENO);
    dup2(was_err, STDERR_FILENO);
    buf_reset(&out);
    buf_reset(&err);
    assert_int_equal(file_read(AT_FDCWD, out_path, OUT_MAX, &out, &e), RC_OK);
    assert_int_equal(file_read(AT_FDCWD, err_path, OUT_MAX, &err, &e), RC_OK);
    return code;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

/* main: 1.0 2.0 [flaw] 2.1 2.2 [fix] 2.3; stable, from 2.1: 2.1.1 [the fix, another way] 2.1.2 */
static void make_releases(void)
{
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a.c", "int one;\n", 1);
    TESTREPO(repo, "tag", "v1.0.0");
    testrepo_commit(repo, "b.c", "int two;\n", 2);
    TESTREPO(repo, "tag", "v2.0.0");
    testrepo_commit(repo, "a.c", "int one;\nint flaw(char *p) { return p[9]; }\n", 3);
    TESTREPO(repo, "branch", "flaw");
    testrepo_commit(repo, "b.c", "int two, three;\n", 4);
    TESTREPO(repo, "tag", "v2.1.0");
    TESTREPO(repo, "branch", "stable");
    testrepo_commit(repo, "b.c", "int two, four;\n", 5);
    TESTREPO(repo, "tag", "v2.2.0");
    testrepo_commit(repo, "a.c", "int one;\nint flaw(char *p) { return p ? p[1] : 0; }\n", 6);
    TESTREPO(repo, "commit", "-q", "--amend", "-m", "flaw: look before reading");
    TESTREPO(repo, "branch", "fix");
    TESTREPO(repo, "tag", "v2.3.0");
    TESTREPO(repo, "checkout", "-q", "stable");
    testrepo_commit(repo, "c.c", "int five;\n", 7);
    TESTREPO(repo, "tag", "v2.1.1");
    testrepo_commit(repo, "a.c", "int one;\n/* it is gone for good here */\n", 8);
    TESTREPO(repo, "commit", "-q", "--amend", "-m", "remove what nobody uses");
    TESTREPO(repo, "branch", "stable-fix");
    TESTREPO(repo, "tag", "v2.1.2");
    testrepo_commit(repo, "c.c", "int six;\n", 9);
    TESTREPO(repo, "tag", "v2.1.3-rc1");
}

static void write_batch(const char *text)
{
    struct err e = ERR_INIT;
    assert_int_equal(file_write_sync(AT_FDCWD, batch, str_c(text), 0600, &e), RC_OK);
}

/* Line i of the output. */
static json_t *line_of(size_t i)
{
    struct str rest = buf_str(&out), line = STR_NONE;
    struct err e = ERR_INIT;
    json_t *j = NULL;
    for (size_t k = 0; k <= i; k++)
        assert_true(str_line(&rest, &line));
    if (json_parse(line, OUT_MAX, "x", &j, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return j;
}

/* A list of names, a space behind each. */
static void list_is(const json_t *o, const char *key, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(10000);
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(o, key), i, v) buf_addf(&b, "%s ", json_string_value(v));
    assert_string_equal(buf_c(&b), want);
}

static void answers_a_batch(void **state)
{
    (void)state;
    make_releases();
    write_batch(
        "{\"id\":1,\"fix\":[\"fix\",\"stable-fix\"],\"introduced\":[\"flaw\"],\"more\":[]}\n"
        "\n"
        "{\"id\":\"x\",\"fix\":[[\"fix\",\"stable-fix\"],[\"v2.3.0\"]],\"introduced\":[\"flaw\"]}\n"
        "{\"id\":null,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"],\"tags\":[\"v2.1.2\",\"v2.0.0\","
        "\"v2.3.0\",\"no-such\"]}\n"
        "{\"id\":[4],\"fix\":[\"nothing\"]}\n"
        "{\"id\":5,\"fix\":[\"--all\"]}\n"
        "not JSON\n"
        "{\"id\":7,\"fix\":[\"fix\"]}");
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--batch", batch), 0);
    AUTO(json) json_t *a = line_of(0);
    assert_int_equal(json_integer_value(json_object_get(a, "id")), 1);
    list_is(a, "affected", "v2.1.0 v2.1.1 v2.2.0 ");
    list_is(a, "fixed", "v2.1.2 v2.3.0 ");
    list_is(a, "not_affected", "v1.0.0 v2.0.0 ");
    list_is(a, "unknown", "");
    assert_true(json_real_value(json_object_get(a, "ms")) >= 0);
    json_t *origin = json_array_get(json_object_get(a, "introduced"), 0);
    assert_string_equal(json_string_value(json_object_get(origin, "confidence")), "exact");
    assert_int_equal(json_array_size(json_object_get(a, "candidates")), 0);
    AUTO(json) json_t *b = line_of(1); /* both groups are needed */
    assert_string_equal(json_string_value(json_object_get(b, "id")), "x");
    list_is(b, "affected", "v2.1.0 v2.1.1 v2.1.2 v2.2.0 ");
    list_is(b, "fixed", "v2.3.0 ");
    AUTO(json) json_t *c = line_of(2);
    assert_true(json_is_null(json_object_get(c, "id")));
    list_is(c, "affected", "v2.1.2 ");
    list_is(c, "unknown", "no-such ");
    static const char *const codes[] = {"notfound", "invalid", "invalid"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(json) json_t *d = line_of(3 + i);
        json_t *error = json_object_get(d, "error");
        assert_string_equal(json_string_value(json_object_get(error, "code")), codes[i]);
        assert_non_null(json_object_get(error, "message"));
        assert_null(json_object_get(d, "affected"));
    }
    AUTO(json) json_t *last = line_of(6);
    assert_int_equal(json_integer_value(json_object_get(last, "id")), 7);
    size_t n = json_array_size(json_object_get(last, "candidates"));
    assert_true(n >= 1 && n <= 5);
    assert_non_null(strstr(buf_c(&err), "index: "));
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    make_releases();
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--batch", "/nonexistent"), 1);
    write_batch("{\"id\":1,\"fix\":[\"fix\"]}\n");
    assert_int_equal(RUN("--repo", "/nonexistent", "--cache", cache, "--batch", batch), 1);
    assert_int_equal(out.n, 0);
    assert_int_not_equal(err.n, 0);
    /* main makes 2 of it. */
    assert_int_equal(RUN("--repo", repo), EX_USAGE);
    assert_int_equal(RUN("--fix", "fix"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--fix", "fix", "--batch", batch), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--fix", "fix", "word"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--fix", "fix", "--what"), EX_USAGE);
    assert_int_not_equal(RUN("--repo", repo, "--cache", cache, "--fix", "no-such"), 0);
    assert_non_null(strstr(buf_c(&err), "revision no-such is not in this repository"));
    assert_int_not_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--tags", "v{X}"),
                         0);
    assert_non_null(strstr(buf_c(&err), "tag pattern"));
}

static void prints_a_table(void **state)
{
    (void)state;
    make_releases();
    assert_int_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "fix,stable-fix", "--introduced", "flaw"),
        0);
    assert_non_null(strstr(buf_c(&out), "v2.2.0      AFFECTED      exact   introduced "));
    assert_non_null(strstr(buf_c(&out), "v2.1.2      fixed         exact   graph "));
    assert_non_null(strstr(buf_c(&out), "v1.0.0      not affected"));
    assert_non_null(strstr(buf_c(&out), "v2.1.0 to v2.1.1, fixed in v2.1.2"));
    assert_null(strstr(buf_c(&out), "v2.1.3-rc1"));
    assert_int_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--introduced", "flaw", "--all"), 0);
    assert_non_null(strstr(buf_c(&out), "v2.1.3-rc1"));
    assert_non_null(strstr(buf_c(&out), "[preview]"));
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--introduced", "flaw",
                         "--branches", "master,stable"),
                     0);
    assert_non_null(strstr(buf_c(&out), "Branches:\n"));
    assert_non_null(strstr(buf_c(&out), "  master: fixed (at "));
    assert_non_null(strstr(buf_c(&out), "  stable: affected (at "));
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--introduced", "flaw"), 0);
    assert_non_null(strstr(buf_c(&out), "not fixed in a release of it"));
}

/* Size and time of every file below the repository. */
static void look_at(const char *dir, struct buf *b)
{
    char list[TESTREPO_SAID * 10];
    AUTO(buf) struct buf got = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    snprintf(list, sizeof list, "%s/.git", dir);
    const char *const argv[] = {"find", list, "-printf", "%p %s %T@ %m\n", NULL};
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.out = &got, .timeout_ms = 30000};
    struct child_end end;
    s.path = "/usr/bin/find";
    s.argv = argv;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    buf_add(b, buf_str(&got));
    assert_true(b->n > 100);
}

static void leaves_the_repository_alone(void **state)
{
    (void)state;
    AUTO(buf) struct buf before = BUF_INIT(1 << 20);
    AUTO(buf) struct buf after = BUF_INIT(1 << 20);
    make_releases();
    testrepo_commit(repo, ".gitattributes", "* diff=trap filter=trap\n", 10);
    testrepo_traps(repo, top);
    (void)testrepo_trapped(top);
    look_at(repo, &before);
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix"), 0);
    assert_int_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--introduced", "flaw", "--json"), 0);
    look_at(repo, &after);
    assert_string_equal(buf_c(&before), buf_c(&after));
    assert_false(testrepo_trapped(top));
}

/* Only the answers that need what is missing are unknown, and they say what it is. */
static void unknown_names_what_is_missing(void **state)
{
    (void)state;
    char lost[TESTREPO_SAID];
    make_releases();
    testrepo_said(repo, (const char *const[]){"rev-parse", "v2.2.0", NULL}, lost);
    TESTREPO(repo, "tag", "-d", "v2.2.0");
    testrepo_lose(repo, lost);
    write_batch("{\"id\":1,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"]}\n"
                "{\"id\":2,\"fix\":[\"stable-fix\"],\"introduced\":[\"flaw\"]}\n");
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--batch", batch), 0);
    AUTO(json) json_t *a = line_of(0); /* the fix is above the hole, v2.3.0 holds it */
    list_is(a, "unknown", "");
    list_is(a, "fixed", "v2.3.0 ");
    AUTO(json) json_t *b = line_of(1); /* v2.3.0 may hold flaw and fix, or neither */
    list_is(b, "unknown", "v2.3.0 ");
    list_is(b, "affected", "v2.1.0 v2.1.1 ");
    assert_int_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "stable-fix", "--introduced", "flaw"), 0);
    assert_non_null(strstr(buf_c(&out), "UNKNOWN"));
    assert_non_null(strstr(buf_c(&out), lost));
}

/* The introducing commit is older than what the clone has. */
static void what_is_behind_a_shallow_end_is_unknown(void **state)
{
    (void)state;
    char url[120], clone[120], flaw[TESTREPO_SAID], text[TESTREPO_SAID + 200];
    make_releases();
    testrepo_said(repo, (const char *const[]){"rev-parse", "flaw", NULL}, flaw);
    snprintf(url, sizeof url, "file://%s", repo);
    snprintf(clone, sizeof clone, "%s/clone", top);
    TESTREPO(top, "clone", "-q", "--depth", "3", "--branch", "v2.3.0", url, clone);
    snprintf(text, sizeof text,
             "{\"id\":1,\"fix\":[\"v2.3.0\"],\"introduced\":[\"%s\"]}\n"
             "{\"id\":2,\"fix\":[\"v2.3.0\"],\"introduced\":[\"v2.2.0\"]}\n",
             flaw);
    write_batch(text);
    assert_int_equal(RUN("--repo", clone, "--cache", cache, "--batch", batch), 0);
    assert_non_null(strstr(buf_c(&err), "the clone is shallow"));
    AUTO(json) json_t *a = line_of(0);
    list_is(a, "unknown", "v2.1.0 v2.2.0 ");
    list_is(a, "fixed", "v2.3.0 ");
    AUTO(json) json_t *b = line_of(1); /* all that matters is here */
    list_is(b, "unknown", "");
    list_is(b, "affected", "v2.2.0 ");
    list_is(b, "not_affected", "v2.1.0 ");
}

/* A file of one release is missing, as in a partial clone. */
static void a_missing_file_is_one_unknown(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID];
    make_releases();
    testrepo_said(repo, (const char *const[]){"rev-parse", "v2.1.2:a.c", NULL}, blob);
    testrepo_lose(repo, blob);
    write_batch("{\"id\":1,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"]}\n"
                "{\"id\":2,\"fix\":[\"fix\",\"stable-fix\"],\"introduced\":[\"flaw\"]}\n"
                "{\"id\":3,\"fix\":[\"fix\"]}\n");
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--batch", batch), 0);
    AUTO(json) json_t *a = line_of(0);
    list_is(a, "affected", "v2.1.0 v2.1.1 v2.2.0 ");
    list_is(a, "unknown", "v2.1.2 ");
    AUTO(json) json_t *b = line_of(1); /* the history says that it is fixed there */
    list_is(b, "fixed", "v2.1.2 v2.3.0 ");
    list_is(b, "unknown", "");
    AUTO(json) json_t *c = line_of(2);
    list_is(c, "unknown", "v2.1.2 ");
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--introduced", "flaw"),
                     0);
    assert_non_null(strstr(buf_c(&out), "of the fix is missing"));
}

static void draws_a_map(void **state)
{
    (void)state;
    char file[120];
    AUTO(buf) struct buf svg = BUF_INIT(OUT_MAX);
    struct err e = ERR_INIT;
    make_releases();
    snprintf(file, sizeof file, "%s/map.svg", top);
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--introduced", "flaw",
                         "--svg", file),
                     0);
    assert_true(out.n > 0); /* the table as well */
    assert_int_equal(file_read(AT_FDCWD, file, OUT_MAX, &svg, &e), RC_OK);
    static const char *const has[] = {
        "<svg xmlns=", "<style>",       ">2.1<", ">2.3<", "v2.1.1, 2024-01-08: affected",
        "fixed by ",   "introduced by "};
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (strstr(buf_c(&svg), has[i]) == NULL)
            fail_msg("%s", has[i]);
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--svg", "-"), 0);
    assert_memory_equal(buf_c(&out), "<svg ", 5);
    assert_non_null(strstr(buf_c(&out), "</svg>\n"));
    write_batch("{}\n");
    assert_int_equal(RUN("--repo", repo, "--batch", batch, "--svg", file), EX_USAGE);
    assert_int_not_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--svg", "/nonexistent/map"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_a_batch),
        TEST(says_what_cannot_be_read),
        TEST(prints_a_table),
        TEST(draws_a_map),
        TEST(leaves_the_repository_alone),
        TEST(unknown_names_what_is_missing),
        TEST(what_is_behind_a_shallow_end_is_unknown),
        TEST(a_missing_file_is_one_unknown),
    };
    return cmocka_run_group_tests_name("affected", tests, NULL, NULL);
}
