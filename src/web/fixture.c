/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invented cases for the preview and the tests of the pages.  Not part of the program.  Among them
 * are texts that try to break a page: markup, bidi marks, very long words.
 */
#include "web/fixture.h"

#include "base/when.h"

#define NOW        FIXTURE_NOW
#define HOUR(n)    (NOW - (n)*US_PER_H)
#define LIST(a, v) list(a, v, sizeof v)

static void *list(struct arena *a, const void *v, size_t n)
{
    void *p = arena_alloc(a, n);
    BUG_ON(p == NULL);
    memcpy(p, v, n);
    return p;
}

static struct view_clock clock_at(int64_t id, const char *kind, int64_t due_us, const char *state)
{
    struct view_clock c = {
        .id = id,
        .thread_id = 1,
        .started_us = HOUR(30),
        .due_us = due_us,
        .kind = str_c(kind),
        .state = str_c(state),
        .source = STR("team"),
    };
    c.overdue = str_eq(c.state, STR("running")) && due_us < NOW;
    return c;
}

static struct view_queue_row row(int64_t id, const char *number, const char *title,
                                 const char *phase)
{
    return (struct view_queue_row){
        .id = id,
        .number = str_c(number),
        .title = str_c(title),
        .phase = str_c(phase),
        .handler = STR("ada"),
        .handler_name = STR("Ada Sommer"),
        .opened_us = HOUR(id * 7),
    };
}

void fixture_queue(struct arena *a, struct view_queue *q)
{
    struct view_queue_row rows[] = {
        row(1, "DEMO-2025-0012",
            "Stored XSS in the quarantine view: subject is written without escaping",
            "Acknowledged"),
        row(2, "DEMO-2025-0011", "Password reset token can be guessed from the time of request",
            "Confirmed"),
        row(3, "DEMO-2025-0009",
            "ACL bypass: \xe2\x80\xae"
            "gnp.exe <script>alert(1)</script> in a title",
            "Fix 2/3"),
        row(4, "DEMO-2025-0008",
            "Averyveryveryveryveryveryveryveryveryveryveryveryverylongwordwithoutanyspaces",
            "Scoped"),
        row(5, "DEMO-2025-0005", "Rate limit of the API is per process, not per user", "Received"),
        row(6, "DEMO-2025-0002", "Container image ships an outdated TLS library", "Received"),
    };
    rows[0].needs_answer = true;
    rows[0].unread = 2;
    rows[0].severity = STR("high");
    rows[0].next = clock_at(1, "detail", HOUR(3), "running");
    rows[0].escalated = 1;
    rows[1].severity = STR("critical");
    rows[1].handler = STR("tove");
    rows[1].handler_name = STR("Tove Lindqvist");
    rows[1].next = clock_at(2, "update", NOW + 5 * US_PER_H, "running");
    rows[1].failed = 1;
    rows[2].severity = STR("medium");
    rows[2].next = clock_at(3, "update", NOW + 3 * US_PER_DAY, "running");
    rows[2].held = 2;
    rows[3].waiting = true;
    rows[3].handler = STR("tove");
    rows[3].handler_name = STR("Tove Lindqvist");
    rows[4].needs_answer = true;
    rows[4].unread = 1;
    rows[4].severity = STR("low");
    rows[4].next = clock_at(5, "acknowledge", NOW + 40 * US_PER_MIN, "running");
    rows[5].exit = STR("Needs information");
    *q = (struct view_queue){
        .rows = LIST(a, rows),
        .n = ARRAY_LEN(rows),
        .now_us = NOW,
        .open = 6,
        .mine = 4,
        .overdue = 1,
        .held = 3,
    };
}

