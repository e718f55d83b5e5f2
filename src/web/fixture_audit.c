/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An invented audit for the preview and the tests of the pages.  Not part of the program.  The code
 * is nobody's, and some of it tries to break a page.
 */
#include "web/fixture_audit.h"

#include "base/when.h"
#include "web/fixture.h"

#define NOW     FIXTURE_NOW
#define HOUR(n) (NOW - (n)*US_PER_H)

static void *list(struct arena *a, const void *v, size_t n)
{
    void *p = arena_alloc(a, n);
    BUG_ON(p == NULL);
    memcpy(p, v, n);
    return p;
}

static void seeds_fill(struct arena *a, struct find_record *r)
{
    struct find_seed_line lines[] = {
        {' ', 118, 118, STR("  foreach ($rows as $row) {")},
        {' ', 119, 119, STR("    $time = date('H:i', $row['created']);")},
        {' ', 120, 120, STR("    echo '<tr>';")},
        {'-', 121, 0, STR("    echo '<td>' . $row['subject'] . '</td>';")},
        {'-', 122, 0, STR("    echo '<td>' . $row['sender'] . '</td>';")},
        {'+', 0, 121, STR("    echo '<td>' . escape_html($row['subject'], ENT_QUOTES) . '</td>';")},
        {'+', 0, 122, STR("    echo '<td>' . escape_html($row['sender'], ENT_QUOTES) . '</td>';")},
        {' ', 123, 123, STR("    echo '<td>' . $time . '</td>';")},
        {' ', 124, 124, STR("    echo '</tr>'; // one row")},
        {' ', 125, 125, STR("  }")},
    };
    r->seeds = arena_alloc(a, sizeof *r->seeds);
    r->n_seeds = 1;
    BUG_ON(r->seeds == NULL);
    *r->seeds = (struct find_seed){.fix = STR("4f2c9a7be01d3344556677889900aabbccddeeff"),
                                   .path = STR("web/inc/quarantine.php"),
                                   .start = 118,
                                   .end = 125};
    r->seeds->lines = list(a, lines, sizeof lines);
    r->seeds->n_lines = ARRAY_LEN(lines);
}

static struct find_hit plain_hit(struct arena *a)
{
    const struct str code[] = {
        STR("/* The log of one mailbox, newest first. */"),
        STR("function print_log($mailbox, $rows) {"),
        STR("  echo '<table class=\"log\">';"),
        STR("  foreach ($rows as $row) {"),
        STR("    $time = date('H:i', $row['created']);"),
        STR("    echo '<tr>';"),
        STR("    echo '<td>' . $row['message'] . '</td>';"),
        STR("    echo '<td>' . $row['sender'] . '</td>';"),
        STR("    echo '<td>' . $time . '</td>';"),
        STR("    echo '</tr>';"),
        STR("  }"),
        STR("  echo '</table>';"),
        STR("  $more = count($rows) > 1000 ? 'There are more rows than are shown here; ask for a "
            "shorter time.' : '';"),
        STR("  return count($rows) > 1000 ? 1000 : count($rows);"),
        STR("}"),
        STR("?>"),
        STR("<p>Done.</p>"),
    };
    const struct str matched[] = {STR("echo"), STR("created"), STR("sender"), STR("td")};
    const struct str missing[] = {STR("escape_html"), STR("ENT_QUOTES")};
    const struct str branches[] = {STR("master"), STR("legacy-2.x")};
    struct find_hit h = {.path = STR("web/inc/log_view.php"),
                         .function = STR("print_log"),
                         .lang = STR("PHP"),
                         .start = 213,
                         .end = 220,
                         .line = 216,
                         .chunk = STR("00112233445566aa"),
                         .at = 6,
                         .code_start = 210};
    struct find_mark marks[4];
    struct str *words = list(a, matched, sizeof matched);
    for (int i = 0; i < 4; i++)
        marks[i] = (struct find_mark){214 + i, words, ARRAY_LEN(matched)};
    h.matched = words;
    h.n_matched = ARRAY_LEN(matched);
    h.missing = list(a, missing, sizeof missing);
    h.n_missing = ARRAY_LEN(missing);
    h.branches = list(a, branches, sizeof branches);
    h.n_branches = ARRAY_LEN(branches);
    h.code = list(a, code, sizeof code);
    h.n_code = ARRAY_LEN(code);
    h.marks = list(a, marks, sizeof marks);
    h.n_marks = ARRAY_LEN(marks);
    return h;
}

