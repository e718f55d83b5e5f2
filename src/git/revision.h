/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_REVISION_H
#define VULNDESK_GIT_REVISION_H

#include "git/name.h"
#include "git/objects.h"

/*
 * The commit that a person's name for it stands for: a full or shortened id, HEAD, or the name of a
 * branch or tag.  Each thing that the name may be is tried, and all that are must be the same
 * commit. RC_INVALID: a name that is none (an option, an expression), or no commit; RC_NOTFOUND:
 * there is none; RC_CONFLICT: it fits several.
 */
#define REVISION_SHOWN 100 /* bytes of a wrong name that are shown */
enum rc git_revision(struct objects *o, struct str text, char ret_hex[GIT_OID_HEX + 1],
                     struct err *e) WARN_UNUSED;
/* The same, and "REV^" or "REV^^": its first parent, and that one's. */
#define REVISION_UP_MAX 100
enum rc git_revision_up(struct objects *o, struct str text, char ret_hex[GIT_OID_HEX + 1],
                        struct err *e) WARN_UNUSED;

#endif
