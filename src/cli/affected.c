/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that tells which releases hold a flaw.  Runs as the user who typed it; the
 * repository and the batch may be a stranger's.
 */
#include "cli/affected.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/offline.h"
#include "engine/affected/affected.h"
#include "engine/affected/formats.h"
#include "engine/affected/map.h"
#include "engine/affected/whole.h"
#include "os/clock.h"
#include "os/file.h"

#define ANSWER_MEMORY (UINT64_C(2) << 30) /* bytes for one question */
#define MANY          200                 /* times an option may stand */

enum {
    O_REPO,
    O_FIX,
    O_INTRODUCED,
    O_AT,
    O_TAGS,
    O_JSON,
    O_BATCH,
    O_CACHE,
    O_ALL,
    O_SVG,
    O_BRANCHES,
    O_COUNT
};

/* ---- The question of the command line ---- */

/* As a line of a batch has it. */
static json_t *question_json(const struct arg *k)
{
    json_t *j = json_object(), *fix = json_array(), *at = json_array();
    for (size_t i = 0; i < k[O_FIX].n_values; i++) {
        json_t *group = json_array();
        list_add(group, k[O_FIX].values[i]);
        json_array_append_new(fix, group);
    }
    for (size_t i = 0; i < k[O_AT].n_values; i++)
        json_array_append_new(at, json_str(str_c(k[O_AT].values[i])));
    json_object_set_new(j, "fix", fix);
    json_object_set_new(j, "introduced", list_of_arg(&k[O_INTRODUCED]));
    json_object_set_new(j, "at", at);
    return j;
}

/* The picture of the answer, from the same document that --json prints. */
static enum rc write_map(const json_t *j, const char *path, struct err *e)
{
    static const struct map_options o = {.standalone = true};
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    AUTO(buf) struct buf b = BUF_INIT(MAP_MAX);
    struct record r;
    TRY(record_read(j, a, &r, e));
    TRY(map_draw(&r, &o, a, &b, e));
    if (strcmp(path, "-") == 0)
        return print_text(&b, e);
    return file_write_sync(AT_FDCWD, path, buf_str(&b), 0644, e);
}

struct branches {
    struct str v[WHOLE_BRANCHES];
    size_t n;
};

static enum rc read_branches(const char *text, struct branches *ret_b, struct err *e)
{
    struct str rest = str_c(text), name;
    while (str_cut(&rest, ',', &name)) {
        if (ret_b->n == WHOLE_BRANCHES)
            return err_set(e, RC_LIMIT, "more than %d branches", WHOLE_BRANCHES);
        ret_b->v[ret_b->n++] = name;
    }
    return RC_OK;
}

/* The ends of branches, out of the document: what the next release of each will be. */
static void add_branches(const json_t *j, struct buf *b)
{
    size_t i, shown = 0;
    json_t *lane;
    json_array_foreach(json_object_get(j, "lanes"), i, lane)
    {
        json_t *tip = json_object_get(lane, "tip");
        const char *status = json_string_value(json_object_get(tip, "status"));
        const char *commit = json_string_value(json_object_get(tip, "commit"));
        const char *name = json_string_value(json_object_get(lane, "name"));
        if (status && commit && name)
            buf_addf(b, "%s  %s: %s (at %.12s)\n", shown++ ? "" : "\nBranches:\n", name,
                     strcmp(status, "not_affected") == 0 ? "not affected" : status, commit);
    }
}

static enum rc answer_one(struct history *h, const struct arg *k, struct progress *p, struct err *e)
{
    AUTO(json) json_t *j = question_json(k);
    AUTO(json) json_t *out = NULL;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct branches branches = {.n = 0};
    struct question q;
    struct answer w;
    TRY(read_branches(k[O_BRANCHES].value, &branches, e));
    TRY(question_of_json(h, j, a, &q, e));
    TRY(affected_answer(h, &q, a, &w, e));
    progress_end(p);
    struct whole_options o = {branches.v, branches.n};
    TRY(affected_json(h, &q, &w, a, &o, &out, e));
    if (k[O_SVG].value)
        TRY(write_map(out, k[O_SVG].value, e));
    if (k[O_JSON].value)
        return print_json(out, e);
    if (k[O_SVG].value && strcmp(k[O_SVG].value, "-") == 0)
        return RC_OK;
    AUTO(buf) struct buf b = BUF_INIT(OFFLINE_TEXT_MAX);
    TRY(formats_table(h, &q, &w, a, k[O_ALL].value != NULL, &b, e));
    add_branches(out, &b);
    TRY(buf_ok(&b, "the table", e));
    return print_text(&b, e);
}

