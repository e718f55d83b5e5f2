/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_AUDIT_H
#define VULNDESK_WEB_VIEWS_AUDIT_H

#include "web/highlight.h"
#include "web/views.h"

/* What the templates of an audit see; as views.h. */
struct audit_at_view {
    struct str repo, branch, path;
    int64_t line;
};
struct audit_hint_view {
    struct str number, reason, who;
    const char *verdict, *kind;
    struct time_view at;
};
/* One column of code. */
struct audit_code_view {
    struct str name; /* of the file, for people */
    struct code_line_view *lines;
    size_t n_lines;
};
struct audit_place_view {
    int64_t rank;                 /* 1: the best */
    struct str key, number, csrf; /* of the place, of its case, of the form */
    struct str title;             /* "repo: path:12" */
    struct str function, score, fixed, vendored, rule, was;
    struct str *branches;
    size_t n_branches;
    struct audit_at_view *places; /* where the same code stands besides */
    size_t n_places;
    struct str *matched, *missing;
    size_t n_matched, n_missing;
    struct audit_code_view here, there; /* there: the original; without lines: none */
    bool longer;                        /* its own page shows more of the file */
    const char *verdict, *kind;         /* what was decided, in words; class of the chip */
    bool is_open, is_alone, can_decide, own_page, ticked;
    struct str reason, who, signer;
    struct time_view at, signed_at;
    struct audit_hint_view *hints;
    size_t n_hints;
    bool same, safe, unsure; /* the button that was pressed in a form that was not taken */
    struct str f_reason;
};
struct audit_cut_view {
    struct str cut, label, expect, here;
    bool current;
};
struct audit_part_view {
    int64_t part;
    struct str title, key, number, csrf, function, reason, who, state, summary, failure, progress,
        fix;
    struct time_view at, answered;
    const char *kind;
    bool gone, can_ask, open;
};
struct audit_tree_view {
    struct str repo, name, commit;
};
struct audit_run_view {
    int64_t nth;
    struct str who, question, searched, state, cut, found;
    struct time_view asked, answered;
    struct audit_tree_view *trees;
    size_t n_trees;
};
struct audit_sign_view {
    struct str who, what, cut, digest, ended;
    struct time_view at, ended_at;
    bool holds, alone;
};
struct audit_why_view {
    struct str path, why;
};
struct audit_reason_view {
    struct str count, why; /* "312 files" */
};
struct audit_vendored_view {
    struct str path, name, version, how;
};
struct audit_rule_view {
    struct str name, tool, status, hits;
};
struct page_audit {
    struct page_frame frame;
    struct str number, title;
    bool no_repository, closed, can_ask, asked, waits, failed, has, stale, signed_off, may_sign,
        alone;
    struct str progress, failure, summary, digest, digest_short;
    struct time_view answered;
    /* the dial */
    struct audit_cut_view *dial;
    size_t n_dial;
    struct str expect, above; /* "About 7 places ...", "12 of 40 places are ..." */
    /* the list */
    struct tab_view *tabs;
    size_t n_tabs;
    struct str show, from; /* which list and page, for the form */
    struct audit_place_view *places;
    size_t n_places;
    struct str range; /* "1 to 8 of 40" */
    struct str first, next;
    const char *empty;
    struct option_view *verdicts; /* for all that are ticked */
    size_t n_verdicts;
    struct str f_reason;
    /* what joined */
    struct audit_part_view *parts;
    size_t n_parts;
    /* sign-off */
    struct str signs_what, signs_rest; /* what would be signed; what hinders it */
    struct audit_sign_view *signs;
    size_t n_signs;
    bool may_unsign;
    struct str f_unsign;
    /* the record */
    struct audit_run_view *runs;
    size_t n_runs;
    struct str searched, not_searched_words;
    struct audit_reason_view *reasons;
    size_t n_reasons;
    struct audit_vendored_view *vendored;
    size_t n_vendored;
    struct audit_rule_view *rules;
    size_t n_rules;
    struct str *notes;
    size_t n_notes;
    /* the question, as it was typed */
    bool open_ask, fix_of_affected;
    struct str f_fix, f_like, f_hunks, f_branches, f_repositories, f_limit, f_cut, f_rules;
    struct str *known; /* repositories that can be searched besides */
    size_t n_known;
};
/* The files that were not searched. */
struct page_audit_left {
    struct page_frame frame;
    struct str number, title, words;
    struct audit_why_view *files;
    size_t n_files;
};
/* One place with all that the answer holds of its file. */
struct page_audit_place {
    struct page_frame frame;
    struct str number, title;
    struct audit_place_view place;
    struct str before, after; /* its neighbours in the list; empty: none */
};

#endif
