/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays standards/mail/jwz and standards/mail/threading: trees, the answers of imaptest's THREAD
 * scripts, and the order of its SORT SUBJECT script.
 */
#include "mime/rules_test.h"

#include "mime/subject.h"
#include "mime/thread.h"

#define JWZ  "standards/mail/jwz"
#define IMAP "standards/mail/threading"
#define MAX  32

/* ---- jwz ---- */

/* Compares the children from `node` on with a JSON list of [id or null, [children]]; the test's own
 * trees are shallow. */
static bool same_tree(const struct thread_forest *f, const struct thread_msg *m, size_t node,
                      const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i), *id = json_array_get(pair, 0);
        if (node == THREAD_NONE)
            return false;
        const struct thread_node *n = &f->nodes[node];
        if (json_is_null(id) != (n->msg == THREAD_NONE))
            return false;
        if (n->msg != THREAD_NONE && !str_eq(m[n->msg].id, str_c(json_string_value(id))))
            return false;
        if (!same_tree(f, m, n->first_child, json_array_get(pair, 1)))
            return false;
        node = n->next;
    }
    return node == THREAD_NONE;
}

static size_t count(const struct thread_forest *f, size_t *ret_deepest)
{
    size_t depth = 0, n = 0;
    *ret_deepest = 0;
    for (size_t k = f->first_root; k != THREAD_NONE; k = thread_next(f, k, &depth)) {
        n += f->nodes[k].msg != THREAD_NONE;
        *ret_deepest = depth > *ret_deepest ? depth : *ret_deepest;
    }
    return n;
}

static size_t load(struct arena *a, const json_t *one, struct thread_msg *m)
{
    const json_t *list = json_object_get(one, "messages"), *msg, *ref;
    size_t i, k;
    json_array_foreach(list, i, msg)
    {
        const json_t *refs = json_object_get(msg, "refs");
        if (refs == NULL)
            refs = json_object_get(msg, "irt");
        struct str *r = arena_array(a, json_array_size(refs) + 1, sizeof *r);
        struct subject s;
        struct err e = ERR_INIT;
        json_array_foreach(refs, k, ref)
        {
            r[k] = str_c(json_string_value(ref));
        }
        assert_int_equal(subject_read(a, js(msg, "subject"), &s, &e), RC_OK);
        m[i] = (struct thread_msg){.id = js(msg, "id"),
                                   .refs = r,
                                   .n_refs = json_array_size(refs),
                                   .base_subject = s.base,
                                   .reply = s.reply};
    }
    return json_array_size(list);
}

/* {"chain": n} or {"refs_in_one": n}. */
static void generated(const json_t *how)
{
    size_t chain = (size_t)json_integer_value(json_object_get(how, "chain"));
    size_t refs = (size_t)json_integer_value(json_object_get(how, "refs_in_one"));
    size_t n = chain + refs, deepest;
    assert_true(n > 0);
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    struct str *id = arena_array(a, n, sizeof *id);
    struct thread_msg *m = arena_array(a, n, sizeof *m);
    struct thread_forest f;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < n; i++) {
        id[i] = arena_strf(a, "%zu", i);
        m[i] = (struct thread_msg){.id = id[i], .refs = i ? &id[i - 1] : NULL, .n_refs = i > 0};
    }
    if (refs > 0)
        m[0] = (struct thread_msg){.id = STR("top"), .refs = id, .n_refs = n};
    clock_t start = clock();
    assert_int_equal(thread_build(a, m, refs ? 1 : n, false, &f, &e), RC_OK);
    assert_int_equal(count(&f, &deepest), refs ? 1 : n);
    assert_int_equal(deepest, refs ? 0 : n - 1);
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

static void subjects(const json_t *list)
{
    const json_t *pair;
    size_t i;
    json_array_foreach(list, i, pair)
    {
        AUTO(arena) struct arena *a = arena_new(1u << 20);
        struct subject s;
        struct err e = ERR_INIT;
        const char *in = json_string_value(json_array_get(pair, 0));
        assert_int_equal(subject_read(a, str_c(in), &s, &e), RC_OK);
        if (!str_eq(s.base, str_c(json_string_value(json_array_get(pair, 1)))))
            fail_msg("%s: \"%.*s\"", in, STR_ARG(s.base));
    }
}

