/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor.  Runs as the process that was started; its input is the configuration and the
 * "ready" of its roles.
 */
#include "serve/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/notify.h"
#include "os/sock.h"
#include "os/spawn.h"
#include "serve/engine.h"
#include "serve/role.h"
#include "serve/slice.h"

struct sv_listener {
    enum role role;
    char kind[16];
    int fd;
};

struct sv_child {
    enum role role;
    unsigned index;
    struct child proc;
    struct chan chan;
    int64_t started_us, start_at_us;
    unsigned early_ends;
    bool running, ready, failing;
};

struct supervisor {
    const struct settings *set;
    struct sv_child children[SUPERVISOR_CHILDREN_MAX];
    size_t count;
    struct sv_listener listeners[ROLE_LISTENERS_MAX];
    size_t listener_count;
    int signal_fd;
    struct notify notify;
    bool stopping, said_open;
};

/* Who talks to whom; core is one end of every pair. */
static bool talks_to_core(enum role role)
{
    return role == ROLE_SMTPD || role == ROLE_HTTPD_PUBLIC || role == ROLE_HTTPD_STAFF ||
           role == ROLE_KEYS || role == ROLE_NET || role == ROLE_WORKER || role == ROLE_RUNNER;
}

static struct slice_user user_of(const struct supervisor *sv, enum role role)
{
    int64_t base = sv->set->roles.uid_base;
    if (geteuid() != 0 || base == 0)
        return (struct slice_user){0, 0};
    if (role == ROLE_RUNNER) /* it reads what the worker's jobs keep */
        role = ROLE_WORKER;
    /* smtpd, core and keys share a group: they hand sealed files to each other. */
    bool files = role == ROLE_SMTPD || role == ROLE_CORE || role == ROLE_KEYS;
    return (struct slice_user){base + role, files ? base : base + role};
}

static enum rc own_dir(const struct supervisor *sv, const char *sub, enum role owner, mode_t mode,
                       struct err *e)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s", sv->set->desk.data_dir.p, *sub ? "/" : "", sub);
    TRY(dir_make(AT_FDCWD, path, mode, e));
    struct slice_user u = user_of(sv, owner);
    if (u.uid != 0 && chown(path, (uid_t)u.uid, (gid_t)u.gid) != 0)
        return err_errno(e, RC_IO, "giving %s to its role", sub);
    if (chmod(path, mode) != 0)
        return err_errno(e, RC_IO, "setting the mode of %s", sub);
    return RC_OK;
}

static enum rc own_file(const struct supervisor *sv, const char *sub, enum role owner,
                        struct err *e)
{
    char path[FILE_PATH_MAX];
    struct slice_user u = user_of(sv, owner);
    snprintf(path, sizeof path, "%s/%s", sv->set->desk.data_dir.p, sub);
    if (u.uid != 0 && chown(path, (uid_t)u.uid, (gid_t)u.gid) != 0 && errno != ENOENT)
        return err_errno(e, RC_IO, "giving %s to its role", sub);
    return RC_OK;
}

static enum rc make_dirs(const struct supervisor *sv, struct err *e)
{
    mode_t shared = user_of(sv, ROLE_CORE).uid ? 0770 : 0700;
    if (user_of(sv, ROLE_CORE).uid != 0) {
        TRY(dir_make(AT_FDCWD, sv->set->desk.data_dir.p, 0711, e));
        if (chmod(sv->set->desk.data_dir.p, 0711) != 0)
            return err_errno(e, RC_IO, "setting the mode of the data folder");
    }
    TRY(own_dir(sv, "spool", ROLE_SMTPD, shared, e));
    TRY(own_dir(sv, "spool/tmp", ROLE_SMTPD, shared, e));
    TRY(own_dir(sv, "spool/new", ROLE_SMTPD, shared, e));
    TRY(own_dir(sv, "blobs", ROLE_KEYS, shared, e));
    TRY(own_dir(sv, "keys", ROLE_KEYS, 0700, e));
    TRY(own_dir(sv, "db", ROLE_CORE, 0700, e));
    TRY(own_dir(sv, ENGINE_FOLDER, ROLE_WORKER, 0700, e));
    TRY(own_dir(sv, "run", ROLE_SUPERVISOR, 0755, e));
    static const char *const db[] = {"db/desk.db", "db/desk.db-wal", "db/desk.db-shm"};
    static const char *const keys[] = {"keys/intake.key", "keys/sign.key", "keys/master.key"};
    for (size_t i = 0; i < ARRAY_LEN(db); i++)
        TRY(own_file(sv, db[i], ROLE_CORE, e));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        TRY(own_file(sv, keys[i], ROLE_KEYS, e));
    return RC_OK;
}

