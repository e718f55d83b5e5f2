/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that `vulndesk import` puts into the spool: their mark, and what became of them.
 * Runs in core.
 * Input: arguments of a command, hostile.
 */
#include "desk/cmd_inside.h"
#include "desk/intake_inside.h"
#include "desk/webform.h"

#define SPOOLS_MAX   64 /* asked about at once */
#define SPOOL_ID_MAX 64

static enum rc import_status(struct cmd *c, struct err *e)
{
    json_t *ids, *found = json_array();
    c->ret = json_pack("{s:o}", "messages", found);
    TRY(json_get_array(c->args, "spools", SPOOLS_MAX, &ids, e));
    for (size_t i = 0; i < json_array_size(ids); i++) {
        struct message_row row;
        struct case_row of;
        const char *id = json_string_value(json_array_get(ids, i));
        if (id == NULL || strlen(id) > SPOOL_ID_MAX)
            return err_set(e, RC_INVALID, "spools: an id of a spool record is wanted");
        enum rc rc = ops_message_by_spool(c->d->db, c->a, str_c(id), &row, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        json_t *j =
            json_pack("{s:s, s:s}", "spool", id, "kind", intake_kind_name(intake_kind_of(&row)));
        json_array_append_new(found, j);
        if (row.case_id == 0)
            continue;
        TRY(ops_case_get(c->d->db, c->a, row.case_id, &of, e));
        json_put_str(j, "number", of.number);
    }
    return RC_OK;
}

static enum rc import_begin(struct cmd *c, struct err *e)
{
    char mark[WEBFORM_MARK_SIZE];
    TRY(webform_import_mark(c->d, c->who, mark, e));
    c->ret = json_pack("{s:s}", "mark", mark);
    return RC_OK;
}

const struct cmd_verb cmd_import_verbs[] = {
    {"import.begin", import_begin, " ", false},
    {"import.status", import_status, " spools ", false},
    {NULL, NULL, NULL, false},
};
