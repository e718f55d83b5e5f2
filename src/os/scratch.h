/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_SCRATCH_H
#define VULNDESK_OS_SCRATCH_H

#include <stdint.h>

#include "base/err.h"

/*
 * A folder in /tmp (or in memory) for as long as a process wants it.  A lock on it goes with the
 * process, so what one left behind that was killed is known, and removed when the same user makes
 * the next one.
 */
#define SCRATCH_NAME_MAX 16   /* of the name between "vulndesk-" and the random end */
#define SCRATCH_YOUNG_S  60   /* a younger one may not have its lock yet */
#define SCRATCH_SWEPT    64   /* left ones that are removed at once */
#define SCRATCH_SEEN     5000 /* entries of /tmp that are looked at */

struct scratch {
    char *path; /* NULL: none */
    int lock;
};
#define SCRATCH_INIT                                                                               \
    {                                                                                              \
        NULL, -1                                                                                   \
    }
/* /tmp/vulndesk-NAME-XXXXXX, for the user alone. */
enum rc scratch_make(const char *name, struct scratch *ret_s, struct err *e) WARN_UNUSED;
/* The same in memory, where many small files cost a fraction of what they cost on a disk; in /tmp
 * when there is no such place, or less than SCRATCH_ROOM free in it. */
#define SCRATCH_ROOM (UINT64_C(1) << 30)
enum rc scratch_make_quick(const char *name, struct scratch *ret_s, struct err *e) WARN_UNUSED;
void scratch_remove(struct scratch *s); /* none is fine */
void scratch_auto(struct scratch *s);

#endif
