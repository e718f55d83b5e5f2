/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the obligations: what would not build is said, what would is left alone, on small
 * programs in every language that is read, and with a cache that was damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/backport/oblige.h"
#include "git/testing.h"
#include "os/file.h"

#define STATES    4
#define FILES_MAX 8
#define MEMORY    (64u << 20)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], cache[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "cache", cache);
    testrepo_init(repo, "sha1");
    return mkdir(cache, 0700);
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* One file: as it was before the fix, with it, in the release, in the candidate.  NULL: not there;
 * SAME: as in the release. */
static const char SAME[] = "same";
struct content {
    const char *path;
    const char *of[STATES];
};

static void put_tree(const struct content *v, size_t n, unsigned state, char ret[TESTREPO_SAID])
{
    AUTO(buf) struct buf b = BUF_INIT(1u << 20);
    buf_addf(&b, "reset refs/heads/t%u\n\ncommit refs/heads/t%u\n", state, state);
    buf_adds(&b, "committer A U Thor <author@example.org> 1700000000 +0000\ndata 0\n");
    for (size_t i = 0; i < n; i++) {
        const char *text = v[i].of[state] == SAME ? v[i].of[2] : v[i].of[state];
        if (text)
            buf_addf(&b, "M 100644 inline %s\ndata %zu\n%s\n", v[i].path, strlen(text), text);
    }
    char ref[40];
    testrepo_import(repo, buf_c(&b));
    snprintf(ref, sizeof ref, "t%u^{tree}", state);
    testrepo_said(repo, (const char *const[]){"rev-parse", ref, NULL}, ret);
}

static void read_side(struct objects *o, const char *tree, const char *path, struct arena *a,
                      struct bp_side *ret)
{
    struct object got;
    struct str at = arena_strf(a, "%s:%s", tree, path);
    if (objects_read(o, at, OBLIGE_TEXT_MAX, &got, NULL) != RC_OK)
        return;
    ret->mode = 0100644;
    memcpy(ret->oid, got.oid, sizeof ret->oid);
    ret->text = arena_str(a, got.body);
    ret->read = true;
    ret->binary = text_binary(got.body);
}

/* What is said, one line each: "O2 fail path:line detail". */
static void ask(const struct content *v, size_t n, const char *cache_dir, struct buf *said)
{
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    AUTO(scope) struct scope *s = NULL;
    struct err e = ERR_INIT;
    char trees[STATES][TESTREPO_SAID];
    struct bp_file files[FILES_MAX] = {0};
    struct obligations got;
    size_t changed = 0;
    for (unsigned k = 0; k < STATES; k++)
        put_tree(v, n, k, trees[k]);
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(objects_open(g, &o, &e), RC_OK);
    assert_int_equal(scope_open(o, cache_dir, &s, &e), RC_OK);
    for (size_t i = 0; i < n; i++) {
        if (v[i].of[0] == v[i].of[1])
            continue;
        struct bp_file *f = &files[changed++];
        f->path = f->fix_path = str_c(v[i].path);
        f->class = file_class_of(f->path);
        f->lang = lang_of(f->path, STR_NONE);
        read_side(o, trees[0], v[i].path, a, &f->base);
        read_side(o, trees[1], v[i].path, a, &f->fix);
        read_side(o, trees[2], v[i].path, a, &f->release);
        read_side(o, trees[3], v[i].path, a, &f->made);
    }
    struct oblige_ask q = {.scope = s,
                           .base_tree = str_c(trees[0]),
                           .fix_tree = str_c(trees[1]),
                           .release_tree = str_c(trees[2]),
                           .files = files,
                           .n = changed};
    assert_int_equal(oblige_run(&q, a, &got, &e), RC_OK);
    unsigned ids = 0;
    for (size_t i = 0; i < got.n; i++) {
        ids |= 1u << got.v[i].id;
        if (got.v[i].result == OBLIGE_PASS)
            continue;
        buf_addf(said, "%s %s %.*s:%u %.*s\n", oblige_id_text(got.v[i].id),
                 oblige_result_text(got.v[i].result), STR_ARG(got.v[i].path), got.v[i].line,
                 STR_ARG(got.v[i].detail));
    }
    assert_int_equal(ids, 0x17e);
}

