/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_RECORD_H
#define VULNDESK_ENGINE_AFFECTED_RECORD_H

#include "base/arena.h"
#include "base/json.h"

/*
 * An answer about affected versions read back from its JSON (the long form of affected.h), for what
 * shows it: the map, the page of a case, an advisory.  It comes out of a child that worked on a
 * stranger's repository, so everything is checked again: types, bounds, clean text, dates, names
 * that are in the answer.  What is not understood is refused, never guessed.  Texts borrow from the
 * JSON, which must outlive the record; the rest is in the arena.
 */
#define REC_RELEASES_MAX   100000 /* tags */
#define REC_LANES_MAX      20000
#define REC_COMMITS_MAX    5000 /* introducing ones, fixes and their copies */
#define REC_CANDIDATES_MAX 8
#define REC_WHY_MAX        32   /* reasons of one tag or candidate that are kept */
#define REC_NAME_MAX       1024 /* bytes of a tag's name */
#define REC_TEXT_MAX       4096 /* of a sentence */
#define REC_VERS_MAX       (64 * 1024)
#define REC_LIST_MAX       2000                  /* ranges, lines, notes */
#define REC_ARENA          (UINT64_C(256) << 20) /* enough for the largest */

enum rec_status { REC_AFFECTED, REC_FIXED, REC_NOT_AFFECTED, REC_UNKNOWN, REC_STATUSES };
/* "affected", "not_affected": as in the JSON; and "not affected", for people. */
const char *rec_status_name(enum rec_status s);
const char *rec_status_words(enum rec_status s);
bool rec_status_parse(struct str s, enum rec_status *ret_s);

struct rec_why {
    struct str rule, commit, of, why, path, blob;
    int64_t line; /* 0: none */
};
struct rec_release {
    struct str tag, commit, series, rule, why, confidence;
    int64_t at_us; /* 0: not known */
    enum rec_status status;
    bool counts;  /* a release, no preview or side product */
    bool flagged; /* graph and content disagree */
    bool decided; /* by a person */
    struct rec_why *ev;
    size_t n_ev;
};
struct rec_lane { /* a maintained line or a release series */
    struct str name;
    uint32_t *at; /* indexes of releases, in their order */
    size_t n;
    bool has_tip; /* a branch: what its newest commit is */
    enum rec_status tip;
    struct str tip_commit;
    int64_t tip_us;
};
struct rec_commit {
    struct str commit, of, subject, why, confidence, lane;
    int64_t at_us;
};
struct rec_candidate {
    uint32_t *affected, *differs; /* indexes of releases */
    size_t n_affected, n_differs;
    struct rec_why *why;
    size_t n_why;
    double score;
};
struct rec_range {
    struct str series, from, to, fixed; /* versions; fixed empty: no release has the fix */
    bool from_start;                    /* since the beginning */
};

struct record {
    struct rec_release *releases;
    size_t n_releases;
    struct rec_lane *lanes;
    size_t n_lanes;
    struct rec_commit *introduced, *fixes, *reverts; /* reverts: they take a fix back */
    size_t n_introduced, n_fixes, n_reverts;
    struct rec_candidate *candidates;
    size_t n_candidates;
    struct rec_range *ranges;
    size_t n_ranges;
    struct str *lines; /* of an advisory: ">= 2.4, < 2.6.1" */
    size_t n_lines;
    struct str *missing, *notes;
    size_t n_missing, n_notes;
    const json_t *osv, *cve; /* NULL: none */
    struct str *vers;
    size_t n_vers;
    size_t count[REC_STATUSES]; /* of releases that count */
};

enum rc record_read(const json_t *j, struct arena *a, struct record *ret, struct err *e)
    WARN_UNUSED;

/* Index of a tag, n_releases when there is none. */
size_t record_tag(const struct record *r, struct str tag);
/* Sets what a person decided; count follows. */
void record_decide(struct record *r, size_t tag, enum rec_status s);

#endif
