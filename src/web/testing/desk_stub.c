/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in for desk/ in the tests of the routes.  Not part of the program.
 */
#include "desk_stub.h"

#include "desk/metrics.h"
#include "desk/advisory.h"
#include "desk/third.h"
#include "desk/reply.h"
#include "desk/throttle.h"
#include "desk/vcase.h"
#include "desk/webform.h"

struct stub stub;

int64_t desk_now(struct desk *d)
{
    (void)d;
    return FIXTURE_NOW;
}

enum rc desk_cmd(struct desk *d, const struct actor *who, struct str verb, const json_t *args,
                 json_t **ret, struct err *e)
{
    (void)d;
    stub.cmds++;
    stub.by = who->kind;
    snprintf(stub.verb, sizeof stub.verb, "%.*s", STR_ARG(verb));
    AUTO(mem) char *text = json_dumps(args, JSON_COMPACT);
    snprintf(stub.args, sizeof stub.args, "%s", text ? text : "");
    if (stub.fail != RC_OK)
        return err_set(e, stub.fail, "the rules say no");
    *ret = json_pack("{s:i}", "message", 104);
    return RC_OK;
}

enum rc session_find(struct desk *d, struct arena *a, struct str secret, struct session *ret,
                     struct err *e)
{
    (void)d, (void)a;
    bool team = str_eq(secret, STR(STUB_TEAM));
    if (!team && !str_eq(secret, STR(STUB_REPORTER)))
        return err_set(e, RC_NOTFOUND, "no session");
    *ret = (struct session){
        .actor = {.kind = team ? ACTOR_HANDLER : ACTOR_REPORTER, .login = STR("ada")},
        .name = STR("Ada Sommer"),
        .csrf = STR(STUB_CSRF),
    };
    return RC_OK;
}

enum rc session_end(struct desk *d, struct str secret, struct err *e)
{
    (void)d, (void)secret, (void)e;
    stub.ended++;
    return RC_OK;
}

static enum rc link_state(struct str secret, struct err *e)
{
    if (str_eq(secret, STR(STUB_LINK)))
        return RC_OK;
    if (str_eq(secret, STR(STUB_SPENT)))
        return err_set(e, RC_DENIED, "spent");
    return err_set(e, RC_NOTFOUND, "unknown");
}

static enum rc trade(struct str secret, const char *session, struct session_made *ret,
                     struct err *e)
{
    TRY(link_state(secret, e));
    stub.traded++;
    *ret = (struct session_made){.expires_us = FIXTURE_NOW + INT64_C(3600000000)};
    snprintf(ret->secret, sizeof ret->secret, "%s", session);
    return RC_OK;
}

enum rc people_signin_peek(struct desk *d, struct str secret, struct err *e)
{
    (void)d;
    return link_state(secret, e);
}

enum rc people_signin_trade(struct desk *d, struct str secret, struct session_made *ret,
                            struct err *e)
{
    (void)d;
    return trade(secret, STUB_TEAM, ret, e);
}

enum rc way_back_peek(struct desk *d, struct str secret, enum way_back_state *ret, struct err *e)
{
    (void)d;
    enum rc rc = link_state(secret, e);
    if (rc == RC_NOTFOUND)
        return rc;
    *ret = rc == RC_OK ? WAY_GOOD : WAY_SPENT;
    return RC_OK;
}

enum rc way_back_trade(struct desk *d, struct str secret, struct session_made *ret, struct err *e)
{
    (void)d;
    return trade(secret, STUB_REPORTER, ret, e);
}

enum rc way_back_renew(struct desk *d, struct str secret, struct err *e)
{
    (void)d, (void)secret, (void)e;
    stub.renewed++;
    return RC_OK;
}

enum rc people_list(struct desk *d, struct arena *a, struct account **ret, size_t *ret_n,
                    struct err *e)
{
    (void)d, (void)e;
    fixture_people(a, ret, ret_n);
    return RC_OK;
}

