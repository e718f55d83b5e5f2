/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a repository as a folder of segments.  Runs in commands and in the engine child; the
 * folder is ours, but its files may be damaged, and other processes may change it meanwhile.
 */
#include "engine/audit/index.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/hash.h"
#include "engine/audit/index_inside.h"
#include "os/file.h"

#define LOCK_FILE     "lock"
#define LOCK_STEP_MS  20
#define SEGMENTS_MAX  4096 /* files that are looked at */
#define AHEAD         16   /* records whose slots are fetched before they are needed */
#define LOAD_ATTEMPTS 50   /* while another process merges */

const char *audit_skip_text(enum audit_skip why)
{
    static const char *const texts[SKIP_COUNT] = {
        [SKIP_NONE] = "searched",
        [SKIP_LARGE] = "larger than 10 MiB",
        [SKIP_BINARY] = "binary",
        [SKIP_LANG] = "of an unknown language",
        [SKIP_LINK] = "a symbolic link",
        [SKIP_SUBMODULE] = "a submodule: another repository",
        [SKIP_LFS] = "a Git LFS pointer: its content is not in the repository",
        [SKIP_MISSING] = "missing in this mirror, or damaged",
        [SKIP_DENSE] = "generated or minified: very long lines",
        [SKIP_PATH] = "of a name or kind that git would not check out",
    };
    return (unsigned)why < SKIP_COUNT ? texts[why] : "not searched";
}

_Static_assert(AUDIT_BLOB_MAX == 10u << 20, "audit_skip_text says it");

void index_note(struct audit_index *ix, const char *text)
{
    if (str_find(buf_str(&ix->notes), str_c(text)) != STR_NPOS ||
        ix->notes.n + strlen(text) + 1 > NOTES_MAX)
        return;
    if (ix->notes.n)
        buf_addc(&ix->notes, '\n');
    buf_adds(&ix->notes, text);
}

struct str index_notes(const struct audit_index *ix)
{
    return buf_str(&ix->notes);
}

void index_progress(struct audit_index *ix, index_progress_fn progress, void *arg)
{
    ix->progress = progress;
    ix->progress_arg = arg;
}

/* ---- The lock ---- */

enum rc index_lock(struct audit_index *ix, struct err *e)
{
    if (ix->lock >= 0)
        return RC_OK;
    AUTO(fd) int fd = openat(ix->dirfd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno == EACCES || errno == EROFS ? RC_DENIED : RC_IO,
                         "the lock of the index");
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(e, RC_IO, "the lock of the index");
        if (waited >= LOCK_WAIT_MS)
            return err_set(e, RC_BUSY, "another process has been writing to the index for %d s",
                           LOCK_WAIT_MS / 1000);
        (void)poll(NULL, 0, LOCK_STEP_MS);
    }
    ix->lock = fd_take(&fd);
    return RC_OK;
}

void index_unlock(struct audit_index *ix)
{
    fd_auto(&ix->lock);
    ix->lock = -1;
}

/* ---- Segments ---- */

struct segment *index_segment(const struct audit_index *ix, uint32_t chunk)
{
    size_t lo = 0, hi = ix->n_segs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (chunk >= ix->segs[mid]->base + ix->segs[mid]->n_chunks)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ix->n_segs && chunk >= ix->segs[lo]->base ? ix->segs[lo] : NULL;
}

uint32_t index_end(const struct audit_index *ix)
{
    if (ix->n_segs == 0)
        return 0;
    const struct segment *last = ix->segs[ix->n_segs - 1];
    return last->base + last->n_chunks;
}

static void close_segments(struct segment **segs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        segment_close(segs[i]);
    free(segs);
}

static void damaged(struct audit_index *ix)
{
    ix->epoch++;
    ix->stats.damaged++;
    index_maps_drop(ix);
    index_note(ix, "a file of the index was damaged and its part is made anew");
}

static void unlink_segment(const struct audit_index *ix, uint32_t base, uint32_t n)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(base, n, name);
    (void)unlinkat(ix->dirfd, name, 0);
}

