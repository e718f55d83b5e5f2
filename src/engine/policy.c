/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals to the policy: applied, merged and committed by git.  Runs in the engine child; patches
 * and texts are strangers', git sees them only on its standard input or as files that we name.
 */
#include "engine/policy.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/patch.h"
#include "base/utf8.h"
#include "git/write.h"
#include "os/file.h"

#define PATH_ROOM 4096
#define NAME      "policy" /* what the file is called while a patch is tried */

/* ---- apply ---- */

static enum rc open_repo(const char *scratch, struct git **ret_g, struct err *e)
{
    char repo[PATH_ROOM];
    int n = snprintf(repo, sizeof repo, "%s/" ENGINE_POLICY_REPO, scratch);
    if (n < 0 || (size_t)n >= sizeof repo)
        return err_set(e, RC_LIMIT, "the path of the scratch folder is too long");
    TRY(git_make(repo, e));
    return git_open(repo, scratch, ret_g, e);
}

/* The patch with our own name for the file, so that its names decide nothing. */
static enum rc own_patch(struct str text, struct buf *b, struct err *e)
{
    struct patch p;
    TRY(patch_read(text, &p, e));
    if (p.refused)
        return err_set(e, RC_INVALID, "the patch %s", p.refused);
    if (p.n_files != 1 || p.hunks.n == 0)
        return err_set(e, RC_INVALID, "the patch does not change just one file");
    struct str rest = p.hunks, line;
    buf_adds(b, "diff --git a/" NAME " b/" NAME "\n--- a/" NAME "\n+++ b/" NAME "\n");
    while (str_line(&rest, &line)) {
        buf_add(b, line.n > 0 ? line : STR(" "));
        buf_addc(b, '\n');
    }
    return buf_ok(b, "the patch", e);
}

static bool is_no(enum rc rc)
{
    return rc == RC_INVALID; /* git said no; anything else is trouble of ours */
}

/* RC_INVALID: it does not apply to this base. */
static enum rc apply_one(struct git *g, struct str patch, struct str base, struct buf *ret_text,
                         struct err *e)
{
    char oid[GIT_OID_SIZE], entry[GIT_OID_SIZE + 40];
    AUTO(buf) struct buf none = BUF_INIT(4096);
    TRY(git_blob_add(g, base, oid, e));
    snprintf(entry, sizeof entry, "100644,%s," NAME, oid);
    const char *const add[] = {"update-index", "--add", "--cacheinfo", entry, NULL};
    const char *const apply[] = {"apply", "--cached", "--whitespace=nowarn", "-", NULL};
    const char *const show[] = {"cat-file", "blob", ":" NAME, NULL};
    TRY(git_run(g, add, STR_NONE, &none, e));
    TRY(git_run(g, apply, patch, &none, e));
    return git_run(g, show, STR_NONE, ret_text, e);
}

/* Three texts to one; RC_INVALID where both sides changed the same lines. */
static enum rc merge(struct git *g, const char *scratch, const struct str text[3], struct buf *out,
                     struct err *e)
{
    static const char *const names[] = {"now", "base", "new"};
    char path[3][PATH_ROOM];
    AUTO(fd) int dir = -1;
    TRY(dir_open(AT_FDCWD, scratch, &dir, e));
    for (int i = 0; i < 3; i++) {
        int n = snprintf(path[i], PATH_ROOM, "%s/%s", scratch, names[i]);
        if (n < 0 || n >= PATH_ROOM)
            return err_set(e, RC_LIMIT, "the path of the scratch folder is too long");
        TRY(file_write_sync(dir, names[i], text[i], 0600, e));
    }
    const char *const args[] = {"merge-file", "-p", "-q", path[0], path[1], path[2], NULL};
    return git_run(g, args, STR_NONE, out, e);
}

struct apply {
    struct git *g;
    const char *scratch;
    struct str bases[ENGINE_POLICY_BASES];
    size_t n_bases;
    struct str base; /* what it applied to */
    struct buf made; /* from that */
    struct buf text; /* with what is there now */
    const char *why;
};

static enum rc onto_now(struct apply *a, struct err *e)
{
    const struct str three[3] = {a->bases[0], a->base, buf_str(&a->made)};
    if (str_eq(a->base, a->bases[0])) {
        buf_add(&a->text, buf_str(&a->made));
        return buf_ok(&a->text, "the policy", e);
    }
    enum rc rc = merge(a->g, a->scratch, three, &a->text, e);
    if (!is_no(rc))
        return rc;
    buf_reset(&a->text);
    a->why = "the policy was changed in the same place meanwhile";
    return RC_OK;
}

static enum rc try_patch(struct apply *a, struct str patch, struct err *e)
{
    AUTO(buf) struct buf own = BUF_INIT(2 * ENGINE_POLICY_PATCH);
    TRY(own_patch(patch, &own, e));
    for (size_t i = 0; i < a->n_bases; i++) {
        buf_reset(&a->made);
        enum rc rc = apply_one(a->g, buf_str(&own), a->bases[i], &a->made, e);
        if (rc == RC_OK) {
            a->base = a->bases[i];
            return onto_now(a, e);
        }
        if (!is_no(rc))
            return rc;
    }
    buf_reset(&a->made);
    a->why = "the lines that it wants to change are not in the policy";
    return RC_OK;
}

