/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_EDIT_H
#define VULNDESK_ENGINE_BACKPORT_EDIT_H

#include "engine/backport/whole.h"

/*
 * What a person made in place of a candidate, taken in: a patch (of git format-patch, or a plain
 * unified diff) that has to apply to the tip of the line as it is, or a bundle of git with one head
 * above that tip.  Only its tree counts: the commit is made anew, with author and message of the
 * fix, the parent that was asked for and a "Backport-notes:" line.
 */
#define EDIT_MAX         (4u << 20) /* bytes of an upload */
#define EDIT_OBJECTS_MAX 20000u     /* objects of a bundle */
#define EDIT_FILES_MAX   PICK_FILES_MAX

/*
 * The engine job.  args {"nth": any value, which is in the answer again, "case": N}, input
 * {"question": {"fix": [REV], "onto": REV}, "patch": TEXT or "bundle": BASE64}.  The answer is
 * {"nth", "line": one member of "lines" as in whole.h, with verdict "resolved", rules ["edited"]
 * and the obligations as they stand}.  RC_INVALID: it does not apply, or is none; the text says
 * where.
 */
enum rc engine_backport_edit(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;
/* Removes what the other jobs keep of a case: args {"case": N}; the answer is {}. */
enum rc engine_backport_forget(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;

#endif
