/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer about backports read back.  Runs in core; the JSON is a child's that worked on a
 * stranger's repository, and hostile.
 */
#include "engine/backport/record.h"

#include <string.h>

#include "base/utf8.h"
#include "engine/fields.h"

/* ---- names and words ---- */

static const struct {
    const char *name, *words;
} verdicts[PORT_VERDICTS] = {
    [PORT_ALREADY] = {"already", "has it already"},
    [PORT_NOT_AFFECTED] = {"not-affected", "not affected"},
    [PORT_CLEAN] = {"clean", "applies cleanly"},
    [PORT_RESOLVED] = {"resolved", "conflicts resolved"},
    [PORT_PROPOSED] = {"proposed", "proposed, to be looked at"},
    [PORT_NEEDS_PERSON] = {"needs-person", "needs a person"},
};
static const char *const results[PORT_RESULTS] = {"pass", "fail", "unknown"};
static const char *const states[PORT_STATES] = {"decided", "proposed", "open"};

const char *port_verdict_name(enum port_verdict v)
{
    return v < PORT_VERDICTS ? verdicts[v].name : "?";
}

const char *port_verdict_words(enum port_verdict v)
{
    return v < PORT_VERDICTS ? verdicts[v].words : "?";
}

bool port_verdict_parse(struct str s, enum port_verdict *ret_v)
{
    for (size_t i = 0; i < PORT_VERDICTS; i++) {
        if (!str_eq(s, str_c(verdicts[i].name)))
            continue;
        *ret_v = (enum port_verdict)i;
        return true;
    }
    return false;
}

const char *port_result_name(enum port_result r)
{
    return r < PORT_RESULTS ? results[r] : "?";
}

const char *port_state_name(enum port_state s)
{
    return s < PORT_STATES ? states[s] : "?";
}

struct word {
    const char *name, *words;
};

static struct str look_up(const struct word *w, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_c(w[i].name)))
            return str_c(w[i].words);
    return name;
}

struct str port_rule_words(struct str rule)
{
    static const struct word rules[] = {
        {"same", "the line has it already"},
        {"tok", "the two changes touch different words of the same place"},
        {"adj-both", "the two changes touch each other and do not overlap"},
        {"comment", "both changed a comment: what the fix says stands"},
        {"adj-del", "inserted beside the one neighbour that the line has"},
        {"rename", "names of the line in place of those of the fix, one for one"},
        {"merged-test", "a test, merged apart from the code"},
        {"merged-doc", "a document or a list of changes, merged apart from the code"},
        {"test-drop", "a test that does not fit was left out"},
        {"doc-drop", "a document or a list of changes was left out"},
        {"generated-drop", "a generated file was left out"},
        {"absent-test", "a test that the line does not have was left out"},
        {"absent-doc", "a document that the line does not have was left out"},
        {"same-line", "both changed the same line"},
        {"same-line+tok", "both changed the same line, in different words"},
        {"ins-ins", "both insert at the same place: their order is a guess"},
        {"adj-repl", "the neighbouring text was replaced"},
        {"lit", "a number or a text was changed on both sides"},
        {"reloc", "the only place where the old text stands"},
        {"absent-mod", "the part that changes text which the line lacks was dropped"},
        {"overlap", "both change the same words"},
        {"ins-mod", "the fix adds inside of text that the line has changed"},
        {"del-mod", "the fix takes away text that the line has changed"},
        {"ins-del", "the fix adds inside of text that the line lacks"},
        {"part-absent", "the line lacks a part of what the fix changes"},
        {"repl-ins", "the fix changes text beside an addition of the line"},
        {"del-ins", "the fix takes away text beside an addition of the line"},
        {"adj-torn", "the fix adds beside a bracket that the line lacks"},
        {"del-del", "the line lacks a part of what the fix takes away"},
        {"merged-generated", "a generated file, merged apart from the code"},
        {"merged-ci", "a file of continuous integration, merged apart from the code"},
        {"ci-drop", "what continuous integration does only beyond this line was left out"},
        {"absent-ci", "a file of continuous integration that the line does not have was left out"},
        {"absent-data", "a file of settings that the line does not have was left out"},
        {"absent", "the line has no such file"},
        {"absent-generated", "a generated file that the line does not have was left out"},
        {"gone", "the fix deletes a file that the line has changed"},
        {"gone-kept", "the fix deletes a file that the line has changed: it stays"},
        {"edited", "made by a person"},
        {"sibling", "the finished backport of another line"},
        {"other", "another way to put it together"},
        {"graph", "the fix itself is in the line's history"},
        {"trailer", "a commit of the line names the fix"},
        {"named", "a commit of the line names the fix"},
        {"patch-id", "a commit of the line makes the same change"},
        {"date", "a commit of the line has the same author, date and subject"},
        {"content", "its text is there already, word by word"},
    };
    return look_up(rules, ARRAY_LEN(rules), rule);
}

