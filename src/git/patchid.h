/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_PATCHID_H
#define VULNDESK_GIT_PATCHID_H

#include "base/str.h"

/*
 * The id of a patch that `git patch-id --stable` prints (git-patch-id(1)): what changed, without
 * white space, line numbers and the order of files.  In a SHA-256 repository it has 32 bytes.
 */
#define PATCH_ID_MAX 32

/* patch is one commit's diff as git prints it; false (and zeros) when there is nothing to hash. */
bool patch_id(struct str patch, bool sha256_repo, unsigned char ret[PATCH_ID_MAX]);

#endif
