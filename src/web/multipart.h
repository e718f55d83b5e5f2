/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_MULTIPART_H
#define VULNDESK_WEB_MULTIPART_H

#include "web/http.h"

/*
 * Forms with files: multipart/form-data (RFC 7578, RFC 2046 5.1.1, and what the WHATWG says
 * browsers send), read strictly in httpd, and handed to core as typed parts with their lengths in
 * front.  Nothing is repaired: no preamble, no folded fields, no bare line feeds in a part's head,
 * no filename*, no transfer encoding, no parameter twice; other programs in front of us may have
 * read such a thing differently.
 */
#define MULTIPART_BOUNDARY_MAX 70   /* RFC 2046 */
#define MULTIPART_HEAD_MAX     4096 /* bytes of one part's fields */
#define MULTIPART_HEAD_FIELDS  8
#define MULTIPART_PARTS_MAX    1000 /* parts of one body, those left out included */

struct multipart_part {
    struct str name, file_name, type, bytes; /* borrowed; hostile but for their bounds */
    bool is_file;
};
struct multipart {
    struct multipart_part parts[HTTP_FORM_FIELDS + HTTP_FORM_FILES];
    size_t n;
    size_t files_over; /* files beyond HTTP_FORM_FILES, left out */
    bool cut;          /* the body was longer than what is here */
};

/*
 * The boundary out of a Content-Type.  RC_NOTFOUND: not multipart/form-data; RC_INVALID: it is, but
 * without one good boundary.
 */
enum rc multipart_boundary(struct str content_type, struct str *ret_boundary, struct err *e)
    WARN_UNUSED;
/*
 * Takes a body apart.  cut: only the begin of a body that is too long is here; then a part that is
 * not complete is left out and the end is not looked for.  RC_INVALID; RC_LIMIT: too many fields or
 * parts, a name, a file's name or a value over its limit (http.h).
 */
enum rc multipart_parse(struct str body, struct str boundary, bool cut, struct multipart *ret_m,
                        struct err *e) WARN_UNUSED;

/*
 * The typed parts: four numbers (parts, files left out, cut, 0), then for each part five numbers
 * (1 for a file; lengths of name, file's name, type, bytes) and these bytes.  Numbers are 32 bits,
 * little-endian.
 */
void multipart_write(struct buf *out, const struct multipart *m);
/*
 * Reads them in core, which trusts httpd no further than its sender: every text is cleaned, a
 * file's name is one without folders, a type is one or empty.  The files' bytes are borrowed from
 * s.  An empty file without a name is what browsers send for none: left out.
 */
enum rc multipart_read(struct str s, struct http_form *ret_f, struct err *e) WARN_UNUSED;

#endif
