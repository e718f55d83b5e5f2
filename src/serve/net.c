/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Submission of outgoing mail by libcurl.  Runs in the role net, which holds neither the database
 * nor keys.  Answers of the server are untrusted text; the bytes to send come frozen from core.
 *
 * Exactly once is not to be had between the final dot and our commit (RFC 1047).  So the window is
 * made small: when all bytes but the final dot are with libcurl, its read callback pauses the
 * transfer until core has committed "handing_over"; only then the dot goes out.  What fails before
 * is known not to be sent.
 */
#include "serve/net.h"

#include <curl/curl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "os/file.h"
#include "serve/net_imap.h"
#include "serve/rights.h"
#include "serve/role.h"
#include "serve/roles.h"

#define MAIL_BYTES_MAX ((size_t)64 << 20)

enum gate { GATE_SHUT, GATE_ASKED, GATE_OPEN, GATE_DENIED };

struct transfer {
    struct net *net;
    uint64_t outbox;
    uint32_t attempt;
    CURL *easy;
    struct curl_slist *rcpts;
    int fd;
    off_t off;
    enum gate gate;
    struct chan *owner;       /* the core that submitted it; NULL when it is gone */
    const struct chan *asked; /* the core that was asked for the gate; compared only */
    bool answered;            /* a line of the server came after the final dot went out */
    char answer[WIRE_WHY_MAX];
    char error[CURL_ERROR_SIZE];
    struct transfer *next;
};

struct net {
    struct role_ctx role;
    CURLM *multi;
    struct transfer *transfers;
    size_t count;
    struct buf kept[NET_KEPT_MAX]; /* what became of mails, told when a core is there again */
    size_t kept_count;
    struct mailbox *mailbox; /* NULL: none is polled */
    char url[1024], user[256], password[1024], ca[1024], next_url[1024];
    struct tls {
        bool require, try;
    } tls, next_tls;
};

/* The core that was told: whoever submitted the mail, for it counts what it has with us; any other
 * when that one is gone, for the row is the same.  NULL: none is there. */
static const struct chan *tell_core(struct net *n, struct chan *owner, enum wire_type type,
                                    const struct buf *b)
{
    struct err e = ERR_INIT;
    struct chan *core = owner ? owner : role_find(&n->role, ROLE_CORE);
    if (core != NULL && role_send(&n->role, core, type, 0, b, -1, &e) == RC_OK)
        return core;
    log_event(LOG_WARN_, "core-away", "message=%s", wire_type_name(type));
    return NULL;
}

/* An answer that core never hears makes its mail unknown and sends it twice: it waits for a core.
 */
static void tell_or_keep(struct net *n, struct chan *owner, const struct buf *b)
{
    if (tell_core(n, owner, WIRE_SUBMITTED, b) != NULL || n->kept_count == NET_KEPT_MAX)
        return;
    struct buf *to = &n->kept[n->kept_count++];
    buf_init(to, NET_REPORT_MAX);
    buf_add(to, buf_str(b));
}

static void on_joined(struct role_ctx *r, struct chan *c)
{
    struct net *n = r->ctx;
    struct err e = ERR_INIT;
    size_t told = 0;
    while (told < n->kept_count &&
           role_send(r, c, WIRE_SUBMITTED, 0, &n->kept[told], -1, &e) == RC_OK)
        buf_release(&n->kept[told++]);
    n->kept_count -= told;
    memmove(n->kept, n->kept + told, n->kept_count * sizeof n->kept[0]);
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    ssize_t got = pread(t->fd, to, size * count, t->off);
    if (got > 0) {
        t->off += got;
        return (size_t)got;
    }
    if (got < 0 || t->gate == GATE_DENIED)
        return CURL_READFUNC_ABORT;
    if (t->gate == GATE_OPEN)
        return 0;
    if (t->gate == GATE_SHUT) {
        AUTO(buf) struct buf b = BUF_INIT(64);
        wire_put_may_hand_over(&b, &(struct wire_may_hand_over){t->outbox, t->attempt});
        /* Asked only when somebody heard it: else it would wait for nobody's answer, with one of
         * the few connections in its hand. */
        t->asked = tell_core(t->net, t->owner, WIRE_MAY_HAND_OVER, &b);
        if (t->asked == NULL)
            return CURL_READFUNC_ABORT;
        t->gate = GATE_ASKED;
    }
    return CURL_READFUNC_PAUSE;
}