static struct find_hit hostile_hit(struct arena *a)
{
    const struct str code[] = {
        STR("if (len > sizeof buf) { /* </pre><script>alert(1)</script> */"),
        STR("\tputs(\"<img src=x onerror=alert(1)>\");\t// \xe2\x80\xae right to left"),
        STR("\t\treturn -1; \xff\xfe </span></pre>"),
        STR("}"),
    };
    const struct str words[] = {STR("<i>"), STR("\"onload="), STR("script")};
    struct find_mark mark = {9, list(a, words, sizeof words), ARRAY_LEN(words)};
    struct find_hit h = {.repo = STR("<b>portal</b>"),
                         .path = STR("lib/\"><script>alert(1)</script>.c"),
                         .function = STR("<i>f</i>"),
                         .rule = STR("<i>unchecked copy</i>"),
                         .lang = STR("C"),
                         .start = 9,
                         .end = 11,
                         .line = 10,
                         .fixed = .4,
                         .chunk = STR("8899aabbccddeeff"),
                         .at = -1,
                         .vendored = STR("<i>libold</i>"),
                         .vendored_version = STR("1.2.<i>3</i>"),
                         .vendored_how = STR("its version file"),
                         .code_start = 9};
    struct find_place places[] = {{STR("<b>portal</b>"), STR("main"), STR("lib/<i>.c"), 10},
                                  {STR("site"), STR("stable"), STR("vendor/portal/lib.c"), 77}};
    h.matched = mark.words;
    h.n_matched = ARRAY_LEN(words);
    h.missing = mark.words;
    h.n_missing = 1;
    h.branches = list(a, words, sizeof words);
    h.n_branches = 1;
    h.code = list(a, code, sizeof code);
    h.n_code = ARRAY_LEN(code);
    h.marks = list(a, &mark, sizeof mark);
    h.n_marks = 1;
    h.places = list(a, places, sizeof places);
    h.n_places = ARRAY_LEN(places);
    return h;
}