/*
 * When a supervisor was killed, its roles see that and end, but they hold its ports until they
 * have: whoever starts the desk again at once must not be told that the ports are in use.
 */
static enum rc listen_patiently(const struct supervisor *sv, struct str spec, int *ret_fd,
                                struct err *e)
{
    int64_t end_us = clock_mono_us() + SUPERVISOR_PORT_MS * INT64_C(1000);
    struct pollfd stop = {sv->signal_fd, POLLIN, 0};
    enum rc rc;
    do
        rc = sock_listen(spec, ret_fd, e);
    while (rc == RC_CONFLICT && clock_mono_us() < end_us &&
           poll(&stop, 1, SUPERVISOR_PORT_STEP_MS) == 0);
    return rc;
}

static enum rc open_port(struct supervisor *sv, enum role role, const char *kind, struct str spec,
                         struct err *e)
{
    if (spec.n == 0)
        return RC_OK;
    if (sv->listener_count == ROLE_LISTENERS_MAX)
        return err_set(e, RC_LIMIT, "more than %d listeners", ROLE_LISTENERS_MAX);
    struct sv_listener *l = &sv->listeners[sv->listener_count];
    if (listen_patiently(sv, spec, &l->fd, e) != RC_OK)
        return err_prefix(e, "listening for %s: ", kind);
    l->role = role;
    snprintf(l->kind, sizeof l->kind, "%s", kind);
    sv->listener_count++;
    log_event(LOG_INFO_, "listening", "kind=%s at=%.*s", kind, STR_ARG(spec));
    return RC_OK;
}

static enum rc open_ports(struct supervisor *sv, struct err *e)
{
    const struct settings *s = sv->set;
    for (size_t i = 0; i < s->listen.smtp.n; i++)
        TRY(open_port(sv, ROLE_SMTPD, "smtp", s->listen.smtp.v[i], e));
    for (size_t i = 0; i < s->listen.lmtp.n; i++)
        TRY(open_port(sv, ROLE_SMTPD, "lmtp", s->listen.lmtp.v[i], e));
    TRY(open_port(sv, ROLE_HTTPD_PUBLIC, "http", s->listen.public_http, e));
    TRY(open_port(sv, ROLE_HTTPD_STAFF, "http", s->listen.staff_http, e));
    return open_port(sv, ROLE_CORE, "cli", s->listen.cli, e);
}

static void add_child(struct supervisor *sv, enum role role, unsigned index)
{
    BUG_ON(sv->count == SUPERVISOR_CHILDREN_MAX);
    sv->children[sv->count++] =
        (struct sv_child){.role = role, .index = index, .proc = CHILD_INIT, .chan = {.fd = -1}};
}

