/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_WORKER_H
#define VULNDESK_SERVE_WORKER_H

#include "base/err.h"

/*
 * The role "worker": starts a confined child for each hostile item and hands the result back.  It
 * holds neither database nor keys nor network.  Items are mails and attachments (parse) and engine
 * jobs (serve/engine.h); jobs have children of their own, so that a long one keeps no mail waiting.
 *
 * The role "runner" is the same program without Landlock: it takes nothing but the jobs that run
 * foreign programs (ENGINE_RUN), because Landlock, which children inherit, forbids bubblewrap's
 * mounts.  It has the worker's user: both read the objects that the engine's jobs keep.
 */
#define WORKER_CHILDREN_MAX 4   /* children at once */
#define WORKER_JOBS_MAX     2   /* engine children beside them */
#define WORKER_QUEUE_MAX    256 /* items waiting; core holds the rest as tasks */
#define WORKER_JOB_SAYS     400 /* bytes of a failed job's words that are handed on */

#endif
