/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_RELEASE_H
#define VULNDESK_STORE_OPS_RELEASE_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations of what is given out of a line (desk/backport.h); as ops_case.h. */

struct release_row {
    int64_t line_id, nth, blob_id, asked_us, given_us; /* 0 = none */
    bool entire;
    struct str state, failure, made, branch, object, commit, asked_by;
};
/* RC_NOTFOUND: nothing was ever ordered of that line. */
enum rc ops_release_get(struct db *db, struct arena *a, int64_t line_id, struct release_row *ret,
                        struct err *e) WARN_UNUSED;
/* Those of all lines of a case's backports; object is empty. */
enum rc ops_releases(struct db *db, struct arena *a, int64_t backport_id, struct release_row **ret,
                     size_t *ret_n, struct err *e) WARN_UNUSED;
/* The whole row, the first of a line too. */
enum rc ops_release_put(struct db *db, const struct release_row *r, struct err *e) WARN_UNUSED;

#endif
