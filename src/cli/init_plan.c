/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a policy and a repository to settings.  Runs in `vulndesk init`, as the user who typed it;
 * policy and repository are read by the careful readers of desk/policy.h and git/git.h.
 */
#include "cli/init_plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"

/* ---- Prefix ---- */

/* Ends of compound names: mail+cow. */
static const char *const second_words[] = {"cow",   "desk",  "box",  "hub",    "kit",   "lab",
                                           "base",  "mail",  "web",  "net",    "cloud", "proxy",
                                           "shell", "store", "cast", "server", "board", "forge",
                                           "press", "mill",  "vpn",  "guard",  "bird",  "fish"};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* The letter of a compound's second word, or 0. */
static char compound_letter(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(second_words); i++) {
        struct str w = str_c(second_words[i]);
        if (word.n >= w.n + 3 && str_eq_nocase(str_sub(word, word.n - w.n, w.n), w))
            return upper(w.p[0]);
    }
    return 0;
}

static void prefix_of_word(struct str word, struct buf *b)
{
    size_t capitals = 0;
    for (size_t i = 0; i < word.n; i++)
        capitals += is_upper(word.p[i]);
    char second = compound_letter(word);
    if (word.n <= 5) {
        for (size_t i = 0; i < word.n; i++)
            buf_addc(b, upper(word.p[i]));
    } else if (capitals >= 2 && capitals <= 5) {
        for (size_t i = 0; i < word.n; i++)
            if (is_upper(word.p[i]))
                buf_addc(b, word.p[i]);
    } else if (second) {
        buf_addc(b, upper(word.p[0]));
        buf_addc(b, second);
    } else {
        for (size_t i = 0; i < 3; i++)
            buf_addc(b, upper(word.p[i]));
    }
}

/* The next run of ASCII letters and digits that begins with a letter. */
static bool next_word(struct str *rest, struct str *ret_word)
{
    size_t i = 0;
    while (i < rest->n && !ascii_is_alpha(rest->p[i]))
        i++;
    size_t from = i;
    while (i < rest->n && ascii_is_alnum(rest->p[i]))
        i++;
    *ret_word = str_sub(*rest, from, i - from);
    *rest = str_sub(*rest, i, rest->n);
    return ret_word->n > 0;
}

enum rc init_prefix(struct str name, struct buf *b, struct err *e)
{
    size_t colon = str_chr(name, ':'), words = 0, before = b->n;
    struct str rest = colon == STR_NPOS || colon == 0 ? name : str_sub(name, 0, colon);
    struct str again = rest, first = STR_NONE, word;
    while (next_word(&rest, &word)) {
        if (words++ == 0)
            first = word;
    }
    if (words == 1) {
        prefix_of_word(first, b);
    } else {
        for (size_t i = 0; i < 4 && next_word(&again, &word); i++)
            buf_addc(b, upper(word.p[0]));
    }
    if (b->n - before < 2)
        return err_set(e, RC_INVALID,
                       "no prefix of case numbers can be made from the name; say --prefix");
    return RC_OK;
}

/* ---- Repository ---- */

static int by_commit(const void *a, const void *b)
{
    const struct git_ref *x = a, *y = b;
    if (x->commit_us != y->commit_us)
        return x->commit_us < y->commit_us ? -1 : 1;
    return str_cmp(x->name, y->name);
}

enum rc init_read_repo(struct arena *a, const char *dir, struct init_repo *ret_r, struct err *e)
{
    AUTO(git) struct git *g = NULL;
    AUTO(buf) struct buf head = BUF_INIT(1000);
    AUTO(buf) struct buf url = BUF_INIT(8000);
    struct init_repo r = {.learned = false};
    struct err none = ERR_INIT;
    TRY(git_open(dir, NULL, &g, e));
    TRY(git_tags(g, a, &r.tags, &r.n_tags, NULL, e));
    TRY(git_branches(g, a, &r.branches, &r.n_branches, e));
    qsort(r.branches, r.n_branches, sizeof *r.branches, by_commit);
    if (git_head(g, &head, &none) == RC_OK)
        r.head = arena_str(a, buf_str(&head));
    if (git_remote_url(g, &url, &none) == RC_OK)
        r.url = arena_str(a, buf_str(&url));
    struct str *names = arena_array(a, r.n_tags + 1, sizeof *names);
    if (names == NULL)
        return arena_ok(a, "the list of tags", e);
    for (size_t i = 0; i < r.n_tags; i++)
        names[i] = r.tags[i].name;
    r.learned = tag_pattern_learn(names, r.n_tags, &r.tag, &none) == RC_OK;
    *ret_r = r;
    return RC_OK;
}

