/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git's own merge by a child that stays.  Runs in the engine child; trees and files are a
 * stranger's, what git answers is checked.
 *
 * `git merge-tree` of 2.39 finds the base of a merge from commits alone and does not flush its
 * answers before it ends.  So each question is put in throw-away commits (the base, and two
 * children of it), and behind each comes another whose answer is longer than any buffer of stdio:
 * it pushes the first one out.
 */
#include "engine/backport/ort.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#define STEP      (64 * 1024)
#define SALT      8
#define PUSH_MIN  8192 /* stdio's buffer: a page, or that much */
#define NUMBER    8    /* digits of a file's number in the small trees */
#define NAME_SIZE 64
#define TRIES     2 /* git may have been killed for no fault of the objects */

/* The throw-away objects of a question: each question has its own, so one file serves for all. */
enum role { TREE_BASE, TREE_FIX, TREE_RELEASE, COMMIT_BASE, COMMIT_FIX, COMMIT_RELEASE, ROLES };

struct ort {
    struct bp_store *store;
    struct loose_file files[ROLES];
    char salt[2 * SALT + 1]; /* no object of the repository looks like ours */
    uint64_t n;              /* questions so far */
    struct child child;
    int to, from;
    struct buf in;
    size_t in_at;
    unsigned asked;  /* of this child */
    bool pushed;     /* the answer that only pushes is still to come */
    struct buf push; /* the question for it */
    struct buf tmp;
};

/* ---- The child ---- */

static void stop(struct ort *o)
{
    fd_auto(&o->to);
    fd_auto(&o->from);
    o->to = o->from = -1;
    child_kill(&o->child);
    buf_reset(&o->in);
    o->in_at = 0;
    o->asked = 0;
    o->pushed = false;
}

static enum rc start(struct ort *o, struct err *e)
{
    int in[2], out[2];
    char attributes[GIT_OID_HEX + 20];
    if (pipe2(in, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int in_read = in[0];
    o->to = in[1];
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pipe");
    AUTO(fd) int out_write = out[1];
    o->from = out[0];
    /* Some versions of git read .gitattributes from HEAD in a bare repository. */
    snprintf(attributes, sizeof attributes, "attr.tree=%s", bp_empty_tree(o->store));
    const char *const args[] = {"-c",          attributes,
                                "-c",          "core.warnAmbiguousRefs=false",
                                "-c",          "core.looseCompression=0",
                                "merge-tree",  "--write-tree",
                                "--name-only", "--no-messages",
                                "--stdin",     NULL};
    return git_start(bp_git(o->store), args, in_read, out_write, &o->child, e);
}

static enum rc put(struct ort *o, enum role role, struct str bytes, char ret_oid[GIT_OID_HEX + 1],
                   struct err *e)
{
    struct loose_file *f = &o->files[role];
    TRY(bp_reuse(o->store, f, role <= TREE_RELEASE ? OBJECT_TREE : OBJECT_COMMIT, bytes, e));
    memcpy(ret_oid, f->oid, sizeof f->oid);
    return RC_OK;
}

static enum rc commit(struct ort *o, enum role role, const char *tree, const char *parent,
                      char ret_oid[GIT_OID_HEX + 1], struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1024);
    buf_addf(&b, "tree %s\n", tree);
    if (parent)
        buf_addf(&b, "parent %s\n", parent);
    buf_addf(&b, "author - <-> 0 +0000\ncommitter - <-> 0 +0000\n\n%s %" PRIu64 " %d\n", o->salt,
             o->n, (int)role);
    TRY(buf_ok(&b, "a commit", e));
    return put(o, role, buf_str(&b), ret_oid, e);
}

/* "RELEASE FIX\n", a line of git's input. */
static enum rc question(struct ort *o, const char *base, const char *fix, const char *release,
                        struct buf *ret_line, struct err *e)
{
    char b[GIT_OID_HEX + 1], f[GIT_OID_HEX + 1], r[GIT_OID_HEX + 1];
    TRY(commit(o, COMMIT_BASE, base, NULL, b, e));
    TRY(commit(o, COMMIT_FIX, fix, b, f, e));
    TRY(commit(o, COMMIT_RELEASE, release, b, r, e));
    buf_addf(ret_line, "%s %s\n", r, f);
    return buf_ok(ret_line, "a question for git", e);
}

static void add_entry(struct buf *b, uint32_t mode, const char *name, const char *oid,
                      size_t hash_len)
{
    unsigned char id[GIT_OID_HEX / 2];
    struct err none;
    BUG_ON(hex_get(str_c(oid), id, hash_len, "id", &none) != RC_OK);
    buf_addf(b, "%o %s", mode, name);
    buf_addc(b, '\0');
    buf_add(b, str_of(id, hash_len));
}

/* One file with a very long name, changed on one side and removed on the other: git names it. */
static enum rc make_push(struct ort *o, struct err *e)
{
    static const char *const words[] = {"a\n", "b\n"};
    char blob[GIT_OID_HEX + 1], trees[2][GIT_OID_HEX + 1];
    long page = sysconf(_SC_PAGESIZE);
    size_t n = page > PUSH_MIN ? (size_t)page : PUSH_MIN;
    AUTO(buf) struct buf name = BUF_INIT(n + 1);
    for (size_t i = 0; i < n; i++)
        buf_addc(&name, 'x');
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO(buf) struct buf tree = BUF_INIT(n + 200);
        TRY(bp_scratch(o->store, OBJECT_BLOB, str_c(words[i]), blob, e));
        add_entry(&tree, TREE_MODE_FILE | 0644, buf_c(&name), blob, bp_hash_len(o->store));
        TRY(bp_scratch(o->store, OBJECT_TREE, buf_str(&tree), trees[i], e));
    }
    char none[GIT_OID_HEX + 1];
    TRY(bp_scratch(o->store, OBJECT_TREE, STR_NONE, none, e));
    TRY(question(o, trees[0], trees[1], none, &o->push, e));
    /* These stay. */
    for (size_t i = 0; i < ROLES; i++)
        loose_file_close(&o->files[i]);
    o->n++;
    return RC_OK;
}

