/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change carried to one tree.  Runs in the engine child and in commands; everything in the
 * repository is a stranger's.
 */
#include "engine/backport/step.h"

#include <string.h>

struct stepping {
    struct work *w;
    const struct port_change *c;
    const char *release;
    struct arena *a;
    struct step *s;
};

void step_rule(struct step_rules *r, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i], name) == 0)
            return;
    if (r->n < STEP_RULES_MAX)
        r->v[r->n++] = name;
}

void step_file_rules(struct step_rules *r, const struct step_file *f)
{
    step_rule(r, f->rule);
    for (size_t i = 0; f->ladder && i < f->ladder->n_rules; i++)
        step_rule(r, f->ladder->rules[i]);
}

enum port_state step_state(enum ladder_state s)
{
    static const enum port_state states[] = {
        [LADDER_SAME] = PORT_DECIDED,
        [LADDER_DECIDED] = PORT_DECIDED,
        [LADDER_PROPOSED] = PORT_SHOWN,
        [LADDER_OPEN] = PORT_OPEN,
    };
    return states[s];
}

/* ---- One file ---- */

static void leave_out(struct step_file *f, const char *rule, const char *why)
{
    f->f.how = BP_LEFT_OUT;
    f->f.made = f->f.release;
    f->state = PORT_DECIDED;
    f->rule = rule;
    f->why = str_c(why);
}

static void leave_open(struct step_file *f, const char *why)
{
    f->f.made = f->f.release;
    f->state = PORT_OPEN;
    f->why = str_c(why);
}

static enum rc write_made(const struct stepping *k, struct step_file *f, struct str text,
                          struct err *e)
{
    f->f.made = f->f.release;
    f->f.made.text = text;
    f->f.made.read = true;
    if (f->f.made.mode == 0)
        f->f.made.mode = f->f.fix.mode;
    return bp_write(k->w->store, OBJECT_BLOB, text, f->f.made.oid, e);
}

static struct ladder_ask ask_of(const struct bp_file *f)
{
    return (struct ladder_ask){.path = f->path,
                               .lang = f->lang,
                               .class = f->class,
                               .base = f->base.text,
                               .fix = f->fix.text,
                               .release = f->release.text};
}

static bool plain(const struct bp_side *s)
{
    return s->mode == 0 || (s->read && !s->binary);
}

static bool is_file(const struct bp_side *s)
{
    return s->mode == 0 || (s->mode & TREE_MODE_TYPE) == TREE_MODE_FILE;
}

/* The modes are no trouble: only one side changed them. */
static bool modes_fit(struct bp_file *f)
{
    uint32_t b = f->base.mode, x = f->fix.mode, r = f->release.mode;
    return b == 0 || x == r || x == b || r == b;
}

static enum rc climb(const struct stepping *k, struct step_file *f, enum port_state at_best,
                     struct err *e)
{
    struct ladder_ask ask = ask_of(&f->f);
    struct ladder_out *out = arena_alloc(k->a, sizeof *out);
    TRY(arena_ok(k->a, "the ladder", e));
    enum rc rc = ladder_run(&ask, k->a, out, e);
    if (rc == RC_INVALID || rc == RC_LIMIT) {
        leave_open(f, "the file is binary or too large to be merged word by word");
        return RC_OK;
    }
    TRY(rc);
    f->ladder = out;
    f->f.names = out->names;
    f->f.n_names = out->n_names;
    f->state = step_state(out->state);
    if (out->renamed && f->f.class == CLASS_CODE && at_best < PORT_SHOWN) {
        at_best = PORT_SHOWN;
        f->why = str_c("names that the fix brings are others in the release");
    }
    if (f->state < at_best)
        f->state = at_best;
    TRY(write_made(k, f, out->text, e));
    if (out->left_out && str_eq(out->text, f->f.release.text))
        f->f.how = BP_LEFT_OUT;
    else if (f->f.how != BP_LOCATED)
        f->f.how = BP_LADDER;
    return RC_OK;
}

/* Settings and lists: nothing is built of them, and who reads them has come with them. */
static bool is_settings(const struct bp_file *f)
{
    return f->base.mode && f->fix.mode &&
           (f->lang == LANG_NONE || f->lang == LANG_INI || f->lang == LANG_JSON ||
            f->lang == LANG_TOML);
}

