/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repositories for tests: the git program in a folder of the test.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/testing.h"

#include "os/file.h"
#include "os/spawn.h"

static int today;

static bool run(const char *dir, const char *const *args, struct str in, struct buf *out)
{
    const char *argv[TESTREPO_ARGS + 2] = {"git"};
    size_t n = 1;
    for (; args[n - 1]; n++) {
        assert_true(n < TESTREPO_ARGS);
        argv[n] = args[n - 1];
    }
    char author[60], committer[60];
    snprintf(author, sizeof author, "GIT_AUTHOR_DATE=%d +0000", 1704067200 + today * 86400);
    snprintf(committer, sizeof committer, "GIT_COMMITTER_DATE=%d +0000",
             1704067200 + today * 86400);
    const char *const envp[] = {"GIT_CONFIG_NOSYSTEM=1",
                                "GIT_CONFIG_GLOBAL=/dev/null",
                                "HOME=/nonexistent",
                                "PATH=/usr/bin:/bin",
                                "LC_ALL=C",
                                "GIT_AUTHOR_NAME=A",
                                "GIT_AUTHOR_EMAIL=a@example.org",
                                "GIT_COMMITTER_NAME=C",
                                "GIT_COMMITTER_EMAIL=c@example.org",
                                "GIT_PAGER=cat",
                                author,
                                committer,
                                NULL};
    AUTO(buf) struct buf err = BUF_INIT(1 << 16);
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.in = in, .out = out, .err = &err, .timeout_ms = 30000};
    struct child_end end;
    struct err e = ERR_INIT;
    s.path = "/usr/bin/git";
    s.argv = argv;
    s.envp = envp;
    s.cwd = dir;
    if (spawn_run(&s, &io, &end, &e) != RC_OK)
        fail_msg("git: %s", e.msg);
    if (!child_end_ok(&end))
        print_message("git %s: %s", argv[1], buf_c(&err));
    return child_end_ok(&end);
}

bool testrepo_try(const char *dir, const char *const *args)
{
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    return run(dir, args, STR_NONE, &out);
}

void testrepo_import(const char *dir, const char *stream)
{
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    const char *const args[] = {"fast-import", "--quiet", "--force", NULL};
    assert_true(run(dir, args, str_c(stream), &out));
}

void testrepo_said(const char *dir, const char *const *args, char ret[TESTREPO_SAID])
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    assert_true(run(dir, args, STR_NONE, &out));
    assert_int_equal(str_copy(ret, TESTREPO_SAID, str_trim(buf_str(&out)), "words", &e), RC_OK);
}

void testrepo_lose(const char *dir, const char *id)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.git/objects/%.2s/%s", dir, id, id + 2);
    assert_int_equal(unlink(path), 0);
}

void testrepo_git(const char *dir, const char *const *args)
{
    assert_true(testrepo_try(dir, args));
}

int testrepo_folder(char top[TESTREPO_TOP])
{
    snprintf(top, TESTREPO_TOP, "/tmp/vulndesk-test-XXXXXX");
    return mkdtemp(top) ? 0 : -1;
}

int testrepo_folder_remove(const char *top)
{
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

void testrepo_path(const char *top, const char *name, char ret[TESTREPO_PATH])
{
    snprintf(ret, TESTREPO_PATH, "%s/%s", top, name);
}

void testrepo_init(const char *dir, const char *object_format)
{
    struct err e = ERR_INIT;
    char format[40];
    assert_int_equal(dir_make(AT_FDCWD, dir, 0700, &e), RC_OK);
    snprintf(format, sizeof format, "--object-format=%s", object_format);
    TESTREPO(dir, "init", "-q", "-b", "master", format);
}

void testrepo_commit(const char *dir, const char *path, const char *text, int day)
{
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    today = day;
    assert_int_equal(dir_open(AT_FDCWD, dir, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, path, str_c(text), 0644, &e), RC_OK);
    TESTREPO(dir, "add", "--", path);
    TESTREPO(dir, "commit", "-q", "-m", "change");
}

void testrepo_tags(const char *dir, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        testrepo_commit(dir, "version", names[i], i);
        TESTREPO(dir, "tag", "--", names[i]);
    }
}

/* ---- Traps ---- */

static void write_trap(const char *top, char trap[200])
{
    char text[400], marker[200];
    struct err e = ERR_INIT;
    snprintf(marker, sizeof marker, "%s/marker", top);
    snprintf(trap, 200, "%s/trap", top);
    snprintf(text, sizeof text, "#!/bin/sh\necho \"$0 $*\" >>%s\n", marker);
    assert_int_equal(file_write_sync(AT_FDCWD, trap, str_c(text), 0755, &e), RC_OK);
}

bool testrepo_trapped(const char *top)
{
    char marker[200];
    snprintf(marker, sizeof marker, "%s/marker", top);
    return unlink(marker) == 0;
}

void testrepo_traps(const char *dir, const char *top)
{
    char trap[200];
    write_trap(top, trap);

    const char *const keys[] = {"core.fsmonitor",      "core.pager",
                                "core.sshCommand",     "core.editor",
                                "core.askPass",        "credential.helper",
                                "gpg.program",         "diff.external",
                                "diff.trap.textconv",  "diff.trap.command",
                                "filter.trap.clean",   "filter.trap.smudge",
                                "filter.trap.process", "uploadpack.packObjectsHook",
                                "sequence.editor",     "pager.log",
                                "core.gitProxy",       "core.alternateRefsCommand"};
    char alias[250], hooks[200], hook[300];
    snprintf(alias, sizeof alias, "!%s", trap);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        TESTREPO(dir, "config", keys[i], trap);
    const char *const aliases[] = {"alias.for-each-ref", "alias.cat-file", "alias.trap"};
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        TESTREPO(dir, "config", aliases[i], alias);
    snprintf(hooks, sizeof hooks, "%s/hooks", top);
    assert_int_equal(mkdir(hooks, 0700), 0);
    const char *const names[] = {"reference-transaction", "post-checkout", "post-index-change",
                                 "fsmonitor-watchman", "pre-auto-gc"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(hook, sizeof hook, "%s/%s", hooks, names[i]);
        assert_int_equal(symlink(trap, hook), 0);
    }
    TESTREPO(dir, "config", "core.hooksPath", hooks);
    /* A promisor remote: a missing object would be fetched from there. */
    TESTREPO(dir, "config", "extensions.partialClone", "origin");
    TESTREPO(dir, "config", "remote.origin.promisor", "true");
    TESTREPO(dir, "config", "remote.origin.url", "ext::/bin/sh -c trap%");
    TESTREPO(dir, "config", "remote.origin.uploadpack", trap);
    TESTREPO(dir, "config", "protocol.ext.allow", "always");
    TESTREPO(dir, "config", "core.repositoryFormatVersion", "1");
}