/* libcurl hands every line that the server says to the header callback. */
static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    AUTO(buf) struct buf b = BUF_INIT(3 * size * count + 1);
    utf8_clean_line(&b, str_trim(str_of(p, size * count)));
    struct str line = utf8_clip(buf_str(&b), sizeof t->answer - 1);
    if (str_starts(line, STR("221")))
        return size * count; /* to QUIT, when libcurl lets go after a refusal: not about the mail */
    if (str_copy(t->answer, sizeof t->answer, line, "the server's answer", NULL) != RC_OK)
        t->answer[0] = '\0';
    t->answered = t->gate == GATE_OPEN;
    return size * count;
}

static void transfer_free(struct transfer *t)
{
    if (t->easy) {
        curl_multi_remove_handle(t->net->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->rcpts);
    fd_auto(&t->fd);
    free(t);
}

static void report(struct net *n, struct transfer *t, enum wire_delivery outcome, long code)
{
    AUTO(buf) struct buf b = BUF_INIT(NET_REPORT_MAX);
    struct str words = str_c(t->answer[0] ? t->answer : t->error);
    wire_put_submitted(&b, &(struct wire_submitted){.outbox = t->outbox,
                                                    .attempt = t->attempt,
                                                    .outcome = outcome,
                                                    .code = code > 0 ? (uint32_t)code : 0,
                                                    .answer = utf8_clip(words, WIRE_WHY_MAX)});
    static const char *const name[] = {"sent", "failed", "later", "unknown"};
    log_event(LOG_INFO_, "submitted", "outbox=%llu attempt=%u outcome=%s code=%ld",
              (unsigned long long)t->outbox, t->attempt, name[outcome], code);
    tell_or_keep(n, t->owner, &b);
}

/*
 * What the result means for this mail.  A 5xx counts as final only as an answer to our transaction
 * (libcurl: SEND_ERROR before the data, any code after the dot); a refused login, TLS or greeting
 * is our set-up's fault, not the recipient's, and is tried again.
 */
static enum wire_delivery judge(const struct transfer *t, CURLcode result, long code)
{
    if (result == CURLE_OK && t->gate == GATE_OPEN)
        return WIRE_SENT;
    if (result == CURLE_OK)
        return WIRE_UNKNOWN; /* libcurl did not wait: never seen, never to be called sent */
    if (t->gate == GATE_OPEN) {
        if (!t->answered)
            return WIRE_UNKNOWN;
        return code >= 500 ? WIRE_FAILED : WIRE_LATER;
    }
    if (result == CURLE_SEND_ERROR && code >= 500 && t->answer[0] == '5')
        return WIRE_FAILED;
    return WIRE_LATER;
}

/* hop: the submission server, or the next hop of a general mailbox, where nobody logs in. */
static void set_server(struct net *n, CURL *easy, uint32_t hop)
{
    const struct tls *tls = hop == 0 ? &n->tls : &n->next_tls;
    curl_easy_setopt(easy, CURLOPT_URL, hop == 0 ? n->url : n->next_url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     tls->require ? (long)CURLUSESSL_ALL
                                  : (tls->try ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_NONE));
    /* Opportunistic TLS protects against listeners only, so a certificate nobody signed is no
     * reason to send in clear instead. */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->require ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->require ? 2L : 0L);
    if (n->ca[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, n->ca);
    if (n->user[0] && hop == 0) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, n->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, n->password);
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)NET_CONNECT_S);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)NET_TRANSFER_S);
}

/* What is passed on goes as it came: the Return-Path that our own trace put in front is only for
 * the last station of a mail (RFC 5321 4.4), the Received field stays. */