static void record_fill(struct arena *a, struct find_record *r)
{
    const struct find_tree trees[] = {
        {STR_NONE, STR("master"), STR("aa11223344556677889900aabbccddeeff001122")},
        {STR_NONE, STR("legacy-2.x"), STR("bb11223344556677889900aabbccddeeff001122")}};
    const struct find_cut dial[] = {{.8, .5, 1.6}, {.6, .6, 3.7}, {.4, .7, 6.7}, {.2, .8, 17.2}};
    const struct find_left left[] = {
        {STR_NONE, STR("web/js/<i>bundle</i>.min.js"), STR("a line is longer than 10000 bytes")},
        {STR_NONE, STR("data/logo.png"), STR("binary")},
        {STR("<b>portal</b>"), STR("ext/mailparse"), STR("a submodule")}};
    const struct find_copy copies[] = {
        {STR_NONE, STR("web/vendor/twig"), STR("twig"), STR("3.4.1"), STR("its composer.json")},
        {STR_NONE, STR("lib/<i>x</i>"), STR("libold"), STR_NONE, STR("files that are the same")}};
    const struct find_rule rules[] = {{STR("unchecked copy"), STR("ast-grep"), STR("run"), 3}};
    const struct str notes[] = {STR("The fix touches 2 places; both are looked for.")};
    *r = (struct find_record){.limit = 100,
                              .cut = .4,
                              .repositories = 2,
                              .branches = 2,
                              .files = 1432,
                              .lines = 210388,
                              .chunks = 20100,
                              .bytes = 7340032,
                              .left_more = 11};
    seeds_fill(a, r);
    r->trees = list(a, trees, sizeof trees);
    r->n_trees = ARRAY_LEN(trees);
    r->dial = list(a, dial, sizeof dial);
    r->n_dial = ARRAY_LEN(dial);
    r->left = list(a, left, sizeof left);
    r->n_left = ARRAY_LEN(left);
    r->vendored = list(a, copies, sizeof copies);
    r->n_vendored = ARRAY_LEN(copies);
    r->rules = list(a, rules, sizeof rules);
    r->n_rules = ARRAY_LEN(rules);
    r->notes = list(a, notes, sizeof notes);
    r->n_notes = ARRAY_LEN(notes);
    r->n_hits = 9;
    r->hits = arena_array(a, r->n_hits, sizeof *r->hits);
    BUG_ON(r->hits == NULL);
    for (size_t i = 0; i < r->n_hits; i++) {
        r->hits[i] = i == 1 ? hostile_hit(a) : plain_hit(a);
        r->hits[i].score = .92 - .09 * (double)i;
        r->hits[i].line -= i == 1 ? 0 : (int64_t)i % 3;
    }
}

/* As somebody has judged most of it: one joined, one safe, one unsure. */
static void decisions_fill(struct arena *a, struct view_audit *v)
{
    struct view_audit_hint hint = {STR("DEMO-2025-0004"), STR("the text is <b>constant</b>"),
                                   STR("handler:jun"), AUDIT_SAFE, HOUR(2000)};
    v->n_hits = v->r.n_hits;
    v->hits = arena_array(a, v->n_hits, sizeof *v->hits);
    BUG_ON(v->hits == NULL);
    for (size_t i = 0; i < v->n_hits; i++) {
        struct view_audit_hit *k = &v->hits[i];
        k->h = &v->r.hits[i];
        k->key = arena_strf(a, "00112233445566a%zu.%zu", i, i % 3);
        k->listed = i < 7;
        k->verdict = i == 0   ? AUDIT_SAME_FLAW
                     : i == 2 ? AUDIT_SAFE
                     : i == 4 ? AUDIT_UNSURE
                              : AUDIT_OPEN;
        v->n_listed += k->listed;
        v->count[k->verdict] += k->listed;
        if (k->verdict == AUDIT_OPEN)
            continue;
        k->actor = STR("handler:jun");
        k->at_us = HOUR(3);
        k->reason =
            k->verdict == AUDIT_SAFE ? STR("only numbers are <b>written</b> there") : STR_NONE;
        k->may_sign = k->verdict != AUDIT_UNSURE;
    }
    v->hits[0].part = 1;
    v->hits[2].signer = STR("handler:tove");
    v->hits[2].signed_us = HOUR(1);
    v->hits[2].may_sign = false;
    v->hits[2].was = STR("web/inc/old_log.php:200");
    v->hits[1].hints = list(a, &hint, sizeof hint);
    v->hits[1].n_hints = 1;
    v->n_signed = 1;
}

