/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_REPORTS_H
#define VULNDESK_ENGINE_RUN_REPORTS_H

#include "engine/run/results.h"

/*
 * Reports that tests write into files (JUnit's XML).  The folder was in the hands of a hostile
 * program: no link is followed, nothing but plain files is read, sizes and numbers are bounded.
 */
#define REPORTS_FILES_MAX 5000u                 /* that are read */
#define REPORTS_BYTES_MAX (UINT64_C(256) << 20) /* of all */

/* Removes what stands at these names (a file, or *.xml of a folder) in dir, so that a report is of
 * this run.  What cannot be removed is RC_INVALID. */
enum rc reports_remove(const char *dir, const struct str *names, size_t n, struct err *e)
    WARN_UNUSED;
/* Reads what stands there; what cannot be read is as if it were not there, but one that is no whole
 * XML counts as a failed test of its name. */
void reports_read(const char *dir, const struct str *names, size_t n, struct results *r);

#endif
