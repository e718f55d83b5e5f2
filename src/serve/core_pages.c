/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of browsers and commands of local users.  Runs in core.  httpd checked the frame of a
 * request, the pages check its content; a command's sender is known by the kernel's word.
 */
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "desk/cmd.h"
#include "os/sock.h"
#include "serve/core.h"
#include "store/blob.h"
#include "store/ops_case.h"
#include "store/ops_message.h"
#include "web/route.h"

#define FETCH_ARENA (4u << 20)

enum rc core_answer_http(struct core *c, struct chan *to, uint32_t id,
                         const struct http_response *r, int fd, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(WIRE_BODY_MAX + 32768);
    struct wire_http_response m = {.status = (uint32_t)r->status,
                                   .content_type = str_c(r->content_type),
                                   .location = buf_str(&r->location),
                                   .set_cookie = buf_str(&r->set_cookie),
                                   .file_name = buf_str(&r->file_name),
                                   .cacheable = r->cacheable,
                                   .stream = r->stream.wanted,
                                   .body = buf_str(&r->body)};
    wire_put_http_response(&b, &m);
    return role_send(&c->role, to, WIRE_HTTP_RESPONSE, id, &b, fd, e);
}

/* The sealed raw mail of a message, opened by keys. */
static enum rc open_raw(struct core *c, int64_t message_id, int *ret_fd, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(FETCH_ARENA);
    struct blob_row blob;
    struct case_row vcase;
    struct message_row message;
    TRY(ops_message_get(c->db, a, message_id, &message, e));
    if (message.blob_id == 0)
        return err_set(e, RC_NOTFOUND, "this message has no raw mail");
    TRY(blob_get(c->db, a, message.blob_id, &blob, e));
    struct blob_ask s = {.scope = STR(DESK_SCOPE_INBOX),
                         .case_key = STR_NONE,
                         .purpose = blob.purpose,
                         .name = blob.name,
                         .wrapped = blob.key_wrapped};
    if (blob.case_id != 0) {
        TRY(ops_case_get(c->db, a, blob.case_id, &vcase, e));
        s.scope = vcase.scope;
        s.case_key = vcase.key_wrapped;
    }
    return core_keys_blob_open(c, &s, ret_fd, e);
}

static enum rc answer_error(struct core *c, struct chan *to, uint32_t id, const struct err *why,
                            struct err *e)
{
    struct http_response r;
    http_response_init(&r);
    r.status = rc_http(why->rc);
    r.content_type = "text/plain; charset=utf-8";
    buf_adds(&r.body, why->msg);
    enum rc rc = core_answer_http(c, to, id, &r, -1, e);
    http_response_release(&r);
    return rc;
}

static enum rc answer_result(struct core *c, struct chan *to, uint32_t id, enum rc result,
                             const struct err *why, struct str json, int fd, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(WIRE_JSON_MAX + 2000);
    wire_put_result(&b,
                    &(struct wire_result){result, str_c(result == RC_OK ? "" : why->msg), json});
    return role_send(&c->role, to, WIRE_RESULT, id, &b, fd, e);
}

/* Bytes for whoever asked: a browser's download or a command. */
static void answer_file(struct core *c, struct ticket *t, int file, const struct err *why)
{
    AUTO(fd) int fd = file;
    struct err e = ERR_INIT;
    enum rc rc;
    if (t->answer == WIRE_RESULT) {
        enum rc result = fd < 0 ? why->rc : RC_OK;
        rc = answer_result(c, t->to, t->request, result, why, STR("{}"), fd_take(&fd), &e);
    } else if (fd < 0) {
        rc = answer_error(c, t->to, t->request, why, &e);
    } else {
        struct http_response r;
        http_response_init(&r);
        r.status = 200;
        r.content_type = "application/octet-stream";
        buf_adds(&r.file_name, t->file_name);
        rc = core_answer_http(c, t->to, t->request, &r, fd_take(&fd), &e);
        http_response_release(&r);
    }
    if (rc != RC_OK)
        log_event(LOG_WARN_, "not-answered", "code=%s", rc_name(rc));
}

struct fetch {
    struct chan *to;
    uint32_t request;
    enum wire_type answer;
    int64_t message_id;
    uint32_t part; /* 0: the whole raw mail */
    struct str file_name;
};

static enum rc fetch_start(struct core *c, const struct fetch *f, struct ticket *k, struct err *e)
{
    AUTO(fd) int raw = -1;
    TRY(str_copy(k->file_name, sizeof k->file_name, f->file_name, "file name", e));
    k->to = f->to;
    k->request = f->request;
    k->answer = f->answer;
    TRY(open_raw(c, f->message_id, &raw, e));
    if (f->part != 0)
        return core_parse(c, k, f->part, fd_take(&raw), e);
    answer_file(c, k, fd_take(&raw), NULL);
    core_ticket_free(k);
    return RC_OK;
}

