/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that carries a fix to release lines.  Runs as the user who typed it; the repository
 * and the batch may be a stranger's.
 */
#include "cli/backport.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/args.h"
#include "cli/offline.h"
#include "engine/backport/whole.h"
#include "os/file.h"

#define ANSWER_MEMORY (UINT64_C(4) << 30) /* bytes for one question */
#define MANY          200                 /* times an option may stand */
#define SHORT_ID      12                  /* digits of an id that people see */

enum { O_REPO, O_FIX, O_ONTO, O_OBJECTS, O_JSON, O_DIFF, O_BATCH, O_CACHE, O_COUNT };

/* ---- The answer as text ---- */

static void add_conflict(struct buf *b, const struct port_file *f)
{
    if (f->state == PORT_DECIDED)
        return;
    buf_addf(b, "    %.*s: %s\n", STR_ARG(f->path),
             f->state == PORT_OPEN ? "open" : "proposed, to be looked at");
    for (size_t i = 0; i < f->n_regions; i++) {
        const struct port_region *r = &f->regions[i];
        if (r->state != PORT_DECIDED)
            buf_addf(b, "      line %lld: %.*s\n", (long long)r->release.at, STR_ARG(r->why));
    }
}

static void add_line(struct buf *b, const struct port_line *p, bool diff)
{
    buf_addf(b, "\n%.*s (%.*s): %s\n", STR_ARG(p->onto), SHORT_ID, p->commit.p,
             port_verdict_words(p->verdict));
    if (p->why.n)
        buf_addf(b, "    %.*s\n", STR_ARG(p->why));
    if (p->made.n)
        buf_addf(b, "    candidate %.*s, tree %.*s, tests not run\n", SHORT_ID, p->made.p, SHORT_ID,
                 p->tree.p);
    for (size_t i = 0; i < p->n_rules; i++) {
        struct str words = port_rule_words(p->rules[i]);
        buf_addf(b, "%s%.*s", i ? "; " : "    rules: ", STR_ARG(words));
    }
    if (p->n_rules)
        buf_addc(b, '\n');
    for (size_t i = 0; i < p->n_files; i++)
        add_conflict(b, &p->files[i]);
    for (size_t i = 0; i < p->n_left; i++)
        buf_addf(b, "    left out: %.*s (%.*s)\n", STR_ARG(p->left[i].path),
                 STR_ARG(p->left[i].class));
    for (size_t i = 0; i < p->n_duties; i++)
        if (p->duties[i].result == PORT_FAIL)
            buf_addf(b, "    not shown: %.*s (%.*s)\n", STR_ARG(p->duties[i].detail),
                     STR_ARG(p->duties[i].id));
    words_put(b, "    demoted by: ", p->demoted, p->n_demoted);
    for (size_t i = 0; i < p->n_needs; i++)
        buf_addf(b, "    builds on %.*s %.*s\n", SHORT_ID, p->needs[i].commit.p,
                 STR_ARG(p->needs[i].subject));
    for (size_t i = 0; p->verdict == PORT_NOT_AFFECTED && i < p->n_past; i++)
        buf_addf(b, "    lacks %.*s %.*s\n", SHORT_ID, p->past[i].commit.p,
                 STR_ARG(p->past[i].subject));
    size_t others = p->n_candidates - (p->n_candidates > 0 && p->tree.n > 0);
    if (others)
        buf_addf(b, "    %zu other candidate%s (--json)\n", others, others > 1 ? "s" : "");
    if (diff && p->diff.n)
        buf_addf(b, "\n%.*s", STR_ARG(p->diff));
}

static void add_record(struct buf *b, const struct port_record *r, bool diff)
{
    for (size_t i = 0; i < r->n_fix; i++)
        buf_addf(b, "Fix %.*s %.*s\n", SHORT_ID, r->fix[i].commit.p, STR_ARG(r->fix[i].subject));
    for (size_t i = 0; i < r->n_lines; i++)
        add_line(b, &r->lines[i], diff);
    for (size_t i = 0; i < r->n_notes; i++)
        buf_addf(b, "%s%.*s\n", i ? "" : "\n", STR_ARG(r->notes[i]));
}

