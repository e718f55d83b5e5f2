/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder for one file: the three texts by lines, the places that do not fit by words and
 * rules, and from that the answer.  Runs in the engine child on strangers' texts.
 */
#include "engine/backport/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

const char *ladder_state_name(enum ladder_state s)
{
    static const char *const names[] = {"same", "decided", "proposed", "open"};
    BUG_ON((unsigned)s >= ARRAY_LEN(names));
    return names[s];
}

/* One conflict, gone up the ladder. */
struct solved {
    struct ladder_region region;
    struct buf text[LADDER_ALTERNATIVES_MAX]; /* ways of writing it, best first */
    unsigned n_texts;
};

struct run {
    struct three t;
    struct arena *arena;
    struct solved *solved;
    uint32_t n_solved;
    size_t text_max;
    struct ladder_name name[LADDER_NAMES_MAX];
    uint32_t n_names;
    bool renamed; /* the whole file was */
};

static void run_auto(struct run *r)
{
    three_auto(&r->t);
    for (uint32_t i = 0; i < r->n_solved; i++)
        for (unsigned k = 0; k < LADDER_ALTERNATIVES_MAX; k++)
            buf_release(&r->solved[i].text[k]);
    free(r->solved);
}

static struct ladder_lines lines_of(struct range r)
{
    return (struct ladder_lines){r.from + 1, r.to - r.from};
}

/* The release's names first, when that makes the place a better one. */
static void solve_renamed(struct run *r, const struct place *p, struct solved *s)
{
    AUTO(three) struct three t = {0};
    AUTO(place) struct place again = {0};
    AUTO(buf) struct buf base = BUF_INIT(r->text_max);
    AUTO(buf) struct buf fix = BUF_INIT(r->text_max);
    struct names names = {r->name, r->n_names};
    struct err why = ERR_INIT;
    if (!place_rename(p, &base, &fix, &names) || base.over || fix.over)
        return;
    if (place_again(&r->t, p, &base, &fix, &t, &again, &why) != RC_OK ||
        again.state != LADDER_DECIDED)
        return;
    s->region.state = LADDER_DECIDED;
    r->n_names = names.n;
    s->region.rule = "rename";
    s->region.why = "the release has other names here, one for one";
    place_write(&again, 0, &s->text[s->n_texts++]);
}

static enum rc solve(struct run *r, const struct chunk *c, struct solved *s)
{
    AUTO(place) struct place p = {0};
    struct err why = ERR_INIT;
    s->region = (struct ladder_region){.state = LADDER_OPEN,
                                       .rule = "",
                                       .why = "the place is too large",
                                       .base = lines_of(c->l[BASE]),
                                       .fix = lines_of(c->l[FIX]),
                                       .release = lines_of(c->l[RELEASE])};
    for (unsigned k = 0; k < LADDER_ALTERNATIVES_MAX; k++)
        buf_init(&s->text[k], r->text_max);
    if (place_read(&r->t, c, &p, &why) != RC_OK) {
        buf_add(&s->text[0], three_bytes(&r->t, RELEASE, c->l[RELEASE]));
        three_put_fix(&r->t, three_bytes(&r->t, FIX, c->l[FIX]), &s->text[1]);
        s->n_texts = 2;
        return RC_OK;
    }
    place_judge(&p);
    if (p.state > LADDER_DECIDED && place_comments(&r->t, &p))
        place_judge(&p);
    s->region.state = p.state;
    s->region.rule = p.rule;
    s->region.why = p.why;
    s->region.shared_line = p.shared_line;
    if (p.state > LADDER_DECIDED)
        solve_renamed(r, &p, s);
    if (s->region.state == LADDER_OPEN) /* the release's side stays */
        buf_add(&s->text[s->n_texts++], three_bytes(&r->t, RELEASE, c->l[RELEASE]));
    unsigned n = s->region.state > LADDER_DECIDED ? place_ways(&p) : s->n_texts ? 0 : 1;
    for (unsigned k = 0; k < n && s->n_texts < LADDER_ALTERNATIVES_MAX - 1; k++)
        place_write(&p, k, &s->text[s->n_texts++]);
    /* Who carries a fix over often takes the lines around it as well. */
    three_put_fix(&r->t, three_bytes(&r->t, FIX, c->l[FIX]), &s->text[s->n_texts++]);
    return RC_OK;
}

