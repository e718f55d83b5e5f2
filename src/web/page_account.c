/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sign-in form and the page of one's own account.  Runs in core; a login that was typed comes
 * back as it came, a password never does.
 */
#include "web/page_account.h"

#include "web/templates.h"
#include "web/views_account.h"

void page_signin_form_write(struct page_frame frame, const struct signin_in *in, struct buf *out)
{
    struct page_signin p = {
        .frame = frame,
        .refused = in->refused,
        .login = in->login,
        .to = in->to,
        .by_mail = in->by_mail,
        .again = in->needed ? in->to : STR_NONE,
    };
    p.frame.title = STR("Please sign in");
    p.lead = "This page is for the team.";
    tpl_signin(out, &p);
}

void page_signin_ordered_write(struct page_frame frame, struct buf *out)
{
    struct page_button p = {.frame = frame, .heading = "Look into your mail"};
    p.frame.title = STR("A link is on its way");
    p.text = STR("If the desk knows that login, a link to sign in goes to its address now.");
    p.text2 = STR("It works once. A new one can be ordered every five minutes.");
    tpl_button(out, &p);
}

static void sessions_fill(const struct maker *m, const struct auth_account *me,
                          struct page_account *p)
{
    p->sessions = arena_array(m->a, me->n_sessions, sizeof *p->sessions);
    p->n_sessions = p->sessions ? me->n_sessions : 0;
    for (size_t i = 0; i < p->n_sessions; i++) {
        const struct auth_session *s = &me->sessions[i];
        p->sessions[i] = (struct session_view){
            .how = str_eq(s->how, STR("password")) ? STR("with the password") : STR("with a link"),
            .since = time_view_of(m, s->created_us),
            .until = time_view_of(m, s->expires_us),
            .here = s->here,
        };
        p->elsewhere = p->elsewhere || !s->here;
    }
}

/* "the old one is wrong" as a sentence. */
static struct str sentence(const struct maker *m, struct str s)
{
    if (s.n == 0)
        return s;
    char first = s.p[0] >= 'a' && s.p[0] <= 'z' ? (char)(s.p[0] - 32) : s.p[0];
    return arena_strf(m->a, "%c%.*s.", first, STR_ARG(str_sub(s, 1, s.n)));
}

static struct str typed(const struct draft *d, const char *name)
{
    bool ours = d->form && strcmp(d->form, "away") == 0;
    return ours ? http_form_get(d->typed, name) : STR_NONE;
}

void page_account_write(const struct maker *m, struct page_frame frame, const struct account_in *in,
                        struct buf *out)
{
    const struct auth_account *me = in->me;
    struct page_account p = {
        .frame = frame,
        .refused = sentence(m, in->refused),
        .name = me->a.name,
        .login = me->a.login,
        .email = me->a.email,
        .role = str_eq(me->a.role, STR("admin")) ? STR("administrator") : me->a.role,
        .has_password = me->has_password,
        .needs_old = me->has_password && !me->fresh,
        .locked = !me->has_password && !me->fresh,
        .by_mail = in->by_mail,
        .minimum = arena_strf(m->a, "%d", PASSWORD_MIN),
        .all = str_eq(me->notify, STR("team")),
        .mine = str_eq(me->notify, STR("mine")),
        .none = str_eq(me->notify, STR("none")),
        .notices = in->notices,
        .away = me->a.away,
        .planned = !me->a.away && me->a.away_until_us > m->now_us,
        .away_from = time_view_of(m, me->a.away_from_us),
        .away_until = time_view_of(m, me->a.away_until_us),
        .from = typed(in->draft, "from"),
        .until = typed(in->draft, "until"),
    };
    p.frame.title = STR("Your account");
    p.frame.at_account = true;
    sessions_fill(m, me, &p);
    tpl_account(out, &p);
}
