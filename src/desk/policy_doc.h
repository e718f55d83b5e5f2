/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_POLICY_DOC_H
#define VULNDESK_DESK_POLICY_DOC_H

#include "desk/policy.h"

/*
 * Between policy*.c only: a Markdown text cut into blocks and sentences, each byte knowing its
 * line.
 */
enum block_kind { BLOCK_HEADING, BLOCK_PARAGRAPH, BLOCK_ITEM, BLOCK_ROW, BLOCK_CODE };

struct block {
    enum block_kind kind;
    int level;               /* heading */
    bool row_head;           /* row: the header of its table */
    size_t from, to;         /* part of doc.flat */
    size_t raw_from, raw_to; /* part of doc.text, marks included */
    unsigned line, last_line;
    size_t section; /* index of the heading block it stands under, SIZE_MAX = none */
    size_t indent;  /* item: columns before its mark */
    size_t lead;    /* item: index of the paragraph or item it hangs below, SIZE_MAX = none */
};

struct sentence {
    size_t from, to; /* part of doc.flat */
    size_t block;
};

struct doc {
    struct arena *a;
    struct buf text;   /* clean, comments blanked out, lines ended by \n */
    struct buf flat;   /* text without marks, blocks one after the other */
    struct buf lower;  /* flat, ASCII in lower case, same offsets */
    unsigned *line_at; /* line of each byte of flat */
    struct block *blocks;
    size_t n_blocks;
    struct sentence *sentences;
    size_t n_sentences;
    unsigned lines;
    bool truncated;
};
#define DOC_BLOCKS POLICY_SENTENCES

enum rc doc_read(struct doc *d, struct arena *a, struct str text, struct err *e) WARN_UNUSED;
void doc_release(struct doc *d);
static inline void doc_auto(struct doc *d)
{
    doc_release(d);
}

/* Parts, borrowed from d. */
struct str doc_flat(const struct doc *d, size_t from, size_t to);
struct str doc_lower(const struct doc *d, size_t from, size_t to);
struct str doc_raw(const struct doc *d, const struct block *b);
/* Title of the section a block stands in, in lower case; empty = none. */
struct str doc_section_lower(const struct doc *d, const struct block *b);

/* A number of something of time in lower-case text: "48 hours", "3 working days", "a week". */
struct span_found {
    size_t from, to; /* in the text given */
    int64_t us;
    bool working_days;
};
/* The first one at or behind `from`; false if none. */
bool span_find(struct str lower, size_t from, struct span_found *ret_s);

/* The steps of policy_parse, each in its own file. */
void policy_find_promises(struct doc *d, struct policy *p);
void policy_find_embargo(struct doc *d, struct policy *p);
void policy_find_contacts(struct doc *d, struct policy *p);
void policy_find_urls(struct doc *d, struct policy *p);
void policy_find_fingerprint(struct doc *d, struct policy *p);
void policy_find_versions(struct doc *d, struct policy *p);

/* Decodes one character reference ("&#64;", "&commat;", "&amp;") at the start of s.  Returns its
 * length, 0 if there is none. */
size_t entity_at(struct str s, uint32_t *ret_cp);

/* True when one of the words (ends with NULL) occurs; ret_at may be NULL. */
bool any_of(struct str lower, const char *const *words, size_t *ret_at);

#endif
