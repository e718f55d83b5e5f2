/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invented backports for the preview and the tests of the pages.  Not part of the program.  The
 * code is nobody's, and some of it tries to break a page.
 */
#include "web/fixture_backport.h"

#include <string.h>

#include "base/when.h"
#include "web/fixture.h"

#define NOW     FIXTURE_NOW
#define HOUR(n) (NOW - (n)*US_PER_H)
#define HOSTILE "\"'></textarea><script>alert(1)</script><img src=x>\xe2\x80\xae"
#define ID(c)   STR(c "1d3344556677889900aabbccddeeff00112233")

static void *list(struct arena *a, const void *v, size_t n)
{
    void *p = arena_alloc(a, n);
    BUG_ON(p == NULL);
    memcpy(p, v, n);
    return p;
}
#define LIST(a, v) list(a, v, sizeof(v))

static const char diff[] = "diff --git a/src/name.c b/src/name.c\n"
                           "index 1111111..2222222 100644\n"
                           "--- a/src/name.c\n"
                           "+++ b/src/name.c\n"
                           "@@ -118,9 +118,11 @@ int parse_name(const char *s, struct name *ret)\n"
                           "     struct buffer *b = buffer_new();\n"
                           " \n"
                           "     /* The name ends at the first dot. */\n"
                           "-    size_t n = strcspn(s, \".\");\n"
                           "-    memcpy(b->bytes, s, n);\n"
                           "+    size_t n = strnlen(s, NAME_MAX + 1);\n"
                           "+    if (n > NAME_MAX)\n"
                           "+        return -1; /* too long */\n"
                           "+    memcpy(b->bytes, s, n);\n"
                           "     b->n = n;\n"
                           "     ret->text = b;\n"
                           "     return 0;\n"
                           "@@ -240,3 +242,4 @@ void name_free(struct name *n)\n"
                           "     free(n->text);\n"
                           "+    n->text = NULL; // </pre><script>alert(1)</script>\n"
                           "     free(n);\n"
                           " }\n"
                           "diff --git a/tests/name_long.sh b/tests/name_long.sh\n"
                           "new file mode 100755\n"
                           "--- /dev/null\n"
                           "+++ b/tests/name_long.sh\n"
                           "@@ -0,0 +1,3 @@\n"
                           "+#!/bin/sh\n"
                           "+# A name of 300 letters is refused.\n"
                           "+! ./parse \"$(printf 'a%.0s' $(seq 300))\"\n";

static const char conflict[] = "int parse_name(const char *s, struct name *ret)\n"
                               "{\n"
                               "    struct buffer *b = get_buffer(64);\n"
                               "\n"
                               "<<<<<<< release\n"
                               "    int n = find_dot(s);\n"
                               "    copy_bytes(b, s, n);\n"
                               "||||||| before the fix\n"
                               "    size_t n = strcspn(s, \".\");\n"
                               "    memcpy(b->bytes, s, n);\n"
                               "=======\n"
                               "    size_t n = strnlen(s, NAME_MAX + 1);\n"
                               "    if (n > NAME_MAX)\n"
                               "        return -1; /* </pre><script>alert(1)</script> */\n"
                               "    memcpy(b->bytes, s, n);\n"
                               ">>>>>>> fix\n"
                               "    b->n = n;\n"
                               "    return 0;\n"
                               "}\n";

static struct port_line *answer(struct arena *a, enum port_verdict verdict, const char *why)
{
    static struct str rules[] = {{"tok", 3}, {"merged-test", 11}};
    const struct port_duty duties[] = {
        {STR("O1"), STR_NONE, STR_NONE, 0, PORT_PASS},
        {STR("O2"), STR_NONE, STR_NONE, 0, PORT_PASS},
        {STR("O6"), STR_NONE, STR_NONE, 0, PORT_PASS},
    };
    struct port_line l = {.onto = STR("3.2"),
                          .commit = ID("a"),
                          .source = STR("fix"),
                          .verdict = verdict,
                          .why = str_c(why),
                          .tree = ID("b"),
                          .made = ID("c"),
                          .duties = LIST(a, duties),
                          .n_duties = ARRAY_LEN(duties),
                          .diff = str_c(diff),
                          .message = STR("parse: check the length of a name\n"),
                          .ms = 7};
    if (verdict == PORT_RESOLVED) {
        l.rules = rules;
        l.n_rules = 2;
    }
    return list(a, &l, sizeof l);
}