static enum rc solve_all(struct run *r, struct err *e)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->t.n_chunks; i++)
        n += r->t.chunk[i].kind == CHUNK_CONFLICT;
    if (n > LADDER_REGIONS_MAX)
        return err_set(e, RC_LIMIT, "more than %u places do not fit", LADDER_REGIONS_MAX);
    r->solved = mem_zalloc(((size_t)n + 1) * sizeof *r->solved);
    for (uint32_t i = 0; i < r->t.n_chunks; i++)
        if (r->t.chunk[i].kind == CHUNK_CONFLICT)
            TRY(solve(r, &r->t.chunk[i], &r->solved[r->n_solved++]));
    return RC_OK;
}

static void put_chunk(const struct run *r, const struct chunk *c, struct buf *out)
{
    if (c->kind == CHUNK_FIX)
        three_put_fix(&r->t, three_bytes(&r->t, FIX, c->l[FIX]), out);
    else
        buf_add(out, three_bytes(&r->t, RELEASE, c->l[RELEASE]));
}

static uint32_t count_lines(struct str s)
{
    uint32_t n = 0;
    for (size_t lf; (lf = str_chr(s, '\n')) != STR_NPOS; s = str_sub(s, lf + 1, s.n))
        n++;
    return n + (s.n > 0);
}

/* The whole file with the which-th text of each place that is not decided. */
static void put_file(struct run *r, unsigned which, struct buf *out)
{
    uint32_t at = 0, line = 0;
    size_t counted = 0;
    for (uint32_t i = 0; i < r->t.n_chunks; i++) {
        const struct chunk *c = &r->t.chunk[i];
        if (c->kind != CHUNK_CONFLICT) {
            put_chunk(r, c, out);
            continue;
        }
        struct solved *s = &r->solved[at++];
        /* The last one takes the fix's lines everywhere. */
        bool last = which + 1 == LADDER_ALTERNATIVES_MAX;
        unsigned k = last ? s->n_texts - 1 : s->region.state <= LADDER_DECIDED ? 0 : which;
        size_t from = out->n;
        buf_add(out, buf_str(&s->text[k < s->n_texts ? k : 0]));
        if (which > 0)
            continue;
        line += count_lines(str_of(buf_c(out) + counted, from - counted));
        s->region.made.from = line + 1;
        s->region.made.n = count_lines(str_of(buf_c(out) + from, out->n - from));
        line += s->region.made.n;
        counted = out->n;
    }
}

/* zdiff3: lines that the two sides have in common at the ends of the place stand outside. */
static void put_conflict(const struct run *r, const struct chunk *c, struct buf *out)
{
    struct range f = c->l[FIX], x = c->l[RELEASE];
    const uint32_t *fix = r->t.lines[FIX].id, *release = r->t.lines[RELEASE].id;
    struct range head = {x.from, x.from}, tail;
    while (f.from < f.to && x.from < x.to && fix[f.from] == release[x.from]) {
        f.from++;
        head.to = ++x.from;
    }
    tail = (struct range){x.to, x.to};
    while (f.from < f.to && x.from < x.to && fix[f.to - 1] == release[x.to - 1]) {
        f.to--;
        tail.from = --x.to;
    }
    static const char *const marks[] = {"<<<<<<< release\n", "||||||| before the fix\n",
                                        "=======\n", ">>>>>>> fix\n"};
    const struct range part[] = {x, c->l[BASE], f};
    static const enum side sides[] = {RELEASE, BASE, FIX};
    buf_add(out, three_bytes(&r->t, RELEASE, head));
    for (int i = 0; i < 4; i++) {
        if (out->n > 0 && out->p[out->n - 1] != '\n')
            buf_addc(out, '\n');
        buf_adds(out, marks[i]);
        if (i < 3)
            buf_add(out, three_bytes(&r->t, sides[i], part[i]));
    }
    buf_add(out, three_bytes(&r->t, RELEASE, tail));
}

