/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_AFFECTED_STUB_H
#define VULNDESK_WEB_TESTING_AFFECTED_STUB_H

#include "desk/affected.h"

/* What the next page of affected versions shows. */
extern struct view_affected stub_affected;

#endif