static enum rc send_slice(struct supervisor *sv, struct sv_child *c, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    TRY(slice_make(sv->set, c->role, c->index, user_of(sv, c->role), &j, e));
    /* Only the first core listens for commands: one socket, one queue of them. */
    int listeners = 0;
    for (size_t i = 0; i < sv->listener_count; i++)
        listeners += sv->listeners[i].role == c->role && c->index == 0;
    json_object_set_new(j, "listeners", json_integer(listeners));
    AUTO(buf) struct buf text = BUF_INIT(WIRE_SETUP_MAX), b = BUF_INIT(WIRE_SETUP_MAX + 100);
    TRY(json_write(&text, j, e));
    wire_put_setup(&b, &(struct wire_setup){buf_str(&text)});
    TRY(chan_send(&c->chan, WIRE_SETUP, 0, &b, -1, e));
    for (size_t i = 0; i < sv->listener_count && listeners > 0; i++) {
        if (sv->listeners[i].role != c->role)
            continue;
        int fd = fcntl(sv->listeners[i].fd, F_DUPFD_CLOEXEC, 10);
        if (fd < 0)
            return err_errno(e, RC_IO, "a listener");
        buf_reset(&b);
        wire_put_listener(&b, &(struct wire_listener){str_c(sv->listeners[i].kind)});
        TRY(chan_send(&c->chan, WIRE_LISTENER, 0, &b, fd, e));
    }
    return RC_OK;
}

static enum rc introduce(struct sv_child *to, const struct sv_child *peer, int fd, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(64);
    wire_put_peer(&b, &(struct wire_peer){peer->role, peer->index});
    return chan_send(&to->chan, WIRE_PEER, 0, &b, fd, e);
}

/* A fresh pair of sockets between two running roles. */
static enum rc join(struct sv_child *a, struct sv_child *b, struct err *e)
{
    int fd[2];
    TRY(sock_pair(fd, e));
    enum rc rc = introduce(a, b, fd[0], e);
    if (rc == RC_OK)
        return introduce(b, a, fd[1], e);
    close(fd[1]);
    return rc;
}

static enum rc start_child(struct supervisor *sv, struct sv_child *c, struct err *e)
{
    int fd[2];
    TRY(sock_pair(fd, e));
    AUTO(fd) int theirs = fd[1];
    TRY(chan_init(&c->chan, fd[0], ROLE_SUPERVISOR, c->role, e));
    const char *const argv[] = {"vulndesk", "role", role_name(c->role), NULL};
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = argv;
    s.err = STDERR_FILENO;
    TRY(spawn_add_fd(&s, theirs, ROLE_CONTROL_FD, e));
    TRY(spawn_start(&s, &c->proc, e));
    c->running = true;
    c->ready = false;
    c->started_us = clock_mono_us();
    log_event(LOG_INFO_, "started", "started=%s index=%u child=%d", role_name(c->role), c->index,
              (int)c->proc.pid);
    TRY(send_slice(sv, c, e));
    for (size_t i = 0; i < sv->count; i++) {
        struct sv_child *o = &sv->children[i];
        bool pair = (c->role == ROLE_CORE && talks_to_core(o->role)) ||
                    (o->role == ROLE_CORE && talks_to_core(c->role));
        struct err other = ERR_INIT;
        if (o != c && o->running && pair && join(c, o, &other) != RC_OK)
            log_event(LOG_WARN_, "not-joined", "a=%s b=%s", role_name(c->role), role_name(o->role));
    }
    return RC_OK;
}

/* A role that dies again and again is reported once, until it has been steady for a while. */
static void look_for_failing(struct supervisor *sv, struct sv_child *c)
{
    char status[100];
    if (c->failing || c->early_ends < SUPERVISOR_FAILING)
        return;
    c->failing = true;
    log_event(LOG_ERROR_, "failing", "failing=%s index=%u early_ends=%u", role_name(c->role),
              c->index, c->early_ends);
    snprintf(status, sizeof status, "STATUS=%s ends again and again, see the log",
             role_name(c->role));
    notify_say(&sv->notify, status);
}

