/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a case, its number, its participants; loading and storing it for the other rules.
 * Runs in core.
 * Input: typed values; numbers out of subjects and command lines are hostile and checked here.
 */
#include "desk/vcase.h"

#include "base/when.h"
#include "desk/inside.h"
#include "mime/mail.h"
#include "mime/subject.h"
#include "store/ops_people.h"

void vcase_number(char dst[VCASE_NUMBER_MAX], struct str prefix, int year, int64_t nth)
{
    snprintf(dst, VCASE_NUMBER_MAX, "%.*s-%04d-%04lld", STR_ARG(prefix), year, (long long)nth);
}

bool vcase_number_ok(struct str prefix, struct str s)
{
    char tagged[VCASE_NUMBER_MAX + 2];
    struct subject_tag tag;
    if (s.n == 0 || s.n >= VCASE_NUMBER_MAX)
        return false;
    snprintf(tagged, sizeof(tagged), "[%.*s]", STR_ARG(s));
    return subject_tag(str_c(tagged), prefix, &tag) && tag.text.n == s.n;
}

struct str vcase_number_find(struct str prefix, struct str subject)
{
    struct subject_tag tag;
    return subject_tag(subject, prefix, &tag) ? tag.text : STR_NONE;
}

enum rc vcase_by_number(struct desk *d, struct str number, int64_t *ret_id, struct err *e)
{
    char upper[VCASE_NUMBER_MAX];
    if (!vcase_number_ok(d->set->desk.prefix, number))
        return err_set(e, RC_NOTFOUND, "no such case: a number looks like %.*s-2026-0001",
                       STR_ARG(d->set->desk.prefix));
    size_t i = 0;
    for (; i < number.n; i++)
        upper[i] =
            number.p[i] >= 'a' && number.p[i] <= 'z' ? (char)(number.p[i] - 32) : number.p[i];
    enum rc rc = ops_case_by_number(d->db, str_of(upper, i), ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_NOTFOUND, "no such case") : rc;
}

enum rc case_load(struct desk *d, struct arena *a, int64_t id, struct open_case *ret, struct err *e)
{
    struct open_case oc;
    TRY(ops_case_get(d->db, a, id, &oc.c, e));
    TRY(ops_participant_ours(d->db, a, id, &oc.ours, e));
    oc.v = (struct vstate){.rm = oc.ours.rm.n ? oc.ours.rm.p[0] : 'S',
                           .em = oc.c.em.n ? oc.c.em.p[0] : 'N',
                           .cs = cs_parse(oc.c.cs)};
    *ret = oc;
    return RC_OK;
}

enum rc case_load_open(struct desk *d, struct arena *a, int64_t id, struct open_case *ret,
                       struct err *e)
{
    TRY(case_load(d, a, id, ret, e));
    if (ret->c.closed_us)
        return err_set(e, RC_INVALID, "this case is closed");
    return RC_OK;
}

enum rc case_store(struct desk *d, struct case_row *c, struct err *e)
{
    c->changed_us = desk_now(d);
    TRY(ops_case_update(d->db, c, e));
    return case_keep_phase(d, c, e);
}

enum rc case_hand_over(struct desk *d, const struct actor *who, struct case_row *c, int64_t to,
                       struct str reason, struct err *e)
{
    if (c->handler_id == to)
        return RC_OK;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row old, new;
    TRY(ops_account_get(d->db, a, c->handler_id, &old, e));
    TRY(ops_account_get(d->db, a, to, &new, e));
    c->handler_id = to;
    return desk_event(d, who, c->id, "case.handler",
                      json_pack("{s:o, s:o, s:o}", "from", json_str(old.login), "to",
                                json_str(new.login), "reason", json_str(reason)),
                      e);
}

enum rc blob_to_case(struct desk *d, struct arena *a, int64_t blob_id, const struct case_row *to,
                     struct err *e)
{
    struct blob_row b;
    TRY(blob_get(d->db, a, blob_id, &b, e));
    if (b.case_id == to->id)
        return RC_OK;
    struct rewrap r = {.from_scope = STR(DESK_SCOPE_INBOX),
                       .from_key = STR_NONE,
                       .to_scope = to->scope,
                       .to_key = to->key_wrapped,
                       .purpose = b.purpose,
                       .blob = b.name,
                       .wrapped = b.key_wrapped};
    if (b.case_id) {
        struct case_row from;
        TRY(ops_case_get(d->db, a, b.case_id, &from, e));
        r.from_scope = from.scope;
        r.from_key = from.key_wrapped;
    }
    AUTO(buf) struct buf wrapped = BUF_INIT(1024);
    TRY(d->calls.rewrap(d->calls.arg, &r, &wrapped, e));
    return blob_move(d->db, blob_id, b.case_id, to->id, buf_str(&wrapped), e);
}

/* ---- opening ---- */