static void expect(const struct content *v, size_t n, const char *want)
{
    AUTO(buf) struct buf said = BUF_INIT(1u << 16);
    ask(v, n, NULL, &said);
    assert_string_equal(buf_c(&said), want);
}
#define EXPECT(v, want) expect(v, ARRAY_LEN(v), want)

/* ---- Names ---- */

static const char c_base[] = "#include \"mem.h\"\nint run(int n)\n{\n    char *p = grab(n);\n"
                             "    return use(p);\n}\n";
static const char c_fix[] = "#include \"mem.h\"\nint run(int n)\n{\n    char *p = try_grab(n);\n"
                            "    return use(p);\n}\n";
static const char h_new[] = "char *grab(int n);\nchar *try_grab(int n);\nint use(char *p);\n";
static const char h_old[] = "char *grab(int n);\nint use(char *p);\n";

static void a_missing_function(void **state)
{
    (void)state;
    const struct content v[] = {{"src/a.c", {c_base, c_fix, c_base, c_fix}},
                                {"src/mem.h", {h_new, h_new, h_old, SAME}}};
    EXPECT(v, "O2 fail src/a.c:4 try_grab is called in src/a.c:4 and nothing in this release "
              "defines it; for the fix it comes from src/mem.h\n");
    const struct content fine[] = {{"src/a.c", {c_base, c_fix, c_base, c_fix}},
                                   {"src/mem.h", {h_new, h_new, h_new, SAME}}};
    EXPECT(fine, "");
    /* it comes with the fix */
    const struct content brings[] = {{"src/a.c", {c_base, c_fix, c_base, c_fix}},
                                     {"src/mem.h", {h_old, h_new, h_old, h_new}}};
    EXPECT(brings, "");
}

static void a_header_that_is_not_included(void **state)
{
    (void)state;
    const char *with =
        "#include \"mem.h\"\n#include \"log.h\"\nint run(void)\n{\n    return 1;\n}\n";
    const char *with_fix =
        "#include \"mem.h\"\n#include \"log.h\"\nint run(void)\n{\n    say(1);\n    return 1;\n}\n";
    const char *without = "#include \"mem.h\"\nint run(void)\n{\n    return 1;\n}\n";
    const char *made = "#include \"mem.h\"\nint run(void)\n{\n    say(1);\n    return 1;\n}\n";
    const char *log_h = "void say(int level);\n";
    const struct content v[] = {{"lib/a.c", {with, with_fix, without, made}},
                                {"lib/mem.h", {h_old, h_old, h_old, SAME}},
                                {"lib/log.h", {log_h, log_h, log_h, SAME}}};
    EXPECT(v, "O2 fail lib/a.c:4 say is called in lib/a.c:4 and stands in lib/log.h here, which "
              "this file does not include; for the fix it comes from lib/log.h\n");
}

/* Main moved to a header that it includes; the fix changes that header too, here another file lacks
 * it.  In a header, whoever includes it may have included the other before. */
