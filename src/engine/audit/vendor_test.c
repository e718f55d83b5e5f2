/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of engine/audit/vendor: versions and names, readers, trees with copies.  Tests only.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/audit/vendor.h"
#include "engine/audit/vendor_manifest.h"
#include "engine/audit/vendor_source.h"
#include "git/testing.h"
#include "os/file.h"

#define ARENA_MAX (64u << 20)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_init(repo, "sha1");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* ---- Words ---- */

static void versions_are_told_from_other_text(void **state)
{
    static const struct {
        const char *text, *version;
        bool bare;
    } t[] = {
        {"1.2.3", "1.2.3", false},
        {"v2.0", "2.0", false},
        {"1.0.0-beta2", "1.0.0-beta2", false},
        {"1.0.2k", "1.0.2k", false},
        {"1.0.RELEASE", "1.0.RELEASE", false},
        {"2.1.dev3", "2.1.dev3", false},
        {"5.3.0-0-g0", "5.3.0", false},
        {"5.3.0-12-gabcdef", "5.3.0-12-gabcdef", false},
        {"0.6-0-a-0-g", "0.6-0-a", false},
        {"0.6--0-ga", "0.6--0-ga", false},
        {"0.0.0-20190924025748-f65c72e2690d", "0.0.0-20190924025748-f65c72e2690d", false},
        {"12", "12", true},
        {"12", NULL, false},
        {"0.0.0", NULL, true},
        {"0.0.0-development", NULL, true},
        {"1.2.x", NULL, false},
        {"1.2.js", NULL, false},
        {"1.2.", NULL, false},
        {"^1.2", NULL, true},
        {">=1.2", NULL, true},
        {"dev-master", NULL, true},
        {"@VERSION@", NULL, true},
        {"3rd.party", NULL, true},
        {"1.2.3 or later", NULL, true},
        {"", NULL, true},
        {"v", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct str got = STR_NONE;
        bool ok = vendor_version(str_c(t[i].text), t[i].bare, &got);
        if (ok != (t[i].version != NULL) || (ok && !str_eq(got, str_c(t[i].version))))
            fail_msg("%s: %s %.*s", t[i].text, ok ? "told" : "not told", STR_ARG(got));
    }
    assert_true(vendor_version_agrees(STR("5.1"), STR("5.1.4")));
    assert_true(vendor_version_agrees(STR("1.2"), STR("1.2")));
    assert_false(vendor_version_agrees(STR("1.2"), STR("1.20")));
    assert_false(vendor_version_agrees(STR("1.2.1"), STR("1.2.2")));
}

static void names_mean_the_same_or_not(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } t[] = {
        {"libz", "zlib", true},       {"lcms2", "lcms", true},   {"fast_float", "FASTFLOAT", true},
        {"owner/name", "name", true}, {"name.js", "name", true}, {"linenoise.h", "linenoise", true},
        {"sha1", "sha256", false},    {"png", "tiff", false},    {"lib", "", false},
        {"pnglibpng", "png", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (vendor_name_same(str_c(t[i].a), str_c(t[i].b)) != t[i].same ||
            vendor_name_same(str_c(t[i].b), str_c(t[i].a)) != t[i].same)
            fail_msg("%s and %s", t[i].a, t[i].b);
    struct str name, version;
    assert_true(vendor_name_version(STR("some-thing-1.2.3"), &name, &version));
    assert_true(str_eq(name, STR("some-thing")) && str_eq(version, STR("1.2.3")));
    assert_true(vendor_name_version(STR("thing_v2.0"), &name, &version));
    assert_true(str_eq(name, STR("thing")) && str_eq(version, STR("2.0")));
    assert_false(vendor_name_version(STR("thing-2"), &name, &version));
    assert_false(vendor_name_version(STR("-1.2"), &name, &version));
}

static void titles_are_no_sentences(void **state)
{
    static const struct {
        const char *line, *name, *version;
    } t[] = {
        {"Thing v3.6.0 | (c) Somebody", "Thing", "3.6.0"},
        {"Thing.js v3.7.1", "Thing.js", "3.7.1"},
        {"Thing JavaScript Library v3.6.0", "Thing", "3.6.0"},
        {"thing - v2.27 - public domain", "thing", "2.27"},
        {"thing.h -- VERSION 1.0", "thing.h", "1.0"},
        {"libthing version 1.6.43", "libthing", "1.6.43"},
        {"thing-it 13.0.1 https://example.org", "thing-it", "13.0.1"},
        {"LIBTHING, Version 4.0.6", "LIBTHING", "4.0.6"},
        {"Apache License, Version 2.0", NULL, NULL},
        {"requires Thing v1.9.1 or higher", NULL, NULL},
        {"GNU General Public License version 2.1", NULL, NULL},
        {"for Thing 1.2", NULL, NULL},
        {"Thing is based on Other v1.2", NULL, NULL},
        {"this is much more than three words 1.2", NULL, NULL},
        {"v1.2", NULL, NULL},
        {"Thing 5", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct str name = STR_NONE, version = STR_NONE, rest;
        bool ok = vendor_titled(str_c(t[i].line), &name, &version, &rest);
        if (ok != (t[i].name != NULL) ||
            (ok && (!str_eq(name, str_c(t[i].name)) || !str_eq(version, str_c(t[i].version)))))
            fail_msg("%s: %d %.*s %.*s", t[i].line, ok, STR_ARG(name), STR_ARG(version));
    }
    struct str v;
    assert_true(vendor_version_line(STR(" @version 2.0"), &v));
    assert_true(vendor_version_line(STR("version 1.2.11, January 15th, 2017"), &v));
    assert_true(str_eq(v, STR("1.2.11")));
    assert_true(vendor_version_line(STR("Version - 3.5.2"), &v));
    assert_false(vendor_version_line(STR("version 2.0 of the License"), &v));
    assert_false(vendor_version_line(STR("versions 1.2"), &v));
    assert_false(vendor_version_line(STR("@version $Id$"), &v));
}

/* ---- Readers ---- */

enum reader { MACROS, ASSIGNED, COMMENT, README, CHANGES };

static bool read_source(enum reader r, const char *text, struct vendor_said *s)
{
    bool kept;
    *s = (struct vendor_said){.name = ""};
    switch (r) {
    case MACROS:
        return vendor_macros(str_c(text), STR("thing"), s);
    case ASSIGNED:
        return vendor_assigned(str_c(text), STR("thing"), s);
    case COMMENT:
        return vendor_comment(str_c(text), s, &kept);
    case README:
        return vendor_readme(str_c(text), s);
    default:
        return vendor_changes(str_c(text), s);
    }
}

static void program_text_tells_its_version(void **state)
{
    static const struct {
        enum reader reader;
        const char *text, *version;
        uint32_t line;
    } t[] = {
        {MACROS, "#define THING_VERSION \"1.2.3\"\n", "1.2.3", 1},
        {MACROS, "\n  # define LIBTHING_VERSION_STRING \"thing 1.2\" /* x */\n", "1.2", 2},
        {MACROS,
         "#define THING_MAJOR 1\n#define THING_MINOR (2)\n#define THING_PATCH 0\n"
         "#define THING_SONAME 9.9\n",
         "1.2.0", 1},
        {MACROS, "#define THING_VERSION \"5.1\"\n#define THING_RELEASE \"Thing 5.1.4\"\n", "5.1.4",
         2},
        {MACROS, "#define THING_VERSION \"THING, Version 4.0.6\\nCopyright\"\n", "4.0.6", 1},
        {MACROS, "#define OTHER_VERSION \"1.2.3\"\n", NULL, 0},
        {MACROS, "#define THING_VERSION 2080\n", NULL, 0},
        {MACROS, "#define THING_VERSION \"1.2\" \".3\"\n", NULL, 0},
        {MACROS, "#define THING_VERSION \"@THING_VERSION@\"\n", NULL, 0},
        {MACROS, "#if A\n#define THING_VERSION \"1.2\"\n#else\n#define THING_VERSION \"1.3\"\n",
         NULL, 0},
        {MACROS, "#define THING_MAJOR 1\n#define THING_MINOR 2\n#define THING_PATCH OTHER\n", NULL,
         0},
        {MACROS, "#define THING_VERSION \"1.3\"\n#define THING_MAJOR 1\n#define THING_MINOR 2\n",
         NULL, 0},
        {MACROS, "#if THING_VERSION > 1\n", NULL, 0},
        {ASSIGNED, "__version__ = \"1.2.3\"\n", "1.2.3", 1},
        {ASSIGNED, "x\nour $VERSION = '1.56';\n", "1.56", 2},
        {ASSIGNED, "    const VERSION = '6.6.0';\n", "6.6.0", 1},
        {ASSIGNED, "const Version string = \"1.2.0\" // x\n", "1.2.0", 1},
        {ASSIGNED, "  Thing::VERSION = \"1.2\"\n", NULL, 0},
        {ASSIGNED, "min_version = \"1.2\"\n", NULL, 0},
        {ASSIGNED, "other_version = \"1.2\"\n", NULL, 0},
        {ASSIGNED, "version = get(\"1.2\")\n", NULL, 0},
        {ASSIGNED, "if (version == \"1.2\")\n", NULL, 0},
        {ASSIGNED, "VERSION = '1.2'\nVERSION = '1.4'\n", NULL, 0},
        {COMMENT, "/*! Thing v3.6.0 | (c) Somebody */\n!function", "3.6.0", 1},
        {COMMENT, "<?php\n/**\n * Thing.\n *\n * @version 2.0\n */\n", "2.0", 5},
        {COMMENT, "/* thing.h -- interface of a library\n  version 1.3.1, January\n", "1.3.1", 2},
        {COMMENT, "// thing.h - v1.26 - public domain\n", "1.26", 1},
        {COMMENT, "int x; /* Thing v1.2 */\n", NULL, 0},
        {COMMENT, "/* nothing */\n/* Thing v1.2 */\n", NULL, 0},
        {COMMENT, "/*!\n * Thing v@VERSION\n */\n", NULL, 0},
        {README, "\n# Thing 1.2.3\n", "1.2.3", 2},
        {README, "README for Thing v6.1.4\n", "6.1.4", 1},
        {README, "# Thing 1.2 has a new home\n", NULL, 0},
        {README, "# Thing\n1.2\n", NULL, 0},
        {CHANGES, "words\n\n* 5.3.0 (May 6, 2022)\n", "5.3.0", 3},
        {CHANGES, "## [1.2.0](https://example.org/v1.2.0) - (2023-06-04)\n", "1.2.0", 1},
        {CHANGES, "## Unreleased\n\n## 1.2.0 - 2023-06-04\n", NULL, 0},
        {CHANGES, "## 1.3.0\n\n## 1.2.0 - 2023-06-04\n", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct vendor_said s;
        bool ok = read_source(t[i].reader, t[i].text, &s);
        if (ok != (t[i].version != NULL) ||
            (ok && (strcmp(s.version, t[i].version) != 0 || s.line != t[i].line)))
            fail_msg("%s: %d %s line %u", t[i].text, ok, s.version, s.line);
    }
}

static void manifests_tell_name_and_version(void **state)
{
    static const struct {
        const char *file, *text, *name, *version;
    } t[] = {
        {"package.json", "{\n \"name\": \"@a/thing\",\n \"version\": \"1.2.3\"\n}\n", "@a/thing",
         "1.2.3"},
        {"package.json", "{\"name\": \"thing\", \"version\": \"^1.2.3\"}", "thing", ""},
        {"package.json", "{\"name\": \"thing\", \"version\": \"1.2\", \"version\": \"1.3\"}", NULL,
         NULL},
        {"package.json", "{\"name\": [\"thing\"], \"version\": 1.2}", NULL, NULL},
        {"package.json", "[1]", NULL, NULL},
        {"bower.json", "{\"name\": \"thing\"", NULL, NULL},
        {"Cargo.toml",
         "[dependencies]\nversion = \"9.9\"\n[package]\nname = \"thing\"\n"
         "version = \"1.2.3\"\n",
         "thing", "1.2.3"},
        {"Cargo.toml", "[package]\nname = \"thing\"\nversion.workspace = true\n", "thing", ""},
        {"pyproject.toml", "[project]\nname = 'thing'\nversion = '1.2'\n", "thing", "1.2"},
        {"METADATA", "Metadata-Version: 2.1\nName: Thing\nVersion: 1.2.3\n", "Thing", "1.2.3"},
        {"thing.gemspec", "  s.name = \"thing\"\n  s.version = '1.2.3'\n", "thing", "1.2.3"},
        {"thing.gemspec", "  s.name = \"thing\"\n  s.version = Thing::VERSION\n", "thing", ""},
        {"thing-1.rockspec", "package = \"thing\"\nversion = \"1.2-1\"\n", "thing", "1.2-1"},
        {"VERSION", "\n5.3.0-0-g0\n", "", "5.3.0"},
        {"version.txt", "1.2 is what we had before\n", NULL, NULL},
        {"VERSION", "0.0.0-0-g000000missing\n", NULL, NULL},
        {"CMakeLists.txt", "project(thing VERSION 1.2.3 LANGUAGES C)\n", "thing", "1.2.3"},
        {"CMakeLists.txt", "project(thing\n  VERSION ${V})\n", "thing", ""},
        {"CMakeLists.txt", "cmake_minimum_required(VERSION 3.1)\n", NULL, NULL},
        {"configure.ac", "AC_INIT([thing], [1.2.3], [x])\n", "thing", "1.2.3"},
        {"configure.ac", "AC_INIT([thing],[m4_esyscmd([./version])])\n", "thing", ""},
        {"meson.build", "project('thing', 'c',\n  version : '1.2.3',\n)\n", "thing", "1.2.3"},
        {"setup.py", "setup(\n    name='thing',\n    version='1.2',\n)\n", "thing", "1.2"},
        {".gitrepo", "[subrepo]\n\tremote = https://example.org/a/thing.git\n", "thing", ""},
        {"README.chromium", "Name: thing\nVersion: N/A\n", "thing", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct vendor_said s;
        bool ok = vendor_manifest_read(vendor_manifest_of(str_c(t[i].file)), str_c(t[i].text), &s);
        if (ok != (t[i].name != NULL) ||
            (ok && (strcmp(s.name, t[i].name) != 0 || strcmp(s.version, t[i].version) != 0)))
            fail_msg("%s: %s: %d %s %s", t[i].file, t[i].text, ok, s.name, s.version);
    }
}

/* A million bytes on a line, of what makes naive readers slow: the answer comes at once. */
static void long_lines_cost_nothing(void **state)
{
    static const char *const parts[] = {
        "((((",   "\\\"",    "1.1.1.1", "#define THING_VERSION \"1.", "version version ",
        "/*/*/*", "- - v - "};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO(buf) struct buf b = BUF_INIT(4u << 20);
        buf_adds(&b, i % 2 ? "#define THING_VERSION \"" : "/*! ");
        while (b.n < 1000000)
            buf_adds(&b, parts[i]);
        for (int r = MACROS; r <= CHANGES; r++) {
            struct vendor_said s;
            assert_false(read_source((enum reader)r, buf_c(&b), &s));
        }
        for (int k = 0; k <= (int)MANIFEST_SUBREPO; k++) {
            struct vendor_said s;
            assert_false(vendor_manifest_read((enum vendor_manifest)k, buf_str(&b), &s));
        }
    }
}

/* ---- Trees ---- */

static void put(const char *path, const char *text)
{
    struct err e = ERR_INIT;
    char name[2 * TESTREPO_PATH];
    int n = snprintf(name, sizeof name, "%s/%s", repo, path);
    assert_true(n > 0 && (size_t)n < sizeof name);
    char *slash = strrchr(name, '/');
    *slash = '\0';
    assert_int_equal(dir_make(AT_FDCWD, name, 0700, &e), RC_OK);
    *slash = '/';
    FILE *f = fopen(name, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* All that was put becomes one commit. */
static void save(void)
{
    TESTREPO(repo, "add", "-A", "-f");
    TESTREPO(repo, "commit", "-q", "--allow-empty", "-m", "x");
}

struct found {
    struct git *git;
    struct objects *objects;
    struct arena *arena;
    struct vendor_files files;
    struct vendor v;
};

static void found_auto(struct found *f)
{
    objects_close(f->objects);
    git_close(f->git);
    arena_free(f->arena);
}

static void find_saved(struct found *f, const char *own)
{
    struct err e = ERR_INIT;
    char head[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, head);
    *f = (struct found){.arena = arena_new(ARENA_MAX)};
    assert_int_equal(git_open(repo, top, &f->git, &e), RC_OK);
    assert_int_equal(objects_open(f->git, &f->objects, &e), RC_OK);
    assert_int_equal(vendor_list_tree(f->objects, str_c(head), f->arena, &f->files, &e), RC_OK);
    if (vendor_find(f->objects, &f->files, str_c(own), f->arena, &f->v, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

static void find(struct found *f, const char *own)
{
    save();
    find_saved(f, own);
}

/* The copy around this path: "name version", "name" without, "" for none. */
static const char *around(const struct found *f, const char *path)
{
    static char room[300];
    const struct vendor_entry *x = vendor_at(&f->v, str_c(path));
    if (x == NULL)
        return "";
    snprintf(room, sizeof room, "%.*s%s%.*s", STR_ARG(x->name), x->version.n ? " " : "",
             STR_ARG(x->version));
    return room;
}

static const char *how(const struct found *f, const char *path)
{
    static char room[500];
    const struct vendor_entry *x = vendor_at(&f->v, str_c(path));
    assert_non_null(x);
    snprintf(room, sizeof room, "%.*s", STR_ARG(x->how));
    return room;
}

#define OURS  "Copyright (c) 2020 Our Company\n"
#define OTHER "Copyright (c) 2011-2020 Other People <x@example.org>\n"

static void copies_of_a_tree_are_named(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put("LICENSE", OURS);
    put("src/main.c", "int main(void)\n");
    put("deps/thing/thing.h", "#define THING_VERSION \"1.2.3\"\n");
    put("deps/thing/deps/inner/inner.h", "#define INNER_VERSION \"0.9.1\"\n");
    put("deps/other-2.4.1/x.c", "int x;\n");
    put("deps/silent/COPYING", OTHER);
    put("deps/silent/x.c", "int x;\n");
    put("deps/glue/glue.c", "int x;\n");
    put("third_party/split/a.h", "#define SPLIT_VERSION \"1.0.1\"\n");
    put("third_party/split/VERSION", "1.0.1\n");
    put("third_party/torn/torn.h", "#define TORN_VERSION \"1.0.1\"\n");
    put("third_party/torn/VERSION", "1.0.2\n");
    put("third_party/src/part.c", "int x;\n");
    put("third_party/one.h", "/* one.h - v2.27 - public domain */\n");
    put("lib/own/own.c", "int x;\n");
    put("lib/own/LICENSE", OURS);
    put("lib/dated-1.4.2/x.c", "int x;\n");
    put("lib/at-e23f558/x.c", "int x;\n");
    put("lib/at-deadbee/x.c", "int x;\n");
    put("third_party/scope/proto/v1/x.c", "int x;\n");
    put("lib/theirs/theirs.c", "int x;\n");
    put("lib/theirs/LICENSE", OTHER);
    put("web/000-jay-3.6.0.min.js", "/*! Jay v3.6.0 | (c) X | example.org/license */\n!f()\n");
    put("web/bundle.min.js", "/*!\n  * Boot v5.1.3 (https://example.org/)\n */\n!f()\n");
    put("web/ours.js", "/*! ourproject v1.2 https://example.org */\nf();\n");
    put("web/plain.js", "// helper 1.2\nf();\n");
    find(&f, "ourproject");
    assert_string_equal(around(&f, "deps/thing/sub/y.c"), "thing 1.2.3");
    assert_string_equal(how(&f, "deps/thing/thing.h"), "deps/thing/thing.h line 1");
    assert_string_equal(around(&f, "deps/thing/deps/inner/inner.h"), "inner 0.9.1");
    assert_string_equal(around(&f, "deps/other-2.4.1/x.c"), "other 2.4.1");
    assert_string_equal(around(&f, "deps/silent/x.c"), "silent");
    assert_string_equal(how(&f, "deps/silent/x.c"), "in deps/; no version is told there");
    assert_string_equal(around(&f, "deps/glue/glue.c"), "");
    assert_string_equal(around(&f, "third_party/split/a.h"), "split 1.0.1");
    assert_string_equal(around(&f, "third_party/torn/torn.h"), "torn");
    assert_non_null(strstr(how(&f, "third_party/torn/torn.h"), "1.0.2"));
    assert_string_equal(around(&f, "third_party/src/part.c"), "");
    assert_string_equal(around(&f, "third_party/one.h"), "one 2.27");
    assert_string_equal(around(&f, "lib/own/own.c"), "");
    assert_string_equal(around(&f, "lib/dated-1.4.2/x.c"), "dated 1.4.2");
    assert_string_equal(around(&f, "lib/at-e23f558/x.c"), "at");
    assert_string_equal(how(&f, "lib/at-e23f558/x.c"),
                        "commit e23f558 by its name; no version is told there");
    assert_string_equal(around(&f, "lib/at-deadbee/x.c"), "");
    assert_string_equal(around(&f, "third_party/scope/proto/v1/x.c"), "scope");
    assert_string_equal(around(&f, "lib/theirs/theirs.c"), "theirs");
    assert_string_equal(around(&f, "web/000-jay-3.6.0.min.js"), "Jay 3.6.0");
    assert_string_equal(around(&f, "web/bundle.min.js"), "Boot 5.1.3");
    assert_string_equal(around(&f, "web/ours.js"), "");
    assert_string_equal(around(&f, "web/plain.js"), "");
    assert_string_equal(around(&f, "src/main.c"), "");
    assert_string_equal(around(&f, "deps"), "");
}

static void lists_of_packages_are_believed(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put("inc/vendor/composer/installed.json",
        "{\"packages\": [\n"
        "{\"name\": \"a/one\", \"version\": \"v1.2.3\", \"install-path\": \"../a/one\"},\n"
        "{\"name\": \"a/two\", \"version\": \"dev-main\", \"install-path\": \"../a/two\"},\n"
        "{\"name\": \"a/trick\", \"version\": \"1.0\", \"install-path\": \"../../../../src\"},\n"
        "{\"name\": \"a/trick2\", \"version\": \"1.0\", \"install-path\": \"/src\"},\n"
        "{\"name\": \"a/gone\", \"version\": \"1.0\", \"install-path\": \"../a/gone\"},\n"
        "{\"name\": \"../x\", \"version\": \"1.0\"}, 7]}\n");
    put("inc/vendor/a/one/x.php", "<?php\n");
    put("inc/vendor/a/two/x.php", "<?php\n");
    put("inc/vendor/a/left/x.php", "<?php\n");
    put("src/x.php", "<?php\n");
    put("go/vendor/modules.txt", "# example.org/m/one v1.4.0\n## explicit\nexample.org/m/one\n"
                                 "# example.org/m/two v1.0.0 => example.org/f/two v1.0.1\n"
                                 "# example.org/m/three/v2 v2.0.0 => ./three\n");
    put("go/vendor/example.org/m/one/x.go", "package one\n");
    put("go/vendor/example.org/m/two/x.go", "package two\n");
    put("go/vendor/example.org/m/three/v2/x.go", "package three\n");
    put("py/_vendor/vendor.txt", "Some-Thing==1.2.3 # why\nsingle==2.0\n");
    put("py/_vendor/some_thing/__init__.py", "x = 1\n");
    put("py/_vendor/single.py", "x = 1\n");
    put("site/pack_age/__init__.py", "x = 1\n");
    put("site/pack_age-3.1.dist-info/METADATA", "Name: pack-age\nVersion: 3.1\n");
    put("node_modules/plain/package.json", "{\"name\": \"plain\", \"version\": \"1.0.1\"}");
    put("node_modules/plain/index.js", "f()\n");
    put("node_modules/@scope/pack/package.json",
        "{\"name\": \"@scope/pack\", \"version\": \"2.0.1\"}");
    put("node_modules/@scope/pack/lib/index.js", "f()\n");
    put("rust/vendor/crate/.cargo-checksum.json", "{}");
    put("rust/vendor/crate/Cargo.toml", "[package]\nname = \"crate\"\nversion = \"0.3.1\"\n");
    put("rust/vendor/crate/src/lib.rs", "fn x()\n");
    find(&f, "");
    assert_string_equal(around(&f, "inc/vendor/a/one/x.php"), "a/one 1.2.3");
    assert_string_equal(around(&f, "inc/vendor/a/two/x.php"), "a/two");
    assert_non_null(strstr(how(&f, "inc/vendor/a/two/x.php"), "branch dev-main"));
    assert_string_equal(around(&f, "inc/vendor/a/left/x.php"), "left");
    assert_string_equal(around(&f, "src/x.php"), "");
    assert_string_equal(around(&f, "go/vendor/example.org/m/one/x.go"), "example.org/m/one 1.4.0");
    assert_string_equal(how(&f, "go/vendor/example.org/m/one/x.go"),
                        "go/vendor/modules.txt line 1");
    assert_string_equal(around(&f, "go/vendor/example.org/m/two/x.go"), "example.org/m/two 1.0.1");
    assert_string_equal(around(&f, "go/vendor/example.org/m/three/v2/x.go"),
                        "example.org/m/three/v2");
    assert_string_equal(around(&f, "py/_vendor/some_thing/__init__.py"), "Some-Thing 1.2.3");
    assert_string_equal(around(&f, "py/_vendor/single.py"), "single 2.0");
    assert_string_equal(around(&f, "site/pack_age/__init__.py"), "pack-age 3.1");
    assert_string_equal(around(&f, "node_modules/plain/index.js"), "plain 1.0.1");
    assert_string_equal(around(&f, "node_modules/@scope/pack/lib/index.js"), "@scope/pack 2.0.1");
    assert_string_equal(around(&f, "rust/vendor/crate/src/lib.rs"), "crate 0.3.1");
}

/* Lists that lie, break off, or are no lists: nothing ends, and it is said. */
static void broken_lists_are_said(void **state)
{
    AUTO(found) struct found f = {.git = NULL};
    AUTO(buf) struct buf deep = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_addc(&deep, '[');
    put("a/composer/installed.json", buf_c(&deep));
    put("b/composer/installed.json", "{\"packages\": [{\"name\": \"a/b\", \"vers");
    put("c/composer/installed.json", "{\"packages\": 7}");
    put("vendor/thing/package.json", buf_c(&deep));
    put("vendor/thing/x.js", "f()\n");
    find(&f, "");
    assert_int_equal(f.v.n_notes, 3);
    assert_string_equal(around(&f, "vendor/thing/x.js"), "thing");
}

static void missing_objects_are_passed_over(void **state)
{
    char id[TESTREPO_SAID];
    AUTO(found) struct found f = {.git = NULL};
    (void)state;
    put("vendor/thing/thing.h", "#define THING_VERSION \"1.2.3\"\n");
    put("vendor/other/other.h", "#define OTHER_VERSION \"1.2.4\"\n");
    put("vendor/lost/lost.h", "#define LOST_VERSION \"1.2.5\"\n");
    save();
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD:vendor/thing/thing.h", NULL}, id);
    testrepo_lose(repo, id);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD:vendor/lost", NULL}, id);
    testrepo_lose(repo, id);
    find_saved(&f, "");
    assert_string_equal(around(&f, "vendor/thing/thing.h"), "thing");
    assert_string_equal(around(&f, "vendor/other/other.h"), "other 1.2.4");
    assert_string_equal(around(&f, "vendor/lost/lost.h"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_told_from_other_text),
        cmocka_unit_test(names_mean_the_same_or_not),
        cmocka_unit_test(titles_are_no_sentences),
        cmocka_unit_test(program_text_tells_its_version),
        cmocka_unit_test(manifests_tell_name_and_version),
        cmocka_unit_test(long_lines_cost_nothing),
        cmocka_unit_test_setup_teardown(copies_of_a_tree_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(lists_of_packages_are_believed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(broken_lists_are_said, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(missing_objects_are_passed_over, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
