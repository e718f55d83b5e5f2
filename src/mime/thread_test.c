/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of threading: circles, duplicates, order, limits, hostile shapes.
 */
#include "mime/rules_test.h"

#include "mime/thread.h"

/* The forest as text: "1(2(3)4)5" by message number, "_" for a placeholder. */
static void show(struct buf *b, const struct thread_forest *f)
{
    size_t depth = 0, before = 0;
    bool first = true;
    for (size_t k = f->first_root; k != THREAD_NONE; k = thread_next(f, k, &depth), first = false) {
        if (depth > before)
            buf_addc(b, '(');
        for (; before > depth; before--)
            buf_addc(b, ')');
        if (!first && depth == before && b->p[b->n - 1] != '(')
            buf_addc(b, ' ');
        before = depth;
        if (f->nodes[k].msg == THREAD_NONE)
            buf_addc(b, '_');
        else
            buf_addf(b, "%zu", f->nodes[k].msg + 1);
    }
    for (; before > 0; before--)
        buf_addc(b, ')');
}

#define MSG(id_, ...)                                                                              \
    {                                                                                              \
        .id = STR(id_), .refs = (const struct str[]){__VA_ARGS__},                                 \
        .n_refs = sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)                   \
    }
#define TOP(id_)                                                                                   \
    {                                                                                              \
        .id = STR(id_)                                                                             \
    }

static void expect(const struct thread_msg *m, size_t n, bool by_subject, const char *want)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct thread_forest f;
    struct err e = ERR_INIT;
    assert_int_equal(thread_build(a, m, n, by_subject, &f, &e), RC_OK);
    show(&b, &f);
    assert_string_equal(buf_c(&b), want);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(f.nodes[f.node_of[i]].msg, i);
}

static void test_shapes(void **state)
{
    (void)state;
    const struct thread_msg none[] = {TOP("")};
    expect(none, 0, false, "");
    expect(none, 1, false, "1");
    const struct thread_msg circle[] = {MSG("a", STR("b")), MSG("b", STR("a"))};
    expect(circle, 2, false, "2(1)");
    const struct thread_msg three[] = {MSG("a", STR("c")), MSG("b", STR("a")), MSG("c", STR("b"))};
    expect(three, 3, false, "3(1(2))");
    const struct thread_msg self[] = {MSG("a", STR("a"), STR("a"))};
    expect(self, 1, false, "1");
    const struct thread_msg twice[] = {TOP("a"), TOP("a"), MSG("b", STR("a")), TOP(""), TOP("")};
    expect(twice, 5, false, "1(3) 2 4 5");
    /* Own references win over what a later mail says about one's place. */
    const struct thread_msg own[] = {TOP("a"), MSG("b", STR("a")), TOP("x"),
                                     MSG("c", STR("x"), STR("b"))};
    expect(own, 4, false, "1(2(4)) 3");
    /* A message without references is placed by a later mail's chain. */
    const struct thread_msg chain[] = {TOP("a"), TOP("b"), MSG("c", STR("a"), STR("b"))};
    expect(chain, 3, false, "1(2(3))");
    /* Placeholders: alone, in the middle, at the root with two. */
    const struct thread_msg holes[] = {MSG("c", STR("a"), STR("b")), MSG("e", STR("d")),
                                       MSG("f", STR("d"))};
    expect(holes, 3, false, "1 _(2 3)");
    const struct thread_msg blank[] = {MSG("a", STR(""), STR("")), MSG("b", STR("a"), STR(""))};
    expect(blank, 2, false, "1(2)");
}

static void test_dates_order_siblings(void **state)
{
    (void)state;
    const struct str a[] = {STR("a")}, x[] = {STR("x")};
    const struct thread_msg m[] = {
        {.id = STR("a"), .date_us = 50},
        {.id = STR("b"), .refs = a, .n_refs = 1, .date_us = 30},
        {.id = STR("c"), .refs = a, .n_refs = 1, .date_us = 20},
        {.id = STR("d"), .refs = x, .n_refs = 1, .date_us = 60},
        {.id = STR("e"), .refs = x, .n_refs = 1, .date_us = 10},
    };
    expect(m, 5, false, "_(5 4) 1(3 2)");
}

