/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_SVG_H
#define VULNDESK_ENGINE_SVG_H

#include "base/buf.h"

/*
 * What the pictures of the engines have in common.  Pure.  Names out of a repository are hostile:
 * escaped, cut, and characters that hide or reorder text are shown by name.
 */

/* Escaped for XML; a text of more letters than max ends in an ellipsis. */
void svg_text(struct buf *b, struct str s, size_t max);
/* A name among other words: what is written from right to left must not reorder them. */
void svg_name(struct buf *b, struct str s, size_t max);
/* The <style> of a picture that is a file of its own; pages bring the same in site.css. */
extern const char svg_styles[];

#endif
