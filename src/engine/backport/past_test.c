/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of what histories say about a fix, on small repositories.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/backport/locate.h"
#include "engine/backport/past.h"
#include "engine/backport/store.h"
#include "git/testing.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

#define HEAD_LINES                                                                                 \
    "#include <string.h>\n#include \"parse.h\"\n\n"                                                \
    "int parse(struct reader *r)\n{\n    size_t n = reader_length(r);\n    char room[ROOM];\n"
#define TAIL_LINES                                                                                 \
    "    reader_copy(r, room, n);\n    reader_done(r);\n    return parse_room(room, n);\n}\n"
#define CHECK_LINES "    if (n > sizeof room)\n        return parse_error(r, \"too long\");\n"
#define COUNT_LINES "    reader_count(r, COUNTED_PARSE);\n    reader_trace(r, \"parse\");\n"
#define FLAWED      HEAD_LINES TAIL_LINES
#define FIXED       HEAD_LINES CHECK_LINES TAIL_LINES

static void commit(const char *path, const char *text, const char *message, int day)
{
    testrepo_commit(repo, path, text, day);
    TESTREPO(repo, "commit", "-q", "--amend", "-m", message);
}

static void id_of(const char *rev, char ret[TESTREPO_SAID])
{
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, ret);
}

/* master: the flaw, then the fix; branch "old" from before the fix, with a commit of its own. */
static int make_repo(void **state)
{
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_init(repo, *state ? *state : "sha1");
    commit("parse.c", FLAWED, "parse: read a room", 1);
    TESTREPO(repo, "branch", "old");
    commit("other.c", "int other;\n", "other: begin", 10);
    commit("parse.c", FIXED, "parse: check the length", 20);
    TESTREPO(repo, "tag", "fix");
    commit("other.c", "int other = 1;\n", "other: go on", 21);
    TESTREPO(repo, "checkout", "-q", "old");
    commit("version", "1.1\n", "Version 1.1", 22);
    return 0;
}

static int remove_repo(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

struct asked {
    struct past_already r[4];
    struct arena *a;
    enum rc rc;
};

/* With a memory, empty and filled, the answers are the same. */
static void ask_again(struct past_ask *ask, const struct asked *x)
{
    AUTO(bp_store) struct bp_store *store = NULL;
    AUTO(past_memory) struct past_memory *memory = NULL;
    struct err e = ERR_INIT;
    struct past_already r[4];
    assert_int_equal(bp_store_open(ask->git, NULL, &store, &e), RC_OK);
    past_memory_open(store, &memory);
    ask->memory = memory;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(past_already(ask, x->a, r, &e), x->rc);
        for (size_t i = 0; x->rc == RC_OK && i < ask->n_onto; i++) {
            assert_int_equal(r[i].state, x->r[i].state);
            assert_string_equal(r[i].rule, x->r[i].rule);
            assert_string_equal(r[i].commit, x->r[i].commit);
            assert_string_equal(r[i].back, x->r[i].back);
            assert_true(str_eq(r[i].why, x->r[i].why));
        }
    }
}

static enum rc try_ask(const char *fix, const char *const *onto, unsigned without, struct asked *x)
{
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    struct err e = ERR_INIT;
    char fix_id[TESTREPO_SAID], ids[4][TESTREPO_SAID];
    struct str lines[4];
    struct past_ask ask = {.without = without, .onto = lines};
    id_of(fix, fix_id);
    ask.fix = str_c(fix_id);
    for (size_t i = 0; onto[i]; i++) {
        id_of(onto[i], ids[i]);
        lines[ask.n_onto++] = str_c(ids[i]);
    }
    assert_int_equal(git_open(repo, NULL, &git, &e), RC_OK);
    assert_int_equal(objects_open(git, &objects, &e), RC_OK);
    ask.git = git;
    ask.objects = objects;
    x->a = arena_new(1 << 20);
    x->rc = past_already(&ask, x->a, x->r, &e);
    ask_again(&ask, x);
    return x->rc;
}

