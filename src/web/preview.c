/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes each page with invented content into a directory, to be looked at in a browser.  A tool of
 * the build, not part of the program.
 *
 *     preview DIRECTORY
 */
#include <stdio.h>
#include <sys/stat.h>

#include "web/error_page.h"
#include "web/fixture.h"
#include "web/fixture_audit.h"
#include "web/fixture_backport.h"
#include "web/markdown.h"
#include "web/pages.h"
#include "web/page_account.h"
#include "web/page_audit.h"
#include "web/page_backport.h"
#include "web/page_public.h"
#include "web/templates.h"

static const char *dir;

static void save(const char *name, struct str s)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(s.p, 1, s.n, f) != s.n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void save_buf(const char *name, struct buf *b)
{
    BUG_ON(b->over);
    save(name, buf_str(b));
    buf_reset(b);
}

static void backport_pages(const struct maker *m, struct page_frame frame, const struct draft *none,
                           struct buf *out)
{
    struct view_backport v;
    struct view_lines lines;
    char name[64];
    fixture_backport(m->a, &v);
    page_backport_write(m, frame, &v, none, out);
    save_buf("backport.html", out);
    for (size_t i = 0; i < v.n_of; i++) {
        snprintf(name, sizeof name, "backport-line-%zu.html", i + 1);
        page_backport_line_write(m, frame, &v, i, none, out);
        save_buf(name, out);
    }
    page_backport_script_write(m, frame, &v, 0, none, out);
    save_buf("backport-script.html", out);
    page_backport_script_write(m, frame, &v, 1, none, out);
    save_buf("backport-script-binary.html", out);
    fixture_lines(m->a, &lines);
    page_lines_write(m, frame, &lines, out);
    save_buf("lines.html", out);
    page_mline_write(m, frame, &lines, &lines.lines[0], none, out);
    save_buf("lines-one.html", out);
}

static void staff_pages(const struct maker *m, struct buf *out)
{
    const struct page_frame frame = {
        .desk = m->desk, .user = STR("Ada Sommer"), .csrf = STR("csrf"), .held = 3};
    struct view_queue q;
    fixture_queue(m->a, &q);
    struct account *people;
    size_t n;
    fixture_people(m->a, &people, &n);
    struct queue_query asked = {.which = QUEUE_OPEN};
    struct queue_extra qx = {&asked, people, n, STR("ada")};
    q.more = true;
    q.next = STR("d.1.1");
    page_queue_write(m, frame, &q, &qx, out);
    save_buf("queue.html", out);
    q.n = 0;
    page_queue_write(m, frame, &q, &qx, out);
    save_buf("queue-empty.html", out);
    struct view_search found = {.number = STR_NONE};
    struct page_frame looking = frame;
    looking.q = STR("quarantine");
    fixture_search(m->a, &found);
    page_search_write(m, looking, &found, false, out);
    save_buf("search.html", out);

    struct case_extra extra = {.canned = NULL};
    struct view_case c;
    fixture_case(m->a, &c);
    c.people = people;
    c.n_people = n;
    struct page_frame done = frame;
    done.done = STR("The reply is on its way.");
    page_case_write(m, done, &c, &extra, out);
    save_buf("case.html", out);

    struct http_form typed = {.n_fields = 2};
    typed.fields[0] = (struct http_field){STR("login"), STR("tove")};
    typed.fields[1] = (struct http_field){STR("reason"), STR("On \"holiday\" from tomorrow")};
    extra.draft = (struct draft){"assign", &typed};
    fixture_case_two(m->a, &c);
    struct page_frame problem = frame;
    problem.problem = STR("Jun Arai is away until Monday.");
    page_case_write(m, problem, &c, &extra, out);
    save_buf("case-two.html", out);

    struct view_audit audit;
    struct audit_asked audited = {.show = AUDIT_SHOW_ALL};
    fixture_audit(m->a, &audit);
    page_audit_write(m, frame, &audit, &audited, out);
    save_buf("audit.html", out);
    page_audit_place_write(m, frame, &audit, 1, &audited, out);
    save_buf("audit-place.html", out);

    struct draft none = {0};
    backport_pages(m, frame, &none, out);

    struct view_held h;
    fixture_held(m->a, &h);
    struct held_query waiting = {.state = STR_NONE, .after = STR_NONE};
    struct http_form nothing = {0};
    page_held_write(m, frame, &h, &(struct held_extra){&waiting, &nothing}, out);
    save_buf("held.html", out);
    page_held_one_write(m, frame, &h.rows[0], &none, out);
    save_buf("held-one.html", out);
}

static void public_pages(const struct maker *m, struct buf *out)
{
    const struct page_frame frame = {.desk = m->desk, .open = true};
    struct err e = ERR_INIT;
    const struct str contacts[] = {STR("security@demo.example")};
    const struct policy_in in = {fixture_policy, contacts, 1, true, true};
    if (page_policy_write(m, frame, &in, out, &e) != RC_OK)
        exit(1);
    save_buf("policy.html", out);
    struct view_reporter r;
    fixture_reporter(m->a, &r);
    struct page_frame mine = frame;
    mine.csrf = STR("csrf");
    struct reporter_form f = {.draft = STR_NONE, .token = STR_NONE, .max_files = 20, .max_mb = 17};
    page_reporter_write(m, mine, &r, &f, out);
    save_buf("reporter.html", out);
    struct way_in way = {.state = WAY_GOOD, .can_mail = true};
    page_way_back_write(frame, &way, STR("secret"), out);
    save_buf("way-back.html", out);
    way.state = WAY_SPENT;
    page_way_back_write(frame, &way, STR("secret"), out);
    save_buf("way-back-spent.html", out);
    page_signin_write(frame, STR("secret"), out);
    save_buf("signin.html", out);
    const struct signin_in form = {.login = STR("ada"),
                                   .to = STR("/case/DEMO-2025-0012"),
                                   .refused = STR("Login or password is wrong."),
                                   .by_mail = true,
                                   .needed = true};
    page_signin_form_write(frame, &form, out);
    save_buf("signin-needed.html", out);
    error_page(out, 404, STR("There is no page of that name."));
    save_buf("error.html", out);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: preview DIRECTORY\n");
        return 2;
    }
    dir = argv[1];
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf out = BUF_INIT(HTTP_ANSWER_MAX);
    struct maker m = {.a = a, .now_us = FIXTURE_NOW, .desk = STR("Demo security desk")};
    staff_pages(&m, &out);
    public_pages(&m, &out);
    char path[512];
    snprintf(path, sizeof path, "%s/static", dir);
    mkdir(path, 0755);
    for (size_t i = 0; i < web_assets_n; i++)
        save(web_assets[i].path.p + 1, web_assets[i].bytes);
    return 0;
}
