/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_LADDER_H
#define VULNDESK_ENGINE_BACKPORT_LADDER_H

#include "base/arena.h"
#include "engine/backport/class.h"
#include "syntax/lang.h"

/*
 * The ladder: what to do where the change of a fix and the text of a release do not fit together
 * line by line.  Pure functions on three texts: before the fix, after it, and the release's.  The
 * three are put together by lines first; each place that both sides changed goes up the rules from
 * the safe ones to the doubtful ones, by tokens (words, numbers, punctuation; white space is no
 * token, but line and indentation are in languages where they have a meaning).  What no rule takes
 * stays open for a person.  The same bytes always give the same answer, on every machine.
 */

/* Bytes of one text; a longer one is refused, as a binary one is. */
#define LADDER_TEXT_MAX (64u << 20)
/* Lines of one text, for the same reason. */
#define LADDER_LINES_MAX (4u << 20)
/* Places in one file that are looked at; with more the file stays open. */
#define LADDER_REGIONS_MAX 4096u
/* Tokens of one side of a place that go up the rules; a larger place stays open. */
#define LADDER_TOKENS_MAX 20000u
/* Whole texts that are offered beside the answer. */
#define LADDER_ALTERNATIVES_MAX 4
/* Names of rules that one answer can carry. */
#define LADDER_RULES_MAX 24
/* Names of the release in place of the fix's that one answer can carry. */
#define LADDER_NAMES_MAX 64
/* Memory that one run may take from its arena for each byte of the three texts, and on top of it:
 * an arena of this size is always enough. */
#define LADDER_ARENA_FACTOR 48u
#define LADDER_ARENA_MORE   (64u << 20)

enum ladder_state {
    LADDER_SAME,     /* nothing is left to do here: the release has it */
    LADDER_DECIDED,  /* settled by rules that are safe enough to decide */
    LADDER_PROPOSED, /* there is a text, but a person has to look at it */
    LADDER_OPEN      /* no rule takes it */
};
/* "same", "decided", "proposed", "open" */
const char *ladder_state_name(enum ladder_state s);

struct ladder_ask {
    struct str path; /* for languages that the name decides; may be empty */
    enum lang lang;
    enum file_class class;
    struct str base;    /* before the fix; empty when the fix brings the file */
    struct str fix;     /* after it */
    struct str release; /* as the release has it */
};

/* Lines from..from+n-1, from 1.  n may be 0: in front of the line `from`. */
struct ladder_lines {
    uint32_t from, n;
};

/* A place that both sides changed, or that is the same on both. */
struct ladder_region {
    enum ladder_state state;
    const char *rule; /* a name of rules[]; "" when open */
    const char *why;  /* a sentence for a person; never NULL */
    struct ladder_lines base, fix, release, made;
    bool shared_line; /* a line here was changed by both sides */
};

struct ladder_alternative {
    struct str text; /* the whole file */
    const char *rule, *why;
};

/* A name of the fix's texts and the release's for it. */
struct ladder_name {
    struct str from, to;
};

struct ladder_out {
    enum ladder_state state; /* of the worst region */
    bool left_out;           /* decided, but by leaving the file as the release has it: a test or a
                                document that does not fit; has to be said */
    struct str text;         /* the whole file; open places are as the release has them */
    const struct ladder_region *regions;
    uint32_t n_regions;
    const char *rules[LADDER_RULES_MAX]; /* each name once, in the order of the file */
    uint32_t n_rules;
    struct ladder_name names[LADDER_NAMES_MAX]; /* of the rule "rename"; borrowed */
    uint32_t n_names;
    bool renamed; /* names that the fix brings were replaced in all of the file: a name that is
                     another one everywhere may want other arguments, so a person has to look */
    struct str conflict; /* the whole file with conflict markers (git's zdiff3 form) at the places
                            that are not decided; empty when all are */
    /* Other texts that a person might take instead, best first, all different from text. */
    struct ladder_alternative alternatives[LADDER_ALTERNATIVES_MAX];
    uint32_t n_alternatives;
};

/*
 * Goes up the ladder.  What comes out lives in the arena or is borrowed from the three texts.
 * RC_INVALID: a text is binary (a NUL among the first bytes).  RC_LIMIT: a limit from above, or the
 * arena is full.
 */
enum rc ladder_run(const struct ladder_ask *ask, struct arena *arena, struct ladder_out *ret,
                   struct err *e) WARN_UNUSED;

/*
 * True in *ret when the release's text has the change already: the runs of tokens that the fix
 * brings stand there at their places and those that it takes away are gone (ladder_share_full).
 * False when in doubt, and when the fix changes no token.
 */
enum rc ladder_empty(const struct ladder_ask *ask, struct arena *arena, bool *ret, struct err *e)
    WARN_UNUSED;

/* How much of the change the release's text has, in worth of words: what the fix brings and how
 * much of it is there; what it takes away and how much of it is gone. */
struct ladder_share {
    uint64_t comes, there, goes, gone;
};
/* Adds the shares of one file to what stands there already (a fix is judged over all its files). */
enum rc ladder_share(const struct ladder_ask *ask, struct ladder_share *ret, struct err *e)
    WARN_UNUSED;
/* Seven tenths of the whole, and half of what comes and of what goes: who carried a fix over has
 * changed some words. */
bool ladder_share_full(const struct ladder_share *s);

/* What becomes of a file that the release lacks and the fix changes, or that the fix deletes and
 * the release has changed. */
struct ladder_verdict {
    enum ladder_state state;
    bool left_out;
    const char *rule, *why;
};
/* The release has no such file. */
struct ladder_verdict ladder_absent(enum file_class class);
/* The fix deletes the file; ask->fix is not looked at. */
struct ladder_verdict ladder_gone(const struct ladder_ask *ask);

#endif