bool index_drop_bad(struct audit_index *ix)
{
    size_t keep = 0, n = ix->n_segs;
    for (size_t i = 0; i < n; i++) {
        struct segment *s = ix->segs[i];
        if (!s->bad) {
            ix->segs[keep++] = s;
            continue;
        }
        /* Whoever comes next shall not read it again; a file that was replaced meanwhile is only
         * made once more. */
        unlink_segment(ix, s->base, s->n_chunks);
        segment_close(s);
    }
    ix->n_segs = keep;
    ix->changes++;
    if (keep < n)
        damaged(ix);
    return keep < n;
}

enum rc index_wipe(struct audit_index *ix, struct err *e)
{
    for (size_t i = 0; i < ix->n_segs; i++)
        unlink_segment(ix, ix->segs[i]->base, ix->segs[i]->n_chunks);
    ix->epoch++;
    return index_load(ix, e);
}

struct range {
    uint32_t base, n;
};

/* The longer one of those that begin at the same piece first. */
static int by_base(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    return x->n > y->n ? -1 : x->n < y->n;
}

/* Names of segments in the folder; with the lock held, left-overs of writers are removed. */
static enum rc list(struct audit_index *ix, struct range **ret_v, size_t *ret_n, struct err *e)
{
    int fd = openat(ix->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        fd_auto(&fd);
        return err_errno(e, RC_IO, "the folder of the index");
    }
    AUTO(mem) struct range *v = mem_alloc(SEGMENTS_MAX * sizeof *v);
    size_t n = 0;
    for (struct dirent *x; n < SEGMENTS_MAX && (x = readdir(d));) {
        struct str name = str_c(x->d_name);
        if (segment_name_read(name, &v[n].base, &v[n].n))
            n++;
        else if (ix->lock >= 0 && str_starts(name, STR(FILE_TMP_PREFIX)))
            (void)unlinkat(ix->dirfd, x->d_name, 0);
    }
    (void)closedir(d);
    qsort(v, n, sizeof *v, by_base);
    *ret_v = TAKE(v);
    *ret_n = n;
    return RC_OK;
}

/* RC_CLOSED: a file is gone that was just there. */
static enum rc open_listed(struct audit_index *ix, const struct range *v, size_t n,
                           struct segment **segs, size_t *ret_n, struct err *e)
{
    uint64_t end = 0;
    char name[SEGMENT_NAME_MAX];
    for (size_t i = 0; i < n; i++) {
        segment_name(v[i].base, v[i].n, name);
        if (v[i].base < end) {
            /* A part of one that was merged: its writer was killed before it removed it. */
            if (ix->lock >= 0)
                (void)unlinkat(ix->dirfd, name, 0);
            continue;
        }
        enum rc rc = segment_open(ix->dirfd, name, ix->id_len, &segs[*ret_n], e);
        if (rc == RC_NOTFOUND)
            return RC_CLOSED;
        if (rc == RC_INVALID || rc == RC_CONFLICT) {
            if (rc == RC_INVALID)
                damaged(ix);
            if (ix->lock >= 0)
                (void)unlinkat(ix->dirfd, name, 0);
            continue;
        }
        TRY(rc);
        end = (uint64_t)v[i].base + v[i].n;
        ++*ret_n;
    }
    return RC_OK;
}

/* Is every segment that was open still there, or a part of a larger one now? */
static bool only_grown(const struct audit_index *ix, struct segment *const *segs, size_t n)
{
    for (size_t i = 0; i < ix->n_segs; i++) {
        const struct segment *s = ix->segs[i];
        bool found = false;
        for (size_t j = 0; j < n && !found; j++)
            found = segs[j]->base <= s->base &&
                    segs[j]->base + segs[j]->n_chunks >= s->base + s->n_chunks &&
                    (segs[j]->n_chunks != s->n_chunks || segs[j]->uid == s->uid);
        if (!found)
            return false;
    }
    return true;
}

