/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of order and ranges: which tags are releases, how they follow each other, and that
 * ranges hold exactly what they were made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/affected/formats.h"
#include "engine/affected/order.h"

#define TAGS_MAX 200

struct made {
    struct arena *a;
    struct release tags[TAGS_MAX];
    size_t n;
    struct order order;
    struct history h;
    struct question q;
    struct answer w;
};

static void made_auto(struct made *m)
{
    arena_free(m->a);
}

/* Tags in the order of their dates. */
static void make(struct made *m, const char *const *names, const char *pattern)
{
    struct err e = ERR_INIT;
    memset(m, 0, sizeof *m);
    m->a = arena_new(8u << 20);
    for (; names[m->n]; m->n++)
        m->tags[m->n] = (struct release){.name = str_c(names[m->n]),
                                         .commit = (uint32_t)m->n,
                                         .commit_us = (int64_t)(m->n + 1) * 1000000,
                                         .trouble = STR_NONE};
    if (order_tags(m->tags, m->n, pattern, m->a, &m->order, &e) != RC_OK)
        fail_msg("%s", e.msg);
    m->h = (struct history){.a = m->a, .tags = m->tags, .n_tags = m->n, .order = &m->order};
    m->q.counts = tagset_new(m->a, m->n);
    m->w.affected = tagset_new(m->a, m->n);
    m->w.fixed = tagset_new(m->a, m->n);
    m->w.unknown = tagset_new(m->a, m->n);
    for (size_t i = 0; i < m->n; i++)
        if (m->tags[i].counts)
            tagset_set(&m->q.counts, i);
}

