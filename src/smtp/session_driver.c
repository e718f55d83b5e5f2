/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a session, for tests and fuzzing.
 */
#include "smtp/session_driver.h"

#include <stdio.h>
#include <stdlib.h>

#define DRIVER_TEXT_MAX (1 << 20)

/* Plain abort, as fuzz targets use it too. */
static void insist(bool fine, const char *what, const char *got, const char *want)
{
    if (fine)
        return;
    fprintf(stderr, "%s: got \"%s\", want \"%s\"\n", what, got, want);
    abort();
}

static enum rc on_begin(void *arg, const struct smtp_envelope *v, struct err *e)
{
    struct driver *d = arg;
    if (d->begin_rc != RC_OK)
        return err_set(e, d->begin_rc, "begin fails");
    if (d->n_mails == DRIVER_MAILS_MAX)
        return err_set(e, RC_BUSY, "no room for more mails");
    struct buf *text = &d->envelopes[d->n_mails];
    buf_reset(text);
    buf_reset(&d->mails[d->n_mails]);
    buf_addf(text, "%.*s %.*s %.*s", STR_ARG(v->from), STR_ARG(v->proto), STR_ARG(v->helo));
    for (size_t i = 0; i < v->n_rcpts; i++)
        buf_addf(text, " %.*s", STR_ARG(v->rcpts[i]));
    return RC_OK;
}

static enum rc on_data(void *arg, struct str s, struct err *e)
{
    struct driver *d = arg;
    if (d->data_rc != RC_OK)
        return err_set(e, d->data_rc, "data fails");
    buf_add(&d->mails[d->n_mails], s);
    return RC_OK;
}

static void on_finish(void *arg)
{
    struct driver *d = arg;
    d->n_mails++;
}

static void on_abort(void *arg)
{
    struct driver *d = arg;
    d->aborts++;
}

void driver_init(struct driver *d, enum smtp_mode mode)
{
    *d = (struct driver){.config = {.mode = mode,
                                    .tls_offered = true,
                                    .hostname = "desk.example",
                                    .max_size = 1000,
                                    .max_rcpts = SMTP_RCPTS_MIN}};
    BUG_ON(smtp_mailbox_parse(STR("security@desk.example"), 0, &d->recipients[0], NULL) != RC_OK);
    BUG_ON(smtp_mailbox_parse(STR("postmaster@desk.example"), 0, &d->recipients[1], NULL) != RC_OK);
    d->config.recipients = d->recipients;
    d->config.n_recipients = ARRAY_LEN(d->recipients);
    buf_init(&d->replies, DRIVER_TEXT_MAX);
    for (size_t i = 0; i < DRIVER_MAILS_MAX; i++) {
        buf_init(&d->mails[i], DRIVER_TEXT_MAX);
        buf_init(&d->envelopes[i], DRIVER_TEXT_MAX);
    }
    const struct smtp_sink sink = {d, on_begin, on_data, on_finish, on_abort};
    d->session = smtp_session_new(&d->config, &sink, STR("192.0.2.1"));
}

static void take_replies(struct driver *d)
{
    if (d->session == NULL)
        return;
    struct buf *out = smtp_session_out(d->session);
    BUG_ON(out->over);
    buf_add(&d->replies, buf_str(out));
    buf_reset(out);
}

void driver_feed(struct driver *d, struct str in, size_t cut)
{
    while (in.n > 0) {
        size_t used = smtp_session_feed(d->session, str_sub(in, 0, cut));
        in = str_sub(in, used, in.n);
        take_replies(d);
        enum smtp_want want = smtp_session_want(d->session);
        if (want == SMTP_WANT_TLS)
            return; /* the caller of a real session drops what it has read */
        if (want == SMTP_WANT_VERDICT && !d->hold_verdict)
            smtp_session_verdict(d->session, d->verdict, "0123456789abcdef0123456789abcdef");
        else if (want == SMTP_WANT_CLOSE || used == 0)
            break;
    }
    take_replies(d);
}

void driver_more(struct driver *d, struct str in)
{
    driver_feed(d, in, in.n ? in.n : 1);
}

void driver_run(struct driver *d, enum smtp_mode mode, struct str in)
{
    struct driver slow;
    driver_init(&slow, mode);
    driver_feed(&slow, in, 1);
    driver_init(d, mode);
    driver_more(d, in);
    insist(str_eq(buf_str(&slow.replies), buf_str(&d->replies)), "octet by octet",
           buf_c(&slow.replies), buf_c(&d->replies));
    BUG_ON(slow.n_mails != d->n_mails || slow.aborts != d->aborts);
    for (size_t i = 0; i < d->n_mails; i++)
        BUG_ON(!str_eq(buf_str(&slow.mails[i]), buf_str(&d->mails[i])));
    driver_end(&slow);
}

void driver_end(struct driver *d)
{
    smtp_session_free(d->session);
    d->session = NULL;
    buf_release(&d->replies);
    for (size_t i = 0; i < DRIVER_MAILS_MAX; i++) {
        buf_release(&d->mails[i]);
        buf_release(&d->envelopes[i]);
    }
}

void driver_codes(struct driver *d, const char *want)
{
    AUTO(buf) struct buf got = BUF_INIT(DRIVER_TEXT_MAX);
    take_replies(d);
    struct str rest = buf_str(&d->replies), line;
    while (str_line(&rest, &line))
        if (line.n > 3 && line.p[3] == ' ')
            buf_addf(&got, "%s%.3s", got.n ? " " : "", line.p);
    insist(str_eq(buf_str(&got), str_c(want)), "reply codes", buf_c(&got), want);
}

void driver_mail(struct driver *d, size_t i, struct str want)
{
    insist(i < d->n_mails && str_eq(buf_str(&d->mails[i]), want), "mail", buf_c(&d->mails[i]),
           want.p);
}

void driver_envelope(struct driver *d, size_t i, const char *want)
{
    insist(i < d->n_mails && str_eq(buf_str(&d->envelopes[i]), str_c(want)), "envelope",
           buf_c(&d->envelopes[i]), want);
}