/* Where the release has this text, another file of the fix may end as well: a file that was split
 * since.  What that one made is built upon; those that the release lacks come last for it. */
static enum rc upon_another(const struct stepping *k, struct step_file *f, bool *ret_upon,
                            struct err *e)
{
    *ret_upon = false;
    for (size_t i = 0; i < k->s->n; i++) {
        struct bp_file *o = &k->s->files[i].f;
        if (o == &f->f || !str_eq(o->path, f->f.path) || o->made.mode == 0 || o->made.binary)
            continue;
        if (!o->made.read)
            TRY(bp_text(k->w->store, o->made.oid, k->a, &o->made.text, e));
        o->made.read = true;
        f->f.release = o->made;
        *ret_upon = true;
    }
    return RC_OK;
}

/* The release lacks the file: it may have the text under another name. */
static enum rc file_absent(const struct stepping *k, struct step_file *f, struct err *e)
{
    struct ladder_verdict v = ladder_absent(f->f.class);
    struct locate_found found = {.rule = LOCATE_NONE};
    bool upon;
    struct locate_ask ask = {.path = f->f.fix_path,
                             .base = f->f.base.text,
                             .fix = f->f.fix.text,
                             .base_oid = str_c(f->f.base.oid),
                             .base_tree = str_c(k->c->base),
                             .release_tree = str_c(k->release)};
    if (v.left_out) {
        leave_out(f, v.rule, v.why);
        return RC_OK;
    }
    if (plain(&f->f.base) && f->f.base.text.n && f->f.fix.mode)
        TRY(locate_run(k->w->locate, &ask, k->a, &found, e));
    if (found.rule == LOCATE_NONE && is_settings(&f->f)) {
        leave_out(f, "absent-data", "the release has no such file, and it is no program");
        return RC_OK;
    }
    if (found.rule == LOCATE_NONE) {
        leave_open(f, v.why);
        return RC_OK;
    }
    f->f.release = (struct bp_side){.mode = found.mode, .text = found.text, .read = true};
    memcpy(f->f.release.oid, found.oid, sizeof found.oid);
    f->f.path = found.path;
    f->f.how = BP_LOCATED;
    TRY(upon_another(k, f, &upon, e));
    f->why = found.why;
    f->rule = "reloc";
    /* Half alike, as git has it: a renamed file.  Text in another file is for a person. */
    bool named = found.rule != LOCATE_LINES && found.share >= LOCATE_ALIKE && !upon;
    return climb(k, f, named ? PORT_DECIDED : PORT_SHOWN, e);
}

/* The fix gives the file another name: whether the line wants it too is for a person to say, for
 * what else speaks of that name came along. */
static enum rc file_renamed(const struct stepping *k, struct step_file *f, struct err *e)
{
    f->why = arena_strf(k->a, "the fix has the file as %.*s; here it keeps its name",
                        STR_ARG(f->f.fix_path));
    return climb(k, f, PORT_SHOWN, e);
}

static void file_gone(struct step_file *f)
{
    struct ladder_ask ask = ask_of(&f->f);
    struct ladder_verdict v = ladder_gone(&ask);
    if (v.left_out) {
        leave_out(f, v.rule, v.why);
        return;
    }
    f->state = step_state(v.state);
    f->rule = v.rule;
    f->why = str_c(v.why);
    f->f.made = v.state == LADDER_OPEN ? f->f.release : (struct bp_side){.mode = 0};
}

static enum rc settle_file(const struct stepping *k, struct step_file *f, struct err *e)
{
    f->rule = "";
    f->state = PORT_DECIDED;
    switch (f->f.how) {
    case BP_SAME:
    case BP_TAKEN:
    case BP_MERGED:
        return RC_OK;
    case BP_ABSENT:
        TRY(pick_texts(&k->w->picker, &f->f, k->a, e));
        return file_absent(k, f, e);
    case BP_GONE:
        TRY(pick_texts(&k->w->picker, &f->f, k->a, e));
        file_gone(f);
        return RC_OK;
    default:
        break;
    }
    TRY(pick_texts(&k->w->picker, &f->f, k->a, e));
    bool texts = is_file(&f->f.base) && is_file(&f->f.fix) && is_file(&f->f.release) &&
                 plain(&f->f.base) && plain(&f->f.fix) && plain(&f->f.release);
    if (texts && f->f.fix.mode && f->f.release.mode && modes_fit(&f->f))
        return f->f.fix_renamed ? file_renamed(k, f, e) : climb(k, f, PORT_DECIDED, e);
    if (f->f.class != CLASS_CODE && f->f.class != CLASS_CI)
        leave_out(f, f->f.class == CLASS_TEST ? "test-drop" : "doc-drop",
                  "left as the release has it: it is no text that could be merged");
    else
        leave_open(f, "links, submodules, modes and binary files are not merged");
    return RC_OK;
}

