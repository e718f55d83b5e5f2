/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks of a process.  Runs in every role; has no input.
 */
#include "os/clock.h"

#include <limits.h>

#include "base/attr.h"

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    BUG_ON(clock_gettime(id, &ts) != 0);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int clock_left_ms(int64_t until_mono_us)
{
    if (until_mono_us < 0)
        return -1;
    int64_t left_us = until_mono_us - clock_mono_us();
    if (left_us <= 0)
        return 0;
    if (left_us / 1000 >= INT_MAX)
        return INT_MAX;
    return (int)((left_us + 999) / 1000);
}
