/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RULES_INSIDE_H
#define VULNDESK_ENGINE_AUDIT_RULES_INSIDE_H

#include "engine/audit/rules.h"

/* One batch: file number i of it is written as rules_file_name(i). */
struct rules_batch {
    size_t n;
    uint32_t file[RULES_BATCH_FILES];  /* the caller's number */
    uint32_t lines[RULES_BATCH_FILES]; /* how many it has */
};
#define RULES_FILE_NAME_MAX 24
void rules_file_name(size_t i, const char *ending, char ret[RULES_FILE_NAME_MAX]);

/* The ending of the files of a language, as the tools know it. */
const char *rule_ending(enum lang lang);

struct rules_found {
    struct rule_hit *v; /* RULES_HITS_MAX of them */
    size_t n;
    uint32_t rule;
    bool cut; /* there were more */
};

/* What `ast-grep scan --json=stream` wrote, one object a line.  RC_INVALID when it is anything
 * else, or names what it was not given. */
enum rc rules_read_json(struct str out, const struct rules_batch *b, struct rules_found *found,
                        struct err *e) WARN_UNUSED;
/* The diff that spatch wrote with -U 0: each run of lines that it would take away, or the line
 * behind which it would add some.  Words outside of the diff are passed over. */
enum rc rules_read_diff(struct str out, const struct rules_batch *b, struct rules_found *found,
                        struct err *e) WARN_UNUSED;

#endif
