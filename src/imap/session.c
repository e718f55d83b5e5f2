/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue with a mailbox.  Runs in net; what the server says comes typed from the reader, its
 * numbers are still claims: a UID that was not asked for, or a mail of another, changes nothing.
 */
#include "imap/session.h"

enum { CAPABLE, EXAMINED, POSITION, LISTED, FETCHED, HELD, IDLE_ASKED, IDLING, DONE_SAID, RESTING };

static void server_answers(struct imap_session *s, int state, int64_t now_us)
{
    s->state = state;
    s->waiting = true;
    s->deadline_us = now_us + IMAP_ANSWER_US;
}

static void say(struct imap_session *s, int state, int64_t now_us, const char *command)
{
    buf_addf(&s->out, "V%llu %s\r\n", (unsigned long long)++s->tag, command);
    server_answers(s, state, now_us);
}

static void ask(struct imap_session *s, int state, enum imap_need need)
{
    s->state = state;
    s->need = need;
    s->waiting = false;
}

enum rc imap_session_begin(struct imap_session *s, const struct imap_conf *conf, int64_t now_us,
                           struct err *e)
{
    memset(s, 0, sizeof *s);
    s->conf = *conf;
    imap_reader_init(&s->reader, (size_t)conf->max_size + IMAP_SIZE_SLACK);
    buf_init(&s->out, 16 * 1024);
    buf_init(&s->mail, (size_t)conf->max_size + IMAP_SIZE_SLACK);
    say(s, CAPABLE, now_us, "CAPABILITY");
    return buf_ok(&s->out, "what is said to the IMAP server", e);
}

void imap_session_release(struct imap_session *s)
{
    imap_reader_release(&s->reader);
    buf_release(&s->out);
    buf_release(&s->mail);
}

/* ---- the steps ---- */

static enum rc examine(struct imap_session *s, int64_t now_us, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(8192);
    buf_adds(&b, "EXAMINE ");
    TRY(imap_mailbox_name(&b, s->conf.folder, e));
    say(s, EXAMINED, now_us, buf_c(&b));
    return RC_OK;
}

static void list(struct imap_session *s, int64_t now_us)
{
    char command[100];
    s->listed = s->next = 0;
    s->more = s->news = false;
    snprintf(command, sizeof command, "UID FETCH %lld:* (UID RFC822.SIZE INTERNALDATE)",
             (long long)s->last_uid + 1);
    say(s, LISTED, now_us, command);
}

static void rest(struct imap_session *s, int64_t now_us)
{
    if (s->idle) {
        say(s, IDLE_ASKED, now_us, "IDLE");
        return;
    }
    s->state = RESTING;
    s->waiting = false;
    s->deadline_us = now_us + s->conf.poll_us;
}

/* The next mail of the list, the next list, or rest. */
static void go_on(struct imap_session *s, int64_t now_us)
{
    if (s->next == s->listed) {
        if (s->more || s->news)
            list(s, now_us);
        else
            rest(s, now_us);
        return;
    }
    const struct imap_listed *l = &s->list[s->next++];
    s->uid = l->uid;
    s->size = l->size;
    if (l->size > s->conf.max_size || l->uid == s->conf.refuse_uid) {
        ask(s, HELD, IMAP_NEED_LEAVE);
        return;
    }
    char command[80];
    snprintf(command, sizeof command, "UID FETCH %lld (UID BODY.PEEK[])", (long long)l->uid);
    s->got = false;
    say(s, FETCHED, now_us, command);
}

/* Keeps the lowest UIDs, in order; servers send them in order, but need not. */
static void listed(struct imap_session *s, const struct imap_response *r)
{
    bool old = s->since_us > 0 && r->has_internal && r->internal_us < s->since_us;
    if (r->uid <= s->last_uid || old)
        return;
    size_t at = s->listed;
    while (at > 0 && s->list[at - 1].uid > r->uid)
        at--;
    if (at > 0 && s->list[at - 1].uid == r->uid)
        return;
    if (s->listed == IMAP_LIST_MAX) {
        s->more = true;
        if (at == IMAP_LIST_MAX)
            return;
        s->listed--;
    }
    memmove(s->list + at + 1, s->list + at, (s->listed - at) * sizeof s->list[0]);
    s->list[at] = (struct imap_listed){r->uid, r->size < 0 ? 0 : r->size};
    s->listed++;
}

static enum rc on_fetch(struct imap_session *s, const struct imap_response *r, struct err *e)
{
    if (s->state == LISTED && r->uid > 0)
        listed(s, r);
    if (s->state != FETCHED || !r->has_body || r->uid != s->uid || s->got)
        return RC_OK;
    buf_reset(&s->mail);
    buf_add(&s->mail, r->body);
    s->got = true;
    return buf_ok(&s->mail, "a mail", e);
}

static enum rc refused(const struct imap_session *s, const struct imap_response *r, struct err *e)
{
    static const char *const what[] = {[CAPABLE] = "CAPABILITY",
                                       [EXAMINED] = "opening the folder",
                                       [LISTED] = "listing the mails",
                                       [FETCHED] = "fetching a mail",
                                       [DONE_SAID] = "a pause"};
    const char *w = (size_t)s->state < ARRAY_LEN(what) ? what[s->state] : NULL;
    return err_set(e, s->state == EXAMINED ? RC_DENIED : RC_IO, "the IMAP server refuses %s: %.*s",
                   w ? w : "a command", STR_ARG(r->words));
}

