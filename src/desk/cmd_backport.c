/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about release lines and the backports of a case.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c and behind.
 */
#include "base/hex.h"
#include "desk/backport.h"
#include "desk/cmd_inside.h"
#include "desk/sshsig.h"
#include "engine/backport/release.h"

#define CODED_MAX (BACKPORT_EDIT_MAX / 3 * 4 + 8) /* in base64 */

static enum rc may_bool(const struct cmd *c, const char *key, bool otherwise, bool *ret,
                        struct err *e)
{
    const json_t *v = json_object_get(c->args, key);
    struct str s;
    *ret = otherwise;
    if (v == NULL)
        return RC_OK;
    if (json_is_boolean(v)) {
        *ret = json_is_true(v);
        return RC_OK;
    }
    TRY(may_str(c, key, 8, &s, e));
    if (!str_eq(s, STR("yes")) && !str_eq(s, STR("no")))
        return err_set(e, RC_INVALID, "\"%s\" is yes or no", key);
    *ret = str_eq(s, STR("yes"));
    return RC_OK;
}

static enum rc may_id(const struct cmd *c, const char *key, int64_t *ret, struct err *e)
{
    *ret = 0;
    return json_object_get(c->args, key) ? want_id(c, key, ret, e) : RC_OK;
}

/* ---- the register ---- */

static enum rc line_list(struct cmd *c, struct err *e)
{
    struct view_lines v;
    TRY(view_lines(c->d, c->who, c->a, &v, e));
    c->ret = view_lines_json(&v);
    return RC_OK;
}

static enum rc line_put(struct cmd *c, struct err *e)
{
    struct line_edit n = {.id = 0};
    const struct {
        const char *key;
        size_t max;
        struct str *to;
    } fields[] = {{"name", LINE_NAME_MAX, &n.name},    {"branch", LINE_BRANCH_MAX, &n.branch},
                  {"tags", LINE_BRANCH_MAX, &n.tags},  {"until", 40, &n.until},
                  {"build", LINE_TESTS_MAX, &n.build}, {"tests", LINE_TESTS_MAX, &n.tests},
                  {"root", LINE_ROOT_MAX, &n.root},    {"reason", DESK_REASON_MAX, &n.reason}};
    int64_t id;
    TRY(may_id(c, "line", &n.id, e));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        TRY(may_str(c, fields[i].key, fields[i].max, fields[i].to, e));
    n.keep_build = json_object_get(c->args, "build") == NULL;
    TRY(may_bool(c, "maintained", true, &n.maintained, e));
    TRY(line_set(c->d, c->who, &n, &id, e));
    c->ret = json_pack("{s:I}", "line", (json_int_t)id);
    return RC_OK;
}

static enum rc line_drop(struct cmd *c, struct err *e)
{
    struct str reason;
    int64_t id;
    TRY(want_id(c, "line", &id, e));
    TRY(want_reason(c, &reason, e));
    return line_remove(c->d, c->who, id, reason, e);
}

static enum rc line_fill(struct cmd *c, struct err *e)
{
    return lines_look(c->d, c->who, e);
}

/* ---- backports ---- */

static enum rc show(struct cmd *c, struct err *e)
{
    AUTO(view_backport) struct view_backport v = {.nth = 0};
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(view_backport(c->d, c->who, c->a, id, &v, e));
    c->ret = view_backport_json(&v);
    return RC_OK;
}

static enum rc ask(struct cmd *c, struct err *e)
{
    struct backport_ask q = {.case_id = 0};
    TRY(want_case(c, "case", &q.case_id, e));
    TRY(may_str(c, "fix", BACKPORT_FIELD_MAX, &q.fix, e));
    TRY(may_str(c, "lines", BACKPORT_FIELD_MAX, &q.lines, e));
    return backport_ask(c->d, c->who, &q, e);
}

static enum rc again(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    return backport_again(c->d, c->who, id, e);
}

