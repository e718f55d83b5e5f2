/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_ROW_H
#define VULNDESK_STORE_OPS_ROW_H

#include "base/arena.h"
#include "store/db.h"

/* For the named operations: a column's text or bytes, copied into the arena with a NUL behind. */
static inline struct str row_keep(struct arena *a, struct rows *r, int col)
{
    return arena_str(a, row_str(r, col));
}
static inline struct str row_keep_blob(struct arena *a, struct rows *r, int col)
{
    return arena_str(a, row_blob(r, col));
}
/* After the last row: every column was read as what it is, and the arena was large enough. */
static inline enum rc rows_kept(const struct rows *r, const struct arena *a, struct err *e)
{
    enum rc rc = rows_rc(r, e);
    return rc != RC_OK ? rc : arena_ok(a, "result of a query", e);
}
/* Room for all rows of r; never NULL but when the arena is full. */
#define ROWS_ARRAY(a, r, type) ((type *)arena_array((a), rows_count(r) + 1, sizeof(type)))

#endif
