/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of where a tree has the text that a fix edits, on small repositories.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/backport/locate.h"
#include "engine/backport/locate_inside.h"
#include "git/testing.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

#define PARSE                                                                                      \
    "#include \"parse.h\"\n\n"                                                                     \
    "static size_t parse_length(struct reader *r)\n{\n"                                            \
    "    size_t n = reader_number(r);\n    reader_skip(r, 2);\n    return n;\n}\n\n"
#define READ_HEAD                                                                                  \
    "int parse_room(struct reader *r)\n{\n    char room[ROOM_BYTES];\n"                            \
    "    size_t length = parse_length(r);\n"
#define READ_CHECK "    if (length > sizeof room)\n        return reader_fail(r, \"too long\");\n"
#define READ_TAIL                                                                                  \
    "    reader_copy(r, room, length);\n    reader_done(r);\n"                                     \
    "    return room_take(room, length);\n}\n\n"
#define WRITE                                                                                      \
    "int write_room(struct writer *w, const char *room)\n{\n"                                      \
    "    writer_begin(w, WRITER_ROOM);\n    writer_text(w, room);\n"                               \
    "    writer_flush(w);\n    return writer_end(w);\n}\n\n"
#define FLAWED PARSE READ_HEAD READ_TAIL
#define FIXED  PARSE READ_HEAD READ_CHECK READ_TAIL

static int make_repo(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_init(repo, "sha1");
    TESTREPO(repo, "commit", "-q", "--allow-empty", "-m", "begin");
    TESTREPO(repo, "branch", "release");
    testrepo_commit(repo, "parse.c", FLAWED, 1);
    testrepo_commit(repo, "version", "2\n", 1);
    TESTREPO(repo, "tag", "before");
    testrepo_commit(repo, "parse.c", FIXED, 2);
    TESTREPO(repo, "checkout", "-q", "release");
    return 0;
}

static int remove_repo(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static void put(const char *path, const char *text)
{
    char folder[TESTREPO_PATH + 100];
    (void)snprintf(folder, sizeof folder, "%s/%s", repo, path);
    *strrchr(folder, '/') = '\0';
    if (strchr(path, '/')) {
        (void)mkdir(folder, 0700);
    }
    testrepo_commit(repo, path, text, 3);
}

static void id_of(const char *rev, char ret[TESTREPO_SAID])
{
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, ret);
}

/* Where the release has the text of the fix; "" = nowhere. */
static void is_at(const char *path, enum locate_rule rule)
{
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    AUTO(locate) struct locate *l = NULL;
    AUTO(arena) struct arena *a = arena_new(16 << 20);
    struct err e = ERR_INIT;
    struct locate_found f;
    char oid[TESTREPO_SAID], tree[TESTREPO_SAID], base[TESTREPO_SAID], there[TESTREPO_SAID];
    id_of("before:parse.c", oid);
    id_of("before^{tree}", base);
    id_of("release^{tree}", tree);
    struct locate_ask ask = {.path = STR("parse.c"),
                             .base = str_c(FLAWED),
                             .fix = str_c(FIXED),
                             .base_oid = str_c(oid),
                             .base_tree = str_c(base),
                             .release_tree = str_c(tree)};
    assert_int_equal(git_open(repo, NULL, &git, &e), RC_OK);
    assert_int_equal(objects_open(git, &objects, &e), RC_OK);
    assert_int_equal(locate_open(git, objects, &l, &e), RC_OK);
    for (int again = 0; again < 2; again++) { /* the second time from the list that was kept */
        assert_int_equal(locate_run(l, &ask, a, &f, &e), RC_OK);
        if (f.rule != rule || (rule && !str_eq(f.path, str_c(path))))
            fail_msg("%s at \"%.*s\": %.*s", locate_rule_name(f.rule), STR_ARG(f.path),
                     STR_ARG(f.why));
        if (rule == LOCATE_NONE)
            continue;
        char name[TESTREPO_PATH];
        (void)snprintf(name, sizeof name, "release:%s", path);
        id_of(name, there);
        assert_string_equal(f.oid, there);
        assert_true(f.text.n > 0 && f.why.n > 0);
        assert_true(f.mode == (TREE_MODE_FILE | 0644));
    }
}

static void it_is_nowhere(void **state)
{
    (void)state;
    put("other.c", WRITE);
    put("parse.txt", FLAWED "\nas text\n"); /* not of the kind */
    is_at("", LOCATE_NONE);
}

static void the_same_content_elsewhere(void **state)
{
    (void)state;
    put("src/room.c", FLAWED);
    put("other.c", FLAWED WRITE);
    is_at("src/room.c", LOCATE_EXACT);
}

static void the_same_name_elsewhere(void **state)
{
    (void)state;
    put("src/parse.c", FLAWED "int more;\n");
    put("test/parse.c", "int parse_test(void)\n{\n    return 0;\n}\n");
    is_at("src/parse.c", LOCATE_NAME);
}

static void another_name(void **state)
{
    (void)state;
    put("reader.c", "/* reads rooms */\n" FLAWED);
    put("writer.c", WRITE);
    is_at("reader.c", LOCATE_RENAMED);
}