struct str port_duty_words(struct str id)
{
    static const struct word duties[] = {
        {"O1", "nothing comes or goes that the fix did not bring or take"},
        {"O2", "every name that comes in exists in this line and can be seen there"},
        {"O3", "every name that the fix removes everywhere is gone"},
        {"O4", "each inserted piece sits in a block of the same kind"},
        {"O5", "brackets and quotes are as balanced as before"},
        {"O6", "what the fix deletes is gone at its place"},
        {"O7",
         "picking the fix once more changes nothing, and taking it back gives the line again"},
        {"O8", "no new file carries a running number"},
        {"O9", "it builds, and only what failed before fails"},
    };
    return look_up(duties, ARRAY_LEN(duties), id);
}

/* ---- fields ---- */

static bool one_line(struct str s)
{
    return str_chr(s, '\n') == STR_NPOS;
}

/* On one line. */
static enum rc line(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    TRY(field_text(o, key, max, ret, e));
    if (!one_line(*ret))
        return err_set(e, RC_INVALID, "the answer's \"%s\" is several lines", key);
    return RC_OK;
}

/* And it has to be there. */
static enum rc name(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    TRY(line(o, key, max, ret, e));
    return ret->n ? RC_OK : err_set(e, RC_INVALID, "the answer has an empty \"%s\"", key);
}

static enum rc number(const json_t *o, const char *key, int64_t *ret, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = 0;
    if (v == NULL || json_is_null(v))
        return RC_OK;
    return json_get_int(o, key, 0, INT32_MAX, ret, e);
}

/* An object's id, in full or short; missing: empty. */
static enum rc oid(const json_t *o, const char *key, struct str *ret, struct err *e)
{
    return field_hex(o, key, 64, "id", ret, e);
}

/* One of n names; missing is not one. */
static enum rc choice(const json_t *o, const char *key, const char *const *names, size_t n,
                      struct err *e)
{
    struct str s;
    TRY(field_text(o, key, 64, &s, e));
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, str_c(names[i])))
            return RC_OK;
    return err_set(e, RC_INVALID, "the answer's \"%s\" is none that is known", key);
}

static size_t index_of(struct str s, const char *const *names, size_t n)
{
    size_t i = 0;
    while (i < n && !str_eq(s, str_c(names[i])))
        i++;
    return i;
}

struct texts {
    struct str *v;
    size_t n;
};

/* A list of lines. */
static enum rc lines(const json_t *o, const char *key, size_t most, struct arena *a,
                     struct texts *ret, struct err *e)
{
    json_t *l;
    struct texts t = {.n = 0};
    TRY(field_list(o, key, most, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *t.v, &t.v, e));
    for (; t.n < json_array_size(l); t.n++) {
        const json_t *v = json_array_get(l, t.n);
        t.v[t.n] = str_of(json_string_value(v), json_string_length(v));
        if (!json_is_string(v) || t.v[t.n].n > PORT_TEXT_MAX || !utf8_is_clean(t.v[t.n]) ||
            !one_line(t.v[t.n]))
            return err_set(e, RC_INVALID, "the answer's \"%s\" is no list of lines", key);
    }
    *ret = t;
    return RC_OK;
}

static enum rc names(const json_t *o, const char *key, struct arena *a, struct str **ret,
                     size_t *ret_n, struct err *e)
{
    struct texts t;
    TRY(lines(o, key, PORT_RULES_MAX, a, &t, e));
    for (size_t i = 0; i < t.n; i++)
        if (t.v[i].n == 0 || t.v[i].n > PORT_NAME_MAX)
            return err_set(e, RC_INVALID, "the answer's \"%s\" has a name that is none", key);
    *ret = t.v;
    *ret_n = t.n;
    return RC_OK;
}