static off_t skip_return_path(int fd, struct str env_from)
{
    AUTO(buf) struct buf want = BUF_INIT(WIRE_ADDR_MAX + 64);
    char got[WIRE_ADDR_MAX + 64];
    buf_addf(&want, "Return-Path: <%.*s>\r\n", STR_ARG(env_from));
    ssize_t n = pread(fd, got, want.n, 0);
    if (n > 0 && str_eq(str_of(got, (size_t)n), buf_str(&want)))
        return n;
    /* A client that ends its lines with LF alone. */
    return n > 0 && got[want.n - 2] == '\n' && memcmp(got, want.p, want.n - 2) == 0 ? n - 1 : 0;
}

static enum rc transfer_start(struct net *n, struct chan *owner, const struct wire_submit *m,
                              int fd, struct err *e)
{
    struct transfer *t = mem_zalloc(sizeof *t);
    *t = (struct transfer){
        .net = n, .outbox = m->outbox, .attempt = m->attempt, .owner = owner, .fd = fd};
    t->next = n->transfers;
    n->transfers = t;
    n->count++;
    TRY(memfd_check(fd, MAIL_BYTES_MAX, e));
    if (m->hop > 1 || (m->hop == 1 && n->next_url[0] == '\0'))
        return err_set(e, RC_INVALID, "no next hop is configured");
    char from[WIRE_ADDR_MAX + 3], rcpt[WIRE_ADDR_MAX + 3];
    snprintf(from, sizeof from, "<%.*s>", STR_ARG(m->env_from));
    snprintf(rcpt, sizeof rcpt, "<%.*s>", STR_ARG(m->rcpt));
    t->easy = curl_easy_init();
    t->rcpts = curl_slist_append(NULL, rcpt);
    if (t->easy == NULL || t->rcpts == NULL)
        return err_set(e, RC_INTERNAL, "libcurl has no memory");
    set_server(n, t->easy, m->hop);
    if (m->hop != 0)
        t->off = skip_return_path(fd, m->env_from);
    curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->rcpts);
    curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
    /* No CURLOPT_INFILESIZE: with a known size libcurl sends the final dot by itself, without
     * asking the read callback for more, and the pause would never happen. */
    curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(n->multi, t->easy) != CURLM_OK)
        return err_set(e, RC_INTERNAL, "libcurl does not take the transfer");
    return RC_OK;
}

static void transfer_end(struct net *n, struct transfer *t)
{
    for (struct transfer **at = &n->transfers; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    n->count--;
    transfer_free(t);
}

static enum rc on_submit(struct net *n, struct chan *owner, struct frame *f, struct err *e)
{
    AUTO(fd) int fd = fd_take(&f->fd);
    struct wire_submit m;
    TRY(wire_get_submit(f->body, &m, e));
    if (n->count >= NET_TRANSFERS_MAX) {
        struct transfer full = {
            .outbox = m.outbox, .attempt = m.attempt, .owner = owner, .error = "busy"};
        report(n, &full, WIRE_LATER, 0);
        return RC_OK;
    }
    struct err why = ERR_INIT;
    if (transfer_start(n, owner, &m, fd_take(&fd), &why) != RC_OK) {
        struct transfer *t = n->transfers;
        snprintf(t->error, sizeof t->error, "%.*s", CURL_ERROR_SIZE - 1, why.msg);
        report(n, t, WIRE_LATER, 0);
        transfer_end(n, t);
    }
    return RC_OK;
}

static enum rc on_frame(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e)
{
    struct net *n = r->ctx;
    if (f->type == WIRE_SUBMIT)
        return on_submit(n, c, f, e);
    struct wire_hand_over m;
    if (f->type == WIRE_MAILBOX_IS || f->type == WIRE_FETCHED_IS)
        return mailbox_answer(n->mailbox, f, e);
    if (f->type != WIRE_HAND_OVER)
        return err_set(e, RC_INVALID, "an unexpected message from %s", role_name(c->peer));
    TRY(wire_get_hand_over(f->body, &m, e));
    for (struct transfer *t = n->transfers; t; t = t->next)
        if (t->outbox == m.outbox && t->attempt == m.attempt && t->gate == GATE_ASKED) {
            t->gate = m.yes ? GATE_OPEN : GATE_DENIED;
            curl_easy_pause(t->easy, CURLPAUSE_CONT);
        }
    return RC_OK;
}

/* A core that went away may or may not have committed what was asked of it.  It will not tell, so
 * the final dot stays here: what core hears of this mail then, "later", is true in both cases. */
static void on_lost(struct role_ctx *r, struct chan *c)
{
    struct net *n = r->ctx;
    mailbox_core_lost(n->mailbox, c);
    for (struct transfer *t = n->transfers; t; t = t->next) {
        if (t->owner == c)
            t->owner = NULL;
        if (t->gate == GATE_ASKED && t->asked == c) {
            t->gate = GATE_DENIED;
            curl_easy_pause(t->easy, CURLPAUSE_CONT);
        }
    }
}

static void finish_done(struct net *n)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read(n->multi, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        struct transfer *t = NULL;
        long code = 0;
        CURLcode result = msg->data.result;
        if (mailbox_connected(n->mailbox, msg->easy_handle, result))
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE, &code);
        if (t->error[0] == '\0')
            snprintf(t->error, sizeof t->error, "%s", curl_easy_strerror(result));
        report(n, t, judge(t, result, code), code);
        transfer_end(n, t);
    }
}

