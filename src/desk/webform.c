/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in by a form becomes a record of the spool.
 * Runs in core.
 * Input: a stranger's words and files, checked here; they are never looked into, and what is shown
 * of them is read back by the parse child as from any mail.
 */
#include "desk/webform.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"
#include "desk/inside.h"
#include "mime/mail.h"
#include "mime/writer.h"
#include "store/ops_people.h"
#include "store/ops_webform.h"

#define KEY_META   STR("web_key")
#define KEY_LEN    32
#define BASE_LEN   48 /* hex: 16 of the time, 32 of random bits */
#define MARK_BYTES 16
#define BODY_ROOM  (3 * WEBFORM_TEXT_MAX)
/* RFC 2606: nobody's.  A mail must have a From; intake sees from the envelope that there is none.
 */
#define ANONYMOUS "anonymous@web-form.invalid"

/* ---- the key of all cores, and what is made with it ---- */

static enum rc web_key(struct desk *d, unsigned char ret[KEY_LEN], struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(4096);
    struct str hex;
    enum rc rc = ops_meta_get(d->db, a, KEY_META, &hex, e);
    if (rc == RC_NOTFOUND) {
        unsigned char fresh[KEY_LEN];
        char text[2 * KEY_LEN + 1];
        random_bytes(fresh, sizeof fresh);
        hex_put(text, fresh, sizeof fresh);
        TRY(ops_meta_add(d->db, KEY_META, str_c(text), e));
        rc = ops_meta_get(d->db, a, KEY_META, &hex, e);
    }
    TRY(rc);
    return hex_get(hex, ret, KEY_LEN, "the key of the forms", e);
}

/* One key, many uses: what it is used for stands in front. */
static enum rc web_mac(struct desk *d, const char *use, struct str text,
                       unsigned char ret[SHA256_LEN], struct err *e)
{
    unsigned char key[KEY_LEN];
    AUTO(buf) struct buf b = BUF_INIT(4096);
    TRY(web_key(d, key, e));
    buf_addf(&b, "vulndesk form 1\n%s\n", use);
    buf_add(&b, text);
    TRY(buf_ok(&b, "a mark", e));
    hmac_sha256(str_of(key, sizeof key), buf_str(&b), ret);
    return RC_OK;
}

static enum rc token_mac(struct desk *d, const char *use, const char *purpose, struct str base,
                         unsigned char ret[SHA256_LEN], struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(256);
    buf_addf(&b, "%s\n%.*s", purpose, STR_ARG(base));
    return web_mac(d, use, buf_str(&b), ret, e);
}

enum rc webform_token_make(struct desk *d, const char *purpose, char ret[WEBFORM_TOKEN_SIZE],
                           struct err *e)
{
    unsigned char random[16], mac[SHA256_LEN];
    random_bytes(random, sizeof random);
    snprintf(ret, WEBFORM_TOKEN_SIZE, "%016llx", (unsigned long long)desk_now(d));
    hex_put(ret + 16, random, sizeof random);
    TRY(token_mac(d, "token", purpose, str_of(ret, BASE_LEN), mac, e));
    hex_put(ret + BASE_LEN, mac, MARK_BYTES);
    return RC_OK;
}

enum rc webform_token_read(struct desk *d, const char *purpose, struct str token,
                           struct webform_token *ret, struct err *e)
{
    unsigned char mac[SHA256_LEN], sent[MARK_BYTES], raw[8];
    AUTO(buf) struct buf secret = BUF_INIT(SECRET_SIZE);
    struct str base = str_sub(token, 0, BASE_LEN);
    if (token.n != WEBFORM_TOKEN_LEN ||
        hex_get(str_sub(token, BASE_LEN, token.n), sent, sizeof sent, "token", NULL) != RC_OK ||
        hex_get(str_sub(token, 0, 16), raw, sizeof raw, "token", NULL) != RC_OK)
        return err_set(e, RC_INVALID, "the form is not one of ours");
    TRY(token_mac(d, "token", purpose, base, mac, e));
    if (!same_secret(mac, sent, sizeof sent))
        return err_set(e, RC_INVALID, "the form is not one of ours");
    uint64_t made = 0;
    for (size_t i = 0; i < sizeof raw; i++)
        made = made << 8 | raw[i];
    ret->age_us = desk_now(d) - (int64_t)made;
    TRY(token_mac(d, "way back", purpose, base, mac, e));
    base64url_add(&secret, str_of(mac, 16));
    BUG_ON(secret.n != SECRET_LEN);
    snprintf(ret->secret, sizeof ret->secret, "%s", buf_c(&secret));
    TRY(token_mac(d, "message id", purpose, base, mac, e));
    hex_put(ret->id, mac, 16);
    return RC_OK;
}

