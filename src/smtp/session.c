/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMTP and LMTP state machine of one connection.  Runs in smtpd; its input is hostile.  It is
 * pure: the role's loop moves the octets.  The end of a mail's octets is found by data.c.
 */
#include "smtp/session.h"

#include <stdlib.h>
#include <string.h>

#include "smtp/data.h"

#define LINE_MAX_ALL (SMTP_LINE_MAX + SMTP_LINE_EXT)

enum state {
    ST_COMMAND,
    ST_OVERLONG, /* the rest of a command line that is too long is skipped */
    ST_DATA,     /* octets of a mail go to the sink */
    ST_DISCARD,  /* octets of a mail that is refused already go nowhere */
    ST_VERDICT,
    ST_TLS,
    ST_CLOSED,
};

struct smtp_session {
    const struct smtp_config *cfg;
    struct smtp_sink sink;
    enum state state;
    bool greeted, extended, tls;
    bool in_mail; /* MAIL was accepted */
    bool smtputf8;
    bool last_cr; /* ST_OVERLONG: the octet before was CR */
    unsigned errors, commands;
    enum rc refused; /* ST_DISCARD: why */
    uint64_t declared_size, size;
    struct smtp_data data;
    struct buf line, out;
    struct smtp_addr from;
    struct str *rcpts; /* max_rcpts of them, the texts on the heap */
    size_t n_rcpts;
    char peer[SMTP_PEER_MAX + 1];
    char helo[SMTP_HELO_MAX + 1];
};

static void reply(struct smtp_session *s, const char *text)
{
    buf_adds(&s->out, text);
    buf_adds(&s->out, "\r\n");
}

/* A reply that counts against the client; the last straw closes. */
static void refuse(struct smtp_session *s, const char *text)
{
    reply(s, text);
    if (++s->errors >= SMTP_ERRORS_MAX && s->state != ST_CLOSED) {
        reply(s, "421 4.7.0 Too many errors, closing");
        s->state = ST_CLOSED;
    }
}

static void refuse_and_close(struct smtp_session *s, const char *text)
{
    reply(s, text);
    s->state = ST_CLOSED;
}

static bool is_lmtp(const struct smtp_session *s)
{
    return s->cfg->mode == SMTP_MODE_LMTP;
}

static void forget_mail(struct smtp_session *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++)
        free((char *)s->rcpts[i].p);
    s->n_rcpts = 0;
    s->in_mail = s->smtputf8 = false;
    s->declared_size = s->size = 0;
    s->from = (struct smtp_addr){0};
}

struct smtp_session *smtp_session_new(const struct smtp_config *cfg, const struct smtp_sink *sink,
                                      struct str peer)
{
    BUG_ON(cfg->max_rcpts > SMTP_RCPTS_MAX || strlen(cfg->hostname) > SMTP_HOSTNAME_MAX);
    struct smtp_session *s = mem_zalloc(sizeof *s);
    s->cfg = cfg;
    s->sink = *sink;
    buf_init(&s->line, LINE_MAX_ALL);
    buf_init(&s->out, SMTP_OUT_MAX);
    s->rcpts = mem_zalloc((cfg->max_rcpts ? cfg->max_rcpts : 1) * sizeof *s->rcpts);
    BUG_ON(str_copy(s->peer, sizeof s->peer, peer, "peer", NULL) != RC_OK);
    buf_addf(&s->out, "220 %s %s vulndesk\r\n", cfg->hostname, is_lmtp(s) ? "LMTP" : "ESMTP");
    return s;
}

void smtp_session_free(struct smtp_session *s)
{
    if (s == NULL)
        return;
    if (s->state == ST_DATA)
        s->sink.abort(s->sink.arg);
    forget_mail(s);
    free(s->rcpts);
    buf_release(&s->line);
    buf_release(&s->out);
    free(s);
}