static void a_header_of_the_fix_that_is_not_included(void **state)
{
    (void)state;
    const char *base =
        "#include \"log.h\"\n#include <stdio.h>\nint run(void)\n{\n    return 1;\n}\n";
    const char *fix = "#include \"log.h\"\n#include <stdio.h>\nint run(void)\n{\n    say(1);\n"
                      "    return 1;\n}\n";
    const char *old = "#include \"old.h\"\nint run(void)\n{\n    return 1;\n}\n";
    const char *made = "#include \"old.h\"\nint run(void)\n{\n    say(1);\n    return 1;\n}\n";
    const char *log_h = "void say(int level);\n",
               *log_fix = "void say(int level);\nvoid end(int n);\n";
    const char *old_h = "#include <stdio.h>\n#include \"deep.h\"\n",
               *deep_h = "#include <stdio.h>\n";
    const struct content v[] = {{"lib/a.c", {base, fix, old, made}},
                                {"lib/old.h", {NULL, NULL, old_h, SAME}},
                                {"lib/deep.h", {NULL, NULL, deep_h, SAME}},
                                {"lib/log.h", {log_h, log_fix, log_h, log_fix}}};
    /* headers of the system may come twice */
    EXPECT(v, "O2 fail lib/a.c:4 say is called in lib/a.c:4 and stands in lib/log.h here, which "
              "this file does not include; for the fix it comes from lib/log.h\n");
    const struct content inside[] = {{"lib/a.h", {base, fix, old, made}},
                                     {"lib/old.h", {NULL, NULL, old_h, SAME}},
                                     {"lib/deep.h", {NULL, NULL, deep_h, SAME}},
                                     {"lib/log.h", {log_h, log_fix, log_h, log_fix}}};
    EXPECT(inside, "");
}

/* The fix uses what its own file defines; the release's version of that file does not. */
static void a_macro_of_the_file_itself(void **state)
{
    (void)state;
    const char *base = "#define report(m) stop(m)\nint run(int n)\n{\n    return n;\n}\n";
    const char *fix = "#define report(m) stop(m)\nint run(int n)\n{\n    if (n < 0)\n"
                      "        report(\"n\");\n    return n;\n}\n";
    const char *old = "int run(int n)\n{\n    return n;\n}\n";
    const char *made =
        "int run(int n)\n{\n    if (n < 0)\n        report(\"n\");\n    return n;\n}\n";
    const struct content v[] = {{"a.c", {base, fix, old, made}}};
    EXPECT(v,
           "O2 fail a.c:4 report is called in a.c:4 and this file does not declare it; the fix's "
           "version of the file does\n");
    const struct content fine[] = {{"a.c", {base, fix, base, fix}}};
    EXPECT(fine, "");
}

/* What neither tree declares comes from elsewhere. */
static void names_of_the_system(void **state)
{
    (void)state;
    const char *fix = "#include \"mem.h\"\nint run(int n)\n{\n    char *p = calloc(n, 1);\n"
                      "    return use(p);\n}\n";
    const struct content v[] = {{"src/a.c", {c_base, fix, c_base, fix}},
                                {"src/mem.h", {h_new, h_new, h_old, SAME}}};
    EXPECT(v, "");
}

static void a_local_name(void **state)
{
    (void)state;
    const char *base =
        "int run(int count)\n{\n    int len = count;\n    work(len);\n    return 0;\n}\n";
    const char *fix = "int run(int count)\n{\n    int len = count;\n    work(len);\n"
                      "    if (len > 9)\n        return 1;\n    return 0;\n}\n";
    const char *old =
        "int other(int len) { return len; }\nint run(int count)\n{\n    work(count);\n"
        "    return 0;\n}\n";
    const char *made =
        "int other(int len) { return len; }\nint run(int count)\n{\n    work(count);\n"
        "    if (len > 9)\n        return 1;\n    return 0;\n}\n";
    const struct content v[] = {{"a.c", {base, fix, old, made}}};
    EXPECT(v, "O2 fail a.c:5 len is used in a.c:5 in run, which does not declare it; the fix's "
              "function does\n");
}

static void python_names(void **state)
{
    (void)state;
    const char *base = "import os\nimport re\n\n\ndef run(a):\n    return a\n";
    const char *fix = "import os\nimport re\n\n\ndef run(a):\n    re.match('x', a)\n    return a\n";
    const char *old = "import os\n\n\ndef run(a):\n    return a\n";
    const char *made = "import os\n\n\ndef run(a):\n    re.match('x', a)\n    return a\n";
    const struct content v[] = {{"a.py", {base, fix, old, made}}};
    EXPECT(v, "O2 fail a.py:5 re is used in a.py:5 and this file neither declares nor imports it; "
              "the fix's version does\n");
    const struct content fine[] = {{"a.py", {base, fix, base, fix}}};
    EXPECT(fine, "");
}

