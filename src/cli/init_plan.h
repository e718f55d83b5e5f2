/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_INIT_PLAN_H
#define VULNDESK_CLI_INIT_PLAN_H

#include "desk/policy.h"
#include "desk/settings.h"
#include "git/git.h"
#include "git/tagpattern.h"

/*
 * What `vulndesk init` makes of a policy and a repository: settings, and a report that says for
 * each where it comes from.  Writes no files.
 */
#define INIT_VALUES   40
#define INIT_SHOW_MAX 12 /* tags, branches shown in the report */

/* What the person said; unset is NULL. */
struct init_said {
    const char *policy; /* path, shown in the report */
    const char *repo, *name, *prefix, *contact, *maintained, *base_url, *staff_url, *store;
};

struct init_repo {
    struct git_ref *tags, *branches;
    size_t n_tags, n_branches;
    bool learned;
    struct tag_learned tag;
    struct str head, url; /* empty when there is none */
};

struct init_plan {
    struct arena *a; /* owns all below; the caller's */
    const struct policy *policy;
    const struct init_repo *repo; /* NULL = none named */
    struct init_said said;
    struct setting_value values[INIT_VALUES];
    size_t n_values;
    struct str name, prefix, contact, maintained;
    const char *prefix_from; /* "proposed from the name", "as you said" */
};

/* Reads tags and branches of the repository at dir. */
enum rc init_read_repo(struct arena *a, const char *dir, struct init_repo *ret_r, struct err *e)
    WARN_UNUSED;

/* Fills values, name, prefix, contact from policy, repo and said, set before.  RC_INVALID names the
 * option that is needed when neither the policy nor the person said it. */
enum rc init_plan_make(struct init_plan *p, struct err *e) WARN_UNUSED;

/* The report for the terminal. */
void init_plan_report(const struct init_plan *p, struct buf *b);

/* "mailcow: dockerized" -> "MC", "Example Kit" -> "EK", "OpenSSL" -> "OSSL", "curl" -> "CURL".
 * RC_INVALID when the name holds no letters to begin with. */
enum rc init_prefix(struct str name, struct buf *b, struct err *e) WARN_UNUSED;

/* "2d", "36h", "90m": a duration as settings are written. */
void init_span(struct buf *b, int64_t us);

#endif
