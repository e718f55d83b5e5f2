/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the ranker over a real index: the own place is left out, what is fixed already
 * sinks, reasons are given, several seeds are one list, scores mean likelihood.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/audit/rank.h"
#include "git/testing.h"

#define TEXT_MAX (1u << 20)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];
static struct git *git;
static struct objects *objects;
static struct audit_index *ix;
static struct view *view;
static struct arena *arena;

static void add_reader(struct buf *b, const char *what, bool checked)
{
    buf_addf(b, "static int read_%s(struct packet *p, struct %s_header *h)\n{\n", what, what);
    buf_addf(b, "    h->kind = packet_byte(p);\n    h->length = packet_short(p);\n");
    if (checked)
        buf_adds(b, "    if (h->length > packet_rest(p))\n        return packet_error(p);\n");
    buf_addf(b, "    memcpy(h->%s, packet_here(p), h->length);\n    return 0;\n}\n\n", what);
}

static void add_other(struct buf *b, const char *what, int n)
{
    for (int i = 0; i < n; i++)
        buf_addf(
            b,
            "static double %s_%d(double x, double y)\n{\n    double z = x * %d.5 + y;\n"
            "    for (int i = 0; i < %d; i++)\n        z = z / 2 + sine(z);\n    return z;\n}\n\n",
            what, i, i + 11, i + 5);
}

/* The third line is mended, its like five lines below is not. */
static const char page[] = "function show(data) {\n"
                           "  each(data.symbols, function (index, value) {\n"
                           "    element('symbols').append('<b>' + escape(value.word) + '</b>');\n"
                           "  });\n"
                           "  tooltip('symbols').show();\n"
                           "  if (data.hashes) {\n"
                           "    each(data.hashes, function (index, value) {\n"
                           "      element('hashes').append('<p>' + value.word + '</p>');\n"
                           "    });\n"
                           "  }\n"
                           "}\n";

/* dns.c: the seed.  dhcp.c: not mended.  ntp.c: mended already.  math.c: nothing alike. */
static int make_all(void **state)
{
    static const struct {
        const char *path, *what;
        bool checked;
    } files[] = {{"dhcp.c", "dhcp", false}, {"ntp.c", "ntp", true}, {"arp.c", "arp", false}};
    char id[TESTREPO_SAID];
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_init(repo, "sha1");
    add_other(&b, "math", 60);
    testrepo_commit(repo, "math.c", buf_c(&b), 1);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        buf_reset(&b);
        add_other(&b, files[i].what, 6);
        add_reader(&b, files[i].what, files[i].checked);
        testrepo_commit(repo, files[i].path, buf_c(&b), 2);
    }
    buf_reset(&b);
    add_other(&b, "dns", 2);
    add_reader(&b, "dns", false);
    testrepo_commit(repo, "dns.c", buf_c(&b), 3);
    testrepo_commit(repo, "page.js", page, 4);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, id);
    struct str tree = str_c(id);
    return git_open(repo, NULL, &git, &e) == RC_OK && objects_open(git, &objects, &e) == RC_OK &&
                   index_open(git, objects, NULL, &ix, &e) == RC_OK &&
                   view_open(ix, &tree, 1, &view, &e) == RC_OK
               ? 0
               : -1;
}

static int remove_all(void **state)
{
    (void)state;
    view_close(view);
    index_close(ix);
    objects_close(objects);
    git_close(git);
    return testrepo_folder_remove(top);
}

