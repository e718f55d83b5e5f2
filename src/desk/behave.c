/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From two readings of a policy to what the desk will do otherwise.  Runs in core; the readings are
 * those of desk/policy.c, their words a stranger's text.
 */
#include "desk/behave.h"

#include "base/when.h"

struct out {
    struct arena *a;
    struct behaviour *v;
    size_t n;
};

static void put(struct out *o, char op, struct str says, struct str desk)
{
    if (o->n < BEHAVIOUR_MAX)
        o->v[o->n++] = (struct behaviour){op, says, desk};
}

static struct str span(struct arena *a, int64_t us)
{
    AUTO(buf) struct buf b = BUF_INIT(100);
    when_span(&b, us);
    return arena_str(a, buf_str(&b));
}

/* The promises that this desk has a clock for. */
static const struct watched {
    enum policy_promise_kind kind;
    const char *setting, *time, *does;
} watched[] = {
    {PROMISE_ACKNOWLEDGE, "policy.acknowledge", "policy.acknowledge_within",
     "acknowledges every report at once"},
    {PROMISE_DETAIL, "policy.detail", "policy.detail_within",
     "starts a clock for the detailed answer"},
    {PROMISE_UPDATE, "policy.update", "policy.update_every", "starts a clock for news"},
};

static const struct watched *watched_of(enum policy_promise_kind k)
{
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        if (watched[i].kind == k)
            return &watched[i];
    return NULL;
}

static bool allowed(const struct settings *s, enum policy_promise_kind k)
{
    return k == PROMISE_ACKNOWLEDGE ? s->policy.acknowledge
           : k == PROMISE_DETAIL    ? s->policy.detail
                                    : s->policy.update;
}

static int64_t team_time(const struct settings *s, enum policy_promise_kind k)
{
    return k == PROMISE_ACKNOWLEDGE ? s->policy.acknowledge_within_us
           : k == PROMISE_DETAIL    ? s->policy.detail_within_us
                                    : s->policy.update_every_us;
}

static struct str desk_of_new(struct out *o, const struct settings *s, enum policy_promise_kind k,
                              const struct policy_promise *p)
{
    const struct watched *w = watched_of(k);
    if (w == NULL)
        return STR("Acknowledgements quote it; keeping it is the team's work.");
    if (!allowed(s, k))
        return arena_strf(o->a,
                          "This desk is configured not to (%s = no): no clock runs until that is "
                          "changed.",
                          w->setting);
    int64_t us = p->within_us ? p->within_us : team_time(s, k);
    struct str t = span(o->a, us);
    return arena_strf(o->a, "This desk %s: within %.*s, %s.", w->does, STR_ARG(t),
                      p->within_us ? "as the text says" : "the team's own time");
}

static void promise_comes(struct out *o, const struct settings *s, enum policy_promise_kind k,
                          const struct policy_promise *p)
{
    const struct watched *w = watched_of(k);
    put(o, w && !allowed(s, k) ? '!' : '+',
        arena_strf(o->a, "The new text promises: %s.", policy_promise_label(k)),
        desk_of_new(o, s, k, p));
}

static void promise_goes(struct out *o, const struct settings *s, enum policy_promise_kind k)
{
    const struct watched *w = watched_of(k);
    struct str says =
        arena_strf(o->a, "The new text no longer promises: %s.", policy_promise_label(k));
    if (w == NULL)
        put(o, '-', says, STR("Acknowledgements no longer quote it."));
    else if (allowed(s, k))
        put(o, '-', says,
            arena_strf(o->a,
                       "This desk is still configured to (%s = yes), but without the promise its "
                       "clock starts for no new report.",
                       w->setting));
    else
        put(o, '-', says, STR("This desk had no clock for it."));
}

static void promise_changes(struct out *o, const struct settings *s, enum policy_promise_kind k,
                            const struct policy_promise *was, const struct policy_promise *is)
{
    const struct watched *w = watched_of(k);
    if (was->within_us != is->within_us) {
        struct str old = was->within_us ? span(o->a, was->within_us) : STR("no stated time");
        struct str new = is->within_us ? span(o->a, is->within_us) : STR("no stated time");
        put(o, '~',
            arena_strf(o->a, "The time of this promise changes from %.*s to %.*s: %s.",
                       STR_ARG(old), STR_ARG(new), policy_promise_label(k)),
            w ? desk_of_new(o, s, k, is)
              : STR("This desk has no clock for it; keeping it is the team's work."));
    } else if (!str_eq(was->words, is->words)) {
        put(o, ' ', arena_strf(o->a, "Said in other words: %s.", policy_promise_label(k)),
            STR("This desk does the same; acknowledgements quote the new words."));
    }
}