/* An attribute that only main's class has: the name stands nowhere else in the release. */
static void a_python_attribute(void **state)
{
    (void)state;
    const char *base = "class A:\n    MONITORING = 2\n    def run(self):\n        self.stop()\n";
    const char *fix = "class A:\n    MONITORING = 2\n    def run(self):\n"
                      "        if self.state == A.MONITORING:\n            self.stop()\n";
    const char *old = "class A:\n    def run(self):\n        self.stop()\n";
    const char *made = "class A:\n    def run(self):\n        if self.state == A.MONITORING:\n"
                       "            self.stop()\n";
    const struct content v[] = {{"a.py", {base, fix, old, made}},
                                {"b.py", {NULL, NULL, "state = 1\n", SAME}}};
    EXPECT(v, "O2 fail a.py:3 MONITORING is used in a.py:3 and nothing in this release defines it; "
              "for the fix it comes from a.py\n");
}

static void unknown_languages_never_fail(void **state)
{
    (void)state;
    const char *base = "a <- 1\n", *fix = "a <- nothing_has_this(1)\n";
    const struct content v[] = {{"a.R", {base, fix, base, fix}}};
    EXPECT(v, "O2 unknown :0 not every file could be checked\n");
}

static void calls_that_do_not_fit(void **state)
{
    (void)state;
    const char *base = "#include \"put.h\"\nvoid run(int n)\n{\n    n++;\n}\n";
    const char *fix = "#include \"put.h\"\nvoid run(int n)\n{\n    n++;\n    put(n, 1);\n}\n";
    const char *two = "void put(int n, int how);\n", *one = "void put(int n);\n";
    const struct content v[] = {{"a.c", {base, fix, base, fix}}, {"put.h", {two, two, one, SAME}}};
    EXPECT(v, "O2 fail a.c:5 put is called in a.c:5 with arguments that do not fit: its parameters "
              "are (int n) here and (int n, int how) for the fix\n");
    const char *renamed = "void put(int a, int b);\n";
    const struct content fine[] = {{"a.c", {base, fix, base, fix}},
                                   {"put.h", {two, two, renamed, SAME}}};
    EXPECT(fine, "");
    const char *other = "void put(long n, int how);\n";
    const struct content types[] = {{"a.c", {base, fix, base, fix}},
                                    {"put.h", {two, two, other, SAME}}};
    EXPECT(types, "O2 unknown a.c:5 put is called in a.c:5; its parameters are (long n, int how) "
                  "here and (int n, int how) for the fix\n");
    const char *py = "def put(a):\n    return a\n\n\ndef run():\n    pass\n";
    const char *py_new = "def put(a, how=1):\n    return a\n\n\ndef run():\n    pass\n";
    const char *py_fix =
        "def put(a, how=1):\n    return a\n\n\ndef run():\n    put(1, how=2)\n    pass\n";
    const char *py_made =
        "def put(a):\n    return a\n\n\ndef run():\n    put(1, how=2)\n    pass\n";
    const struct content python[] = {{"a.py", {py_new, py_fix, py, py_made}}};
    EXPECT(python, "O2 fail a.py:6 put is called in a.py:6 with arguments that do not fit: its "
                   "parameters are (a) here and (a, how=1) for the fix\n");
}

