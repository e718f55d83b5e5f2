/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed blobs: they come back whole, and everything that is not exactly right is refused.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hex.h"
#include "os/file.h"
#include "store/blob.h"
#include "store/seal.h"
#include "store/testing.h"

#define BIG (5 * SEAL_CHUNK)

static const unsigned char master[SEAL_KEY_LEN] = {1, 2, 3}, other_master[SEAL_KEY_LEN] = {9};
static unsigned char key_a[SEAL_WRAPPED_LEN], key_b[SEAL_WRAPPED_LEN];
static char dir[] = "/tmp/vd-seal-XXXXXX";
static int dirfd_ = -1;

#define PLACE_A ((struct seal_place){STR("scope-a"), str_of(key_a, sizeof key_a), STR("mail")})
#define PLACE_B ((struct seal_place){STR("scope-b"), str_of(key_b, sizeof key_b), STR("mail")})
#define INBOX   ((struct seal_place){STR(SEAL_SCOPE_INBOX), STR_NONE, STR("mail")})

static int setup(void **state)
{
    assert_non_null(mkdtemp(dir));
    T_OK(dir_open(AT_FDCWD, dir, &dirfd_, e));
    T_OK(seal_case_key(master, STR("scope-a"), key_a, e));
    T_OK(seal_case_key(master, STR("scope-b"), key_b, e));
    return 0;
}

static int teardown(void **state)
{
    close(dirfd_);
    T_OK(dir_remove(AT_FDCWD, dir, e));
    return 0;
}

static int memory(struct str s)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    T_OK(fd_write_all(fd, s, e));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void read_back(int fd, struct buf *b)
{
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    T_OK(fd_read_all(fd, 2 * BIG, b, e));
}

/* Seals s into bytes. */
static void seal(const struct seal_place *p, struct str s, struct buf *bytes, struct sealed *b)
{
    AUTO(fd) int in = memory(s);
    AUTO(fd) int out = memory(STR_NONE);
    T_OK(seal_fd(master, p, in, out, b, e));
    assert_int_equal(b->size, s.n);
    read_back(out, bytes);
    unsigned char digest[SHA256_LEN];
    char hex[SHA256_HEX];
    sha256(buf_str(bytes), digest);
    hex_put(hex, digest, sizeof digest);
    assert_string_equal(hex, b->name);
}

static enum rc open_as(const struct seal_place *p, const struct sealed *b, struct str bytes,
                       struct str want, struct err *e)
{
    struct seal_blob blob = {str_c(b->name), str_of(b->key, sizeof b->key)};
    AUTO(fd) int in = memory(bytes);
    AUTO(fd) int out = memory(STR_NONE);
    AUTO(buf) struct buf plain = BUF_INIT(2 * BIG);
    int64_t size;
    TRY(unseal_fd(master, p, &blob, in, out, BIG, &size, e));
    read_back(out, &plain);
    assert_int_equal(size, want.n);
    assert_true(str_eq(buf_str(&plain), want));
    return RC_OK;
}

static void every_length_comes_back(void **state)
{
    static const size_t lengths[] = {
        0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 2 * SEAL_CHUNK, BIG - 1, BIG};
    AUTO(mem) char *p = mem_alloc(BIG);
    random_bytes(p, BIG);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        AUTO(buf) struct buf bytes = BUF_INIT(2 * BIG);
        struct sealed b;
        struct seal_place places[] = {PLACE_A, INBOX};
        for (size_t k = 0; k < ARRAY_LEN(places); k++) {
            buf_reset(&bytes);
            seal(&places[k], str_of(p, lengths[i]), &bytes, &b);
            T_OK(open_as(&places[k], &b, buf_str(&bytes), str_of(p, lengths[i]), e));
        }
    }
}

static void same_bytes_are_sealed_differently(void **state)
{
    AUTO(buf) struct buf one = BUF_INIT(BIG);
    AUTO(buf) struct buf two = BUF_INIT(BIG);
    struct sealed a, b;
    seal(&PLACE_A, STR("the same"), &one, &a);
    seal(&PLACE_A, STR("the same"), &two, &b);
    assert_string_not_equal(a.name, b.name);
    assert_memory_not_equal(a.key, b.key, SEAL_WRAPPED_LEN);
    assert_true(str_find(buf_str(&one), STR("the same")) == STR_NPOS);
}