static void in_order(const char *const *names, const char *pattern, const char *want)
{
    AUTO(made) struct made m;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    make(&m, names, pattern);
    for (size_t i = 0; i < m.n; i++)
        buf_addf(&b, "%s%.*s", m.tags[i].counts ? " " : " -", STR_ARG(m.tags[i].name));
    assert_string_equal(buf_c(&b), want);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void orders_by_version(void **state)
{
    (void)state;
    in_order(NAMES("v1.9.0", "v1.10.0", "v1.2.0", "v1.2.0-rc2", "v1.2.0-rc1"), NULL,
             " -v1.2.0-rc2 -v1.2.0-rc1 v1.2.0 v1.9.0 v1.10.0");
    in_order(NAMES("v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9",
                   "v1.2-fork1"),
             NULL, " v1.0 v1.1 v1.2 -v1.2-fork1 v1.3 v1.4 v1.5 v1.6 v1.7 v1.8 v1.9");
    in_order(NAMES("curl-7_64", "curl-7_64_1", "curl-7_7", "curl-7_7_1-pre2", "before_x"), NULL,
             " curl-7_7 -curl-7_7_1-pre2 curl-7_64 curl-7_64_1 -before_x");
    in_order(NAMES("2026-03b", "2026-03", "2026-03a", "2026-10", "2026-04"), NULL,
             " 2026-03 2026-03a 2026-03b 2026-04 2026-10");
    in_order(NAMES("release-1.25.3", "release-1.24.10", "release-1.24.9"), NULL,
             " release-1.24.9 release-1.24.10 release-1.25.3");
    in_order(NAMES("S_1_0_1", "S_1_0_1z", "S_1_0_1za", "S_1_0_1a", "S_1_0_1y", "S_1_0_2-beta1"),
             NULL, " S_1_0_1 S_1_0_1a S_1_0_1y S_1_0_1z S_1_0_1za -S_1_0_2-beta1");
}

static void knows_several_schemes(void **state)
{
    (void)state;
    /* The same product written in two ways is one line. */
    in_order(NAMES("version.1.0", "version.1.1", "version.1.5", "v2.0.0", "v2.1.0", "v2.1.1"), NULL,
             " version.1.0 version.1.1 version.1.5 v2.0.0 v2.1.0 v2.1.1");
    /* A module with few versions of its own does not count, unless it is asked for. */
    const char *const side[] = {"p-1.0", "p-1.1", "p-1.2", "p-1.3", "p-1.4", "p-1.5",
                                "p-1.6", "m-1.0", "m-1.1", "m-1.2", NULL};
    in_order(side, NULL, " p-1.0 p-1.1 p-1.2 p-1.3 p-1.4 p-1.5 p-1.6 -m-1.0 -m-1.1 -m-1.2");
    in_order(side, "m-{N}.{N}",
             " m-1.0 m-1.1 m-1.2 -p-1.0 -p-1.1 -p-1.2 -p-1.3 -p-1.4 -p-1.5 -p-1.6");
    in_order(NAMES("v1.0", "v1.0-rc2", "v1.0-rc1"), "v{N}.{N}-rc{N}", " v1.0-rc1 v1.0-rc2 -v1.0");
    /* Its older way of writing needs few tags. */
    in_order(NAMES("v1.1.0", "v1.2.0", "v1.3.0", "2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.0.4",
                   "2.0.5", "2.0.6", "2.0.7", "2.0.8"),
             NULL, " v1.1.0 v1.2.0 v1.3.0 2.0.0 2.0.1 2.0.2 2.0.3 2.0.4 2.0.5 2.0.6 2.0.7 2.0.8");
    /* A slip of the hand is still that release. */
    in_order(NAMES("7.0.7-6", "7.0.7.7", "7.0.7-8", "7.0.7-9"), NULL,
             " 7.0.7-6 7.0.7.7 7.0.7-8 7.0.7-9");
}

static void series_of(const char *const *names, const char *want)
{
    AUTO(made) struct made m;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    make(&m, names, NULL);
    for (size_t i = 0; i < m.order.n_series; i++)
        buf_addf(&b, " %.*s:%zu", STR_ARG(m.order.series[i].name), m.order.series[i].n);
    assert_string_equal(buf_c(&b), want);
}

static void finds_series_by_dates(void **state)
{
    (void)state;
    series_of(NAMES("v1.0", "v1.1", "v1.2", "v2.0", "v2.1"), " :5");
    series_of(NAMES("1.0.0", "1.0.1", "1.2.0", "1.0.2", "1.2.1", "2.0.0", "1.0.3", "2.0.1"),
              " 1.0:4 1.2:2 2.0:2");
    /* One release of the old line after the new one began is enough. */
    series_of(NAMES("1.0.0", "1.0.1", "2.0.0", "2.0.1", "2.0.2", "1.0.2"), " 1:3 2:3");
    series_of(NAMES("S_1_0_1", "S_1_0_1a", "S_1_0_2", "S_1_0_1b", "S_1_0_2a", "S_1_0_1c"),
              " 1.0.1:4 1.0.2:2");
}

/* ---- Ranges ---- */

static const char *const lines[] = {"1.0.0", "1.0.1", "1.2.0", "1.0.2", "1.2.1", "2.0.0",
                                    "1.0.3", "2.0.1", "1.2.2", "2.0.2", NULL};

static void set_of(struct made *m, struct tagset *s, const char *names)
{
    struct str rest = str_c(names), name;
    while (str_cut(&rest, ' ', &name))
        for (size_t i = 0; i < m->n; i++)
            if (str_eq(m->tags[i].name, name))
                tagset_set(s, i);
}

static void ranges_are(const char *affected, const char *fixed, const char *want)
{
    AUTO(made) struct made m;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct range *r;
    size_t n;
    struct err e = ERR_INIT;
    make(&m, lines, NULL);
    set_of(&m, &m.w.affected, affected);
    set_of(&m, &m.w.fixed, fixed);
    assert_int_equal(ranges_by_series(&m.h, &m.q, &m.w, m.a, &r, &n, &e), RC_OK);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&b, " %s%.*s-%.*s", r[i].from_start ? "0=" : "", STR_ARG(m.tags[r[i].first].name),
                 STR_ARG(m.tags[r[i].last].name));
        if (r[i].next < m.n)
            buf_addf(&b, "<%.*s%s", STR_ARG(m.tags[r[i].next].name), r[i].next_fixed ? "!" : "");
    }
    assert_string_equal(buf_c(&b), want);
}

static void ranges_stay_in_their_series(void **state)
{
    (void)state;
    ranges_are("", "", "");
    ranges_are("1.0.0 1.0.1", "1.0.2 1.0.3", " 0=1.0.0-1.0.1<1.0.2!");
    ranges_are("1.0.2 1.0.3 1.2.0 1.2.1 2.0.0", "1.2.2 2.0.1 2.0.2",
               " 1.0.2-1.0.3 1.2.0-1.2.1<1.2.2! 2.0.0-2.0.0<2.0.1!");
    ranges_are("1.0.0 1.0.1 1.0.2 1.0.3 1.2.0 1.2.1 1.2.2 2.0.0 2.0.1 2.0.2", "",
               " 0=1.0.0-1.0.3 1.2.0-1.2.2 2.0.0-2.0.2");
    ranges_are("1.2.1", "", " 1.2.1-1.2.1<1.2.2");
}

static size_t place_of(const struct made *m, struct str v)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(version_text(&m->h, i, m->a), v))
            return i;
    fail_msg("no version %.*s", STR_ARG(v));
    return 0;
}

