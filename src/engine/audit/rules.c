/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structural rules, run by ast-grep and Coccinelle in confined children.  Runs in the engine child
 * and in the command; rules are a colleague's, files are strangers', tools are not trusted with
 * either.
 */
#include "engine/audit/rules_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/spawn.h"

#define US_A_MS     1000
#define COMPLAINT   300 /* bytes of what a tool says on its stderr */
#define WORDS_MAX   400
#define FILE_MAX    (UINT64_C(64) << 20) /* that the tool itself may write */
#define TOOL_NOFILE 256

const char *rule_tool_name(enum rule_tool tool)
{
    return tool == RULE_COCCINELLE ? "Coccinelle" : "ast-grep";
}

const char *rule_state_name(enum rule_state state)
{
    static const char *const names[] = {[RULE_DONE] = "done",
                                        [RULE_CUT] = "cut",
                                        [RULE_NO_TOOL] = "no tool",
                                        [RULE_REFUSED] = "refused",
                                        [RULE_FAILED] = "failed"};
    return names[state];
}

struct run {
    const struct rules_ask *ask;
    struct arena *arena;
    struct rule_told *told; /* of the rule that runs */
    char dir[FILE_PATH_MAX];
    char program[FILE_PATH_MAX];
    const char *ending;
    int64_t until_us;
    int files_fd; /* dir/files */
    size_t bytes;
    bool over; /* no further batch */
    struct rules_batch batch;
    struct rules_found found;
    struct rule_hit *hits; /* of all rules so far */
    size_t n_hits;
};

/* How a rule stands from now on, and that no further batch follows. */
static void end_rule(struct run *r, enum rule_state state, const char *words)
{
    AUTO(buf) struct buf b = BUF_INIT(4 * WORDS_MAX);
    utf8_clean_line(&b, str_sub(str_c(words), 0, WORDS_MAX));
    r->told->state = state;
    r->told->words = arena_str(r->arena, buf_str(&b));
    r->over = true;
    if (state != RULE_CUT)
        r->found.n = 0;
}

static bool executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Only under its full name: `sg` is another program on many machines. */
static bool find_tool(struct run *r)
{
    static const char *const usual[] = {"/usr/local/bin", "/usr/bin", "/bin", NULL};
    const char *name = r->told->tool == RULE_COCCINELLE ? "spatch" : "ast-grep";
    const char *const *place = r->ask->places ? r->ask->places : usual;
    for (; *place; place++) {
        char path[FILE_PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", *place, name);
        if (n < 0 || (size_t)n >= sizeof path || !executable(path))
            continue;
        /* The real file: a link may lead out of what the child may see. */
        return realpath(path, r->program) != NULL;
    }
    return false;
}

static enum rc put_file(int dirfd, const char *name, struct str text, struct err *e)
{
    AUTO(fd) int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, RC_IO, "cannot write a file for a structural rule");
    return fd_write_all(fd, text, e);
}

static const char *rule_file(const struct run *r)
{
    return r->told->tool == RULE_COCCINELLE ? "rule.cocci" : "rule.yml";
}

/* Its first words, for a person. */
static void failed(struct run *r, const struct buf *said)
{
    char words[COMPLAINT + 64];
    struct str s = str_trim(str_sub(buf_str(said), 0, COMPLAINT));
    snprintf(words, sizeof words, "%s did not take the rule: %.*s", rule_tool_name(r->told->tool),
             STR_ARG(s));
    end_rule(r, RULE_FAILED, words);
}

static void read_answer(struct run *r, const struct buf *out, bool whole)
{
    struct err e = ERR_INIT;
    struct str s = buf_str(out);
    if (!whole) { /* the last line may be a part of one */
        size_t nl = str_rchr(s, '\n');
        s = str_sub(s, 0, nl == STR_NPOS ? 0 : nl + 1);
    }
    enum rc rc = r->told->tool == RULE_COCCINELLE ? rules_read_diff(s, &r->batch, &r->found, &e)
                                                  : rules_read_json(s, &r->batch, &r->found, &e);
    if (rc != RC_OK) {
        err_prefix(&e, "the answer of %s cannot be read: ", rule_tool_name(r->told->tool));
        end_rule(r, RULE_FAILED, e.msg);
    } else if (r->found.cut && !r->over) {
        end_rule(r, RULE_CUT, "the rule finds more places than are listed");
    }
}