static void files_that_are_not_there(void **state)
{
    (void)state;
    const char *base = "#include \"a.h\"\nint a;\n";
    const char *fix = "#include \"a.h\"\n#include \"lib/new.h\"\nint a;\n";
    const char *h = "int z;\n";
    const struct content v[] = {{"src/a.c", {base, fix, base, fix}},
                                {"src/lib/new.h", {h, h, NULL, SAME}}};
    EXPECT(v, "O2 fail src/a.c:2 src/a.c:2 names lib/new.h, which this release does not have; for "
              "the fix it is src/lib/new.h\n");
    /* one of that name is somewhere else: how it is found is not for us to say */
    const struct content moved[] = {{"src/a.c", {base, fix, base, fix}},
                                    {"src/lib/new.h", {h, h, NULL, SAME}},
                                    {"include/new.h", {NULL, NULL, h, SAME}}};
    EXPECT(moved, "");
    const char *make = "prog_SOURCES = a.c\n", *make_fix = "prog_SOURCES = a.c more.c\n";
    const struct content list[] = {{"src/Makefile.am", {make, make_fix, make, make_fix}},
                                   {"src/more.c", {h, h, NULL, SAME}}};
    AUTO(buf) struct buf said = BUF_INIT(1u << 16);
    ask(list, ARRAY_LEN(list), NULL, &said);
    assert_true(str_find(buf_str(&said), STR("O2 fail src/Makefile.am:1 src/Makefile.am:1 names "
                                             "more.c, which this release does not have\n")) !=
                STR_NPOS);
    const char *py = "import os\n", *py_fix = "import os\nfrom app.util import later\n";
    const char *util = "def later():\n    pass\n", *util_old = "def sooner():\n    pass\n";
    const struct content python[] = {{"app/a.py", {py, py_fix, py, py_fix}},
                                     {"app/util.py", {util, util, util_old, SAME}}};
    EXPECT(python, "O2 fail app/a.py:2 app/a.py:2 names later, which app/util.py does not have in "
                   "this release\n");
}

static void a_running_number_is_taken(void **state)
{
    (void)state;
    const char *text = "create = 1\n";
    const struct content v[] = {{"db/0042_add_key.py", {NULL, text, NULL, text}},
                                {"db/0042_drop_row.py", {NULL, NULL, text, SAME}}};
    EXPECT(v, "O8 fail db/0042_add_key.py:0 db/0042_add_key.py is new and has the number 0042, "
              "which 0042_drop_row.py has in this release\n");
    const struct content fine[] = {{"db/0042_add_key.py", {NULL, text, NULL, text}},
                                   {"db/0041_drop_row.py", {NULL, NULL, text, SAME}},
                                   {"db/00421.py", {NULL, NULL, text, SAME}}};
    EXPECT(fine, "");
}

/* ---- Where it stands ---- */

static void what_can_never_run(void **state)
{
    (void)state;
    const char *base = "int run(int n)\n{\n    if (!n)\n    {\n        goto out;\n    }\n"
                       "    use(n);\nout:\n    return 0;\n}\n";
    const char *fix = "int run(int n)\n{\n    if (!n)\n    {\n        give_back(n);\n"
                      "        goto out;\n    }\n    use(n);\nout:\n    return 0;\n}\n";
    const char *old = "int run(int n)\n{\n    if (!n)\n        goto out;\n    use(n);\nout:\n"
                      "    return 0;\n}\n";
    const char *made = "int run(int n)\n{\n    if (!n)\n        give_back(n);\n        goto out;\n"
                       "    use(n);\nout:\n    return 0;\n}\n";
    const struct content v[] = {{"a.c", {base, fix, old, made}}};
    EXPECT(v, "O4 fail a.c:6 a.c:6 can never run: it stands right behind a statement that leaves "
              "the block\n");
}

static void lines_that_go_on(void **state)
{
    (void)state;
    const char *base = "src = a.c \\\n  b.c \\\n  d.c\n";
    const char *fix = "src = a.c \\\n  b.c \\\n  c.c \\\n  d.c\n";
    const char *old = "src = a.c \\\n  d.c\n";
    const char *made = "src = a.c \\\n\n  c.c \\\n  d.c\n";
    const struct content v[] = {{"Makefile", {base, fix, old, made}}};
    AUTO(buf) struct buf said = BUF_INIT(1u << 16);
    ask(v, ARRAY_LEN(v), NULL, &said);
    assert_true(str_find(buf_str(&said), STR("O5 fail Makefile:2 the lines that go on in the next "
                                             "one of Makefile do not fit together")) != STR_NPOS);
}

/* ---- What came and went ---- */