static int new_arena(void **state)
{
    (void)state;
    arena = arena_new(64u << 20);
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* The fix of dns.c, line 17 on: two functions of eight lines stand before. */
static const struct seed_line fix_lines[] = {
    {' ', 17, 17, STR("static int read_dns(struct packet *p, struct dns_header *h)")},
    {' ', 18, 18, STR("{")},
    {' ', 19, 19, STR("    h->kind = packet_byte(p);")},
    {' ', 20, 20, STR("    h->length = packet_short(p);")},
    {'+', 0, 21, STR("    if (h->length > packet_rest(p))")},
    {'+', 0, 22, STR("        return packet_error(p);")},
    {' ', 21, 23, STR("    memcpy(h->dns, packet_here(p), h->length);")},
    {' ', 22, 24, STR("    return 0;")},
    {' ', 23, 25, STR("}")},
};
static const struct seed fix = {.path = STR("dns.c"),
                                .lang = LANG_C,
                                .start = 20,
                                .end = 20,
                                .lines = fix_lines,
                                .n_lines = ARRAY_LEN(fix_lines)};

static void rank(const struct seed *s, size_t n, size_t limit, double cut, struct hits *ret)
{
    struct err e = ERR_INIT;
    if (rank_run(view, s, n, limit, cut, arena, ret, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

/* The hit in this file, NULL: none; *ret_rank from 0. */
static const struct hit *in_file(const struct hits *h, const char *path, size_t *ret_rank)
{
    for (size_t i = 0; i < h->n; i++) {
        *ret_rank = i;
        if (str_eq(view->files[h->v[i].file].path, str_c(path)))
            return &h->v[i];
    }
    return NULL;
}

static void what_is_not_mended_comes_first(void **state)
{
    struct hits h;
    size_t dhcp = 9, arp = 9, ntp = 0;
    (void)state;
    rank(&fix, 1, 100, 0, &h);
    assert_non_null(in_file(&h, "dhcp.c", &dhcp));
    assert_non_null(in_file(&h, "arp.c", &arp));
    assert_true(dhcp < 2 && arp < 2);
    const struct hit *mended = in_file(&h, "ntp.c", &ntp);
    if (mended) {
        assert_true(ntp >= 2);
        assert_true(mended->fixed > 0.9F);
    }
    assert_true(h.v[dhcp].fixed < 0.5F);
}

static void the_own_place_is_none(void **state)
{
    struct hits h;
    (void)state;
    rank(&fix, 1, 100, 0, &h);
    for (size_t i = 0; i < h.n; i++)
        assert_false(str_eq(view->files[h.v[i].file].path, STR("dns.c")) && h.v[i].line >= 17);
}

static const struct seed_line page_lines[] = {
    {' ', 1, 1, STR("function show(data) {")},
    {' ', 2, 2, STR("  each(data.symbols, function (index, value) {")},
    {'-', 3, 0, STR("    element('symbols').append('<b>' + value.word + '</b>');")},
    {'+', 0, 3, STR("    element('symbols').append('<b>' + escape(value.word) + '</b>');")},
    {' ', 4, 4, STR("  });")},
    {' ', 5, 5, STR("  tooltip('symbols').show();")},
    {' ', 6, 6, STR("  if (data.hashes) {")},
};
static const struct seed page_fix = {.path = STR("page.js"),
                                     .lang = LANG_JS,
                                     .start = 3,
                                     .end = 3,
                                     .lines = page_lines,
                                     .n_lines = ARRAY_LEN(page_lines)};

/* What stands near the own place is told by its own lines, not by those that they share. */
static void a_like_line_beside_the_own_place(void **state)
{
    struct hits h;
    size_t at = 0;
    (void)state;
    rank(&page_fix, 1, 100, 0, &h);
    const struct hit *x = in_file(&h, "page.js", &at);
    assert_non_null(x);
    assert_int_equal(at, 0);
    assert_true(x->line >= 6 && x->line <= 9);
    assert_true(x->fixed < 0.1F);
}

/* Two points, before and behind value.word: where the same stands, whatever stands around. */
static void the_points_of_a_change(void **state)
{
    static const struct {
        const char *text;
        float least, most;
    } places[] = {
        {"    element('symbols').append('<b>' + value.word + '</b>');\n", 0.99F, 1.01F},
        {"    other('<i>' + value.word + '</i>');\n", 0.4F, 0.9F},
        {"    tooltip(first).show();\n", 0, 0.35F},
    };
    AUTO(witness) struct witness w = {0};
    struct pattern p;
    struct terms terms;
    struct sites s;
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(patterns_read(&page_fix, 1, 0, arena, &terms, &p, &e), RC_OK);
    for (size_t i = 0; i < terms.n; i++)
        terms.v[i].df = 2;
    patterns_weigh(&terms, &p, 1, 1000);
    sites_find(&p, &s);
    assert_int_equal(s.n, 2);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        witness_read(&w, LANG_JS, str_c(places[i].text), &terms);
        float like = sites_like(&s, &w, 1, 1);
        assert_true(like >= places[i].least && like <= places[i].most);
    }
}

static bool has_word(const struct hit *h, const char *word)
{
    for (size_t i = 0; i < h->n_matched; i++)
        if (str_eq(h->matched[i].text, str_c(word)))
            return true;
    return false;
}

static void reasons_are_given(void **state)
{
    struct hits h;
    size_t rank_of = 0;
    bool missing = false;
    (void)state;
    rank(&fix, 1, 100, 0, &h);
    const struct hit *x = in_file(&h, "dhcp.c", &rank_of);
    assert_non_null(x);
    assert_true(str_eq(x->function, STR("read_dhcp")));
    assert_true(has_word(x, "packet_short"));
    for (size_t i = 0; i < x->n_missing; i++)
        missing = missing || str_eq(x->missing[i], STR("packet_rest"));
    assert_true(missing);
    assert_true(x->line > 48 && x->line <= 56); /* six functions of eight lines stand before */
    assert_true(x->key != 0);
    for (size_t i = 0; i < x->n_matched; i++)
        assert_true(x->matched[i].line > 0);
}

static void scores_fall_and_a_cut_cuts(void **state)
{
    struct hits all, some, few;
    (void)state;
    rank(&fix, 1, 100, 0, &all);
    assert_true(all.n > 2);
    for (size_t i = 0; i < all.n; i++) {
        assert_true(all.v[i].score > 0 && all.v[i].score < 1);
        assert_true(i == 0 || all.v[i].score <= all.v[i - 1].score);
    }
    rank(&fix, 1, 100, (double)all.v[1].score, &some);
    assert_int_equal(some.n, 2);
    rank(&fix, 1, 1, 0, &few);
    assert_int_equal(few.n, 1);
    assert_int_equal(few.v[0].line, all.v[0].line);
}

static void seeds_together_are_one_list(void **state)
{
    static const struct seed_line lines[] = {
        {' ', 1, 1, STR("static double dns_0(double x, double y)")},
        {' ', 2, 2, STR("{")},
        {'-', 3, 0, STR("    double z = x * 11.5 + y;")},
        {'+', 0, 3, STR("    double z = clamp(x) * 11.5 + y;")},
        {' ', 4, 4, STR("    for (int i = 0; i < 5; i++)")},
        {' ', 5, 5, STR("        z = z / 2 + sine(z);")},
    };
    struct seed two[] = {fix,
                         {.path = STR("dns.c"),
                          .lang = LANG_C,
                          .start = 3,
                          .end = 3,
                          .lines = lines,
                          .n_lines = ARRAY_LEN(lines)}};
    struct hits h;
    size_t at = 0;
    (void)state;
    rank(two, 2, 400, 0, &h);
    assert_non_null(in_file(&h, "dhcp.c", &at));
    assert_non_null(in_file(&h, "math.c", &at));
    for (size_t i = 0; i < h.n; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(h.v[i].file == h.v[k].file && h.v[i].line <= h.v[k].line + 10 &&
                         h.v[k].line <= h.v[i].line + 10);
}

/* A region without a fix: what is alike is found, nothing can be missing. */
static void a_marked_region(void **state)
{
    static const struct seed_line lines[] = {
        {' ', 19, 19, STR("    h->kind = packet_byte(p);")},
        {'-', 20, 0, STR("    h->length = packet_short(p);")},
        {'-', 21, 0, STR("    memcpy(h->dns, packet_here(p), h->length);")},
    };
    struct seed s = {.path = STR("dns.c"),
                     .lang = LANG_C,
                     .start = 20,
                     .end = 19,
                     .marked = true,
                     .lines = lines,
                     .n_lines = ARRAY_LEN(lines)};
    struct hits h;
    size_t at = 0;
    (void)state;
    rank(&s, 1, 100, 0, &h);
    const struct hit *x = in_file(&h, "arp.c", &at);
    assert_non_null(x);
    assert_true(at < 3);
    assert_int_equal(x->n_missing, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, new_arena, end_arena)
    const struct CMUnitTest tests[] = {
        T(what_is_not_mended_comes_first),
        T(the_own_place_is_none),
        T(a_like_line_beside_the_own_place),
        T(the_points_of_a_change),
        T(reasons_are_given),
        T(scores_fall_and_a_cut_cuts),
        T(seeds_together_are_one_list),
        T(a_marked_region),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
