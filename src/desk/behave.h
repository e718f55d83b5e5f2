/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_BEHAVE_H
#define VULNDESK_DESK_BEHAVE_H

#include "desk/desk.h"

/*
 * What a change of the policy's words means for what the desk does: promises that come, go or
 * change, addresses, times, and where the configuration says something else.  Beside the
 * difference of text, because a friendlier sentence may be a promise less.
 */
struct behaviour {
    char op; /* '+' promised from now on, '-' no longer, '~' changed, '!' needs the settings,
              * ' ' nothing changes */
    struct str says; /* about the text */
    struct str desk; /* about this desk; may be empty */
};
#define BEHAVIOUR_MAX 80

/* old may be NULL (there was no policy). In the arena; at least one line. */
enum rc behaviour_diff(struct arena *a, const struct settings *set, const struct policy *old,
                       const struct policy *new, struct behaviour **ret, size_t *ret_n,
                       struct err *e) WARN_UNUSED;

#endif
