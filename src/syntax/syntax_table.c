/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each language: its comments, its strings, its peculiarities.  Constant data, but for
 * the classes of bytes that are derived from it once.
 */
#include "syntax/lexer_inside.h"

#include <string.h>

#define KEY_C                                                                                      \
    " auto break case char const continue default do double else enum extern float for goto if "   \
    "inline int long register restrict return short signed sizeof static struct switch typedef "   \
    "union unsigned void volatile while bool true false NULL "
#define KEY_CPP                                                                                    \
    KEY_C "class namespace template typename public private protected virtual override final "     \
          "new delete this throw try catch using operator friend nullptr constexpr noexcept "      \
          "static_cast dynamic_cast reinterpret_cast const_cast explicit mutable "
#define KEY_JS                                                                                     \
    " async await break case catch class const continue debugger default delete do else export "   \
    "extends false finally for from function get if import in instanceof let new null of return "  \
    "set static super switch this throw true try typeof undefined var void while with yield "
#define KEY_TS                                                                                     \
    KEY_JS "abstract any as boolean declare enum implements interface keyof namespace never "      \
           "number private protected public readonly string type unknown "
#define KEY_JAVA                                                                                   \
    " abstract boolean break byte case catch char class const continue default do double else "    \
    "enum extends false final finally float for if implements import instanceof int interface "    \
    "long native new null package private protected public return short static super switch "      \
    "synchronized this throw throws true try var void volatile while "
#define KEY_SQL                                                                                    \
    " select from where insert into update delete set values create table drop alter index view "  \
    "join left right inner outer on and or not null is in as order group by having limit union "   \
    "primary key references default begin commit rollback if exists case when then else end "

#define C_COMMENTS .line = {"//"}, .block = {{"/*", "*/"}}
#define C_STRINGS                                                                                  \
    {"\"", "\"", 0},                                                                               \
    {                                                                                              \
        "'", "'", 0                                                                                \
    }

