/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_IDENT_H
#define VULNDESK_ENGINE_BACKPORT_IDENT_H

#include "base/buf.h"
#include "syntax/lexer.h"

/*
 * Which words the text of a program holds, which of them it declares, and what it includes or
 * imports: as far as that can be told from the tokens alone, without a grammar, and in a form that
 * is small enough to be kept for every file of a repository.  Comments and strings do not count.
 */

/* A text that has been split into words. */
struct code {
    enum lang lang;
    struct str text; /* borrowed */
    struct tokens own;
    const struct token *v;
    size_t n;
    uint32_t *open; /* for each token the bracket it stands in; n: none */
};
void code_read(struct code *c, enum lang lang, struct str text);
void code_release(struct code *c);
/* AUTO(code) struct code c = {0}; */
void code_auto(struct code *c);

/* Languages whose declarations are known here; for the others nothing is ever called missing. */
bool ident_lang(enum lang lang);
/* Do names of one reach the other (C and C++, JavaScript and TypeScript)? */
bool ident_lang_same(enum lang a, enum lang b);

struct str code_token(const struct code *c, size_t i);
/* Is token i exactly this, outside of strings?  False beyond either end. */
bool code_is(const struct code *c, size_t i, const char *word);
/* Is it a name: a word outside of strings that is no keyword of the language? */
bool code_name(const struct code *c, size_t i);
/* Is it reached through something else: behind "." "->" "::" and the like? */
bool code_member(const struct code *c, size_t i);
/* The token of the bracket that closes the one at i; n when there is none within max tokens. */
size_t code_close(const struct code *c, size_t i, size_t max);

/*
 * Is the name at token i declared there: a function, its parameter, a variable, a type, a member, a
 * macro, an import?  Errs towards yes for what looks like a declaration, and misses what macros
 * make.  Looks at no more than IDENT_REACH tokens around.
 */
#define IDENT_REACH 400u
bool ident_declares(const struct code *c, size_t i);

/*
 * The words of a text: ascending hashes (syntax/lexer.h) whose lowest bit says "declared here".
 * reaches: what it includes or imports, one a line, behind a character that says how: '"' a file
 * by its path, '<' one of a search path, 'm' a module (dots), 'p' a package or module (slashes).
 */
struct ident_set {
    const uint32_t *words;
    size_t n;
    struct str reaches;
};
enum ident_has { IDENT_NO, IDENT_USED, IDENT_DECLARED };
enum ident_has ident_find(const struct ident_set *s, uint32_t hash);

/* Appends the words (as uint32_t of this machine) and the reaches of a text. */
void ident_words(const struct code *c, struct buf *words, struct buf *reaches);
/* One line of reaches off the front: its kind and its path. */
bool ident_reach(struct str *rest, char *ret_kind, struct str *ret_path);

#endif
