/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the obligations say of given trees, for bench/oblige.
 *
 * oblige_client REPO CACHE < CASES: each line {"id","base","fix","release","made","clean"} with ids
 * of trees; answers {"id","ms","obligations":[{"id","result","why","class","path","line","detail",
 * "demotes"}]}.  CACHE "-": none.  ms: CPU time of the checks alone, git's work not counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "engine/backport/oblige.h"

#define LINE_MAX_BYTES (1u << 20)
#define MEMORY         (UINT64_C(2) << 30)
#define FILES_MAX      2000

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct str text_of(const json_t *j, const char *name)
{
    const char *v = json_string_value(json_object_get(j, name));
    return str_c(v);
}

struct client {
    struct git *git;
    struct objects *objects;
    struct scope *scope;
    struct arena *a;
};

static void side_read(struct client *c, struct str tree, struct str path, struct bp_side *ret)
{
    struct object o;
    struct str at = arena_strf(c->a, "%.*s:%.*s", STR_ARG(tree), STR_ARG(path));
    if (objects_read(c->objects, at, OBLIGE_TEXT_MAX, &o, NULL) != RC_OK || o.type != OBJECT_BLOB)
        return;
    ret->mode = 0100644;
    memcpy(ret->oid, o.oid, sizeof ret->oid);
    ret->text = arena_str(c->a, o.body);
    ret->binary = text_binary(o.body);
    ret->read = true;
}

static struct bp_file *file_new(struct client *c, struct bp_file *files, size_t *n, struct str path)
{
    struct bp_file *f = &files[(*n)++];
    memset(f, 0, sizeof *f);
    f->path = f->fix_path = arena_str(c->a, path);
    f->class = file_class_of(path);
    f->lang = lang_of(path, STR_NONE);
    return f;
}

static struct str last_part(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

static enum rc changed(struct client *c, struct str from, struct str to, struct buf *out,
                       struct err *e)
{
    const char *args[] = {"diff-tree",           "-r",          "-z",
                          "--no-renames",        "--name-only", arena_str(c->a, from).p,
                          arena_str(c->a, to).p, NULL};
    return git_run(c->git, args, STR_NONE, out, e);
}

/* The paths that the fix changes; one that the candidate changes under another name is that of the
 * fix with the same last part which the release lacks. */
static enum rc files_read(struct client *c, const json_t *j, struct bp_file *files, size_t *ret_n,
                          struct err *e)
{
    struct str tree[] = {text_of(j, "base"), text_of(j, "fix"), text_of(j, "release"),
                         text_of(j, "made")};
    AUTO(buf) struct buf fixed = BUF_INIT(64u << 20);
    AUTO(buf) struct buf made = BUF_INIT(64u << 20);
    TRY(changed(c, tree[0], tree[1], &fixed, e));
    TRY(changed(c, tree[2], tree[3], &made, e));
    struct str rest = buf_str(&fixed), path;
    while (*ret_n < FILES_MAX && str_cut(&rest, '\0', &path)) {
        struct bp_file *f = file_new(c, files, ret_n, path);
        side_read(c, tree[0], f->path, &f->base);
        side_read(c, tree[1], f->path, &f->fix);
        side_read(c, tree[2], f->path, &f->release);
        side_read(c, tree[3], f->path, &f->made);
    }
    rest = buf_str(&made);
    while (*ret_n < FILES_MAX && str_cut(&rest, '\0', &path)) {
        struct bp_file *f = NULL;
        bool known = false;
        for (size_t i = 0; i < *ret_n; i++) {
            known = known || str_eq(files[i].path, path);
            if (!files[i].release.mode && !files[i].made.mode &&
                str_eq(last_part(files[i].path), last_part(path)))
                f = &files[i];
        }
        if (known)
            continue;
        if (f == NULL)
            f = file_new(c, files, ret_n, path);
        f->path = arena_str(c->a, path);
        side_read(c, tree[2], f->path, &f->release);
        side_read(c, tree[3], f->path, &f->made);
    }
    for (size_t i = 0; i < *ret_n; i++) {
        struct bp_file *f = &files[i];
        if (f->class != CLASS_CODE && strcmp(f->release.oid, f->made.oid) == 0)
            f->how = BP_LEFT_OUT;
    }
    return RC_OK;
}

static json_t *obligation_json(const struct obligation *o, bool clean)
{
    json_t *j = json_object();
    json_put_str(j, "id", str_c(oblige_id_text(o->id)));
    json_put_str(j, "result", str_c(oblige_result_text(o->result)));
    json_object_set_new(j, "why", json_integer(o->why));
    json_put_str(j, "class", str_c(file_class_name(o->class)));
    json_put_str(j, "path", o->path);
    json_object_set_new(j, "line", json_integer(o->line));
    json_put_str(j, "detail", o->detail);
    json_object_set_new(j, "demotes", json_boolean(oblige_demotes(o, clean)));
    return j;
}

static enum rc answer(struct client *c, const json_t *j, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    AUTO(mem) struct bp_file *files = mem_alloc(FILES_MAX * sizeof *files);
    AUTO(json) json_t *out = json_object();
    AUTO(buf) struct buf b = BUF_INIT(16u << 20);
    struct obligations got;
    size_t n = 0;
    c->a = a;
    TRY(files_read(c, j, files, &n, e));
    bool clean = json_is_true(json_object_get(j, "clean"));
    struct oblige_ask ask = {.scope = c->scope,
                             .base_tree = text_of(j, "base"),
                             .fix_tree = text_of(j, "fix"),
                             .release_tree = text_of(j, "release"),
                             .files = files,
                             .n = n,
                             .clean = clean};
    double from = cpu_ms();
    TRY(oblige_run(&ask, a, &got, e));
    double to = cpu_ms();
    json_object_set(out, "id", json_object_get(j, "id"));
    json_object_set_new(out, "ms", json_real(to - from));
    json_t *all = json_array();
    json_object_set_new(out, "obligations", all);
    for (size_t i = 0; i < got.n; i++)
        json_array_append_new(all, obligation_json(&got.v[i], clean));
    TRY(json_write(&b, out, e));
    printf("%.*s\n", STR_ARG(buf_str(&b)));
    return RC_OK;
}

static enum rc run(int argc, char **argv, struct err *e)
{
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    AUTO(scope) struct scope *scope = NULL;
    AUTO(mem) char *line = mem_alloc(LINE_MAX_BYTES);
    if (argc != 3)
        return err_set(e, RC_INVALID, "usage: oblige_client REPO CACHE < CASES");
    TRY(git_open(argv[1], NULL, &git, e));
    TRY(objects_open(git, &objects, e));
    TRY(scope_open(objects, strcmp(argv[2], "-") == 0 ? NULL : argv[2], &scope, e));
    struct client c = {.git = git, .objects = objects, .scope = scope};
    while (fgets(line, LINE_MAX_BYTES, stdin)) {
        AUTO(json) json_t *j = NULL;
        TRY(json_parse(str_c(line), LINE_MAX_BYTES, "case", &j, e));
        TRY(answer(&c, j, e));
    }
    return RC_OK;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    enum rc rc = run(argc, argv, &e);
    if (rc != RC_OK)
        fprintf(stderr, "oblige_client: %s\n", e.msg);
    return rc_exit(rc);
}
