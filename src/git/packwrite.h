/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_PACKWRITE_H
#define VULNDESK_GIT_PACKWRITE_H

#include "git/objects.h"

/*
 * Writes many objects as one pack and its index (gitformat-pack(5): packs of version 2, indexes of
 * version 2), without deltas and without packing: what a run made is few and small, and two files
 * cost less than a file for each object.
 */
#define PACK_BYTES_MAX   (1u << 30)
#define PACK_OBJECTS_MAX 1000000u

struct pack_item {
    enum object_type type;
    struct str bytes;
    unsigned char id[GIT_OID_HEX / 2];
};
/*
 * Into objects/pack below the folder of objects; items get sorted by id, each id once.  Survives a
 * power cut: the index, by which git finds the pack, is there last.  n = 0: nothing to do.
 * RC_LIMIT: PACK_BYTES_MAX, PACK_OBJECTS_MAX, the disk; RC_IO.
 */
enum rc pack_write(int objects_dirfd, size_t hash_len, struct pack_item *items, size_t n,
                   struct err *e) WARN_UNUSED;

#endif