static void fetch(struct core *c, const struct fetch *f)
{
    struct err e = ERR_INIT;
    struct ticket none = {.to = f->to, .request = f->request, .answer = f->answer};
    struct ticket *k = core_ticket_new(c, true);
    enum rc rc = k ? fetch_start(c, f, k, &e)
                   : err_set(&e, RC_BUSY, "too many downloads at once; try again");
    if (rc == RC_OK)
        return;
    answer_file(c, &none, -1, &e);
    if (k)
        core_ticket_free(k);
}

void core_download_done(struct core *c, struct ticket *t, const struct wire_parsed *m, int parsed)
{
    AUTO(fd) int fd = parsed;
    struct err e = ERR_INIT;
    if (m->outcome != WIRE_DONE || fd < 0)
        err_set(&e, RC_NOTFOUND, "that part of the mail cannot be taken out");
    if (t->to)
        answer_file(c, t, m->outcome == WIRE_DONE ? fd_take(&fd) : -1, &e);
    core_ticket_free(t);
}

void core_asker_lost(struct core *c, const struct chan *from)
{
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++)
        if (c->tickets[i].to == from)
            c->tickets[i].to = NULL;
    core_waits_lost(c, from);
    core_streams_lost(c, from);
}

enum rc core_http(struct core *c, struct chan *from, struct frame *f, struct err *e)
{
    struct wire_http_request m;
    TRY(wire_get_http_request(f->body, &m, e));
    struct http_request q = {.staff = from->peer == ROLE_HTTPD_STAFF,
                             .path = m.path,
                             .query = m.query,
                             .host = m.host,
                             .cookie = m.cookie,
                             .content_type = m.content_type,
                             .authorization = m.authorization,
                             .body = m.body,
                             .client = m.client,
                             .parts = m.parts != 0};
    TRY(http_method_parse(m.method, &q.method, e));
    AUTO(http_response) struct http_response r;
    http_response_init(&r);
    web_handle(c->web, &q, &r);
    if (r.failed.rc != RC_OK)
        log_event(LOG_ERROR_, "page-failed", "status=%d code=%s why=\"%s\"", r.status,
                  rc_name(r.failed.rc), r.failed.msg);
    if (q.method == HTTP_POST)
        c->look_now = true; /* it may have made tasks */
    if (r.wait[0] && core_wait_add(c, from, f->id, &r))
        return RC_OK;
    if (r.stream.wanted)
        core_stream_start(c, from, f->id, &r.stream);
    if (!r.download.wanted)
        return core_answer_http(c, from, f->id, &r, -1, e);
    struct fetch get = {.to = from,
                        .request = f->id,
                        .answer = WIRE_HTTP_RESPONSE,
                        .message_id = r.download.message_id,
                        .part = r.download.part,
                        .file_name = buf_str(&r.file_name)};
    fetch(c, &get);
    return RC_OK;
}

/* "message.fetch": the raw mail or one part of it, for the command line. */
static enum rc command_fetch(struct core *c, struct chan *from, uint32_t id, struct str args,
                             struct err *e)
{
    AUTO(json) json_t *j = NULL;
    int64_t message, part;
    TRY(json_parse(args, CMD_ARGS_MAX, "arguments", &j, e));
    TRY(json_get_int(j, "message", 1, INT64_MAX, &message, e));
    TRY(json_get_int(j, "part", 0, UINT32_MAX - 1, &part, e));
    struct fetch get = {.to = from,
                        .request = id,
                        .answer = WIRE_RESULT,
                        .message_id = message,
                        .part = (uint32_t)part,
                        .file_name = STR("part")};
    fetch(c, &get);
    return RC_OK;
}

enum rc core_command(struct core *c, struct chan *from, struct frame *f, struct err *e)
{
    struct wire_command m;
    uid_t uid;
    TRY(wire_get_command(f->body, &m, e));
    TRY(sock_peer_uid(from->fd, &uid, e));
    struct actor who = actor_cli(uid);
    struct err why = ERR_INIT;
    AUTO(buf) struct buf answer = BUF_INIT(WIRE_JSON_MAX);
    enum rc rc;
    c->look_now = true;
    if (str_eq(m.verb, STR("message.fetch"))) {
        rc = command_fetch(c, from, f->id, m.json, &why);
        if (rc == RC_OK)
            return RC_OK;
    } else {
        rc = desk_cmd_text(&c->desk, &who, m.verb, m.json, &answer, &why);
    }
    log_event(LOG_INFO_, "command", "verb=%.*s uid=%u code=%s", STR_ARG(utf8_clip(m.verb, 32)),
              (unsigned)uid, rc_name(rc));
    return answer_result(c, from, f->id, rc, &why, buf_str(&answer), -1, e);
}

/* Only root and the user whose desk this is may give commands. */
void core_accept_cli(struct role_ctx *r, int fd)
{
    struct err e = ERR_INIT;
    AUTO(fd) int conn = -1;
    uid_t uid = 0;
    if (sock_accept(fd, &conn, NULL, &e) != RC_OK)
        return;
    if (sock_peer_uid(conn, &uid, &e) != RC_OK || (uid != 0 && uid != geteuid())) {
        log_event(LOG_WARN_, "command-refused", "uid=%u", (unsigned)uid);
        return;
    }
    role_add_peer(r, fd_take(&conn), ROLE_CLI, 0);
}
