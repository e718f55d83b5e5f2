/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer, language by language, and what hostile texts do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "syntax/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Words as they are, words in strings as 'x, numbers as #x; no punctuation unless asked. */
static void write_tokens(struct str text, const struct tokens *t, struct buf *b)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct token *k = &t->v[i];
        if (b->n > 0)
            buf_addc(b, ' ');
        if (k->kind == TOKEN_STRING_WORD)
            buf_addc(b, '\'');
        else if (k->kind == TOKEN_NUMBER)
            buf_addc(b, '#');
        buf_add(b, str_sub(text, k->at, k->len));
    }
}

static void check_order(struct str text, const struct tokens *t, const struct lexer_stop *stop)
{
    uint32_t end = 0, line = 1, counted_to = 0, counted = 1;
    for (size_t i = 0; i < t->n; i++) {
        const struct token *k = &t->v[i];
        assert_true(k->at >= end);
        assert_true(k->len > 0 && k->at + (size_t)k->len <= text.n);
        assert_true(k->line >= line && k->line <= stop->lines);
        for (; counted_to < k->at; counted_to++)
            counted += text.p[counted_to] == '\n';
        assert_int_equal(counted, k->line);
        if (k->kind != TOKEN_PUNCT && k->kind != TOKEN_NUMBER)
            assert_true(token_common(k) == token_hash(str_sub(text, k->at, k->len)));
        end = k->at + k->len;
        line = k->line;
    }
}

static void check_spans(struct str text, const struct spans *s)
{
    uint32_t end = 0;
    for (size_t i = 0; i < s->n; i++) {
        assert_true(s->v[i].at >= end && s->v[i].len > 0);
        end = s->v[i].at + s->v[i].len;
        assert_true(end <= text.n);
    }
}

static void lexed(enum lang lang, struct str text, unsigned flags, struct buf *b)
{
    AUTO(tokens) struct tokens t = {0}, again = {0};
    AUTO(spans) struct spans s = {0};
    struct lexer_stop stop, stop2;
    lexer_run(lang, text, flags, &t, &stop);
    if (lang != LANG_SQL && lang != LANG_PASCAL && lang != LANG_FORTRAN)
        check_order(text, &t, &stop);
    lexer_run(lang, text, flags, &again, &stop2);
    assert_int_equal(t.n, again.n);
    assert_memory_equal(&stop, &stop2, sizeof(stop));
    if (t.n > 0)
        assert_memory_equal(t.v, again.v, t.n * sizeof(*t.v));
    lexer_spans(lang, text, &s);
    check_spans(text, &s);
    write_tokens(text, &t, b);
}

#define HASH_OF_MAIN 0x9c68e8d6u

struct sample {
    enum lang lang;
    const char *text, *want;
};

static void check_samples(const struct sample *x, size_t n, unsigned flags)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(buf) struct buf b = BUF_INIT(1 << 20);
        lexed(x[i].lang, str_c(x[i].text), flags, &b);
        assert_string_equal(buf_c(&b), x[i].want);
    }
}

#define SAMPLES(x) check_samples(x, ARRAY_LEN(x), LEXER_NO_PUNCT)

