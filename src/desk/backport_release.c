/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ready line given out: the desk writes the commit, the keys role signs it, the engine packs it.
 * Runs in core.
 * Input: forms and commands of the team, hostile; what the engine answers, a stranger's texts: the
 * desk signs only what it put together itself.
 */
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"
#include "desk/backport_inside.h"
#include "desk/sshsig.h"
#include "engine/backport/release.h"
#include "store/ops_release.h"

#define AUTHOR_MAX 4000 /* bytes of "NAME <ADDRESS> SECONDS ZONE" */
#define DATE_MAX   12   /* digits of SECONDS */
#define BRANCH_MAX 250
#define BRANCH_TOP "refs/heads/vulndesk/"

static const struct actor machine = ACTOR_INIT_MACHINE;

static bool is(struct str s, const char *what)
{
    return str_eq(s, str_c(what));
}

/* ---- ordered ---- */

struct order {
    const struct actor *who;
    const struct backport_release *n;
    char author[ACTOR_NAME_MAX];
};

/* What the project calls a line as a part of a branch's name; the number keeps two apart that look
 * the same then. */
static struct str branch_of(struct arena *a, struct str number, const struct backport_line_row *r)
{
    AUTO(buf) struct buf b = BUF_INIT(BRANCH_MAX);
    bool same = true;
    buf_addf(&b, BRANCH_TOP "%.*s/", STR_ARG(number));
    for (size_t i = 0; i < r->name.n; i++) {
        char c = r->name.p[i];
        bool dot = c == '.' && i > 0 && i + 1 < r->name.n && r->name.p[i - 1] != '.';
        bool fine = ascii_is_alnum(c) || c == '_' || (c == '-' && i > 0) || dot;
        buf_addc(&b, fine ? c : '-');
        same = same && fine;
    }
    if (!same || str_ends(r->name, STR(".lock")))
        buf_addf(&b, "-%lld", (long long)r->id);
    return arena_str(a, buf_str(&b));
}

