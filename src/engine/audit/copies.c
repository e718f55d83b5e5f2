/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copies of other software in the trees of a question, kept from one question to the next.
 * Runs in the engine child and in commands; the repositories are a stranger's, the kept file is
 * ours and checked as if it were not.
 */
#include "engine/audit/copies.h"

#include <fcntl.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engine/audit/vendor_manifest.h"
#include "engine/audit/vendor_sister.h"
#include "os/file.h"

#define FORMAT     "1"        /* of the kept file and of what is found: another one, another key */
#define TREE_BYTES (1u << 30) /* memory for the list of a tree's files */
#define KEY_HEX    (2 * SHA256_LEN + 1)
#define FILE_NAME  64
#define TEXT_MAX   1000 /* bytes of a text in the kept file */
#define NOTES_MAX  50

/* ---- Names ---- */

struct str copies_repo_name(struct repos *rs, size_t repo, struct arena *a)
{
    AUTO(buf) struct buf url = BUF_INIT(GIT_PATH_MAX);
    struct err e = ERR_INIT;
    struct str name = STR_NONE;
    if (git_remote_url(rs->v[repo].git, &url, &e) == RC_OK)
        name = vendor_url_name(buf_str(&url));
    if (!vendor_name_ok(name))
        name = vendor_url_name(rs->v[repo].name);
    return vendor_name_ok(name) ? arena_str(a, name) : STR("another repository");
}

/* ---- The key: all that the answer depends on ---- */

static void key_add(struct sha256_ctx *c, struct str s)
{
    char len[24];
    int n = snprintf(len, sizeof len, "%zu:", s.n);
    sha256_add(c, str_of(len, (size_t)n));
    sha256_add(c, s);
}

static enum rc key_of(struct repos *rs, const struct audit_tree *t, bool sisters, struct arena *a,
                      char ret[KEY_HEX], struct err *e)
{
    unsigned char digest[SHA256_LEN];
    struct sha256_ctx c;
    enum rc rc = RC_OK;
    sha256_init(&c);
    key_add(&c, STR(FORMAT));
    key_add(&c, str_c(t->commit));
    key_add(&c, copies_repo_name(rs, t->repo, a));
    for (size_t i = 0; sisters && rc == RC_OK && i < rs->n; i++) {
        struct git_ref *tags;
        size_t n = 0, left_out;
        if (i == t->repo)
            continue;
        key_add(&c, copies_repo_name(rs, i, a));
        rc = git_tags(rs->v[i].git, a, &tags, &n, &left_out, e);
        for (size_t k = 0; rc == RC_OK && k < n; k++) {
            key_add(&c, tags[k].name);
            key_add(&c, tags[k].commit);
        }
    }
    sha256_end(&c, digest);
    hex_put(ret, digest, sizeof digest);
    return rc;
}

/* ---- The kept file ---- */

static void file_name(const struct audit_tree *t, char ret[FILE_NAME])
{
    (void)snprintf(ret, FILE_NAME, "copies-%016llx.json", (unsigned long long)hash64(t->name));
}

static enum rc entry_of(const json_t *o, struct arena *a, struct vendor_entry *ret, struct err *e)
{
    struct str s;
    int64_t same;
    *ret = (struct vendor_entry){.folder = false};
    TRY(json_get_str(o, "path", GIT_PATH_MAX, &s, e));
    ret->path = arena_str(a, s);
    TRY(json_get_bool(o, "folder", &ret->folder, e));
    TRY(json_get_str(o, "name", TEXT_MAX, &s, e));
    ret->name = arena_str(a, s);
    TRY(json_get_str(o, "version", TEXT_MAX, &s, e));
    ret->version = arena_str(a, s);
    TRY(json_get_str(o, "how", TEXT_MAX, &s, e));
    ret->how = arena_str(a, s);
    TRY(json_get_int(o, "same", 0, VENDOR_FILES_MAX, &same, e));
    ret->same = (size_t)same;
    return git_path_ok(ret->path) ? RC_OK : err_set(e, RC_INVALID, "not a path");
}

