/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_BACKPORT_STUB_H
#define VULNDESK_WEB_TESTING_BACKPORT_STUB_H

#include "desk/backport.h"

/* What the next page shows; what the last call brought. */
extern struct view_backport stub_backport;
extern struct view_lines stub_lines;
extern struct stub_sent {
    char call[32], line[200], name[200], reason[2000], bytes[4000];
    enum rc fail;
} stub_sent;

#endif