enum smtp_want smtp_session_want(const struct smtp_session *s)
{
    switch (s->state) {
    case ST_VERDICT:
        return SMTP_WANT_VERDICT;
    case ST_TLS:
        return SMTP_WANT_TLS;
    case ST_CLOSED:
        return SMTP_WANT_CLOSE;
    default:
        return s->out.n > SMTP_OUT_HIGH ? SMTP_WANT_DRAIN : SMTP_WANT_INPUT;
    }
}

struct buf *smtp_session_out(struct smtp_session *s)
{
    return &s->out;
}

bool smtp_session_in_data(const struct smtp_session *s)
{
    return s->state == ST_DATA || s->state == ST_DISCARD;
}

/* ---- commands ---- */

/*
 * The name a client gives itself stands in a header later, so only what cannot end or nest anything
 * there is taken over; nothing is decided by it.
 */
static bool keep_helo(struct smtp_session *s, struct str arg)
{
    size_t n = 0;
    for (size_t i = 0; i < arg.n; i++) {
        char c = arg.p[i];
        if (c == ' ' || n == SMTP_HELO_MAX)
            break;
        bool fine = ascii_is_alnum(c) || (c != '\0' && strchr("-._:[]", c) != NULL);
        s->helo[n++] = fine ? c : '_';
    }
    s->helo[n] = '\0';
    return n > 0;
}

static void greet(struct smtp_session *s, struct str arg, bool extended)
{
    if (!keep_helo(s, arg)) {
        refuse(s, "501 5.5.4 Say who you are: a host name or address literal is missing");
        return;
    }
    forget_mail(s);
    s->greeted = true;
    s->extended = extended;
    if (!extended) {
        buf_addf(&s->out, "250 %s\r\n", s->cfg->hostname);
        return;
    }
    buf_addf(&s->out, "250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n250-8BITMIME\r\n",
             s->cfg->hostname, (unsigned long long)s->cfg->max_size);
    if (s->cfg->tls_offered && !s->tls)
        buf_adds(&s->out, "250-STARTTLS\r\n");
    buf_adds(&s->out, "250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n");
}

/* RFC 2033 4.1: LMTP has LHLO and must not have HELO and EHLO. */
static void cmd_helo(struct smtp_session *s, struct str arg)
{
    if (is_lmtp(s))
        refuse(s, "500 5.5.1 This is LMTP: say LHLO");
    else
        greet(s, arg, false);
}

static void cmd_ehlo(struct smtp_session *s, struct str arg)
{
    if (is_lmtp(s))
        refuse(s, "500 5.5.1 This is LMTP: say LHLO");
    else
        greet(s, arg, true);
}

static void cmd_lhlo(struct smtp_session *s, struct str arg)
{
    if (is_lmtp(s))
        greet(s, arg, true);
    else
        refuse(s, "500 5.5.1 This is SMTP: say EHLO");
}

struct mail_params {
    bool has_size, has_body, utf8;
    uint64_t size;
};

/* Parameters after MAIL FROM:<>; NULL or the reply that refuses them. */
static const char *read_mail_params(struct str rest, struct mail_params *p)
{
    struct str one;
    while (str_cut(&rest, ' ', &one)) {
        size_t eq = str_chr(one, '=');
        struct str key = str_sub(one, 0, eq);
        struct str value = eq == STR_NPOS ? STR_NONE : str_sub(one, eq + 1, one.n);
        if (one.n == 0)
            continue;
        if (str_eq_nocase(key, STR("SIZE"))) {
            if (p->has_size || num_parse(value, 0, UINT64_MAX, "SIZE", &p->size, NULL) != RC_OK)
                return "501 5.5.4 SIZE must be one number of octets";
            p->has_size = true;
        } else if (str_eq_nocase(key, STR("BODY"))) {
            if (p->has_body ||
                (!str_eq_nocase(value, STR("7BIT")) && !str_eq_nocase(value, STR("8BITMIME"))))
                return "501 5.5.4 BODY must be 7BIT or 8BITMIME";
            p->has_body = true;
        } else if (str_eq_nocase(key, STR("SMTPUTF8"))) {
            if (eq != STR_NPOS || p->utf8)
                return "501 5.5.4 SMTPUTF8 takes no value";
            p->utf8 = true;
        } else {
            return "555 5.5.4 Unknown MAIL parameter";
        }
    }
    return NULL;
}

