/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the history of a repository into a commit-graph file.  Runs in the engine child and in
 * commands; the commits are a stranger's.
 */
#include "git/graphmake.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "git/graphfile.h"
#include "git/graphwrite.h"
#include "os/file.h"

#define TIPS_MAX    (64u << 20)
#define SHALLOW_MAX (16u << 20)
#define COMMIT_MAX  (4u << 20)
#define LOG_NAME    "history"
#define SKIP_NAME   "known"

static size_t hash_len_of(struct git *git)
{
    return strcmp(git_object_format(git), "sha256") == 0 ? 32 : 20;
}

/* ---- Tips ---- */

static enum rc add_head(struct git *git, struct buf *out, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1024);
    const char *const args[] = {"rev-parse", "--verify", "--quiet", "HEAD", NULL};
    enum rc rc = git_run(git, args, STR_NONE, &b, e);
    if (rc == RC_INVALID) /* it names no branch that is there */
        return RC_OK;
    TRY(rc);
    if (git_oid_ok(str_trim(buf_str(&b))))
        buf_addf(out, "%.*s HEAD\n", STR_ARG(str_trim(buf_str(&b))));
    return RC_OK;
}

enum rc graph_tips(struct git *git, struct buf *out, struct err *e)
{
    AUTO(buf) struct buf all = BUF_INIT(TIPS_MAX);
    const char *const args[] = {"for-each-ref", "--format=%(objectname) %(refname)", NULL};
    TRY(git_run(git, args, STR_NONE, &all, e));
    struct str rest = buf_str(&all), line, id, name;
    while (str_line(&rest, &line)) {
        name = line;
        if (!str_cut(&name, ' ', &id) || !git_oid_ok(id) ||
            str_starts(name, STR("refs/replace/")) || str_starts(name, STR("refs/notes/")))
            continue;
        buf_add(out, line);
        buf_addc(out, '\n');
    }
    TRY(add_head(git, out, e));
    return buf_ok(out, "the list of refs", e);
}

/* ---- What git says ---- */

struct raw {
    unsigned char id[GRAPH_HASH_MAX], tree[GRAPH_HASH_MAX];
};

static enum rc bad_line(struct err *e)
{
    return err_set(e, RC_IO, "git tells of the history in a way that is not known");
}

/* "ID TREE SECONDS PARENT..." */
static enum rc add_line(struct graph_build *b, struct str line, size_t hash_len,
                        struct buf *parents, struct err *e)
{
    struct raw r;
    struct str id, tree, date, parent;
    uint64_t date_s;
    struct err none;
    if (!str_cut(&line, ' ', &id) || !str_cut(&line, ' ', &tree) || !str_cut(&line, ' ', &date) ||
        hex_get(id, r.id, hash_len, "id", &none) != RC_OK ||
        hex_get(tree, r.tree, hash_len, "id", &none) != RC_OK)
        return bad_line(e);
    if (num_parse(date, 0, INT64_MAX, "date", &date_s, &none) != RC_OK)
        date_s = 0; /* before 1970 or nonsense */
    buf_reset(parents);
    while (str_cut(&line, ' ', &parent)) {
        char *to = buf_room(parents, hash_len);
        if (to == NULL || hex_get(parent, to, hash_len, "id", &none) != RC_OK)
            return bad_line(e);
        buf_grown(parents, hash_len);
    }
    return graph_build_add(b, r.id, r.tree, (int64_t)date_s, buf_str(parents), e);
}

struct mapped {
    void *p;
    size_t n;
};

static void mapped_auto(struct mapped *m)
{
    if (m->p)
        munmap(m->p, m->n);
}

/* A file of our own git directory, without a name from here on. */
static enum rc own_file(struct git *git, const char *name, int *ret_fd, struct err *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", git_own_dir(git), name);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(e, RC_LIMIT, "the path of the folder for git is too long");
    *ret_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (*ret_fd < 0)
        return err_errno(e, RC_IO, "the file for the history could not be made");
    (void)unlink(path);
    return RC_OK;
}

static enum rc map_output(int fd, struct mapped *ret_m, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "the file with the history");
    if ((uint64_t)st.st_size > GRAPH_OUT_MAX)
        return err_set(e, RC_LIMIT, "the history is too long");
    if (st.st_size == 0)
        return RC_OK;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return err_errno(e, RC_IO, "the file with the history");
    *ret_m = (struct mapped){.p = p, .n = (size_t)st.st_size};
    return RC_OK;
}

