/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured table behind the dial of an audit.  Pure; runs in the engine child and in commands.
 */
#include "engine/audit/dial.h"

#include "base/attr.h"

const struct dial_row dial_rows[] = {
    {0.3, 0.33, 0.7}, {0.2, 0.47, 1.2}, {0.1, 0.59, 2.5},  {0.04, 0.70, 6.0},
    {0.02, 0.77, 12}, {0.01, 0.81, 23}, {0.005, 0.85, 47},
};
const size_t n_dial_rows = ARRAY_LEN(dial_rows);
