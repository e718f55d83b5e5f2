/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_AUDIT_H
#define VULNDESK_DESK_AUDIT_H

#include "desk/desk.h"
#include "engine/audit/record.h"

/*
 * The audit of a case: the code of settings [project] repository (and repositories) is searched for
 * places like the one that was flawed (engine/audit/); people decide about each place, a second
 * person signs, and what was searched, how far and by whom is kept as evidence.
 *
 * - A place is known by its content: the key of its chunk and where in the chunk it is.  So a
 *   decision holds for every branch, for a later run, and for a file that moved; it ends when the
 *   code there changes.  What was decided in another case is a hint and nothing more.
 * - Verdicts: same_flaw (the place joins the case: a line with affected versions and fix of its
 *   own), safe (with a reason), unsure (nobody can sign while there is one).
 * - The cut says which places are on the list: those with at least that score, those that a rule
 *   of the question found, and those that somebody decided about.  Changing it asks nothing anew.
 * - A decision is signed by somebody else than who decided; who is alone may, and the record says
 *   so.  The audit is signed off when every place on the list is; that holds for exactly what was
 *   signed (question, searched commits, cut, decisions): any change of it ends the sign-off, and
 *   with it the fact "audited" of the case.
 * - A case that is joined into one without an audit brings its own along, not signed off; else it
 *   stays with its number, and is a hint.
 * - The engine's answer is a stranger's text and is read by engine/audit/record.h.  A question that
 *   fails is answered by its reason; nothing is tried again before somebody asks again.
 *
 * Events: audit.asked audit.answered audit.failed audit.cut audit.decided audit.undecided
 * audit.joined audit.left audit.signed audit.unsigned.
 */
#define AUDIT_JOB       "audit"     /* kind of its tasks and of its engine */
#define AUDIT_LINES_MAX (16 * 1024) /* bytes of each field of the form */
#define AUDIT_REVS      50          /* commits of the fix */
#define AUDIT_PLACES    50          /* marked regions, hunks */
#define AUDIT_PATTERNS  50          /* of branches; repositories */
#define AUDIT_RULES     16          /* structural ones */
#define AUDIT_RULES_MAX (64 * 1024) /* bytes of all of them */
#define AUDIT_LIMIT     100         /* places when nobody says how many */
#define AUDIT_DECIDED   5000        /* decisions of a case */
#define AUDIT_RUNS      100         /* of the record that a page shows */
#define AUDIT_KEY_MAX   32          /* bytes of a place's key, "0123456789abcdef.12" */
#define AUDIT_DIGEST    64          /* hex digits: what a signature is for */
#define AUDIT_CUT_ONE   1000        /* cuts are kept in thousandths */
#define AUDIT_CUT_MAX   1000000     /* in thousandths */
#define AUDIT_HINTS     5           /* other cases that are named beside a place */

enum audit_verdict {
    AUDIT_OPEN, /* nobody decided */
    AUDIT_SAME_FLAW,
    AUDIT_SAFE,
    AUDIT_UNSURE,
    AUDIT_VERDICTS
};
const char *audit_verdict_name(enum audit_verdict v);  /* "same_flaw": as stored; "" open */
const char *audit_verdict_words(enum audit_verdict v); /* "same flaw" */
bool audit_verdict_parse(struct str s, enum audit_verdict *ret_v);

/*
 * All fields are lines or words as a form has them, empty: the default.
 *   fix           revisions; without fix and like: the fix that the affected versions were asked
 *                 with
 *   like          a line a region, "PATH:START-END at REV" (" at REV" may be missing: HEAD)
 *   hunks         a line each, "PATH:START-END" of the fixed file: only these hunks of the fix
 *   branches      patterns; default: the maintained ones of the settings, else HEAD
 *   repositories  names of the settings' [project] repositories; default: all of them
 *   limit, cut    numbers: "100", "0.35"
 *   rules         structural rules (engine/audit/rules.h) to be run besides; a line "# rule: NAME"
 *                 begins one
 */
struct audit_ask {
    int64_t case_id;
    struct str fix, like, hunks, branches, repositories, limit, cut, rules;
};
enum rc audit_ask(struct desk *d, const struct actor *who, const struct audit_ask *q, struct err *e)
    WARN_UNUSED;
