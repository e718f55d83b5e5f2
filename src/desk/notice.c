/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the team by mail that something happened, without a word of what.
 * Runs in core; what desk_event tells of becomes a task, and the task writes the mails.
 * Input: our own rows. Of a case only its number is ever used here.
 */
#include "desk/notice.h"

#include "base/when.h"
#include "desk/clock.h"
#include "desk/letter.h"
#include "mime/mail.h"
#include "store/ops_clock.h"
#include "store/ops_message.h"
#include "store/ops_notice.h"
#include "store/ops_people.h"
#include "store/task.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

static const struct {
    const char *name, *subject, *words, *path; /* path: behind /case/NUMBER, or from the root */
    bool desk;                                 /* about the desk, whatever case it came from */
} kinds[NOTICE_KINDS] = {
    [NOTICE_REPORT] = {"report", "New report", "A new report has become a case.", "", false},
    [NOTICE_REPLY] = {"reply", "New message", "A participant of this case has written.", "", false},
    [NOTICE_NEAR] = {"near", "A promised time is near",
                     "A time that was promised to a reporter is near its end.", "", false},
    [NOTICE_ESCALATED] = {"escalated", "A promised time was missed",
                          "A time that was promised to a reporter is over, without an answer.", "",
                          false},
    [NOTICE_HANDOVER] = {"handover", "Another primary handler",
                         "This case has another primary handler now.", "", false},
    [NOTICE_FAILED] = {"failed", "A mail was not delivered",
                       "A mail of this case could not be delivered.", "", false},
    [NOTICE_HELD] = {"held", "Mail waits for a person",
                     "Mail has arrived that a person has to look at.", "/held", true},
    [NOTICE_ADVISORY] = {"advisory", "An advisory waits",
                         "The advisory of this case waits for a second person.", "/advisory",
                         false},
    [NOTICE_AUDIT] = {"audit", "An audit waits",
                      "The audit of this case is decided and waits for a second person.", "/audit",
                      false},
    [NOTICE_PROPOSAL] = {"proposal", "A change of the policy is proposed",
                         "Somebody proposes a change of the security policy.", "/policy", true},
    [NOTICE_MANY] = {"many", "More than we write about",
                     "So much happens now that no more mails are written for an hour.\n"
                     "Please look at the list of cases.",
                     "/", true},
};

const char *notice_kind_name(enum notice_kind k)
{
    return k < NOTICE_KINDS ? kinds[k].name : "?";
}

/* ---- ordering ---- */

static bool on(const struct desk *d)
{
    return d->set->mail.notices && d->set->mail.outgoing == OUTGOING_ON;
}

/* extra: the login that had the case, the level of an escalation. */
static enum rc order(struct desk *d, const struct actor *who, enum notice_kind k, int64_t case_id,
                     struct str extra, struct err *e)
{
    if (!on(d))
        return RC_OK;
    AUTO(buf) struct buf arg = BUF_INIT(200);
    char key[16 + TAG_SIZE] = "notice:";
    tag_make(key + strlen(key));
    buf_addf(&arg, "%s %lld %.*s", kinds[k].name, (long long)who->account_id, STR_ARG(extra));
    TRY(buf_ok(&arg, "a notice", e));
    struct task_new t = {.kind = "notice",
                         .key = str_c(key),
                         .lane = LANE_MAIL,
                         .subject = case_id,
                         .arg = buf_str(&arg),
                         .fair = STR_NONE};
    return task_add(d->db, &t, NULL, e);
}

enum rc notice_team(struct desk *d, const struct actor *who, enum notice_kind k, int64_t case_id,
                    struct err *e)
{
    BUG_ON(k >= NOTICE_KINDS);
    return order(d, who, k, case_id, STR_NONE, e);
}

static struct str text_of(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return str_c(s ? s : "");
}

