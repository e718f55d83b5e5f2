/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_CORPUS_TEST_H
#define VULNDESK_MIME_CORPUS_TEST_H

/* What the corpus tests of the parser share; test programs only. */
#include "mime/rules_test.h"

#include "mime/parse.h"
#include "mime/parse_entity.h"

#define CORPUS_SECONDS   2                   /* each mail, as the parse child gets them */
#define CORPUS_BYTES     ((size_t)256 << 20) /* address space of that child */
#define CORPUS_FILES_MAX 400

/* Files below standards/mail/<dir> that end so, sorted; paths for corpus_read. */
struct corpus_list {
    char *path[CORPUS_FILES_MAX];
    size_t n;
};
void corpus_list(const char *dir, const char *ending, struct corpus_list *ret_l);
void corpus_list_release(struct corpus_list *l);

/*
 * Parses raw as production does: in a child of its own, with 2 s of processor time and, in builds
 * without sanitizers, 256 MB and no system calls but for memory, reading and writing; the record
 * comes back as JSON and is decoded strictly.  False with a reason when the child died, said no or
 * wrote what decode refuses.
 */
bool corpus_parse(struct arena *a, struct str raw, struct mail *ret_m, const char **ret_why);

/* corpus_json for files with NUL in their texts, which strict JSON readers refuse. */
json_t *corpus_json_nul(const char *path);
/* Whether a file of the corpora exists. */
bool corpus_has(const char *path);
/* corpus_parse on every file of a folder: each must give a record. */
void corpus_each(const char *dir, const char *ending);

/* A list of files that are known to differ, each with its reason. */
struct corpus_exception {
    const char *file, *why;
};
const char *corpus_excused(const struct corpus_exception *list, size_t n, const char *path);

#endif