static enum rc from_json(const json_t *j, const char *key, struct arena *a, struct vendor *v,
                         struct err *e)
{
    struct str s;
    json_t *l;
    TRY(json_get_str(j, "key", KEY_HEX, &s, e));
    if (!str_eq(s, str_c(key)))
        return RC_NOTFOUND;
    TRY(json_get_array(j, "copies", VENDOR_ENTRIES_MAX, &l, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        struct vendor_entry x;
        TRY(entry_of(json_array_get(l, i), a, &x, e));
        TRY(vendor_put(v, &x, a, e));
    }
    TRY(json_get_array(j, "notes", NOTES_MAX, &l, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *n = json_array_get(l, i);
        vendor_note(v, a, str_of(json_string_value(n), json_string_length(n)));
    }
    return RC_OK;
}

static bool kept(const struct repo *r, const struct audit_tree *t, const char *key, struct arena *a,
                 struct vendor *ret)
{
    AUTO(buf) struct buf b = BUF_INIT(COPIES_CACHE_MAX);
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    char name[FILE_NAME];
    struct vendor v = {.n = 0};
    if (r->cache == NULL)
        return false;
    file_name(t, name);
    struct str path = arena_strf(a, "%s/%s", r->cache, name);
    if (file_read(AT_FDCWD, path.p, COPIES_CACHE_MAX, &b, &e) != RC_OK ||
        json_parse(buf_str(&b), COPIES_CACHE_MAX, "kept copies", &j, &e) != RC_OK ||
        from_json(j, key, a, &v, &e) != RC_OK)
        return false;
    *ret = v;
    return true;
}

/* A cache that cannot be written to costs time, not the answer; paths that are no clean text are
 * not kept, as JSON could not give them back. */
static void keep(const struct repo *r, const struct audit_tree *t, const char *key, struct arena *a,
                 const struct vendor *v)
{
    AUTO(json) json_t *j = json_object();
    AUTO(buf) struct buf b = BUF_INIT(COPIES_CACHE_MAX);
    struct err e = ERR_INIT;
    char name[FILE_NAME];
    json_t *l = json_array(), *notes = json_array();
    if (r->cache) {
        json_put_str(j, "key", str_c(key));
        json_object_set_new(j, "copies", l);
        json_object_set_new(j, "notes", notes);
    } else {
        json_decref(l);
        json_decref(notes);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        json_t *o = json_object();
        if (!utf8_is_clean(v->all[i].path)) {
            json_decref(o);
            return;
        }
        json_put_str(o, "path", v->all[i].path);
        json_put_bool(o, "folder", v->all[i].folder);
        json_put_str(o, "name", v->all[i].name);
        json_put_str(o, "version", v->all[i].version);
        json_put_str(o, "how", v->all[i].how);
        json_put_int(o, "same", (int64_t)v->all[i].same);
        json_array_append_new(l, o);
    }
    for (size_t i = 0; i < v->n_notes; i++)
        json_array_append_new(notes, json_str(v->notes[i]));
    file_name(t, name);
    struct str path = arena_strf(a, "%s/%s", r->cache, name);
    if (json_write(&b, j, &e) == RC_OK)
        (void)!file_write_sync(AT_FDCWD, path.p, buf_str(&b), 0600, &e);
}

/* ---- What is found ---- */

static enum rc look(struct copies *c, const struct audit_tree *t, bool sisters, struct vendor *v,
                    struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(TREE_BYTES);
    struct repo *r = &c->rs->v[t->repo];
    struct vendor_sister all[COPIES_SISTERS_MAX];
    struct vendor_files files;
    size_t n = 0;
    TRY(vendor_list_tree(r->objects, str_c(t->commit), tmp, &files, e));
    TRY(vendor_find(r->objects, &files, copies_repo_name(c->rs, t->repo, c->a), c->a, v, e));
    for (size_t i = 0; sisters && i < c->rs->n; i++)
        if (i != t->repo)
            all[n++] = (struct vendor_sister){.name = copies_repo_name(c->rs, i, c->a),
                                              .git = c->rs->v[i].git,
                                              .objects = c->rs->v[i].objects};
    return n ? vendor_sisters(&files, all, n, c->a, v, e) : RC_OK;
}

static enum rc find(struct copies *c, size_t tree, struct vendor *v, struct err *e)
{
    const struct audit_tree *t = &c->q->trees[tree];
    const struct repo *r = &c->rs->v[t->repo];
    bool sisters = c->rs->n > 1 && c->rs->n <= COPIES_SISTERS_MAX;
    char key[KEY_HEX];
    AUTO(arena) struct arena *tmp = arena_new(TREE_BYTES);
    TRY(key_of(c->rs, t, sisters, tmp, key, e));
    if (kept(r, t, key, c->a, v))
        return RC_OK;
    *v = (struct vendor){.n = 0};
    TRY(look(c, t, sisters, v, e));
    if (c->rs->n > COPIES_SISTERS_MAX)
        vendor_note(v, c->a,
                    STR("too many repositories: which is copied in which was not looked for"));
    keep(r, t, key, c->a, v);
    return RC_OK;
}

enum rc copies_init(struct repos *rs, const struct audit_question *q, struct arena *a,
                    struct copies *ret, struct err *e)
{
    *ret = (struct copies){.rs = rs, .q = q, .a = a};
    ret->of = arena_array(a, q->n_trees + 1, sizeof *ret->of);
    ret->known = arena_array(a, q->n_trees + 1, sizeof *ret->known);
    return arena_ok(a, "copies of other software", e);
}

const struct vendor *copies_of(struct copies *c, size_t tree)
{
    struct err e = ERR_INIT;
    struct vendor *v = &c->of[tree];
    if (c->known[tree])
        return v;
    c->known[tree] = true;
    if (find(c, tree, v, &e) != RC_OK) {
        *v = (struct vendor){.n = 0};
        vendor_note(v, c->a, arena_strf(c->a, "copies of other software: %s", e.msg));
    }
    return v;
}
