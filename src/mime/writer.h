/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_WRITER_H
#define VULNDESK_MIME_WRITER_H

#include "base/buf.h"
#include "mime/hfield.h"

/*
 * The one writer of outgoing mail (RFC 5322, 2045-2047, 2231).  Pure: the same input gives the same
 * bytes.  Runs in core.
 */
#define OUTMAIL_LINE_WANTED 78  /* RFC 5322 2.1.1; longer only where a word cannot be broken */
#define OUTMAIL_LINE_MAX    998 /* never longer, without CRLF */
#define OUTMAIL_TO_MAX      100
#define OUTMAIL_FILES_MAX   100
#define OUTMAIL_EXTRA_MAX   50
#define OUTMAIL_REFS_MAX    20          /* references written: the first, and the last ones */
#define OUTMAIL_ID_MAX      900         /* bytes of a message id without <> */
#define OUTMAIL_TEXT_MAX    4096        /* bytes of a subject, name, file name or extra value */
#define OUTMAIL_BYTES_MAX   (64u << 20) /* of the whole mail */

struct outmail_addr {
    struct str name; /* display name, UTF-8, may be empty */
    struct str addr; /* local@domain */
};
struct outmail_file {
    struct str name;  /* UTF-8; path separators, controls and direction tricks become '_' */
    struct str type;  /* "text/x-patch"; empty: application/octet-stream */
    struct str bytes; /* written as base64 whatever they are */
};

struct outmail {
    struct outmail_addr from;
    const struct outmail_addr *to;
    size_t n_to;
    const struct outmail_addr *cc;
    size_t n_cc;
    struct str reply_to; /* address, may be empty */
    struct str subject;  /* UTF-8 */
    int64_t date_us;
    struct str message_id;        /* without <>; must be set */
    struct str in_reply_to;       /* without <>, may be empty */
    const struct str *references; /* without <>, oldest first */
    size_t n_references;
    const struct hfield *extra; /* further fields; not one of those that the writer sets itself */
    size_t n_extra;
    struct str text; /* UTF-8; CRLF, CR and LF are line ends, controls but tab are refused */
    const struct outmail_file *files;
    size_t n_files;
    bool smtputf8; /* addresses may hold UTF-8, written as they are (RFC 6532) */
};

/*
 * Appends the mail with CRLF line ends to out: 7bit text when every line is ASCII and at most 998
 * bytes, quoted-printable else; with files a multipart/mixed.  No Bcc, ever.  An unusable id among
 * the references is left out; middle ones are dropped over OUTMAIL_REFS_MAX.
 *
 * RC_INVALID: CR, LF, NUL or another control in a value (err names the field: injection), text that
 * is not UTF-8, an address or id that is not one, a non-ASCII address without smtputf8, a field
 * name that is not one or that the writer owns.  RC_LIMIT: over a limit above.  out is as before
 * then.
 */
enum rc outmail_write(const struct outmail *m, struct buf *out, struct err *e) WARN_UNUSED;

/* type/subtype that a file may have: no composite one, which would be read as parts of the mail. */
bool outmail_type_ok(struct str type);
/* local@domain that this writer accepts: dot-atom or quoted local part, domain or [literal]. */
bool outmail_addr_ok(struct str addr, bool smtputf8);
/* True when smtputf8 is needed. */
bool outmail_addr_utf8(struct str addr);
/* A message id without <> that may be written into a header: printable ASCII with one '@'. */
bool outmail_id_ok(struct str id);

#endif
