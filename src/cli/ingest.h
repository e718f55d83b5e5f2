/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_INGEST_H
#define VULNDESK_CLI_INGEST_H

/*
 * `vulndesk ingest [--config FILE] [--from ADDRESS] [--to ADDRESS]...`: one mail from standard
 * input into the spool, durable when it returns 0.  Exit codes are those of sysexits(3), for an
 * MDA: EX_TEMPFAIL for whatever may pass, EX_DATAERR for an empty input, EX_NOUSER for an address
 * that is not ours.
 */
int ingest_main(int argc, char **argv);

#endif