/* ---- All files ---- */

/* A fix of continuous integration alone is one, too. */
static bool is_code(const struct bp_file *f)
{
    return f->class == CLASS_CODE || f->class == CLASS_CI;
}

/* Has the release all of it, token by token?  Only code counts when there is any. */
static enum rc is_contained(const struct stepping *k, bool *ret, struct err *e)
{
    bool code = false, any = false;
    struct ladder_share share = {0};
    *ret = false;
    for (size_t i = 0; i < k->s->n; i++)
        code = code || is_code(&k->s->files[i].f);
    for (size_t i = 0; i < k->s->n; i++) {
        struct bp_file *f = &k->s->files[i].f;
        if (f->how == BP_SAME) {
            any = any || !code || is_code(f);
            continue;
        }
        if (code && !is_code(f))
            continue;
        if (f->how == BP_TAKEN) /* it is as it was before the fix */
            return RC_OK;
        TRY(pick_texts(&k->w->picker, f, k->a, e));
        if (f->fix_renamed || !f->release.mode || !f->fix.mode || !plain(&f->base) ||
            !plain(&f->fix) || !plain(&f->release))
            return RC_OK;
        struct ladder_ask ask = ask_of(f);
        enum rc rc = ladder_share(&ask, &share, e);
        if (rc == RC_LIMIT || rc == RC_INVALID) /* too large to be told */
            return RC_OK;
        TRY(rc);
    }
    *ret = share.comes + share.goes > 0 ? ladder_share_full(&share) : any;
    return RC_OK;
}

/* Is another one built upon what this one made? */
static bool built_upon(const struct step *s, size_t i)
{
    const struct bp_file *f = &s->files[i].f;
    for (size_t o = 0; o < s->n; o++) {
        const struct bp_file *other = &s->files[o].f;
        if (o != i && other->how == BP_LOCATED && str_eq(other->path, f->path) &&
            (f->how != BP_LOCATED || o > i))
            return true;
    }
    return false;
}

/* What stands in the tree for a file: where it was looked for it is at another path. */
static enum rc make_tree(const struct stepping *k, char ret_tree[GIT_OID_HEX + 1], struct err *e)
{
    struct bp_file *v = arena_array(k->a, k->s->n + 1, sizeof *v);
    size_t n = 0;
    TRY(arena_ok(k->a, "the candidate", e));
    for (size_t i = 0; i < k->s->n; i++)
        if (!built_upon(k->s, i))
            v[n++] = k->s->files[i].f;
    return pick_tree_of(k->w->store, k->release, v, n, ret_tree, e);
}

static enum rc add_candidate(const struct stepping *k, const char *tree, const struct step_rules *r,
                             struct str why, struct err *e)
{
    struct step *s = k->s;
    if (strcmp(tree, k->release) == 0)
        return RC_OK;
    for (size_t i = 0; i < s->n_candidates; i++)
        if (strcmp(s->candidates[i].tree, tree) == 0)
            return RC_OK;
    if (s->n_candidates == STEP_CANDIDATES_MAX)
        return RC_OK;
    struct step_candidate *c = &s->candidates[s->n_candidates++];
    *c = (struct step_candidate){.source = s->source, .rules = *r, .why = why};
    (void)snprintf(c->tree, sizeof c->tree, "%s", tree);
    return arena_ok(k->a, "the candidates", e);
}