/* Runs git log on what the refs hold, less what the lines of `without` name ("^ID"). */
static enum rc run_log(struct git *git, struct str without, struct mapped *ret_m, struct err *e)
{
    const char *args[] = {"log",
                          "--format=%H %T %ct %P",
                          "--exclude=refs/replace/*",
                          "--exclude=refs/notes/*",
                          "--all",
                          "--stdin",
                          "HEAD",
                          "--",
                          NULL};
    struct child_end end;
    AUTO(buf) struct buf head = BUF_INIT(1024);
    AUTO(fd) int in = -1;
    AUTO(fd) int out = -1;
    TRY(add_head(git, &head, e));
    if (head.n == 0) {
        args[6] = "--";
        args[7] = NULL;
    }
    TRY(own_file(git, LOG_NAME, &out, e));
    TRY(own_file(git, SKIP_NAME, &in, e));
    TRY(fd_write_all(in, without, e));
    if (lseek(in, 0, SEEK_SET) != 0)
        return err_errno(e, RC_IO, "the file for the history");
    AUTO(child) struct child c = CHILD_INIT;
    TRY(git_start(git, args, in, out, &c, e));
    TRY(child_wait(&c, GRAPH_TIMEOUT_MS, &end, e));
    if (!child_end_ok(&end))
        return err_set(e, RC_INVALID, "git cannot read the whole history");
    return map_output(out, ret_m, e);
}

static enum rc by_log(struct git *git, struct str without, struct graph_build *b, struct err *e)
{
    AUTO(mapped) struct mapped m = {NULL, 0};
    AUTO(buf) struct buf parents = BUF_INIT(GRAPH_PARENTS * GRAPH_HASH_MAX);
    TRY(run_log(git, without, &m, e));
    struct str rest = str_of(m.p, m.n), line;
    while (str_line(&rest, &line))
        TRY(add_line(b, line, hash_len_of(git), &parents, e));
    return RC_OK;
}

/* ---- What came since ---- */

/* Adds the commits of an earlier file, and "^ID" for each that is no parent in it. */
static enum rc add_old(const struct graph_file *old, struct graph_build *b, struct buf *without,
                       struct err *e)
{
    AUTO(mem) bool *inner = mem_zalloc((size_t)old->n + 1);
    AUTO(buf) struct buf ids = BUF_INIT(GRAPH_PARENTS * GRAPH_HASH_MAX);
    uint32_t p[GRAPH_PARENTS];
    size_t n;
    for (uint32_t i = 0; i < old->n; i++) {
        struct graph_record r;
        graph_file_record(old, i, &r);
        TRY(graph_file_parents(old, i, p, GRAPH_PARENTS, &n, e));
        buf_reset(&ids);
        for (size_t k = 0; k < n; k++) {
            inner[p[k]] = true;
            buf_add(&ids, str_of(graph_file_id(old, p[k]), old->hash_len));
        }
        TRY(graph_build_add(b, graph_file_id(old, i), r.tree, r.date_s, buf_str(&ids), e));
    }
    for (uint32_t i = 0; i < old->n; i++) {
        char hex[2 * GRAPH_HASH_MAX + 1];
        if (inner[i])
            continue;
        hex_put(hex, graph_file_id(old, i), old->hash_len);
        hex[2 * old->hash_len] = '\0';
        buf_addf(without, "^%s\n", hex);
    }
    return buf_ok(without, "the ends of the history", e);
}

/* The commits that the refs name, peeled. */
static enum rc read_roots(struct git *git, struct buf *roots, struct err *e)
{
    const char *args[] = {"rev-list",
                          "--no-walk=unsorted",
                          "--exclude=refs/replace/*",
                          "--exclude=refs/notes/*",
                          "--all",
                          "HEAD",
                          "--",
                          NULL};
    AUTO(buf) struct buf all = BUF_INIT(2 * TIPS_MAX);
    AUTO(buf) struct buf head = BUF_INIT(1024);
    TRY(add_head(git, &head, e));
    if (head.n == 0)
        args[5] = NULL;
    TRY(git_run(git, args, STR_NONE, &all, e));
    struct str rest = buf_str(&all), line;
    while (str_line(&rest, &line)) {
        char raw[GRAPH_HASH_MAX];
        if (hex_get(line, raw, hash_len_of(git), "id", e) != RC_OK)
            return bad_line(e);
        buf_add(roots, str_of(raw, hash_len_of(git)));
    }
    return buf_ok(roots, "the list of refs", e);
}

