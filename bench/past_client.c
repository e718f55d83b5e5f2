/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks what release lines have of a fix, for bench/past.
 *
 * past_client REPO already|affected|locate [WITHOUT]: each line of stdin is "FIX ONTO..." (full
 * ids); prints one JSON line for each ONTO.  WITHOUT is a sum of PAST_RULE_... that do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/backport/locate.h"
#include "engine/backport/past.h"

#define LINE_BYTES 8192
#define MEMORY     (UINT64_C(2) << 30)

struct client {
    struct git *git;
    struct objects *objects;
    struct locate *locate;
    const char *what;
    unsigned without;
};

static double cpu_ms(void)
{
    double sum = 0;
    const int who[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < ARRAY_LEN(who); i++) {
        struct rusage r;
        (void)getrusage(who[i], &r);
        sum += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
               (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
    }
    return sum;
}

static enum rc already(struct client *c, const struct past_ask *ask, struct arena *a, struct err *e)
{
    struct past_already r[PAST_ONTO_MAX];
    double from = cpu_ms();
    TRY(past_already(ask, a, r, e));
    double ms = cpu_ms() - from;
    (void)c;
    for (size_t i = 0; i < ask->n_onto; i++)
        printf("{\"fix\": \"%.*s\", \"onto\": \"%.*s\", \"state\": \"%s\", \"rule\": \"%s\", "
               "\"commit\": \"%s\", \"back\": \"%s\", \"why\": \"%.*s\", \"ms\": %.2f}\n",
               STR_ARG(ask->fix), STR_ARG(ask->onto[i]), past_state_name(r[i].state), r[i].rule,
               r[i].commit, r[i].back, STR_ARG(r[i].why), ms);
    return RC_OK;
}

static enum rc affected(const struct past_ask *ask, struct arena *a, struct err *e)
{
    for (size_t i = 0; i < ask->n_onto; i++) {
        struct past_affected r;
        double from = cpu_ms();
        TRY(past_affected(ask, i, a, &r, e));
        printf("{\"fix\": \"%.*s\", \"onto\": \"%.*s\", \"state\": \"%s\", \"rule\": \"%.*s\", "
               "\"ms\": %.2f}\n",
               STR_ARG(ask->fix), STR_ARG(ask->onto[i]), r.affected ? "affected" : "not-affected",
               STR_ARG(r.why), cpu_ms() - from);
    }
    return RC_OK;
}

static enum rc blob_at(struct client *c, struct str commit, struct str path, struct arena *a,
                       struct str *ret_text, char *ret_oid, struct err *e)
{
    struct object o;
    TRY(objects_file(c->objects, commit, path, LOCATE_FILE_MAX, &o, e));
    *ret_text = arena_str(a, o.body);
    memcpy(ret_oid, o.oid, sizeof o.oid);
    return RC_OK;
}

/* "FIX PARENT ONTO PATH" */
static enum rc locate(struct client *c, struct str rest, struct arena *a, struct err *e)
{
    struct str fix, parent, onto;
    struct locate_ask ask;
    struct locate_found f;
    char oid[GIT_OID_HEX + 1], none[GIT_OID_HEX + 1];
    if (!str_cut(&rest, ' ', &fix) || !str_cut(&rest, ' ', &parent) || !str_cut(&rest, ' ', &onto))
        return RC_OK;
    ask = (struct locate_ask){.path = rest, .base_tree = parent, .release_tree = onto};
    TRY(blob_at(c, parent, rest, a, &ask.base, oid, e));
    TRY(blob_at(c, fix, rest, a, &ask.fix, none, e));
    ask.base_oid = str_c(oid);
    double from = cpu_ms();
    TRY(locate_run(c->locate, &ask, a, &f, e));
    printf("{\"fix\": \"%.*s\", \"onto\": \"%.*s\", \"path\": \"%.*s\", \"rule\": \"%s\", \"at\": "
           "\"%.*s\", \"share\": %.3f, \"held\": %zu, \"edits\": %zu, \"ms\": %.2f}\n",
           STR_ARG(fix), STR_ARG(onto), STR_ARG(rest), locate_rule_name(f.rule), STR_ARG(f.path),
           f.share, f.held, f.edits, cpu_ms() - from);
    return RC_OK;
}

static enum rc line(struct client *c, char *text, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(MEMORY);
    struct str rest = str_trim(str_c(text)), onto[PAST_ONTO_MAX];
    struct past_ask ask = {.locate = c->locate,
                           .git = c->git,
                           .objects = c->objects,
                           .onto = onto,
                           .without = c->without};
    if (strcmp(c->what, "locate") == 0)
        return locate(c, rest, a, e);
    if (!str_cut(&rest, ' ', &ask.fix))
        return RC_OK;
    while (ask.n_onto < PAST_ONTO_MAX && str_cut(&rest, ' ', &onto[ask.n_onto]))
        ask.n_onto++;
    if (strcmp(c->what, "affected") == 0)
        return affected(&ask, a, e);
    return already(c, &ask, a, e);
}

static enum rc run(struct client *c, const char *repo, struct err *e)
{
    static char text[LINE_BYTES];
    AUTO(git) struct git *git = NULL;
    AUTO(objects) struct objects *objects = NULL;
    TRY(git_open(repo, NULL, &git, e));
    TRY(objects_open(git, &objects, e));
    TRY(locate_open(git, objects, &c->locate, e));
    c->git = git;
    c->objects = objects;
    while (fgets(text, sizeof text, stdin)) {
        enum rc rc = line(c, text, e);
        if (rc != RC_OK)
            fprintf(stderr, "past_client: %s\n", e->msg);
    }
    locate_close(c->locate);
    return RC_OK;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    uint64_t without = 0;
    if (argc > 3 && num_parse(str_c(argv[3]), 0, 15, "WITHOUT", &without, &e) != RC_OK)
        argc = 0;
    struct client c = {.what = argc > 2 ? argv[2] : "", .without = (unsigned)without};
    if (argc < 3 || run(&c, argv[1], &e) != RC_OK) {
        fprintf(stderr, "past_client: %s\n", argc < 3 ? "REPO already|affected|locate" : e.msg);
        return 1;
    }
    return 0;
}
