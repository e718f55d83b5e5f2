/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_POLICY_H
#define VULNDESK_ENGINE_POLICY_H

#include "engine/engine.h"

/*
 * Changes of the policy, by git.
 *
 * engine_policy_apply: what a proposal makes of the policy as it is now.  Input, JSON, one of
 *   {"patch": text, "bases": [text, ...]}   a unified diff of one file, tried on the bases in turn,
 *                                           newest first; the first is the policy as it is now
 *   {"base": text, "new": text, "bases": [now]}   a text that was made from base
 * Answer {"applies": bool, "text": the policy with it, "base": what it applied to, "now": the
 * first base as it was asked, "why": text}.
 * When it applied to an older base (or base is not now), the two changes are merged line by line;
 * where they meet it does not apply.  The file's name in a patch is never used, the folder holds
 * nothing but these texts.
 *
 * engine_policy_commit: brings a kept repository (scratch/policy.git, branch main) up to date.
 *   args {"file": name}, input {"commits": [{"text", "author", "email", "at_us", "committer",
 *   "committer_email", "committed_us", "message"}, ...]}, all of them, oldest first
 * Answer {"ids": [hex, ...]}.  The ids depend on nothing else, so every machine has the same.
 */
#define ENGINE_POLICY_TEXT    (256 * 1024) /* bytes of a policy */
#define ENGINE_POLICY_PATCH   (768 * 1024)
#define ENGINE_POLICY_BASES   10
#define ENGINE_POLICY_COMMITS 2000
#define ENGINE_POLICY_REPO    "policy.git"

enum rc engine_policy_apply(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;
enum rc engine_policy_commit(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;

#endif
