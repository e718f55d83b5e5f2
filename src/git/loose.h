/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_LOOSE_H
#define VULNDESK_GIT_LOOSE_H

#include "git/name.h"
#include "git/objects.h"

/*
 * Writes objects as git keeps single ones (gitrepository-layout(5): objects/xx/yyyy): a zlib stream
 * (RFC 1950) of "TYPE SIZE", NUL and the bytes.  The stream is made of stored blocks: these objects
 * are few and short-lived, so packing them would cost more than it saves, and we need no library
 * for it.  Git packs them when it is told to.
 */

/* Bytes of an id: 20 or 32. */
size_t loose_hash_len(const char *object_format);
/* The id that such an object has, full hex with NUL. */
void loose_id(enum object_type type, struct str bytes, size_t hash_len,
              char ret_oid[GIT_OID_HEX + 1]);

/* Appends the zlib stream of these bytes. */
void loose_stream(struct buf *z, struct str bytes);

/* Into the folder of objects, in place, for children that read it now: what has to outlive our
 * process goes into a pack (git/packwrite.h).  Fine when it is there already.  RC_IO, RC_LIMIT. */
enum rc loose_write(int objects_dirfd, enum object_type type, struct str bytes, size_t hash_len,
                    char ret_oid[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;

/*
 * A file for one throw-away object after the other: making a new file costs far more than giving
 * this one other bytes and another name.  Whoever reads the object must be done with it before the
 * next one, and no other file may hold an object that it gets.
 */
struct loose_file {
    int fd; /* -1: none yet */
    char oid[GIT_OID_HEX + 1];
};
#define LOOSE_FILE_INIT                                                                            \
    {                                                                                              \
        .fd = -1, .oid = ""                                                                        \
    }
enum rc loose_reuse(int objects_dirfd, struct loose_file *f, enum object_type type,
                    struct str bytes, size_t hash_len, struct err *e) WARN_UNUSED;
void loose_file_close(struct loose_file *f); /* the object stays */

#endif
