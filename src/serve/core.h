/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_CORE_H
#define VULNDESK_SERVE_CORE_H

#include "desk/components.h"
#include "desk/desk.h"
#include "serve/role.h"
#include "web/http.h"

/*
 * The role "core": every decision.  It reads typed messages only; what must be parsed goes to a
 * child of the worker, what needs a key to the keys role, what must leave to net.  Several cores
 * may share one PostgreSQL; tasks in the database divide the work.
 */
struct db;
struct texts;
struct canned;
struct web;

#define CORE_POLL_MS       250 /* how often due tasks and the spool are looked for */
#define CORE_POLICY_US     (CORE_POLL_MS * INT64_C(1000)) /* a new policy is looked for so often */
#define CORE_KEYS_MS       10000 /* keys answers within this, or the work is done again later */
#define CORE_INTAKE_MAX    8     /* mails with the worker at once */
#define CORE_OUTBOX_MAX    16    /* mails with net at once */
#define CORE_DOWNLOADS_MAX 8     /* attachments being taken out at once */
#define CORE_WAITS_MAX     64    /* answers that wait for their record; more go out at once */
#define CORE_WAIT_MS       3000  /* so long each */
#define CORE_WAIT_LOOK_US  (100 * INT64_C(1000)) /* how often the store is asked for them */
#define CORE_JOBS_MAX      4                     /* engine jobs with worker and runner at once */
#define CORE_RUNS_MAX      2                     /* of these with the runner */
#define CORE_KINDS_MAX     32                    /* kinds of jobs */
#define CORE_PROGRESS_US   (500 * INT64_C(1000)) /* a job's progress is written down so often */
#define CORE_STREAMS_MAX   256  /* pages kept up to date; of more the oldest is ended */
#define CORE_STREAMS_EACH  6    /* of one session; of more its oldest is ended */
#define CORE_STREAM_MS     250  /* how often new events are looked for while there are any */
#define CORE_SESSION_MS    2000 /* how often their sessions are looked up */
#define CORE_LEASE_US      (20 * INT64_C(1000000)) /* a task of a core that died waits so long */
#define CORE_RENEW_US      (5 * INT64_C(1000000))  /* what is in hand is renewed so often */
#define CORE_SPOOL_SEEN    4096 /* names of the spool that need not be looked up again for a while */

/* A mail or an attachment that is with the worker. */
struct ticket {
    uint64_t number; /* 0 = free */
    bool download;
    /* of an intake: */
    int64_t task_id, attempt;
    bool died_before; /* its parser, at the last attempt */
    char spool[WIRE_ID_MAX + 1], blob[WIRE_ID_MAX + 1];
    struct buf envelope, key;
    int64_t size;
    /* of a download: */
    struct chan *to;
    enum wire_type answer; /* HTTP_RESPONSE or RESULT */
    uint32_t request;
    char file_name[256];
};

/* A mail that is with net. */
struct sending {
    int64_t outbox; /* 0 = free */
    int64_t task_id, attempt;
};

/* A request whose answer goes out when a record of the spool is taken in. */
struct core_wait {
    struct chan *to; /* NULL = free */
    uint32_t request;
    int status;
    bool done;
    int64_t until_us;
    char spool[WIRE_ID_MAX + 1], location[WIRE_PATH_MAX];
};

/* An engine job that is with the worker. */
struct core_job {
    uint64_t number; /* 0 = free */
    int64_t task_id, attempt, subject;
    int64_t said_us; /* when its progress was last written down */
    char kind[33];
    bool runs; /* with the runner, not the worker */
};

/* A page of the team that is told when something changed. */
struct core_stream {
    struct chan *to; /* NULL = free */
    uint32_t request;
    int64_t case_id; /* 0: anything */
    int64_t newest;  /* event that it knows of */
    int64_t since_us;
    char session[32];
};