static struct port_line *proposed(struct arena *a)
{
    struct port_line *l = answer(a, PORT_PROPOSED, "a name that comes in does not exist there");
    static struct str demoted[] = {{"O2", 2}};
    static struct str rules[] = {{"same-line+tok", 13}};
    const struct port_duty duties[] = {
        {STR("O1"), STR_NONE, STR_NONE, 0, PORT_PASS},
        {STR("O2"), STR("src/name.c"), STR("NAME_MAX <i>is nowhere</i> in this line"), 119,
         PORT_FAIL},
        {STR("O5"), STR(HOSTILE), STR(HOSTILE), 3, PORT_UNKNOWN},
    };
    const struct port_left left[] = {{STR("tests/name_long.sh"), STR("test")},
                                     {STR("NEWS"), STR("doc")}};
    const struct port_candidate candidates[] = {{.tree = ID("b"),
                                                 .made = ID("c"),
                                                 .source = STR("fix"),
                                                 .why = STR("the candidate itself")},
                                                {.tree = ID("d"),
                                                 .made = ID("e"),
                                                 .source = STR("3.1"),
                                                 .why = STR("in the words of <b>3.1</b>"),
                                                 .diff = str_c(diff),
                                                 .rules = rules,
                                                 .n_rules = 1}};
    const struct port_region regions[] = {{STR("same-line+tok"),
                                           STR("both changed <i>line 120</i>"),
                                           PORT_SHOWN,
                                           {120, 2},
                                           {119, 4},
                                           {121, 2},
                                           {121, 4}}};
    const struct port_file files[] = {{STR("src/name.c"), STR_NONE, STR("code"), STR("ladder"),
                                       PORT_SHOWN, rules, 1, LIST(a, regions), 1, STR_NONE},
                                      {STR("src/" HOSTILE), STR("lib/name.c"), STR("code"),
                                       STR("located"), PORT_SHOWN, NULL, 0, NULL, 0, STR_NONE}};
    l->source = STR("3.1");
    l->rules = rules;
    l->n_rules = 1;
    l->demoted = demoted;
    l->n_demoted = 1;
    l->duties = LIST(a, duties);
    l->n_duties = ARRAY_LEN(duties);
    l->left = LIST(a, left);
    l->n_left = ARRAY_LEN(left);
    l->candidates = LIST(a, candidates);
    l->n_candidates = ARRAY_LEN(candidates);
    l->files = LIST(a, files);
    l->n_files = ARRAY_LEN(files);
    return l;
}

