/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_OFFLINE_H
#define VULNDESK_CLI_OFFLINE_H

#include <stdio.h>

#include "base/json.h"
#include "cli/args.h"
#include "os/scratch.h"

/*
 * What the commands that need no desk have in common: the cache folder, progress on a terminal,
 * answers on standard output, and batches of questions.
 */
#define OFFLINE_TEXT_MAX (256u << 20) /* bytes of one answer */
#define OFFLINE_LINE_MAX (16u << 20)  /* bytes of a line of a batch */

/* The user's own cache folder ($XDG_CACHE_HOME/vulndesk or ~/.cache/vulndesk) or the given one,
 * made when it is not there; without any, a temporary one that goes with the struct. */
struct cache {
    char *dir;
    struct scratch temporary; /* it is this one */
};
#define CACHE_INIT                                                                                 \
    {                                                                                              \
        NULL, SCRATCH_INIT                                                                         \
    }
enum rc cache_find(const char *given, struct cache *ret_c, struct err *e) WARN_UNUSED;
void cache_auto(struct cache *c);

/* One line of standard error that is written over and over, on a terminal only. */
struct progress {
    bool on, shown;
    int64_t next_us;
};
struct progress progress_new(void);
/* As engines call it (engine/engine.h); arg: the struct progress. */
void progress_show(void *arg, const char *what, size_t done, size_t all);
void progress_end(struct progress *p);

/* "a,b" becomes two more texts of the list. */
void list_add(json_t *to, const char *text);
/* A new list of all values of an option. */
json_t *list_of_arg(const struct arg *k);
/* "HEAD first, second" and a line end; nothing without words. */
void words_put(struct buf *b, const char *head, const struct str *v, size_t n);

enum rc print_text(const struct buf *b, struct err *e) WARN_UNUSED;
enum rc print_json(const json_t *j, struct err *e) WARN_UNUSED; /* and a line end */

/* A new object for one question of a batch, without "id", or a list of them; "ms" is added where it
 * is missing. */
typedef enum rc (*batch_fn)(void *arg, const json_t *question, json_t **ret_o, struct err *e);
/*
 * JSON Lines in, JSON Lines out, same order, flushed line by line: {"id", ..., "ms"}, or {"id",
 * "error": {"code", "message"}} for a line that fails.  Empty lines are skipped.  An error is that
 * the batch cannot be read or the output not written.  fn may set spent_us to what of its time was
 * not the question's (making an index): it is not in ms.
 */
struct batch {
    FILE *in;
    batch_fn fn;
    void *arg;
    struct progress *progress;
    int64_t spent_us;
};
enum rc batch_run(struct batch *b, struct err *e) WARN_UNUSED;

/* Runs a command whose arguments were understood, with its batch ("-": standard input) open, or
 * NULL, and says what went wrong.  Its exit code: 0, 1 for a batch that cannot be read, else that
 * of the failure. */
typedef enum rc (*offline_fn)(const struct arg *known, FILE *batch, struct err *e);
int offline_run(const char *name, offline_fn run, const struct arg *known, const char *batch);

#endif