enum rc webform_mark(struct desk *d, const struct webform_mark_of *m, char ret[WEBFORM_MARK_SIZE],
                     struct err *e)
{
    unsigned char mac[SHA256_LEN];
    AUTO(buf) struct buf b = BUF_INIT(2048);
    buf_addf(&b, "%.*s\n%lld\n%lld\n%.*s", STR_ARG(m->way), (long long)m->thread,
             (long long)m->received_us, STR_ARG(m->from));
    TRY(buf_ok(&b, "a mark", e));
    TRY(web_mac(d, "record", buf_str(&b), mac, e));
    hex_put(ret, mac, sizeof mac);
    return RC_OK;
}

enum rc webform_mark_check(struct desk *d, const struct webform_mark_of *m, struct str mark,
                           struct err *e)
{
    char want[WEBFORM_MARK_SIZE];
    TRY(webform_mark(d, m, want, e));
    if (mark.n != strlen(want) || !same_secret(mark.p, want, mark.n))
        return err_set(e, RC_DENIED, "the mark of a form's record is not ours");
    return RC_OK;
}

static enum rc import_mark(struct desk *d, char ret[WEBFORM_MARK_SIZE], struct err *e)
{
    unsigned char mac[SHA256_LEN];
    TRY(web_mac(d, "import", STR_NONE, mac, e));
    hex_put(ret, mac, sizeof mac);
    return RC_OK;
}

enum rc webform_import_mark(struct desk *d, const struct actor *who, char ret[WEBFORM_MARK_SIZE],
                            struct err *e)
{
    TRY(actor_needs_admin(who, e));
    return import_mark(d, ret, e);
}

enum rc webform_import_check(struct desk *d, struct str mark, struct err *e)
{
    char want[WEBFORM_MARK_SIZE];
    TRY(import_mark(d, want, e));
    if (mark.n != strlen(want) || !same_secret(mark.p, want, mark.n))
        return err_set(e, RC_DENIED, "the mark of an imported mail is not ours");
    return RC_OK;
}

/* ---- into the spool ---- */

struct form_mail {
    struct outmail m;
    struct str from; /* of the envelope, empty: anonymous */
    int64_t thread;
};

static enum rc files_of(struct arena *a, const struct webform_files *f, struct outmail *m,
                        struct err *e)
{
    if (f->n > WEBFORM_FILES_MAX)
        return err_set(e, RC_LIMIT,
                       "You chose %zu files; at most %d can be sent at once. Several can be packed "
                       "into one archive.",
                       f->n, WEBFORM_FILES_MAX);
    struct outmail_file *v = arena_array(a, f->n, sizeof *v);
    TRY(arena_ok(a, "the list of files", e));
    for (size_t i = 0; i < f->n; i++)
        /* A browser calls a saved mail message/rfc822: as bytes it is attached all the same. */
        v[i] = (struct outmail_file){f->v[i].name.n ? f->v[i].name : STR("file"),
                                     outmail_type_ok(f->v[i].type) ? f->v[i].type : STR_NONE,
                                     f->v[i].bytes};
    m->files = v;
    m->n_files = f->n;
    return RC_OK;
}

static void too_large(struct desk *d, struct err *e)
{
    /* base64 makes four letters of three bytes, and lines. */
    (void)err_set(e, RC_LIMIT,
                  "The files are too large: together they may have %lld MB. Please pack them, or "
                  "tell us where they can be fetched.",
                  (long long)(d->set->mail.max_size / 1000000 * 7 / 10));
}

static enum rc compose(struct desk *d, struct form_mail *f, const struct webform_token *t,
                       struct buf *raw, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024);
    struct outmail_addr to = {d->set->desk.name, d->set->desk.contact.v[0]};
    f->m.to = &to;
    f->m.n_to = 1;
    f->m.date_us = desk_now(d);
    f->m.message_id = arena_strf(a, "web.%s@%.*s", t->id, STR_ARG(d->set->mail.hostname));
    f->m.smtputf8 = outmail_addr_utf8(f->m.from.addr) || outmail_addr_utf8(to.addr);
    enum rc rc = outmail_write(&f->m, raw, e);
    if (rc == RC_LIMIT || (rc == RC_OK && raw->n > (size_t)d->set->mail.max_size)) {
        too_large(d, e);
        return RC_LIMIT;
    }
    return rc;
}