static void test_jwz(void **state)
{
    (void)state;
    AUTO(json) json_t *all = corpus_json(JWZ "/threads.json");
    json_t *one;
    size_t i, deepest, asserted = 0;
    json_array_foreach(all, i, one)
    {
        AUTO(arena) struct arena *a = arena_new(1u << 20);
        struct thread_msg m[MAX];
        struct thread_forest f;
        struct err e = ERR_INIT;
        struct str name = js(one, "name");
        asserted++;
        if (json_object_get(one, "generate")) {
            generated(json_object_get(one, "generate"));
            continue;
        }
        if (json_object_get(one, "subjects")) {
            subjects(json_object_get(one, "subjects"));
            continue;
        }
        size_t n = load(a, one, m);
        /* The desk threads without subjects. */
        assert_int_equal(thread_build(a, m, n, false, &f, &e), RC_OK);
        assert_int_equal(count(&f, &deepest), n);
        if (json_object_get(one, "tree") &&
            !same_tree(&f, m, f.first_root, json_object_get(one, "tree")))
            fail_msg("%s", name.p);
        /* Duplicates both stay; the same subject alone does not join: each stands alone. */
        if (json_object_get(one, "tree") == NULL)
            assert_int_equal(deepest, 0);
    }
    assert_true(asserted >= 10);
}

/* ---- imaptest ---- */

struct box {
    struct arena *a;
    struct thread_msg msg[MAX];
    struct subject subject[MAX];
    size_t size[MAX], n, loaded;
    struct str mbox;
};

static struct str bare(struct arena *a, struct str v)
{
    struct str s = hfield_addr(v);
    return arena_str(a, s);
}

/* The ids of References, or the first of In-Reply-To. */
static void references(struct arena *a, const struct hfield *h, size_t n, struct thread_msg *m)
{
    const struct hfield *refs = hfield_find(h, n, "References");
    bool many = refs != NULL;
    if (refs == NULL)
        refs = hfield_find(h, n, "In-Reply-To");
    struct str *r = arena_array(a, MAX, sizeof *r), rest = refs ? refs->value : STR_NONE, word;
    while (str_cut(&rest, '>', &word) && m->n_refs < MAX && (many || m->n_refs == 0)) {
        word = str_sub(word, str_chr(word, '<') + 1, word.n);
        r[m->n_refs++] = word;
    }
    m->refs = r;
}

/* Appends the next mail of the mbox; false at its end. */
static bool append(struct box *b)
{
    struct hfield h[50];
    size_t n;
    struct str line;
    struct err e = ERR_INIT;
    if (b->mbox.n == 0 || b->n == MAX)
        return false;
    str_line(&b->mbox, &line);
    assert_true(str_starts(line, STR("From ")));
    size_t end = str_find(b->mbox, STR("\nFrom "));
    struct str mail = str_sub(b->mbox, 0, end == STR_NPOS ? b->mbox.n : end + 1);
    b->mbox = str_sub(b->mbox, mail.n, b->mbox.n);
    split_header(mail, h, ARRAY_LEN(h), &n);
    const struct hfield *id = hfield_find(h, n, "Message-ID");
    const struct hfield *subject = hfield_find(h, n, "Subject");
    struct thread_msg *m = &b->msg[b->n];
    *m = (struct thread_msg){.id = id ? bare(b->a, id->value) : STR_NONE};
    /* The scripts' dates rise with the order of arrival, or are all the same. */
    m->date_us = (int64_t)b->loaded++;
    references(b->a, h, n, m);
    assert_int_equal(subject_read(b->a, subject ? subject->value : STR_NONE, &b->subject[b->n], &e),
                     RC_OK);
    m->base_subject = b->subject[b->n].base;
    m->reply = b->subject[b->n].reply;
    b->size[b->n] = mail.n;
    b->n++;
    return true;
}

/* One thread below `node` as IMAP writes it: "1 (2 4)(3)"; shallow, as the scripts' trees are. */
static void imap_thread(struct buf *out, const struct thread_forest *f, size_t node)
{
    for (bool first = true;; first = false) {
        const struct thread_node *n = &f->nodes[node];
        if (n->msg != THREAD_NONE)
            buf_addf(out, "%s%zu", first ? "" : " ", n->msg + 1);
        size_t child = n->first_child;
        if (child == THREAD_NONE)
            return;
        if (f->nodes[child].next != THREAD_NONE) {
            if (n->msg != THREAD_NONE)
                buf_addc(out, ' ');
            for (; child != THREAD_NONE; child = f->nodes[child].next) {
                buf_addc(out, '(');
                imap_thread(out, f, child);
                buf_addc(out, ')');
            }
            return;
        }
        node = child;
    }
}

