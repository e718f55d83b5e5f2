/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about advisories and credits.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c and behind.
 */
#include "base/when.h"
#include "desk/advisory.h"
#include "desk/cmd_inside.h"

static enum rc advisory_show(struct cmd *c, struct err *e)
{
    int64_t id;
    struct view_advisory v;
    TRY(want_case(c, "case", &id, e));
    TRY(view_advisory(c->d, c->who, c->a, id, &v, e));
    c->ret = view_advisory_json(&v);
    return RC_OK;
}

static enum rc advisory_list(struct cmd *c, struct err *e)
{
    struct view_advisory_row *v;
    size_t n;
    TRY(view_advisories(c->d, c->who, c->a, &v, &n, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o}", "number", json_str(v[i].number),
                                        "state", json_str(v[i].state), "case",
                                        json_str(v[i].case_number), "title", json_str(v[i].title)));
    c->ret = json_pack("{s:o}", "advisories", list);
    return RC_OK;
}

static enum rc edit(struct cmd *c, struct err *e)
{
    struct advisory_edit n = {.base = 0};
    int64_t revision;
    static const struct {
        const char *key;
        size_t at;
    } fields[] = {{"title", offsetof(struct advisory_edit, title)},
                  {"summary", offsetof(struct advisory_edit, summary)},
                  {"severity", offsetof(struct advisory_edit, severity)},
                  {"cvss", offsetof(struct advisory_edit, cvss)},
                  {"cve", offsetof(struct advisory_edit, cve)},
                  {"affected", offsetof(struct advisory_edit, affected)},
                  {"fixed", offsetof(struct advisory_edit, fixed)},
                  {"references", offsetof(struct advisory_edit, references)},
                  {"timeline", offsetof(struct advisory_edit, timeline)},
                  {"text", offsetof(struct advisory_edit, body)}};
    struct str values[ARRAY_LEN(fields)];
    TRY(want_case(c, "case", &n.case_id, e));
    if (json_object_get(c->args, "revision"))
        TRY(want_id(c, "revision", &n.base, e));
    TRY(may_str(c, "change", ADV_CHANGE_MAX, &n.change, e));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (json_object_get(c->args, fields[i].key) == NULL)
            continue;
        TRY(want_str(c, fields[i].key, ADV_BODY_MAX, &values[i], e));
        *(const struct str **)((char *)&n + fields[i].at) = &values[i];
    }
    TRY(advisory_edit(c->d, c->who, &n, &revision, e));
    c->ret = json_pack("{s:I}", "revision", (json_int_t)revision);
    return RC_OK;
}

static enum rc approve(struct cmd *c, struct err *e)
{
    int64_t id, revision;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "revision", &revision, e));
    return advisory_approve(c->d, c->who, id, revision, e);
}

static enum rc publish(struct cmd *c, struct err *e)
{
    int64_t id, revision, at_us;
    struct view_advisory v;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "revision", &revision, e));
    TRY(may_time(c, "at", &at_us, e));
    TRY(advisory_publish(c->d, c->who, id, revision, at_us, e));
    TRY(view_advisory(c->d, c->who, c->a, id, &v, e));
    c->ret = json_pack("{s:o, s:o}", "state", json_str(v.state), "number", json_str(v.number));
    return RC_OK;
}

static enum rc unplan(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    return advisory_unplan(c->d, c->who, id, e);
}

static enum rc withdraw(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    TRY(want_case(c, "case", &id, e));
    TRY(want_reason(c, &reason, e));
    return advisory_withdraw(c->d, c->who, id, reason, e);
}

static enum rc mail(struct cmd *c, struct err *e)
{
    int64_t id, mail_id;
    struct str what;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "mail", &mail_id, e));
    TRY(want_str(c, "do", 16, &what, e));
    if (!str_eq(what, STR("again")) && !str_eq(what, STR("leave")))
        return err_set(e, RC_INVALID, "\"do\" is again or leave");
    return advisory_mail(c->d, c->who, id, mail_id, str_eq(what, STR("again")), e);
}

static enum rc credit(struct cmd *c, struct err *e)
{
    struct credit_set n = {.credit_id = 0};
    TRY(want_case(c, "case", &n.case_id, e));
    if (json_object_get(c->args, "credit"))
        TRY(want_id(c, "credit", &n.credit_id, e));
    TRY(may_str(c, "name", ADV_NAME_MAX, &n.name, e));
    TRY(want_str(c, "role", 64, &n.role, e));
    TRY(want_str(c, "decision", 16, &n.decision, e));
    return credit_set(c->d, c->who, &n, e);
}

static enum rc ask(struct cmd *c, struct err *e)
{
    int64_t id, credit_id;
    TRY(want_case(c, "case", &id, e));
    TRY(want_id(c, "credit", &credit_id, e));
    return credit_ask(c->d, c->who, id, credit_id, e);
}

static enum rc decide(struct cmd *c, struct err *e)
{
    struct str decision, name;
    TRY(want_str(c, "decision", 16, &decision, e));
    TRY(may_str(c, "name", ADV_NAME_MAX, &name, e));
    return credit_decide(c->d, c->who, decision, name, e);
}

const struct cmd_verb cmd_advisory_verbs[] = {
    {"advisory.show", advisory_show, " case ", false},
    {"advisory.list", advisory_list, "  ", false},
    {"advisory.edit", edit,
     " case revision title summary severity cvss cve affected fixed references timeline text"
     " change ",
     false},
    {"advisory.approve", approve, " case revision ", false},
    {"advisory.publish", publish, " case revision at ", false},
    {"advisory.unplan", unplan, " case ", false},
    {"advisory.withdraw", withdraw, " case reason ", false},
    {"advisory.mail", mail, " case mail do ", false},
    {"advisory.credit", credit, " case credit name role decision ", false},
    {"advisory.ask", ask, " case credit ", false},
    {"reporter.credit", decide, " decision name ", true},
    {NULL, NULL, NULL, false},
};
