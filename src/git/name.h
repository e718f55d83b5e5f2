/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_NAME_H
#define VULNDESK_GIT_NAME_H

#include "base/str.h"

/*
 * Which names we hand to git at all.  Stricter than git: a name that could be read as an option, a
 * revision expression or a second line of a batch never gets that far.
 */
#define GIT_NAME_MAX 250  /* bytes of a branch's or tag's name */
#define GIT_PATH_MAX 4096 /* bytes of a path inside a repository */
#define GIT_OID_HEX  64   /* digits of the longest object id (SHA-256) */

/* A short or full name of a branch or tag (git-check-ref-format(1)), UTF-8, not starting with '-'.
 */
bool git_ref_ok(struct str name);
/* 40 or 64 lower-case hexadecimal digits. */
bool git_oid_ok(struct str oid);
/* A relative path without "..", ".", empty parts, NUL or line ends; any other byte. */
bool git_path_ok(struct str path);

#endif
