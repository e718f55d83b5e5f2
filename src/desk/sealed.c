/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that the desk keeps sealed with a case.
 * Runs in core; sealing itself is the keys role's.
 * Input: bytes of people and engines, never looked at here.
 */
#include "desk/sealed.h"

#include "desk/erase.h"
#include "desk/inside.h"
#include "store/task.h"

enum rc sealed_put(struct desk *d, struct arena *a, int64_t case_id, const char *purpose,
                   struct str bytes, int64_t *ret_blob, struct err *e)
{
    AUTO(buf) struct buf name = BUF_INIT(SHA256_HEX);
    AUTO(buf) struct buf key = BUF_INIT(1024);
    struct case_row c;
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    struct blob_seal s = {c.scope, c.key_wrapped, str_c(purpose), bytes};
    TRY(d->calls.blob_seal(d->calls.arg, &s, &name, &key, e));
    struct blob_row row = {.case_id = case_id,
                           .size = (int64_t)bytes.n,
                           .purpose = s.purpose,
                           .name = buf_str(&name),
                           .key_wrapped = buf_str(&key)};
    return blob_add(d->db, &row, ret_blob, e);
}

enum rc sealed_read(struct desk *d, struct arena *a, int64_t blob_id, struct buf *ret,
                    struct err *e)
{
    struct blob_row b;
    struct case_row c;
    TRY(blob_get(d->db, a, blob_id, &b, e));
    TRY(ops_case_get(d->db, a, b.case_id, &c, e));
    struct blob_ask ask = {c.scope, c.key_wrapped, b.purpose, b.name, b.key_wrapped};
    return d->calls.blob_read(d->calls.arg, &ask, ret, e);
}

enum rc sealed_drop(struct desk *d, struct arena *a, int64_t blob_id, struct err *e)
{
    struct blob_row b;
    char key[TASK_KEY_MAX];
    if (blob_id == 0)
        return RC_OK;
    TRY(blob_get(d->db, a, blob_id, &b, e));
    TRY(blob_forget(d->db, blob_id, e));
    snprintf(key, sizeof key, ERASE_BLOB_TASK ":%.*s", STR_ARG(b.name));
    struct task_new t = {.kind = ERASE_BLOB_TASK,
                         .key = str_c(key),
                         .lane = LANE_CLOCKS,
                         .arg = b.name,
                         .fair = STR_NONE,
                         .again = true};
    return task_add(d->db, &t, NULL, e);
}
