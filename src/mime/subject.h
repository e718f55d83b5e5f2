/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_SUBJECT_H
#define VULNDESK_MIME_SUBJECT_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Base subject (RFC 5256 2.1) and the case tag in subjects (formats.md: [PREFIX-YYYY-NNNN]).  Pure,
 * at worst quadratic in the SUBJECT_MAX bytes that are looked at.
 */
#define SUBJECT_MAX        4096 /* bytes looked at; the rest is cut off */
#define SUBJECT_PREFIX_MAX 24   /* bytes of a tag's prefix */
#define SUBJECT_DIGITS_MAX 9    /* digits of a tag's number */

struct subject {
    struct str text;  /* encoded words decoded, folds as spaces, clean UTF-8 */
    struct str base;  /* the base subject */
    struct str local; /* the base with national prefixes (AW:, WG:, SV:, ...) removed as well */
    bool reply;       /* RFC 5256: something that marks a reply or forward was removed */
    bool local_reply; /* the same, national prefixes counted */
};

/*
 * value: the field's value, raw or decoded; encoded words (RFC 2047) in utf-8, us-ascii,
 * iso-8859-1, iso-8859-15 and windows-1252 are decoded, others stay as they are.  RC_LIMIT when
 * the arena is full.
 */
enum rc subject_read(struct arena *a, struct str value, struct subject *ret_s, struct err *e)
    WARN_UNUSED;

/* Two base subjects are the same: ASCII without case (i;ascii-casemap), other bytes equal. */
bool subject_same(struct str a, struct str b);

struct subject_tag {
    struct str text;   /* "CVD-2026-0042" as written, borrowed, without brackets */
    struct str prefix; /* "CVD" */
    unsigned year;     /* 1970..9999 */
    uint64_t number;   /* 1.. */
};
/*
 * First "[PREFIX-YYYY-NNNN]" in text (decoded), anywhere, letters of any case; at least four and at
 * most SUBJECT_DIGITS_MAX digits, a number over four digits has no leading zero.  With an empty
 * prefix any prefix counts: a letter, then letters, digits and single '-'.  False when there is
 * none.
 */
bool subject_tag(struct str text, struct str prefix, struct subject_tag *ret_t);
/* Appends "PREFIX-YYYY-NNNN". */
void subject_tag_add(struct buf *b, struct str prefix, unsigned year, uint64_t number);

#endif
