/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Automatic answers (RFC 3834): facts from the header (parse child, hostile input) and the decision
 * over them (core, typed input).
 */
#include "mime/autoreply.h"

#include <string.h>

#include "base/utf8.h"

/* ---- facts ---- */

/* A clean one-line copy of at most max bytes; empty when longer: an over-long address or mark is
 * not one that we could ever compare or answer. */
static struct str keep(struct arena *a, struct str s, size_t max)
{
    if (s.n > max || !utf8_is_clean(s) || str_chr(s, '\n') != STR_NPOS)
        return STR_NONE;
    return arena_str(a, s);
}

static bool one_of(struct str s, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (str_eq_nocase(s, str_c(list[i])))
            return true;
    return false;
}

static struct str without_suffix(struct str s, const char *suffix)
{
    struct str x = str_c(suffix);
    if (s.n > x.n && str_eq_nocase(str_sub(s, s.n - x.n, x.n), x))
        return str_sub(s, 0, s.n - x.n);
    return STR_NONE;
}

enum autoreply_sender autoreply_sender_of(struct str addr)
{
    static const char *const daemon[] = {"mailer-daemon",
                                         "mailerdaemon",
                                         "mailer",
                                         "mail-daemon",
                                         "maildaemon",
                                         "mmdf",
                                         "uucp",
                                         "daemon",
                                         "mdaemon",
                                         "postmaster",
                                         "nobody",
                                         "microsoftexchange",
                                         NULL};
    static const char *const request[] = {"listserv", "listproc", "majordomo", "mailman",
                                          "sympa",    "ezmlm",    "mlmmj",     NULL};
    static const char *const request_suffix[] = {"-request", "-bounces", "-bounce", NULL};
    size_t at = str_rchr(addr, '@');
    struct str local = str_sub(addr, 0, at == STR_NPOS ? addr.n : at);
    struct str plain = local;
    size_t plus = str_chr(local, '+');
    if (plus != STR_NPOS && plus > 0)
        plain = str_sub(local, 0, plus);
    if (one_of(plain, daemon) || str_starts_nocase(local, STR("mailer-daemon")))
        return SENDER_DAEMON;
    if (str_starts_nocase(local, STR("owner-")) || without_suffix(plain, "-owner").n > 0)
        return SENDER_OWNER;
    if (one_of(plain, request) || str_starts_nocase(local, STR("bounce-")) ||
        str_starts_nocase(local, STR("bounces-")) || str_starts_nocase(local, STR("bounce+")) ||
        str_starts_nocase(local, STR("bounces+")))
        return SENDER_REQUEST;
    for (size_t i = 0; request_suffix[i]; i++)
        if (without_suffix(plain, request_suffix[i]).n > 0)
            return SENDER_REQUEST;
    /* no-reply, do_not_reply, noreply-42: compared without its marks. */
    char squeezed[32];
    size_t n = 0;
    for (size_t i = 0; i < local.n && n < sizeof squeezed; i++)
        if (ascii_is_alpha(local.p[i]))
            squeezed[n++] = ascii_lower(local.p[i]);
    struct str q = str_of(squeezed, n);
    if (str_starts(q, STR("noreply")) || str_starts(q, STR("donotreply")) ||
        str_starts(q, STR("dontreply")) || str_starts(q, STR("nepasrepondre")))
        return SENDER_NOREPLY;
    return SENDER_PERSON;
}

/* The first word of a structured value, comments skipped. */
static struct str keyword(struct str v)
{
    if (!hfield_skip_cfws(&v))
        return STR_NONE;
    size_t n = 0;
    while (n < v.n && !ascii_is_space(v.p[n]) && v.p[n] != ';' && v.p[n] != '(' && v.p[n] != ',')
        n++;
    return str_sub(v, 0, n);
}

static void scan_submitted(struct arena *a, struct str value, struct autoreply_facts *f)
{
    struct str word = keyword(value);
    /* Several fields: one that is not "no" wins. An empty value is an unknown one. */
    if (f->submitted == SUBMITTED_AUTO)
        return;
    f->submitted = str_eq_nocase(word, STR("no")) ? SUBMITTED_NO : SUBMITTED_AUTO;
    char low[AUTOREPLY_WORD_MAX];
    size_t n = word.n < sizeof low ? word.n : sizeof low;
    for (size_t i = 0; i < n; i++)
        low[i] = ascii_lower(word.p[i]);
    f->submitted_word = keep(a, str_of(low, n), AUTOREPLY_WORD_MAX);
}

