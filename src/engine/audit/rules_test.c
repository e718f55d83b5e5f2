/* SPDX-License-Identifier: Apache-2.0 */
/* Structural rules: what may run, what the tools' answers may say, and the tools themselves where
 * they are installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/audit/rules_inside.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"

#define YAML  "id: x\nlanguage: C\nrule:\n  pattern: strcpy($A, $B)\n"
#define COCCI "@r@\nexpression a, b;\n@@\n* strcpy(a, b)\n"

struct file {
    const char *text;
    enum lang lang;
};
struct files {
    struct file v[4];
    size_t n, asked;
    struct buf big; /* instead of v[0] */
};

static enum lang file_lang(void *arg, size_t i)
{
    struct files *f = arg;
    return i < f->n ? f->v[i].lang : LANG_C;
}

static enum rc file_text(void *arg, size_t i, struct str *ret, struct err *e)
{
    struct files *f = arg;
    f->asked++;
    if (i == 0 && f->big.n > 0) {
        *ret = buf_str(&f->big);
        return RC_OK;
    }
    const char *text = f->v[i < f->n ? i : 0].text;
    if (!text)
        return err_set(e, RC_NOTFOUND, "lost");
    *ret = str_c(text);
    return RC_OK;
}

static char scratch[] = "/tmp/rules-test-XXXXXX";

static int make_scratch(void **state)
{
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_scratch(void **state)
{
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, scratch, &e) == RC_OK ? 0 : -1;
}

/* Places a script as the tool of this name; its folder is handed out. */
static const char *const *fake_tool(const char *name, const char *script)
{
    static char dir[FILE_PATH_MAX];
    static const char *places[2];
    char path[FILE_PATH_MAX + 32];
    struct err e = ERR_INIT;
    snprintf(dir, sizeof dir, "%s/bin", scratch);
    assert_int_equal(dir_make(AT_FDCWD, dir, 0755, &e), RC_OK);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write_sync(AT_FDCWD, path, str_c(script), 0755, &e), RC_OK);
    places[0] = dir;
    return places;
}

/* Nothing but the fake tools is left in the scratch folder. */
static void check_empty(void)
{
    char cmd[FILE_PATH_MAX];
    snprintf(cmd, sizeof cmd, "%s/rule-", scratch);
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    assert_int_equal(dir_open(AT_FDCWD, scratch, &fd, &e), RC_OK);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_nlink <= 3); /* itself, its parent's entry, bin */
}

static struct arena *arena;

static struct rules_answer run_one(const char *rule, struct files *f, const char *const *places,
                                   int timeout_ms)
{
    struct rule r = {.name = STR("test"), .text = str_c(rule)};
    struct rules_ask ask = {.rules = &r,
                            .n_rules = 1,
                            .n_files = f->n,
                            .arg = f,
                            .lang = file_lang,
                            .text = file_text,
                            .scratch = scratch,
                            .places = places,
                            .timeout_ms = timeout_ms};
    struct rules_answer got;
    struct err e = ERR_INIT;
    arena_free(arena);
    arena = arena_new(16 << 20);
    assert_int_equal(rules_run(&ask, arena, &got, &e), RC_OK);
    assert_int_equal(got.told[0].n_hits, got.n_hits);
    check_empty();
    return got;
}

static int free_arena(void **state)
{
    arena_free(arena);
    arena = NULL;
    return 0;
}

/* Machines that forbid namespaces or Landlock run no rules: said aloud. */
static bool refused_here(const struct rules_answer *got)
{
    if (got->told[0].state != RULE_REFUSED ||
        str_find(got->told[0].words, STR("confine")) == STR_NPOS)
        return false;
    print_message("SKIP audit-rules: %.*s\n", STR_ARG(got->told[0].words));
    return true;
}

