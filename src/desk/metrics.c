/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics page.
 * Runs in core.
 * Input: our own rows; a token that anybody may send.
 */
#include "desk/metrics.h"

#include "base/hash.h"
#include "base/when.h"
#include "desk/vstate.h"
#include "os/clock.h"
#include "store/ops_metrics.h"

#define METRICS_ARENA (4u << 20)

static const struct family {
    enum metric_query query;
    const char *name, *type, *help;
    const char *labels[METRIC_LABELS_MAX];
    bool microseconds; /* shown in seconds */
} families[] = {
    {METRIC_MESSAGES,
     "vulndesk_messages",
     "gauge",
     "Messages by what became of them.",
     {"state"},
     false},
    {METRIC_CASES,
     "vulndesk_cases",
     "gauge",
     "Cases by state and by the report management of the team (Vultron).",
     {"state", "rm"},
     false},
    {METRIC_CLOCKS,
     "vulndesk_clocks",
     "gauge",
     "Promised times by state.",
     {"kind", "state"},
     false},
    {METRIC_OVERDUE,
     "vulndesk_clocks_overdue",
     "gauge",
     "Running clocks whose time has come.",
     {NULL},
     false},
    {METRIC_TASKS,
     "vulndesk_tasks",
     "gauge",
     "Work that is not done yet.",
     {"kind", "state"},
     false},
    {METRIC_TASK_AGE,
     "vulndesk_task_oldest_due_seconds",
     "gauge",
     "How long the oldest task of a kind has been due.",
     {"kind"},
     true},
    {METRIC_OUTBOX,
     "vulndesk_outbox",
     "gauge",
     "Outgoing mail by state.",
     {"kind", "state"},
     false},
    {METRIC_DOUBLES,
     "vulndesk_outbox_doubles_total",
     "counter",
     "Mails handed over again because no answer came.",
     {NULL},
     false},
    {METRIC_BLOBS, "vulndesk_blobs", "gauge", "Sealed files.", {NULL}, false},
    {METRIC_EVENTS, "vulndesk_events_total", "counter", "Events in the log.", {NULL}, false},
    {METRIC_DB_BYTES, "vulndesk_database_bytes", "gauge", "Size of the database.", {NULL}, false},
    {METRIC_SESSIONS,
     "vulndesk_sessions",
     "gauge",
     "Members of the team signed in.",
     {NULL},
     false},
};

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(struct buf *b, const char *name, struct str value)
{
    buf_addf(b, "%s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\\' || value.p[i] == '"')
            buf_addc(b, '\\');
        buf_addc(b, value.p[i] == '\n' ? ' ' : value.p[i]);
    }
    buf_addc(b, '"');
}

static void seconds(struct buf *b, int64_t us)
{
    us = us < 0 ? 0 : us;
    buf_addf(b, " %lld.%06lld\n", (long long)(us / US_PER_S), (long long)(us % US_PER_S));
}

static enum rc add_family(struct desk *d, const struct family *f, struct buf *b, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(METRICS_ARENA);
    struct metric_row *m;
    size_t n;
    TRY(ops_metric(d->db, a, f->query, &m, &n, e));
    head(b, f->name, f->type, f->help);
    for (size_t i = 0; i < n; i++) {
        buf_adds(b, f->name);
        for (size_t k = 0; k < METRIC_LABELS_MAX && f->labels[k]; k++) {
            struct str v = m[i].label[k];
            buf_addc(b, k ? ',' : '{');
            bool rm = f->query == METRIC_CASES && k == 1 && v.n == 1;
            label(b, f->labels[k], rm ? str_c(rm_word(v.p[0])) : v);
        }
        if (f->labels[0])
            buf_addc(b, '}');
        if (f->microseconds)
            seconds(b, m[i].value);
        else
            buf_addf(b, " %lld\n", (long long)m[i].value);
    }
    return RC_OK;
}

enum rc metrics_text(struct desk *d, struct buf *b, struct err *e)
{
    int64_t begin = clock_mono_us();
    head(b, "vulndesk_build_info", "gauge", "The program.");
    buf_adds(b, "vulndesk_build_info{version=\"" VULNDESK_VERSION "\"} 1\n");
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        TRY(add_family(d, &families[i], b, e));
    head(b, "vulndesk_spool_records", "gauge", "Mails accepted and not yet taken in.");
    buf_addf(b, "vulndesk_spool_records %lld\n", (long long)d->spool_depth);
    head(b, "vulndesk_up_seconds", "gauge", "Since this core was started.");
    buf_adds(b, "vulndesk_up_seconds");
    seconds(b, d->started_us ? begin - d->started_us : 0);
    head(b, "vulndesk_store_seconds", "gauge", "What the queries of this page took.");
    buf_adds(b, "vulndesk_store_seconds");
    seconds(b, clock_mono_us() - begin);
    return buf_ok(b, "the metrics", e);
}

bool metrics_bearer_ok(const struct desk *d, struct str authorization)
{
    unsigned char want[SHA256_LEN], got[SHA256_LEN];
    struct str scheme, rest = authorization;
    if (d->metrics_token.n == 0 || !str_cut(&rest, ' ', &scheme) ||
        !str_eq_nocase(scheme, STR("bearer")))
        return false;
    sha256(d->metrics_token, want);
    sha256(str_trim(rest), got);
    return same_secret(want, got, sizeof want);
}
