/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of `vulndesk audit` over several repositories of one organisation: a library that mended a
 * flaw, a program with a changed copy of it, one with an exact copy that nothing marks, and that
 * each place says whose it is.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/audit.h"
#include "cli/testing.h"
#include "engine/audit/whole.h"
#include "os/file.h"

#define RUN(...)  clitest_run(audit_main, "audit", (const char *const[]){__VA_ARGS__, NULL})
#define TEXT_MAX  (1u << 20)
#define FUNCTIONS 12 /* of a file */

static char program[TESTREPO_PATH], tool[TESTREPO_PATH];

/* ---- Repositories ---- */

static void put(const char *repo, const char *path, const char *text)
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

static void save(const char *repo)
{
    TESTREPO(repo, "add", "-A");
    TESTREPO(repo, "commit", "-q", "--allow-empty", "-m", "x");
}

/* A file of a library: functions that are its own, and one that reads a length from a packet. */
static void parser(struct buf *b, const char *word, bool checked, bool renamed)
{
    buf_reset(b);
    buf_addf(b, "/* Reads %s. */\n#include \"%s.h\"\n\n", word, word);
    for (int i = 0; i < FUNCTIONS; i++)
        buf_addf(b,
                 "static size_t %s_skip_%d(const struct packet *p, size_t at)\n{\n"
                 "    size_t n = p->field_%d * %d;\n    while (n > at)\n        n -= p->step_%d;\n"
                 "    return n;\n}\n\n",
                 word, i, i, i + 3, i);
    buf_addf(b, "int %s_option(struct packet *p, struct option *o)\n{\n", word);
    buf_addf(b, "    size_t length = packet_octet(p, p->cursor + 1);\n");
    if (checked)
        buf_adds(b, "    if (length > packet_left(p))\n        return PACKET_SHORT;\n");
    buf_addf(b, "    memcpy(o->%s, p->octets + p->cursor, length);\n",
             renamed ? "our_value" : "value");
    buf_adds(b, "    p->cursor += length;\n");
    if (renamed)
        buf_adds(b, "    program_trace(TRACE_OPTION, o->our_value, length);\n");
    buf_adds(b, "    return PACKET_DONE;\n}\n");
}

static void filler(const char *repo, const char *word)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    for (int f = 0; f < 12; f++) {
        char path[60];
        buf_reset(&b);
        for (int i = 0; i < FUNCTIONS; i++)
            buf_addf(&b,
                     "long %s_%d_%d(long a, long b)\n{\n    long sum = a * %d;\n"
                     "    while (sum > b)\n        sum -= b / %d;\n    return sum;\n}\n\n",
                     word, f, i, i * f + 3, i + f + 2);
        snprintf(path, sizeof path, "own/%s%d.c", word, f);
        put(repo, path, buf_c(&b));
    }
}

/* The library "packets": v1.0, v1.1, then the fix. */
static void make_library(void)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    const char *repo = clitest.repo;
    testrepo_init(repo, "sha1");
    TESTREPO(repo, "remote", "add", "origin", "https://example.org/org/packets.git");
    put(repo, "packets.h", "struct packet;\n#define PACKET_DONE 0\n#define PACKET_OLD 1\n");
    put(repo, "LICENSE", "Copyright (c) 2020 The Packets Project\n");
    parser(&b, "packets", false, false);
    put(repo, "packets.c", buf_c(&b));
    put(repo, "dump.c", "/* dump */\nint packets_dump(struct packet *p)\n{\n    return 1;\n}\n");
    save(repo);
    TESTREPO(repo, "tag", "v1.0");
    put(repo, "packets.h", "struct packet;\n#define PACKET_DONE 0\n#define PACKET_SHORT 2\n");
    save(repo);
    TESTREPO(repo, "tag", "v1.1");
    parser(&b, "packets", true, false);
    put(repo, "packets.c", buf_c(&b));
    save(repo);
    TESTREPO(repo, "tag", "fix");
}

/* A program with v1.1 in deps/, changed a little. */
static void make_program(void)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    testrepo_path(clitest.top, "program", program);
    testrepo_init(program, "sha1");
    filler(program, "sum");
    put(program, "LICENSE", "Copyright (c) 2021 The Program Project\n");
    put(program, "deps/packets/packets.h",
        "struct packet;\n#define PACKET_DONE 0\n#define PACKET_SHORT 2\n");
    put(program, "deps/packets/dump.c",
        "/* dump */\nint packets_dump(struct packet *p)\n{\n    return 1;\n}\n");
    put(program, "deps/packets/LICENSE", "Copyright (c) 2020 The Packets Project\n");
    parser(&b, "packets", false, true);
    put(program, "deps/packets/packets.c", buf_c(&b));
    save(program);
}

/* A program with all of v1.0 in a folder of another name. */
static void make_tool(void)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    testrepo_path(clitest.top, "tool", tool);
    testrepo_init(tool, "sha1");
    filler(tool, "product");
    put(tool, "net/wire/packets.h",
        "struct packet;\n#define PACKET_DONE 0\n#define PACKET_OLD 1\n");
    put(tool, "net/wire/dump.c",
        "/* dump */\nint packets_dump(struct packet *p)\n{\n    return 1;\n}\n");
    parser(&b, "packets", false, false);
    put(tool, "net/wire/packets.c", buf_c(&b));
    save(tool);
}

