/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which language a file is in.  Runs in the engine child, core and where pages are made; names and
 * bytes are strangers' and only compared.
 */
#include "syntax/lang.h"

#include <string.h>

static const struct {
    const char *name;
    const char *ends;  /* endings of names, between spaces */
    const char *whole; /* whole names, in lower case */
    const char *runs;  /* interpreters behind #!, and modes of editors */
} langs[LANG_COUNT] = {
    [LANG_NONE] = {"unknown", "", "", ""},
    [LANG_C] = {"C", " c h y l lex yacc inl xs xbm xpm cl pgc ec ", "", " c tcc "},
    [LANG_CPP] = {"C++",
                  " cc cpp cxx c++ hh hpp hxx h++ ipp tpp txx cu cuh ino yy ll ypp ixx cppm tcc ",
                  "", " c++ "},
    [LANG_JS] = {"JavaScript", " js jsx mjs cjs es6 jsm sjs ", " jakefile ", " node nodejs js "},
    [LANG_TS] = {"TypeScript", " ts tsx mts cts ", "", " deno ts-node bun "},
    [LANG_GO] = {"Go", " go ", "", " go "},
    [LANG_JAVA] = {"Java", " java groovy gradle gvy aj jsh ", " jenkinsfile ", " java groovy "},
    [LANG_RUST] = {"Rust", " rs ", "", " rust "},
    [LANG_PHP] = {"PHP", " php php3 php4 php5 php7 php8 phtml phps phpt module ctp ", "", " php "},
    [LANG_PYTHON] = {"Python", " py pyw pyi pyx pxd pxi gyp gypi bzl star sls ",
                     " sconstruct sconscript wscript build.bazel workspace snakefile ",
                     " python python2 python3 pypy pypy3 "},
    [LANG_PERL] = {"Perl", " pl pm t psgi cgi fcgi al perl ph plx ", " cpanfile ", " perl perl5 "},
    [LANG_RUBY] = {"Ruby", " rb rake gemspec ru podspec jbuilder rbw ",
                   " rakefile gemfile vagrantfile guardfile podfile capfile brewfile ",
                   " ruby jruby rake "},
    [LANG_SHELL] = {"shell", " sh bash zsh ksh dash ash fish bats ebuild eclass command csh tcsh ",
                    " .bashrc .profile .bash_profile .zshrc .envrc apkbuild pkgbuild ",
                    " sh bash dash ash zsh ksh fish bats csh tcsh shell-script "},
    [LANG_LUA] = {"Lua", " lua rockspec ", "", " lua luajit lua5.1 lua5.2 lua5.3 lua5.4 "},
    [LANG_SQL] = {"SQL", " sql psql pgsql plsql pls ddl dml mysql sqlite pks pkb ", "", " sql "},
    [LANG_YAML] = {"YAML", " yml yaml eyaml ", " .clang-format .clang-tidy ", " yaml "},
    [LANG_INI] =
        {"configuration",
         " ini conf cfg cnf properties desktop service socket timer mount target path slice "
         "rc config env inf reg htaccess editorconfig gitconfig cf ",
         " .htaccess .editorconfig .gitconfig .gitmodules .npmrc kconfig httpd.conf ", " conf "},
    [LANG_MARKUP] = {"markup",
                     " html htm xhtml xml xsl xslt xsd rss atom vue svelte plist wsdl xul "
                     "xaml resx csproj vcxproj sgml dtd shtml opml rng astro qrc ui ",
                     "", " html xml sgml "},
    [LANG_TEMPLATE] =
        {"template",
         " tpl twig tt tt2 ttkt j2 jinja jinja2 ejs erb rhtml hbs handlebars mustache "
         "tmpl jsp jspx jspf asp aspx ascx cshtml liquid njk latte volt mako epl gohtml "
         "smarty dtl ftl vm cfm eco dust template ",
         "", ""},
    [LANG_CSS] = {"CSS", " css scss sass less styl pcss ", "", " css "},
    [LANG_CSHARP] = {"C#", " cs csx ", "", ""},
    [LANG_KOTLIN] = {"Kotlin", " kt kts ", "", ""},
    [LANG_SWIFT] = {"Swift", " swift ", "", " swift "},
    [LANG_SCALA] = {"Scala", " scala sc sbt ", "", " scala "},
    [LANG_OBJC] = {"Objective-C", " m mm ", "", " objc "},
    [LANG_ERLANG] = {"Erlang", " erl hrl xrl yrl escript ", " rebar.config ", " escript erlang "},
    [LANG_ELIXIR] = {"Elixir", " ex exs eex leex heex ", "", " elixir "},
    [LANG_HASKELL] = {"Haskell", " hs lhs hsc elm purs idr ", "", " runhaskell runghc haskell "},
    [LANG_MAKE] = {"make", " mk mak make am gnumakefile ",
                   " makefile gnumakefile bsdmakefile makefile.am kbuild ", " make makefile "},
    [LANG_CMAKE] = {"CMake", " cmake ", " cmakelists.txt ", " cmake "},
    [LANG_DOCKER] = {"Dockerfile", " dockerfile containerfile ", " dockerfile containerfile ",
                     " dockerfile "},
    [LANG_M4] = {"m4", " m4 ac mc ", " configure.ac configure.in ", " m4 autoconf "},
    [LANG_ASM] = {"assembler", " s asm nasm inc.s masm ", "", " asm "},
    [LANG_JSON] = {"JSON", " json json5 jsonc webmanifest geojson ipynb har jsonl ", "", " json "},
    [LANG_TCL] = {"Tcl", " tcl tk itcl exp ", "", " tclsh wish expect tcl "},
    [LANG_AWK] = {"awk", " awk gawk mawk ", "", " awk gawk mawk "},
    [LANG_OCAML] = {"OCaml", " ml mli mll mly fs fsi fsx sml cocci ", "", " ocaml "},
    [LANG_LISP] = {"Lisp", " el lisp lsp cl scm ss clj cljs cljc rkt fnl edn ", "",
                   " emacs sbcl guile racket lisp scheme "},
    [LANG_POWERSHELL] = {"PowerShell", " ps1 psm1 psd1 ", "", " pwsh "},
    [LANG_BATCH] = {"batch", " bat cmd btm ", "", ""},
    [LANG_DART] = {"Dart", " dart ", "", " dart "},
    [LANG_R] = {"R", " r rmd jl ", " .rprofile ", " rscript julia "},
    [LANG_VIM] = {"Vim script", " vim ", " .vimrc vimrc ", " vim "},
    [LANG_PASCAL] = {"Pascal", " pas pp dpr lpr adb ads ada dfm ", "", ""},
    [LANG_FORTRAN] = {"Fortran", " f f77 f90 f95 f03 f08 for ftn fpp ", "", ""},
    [LANG_HCL] = {"HCL", " tf tfvars hcl nomad ", "", ""},
    [LANG_TOML] = {"TOML", " toml ", " pipfile ", ""},
    [LANG_PROTO] = {"C-like",
                    " proto thrift glsl frag vert geom comp hlsl metal wgsl v sv svh sol d di "
                    "vala vapi zig nim haxe hx as pde idl webidl fbs capnp bpf bt dts dtsi "
                    "p4 lds ld pony odin v8 graphql gql pike ",
                    "", ""},
};

