/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_GRAPHMAKE_H
#define VULNDESK_GIT_GRAPHMAKE_H

#include "git/graph.h"
#include "git/graphfile.h"

/*
 * What a graph is made of: every commit that a ref of the repository holds (replacements and notes
 * apart), as git reads them without a commit-graph.  When git cannot, because commits are missing
 * or damaged, the commits are walked one by one around the holes.
 */

/* Appends "ID NAME\n" for each ref and HEAD; the list the graph is a function of. */
enum rc graph_tips(struct git *git, struct buf *out, struct err *e) WARN_UNUSED;
/*
 * The bytes of a commit-graph file.  old: one of the same repository from before, or NULL; then
 * only the commits that came since are read, and the bytes are the same as without.
 */
enum rc graph_make(struct git *git, struct objects *objects, struct str tips,
                   const struct graph_file *old, const unsigned char sum[32], struct buf *out,
                   struct err *e) WARN_UNUSED;

#endif
