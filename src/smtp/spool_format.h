/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_SPOOL_FORMAT_H
#define VULNDESK_SMTP_SPOOL_FORMAT_H

#include <sodium.h>

#include "smtp/spool.h"

/* The octets of a record (spool.h), for its writer and its reader only. */
#define SPOOL_MAGIC      "vdspool\x01"
#define SPOOL_MAGIC_LEN  8
#define SPOOL_AD_TAG     "vulndesk spool 1"
#define SPOOL_AD_TAG_LEN 16
#define SPOOL_AD_LEN     (SPOOL_AD_TAG_LEN + SPOOL_ID_LEN)

#define SPOOL_STREAM_KEY    crypto_secretstream_xchacha20poly1305_KEYBYTES
#define SPOOL_STREAM_HEADER crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define SPOOL_STREAM_ADD    crypto_secretstream_xchacha20poly1305_ABYTES
#define SPOOL_SEALED_KEY    (SPOOL_STREAM_KEY + crypto_box_SEALBYTES)

#define SPOOL_TAG_MAIL     crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define SPOOL_TAG_ENVELOPE crypto_secretstream_xchacha20poly1305_TAG_PUSH
#define SPOOL_TAG_FINAL    crypto_secretstream_xchacha20poly1305_TAG_FINAL

/* The envelope's chunk may be larger than the mail's. */
#define SPOOL_ENVELOPE_MAX (4 * SPOOL_CHUNK)

#define SPOOL_HEAD_LEN (SPOOL_MAGIC_LEN + SPOOL_ID_LEN + SPOOL_SEALED_KEY + SPOOL_STREAM_HEADER)

static inline void spool_ad(const char *id, unsigned char ret[SPOOL_AD_LEN])
{
    memcpy(ret, SPOOL_AD_TAG, SPOOL_AD_TAG_LEN);
    memcpy(ret + SPOOL_AD_TAG_LEN, id, SPOOL_ID_LEN);
}

#endif