const char *lang_name(enum lang lang)
{
    return langs[lang < LANG_COUNT ? lang : LANG_NONE].name;
}

static bool is_page(enum lang lang)
{
    return lang == LANG_MARKUP || lang == LANG_TEMPLATE || lang == LANG_PHP || lang == LANG_JS ||
           lang == LANG_TS || lang == LANG_CSS;
}

static bool is_c(enum lang lang)
{
    return lang == LANG_C || lang == LANG_CPP || lang == LANG_OBJC;
}

static bool is_page_part(enum lang lang)
{
    return lang == LANG_MARKUP || lang == LANG_TEMPLATE;
}

bool lang_same(enum lang a, enum lang b)
{
    if (a == b || (is_c(a) && is_c(b)))
        return true;
    if ((a == LANG_JS && b == LANG_TS) || (a == LANG_TS && b == LANG_JS))
        return true;
    return (is_page_part(a) && is_page(b)) || (is_page_part(b) && is_page(a));
}

bool text_binary(struct str text)
{
    size_t n = text.n < LANG_HEAD ? text.n : LANG_HEAD;
    return n > 0 && memchr(text.p, 0, n) != NULL;
}

bool text_lfs_pointer(struct str text)
{
    return text.n <= LFS_POINTER_MAX &&
           (str_starts(text, STR("version https://git-lfs.github.com/spec/")) ||
            str_starts(text, STR("version https://hawser.github.com/spec/"))) &&
           str_find(text, STR("\noid ")) != STR_NPOS && str_find(text, STR("\nsize ")) != STR_NPOS;
}

#define NAME_MAX_LOW 32

