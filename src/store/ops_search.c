/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the search.
 * Runs in core.
 * Input: texts of messages and queries, hostile; both come here as words only (search_words.h).
 */
#include "store/ops_search.h"

#include "base/utf8.h"
#include "store/ops_row.h"

/* A word is at most one letter shorter than what stands for it, and its position has six. */
#define WORDS_MAX (16 * SEARCH_BODY_MAX)
#define QUERY_MAX (SEARCH_TERMS_MAX * (SEARCH_WORD_MAX + 16))
#define TITLE_MAX 4096 /* bytes of a subject or title that are indexed */

static enum rc put_fts5(struct db *db, int64_t id, struct str title, struct str body, struct err *e)
{
    static const struct sql drop = {"search_drop", "DELETE FROM search WHERE rowid = $1", ""};
    static const struct sql put = {
        "search_put", "INSERT INTO search (rowid, title, body) VALUES ($1, $2, $3)", ""};
    AUTO(buf) struct buf t = BUF_INIT(WORDS_MAX);
    AUTO(buf) struct buf b = BUF_INIT(WORDS_MAX);
    search_words_plain(&t, title);
    search_words_plain(&b, body);
    TRY(buf_ok(&t, "words of a title", e));
    TRY(buf_ok(&b, "words of a text", e));
    TRY(db_run(db, &drop, DB_ARGS(DB_I(id)), NULL, e));
    return db_run(db, &put, DB_ARGS(DB_I(id), DB_T(buf_str(&t)), DB_T(buf_str(&b))), NULL, e);
}

static enum rc put_vector(struct db *db, int64_t id, struct str title, struct str body,
                          struct err *e)
{
    static const struct sql put = {
        "search_put", "",
        "INSERT INTO search (id, words) VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR))"
        " ON CONFLICT (id) DO UPDATE SET words = excluded.words"};
    AUTO(buf) struct buf b = BUF_INIT(WORDS_MAX);
    unsigned pos = 0;
    search_words_vector(&b, title, "A", &pos);
    pos += pos < SEARCH_POS_MAX; /* the last of the title and the first of the text are no phrase */
    search_words_vector(&b, body, "", &pos);
    TRY(buf_ok(&b, "words of a text", e));
    return db_run(db, &put, DB_ARGS(DB_I(id), DB_T(buf_str(&b))), NULL, e);
}

static enum rc put(struct db *db, int64_t id, struct str title, struct str body, struct err *e)
{
    title = utf8_clip(title, TITLE_MAX);
    body = utf8_clip(body, SEARCH_BODY_MAX);
    return db_is_pg(db) ? put_vector(db, id, title, body, e) : put_fts5(db, id, title, body, e);
}

enum rc ops_search_message(struct db *db, int64_t message_id, struct str subject, struct str body,
                           struct err *e)
{
    return put(db, message_id, subject, body, e);
}

enum rc ops_search_case(struct db *db, int64_t case_id, struct str number, struct str title,
                        struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(TITLE_MAX);
    buf_add(&b, number);
    buf_addc(&b, ' ');
    buf_add(&b, utf8_clip(title, TITLE_MAX - number.n - 1));
    TRY(buf_ok(&b, "title of a case", e));
    return put(db, -case_id, buf_str(&b), STR_NONE, e);
}

enum rc ops_search_forget(struct db *db, int64_t case_id, struct err *e)
{
    static const struct sql q = {
        "search_forget",
        "DELETE FROM search WHERE rowid IN (SELECT id FROM message WHERE case_id = $1"
        " UNION ALL SELECT -CAST($1 AS BIGINT))",
        "DELETE FROM search WHERE id IN (SELECT id FROM message WHERE case_id = $1"
        " UNION ALL SELECT -CAST($1 AS BIGINT))"};
    return db_run(db, &q, DB_ARGS(DB_I(case_id)), NULL, e);
}

/* ---- finding ---- */

static enum rc query_text(struct db *db, const struct search_query *q, struct buf *b, struct err *e)
{
    if (db_is_pg(db))
        search_query_ts(q, b);
    else
        search_query_fts5(q, b);
    return buf_ok(b, "the search", e);
}