/* Whether SMTPUTF8 stands among the parameters: the path before them cannot be read without
 * knowing.  A path that holds this very text in quotes only makes its UTF-8 acceptable. */
static bool declares_utf8(struct str arg)
{
    for (;;) {
        size_t at = str_rchr(arg, ' ');
        struct str last = at == STR_NPOS ? arg : str_sub(arg, at + 1, arg.n);
        if (str_eq_nocase(last, STR("SMTPUTF8")))
            return true;
        if (at == STR_NPOS)
            return false;
        arg = str_sub(arg, 0, at);
    }
}

/* "FROM:" or "TO:", case and one space behind it (as many clients send) ignored. */
static bool skip_word(struct str *arg, struct str word)
{
    if (!str_starts_nocase(*arg, word))
        return false;
    *arg = str_sub(*arg, word.n, arg->n);
    if (arg->n && arg->p[0] == ' ')
        *arg = str_sub(*arg, 1, arg->n);
    return true;
}

static bool params_separate(struct str rest)
{
    return rest.n == 0 || rest.p[0] == ' ';
}

static void cmd_mail(struct smtp_session *s, struct str arg)
{
    if (!s->greeted) {
        refuse(s, is_lmtp(s) ? "503 5.5.1 Say LHLO first" : "503 5.5.1 Say EHLO first");
        return;
    }
    if (s->in_mail) {
        refuse(s, "503 5.5.1 A mail is under way already; say RSET to drop it");
        return;
    }
    struct smtp_addr from;
    struct str rest;
    unsigned flags = SMTP_ADDR_NULL | SMTP_ADDR_LONG_LOCAL;
    flags |= declares_utf8(arg) ? SMTP_ADDR_UTF8 : 0;
    if (!skip_word(&arg, STR("FROM:"))) {
        refuse(s, "501 5.5.4 Write MAIL FROM:<address>");
        return;
    }
    if (smtp_path_parse(arg, flags, &from, &rest, NULL) != RC_OK || !params_separate(rest)) {
        refuse(s, "501 5.1.7 The sender's address is not valid (RFC 5321 4.1.2; UTF-8 needs "
                  "SMTPUTF8)");
        return;
    }
    struct mail_params p = {0};
    const char *no = read_mail_params(rest, &p);
    if (no) {
        refuse(s, no);
        return;
    }
    if (p.size > s->cfg->max_size) {
        refuse(s, "552 5.3.4 The mail is larger than this server takes; EHLO names the limit");
        return;
    }
    s->from = from;
    s->declared_size = p.size;
    s->smtputf8 = p.utf8;
    s->in_mail = true;
    reply(s, "250 2.1.0 Ok");
}

static bool is_recipient(const struct smtp_session *s, const struct smtp_addr *a)
{
    for (size_t i = 0; i < s->cfg->n_recipients; i++) {
        const struct smtp_addr *ours = &s->cfg->recipients[i];
        /* "<postmaster>" alone means the one of our own domain (RFC 5321 4.5.1). */
        if (a->domain_n == 0 && str_eq_nocase(smtp_addr_local(ours), smtp_addr_local(a)))
            return true;
        if (smtp_addr_is_ours(a, ours, NULL))
            return true;
    }
    return false;
}