static void people_fill(struct arena *a, struct view_audit *v)
{
    const struct view_audit_part parts[] = {
        {.part = 1,
         .line = 216,
         .at_us = HOUR(3),
         .answered_us = HOUR(2),
         .key = v->hits[0].key,
         .path = STR("web/inc/log_view.php"),
         .function = STR("print_log"),
         .actor = STR("handler:jun"),
         .there = true,
         .affected_state = STR("answered"),
         .affected_summary = STR("2024-08 to 2025-01, not fixed"),
         .state = "affected"},
        {.part = 2,
         .line = 3,
         .at_us = HOUR(90),
         .key = STR("feedfeedfeedfeed.1"),
         .repo = STR("portal"),
         .path = STR("lib/<i>gone</i>.php"),
         .reason = STR("the same <b>code</b>"),
         .actor = STR("cli:root"),
         .affected_state = STR("failed"),
         .affected_failure = STR("there is no <i>such</i> revision"),
         .state = "open"}};
    const struct view_audit_run runs[] = {
        {.nth = 2,
         .asked_us = HOUR(4),
         .answered_us = HOUR(4),
         .hits = 9,
         .listed = 7,
         .not_searched = 14,
         .state = STR("answered"),
         .asked_by = STR("handler:ada"),
         .cut = STR("0.4"),
         .question = STR("fix 4f2c9a7be01d; branches master, <i>legacy</i>"),
         .searched = STR("2 repositories, 2 branches, 1,432 files, 210,388 lines"),
         .trees = v->r.trees,
         .n_trees = v->r.n_trees},
        {.nth = 1,
         .asked_us = HOUR(5),
         .answered_us = HOUR(5),
         .state = STR("failed"),
         .asked_by = STR("handler:ada"),
         .failure = STR("there is no revision <i>nope</i>"),
         .question = STR("fix nope")}};
    const struct view_audit_sign signs[] = {{.nth = 2,
                                             .at_us = HOUR(1),
                                             .signer = STR("handler:tove"),
                                             .cut = STR("0.4"),
                                             .digest = STR("00ff00ff00ff00ff00ff00ff"),
                                             .count = {[AUDIT_SAFE] = 1}},
                                            {.nth = 1,
                                             .at_us = HOUR(30),
                                             .ended_us = HOUR(4),
                                             .signer = STR("handler:jun"),
                                             .cut = STR("0.6"),
                                             .digest = STR("11ff00ff00ff00ff00ff00ff"),
                                             .ended_why = STR("a new <i>answer</i>"),
                                             .count = {[AUDIT_SAME_FLAW] = 1},
                                             .alone = true}};
    v->parts = list(a, parts, sizeof parts);
    v->n_parts = ARRAY_LEN(parts);
    v->runs = list(a, runs, sizeof runs);
    v->n_runs = ARRAY_LEN(runs);
    v->signs = list(a, signs, sizeof signs);
    v->n_signs = ARRAY_LEN(signs);
}

void fixture_audit(struct arena *a, struct view_audit *v)
{
    const struct view_audit_cut dial[] = {{STR("0.8"), .5, 1.6, 2, false},
                                          {STR("0.6"), .6, 3.7, 4, false},
                                          {STR("0.4"), .7, 6.7, 6, true},
                                          {STR("0.2"), .8, 17.2, 9, false}};
    const struct str known[] = {STR("portal"), STR("<i>site</i>")};
    *v =
        (struct view_audit){.nth = 2,
                            .now_us = NOW,
                            .asked_us = HOUR(4),
                            .answered_us = HOUR(4),
                            .case_number = STR("DEMO-2025-0012"),
                            .case_title = STR("Stored XSS in the quarantine view & more"),
                            .asked_by = STR("handler:ada"),
                            .repository = true,
                            .asked = true,
                            .has = true,
                            .summary = STR("7 places on the list: 1 same flaw, 1 safe, 1 unsure, 4 "
                                           "to judge"),
                            .fix = STR("4f2c9a7be01d"),
                            .branches = STR("master legacy-2.x"),
                            .limit = STR("100"),
                            .cut = STR("0.4"),
                            .fix_of_affected = true,
                            .may_sign = true,
                            .digest = "00ff00ff00ff00ff"};
    record_fill(a, &v->r);
    decisions_fill(a, v);
    people_fill(a, v);
    v->dial = list(a, dial, sizeof dial);
    v->n_dial = ARRAY_LEN(dial);
    v->expect = &v->r.dial[2];
    v->known = list(a, known, sizeof known);
    v->n_known = ARRAY_LEN(known);
}