/* All files take their nth alternative (those that have fewer, their last), or only file `only`. */
static enum rc add_alternative(const struct stepping *k, size_t nth, size_t only, struct err *e)
{
    struct bp_side *kept = arena_array(k->a, k->s->n + 1, sizeof *kept);
    struct step_rules rules = {.n = 0};
    struct str why = STR_NONE;
    char tree[GIT_OID_HEX + 1];
    TRY(arena_ok(k->a, "the candidates", e));
    for (size_t i = 0; i < k->s->n; i++) {
        struct step_file *f = &k->s->files[i];
        kept[i] = f->f.made;
        if (f->ladder && nth < f->ladder->n_alternatives && (only == k->s->n || only == i)) {
            const struct ladder_alternative *alt = &f->ladder->alternatives[nth];
            TRY(write_made(k, f, alt->text, e));
            step_rule(&rules, alt->rule);
            why = str_c(alt->why);
        } else {
            step_file_rules(&rules, f);
        }
    }
    enum rc rc = make_tree(k, tree, e);
    for (size_t i = 0; i < k->s->n; i++)
        k->s->files[i].f.made = kept[i];
    TRY(rc);
    return why.n ? add_candidate(k, tree, &rules, why, e) : RC_OK;
}

static enum rc add_alternatives(const struct stepping *k, struct err *e)
{
    size_t with = 0;
    for (size_t i = 0; i < k->s->n; i++)
        with += k->s->files[i].ladder && k->s->files[i].ladder->n_alternatives;
    for (size_t nth = 0; nth < LADDER_ALTERNATIVES_MAX; nth++)
        TRY(add_alternative(k, nth, k->s->n, e));
    for (size_t i = 0; with > 1 && i < k->s->n; i++)
        for (size_t nth = 0; nth < LADDER_ALTERNATIVES_MAX; nth++)
            TRY(add_alternative(k, nth, i, e));
    return RC_OK;
}

/* ---- The verdict ---- */

static size_t count_open(const struct step *s, enum port_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->files[i].state == state;
    return n;
}

static const struct step_file *first_of(const struct step *s, enum port_state state)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->files[i].state == state)
            return &s->files[i];
    return NULL;
}

/* The sentence of the first region that is the reason. */
static struct str why_of(const struct step_file *f, enum ladder_state state)
{
    for (size_t i = 0; f->ladder && i < f->ladder->n_regions; i++)
        if (f->ladder->regions[i].state == state)
            return str_c(f->ladder->regions[i].why);
    return f->why;
}

static void judge(const struct stepping *k)
{
    struct step *s = k->s;
    size_t open = count_open(s, PORT_OPEN), shown = count_open(s, PORT_SHOWN);
    const struct step_file *f = first_of(s, open ? PORT_OPEN : PORT_SHOWN);
    for (size_t i = 0; i < s->n; i++)
        step_file_rules(&s->rules, &s->files[i]);
    if (open) {
        struct str why = why_of(f, LADDER_OPEN);
        s->verdict = PORT_NEEDS_PERSON;
        s->why = arena_strf(k->a, "%.*s: %.*s", STR_ARG(f->f.path), STR_ARG(why));
    } else if (shown) {
        struct str why = why_of(f, LADDER_PROPOSED);
        s->verdict = PORT_PROPOSED;
        s->why = arena_strf(k->a, "%.*s: %.*s", STR_ARG(f->f.path), STR_ARG(why));
    } else {
        s->verdict = PORT_RESOLVED;
        s->why = str_c("the conflicts were settled by rules that are safe enough to decide");
    }
}

/* ---- What the candidate owes ---- */

/* In a file of another name less is taken on trust: what comes has to stand in a block of the same
 * kind. */
static bool demotes(const struct step *s, const struct obligation *o)
{
    bool clean = s->verdict == PORT_CLEAN;
    if (o->why == OBLIGE_WHY_PLACE && o->result == OBLIGE_FAIL && o->class == CLASS_CODE)
        for (size_t i = 0; i < s->rules.n; i++)
            if (strcmp(s->rules.v[i], "reloc") == 0)
                return true;
    return oblige_demotes(o, clean);
}

/* The files as they are in the candidate; their place in the release comes last, so that what the
 * fix touches stays in order. */
