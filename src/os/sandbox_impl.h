/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_SANDBOX_IMPL_H
#define VULNDESK_OS_SANDBOX_IMPL_H

#include "os/sandbox.h"

/* The parts of sandbox_apply; for os/ only. */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER 0
#endif

/* Opens the paths and confines the process; *ret_abi is 0 when the kernel has no Landlock (or one
 * older than SANDBOX_LANDLOCK) and nothing was done.  no_new_privs must be set. */
enum rc landlock_apply(const struct sandbox_rules *rules, int *ret_abi, struct err *e) WARN_UNUSED;

/* Loads the filter; *ret_done is false when the kernel has no seccomp filters. */
enum rc seccomp_apply(const struct sandbox_rules *rules, bool *ret_done, struct err *e) WARN_UNUSED;

#endif