static void line_is(const char *onto, unsigned without, enum past_state state, const char *rule)
{
    struct asked x;
    const char *const lines[] = {onto, NULL};
    assert_int_equal(try_ask("fix", lines, without, &x), RC_OK);
    if (x.r[0].state != state || strcmp(x.r[0].rule, rule) != 0)
        fail_msg("%s: %s by \"%s\": %.*s", onto, past_state_name(x.r[0].state), x.r[0].rule,
                 STR_ARG(x.r[0].why));
    arena_free(x.a);
}

/* ---- Is it there? ---- */

static void a_line_without_the_fix(void **state)
{
    (void)state;
    line_is("old", 0, PAST_NO, "");
    line_is("old~1", 0, PAST_NO, "");
    line_is("fix~1", 0, PAST_NO, "");
}

static void the_fix_itself(void **state)
{
    (void)state;
    line_is("fix", 0, PAST_YES, "graph");
    line_is("master", 0, PAST_YES, "graph");
    TESTREPO(repo, "checkout", "-q", "master");
    commit("parse.c", FLAWED, "Revert \"parse: check the length\"", 30);
    line_is("master", 0, PAST_TAKEN_BACK, "graph");
}

static void a_trailer_names_it(void **state)
{
    (void)state;
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    line_is("old", 0, PAST_YES, "trailer");
    line_is("old", PAST_RULE_TRAILER, PAST_YES, "date");
    line_is("old", PAST_RULE_TRAILER | PAST_RULE_DATE, PAST_YES, "patch-id");
    line_is("old~1", 0, PAST_NO, "");
}

static void a_copy_of_a_copy(void **state)
{
    char id[TESTREPO_SAID], message[3000];
    (void)state;
    TESTREPO(repo, "checkout", "-q", "-b", "older", "old~1");
    TESTREPO(repo, "checkout", "-q", "old");
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    id_of("old", id);
    TESTREPO(repo, "checkout", "-q", "older");
    (void)snprintf(message, sizeof message, "Length\n\n(cherry picked from commit %s)\n", id);
    commit("parse.c", HEAD_LINES "    if (sizeof room < n)\n        return -1;\n" TAIL_LINES,
           message, 40);
    struct asked x;
    const char *const both[] = {"older", "old", "master", "old~1", NULL};
    assert_int_equal(try_ask("fix", both, 0, &x), RC_OK);
    assert_int_equal(x.r[0].state, PAST_YES);
    assert_string_equal(x.r[0].rule, "trailer");
    assert_int_equal(x.r[1].state, PAST_YES);
    assert_string_equal(x.r[2].rule, "graph");
    assert_int_equal(x.r[3].state, PAST_NO);
    arena_free(x.a);
}

/* The fix was made on the line and then brought to master: it names the line's commit. */
static void the_fix_names_the_line(void **state)
{
    char id[TESTREPO_SAID], message[3000];
    (void)state;
    commit("parse.c", HEAD_LINES "    if (n > ROOM)\n        return -1;\n" TAIL_LINES, "Length",
           19);
    id_of("old", id);
    (void)snprintf(message, sizeof message, "Other words\n\n(cherry picked from commit %s)\n", id);
    TESTREPO(repo, "checkout", "-q", "-b", "forward", "fix~1");
    commit("parse.c", FIXED, message, 25);
    TESTREPO(repo, "tag", "-f", "fix");
    line_is("old", 0, PAST_YES, "trailer");
}

static void a_message_that_names_it_in_passing(void **state)
{
    char id[TESTREPO_SAID], message[3000];
    (void)state;
    id_of("fix", id);
    (void)snprintf(message, sizeof message, "Word things as upstream did in %s\n", id);
    commit("notes.c", "/* notes on parsing */\nint notes;\n", message, 40);
    line_is("old", 0, PAST_MAYBE, "trailer");
    (void)snprintf(message, sizeof message, "Notes\n\nThis is a part of %s backported.\n", id);
    commit("notes.c", "/* notes on parsing */\nint notes, more;\n", message, 41);
    line_is("old", 0, PAST_MAYBE, "trailer");
}

