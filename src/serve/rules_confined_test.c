/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structural rules under the rights that the engine child really has: the tools must still start in
 * it, confined a second time.  Skipped, aloud, where no tool is installed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "engine/audit/rules.h"
#include "os/file.h"
#include "serve/rights.h"

#define SKIPPED 77
#define NO_BOX  78

static enum lang lang(void *arg, size_t i)
{
    return LANG_C;
}

static enum rc text(void *arg, size_t i, struct str *ret, struct err *e)
{
    *ret = STR("int f(char *d, const char *s)\n{\n    strcpy(d, s);\n}\n");
    return RC_OK;
}

static enum rc confine(const char *scratch, struct err *e)
{
    static struct rights rights;
    struct rights_places places = {.data_dir = "/nonexistent", .scratch = scratch};
    struct sandbox_summary got;
    TRY(rights_of(ROLE_ENGINE, &places, &rights, e));
    rights.rules.require = true;
    return sandbox_apply(&rights.rules, &got, e);
}

/* 0: found what is there; SKIPPED, NO_BOX; else a failure. */
static int child(const char *scratch)
{
    const struct rule rules[] = {
        {STR("cocci"), STR("@@\nexpression a, b;\n@@\n* strcpy(a, b)\n")},
        {STR("yaml"), STR("language: C\nid: x\nrule: {pattern: 'strcpy($A, $B)'}\n")}};
    struct err e = ERR_INIT;
    if (confine(scratch, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return NO_BOX;
    }
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct rules_ask ask = {
        .rules = rules, .n_rules = 2, .n_files = 3, .lang = lang, .text = text, .scratch = scratch};
    struct rules_answer got;
    if (rules_run(&ask, a, &got, &e) != RC_OK) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    int ran = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct rule_told *t = &got.told[i];
        printf("%s: %s %.*s\n", rule_tool_name(t->tool), rule_state_name(t->state),
               STR_ARG(t->words));
        if (t->state == RULE_NO_TOOL)
            continue;
        if (t->state != RULE_DONE || t->n_hits != 3)
            return 1;
        ran++;
    }
    return ran ? 0 : SKIPPED;
}

int main(void)
{
    char scratch[] = "/tmp/rules-confined-XXXXXX";
    struct err e = ERR_INIT;
    int status;
    if (!mkdtemp(scratch))
        return 1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(child(scratch));
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 1;
    if (dir_remove(AT_FDCWD, scratch, &e) != RC_OK)
        return 1;
    int code = WEXITSTATUS(status);
    if (code == SKIPPED)
        printf("SKIP rules-confined: neither spatch nor ast-grep is installed\n");
    if (code == NO_BOX)
        printf("SKIP rules-confined: this machine cannot confine a role\n");
    return code == NO_BOX ? SKIPPED : code;
}
