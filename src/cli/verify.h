/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_VERIFY_H
#define VULNDESK_CLI_VERIFY_H

#include "desk/settings.h"
#include "store/db.h"

/*
 * `vulndesk verify [--config FILE] [--json] [--checkpoint FILE] [--collect]`: checks chains, log,
 * checkpoints and blobs without the desk running (or beside it), and names the first bad row.  With
 * --checkpoint: does the log of now continue the receipt or checkpoint in that file?
 * With --collect, after all was found whole, sealed files that no row names (a crash leaves them)
 * and that are older than a day are removed.
 * Exit: 0 all is whole, 1 something is bad, else as sysexits(3) when it could not be checked.
 */
int verify_main(int argc, char **argv);

/* The whole check, told on standard output; *ret_bad rows are bad. */
enum rc verify_all(const struct settings *set, struct db *db, bool json, int64_t *ret_bad,
                   struct err *e) WARN_UNUSED;

#endif