static void put_conflicts(const struct run *r, struct buf *out)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < r->t.n_chunks; i++) {
        const struct chunk *c = &r->t.chunk[i];
        if (c->kind != CHUNK_CONFLICT) {
            put_chunk(r, c, out);
            continue;
        }
        const struct solved *s = &r->solved[at++];
        if (s->region.state <= LADDER_DECIDED)
            buf_add(out, buf_str(&s->text[0]));
        else
            put_conflict(r, c, out);
    }
}

static void add_rule(struct ladder_out *o, const char *rule)
{
    for (uint32_t i = 0; i < o->n_rules; i++)
        if (strcmp(o->rules[i], rule) == 0)
            return;
    if (rule[0] != '\0' && o->n_rules < LADDER_RULES_MAX)
        o->rules[o->n_rules++] = rule;
}

static enum rc keep(struct run *r, const struct buf *b, struct str *ret, struct err *e)
{
    TRY(buf_ok(b, "a merged text", e));
    *ret = arena_str(r->arena, buf_str(b));
    return arena_ok(r->arena, "a merged text", e);
}

static enum rc add_alternatives(struct run *r, struct ladder_out *o, struct err *e)
{
    for (unsigned which = 1; which < LADDER_ALTERNATIVES_MAX; which++) {
        AUTO(buf) struct buf b = BUF_INIT(r->text_max);
        put_file(r, which, &b);
        bool known = str_eq(buf_str(&b), o->text);
        for (uint32_t i = 0; i < o->n_alternatives; i++)
            known |= str_eq(buf_str(&b), o->alternatives[i].text);
        if (known)
            continue;
        struct ladder_alternative *a = &o->alternatives[o->n_alternatives];
        *a = (struct ladder_alternative){.rule = "other", .why = "another way to put it together"};
        TRY(keep(r, &b, &a->text, e));
        o->n_alternatives++;
    }
    return RC_OK;
}

static enum rc answer(struct run *r, struct ladder_out *o, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(r->text_max);
    AUTO(buf) struct buf conflict = BUF_INIT(r->text_max);
    put_file(r, 0, &text);
    struct ladder_region *regions = arena_array(r->arena, (size_t)r->n_solved + 1, sizeof *regions);
    TRY(arena_ok(r->arena, "a merged text", e));
    o->state = LADDER_SAME;
    for (uint32_t i = 0; i < r->n_solved; i++) {
        regions[i] = r->solved[i].region;
        o->state = regions[i].state > o->state ? regions[i].state : o->state;
        add_rule(o, regions[i].rule);
    }
    o->regions = regions;
    o->n_regions = r->n_solved;
    for (uint32_t i = 0; i < r->n_names; i++)
        o->names[o->n_names++] = (struct ladder_name){arena_str(r->arena, r->name[i].from),
                                                      arena_str(r->arena, r->name[i].to)};
    TRY(arena_ok(r->arena, "a merged text", e));
    o->renamed = r->renamed;
    if (r->renamed)
        add_rule(o, "rename");
    TRY(keep(r, &text, &o->text, e));
    if (o->state == LADDER_SAME && !str_eq(o->text, r->t.text[RELEASE]))
        o->state = LADDER_DECIDED;
    if (o->state > LADDER_SAME)
        TRY(add_alternatives(r, o, e));
    if (o->state <= LADDER_DECIDED)
        return RC_OK;
    put_conflicts(r, &conflict);
    return keep(r, &conflict, &o->conflict, e);
}

/* What is not decided is only text of the fix that belongs to text which the release lacks: the
 * rest of the file fits. */