static enum rc spool(struct desk *d, struct form_mail *f, const struct webform_token *t,
                     char ret_id[WEBFORM_ID_MAX + 1], struct err *e)
{
    AUTO(buf) struct buf raw = BUF_INIT(OUTMAIL_BYTES_MAX);
    AUTO(buf) struct buf id = BUF_INIT(WEBFORM_ID_MAX);
    unsigned char hash[SHA256_LEN];
    char way[SHA256_HEX], mark[WEBFORM_MARK_SIZE];
    TRY(compose(d, f, t, &raw, e));
    secret_hash(str_c(t->secret), hash);
    hex_put(way, hash, sizeof hash);
    struct spool_put s = {.raw = buf_str(&raw),
                          .from = f->from,
                          .rcpt = d->set->desk.contact.v[0],
                          .way = str_c(way),
                          .thread = f->thread,
                          .received_us = desk_now(d)};
    struct webform_mark_of m = {s.way, s.from, s.thread, s.received_us};
    struct web_pending_row row = {.thread_id = f->thread, .created_us = s.received_us};
    struct str key = str_of(hash, sizeof hash);
    TRY(webform_mark(d, &m, mark, e));
    s.mark = str_c(mark);
    /* Before the record: whoever takes that in, perhaps another core, drops this. */
    TRY(ops_web_pending_add(d->db, key, &row, e));
    enum rc rc = d->calls.spool(d->calls.arg, &s, &id, e);
    if (rc == RC_OK)
        rc = str_copy(ret_id, WEBFORM_ID_MAX + 1, buf_str(&id), "id of a record", e);
    if (rc != RC_OK && ops_web_pending_drop(d->db, key, NULL) != RC_OK)
        return rc; /* swept later */
    return rc;
}

/* ---- a report ---- */

static enum rc says(struct str s, size_t max, const char *what, struct err *e)
{
    if (str_trim(s).n == 0)
        return err_set(e, RC_INVALID, "%s is missing.", what);
    if (s.n > max)
        return err_set(e, RC_LIMIT, "%s is longer than %zu bytes. The rest can be a file.", what,
                       max);
    return RC_OK;
}

static enum rc may_say(struct str s, size_t max, const char *what, struct err *e)
{
    return str_trim(s).n ? says(s, max, what, e) : RC_OK;
}

/* Of a name with a dot: a stranger's form neither makes our mail server connect to an address of
 * his choice nor writes to the accounts of this machine. */
static bool is_outside(struct str address)
{
    struct str domain = str_sub(address, str_rchr(address, '@') + 1, address.n);
    return str_chr(domain, '[') == STR_NPOS && str_chr(domain, '.') != STR_NPOS;
}

bool webform_address_ok(struct str address)
{
    return address.n <= DESK_ADDR_MAX && mail_addr_ok(address) &&
           outmail_addr_ok(address, outmail_addr_utf8(address)) && is_outside(address);
}

static enum rc check(struct desk *d, const struct webform_report *r, struct err *e)
{
    TRY(says(r->title, WEBFORM_TITLE_MAX, "The line that says what it is about", e));
    TRY(says(r->description, WEBFORM_TEXT_MAX, "The description", e));
    TRY(may_say(r->steps, WEBFORM_TEXT_MAX, "How to reproduce it", e));
    TRY(may_say(r->version, WEBFORM_SHORT_MAX, "The version or component", e));
    TRY(may_say(r->name, DESK_NAME_MAX, "Your name", e));
    if (r->address.n == 0)
        return RC_OK;
    if (!webform_address_ok(r->address))
        return err_set(e, RC_INVALID,
                       "The mail address is not one that we could write to. Leave it empty to "
                       "report without.");
    if (address_ours(d, r->address))
        return err_set(e, RC_INVALID, "The mail address is our own. Please give yours, or none.");
    return RC_OK;
}

static enum rc report_text(const struct webform_report *r, struct buf *b, struct err *e)
{
    buf_add(b, str_trim(r->description));
    buf_addc(b, '\n');
    if (str_trim(r->steps).n) {
        buf_adds(b, "\nHow to reproduce it:\n\n");
        buf_add(b, str_trim(r->steps));
        buf_addc(b, '\n');
    }
    if (r->version.n)
        buf_addf(b, "\nAffected version or component: %.*s\n", STR_ARG(r->version));
    return buf_ok(b, "the report", e);
}

