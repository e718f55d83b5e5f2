/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_STREAM_H
#define VULNDESK_GIT_STREAM_H

#include "git/objects.h"

/*
 * The contents of many objects in one go: `git cat-file --batch-command --buffer` is asked for all
 * of them while its answers are read, so that neither waits for the other.  Nothing is fetched,
 * replaced or filtered.  An object that is missing or damaged is an answer like another; git is
 * started anew behind one that makes it give up, at most STREAM_RESTARTS_MAX times, from then on
 * everything that is left counts as missing.
 */
#define STREAM_RESTARTS_MAX 100
#define STREAM_SKIP_MAX     (32u << 20) /* what is too large is read and dropped up to here */

struct object_stream;

/* max: bytes of an object that are handed on. g stays the caller's and outlives the stream. */
enum rc stream_open(struct git *g, size_t max, struct object_stream **ret_s, struct err *e)
    WARN_UNUSED;
void stream_close(struct object_stream *s); /* NULL is fine */
void stream_auto(struct object_stream **s);

/*
 * One answer: the nth id asked for. o: NULL when it is missing or damaged; its body is empty when
 * o->size is over max, else valid during the call.  o->oid is not filled.  Anything but RC_OK ends
 * the run, the stream can then only be closed.
 */
typedef enum rc (*stream_fn)(void *ctx, size_t nth, const struct object *o, struct err *e);

/* Asks for n objects by their raw ids and hands the answers on in that order.  May be called again
 * and again. RC_IO, RC_TIMEOUT: git failed. */
enum rc stream_run(struct object_stream *s, const unsigned char *const *ids, size_t n, stream_fn fn,
                   void *ctx, struct err *e) WARN_UNUSED;

#endif