/* RC_INVALID: it has to be read as a whole. */
static enum rc since_old(struct git *git, const struct graph_file *old, struct graph_build *b,
                         struct err *e)
{
    AUTO(buf) struct buf without = BUF_INIT(2 * TIPS_MAX);
    AUTO(buf) struct buf roots = BUF_INIT(TIPS_MAX);
    uint32_t at;
    const unsigned char *parent;
    if (graph_file_cut(old, 0, &at, &parent))
        return err_set(e, RC_INVALID, "the earlier history has holes");
    TRY(add_old(old, b, &without, e));
    TRY(by_log(git, buf_str(&without), b, e));
    TRY(read_roots(git, &roots, e));
    return graph_build_keep(b, buf_str(&roots), e);
}

/* ---- Around holes ---- */

/* Ids that were seen, open addressing. */
struct seen {
    unsigned char (*v)[GRAPH_HASH_MAX];
    bool *used;
    size_t n, cap;
};

static void seen_auto(struct seen *s)
{
    free(s->v);
    free(s->used);
}

static size_t seen_place(const struct seen *s, const unsigned char *id)
{
    uint64_t h;
    memcpy(&h, id, sizeof h);
    size_t i = (size_t)h & (s->cap - 1);
    while (s->used[i] && memcmp(s->v[i], id, GRAPH_HASH_MAX) != 0)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static void seen_grow(struct seen *s)
{
    struct seen old = *s;
    s->cap = old.cap ? old.cap * 2 : 1024;
    s->v = mem_zalloc(s->cap * sizeof *s->v);
    s->used = mem_zalloc(s->cap * sizeof *s->used);
    for (size_t i = 0; i < old.cap; i++)
        if (old.used[i]) {
            size_t at = seen_place(s, old.v[i]);
            memcpy(s->v[at], old.v[i], GRAPH_HASH_MAX);
            s->used[at] = true;
        }
    seen_auto(&old);
}

/* False when it was there already. */
static bool seen_add(struct seen *s, const unsigned char *id)
{
    if (2 * s->n >= s->cap)
        seen_grow(s);
    size_t at = seen_place(s, id);
    if (s->used[at])
        return false;
    memcpy(s->v[at], id, GRAPH_HASH_MAX);
    s->used[at] = true;
    s->n++;
    return true;
}

struct walk {
    struct objects *objects;
    size_t hash_len;
    struct graph_build *build;
    struct seen seen, shallow;
    struct buf todo; /* ids, GRAPH_HASH_MAX bytes each */
    struct buf parents;
};

static void walk_auto(struct walk *w)
{
    seen_auto(&w->seen);
    seen_auto(&w->shallow);
    buf_release(&w->todo);
    buf_release(&w->parents);
}

static void later(struct walk *w, struct str hex)
{
    unsigned char id[GRAPH_HASH_MAX] = {0};
    struct err none;
    if (hex_get(hex, id, w->hash_len, "id", &none) == RC_OK && seen_add(&w->seen, id))
        buf_add(&w->todo, str_of(id, sizeof id));
}

/* A commit's own words; its parents come later, those of a shallow end not at all. */
static enum rc add_commit(struct walk *w, const unsigned char *id, struct str body, struct err *e)
{
    struct str value;
    struct err none;
    unsigned char tree[GRAPH_HASH_MAX] = {0};
    bool end = w->shallow.n && w->shallow.used[seen_place(&w->shallow, id)];
    if (object_header(body, "tree", 0, &value))
        (void)!hex_get(value, tree, w->hash_len, "id", &none);
    int64_t date_s = object_header(body, "committer", 0, &value) ? object_date_s(value) : 0;
    buf_reset(&w->parents);
    struct str rest = body, line;
    while (!end && str_cut(&rest, '\n', &line) && line.n > 0) {
        char raw[GRAPH_HASH_MAX];
        if (!str_starts(line, STR("parent ")))
            continue;
        value = str_sub(line, 7, line.n);
        if (hex_get(value, raw, w->hash_len, "id", &none) != RC_OK)
            continue;
        buf_add(&w->parents, str_of(raw, w->hash_len));
        later(w, value);
    }
    return graph_build_add(w->build, id, tree, date_s, buf_str(&w->parents), e);
}

static enum rc visit(struct walk *w, const unsigned char *id, struct err *e)
{
    char hex[2 * GRAPH_HASH_MAX + 1];
    struct object o;
    struct str target;
    hex_put(hex, id, w->hash_len);
    enum rc rc = objects_read(w->objects, str_c(hex), COMMIT_MAX, &o, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT)
        return RC_OK; /* a hole: its children are cut */
    TRY(rc);
    if (o.type == OBJECT_COMMIT)
        return add_commit(w, id, o.body, e);
    if (o.type == OBJECT_TAG && object_header(o.body, "object", 0, &target))
        later(w, target);
    return RC_OK;
}

static enum rc by_walk(struct walk *w, struct str tips, struct err *e)
{
    struct str line, id;
    while (str_line(&tips, &line))
        if (str_cut(&line, ' ', &id))
            later(w, id);
    while (w->todo.n > 0) {
        unsigned char next[GRAPH_HASH_MAX];
        memcpy(next, w->todo.p + w->todo.n - sizeof next, sizeof next);
        buf_cut(&w->todo, w->todo.n - sizeof next);
        TRY(visit(w, next, e));
    }
    return buf_ok(&w->todo, "the list of commits", e);
}

/* ---- Shallow clones ---- */

static enum rc read_shallow(struct git *git, struct buf *b, struct err *e)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/shallow", git_repo_dir(git));
    enum rc rc = file_read(AT_FDCWD, path, SHALLOW_MAX, b, e);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static void each_shallow(struct str list, size_t hash_len, struct graph_build *build,
                         struct seen *seen)
{
    struct str line;
    while (str_line(&list, &line)) {
        unsigned char id[GRAPH_HASH_MAX] = {0};
        struct err none;
        if (hex_get(line, id, hash_len, "id", &none) != RC_OK)
            continue;
        if (build)
            graph_build_shallow(build, id);
        else
            (void)seen_add(seen, id);
    }
}

/* Commit by commit. */
static enum rc around_holes(struct git *git, struct objects *objects, struct str tips,
                            struct str shallow, struct graph_build *b, struct err *e)
{
    AUTO(walk) struct walk w = {.objects = objects, .hash_len = hash_len_of(git), .build = b};
    buf_init(&w.todo, (size_t)GRAPH_COMMITS_MAX * GRAPH_HASH_MAX);
    buf_init(&w.parents, GRAPH_PARENTS * GRAPH_HASH_MAX);
    each_shallow(shallow, w.hash_len, NULL, &w.shallow);
    return by_walk(&w, tips, e);
}

static void start_anew(struct graph_build **b, size_t hash_len)
{
    graph_build_free(*b);
    *b = graph_build_new(hash_len);
}

enum rc graph_make(struct git *git, struct objects *objects, struct str tips,
                   const struct graph_file *old, const unsigned char sum[32], struct buf *out,
                   struct err *e)
{
    size_t hash_len = hash_len_of(git);
    AUTO(buf) struct buf shallow = BUF_INIT(SHALLOW_MAX);
    AUTO(graph_build) struct graph_build *b = graph_build_new(hash_len);
    TRY(read_shallow(git, &shallow, e));
    if (old && shallow.n == 0) {
        if (since_old(git, old, b, e) == RC_OK && graph_build_write(b, sum, out, e) == RC_OK)
            return RC_OK;
        start_anew(&b, hash_len);
        buf_reset(out);
    }
    enum rc rc = by_log(git, STR_NONE, b, e);
    if (rc == RC_INVALID) {
        start_anew(&b, hash_len);
        rc = around_holes(git, objects, tips, buf_str(&shallow), b, e);
    }
    TRY(rc);
    each_shallow(buf_str(&shallow), hash_len, b, NULL);
    return graph_build_write(b, sum, out, e);
}
