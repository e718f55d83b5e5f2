/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vulndesk init`: from a policy and a repository to a desk that can be started.  Runs as the user
 * who typed it; policy and repository may be a stranger's and are read by their careful readers.
 */
#include "cli/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/init_plan.h"
#include "desk/desk.h"
#include "desk/keygen.h"
#include "os/file.h"
#include "store/db.h"
#include "store/migrate.h"

#define INIT_ARENA  (256u << 20) /* a repository may have many refs */
#define DATA_MODE   0711         /* an MTA reaches run/lmtp.sock through it */
#define REPORT_MAX  (2u << 20)
#define DEFAULT_DIR "vulndesk"

enum {
    A_POLICY,
    A_HANDLER,
    A_REPO,
    A_DIR,
    A_NAME,
    A_PREFIX,
    A_CONTACT,
    A_MAINTAINED,
    A_BASE_URL,
    A_STAFF_URL,
    A_STORE,
    A_LOGIN,
    A_COUNT
};

struct init {
    struct arena *a;
    struct str dir; /* absolute */
    bool dir_was_there;
    struct str policy_text;
    struct init_plan plan;
    struct init_repo repo;
    struct init_person person;
    struct settings *set;
    char secret[SECRET_SIZE];
};

/* ---- The first handler ---- */

static void make_login(struct str address, char *dst)
{
    size_t n = 0;
    for (size_t i = 0; i < address.n && address.p[i] != '@' && n < DESK_LOGIN_MAX; i++) {
        char c = ascii_lower(address.p[i]);
        bool letter = c >= 'a' && c <= 'z';
        if (letter || (n > 0 && (ascii_is_digit(c) || c == '.' || c == '-' || c == '_')))
            dst[n++] = c;
    }
    dst[n] = '\0';
    if (n == 0)
        snprintf(dst, DESK_LOGIN_MAX + 1, "handler");
}

enum rc init_person(struct str text, struct init_person *ret_p, struct err *e)
{
    size_t open = str_chr(text, '<'), close = str_rchr(text, '>');
    struct init_person p = {.name = STR_NONE};
    if (open == STR_NPOS || close == STR_NPOS || close < open ||
        str_trim(str_sub(text, close + 1, text.n)).n > 0)
        return err_set(e, RC_INVALID, "--handler is written \"Jane Doe <jane@example.org>\"");
    p.name = str_trim(str_sub(text, 0, open));
    p.address = str_trim(str_sub(text, open + 1, close - open - 1));
    if (p.name.n == 0 || str_chr(p.address, '@') == STR_NPOS)
        return err_set(e, RC_INVALID, "--handler is written \"Jane Doe <jane@example.org>\"");
    make_login(p.address, p.login);
    *ret_p = p;
    return RC_OK;
}

/* ---- Reading ---- */

static enum rc absolute(struct arena *a, const char *path, struct str *ret, struct err *e)
{
    char cwd[PATH_MAX];
    if (path[0] == '/') {
        *ret = arena_str(a, str_c(path));
        return RC_OK;
    }
    if (getcwd(cwd, sizeof cwd) == NULL)
        return err_errno(e, RC_IO, "the current folder");
    *ret = arena_strf(a, "%s/%s", cwd, path);
    return RC_OK;
}

/* Missing, or a folder with nothing in it. */
static enum rc check_dir(struct init *in, struct err *e)
{
    DIR *d = opendir(in->dir.p);
    if (d == NULL && errno == ENOENT)
        return RC_OK;
    if (d == NULL)
        return err_errno(e, RC_CONFLICT, "%s", in->dir.p);
    size_t n = 0;
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    if (n > 2)
        return err_set(e, RC_CONFLICT, "%s is there and not empty; init overwrites nothing",
                       in->dir.p);
    in->dir_was_there = true;
    return RC_OK;
}

static enum rc read_policy(struct init *in, const char *path, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(POLICY_MAX);
    TRY(file_read(AT_FDCWD, path, POLICY_MAX, &b, e));
    in->policy_text = arena_str(in->a, buf_str(&b));
    if (policy_parse(in->a, in->policy_text, &in->plan.policy, e) != RC_OK)
        return err_prefix(e, "%s: ", path);
    return RC_OK;
}

static enum rc read_all(struct init *in, const struct arg *args, struct err *e)
{
    struct init_said *said = &in->plan.said;
    struct str repo;
    const char *dir = args[A_DIR].value ? args[A_DIR].value : DEFAULT_DIR;
    in->plan.a = in->a;
    *said = (struct init_said){.policy = args[A_POLICY].value,
                               .name = args[A_NAME].value,
                               .prefix = args[A_PREFIX].value,
                               .contact = args[A_CONTACT].value,
                               .maintained = args[A_MAINTAINED].value,
                               .base_url = args[A_BASE_URL].value,
                               .staff_url = args[A_STAFF_URL].value,
                               .store = args[A_STORE].value};
    TRY(init_person(str_c(args[A_HANDLER].value), &in->person, e));
    if (args[A_LOGIN].value)
        TRY(str_copy(in->person.login, sizeof in->person.login, str_c(args[A_LOGIN].value),
                     "--login", e));
    TRY(absolute(in->a, dir, &in->dir, e));
    TRY(check_dir(in, e));
    TRY(read_policy(in, args[A_POLICY].value, e));
    if (args[A_REPO].value) {
        TRY(absolute(in->a, args[A_REPO].value, &repo, e));
        said->repo = repo.p;
        TRY(init_read_repo(in->a, repo.p, &in->repo, e));
        in->plan.repo = &in->repo;
    }
    return arena_ok(in->a, "what was read", e);
}

/* ---- Asking ---- */

/* Which branches get fixes is a person's decision: asked on a terminal, else left open. */
static enum rc ask_maintained(struct init *in, struct err *e)
{
    char line[1000];
    const struct init_repo *r = in->plan.repo;
    if (r == NULL || r->n_branches == 0 || in->plan.said.maintained || !isatty(0) || !isatty(1))
        return RC_OK;
    printf("Branches, by last commit:\n");
    for (size_t i = r->n_branches; i-- > 0 && r->n_branches - i <= INIT_SHOW_MAX;)
        printf("  %s\n", r->branches[i].name.p);
    printf("Which of them get fixes? Names with commas between, empty to decide later: ");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return RC_OK;
    struct str said = str_trim(str_c(line));
    if (said.n > 0)
        in->plan.said.maintained = arena_str(in->a, said).p;
    return arena_ok(in->a, "the answer", e);
}

/* ---- Writing ---- */

static enum rc write_files(struct init *in, struct err *e)
{
    AUTO(buf) struct buf conf = BUF_INIT(SETTINGS_FILE_MAX);
    AUTO(fd) int dir = -1;
    char data[PATH_MAX], file[PATH_MAX];
    int n = snprintf(data, sizeof data, "%s/data", in->dir.p);
    int m = snprintf(file, sizeof file, "%s/vulndesk.conf", in->dir.p);
    if (n < 0 || m < 0 || (size_t)n >= sizeof data || (size_t)m >= sizeof file)
        return err_set(e, RC_LIMIT, "%s: the path is too long", in->dir.p);
    buf_adds(
        &conf,
        "# Settings of vulndesk, written by `vulndesk init`. A line with # in front of its key\n"
        "# shows the default; vulndesk.conf(5) and `vulndesk config show` explain each.\n\n");
    TRY(settings_write(&conf, in->plan.values, in->plan.n_values, e));
    TRY(dir_make(AT_FDCWD, in->dir.p, 0755, e));
    TRY(dir_open(AT_FDCWD, in->dir.p, &dir, e));
    TRY(file_write_sync(dir, "SECURITY.md", in->policy_text, 0644, e));
    TRY(file_write_sync(dir, SETTINGS_FILE, buf_str(&conf), 0644, e));
    TRY(dir_make(dir, "data", DATA_MODE, e));
    TRY(dir_make(dir, "data/run", 0755, e));
    TRY(dir_make(dir, "data/db", 0700, e));
    if (fchmodat(dir, "data", DATA_MODE, 0) != 0)
        return err_errno(e, RC_IO, "%s", data);
    TRY(settings_load(file, NULL, &in->set, e));
    return keygen_make(data, e);
}

static enum rc write_people(struct init *in, struct err *e)
{
    AUTO(db) struct db *db = NULL;
    struct actor who = actor_cli((int64_t)getuid());
    struct account_new n = {.login = str_c(in->person.login),
                            .name = in->person.name,
                            .email = in->person.address,
                            .role = STR("admin"),
                            .weight = 1};
    int64_t id;
    TRY(db_open(in->set->store.url.p, &db, e));
    TRY(migrate_run(db, NULL, e));
    struct desk d = {.db = db, .set = in->set, .policy = in->plan.policy};
    TRY(people_add(&d, &who, &n, &id, e));
    return people_signin(&d, &who, n.login, in->secret, e);
}

/* Only what init made: the folder was missing or empty. */
static void undo(const struct init *in)
{
    AUTO(fd) int dir = -1;
    struct err e = ERR_INIT;
    if (dir_open(AT_FDCWD, in->dir.p, &dir, &e) != RC_OK)
        return;
    (void)!dir_remove(dir, "data", &e);
    (void)!unlinkat(dir, SETTINGS_FILE, 0);
    (void)!unlinkat(dir, "SECURITY.md", 0);
    if (!in->dir_was_there)
        (void)!rmdir(in->dir.p);
}

static void report_written(const struct init *in, struct buf *b)
{
    buf_addf(b, "\nWritten to %s\n", in->dir.p);
    buf_adds(
        b, "  vulndesk.conf   the settings, with where their values come from\n"
           "  SECURITY.md     a copy of the policy; taken in at the start whenever it was edited\n"
           "  data/keys/      back them up: without them stored mail cannot be read\n");
    buf_addf(b, "  data/           the database, with %.*s as first handler (login %s)\n",
             STR_ARG(in->person.name), in->person.login);
    buf_adds(b, "\nOutgoing mail is off (mail.outgoing) until you switch it on.\n");
    buf_addf(b, "\nNext\n  vulndesk config check --config %s/vulndesk.conf\n", in->dir.p);
    buf_addf(b, "  vulndesk serve --config %s/vulndesk.conf\n", in->dir.p);
    buf_addf(b, "  sign in, once, with this link (shown only now):\n  %s/signin/%s\n",
             in->set->desk.staff_url.p, in->secret);
}

static enum rc run(struct init *in, const struct arg *args, struct buf *report, struct err *e)
{
    TRY(read_all(in, args, e));
    TRY(ask_maintained(in, e));
    TRY(init_plan_make(&in->plan, e));
    umask(022);
    enum rc rc = write_files(in, e);
    if (rc == RC_OK)
        rc = write_people(in, e);
    if (rc != RC_OK) {
        undo(in);
        return rc;
    }
    init_plan_report(&in->plan, report);
    report_written(in, report);
    return buf_ok(report, "the report", e);
}

int init_main(int argc, char **argv)
{
    struct arg known[A_COUNT] = {
        [A_POLICY] = {.name = "--policy"},     [A_HANDLER] = {.name = "--handler"},
        [A_REPO] = {.name = "--repo"},         [A_DIR] = {.name = "--dir"},
        [A_NAME] = {.name = "--name"},         [A_PREFIX] = {.name = "--prefix"},
        [A_CONTACT] = {.name = "--contact"},   [A_MAINTAINED] = {.name = "--maintained"},
        [A_BASE_URL] = {.name = "--base-url"}, [A_STAFF_URL] = {.name = "--staff-url"},
        [A_STORE] = {.name = "--store"},       [A_LOGIN] = {.name = "--login"},
    };
    struct args args = {.known = known, .n_known = A_COUNT};
    struct err e = ERR_INIT;
    if (args_parse(&args, argc, argv, &e) != RC_OK || args.n_words > 0) {
        fprintf(stderr, "vulndesk init: %s\n", e.msg[0] ? e.msg : "takes no words");
        return EX_USAGE;
    }
    if (known[A_POLICY].value == NULL || known[A_HANDLER].value == NULL) {
        fprintf(stderr, "vulndesk init: --policy and --handler are needed\n");
        return EX_USAGE;
    }
    AUTO(arena) struct arena *a = arena_new(INIT_ARENA);
    AUTO(buf) struct buf report = BUF_INIT(REPORT_MAX);
    struct init in = {.a = a};
    enum rc rc = run(&in, known, &report, &e);
    settings_free(in.set);
    if (rc != RC_OK) {
        fprintf(stderr, "vulndesk init: %s\n", e.msg);
        return rc == RC_CONFLICT ? 73 : rc_exit(rc); /* EX_CANTCREAT */
    }
    fputs(buf_c(&report), stdout);
    return fflush(stdout) == 0 ? 0 : 74;
}
