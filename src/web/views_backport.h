/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_BACKPORT_H
#define VULNDESK_WEB_VIEWS_BACKPORT_H

#include "web/sides.h"
#include "web/views.h"

/* What the templates of backports and of the register of lines see; as views.h. */
struct port_commit_view {
    struct str commit, subject, author, day;
};
/* A row of the table of lines. */
struct port_row_view {
    size_t nth;      /* its anchor: "line-N" */
    int64_t id;      /* of its page */
    struct str name; /* of the line */
    struct str until;
    const char *verdict, *verdict_kind;
    struct str from; /* the line whose backport was picked; empty: the fix */
    struct str why;
    const char *decision, *tests, *tests_kind, *state, *next;
    bool ready, decided, has;
    bool state_said; /* the verdict says the same */
    struct str warn; /* "1 obligation failed", "2 files left out" */
};
struct port_other_view {
    struct str name, tip;
    const char *words;
    bool affected;
};
struct port_taken_view {
    struct str what;
    const char *why;
};
struct port_duty_view {
    struct str id, words, place, detail;
    const char *result, *kind;
};
struct port_range_view {
    struct str rule, why, place;
    const char *state, *kind;
};
struct port_file_row_view {
    struct str path, fix_path;
    const char *class, *how, *kind;
    struct port_range_view *regions;
    size_t n_regions;
    struct side_conflict_view *conflicts;
    size_t n_conflicts;
    bool cut;
};
struct port_left_view {
    struct str path;
    const char *words;
};
struct port_candidate_view {
    int64_t nth;
    struct str tree, source, why, csrf, number, line, id, answer;
    struct str *rules;
    size_t n_rules;
    struct side_file_view *files; /* that not all candidates have like this */
    size_t n_files;
    struct str *stays; /* files in conflict that it leaves alone */
    size_t n_stays;
    bool cut, can_accept, open; /* open: little enough to be read at once */
};
struct port_need_view {
    struct str commit, subject, path, lines;
};
struct port_past_view {
    struct str path, commit, subject, day;
    bool main;
};
struct port_run_view {
    int64_t id;
    struct str why, who, counts;
    struct str own;
    const char *result, *kind;
    struct time_view asked;
    struct str *fresh, *missing, *unsteady;
    size_t n_fresh, n_missing, n_unsteady;
    struct str more, more_missing, more_unsteady; /* "and 12 more" */
    bool has_log, of_settled, waits;
};
struct port_script_view {
    int64_t id;
    struct str name, source, who, sha256, size, approved_by, revoked_by, revoked_why;
    struct time_view added, approved, revoked;
    const char *state, *kind, *last_kind;
    struct str last; /* of the newest run, in words */
    bool is_approved, is_revoked;
};
struct port_cell_view {
    struct str name, commit, affected, why;
    const char *result, *kind;
    bool line, differs;
};
struct port_matrix_view {
    int64_t id;
    struct str who, why, progress, last_good, first_bad;
    const char *state;
    struct time_view asked;
    struct port_cell_view *rows;
    size_t n_rows;
    int64_t n_differs;
    bool waits, failed, has_log;
};
struct page_backport {
    struct page_frame frame;
    struct str number, title;
    bool no_repository, closed, can_ask, asked, waits, failed, has, has_answer, may_test,
        may_release, all_ready;
    struct str progress, failure, summary;
    struct time_view answered;
    struct html_safe map;
    struct port_commit_view *fix;
    size_t n_fix;
    struct port_row_view *rows;
    size_t n_rows;
    struct port_other_view *others;
    size_t n_others;
    struct str *notes;
    size_t n_notes;
    struct port_script_view *scripts;
    size_t n_scripts;
    /* the forms as they were typed */
    bool open_ask, open_message, open_script, fix_of_affected;
    struct str f_fix, f_lines, f_message, f_name, f_source, f_text;
    bool own_message; /* a person wrote the message */
};
struct page_backport_line {
    struct page_frame frame;
    struct str number, title, name, id, answer; /* id: of the page's path */
    struct port_row_view row;
    bool closed, has, waits, failed, stale, edit_waits, is_open, waived, accepted, edited, uploaded,
        chosen, reopen; /* chosen: a candidate, in place of what was uploaded */
    bool already, not_affected;
    struct str failure, edit_failure, why, until, commit, already_commit, already_rule;
    const char *proposed; /* why a reason is wanted: words; "" none is */
    struct str *rules;
    size_t n_rules;
    struct str *demoted;
    size_t n_demoted;
    struct port_duty_view *duties; /* what failed, or could not be told */
    size_t n_duties;
    struct port_duty_view *held; /* what holds */
    size_t n_held;
    struct port_left_view *left;
    size_t n_left;
    struct side_file_view *files;
    size_t n_files;
    bool cut;
    struct str left_in; /* the first file in which somebody left a conflict; empty: none */
    struct side_file_view *common; /* what all candidates have alike */
    size_t n_common;
    struct str common_words; /* "2 files" */
    bool common_cut;
    struct port_candidate_view *candidates;
    size_t n_candidates;
    struct port_file_row_view *parts; /* files and what became of them */
    size_t n_parts;
    struct port_file_row_view *conflicts; /* those with conflicts */
    size_t n_conflicts;
    struct port_need_view *needs;
    size_t n_needs;
    struct port_past_view *past;
    size_t n_past;
    /* the decision */
    bool can_decide, may_accept, may_test, may_untested, has_patch, has_untested;
    struct str tree, decided_by, reason, settled;
    struct time_view at;
    const char *decision;
    struct str commands; /* to work on it elsewhere */
    /* tests */
    struct port_run_view *runs;
    size_t n_runs;
    bool no_tests; /* the register has no command */
    struct str untested_by, untested_reason;
    struct time_view untested;
    /* the way out */
    bool has_out, may_release, out_waits, out_failed, out_given, is_public;
    struct str out_failure, out_commit, out_by, out_commands;
    struct time_view out_at;
    /* the message */
    struct str message;
    struct port_taken_view *taken;
    size_t n_taken;
    int64_t taken_more;
    /* neighbours */
    struct str before, after;
    /* the forms as they were typed */
    bool open_edit, open_waive;
    struct str f_accept, f_edit, f_patch, f_waive, f_untested;
};
struct page_backport_script {
    struct page_frame frame;
    struct str number, title;
    struct port_script_view script;
    struct str text;
    bool closed, binary, may_approve, may_run, can_revoke;
    struct port_matrix_view *runs;
    size_t n_runs;
    struct str f_reason;
};

/* ---- the register of lines ---- */

struct mline_view {
    int64_t id;
    struct str name, branch, tags, build, tests, root, tip, commit, problem, who, until, csrf;
    const char *state, *kind, *source;
    struct time_view changed, at;
    bool has_changed, has_at, maintained, may_write;
    /* its form */
    struct str f_name, f_branch, f_tags, f_build, f_tests, f_root, f_until, f_reason;
    bool f_maintained;
};
struct page_lines {
    struct page_frame frame;
    bool no_repository, waits, failed, may_write;
    struct str progress, failure, summary;
    struct time_view answered;
    bool looked;
    struct mline_view *lines;
    size_t n_lines;
    struct mline_view *others; /* not maintained */
    size_t n_others;
};
/* One line and its form; without an id: a new one. */
struct page_mline {
    struct page_frame frame;
    struct mline_view line;
    bool is_new;
};

#endif
