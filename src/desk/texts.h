/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_TEXTS_H
#define VULNDESK_DESK_TEXTS_H

#include "base/buf.h"
#include "base/json.h"

/*
 * Texts that a team may change: templates/mail/NAME.txt, built into the program; a file of the same
 * name in the folder desk.templates replaces it.
 *
 * {{field}} is replaced; a block between the lines "{{?field}}" and "{{/field}}" stays only when
 * the field is not empty (no nesting); a line that starts with "{{#" is a comment and goes.  A
 * field that the text does not know, an open block, a missing or too large file are errors: at
 * `config check` and at start, never when a mail is to be written.
 */
#define TEXT_FILE_MAX   (64 * 1024)
#define TEXT_RENDER_MAX (512 * 1024)

enum text_id {
    TEXT_ACKNOWLEDGEMENT, /* to a reporter, at once */
    TEXT_REPLY,           /* around what a person writes */
    TEXT_WAY_BACK,        /* a new link to the reporter page */
    TEXT_SIGNIN,          /* a sign-in link for a team member */
    TEXT_THIRD_TOLD,      /* to a reporter: whose software it is */
    TEXT_THIRD_FORWARD,   /* to its maintainer */
    TEXT_THIRD_FORWARDED, /* to a reporter: it was sent on */
    TEXT_NOTICE,          /* something happened, to a team member */
    TEXT_ANNOUNCEMENT,    /* an advisory, to who reported and to the lists */
    TEXT_CREDIT,          /* asks a reporter how to be named */
    /* To the author of a proposal to the policy; the first one at once, by a program. */
    TEXT_PROPOSAL_RECEIVED,
    TEXT_PROPOSAL_MERGED,
    TEXT_PROPOSAL_REJECTED,
    TEXT_PROPOSAL_ANSWER,
    TEXT_COUNT
};
const char *text_name(enum text_id id); /* "acknowledgement" */
/* "acknowledgement has {{number}} {{desk}} ...": the known fields, for messages and the manual. */
void text_fields(enum text_id id, struct buf *b);

struct texts;
/* dir: folder of replacements, "" = built-in ones only.  The first problem is named in e
 * ("acknowledgement.txt line 3: unknown field ..."). */
enum rc texts_load(struct str dir, struct texts **ret_t, struct err *e) WARN_UNUSED;
void texts_free(struct texts *t);
void texts_auto(struct texts **t);

struct text_value {
    const char *field;
    struct str value;
};
/* Fields not given are empty.  At most one empty line in a row, LF line ends. */
enum rc texts_render(const struct texts *t, enum text_id id, const struct text_value *v, size_t n,
                     struct buf *b, struct err *e) WARN_UNUSED;

/* Checks one template's text; for the fuzz target and the test. */
enum rc text_check(enum text_id id, struct str text, struct err *e) WARN_UNUSED;

#endif