enum rc notice_of_event(struct desk *d, const struct actor *who, int64_t case_id, const char *event,
                        const json_t *payload, struct err *e)
{
    struct str ev = str_c(event);
    if (str_eq(ev, STR("case.opened")))
        return order(d, who, NOTICE_REPORT, case_id, STR_NONE, e);
    if (str_eq(ev, STR("message.in")))
        return who->kind == ACTOR_REPORTER ? order(d, who, NOTICE_REPLY, case_id, STR_NONE, e)
                                           : RC_OK;
    if (str_eq(ev, STR("case.handler")))
        return order(d, who, NOTICE_HANDOVER, case_id, text_of(payload, "from"), e);
    if (str_eq(ev, STR("case.escalated"))) {
        bool all = json_integer_value(json_object_get(payload, "level")) >= ESCALATED_TEAM;
        return order(d, who, NOTICE_ESCALATED, case_id, all ? STR("all") : STR_NONE, e);
    }
    if (str_eq(ev, STR("mail.failed")))
        return order(d, who, NOTICE_FAILED, case_id, STR_NONE, e);
    if (str_eq(ev, STR("message.held")) || str_eq(ev, STR("message.quarantined")))
        return order(d, who, NOTICE_HELD, case_id, STR_NONE, e);
    return RC_OK;
}

enum rc notice_near(struct desk *d, int64_t clock_id, int64_t started_us, int64_t due_us,
                    struct err *e)
{
    int64_t lead = (due_us - started_us) / NOTICE_NEAR_SHARE;
    if (lead > NOTICE_NEAR_US)
        lead = NOTICE_NEAR_US;
    if (!on(d) || d->quiet || lead < d->set->mail.notice_pause_us)
        return RC_OK;
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, "near:%lld:%lld", (long long)clock_id, (long long)due_us);
    struct task_new t = {.kind = "notice",
                         .key = buf_str(&key),
                         .lane = LANE_CLOCKS,
                         .subject = clock_id,
                         .arg = STR("clock"),
                         .fair = STR_NONE,
                         .due_us = due_us - lead,
                         .again = true};
    return task_add(d->db, &t, NULL, e);
}

/* ---- one mail ---- */

struct told {
    enum notice_kind kind;
    int64_t actor; /* account that caused it, 0 = none */
    int64_t also;  /* account that it concerns besides the handler, 0 = none */
    bool all;      /* it concerns everybody */
    int64_t case_id, handler;
    struct str number;
};

static enum rc render(struct desk *d, const struct told *k, const struct account_row *r,
                      struct buf *text, struct err *e)
{
    AUTO(buf) struct buf link = BUF_INIT(1024);
    AUTO(buf) struct buf account = BUF_INIT(1024);
    struct str staff = d->set->desk.staff_url;
    letter_link(staff, "/account", "", &account);
    if (kinds[k->kind].desk)
        letter_link(staff, kinds[k->kind].path, "", &link);
    else if (staff.n)
        buf_addf(&link, "%.*s/case/%.*s%s", STR_ARG(staff), STR_ARG(k->number),
                 kinds[k->kind].path);
    TRY(buf_ok(&link, "a link", e));
    bool yours = !kinds[k->kind].desk && k->handler == r->id;
    struct text_value v[] = {
        {"desk", d->set->desk.name},
        {"name", r->name},
        {"what", str_c(kinds[k->kind].words)},
        {"number", kinds[k->kind].desk ? STR_NONE : k->number},
        {"yours", yours ? STR("yes") : STR_NONE},
        {"link", buf_str(&link)},
        {"account", buf_str(&account)},
    };
    return texts_render(d->texts, TEXT_NOTICE, v, ARRAY_LEN(v), text, e);
}

static enum rc write_mail(struct desk *d, const struct told *k, const struct account_row *r,
                          struct notice_row *n, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(TEXT_RENDER_MAX);
    AUTO(buf) struct buf subject = BUF_INIT(400);
    int64_t message, outbox;
    struct str tagged = kinds[k->kind].desk ? d->set->desk.name : k->number;
    buf_addf(&subject, "[%.*s] %s", STR_ARG(tagged), kinds[k->kind].subject);
    TRY(buf_ok(&subject, "a subject", e));
    TRY(render(d, k, r, &text, e));
    struct letter l = {.kind = "notice",
                       .number = STR_NONE,
                       .to_name = r->name,
                       .to = r->email,
                       .subject = buf_str(&subject),
                       .text = buf_str(&text),
                       .in_reply_to = STR_NONE,
                       .automatic = true,
                       .notice_tag = n->tag,
                       .account_id = r->id};
    TRY(letter_put(d, &machine, &l, &message, &outbox, e));
    n->sent_us = desk_now(d);
    n->waits = false;
    return ops_notice_mark(d->db, n, e);
}