static void c_like(void **state)
{
    static const struct sample x[] = {
        {LANG_C, "int a = b(1); // gone\nint c; /* x\n y */ d", "int a b #1 int c d"},
        {LANG_C, "f(\"read %s: bad\\nvalue\", L\"wide\", 'c')", "f 'read 's 'bad 'value 'wide 'c"},
        {LANG_C, "// goes on \\\n here\nz", "z"},
        {LANG_C, "\"never ends\nint x;", "'never 'ends int x"},
        {LANG_C, "#include <a/b.h>\n#error don't\nx", "include a b h error don 't x"},
        {LANG_C, "0x1Fu 1.5e-3f 10'000 0x1p+3 x-1", "#0x1Fu #1.5e-3f #10'000 #0x1p+3 x #1"},
        {LANG_C, "/* open\nint x;", ""},
        {LANG_CPP, "R\"x(a \" )\" b)x\" end", "'a 'b end"},
        {LANG_CPP, "auto s = u8\"t\"; v<w>>0", "auto s 't v w #0"},
        {LANG_JS, "a = b / c / d; e = /re[/]x\"/g; f", "a b c d e 're 'x g f"},
        {LANG_JS, "return /x/.test(y)", "return 'x test y"},
        {LANG_JS, "`a ${b + `c ${d}`} e` f", "'a b 'c d 'e f"},
        {LANG_JS, "x = {a: `${ {b: 1}.b }`}; y", "x a b #1 b y"},
        {LANG_TS, "let x: Foo<Bar> = <T>y; // c", "let x Foo Bar T y"},
        {LANG_GO, "s := `raw \\ // in\nx`; r := 'x' // out", "s 'raw 'in 'x r 'x"},
        {LANG_JAVA, "String s = \"\"\"\n a \" b\n\"\"\"; @A x", "String s 'a 'b A x"},
        {LANG_RUST, "fn f<'a>(x: &'a str) { 'q' '\\'' /* a /* b */ c */ d }",
         "fn f a x a str 'q d"},
        {LANG_RUST, "let s = r#\"raw \" x\"#; br\"y\" r", "let s 'raw 'x 'y r"},
        {LANG_CSHARP, "var s = @\"c:\\\"; t(\"\"\"raw\"\"\")", "var s 'c t 'raw"},
        {LANG_SWIFT, "\"a \\(b + \"c\") d\" e", "'a b 'c 'd e"},
        {LANG_KOTLIN, "\"${a} b\" /* /* */ */ c", "a 'b c"},
        {LANG_ASM, "mov eax, 1 // c\n/* d */ ret", "mov eax #1 ret"},
        {LANG_CSS, "a { b: url(\"c\"); /* d */ }", "a b url 'c"},
    };
    SAMPLES(x);
}

static void hash_comments(void **state)
{
    static const struct sample x[] = {
        {LANG_PYTHON, "def f(): # c\n  \"\"\"doc\n  string\"\"\"\n  return r'x\\'y'",
         "def f 'doc 'string return 'x 'y"},
        {LANG_PYTHON, "x = f\"a {b} c\" + '''it's'''", "x 'a 'b 'c 'it 's"},
        {LANG_SHELL, "echo \"a $b $(c \"d\" # no\n) e\" f#g # h", "echo 'a 'b c 'd 'e f g"},
        {LANG_SHELL, "cat <<EOF >x\nbody $y # in\nEOF\nz", "cat x 'body 'y 'in z"},
        {LANG_SHELL, "cat <<'A' <<-B\none\nA\n\ttwo\n\tB\nz", "cat 'one 'two z"},
        {LANG_SHELL, "cat <<A\nx $(cat <<B\ny\nB\n) w\nA\nz", "cat 'x cat 'y 'w z"},
        {LANG_SHELL, "x=$((1<<y)); z=${#a} b=${c#d} $# \\' e", "x #1 y z a b c d e"},
        {LANG_SHELL, "a <<<\"b\" c", "a 'b c"},
        {LANG_PERL, "my $x = q{a {b} c}; $y =~ s/d e/f/g; # h\nz", "my x 'a 'b 'c y 'd 'e 'f g z"},
        {LANG_PERL, "$h{s}; y => 1; $#a; m{a}x; tr/a-z/A-Z/; qw(x y)",
         "h s y #1 a 'a x 'a 'z 'A 'Z 'x 'y"},
        {LANG_PERL, "a;\n=head1 T\ntext\n=cut\nb;\n__END__\nc", "a b"},
        {LANG_PERL, "print <<\"E\", 1;\nx y\nE\n$a << 2; split /,b/, $c;",
         "print #1 'x 'y a #2 split 'b c"},
        {LANG_PERL, "$a // ''; /'/; print STDERR <<END;\n'\nEND\n$x =~ /a\n'b/x; c",
         "a print STDERR x 'a 'b x c"},
        {LANG_RUBY, "x = <<~SQL\n  select #{a} b\nSQL\ny # c", "x 'select a 'b y"},
        {LANG_RUBY, "=begin\nno\n=end\n\"a#{h[\"b\"]}c\" %w[d e] a % b", "'a h 'b 'c 'd 'e a b"},
        {LANG_RUBY, "x << y\nz /a b/", "x y z a b"},
        {LANG_YAML, "a: b # c\nd: \"e # f\"\ng: don't # h\ni: 'j'", "a b d 'e 'f g don t i 'j"},
        {LANG_INI, "[a]\nb = c ; d\n# e\nf=\"g\"", "a b c f 'g"},
        {LANG_MAKE, "a: b # c\n\tcc $(X) -o $@", "a b cc X o"},
        {LANG_CMAKE, "#[[ no\nno ]] set(a \"b\nc\") # d", "set a 'b 'c"},
        {LANG_DOCKER, "FROM a:1 # no\nRUN b", "FROM a #1 RUN b"},
        {LANG_M4, "AC_INIT(a) dnl no\n# no\nb", "AC_INIT a b"},
        {LANG_TOML, "a = '''b\nc''' # d\n[e]", "a 'b 'c e"},
    };
    SAMPLES(x);
}

