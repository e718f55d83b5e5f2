/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploaded changes of a line, taken in.  Runs in the engine child; the upload and the repository
 * are a stranger's.
 */
#include "engine/backport/edit.h"

#include <fcntl.h>
#include <string.h>

#include "base/hex.h"
#include "os/file.h"

#define JOB_MEMORY (UINT64_C(4) << 30)
#define BUNDLE     "upload.bundle"

struct editing {
    struct work *w;
    const struct port_onto *onto;
    struct arena *a;
};

/* ---- A patch ---- */

/* git's words about a patch, as a sentence: what does not apply, and where. */
static enum rc say_why(struct err *e, const struct err *git)
{
    return err_set(e, RC_INVALID, "the patch does not apply to this line: %.300s", git->msg);
}

/* The tree that the patch makes, an object of ours. */
static enum rc apply_patch(const struct editing *k, struct str patch, char *ret_tree, struct err *e)
{
    const char *fill[] = {"read-tree", k->onto->tree, NULL};
    const char *apply[] = {"apply", "--cached", "--whitespace=nowarn", "-", NULL};
    const char *write[] = {"write-tree", NULL};
    AUTO(buf) struct buf b = BUF_INIT(GIT_OUT_MAX);
    struct err why = ERR_INIT;
    TRY(git_run(k->w->git, fill, STR_NONE, &b, e));
    enum rc rc = git_run(k->w->git, apply, patch, &b, &why);
    if (rc == RC_INVALID)
        return say_why(e, &why);
    if (rc != RC_OK) {
        *e = why;
        return rc;
    }
    buf_reset(&b);
    TRY(git_run(k->w->git, write, STR_NONE, &b, e));
    struct str tree = str_trim(buf_str(&b));
    if (!git_oid_ok(tree))
        return err_set(e, RC_IO, "git wrote no tree");
    (void)snprintf(ret_tree, GIT_OID_HEX + 1, "%.*s", STR_ARG(tree));
    return RC_OK;
}

/* ---- A bundle ---- */

/* Its only head: "ID NAME". */
static enum rc only_head(struct str said, struct str *ret_id, struct err *e)
{
    struct str line, id;
    if (!str_line(&said, &line) || !str_cut(&line, ' ', &id) || !git_oid_ok(id))
        return err_set(e, RC_INVALID, "the bundle names no commit");
    while (str_line(&said, &line)) {
        struct str other;
        if (str_cut(&line, ' ', &other) && !str_eq(other, id))
            return err_set(e, RC_INVALID, "the bundle has several heads: one is wanted");
    }
    *ret_id = id;
    return RC_OK;
}

static enum rc open_bundle(const struct editing *k, struct str bytes, char *ret_tree, struct err *e)
{
    AUTO(buf) struct buf said = BUF_INIT(GIT_OUT_MAX);
    AUTO(buf) struct buf base = BUF_INIT(GIT_OUT_MAX);
    struct str path = arena_strf(k->a, "%s/" BUNDLE, git_own_dir(k->w->git));
    struct str id, head;
    struct err why = ERR_INIT;
    char commit[GIT_OID_HEX + 1];
    TRY(arena_ok(k->a, "the bundle", e));
    TRY(file_write_sync(AT_FDCWD, path.p, bytes, 0600, e));
    const char *unbundle[] = {"bundle", "unbundle", path.p, NULL};
    enum rc rc = git_run(k->w->git, unbundle, STR_NONE, &said, &why);
    if (rc == RC_INVALID)
        return err_set(e, RC_INVALID, "git does not take the bundle: %.300s", why.msg);
    if (rc != RC_OK) {
        *e = why;
        return rc;
    }
    TRY(only_head(buf_str(&said), &id, e));
    head = arena_str(k->a, id);
    TRY(arena_ok(k->a, "the bundle", e));
    (void)snprintf(commit, sizeof commit, "%s", head.p);
    const char *above[] = {"merge-base", "--is-ancestor", k->onto->commit, commit, NULL};
    if (git_run(k->w->git, above, STR_NONE, &base, &why) != RC_OK)
        return err_set(e, RC_INVALID, "the bundle's commit does not stand on this line's tip");
    return bp_tree_of(k->w->store, commit, ret_tree, e);
}

