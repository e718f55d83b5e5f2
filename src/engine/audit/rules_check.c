/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a structural rule is and whether it may run.  Runs in the engine child and in the command;
 * the text is a colleague's or, by a forged request, anybody's.
 */
#include "engine/audit/rules_inside.h"

#include <string.h>

static const struct {
    const char *names; /* of ast-grep, in lower case, between spaces */
    const char *ending;
    enum lang lang;
} languages[] = {
    {" c ", "c", LANG_C},
    {" cpp c++ cc cxx ", "cpp", LANG_CPP},
    {" javascript js jsx ", "js", LANG_JS},
    {" typescript ts ", "ts", LANG_TS},
    {" tsx ", "tsx", LANG_TS},
    {" go golang ", "go", LANG_GO},
    {" java ", "java", LANG_JAVA},
    {" rust rs ", "rs", LANG_RUST},
    {" php ", "php", LANG_PHP},
    {" python py ", "py", LANG_PYTHON},
    {" ruby rb ", "rb", LANG_RUBY},
    {" bash sh ", "sh", LANG_SHELL},
    {" lua ", "lua", LANG_LUA},
    {" css ", "css", LANG_CSS},
    {" html ", "html", LANG_MARKUP},
    {" json ", "json", LANG_JSON},
    {" yaml yml ", "yml", LANG_YAML},
    {" csharp cs c# ", "cs", LANG_CSHARP},
    {" kotlin kt ", "kt", LANG_KOTLIN},
    {" scala ", "scala", LANG_SCALA},
    {" swift ", "swift", LANG_SWIFT},
    {" elixir ex ", "ex", LANG_ELIXIR},
    {" haskell hs ", "hs", LANG_HASKELL},
    {" hcl ", "hcl", LANG_HCL},
    {" solidity sol ", "sol", LANG_PROTO},
};

const char *rule_ending(enum lang lang)
{
    for (size_t i = 0; i < ARRAY_LEN(languages); i++)
        if (languages[i].lang == lang)
            return languages[i].ending;
    return "txt";
}

enum rule_tool rule_tool_of(struct str text)
{
    struct str rest = text, line;
    while (str_line(&rest, &line))
        if (line.n > 0 && line.p[0] == '@')
            return RULE_COCCINELLE;
    return RULE_AST_GREP;
}

static enum rc language_of(struct str value, enum lang *ret_lang, struct err *e)
{
    char key[24];
    size_t hash = str_find(value, STR(" #"));
    value = str_trim(str_sub(value, 0, hash));
    if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
        value.p[value.n - 1] == value.p[0])
        value = str_sub(value, 1, value.n - 2);
    if (value.n > 0 && value.n + 3 <= sizeof key) {
        key[0] = key[value.n + 1] = ' ';
        key[value.n + 2] = '\0';
        for (size_t i = 0; i < value.n; i++)
            key[i + 1] = ascii_lower(value.p[i]);
        for (size_t i = 0; i < ARRAY_LEN(languages); i++)
            if (strstr(languages[i].names, key)) {
                *ret_lang = languages[i].lang;
                return RC_OK;
            }
    }
    return err_set(e, RC_INVALID, "the rule is for a language that is not known here");
}

static enum rc check_ast_grep(struct str text, enum lang *ret_lang, struct err *e)
{
    enum lang lang = LANG_NONE;
    struct str rest = text, line;
    while (str_line(&rest, &line)) {
        if (!str_starts(line, STR("language:")))
            continue;
        enum lang one = LANG_NONE;
        TRY(language_of(str_sub(line, 9, line.n), &one, e));
        if (lang != LANG_NONE && lang != one)
            return err_set(e, RC_INVALID, "a rule is for one language only");
        lang = one;
    }
    if (lang == LANG_NONE)
        return err_set(e, RC_INVALID, "the rule does not say its language");
    *ret_lang = lang;
    return RC_OK;
}

static bool word_byte(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* Whether the word stands in the text before one of these bytes, white space between or not. */
static bool has_word(struct str text, struct str word, const char *before)
{
    for (size_t at = 0, n; (n = str_find(str_sub(text, at, text.n), word)) != STR_NPOS;) {
        size_t from = at + n, to = from + word.n;
        at = to;
        if ((from > 0 && word_byte(text.p[from - 1])) || (to < text.n && word_byte(text.p[to])))
            continue;
        while (to < text.n && ascii_is_space(text.p[to]))
            to++;
        if (to < text.n && strchr(before, text.p[to]))
            return true;
    }
    return false;
}

static enum rc check_coccinelle(struct str text, enum lang *ret_lang, struct err *e)
{
    static const char *const programs[] = {"script", "initialize", "finalize"};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (has_word(text, str_c(programs[i]), ":"))
            return err_set(e, RC_INVALID, "parts of a rule that are programs (%s:) do not run here",
                           programs[i]);
    if (has_word(text, STR("using"), "\"<"))
        return err_set(e, RC_INVALID, "a rule may not read other files (using)");
    struct str rest = text, line;
    while (str_line(&rest, &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] != '#')
            continue;
        line = str_trim(str_sub(line, 1, line.n));
        if (str_starts(line, STR("spatch")))
            return err_set(e, RC_INVALID, "a rule may not give options (#spatch)");
        if (has_word(line, STR("include"), "\""))
            return err_set(e, RC_INVALID, "a rule may not read other files (#include)");
    }
    *ret_lang = LANG_C;
    return RC_OK;
}

enum rc rule_check(const struct rule *rule, enum lang *ret_lang, struct err *e)
{
    if (rule->name.n == 0 || rule->name.n > RULES_NAME_MAX)
        return err_set(e, RC_INVALID, "a rule needs a name of at most %u bytes", RULES_NAME_MAX);
    if (rule->text.n > RULES_TEXT_MAX)
        return err_set(e, RC_INVALID, "a rule has at most %u bytes", RULES_TEXT_MAX);
    if (str_chr(rule->text, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "the rule is not text");
    return rule_tool_of(rule->text) == RULE_COCCINELLE ? check_coccinelle(rule->text, ret_lang, e)
                                                       : check_ast_grep(rule->text, ret_lang, e);
}