static void scan_precedence(struct str value, struct autoreply_facts *f)
{
    static const struct {
        const char *word;
        enum autoreply_precedence is;
    } table[] = {{"bulk", PRECEDENCE_BULK},       {"junk", PRECEDENCE_JUNK},
                 {"list", PRECEDENCE_LIST},       {"auto_reply", PRECEDENCE_BULK},
                 {"auto-reply", PRECEDENCE_BULK}, {"autoreply", PRECEDENCE_BULK}};
    struct str word = keyword(value);
    if (f->precedence != PRECEDENCE_ABSENT && f->precedence != PRECEDENCE_OTHER)
        return;
    f->precedence = PRECEDENCE_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_eq_nocase(word, str_c(table[i].word)))
            f->precedence = table[i].is;
}

static void scan_suppress(struct str value, struct autoreply_facts *f)
{
    static const struct {
        const char *word;
        unsigned bit;
    } table[] = {{"DR", SUPPRESS_DR},   {"NDR", SUPPRESS_NDR}, {"RN", SUPPRESS_RN},
                 {"NRN", SUPPRESS_NRN}, {"OOF", SUPPRESS_OOF}, {"AutoReply", SUPPRESS_AUTOREPLY},
                 {"All", SUPPRESS_ALL}};
    struct str word;
    while (str_cut(&value, ',', &word))
        for (size_t i = 0; i < ARRAY_LEN(table); i++)
            if (str_eq_nocase(keyword(word), str_c(table[i].word)))
                f->suppress |= table[i].bit;
}

static void scan_type(struct str value, struct autoreply_facts *f)
{
    static const struct {
        const char *report, *type;
        enum autoreply_report is;
    } table[] = {
        {"delivery-status", "message/delivery-status", REPORT_DSN},
        {"global-delivery-status", "message/global-delivery-status", REPORT_DSN},
        {"disposition-notification", "message/disposition-notification", REPORT_MDN},
        {"global-disposition-notification", "message/global-disposition-notification", REPORT_MDN},
        {"feedback-report", "message/feedback-report", REPORT_ARF}};
    struct str type = hfield_main(value), report = hfield_param(value, "report-type");
    bool is_report = str_eq_nocase(type, STR("multipart/report"));
    if (is_report)
        f->report = REPORT_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if ((is_report && str_eq_nocase(report, str_c(table[i].report))) ||
            str_eq_nocase(type, str_c(table[i].type)))
            f->report = table[i].is;
}

static bool is_list_mark(struct str name)
{
    static const char *const marks[] = {
        "Mailing-List", "X-Mailing-List", "X-BeenThere", "X-Listname",
        "X-List-Id",    "X-ML-Name",      "X-Loop-List", NULL};
    return str_starts_nocase(name, STR("List-")) || one_of(name, marks);
}

static bool is_responder_mark(struct str name)
{
    static const char *const marks[] = {"X-Autoreply",
                                        "X-Autorespond",
                                        "X-Autoresponder",
                                        "X-Autogenerated",
                                        "X-Autoreply-From",
                                        "X-Auto-Reply-From",
                                        "X-Mail-Autoreply",
                                        "X-Vacation",
                                        "X-MS-Exchange-Inbox-Rules-Loop",
                                        NULL};
    return one_of(name, marks);
}

static bool says_yes(struct str value)
{
    struct str word = keyword(value);
    return str_starts_nocase(word, STR("yes")) || str_eq_nocase(word, STR("true"));
}

static void scan_field(struct arena *a, const struct hfield *h, struct autoreply_facts *f)
{
    struct str name = h->name;
    if (str_eq_nocase(name, STR("Auto-Submitted"))) {
        scan_submitted(a, h->value, f);
    } else if (str_eq_nocase(name, STR("Precedence")) || str_eq_nocase(name, STR("X-Precedence"))) {
        scan_precedence(h->value, f);
    } else if (str_eq_nocase(name, STR("X-Auto-Response-Suppress"))) {
        scan_suppress(h->value, f);
    } else if (str_eq_nocase(name, STR("Content-Type"))) {
        scan_type(h->value, f);
    } else if (str_eq_nocase(name, STR("X-Loop"))) {
        if (f->n_loops == AUTOREPLY_LOOPS_MAX)
            f->loops_over = true;
        else
            f->loops[f->n_loops++] = keep(a, str_trim(h->value), AUTOREPLY_ADDR_MAX);
    } else if (str_eq_nocase(name, STR("X-Spam-Flag")) || str_eq_nocase(name, STR("X-Spam")) ||
               str_eq_nocase(name, STR("X-Spam-Status"))) {
        f->spam = f->spam || says_yes(h->value);
    } else if (is_list_mark(name)) {
        f->list = true;
    } else if (is_responder_mark(name)) {
        f->responder = true;
    }
}