static void pieces_make_the_same_stream(void **state)
{
    AUTO(mem) char *p = mem_alloc(3 * SEAL_CHUNK);
    random_bytes(p, 3 * SEAL_CHUNK);
    AUTO(fd) int out = memory(STR_NONE);
    AUTO(sealer) struct sealer *s = NULL;
    struct sealed b;
    T_OK(sealer_new(master, &PLACE_A, out, &s, e));
    for (size_t at = 0, n = 1; at < 3 * SEAL_CHUNK; at += n, n = n * 2 + 1) {
        if (n > 3 * SEAL_CHUNK - at)
            n = 3 * SEAL_CHUNK - at;
        T_OK(sealer_add(s, str_of(p + at, n), e));
    }
    T_OK(sealer_end(s, &b, e));
    T_RC(RC_INTERNAL, sealer_add(s, STR("x"), e));
    AUTO(buf) struct buf bytes = BUF_INIT(BIG);
    read_back(out, &bytes);
    T_OK(open_as(&PLACE_A, &b, buf_str(&bytes), str_of(p, 3 * SEAL_CHUNK), e));
}

static void wrong_place_is_refused(void **state)
{
    AUTO(buf) struct buf bytes = BUF_INIT(BIG);
    struct sealed b;
    seal(&PLACE_A, STR("report"), &bytes, &b);
    struct str s = buf_str(&bytes), w = STR("report");
    T_OK(open_as(&PLACE_A, &b, s, w, e));
    T_RC(RC_DENIED, open_as(&PLACE_B, &b, s, w, e));
    T_RC(RC_DENIED, open_as(&INBOX, &b, s, w, e));
    struct seal_place p = PLACE_A;
    p.purpose = STR("upload");
    T_RC(RC_DENIED, open_as(&p, &b, s, w, e));
    p = PLACE_A;
    p.scope = STR("scope-b"); /* the other case's name with this case's key */
    T_RC(RC_DENIED, open_as(&p, &b, s, w, e));
    struct sealed wrong = b;
    wrong.name[0] = wrong.name[0] == '0' ? '1' : '0';
    T_RC(RC_DENIED, open_as(&PLACE_A, &wrong, s, w, e));
    for (size_t i = 0; i < SEAL_WRAPPED_LEN; i++) {
        wrong = b;
        wrong.key[i] ^= 1;
        T_RC(RC_DENIED, open_as(&PLACE_A, &wrong, s, w, e));
    }
    AUTO(fd) int in = memory(s);
    AUTO(fd) int out = memory(STR_NONE);
    int64_t size;
    struct seal_blob blob = {str_c(b.name), str_of(b.key, sizeof b.key)};
    T_RC(RC_DENIED, unseal_fd(other_master, &PLACE_A, &blob, in, out, BIG, &size, e));
    T_RC(RC_LIMIT, unseal_fd(master, &PLACE_A, &blob, in, out, 3, &size, e));
}

static void every_damage_is_refused(void **state)
{
    AUTO(mem) char *p = mem_zalloc(SEAL_CHUNK + 100);
    AUTO(buf) struct buf bytes = BUF_INIT(BIG);
    struct sealed b;
    struct str want = str_of(p, SEAL_CHUNK + 100);
    seal(&PLACE_A, want, &bytes, &b);
    for (size_t i = 0; i < bytes.n; i += i < 40 ? 1 : 997) { /* one bit */
        bytes.p[i] ^= 4;
        T_RC(RC_INVALID, open_as(&PLACE_A, &b, buf_str(&bytes), want, e));
        bytes.p[i] ^= 4;
    }
    for (size_t n = 0; n < bytes.n; n += 1009) /* cut short */
        T_RC(RC_INVALID, open_as(&PLACE_A, &b, str_of(bytes.p, n), want, e));
    size_t whole = 8 + 24 + SEAL_CHUNK + 17; /* cut exactly between two chunks */
    T_RC(RC_INVALID, open_as(&PLACE_A, &b, str_of(bytes.p, whole), want, e));
    buf_addc(&bytes, 'x'); /* longer */
    T_RC(RC_INVALID, open_as(&PLACE_A, &b, buf_str(&bytes), want, e));
    buf_cut(&bytes, bytes.n - 1);
    T_OK(open_as(&PLACE_A, &b, buf_str(&bytes), want, e));
}