static enum rc state(const json_t *o, enum port_state *ret, struct err *e)
{
    struct str s;
    TRY(choice(o, "state", states, PORT_STATES, e));
    TRY(field_text(o, "state", 64, &s, e));
    *ret = (enum port_state)index_of(s, states, PORT_STATES);
    return RC_OK;
}

/* ---- a file ---- */

static enum rc range(const json_t *o, const char *key, struct port_range *ret, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    *ret = (struct port_range){0, 0};
    if (v == NULL || json_is_null(v))
        return RC_OK;
    const json_t *at = json_array_get(v, 0), *n = json_array_get(v, 1);
    if (json_array_size(v) != 2 || !json_is_integer(at) || !json_is_integer(n) ||
        json_integer_value(at) < 0 || json_integer_value(n) < 0 ||
        json_integer_value(at) > INT32_MAX || json_integer_value(n) > INT32_MAX)
        return err_set(e, RC_INVALID, "the answer's \"%s\" is no range of lines", key);
    *ret = (struct port_range){json_integer_value(at), json_integer_value(n)};
    return RC_OK;
}

static enum rc region(const json_t *o, struct port_region *r, struct err *e)
{
    TRY(line(o, "rule", PORT_NAME_MAX, &r->rule, e));
    TRY(field_text(o, "why", PORT_TEXT_MAX, &r->why, e));
    TRY(state(o, &r->state, e));
    TRY(range(o, "base", &r->base, e));
    TRY(range(o, "fix", &r->fix, e));
    TRY(range(o, "release", &r->release, e));
    return range(o, "made", &r->made, e);
}

static enum rc class(const json_t *o, struct str *ret, struct err *e) {
    static const char *const known[] = {"code", "test", "doc", "generated", "ci"};
    TRY(choice(o, "class", known, ARRAY_LEN(known), e));
    return field_text(o, "class", 64, ret, e);
}

static enum rc file(const json_t *o, struct arena *a, struct port_file *f, struct err *e)
{
    static const char *const hows[] = {"same",     "taken",   "merged",     "ladder",
                                       "conflict", "absent",  "gone",       "odd",
                                       "left-out", "located", "added-both", "edited"};
    json_t *l;
    TRY(name(o, "path", PORT_PATH_MAX, &f->path, e));
    TRY(line(o, "fix_path", PORT_PATH_MAX, &f->fix_path, e));
    TRY(class(o, &f->class, e));
    TRY(choice(o, "how", hows, ARRAY_LEN(hows), e));
    TRY(field_text(o, "how", 64, &f->how, e));
    TRY(state(o, &f->state, e));
    TRY(names(o, "rules", a, &f->rules, &f->n_rules, e));
    TRY(field_text(o, "conflict", PORT_CONFLICT_MAX, &f->conflict, e));
    TRY(field_list(o, "regions", PORT_REGIONS_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *f->regions, &f->regions, e));
    for (; f->n_regions < json_array_size(l); f->n_regions++)
        TRY(region(json_array_get(l, f->n_regions), &f->regions[f->n_regions], e));
    return RC_OK;
}

static enum rc files(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "files", PORT_FILES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->files, &p->files, e));
    for (; p->n_files < json_array_size(l); p->n_files++)
        TRY(file(json_array_get(l, p->n_files), a, &p->files[p->n_files], e));
    return RC_OK;
}

/* ---- a line ---- */

static enum rc duties(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "obligations", PORT_DUTIES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->duties, &p->duties, e));
    for (; p->n_duties < json_array_size(l); p->n_duties++) {
        const json_t *v = json_array_get(l, p->n_duties);
        struct port_duty *d = &p->duties[p->n_duties];
        struct str result;
        TRY(name(v, "id", 16, &d->id, e));
        TRY(choice(v, "result", results, PORT_RESULTS, e));
        TRY(field_text(v, "result", 64, &result, e));
        d->result = (enum port_result)index_of(result, results, PORT_RESULTS);
        TRY(line(v, "path", PORT_PATH_MAX, &d->path, e));
        TRY(number(v, "line", &d->line, e));
        TRY(field_text(v, "detail", PORT_TEXT_MAX, &d->detail, e));
    }
    return RC_OK;
}

