/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_THREAD_H
#define VULNDESK_MIME_THREAD_H

#include "base/arena.h"

/*
 * Threading by References (J. Zawinski's algorithm as in RFC 5256 THREAD=REFERENCES) over typed
 * messages.  Pure and iterative; O(n log n) in messages and references, whatever their shape.
 * Runs in core.
 */
#define THREAD_MESSAGES_MAX 100000
#define THREAD_REFS_MAX     200000 /* of all messages together */
#define THREAD_NONE         SIZE_MAX

struct thread_msg {
    struct str id;          /* without <>; may be empty: then it is unique */
    const struct str *refs; /* References, oldest first; when empty, In-Reply-To's first id */
    size_t n_refs;
    struct str base_subject; /* subject.h; used with by_subject only */
    bool reply;              /* the same */
    int64_t date_us;         /* siblings are sorted by it, ties by index */
};

/* A node: a message, or (msg == THREAD_NONE) one that is known by reference only. */
struct thread_node {
    size_t msg;
    size_t parent, first_child, next; /* indexes of nodes or THREAD_NONE */
};

struct thread_forest {
    struct thread_node *nodes; /* unused nodes have no parent, child or next */
    size_t n_nodes;
    size_t first_root; /* further roots by next; THREAD_NONE when there are none */
    size_t *node_of;   /* node of each message */
};

/*
 * Own references decide over what other messages say about one's parents; a link that would close
 * a circle is not made; the second message with an id in use keeps its place under a unique one.
 * Placeholders without children vanish, with one child are replaced by it, at the root with several
 * children they stay.  by_subject joins roots of the same base subject (RFC 5256 step 5); the desk
 * never does (two reporters can share a subject).  RC_LIMIT over the limits above or when the arena
 * is full.
 */
enum rc thread_build(struct arena *a, const struct thread_msg *m, size_t n, bool by_subject,
                     struct thread_forest *ret_f, struct err *e) WARN_UNUSED;

/*
 * Walks in display order without recursion: start with f->first_root, *depth 0; returns the next
 * node or THREAD_NONE.
 */
size_t thread_next(const struct thread_forest *f, size_t node, size_t *depth);

#endif
