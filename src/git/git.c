/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The git program on repositories that are not trusted.  Runs in commands and in the engine child;
 * everything git says is a stranger's text.
 */
#include "git/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"
#include "git/name.h"
#include "os/file.h"
#include "os/scratch.h"
#include "os/spawn.h"

#define ARGS_MAX       128
#define ALTERNATES_MAX (64 * 1024)
#define CACHE_HEX      16 /* bytes of the hash in the name of a cache folder */
#define HEAD_MAX       1024
#define CONFIG_MAX     (64 * 1024)
#define URL_MAX        2000
#define GIT_WORDS      300 /* bytes of git's complaint that are shown */
#define OWN_TEMPLATE   "vulndesk-git-XXXXXX"

struct git {
    char *repo;             /* the repository's git directory */
    char *own;              /* ours */
    struct scratch scratch; /* it is this one, when it is in no folder of the caller's */
    char *env_dir, *env_objects;
    char *own_objects; /* NULL until asked for */
    bool graph_on;
    const char *program;
    char format[8];
    bool plain; /* of the configuration: nothing in it says how to read the repository */
};

static const char *find_git(void)
{
    static const char *const places[] = {"/usr/bin/git", "/usr/local/bin/git", "/bin/git"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* The first line of what git complained about, for a message. */
static enum rc git_said(const struct buf *err, enum rc rc, struct err *e)
{
    struct str rest = buf_str(err), line = STR_NONE;
    AUTO(buf) struct buf clean = BUF_INIT(3 * GIT_WORDS);
    (void)str_line(&rest, &line);
    utf8_clean_line(&clean, str_sub(line, 0, GIT_WORDS));
    return err_set(e, rc, "git: %s", clean.n ? buf_c(&clean) : "it failed without a word");
}

static enum rc run_env(const char *program, const char *const *argv, const char *const *envp,
                       struct str in, struct buf *out, struct err *e)
{
    AUTO(buf) struct buf err = BUF_INIT(4096);
    struct spawn s = SPAWN_INIT;
    struct child_end end;
    s.path = program;
    s.argv = argv;
    s.envp = envp;
    s.cwd = "/";
    struct spawn_io io = {.in = in, .out = out, .err = &err, .timeout_ms = GIT_TIMEOUT_MS};
    TRY(spawn_run(&s, &io, &end, e));
    return child_end_ok(&end) ? RC_OK : git_said(&err, RC_INVALID, e);
}

/* The arguments with git's name in front, ending with NULL. */
static enum rc full_args(const struct git *g, const char *const *args,
                         const char *ret_argv[ARGS_MAX + 1], struct err *e)
{
    size_t n = 0;
    ret_argv[n++] = "git";
    if (g->graph_on) {
        ret_argv[n++] = "-c";
        ret_argv[n++] = "core.commitGraph=true";
    }
    for (size_t i = 0; args[i]; i++) {
        if (n == ARGS_MAX)
            return err_set(e, RC_INTERNAL, "more than %d arguments for git", ARGS_MAX);
        ret_argv[n++] = args[i];
    }
    ret_argv[n] = NULL;
    return RC_OK;
}

#define ENV_MAX 20
static void full_env(const struct git *g, const char *ret_env[ENV_MAX])
{
    const char *const env[ENV_MAX] = {g->env_dir,
                                      g->env_objects,
                                      "GIT_CONFIG_NOSYSTEM=1",
                                      "GIT_CONFIG_GLOBAL=/dev/null",
                                      "GIT_ATTR_NOSYSTEM=1",
                                      "GIT_NO_REPLACE_OBJECTS=1",
                                      "GIT_NO_LAZY_FETCH=1",
                                      "GIT_OPTIONAL_LOCKS=0",
                                      "GIT_LITERAL_PATHSPECS=1",
                                      "GIT_TERMINAL_PROMPT=0",
                                      "GIT_ASKPASS=/bin/false",
                                      "GIT_ALLOW_PROTOCOL=",
                                      "GIT_PAGER=cat",
                                      "HOME=/nonexistent",
                                      "PATH=/usr/bin:/bin",
                                      "LC_ALL=C",
                                      "TZ=UTC",
                                      NULL};
    memcpy(ret_env, env, sizeof env);
}

enum rc git_run(struct git *g, const char *const *args, struct str in, struct buf *out,
                struct err *e)
{
    const char *argv[ARGS_MAX + 1], *envp[ENV_MAX];
    TRY(full_args(g, args, argv, e));
    full_env(g, envp);
    return run_env(g->program, argv, envp, in, out, e);
}

enum rc git_start(struct git *g, const char *const *args, int in, int out, struct child *ret_child,
                  struct err *e)
{
    const char *argv[ARGS_MAX + 1], *envp[ENV_MAX];
    TRY(full_args(g, args, argv, e));
    full_env(g, envp);
    struct spawn s = SPAWN_INIT;
    s.path = g->program;
    s.argv = argv;
    s.envp = envp;
    s.cwd = "/";
    s.in = in;
    s.out = out;
    return spawn_start(&s, ret_child, e);
}

/* One value of the repository's configuration, read as a file: git parses it and acts on nothing.
 */
static enum rc repo_config(const struct git *g, const char *key, struct buf *out, struct err *e)
{
    AUTO(mem) char *file = NULL;
    if (asprintf(&file, "%s/config", g->repo) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    if (access(file, R_OK) != 0)
        return err_set(e, RC_NOTFOUND, "the repository has no configuration");
    const char *const argv[] = {"git", "config", "--no-includes", "--file", file, "--get",
                                key,   NULL};
    /* No GIT_DIR: a "git config --file" needs none, and finds none in "/". */
    const char *const envp[] = {"GIT_CONFIG_NOSYSTEM=1",
                                "GIT_CONFIG_GLOBAL=/dev/null",
                                "GIT_CEILING_DIRECTORIES=/",
                                "GIT_DIR=/nonexistent",
                                "HOME=/nonexistent",
                                "PATH=/usr/bin:/bin",
                                "LC_ALL=C",
                                NULL};
    enum rc rc = run_env(g->program, argv, envp, STR_NONE, out, e);
    return rc == RC_INVALID ? err_set(e, RC_NOTFOUND, "%s is not set", key) : rc;
}

/* ---- Opening ---- */

static bool is_dir(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    return n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum rc find_repo(const char *dir, char **ret_repo, struct err *e)
{
    AUTO(mem) char *real = realpath(dir, NULL);
    if (real == NULL)
        return err_errno(e, errno == ENOENT ? RC_NOTFOUND : RC_IO, "%s", dir);
    if (is_dir(real, "objects") && is_dir(real, "refs")) {
        *ret_repo = TAKE(real);
        return RC_OK;
    }
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/.git", real);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(e, RC_LIMIT, "%s: the path is too long", dir);
    if (lstat(path, &st) != 0)
        return err_set(e, RC_NOTFOUND, "%s is no git repository", dir);
    if (!S_ISDIR(st.st_mode) || !is_dir(path, "objects") || !is_dir(path, "refs"))
        return err_set(e, RC_INVALID,
                       "%s is a linked worktree or no whole repository; name the repository itself",
                       dir);
    *ret_repo = str_dup(str_c(path));
    return RC_OK;
}

/* "ref: refs/heads/x" or an id; anything else of a stranger becomes a branch that is not there. */
static void clean_head(struct str have, struct buf *b)
{
    have = str_trim(have);
    struct str ref = str_starts(have, STR("ref:")) ? str_trim(str_sub(have, 4, have.n)) : STR_NONE;
    if (str_starts(ref, STR("refs/heads/")) && git_ref_ok(ref))
        buf_addf(b, "ref: %.*s\n", STR_ARG(ref));
    else if (git_oid_ok(have))
        buf_addf(b, "%.*s\n", STR_ARG(have));
    else
        buf_adds(b, "ref: refs/heads/none\n");
}

static enum rc link_into(const struct git *g, const char *name, bool needed, struct err *e)
{
    char from[PATH_MAX], to[PATH_MAX];
    int n = snprintf(from, sizeof from, "%s/%s", g->repo, name);
    int m = snprintf(to, sizeof to, "%s/%s", g->own, name);
    if (n < 0 || m < 0 || (size_t)n >= sizeof from || (size_t)m >= sizeof to)
        return err_set(e, RC_LIMIT, "the repository's path is too long");
    if (!needed && access(from, F_OK) != 0)
        return RC_OK;
    if (symlink(from, to) != 0)
        return err_errno(e, RC_IO, "the folder for git could not be made");
    return RC_OK;
}

/* A configuration without this word has no extensions: sha1, refs in files. */
static bool is_plain(const struct git *g)
{
    AUTO(fd) int repo = -1;
    AUTO(buf) struct buf b = BUF_INIT(CONFIG_MAX);
    struct err e = ERR_INIT;
    return dir_open(AT_FDCWD, g->repo, &repo, &e) == RC_OK &&
           file_read(repo, "config", CONFIG_MAX, &b, &e) == RC_OK &&
           memchr(b.p ? b.p : "", '\0', b.n) == NULL && strcasestr(buf_c(&b), "extensions") == NULL;
}

static enum rc read_format(struct git *g, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1024);
    g->plain = is_plain(g);
    if (g->plain) {
        memcpy(g->format, "sha1", sizeof "sha1");
        return RC_OK;
    }
    enum rc rc = repo_config(g, "extensions.objectformat", &b, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    struct str v = rc == RC_OK ? str_trim(buf_str(&b)) : STR("sha1");
    if (!str_eq_nocase(v, STR("sha1")) && !str_eq_nocase(v, STR("sha256")))
        return err_set(e, RC_INVALID, "the repository's object format is neither sha1 nor sha256");
    snprintf(g->format, sizeof g->format, "%s", str_eq_nocase(v, STR("sha1")) ? "sha1" : "sha256");
    buf_reset(&b);
    rc = repo_config(g, "extensions.refstorage", &b, e);
    if (rc == RC_OK && !str_eq_nocase(str_trim(buf_str(&b)), STR("files")))
        return err_set(e, RC_INVALID, "the repository keeps its refs in another way than in files");
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc write_own(struct git *g, struct err *e)
{
    AUTO(fd) int own = -1;
    AUTO(fd) int repo = -1;
    AUTO(buf) struct buf head = BUF_INIT(HEAD_MAX);
    AUTO(buf) struct buf text = BUF_INIT(4096);
    TRY(dir_open(AT_FDCWD, g->own, &own, e));
    TRY(dir_open(AT_FDCWD, g->repo, &repo, e));
    if (file_read(repo, "HEAD", HEAD_MAX, &head, e) != RC_OK)
        return err_set(e, RC_NOTFOUND, "%s has no HEAD that can be read", g->repo);
    clean_head(buf_str(&head), &text);
    TRY(file_write_sync(own, "HEAD", buf_str(&text), 0600, e));
    buf_reset(&text);
    buf_adds(&text, "[core]\n\tbare = true\n\thooksPath = /dev/null\n\tfsmonitor = false\n"
                    "\tattributesFile = /dev/null\n\tcommitGraph = false\n"
                    "\tpackedGitWindowSize = 4m\n\tpackedGitLimit = 32m\n"
                    "\tdeltaBaseCacheLimit = 32m\n"
                    "\tpager = cat\n\tsshCommand = /bin/false\n"
                    "[protocol]\n\tallow = never\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
                    "[safe]\n\tdirectory = *\n[uploadpack]\n\tpackObjectsHook =\n");
    if (strcmp(g->format, "sha256") == 0)
        buf_adds(&text, "[core]\n\trepositoryformatversion = 1\n"
                        "[extensions]\n\tobjectformat = sha256\n");
    TRY(buf_ok(&text, "git's configuration", e));
    return file_write_sync(own, "config", buf_str(&text), 0600, e);
}

static enum rc open_own(struct git *g, const char *scratch, struct err *e)
{
    if (scratch == NULL)
        TRY(scratch_make("git", &g->scratch, e));
    if (scratch == NULL ? asprintf(&g->own, "%s", g->scratch.path) < 0
                        : asprintf(&g->own, "%s/%s", scratch, OWN_TEMPLATE) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    if (scratch && mkdtemp(g->own) == NULL) {
        free(TAKE(g->own));
        return err_errno(e, RC_IO, "the folder for git could not be made");
    }
    if (asprintf(&g->env_dir, "GIT_DIR=%s", g->own) < 0 ||
        asprintf(&g->env_objects, "GIT_OBJECT_DIRECTORY=%s/objects", g->repo) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    TRY(read_format(g, e));
    TRY(write_own(g, e));
    TRY(link_into(g, "refs", true, e));
    TRY(link_into(g, "packed-refs", false, e));
    return link_into(g, "shallow", false, e);
}

enum rc git_open(const char *dir, const char *scratch, struct git **ret_g, struct err *e)
{
    AUTO(git) struct git *g = mem_zalloc(sizeof *g);
    g->scratch = (struct scratch)SCRATCH_INIT;
    g->program = find_git();
    if (g->program == NULL)
        return err_set(e, RC_IO, "the program git is not installed");
    TRY(find_repo(dir, &g->repo, e));
    TRY(open_own(g, scratch, e));
    AUTO(buf) struct buf b = BUF_INIT(100);
    const char *const args[] = {"rev-parse", "--show-object-format", NULL};
    if (!g->plain)
        TRY(git_run(g, args, STR_NONE, &b, e));
    if (!g->plain && !str_eq(str_trim(buf_str(&b)), str_c(g->format)))
        return err_set(e, RC_INVALID, "git reads the repository's object format differently");
    *ret_g = TAKE(g);
    return RC_OK;
}

void git_close(struct git *g)
{
    if (g == NULL)
        return;
    struct err e = ERR_INIT;
    if (g->own && g->scratch.path == NULL)
        (void)!dir_remove(AT_FDCWD, g->own, &e);
    scratch_remove(&g->scratch);
    free(g->repo);
    free(g->own);
    free(g->env_dir);
    free(g->env_objects);
    free(g->own_objects);
    free(g);
}

void git_auto(struct git **g)
{
    git_close(*g);
}

const char *git_object_format(const struct git *g)
{
    return g->format;
}

const char *git_repo_dir(const struct git *g)
{
    return g->repo;
}

const char *git_own_dir(const struct git *g)
{
    return g->own;
}

enum rc git_cache_make(const struct git *g, const char *cache, struct arena *a,
                       const char **ret_dir, struct err *e)
{
    unsigned char sum[SHA256_LEN];
    char hex[2 * CACHE_HEX + 1];
    sha256(str_c(git_repo_dir(g)), sum);
    hex_put(hex, sum, CACHE_HEX);
    hex[2 * CACHE_HEX] = '\0';
    struct str path = arena_strf(a, "%s/repo-%s", cache, hex);
    TRY(arena_ok(a, "the path of the cache", e));
    TRY(dir_make(AT_FDCWD, path.p, 0700, e));
    *ret_dir = path.p;
    return RC_OK;
}

/* ---- Objects of our own ---- */

enum rc git_own_objects_make(struct git *g, struct err *e)
{
    if (g->own_objects)
        return RC_OK;
    if (strchr(g->repo, '\n'))
        return err_set(e, RC_INVALID, "the repository's path holds a line end");
    AUTO(mem) char *objects = NULL;
    AUTO(mem) char *env = NULL;
    AUTO(mem) char *info = NULL;
    AUTO(mem) char *list = NULL;
    if (asprintf(&objects, "%s/objects", g->own) < 0 || asprintf(&info, "%s/info", objects) < 0 ||
        asprintf(&env, "GIT_OBJECT_DIRECTORY=%s", objects) < 0 ||
        asprintf(&list, "%s/objects\n", g->repo) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    AUTO(fd) int fd = -1;
    TRY(dir_make(AT_FDCWD, info, 0700, e));
    TRY(dir_open(AT_FDCWD, info, &fd, e));
    TRY(file_write_sync(fd, "alternates", str_c(list), 0600, e));
    free(g->env_objects);
    g->env_objects = TAKE(env);
    g->own_objects = TAKE(objects);
    return RC_OK;
}

enum rc git_alternate_add(struct git *g, const char *objects, struct err *e)
{
    BUG_ON(g->own_objects == NULL);
    AUTO(mem) char *real = realpath(objects, NULL);
    if (real == NULL)
        return err_errno(e, errno == ENOENT ? RC_NOTFOUND : RC_IO, "%s", objects);
    if (strchr(real, '\n'))
        return err_set(e, RC_INVALID, "the path of the objects holds a line end");
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf list = BUF_INIT(ALTERNATES_MAX);
    TRY(dir_open(AT_FDCWD, g->own_objects, &fd, e));
    TRY(file_read(fd, "info/alternates", ALTERNATES_MAX, &list, e));
    buf_adds(&list, real);
    buf_addc(&list, '\n');
    TRY(buf_ok(&list, "the list of folders with objects", e));
    return file_write_sync(fd, "info/alternates", buf_str(&list), 0600, e);
}

const char *git_own_objects(const struct git *g)
{
    return g->own_objects;
}

void git_graph_on(struct git *g)
{
    g->graph_on = true;
}

/* ---- Refs ---- */

#define REF_FIELDS 8
#define REF_FORMAT                                                                                 \
    "--format=%(refname)%00%(symref)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00"          \
    "%(*objectname)%00%(creatordate:unix)%00%(committerdate:unix)%(*committerdate:unix)"

static int64_t seconds(struct str s)
{
    uint64_t n;
    struct err e;
    return num_parse(s, 0, INT64_MAX / US_PER_S, "date", &n, &e) == RC_OK ? (int64_t)n * US_PER_S
                                                                          : 0;
}

static bool read_ref(struct arena *a, struct str line, struct str prefix, struct git_ref *ret_r)
{
    struct str f[REF_FIELDS], rest = line;
    for (size_t i = 0; i < REF_FIELDS; i++) {
        size_t nul = str_chr(rest, '\0');
        f[i] = str_sub(rest, 0, nul == STR_NPOS ? rest.n : nul);
        rest = nul == STR_NPOS ? STR_NONE : str_sub(rest, nul + 1, rest.n);
    }
    bool annotated = str_eq(f[2], STR("tag"));
    struct str type = annotated ? f[4] : f[2], commit = annotated ? f[5] : f[3];
    struct str name = str_starts(f[0], prefix) ? str_sub(f[0], prefix.n, f[0].n) : STR_NONE;
    if (f[1].n > 0 || !str_eq(type, STR("commit")) || !git_oid_ok(commit) || !git_ref_ok(name))
        return false;
    *ret_r = (struct git_ref){.name = arena_str(a, name),
                              .commit = arena_str(a, commit),
                              .commit_us = seconds(f[7]),
                              .made_us = seconds(f[6]),
                              .annotated = annotated};
    return true;
}

static int by_date(const void *a, const void *b)
{
    const struct git_ref *x = a, *y = b;
    if (x->commit_us != y->commit_us)
        return x->commit_us < y->commit_us ? -1 : 1;
    return str_cmp(x->name, y->name);
}

struct ref_list {
    struct git_ref *v;
    size_t n, left_out;
};

static enum rc list_refs(struct git *g, struct arena *a, const char *prefix, const char *strip,
                         struct ref_list *ret_l, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(GIT_OUT_MAX);
    const char *const args[] = {"for-each-ref", REF_FORMAT, "--", prefix, NULL};
    TRY(git_run(g, args, STR_NONE, &out, e));
    size_t lines = 0;
    for (size_t i = 0; i < out.n; i++)
        lines += out.p[i] == '\n';
    if (lines > GIT_REFS_MAX)
        return err_set(e, RC_LIMIT, "the repository has more than %d refs", GIT_REFS_MAX);
    struct ref_list l = {.v = arena_array(a, lines + 1, sizeof *l.v)};
    struct str rest = buf_str(&out), line;
    while (l.v && str_cut(&rest, '\n', &line)) {
        if (read_ref(a, line, str_c(strip), &l.v[l.n]))
            l.n++;
        else
            l.left_out++;
    }
    TRY(arena_ok(a, "the list of refs", e));
    qsort(l.v, l.n, sizeof *l.v, by_date);
    *ret_l = l;
    return RC_OK;
}

enum rc git_tags(struct git *g, struct arena *a, struct git_ref **ret_refs, size_t *ret_n,
                 size_t *ret_left_out, struct err *e)
{
    struct ref_list l;
    TRY(list_refs(g, a, "refs/tags/", "refs/tags/", &l, e));
    *ret_refs = l.v;
    *ret_n = l.n;
    if (ret_left_out)
        *ret_left_out = l.left_out;
    return RC_OK;
}

enum rc git_branches(struct git *g, struct arena *a, struct git_ref **ret_refs, size_t *ret_n,
                     struct err *e)
{
    struct ref_list own, remote;
    TRY(list_refs(g, a, "refs/heads/", "refs/heads/", &own, e));
    TRY(list_refs(g, a, "refs/remotes/", "refs/remotes/", &remote, e));
    struct git_ref *all = arena_array(a, own.n + remote.n + 1, sizeof *all);
    if (all == NULL)
        return arena_ok(a, "the list of branches", e);
    memcpy(all, own.v, own.n * sizeof *all);
    memcpy(all + own.n, remote.v, remote.n * sizeof *all);
    *ret_refs = all;
    *ret_n = own.n + remote.n;
    return RC_OK;
}

enum rc git_head(struct git *g, struct buf *ret_name, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(HEAD_MAX);
    const char *const args[] = {"symbolic-ref", "--quiet", "HEAD", NULL};
    const char *const exists[] = {"rev-parse", "--verify", "--quiet", "HEAD^{commit}", NULL};
    AUTO(buf) struct buf id = BUF_INIT(HEAD_MAX);
    if (git_run(g, args, STR_NONE, &out, e) != RC_OK ||
        git_run(g, exists, STR_NONE, &id, e) != RC_OK)
        return err_set(e, RC_NOTFOUND, "HEAD names no branch that is there");
    struct str name = str_trim(buf_str(&out));
    if (!str_starts(name, STR("refs/heads/")) || !git_ref_ok(name))
        return err_set(e, RC_NOTFOUND, "HEAD names no branch");
    buf_add(ret_name, str_sub(name, 11, name.n));
    return buf_ok(ret_name, "the branch's name", e);
}

/* ---- Files ---- */

/* Asks cat-file about one object; the answer's first line without its end. */
static enum rc cat_file(struct git *g, const char *mode, struct str object, struct buf *out,
                        struct str *ret_line, struct err *e)
{
    AUTO(buf) struct buf in = BUF_INIT(GIT_NAME_MAX + GIT_PATH_MAX + 10);
    buf_add(&in, object);
    buf_addc(&in, '\n');
    TRY(buf_ok(&in, "the name of the object", e));
    const char *const args[] = {"cat-file", mode, NULL};
    TRY(git_run(g, args, buf_str(&in), out, e));
    struct str rest = buf_str(out);
    if (!str_cut(&rest, '\n', ret_line))
        return err_set(e, RC_IO, "git gave no answer");
    return RC_OK;
}

/* "ID TYPE SIZE"; false for "NAME missing" and the like. */
static bool read_info(struct str line, struct str *ret_id, struct str *ret_type, uint64_t *ret_size)
{
    struct str size, rest = line;
    struct err e;
    return str_cut(&rest, ' ', ret_id) && str_cut(&rest, ' ', ret_type) &&
           str_cut(&rest, ' ', &size) && rest.n == 0 && git_oid_ok(*ret_id) &&
           num_parse(size, 0, UINT32_MAX, "size", ret_size, &e) == RC_OK;
}

enum rc git_file_at(struct git *g, struct str rev, struct str path, size_t max, struct buf *b,
                    struct err *e)
{
    if (!git_ref_ok(rev) || !git_path_ok(path))
        return err_set(e, RC_INVALID, "that is no name of a revision or file");
    AUTO(buf) struct buf name = BUF_INIT(GIT_NAME_MAX + GIT_PATH_MAX + 2);
    AUTO(buf) struct buf info = BUF_INIT(GIT_NAME_MAX + GIT_PATH_MAX + 200);
    AUTO(buf) struct buf out = BUF_INIT(max + 200);
    struct str line, id, type;
    uint64_t size;
    buf_addf(&name, "%.*s:%.*s", STR_ARG(rev), STR_ARG(path));
    TRY(cat_file(g, "--batch-check", buf_str(&name), &info, &line, e));
    if (!read_info(line, &id, &type, &size))
        return err_set(e, RC_NOTFOUND, "there is no such file in that revision of this mirror");
    if (!str_eq(type, STR("blob")))
        return err_set(e, RC_INVALID, "that is no file but a folder or submodule");
    if (size > max)
        return err_set(e, RC_LIMIT, "the file has %llu bytes, %zu are the limit",
                       (unsigned long long)size, max);
    TRY(cat_file(g, "--batch", id, &out, &line, e));
    struct str body = str_sub(buf_str(&out), line.n + 1, out.n);
    if (body.n != size + 1)
        return err_set(e, RC_IO, "git gave another number of bytes than it said");
    buf_add(b, str_sub(body, 0, size));
    return buf_ok(b, "the file", e);
}

enum rc git_remote_url(struct git *g, struct buf *ret_url, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(URL_MAX);
    TRY(repo_config(g, "remote.origin.url", &out, e));
    utf8_clean_line(ret_url, str_trim(buf_str(&out)));
    return buf_ok(ret_url, "the URL of origin", e);
}
