/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_ARGS_H
#define VULNDESK_CLI_ARGS_H

#include "base/str.h"

/*
 * The one way to read a command's arguments: "--name value", "--name=value", "--flag", and words.
 * Everything after "--" is a word.
 */
#define ARGS_WORDS_MAX 16

struct arg {
    const char *name;    /* "--config" */
    bool flag;           /* takes no value */
    bool many;           /* may stand several times */
    const char *value;   /* out: the last one; for a flag "" when given, else NULL */
    const char **values; /* out, many: n_values of them, room for max_values */
    size_t n_values, max_values;
};

struct args {
    struct arg *known;
    size_t n_known;
    const char *words[ARGS_WORDS_MAX];
    size_t n_words;
};

/* argv[0] is the command's own name. RC_INVALID names the argument. */
enum rc args_parse(struct args *a, int argc, char **argv, struct err *e) WARN_UNUSED;

#endif