static struct port_line *unsettled(struct arena *a)
{
    struct port_line *l = answer(a, PORT_NEEDS_PERSON, "the line has other text where the fix is");
    const struct port_need needs[] = {
        {ID("f"), STR("name: <b>buffers</b> know their length"), STR("src/name.c"), 12}};
    const struct port_past past[] = {
        {STR("src/name.c"), STR("release"), ID("1"), STR("name: copy bytes one by one"),
         HOUR(9000)},
        {STR("src/name.c"), STR("main"), ID("2"), STR("name: <i>strcspn</i>"), HOUR(4000)}};
    const struct port_file files[] = {{STR("src/name.c"), STR_NONE, STR("code"), STR("conflict"),
                                       PORT_OPEN, NULL, 0, NULL, 0, str_c(conflict)}};
    /* Both bring the test along, one of them the change too. */
    const struct port_candidate candidates[] = {
        {.tree = ID("8"),
         .made = ID("8"),
         .source = STR("fix"),
         .why = STR("src/name.c: <i>is</i> rewritten"),
         .diff =
             str_sub(str_c(diff), str_find(str_c(diff), STR("diff --git a/tests")), sizeof diff)},
        {.tree = ID("9"),
         .made = ID("9"),
         .source = STR("fix"),
         .why = STR("another way to put it together"),
         .diff = str_c(diff)}};
    l->candidates = LIST(a, candidates);
    l->n_candidates = ARRAY_LEN(candidates);
    l->tree = l->made = l->diff = STR_NONE;
    l->duties = NULL;
    l->n_duties = 0;
    l->needs = LIST(a, needs);
    l->n_needs = 1;
    l->past = LIST(a, past);
    l->n_past = 2;
    l->files = LIST(a, files);
    l->n_files = 1;
    return l;
}

static void runs_fill(struct arena *a, struct view_backport_line *pass,
                      struct view_backport_line *fail)
{
    static struct str fresh[] = {{"name_long", 9}, {HOSTILE, sizeof HOSTILE - 1}};
    const struct view_backport_run good = {.id = 11,
                                           .asked_us = HOUR(3),
                                           .ended_us = HOUR(2),
                                           .state = STR("answered"),
                                           .result = STR("pass"),
                                           .why = STR("nothing fails that did not fail before"),
                                           .asked_by = STR("handler:ada"),
                                           .before_ran = 41,
                                           .after_ran = 42,
                                           .own = STR("fails before, passes after"),
                                           .before_built = true,
                                           .after_built = true,
                                           .has_log = true,
                                           .of_settled = true};
    const struct view_backport_run bad = {.id = 12,
                                          .asked_us = HOUR(2),
                                          .ended_us = HOUR(1),
                                          .state = STR("answered"),
                                          .result = STR("fail"),
                                          .why = STR("2 tests fail with the fix alone"),
                                          .asked_by = STR("handler:ada"),
                                          .before_built = true,
                                          .after_built = true,
                                          .before_ran = 38,
                                          .before_failed = 1,
                                          .after_ran = 38,
                                          .after_failed = 3,
                                          .fresh = fresh,
                                          .missing = fresh,
                                          .n_missing = 1,
                                          .unsteady = fresh,
                                          .n_unsteady = 1,
                                          .own = STR_NONE,
                                          .n_fresh = 2,
                                          .has_log = true,
                                          .of_settled = true};
    pass->runs = list(a, &good, sizeof good);
    fail->runs = list(a, &bad, sizeof bad);
    pass->n_runs = fail->n_runs = 1;
    pass->tested = &pass->runs[0];
    fail->tested = &fail->runs[0];
}

static void message_fill(struct view_backport_line *l)
{
    static struct scrub_taken taken[] = {{STR("CVE-2026-0001"), "number of a vulnerability", 3},
                                         {STR("<b>exploit</b>"), "word of an exploit", 5}};
    l->message = (struct scrubbed){.text = STR("parse: check the length of a name\n\n"
                                               "Names end at NAME_MAX.\n\n"
                                               "(cherry picked from commit 4f2c9a7b)\n"
                                               "Backport-notes: <i>nothing left out</i>\n"),
                                   .taken = taken,
                                   .n_taken = 2,
                                   .more = 1};
}