static enum rc left_out(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "left_out", PORT_LEFT_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->left, &p->left, e));
    for (; p->n_left < json_array_size(l); p->n_left++) {
        const json_t *v = json_array_get(l, p->n_left);
        TRY(name(v, "path", PORT_PATH_MAX, &p->left[p->n_left].path, e));
        TRY(class(v, &p->left[p->n_left].class, e));
    }
    return RC_OK;
}

static enum rc candidates(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "candidates", PORT_CANDIDATES, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->candidates, &p->candidates, e));
    for (; p->n_candidates < json_array_size(l); p->n_candidates++) {
        const json_t *v = json_array_get(l, p->n_candidates);
        struct port_candidate *c = &p->candidates[p->n_candidates];
        TRY(oid(v, "tree", &c->tree, e));
        if (c->tree.n == 0)
            return err_set(e, RC_INVALID, "the answer has a candidate without a tree");
        TRY(oid(v, "made", &c->made, e));
        TRY(line(v, "source", PORT_NAME_MAX, &c->source, e));
        TRY(field_text(v, "why", PORT_TEXT_MAX, &c->why, e));
        TRY(field_text(v, "diff", PORT_DIFF_MAX, &c->diff, e));
        TRY(names(v, "rules", a, &c->rules, &c->n_rules, e));
    }
    return RC_OK;
}

static enum rc needs(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    json_t *l;
    TRY(field_list(o, "prerequisites", PORT_NEEDS_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->needs, &p->needs, e));
    for (; p->n_needs < json_array_size(l); p->n_needs++) {
        const json_t *v = json_array_get(l, p->n_needs);
        struct port_need *k = &p->needs[p->n_needs];
        TRY(oid(v, "commit", &k->commit, e));
        TRY(line(v, "subject", PORT_TEXT_MAX, &k->subject, e));
        TRY(line(v, "path", PORT_PATH_MAX, &k->path, e));
        TRY(number(v, "lines", &k->lines, e));
    }
    return RC_OK;
}

static enum rc past(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    static const char *const sides[] = {"release", "main"};
    json_t *l;
    TRY(field_list(o, "histories", PORT_HISTORY_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *p->past, &p->past, e));
    for (; p->n_past < json_array_size(l); p->n_past++) {
        const json_t *v = json_array_get(l, p->n_past);
        struct port_past *k = &p->past[p->n_past];
        TRY(line(v, "path", PORT_PATH_MAX, &k->path, e));
        TRY(choice(v, "side", sides, ARRAY_LEN(sides), e));
        TRY(field_text(v, "side", 64, &k->side, e));
        TRY(oid(v, "commit", &k->commit, e));
        TRY(line(v, "subject", PORT_TEXT_MAX, &k->subject, e));
        TRY(field_date(v, "date", &k->at_us, e));
    }
    return RC_OK;
}