enum rc vcase_by_number(struct desk *d, struct str number, int64_t *ret_id, struct err *e)
{
    (void)d;
    if (!str_eq(number, STR("DEMO-2025-0012")))
        return err_set(e, RC_NOTFOUND, "no such case");
    *ret_id = 12;
    return RC_OK;
}

enum rc view_queue(struct desk *d, const struct actor *who, struct arena *a,
                   const struct queue_query *q, struct view_queue *ret, struct err *e)
{
    (void)d;
    TRY(actor_needs_team(who, e));
    if (q->state == QUEUE_STATES)
        return err_set(e, RC_INVALID, "there is no such state of a case");
    fixture_queue(a, ret);
    return RC_OK;
}

enum rc view_waiting(struct desk *d, const struct actor *who, int64_t *ret_n, bool *ret_more,
                     struct err *e)
{
    (void)d;
    TRY(actor_needs_team(who, e));
    *ret_n = 3;
    *ret_more = false;
    return RC_OK;
}

enum rc case_seen(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    (void)d, (void)who, (void)e;
    stub.seen = case_id;
    return RC_OK;
}

enum rc view_search(struct desk *d, const struct actor *who, struct arena *a, struct str query,
                    int64_t before, struct view_search *ret, struct err *e)
{
    (void)d, (void)before;
    TRY(actor_needs_team(who, e));
    *ret = (struct view_search){.number = STR_NONE, .now_us = FIXTURE_NOW};
    ret->empty = query.n == 0;
    if (str_eq(query, STR("DEMO-2025-0012")))
        ret->number = query;
    if (!ret->empty)
        fixture_search(a, ret);
    return RC_OK;
}

enum rc view_case(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                  struct view_case *ret, struct err *e)
{
    (void)d, (void)case_id;
    TRY(actor_needs_team(who, e));
    struct account *people;
    fixture_case_two(a, ret);
    fixture_people(a, &people, &ret->n_people);
    ret->people = people;
    ret->unseen = true;
    return RC_OK;
}

enum rc view_drafts(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                    struct view_draft **ret, size_t *ret_n, struct err *e)
{
    (void)d, (void)case_id, (void)a;
    TRY(actor_needs_team(who, e));
    *ret = NULL;
    *ret_n = 0;
    return RC_OK;
}

enum rc reply_compose(struct desk *d, const struct actor *who, struct arena *a,
                      const struct reply_new *r, struct reply_mail *ret, struct err *e)
{
    (void)d, (void)a;
    TRY(actor_needs_team(who, e));
    if (r->text.n == 0)
        return err_set(e, RC_INVALID, "the text is empty");
    *ret = (struct reply_mail){.to_name = STR("Mira Okafor"),
                               .to = STR("mira@research.example"),
                               .from_name = STR("Demo"),
                               .from = STR("security@desk.example"),
                               .subject = STR("Re: [DEMO-2025-0012] XSS"),
                               .text = arena_strf(a, "%.*s\n-- \nAda", STR_ARG(r->text))};
    return RC_OK;
}

enum rc view_held(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                  struct view_held *ret, struct err *e)
{
    (void)d, (void)state;
    TRY(actor_needs_team(who, e));
    fixture_held(a, ret);
    return RC_OK;
}

enum rc view_held_page(struct desk *d, const struct actor *who, struct arena *a,
                       const struct held_query *q, struct view_held *ret, struct err *e)
{
    TRY(view_held(d, who, a, q->state, ret, e));
    ret->more = true;
    ret->next = STR("5.301");
    return RC_OK;
}

enum rc view_held_one(struct desk *d, const struct actor *who, struct arena *a, int64_t message_id,
                      struct view_held_row *ret, struct err *e)
{
    struct view_held h;
    TRY(view_held(d, who, a, STR_NONE, &h, e));
    for (size_t i = 0; i < h.n; i++) {
        if (h.rows[i].message.id == message_id) {
            *ret = h.rows[i];
            return RC_OK;
        }
    }
    return err_set(e, RC_NOTFOUND, "no such message");
}