enum rc webform_report(struct desk *d, const struct webform_report *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024);
    AUTO(buf) struct buf text = BUF_INIT(BODY_ROOM);
    TRY(check(d, r, e));
    TRY(report_text(r, &text, e));
    struct form_mail f = {
        .m = {.from = {r->name, r->address.n ? r->address : STR(ANONYMOUS)},
              .subject = r->title,
              .text = buf_str(&text)},
        .from = r->address,
    };
    TRY(files_of(a, &r->files, &f.m, e));
    return spool(d, &f, t, ret_id, e);
}

/* ---- an answer ---- */

enum rc webform_answer(struct desk *d, const struct webform_answer *r,
                       const struct webform_token *t, char ret_id[WEBFORM_ID_MAX + 1],
                       bool *ret_opens, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row thread;
    struct open_case oc;
    if (r->who->kind != ACTOR_REPORTER || r->who->thread_id == 0)
        return err_set(e, RC_DENIED, "only the reporter writes here");
    if (r->files.n == 0 || str_trim(r->text).n)
        TRY(says(r->text, WEBFORM_TEXT_MAX, "The text", e));
    TRY(ops_thread_get(d->db, a, r->who->thread_id, &thread, e));
    TRY(case_load(d, a, thread.case_id, &oc, e));
    struct form_mail f = {
        .m = {.from = {thread.name, thread.email.n ? thread.email : STR(ANONYMOUS)},
              .subject = arena_strf(a, "Re: [%.*s]", STR_ARG(oc.c.number)),
              .text = r->text},
        .from = thread.email,
        .thread = thread.id,
    };
    TRY(files_of(a, &r->files, &f.m, e));
    TRY(spool(d, &f, t, ret_id, e));
    *ret_opens = oc.c.closed_us != 0;
    return RC_OK;
}

/* ---- until it is taken in ---- */

enum rc webform_waits(struct desk *d, struct str secret, enum webform_wait *ret, struct err *e)
{
    unsigned char hash[SHA256_LEN];
    struct web_pending_row row;
    *ret = WEBFORM_UNKNOWN;
    if (!secret_ok(secret))
        return RC_OK;
    secret_hash(secret, hash);
    enum rc rc = ops_web_pending_get(d->db, str_of(hash, sizeof hash), &row, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    if (row.message_id)
        *ret = WEBFORM_HELD;
    else if (row.created_us > desk_now(d) - WEBFORM_PENDING_US)
        *ret = WEBFORM_FILING;
    return RC_OK;
}

enum rc webform_filing(struct desk *d, int64_t thread_id, int64_t *ret_n, struct err *e)
{
    return ops_web_pending_count(d->db, thread_id, desk_now(d) - WEBFORM_PENDING_US, ret_n, e);
}

enum rc webform_sweep(struct desk *d, struct err *e)
{
    return ops_web_pending_sweep(d->db, desk_now(d) - US_PER_DAY, e);
}

/* ---- links of those whom nobody can write to ---- */

enum rc webform_can_mail(struct desk *d, struct str secret, bool *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    unsigned char hash[SHA256_LEN];
    struct way_row w;
    struct thread_row t;
    *ret = false;
    if (!secret_ok(secret))
        return RC_OK;
    secret_hash(secret, hash);
    enum rc rc = ops_way_get(d->db, str_of(hash, sizeof hash), &w, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(ops_thread_get(d->db, a, w.thread_id, &t, e));
    *ret = t.email.n > 0;
    return RC_OK;
}

struct next_link {
    const struct actor *who;
    char secret[SECRET_SIZE];
};

static enum rc next_link_tx(struct desk *d, void *arg, struct err *e)
{
    struct next_link *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    TRY(ops_thread_get(d->db, a, p->who->thread_id, &t, e));
    if (t.email.n > 0)
        return err_set(e, RC_NOTFOUND, "links to this report come by mail");
    return way_back_issue(d, t.id, p->secret, e);
}

enum rc webform_next_link(struct desk *d, const struct actor *who, char ret_secret[SECRET_SIZE],
                          struct err *e)
{
    struct next_link p = {.who = who};
    if (who->kind != ACTOR_REPORTER || who->thread_id == 0)
        return err_set(e, RC_DENIED, "only the reporter has links");
    TRY(desk_run(d, next_link_tx, &p, e));
    memcpy(ret_secret, p.secret, SECRET_SIZE);
    return RC_OK;
}