static enum rc on_tagged(struct imap_session *s, const struct imap_response *r, int64_t now_us,
                         struct err *e)
{
    if (r->tag != s->tag)
        return err_set(e, RC_INVALID, "the IMAP server answers a command that was not given");
    if (r->status != IMAP_OK && s->state == IDLE_ASKED) {
        s->idle = false; /* then by looking now and then */
        rest(s, now_us);
        return RC_OK;
    }
    if (r->status != IMAP_OK)
        return refused(s, r, e);
    switch (s->state) {
    case CAPABLE:
        return examine(s, now_us, e);
    case EXAMINED:
        if (s->uidvalidity == 0)
            return err_set(e, RC_INVALID, "the IMAP server gives its mails no lasting numbers");
        ask(s, POSITION, IMAP_NEED_POSITION);
        return RC_OK;
    case LISTED:
        go_on(s, now_us);
        return RC_OK;
    case FETCHED:
        if (s->got)
            ask(s, HELD, IMAP_NEED_TAKE);
        else
            go_on(s, now_us); /* removed meanwhile */
        return RC_OK;
    case IDLE_ASKED: /* ended before it began */
        s->idle = false;
        rest(s, now_us);
        return RC_OK;
    case IDLING:
    case DONE_SAID:
    case RESTING:
        list(s, now_us);
        return RC_OK;
    default:
        return err_set(e, RC_INVALID, "the IMAP server answers without being asked");
    }
}

static void say_done(struct imap_session *s, int64_t now_us)
{
    buf_adds(&s->out, "DONE\r\n");
    server_answers(s, DONE_SAID, now_us);
}

static enum rc on_response(struct imap_session *s, const struct imap_response *r, int64_t now_us,
                           struct err *e)
{
    if (r->uidvalidity > 0)
        s->uidvalidity = r->uidvalidity;
    if (r->uidnext > 0)
        s->uidnext = r->uidnext;
    s->idle = s->idle || r->idle;
    switch (r->kind) {
    case IMAP_TAGGED:
        return on_tagged(s, r, now_us, e);
    case IMAP_BYE:
        return err_set(e, RC_CLOSED, "the IMAP server closes: %.*s", STR_ARG(r->words));
    case IMAP_FETCH:
        return on_fetch(s, r, e);
    case IMAP_EXISTS:
        s->news = true;
        if (s->state == IDLING)
            say_done(s, now_us);
        return RC_OK;
    case IMAP_CONTINUE:
        if (s->state != IDLE_ASKED)
            return RC_OK;
        s->state = IDLING;
        s->waiting = false;
        s->deadline_us = now_us + IMAP_IDLE_US;
        if (s->news)
            say_done(s, now_us);
        return RC_OK;
    default:
        return RC_OK;
    }
}

enum rc imap_session_bytes(struct imap_session *s, struct str bytes, int64_t now_us, struct err *e)
{
    struct imap_response r;
    enum rc rc;
    if (s->waiting)
        s->deadline_us = now_us + IMAP_ANSWER_US;
    while ((rc = imap_read(&s->reader, &bytes, &r, e)) == RC_OK)
        TRY(on_response(s, &r, now_us, e));
    return rc == RC_BUSY ? buf_ok(&s->out, "what is said to the IMAP server", e) : rc;
}

enum rc imap_session_position(struct imap_session *s, int64_t last_uid, int64_t since_us,
                              int64_t now_us, struct err *e)
{
    BUG_ON(s->need != IMAP_NEED_POSITION);
    s->need = IMAP_NEED_NOTHING;
    s->last_uid = last_uid;
    s->since_us = since_us;
    list(s, now_us);
    return buf_ok(&s->out, "what is said to the IMAP server", e);
}

enum rc imap_session_taken(struct imap_session *s, int64_t now_us, struct err *e)
{
    BUG_ON(s->need != IMAP_NEED_TAKE && s->need != IMAP_NEED_LEAVE);
    s->need = IMAP_NEED_NOTHING;
    s->last_uid = s->uid;
    buf_release(&s->mail);
    buf_init(&s->mail, (size_t)s->conf.max_size + IMAP_SIZE_SLACK);
    go_on(s, now_us);
    return buf_ok(&s->out, "what is said to the IMAP server", e);
}

int64_t imap_session_due(const struct imap_session *s)
{
    return s->state == POSITION || s->state == HELD ? INT64_MAX : s->deadline_us;
}

enum rc imap_session_tick(struct imap_session *s, int64_t now_us, struct err *e)
{
    if (now_us < imap_session_due(s))
        return RC_OK;
    if (s->waiting)
        return err_set(e, RC_TIMEOUT, "the IMAP server does not answer");
    if (s->state == IDLING)
        say_done(s, now_us);
    else if (s->state == RESTING)
        say(s, RESTING, now_us, "NOOP"); /* shows what is new; its end leads to the list */
    return buf_ok(&s->out, "what is said to the IMAP server", e);
}