/*
 * PostgreSQL decides between the index of words and the newest rows by how common the words are:
 * it must see them, so no plan is kept for all queries.
 */
static enum rc plan_each(struct db *db, struct err *e)
{
    static const struct sql q = {"search_plan", "SELECT 1",
                                 "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"};
    AUTO(rows) struct rows *r = NULL;
    return db_is_pg(db) && db_in_tx(db) ? db_query(db, &q, DB_NOARGS, &r, e) : RC_OK;
}

#define CASE_COLUMNS "c.id, c.number, c.title, c.opened_us, c.closed_us"
enum rc ops_search_cases(struct db *db, struct arena *a, const struct search_query *sq, int64_t max,
                         struct search_hit **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "search_cases",
        "SELECT " CASE_COLUMNS " FROM (SELECT rowid AS id FROM search WHERE search MATCH $1"
        " AND rowid < 0 ORDER BY rowid LIMIT $2) hit JOIN vcase c ON c.id = -hit.id"
        " ORDER BY c.id DESC",
        "SELECT " CASE_COLUMNS " FROM (SELECT id FROM search WHERE"
        " words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND id < 0 ORDER BY id LIMIT $2) hit"
        " JOIN vcase c ON c.id = -hit.id ORDER BY c.id DESC"};
    AUTO(buf) struct buf text = BUF_INIT(QUERY_MAX);
    AUTO(rows) struct rows *r = NULL;
    TRY(query_text(db, sq, &text, e));
    TRY(plan_each(db, e));
    TRY(db_query(db, &q, DB_ARGS(DB_T(buf_str(&text)), DB_I(max)), &r, e));
    struct search_hit *h = ROWS_ARRAY(a, r, struct search_hit);
    size_t n = 0;
    while (h && rows_next(r))
        h[n++] = (struct search_hit){.case_id = row_i64(r, 0),
                                     .number = row_keep(a, r, 1),
                                     .title = row_keep(a, r, 2),
                                     .at_us = row_i64(r, 3),
                                     .closed_us = row_i64(r, 4)};
    TRY(rows_kept(r, a, e));
    *ret = h;
    *ret_n = n;
    return RC_OK;
}

/* What may be shown is asked inside, so that a page is full although spam matches too. */
#define MESSAGE_HIT                                                                                \
    "SELECT m.id, m.case_id, c.number, c.title, m.direction, m.state, m.from_name, m.from_addr,"   \
    " a.name, m.subject, substr(m.body, 1, 65536), m.received_us, c.closed_us FROM ("
#define MESSAGE_OF                                                                                 \
    ") hit JOIN message m ON m.id = hit.id LEFT JOIN vcase c ON c.id = m.case_id"                  \
    " LEFT JOIN account a ON a.id = m.author_id ORDER BY m.id DESC"
#define SHOWN                                                                                      \
    "SELECT 1 FROM message m2 WHERE m2.id = s.rowid AND m2.state IN ('ok', 'bounce', 'held',"      \
    " 'quarantined')"
#define SHOWN_PG                                                                                   \
    "SELECT 1 FROM message m2 WHERE m2.id = s.id AND m2.state IN ('ok', 'bounce', 'held',"         \
    " 'quarantined')"

static void hit_fill(struct arena *a, struct rows *r, struct search_hit *h)
{
    *h = (struct search_hit){.message_id = row_i64(r, 0),
                             .case_id = row_i64(r, 1),
                             .number = row_keep(a, r, 2),
                             .title = row_keep(a, r, 3),
                             .direction = row_keep(a, r, 4),
                             .state = row_keep(a, r, 5),
                             .from_name = row_keep(a, r, 6),
                             .from_addr = row_keep(a, r, 7),
                             .author = row_keep(a, r, 8),
                             .subject = row_keep(a, r, 9),
                             .body = row_keep(a, r, 10),
                             .at_us = row_i64(r, 11),
                             .closed_us = row_i64(r, 12)};
}

