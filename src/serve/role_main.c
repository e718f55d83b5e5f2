/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vulndesk role NAME`: the re-executed binary finds its role.  The command line is our own.
 */
#include <signal.h>
#include <sysexits.h>

#include "base/log.h"
#include "mime/parse.h"
#include "serve/engine.h"
#include "serve/rights.h"
#include "serve/roles.h"

/* The libraries are warm before the rights go: afterwards nothing can be opened. */
static int parse_role(int argc, char **argv)
{
    struct rights_places places = {.data_dir = "/nonexistent"};
    struct rights rights;
    struct sandbox_summary got;
    struct err e = ERR_INIT;
    parse_child_warm();
    enum rc rc = rights_of(ROLE_PARSE, &places, &rights, &e);
    if (rc == RC_OK)
        rc = sandbox_apply(&rights.rules, &got, &e);
    if (rc != RC_OK) {
        log_event(LOG_ERROR_, "start-failed", "why=\"%s\"", e.msg);
        return EX_OSERR;
    }
    return parse_child_main(argc - 1, argv + 1);
}

int role_main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    enum role role = ROLE_SUPERVISOR;
    if (role_parse(str_c(argc > 0 ? argv[0] : ""), &role, &e) != RC_OK) {
        fprintf(stderr, "vulndesk role: %s\n", e.msg);
        return EX_USAGE;
    }
    log_init(role_name(role), LOG_INFO_);
    signal(SIGPIPE, SIG_IGN);
    switch (role) {
    case ROLE_SMTPD:
        return smtpd_main();
    case ROLE_HTTPD_PUBLIC:
    case ROLE_HTTPD_STAFF:
        return httpd_main(role);
    case ROLE_CORE:
        return core_main();
    case ROLE_KEYS:
        return keys_main();
    case ROLE_NET:
        return net_main();
    case ROLE_WORKER:
    case ROLE_RUNNER:
        return worker_main(role);
    case ROLE_PARSE:
        return parse_role(argc, argv);
    case ROLE_ENGINE:
        return engine_main(argc, argv);
    default:
        fprintf(stderr, "vulndesk role: %s is not started this way\n", role_name(role));
        return EX_USAGE;
    }
}