enum rc ort_open(struct bp_store *s, struct ort **ret_o, struct err *e)
{
    AUTO(ort) struct ort *o = mem_zalloc(sizeof *o);
    o->store = s;
    o->child = (struct child)CHILD_INIT;
    o->to = o->from = -1;
    for (size_t i = 0; i < ROLES; i++)
        o->files[i] = (struct loose_file)LOOSE_FILE_INIT;
    unsigned char salt[SALT];
    random_bytes(salt, sizeof salt);
    hex_put(o->salt, salt, sizeof salt);
    buf_init(&o->in, ORT_ANSWER_MAX);
    buf_init(&o->push, 1024);
    buf_init(&o->tmp, 64u << 20);
    TRY(make_push(o, e));
    *ret_o = TAKE(o);
    return RC_OK;
}

void ort_close(struct ort *o)
{
    if (o == NULL)
        return;
    stop(o);
    for (size_t i = 0; i < ROLES; i++)
        loose_file_close(&o->files[i]);
    buf_release(&o->in);
    buf_release(&o->push);
    buf_release(&o->tmp);
    free(o);
}

void ort_auto(struct ort **o)
{
    ort_close(*o);
}

/* ---- Talking ---- */

static enum rc more(struct ort *o, struct err *e)
{
    if (o->in_at > STEP) {
        buf_drop(&o->in, o->in_at);
        o->in_at = 0;
    }
    struct pollfd p = {.fd = o->from, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, ORT_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return err_set(e, RC_TIMEOUT, "git took more than %d s for a merge", ORT_TIMEOUT_MS / 1000);
    char *room = buf_room(&o->in, STEP);
    if (room == NULL)
        return err_set(e, RC_LIMIT, "git names too many files in conflict");
    ssize_t got;
    do
        got = read(o->from, room, STEP);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return err_set(e, RC_CLOSED, "git ended");
    buf_grown(&o->in, (size_t)got);
    return RC_OK;
}

/* One answer: "1" or "0", NUL, id, NUL, names each with NUL, NUL. */
static bool answer_in(struct str have, struct str *ret_answer)
{
    size_t at = 0, n = 0;
    for (;; n++) {
        size_t end = str_chr(str_sub(have, at, have.n), '\0');
        if (end == STR_NPOS)
            return false;
        if (n >= 2 && end == 0)
            break;
        at += end + 1;
    }
    *ret_answer = str_sub(have, 0, at + 1);
    return true;
}

/* Valid until the next answer. */
static enum rc answer(struct ort *o, struct str *ret_answer, struct err *e)
{
    struct str have;
    for (;;) {
        have = str_sub(buf_str(&o->in), o->in_at, o->in.n);
        if (answer_in(have, ret_answer))
            break;
        TRY(more(o, e));
    }
    o->in_at += ret_answer->n;
    return RC_OK;
}

struct said {
    bool clean;
    char tree[GIT_OID_HEX + 1];
    struct str names; /* each with NUL */
};

static enum rc read_answer(struct str a, struct said *ret, struct err *e)
{
    struct str status, id;
    struct said s = {.clean = false};
    if (!str_cut(&a, '\0', &status) || !str_cut(&a, '\0', &id) || !git_oid_ok(id) ||
        (!str_eq(status, STR("0")) && !str_eq(status, STR("1"))))
        return err_set(e, RC_IO, "git answers in a way that is not known");
    s.clean = str_eq(status, STR("1"));
    memcpy(s.tree, id.p, id.n);
    s.names = str_sub(a, 0, a.n - 1);
    *ret = s;
    return RC_OK;
}

static enum rc talk(struct ort *o, struct str line, struct said *ret, struct err *e)
{
    struct str a;
    if (o->asked == ORT_QUESTIONS)
        stop(o);
    if (o->child.pid == 0)
        TRY(start(o, e));
    buf_reset(&o->tmp);
    buf_add(&o->tmp, line);
    buf_add(&o->tmp, buf_str(&o->push));
    TRY(buf_ok(&o->tmp, "a question for git", e));
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    bool written = fd_write_all(o->to, buf_str(&o->tmp), NULL) == RC_OK;
    sigaction(SIGPIPE, &old, NULL);
    if (!written)
        return err_set(e, RC_CLOSED, "git ended");
    if (o->pushed)
        TRY(answer(o, &a, e));
    TRY(answer(o, &a, e));
    o->pushed = true;
    o->asked++;
    return read_answer(a, ret, e);
}

/* ret->names is valid until the next question. */
static enum rc ask(struct ort *o, const char *base, const char *fix, const char *release,
                   struct said *ret, struct err *e)
{
    AUTO(buf) struct buf line = BUF_INIT(1024);
    TRY(question(o, base, fix, release, &line, e));
    o->n++;
    for (int i = 0; i < TRIES; i++) {
        enum rc rc = talk(o, buf_str(&line), ret, e);
        if (rc == RC_OK)
            return rc;
        stop(o);
        if (rc != RC_CLOSED)
            return rc;
    }
    return err_set(e, RC_NOTFOUND,
                   "git cannot merge: an object is missing or damaged in this mirror, the history "
                   "is incomplete");
}

/* ---- Files ---- */

struct side {
    uint32_t mode;
    const char *oid;
};

static struct side side_of(const struct ort_file *f, enum role side)
{
    switch (side) {
    case TREE_BASE:
        return (struct side){f->base_mode, f->base};
    case TREE_FIX:
        return (struct side){f->fix_mode, f->fix};
    default:
        return (struct side){f->release_mode, f->release};
    }
}

static bool same_sides(const struct ort_file *v, size_t n, enum role a, enum role b)
{
    for (size_t i = 0; i < n; i++) {
        struct side x = side_of(&v[i], a), y = side_of(&v[i], b);
        if (x.mode != y.mode || (x.mode != 0 && strcmp(x.oid, y.oid) != 0))
            return false;
    }
    return true;
}

static enum rc small_tree(struct ort *o, const struct ort_file *v, size_t n, enum role role,
                          char trees[3][GIT_OID_HEX + 1], struct err *e)
{
    for (enum role other = TREE_BASE; other < role; other++) {
        if (same_sides(v, n, other, role)) {
            memcpy(trees[role], trees[other], sizeof trees[role]);
            return RC_OK;
        }
    }
    buf_reset(&o->tmp);
    for (size_t i = 0; i < n; i++) {
        char name[NAME_SIZE];
        struct side s = side_of(&v[i], role);
        snprintf(name, sizeof name, "%0*x-%s-%" PRIu64, NUMBER, (unsigned)i, o->salt, o->n);
        if (s.mode)
            add_entry(&o->tmp, s.mode, name, s.oid, bp_hash_len(o->store));
    }
    TRY(buf_ok(&o->tmp, "a tree", e));
    if (o->tmp.n == 0) {
        memcpy(trees[role], bp_empty_tree(o->store), strlen(bp_empty_tree(o->store)) + 1);
        return RC_OK;
    }
    return put(o, role, buf_str(&o->tmp), trees[role], e);
}

static bool read_name(struct str name, size_t n, size_t *ret_i)
{
    size_t i = 0;
    if (name.n < NUMBER)
        return false;
    for (size_t k = 0; k < NUMBER; k++) {
        char c = name.p[k];
        if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
            return false;
        i = i * 16 + (size_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *ret_i = i;
    return i < n;
}

static bool is_one_of(const struct ort_file *f, const char *oid)
{
    return (f->base_mode && strcmp(oid, f->base) == 0) ||
           (f->fix_mode && strcmp(oid, f->fix) == 0) ||
           (f->release_mode && strcmp(oid, f->release) == 0);
}

enum rc ort_files(struct ort *o, struct ort_file *v, size_t n, bool keep, struct err *e)
{
    char trees[3][GIT_OID_HEX + 1];
    struct said said;
    struct str names, name;
    const struct bp_tree *made;
    size_t at;
    if (n == 0)
        return RC_OK;
    if (n > ORT_FILES_MAX)
        return err_set(e, RC_LIMIT, "a fix changes more than %u files", ORT_FILES_MAX);
    for (enum role side = TREE_BASE; side <= TREE_RELEASE; side++)
        TRY(small_tree(o, v, n, side, trees, e));
    TRY(ask(o, trees[0], trees[1], trees[2], &said, e));
    for (size_t i = 0; i < n; i++) {
        v[i].clean = said.clean || said.names.n > 0;
        v[i].mode = 0;
        v[i].oid[0] = '\0';
    }
    for (names = said.names; str_cut(&names, '\0', &name);) {
        if (!read_name(name, n, &at))
            return err_set(e, RC_IO, "git answers in a way that is not known");
        v[at].clean = false;
    }
    TRY(bp_tree(o->store, said.tree, &made, e));
    for (size_t i = 0; i < made->n; i++) {
        const struct tree_entry *t = &made->v[i];
        if (!read_name(t->name, n, &at) || (t->mode & TREE_MODE_TYPE) == TREE_MODE_DIR)
            return err_set(e, RC_IO, "git answers in a way that is not known");
        if (!v[at].clean)
            continue;
        v[at].mode = t->mode;
        hex_put(v[at].oid, t->id, bp_hash_len(o->store));
        if (keep && !is_one_of(&v[at], v[at].oid))
            TRY(bp_keep(o->store, v[at].oid, e));
    }
    return RC_OK;
}

/* ---- Trees ---- */

enum rc ort_trees(struct ort *o, const char *base, const char *fix, const char *release,
                  struct arena *a, struct ort_merge *ret, struct err *e)
{
    struct said said;
    struct str names, name;
    struct ort_merge m = {.clean = false};
    TRY(ask(o, base, fix, release, &said, e));
    for (names = said.names; str_cut(&names, '\0', &name);)
        m.n++;
    struct str *v = arena_array(a, m.n + 1, sizeof *v);
    m.n = 0;
    for (names = said.names; v && str_cut(&names, '\0', &name);)
        v[m.n++] = arena_str(a, name);
    TRY(arena_ok(a, "the files in conflict", e));
    m.clean = said.clean;
    m.conflicts = v;
    memcpy(m.tree, said.tree, sizeof m.tree);
    *ret = m;
    return RC_OK;
}
