/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SEALED_H
#define VULNDESK_DESK_SEALED_H

#include "desk/desk.h"

/*
 * Bytes that the desk itself keeps sealed with a case: patches, scripts, logs.  They go where the
 * case goes (a join wraps their keys anew) and are erased with it.
 */
#define SEALED_PATCH  "patch"
#define SEALED_SCRIPT "script"
#define SEALED_LOG    "log"
#define SEALED_BUNDLE "bundle"

/* Inside a transaction: seals the bytes for the case as it is now, and its row.  When the
 * transaction is undone the file is an orphan and is collected. */
enum rc sealed_put(struct desk *d, struct arena *a, int64_t case_id, const char *purpose,
                   struct str bytes, int64_t *ret_blob, struct err *e) WARN_UNUSED;
/* Appended to ret, whose maximum counts. */
enum rc sealed_read(struct desk *d, struct arena *a, int64_t blob_id, struct buf *ret,
                    struct err *e) WARN_UNUSED;
/* Inside a transaction, when no row names it any more: forgets it and orders that its file goes; 0
 * is fine. */
enum rc sealed_drop(struct desk *d, struct arena *a, int64_t blob_id, struct err *e) WARN_UNUSED;

#endif