/*
 * PostgreSQL knows how common a word is only when it is very common, and would walk all messages
 * for a rare one.  So up to FEW_MAX hits are looked for first, through the index of words; only
 * when there are more the newest messages are walked, where the next hit is near.
 */
#define FEW_MAX   "2000"
#define FEW_COUNT 2000
#define FEW                                                                                        \
    "(WITH few AS MATERIALIZED (SELECT s.id FROM search s WHERE"                                   \
    " s.words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND s.id > 0 AND s.id < $2"                     \
    " LIMIT " FEW_MAX " + 1) SELECT few.id FROM few)"
static const struct sql sql_few_count = {"search_few_count", "", "SELECT count(*) FROM " FEW " s"};
static const struct sql sql_few = {
    "search_few", "",
    MESSAGE_HIT "SELECT s.id FROM " FEW " s WHERE CASE WHEN EXISTS (" SHOWN_PG
                ") THEN true ELSE false END ORDER BY s.id DESC LIMIT $3" MESSAGE_OF};

static enum rc are_few(struct db *db, struct str text, int64_t before, bool *ret, struct err *e)
{
    int64_t n = 0;
    if (db_is_pg(db))
        TRY(db_one_i64(db, &sql_few_count, DB_ARGS(DB_T(text), DB_I(before)), &n, e));
    *ret = db_is_pg(db) && n <= FEW_COUNT;
    return RC_OK;
}

enum rc ops_search_messages(struct db *db, struct arena *a, const struct search_query *sq,
                            struct search_page page, struct search_hit **ret, size_t *ret_n,
                            struct err *e)
{
    static const struct sql q = {
        "search_messages",
        MESSAGE_HIT "SELECT s.rowid AS id FROM search s WHERE search MATCH $1 AND s.rowid > 0"
                    " AND s.rowid < $2 AND EXISTS (" SHOWN
                    ") ORDER BY s.rowid DESC LIMIT $3" MESSAGE_OF,
        MESSAGE_HIT "SELECT s.id FROM search s WHERE"
                    " s.words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND s.id > 0 AND s.id < $2"
                    " AND EXISTS (" SHOWN_PG ") ORDER BY s.id DESC LIMIT $3" MESSAGE_OF};
    AUTO(buf) struct buf text = BUF_INIT(QUERY_MAX);
    AUTO(rows) struct rows *r = NULL;
    TRY(query_text(db, sq, &text, e));
    TRY(plan_each(db, e));
    int64_t before = page.before ? page.before : INT64_MAX;
    bool few;
    TRY(are_few(db, buf_str(&text), before, &few, e));
    TRY(db_query(db, few ? &sql_few : &q,
                 DB_ARGS(DB_T(buf_str(&text)), DB_I(before), DB_I(page.max)), &r, e));
    struct search_hit *h = ROWS_ARRAY(a, r, struct search_hit);
    size_t n = 0;
    while (h && rows_next(r))
        hit_fill(a, r, &h[n++]);
    TRY(rows_kept(r, a, e));
    *ret = h;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_search_source(struct db *db, struct arena *a, bool cases, int64_t after, int64_t max,
                          struct search_source **ret, size_t *ret_n, struct err *e)
{
    static const struct sql of_cases = {
        "search_source_cases",
        "SELECT id, number, title FROM vcase WHERE id > $1 ORDER BY id LIMIT $2", NULL};
    static const struct sql of_messages = {"search_source_messages",
                                           "SELECT id, subject, substr(body, 1, 65536) FROM "
                                           "message WHERE id > $1 ORDER BY id LIMIT $2",
                                           NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, cases ? &of_cases : &of_messages, DB_ARGS(DB_I(after), DB_I(max)), &r, e));
    struct search_source *s = ROWS_ARRAY(a, r, struct search_source);
    size_t n = 0;
    while (s && rows_next(r))
        s[n++] = (struct search_source){row_i64(r, 0), row_keep(a, r, 1), row_keep(a, r, 2)};
    TRY(rows_kept(r, a, e));
    *ret = s;
    *ret_n = n;
    return RC_OK;
}