static void the_same_patch_in_other_words(void **state)
{
    (void)state;
    commit("parse.c", FIXED, "Do not read too much", 40);
    line_is("old", 0, PAST_YES, "patch-id");
    commit("version", "1.2\n", "Version 1.2", 41);
    line_is("old", 0, PAST_YES, "patch-id");
    line_is("old", PAST_RULE_PATCH_ID, PAST_MAYBE, "lines");
}

/* Four lines and more, with others beside them: a larger commit that holds the fix. */
static void a_larger_commit_holds_it(void **state)
{
    (void)state;
    TESTREPO(repo, "checkout", "-q", "master");
    commit("parse.c", HEAD_LINES CHECK_LINES COUNT_LINES TAIL_LINES, "parse: count", 50);
    commit("parse.c", HEAD_LINES TAIL_LINES, "parse: away", 51);
    commit("parse.c", HEAD_LINES CHECK_LINES COUNT_LINES TAIL_LINES, "parse: all of it", 52);
    TESTREPO(repo, "tag", "-f", "fix");
    TESTREPO(repo, "checkout", "-q", "old");
    commit("parse.c", HEAD_LINES CHECK_LINES "    room[0] = '\\0';\n" COUNT_LINES TAIL_LINES,
           "Things of this release", 60);
    line_is("old", 0, PAST_YES, "lines");
}

/* The same lines come twice, in two places; the line has the first of the two only. */
static void a_twin_is_not_it(void **state)
{
#define GUARD                                                                                      \
    "    if (!reader_ready(r))\n        return reader_fail(r);\n    reader_mark(r, room);\n"       \
    "    reader_note(r, room);\n"
    (void)state;
    TESTREPO(repo, "checkout", "-q", "master");
    commit("parse.c", HEAD_LINES GUARD TAIL_LINES, "parse: guard", 50);
    commit("parse.c", HEAD_LINES GUARD TAIL_LINES "int more(void)\n{\n" GUARD "}\n", "parse: guard",
           51);
    TESTREPO(repo, "tag", "-f", "fix");
    TESTREPO(repo, "checkout", "-q", "old");
    TESTREPO(repo, "checkout", "master~1", "--", "parse.c");
    commit("version", "1.2\n", "parse: guard", 60);
    line_is("old", 0, PAST_MAYBE, "lines");
}

/* ---- Taken back ---- */

static void taken_back_and_brought_again(void **state)
{
    (void)state;
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    TESTREPO(repo, "revert", "--no-edit", "HEAD");
    line_is("old", 0, PAST_TAKEN_BACK, "trailer");
    line_is("old", PAST_RULE_TRAILER, PAST_TAKEN_BACK, "date");
    commit("version", "1.2\n", "Version 1.2", 41);
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    line_is("old", 0, PAST_YES, "trailer");
    TESTREPO(repo, "revert", "--no-edit", "HEAD");
    TESTREPO(repo, "revert", "--no-edit", "HEAD");
    line_is("old", PAST_RULE_TRAILER, PAST_YES, "patch-id");
}

static void another_of_that_subject_is_taken_back(void **state)
{
    (void)state;
    commit("version", "1.2\n", "parse: check the length", 40); /* a namesake */
    TESTREPO(repo, "tag", "namesake");
    TESTREPO(repo, "cherry-pick", "-x", "fix");
    TESTREPO(repo, "revert", "--no-edit", "namesake");
    line_is("old", 0, PAST_YES, "trailer");
}

/* ---- What is not whole ---- */

static void a_lost_commit_is_unknown(void **state)
{
    char id[TESTREPO_SAID];
    (void)state;
    TESTREPO(repo, "branch", "whole");
    commit("version", "1.2\n", "Version 1.2", 41);
    id_of("old", id);
    commit("version", "1.3\n", "Version 1.3", 42);
    struct asked x;
    const char *const lines[] = {"old", "whole", "master", NULL};
    testrepo_lose(repo, id);
    assert_int_equal(try_ask("fix", lines, 0, &x), RC_OK);
    assert_int_equal(x.r[0].state, PAST_UNKNOWN);
    assert_int_equal(x.r[1].state, PAST_NO);
    assert_int_equal(x.r[2].state, PAST_YES);
    arena_free(x.a);
}

