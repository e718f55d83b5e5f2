/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that looks for places with the same flaw.  Runs as the user who typed it; the
 * repositories and the batch may be a stranger's.
 */
#include "cli/audit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "cli/args.h"
#include "cli/offline.h"
#include "engine/audit/record.h"
#include "engine/audit/whole.h"
#include "os/clock.h"
#include "os/file.h"

#define ANSWER_MEMORY (UINT64_C(2) << 30) /* bytes for one question */
#define MANY          200                 /* times an option may stand */
#define CODE_AROUND   2                   /* lines that are shown around a place */

enum {
    O_REPO,
    O_FIX,
    O_HUNK,
    O_LIKE,
    O_AT,
    O_BRANCHES,
    O_LIMIT,
    O_CUT,
    O_RULE,
    O_JSON,
    O_BATCH,
    O_CACHE,
    O_COUNT
};

/* ---- The question of the command line ---- */

/* A path may hold a comma: regions are not cut. */
static json_t *regions_of(const struct arg *k)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->n_values; i++)
        json_array_append_new(l, json_str(str_c(k->values[i])));
    return l;
}

static enum rc put_limits(json_t *j, const struct arg *k, struct err *e)
{
    if (k[O_LIMIT].value) {
        uint64_t n;
        TRY(num_parse(str_c(k[O_LIMIT].value), 1, AUDIT_HITS_MAX, "--limit", &n, e));
        json_put_int(j, "limit", (int64_t)n);
    }
    if (k[O_CUT].value) {
        double cut;
        TRY(audit_cut_parse(str_c(k[O_CUT].value), &cut, e));
        json_object_set_new(j, "cut", json_real(cut));
    }
    return RC_OK;
}

/* A file each, which gives the rule its name. */
static enum rc put_rules(json_t *j, const struct arg *k, struct err *e)
{
    json_t *l = json_array();
    json_object_set_new(j, "rules", l);
    for (size_t i = 0; i < k->n_values; i++) {
        AUTO(buf) struct buf b = BUF_INIT(RULES_TEXT_MAX);
        struct str path = str_c(k->values[i]);
        size_t slash = str_rchr(path, '/');
        TRY(file_read(AT_FDCWD, k->values[i], RULES_TEXT_MAX, &b, e));
        json_t *o = json_object();
        json_put_str(o, "name", slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n));
        json_put_str(o, "text", buf_str(&b));
        json_array_append_new(l, o);
    }
    return RC_OK;
}

static enum rc question_json(const struct arg *k, json_t **ret_j, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    json_object_set_new(j, "fix", list_of_arg(&k[O_FIX]));
    json_object_set_new(j, "hunk", regions_of(&k[O_HUNK]));
    json_object_set_new(j, "like", regions_of(&k[O_LIKE]));
    json_object_set_new(j, "branches", list_of_arg(&k[O_BRANCHES]));
    if (k[O_AT].value)
        json_put_str(j, "at", str_c(k[O_AT].value));
    TRY(put_limits(j, k, e));
    TRY(put_rules(j, &k[O_RULE], e));
    *ret_j = TAKE(j);
    return RC_OK;
}

/* ---- The answer as text ---- */

static void add_code(struct buf *b, const struct find_hit *h)
{
    for (size_t i = 0; i < h->n_code; i++) {
        int64_t line = h->code_start + (int64_t)i;
        if (line >= h->line - CODE_AROUND && line <= h->line + CODE_AROUND)
            buf_addf(b, "    %c %6lld  %.*s\n", line == h->line ? '>' : ' ', (long long)line,
                     STR_ARG(h->code[i]));
    }
}

static void add_hit(struct buf *b, const struct find_hit *h, size_t nth)
{
    buf_addf(b, "\n%3zu  %.2f  ", nth, h->score);
    if (h->repo.n)
        buf_addf(b, "%.*s: ", STR_ARG(h->repo));
    buf_addf(b, "%.*s:%lld", STR_ARG(h->path), (long long)h->line);
    if (h->function.n)
        buf_addf(b, "  in %.*s", STR_ARG(h->function));
    buf_addc(b, '\n');
    if (h->vendored.n)
        buf_addf(b, "     a copy of %.*s %.*s\n", STR_ARG(h->vendored),
                 STR_ARG(h->vendored_version));
    if (h->n_branches > 1)
        words_put(b, "     on: ", h->branches, h->n_branches);
    words_put(b, "     matches: ", h->matched, h->n_matched);
    words_put(b, "     missing: ", h->missing, h->n_missing);
    if (h->rule.n)
        buf_addf(b, "     found by the rule %.*s\n", STR_ARG(h->rule));
    add_code(b, h);
}

static void add_record(struct buf *b, const struct find_record *r)
{
    buf_addf(b, "Searched: %lld files, %lld lines", (long long)r->files, (long long)r->lines);
    if (r->branches > 1)
        buf_addf(b, " on %lld branches", (long long)r->branches);
    if (r->repositories > 1)
        buf_addf(b, " of %lld repositories", (long long)r->repositories);
    buf_addf(b, "; not searched: %lld files\n", (long long)r->left_more + (long long)r->n_left);
    for (size_t i = 0; i < r->n_hits; i++)
        add_hit(b, &r->hits[i], i + 1);
    if (r->n_hits == 0)
        buf_adds(b, "\nNo place looks like it.\n");
    for (size_t i = 0; i < r->n_rules; i++)
        buf_addf(b, "%sRule %.*s (%.*s): %.*s, %lld places\n", i ? "" : "\n",
                 STR_ARG(r->rules[i].name), STR_ARG(r->rules[i].tool), STR_ARG(r->rules[i].status),
                 (long long)r->rules[i].hits);
    for (size_t i = 0; i < r->n_notes; i++)
        buf_addf(b, "%s%.*s\n", i ? "" : "\n", STR_ARG(r->notes[i]));
}

