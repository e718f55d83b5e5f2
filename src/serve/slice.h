/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_SLICE_H
#define VULNDESK_SERVE_SLICE_H

#include "base/json.h"
#include "desk/settings.h"
#include "wire/role.h"

/*
 * The part of the settings that a role gets to see, as JSON; made by the supervisor, which alone
 * reads the configuration and the files it names.
 */
struct slice_user {
    int64_t uid, gid; /* 0 = stay who we are */
};

/* New reference in *ret_j.  RC_IO and the like when a file that the role needs cannot be read. */
enum rc slice_make(const struct settings *set, enum role role, unsigned index, struct slice_user u,
                   json_t **ret_j, struct err *e) WARN_UNUSED;

#endif
