/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_VENDOR_SOURCE_H
#define VULNDESK_ENGINE_AUDIT_VENDOR_SOURCE_H

#include "engine/audit/vendor_words.h"

/*
 * What program text says of its own version, where no manifest does.  `name` is what the copy is
 * called (its folder or file): what is said of anything else does not count.  Where a text says two
 * different things it says nothing.  Each returns whether ret was filled (a version at least).
 */
#define VENDOR_HEAD_LINES 40 /* lines of the first comment that are looked at */

/* C: #define NAME_VERSION "1.2.3", or NAME_VERSION_MAJOR, _MINOR, _PATCH and what else they are
 * called. */
bool vendor_macros(struct str text, struct str name, struct vendor_said *ret);
/* VERSION = '1.2', __version__ = "1.2", our $VERSION = '1.2', const Version = "1.2", ... */
bool vendor_assigned(struct str text, struct str name, struct vendor_said *ret);

/*
 * First comment of a file: a line "NAME 1.2", else a line "@version 1.2".  ret->name is what it
 * says itself, "" when it gives a version only.  kept: the comment is one that minifiers keep, or
 * names a licence, a copyright or an address, as published files do and others hardly.
 */
bool vendor_comment(struct str text, struct vendor_said *ret, bool *ret_kept);

/* First line of a README: "# NAME 1.2.3", nothing behind the version. */
bool vendor_readme(struct str text, struct vendor_said *ret);
/* First heading of a list of changes that has a version and a year; nothing when one of what is
 * not released stands before it. */
bool vendor_changes(struct str text, struct vendor_said *ret);

/* A licence: the first holder of a copyright that it names ("" none), years left out. */
bool vendor_holder(struct str text, struct str *ret_holder);

#endif
