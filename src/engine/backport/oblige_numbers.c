/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O8: new files with a running number.  Runs in commands and in the engine child; names are a
 * stranger's.
 */
#include "engine/backport/oblige_inside.h"

void oblige_numbers(struct oblige *o)
{
    (void)o;
}