static enum rc settle(struct cmd *c, const char *act, struct err *e)
{
    struct backport_settle n = {.act = str_c(act)};
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_str(c, "line", LINE_NAME_MAX, &n.line, e));
    TRY(may_str(c, "tree", BACKPORT_HASH, &n.tree, e));
    TRY(may_str(c, "reason", DESK_REASON_MAX, &n.reason, e));
    TRY(may_id(c, "answer", &n.nth, e));
    return backport_settle(c->d, c->who, &n, e);
}

static enum rc accept_line(struct cmd *c, struct err *e)
{
    return settle(c, "accept", e);
}

static enum rc waive(struct cmd *c, struct err *e)
{
    return settle(c, "waive", e);
}

static enum rc reopen(struct cmd *c, struct err *e)
{
    return settle(c, "reopen", e);
}

/* Bytes as text or in base64. */
static enum rc bytes_of(struct cmd *c, const char *key, struct buf *b, struct str *ret,
                        struct err *e)
{
    struct str coded;
    AUTO(buf) struct buf name = BUF_INIT(64);
    buf_addf(&name, "%s64", key);
    TRY(may_str(c, key, b->max, ret, e));
    TRY(may_str(c, buf_c(&name), CODED_MAX, &coded, e));
    if (coded.n == 0)
        return RC_OK;
    if (ret->n)
        return err_set(e, RC_INVALID, "either \"%s\" or \"%s64\"", key, key);
    TRY(base64_get(b, coded, key, e));
    TRY(buf_ok(b, key, e));
    *ret = buf_str(b);
    return RC_OK;
}

static enum rc edit(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_EDIT_MAX);
    struct backport_edit n = {.case_id = 0};
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_str(c, "line", LINE_NAME_MAX, &n.line, e));
    TRY(bytes_of(c, "patch", &b, &n.bytes, e));
    TRY(may_str(c, "reason", DESK_REASON_MAX, &n.reason, e));
    return backport_edit(c->d, c->who, &n, e);
}

static enum rc message(struct cmd *c, struct err *e)
{
    struct str text;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(may_str(c, "message", SCRUB_TEXT_MAX, &text, e));
    return backport_message(c->d, c->who, id, text, e);
}

static enum rc test(struct cmd *c, struct err *e)
{
    struct str line;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(may_str(c, "line", LINE_NAME_MAX, &line, e));
    return backport_test(c->d, c->who, id, line, e);
}

static enum rc untested(struct cmd *c, struct err *e)
{
    struct str line, reason;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "line", LINE_NAME_MAX, &line, e));
    TRY(may_str(c, "reason", DESK_REASON_MAX, &reason, e));
    return backport_untested(c->d, c->who, id, line, reason, e);
}

static enum rc patch(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * PORT_PATCH_MAX);
    struct str line;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "line", LINE_NAME_MAX, &line, e));
    TRY(view_backport_patch(c->d, c->who, id, line, &b, e));
    c->ret = json_object();
    json_put_str(c->ret, "patch", buf_str(&b));
    return RC_OK;
}

static enum rc release(struct cmd *c, struct err *e)
{
    struct backport_release n = {.case_id = 0};
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(may_str(c, "line", LINE_NAME_MAX, &n.line, e));
    TRY(may_bool(c, "entire", false, &n.entire, e));
    return backport_release(c->d, c->who, &n, e);
}

static enum rc bundle(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BUNDLE_MAX);
    AUTO(buf) struct buf coded = BUF_INIT(2 * BUNDLE_MAX);
    struct str line;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "line", LINE_NAME_MAX, &line, e));
    TRY(view_backport_bundle(c->d, c->who, id, line, &b, e));
    base64_add(&coded, buf_str(&b));
    TRY(buf_ok(&coded, "the bundle", e));
    c->ret = json_object();
    json_put_str(c->ret, "bundle64", buf_str(&coded));
    return RC_OK;
}