/* We are in from the start: RM S->R and "vendor aware" come with the receipt. */
static enum rc add_ours(struct desk *d, const struct actor *who, int64_t case_id, int64_t at_us,
                        struct err *e)
{
    struct participant_row p = {.case_id = case_id,
                                .joined_us = at_us,
                                .role = STR("vendor"),
                                .name = d->set->desk.name,
                                .email =
                                    d->set->desk.contact.n ? d->set->desk.contact.v[0] : STR_NONE,
                                .rm = STR("R"),
                                .ours = true};
    TRY(ops_participant_insert(d->db, &p, &p.id, e));
    TRY(desk_event(d, who, case_id, "participant.added",
                   json_pack("{s:I, s:o, s:o, s:o, s:s, s:b}", "participant", (json_int_t)p.id,
                             "role", json_str(p.role), "name", json_str(p.name), "email",
                             json_str(p.email), "rm", "S", "ours", 1),
                   e));
    TRY(desk_event(d, who, case_id, "case.rm",
                   json_pack("{s:I, s:s, s:s, s:s}", "participant", (json_int_t)p.id, "from", "S",
                             "to", "R", "reason", "a report arrived"),
                   e));
    return desk_event(d, who, case_id, "case.cs",
                      json_pack("{s:s, s:s, s:s}", "from", CS_START, "to", "Vfdpxa", "reason",
                                "a report arrived"),
                      e);
}

enum rc vcase_open(struct desk *d, const struct actor *who, const struct vcase_new *n,
                   struct vcase_made *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf key = BUF_INIT(1024);
    struct vcase_made made = {.handler_id = n->handler_id};
    struct civil day;
    char scope[TAG_SIZE];
    int64_t last;
    when_civil(n->opened_us, &day);
    if (made.handler_id == 0) {
        enum rc rc = people_next(d, 0, &made.handler_id, e);
        if (rc == RC_NOTFOUND)
            return err_set(e, RC_BUSY, "nobody can handle a case yet: `vulndesk user add`");
        TRY(rc);
    }
    struct account_row handler;
    TRY(ops_account_get(d->db, a, made.handler_id, &handler, e));
    tag_make(scope);
    TRY(d->calls.new_case_key(d->calls.arg, str_c(scope), &key, e));
    TRY(ops_case_last_nth(d->db, day.year, &last, e));
    if (last >= VCASE_PER_YEAR)
        return err_set(e, RC_LIMIT, "the case numbers of this year are used up");
    vcase_number(made.number, d->set->desk.prefix, day.year, last + 1);
    struct case_row c = {.year = day.year,
                         .nth = last + 1,
                         .handler_id = made.handler_id,
                         .number = str_c(made.number),
                         .title = n->title,
                         .em = STR("N"),
                         .cs = STR("Vfdpxa"),
                         .severity = STR_NONE,
                         .facts = STR("{}"),
                         .exit = STR_NONE,
                         .exit_reason = STR_NONE,
                         .scope = str_c(scope),
                         .key_wrapped = buf_str(&key),
                         .opened_us = n->opened_us,
                         .changed_us = desk_now(d)};
    TRY(ops_case_insert(d->db, &c, &made.id, e));
    TRY(desk_event(d, who, made.id, "case.opened",
                   json_pack("{s:s, s:o, s:o}", "number", made.number, "title", json_str(n->title),
                             "handler", json_str(handler.login)),
                   e));
    TRY(add_ours(d, who, made.id, n->opened_us, e));
    c.id = made.id;
    TRY(case_keep_phase(d, &c, e));
    *ret = made;
    return RC_OK;
}

static enum rc role_check(struct str role, struct err *e)
{
    static const char *const roles[] = {"reporter", "finder", "vendor", "coordinator", "observer"};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (str_eq(role, str_c(roles[i])))
            return RC_OK;
    return err_set(e, RC_INVALID,
                   "the role is one of reporter, finder, vendor, coordinator, observer");
}

enum rc vcase_add_participant(struct desk *d, const struct actor *who,
                              const struct participant_new *n, int64_t *ret_participant,
                              int64_t *ret_thread, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    char rm[2] = {n->rm, '\0'}, tag[TAG_SIZE];
    int64_t now = desk_now(d);
    TRY(role_check(n->role, e));
    struct participant_row p = {.case_id = n->case_id,
                                .joined_us = now,
                                .role = n->role,
                                .name = n->name,
                                .email = address_canon(a, n->email),
                                .rm = str_c(rm)};
    TRY(ops_participant_insert(d->db, &p, &p.id, e));
    TRY(desk_event(d, who, n->case_id, "participant.added",
                   json_pack("{s:I, s:o, s:o, s:o, s:s, s:b}", "participant", (json_int_t)p.id,
                             "role", json_str(p.role), "name", json_str(p.name), "email",
                             json_str(p.email), "rm", rm, "ours", 0),
                   e));
    tag_make(tag);
    struct thread_row t = {.case_id = n->case_id,
                           .participant_id = p.id,
                           .subject = n->subject,
                           .tag = str_c(tag),
                           .created_us = now};
    TRY(ops_thread_insert(d->db, &t, &t.id, e));
    TRY(desk_event(
        d, who, n->case_id, "thread.opened",
        json_pack("{s:I, s:I}", "thread", (json_int_t)t.id, "participant", (json_int_t)p.id), e));
    *ret_participant = p.id;
    *ret_thread = t.id;
    return RC_OK;
}