/* What a tool reads, not a person: any UTF-8. */
static enum rc patch(const json_t *o, struct str *ret, struct err *e)
{
    const json_t *v = json_object_get(o, "patch");
    *ret = STR_NONE;
    if (v == NULL || json_is_null(v))
        return RC_OK;
    TRY(json_get_str(o, "patch", PORT_PATCH_MAX, ret, e));
    if (!utf8_valid(*ret) || str_chr(*ret, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "the answer's \"patch\" is no text");
    return RC_OK;
}

static enum rc made(const json_t *o, struct arena *a, struct port_line *p, struct err *e)
{
    const json_t *was = json_object_get(o, "already");
    TRY(oid(o, "tree", &p->tree, e));
    TRY(oid(o, "made", &p->made, e));
    TRY(names(o, "rules", a, &p->rules, &p->n_rules, e));
    TRY(names(o, "demoted", a, &p->demoted, &p->n_demoted, e));
    TRY(line(was, "rule", PORT_NAME_MAX, &p->already_rule, e));
    TRY(oid(was, "commit", &p->already_commit, e));
    TRY(field_text(o, "diff", PORT_DIFF_MAX, &p->diff, e));
    TRY(patch(o, &p->patch, e));
    return field_text(o, "message", PORT_MESSAGE_MAX, &p->message, e);
}

static enum rc one(const json_t *o, struct arena *a, struct port_line *ret, struct err *e)
{
    struct port_line p = {.n_rules = 0};
    struct str verdict;
    if (!json_is_object(o))
        return err_set(e, RC_INVALID, "the answer has a line that is none");
    TRY(name(o, "onto", PORT_NAME_MAX, &p.onto, e));
    TRY(oid(o, "commit", &p.commit, e));
    TRY(line(o, "source", PORT_NAME_MAX, &p.source, e));
    TRY(name(o, "verdict", 64, &verdict, e));
    if (!port_verdict_parse(verdict, &p.verdict))
        return err_set(e, RC_INVALID, "the answer has a verdict that is none");
    TRY(field_text(o, "why", PORT_TEXT_MAX, &p.why, e));
    TRY(made(o, a, &p, e));
    if (p.verdict >= PORT_CLEAN && p.verdict <= PORT_PROPOSED && p.tree.n == 0)
        return err_set(e, RC_INVALID, "the answer has a candidate without a tree");
    TRY(duties(o, a, &p, e));
    TRY(left_out(o, a, &p, e));
    TRY(candidates(o, a, &p, e));
    TRY(files(o, a, &p, e));
    TRY(needs(o, a, &p, e));
    TRY(past(o, a, &p, e));
    TRY(number(o, "ms", &p.ms, e));
    *ret = p;
    return RC_OK;
}

/* ---- the whole ---- */

static enum rc head(const json_t *j, struct arena *a, struct port_record *r, struct err *e)
{
    struct texts notes;
    json_t *l;
    TRY(field_list(j, "fix", PORT_FIX_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r->fix, &r->fix, e));
    for (; r->n_fix < json_array_size(l); r->n_fix++) {
        const json_t *o = json_array_get(l, r->n_fix);
        struct port_fix *f = &r->fix[r->n_fix];
        TRY(oid(o, "commit", &f->commit, e));
        if (f->commit.n == 0)
            return err_set(e, RC_INVALID, "the answer has a fix without its id");
        TRY(line(o, "subject", PORT_TEXT_MAX, &f->subject, e));
        TRY(line(o, "author", PORT_NAME_MAX, &f->author, e));
        TRY(field_date(o, "date", &f->at_us, e));
    }
    TRY(lines(j, "notes", PORT_NOTES_MAX, a, &notes, e));
    r->notes = notes.v;
    r->n_notes = notes.n;
    return RC_OK;
}

static enum rc whole(const json_t *j, struct arena *a, struct port_record *ret, struct err *e)
{
    struct port_record r = {.n_fix = 0};
    json_t *l;
    TRY(head(j, a, &r, e));
    TRY(json_get_array(j, "lines", PORT_LINES_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *r.lines, &r.lines, e));
    for (; r.n_lines < json_array_size(l); r.n_lines++) {
        TRY(one(json_array_get(l, r.n_lines), a, &r.lines[r.n_lines], e));
        for (size_t i = 0; i < r.n_lines; i++)
            if (str_eq(r.lines[i].onto, r.lines[r.n_lines].onto))
                return err_set(e, RC_INVALID, "the answer has a line twice");
    }
    *ret = r;
    return RC_OK;
}

/* Of a field: nothing that a caller could look for. */
static enum rc lacks(enum rc rc, struct err *e)
{
    return rc == RC_NOTFOUND
               ? err_set(e, RC_INVALID, "the answer lacks a part that has to be there")
               : rc;
}

enum rc port_record_read(const json_t *j, struct arena *a, struct port_record *ret, struct err *e)
{
    return lacks(whole(j, a, ret, e), e);
}

enum rc port_line_read(const json_t *j, struct arena *a, struct port_line *ret, struct err *e)
{
    return lacks(one(j, a, ret, e), e);
}

enum rc port_head_read(const json_t *j, struct arena *a, struct port_record *ret, struct err *e)
{
    struct port_record r = {.n_fix = 0};
    TRY(lacks(head(j, a, &r, e), e));
    *ret = r;
    return RC_OK;
}