static const struct syntax table[LANG_COUNT] = {
    [LANG_C] = {C_COMMENTS, .quotes = {C_STRINGS}, .prefix = "LuU8", .keywords = KEY_C,
                .flags = SYN_CONT | SYN_PREFIX | SYN_DIGITSEP},
    [LANG_CPP] = {C_COMMENTS, .quotes = {C_STRINGS}, .prefix = "LuU8R", .keywords = KEY_CPP,
                  .flags = SYN_CONT | SYN_PREFIX | SYN_DIGITSEP | SYN_RAW_CPP},
    [LANG_OBJC] = {C_COMMENTS, .quotes = {C_STRINGS}, .prefix = "LuU8", .keywords = KEY_CPP,
                   .flags = SYN_CONT | SYN_PREFIX},
    [LANG_JS] = {C_COMMENTS, .quotes = {{"`", "`", Q_LINES | Q_INTERP}, C_STRINGS},
                 .interp = {"${"}, .word = "$", .keywords = KEY_JS, .flags = SYN_REGEX},
    [LANG_TS] = {C_COMMENTS, .quotes = {{"`", "`", Q_LINES | Q_INTERP}, C_STRINGS},
                 .interp = {"${"}, .word = "$", .keywords = KEY_TS, .flags = SYN_REGEX},
    [LANG_GO] = {C_COMMENTS, .quotes = {{"`", "`", Q_LINES | Q_RAW}, C_STRINGS},
                 .keywords =
                     " break case chan const continue default defer else fallthrough for func go "
                     "goto if import interface map package range return select struct switch type "
                     "var nil true false string int error bool byte "},
    [LANG_JAVA] = {C_COMMENTS, .quotes = {{"\"\"\"", "\"\"\"", Q_LINES}, C_STRINGS}, .word = "$",
                   .keywords = KEY_JAVA},
    [LANG_RUST] = {C_COMMENTS, .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_CHAR}},
                   .prefix = "bcr",
                   .keywords =
                       " as async await break const continue crate dyn else enum extern false fn "
                       "for if impl in let loop match mod move mut pub ref return self Self static "
                       "struct super trait true type unsafe use where while ",
                   .flags = SYN_NEST | SYN_PREFIX | SYN_LIFETIME},
    [LANG_PHP] =
        {.line = {"//", "#"},
         .block = {{"/*", "*/"}},
         .quotes = {{"\"", "\"", Q_LINES | Q_INTERP}, {"'", "'", Q_LINES}, {"`", "`", Q_LINES}},
         .interp = {"{$", "${"},
         .keywords = " abstract and array as break case catch class clone const continue declare "
                     "default do echo else elseif empty enddeclare endfor endforeach endif "
                     "endswitch endwhile exit extends false final finally fn for foreach function "
                     "global if implements include include_once instanceof interface isset list "
                     "match namespace new null or print private protected public readonly require "
                     "require_once return self static switch this throw trait true try unset use "
                     "var while xor yield ",
         .flags = SYN_PHP | SYN_MARKUP},
    [LANG_PYTHON] = {.line = {"#"},
                     .quotes = {{"\"\"\"", "\"\"\"", Q_LINES}, {"'''", "'''", Q_LINES}, C_STRINGS},
                     .prefix = "rRbBfFuUtT",
                     .keywords =
                         " False None True and as assert async await break class continue def del "
                         "elif else except finally for from global if import in is lambda nonlocal "
                         "not or pass raise return self try while with yield ",
                     .flags = SYN_PREFIX},
    [LANG_PERL] =
        {.line = {"#"},
         .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_LINES}, {"`", "`", Q_LINES}},
         .keywords = " and cmp defined delete do each else elsif eq exists for foreach ge gt if "
                     "keys last le local lt my ne next no not or our package print push redo ref "
                     "require return shift sub undef unless until use values wantarray while xor ",
         .flags = SYN_PERL},
    [LANG_RUBY] = {.line = {"#"},
                   .quotes = {{"\"", "\"", Q_LINES | Q_INTERP},
                              {"'", "'", Q_LINES},
                              {"`", "`", Q_LINES | Q_INTERP}},
                   .interp = {"#{"},
                   .keywords =
                       " alias and begin break case class def defined do else elsif end ensure "
                       "false for if in module next nil not or redo require rescue retry return "
                       "self super then true undef unless until when while yield ",
                   .flags = SYN_RUBY},
    [LANG_SHELL] = {.line = {"#"},
                    .quotes = {{"\"", "\"", Q_LINES | Q_INTERP}, {"'", "'", Q_LINES | Q_RAW}},
                    .interp = {"$(", "${"},
                    .keywords =
                        " case do done elif else esac exit export fi for function if in local "
                        "readonly return select set shift then unset until while ",
                    .flags = SYN_SHELL | SYN_WORDSTART},
    [LANG_LUA] = {.line = {"--"},
                  .quotes = {C_STRINGS},
                  .keywords =
                      " and break do else elseif end false for function goto if in local nil "
                      "not or repeat return then true until while ",
                  .flags = SYN_LUA},
    [LANG_SQL] = {.line = {"--", "#"},
                  .block = {{"/*", "*/"}},
                  .quotes = {{"'", "'", Q_LINES | Q_DOUBLE},
                             {"\"", "\"", Q_LINES | Q_DOUBLE},
                             {"`", "`", Q_DOUBLE}},
                  .keywords = KEY_SQL,
                  .flags = SYN_FOLD},
    [LANG_YAML] = {.line = {"#"},
                   .quotes = {{"\"", "\"", Q_START}, {"'", "'", Q_START | Q_RAW | Q_DOUBLE}},
                   .keywords = " true false null yes no on off ",
                   .flags = SYN_WORDSTART},
    [LANG_INI] = {.line = {"#", ";"},
                  .quotes = {{"\"", "\"", Q_START}, {"'", "'", Q_START}},
                  .keywords = " true false yes no on off ",
                  .flags = SYN_WORDSTART},
    [LANG_MARKUP] = {.flags = SYN_MARKUP},
    /* The code in the tags of templates. */
    [LANG_TEMPLATE] = {.quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_LINES}},
                       .keywords =
                           " if else elseif elsif elif endif for foreach endfor end each block "
                           "endblock extends include set macro endmacro unless with in as not and "
                           "or this true false null ",
                       .flags = SYN_MARKUP | SYN_SMARTY},
    [LANG_CSS] = {C_COMMENTS, .quotes = {C_STRINGS}, .keywords = " important media import font "},
    [LANG_CSHARP] = {C_COMMENTS,
                     .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_RAW},
                                {"$@\"", "\"", Q_LINES | Q_RAW | Q_DOUBLE},
                                {"@$\"", "\"", Q_LINES | Q_RAW | Q_DOUBLE},
                                {"@\"", "\"", Q_LINES | Q_RAW | Q_DOUBLE},
                                C_STRINGS},
                     .keywords = KEY_JAVA
                     "as async await base bool decimal delegate event foreach get in internal is "
                     "lock namespace object out override params readonly ref sealed set string "
                     "struct using virtual where yield "},
    [LANG_KOTLIN] = {C_COMMENTS,
                     .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_RAW | Q_INTERP},
                                {"\"", "\"", Q_INTERP},
                                {"'", "'", 0}},
                     .interp = {"${"},
                     .keywords = KEY_JAVA "as data fun in init internal is lateinit object open "
                                          "override sealed suspend typealias val when ",
                     .flags = SYN_NEST},
    [LANG_SWIFT] = {C_COMMENTS,
                    .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_INTERP}, {"\"", "\"", Q_INTERP}},
                    .interp = {"\\("},
                    .keywords = KEY_JAVA "as defer extension fileprivate func guard in init inout "
                                         "internal is let nil open protocol repeat self struct "
                                         "subscript typealias where ",
                    .flags = SYN_NEST},
    [LANG_SCALA] = {C_COMMENTS,
                    .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_RAW},
                               {"\"", "\"", 0},
                               {"'", "'", Q_CHAR}},
                    .keywords = KEY_JAVA "def given implicit lazy match object override sealed "
                                         "trait type val with yield ",
                    .flags = SYN_NEST},
    [LANG_ERLANG] = {.line = {"%"},
                     .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", 0}},
                     .keywords = " after and begin case catch end fun if of or receive try when "},
    [LANG_ELIXIR] = {.line = {"#"},
                     .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_INTERP},
                                {"\"", "\"", Q_LINES | Q_INTERP},
                                {"'", "'", Q_INTERP}},
                     .interp = {"#{"},
                     .keywords = " alias case cond def defmodule defp do else end fn for if import "
                                 "nil not receive require rescue true false try unless use when "},
    [LANG_HASKELL] = {.line = {"--"},
                      .block = {{"{-", "-}"}},
                      .quotes = {{"\"", "\"", 0}, {"'", "'", Q_CHAR | Q_START}},
                      .keywords = " case class data deriving do else if import in infix instance "
                                  "let module newtype of then type where ",
                      .flags = SYN_NEST},
    [LANG_MAKE] = {.line = {"#"},
                   .quotes = {C_STRINGS},
                   .keywords = " ifeq ifneq ifdef ifndef else endif include define endef export "},
    [LANG_CMAKE] = {.line = {"#"},
                    .quotes = {{"\"", "\"", Q_LINES}},
                    .keywords = " if else elseif endif foreach endforeach function endfunction "
                                "macro endmacro set while endwhile AND OR NOT ",
                    .flags = SYN_CMAKE},
    [LANG_DOCKER] = {.line = {"#"},
                     .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_LINES | Q_RAW}},
                     .keywords = " FROM RUN CMD COPY ADD ENV ARG EXPOSE ENTRYPOINT LABEL USER "
                                 "VOLUME WORKDIR SHELL ",
                     .flags = SYN_WORDSTART},
    [LANG_M4] = {.line = {"#"},
                 .line_word = "dnl",
                 .keywords = " define ifdef ifelse include ",
                 .flags = SYN_WORDSTART | SYN_WORDLINE},
    [LANG_ASM] = {C_COMMENTS, .quotes = {{"\"", "\"", 0}, {"'", "'", Q_CHAR}}, .keywords = " "},
    [LANG_JSON] = {C_COMMENTS, .quotes = {{"\"", "\"", 0}}, .keywords = " true false null "},
    [LANG_TCL] = {.line = {"#"},
                  .quotes = {{"\"", "\"", Q_LINES | Q_START}},
                  .keywords = " proc set if else elseif while for foreach switch return expr ",
                  .flags = SYN_WORDSTART},
    [LANG_AWK] = {.line = {"#"},
                  .quotes = {{"\"", "\"", 0}},
                  .keywords = " BEGIN END function if else while for in do return print printf ",
                  .flags = SYN_REGEX},
    [LANG_OCAML] = {.block = {{"(*", "*)"}},
                    .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_CHAR | Q_START}},
                    .keywords =
                        " and as begin do done else end exception external for fun function "
                        "functor if in include let match method module mutable new object "
                        "of open rec sig struct then to try type val when while with ",
                    .flags = SYN_NEST},
    [LANG_LISP] = {.line = {";"},
                   .block = {{"#|", "|#"}},
                   .quotes = {{"\"", "\"", Q_LINES}},
                   .keywords = " defun defmacro defvar let lambda if cond progn setq def defn ns ",
                   .flags = SYN_NEST},
    [LANG_POWERSHELL] = {.line = {"#"},
                         .block = {{"<#", "#>"}},
                         .quotes = {{"@\"", "\"@", Q_LINES | Q_RAW},
                                    {"@'", "'@", Q_LINES | Q_RAW},
                                    {"\"", "\"", Q_LINES | Q_RAW | Q_DOUBLE},
                                    {"'", "'", Q_LINES | Q_RAW | Q_DOUBLE}},
                         .keywords = " begin catch else elseif end finally for foreach function if "
                                     "in param process return switch throw try until while ",
                         .flags = SYN_WORDSTART},
    [LANG_BATCH] = {.line = {"::"},
                    .quotes = {{"\"", "\"", Q_RAW}},
                    .line_word = "rem",
                    .keywords = " if else for in do goto call set echo exit not exist ",
                    .flags = SYN_LINESTART | SYN_WORDLINE},
    [LANG_DART] = {C_COMMENTS,
                   .quotes = {{"\"\"\"", "\"\"\"", Q_LINES | Q_INTERP},
                              {"'''", "'''", Q_LINES | Q_INTERP},
                              {"\"", "\"", Q_INTERP},
                              {"'", "'", Q_INTERP}},
                   .interp = {"${"},
                   .keywords = KEY_JAVA "async await dynamic export factory get in is late library "
                                        "mixin operator part required set show with yield ",
                   .flags = SYN_NEST},
    [LANG_R] = {.line = {"#"},
                .quotes = {{"\"", "\"", Q_LINES}, {"'", "'", Q_LINES}},
                .word = ".",
                .keywords = " function if else for while repeat in next break TRUE FALSE NULL NA "},
    [LANG_VIM] = {.line = {"\""},
                  .quotes = {{"\"", "\"", 0}, {"'", "'", Q_RAW | Q_DOUBLE}},
                  .keywords =
                      " function endfunction if else elseif endif for endfor while endwhile "
                      "let call return set autocmd ",
                  .flags = SYN_LINESTART},
    [LANG_PASCAL] = {.line = {"//"},
                     .block = {{"{", "}"}, {"(*", "*)"}},
                     .quotes = {{"'", "'", Q_RAW | Q_DOUBLE}},
                     .keywords = " begin end if then else for to do while repeat until var const "
                                 "type record procedure function program unit uses ",
                     .flags = SYN_FOLD},
    [LANG_FORTRAN] = {.line = {"!"},
                      .quotes = {{"\"", "\"", Q_RAW}, {"'", "'", Q_RAW | Q_DOUBLE}},
                      .keywords = " program subroutine function end if then else do call return "
                                  "integer real logical character module use implicit none ",
                      .flags = SYN_FOLD},
    [LANG_HCL] = {.line = {"#", "//"},
                  .block = {{"/*", "*/"}},
                  .quotes = {{"\"", "\"", Q_INTERP}},
                  .interp = {"${"},
                  .keywords = " resource variable output module provider data locals true false "},
    [LANG_TOML] = {.line = {"#"},
                   .quotes = {{"\"\"\"", "\"\"\"", Q_LINES},
                              {"'''", "'''", Q_LINES | Q_RAW},
                              {"\"", "\"", 0},
                              {"'", "'", Q_RAW}},
                   .keywords = " true false "},
    [LANG_PROTO] = {C_COMMENTS, .quotes = {C_STRINGS}, .keywords = KEY_C},
};

