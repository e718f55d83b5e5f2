/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground of the rules: units of work, actors, events, tasks, secrets, addresses.
 * Runs in core.
 * Input: arguments of team members and typed records of mails; each is checked where it enters.
 */
#include "desk/inside.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "desk/advisory.h"
#include "desk/clock.h"
#include "desk/erase.h"
#include "desk/notice.h"
#include "store/chain.h"

struct actor actor_cli(int64_t uid)
{
    return (struct actor){.kind = ACTOR_ADMIN, .uid = uid, .login = STR_NONE};
}

void actor_name(const struct actor *a, char dst[ACTOR_NAME_MAX])
{
    switch (a->kind) {
    case ACTOR_MACHINE:
        snprintf(dst, ACTOR_NAME_MAX, "machine");
        break;
    case ACTOR_REPORTER:
        snprintf(dst, ACTOR_NAME_MAX, "reporter:%lld", (long long)a->participant_id);
        break;
    case ACTOR_HANDLER:
    case ACTOR_ADMIN:
        if (a->login.n == 0)
            snprintf(dst, ACTOR_NAME_MAX, "cli:%lld", (long long)a->uid);
        else
            snprintf(dst, ACTOR_NAME_MAX, "handler:%.*s", STR_ARG(a->login));
        break;
    }
}

enum rc actor_needs_team(const struct actor *a, struct err *e)
{
    if (a->kind == ACTOR_REPORTER)
        return err_set(e, RC_DENIED, "only a member of the team may do this");
    return RC_OK;
}

enum rc actor_needs_admin(const struct actor *a, struct err *e)
{
    if (a->kind != ACTOR_ADMIN && a->kind != ACTOR_MACHINE)
        return err_set(e, RC_DENIED, "only an administrator may do this");
    return RC_OK;
}

enum rc desk_run(struct desk *d, desk_fn fn, void *arg, struct err *e)
{
    enum rc rc = RC_OK;
    /* Inside somebody's transaction a conflict is that one's to repeat. */
    bool nested = db_in_tx(d->db);
    for (int i = 0; i < DESK_TRIES; i++) {
        AUTO(tx) struct tx tx = TX_INIT;
        rc = tx_begin(d->db, &tx, e);
        if (rc == RC_OK)
            rc = fn(d, arg, e);
        if (rc == RC_OK)
            rc = tx_commit(&tx, e);
        if (nested || (rc != RC_BUSY && rc != RC_CONFLICT))
            return rc;
    }
    return rc;
}

int64_t desk_now(struct desk *d)
{
    return db_now_us(d->db);
}

enum rc desk_id(struct desk *d, struct arena *a, struct str *ret_id, struct err *e)
{
    return ops_meta_get(d->db, a, STR("desk"), ret_id, e);
}

enum rc desk_check_line(struct str s, size_t max, const char *what, struct err *e)
{
    if (str_trim(s).n == 0)
        return err_set(e, RC_INVALID, "%s is empty", what);
    if (s.n > max)
        return err_set(e, RC_LIMIT, "%s is longer than %zu bytes", what, max);
    if (!utf8_is_clean(s) || str_chr(s, '\n') != STR_NPOS || str_chr(s, '\t') != STR_NPOS)
        return err_set(e, RC_INVALID, "%s is not one line of plain text", what);
    return RC_OK;
}

enum rc desk_check_text(struct str s, size_t max, const char *what, struct err *e)
{
    if (str_trim(s).n == 0)
        return err_set(e, RC_INVALID, "%s is empty", what);
    if (s.n > max)
        return err_set(e, RC_LIMIT, "%s is longer than %zu bytes", what, max);
    if (!utf8_is_clean(s))
        return err_set(e, RC_INVALID, "%s is not plain text", what);
    return RC_OK;
}

/* ---- secrets ---- */

void secret_make(char ret[SECRET_SIZE])
{
    unsigned char raw[16];
    random_bytes(raw, sizeof(raw));
    AUTO(buf) struct buf b = BUF_INIT(SECRET_SIZE);
    base64url_add(&b, str_of(raw, sizeof(raw)));
    BUG_ON(b.over || b.n != SECRET_LEN);
    memcpy(ret, b.p, SECRET_LEN);
    ret[SECRET_LEN] = '\0';
}