static void expect(const struct rules_answer *got, enum rule_state state, const char *words)
{
    if (got->told[0].state != state || str_find(got->told[0].words, str_c(words)) == STR_NPOS)
        print_message("%s: %.*s\n", rule_state_name(got->told[0].state),
                      STR_ARG(got->told[0].words));
    assert_int_equal(got->told[0].state, state);
    assert_true(str_find(got->told[0].words, str_c(words)) != STR_NPOS);
}

static const char two[] = "int f(char *d, const char *s)\n{\n    strcpy(d, s);\n"
                          "    return g(strcpy(d,\n        s));\n}\n";

static void checks(void **state)
{
    static const struct {
        const char *text;
        const char *why; /* NULL: may run */
        enum lang lang;
    } x[] = {
        {YAML, NULL, LANG_C},
        {"id: x\nlanguage: \"TypeScript\" # c\nrule: {}\n", NULL, LANG_TS},
        {"id: x\nlanguage: php\n---\nid: y\nlanguage: PHP\n", NULL, LANG_PHP},
        {"id: x\nlanguage: php\n---\nid: y\nlanguage: go\n", "one language", LANG_NONE},
        {"id: x\nlanguage: klingon\n", "not known", LANG_NONE},
        {"id: x\nrule: {}\n", "does not say", LANG_NONE},
        {COCCI, NULL, LANG_C},
        {"@@ @@\n// by using strcpy, a script or #include <x>\n* strcpy(...)\n", NULL, LANG_C},
        {"@script:python@\n@@\nimport os\n", "programs", LANG_NONE},
        {"@ script : ocaml r@\n@@\n", "programs", LANG_NONE},
        {"@initialize:python@\n@@\n", "programs", LANG_NONE},
        {"@r@\nidentifier a : script:python() { True };\n@@\n* a\n", "programs", LANG_NONE},
        {"@finalize\n:python@\n@@\n", "programs", LANG_NONE},
        {"#spatch --dir /\n@@ @@\n* a\n", "options", LANG_NONE},
        {"# include \"/etc/passwd\"\n@@ @@\n* a\n", "other files", LANG_NONE},
        {"using \"/etc/passwd\"\n@@ @@\n* a\n", "other files", LANG_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(x); i++) {
        struct rule r = {.name = STR("test"), .text = str_c(x[i].text)};
        struct err e = ERR_INIT;
        enum lang lang = LANG_NONE;
        enum rc rc = rule_check(&r, &lang, &e);
        assert_int_equal(rc, x[i].why ? RC_INVALID : RC_OK);
        assert_int_equal(lang, x[i].lang);
        if (x[i].why)
            assert_non_null(strstr(e.msg, x[i].why));
    }
    struct rule nul = {.name = STR("n"), .text = STR("language: C\0")};
    struct err e = ERR_INIT;
    enum lang lang;
    assert_int_equal(rule_check(&nul, &lang, &e), RC_INVALID);
    nul.name = STR_NONE;
    assert_int_equal(rule_check(&nul, &lang, &e), RC_INVALID);
}

static struct rules_batch batch = {.n = 2, .file = {7, 9}, .lines = {10, 3}};
static struct rule_hit hits[RULES_HITS_MAX];

static void answers_json(void **state)
{
#define M(file, a, b)                                                                              \
    "{\"file\":\"" file "\",\"text\":\"\",\"range\":{\"start\":{\"line\":" #a                      \
    "},\"end\":{\"line\":" #b "}}}\n"
    struct rules_found f = {.v = hits, .rule = 3};
    struct err e = ERR_INIT;
    assert_int_equal(
        rules_read_json(STR(M("files/000001.c", 0, 2) "\n" M("000000.c", 9, 9)), &batch, &f, &e),
        RC_OK);
    assert_int_equal(f.n, 2);
    assert_int_equal(hits[0].file, 9);
    assert_int_equal(hits[0].line, 1);
    assert_int_equal(hits[0].end, 3);
    assert_int_equal(hits[1].file, 7);
    assert_int_equal(hits[1].rule, 3);
    static const char *const bad[] = {M("files/000002.c", 0, 0),
                                      M("files/00000.c", 0, 0),
                                      M("/etc/passwd", 0, 0),
                                      M("000001.c", 0, 3),
                                      M("000001.c", 2, 1),
                                      M("000001.c", -1, 1),
                                      M("000001.c", 99999999999, 1),
                                      M("000001.c", "x", 1),
                                      "{\"file\":\"000001.c\"}\n",
                                      "{\"file\":\"000001.c\",\"range\":{\"start\":1}}\n",
                                      "{\"range\":{}}\n",
                                      "[1]\n",
                                      "words\n",
                                      "\xff\n",
                                      "{"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(rules_read_json(str_c(bad[i]), &batch, &f, &e), RC_OK);
}

static void answers_diff(void **state)
{
    struct rules_found f = {.v = hits, .rule = 0};
    struct err e = ERR_INIT;
    assert_int_equal(
        rules_read_diff(STR("words\ndiff -U 0 -p files/000000.c /tmp/nothing/000000.c\n"
                            "--- files/000000.c\n+++ /tmp/nothing/000000.c\n"
                            "@@ -2,3 +2,0 @@ int f(char *d)\n-a\n-@@ -1 +1 @@\n---- x\n"
                            "@@ -7 +4,2 @@\n-a\n+b\n+c\n"
                            "@@ -10 +9,0 @@\n-z\n\\ No newline at end of file\n"
                            "--- files/000001.c\n@@ -0,0 +1 @@\n+x\n"),
                        &batch, &f, &e),
        RC_OK);
    assert_int_equal(f.n, 4);
    assert_int_equal(hits[0].line, 2);
    assert_int_equal(hits[0].end, 4);
    assert_int_equal(hits[1].line, 7);
    assert_int_equal(hits[2].end, 10);
    assert_int_equal(hits[3].file, 9);
    assert_int_equal(hits[3].line, 1);
    static const char *const bad[] = {"--- files/000002.c\n",
                                      "@@ -1 +1 @@\n",
                                      "--- 000001.c\n@@ -1\n",
                                      "--- 000001.c\n@@ -x +1 @@\n-a\n",
                                      "--- 000001.c\n@@ -3,2 +1 @@\n-a\n",
                                      "--- 000001.c\n@@ -1,4294967295 +1 @@\n",
                                      "--- 000001.c\n@@ -1 +1 @@\n a\n",
                                      "--- 000001.c\n@@ -1 +1 @@\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(rules_read_diff(str_c(bad[i]), &batch, &f, &e), RC_INVALID);
}

static void no_tool(void **state)
{
    static const char *const nowhere[] = {"/nonexistent", NULL};
    struct files f = {.v = {{two, LANG_C}}, .n = 1};
    struct rules_answer got = run_one(YAML, &f, nowhere, 0);
    expect(&got, RULE_NO_TOOL, "ast-grep is not installed");
    got = run_one(COCCI, &f, nowhere, 0);
    expect(&got, RULE_NO_TOOL, "Coccinelle (spatch) is not installed");
    got = run_one("@script:python@\n@@\n", &f, nowhere, 0);
    expect(&got, RULE_REFUSED, "programs");
    assert_int_equal(f.asked, 0);
    got = run_one("id: x\n", &f, nowhere, 0);
    expect(&got, RULE_REFUSED, "language");
}

/* A tool that answers what it likes. */
static void fake_answers(void **state)
{
    struct files f = {.v = {{two, LANG_C}, {"x\n", LANG_PYTHON}, {NULL, LANG_C}, {"y\n", LANG_C}},
                      .n = 4};
    struct rules_answer got = run_one(
        YAML, &f,
        fake_tool("ast-grep", "#!/bin/sh\nprintf '%s\\n' '" M("files/000001.c", 0, 0) "'"), 0);
    if (refused_here(&got))
        return;
    expect(&got, RULE_DONE, "");
    assert_int_equal(got.n_hits, 1);
    assert_int_equal(got.hits[0].file, 3); /* the lost one and the other language are not in it */
    assert_int_equal(got.told[0].n_files, 2);

    got = run_one(YAML, &f,
                  fake_tool("ast-grep", "#!/bin/sh\necho '" M("files/000077.c", 0, 0) "'"), 0);
    expect(&got, RULE_FAILED, "was not given");
    assert_int_equal(got.n_hits, 0);
    got = run_one(YAML, &f,
                  fake_tool("ast-grep", "#!/bin/sh\nprintf 'a\\033[31mb\\nc' >&2; exit 8"), 0);
    expect(&got, RULE_FAILED, "did not take the rule: a[31mb c");
    got = run_one(YAML, &f, fake_tool("ast-grep", "#!/bin/sh\nkill -9 $$"), 0);
    expect(&got, RULE_CUT, "ended");
    got = run_one(YAML, &f, fake_tool("ast-grep", "#!/bin/sh\nwhile :; do :; done"), 500);
    expect(&got, RULE_CUT, "time");
    got = run_one(
        YAML, &f,
        fake_tool("ast-grep", "#!/bin/sh\necho '" M("files/000000.c", 1, 1) "'\nexec yes ''"), 0);
    expect(&got, RULE_CUT, "more than can be read");
    assert_int_equal(got.n_hits, 1);
    got = run_one(YAML, &f,
                  fake_tool("ast-grep", "#!/bin/sh\ni=0; while [ $i -lt 2100 ]; do echo '" M(
                                            "files/000000.c", 1, 1) "'; i=$((i+1)); done"),
                  0);
    expect(&got, RULE_CUT, "more places");
    assert_int_equal(got.n_hits, 1); /* the same place again and again is one */
}

/* What a tool that was taken over can reach. */
static void confinement(void **state)
{
    struct files f = {.v = {{two, LANG_C}}, .n = 1};
    static const char tries[] =
        "#!/bin/sh\n"
        "for p in /etc/passwd /root /home /proc/1/environ; do\n"
        "    [ -e $p ] && (exec 3<$p) 2>/dev/null && { echo \"read $p\" >&2; exit 3; }\n"
        "done\n"
        "(echo x > /tmp/rules-escape) 2>/dev/null && { echo wrote >&2; exit 4; }\n"
        "(echo x > files/own) || { echo own >&2; exit 5; }\n"
        "[ -z \"$VULNDESK_SECRET\" ] || { echo env >&2; exit 6; }\n"
        "ls /proc/self/fd 2>/dev/null | grep -q 9 && { echo fd >&2; exit 7; }\n"
        "exit 0\n";
    setenv("VULNDESK_SECRET", "x", 1);
    AUTO(fd) int secret = open("/dev/null", O_RDONLY);
    assert_true(secret >= 0 && dup2(secret, 9) == 9);
    struct rules_answer got = run_one(YAML, &f, fake_tool("ast-grep", tries), 0);
    close(9);
    if (sandbox_is_sanitizer_build() || refused_here(&got)) {
        print_message("SKIP audit-rules confinement: nothing is confined in this build\n");
        return;
    }
    expect(&got, RULE_DONE, "");
}

/* More files than a batch holds, and one too large for any. */
static void batches(void **state)
{
    struct files f = {.v = {{"a\nb\n", LANG_C}}, .n = 1};
    static const char script[] =
        "#!/bin/sh\nset -- files/*\necho '" M("files/000000.c", 1, 1) "'\n"
                                                                      "[ $# -le 1000 ] || exit 9\n";
    const char *const *places = fake_tool("ast-grep", script);
    struct rule r = {.name = STR("test"), .text = STR(YAML)};
    struct rules_ask ask = {.rules = &r,
                            .n_rules = 1,
                            .n_files = 2 * RULES_BATCH_FILES + 5,
                            .arg = &f,
                            .lang = file_lang,
                            .text = file_text,
                            .scratch = scratch,
                            .places = places};
    struct rules_answer got;
    struct err e = ERR_INIT;
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    assert_int_equal(rules_run(&ask, a, &got, &e), RC_OK);
    if (refused_here(&got))
        return;
    expect(&got, RULE_DONE, "");
    assert_int_equal(got.told[0].n_files, 2 * RULES_BATCH_FILES + 5);
    assert_int_equal(got.n_hits, 3); /* the first file of each batch */
    assert_int_equal(got.hits[1].file, RULES_BATCH_FILES);
    check_empty();

    ask.n_files = 2;
    buf_init(&f.big, RULES_BATCH_BYTES + 1);
    char *room = buf_room(&f.big, RULES_BATCH_BYTES + 1);
    memset(room, '\n', RULES_BATCH_BYTES + 1);
    buf_grown(&f.big, RULES_BATCH_BYTES + 1);
    assert_int_equal(rules_run(&ask, a, &got, &e), RC_OK);
    assert_int_equal(got.told[0].n_files, 1);
    assert_int_equal(got.hits[0].file, 1);
    buf_release(&f.big);

    ask.scratch = "/nonexistent";
    assert_int_equal(rules_run(&ask, a, &got, &e), RC_IO);
    ask.n_rules = RULES_MAX + 1;
    assert_int_equal(rules_run(&ask, a, &got, &e), RC_LIMIT);
}

/* The tools themselves. */
static void real_tool(const char *rule, const char *bad_rule)
{
    const char *own = getenv("VULNDESK_RULE_TOOLS");
    const char *const places[] = {"/usr/local/bin", "/usr/bin", "/bin", own, NULL};
    struct files f = {.v = {{two, LANG_C},
                            {"strcpy(a, b)", LANG_PYTHON},
                            {"int x;\n", LANG_C},
                            {"void h(char *a)\n{\n\tstrcpy(a, \"\xff\");\n", LANG_C}},
                      .n = 4};
    struct rules_answer got = run_one(rule, &f, places, 0);
    if (got.told[0].state == RULE_NO_TOOL) {
        print_message("SKIP audit-rules: %.*s\n", STR_ARG(got.told[0].words));
        return;
    }
    if (refused_here(&got))
        return;
    expect(&got, RULE_DONE, "");
    assert_true(got.n_hits >= 1);
    assert_int_equal(got.hits[0].file, 0);
    assert_int_equal(got.hits[0].line, 3);
    assert_int_equal(got.hits[got.n_hits - 1].file == 0 ? got.hits[got.n_hits - 1].end : 5, 5);
    assert_int_equal(got.told[0].n_files, 3);
    got = run_one(bad_rule, &f, places, 0);
    expect(&got, RULE_FAILED, "did not take the rule: ");
}

static void real_ast_grep(void **state)
{
    real_tool(YAML, "id: x\nlanguage: C\nrule: {bogus: 1}\n");
    real_tool("id: x\nlanguage: C\nseverity: error\nrule:\n  pattern: strcpy($A, $B)\n",
              "id: x\nlanguage: C\nrule: {pattern: ''}\n");
}

static void real_coccinelle(void **state)
{
    real_tool(COCCI, "@r@\nexpression a;;\n@@\n* strcpy(a\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks),
        cmocka_unit_test(answers_json),
        cmocka_unit_test(answers_diff),
        cmocka_unit_test_teardown(no_tool, free_arena),
        cmocka_unit_test_teardown(fake_answers, free_arena),
        cmocka_unit_test_teardown(confinement, free_arena),
        cmocka_unit_test(batches),
        cmocka_unit_test_teardown(real_ast_grep, free_arena),
        cmocka_unit_test_teardown(real_coccinelle, free_arena),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