enum rc view_reporter(struct desk *d, const struct actor *who, struct arena *a,
                      struct view_reporter *ret, struct err *e)
{
    (void)d;
    if (who->kind != ACTOR_REPORTER)
        return err_set(e, RC_DENIED, "for the reporter");
    fixture_reporter(a, ret);
    return RC_OK;
}

enum rc actor_needs_team(const struct actor *a, struct err *e)
{
    if (a->kind == ACTOR_REPORTER)
        return err_set(e, RC_DENIED, "for the team");
    return RC_OK;
}

enum rc ops_route_list(struct db *db, struct arena *a, int64_t case_id, struct route_row **ret,
                       size_t *ret_n, struct err *e)
{
    (void)db, (void)case_id, (void)e;
    *ret = arena_array(a, 1, sizeof **ret);
    **ret = (struct route_row){.id = 1,
                               .changed_us = FIXTURE_NOW,
                               .component = STR("parser" STUB_HOSTILE),
                               .maintainer = STR("Them" STUB_HOSTILE),
                               .email = STR("a@x.example" STUB_HOSTILE),
                               .url = STR("javascript:alert(1)//" STUB_HOSTILE),
                               .source = STR("page" STUB_HOSTILE),
                               .source_date = STR("2026-11-25"),
                               .state = STR("asked")};
    *ret_n = 1;
    return RC_OK;
}

const char *third_state_text(struct str state, bool heard)
{
    (void)state, (void)heard;
    return "";
}

/* ---- advisories: one public, one on its way ---- */

static void stub_doc(struct adv_doc *d)
{
    static struct str affected[] = {{"< 2.6.1", 7}};
    static struct adv_credit thanks[] = {{{"Zo <i>", 6}, {"finder", 6}}};
    *d = (struct adv_doc){.c = {.title = STR("A <b>bold</b> hole"),
                                .body = STR("## Impact\n\n<script>alert(1)</script>\n"),
                                .affected = affected,
                                .n_affected = 1,
                                .credits = thanks,
                                .n_credits = 1},
                          .number = STR(STUB_ADVISORY),
                          .osv_id = STR("x_" STUB_ADVISORY),
                          .url = STR("https://desk.example/advisories/" STUB_ADVISORY),
                          .feed_url = STR("https://desk.example/advisories.atom"),
                          .published_us = FIXTURE_NOW,
                          .modified_us = FIXTURE_NOW};
}

enum rc view_advisory(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                      struct view_advisory *ret, struct err *e)
{
    static struct view_revision revisions[2];
    static struct view_credit credits[1];
    credits[0] = (struct view_credit){.id = 1,
                                      .name = STR("Zo" STUB_HOSTILE),
                                      .role = STR("finder"),
                                      .decision = STR("asked"),
                                      .email = STR("zo@x.example" STUB_HOSTILE)};
    (void)d, (void)who, (void)a, (void)e;
    *ret = (struct view_advisory){.case_id = case_id,
                                  .revision = 2,
                                  .case_number = STR("DEMO-2025-0012"),
                                  .case_title = STR("XSS <u>" STUB_HOSTILE),
                                  .credits = credits,
                                  .n_credits = 1,
                                  .state = STR("draft"),
                                  .revisions = revisions,
                                  .n_revisions = 2,
                                  .may_approve = true};
    stub_doc(&ret->doc);
    ret->doc.published_us = ret->doc.modified_us = 0;
    for (int i = 0; i < 2; i++)
        revisions[i] = (struct view_revision){.nth = i + 1,
                                              .title = i ? STR("A <b>bold</b> hole") : STR("Old"),
                                              .body = STR("Same\n"),
                                              .author = STR("handler:ada")};
    return RC_OK;
}

enum rc view_advisories(struct desk *d, const struct actor *who, struct arena *a,
                        struct view_advisory_row **ret, size_t *ret_n, struct err *e)
{
    (void)d, (void)who, (void)e;
    *ret = arena_array(a, 1, sizeof **ret);
    **ret = (struct view_advisory_row){.case_number = STR("DEMO-2025-0012"),
                                       .case_title = STR("XSS" STUB_HOSTILE),
                                       .state = STR("draft"),
                                       .title = STR("A hole" STUB_HOSTILE)};
    *ret_n = 1;
    return RC_OK;
}