static void other_families(void **state)
{
    static const struct sample x[] = {
        {LANG_LUA, "a = [==[ b ]] c ]==] --[[ d\n ]] e -- f\n[[g]] t[h[1]]", "a 'b 'c e 'g t h #1"},
        {LANG_SQL, "SELECT a -- b\nFROM `c` WHERE d = 'it''s' /* e */ AND \"f\" # g",
         "SELECT a FROM 'c WHERE d 'it 's AND 'f"},
        {LANG_ERLANG, "f(X) -> % c\n \"a\".", "f X 'a"},
        {LANG_HASKELL, "f' x = 'c' -- d\n{- a {- b -} c -} g", "f x 'c g"},
        {LANG_OCAML, "let f' x = 'c' (* a (* b *) *) \"s\"", "let f x 'c 's"},
        {LANG_LISP, "(defun f () ; c\n \"s\" 'q)", "defun f 's q"},
        {LANG_BATCH, "rem no\n:: no\nset a=b\n  REM no", "set a b"},
        {LANG_VIM, "\" no\nlet a = \"b\" . 'c'", "let a 'b 'c"},
        {LANG_PASCAL, "{ no } begin (* no *) s := 'it''s'; // no", "begin s 'it 's"},
        {LANG_POWERSHELL, "<# no #> $a = @'\nit's\n'@ # no", "a 'it 's"},
        {LANG_HCL, "a = \"b ${c(\"d\")} e\" // f", "a 'b c 'd 'e"},
        {LANG_R, "a.b <- 'c' # d", "a.b 'c"},
        {LANG_AWK, "/a'b/ { print \"c\" } # d", "'a 'b print 'c"},
        {LANG_JSON, "{\"a b\": [1, true]}", "'a 'b #1 true"},
        {LANG_TCL, "set a \"b\" # c", "set a 'b"},
        {LANG_ELIXIR, "x = \"\"\"\n a #{b} c\n\"\"\" # d", "x 'a b 'c"},
        {LANG_DART, "'${a('b')} c' '''d'e'''", "a 'b 'c 'd 'e"},
        {LANG_FORTRAN, "call f('x') ! no", "call f 'x"},
        {LANG_SCALA, "'a' 'sym \"\"\"b\"c\"\"\"", "'a sym 'b 'c"},
        {LANG_NONE, "int x;", ""},
    };
    SAMPLES(x);
}

