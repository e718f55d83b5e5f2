/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_RECORD_H
#define VULNDESK_ENGINE_BACKPORT_RECORD_H

#include "base/arena.h"
#include "base/json.h"

/*
 * An answer about backports read back from its JSON, for what shows it and decides on it: the page
 * of a case, the map of the lines, the desk's rules.  It comes out of a child that worked on a
 * stranger's repository, so everything is checked again: types, bounds, names of verdicts, rules
 * and results, ids, clean text.  What is not understood is refused, never guessed; members that are
 * not known are passed over.  Texts borrow from the JSON, which must outlive the record; the rest
 * is in the arena.
 *
 * Paths, sentences, the diff and the conflict have to be clean text (base/utf8.h) already.  The
 * patch is what a tool applies: UTF-8 without NUL, but it may hold controls, so no page shows it as
 * it is.
 */
#define PORT_FIX_MAX      64 /* commits of the fix */
#define PORT_LINES_MAX    200
#define PORT_RULES_MAX    64 /* of a line, a file, a candidate */
#define PORT_DUTIES_MAX   2000
#define PORT_LEFT_MAX     2000
#define PORT_CANDIDATES   16
#define PORT_FILES_MAX    2000 /* of a line */
#define PORT_REGIONS_MAX  2000 /* of a file */
#define PORT_NEEDS_MAX    200  /* prerequisites of a line */
#define PORT_HISTORY_MAX  500
#define PORT_NOTES_MAX    200
#define PORT_PATH_MAX     4096       /* bytes of a path */
#define PORT_NAME_MAX     1024       /* of a branch, an author, a rule */
#define PORT_TEXT_MAX     8192       /* of a sentence */
#define PORT_MESSAGE_MAX  (64 << 10) /* of a commit's message */
#define PORT_CONFLICT_MAX (4u << 20) /* of a file with its conflicts */
#define PORT_DIFF_MAX     (4u << 20)
#define PORT_PATCH_MAX    (4u << 20)
#define PORT_ARENA        (UINT64_C(64) << 20) /* enough for the largest */

enum port_verdict {
    PORT_ALREADY,      /* the line has the fix */
    PORT_NOT_AFFECTED, /* it never had the flaw */
    PORT_CLEAN,        /* the pick applies, and nothing speaks against it */
    PORT_RESOLVED,     /* conflicts were settled by rules that can be trusted */
    PORT_PROPOSED,     /* a candidate that a person has to look at */
    PORT_NEEDS_PERSON, /* no candidate */
    PORT_VERDICTS
};
/* "needs-person", as in the JSON; and "needs a person", for people. */
const char *port_verdict_name(enum port_verdict v);
const char *port_verdict_words(enum port_verdict v);
bool port_verdict_parse(struct str s, enum port_verdict *ret_v);
/* The short name of a rule of the ladder ("tok", "adj-del") as a sentence for people; of one that
 * is not known, the name. */
struct str port_rule_words(struct str rule);
/* What an obligation ("O1".."O9") asks for, in words; of one that is not known, its id. */
struct str port_duty_words(struct str id);

enum port_result { PORT_PASS, PORT_FAIL, PORT_UNKNOWN, PORT_RESULTS };
const char *port_result_name(enum port_result r); /* "pass" */

enum port_state { PORT_DECIDED, PORT_SHOWN /* "proposed" */, PORT_OPEN, PORT_STATES };
const char *port_state_name(enum port_state s); /* "decided" */

struct port_fix {
    struct str commit, subject, author;
    int64_t at_us; /* 0: not said */
};
struct port_duty { /* a proof obligation */
    struct str id, path, detail;
    int64_t line; /* 0: none */
    enum port_result result;
};
struct port_left { /* out */
    struct str path, class;
};
struct port_candidate {                       /* what a person may take instead */
    struct str tree, made, source, why, diff; /* made, diff: empty where it has none of its own */
    struct str *rules;
    size_t n_rules;
};
struct port_range { /* lines, from 1; n 0: between two lines */
    int64_t at, n;
};
struct port_region {
    struct str rule, why;
    enum port_state state;
    struct port_range base, fix, release, made;
};
struct port_file {
    struct str path, fix_path; /* fix_path: where the fix has it elsewhere, else empty */
    struct str class, how;     /* code test doc generated; same taken merged ladder conflict ... */
    enum port_state state;
    struct str *rules;
    size_t n_rules;
    struct port_region *regions;
    size_t n_regions;
    struct str conflict; /* the whole file with markers (zdiff3); empty: none */
};
struct port_need { /* a commit that the line lacks and the fix builds on */
    struct str commit, subject, path;
    int64_t lines; /* that it brought */
};
struct port_past {                          /* of the lines of a conflict */
    struct str path, side, commit, subject; /* side: "release" or "main" */
    int64_t at_us;
};
struct port_line {
    struct str onto, commit; /* as asked; its newest commit */
    struct str source;       /* "fix", or the onto of the neighbour whose backport was picked */
    enum port_verdict verdict;
    struct str why;
    struct str tree, made; /* of the candidate; empty: none */
    struct str *rules, *demoted;
    size_t n_rules, n_demoted;
    struct port_duty *duties;
    size_t n_duties;
    struct port_left *left;
    size_t n_left;
    struct str already_rule, already_commit;
    struct port_candidate *candidates;
    size_t n_candidates;
    struct port_file *files;
    size_t n_files;
    struct port_need *needs;
    size_t n_needs;
    struct port_past *past;
    size_t n_past;
    struct str diff;    /* release to candidate, unified; cut where it is too long */
    struct str patch;   /* the commit as a mail; empty: none */
    struct str message; /* of the commit */
    int64_t ms;
};
struct port_record {
    struct port_fix *fix;
    size_t n_fix;
    struct port_line *lines; /* in the order of the answer: newest first */
    size_t n_lines;
    struct str *notes;
    size_t n_notes;
};

enum rc port_record_read(const json_t *j, struct arena *a, struct port_record *ret, struct err *e)
    WARN_UNUSED;
/* One element of "lines" alone, as the desk keeps it. */
enum rc port_line_read(const json_t *j, struct arena *a, struct port_line *ret, struct err *e)
    WARN_UNUSED;
/* "fix" and "notes" alone. */
enum rc port_head_read(const json_t *j, struct arena *a, struct port_record *ret, struct err *e)
    WARN_UNUSED;

#endif