struct core {
    struct role_ctx role;
    struct settings *set;
    struct arena *policy_arena;
    const struct policy *policy;
    struct str policy_file;         /* text of the configured file, as the supervisor read it */
    int64_t policy_revision;        /* that is followed; 0 = none */
    int64_t policy_at_us;           /* when it is looked for again */
    struct arena *components_arena; /* NULL: no map */
    struct components components;
    struct texts *texts;
    struct canned *canned;
    struct db *db;
    struct desk desk;
    struct web *web;
    unsigned char sign_key[32];
    char sign_id[17];
    struct ticket tickets[CORE_INTAKE_MAX + CORE_DOWNLOADS_MAX];
    struct sending sending[CORE_OUTBOX_MAX];
    struct core_wait waits[CORE_WAITS_MAX];
    int64_t waits_at_us;
    struct core_job jobs[CORE_JOBS_MAX];
    uint64_t last_ticket;
    struct core_stream streams[CORE_STREAMS_MAX];
    size_t stream_count;
    int64_t streams_at_us, sessions_at_us; /* when they are looked at again */
    int64_t newest;                        /* event of any chain, when they last were */
    int spool_fd;                          /* spool/new, to list and to remove */
    int spool_dir;                         /* spool/, for the writer */
    struct spool *spool;                   /* the writer, with the public key only */
    uint64_t spool_seen[CORE_SPOOL_SEEN];
    int blobs_fd; /* blobs/, to list */
    unsigned sweep_folder;
    int64_t sweep_next_us;
    int64_t renew_at_us, forget_at_us, sweep_at_us;
    int64_t look_at_us; /* when what is due is looked for again */
    bool look_now;      /* a hint came: do not wait for the next poll */
    bool store_away;    /* said once, not at every poll */
};

/* ---- core_keys.c: what only the keys role can do; all block for at most CORE_KEYS_MS ---- */
struct desk_calls core_keys_calls(struct core *c);
struct spool_opened {
    struct buf envelope, key; /* owned */
    char blob[WIRE_ID_MAX + 1];
    int64_t size;
    int fd; /* memory file with the raw mail, owned */
};
void spool_opened_auto(struct spool_opened *o);
/* RC_NOTFOUND: no such record; RC_INVALID: it is damaged. */
enum rc core_keys_spool_open(struct core *c, struct str id, struct spool_opened *ret_o,
                             struct err *e) WARN_UNUSED;
enum rc core_keys_blob_open(struct core *c, const struct blob_ask *s, int *ret_fd, struct err *e)
    WARN_UNUSED;

/* ---- core_spool.c: mail that comes by other ways than smtpd ---- */
/*
 * A sealed record in spool/new, durable when RC_OK is returned; intake follows by itself.  id is
 * NULL for a fresh one, or a name (spool_id_of) under which the same mail may be brought twice.
 * The trace field is added here.  RC_IO: the disk failed or is full.
 */
struct smtp_envelope;
enum rc core_spool_put(struct core *c, const struct smtp_envelope *v, const char *id,
                       struct str mail, struct err *e) WARN_UNUSED;
/* desk_calls.spool: what came by a form; arg is the core. */
enum rc core_spool_form(void *arg, const struct spool_put *s, struct buf *ret_id, struct err *e)
    WARN_UNUSED;
/* Opens the writer, before the rights go. */
enum rc core_spool_open(struct core *c, struct err *e) WARN_UNUSED;

/* ---- core_mailbox.c: what net fetched from a mailbox ---- */
enum rc core_mailbox_at(struct core *c, struct chan *net, const struct wire_mailbox_at *m,
                        struct err *e) WARN_UNUSED;
/* fd is borrowed. */
enum rc core_fetched(struct core *c, struct chan *net, const struct wire_fetched *m, int fd,
                     struct err *e) WARN_UNUSED;

/* ---- core_intake.c: from the spool to a case ---- */
/* Makes a task for every record that lies in the spool. */
enum rc core_spool_scan(struct core *c, struct err *e) WARN_UNUSED;
struct task;
void core_intake_start(struct core *c, const struct task *t);
void core_parsed(struct core *c, const struct wire_parsed *m, int fd);
/* The worker is gone: what it had in hand goes back. */
void core_worker_lost(struct core *c);
/* Deletes a blob's file that no row names. */
void core_blob_drop(struct core *c, const char *name);

