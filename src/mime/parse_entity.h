/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_PARSE_ENTITY_H
#define VULNDESK_MIME_PARSE_ENTITY_H

#include "mime/parse_decode.h"
#include "mime/parse_header.h"

/*
 * The tree of entities of a mail (RFC 2045, 2046).  Cut by our own splitter and not by GMime's
 * parser: so every nested header is bounded before a value of it is interpreted, encoded
 * message/rfc822 parts are opened, and the limits of mail.h hold exactly.  Runs in the parse child.
 */
#define ENTITY_BOUNDARY_MAX 998 /* RFC 2046 says 70; a longer line cannot be */
/* Bytes looked at for boundaries, over all levels: nesting a large mail costs its size each. */
#define ENTITY_SCAN_FACTOR 4
#define ENTITY_SCAN_EXTRA  ((size_t)32 << 20)
#define ENTITY_DECODE_MAX  ((size_t)32 << 20) /* encoded message/rfc822, all together, decoded */

struct entity {
    int64_t number; /* depth first, root = 0 */
    int64_t depth;  /* root = 0 */
    struct header h;
    struct header_typed type, disposition;
    struct str mime; /* "text/plain": the type that counts, defaults applied */
    enum decode_cte cte;
    struct str body; /* still encoded */
    struct entity *parent, *first, *next;
    bool multipart; /* opened: children are its parts */
    bool message;   /* opened: the one child is the message inside */
};

struct tree {
    struct entity **all; /* by number */
    size_t n;
};

/* raw must outlive the tree.  Scratch memory for decoded messages comes from a.  RC_LIMIT when the
 * arena is full. */
enum rc entity_tree(struct arena *a, struct str raw, struct warnings w, struct tree *ret_t,
                    struct err *e) WARN_UNUSED;

#endif