static void cmd_rcpt(struct smtp_session *s, struct str arg)
{
    if (!s->in_mail) {
        refuse(s, "503 5.5.1 Say MAIL first");
        return;
    }
    struct smtp_addr to;
    struct str rest;
    unsigned flags = SMTP_ADDR_BARE | (s->smtputf8 ? SMTP_ADDR_UTF8 : 0);
    if (!skip_word(&arg, STR("TO:"))) {
        refuse(s, "501 5.5.4 Write RCPT TO:<address>");
        return;
    }
    if (smtp_path_parse(arg, flags, &to, &rest, NULL) != RC_OK || !params_separate(rest)) {
        refuse(s, "501 5.1.3 The recipient's address is not valid (RFC 5321 4.1.2)");
        return;
    }
    if (str_trim(rest).n) {
        refuse(s, "555 5.5.4 Unknown RCPT parameter");
        return;
    }
    if (!is_recipient(s, &to)) {
        refuse(s, smtp_addr_is_relay(&to) ? "550 5.7.1 This server does not relay"
                                          : "550 5.1.1 No such recipient here");
        return;
    }
    if (s->n_rcpts == s->cfg->max_rcpts) {
        /* Not counted as an error: RFC 5321 4.5.3.1.10 wants the client to come again. */
        reply(s, "452 4.5.3 Too many recipients for one mail; send the others another one");
        return;
    }
    s->rcpts[s->n_rcpts++] = (struct str){str_dup(smtp_addr_text(&to)), to.text_n};
    reply(s, "250 2.1.5 Ok");
}

/* RFC 3848 and RFC 6531 4.3. */
static const char *protocol(const struct smtp_session *s)
{
    if (is_lmtp(s)) {
        if (s->smtputf8)
            return s->tls ? "UTF8LMTPS" : "UTF8LMTP";
        return s->tls ? "LMTPS" : "LMTP";
    }
    if (s->smtputf8)
        return s->tls ? "UTF8SMTPS" : "UTF8SMTP";
    if (!s->extended)
        return "SMTP";
    return s->tls ? "ESMTPS" : "ESMTP";
}

/* The answer to a mail that failed for this reason. */
static const char *failure_text(enum rc rc)
{
    switch (rc) {
    case RC_LIMIT:
        return "552 5.3.4 The mail is larger than this server takes; EHLO names the limit";
    case RC_IO:
        return "452 4.3.1 The mail could not be stored; try again later";
    default:
        return "451 4.3.0 The mail could not be taken; try again later";
    }
}

static void cmd_data(struct smtp_session *s, struct str arg)
{
    if (arg.n) {
        refuse(s, "501 5.5.4 DATA takes no argument");
        return;
    }
    if (!s->in_mail || s->n_rcpts == 0) {
        refuse(s, s->in_mail && !is_lmtp(s) ? "554 5.5.1 No valid recipients"
                                            : "503 5.5.1 Say MAIL and RCPT first");
        return;
    }
    const struct smtp_envelope v = {
        .from = smtp_addr_text(&s->from),
        .from_known = true,
        .rcpts = s->rcpts,
        .n_rcpts = s->n_rcpts,
        .peer = str_c(s->peer),
        .helo = str_c(s->helo),
        .proto = str_c(protocol(s)),
        .tls = s->tls,
        .smtputf8 = s->smtputf8,
        .declared_size = (int64_t)s->declared_size,
    };
    struct err e = ERR_INIT;
    enum rc rc = s->sink.begin(s->sink.arg, &v, &e);
    if (rc != RC_OK) {
        reply(s, failure_text(rc == RC_LIMIT ? RC_IO : rc));
        forget_mail(s);
        return;
    }
    s->data = (struct smtp_data)SMTP_DATA_INIT;
    s->state = ST_DATA;
    reply(s, "354 End the mail with <CR><LF>.<CR><LF>");
}

static void cmd_rset(struct smtp_session *s, struct str arg)
{
    forget_mail(s);
    reply(s, "250 2.0.0 Ok");
}

static void cmd_noop(struct smtp_session *s, struct str arg)
{
    reply(s, "250 2.0.0 Ok");
}

static void cmd_quit(struct smtp_session *s, struct str arg)
{
    refuse_and_close(s, "221 2.0.0 Bye");
}

/* RFC 5321 7.3: says nothing about who exists. */
static void cmd_vrfy(struct smtp_session *s, struct str arg)
{
    if (arg.n == 0)
        refuse(s, "501 5.5.4 VRFY needs an address");
    else
        reply(s, "252 2.1.5 Send the mail and see");
}

static void cmd_help(struct smtp_session *s, struct str arg)
{
    reply(s, is_lmtp(s) ? "214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY STARTTLS QUIT; RFC 2033"
                        : "214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY STARTTLS QUIT; "
                          "RFC 5321");
}