static void expect_thread(struct box *b, struct str want, const char *script)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    AUTO(buf) struct buf got = BUF_INIT(10000);
    struct thread_forest f;
    struct err e = ERR_INIT;
    assert_int_equal(thread_build(a, b->msg, b->n, true, &f, &e), RC_OK);
    for (size_t k = f.first_root; k != THREAD_NONE; k = f.nodes[k].next) {
        buf_addc(&got, '(');
        imap_thread(&got, &f, k);
        buf_addc(&got, ')');
    }
    if (!str_eq(buf_str(&got), want))
        fail_msg("%s: %s, wanted %.*s", script, buf_c(&got), STR_ARG(want));
}

/* "store 1,2 +flags \deleted" and the expunge after it. */
static void expunge(struct box *b, struct str numbers)
{
    struct str one;
    bool gone[MAX] = {false};
    size_t kept = 0;
    while (str_cut(&numbers, ',', &one)) {
        uint64_t n;
        struct err e = ERR_INIT;
        assert_int_equal(num_parse(one, 1, b->n, "message", &n, &e), RC_OK);
        gone[n - 1] = true;
    }
    for (size_t i = 0; i < b->n; i++)
        if (!gone[i])
            b->msg[kept++] = b->msg[i];
    b->n = kept;
}

static void load_box(struct box *b, struct buf *mbox, const char *script)
{
    AUTO(buf) struct buf path = BUF_INIT(1000);
    buf_addf(&path, IMAP "/%s.mbox", script);
    corpus_read(buf_c(&path), mbox);
    b->mbox = buf_str(mbox);
}

static size_t run_script(const char *script)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    AUTO(buf) struct buf path = BUF_INIT(1000);
    AUTO(buf) struct buf text = BUF_INIT(TEST_FILE_MAX);
    AUTO(buf) struct buf mbox = BUF_INIT(TEST_FILE_MAX);
    struct box b = {.a = a};
    buf_addf(&path, IMAP "/%s", script);
    corpus_read(buf_c(&path), &text);
    load_box(&b, &mbox, script);
    struct str rest = buf_str(&text), line;
    size_t answers = 0;
    while (str_line(&rest, &line)) {
        if (str_eq(line, STR("messages: all"))) {
            while (append(&b))
                ;
        } else if (str_eq(line, STR("ok append"))) {
            assert_true(append(&b));
        } else if (str_starts(line, STR("ok store "))) {
            line = str_sub(line, 9, line.n);
            expunge(&b, str_sub(line, 0, str_chr(line, ' ')));
        } else if (str_starts_nocase(line, STR("* thread "))) {
            expect_thread(&b, str_sub(line, 9, line.n), script);
            answers++;
        }
    }
    return answers;
}

static void test_imap_thread(void **state)
{
    (void)state;
    static const char *const scripts[] = {"thread2", "thread3", "thread5",
                                          "thread6", "thread7", "thread8"};
    size_t answers = 0;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        answers += run_script(scripts[i]);
    assert_true(answers >= 11);
}

/* i;ascii-casemap order: letters compare as capitals. */
static int casemap_cmp(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int x = ascii_is_alpha(a.p[i]) ? ascii_lower(a.p[i]) - 32 : (unsigned char)a.p[i];
        int y = ascii_is_alpha(b.p[i]) ? ascii_lower(b.p[i]) - 32 : (unsigned char)b.p[i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static void test_imap_sort_subject(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    AUTO(buf) struct buf text = BUF_INIT(TEST_FILE_MAX);
    AUTO(buf) struct buf mbox = BUF_INIT(TEST_FILE_MAX);
    AUTO(buf) struct buf got = BUF_INIT(1000);
    struct box b = {.a = a};
    size_t order[MAX];
    corpus_read(IMAP "/sort-subject", &text);
    load_box(&b, &mbox, "sort-subject");
    while (append(&b))
        ;
    for (size_t i = 0; i < b.n; i++) {
        size_t k = i;
        for (; k > 0 && casemap_cmp(b.subject[i].base, b.subject[order[k - 1]].base) < 0; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    buf_adds(&got, "* sort");
    for (size_t i = 0; i < b.n; i++)
        buf_addf(&got, " %zu", order[i] + 1);
    buf_adds(&got, "\n");
    if (str_find(buf_str(&text), buf_str(&got)) == STR_NPOS)
        fail_msg("%s", buf_c(&got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwz),
        cmocka_unit_test(test_imap_thread),
        cmocka_unit_test(test_imap_sort_subject),
    };
    if (!corpus_there(JWZ) || !corpus_there(IMAP))
        return corpus_skip("thread-corpus");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
