/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parse child under the rights it really has: every mail of the corpora goes through a confined
 * child.  A library that opens a file for one odd mail (a charset, a time zone) would end it with
 * SIGSYS; a mail must not be able to do that.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "mime/parse.h"
#include "os/file.h"
#include "serve/rights.h"

#define SKIPPED   77
#define CPU_S     20
#define FDS_MAX   16
#define MAILS_MIN 500 /* fewer mean that the folder is not the one meant */

static int mails, killed, other_ends;

/* A signal is a finding; how a mail is judged is the business of the tests in mime/. */
static void count_end(const char *path, const char *mode, int status)
{
    if (WIFSIGNALED(status)) {
        killed++;
        printf("%s %s: killed by signal %d\n", path, mode, WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        other_ends++;
    }
}

static int child(int in, int out, int argc, char **argv)
{
    struct rights_places places = {.data_dir = "/nonexistent"};
    static struct rights rights;
    struct sandbox_summary got;
    struct err e = ERR_INIT;
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
        return 100;
    if (rights_of(ROLE_PARSE, &places, &rights, &e) != RC_OK)
        return 101;
    rights.rules.limits.cpu_s = CPU_S;
    rights.rules.uid = rights.rules.gid = geteuid() == 0 ? 65534 : 0;
    rights.rules.require = true;
    if (sandbox_apply(&rights.rules, &got, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return 102;
    }
    return parse_child_main(argc, argv);
}

/* The exit runs in the parse profile too: stdio is flushed there. */
static void run(const char *path, int argc, char **argv)
{
    AUTO(fd) int in = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(fd) int out = memfd_create("parsed", MFD_CLOEXEC);
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(child(in, out, argc, argv));
    if (in < 0 || out < 0 || pid < 0 || waitpid(pid, &status, 0) != pid) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    if (WIFEXITED(status) && (WEXITSTATUS(status) >= 100 || WEXITSTATUS(status) == EX_USAGE)) {
        fprintf(stderr, "the test itself failed (%d)\n", WEXITSTATUS(status));
        exit(1);
    }
    count_end(path, argv[0], status);
}

static int each(const char *path, const struct stat *st, int type, struct FTW *at)
{
    static char *record[] = {"--record", "--authserv-id", "mx.example", NULL};
    static char *part[] = {"--part", "1", NULL};
    (void)at;
    if (type != FTW_F || st->st_size == 0)
        return 0;
    mails++;
    run(path, 3, record);
    run(path, 2, part);
    return 0;
}

/* The kinds of mail that make libraries look for files, whatever the corpora hold. */
static void own_mails(void)
{
    static const char *const charsets[] = {
        "utf-8",       "utf-7",        "iso-2022-jp", "gb18030",   "big5",       "euc-kr",
        "koi8-r",      "windows-1252", "x-unknown",   "../../etc", "shift_jis",  "utf-16",
        "iso-8859-16", "ibm437",       "macintosh",   "tscii",     "hz-gb-2312", "utf-32//IGNORE"};
    static const char *const zones[] = {"+0100", "EST", "Europe/Paris", "MET DST", ":/etc/passwd"};
    struct err e = ERR_INIT;
    char path[] = "/tmp/vulndesk-parse-XXXXXX";
    AUTO(fd) int fd = mkstemp(path);
    if (fd < 0)
        exit(1);
    for (size_t c = 0; c < ARRAY_LEN(charsets); c++) {
        AUTO(buf) struct buf b = BUF_INIT(10000);
        buf_addf(&b,
                 "From: =?%s?Q?=A4=E5?= <a@example.org>\r\nTo: desk@example.org\r\n"
                 "Date: Wed, 25 Nov 2026 15:08:00 %s\r\nSubject: =?%s?B?pOWk5Q==?=\r\n"
                 "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"%s\"\r\n\r\n"
                 "\xa4\xe5 text\r\n",
                 charsets[c], zones[c % ARRAY_LEN(zones)], charsets[c], charsets[c]);
        if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
            fd_write_all(fd, buf_str(&b), &e) != RC_OK)
            exit(1);
        struct stat st = {.st_size = 1};
        each(path, &st, FTW_F, NULL);
    }
    unlink(path);
}

int main(void)
{
    if (sandbox_is_sanitizer_build()) {
        printf("SKIP parse-confined: a build with a sanitizer cannot confine\n");
        return SKIPPED;
    }
    if (sandbox_landlock_abi() < SANDBOX_LANDLOCK) {
        printf("SKIP parse-confined: this kernel has no Landlock\n");
        return SKIPPED;
    }
    parse_child_warm();
    own_mails();
    int own = mails;
    const char *shared = getenv("VULNDESK_SHARED");
    char dir[FILE_PATH_MAX];
    snprintf(dir, sizeof dir, "%s/standards/mail", shared ? shared : "../shared");
    if (access(dir, R_OK) != 0)
        printf("SKIP parse-confined: no corpora at VULNDESK_SHARED; own mails only\n");
    else if (nftw(dir, each, FDS_MAX, FTW_PHYS) != 0)
        return 1;
    printf("%d mails (%d own), %d killed, %d refused\n", mails, own, killed, other_ends);
    if (mails > own && mails - own < MAILS_MIN)
        return 1;
    /* A part 1 is missing in many, a record in none. */
    return killed > 0 || other_ends > mails;
}