static void of_fill(struct arena *a, struct view_backport *v)
{
    const struct view_backport_line lines[] = {
        {.id = 1,
         .name = STR("3.2"),
         .until_us = NOW + 400 * US_PER_DAY,
         .r = answer(a, PORT_CLEAN, "the fix applies as it is"),
         .decision = BACKPORT_ACCEPTED,
         .actor = STR("handler:ada"),
         .at_us = HOUR(4),
         .commit = ID("c"),
         .has_patch = true,
         .tests_known = true,
         .ready = true,
         .state = "ready",
         .next = "",
         .release = {.state = "given",
                     .commit = ID("d"),
                     .branch = STR("refs/heads/vulndesk/DEMO-2025-0012/3.2"),
                     .asked_by = STR("handler:ada"),
                     .asked_us = HOUR(2),
                     .given_us = HOUR(2)},
         .may_release = true,
         .may_test = true},
        {.id = 2,
         .name = STR("3.1"),
         .r = answer(a, PORT_RESOLVED, "the two changes touch different words"),
         .tests_known = true,
         .state = "to be looked at",
         .next = "Look at the change and accept it.",
         .may_accept = true},
        {.id = 3,
         .name = STR("3.0"),
         .r = proposed(a),
         .from_neighbour = true,
         .state = "to be looked at",
         .next = "Look at the change: accept it with a reason, or upload another one.",
         .edit_failure = STR("the patch does not apply at <i>src/name.c</i>"),
         .may_accept = true},
        {.id = 4,
         .name = STR("2.9-lts"),
         .r = unsettled(a),
         .state = "needs a person",
         .next = "Settle the conflict and upload the change, or waive the line."},
        {.id = 5,
         .name = STR("2.8"),
         .r = answer(a, PORT_CLEAN, "the fix applies as it is"),
         .decision = BACKPORT_EDITED,
         .actor = STR("handler:sam"),
         .reason = STR("an <i>older</i> name of the macro"),
         .at_us = HOUR(5),
         .tree = ID("d"),
         .tests_known = true,
         .state = "tests fail",
         .next = "Look at the log.",
         .may_test = true,
         .has_patch = true},
        {.id = 6,
         .name = STR("2.7"),
         .r = answer(a, PORT_ALREADY, "the line has the fix already"),
         .ready = true,
         .state = "ready",
         .next = ""},
        {.id = 7,
         .name = STR(HOSTILE),
         .r = unsettled(a),
         .decision = BACKPORT_WAIVED,
         .actor = STR("handler:ada"),
         .reason = STR("ends next week"),
         .at_us = HOUR(1),
         .ready = true,
         .state = "waived",
         .next = ""},
    };
    v->of = LIST(a, lines);
    v->n_of = ARRAY_LEN(lines);
    for (size_t i = 0; i < v->n_of; i++) {
        v->of[i].has = true;
        v->of[i].nth = 1;
        message_fill(&v->of[i]);
    }
    v->n_ready = 3;
    v->n_waived = 1;
    runs_fill(a, &v->of[0], &v->of[4]);
}