static void cmd_absent(struct smtp_session *s, struct str arg)
{
    refuse(s, "502 5.5.1 This command is not offered here");
}

static void cmd_starttls(struct smtp_session *s, struct str arg)
{
    if (s->tls)
        refuse(s, "503 5.5.1 TLS is on already");
    else if (!s->cfg->tls_offered)
        /* Who asks for TLS unasked and speaks on in clear is misled or injecting: what follows is
         * not listened to. */
        refuse_and_close(s, "502 5.5.1 STARTTLS is not offered here, closing");
    else if (arg.n)
        refuse(s, "501 5.5.4 STARTTLS takes no argument");
    else {
        reply(s, "220 2.0.0 Go ahead");
        s->state = ST_TLS;
    }
}

/* A browser or a proxy that was made to speak to us: nothing good can follow. */
static void cmd_foreign(struct smtp_session *s, struct str arg)
{
    refuse_and_close(s, "521 5.5.1 This is not a web server, closing");
}

static const struct {
    const char *verb;
    void (*run)(struct smtp_session *s, struct str arg);
} commands[] = {
    {"EHLO", cmd_ehlo},         {"HELO", cmd_helo},   {"LHLO", cmd_lhlo},
    {"MAIL", cmd_mail},         {"RCPT", cmd_rcpt},   {"DATA", cmd_data},
    {"RSET", cmd_rset},         {"NOOP", cmd_noop},   {"QUIT", cmd_quit},
    {"VRFY", cmd_vrfy},         {"HELP", cmd_help},   {"EXPN", cmd_absent},
    {"STARTTLS", cmd_starttls}, {"AUTH", cmd_absent}, {"BDAT", cmd_absent},
    {"TURN", cmd_absent},       {"ETRN", cmd_absent}, {"GET", cmd_foreign},
    {"POST", cmd_foreign},      {"PUT", cmd_foreign}, {"CONNECT", cmd_foreign},
    {"OPTIONS", cmd_foreign},
};

static void run_line(struct smtp_session *s, struct str line)
{
    if (memchr(line.p, '\n', line.n) || memchr(line.p, '\r', line.n) ||
        memchr(line.p, '\0', line.n)) {
        refuse_and_close(s, "521 5.5.2 Commands end with CR LF and hold no CR, LF or NUL, closing");
        return;
    }
    if (++s->commands > SMTP_IDLE_CMDS_MAX) {
        refuse_and_close(s, "421 4.7.0 Too many commands without a mail, closing");
        return;
    }
    size_t space = str_chr(line, ' ');
    struct str verb = str_sub(line, 0, space);
    struct str arg = space == STR_NPOS ? STR_NONE : str_trim(str_sub(line, space, line.n));
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (str_eq_nocase(verb, str_c(commands[i].verb))) {
            commands[i].run(s, arg);
            return;
        }
    }
    refuse(s, "500 5.5.1 Unknown command");
}

/* ---- octets ---- */

/* Takes octets of one command line; runs it when it is whole. */
static size_t feed_command(struct smtp_session *s, struct str in)
{
    const char *lf = memchr(in.p, '\n', in.n);
    size_t n = lf ? (size_t)(lf - in.p) + 1 : in.n;
    if (s->line.n + n > LINE_MAX_ALL) {
        n = LINE_MAX_ALL - s->line.n;
        s->last_cr = n ? in.p[n - 1] == '\r' : s->line.p[s->line.n - 1] == '\r';
        buf_reset(&s->line);
        s->state = ST_OVERLONG;
        return n;
    }
    buf_add(&s->line, str_sub(in, 0, n));
    if (lf == NULL)
        return n;
    struct str line = buf_str(&s->line);
    if (str_ends(line, STR("\r\n")))
        run_line(s, str_sub(line, 0, line.n - 2));
    else
        refuse_and_close(s, "521 5.5.2 Commands end with CR LF, closing");
    buf_reset(&s->line);
    return n;
}