enum rc autoreply_scan(struct arena *a, const struct hfield *fields, size_t n,
                       const struct str *envelope_from, struct autoreply_facts *ret_f,
                       struct err *e)
{
    struct autoreply_facts f = {.submitted_word = STR_NONE};
    const struct hfield *path = hfield_find(fields, n, "Return-Path");
    const struct hfield *from = hfield_find(fields, n, "From");
    size_t hops = 0;
    for (size_t i = 0; i < n; i++) {
        scan_field(a, &fields[i], &f);
        hops += str_eq_nocase(fields[i].name, STR("Received"));
    }
    f.hops_over = hops > AUTOREPLY_HOPS_MAX;
    struct str back = envelope_from ? str_trim(*envelope_from)
                      : path        ? hfield_addr(path->value)
                                    : STR_NONE;
    f.return_path = keep(a, back, AUTOREPLY_ADDR_MAX);
    /* What is too long or not clean is unknown, not null. */
    f.has_return_path = (envelope_from || path) && f.return_path.n == back.n;
    f.from = keep(a, from ? hfield_addr(from->value) : STR_NONE, AUTOREPLY_ADDR_MAX);
    f.return_class = autoreply_sender_of(f.return_path);
    f.from_class = autoreply_sender_of(f.from);
    TRY(arena_ok(a, "the facts for an automatic answer", e));
    *ret_f = f;
    return RC_OK;
}

/* ---- decision ---- */

static const struct {
    const char *name, *text;
} why_table[AUTOREPLY_WHY_COUNT] = {
    [AUTOREPLY_SEND] = {"send", "an answer is sent"},
    [AUTOREPLY_NO_PATH] = {"no-path", "no usable return path is known, so nobody can be answered"},
    [AUTOREPLY_NULL_PATH] = {"null-path", "the return path is empty: a report or an automatic "
                                          "answer is never answered"},
    [AUTOREPLY_OWN_ADDRESS] = {"own-address", "the sender is an address of this desk"},
    [AUTOREPLY_LOOP] = {"loop", "our own mark came back, or the mail went through too many hosts"},
    [AUTOREPLY_AUTOMATIC] = {"automatic", "the mail says that it was sent automatically"},
    [AUTOREPLY_REPORT] = {"report", "delivery reports, read receipts and complaints are not "
                                    "answered"},
    [AUTOREPLY_LIST] = {"list", "the mail came through a mailing list"},
    [AUTOREPLY_PRECEDENCE] = {"precedence", "the mail is marked as bulk, junk or list mail"},
    [AUTOREPLY_SUPPRESSED] = {"suppressed", "the sender asks for no automatic answer"},
    [AUTOREPLY_ROLE] = {"role", "the sender's address is that of a machine or of a list's owner"},
    [AUTOREPLY_SPAM] = {"spam", "the mail server marked the mail as spam"},
    [AUTOREPLY_RATE_CASE] = {"rate-case", "this address was already answered for this case"},
    [AUTOREPLY_RATE_ADDRESS] = {"rate-address", "this address already had as many answers as the "
                                                "limit allows"},
    [AUTOREPLY_WATCHING] = {"watching", "this desk only watches an inbox and sends nothing"},
    [AUTOREPLY_IMPORTED] = {"imported", "it was imported from an old mailbox"},
    [AUTOREPLY_ANONYMOUS] = {"anonymous", "the reporter left no address"},
};

const char *autoreply_why_name(enum autoreply_why w)
{
    return (size_t)w < AUTOREPLY_WHY_COUNT ? why_table[w].name : "unknown";
}

