/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_AUDIT_H
#define VULNDESK_CLI_AUDIT_H

/* `vulndesk audit`: vulndesk-audit(1).  argv[0] is "audit".  Returns the exit status. */
int audit_main(int argc, char **argv);

#endif
