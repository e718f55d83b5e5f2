/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_RELEASE_H
#define VULNDESK_ENGINE_BACKPORT_RELEASE_H

#include "engine/engine.h"
#include "git/name.h"

/*
 * A settled backport on its way out: one commit on one private branch, as a git bundle.  The
 * desk's key never comes here: the engine says whose change it is, the desk makes the commit, has
 * it signed and gives its bytes back, and the engine packs what the line lacks.
 *
 * The engine job: args {"nth": any value, which is in the answer again, "case": N}, and one of two
 * inputs.
 *   {"commit": ID}   the settled candidate; the answer is {"nth", "author": "NAME <ADDRESS> SECONDS
 *                    ZONE"}
 *   {"object": TEXT, "parent": ID, "ref": "refs/heads/..."}   a commit of the tree of the
 *                    candidate; the answer is {"nth", "commit": ID, "bundle": BASE64}: one
 *                    head, the parent wanted; version 2, where ids are of SHA-256 version 3
 * RC_INVALID: they do not fit together; RC_NOTFOUND: an object is missing; RC_LIMIT: the bundle is
 * larger than BUNDLE_MAX.  Nothing is written but the commit, into the objects of the case.
 */
#define BUNDLE_MAX         (6u << 20)
#define RELEASE_OBJECT_MAX (256u << 10) /* bytes of the commit */
#define RELEASE_REF        "refs/heads/"

enum rc engine_backport_release(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;

#endif
