/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's own pages: proposals for the team, the form for everybody.  Runs in core; decisions
 * go through desk/cmd.h, what the public form brings is checked by desk/proposal.c.
 */
#include "desk/throttle.h"
#include "web/gate.h"
#include "web/page_policy.h"

#define PROPOSE_MAX   10  /* proposals of one client in a day */
#define PROPOSE_ALL   200 /* of all together */
#define PROPOSE_VIEWS 200 /* previews of one client in an hour */
#define PROPOSE_NO_ROOM                                                                            \
    "There are more proposals than we can read just now. Please come back later."

/* ---- the team ---- */

static void list_show(struct visit *v)
{
    struct str state = http_form_get(&v->form, "state");
    struct proposals_in in = {.state = state.n ? state : STR("open")};
    struct proposal_row *rows;
    struct desk *d = v->w->desk;
    int64_t last = 0;
    if (proposals_state_known(in.state) == NULL) {
        visit_error(v, 404, "There is no such list.");
        return;
    }
    enum rc rc = view_proposals(d, &v->session.actor, v->a, in.state, &rows, &in.n, &v->e);
    if (rc == RC_OK)
        rc = proposals_open(d, &in.open, &v->e);
    if (rc == RC_OK)
        rc = policy_revision_now(d, &last, &v->e);
    if (rc == RC_OK && last > 0)
        rc = policy_revision_get(d, v->a, last, &in.now, &v->e);
    if (rc != RC_OK) {
        visit_failed(v);
        return;
    }
    in.rows = rows;
    in.has_policy = last > 0;
    in.public_url = d->set->desk.base_url;
    page_proposals_write(&v->m, v->frame, &in, &v->r->body);
}

static void proposal_show(struct visit *v, int64_t id, const char *form)
{
    struct view_proposal p;
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_proposal(v->w->desk, &v->session.actor, v->a, id, &p, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form) {
        visit_again(v);
    }
    page_proposal_write(&v->m, v->frame, &p, &draft, &v->r->body);
}

static const struct {
    const char *form, *verb, *field; /* a text that is handed on, or NULL */
} forms[] = {
    {"merge", "policy.merge", NULL},
    {"reject", "policy.reject", "reason"},
    {"answer", "policy.answer", "text"},
    {"case", "policy.case", "reason"},
};

static enum rc form_args(struct visit *v, int64_t id, const char *field, json_t *args)
{
    json_put_int(args, "proposal", id);
    if (field) {
        visit_put(v, args, field);
        return RC_OK;
    }
    return visit_put_id(v, args, "revision");
}

static void proposal_form(struct visit *v, int64_t id, struct str form)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (!str_eq(form, str_c(forms[i].form)))
            continue;
        enum rc rc = form_args(v, id, forms[i].field, args);
        if (rc == RC_OK)
            rc = visit_cmd(v, forms[i].verb, args, &result);
        const char *number = json_string_value(json_object_get(result, "number"));
        if (rc != RC_OK)
            proposal_show(v, id, forms[i].form);
        else if (number)
            visit_see(v, "/case/%s?done=policy-case", number);
        else
            visit_see(v, "/policy/%lld?done=policy-%s", (long long)id, forms[i].form);
        return;
    }
    visit_no_form(v);
}

void route_policy(struct visit *v, struct str rest)
{
    struct str word = STR_NONE;
    uint64_t id;
    if (rest.n == 0 && v->q->method != HTTP_POST) {
        list_show(v);
        return;
    }
    (void)str_cut(&rest, '/', &word);
    if (num_parse(word, 1, INT64_MAX, "proposal", &id, NULL) != RC_OK)
        visit_no_page(v);
    else if (v->q->method == HTTP_POST)
        proposal_form(v, (int64_t)id, rest);
    else if (rest.n == 0)
        proposal_show(v, (int64_t)id, NULL);
    else
        visit_no_page(v);
}

/* ---- everybody ---- */

static struct str line_of(struct visit *v, const char *name)
{
    return str_trim(http_form_get(&v->form, name));
}

static enum rc allowed(struct visit *v, const struct throttle_rule *rule, struct str key)
{
    struct throttle t;
    TRY(throttle_take(v->w->desk, rule, key, &t, &v->e));
    return t.allowed ? RC_OK : err_set(&v->e, RC_LIMIT, PROPOSE_NO_ROOM);
}

static enum rc may_send(struct visit *v)
{
    static const struct throttle_rule one = {"propose", PROPOSE_MAX, US_PER_DAY};
    static const struct throttle_rule all = {"propose", PROPOSE_ALL, US_PER_DAY};
    TRY(allowed(v, &one, throttle_client(v->a, v->q->client)));
    return allowed(v, &all, THROTTLE_ALL);
}

static enum rc may_look(struct visit *v)
{
    static const struct throttle_rule one = {"propose-look", PROPOSE_VIEWS, US_PER_H};
    return allowed(v, &one, throttle_client(v->a, v->q->client));
}

static enum rc take(struct visit *v, struct propose_in *in, struct diff *diff)
{
    struct proposal_form f = {.base_id = in->base,
                              .text = in->text,
                              .name = in->name,
                              .email = in->email,
                              .subject = in->subject,
                              .explanation = in->explanation};
    bool send = str_eq(http_form_get(&v->form, "do"), STR("send"));
    if (http_form_get(&v->form, "website").n > 0)
        return err_set(
            &v->e, RC_INVALID,
            "A field that is to stay empty had been filled in. It is empty again: please "
            "send the form once more.");
    TRY(may_look(v));
    TRY(proposal_preview(v->w->desk, v->a, &f, diff, &v->e));
    in->preview = diff;
    if (!send)
        return RC_OK;
    TRY(may_send(v));
    return proposal_from_form(v->w->desk, &f, &in->sent, &v->e);
}

static void propose_post(struct visit *v)
{
    uint64_t base = 0;
    struct diff diff;
    (void)!num_parse(http_form_get(&v->form, "base"), 1, INT64_MAX, "base", &base, NULL);
    struct propose_in in = {.base = (int64_t)base,
                            .text = http_form_get(&v->form, "text"),
                            .subject = line_of(v, "subject"),
                            .explanation = http_form_get(&v->form, "explanation"),
                            .name = line_of(v, "name"),
                            .email = line_of(v, "email")};
    if (take(v, &in, &diff) != RC_OK) {
        visit_again(v);
    }
    page_propose_write(&v->m, v->frame, &in, &v->r->body);
}

void route_propose(struct visit *v, struct str rest)
{
    if (rest.n > 0 || v->w->policy_revision == 0) {
        visit_no_page(v);
        return;
    }
    if (v->q->method == HTTP_POST) {
        propose_post(v);
        return;
    }
    struct propose_in in = {.base = v->w->policy_revision, .text = v->w->policy_text};
    page_propose_write(&v->m, v->frame, &in, &v->r->body);
}