static enum rc read_bases(const json_t *in, struct apply *a, struct err *e)
{
    json_t *bases;
    TRY(json_get_array(in, "bases", ENGINE_POLICY_BASES, &bases, e));
    for (size_t i = 0; i < json_array_size(bases); i++) {
        json_t *t = json_array_get(bases, i);
        struct str s = str_of(json_string_value(t), json_string_length(t));
        if (!json_is_string(t) || s.n > ENGINE_POLICY_TEXT)
            return err_set(e, RC_INVALID, "a base is no text of a policy");
        a->bases[a->n_bases++] = s;
    }
    return a->n_bases > 0 ? RC_OK : err_set(e, RC_INVALID, "there is no policy to apply to");
}

static enum rc apply(struct apply *a, const json_t *in, struct err *e)
{
    struct str patch, made;
    TRY(read_bases(in, a, e));
    if (json_object_get(in, "patch")) {
        TRY(json_get_str(in, "patch", ENGINE_POLICY_PATCH, &patch, e));
        enum rc rc = try_patch(a, patch, e);
        if (rc != RC_INVALID && rc != RC_NOTFOUND)
            return rc;
        a->why = e->msg; /* no usable patch is an answer */
        return RC_OK;
    }
    TRY(json_get_str(in, "base", ENGINE_POLICY_TEXT, &a->base, e));
    TRY(json_get_str(in, "new", ENGINE_POLICY_TEXT, &made, e));
    buf_add(&a->made, made);
    return onto_now(a, e);
}

enum rc engine_policy_apply(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(json) json_t *in = NULL;
    AUTO(git) struct git *g = NULL;
    struct apply a = {.scratch = j->scratch,
                      .base = STR_NONE,
                      .made = BUF_INIT(ENGINE_POLICY_TEXT),
                      .text = BUF_INIT(ENGINE_POLICY_TEXT)};
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &in, e));
    TRY(open_repo(j->scratch, &g, e));
    a.g = g;
    enum rc rc = apply(&a, in, e);
    if (rc == RC_LIMIT) { /* git's answer was larger than a policy may be */
        a.why = "the policy would be too long";
        rc = RC_OK;
    }
    bool clean = utf8_is_clean(buf_str(&a.text));
    if (a.why == NULL && !clean)
        a.why = "the policy would not be plain text";
    if (rc == RC_OK) {
        json_t *answer = json_object();
        json_put_bool(answer, "applies", a.why == NULL);
        json_put_str(answer, "text", a.why ? STR_NONE : buf_str(&a.text));
        json_put_str(answer, "base", a.why ? STR_NONE : a.base);
        json_put_str(answer, "now", a.bases[0]);
        json_put_str(answer, "why", str_c(a.why ? a.why : ""));
        *ret_answer = answer;
    }
    buf_release(&a.made);
    buf_release(&a.text);
    return rc;
}

/* ---- commit ---- */

static enum rc read_commit(const json_t *in, struct git_commit *c, struct err *e)
{
    TRY(json_get_str(in, "text", ENGINE_POLICY_TEXT, &c->text, e));
    TRY(json_get_str(in, "author", GIT_PERSON_MAX, &c->author.name, e));
    TRY(json_get_str(in, "email", GIT_PERSON_MAX, &c->author.email, e));
    TRY(json_get_int(in, "at_us", 0, INT64_MAX, &c->author.at_us, e));
    TRY(json_get_str(in, "committer", GIT_PERSON_MAX, &c->committer.name, e));
    TRY(json_get_str(in, "committer_email", GIT_PERSON_MAX, &c->committer.email, e));
    TRY(json_get_int(in, "committed_us", 0, INT64_MAX, &c->committer.at_us, e));
    return json_get_str(in, "message", GIT_MESSAGE_MAX, &c->message, e);
}

enum rc engine_policy_commit(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *answer = json_object();
    AUTO(git) struct git *g = NULL;
    struct git_commit c = {.parent = STR_NONE};
    char oid[GIT_OID_SIZE] = "";
    json_t *commits, *ids = json_array();
    json_object_set_new(answer, "ids", ids);
    TRY(json_get_str(j->args, "file", GIT_NAME_MAX, &c.file, e));
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &in, e));
    TRY(json_get_array(in, "commits", ENGINE_POLICY_COMMITS, &commits, e));
    TRY(open_repo(j->scratch, &g, e));
    for (size_t i = 0; i < json_array_size(commits); i++) {
        c.parent = str_c(oid);
        TRY(read_commit(json_array_get(commits, i), &c, e));
        char made[GIT_OID_SIZE];
        TRY(git_commit_add(g, &c, made, e));
        memcpy(oid, made, sizeof oid);
        json_array_append_new(ids, json_str(str_c(oid)));
    }
    if (oid[0])
        TRY(git_branch_set(g, GIT_OWN_BRANCH, str_c(oid), e));
    *ret_answer = TAKE(answer);
    return RC_OK;
}
