/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_TEXTS_BUILT_IN_H
#define VULNDESK_DESK_TEXTS_BUILT_IN_H

/* templates/mail/NAME.txt as they were at build time (made by embed_texts.py); for texts.c. */
struct built_in_text {
    const char *name;
    const char *text;
};
extern const struct built_in_text built_in_texts[];
extern const int built_in_texts_count;
/* templates/canned/NAME.txt, for canned.c. */
extern const struct built_in_text built_in_canned[];
extern const int built_in_canned_count;

#endif