static void promises(struct out *o, const struct settings *s, const struct policy *old,
                     const struct policy *new)
{
    static const struct policy_promise none = {.found = false};
    for (int i = 0; i < PROMISE_COUNT; i++) {
        enum policy_promise_kind k = (enum policy_promise_kind)i;
        const struct policy_promise *was = old ? &old->promises[k] : &none;
        const struct policy_promise *is = &new->promises[k];
        if (!was->found && is->found)
            promise_comes(o, s, k, is);
        else if (was->found && !is->found)
            promise_goes(o, s, k);
        else if (was->found)
            promise_changes(o, s, k, was, is);
    }
}

static bool has_contact(const struct policy *p, struct str address)
{
    for (size_t i = 0; p && i < p->n_contacts; i++)
        if (str_eq_nocase(p->contacts[i].address, address))
            return true;
    return false;
}

static bool ours(const struct settings *s, struct str address)
{
    for (size_t i = 0; i < s->desk.contact.n; i++)
        if (str_eq_nocase(s->desk.contact.v[i], address))
            return true;
    return false;
}

static void contacts(struct out *o, const struct settings *s, const struct policy *old,
                     const struct policy *new)
{
    for (size_t i = 0; i < new->n_contacts; i++) {
        struct str addr = new->contacts[i].address;
        if (has_contact(old, addr))
            continue;
        put(o, ours(s, addr) ? '+' : '!',
            arena_strf(o->a, "The new text names the address %.*s.", STR_ARG(addr)),
            ours(s, addr) ? STR("This desk takes reports there.")
                          : STR("This desk takes no reports there (desk.contact): who follows the "
                                "text would not reach it."));
    }
    for (size_t i = 0; old && i < old->n_contacts; i++) {
        struct str addr = old->contacts[i].address;
        if (!has_contact(new, addr))
            put(o, ours(s, addr) ? '!' : '-',
                arena_strf(o->a, "The new text no longer names the address %.*s.", STR_ARG(addr)),
                ours(s, addr) ? STR("This desk still takes reports there (desk.contact).")
                              : STR_NONE);
    }
}

static void embargo(struct out *o, const struct settings *s, const struct policy *old,
                    const struct policy *new)
{
    int64_t was = old ? old->embargo_us : 0, is = new->embargo_us;
    int64_t team = s->policy.default_embargo_us;
    if (was == is)
        return;
    struct str a = was ? span(o->a, was) : STR("none"), b = is ? span(o->a, is) : STR("none");
    int64_t now = is ? is : team;
    struct str t = now > 0 ? span(o->a, now) : STR("none");
    put(o, '~',
        arena_strf(o->a, "The stated embargo changes from %.*s to %.*s.", STR_ARG(a), STR_ARG(b)),
        arena_strf(o->a, "The desk proposes an embargo of %.*s with every new report%s.",
                   STR_ARG(t), !is && team > 0 ? " (policy.default_embargo)" : ""));
}

static void links(struct out *o, const struct policy *old, const struct policy *new)
{
    for (size_t i = 0; i < new->n_links; i++)
        if (!new->links[i].ok)
            put(o, '!',
                arena_strf(o->a, "Line %u links to #%.*s, which is no section.", new->links[i].line,
                           STR_ARG(new->links[i].anchor)),
                STR("The link goes nowhere on the public page."));
    for (size_t i = 0; old && i < old->n_sections; i++) {
        bool there = false;
        for (size_t k = 0; k < new->n_sections && !there; k++)
            there = str_eq(new->sections[k].anchor, old->sections[i].anchor);
        if (!there)
            put(o, '-',
                arena_strf(o->a, "The section #%.*s goes.", STR_ARG(old->sections[i].anchor)),
                STR("Links to it from elsewhere will show the top of the page."));
    }
}

enum rc behaviour_diff(struct arena *a, const struct settings *set, const struct policy *old,
                       const struct policy *new, struct behaviour **ret, size_t *ret_n,
                       struct err *e)
{
    struct out o = {.a = a, .v = arena_array(a, BEHAVIOUR_MAX, sizeof *o.v)};
    TRY(arena_ok(a, "a difference of behaviour", e));
    promises(&o, set, old, new);
    contacts(&o, set, old, new);
    embargo(&o, set, old, new);
    links(&o, old, new);
    if (o.n == 0)
        put(&o, ' ', STR("Nothing that the desk reads out of the policy changes."), STR_NONE);
    TRY(arena_ok(a, "a difference of behaviour", e));
    *ret = o.v;
    *ret_n = o.n;
    return RC_OK;
}