static size_t feed_overlong(struct smtp_session *s, struct str in)
{
    const char *lf = memchr(in.p, '\n', in.n);
    size_t n = lf ? (size_t)(lf - in.p) + 1 : in.n;
    bool cr = n >= 2 ? in.p[n - 2] == '\r' : s->last_cr;
    if (lf == NULL) {
        s->last_cr = in.p[n - 1] == '\r';
        return n;
    }
    s->state = ST_COMMAND;
    if (cr)
        refuse(s, "500 5.5.2 The line is too long");
    else
        refuse_and_close(s, "521 5.5.2 Commands end with CR LF, closing");
    return n;
}

/* The mail is refused; the rest is read and dropped, then the failure is the reply. */
static void discard(struct smtp_session *s, enum rc why)
{
    s->sink.abort(s->sink.arg);
    s->refused = why;
    s->state = ST_DISCARD;
}

static void take_run(struct smtp_session *s, struct str run)
{
    struct err e = ERR_INIT;
    if (run.n == 0 || s->state == ST_DISCARD)
        return;
    if (run.n > s->cfg->max_size - s->size) {
        discard(s, RC_LIMIT);
        return;
    }
    s->size += run.n;
    enum rc rc = s->sink.data(s->sink.arg, run, &e);
    if (rc != RC_OK)
        discard(s, rc == RC_LIMIT ? RC_IO : rc);
}

/* One reply in SMTP, one for each accepted recipient in LMTP (RFC 2033 4.2). */
static void reply_verdict(struct smtp_session *s, enum rc rc, const char *id)
{
    size_t n = is_lmtp(s) ? s->n_rcpts : 1;
    for (size_t i = 0; i < n; i++) {
        if (rc == RC_OK)
            buf_addf(&s->out, "250 2.0.0 Ok: stored as %s\r\n", id);
        else
            reply(s, failure_text(rc));
    }
    forget_mail(s);
    if (rc == RC_OK)
        s->errors = s->commands = 0;
}

static size_t feed_data(struct smtp_session *s, struct str in)
{
    struct str rest = in, run;
    while (rest.n && s->data.state != SMTP_DATA_END) {
        smtp_data_next(&s->data, &rest, &run);
        take_run(s, run);
    }
    if (s->data.state != SMTP_DATA_END)
        return in.n;
    if (s->state == ST_DISCARD) {
        s->state = ST_COMMAND;
        reply_verdict(s, s->refused, "");
    } else {
        s->state = ST_VERDICT;
        s->sink.finish(s->sink.arg);
    }
    return in.n - rest.n;
}

size_t smtp_session_feed(struct smtp_session *s, struct str in)
{
    size_t used = 0;
    while (used < in.n && smtp_session_want(s) == SMTP_WANT_INPUT) {
        struct str rest = str_sub(in, used, in.n);
        if (smtp_session_in_data(s))
            used += feed_data(s, rest);
        else if (s->state == ST_OVERLONG)
            used += feed_overlong(s, rest);
        else
            used += feed_command(s, rest);
    }
    /* What was sent behind STARTTLS, or behind the end, is never looked at. */
    if (s->state == ST_TLS || s->state == ST_CLOSED)
        used = in.n;
    return used;
}

void smtp_session_verdict(struct smtp_session *s, enum rc rc, const char *id)
{
    BUG_ON(s->state != ST_VERDICT);
    s->state = ST_COMMAND;
    reply_verdict(s, rc == RC_LIMIT ? RC_IO : rc, id);
}

void smtp_session_tls(struct smtp_session *s)
{
    BUG_ON(s->state != ST_TLS);
    forget_mail(s);
    s->greeted = s->extended = false;
    s->helo[0] = '\0';
    buf_reset(&s->line);
    s->tls = true;
    s->state = ST_COMMAND;
}

void smtp_session_close(struct smtp_session *s, const char *why)
{
    if (s->state == ST_CLOSED)
        return;
    if (s->state == ST_DATA)
        s->sink.abort(s->sink.arg);
    buf_addf(&s->out, "421 4.4.2 %s, closing\r\n", why);
    s->state = ST_CLOSED;
}