/* The last part of a URL or path, without ".git". */
static struct str base_name(struct str s)
{
    while (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    if (str_ends(s, STR("/.git")))
        s.n -= 5;
    size_t slash = str_rchr(s, '/');
    size_t colon = str_rchr(s, ':');
    size_t cut = slash != STR_NPOS ? slash : colon;
    if (cut != STR_NPOS)
        s = str_sub(s, cut + 1, s.n);
    return str_ends(s, STR(".git")) ? str_sub(s, 0, s.n - 4) : s;
}

/* ---- Values ---- */

static void set(struct init_plan *p, const char *name, struct str value, const char *note_fmt, ...)
    PRINTF(4, 5);

static void set(struct init_plan *p, const char *name, struct str value, const char *note_fmt, ...)
{
    BUG_ON(p->n_values == INIT_VALUES);
    char note[2000];
    va_list ap;
    va_start(ap, note_fmt);
    vsnprintf(note, sizeof note, note_fmt, ap);
    va_end(ap);
    AUTO(buf) struct buf clean = BUF_INIT(3 * sizeof note);
    utf8_clean(&clean, utf8_clip(str_c(note), sizeof note - 1));
    struct setting_value *v = &p->values[p->n_values++];
    v->name = name;
    v->value = arena_str(p->a, value);
    v->note = clean.n ? arena_str(p->a, buf_str(&clean)).p : NULL;
}

static enum rc plan_name(struct init_plan *p, struct err *e)
{
    const char *from = "as you said";
    if (p->said.name) {
        p->name = arena_str(p->a, str_c(p->said.name));
    } else if (p->policy->project.n > 0) {
        p->name = p->policy->project;
        from = "as the policy calls it";
    } else if (p->repo && p->repo->url.n > 0 && base_name(p->repo->url).n > 0) {
        p->name = arena_str(p->a, base_name(p->repo->url));
        from = "the last part of the URL of the repository's origin";
    } else {
        return err_set(e, RC_INVALID, "the policy does not name the project; say --name");
    }
    set(p, "desk.name", p->name, "Name: %s.", from);
    set(p, "project.name", p->name, "%s", "");
    AUTO(buf) struct buf b = BUF_INIT(20);
    if (p->said.prefix) {
        p->prefix = arena_str(p->a, str_c(p->said.prefix));
        p->prefix_from = "as you said";
    } else {
        TRY(init_prefix(p->name, &b, e));
        p->prefix = arena_str(p->a, buf_str(&b));
        p->prefix_from = "proposed from the name; change it before the first case";
    }
    set(p, "desk.prefix", p->prefix, "Prefix: %s.", p->prefix_from);
    return RC_OK;
}

static enum rc plan_contact(struct init_plan *p, struct err *e)
{
    if (p->said.contact) {
        p->contact = arena_str(p->a, str_c(p->said.contact));
        set(p, "desk.contact", p->contact, "Contact: as you said.");
        return RC_OK;
    }
    if (p->policy->n_contacts == 0)
        return err_set(e, RC_INVALID, "the policy names no mail address; say --contact");
    const struct policy_contact *c = &p->policy->contacts[0];
    p->contact = c->address;
    set(p, "desk.contact", c->address, "Contact: the policy, line %u: \"%.*s\".", c->line,
        STR_ARG(c->words));
    return RC_OK;
}

void init_span(struct buf *b, int64_t us)
{
    if (us % US_PER_DAY == 0)
        buf_addf(b, "%lldd", (long long)(us / US_PER_DAY));
    else if (us % US_PER_H == 0)
        buf_addf(b, "%lldh", (long long)(us / US_PER_H));
    else
        buf_addf(b, "%lldm", (long long)(us / US_PER_MIN));
}

/* "line 22" or "lines 22-24" */
struct lines {
    char text[32];
};
static struct lines lines_of(const struct policy_promise *pr)
{
    struct lines l;
    if (pr->line_start == pr->line_end)
        snprintf(l.text, sizeof l.text, "line %u", pr->line_start);
    else
        snprintf(l.text, sizeof l.text, "lines %u-%u", pr->line_start, pr->line_end);
    return l;
}

static const struct {
    enum policy_promise_kind kind;
    const char *promise, *time, *default_time;
} clocks[] = {
    {PROMISE_ACKNOWLEDGE, "policy.acknowledge", "policy.acknowledge_within", "1h"},
    {PROMISE_DETAIL, "policy.detail", "policy.detail_within", "5d"},
    {PROMISE_UPDATE, "policy.update", "policy.update_every", "14d"},
};

static void plan_promises(struct init_plan *p)
{
    for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
        const struct policy_promise *pr = &p->policy->promises[clocks[i].kind];
        AUTO(buf) struct buf span = BUF_INIT(40);
        if (pr->found)
            set(p, clocks[i].promise, STR("yes"), "The policy, %s: \"%.*s\"", lines_of(pr).text,
                STR_ARG(pr->words));
        else
            set(p, clocks[i].promise, STR("no"), "Not found in the policy: not promised.");
        if (pr->within_us > 0) {
            init_span(&span, pr->within_us);
            set(p, clocks[i].time, buf_str(&span), "The policy, %s: \"%.*s\"%s.", lines_of(pr).text,
                STR_ARG(pr->within_words),
                pr->working_days ? ", counted here as so many calendar days" : "");
        } else {
            set(p, clocks[i].time, str_c(clocks[i].default_time),
                "The team's own setting; the policy states no time.");
        }
    }
    AUTO(buf) struct buf span = BUF_INIT(40);
    init_span(&span, p->policy->embargo_us);
    if (p->policy->embargo_us > 0)
        set(p, "policy.default_embargo", buf_str(&span), "The policy, line %u: \"%.*s\"",
            p->policy->embargo_line, STR_ARG(p->policy->embargo_words));
    else
        set(p, "policy.default_embargo", STR("none"), "The policy states no embargo.");
}