void fixture_search(struct arena *a, struct view_search *s)
{
    struct search_case cases[] = {
        {.case_id = 12,
         .number = STR("DEMO-2025-0012"),
         .title = STR("Stored XSS in the quarantine view: subject is written without escaping"),
         .n_places = 1,
         .more = 2},
        {.title = STR("Your <b>quarantine</b> report"), .number = STR_NONE, .n_places = 1},
    };
    cases[0].places[0] = (struct search_place){.message_id = 101,
                                               .at_us = HOUR(30),
                                               .who = STR("Nils <script>"),
                                               .direction = STR("in"),
                                               .state = STR("ok"),
                                               .before = STR("Hello, the "),
                                               .hit = STR("quarantine"),
                                               .after = STR(" view writes <b>the subject</b>")};
    cases[1].places[0] = cases[0].places[0];
    cases[1].places[0].message_id = 301;
    s->cases = LIST(a, cases);
    s->n = ARRAY_LEN(cases);
    s->next = 99;
}

static const char report_text[] =
    "Hello,\n\n"
    "the quarantine view writes the subject of a held mail into the page without escaping it.\n"
    "Tested on 2025-09, image of last week:\n\n"
    "    Subject: <img src=x onerror=alert(document.domain)>\n\n"
    "Steps:\n"
    "1. Send a mail with that subject which the filter holds back.\n"
    "2. Log in as a user, open Quarantine.\n"
    "3. The script runs in the session of that user.\n\n"
    "I think data/web/js/site/quarantine.js line 38 is the place:\n\n"
    "    return '<td>' + item.subject + '</td>';\n\n"
    "A screen shot and a proof of concept are attached. I would like to be credited as\n"
    "\"Mira Okafor\". I have told nobody else and can wait 90 days.\n\n"
    "Kind regards\nMira\n";

static const char ack_text[] =
    "Hello Mira Okafor,\n\n"
    "your report arrived and is stored safely. Its number is DEMO-2025-0012.\n\n"
    "What happens next, in the words of our policy: \"They will assign it to a primary "
    "handler.\"\n\n"
    "You can follow it without an account through the private link below.\n";

static const char reply_text[] =
    "Hello Mira,\n\nthank you, that is a very clear report. We could repeat it on the current\n"
    "release and on the one before.\n\nOne question: does it also run when the user reads the\n"
    "notification mail, or only in the view?\n\nAda\n";

static const char answer_text[] = "Only in the view, the mail is sent as plain text.\n\n"
                                  "> Hello Mira,\n>\n> thank you, that is a very clear report. We "
                                  "could repeat it on the current\n"
                                  "> release and on the one before.\n>\n> One question: does it "
                                  "also run when the user reads the\n"
                                  "> notification mail, or only in the view?\n>\n> Ada\n\nMira\n";

static void report_message(struct arena *a, struct view_message *m)
{
    const struct view_attachment files[] = {
        {.id = 1,
         .part = 2,
         .size = 183204,
         .name = STR("quarantine-xss.png"),
         .type = STR("image/png"),
         .sha256 = STR("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")},
        {.id = 2,
         .part = 3,
         .size = 1204,
         .name = STR("poc.eml"),
         .type = STR("message/rfc822"),
         .sha256 = STR("60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"),
         .damaged = true},
    };
    *m = (struct view_message){
        .id = 101,
        .thread_id = 1,
        .blob_id = 1,
        .received_us = HOUR(31),
        .direction = STR("in"),
        .state = STR("ok"),
        .from_name = STR("Mira Okafor"),
        .from_addr = STR("mira@research.example"),
        .subject = STR("Stored XSS in the quarantine view"),
        .body = str_c(report_text),
        .trust = STR("dmarc"),
        .ack = STR("sent"),
        .attachments = LIST(a, files),
        .n_attachments = ARRAY_LEN(files),
    };
}