static bool only_absent(const struct ladder_out *o)
{
    for (uint32_t i = 0; i < o->n_regions; i++) {
        const struct ladder_region *r = &o->regions[i];
        if (r->state > LADDER_DECIDED && strcmp(r->rule, "ins-del") != 0 &&
            strcmp(r->rule, "absent-mod") != 0)
            return false;
    }
    return true;
}

/* What a program can do without stays behind when it does not fit; what does fit has its name. */
static void by_class(const struct ladder_ask *ask, struct ladder_out *o)
{
    static const char *const drop[] = {"", "test-drop", "doc-drop", "generated-drop", "ci-drop"};
    static const char *const merged[] = {"", "merged-test", "merged-doc", "merged-generated",
                                         "merged-ci"};
    if (ask->class == CLASS_CODE || o->state == LADDER_SAME)
        return;
    bool absent = only_absent(o);
    if (o->state > LADDER_DECIDED && ask->class == CLASS_CI && !absent)
        return; /* a fix that raises a version there does so in all places */
    if (o->state > LADDER_DECIDED) {
        o->left_out = true;
        if (!absent)
            o->text = ask->release;
    }
    o->rules[0] = o->left_out ? drop[ask->class] : merged[ask->class];
    o->n_rules = 1;
    o->state = LADDER_DECIDED;
}

static struct ladder_verdict verdict(enum ladder_state s, const char *rule, const char *why)
{
    return (struct ladder_verdict){s, s == LADDER_DECIDED, rule, why};
}

struct ladder_verdict ladder_absent(enum file_class class)
{
    static const char *const rules[] = {"absent", "absent-test", "absent-doc", "absent-generated",
                                        "absent-ci"};
    return class == CLASS_CODE ? verdict(LADDER_OPEN, rules[class], "the release has no such file")
                               : verdict(LADDER_DECIDED, rules[class],
                                         "the release has no such file, and no program needs it");
}

struct ladder_verdict ladder_gone(const struct ladder_ask *ask)
{
    if (ask->class != CLASS_CODE)
        return verdict(LADDER_DECIDED, "gone-kept",
                       "the fix deletes the file, the release has another one: it stays");
    return verdict(LADDER_PROPOSED, "gone", "the fix deletes the file, the release has changed it");
}

static enum rc run_once(const struct ladder_ask *ask, struct run *r, struct ladder_out *o,
                        struct err *e)
{
    r->text_max = 2 * (ask->base.n + ask->fix.n + ask->release.n) + (1u << 16);
    TRY(three_read(ask, &r->t, e));
    TRY(solve_all(r, e));
    return answer(r, o, e);
}

/* Names that came in and that the release has others for, or that kept a place open: once more
 * with those. */
static enum rc run_renamed(const struct ladder_ask *ask, struct run *first, struct ladder_out *o,
                           struct err *e)
{
    AUTO(run) struct run r = {.arena = first->arena, .renamed = true};
    AUTO(buf) struct buf base = BUF_INIT(first->text_max);
    AUTO(buf) struct buf fix = BUF_INIT(first->text_max);
    struct names names = {r.name, 0};
    struct ladder_out out = {0};
    struct str made = o->state > LADDER_DECIDED ? STR_NONE : o->text;
    if (!three_rename(&first->t, made, &base, &fix, &names))
        return RC_OK;
    struct ladder_ask again = *ask;
    again.base = buf_str(&base);
    again.fix = buf_str(&fix);
    r.n_names = names.n;
    TRY(run_once(&again, &r, &out, e));
    *o = out;
    return RC_OK;
}

enum rc ladder_run(const struct ladder_ask *ask, struct arena *arena, struct ladder_out *ret,
                   struct err *e)
{
    AUTO(run) struct run r = {.arena = arena};
    struct ladder_out o = {0};
    TRY(run_once(ask, &r, &o, e));
    TRY(run_renamed(ask, &r, &o, e));
    by_class(ask, &o);
    *ret = o;
    return RC_OK;
}
