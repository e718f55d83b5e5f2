/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_AUDIT_STUB_H
#define VULNDESK_WEB_TESTING_AUDIT_STUB_H

#include "desk/audit.h"

/* What the next page of an audit shows. */
extern struct view_audit stub_audit;

#endif
