/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_VERB_TABLE_H
#define VULNDESK_CLI_VERB_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The commands to the running desk, `vulndesk GROUP NAME ...`: which verb of desk/cmd.h each is and
 * where its arguments come from.  Constant data.
 */
#define VERB_OPTIONS_MAX 10
#define VERB_WORDS_MAX   2

enum option_kind { OPT_TEXT, OPT_NUMBER, OPT_FLAG };
struct option {
    const char *name, *key; /* "--to", "login" */
    enum option_kind kind;
};

enum command_text { TEXT_NONE, TEXT_MAY, TEXT_MUST };

struct command {
    const char *group, *name, *verb;
    /* Keys of the words, in order.  '#' before one: a number; '*': all further words, a space
     * between; '!': no word, asked for on the terminal. */
    const char *words[VERB_WORDS_MAX];
    struct option options[VERB_OPTIONS_MAX];
    enum command_text text; /* --text or --file; TEXT_MUST: else standard input */
    bool fetch;             /* the answer is bytes */
    const char *usage, *help;
};

extern const struct command commands[];
extern const size_t commands_n;

/* NULL: there is none. */
const struct command *command_find(const char *group, const char *name);

#endif
