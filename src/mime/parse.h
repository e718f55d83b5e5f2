/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_PARSE_H
#define VULNDESK_MIME_PARSE_H

#include "mime/mail.h"

/*
 * Raw mail to the typed record.  Runs in the parse child only: everything here reads hostile bytes.
 * A mail is never refused for what is in it: what cannot be read becomes a warning in the record.
 *
 * GMime and GLib are used for single header values; iconv for charsets.  Neither opens a file after
 * parse_child_warm.
 */
#define PARSE_DECODE_MAX ((size_t)4 << 20)   /* decoded bytes of one text part that are read */
#define PARSE_TREE_MAX   ((size_t)112 << 20) /* scratch arena of one mail */
#define PARSE_SPAM_MAX   16                  /* rules for the MTA's spam mark */

/* "this field starting with this word means spam", compared without case. */
struct parse_spam {
    struct str name, word;
};

struct parse_opts {
    struct authres_border border;    /* whose Authentication-Results count */
    const struct str *envelope_from; /* reverse path of SMTP without <>; NULL: Return-Path counts */
    struct parse_spam spam[PARSE_SPAM_MAX];
    size_t n_spam;
    struct parse_spam no_report[PARSE_SPAM_MAX]; /* the same shape: this mail is no report */
    size_t n_no_report;
    struct str hostname; /* ours, in the Received fields that we add; empty = none is known */
};
/* No trusted MTA, no envelope, no rules for spam beyond those of autoreply_scan. */
void parse_opts_init(struct parse_opts *o);

/*
 * Initialises GLib and GMime (without its crypto contexts) and opens every charset converter, so
 * that nothing has to be opened later.  Call once, before the sandbox is applied.
 */
void parse_child_warm(void);

/* Fills *ret_m in a.  RC_LIMIT: raw is larger than MAIL_RAW_MAX, or an arena is full. */
enum rc parse_mail(struct arena *a, struct str raw, const struct parse_opts *o, struct mail *ret_m,
                   struct err *e) WARN_UNUSED;

/* Hands the decoded bytes of part `number` to sink (return false to stop).  RC_NOTFOUND. */
enum rc parse_part(struct str raw, int64_t number, bool (*sink)(void *ctx, struct str piece),
                   void *ctx, struct err *e) WARN_UNUSED;

/*
 * The parse child: raw mail on standard input, answer on standard output, nothing else opened.
 *   --record                 the record as JSON
 *   --part N                 the decoded bytes of part N
 *   --max-bytes N            refuse larger mails (default and ceiling MAIL_RAW_MAX)
 *   --authserv-id ID  --received N  --above-border-only
 *   --envelope-from ADDR     "" is the null path
 *   --spam NAME=WORD         up to PARSE_SPAM_MAX times
 *   --no-report NAME=WORD    up to PARSE_SPAM_MAX times
 *   --hostname NAME          whose Received fields are counted as our own
 * Exit: 0; EX_USAGE; EX_DATAERR (too large, arena full); EX_NOINPUT (no such part); EX_IOERR.
 * parse_child_warm must have been called.  One line of error goes to standard error, never content.
 */
int parse_child_main(int argc, char **argv);

#endif
