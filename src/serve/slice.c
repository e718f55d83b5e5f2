/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices of the settings.  Runs in the supervisor only; input is the checked configuration and the
 * files that it names.
 */
#include "serve/slice.h"

#include <fcntl.h>
#include <limits.h>

#include "base/hex.h"
#include "desk/keygen.h"
#include "os/file.h"
#include "store/pg_place.h"

#define SLICE_FILE_MAX (256u << 10)

static void put(json_t *j, const char *key, json_t *value)
{
    json_object_set_new(j, key, value);
}

static void put_hex(json_t *j, const char *key, const unsigned char *p, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(2 * n);
    hex_add(&b, str_of(p, n));
    json_put_str(j, key, buf_str(&b));
}

/* A file that the settings may name; none is empty. */
static enum rc read_named(struct str path, struct buf *b, struct err *e)
{
    return path.n > 0 ? file_read(AT_FDCWD, path.p, SLICE_FILE_MAX, b, e) : RC_OK;
}

static enum rc put_file(json_t *j, const char *key, struct str path, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SLICE_FILE_MAX);
    TRY(read_named(path, &b, e));
    json_put_str(j, key, buf_str(&b));
    return RC_OK;
}

static enum rc put_first_line(json_t *j, const char *key, struct str path, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SLICE_FILE_MAX);
    TRY(read_named(path, &b, e));
    struct str rest = buf_str(&b), line = STR_NONE;
    if (!str_line(&rest, &line))
        line = STR_NONE;
    json_put_str(j, key, line);
    return RC_OK;
}

/* Whom smtpd takes mail for: the contacts, and where bounces of our own mail come back to. */
static json_t *recipients(const struct settings *set)
{
    json_t *a = json_array();
    for (size_t i = 0; i < set->desk.contact.n; i++)
        json_array_append_new(a, json_str(set->desk.contact.v[i]));
    json_array_append_new(a, json_str(set->mail.from));
    json_array_append_new(a, json_str(set->mail.bounce_address));
    return a;
}

static enum rc slice_smtpd(const struct settings *set, json_t *j, struct err *e)
{
    json_put_str(j, "hostname", set->mail.hostname);
    json_put_int(j, "max_size", set->mail.max_size);
    put(j, "recipients", recipients(set));
    json_put_int(j, "disk_reserve", set->limits.disk_reserve);
    json_put_int(j, "max_rcpts", set->limits.smtp_recipients);
    json_put_int(j, "clients", set->limits.smtp_clients);
    json_put_int(j, "clients_per_host", set->limits.smtp_clients_per_host);
    json_put_int(j, "idle_us", set->limits.smtp_idle_us);
    unsigned char pk[KEYGEN_INTAKE_LEN];
    TRY(keygen_intake_public(set->desk.data_dir.p, pk, e));
    put_hex(j, "intake_key", pk, sizeof pk);
    TRY(put_file(j, "tls_cert", set->mail.tls_cert, e));
    return put_file(j, "tls_key", set->mail.tls_key, e);
}

static const char *const tls[] = {
    [TLS_REQUIRE] = "require", [TLS_TRY] = "try", [TLS_NEVER] = "never"};

static enum rc slice_mailbox(const struct settings *set, json_t *j, struct err *e)
{
    json_put_str(j, "imap_url", set->imap.url);
    json_put_str(j, "imap_user", set->imap.user);
    json_put_str(j, "imap_tls", str_c(tls[set->imap.tls]));
    json_put_str(j, "imap_ca", set->imap.ca);
    json_put_str(j, "imap_folder", set->imap.folder);
    json_put_int(j, "imap_poll_us", set->imap.poll_us);
    json_put_int(j, "imap_max_size", set->mail.max_size);
    json_put_str(j, "imap_password", STR_NONE);
    return set->imap.url.n > 0 ? put_first_line(j, "imap_password", set->imap.password_file, e)
                               : RC_OK;
}

static enum rc slice_net(const struct settings *set, json_t *j, struct err *e)
{
    AUTO(buf) struct buf url = BUF_INIT(2000);
    buf_add(&url, set->mail.submission_url);
    /* libcurl says EHLO with the path of the URL. */
    if (url.n > 0)
        buf_addf(&url, "/%.*s", STR_ARG(set->mail.hostname));
    json_put_str(j, "url", buf_str(&url));
    buf_reset(&url);
    buf_add(&url, set->mail.next_hop);
    if (url.n > 0)
        buf_addf(&url, "/%.*s", STR_ARG(set->mail.hostname));
    json_put_str(j, "next_url", buf_str(&url));
    json_put_str(j, "next_tls", str_c(tls[set->mail.next_hop_tls]));
    TRY(slice_mailbox(set, j, e));
    json_put_str(j, "user", set->mail.submission_user);
    json_put_str(j, "tls", str_c(tls[set->mail.submission_tls]));
    json_put_str(j, "ca", set->mail.submission_ca);
    return put_first_line(j, "password", set->mail.submission_password_file, e);
}

/* Relative paths in the file count from its folder; core has no right to look for it. */
static enum rc put_dir(json_t *j, struct str file, struct err *e)
{
    char path[PATH_MAX];
    if (realpath(file.p, path) == NULL)
        return err_errno(e, RC_IO, "the folder of %s", file.p);
    size_t slash = str_rchr(str_c(path), '/');
    json_put_str(j, "dir", slash > 0 ? str_of(path, slash) : STR("/"));
    return RC_OK;
}

