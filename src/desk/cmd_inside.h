/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_CMD_INSIDE_H
#define VULNDESK_DESK_CMD_INSIDE_H

#include "desk/cmd.h"
#include "desk/inside.h"

/*
 * Inside of the one door: a verb on its way, its arguments, and the tables of verbs.  Each subject
 * has its own table (desk/cmd_SUBJECT.c), named in desk/cmd.c.
 */
struct cmd {
    struct desk *d;
    const struct actor *who;
    const json_t *args;
    struct arena *a;
    json_t *ret; /* NULL: {"ok":true} */
};

struct cmd_verb {
    const char *verb;
    enum rc (*run)(struct cmd *c, struct err *e);
    const char *args; /* every name that it knows, a space around each */
    bool reporter;    /* only a reporter's session; the others are the team's */
};
/* Each ends with a NULL verb. */
extern const struct cmd_verb cmd_advisory_verbs[];
extern const struct cmd_verb cmd_affected_verbs[];
extern const struct cmd_verb cmd_audit_verbs[];
extern const struct cmd_verb cmd_backport_verbs[];
extern const struct cmd_verb cmd_case_verbs[];
extern const struct cmd_verb cmd_held_verbs[];
extern const struct cmd_verb cmd_import_verbs[];
extern const struct cmd_verb cmd_people_verbs[];
extern const struct cmd_verb cmd_policy_verbs[];
extern const struct cmd_verb cmd_search_verbs[];
extern const struct cmd_verb cmd_third_verbs[];
extern const struct cmd_verb cmd_waiting_verbs[];
extern const struct cmd_verb cmd_write_verbs[];

/* Arguments by name, type and bound; RC_INVALID with the name of what is missing or wrong. */
enum rc want_str(const struct cmd *c, const char *key, size_t max, struct str *ret, struct err *e)
    WARN_UNUSED;
/* Empty when it is not there. */
enum rc may_str(const struct cmd *c, const char *key, size_t max, struct str *ret, struct err *e)
    WARN_UNUSED;
enum rc want_id(const struct cmd *c, const char *key, int64_t *ret, struct err *e) WARN_UNUSED;
enum rc want_case(const struct cmd *c, const char *key, int64_t *ret, struct err *e) WARN_UNUSED;
enum rc want_reason(const struct cmd *c, struct str *ret, struct err *e) WARN_UNUSED;
/* RFC 3339; 0 when it is not there. */
enum rc may_time(const struct cmd *c, const char *key, int64_t *ret_us, struct err *e) WARN_UNUSED;

#endif