static void pages(void **state)
{
    static const struct sample x[] = {
        {LANG_MARKUP, "<!-- no --><a href=\"/b?c\" d='e'>Text &amp; f</a>",
         "a href 'b 'c d 'e 'Text 'amp 'f a"},
        {LANG_MARKUP,
         "<script>var a = \"b</i>\"; // c\n</script><p>d's</p><style>p{e:f}/*g*/</STYLE>h",
         "script var a 'b 'i script p 'd 's p style p e f STYLE 'h"},
        {LANG_MARKUP, "<!-- IF S_A -->b<!-- ENDIF --> <!-- If c -->", "'IF 'S_A 'b 'ENDIF"},
        {LANG_MARKUP, "<a {{ if b }}c{{ end }}>{{ d|e(\"f\") }}{# no #}{% g %}",
         "a if b c end d e 'f g"},
        {LANG_MARKUP, "a <b c=\"d\n<e f>g", "'a b c 'd 'e 'f 'g"},
        {LANG_MARKUP, "<a><![CDATA[don't <b c='d'>]]></a>", "a 'don 't b c 'd a"},
        {LANG_MARKUP, "x < y && z <", "'x 'y 'z"},
        {LANG_PHP, "<p><?php echo $a['b']; // c ?>d<?= e ?></p>", "p echo a 'b 'd e p"},
        {LANG_PHP, "<a b=\"<?php echo f(\"c\") ?>d\">", "a b echo f 'c 'd"},
        {LANG_PHP, "<script>var a = '<?= $b ?>'; c(<?php d ?>);</script>e",
         "script var a b c d script 'e"},
        {LANG_PHP, "<?php\n$a = <<<EOT\nb {$c['d']} e\n  EOT . f;\n#[G]\nh # i\n",
         "a 'b c 'd 'e f G h"},
        {LANG_PHP, "<?php $a = \"x {$b[\"c\"]} y\"; $d = <<<'N'\n{$e}\nN;\nf",
         "a 'x b 'c 'y d 'e f"},
        {LANG_PHP, "<? a ?>b<?xml c ?>", "a 'b xml c"},
        {LANG_TEMPLATE, "{if $a}b{/if}{* no *}{ c }", "if a 'b if 'c"},
        {LANG_TEMPLATE, "[% IF a %]b[%# no %][% c.d -%]", "IF a 'b c d"},
        {LANG_TEMPLATE, "<% if (a) { %>b<%= c.d %><%# no %><% } %>", "if a 'b c d"},
        {LANG_TEMPLATE, "{{!-- no --}}{{#each a}}{{{b.c}}}{{/each}}", "each a b c each"},
        {LANG_TEMPLATE, "<%-- no --%><a b=\"{{ c }}d\">", "a b c 'd"},
    };
    SAMPLES(x);
}

static void punctuation(void **state)
{
    static const struct sample x[] = {
        {LANG_C, "a->b <<= c != d; \"e\"", "a -> b <<= c != d ; \" 'e"},
        {LANG_JS, "a === b ?? c => {...d}", "a === b ?? c => { ... d }"},
        {LANG_PERL, "$a =~ /b/", "$ a =~ / 'b"},
        {LANG_C, "a-1 ... <", "a - #1 ... <"},
    };
    check_samples(x, ARRAY_LEN(x), 0);
}

static void fragments(void **state)
{
    static const struct sample x[] = {
        {LANG_PHP, "    $a = 'b'; // c\n", "a 'b"},
        {LANG_PHP, "  a(); ?>\n<p>b</p>", "a p 'b p"},
        {LANG_PHP, "<p>b</p>", "p 'b p"},
        {LANG_PHP, "  $a .= '<p>b</p>';\n  c($a);\n", "a 'p 'b 'p c a"},
        {LANG_PHP, "  <p>b\n  <i>c</i>\n", "p 'b i 'c i"},
        {LANG_PHP, "b <?php c ?>", "'b c"},
        {LANG_C, " * no\n */\nint a; /* no */", "int a"},
        {LANG_C, "int a; /* no\n */ b", "int a b"},
    };
    check_samples(x, ARRAY_LEN(x), LEXER_NO_PUNCT | LEXER_FRAGMENT);
}

static void hashes(void **state)
{
    AUTO(tokens) struct tokens t = {0};
    struct lexer_stop stop;
    lexer_run(LANG_C, STR("strncpy \"strncpy\" strncpz averyveryverylongidentifier"),
              LEXER_NO_PUNCT, &t, &stop);
    assert_int_equal(t.n, 4);
    assert_true(t.v[0].hash != t.v[1].hash);
    assert_true(token_common(&t.v[0]) == token_common(&t.v[1]));
    assert_true(t.v[0].hash != t.v[2].hash);
    assert_true(t.v[3].hash == token_hash(STR("averyveryverylongidentifier")));
    lexer_run(LANG_SQL, STR("Select sELECT"), LEXER_NO_PUNCT, &t, &stop);
    assert_true(t.v[0].hash == t.v[1].hash && t.v[0].hash == token_hash(STR("select")));
    /* Written into index files: may not change by accident. */
    assert_int_equal(token_hash(STR("main")), HASH_OF_MAIN);
}

