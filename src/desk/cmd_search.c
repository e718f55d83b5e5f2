/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verb that searches.
 * Runs in core.
 * Input: a query out of a command, hostile; checked by desk/search.c.
 */
#include "desk/cmd_inside.h"
#include "desk/search.h"

static json_t *place_json(const struct search_place *p)
{
    json_t *j = json_object();
    json_put_int(j, "message", p->message_id);
    json_put_str(j, "who", p->who);
    json_put_str(j, "direction", p->direction);
    json_put_str(j, "state", p->state);
    json_put_str(j, "subject", p->subject);
    json_put_time(j, "received", p->at_us);
    AUTO(buf) struct buf text = BUF_INIT(8 * SEARCH_SNIPPET_MAX);
    buf_add(&text, p->before);
    buf_add(&text, p->hit);
    buf_add(&text, p->after);
    json_put_str(j, "text", buf_str(&text));
    json_put_str(j, "hit", p->hit);
    return j;
}

static enum rc case_search(struct cmd *c, struct err *e)
{
    struct str q;
    int64_t before = 0;
    struct view_search v;
    TRY(want_str(c, "q", CMD_ARGS_MAX, &q, e));
    if (json_object_get(c->args, "before"))
        TRY(want_id(c, "before", &before, e));
    TRY(view_search(c->d, c->who, c->a, q, before, &v, e));
    if (v.empty)
        return err_set(e, RC_INVALID, "the search holds no word");
    json_t *cases = json_array();
    for (size_t i = 0; i < v.n; i++) {
        json_t *j = json_object(), *places = json_array();
        json_put_str(j, "number", v.cases[i].number);
        json_put_str(j, "title", v.cases[i].title);
        json_put_bool(j, "closed", v.cases[i].closed);
        for (size_t k = 0; k < v.cases[i].n_places; k++)
            json_array_append_new(places, place_json(&v.cases[i].places[k]));
        json_object_set_new(j, "messages", places);
        json_put_int(j, "further", v.cases[i].more);
        json_array_append_new(cases, j);
    }
    c->ret = json_pack("{s:o, s:I}", "cases", cases, "next", (json_int_t)v.next);
    return RC_OK;
}

const struct cmd_verb cmd_search_verbs[] = {
    {"case.search", case_search, " q before ", false},
    {NULL, NULL, NULL, false},
};