static enum rc row_of(struct desk *d, struct arena *a, const struct account_row *r,
                      enum notice_kind kind, int64_t case_id, struct notice_row *ret, struct err *e)
{
    char tag[TAG_SIZE];
    tag_make(tag);
    struct notice_row n = {.account_id = r->id,
                           .case_id = kinds[kind].desk ? 0 : case_id,
                           .kind = str_c(kinds[kind].name),
                           .tag = arena_str(a, str_c(tag)),
                           .created_us = desk_now(d)};
    enum rc rc = ops_notice_of(d->db, a, &n, ret, e);
    if (rc != RC_NOTFOUND)
        return rc;
    TRY(ops_notice_insert(d->db, &n, &n.id, e));
    *ret = n;
    return RC_OK;
}

static int64_t pause_of(const struct desk *d, enum notice_kind k)
{
    if (k == NOTICE_MANY)
        return US_PER_H;
    int64_t pause = d->set->mail.notice_pause_us;
    return k == NOTICE_HELD && pause < NOTICE_HELD_US ? NOTICE_HELD_US : pause;
}

/* One more is to follow when the pause is over. */
static enum rc put_off(struct desk *d, struct notice_row *n, int64_t due_us, struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, "notice-later:%lld:%lld", (long long)n->id, (long long)due_us);
    struct task_new t = {.kind = "notice",
                         .key = buf_str(&key),
                         .lane = LANE_MAIL,
                         .subject = n->id,
                         .arg = STR("later"),
                         .fair = STR_NONE,
                         .due_us = due_us};
    n->waits = true;
    TRY(task_add(d->db, &t, NULL, e));
    return ops_notice_mark(d->db, n, e);
}

/* Too many this hour: *ret_over, and the one mail that says so is written when it is the first. */
static enum rc flooded(struct desk *d, struct arena *a, const struct account_row *r, bool *ret_over,
                       struct err *e)
{
    int64_t count, now = desk_now(d);
    TRY(ops_mail_count(d->db, STR("notice"), r->email, now - US_PER_H, &count, e));
    *ret_over = count >= NOTICE_HOUR_MAX;
    if (count != NOTICE_HOUR_MAX)
        return RC_OK;
    struct told many = {.kind = NOTICE_MANY, .number = STR_NONE};
    struct notice_row n;
    TRY(row_of(d, a, r, NOTICE_MANY, 0, &n, e));
    if (n.sent_us && now - n.sent_us < US_PER_H)
        return RC_OK;
    return write_mail(d, &many, r, &n, e);
}

static enum rc tell(struct desk *d, struct arena *a, const struct told *k,
                    const struct account_row *r, struct err *e)
{
    struct notice_row n;
    bool over;
    TRY(row_of(d, a, r, k->kind, k->case_id, &n, e));
    int64_t again = n.sent_us + pause_of(d, k->kind);
    if (n.sent_us && desk_now(d) < again)
        return n.waits ? RC_OK : put_off(d, &n, again, e);
    TRY(flooded(d, a, r, &over, e));
    return over ? RC_OK : write_mail(d, k, r, &n, e);
}

/* ---- whom ---- */

static bool reachable(const struct desk *d, const struct account_row *r, int64_t now_us)
{
    bool away = r->away_until_us > now_us && r->away_from_us <= now_us;
    /* A mail to ourselves would come back as one from outside. */
    return r->active && !away && letter_can_go(r->email) && !address_ours(d, r->email) &&
           !str_eq(r->notify, STR("none"));
}

static bool wants(const struct told *k, const struct account_row *r)
{
    return str_eq(r->notify, STR("team")) || k->all || r->id == k->handler || r->id == k->also;
}