/* ---- core_outbox.c: acknowledging and sending ---- */
void core_acknowledge(struct core *c, const struct task *t);
void core_outbox_start(struct core *c, const struct task *t);
enum rc core_may_hand_over(struct core *c, struct chan *net, const struct wire_may_hand_over *m,
                           struct err *e) WARN_UNUSED;
void core_submitted(struct core *c, const struct wire_submitted *m);
/* net is gone: what it had not handed over is sent again, what it had is unknown. */
void core_net_lost(struct core *c);

/* ---- core_jobs.c: engine jobs (desk/job.h) ---- */
/* runs: of those that run foreign programs; else of the others. */
size_t core_jobs_free(const struct core *c, bool runs);
size_t core_job_kinds(bool runs, const char *ret_kinds[CORE_KINDS_MAX + 1]);
void core_job_start(struct core *c, const struct task *t);
void core_job_done(struct core *c, const struct wire_job_done *m, int fd);
void core_job_progress(struct core *c, const struct wire_job_progress *m);
/* The worker is gone: its jobs go back. */
void core_jobs_lost(struct core *c, enum role role); /* worker or runner */

/* ---- core_policy.c: the policy that is served and followed ---- */
/* At the start: takes the configured file in, then follows.  A text that cannot be read or rendered
 * is an error here; later it is logged and the old one stays. */
enum rc core_policy_open(struct core *c, struct err *e) WARN_UNUSED;
/* Looks whether a newer revision is there, whoever made it: another core, another machine. */
void core_policy_follow(struct core *c);

/* ---- core_sweep.c: files that no row names ---- */
enum rc core_sweep_open(struct core *c, struct err *e) WARN_UNUSED;
void core_sweep_step(struct core *c);

/* ---- core_tasks.c: what is due ---- */
void core_tasks_run(struct core *c);
/* Keeps the leases of what is with the worker and with net. */
void core_renew(struct core *c);
/* Ends a task in the way that rc says: done, again later, or parked for a person. */
void core_task_end(struct core *c, const struct task *t, enum rc rc, const struct err *why);

/* ---- core_pages.c: requests and commands ---- */
enum rc core_http(struct core *c, struct chan *from, struct frame *f, struct err *e) WARN_UNUSED;
enum rc core_command(struct core *c, struct chan *from, struct frame *f, struct err *e) WARN_UNUSED;
void core_accept_cli(struct role_ctx *r, int fd);
/* The part that a download asked for has come (or not). */
void core_download_done(struct core *c, struct ticket *t, const struct wire_parsed *m, int fd);
struct http_response;
enum rc core_answer_http(struct core *c, struct chan *to, uint32_t id,
                         const struct http_response *r, int fd, struct err *e) WARN_UNUSED;
/* ---- core_wait.c ---- */
/* r->wait names the record; false: no room, answer now. */
bool core_wait_add(struct core *c, struct chan *to, uint32_t request,
                   const struct http_response *r);
void core_wait_done(struct core *c, const char *spool);
void core_waits_run(struct core *c);
void core_waits_lost(struct core *c, const struct chan *from);

/* Whoever asked on this channel will not take an answer any more. */
void core_asker_lost(struct core *c, const struct chan *from);

/* ---- core_streams.c: pages that are kept up to date ---- */
void core_stream_start(struct core *c, struct chan *to, uint32_t id, const struct http_stream *s);
void core_stream_gone(struct core *c, const struct chan *from, uint32_t id);
void core_streams_lost(struct core *c, const struct chan *from);
/* Looks for new events, of other cores too, and tells whom they concern; cheap without streams. */
void core_streams_run(struct core *c);
/* Something about that case changed that is no event: how far a job is. */
void core_streams_poke(struct core *c, int64_t case_id);

/* A free ticket of that kind, or NULL. */
struct ticket *core_ticket_new(struct core *c, bool download);
struct ticket *core_ticket_find(struct core *c, uint64_t number);
void core_ticket_free(struct ticket *t);
/* Hands bytes to the worker for a ticket; fd is taken over. RC_BUSY when there is no worker. */
enum rc core_parse(struct core *c, const struct ticket *t, uint32_t part, int fd, struct err *e)
    WARN_UNUSED;

#endif