static void a_shallow_line_is_unknown(void **state)
{
    char from[TESTREPO_PATH + 20], clone[TESTREPO_PATH], fix[TESTREPO_SAID];
    (void)state;
    id_of("fix", fix);
    testrepo_path(top, "clone", clone);
    (void)snprintf(from, sizeof from, "file://%s", repo);
    TESTREPO(repo, "clone", "-q", "--bare", "--no-single-branch", "--depth=2", from, clone);
    memcpy(repo, clone, sizeof repo);
    line_is("old", 0, PAST_UNKNOWN, "");
}

static void wrong_questions(void **state)
{
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct err e = ERR_INIT;
    struct past_already r;
    const struct str none = STR("0123456789012345678901234567890123456789");
    char id[TESTREPO_SAID];
    (void)state;
    id_of("old", id);
    const struct str onto = str_c(id), bad = STR("--all");
    assert_int_equal(git_open(repo, NULL, &git, &e), RC_OK);
    assert_int_equal(objects_open(git, &objects, &e), RC_OK);
    struct past_ask ask = {.git = git, .objects = objects, .fix = none, .onto = &onto, .n_onto = 1};
    assert_int_equal(past_already(&ask, a, &r, &e), RC_NOTFOUND);
    ask.fix = onto;
    ask.onto = &bad;
    assert_int_equal(past_already(&ask, a, &r, &e), RC_INVALID);
    ask.onto = &onto;
    ask.n_onto = PAST_ONTO_MAX + 1;
    assert_int_equal(past_already(&ask, a, &r, &e), RC_LIMIT);
    id_of("old^{tree}", id);
    ask.n_onto = 1;
    assert_int_equal(past_already(&ask, a, &r, &e), RC_INVALID);
}

/* ---- Is the flaw there, and what does the fix rest on ---- */

struct opened {
    struct git *git;
    struct objects *objects;
    char fix[TESTREPO_SAID], onto[TESTREPO_SAID];
    struct str line;
    struct locate *locate;
    struct past_ask ask;
};

static void open_ask(const char *fix, const char *onto, struct opened *o)
{
    struct err e = ERR_INIT;
    id_of(fix, o->fix);
    id_of(onto, o->onto);
    o->line = str_c(o->onto);
    assert_int_equal(git_open(repo, NULL, &o->git, &e), RC_OK);
    assert_int_equal(objects_open(o->git, &o->objects, &e), RC_OK);
    assert_int_equal(locate_open(o->git, o->objects, &o->locate, &e), RC_OK);
    o->ask = (struct past_ask){.git = o->git,
                               .objects = o->objects,
                               .locate = o->locate,
                               .fix = str_c(o->fix),
                               .onto = &o->line,
                               .n_onto = 1};
}

static void close_ask(struct opened *o)
{
    locate_close(o->locate);
    objects_close(o->objects);
    git_close(o->git);
}

static void affected_is(const char *fix, const char *onto, bool affected)
{
    AUTO(arena) struct arena *a = arena_new(1 << 22);
    struct past_affected r;
    struct err e = ERR_INIT;
    struct opened o;
    open_ask(fix, onto, &o);
    assert_int_equal(past_affected(&o.ask, 0, a, &r, &e), RC_OK);
    if (r.affected != affected)
        fail_msg("%s on %s: %.*s", fix, onto, STR_ARG(r.why));
    assert_int_equal(r.n_origins > 0, !affected);
    close_ask(&o);
}

#define FEATURE                                                                                    \
    "int zip_room(struct reader *r)\n{\n    struct zip *z = zip_begin(r);\n"                       \
    "    size_t packed = zip_packed(z);\n    zip_copy(z, packed);\n"
#define FEATURE_END "    zip_trace(z, packed);\n    zip_close(z);\n    return zip_result(z);\n}\n"

/* master brings a feature into a file that "old" has, and mends it later. */
static void bring_feature(void)
{
    TESTREPO(repo, "checkout", "-q", "master");
    commit("parse.c", FIXED FEATURE FEATURE_END, "zip: rooms", 50);
    TESTREPO(repo, "tag", "feature");
    commit("parse.c", FIXED FEATURE "    zip_check(z, packed);\n" FEATURE_END, "zip: check", 55);
    TESTREPO(repo, "tag", "mended");
}

