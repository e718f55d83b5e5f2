/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_WORKER_H
#define VULNDESK_SERVE_WORKER_H

#include "base/err.h"

/*
 * The role "worker": starts a confined child for each hostile item and hands the result back.  It
 * holds neither database nor keys nor network.
 */
#define WORKER_CHILDREN_MAX 4   /* children at once */
#define WORKER_QUEUE_MAX    256 /* items waiting; core holds the rest as tasks */

#endif