static enum rc order_line(struct desk *d, struct arena *a, const struct order *k,
                          const struct open_case *oc, const struct backport_line_row *r,
                          struct err *e)
{
    struct release_row row = {.nth = 0};
    enum rc rc = ops_release_get(d->db, a, r->id, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    int64_t nth = row.nth + 1, old = row.blob_id;
    if (is(row.state, "asked") || is(row.state, "signed"))
        return err_set(e, RC_CONFLICT, "its bundle is under way already");
    row = (struct release_row){.line_id = r->id,
                               .nth = nth,
                               .entire = k->n->entire,
                               .state = STR("asked"),
                               .made = r->made,
                               .branch = branch_of(a, oc->c.number, r),
                               .asked_by = str_c(k->author),
                               .asked_us = desk_now(d)};
    row.failure = row.object = row.commit = STR_NONE;
    TRY(ops_release_put(d->db, &row, e));
    TRY(sealed_drop(d, a, old, e));
    TRY(desk_job_order(d, BACKPORT_RELEASE_JOB, r->id, nth, e));
    json_t *p = json_object();
    json_put_str(p, "line", r->name);
    json_put_str(p, "settled", r->made);
    json_put_bool(p, "entire", row.entire);
    return desk_event(d, k->who, oc->c.id, "backport.release_asked", p, e);
}

static bool may_go(const struct standing *s, const struct backport_line_row *r)
{
    return s->ready && r->made.n > 0 &&
           (s->decision == BACKPORT_ACCEPTED || s->decision == BACKPORT_EDITED);
}

static enum rc is_out(struct desk *d, struct arena *a, const struct backport_line_row *r, bool *ret,
                      struct err *e)
{
    struct release_row row;
    enum rc rc = ops_release_get(d->db, a, r->id, &row, e);
    *ret = rc == RC_OK && row.state.n && !is(row.state, "failed") && str_eq(row.made, r->made);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc order_tx(struct desk *d, void *arg, struct err *e)
{
    const struct order *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct open_case oc;
    struct backport_row row;
    struct backport_line_row *lines, *named = NULL;
    struct run_row *runs;
    size_t n, n_runs, ordered = 0;
    TRY(case_load_open(d, a, k->n->case_id, &oc, e));
    if (k->n->entire && (oc.v.cs & CS_P) == 0)
        return err_set(e, RC_CONFLICT,
                       "the flaw is not public: the message goes out without what tells of it");
    TRY(ops_backport_of_case(d->db, a, oc.c.id, &row, e));
    TRY(ops_backport_lines(d->db, a, row.id, true, &lines, &n, e));
    TRY(ops_runs_bare(d->db, a, oc.c.id, BACKPORT_RUNS_MAX, &runs, &n_runs, e));
    if (k->n->line.n)
        TRY(backport_line_find(lines, n, k->n->line, &named, e));
    for (size_t i = 0; i < n; i++) {
        struct standing s = backport_standing(&lines[i], runs, n_runs);
        bool out = false;
        if (!lines[i].wanted || (named && named != &lines[i]))
            continue;
        if (named && !may_go(&s, named))
            return err_set(e, RC_CONFLICT,
                           "the line is not ready: it has to be settled, and its tests have to "
                           "pass or be done without");
        if (!named)
            TRY(is_out(d, a, &lines[i], &out, e));
        if (out || !may_go(&s, &lines[i]))
            continue;
        TRY(order_line(d, a, k, &oc, &lines[i], e));
        ordered++;
    }
    return ordered ? RC_OK
                   : err_set(e, RC_CONFLICT, "no line is ready that was not given out already");
}

enum rc backport_release(struct desk *d, const struct actor *who, const struct backport_release *n,
                         struct err *e)
{
    struct order k = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    if (who->kind == ACTOR_MACHINE)
        return err_set(e, RC_DENIED, "a person gives a line out");
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    actor_name(who, k.author);
    return desk_run(d, order_tx, &k, e);
}

enum rc backport_release_end(struct desk *d, struct arena *a, int64_t line_id, struct err *e)
{
    struct release_row row;
    enum rc rc = ops_release_get(d->db, a, line_id, &row, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && row.state.n == 0))
        return RC_OK;
    TRY(rc);
    int64_t blob = row.blob_id;
    row.state = row.failure = row.made = row.object = row.commit = STR_NONE;
    row.blob_id = row.given_us = 0;
    TRY(ops_release_put(d->db, &row, e));
    return sealed_drop(d, a, blob, e);
}

/* ---- the commit ---- */

struct signer {
    struct str name, email;
};

static struct signer signer_of(const struct desk *d)
{
    return (struct signer){d->set->desk.name, d->set->desk.contact.n ? d->set->desk.contact.v[0]
                                                                     : STR("vulndesk@localhost")};
}

enum rc backport_signers(struct desk *d, struct buf *b, struct err *e)
{
    if (d->sign_key == NULL)
        return err_set(e, RC_BUSY, "the desk's key is not known yet");
    return sshsig_signer(d->sign_key, signer_of(d).email, b, e);
}

/* "NAME <ADDRESS> SECONDS ZONE" and nothing else: it becomes a line of the head. */
static bool author_ok(struct str s)
{
    size_t open = str_chr(s, '<'), close = str_rchr(s, '>');
    struct str date, zone;
    if (!utf8_is_clean(s) || str_chr(s, '\n') != STR_NPOS || open == STR_NPOS ||
        close == STR_NPOS || close < open || str_rchr(s, '<') != open || str_chr(s, '>') != close)
        return false;
    zone = str_sub(s, close + 1, s.n);
    if (!str_starts(zone, STR(" ")))
        return false;
    zone = str_sub(zone, 1, zone.n);
    if (!str_cut(&zone, ' ', &date) || date.n == 0 || date.n > DATE_MAX || zone.n != 5 ||
        (zone.p[0] != '+' && zone.p[0] != '-'))
        return false;
    for (size_t i = 0; i < date.n; i++)
        if (!ascii_is_digit(date.p[i]))
            return false;
    for (size_t i = 1; i < zone.n; i++)
        if (!ascii_is_digit(zone.p[i]))
            return false;
    return true;
}

static void add_name(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= ' ' && s.p[i] != '<' && s.p[i] != '>')
            buf_addc(b, s.p[i]);
}

