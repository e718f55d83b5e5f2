/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RECORD_H
#define VULNDESK_ENGINE_AUDIT_RECORD_H

#include "base/arena.h"
#include "base/json.h"

/*
 * An answer about similar code read back from its JSON, for what shows it and decides on it: the
 * page of a case, the desk's rules, an export.  It comes out of a child that worked on a stranger's
 * repository, so everything is checked again: types, bounds, clean text, lines inside their code,
 * the order of hits.  What is not understood is refused, never guessed.  Texts borrow from the
 * JSON, which must outlive the record; the rest is in the arena.
 *
 * The document is that of engine/audit/whole.h.  What decisions are kept by: a hit's "chunk" (key
 * of its content) and "line_in", where in the chunk its "line" is, counted from 0: two hits of one
 * chunk are told apart by it.  Paths and code have to be clean text (base/utf8.h) already.
 */
#define FIND_TREES_MAX    2000 /* branches of all repositories */
#define FIND_SEEDS_MAX    200
#define FIND_LINES_MAX    400 /* of a seed */
#define FIND_HITS_MAX     500
#define FIND_CODE_MAX     60  /* lines of a hit */
#define FIND_LINE_MAX     400 /* bytes of a line of code */
#define FIND_WORDS_MAX    100 /* matched, missing, marked words of a hit or a line */
#define FIND_PLACES_MAX   2000
#define FIND_DIAL_MAX     100
#define FIND_LEFT_MAX     2000 /* files that were not searched, by name */
#define FIND_VENDORED_MAX 2000
#define FIND_RULES_MAX    100
#define FIND_NOTES_MAX    200
#define FIND_PATH_MAX     4096 /* bytes of a path */
#define FIND_NAME_MAX     1024 /* of a branch, a repository, a function, a word */
#define FIND_TEXT_MAX     4096 /* of a sentence */
#define FIND_CHUNK_LEN    16   /* hex digits of a chunk's key */
#define FIND_NEAR         10   /* two hits of one file are at least so many lines apart */
#define FIND_ARENA        (UINT64_C(64) << 20) /* enough for the largest */

struct find_tree { /* that was searched */
    struct str repo, name, commit;
};
struct find_seed_line {
    char sign;              /* ' ' '-' '+' */
    int64_t old_no, new_no; /* 0: not on that side */
    struct str text;
};
struct find_seed {
    struct str fix; /* the commit, empty: a marked region */
    struct str path;
    int64_t start, end;
    struct find_seed_line *lines;
    size_t n_lines;
};
struct find_place {
    struct str repo, branch, path;
    int64_t line;
};
struct find_mark { /* words of one line that match */
    int64_t line;
    struct str *words;
    size_t n_words;
};
struct find_hit {
    struct str repo, path, function, lang, rule; /* repo empty: the project's own; rule: what else
                                                    found it, empty */
    int64_t start, end, line;                    /* line: the best guess */
    double score;
    double fixed;     /* share of the fix that is there already, 0..1 */
    struct str chunk; /* its key, lower-case hex */
    int64_t at;       /* line counted from the chunk's first, from 0; -1: not said */
    struct str *matched, *missing, *branches;
    size_t n_matched, n_missing, n_branches;
    struct find_place *places; /* wherever the same content stands */
    size_t n_places;
    int64_t code_start; /* number of the first line of code */
    struct str *code;
    size_t n_code;
    struct find_mark *marks;
    size_t n_marks;
    struct str vendored, vendored_version, vendored_how; /* a copy of; empty: none, not known */
};
struct find_cut { /* measured expectation */
    double cut, recall, places;
};
struct find_left { /* not searched */
    struct str repo, path, why;
};
struct find_copy { /* a vendored copy */
    struct str repo, path, name, version, how;
};
struct find_rule {
    struct str name, tool, status;
    int64_t hits;
};

struct find_record {
    struct find_tree *trees;
    size_t n_trees;
    struct find_seed *seeds;
    size_t n_seeds;
    struct find_hit *hits; /* best first */
    size_t n_hits;
    int64_t limit;
    double cut;
    struct find_cut *dial; /* highest cut, lowest recall, first */
    size_t n_dial;
    int64_t repositories, branches, files, lines, chunks, bytes; /* searched */
    struct find_left *left;
    size_t n_left;
    int64_t left_more; /* besides those that are named */
    struct find_copy *vendored;
    size_t n_vendored;
    struct find_rule *rules;
    size_t n_rules;
    struct str *notes;
    size_t n_notes;
};

enum rc find_record_read(const json_t *j, struct arena *a, struct find_record *ret, struct err *e)
    WARN_UNUSED;

/* Hits whose score is at least the cut. */
size_t find_above(const struct find_record *r, double cut);
/* The entry of the dial that is nearest to a cut; NULL without a dial. */
const struct find_cut *find_expect(const struct find_record *r, double cut);

#endif
