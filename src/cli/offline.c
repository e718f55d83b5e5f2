/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands that need no desk have in common.  Runs as the user who typed the command; a
 * batch may be a stranger's.
 */
#include "cli/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"

#define PROGRESS_US 200000

/* ---- Cache folder ---- */

void cache_auto(struct cache *c)
{
    scratch_remove(&c->temporary);
    free(c->dir);
}

enum rc cache_find(const char *given, struct cache *ret_c, struct err *e)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    AUTO(mem) char *dir = NULL;
    int n = 0;
    if (given)
        n = asprintf(&dir, "%s", given);
    else if (xdg && xdg[0] == '/')
        n = asprintf(&dir, "%s/vulndesk", xdg);
    else if (home && home[0] == '/')
        n = asprintf(&dir, "%s/.cache/vulndesk", home);
    if (n < 0)
        return err_set(e, RC_LIMIT, "memory is out");
    if (dir) {
        enum rc rc = dir_make(AT_FDCWD, dir, 0700, e);
        if (rc != RC_OK && given)
            return rc;
        char *real = rc == RC_OK ? realpath(dir, NULL) : NULL;
        if (real && access(real, W_OK) == 0) {
            ret_c->dir = real;
            return RC_OK;
        }
        free(real);
        if (given)
            return err_set(e, RC_DENIED, "the cache folder cannot be written");
    }
    TRY(scratch_make("cache", &ret_c->temporary, e));
    ret_c->dir = str_dup(str_c(ret_c->temporary.path));
    return RC_OK;
}

/* ---- Progress, on a terminal only ---- */

struct progress progress_new(void)
{
    return (struct progress){.on = isatty(STDERR_FILENO) == 1};
}

void progress_show(void *arg, const char *what, size_t done, size_t all)
{
    struct progress *p = arg;
    int64_t now = clock_mono_us();
    if (!p->on || (p->shown && now < p->next_us))
        return;
    p->shown = true;
    p->next_us = now + PROGRESS_US;
    if (all)
        fprintf(stderr, "\r\033[K%s: %zu of %zu", what, done, all);
    else
        fprintf(stderr, "\r\033[K%s", what);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r\033[K");
    p->shown = false;
}

/* ---- Lists and answers ---- */

void list_add(json_t *to, const char *text)
{
    struct str rest = str_c(text), part;
    while (str_cut(&rest, ',', &part))
        json_array_append_new(to, json_str(part));
}

json_t *list_of_arg(const struct arg *k)
{
    json_t *l = json_array();
    for (size_t i = 0; i < k->n_values; i++)
        list_add(l, k->values[i]);
    return l;
}

void words_put(struct buf *b, const char *head, const struct str *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "%s%.*s", i ? ", " : head, STR_ARG(v[i]));
    if (n)
        buf_addc(b, '\n');
}

enum rc print_text(const struct buf *b, struct err *e)
{
    if (fwrite(b->p, 1, b->n, stdout) != b->n || fflush(stdout) != 0)
        return err_errno(e, RC_IO, "standard output");
    return RC_OK;
}

enum rc print_json(const json_t *j, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(OFFLINE_TEXT_MAX);
    TRY(json_write(&b, j, e));
    buf_addc(&b, '\n');
    TRY(buf_ok(&b, "the answer", e));
    return print_text(&b, e);
}

/* ---- Batches ---- */

static enum rc batch_open(const char *path, FILE **ret_f, struct err *e)
{
    *ret_f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    return *ret_f ? RC_OK : err_errno(e, RC_IO, "%s", path);
}

static json_t *error_json(const struct err *e)
{
    json_t *o = json_object(), *error = json_object();
    json_put_str(error, "code", str_c(rc_name(e->rc)));
    json_put_str(error, "message", str_c(e->msg));
    json_object_set_new(o, "error", error);
    return o;
}

/* One answer, with the question's id in front and the time behind unless it has its own. */
static enum rc print_answer(const json_t *id, json_t *body, double ms, struct err *e)
{
    AUTO(json) json_t *out = json_object();
    json_object_set_new(out, "id", id ? json_deep_copy(id) : json_null());
    json_object_update(out, body);
    if (json_object_get(body, "error") == NULL && json_object_get(body, "ms") == NULL)
        json_object_set_new(out, "ms", json_real(ms));
    return print_json(out, e);
}

/* One line in; what is wrong with it is its answer. */
static enum rc answer_line(struct batch *b, struct str line, struct err *e)
{
    int64_t from_us = clock_mono_us();
    AUTO(json) json_t *j = NULL;
    AUTO(json) json_t *body = NULL;
    struct err why = ERR_INIT;
    b->spent_us = 0;
    enum rc rc = json_parse(line, OFFLINE_LINE_MAX, "the line", &j, &why);
    if (rc == RC_OK)
        rc = b->fn(b->arg, j, &body, &why);
    if (rc != RC_OK)
        body = error_json(&why);
    progress_end(b->progress);
    const json_t *id = json_object_get(j, "id");
    double ms = (double)(clock_mono_us() - from_us - b->spent_us) / 1000;
    if (!json_is_array(body))
        return print_answer(id, body, ms, e);
    for (size_t i = 0; i < json_array_size(body); i++)
        TRY(print_answer(id, json_array_get(body, i), ms, e));
    return RC_OK;
}

enum rc batch_run(struct batch *b, struct err *e)
{
    AUTO(mem) char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, b->in)) >= 0) {
        struct str s = str_trim(str_of(line, (size_t)n));
        if (s.n > 0)
            TRY(answer_line(b, s, e));
    }
    return ferror(b->in) ? err_errno(e, RC_IO, "the batch") : RC_OK;
}

/* ---- The command ---- */

int offline_run(const char *name, offline_fn run, const struct arg *known, const char *batch)
{
    struct err e = ERR_INIT;
    FILE *in = NULL;
    enum rc rc = batch ? batch_open(batch, &in, &e) : RC_OK;
    if (rc == RC_OK)
        rc = run(known, in, &e);
    if (in && in != stdin)
        fclose(in);
    if (rc == RC_OK)
        return 0;
    fprintf(stderr, "vulndesk %s: %s\n", name, e.msg);
    return batch ? 1 : rc_exit(rc);
}