static void plan_repo(struct init_plan *p)
{
    if (p->maintained.n > 0)
        set(p, "project.maintained", p->maintained, "As you said.");
    if (p->repo == NULL)
        return;
    set(p, "project.repository", str_c(p->said.repo), "%s", "");
    const struct tag_learned *t = &p->repo->tag;
    if (p->repo->learned)
        set(p, "project.tag_pattern", str_c(t->pattern.text),
            "Learnt from the repository: %zu of %zu tags follow it.", t->matched, p->repo->n_tags);
}

/* A value must be good before anything is written: the same reader that serve uses decides. */
static enum rc plan_check(struct init_plan *p, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SETTINGS_FILE_MAX);
    AUTO(settings) struct settings *s = NULL;
    TRY(settings_write(&b, p->values, p->n_values, e));
    enum rc rc = settings_parse(buf_str(&b), STR(SETTINGS_FILE), STR("/d"), NULL, &s, e);
    return rc == RC_OK ? rc : err_prefix(e, "what was found does not make a configuration: ");
}

enum rc init_plan_make(struct init_plan *p, struct err *e)
{
    if (p->said.maintained)
        p->maintained = arena_str(p->a, str_c(p->said.maintained));
    TRY(plan_name(p, e));
    TRY(plan_contact(p, e));
    if (p->said.base_url)
        set(p, "desk.base_url", str_c(p->said.base_url), "As you said.");
    if (p->said.staff_url)
        set(p, "desk.staff_url", str_c(p->said.staff_url), "As you said.");
    if (p->said.store)
        set(p, "store.url", str_c(p->said.store), "As you said.");
    set(p, "desk.data_dir", STR("data"), "%s", "");
    set(p, "policy.file", STR("SECURITY.md"), "A copy of %s, made by init.", p->said.policy);
    struct str domain = str_sub(p->contact, str_rchr(p->contact, '@') + 1, p->contact.n);
    set(p, "mail.hostname", domain, "The contact's domain; change it to this machine's name.");
    set(p, "mail.outgoing", STR("off"), "Switch it on when everything else is right.");
    plan_promises(p);
    plan_repo(p);
    TRY(arena_ok(p->a, "the settings", e));
    return plan_check(p, e);
}

/* ---- Report ---- */

