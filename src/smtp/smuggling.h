/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_SMUGGLING_H
#define VULNDESK_SMTP_SMUGGLING_H

#include "base/buf.h"
#include "base/json.h"

/*
 * The client streams of the shared corpus standards/mail/smtp-smuggling with what their manifest
 * expects, for the tests that replay them (through the engine, and over a socket).
 */
struct stream {
    struct str name; /* memory of the corpus */
    struct buf octets;
    const json_t *expect;
};

/* What a server made of a stream. */
struct outcome {
    struct buf replies;
    struct buf mails[8]; /* octets of each mail taken */
    size_t n_mails;
};
void outcome_auto(struct outcome *o);
void outcome_init(struct outcome *o);

typedef void smuggling_run(void *arg, const struct stream *s);

/*
 * Calls run for each stream; returns how many.  Without the corpus prints one line "SKIP <test>:
 * <reason>" and exits with 77.
 */
size_t smuggling_each(const char *test, smuggling_run *run, void *arg);

/* Aborts with the stream's name unless the outcome is as expected. */
void smuggling_check(const struct stream *s, const struct outcome *o);

#endif