enum rc view_public_advisory(struct desk *d, struct arena *a, struct str number,
                             struct adv_doc *ret, struct err *e)
{
    (void)d, (void)a;
    if (!str_eq(number, STR(STUB_ADVISORY)))
        return err_set(e, RC_NOTFOUND, "no such advisory");
    stub_doc(ret);
    return RC_OK;
}

enum rc view_public_advisories(struct desk *d, struct arena *a, struct adv_doc **ret, size_t *ret_n,
                               struct err *e)
{
    (void)d, (void)e;
    *ret = arena_array(a, 1, sizeof **ret);
    stub_doc(*ret);
    *ret_n = 1;
    return RC_OK;
}

enum rc view_reporter_credit(struct desk *d, const struct actor *who, struct arena *a,
                             struct view_credit *ret, struct err *e)
{
    (void)d, (void)who, (void)a, (void)e;
    *ret = (struct view_credit){.name = STR("Kim"), .decision = STR("asked")};
    return RC_OK;
}

enum rc desk_id(struct desk *d, struct arena *a, struct str *ret_id, struct err *e)
{
    (void)d, (void)a, (void)e;
    *ret_id = STR("00112233");
    return RC_OK;
}
/* ---- forms ---- */

enum rc webform_token_make(struct desk *d, const char *purpose, char ret[WEBFORM_TOKEN_SIZE],
                           struct err *e)
{
    (void)d, (void)e;
    snprintf(ret, WEBFORM_TOKEN_SIZE, STUB_TOKEN "-%s", purpose);
    return RC_OK;
}

enum rc webform_token_read(struct desk *d, const char *purpose, struct str token,
                           struct webform_token *ret, struct err *e)
{
    char want[WEBFORM_TOKEN_SIZE];
    TRY(webform_token_make(d, purpose, want, e));
    if (!str_eq(token, str_c(want)))
        return err_set(e, RC_INVALID, "no token of ours");
    *ret = (struct webform_token){.age_us = stub.age_us};
    snprintf(ret->secret, sizeof ret->secret, "%s", STUB_LINK);
    return RC_OK;
}

static void took(const struct webform_files *f)
{
    stub.taken++;
    stub.files = f->n;
    stub.bytes = f->n ? f->v[0].bytes.n : 0;
    struct str name = f->n ? f->v[0].name : STR_NONE;
    snprintf(stub.file, sizeof stub.file, "%.*s", STR_ARG(name));
}

enum rc webform_report(struct desk *d, const struct webform_report *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       struct err *e)
{
    (void)d, (void)t;
    if (stub.fail != RC_OK)
        return err_set(e, stub.fail, "the rules say no");
    took(&r->files);
    snprintf(stub.args, sizeof stub.args, "%.*s|%.*s|%.*s", STR_ARG(r->title), STR_ARG(r->name),
             STR_ARG(r->address));
    snprintf(ret_id, WEBFORM_ID_MAX, STUB_SPOOL);
    return RC_OK;
}

enum rc webform_answer(struct desk *d, const struct webform_answer *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       bool *ret_opens, struct err *e)
{
    (void)d, (void)t;
    if (stub.fail != RC_OK)
        return err_set(e, stub.fail, "the rules say no");
    took(&r->files);
    stub.by = r->who->kind;
    snprintf(stub.args, sizeof stub.args, "%.*s", STR_ARG(r->text));
    snprintf(ret_id, WEBFORM_ID_MAX, STUB_SPOOL);
    *ret_opens = stub.closed;
    return RC_OK;
}

enum rc webform_can_mail(struct desk *d, struct str secret, bool *ret, struct err *e)
{
    (void)d, (void)secret, (void)e;
    *ret = !stub.anonymous;
    return RC_OK;
}