static enum rc copy_setting(struct net *n, const char *key, char *to, size_t size, struct err *e)
{
    struct str s;
    TRY(role_text(&n->role, key, &s, e));
    return str_copy(to, size, s, key, e);
}

static enum rc copy_tls(struct net *n, const char *key, struct tls *ret, struct err *e)
{
    struct str tls;
    TRY(role_text(&n->role, key, &tls, e));
    *ret = (struct tls){str_eq(tls, STR("require")), str_eq(tls, STR("try"))};
    return RC_OK;
}

static enum rc net_open(struct net *n, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame, .joined = on_joined, .lost = on_lost};
    TRY(role_open(&n->role, ROLE_NET, &ops, n, e));
    TRY(copy_setting(n, "url", n->url, sizeof n->url, e));
    TRY(copy_setting(n, "user", n->user, sizeof n->user, e));
    TRY(copy_setting(n, "password", n->password, sizeof n->password, e));
    TRY(copy_setting(n, "ca", n->ca, sizeof n->ca, e));
    TRY(copy_setting(n, "next_url", n->next_url, sizeof n->next_url, e));
    TRY(copy_tls(n, "tls", &n->tls, e));
    TRY(copy_tls(n, "next_tls", &n->next_tls, e));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (n->multi = curl_multi_init()) == NULL)
        return err_set(e, RC_INTERNAL, "libcurl does not start");
    /* The mailbox, and the two servers that take mail. */
    curl_multi_setopt(n->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)NET_SERVER_CONNS);
    curl_multi_setopt(n->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 2L * NET_SERVER_CONNS + 1);
    TRY(mailbox_new(&n->role, n->multi, &n->mailbox, e));
    return role_secure(&n->role, e);
}

int net_main(void)
{
    struct err e = ERR_INIT;
    struct net n = {.count = 0};
    enum rc rc = net_open(&n, &e);
    while (rc == RC_OK && !n.role.stop) {
        int running;
        curl_multi_perform(n.multi, &running);
        finish_done(&n);
        mailbox_turn(n.mailbox);
        struct curl_waitfd extra[2] = {{n.role.epfd, CURL_WAIT_POLLIN, 0}};
        unsigned count = 1 + mailbox_poll(n.mailbox, &extra[1]);
        curl_multi_poll(n.multi, extra, count, mailbox_timeout_ms(n.mailbox, NET_TURN_MS), NULL);
        role_pump(&n.role, 0);
    }
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "start-failed", "why=\"%s\"", e.msg);
    while (n.transfers)
        transfer_end(&n, n.transfers);
    mailbox_free(n.mailbox);
    curl_multi_cleanup(n.multi);
    for (size_t i = 0; i < n.kept_count; i++)
        buf_release(&n.kept[i]);
    role_close(&n.role);
    return rc_exit(rc);
}
