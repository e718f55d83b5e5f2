/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report form and the page that shows a private link.  Runs in core.  What was typed is shown
 * to nobody but who typed it.
 */
#include "web/page_form.h"

#include "web/templates.h"
#include "web/views_form.h"

void page_new_write(const struct maker *m, struct page_frame frame, const struct new_in *in,
                    struct buf *out)
{
    static const struct http_form none = {.n_fields = 0};
    const struct http_form *f = in->typed ? in->typed : &none;
    struct page_new p = {
        .frame = frame,
        .token = in->token,
        .title = http_form_get(f, NEW_TITLE),
        .description = http_form_get(f, NEW_DESCRIPTION),
        .steps = http_form_get(f, NEW_STEPS),
        .version = http_form_get(f, NEW_VERSION),
        .name = http_form_get(f, NEW_NAME),
        .address = http_form_get(f, NEW_ADDRESS),
        .again = in->again,
        .max_files = HTTP_FORM_FILES,
        .max_mb = in->max_mb,
    };
    p.frame.title = STR("Report a vulnerability");
    p.frame.open = p.frame.at_report = true;
    p.contacts = arena_array(m->a, in->n_contacts, sizeof *p.contacts);
    p.n_contacts = p.contacts ? in->n_contacts : 0;
    for (size_t i = 0; i < p.n_contacts; i++)
        p.contacts[i] = (struct contact_view){
            .address = in->contacts[i],
            .url = arena_strf(m->a, "mailto:%.*s", STR_ARG(in->contacts[i])),
        };
    tpl_new(out, &p);
}

static const struct {
    const char *heading, *lead, *text, *text2, *label;
} link_words[] = {
    [LINK_REPORTED] = {"We have your report", "Thank you. It is stored safely.",
                       "The link opens the page of your report: where it stands, what we answer, "
                       "and a way to write again.",
                       "It works once; later you can have new ones mailed. Whoever has it can read "
                       "the report.",
                       "Open my report"},
    [LINK_REPORTED_ANONYMOUS] = {"We have your report", "Thank you. It is stored safely.",
                                 "Please copy the link now: it is shown only here. You gave no "
                                 "address, so it is the only way to our answers, and nobody can "
                                 "send it again.",
                                 "Each link works once; when you open it, you get the next one. "
                                 "Whoever has it can read the report.",
                                 "Open my report"},
    [LINK_NEXT] = {"Your next private link", "The link you came with has now been used.",
                   "Please copy this one before you go on: it is shown only here, and it is the "
                   "only way back once this browser forgets you.",
                   "", "Go on to my report"},
    [LINK_REOPENED] = {"We have your words",
                       "Your earlier case is closed, so they opened a new "
                       "one that is linked to it.",
                       "This link opens the page of the new case. Please copy it: it is shown only "
                       "here.",
                       "", "Open the new case"},
};

void page_link_write(const struct maker *m, struct page_frame frame, const struct link_in *in,
                     struct buf *out)
{
    struct page_link p = {
        .frame = frame,
        .heading = link_words[in->why].heading,
        .lead = str_c(link_words[in->why].lead),
        .text = str_c(link_words[in->why].text),
        .text2 = str_c(link_words[in->why].text2),
        .label = str_c(link_words[in->why].label),
        .link = arena_strf(m->a, "%.*s/r/%.*s", STR_ARG(in->base), STR_ARG(in->secret)),
        .path = in->why == LINK_NEXT ? STR("/report")
                                     : arena_strf(m->a, "/r/%.*s", STR_ARG(in->secret)),
    };
    p.frame.title = str_c(p.heading);
    p.frame.open = true;
    if (in->why == LINK_REPORTED && in->mails)
        p.lead = STR("Thank you. It is stored safely. An acknowledgement with its number is on the "
                     "way to the address you gave.");
    tpl_link(out, &p);
}
