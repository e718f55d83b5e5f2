/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of settings.  Whatever can be configured is a row here; the manual page, the file
 * that `init` writes, `config show` and the reader are all made from it.
 */
#include "desk/settings_private.h"

#include <stddef.h>

#include "base/when.h"

#define KIB           INT64_C(1024)
#define MIB           (1024 * KIB)
#define GIB           (1024 * MIB)
#define YEAR          (366 * US_PER_DAY)
#define OFF(m)        offsetof(struct settings, m)
#define NEEDED        true
#define OPTIONAL      false
#define NO_CHOICES    NULL
#define YESNO         "no|yes"
#define TEXT_MAX(max) 0, (max)

/* clang-format off */
const struct setting_full settings_table[] = {
{{"desk", "name", SET_TEXT, NEEDED, "", NO_CHOICES, 1, 100,
  "name of the team or project, shown on pages and in mail"}, OFF(desk.name), NULL},
{{"desk", "prefix", SET_TEXT, NEEDED, "", NO_CHOICES, 2, 10,
  "begins each case number: PREFIX-2026-0001; capital letters and digits, a letter first"},
  OFF(desk.prefix), check_prefix},
{{"desk", "contact", SET_ADDRESSES, NEEDED, "", NO_CHOICES, 1, SETTINGS_LIST_MAX,
  "addresses that take reports; mail to any other is refused; the first is shown and written from"},
  OFF(desk.contact), NULL},
{{"desk", "base_url", SET_URL, OPTIONAL, "http://127.0.0.1:8080", "http|https", TEXT_MAX(500),
  "where the public pages are reached from outside, without a slash at the end"},
  OFF(desk.base_url), NULL},
{{"desk", "staff_url", SET_URL, OPTIONAL, "http://127.0.0.1:8081", "http|https", TEXT_MAX(500),
  "where the team's pages are reached, without a slash at the end"}, OFF(desk.staff_url), NULL},
{{"desk", "data_dir", SET_PATH, OPTIONAL, "data", NO_CHOICES, TEXT_MAX(3000),
  "folder of the spool, blobs, keys, sockets and the embedded database"}, OFF(desk.data_dir), NULL},
{{"desk", "language", SET_TEXT, OPTIONAL, "en", "en", TEXT_MAX(20),
  "language of the texts we write"}, OFF(desk.language), NULL},
{{"desk", "templates", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "folder of text templates that replace the built-in ones"}, OFF(desk.templates), NULL},
{{"desk", "canned", SET_PATH, OPTIONAL, "templates/canned", NO_CHOICES, TEXT_MAX(3000),
  "folder of texts that a reply can start from (NAME.txt, its first line is the title); need not exist"},
  OFF(desk.canned), NULL},

{{"store", "url", SET_TEXT, OPTIONAL, "sqlite:{data_dir}/db/desk.db", NO_CHOICES, 1, 2000,
  "database: sqlite:/path or what PostgreSQL's libpq takes (postgresql://... or host=... dbname=...)"},
  OFF(store.url), check_store_url},

{{"listen", "smtp", SET_SOCKETS, OPTIONAL, "127.0.0.1:2525", NO_CHOICES, 0, SETTINGS_LIST_MAX,
  "where SMTP is spoken: host:port or unix:/path, numbers only; empty for none"},
  OFF(listen.smtp), NULL},
{{"listen", "lmtp", SET_SOCKETS, OPTIONAL, "unix:{data_dir}/run/lmtp.sock", NO_CHOICES, 0,
  SETTINGS_LIST_MAX, "where LMTP is spoken; empty for none"}, OFF(listen.lmtp), NULL},
{{"listen", "public_http", SET_SOCKET, OPTIONAL, "127.0.0.1:8080", NO_CHOICES, TEXT_MAX(200),
  "public pages, to be reached through a reverse proxy with TLS; empty for none"},
  OFF(listen.public_http), NULL},
{{"listen", "staff_http", SET_SOCKET, OPTIONAL, "127.0.0.1:8081", NO_CHOICES, TEXT_MAX(200),
  "the team's pages, the same way; empty for none"}, OFF(listen.staff_http), NULL},
{{"listen", "cli", SET_SOCKET, OPTIONAL, "unix:{data_dir}/run/cli.sock", NO_CHOICES, 1, 200,
  "socket of the vulndesk commands, unix:/path"}, OFF(listen.cli), check_unix_socket},

{{"mail", "hostname", SET_TEXT, OPTIONAL, "localhost", NO_CHOICES, 1, 253,
  "our name in SMTP greetings and Message-IDs"}, OFF(mail.hostname), check_hostname},
{{"mail", "max_size", SET_SIZE, OPTIONAL, "25M", NO_CHOICES, 64 * KIB, 48 * MIB,
  "largest message taken"}, OFF(mail.max_size), NULL},
{{"mail", "authserv_id", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(253),
  "authserv-id of our own MTA, whose Authentication-Results count; empty: nobody's do"},
  OFF(mail.authserv_id), NULL},
{{"mail", "trusted_hops", SET_INT, OPTIONAL, "1", NO_CHOICES, 0, 15,
  "number of Received fields that our own MTAs put on top before the desk adds its own"}, OFF(mail.trusted_hops), NULL},
{{"mail", "spam_headers", SET_LIST, OPTIONAL, "X-Spam: yes, X-Spam-Flag: yes, X-Spam-Status: yes",
  NO_CHOICES, 0, SETTINGS_LIST_MAX,
  "fields by which our MTA marks spam (name: begin of the value); such mail gets no acknowledgement"},
  OFF(mail.spam_headers), check_spam_header},
{{"mail", "outgoing", SET_ENUM, OPTIONAL, "off", "off|on|copy", 0, 0,
  "off: the outbox only fills; copy: the desk only watches an inbox, nothing is sent or kept to be sent"},
  OFF(mail.outgoing), NULL},
{{"mail", "submission_url", SET_URL, OPTIONAL, "smtp://127.0.0.1:25", "smtp|smtps", TEXT_MAX(500),
  "server that takes our mail: smtp://host:port or smtps://host:port"},
  OFF(mail.submission_url), NULL},
{{"mail", "submission_tls", SET_ENUM, OPTIONAL, "require", "require|try|never", 0, 0,
  "STARTTLS on smtp://"}, OFF(mail.submission_tls), NULL},
{{"mail", "submission_ca", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file of CA certificates for that server; empty: the system's"}, OFF(mail.submission_ca), NULL},
{{"mail", "submission_user", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(320),
  "login at that server; empty: none"}, OFF(mail.submission_user), NULL},
{{"mail", "submission_password_file", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file whose first line is the password"}, OFF(mail.submission_password_file), NULL},
{{"mail", "from", SET_ADDRESS, OPTIONAL, "{contact}", NO_CHOICES, 3, 320,
  "From address of what we send"}, OFF(mail.from), NULL},
{{"mail", "bounce_address", SET_ADDRESS, OPTIONAL, "{from}", NO_CHOICES, 3, 320,
  "envelope sender of replies; must come back to us to see bounces"},
  OFF(mail.bounce_address), NULL},
{{"mail", "tls_cert", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "certificate chain (PEM) for STARTTLS on our SMTP; empty: not offered"}, OFF(mail.tls_cert), NULL},
{{"mail", "tls_key", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "key (PEM) of tls_cert"}, OFF(mail.tls_key), NULL},
{{"mail", "undo", SET_SPAN, OPTIONAL, "60s", NO_CHOICES, 0, 10 * US_PER_MIN,
  "a reply waits so long before it goes out and can be undone meanwhile; 0s: it goes at once"},
  OFF(mail.undo_us), NULL},
{{"mail", "ack_rate", SET_RATE, OPTIONAL, "10/1h", NO_CHOICES, 1, 1000,
  "acknowledgements for one sender: count/span; reports beyond it are still taken"},
  OFF(mail.ack_rate_count), NULL},
{{"mail", "notices", SET_BOOL, OPTIONAL, "on", "off|on", 0, 0,
  "whether the team is told by mail of reports, answers and times, without a word of their content"},
  OFF(mail.notices), NULL},
{{"mail", "notice_pause", SET_SPAN, OPTIONAL, "5m", NO_CHOICES, US_PER_S, US_PER_DAY,
  "at most one notice of a kind about a case within this time, for each person"},
  OFF(mail.notice_pause_us), NULL},
{{"mail", "shared", SET_BOOL, OPTIONAL, "no", YESNO, 0, 0,
  "a contact address is a general mailbox (info@): only what is a report becomes a case"},
  OFF(mail.shared), NULL},
{{"mail", "report_words", SET_LIST, OPTIONAL,
  "vulnerability, vulnerabilities, vulnerable, CVE, CVSS, CWE, security issue, security bug, "
  "security flaw, security hole, security report, exploit, proof of concept, PoC, "
  "responsible disclosure, coordinated disclosure, remote code execution, code execution, RCE, "
  "buffer overflow, heap overflow, stack overflow, use after free, use-after-free, "
  "out-of-bounds, memory corruption, SQL injection, command injection, XSS, "
  "cross-site scripting, CSRF, SSRF, XXE, path traversal, directory traversal, "
  "privilege escalation, authentication bypass, denial of service, AddressSanitizer",
  NO_CHOICES, 0, SETTINGS_LIST_MAX,
  "with shared: whole words of subject or text that make a mail a report"},
  OFF(mail.report_words), NULL},
{{"mail", "no_report", SET_LIST, OPTIONAL, "", NO_CHOICES, 0, 16,
  "with shared: fields that say a mail is no report (name: begin of the value), besides lists and bulk"},
  OFF(mail.no_report), check_spam_header},
{{"mail", "next_hop", SET_URL, OPTIONAL, "", "smtp|smtps", TEXT_MAX(500),
  "with shared: server that takes what is no report, unchanged; empty: it waits for a person"},
  OFF(mail.next_hop), NULL},
{{"mail", "next_hop_tls", SET_ENUM, OPTIONAL, "try", "require|try|never", 0, 0,
  "STARTTLS at the next hop, on smtp://"}, OFF(mail.next_hop_tls), NULL},

{{"imap", "url", SET_URL, OPTIONAL, "", "imap|imaps", TEXT_MAX(500),
  "server of the mailbox: imap://host:port or imaps://host:port; empty: none is polled"},
  OFF(imap.url), NULL},
{{"imap", "tls", SET_ENUM, OPTIONAL, "require", "require|try|never", 0, 0,
  "STARTTLS on imap://"}, OFF(imap.tls), NULL},
{{"imap", "user", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(320),
  "login at that server"}, OFF(imap.user), NULL},
{{"imap", "password_file", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file whose first line is the password"}, OFF(imap.password_file), NULL},
{{"imap", "ca", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file of CA certificates for that server; empty: the system's"}, OFF(imap.ca), NULL},
{{"imap", "folder", SET_TEXT, OPTIONAL, "INBOX", NO_CHOICES, 1, 200,
  "folder that is looked at; nothing in it is ever marked, moved or removed"},
  OFF(imap.folder), NULL},
{{"imap", "poll", SET_SPAN, OPTIONAL, "1m", NO_CHOICES, US_PER_S, US_PER_H,
  "time between looks where the server has no IDLE"}, OFF(imap.poll_us), NULL},
{{"imap", "old_mail", SET_BOOL, OPTIONAL, "no", YESNO, 0, 0,
  "mail that lay there before the desk first looked is taken too, and acknowledged"},
  OFF(imap.old_mail), NULL},

{{"policy", "file", SET_PATH, NEEDED, "", NO_CHOICES, 1, 3000,
  "the security policy (Markdown) that this desk carries out"}, OFF(policy.file), NULL},
{{"policy", "acknowledge", SET_BOOL, OPTIONAL, "no", YESNO, 0, 0,
  "the policy promises to acknowledge reports"}, OFF(policy.acknowledge), NULL},
{{"policy", "detail", SET_BOOL, OPTIONAL, "no", YESNO, 0, 0,
  "the policy promises a more detailed response"}, OFF(policy.detail), NULL},
{{"policy", "update", SET_BOOL, OPTIONAL, "no", YESNO, 0, 0,
  "the policy promises to keep reporters informed"}, OFF(policy.update), NULL},
{{"policy", "acknowledge_within", SET_SPAN, OPTIONAL, "1h", NO_CHOICES, US_PER_MIN, YEAR,
  "the team's own clock for the acknowledgement, never quoted as the policy's words"},
  OFF(policy.acknowledge_within_us), NULL},
{{"policy", "detail_within", SET_SPAN, OPTIONAL, "5d", NO_CHOICES, US_PER_MIN, YEAR,
  "the team's own clock for the detailed response"}, OFF(policy.detail_within_us), NULL},
{{"policy", "update_every", SET_SPAN, OPTIONAL, "14d", NO_CHOICES, US_PER_MIN, YEAR,
  "the team's own clock for news to the reporter"}, OFF(policy.update_every_us), NULL},
{{"policy", "default_embargo", SET_SPAN, OPTIONAL, "none", NO_CHOICES, US_PER_DAY, YEAR,
  "embargo that we propose when the policy or the team has one"},
  OFF(policy.default_embargo_us), NULL},

{{"project", "name", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(100),
  "name of the software"}, OFF(project.name), NULL},
{{"project", "repository", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "folder of its bare mirror; empty: none"}, OFF(project.repository), NULL},
{{"project", "repositories", SET_LIST, OPTIONAL, "", NO_CHOICES, 0, SETTINGS_REPOSITORIES,
  "further bare mirrors of the organisation, NAME=/FOLDER each: audits search them too"},
  OFF(project.repositories), check_repository},
{{"project", "tag_pattern", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(120),
  "release tags: {YYYY} {MM} {DD} {N} numbers, {a} a letter, [..] may be missing; empty: not known"},
  OFF(project.tag_pattern), check_tag_pattern},
{{"project", "maintained", SET_LIST, OPTIONAL, "", NO_CHOICES, 0, SETTINGS_LIST_MAX,
  "branches whose users get fixes; empty: not known"}, OFF(project.maintained), check_branch},
{{"project", "components", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file of the component and maintainer map; empty: none"}, OFF(project.components), NULL},

{{"publish", "announce_to", SET_ADDRESSES, OPTIONAL, "", NO_CHOICES, 0, SETTINGS_LIST_MAX,
  "mailing lists that get each advisory and its corrections; a mail to each"},
  OFF(publish.announce_to), NULL},
{{"publish", "ecosystem", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(60),
  "where the software is a package, by the OSV schema's name (Packagist, PyPI, Go ...); empty: nowhere"},
  OFF(publish.ecosystem), check_ecosystem},
{{"publish", "package", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(200),
  "name of the package in that ecosystem"}, OFF(publish.package), NULL},
{{"publish", "purl", SET_TEXT, OPTIONAL, "", NO_CHOICES, TEXT_MAX(300),
  "package URL of the software without a version, pkg:TYPE/NAMESPACE/NAME; empty: none"},
  OFF(publish.purl), check_purl},

{{"sandbox", "mode", SET_ENUM, OPTIONAL, "require", "require|best-effort", 0, 0,
  "require: a role that cannot have its sandbox does not start; best-effort: it starts and says so"},
  OFF(sandbox.mode), NULL},

{{"retention", "closed_after", SET_SPAN, OPTIONAL, "none", NO_CHOICES, US_PER_DAY, 100 * YEAR,
  "the content of a case that has been closed for so long is erased; none: only by a person"},
  OFF(retention.closed_after_us), NULL},

{{"metrics", "token_file", SET_PATH, OPTIONAL, "", NO_CHOICES, TEXT_MAX(3000),
  "file whose first line lets its bearer read /metrics of the team's pages; empty: only signed in"},
  OFF(metrics.token_file), NULL},

{{"roles", "cores", SET_INT, OPTIONAL, "1", NO_CHOICES, 1, 16,
  "number of core processes"}, OFF(roles.cores), NULL},
{{"roles", "uid_base", SET_INT, OPTIONAL, "0", NO_CHOICES, 0, 2000000000,
  "started as root, role k runs as user uid_base + k; 0: users are not changed"},
  OFF(roles.uid_base), NULL},

{{"limits", "disk_reserve", SET_SIZE, OPTIONAL, "0", NO_CHOICES, 0, 1024 * GIB,
  "with less space than this on the disk of the spool mail is put off (452); 0: until it is full"},
  OFF(limits.disk_reserve), NULL},
{{"limits", "smtp_clients", SET_INT, OPTIONAL, "100", NO_CHOICES, 1, 10000,
  "SMTP and LMTP connections at a time"}, OFF(limits.smtp_clients), NULL},
{{"limits", "smtp_clients_per_host", SET_INT, OPTIONAL, "20", NO_CHOICES, 1, 10000,
  "SMTP and LMTP connections of one address at a time"}, OFF(limits.smtp_clients_per_host), NULL},
{{"limits", "smtp_recipients", SET_INT, OPTIONAL, "100", NO_CHOICES, 100, 1000,
  "recipients of one message (RFC 5321 wants 100)"}, OFF(limits.smtp_recipients), NULL},
{{"limits", "smtp_idle", SET_SPAN, OPTIONAL, "5m", NO_CHOICES, 10 * US_PER_S, US_PER_H,
  "a silent SMTP client is closed after it"}, OFF(limits.smtp_idle_us), NULL},
{{"limits", "http_clients", SET_INT, OPTIONAL, "500", NO_CHOICES, 10, 10000,
  "HTTP connections at a time, for each of the two"}, OFF(limits.http_clients), NULL},
{{"limits", "http_body", SET_SIZE, OPTIONAL, "25M", NO_CHOICES, 64 * KIB, 32 * MIB,
  "largest body of a request: a form with its files"}, OFF(limits.http_body), NULL},
{{"limits", "parse_time", SET_SPAN, OPTIONAL, "20s", NO_CHOICES, US_PER_S, 10 * US_PER_MIN,
  "time to parse one mail; then it is quarantined"}, OFF(limits.parse_time_us), NULL},
{{"limits", "parse_memory", SET_SIZE, OPTIONAL, "512M", NO_CHOICES, 64 * MIB, 16 * GIB,
  "memory to parse one mail; when it is not enough, the mail is quarantined"}, OFF(limits.parse_memory), NULL},
{{"limits", "signin_link", SET_SPAN, OPTIONAL, "24h", NO_CHOICES, US_PER_MIN, 30 * US_PER_DAY,
  "how long a one-time sign-in link is good"}, OFF(limits.signin_link_us), NULL},
{{"limits", "session", SET_SPAN, OPTIONAL, "12h", NO_CHOICES, US_PER_MIN, 30 * US_PER_DAY,
  "how long a session of the team's pages lasts"}, OFF(limits.session_us), NULL},
{{"limits", "way_back", SET_SPAN, OPTIONAL, "90d", NO_CHOICES, US_PER_H, YEAR,
  "how long a reporter's link to his thread is good"}, OFF(limits.way_back_us), NULL},
{{"limits", "report_rate", SET_RATE, OPTIONAL, "20/1h", NO_CHOICES, 1, 100000,
  "reports by the form from one client: count/span, a day at most; an IPv6 network is one client"},
  OFF(limits.report_rate_count), NULL},
{{"limits", "report_rate_all", SET_RATE, OPTIONAL, "300/1h", NO_CHOICES, 1, 100000,
  "reports by the form from everybody together"}, OFF(limits.report_all_count), NULL},
};
/* clang-format on */
const size_t settings_table_n = ARRAY_LEN(settings_table);

_Static_assert(OFF(mail.ack_rate_us) == OFF(mail.ack_rate_count) + sizeof(int64_t),
               "SET_RATE writes two numbers in a row");
_Static_assert(OFF(limits.report_rate_us) == OFF(limits.report_rate_count) + sizeof(int64_t) &&
                   OFF(limits.report_all_us) == OFF(limits.report_all_count) + sizeof(int64_t),
               "so do these");

static const struct {
    const char *name, *help;
} sections[] = {
    {"desk", "Who we are and where we are reached."},
    {"store", "The database."},
    {"listen", "Where we listen. The defaults are reached from this machine only."},
    {"mail", "Mail in and out. Nothing is sent while outgoing is off."},
    {"imap", "A mailbox that is polled, for a team without a mail server of its own."},
    {"policy", "What the policy promises, and the team's own times, which are not the policy's."},
    {"project", "The software whose reports we take."},
    {"publish", "Advisories: who is told, and what the software is called where machines look."},
    {"sandbox", "What happens when the system cannot give a role its sandbox."},
    {"retention", "How long the content of closed cases is kept."},
    {"metrics", "Numbers for Prometheus."},
    {"roles", "Processes."},
    {"limits", "Limits on what strangers can make us do."},
};

const char *settings_section_help(const char *section)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (strcmp(sections[i].name, section) == 0)
            return sections[i].help;
    return "";
}

size_t settings_count(void)
{
    return settings_table_n;
}

const struct setting *settings_row(size_t i)
{
    return i < settings_table_n ? &settings_table[i].row : NULL;
}

const struct setting_full *settings_find(struct str section, struct str key)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (str_eq(section, str_c(settings_table[i].row.section)) &&
            str_eq(key, str_c(settings_table[i].row.key)))
            return &settings_table[i];
    return NULL;
}

bool setting_may_be_none(const struct setting *row)
{
    return strcmp(row->section, "policy") == 0 || strcmp(row->section, "retention") == 0;
}

const char *settings_type_name(enum setting_type t)
{
    static const char *const names[] = {
        [SET_TEXT] = "text",
        [SET_PATH] = "path",
        [SET_ADDRESS] = "address",
        [SET_SOCKET] = "socket",
        [SET_URL] = "URL",
        [SET_SIZE] = "size",
        [SET_SPAN] = "span",
        [SET_BOOL] = "switch",
        [SET_ENUM] = "choice",
        [SET_INT] = "number",
        [SET_RATE] = "rate",
        [SET_LIST] = "list",
        [SET_ADDRESSES] = "list of addresses",
        [SET_SOCKETS] = "list of sockets",
    };
    return (size_t)t < ARRAY_LEN(names) ? names[t] : "";
}

static void add_size(struct buf *b, int64_t n)
{
    static const char unit[] = {'G', 'M', 'K'};
    for (size_t i = 0; i < ARRAY_LEN(unit); i++) {
        int64_t one = INT64_C(1) << (10 * (3 - i));
        if (n >= one && n % one == 0) {
            buf_addf(b, "%lld%c", (long long)(n / one), unit[i]);
            return;
        }
    }
    buf_addf(b, "%lld", (long long)n);
}

static void add_span(struct buf *b, int64_t us)
{
    static const struct {
        int64_t us;
        char unit;
    } units[] = {{US_PER_DAY, 'd'}, {US_PER_H, 'h'}, {US_PER_MIN, 'm'}, {US_PER_S, 's'}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (us % units[i].us == 0 && us >= units[i].us) {
            buf_addf(b, "%lld%c", (long long)(us / units[i].us), units[i].unit);
            return;
        }
    buf_adds(b, "0");
}

void settings_bounds(const struct setting *row, struct buf *b)
{
    switch (row->type) {
    case SET_SIZE:
        add_size(b, row->min);
        buf_adds(b, " to ");
        add_size(b, row->max);
        return;
    case SET_SPAN:
        add_span(b, row->min);
        buf_adds(b, " to ");
        add_span(b, row->max);
        if (setting_may_be_none(row))
            buf_adds(b, ", or none");
        return;
    case SET_INT:
    case SET_RATE:
        buf_addf(b, "%lld to %lld", (long long)row->min, (long long)row->max);
        return;
    case SET_LIST:
    case SET_ADDRESSES:
    case SET_SOCKETS:
        buf_addf(b, "at most %lld", (long long)row->max);
        return;
    default:
        break;
    }
    struct str rest = str_c(row->choices), one;
    for (bool first = true; str_cut(&rest, '|', &one); first = false)
        buf_addf(b, "%s%.*s", first ? "" : rest.n ? ", " : " or ", STR_ARG(one));
}
