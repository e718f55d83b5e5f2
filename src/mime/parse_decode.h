/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_PARSE_DECODE_H
#define VULNDESK_MIME_PARSE_DECODE_H

#include "base/buf.h"

/*
 * Transfer encodings (RFC 2045 6), decoded leniently and in pieces; linear.  Runs in the parse
 * child.
 */
enum decode_cte {
    CTE_IDENTITY, /* 7bit, 8bit, binary, absent */
    CTE_BASE64,
    CTE_QP,
    CTE_UU,      /* x-uuencode and its names */
    CTE_UNKNOWN, /* kept raw */
};

/* From the value of Content-Transfer-Encoding; comments and stray text behind the word are
 * understood. */
enum decode_cte decode_cte_of(struct str value);

/* Takes decoded bytes; false stops decoding. */
typedef bool decode_sink(void *ctx, struct str piece);

/*
 * Decodes body into sink.  Returns false when the encoding was damaged (bytes outside the
 * alphabet, wrong padding, a broken = sequence): what could be decoded was still handed out.
 */
bool decode_body(enum decode_cte cte, struct str body, decode_sink *sink, void *ctx);

/* The same into a buffer; *ret_cut is set when the buffer's maximum was reached. */
bool decode_to_buf(enum decode_cte cte, struct str body, struct buf *out, bool *ret_cut);

#endif