/* ---- Reading answers ---- */

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static const json_t *hit_of(const json_t *answer, const char *repo, const char *path,
                            size_t *ret_rank)
{
    const json_t *hits = json_object_get(answer, "hits");
    for (size_t i = 0; i < json_array_size(hits); i++) {
        const json_t *h = json_array_get(hits, i);
        if (strcmp(text(h, "repo"), repo) == 0 && strcmp(text(h, "path"), path) == 0) {
            *ret_rank = i;
            return h;
        }
    }
    fail_msg("no hit in %s of %s", path, repo);
    return NULL;
}

static json_t *ask(void)
{
    assert_int_equal(RUN("--repo", clitest.repo, "--repo", program, "--repo", tool, "--cache",
                         clitest.cache, "--fix", "fix", "--json"),
                     0);
    return clitest_line(0);
}

/* ---- Tests ---- */

/* The changed copy and the exact one are the first two places, and say what they are copies of. */
static void copies_have_the_flaw_too(void **state)
{
    size_t changed, exact;
    (void)state;
    make_library();
    make_program();
    make_tool();
    AUTO(json) json_t *a = ask();
    const json_t *h = hit_of(a, program, "deps/packets/packets.c", &changed);
    const json_t *v = json_object_get(h, "vendored");
    assert_string_equal(text(h, "function"), "packets_option");
    assert_string_equal(text(v, "name"), "packets");
    assert_string_equal(text(v, "version"), "1.1");
    assert_string_equal(text(v, "how"),
                        "nearest: 2 of 3 program files are the same in packets: the tag v1.1; "
                        "changed here: packets.c");
    h = hit_of(a, tool, "net/wire/packets.c", &exact);
    v = json_object_get(h, "vendored");
    assert_string_equal(text(v, "name"), "packets");
    assert_string_equal(text(v, "version"), "1.0");
    assert_string_equal(text(v, "how"),
                        "all 3 program files of it are the same in packets: the tag v1.0");
    assert_int_equal(changed + exact, 1);
    /* The library itself is mended, and its other repositories' places are not its own. */
    const json_t *hits = json_object_get(a, "hits");
    for (size_t i = 0; i < json_array_size(hits); i++)
        if (text(json_array_get(hits, i), "repo")[0] == '\0')
            assert_string_not_equal(text(json_array_get(hits, i), "function"), "packets_option");
    const json_t *searched = json_object_get(a, "searched");
    assert_int_equal(json_integer_value(json_object_get(searched, "repositories")), 3);
    const json_t *copies = json_object_get(a, "vendored");
    assert_int_equal(json_array_size(copies), 2);
    assert_string_equal(text(json_array_get(copies, 0), "repo"), program);
    assert_string_equal(text(json_array_get(copies, 0), "path"), "deps/packets");
    assert_string_equal(text(json_array_get(copies, 1), "path"), "net/wire");
}

/* The same content in two programs is one place with two addresses. */
static void the_same_copy_is_one_place(void **state)
{
    size_t rank;
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    (void)state;
    make_library();
    make_program();
    make_tool();
    parser(&b, "packets", false, false);
    put(program, "deps/packets/packets.c", buf_c(&b));
    save(program);
    AUTO(json) json_t *a = ask();
    const json_t *h = hit_of(a, program, "deps/packets/packets.c", &rank);
    const json_t *places = json_object_get(h, "places");
    assert_int_equal(rank, 0);
    assert_int_equal(json_array_size(places), 2);
    assert_string_equal(text(json_array_get(places, 1), "repo"), tool);
    assert_string_equal(text(json_array_get(places, 1), "path"), "net/wire/packets.c");
    assert_string_equal(text(json_object_get(h, "vendored"), "version"), "1.1");
}

/* Second question: from the cache, the same; a new tag over there: looked at again; a cache that
 * was tampered with: made anew. */
static void what_is_kept_is_the_same(void **state)
{
    AUTO(buf) struct buf first = BUF_INIT(CLITEST_OUT_MAX);
    AUTO(buf) struct buf list = BUF_INIT(CLITEST_OUT_MAX);
    size_t rank;
    (void)state;
    make_library();
    make_program();
    make_tool();
    json_decref(ask());
    buf_add(&first, buf_str(&clitest.out));
    json_decref(ask());
    assert_string_equal(buf_c(&clitest.out), buf_c(&first));

    /* Every kept list is spoilt. */
    char command[3 * TESTREPO_PATH];
    snprintf(command, sizeof command,
             "alias.spoil=!for f in $(find %s -name 'copies-*.json'); do echo $f; "
             "printf '{\"key\":7,\"copies\":[{}]}' > $f; done",
             clitest.cache);
    char said[TESTREPO_SAID];
    testrepo_said(tool, (const char *const[]){"-c", command, "spoil", NULL}, said);
    assert_non_null(strstr(said, "copies-"));
    json_decref(ask());
    assert_string_equal(buf_c(&clitest.out), buf_c(&first));

    TESTREPO(clitest.repo, "tag", "v1.1.1", "v1.1");
    AUTO(json) json_t *a = ask();
    const json_t *h = hit_of(a, program, "deps/packets/packets.c", &rank);
    assert_string_equal(text(json_object_get(h, "vendored"), "version"), "1.1 to 1.1.1");
}

