/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about the audit of a case.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c and behind.
 */
#include "desk/audit.h"
#include "desk/cmd_inside.h"

#define KEYS_MAX (FIND_HITS_MAX * (AUDIT_KEY_MAX + 1))

static enum rc show(struct cmd *c, struct err *e)
{
    AUTO(view_audit) struct view_audit v = {.nth = 0};
    AUTO(buf) struct buf csv = BUF_INIT(AUDIT_CSV_MAX);
    struct str format;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(may_str(c, "format", 8, &format, e));
    if (format.n && !str_eq(format, STR("csv")) && !str_eq(format, STR("json")))
        return err_set(e, RC_INVALID, "a format is json or csv");
    TRY(view_audit(c->d, c->who, c->a, id, &v, e));
    if (!str_eq(format, STR("csv"))) {
        c->ret = view_audit_json(&v);
        return RC_OK;
    }
    view_audit_csv(&v, &csv);
    TRY(buf_ok(&csv, "the record", e));
    c->ret = json_object();
    json_put_str(c->ret, "csv", buf_str(&csv));
    return RC_OK;
}

static enum rc ask(struct cmd *c, struct err *e)
{
    struct audit_ask q = {.case_id = 0};
    const struct {
        const char *key;
        struct str *to;
    } fields[] = {{"fix", &q.fix},
                  {"like", &q.like},
                  {"hunks", &q.hunks},
                  {"branches", &q.branches},
                  {"repositories", &q.repositories},
                  {"limit", &q.limit},
                  {"cut", &q.cut}};
    TRY(want_case(c, "case", &q.case_id, e));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        TRY(may_str(c, fields[i].key, AUDIT_LINES_MAX, fields[i].to, e));
    TRY(may_str(c, "rules", AUDIT_RULES_MAX, &q.rules, e));
    return audit_ask(c->d, c->who, &q, e);
}

static enum rc again(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    return audit_again(c->d, c->who, id, e);
}

static enum rc cut(struct cmd *c, struct err *e)
{
    struct str text;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "cut", 32, &text, e));
    return audit_cut(c->d, c->who, id, text, e);
}

static enum rc decide(struct cmd *c, struct err *e)
{
    struct audit_decide n = {.case_id = 0};
    struct view_audit_line line;
    struct str verdict;
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_str(c, "keys", KEYS_MAX, &n.keys, e));
    TRY(may_str(c, "verdict", 16, &verdict, e));
    TRY(may_str(c, "reason", DESK_REASON_MAX, &n.reason, e));
    if (!audit_verdict_parse(verdict, &n.verdict))
        return err_set(e, RC_INVALID, "a verdict is same_flaw, safe or unsure");
    TRY(audit_decide(c->d, c->who, &n, e));
    TRY(view_audit_line(c->d, c->a, n.case_id, &line, e));
    c->ret = json_pack("{s:I}", "open", (json_int_t)line.open);
    return RC_OK;
}

static enum rc sign(struct cmd *c, struct err *e)
{
    struct str digest;
    int64_t id, open;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "digest", AUDIT_DIGEST, &digest, e));
    TRY(audit_sign(c->d, c->who, id, digest, &open, e));
    c->ret = json_pack("{s:I}", "open", (json_int_t)open);
    return RC_OK;
}

static enum rc unsign(struct cmd *c, struct err *e)
{
    struct str reason;
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_reason(c, &reason, e));
    return audit_unsign(c->d, c->who, id, reason, e);
}

static enum rc fix(struct cmd *c, struct err *e)
{
    struct audit_part n = {.case_id = 0};
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_id(c, "part", &n.part, e));
    TRY(may_str(c, "fix", AUDIT_LINES_MAX, &n.fix, e));
    return audit_part_fix(c->d, c->who, &n, e);
}

const struct cmd_verb cmd_audit_verbs[] = {
    {"audit.show", show, " case format ", false},
    {"audit.ask", ask, " case fix like hunks branches repositories limit cut rules ", false},
    {"audit.again", again, " case ", false},
    {"audit.cut", cut, " case cut ", false},
    {"audit.decide", decide, " case keys verdict reason ", false},
    {"audit.sign", sign, " case digest ", false},
    {"audit.unsign", unsign, " case reason ", false},
    {"audit.fix", fix, " case part fix ", false},
    {NULL, NULL, NULL, false},
};
