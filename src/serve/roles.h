/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_ROLES_H
#define VULNDESK_SERVE_ROLES_H

#include "wire/role.h"

/*
 * The entry of each role that the supervisor starts as `vulndesk role NAME`.  Each runs until the
 * supervisor says stop and returns the process's exit code.
 */
int smtpd_main(void);
int httpd_main(enum role role);
int core_main(void);
int keys_main(void);
int net_main(void);
int worker_main(enum role role); /* worker or runner */

/* `vulndesk role NAME ...`; argv[0] is the role's name. */
int role_main(int argc, char **argv);

#endif
