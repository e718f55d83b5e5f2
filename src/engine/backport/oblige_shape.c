/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O4, O5: where things stand, by brackets and blocks.  Runs in commands and in the engine child;
 * the texts are a stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

void oblige_shape(struct oblige *o)
{
    (void)o;
}
