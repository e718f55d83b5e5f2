/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy, and the pages in front of a session: each has one button, because a link in a mail is
 * fetched by scanners and previews, and a secret must not be spent by looking at it.  Runs in core.
 */
#include "web/page_public.h"

#include "web/markdown.h"
#include "web/templates.h"

#define ACTION_MAX 128

enum rc page_policy_write(const struct maker *m, struct page_frame frame,
                          const struct policy_in *in, struct buf *out, struct err *e)
{
    AUTO(buf) struct buf html = BUF_INIT(MARKDOWN_OUT_MAX);
    struct page_policy p = {.frame = frame, .answers = in->answers, .open = in->open};
    p.frame.title = STR("Security policy");
    p.frame.open = p.frame.listed = p.frame.at_policy = true;
    TRY(markdown_render(in->text, &html, &p.text, e));
    p.contacts = arena_array(m->a, in->n_contacts, sizeof *p.contacts);
    p.n_contacts = p.contacts ? in->n_contacts : 0;
    for (size_t i = 0; i < p.n_contacts; i++)
        p.contacts[i] = (struct contact_view){
            .address = in->contacts[i],
            .url = arena_strf(m->a, "mailto:%.*s", STR_ARG(in->contacts[i])),
        };
    tpl_policy(out, &p);
    return RC_OK;
}

/* Writes a page whose button posts to PREFIX SECRET SUFFIX. */
static void write_button(struct page_button *p, const char *prefix, struct str secret,
                         const char *suffix, struct buf *out)
{
    AUTO(buf) struct buf action = BUF_INIT(ACTION_MAX);
    buf_adds(&action, prefix);
    html_urlpart(&action, secret);
    buf_adds(&action, suffix);
    p->action = buf_str(&action);
    tpl_button(out, p);
}

void page_way_wait_write(struct page_frame frame, enum webform_wait wait, struct buf *out)
{
    bool held = wait == WEBFORM_HELD;
    struct page_button p = {.frame = frame,
                            .heading = held ? "A person looks at your report first"
                                            : "Your report is being filed"};
    p.frame.title = STR("Your report");
    p.frame.open = true;
    p.frame.refresh = !held;
    p.text = held ? STR("It is stored safely, but a program could not read all of it.")
                  : STR("It is stored safely. This takes a few seconds.");
    p.text2 = held ? STR("Please come back later with the same link; it stays good.")
                   : STR("The page looks again by itself.");
    tpl_button(out, &p);
}

void page_way_back_write(struct page_frame frame, const struct way_in *in, struct str secret,
                         struct buf *out)
{
    enum way_back_state state = in->state;
    struct page_button p = {.frame = frame};
    p.frame.title = STR("Your report");
    p.frame.open = true;
    switch (state) {
    case WAY_GOOD:
        p.heading = "Your report";
        p.text = STR("This link opens the page of your report: where it stands, what was written, "
                     "and a way to answer.");
        p.text2 = in->can_mail
                      ? STR("It works once. After that this browser remembers you, and you can "
                            "have a new link sent at any time.")
                      : STR("It works once. You get the next link at once: please have a place "
                            "ready to keep it.");
        p.label = "Open my report";
        write_button(&p, "/r/", secret, "", out);
        return;
    case WAY_SPENT:
    case WAY_EXPIRED:
        p.heading = state == WAY_SPENT ? "This link was used before" : "This link is too old";
        p.text = STR("If you used it yourself, the page is still open in that browser.");
        if (state == WAY_EXPIRED)
            p.text = STR("It was good for a limited time, and nobody used it.");
        if (!in->can_mail) {
            p.text2 =
                STR("You reported without an address, so we cannot send you another link. If "
                    "you were given a newer one, use that; otherwise nothing leads back to this "
                    "report. You can always report again.");
            tpl_button(out, &p);
            return;
        }
        p.text2 = STR("We can mail a new link to the address that the report came from.");
        p.again = STR_NONE;
        p.label = "Mail me a new link";
        write_button(&p, "/r/", secret, "/renew", out);
        return;
    case WAY_REVOKED:
        p.heading = "This link is no longer valid";
        p.text = STR("The team has withdrawn it. Please answer one of our mails instead.");
        tpl_button(out, &p);
        return;
    }
}

void page_renewed_write(struct page_frame frame, struct buf *out)
{
    struct page_button p = {.frame = frame, .heading = "A new link is on its way"};
    p.frame.title = STR("A new link");
    p.frame.open = true;
    p.text = STR("If there is a report behind that link, its address gets a mail within minutes.");
    p.text2 = STR("To spare your mailbox, we send at most one every ten minutes.");
    tpl_button(out, &p);
}

void page_signin_write(struct page_frame frame, struct str secret, struct buf *out)
{
    struct page_button p = {
        .frame = frame, .heading = "Sign in", .label = "Sign in on this device"};
    p.frame.title = STR("Sign in");
    p.text = STR("This link works once.");
    write_button(&p, "/signin/", secret, "", out);
}