/* On the terminal. */
static void a_person_reads_whose_it_is(void **state)
{
    (void)state;
    make_library();
    make_program();
    make_tool();
    assert_int_equal(RUN("--repo", clitest.repo, "--repo", program, "--repo", tool, "--cache",
                         clitest.cache, "--fix", "fix"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "a copy of packets 1.1\n"));
    assert_non_null(strstr(buf_c(&clitest.out), "of 3 repositories"));
}

/* One of the repositories is none: it is said which.  One is empty: the others are searched. */
static void a_bad_one_is_named(void **state)
{
    char none[TESTREPO_PATH], empty[TESTREPO_PATH];
    (void)state;
    make_library();
    testrepo_path(clitest.top, "none", none);
    testrepo_path(clitest.top, "empty", empty);
    testrepo_init(empty, "sha1");
    assert_int_not_equal(RUN("--repo", clitest.repo, "--repo", none, "--cache", clitest.cache,
                             "--fix", "fix", "--json"),
                         0);
    assert_non_null(strstr(buf_c(&clitest.err), none));
    assert_int_equal(clitest.out.n, 0);
    assert_int_equal(RUN("--repo", clitest.repo, "--repo", empty, "--cache", clitest.cache, "--fix",
                         "fix", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *notes = json_object_get(a, "notes");
    assert_int_equal(json_array_size(notes), 1);
    assert_non_null(strstr(json_string_value(json_array_get(notes, 0)), "/empty has no commit"));
    assert_int_not_equal(RUN("--repo", empty, "--cache", clitest.cache, "--fix", "fix"), 0);
}

/* The job of a desk: a further mirror that is not there yet, or is none, does not end it. */
static void a_job_leaves_out_what_it_cannot_read(void **state)
{
    char none[TESTREPO_PATH], file[TESTREPO_PATH], scratch[TESTREPO_PATH];
    struct err e = ERR_INIT;
    size_t rank;
    (void)state;
    make_library();
    make_program();
    testrepo_path(clitest.top, "none", none);
    testrepo_path(clitest.top, "file", file);
    testrepo_path(clitest.top, "scratch", scratch);
    assert_int_equal(file_write_sync(AT_FDCWD, file, STR("x"), 0600, &e), RC_OK);
    assert_int_equal(dir_make(AT_FDCWD, scratch, 0700, &e), RC_OK);
    const struct engine_repository others[] = {
        {STR("gone"), none}, {STR("program"), program}, {STR("broken"), file}};
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *a = NULL;
    json_object_set_new(args, "nth", json_integer(7));
    struct engine_job job = {.scratch = scratch,
                             .mirror = clitest.repo,
                             .others = others,
                             .n_others = ARRAY_LEN(others),
                             .args = args,
                             .input = STR("{\"question\":{\"fix\":[\"fix\"]}}")};
    if (engine_audit(&job, &a, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(json_integer_value(json_object_get(a, "nth")), 7);
    const json_t *h = hit_of(a, "program", "deps/packets/packets.c", &rank);
    assert_int_equal(rank, 0);
    assert_string_equal(text(json_object_get(h, "vendored"), "version"), "1.1");
    const json_t *notes = json_object_get(a, "notes");
    assert_int_equal(json_array_size(notes), 2);
    assert_non_null(strstr(json_string_value(json_array_get(notes, 0)), "gone was not searched: "));
    assert_non_null(
        strstr(json_string_value(json_array_get(notes, 1)), "broken was not searched: "));
    job.mirror = none;
    json_t *never = NULL;
    assert_int_not_equal(engine_audit(&job, &never, &e), RC_OK);
}

/* Object ids of two kinds: nothing is the same by id, and the places are still found. */
static void hashes_of_another_kind(void **state)
{
    size_t rank;
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    (void)state;
    make_library();
    make_tool();
    testrepo_path(clitest.top, "program", program);
    testrepo_init(program, "sha256");
    filler(program, "sum");
    parser(&b, "packets", false, true);
    put(program, "deps/packets/packets.c", buf_c(&b));
    put(program, "deps/packets/VERSION", "1.0.5\n");
    save(program);
    AUTO(json) json_t *a = ask();
    const json_t *h = hit_of(a, program, "deps/packets/packets.c", &rank);
    assert_string_equal(text(json_object_get(h, "vendored"), "version"), "1.0.5");
    assert_true(rank < 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, clitest_make, clitest_remove)
    const struct CMUnitTest tests[] = {
        T(copies_have_the_flaw_too),
        T(the_same_copy_is_one_place),
        T(what_is_kept_is_the_same),
        T(a_person_reads_whose_it_is),
        T(a_bad_one_is_named),
        T(hashes_of_another_kind),
        T(a_job_leaves_out_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