/* What the child may do: read the system's programs, write into its folder. */
static void tool_rights(const struct run *r, struct sandbox_rules *ret)
{
    const struct sandbox_path paths[] = {
        {"/usr", SANDBOX_READ | SANDBOX_EXEC},
        {"/bin", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/lib", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/lib64", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
        {"/etc/ld.so.cache", SANDBOX_READ | SANDBOX_MAYBE},
        {"/dev/null", SANDBOX_READ | SANDBOX_WRITE},
        {"/dev/urandom", SANDBOX_READ | SANDBOX_MAYBE},
        {r->program, SANDBOX_READ | SANDBOX_EXEC},
        {r->dir, SANDBOX_RW},
    };
    *ret = (struct sandbox_rules){
        .name = "rule",
        .npaths = ARRAY_LEN(paths),
        .calls = SANDBOX_C_SPAWN,
        .unknown = SANDBOX_OPEN,
        .no_network = true,
        .limits = {.as_bytes = RULES_MEMORY,
                   .cpu_s = RULES_CPU_S,
                   .nofile = TOOL_NOFILE,
                   .fsize_bytes = FILE_MAX},
        .require = true,
    };
    memcpy(ret->paths, paths, sizeof paths);
}

static enum rc start_tool(struct run *r, struct buf *out, struct buf *said, struct child_end *end,
                          struct err *e)
{
    static const char *const coccinelle[] = {"spatch",
                                             "--sp-file",
                                             "rule.cocci",
                                             "--very-quiet",
                                             "--no-includes",
                                             "--timeout",
                                             "30",
                                             "-U",
                                             "0",
                                             "--use-coccigrep",
                                             "--temp-files",
                                             "tmp",
                                             "--jobs",
                                             "1",
                                             "--dir",
                                             "files",
                                             NULL};
    static const char *const ast_grep[] = {"ast-grep",      "scan",      "--rule",      "rule.yml",
                                           "--json=stream", "--warning", "--threads",   "1",
                                           "--no-ignore",   "hidden",    "--no-ignore", "vcs",
                                           "files",         NULL};
    static const char *const env[] = {"PATH=/usr/bin:/bin", "HOME=.", "TMPDIR=.",
                                      "LC_ALL=C.UTF-8",     "TZ=UTC", NULL};
    struct sandbox_rules rights;
    tool_rights(r, &rights);
    struct spawn s = SPAWN_INIT;
    s.path = r->program;
    s.argv = r->told->tool == RULE_COCCINELLE ? coccinelle : ast_grep;
    s.envp = env;
    s.cwd = r->dir;
    s.confine = &rights;
    int64_t left_ms = (r->until_us - clock_mono_us()) / US_A_MS;
    int timeout_ms = left_ms < RULES_BATCH_MS ? (int)left_ms : RULES_BATCH_MS;
    struct spawn_io io = {.out = out, .err = said, .timeout_ms = timeout_ms > 0 ? timeout_ms : 0};
    return spawn_run(&s, &io, end, e);
}

/* The files of the batch are there; reads what the tool finds in them. */
static void ask_tool(struct run *r)
{
    struct err e = ERR_INIT;
    struct child_end end = {0};
    AUTO(buf) struct buf out = BUF_INIT(RULES_OUTPUT_MAX);
    AUTO(buf) struct buf said = BUF_INIT(4096);
    enum rc rc = start_tool(r, &out, &said, &end, &e);
    if (rc == RC_TIMEOUT) {
        end_rule(r, RULE_CUT, "the time for structural rules ran out");
        read_answer(r, &out, false);
    } else if (rc == RC_LIMIT && out.n > 0) {
        end_rule(r, RULE_CUT, "the rule finds more than can be read");
        read_answer(r, &out, false);
    } else if (rc != RC_OK) {
        end_rule(r, RULE_REFUSED, e.msg);
    } else if (end.killed) {
        end_rule(r, RULE_CUT, "the tool was ended: it took too much time or memory");
        read_answer(r, &out, false);
    } else if (end.code != 0) {
        failed(r, &said);
    } else {
        read_answer(r, &out, true);
        if (!r->over && str_find(buf_str(&said), STR("EXN:")) != STR_NPOS) {
            end_rule(r, RULE_CUT, "Coccinelle could not read some of the files");
            r->over = false;
        }
    }
}

static enum rc run_batch(struct run *r, struct err *e)
{
    if (r->batch.n == 0)
        return RC_OK;
    ask_tool(r);
    r->told->n_files += r->batch.n;
    for (size_t i = 0; i < r->batch.n; i++) {
        char name[RULES_FILE_NAME_MAX];
        rules_file_name(i, r->ending, name);
        if (unlinkat(r->files_fd, name, 0) != 0 && errno != ENOENT)
            return err_errno(e, RC_IO, "cannot remove a file of a structural rule");
    }
    r->batch.n = 0;
    r->bytes = 0;
    return RC_OK;
}

static uint32_t count_lines(struct str s)
{
    uint32_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n + (s.n == 0 || s.p[s.n - 1] != '\n');
}

/* File number i of the caller joins the batch. */
static enum rc take_file(struct run *r, size_t i, struct err *e)
{
    struct err lost = ERR_INIT;
    struct str text;
    if (r->ask->text(r->ask->arg, i, &text, &lost) != RC_OK || text.n > RULES_BATCH_BYTES)
        return RC_OK;
    if (r->batch.n == RULES_BATCH_FILES || r->bytes + text.n > RULES_BATCH_BYTES) {
        TRY(run_batch(r, e));
        if (r->over)
            return RC_OK;
        /* It may have been forgotten meanwhile. */
        if (r->ask->text(r->ask->arg, i, &text, &lost) != RC_OK)
            return RC_OK;
    }
    char name[RULES_FILE_NAME_MAX];
    rules_file_name(r->batch.n, r->ending, name);
    TRY(put_file(r->files_fd, name, text, e));
    r->batch.file[r->batch.n] = (uint32_t)i;
    r->batch.lines[r->batch.n++] = count_lines(text);
    r->bytes += text.n;
    return RC_OK;
}

/* Whether a rule for `rule` is for files in `file`. */
static bool reads(enum lang rule, enum lang file)
{
    if (rule == LANG_CPP)
        return file == LANG_CPP || file == LANG_C;
    if (rule == LANG_MARKUP)
        return file == LANG_MARKUP || file == LANG_TEMPLATE;
    return rule == file;
}

static enum rc read_files(struct run *r, enum lang lang, struct err *e)
{
    for (size_t i = 0; i < r->ask->n_files && !r->over; i++) {
        if (!reads(lang, r->ask->lang(r->ask->arg, i)))
            continue;
        if (clock_mono_us() >= r->until_us) {
            end_rule(r, RULE_CUT, "the time for structural rules ran out");
            break;
        }
        if (r->ask->progress && i % 256 == 0)
            r->ask->progress(r->ask->progress_arg, "structural rules", i, r->ask->n_files);
        TRY(take_file(r, i, e));
    }
    return r->over ? RC_OK : run_batch(r, e);
}

/* A folder for one rule: the rule, and below it the files. */
static enum rc prepare(struct run *r, const struct rule *rule, struct err *e)
{
    int n = snprintf(r->dir, sizeof r->dir, "%s/rule-XXXXXX", r->ask->scratch);
    if (n < 0 || (size_t)n >= sizeof r->dir || !mkdtemp(r->dir))
        return err_errno(e, RC_IO, "cannot make a folder for structural rules");
    AUTO(fd) int dirfd = -1;
    TRY(dir_open(AT_FDCWD, r->dir, &dirfd, e));
    TRY(put_file(dirfd, rule_file(r), rule->text, e));
    TRY(dir_make(dirfd, "files", 0700, e));
    TRY(dir_make(dirfd, "tmp", 0700, e)); /* Coccinelle's */
    return dir_open(dirfd, "files", &r->files_fd, e);
}

static enum rc run_confined(struct run *r, const struct rule *rule, enum lang lang, struct err *e)
{
    r->dir[0] = '\0';
    r->files_fd = -1;
    enum rc rc = prepare(r, rule, e);
    if (rc == RC_OK)
        rc = read_files(r, lang, e);
    if (r->files_fd >= 0)
        close(fd_take(&r->files_fd));
    if (r->dir[0] && rc == RC_OK)
        return dir_remove(AT_FDCWD, r->dir, e);
    struct err quiet = ERR_INIT;
    if (r->dir[0] && dir_remove(AT_FDCWD, r->dir, &quiet) != RC_OK)
        return rc;
    return rc;
}

static void keep_hits(struct run *r)
{
    r->hits = mem_realloc(r->hits, (r->n_hits + r->found.n + 1) * sizeof *r->hits);
    memcpy(r->hits + r->n_hits, r->found.v, r->found.n * sizeof *r->hits);
    r->n_hits += r->found.n;
}

static enum rc run_rule(struct run *r, size_t i, struct err *e)
{
    const struct rule *rule = &r->ask->rules[i];
    struct err why = ERR_INIT;
    enum lang lang = LANG_NONE;
    r->told->tool = rule_tool_of(rule->text);
    r->told->words = STR_NONE;
    r->found.n = r->batch.n = r->bytes = 0;
    r->found.rule = (uint32_t)i;
    r->found.cut = r->over = false;
    if (rule_check(rule, &lang, &why) != RC_OK) {
        end_rule(r, RULE_REFUSED, why.msg);
        return RC_OK;
    }
    if (!find_tool(r)) {
        end_rule(r, RULE_NO_TOOL,
                 r->told->tool == RULE_COCCINELLE
                     ? "Coccinelle (spatch) is not installed on this machine"
                     : "ast-grep is not installed on this machine");
        return RC_OK;
    }
    r->ending = rule_ending(lang);
    TRY(run_confined(r, rule, lang, e));
    keep_hits(r);
    return RC_OK;
}

static int cmp_hits(const void *a, const void *b)
{
    const struct rule_hit *x = a, *y = b;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* In order, each once, counted for its rule. */
static enum rc hand_over(struct run *r, struct rule_told *told, struct rules_answer *ret)
{
    if (r->n_hits > 0)
        qsort(r->hits, r->n_hits, sizeof *r->hits, cmp_hits);
    struct rule_hit *hits = arena_array(r->arena, r->n_hits + 1, sizeof *hits);
    if (!hits)
        return RC_LIMIT;
    size_t n = 0;
    for (size_t i = 0; i < r->n_hits; i++) {
        if (n > 0 && cmp_hits(&hits[n - 1], &r->hits[i]) == 0)
            continue;
        hits[n++] = r->hits[i];
        told[r->hits[i].rule].n_hits++;
    }
    *ret = (struct rules_answer){.told = told, .hits = hits, .n_hits = n};
    return RC_OK;
}

static enum rc run_all(struct run *r, struct rule_told *told, struct err *e)
{
    for (size_t i = 0; i < r->ask->n_rules; i++) {
        r->told = &told[i];
        TRY(run_rule(r, i, e));
    }
    return RC_OK;
}

enum rc rules_run(const struct rules_ask *ask, struct arena *a, struct rules_answer *ret_answer,
                  struct err *e)
{
    if (ask->n_rules > RULES_MAX)
        return err_set(e, RC_LIMIT, "more than %u structural rules", RULES_MAX);
    struct rule_told *told = arena_array(a, ask->n_rules + 1, sizeof *told);
    AUTO(mem) struct run *r = mem_zalloc(sizeof *r);
    AUTO(mem) struct rule_hit *found = mem_alloc(RULES_HITS_MAX * sizeof *found);
    if (!told)
        return arena_ok(a, "the answer of the structural rules", e);
    r->ask = ask;
    r->arena = a;
    r->found.v = found;
    r->until_us =
        clock_mono_us() + (int64_t)(ask->timeout_ms ? ask->timeout_ms : RULES_ALL_MS) * US_A_MS;
    enum rc rc = run_all(r, told, e);
    if (rc == RC_OK)
        rc = hand_over(r, told, ret_answer);
    free(r->hits);
    return rc == RC_OK || rc != RC_LIMIT ? rc
                                         : arena_ok(a, "the answer of the structural rules", e);
}