enum rc webform_next_link(struct desk *d, const struct actor *who, char ret_secret[SECRET_SIZE],
                          struct err *e)
{
    (void)d, (void)who;
    if (!stub.anonymous)
        return err_set(e, RC_NOTFOUND, "links come by mail");
    snprintf(ret_secret, SECRET_SIZE, "%s", STUB_NEXT);
    return RC_OK;
}

enum rc webform_waits(struct desk *d, struct str secret, enum webform_wait *ret, struct err *e)
{
    (void)d, (void)secret, (void)e;
    *ret = stub.waits;
    return RC_OK;
}

enum rc webform_filing(struct desk *d, int64_t thread_id, int64_t *ret_n, struct err *e)
{
    (void)d, (void)thread_id, (void)e;
    *ret_n = stub.filing;
    return RC_OK;
}

enum rc throttle_take(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e)
{
    (void)d, (void)rule, (void)key, (void)e;
    stub.counted++;
    *ret = (struct throttle){.allowed = !stub.throttled, .wait_us = 90 * US_PER_S};
    return RC_OK;
}

enum rc throttle_peek(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e)
{
    (void)d, (void)rule, (void)key, (void)e;
    *ret = (struct throttle){.allowed = !stub.throttled, .wait_us = 90 * US_PER_S};
    return RC_OK;
}

struct str throttle_client(struct arena *a, struct str client)
{
    (void)a;
    return client;
}

/* ---- the own account ---- */

enum rc auth_signin(struct desk *d, const struct auth_try *t, struct session_made *ret,
                    int64_t *ret_wait_us, struct err *e)
{
    (void)d;
    snprintf(stub.client, sizeof stub.client, "%.*s", STR_ARG(t->client));
    if (stub.wait_us) {
        *ret_wait_us = stub.wait_us;
        return err_set(e, RC_BUSY, "too many tries");
    }
    if (!str_eq(t->login, STR("ada")) || !str_eq(t->password, STR(STUB_PASSWORD)))
        return err_set(e, RC_DENIED, "login or password is wrong");
    return trade(STR(STUB_LINK), STUB_TEAM, ret, e);
}

enum rc auth_signin_mail(struct desk *d, struct str login, struct str client, struct err *e)
{
    (void)d, (void)login, (void)client, (void)e;
    stub.ordered++;
    return RC_OK;
}

enum rc auth_account(struct desk *d, struct arena *a, const struct session *s,
                     struct auth_account *ret, struct err *e)
{
    (void)d, (void)s, (void)e;
    static struct auth_session sessions[2];
    sessions[0] = (struct auth_session){FIXTURE_NOW, FIXTURE_NOW, STR("link"), true};
    sessions[1] = (struct auth_session){FIXTURE_NOW, FIXTURE_NOW, STR("password"), false};
    struct account *people;
    size_t n;
    fixture_people(a, &people, &n);
    *ret = (struct auth_account){.a = people[0],
                                 .notify = STR("mine"),
                                 .has_password = true,
                                 .sessions = sessions,
                                 .n_sessions = 2};
    return RC_OK;
}

enum rc auth_change(struct desk *d, const struct session *s, struct str old, struct str fresh_one,
                    struct err *e)
{
    (void)d, (void)s;
    if (!str_eq(old, STR(STUB_PASSWORD)) || fresh_one.n < PASSWORD_MIN)
        return err_set(e, RC_DENIED, "the old password is wrong");
    stub.changed++;
    return RC_OK;
}

enum rc auth_leave(struct desk *d, const struct session *s, bool all, struct err *e)
{
    (void)d, (void)s, (void)e;
    stub.ended += all ? 2 : 1;
    return RC_OK;
}

enum rc metrics_text(struct desk *d, struct buf *b, struct err *e)
{
    buf_adds(b, "vulndesk_up_seconds 1\n");
    return RC_OK;
}

bool metrics_bearer_ok(const struct desk *d, struct str authorization)
{
    return str_eq(authorization, STR("Bearer stub"));
}

struct str view_event_text(struct arena *a, struct str kind, struct str payload)
{
    (void)a, (void)payload;
    return kind;
}
