/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PAST_LOG_H
#define VULNDESK_ENGINE_BACKPORT_PAST_LOG_H

#include "engine/affected/message.h"
#include "engine/backport/past.h"

/*
 * The commits of some release lines that the history of a given one does not hold, down to a date,
 * with what they say.  Parts of past.c; nobody else includes it.
 */
struct past_entry {
    struct str id;
    struct str message;
    struct message said;
    int64_t author_us, commit_us;
    uint64_t author; /* table_author() of the name */
    uint64_t on;     /* a bit for each line that holds it */
    bool merge;
};
struct past_log {
    struct past_entry *v; /* parents before their children */
    size_t n;
    /* Bits of lines: the given commit is in their history; their history cannot be read, ends
     * before the date, or is longer than PAST_COMMITS_MAX. */
    uint64_t holds, unknown;
    struct buf text; /* what the entries borrow from */
    uint32_t *slots;
    size_t n_slots;
    uint32_t *by_id;
};

/* fix: the given commit, full id. since_s: the date. */
enum rc past_log_read(const struct past_ask *ask, int64_t since_s, struct past_log *ret,
                      struct err *e) WARN_UNUSED;
void past_log_release(struct past_log *l);
/* The entry of a full id, NULL when it is none. */
const struct past_entry *past_log_find(const struct past_log *l, struct str id);

/* The one that a message names, by its full or shortened id; NULL: none, or several. */
const struct past_entry *past_log_named(const struct past_log *l, const struct named *n);

/* Raw bytes of a full id; false when it is none. */
bool past_id_bytes(struct str hex, unsigned char ret[GIT_OID_HEX / 2]);
/* A commit's own bytes as an entry (no lines); it borrows from body. */
bool past_entry_of_body(struct str id, struct str body, struct past_entry *ret);

#endif
