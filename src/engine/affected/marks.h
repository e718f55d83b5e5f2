/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_MARKS_H
#define VULNDESK_ENGINE_AFFECTED_MARKS_H

#include "engine/affected/equiv.h"
#include "engine/affected/text.h"

/*
 * What a fix points at: the lines that stood where the flaw was, in the files as they were before
 * the fix.  Lines that the fix took away; where it only added, the nearest lines that say something
 * before and behind.  And what else can be looked for in old releases: the functions around them,
 * the lines around them, the names in them.
 */
#define MARKS_FIXES      6   /* commits of the fix that are looked at */
#define MARKS_FILES      12  /* files of a commit */
#define MARKS_FILE_MAX   80  /* lines of a file that are traced */
#define MARKS_MAX        600 /* lines of all */
#define MARKS_NEAR       12  /* lines that are looked at for one that says something */
#define MARKS_NAME_MIN   4   /* bytes of a name */
#define MARKS_NAMES_MAX  400 /* of a kind */
#define MARKS_LINES_MAX  1500
#define MARKS_NEARBY     100 /* lines of all fixes, the nearest ones */
#define MARKS_NEARBY_FAR 40  /* lines between them and what the fix changes */

struct mark {
    bool removed; /* by the fix; else it stands beside what the fix added */
    struct str path;
    uint32_t line; /* from 1, before the fix */
    struct str text;
    struct str func; /* around it, "" */
    double weight;   /* 0..1: declarations, header files and numbers of versions say less */
    size_t fix;      /* index of the commit */
};
enum name_of { NAME_REMOVED, NAME_ADDED, NAME_AROUND, NAME_KINDS };
struct mark_line { /* of the hunks, as they were before the fix */
    uint64_t hash;
    bool removed;
};

/* A line of a function that the fix changes, or in its place where there is none, with its distance
 * to the change: 0 = changed. */
struct nearby {
    struct str path;
    uint32_t line; /* from 1, before the fix */
    uint32_t far;
    size_t fix;
};

struct marks {
    struct mark *v;
    size_t n;
    struct nearby *nearby; /* nearest first */
    size_t n_nearby;
    uint32_t parents[MARKS_FIXES]; /* commit before each fix, GRAPH_NONE: not there */
    size_t n_fixes;
    struct str *paths; /* of the files */
    size_t n_paths;
    struct str *funcs; /* names, each once */
    size_t n_funcs;
    struct str *names[NAME_KINDS]; /* each once */
    size_t n_names[NAME_KINDS];
    struct mark_line *lines;
    size_t n_lines;
    bool any_removed;
};

/* Everything lives in the arena. With question.at those lines stand in for the ones that the fix
 * took away. */
enum rc marks_find(struct history *h, struct textpool *texts, const struct question *q,
                   struct arena *a, struct marks *ret, struct err *e) WARN_UNUSED;

#endif
