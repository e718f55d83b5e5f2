/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_RIGHTS_H
#define VULNDESK_SERVE_RIGHTS_H

#include "os/sandbox.h"
#include "wire/role.h"

/*
 * The one table of what each role may do (rights.c).  The data folder has these parts, none inside
 * another: spool/tmp, spool/new, blobs, keys, db, engine, run.
 */

#define RIGHTS_MIRRORS_MAX 16

/* Where things are on this machine and what the settings ask for; all borrowed. */
struct rights_places {
    const char *data_dir; /* absolute */
    bool pg_unix;         /* core: PostgreSQL by its unix socket */
    uint16_t pg_port;     /* core: PostgreSQL by TCP on this port; 0 = not */
    const char *ca_file;  /* net: CA certificates besides the system's, or NULL */
    const char *imap_ca;  /* net: the same for the mailbox's server */
    /* net: the only TCP ports it connects to (DNS comes along); 0 of them = any. */
    uint16_t net_ports[SANDBOX_PORTS_MAX - 2];
    size_t net_port_count;
    const char *mirror; /* engine: one mirror; worker: the folder of all mirrors; NULL = none */
    const char *mirrors[RIGHTS_MIRRORS_MAX]; /* further ones, to be read the same way */
    size_t n_mirrors;
    const char *scratch; /* engine: its folder; worker: the folder of all of them; NULL = none */
};

#define RIGHTS_TEXT_MAX (16 * 1024)

/* The rules, and the memory of their paths: not to be copied. */
struct rights {
    struct sandbox_rules rules;
    char text[RIGHTS_TEXT_MAX];
    size_t used;
};

/*
 * Rules of a role; the caller adds uid, gid, require and the descriptors to keep, then calls
 * sandbox_apply.  RC_DENIED for supervisor and cli, which have no table: the supervisor keeps its
 * rights.  RC_LIMIT when a path is too long.
 */
enum rc rights_of(enum role role, const struct rights_places *places, struct rights *ret_rights,
                  struct err *e) WARN_UNUSED;

#endif
