/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_CONFIG_H
#define VULNDESK_CLI_CONFIG_H

#include "desk/settings.h"

/*
 * `vulndesk config check|show [--config FILE] [--json]`.  FILE is vulndesk.conf in the current
 * folder unless named.  Exit codes: 0 good (notes allowed), 1 problems, 64 usage, others as
 * sysexits(3) when the file cannot be read.
 */
int config_main(int argc, char **argv);

/*
 * What a configuration needs outside its own file: policy, templates, listeners, keys,
 * certificates, password, repository, component map.  Opens listeners for a moment, changes
 * nothing.
 */
#define CONFIG_FINDINGS 100
enum finding_level { FINDING_NOTE, FINDING_ERROR };
struct finding {
    enum finding_level level;
    const char *setting; /* "policy.file" */
    struct str text;
};
struct findings {
    struct arena *a;
    struct finding v[CONFIG_FINDINGS];
    size_t n, errors;
};
void config_check(const struct settings *s, struct findings *f);

#endif
