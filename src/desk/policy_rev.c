/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy as it is served, its revisions, and their commits.
 * Runs in core.
 * Input: the configured file, read by the supervisor; merged proposals, decided by a person;
 * answers of the engine, checked here.
 */
#include "base/utf8.h"
#include "desk/proposal_inside.h"
#include "store/task.h"

#define COMMITS_MAX 2000 /* as ENGINE_POLICY_COMMITS */

static const struct actor machine = ACTOR_INIT_MACHINE;

struct str policy_file_name(const struct desk *d)
{
    struct str file = d->set->policy.file;
    size_t slash = str_rchr(file, '/');
    struct str name = slash == STR_NPOS ? file : str_sub(file, slash + 1, file.n);
    return name.n > 0 ? name : STR("SECURITY.md");
}

bool policy_is_file(const struct desk *d, struct str path)
{
    static const char *const folders[] = {"", ".github/", "docs/"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (str_starts(path, str_c(folders[i])) &&
            str_eq(str_sub(path, strlen(folders[i]), path.n), policy_file_name(d)))
            return true;
    return false;
}

enum rc policy_revision_now(struct desk *d, int64_t *ret_id, struct err *e)
{
    return ops_policyrev_last(d->db, ret_id, e);
}

enum rc policy_revision_get(struct desk *d, struct arena *a, int64_t id, struct policyrev_row *ret,
                            struct err *e)
{
    return ops_policyrev_get(d->db, a, id, ret, e);
}

enum rc policy_revision_text(struct desk *d, struct arena *a, int64_t id, struct str *ret_text,
                             struct err *e)
{
    struct policyrev_row r;
    TRY(ops_policyrev_get(d->db, a, id, &r, e));
    *ret_text = r.text;
    return RC_OK;
}

static enum rc order_commit(struct desk *d, int64_t revision, struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, POLICY_COMMIT ":%lld", (long long)revision);
    struct task_new t = {.kind = POLICY_COMMIT,
                         .key = buf_str(&key),
                         .lane = LANE_ENGINES,
                         .subject = revision,
                         .arg = STR_NONE,
                         .fair = STR_NONE,
                         .again = true};
    return task_add(d->db, &t, NULL, e);
}

enum rc policy_order_commit(struct desk *d, struct err *e)
{
    int64_t last;
    TRY(ops_policyrev_last(d->db, &last, e));
    return last > 0 ? order_commit(d, last, e) : RC_OK;
}

enum rc policy_add_revision(struct desk *d, const struct actor *who, struct policyrev_row *r,
                            struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct proposal_row *p;
    size_t n;
    r->at_us = desk_now(d);
    r->commit_id = STR_NONE;
    TRY(ops_policyrev_insert(d->db, r, &r->id, e));
    TRY(order_commit(d, r->id, e));
    TRY(ops_proposal_list(d->db, a, STR("open"), &p, &n, e));
    for (size_t i = 0; i < n; i++)
        if (p[i].id != r->proposal_id)
            TRY(proposal_order_apply(d, p[i].id, r->id, e));
    return desk_event(d, who, 0, "policy.revision",
                      json_pack("{s:I, s:o, s:I}", "revision", (json_int_t)r->id, "source",
                                json_str(r->source), "proposal", (json_int_t)r->proposal_id),
                      e);
}

/* ---- the configured file ---- */

struct take {
    struct str text;
    bool new;
};

static enum rc take_tx(struct desk *d, void *arg, struct err *e)
{
    struct take *k = arg;
    int64_t last;
    bool known;
    k->new = false;
    TRY(ops_policyrev_last(d->db, &last, e));
    TRY(ops_policyrev_known(d->db, k->text, &known, e));
    if (known)
        return RC_OK;
    struct str contact = d->set->desk.contact.n ? d->set->desk.contact.v[0] : STR_NONE;
    struct policyrev_row r = {
        .text = k->text,
        .source = STR("file"),
        .author_name = d->set->desk.name,
        .author_email = contact,
        .authored_us = desk_now(d),
        .committer_name = d->set->desk.name,
        .committer_email = contact,
        .message = last == 0 ? STR("The policy as the desk found it\n")
                             : STR("The policy's file was edited\n\nIts new text was taken in when "
                                   "the desk started.\n"),
    };
    k->new = true;
    return policy_add_revision(d, &machine, &r, e);
}

enum rc policy_take_file(struct desk *d, struct str text, bool *ret_new, struct err *e)
{
    AUTO(buf) struct buf clean = BUF_INIT(POLICY_MAX);
    struct take k = {.new = false};
    *ret_new = false;
    if (text.n == 0)
        return RC_OK;
    utf8_clean(&clean, text);
    TRY(buf_ok(&clean, "the policy", e));
    k.text = buf_str(&clean);
    TRY(desk_run(d, take_tx, &k, e));
    *ret_new = k.new;
    return RC_OK;
}

/* ---- commits ---- */

static json_t *commit_of(const struct policyrev_row *r)
{
    json_t *j = json_object();
    json_put_str(j, "text", r->text);
    json_put_str(j, "author", r->author_name);
    json_put_str(j, "email", r->author_email);
    json_put_int(j, "at_us", r->authored_us);
    json_put_str(j, "committer", r->committer_name);
    json_put_str(j, "committer_email", r->committer_email);
    json_put_int(j, "committed_us", r->at_us);
    json_put_str(j, "message", r->message);
    return j;
}

enum rc policy_commit_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    (void)subject; /* all of them are handed over: a lost repository is whole again */
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *in = json_object();
    json_t *commits = json_array();
    struct policyrev_row *r;
    size_t n;
    json_object_set_new(in, "commits", commits);
    TRY(ops_policyrev_list(d->db, a, COMMITS_MAX, &r, &n, e));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(commits, commit_of(&r[i]));
    json_put_str(args, "file", policy_file_name(d));
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = "policy-commit";
    return RC_OK;
}

struct committed {
    const json_t *ids;
};

static bool hex_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'f'))
            return false;
    return s.n == 40 || s.n == 64;
}

static enum rc committed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct committed *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct policyrev_row *r;
    size_t n, ids = json_array_size(k->ids);
    TRY(ops_policyrev_list(d->db, a, COMMITS_MAX, &r, &n, e));
    for (size_t i = 0; i < n && i < ids; i++) {
        struct str id = str_c(json_string_value(json_array_get(k->ids, i)));
        if (!hex_ok(id))
            return err_set(e, RC_INVALID, "the engine gave no ids of commits");
        if (r[i].commit_id.n == 0)
            TRY(ops_policyrev_commit(d->db, r[i].id, id, e));
    }
    return RC_OK;
}

enum rc policy_commit_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    json_t *ids;
    (void)subject;
    TRY(json_get_array(answer, "ids", COMMITS_MAX, &ids, e));
    struct committed k = {ids};
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (!json_is_string(json_array_get(ids, i)))
            return err_set(e, RC_INVALID, "the engine gave no ids of commits");
    return desk_run(d, committed_tx, &k, e);
}