/* Whether the list holds word, which is in lower case and without spaces. */
static bool listed(const char *list, struct str word)
{
    char key[NAME_MAX_LOW + 3];
    if (word.n == 0 || word.n > NAME_MAX_LOW || memchr(word.p, ' ', word.n))
        return false;
    key[0] = key[word.n + 1] = ' ';
    memcpy(key + 1, word.p, word.n);
    key[word.n + 2] = '\0';
    return strstr(list, key) != NULL;
}

static enum lang by(struct str word, int column)
{
    for (int i = 1; i < LANG_COUNT; i++) {
        const char *list = column == 0   ? langs[i].ends
                           : column == 1 ? langs[i].whole
                                         : langs[i].runs;
        if (listed(list, word))
            return (enum lang)i;
    }
    return LANG_NONE;
}

static enum lang by_shebang(struct str line)
{
    struct str rest = str_sub(line, 2, line.n), word = STR_NONE;
    while (str_cut(&rest, ' ', &word)) {
        size_t slash = str_rchr(word, '/');
        if (slash != STR_NPOS)
            word = str_sub(word, slash + 1, word.n);
        if (word.n == 0 || str_eq(word, STR("env")) || word.p[0] == '-' ||
            str_chr(word, '=') != STR_NPOS)
            continue;
        enum lang lang = by(word, 2);
        /* python3.11, perl5.36 */
        while (lang == LANG_NONE && word.n > 1 &&
               (ascii_is_digit(word.p[word.n - 1]) || word.p[word.n - 1] == '.')) {
            word.n--;
            lang = by(word, 2);
        }
        return lang;
    }
    return LANG_NONE;
}

/* -*- mode -*- or -*- mode: x; ... -*- in the first line. */
static enum lang by_mode(struct str line)
{
    size_t from = str_find(line, STR("-*-"));
    if (from == STR_NPOS)
        return LANG_NONE;
    struct str rest = str_sub(line, from + 3, line.n);
    size_t to = str_find(rest, STR("-*-"));
    if (to == STR_NPOS)
        return LANG_NONE;
    rest = str_trim(str_sub(rest, 0, to));
    if (str_starts_nocase(rest, STR("mode:")))
        rest = str_trim(str_sub(rest, 5, rest.n));
    size_t end = str_chr(rest, ';');
    rest = str_trim(str_sub(rest, 0, end));
    char low[NAME_MAX_LOW];
    size_t n = rest.n < sizeof(low) ? rest.n : sizeof(low);
    for (size_t i = 0; i < n; i++)
        low[i] = ascii_lower(rest.p[i]);
    return by(str_of(low, n), 2);
}

static enum lang by_head(struct str head)
{
    if (str_starts(head, STR("\xef\xbb\xbf")))
        head = str_sub(head, 3, head.n);
    struct str rest = head, line = STR_NONE;
    str_line(&rest, &line);
    line = str_sub(line, 0, 256);
    if (str_starts(line, STR("#!"))) {
        enum lang lang = by_shebang(line);
        if (lang != LANG_NONE)
            return lang;
    }
    struct str t = str_trim(str_sub(head, 0, 1024));
    if (str_starts(t, STR("<?php")) || str_starts(t, STR("<?=")) || str_starts(t, STR("<?\n")))
        return LANG_PHP;
    if (str_starts(t, STR("<?xml")) || str_starts_nocase(t, STR("<!doctype")) ||
        str_starts_nocase(t, STR("<html")) || str_starts(t, STR("<!--")))
        return LANG_MARKUP;
    if (str_starts(t, STR("<%")))
        return LANG_TEMPLATE;
    if (str_starts(t, STR("#compdef")))
        return LANG_SHELL;
    return by_mode(line);
}

/* Endings that stand behind the one that tells. */
static const char wrappers[] =
    " in inc dist example sample orig bak old default tmpl tpl template j2 jinja "
    "jinja2 erb ejs src ";
/* Endings that several languages use: the head decides when it says something. */
static const char shared_ends[] =
    " t pl cgi fcgi al module cmd command rc env conf config target path service inc ts tpl tmpl "
    "template html htm h m ";
/* Texts for people, and what a machine wrote for itself: not searched, whatever they begin with. */
static const char texts[] =
    " md markdown mkd rst txt adoc asciidoc po pot pod tex texi texinfo log csv tsv "
    "diff patch lock sum svg map man 1 3 5 7 8 ";