static enum rc signers(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SSHSIG_MAX);
    TRY(backport_signers(c->d, &b, e));
    c->ret = json_object();
    json_put_str(c->ret, "signers", buf_str(&b));
    return RC_OK;
}

static enum rc log_of(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_LOG_MAX);
    int64_t id, run;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "run", &run, e));
    TRY(view_backport_log(c->d, c->who, id, run, &b, e));
    c->ret = json_object();
    json_put_str(c->ret, "log", buf_str(&b));
    return RC_OK;
}

/* ---- reproducers ---- */

static enum rc add_script(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(REPRODUCER_MAX);
    struct reproducer_add n = {.case_id = 0};
    int64_t id;
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_str(c, "name", LINE_NAME_MAX, &n.name, e));
    TRY(bytes_of(c, "script", &b, &n.bytes, e));
    TRY(may_str(c, "source", DESK_TITLE_MAX, &n.source, e));
    TRY(reproducer_add(c->d, c->who, &n, &id, e));
    c->ret = json_pack("{s:I}", "reproducer", (json_int_t)id);
    return RC_OK;
}

static enum rc approve(struct cmd *c, struct err *e)
{
    struct str hash;
    int64_t id, script;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "reproducer", &script, e));
    TRY(want_str(c, "sha256", BACKPORT_HASH, &hash, e));
    return reproducer_approve(c->d, c->who, id, script, hash, e);
}

static enum rc revoke(struct cmd *c, struct err *e)
{
    struct str reason;
    int64_t id, script;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "reproducer", &script, e));
    TRY(want_reason(c, &reason, e));
    return reproducer_revoke(c->d, c->who, id, script, reason, e);
}

static enum rc run(struct cmd *c, struct err *e)
{
    int64_t id, script;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "reproducer", &script, e));
    return reproducer_run(c->d, c->who, id, script, e);
}

static enum rc script(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(REPRODUCER_MAX);
    AUTO(buf) struct buf coded = BUF_INIT(2 * REPRODUCER_MAX);
    int64_t id, which;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "reproducer", &which, e));
    TRY(view_reproducer_bytes(c->d, c->who, id, which, &b, e));
    base64_add(&coded, buf_str(&b));
    TRY(buf_ok(&coded, "a script", e));
    c->ret = json_object();
    json_put_str(c->ret, "script64", buf_str(&coded));
    return RC_OK;
}

const struct cmd_verb cmd_backport_verbs[] = {
    {"line.list", line_list, " ", false},
    {"line.set", line_put, " line name branch tags until build tests root maintained reason ",
     false},
    {"line.remove", line_drop, " line reason ", false},
    {"line.fill", line_fill, " ", false},
    {"backport.show", show, " case ", false},
    {"backport.ask", ask, " case fix lines ", false},
    {"backport.again", again, " case ", false},
    {"backport.accept", accept_line, " case line answer tree reason ", false},
    {"backport.waive", waive, " case line answer reason ", false},
    {"backport.reopen", reopen, " case line answer reason ", false},
    {"backport.edit", edit, " case line patch patch64 reason ", false},
    {"backport.message", message, " case message ", false},
    {"backport.test", test, " case line ", false},
    {"backport.untested", untested, " case line reason ", false},
    {"backport.patch", patch, " case line ", false},
    {"backport.release", release, " case line entire ", false},
    {"backport.bundle", bundle, " case line ", false},
    {"backport.signers", signers, " ", false},
    {"backport.log", log_of, " case run ", false},
    {"reproducer.add", add_script, " case name script script64 source ", false},
    {"reproducer.approve", approve, " case reproducer sha256 ", false},
    {"reproducer.revoke", revoke, " case reproducer reason ", false},
    {"reproducer.run", run, " case reproducer ", false},
    {"reproducer.script", script, " case reproducer ", false},
    {NULL, NULL, NULL, false},
};
