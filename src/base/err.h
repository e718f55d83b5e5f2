/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_ERR_H
#define VULNDESK_BASE_ERR_H

#include "base/attr.h"
#include "base/rc.h"

/*
 * What went wrong, for a person: what, where, what to do.  Fixed size, on the caller's stack.
 * Never holds case content, addresses or bytes of a message.
 */
#define ERR_MSG_MAX 512
struct err {
    enum rc rc;
    char msg[ERR_MSG_MAX];
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        RC_OK, ""                                                                                  \
    }

/* Fills e (which may be NULL) and returns rc, so that a caller can write return err_set(...). */
enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...) PRINTF(3, 4);

/* The same, with ": " and errno's text at the end. */
enum rc err_errno(struct err *e, enum rc rc, const char *fmt, ...) PRINTF(3, 4);

/* Puts a context in front of an existing message ("mail.ini line 3: ") and returns e->rc. */
enum rc err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Early return on failure. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum rc try_rc_ = (call);                                                                  \
        if (try_rc_ != RC_OK)                                                                      \
            return try_rc_;                                                                        \
    } while (0)

#endif
