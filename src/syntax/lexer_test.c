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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(c_like), cmocka_unit_test(hash_comments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
