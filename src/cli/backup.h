/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_BACKUP_H
#define VULNDESK_CLI_BACKUP_H

/*
 *   vulndesk backup DIR [--without-keys] [--config FILE]
 *   vulndesk restore --from DIR --dir NEWDIR [--store URL] [--keys DIR]
 *
 * What a backup holds (cli/archive.h), in the order in which it is taken, which loses nothing while
 * the desk runs:
 *   1. home/data/spool/new/   records are deleted only after their commit, so what is gone from
 *                             here is in 2; taking one in twice changes nothing
 *   2. home/data/db/desk.db or desk.dump   one moment of the database (store/snapshot.h)
 *   3. home/data/blobs/       those that 2 names; blobs never change
 *   4. home/data/...          the rest: public keys, the policy's repository; keys/ unless they are
 *                             kept elsewhere
 *   5. home/...               policy, component map, templates; vulndesk.conf
 * Not in it: files with passwords, certificates, mirrors of repositories, caches of engines.
 */
int backup_main(int argc, char **argv);
/* Into a new folder and an empty database; the last step begins a new epoch (desk/epoch.h). */
int restore_main(int argc, char **argv);

/* Names inside the archive. */
#define BACKUP_HOME "home"
#define BACKUP_DATA BACKUP_HOME "/data"
#define BACKUP_CONF "vulndesk.conf"
#define BACKUP_DB   BACKUP_DATA "/db/desk.db"
#define BACKUP_DUMP "desk.dump"

#endif