/* The tags that VERS text says, by its own rules: pairs of >= and <. */
static struct tagset read_vers(const struct made *m, struct str text)
{
    struct tagset s = tagset_new(m->a, m->n);
    size_t from = 0;
    bool open = true, any = false;
    assert_true(str_starts(text, STR("vers:semver/")));
    struct str rest = str_sub(text, 12, text.n), part;
    while (str_cut(&rest, '|', &part)) {
        any = true;
        if (str_eq(part, STR("*")))
            break;
        bool ge = str_starts(part, STR(">=")), le = str_starts(part, STR("<="));
        size_t at = place_of(m, str_sub(part, ge || le ? 2 : 1, part.n));
        if (ge) {
            from = at;
            open = true;
            continue;
        }
        for (size_t i = from; i < at + le; i++)
            tagset_set(&s, i);
        open = false;
    }
    for (size_t i = from; any && open && i < m->n; i++)
        tagset_set(&s, i);
    return s;
}

static struct tagset read_cve(const struct made *m, const json_t *list)
{
    struct tagset s = tagset_new(m->a, m->n);
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
    {
        const char *from = json_string_value(json_object_get(o, "version"));
        const char *less = json_string_value(json_object_get(o, "lessThan"));
        const char *last = json_string_value(json_object_get(o, "lessThanOrEqual"));
        if (strcmp(json_string_value(json_object_get(o, "status")), "affected") != 0)
            continue;
        size_t a = strcmp(from, "0") == 0 ? 0 : place_of(m, str_c(from));
        size_t b = less ? place_of(m, str_c(less)) : place_of(m, str_c(last)) + 1;
        for (size_t t = a; t < b; t++)
            tagset_set(&s, t);
    }
    return s;
}

static struct tagset read_osv(const struct made *m, const json_t *ranges)
{
    struct tagset s = tagset_new(m->a, m->n);
    size_t i;
    json_t *o;
    json_array_foreach(ranges, i, o)
    {
        json_t *events = json_object_get(o, "events");
        const char *from =
            json_string_value(json_object_get(json_array_get(events, 0), "introduced"));
        json_t *end = json_array_get(events, 1);
        const char *fixed = json_string_value(json_object_get(end, "fixed"));
        const char *last = json_string_value(json_object_get(end, "last_affected"));
        size_t a = strcmp(from, "0") == 0 ? 0 : place_of(m, str_c(from));
        size_t b = fixed ? place_of(m, str_c(fixed)) : last ? place_of(m, str_c(last)) + 1 : m->n;
        assert_string_equal(json_string_value(json_object_get(o, "type")), "SEMVER");
        for (size_t t = a; t < b; t++)
            tagset_set(&s, t);
    }
    return s;
}

/* Every set of affected and unknown tags among these ten. */
static void formats_say_what_they_were_made_of(void **state)
{
    (void)state;
    AUTO(made) struct made m;
    struct err e = ERR_INIT;
    make(&m, lines, NULL);
    assert_int_equal(m.n, 10);
    for (unsigned bits = 0; bits < 1024; bits++)
        for (unsigned hole = 0; hole < 11; hole += 5) {
            AUTO(arena) struct arena *a = arena_new(8u << 20);
            AUTO(json) json_t *j = json_object();
            m.h.a = a;
            tagset_clear(&m.w.affected);
            tagset_clear(&m.w.unknown);
            for (size_t t = 0; t < 10; t++)
                if (t == hole)
                    tagset_set(&m.w.unknown, t);
                else if (bits >> t & 1)
                    tagset_set(&m.w.affected, t);
            assert_int_equal(formats_put(&m.h, &m.q, &m.w, a, j, &e), RC_OK);
            struct tagset cve = read_cve(&m, json_object_get(j, "cve"));
            assert_true(tagset_eq(&cve, &m.w.affected));
            json_t *osv = json_object_get(j, "osv");
            struct tagset o = read_osv(&m, json_object_get(osv, "ranges"));
            assert_true(tagset_eq(&o, &m.w.affected));
            assert_int_equal(json_array_size(json_object_get(osv, "versions")),
                             tagset_count(&m.w.affected));
            json_t *vers = json_array_get(json_object_get(j, "vers"), 0);
            struct tagset v =
                read_vers(&m, vers ? str_c(json_string_value(vers)) : STR("vers:semver/"));
            assert_true(tagset_eq(&v, &m.w.affected));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_by_version),
        cmocka_unit_test(knows_several_schemes),
        cmocka_unit_test(finds_series_by_dates),
        cmocka_unit_test(ranges_stay_in_their_series),
        cmocka_unit_test(formats_say_what_they_were_made_of),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
