/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_FACTS_H
#define VULNDESK_ENGINE_AFFECTED_FACTS_H

#include "engine/affected/history.h"
#include "engine/affected/text.h"

/*
 * What can be seen in the files of each release: lines, forms of a line inside a function, names,
 * functions, files.  First everything that is wanted is added, each thing has a number; then all
 * tags are looked at in one go, each blob once; then the tags of a thing can be asked.
 */
#define FACTS_MAX       6000 /* things */
#define FACTS_PATHS_MAX 10   /* files that are looked at */
#define FACTS_NAME_MIN  4    /* bytes of a name */
#define FACTS_FORM_MIN  14   /* bytes of a form that is looked for, white space left out */
#define FACTS_FORM_FAR  16   /* the same in files without the function */
#define FACTS_NONE      SIZE_MAX

struct facts;
struct facts *facts_new(struct history *h, struct textpool *texts, struct arena *a);
void facts_free(struct facts *f); /* NULL is fine */
void facts_auto(struct facts **f);

/* FACTS_NONE: too many things, or one that would be found anywhere. Strings are borrowed. */
size_t facts_line(struct facts *f, uint64_t hash);
size_t facts_form(struct facts *f, struct str func, uint64_t hash, uint32_t dense);
size_t facts_name(struct facts *f, struct str name);
size_t facts_func(struct facts *f, struct str name);
size_t facts_path(struct facts *f, struct str path);

/* Looks into the tags of the set. */
enum rc facts_look(struct facts *f, const struct tagset *tags, struct err *e) WARN_UNUSED;
/* The tags in which the thing was seen. */
struct tagset facts_tags(const struct facts *f, size_t thing, struct arena *a);
/* How many of these things a tag has; FACTS_NONE among them does not count. */
size_t facts_count(const struct facts *f, const size_t *things, size_t n, size_t tag);
/* Tags of those that were looked at in which a file could not be read: its object is not here. */
const struct tagset *facts_unseen(const struct facts *f);
/* The blob of a path in a tag, hex, "" when it has none. */
struct str facts_blob(const struct facts *f, size_t path_thing, size_t tag);

#endif