/* ---- Batches ---- */

static enum rc answer_json(void *arg, const json_t *j, json_t **ret_o, struct err *e)
{
    struct history *h = arg;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct question q;
    struct answer w;
    TRY(question_of_json(h, j, a, &q, e));
    TRY(affected_answer(h, &q, a, &w, e));
    *ret_o = affected_short_json(h, &q, &w);
    return RC_OK;
}

static enum rc run_batch(struct history *h, FILE *in, struct progress *p, int64_t opened_us,
                         struct err *e)
{
    struct batch b = {.in = in, .fn = answer_json, .arg = h, .progress = p};
    int64_t from_us = clock_mono_us();
    TRY(affected_prepare(h, e));
    progress_end(p);
    fprintf(stderr, "index: %.0f ms\n", (double)(clock_mono_us() - from_us + opened_us) / 1000);
    return batch_run(&b, e);
}

/* ---- The command ---- */

static bool usage_ok(const struct args *a, struct err *e)
{
    const struct arg *k = a->known;
    bool question = k[O_FIX].n_values || k[O_INTRODUCED].n_values || k[O_AT].n_values;
    if (a->n_words > 0)
        err_set(e, RC_INVALID, "takes no words");
    else if (k[O_REPO].value == NULL)
        err_set(e, RC_INVALID, "--repo is missing");
    else if (k[O_BATCH].value && k[O_SVG].value)
        err_set(e, RC_INVALID, "--svg draws one answer, no batch");
    else if (k[O_BATCH].value && question)
        err_set(e, RC_INVALID, "--batch brings its own questions");
    else if (!k[O_BATCH].value && !question)
        err_set(e, RC_INVALID, "names no fix, no introducing commit and no place");
    return e->msg[0] == '\0';
}

static enum rc run(const struct arg *k, FILE *batch, struct err *e)
{
    AUTO(cache) struct cache cache = CACHE_INIT;
    struct progress p = progress_new();
    AUTO(history) struct history *h = NULL;
    TRY(cache_find(k[O_CACHE].value, &cache, e));
    struct history_options o = {.cache = cache.dir,
                                .pattern = k[O_TAGS].value,
                                .progress = progress_show,
                                .progress_arg = &p};
    int64_t from_us = clock_mono_us();
    enum rc rc = history_open(k[O_REPO].value, &o, &h, e);
    int64_t opened_us = clock_mono_us() - from_us;
    if (rc == RC_OK && h->note.n) {
        progress_end(&p);
        fprintf(stderr, "%.*s", STR_ARG(h->note));
    }
    if (rc == RC_OK)
        rc = batch ? run_batch(h, batch, &p, opened_us, e) : answer_one(h, k, &p, e);
    progress_end(&p);
    return rc;
}

int affected_main(int argc, char **argv)
{
    const char *fix[MANY], *introduced[MANY], *at[MANY];
    struct arg known[O_COUNT] = {
        [O_REPO] = {.name = "--repo"},
        [O_FIX] = {.name = "--fix", .many = true, .values = fix, .max_values = MANY},
        [O_INTRODUCED] = {.name = "--introduced",
                          .many = true,
                          .values = introduced,
                          .max_values = MANY},
        [O_AT] = {.name = "--at", .many = true, .values = at, .max_values = MANY},
        [O_TAGS] = {.name = "--tags"},
        [O_JSON] = {.name = "--json", .flag = true},
        [O_BATCH] = {.name = "--batch"},
        [O_CACHE] = {.name = "--cache"},
        [O_ALL] = {.name = "--all", .flag = true},
        [O_SVG] = {.name = "--svg"},
        [O_BRANCHES] = {.name = "--branches"},
    };
    struct args a = {.known = known, .n_known = O_COUNT};
    struct err e = ERR_INIT;
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away leaves no folder behind */
    if (args_parse(&a, argc, argv, &e) != RC_OK || !usage_ok(&a, &e)) {
        fprintf(stderr, "vulndesk affected: %s\n", e.msg);
        return EX_USAGE;
    }
    return offline_run("affected", run, known, known[O_BATCH].value);
}