static enum rc tell_all(struct desk *d, struct arena *a, const struct told *k, struct err *e)
{
    struct account_row *r;
    size_t n;
    int64_t now = desk_now(d);
    TRY(ops_account_list(d->db, a, &r, &n, e));
    struct told it = *k;
    bool somebody = !kinds[k->kind].desk;
    for (size_t i = 0; i < n && !somebody; i++)
        somebody = reachable(d, &r[i], now) && wants(k, &r[i]);
    it.all = k->all || !somebody;
    for (size_t i = 0; i < n; i++)
        if (r[i].id != k->actor && reachable(d, &r[i], now) && wants(&it, &r[i]))
            TRY(tell(d, a, &it, &r[i], e));
    return RC_OK;
}

static enum rc load_case(struct desk *d, struct arena *a, struct told *k, struct err *e)
{
    struct case_row c;
    k->number = STR_NONE;
    if (k->case_id == 0)
        return RC_OK;
    TRY(ops_case_get(d->db, a, k->case_id, &c, e));
    k->handler = c.handler_id;
    k->number = c.number;
    return RC_OK;
}

static bool kind_of(struct str name, enum notice_kind *ret)
{
    for (int i = 0; i < NOTICE_KINDS; i++)
        if (str_eq(name, str_c(kinds[i].name))) {
            *ret = (enum notice_kind)i;
            return true;
        }
    return false;
}

/* ---- the task ---- */

struct run {
    int64_t subject;
    struct str arg;
};

static enum rc run_now(struct desk *d, const struct run *p, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct str rest = p->arg, name = STR_NONE, actor = STR_NONE;
    struct told k = {.case_id = p->subject};
    uint64_t id;
    (void)str_cut(&rest, ' ', &name);
    (void)str_cut(&rest, ' ', &actor);
    if (!kind_of(name, &k.kind))
        return err_set(e, RC_INVALID, "a notice of a kind that the desk does not know");
    TRY(num_parse(actor, 0, INT64_MAX, "account", &id, e));
    k.actor = (int64_t)id;
    TRY(load_case(d, a, &k, e));
    if (k.kind == NOTICE_HANDOVER && rest.n) {
        struct account_row from;
        TRY(ops_account_by_login(d->db, a, rest, &from, e));
        k.also = from.id;
    }
    if (k.kind == NOTICE_ESCALATED) {
        k.all = str_eq(rest, STR("all"));
        TRY(people_peek(d, k.handler, &k.also, e));
    }
    return tell_all(d, a, &k, e);
}

/* What happened during a pause; nothing when it is settled meanwhile or nobody is there. */
static enum rc run_later(struct desk *d, const struct run *p, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct notice_row n;
    struct account_row r;
    int64_t waiting = 1;
    struct told k = {.number = STR_NONE};
    TRY(ops_notice_get(d->db, a, p->subject, &n, e));
    if (!n.waits || !kind_of(n.kind, &k.kind))
        return RC_OK;
    TRY(ops_account_get(d->db, a, n.account_id, &r, e));
    if (k.kind == NOTICE_HELD)
        TRY(ops_notice_waiting(d->db, &waiting, e));
    n.waits = false;
    TRY(ops_notice_mark(d->db, &n, e));
    if (waiting == 0 || !reachable(d, &r, desk_now(d)))
        return RC_OK;
    k.case_id = n.case_id;
    TRY(load_case(d, a, &k, e));
    return tell(d, a, &k, &r, e);
}

static enum rc run_clock(struct desk *d, const struct run *p, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row c;
    TRY(ops_clock_get(d->db, a, p->subject, &c, e));
    int64_t left = c.due_us - desk_now(d);
    /* Put off meanwhile: its new due time has a task of its own. */
    if (!str_eq(c.state, STR("running")) || left <= 0 || left > NOTICE_NEAR_US)
        return RC_OK;
    struct told k = {.kind = NOTICE_NEAR, .case_id = c.case_id};
    TRY(load_case(d, a, &k, e));
    return tell_all(d, a, &k, e);
}

static enum rc run_tx(struct desk *d, void *arg, struct err *e)
{
    const struct run *p = arg;
    if (str_eq(p->arg, STR("later")))
        return run_later(d, p, e);
    if (str_eq(p->arg, STR("clock")))
        return run_clock(d, p, e);
    return run_now(d, p, e);
}

enum rc notice_run(struct desk *d, int64_t subject, struct str arg, struct err *e)
{
    struct run p = {subject, arg};
    if (!on(d))
        return RC_OK;
    return desk_run(d, run_tx, &p, e);
}
