/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_FIXTURE_AUDIT_H
#define VULNDESK_WEB_FIXTURE_AUDIT_H

#include "desk/audit.h"

/* An invented audit for the preview and the tests of the pages; all in the arena. */
void fixture_audit(struct arena *a, struct view_audit *v);

#endif