void secret_hash(struct str secret, unsigned char ret[32])
{
    sha256(secret, ret);
}

bool secret_ok(struct str secret)
{
    for (size_t i = 0; i < secret.n; i++)
        if (!ascii_is_alnum(secret.p[i]) && secret.p[i] != '-' && secret.p[i] != '_')
            return false;
    return secret.n == SECRET_LEN;
}

void tag_make(char ret[TAG_SIZE])
{
    unsigned char raw[TAG_LEN / 2];
    random_bytes(raw, sizeof(raw));
    hex_put(ret, raw, sizeof(raw));
}

bool tag_ok(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (!ascii_is_digit(tag.p[i]) && (tag.p[i] < 'a' || tag.p[i] > 'f'))
            return false;
    return tag.n == TAG_LEN;
}

/* ---- addresses and Message-IDs ---- */

#define NOTICE_MARK "n"       /* in front of a notice's tag in an address */
#define NOTICE_MID  "notice." /* in front of it in a Message-ID */

static bool split(struct str addr, struct str *ret_local, struct str *ret_domain)
{
    size_t at = str_rchr(addr, '@');
    if (at == STR_NPOS)
        return false;
    *ret_local = str_sub(addr, 0, at);
    *ret_domain = str_sub(addr, at + 1, addr.n);
    return true;
}

void thread_address(const struct desk *d, struct str tag, struct buf *b)
{
    struct str local, domain;
    if (d->set->desk.contact.n == 0 || !split(d->set->desk.contact.v[0], &local, &domain))
        return;
    buf_addf(b, "%.*s+%.*s@%.*s", STR_ARG(local), STR_ARG(tag), STR_ARG(domain));
}

void notice_address(const struct desk *d, struct str tag, struct buf *b)
{
    struct str local, domain;
    if (d->set->desk.contact.n == 0 || !split(d->set->desk.contact.v[0], &local, &domain))
        return;
    buf_addf(b, "%.*s+" NOTICE_MARK "%.*s@%.*s", STR_ARG(local), STR_ARG(tag), STR_ARG(domain));
}

void notice_mid(const struct desk *d, struct str tag, struct buf *b)
{
    char random[TAG_SIZE];
    tag_make(random);
    buf_addf(b, NOTICE_MID "%.*s.%s@%.*s", STR_ARG(tag), random, STR_ARG(d->set->mail.hostname));
}

void thread_mid(const struct desk *d, struct str number, struct str tag, struct buf *b)
{
    char random[TAG_SIZE];
    tag_make(random);
    for (size_t i = 0; i < number.n; i++)
        buf_addc(b, ascii_lower(number.p[i]));
    buf_addf(b, ".%.*s.%s@%.*s", STR_ARG(tag), random, STR_ARG(d->set->mail.hostname));
}

/* Lower case, since relays may fold addresses; into dst, of TAG_SIZE. */
static bool tag_fold(struct str s, char dst[TAG_SIZE])
{
    if (s.n != TAG_LEN)
        return false;
    for (size_t i = 0; i < TAG_LEN; i++)
        dst[i] = ascii_lower(s.p[i]);
    dst[TAG_LEN] = '\0';
    return tag_ok(str_of(dst, TAG_LEN));
}

struct str mid_tag(const struct desk *d, struct str mid)
{
    struct str local, domain;
    char folded[TAG_SIZE];
    if (!split(mid, &local, &domain) || !str_eq_nocase(domain, d->set->mail.hostname))
        return STR_NONE;
    struct str rest = local, number, tag, random;
    if (!str_cut(&rest, '.', &number) || !str_cut(&rest, '.', &tag) ||
        !str_cut(&rest, '.', &random) || rest.n > 0)
        return STR_NONE;
    if (!vcase_number_ok(d->set->desk.prefix, number) || !tag_fold(tag, folded) ||
        !tag_fold(random, folded))
        return STR_NONE;
    return tag;
}

struct str address_tag(const struct desk *d, struct str addr)
{
    struct str local, domain;
    char folded[TAG_SIZE];
    if (!address_ours(d, addr) || !split(addr, &local, &domain))
        return STR_NONE;
    size_t plus = str_rchr(local, '+');
    struct str tag = plus == STR_NPOS ? STR_NONE : str_sub(local, plus + 1, local.n);
    return tag_fold(tag, folded) ? tag : STR_NONE;
}

