/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_PUBLISH_TEXT_H
#define VULNDESK_PUBLISH_TEXT_H

#include "publish/advisory.h"

/* The advisory as text for a mail: facts, the Markdown as it was written, timeline, credits. */
#define ADV_TEXT_MAX (256 * 1024)
enum rc adv_text(const struct adv_doc *d, struct buf *out, struct err *e) WARN_UNUSED;

#endif