static enum rc answer_one(struct work *w, const struct arg *k, struct progress *p, struct err *e)
{
    AUTO(json) json_t *question = json_object();
    AUTO(json) json_t *out = NULL;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct port_question q;
    struct port_record r;
    json_object_set_new(question, "fix", list_of_arg(&k[O_FIX]));
    json_object_set_new(question, "onto", list_of_arg(&k[O_ONTO]));
    TRY(port_question_of_json(w->store, question, a, &q, e));
    TRY(port_json(w, &q, a, &out, e));
    progress_end(p);
    TRY(bp_flush(w->store, e));
    if (k[O_JSON].value)
        return print_json(out, e);
    AUTO(buf) struct buf b = BUF_INIT(OFFLINE_TEXT_MAX);
    TRY(port_record_read(out, a, &r, e));
    add_record(&b, &r, k[O_DIFF].value != NULL);
    TRY(buf_ok(&b, "the answer", e));
    return print_text(&b, e);
}

/* ---- Batches ---- */

static enum rc answer_json(void *arg, const json_t *j, json_t **ret_o, struct err *e)
{
    struct work *w = arg;
    AUTO(arena) struct arena *a = arena_new(ANSWER_MEMORY);
    struct port_question q;
    TRY(port_question_of_json(w->store, j, a, &q, e));
    return port_short_json(w, &q, a, ret_o, e);
}

/* ---- The command ---- */

static bool usage_ok(const struct args *a, struct err *e)
{
    const struct arg *k = a->known;
    bool question = k[O_FIX].n_values || k[O_ONTO].n_values;
    if (a->n_words > 0)
        err_set(e, RC_INVALID, "takes no words");
    else if (k[O_REPO].value == NULL)
        err_set(e, RC_INVALID, "--repo is missing");
    else if (k[O_BATCH].value && question)
        err_set(e, RC_INVALID, "--batch brings its own questions");
    else if (!k[O_BATCH].value && (!k[O_FIX].n_values || !k[O_ONTO].n_values))
        err_set(e, RC_INVALID, "names no fix (--fix) or no release line (--onto)");
    return e->msg[0] == '\0';
}

static enum rc run(const struct arg *k, FILE *batch, struct err *e)
{
    AUTO(cache) struct cache cache = CACHE_INIT;
    AUTO(work) struct work *w = NULL;
    struct progress p = progress_new();
    TRY(cache_find(k[O_CACHE].value, &cache, e));
    if (k[O_OBJECTS].value)
        TRY(dir_make(AT_FDCWD, k[O_OBJECTS].value, 0700, e));
    AUTO(mem) char *objects = k[O_OBJECTS].value ? realpath(k[O_OBJECTS].value, NULL) : NULL;
    struct work_options o = {
        .repo = k[O_REPO].value,
        .results = objects,
        .cache = cache.dir,
        .committer = {.name = STR("vulndesk"), .email = STR("vulndesk@localhost")},
        .progress = progress_show,
        .progress_arg = &p};
    TRY(work_open(&o, &w, e));
    enum rc rc = RC_OK;
    if (batch) {
        struct batch b = {.in = batch, .fn = answer_json, .arg = w, .progress = &p};
        rc = batch_run(&b, e);
    } else {
        rc = answer_one(w, k, &p, e);
    }
    progress_end(&p);
    TRY(rc);
    return bp_flush(w->store, e);
}

int backport_main(int argc, char **argv)
{
    const char *fix[MANY], *onto[MANY];
    struct arg known[O_COUNT] = {
        [O_REPO] = {.name = "--repo"},
        [O_FIX] = {.name = "--fix", .many = true, .values = fix, .max_values = MANY},
        [O_ONTO] = {.name = "--onto", .many = true, .values = onto, .max_values = MANY},
        [O_OBJECTS] = {.name = "--objects"},
        [O_JSON] = {.name = "--json", .flag = true},
        [O_DIFF] = {.name = "--diff", .flag = true},
        [O_BATCH] = {.name = "--batch"},
        [O_CACHE] = {.name = "--cache"},
    };
    struct args a = {.known = known, .n_known = O_COUNT};
    struct err e = ERR_INIT;
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away leaves no folder behind */
    if (args_parse(&a, argc, argv, &e) != RC_OK || !usage_ok(&a, &e)) {
        fprintf(stderr, "vulndesk backport: %s\n", e.msg);
        return EX_USAGE;
    }
    return offline_run("backport", run, known, known[O_BATCH].value);
}