#define W C_WORD
#define D C_DIGIT
#define S C_SPACE
#define P C_PUNCT
#define O C_OP
/* clang-format off */
const byte lexer_plain[256] = {
    S,S,S,S,S,S,S,S,S,S,C_NL,S,S,S,S,S, S,S,S,S,S,S,S,S,S,S,S,S,S,S,S,S,
    /*  ! " # $ % & ' ( ) * + , - . / */
    S,O,P,P,P,O,O,P,P,P,O,O,P,O,O,O, D,D,D,D,D,D,D,D,D,D,O,P,O,O,O,O,
    P,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,P,P,P,O,W,
    P,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,P,O,P,O,S,
    W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,
    W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,
    W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,
    W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W, W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,W,
};
/* clang-format on */

const struct syntax *syntax_of(enum lang lang)
{
    return lang > LANG_NONE && lang < LANG_COUNT ? &table[lang] : NULL;
}

static void mark(byte *cls, const char *first)
{
    if (first)
        cls[(byte)first[0]] = C_SPECIAL;
}

static void mark_all(byte *cls, const char *bytes)
{
    for (; *bytes; bytes++)
        mark(cls, bytes);
}

/* Which bytes the language treats otherwise than the plain table. */
static void derive(const struct syntax *s, byte cls[256])
{
    static const struct {
        unsigned flag;
        const char *bytes;
    } odd[] = {{SYN_REGEX, "/<"},  {SYN_SHELL, "<$\\()"}, {SYN_PERL, "/<$="},
               {SYN_RUBY, "/<%="}, {SYN_PHP, "<#?"},      {SYN_LUA, "[-"},
               {SYN_CMAKE, "[#"},  {SYN_MARKUP, "<%}-?]"}};
    memcpy(cls, lexer_plain, 256);
    for (const char *w = s->word; w && *w; w++)
        cls[(byte)*w] = C_WORD;
    for (size_t i = 0; i < ARRAY_LEN(s->line); i++)
        mark(cls, s->line[i]);
    for (size_t i = 0; i < ARRAY_LEN(s->block); i++)
        mark(cls, s->block[i].open);
    for (const struct quote *q = s->quotes; q->open; q++)
        mark(cls, q->open);
    if (s->interp[0])
        mark_all(cls, "{}()");
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        if (s->flags & odd[i].flag)
            mark_all(cls, odd[i].bytes);
}

void lexer_use(struct lexer *lx, const struct syntax *syn)
{
    /* Derived from constants on first use; the process has one thread. */
    static byte classes[LANG_COUNT][256];
    static bool ready[LANG_COUNT];
    size_t i = (size_t)(syn - table);
    if (!ready[i]) {
        derive(syn, classes[i]);
        ready[i] = true;
    }
    lx->syn = syn;
    lx->cls = classes[i];
}