static enum rc write_commit(struct desk *d, const struct backport_line_row *r, struct str author,
                            struct str message, struct buf *ret, struct err *e)
{
    struct signer us = signer_of(d);
    buf_addf(ret, "tree %.*s\nparent %.*s\nauthor %.*s\ncommitter ", STR_ARG(r->tree),
             STR_ARG(r->base), STR_ARG(author));
    add_name(ret, us.name);
    buf_adds(ret, " <");
    add_name(ret, us.email);
    buf_addf(ret, "> %lld +0000\n\n", (long long)(desk_now(d) / US_PER_S));
    buf_add(ret, str_trim(message));
    buf_addc(ret, '\n');
    return buf_ok(ret, "the commit", e);
}

/* git counts with SHA-256 where ids have 64 digits. */
static bool is_long(struct str id)
{
    return id.n == 2 * SHA256_LEN;
}

static enum rc sign(struct desk *d, bool with_sha256, struct str object, struct buf *ret,
                    struct err *e)
{
    AUTO(buf) struct buf asked = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf sig = BUF_INIT(SSHSIG_SIG_LEN);
    AUTO(buf) struct buf key = BUF_INIT(SSHSIG_MAX);
    AUTO(buf) struct buf armor = BUF_INIT(SSHSIG_MAX);
    if (d->calls.sign == NULL || d->sign_key == NULL)
        return err_set(e, RC_BUSY, "nobody is there to sign");
    TRY(sshsig_asked(SSHSIG_GIT, object, &asked, e));
    TRY(d->calls.sign(d->calls.arg, buf_str(&asked), &sig, &key, e));
    TRY(sshsig_armor(SSHSIG_GIT, d->sign_key, buf_str(&sig), &armor, e));
    return sshsig_commit(object, with_sha256 ? "gpgsig-sha256" : "gpgsig", buf_str(&armor), ret, e);
}

static enum rc commit_id(bool with_sha256, struct str object, char ret[SHA256_HEX], struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(RELEASE_OBJECT_MAX + 100);
    unsigned char digest[SHA256_LEN];
    buf_addf(&b, "commit %zu", object.n);
    buf_addc(&b, '\0');
    buf_add(&b, object);
    TRY(buf_ok(&b, "the commit", e));
    if (with_sha256)
        sha256(buf_str(&b), digest);
    else
        sha1(buf_str(&b), digest);
    hex_put(ret, digest, with_sha256 ? SHA256_LEN : SHA1_LEN);
    ret[2 * (with_sha256 ? SHA256_LEN : SHA1_LEN)] = '\0';
    return RC_OK;
}

/* ---- the job: whose change it is, then the bundle ---- */

enum rc release_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *in = json_object();
    struct release_row r;
    struct backport_line_row line;
    enum rc rc = ops_release_get(d->db, a, subject, &r, e);
    bool asked = rc == RC_OK && is(r.state, "asked");
    if (rc == RC_NOTFOUND || (rc == RC_OK && !asked && !is(r.state, "signed")))
        return RC_OK;
    TRY(rc);
    TRY(ops_backport_line_get(d->db, a, subject, &line, e));
    if (asked) {
        json_put_str(in, "commit", r.made);
    } else {
        json_put_str(in, "object", r.object);
        json_put_str(in, "parent", line.base);
        json_put_str(in, "ref", r.branch);
    }
    json_put_int(args, "nth", r.nth);
    json_put_int(args, "case", line.backport_id);
    TRY(json_write(&q->args, args, e));
    TRY(json_write(&q->input, in, e));
    q->engine = BACKPORT_RELEASE_JOB;
    return RC_OK;
}

struct answered {
    int64_t id, nth;
    struct str author, commit, bundle, why;
};

