/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RULES_H
#define VULNDESK_ENGINE_AUDIT_RULES_H

#include "base/arena.h"
#include "syntax/lang.h"

/*
 * Structural rules that a person wrote by hand, run over the files of an audit by the tool they
 * were written for: ast-grep (a YAML rule; https://ast-grep.github.io) or Coccinelle (a semantic
 * patch; its
 * `*` and `-` lines are what is found).  The tools are optional and run confined: no network, the
 * system's programs to read, one throw-away folder to write in, bounded time, memory and output.
 * That folder holds the rule and, in batches, only the files of its language, under numbers as
 * names. What a tool answers is a stranger's text and checked: it can only name lines of files it
 * was given.
 */

#define RULES_MAX         16u         /* rules of a question */
#define RULES_TEXT_MAX    (64u << 10) /* bytes of a rule */
#define RULES_NAME_MAX    100u        /* bytes of its name */
#define RULES_HITS_MAX    2000u       /* places that a rule may find; then it is cut */
#define RULES_BATCH_FILES 1000u       /* files on disk at once */
#define RULES_BATCH_BYTES (16u << 20) /* and their bytes; a larger file is left out */
#define RULES_OUTPUT_MAX  (16u << 20) /* what a tool may write for a batch */
#define RULES_CPU_S       120u        /* processor time for a batch */
#define RULES_BATCH_MS    180000      /* wall time for a batch */
#define RULES_ALL_MS      600000      /* and for all rules of a question */
#define RULES_MEMORY      (UINT64_C(2) << 30)

enum rule_tool { RULE_AST_GREP, RULE_COCCINELLE };
const char *rule_tool_name(enum rule_tool tool);

struct rule {
    struct str name; /* one line, for people */
    struct str text;
};

/* A semantic patch has a line that begins with @; everything else is taken for YAML. */
enum rule_tool rule_tool_of(struct str text);

/*
 * Whether a rule may run: size, NUL bytes; of ast-grep one language that the lexer knows too; of
 * Coccinelle no part in another language (script, initialize, finalize run programs), no options,
 * no inclusion of other files.  RC_INVALID says what is wrong.  *ret_lang: whose files it reads.
 */
enum rc rule_check(const struct rule *rule, enum lang *ret_lang, struct err *e) WARN_UNUSED;

struct rules_ask {
    const struct rule *rules;
    size_t n_rules;
    /* The files: numbers 0 .. n_files - 1, and what they are. */
    size_t n_files;
    void *arg;
    enum lang (*lang)(void *arg, size_t file);
    /* The bytes, valid until the next call.  A failure leaves the file out. */
    enum rc (*text)(void *arg, size_t file, struct str *ret_text, struct err *e);
    const char *scratch; /* a folder of the caller's; nothing is left in it */
    /* Folders to find the tools in, absolute, ended by NULL; NULL: /usr/local/bin, /usr/bin, /bin.
     */
    const char *const *places;
    int timeout_ms; /* for all of it; 0: RULES_ALL_MS */
    void (*progress)(void *arg, const char *what, size_t done, size_t all); /* may be NULL */
    void *progress_arg;
};

struct rule_hit {
    uint32_t rule, file;
    uint32_t line, end; /* from 1, inclusive */
};

enum rule_state {
    RULE_DONE,    /* all files of its language were read */
    RULE_CUT,     /* some: time, output or hits ran out; the hits count */
    RULE_NO_TOOL, /* not installed */
    RULE_REFUSED, /* by rule_check, or because this machine cannot confine the tool */
    RULE_FAILED   /* the tool did not take the rule, or answered nonsense: no hits */
};
const char *rule_state_name(enum rule_state state); /* "done", "cut", "no tool", ... */

struct rule_told {
    enum rule_tool tool;
    enum rule_state state;
    struct str words; /* for a person; one line, empty for RULE_DONE */
    size_t n_hits, n_files;
};

struct rules_answer {
    struct rule_told *told; /* one for each rule */
    struct rule_hit *hits;  /* by rule, file, line; each once */
    size_t n_hits;
};

/* A rule that cannot run is told, not failed.  Everything returned lives in the arena. RC_LIMIT:
 * more than RULES_MAX rules, or the arena is full; RC_IO: the scratch folder does not take files.
 */
enum rc rules_run(const struct rules_ask *ask, struct arena *a, struct rules_answer *ret_answer,
                  struct err *e) WARN_UNUSED;

#endif