static void text_that_was_moved(void **state)
{
    (void)state;
    put("rooms.c",
        WRITE "int a_of_room;\nint b_of_room;\nint c_of_room;\nint d_of_room;\n" READ_HEAD READ_TAIL
              "int e_of_room;\nint f_of_room;\nint g_of_room;\n");
    put("writer.c", WRITE);
    is_at("rooms.c", LOCATE_LINES);
}

/* The fix's side has the lines in that file too: the release has lost one of two twins. */
static void a_twin_is_no_other_place(void **state)
{
    (void)state;
    put("twin.c", WRITE "int a_twin;\nint b_twin;\nint c_twin;\nint d_twin;\n" READ_HEAD READ_TAIL);
    TESTREPO(repo, "checkout", "-q", "master");
    TESTREPO(repo, "checkout", "release", "--", "twin.c");
    testrepo_commit(repo, "version", "3\n", 4);
    TESTREPO(repo, "tag", "-f", "before");
    TESTREPO(repo, "checkout", "before~2", "--", "parse.c");
    testrepo_commit(repo, "version", "4\n", 5);
    TESTREPO(repo, "tag", "-f", "before");
    is_at("", LOCATE_NONE);
}

static void links_and_odd_names(void **state)
{
    char path[TESTREPO_PATH + 20];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/parse.h", repo);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    TESTREPO(repo, "add", "parse.h");
    put("a\nb.c", FLAWED); /* no name for us */
    is_at("", LOCATE_NONE);
    put("b \"c\".c", "/* one */\n" FLAWED);
    is_at("b \"c\".c", LOCATE_RENAMED);
}

static void a_missing_tree(void **state)
{
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    AUTO(locate) struct locate *l = NULL;
    AUTO(arena) struct arena *a = arena_new(16 << 20);
    struct err e = ERR_INIT;
    struct locate_found f;
    struct locate_ask ask = {.path = STR("parse.c"),
                             .base = str_c(FLAWED),
                             .fix = str_c(FIXED),
                             .base_oid = STR("0123456789012345678901234567890123456789"),
                             .base_tree = STR_NONE,
                             .release_tree = STR("0123456789012345678901234567890123456789")};
    (void)state;
    assert_int_equal(git_open(repo, NULL, &git, &e), RC_OK);
    assert_int_equal(objects_open(git, &objects, &e), RC_OK);
    assert_int_equal(locate_open(git, objects, &l, &e), RC_OK);
    assert_int_equal(locate_run(l, &ask, a, &f, &e), RC_NOTFOUND);
    ask.release_tree = STR("--help");
    assert_int_equal(locate_run(l, &ask, a, &f, &e), RC_INVALID);
}

/* ---- Lines ---- */

static void lines_of(const char *text, struct arena *a, struct lines *ret)
{
    struct err e = ERR_INIT;
    assert_int_equal(lines_make(str_c(text), a, ret, &e), RC_OK);
}

static void edits_of(const char *old, const char *now, struct arena *a, struct edits *ret)
{
    struct lines x, y;
    struct err e = ERR_INIT;
    lines_of(old, a, &x);
    lines_of(now, a, &y);
    assert_int_equal(edits_make(&x, &y, a, ret, &e), RC_OK);
}

static void edits_and_what_is_held(void **state)
{
    AUTO(arena) struct arena *a = arena_new(16 << 20);
    struct edits d;
    struct lines x;
    size_t held;
    double share;
    (void)state;
    edits_of("", "", a, &d);
    assert_int_equal(d.n, 0);
    edits_of(FLAWED, FLAWED, a, &d);
    assert_int_equal(d.n, 0);
    edits_of("", FLAWED, a, &d);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.v[0].n, 0);
    edits_of(FLAWED, "", a, &d);
    assert_int_equal(d.n, 1);
    edits_of(FLAWED WRITE, FIXED, a, &d);
    assert_int_equal(d.n, 2);
    assert_int_equal(d.v[0].from, d.v[0].to); /* an insertion */
    assert_true(d.v[1].to > d.v[1].from);
    lines_of("\t" READ_HEAD "\n\n" READ_TAIL, a, &x);
    edits_held(&d, &x, &held, &share);
    assert_int_equal(held, 1);
    assert_true(share > 0.3 && share < 0.8);
    lines_of("", a, &x);
    edits_held(&d, &x, &held, &share);
    assert_int_equal(held, 0);
    assert_true(share < 0.01 && lines_alike(&x, &x) < 0.01);
    lines_of(FLAWED, a, &x);
    assert_true(lines_alike(&x, &x) > 0.99);
}

#define ON(f) cmocka_unit_test_setup_teardown(f, make_repo, remove_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(it_is_nowhere),
        ON(the_same_content_elsewhere),
        ON(the_same_name_elsewhere),
        ON(another_name),
        ON(text_that_was_moved),
        ON(a_twin_is_no_other_place),
        ON(links_and_odd_names),
        ON(a_missing_tree),
        cmocka_unit_test(edits_and_what_is_held),
    };
    return cmocka_run_group_tests_name("backport-locate", tests, NULL, NULL);
}