static void test_subjects_join_only_when_asked(void **state)
{
    (void)state;
    const struct str x[] = {STR("x")}, y[] = {STR("y")};
    const struct thread_msg m[] = {
        {.id = STR("a"), .base_subject = STR("s"), .reply = true},
        {.id = STR("b"), .base_subject = STR("S")},
        {.id = STR("c"), .base_subject = STR("t")},
        {.id = STR("d"), .base_subject = STR("T")},
        {.id = STR("e"), .base_subject = STR("t"), .reply = true},
        {.id = STR("f")},
        {.id = STR("g")},
    };
    expect(m, 7, false, "1 2 3 4 5 6 7");
    expect(m, 7, true, "2(1) _(3 4 5) 6 7");
    const struct thread_msg dummies[] = {
        {.id = STR("a"), .refs = x, .n_refs = 1, .base_subject = STR("s")},
        {.id = STR("b"), .refs = x, .n_refs = 1, .base_subject = STR("s")},
        {.id = STR("c"), .refs = y, .n_refs = 1, .base_subject = STR("s")},
        {.id = STR("d"), .refs = y, .n_refs = 1, .base_subject = STR("s")},
        {.id = STR("e"), .base_subject = STR("s"), .date_us = -5},
    };
    expect(dummies, 5, false, "5 _(1 2) _(3 4)");
    expect(dummies, 5, true, "_(5 1 2 3 4)");
}

/* 100,000 messages in shapes that make naive threading quadratic or deep. */
static void test_hostile_shapes_are_fast(void **state)
{
    (void)state;
    enum { N = THREAD_MESSAGES_MAX };
    AUTO(arena) struct arena *ids = arena_new(64u << 20);
    struct thread_msg *m = arena_array(ids, N, sizeof *m);
    struct str *ref = arena_array(ids, N, sizeof *ref);
    for (int shape = 0; shape < 4; shape++) {
        AUTO(arena) struct arena *a = arena_new(256u << 20);
        struct thread_forest f;
        struct err e = ERR_INIT;
        for (size_t i = 0; i < N; i++) {
            size_t id = shape == 1 ? N - 1 - i : i;
            /* Chain, chain backwards, one circle, a chain and then each its own parent's child. */
            size_t to = shape == 2 ? (id + 1) % N : shape == 3 ? id / 2 : id - 1;
            m[i] = (struct thread_msg){.id = arena_strf(ids, "%zu@x", id)};
            ref[i] = arena_strf(ids, "%zu@x", to);
            m[i].refs = &ref[i];
            m[i].n_refs = id == 0 && shape != 2 ? 0 : 1;
        }
        clock_t start = clock();
        assert_int_equal(thread_build(a, m, N, shape == 3, &f, &e), RC_OK);
        size_t depth = 0, count = 0, deepest = 0;
        for (size_t k = f.first_root; k != THREAD_NONE; k = thread_next(&f, k, &depth)) {
            count++;
            deepest = depth > deepest ? depth : deepest;
        }
        assert_int_equal(count, N);
        assert_true(shape == 3 ? deepest == 17 : deepest == N - 1);
        /* CPU seconds, with sanitizers on a busy machine. */
        assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
    }
}

static void test_limits(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    struct thread_forest f;
    struct err e = ERR_INIT;
    struct thread_msg m[2] = {{.n_refs = THREAD_REFS_MAX}, {.n_refs = 1}};
    assert_int_equal(thread_build(a, m, THREAD_MESSAGES_MAX + 1, false, &f, &e), RC_LIMIT);
    assert_int_equal(thread_build(a, m, 2, false, &f, &e), RC_LIMIT);
    AUTO(arena) struct arena *tiny = arena_new(100);
    m[0].n_refs = m[1].n_refs = 0;
    assert_int_equal(thread_build(tiny, m, 2, true, &f, &e), RC_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_dates_order_siblings),
        cmocka_unit_test(test_subjects_join_only_when_asked),
        cmocka_unit_test(test_hostile_shapes_are_fast),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