static void scripts_fill(struct arena *a, struct view_backport *v)
{
    const struct view_matrix_row rows[] = {
        {STR("3.2"), ID("a"), true, STR("fine"), STR("fixed"), false, STR_NONE},
        {STR("2.9-lts"), ID("b"), true, STR("crashes"), STR("not affected"), true,
         STR("signal 11 in <i>parse_name</i>")},
        {STR("v2.8.1"), ID("c"), false, STR("no-build"), STR("affected"), false, STR(HOSTILE)},
        {STR(HOSTILE), ID("d"), false, STR("<odd>"), STR_NONE, false, STR_NONE}};
    const struct view_matrix run = {.id = 21,
                                    .asked_us = HOUR(2),
                                    .ended_us = HOUR(1),
                                    .state = STR("answered"),
                                    .asked_by = STR("handler:ada"),
                                    .rows = LIST(a, rows),
                                    .n_rows = ARRAY_LEN(rows),
                                    .n_differs = 1,
                                    .last_good = STR("v2.6.0"),
                                    .first_bad = STR("v2.7.0"),
                                    .has_log = true};
    const struct view_reproducer scripts[] = {
        {.id = 31,
         .added_us = HOUR(8),
         .approved_us = HOUR(3),
         .name = STR("crash.sh"),
         .source = STR("the reporter's mail"),
         .added_by = STR("handler:ada"),
         .approved_by = STR("handler:sam"),
         .sha256 = STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
         .size = 214,
         .text = STR("#!/bin/sh\n./parse \"$(cat long-name)\" # </pre><script>alert(1)</script>\n"),
         .may_run = true,
         .runs = list(a, &run, sizeof run),
         .n_runs = 1},
        {.id = 32,
         .added_us = HOUR(1),
         .name = STR(HOSTILE),
         .source = STR(HOSTILE),
         .added_by = STR("handler:ada"),
         .sha256 = STR("ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
         .size = 70000,
         .text = STR_NONE,
         .binary = true,
         .may_approve = true}};
    v->scripts = LIST(a, scripts);
    v->n_scripts = ARRAY_LEN(scripts);
}

void fixture_backport(struct arena *a, struct view_backport *v)
{
    const struct port_fix fix = {STR("4f2c9a7be01d3344556677889900aabbccddeeff"),
                                 STR("parse: check the length of a <b>name</b>"), STR("Ada Sommer"),
                                 HOUR(50)};
    const struct view_backport_other others[] = {
        {STR("2.5"), STR("v2.5.9"), false, true, "not fixed, not maintained"},
        {STR(HOSTILE), STR_NONE, false, false, "not affected, not maintained"}};
    const struct str notes[] = {STR("the history of <i>2.9-lts</i> is incomplete")};
    *v = (struct view_backport){.case_id = 12,
                                .nth = 1,
                                .now_us = NOW,
                                .asked_us = HOUR(6),
                                .answered_us = HOUR(5),
                                .case_number = STR("DEMO-2025-0012"),
                                .case_title = STR("A name that is too long is copied"),
                                .repository = true,
                                .asked = true,
                                .summary = STR("3 of 7 lines ready"),
                                .fix = STR("4f2c9a7b"),
                                .fix_of_affected = true};
    v->r.fix = list(a, &fix, sizeof fix);
    v->r.n_fix = 1;
    v->r.notes = LIST(a, notes);
    v->r.n_notes = 1;
    v->others = LIST(a, others);
    v->n_others = ARRAY_LEN(others);
    of_fill(a, v);
    scripts_fill(a, v);
}

void fixture_lines(struct arena *a, struct view_lines *v)
{
    const struct view_mline lines[] = {
        {.id = 1,
         .until_us = NOW + 400 * US_PER_DAY,
         .at_us = HOUR(90),
         .changed_us = HOUR(200),
         .name = STR("3.2"),
         .branch = STR("release-3.2"),
         .build = STR("make -j2 all"),
         .tests = STR("make check"),
         .root = STR("/srv/roots/bookworm.tar"),
         .source = STR("person"),
         .changed_by = STR("handler:ada"),
         .tip = STR("release-3.2"),
         .commit = ID("a"),
         .written = true,
         .maintained = true,
         .state = "maintained"},
        {.id = 2,
         .until_us = NOW + 12 * US_PER_DAY,
         .name = STR("2.9"),
         .tags = STR("v2.9.*"),
         .source = STR("policy"),
         .tip = STR("v2.9.7"),
         .commit = ID("b"),
         .problem = STR("the settings and the policy do not agree about <i>its end</i>"),
         .written = true,
         .maintained = true,
         .state = "ends soon"},
        {.id = 3,
         .name = STR(HOSTILE),
         .branch = STR(HOSTILE),
         .tests = STR(HOSTILE),
         .root = STR(HOSTILE),
         .source = STR("repository"),
         .state = "not maintained"}};
    *v = (struct view_lines){.lines = LIST(a, lines),
                             .n_lines = ARRAY_LEN(lines),
                             .n_maintained = 2,
                             .n_problems = 1,
                             .repository = true,
                             .answered_us = HOUR(1),
                             .now_us = NOW,
                             .may_write = true};
}
