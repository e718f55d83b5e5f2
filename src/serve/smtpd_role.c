/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the supervisor and the loop of smtpd: settings in, hints to core out.  Runs in the role
 * smtpd; the settings are the supervisor's, the mail is never looked at here.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/when.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/role.h"
#include "serve/roles.h"
#include "serve/smtpd.h"

#define RECIPIENTS_MAX 70 /* SETTINGS_LIST_MAX contacts, and where bounces come back */

struct smtpd_role {
    struct role_ctx role;
    struct smtp_addr recipients[RECIPIENTS_MAX];
    struct smtpd_listener listeners[ROLE_LISTENERS_MAX];
    char hostname[256];
    int data_fd;
    struct spool *spool;
    struct smtpd_tls *tls;
};

static enum rc on_frame(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e)
{
    return err_set(e, RC_INVALID, "nobody sends messages to smtpd");
}

/* Core also looks into the spool by itself; the hint only saves it the wait. */
static void on_spooled(void *arg, const char *id)
{
    struct smtpd_role *s = arg;
    AUTO(buf) struct buf b = BUF_INIT(200);
    struct err e = ERR_INIT;
    struct chan *core = role_find(&s->role, ROLE_CORE);
    wire_put_spooled(&b, &(struct wire_spooled){str_c(id)});
    if (core && role_send(&s->role, core, WIRE_SPOOLED, 0, &b, -1, &e) != RC_OK)
        log_event(LOG_WARN_, "core-away", "spool=%s", id);
}

static bool on_control(void *arg)
{
    struct smtpd_role *s = arg;
    role_pump(&s->role, 0);
    return s->role.stop;
}

static enum rc take_recipients(struct smtpd_role *s, size_t *ret_n, struct err *e)
{
    json_t *list;
    TRY(json_get_array(s->role.setup, "recipients", RECIPIENTS_MAX, &list, e));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (smtp_mailbox_parse(str_c(text), SMTP_ADDR_UTF8, &s->recipients[i], e) != RC_OK)
            return err_prefix(e, "recipient %zu of the settings: ", i + 1);
    }
    *ret_n = json_array_size(list);
    return RC_OK;
}

static enum rc open_spool(struct smtpd_role *s, struct err *e)
{
    struct str dir, hex;
    unsigned char pk[SPOOL_KEY_LEN];
    TRY(role_text(&s->role, "data_dir", &dir, e));
    TRY(role_text(&s->role, "intake_key", &hex, e));
    TRY(hex_get(hex, pk, sizeof pk, "intake key", e));
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%.*s/spool", STR_ARG(dir));
    TRY(dir_open(AT_FDCWD, path, &s->data_fd, e));
    TRY(spool_open(s->data_fd, pk, &s->spool, e));
    int64_t reserve = 0;
    TRY(json_get_int(s->role.setup, "disk_reserve", 0, INT64_MAX, &reserve, e));
    spool_reserve(s->spool, reserve);
    size_t removed;
    TRY(spool_clean(s->spool, clock_now_us(), SPOOL_STALE_S, &removed, e));
    if (removed > 0)
        log_event(LOG_INFO_, "cleaned", "unfinished=%zu", removed);
    return RC_OK;
}

static enum rc open_tls(struct smtpd_role *s, struct err *e)
{
    struct str cert, key;
    TRY(role_text(&s->role, "tls_cert", &cert, e));
    TRY(role_text(&s->role, "tls_key", &key, e));
    return cert.n > 0 ? smtpd_tls_new(cert, key, &s->tls, e) : RC_OK;
}

static enum rc smtpd_role_settings(struct smtpd_role *s, struct smtpd_settings *set, struct err *e)
{
    int64_t max_size, max_rcpts, clients, per_host, idle_us;
    struct str hostname;
    TRY(role_text(&s->role, "hostname", &hostname, e));
    TRY(str_copy(s->hostname, sizeof s->hostname, hostname, "mail.hostname", e));
    TRY(role_int(&s->role, "max_size", &max_size, e));
    TRY(role_int(&s->role, "max_rcpts", &max_rcpts, e));
    TRY(role_int(&s->role, "clients", &clients, e));
    TRY(role_int(&s->role, "clients_per_host", &per_host, e));
    TRY(role_int(&s->role, "idle_us", &idle_us, e));
    for (size_t i = 0; i < s->role.listener_count; i++)
        s->listeners[i] = (struct smtpd_listener){
            .fd = s->role.listeners[i].fd,
            .mode =
                strcmp(s->role.listeners[i].kind, "lmtp") == 0 ? SMTP_MODE_LMTP : SMTP_MODE_SMTP};
    *set = (struct smtpd_settings){.hostname = s->hostname,
                                   .max_size = (uint64_t)max_size,
                                   .max_rcpts = (size_t)max_rcpts,
                                   .recipients = s->recipients,
                                   .listeners = s->listeners,
                                   .n_listeners = s->role.listener_count,
                                   .limits = SMTPD_LIMITS_DEFAULT};
    set->limits.max_conns = (size_t)clients;
    set->limits.max_per_peer = (size_t)per_host;
    set->limits.command_ms = set->limits.data_ms = (int)(idle_us / 1000);
    return take_recipients(s, &set->n_recipients, e);
}

static enum rc smtpd_role_run(struct smtpd_role *s, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame};
    struct smtpd_settings set;
    TRY(role_open(&s->role, ROLE_SMTPD, &ops, s, e));
    TRY(smtpd_role_settings(s, &set, e));
    TRY(open_spool(s, e));
    TRY(open_tls(s, e));
    set.spool = s->spool;
    set.tls = s->tls;
    TRY(role_secure(&s->role, e));
    struct smtpd_hooks hooks = {
        .arg = s, .control_fd = s->role.epfd, .on_control = on_control, .on_spooled = on_spooled};
    return smtpd_run(&set, &hooks, e);
}

int smtpd_main(void)
{
    struct err e = ERR_INIT;
    struct smtpd_role *s = mem_zalloc(sizeof *s);
    s->data_fd = -1;
    enum rc rc = smtpd_role_run(s, &e);
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "failed", "why=\"%s\"", e.msg);
    smtpd_tls_free(s->tls);
    spool_free(s->spool);
    fd_auto(&s->data_fd);
    role_close(&s->role);
    free(s);
    return rc_exit(rc);
}