struct at_release {
    struct release_row r;
    struct backport_line_row line;
    struct backport_row row;
};

/* RC_NOTFOUND: it is no longer wanted, or that step was done. */
static enum rc load(struct desk *d, struct arena *a, const struct answered *k, const char *state,
                    struct at_release *ret, struct err *e)
{
    TRY(ops_release_get(d->db, a, k->id, &ret->r, e));
    if (!is(ret->r.state, state) || (k->nth && ret->r.nth != k->nth))
        return err_set(e, RC_NOTFOUND, "that is not asked any more");
    TRY(ops_backport_line_get(d->db, a, k->id, &ret->line, e));
    TRY(ops_backport_get(d->db, a, ret->line.backport_id, &ret->row, e));
    return str_eq(ret->line.made, ret->r.made)
               ? RC_OK
               : err_set(e, RC_NOTFOUND, "something else was settled");
}

static enum rc message_for(struct desk *d, struct arena *a, const struct at_release *at,
                           struct str *ret, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct port_line p;
    struct scrubbed s;
    TRY(backport_record_of(a, &at->line, &j, &p, e));
    if (at->r.entire)
        return backport_message_entire(a, &at->row, &p, ret, e);
    TRY(backport_message_of(d, a, &at->row, &p, &s, e));
    *ret = s.text;
    return RC_OK;
}

static enum rc signed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    AUTO(buf) struct buf plain = BUF_INIT(RELEASE_OBJECT_MAX);
    AUTO(buf) struct buf whole = BUF_INIT(RELEASE_OBJECT_MAX);
    char id[SHA256_HEX];
    struct str message;
    struct at_release at;
    enum rc rc = load(d, a, k, "asked", &at, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    bool with_sha256 = is_long(at.line.base);
    TRY(message_for(d, a, &at, &message, e));
    TRY(write_commit(d, &at.line, k->author, message, &plain, e));
    TRY(sign(d, with_sha256, buf_str(&plain), &whole, e));
    TRY(commit_id(with_sha256, buf_str(&whole), id, e));
    at.r.object = buf_str(&whole);
    at.r.commit = str_c(id);
    at.r.state = STR("signed");
    at.r.nth++;
    TRY(ops_release_put(d->db, &at.r, e));
    return desk_job_order(d, BACKPORT_RELEASE_JOB, k->id, at.r.nth, e);
}

/* One head, that commit; one thing wanted, the line's tip; nothing else before the pack. */
static bool bundle_ok(struct str bundle, const struct at_release *at)
{
    AUTO(buf) struct buf head = BUF_INIT(4000);
    buf_adds(&head, is_long(at->line.base) ? "# v3 git bundle\n@object-format=sha256\n"
                                           : "# v2 git bundle\n");
    buf_addf(&head, "-%.*s \n%.*s %.*s\n\nPACK", STR_ARG(at->line.base), STR_ARG(at->r.commit),
             STR_ARG(at->r.branch));
    return !head.over && str_starts(bundle, buf_str(&head));
}

static enum rc given_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    AUTO(buf) struct buf what = BUF_INIT(LINE_NAME_MAX + 100);
    struct at_release at;
    enum rc rc = load(d, a, k, "signed", &at, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    if (!str_eq(k->commit, at.r.commit) || !bundle_ok(k->bundle, &at))
        return err_set(e, RC_INVALID, "the bundle is not of the commit that was signed");
    TRY(sealed_put(d, a, at.row.case_id, SEALED_BUNDLE, k->bundle, &at.r.blob_id, e));
    at.r.state = STR("given");
    at.r.object = STR_NONE;
    at.r.given_us = desk_now(d);
    TRY(ops_release_put(d->db, &at.r, e));
    buf_addf(&what, "%.*s as %.12s", STR_ARG(at.line.name), at.r.commit.p);
    json_t *p = json_object();
    json_put_str(p, "what", buf_str(&what));
    json_put_str(p, "line", at.line.name);
    json_put_str(p, "commit", at.r.commit);
    json_put_str(p, "parent", at.line.base);
    json_put_str(p, "branch", at.r.branch);
    json_put_bool(p, "entire", at.r.entire);
    json_put_str(p, "ordered_by", at.r.asked_by);
    return desk_event(d, &machine, at.row.case_id, "backport.released", p, e);
}