static struct view_thread main_thread(struct arena *a)
{
    struct view_message m[4] = {0};
    report_message(a, &m[0]);
    const struct view_outbox sent[] = {{.id = 1,
                                        .attempt = 1,
                                        .state = STR("sent"),
                                        .changed_us = HOUR(30),
                                        .rcpt = STR("mira@research.example")}};
    const struct view_outbox failed[] = {
        {.id = 2,
         .attempt = 1,
         .code = 550,
         .state = STR("failed"),
         .changed_us = HOUR(6),
         .rcpt = STR("mira@research.example"),
         .answer = STR("550 5.7.1 <mira@research.example>: Recipient address rejected: greylisted "
                       "too often, see https://mx.example/why")}};
    m[1] = (struct view_message){.id = 102,
                                 .received_us = HOUR(31) + 2 * US_PER_S,
                                 .direction = STR("auto"),
                                 .state = STR("ok"),
                                 .subject =
                                     STR("[DEMO-2025-0012] Re: Stored XSS in the quarantine view"),
                                 .body = str_c(ack_text),
                                 .outbox = LIST(a, sent),
                                 .n_outbox = 1};
    m[2] = (struct view_message){.id = 103,
                                 .received_us = HOUR(6),
                                 .direction = STR("out"),
                                 .state = STR("ok"),
                                 .author = STR("Ada Sommer"),
                                 .subject =
                                     STR("[DEMO-2025-0012] Re: Stored XSS in the quarantine view"),
                                 .body = str_c(reply_text),
                                 .outbox = LIST(a, failed),
                                 .n_outbox = 1};
    m[3] = (struct view_message){
        .id = 104,
        .received_us = HOUR(2),
        .direction = STR("in"),
        .state = STR("ok"),
        .blob_id = 3,
        .from_name = STR("Mira Okafor"),
        .from_addr = STR("mira@research.example"),
        .subject = STR("Re: [DEMO-2025-0012] Re: Stored XSS in the quarantine view"),
        .body = str_c(answer_text),
        .trust = STR("tag"),
        .ack = STR_NONE};
    return (struct view_thread){.id = 1,
                                .participant_id = 1,
                                .created_us = HOUR(31),
                                .subject = STR("Stored XSS in the quarantine view"),
                                .name = STR("Mira Okafor"),
                                .email = STR("mira@research.example"),
                                .role = STR("reporter"),
                                .messages = LIST(a, m),
                                .n_messages = 4};
}

static void clocks_of(struct arena *a, struct view_case *c)
{
    struct view_clock clocks[] = {
        clock_at(1, "acknowledge", HOUR(29), "met"),
        clock_at(2, "detail", HOUR(3), "running"),
        clock_at(3, "update", NOW + 6 * US_PER_DAY, "running"),
    };
    clocks[0].met_us = HOUR(31) + 2 * US_PER_S;
    clocks[0].source = STR("policy");
    clocks[0].words = STR("The team will acknowledge your email as soon as possible.");
    c->clocks = LIST(a, clocks);
    c->n_clocks = ARRAY_LEN(clocks);
}

