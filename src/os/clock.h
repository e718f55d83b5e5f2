/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_CLOCK_H
#define VULNDESK_OS_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z by this machine's clock.  For cases the clock of the
 * database is the one that counts; this one is for processes. */
int64_t clock_now_us(void);

/* Microseconds of a clock that only goes forward; for time limits.  Its zero means nothing. */
int64_t clock_mono_us(void);

/* What is left until the moment until_mono_us, in milliseconds rounded up, for poll(2): 0 when it
 * has passed, -1 (wait for ever) when until_mono_us is negative. */
int clock_left_ms(int64_t until_mono_us);

#endif