/* What is never a text. */
static const char binaries[] =
    " png jpg jpeg gif bmp ico icns webp avif tif tiff psd xcf gz tgz bz2 xz lzma zst zip 7z rar "
    "jar "
    "war pdf ps eps doc docx xls xlsx odt ods ppt pptx woff woff2 ttf otf eot mo gmo pyc class o "
    "obj "
    "a so dll exe dylib wasm bin img iso mp3 mp4 ogg oga ogv wav flac avi mov mkv webm swf der p12 "
    "pfx jks pcap pcapng ";

static bool looks_cpp(struct str head)
{
    head = str_sub(head, 0, LANG_HEAD / 2);
    return str_find(head, STR("\nclass ")) != STR_NPOS ||
           str_find(head, STR("\nnamespace ")) != STR_NPOS ||
           str_find(head, STR("\ntemplate <")) != STR_NPOS ||
           str_find(head, STR("\ntemplate<")) != STR_NPOS;
}

static enum lang settled(enum lang lang, struct str end, struct str head)
{
    if (!listed(shared_ends, end))
        return lang;
    if (str_eq(end, STR("h")))
        return looks_cpp(head) ? LANG_CPP : lang;
    if (str_eq(end, STR("m")))
        return head.n > 0 && head.p[0] == '%' ? LANG_ERLANG : lang; /* Matlab has its comments */
    enum lang told = by_head(head);
    if (lang == LANG_TEMPLATE || lang == LANG_MARKUP)
        return told == LANG_PHP ? told : lang;
    return told != LANG_NONE ? told : lang;
}

static struct str ending(struct str name)
{
    size_t dot = str_rchr(name, '.');
    return dot == STR_NPOS ? STR_NONE : str_sub(name, dot + 1, name.n);
}

/* name in lower case, without folders. */
static enum lang by_name(struct str name, struct str head)
{
    static const struct {
        const char *begin;
        enum lang lang;
    } begins[] = {{"makefile.", LANG_MAKE}, {"dockerfile.", LANG_DOCKER}, {"kconfig.", LANG_INI}};
    for (int round = 0; round < 3; round++) {
        struct str end = ending(name);
        if (str_eq(end, STR("c")))
            return LANG_C;
        if (str_eq(end, STR("h")))
            return settled(LANG_C, end, head);
        enum lang lang = by(name, 1);
        if (lang != LANG_NONE)
            return lang;
        if (end.n == 0 || listed(texts, end))
            return by_head(head);
        struct str base = str_sub(name, 0, name.n - end.n - 1);
        lang = by(end, 0);
        if (listed(wrappers, end)) {
            enum lang inner = by(ending(base), 0);
            if (inner != LANG_NONE && inner != LANG_MARKUP && inner != LANG_TEMPLATE)
                return inner;
        }
        if (lang != LANG_NONE)
            return settled(lang, end, head);
        for (size_t i = 0; i < ARRAY_LEN(begins); i++)
            if (str_starts(name, str_c(begins[i].begin)))
                return begins[i].lang;
        if (!listed(wrappers, end))
            return by_head(head);
        if (str_eq(end, STR("inc")) && ending(base).n == 0) {
            lang = by_head(head);
            return lang != LANG_NONE ? lang : LANG_C;
        }
        name = base;
    }
    return LANG_NONE;
}

#define NAME_MAX_CHECKED 256

/* The name without folders, in lower case, its end when it is too long. */
static struct str low_name(struct str path, char low[NAME_MAX_CHECKED])
{
    size_t slash = str_rchr(path, '/');
    struct str name = slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
    if (name.n > NAME_MAX_CHECKED)
        name = str_sub(name, name.n - NAME_MAX_CHECKED, name.n);
    for (size_t i = 0; i < name.n; i++)
        low[i] = ascii_lower(name.p[i]);
    return str_of(low, name.n);
}

static bool for_people(struct str name)
{
    return (listed(texts, ending(name)) && !str_eq(name, STR("cmakelists.txt"))) ||
           str_starts(name, STR("readme"));
}

bool lang_refuses(struct str path, bool *ret_binary)
{
    char low[NAME_MAX_CHECKED];
    struct str name = low_name(path, low);
    *ret_binary = listed(binaries, ending(name));
    return *ret_binary || for_people(name);
}

enum lang lang_of(struct str path, struct str head)
{
    char low[NAME_MAX_CHECKED];
    head = str_sub(head, 0, LANG_HEAD);
    if (text_binary(head))
        return LANG_NONE;
    struct str name = low_name(path, low);
    return for_people(name) ? LANG_NONE : by_name(name, head);
}
