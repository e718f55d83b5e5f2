/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox that is polled.  Runs in the role net; the server's bytes go through the reader of
 * imap/, the mails in them go to core unseen.
 */
#include "serve/net_imap.h"

#include "base/log.h"
#include "imap/session.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/net.h"

#define READ_SIZE (64 * 1024)

struct mailbox {
    struct role_ctx *role;
    CURLM *multi;
    CURL *easy; /* NULL: not connected */
    curl_socket_t sock;
    bool open, hot; /* logged in; more bytes may wait in libcurl than poll(2) sees */
    bool asked;     /* core was told what the session needs */
    const struct chan *core;
    struct imap_session session;
    int64_t retry_at_us, retry_us;
    int64_t stuck_uid;
    int failures;
    char url[600], user[400], password[1024], ca[4096], folder[256];
    char error[CURL_ERROR_SIZE];
    int64_t max_size, poll_us;
    bool tls_require, tls_try;
};

static enum rc copy_setting(struct mailbox *m, const char *key, char *to, size_t size,
                            struct err *e)
{
    struct str s;
    TRY(role_text(m->role, key, &s, e));
    return str_copy(to, size, s, key, e);
}

static enum rc take_settings(struct mailbox *m, struct err *e)
{
    struct str tls;
    TRY(copy_setting(m, "imap_url", m->url, sizeof m->url, e));
    TRY(copy_setting(m, "imap_user", m->user, sizeof m->user, e));
    TRY(copy_setting(m, "imap_password", m->password, sizeof m->password, e));
    TRY(copy_setting(m, "imap_ca", m->ca, sizeof m->ca, e));
    TRY(copy_setting(m, "imap_folder", m->folder, sizeof m->folder, e));
    TRY(role_int(m->role, "imap_poll_us", &m->poll_us, e));
    TRY(role_int(m->role, "imap_max_size", &m->max_size, e));
    TRY(role_text(m->role, "imap_tls", &tls, e));
    m->tls_require = str_eq(tls, STR("require"));
    m->tls_try = str_eq(tls, STR("try"));
    return RC_OK;
}

enum rc mailbox_new(struct role_ctx *role, CURLM *multi, struct mailbox **ret_m, struct err *e)
{
    struct mailbox *m = mem_zalloc(sizeof *m);
    m->role = role;
    m->multi = multi;
    m->sock = CURL_SOCKET_BAD;
    m->retry_us = MAILBOX_RETRY_US;
    enum rc rc = take_settings(m, e);
    if (rc != RC_OK || m->url[0] == '\0') {
        free(m);
        m = NULL;
    }
    *ret_m = m;
    return rc;
}

static void disconnect(struct mailbox *m)
{
    if (m->open)
        imap_session_release(&m->session);
    if (m->easy) {
        curl_multi_remove_handle(m->multi, m->easy);
        curl_easy_cleanup(m->easy);
    }
    m->easy = NULL;
    m->sock = CURL_SOCKET_BAD;
    m->open = m->hot = m->asked = false;
    m->core = NULL;
}

void mailbox_free(struct mailbox *m)
{
    if (m == NULL)
        return;
    disconnect(m);
    free(m);
}

/* One mail that ends session after session must not keep all others out. */
static void count_failure(struct mailbox *m, enum rc rc)
{
    bool of_mail = m->open && m->session.uid > 0 && m->session.need == IMAP_NEED_NOTHING &&
                   (rc == RC_LIMIT || rc == RC_INVALID || rc == RC_IO || rc == RC_TIMEOUT);
    if (!of_mail)
        return;
    m->failures = m->session.uid == m->stuck_uid ? m->failures + 1 : 1;
    m->stuck_uid = m->session.uid;
}

static void lost(struct mailbox *m, enum rc rc, const char *why)
{
    count_failure(m, rc);
    log_event(LOG_WARN_, "mailbox-lost", "code=%s retry_ms=%lld why=\"%s\"", rc_name(rc),
              (long long)(m->retry_us / 1000), why);
    disconnect(m);
    m->retry_at_us = clock_mono_us() + m->retry_us;
    m->retry_us *= 2;
    if (m->retry_us > MAILBOX_RETRY_MAX_US)
        m->retry_us = MAILBOX_RETRY_MAX_US;
}