void fixture_case(struct arena *a, struct view_case *c)
{
    const struct view_message notes[] = {
        {.id = 110,
         .received_us = HOUR(9),
         .direction = STR("note"),
         .state = STR("ok"),
         .author = STR("Tove Lindqvist"),
         .body = STR("The same helper is used in the log view. Check it before we scope this.")}};
    const struct view_event events[] = {{.id = 1,
                                         .seq = 1,
                                         .at_us = HOUR(31),
                                         .actor = STR("machine"),
                                         .kind = STR("case.opened"),
                                         .number = STR("DEMO-2025-0012")},
                                        {.id = 2,
                                         .seq = 2,
                                         .at_us = HOUR(31),
                                         .actor = STR("machine"),
                                         .kind = STR("case.handler"),
                                         .number = STR("DEMO-2025-0012")},
                                        {.id = 3,
                                         .seq = 3,
                                         .at_us = HOUR(30),
                                         .actor = STR("machine"),
                                         .kind = STR("mail.sent"),
                                         .number = STR("DEMO-2025-0012")},
                                        {.id = 4,
                                         .seq = 4,
                                         .at_us = HOUR(6),
                                         .actor = STR("handler:ada"),
                                         .kind = STR("message.out"),
                                         .number = STR("DEMO-2025-0012")},
                                        {.id = 5,
                                         .seq = 5,
                                         .at_us = HOUR(3),
                                         .actor = STR("machine"),
                                         .kind = STR("case.escalated"),
                                         .number = STR("DEMO-2025-0010")}};
    const struct view_participant people[] = {
        {.id = 1,
         .role = STR("reporter"),
         .name = STR("Mira Okafor"),
         .email = STR("mira@research.example"),
         .rm_word = STR("accepted")},
        {.id = 2, .role = STR("vendor"), .rm_word = STR("valid"), .ours = true}};
    const struct view_fact facts[] = {
        {STR("acknowledged"), STR("yes")},
        {STR("evidence"), STR("Repeated on 2025-09 and 2025-07 by Ada")}};
    const struct view_thread threads[] = {main_thread(a)};
    const struct str aliases[] = {STR("DEMO-2025-0010")};
    const struct view_audit_part parts[] = {
        {.part = 7,
         .line = 216,
         .path = STR("web/inc/log_view.php"),
         .affected_summary = STR("2025-07 to 2025-09 (3 releases)"),
         .state = "open, in releases"},
        {.part = 8,
         .line = 3,
         .repo = STR("portal"),
         .path = STR("<b>lib</b>.php"),
         .state = "open"}};
    *c = (struct view_case){
        .id = 12,
        .number = STR("DEMO-2025-0012"),
        .title = STR("Stored XSS in the quarantine view: subject is written without escaping"),
        .severity = STR("high"),
        .phase = STR("Confirmed"),
        .phase_name = STR("confirmed"),
        .rm = STR("V"),
        .rm_word = STR("valid"),
        .em = STR("A"),
        .em_word = STR("active"),
        .cs = STR("Vfdpxa"),
        .embargo_until_us = NOW + 60 * US_PER_DAY,
        .handler = STR("ada"),
        .handler_name = STR("Ada Sommer"),
        .opened_us = HOUR(31),
        .changed_us = HOUR(2),
        .now_us = NOW,
        .escalated = 1,
        .aliases = LIST(a, aliases),
        .n_aliases = 1,
        .audit = {.state = STR("answered"),
                  .summary = STR("9 places: 2 same flaw, 7 safe"),
                  .joined = 2,
                  .signed_off = true},
        .backport = {.state = STR("answered"), .summary = STR("2 of 3 lines ready")},
        .parts = LIST(a, parts),
        .n_parts = ARRAY_LEN(parts),
        .facts = LIST(a, facts),
        .n_facts = 2,
        .participants = LIST(a, people),
        .n_participants = 2,
        .threads = LIST(a, threads),
        .n_threads = 1,
        .notes = LIST(a, notes),
        .n_notes = 1,
        .events = LIST(a, events),
        .n_events = ARRAY_LEN(events)};
    clocks_of(a, c);
}

void fixture_case_two(struct arena *a, struct view_case *c)
{
    fixture_case(a, c);
    const struct view_message second[] = {
        {.id = 201,
         .received_us = HOUR(20),
         .direction = STR("in"),
         .state = STR("ok"),
         .blob_id = 2,
         .from_name = STR("</strong><script>alert(1)</script>"),
         .from_addr = STR("anon@mail.example"),
         .trust = STR("none"),
         .subject = STR("XSS \xe2\x80\xae"
                        "fdp.tiolpxe"),
         .ack = STR("withheld: the sender asked for none"),
         .encrypted = true,
         .body = STR(
             "I found XSS in quarantine, javascript:alert(1). \xe2\x80\x8b"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "\nPlease reply.")}};
    const struct view_message held[] = {
        {.id = 301,
         .received_us = HOUR(1),
         .direction = STR("in"),
         .state = STR("held"),
         .blob_id = 4,
         .from_name = STR("Someone"),
         .from_addr = STR("someone@else.example"),
         .trust = STR("none"),
         .subject = STR("Re: [DEMO-2025-0012]"),
         .hold_reason =
             STR("It quotes the number of this case, but comes from nobody who takes part."),
         .body = STR("Any news about this one? When will you publish?")}};
    struct view_thread threads[2] = {c->threads[0],
                                     {.id = 2,
                                      .participant_id = 3,
                                      .waiting_us = HOUR(12),
                                      .created_us = HOUR(20),
                                      .name = STR("anonymous finder"),
                                      .email = STR("anon@mail.example"),
                                      .role = STR("finder"),
                                      .subject = STR("XSS"),
                                      .messages = LIST(a, second),
                                      .n_messages = 1}};
    c->threads = LIST(a, threads);
    c->n_threads = 2;
    c->held = LIST(a, held);
    c->n_held = 1;
    c->should_end_embargo = true;
}

