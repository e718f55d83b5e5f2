/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_PARSE_PATCH_H
#define VULNDESK_MIME_PARSE_PATCH_H

#include "base/patch.h"
#include "mime/mail.h"

/*
 * Fills m->patch when the mail is what `git format-patch` or `git send-email` makes: in the body (m
 * ->text, plain) or as the text of the one attachment (attached; empty: there is none).  Unsure is
 * no: a patch with words behind it, of several files, or of more than lines is none.  Texts are
 * copied into a.  Runs in the parse child.
 */
void parse_patch(struct arena *a, struct str attached, struct mail *m);

#endif