static void add_date(struct buf *b, int64_t us)
{
    struct civil c;
    when_civil(us, &c);
    buf_addf(b, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static void report_found(const struct init_plan *p, struct buf *b)
{
    const struct policy *y = p->policy;
    buf_addf(b, "Found in %s (%u lines)\n", p->said.policy, y->lines);
    if (y->title.n)
        buf_addf(b, "  title        %s\n", y->title.p);
    if (y->project.n)
        buf_addf(b, "  project      %s\n", y->project.p);
    for (size_t i = 0; i < y->n_contacts; i++) {
        const struct policy_contact *c = &y->contacts[i];
        buf_addf(b, "  contact      %s (line %u, \"%.*s\"%s)%s\n", c->address.p, c->line,
                 STR_ARG(c->words), c->reporting ? "" : ", not about reports",
                 i > 0 ? " - not taken; add it to desk.contact if it reaches this desk" : "");
    }
    for (size_t i = 0; i < y->n_urls; i++)
        buf_addf(b, "  %-12s %s (line %u)\n", policy_url_kind_name(y->urls[i].kind),
                 y->urls[i].url.n ? y->urls[i].url.p : y->urls[i].words.p, y->urls[i].line);
    if (y->fingerprint.n)
        buf_addf(b, "  OpenPGP key  %s (line %u)\n", y->fingerprint.p, y->fingerprint_line);
    for (size_t i = 0; i < y->n_sections; i++)
        buf_addf(b, "  section      %s (line %u, #%s)\n", y->sections[i].title.p,
                 y->sections[i].line, y->sections[i].anchor.p);
    for (size_t i = 0; i < y->n_links; i++)
        if (!y->links[i].ok)
            buf_addf(b, "  broken link  #%s (line %u): there is no such section\n",
                     y->links[i].anchor.p, y->links[i].line);
    for (size_t i = 0; i < y->n_versions; i++)
        buf_addf(b, "  version      %s: %s (line %u)\n", y->versions[i].version.p,
                 y->versions[i].unclear     ? "unclear"
                 : y->versions[i].supported ? "supported"
                                            : "not supported",
                 y->versions[i].line);
}

static void report_promises(const struct init_plan *p, struct buf *b)
{
    buf_adds(b, "\nIts promises, in its words\n");
    for (int k = 0; k < PROMISE_COUNT; k++) {
        const struct policy_promise *pr = &p->policy->promises[k];
        if (!pr->found)
            continue;
        buf_addf(b, "  %s (%s)\n", policy_promise_label((enum policy_promise_kind)k),
                 lines_of(pr).text);
        buf_addf(b, "    \"%s\"\n", pr->words.p);
        if (pr->within_us)
            buf_addf(b, "    time: \"%s\"\n", pr->within_words.p);
    }
    if (p->policy->embargo_us)
        buf_addf(b, "  embargo (line %u)\n    \"%s\"\n", p->policy->embargo_line,
                 p->policy->embargo_words.p);
    buf_adds(b, "\nNot found in it\n");
    const char *name;
    for (size_t i = 0; (name = policy_missing(p->policy, i)) != NULL; i++)
        buf_addf(b, "  %s\n", name);
}

static void report_own(const struct init_plan *p, struct buf *b)
{
    buf_adds(b, "\nThe team's own settings, not the policy's words\n");
    for (size_t i = 0; i < ARRAY_LEN(clocks); i++)
        if (p->policy->promises[clocks[i].kind].within_us == 0)
            buf_addf(b, "  %s = %s\n", clocks[i].time, clocks[i].default_time);
    if (p->policy->embargo_us == 0)
        buf_adds(b, "  policy.default_embargo = none\n");
    buf_addf(b, "  desk.prefix = %s (%s)\n", p->prefix.p, p->prefix_from);
}

static void report_tags(const struct init_repo *r, struct buf *b)
{
    buf_addf(b, "  %zu tags", r->n_tags);
    if (!r->learned) {
        buf_adds(b, ", no common scheme among them: project.tag_pattern is not set\n");
        return;
    }
    buf_addf(b, ": %zu follow %s, %zu look like previews, %zu are something else\n", r->tag.matched,
             r->tag.pattern.text, r->tag.preview, r->tag.other);
    size_t shown = 0;
    for (size_t i = r->n_tags; i-- > 0 && shown < 3;) {
        struct tag_version v;
        if (!tag_pattern_match(&r->tag.pattern, r->tags[i].name, &v))
            continue;
        buf_addf(b, "    %s, commit of ", r->tags[i].name.p);
        add_date(b, r->tags[i].commit_us);
        buf_addc(b, '\n');
        shown++;
    }
}

static void report_repo(const struct init_plan *p, struct buf *b)
{
    const struct init_repo *r = p->repo;
    if (r == NULL) {
        buf_adds(b, "\nNo repository was named (--repo): tags and branches are not known\n");
        return;
    }
    buf_addf(b, "\nFound in the repository %s\n", p->said.repo);
    report_tags(r, b);
    buf_addf(b, "  %zu branches, by last commit\n", r->n_branches);
    for (size_t i = r->n_branches; i-- > 0 && r->n_branches - i <= INIT_SHOW_MAX;) {
        const struct git_ref *br = &r->branches[i];
        buf_adds(b, "    ");
        add_date(b, br->commit_us);
        buf_addf(b, "  %s%s\n", br->name.p, str_eq(br->name, r->head) ? " (HEAD)" : "");
    }
    if (r->n_branches > INIT_SHOW_MAX)
        buf_addf(b, "    and %zu older ones\n", r->n_branches - INIT_SHOW_MAX);
    if (p->maintained.n)
        buf_addf(b, "  maintained: %s, as you said\n", p->maintained.p);
    else
        buf_adds(b, "  Which of them get fixes is not guessed: say --maintained or set "
                    "project.maintained\n");
}

void init_plan_report(const struct init_plan *p, struct buf *b)
{
    report_found(p, b);
    report_promises(p, b);
    report_own(p, b);
    report_repo(p, b);
    buf_adds(b, "\nAssumed: nothing else. Everything that is not listed has the default that "
                "`vulndesk config show` prints.\n");
}