static void more_than_the_fix_brings(void **state)
{
    (void)state;
    const char *base = "int a(void)\n{\n    return one(two);\n}\n";
    const char *fix = "int a(void)\n{\n    check(two);\n    return one(two);\n}\n";
    const char *old = "int a(void)\n{\n    return one(two); /* old */\n}\n";
    const char *more =
        "int a(void)\n{\n    check(two);\n    two = 7;\n    return one(two); /* old */\n}\n";
    const struct content v[] = {{"a.c", {base, fix, old, more}}};
    AUTO(buf) struct buf said = BUF_INIT(1u << 16);
    ask(v, ARRAY_LEN(v), NULL, &said);
    assert_true(str_starts(buf_str(&said), STR("O1 fail a.c:4 ")));
    const struct content fine[] = {
        {"a.c",
         {base, fix, old, "int a(void)\n{\n    check(two);\n    return one(two); /* old */\n}\n"}}};
    EXPECT(fine, "");
}

static void deleted_lines_and_names(void **state)
{
    (void)state;
    const char *base = "static int flag_old = 1;\nint a(void)\n{\n    go(flag_old, 1);\n}\n";
    const char *fix = "int a(void)\n{\n}\n";
    const char *old =
        "/* r */\nstatic int flag_old = 1;\nint a(void)\n{\n    go(flag_old, 1);\n}\n";
    const char *made = "/* r */\nint a(void)\n{\n    go(flag_old, 1);\n}\n";
    const struct content v[] = {{"a.c", {base, fix, old, made}}};
    AUTO(buf) struct buf said = BUF_INIT(1u << 16);
    ask(v, ARRAY_LEN(v), NULL, &said);
    assert_true(str_find(buf_str(&said), STR("O3 fail a.c:4 the fix takes flag_old away "
                                             "everywhere, but a.c:4 still has it\n")) != STR_NPOS);
    assert_true(str_find(buf_str(&said), STR("O6 fail a.c:4 the fix deletes a line that is still "
                                             "in a.c:4\n")) != STR_NPOS);
}

/* ---- The cache ---- */

static void cache_path(char ret[200])
{
    snprintf(ret, 200, "%s/backport-words-1", cache);
}

static void a_damaged_cache_is_no_harm(void **state)
{
    (void)state;
    const struct content v[] = {{"src/a.c", {c_base, c_fix, c_base, c_fix}},
                                {"src/mem.h", {h_new, h_new, h_old, SAME}}};
    char path[200];
    cache_path(path);
    AUTO(buf) struct buf first = BUF_INIT(1u << 16);
    ask(v, ARRAY_LEN(v), cache, &first);
    AUTO(buf) struct buf kept = BUF_INIT(1u << 20);
    struct err e = ERR_INIT;
    assert_int_equal(file_read(AT_FDCWD, path, 1u << 20, &kept, &e), RC_OK);
    assert_true(kept.n > 100);
    /* the same again; each byte wrong; cut off anywhere */
    for (size_t i = 0; i < 2 * kept.n; i += 13) {
        AUTO(fd) int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
        AUTO(buf) struct buf bytes = BUF_INIT(1u << 20);
        AUTO(buf) struct buf said = BUF_INIT(1u << 16);
        buf_add(&bytes, buf_str(&kept));
        if (i >= kept.n)
            buf_cut(&bytes, i - kept.n);
        else if (i > 0)
            bytes.p[i] = (char)~bytes.p[i];
        assert_int_equal(fd_write_all(fd, buf_str(&bytes), &e), RC_OK);
        if (i % 5 == 0) {
            ask(v, ARRAY_LEN(v), cache, &said);
            assert_string_equal(buf_c(&said), buf_c(&first));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_function, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_header_that_is_not_included, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_header_of_the_fix_that_is_not_included, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_macro_of_the_file_itself, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(names_of_the_system, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_local_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(python_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_python_attribute, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(unknown_languages_never_fail, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(calls_that_do_not_fit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_that_are_not_there, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_running_number_is_taken, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_can_never_run, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(lines_that_go_on, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(more_than_the_fix_brings, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(deleted_lines_and_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_cache_is_no_harm, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
