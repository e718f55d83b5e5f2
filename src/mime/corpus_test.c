/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the corpus tests of the parser.
 */
#include "mime/corpus_test.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sandbox.h"

static const char *shared_dir(void)
{
    const char *dir = getenv("VULNDESK_SHARED");
    return dir && dir[0] ? dir : "../shared";
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void corpus_list(const char *dir, const char *ending, struct corpus_list *l)
{
    AUTO(buf) struct buf path = BUF_INIT(4096);
    buf_addf(&path, "%s/standards/mail/%s", shared_dir(), dir);
    DIR *d = opendir(buf_c(&path));
    assert_non_null(d);
    l->n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (!str_ends(str_c(e->d_name), str_c(ending)))
            continue;
        assert_true(l->n < CORPUS_FILES_MAX);
        AUTO(buf) struct buf name = BUF_INIT(4096);
        buf_addf(&name, "standards/mail/%s/%s", dir, e->d_name);
        l->path[l->n++] = str_dup(buf_str(&name));
    }
    closedir(d);
    qsort(l->path, l->n, sizeof l->path[0], by_name);
    assert_true(l->n > 0);
}

void corpus_list_release(struct corpus_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->path[i]);
    l->n = 0;
}

static void child_limits(void)
{
    struct rlimit cpu = {CORPUS_SECONDS, CORPUS_SECONDS}, core = {0, 0};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
#if !defined(__SANITIZE_ADDRESS__)
    struct rlimit as = {CORPUS_BYTES, CORPUS_BYTES};
    setrlimit(RLIMIT_AS, &as);
#endif
}

/* In the child: the record of in to out. */
static int child(int in, int out)
{
    char *argv[] = {"--record", NULL};
    child_limits();
    /* Nothing but memory, reading and writing; a call more and the child is killed. */
    struct sandbox_rules rules = {.name = "parse", .unknown = SANDBOX_KILL, .keep_all_fds = true};
    struct sandbox_summary got;
    struct err e = ERR_INIT;
    if (lseek(in, 0, SEEK_SET) != 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        return 99;
    if (sandbox_apply(&rules, &got, &e) != RC_OK)
        return 98;
    if (!sandbox_is_sanitizer_build() && str_find(str_c(got.got), STR("seccomp")) == STR_NPOS)
        return 97;
    return parse_child_main(1, argv);
}

bool corpus_parse(struct arena *a, struct str raw, struct mail *ret_m, const char **ret_why)
{
    AUTO(fd) int in = -1;
    AUTO(buf) struct buf json = BUF_INIT(MAIL_JSON_MAX);
    struct err e = ERR_INIT;
    int pipe_fds[2], status = 0;
    parse_child_warm();
    if (memfd_of(raw, "mail", &in, &e) != RC_OK || pipe(pipe_fds) != 0) {
        *ret_why = "the test has no descriptors";
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(in, pipe_fds[1]));
    close(pipe_fds[1]);
    enum rc rc = fd_read_all(pipe_fds[0], MAIL_JSON_MAX, &json, &e);
    close(pipe_fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        *ret_why = "the child could not be started";
        return false;
    }
    *ret_why = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU ? "more than 2 s"
               : WIFSIGNALED(status)                              ? "killed by a signal"
               : WEXITSTATUS(status) != 0                         ? "exit code is not 0"
               : rc != RC_OK                                      ? "no record"
                                                                  : NULL;
    if (*ret_why == NULL && mail_decode(a, buf_str(&json), ret_m, &e) != RC_OK)
        *ret_why = "the record is refused by decode";
    return *ret_why == NULL;
}

json_t *corpus_json_nul(const char *path)
{
    AUTO(buf) struct buf b = BUF_INIT(TEST_FILE_MAX);
    corpus_read(path, &b);
    json_t *j = json_loadb(buf_c(&b), b.n, JSON_ALLOW_NUL, NULL);
    assert_non_null(j);
    return j;
}

bool corpus_has(const char *path)
{
    AUTO(buf) struct buf full = BUF_INIT(4096);
    buf_addf(&full, "%s/%s", shared_dir(), path);
    return access(buf_c(&full), R_OK) == 0;
}

void corpus_each(const char *dir, const char *ending)
{
    struct corpus_list l;
    size_t bad = 0;
    corpus_list(dir, ending, &l);
    for (size_t i = 0; i < l.n; i++) {
        AUTO(buf) struct buf raw = BUF_INIT(TEST_FILE_MAX);
        AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
        const char *why = NULL;
        struct mail m;
        corpus_read(l.path[i], &raw);
        if (!corpus_parse(a, buf_str(&raw), &m, &why)) {
            printf("%s: %s\n", l.path[i], why);
            bad++;
        }
    }
    printf("%s: %zu records, %zu without\n", dir, l.n - bad, bad);
    corpus_list_release(&l);
    assert_int_equal(bad, 0);
}

const char *corpus_excused(const struct corpus_exception *list, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (str_ends(str_c(path), str_c(list[i].file)))
            return list[i].why;
    return NULL;
}
