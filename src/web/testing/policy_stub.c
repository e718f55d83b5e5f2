/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in for desk/proposal.h in the tests of the routes.  Not part of the program.
 */
#include "desk/proposal.h"

#include "desk_stub.h"

enum rc view_proposals(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                       struct proposal_row **ret, size_t *ret_n, struct err *e)
{
    (void)d, (void)who, (void)e;
    struct proposal_row *p = arena_alloc(a, sizeof *p);
    *p = (struct proposal_row){.id = 1,
                               .state = state,
                               .applies = APPLIES_YES,
                               .revision_id = 7,
                               .subject = STR("Say <when>" STUB_HOSTILE),
                               .explanation = STR("Because.\n<b>" STUB_HOSTILE),
                               .author_name = STR("Ada <i>" STUB_HOSTILE),
                               .author_email = STR("ada@example.org"),
                               .reply_to = STR("ada@example.org"),
                               .base_text = STR("# P\n\nsoon\n"),
                               .new_text = STR("# P\n\n<script>\n"),
                               .created_us = FIXTURE_NOW};
    *ret = p;
    *ret_n = 1;
    return RC_OK;
}

enum rc view_proposal(struct desk *d, const struct actor *who, struct arena *a, int64_t id,
                      struct view_proposal *ret, struct err *e)
{
    static struct diff_line lines[] = {{'@', {"@@ -3,1 +3,1 @@", 15}, 0, 0},
                                       {'-', {"soon", 4}, 3, 0},
                                       {'+', {"<script>", 8}, 0, 3}};
    static struct behaviour does[] = {{'-', {"gone <p>", 8}, {"the desk", 8}}};
    struct proposal_row *p;
    size_t n;
    if (id != 1)
        return err_set(e, RC_NOTFOUND, "there is no such proposal");
    TRY(view_proposals(d, who, a, STR("open"), &p, &n, e));
    *ret = (struct view_proposal){.p = *p,
                                  .ready = true,
                                  .has_diff = true,
                                  .diff = {.lines = lines, .n = 3, .added = 1, .removed = 1},
                                  .behaviour = does,
                                  .n_behaviour = 1};
    return RC_OK;
}

enum rc proposals_open(struct desk *d, int64_t *ret_n, struct err *e)
{
    (void)d, (void)e;
    *ret_n = 1;
    return RC_OK;
}

enum rc policy_revision_now(struct desk *d, int64_t *ret_id, struct err *e)
{
    (void)d, (void)e;
    *ret_id = 7;
    return RC_OK;
}

enum rc policy_revision_get(struct desk *d, struct arena *a, int64_t id, struct policyrev_row *ret,
                            struct err *e)
{
    (void)d, (void)a, (void)e;
    *ret = (struct policyrev_row){.id = id,
                                  .commit_id = STR("0123456789abcdef"),
                                  .source = STR("file"),
                                  .at_us = FIXTURE_NOW};
    return RC_OK;
}

enum rc proposal_preview(struct desk *d, struct arena *a, const struct proposal_form *f,
                         struct diff *ret_d, struct err *e)
{
    static struct diff_line lines[] = {{'+', {"<script>", 8}, 0, 3}};
    (void)d, (void)a;
    if (f->base_id != 7)
        return err_set(e, RC_INVALID, "the form is too old; open the page anew");
    *ret_d = (struct diff){.lines = lines, .n = 1, .added = 1};
    return RC_OK;
}

enum rc proposal_from_form(struct desk *d, const struct proposal_form *f, int64_t *ret_id,
                           struct err *e)
{
    (void)d, (void)f, (void)e;
    stub.cmds++;
    *ret_id = 5;
    return RC_OK;
}
