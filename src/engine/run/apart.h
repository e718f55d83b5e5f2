/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_APART_H
#define VULNDESK_ENGINE_RUN_APART_H

#include "os/sandbox.h"

/*
 * Work on a stranger's bytes in a child of its own.  Who starts bubblewrap must be free to mount
 * and so is not confined itself; what it has to read of a repository or an archive it reads in
 * such a child, which may read that and write into one folder.
 */

#define APART_OUT_MAX 4096 /* bytes of a result */

typedef enum rc (*apart_fn)(void *arg, struct err *e);

struct apart {
    const char *read[4];  /* folders and files to read; NULL: no more */
    const char *write[2]; /* folders to do everything in; they exist */
    apart_fn fn;
    void *arg;
    void *out; /* a part of arg, which the child fills and the parent gets; out_size may be 0 */
    size_t out_size;
    int timeout_ms;
};

/* What fn returned, in the child.  RC_TIMEOUT: it was killed; RC_IO: it died. */
enum rc apart_run(const struct apart *a, struct err *e) WARN_UNUSED;

#endif