static enum rc prove(const struct stepping *k, struct err *e)
{
    struct step *s = k->s;
    bool clean = s->verdict == PORT_CLEAN;
    struct bp_file *v = arena_array(k->a, s->n + 1, sizeof *v);
    TRY(arena_ok(k->a, "the candidate", e));
    for (size_t i = 0; i < s->n; i++)
        v[i] = s->files[i].f;
    const struct oblige_ask ask = {.scope = k->w->scope,
                                   .base_tree = str_c(k->c->base),
                                   .fix_tree = str_c(k->c->fix),
                                   .release_tree = str_c(k->release),
                                   .files = v,
                                   .n = s->n,
                                   .clean = clean};
    scope_begin(k->w->scope, bp_hash_len(k->w->store));
    TRY(oblige_run(&ask, k->a, &s->duties, e));
    const struct pick_claim claim = {k->release, s->tree, v, s->n, false};
    if (!clean)
        TRY(pick_prove(&k->w->picker, &claim, k->a, &s->proofs, e));
    for (size_t i = 0; i < s->duties.n; i++)
        if (demotes(s, &s->duties.v[i]))
            step_rule(&s->demoted, oblige_id_text(s->duties.v[i].id));
    if (s->demoted.n && s->verdict < PORT_PROPOSED) {
        s->verdict = PORT_PROPOSED;
        for (size_t i = s->duties.n; i-- > 0;)
            if (demotes(s, &s->duties.v[i]))
                s->why = s->duties.v[i].detail;
    }
    return RC_OK;
}

/* Nothing is left to carry over.  Of tests and documents that is an answer, of code it is not. */
static void judge_empty(struct step *s)
{
    bool code = false;
    for (size_t i = 0; i < s->n; i++)
        code = code || s->files[i].f.class == CLASS_CODE;
    s->verdict = code ? PORT_NEEDS_PERSON : PORT_RESOLVED;
    s->why =
        str_c(code ? "nothing of the fix is left to carry over"
                   : "the fix changes no code, and its tests and documents have no place here");
}

static enum rc settle_conflicts(const struct stepping *k, struct err *e)
{
    struct step *s = k->s;
    char tree[GIT_OID_HEX + 1];
    for (int absent = 0; absent < 2; absent++)
        for (size_t i = 0; i < s->n; i++)
            if ((s->files[i].f.how == BP_ABSENT) == absent)
                TRY(settle_file(k, &s->files[i], e));
    judge(k);
    TRY(make_tree(k, tree, e));
    if (strcmp(tree, k->release) == 0 && s->verdict != PORT_NEEDS_PERSON)
        judge_empty(s);
    TRY(add_candidate(k, tree, &s->rules, s->why, e));
    if (s->verdict != PORT_NEEDS_PERSON) {
        memcpy(s->tree, tree, sizeof tree);
        TRY(prove(k, e));
    }
    return add_alternatives(k, e);
}

enum rc step_run(struct work *w, const struct port_change *c, struct str source,
                 const char *release, struct arena *a, struct step *ret, struct err *e)
{
    struct pick pick;
    bool contained;
    *ret = (struct step){.verdict = PORT_NEEDS_PERSON, .source = source};
    const struct stepping k = {w, c, release, a, ret};
    TRY(pick_run(&w->picker, c->base, c->fix, release, a, &pick, e));
    ret->files = arena_array(a, pick.n + 1, sizeof *ret->files);
    TRY(arena_ok(a, "the files of the fix", e));
    for (size_t i = 0; i < pick.n; i++)
        ret->files[ret->n++] = (struct step_file){.f = pick.files[i], .rule = ""};
    contained = pick.empty && pick.n > 0;
    if (!contained)
        TRY(is_contained(&k, &contained, e));
    if (contained) {
        ret->verdict = PORT_ALREADY;
        ret->why = str_c("everything that the fix changes is there already");
        return RC_OK;
    }
    if (!pick.clean)
        return settle_conflicts(&k, e);
    ret->verdict = pick.empty ? PORT_ALREADY : PORT_CLEAN;
    ret->why = str_c(pick.empty ? "the fix changes nothing" : "the fix applies as it is");
    memcpy(ret->tree, pick.tree, sizeof pick.tree);
    struct step_rules none = {.n = 0};
    TRY(add_candidate(&k, pick.tree, &none, ret->why, e));
    return pick.empty ? RC_OK : prove(&k, e);
}