enum rc index_load(struct audit_index *ix, struct err *e)
{
    for (int attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
        AUTO(mem) struct range *v = NULL;
        size_t n = 0, got = 0;
        TRY(list(ix, &v, &n, e));
        struct segment **segs = mem_zalloc((n + 1) * sizeof *segs);
        enum rc rc = open_listed(ix, v, n, segs, &got, e);
        if (rc != RC_OK) {
            close_segments(segs, got);
            if (rc == RC_CLOSED)
                continue;
            return rc;
        }
        if (!only_grown(ix, segs, got))
            ix->epoch++;
        close_segments(ix->segs, ix->n_segs);
        ix->segs = segs;
        ix->n_segs = got;
        ix->changes++;
        index_maps_drop(ix);
        return RC_OK;
    }
    return err_set(e, RC_BUSY, "the files of the index keep changing");
}

/* ---- Opening ---- */

static enum rc open_folder(struct audit_index *ix, const char *path, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(dir_make(AT_FDCWD, path, 0700, e));
    TRY(dir_open(AT_FDCWD, path, &fd, e));
    fd_auto(&ix->dirfd);
    ix->dirfd = fd_take(&fd);
    return RC_OK;
}

static enum rc open_temporary(struct audit_index *ix, struct err *e)
{
    AUTO(mem) char *path = NULL;
    unsigned char r[8];
    uint64_t number;
    random_bytes(r, sizeof r);
    memcpy(&number, r, sizeof number);
    if (asprintf(&path, "%s/audit-%016llx", git_own_dir(ix->git), (unsigned long long)number) < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    ix->temporary = true;
    return open_folder(ix, path, e);
}

enum rc index_temporary(struct audit_index *ix, struct err *e)
{
    TRY(open_temporary(ix, e));
    ix->epoch++;
    return index_load(ix, e);
}

enum rc index_open(struct git *g, struct objects *o, const char *cache, struct audit_index **ret_ix,
                   struct err *e)
{
    AUTO(audit_index) struct audit_index *ix = mem_zalloc(sizeof *ix);
    struct err none = ERR_INIT;
    ix->git = g;
    ix->objects = o;
    ix->dirfd = ix->lock = -1;
    ix->kept_min = AUDIT_KEPT_MIN;
    ix->id_len = strcmp(git_object_format(g), "sha256") == 0 ? SHA256_LEN : SHA1_LEN;
    buf_init(&ix->notes, NOTES_MAX);
    buf_init(&ix->new_bytes, SIZE_MAX / 4);
    random_bytes(&ix->seed, sizeof ix->seed);
    if (cache && open_folder(ix, cache, &none) != RC_OK)
        index_note(ix,
                   "the folder for the index cannot be used: it was made anew for this question");
    if (ix->dirfd < 0)
        TRY(open_temporary(ix, e));
    TRY(index_load(ix, e));
    *ret_ix = TAKE(ix);
    return RC_OK;
}

void index_close(struct audit_index *ix)
{
    if (ix == NULL)
        return;
    close_segments(ix->segs, ix->n_segs);
    index_maps_drop(ix);
    index_unlock(ix);
    fd_auto(&ix->dirfd);
    free(ix->new_trees);
    free(ix->whole);
    buf_release(&ix->new_bytes);
    buf_release(&ix->notes);
    free(ix);
}

void audit_index_auto(struct audit_index **ix)
{
    index_close(*ix);
}

void index_stats(const struct audit_index *ix, struct index_stats *ret)
{
    *ret = ix->stats;
    ret->segments = ix->n_segs;
    for (size_t i = 0; i < ix->n_segs; i++) {
        const struct segment *s = ix->segs[i];
        ret->blobs += s->n_blobs;
        ret->trees += s->n_trees;
        ret->chunks += s->n_chunks;
        ret->file_bytes += s->size;
        ret->terms += s->n_terms;
        ret->postings += s->n_postings;
    }
}

/* ---- Tables ---- */

uint64_t index_id_hash(const struct audit_index *ix, const unsigned char *id, uint32_t class)
{
    uint64_t a, b, h = ix->seed ^ class;
    memcpy(&a, id, sizeof a);
    memcpy(&b, id + 8, sizeof b);
    h = (h ^ a) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32 ^ b ^ ix->seed) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

void index_maps_drop(struct audit_index *ix)
{
    free(ix->blobs.v);
    free(ix->trees.v);
    ix->blobs = ix->trees = (struct idmap){0};
    ix->n_whole = 0;
}

static uint32_t class_at(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static const unsigned char *slot_id(struct audit_index *ix, const struct idmap_slot *s, bool blob,
                                    uint32_t *ret_class)
{
    *ret_class = 0;
    if (s->seg == IDMAP_NEW)
        return ix->new_trees[s->i].id;
    struct segment *seg = ix->segs[s->seg - 1];
    if (blob) {
        const unsigned char *p =
            seg->map + seg->at[PART_BLOBS] + (uint64_t)s->i * SEGMENT_BLOB_SIZE(ix->id_len);
        *ret_class = class_at(p + ix->id_len);
        return p;
    }
    return seg->map + seg->at[PART_TREES] + (uint64_t)s->i * SEGMENT_TREE_SIZE(ix->id_len);
}

/* The slot of this object, or the empty one where it would be. */
static struct idmap_slot *slot_of(struct audit_index *ix, struct idmap *m, const unsigned char *id,
                                  uint32_t class)
{
    bool blob = m == &ix->blobs;
    uint64_t h = index_id_hash(ix, id, class);
    size_t at = h & (m->cap - 1);
    uint32_t tag = (uint32_t)(h >> 32);
    for (; m->v[at].seg; at = (at + 1) & (m->cap - 1)) {
        uint32_t have;
        if (m->v[at].tag != tag)
            continue;
        const unsigned char *p = slot_id(ix, &m->v[at], blob, &have);
        if (have == class && memcmp(p, id, ix->id_len) == 0)
            return &m->v[at];
    }
    m->v[at].tag = tag;
    return &m->v[at];
}

static void map_room(struct audit_index *ix, struct idmap *m, size_t n)
{
    if (m->cap >= 2 * n && m->cap)
        return;
    struct idmap old = *m;
    m->cap = 1024;
    while (m->cap < 3 * n)
        m->cap *= 2;
    m->v = mem_zalloc(m->cap * sizeof *m->v);
    for (size_t i = 0; i < old.cap; i++) {
        uint32_t class;
        if (old.v[i].seg) {
            const unsigned char *id = slot_id(ix, &old.v[i], m == &ix->blobs, &class);
            struct idmap_slot *at = slot_of(ix, m, id, class);
            at->seg = old.v[i].seg;
            at->i = old.v[i].i;
        }
    }
    free(old.v);
}

/* Later segments win: what is in them twice was made anew. */
static bool fill_map(struct audit_index *ix, struct idmap *m, bool blob)
{
    size_t n = 0;
    for (size_t s = 0; s < ix->n_segs; s++)
        n += blob ? ix->segs[s]->n_blobs : ix->segs[s]->n_trees;
    map_room(ix, m, n + 1);
    for (uint32_t s = 0; s < ix->n_segs; s++) {
        struct segment *seg = ix->segs[s];
        if (!segment_check(seg, blob ? PART_BLOBS : PART_TREES))
            return false;
        uint32_t count = blob ? seg->n_blobs : seg->n_trees;
        for (uint32_t i = 0; i < count; i++) {
            struct idmap_slot slot = {.seg = s + 1, .i = i};
            uint32_t class;
            if (count - i > AHEAD) { /* records follow each other, slots do not */
                struct idmap_slot later = {.seg = s + 1, .i = i + AHEAD};
                const unsigned char *next = slot_id(ix, &later, blob, &class);
                __builtin_prefetch(&m->v[index_id_hash(ix, next, class) & (m->cap - 1)]);
            }
            const unsigned char *id = slot_id(ix, &slot, blob, &class);
            struct idmap_slot *at = slot_of(ix, m, id, class);
            m->n += at->seg == 0;
            at->seg = slot.seg;
            at->i = slot.i;
        }
    }
    return true;
}

static void put_new_tree(struct audit_index *ix, uint32_t i)
{
    struct idmap_slot *at = slot_of(ix, &ix->trees, ix->new_trees[i].id, 0);
    ix->trees.n += at->seg == 0;
    at->seg = IDMAP_NEW;
    at->i = i;
}

/* Makes the table when it is not there; damage is dropped meanwhile. */
static void need_map(struct audit_index *ix, struct idmap *m)
{
    bool blob = m == &ix->blobs;
    while (m->cap == 0) {
        if (!fill_map(ix, m, blob)) {
            BUG_ON(!index_drop_bad(ix));
            continue;
        }
        for (uint32_t i = 0; !blob && i < ix->n_new_trees; i++) {
            map_room(ix, m, m->n + 1);
            put_new_tree(ix, i);
        }
    }
}

bool index_has_gaps(const struct audit_index *ix)
{
    uint32_t end = 0;
    for (size_t i = 0; i < ix->n_segs; i++) {
        if (ix->segs[i]->base != end)
            return true;
        end += ix->segs[i]->n_chunks;
    }
    return false;
}

/* Every piece of the blob is in some segment. */
static bool all_here(const struct audit_index *ix, struct segment *s, const struct segment_blob *b)
{
    struct segment_runs runs;
    uint32_t first, n;
    int more = -1;
    if (segment_refs(s, b, &runs))
        while ((more = segment_run(&runs, &first, &n)) > 0)
            for (uint32_t left = n; left > 0;) {
                const struct segment *at = index_segment(ix, first);
                if (at == NULL)
                    return false;
                uint32_t part = at->base + at->n_chunks - first;
                part = part < left ? part : left;
                first += part;
                left -= part;
            }
    return more == 0;
}

bool index_blob(struct audit_index *ix, const unsigned char *id, uint32_t class,
                struct segment **ret_s, struct segment_blob *ret)
{
    need_map(ix, &ix->blobs);
    const struct idmap_slot *at = slot_of(ix, &ix->blobs, id, class);
    if (at->seg == 0)
        return false;
    struct segment *s = ix->segs[at->seg - 1];
    if (!segment_blob(s, at->i, ret) || (index_has_gaps(ix) && !all_here(ix, s, ret)))
        return false;
    *ret_s = s;
    return true;
}

void index_blob_soon(struct audit_index *ix, const unsigned char *id, uint32_t class, bool again)
{
    const struct idmap *m = &ix->blobs;
    if (m->cap == 0)
        return;
    const struct idmap_slot *at = &m->v[index_id_hash(ix, id, class) & (m->cap - 1)];
    if (!again) {
        __builtin_prefetch(at);
    } else if (at->seg) {
        const struct segment *s = ix->segs[at->seg - 1];
        const unsigned char *p =
            s->map + s->at[PART_BLOBS] + (uint64_t)at->i * SEGMENT_BLOB_SIZE(ix->id_len);
        __builtin_prefetch(p);
        __builtin_prefetch(p + SEGMENT_BLOB_SIZE(ix->id_len) - 1);
    }
}

bool index_tree(struct audit_index *ix, const unsigned char *id, struct str *ret_bytes)
{
    need_map(ix, &ix->trees);
    const struct idmap_slot *at = slot_of(ix, &ix->trees, id, 0);
    if (at->seg == 0)
        return false;
    if (at->seg == IDMAP_NEW) {
        const struct new_tree *t = &ix->new_trees[at->i];
        *ret_bytes = str_sub(buf_str(&ix->new_bytes), t->at, t->n);
        return true;
    }
    const unsigned char *none;
    return segment_tree(ix->segs[at->seg - 1], at->i, &none, ret_bytes);
}

void index_tree_add(struct audit_index *ix, const unsigned char *id, struct str bytes)
{
    need_map(ix, &ix->trees);
    if (ix->n_new_trees == ix->cap_new_trees) {
        ix->cap_new_trees = ix->cap_new_trees * 2 + 64;
        ix->new_trees = mem_realloc(ix->new_trees, ix->cap_new_trees * sizeof *ix->new_trees);
    }
    struct new_tree *t = &ix->new_trees[ix->n_new_trees];
    *t = (struct new_tree){.at = ix->new_bytes.n, .n = bytes.n};
    memcpy(t->id, id, ix->id_len);
    buf_add(&ix->new_bytes, bytes);
    map_room(ix, &ix->trees, ix->trees.n + 1);
    put_new_tree(ix, (uint32_t)ix->n_new_trees++);
}