static enum rc answer_one(struct repos *rs, const struct arg *k, struct progress *p, struct err *e)
{
    AUTO(json) json_t *question = NULL;
    AUTO(json) json_t *out = NULL;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct audit_question q;
    struct find_record r;
    TRY(question_json(k, &question, e));
    TRY(audit_question_of_json(rs, question, a, &q, e));
    TRY(audit_json(rs, &q, a, &out, e));
    progress_end(p);
    if (k[O_JSON].value)
        return print_json(out, e);
    AUTO(buf) struct buf b = BUF_INIT(OFFLINE_TEXT_MAX);
    TRY(find_record_read(out, a, &r, e));
    add_record(&b, &r);
    TRY(buf_ok(&b, "the list", e));
    return print_text(&b, e);
}

/* ---- Batches ---- */

struct auditing {
    struct repos *rs;
    struct batch b;
    int64_t limit, indexed_us;
};

static enum rc answer_json(void *arg, const json_t *j, json_t **ret_o, struct err *e)
{
    struct auditing *k = arg;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct audit_question q;
    TRY(audit_question_of_json(k->rs, j, a, &q, e));
    if (k->limit)
        q.limit = (size_t)k->limit;
    int64_t from_us = clock_mono_us();
    TRY(audit_prepare(k->rs, &q, e));
    k->b.spent_us = clock_mono_us() - from_us;
    k->indexed_us += k->b.spent_us;
    return audit_short_json(k->rs, &q, a, ret_o, e);
}

static enum rc run_batch(struct repos *rs, const struct arg *k, FILE *in, struct progress *p,
                         struct err *e)
{
    struct auditing au = {.rs = rs};
    uint64_t limit = 0;
    if (k[O_LIMIT].value)
        TRY(num_parse(str_c(k[O_LIMIT].value), 1, AUDIT_HITS_MAX, "--limit", &limit, e));
    au.limit = (int64_t)limit;
    au.b = (struct batch){.in = in, .fn = answer_json, .arg = &au, .progress = p};
    TRY(batch_run(&au.b, e));
    progress_end(p);
    fprintf(stderr, "index: %.0f ms\n", (double)au.indexed_us / 1000);
    return RC_OK;
}

/* ---- The command ---- */

static bool usage_ok(const struct args *a, struct err *e)
{
    const struct arg *k = a->known;
    bool question = k[O_FIX].n_values || k[O_LIKE].n_values || k[O_HUNK].n_values;
    if (a->n_words > 0)
        err_set(e, RC_INVALID, "takes no words");
    else if (k[O_REPO].n_values == 0)
        err_set(e, RC_INVALID, "--repo is missing");
    else if (k[O_BATCH].value && (question || k[O_AT].value || k[O_BRANCHES].n_values))
        err_set(e, RC_INVALID, "--batch brings its own questions");
    else if (!k[O_BATCH].value && !k[O_FIX].n_values && !k[O_LIKE].n_values)
        err_set(e, RC_INVALID, "names no fix (--fix) and no region (--like)");
    else if (k[O_HUNK].n_values && !k[O_FIX].n_values)
        err_set(e, RC_INVALID, "--hunk says which part of a --fix counts");
    return e->msg[0] == '\0';
}

static enum rc run(const struct arg *k, FILE *batch, struct err *e)
{
    AUTO(cache) struct cache cache = CACHE_INIT;
    struct progress p = progress_new();
    AUTO(repos) struct repos *rs = NULL;
    struct str dirs[REPOS_MAX];
    size_t n = k[O_REPO].n_values;
    TRY(cache_find(k[O_CACHE].value, &cache, e));
    for (size_t i = 0; i < n && i < REPOS_MAX; i++)
        dirs[i] = str_c(k[O_REPO].values[i]);
    struct repos_options o = {.dirs = dirs,
                              .names = dirs,
                              .n = n,
                              .cache = cache.dir,
                              .progress = progress_show,
                              .progress_arg = &p};
    enum rc rc = repos_open(&o, &rs, e);
    if (rc == RC_OK)
        rc = batch ? run_batch(rs, k, batch, &p, e) : answer_one(rs, k, &p, e);
    progress_end(&p);
    return rc;
}

int audit_main(int argc, char **argv)
{
    const char *repo[MANY], *fix[MANY], *hunk[MANY], *like[MANY], *branches[MANY], *rule[MANY];
#define LIST(option, room)                                                                         \
    {                                                                                              \
        .name = option, .many = true, .values = room, .max_values = MANY                           \
    }
    struct arg known[O_COUNT] = {
        [O_REPO] = LIST("--repo", repo), [O_FIX] = LIST("--fix", fix),
        [O_HUNK] = LIST("--hunk", hunk), [O_LIKE] = LIST("--like", like),
        [O_AT] = {.name = "--at"},       [O_BRANCHES] = LIST("--branches", branches),
        [O_LIMIT] = {.name = "--limit"}, [O_CUT] = {.name = "--cut"},
        [O_RULE] = LIST("--rule", rule), [O_JSON] = {.name = "--json", .flag = true},
        [O_BATCH] = {.name = "--batch"}, [O_CACHE] = {.name = "--cache"},
    };
    struct args a = {.known = known, .n_known = O_COUNT};
    struct err e = ERR_INIT;
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away leaves no folder behind */
    if (args_parse(&a, argc, argv, &e) != RC_OK || !usage_ok(&a, &e)) {
        fprintf(stderr, "vulndesk audit: %s\n", e.msg);
        return EX_USAGE;
    }
    return offline_run("audit", run, known, known[O_BATCH].value);
}