static void a_flaw_that_came_later(void **state)
{
    (void)state;
    bring_feature();
    affected_is("mended", "old", false);
    affected_is("mended", "feature", true);
    affected_is("fix", "old", true);
}

static void a_flaw_that_was_copied(void **state)
{
    (void)state;
    bring_feature();
    TESTREPO(repo, "checkout", "-q", "old");
    commit("parse.c", FLAWED FEATURE FEATURE_END, "zip: rooms", 60);
    affected_is("mended", "old", true);
    commit("parse.c", FLAWED, "no zip here", 61); /* its words do not say so */
    affected_is("mended", "old", true);
}

static void a_flaw_in_a_file_that_is_not_there(void **state)
{
    (void)state;
    TESTREPO(repo, "checkout", "-q", "master");
    commit("zip.c", FEATURE FEATURE_END, "zip: rooms", 50);
    commit("zip.c", FEATURE "    zip_check(z, packed);\n" FEATURE_END, "zip: check", 55);
    TESTREPO(repo, "tag", "mended");
    affected_is("mended", "old", true);
}

static void what_a_place_rests_on(void **state)
{
    AUTO(arena) struct arena *a = arena_new(1 << 22);
    struct past_needs r;
    struct err e = ERR_INIT;
    struct opened o;
    char feature[TESTREPO_SAID];
    (void)state;
    bring_feature();
    id_of("feature", feature);
    TESTREPO(repo, "checkout", "-q", "old");
    commit("parse.c", FLAWED "int only_here(void);\n", "only here", 60);
    open_ask("mended", "old", &o);
    const struct past_place places[] = {
        {STR("parse.c"), STR("parse.c"), 14, 9, 11, 2},
        {STR("gone.c"), STR("gone.c"), 1, 1, 1, 1},
    };
    assert_int_equal(past_needs(&o.ask, 0, places, 1, a, &r, &e), RC_OK);
    assert_false(r.cut);
    assert_int_equal(r.n_needs, 1);
    assert_string_equal(r.needs[0].id, feature);
    assert_true(str_eq(r.needs[0].subject, STR("zip: rooms")) && !r.needs[0].picked);
    assert_int_equal(r.n_touches, 2);
    assert_false(r.touches[0].main);
    assert_true(str_eq(r.touches[0].commit.subject, STR("only here")));
    assert_true(r.touches[1].main);
    assert_int_equal(past_needs(&o.ask, 0, places, 2, a, &r, &e), RC_OK);
    assert_true(r.cut && r.n_needs == 1);
    close_ask(&o);
}

#define ON(f)        cmocka_unit_test_setup_teardown(f, make_repo, remove_repo)
#define ON_SHA256(f) cmocka_unit_test_prestate_setup_teardown(f, make_repo, remove_repo, sha256)

int main(void)
{
    static char sha256[] = "sha256";
    const struct CMUnitTest tests[] = {
        ON(a_line_without_the_fix),
        ON(the_fix_itself),
        ON(a_trailer_names_it),
        ON_SHA256(a_trailer_names_it),
        ON(a_copy_of_a_copy),
        ON_SHA256(a_copy_of_a_copy),
        ON(the_fix_names_the_line),
        ON(a_message_that_names_it_in_passing),
        ON(the_same_patch_in_other_words),
        ON(a_larger_commit_holds_it),
        ON(a_twin_is_not_it),
        ON(taken_back_and_brought_again),
        ON_SHA256(taken_back_and_brought_again),
        ON(another_of_that_subject_is_taken_back),
        ON(a_lost_commit_is_unknown),
        ON(a_shallow_line_is_unknown),
        ON(wrong_questions),
        ON(a_flaw_that_came_later),
        ON(a_flaw_that_was_copied),
        ON(a_flaw_in_a_file_that_is_not_there),
        ON(what_a_place_rests_on),
    };
    return cmocka_run_group_tests_name("backport-past", tests, NULL, NULL);
}
