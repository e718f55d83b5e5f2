/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PAST_H
#define VULNDESK_ENGINE_BACKPORT_PAST_H

#include "engine/backport/file.h"
#include "git/objects.h"

/*
 * What the histories of a fix and of the release lines say before anything is picked: is the fix
 * there already, is the flaw there at all, what does the fix rest on that a line lacks.
 *
 * One walk reads the commits of all lines that the history of the fix does not hold and that
 * are no older than it: for a fix that was just made these are few, whatever the size of the
 * project, so nothing is kept between two runs, and within one in memory alone.  Everything in the
 * repository is a stranger's.
 */
#define PAST_ONTO_MAX    64                           /* release lines of one question */
#define PAST_COMMITS_MAX 60000                        /* newer ones of all lines together */
#define PAST_OLDER_S     (INT64_C(60) * 24 * 60 * 60) /* a copy may be so much older than the fix */
#define PAST_COMPARE_MAX 4000                         /* commits whose changes are compared */
#define PAST_LOOKUPS_MAX 64                           /* commits read that a message names */
#define PAST_CLOSE       0.9                          /* part of a fix's lines to count as it */

enum past_state {
    PAST_NO,         /* nothing speaks for it */
    PAST_YES,        /* the line has the fix */
    PAST_TAKEN_BACK, /* it had it, and a later commit took it back */
    PAST_MAYBE,      /* a commit is close to it or brings a part of it: for a person to look at */
    PAST_UNKNOWN     /* the history here is not whole, or too long */
};
/* "no", "yes", "taken-back", "maybe", "unknown" */
const char *past_state_name(enum past_state s);

/* Rules that can be switched off, for measuring. */
enum { PAST_RULE_TRAILER = 1, PAST_RULE_PATCH_ID = 2, PAST_RULE_DATE = 4, PAST_RULE_LINES = 8 };

/* Commits that are kept between questions about one repository; it outlives no store. */
struct past_memory;
struct bp_store;
struct locate;
void past_memory_open(struct bp_store *s, struct past_memory **ret_m);
void past_memory_close(struct past_memory *m); /* NULL is fine */
void past_memory_auto(struct past_memory **m);

struct past_ask {
    struct git *git;
    struct objects *objects;
    struct str fix;         /* full id of a commit; its change is that against its first parent */
    const struct str *onto; /* full ids of commits */
    size_t n_onto;
    unsigned without; /* PAST_RULE_... */
    /* NULL: git processes are asked for each question; the answers are the same. */
    struct past_memory *memory;
    struct locate *locate; /* of the same repository; past_affected alone reads it */
};

struct past_already {
    enum past_state state;
    /* "graph": the fix itself is in the line's history; "trailer": a message names it as what was
     * copied; "patch-id": the same patch in the fix's files; "date": the same subject and author's
     * date; "lines": all its changed lines.  "" with PAST_NO. */
    const char *rule;
    char commit[GIT_OID_HEX + 1]; /* that brought it, or may have; "" = none */
    char back[GIT_OID_HEX + 1];   /* that took it back; "" = none */
    struct str why;               /* a sentence; lives in the arena */
};
/*
 * ret has an answer for each onto.  A commit that brings the fix counts as long as no later one
 * takes it back.  RC_NOTFOUND: the fix is not here; RC_INVALID: no full ids; a line whose history
 * cannot be read is PAST_UNKNOWN, not an error.
 */
enum rc past_already(const struct past_ask *ask, struct arena *a, struct past_already *ret,
                     struct err *e) WARN_UNUSED;

/*
 * Is the flaw in a line at all?  "Not" needs both: nothing of the text that the fix edits is in the
 * line's tree, under whatever name; and no commit that brought that text, nor one that brought an
 * older form of it, is in the line's history or was copied there.  What cannot be seen counts as
 * affected, and so does text in a file that the line lacks or that came as a whole: it may be
 * written after an older one.
 */
#define PAST_ORIGINS_MAX 32  /* commits that are followed */
#define PAST_LINES_MAX   400 /* lines of the fix that are followed */
struct past_affected {
    bool affected;
    struct str why; /* a sentence */
    /* The commits that brought the edited text, when it is not affected. */
    const struct past_commit *origins;
    size_t n_origins;
};
struct past_commit {
    char id[GIT_OID_HEX + 1];
    struct str subject, author; /* UTF-8 of one line */
    int64_t author_us;
    struct str path; /* the file in question */
    uint32_t lines;  /* of it, how many */
    bool picked;     /* the line has a copy of it */
};
enum rc past_affected(const struct past_ask *ask, size_t nth_onto, struct arena *a,
                      struct past_affected *ret, struct err *e) WARN_UNUSED;

/*
 * For a person who has to settle a conflict: the commits that a place rests on, and what both sides
 * did there.  Some tenths of a second for each file; not for the batch.  The places of a file stand
 * together, from its beginning to its end.
 */
#define PAST_PLACES_MAX  64
#define PAST_NEEDS_MAX   32 /* commits of one answer */
#define PAST_HISTORY_MAX 12 /* commits of one side of one file */
struct past_place {
    struct str path, fix_path;        /* in the release; before the fix */
    uint32_t base_from, base_n;       /* lines before the fix, from 1 */
    uint32_t release_from, release_n; /* lines of the release */
};
struct past_touch {
    size_t place; /* the first of its file */
    bool main;    /* of the fix's side; else the release's */
    struct past_commit commit;
};
struct past_needs {
    /* Commits of the fix's history that brought lines of the places which the release lacks, those
     * of most lines first. */
    const struct past_commit *needs;
    size_t n_needs;
    /* By file, the release's first, newest first. */
    const struct past_touch *touches;
    size_t n_touches;
    bool cut; /* there was more than the limits take */
};
enum rc past_needs(const struct past_ask *ask, size_t nth_onto, const struct past_place *places,
                   size_t n, struct arena *a, struct past_needs *ret, struct err *e) WARN_UNUSED;

#endif
