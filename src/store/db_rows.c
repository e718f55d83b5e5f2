/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a result, read whole.  Runs in core and in the command line tools; the bytes come
 * from the database, whose types are checked against what the caller expects.
 */
#include "store/db_impl.h"

struct rows *rows_new(const char *name)
{
    struct rows *r = mem_zalloc(sizeof *r);
    r->name = name;
    r->bytes = (struct buf)BUF_INIT(DB_RESULT_MAX);
    return r;
}

void rows_free(struct rows *r)
{
    if (r == NULL)
        return;
    free(r->cell);
    buf_release(&r->bytes);
    free(r);
}

void rows_auto(struct rows **r)
{
    rows_free(*r);
    *r = NULL;
}

enum rc rows_add(struct rows *r, enum dbv_type type, int64_t i, struct str s, struct err *e)
{
    if (r->cells >= (size_t)DB_ROWS_MAX * (size_t)(r->cols ? r->cols : 1))
        return err_set(e, RC_LIMIT, "statement %s gives more than %d rows", r->name, DB_ROWS_MAX);
    if (r->cells == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->cell = mem_realloc(r->cell, r->cap * sizeof r->cell[0]);
    }
    struct cell *c = &r->cell[r->cells];
    *c = (struct cell){.type = type, .i = i, .at = r->bytes.n};
    if (type == DBV_TEXT || type == DBV_BLOB) {
        c->i = (int64_t)s.n;
        buf_add(&r->bytes, s);
        buf_addc(&r->bytes, '\0');
        TRY(buf_ok(&r->bytes, "the result of a statement", e));
    }
    r->cells++;
    return RC_OK;
}

size_t rows_count(const struct rows *r)
{
    return r->cols ? r->cells / (size_t)r->cols : 0;
}

bool rows_next(struct rows *r)
{
    if (r->next >= rows_count(r))
        return false;
    r->next++;
    return true;
}

/* NULL when there is no such cell or it is SQL's NULL; any == false demands the type. */
static const struct cell *rows_cell(struct rows *r, int col, bool any, enum dbv_type type)
{
    if (r->next == 0 || col < 0 || col >= r->cols) {
        r->wrong = col + 1;
        return NULL;
    }
    const struct cell *c = &r->cell[(r->next - 1) * (size_t)r->cols + (size_t)col];
    if (c->type == DBV_NULL)
        return NULL;
    if (!any && c->type != type) {
        r->wrong = col + 1;
        return NULL;
    }
    return c;
}

bool row_null(struct rows *r, int col)
{
    return rows_cell(r, col, true, DBV_NULL) == NULL;
}

int64_t row_i64(struct rows *r, int col)
{
    const struct cell *c = rows_cell(r, col, false, DBV_INT);
    return c ? c->i : 0;
}

static struct str row_bytes(struct rows *r, int col, enum dbv_type type)
{
    const struct cell *c = rows_cell(r, col, false, type);
    return c ? (struct str){r->bytes.p + c->at, (size_t)c->i} : STR_NONE;
}

struct str row_str(struct rows *r, int col)
{
    return row_bytes(r, col, DBV_TEXT);
}

struct str row_blob(struct rows *r, int col)
{
    return row_bytes(r, col, DBV_BLOB);
}

enum rc rows_rc(const struct rows *r, struct err *e)
{
    if (r->wrong)
        return err_set(e, RC_INTERNAL, "column %d of statement %s is not what the code expects",
                       r->wrong - 1, r->name);
    return RC_OK;
}
