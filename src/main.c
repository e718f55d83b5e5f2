/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands.  Runs as the user who typed one, or as the supervisor.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/affected.h"
#include "cli/audit.h"
#include "cli/backport.h"
#include "cli/args.h"
#include "cli/backup.h"
#include "cli/config.h"
#include "cli/import.h"
#include "cli/ingest.h"
#include "cli/init.h"
#include "cli/receipt.h"
#include "cli/verb.h"
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

#define VERBS NULL /* shown by cli/verb.c */

/* clang-format off */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* EX_USAGE: said why, the usage follows */
    const char *help, *usage;
} commands[] = {
    {"init", init_main, "make a desk from a project's SECURITY.md and repository",
     "--policy FILE --handler \"NAME <ADDRESS>\" [--repo DIR] [--dir DIR]\n"
     "           [--name TEXT] [--prefix P] [--contact ADDRESS[,ADDRESS...]]\n"
     "           [--maintained BRANCH[,BRANCH...]] [--base-url URL] [--staff-url URL]\n"
     "           [--store URL] [--login LOGIN]"},
    {"config", config_main, "check or show the configuration",
     "check|show [--config FILE] [--json]"},
    {"serve", serve_main, "open the desk", "[--config FILE]"},
    {"case", verb_main, "find, answer and change cases", VERBS},
    {"quarantine", verb_main, "decide about messages that are no case yet", VERBS},
    {"advisory", verb_main, "write, approve, publish and withdraw announcements", VERBS},
    {"third-party", verb_main, "route reports about somebody else's software", VERBS},
    {"policy", verb_main, "look at, merge, reject and export proposals to the policy", VERBS},
    {"user", verb_main, "the people of the team", VERBS},
    {"waiting", verb_main, "send or drop what waits for a person", VERBS},
    {"affected", affected_main, "tell which releases of a repository hold a flaw",
     "--repo DIR --fix REV[,REV...] [--fix ...] [--introduced REV[,REV...]]\n"
     "           [--at PATH:START-END ...] [--tags PATTERN] [--all] [--json] [--svg FILE]\n"
     "           [--branches NAME[,NAME...]] [--cache DIR]\n"
     "       vulndesk affected --repo DIR --batch FILE [--tags PATTERN] [--cache DIR]"},
    {"audit", audit_main, "look for places with the same flaw in a repository",
     "--repo DIR [--repo DIR2 ...] --fix REV[,REV...] [--hunk PATH:START-END ...]\n"
     "           [--at REV] [--branches PATTERN[,PATTERN...]] [--limit N] [--cut SCORE]\n"
     "           [--rule FILE ...] [--json] [--cache DIR]\n"
     "       vulndesk audit --repo DIR --like PATH:START-END --at REV [...]\n"
     "       vulndesk audit --repo DIR [--repo DIR2 ...] --batch FILE [--limit N] [--cache DIR]"},
    {"backport", backport_main, "carry a fix to the release lines of a repository",
     "--repo DIR --fix REV[,REV...] --onto REV[,REV...] [--objects DIR] [--diff] [--json]\n"
     "           [--cache DIR]\n"
     "       vulndesk backport --repo DIR --batch FILE [--objects DIR] [--cache DIR]"},
    {"ingest", ingest_main, "take one mail from standard input",
     "[--from ADDRESS] [--to ADDRESS ...] [--config FILE]"},
    {"import", import_main, "make cases of an old mailbox",
     "FILE.mbox [--closed] [--json] [--config FILE]"},
    {"receipt", receipt_main, "verify the receipt of an acknowledgement",
     "verify FILE [--key FILE | --config FILE]"},
    {"verify", verify_main, "check the store against itself, offline",
     "[--checkpoint FILE] [--collect] [--json] [--config FILE]"},
    {"backup", backup_main, "copy the desk to a folder while it runs",
     "DIR [--without-keys] [--config FILE]"},
    {"restore", restore_main, "make a desk from a backup",
     "--from DIR --dir NEWDIR [--store URL] [--keys DIR]"},
    {"version", version_main, "print the version", ""},
    {"help", help_main, "this list", ""},
};
/* clang-format on */

static int help_main(int argc, char **argv)
{
    printf("usage: vulndesk COMMAND ...\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].help);
    printf("\n`vulndesk COMMAND --help` shows its words and options; more in vulndesk(1), the\n"
           "settings in vulndesk.conf(5).\n");
    return 0;
}

/* Commands that scripts feed with batches leave with 2 for wrong usage, not with EX_USAGE. */
#define BATCH_USAGE 2
static bool run_is_batch(const char *name)
{
    return strcmp(name, "affected") == 0 || strcmp(name, "audit") == 0 ||
           strcmp(name, "backport") == 0;
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
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        const char *usage = commands[i].usage;
        bool asked = usage && argc > 2 && strcmp(argv[2], "--help") == 0;
        int code = asked ? 0 : commands[i].run(argc - 1, argv + 1);
        if (usage && (asked || code == EX_USAGE))
            fprintf(asked ? stdout : stderr, "usage: vulndesk %s %s\n", name, usage);
        return code == EX_USAGE && run_is_batch(name) ? BATCH_USAGE : code;
    }
    fprintf(stderr, "vulndesk: unknown command (vulndesk help lists them)\n");
    return EX_USAGE;
}