static void a_blob_moves_without_its_bytes(void **state)
{
    AUTO(buf) struct buf bytes = BUF_INIT(BIG);
    struct sealed b, moved;
    struct str w = STR("from the inbox into a case");
    seal(&INBOX, w, &bytes, &b);
    struct seal_blob blob = {str_c(b.name), str_of(b.key, sizeof b.key)};
    moved = b;
    T_OK(seal_rewrap(master, &INBOX, &PLACE_A, &blob, moved.key, e));
    T_OK(open_as(&PLACE_A, &moved, buf_str(&bytes), w, e));
    T_RC(RC_DENIED, open_as(&INBOX, &moved, buf_str(&bytes), w, e));
    T_RC(RC_DENIED, open_as(&PLACE_B, &moved, buf_str(&bytes), w, e));
    T_RC(RC_DENIED, seal_rewrap(master, &PLACE_B, &PLACE_A, &blob, moved.key, e));
    struct seal_place p = PLACE_A;
    p.purpose = STR("upload");
    T_RC(RC_INVALID, seal_rewrap(master, &INBOX, &p, &blob, moved.key, e));
    unsigned char k[SEAL_WRAPPED_LEN];
    T_RC(RC_INVALID, seal_case_key(master, STR(SEAL_SCOPE_INBOX), k, e));
    T_RC(RC_LIMIT, seal_case_key(master, STR_NONE, k, e));
}

static enum rc count(void *arg, struct str name, struct err *e)
{
    ++*(int *)arg;
    return RC_OK;
}

static void files_are_kept_and_removed(void **state)
{
    char name[SHA256_HEX];
    int n = 0;
    int64_t strange = -1;
    T_OK(blob_put(dirfd_, STR("sealed"), name, e));
    T_OK(blob_put(dirfd_, STR("sealed"), name, e)); /* twice is fine */
    AUTO(fd) int fd = -1;
    AUTO(buf) struct buf b = BUF_INIT(100);
    T_OK(blob_open(dirfd_, str_c(name), &fd, e));
    T_OK(fd_read_all(fd, 100, &b, e));
    assert_string_equal(buf_c(&b), "sealed");
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, BLOB_MODE);
    {
        AUTO(blob_tmp) struct blob_tmp t = BLOB_TMP_INIT;
        T_OK(blob_tmp_open(dirfd_, &t, e));
        T_OK(blob_each(dirfd_, count, &n, &strange, e));
        assert_int_equal(strange, 1);
        T_RC(RC_INVALID, blob_tmp_keep(&t, STR("../../etc/passwd"), e));
    }
    n = 0;
    T_OK(blob_each(dirfd_, count, &n, &strange, e));
    assert_int_equal(n, 1);
    assert_int_equal(strange, 0); /* what was not kept is gone */
    AUTO(fd) int none = -1;
    T_RC(RC_INVALID, blob_open(dirfd_, STR("../x"), &none, e));
    T_RC(RC_INVALID, blob_del(dirfd_, STR_NONE, e));
    T_OK(blob_del(dirfd_, str_c(name), e));
    T_RC(RC_NOTFOUND, blob_open(dirfd_, str_c(name), &none, e));
    T_RC(RC_NOTFOUND, blob_del(dirfd_, str_c(name), e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(same_bytes_are_sealed_differently),
        cmocka_unit_test(pieces_make_the_same_stream),
        cmocka_unit_test(wrong_place_is_refused),
        cmocka_unit_test(every_damage_is_refused),
        cmocka_unit_test(a_blob_moves_without_its_bytes),
        cmocka_unit_test(files_are_kept_and_removed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