static void schedule(struct sv_child *c)
{
    int64_t pause_ms = SUPERVISOR_BACKOFF_MS;
    for (unsigned i = 0; i < c->early_ends && pause_ms < SUPERVISOR_BACKOFF_MAX; i++)
        pause_ms *= 2;
    if (pause_ms > SUPERVISOR_BACKOFF_MAX)
        pause_ms = SUPERVISOR_BACKOFF_MAX;
    c->start_at_us = clock_mono_us() + pause_ms * 1000;
    log_event(LOG_WARN_, "restart", "ended=%s index=%u in_ms=%lld early_ends=%u",
              role_name(c->role), c->index, (long long)pause_ms, c->early_ends);
}

static void ended(struct supervisor *sv, struct sv_child *c, const struct child_end *end)
{
    AUTO(buf) struct buf how = BUF_INIT(200);
    child_end_describe(end, &how);
    bool early = clock_mono_us() - c->started_us < SUPERVISOR_STEADY_US;
    if (!early) {
        c->early_ends = 0;
        c->failing = false;
    } else if (!c->ready || c->early_ends < SUPERVISOR_READY_ENDS)
        c->early_ends++;
    else
        c->early_ends = SUPERVISOR_READY_ENDS;
    c->running = c->ready = false;
    chan_close(&c->chan);
    log_event(sv->stopping ? LOG_INFO_ : LOG_ERROR_, "ended", "ended=%s index=%u how=\"%s\"",
              role_name(c->role), c->index, buf_c(&how));
    if (sv->stopping)
        return;
    schedule(c);
    look_for_failing(sv, c);
}

static void start_due(struct supervisor *sv)
{
    for (size_t i = 0; i < sv->count; i++) {
        struct sv_child *c = &sv->children[i];
        struct err e = ERR_INIT;
        if (c->running || sv->stopping || c->start_at_us > clock_mono_us())
            continue;
        if (start_child(sv, c, &e) == RC_OK)
            continue;
        log_event(LOG_ERROR_, "start-failed", "role_wanted=%s why=\"%s\"", role_name(c->role),
                  e.msg);
        child_kill(&c->proc);
        chan_close(&c->chan);
        c->running = false;
        c->early_ends++;
        schedule(c);
    }
}

static void all_ready(struct supervisor *sv)
{
    for (size_t i = 0; i < sv->count; i++)
        if (!sv->children[i].ready)
            return;
    if (!sv->said_open)
        log_event(LOG_INFO_, "open", "roles=%zu", sv->count);
    sv->said_open = true;
    notify_say(&sv->notify, "READY=1\nSTATUS=open");
}

static void from_child(struct supervisor *sv, struct sv_child *c)
{
    struct err e = ERR_INIT;
    struct frame f;
    if (chan_fill(&c->chan, &e) != RC_OK)
        return; /* its end will be seen by its pidfd */
    while (chan_next(&c->chan, &f, &e) == RC_OK) {
        struct wire_ready m;
        if (f.type == WIRE_READY && wire_get_ready(f.body, &m, &e) == RC_OK)
            c->ready = true;
    }
    all_ready(sv);
}

static void stop_all(struct supervisor *sv)
{
    AUTO(buf) struct buf b = BUF_INIT(16);
    struct err e = ERR_INIT;
    sv->stopping = true;
    notify_say(&sv->notify, "STOPPING=1\nSTATUS=the roles are told to end");
    wire_put_stop(&b, &(struct wire_stop){0});
    for (size_t i = 0; i < sv->count; i++)
        if (sv->children[i].running &&
            chan_send(&sv->children[i].chan, WIRE_STOP, 0, &b, -1, &e) != RC_OK)
            child_signal(&sv->children[i].proc, SIGTERM);
}

static size_t running(const struct supervisor *sv)
{
    size_t n = 0;
    for (size_t i = 0; i < sv->count; i++)
        n += sv->children[i].running;
    return n;
}

static int wait_ms(const struct supervisor *sv)
{
    int64_t now = clock_mono_us(), ms = 1000;
    for (size_t i = 0; i < sv->count; i++) {
        const struct sv_child *c = &sv->children[i];
        int64_t left = (c->start_at_us - now + 999) / 1000;
        if (!c->running && !sv->stopping && left < ms)
            ms = left < 0 ? 0 : left;
    }
    return (int)ms;
}

