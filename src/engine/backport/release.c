/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle of a settled backport.  Runs in the engine child; the repository is a stranger's, the
 * commit is the desk's.
 */
#include "engine/backport/release.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "engine/backport/commit.h"
#include "engine/backport/whole.h"

#define JOB_MEMORY (UINT64_C(1) << 30)

static enum rc get_id(const json_t *in, const char *key, char ret[GIT_OID_HEX + 1], struct err *e)
{
    struct str s;
    TRY(json_get_str(in, key, GIT_OID_HEX, &s, e));
    if (!git_oid_ok(s))
        return err_set(e, RC_INVALID, "\"%s\" is no full id", key);
    return str_copy(ret, GIT_OID_HEX + 1, s, key, e);
}

/* ---- whose change it is ---- */

static enum rc tell_author(struct work *w, const json_t *in, json_t *out, struct err *e)
{
    AUTO(buf) struct buf clean = BUF_INIT(8 * GIT_PERSON_MAX);
    struct object found;
    struct str author = STR_NONE;
    char commit[GIT_OID_HEX + 1];
    TRY(get_id(in, "commit", commit, e));
    TRY(objects_read(bp_objects(w->store), str_c(commit), COMMIT_BODY_MAX, &found, e));
    if (found.type != OBJECT_COMMIT || !object_header(found.body, "author", 0, &author))
        return err_set(e, RC_INVALID, "%.12s is no commit of ours", commit);
    utf8_clean_line(&clean, author);
    TRY(buf_ok(&clean, "the author", e));
    json_put_str(out, "author", buf_str(&clean));
    return RC_OK;
}

/* ---- the bundle ---- */

/* The desk's commit stands on that parent alone, and its tree is here. */
static enum rc check_commit(struct work *w, struct str object, const char *parent, struct err *e)
{
    struct str tree, only, second;
    struct object found;
    if (!object_header(object, "tree", 0, &tree) || !git_oid_ok(tree) ||
        !object_header(object, "parent", 0, &only) || !str_eq(only, str_c(parent)) ||
        object_header(object, "parent", 1, &second))
        return err_set(e, RC_INVALID, "the commit does not stand on the line");
    TRY(objects_info(bp_objects(w->store), tree, &found, e));
    return found.type == OBJECT_TREE ? RC_OK
                                     : err_set(e, RC_INVALID, "the commit has no tree of ours");
}

/* What the parent's history lacks, deltas against it allowed: whoever has the line can take it. */
static enum rc pack(struct work *w, const char *commit, const char *parent, struct buf *ret,
                    struct err *e)
{
    const char *args[] = {"pack-objects",        "--revs", "--stdout",    "--thin",
                          "--delta-base-offset", "-q",     "--threads=1", NULL};
    AUTO(buf) struct buf want = BUF_INIT(4 * GIT_OID_HEX);
    buf_addf(&want, "%s\n^%s\n", commit, parent);
    TRY(buf_ok(&want, "what is packed", e));
    return git_run(w->git, args, buf_str(&want), ret, e);
}

static enum rc tell_bundle(struct work *w, const json_t *in, json_t *out, struct err *e)
{
    AUTO(buf) struct buf bundle = BUF_INIT(BUNDLE_MAX);
    AUTO(buf) struct buf coded = BUF_INIT(2 * BUNDLE_MAX);
    char parent[GIT_OID_HEX + 1], commit[GIT_OID_HEX + 1];
    struct str object, ref;
    TRY(get_id(in, "parent", parent, e));
    TRY(json_get_str(in, "object", RELEASE_OBJECT_MAX, &object, e));
    TRY(json_get_str(in, "ref", GIT_NAME_MAX, &ref, e));
    if (!str_starts(ref, STR(RELEASE_REF)) || !git_ref_ok(ref))
        return err_set(e, RC_INVALID, "that is no name of a branch");
    TRY(check_commit(w, object, parent, e));
    TRY(bp_write(w->store, OBJECT_COMMIT, object, commit, e));
    TRY(bp_flush(w->store, e));
    /* Version 2 knows SHA-1 alone. */
    if (strcmp(git_object_format(w->git), "sha1") == 0)
        buf_adds(&bundle, "# v2 git bundle\n");
    else
        buf_addf(&bundle, "# v3 git bundle\n@object-format=%s\n", git_object_format(w->git));
    buf_addf(&bundle, "-%s \n%s %.*s\n\n", parent, commit, STR_ARG(ref));
    TRY(pack(w, commit, parent, &bundle, e));
    TRY(buf_ok(&bundle, "the bundle", e));
    base64_add(&coded, buf_str(&bundle));
    TRY(buf_ok(&coded, "the bundle", e));
    json_put_str(out, "commit", str_c(commit));
    json_put_str(out, "bundle", buf_str(&coded));
    return RC_OK;
}

enum rc engine_backport_release(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(JOB_MEMORY);
    AUTO(work) struct work *w = NULL;
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = json_object();
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the release", &in, e));
    TRY(port_job_open(j, a, &w, e));
    if (json_object_get(in, "commit"))
        TRY(tell_author(w, in, out, e));
    else
        TRY(tell_bundle(w, in, out, e));
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    *ret_answer = TAKE(out);
    return RC_OK;
}
