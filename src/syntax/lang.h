/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SYNTAX_LANG_H
#define VULNDESK_SYNTAX_LANG_H

#include "base/str.h"

/*
 * The languages that the lexer knows.  The numbers are written into index files: new ones go to the
 * end, none is ever used again for another language.
 */
enum lang {
    LANG_NONE = 0, /* not ours: binary, or nobody knows */
    LANG_C,        /* and lex, yacc */
    LANG_CPP,
    LANG_JS,
    LANG_TS,
    LANG_GO,
    LANG_JAVA,
    LANG_RUST,
    LANG_PHP,
    LANG_PYTHON,
    LANG_PERL,
    LANG_RUBY,
    LANG_SHELL,
    LANG_LUA,
    LANG_SQL,
    LANG_YAML,
    LANG_INI,      /* and all .conf files of # and ; */
    LANG_MARKUP,   /* HTML, XML, Vue and the like */
    LANG_TEMPLATE, /* Twig, Smarty, Jinja, tt2, EJS, ERB, Handlebars, JSP ... */
    LANG_CSS,
    LANG_CSHARP,
    LANG_KOTLIN,
    LANG_SWIFT,
    LANG_SCALA,
    LANG_OBJC,
    LANG_ERLANG,
    LANG_ELIXIR,
    LANG_HASKELL,
    LANG_MAKE,
    LANG_CMAKE,
    LANG_DOCKER,
    LANG_M4,
    LANG_ASM,
    LANG_JSON,
    LANG_TCL,
    LANG_AWK,
    LANG_OCAML,
    LANG_LISP,
    LANG_POWERSHELL,
    LANG_BATCH,
    LANG_DART,
    LANG_R,
    LANG_VIM,
    LANG_PASCAL,
    LANG_FORTRAN,
    LANG_HCL,
    LANG_TOML,
    LANG_PROTO, /* C-like small ones: protobuf, thrift, GLSL, Verilog, Solidity, D, Vala, Zig ... */
    LANG_COUNT
};

/* How many bytes of a text lang_of and text_binary want to see. */
#define LANG_HEAD 8000

/*
 * Which language a file is in: by its name (folders do not count), then, for names that tell
 * nothing, by its first bytes (#!, <?php, <?xml, <!DOCTYPE, -*- mode -*-).  head: the first
 * LANG_HEAD bytes or fewer; with none given only the name decides.  LANG_NONE for a binary head.
 */
enum lang lang_of(struct str path, struct str head);
/*
 * True when the name alone tells that it is no program text, so that nobody needs to read it: texts
 * for people (lang_of is LANG_NONE whatever they hold) or, with *ret_binary, pictures, archives,
 * fonts and the like.
 */
bool lang_refuses(struct str path, bool *ret_binary);
/* "C", "C++", "shell" ...; "unknown" for LANG_NONE.  Never NULL. */
const char *lang_name(enum lang lang);
/* True when places in one are looked for from the other: C with C++ and Objective-C, JavaScript
 * with TypeScript, everything that can stand in a page (markup, templates, PHP, JavaScript). */
bool lang_same(enum lang a, enum lang b);

/* A NUL among the first LANG_HEAD bytes, as git decides it. */
bool text_binary(struct str text);
/* A pointer file of Git LFS (version line of git-lfs.github.com/spec, oid and size) of at most
 * LFS_POINTER_MAX bytes: the content itself is not in the repository. */
#define LFS_POINTER_MAX 1024
bool text_lfs_pointer(struct str text);

#endif