static void spans(void **state)
{
    static const char want[] = "key:if num:1 str:\"a\" com:/* b */ key:return ";
    static const char *const kinds[] = {"com", "str", "num", "key"};
    AUTO(spans) struct spans s = {0};
    AUTO(buf) struct buf b = BUF_INIT(4096);
    struct str text = STR("if (x1 == 1) f(\"a\"); /* b */ return y;");
    lexer_spans(LANG_C, text, &s);
    for (size_t i = 0; i < s.n; i++)
        buf_addf(&b, "%s:%.*s ", kinds[s.v[i].kind], (int)s.v[i].len, text.p + s.v[i].at);
    assert_string_equal(buf_c(&b), want);
    text = STR("`a ${if} b` // c");
    lexer_spans(LANG_JS, text, &s);
    assert_int_equal(s.n, 4); /* `a , if,  b`, comment */
    assert_int_equal(s.v[1].kind, SPAN_KEYWORD);
    assert_int_equal(s.v[2].kind, SPAN_STRING);
}

static void names(void **state)
{
    static const struct {
        const char *path, *head;
        enum lang lang;
    } x[] = {
        {"a/b.c", "", LANG_C},
        {"a.h", "", LANG_C},
        {"a.h", "x\nnamespace y {", LANG_CPP},
        {"A.CPP", "", LANG_CPP},
        {"x/Makefile", "", LANG_MAKE},
        {"Makefile.am", "", LANG_MAKE},
        {"Makefile.in", "", LANG_MAKE},
        {"Makefile.linux", "", LANG_MAKE},
        {"Dockerfile", "", LANG_DOCKER},
        {"Dockerfile.web", "", LANG_DOCKER},
        {"CMakeLists.txt", "", LANG_CMAKE},
        {"configure.ac", "", LANG_M4},
        {"a.php.inc", "", LANG_PHP},
        {"a.inc", "<?php x", LANG_PHP},
        {"a.inc", "int x;", LANG_C},
        {"a.inc.php", "", LANG_PHP},
        {"foo.c.in", "", LANG_C},
        {"foo.sh.in", "", LANG_SHELL},
        {"a.tpl", "", LANG_TEMPLATE},
        {"a.tpl", "<?php x", LANG_PHP},
        {"a.html.twig", "", LANG_TEMPLATE},
        {"nginx.conf.j2", "", LANG_INI},
        {"a.html", "", LANG_MARKUP},
        {"a.ts", "import x", LANG_TS},
        {"a.ts", "<?xml version", LANG_MARKUP},
        {"x", "#!/bin/sh\n", LANG_SHELL},
        {"x", "#!/usr/bin/env python3.11\n", LANG_PYTHON},
        {"x", "#!/usr/bin/env -S perl -w\n", LANG_PERL},
        {"x", "#! /usr/bin/perl5.36\n", LANG_PERL},
        {"x.cgi", "#!/usr/bin/python\n", LANG_PYTHON},
        {"x.t", "use strict;", LANG_PERL},
        {"x", "/* -*- c -*- */\n", LANG_C},
        {"x", "/* -*- mode: C++; x: y -*- */\n", LANG_CPP},
        {"x", "<?php\n", LANG_PHP},
        {"x", "words", LANG_NONE},
        {"README.md", "<!-- x -->", LANG_NONE},
        {"a.txt", "#!/bin/sh", LANG_NONE},
        {".bashrc", "", LANG_SHELL},
        {"a.", "", LANG_NONE},
        {"", "", LANG_NONE},
        {"a.S", "", LANG_ASM},
    };
    for (size_t i = 0; i < ARRAY_LEN(x); i++) {
        enum lang got = lang_of(str_c(x[i].path), str_c(x[i].head));
        if (got != x[i].lang)
            print_message("%s: %s\n", x[i].path, lang_name(got));
        assert_int_equal(got, x[i].lang);
    }
    assert_int_equal(lang_of(STR("a.c"), STR("x\0y")), LANG_NONE);
    bool binary;
    assert_true(lang_refuses(STR("doc/A.Md"), &binary) && !binary);
    assert_true(lang_refuses(STR("README.py"), &binary) && !binary);
    assert_true(lang_refuses(STR("a/b.PNG"), &binary) && binary);
    assert_false(lang_refuses(STR("CMakeLists.txt"), &binary));
    assert_false(lang_refuses(STR("a.md/script"), &binary));
    assert_false(lang_refuses(STR("x.unknown"), &binary));
    assert_false(lang_refuses(STR(""), &binary));
    for (int i = 0; i < LANG_COUNT; i++) {
        assert_true(strlen(lang_name((enum lang)i)) > 0);
        for (int k = 0; k < LANG_COUNT; k++)
            assert_int_equal(lang_same((enum lang)i, (enum lang)k),
                             lang_same((enum lang)k, (enum lang)i));
    }
    assert_true(lang_same(LANG_C, LANG_CPP) && lang_same(LANG_TEMPLATE, LANG_PHP));
    assert_false(lang_same(LANG_C, LANG_JAVA) || lang_same(LANG_PHP, LANG_PYTHON));
}