void fixture_held(struct arena *a, struct view_held *h)
{
    struct view_held_row rows[3] = {0};
    rows[0].message = (struct view_message){
        .id = 301,
        .blob_id = 9,
        .received_us = HOUR(1),
        .direction = STR("in"),
        .state = STR("held"),
        .from_name = STR("Someone"),
        .from_addr = STR("someone@else.example"),
        .trust = STR("none"),
        .subject = STR("Re: [DEMO-2025-0012] any news?"),
        .hold_reason = STR("It quotes the number of a case, but comes from nobody who takes part."),
        .body = STR("Any news about this one? When will you publish?")};
    rows[0].number = STR("DEMO-2025-0012");
    rows[1].message = (struct view_message){
        .id = 302,
        .received_us = HOUR(5),
        .direction = STR("in"),
        .state = STR("quarantined"),
        .from_addr = STR("bot@scanner.example"),
        .trust = STR("none"),
        .hold_reason = STR("The parser ended twice over it; only the raw bytes are known.")};
    rows[2].message = (struct view_message){.id = 303,
                                            .received_us = HOUR(50),
                                            .direction = STR("in"),
                                            .state = STR("spam"),
                                            .from_name = STR("Prize Office"),
                                            .from_addr = STR("win@prize.example"),
                                            .trust = STR("none"),
                                            .subject = STR("You have won!!!"),
                                            .hold_reason = STR("The mail server calls it spam.")};
    *h = (struct view_held){.rows = LIST(a, rows), .n = 3, .now_us = NOW};
}

void fixture_reporter(struct arena *a, struct view_reporter *r)
{
    struct view_case c;
    fixture_case(a, &c);
    *r = (struct view_reporter){.case_id = 12,
                                .thread_id = 1,
                                .now_us = NOW,
                                .opened_us = HOUR(31),
                                .number = STR("DEMO-2025-0012"),
                                .phase = STR("Confirmed"),
                                .embargo = STR("active until 2026-01-24 15:00 UTC"),
                                .thread = c.threads[0],
                                .clocks = c.clocks,
                                .n_clocks = c.n_clocks};
}

void fixture_people(struct arena *a, struct account **ret, size_t *ret_n)
{
    const struct account people[] = {
        {.id = 1, .login = STR("ada"), .name = STR("Ada Sommer"), .active = true},
        {.id = 2, .login = STR("tove"), .name = STR("Tove Lindqvist"), .active = true},
        {.id = 3, .login = STR("jun"), .name = STR("Jun Arai"), .active = true, .away = true}};
    *ret = LIST(a, people);
    *ret_n = ARRAY_LEN(people);
}

static const char policy_text[] =
    "# Security policy of the Demo project\n\n"
    "How to report a problem, and what we do then.\n\n"
    "  * [Reporting a Vulnerability](#reporting-a-vulnerability)\n"
    "  * [What we do](#what-we-do)\n"
    "  * [Comments on this policy](#comments-on-this-policy)\n\n"
    "## Reporting a Vulnerability\n\n"
    "Please write to `security at demo.example`. We acknowledge your mail as soon as possible and\n"
    "send a more detailed answer afterwards, with the next steps.\n\n"
    "    security at demo.example\n\n"
    "Problems in third-party modules belong to **their** maintainers; see\n"
    "[our list](https://demo.example/modules).\n\n"
    "## What we do\n\n"
    "  1. Confirm the problem and find the affected versions.\n"
    "  2. Look for similar problems.\n"
    "  3. Make fixes for all releases that are still maintained.\n\n"
    "| version | maintained |\n|---|---|\n| 2025-09 | yes |\n| 2025-07 | yes |\n| older | no |\n\n"
    "> We do not take legal action against people who follow this policy.\n\n"
    "## Comments on this policy\n\nSend a pull request.\n";
const struct str fixture_policy = {policy_text, sizeof policy_text - 1};