static void turn(struct supervisor *sv)
{
    struct pollfd p[1 + 2 * SUPERVISOR_CHILDREN_MAX];
    p[0] = (struct pollfd){sv->signal_fd, POLLIN, 0};
    for (size_t i = 0; i < sv->count; i++) {
        struct sv_child *c = &sv->children[i];
        p[1 + 2 * i] = (struct pollfd){c->running ? c->proc.pidfd : -1, POLLIN, 0};
        bool talk = c->running && chan_open(&c->chan);
        p[2 + 2 * i] = (struct pollfd){talk ? c->chan.fd : -1, POLLIN, 0};
        if (talk && chan_wants_out(&c->chan))
            p[2 + 2 * i].events |= POLLOUT;
    }
    if (poll(p, 1 + 2 * sv->count, wait_ms(sv)) <= 0)
        return;
    struct signalfd_siginfo si;
    if (p[0].revents && read(sv->signal_fd, &si, sizeof si) == sizeof si && !sv->stopping) {
        log_event(LOG_INFO_, "stopping", "signal=%u", si.ssi_signo);
        stop_all(sv);
    }
    for (size_t i = 0; i < sv->count; i++) {
        struct sv_child *c = &sv->children[i];
        struct err e = ERR_INIT;
        struct child_end end;
        if (p[2 + 2 * i].revents & POLLOUT && chan_flush(&c->chan, &e) != RC_OK)
            log_event(LOG_WARN_, "not-told", "to=%s", role_name(c->role));
        if (p[2 + 2 * i].revents & POLLIN)
            from_child(sv, c);
        if (p[1 + 2 * i].revents && child_wait(&c->proc, 0, &end, &e) == RC_OK)
            ended(sv, c, &end);
    }
}

static enum rc catch_signals(struct supervisor *sv, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return err_errno(e, RC_IO, "signals");
    sv->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return sv->signal_fd < 0 ? err_errno(e, RC_IO, "signals") : RC_OK;
}

static enum rc open_all(struct supervisor *sv, struct err *e)
{
    TRY(catch_signals(sv, e));
    TRY(make_dirs(sv, e));
    TRY(open_ports(sv, e));
    add_child(sv, ROLE_KEYS, 0);
    add_child(sv, ROLE_WORKER, 0);
    add_child(sv, ROLE_RUNNER, 0);
    for (unsigned i = 0; i < (unsigned)sv->set->roles.cores; i++)
        add_child(sv, ROLE_CORE, i);
    add_child(sv, ROLE_NET, 0);
    add_child(sv, ROLE_SMTPD, 0);
    if (sv->set->listen.public_http.n > 0)
        add_child(sv, ROLE_HTTPD_PUBLIC, 0);
    if (sv->set->listen.staff_http.n > 0)
        add_child(sv, ROLE_HTTPD_STAFF, 0);
    return RC_OK;
}

int supervisor_run(const struct settings *set, struct err *e)
{
    struct supervisor sv = {.set = set, .signal_fd = -1, .notify = notify_open()};
    enum rc rc = open_all(&sv, e);
    while (rc == RC_OK && !sv.stopping) {
        start_due(&sv);
        turn(&sv);
        notify_alive(&sv.notify);
    }
    int64_t end_us = clock_mono_us() + SUPERVISOR_STOP_MS * 1000;
    while (running(&sv) > 0 && clock_mono_us() < end_us)
        turn(&sv);
    for (size_t i = 0; i < sv.count; i++) {
        child_kill(&sv.children[i].proc);
        if (sv.children[i].chan.fd >= 0)
            chan_close(&sv.children[i].chan);
    }
    for (size_t i = 0; i < sv.listener_count; i++)
        close(sv.listeners[i].fd);
    fd_auto(&sv.signal_fd);
    return rc_exit(rc);
}