static enum rc slice_core(const struct settings *set, json_t *j, struct err *e)
{
    /* Core decides everything, so it sees every setting; files with secrets are only named. */
    json_put_str(j, "file", set->file);
    TRY(put_dir(j, set->file, e));
    TRY(put_file(j, "settings", set->file, e));
    unsigned char pk[KEYGEN_SIGN_LEN];
    TRY(keygen_sign_public(set->desk.data_dir.p, pk, e));
    put_hex(j, "sign_key", pk, sizeof pk);
    unsigned char intake[KEYGEN_INTAKE_LEN];
    TRY(keygen_intake_public(set->desk.data_dir.p, intake, e));
    put_hex(j, "intake_key", intake, sizeof intake);
    if (set->metrics.token_file.n)
        TRY(put_first_line(j, "metrics_token", set->metrics.token_file, e));
    if (set->project.components.n)
        TRY(put_file(j, "components", set->project.components, e));
    return put_file(j, "policy", set->policy.file, e);
}

static void slice_httpd(const struct settings *set, enum role role, json_t *j)
{
    bool staff = role == ROLE_HTTPD_STAFF;
    json_put_bool(j, "staff", staff);
    json_put_str(j, "url", staff ? set->desk.staff_url : set->desk.base_url);
    json_put_int(j, "clients", set->limits.http_clients);
    json_put_int(j, "body", set->limits.http_body);
}

/* What the parse child must know to judge header fields. */
static void slice_worker(const struct settings *set, json_t *j)
{
    json_put_int(j, "parse_time_us", set->limits.parse_time_us);
    json_put_int(j, "parse_memory", set->limits.parse_memory);
    json_put_int(j, "max_size", set->mail.max_size);
    json_put_str(j, "authserv_id", set->mail.authserv_id);
    /* Our own smtpd adds one Received field on top of those of the MTAs. */
    json_put_int(j, "received", set->mail.trusted_hops + 1);
    json_put_str(j, "hostname", set->mail.hostname);
    json_t *none = json_array();
    for (size_t i = 0; set->mail.shared && i < set->mail.no_report.n; i++)
        json_array_append_new(none, json_str(set->mail.no_report.v[i]));
    put(j, "no_report", none);
    json_t *spam = json_array();
    for (size_t i = 0; i < set->mail.spam_headers.n; i++)
        json_array_append_new(spam, json_str(set->mail.spam_headers.v[i]));
    put(j, "spam", spam);
    json_put_str(j, "mirror", set->project.repository);
    json_t *mirrors = json_array();
    for (size_t i = 0; i < set->project.repositories.n; i++)
        json_array_append_new(mirrors, json_str(set->project.repositories.v[i]));
    put(j, "mirrors", mirrors);
}

/* Adds the port of a server that net connects to. */
static void net_port(json_t *a, struct str url)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } known[] = {{"smtps://", 465}, {"smtp://", 25}, {"imaps://", 993}, {"imap://", 143}};
    uint64_t port = 0;
    struct str host = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_starts(url, str_c(known[i].scheme))) {
            host = str_sub(url, strlen(known[i].scheme), url.n);
            port = known[i].port;
        }
    size_t colon = str_rchr(host, ':');
    bool in_brackets = colon != STR_NPOS && str_chr(str_sub(host, colon, host.n), ']') != STR_NPOS;
    if (colon != STR_NPOS && !in_brackets &&
        num_parse(str_sub(host, colon + 1, host.n), 1, 65535, "port", &port, NULL) != RC_OK)
        return;
    if (port > 0)
        json_array_append_new(a, json_integer((json_int_t)port));
}

/* The only ports that net connects to besides DNS. */
static json_t *net_ports(const struct settings *set)
{
    json_t *a = json_array();
    net_port(a, set->mail.submission_url);
    net_port(a, set->mail.next_hop);
    net_port(a, set->imap.url);
    return a;
}

static enum rc slice_places(const struct settings *set, enum role role, json_t *j, struct err *e)
{
    struct pg_place place = {false, 0};
    if (role == ROLE_CORE) {
        TRY(pg_place(set->store.url.p, &place, e));
        AUTO(buf) struct buf db = BUF_INIT(FILE_PATH_MAX);
        buf_addf(&db, "sqlite:%s/db/", set->desk.data_dir.p);
        if (str_starts(set->store.url, STR("sqlite:")) && !str_starts(set->store.url, buf_str(&db)))
            return err_set(e, RC_INVALID,
                           "store.url: an SQLite file must lie in %s/db, the only folder that core "
                           "may write to",
                           set->desk.data_dir.p);
    }
    json_put_bool(j, "pg_unix", place.by_unix);
    json_put_int(j, "pg_port", place.port);
    put(j, "ports", role == ROLE_NET ? net_ports(set) : json_array());
    return RC_OK;
}

enum rc slice_make(const struct settings *set, enum role role, unsigned index, struct slice_user u,
                   json_t **ret_j, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    json_put_int(j, "index", index);
    json_put_bool(j, "require", set->sandbox.mode == SANDBOX_REQUIRE);
    json_put_int(j, "uid", u.uid);
    json_put_int(j, "gid", u.gid);
    json_put_str(j, "data_dir", set->desk.data_dir);
    TRY(slice_places(set, role, j, e));
    if (role == ROLE_SMTPD)
        TRY(slice_smtpd(set, j, e));
    if (role == ROLE_HTTPD_PUBLIC || role == ROLE_HTTPD_STAFF)
        slice_httpd(set, role, j);
    if (role == ROLE_CORE)
        TRY(slice_core(set, j, e));
    if (role == ROLE_NET)
        TRY(slice_net(set, j, e));
    if (role == ROLE_WORKER || role == ROLE_RUNNER)
        slice_worker(set, j);
    *ret_j = TAKE(j);
    return RC_OK;
}
