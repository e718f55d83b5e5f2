/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_FAULT_H
#define VULNDESK_OS_FAULT_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Faults on purpose, for tests: the n-th operation of a kind fails as the kernel would fail it, or
 * the process dies there.  Compiled in only with the build option `fault`; a release cannot be told
 * to fail.  Set by os_fault_set() or, at the first operation, by the environment variable
 * VULNDESK_FAULT.
 */
enum os_op { OS_OPEN, OS_WRITE, OS_FSYNC, OS_RENAME, OS_FORK, OS_COMMIT, OS_OP_COUNT };

#ifdef VULNDESK_FAULT_BUILD

/* True when the operation that comes now is to fail; errno is set then. */
bool os_fault(enum os_op op);

/*
 * "OP:N", "OP:N:ERROR", several separated by commas.  OP is open, write, fsync, rename, fork,
 * commit or any (all kinds counted together); N counts from 1; ERROR is EIO (also when absent),
 * ENOSPC, EMFILE, ENOMEM, EAGAIN, or kill: the process dies by SIGKILL at that point.  The counts
 * start anew; an empty text ends all faults.  RC_INVALID says what is wrong.
 */
enum rc os_fault_set(struct str text, struct err *e) WARN_UNUSED;

/* How many operations of this kind were asked for since os_fault_set. */
unsigned os_fault_count(enum os_op op);

#else

static inline bool os_fault(enum os_op op)
{
    (void)op;
    return false;
}

#endif
#endif