enum rc release_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(buf) struct buf bundle = BUF_INIT(BUNDLE_MAX);
    struct answered k = {.id = subject};
    struct str coded;
    TRY(json_get_int(answer, "nth", 1, INT64_MAX, &k.nth, e));
    if (json_object_get(answer, "author")) {
        TRY(json_get_str(answer, "author", AUTHOR_MAX, &k.author, e));
        if (!author_ok(k.author))
            return err_set(e, RC_INVALID, "the author of the candidate cannot be read");
        return desk_run(d, signed_tx, &k, e);
    }
    TRY(json_get_str(answer, "commit", SHA256_HEX, &k.commit, e));
    TRY(json_get_str(answer, "bundle", 2 * BUNDLE_MAX, &coded, e));
    TRY(base64_get(&bundle, coded, "the bundle", e));
    TRY(buf_ok(&bundle, "the bundle", e));
    k.bundle = buf_str(&bundle);
    return desk_run(d, given_tx, &k, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct answered *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct at_release at;
    enum rc rc = load(d, a, k, "asked", &at, e);
    if (rc == RC_NOTFOUND)
        rc = load(d, a, k, "signed", &at, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    at.r.state = STR("failed");
    at.r.failure = k->why;
    at.r.object = at.r.commit = STR_NONE;
    TRY(ops_release_put(d->db, &at.r, e));
    json_t *p = json_object();
    json_put_str(p, "line", at.line.name);
    json_put_str(p, "reason", k->why);
    return desk_event(d, &machine, at.row.case_id, "backport.release_failed", p, e);
}

enum rc release_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct answered k = {.id = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}

/* ---- shown ---- */

static const char *state_name(struct str s)
{
    static const char *const names[] = {"asked", "signed", "given", "failed"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is(s, names[i]))
            return names[i];
    return "";
}

enum rc view_backport_releases(struct desk *d, struct arena *a, int64_t backport_id,
                               struct view_backport *v, struct err *e)
{
    struct release_row *rows;
    size_t n;
    TRY(ops_releases(d->db, a, backport_id, &rows, &n, e));
    for (size_t i = 0; i < v->n_of; i++) {
        struct view_release *to = &v->of[i].release;
        *to = (struct view_release){.state = ""};
        for (size_t k = 0; k < n; k++) {
            if (rows[k].line_id != v->of[i].id)
                continue;
            *to = (struct view_release){.state = state_name(rows[k].state),
                                        .failure = rows[k].failure,
                                        .commit = rows[k].commit,
                                        .branch = rows[k].branch,
                                        .asked_by = rows[k].asked_by,
                                        .asked_us = rows[k].asked_us,
                                        .given_us = rows[k].given_us,
                                        .entire = rows[k].entire,
                                        .waits = is(rows[k].state, "asked") ||
                                                 is(rows[k].state, "signed")};
        }
        v->of[i].may_release = v->of[i].may_release && !to->waits;
        if (to->given_us)
            v->of[i].state = "given out";
    }
    return RC_OK;
}

enum rc view_backport_bundle(struct desk *d, const struct actor *who, int64_t case_id,
                             struct str line, struct buf *b, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct backport_row row;
    struct backport_line_row *rows, *r;
    struct release_row out;
    size_t n;
    TRY(actor_needs_team(who, e));
    TRY(ops_backport_of_case(d->db, a, case_id, &row, e));
    TRY(ops_backport_lines(d->db, a, row.id, true, &rows, &n, e));
    TRY(backport_line_find(rows, n, line, &r, e));
    TRY(ops_release_get(d->db, a, r->id, &out, e));
    if (out.blob_id == 0)
        return err_set(e, RC_NOTFOUND, "nothing was given out of this line");
    return sealed_read(d, a, out.blob_id, b, e);
}
