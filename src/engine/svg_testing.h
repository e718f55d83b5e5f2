/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_SVG_TESTING_H
#define VULNDESK_ENGINE_SVG_TESTING_H

#include "base/str.h"

/* Elements that match, one root, no stray "<"; fails the test otherwise. */
void svg_assert_well_formed(struct str s);
/* How often needle stands in s. */
size_t svg_count(struct str s, const char *needle);

#endif
