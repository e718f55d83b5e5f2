/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands.  Runs as the user who typed one, or as the supervisor.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/args.h"
#include "cli/backup.h"
#include "cli/case.h"
#include "cli/config.h"
#include "cli/import.h"
#include "cli/ingest.h"
#include "cli/init.h"
#include "cli/receipt.h"
#include "cli/verify.h"
#include "serve/roles.h"
#include "serve/supervisor.h"

static int serve_main(int argc, char **argv)
{
    struct arg known[] = {{.name = "--config"}};
    struct args a = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    AUTO(settings) struct settings *set = NULL;
    log_init("supervisor", LOG_INFO_);
    if (args_parse(&a, argc, argv, &e) != RC_OK || a.n_words > 0) {
        fprintf(stderr, "vulndesk serve: %s\n", e.msg[0] ? e.msg : "takes no words");
        return EX_USAGE;
    }
    enum rc rc = settings_load(known[0].value ? known[0].value : SETTINGS_FILE, NULL, &set, &e);
    int code = rc == RC_OK ? supervisor_run(set, &e) : EX_CONFIG;
    if (e.rc != RC_OK)
        fprintf(stderr, "vulndesk serve: %s\n", e.msg);
    return code;
}

static int version_main(int argc, char **argv)
{
    printf("vulndesk " VULNDESK_VERSION "\n");
    return 0;
}

static int help_main(int argc, char **argv);

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"init", init_main, "make a desk from a project's SECURITY.md and repository"},
    {"config", config_main, "check or show the configuration"},
    {"serve", serve_main, "open the desk"},
    {"import", import_main, "make cases of an old mailbox"},
    {"ingest", ingest_main, "take one mail from standard input"},
    {"case", case_main, "list, show, answer and change cases"},
    {"advisory", advisory_main, "write, approve, publish and withdraw announcements"},
    {"quarantine", quarantine_main, "what is held, quarantined or spam"},
    {"third-party", third_party_main, "reports that belong to somebody else's software"},
    {"policy", policy_main, "proposals to the security policy: look, merge, reject, export"},
    {"user", user_main, "the people of the team"},
    {"receipt", receipt_main, "verify the receipt of an acknowledgement"},
    {"verify", verify_main, "check the store against itself, offline"},
    {"waiting", waiting_main, "what waits for a person: send or drop it"},
    {"backup", backup_main, "copy the desk to a folder while it runs"},
    {"restore", restore_main, "make a desk from a backup"},
    {"version", version_main, "print the version"},
    {"help", help_main, "this list"},
};

static int help_main(int argc, char **argv)
{
    printf("usage: vulndesk COMMAND ...\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-11s %s\n", commands[i].name, commands[i].help);
    printf("\nEach command is described in vulndesk(1), the settings in vulndesk.conf(5).\n");
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    if (strcmp(name, "role") == 0)
        return role_main(argc - 2, argv + 2);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "vulndesk: unknown command (vulndesk help lists them)\n");
    return EX_USAGE;
}
