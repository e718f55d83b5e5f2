/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_LINES_H
#define VULNDESK_STORE_OPS_LINES_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations of the register of release lines (desk/lines.h); as ops_case.h. */

struct line_row {
    int64_t id, until_us, changed_us, tip_us; /* until_us, tip_us: 0 = not known */
    struct str name, branch, tags, build, tests, root, source, changed_by, tip, tip_commit, problem;
    bool maintained;
};
/* By name. */
enum rc ops_lines(struct db *db, struct arena *a, struct line_row **ret, size_t *ret_n,
                  struct err *e) WARN_UNUSED;
enum rc ops_line_get(struct db *db, struct arena *a, int64_t id, struct line_row *ret,
                     struct err *e) WARN_UNUSED;
/* RC_CONFLICT: the name is taken. */
enum rc ops_line_insert(struct db *db, const struct line_row *r, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* Everything but the id; RC_CONFLICT as above. */
enum rc ops_line_update(struct db *db, const struct line_row *r, struct err *e) WARN_UNUSED;
enum rc ops_line_delete(struct db *db, int64_t id, struct err *e) WARN_UNUSED;

/* The look that fills and checks it. */
struct look_row {
    int64_t nth, asked_us, answered_us; /* nth 0: nobody asked yet */
    struct str state, progress, failure, asked_by;
};
enum rc ops_look_get(struct db *db, struct arena *a, struct look_row *ret, struct err *e)
    WARN_UNUSED;
/* nth, state, failure, asked_by, asked_us, answered_us; progress becomes empty. */
enum rc ops_look_put(struct db *db, const struct look_row *r, struct err *e) WARN_UNUSED;
enum rc ops_look_progress(struct db *db, struct str what, struct err *e) WARN_UNUSED;

#endif