static void connect_start(struct mailbox *m)
{
    char url[sizeof m->url + 2];
    m->error[0] = '\0';
    m->easy = curl_easy_init();
    if (m->easy == NULL) {
        lost(m, RC_INTERNAL, "libcurl has no memory");
        return;
    }
    snprintf(url, sizeof url, "%s/", m->url);
    curl_easy_setopt(m->easy, CURLOPT_URL, url);
    curl_easy_setopt(m->easy, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(m->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(m->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(m->easy, CURLOPT_USE_SSL,
                     m->tls_require ? (long)CURLUSESSL_ALL
                                    : (m->tls_try ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_NONE));
    /* As for submission: opportunistic TLS protects against listeners only.  imaps:// is TLS by
     * name, so only "try" and "never" leave the certificate unchecked. */
    curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYPEER, m->tls_require ? 1L : 0L);
    curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYHOST, m->tls_require ? 2L : 0L);
    if (m->ca[0])
        curl_easy_setopt(m->easy, CURLOPT_CAINFO, m->ca);
    curl_easy_setopt(m->easy, CURLOPT_USERNAME, m->user);
    curl_easy_setopt(m->easy, CURLOPT_PASSWORD, m->password);
    curl_easy_setopt(m->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(m->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(m->easy, CURLOPT_CONNECTTIMEOUT, (long)NET_CONNECT_S);
    curl_easy_setopt(m->easy, CURLOPT_TIMEOUT, (long)NET_CONNECT_S);
    curl_easy_setopt(m->easy, CURLOPT_ERRORBUFFER, m->error);
    if (curl_multi_add_handle(m->multi, m->easy) != CURLM_OK)
        lost(m, RC_INTERNAL, "libcurl does not take the connection");
}

bool mailbox_connected(struct mailbox *m, CURL *easy, CURLcode result)
{
    struct err e = ERR_INIT;
    if (m == NULL || easy != m->easy)
        return false;
    if (result != CURLE_OK) {
        lost(m, RC_IO, m->error[0] ? m->error : curl_easy_strerror(result));
        return true;
    }
    if (m->open || curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &m->sock) != CURLE_OK ||
        m->sock == CURL_SOCKET_BAD) {
        lost(m, RC_IO, "the connection was closed again");
        return true;
    }
    struct imap_conf conf = {.folder = str_c(m->folder),
                             .max_size = m->max_size,
                             .poll_us = m->poll_us,
                             .refuse_uid = m->failures >= MAILBOX_FAILURES ? m->stuck_uid : 0};
    m->open = m->hot = true;
    enum rc rc = imap_session_begin(&m->session, &conf, clock_mono_us(), &e);
    if (rc != RC_OK)
        lost(m, rc, e.msg);
    else
        log_event(LOG_INFO_, "mailbox-login", NULL);
    return true;
}

/* ---- what only core knows ---- */

static enum rc tell(struct mailbox *m, enum wire_type type, const struct buf *b, int fd,
                    struct err *e)
{
    AUTO(fd) int bytes = fd;
    struct chan *core = role_find(m->role, ROLE_CORE);
    if (core == NULL)
        return RC_OK; /* asked again at the next turn */
    TRY(role_send(m->role, core, type, 0, b, fd_take(&bytes), e));
    m->core = core;
    m->asked = true;
    return RC_OK;
}

static enum rc ask_core(struct mailbox *m, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    AUTO(fd) int fd = -1;
    struct imap_session *s = &m->session;
    if (s->need == IMAP_NEED_NOTHING || m->asked)
        return RC_OK;
    if (s->need == IMAP_NEED_POSITION) {
        wire_put_mailbox_at(
            &b, &(struct wire_mailbox_at){(uint64_t)s->uidvalidity, (uint64_t)s->uidnext});
        return tell(m, WIRE_MAILBOX_AT, &b, -1, e);
    }
    bool left = s->need == IMAP_NEED_LEAVE;
    wire_put_fetched(&b, &(struct wire_fetched){.uidvalidity = (uint64_t)s->uidvalidity,
                                                .uid = (uint64_t)s->uid,
                                                .size = left ? (uint64_t)s->size : s->mail.n,
                                                .left = left});
    if (!left)
        TRY(memfd_of(buf_str(&s->mail), "fetched", &fd, e));
    return tell(m, WIRE_FETCHED, &b, fd_take(&fd), e);
}

static enum rc answer(struct mailbox *m, const struct frame *f, enum rc *ret_rc, struct err *e)
{
    struct imap_session *s = &m->session;
    struct wire_mailbox_is at;
    struct wire_fetched_is is;
    struct err why = ERR_INIT;
    int64_t now = clock_mono_us();
    *ret_rc = RC_OK;
    if (f->type == WIRE_MAILBOX_IS) {
        TRY(wire_get_mailbox_is(f->body, &at, e));
        if (s->need != IMAP_NEED_POSITION || at.uid > UINT32_MAX || at.since_us > INT64_MAX)
            return RC_OK;
        if (at.rc != RC_OK) {
            *ret_rc = RC_BUSY;
            return RC_OK;
        }
        m->retry_us = MAILBOX_RETRY_US;
        *ret_rc = imap_session_position(s, (int64_t)at.uid, (int64_t)at.since_us, now, &why);
        return RC_OK;
    }
    TRY(wire_get_fetched_is(f->body, &is, e));
    if ((s->need != IMAP_NEED_TAKE && s->need != IMAP_NEED_LEAVE) || is.uid != (uint64_t)s->uid)
        return RC_OK;
    *ret_rc = is.rc != RC_OK ? RC_BUSY : imap_session_taken(s, now, &why);
    if (is.rc == RC_OK && m->stuck_uid == (int64_t)is.uid)
        m->failures = 0;
    return RC_OK;
}

enum rc mailbox_answer(struct mailbox *m, const struct frame *f, struct err *e)
{
    enum rc rc;
    if (m == NULL || !m->open || !m->asked)
        return RC_OK; /* of a session that is gone */
    m->asked = false;
    m->core = NULL;
    TRY(answer(m, f, &rc, e));
    m->hot = true;
    if (rc != RC_OK)
        lost(m, rc, "core cannot take it now");
    return RC_OK;
}

void mailbox_core_lost(struct mailbox *m, const struct chan *core)
{
    if (m && m->asked && m->core == core)
        lost(m, RC_BUSY, "core went away");
}

/* ---- bytes ---- */

static enum rc flush(struct mailbox *m, struct err *e)
{
    struct buf *out = &m->session.out;
    while (out->n > 0) {
        size_t n = 0;
        CURLcode got = curl_easy_send(m->easy, out->p, out->n, &n);
        if (got == CURLE_AGAIN)
            return RC_OK;
        if (got != CURLE_OK)
            return err_set(e, RC_CLOSED, "%s", curl_easy_strerror(got));
        buf_drop(out, n);
    }
    return RC_OK;
}

static enum rc receive(struct mailbox *m, struct err *e)
{
    static char bytes[READ_SIZE];
    m->hot = false;
    for (int i = 0; i < MAILBOX_READS; i++) {
        size_t n = 0;
        CURLcode got = curl_easy_recv(m->easy, bytes, sizeof bytes, &n);
        if (got == CURLE_AGAIN)
            return RC_OK;
        if (got != CURLE_OK || n == 0)
            return err_set(e, RC_CLOSED, "%s",
                           got == CURLE_OK ? "the IMAP server closed the connection"
                                           : curl_easy_strerror(got));
        TRY(imap_session_bytes(&m->session, str_of(bytes, n), clock_mono_us(), e));
    }
    m->hot = true;
    return RC_OK;
}

static enum rc work(struct mailbox *m, struct err *e)
{
    TRY(receive(m, e));
    TRY(imap_session_tick(&m->session, clock_mono_us(), e));
    TRY(ask_core(m, e));
    return flush(m, e);
}

void mailbox_turn(struct mailbox *m)
{
    struct err e = ERR_INIT;
    if (m == NULL)
        return;
    if (m->easy == NULL) {
        if (clock_mono_us() >= m->retry_at_us)
            connect_start(m);
        return;
    }
    if (!m->open)
        return;
    enum rc rc = work(m, &e);
    if (rc != RC_OK)
        lost(m, rc, e.msg);
}

bool mailbox_poll(const struct mailbox *m, struct curl_waitfd *ret_fd)
{
    if (m == NULL || !m->open)
        return false;
    short want = CURL_WAIT_POLLIN | (m->session.out.n > 0 ? CURL_WAIT_POLLOUT : 0);
    *ret_fd = (struct curl_waitfd){m->sock, want, 0};
    return true;
}

int mailbox_timeout_ms(const struct mailbox *m, int at_most_ms)
{
    return m && m->hot ? 0 : at_most_ms;
}