/* The same question again: new commits, a new branch, a repaired mirror. */
enum rc audit_again(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
    WARN_UNUSED;
/* The dial; cut as in audit_ask. RC_CONFLICT: there is no answer. */
enum rc audit_cut(struct desk *d, const struct actor *who, int64_t case_id, struct str cut,
                  struct err *e) WARN_UNUSED;
/*
 * keys: of places of the newest answer (or, to change one's mind, of what was decided), words.
 * verdict AUDIT_OPEN takes decisions back; the reason is wanted for safe.  All or nothing.
 */
struct audit_decide {
    int64_t case_id;
    struct str keys;
    enum audit_verdict verdict;
    struct str reason;
};
enum rc audit_decide(struct desk *d, const struct actor *who, const struct audit_decide *n,
                     struct err *e) WARN_UNUSED;
/*
 * Signs every decision on the list that who may sign.  digest: view_audit.digest, what was looked
 * at; RC_CONFLICT: it is something else by now.  RC_DENIED: there was nothing that who may sign.
 * *ret_open: places on the list that are still not signed, or not decided; 0: the audit is signed
 * off.
 */
enum rc audit_sign(struct desk *d, const struct actor *who, int64_t case_id, struct str digest,
                   int64_t *ret_open, struct err *e) WARN_UNUSED;
/* Takes the sign-off and one's own signatures back. */
enum rc audit_unsign(struct desk *d, const struct actor *who, int64_t case_id, struct str reason,
                     struct err *e) WARN_UNUSED;
/*
 * The affected versions of a joined place (desk/affected.h, part = its id): with its fix, or, as
 * long as there is none, from the lines themselves.
 */
struct audit_part {
    int64_t case_id, part;
    struct str fix; /* as affected_ask.fix; empty: none yet */
};
enum rc audit_part_fix(struct desk *d, const struct actor *who, const struct audit_part *n,
                       struct err *e) WARN_UNUSED;

/* ---- views ---- */

/* Another case judged the same content. */
struct view_audit_hint {
    struct str case_number, reason, actor;
    enum audit_verdict verdict;
    int64_t at_us;
};
struct view_audit_hit {
    const struct find_hit *h;
    struct str key; /* for the forms */
    bool listed;    /* not below the cut, found by a rule, or decided */
    enum audit_verdict verdict;
    struct str reason, actor; /* of the decision; actor as events name one */
    int64_t at_us;
    struct str was; /* "repo: path:line" when it was decided where it stood elsewhere; else empty */
    struct str signer; /* empty: not signed */
    int64_t signed_us;
    bool alone;    /* signed by who decided: nobody else was there */
    bool may_sign; /* who looks */
    int64_t part;  /* same_flaw: id of its line; else 0 */
    struct view_audit_hint *hints;
    size_t n_hints;
};
/* A place that joined the case. */
struct view_audit_part {
    int64_t part, line, at_us, answered_us;
    struct str key, repo, path, function, reason, actor;
    bool there;     /* in the newest answer */
    struct str fix; /* as the form has it; empty: none named */
    struct str affected_state, affected_summary, affected_progress, affected_failure; /* as of a
                        case; state empty: not asked */
    const char *state; /* for people: "open", "fix named", "affected", "not affected" ... */
};
/* A line of the dial. */
struct view_audit_cut {
    struct str cut; /* for the form: "0.35" */
    double recall, places;
    size_t here;  /* places of this answer that it lists */
    bool current; /* nearest to the cut that is set */
};
/* The record: what was searched, by whom. */
struct view_audit_run {
    int64_t nth, asked_us, answered_us, hits, listed, not_searched;
    struct str state; /* asked answered failed replaced */
    struct str asked_by, failure, cut;
    struct str question; /* for people: "fix 1a2b3c; branches master, stable" */
    struct str searched; /* "2 repositories, 5 branches, 1,234 files, 400,000 lines" */
    struct find_tree *trees;
    size_t n_trees;
};
struct view_audit_sign {
    int64_t nth, at_us, ended_us; /* ended_us 0: it holds */
    struct str signer, cut, digest, ended_why;
    bool alone;
    int64_t count[AUDIT_VERDICTS]; /* decisions that were signed */
};
struct view_audit {
    int64_t case_id, nth, now_us, asked_us, answered_us; /* nth: of the answer */
    struct str case_number, case_title, asked_by;
    bool repository;           /* one is configured */
    bool closed;               /* nothing is asked any more */
    bool asked, waits, failed; /* there is a question; its answer is under way; there is none */
    bool has, stale;           /* an answer; it is for the question before */
    struct str progress, failure, summary;
    /* the form: as it was asked, else the defaults */
    struct str fix, like, hunks, branches, repositories, limit, cut, rules;
    bool fix_of_affected;    /* the fix is that of the affected versions */
    const struct str *known; /* names of the repositories that can be searched besides */
    size_t n_known;
    struct find_record r;
    struct view_audit_hit *hits; /* as r.hits, best first */
    size_t n_hits, n_listed;
    int64_t count[AUDIT_VERDICTS]; /* on the list */
    int64_t n_signed;              /* on the list */
    struct view_audit_part *parts;
    size_t n_parts;
    struct view_audit_cut *dial;
    size_t n_dial;
    const struct find_cut *expect; /* of the cut that is set; NULL: not known */
    struct view_audit_run *runs;   /* newest first */
    size_t n_runs;
    struct view_audit_sign *signs; /* newest first */
    size_t n_signs;
    bool signed_off;               /* signs[0] holds */
    bool may_sign;                 /* who looks, something */
    bool alone;                    /* nobody else could */
    char digest[AUDIT_DIGEST + 1]; /* what a signature would be for; "" without an answer */
    json_t *json;                  /* owned: the answer, from which r borrows */
};
void view_audit_auto(struct view_audit *v);
/* Team.  AUTO(view_audit) struct view_audit v = {.nth = 0}; */
enum rc view_audit(struct desk *d, const struct actor *who, struct arena *a, int64_t case_id,
                   struct view_audit *ret, struct err *e) WARN_UNUSED;
/* The record of the audit, for machines and for whoever asks for evidence: JSON, and CSV (RFC 4180,
 * a line a place, then the runs and signatures). */
json_t *view_audit_json(const struct view_audit *v);
void view_audit_csv(const struct view_audit *v, struct buf *b);
#define AUDIT_CSV_MAX (4u << 20) /* bytes of it */

/* The line on the page of the case: empty summary and state when nothing was asked. */
struct view_audit_line {
    struct str state, summary; /* asked answered failed; a sentence */
    int64_t open, joined;      /* places on the list without a decision; that joined the case */
    bool signed_off;
};
enum rc view_audit_line(struct desk *d, struct arena *a, int64_t case_id,
                        struct view_audit_line *ret, struct err *e) WARN_UNUSED;

/* The places that joined, without looking at the answer: there and key say nothing. */
enum rc view_audit_joined(struct desk *d, struct arena *a, int64_t case_id,
                          struct view_audit_part **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