struct str notice_mid_tag(const struct desk *d, struct str mid)
{
    struct str local, domain, tag;
    char folded[TAG_SIZE];
    if (!split(mid, &local, &domain) || !str_eq_nocase(domain, d->set->mail.hostname) ||
        !str_starts_nocase(local, STR(NOTICE_MID)))
        return STR_NONE;
    struct str rest = str_sub(local, sizeof(NOTICE_MID) - 1, local.n);
    return str_cut(&rest, '.', &tag) && tag_fold(tag, folded) && tag_fold(rest, folded) ? tag
                                                                                        : STR_NONE;
}

struct str notice_address_tag(const struct desk *d, struct str addr)
{
    struct str local, domain;
    char folded[TAG_SIZE];
    if (!address_ours(d, addr) || !split(addr, &local, &domain))
        return STR_NONE;
    size_t plus = str_rchr(local, '+');
    struct str detail = plus == STR_NPOS ? STR_NONE : str_sub(local, plus + 1, local.n);
    if (!str_starts_nocase(detail, STR(NOTICE_MARK)))
        return STR_NONE;
    struct str tag = str_sub(detail, sizeof(NOTICE_MARK) - 1, detail.n);
    return tag_fold(tag, folded) ? tag : STR_NONE;
}

bool address_ours(const struct desk *d, struct str addr)
{
    struct str local, domain, ours_local, ours_domain;
    if (!split(addr, &local, &domain))
        return false;
    for (size_t i = 0; i < d->set->desk.contact.n; i++) {
        struct str ours = d->set->desk.contact.v[i];
        if (address_same(addr, ours))
            return true;
        if (!split(ours, &ours_local, &ours_domain) || !str_eq_nocase(domain, ours_domain))
            continue;
        if (local.n > ours_local.n && local.p[ours_local.n] == '+' &&
            str_starts_nocase(local, ours_local))
            return true;
    }
    return false;
}

struct str address_canon(struct arena *a, struct str addr)
{
    struct str copy = arena_str(a, addr);
    size_t at = str_rchr(copy, '@');
    char *p = (char *)copy.p;
    for (size_t i = at == STR_NPOS ? copy.n : at; i < copy.n; i++)
        p[i] = ascii_lower(p[i]);
    return copy;
}

bool address_same(struct str a, struct str b)
{
    return a.n > 0 && str_eq_nocase(a, b);
}

/* ---- the store's side ---- */

enum rc desk_event(struct desk *d, const struct actor *who, int64_t case_id, const char *kind,
                   json_t *payload, struct err *e)
{
    AUTO(json) json_t *j = payload ? payload : json_object();
    char actor[ACTOR_NAME_MAX];
    actor_name(who, actor);
    TRY(event_append(d->db, case_id, kind, actor, j, e));
    return d->quiet ? RC_OK : notice_of_event(d, who, case_id, kind, j, e);
}

static enum rc run_clock(struct desk *d, int64_t subject, struct str arg, struct err *e)
{
    (void)arg;
    return clock_fire(d, subject, e);
}

static enum rc run_index(struct desk *d, int64_t subject, struct str arg, struct err *e)
{
    (void)subject;
    return search_index_step(d, arg, e);
}

static enum rc run_erase(struct desk *d, int64_t subject, struct str arg, struct err *e)
{
    (void)arg;
    return erase_run(d, subject, e);
}

static enum rc run_compact(struct desk *d, int64_t subject, struct str arg, struct err *e)
{
    (void)subject;
    (void)arg;
    return erase_compact(d, e);
}

static const struct {
    const char *kind;
    enum rc (*run)(struct desk *d, int64_t subject, struct str arg, struct err *e);
} tasks[] = {
    {"clock", run_clock}, {"compact", run_compact}, {"erase", run_erase},
    {"index", run_index}, {"notice", notice_run},   {"publish", advisory_task},
};
const char *const desk_task_kinds[] = {"clock",  "compact", "erase", "index",
                                       "notice", "publish", NULL};

enum rc desk_task_run(struct desk *d, struct str kind, int64_t subject, struct str arg,
                      struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        if (str_eq(kind, str_c(tasks[i].kind)))
            return tasks[i].run(d, subject, arg, e);
    return err_set(e, RC_INVALID, "a task of a kind that the desk does not know");
}