/* ---- What comes of it ---- */

/* What differs between the line and the edited tree, as files of a step. */
static enum rc read_files(const struct editing *k, const char *tree, struct step *s, struct err *e)
{
    struct pick p;
    TRY(pick_run(&k->w->picker, k->onto->tree, tree, k->onto->tree, k->a, &p, e));
    if (p.n == 0)
        return err_set(e, RC_INVALID, "the upload changes nothing");
    s->files = arena_array(k->a, p.n, sizeof *s->files);
    TRY(arena_ok(k->a, "the files", e));
    for (size_t i = 0; i < p.n; i++) {
        struct step_file *f = &s->files[s->n++];
        *f = (struct step_file){.f = p.files[i], .state = PORT_DECIDED, .rule = "edited"};
        if (f->f.fix.mode && f->f.fix.mode != 0160000)
            TRY(bp_keep(k->w->store, f->f.fix.oid, e));
        f->f.made = f->f.fix;
    }
    /* Written anew, so that what makes it up is kept. */
    struct pick_change *v = arena_array(k->a, s->n, sizeof *v);
    TRY(arena_ok(k->a, "the files", e));
    for (size_t i = 0; i < s->n; i++) {
        const struct bp_file *f = &s->files[i].f;
        v[i] = (struct pick_change){f->fix_path, f->made.mode, f->made.oid};
    }
    return pick_tree(k->w->store, k->onto->tree, v, s->n, s->tree, e);
}

static enum rc take_in(const struct editing *k, const json_t *in, struct step *s, struct err *e)
{
    struct str text;
    char tree[GIT_OID_HEX + 1];
    if (json_object_get(in, "patch")) {
        TRY(json_get_str(in, "patch", EDIT_MAX, &text, e));
        TRY(apply_patch(k, text, tree, e));
    } else {
        AUTO(buf) struct buf b = BUF_INIT(EDIT_MAX);
        TRY(json_get_str(in, "bundle", 2 * EDIT_MAX, &text, e));
        TRY(base64_get(&b, text, "the bundle", e));
        TRY(open_bundle(k, buf_str(&b), tree, e));
    }
    return read_files(k, tree, s, e);
}

enum rc engine_backport_edit(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(JOB_MEMORY);
    AUTO(work) struct work *w = NULL;
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = json_object();
    json_t *line = NULL;
    struct port_question q;
    struct step s = {
        .verdict = PORT_RESOLVED, .source = STR("edited"), .why = STR("made by a person")};
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the upload", &in, e));
    TRY(port_job_open(j, a, &w, e));
    TRY(port_question_of_json(w->store, json_object_get(in, "question"), a, &q, e));
    if (q.n_onto != 1)
        return err_set(e, RC_INVALID, "an upload is for one line");
    const struct editing k = {w, &q.onto[0], a};
    TRY(take_in(&k, in, &s, e));
    step_rule(&s.rules, "edited");
    struct port_answer v = {.onto = k.onto,
                            .verdict = s.verdict,
                            .why = s.why,
                            .source = s.source,
                            .steps = &s,
                            .n_steps = 1,
                            .rules = s.rules};
    memcpy(v.tree, s.tree, sizeof v.tree);
    TRY(port_line_json(w, &q, &v, a, &line, e));
    json_object_set_new(out, "line", line);
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    *ret_answer = TAKE(out);
    return RC_OK;
}

enum rc engine_backport_forget(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    int64_t id;
    TRY(json_get_int(j->args, "case", 1, INT64_MAX, &id, e));
    struct str dir = arena_strf(a, "%s/case-%lld", j->scratch, (long long)id);
    TRY(arena_ok(a, "the job", e));
    enum rc rc = dir_remove(AT_FDCWD, dir.p, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    *ret_answer = json_object();
    return RC_OK;
}