static void not_text(void **state)
{
    assert_true(text_binary(STR("a\0b")));
    assert_false(text_binary(STR("ab")) || text_binary(STR("")));
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < LANG_HEAD; i++)
        buf_addc(&b, 'x');
    buf_addc(&b, '\0');
    assert_false(text_binary(buf_str(&b)));
    assert_true(text_lfs_pointer(STR("version https://git-lfs.github.com/spec/v1\n"
                                     "oid sha256:0123\nsize 12\n")));
    assert_false(text_lfs_pointer(STR("version https://git-lfs.github.com/spec/v1\n")));
    assert_false(text_lfs_pointer(STR("int version;\noid \nsize ")));
}

/* A text of `unit` again and again, about n bytes. */
static void repeat(struct buf *b, const char *unit, size_t n)
{
    buf_reset(b);
    struct str u = str_c(unit);
    while (b->n < n)
        buf_add(b, u);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What stays open, nests or makes a careless lexer look ahead, in every language. */
static const char *const hostile[] = {
    "\"",
    "'",
    "`",
    "\\",
    "/",
    "/*",
    "/* *",
    "*/",
    "(/[/",
    "//",
    "#",
    "{",
    "}",
    "(",
    "${",
    "`${",
    "\"$(",
    "\"#{",
    "\"{$",
    "<<A\n",
    "<<<A\n",
    "$(cat <<A\n",
    "<<A <<B ",
    "\"$(cat <<A\n",
    "q{",
    "s{a}",
    "q ",
    "y ",
    "r#",
    "r##\"",
    "R\"(",
    "R\"x",
    "[=[",
    "[====",
    "--[[",
    "#[[",
    "{-",
    "(*",
    "<!--",
    "<!-- ",
    "<script>",
    "<a b=\"",
    "<",
    "<?php ",
    "<?php ?>",
    "<?php \"{$",
    "{{",
    "{{!",
    "{%",
    "{#",
    "{* ",
    "[%#",
    "<%",
    "<%--",
    "{a",
    "<style><!--{#",
    "<script>\"{{",
    "%w[",
    "=begin\n",
    "=a\n",
    "<<~A\n#{",
    "dnl",
    "  ::",
    "\xff",
    "\xf0\x90",
    "a\r",
    "\n",
    " ",
    "1e",
    "0x1p",
    "'a",
    "\"\"\"",
    "'''",
    "R\"0123456789abcdef(",
    "<x {{ \"<?php '",
    "\\\n",
    "#}",
    "*}",
    "%]",
    "}}",
    "?>",
    "-->",
    "%>",
    "--}}",
    "</script>",
    "</style>",
    "]]",
    "*)",
    "-}",
};

static void hostile_texts(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(tokens) struct tokens t = {0};
    AUTO(spans) struct spans s = {0};
    struct lexer_stop stop;
    for (size_t k = 0; k < ARRAY_LEN(hostile); k++) {
        repeat(&b, hostile[k], 30000);
        for (int lang = 0; lang < LANG_COUNT; lang++) {
            double begin = cpu_seconds();
            lexer_run((enum lang)lang, buf_str(&b), (unsigned)k % 4, &t, &stop);
            /* Quadratic would be many seconds; linear is a millisecond, more with sanitizers. */
            if (cpu_seconds() - begin > 0.3)
                fail_msg("\"%s\" is slow in %s", hostile[k], lang_name((enum lang)lang));
            lexer_spans((enum lang)lang, buf_str(&b), &s);
            check_spans(buf_str(&b), &s);
        }
    }
}

/* Any order of hostile pieces in any language: order, lines and repetition hold. */
static void mixed_texts(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 20), out = BUF_INIT(1 << 22);
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 1500; round++) {
        buf_reset(&b);
        buf_reset(&out);
        for (int i = 0; i < 60; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            buf_adds(&b, hostile[seed % ARRAY_LEN(hostile)]);
            if (seed >> 62 == 0)
                buf_adds(&b, " a\n");
            else if (seed >> 62 == 1)
                buf_adds(&b, "\nA\n");
        }
        lexed((enum lang)(round % LANG_COUNT), buf_str(&b), (unsigned)(seed >> 40) % 4, &out);
    }
}

