/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_PARSE_HEADER_H
#define VULNDESK_MIME_PARSE_HEADER_H

#include "mime/mail.h"

/*
 * Header blocks and header values.  The block is cut into fields by our own bounded scanner; only
 * single values below the limits go to GMime (addresses, dates, encoded words, parameters), whose
 * cost grows faster than the input does.  Runs in the parse child.
 */
#define HEADER_FIELD_MAX       65536  /* bytes of one value; longer ones are cut */
#define HEADER_BLOCK_MAX       262144 /* bytes of all values kept of one entity */
#define HEADER_FIELDS_MAX      1000   /* fields kept of a message */
#define HEADER_PART_FIELDS_MAX 64     /* fields kept of a part that is no message */
#define HEADER_TYPED_MAX       8192   /* bytes of a Content-Type or Content-Disposition looked at */
#define HEADER_PARAMS_MAX      64     /* parameters of one Content-Type or Content-Disposition */
#define HEADER_COLONS_MAX      200    /* ':' in one address list: groups nest in GMime */

/* Counts of enum mail_warning. */
struct warnings {
    uint32_t *n;
};
void warn(struct warnings w, enum mail_warning what);

/*
 * The fields of one entity.  A field that the record is made from is kept at its first occurrence
 * even when a flood of others has used up the limits.
 */
struct header {
    struct hfield *f; /* names without trailing space; values still folded, borrowed */
    size_t n;
    size_t received; /* Received fields, kept or not */
    size_t body;     /* where the body starts, <= raw.n */
};

/*
 * Cuts the header off raw.  is_message: NUL bytes and an mbox "From " line in front are passed
 * over. A line that is no field is passed over when a field follows it; otherwise the body starts
 * there. RC_LIMIT when the arena is full.
 */
enum rc header_scan(struct arena *a, struct str raw, bool is_message, struct warnings w,
                    struct header *ret_h, struct err *e) WARN_UNUSED;

/* Value of the first field of that name, empty when absent. */
struct str header_get(const struct header *h, const char *name);
size_t header_count(const struct header *h, const char *name);

/*
 * A value ready for GMime: unfolded, without NUL, cut to HEADER_FIELD_MAX, charsets outside the
 * list of text_charset.h renamed to windows-1252.  NUL-terminated.
 */
struct str header_value(struct arena *a, struct str value, struct warnings w);

/* Encoded words (RFC 2047) decoded, one clean line of at most max bytes. */
struct str header_text(struct arena *a, struct str value, size_t max, struct warnings w);

/* Mailboxes of an address list, groups flattened; at most max are kept, *ret_total counts all. */
struct mail_addrs header_addrs(struct arena *a, struct str value, size_t max, size_t *ret_total,
                               struct warnings w);

/* False when there is no date in 1970..9999. */
bool header_date(struct arena *a, struct str value, int64_t *ret_us, struct warnings w);

/* The ids in value without <>, each once; over max the first and the last ones stay. */
struct mail_strs header_ids(struct arena *a, struct str value, size_t max, struct warnings w);

/* Type and parameters of Content-Type or Content-Disposition. */
struct header_param {
    /* name lower case; RFC 2231 and encoded words decoded, clean line, quoted spaces kept */
    struct str name, value;
};
struct header_typed {
    struct str word; /* "text/plain", "attachment": lower case, empty when not of that form */
    struct header_param *p;
    size_t n;
};
struct header_typed header_typed(struct arena *a, struct str value, bool slash, struct warnings w);
/* Trimmed; empty when absent.  The other one keeps spaces at the ends (boundaries have them). */
struct str header_param(const struct header_typed *t, const char *name);
struct str header_param_exact(const struct header_typed *t, const char *name);

#endif
