/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_IMPORT_H
#define VULNDESK_CLI_IMPORT_H

/*
 * vulndesk import FILE.mbox [--closed] [--json] [--config FILE]: the mails of an old mailbox become
 * cases of the running desk.  Exit codes of sysexits(3).
 */
#define IMPORT_MAILS_MAX  (1u << 20)
#define IMPORT_FILE_MAX   ((int64_t)16 << 30) /* bytes of a file */
#define IMPORT_AT_ONCE    8                   /* mails that the desk has in hand */
#define IMPORT_PATIENCE_S 300                 /* without any of them being taken in */
int import_main(int argc, char **argv);

#endif
