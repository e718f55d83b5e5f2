/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tree against published roots, against the definition of RFC 9162 word by word, and its
 * proofs against every way of being wrong that one flipped bit or one moved number makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/hex.h"
#include "store/merkle.h"

#define N 70

static struct hash leaf[N], node[8][N];
static struct merkle_edge edge[N + 1];

static enum rc keep(void *arg, int level, int64_t idx, const struct hash *h, struct err *e)
{
    assert_true(level < 8 && idx < N);
    node[level][idx] = *h;
    return RC_OK;
}

static enum rc fetch(void *arg, int level, int64_t idx, struct hash *ret_h, struct err *e)
{
    /* Only complete subtrees are ever asked for. */
    assert_true(level < 8 && (idx + 1) << level <= N);
    *ret_h = node[level][idx];
    return RC_OK;
}

static const struct merkle_source source = {fetch, NULL};

/* MTH of RFC 9162, 2.1.1, as it is written there. */
static struct hash mth(int64_t first, int64_t n)
{
    struct hash h;
    if (n == 0) {
        merkle_empty(&h);
        return h;
    }
    if (n == 1)
        return leaf[first];
    int64_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct hash l = mth(first, k), r = mth(first + k, n - k);
    merkle_node(&l, &r, &h);
    return h;
}

static int grow(void **state)
{
    struct merkle_edge m = {.size = 0};
    edge[0] = m;
    for (int i = 0; i < N; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        merkle_leaf(str_c(text), &leaf[i]);
        if (merkle_append(&m, &leaf[i], keep, NULL, NULL) != RC_OK)
            return 1;
        edge[i + 1] = m;
    }
    return 0;
}

static void roots_are_the_published_ones(void **state)
{
    /* The test tree of the certificate transparency projects. */
    static const struct str input[] = {{"", 0},
                                       {"\x00", 1},
                                       {"\x10", 1},
                                       {"\x20\x21", 2},
                                       {"\x30\x31", 2},
                                       {"\x40\x41\x42\x43", 4},
                                       {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
                                       {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c"
                                        "\x6d\x6e\x6f",
                                        16}};
    static const char *const want[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct merkle_edge m = {.size = 0};
    struct hash h;
    char hex[SHA256_HEX];
    merkle_edge_root(&m, &h);
    hex_put(hex, h.b, SHA256_LEN);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < ARRAY_LEN(input); i++) {
        merkle_leaf(input[i], &h);
        assert_int_equal(merkle_append(&m, &h, NULL, NULL, NULL), RC_OK);
        merkle_edge_root(&m, &h);
        hex_put(hex, h.b, SHA256_LEN);
        assert_string_equal(hex, want[i]);
    }
}

static void every_root_is_the_definition(void **state)
{
    for (int64_t n = 0; n <= N; n++) {
        struct hash want = mth(0, n), got;
        assert_int_equal(merkle_root(&source, n, &got, NULL), RC_OK);
        assert_memory_equal(&want, &got, sizeof want);
        merkle_edge_root(&edge[n], &got);
        assert_memory_equal(&want, &got, sizeof want);
    }
}

static void inclusion_holds_and_nothing_else(void **state)
{
    for (int64_t size = 1; size <= N; size++) {
        struct hash root = mth(0, size);
        for (int64_t i = 0; i < size; i++) {
            struct merkle_proof p;
            assert_int_equal(merkle_inclusion(&source, i, size, &p, NULL), RC_OK);
            assert_true(merkle_inclusion_ok(&leaf[i], i, size, &p, &root));
            assert_false(merkle_inclusion_ok(&leaf[(i + 1) % N], i, size, &p, &root));
            assert_false(merkle_inclusion_ok(&leaf[i], i + 1, size, &p, &root));
            assert_false(merkle_inclusion_ok(&leaf[i], -1, size, &p, &root));
            if (p.n == 0)
                continue;
            p.node[p.n / 2].b[7] ^= 1;
            assert_false(merkle_inclusion_ok(&leaf[i], i, size, &p, &root));
            p.node[p.n / 2].b[7] ^= 1;
            p.n--;
            assert_false(merkle_inclusion_ok(&leaf[i], i, size, &p, &root));
            p.n += 2;
            assert_false(merkle_inclusion_ok(&leaf[i], i, size, &p, &root));
        }
    }
    struct merkle_proof p;
    assert_int_equal(merkle_inclusion(&source, 5, 5, &p, NULL), RC_INVALID);
    assert_int_equal(merkle_inclusion(&source, -1, 5, &p, NULL), RC_INVALID);
}

static void consistency_holds_and_nothing_else(void **state)
{
    for (int64_t size = 1; size <= N; size++) {
        struct hash root = mth(0, size);
        for (int64_t old = 1; old <= size; old++) {
            struct merkle_proof p;
            struct hash old_root = mth(0, old), other = mth(1, old < N ? old : 1);
            assert_int_equal(merkle_consistency(&source, old, size, &p, NULL), RC_OK);
            assert_true(merkle_consistency_ok(old, &old_root, size, &root, &p));
            assert_false(merkle_consistency_ok(old, &other, size, &root, &p));
            assert_false(merkle_consistency_ok(old, &old_root, size, &other, &p));
            assert_false(merkle_consistency_ok(0, &old_root, size, &root, &p));
            if (p.n == 0)
                continue;
            p.node[p.n - 1].b[0] ^= 1;
            assert_false(merkle_consistency_ok(old, &old_root, size, &root, &p));
            p.node[p.n - 1].b[0] ^= 1;
            p.n--;
            assert_false(merkle_consistency_ok(old, &old_root, size, &root, &p));
        }
    }
    struct merkle_proof p;
    assert_int_equal(merkle_consistency(&source, 0, 5, &p, NULL), RC_INVALID);
    assert_int_equal(merkle_consistency(&source, 6, 5, &p, NULL), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_the_published_ones),
        cmocka_unit_test(every_root_is_the_definition),
        cmocka_unit_test(inclusion_holds_and_nothing_else),
        cmocka_unit_test(consistency_holds_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, grow, NULL);
}
