/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test run under the rights that the runner and its children really have: bubblewrap must still
 * start in it, the confined helper too, and what concerns the machine must be out of reach, inside
 * and outside of the sandbox.  Once as it is when the desk was started as root, once as a user.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/run/jobs.h"
#include "git/testing.h"
#include "os/file.h"
#include "os/spawn.h"
#include "serve/rights.h"

#define SKIPPED 77
#define NO_BOX  78
#define NOBODY  65534

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], home[TESTREPO_PATH], scratch[TESTREPO_PATH];
static char base[TESTREPO_SAID], candidate[TESTREPO_SAID];

/* The program of the tests: passes when the network and the calls of the machine are closed. */
static const char tests[] =
    "test ! -e /etc/passwd && echo 'ok 1 - outside'\n"
    "test \"$(ls /sys 2>/dev/null)\" = '' && echo 'ok 2 - no sys'\n"
    "grep -q '^Seccomp:.2' /proc/self/status && echo 'ok 3 - filtered'\n"
    "grep -q '^CapEff:.0000000000000000' /proc/self/status && echo 'ok 4 - powerless'\n"
    "grep -q '^NoNewPrivs:.1' /proc/self/status && echo 'ok 5 - for good'\n"
    "! echo x > /proc/sys/kernel/hostname 2>/dev/null && echo 'ok 6 - the machine'\n";

static bool closed(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(9),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    AUTO(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool no_network = connect(fd, (struct sockaddr *)&a, sizeof a) != 0 && errno == ENETUNREACH;
    bool no_keys = syscall(SYS_keyctl, 0, -3, 0) < 0 && errno == EPERM;
    return no_network && no_keys;
}

static int ask_for_tests(void)
{
    struct err e = ERR_INIT;
    AUTO(json) json_t *answer = NULL;
    AUTO(json)
    json_t *args = json_pack("{s:s, s:s, s:s, s:{s:i}}", "base", base, "candidate", candidate,
                             "tests", "sh ./run", "limits", "seconds", 120);
    struct engine_job j = {.scratch = scratch, .mirror = repo, .args = args};
    if (engine_backport_tests(&j, &answer, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    const json_t *run = json_object_get(answer, "candidate");
    bool good = strcmp(json_string_value(json_object_get(answer, "tests")), "pass") == 0 &&
                json_integer_value(json_object_get(run, "passed")) == 6;
    if (!good && json_write(&b, answer, &e) == RC_OK)
        fprintf(stderr, "%s\n", buf_c(&b));
    const json_t *state = json_object_get(json_object_get(answer, "base"), "state");
    if (!good && strcmp(json_string_value(state), "refused") == 0)
        return NO_BOX;
    return good ? 0 : 1;
}

/* In a child: 0, NO_BOX, or a failure. */
static int child(uid_t uid)
{
    static struct rights rights;
    struct rights_places places = {.data_dir = "/nonexistent"};
    struct sandbox_summary got;
    struct err e = ERR_INIT;
    if (rights_of(ROLE_RUNNER, &places, &rights, &e) != RC_OK)
        return 2;
    rights.rules.require = true;
    rights.rules.uid = rights.rules.gid = uid;
    if (sandbox_apply(&rights.rules, &got, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return NO_BOX;
    }
    return closed() ? ask_for_tests() : 3;
}

enum who { AS_ROOT /* which becomes a user */, AS_USER, ROOT_STAYS };

static void check(enum who who)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool leave = who == AS_USER && geteuid() == 0;
        if (leave && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
                      setresuid(NOBODY, NOBODY, NOBODY) != 0))
            _exit(4);
        _exit(child(geteuid() == 0 && who != ROOT_STAYS ? NOBODY : 0));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_BOX) {
        const char *ci = getenv("VULNDESK_CI");
        if (ci != NULL && strcmp(ci, "1") == 0)
            fail_msg("this machine cannot run bubblewrap");
        print_message("SKIP run-confined: this machine cannot run bubblewrap here\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_as_root(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP run-confined as root: not root\n");
        skip();
    }
    check(AS_ROOT);
}

/* A desk that was started as root without users of its own. */
static void test_as_root_that_stays(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP run-confined as root: not root\n");
        skip();
    }
    check(ROOT_STAYS);
}

static void test_as_user(void **state)
{
    (void)state;
    check(AS_USER);
}

static void commit(const char *text, char ret[TESTREPO_SAID])
{
    const char *const args[] = {"rev-parse", "HEAD", NULL};
    testrepo_commit(repo, "run", text, 1);
    testrepo_said(repo, args, ret);
}

static int make(bool owned)
{
    struct err e = ERR_INIT;
    char changed[sizeof tests + 20];
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "home", home);
    testrepo_path(top, "home/run-x", scratch);
    testrepo_init(repo, "sha1");
    commit(tests, base);
    snprintf(changed, sizeof changed, "%s# changed\n", tests);
    commit(changed, candidate);
    if (dir_make(AT_FDCWD, scratch, 0700, &e) != RC_OK)
        return -1;
    /* The role's user owns what its jobs keep, and reads the mirror. */
    const char *const argv[] = {"chown", "-R", "65534:65534", top, NULL};
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.timeout_ms = 30000};
    struct child_end end = {.code = 0};
    s.path = "/bin/chown";
    s.argv = argv;
    if (owned && geteuid() == 0 && spawn_run(&s, &io, &end, &e) != RC_OK)
        return -1;
    return end.code;
}

static int setup(void **state)
{
    (void)state;
    return make(true);
}

static int setup_of_root(void **state)
{
    (void)state;
    return make(false);
}

static int teardown(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

int main(void)
{
    if (sandbox_is_sanitizer_build()) {
        printf("SKIP run-confined: a build with a sanitizer cannot confine; the plain build tests "
               "it\n");
        return SKIPPED;
    }
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(test_as_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_root_that_stays, setup_of_root, teardown),
        cmocka_unit_test_setup_teardown(test_as_user, setup, teardown),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