const char *autoreply_why_text(enum autoreply_why w)
{
    return (size_t)w < AUTOREPLY_WHY_COUNT ? why_table[w].text : "no reason is known";
}

/* local and domain of addr; the +detail of the local part cut off. */
static bool same_mailbox(struct str a, struct str b)
{
    struct str *two[2] = {&a, &b}, local[2], dom[2];
    for (int i = 0; i < 2; i++) {
        struct str s = str_trim(*two[i]);
        size_t at = str_rchr(s, '@');
        if (at == STR_NPOS || at == 0)
            return false;
        local[i] = str_sub(s, 0, at);
        dom[i] = str_sub(s, at + 1, s.n);
        size_t plus = str_chr(local[i], '+');
        if (plus != STR_NPOS && plus > 0)
            local[i] = str_sub(local[i], 0, plus);
    }
    return str_eq_nocase(local[0], local[1]) && str_eq_nocase(dom[0], dom[1]);
}

static bool is_ours(const struct autoreply_ask *ask, struct str addr)
{
    for (size_t i = 0; i < ask->n_ours; i++)
        if (same_mailbox(addr, ask->ours[i]))
            return true;
    return false;
}

static bool is_loop(const struct autoreply_ask *ask)
{
    const struct autoreply_facts *f = ask->facts;
    if (f->loops_over || f->hops_over)
        return true;
    for (size_t i = 0; i < f->n_loops && i < AUTOREPLY_LOOPS_MAX; i++)
        if (is_ours(ask, hfield_addr(f->loops[i])))
            return true;
    return false;
}

/* Something with one local part and a domain; the writer checks the rest. */
static bool is_address(struct str s)
{
    size_t at = str_rchr(s, '@');
    return s.n <= AUTOREPLY_ADDR_MAX && at != STR_NPOS && at > 0 && at + 1 < s.n;
}

static enum autoreply_why decide_sender(const struct autoreply_ask *ask)
{
    const struct autoreply_facts *f = ask->facts;
    if (!f->has_return_path)
        return AUTOREPLY_NO_PATH;
    if (f->return_path.n == 0)
        return AUTOREPLY_NULL_PATH;
    if (is_ours(ask, f->return_path) || is_ours(ask, f->from))
        return AUTOREPLY_OWN_ADDRESS;
    if (f->return_class != SENDER_PERSON || f->from_class != SENDER_PERSON)
        return AUTOREPLY_ROLE;
    return is_address(f->return_path) ? AUTOREPLY_SEND : AUTOREPLY_NO_PATH;
}

enum autoreply_why autoreply_decide(const struct autoreply_ask *ask)
{
    const struct autoreply_facts *f = ask->facts;
    unsigned max = ask->recent_max ? ask->recent_max : AUTOREPLY_RECENT_MAX;
    if (f->report != REPORT_NONE)
        return AUTOREPLY_REPORT;
    if (is_loop(ask))
        return AUTOREPLY_LOOP;
    enum autoreply_why sender = decide_sender(ask);
    if (sender != AUTOREPLY_SEND)
        return sender;
    if ((f->submitted != SUBMITTED_ABSENT && f->submitted != SUBMITTED_NO) || f->responder)
        return AUTOREPLY_AUTOMATIC;
    if (f->list)
        return AUTOREPLY_LIST;
    if (f->precedence != PRECEDENCE_ABSENT && f->precedence != PRECEDENCE_OTHER)
        return AUTOREPLY_PRECEDENCE;
    if (f->suppress & (SUPPRESS_OOF | SUPPRESS_AUTOREPLY | SUPPRESS_ALL))
        return AUTOREPLY_SUPPRESSED;
    if (f->spam)
        return AUTOREPLY_SPAM;
    if (ask->recent_case > 0)
        return AUTOREPLY_RATE_CASE;
    return ask->recent_address >= max ? AUTOREPLY_RATE_ADDRESS : AUTOREPLY_SEND;
}

void autoreply_headers(struct str our_address, struct hfield ret_h[AUTOREPLY_HEADERS])
{
    ret_h[0] = (struct hfield){STR("Auto-Submitted"), STR("auto-replied")};
    ret_h[1] = (struct hfield){STR("X-Loop"), our_address};
    ret_h[2] = (struct hfield){STR("X-Auto-Response-Suppress"), STR("All")};
    ret_h[3] = (struct hfield){STR("Precedence"), STR("bulk")};
}