static void limits(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(64u << 20);
    AUTO(tokens) struct tokens t = {0};
    struct lexer_stop stop;

    /* A line without end: its begin is read, the rest reported. */
    repeat(&b, "a ", LEXER_TEXT_MAX + 1000);
    lexer_run(LANG_C, buf_str(&b), 0, &t, &stop);
    assert_int_equal(t.n, LEXER_LINE_MAX / 2);
    assert_int_equal(stop.cut, LEXER_CUT_TEXT | LEXER_CUT_LINE);
    assert_int_equal(stop.line, 1);
    assert_int_equal(stop.long_lines, 1);

    /* A million words on a line; what follows it is read. */
    repeat(&b, "ab ", 3000000);
    buf_adds(&b, "\n\"x\" y");
    lexer_run(LANG_C, buf_str(&b), LEXER_NO_PUNCT, &t, &stop);
    assert_int_equal(stop.cut, LEXER_CUT_LINE);
    assert_int_equal(stop.lines, 2);
    assert_int_equal(t.v[t.n - 1].line, 2);
    assert_int_equal(t.v[t.n - 2].kind, TOKEN_STRING_WORD);

    /* One word of a megabyte is a long line without words. */
    repeat(&b, "abcdefgh", 1 << 20);
    lexer_run(LANG_C, buf_str(&b), 0, &t, &stop);
    assert_int_equal(t.n, 0);
    assert_int_equal(stop.cut, LEXER_CUT_LINE);

    repeat(&b, "a\n", 2 * (LEXER_TOKENS_MAX + 10));
    lexer_run(LANG_C, buf_str(&b), 0, &t, &stop);
    assert_int_equal(t.n, LEXER_TOKENS_MAX);
    assert_int_equal(stop.cut, LEXER_CUT_TOKENS);
    assert_int_equal(stop.line, LEXER_TOKENS_MAX + 1);
    assert_int_equal(stop.lines, LEXER_TOKENS_MAX + 10);

    repeat(&b, "`${", 3 * (LEXER_DEPTH_MAX + 5));
    lexer_run(LANG_JS, buf_str(&b), 0, &t, &stop);
    assert_int_equal(stop.cut, LEXER_CUT_DEPTH);

    lexer_run(LANG_C, STR("a\0b\0\"c\0d\""), LEXER_NO_PUNCT, &t, &stop);
    assert_int_equal(t.n, 4);
    assert_int_equal(stop.cut, 0);
    assert_int_equal(stop.lines, 1);
    lexer_run(LANG_C, STR_NONE, 0, &t, &stop);
    assert_int_equal(stop.lines, 0);
    lexer_run(LANG_C, STR("\n\n"), 0, &t, &stop);
    assert_int_equal(stop.lines, 2);
    assert_string_equal(lexer_cut_text(0), "");
    for (unsigned cut = 1; cut <= LEXER_CUT_DEPTH; cut *= 2)
        assert_true(strlen(lexer_cut_text(cut)) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c_like),         cmocka_unit_test(hash_comments),
        cmocka_unit_test(other_families), cmocka_unit_test(pages),
        cmocka_unit_test(punctuation),    cmocka_unit_test(fragments),
        cmocka_unit_test(hashes),         cmocka_unit_test(spans),
        cmocka_unit_test(names),          cmocka_unit_test(not_text),
        cmocka_unit_test(hostile_texts),  cmocka_unit_test(mixed_texts),
        cmocka_unit_test(limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
