/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of commands.  Runs as the user who typed them.
 */
#include "cli/args.h"

static struct arg *find(struct args *a, struct str name)
{
    for (size_t i = 0; i < a->n_known; i++)
        if (str_eq(name, str_c(a->known[i].name)))
            return &a->known[i];
    return NULL;
}

static enum rc take_value(struct arg *k, const char *value, struct err *e)
{
    if (!k->many && k->value)
        return err_set(e, RC_INVALID, "%s stands twice", k->name);
    k->value = value;
    if (!k->many)
        return RC_OK;
    if (k->n_values == k->max_values)
        return err_set(e, RC_LIMIT, "%s stands more than %zu times", k->name, k->max_values);
    k->values[k->n_values++] = value;
    return RC_OK;
}

static enum rc take_option(struct args *a, int argc, char **argv, int *i, struct err *e)
{
    struct str word = str_c(argv[*i]), name = word;
    size_t eq = str_chr(word, '=');
    if (eq != STR_NPOS)
        name = str_sub(word, 0, eq);
    struct arg *k = find(a, name);
    if (k == NULL)
        return err_set(e, RC_INVALID, "unknown option %.*s", STR_ARG(name));
    if (k->flag)
        return eq == STR_NPOS ? take_value(k, "", e)
                              : err_set(e, RC_INVALID, "%s takes no value", k->name);
    if (eq != STR_NPOS)
        return take_value(k, argv[*i] + eq + 1, e);
    if (*i + 1 >= argc)
        return err_set(e, RC_INVALID, "%s needs a value", k->name);
    return take_value(k, argv[++*i], e);
}

enum rc args_parse(struct args *a, int argc, char **argv, struct err *e)
{
    bool words_only = false;
    for (int i = 1; i < argc; i++) {
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = true;
        } else if (!words_only && strncmp(argv[i], "--", 2) == 0) {
            TRY(take_option(a, argc, argv, &i, e));
        } else {
            if (a->n_words == ARGS_WORDS_MAX)
                return err_set(e, RC_LIMIT, "more than %d words", ARGS_WORDS_MAX);
            a->words[a->n_words++] = argv[i];
        }
    }
    return RC_OK;
}
