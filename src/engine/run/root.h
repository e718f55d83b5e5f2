/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_ROOT_H
#define VULNDESK_ENGINE_RUN_ROOT_H

#include "base/err.h"
#include "base/str.h"

/*
 * Root filesystems that the team prepared for its release lines: a folder, or a tar (ustar, pax or
 * GNU; not compressed) that is unpacked once into a kept folder.  A program in the sandbox sees it
 * read-only.  A tar is an archive like any other: nothing of it lands outside of its folder.
 */

#define ROOT_FILES_MAX 1000000u
#define ROOT_BYTES_MAX (UINT64_C(32) << 30)
#define ROOT_DEPTH_MAX 100u
#define ROOT_NAME_MAX  4096u       /* bytes of a path in the archive */
#define ROOT_LONG_MAX  (64u << 10) /* bytes of a long name's or pax record */
#define ROOT_TIME_MS   1800000
#define ROOTS_FOLDER   "roots" /* kept in the folder that holds the scratch folders */
#define ROOTS_KEPT     8u      /* unpacked ones; the one that was not used longest goes */

/*
 * The folder for a place (absolute).  A folder is taken as it is when it looks like a root
 * filesystem (it has usr or bin) and neither holds nor lies in `kept_from` (the desk's own data);
 * RC_DENIED, RC_INVALID.  A tar is unpacked below cache unless that was done before with the same
 * file (its size and time of change).  *ret_hold is a descriptor: as long as it is open, nobody
 * removes the folder; -1 for a folder of the team's.  RC_NOTFOUND: nothing is there.
 */
enum rc root_open(const char *place, const char *cache, const char *kept_from, char *ret_dir,
                  size_t dir_size, int *ret_hold, struct err *e) WARN_UNUSED;

/*
 * Unpacks into the empty folder dirfd.  Files, folders, links and hard links; owners are dropped,
 * permissions are without setuid, setgid and sticky.  RC_INVALID: a damaged archive, a path with
 * "..", an absolute one, one through a link, a device or FIFO, a hard link to something that is not
 * in it; RC_LIMIT.  Symbolic links are kept as they are: they are only followed inside the sandbox.
 */
enum rc root_unpack(int tar, int dirfd, struct err *e) WARN_UNUSED;

#endif
