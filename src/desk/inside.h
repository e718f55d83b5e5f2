/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_INSIDE_H
#define VULNDESK_DESK_INSIDE_H

#include "desk/desk.h"
#include "desk/people.h"
#include "desk/texts.h"
#include "desk/vcase.h"
#include "store/ops_case.h"

/* What the files of desk/ share among themselves; nobody else includes this. */

/* 128 random bits in base64url; and the SHA-256 by which they are stored. */
void secret_make(char ret[SECRET_SIZE]);
void secret_hash(struct str secret, unsigned char ret[32]);
bool secret_ok(struct str secret);
/* A session of an account or of a thread; how: link password (desk/people.c). */
enum rc session_make(struct desk *d, int64_t account_id, int64_t thread_id, const char *how,
                     struct session_made *ret, struct err *e) WARN_UNUSED;
/* 128 random bits in lower-case hex (32 letters): tags and scopes, which mail servers may fold. */
#define TAG_LEN  32
#define TAG_SIZE (TAG_LEN + 1)
void tag_make(char ret[TAG_SIZE]);
bool tag_ok(struct str tag);

/* An open case and our own state in it.  RC_CONFLICT when it is closed or was joined away. */
struct open_case {
    struct case_row c;
    struct participant_row ours;
    struct vstate v;
};
enum rc case_load(struct desk *d, struct arena *a, int64_t id, struct open_case *ret, struct err *e)
    WARN_UNUSED;
enum rc case_load_open(struct desk *d, struct arena *a, int64_t id, struct open_case *ret,
                       struct err *e) WARN_UNUSED;
/* The case's derived phase as the queue knows it: kept by case_store, and after its creation. */
enum rc case_keep_phase(struct desk *d, const struct case_row *c, struct err *e) WARN_UNUSED;
/* Puts into the index what was there before it (task 'index'): one bounded step, and a task for the
 * next one.  arg: where the step begins, empty = at the begin. */
enum rc search_index_step(struct desk *d, struct str arg, struct err *e) WARN_UNUSED;
/* Writes the row with changed_us = now. */
enum rc case_store(struct desk *d, struct case_row *c, struct err *e) WARN_UNUSED;
/* Hands over and tells of it; from -> to by account ids.  Nothing when they are the same. */
enum rc case_hand_over(struct desk *d, const struct actor *who, struct case_row *c, int64_t to,
                       struct str reason, struct err *e) WARN_UNUSED;
/* The fact `acknowledged` of a case, once. */
enum rc case_acknowledged(struct desk *d, struct arena *a, int64_t case_id, const char *reason,
                          struct err *e) WARN_UNUSED;
/* Sets a fact, or unsets it (JSON null), where the case is open and it is not so yet; value is
 * consumed. */
enum rc fact_keep(struct desk *d, const struct actor *who, int64_t case_id, enum fact f,
                  json_t *value, const char *reason, struct err *e) WARN_UNUSED;
/* A blob goes to a case's scope (or from one case to another). */
enum rc blob_to_case(struct desk *d, struct arena *a, int64_t blob_id, const struct case_row *to,
                     struct err *e) WARN_UNUSED;

/* The message that this form of theirs (its token) has made already; 0: none. */
enum rc form_sent(struct desk *d, struct arena *a, const struct actor *who, struct str token,
                  int64_t *ret_message, struct err *e) WARN_UNUSED;

/* "local+TAG@domain" of our first address. */
void thread_address(const struct desk *d, struct str tag, struct buf *b);
/* "case.TAG.RANDOM@host": random is fresh at each call. */
void thread_mid(const struct desk *d, struct str number, struct str tag, struct buf *b);
/* The tag in a Message-ID of that form by this desk, or empty; and in an address of ours. */
struct str mid_tag(const struct desk *d, struct str mid);
struct str address_tag(const struct desk *d, struct str addr);
/* The same of notices: "local+nTAG@domain", "notice.TAG.RANDOM@host". */
void notice_address(const struct desk *d, struct str tag, struct buf *b);
void notice_mid(const struct desk *d, struct str tag, struct buf *b);
struct str notice_mid_tag(const struct desk *d, struct str mid);
struct str notice_address_tag(const struct desk *d, struct str addr);
/* An address of ours, with or without +detail. */
bool address_ours(const struct desk *d, struct str addr);
/* local part as it is, domain in lower case. */
struct str address_canon(struct arena *a, struct str addr);
/* The whole in lower case: how addresses are compared. */
bool address_same(struct str a, struct str b);

#endif
